//! Interface files: asked for, made, brought to their place, acknowledged; tried again for as long as it takes.

use crate::{
    Clock, Problem, Settings, Station,
    deliver::{
        self,
        drop::{self, Answer},
        mllp,
        retry::Backoff,
        template::{Format, Template},
    },
    folder::put_file,
    people::{Permission, Session},
    report::Wanted,
};
use anyhow::Context as _;
use serde::Serialize;
use std::{
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};
use wellread_store::{
    HealthStatus, InterfaceFile, InterfaceFileId, InterfaceStatus, Listed, NewAudit, NewInterfaceFile, Page, Sha256,
    Writing,
};

/// Files taken up in one round of delivery.
const ROUND: u32 = 100;
/// For how long a receiver of MLLP may take for one message.
const MLLP_LIMIT: Duration = Duration::from_secs(30);
/// How often a receiver's acknowledgement is looked for at the least.
const LOOK_FOR_ACK: Backoff = Backoff { first_ms: 1_000, longest_ms: 30_000 };

/// The name of the drop folder as a target.
pub const TO_FOLDER: &str = "folder";
/// The name of the MLLP listener as a target.
pub const TO_MLLP: &str = "mllp";

/// What a round of delivery did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Round {
    /// Files made.
    pub generated: u32,
    /// Files that are where they belong.
    pub delivered: u32,
    /// Files that were refused or cannot be made.
    pub failed: u32,
    /// Files that are tried again later.
    pub waiting: u32,
}

/// An interface file to ask for.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// The sample.
    pub sample_no: String,
    /// The template; `None` for the first of the settings.
    pub template: Option<String>,
    /// [`TO_FOLDER`] or [`TO_MLLP`]; `None` for what suits the template and the settings.
    pub target: Option<String>,
    /// The number the LIMS knows the request by, or empty.
    pub test_no: String,
}

/// What became of one try.
enum Tried {
    Delivered,
    Later(String, Backoff),
    Failed(String),
}

impl Station {
    /// Asks for an interface file of a sample; the next round of delivery makes and delivers it.
    pub fn request_interface_file(&self, session: &Session, request: &Request) -> anyhow::Result<InterfaceFile> {
        let settings = self.settings()?;
        let name = request.template.as_deref().or(settings.deliver.templates.first().map(String::as_str));
        let template = self.template(name.unwrap_or("labware"))?;
        let target = match &request.target {
            Some(named) => check_target(named, &template)?.to_owned(),
            None => suits(&template, &settings).to_owned(),
        };
        let id = self.clock().id()?;
        self.act(session, Permission::InterfaceCreate, |writing| {
            let counted = writing.sample(&request.sample_no)?.map(|sample| sample.counted_runs);
            match counted {
                None => return Err(Problem::not_found("sample", &request.sample_no).into()),
                Some(0) => {
                    return Err(Problem::refused("the sample has no accepted plate yet: review its runs first").into());
                }
                Some(_) => {}
            }
            let new = wanted(id, &request.sample_no, &template.name, target, request.test_no.clone());
            Ok(writing.enqueue_interface_file(&new)?)
        })
    }

    /// Makes a file for a person, to be saved anywhere; it is no delivery.
    pub fn export(&self, session: &Session, sample_no: &str, template: &str) -> anyhow::Result<deliver::InterfaceFile> {
        let template = self.template(template)?;
        self.act(session, Permission::RunRead, |writing| {
            let wanted = Wanted {
                sample_no,
                test_no: "",
                revision: 1,
                generated: writing.stamp().at,
                picture: template.format == Format::Pdf,
            };
            let made = deliver::render(&self.sample_report(writing, wanted)?, &template)?;
            let details = serde_json::json!({ "template": template.name, "file": made.name, "sha256": made.sha256() });
            writing.audit(&NewAudit {
                action: "EXPORT",
                resource: "sample",
                resource_id: sample_no.to_owned(),
                details: Some(details),
                ..NewAudit::default()
            })?;
            Ok(made)
        })
    }

    /// Interface files, newest first.
    pub fn interface_files(
        &self,
        sample_no: Option<&str>,
        status: Option<InterfaceStatus>,
        page: Page,
    ) -> anyhow::Result<Listed<InterfaceFile>> {
        self.read(|reading| Ok(reading.interface_files(sample_no, status, page)?))
    }

    /// Has a failed file tried again.
    pub fn retry_interface_file(&self, session: &Session, id: InterfaceFileId) -> anyhow::Result<InterfaceFile> {
        self.act(session, Permission::InterfaceCreate, |writing| Ok(writing.retry_interface_file(id)?))
    }

    /// Makes and delivers what is due; what cannot be reached now is tried again later.
    pub fn deliver_due(&self) -> anyhow::Result<Round> {
        let now_ms = self.clock().now().utc_ms;
        let due = self.read(|reading| Ok(reading.due_interface_files(now_ms, ROUND)?))?;
        let mut round = Round::default();
        if due.is_empty() {
            return Ok(round);
        }
        let settings = self.settings()?;
        let mut trouble = None;
        for file in due {
            // What keeps one file from being made or noted must not keep back the others.
            if let Err(error) = self.make_and_bring(file, &settings, &mut round) {
                trouble = trouble.or(Some(error));
            }
        }
        trouble.map_or(Ok(round), Err)
    }

    fn make_and_bring(&self, file: InterfaceFile, settings: &Settings, round: &mut Round) -> anyhow::Result<()> {
        let made = if file.status == InterfaceStatus::Pending { self.generate(&file, round)? } else { Some(file) };
        made.map_or(Ok(()), |file| self.bring(&file, settings, round))
    }

    /// How delivery goes: what is on its way and met trouble.
    pub fn delivery_health(&self) -> anyhow::Result<(HealthStatus, String)> {
        let open = self.read(|reading| Ok(reading.due_interface_files(i64::MAX, ROUND)?))?;
        let troubles: Vec<&String> = open.iter().filter_map(|file| file.error_msg.as_ref()).collect();
        Ok(match troubles.last() {
            None => (HealthStatus::Healthy, String::new()),
            Some(last) => (HealthStatus::Degraded, format!("{} interface files wait: {last}", troubles.len())),
        })
    }

    /// The template of that name: the station's own, in the folder `templates` beside the database, else a shipped one.
    pub fn template(&self, name: &str) -> anyhow::Result<Template> {
        let folder = self.folder().path().join("templates");
        let mut own = Vec::new();
        let mut faulty = None;
        for path in toml_files(&folder)? {
            match read_template(&path) {
                Ok(template) => own.push(template),
                // A faulty file is in the way of nobody who wants another template.
                Err(why) if path.file_stem().is_some_and(|stem| stem == name) => return Err(why),
                Err(why) => faulty = faulty.or(Some(why)),
            }
        }
        Template::named(name, &own).map_err(|why| faulty.unwrap_or_else(|| Problem::invalid(why.to_string()).into()))
    }

    /// The station's own templates, those with a fault left out: the one who asks for it by name is told.
    pub(crate) fn own_templates(&self) -> anyhow::Result<Vec<Template>> {
        let paths = toml_files(&self.folder().path().join("templates"))?;
        Ok(paths.iter().filter_map(|path| read_template(path).ok()).collect())
    }

    /// Makes a file's bytes; `None` when it is not ready to be brought anywhere.
    fn generate(&self, file: &InterfaceFile, round: &mut Round) -> anyhow::Result<Option<InterfaceFile>> {
        let made = match self.rendered(file) {
            Ok(made) => made,
            Err(error) if crate::code_of(&error) == Some(crate::Code::Busy) => return Err(error),
            Err(error) => {
                self.write(|writing| Ok(writing.mark_failed(file.id, &format!("{error:#}"))?))?;
                round.failed += 1;
                return Ok(None);
            }
        };
        if self.is_taken(file, &made.name)? {
            // Its name carries the second: the next one is free.
            let next_ms = self.clock().now().utc_ms + 1_000;
            self.write(|writing| Ok(writing.note_attempt(file.id, "waits for a name of its own", next_ms)?))?;
            round.waiting += 1;
            return Ok(None);
        }
        let place = format!("interface/{}", file.id);
        let folder = self.folder().path().join(&place);
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        put_file(&folder.join("rows"), made.rows.to_string().as_bytes())?;
        put_file(&folder.join(&made.name), &made.bytes)?;
        let sha256 = Sha256::of(&made.bytes);
        let path = format!("{place}/{}", made.name);
        let content = (&sha256, made.bytes.len() as u64);
        round.generated += 1;
        self.write(|writing| Ok(Some(writing.mark_generated(file.id, &made.name, &path, content)?)))
    }

    fn rendered(&self, file: &InterfaceFile) -> anyhow::Result<deliver::InterfaceFile> {
        let template = self.template(&file.template)?;
        let wanted = Wanted {
            sample_no: &file.sample_no,
            test_no: &file.test_no,
            revision: file.revision,
            generated: self.clock().now(),
            picture: template.format == Format::Pdf,
        };
        let report = self.read(|reading| self.sample_report(reading, wanted))?;
        Ok(deliver::render(&report, &template)?)
    }

    /// Whether another file of the sample goes to the same place under this name.
    fn is_taken(&self, file: &InterfaceFile, name: &str) -> anyhow::Result<bool> {
        let others = self.interface_files(Some(&file.sample_no), None, Page::first(Page::MOST_ROWS))?;
        Ok(others.rows.iter().any(|other| {
            other.id != file.id && other.target == file.target && other.file_name == name && other.sha256.is_some()
        }))
    }

    fn bring(&self, file: &InterfaceFile, settings: &Settings, round: &mut Round) -> anyhow::Result<()> {
        let tried = match self.made_before(file) {
            Ok(made) if file.target == TO_MLLP => send(&made, settings),
            Ok(made) => self.drop_into(&made, file, settings),
            Err(error) => Tried::Failed(format!("{error:#}")),
        };
        let now_ms = self.clock().now().utc_ms;
        let mut chance = [0; 1];
        crate::clock::random_bytes(&mut chance)?;
        let jitter = f64::from(chance.first().copied().unwrap_or_default()) / 255.0;
        self.write(|writing| {
            // Another process may have brought it meanwhile; bringing it twice is the same as once.
            if writing.interface_file(file.id)?.status != InterfaceStatus::Generated {
                return Ok(());
            }
            match &tried {
                Tried::Delivered => {
                    round.delivered += 1;
                    writing.mark_delivered(file.id)?;
                }
                Tried::Failed(why) => {
                    round.failed += 1;
                    writing.mark_failed(file.id, why)?;
                }
                Tried::Later(why, backoff) => {
                    round.waiting += 1;
                    let wait_ms = backoff.wait_ms(file.attempts.saturating_add(1), jitter);
                    writing.note_attempt(file.id, why, now_ms.saturating_add_unsigned(wait_ms))?;
                }
            }
            Ok(())
        })
    }

    /// A file's bytes as they were made, checked against their hash.
    fn made_before(&self, file: &InterfaceFile) -> anyhow::Result<deliver::InterfaceFile> {
        let path = self.folder().path().join(&file.file_path);
        let bytes = fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        if Some(Sha256::of(&bytes)) != file.sha256 {
            anyhow::bail!("{} is not as it was made: ask for a new file of the sample", path.display());
        }
        let rows = path.with_file_name("rows");
        let rows = fs::read_to_string(&rows).with_context(|| format!("{} cannot be read", rows.display()))?;
        Ok(deliver::InterfaceFile { name: file.file_name.clone(), bytes, rows: rows.trim().parse()? })
    }

    fn drop_into(&self, made: &deliver::InterfaceFile, file: &InterfaceFile, settings: &Settings) -> Tried {
        let Some(folder) = &settings.deliver.folder else {
            return Tried::Later("no delivery folder is set: set deliver.folder".to_owned(), Backoff::default());
        };
        match self.dropped(folder, made, file, settings) {
            Ok(tried) => tried,
            Err(error) if error.is_passing() => Tried::Later(error.to_string(), Backoff::default()),
            Err(error) => Tried::Failed(error.to_string()),
        }
    }

    fn dropped(
        &self,
        folder: &Path,
        made: &deliver::InterfaceFile,
        file: &InterfaceFile,
        settings: &Settings,
    ) -> Result<Tried, drop::DropError> {
        drop::put(folder, made)?;
        if !settings.deliver.wait_for_ack {
            return Ok(Tried::Delivered);
        }
        let waited_ms = self.clock().now().utc_ms.saturating_sub(file.generated_at_ms.unwrap_or_default());
        let limit_ms = i64::try_from(settings.deliver.ack_within_s.saturating_mul(1_000)).unwrap_or(i64::MAX);
        Ok(match drop::answer(folder, &made.name)? {
            Some(Answer::Accepted(_)) => Tried::Delivered,
            Some(Answer::Refused(text)) => Tried::Failed(format!("the receiver refused it: {text}")),
            None if waited_ms > limit_ms => {
                Tried::Failed(format!("the receiver did not acknowledge it within {} s", settings.deliver.ack_within_s))
            }
            None => Tried::Later("waits for the receiver's acknowledgement".to_owned(), LOOK_FOR_ACK),
        })
    }
}

fn toml_files(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(why) => return Err(why).with_context(|| format!("cannot list {}", folder.display())),
    };
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    Ok(paths)
}

fn read_template(path: &Path) -> anyhow::Result<Template> {
    let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let template = Template::from_toml(&path.display().to_string(), &text);
    template.map_err(|why| Problem::invalid(why.to_string()).into())
}

fn send(made: &deliver::InterfaceFile, settings: &Settings) -> Tried {
    let Some(address) = &settings.deliver.mllp else {
        return Tried::Later("no receiver is set: set deliver.mllp".to_owned(), Backoff::default());
    };
    match mllp::send(address, &made.bytes, MLLP_LIMIT) {
        Ok(_) => Tried::Delivered,
        Err(error) if error.is_passing() => Tried::Later(error.to_string(), Backoff::default()),
        Err(error) => Tried::Failed(error.to_string()),
    }
}

/// Asks for a sample's files by itself, where the settings say so; called wherever an accepted plate has come or
/// changed, in the transaction that did it.
pub(crate) fn want_automatically(
    writing: &Writing<'_>,
    clock: &Clock,
    settings: &Settings,
    sample_no: &str,
) -> anyhow::Result<()> {
    let rules = &settings.deliver;
    let counts = writing.sample(sample_no)?.is_some_and(|sample| sample.counted_runs > 0);
    if !rules.automatic || !counts || (rules.folder.is_none() && rules.mllp.is_none()) {
        return Ok(());
    }
    // One that waits to be made will hold what is true then.
    let waiting =
        writing.interface_files(Some(sample_no), Some(InterfaceStatus::Pending), Page::first(Page::MOST_ROWS))?;
    for name in &rules.templates {
        let by_mllp =
            rules.mllp.is_some() && Template::shipped(name).is_some_and(|t| matches!(t.format, Format::Hl7(_)));
        let target = if by_mllp || rules.folder.is_none() { TO_MLLP } else { TO_FOLDER };
        if waiting.rows.iter().any(|file| file.template == *name && file.target == target) {
            continue;
        }
        let new = wanted(clock.id()?, sample_no, name, target.to_owned(), String::new());
        writing.enqueue_interface_file(&new)?;
    }
    Ok(())
}

fn wanted(id: InterfaceFileId, sample_no: &str, template: &str, target: String, test_no: String) -> NewInterfaceFile {
    NewInterfaceFile {
        id,
        sample_no: sample_no.to_owned(),
        template: template.to_owned(),
        target,
        file_name: String::new(),
        test_no,
    }
}

fn suits(template: &Template, settings: &Settings) -> &'static str {
    let message = matches!(template.format, Format::Hl7(_));
    if message && settings.deliver.mllp.is_some() { TO_MLLP } else { TO_FOLDER }
}

fn check_target(named: &str, template: &Template) -> Result<&'static str, Problem> {
    match named {
        TO_FOLDER => Ok(TO_FOLDER),
        TO_MLLP if matches!(template.format, Format::Hl7(_)) => Ok(TO_MLLP),
        TO_MLLP => Err(Problem::invalid("only HL7 goes over MLLP: choose a template of that format")),
        _ => Err(Problem::invalid(format!("there is no target '{named}': use folder or mllp"))),
    }
}

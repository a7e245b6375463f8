//! Interface files: asked for, made, brought to their place, acknowledged; tried again for as long as it takes.

mod bring;

pub use bring::Round;

use crate::{
    Problem, Settings, Station,
    deliver::{
        self,
        template::{Format, Template},
    },
    people::{Permission, Session},
    report::Wanted,
};
use anyhow::Context as _;
use bring::ROUND;
use std::{
    fs, io,
    path::{Path, PathBuf},
};
use wellread_store::{
    HealthStatus, InterfaceFile, InterfaceFileId, InterfaceStatus, Listed, NewAudit, NewInterfaceFile, Page, Writing,
};

/// The name of the drop folder as a target.
pub const TO_FOLDER: &str = "folder";
/// The name of the MLLP listener as a target.
pub const TO_MLLP: &str = "mllp";

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

    /// The newest file of a sample that was delivered, when no plate of the sample counts any more: nothing follows it,
    /// so the receiver goes on believing it until a person tells it otherwise.
    pub fn delivered_in_vain(&self, sample_no: &str) -> anyhow::Result<Option<InterfaceFile>> {
        self.read(|reading| {
            if reading.sample(sample_no)?.is_some_and(|sample| sample.counted_runs > 0) {
                return Ok(None);
            }
            let delivered = Some(InterfaceStatus::Delivered);
            Ok(reading.interface_files(Some(sample_no), delivered, Page::first(1))?.rows.into_iter().next())
        })
    }

    /// Has a failed file tried again.
    pub fn retry_interface_file(&self, session: &Session, id: InterfaceFileId) -> anyhow::Result<InterfaceFile> {
        self.act(session, Permission::InterfaceCreate, |writing| Ok(writing.retry_interface_file(id)?))
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

    /// Asks for a sample's files by itself, where the settings say so; called wherever an accepted plate has come or
    /// changed, in the transaction that did it.
    pub(crate) fn want_automatically(
        &self,
        writing: &Writing<'_>,
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
            // A template that cannot be read keeps no plate from being recorded: its file will say what is wrong.
            let target = self.template(name).map_or(TO_FOLDER, |template| suits(&template, settings));
            if waiting.rows.iter().any(|file| file.template == *name && file.target == target) {
                continue;
            }
            let new = wanted(self.clock().id()?, sample_no, name, target.to_owned(), String::new());
            writing.enqueue_interface_file(&new)?;
        }
        Ok(())
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

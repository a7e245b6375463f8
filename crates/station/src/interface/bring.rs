//! Rounds of delivery: files are made, brought to their place, and waited for.

use super::TO_MLLP;
use crate::{
    Settings, Station,
    deliver::{
        self,
        drop::{self, Answer},
        mllp::{self, MllpError},
        retry::Backoff,
        template::Format,
    },
    folder::put_file,
    report::Wanted,
};
use anyhow::Context as _;
use serde::Serialize;
use std::{fs, io, path::Path, time::Duration};
use wellread_store::{InterfaceFile, InterfaceStatus, Now, Page, Sha256};

/// Files taken up in one round of delivery.
pub(super) const ROUND: u32 = 100;
/// How often a receiver's acknowledgement is looked for at the least.
const LOOK_FOR_ACK: Backoff = Backoff { first_ms: 1_000, longest_ms: 30_000 };

/// What a round of delivery did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
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

/// What became of one try.
enum Tried {
    Delivered,
    Later(String, Backoff),
    /// The place itself cannot be reached.
    Away(String),
    Failed(String),
}

/// A round as it goes.
struct Going<'a> {
    settings: &'a Settings,
    round: Round,
    /// Places that could not be reached, and why: the others that go there need not wait for it one by one.
    away: Vec<(String, String)>,
}

impl Station {
    /// Makes and delivers what is due; what cannot be reached now is tried again later.
    pub fn deliver_due(&self) -> anyhow::Result<Round> {
        let now_ms = self.clock().now().utc_ms;
        let due = self.read(|reading| Ok(reading.due_interface_files(now_ms, ROUND)?))?;
        if due.is_empty() {
            return Ok(Round::default());
        }
        let settings = self.settings()?;
        let mut going = Going { settings: &settings, round: Round::default(), away: Vec::new() };
        let mut trouble = None;
        for file in due {
            // What keeps one file from being made or noted must not keep back the others.
            if let Err(error) = self.make_and_bring(file, &mut going) {
                trouble = trouble.or(Some(error));
            }
        }
        trouble.map_or(Ok(going.round), Err)
    }

    /// Removes from the drop folder what a crash left half-written; a folder that is away is swept at another start.
    pub(crate) fn sweep_drop_folder(settings: &Settings) {
        if let Some(folder) = &settings.deliver.folder {
            let _ = drop::sweep(folder);
        }
    }

    fn make_and_bring(&self, file: InterfaceFile, going: &mut Going<'_>) -> anyhow::Result<()> {
        let made = match file.status {
            InterfaceStatus::Pending => self.generate(&file, &mut going.round)?,
            _ => Some(file),
        };
        made.map_or(Ok(()), |file| self.bring(&file, going))
    }

    /// Makes a file's bytes; `None` when it is not ready to be brought anywhere.
    fn generate(&self, file: &InterfaceFile, round: &mut Round) -> anyhow::Result<Option<InterfaceFile>> {
        // Kept with the file: made again from the same time it is the same, name and all.
        let generated = self.clock().now();
        let made = match self.rendered(file, generated) {
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
        self.write(|writing| {
            // Another process may have made it meanwhile, and brings it.
            if writing.interface_file(file.id)?.status != InterfaceStatus::Pending {
                return Ok(None);
            }
            round.generated += 1;
            Ok(Some(writing.mark_generated(file.id, &made.name, &path, content, generated.utc_ms)?))
        })
    }

    fn rendered(&self, file: &InterfaceFile, generated: Now) -> anyhow::Result<deliver::InterfaceFile> {
        let template = self.template(&file.template)?;
        let wanted = Wanted {
            sample_no: &file.sample_no,
            test_no: &file.test_no,
            revision: file.revision,
            generated,
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

    fn bring(&self, file: &InterfaceFile, going: &mut Going<'_>) -> anyhow::Result<()> {
        let away = going.away.iter().find(|(target, _)| *target == file.target);
        let tried = match (away, self.made_before(file)) {
            (Some((_, why)), _) => Tried::Later(why.clone(), Backoff::default()),
            (None, Ok(made)) if file.target == TO_MLLP => send(&made, going.settings),
            (None, Ok(made)) => self.drop_into(&made, file, going.settings),
            (None, Err(error)) => Tried::Failed(format!("{error:#}")),
        };
        if let Tried::Away(why) = &tried {
            going.away.push((file.target.clone(), why.clone()));
        }
        let round = &mut going.round;
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
                Tried::Later(why, _) | Tried::Away(why) => {
                    round.waiting += 1;
                    let backoff = if let Tried::Later(_, backoff) = &tried { *backoff } else { Backoff::default() };
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
        let rows = path.with_file_name("rows");
        let made = match fs::read(&path).and_then(|bytes| Ok((bytes, fs::read_to_string(&rows)?))) {
            Ok((bytes, rows)) => {
                let (name, rows, notes) = (file.file_name.clone(), rows.trim().parse()?, Vec::new());
                deliver::InterfaceFile { name, bytes, rows, notes }
            }
            // A backup has no made files in it. The same revision made again is the same to the byte, unless the
            // sample has changed since; then a later file tells of it.
            Err(why) if why.kind() == io::ErrorKind::NotFound => {
                let utc_ms = file.generated_at_ms.unwrap_or(file.created.utc_ms);
                let made = self.rendered(file, Now { utc_ms, offset_min: file.created.offset_min })?;
                deliver::InterfaceFile { name: file.file_name.clone(), ..made }
            }
            Err(why) => return Err(why).with_context(|| format!("{} cannot be read", path.display())),
        };
        if Some(Sha256::of(&made.bytes)) != file.sha256 {
            anyhow::bail!("{} is not as it was made: ask for a new file of the sample", path.display());
        }
        Ok(made)
    }

    fn drop_into(&self, made: &deliver::InterfaceFile, file: &InterfaceFile, settings: &Settings) -> Tried {
        let Some(folder) = &settings.deliver.folder else {
            return Tried::Later("no delivery folder is set: set deliver.folder".to_owned(), Backoff::default());
        };
        match self.dropped(folder, made, file, settings) {
            Ok(tried) => tried,
            Err(error @ drop::DropError::Unreachable { .. }) => Tried::Away(error.to_string()),
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

fn send(made: &deliver::InterfaceFile, settings: &Settings) -> Tried {
    let Some(address) = &settings.deliver.mllp else {
        return Tried::Later("no receiver is set: set deliver.mllp".to_owned(), Backoff::default());
    };
    match mllp::send(address, &made.bytes, Duration::from_secs(settings.deliver.mllp_within_s)) {
        Ok(_) => Tried::Delivered,
        // A receiver that hangs up may do so over this message alone; one that is not there is so for all.
        Err(error @ (MllpError::Address { .. } | MllpError::Network { .. } | MllpError::Silent { .. })) => {
            Tried::Away(error.to_string())
        }
        Err(error) if error.is_passing() => Tried::Later(error.to_string(), Backoff::default()),
        Err(error) => Tried::Failed(error.to_string()),
    }
}

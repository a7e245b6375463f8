//! What the window and the command line show: plain structures, each from one moment of the database.

use crate::{
    Problem, Settings, Station,
    intake::admit::newest_assay,
    judged::Judged,
    people::{Permission, Session},
    sync::{CA_FILE, SyncState, check_authorities},
};
use serde::Serialize;
use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
    time::Duration,
};
use wellread_plate::class::{Call, WellClass};
use wellread_plate::interpret::CalledWell;
use wellread_store::{
    AuditEntry, AuditFilter, Disposition, FinalResults, Health, Image, IntakeState, InterfaceFile, InterfaceStatus,
    Listed, NewAudit, Now, Origin, Override, Page, ReviewEvent, Run, RunFilter, RunId, RunLine, RunState,
    SampleSummary, Signature, UserId,
};

/// The station's own writes are much shorter: who locks the database for longer is another program.
const LONGEST_WRITE: Duration = Duration::from_secs(1);

/// A run with everything that is known of it.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct RunDetail {
    /// The run as it was recorded.
    #[serde(flatten)]
    pub run: Run,
    /// What holds now.
    pub state: RunState,
    /// Every well: what was seen, and what holds.
    pub wells: Vec<WellDetail>,
    /// What the plate says, with everything that reviews have changed.
    pub results: Option<FinalResults>,
    /// What people decided.
    pub events: Vec<ReviewEvent>,
    /// Who signed.
    pub signatures: Vec<Signature>,
    /// Its pictures.
    pub images: Vec<Image>,
    /// The file's name in the inbox.
    pub file_name: Option<String>,
}

/// A well: what was seen, and what holds.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct WellDetail {
    /// As it was seen and called at first.
    #[serde(flatten)]
    pub seen: CalledWell,
    /// The class that holds.
    pub final_class: WellClass,
    /// The call that holds.
    pub final_label: Call,
    /// Who said so, and why, where somebody did.
    pub review: Option<Override>,
}

/// A sample with its plates.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SampleDetail {
    /// What its plates say together.
    #[serde(flatten)]
    pub summary: SampleSummary,
    /// The runs that count.
    pub counted: Vec<RunId>,
    /// All its runs, newest first.
    pub runs: Vec<RunLine>,
    /// Its interface files, newest first.
    pub interface_files: Vec<InterfaceFile>,
}

/// How the station is.
#[derive(Clone, Debug, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Status {
    /// Its name.
    pub station: String,
    /// Its id.
    pub station_id: String,
    /// The program's version.
    pub app_version: &'static str,
    /// What time it thinks it is.
    pub now: Now,
    /// Whether a process takes pictures in now.
    pub service_running: bool,
    /// The watched folder.
    pub inbox: Option<std::path::PathBuf>,
    /// Whether the watched folder can be reached.
    pub inbox_online: bool,
    /// Runs by what is to be done with them.
    pub runs: Vec<(Disposition, u64)>,
    /// Files of the inbox by what became of them.
    pub files: Vec<(IntakeState, u64)>,
    /// Interface files on their way, at most a page.
    pub interface_waiting: u64,
    /// Interface files that failed, at most a page.
    pub interface_failed: u64,
    /// Records that the hub must still learn of.
    pub outbox_records: u64,
    /// Since when the oldest of them waits, in milliseconds since 1970.
    pub outbox_oldest_ms: Option<i64>,
    /// How the way to headquarters is.
    pub sync: SyncState,
    /// Free space where the data are, in mebibytes.
    pub disk_free_mib: Option<u64>,
    /// Below this much free space intake pauses.
    pub disk_reserve_mib: u64,
    /// Whether another program keeps the database from being written.
    pub database_locked: bool,
    /// By how much the clock is behind the last that this station has recorded: it was set back.
    pub clock_behind_ms: i64,
    /// How the parts of the station are, as last noted.
    pub health: Vec<Health>,
}

impl Station {
    /// Runs, newest first.
    pub fn runs(&self, filter: &RunFilter, page: Page) -> anyhow::Result<Listed<RunLine>> {
        self.read(|reading| Ok(reading.runs(filter, page)?))
    }

    /// A run with everything that is known of it.
    pub fn run(&self, id: RunId) -> anyhow::Result<RunDetail> {
        self.read(|reading| {
            let run = reading.run(id)?;
            let mut wells = Vec::new();
            if run.grid.is_some() {
                let judged = Judged::load(reading, id)?;
                let made = judged.with(&judged.calls());
                let mut reviews = reading.overrides(id)?;
                for (seen, last) in judged.wells.into_iter().zip(made.wells) {
                    let review = reviews.remove(&seen.well);
                    wells.push(WellDetail { seen, final_class: last.class, final_label: last.label, review });
                }
            }
            let file = run.intake.map(|file| reading.intake_file(file)).transpose()?;
            Ok(RunDetail {
                state: reading.run_state(id)?,
                wells,
                results: reading.final_results(id)?,
                events: reading.events(id)?,
                signatures: reading.signatures(id)?,
                images: reading.images(id)?,
                file_name: file.map(|file| file.path_text),
                run,
            })
        })
    }

    /// Samples, the one with the newest run first.
    pub fn samples(&self, text: Option<&str>, page: Page) -> anyhow::Result<Listed<SampleSummary>> {
        self.read(|reading| Ok(reading.samples(text, page)?))
    }

    /// A sample with its plates.
    pub fn sample(&self, sample_no: &str) -> anyhow::Result<SampleDetail> {
        self.read(|reading| {
            let summary = reading.sample(sample_no)?;
            let summary = summary.ok_or_else(|| Problem::not_found("sample", sample_no))?;
            let filter = RunFilter { sample_no: Some(sample_no.to_owned()), ..RunFilter::default() };
            let page = Page::first(Page::MOST_ROWS);
            Ok(SampleDetail {
                summary,
                counted: reading.counted_runs(sample_no)?,
                runs: reading.runs(&filter, page)?.rows,
                interface_files: reading.interface_files(Some(sample_no), None, page)?.rows,
            })
        })
    }

    /// The audit trail, newest first, for who may read it.
    pub fn audit(&self, session: &Session, filter: &AuditFilter, page: Page) -> anyhow::Result<Listed<AuditEntry>> {
        self.ask(session, Permission::AuditRead, |reading| Ok(reading.audit_entries(filter, page)?))
    }

    /// Writes what a filter leaves of the audit trail into a file, a JSON object a line, oldest last; answers how many.
    pub fn export_audit(&self, session: &Session, filter: &AuditFilter, to: &Path) -> anyhow::Result<u64> {
        self.ask(session, Permission::AuditRead, |_| Ok(()))?;
        let mut file = BufWriter::new(File::create_new(to).map_err(|why| {
            Problem::invalid(format!(
                "cannot make {} ({why}): choose a new name in a folder you may write",
                to.display()
            ))
        })?);
        let (mut page, mut entries) = (Page::first(Page::MOST_ROWS), 0);
        loop {
            let Listed { rows, next } = self.audit(session, filter, page)?;
            for entry in &rows {
                serde_json::to_writer(&mut file, entry)?;
                file.write_all(b"\n")?;
            }
            entries += rows.len() as u64;
            if next.is_none() {
                break;
            }
            page.after = next;
        }
        file.into_inner().map_err(std::io::IntoInnerError::into_error)?.sync_all()?;
        self.act(session, Permission::AuditRead, |writing| {
            Ok(writing.audit(&NewAudit {
                action: "EXPORT",
                resource: "audit",
                resource_id: to.display().to_string(),
                details: Some(serde_json::json!({ "entries": entries })),
                ..NewAudit::default()
            })?)
        })?;
        Ok(entries)
    }

    /// Notes that the program starts with the computer from now on, or no more.
    pub fn note_autostart(&self, session: &Session, on: bool) -> anyhow::Result<()> {
        self.act(session, Permission::ConfigWrite, |writing| {
            Ok(writing.audit(&NewAudit {
                action: "UPDATE",
                resource: "autostart",
                resource_id: "1".to_owned(),
                new: Some(serde_json::json!(on)),
                ..NewAudit::default()
            })?)
        })
    }

    /// The account behind a name, for who may read the audit trail.
    pub fn user_id(&self, session: &Session, username: &str) -> anyhow::Result<UserId> {
        let found = self.ask(session, Permission::AuditRead, |reading| Ok(reading.user_by_name(username)?))?;
        Ok(found.ok_or_else(|| Problem::not_found("user", username))?.id)
    }

    /// Changes a setting, or with `None` takes it back to its default.
    pub fn configure(
        &self,
        session: &Session,
        name: &str,
        value: Option<&serde_json::Value>,
        why: &str,
    ) -> anyhow::Result<()> {
        self.act(session, Permission::ConfigWrite, |writing| {
            let settings = Settings::load(writing)?;
            // Of a station that they took off their list it is the station's people who decide.
            if writing.config_origin(name)? == Some(Origin::Hub) && writing.sync_connection()?.revoked.is_empty() {
                let told = format!("`{name}` is set by headquarters: have them change it there, or take it back");
                return Err(Problem::refused(told).into());
            }
            match value {
                Some(value) => {
                    let changed = settings.with(name, value)?;
                    if let Some(file) = changed.sync.ca_file.as_ref().filter(|_| name == CA_FILE) {
                        check_authorities(file)?;
                    }
                    // A station whose assay nobody knows would take no plate in.
                    newest_assay(writing, &changed.assay)?;
                    self.models_in_use(&changed)?;
                    for template in &changed.deliver.templates {
                        self.template(template)?;
                    }
                    writing.set_config(name, value, why)?;
                }
                // What intake notes for itself lies beside the settings, and is nobody's to take back.
                None if !Settings::names().iter().any(|known| known == name) => {
                    return Err(Problem::not_found("setting", name).into());
                }
                None if writing.config(name)?.is_some() => writing.unset_config(name, why)?,
                None => {}
            }
            Ok(())
        })
    }

    /// How the station is.
    pub fn status(&self) -> anyhow::Result<Status> {
        let settings = self.settings()?;
        let inbox = settings.intake.inbox;
        let now = self.clock().now();
        let database_locked = self.database().is_locked(LONGEST_WRITE)?;
        let sync = self.sync_status()?;
        let service_running = self.is_service() || self.folder().is_locked();
        self.read(|reading| {
            let page = Page::first(Page::MOST_ROWS);
            let pending = reading.pending()?;
            let count = |status| anyhow::Ok(reading.interface_files(None, Some(status), page)?.rows.len() as u64);
            Ok(Status {
                station: self.identity().name.clone(),
                station_id: self.identity().id.to_string(),
                app_version: Self::app_version(),
                now,
                service_running,
                inbox_online: inbox.as_ref().is_some_and(|inbox| inbox.is_dir()),
                inbox,
                runs: reading.run_counts()?,
                files: reading.file_counts()?,
                interface_waiting: count(InterfaceStatus::Pending)? + count(InterfaceStatus::Generated)?,
                interface_failed: count(InterfaceStatus::Failed)?,
                outbox_records: pending.records,
                outbox_oldest_ms: pending.oldest_ms,
                sync,
                disk_free_mib: fs4::available_space(self.folder().path()).ok().map(|bytes| bytes >> 20),
                disk_reserve_mib: settings.intake.disk_reserve_mib,
                database_locked,
                clock_behind_ms: reading.latest_ms()?.saturating_sub(now.utc_ms).max(0),
                health: reading.health()?,
            })
        })
    }
}

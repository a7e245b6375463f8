//! Verification: whether the database and every picture are what the program wrote, and what can be mended is.

use crate::{
    Station, Steps,
    blobs::BlobError,
    people::{Permission, Session},
};
use anyhow::Context as _;
use serde::Serialize;
use std::{collections::BTreeSet, fs, path::Path};
use wellread_store::{Blob, BlobState, Head, Repaired, Sha256, Verification};

/// Blobs asked for at a time.
const PAGE: u32 = 500;

/// Something wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Finding {
    /// Which check found it.
    pub check: String,
    /// Where: a table and the row's id, or a file.
    pub place: String,
    /// What is wrong, in words.
    pub what: String,
}

/// What a verification found, the first thing first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Verified {
    /// Whether nothing is wrong.
    pub ok: bool,
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// How many more there are.
    pub more: u64,
    /// Runs looked at.
    pub runs: u64,
    /// Entries of the audit trail looked at.
    pub audit_entries: u64,
    /// Records of the outbox looked at.
    pub outbox_records: u64,
    /// Blobs looked at.
    pub blobs: u64,
    /// Blobs that nothing refers to: left by a crash, removed at the next start of the service.
    pub orphan_blobs: u64,
    /// Blobs brought back from the source folder.
    pub mended: u64,
    /// The last entry of the audit trail, to compare with a printed report or the hub.
    pub audit_head: Option<Head>,
}

/// What to do with a blob that is not as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mend {
    /// Only name it.
    No,
    /// Put it aside, and read the original from the source folder again if that still matches.
    Yes,
}

impl Station {
    /// Derives anew what does not follow from runs, events and signatures: states, summaries, counts and the index of
    /// words. What they follow from is never touched, so a change behind the program's back stays to be found.
    pub fn repair_derived(&self, session: &Session) -> anyhow::Result<Repaired> {
        self.act(session, Permission::ConfigWrite, |writing| Ok(writing.repair_derived()?))
    }

    /// Recomputes the chains, every hash and every summary, and looks through every blob.
    pub fn verify(&self, mend: Mend, steps: &Steps) -> anyhow::Result<Verified> {
        let Verification { findings, more, runs, audit_entries, outbox_records, audit_head } =
            self.database().verify_until(steps.stop())?;
        let findings = findings.into_iter().map(|found| Finding {
            check: found.check.to_string(),
            place: found.place,
            what: found.what,
        });
        let mut all = Verified {
            findings: findings.collect(),
            more,
            runs,
            audit_entries,
            outbox_records,
            audit_head,
            ..Verified::default()
        };
        let known = self.verify_blobs(mend, &mut all, steps)?;
        let unknown = |name: &&String| name.parse::<Sha256>().is_ok_and(|sha256| !known.contains(&sha256));
        all.orphan_blobs = self.blobs().names()?.iter().filter(unknown).count() as u64;
        all.ok = all.findings.is_empty() && all.more == 0;
        Ok(all)
    }

    fn verify_blobs(&self, mend: Mend, all: &mut Verified, steps: &Steps) -> anyhow::Result<BTreeSet<Sha256>> {
        let total = self.read(|reading| Ok(reading.blob_count()?))?;
        let mut known = BTreeSet::new();
        loop {
            let page = self.read(|reading| Ok(reading.blobs(known.last(), PAGE)?))?;
            if page.is_empty() {
                return Ok(known);
            }
            for blob in page {
                steps.reached(all.blobs, Some(total))?;
                known.insert(blob.sha256);
                all.blobs += 1;
                let what = match self.blobs().verify(&blob.sha256.to_string()) {
                    Ok(()) if blob.state == BlobState::Present => continue,
                    Ok(()) => {
                        self.note_blob(&blob, BlobState::Present, "it is as it was again")?;
                        continue;
                    }
                    Err(error) => error,
                };
                let mut told = what.to_string();
                if mend == Mend::Yes {
                    told.push_str(&self.mend_blob(&blob, &what, all)?);
                }
                all.findings.push(Finding {
                    check: "blobs".to_owned(),
                    place: format!("blob {}", blob.sha256),
                    what: told,
                });
            }
        }
    }

    /// Puts a corrupt blob aside and looks for the original; says what came of it.
    fn mend_blob(&self, blob: &Blob, what: &BlobError, all: &mut Verified) -> anyhow::Result<String> {
        let name = blob.sha256.to_string();
        match what {
            BlobError::Corrupt { .. } => {
                let aside = self.blobs().quarantine(&name)?;
                self.note_blob(blob, BlobState::Quarantined, &format!("put aside as {}", aside.display()))?;
            }
            BlobError::Missing { .. } if blob.state == BlobState::Present => {
                self.note_blob(blob, BlobState::Missing, "its file is gone")?;
            }
            BlobError::Missing { .. } => {}
            BlobError::Io { .. } | BlobError::Name(_) => return Ok(String::new()),
        }
        let Some(bytes) = self.original(blob.sha256)? else {
            return Ok("; the original is not in the source folder any more".to_owned());
        };
        self.blobs().put(&bytes)?;
        self.note_blob(blob, BlobState::Present, "read from the source folder again")?;
        all.mended += 1;
        Ok("; the original was read from the source folder again".to_owned())
    }

    /// The file a blob came from, if it is still what it was.
    fn original(&self, sha256: Sha256) -> anyhow::Result<Option<Vec<u8>>> {
        let Some(inbox) = self.settings()?.intake.inbox else { return Ok(None) };
        let Some(file) = self.read(|reading| Ok(reading.file_with_content(&sha256)?))? else { return Ok(None) };
        let Some(below) = below_inbox(&file.path, &file.path_text) else { return Ok(None) };
        let path = inbox.join(below);
        // The file may be anything by now: only one of the right size is worth reading.
        if !fs::symlink_metadata(&path).is_ok_and(|found| found.is_file() && found.len() == file.size) {
            return Ok(None);
        }
        let bytes = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok((Sha256::of(&bytes) == sha256).then_some(bytes))
    }

    fn note_blob(&self, blob: &Blob, state: BlobState, why: &str) -> anyhow::Result<()> {
        self.write(|writing| Ok(writing.set_blob_state(&blob.sha256, state, why)?))
    }
}

#[cfg(unix)]
fn below_inbox(raw: &[u8], _text: &str) -> Option<std::path::PathBuf> {
    use std::os::unix::ffi::OsStrExt as _;
    relative(Path::new(std::ffi::OsStr::from_bytes(raw)))
}

#[cfg(not(unix))]
fn below_inbox(_raw: &[u8], text: &str) -> Option<std::path::PathBuf> {
    relative(Path::new(text))
}

/// A path that leads out of the folder is none that intake has written.
fn relative(path: &Path) -> Option<std::path::PathBuf> {
    let inside = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    inside.then(|| path.to_owned())
}

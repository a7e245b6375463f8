//! After a start: what an earlier process left behind is finished or cleared away.

use crate::{
    Station,
    blobs::BlobError,
    intake::{
        admit::{Plate, revision_note},
        identity::{Claim, ClaimedBy},
        name_pattern::NamePattern,
    },
};
use std::{collections::BTreeSet, path::Path};
use wellread_store::{NewRun, Run, RunFailure, RunStatus};
use wellread_vision::decode;

/// Blobs asked for in one question.
const PAGE: u32 = 1_000;

/// Readings after which a plate goes into quarantine: it is read when nothing else is to be done, and alone. So the
/// program's end can neither be another plate's doing nor keep the others from being read.
const TRIES_AMONG_OTHERS: u32 = 3;
/// Readings after which a plate is given up. Somebody who cuts the power again and again will hardly meet the same plate
/// three times more while it is read alone; a picture that ends the program does so each time.
const MOST_TRIES: u32 = 6;

/// How a plate that an earlier process promised is taken up again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// Like any other.
    AmongOthers,
    /// Last, and with nothing else in hand.
    Alone,
    /// Not at all: its run fails with that reason.
    Never,
}

impl Again {
    /// By how often its reading was begun without an end.
    pub const fn after(tries: u32) -> Self {
        match tries {
            0..TRIES_AMONG_OTHERS => Self::AmongOthers,
            TRIES_AMONG_OTHERS..MOST_TRIES => Self::Alone,
            MOST_TRIES.. => Self::Never,
        }
    }
}

/// A run that an earlier process promised, made ready to be read.
pub enum Resumed {
    /// Its picture is there.
    Plate(Box<Plate>),
    /// It is over already, or its picture is lost and the run has been recorded as failed.
    Over,
}

/// Removes blobs that nothing refers to: those kept just before a crash, whose files are looked at again anyway.
/// Returns how many. Only while no other thread takes pictures in.
pub fn sweep_blobs(station: &Station) -> anyhow::Result<usize> {
    let mut known = BTreeSet::new();
    let mut after = None;
    loop {
        let page = station.read(|reading| Ok(reading.blobs(after.as_ref(), PAGE)?))?;
        let Some(last) = page.last() else { break };
        after = Some(last.sha256);
        known.extend(page.iter().map(|blob| *blob.sha256.as_bytes()));
    }
    let mut removed = 0;
    for name in station.blobs().names()? {
        let Ok(sha256) = name.parse::<wellread_store::Sha256>() else { continue };
        if !known.contains(sha256.as_bytes()) {
            station.blobs().remove_orphan(&name)?;
            removed += 1;
        }
    }
    Ok(removed)
}

/// Takes up a run that was promised and not made. Its picture is the blob; when that is damaged, the source if it still
/// has the same content; when that is gone too, the run fails and says so.
pub fn resume(station: &Station, run: &Run, inbox: Option<&Path>, pattern: &NamePattern) -> anyhow::Result<Resumed> {
    if matches!(run.status, RunStatus::Completed | RunStatus::Failed) {
        return Ok(Resumed::Over);
    }
    let file = match run.intake {
        Some(id) => Some(station.read(|reading| Ok(reading.intake_file(id)?))?),
        None => None,
    };
    let sha256 = run.image_sha256.to_string();
    let bytes = match station.blobs().get(&sha256) {
        Ok(bytes) => Some(bytes),
        Err(damage @ (BlobError::Corrupt { .. } | BlobError::Missing { .. })) => {
            if matches!(damage, BlobError::Corrupt { .. }) {
                station.blobs().quarantine(&sha256)?;
            }
            let source = inbox.zip(file.as_ref()).and_then(|(inbox, file)| {
                let bytes = std::fs::read(inbox.join(path_of(&file.path)?)).ok()?;
                (wellread_store::Sha256::of(&bytes) == run.image_sha256).then_some(bytes)
            });
            if let Some(bytes) = &source {
                station.blobs().put(bytes)?;
            }
            source
        }
        Err(other) => return Err(other.into()),
    };
    let new = new_run(run);
    let format = bytes.as_deref().and_then(|bytes| decode::probe(bytes).ok()).map(|probe| probe.format);
    let (Some(bytes), Some(format)) = (bytes, format) else {
        let failure = RunFailure {
            code: "picture-lost".to_owned(),
            message: "the picture kept for this run is damaged or gone, and so is its source: take it again".to_owned(),
            processing_time_ms: 0,
            images: Vec::new(),
        };
        station.write(|writing| Ok(writing.record_failure(&new, &failure)?))?;
        return Ok(Resumed::Over);
    };
    let text = file.as_ref().map_or_else(String::new, |file| file.path_text.clone());
    let file_name = text.rsplit(['/', '\\']).next().unwrap_or(&text).to_owned();
    let named = Claim::of(None, &file_name, pattern);
    // What differs from the name was entered by a person.
    let by = if run.identity.sample_no.is_empty() {
        ClaimedBy::Nobody
    } else if named.identity == run.identity {
        ClaimedBy::Name
    } else {
        ClaimedBy::Entered
    };
    let claim = Claim { identity: run.identity.clone(), by };
    let notes = file.as_ref().and_then(revision_note).into_iter().collect();
    Ok(Resumed::Plate(Box::new(Plate { run: new, claim, file_name, bytes, format, notes })))
}

/// A run as it was promised.
fn new_run(run: &Run) -> NewRun {
    NewRun {
        id: run.id,
        intake: run.intake,
        identity: run.identity.clone(),
        description: run.description.clone(),
        image_sha256: run.image_sha256,
        raw_image_path: Some(crate::intake::admit::blob_path(&run.image_sha256)),
        assay: run.assay.clone(),
        app_version: run.app_version.clone(),
        supersedes: run.supersedes,
    }
}

/// A path from the bytes the store keeps.
#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere bytes may be no path")]
fn path_of(bytes: &[u8]) -> Option<std::path::PathBuf> {
    Some(std::path::PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes)))
}

/// A path from the bytes the store keeps; one that is no text cannot be told from them here.
#[cfg(not(unix))]
fn path_of(bytes: &[u8]) -> Option<std::path::PathBuf> {
    std::str::from_utf8(bytes).ok().map(std::path::PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::Again;

    #[test]
    fn a_plate_is_tried_among_others_then_alone_and_then_not_any_more() {
        let taken: Vec<Again> = (0..8).map(Again::after).collect();
        let expected = [[Again::AmongOthers; 3].as_slice(), &[Again::Alone; 3], &[Again::Never; 2]].concat();
        assert_eq!(taken, expected, "three times each, as the documentation says");
    }
}

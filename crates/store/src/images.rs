//! `image_file`: the pictures of a run.

use crate::{Reading, Result, Sha256, Writing, ids::RunId, words::words};
use rusqlite::params;
use serde::Serialize;

words! {
    /// What a picture is.
    pub enum ImageKind("kind of picture") {
        /// As it came from the camera.
        Raw = "raw",
        /// With grid and calls drawn.
        Annotated = "annotated",
        /// Small, for lists.
        Thumbnail = "thumbnail",
    }
}

/// A picture of a run; its bytes are a blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Image {
    /// What it is.
    pub kind: ImageKind,
    /// Its name for people: the file's name in the inbox for the raw one.
    pub file_name: String,
    /// Where the blob lies, relative to the data folder.
    pub file_path: String,
    /// Its size in bytes.
    pub size: u64,
    /// Its type.
    pub mime_type: String,
    /// Width in pixels, where known.
    pub width_px: Option<u32>,
    /// Height in pixels, where known.
    pub height_px: Option<u32>,
    /// Its content.
    pub sha256: Sha256,
}

pub(crate) fn insert(writing: &Writing<'_>, run: RunId, sample_no: &str, images: &[Image]) -> Result<()> {
    for image in images {
        writing.add_blob(&image.sha256, image.size, &image.mime_type)?;
        writing.execute(
            "INSERT INTO image_file (run_id, sample_no, file_type, file_name, file_path, file_size, mime_type, width,
               height, created_at, sha256) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
            params![
                run,
                sample_no,
                image.kind,
                image.file_name,
                image.file_path,
                image.size,
                image.mime_type,
                image.width_px,
                image.height_px,
                writing.utc_ms(),
                image.sha256
            ],
        )?;
    }
    Ok(())
}

impl Reading<'_> {
    /// The pictures of a run.
    pub fn images(&self, run: RunId) -> Result<Vec<Image>> {
        let mut statement = self.connection().prepare_cached(
            "SELECT file_type, file_name, file_path, file_size, mime_type, width, height, sha256 FROM image_file
             WHERE run_id = ?1 ORDER BY id",
        )?;
        let rows = statement.query_map(params![run], |row| {
            Ok(Image {
                kind: row.get(0)?,
                file_name: row.get(1)?,
                file_path: row.get(2)?,
                size: row.get(3)?,
                mime_type: row.get(4)?,
                width_px: row.get(5)?,
                height_px: row.get(6)?,
                sha256: row.get(7)?,
            })
        })?;
        Ok(rows.collect::<rusqlite::Result<_>>()?)
    }
}

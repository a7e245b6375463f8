//! `reading_cache`: readings already made, so that the same picture need not be looked at twice.

use crate::{Reading, Result, Sha256, Writing, digest::Fields};
use rusqlite::{OptionalExtension as _, params};
use wellread_plate::reading;

/// What a reading depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReadingKey {
    /// The picture.
    pub image: Sha256,
    /// All models that took part, and the classes asked for.
    pub models: Sha256,
    /// The calibration, or a hash that stands for none.
    pub calibration: Sha256,
}

impl ReadingKey {
    /// One text for the three.
    pub fn key(&self) -> String {
        let mut fields = Fields::new("reading key");
        for part in [self.image, self.models, self.calibration] {
            fields.text(&part.to_string());
        }
        fields.finish().to_string()
    }
}

impl Writing<'_> {
    /// Keeps a reading, and forgets the oldest ones past `most`.
    pub fn cache_reading(&self, key: &ReadingKey, reading: &reading::Reading, most: u32) -> Result<()> {
        self.execute(
            "INSERT OR REPLACE INTO reading_cache
               (key, seq, image_sha256, models_sha256, calibration_sha256, reading, created_at)
             VALUES (?1, (SELECT coalesce(max(seq), 0) + 1 FROM reading_cache), ?2, ?3, ?4, ?5, ?6)",
            params![key.key(), key.image, key.models, key.calibration, serde_json::to_string(reading)?, self.utc_ms()],
        )?;
        self.execute(
            "DELETE FROM reading_cache WHERE seq <= (SELECT max(seq) FROM reading_cache) - ?1",
            params![most],
        )?;
        Ok(())
    }
}

impl Reading<'_> {
    /// The reading made before, if it is still kept. One that no longer reads as such is as good as forgotten.
    pub fn cached_reading(&self, key: &ReadingKey) -> Result<Option<reading::Reading>> {
        let mut statement = self.connection().prepare_cached("SELECT reading FROM reading_cache WHERE key = ?1")?;
        let text: Option<String> = statement.query_row(params![key.key()], |row| row.get(0)).optional()?;
        Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
    }
}

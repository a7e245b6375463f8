//! What is reported about a sample: plain data, complete, about no patient.

use crate::deliver::RenderError;
use chrono::{DateTime, FixedOffset};
use wellread_plate::{
    assay::Role,
    class::{Call, WellClass},
    end_point::SeriesFlag,
    format::WellId,
    interpret::CallFlag,
    mic::Mic,
    summary::{Distribution, TitreSummary},
};

/// A point in time and the offset of the clock on the wall where it was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Milliseconds since 1970, UTC.
    pub utc_ms: i64,
    /// Minutes by which the wall clock is ahead of UTC.
    pub offset_min: i32,
}

/// Everything a receiver may learn about a sample, as it stands at one revision.
#[derive(Clone, Debug, PartialEq)]
pub struct SampleReport {
    /// The sample's number.
    pub sample_no: String,
    /// The number under which the sample was submitted.
    pub submission_no: Option<String>,
    /// The test number that the receiver gave, if it gave one.
    pub test_no: Option<String>,
    /// Name of the station.
    pub station: String,
    /// The plates that count, in the order of their plate numbers.
    pub plates: Vec<PlateReport>,
    /// End points of all plates.
    pub distribution: Distribution,
    /// Statistics of the titres; none for assays without titres.
    pub statistics: Option<TitreSummary>,
    /// Who signed what, in the order of signing; voided signatures are left out by the caller.
    pub signatures: Vec<Signature>,
    /// The newest link of the audit trail.
    pub audit_head: Option<AuditHead>,
    /// The annotated picture of the newest plate, for the reports that people read.
    pub picture: Option<Picture>,
    /// When this revision was generated. Fixed with the revision: it is part of the file's name and content.
    pub generated: Moment,
    /// Revision from 1; later ones correct what was delivered before.
    pub revision: u32,
}

/// One plate of a sample.
#[derive(Clone, Debug, PartialEq)]
pub struct PlateReport {
    /// The plate's number within the sample.
    pub plate_no: String,
    /// The run that counts.
    pub run_id: String,
    /// SHA-256 of the picture it was read from, in hexadecimal.
    pub image_sha256: String,
    /// Id of the assay.
    pub assay_id: String,
    /// Version of the assay.
    pub assay_version: u32,
    /// Name and version of the model that judged the wells.
    pub model: String,
    /// When the plate was read.
    pub read_at: Moment,
    /// Every well, row by row.
    pub wells: Vec<WellReport>,
    /// Every series that holds a sample or a control.
    pub series: Vec<SeriesReport>,
    /// Why the plate is not valid, a sentence each; empty for a valid plate.
    pub validity_failures: Vec<String>,
}

/// One well: what the eye saw, and what stands after review.
#[derive(Clone, Debug, PartialEq)]
pub struct WellReport {
    /// Which well.
    pub well: WellId,
    /// What it is there for.
    pub role: Role,
    /// The class seen.
    pub ai_class: WellClass,
    /// The call made of it.
    pub ai_label: Call,
    /// Probability of the class seen.
    pub confidence: f64,
    /// The class that stands.
    pub final_class: WellClass,
    /// The call that stands.
    pub final_label: Call,
    /// What is odd.
    pub flags: Vec<CallFlag>,
    /// The review that changed or confirmed it.
    pub review: Option<WellReview>,
}

/// Who settled a well, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WellReview {
    /// Name of the reviewer.
    pub by: String,
    /// The coded reason and what was written beside it.
    pub reason: String,
}

/// The result of one series.
#[derive(Clone, Debug, PartialEq)]
pub struct SeriesReport {
    /// Row letters, or the column number.
    pub series: String,
    /// What its wells are there for; only those of samples are in the distribution.
    pub role: Role,
    /// The end point as a well from 1; 0 when none is positive, `None` when no well can be used.
    pub end_point: Option<u8>,
    /// The titre as a reciprocal dilution; `None` for end point 0 and for MICs.
    pub titre: Option<f64>,
    /// The titre of the first well, below which a series with end point 0 lies; `None` for MICs.
    pub first_titre: Option<f64>,
    /// The MIC.
    pub mic: Option<Mic>,
    /// What is odd.
    pub flags: Vec<SeriesFlag>,
}

/// A signature that stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// Name of who signed.
    pub by: String,
    /// What the signature says.
    pub meaning: Meaning,
    /// When.
    pub at: Moment,
}

/// What a signature says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Meaning {
    /// I did the work.
    Performed,
    /// I looked it through.
    Reviewed,
    /// I release it.
    Approved,
}

/// The newest link of the audit trail at the time of the report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditHead {
    /// Its place in the trail.
    pub seq: u64,
    /// Its hash in hexadecimal.
    pub hash: String,
}

/// A picture as a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Picture {
    /// How it is encoded.
    pub encoding: PictureEncoding,
    /// The file's bytes.
    pub bytes: Vec<u8>,
}

/// How a picture is encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PictureEncoding {
    /// PNG.
    Png,
    /// JPEG.
    Jpeg,
}

impl Meaning {
    /// Its name, as reports carry it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Performed => "performed",
            Self::Reviewed => "reviewed",
            Self::Approved => "approved",
        }
    }
}

impl SampleReport {
    /// The number that a machine's file calls the test: the one given, else the submission's, else the sample's.
    pub fn test_number(&self) -> &str {
        let numbers = [&self.test_no, &self.submission_no];
        numbers.into_iter().flatten().find(|number| !number.is_empty()).unwrap_or(&self.sample_no)
    }

    /// When the newest of the plates was read.
    pub(crate) fn last_read(&self) -> Option<Moment> {
        self.plates.iter().map(|plate| plate.read_at).max()
    }

    /// The assay of the newest plate.
    pub(crate) fn assay(&self) -> Option<(&str, u32)> {
        let newest = self.plates.iter().max_by_key(|plate| plate.read_at)?;
        Some((&newest.assay_id, newest.assay_version))
    }
}

impl SeriesReport {
    /// The result as people write it: `1:32`, `<1:2`, `>=1:4096`, an MIC, or nothing.
    pub(crate) fn result(&self) -> String {
        if let Some(mic) = &self.mic {
            return mic.to_string();
        }
        match (self.titre, self.end_point, self.first_titre) {
            (Some(titre), ..) if self.flags.contains(&SeriesFlag::OpenEnded) => format!(">=1:{}", plain(titre)),
            (Some(titre), ..) => format!("1:{}", plain(titre)),
            (None, Some(0), Some(first)) => format!("<1:{}", plain(first)),
            _ => String::new(),
        }
    }

    /// Log2 of the titre.
    pub(crate) fn log2(&self) -> Option<f64> {
        self.titre.map(f64::log2)
    }
}

impl Moment {
    /// The time on the wall, from 1970 to 9999.
    pub(crate) fn local(self) -> Result<DateTime<FixedOffset>, RenderError> {
        let wrong = RenderError::Time { utc_ms: self.utc_ms };
        let offset = self.offset_min.checked_mul(60).and_then(FixedOffset::east_opt);
        let utc = DateTime::from_timestamp_millis(self.utc_ms);
        // A day is kept at both ends, so that no offset leads out of the years that every format can write.
        let day_ms = 86_400_000;
        let sound = (day_ms..253_402_300_800_000 - day_ms).contains(&self.utc_ms);
        utc.zip(offset).filter(|_| sound).map(|(utc, offset)| utc.with_timezone(&offset)).ok_or(wrong)
    }

    /// As people read it, with its offset: `2026-01-31 14:05:09 +07:00`.
    pub(crate) fn readable(self) -> Result<String, RenderError> {
        Ok(self.local()?.format("%Y-%m-%d %H:%M:%S %:z").to_string())
    }
}

/// A number without needless digits: at most six after the point.
pub(crate) fn plain(number: f64) -> String {
    let fixed = format!("{number:.6}");
    let short = fixed.trim_end_matches('0').trim_end_matches('.');
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

/// Flags, or other names, in one cell.
pub(crate) fn listed(names: impl IntoIterator<Item = &'static str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(" ")
}

//! What an assay makes of a reading: the call of every well, end points, validity, and what a person must look at.

mod score;
mod validity;

use crate::{
    assay::{Assay, Role},
    class::{Call, WellClass},
    end_point::{RuleName, SeriesFlag},
    format::{PlateFormat, WellId},
    mic::Mic,
    reading::{BBox, Reading, WellFlag, WellReading},
    summary::{Counts, Distribution, TitreSummary},
};
use serde::{Deserialize, Serialize, Serializer};

/// What an assay makes of a reading.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct Interpretation {
    /// Every well of the reading, row by row.
    pub wells: Vec<CalledWell>,
    /// Every series, in order; empty where each well is its own result.
    pub series: Vec<SeriesResult>,
    /// Wells by call and by class, unused wells left out.
    pub counts: Counts,
    /// End points of the series that hold samples.
    pub distribution: Distribution,
    /// Statistics of the sample series' titres; only for dilution series.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub summary: Option<TitreSummary>,
    /// Why the plate is not valid, a sentence each; empty for a valid plate.
    pub validity_failures: Vec<String>,
    /// Whether a person must look before the results are used.
    pub needs_review: bool,
    /// Why, a sentence each.
    pub review_reasons: Vec<String>,
}

/// A well and its call.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct CalledWell {
    /// Which well.
    pub well: WellId,
    /// What it is there for.
    pub role: Role,
    /// Its centre in the image.
    pub center_px: [f64; 2],
    /// The box around it.
    pub bbox: BBox,
    /// The most probable class.
    pub class: WellClass,
    /// What the assay makes of that class.
    pub label: Call,
    /// Probability of that class, to four places.
    pub confidence: f64,
    /// Probability of each class, in the model's order.
    #[serde(serialize_with = "in_model_order")]
    #[cfg_attr(feature = "ts", ts(type = "Record<string, number>"))]
    pub probabilities: Vec<(WellClass, f64)>,
    /// What is odd.
    pub flags: Vec<CallFlag>,
}

fn in_model_order<S: Serializer>(probabilities: &[(WellClass, f64)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(probabilities.iter().map(|(class, p)| (class.as_str(), p)))
}

/// What is odd about a called well: what was odd when it was seen, and a confidence below the assay's threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum CallFlag {
    /// [`WellFlag::CutOff`].
    CutOff,
    /// [`WellFlag::Glare`].
    Glare,
    /// [`WellFlag::NoBox`].
    NoBox,
    /// [`WellFlag::SeveralBoxes`].
    SeveralBoxes,
    /// The confidence lies below the assay's review threshold.
    LowConfidence,
}

impl CallFlag {
    /// Every flag.
    pub const ALL: [Self; 5] = [Self::CutOff, Self::Glare, Self::NoBox, Self::SeveralBoxes, Self::LowConfidence];

    /// Its name, as results carry it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CutOff => "cut-off",
            Self::Glare => "glare",
            Self::NoBox => "no-box",
            Self::SeveralBoxes => "several-boxes",
            Self::LowConfidence => "low-confidence",
        }
    }
}

impl From<WellFlag> for CallFlag {
    fn from(flag: WellFlag) -> Self {
        match flag {
            WellFlag::CutOff => Self::CutOff,
            WellFlag::Glare => Self::Glare,
            WellFlag::NoBox => Self::NoBox,
            WellFlag::SeveralBoxes => Self::SeveralBoxes,
        }
    }
}

/// The result of one series.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
pub struct SeriesResult {
    /// Row letters, or the column number.
    pub series: String,
    /// What its wells are there for.
    pub role: Role,
    /// The end point as a well from 1; 0 when none is positive, `None` when no well can be used.
    pub end_point: Option<u8>,
    /// The titre as a reciprocal dilution; `None` for end point 0 (below the first dilution) and for MICs.
    pub titre: Option<f64>,
    /// Log2 of the titre.
    pub log2: Option<f64>,
    /// The MIC, for concentration series whose controls hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mic: Option<Mic>,
    /// What is odd.
    pub flags: Vec<SeriesFlag>,
    /// The rule that decided.
    pub rule: RuleName,
}

/// Why a reading cannot be interpreted under an assay.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InterpretError {
    /// The plate seen is not the assay's plate.
    #[error(
        "the picture shows a plate of {} x {} wells, but assay '{assay}' is done on {} x {}: choose an assay for that \
         plate, or change `format` in a copy of this one",
        seen.rows(), seen.cols(), expected.rows(), expected.cols()
    )]
    Format {
        /// Id of the assay.
        assay: String,
        /// What the picture shows.
        seen: PlateFormat,
        /// What the assay is done on.
        expected: PlateFormat,
    },
    /// The model knows a class that the assay does not.
    #[error("well {well} may be '{class}', which assay '{assay}' does not know: add `{class}` to its [classes]")]
    UnknownClass {
        /// Id of the assay.
        assay: String,
        /// The first well concerned.
        well: WellId,
        /// The class.
        class: WellClass,
    },
    /// A well comes without a usable class distribution.
    #[error(
        "well {well} has no class distribution with probabilities from 0 to 1: the reading is damaged, read the \
         picture again"
    )]
    Probabilities {
        /// The well.
        well: WellId,
    },
    /// The reading does not hold each well of its format once, row by row.
    #[error(
        "the reading does not hold every well of its {} x {} plate in order: it is damaged, read the picture again",
        format.rows(), format.cols()
    )]
    Wells {
        /// The format the reading states.
        format: PlateFormat,
    },
}

/// A confidence is told in steps of a ten-thousandth: a model means no more by it, and every figure more is stored, sent
/// and shown for nothing.
const CONFIDENCE_STEPS: f64 = 1e4;

/// Interprets a reading under an assay.
///
/// A plate with fewer rows than the assay's is taken as a part of it where series run along rows (a strip holder of
/// 4 x 12 under an 8 x 12 assay; columns likewise), and then needs review. Any other format is refused.
pub fn interpret(reading: &Reading, assay: &Assay) -> Result<Interpretation, InterpretError> {
    let format = reading.grid.format;
    let whole = fits(format, assay)?;
    if !reading.wells.iter().map(|seen| seen.well).eq(format.iter()) {
        return Err(InterpretError::Wells { format });
    }
    let wells = reading.wells.iter().map(|seen| call(seen, assay)).collect::<Result<Vec<_>, _>>()?;
    let mut reasons = Vec::new();
    if !whole {
        reasons.push(format!(
            "The picture shows a part of {} x {} wells of a plate of {} x {}.",
            format.rows(),
            format.cols(),
            assay.format.rows(),
            assay.format.cols()
        ));
    }
    if !reading.grid.orientation.known {
        reasons.push("Nothing in the picture shows which corner is A1; it was taken to be upright.".to_owned());
    }
    Ok(conclude(wells, format, assay, reasons))
}

/// Works out series, counts, validity and review from called wells, as after a review has changed a call.
///
/// `wells` are all wells of `format`, row by row; `reasons` are those for review that lie outside the wells.
pub fn conclude(wells: Vec<CalledWell>, format: PlateFormat, assay: &Assay, reasons: Vec<String>) -> Interpretation {
    let plate = score::Plate { wells: &wells, format, assay };
    let series = score::series(&plate);
    let distribution = score::distribution(&series);
    let validity_failures = validity::failures(&plate, &series);
    let mut review_reasons = reasons;
    review_reasons.extend(validity_failures.iter().cloned());
    review_reasons.extend(score::well_reasons(&plate));
    review_reasons.extend(score::series_reasons(&series));
    let judged = wells.iter().filter(|well| well.role != Role::Unused);
    Interpretation {
        counts: Counts::of(assay.classes.keys(), judged.map(|well| (&well.class, well.label))),
        summary: score::summary(assay, &distribution),
        series,
        distribution,
        validity_failures,
        needs_review: !review_reasons.is_empty(),
        review_reasons,
        wells,
    }
}

/// Whether the plate seen is whole; an error when it is not the assay's at all.
fn fits(seen: PlateFormat, assay: &Assay) -> Result<bool, InterpretError> {
    let expected = assay.format;
    let is_part = assay.series.as_ref().is_some_and(|layout| {
        layout.along.length_of(seen) == layout.along.length_of(expected)
            && layout.along.lines_of(seen) < layout.along.lines_of(expected)
    });
    if seen == expected || is_part {
        return Ok(seen == expected);
    }
    Err(InterpretError::Format { assay: assay.id.clone(), seen, expected })
}

fn call(seen: &WellReading, assay: &Assay) -> Result<CalledWell, InterpretError> {
    let well = seen.well;
    let damaged = || InterpretError::Probabilities { well };
    let mut best: Option<(&WellClass, f64)> = None;
    for (class, p) in &seen.probabilities {
        if assay.call(class).is_none() {
            return Err(InterpretError::UnknownClass { assay: assay.id.clone(), well, class: class.clone() });
        }
        // A softmax in single precision may sum to a hair above 1.
        if !(0.0..=1.0 + 1e-6).contains(p) {
            return Err(damaged());
        }
        // Of equal probabilities the first in the model's order wins, so that the same reading is always called alike.
        if best.is_none_or(|(_, most)| *p > most) {
            best = Some((class, *p));
        }
    }
    let (class, confidence) = best.ok_or_else(damaged)?;
    let confidence = (confidence * CONFIDENCE_STEPS).round() / CONFIDENCE_STEPS;
    let role = assay.role(well).unwrap_or(Role::Unused);
    let mut flags: Vec<CallFlag> = seen.flags.iter().copied().map(CallFlag::from).collect();
    if role != Role::Unused && confidence < assay.review_threshold {
        flags.push(CallFlag::LowConfidence);
    }
    flags.sort_unstable();
    flags.dedup();
    Ok(CalledWell {
        well,
        role,
        center_px: seen.center_px,
        bbox: seen.bbox,
        class: class.clone(),
        label: assay.call(class).ok_or_else(damaged)?,
        confidence,
        probabilities: seen.probabilities.clone(),
        flags,
    })
}

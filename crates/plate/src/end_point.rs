//! The end point of a series: which well is the last positive one, by a stated rule, and what is odd about it.
//!
//! Wells are counted from 1; end point 0 means that no well is the end point. An invalid well (an empty one, usually)
//! is neither positive nor negative: it never carries an end point, it counts against the rule's tolerances as any
//! well that is not positive, and wherever the end point could hang on it the series is flagged.

use crate::class::Call;
use serde::Serialize;

/// How the end point is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rule {
    /// Last positive of the run that begins with the series' first positive, if that lies behind at most
    /// `max_leading_gap` wells, and bridges at most `max_skip` gaps of one well each.
    Run {
        /// How many wells before the first positive are forgiven (prozone).
        max_leading_gap: u8,
        /// How many gaps of a single well are bridged.
        max_skip: u8,
    },
    /// Last positive of the run unbroken from the first well.
    Strict,
    /// The highest positive wherever it stands: the rule of the old system, which flags no odd shape.
    Highest,
    /// Lowest concentration without growth above which nothing grows; see [`crate::mic`].
    Mic,
}

/// The name of the rule that decided, as results carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "lowercase")]
pub enum RuleName {
    /// [`Rule::Run`].
    Run,
    /// [`Rule::Strict`].
    Strict,
    /// [`Rule::Highest`].
    Highest,
    /// [`Rule::Mic`].
    Mic,
}

/// What is odd about a series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[cfg_attr(feature = "ts", derive(ts_rs::TS))]
#[serde(rename_all = "kebab-case")]
pub enum SeriesFlag {
    /// The first positive is not the first well.
    LeadingGap,
    /// A gap of one well was bridged; in a MIC, a well grew above a lower concentration that did not.
    SkippedWell,
    /// The series turns positive again after its end point; in a MIC, growth stops more than once below it.
    SeveralTransitions,
    /// The end point could hang on a well that cannot be used.
    InvalidInRun,
    /// A well cannot be used, but the end point does not hang on it.
    InvalidWell,
    /// No well can be used: there is no end point, and the series is counted nowhere.
    NoValidWells,
    /// The last well is still positive: the titre is at least the one given.
    OpenEnded,
    /// The growth control did not grow: there is no MIC.
    GrowthControlFailed,
    /// The sterility control grew: there is no MIC.
    SterilityControlFailed,
}

/// An end point and its flags, in the order of [`SeriesFlag`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndPoint {
    /// Well from 1, 0 when no well is positive in the rule's sense; `None` when no well can be used.
    pub step: Option<u8>,
    /// What is odd.
    pub flags: Vec<SeriesFlag>,
}

/// The end point of a series' calls, in the order of its wells.
pub fn end_point(calls: &[Call], rule: Rule) -> EndPoint {
    if calls.iter().all(|call| *call == Call::Invalid) {
        return EndPoint { step: None, flags: vec![SeriesFlag::NoValidWells] };
    }
    // Inhibition carries a series: a positive well, but in a MIC a well without growth, which is negative.
    let carrying = if rule == Rule::Mic { Call::Negative } else { Call::Positive };
    let seen: Vec<bool> = calls.iter().map(|call| *call == carrying).collect();
    let reach = reach(&seen, rule);
    let mut flags = Vec::new();
    match rule {
        Rule::Run { .. } | Rule::Strict => flag_shape(&seen, reach, &mut flags),
        Rule::Mic => flag_growth_out_of_turn(&seen, reach, &mut flags),
        Rule::Highest => {}
    }
    if calls.contains(&Call::Invalid) {
        let hangs = hangs_on_invalid(calls, carrying, rule, reach);
        flags.push(if hangs { SeriesFlag::InvalidInRun } else { SeriesFlag::InvalidWell });
    }
    if reach.step == seen.len() {
        flags.push(SeriesFlag::OpenEnded);
    }
    EndPoint { step: u8::try_from(reach.step).ok(), flags }
}

/// How far a series carries: the end point, and how many gaps were bridged on the way.
#[derive(Clone, Copy)]
struct Reach {
    step: usize,
    bridged: u8,
}

fn reach(carries: &[bool], rule: Rule) -> Reach {
    match rule {
        Rule::Run { max_leading_gap, max_skip } => run_reach(carries, max_leading_gap, max_skip),
        Rule::Strict | Rule::Mic => run_reach(carries, 0, 0),
        Rule::Highest => Reach { step: carries.iter().rposition(|hit| *hit).map_or(0, |last| last + 1), bridged: 0 },
    }
}

fn run_reach(carries: &[bool], max_leading_gap: u8, max_skip: u8) -> Reach {
    let first = carries.iter().position(|hit| *hit).filter(|first| *first <= usize::from(max_leading_gap));
    let Some(mut last) = first else { return Reach { step: 0, bridged: 0 } };
    let mut bridged = 0;
    for (index, _) in carries.iter().enumerate().skip(last + 1).filter(|(_, hit)| **hit) {
        match index - last {
            1 => {}
            2 if bridged < max_skip => bridged += 1,
            _ => break,
        }
        last = index;
    }
    Reach { step: last + 1, bridged }
}

fn flag_shape(carries: &[bool], reach: Reach, flags: &mut Vec<SeriesFlag>) {
    if carries.iter().position(|hit| *hit).is_some_and(|first| first > 0) {
        flags.push(SeriesFlag::LeadingGap);
    }
    if reach.bridged > 0 {
        flags.push(SeriesFlag::SkippedWell);
    }
    if carries.iter().skip(reach.step).any(|hit| *hit) {
        flags.push(SeriesFlag::SeveralTransitions);
    }
}

fn flag_growth_out_of_turn(inhibited: &[bool], reach: Reach, flags: &mut Vec<SeriesFlag>) {
    let below: Vec<bool> = inhibited.iter().skip(reach.step).copied().collect();
    let times_growth_stops = below.windows(2).filter(|pair| **pair == [false, true]).count();
    if times_growth_stops > 0 {
        flags.push(SeriesFlag::SkippedWell);
    }
    if times_growth_stops > 1 {
        flags.push(SeriesFlag::SeveralTransitions);
    }
}

/// Whether the end point would move if the invalid wells were good ones, or was carried across one of them.
fn hangs_on_invalid(calls: &[Call], carrying: Call, rule: Rule, seen: Reach) -> bool {
    let hopeful: Vec<bool> = calls.iter().map(|call| *call == carrying || *call == Call::Invalid).collect();
    let crossed = matches!(rule, Rule::Run { .. }) && calls.iter().take(seen.step).any(|call| *call == Call::Invalid);
    crossed || reach(&hopeful, rule).step != seen.step
}

impl Rule {
    /// Its name.
    pub const fn name(self) -> RuleName {
        match self {
            Self::Run { .. } => RuleName::Run,
            Self::Strict => RuleName::Strict,
            Self::Highest => RuleName::Highest,
            Self::Mic => RuleName::Mic,
        }
    }
}

impl RuleName {
    /// The name, as results carry it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Run => "run",
            Self::Strict => "strict",
            Self::Highest => "highest",
            Self::Mic => "mic",
        }
    }
}

impl SeriesFlag {
    /// Every flag.
    pub const ALL: [Self; 9] = [
        Self::LeadingGap,
        Self::SkippedWell,
        Self::SeveralTransitions,
        Self::InvalidInRun,
        Self::InvalidWell,
        Self::NoValidWells,
        Self::OpenEnded,
        Self::GrowthControlFailed,
        Self::SterilityControlFailed,
    ];

    /// Whether a person must look before the result is used.
    ///
    /// An open end is a result ("at least"), and an unused row or an unusable well far from the end point changes
    /// none, so these three are shown but do not ask for review.
    pub const fn needs_review(self) -> bool {
        !matches!(self, Self::OpenEnded | Self::InvalidWell | Self::NoValidWells)
    }
    /// Its name, as results carry it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeadingGap => "leading-gap",
            Self::SkippedWell => "skipped-well",
            Self::SeveralTransitions => "several-transitions",
            Self::InvalidInRun => "invalid-in-run",
            Self::InvalidWell => "invalid-well",
            Self::NoValidWells => "no-valid-wells",
            Self::OpenEnded => "open-ended",
            Self::GrowthControlFailed => "growth-control-failed",
            Self::SterilityControlFailed => "sterility-control-failed",
        }
    }

    /// What it says to a person, without the full stop.
    pub const fn sentence(self) -> &'static str {
        match self {
            Self::LeadingGap => "the first wells are not positive, but later ones are",
            Self::SkippedWell => "a single well is out of turn within the run",
            Self::SeveralTransitions => "wells beyond the end point turn again",
            Self::InvalidInRun => "the end point could hang on a well that cannot be used",
            Self::InvalidWell => "a well away from the end point cannot be used",
            Self::NoValidWells => "no well can be used",
            Self::OpenEnded => "even the last well carries, so the true value lies beyond the scale",
            Self::GrowthControlFailed => "the growth control did not grow",
            Self::SterilityControlFailed => "the sterility control did not stay clear",
        }
    }
}

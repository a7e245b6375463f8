//! `wellread evaluate`: readings against the truth.

mod report;
mod score;
mod totals;
mod truth;

use crate::{
    args::{EXIT_SOME_UNREAD, EvaluateArgs},
    assay_choice,
    eyes::{self, Eyes},
    failure::{Failure, Stop},
    inputs,
    line_up::line_up,
    output, progress,
};
use score::{Score, Seen};
use serde::Serialize;
use std::{collections::BTreeMap, process::ExitCode, time::Instant};
use totals::Totals;
use truth::{Case, Expected};
use wellread_plate::assay::Assay;

/// The assay of pictures whose truth names none.
const DEFAULT_ASSAY: &str = "hi";

#[derive(Serialize)]
struct Scored {
    image: String,
    #[serde(flatten)]
    score: Score,
}

#[derive(Serialize)]
struct Report {
    totals: Totals,
    pictures: Vec<Scored>,
}

/// Runs the command.
pub(crate) fn run(args: &EvaluateArgs) -> Result<ExitCode, Stop> {
    let cases = truth::cases(&args.truth).map_err(|error| Stop::usage("no-truth", format!("{error:#}")))?;
    if cases.is_empty() {
        let wanted = "put NAME.truth.json beside each picture, as `wellread simulate` does";
        return Err(Stop::usage("no-truth", format!("{} holds no truth: {wanted}", args.truth.display())));
    }
    let assays = Assays::of(args, &cases)?;
    let jobs = eyes::jobs(&args.eyes, cases.len());
    let eyes = Eyes::open(&args.eyes, jobs)?;
    let bar = progress::bar("evaluating", cases.len());
    let mut pictures = Vec::new();
    let mut kept = Ok(true);
    line_up(
        &cases,
        jobs,
        |_, case| scored(case, &eyes, &assays),
        |scored| {
            bar.inc(1);
            if !args.json {
                kept = bar.suspend(|| output::print(&report::picture(&scored.image, &scored.score)));
            }
            pictures.push(scored);
            matches!(kept, Ok(true))
        },
    );
    bar.finish_and_clear();
    if !kept? {
        return Ok(ExitCode::SUCCESS);
    }
    let totals = Totals::of(pictures.iter().map(|scored| &scored.score));
    let unusable = totals.unusable;
    let text = if args.json {
        let report = Report { totals, pictures };
        serde_json::to_string(&report).map_err(|error| Stop::Broken(error.into()))? + "\n"
    } else {
        report::totals(&totals)
    };
    output::print(&text)?;
    Ok(if unusable == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_SOME_UNREAD) })
}

/// The assays that pictures are read under.
struct Assays {
    /// For every picture, whatever its truth names.
    forced: Option<Assay>,
    named: BTreeMap<String, Assay>,
    default: Assay,
}

impl Assays {
    fn of(args: &EvaluateArgs, cases: &[Case]) -> Result<Self, Stop> {
        let forced = args.assay.as_deref().map(assay_choice::find).transpose()?;
        let mut named = BTreeMap::new();
        for case in cases {
            if let (None, Ok(Expected::Plate(plate))) = (&forced, &case.expected)
                && let Some(id) = &plate.truth.assay
                && !named.contains_key(id)
            {
                named.insert(id.clone(), assay_choice::find(id)?);
            }
        }
        Ok(Self { forced, named, default: assay_choice::find(DEFAULT_ASSAY)? })
    }

    fn of_case(&self, expected: &Expected) -> &Assay {
        let named = match expected {
            Expected::Plate(plate) => plate.truth.assay.as_ref().and_then(|id| self.named.get(id)),
            Expected::NoPlate => None,
        };
        self.forced.as_ref().or(named).unwrap_or(&self.default)
    }
}

fn scored(case: &Case, eyes: &Eyes, assays: &Assays) -> Scored {
    let expected = match &case.expected {
        Ok(expected) => expected,
        Err(failure) => return Scored { image: case.name.clone(), score: Score::Unusable { error: failure.clone() } },
    };
    let bytes = match inputs::load(&case.picture, eyes.most_bytes()) {
        Ok(bytes) => bytes,
        Err(error) => return Scored { image: case.name.clone(), score: Score::Unusable { error } },
    };
    let assay = assays.of_case(expected);
    let score = eyes::contained(|| score::score(expected, see(eyes, &bytes, assay), assay))
        .unwrap_or_else(|error: Failure| Score::Unusable { error });
    Scored { image: case.name.clone(), score }
}

fn see(eyes: &Eyes, bytes: &[u8], assay: &Assay) -> Seen {
    let begun = Instant::now();
    let sight = eyes.see(bytes, &assay.classes, None).map_err(|unseen| unseen.failure)?;
    Ok((sight.reading, begun.elapsed().as_secs_f64() * 1e3))
}

//! The rule of the summary written a second time, over plain values.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use wellread_plate::{
    summary::{Distribution, summarise},
    titre::{BelowFirst, Dilution},
};

/// A run as far as the summary is concerned.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) number: usize,
    pub(crate) station: usize,
    pub(crate) station_seq: i64,
    pub(crate) sample: String,
    pub(crate) plate: String,
    pub(crate) status: &'static str,
    pub(crate) disposition: &'static str,
    pub(crate) distribution: BTreeMap<u8, u64>,
    /// Which of the scales, if any.
    pub(crate) scale: Option<usize>,
    pub(crate) deleted: bool,
}

pub(crate) const SCALES: [(f64, f64, BelowFirst, Option<f64>); 2] =
    [(2.0, 2.0, BelowFirst::Half, Some(40.0)), (10.0, 1.5, BelowFirst::Exclude, None)];

impl Run {
    pub(crate) fn distribution_json(&self) -> Value {
        Value::Object(
            self.distribution.iter().map(|(end_point, series)| (end_point.to_string(), json!(series))).collect(),
        )
    }

    pub(crate) fn scale_json(&self) -> Option<Value> {
        let (start, fold, below_first, cut_off) = *SCALES.get(self.scale?)?;
        Some(json!({ "dilution": { "start": start, "fold": fold }, "below_first": below_first, "cut_off": cut_off }))
    }
}

/// What a sample's row must be: distribution, statistics, total, counted and the number of the last run.
#[derive(Debug, PartialEq)]
pub(crate) struct Expected {
    pub(crate) distribution: Value,
    pub(crate) statistics: Value,
    pub(crate) total: usize,
    pub(crate) counted: usize,
    pub(crate) last: usize,
}

/// The latest of these: what the station says of its own, between stations what came last.
fn latest<'a>(runs: &[&'a Run]) -> Option<&'a Run> {
    let mut of_station: BTreeMap<usize, &Run> = BTreeMap::new();
    for run in runs {
        let newest = of_station.entry(run.station).or_insert(run);
        if (run.station_seq, run.number) > (newest.station_seq, newest.number) {
            *newest = run;
        }
    }
    of_station.into_values().max_by_key(|run| run.number)
}

pub(crate) fn expected(runs: &[Run], sample: &str) -> Option<Expected> {
    let members: Vec<&Run> =
        runs.iter().filter(|run| run.sample == sample && run.status == "completed" && !run.deleted).collect();
    let last = latest(&members)?.number;
    let mut plates: BTreeMap<&str, Vec<&Run>> = BTreeMap::new();
    for run in members.iter().filter(|run| run.disposition == "accepted") {
        plates.entry(&run.plate).or_default().push(run);
    }
    let counted: Vec<&Run> = plates.values().filter_map(|runs| latest(runs)).collect();
    let mut distribution = Distribution::default();
    for run in &counted {
        distribution.merge(&run.distribution.iter().map(|(end_point, series)| (*end_point, *series)).collect());
    }
    let scale = counted.first().and_then(|first| first.scale);
    let statistics = match scale.and_then(|scale| SCALES.get(scale)) {
        Some((start, fold, below_first, cut_off)) if counted.iter().all(|run| run.scale == scale) => {
            json!(summarise(&distribution, &Dilution { start: *start, fold: *fold }, *below_first, *cut_off))
        }
        _ => Value::Null,
    };
    Some(Expected { distribution: json!(distribution), statistics, total: members.len(), counted: counted.len(), last })
}

/// Whether two objects say the same, numbers to the last digits but two.
pub(crate) fn alike(one: &Value, other: &Value) -> bool {
    let close = |a: f64, b: f64| (a - b).abs() <= 1e-12 * a.abs().max(b.abs()).max(1.0);
    let within = |a: &Map<String, Value>, b: &Map<String, Value>| {
        a.len() == b.len() && a.iter().all(|(key, value)| b.get(key).is_some_and(|found| alike(value, found)))
    };
    match (one, other) {
        (Value::Number(a), Value::Number(b)) => a.as_f64().zip(b.as_f64()).is_some_and(|(a, b)| close(a, b)),
        (Value::Object(a), Value::Object(b)) => within(a, b),
        _ => one == other,
    }
}

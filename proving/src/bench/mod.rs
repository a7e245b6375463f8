//! The figures of the sync, with hub, PostgreSQL and stations on the same cores.

mod backlog;
mod blobs;
mod feed;
mod quiet;
mod straight;
mod swarm;

use serde_json::{Map, Value, json};
use std::{fmt, time::Instant};

/// How large everything is.
#[derive(Clone, Copy, Debug)]
pub struct Sizes {
    /// Runs of the backlog.
    pub runs: u64,
    /// Simulated stations.
    pub stations: u64,
    /// Within how many seconds they reconnect.
    pub within_s: f64,
    /// Pictures.
    pub blobs: u64,
    /// Bytes of each.
    pub blob_bytes: usize,
    /// Rows of the feed.
    pub feed_rows: u64,
    /// Plates recorded while the network is bad.
    pub plates: u64,
}

impl Sizes {
    /// As the figures are asked for.
    pub const WHOLE: Self = Self {
        runs: 10_000,
        stations: 1_000,
        within_s: 60.0,
        blobs: 500,
        blob_bytes: 1_800_000,
        feed_rows: 100_000,
        plates: 400,
    };
    /// To see that it works.
    pub const QUICK: Self =
        Self { runs: 500, stations: 60, within_s: 4.0, blobs: 40, blob_bytes: 1_800_000, feed_rows: 4_000, plates: 60 };
}

/// A figure.
#[derive(Clone, Debug)]
pub struct Figure {
    /// What.
    pub name: &'static str,
    /// How much.
    pub value: f64,
    /// Of what.
    pub unit: &'static str,
    /// What is asked for; `None` where it is only told.
    pub at_most: Option<f64>,
    /// The same for what must not be less.
    pub at_least: Option<f64>,
}

impl Figure {
    fn told(name: &'static str, value: f64, unit: &'static str) -> Self {
        Self { name, value, unit, at_most: None, at_least: None }
    }

    fn at_most(name: &'static str, value: f64, unit: &'static str, limit: f64) -> Self {
        Self { at_most: Some(limit), ..Self::told(name, value, unit) }
    }

    fn at_least(name: &'static str, value: f64, unit: &'static str, limit: f64) -> Self {
        Self { at_least: Some(limit), ..Self::told(name, value, unit) }
    }

    /// Whether it is what is asked for.
    pub fn is_reached(&self) -> bool {
        self.at_most.is_none_or(|limit| self.value <= limit) && self.at_least.is_none_or(|limit| self.value >= limit)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let asked = match (self.at_most, self.at_least) {
            (Some(limit), _) => format!("<= {limit}"),
            (_, Some(limit)) => format!(">= {limit}"),
            _ => String::new(),
        };
        let reached = if asked.is_empty() {
            ""
        } else if self.is_reached() {
            "reached"
        } else {
            "MISSED"
        };
        write!(f, "{:<52} {:>12.3} {:<9} {:>9}  {reached}", self.name, self.value, self.unit, asked)
    }
}

/// All figures as one object.
pub fn as_json(figures: &[Figure]) -> Value {
    let one = |figure: &Figure| {
        let key = format!("{} [{}]", figure.name, figure.unit);
        (key, json!(figure.value))
    };
    Value::Object(figures.iter().map(one).collect::<Map<_, _>>())
}

/// A part of the bench: what it measures.
type Part = fn(Sizes, &dyn Fn(&str)) -> anyhow::Result<Vec<Figure>>;

/// The parts by name.
pub const PARTS: [(&str, Part); 5] = [
    ("backlog", backlog::measure),
    ("swarm", swarm::measure),
    ("blobs", blobs::measure),
    ("feed", feed::measure),
    ("quiet", quiet::measure),
];

fn timed<T>(work: impl FnOnce() -> anyhow::Result<T>) -> anyhow::Result<(T, f64)> {
    let began = Instant::now();
    let done = work()?;
    Ok((done, began.elapsed().as_secs_f64()))
}

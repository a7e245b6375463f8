//! The faults, one case each. A case fails where station and hub do not find together again, and the rows tell the rest.

mod content;
mod history;
mod power;
mod time;
mod weather;

use crate::checker::Found;
use std::time::{Duration, Instant};
use wellread_testdb::Postgres;

/// How much of a case is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// All of it.
    Whole,
    /// As much as a test has time for.
    Test,
}

impl Size {
    /// This many, or that many where there is little time.
    pub(crate) const fn of(self, whole: u64, test: u64) -> u64 {
        match self {
            Self::Whole => whole,
            Self::Test => test,
        }
    }
}

/// What came of a case.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// How many times something was done to it.
    pub runs: u64,
    /// What the comparisons found.
    pub found: Found,
}

impl Outcome {
    /// Adds a comparison.
    pub(crate) fn add(&mut self, found: Found) {
        self.found.add(found);
    }
}

/// What a case is tried on.
#[derive(Clone, Copy, Debug)]
pub struct Given<'a> {
    /// The cluster.
    pub server: &'a Postgres,
    /// What chance is drawn from.
    pub seed: u64,
    /// How much is tried.
    pub size: Size,
}

/// A case.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Its name.
    pub name: &'static str,
    /// What is done.
    pub what: &'static str,
    run: fn(Given<'_>) -> anyhow::Result<Outcome>,
}

/// A case that was run.
#[derive(Debug)]
pub struct Ran {
    /// Which.
    pub case: Case,
    /// What came of it.
    pub outcome: anyhow::Result<Outcome>,
    /// How long it took.
    pub took: Duration,
}

impl Case {
    /// Runs it.
    pub fn run(self, given: Given<'_>) -> Ran {
        let began = Instant::now();
        let outcome = (self.run)(given);
        Ran { case: self, outcome, took: began.elapsed() }
    }

    /// The case of this name.
    pub fn named(name: &str) -> Option<Self> {
        ALL.into_iter().find(|case| case.name == name)
    }
}

/// Every case.
pub const ALL: [Case; 18] = [
    Case {
        name: "answers-lost",
        what: "every answer is lost once after the hub has committed",
        run: weather::answers_lost,
    },
    Case { name: "requests-cut", what: "requests cut at every class of byte boundaries", run: weather::requests_cut },
    Case { name: "answers-cut", what: "answers cut at every class of byte boundaries", run: weather::answers_cut },
    Case {
        name: "doubled",
        what: "every request arrives twice, one after the other and at once",
        run: weather::doubled,
    },
    Case { name: "reordered", what: "pushes arrive after the ones that came later", run: weather::reordered },
    Case { name: "latency", what: "answers take seconds", run: weather::latency },
    Case { name: "storm", what: "proxies answer with 5xx and 429", run: weather::storm },
    Case {
        name: "quiet-retry",
        what: "the last retry comes by itself, without a new record",
        run: weather::quiet_retry,
    },
    Case { name: "any-weather", what: "all of it by chance, several stations at once", run: weather::any_weather },
    Case { name: "hub-killed", what: "the hub dies at every named place, and by SIGKILL", run: power::hub_killed },
    Case {
        name: "database-stopped",
        what: "PostgreSQL stops, is killed, and comes back",
        run: power::database_stopped,
    },
    Case { name: "hub-restored", what: "the hub goes on from yesterday's backup", run: history::hub_restored },
    Case { name: "disk-cloned", what: "two stations go on with one log", run: history::disk_cloned },
    Case { name: "station-restored", what: "a station goes on from its backup", run: history::station_restored },
    Case { name: "clock-wrong", what: "a station's clock is a year off, both ways", run: time::clock_wrong },
    Case {
        name: "token-expired",
        what: "a token ends on the way, and after weeks without contact",
        run: time::token_expired,
    },
    Case { name: "poison", what: "records that can be no rows among good ones", run: content::poison },
    Case {
        name: "boundaries",
        what: "batches and pages of exactly as much as may be, one less, one more",
        run: content::boundaries,
    },
];

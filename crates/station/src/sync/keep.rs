//! Round after round, beside whatever else the station does: when the next one is due, and how the way to headquarters is.

use super::{Budget, Engine, backoff::planned_by_a_wrong_clock, trust};
use crate::Station;
use std::{
    fs,
    path::PathBuf,
    thread,
    time::{Duration, Instant, SystemTime},
};
use wellread_store::{Connection, Direction, HealthStatus, SyncState as Row};

/// How often it is looked whether something is to be told.
const LOOK: Duration = Duration::from_millis(500);
/// Between two looks whether all is to end.
const STOP_LOOK: Duration = Duration::from_millis(50);
/// For how long a round is at one thing while others wait.
const EACH: Duration = Duration::from_secs(20);
/// Between two rounds at least, where headquarters take nothing from here: a person must do something first.
const SHUT_OUT_EVERY: Duration = Duration::from_mins(5);
/// Between two rounds at least, while plates come in: what comes within it goes together.
const TOGETHER: Duration = Duration::from_secs(2);

/// For how long settings that cannot be used are left alone, in milliseconds.
const UNUSABLE_MS: i64 = 60_000;

/// How the way to headquarters is.
pub(crate) type News = (HealthStatus, String);

/// What decides whether a round is due.
struct Look {
    connection: Connection,
    uplink: Row,
    pending: u64,
    every: Duration,
    /// Where headquarters are, if anywhere.
    way: Option<Way>,
}

/// Where headquarters are, by which enrolment, and who vouches for them.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Way {
    hub_url: String,
    enrolled_ms: Option<i64>,
    ca_file: Option<PathBuf>,
    /// When that file last changed, and its length then: a renewed one is heeded at once.
    ca_changed: Option<(SystemTime, u64)>,
}

/// What is kept from round to round.
#[derive(Default)]
struct Pace {
    last_round: Option<Instant>,
    more: bool,
    asked: Option<i64>,
    /// The way of the last round: what was put off there says nothing about another.
    way: Option<Way>,
}

/// Why a round is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    No,
    Yes,
    /// Somebody asked for it, or the way is another one: what was put off after a failure is done too.
    Asked,
}

impl Station {
    /// Speaks to headquarters whenever there is something to be told or heard, until it is to stop. Whatever happens there,
    /// nothing of it reaches the caller.
    pub fn keep_syncing(&self, stop: &(dyn Fn() -> bool + Sync)) {
        self.keep_syncing_and_tell(stop, &mut |_| {});
    }

    /// The same; tells how the way is after each round, and when a person has changed something about it.
    pub(crate) fn keep_syncing_and_tell(&self, stop: &(dyn Fn() -> bool + Sync), tell: &mut dyn FnMut(News)) {
        let mut pace = Pace::default();
        while rests(stop) {
            // A database that does not answer is told by those who need it more.
            let Ok(look) = self.look() else { continue };
            let Some(way) = &look.way else {
                self.tell_changed(&look, &mut pace, tell);
                continue;
            };
            // A certificate that cannot be read, say: told, and looked at again after a while, when it is another one, or
            // when somebody asks.
            if pace.due(&look, self.clock().now().utc_ms) == Due::No {
                self.tell_changed(&look, &mut pace, tell);
                continue;
            }
            let made = trust::open(&way.hub_url, way.ca_file.as_deref()).and_then(|http| {
                let engine = Engine::new(self, &http, stop)?;
                self.keep_with(&engine, way, &mut pace, tell, stop);
                Ok(())
            });
            if let Err(error) = made {
                pace.done(false, &look);
                let next_ms = self.clock().now().utc_ms + UNUSABLE_MS;
                let told = format!("{error:#}");
                let _ = self.write(|writing| Ok(writing.note_sync_failure(Direction::Uplink, &told, next_ms)?));
                self.tell_news(tell);
            }
        }
    }

    /// Rounds over one connection, until it is to stop or leads elsewhere: a token is good for many.
    fn keep_with(
        &self,
        engine: &Engine<'_>,
        way: &Way,
        pace: &mut Pace,
        tell: &mut dyn FnMut(News),
        stop: &(dyn Fn() -> bool + Sync),
    ) {
        loop {
            if let Ok(look) = self.look() {
                if look.way.as_ref() != Some(way) {
                    return;
                }
                let due = pace.due(&look, self.clock().now().utc_ms);
                if due == Due::No {
                    self.tell_changed(&look, pace, tell);
                } else {
                    let budget = Budget { each: EACH, whatever_failed: due == Due::Asked };
                    let more = engine.round(budget).is_ok_and(|report| report.more);
                    pace.done(more, &look);
                    self.tell_news(tell);
                }
            }
            if !rests(stop) {
                return;
            }
        }
    }

    /// Tells how the way is when a person has changed something about it.
    fn tell_changed(&self, look: &Look, pace: &mut Pace, tell: &mut dyn FnMut(News)) {
        if pace.asked.replace(look.connection.asked) != Some(look.connection.asked) {
            self.tell_news(tell);
        }
    }

    fn look(&self) -> anyhow::Result<Look> {
        let settings = self.settings()?.sync;
        self.read(|reading| {
            let connection = reading.sync_connection()?;
            Ok(Look {
                way: Way::of(&connection, settings.ca_file),
                connection,
                uplink: reading.sync_state(Direction::Uplink)?,
                pending: reading.pending()?.records,
                every: Duration::from_secs(u64::from(settings.every_s)),
            })
        })
    }

    fn tell_news(&self, tell: &mut dyn FnMut(News)) {
        if let Ok(news) = self.sync_news() {
            tell(news);
        }
    }

    /// How the way to headquarters is, without figures that change all the time.
    pub(crate) fn sync_news(&self) -> anyhow::Result<News> {
        self.read(|reading| {
            let connection = reading.sync_connection()?;
            let mut error = None;
            for direction in [Direction::Uplink, Direction::Downlink, Direction::Blobs] {
                error = error.or(reading.sync_state(direction)?.last_error);
            }
            let left = reading.left_items(1)?.into_iter().next();
            Ok(if connection.enrolled.is_none() {
                (HealthStatus::Healthy, String::new())
            } else if !connection.revoked.is_empty() {
                (HealthStatus::Unhealthy, format!("headquarters no longer know this station: {}", connection.revoked))
            } else if !connection.fenced.is_empty() && connection.take_over.is_empty() {
                (HealthStatus::Unhealthy, format!("headquarters take no records of this copy: {}", connection.fenced))
            } else if !connection.paused.is_empty() {
                (HealthStatus::Degraded, format!("paused: {}", connection.paused))
            } else if let Some(error) = error {
                (HealthStatus::Degraded, error)
            } else if connection.rejected_total > 0 {
                let told = "headquarters have put records of this station aside: `wellread status` names them";
                (HealthStatus::Degraded, told.to_owned())
            } else if let Some(left) = left {
                let told = format!("headquarters' {} {} cannot be taken up: {}", left.kind, left.key, left.reason);
                (HealthStatus::Degraded, told)
            } else {
                (HealthStatus::Healthy, String::new())
            })
        })
    }
}

impl Way {
    fn of(connection: &Connection, ca_file: Option<PathBuf>) -> Option<Self> {
        let hub_url = connection.enrolled.as_ref()?.hub_url.clone();
        let found = ca_file.as_ref().and_then(|path| fs::metadata(path).ok());
        let ca_changed = found.and_then(|found| Some((found.modified().ok()?, found.len())));
        Some(Self { hub_url, enrolled_ms: connection.enrolled_ms, ca_file, ca_changed })
    }
}

impl Pace {
    fn done(&mut self, more: bool, look: &Look) {
        let (asked, way) = (Some(look.connection.asked), look.way.clone());
        *self = Self { last_round: Some(Instant::now()), more, asked, way };
    }

    fn due(&self, look: &Look, now_ms: i64) -> Due {
        let connection = &look.connection;
        if connection.enrolled.is_none() || !connection.paused.is_empty() {
            return Due::No;
        }
        let is_another_way = self.way.is_some() && self.way != look.way;
        if is_another_way || self.asked.is_some_and(|asked| asked != connection.asked) {
            return Due::Asked;
        }
        let since = self.last_round.map(|at| at.elapsed());
        let at_least = |wait: Duration| since.is_none_or(|since| since >= wait);
        let shut_out =
            !connection.revoked.is_empty() || (!connection.fenced.is_empty() && connection.take_over.is_empty());
        let is_due = if shut_out {
            at_least(SHUT_OUT_EVERY)
        } else if let Some(next_ms) = look.uplink.next_attempt_ms {
            let planned_ms = next_ms - look.uplink.last_attempt_ms.unwrap_or(next_ms);
            let waited = since.is_some_and(|since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX) >= planned_ms);
            next_ms <= now_ms || waited || planned_by_a_wrong_clock(next_ms, now_ms)
        } else {
            self.more || at_least(look.every) || (look.pending > 0 && at_least(TOGETHER))
        };
        if is_due { Due::Yes } else { Due::No }
    }
}

/// Waits for the next look; false when all is to end.
fn rests(stop: &(dyn Fn() -> bool + Sync)) -> bool {
    let until = Instant::now() + LOOK;
    while Instant::now() < until {
        if stop() {
            return false;
        }
        thread::sleep(STOP_LOOK);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::folder::put_file;
    use wellread_store::Enrolment;

    fn look(change: impl FnOnce(&mut Look)) -> Look {
        let with = Enrolment {
            hub_url: "http://hub".to_owned(),
            hub_name: String::new(),
            org_id: String::new(),
            org_name: String::new(),
        };
        let mut look = Look {
            connection: Connection { enrolled: Some(with), ..Connection::default() },
            uplink: Row {
                direction: Direction::Uplink,
                epoch: String::new(),
                incarnation: 1,
                acked_seq: 0,
                feed_seq: 0,
                last_success_ms: None,
                last_attempt_ms: None,
                last_error: None,
                attempts: 0,
                next_attempt_ms: None,
            },
            pending: 0,
            every: Duration::from_secs(30),
            way: None,
        };
        change(&mut look);
        look
    }

    fn just_now() -> Pace {
        Pace { last_round: Some(Instant::now()), more: false, asked: Some(0), way: None }
    }

    #[test]
    fn a_round_is_due_when_something_is_to_be_told_or_heard() {
        assert_eq!(Pace::default().due(&look(|_| {}), 0), Due::Yes, "at the start");
        assert_eq!(just_now().due(&look(|_| {}), 0), Due::No, "not right after one");
        assert_eq!(just_now().due(&look(|l| l.every = Duration::ZERO), 0), Due::Yes, "but when the time has come");
        assert_eq!(just_now().due(&look(|l| l.connection.asked = 1), 0), Due::Asked, "and when somebody asks");
        assert_eq!(Pace { more: true, ..just_now() }.due(&look(|_| {}), 0), Due::Yes, "or when it was not the end");
        let earlier = Pace { last_round: Instant::now().checked_sub(TOGETHER), ..just_now() };
        assert_eq!(earlier.due(&look(|l| l.pending = 1), 0), Due::Yes, "and soon when a plate came in");
    }

    #[test]
    fn a_failure_is_waited_for_and_a_wrong_clock_is_not() {
        let failed = |next_ms: i64| {
            look(|l| {
                l.pending = 5;
                (l.uplink.last_attempt_ms, l.uplink.next_attempt_ms) = (Some(1_000), Some(next_ms));
            })
        };
        assert_eq!(just_now().due(&failed(9_000), 2_000), Due::No, "new records do not hurry it");
        assert_eq!(just_now().due(&failed(9_000), 9_000), Due::Yes, "the timer does, with nothing written meanwhile");
        let waited = Pace { last_round: Instant::now().checked_sub(Duration::from_secs(9)), ..just_now() };
        assert_eq!(
            waited.due(&failed(9_000), -50_000),
            Due::Yes,
            "by the time that has passed, whatever the clock shows"
        );
        assert_eq!(Pace::default().due(&failed(9_000_000_000), 2_000), Due::Yes, "years away was another clock");
    }

    #[test]
    fn another_way_waits_for_no_failure_of_the_one_before() {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("authority.pem");
        let failed = |paused: &str| {
            look(|l| {
                l.connection.paused = paused.to_owned();
                l.way = Way::of(&l.connection, Some(file.clone()));
                (l.uplink.last_attempt_ms, l.uplink.next_attempt_ms) = (Some(1_000), Some(61_000));
            })
        };
        let mut pace = Pace::default();
        for (what, text) in [("a file that is there now", "half"), ("one that has changed", "all of it")] {
            pace.done(false, &failed(""));
            assert_eq!(pace.due(&failed(""), 2_000), Due::No, "the same way has its wait");
            put_file(&file, text.as_bytes()).unwrap();
            assert_eq!(pace.due(&failed("lunch"), 2_000), Due::No, "a pause holds, {what}");
            assert_eq!(pace.due(&failed(""), 2_000), Due::Asked, "{what} is tried at once");
        }
        let other = look(|l| {
            l.connection.enrolled_ms = Some(5);
            l.way = Way::of(&l.connection, Some(file.clone()));
        });
        assert_eq!(pace.due(&other, 2_000), Due::Asked, "so is another enrolment");
    }

    #[test]
    fn nothing_goes_where_nothing_may() {
        let paused = look(|l| (l.connection.paused, l.connection.asked) = ("lunch".to_owned(), 1));
        assert_eq!(just_now().due(&paused, 0), Due::No, "a person paused it, and goes before who asks");
        assert_eq!(Pace::default().due(&look(|l| l.connection.enrolled = None), 0), Due::No, "nobody to speak to");
        let fenced = |why: &str| {
            look(|l| {
                (l.connection.fenced, l.connection.take_over) = ("fork".to_owned(), why.to_owned());
                (l.pending, l.every) = (9, Duration::ZERO);
            })
        };
        assert_eq!(just_now().due(&fenced(""), 0), Due::No, "a person must decide first");
        assert_eq!(just_now().due(&fenced("this one"), 0), Due::Yes, "and has");
    }
}

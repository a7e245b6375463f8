//! What changes, as it changes: server-sent events over `org_change`.
//!
//! A change is told once its transaction is committed, in the order of its number, without gap or repeat: the table is
//! asked every few seconds, and `PostgreSQL`'s notification is only a hint to ask at once. Whoever comes back with the
//! `Last-Event-ID` of the last event goes on after it.

use super::{
    RUN_READ,
    ask::{Asked, written},
    sql::{Sql, get},
};
use crate::{
    Answer, Hub, Problem,
    auth::caller::Caller,
    db::DbError,
    news::{Hint, Waiting},
};
use axum::{
    Extension,
    extract::State,
    http::{HeaderMap, HeaderName, StatusCode},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
};
use chrono::{DateTime, Utc};
use futures_util::Stream;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};
use uuid::Uuid;
use wellread_wire::problem::code;

/// The most streams of one organization at one node: each asks the database now and then.
const MOST_STREAMS: usize = 50;
/// How often the table is asked without a hint.
const POLL: Duration = Duration::from_secs(4);
/// How often at most, whatever the hints: a thousand stations that come back at once are one look.
const GAP: Duration = Duration::from_millis(250);
/// How often a comment is sent, so that proxies and dead connections are noticed.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// Changes read at once.
const MOST_CHANGES: u32 = 200;

/// Where to go on.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct EventsAsked {
    /// The id of the last event seen, where `Last-Event-ID` cannot be sent.
    pub after: Option<String>,
}

/// Something of the organization changed: the data of an event `change`.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Change {
    /// Its number, from 1 without gaps.
    pub seq: i64,
    /// When.
    #[schema(format = DateTime)]
    pub at: String,
    /// The station it came from; null for headquarters.
    pub station_id: Option<Uuid>,
    /// What it is about: `run`, `sample`, `station`, `interface-file`, …
    pub kinds: Vec<String>,
    /// The runs it is about.
    pub run_ids: Vec<Uuid>,
}

/// Seats of streams, by organization.
#[derive(Clone, Debug, Default)]
struct Streams(Arc<Mutex<HashMap<Uuid, usize>>>);

/// A stream's seat; dropped, another may have it.
struct Seat {
    streams: Streams,
    org: Uuid,
}

impl Streams {
    fn seat(&self, org: Uuid) -> Answer<Seat> {
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_org = taken.entry(org).or_default();
        if *of_org >= MOST_STREAMS {
            let told = format!("the organization has {MOST_STREAMS} live views open here already: close one, or wait");
            let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, code::SLOW_DOWN, told);
            return Err(Problem { retry_after_s: Some(30), ..problem });
        }
        *of_org += 1;
        Ok(Seat { streams: self.clone(), org })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.streams.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_org) = taken.get_mut(&self.org) {
            *of_org -= 1;
            if *of_org == 0 {
                taken.remove(&self.org);
            }
        }
    }
}

/// A place in the changes of a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    epoch: Uuid,
    seq: i64,
}

impl Place {
    fn written(self) -> String {
        format!("{}/{}", self.epoch, self.seq)
    }

    fn read(text: &str) -> Option<Self> {
        let (epoch, seq) = text.split_once('/')?;
        let seq = seq.parse().ok().filter(|seq| *seq >= 0)?;
        Some(Self { epoch: epoch.parse().ok()?, seq })
    }
}

/// What the table says: where the changes end, read before the changes after a place.
struct Seen {
    head: Place,
    changes: Vec<Change>,
}

async fn look(hub: &Hub, caller: &Caller, after: Option<i64>) -> Answer<Seen> {
    let tx = caller.begin(hub, RUN_READ).await?;
    // The epoch with it: the database may have taken a new one since this node began.
    let counter = "SELECT h.epoch, coalesce(c.change_seq, 0) AS change_seq FROM public.hub_state h
        LEFT JOIN microplates.org_counter c ON";
    let rows = Sql::new(counter).with(" c.org_id = ?", caller.org).query(&tx).await?;
    let row = rows.first().ok_or_else(|| anyhow::anyhow!("the database has no epoch"))?;
    let head = Place { epoch: get(row, "epoch")?, seq: get(row, "change_seq")? };
    let changes = match after {
        Some(after) => changes(caller.org, after).query(&tx).await?,
        None => Vec::new(),
    };
    tx.commit().await?;
    Ok(Seen { head, changes: changes.iter().map(change).collect::<Result<_, _>>()? })
}

/// The statement for changes after a place.
pub fn changes(org: Uuid, after: i64) -> Sql {
    Sql::new("SELECT seq, at, station_id, kinds, run_ids FROM microplates.org_change WHERE")
        .with(" org_id = ?", org)
        .with(" AND seq > ?", after)
        .then(" ORDER BY seq")
        .limit(MOST_CHANGES)
}

fn change(row: &Row) -> Result<Change, DbError> {
    Ok(Change {
        seq: get(row, "seq")?,
        at: written(get::<DateTime<Utc>>(row, "at")?),
        station_id: get(row, "station_id")?,
        kinds: get(row, "kinds")?,
        run_ids: get(row, "run_ids")?,
    })
}

/// What to tell after a look.
#[derive(Debug, PartialEq)]
enum Told {
    /// These, in order; the place moves on to the last.
    Changes(Vec<Change>),
    /// What is between the place and here cannot be told any more: read the lists again, and go on from here.
    Reset(Place),
}

fn told(place: Place, seen: Seen) -> Told {
    let whole = match seen.changes.first() {
        Some(first) => first.seq == place.seq + 1,
        None => seen.head.seq == place.seq,
    };
    if whole && seen.head.epoch == place.epoch { Told::Changes(seen.changes) } else { Told::Reset(seen.head) }
}

fn event(name: &str, place: Place, data: &impl Serialize) -> Event {
    let event = Event::default().event(name).id(place.written());
    // Numbers, texts and ids: there is always JSON for them.
    event.json_data(data).unwrap_or_default()
}

/// Waits for a hint or the next look.
async fn wait(news: &mut Waiting, looked: Instant) {
    let _ = timeout(POLL, news.heard()).await;
    sleep_until(looked + GAP).await;
}

/// The events of a stream after its first look. It has no end of its own but that of the caller's rights; that of the hub
/// comes from outside ([`crate::http`]).
fn stream(
    hub: Hub,
    caller: Caller,
    seat: Seat,
    mut news: Waiting,
    (first, start): (Event, Place),
) -> impl Stream<Item = Result<Event, Infallible>> + Send {
    async_stream::stream! {
        let _seat = seat;
        let mut place = start;
        yield Ok(first);
        loop {
            let looked = Instant::now();
            match look(&hub, &caller, Some(place.seq)).await {
                Ok(seen) => match told(place, seen) {
                    Told::Changes(changes) => {
                        let many = changes.len() == MOST_CHANGES as usize;
                        for change in changes {
                            place.seq = change.seq;
                            yield Ok(event("change", place, &change));
                        }
                        if many {
                            continue;
                        }
                    }
                    Told::Reset(head) => {
                        place = head;
                        yield Ok(reset(place));
                    }
                },
                Err(why) if matches!(why.status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) => {
                    yield Ok(event("end", place, &json!({ "code": why.code, "detail": why.detail })));
                    break;
                }
                // The database comes back; the place is kept.
                Err(_) => {}
            }
            wait(&mut news, looked).await;
        }
    }
}

fn reset(place: Place) -> Event {
    let told = "changes were missed that are no longer kept: read the lists again";
    event("reset", place, &json!({ "seq": place.seq, "detail": told }))
}

/// Where the caller saw the last event, if it says.
fn last_seen(headers: &HeaderMap, asked: &EventsAsked) -> Answer<Option<Place>> {
    let header = headers.get("last-event-id").map(|value| value.to_str().unwrap_or("?"));
    let Some(text) = header.or(asked.after.as_deref()).filter(|text| !text.is_empty()) else { return Ok(None) };
    let wrong =
        || Problem::invalid("Last-Event-ID is none of this stream: send the id of the last event as it came, or none");
    Place::read(text).ok_or_else(wrong).map(Some)
}

/// What changes, as it changes. First comes `ready` (or `reset`, where the place given can no longer be gone on from),
/// then a `change` each; `end` says that the caller may no longer look.
#[utoipa::path(
    get,
    path = "/v1/events",
    tag = "read",
    security(("person" = [])),
    params(
        EventsAsked,
        ("Last-Event-ID" = Option<String>, Header, description = "The id of the last event seen"),
    ),
    responses(
        (status = 200, description = "Events; the data of a `change` is as given here",
            content_type = "text/event-stream", body = Change),
        (status = 400, description = "A place that makes no sense"),
        (status = 401, description = "No good token"),
        (status = 403, description = "Needs run:read"),
        (status = 429, description = "The organization has too many streams open"),
    )
)]
async fn watch_events(
    State(hub): State<Hub>,
    caller: Caller,
    Extension(streams): Extension<Streams>,
    headers: HeaderMap,
    Asked(asked): Asked<EventsAsked>,
) -> Answer<Response> {
    let after = last_seen(&headers, &asked)?;
    // Before the first look, so that no hint is missed between the two.
    let news = hub.news.wait_for(Hint::Change(caller.org));
    let head = look(&hub, &caller, None).await?.head;
    let seat = streams.seat(caller.org)?;
    let ready = |place: Place| (event("ready", place, &json!({ "seq": place.seq })), place);
    let first = match after {
        None => ready(head),
        // What was missed follows after the first look.
        Some(after) if after.epoch == head.epoch && after.seq <= head.seq => ready(after),
        Some(_) => (reset(head), head),
    };
    let stream = stream(hub, caller, seat, news, first);
    let headers = [(HeaderName::from_static("x-accel-buffering"), "no")];
    let beat = KeepAlive::new().interval(HEARTBEAT).text("still here");
    Ok((headers, Sse::new(stream).keep_alive(beat)).into_response())
}

/// The path of this part, with the seats of its streams.
pub(super) fn routes() -> OpenApiRouter<Hub> {
    OpenApiRouter::new().routes(routes!(watch_events)).layer(Extension(Streams::default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(seq: i64) -> Place {
        Place { epoch: Uuid::from_u128(1), seq }
    }

    fn seen(head: i64, seqs: &[i64]) -> Seen {
        let of = |seq: &i64| Change {
            seq: *seq,
            at: String::new(),
            station_id: None,
            kinds: Vec::new(),
            run_ids: Vec::new(),
        };
        Seen { head: place(head), changes: seqs.iter().map(of).collect() }
    }

    #[test]
    fn a_gap_is_told_and_never_passed_over() {
        let told_at = |at: i64, seen: Seen| told(place(at), seen);
        assert_eq!(told_at(7, seen(7, &[])), Told::Changes(Vec::new()), "nothing new");
        assert!(
            matches!(told_at(7, seen(8, &[8, 9])), Told::Changes(new) if new.len() == 2),
            "one came between the two looks"
        );
        assert_eq!(told_at(7, seen(12, &[11, 12])), Told::Reset(place(12)), "8 to 10 are no longer kept");
        assert_eq!(told_at(7, seen(12, &[])), Told::Reset(place(12)), "none of them is");
        assert_eq!(told_at(7, seen(5, &[])), Told::Reset(place(5)), "the database is an older one than the place");
        let before = Place { epoch: Uuid::from_u128(2), seq: 7 };
        assert_eq!(told(before, seen(8, &[8])), Told::Reset(place(8)), "8 is another change in another history");
    }

    #[test]
    fn a_place_is_read_as_it_was_written() {
        let place = Place { epoch: Uuid::from_u128(5), seq: 12 };
        assert_eq!(Place::read(&place.written()), Some(place), "as it came");
        for wrong in
            ["", "12", "x/12", "00000000-0000-0000-0000-000000000005/-1", "00000000-0000-0000-0000-000000000005/"]
        {
            assert_eq!(Place::read(wrong), None, "{wrong:?} is no place");
        }
    }

    #[test]
    fn a_seat_is_free_again_when_its_stream_has_ended() {
        let (streams, org) = (Streams::default(), Uuid::from_u128(1));
        let seats: Vec<Seat> = (0..MOST_STREAMS).map(|_| streams.seat(org).unwrap()).collect();
        let full = streams.seat(org).err().unwrap();
        assert_eq!(full.status, StatusCode::TOO_MANY_REQUESTS, "no more than that many");
        assert!(streams.seat(Uuid::from_u128(2)).is_ok(), "another organization has its own");
        drop(seats);
        assert!(streams.seat(org).is_ok(), "all are free again");
        assert!(streams.0.lock().unwrap().is_empty(), "nothing is kept of those that have gone");
    }
}

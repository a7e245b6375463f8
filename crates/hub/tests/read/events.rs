//! Live updates.

use crate::house::{House, Org};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use std::time::Duration;
use tokio::time::timeout;
use wellread_hub::news::Hint;

/// An event as it came.
#[derive(Debug)]
struct Event {
    id: String,
    name: String,
    data: Value,
}

/// A stream, read event by event.
struct Stream {
    response: Response,
    text: String,
}

impl Stream {
    async fn open(house: &House, org: &Org, last: Option<&str>) -> Self {
        let request = house.get(&org.token, "/v1/events");
        let request = last.into_iter().fold(request, |request, last| request.header("Last-Event-ID", last));
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), StatusCode::OK, "a stream begins");
        Self { response, text: String::new() }
    }

    /// The next event; `None` at the end. Comments are passed over.
    async fn next(&mut self) -> Option<Event> {
        timeout(Duration::from_secs(20), self.read()).await.expect("an event or the end within 20 s")
    }

    async fn read(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.text.split_once("\n\n") {
                let field = |name: &str| {
                    let line = block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
                    line.map(|value| value.strip_prefix(' ').unwrap_or(value).to_owned())
                };
                let event = field("event").map(|name| Event {
                    name,
                    id: field("id").unwrap_or_default(),
                    data: serde_json::from_str(&field("data").unwrap_or_default()).unwrap(),
                });
                self.text = String::from(rest);
                match event {
                    Some(event) => return Some(event),
                    None => continue,
                }
            }
            let part = self.response.chunk().await.ok()??;
            self.text.push_str(std::str::from_utf8(&part).unwrap());
        }
    }

    async fn changes(&mut self, count: usize) -> Vec<Event> {
        let mut changes = Vec::new();
        while changes.len() < count {
            let event = self.next().await.expect("the stream goes on");
            assert_eq!(event.name, "change", "{event:?}");
            changes.push(event);
        }
        changes
    }
}

/// Something changes, as it does when a batch is taken.
async fn change(house: &House, org: &Org, kind: &str) {
    house
        .sql(&format!(
            "WITH next AS (UPDATE microplates.org_counter SET change_seq = change_seq + 1 WHERE org_id = '{0}'
               RETURNING change_seq)
             INSERT INTO microplates.org_change (org_id, seq, kinds) SELECT '{0}', change_seq, ARRAY['{kind}'] FROM next",
            org.id
        ))
        .await;
}

fn seqs(events: &[Event]) -> Vec<i64> {
    events.iter().map(|event| event.data["seq"].as_i64().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_comes_back_misses_nothing_and_sees_nothing_twice() {
    let house = House::open().await;
    let (org, other) = (house.org("lab").await, house.org("other").await);
    change(&house, &org, "before").await;
    let mut stream = Stream::open(&house, &org, None).await;
    let ready = stream.next().await.unwrap();
    assert_eq!((ready.name.as_str(), &ready.data["seq"]), ("ready", &1.into()), "what was before is no news");
    for n in 2..=4 {
        change(&house, &org, &format!("kind{n}")).await;
        change(&house, &other, "not ours").await;
    }
    let first = stream.changes(3).await;
    assert_eq!(seqs(&first), [2, 3, 4], "in order, and nothing of the other organization");
    assert_eq!(first[2].data["kinds"][0], "kind4", "what it is about");
    // The connection is lost; the reader has kept the second of them, and not the third.
    drop(stream);
    for n in 5..=250 {
        change(&house, &org, &format!("kind{n}")).await;
    }
    let mut again = Stream::open(&house, &org, Some(&first[1].id)).await;
    assert_eq!(again.next().await.unwrap().name, "ready", "it goes on where it was");
    let rest = again.changes(247).await;
    assert_eq!(seqs(&rest), (4..=250).collect::<Vec<_>>(), "every one after the last seen, more than are read at once");
    let mut fresh = Stream::open(&house, &org, Some(&ready.id)).await;
    fresh.next().await;
    assert_eq!(seqs(&fresh.changes(249).await), (2..=250).collect::<Vec<_>>(), "the id of `ready` is a place too");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_longer_kept_is_told_as_lost() {
    let house = House::open().await;
    let org = house.org("lab").await;
    let mut stream = Stream::open(&house, &org, None).await;
    let ready = stream.next().await.unwrap();
    drop(stream);
    for _ in 0..5 {
        change(&house, &org, "run").await;
    }
    house.sql("DELETE FROM microplates.org_change WHERE seq <= 3").await;
    let mut stream = Stream::open(&house, &org, Some(&ready.id)).await;
    assert_eq!(stream.next().await.unwrap().name, "ready", "the place is one of this database");
    let reset = stream.next().await.unwrap();
    assert_eq!(
        (reset.name.as_str(), &reset.data["seq"]),
        ("reset", &5.into()),
        "1 to 3 are gone: read the lists again"
    );
    change(&house, &org, "run").await;
    assert_eq!(seqs(&stream.changes(1).await), [6], "and go on from there");
    house.sql("UPDATE public.hub_state SET epoch = gen_random_uuid()").await;
    assert_eq!(stream.next().await.unwrap().name, "reset", "the database is another one than a moment ago");
    let elsewhere = format!("{}/2", house.hub.id().unwrap());
    let mut stream = Stream::open(&house, &org, Some(&elsewhere)).await;
    assert_eq!(stream.next().await.unwrap().name, "reset", "a place of another history of the database is none");
    let wrong = house.get(&org.token, "/v1/events").header("Last-Event-ID", "5").send().await.unwrap();
    assert_eq!(wrong.status(), StatusCode::BAD_REQUEST, "and what is no place at all is told");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_rights_of_its_reader() {
    let house = House::open().await;
    let org = house.org("lab").await;
    let mut stream = Stream::open(&house, &org, None).await;
    stream.next().await;
    house.sql("UPDATE auth.memberships SET ended_at = now()").await;
    change(&house, &org, "run").await;
    let end = stream.next().await.unwrap();
    assert_eq!(
        (end.name.as_str(), &end.data["code"]),
        ("end", &"unauthenticated".into()),
        "why it ends, and no change"
    );
    assert!(stream.next().await.is_none(), "then it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_end_when_the_hub_does() {
    let house = House::open().await;
    let org = house.org("lab").await;
    let mut stream = Stream::open(&house, &org, None).await;
    stream.next().await;
    house.closing.close();
    assert!(stream.next().await.is_none(), "the reader comes back to another node");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_has_so_many_streams_and_no_more() {
    let house = House::open().await;
    let (org, other) = (house.org("lab").await, house.org("other").await);
    let mut streams = Vec::new();
    for _ in 0..50 {
        streams.push(Stream::open(&house, &org, None).await);
    }
    let code = house.refused(&org.token, "/v1/events", StatusCode::TOO_MANY_REQUESTS).await;
    assert_eq!(code, "slow-down", "one more is too many");
    Stream::open(&house, &other, None).await.next().await;
    drop(streams);
    // The hub learns that a reader has gone when it next writes to it.
    change(&house, &org, "run").await;
    let again = async {
        while house.get(&org.token, "/v1/events").send().await.unwrap().status() != StatusCode::OK {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(Duration::from_secs(20), again).await.expect("seats of those who have gone are free again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_brings_a_change_before_the_next_look() {
    let house = House::open().await;
    let org = house.org("lab").await;
    let mut stream = Stream::open(&house, &org, None).await;
    stream.next().await;
    // Long enough for the look after `ready` to be over.
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = tokio::time::Instant::now();
    change(&house, &org, "run").await;
    house.hub.news.tell(Hint::Change(org.id));
    assert_eq!(seqs(&stream.changes(1).await), [1], "the change");
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "within {:?}, and not after the 4 s between looks",
        began.elapsed()
    );
}

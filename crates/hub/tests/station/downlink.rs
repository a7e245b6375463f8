//! What headquarters say: the feed in an order that nobody misses an entry of, and the snapshot behind its horizon.

use crate::support::{Answered, Org, TestHub, until};
use serde_json::json;
use std::{
    collections::BTreeSet,
    future::poll_fn,
    time::{Duration, Instant},
};
use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, NoTls};
use uuid::Uuid;
use wellread_hub::{db::p, news::Hint, station::feed};
use wellread_wire::downlink::{Config, Correction, CorrectionDecision, FeedPage, Item};

async fn say(hub: &TestHub, org: &Org, station: Option<Uuid>, key: &str, item: &Item) -> i64 {
    let tx = hub.hub.db.org(org.id).await.unwrap();
    let seq = feed::append(&tx, org.id, station, key, item).await.unwrap();
    tx.commit().await.unwrap();
    seq
}

fn setting(key: &str) -> Item {
    Item::Config(Config { key: key.to_owned(), value: json!(1) })
}

fn correction(station: Uuid, id: Uuid) -> Item {
    Item::Correction(Correction {
        id,
        station_id: station,
        run_id: id,
        decision: CorrectionDecision::Accept,
        reason_code: "other".to_owned(),
        reason_text: "seen".to_owned(),
        user_id: id,
        username: "ada".to_owned(),
        at_ms: 1,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hint_brings_an_entry_to_a_station_that_waits() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let station = hub.station(&org).await;
    // As while notifications come: by itself it would look in ten seconds.
    hub.hub.metrics.listening.set(1);
    let head = station.feed(0, 1).await.head;
    let waiting = tokio::spawn({
        let station = station.clone();
        async move { Answered::of(station.get(&format!("feed?after={head}&wait_s=25"))).await.packed::<FeedPage>() }
    });
    let began = Instant::now();
    say(&hub, &org, None, "config:a", &setting("a")).await;
    until("the station that waits has its answer", async || {
        hub.hub.news.tell(Hint::Feed(org.id));
        waiting.is_finished().then_some(())
    })
    .await;
    assert_eq!(waiting.await.unwrap().entries.len(), 1, "the entry");
    assert!(began.elapsed() < Duration::from_secs(8), "before it would have looked: {:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_wakes_those_who_wait_says_whom_it_concerns() {
    let hub = TestHub::start().await;
    let (ours, others) = (hub.org("ours").await, hub.org("others").await);
    let mut station = hub.station(&ours).await;
    let (listener, mut connection) = tokio_postgres::connect(&hub.database.app_url(), NoTls).await.unwrap();
    let (heard, mut hints) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Some(Ok(told)) = poll_fn(|context| connection.poll_message(context)).await {
            if let AsyncMessage::Notification(told) = told {
                let _ = heard.send(Hint::of(told.channel(), told.payload()));
            }
        }
    });
    listener.batch_execute(&Hint::CHANNELS.map(|channel| format!("LISTEN {channel}")).join("; ")).await.unwrap();
    say(&hub, &others, None, "config:a", &setting("a")).await;
    assert_eq!(hints.recv().await, Some(Hint::Feed(others.id)), "theirs is theirs");
    say(&hub, &ours, Some(station.id), "config:a", &setting("a")).await;
    assert_eq!(hints.recv().await, Some(Hint::Feed(ours.id)), "ours is ours");
    station.append("config", &json!({ "key": "a", "value": 1 }));
    station.push_all().await;
    assert_eq!(hints.recv().await, Some(Hint::Change(ours.id)), "what a station tells is no entry of a feed");
}

#[tokio::test(flavor = "multi_thread")]
async fn no_entry_is_missed_while_many_publish() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let station = hub.station(&org).await;
    let writers: Vec<_> = (0..6)
        .map(|writer| {
            let (db, org) = (hub.hub.db.clone(), org.id);
            tokio::spawn(async move {
                for n in 0..20 {
                    let tx = db.org(org).await.unwrap();
                    feed::append(&tx, org, None, &format!("config:{writer}.{n}"), &setting(&format!("{writer}.{n}")))
                        .await
                        .unwrap();
                    // Given up now and then: its number must not become a hole that hides others.
                    if n % 5 == 4 { tx.rollback().await.unwrap() } else { tx.commit().await.unwrap() }
                }
            })
        })
        .collect();
    let (mut after, mut seen) = (0, Vec::new());
    while seen.len() < 6 * 16 {
        let page = station.feed(after, 7).await;
        assert!(
            page.up_to <= page.head && page.entries.iter().all(|entry| entry.seq > after && entry.seq <= page.up_to),
            "a page goes on where the last ended"
        );
        seen.extend(page.entries.iter().map(|entry| entry.seq));
        after = page.up_to;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(seen, (1..=96).collect::<Vec<i64>>(), "in order, none missing, none twice");
    assert!(station.feed(after, 100).await.entries.is_empty(), "that was all");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_station_gets_its_own_corrections_and_passes_over_those_of_others() {
    let hub = TestHub::start().await;
    let (org, other) = (hub.org("lab").await, hub.org("other").await);
    let (mine, yours) = (hub.station(&org).await, hub.station(&org).await);
    let stranger = hub.station(&other).await;
    say(&hub, &org, None, "config:a", &setting("a")).await;
    for n in 0..5 {
        say(&hub, &org, Some(yours.id), "correction:x", &correction(yours.id, Uuid::from_u128(n))).await;
    }
    let own = correction(mine.id, Uuid::from_u128(9));
    say(&hub, &org, Some(mine.id), "correction:9", &own).await;
    let page = mine.feed(0, 2).await;
    assert_eq!(page.entries.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 7], "what concerns it");
    assert_eq!(page.entries[1].item, own, "whole");
    let page = mine.feed(1, 100).await;
    assert_eq!((page.up_to, page.head), (7, 7), "what does not is behind it, too");
    assert_eq!(yours.feed(0, 100).await.entries.len(), 6, "the other has its own");
    let page = stranger.feed(0, 100).await;
    assert_eq!((page.entries.len(), page.head), (0, 0), "another organization hears nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_told_at_once() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let station = hub.station(&org).await;
    let waiting = tokio::spawn(Answered::of(station.get("feed?after=0&wait_s=25")));
    say(&hub, &org, None, "config:a", &setting("a")).await;
    let page: wellread_wire::downlink::FeedPage = waiting.await.unwrap().packed();
    assert_eq!(page.entries.len(), 1, "it came while it waited");
    let page: wellread_wire::downlink::FeedPage = Answered::of(station.get("feed?after=1&wait_s=0")).await.packed();
    assert!(page.entries.is_empty(), "who does not wait is told that there is nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn before_the_horizon_there_is_only_the_snapshot() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let station = hub.station(&org).await;
    for n in 0..10 {
        say(&hub, &org, None, &format!("config:{n}"), &setting(&n.to_string())).await;
    }
    let tx = hub.hub.db.org(org.id).await.unwrap();
    assert_eq!(feed::trim(&tx, org.id, 4).await.unwrap(), 6, "all but the newest four");
    assert_eq!(feed::trim(&tx, org.id, 4).await.unwrap(), 0, "once");
    tx.commit().await.unwrap();
    let gone = Answered::of(station.get("feed?after=5")).await;
    assert_eq!((gone.status, gone.code().as_str()), (410, "snapshot-needed"), "entry 6 is gone");
    assert_eq!(gone.more()["horizon"], 7, "the first that is left");
    assert_eq!(station.feed(6, 100).await.entries.len(), 4, "from there on nothing is missing");
    let beyond = Answered::of(station.get("feed?after=11")).await;
    assert_eq!(beyond.code(), "snapshot-needed", "a station that knows more than the hub begins anew");
    assert_eq!(station.contact().await.feed_horizon, 7, "the contact says so, too");
}

async fn fill(hub: &TestHub, org: &Org, users: i32) {
    hub.run(
        "INSERT INTO auth.users (org_id, id, email, username, password)
         SELECT $1, gen_random_uuid(), 'u' || n || '@lab.example', 'u' || n,
           '$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$RdescudvJCsgt3ub+b5dWRWJTmaaJObG' FROM generate_series(1, $2::integer) n",
        &[&org.id, &users],
    )
    .await;
    hub.run(
        "INSERT INTO auth.memberships (org_id, user_id) SELECT org_id, id FROM auth.users WHERE org_id = $1",
        &[&org.id],
    )
    .await;
    hub.run(
        "INSERT INTO auth.user_roles (org_id, user_id, role_id) SELECT u.org_id, u.id, r.id FROM auth.users u
         JOIN auth.roles r ON r.org_id = u.org_id AND r.name = 'viewer' WHERE u.org_id = $1",
        &[&org.id],
    )
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_whole_whatever_happens_between_its_pages() {
    let mut hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let other = hub.org("other").await;
    let mut station = hub.station(&org).await;
    let person = hub.person(&other, "eve", "admin").await;
    fill(&hub, &org, 4_500).await;
    let (own, id) = (correction(station.id, Uuid::from_u128(9)), Uuid::from_u128(9));
    hub.run(
        "INSERT INTO microplates.assay (org_id, id, version, name, toml, sha256, created_by)
         SELECT $1, 'a' || n, v, 'A', 'toml', repeat('a', 64), (SELECT id FROM auth.users WHERE org_id = $1 LIMIT 1)
         FROM generate_series(1, 60) n, generate_series(1, 3) v
         UNION ALL SELECT $1, 'shipped', 1, 'Every station has it', 'toml', repeat('a', 64), NULL",
        &[&org.id],
    )
    .await;
    hub.run("INSERT INTO microplates.plate_layout (org_id, id, version, name, plate_format, definition) VALUES ($1, 'l', 1, 'L', '6', '{\"wells\": {\"A1\": \"sample\"}}')", &[&org.id]).await;
    hub.run("INSERT INTO microplates.model_set (org_id, sha256, name, files) VALUES ($1, repeat('b', 64), 'M', json_build_object('m.onnx', json_build_object('sha256', repeat('c', 64), 'size', 3))::jsonb)", &[&org.id]).await;
    hub.run("INSERT INTO microplates.system_config (org_id, key, value) SELECT $1, 'k' || n, '1' FROM generate_series(1, 30) n", &[&org.id]).await;
    let users: Uuid = hub.one("SELECT id FROM auth.users WHERE org_id = $1 LIMIT 1", &[&org.id]).await;
    let body = serde_json::to_value(&own).unwrap()["body"].clone();
    hub.run("INSERT INTO microplates.correction (org_id, id, station_id, run_id, decision, body, reason_code, user_id, username)
        VALUES ($1, $2, $3, $2, 'accept', $4, 'other', $5, 'ada')", &[&org.id, &id, &station.id, &body, &users]).await;
    let (mut items, mut cursor, mut pages, mut as_of) = (Vec::new(), None::<String>, 0, None);
    loop {
        let page = station.snapshot(cursor.as_deref()).await;
        let again = station.snapshot(cursor.as_deref()).await;
        assert_eq!(page.items, again.items, "a page may be asked for again");
        assert_eq!(*as_of.get_or_insert(page.as_of), page.as_of, "all pages are as of one place");
        items.extend(page.items);
        pages += 1;
        if pages == 1 {
            // What is said meanwhile is in the feed after it; another node goes on.
            say(&hub, &org, None, "config:new", &setting("new")).await;
            hub.restart().await;
            station.moved_to(&hub);
        }
        cursor = page.next;
        if cursor.is_none() {
            break;
        }
    }
    let count = |kind: &str| items.iter().filter(|item| json!(item)["kind"] == kind).count();
    let counts = ["role", "user", "assay", "layout", "model", "config", "correction"].map(count);
    assert_eq!(counts, [4, 4_500, 180, 1, 1, 30, 1], "everything of the organization and nothing of others");
    let different: BTreeSet<String> = items.iter().map(|item| json!(item).to_string()).collect();
    assert_eq!(different.len(), items.len(), "nothing twice");
    assert!(!different.iter().any(|item| item.contains(&person.id.to_string())), "nobody of another organization");
    assert!(items.contains(&own), "its own correction");
    assert!(pages >= 4, "in pages: {pages}");
    let page = station.feed(as_of.unwrap(), 10).await;
    assert_eq!(page.entries.len(), 1, "the feed goes on after it");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_of_another_time_is_refused() {
    let hub = TestHub::start().await;
    let org = hub.org("lab").await;
    let station = hub.station(&org).await;
    fill(&hub, &org, 2_100).await;
    let cursor = station.snapshot(None).await.next.unwrap();
    let ask = |cursor: String| Answered::of(station.get(&format!("snapshot?cursor={cursor}")));
    assert_eq!(ask("nonsense".to_owned()).await.code(), "invalid", "no cursor");
    for n in 0..10 {
        say(&hub, &org, None, &format!("config:{n}"), &setting(&n.to_string())).await;
    }
    let tx = hub.hub.db.org(org.id).await.unwrap();
    feed::trim(&tx, org.id, 2).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ask(cursor.clone()).await.code(), "snapshot-needed", "the feed has moved on: nothing could follow it");
    let cursor = station.snapshot(None).await.next.unwrap();
    let tx = hub.hub.db.nobody().await.unwrap();
    tx.execute("UPDATE public.hub_state SET epoch = $1", &[p(&Uuid::from_u128(1))]).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(ask(cursor).await.code(), "epoch-changed", "another hub's");
}

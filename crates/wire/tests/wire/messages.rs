//! Every other message, as it is written and as it is read again.

use serde::{Serialize, de::DeserializeOwned};
use serde_json::json;
use std::{collections::BTreeMap, fmt::Debug};
use uuid::Uuid;
use wellread_wire::{
    batch::{Acked, Outcome},
    chain::Sha256,
    contact::{Contact, Head, NewIncarnation, Rejected, TakeIncarnation, Welcome},
    downlink::{
        Assay, Config, Correction, CorrectionDecision, FeedEntry, FeedPage, Item, Layout, ModelFile, ModelSet, Role,
        SnapshotPage, User,
    },
    enrol::{Challenge, Enrol, Enrolled, Prove, Token, signed_text},
    problem::Problem,
};

fn id(n: u128) -> Uuid {
    Uuid::from_u128(n)
}

/// Its JSON, once it has been read back as the same.
fn both_ways<T: Serialize + DeserializeOwned + PartialEq + Debug>(message: &T) -> serde_json::Value {
    let written = serde_json::to_value(message).expect("every message can be written");
    let read: T = serde_json::from_value(written.clone()).expect("and read");
    assert_eq!(&read, message, "what is written is read as the same");
    written
}

#[test]
fn enrolment_and_proof_look_so() {
    let enrol = Enrol {
        code: "acme-7K3F-9QXP-2MTD".to_owned(),
        station_id: id(1),
        name: "Bench 1".to_owned(),
        public_key: "cHVibGlj".to_owned(),
        app_version: "0.1.0".to_owned(),
    };
    let enrolled = Enrolled {
        org_id: id(2),
        org_name: "Acme".to_owned(),
        station_id: id(1),
        epoch: id(3),
        hub_name: "hub".to_owned(),
    };
    insta::assert_json_snapshot!([
        both_ways(&enrol),
        both_ways(&enrolled),
        both_ways(&Challenge { challenge: "abc".to_owned() }),
        both_ways(&Prove { challenge: "abc".to_owned(), signature: "sig".to_owned() }),
        both_ways(&Token { access_token: "token".to_owned(), expires_in_s: 3600 }),
    ]);
    assert_eq!(
        signed_text(id(1), "abc"),
        "wellread station token 1\n00000000-0000-0000-0000-000000000001\nabc",
        "installed stations sign this"
    );
}

#[test]
fn contact_looks_so() {
    let head = Head { seq: 12, hash: Sha256::of(b"12") };
    let contact = Contact {
        incarnation: 1,
        log_head: Some(head),
        audit_head: None,
        pending: 3,
        oldest_age_ms: Some(5_000),
        blobs_pending: 2,
        feed_seq: 7,
        clock_ms: 1_700_000_000_000,
        app_version: "0.1.0".to_owned(),
    };
    let rejected =
        Rejected { seq: 4, kind: "run".to_owned(), code: "payload".to_owned(), reason: "why".to_owned(), at_ms: 9 };
    let welcome = Welcome {
        epoch: id(3),
        incarnation: 1,
        expected_seq: 10,
        expected_after: Some(Sha256::of(b"9")),
        fenced: String::new(),
        feed_head: 9,
        feed_horizon: 1,
        rejected: vec![rejected],
        rejected_total: 1,
        clock_ms: 1_700_000_000_001,
    };
    let take = TakeIncarnation { incarnation: 1, heads: vec![head], why: "the disk was replaced".to_owned() };
    insta::assert_json_snapshot!([
        both_ways(&contact),
        both_ways(&welcome),
        both_ways(&take),
        both_ways(&NewIncarnation { incarnation: 2, expected_seq: 13, hub_only: 5 }),
    ]);
}

#[test]
fn outcomes_look_so() {
    let acked = Acked {
        acked_seq: 12,
        outcomes: vec![
            Outcome::Applied,
            Outcome::Known,
            Outcome::Quarantined { code: "payload".to_owned(), reason: "why".to_owned() },
        ],
    };
    insta::assert_json_snapshot!(both_ways(&acked));
}

fn items() -> Vec<Item> {
    let file = ModelFile { sha256: Sha256::of(b"model"), size: 5 };
    let correction = Correction {
        id: id(5),
        station_id: id(1),
        run_id: id(6),
        decision: CorrectionDecision::Override { well: "A1".to_owned(), class: None, label: "negative".to_owned() },
        reason_code: "misread".to_owned(),
        reason_text: String::new(),
        user_id: id(4),
        username: "malee".to_owned(),
        at_ms: 8,
    };
    vec![
        Item::User(User {
            id: id(4),
            username: "malee".to_owned(),
            password_phc: "$argon2id$".to_owned(),
            email: None,
            first_name: "Malee".to_owned(),
            last_name: String::new(),
            is_active: true,
            roles: ["supervisor".to_owned()].into(),
            offline_days: 30,
        }),
        Item::Role(Role {
            name: "supervisor".to_owned(),
            description: String::new(),
            permissions: ["run:read".to_owned()].into(),
            is_active: true,
        }),
        Item::Assay(Assay { id: "own".to_owned(), version: 2, name: "Own".to_owned(), toml: "x".to_owned() }),
        Item::Layout(Layout {
            id: "l".to_owned(),
            version: 1,
            name: "L".to_owned(),
            plate_format: "96".to_owned(),
            wells: BTreeMap::from([("A1".to_owned(), "sample".to_owned())]),
            retired: false,
        }),
        Item::Model(ModelSet {
            sha256: Sha256::of(b"manifest"),
            name: "spring".to_owned(),
            files: BTreeMap::from([("manifest.toml".to_owned(), file)]),
            note: String::new(),
            withdrawn: false,
        }),
        Item::Config(Config { key: "people.lock_min".to_owned(), value: json!(20) }),
        Item::Correction(correction),
    ]
}

#[test]
fn what_comes_from_headquarters_looks_so() {
    let entries = items().into_iter().zip(1..).map(|(item, seq)| FeedEntry { seq, item }).collect();
    let feed = FeedPage { epoch: id(3), entries, up_to: 8, head: 8 };
    let page = SnapshotPage { epoch: id(3), as_of: 8, items: items(), next: Some("user 4".to_owned()) };
    insta::assert_json_snapshot!([both_ways(&feed), both_ways(&page)]);
    let debug = format!("{:?}", items());
    assert!(!debug.contains("argon2id"), "no verifier gets into a log: {debug}");
}

#[test]
fn an_item_of_a_later_hub_is_passed_over_and_its_neighbours_are_not() {
    let page = json!({ "epoch": id(3), "up_to": 2, "head": 2, "entries": [
        { "seq": 1, "kind": "weather", "body": { "sky": "blue" } },
        { "seq": 2, "kind": "config", "body": { "key": "assay", "value": "hi" } },
        { "seq": 3, "kind": "config", "body": { "value": "hi" } },
    ] });
    let page: FeedPage = serde_json::from_value(page).unwrap();
    assert!(matches!(&page.entries[0].item, Item::Unread(unread) if unread.kind == "weather"), "unknown, and no error");
    assert!(matches!(page.entries[1].item, Item::Config(_)), "what is known is read");
    assert!(
        matches!(&page.entries[2].item, Item::Unread(unread) if unread.why.contains("key")),
        "a damaged one says what is wrong"
    );
}

#[test]
fn every_decision_of_headquarters_looks_so() {
    let sample = CorrectionDecision::Sample {
        sample_no: "S-2".to_owned(),
        submission_no: String::new(),
        plate_no: "1".to_owned(),
    };
    insta::assert_json_snapshot!([
        both_ways(&CorrectionDecision::Accept),
        both_ways(&CorrectionDecision::Reject),
        both_ways(&sample),
    ]);
}

#[test]
fn a_problem_looks_so() {
    let problem = Problem {
        kind: "/problems/log-gap".to_owned(),
        code: "log-gap".to_owned(),
        title: "log gap".to_owned(),
        status: 409,
        detail: "the log goes on at 10".to_owned(),
        request_id: "r".to_owned(),
        more: json!({ "expected_seq": 10 }),
    };
    insta::assert_json_snapshot!(both_ways(&problem));
}

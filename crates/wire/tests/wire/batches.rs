//! Batches: what is sent arrives to the letter, and a link that does not hold is seen.

use proptest::prelude::*;
use serde_json::value::RawValue;
use uuid::Uuid;
use wellread_wire::{
    MOST_UNPACKED_BYTES,
    batch::{Batch, Record},
    chain::{Sha256, genesis},
    pack::{pack, unpack},
};

fn record(payload: &str) -> Record {
    Record {
        kind: "config".to_owned(),
        schema_version: 2,
        actor: "station".to_owned(),
        at_ms: 1_700_000_000_000,
        offset_min: 420,
        payload: RawValue::from_string(payload.to_owned()).expect("the payload is JSON"),
    }
}

fn batch(first_seq: i64, payloads: &[String]) -> Batch {
    let after = genesis(Uuid::from_u128(7));
    let records: Vec<Record> = payloads.iter().map(|payload| record(payload)).collect();
    let mut last = after;
    for (record, seq) in records.iter().zip(first_seq..) {
        last = record.link(seq).hash(&last);
    }
    Batch { epoch: Uuid::from_u128(1), incarnation: 1, first_seq, after, last, records }
}

#[test]
fn a_batch_looks_so_on_the_wire() {
    insta::assert_json_snapshot!(batch(5, &[r#"{"key": "assay",  "value":"hi"}"#.to_owned()]));
}

proptest! {
    #[test]
    fn payloads_arrive_to_the_letter(texts in prop::collection::vec(".*", 1..20), first in 1_i64..1_000_000) {
        // With blanks where a parser would drop them: the hash covers the letters, not the meaning.
        let payloads: Vec<String> =
            texts.iter().map(|text| format!("{{ \"a\" :  {} }}", serde_json::to_string(text).unwrap())).collect();
        let sent = batch(first, &payloads);
        let came: Batch = unpack(&pack(&sent).unwrap(), MOST_UNPACKED_BYTES).unwrap();
        prop_assert_eq!(came.hashes().unwrap(), sent.hashes().unwrap(), "the chain holds on the other side");
        let letters: Vec<&str> = came.records.iter().map(|record| record.payload.get()).collect();
        prop_assert_eq!(letters, payloads.iter().map(String::as_str).collect::<Vec<_>>(), "to the letter");
    }

    #[test]
    fn a_batch_that_was_changed_does_not_chain_up(texts in prop::collection::vec("[a-z]{0,8}", 2..10), at: prop::sample::Index) {
        let payloads: Vec<String> = texts.iter().map(|text| format!("\"{text}\"")).collect();
        let mut changed = batch(1, &payloads);
        let at = at.index(changed.records.len());
        changed.records[at] = record("\"another\"");
        if payloads[at] != "\"another\"" {
            prop_assert!(changed.hashes().is_err(), "another payload");
        }
        let mut swapped = batch(1, &payloads);
        swapped.records.swap(0, 1);
        if payloads[0] != payloads[1] {
            prop_assert!(swapped.hashes().is_err(), "another order");
        }
        let mut shorter = batch(1, &payloads);
        shorter.records.pop();
        prop_assert!(shorter.hashes().is_err(), "a record that was lost");
        let mut later = batch(1, &payloads);
        later.first_seq = 2;
        prop_assert!(later.hashes().is_err(), "another place");
        let mut other = batch(1, &payloads);
        other.after = Sha256::of(b"another history");
        prop_assert!(other.hashes().is_err(), "another history before it");
    }
}

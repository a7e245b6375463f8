//! Which records go together: as many as may, and one more than fits goes next time.

use super::SyncError;
use serde_json::value::RawValue;
use uuid::Uuid;
use wellread_store::{OutboxRecord, Sha256};
use wellread_wire::{
    MOST_PACKED_BYTES, MOST_RECORDS, MOST_RUNS, MOST_UNPACKED_BYTES,
    batch::{Batch, Record, is_run},
    chain, pack,
};

/// What of a batch may be how large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Runs.
    pub runs: usize,
    /// Records of any kind.
    pub records: usize,
    /// Bytes, packed.
    pub packed: usize,
    /// Bytes, unpacked.
    pub unpacked: usize,
}

impl Default for Limits {
    fn default() -> Self {
        // Room for what is around the records.
        let unpacked = MOST_UNPACKED_BYTES - 64 * 1024;
        Self { runs: MOST_RUNS, records: MOST_RECORDS, packed: MOST_PACKED_BYTES, unpacked }
    }
}

/// A batch, packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// What is sent.
    pub bytes: Vec<u8>,
    /// How many records are in it.
    pub records: usize,
    /// How many of them are runs.
    pub runs: usize,
    /// The last one's place.
    pub last_seq: i64,
}

/// What is around a record's payload, in bytes, at most.
const AROUND: usize = 256;

/// Packs the first of these records, which follow one another; none only if there are none. A single record that is larger
/// than a batch may be goes alone.
pub fn pack_next(
    (epoch, incarnation): (Uuid, u32),
    after: Sha256,
    records: &[OutboxRecord],
    limits: Limits,
) -> Result<Option<Packed>, SyncError> {
    let mut count = fitting(records, limits);
    while let Some(some) = records.get(..count).filter(|some| !some.is_empty()) {
        let packed = pack_all((epoch, incarnation), after, some)?;
        if packed.bytes.len() <= limits.packed || count == 1 {
            return Ok(Some(packed));
        }
        // As many as would fit if all were alike, a little less because they are not.
        let share = count.saturating_mul(limits.packed) / packed.bytes.len().max(1);
        count = (share * 15 / 16).clamp(1, count - 1);
    }
    Ok(None)
}

/// How many of the first records keep within what can be counted without packing.
fn fitting(records: &[OutboxRecord], limits: Limits) -> usize {
    let (mut runs, mut bytes) = (0, 0_usize);
    let mut count = 0;
    for record in records.iter().take(limits.records) {
        runs += usize::from(is_run(&record.kind));
        bytes = bytes.saturating_add(record.payload.len() + AROUND);
        if count > 0 && (runs > limits.runs || bytes > limits.unpacked) {
            break;
        }
        count += 1;
    }
    count
}

fn pack_all((epoch, incarnation): (Uuid, u32), after: Sha256, records: &[OutboxRecord]) -> Result<Packed, SyncError> {
    let (Some(first), Some(last)) = (records.first(), records.last()) else {
        return Err(SyncError::Unreadable("a batch without records".to_owned()));
    };
    let batch = Batch {
        epoch,
        incarnation,
        first_seq: first.seq,
        after: chain::Sha256(*after.as_bytes()),
        last: chain::Sha256(*last.hash.as_bytes()),
        records: records.iter().map(told).collect::<Result<_, _>>()?,
    };
    let bytes = pack::pack(&batch).map_err(|why| SyncError::Unreadable(why.to_string()))?;
    let runs = records.iter().filter(|record| is_run(&record.kind)).count();
    Ok(Packed { bytes, records: records.len(), runs, last_seq: last.seq })
}

fn told(record: &OutboxRecord) -> Result<Record, SyncError> {
    let payload = RawValue::from_string(record.payload.clone());
    Ok(Record {
        kind: record.kind.clone(),
        schema_version: record.schema_version,
        actor: record.actor.clone(),
        at_ms: record.at.utc_ms,
        offset_min: record.at.offset_min,
        payload: payload.map_err(|why| SyncError::Unreadable(format!("record {}: {why}", record.seq)))?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use wellread_store::Now;

    fn records(kinds: &[(bool, usize)]) -> Vec<OutboxRecord> {
        let mut previous = Sha256::of(b"before");
        let made = kinds.iter().zip(8..).map(|((run, size), seq)| {
            // Text that does not pack: each byte of it is chance.
            let mut noise = String::new();
            let mut block = seq as u64;
            while noise.len() < *size {
                noise.push_str(&Sha256::of(&block.to_be_bytes()).to_string());
                block += 1_000_003;
            }
            noise.truncate(*size);
            let mut record = OutboxRecord {
                seq,
                kind: if *run { "run" } else { "config" }.to_owned(),
                schema_version: 2,
                payload: format!("{{\"noise\":\"{noise}\"}}"),
                hash: previous,
                actor: "station".to_owned(),
                at: Now { utc_ms: 1_700_000_000_000 + seq, offset_min: 420 },
            };
            record.hash = record.computed(&previous);
            previous = record.hash;
            record
        });
        made.collect()
    }

    fn next(records: &[OutboxRecord], limits: Limits) -> Option<Packed> {
        pack_next((Uuid::from_u128(5), 1), Sha256::of(b"before"), records, limits).unwrap()
    }

    #[test]
    fn exactly_as_many_go_together_as_may() {
        let limits = Limits::default();
        let of = |runs: usize, others: usize| {
            let kinds: Vec<(bool, usize)> =
                (0..runs).map(|_| (true, 8)).chain((0..others).map(|_| (false, 8))).collect();
            next(&records(&kinds), limits).unwrap()
        };
        assert_eq!(of(50, 0).records, 50, "fifty runs");
        assert_eq!(of(51, 0).records, 50, "and no more");
        assert_eq!(of(50, 450).records, 500, "and with them records of other kinds, up to five hundred");
        assert_eq!(of(0, 501).records, 500, "and no more");
        assert_eq!(next(&[], limits), None, "of nothing nothing is made");
        let mut failed = records(&[(false, 8); MOST_RUNS + 1]);
        for record in &mut failed {
            record.kind = "run-failed".to_owned();
        }
        assert_eq!(next(&failed, limits).unwrap().records, MOST_RUNS, "the hub counts runs without results as well");
    }

    #[test]
    fn a_batch_that_packs_to_more_than_may_be_is_cut_and_a_single_record_goes_alone() {
        let all = records(&[(true, 900), (true, 900), (true, 900), (true, 900)]);
        let whole = next(&all, Limits::default()).unwrap();
        let limits = |packed| Limits { packed, ..Limits::default() };
        assert_eq!(next(&all, limits(whole.bytes.len())).unwrap().records, 4, "it fits to the byte");
        let cut = next(&all, limits(whole.bytes.len() - 1)).unwrap();
        assert!(
            cut.records < 4 && cut.bytes.len() < whole.bytes.len(),
            "a byte less, and one stays behind: {}",
            cut.records
        );
        assert_eq!(next(&all, limits(1)).unwrap().records, 1, "one that is too large by itself goes alone");
        let unpacked = Limits { unpacked: 2_400, ..Limits::default() };
        assert_eq!(next(&all, unpacked).unwrap().records, 2, "what the hub has no room for is not packed either");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn batches_follow_one_another_and_chain_up(
            kinds in prop::collection::vec((any::<bool>(), 0_usize..400), 1..40),
            runs in 1_usize..6, most in 1_usize..12, packed in 200_usize..4_000,
        ) {
            let limits = Limits { runs, records: most, packed, unpacked: 4_000 };
            let all = records(&kinds);
            let (mut rest, mut after) = (all.as_slice(), Sha256::of(b"before"));
            while let Some(made) = pack_next((Uuid::from_u128(5), 1), after, rest, limits).unwrap() {
                let batch: Batch = pack::unpack(&made.bytes, 1 << 20).unwrap();
                prop_assert!(made.records >= 1 && made.records <= most, "something goes, and not too much");
                prop_assert!(made.records == 1 || (made.runs <= runs && made.bytes.len() <= packed), "within its limits");
                let (now, later) = rest.split_at(made.records);
                prop_assert_eq!(batch.first_seq, now[0].seq, "in its place");
                let hashes = batch.hashes().expect("the hub's own check of the chain");
                prop_assert!(hashes.iter().zip(now).all(|(theirs, ours)| theirs.0 == *ours.hash.as_bytes()), "to the letter");
                (rest, after) = (later, now[now.len() - 1].hash);
            }
            prop_assert!(rest.is_empty(), "and all of it is told");
        }
    }
}

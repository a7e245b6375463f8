//! `PUT /v1/stations/{id}/blobs/{sha256}`: takes a blob, or the next part of it.
//!
//! No transaction is open while bytes go to the store: a slow store holds no connection of the database.

use super::{
    Bringer, hash, passing,
    pieces::Pieces,
    rows::{BlobRow, Part, Stand},
    stands,
};
use crate::{
    Answer, Hub, Problem,
    db::Tx,
    failpoint::hit,
    objects::ObjectsError,
    read::ask::{Asked, Named},
    station::who::StationCaller,
};
use axum::{extract::State, http::StatusCode, response::Response};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;
use wellread_wire::{FEWEST_PART_BYTES, MOST_PART_BYTES, chain::Sha256, problem::code};

/// The largest blob.
const MOST_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// Which part comes.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct PartAsked {
    /// The first byte of it.
    #[serde(default)]
    pub offset: u64,
    /// The size of the whole blob.
    pub size: u64,
}

/// Takes a blob, or the next part of it. The part that completes it has the whole checked against its hash.
#[utoipa::path(
    put, path = "/v1/stations/{id}/blobs/{sha256}", tag = "stations", operation_id = "put_blob",
    params(("id" = Uuid, Path, description = "The station"),
        ("sha256" = String, Path, description = "The hash of its bytes"), PartAsked),
    request_body(content = String, content_type = "application/octet-stream",
        description = "The bytes: at most 4 MiB, and at least 64 KiB but for the last part; none where all was sent and \
            the hub has not said `verified` yet"),
    responses(
        (status = 200, description = "Taken; `Wellread-Blob` is `verified` or `partial`, `Wellread-Offset` where to go on"),
        (status = 409, description = "`blob-offset`: it does not begin where the hub's copy ends; `more.offset` says where"),
        (status = 422, description = "`blob-hash`: the whole has another hash; it begins anew"),
    ),
    security(("station" = []))
)]
#[tracing::instrument(skip_all, fields(station = %caller.station, offset = asked.offset))]
pub async fn put(
    State(hub): State<Hub>,
    caller: StationCaller,
    Named(path): Named<(Uuid, String)>,
    Asked(asked): Asked<PartAsked>,
    pieces: Pieces,
) -> Answer<Response> {
    take(&hub, Bringer::Station(caller), &hash(&path.1)?, asked, pieces).await
}

/// Takes a blob, or the next part of it, from whoever brings it.
pub(crate) async fn take(
    hub: &Hub,
    bringer: Bringer,
    sha256: &Sha256,
    asked: PartAsked,
    pieces: Pieces,
) -> Answer<Response> {
    check(asked, pieces.size)?;
    hub.metrics.blob_bytes.with_label_values(&["in"]).inc_by(pieces.size);
    let row = BlobRow::new(bringer.org(), sha256);
    let blob = Upload { hub, caller: bringer, sha256: *sha256, row, size: asked.size };
    if pieces.size == asked.size { blob.take_whole(pieces).await } else { blob.take_part(asked.offset, pieces).await }
}

fn check(asked: PartAsked, bytes: u64) -> Answer<()> {
    if asked.size > MOST_BYTES {
        return Err(Problem::invalid(format!("a blob has at most {MOST_BYTES} bytes")));
    }
    let after = asked.offset.saturating_add(bytes);
    let fits = bytes <= MOST_PART_BYTES as u64
        && after <= asked.size
        && (after == asked.size || bytes >= FEWEST_PART_BYTES as u64)
        // All of it was sent, and the hub stopped before it put it together: nothing more is asked for than that.
        && (bytes > 0 || asked.offset == asked.size);
    if fits {
        return Ok(());
    }
    Err(Problem::invalid(format!(
        "a part has {FEWEST_PART_BYTES} to {MOST_PART_BYTES} bytes, the last one perhaps fewer, and ends within the blob"
    )))
}

struct Upload<'a> {
    hub: &'a Hub,
    caller: Bringer,
    sha256: Sha256,
    row: BlobRow,
    size: u64,
}

impl Upload<'_> {
    fn size(&self) -> i64 {
        i64::try_from(self.size).unwrap_or(i64::MAX)
    }

    /// All of it at once: put under its name.
    async fn take_whole(&self, pieces: Pieces) -> Answer<Response> {
        // Whether the station may is asked before anything is stored.
        self.caller.begin(self.hub).await?.commit().await?;
        match self.hub.objects.put_hashed(self.caller.org(), &self.sha256, pieces.sha256, pieces.into()).await {
            Ok(()) => self.verified().await,
            Err(why @ ObjectsError::Hash { .. }) => Err(wrong_hash(&why)),
            Err(why) => Err(passing(&why)),
        }
    }

    async fn take_part(&self, offset: u64, pieces: Pieces) -> Answer<Response> {
        let tx = self.caller.begin(self.hub).await?;
        let stand = self.row.stand(&tx, false).await?;
        tx.commit().await?;
        if let Some(answer) = self.other_than(&stand, offset).await? {
            return Ok(answer);
        }
        let part = Part {
            first_byte: i64::try_from(offset).unwrap_or(i64::MAX),
            size: i64::try_from(pieces.size).unwrap_or(i64::MAX),
            sha256: pieces.sha256,
            key: self
                .hub
                .objects
                .put_part(self.caller.org(), &self.sha256, self.hub.id()?, pieces.into())
                .await
                .map_err(|why| passing(&why))?,
        };
        let tx = self.caller.begin(self.hub).await?;
        self.row.announce(&tx, self.caller.station()).await?;
        let stand = self.row.stand(&tx, true).await?;
        if stand.verified || stand.offset() != offset {
            // Somebody else brought it meanwhile.
            tx.rollback().await?;
            self.remove(&[part.key]).await;
            return self.other_than(&stand, offset).await?.ok_or_else(|| misplaced(&stand));
        }
        self.row.add(&tx, &part, self.size()).await?;
        tx.commit().await?;
        hit("blob-after-part");
        let received = offset.saturating_add_signed(part.size);
        if received < self.size {
            return Ok(stands("partial", received));
        }
        hit("blob-before-assemble");
        self.assemble().await
    }

    /// What to answer where the part does not go on what is here.
    async fn other_than(&self, stand: &Stand, offset: u64) -> Answer<Option<Response>> {
        if stand.verified {
            return Ok(Some(stands("verified", stand.offset())));
        }
        if stand.received > 0 && stand.size != Some(self.size()) {
            let tx = self.caller.begin(self.hub).await?;
            let keys = self.row.begin_anew(&tx, "another size was announced").await?;
            tx.commit().await?;
            self.remove(&keys).await;
            return Err(misplaced(&Stand::default()));
        }
        // All of it is here and was not put together: the hub stopped in between.
        if stand.received > 0 && stand.size == Some(stand.received) {
            return self.assemble().await.map(Some);
        }
        if stand.offset() == offset { Ok(None) } else { Err(misplaced(stand)) }
    }

    async fn assemble(&self) -> Answer<Response> {
        let tx = self.caller.begin(self.hub).await?;
        let parts = self.row.parts(&tx).await?;
        // After the parts: they are taken away in the moment when it is verified, and then these were not all.
        let stand = self.row.stand(&tx, false).await?;
        tx.commit().await?;
        if stand.verified {
            return Ok(stands("verified", stand.offset()));
        }
        match self.hub.objects.assemble(self.caller.org(), &self.sha256, &parts).await {
            Ok(_) => self.verified().await,
            Err(why @ ObjectsError::Hash { .. }) => {
                let tx = self.caller.begin(self.hub).await?;
                let keys = self.row.begin_anew(&tx, &why.to_string()).await?;
                tx.commit().await?;
                self.remove(&keys).await;
                Err(wrong_hash(&why))
            }
            Err(ObjectsError::Missing(key)) => self.part_gone(&key).await,
            Err(why) => Err(passing(&why)),
        }
    }

    /// A part is not in the store: another node has put the blob together, or the store has lost it.
    async fn part_gone(&self, key: &str) -> Answer<Response> {
        let tx = self.caller.begin(self.hub).await?;
        let stand = self.row.stand(&tx, true).await?;
        if stand.verified {
            tx.commit().await?;
            return Ok(stands("verified", stand.offset()));
        }
        tracing::warn!(sha256 = %self.sha256, key, "a part is not in the store: the blob begins anew");
        let keys = self.row.begin_anew(&tx, "a part was not in the object store").await?;
        tx.commit().await?;
        self.remove(&keys).await;
        Err(misplaced(&Stand::default()))
    }

    async fn verified(&self) -> Answer<Response> {
        hit("blob-before-verified");
        let key = crate::objects::blob_key(self.caller.org(), &self.sha256);
        let tx = self.caller.begin(self.hub).await?;
        let unneeded = self.mark(&tx, &key).await?;
        tx.commit().await?;
        hit("blob-after-verified");
        self.remove(&unneeded).await;
        self.hub.metrics.blobs_verified.inc();
        Ok(stands("verified", self.size))
    }

    async fn mark(&self, tx: &Tx, key: &str) -> Answer<Vec<String>> {
        let now = self.hub.clock.now();
        Ok(self.row.verified(tx, self.caller.station(), self.size(), key, now).await?)
    }

    async fn remove(&self, keys: &[String]) {
        if let Err(why) = self.hub.objects.remove_parts(keys).await {
            // Housekeeping takes them later.
            tracing::warn!(sha256 = %self.sha256, "parts of a blob are left: {why}");
        }
    }
}

fn misplaced(stand: &Stand) -> Problem {
    let offset = stand.offset();
    let told = format!("the hub has the first {offset} bytes of it: go on from there");
    Problem::conflict(code::OFFSET, told).with(json!({ "offset": offset }))
}

fn wrong_hash(why: &ObjectsError) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code::HASH, why.to_string()).with(json!({ "offset": 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const FEWEST: u64 = FEWEST_PART_BYTES as u64;
    const MOST: u64 = MOST_PART_BYTES as u64;

    #[test]
    fn parts_are_taken_up_to_their_exact_edges() {
        let fits = |offset, size, bytes| check(PartAsked { offset, size }, bytes).is_ok();
        assert!(fits(0, MOST, MOST) && !fits(0, MOST + 1, MOST + 1), "as large as a part may be, and one byte more");
        assert!(fits(0, MOST, FEWEST) && !fits(0, MOST, FEWEST - 1), "as small, and one byte less");
        assert!(fits(MOST - 1, MOST, 1), "the last may be of one byte");
        assert!(fits(0, 0, 0) && !fits(0, 1, 0), "an empty blob is one, an empty part is none");
        assert!(fits(1, 1, 0) && !fits(2, 1, 0), "but after the last byte, where only the putting together is left");
        assert!(!fits(1, MOST, MOST), "beyond the end");
        assert!(!fits(u64::MAX, u64::MAX, 1), "no blob is so large");
    }

    proptest! {
        #[test]
        fn a_part_that_is_taken_lies_within_its_blob(offset: u64, size in 0..=MOST_BYTES, bytes in 0..=MOST + 1) {
            if check(PartAsked { offset, size }, bytes).is_ok() {
                prop_assert!(offset + bytes <= size, "it ends within it");
            }
        }
    }
}

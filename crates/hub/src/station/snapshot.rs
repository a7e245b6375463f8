//! `GET /v1/stations/{id}/snapshot`: what the feed comes to, for a station that was away for longer than it goes back.
//!
//! A page begins after the key of the last item of the page before, which the cursor holds: nothing is kept at the hub,
//! and a page may be asked for again, by any node, after days. What changes meanwhile is in the feed after `as_of`.

use super::{
    feed::snapshot_needed,
    log::other_epoch,
    packed::packed,
    section::{Key, Section},
    who::{StationCaller, column},
};
use crate::{
    Answer, Hub, Problem,
    db::{Tx, p},
    read::ask::Asked,
};
use axum::{extract::State, response::Response};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use serde::{Deserialize, Serialize};
use utoipa::IntoParams;
use uuid::Uuid;
use wellread_wire::downlink::SnapshotPage;

/// How much a page holds; see [`Section::weight`].
const PAGE_WEIGHT: u32 = 2_000;

/// Where a page begins.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct SnapshotAsked {
    /// `next` of the page before; nothing for the first.
    pub cursor: Option<String>,
}

/// Where a page begins, as the cursor holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Cursor {
    #[serde(rename = "e")]
    epoch: Uuid,
    #[serde(rename = "a")]
    as_of: i64,
    #[serde(rename = "s")]
    section: Section,
    #[serde(rename = "k")]
    after: Option<Key>,
}

impl Cursor {
    fn read(text: &str) -> Option<Self> {
        serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(text).ok()?).ok()
    }

    fn written(&self) -> Answer<String> {
        let json = serde_json::to_vec(self).map_err(|why| Problem::unforeseen(&anyhow::Error::new(why)))?;
        Ok(BASE64_URL_SAFE_NO_PAD.encode(json))
    }
}

/// A page of what holds.
#[utoipa::path(
    get, path = "/v1/stations/{id}/snapshot", tag = "stations", operation_id = "snapshot",
    params(("id" = Uuid, Path, description = "The station"), SnapshotAsked),
    responses(
        (status = 200, description = "A page (`wire::downlink::SnapshotPage`)", body = serde_json::Value,
            content_type = "application/vnd.wellread+json+zstd"),
        (status = 409, description = "`epoch-changed`: begin again"),
        (status = 410, description = "`snapshot-needed`: this one took so long that the feed has moved on; begin again"),
    ),
    security(("station" = []))
)]
#[tracing::instrument(skip_all, fields(station = %caller.station))]
pub async fn snapshot(
    State(hub): State<Hub>,
    caller: StationCaller,
    Asked(asked): Asked<SnapshotAsked>,
) -> Answer<Response> {
    let tx = caller.begin(&hub).await?;
    let cursor = begin(&tx, caller, asked.cursor.as_deref()).await?;
    let page = page(&hub, &tx, caller, cursor).await?;
    tx.commit().await?;
    packed(page).await
}

async fn begin(tx: &Tx, caller: StationCaller, asked: Option<&str>) -> Answer<Cursor> {
    let row = tx
        .query_one(
            "SELECT c.feed_seq, c.feed_horizon, h.epoch FROM microplates.org_counter c CROSS JOIN public.hub_state h
             WHERE c.org_id = $1",
            &[p(&caller.org)],
        )
        .await?;
    let (head, horizon, epoch): (i64, i64, Uuid) = (column(&row, 0)?, column(&row, 1)?, column(&row, 2)?);
    let Some(asked) = asked else {
        return Ok(Cursor { epoch, as_of: head, section: Section::FIRST, after: None });
    };
    let cursor = Cursor::read(asked)
        .ok_or_else(|| Problem::invalid("the cursor is none of the hub's: begin the snapshot again without one"))?;
    if cursor.epoch != epoch {
        return Err(other_epoch(epoch));
    }
    if cursor.as_of.saturating_add(1) < horizon || cursor.as_of > head {
        return Err(snapshot_needed(horizon, head));
    }
    Ok(cursor)
}

async fn page(hub: &Hub, tx: &Tx, caller: StationCaller, mut cursor: Cursor) -> Answer<SnapshotPage> {
    let (mut items, mut room) = (Vec::new(), PAGE_WEIGHT);
    loop {
        let weight = cursor.section.weight();
        let most = room / weight;
        if most == 0 {
            break;
        }
        let found = cursor.section.items(hub, tx, caller, cursor.after.take(), most).await?;
        let count = u32::try_from(found.len()).unwrap_or(u32::MAX);
        room = room.saturating_sub(count.saturating_mul(weight));
        let last = found.last().map(|(key, _)| key.clone());
        items.extend(found.into_iter().map(|(_, item)| item));
        if count == most {
            cursor.after = last;
            break;
        }
        let Some(next) = cursor.section.next() else {
            return Ok(SnapshotPage { epoch: cursor.epoch, as_of: cursor.as_of, items, next: None });
        };
        cursor.section = next;
    }
    Ok(SnapshotPage { epoch: cursor.epoch, as_of: cursor.as_of, items, next: Some(cursor.written()?) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_reads_its_own_writing_and_nothing_else() {
        let cursor = Cursor {
            epoch: Uuid::from_u128(7),
            as_of: 9,
            section: Section::Assays,
            after: Some(Key { text: "hi".to_owned(), number: 2 }),
        };
        assert_eq!(Cursor::read(&cursor.written().unwrap()), Some(cursor), "its own");
        for wrong in ["", "####", "e30", "bnVsbA"] {
            assert_eq!(Cursor::read(wrong), None, "'{wrong}' is none");
        }
    }

    #[test]
    fn every_section_is_reached_and_the_last_has_none_after_it() {
        let all: Vec<Section> = std::iter::successors(Some(Section::FIRST), |section| section.next()).collect();
        assert_eq!(all.len(), 7, "roles, users, assays, layouts, models, settings, corrections");
        assert!(
            all.iter().all(|section| PAGE_WEIGHT / section.weight() > 0),
            "an empty page has room for some of each"
        );
    }
}

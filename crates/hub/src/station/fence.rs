//! Fencing: a log with two histories. Two copies of a station are at work (a cloned disk, a restored backup), and the
//! hub takes records of neither until a person says which one goes on.

use super::{changes, who::StationCaller};
use crate::{
    Answer, Hub, Problem,
    auth::audit::{self, Entry},
    db::{Tx, p},
};
use serde_json::json;
use wellread_wire::problem::code;

/// What a fenced station is told.
pub(super) fn refused(why: &str) -> Problem {
    let told = format!("{why}. Find the other copy and stop it, then take over with the one that shall go on");
    Problem::conflict(code::FENCED, told).with(json!({ "reason": "log-differs" }))
}

/// Fences a station whose push contradicts the log at a place, and says what it is to be told.
pub(super) async fn raise(hub: &Hub, tx: Tx, caller: StationCaller, seq: i64, first_seq: i64) -> Answer<Problem> {
    let why = format!("record {seq} of this station's log is another than the one that the hub has of it");
    tx.execute(
        "UPDATE microplates.station SET fenced = $3, fenced_at = now(), updated_at = now()
         WHERE org_id = $1 AND id = $2",
        &[p(&caller.org), p(&caller.station), p(&why)],
    )
    .await?;
    let entry = Entry {
        station: Some(caller.station),
        action: "FENCE",
        resource: "station",
        resource_id: caller.station.to_string(),
        details: json!({ "seq": seq, "first_seq": first_seq }),
        ..Entry::default()
    };
    audit::note(hub, &tx, caller.org, &entry).await?;
    changes::note(&tx, caller.org, Some(caller.station), &["station"], &[]).await?;
    tx.commit().await?;
    tracing::warn!(station = %caller.station, seq, "fenced: two histories of one log");
    Ok(refused(&why))
}

//! `quarantine`: records that the hub could not take.

use super::{
    args::{QuarantineDropArgs, QuarantineListArgs, QuarantineRetryArgs},
    organizations::{ACTOR, enter},
    print, start,
};
use serde_json::json;
use std::process::ExitCode;
use wellread_hub::station::quarantine::{self, By, Place, QuarantineAsked, Which};

fn by() -> By {
    By::name(ACTOR)
}

pub(super) async fn list(args: &QuarantineListArgs, json: bool) -> anyhow::Result<()> {
    let hub = start::hub(&args.database).await?;
    let (org, tx) = enter(&hub.db, &args.slug).await?;
    let state = args.all.then(|| "all".to_owned());
    let asked = QuarantineAsked { station: args.station, state, ..QuarantineAsked::default() };
    let items = quarantine::list(&tx, org, &asked, args.limit).await.map_err(start::told)?;
    tx.commit().await?;
    print::either(json, &items, || {
        let rows: Vec<_> = items
            .iter()
            .map(|item| {
                [
                    item.station.to_string(),
                    item.station_name.clone(),
                    item.incarnation.to_string(),
                    item.seq.to_string(),
                    item.kind.clone(),
                    item.state.clone(),
                    item.code.clone(),
                    item.reason.clone(),
                ]
            })
            .collect();
        print::table(["station", "name", "incarnation", "seq", "kind", "state", "code", "reason"], &rows)
    })
}

/// Exit code 1 where something is still refused.
pub(super) async fn retry(args: &QuarantineRetryArgs, json: bool) -> anyhow::Result<ExitCode> {
    let hub = start::whole_hub(&args.objects).await?;
    let (org, tx) = enter(&hub.db, &args.slug).await?;
    let retried = match (args.station, args.seq) {
        (Some(station), Some(seq)) => {
            let place = Place { station, incarnation: args.incarnation, seq };
            let retried = quarantine::retry(&hub, &tx, org, place, &by()).await.map_err(start::told)?;
            tx.commit().await?;
            retried
        }
        (station, _) => {
            tx.commit().await?;
            let which = Which { station, code: None };
            quarantine::retry_all(&hub, org, which, &by()).await.map_err(start::told)?
        }
    };
    print::either(json, &retried, || {
        let mut lines = vec![format!("{} applied, {} still refused", retried.applied, retried.refused)];
        lines.extend(retried.reasons.iter().cloned());
        lines.join("\n")
    })?;
    Ok(if retried.refused == 0 { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

pub(super) async fn drop(args: &QuarantineDropArgs, json: bool) -> anyhow::Result<()> {
    let hub = start::whole_hub(&args.objects).await?;
    let (org, tx) = enter(&hub.db, &args.slug).await?;
    let record = &args.record;
    let place = Place { station: record.station, incarnation: record.incarnation, seq: record.seq };
    quarantine::drop_record(&hub, &tx, org, place, &by(), &args.why).await.map_err(start::told)?;
    tx.commit().await?;
    print::either(json, &json!({ "dropped": place }), || {
        format!("record {} of station {} is given up; its payload stays in the database", place.seq, place.station)
    })
}

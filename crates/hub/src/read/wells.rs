//! The wells of a run, row by row of the plate.

use super::{
    RUN_READ,
    ask::{self, Asked, Form, Named},
    list::{Page, sheet_response},
    run::{self, Review},
    sheet::{self, Cell, SheetRow},
    sql::{Sql, get},
};
use crate::{Answer, Hub, auth::caller::Caller, db::DbError};
use axum::{
    Json,
    body::Body,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use wellread_plate::format::WellId;

/// How the wells are written.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct WellsAsked {
    /// `json` or `csv`; else as `Accept` says.
    pub format: Option<String>,
}

/// A well of a run.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Well {
    /// Its name.
    pub well_id: String,
    /// What the eye saw.
    pub class: String,
    /// What the assay made of it: `positive`, `negative` or `invalid`.
    pub label: String,
    /// Probability of the class.
    pub confidence: f64,
    /// The box around it in the picture.
    #[schema(value_type = Object)]
    pub bbox: Value,
    /// What is odd about it.
    pub flags: Vec<String>,
    /// The call of a person, which holds instead.
    #[serde(rename = "override")]
    pub overridden: Option<Override>,
}

/// A call that holds instead of the assay's.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Override {
    /// What the well shows, where that was said too.
    pub class: Option<String>,
    /// What it is.
    pub label: String,
    /// The event that says so.
    pub event: i64,
    /// Who said so.
    pub actor: String,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words.
    pub reason_text: String,
}

/// The calls of people that hold, by well: the newest of each that is not undone.
fn overrides(reviews: &[Review]) -> BTreeMap<String, Override> {
    let held = reviews.iter().filter(|review| review.kind == "override" && !review.undone);
    held.filter_map(|review| {
        let said = |name: &str| review.decision.get(name).and_then(Value::as_str).map(str::to_owned);
        let of = Override {
            class: said("class"),
            label: said("label")?,
            event: review.seq,
            actor: review.actor.clone(),
            reason_code: review.reason_code.clone(),
            reason_text: review.reason_text.clone(),
        };
        Some((said("well")?, of))
    })
    .collect()
}

fn well(row: &Row) -> Result<Well, DbError> {
    Ok(Well {
        well_id: get(row, "well_id")?,
        class: get(row, "class")?,
        label: get(row, "label")?,
        confidence: get(row, "confidence")?,
        bbox: get(row, "bbox")?,
        flags: get(row, "flags")?,
        overridden: None,
    })
}

impl SheetRow for Well {
    const COLUMNS: &'static [&'static str] = &[
        "well_id",
        "class",
        "label",
        "confidence",
        "flags",
        "override_class",
        "override_label",
        "override_by",
        "override_reason_code",
        "override_reason_text",
    ];

    fn cells(&self) -> Vec<Cell> {
        let of = |part: fn(&Override) -> &str| {
            self.overridden.as_ref().map_or(Cell::Empty, |overridden| part(overridden).into())
        };
        vec![
            (&self.well_id).into(),
            (&self.class).into(),
            (&self.label).into(),
            Cell::number(self.confidence),
            Cell::Text(self.flags.join(" ")),
            of(|o| o.class.as_deref().unwrap_or_default()),
            of(|o| &o.label),
            of(|o| &o.actor),
            of(|o| &o.reason_code),
            of(|o| &o.reason_text),
        ]
    }
}

/// The wells of a run, row by row: all of them, so that `next` is always null.
#[utoipa::path(
    get,
    path = "/v1/runs/{id}/wells",
    tag = "read",
    security(("person" = [])),
    params(("id" = String, Path, description = "The run's id, or its number"), WellsAsked),
    responses(
        (status = 200, description = "Every well; none for a run without results",
            content((Page<Well> = "application/json"), (String = "text/csv"))),
        (status = 401, description = "No good token"),
        (status = 403, description = "Needs run:read"),
        (status = 404, description = "No run of this organization"),
    )
)]
pub(super) async fn list_wells(
    State(hub): State<Hub>,
    caller: Caller,
    headers: HeaderMap,
    Named(name): Named<String>,
    Asked(asked): Asked<WellsAsked>,
) -> Answer<Response> {
    let form = ask::form(&headers, asked.format.as_deref())?;
    let tx = caller.begin(&hub, RUN_READ).await?;
    let Some(run) = run::find(&tx, caller.org, &name).await? else {
        return Err(run::no_run(tx, &name).await);
    };
    let rows = Sql::new("SELECT well_id, class, label, confidence, bbox, flags FROM microplates.well_prediction WHERE")
        .with(" org_id = ?", caller.org)
        .with(" AND run_id = ?", run)
        .query(&tx)
        .await?;
    let mut held = overrides(&run::reviews(&tx, caller.org, run).await?);
    tx.commit().await?;
    let mut wells = rows.iter().map(well).collect::<Result<Vec<_>, _>>()?;
    for well in &mut wells {
        well.overridden = held.remove(&well.well_id);
    }
    // As text A10 would come before A2.
    wells.sort_by_cached_key(|well| (well.well_id.parse::<WellId>().ok(), well.well_id.clone()));
    match form {
        Form::Json => Ok(Json(Page { items: wells, next: None }).into_response()),
        Form::Csv => {
            let parts: [Bytes; 2] = [sheet::header::<Well>()?, sheet::rows(&wells)?];
            Ok(sheet_response("wells", Body::from(parts.concat())))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;
    use uuid::Uuid;

    fn review(seq: i64, well: &str, label: &str, undone: bool) -> Review {
        Review {
            id: Uuid::from_u128(u128::try_from(seq).unwrap()),
            seq,
            kind: "override".to_owned(),
            decision: json!({"kind": "override", "well": well, "class": null, "label": label}),
            reason_code: "bubble".to_owned(),
            reason_text: String::new(),
            actor: "ann".to_owned(),
            at: String::new(),
            conflict: false,
            undone,
            made: None,
        }
    }

    #[test]
    fn the_newest_call_of_a_well_that_is_not_undone_holds() {
        let held = overrides(&[
            review(1, "A1", "positive", false),
            review(2, "A1", "negative", false),
            review(3, "B2", "invalid", true),
        ]);
        assert_eq!(held.get("A1").map(|held| held.label.as_str()), Some("negative"), "the newer one");
        assert_eq!(held.get("B2"), None, "it was undone");
    }
}

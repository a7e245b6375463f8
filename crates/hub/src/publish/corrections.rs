//! Decisions of headquarters about runs. The run's station carries one out, and says so with a review of the same id.

use crate::{
    Answer, Hub, Problem,
    auth::{
        audit,
        body::Said,
        caller::{Caller, get as column},
        permission::{RUN_CORRECT, RUN_READ},
    },
    db::{DbError, Tx, p},
    read::{
        ask::{Asked, written},
        list::{self, List, Page, Wanted},
        sheet::{Cell, SheetRow},
        sql::{Sql, get},
    },
    station::feed,
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio_postgres::Row;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wellread_plate::class::WellClass;
use wellread_wire::downlink::{Correction, CorrectionDecision, Item};

/// The stations' codes of reasons.
const REASONS: [&str; 11] = [
    "confirmed",
    "misread",
    "artefact",
    "contamination",
    "handling",
    "control",
    "wrong-number",
    "wrong-grid",
    "repeat",
    "mistake",
    "other",
];
const LONGEST_TEXT: usize = 2_000;
const LONGEST_NUMBER: usize = 100;

/// How far a decision has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Progress {
    /// The station has not fetched it.
    Waiting,
    /// The station has it, and has not told yet what came of it.
    Received,
    /// The station has carried it out.
    Applied,
}

impl Progress {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Received => "received",
            Self::Applied => "applied",
        }
    }
}

/// Which decisions.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct CorrectionsAsked {
    /// About this run.
    pub run: Option<Uuid>,
    /// For this station.
    pub station: Option<Uuid>,
    /// That have come so far.
    #[param(inline)]
    pub state: Option<Progress>,
    /// Where the page begins: `next` of the page before.
    pub after: Option<String>,
    /// Rows of a page, 1 to 1000; 100 where nothing is said. A sheet has all.
    pub limit: Option<u32>,
    /// `json` or `csv`; else as `Accept` says.
    pub format: Option<String>,
}

/// A decision.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CorrectionItem {
    /// Its id, which becomes that of the review at the station.
    pub id: Uuid,
    /// The station.
    pub station_id: Uuid,
    /// The station's name.
    pub station: String,
    /// The run.
    pub run_id: Uuid,
    /// What is decided: an object with `decision` and what belongs to it.
    #[schema(value_type = Object)]
    pub decision: Value,
    /// Why, as a code.
    pub reason_code: String,
    /// Why, in words.
    pub reason_text: String,
    /// Who decided.
    pub user_id: Uuid,
    /// That account's name.
    pub username: String,
    /// When.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// How far it has come.
    #[schema(inline)]
    pub state: Progress,
    /// When the station told that it had carried it out.
    #[schema(format = DateTime)]
    pub applied_at: Option<String>,
}

/// A decision to make.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewCorrection {
    /// The run.
    pub run_id: Uuid,
    /// What is decided: `{"decision": "accept"}`, `{"decision": "reject"}`,
    /// `{"decision": "sample", "sample_no": …, "submission_no": …, "plate_no": …}` or
    /// `{"decision": "override", "well": "A1", "class": …, "label": "positive"}`.
    #[schema(value_type = Object)]
    pub decision: CorrectionDecision,
    /// Why, as a code: `misread`, `wrong-number`, …
    pub reason_code: String,
    /// Why, in words; needed where the code says nothing by itself.
    #[serde(default)]
    pub reason_text: String,
}

const SELECT: &str = "SELECT c.id, c.station_id, s.name AS station, c.run_id, c.body -> 'decision' AS decision,
       c.reason_code, c.reason_text, c.user_id, c.username, c.created_at, c.applied_at, c.state
     FROM (SELECT c.*, CASE WHEN c.applied_at IS NOT NULL THEN 'applied' WHEN EXISTS (
         SELECT 1 FROM microplates.org_feed f JOIN microplates.station t ON t.org_id = f.org_id AND t.id = c.station_id
         WHERE f.org_id = c.org_id AND f.kind = 'correction' AND f.key = 'correction:' || c.id::text
           AND f.seq > t.feed_seq) THEN 'waiting' ELSE 'received' END AS state
       FROM microplates.correction c) c
     JOIN microplates.station s ON s.org_id = c.org_id AND s.id = c.station_id WHERE ";

fn item(row: &Row) -> Result<CorrectionItem, DbError> {
    let state: &str = get(row, "state")?;
    Ok(CorrectionItem {
        id: get(row, "id")?,
        station_id: get(row, "station_id")?,
        station: get(row, "station")?,
        run_id: get(row, "run_id")?,
        decision: get(row, "decision")?,
        reason_code: get(row, "reason_code")?,
        reason_text: get(row, "reason_text")?,
        user_id: get(row, "user_id")?,
        username: get(row, "username")?,
        created_at: written(get::<DateTime<Utc>>(row, "created_at")?),
        state: match state {
            "applied" => Progress::Applied,
            "waiting" => Progress::Waiting,
            _ => Progress::Received,
        },
        applied_at: get::<Option<DateTime<Utc>>>(row, "applied_at")?.map(written),
    })
}

impl List for CorrectionsAsked {
    type Item = CorrectionItem;
    type Key = Uuid;

    fn name(&self) -> &'static str {
        "corrections"
    }

    fn permission(&self) -> &'static str {
        RUN_READ
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { after: self.after.as_deref(), limit: self.limit, format: self.format.as_deref() }
    }

    fn sql(&self, org: Uuid, after: Option<Uuid>, rows: u32) -> Answer<Sql> {
        let sql = Sql::new(SELECT)
            .with("c.org_id = ?", org)
            .with_some(" AND c.run_id = ?", self.run)
            .with_some(" AND c.station_id = ?", self.station)
            .with_some(" AND c.state = ?", self.state.map(|state| state.as_str().to_owned()))
            .with_some(" AND c.id < ?", after);
        Ok(sql.then(" ORDER BY c.id DESC").limit(rows))
    }

    fn item(&self, row: &Row) -> Result<CorrectionItem, DbError> {
        item(row)
    }

    fn key(&self, item: &CorrectionItem) -> Uuid {
        item.id
    }
}

impl SheetRow for CorrectionItem {
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "station_id",
        "station",
        "run_id",
        "decision",
        "reason_code",
        "reason_text",
        "user_id",
        "username",
        "created_at",
        "state",
        "applied_at",
    ];

    fn cells(&self) -> Vec<Cell> {
        vec![
            Cell::number(self.id),
            Cell::number(self.station_id),
            (&self.station).into(),
            Cell::number(self.run_id),
            Cell::from(&self.decision.to_string()),
            (&self.reason_code).into(),
            (&self.reason_text).into(),
            Cell::number(self.user_id),
            (&self.username).into(),
            (&self.created_at).into(),
            self.state.as_str().into(),
            (&self.applied_at).into(),
        ]
    }
}

/// Lists the decisions of headquarters, the newest first.
#[utoipa::path(get, path = "/v1/corrections", tag = "publish", params(CorrectionsAsked), security(("person" = [])),
    responses((status = 200, description = "A page, or a sheet", content(
        (Page<CorrectionItem> = "application/json"),
        (String = "text/csv")
    ))
))]
pub async fn list_corrections(
    State(hub): State<Hub>,
    caller: Caller,
    headers: HeaderMap,
    Asked(asked): Asked<CorrectionsAsked>,
) -> Answer<Response> {
    list::answer(hub, caller, &headers, asked).await
}

/// Decides about a run. Its station learns it at its next contact, and no other.
#[utoipa::path(post, path = "/v1/corrections", tag = "publish", request_body = NewCorrection, security(("person" = [])),
    responses(
    (status = 201, description = "Decided", body = CorrectionItem),
    (status = 404, description = "There is no such run in this organization", body = Object,
        content_type = "application/problem+json"),
    (status = 409, description = "The run has no results, or its station was taken off the list", body = Object,
        content_type = "application/problem+json")))]
pub async fn correct(
    State(hub): State<Hub>,
    caller: Caller,
    Said(new): Said<NewCorrection>,
) -> Answer<(StatusCode, Json<CorrectionItem>)> {
    let tx = caller.begin(&hub, RUN_CORRECT).await?;
    let org = caller.org;
    check_reason(&new)?;
    let station = station_of(&tx, org, &new).await?;
    let sql = "SELECT username FROM auth.users WHERE org_id = $1 AND id = $2";
    let username: String = column(&tx.query_one(sql, &[p(&org), p(&caller.user)]).await?, 0)?;
    let now = hub.clock.now();
    let correction = Correction {
        id: hub.id()?,
        station_id: station,
        run_id: new.run_id,
        decision: new.decision,
        reason_code: new.reason_code,
        reason_text: new.reason_text.trim().to_owned(),
        user_id: caller.user,
        username,
        at_ms: now.timestamp_millis(),
    };
    insert(&tx, org, &correction, now).await?;
    let told = json!({ "run": correction.run_id, "decision": correction.decision });
    let entry = caller.entry("CREATE", "correction", correction.id).changed(None, Some(told));
    audit::note(&hub, &tx, org, &entry.because(&correction.reason_text)).await?;
    let key = format!("correction:{}", correction.id);
    let id = correction.id;
    feed::append(&tx, org, Some(station), &key, &Item::Correction(correction)).await?;
    let rows = Sql::new(SELECT).with("c.org_id = ?", org).with(" AND c.id = ?", id).query(&tx).await?;
    let made = item(rows.first().ok_or_else(|| Problem::not_found("correction", id))?)?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(made)))
}

async fn insert(tx: &Tx, org: Uuid, new: &Correction, now: DateTime<Utc>) -> Answer<()> {
    let body = serde_json::to_value(new).map_err(anyhow::Error::from)?;
    tx.execute(
        "INSERT INTO microplates.correction (org_id, id, station_id, run_id, decision, body, reason_code, reason_text,
           user_id, username, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        &[
            p(&org),
            p(&new.id),
            p(&new.station_id),
            p(&new.run_id),
            p(&name(&new.decision)),
            p(&body),
            p(&new.reason_code),
            p(&new.reason_text),
            p(&new.user_id),
            p(&new.username),
            p(&now),
        ],
    )
    .await?;
    Ok(())
}

const fn name(decision: &CorrectionDecision) -> &'static str {
    match decision {
        CorrectionDecision::Accept => "accept",
        CorrectionDecision::Reject => "reject",
        CorrectionDecision::Sample { .. } => "sample",
        CorrectionDecision::Override { .. } => "override",
    }
}

fn check_reason(new: &NewCorrection) -> Answer<()> {
    if !REASONS.contains(&new.reason_code.as_str()) {
        return Err(Problem::invalid(format!("'{}' is no reason: use one of {}", new.reason_code, REASONS.join(", "))));
    }
    if new.reason_code == "other" && new.reason_text.trim().is_empty() {
        return Err(Problem::invalid("the reason 'other' says in words what it is"));
    }
    if new.reason_text.chars().count() > LONGEST_TEXT {
        return Err(Problem::invalid(format!("a reason has at most {LONGEST_TEXT} characters")));
    }
    match &new.decision {
        CorrectionDecision::Sample { sample_no, submission_no, plate_no } => {
            let wrong = |text: &&String| text.chars().count() > LONGEST_NUMBER || text.chars().any(char::is_control);
            match [sample_no, submission_no, plate_no].into_iter().find(wrong) {
                Some(_) => {
                    Err(Problem::invalid(format!("a number has at most {LONGEST_NUMBER} characters on one line")))
                }
                None => Ok(()),
            }
        }
        CorrectionDecision::Override { class, label, .. } => {
            if !["positive", "negative", "invalid"].contains(&label.as_str()) {
                return Err(Problem::invalid(format!("'{label}' is no call: use positive, negative or invalid")));
            }
            match class.as_deref().filter(|class| WellClass::new(class).is_none()) {
                Some(class) => Err(Problem::invalid(format!("'{class}' is no class of a well"))),
                None => Ok(()),
            }
        }
        CorrectionDecision::Accept | CorrectionDecision::Reject => Ok(()),
    }
}

/// The station of a run that this can be decided about.
async fn station_of(tx: &Tx, org: Uuid, new: &NewCorrection) -> Answer<Uuid> {
    let well = match &new.decision {
        CorrectionDecision::Override { well, .. } => Some(well.clone()),
        _ => None,
    };
    let row = tx
        .query_opt(
            "SELECT r.station_id, r.status, s.revoked_at IS NOT NULL, $3::text IS NULL OR EXISTS (
               SELECT 1 FROM microplates.well_prediction w
               WHERE w.org_id = r.org_id AND w.run_id = r.id AND w.well_id = $3)
             FROM microplates.prediction_run r JOIN microplates.station s ON s.org_id = r.org_id AND s.id = r.station_id
             WHERE r.org_id = $1 AND r.id = $2 AND r.deleted_at IS NULL",
            &[p(&org), p(&new.run_id), p(&well)],
        )
        .await?
        .ok_or_else(|| Problem::not_found("run", new.run_id))?;
    let status: String = column(&row, 1)?;
    if status != "completed" {
        return Err(Problem::conflict(
            "run-without-results",
            format!("the run is {status}: there is nothing to decide"),
        ));
    }
    if column(&row, 2)? {
        let told = "the run's station was taken off the list: nobody is there to carry it out";
        return Err(Problem::conflict("station-revoked", told));
    }
    if !column::<bool>(&row, 3)? {
        let told = format!("the run's plate has no well '{}'", well.unwrap_or_default());
        return Err(Problem::invalid(told));
    }
    Ok(column(&row, 0)?)
}

//! One-time codes for enrolling stations: `ORGANIZATION-XXXX-XXXX-XXXX`. Only their hash is kept.

use super::who::column;
use crate::{
    Answer, Hub, Problem,
    auth::{
        audit::{self, Entry},
        body::Said,
        caller::Caller,
        permission::STATION_ADMIN,
    },
    db::{DbError, Param, Tx, p},
    read::{
        ask::{self, Asked, Named},
        list::{self, List, Page, Wanted},
        sheet::{Cell, SheetRow},
        sql::{Sql, get},
    },
};
use axum::{
    Json,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use tokio_postgres::{Row, types::Type};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use wellread_wire::{chain::Sha256, problem::code};

/// Letters and digits that nobody takes for others when reading them out or typing them.
const ALPHABET: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
/// For how long a code is good where nothing is said, in hours.
const GOOD_HOURS: u32 = 7 * 24;
/// For how long it may be.
const MOST_HOURS: u32 = 90 * 24;

/// A code as somebody typed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Typed {
    /// The organization's short name.
    pub(super) slug: String,
    secret: String,
}

impl Typed {
    /// Reads a code. Case, spaces around it, and characters that are taken for others do not matter.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut parts = text.rsplitn(4, '-');
        let (last, middle, first, slug) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
        let secret: String = [first, middle, last].concat().to_ascii_uppercase();
        let good = [first, middle, last].iter().all(|group| group.len() == 4)
            && secret.bytes().all(|byte| ALPHABET.contains(&byte))
            && !slug.is_empty()
            && slug.len() <= 63
            && !slug.contains('\0');
        good.then(|| Self { slug: slug.to_ascii_lowercase(), secret })
    }

    fn hash(&self, org: Uuid) -> String {
        Sha256::of(format!("wellread enrol code 1\n{org}\n{}", self.secret).as_bytes()).to_string()
    }
}

/// What a code that does not let in is answered.
pub(super) fn refused(told: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, code::ENROL_CODE, told)
}

/// A code that there is.
pub(super) struct Found {
    id: Uuid,
    pub(super) created_by: Option<Uuid>,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    pub(super) used_by: Option<Uuid>,
    pub(super) used_key: Option<Vec<u8>>,
}

/// Finds a code, and lets nobody else use it meanwhile.
pub(super) async fn lock(tx: &Tx, org: Uuid, code: &Typed) -> Result<Option<Found>, DbError> {
    let row = tx
        .query_opt(
            "SELECT id, created_by, expires_at, revoked_at, used_by, used_key FROM microplates.enrol_code
             WHERE org_id = $1 AND code_hash = $2 FOR UPDATE",
            &[p(&org), p(&code.hash(org))],
        )
        .await?;
    let Some(row) = row else { return Ok(None) };
    Ok(Some(Found {
        id: column(&row, 0)?,
        created_by: column(&row, 1)?,
        expires_at: column(&row, 2)?,
        revoked_at: column(&row, 3)?,
        used_by: column(&row, 4)?,
        used_key: column(&row, 5)?,
    }))
}

impl Found {
    /// Whether it lets in.
    pub(super) fn check(&self, now: DateTime<Utc>) -> Answer<()> {
        match self {
            Self { used_by: Some(_), .. } => {
                Err(refused("this code was used already: have another made at headquarters"))
            }
            Self { revoked_at: Some(_), .. } => {
                Err(refused("this code was withdrawn: have another made at headquarters"))
            }
            Self { expires_at, .. } if *expires_at <= now => {
                Err(refused("this code has expired: have another made at headquarters"))
            }
            _ => Ok(()),
        }
    }

    /// It lets nobody else in.
    pub(super) async fn spend(
        &self,
        tx: &Tx,
        org: Uuid,
        station: Uuid,
        key: &Vec<u8>,
        now: DateTime<Utc>,
    ) -> Result<(), DbError> {
        let key: Param<'_> = (key, Type::BYTEA);
        tx.execute(
            "UPDATE microplates.enrol_code SET used_at = $3, used_by = $4, used_key = $5 WHERE org_id = $1 AND id = $2",
            &[p(&org), p(&self.id), p(&now), p(&station), key],
        )
        .await?;
        Ok(())
    }
}

/// A code that was made. It can be read here and nowhere else.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct NewCode {
    /// What a list calls it.
    pub id: Uuid,
    /// The code.
    pub code: String,
    /// Until when it is good.
    #[schema(format = DateTime)]
    pub expires_at: String,
}

/// What a code is to be.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
pub struct CodeWanted {
    /// What it is meant for, in words.
    pub note: String,
    /// For how many hours it is good, 1 to 2160; a week where nothing is said.
    pub good_hours: Option<u32>,
}

/// Makes a code, also for the command line: `by` is the account that asked for it, where it was one.
pub async fn create(hub: &Hub, tx: &Tx, org: Uuid, by: Option<Uuid>, wanted: &CodeWanted) -> Answer<NewCode> {
    let hours = wanted.good_hours.unwrap_or(GOOD_HOURS);
    if !(1..=MOST_HOURS).contains(&hours) {
        return Err(Problem::invalid(format!("a code is good for 1 to {MOST_HOURS} hours, not {hours}")));
    }
    let slug: String =
        column(&tx.query_one("SELECT slug FROM auth.organizations WHERE org_id = $1", &[p(&org)]).await?, 0)?;
    let (id, typed) = (hub.id()?, Typed { slug, secret: secret()? });
    let (now, hash) = (hub.clock.now(), typed.hash(org));
    let expires_at = now + TimeDelta::hours(hours.into());
    tx.execute(
        "INSERT INTO microplates.enrol_code (org_id, id, code_hash, note, created_by, created_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[p(&org), p(&id), p(&hash), p(&wanted.note), p(&by), p(&now), p(&expires_at)],
    )
    .await?;
    let entry = Entry {
        user: by,
        action: "CREATE",
        resource: "enrol_code",
        resource_id: id.to_string(),
        details: serde_json::json!({ "note": wanted.note, "expires_at": ask::written(expires_at) }),
        ..Entry::default()
    };
    audit::note(hub, tx, org, &entry).await?;
    let groups: Vec<&str> = [0..4, 4..8, 8..12].into_iter().filter_map(|group| typed.secret.get(group)).collect();
    let code = format!("{}-{}", typed.slug.to_ascii_uppercase(), groups.join("-"));
    Ok(NewCode { id, code, expires_at: ask::written(expires_at) })
}

fn secret() -> anyhow::Result<String> {
    let mut random = [0_u8; 12];
    getrandom::fill(&mut random).map_err(|why| anyhow::anyhow!("the system gives no random numbers: {why}"))?;
    Ok(random.iter().filter_map(|byte| ALPHABET.get(usize::from(byte & 31)).copied().map(char::from)).collect())
}

/// Makes a code for a station to enrol with.
#[utoipa::path(post, path = "/v1/enrol-codes", tag = "stations", request_body = CodeWanted, security(("person" = [])),
    responses((status = 201, description = "Made; the code is told this once", body = NewCode)))]
pub async fn create_code(
    State(hub): State<Hub>,
    caller: Caller,
    Said(wanted): Said<CodeWanted>,
) -> Answer<(StatusCode, Json<NewCode>)> {
    let tx = caller.begin(&hub, STATION_ADMIN).await?;
    let made = create(&hub, &tx, caller.org, Some(caller.user), &wanted).await?;
    tx.commit().await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// Withdraws a code that nobody has used.
#[utoipa::path(delete, path = "/v1/enrol-codes/{id}", tag = "stations", security(("person" = [])),
    params(("id" = Uuid, Path, description = "The code's id")),
    responses((status = 204, description = "It lets nobody in any more"),
        (status = 409, description = "`code-used`: it was used; take the station off the list instead")))]
pub async fn revoke_code(State(hub): State<Hub>, caller: Caller, Named(id): Named<Uuid>) -> Answer<StatusCode> {
    let tx = caller.begin(&hub, STATION_ADMIN).await?;
    let row = tx
        .query_opt(
            "SELECT used_at FROM microplates.enrol_code WHERE org_id = $1 AND id = $2 FOR UPDATE",
            &[p(&caller.org), p(&id)],
        )
        .await?
        .ok_or_else(|| Problem::not_found("enrol code", id))?;
    if column::<Option<DateTime<Utc>>>(&row, 0)?.is_some() {
        return Err(Problem::conflict("code-used", "the code was used already: take the station off the list instead"));
    }
    let revoked = tx
        .execute(
            "UPDATE microplates.enrol_code SET revoked_at = $3 WHERE org_id = $1 AND id = $2 AND revoked_at IS NULL",
            &[p(&caller.org), p(&id), p(&hub.clock.now())],
        )
        .await?;
    if revoked > 0 {
        audit::note(&hub, &tx, caller.org, &caller.entry("REVOKE", "enrol_code", id)).await?;
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Which codes.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub struct CodesAsked {
    /// Where the page begins: `next` of the page before.
    pub after: Option<String>,
    /// Rows of a page, 1 to 1000; 100 where nothing is said. A sheet has all.
    pub limit: Option<u32>,
    /// `json` or `csv`.
    pub format: Option<String>,
}

/// A code, without itself.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct CodeItem {
    /// Its id.
    pub id: Uuid,
    /// What it is meant for.
    pub note: String,
    /// Who made it.
    pub created_by: Option<Uuid>,
    /// When.
    #[schema(format = DateTime)]
    pub created_at: String,
    /// Until when it is good.
    #[schema(format = DateTime)]
    pub expires_at: String,
    /// When it was used.
    #[schema(format = DateTime)]
    pub used_at: Option<String>,
    /// By which station.
    pub used_by: Option<Uuid>,
    /// When it was withdrawn.
    #[schema(format = DateTime)]
    pub revoked_at: Option<String>,
}

impl List for CodesAsked {
    type Item = CodeItem;
    type Key = Uuid;

    fn name(&self) -> &'static str {
        "enrol-codes"
    }

    fn permission(&self) -> &'static str {
        STATION_ADMIN
    }

    fn wanted(&self) -> Wanted<'_> {
        Wanted { after: self.after.as_deref(), limit: self.limit, format: self.format.as_deref() }
    }

    /// The newest first: the ids begin with the time.
    fn sql(&self, org: Uuid, after: Option<Uuid>, rows: u32) -> Answer<Sql> {
        let sql = Sql::new(
            "SELECT id, note, created_by, created_at, expires_at, used_at, used_by, revoked_at
             FROM microplates.enrol_code WHERE ",
        );
        Ok(sql.with("org_id = ?", org).with_some(" AND id < ?", after).then(" ORDER BY id DESC").limit(rows))
    }

    fn item(&self, row: &Row) -> Result<CodeItem, DbError> {
        let moment = |name| Ok::<_, DbError>(get::<Option<DateTime<Utc>>>(row, name)?.map(ask::written));
        Ok(CodeItem {
            id: get(row, "id")?,
            note: get(row, "note")?,
            created_by: get(row, "created_by")?,
            created_at: ask::written(get(row, "created_at")?),
            expires_at: ask::written(get(row, "expires_at")?),
            used_at: moment("used_at")?,
            used_by: get(row, "used_by")?,
            revoked_at: moment("revoked_at")?,
        })
    }

    fn key(&self, item: &CodeItem) -> Uuid {
        item.id
    }
}

impl SheetRow for CodeItem {
    const COLUMNS: &'static [&'static str] =
        &["id", "note", "created_by", "created_at", "expires_at", "used_at", "used_by", "revoked_at"];

    fn cells(&self) -> Vec<Cell> {
        let id = |id: Option<Uuid>| Cell::or_empty(id, |id| Cell::Text(id.to_string()));
        let moment = |at: &Option<String>| Cell::or_empty(at.clone(), Cell::Text);
        vec![
            Cell::Text(self.id.to_string()),
            Cell::Text(self.note.clone()),
            id(self.created_by),
            Cell::Text(self.created_at.clone()),
            Cell::Text(self.expires_at.clone()),
            moment(&self.used_at),
            id(self.used_by),
            moment(&self.revoked_at),
        ]
    }
}

/// Lists the codes that were made, without themselves.
#[utoipa::path(get, path = "/v1/enrol-codes", tag = "stations", params(CodesAsked), security(("person" = [])),
    responses((status = 200, description = "A page, or a sheet", content(
        (Page<CodeItem> = "application/json"),
        (String = "text/csv")
    ))))]
pub async fn list_codes(
    State(hub): State<Hub>,
    caller: Caller,
    headers: HeaderMap,
    Asked(asked): Asked<CodesAsked>,
) -> Answer<Response> {
    list::answer(hub, caller, &headers, asked).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_code_is_read_however_it_is_typed() {
        let code = Typed::parse("north-lab-ABCD-2345-WXYZ").unwrap();
        assert_eq!(code.slug, "north-lab", "a short name may have hyphens of its own");
        assert_eq!(Typed::parse("  North-Lab-abcd-2345-wxyz \n"), Some(code), "case and space do not matter");
        for wrong in
            ["", "ABCD-2345-WXYZ", "lab-ABCD-2345-WXY", "lab-ABCD-2345-WXY1", "-ABCD-2345-WXYZ", "lab-äBC-2345-WXYZ"]
        {
            assert_eq!(Typed::parse(wrong), None, "'{wrong}' is no code");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_typed_is_a_code_or_none(text: String) {
            let _ = Typed::parse(&text);
        }
    }

    #[test]
    fn secrets_are_made_of_what_can_be_read_out() {
        let secrets: std::collections::BTreeSet<String> = (0..200).map(|_| secret().unwrap()).collect();
        assert_eq!(secrets.len(), 200, "no two alike");
        for secret in secrets {
            let (first, rest) = secret.split_at(4);
            let (second, third) = rest.split_at(4);
            let code = format!("lab-{first}-{second}-{third}");
            assert!(Typed::parse(&code).is_some(), "{code} is read again");
        }
    }
}

//! Files of models on their way to headquarters: whole, or in parts that go on where the last one ended.

use crate::{
    Answer, Hub, Problem,
    auth::{
        caller::{Caller, get},
        permission::MODEL_PUBLISH,
    },
    db::{Tx, p},
    objects::ObjectsError,
    read::ask::{Asked, Named},
};
use axum::{
    body::Bytes,
    extract::State,
    http::{HeaderValue, StatusCode},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::json;
use utoipa::IntoParams;
use uuid::Uuid;
use wellread_wire::{FEWEST_PART_BYTES, MOST_PART_BYTES, chain::Sha256, problem::code};

/// The largest file of a set of models.
const MOST_BYTES: u64 = 2 * 1024 * 1024 * 1024;

/// Which part comes.
#[derive(Clone, Copy, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Part {
    /// The first byte of it.
    #[serde(default)]
    pub offset: u64,
    /// The size of the whole file.
    pub size: u64,
}

/// How much of a file is here.
struct Stand {
    state: String,
    received: u64,
    size: Option<u64>,
}

impl Stand {
    fn response(&self, status: StatusCode) -> Response {
        let mut response = status.into_response();
        if let Ok(state) = HeaderValue::from_str(&self.state) {
            response.headers_mut().insert("wellread-blob", state);
        }
        response.headers_mut().insert("wellread-offset", HeaderValue::from(self.received));
        response
    }
}

/// Says how much of a file is here, in `Wellread-Blob` (`verified`, `partial` or `absent`) and `Wellread-Offset`.
#[utoipa::path(head, path = "/v1/models/blobs/{sha256}", tag = "publish", security(("person" = [])),
    params(("sha256" = String, Path, description = "The hash of its bytes")), responses(
    (status = 200, description = "As the headers say", headers(
        ("Wellread-Blob" = String, description = "`verified`, `partial` or `absent`"),
        ("Wellread-Offset" = u64, description = "Where the next part begins")))))]
pub async fn look(State(hub): State<Hub>, caller: Caller, Named(sha256): Named<String>) -> Answer<Response> {
    let sha256 = hash(&sha256)?;
    let tx = caller.begin(&hub, MODEL_PUBLISH).await?;
    let stand = stand(&tx, caller.org, &sha256, "").await?;
    tx.commit().await?;
    Ok(stand.response(StatusCode::OK))
}

/// Takes a file, or the next part of it. The part that completes it is checked against its hash.
#[utoipa::path(put, path = "/v1/models/blobs/{sha256}", tag = "publish", security(("person" = [])),
    params(("sha256" = String, Path, description = "The hash of its bytes"), Part),
    request_body(content = String, content_type = "application/octet-stream",
        description = "The bytes: at most 4 MiB, and at least 64 KiB but for the last part"), responses(
    (status = 200, description = "Taken; `Wellread-Offset` says where the next part begins"),
    (status = 409, description = "It does not begin where the hub's copy ends: `more.offset` says where", body = Object,
        content_type = "application/problem+json"),
    (status = 422, description = "The whole file has another hash; it begins anew", body = Object,
        content_type = "application/problem+json")))]
pub async fn take(
    State(hub): State<Hub>,
    caller: Caller,
    Named(sha256): Named<String>,
    Asked(part): Asked<Part>,
    bytes: Bytes,
) -> Answer<Response> {
    let sha256 = hash(&sha256)?;
    let tx = caller.begin(&hub, MODEL_PUBLISH).await?;
    check(part, bytes.len() as u64)?;
    let org = caller.org;
    tx.execute(
        "INSERT INTO microplates.blob (org_id, sha256, mime_type, created_at, updated_at)
         VALUES ($1, $2, 'application/octet-stream', $3, $3) ON CONFLICT DO NOTHING",
        &[p(&org), p(&sha256.to_string()), p(&hub.clock.now())],
    )
    .await?;
    let known = stand(&tx, org, &sha256, " FOR UPDATE").await?;
    if known.state == "verified" {
        tx.commit().await?;
        return Ok(known.response(StatusCode::OK));
    }
    if known.received != part.offset || (known.received > 0 && known.size != Some(part.size)) {
        let told = format!("the hub has the first {} bytes: go on from there, with the same size", known.received);
        return Err(Problem::conflict(code::OFFSET, told).with(json!({ "offset": known.received, "size": known.size })));
    }
    let after = part.offset + bytes.len() as u64;
    let whole = after == part.size;
    let done = match (whole, part.offset) {
        (true, 0) => hub.objects.put(org, &sha256, bytes).await,
        _ => {
            keep_part(&hub, &tx, (org, &sha256), part, bytes).await?;
            if whole { assemble(&hub, &tx, org, &sha256).await? } else { Ok(()) }
        }
    };
    let now = match done {
        Ok(()) if whole => set(&hub, &tx, (org, &sha256), "verified", (part.size, part.size)).await?,
        Ok(()) => set(&hub, &tx, (org, &sha256), "partial", (after, part.size)).await?,
        Err(why) => {
            let problem = refused(&why)?;
            set(&hub, &tx, (org, &sha256), "absent", (0, part.size)).await?;
            forget_parts(&hub, tx, org, &sha256).await?;
            return Err(problem);
        }
    };
    if whole {
        forget_parts(&hub, tx, org, &sha256).await?
    } else {
        tx.commit().await?
    }
    Ok(now.response(StatusCode::OK))
}

fn hash(text: &str) -> Answer<Sha256> {
    text.parse().map_err(|why| Problem::new(StatusCode::NOT_FOUND, "not-found", format!("{why}")))
}

fn check(part: Part, bytes: u64) -> Answer<()> {
    if part.size == 0 || part.size > MOST_BYTES {
        return Err(Problem::invalid(format!("a file of models has 1 to {MOST_BYTES} bytes")));
    }
    let after = part.offset.saturating_add(bytes);
    let last = after == part.size;
    let fits = (1..=MOST_PART_BYTES as u64).contains(&bytes)
        && after <= part.size
        && (last || bytes >= FEWEST_PART_BYTES as u64);
    if fits {
        return Ok(());
    }
    Err(Problem::invalid(format!(
        "a part has {FEWEST_PART_BYTES} to {MOST_PART_BYTES} bytes, the last one perhaps fewer, and ends within the file"
    )))
}

async fn stand(tx: &Tx, org: Uuid, sha256: &Sha256, lock: &str) -> Answer<Stand> {
    let sql = format!("SELECT state, received, size FROM microplates.blob WHERE org_id = $1 AND sha256 = $2{lock}");
    let Some(row) = tx.query_opt(&sql, &[p(&org), p(&sha256.to_string())]).await? else {
        return Ok(Stand { state: "absent".to_owned(), received: 0, size: None });
    };
    let bytes = |count: i64| u64::try_from(count).unwrap_or(0);
    let size: Option<i64> = get(&row, 2)?;
    let (state, received): (String, u64) = (get(&row, 0)?, bytes(get(&row, 1)?));
    // What is announced by a run is no start yet.
    Ok(Stand { state, received, size: size.map(bytes) })
}

async fn keep_part(hub: &Hub, tx: &Tx, (org, sha256): (Uuid, &Sha256), part: Part, bytes: Bytes) -> Answer<()> {
    let (own, size) = (Sha256::of(&bytes).to_string(), i64::try_from(bytes.len()).unwrap_or(i64::MAX));
    let key = hub.objects.put_part(org, sha256, hub.id()?, bytes).await.map_err(|why| passing(&why))?;
    let first = i64::try_from(part.offset).unwrap_or(i64::MAX);
    tx.execute(
        "INSERT INTO microplates.blob_part (org_id, sha256, first_byte, size, part_sha256, object_key, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        &[p(&org), p(&sha256.to_string()), p(&first), p(&size), p(&own), p(&key), p(&hub.clock.now())],
    )
    .await?;
    Ok(())
}

async fn parts(tx: &Tx, org: Uuid, sha256: &Sha256) -> Answer<Vec<String>> {
    let sql = "SELECT object_key FROM microplates.blob_part WHERE org_id = $1 AND sha256 = $2 ORDER BY first_byte";
    let rows = tx.query(sql, &[p(&org), p(&sha256.to_string())]).await?;
    Ok(rows.iter().map(|row| get(row, 0)).collect::<Result<_, _>>()?)
}

async fn assemble(hub: &Hub, tx: &Tx, org: Uuid, sha256: &Sha256) -> Answer<Result<(), ObjectsError>> {
    let keys = parts(tx, org, sha256).await?;
    Ok(hub.objects.assemble(org, sha256, &keys).await.map(|_| ()))
}

async fn set(
    hub: &Hub,
    tx: &Tx,
    (org, sha256): (Uuid, &Sha256),
    state: &str,
    (received, size): (u64, u64),
) -> Answer<Stand> {
    let number = |bytes: u64| i64::try_from(bytes).unwrap_or(i64::MAX);
    tx.execute(
        "UPDATE microplates.blob SET state = $3, received = $4, size = $5, updated_at = $6,
           verified_at = CASE WHEN $3 = 'verified' THEN $6 END, object_key = CASE WHEN $3 = 'verified' THEN $7 END
         WHERE org_id = $1 AND sha256 = $2",
        &[
            p(&org),
            p(&sha256.to_string()),
            p(&state),
            p(&number(received)),
            p(&number(size)),
            p(&hub.clock.now()),
            p(&sha256.to_string()),
        ],
    )
    .await?;
    Ok(Stand { state: state.to_owned(), received, size: Some(size) })
}

/// Commits, and only then takes the parts away: until then they may still be needed.
async fn forget_parts(hub: &Hub, tx: Tx, org: Uuid, sha256: &Sha256) -> Answer<()> {
    let keys = parts(&tx, org, sha256).await?;
    let sql = "DELETE FROM microplates.blob_part WHERE org_id = $1 AND sha256 = $2";
    tx.execute(sql, &[p(&org), p(&sha256.to_string())]).await?;
    tx.commit().await?;
    if let Err(why) = hub.objects.remove_parts(&keys).await {
        // Upkeep takes them later.
        tracing::warn!(%sha256, "parts of a file are left: {why}");
    }
    Ok(())
}

/// What to say when the bytes are others than their name says; anything else passes.
fn refused(why: &ObjectsError) -> Answer<Problem> {
    match why {
        ObjectsError::Hash { .. } => Ok(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code::HASH, why.to_string())),
        other => Err(passing(other)),
    }
}

fn passing(why: &ObjectsError) -> Problem {
    tracing::error!("objects: {why}");
    Problem::unavailable("the object store does not answer just now: try again in a moment")
}

//! What is asked of the hub, one method each: paths, packing, the station's token, and what its problems mean.

use super::{Cut, Method, Request, Response, SyncError, Transport, secret::Secret};
use bytes::Bytes;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::{
    fmt::Write as _,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use uuid::Uuid;
use wellread_wire::{
    MOST_UNPACKED_BYTES,
    batch::Acked,
    contact::{Contact, NewIncarnation, TakeIncarnation, Welcome},
    enrol::{Challenge, Enrol, Enrolled, Prove, Token, challenge_path},
    pack,
    problem::{self, Problem, code},
};

/// The most bytes of a plain answer.
const MOST_PLAIN: usize = 4 << 20;
/// A token is renewed so long before it ends.
const RENEWED_BEFORE: Duration = Duration::from_mins(1);
const JSON: &str = "application/json";

/// The hub, as a station speaks to it.
pub struct Client<'t> {
    transport: &'t dyn Transport,
    stop: &'t (dyn Fn() -> bool + Sync),
    org: Uuid,
    station: Uuid,
    secret: Option<Secret>,
    token: Mutex<Option<(String, Instant)>>,
}

/// A page of the feed, its entries not yet read: one that this release cannot read must not lose the others.
#[derive(Debug, Deserialize)]
pub(super) struct LooseFeed {
    pub(super) entries: Vec<Value>,
    pub(super) up_to: i64,
    pub(super) head: i64,
}

/// A page of the snapshot, its items not yet read.
#[derive(Debug, Deserialize)]
pub(super) struct LooseSnapshot {
    pub(super) as_of: i64,
    pub(super) items: Vec<Value>,
    #[serde(default)]
    pub(super) next: Option<String>,
}

/// How far the hub is with a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BlobThere {
    /// It has it, whole and by its hash.
    Verified,
    /// It has this much of it, or nothing.
    Until(u64),
}

impl<'t> Client<'t> {
    /// The hub, for a station that is known by its secret; without one only enrolling works.
    pub(super) fn new(
        transport: &'t dyn Transport,
        stop: &'t (dyn Fn() -> bool + Sync),
        (org, station): (Uuid, Uuid),
        secret: Option<Secret>,
    ) -> Self {
        Self { transport, stop, org, station, secret, token: Mutex::new(None) }
    }

    /// Whether somebody wants everything to end.
    pub(super) fn stopped(&self) -> bool {
        (self.stop)()
    }

    pub(super) fn enrol(&self, with: &Enrol) -> Result<Enrolled, SyncError> {
        plain(&self.send(&post("/v1/enrol".to_owned(), JSON, json(with)?))?)
    }

    pub(super) fn contact(&self, contact: &Contact) -> Result<Welcome, SyncError> {
        plain(&self.authorized(post(self.path("contact"), JSON, json(contact)?))?)
    }

    pub(super) fn take_incarnation(&self, take: &TakeIncarnation) -> Result<NewIncarnation, SyncError> {
        plain(&self.authorized(post(self.path("incarnation"), JSON, json(take)?))?)
    }

    pub(super) fn push(&self, packed: &[u8]) -> Result<Acked, SyncError> {
        let answer = self.authorized(post(self.path("log"), pack::CONTENT_TYPE, packed.to_vec()))?;
        // Outcomes are as many as records, so a hub may pack them.
        if answer.header("content-type") == Some(pack::CONTENT_TYPE) { unpacked(&answer) } else { plain(&answer) }
    }

    pub(super) fn feed(&self, after: i64, limit: u32) -> Result<LooseFeed, SyncError> {
        unpacked(&self.authorized(get(self.path(&format!("feed?after={after}&limit={limit}"))))?)
    }

    pub(super) fn snapshot(&self, cursor: Option<&str>) -> Result<LooseSnapshot, SyncError> {
        let query = cursor.map_or_else(String::new, |cursor| format!("?cursor={}", escaped(cursor)));
        unpacked(&self.authorized(get(self.path(&format!("snapshot{query}"))))?)
    }

    /// How far the hub is with a blob.
    pub(super) fn blob_there(&self, sha256: &str) -> Result<BlobThere, SyncError> {
        let request = Request { method: Method::Head, ..get(self.path(&format!("blobs/{sha256}"))) };
        let answer = self.authorized_raw(request)?;
        match answer.status {
            200..300 => Ok(there(&answer)),
            404 => Ok(BlobThere::Until(0)),
            _ => Err(refusal(&answer)),
        }
    }

    /// Sends a part of a blob; how far the hub is then.
    pub(super) fn put_part(
        &self,
        sha256: &str,
        (offset, size): (u64, u64),
        part: Bytes,
    ) -> Result<BlobThere, SyncError> {
        let path = self.path(&format!("blobs/{sha256}?offset={offset}&size={size}"));
        let request = Request { method: Method::Put, ..post(path, "application/octet-stream", part) };
        Ok(there(&self.authorized(request)?))
    }

    /// A part of a blob of the hub's: a file of a set of models.
    pub(super) fn fetch_part(&self, sha256: &str, (first, last): (u64, u64)) -> Result<Vec<u8>, SyncError> {
        let most_bytes = usize::try_from(last - first + 1).unwrap_or(MOST_PLAIN);
        let request = Request { range: Some((first, last)), most_bytes, ..get(self.path(&format!("blobs/{sha256}"))) };
        Ok(self.authorized(request)?.body)
    }

    fn path(&self, what: &str) -> String {
        format!("/v1/stations/{}/{what}", self.station)
    }

    /// Sends with the station's token; what is no success is an error.
    fn authorized(&self, request: Request) -> Result<Response, SyncError> {
        succeeded(self.authorized_raw(request)?)
    }

    /// Sends with the station's token, and once more with a new one where the hub no longer takes it.
    fn authorized_raw(&self, mut request: Request) -> Result<Response, SyncError> {
        let (token, is_new) = self.token()?;
        request.bearer = Some(token.clone());
        let answer = self.raw(&request)?;
        if answer.status != 401 || is_new {
            return Ok(answer);
        }
        // Only the one that was refused: another sender may have a new one already.
        let _ = self.kept().take_if(|(kept, _)| *kept == token);
        request.bearer = Some(self.token()?.0);
        self.raw(&request)
    }

    fn kept(&self) -> MutexGuard<'_, Option<(String, Instant)>> {
        self.token.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The token, and whether it was made just now.
    fn token(&self) -> Result<(String, bool), SyncError> {
        let mut kept = self.kept();
        if let Some((token, until)) = kept.as_ref()
            && Instant::now() < *until
        {
            return Ok((token.clone(), false));
        }
        let Some(secret) = &self.secret else {
            let why = "the station's own key is missing on this machine: enrol it again with a new code";
            return Err(SyncError::Station(anyhow::anyhow!(why)));
        };
        let Challenge { challenge } =
            plain(&self.send(&post(challenge_path(self.org, self.station), JSON, b"{}".to_vec()))?)?;
        let signature = secret.sign(self.station, &challenge);
        let token: Token =
            plain(&self.send(&post(self.path("token"), JSON, json(&Prove { challenge, signature })?))?)?;
        let lives = Duration::from_secs(token.expires_in_s.min(86_400));
        let until = Instant::now() + lives.saturating_sub(RENEWED_BEFORE).max(lives / 2);
        *kept = Some((token.access_token.clone(), until));
        Ok((token.access_token, true))
    }

    fn send(&self, request: &Request) -> Result<Response, SyncError> {
        succeeded(self.raw(request)?)
    }

    fn raw(&self, request: &Request) -> Result<Response, SyncError> {
        match self.transport.send(request, self.stop) {
            Ok(answer) => Ok(answer),
            Err(_) if self.stopped() => Err(SyncError::Stopped),
            Err(Cut(why)) => Err(SyncError::Unreachable(why)),
        }
    }
}

fn get(path: String) -> Request {
    Request {
        method: Method::Get,
        path,
        bearer: None,
        content_type: "",
        body: Bytes::new(),
        range: None,
        most_bytes: MOST_UNPACKED_BYTES,
    }
}

fn post(path: String, content_type: &'static str, body: impl Into<Bytes>) -> Request {
    Request { method: Method::Post, content_type, body: body.into(), most_bytes: MOST_PLAIN, ..get(path) }
}

fn json(what: &impl Serialize) -> Result<Vec<u8>, SyncError> {
    serde_json::to_vec(what).map_err(|why| SyncError::Unreadable(why.to_string()))
}

fn plain<T: DeserializeOwned>(answer: &Response) -> Result<T, SyncError> {
    serde_json::from_slice(&answer.body).map_err(|why| SyncError::Unreadable(why.to_string()))
}

fn unpacked<T: DeserializeOwned>(answer: &Response) -> Result<T, SyncError> {
    pack::unpack(&answer.body, MOST_UNPACKED_BYTES).map_err(|why| SyncError::Unreadable(why.to_string()))
}

fn succeeded(answer: Response) -> Result<Response, SyncError> {
    if (200..300).contains(&answer.status) { Ok(answer) } else { Err(refusal(&answer)) }
}

/// What the hub says when it does not do what was asked; whatever stands between may answer too, in its own words.
fn refusal(answer: &Response) -> SyncError {
    let retry_after_s = answer.header("retry-after").and_then(|text| text.trim().parse().ok());
    let said = answer.header("content-type").is_some_and(|kind| kind.starts_with(problem::CONTENT_TYPE));
    let problem = if said { serde_json::from_slice::<Problem>(&answer.body).ok() } else { None };
    let status = answer.status;
    match problem {
        Some(Problem { code, detail, more, .. }) => {
            SyncError::Refused { status, code, detail, more: Box::new(more), retry_after_s }
        }
        // A bare status of a proxy, or the answer to a HEAD, which has no body.
        None => SyncError::Refused {
            status,
            code: bare_code(status).to_owned(),
            detail: format!("HTTP status {status}"),
            more: Box::default(),
            retry_after_s,
        },
    }
}

const fn bare_code(status: u16) -> &'static str {
    match status {
        401 => code::UNAUTHENTICATED,
        403 => code::FORBIDDEN,
        429 => code::SLOW_DOWN,
        500.. => code::UNAVAILABLE,
        _ => code::INVALID,
    }
}

fn there(answer: &Response) -> BlobThere {
    if answer.header("wellread-blob") == Some("verified") {
        return BlobThere::Verified;
    }
    BlobThere::Until(answer.header("wellread-offset").and_then(|text| text.parse().ok()).unwrap_or(0))
}

/// A text as a value in a query.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~') {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    out
}

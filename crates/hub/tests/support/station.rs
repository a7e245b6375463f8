//! A station as the hub sees one: a key, a log with its chain, and what it asks.

use super::{Org, TestHub, client};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use reqwest::{RequestBuilder, header::HeaderMap};
use serde_json::{Value, json, value::RawValue};
use uuid::Uuid;
use wellread_wire::{
    batch::{Acked, Batch, Record},
    chain::{Sha256, genesis},
    contact::{Contact, Head, NewIncarnation, TakeIncarnation, Welcome},
    downlink::{FeedPage, SnapshotPage},
    enrol::{Challenge, Enrolled, Token, challenge_path, signed_text},
    pack,
};

/// An answer, read whole.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answered {
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Self { status, headers, body: response.bytes().await.unwrap().to_vec() }
    }

    /// It was done.
    #[track_caller]
    pub fn good(self) -> Self {
        assert!(self.status < 300, "{}: {}", self.status, String::from_utf8_lossy(&self.body));
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|_| panic!("no JSON: {}", String::from_utf8_lossy(&self.body)))
    }

    /// Its problem's code.
    #[track_caller]
    pub fn code(&self) -> String {
        assert!(self.status >= 400, "it was done: {}", self.status);
        self.json()["code"].as_str().unwrap().to_owned()
    }

    #[track_caller]
    pub fn more(&self) -> Value {
        self.json()["more"].clone()
    }

    #[track_caller]
    pub fn packed<T: serde::de::DeserializeOwned>(&self) -> T {
        assert_eq!(self.status, 200, "{}", String::from_utf8_lossy(&self.body));
        pack::unpack(&self.body, 64 << 20).unwrap()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

/// A station. A clone of it is a cloned disk.
#[derive(Clone)]
pub struct TestStation {
    pub id: Uuid,
    pub org: Uuid,
    pub key: SigningKey,
    pub token: String,
    pub epoch: Uuid,
    pub incarnation: u32,
    /// Its log: records with their hashes, from place 1.
    pub log: Vec<(Stored, Sha256)>,
    url: String,
    http: reqwest::Client,
}

/// A record as the station keeps it.
#[derive(Clone, Debug)]
pub struct Stored {
    pub kind: String,
    pub version: i64,
    pub payload: String,
    pub actor: String,
    pub at_ms: i64,
}

impl Stored {
    fn record(&self) -> Record {
        Record {
            kind: self.kind.clone(),
            schema_version: self.version,
            actor: self.actor.clone(),
            at_ms: self.at_ms,
            offset_min: 420,
            payload: RawValue::from_string(self.payload.clone()).unwrap(),
        }
    }
}

impl TestStation {
    pub fn new(hub: &TestHub, org: &Org) -> Self {
        let id = hub.hub.id().unwrap();
        let mut seed = [7; 32];
        seed[..16].copy_from_slice(id.as_bytes());
        Self {
            id,
            org: org.id,
            key: SigningKey::from_bytes(&seed),
            token: String::new(),
            epoch: Uuid::nil(),
            incarnation: 1,
            log: Vec::new(),
            url: hub.url.clone(),
            http: client(),
        }
    }

    /// After the hub was started again on another port.
    pub fn moved_to(&mut self, hub: &TestHub) {
        self.url.clone_from(&hub.url);
        self.http = client();
    }

    pub fn public_key(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.key.verifying_key().to_bytes())
    }

    pub async fn enrol(&mut self, code: &str) -> Answered {
        let body = json!({
            "code": code, "station_id": self.id, "name": "Bench 1", "public_key": self.public_key(),
            "app_version": "0.1.0",
        });
        let answered = Answered::of(self.http.post(format!("{}/v1/enrol", self.url)).json(&body)).await;
        if let Ok(enrolled) = serde_json::from_slice::<Enrolled>(&answered.body) {
            (self.org, self.epoch) = (enrolled.org_id, enrolled.epoch);
        }
        answered
    }

    pub async fn challenge(&self) -> String {
        let path = challenge_path(self.org, self.id);
        let answered = Answered::of(self.http.post(format!("{}{path}", self.url))).await.good();
        serde_json::from_slice::<Challenge>(&answered.body).unwrap().challenge
    }

    pub async fn prove(&mut self, challenge: &str) -> Answered {
        let signature = self.key.sign(signed_text(self.id, challenge).as_bytes());
        let body = json!({ "challenge": challenge, "signature": BASE64_URL_SAFE_NO_PAD.encode(signature.to_bytes()) });
        let answered = Answered::of(self.post("token").json(&body)).await;
        if let Ok(token) = serde_json::from_slice::<Token>(&answered.body) {
            self.token = token.access_token;
        }
        answered
    }

    pub async fn authenticate(&mut self) -> Answered {
        let challenge = self.challenge().await;
        self.prove(&challenge).await
    }

    fn path(&self, what: &str) -> String {
        format!("{}/v1/stations/{}/{what}", self.url, self.id)
    }

    pub fn post(&self, what: &str) -> RequestBuilder {
        self.http.post(self.path(what)).bearer_auth(&self.token)
    }

    pub fn get(&self, what: &str) -> RequestBuilder {
        self.http.get(self.path(what)).bearer_auth(&self.token)
    }

    pub fn head(&self) -> Option<Head> {
        let seq = self.log.len() as i64;
        self.log.last().map(|(_, hash)| Head { seq, hash: *hash })
    }

    pub fn hash_at(&self, seq: i64) -> Sha256 {
        if seq == 0 { genesis(self.id) } else { self.log[seq as usize - 1].1 }
    }

    /// Appends a record of the newest version. Returns its place.
    pub fn append(&mut self, kind: &str, payload: &Value) -> i64 {
        self.append_raw(kind, 2, &payload.to_string())
    }

    pub fn append_raw(&mut self, kind: &str, version: i64, payload: &str) -> i64 {
        let stored = Stored {
            kind: kind.to_owned(),
            version,
            payload: payload.to_owned(),
            actor: "station".to_owned(),
            at_ms: 1_795_000_000_000,
        };
        self.append_stored(stored)
    }

    pub fn append_stored(&mut self, stored: Stored) -> i64 {
        let seq = self.log.len() as i64 + 1;
        let hash = stored.record().link(seq).hash(&self.hash_at(seq - 1));
        self.log.push((stored, hash));
        seq
    }

    pub fn batch(&self, first_seq: i64, count: usize) -> Batch {
        let records = self.log.iter().skip(first_seq as usize - 1).take(count);
        let records: Vec<Record> = records.map(|(stored, _)| stored.record()).collect();
        Batch {
            epoch: self.epoch,
            incarnation: self.incarnation,
            first_seq,
            after: self.hash_at(first_seq - 1),
            last: self.hash_at(first_seq - 1 + records.len() as i64),
            records,
        }
    }

    pub async fn send(&self, batch: &Batch) -> Answered {
        Answered::of(self.post("log").body(pack::pack(batch).unwrap())).await
    }

    /// Pushes places of the log.
    pub async fn push(&self, first_seq: i64, count: usize) -> Answered {
        self.send(&self.batch(first_seq, count)).await
    }

    /// Pushes all of the log, and expects it to be taken.
    #[track_caller]
    pub fn push_all(&self) -> impl Future<Output = Acked> {
        let batch = self.batch(1, self.log.len());
        async move { self.send(&batch).await.packed() }
    }

    pub fn contact_now(&self) -> Contact {
        Contact {
            incarnation: self.incarnation,
            log_head: self.head(),
            audit_head: None,
            pending: 0,
            oldest_age_ms: None,
            blobs_pending: 0,
            feed_seq: 0,
            clock_ms: 1_795_000_000_000,
            app_version: "0.1.0".to_owned(),
        }
    }

    pub async fn contact(&self) -> Welcome {
        self.contact_with(&self.contact_now()).await
    }

    pub async fn contact_with(&self, contact: &Contact) -> Welcome {
        let answered = Answered::of(self.post("contact").json(contact)).await.good();
        serde_json::from_slice(&answered.body).unwrap()
    }

    pub async fn take_over(&mut self, why: &str) -> NewIncarnation {
        let heads = (0..=self.log.len() as i64).rev().map(|seq| Head { seq, hash: self.hash_at(seq) }).collect();
        let told = TakeIncarnation { incarnation: self.incarnation, heads, why: why.to_owned() };
        let answered = Answered::of(self.post("incarnation").json(&told)).await.good();
        let taken: NewIncarnation = serde_json::from_slice(&answered.body).unwrap();
        self.incarnation = taken.incarnation;
        taken
    }

    pub async fn feed(&self, after: i64, limit: u32) -> FeedPage {
        Answered::of(self.get(&format!("feed?after={after}&limit={limit}"))).await.packed()
    }

    pub async fn snapshot(&self, cursor: Option<&str>) -> SnapshotPage {
        let cursor = cursor.map_or_else(String::new, |cursor| format!("?cursor={cursor}"));
        Answered::of(self.get(&format!("snapshot{cursor}"))).await.packed()
    }

    pub async fn look(&self, sha256: &Sha256) -> (String, u64) {
        let request = self.http.head(self.path(&format!("blobs/{sha256}"))).bearer_auth(&self.token);
        let answered = Answered::of(request).await.good();
        (answered.header("wellread-blob").to_owned(), answered.header("wellread-offset").parse().unwrap())
    }

    pub async fn put(&self, sha256: &Sha256, offset: u64, size: usize, part: &[u8]) -> Answered {
        let path = self.path(&format!("blobs/{sha256}?offset={offset}&size={size}"));
        Answered::of(self.http.put(path).bearer_auth(&self.token).body(part.to_vec())).await
    }
}

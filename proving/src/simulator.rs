//! A station at the level of the protocol: a key, a log in memory and a connection, so that a thousand fit on two cores.

use anyhow::{Context as _, bail};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use serde::{Deserialize as _, Serialize, de::DeserializeOwned};
use serde_json::{Value, json, value::RawValue};
use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader},
    net::TcpStream,
};
use uuid::Uuid;
use wellread_wire::{
    batch::{Acked, Batch, Record},
    chain::{Sha256, genesis},
    contact::{Contact, Head, Welcome},
    enrol::{Challenge, Enrol, Enrolled, Prove, Token, challenge_path, signed_text},
    pack,
    problem::Problem,
};

/// A record before it has a place.
#[derive(Clone, Debug)]
pub struct Told {
    /// What it tells of.
    pub kind: String,
    /// The version of its payload.
    pub schema_version: i64,
    /// The payload.
    pub payload: String,
    /// When it was made, in milliseconds since 1970.
    pub at_ms: i64,
}

/// A simulated station.
#[derive(Debug)]
pub struct Simulator {
    /// Its id.
    pub id: Uuid,
    key: SigningKey,
    hub: SocketAddr,
    connection: Option<BufReader<TcpStream>>,
    org: Uuid,
    token: String,
    epoch: Uuid,
    incarnation: u32,
    told: Vec<Told>,
    hashes: Vec<Sha256>,
}

/// How long the parts of a reconnection took.
#[derive(Clone, Copy, Debug)]
pub struct Reconnected {
    /// The push alone.
    pub push: Duration,
    /// From the first byte to the last, with proof of identity and contact.
    pub whole: Duration,
}

/// An answer of the hub.
struct Answer {
    status: u16,
    body: Vec<u8>,
}

impl Simulator {
    /// A station with these records in its log.
    pub fn new(id: Uuid, secret: [u8; 32], hub: SocketAddr, told: Vec<Told>) -> anyhow::Result<Self> {
        let mut made = Self {
            id,
            key: SigningKey::from_bytes(&secret),
            hub,
            connection: None,
            org: Uuid::nil(),
            token: String::new(),
            epoch: Uuid::nil(),
            incarnation: 1,
            told,
            hashes: Vec::new(),
        };
        let mut previous = genesis(id);
        for (told, seq) in made.told.iter().zip(1..) {
            previous = record(told)?.link(seq).hash(&previous);
            made.hashes.push(previous);
        }
        Ok(made)
    }

    /// Becomes known.
    pub async fn enrol(&mut self, code: &str) -> anyhow::Result<()> {
        let public_key = URL_SAFE_NO_PAD.encode(self.key.verifying_key().as_bytes());
        let name = format!("simulated {}", self.id);
        let enrol = Enrol { code: code.into(), station_id: self.id, name, public_key, app_version: "0.1.0".into() };
        let enrolled: Enrolled = self.post("/v1/enrol", &enrol).await?;
        self.org = enrolled.org_id;
        self.epoch = enrolled.epoch;
        // As a station that was away: the next thing it does is to reconnect.
        self.connection = None;
        Ok(())
    }

    /// Connects, says who it is, makes contact and pushes its whole log.
    pub async fn reconnect(&mut self) -> anyhow::Result<Reconnected> {
        let began = Instant::now();
        self.connection = None;
        self.authenticate().await?;
        let welcome = self.contact().await?;
        let first = welcome.expected_seq;
        let push = Instant::now();
        self.push(first).await?;
        Ok(Reconnected { push: push.elapsed(), whole: began.elapsed() })
    }

    /// Proves who it is.
    pub async fn authenticate(&mut self) -> anyhow::Result<()> {
        let asked: Challenge = self.post(&challenge_path(self.org, self.id), &json!({})).await?;
        let signature = self.key.sign(signed_text(self.id, &asked.challenge).as_bytes());
        let signature = URL_SAFE_NO_PAD.encode(signature.to_bytes());
        let prove = Prove { challenge: asked.challenge, signature };
        let token: Token = self.post(&format!("/v1/stations/{}/token", self.id), &prove).await?;
        self.token = token.access_token;
        Ok(())
    }

    /// Asks where it stands.
    pub async fn contact(&mut self) -> anyhow::Result<Welcome> {
        let log_head = self.hashes.last().map(|hash| Head { seq: self.hashes.len() as i64, hash: *hash });
        let contact = Contact {
            incarnation: self.incarnation,
            log_head,
            audit_head: None,
            pending: self.told.len() as u64,
            oldest_age_ms: None,
            blobs_pending: 0,
            feed_seq: 0,
            clock_ms: self.told.last().map_or(0, |told| told.at_ms),
            app_version: "0.1.0".into(),
        };
        let welcome: Welcome = self.post(&format!("/v1/stations/{}/contact", self.id), &contact).await?;
        self.epoch = welcome.epoch;
        self.incarnation = welcome.incarnation;
        Ok(welcome)
    }

    /// The push that begins with a place: all that is left, as far as it may be in one.
    pub fn batch(&self, first_seq: i64) -> anyhow::Result<Batch> {
        let skipped = usize::try_from(first_seq - 1)?;
        let told = self.told.iter().skip(skipped).take(wellread_wire::MOST_RUNS);
        let records = told.map(record).collect::<anyhow::Result<Vec<_>>>()?;
        let hash_at = |count: usize| count.checked_sub(1).and_then(|at| self.hashes.get(at)).copied();
        let after = hash_at(skipped).unwrap_or_else(|| genesis(self.id));
        let last = hash_at(skipped + records.len()).context("nothing is left to push")?;
        Ok(Batch { epoch: self.epoch, incarnation: self.incarnation, first_seq, after, last, records })
    }

    /// Pushes from a place on.
    pub async fn push(&mut self, first_seq: i64) -> anyhow::Result<Acked> {
        let body = pack::pack(&self.batch(first_seq)?)?;
        let path = format!("/v1/stations/{}/log", self.id);
        let answer = self.ask("POST", &path, pack::CONTENT_TYPE, &body).await?;
        read(&answer)
    }

    /// A page of the feed, or of the snapshot: its packed bytes.
    pub async fn get(&mut self, path: &str) -> anyhow::Result<Vec<u8>> {
        let answer = self.ask("GET", path, "", &[]).await?;
        if answer.status == 200 { Ok(answer.body) } else { bail!("GET {path}: {}", told_by(&answer)) }
    }

    async fn post<T: DeserializeOwned>(&mut self, path: &str, message: &impl Serialize) -> anyhow::Result<T> {
        let answer = self.ask("POST", path, "application/json", &serde_json::to_vec(message)?).await?;
        read(&answer).with_context(|| format!("POST {path}"))
    }

    async fn ask(&mut self, method: &str, path: &str, kind: &str, body: &[u8]) -> anyhow::Result<Answer> {
        let named = if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
        let known =
            if self.token.is_empty() { String::new() } else { format!("Authorization: Bearer {}\r\n", self.token) };
        let length = body.len();
        let head =
            format!("{method} {path} HTTP/1.1\r\nHost: {}\r\nContent-Length: {length}\r\n{named}{known}\r\n", self.hub);
        let mut connection = if let Some(open) = self.connection.take() {
            open
        } else {
            let stream = TcpStream::connect(self.hub).await?;
            stream.set_nodelay(true)?;
            BufReader::new(stream)
        };
        connection.write_all(&[head.as_bytes(), body].concat()).await?;
        let answer = read_answer(&mut connection).await?;
        self.connection = Some(connection);
        Ok(answer)
    }
}

fn record(told: &Told) -> anyhow::Result<Record> {
    Ok(Record {
        kind: told.kind.clone(),
        schema_version: told.schema_version,
        actor: "station".into(),
        at_ms: told.at_ms,
        offset_min: 420,
        payload: RawValue::from_string(told.payload.clone())?,
    })
}

fn read<T: DeserializeOwned>(answer: &Answer) -> anyhow::Result<T> {
    if answer.status >= 300 {
        bail!("{}", told_by(answer));
    }
    match serde_json::from_slice(&answer.body) {
        Ok(read) => Ok(read),
        Err(_) => Ok(pack::unpack(&answer.body, wellread_wire::MOST_UNPACKED_BYTES)?),
    }
}

fn told_by(answer: &Answer) -> String {
    match serde_json::from_slice::<Problem>(&answer.body) {
        Ok(problem) => format!("{} {}: {}", answer.status, problem.code, problem.detail),
        Err(_) => format!("{} {}", answer.status, String::from_utf8_lossy(&answer.body)),
    }
}

async fn read_answer(connection: &mut BufReader<TcpStream>) -> anyhow::Result<Answer> {
    let (mut status, mut length, mut line) = (None, 0, String::new());
    loop {
        line.clear();
        if connection.read_line(&mut line).await? == 0 {
            bail!("the hub ended the connection");
        }
        if line == "\r\n" {
            break;
        }
        if status.is_none() {
            status = Some(line.split(' ').nth(1).context("no status")?.parse()?);
        } else if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await?;
    Ok(Answer { status: status.context("no status")?, body })
}

/// A run as some real station told it, as the run of another.
pub fn retold(payload: &str, run: Uuid, seq: i64, sample_no: &str) -> anyhow::Result<String> {
    let mut told = Value::deserialize(&mut serde_json::Deserializer::from_str(payload))?;
    let object = told.as_object_mut().context("a run is an object")?;
    object.insert("run_id".into(), json!(run));
    object.insert("seq".into(), json!(seq));
    object.insert("intake_id".into(), Value::Null);
    let image = Sha256::of(run.as_bytes()).to_string();
    object.insert("image_sha256".into(), json!(image));
    if let Some(identity) = object.get_mut("identity").and_then(Value::as_object_mut) {
        identity.insert("sample_no".into(), json!(sample_no));
    }
    for picture in object.get_mut("images").and_then(Value::as_array_mut).into_iter().flatten() {
        let kind = picture.get("kind").and_then(Value::as_str).unwrap_or_default();
        let sha256 = Sha256::of(format!("{run}{kind}").as_bytes()).to_string();
        if let Some(picture) = picture.as_object_mut() {
            picture.insert("sha256".into(), json!(sha256));
        }
    }
    Ok(told.to_string())
}

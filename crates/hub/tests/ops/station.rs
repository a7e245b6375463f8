//! A station as the hub sees it: a key, a log, and what the protocol says. Its records are settings, the smallest there
//! are.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer as _, SigningKey};
use reqwest::{Client, Response};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{json, value::RawValue};
use uuid::Uuid;
use wellread_wire::{
    batch::{Acked, Batch, Record},
    chain::{Sha256, genesis},
    enrol::{Challenge, Enrol, Enrolled, Prove, Token, signed_text},
    pack,
};

pub(crate) struct Station {
    client: Client,
    url: String,
    pub(crate) id: Uuid,
    pub(crate) org: Uuid,
    key: SigningKey,
    epoch: Uuid,
    token: String,
    seq: i64,
    head: Sha256,
}

impl Station {
    /// Enrols and signs in.
    pub(crate) async fn enrol(client: Client, url: &str, code: &str, id: u128) -> Self {
        let id = Uuid::from_u128(id);
        let key = SigningKey::from_bytes(&Sha256::of(id.as_bytes()).0);
        let enrol = Enrol {
            code: code.to_owned(),
            station_id: id,
            name: format!("bench {id}"),
            public_key: URL_SAFE_NO_PAD.encode(key.verifying_key().as_bytes()),
            app_version: "0.1.0".to_owned(),
        };
        let enrolled: Enrolled = read(client.post(format!("{url}/v1/enrol")).json(&enrol).send().await.unwrap()).await;
        let mut station = Self {
            client,
            url: url.to_owned(),
            id,
            org: enrolled.org_id,
            key,
            epoch: enrolled.epoch,
            token: String::new(),
            seq: 0,
            head: genesis(id),
        };
        station.prove().await;
        station
    }

    async fn prove(&mut self) {
        let asked = format!("challenge?org={}", self.org);
        let challenge: Challenge = read(self.post(&asked, &json!({})).await).await;
        let text = signed_text(self.id, &challenge.challenge);
        let signature = URL_SAFE_NO_PAD.encode(self.key.sign(text.as_bytes()).to_bytes());
        let token: Token = read(self.post("token", &Prove { challenge: challenge.challenge, signature }).await).await;
        self.token = token.access_token;
    }

    async fn post(&self, what: &str, body: &impl Serialize) -> Response {
        let path = format!("{}/v1/stations/{}/{what}", self.url, self.id);
        self.client.post(path).json(body).send().await.unwrap()
    }

    /// Brings so many settings in one push.
    pub(crate) async fn push(&mut self, count: i64) -> Acked {
        self.push_records((1..=count).map(|n| record("config", self.seq + n)).collect()).await
    }

    /// Brings a record that no hub knows.
    pub(crate) async fn push_unknown(&mut self, kind: &str) -> Acked {
        self.push_records(vec![record(kind, self.seq + 1)]).await
    }

    async fn push_records(&mut self, records: Vec<Record>) -> Acked {
        let count = i64::try_from(records.len()).unwrap();
        let (after, first_seq) = (self.head, self.seq + 1);
        let last = records.iter().zip(first_seq..).fold(after, |hash, (record, seq)| record.link(seq).hash(&hash));
        let batch = Batch { epoch: self.epoch, incarnation: 1, first_seq, after, last, records };
        let answer = self
            .client
            .post(format!("{}/v1/stations/{}/log", self.url, self.id))
            .bearer_auth(&self.token)
            .header("content-type", pack::CONTENT_TYPE)
            .body(pack::pack(&batch).unwrap())
            .send()
            .await
            .unwrap();
        let status = answer.status();
        let bytes = answer.bytes().await.unwrap();
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&bytes));
        let acked: Acked = pack::unpack(&bytes, 1 << 20).unwrap();
        (self.seq, self.head) = (self.seq + count, last);
        acked
    }
}

fn record(kind: &str, seq: i64) -> Record {
    Record {
        kind: kind.to_owned(),
        schema_version: i64::from(wellread_wire::EVENT_VERSION),
        actor: "station".to_owned(),
        at_ms: 1_700_000_000_000 + seq,
        offset_min: 420,
        payload: RawValue::from_string(format!(r#"{{"key":"k{seq}","value":{seq}}}"#)).unwrap(),
    }
}

async fn read<T: DeserializeOwned>(response: Response) -> T {
    let (status, text) = (response.status(), response.text().await.unwrap());
    assert!(status.is_success(), "{status}: {text}");
    serde_json::from_str(&text).unwrap()
}

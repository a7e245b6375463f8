//! A hub in this process: what it has is plain to see, and what goes wrong is said beforehand.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signature, VerifyingKey};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard},
};
use uuid::Uuid;
use wellread_station::sync::{Cut, Method, Request, Response, Transport};
use wellread_wire::{
    batch::{Acked, Batch, Outcome},
    chain::{Sha256, genesis},
    contact::{Contact, Head, NewIncarnation, Rejected, TakeIncarnation, Welcome},
    downlink::Item,
    enrol::{Challenge, Enrol, Enrolled, Prove, Token, signed_text},
    event::Event,
    pack,
    problem::{self, Problem, code},
};

/// The code that enrols.
pub(crate) const CODE: &str = "LAB-AAAA-BBBB-CCCC";

/// What goes wrong with the next request of a kind.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// It is never heard.
    Lost,
    /// It is heard, and its answer is lost.
    Unanswered,
    /// It is heard twice.
    Twice,
    /// It is refused.
    Refused(u16, &'static str, Option<u64>),
}

/// A record that the hub has.
#[derive(Clone, Debug)]
pub(crate) struct Kept {
    pub(crate) kind: String,
    pub(crate) version: i64,
    pub(crate) payload: String,
    pub(crate) hash: Sha256,
}

#[derive(Default)]
pub(crate) struct State {
    pub(crate) epoch: Uuid,
    pub(crate) incarnation: u32,
    pub(crate) log: Vec<Kept>,
    pub(crate) fenced: String,
    pub(crate) revoked: bool,
    pub(crate) rejected: Vec<Rejected>,
    /// Entries of the feed; the first has place 1.
    pub(crate) feed: Vec<Value>,
    pub(crate) feed_horizon: i64,
    pub(crate) snapshot: Vec<Vec<Value>>,
    pub(crate) blobs: BTreeMap<String, Vec<u8>>,
    pub(crate) verified: BTreeSet<String>,
    pub(crate) contacts: Vec<Contact>,
    /// What was asked, in order.
    pub(crate) asked: Vec<String>,
    pub(crate) part_sizes: Vec<usize>,
    pub(crate) batches: Vec<(usize, usize)>,
    faults: Vec<(&'static str, Fault)>,
    key: Option<VerifyingKey>,
    station: Uuid,
    token: u32,
}

pub(crate) struct Hub(Mutex<State>);

impl Hub {
    pub(crate) fn new() -> Self {
        let state = State { epoch: Uuid::from_u128(1), incarnation: 1, feed_horizon: 1, ..State::default() };
        Self(Mutex::new(state))
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    /// The next request whose path holds `what` meets this.
    pub(crate) fn fault(&self, what: &'static str, fault: Fault) {
        self.state().faults.push((what, fault));
    }

    /// Says something to the station.
    pub(crate) fn say(&self, item: &Item) {
        self.state().feed.push(serde_json::to_value(item).unwrap());
    }

    /// Loses everything after so many records, as a backup of before does.
    pub(crate) fn restore(&self, records: usize) {
        let mut state = self.state();
        state.epoch = Uuid::from_u128(state.epoch.as_u128() + 1);
        state.log.truncate(records);
        state.blobs.clear();
        state.verified.clear();
    }

    /// What the records tell, in order.
    pub(crate) fn events(&self) -> Vec<Event> {
        let state = self.state();
        state.log.iter().map(|kept| Event::read(&kept.kind, kept.version, &kept.payload).unwrap()).collect()
    }

    pub(crate) fn kinds(&self) -> Vec<String> {
        self.state().log.iter().map(|kept| kept.kind.clone()).collect()
    }
}

impl Transport for Hub {
    fn send(&self, request: &Request, _stop: &(dyn Fn() -> bool + Sync)) -> Result<Response, Cut> {
        let mut state = self.state();
        let range = request.range.map_or_else(String::new, |(first, last)| format!(" {first}-{last}"));
        state.asked.push(format!("{:?} {}{range}", request.method, request.path));
        let at = state.faults.iter().position(|(what, _)| request.path.contains(what));
        let fault = at.map(|at| state.faults.remove(at).1);
        match fault {
            Some(Fault::Lost) => Err(Cut("the network is gone".to_owned())),
            Some(Fault::Unanswered) => {
                let _ = state.answer(request);
                Err(Cut("the connection broke".to_owned()))
            }
            Some(Fault::Twice) => {
                let _ = state.answer(request);
                Ok(state.answer(request))
            }
            Some(Fault::Refused(status, code, retry)) => {
                let mut refused = problem(status, code, json!({}));
                refused.headers.extend(retry.map(|s| ("retry-after".to_owned(), s.to_string())));
                Ok(refused)
            }
            None => Ok(state.answer(request)),
        }
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Response {
        let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
        if path == "/v1/enrol" {
            return self.enrol(&read(request));
        }
        let what = path.splitn(5, '/').nth(4).unwrap_or_default();
        match what {
            _ if self.revoked => return problem(403, code::STATION_REVOKED, json!({})),
            "challenge" => return plain(&Challenge { challenge: format!("challenge {}", self.token) }),
            "token" => return self.prove(&read(request)),
            _ => {}
        }
        if request.bearer.as_deref() != Some(&format!("token {}", self.token)) {
            return problem(401, code::UNAUTHENTICATED, json!({}));
        }
        let asked = |name: &str| {
            query
                .split('&')
                .find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name))
                .map(|(_, value)| value)
        };
        match what {
            "contact" => self.contact(read(request)),
            "log" => self.log(request),
            "incarnation" => self.take(&read(request)),
            "feed" => {
                self.feed_page(asked("after").unwrap().parse().unwrap(), asked("limit").unwrap().parse().unwrap())
            }
            "snapshot" => self.snapshot_page(asked("cursor").map_or(0, |cursor| cursor.parse().unwrap())),
            blob => {
                let name = blob.strip_prefix("blobs/").unwrap_or_else(|| panic!("{blob} is nothing"));
                let number = |name: &str| asked(name).map_or(0, |text| text.parse().unwrap());
                self.blob(request, name, number("offset"), number("size"))
            }
        }
    }

    fn enrol(&mut self, asked: &Enrol) -> Response {
        if asked.code != CODE {
            return problem(404, code::ENROL_CODE, json!({}));
        }
        let bytes: [u8; 32] = URL_SAFE_NO_PAD.decode(&asked.public_key).unwrap().try_into().unwrap();
        (self.key, self.station) = (Some(VerifyingKey::from_bytes(&bytes).unwrap()), asked.station_id);
        self.revoked = false;
        plain(&Enrolled {
            org_id: Uuid::from_u128(77),
            org_name: "The Laboratories".to_owned(),
            station_id: asked.station_id,
            epoch: self.epoch,
            hub_name: "scripted".to_owned(),
        })
    }

    fn prove(&mut self, said: &Prove) -> Response {
        assert_eq!(said.challenge, format!("challenge {}", self.token), "the newest challenge is answered");
        let signature = Signature::from_slice(&URL_SAFE_NO_PAD.decode(&said.signature).unwrap()).unwrap();
        let text = signed_text(self.station, &said.challenge);
        self.key.unwrap().verify_strict(text.as_bytes(), &signature).expect("the station's own signature");
        self.token += 1;
        plain(&Token { access_token: format!("token {}", self.token), expires_in_s: 3_600 })
    }

    /// A token of before is good no longer.
    pub(crate) fn forget_tokens(&mut self) {
        self.token += 1;
    }

    fn head(&self) -> Head {
        let hash = self.log.last().map_or_else(|| genesis(self.station), |kept| kept.hash);
        Head { seq: self.log.len() as i64, hash }
    }

    fn contact(&mut self, contact: Contact) -> Response {
        self.contacts.push(contact);
        let head = self.head();
        plain(&Welcome {
            epoch: self.epoch,
            incarnation: self.incarnation,
            expected_seq: head.seq + 1,
            expected_after: (head.seq > 0).then_some(head.hash),
            fenced: self.fenced.clone(),
            feed_head: self.feed.len() as i64,
            feed_horizon: self.feed_horizon,
            rejected: self.rejected.clone(),
            rejected_total: self.rejected.len() as u64,
            clock_ms: 0,
        })
    }

    fn log(&mut self, request: &Request) -> Response {
        let batch: Batch = pack::unpack(&request.body, 64 << 20).unwrap();
        if batch.epoch != self.epoch {
            return problem(409, code::EPOCH, json!({ "epoch": self.epoch }));
        }
        if batch.first_seq > self.head().seq + 1 {
            return problem(409, code::GAP, json!({ "expected_seq": self.head().seq + 1 }));
        }
        assert_eq!(batch.incarnation, self.incarnation, "a writer that the hub does not take never gets this far");
        let hashes = batch.hashes().expect("the records chain up");
        self.batches.push((batch.records.len(), request.body.len()));
        for ((record, hash), seq) in batch.records.iter().zip(hashes).zip(batch.first_seq..) {
            if let Some(known) = self.log.get(usize::try_from(seq - 1).unwrap()) {
                if known.hash != hash {
                    self.fenced = format!("record {seq} is another one");
                    return problem(409, code::FENCED, json!({}));
                }
                continue;
            }
            self.log.push(Kept {
                kind: record.kind.clone(),
                version: record.schema_version,
                payload: record.payload.get().to_owned(),
                hash,
            });
        }
        let outcomes = batch.records.iter().map(|_| Outcome::Applied).collect();
        plain(&Acked { acked_seq: self.head().seq, outcomes })
    }

    fn take(&mut self, asked: &TakeIncarnation) -> Response {
        let has = |head: &&Head| match usize::try_from(head.seq).unwrap() {
            0 => true,
            n => self.log.get(n - 1).is_some_and(|kept| kept.hash == head.hash),
        };
        let base = asked.heads.iter().find(has).map_or(0, |head| head.seq);
        let hub_only = self.log.len() as u64 - base as u64;
        self.log.truncate(usize::try_from(base).unwrap());
        self.incarnation = self.incarnation.max(asked.incarnation) + 1;
        self.fenced = String::new();
        plain(&NewIncarnation { incarnation: self.incarnation, expected_seq: base + 1, hub_only })
    }

    fn feed_page(&self, after: i64, limit: usize) -> Response {
        if after + 1 < self.feed_horizon {
            return problem(410, code::SNAPSHOT, json!({ "horizon": self.feed_horizon }));
        }
        let entries: Vec<Value> = self
            .feed
            .iter()
            .zip(1_i64..)
            .skip(usize::try_from(after).unwrap())
            .take(limit)
            .map(|(item, seq)| {
                let mut entry = item.clone();
                entry["seq"] = json!(seq);
                entry
            })
            .collect();
        let (up_to, head) = (after + entries.len() as i64, self.feed.len());
        packed(&json!({ "epoch": self.epoch, "entries": entries, "up_to": up_to, "head": head }))
    }

    fn snapshot_page(&self, page: usize) -> Response {
        let next = (page + 1 < self.snapshot.len()).then(|| (page + 1).to_string());
        let items = self.snapshot.get(page).cloned().unwrap_or_default();
        packed(&json!({ "epoch": self.epoch, "as_of": self.feed.len(), "items": items, "next": next }))
    }

    fn blob(&mut self, request: &Request, name: &str, offset: usize, size: usize) -> Response {
        match request.method {
            Method::Put => {
                let kept = self.blobs.entry(name.to_owned()).or_default();
                if kept.len() != offset {
                    return problem(409, code::OFFSET, json!({ "offset": kept.len() }));
                }
                kept.extend_from_slice(&request.body);
                self.part_sizes.push(request.body.len());
                let whole = kept.len() == size;
                if whole && Sha256::of(kept).to_string() != name {
                    self.blobs.remove(name);
                    return problem(422, code::HASH, json!({}));
                }
                if whole {
                    self.verified.insert(name.to_owned());
                }
                self.how_far(name)
            }
            Method::Get => {
                let (first, last) = request.range.unwrap();
                let Some(all) = self.blobs.get(name) else { return problem(404, "not-found", json!({})) };
                match all.get(usize::try_from(first).unwrap()..=usize::try_from(last).unwrap()) {
                    Some(body) => Response { status: 206, headers: Vec::new(), body: body.to_vec() },
                    None => problem(416, code::OFFSET, json!({})),
                }
            }
            _ => self.how_far(name),
        }
    }

    fn how_far(&self, name: &str) -> Response {
        let there = self.blobs.get(name).map_or(0, Vec::len);
        let word = if self.verified.contains(name) {
            "verified"
        } else if there > 0 {
            "partial"
        } else {
            "absent"
        };
        let headers =
            vec![("wellread-blob".to_owned(), word.to_owned()), ("wellread-offset".to_owned(), there.to_string())];
        Response { status: 200, headers, body: Vec::new() }
    }
}

fn read<T: DeserializeOwned>(request: &Request) -> T {
    serde_json::from_slice(&request.body).unwrap()
}

fn plain(what: &impl serde::Serialize) -> Response {
    Response { status: 200, headers: Vec::new(), body: serde_json::to_vec(what).unwrap() }
}

fn packed(what: &Value) -> Response {
    Response { status: 200, headers: Vec::new(), body: pack::pack(what).unwrap() }
}

fn problem(status: u16, code: &str, more: Value) -> Response {
    let problem = Problem {
        kind: format!("/problems/{code}"),
        code: code.to_owned(),
        title: code.to_owned(),
        status,
        detail: format!("scripted: {code}"),
        request_id: String::new(),
        more,
    };
    Response {
        status,
        headers: vec![("content-type".to_owned(), problem::CONTENT_TYPE.to_owned())],
        body: serde_json::to_vec(&problem).unwrap(),
    }
}

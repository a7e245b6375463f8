//! What a station does on a day: every kind of thing that headquarters must learn of, in a fixed mixture.

use crate::station::StationInHand;
use anyhow::Context as _;
use serde_json::json;
use std::collections::BTreeMap;
use wellread_plate::{assay::Role, class::Call, class::WellClass, format::PlateFormat};
use wellread_station::store::{
    Actor, Decision, FinalResults, Identity, ImageKind, LayoutKey, Meaning, NewInterfaceFile, NewLayout, NewReview,
    NewSignature, NewUser, RunFailure, RunId, SeenFile, Sha256, StoredAssay, UserId,
};

/// Between one plate and the next, in milliseconds.
const PACE_MS: i64 = 31_007;

impl StationInHand {
    /// Works on so many plates, with all that goes on beside them.
    pub fn work(&mut self, plates: u64) -> anyhow::Result<()> {
        for _ in 0..plates {
            self.plate()?;
            match self.made % 10 {
                2 => self.refuse_a_file()?,
                4 => self.correct_a_well()?,
                5 => self.sign_a_run()?,
                6 => self.deliver_a_file()?,
                7 => self.name_a_sample()?,
                8 => self.reject_a_run()?,
                9 => self.set_something()?,
                _ => {}
            }
        }
        Ok(())
    }

    /// One plate: completed, or without a result.
    pub fn plate(&mut self) -> anyhow::Result<()> {
        self.made += 1;
        self.clock.advance(PACE_MS);
        let identity = self.identity();
        let images = self.pictures(&identity)?;
        let raw = images.first().context("a plate has a picture")?.clone();
        let file = self.see(&raw.file_name, raw.size)?;
        self.write(Actor::Station, |w| w.admit(file, &raw.sha256))?;
        let new = self.new_run(Some(file), identity, &raw);
        if self.made % 10 == 3 {
            let failure = RunFailure {
                code: "no-plate".into(),
                message: "There is no plate in the picture.".into(),
                processing_time_ms: 31,
                images: vec![raw],
            };
            return self.write(Actor::Station, |w| w.record_failure(&new, &failure));
        }
        let mut made = self.plates.read()?;
        made.images = images;
        self.write(Actor::Station, |w| w.record_run(&new, &made))?;
        self.runs.push(new.id);
        Ok(())
    }

    /// Completed runs without anything beside them, many in a transaction: a backlog.
    pub fn backlog(&mut self, runs: u64) -> anyhow::Result<()> {
        const TOGETHER: u64 = 100;
        let mut left = runs;
        while left > 0 {
            let mut many = Vec::new();
            for _ in 0..left.min(TOGETHER) {
                self.made += 1;
                self.clock.advance(PACE_MS);
                let identity = self.identity();
                let images = self.pictures(&identity)?;
                let new = self.new_run(None, identity, images.first().context("a plate has a picture")?);
                let mut made = self.plates.read()?;
                made.images = images;
                self.runs.push(new.id);
                many.push((new, made));
            }
            left -= many.len() as u64;
            self.write(Actor::Station, |w| many.iter().try_for_each(|(new, made)| w.record_run(new, made)))?;
        }
        Ok(())
    }

    /// A plate whose pictures have so many bytes.
    pub fn large_picture(&mut self, bytes: usize) -> anyhow::Result<()> {
        let usual = std::mem::replace(&mut self.pictures.raw_bytes, bytes);
        let done = self.plate();
        self.pictures.raw_bytes = usual;
        done
    }

    /// Runs that keep the camera's picture alone.
    pub fn pictures_alone(&mut self, runs: u64) -> anyhow::Result<()> {
        for _ in 0..runs {
            self.made += 1;
            self.clock.advance(PACE_MS);
            let identity = self.identity();
            let size = self.pictures.raw_bytes;
            let raw = self.picture(ImageKind::Raw, format!("capture_{}.jpg", self.made), size, (4000, 3000))?;
            let new = self.new_run(None, identity, &raw);
            let mut made = self.plates.read()?;
            made.images = vec![raw];
            self.write(Actor::Station, |w| w.record_run(&new, &made))?;
        }
        Ok(())
    }

    fn see(&mut self, name: &str, size: u64) -> anyhow::Result<wellread_station::store::FileId> {
        let id = self.file_id();
        let mtime_ns = self.clock.now().utc_ms * 1_000_000;
        let path_text = name.to_owned();
        self.write(Actor::Station, |w| {
            w.see_file(&SeenFile { id, path: name.as_bytes().to_vec(), path_text, size, mtime_ns })
        })?;
        Ok(id)
    }

    fn refuse_a_file(&mut self) -> anyhow::Result<()> {
        let name = format!("notes ’{}’.txt", self.made);
        let file = self.see(&name, 90)?;
        let content = Sha256::of(name.as_bytes());
        self.write(Actor::Station, |w| w.record_rejection(file, Some(&content), "not-a-picture", "It is a text."))
    }

    /// The `back`th newest completed run.
    fn recent(&self, back: usize) -> anyhow::Result<RunId> {
        let at = self.runs.len().saturating_sub(1 + back);
        self.runs.get(at).copied().context("nothing was completed yet")
    }

    fn decide(&mut self, run: RunId, decision: Decision, results: Option<FinalResults>) -> anyhow::Result<()> {
        let new = NewReview {
            id: self.event_id(),
            run,
            decision,
            reason_code: "misread".into(),
            reason_text: "ดูอีกครั้ง: looked again".into(),
            based_on_seq: self.station.read(|r| Ok(r.run_state(run)?.last_event_seq))?,
            results,
        };
        self.clock.advance(4_001);
        self.write(self.person(), |w| w.review(&new).map(drop))
    }

    fn correct_a_well(&mut self) -> anyhow::Result<()> {
        let run = self.recent(0)?;
        let well = PlateFormat::WELLS_96.iter().nth(self.made as usize % 96).context("a plate has 96 wells")?;
        let mut results = self.station.read(|r| Ok(r.final_results(run)?))?.context("it has results")?;
        results.distribution.merge(&[(12, 1)].into_iter().collect());
        let decision = Decision::Override { well, class: Some(WellClass::TEARDROP), label: Call::Positive };
        self.decide(run, decision, Some(results))?;
        if self.station.read(|r| Ok(r.run_state(run)?.identity.sample_no.is_empty()))? {
            return Ok(());
        }
        self.decide(run, Decision::Accept, None)
    }

    fn sign_a_run(&mut self) -> anyhow::Result<()> {
        let run = self.recent(0)?;
        let covers_seq = self.station.read(|r| Ok(r.run_state(run)?.last_event_seq))?;
        let new = NewSignature { id: self.signature_id(), run, meaning: Meaning::Performed, covers_seq };
        self.write(self.person(), |w| w.sign(&new).map(drop))
    }

    /// Somebody says whose a plate is: the sample that had it has it no more.
    fn name_a_sample(&mut self) -> anyhow::Result<()> {
        let run = self.recent(1)?;
        let identity = Identity {
            sample_no: format!("N{}-{:05}", self.number, self.made),
            submission_no: String::new(),
            plate_no: "1".into(),
        };
        self.decide(run, Decision::Sample(identity), None)
    }

    fn reject_a_run(&mut self) -> anyhow::Result<()> {
        let run = self.recent(2)?;
        self.decide(run, Decision::Reject, None)
    }

    fn deliver_a_file(&mut self) -> anyhow::Result<()> {
        let run = self.recent(0)?;
        let sample_no = self.station.read(|r| Ok(r.run_state(run)?.identity.sample_no))?;
        if sample_no.is_empty() {
            return Ok(());
        }
        let id = self.interface_file_id();
        let name = format!("{sample_no}_{}.csv", self.made);
        let new = NewInterfaceFile {
            id,
            sample_no,
            template: "summary".into(),
            target: "lims".into(),
            file_name: name.clone(),
            test_no: format!("{}", self.made),
        };
        self.write(self.person(), |w| w.enqueue_interface_file(&new).map(drop))?;
        let (content, at) = (Sha256::of(name.as_bytes()), self.clock.now().utc_ms);
        self.write(Actor::Station, |w| w.mark_generated(id, &name, &format!("interface/{name}"), (&content, 512), at))?;
        self.clock.advance(1_013);
        match self.made % 20 {
            6 => self.write(Actor::Station, |w| w.mark_delivered(id).map(drop)),
            _ => self.write(Actor::Station, |w| w.mark_failed(id, "the LIMS does not answer").map(drop)),
        }
    }

    fn set_something(&mut self) -> anyhow::Result<()> {
        let n = self.made;
        let format = PlateFormat::WELLS_96;
        let layout = NewLayout {
            key: LayoutKey { id: format!("layout-{n}"), version: 1 },
            name: format!("Layout {n}"),
            format,
            wells: format.iter().map(|well| (well, Role::Sample)).collect::<BTreeMap<_, _>>(),
        };
        let toml = format!("# {n}\nid = 'own-{n}'\n");
        let assay = StoredAssay { id: format!("own-{n}"), version: 1, name: format!("Own {n}"), toml };
        let id = UserId::new(self.uuid());
        self.write(self.person(), |w| {
            w.set_config("intake.rest_ms", &json!(200 + n), "tried")?;
            w.add_layout(&layout)?;
            w.add_own_assay(&assay, "ours")?;
            w.create_user(&NewUser {
                id,
                username: format!("person{n}"),
                password_phc: "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA".into(),
                email: Some(format!("person{n}@example.org")),
                first_name: "Per".into(),
                last_name: format!("Son {n}"),
                roles: vec!["operator".into()],
                verifier_expires_ms: None,
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use crate::station::{Pictures, StationInHand};
    use std::collections::BTreeSet;

    #[test]
    fn a_day_of_work_holds_every_kind_of_record() {
        let mut station = StationInHand::new(1, 7, Pictures::SMALL).unwrap();
        station.work(20).unwrap();
        let records = station.station().read(|r| Ok(r.outbox_after(0, 1_000)?)).unwrap();
        let kinds: BTreeSet<&str> = records.iter().map(|record| record.kind.as_str()).collect();
        for kind in
            ["run", "run-failed", "rejection", "review", "signature", "interface-file", "user", "config", "layout"]
        {
            assert!(kinds.contains(kind), "'{kind}' is not among {kinds:?}");
        }
        assert!(station.station().database().verify().unwrap().is_sound(), "and the database is sound");
    }
}

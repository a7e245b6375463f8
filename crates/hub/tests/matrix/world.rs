//! Two organizations that have everything once.

use crate::place::{Org, Place};
use uuid::Uuid;

/// A word that occurs in everything of an organization that people name.
pub(crate) fn mark(slug: &str) -> String {
    format!("{slug}only")
}

/// The things of an organization.
#[derive(Clone, Debug)]
pub(crate) struct Things {
    pub(crate) station: Uuid,
    pub(crate) run: Uuid,
    pub(crate) user: Uuid,
    pub(crate) code: Uuid,
    pub(crate) sha256: String,
    pub(crate) word: String,
}

impl Things {
    /// What there is not in any organization.
    pub(crate) fn none(place: &Place) -> Self {
        let id = || place.node.hub.id().unwrap();
        Self {
            station: id(),
            run: id(),
            user: id(),
            code: id(),
            sha256: "0".repeat(64),
            word: "nowhereonly".to_owned(),
        }
    }

    /// What an organization has.
    pub(crate) async fn of(place: &Place, org: &Org) -> Self {
        let id = || place.node.hub.id().unwrap();
        let sha256 = wellread_wire::chain::Sha256::of(org.slug.as_bytes()).to_string();
        let user = place.node.account(org, &format!("{}target", mark(&org.slug)), &["viewer"]).await;
        let user = user["id"].as_str().unwrap().parse().unwrap();
        let things = Self { station: id(), run: id(), user, code: id(), sha256, word: mark(&org.slug) };
        place.sql(&things.sql(org.id)).await;
        things
    }

    fn sql(&self, org: Uuid) -> String {
        let Self { station, run, code, sha256, word, .. } = self;
        let zero = "0".repeat(64);
        format!(
            "INSERT INTO microplates.station (org_id, id, name, public_key)
               VALUES ('{org}', '{station}', '{word}', decode(repeat('ab', 32), 'hex'));
             INSERT INTO microplates.station_incarnation (org_id, station_id, incarnation, base_hash, head_seq, head_hash)
               VALUES ('{org}', '{station}', 1, '{zero}', 1, '{zero}');
             INSERT INTO microplates.station_log (org_id, station_id, incarnation, seq, hash, kind, schema_version, actor,
                 offset_min, outcome, outcome_code) VALUES ('{org}', '{station}', 1, 1, '{zero}', 'run', 2, '{word}', 0,
                 'quarantined', 'payload');
             INSERT INTO microplates.sync_quarantine (org_id, station_id, incarnation, seq, kind, schema_version, payload,
                 actor, at_ms, offset_min, code, reason)
               VALUES ('{org}', '{station}', 1, 1, 'run', 2, '{{}}', '{word}', 0, 0, 'payload', '{word}');
             INSERT INTO microplates.prediction_run (org_id, id, station_id, station_seq, log_seq, sample_no, predict_at,
                 status, image_sha256, assay_id, assay_version, app_version, plate_format)
               VALUES ('{org}', '{run}', '{station}', 1, 1, '{word}', now(), 'completed', '{sha256}', 'hi', 1, '0.1.0', '96');
             INSERT INTO microplates.run_state (org_id, run_id, station_id, status, disposition, sample_no, submission_no,
                 plate_no, assay_id, predict_at, needs_review, log_seq)
               VALUES ('{org}', '{run}', '{station}', 'completed', 'accepted', '{word}', '', '1', 'hi', now(), false, 1);
             INSERT INTO microplates.well_prediction (org_id, run_id, well_id, label, class, confidence, bbox)
               VALUES ('{org}', '{run}', 'A1', 'positive', 'teardrop', 0.9,
                 '{{\"xmin\": 1, \"ymin\": 1, \"xmax\": 2, \"ymax\": 2}}');
             INSERT INTO microplates.image_file (org_id, run_id, sample_no, file_type, file_name, file_path, file_size,
                 mime_type, sha256) VALUES ('{org}', '{run}', '{word}', 'raw', '{word}', '{word}', 1, 'image/png', '{sha256}');
             INSERT INTO microplates.interface_file (org_id, id, station_id, seq, sample_no, file_name, status, template,
                 revision, log_seq) VALUES ('{org}', '{code}', '{station}', 1, '{word}', '{word}', 'delivered', 'csv', 1, 1);
             INSERT INTO microplates.intake_rejection (org_id, station_id, file_id, path, revision, size, state,
                 reason_code, reason, at, offset_min, log_seq)
               VALUES ('{org}', '{station}', '{code}', '{word}', 1, 1, 'rejected', 'x', '{word}', now(), 0, 1);
             INSERT INTO microplates.enrol_code (org_id, id, code_hash, note, expires_at)
               VALUES ('{org}', '{code}', '{sha256}', '{word}', now() + interval '1 day');
             INSERT INTO microplates.assay (org_id, id, version, name, toml, sha256)
               VALUES ('{org}', '{word}', 1, '{word}', '{word}', '{sha256}');
             INSERT INTO microplates.plate_layout (org_id, id, version, name, plate_format, definition)
               VALUES ('{org}', '{word}', 1, '{word}', '6', '{{\"wells\": {{}}}}');
             INSERT INTO microplates.model_set (org_id, sha256, name, files)
               VALUES ('{org}', '{sha256}', '{word}', '{{\"manifest.toml\": {{\"sha256\": \"{sha256}\", \"size\": 1}}}}');
             INSERT INTO microplates.system_config (org_id, key, value) VALUES ('{org}', 'assay', '\"{word}\"');
             INSERT INTO microplates.correction (org_id, id, station_id, run_id, decision, body, reason_code, user_id,
                 username) SELECT '{org}', '{code}', '{station}', '{run}', 'accept',
                 jsonb_build_object('id', '{code}', 'station_id', '{station}', 'run_id', '{run}', 'decision',
                   jsonb_build_object('decision', 'accept'), 'reason_code', 'confirmed', 'reason_text', '', 'user_id', id,
                   'username', '{word}', 'at_ms', 0), 'confirmed', id, '{word}'
               FROM auth.users WHERE org_id = '{org}' LIMIT 1;
             INSERT INTO auth.roles (org_id, name, permissions) VALUES ('{org}', '{word}', '{{}}'), ('{org}', 'nothing', '{{}}')"
        )
    }

    /// A path with its places filled by these.
    pub(crate) fn fill(&self, path: &str) -> String {
        let id = match path {
            _ if path.starts_with("/v1/users") => self.user.to_string(),
            _ if path.starts_with("/v1/runs") => self.run.to_string(),
            _ if path.starts_with("/v1/enrol-codes") => self.code.to_string(),
            _ if path.starts_with("/v1/stations") => self.station.to_string(),
            _ => self.word.clone(),
        };
        let filled = path
            .replace("{id}", &id)
            .replace("{station}", &self.station.to_string())
            .replace("{incarnation}", "1")
            .replace("{seq}", "1")
            .replace("{version}", "1")
            .replace("{name}", &self.word)
            .replace("{sample_no}", &self.word)
            .replace("{sha256}", &self.sha256)
            .replace("{key}", "people.lock_after")
            .replace("{kind}", "raw");
        assert!(!filled.contains('{'), "a place of {path} is not known: say in Things::fill what stands there");
        filled
    }
}

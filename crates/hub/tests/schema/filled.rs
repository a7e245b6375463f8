//! A row in every table of an organization.

use crate::place::as_org;
use tokio_postgres::Client;
use uuid::Uuid;

/// Ids are the organization's, so that a row is known by any of them; both organizations use the same names and numbers
/// otherwise, so that only the policies tell their rows apart.
pub(crate) async fn fill(app: &Client, org: Uuid) -> anyhow::Result<()> {
    let sha = "a".repeat(64);
    for part in [PEOPLE, STATIONS, REFERENCE, RUNS] {
        as_org(app, org, &part.replace("$ORG", &org.to_string()).replace("$SHA", &sha)).await?;
    }
    Ok(())
}

const PEOPLE: &str = "
SELECT auth.fn_add_organization('$ORG', 'lab-' || left('$ORG', 4), 'A laboratory');
INSERT INTO auth.users (org_id, id, email, username, password)
  VALUES ('$ORG', '$ORG', 'Ann@example.org', 'ann', '$argon2id$v=19$x');
INSERT INTO auth.memberships (org_id, user_id) VALUES ('$ORG', '$ORG');
INSERT INTO auth.user_roles (org_id, user_id, role_id)
  SELECT org_id, '$ORG', id FROM auth.roles WHERE org_id = '$ORG' AND name = 'admin';
INSERT INTO auth.refresh_tokens (org_id, id, user_id, token, family, expires_at)
  VALUES ('$ORG', '$ORG', '$ORG', '$SHA', '$ORG', now());
INSERT INTO auth.password_reset_tokens (org_id, id, user_id, token, expires_at)
  VALUES ('$ORG', '$ORG', '$ORG', '$SHA', now());
INSERT INTO auth.email_verification_tokens (org_id, id, user_id, token, email, expires_at)
  VALUES ('$ORG', '$ORG', '$ORG', '$SHA', 'ann@example.org', now());
INSERT INTO auth.audit_logs (org_id, id, user_id, action) VALUES ('$ORG', '$ORG', '$ORG', 'CREATE')";

const STATIONS: &str = "
INSERT INTO microplates.station (org_id, id, name, public_key)
  VALUES ('$ORG', '$ORG', 'Bench 1', decode(repeat('00', 32), 'hex'));
INSERT INTO microplates.station_incarnation (org_id, station_id, incarnation, base_hash, head_seq, head_hash)
  VALUES ('$ORG', '$ORG', 1, '$SHA', 1, '$SHA');
INSERT INTO microplates.audit_anchor (org_id, station_id, seq, hash, incarnation)
  VALUES ('$ORG', '$ORG', 1, '$SHA', 1);
INSERT INTO microplates.enrol_code (org_id, id, code_hash, expires_at) VALUES ('$ORG', '$ORG', '$SHA', now());
INSERT INTO microplates.station_log
  (org_id, station_id, incarnation, seq, hash, kind, schema_version, actor, offset_min, outcome, outcome_code)
  VALUES ('$ORG', '$ORG', 1, 1, '$SHA', 'run', 2, 'station', 0, 'quarantined', 'payload');
INSERT INTO microplates.sync_quarantine
  (org_id, station_id, incarnation, seq, kind, schema_version, payload, actor, at_ms, offset_min, code, reason)
  VALUES ('$ORG', '$ORG', 1, 1, 'run', 2, '{}', 'station', 0, 0, 'payload', 'it is no run');
INSERT INTO microplates.org_feed (org_id, seq, kind, key, body) VALUES ('$ORG', 1, 'config', 'a.b', '1');
INSERT INTO microplates.org_change (org_id, seq, kinds) VALUES ('$ORG', 1, '{run}');
INSERT INTO microplates.station_account (org_id, station_id, id, username, is_active, log_seq)
  VALUES ('$ORG', '$ORG', '$ORG', 'bob', true, 1);
INSERT INTO microplates.station_config (org_id, station_id, key, value, log_seq) VALUES ('$ORG', '$ORG', 'a', '1', 1);
INSERT INTO microplates.station_assay (org_id, station_id, id, version, name, toml, log_seq)
  VALUES ('$ORG', '$ORG', 'own', 1, 'Own', '', 1);
INSERT INTO microplates.station_layout (org_id, station_id, id, version, name, plate_format, definition, log_seq)
  VALUES ('$ORG', '$ORG', 'own', 1, 'Own', '96', '{\"wells\": {}}', 1);
INSERT INTO microplates.intake_rejection
  (org_id, station_id, file_id, path, revision, size, state, reason_code, reason, at, offset_min, log_seq)
  VALUES ('$ORG', '$ORG', '$ORG', 'a.txt', 1, 1, 'rejected', 'no-picture', 'it is no picture', now(), 0, 1)";

const REFERENCE: &str = "
INSERT INTO microplates.assay (org_id, id, version, name, toml, sha256) VALUES ('$ORG', 'hi', 1, 'HI', '', '$SHA');
INSERT INTO microplates.plate_layout (org_id, id, version, name, plate_format, definition)
  VALUES ('$ORG', 'plain', 1, 'Plain', '96', '{\"wells\": {}}');
INSERT INTO microplates.model_set (org_id, sha256, name, files) VALUES ('$ORG', '$SHA', 'Wells 3', '{}');
INSERT INTO microplates.correction
  (org_id, id, station_id, run_id, decision, body, reason_code, user_id, username)
  VALUES ('$ORG', '$ORG', '$ORG', '$ORG', 'accept', '{}', 'checked', '$ORG', 'ann');
INSERT INTO microplates.blob (org_id, sha256) VALUES ('$ORG', '$SHA');
INSERT INTO microplates.blob_part (org_id, sha256, first_byte, size, part_sha256, object_key)
  VALUES ('$ORG', '$SHA', 0, 1, '$SHA', 'parts/1');
INSERT INTO microplates.system_config (org_id, id, key, value) VALUES ('$ORG', '$ORG', 'a.b', '1');
INSERT INTO microplates.interface_file (org_id, id, station_id, seq, sample_no, template, revision, log_seq)
  VALUES ('$ORG', '$ORG', '$ORG', 1, 'S-1', 'csv', 1, 1)";

const RUNS: &str = "
INSERT INTO microplates.prediction_run
  (org_id, id, station_id, station_seq, log_seq, sample_no, plate_no, predict_at, status, image_sha256, assay_id,
   assay_version, app_version)
  VALUES ('$ORG', '$ORG', '$ORG', 1, 1, 'S-1', '1', now(), 'completed', '$SHA', 'hi', 1, '1.0.0');
INSERT INTO microplates.row_counts (org_id, run_id, counts) VALUES ('$ORG', '$ORG', '{\"positive\": 1}');
INSERT INTO microplates.interface_results (org_id, run_id, results)
  VALUES ('$ORG', '$ORG', '{\"distribution\": {\"5\": 3}}');
INSERT INTO microplates.well_prediction (org_id, run_id, well_id, label, class, confidence, bbox)
  VALUES ('$ORG', '$ORG', 'A1', 'positive', 'button', 0.9, '{}');
INSERT INTO microplates.image_file
  (org_id, run_id, sample_no, file_type, file_name, file_path, file_size, mime_type, sha256)
  VALUES ('$ORG', '$ORG', 'S-1', 'raw', 'a.png', 'a.png', 1, 'image/png', '$SHA');
INSERT INTO microplates.run_state
  (org_id, run_id, station_id, status, disposition, sample_no, submission_no, plate_no, assay_id, predict_at,
   needs_review, distribution, log_seq)
  VALUES ('$ORG', '$ORG', '$ORG', 'completed', 'accepted', 'S-1', '', '1', 'hi', now(), false, '{\"5\": 3}', 1);
INSERT INTO microplates.well_review
  (org_id, run_id, id, station_id, seq, kind, payload, reason_code, actor, at, offset_min, based_on_seq, conflict,
   log_seq)
  VALUES ('$ORG', '$ORG', '$ORG', '$ORG', 1, 'accept', '{}', 'checked', 'ann', now(), 0, 0, false, 1);
INSERT INTO microplates.signature
  (org_id, run_id, id, station_id, user_id, meaning, covers_seq, content_hash, at, offset_min, log_seq)
  VALUES ('$ORG', '$ORG', '$ORG', '$ORG', '$ORG', 'performed', 1, '$SHA', now(), 0, 1)";

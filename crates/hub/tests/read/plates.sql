-- Rows number :first to :last of an organization: runs with what holds for them, interface files and rejected files, of
-- 20 stations and five months. Everything follows from the number of a row, so that every test has the same rows.

CREATE OR REPLACE FUNCTION pg_temp.uuid7(at timestamptz, n bigint, what text) RETURNS uuid LANGUAGE sql AS $$
  SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(md5(what || n), 1, 3)
    || '8' || substr(md5(what || n), 4, 15))::uuid $$;
CREATE OR REPLACE FUNCTION pg_temp.moment(n bigint) RETURNS timestamptz LANGUAGE sql AS $$
  SELECT date_trunc('day', now()) - interval '110 days' + n * interval '3 minutes' $$;
CREATE OR REPLACE FUNCTION pg_temp.station(n bigint) RETURNS uuid LANGUAGE sql AS $$
  SELECT pg_temp.uuid7('2026-01-01Z', n % 20, 'station') $$;

INSERT INTO microplates.station
  (org_id, id, name, public_key, app_version, last_contact_at, pending, clock_skew_ms, enrolled_at)
SELECT :org, pg_temp.station(n), 'Station ' || n, decode(repeat(lpad(to_hex(n), 2, '0'), 32), 'hex'), '0.1.0',
  now() - n * interval '3 hours', n, n - 10, '2026-01-01Z'
FROM generate_series(0, 19) n ON CONFLICT DO NOTHING;

INSERT INTO microplates.prediction_run (org_id, id, station_id, station_seq, log_seq, sample_no, submission_no, plate_no,
  predict_at, status, error_code, error_msg, image_sha256, assay_id, assay_version, app_version, needs_review, titre_scale)
SELECT :org, pg_temp.uuid7(pg_temp.moment(n), n, 'run'), pg_temp.station(n), n, n, 'S' || lpad((n / 4)::text, 6, '0'),
  'SUB' || (n / 100), (1 + n % 4)::text, pg_temp.moment(n), CASE WHEN n % 97 = 0 THEN 'failed' ELSE 'completed' END,
  CASE WHEN n % 97 = 0 THEN 'no-plate' END, CASE WHEN n % 97 = 0 THEN 'no plate was found' END,
  md5(n::text) || md5('i' || n), CASE WHEN n % 101 = 0 THEN 'rare' ELSE 'hi' END, 1, '0.1.0', n % 40 = 0,
  '{"dilution": {"start": 2, "fold": 2}, "below_first": "half", "cut_off": null}'
FROM generate_series(:first, :last) n;

INSERT INTO microplates.run_state (org_id, run_id, station_id, status, disposition, sample_no, submission_no, plate_no,
  assay_id, predict_at, needs_review, conflict, signed, distribution, log_seq, run_number)
SELECT org_id, id, station_id, status,
  CASE WHEN status = 'failed' THEN 'none' WHEN needs_review THEN 'to-review' ELSE 'accepted' END,
  sample_no, submission_no, plate_no, assay_id, predict_at, needs_review, station_seq % 203 = 0,
  CASE WHEN station_seq % 51 = 0 THEN 'approved' ELSE '' END, '{"5": 8}', log_seq,
  -- The first do not say their number: then it is looked up.
  CASE WHEN station_seq > 1000 THEN run_number END
FROM microplates.prediction_run WHERE org_id = :org AND station_seq BETWEEN :first AND :last;

INSERT INTO microplates.interface_file (org_id, id, station_id, seq, sample_no, file_name, status, created_at, template,
  revision, log_seq)
SELECT :org, pg_temp.uuid7(pg_temp.moment(n), n, 'file'), pg_temp.station(n), n, 'S' || lpad((n / 4)::text, 6, '0'),
  'S' || n || '.csv', CASE WHEN n % 49 = 0 THEN 'failed' ELSE 'delivered' END, pg_temp.moment(n), 'csv', 1, n
FROM generate_series(:first, :last) n;

INSERT INTO microplates.intake_rejection (org_id, station_id, file_id, path, revision, size, state, reason_code, reason, at,
  offset_min, log_seq)
SELECT :org, pg_temp.station(n), pg_temp.uuid7(pg_temp.moment(n), n, 'rejected'), 'IMG_' || n || '.jpg', 1, 1000,
  CASE WHEN n % 30 = 0 THEN 'rejected' ELSE 'duplicate' END, 'twice', 'it was there before', pg_temp.moment(n), 420, n
FROM generate_series(:first, :last) n;

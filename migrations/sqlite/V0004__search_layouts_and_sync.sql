-- Searches that narrow as they go, readings that end the program, layouts of plates, and how far the hub is.

-- How many readings were begun and not ended: a picture that ends the program is not tried for ever.
ALTER TABLE prediction_run ADD COLUMN tries INTEGER NOT NULL DEFAULT 0 CHECK (tries >= 0);

-- What a run is found by, said once: the index is made from it, mended from it and verified against it. The facets are
-- what lists filter by, so that the index itself intersects them with the words. Each begins with a character of
-- private use, which is taken out of everything else: no word that people type is a facet.
CREATE VIEW run_words AS
SELECT
  s.seq,
  replace(s.sample_no, char(57344), '') AS sample_no,
  replace(s.submission_no, char(57344), '') AS submission_no,
  replace(s.plate_no, char(57344), '') AS plate_no,
  replace(coalesce(
    (SELECT file_name FROM image_file WHERE run_id = s.run_id AND file_type = 'raw'),
    (SELECT path_text FROM intake_file WHERE id = r.intake_id), ''), char(57344), '') AS file_name,
  char(57344) || 'st' || s.status
    || ' ' || char(57344) || 'dp' || replace(s.disposition, '-', '')
    || ' ' || char(57344) || 'nr' || s.needs_review
    || ' ' || char(57344) || 'as' || lower(hex(s.assay_id))
    || ' ' || char(57344) || 'sm' || lower(hex(s.sample_no)) AS facets
FROM run_state s JOIN prediction_run r ON r.seq = s.seq;

DROP TABLE run_search;
CREATE VIRTUAL TABLE run_search USING fts5 (
  sample_no, submission_no, plate_no, file_name, facets,
  content = '', contentless_delete = 1, prefix = '1 2 3',
  tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* Co'"
);
INSERT INTO run_search (rowid, sample_no, submission_no, plate_no, file_name, facets)
SELECT seq, sample_no, submission_no, plate_no, file_name, facets FROM run_words;

-- Facets have taken its place; it only made every change of a state dearer.
DROP INDEX idx_run_state_disposition;
-- Which part of the station's order a range of dates lies in.
CREATE INDEX idx_run_state_predict_at ON run_state (predict_at);

-- Lists of one status or one resource, in the order of the lists.
DROP INDEX idx_interface_file_open;
CREATE INDEX idx_interface_file_status ON interface_file (status);
DROP INDEX idx_audit_logs_resource;
CREATE INDEX idx_audit_logs_resource ON audit_logs (resource);
CREATE INDEX idx_audit_logs_resource_id ON audit_logs (resource_id, resource);
CREATE INDEX idx_audit_logs_action ON audit_logs (action);
CREATE INDEX idx_audit_logs_created_at ON audit_logs (created_at);

-- Counts for the tabs of a list, kept by triggers: counting all runs at every look would be the dearest question.
CREATE TABLE run_tally (
  status TEXT NOT NULL,
  disposition TEXT NOT NULL,
  needs_review INTEGER NOT NULL,
  -- Without a CHECK: a wrong count must not keep a run from being recorded.
  runs INTEGER NOT NULL,
  PRIMARY KEY (status, disposition, needs_review)
) STRICT, WITHOUT ROWID;
INSERT INTO run_tally (status, disposition, needs_review, runs)
SELECT status, disposition, needs_review, count(*) FROM run_state GROUP BY status, disposition, needs_review;
CREATE TRIGGER run_state_tally_insert AFTER INSERT ON run_state
BEGIN
  INSERT INTO run_tally (status, disposition, needs_review, runs)
  VALUES (NEW.status, NEW.disposition, NEW.needs_review, 1)
  ON CONFLICT (status, disposition, needs_review) DO UPDATE SET runs = runs + 1;
END;
CREATE TRIGGER run_state_tally_update AFTER UPDATE OF status, disposition, needs_review ON run_state
WHEN OLD.status <> NEW.status OR OLD.disposition <> NEW.disposition OR OLD.needs_review <> NEW.needs_review
BEGIN
  UPDATE run_tally SET runs = runs - 1
  WHERE status = OLD.status AND disposition = OLD.disposition AND needs_review = OLD.needs_review;
  INSERT INTO run_tally (status, disposition, needs_review, runs)
  VALUES (NEW.status, NEW.disposition, NEW.needs_review, 1)
  ON CONFLICT (status, disposition, needs_review) DO UPDATE SET runs = runs + 1;
END;

-- Which wells of a plate are samples, controls or empty, as a laboratory lays it out.
CREATE TABLE plate_layout (
  id TEXT NOT NULL CHECK (id <> ''),
  version INTEGER NOT NULL CHECK (version >= 1),
  name TEXT NOT NULL CHECK (name <> ''),
  plate_format TEXT NOT NULL CHECK (plate_format <> ''),
  -- {"wells": {"A1": "sample", ...}}: the role of every well.
  definition TEXT NOT NULL CHECK (json_type(definition, '$.wells') = 'object'),
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  created_by TEXT REFERENCES users (id),
  created_at INTEGER NOT NULL,
  offset_min INTEGER NOT NULL,
  -- Since when it is not offered for new plates.
  retired_at INTEGER,
  PRIMARY KEY (id, version)
) STRICT;
CREATE TRIGGER plate_layout_keep_update BEFORE UPDATE OF
  id, version, name, plate_format, definition, sha256, created_by, created_at, offset_min
ON plate_layout
BEGIN SELECT RAISE(ABORT, 'a version of a layout cannot be changed: add a new version'); END;
CREATE TRIGGER plate_layout_keep_delete BEFORE DELETE ON plate_layout
BEGIN SELECT RAISE(ABORT, 'layouts are never deleted: retire it'); END;

-- How far station and hub have come with each other. What waits follows from the outbox and `acked_seq`; no row of
-- another table says whether it was sent.
CREATE TABLE sync_state (
  direction TEXT PRIMARY KEY NOT NULL CHECK (direction IN ('uplink', 'downlink', 'blobs')),
  -- The hub's, as it last said: another one means that the hub was restored from a backup.
  epoch TEXT NOT NULL DEFAULT '',
  -- The station's: a new one is taken when the hub finds that two disks continue one log.
  incarnation INTEGER NOT NULL DEFAULT 1 CHECK (incarnation >= 1),
  -- Uplink: the last record of the outbox that the hub has.
  acked_seq INTEGER NOT NULL DEFAULT 0 CHECK (acked_seq >= 0),
  -- Downlink: the last entry of the hub's feed that was applied here.
  feed_seq INTEGER NOT NULL DEFAULT 0 CHECK (feed_seq >= 0),
  last_success_ms INTEGER,
  last_attempt_ms INTEGER,
  last_error TEXT,
  -- Failed ones in a row.
  attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
  next_attempt_ms INTEGER
) STRICT, WITHOUT ROWID;
INSERT INTO sync_state (direction) VALUES ('uplink'), ('downlink'), ('blobs');

-- Where the outbox begins after what the hub has was pruned: the last record removed, on which the first one left builds.
CREATE TABLE outbox_mark (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  seq INTEGER NOT NULL CHECK (seq > 0),
  hash TEXT NOT NULL CHECK (length(hash) = 64)
) STRICT;
CREATE TRIGGER outbox_mark_keep_insert BEFORE INSERT ON outbox_mark
WHEN NEW.seq > (SELECT acked_seq FROM sync_state WHERE direction = 'uplink')
BEGIN SELECT RAISE(ABORT, 'the hub does not have these records yet'); END;
CREATE TRIGGER outbox_mark_keep_update BEFORE UPDATE ON outbox_mark
WHEN NEW.seq <= OLD.seq OR NEW.seq > (SELECT acked_seq FROM sync_state WHERE direction = 'uplink')
BEGIN SELECT RAISE(ABORT, 'the hub does not have these records yet'); END;
CREATE TRIGGER outbox_mark_keep_delete BEFORE DELETE ON outbox_mark
BEGIN SELECT RAISE(ABORT, 'the outbox is append-only'); END;
DROP TRIGGER outbox_keep_delete;
CREATE TRIGGER outbox_keep_delete BEFORE DELETE ON outbox
WHEN OLD.seq > coalesce((SELECT seq FROM outbox_mark), 0)
BEGIN SELECT RAISE(ABORT, 'the outbox is append-only'); END;

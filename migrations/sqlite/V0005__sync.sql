-- The way to headquarters and back: whose a row is, what the hub has verified and refused, whom the station is enrolled
-- with, and what is left to apply.

-- Rows of headquarters are written by the hub's feed alone, and are never told back. Existing rows are the station's.
ALTER TABLE users ADD COLUMN origin TEXT NOT NULL DEFAULT 'station' CHECK (origin IN ('station', 'hub'));
-- For how many days an account of headquarters may sign in without word from the hub. When the word last came is
-- `sync_state.last_success_ms`, so that no row changes at every contact.
ALTER TABLE users ADD COLUMN offline_days INTEGER CHECK (offline_days IS NULL OR offline_days >= 0);
-- The last snapshot of the hub's that named it: who is in none any more may not sign in.
ALTER TABLE users ADD COLUMN seen_snapshot INTEGER NOT NULL DEFAULT 0;
ALTER TABLE roles ADD COLUMN origin TEXT NOT NULL DEFAULT 'station' CHECK (origin IN ('station', 'hub'));
ALTER TABLE assay ADD COLUMN origin TEXT NOT NULL DEFAULT 'station' CHECK (origin IN ('station', 'hub'));
ALTER TABLE plate_layout ADD COLUMN origin TEXT NOT NULL DEFAULT 'station' CHECK (origin IN ('station', 'hub'));
DROP TRIGGER plate_layout_keep_update;
CREATE TRIGGER plate_layout_keep_update BEFORE UPDATE OF
  id, version, name, plate_format, definition, sha256, created_by, created_at, offset_min, origin
ON plate_layout
BEGIN SELECT RAISE(ABORT, 'a version of a layout cannot be changed: add a new version'); END;

-- When the hub said that it has the blob, whole and by its hash.
ALTER TABLE blob ADD COLUMN verified_at INTEGER;
CREATE INDEX idx_blob_unverified ON blob (created_at) WHERE verified_at IS NULL;

-- Whom this station is enrolled with; one row, for ever, its address empty before.
CREATE TABLE sync_connection (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  hub_url TEXT NOT NULL DEFAULT '',
  hub_name TEXT NOT NULL DEFAULT '',
  org_id TEXT NOT NULL DEFAULT '',
  org_name TEXT NOT NULL DEFAULT '',
  enrolled_ms INTEGER,
  -- Why a person paused it; empty while it is not.
  paused TEXT NOT NULL DEFAULT '',
  -- Why the hub takes no records of this copy of the log, and why it no longer knows the station.
  fenced TEXT NOT NULL DEFAULT '',
  revoked TEXT NOT NULL DEFAULT '',
  -- Why this copy of the log is to go on as a writer of its own at the next contact; empty for it is not.
  take_over TEXT NOT NULL DEFAULT '',
  -- Records of earlier writers that only the hub has.
  hub_only INTEGER NOT NULL DEFAULT 0 CHECK (hub_only >= 0),
  -- How many records the hub put aside; the first of them are in `sync_rejected`.
  rejected_total INTEGER NOT NULL DEFAULT 0 CHECK (rejected_total >= 0),
  -- The snapshot of the hub's feed, while it is being taken: where its next page begins.
  snapshot_wanted INTEGER NOT NULL DEFAULT 0 CHECK (snapshot_wanted IN (0, 1)),
  snapshot_cursor TEXT,
  -- Which snapshot is the newest, taken or being taken.
  snapshot_no INTEGER NOT NULL DEFAULT 0,
  -- What was made before this schema and was never told: assays, and the states of runs up to this one.
  untold_assays INTEGER NOT NULL CHECK (untold_assays IN (0, 1)),
  untold_runs INTEGER NOT NULL CHECK (untold_runs >= 0),
  -- Counts the times that somebody asked for a sync at once.
  asked INTEGER NOT NULL DEFAULT 0
) STRICT;
INSERT INTO sync_connection (only, untold_assays, untold_runs)
SELECT 1, EXISTS (SELECT 1 FROM assay), coalesce(max(seq), 0) FROM prediction_run;

-- Records that the hub put aside, as it last said.
CREATE TABLE sync_rejected (
  seq INTEGER PRIMARY KEY,
  kind TEXT NOT NULL,
  code TEXT NOT NULL,
  reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;

-- What headquarters said and could not be applied here yet: tried again at every contact, replaced by newer word.
CREATE TABLE sync_left (
  kind TEXT NOT NULL,
  key TEXT NOT NULL,
  body TEXT NOT NULL CHECK (json_valid(body)),
  reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

-- Sets of models that headquarters offer. Their files lie beside the database once they are fetched and checked.
CREATE TABLE model_offer (
  -- Of its manifest.
  sha256 TEXT PRIMARY KEY NOT NULL CHECK (length(sha256) = 64),
  name TEXT NOT NULL,
  note TEXT NOT NULL,
  -- {"manifest.toml": {"sha256": …, "size": …}, …}
  files TEXT NOT NULL CHECK (json_type(files) = 'object'),
  state TEXT NOT NULL CHECK (state IN ('wanted', 'ready', 'failed', 'withdrawn')),
  -- Why it could not be fetched.
  reason TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

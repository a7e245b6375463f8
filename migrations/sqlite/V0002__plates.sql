-- One plate's way: the file, the run with its children, what people decide, what follows for the sample.

CREATE TABLE blob (
  sha256 TEXT PRIMARY KEY NOT NULL CHECK (length(sha256) = 64),
  size INTEGER NOT NULL CHECK (size >= 0),
  mime_type TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL DEFAULT 'present' CHECK (state IN ('present', 'missing', 'quarantined')),
  -- Why it is missing or quarantined.
  reason TEXT NOT NULL DEFAULT '',
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX idx_blob_state ON blob (state) WHERE state <> 'present';

CREATE TABLE assay (
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  name TEXT NOT NULL,
  -- The definition as it was written.
  toml TEXT NOT NULL,
  sha256 TEXT NOT NULL CHECK (length(sha256) = 64),
  created_at INTEGER NOT NULL,
  PRIMARY KEY (id, version)
) STRICT;

CREATE TABLE model (
  sha256 TEXT PRIMARY KEY NOT NULL CHECK (length(sha256) = 64),
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  kind TEXT NOT NULL,
  created_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE intake_file (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE CHECK (length(id) = 36),
  -- The name relative to the inbox, byte for byte: a file name need not be text.
  path BLOB NOT NULL CHECK (length(path) > 0),
  path_text TEXT NOT NULL,
  -- Counts up when new content comes under the same name.
  revision INTEGER NOT NULL CHECK (revision >= 1),
  size INTEGER NOT NULL CHECK (size >= 0),
  mtime_ns INTEGER NOT NULL,
  sha256 TEXT CHECK (sha256 IS NULL OR length(sha256) = 64),
  state TEXT NOT NULL
    CHECK (state IN ('seen', 'settling', 'admitted', 'done', 'duplicate', 'rejected', 'ignored')),
  reason_code TEXT NOT NULL DEFAULT '',
  reason TEXT NOT NULL DEFAULT '',
  -- The file whose content this one repeats.
  duplicate_of TEXT REFERENCES intake_file (id),
  run_id TEXT REFERENCES prediction_run (id) DEFERRABLE INITIALLY DEFERRED,
  first_seen_ms INTEGER NOT NULL,
  offset_min INTEGER NOT NULL,
  updated_ms INTEGER NOT NULL,
  UNIQUE (path, revision),
  CHECK (state NOT IN ('admitted', 'done', 'duplicate') OR sha256 IS NOT NULL),
  CHECK (state NOT IN ('rejected', 'duplicate') OR reason_code <> '')
) STRICT;
CREATE UNIQUE INDEX intake_file_admitted_once ON intake_file (sha256) WHERE state IN ('admitted', 'done');
CREATE INDEX idx_intake_file_state ON intake_file (state);

CREATE TABLE prediction_run (
  -- The station's own order of runs: dense, because runs are never deleted.
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE CHECK (length(id) = 36),
  -- Empty while nobody has said whose plate this is.
  sample_no TEXT NOT NULL DEFAULT '',
  submission_no TEXT NOT NULL DEFAULT '',
  description TEXT NOT NULL DEFAULT '',
  predict_at INTEGER NOT NULL,
  annotated_image_path TEXT,
  raw_image_path TEXT,
  model_version TEXT NOT NULL DEFAULT '',
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
  error_msg TEXT,
  processing_time_ms INTEGER CHECK (processing_time_ms >= 0),
  confidence_threshold REAL,
  created_by TEXT REFERENCES users (id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- What the station's clock showed beside predict_at.
  offset_min INTEGER NOT NULL DEFAULT 0,
  plate_no TEXT NOT NULL DEFAULT '',
  intake_id TEXT REFERENCES intake_file (id),
  image_sha256 TEXT NOT NULL CHECK (length(image_sha256) = 64),
  assay_id TEXT NOT NULL,
  assay_version INTEGER NOT NULL,
  -- The model that judged the wells, and all that took part.
  model_name TEXT NOT NULL DEFAULT '',
  model_sha256 TEXT NOT NULL DEFAULT '',
  models TEXT NOT NULL DEFAULT '[]' CHECK (json_type(models) = 'array'),
  app_version TEXT NOT NULL,
  plate_format TEXT NOT NULL DEFAULT '',
  -- Homography, residual and orientation.
  grid TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(grid)),
  -- How end points become titres, so that a sample's plates can be summed up without the assay at hand.
  titre_scale TEXT CHECK (titre_scale IS NULL OR json_valid(titre_scale)),
  needs_review INTEGER NOT NULL DEFAULT 0 CHECK (needs_review IN (0, 1)),
  review_reasons TEXT NOT NULL DEFAULT '[]' CHECK (json_type(review_reasons) = 'array'),
  -- The run that this one was made to replace.
  supersedes TEXT REFERENCES prediction_run (id),
  -- The reading in reading_cache.
  reading_key TEXT,
  error_code TEXT,
  -- SHA-256 over this row and its children, made when the run was completed.
  content_sha256 TEXT CHECK (content_sha256 IS NULL OR length(content_sha256) = 64),
  FOREIGN KEY (assay_id, assay_version) REFERENCES assay (id, version),
  CHECK (status <> 'completed' OR content_sha256 IS NOT NULL),
  CHECK (status <> 'failed' OR (error_msg IS NOT NULL AND error_code IS NOT NULL))
) STRICT;
-- One run a file, but a failed one may be tried again, and a superseding one is asked for.
CREATE UNIQUE INDEX prediction_run_once_a_file ON prediction_run (intake_id)
  WHERE intake_id IS NOT NULL AND supersedes IS NULL AND status <> 'failed';
CREATE INDEX idx_prediction_run_image ON prediction_run (image_sha256);
CREATE INDEX idx_prediction_run_supersedes ON prediction_run (supersedes) WHERE supersedes IS NOT NULL;

CREATE TABLE row_counts (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL UNIQUE REFERENCES prediction_run (id),
  counts TEXT NOT NULL CHECK (json_valid(counts)),
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE interface_results (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL UNIQUE REFERENCES prediction_run (id),
  results TEXT NOT NULL CHECK (json_type(results, '$.distribution') = 'object'),
  created_at INTEGER NOT NULL
) STRICT;

-- No index by class or well here, unlike on the hub: nothing on a station asks for them, and they would grow with
-- every well.
CREATE TABLE well_prediction (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES prediction_run (id),
  well_id TEXT NOT NULL,
  label TEXT NOT NULL CHECK (label IN ('positive', 'negative', 'invalid')),
  class TEXT NOT NULL,
  confidence REAL NOT NULL,
  bbox TEXT NOT NULL CHECK (json_valid(bbox)),
  created_at INTEGER NOT NULL,
  -- What the assay has the well for.
  role TEXT NOT NULL,
  center_x_px REAL NOT NULL,
  center_y_px REAL NOT NULL,
  -- Probability of each class, in the model's order.
  probabilities TEXT NOT NULL CHECK (json_valid(probabilities)),
  flags TEXT NOT NULL DEFAULT '[]' CHECK (json_type(flags) = 'array'),
  UNIQUE (run_id, well_id)
) STRICT;

CREATE TABLE image_file (
  id INTEGER PRIMARY KEY,
  run_id TEXT NOT NULL REFERENCES prediction_run (id),
  sample_no TEXT NOT NULL,
  file_type TEXT NOT NULL CHECK (file_type IN ('raw', 'annotated', 'thumbnail')),
  file_name TEXT NOT NULL,
  file_path TEXT NOT NULL,
  file_size INTEGER NOT NULL,
  mime_type TEXT NOT NULL,
  width INTEGER,
  height INTEGER,
  -- Where the hub keeps it; empty on a station.
  bucket_name TEXT,
  object_key TEXT,
  signed_url TEXT,
  url_expires_at INTEGER,
  created_at INTEGER NOT NULL,
  sha256 TEXT NOT NULL REFERENCES blob (sha256),
  UNIQUE (run_id, file_type)
) STRICT;
CREATE INDEX idx_image_file_sha256 ON image_file (sha256);

CREATE TABLE well_review (
  -- Every event by a person about a run, those of wells and those of the whole plate.
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE CHECK (length(id) = 36),
  run_id TEXT NOT NULL REFERENCES prediction_run (id),
  kind TEXT NOT NULL CHECK (kind IN ('override', 'grid', 'sample', 'accept', 'reject', 'undo')),
  well TEXT,
  class TEXT,
  label TEXT CHECK (label IS NULL OR label IN ('positive', 'negative', 'invalid')),
  -- What a `grid`, `sample` or `undo` says.
  payload TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(payload)),
  reason_code TEXT NOT NULL CHECK (reason_code <> ''),
  reason_text TEXT NOT NULL DEFAULT '',
  actor TEXT NOT NULL,
  user_id TEXT REFERENCES users (id),
  at_ms INTEGER NOT NULL,
  offset_min INTEGER NOT NULL,
  -- The run's newest event that its author had seen; 0 for none.
  based_on_seq INTEGER NOT NULL,
  -- Whether there was a newer one already.
  conflict INTEGER NOT NULL CHECK (conflict IN (0, 1)),
  -- Counts, distribution and results after this event, where it changes them.
  final TEXT CHECK (final IS NULL OR json_type(final, '$.distribution') = 'object'),
  CHECK (kind <> 'override' OR (well IS NOT NULL AND label IS NOT NULL AND final IS NOT NULL))
) STRICT;
CREATE INDEX idx_well_review_run_id ON well_review (run_id);

CREATE TABLE signature (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE CHECK (length(id) = 36),
  run_id TEXT NOT NULL REFERENCES prediction_run (id),
  user_id TEXT NOT NULL REFERENCES users (id),
  meaning TEXT NOT NULL CHECK (meaning IN ('performed', 'reviewed', 'approved')),
  at_ms INTEGER NOT NULL,
  offset_min INTEGER NOT NULL,
  -- The last event about the run that it covers; a later one voids it.
  covers_seq INTEGER NOT NULL,
  -- SHA-256 over the run's content and the events covered.
  content_hash TEXT NOT NULL CHECK (length(content_hash) = 64)
) STRICT;
CREATE INDEX idx_signature_run_id ON signature (run_id);

-- Derived from a run, its events and signatures; narrow, because lists are filtered over it.
CREATE TABLE run_state (
  seq INTEGER PRIMARY KEY REFERENCES prediction_run (seq),
  run_id TEXT NOT NULL UNIQUE REFERENCES prediction_run (id),
  status TEXT NOT NULL CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
  disposition TEXT NOT NULL
    CHECK (disposition IN ('none', 'waiting-sample', 'to-review', 'accepted', 'rejected', 'superseded')),
  sample_no TEXT NOT NULL,
  submission_no TEXT NOT NULL,
  plate_no TEXT NOT NULL,
  assay_id TEXT NOT NULL,
  predict_at INTEGER NOT NULL,
  needs_review INTEGER NOT NULL CHECK (needs_review IN (0, 1)),
  conflict INTEGER NOT NULL CHECK (conflict IN (0, 1)),
  signed TEXT NOT NULL CHECK (signed IN ('', 'void', 'performed', 'reviewed', 'approved')),
  last_event_seq INTEGER NOT NULL,
  -- The event whose results hold; the run's own where there is none.
  final_event_seq INTEGER REFERENCES well_review (seq),
  distribution TEXT NOT NULL
) STRICT;
CREATE INDEX idx_run_state_sample ON run_state (sample_no, plate_no);
CREATE INDEX idx_run_state_disposition ON run_state (disposition);
CREATE INDEX idx_run_state_status ON run_state (status);

CREATE TABLE sample_summary (
  sample_no TEXT PRIMARY KEY NOT NULL CHECK (sample_no <> ''),
  -- {"distribution": {...}, "statistics": {...} or null}, of the latest accepted run of each plate number.
  summary TEXT NOT NULL CHECK (json_type(summary, '$.distribution') = 'object'),
  total_runs INTEGER NOT NULL,
  last_run_at INTEGER,
  last_run_id TEXT REFERENCES prediction_run (id),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- prediction_run.seq of last_run_id: the order of lists.
  last_run_seq INTEGER NOT NULL,
  -- How many runs enter the distribution.
  counted_runs INTEGER NOT NULL
) STRICT;
CREATE INDEX idx_sample_summary_last_run ON sample_summary (last_run_seq);

CREATE TABLE interface_file (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE CHECK (length(id) = 36),
  sample_no TEXT NOT NULL CHECK (sample_no <> ''),
  file_name TEXT NOT NULL,
  file_path TEXT NOT NULL DEFAULT '',
  file_size INTEGER,
  status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'generated', 'delivered', 'failed')),
  generated_at INTEGER,
  delivered_at INTEGER,
  error_msg TEXT,
  created_by TEXT REFERENCES users (id),
  created_at INTEGER NOT NULL,
  offset_min INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- Which format, and which turn of it for this sample.
  template TEXT NOT NULL,
  revision INTEGER NOT NULL CHECK (revision >= 1),
  -- The number the LIMS knows the request by, where one was given.
  test_no TEXT NOT NULL DEFAULT '',
  -- Where it goes: a folder's or a listener's name in the settings.
  target TEXT NOT NULL DEFAULT '',
  sha256 TEXT CHECK (sha256 IS NULL OR length(sha256) = 64),
  attempts INTEGER NOT NULL DEFAULT 0,
  next_try_ms INTEGER,
  UNIQUE (sample_no, template, target, revision),
  CHECK (status NOT IN ('generated', 'delivered') OR (sha256 IS NOT NULL AND generated_at IS NOT NULL)),
  CHECK (status <> 'delivered' OR delivered_at IS NOT NULL),
  CHECK (status <> 'failed' OR error_msg IS NOT NULL)
) STRICT;
-- Nothing is overwritten where it goes.
CREATE UNIQUE INDEX interface_file_name_once ON interface_file (target, file_name) WHERE file_name <> '';
CREATE INDEX idx_interface_file_sample_no ON interface_file (sample_no);
CREATE INDEX idx_interface_file_open ON interface_file (status) WHERE status <> 'delivered';

-- Readings already made. Nothing follows from a row that is not here.
CREATE TABLE reading_cache (
  key TEXT PRIMARY KEY NOT NULL,
  seq INTEGER NOT NULL UNIQUE,
  image_sha256 TEXT NOT NULL,
  models_sha256 TEXT NOT NULL,
  calibration_sha256 TEXT NOT NULL,
  reading TEXT NOT NULL CHECK (json_valid(reading)),
  created_at INTEGER NOT NULL,
  UNIQUE (image_sha256, models_sha256, calibration_sha256)
) STRICT;

-- rowid is prediction_run.seq, and sample_summary.last_run_seq: so what is found comes in the order of the lists.
-- Marks count as letters, or Thai words would break at every vowel sign.
CREATE VIRTUAL TABLE run_search USING fts5 (
  sample_no, submission_no, plate_no, file_name,
  content = '', contentless_delete = 1, prefix = '1 2 3',
  tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* Co'"
);
CREATE VIRTUAL TABLE sample_search USING fts5 (
  sample_no, submission_no,
  content = '', contentless_delete = 1, prefix = '1 2 3',
  tokenize = "unicode61 remove_diacritics 2 categories 'L* M* N* Co'"
);

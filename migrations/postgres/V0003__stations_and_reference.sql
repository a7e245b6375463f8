-- Stations, their logs as the hub has them, and what headquarters say to them.

CREATE TABLE microplates.station (
  org_id uuid NOT NULL REFERENCES auth.organizations (org_id),
  id uuid NOT NULL,
  name text NOT NULL CHECK (name <> '' AND char_length(name) <= 200),
  -- Ed25519.
  public_key bytea NOT NULL CHECK (octet_length(public_key) = 32),
  app_version text NOT NULL DEFAULT '',
  -- The writer that the hub takes records from.
  incarnation integer NOT NULL DEFAULT 1 CHECK (incarnation >= 1),
  -- Why no records are taken; empty when they are.
  fenced text NOT NULL DEFAULT '',
  fenced_at timestamptz,
  -- As the station said at its last contact.
  last_contact_at timestamptz,
  pending bigint NOT NULL DEFAULT 0 CHECK (pending >= 0),
  oldest_age_ms bigint,
  blobs_pending bigint NOT NULL DEFAULT 0 CHECK (blobs_pending >= 0),
  feed_seq bigint NOT NULL DEFAULT 0 CHECK (feed_seq >= 0),
  -- The station's clock minus the hub's.
  clock_skew_ms bigint,
  -- Records of it that wait in the quarantine.
  rejected bigint NOT NULL DEFAULT 0 CHECK (rejected >= 0),
  last_push_at timestamptz,
  -- The newest anchor of its audit trail.
  audit_head_seq bigint,
  audit_head_hash text CHECK (audit_head_hash IS NULL OR microplates.fn_is_sha256(audit_head_hash)),
  -- Access tokens of an earlier version are void.
  token_version integer NOT NULL DEFAULT 0 CHECK (token_version >= 0),
  enrolled_at timestamptz NOT NULL DEFAULT now(),
  enrolled_by uuid,
  revoked_at timestamptz,
  revoked_by uuid,
  revoked_why text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, id),
  FOREIGN KEY (org_id, enrolled_by) REFERENCES auth.users (org_id, id),
  FOREIGN KEY (org_id, revoked_by) REFERENCES auth.users (org_id, id)
);

-- Every writer that a station's log has had. Records up to `base_seq` are those of the ones before.
CREATE TABLE microplates.station_incarnation (
  org_id uuid NOT NULL,
  station_id uuid NOT NULL,
  incarnation integer NOT NULL CHECK (incarnation >= 1),
  base_seq bigint NOT NULL DEFAULT 0 CHECK (base_seq >= 0),
  base_hash text NOT NULL CHECK (microplates.fn_is_sha256(base_hash)),
  -- The last record that the hub has of it; that of the base while there is none.
  head_seq bigint NOT NULL,
  head_hash text NOT NULL CHECK (microplates.fn_is_sha256(head_hash)),
  why text NOT NULL DEFAULT '',
  created_by text NOT NULL DEFAULT '',
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, station_id, incarnation),
  FOREIGN KEY (org_id, station_id) REFERENCES microplates.station (org_id, id),
  CHECK (head_seq >= base_seq)
);

-- Heads of stations' audit trails as they were told: a trail changed afterwards no longer has them.
CREATE TABLE microplates.audit_anchor (
  org_id uuid NOT NULL,
  station_id uuid NOT NULL,
  seq bigint NOT NULL CHECK (seq >= 1),
  hash text NOT NULL CHECK (microplates.fn_is_sha256(hash)),
  incarnation integer NOT NULL,
  anchored_at timestamptz NOT NULL DEFAULT now(),
  -- A second hash at one place is kept beside the first: it is what shows that the trail was changed.
  PRIMARY KEY (org_id, station_id, seq, hash),
  FOREIGN KEY (org_id, station_id) REFERENCES microplates.station (org_id, id)
);

CREATE TABLE microplates.enrol_code (
  org_id uuid NOT NULL REFERENCES auth.organizations (org_id),
  id uuid NOT NULL,
  code_hash text NOT NULL CHECK (microplates.fn_is_sha256(code_hash)),
  -- What it is meant for, in words.
  note text NOT NULL DEFAULT '',
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL,
  used_at timestamptz,
  -- The same station with the same key may ask again: the first answer may have been lost.
  used_by uuid,
  used_key bytea,
  revoked_at timestamptz,
  PRIMARY KEY (org_id, id),
  CONSTRAINT enrol_code_hash UNIQUE (org_id, code_hash),
  FOREIGN KEY (org_id, created_by) REFERENCES auth.users (org_id, id),
  FOREIGN KEY (org_id, used_by) REFERENCES microplates.station (org_id, id)
);

-- A record of a station's log that the hub has, and what became of it. Its rows are elsewhere; the payload is kept
-- only in the quarantine.
CREATE TABLE microplates.station_log (
  org_id uuid NOT NULL,
  station_id uuid NOT NULL,
  incarnation integer NOT NULL,
  seq bigint NOT NULL CHECK (seq >= 1),
  hash text NOT NULL CHECK (microplates.fn_is_sha256(hash)),
  kind text NOT NULL,
  schema_version bigint NOT NULL,
  actor text NOT NULL,
  made_at timestamptz,
  offset_min integer NOT NULL,
  outcome text NOT NULL CHECK (outcome IN ('applied', 'known', 'quarantined', 'dropped')),
  outcome_code text NOT NULL DEFAULT '',
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, station_id, incarnation, seq),
  FOREIGN KEY (org_id, station_id, incarnation)
    REFERENCES microplates.station_incarnation (org_id, station_id, incarnation),
  CHECK (outcome <> 'quarantined' OR outcome_code <> '')
);

CREATE TABLE microplates.sync_quarantine (
  org_id uuid NOT NULL,
  station_id uuid NOT NULL,
  incarnation integer NOT NULL,
  seq bigint NOT NULL,
  kind text NOT NULL,
  schema_version bigint NOT NULL,
  -- To the letter; text, because what waits here may be no JSON that PostgreSQL takes.
  payload text NOT NULL,
  actor text NOT NULL,
  -- Milliseconds since 1970: a clock may show what is no date.
  at_ms bigint NOT NULL,
  offset_min integer NOT NULL,
  code text NOT NULL CHECK (code <> ''),
  reason text NOT NULL CHECK (reason <> ''),
  state text NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'applied', 'dropped')),
  tries integer NOT NULL DEFAULT 0 CHECK (tries >= 0),
  last_try_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  resolved_at timestamptz,
  resolved_by text,
  why text NOT NULL DEFAULT '',
  PRIMARY KEY (org_id, station_id, incarnation, seq),
  FOREIGN KEY (org_id, station_id, incarnation, seq)
    REFERENCES microplates.station_log (org_id, station_id, incarnation, seq),
  CHECK (state = 'open' OR (resolved_at IS NOT NULL AND resolved_by IS NOT NULL))
);

-- Taken by UPDATE … RETURNING as the last statement of a transaction: whoever sees a number sees all before it.
CREATE TABLE microplates.org_counter (
  org_id uuid PRIMARY KEY REFERENCES auth.organizations (org_id),
  -- The last entry of the feed.
  feed_seq bigint NOT NULL DEFAULT 0,
  -- The first entry that the feed still has.
  feed_horizon bigint NOT NULL DEFAULT 1 CHECK (feed_horizon >= 1),
  change_seq bigint NOT NULL DEFAULT 0
);

-- What headquarters say. The newest entry of a key holds.
CREATE TABLE microplates.org_feed (
  org_id uuid NOT NULL REFERENCES auth.organizations (org_id),
  seq bigint NOT NULL CHECK (seq >= 1),
  kind text NOT NULL CHECK (kind IN ('user', 'role', 'assay', 'layout', 'model', 'config', 'correction')),
  key text NOT NULL CHECK (key <> ''),
  -- For one station; for all where it is null.
  station_id uuid,
  body jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, seq),
  FOREIGN KEY (org_id, station_id) REFERENCES microplates.station (org_id, id)
);

-- What came in, in the order it may be seen: what live views go on from.
CREATE TABLE microplates.org_change (
  org_id uuid NOT NULL REFERENCES auth.organizations (org_id),
  seq bigint NOT NULL CHECK (seq >= 1),
  station_id uuid,
  kinds text[] NOT NULL,
  run_ids uuid[] NOT NULL DEFAULT '{}',
  at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, seq)
);

-- Which history this database is. A restored one takes a new epoch.
CREATE TABLE public.hub_state (
  only_row integer PRIMARY KEY DEFAULT 1 CHECK (only_row = 1),
  epoch uuid NOT NULL DEFAULT gen_random_uuid(),
  -- Counts up; the object store holds the highest, so that a database behind it is known to be a backup.
  generation bigint NOT NULL DEFAULT 0,
  epoch_since timestamptz NOT NULL DEFAULT now(),
  epoch_why text NOT NULL DEFAULT 'installed',
  updated_at timestamptz NOT NULL DEFAULT now()
);
INSERT INTO public.hub_state DEFAULT VALUES;

-- Assays as headquarters publish them. A version is never changed.
CREATE TABLE microplates.assay (
  org_id uuid NOT NULL REFERENCES auth.organizations (org_id),
  id text NOT NULL CHECK (id <> ''),
  version integer NOT NULL CHECK (version >= 1),
  name text NOT NULL,
  -- The definition as it was written.
  toml text NOT NULL,
  sha256 text NOT NULL CHECK (microplates.fn_is_sha256(sha256)),
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, id, version),
  FOREIGN KEY (org_id, created_by) REFERENCES auth.users (org_id, id)
);

CREATE TABLE microplates.plate_layout (
  org_id uuid NOT NULL REFERENCES auth.organizations (org_id),
  id text NOT NULL CHECK (id <> ''),
  version integer NOT NULL CHECK (version >= 1),
  name text NOT NULL CHECK (name <> ''),
  plate_format text NOT NULL CHECK (plate_format <> ''),
  -- {"wells": {"A1": "sample", ...}}: the role of every well.
  definition jsonb NOT NULL CHECK (jsonb_typeof(definition -> 'wells') = 'object'),
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  retired_at timestamptz,
  PRIMARY KEY (org_id, id, version),
  FOREIGN KEY (org_id, created_by) REFERENCES auth.users (org_id, id)
);

CREATE TABLE microplates.model_set (
  org_id uuid NOT NULL REFERENCES auth.organizations (org_id),
  -- The hash of its manifest, which is what names it.
  sha256 text NOT NULL CHECK (microplates.fn_is_sha256(sha256)),
  name text NOT NULL CHECK (name <> ''),
  -- {"manifest.toml": {"sha256": ..., "size": ...}, ...}
  files jsonb NOT NULL CHECK (jsonb_typeof(files) = 'object'),
  note text NOT NULL DEFAULT '',
  created_by uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  withdrawn_at timestamptz,
  PRIMARY KEY (org_id, sha256),
  FOREIGN KEY (org_id, created_by) REFERENCES auth.users (org_id, id)
);

-- What stations have of their own, as they told: two stations may call different things by one name.
CREATE TABLE microplates.station_assay (
  org_id uuid NOT NULL,
  station_id uuid NOT NULL,
  id text NOT NULL,
  version integer NOT NULL,
  name text NOT NULL,
  toml text NOT NULL,
  log_seq bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, station_id, id, version),
  FOREIGN KEY (org_id, station_id) REFERENCES microplates.station (org_id, id)
);
CREATE TABLE microplates.station_layout (
  org_id uuid NOT NULL,
  station_id uuid NOT NULL,
  id text NOT NULL,
  version integer NOT NULL,
  name text NOT NULL,
  plate_format text NOT NULL,
  definition jsonb NOT NULL CHECK (jsonb_typeof(definition -> 'wells') = 'object'),
  retired_at timestamptz,
  log_seq bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, station_id, id, version),
  FOREIGN KEY (org_id, station_id) REFERENCES microplates.station (org_id, id)
);
CREATE TABLE microplates.station_account (
  org_id uuid NOT NULL,
  station_id uuid NOT NULL,
  id uuid NOT NULL,
  username text NOT NULL,
  email text,
  first_name text NOT NULL DEFAULT '',
  last_name text NOT NULL DEFAULT '',
  is_active boolean NOT NULL,
  roles text[] NOT NULL DEFAULT '{}',
  log_seq bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, station_id, id),
  FOREIGN KEY (org_id, station_id) REFERENCES microplates.station (org_id, id)
);
CREATE TABLE microplates.station_config (
  org_id uuid NOT NULL,
  station_id uuid NOT NULL,
  key text NOT NULL,
  -- JSON null where the default holds.
  value jsonb NOT NULL,
  log_seq bigint NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, station_id, key),
  FOREIGN KEY (org_id, station_id) REFERENCES microplates.station (org_id, id)
);
CREATE TABLE microplates.intake_rejection (
  org_id uuid NOT NULL,
  station_id uuid NOT NULL,
  file_id uuid NOT NULL,
  path text NOT NULL,
  revision bigint NOT NULL,
  size bigint NOT NULL,
  sha256 text CHECK (sha256 IS NULL OR microplates.fn_is_sha256(sha256)),
  state text NOT NULL CHECK (state IN ('rejected', 'duplicate', 'ignored')),
  reason_code text NOT NULL,
  reason text NOT NULL,
  duplicate_of uuid,
  at timestamptz NOT NULL,
  offset_min integer NOT NULL,
  log_seq bigint NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, station_id, file_id),
  FOREIGN KEY (org_id, station_id) REFERENCES microplates.station (org_id, id)
);

-- Decisions of headquarters about runs. The station carries them out and tells so with a review of the same id.
CREATE TABLE microplates.correction (
  org_id uuid NOT NULL,
  id uuid NOT NULL,
  station_id uuid NOT NULL,
  -- Without a foreign key: it may outlive the run, whose month is dropped when its time is over.
  run_id uuid NOT NULL,
  decision text NOT NULL CHECK (decision IN ('accept', 'reject', 'sample', 'override')),
  -- The decision whole, as stations get it.
  body jsonb NOT NULL,
  reason_code text NOT NULL CHECK (reason_code <> ''),
  reason_text text NOT NULL DEFAULT '',
  user_id uuid NOT NULL,
  username text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  -- When the station's review of this id came in.
  applied_at timestamptz,
  PRIMARY KEY (org_id, id),
  FOREIGN KEY (org_id, station_id) REFERENCES microplates.station (org_id, id),
  FOREIGN KEY (org_id, user_id) REFERENCES auth.users (org_id, id)
);

-- Contents by hash; the bytes are in the object store. Per organization, also where two have the same picture: whether
-- another has it is not told.
CREATE TABLE microplates.blob (
  org_id uuid NOT NULL REFERENCES auth.organizations (org_id),
  sha256 text NOT NULL CHECK (microplates.fn_is_sha256(sha256)),
  -- As announced; checked when it is verified.
  size bigint CHECK (size >= 0),
  mime_type text NOT NULL DEFAULT '',
  state text NOT NULL DEFAULT 'absent' CHECK (state IN ('absent', 'partial', 'verified')),
  -- Bytes of it that are here, from the start without gaps.
  received bigint NOT NULL DEFAULT 0 CHECK (received >= 0),
  object_key text,
  station_id uuid,
  reason text NOT NULL DEFAULT '',
  verified_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, sha256),
  CHECK (state <> 'verified' OR (size IS NOT NULL AND object_key IS NOT NULL AND verified_at IS NOT NULL))
);
CREATE TABLE microplates.blob_part (
  org_id uuid NOT NULL,
  sha256 text NOT NULL,
  first_byte bigint NOT NULL CHECK (first_byte >= 0),
  size bigint NOT NULL CHECK (size >= 0),
  part_sha256 text NOT NULL CHECK (microplates.fn_is_sha256(part_sha256)),
  object_key text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, sha256, first_byte),
  FOREIGN KEY (org_id, sha256) REFERENCES microplates.blob (org_id, sha256) ON DELETE CASCADE
);

CREATE TABLE microplates.system_config (
  org_id uuid NOT NULL REFERENCES auth.organizations (org_id),
  id uuid NOT NULL DEFAULT gen_random_uuid(),
  key text NOT NULL CHECK (key <> ''),
  value jsonb NOT NULL,
  description text NOT NULL DEFAULT '',
  is_active boolean NOT NULL DEFAULT true,
  updated_by uuid,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (org_id, id),
  CONSTRAINT system_config_key UNIQUE (org_id, key),
  FOREIGN KEY (org_id, updated_by) REFERENCES auth.users (org_id, id)
);

-- The hub's own; no organization's.
CREATE TABLE public.health_checks (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  node text NOT NULL DEFAULT '',
  service text NOT NULL CHECK (service <> ''),
  status text NOT NULL CHECK (status IN ('healthy', 'unhealthy', 'degraded')),
  message text NOT NULL DEFAULT '',
  timestamp timestamptz NOT NULL DEFAULT now()
);

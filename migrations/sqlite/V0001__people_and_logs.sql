-- Who works here, what was done, and what the hub must learn of it.
-- Times are milliseconds since 1970 in UTC; `offset_min` is what the station's clock showed beside it.

CREATE TABLE station (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  id TEXT NOT NULL CHECK (length(id) = 36),
  name TEXT NOT NULL CHECK (name <> ''),
  created_at INTEGER NOT NULL,
  offset_min INTEGER NOT NULL
) STRICT;

CREATE TABLE users (
  id TEXT PRIMARY KEY NOT NULL CHECK (length(id) = 36),
  -- Unlike on the hub it may be missing: an offline station asks for a name and a password only.
  email TEXT UNIQUE,
  -- People type their name in any case, so two that differ only by case are one.
  username TEXT NOT NULL UNIQUE COLLATE NOCASE CHECK (username <> ''),
  -- An argon2id PHC string.
  password TEXT NOT NULL,
  first_name TEXT NOT NULL DEFAULT '',
  last_name TEXT NOT NULL DEFAULT '',
  is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  email_verified INTEGER NOT NULL DEFAULT 0 CHECK (email_verified IN (0, 1)),
  last_login_at INTEGER,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  -- When the cached verifier of a hub account ends; none for accounts of this station.
  verifier_expires_ms INTEGER,
  failed_logins INTEGER NOT NULL DEFAULT 0 CHECK (failed_logins >= 0),
  locked_until_ms INTEGER
) STRICT;

CREATE TABLE roles (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  description TEXT NOT NULL DEFAULT '',
  permissions TEXT NOT NULL CHECK (json_type(permissions) = 'array'),
  is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  created_at INTEGER NOT NULL DEFAULT 0,
  updated_at INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO roles (id, name, description, permissions) VALUES
  (1, 'admin', 'Runs the station and its accounts', '["audit:read","backup:create","config:write","interface:create","run:approve","run:capture","run:read","run:review","run:sign","user:admin"]'),
  (2, 'supervisor', 'Reviews, signs and approves', '["audit:read","interface:create","run:approve","run:capture","run:read","run:review","run:sign"]'),
  (3, 'operator', 'Captures, reviews and signs', '["interface:create","run:capture","run:read","run:review","run:sign"]'),
  (4, 'viewer', 'Looks only', '["run:read"]');

CREATE TABLE user_roles (
  user_id TEXT NOT NULL REFERENCES users (id),
  role_id INTEGER NOT NULL REFERENCES roles (id),
  assigned_at INTEGER NOT NULL,
  assigned_by TEXT REFERENCES users (id),
  PRIMARY KEY (user_id, role_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_logs (
  -- Dense: rows are only ever appended, and AUTOINCREMENT remembers the last one.
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  user_id TEXT REFERENCES users (id),
  action TEXT NOT NULL CHECK (action <> ''),
  resource TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  details TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(details)),
  ip_address TEXT,
  user_agent TEXT,
  created_at INTEGER NOT NULL,
  offset_min INTEGER NOT NULL,
  old TEXT CHECK (old IS NULL OR json_valid(old)),
  new TEXT CHECK (new IS NULL OR json_valid(new)),
  why TEXT NOT NULL DEFAULT '',
  -- SHA-256 over the rows this entry tells of, as they were afterwards; verify compares them with what is there.
  seal TEXT CHECK (seal IS NULL OR length(seal) = 64),
  -- The first entry's is made of the station's id.
  prev_hash TEXT NOT NULL CHECK (length(prev_hash) = 64),
  hash TEXT NOT NULL CHECK (length(hash) = 64)
) STRICT;
CREATE INDEX idx_audit_logs_resource ON audit_logs (resource, resource_id);
CREATE INDEX idx_audit_logs_user_id ON audit_logs (user_id);

CREATE TABLE outbox (
  seq INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL CHECK (kind <> ''),
  schema_version INTEGER NOT NULL,
  payload TEXT NOT NULL CHECK (json_valid(payload)),
  -- SHA-256(previous hash || fields).
  hash TEXT NOT NULL CHECK (length(hash) = 64),
  actor TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  offset_min INTEGER NOT NULL
) STRICT;

CREATE TRIGGER audit_logs_keep_update BEFORE UPDATE ON audit_logs
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER audit_logs_keep_delete BEFORE DELETE ON audit_logs
BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END;
CREATE TRIGGER outbox_keep_update BEFORE UPDATE ON outbox
BEGIN SELECT RAISE(ABORT, 'the outbox is append-only'); END;
CREATE TRIGGER outbox_keep_delete BEFORE DELETE ON outbox
BEGIN SELECT RAISE(ABORT, 'the outbox is append-only'); END;

CREATE TABLE system_config (
  id TEXT PRIMARY KEY NOT NULL,
  key TEXT NOT NULL UNIQUE CHECK (key <> ''),
  value TEXT NOT NULL CHECK (json_valid(value)),
  description TEXT NOT NULL DEFAULT '',
  is_active INTEGER NOT NULL DEFAULT 1 CHECK (is_active IN (0, 1)),
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE health_checks (
  -- The seed's `id` with an order; the hub makes its own.
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  service TEXT NOT NULL CHECK (service <> ''),
  status TEXT NOT NULL CHECK (status IN ('healthy', 'unhealthy', 'degraded')),
  message TEXT NOT NULL DEFAULT '',
  timestamp INTEGER NOT NULL
) STRICT;
CREATE INDEX idx_health_checks_service ON health_checks (service, id);

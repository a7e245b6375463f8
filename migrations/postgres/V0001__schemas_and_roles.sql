-- The three schemas, the role that the hub works as, and what everything else builds on.
--
-- Times are timestamptz; where a station gave one, `offset_min` is what its clock showed beside it. Hashes are 64
-- lower-case hexadecimal digits. Statuses are text with a CHECK: a type of our own would have an oid that differs
-- between databases, which a pooler in transaction mode cannot carry.

CREATE SCHEMA IF NOT EXISTS auth;
CREATE SCHEMA IF NOT EXISTS microplates;

-- Roles belong to the cluster: another database of it may have made this one, even at this moment.
DO $$
BEGIN
  IF NOT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = 'wellread_app') THEN
    CREATE ROLE wellread_app LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
  END IF;
EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

DO $$
DECLARE
  app pg_roles;
BEGIN
  SELECT * INTO STRICT app FROM pg_roles WHERE rolname = 'wellread_app';
  IF app.rolsuper OR app.rolbypassrls OR app.rolcreaterole THEN
    RAISE EXCEPTION 'wellread_app must not be superuser, BYPASSRLS or CREATEROLE, or organizations are not kept apart'
      USING HINT = 'ALTER ROLE wellread_app NOSUPERUSER NOBYPASSRLS NOCREATEROLE, then migrate again.';
  END IF;
  IF current_user = 'wellread_app' THEN
    RAISE EXCEPTION 'migrations must not run as wellread_app: it would own the tables'
      USING HINT = 'Give the URL of the database''s owner.';
  END IF;
END $$;

REVOKE ALL ON SCHEMA auth, microplates FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA auth, microplates, public TO wellread_app;
-- What is made later is given on purpose or not at all.
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;

-- The smallest UUIDv7 of a moment: what partitions are bounded by.
CREATE FUNCTION microplates.fn_uuid7_floor(p_at timestamptz) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$ SELECT (lpad(to_hex(greatest(floor(extract(epoch FROM p_at) * 1000), 0)::bigint), 12, '0') || repeat('0', 20))::uuid $$;

-- Whether a text is a SHA-256 as everything here writes it. Not STRICT: then it could not be inlined.
CREATE FUNCTION microplates.fn_is_sha256(p_text text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$ SELECT length(p_text) = 64 AND translate(p_text, '0123456789abcdef', '') = '' $$;

GRANT EXECUTE ON FUNCTION microplates.fn_uuid7_floor(timestamptz), microplates.fn_is_sha256(text) TO wellread_app;

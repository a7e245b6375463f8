-- What the hub's upkeep must know of all organizations at once: which there are, and sums. No row of any is returned.

-- Ids mean nothing by themselves; housekeeping then works in each organization's own transactions.
CREATE FUNCTION auth.fn_organization_ids() RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET app.upkeep = 'on'
AS $$ SELECT org_id FROM auth.organizations WHERE deleted_at IS NULL ORDER BY org_id $$;

-- How all stations together stand. What a station had not brought when it was last heard of has grown older since.
CREATE FUNCTION microplates.fn_fleet(p_now timestamptz, OUT stations bigint, OUT seen bigint, OUT pending bigint,
  OUT oldest_s double precision, OUT quarantined bigint)
LANGUAGE sql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET app.upkeep = 'on'
AS $$
  SELECT count(*),
    count(*) FILTER (WHERE last_contact_at > p_now - interval '1 hour'),
    coalesce(sum(pending), 0)::bigint,
    coalesce(max(CASE WHEN pending > 0 THEN
      oldest_age_ms / 1000.0 + greatest(extract(epoch FROM p_now - last_contact_at), 0) END), 0)::double precision,
    coalesce(sum(rejected), 0)::bigint
  FROM microplates.station WHERE revoked_at IS NULL
$$;

REVOKE EXECUTE ON FUNCTION auth.fn_organization_ids(), microplates.fn_fleet(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.fn_organization_ids(), microplates.fn_fleet(timestamptz) TO wellread_app;

-- What the hub's upkeep must know of all organizations at once: which there are, and sums. No row of any is returned.

-- Ids mean nothing by themselves; housekeeping then works in each organization's own transactions.
CREATE FUNCTION auth.fn_organization_ids() RETURNS SETOF uuid
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('app.upkeep', 'on', true);
  RETURN QUERY SELECT o.org_id FROM auth.organizations o WHERE o.deleted_at IS NULL ORDER BY o.org_id;
  PERFORM set_config('app.upkeep', '', true);
END $$;

-- How all stations together stand. What a station had not brought when it was last heard of has grown older since.
CREATE FUNCTION microplates.fn_fleet(p_now timestamptz, OUT stations bigint, OUT seen bigint, OUT pending bigint,
  OUT oldest_s double precision, OUT quarantined bigint)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM set_config('app.upkeep', 'on', true);
  SELECT count(*),
    count(*) FILTER (WHERE s.last_contact_at > p_now - interval '1 hour'),
    coalesce(sum(s.pending), 0)::bigint,
    coalesce(max(CASE WHEN s.pending > 0 THEN
      s.oldest_age_ms / 1000.0 + greatest(extract(epoch FROM p_now - s.last_contact_at), 0) END), 0)::double precision,
    coalesce(sum(s.rejected), 0)::bigint
  INTO stations, seen, pending, oldest_s, quarantined
  FROM microplates.station s WHERE s.revoked_at IS NULL;
  PERFORM set_config('app.upkeep', '', true);
END $$;

REVOKE EXECUTE ON FUNCTION auth.fn_organization_ids(), microplates.fn_fleet(timestamptz) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.fn_organization_ids(), microplates.fn_fleet(timestamptz) TO wellread_app;

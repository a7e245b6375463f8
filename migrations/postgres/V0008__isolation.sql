-- Who may do what. Organizations are kept apart twice: every statement names org_id, and no statement that forgets it
-- reaches another's rows.

-- The default partitions, for runs of no month that is made.
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY microplates.fn_partitioned_tables() LOOP
    EXECUTE format('CREATE TABLE microplates.%I PARTITION OF microplates.%I DEFAULT', name || '_default', name);
  END LOOP;
END $$;

-- Every table that has org_id, its partitions among them.
DO $$
DECLARE
  found regclass;
BEGIN
  FOR found IN
    SELECT c.oid FROM pg_class c
    JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'org_id' AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND c.relnamespace IN ('auth'::regnamespace, 'microplates'::regnamespace, 'public'::regnamespace)
  LOOP
    PERFORM microplates.fn_isolate(found);
  END LOOP;
END $$;

-- Before somebody has signed in, the organization is known by its name only.
CREATE POLICY by_slug ON auth.organizations FOR SELECT
USING (slug = NULLIF(current_setting('app.org_slug', true), ''));

-- On the parents only: nobody but the owner reaches a partition by its name.
GRANT SELECT, INSERT ON
  auth.audit_logs,
  microplates.audit_anchor, microplates.correction, microplates.assay, microplates.plate_layout, microplates.model_set,
  microplates.station_log, microplates.sync_quarantine, microplates.org_change,
  microplates.prediction_run, microplates.row_counts, microplates.interface_results, microplates.well_prediction,
  microplates.image_file, microplates.well_review, microplates.signature
TO wellread_app;
GRANT SELECT, INSERT, UPDATE ON
  auth.organizations, auth.users, auth.memberships, auth.roles, auth.refresh_tokens, auth.password_reset_tokens,
  auth.email_verification_tokens, auth.signing_key,
  microplates.station, microplates.station_incarnation, microplates.enrol_code, microplates.org_counter,
  microplates.station_account, microplates.station_config, microplates.station_assay, microplates.station_layout,
  microplates.intake_rejection, microplates.blob, microplates.blob_part, microplates.system_config,
  microplates.run_state, microplates.sample_summary, microplates.interface_file, microplates.org_feed
TO wellread_app;
-- What the hub fills in or ends later; what a station told is not changed.
GRANT UPDATE (deleted_at, deleted_by, updated_at) ON microplates.prediction_run TO wellread_app;
GRANT UPDATE (bucket_name, object_key, signed_url, url_expires_at) ON microplates.image_file TO wellread_app;
GRANT UPDATE (applied_at) ON microplates.correction TO wellread_app;
GRANT UPDATE (retired_at) ON microplates.plate_layout TO wellread_app;
GRANT UPDATE (withdrawn_at, note) ON microplates.model_set TO wellread_app;
GRANT UPDATE (outcome, outcome_code) ON microplates.station_log TO wellread_app;
GRANT UPDATE (code, reason, state, tries, last_try_at, resolved_at, resolved_by, why)
  ON microplates.sync_quarantine TO wellread_app;
-- Tokens that have ended, parts that became a blob, feed and changes before the horizon, a summary without runs.
GRANT DELETE ON
  auth.user_roles, auth.refresh_tokens, auth.password_reset_tokens, auth.email_verification_tokens, auth.signing_key,
  microplates.blob, microplates.blob_part, microplates.org_feed, microplates.org_change, microplates.sample_summary
TO wellread_app;
GRANT SELECT, INSERT ON auth.user_roles TO wellread_app;
GRANT SELECT, UPDATE ON public.hub_state TO wellread_app;
GRANT SELECT, INSERT, DELETE ON public.health_checks TO wellread_app;
GRANT SELECT ON microplates.interface_data, microplates.prediction_run_details TO wellread_app;
GRANT EXECUTE ON FUNCTION
  auth.fn_add_organization(uuid, text, text),
  microplates.fn_titre_statistics(jsonb, jsonb),
  microplates.fn_summarise_samples(uuid[], text[]),
  microplates.fn_ensure_partitions(timestamptz, integer)
TO wellread_app;
REVOKE EXECUTE ON FUNCTION microplates.fn_drop_partitions_before(timestamptz), microplates.fn_isolate(regclass) FROM PUBLIC;

-- The first months; the hub makes more as time goes on.
SELECT microplates.fn_ensure_partitions(now() - interval '1 month', 5);

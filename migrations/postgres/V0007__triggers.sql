-- What follows from rows by itself. Triggers work on whole statements: a batch of fifty runs recomputes each of its
-- samples once, and asks once whether its runs are there.

CREATE FUNCTION microplates.fn_upsert_sample_summary() RETURNS trigger
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
  orgs uuid[];
  samples text[];
BEGIN
  -- Moving a month changes no row; dropping one brings the summaries up to date itself.
  IF current_setting('app.upkeep', true) = 'on' THEN
    RETURN NULL;
  END IF;
  IF TG_TABLE_NAME = 'run_state' AND TG_OP = 'INSERT' THEN
    SELECT array_agg(org_id), array_agg(sample_no) INTO orgs, samples FROM new_rows;
  ELSIF TG_TABLE_NAME = 'run_state' AND TG_OP = 'UPDATE' THEN
    SELECT array_agg(org_id), array_agg(sample_no) INTO orgs, samples
    FROM (SELECT org_id, sample_no FROM old_rows UNION SELECT org_id, sample_no FROM new_rows) both_rows;
  ELSIF TG_TABLE_NAME = 'run_state' THEN
    SELECT array_agg(org_id), array_agg(sample_no) INTO orgs, samples FROM old_rows;
  ELSIF TG_TABLE_NAME = 'prediction_run' THEN
    SELECT array_agg(s.org_id), array_agg(s.sample_no) INTO orgs, samples
    FROM new_rows n JOIN old_rows o ON o.org_id = n.org_id AND o.id = n.id
      AND o.deleted_at IS DISTINCT FROM n.deleted_at
    CROSS JOIN LATERAL (
      SELECT s.org_id, s.sample_no FROM microplates.run_state s
      WHERE s.org_id = n.org_id AND s.run_id = n.id OFFSET 0
    ) s;
  ELSE
    -- Results whose state is there already; where the state comes after them, it does this.
    EXECUTE $sql$
      SELECT array_agg(s.org_id), array_agg(s.sample_no)
      FROM new_rows n CROSS JOIN LATERAL (
        SELECT s.org_id, s.sample_no FROM microplates.run_state s
        WHERE s.org_id = n.org_id AND s.run_id = n.run_id OFFSET 0
      ) s
    $sql$ INTO orgs, samples;
  END IF;
  IF orgs IS NOT NULL THEN
    PERFORM microplates.fn_summarise_samples(orgs, samples);
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER trg_upsert_sample_summary AFTER INSERT ON microplates.interface_results
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION microplates.fn_upsert_sample_summary();
-- A trigger with the rows of its statement has one event; hence one each.
CREATE TRIGGER trg_upsert_sample_summary_update AFTER UPDATE ON microplates.interface_results
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION microplates.fn_upsert_sample_summary();
CREATE TRIGGER trg_run_state_insert AFTER INSERT ON microplates.run_state
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION microplates.fn_upsert_sample_summary();
CREATE TRIGGER trg_run_state_update AFTER UPDATE ON microplates.run_state
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION microplates.fn_upsert_sample_summary();
CREATE TRIGGER trg_run_state_delete AFTER DELETE ON microplates.run_state
REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION microplates.fn_upsert_sample_summary();
CREATE TRIGGER trg_prediction_run_deleted AFTER UPDATE ON microplates.prediction_run
REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
FOR EACH STATEMENT EXECUTE FUNCTION microplates.fn_upsert_sample_summary();

-- The channel tells only that a run came: whoever listens looks it up with the rights he has.
CREATE FUNCTION microplates.fn_notify_interface_results() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM pg_notify('interface_results_new', run_id::text) FROM new_rows;
  RETURN NULL;
END $$;
CREATE TRIGGER trg_notify_interface_results AFTER INSERT ON microplates.interface_results
REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION microplates.fn_notify_interface_results();

-- Wakes the live views of an organization: its id and the number of the change.
CREATE FUNCTION microplates.fn_notify_org_change() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  PERFORM pg_notify('org_change', NEW.org_id || '/' || NEW.seq);
  RETURN NULL;
END $$;
CREATE TRIGGER trg_notify_org_change AFTER INSERT ON microplates.org_change
FOR EACH ROW EXECUTE FUNCTION microplates.fn_notify_org_change();

-- In place of foreign keys. PostgreSQL checks a key against a partitioned table row by row through all its partitions:
-- measured, 90 microseconds a row, 90 seconds for the wells of ten thousand runs. This asks once a statement. Runs
-- are not deleted but by their months, with all that hangs on them.
CREATE FUNCTION microplates.fn_rows_have_runs() RETURNS trigger
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
  lost uuid;
BEGIN
  -- Planned each time, as in fn_summarise_samples.
  EXECUTE $sql$
    SELECT n.run_id
    FROM (SELECT DISTINCT org_id, run_id FROM new_rows) n
    LEFT JOIN LATERAL (
      SELECT r.id FROM microplates.prediction_run r WHERE r.org_id = n.org_id AND r.id = n.run_id OFFSET 0
    ) r ON true
    WHERE r.id IS NULL
    LIMIT 1
  $sql$ INTO lost;
  IF lost IS NOT NULL THEN
    RAISE EXCEPTION 'there is no run % for these rows of %', lost, TG_TABLE_NAME USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NULL;
END $$;
DO $$
DECLARE
  name text;
BEGIN
  FOREACH name IN ARRAY ARRAY['row_counts', 'interface_results', 'well_prediction', 'image_file', 'run_state'] LOOP
    EXECUTE format('CREATE TRIGGER trg_a_has_run AFTER INSERT ON microplates.%I REFERENCING NEW TABLE AS new_rows
      FOR EACH STATEMENT EXECUTE FUNCTION microplates.fn_rows_have_runs()', name);
  END LOOP;
END $$;

-- wellread_app has no right to change these; this stops the owner's own mistakes.
CREATE FUNCTION auth.fn_append_only() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  IF current_setting('app.upkeep', true) = 'on' THEN
    RETURN OLD;
  END IF;
  RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER trg_audit_logs_append_only BEFORE UPDATE OR DELETE ON auth.audit_logs
FOR EACH ROW EXECUTE FUNCTION auth.fn_append_only();
CREATE TRIGGER trg_audit_logs_no_truncate BEFORE TRUNCATE ON auth.audit_logs
FOR EACH STATEMENT EXECUTE FUNCTION auth.fn_append_only();
CREATE TRIGGER trg_audit_anchor_append_only BEFORE UPDATE OR DELETE ON microplates.audit_anchor
FOR EACH ROW EXECUTE FUNCTION auth.fn_append_only();

-- Views show to each caller only what the caller may see (security_invoker), and functions work with the caller's
-- rights, but for fn_ensure_partitions, which returns no rows of anybody.

CREATE VIEW microplates.interface_data WITH (security_invoker = true) AS
SELECT
  org_id,
  sample_no,
  summary -> 'distribution' AS distribution,
  total_runs,
  last_run_at,
  last_run_id
FROM microplates.sample_summary;

CREATE VIEW microplates.prediction_run_details WITH (security_invoker = true) AS
SELECT
  pr.*,
  raw_img.signed_url AS raw_image_url,
  raw_img.url_expires_at AS raw_image_expires_at,
  ann_img.signed_url AS annotated_image_url,
  ann_img.url_expires_at AS annotated_image_expires_at
FROM microplates.prediction_run pr
LEFT JOIN microplates.image_file raw_img
  ON raw_img.org_id = pr.org_id AND raw_img.run_id = pr.id AND raw_img.file_type = 'raw'
LEFT JOIN microplates.image_file ann_img
  ON ann_img.org_id = pr.org_id AND ann_img.run_id = pr.id AND ann_img.file_type = 'annotated';

-- Statistics of a distribution's titres, as stations work them out (wellread_plate::summary): on log2 values, with the
-- sample standard deviation (n - 1), and null for what is not defined. Titres are numeric until their logarithm is
-- taken, which has the digits of a double.
CREATE FUNCTION microplates.fn_titre_statistics(p_distribution jsonb, p_scale jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  WITH scale AS (
    SELECT
      (p_scale #>> '{dilution,start}')::numeric AS start,
      (p_scale #>> '{dilution,fold}')::numeric AS fold,
      p_scale ->> 'below_first' AS below_first,
      (p_scale ->> 'cut_off')::numeric AS cut_off
    WHERE jsonb_typeof(p_scale) = 'object'
  ),
  step AS (
    SELECT d.key::integer AS end_point, d.value::bigint AS series,
      CASE WHEN d.key::integer > 0 THEN s.start * s.fold ^ (d.key::integer - 1) END AS titre
    FROM scale s, jsonb_each_text(p_distribution) AS d (key, value)
  ),
  point AS (
    SELECT t.end_point, t.series::double precision AS times,
      CASE
        WHEN t.titre IS NOT NULL THEN log(2.0, t.titre)
        WHEN s.below_first = 'half' THEN log(2.0, s.start / 2)
      END::double precision AS log2
    FROM step t, scale s
  ),
  mean AS (
    SELECT coalesce(sum(times), 0) AS n, sum(log2 * times ORDER BY end_point) / nullif(sum(times), 0) AS mean
    FROM point WHERE log2 IS NOT NULL
  ),
  spread AS (
    SELECT CASE WHEN m.n > 1 THEN sqrt(sum((p.log2 - m.mean) ^ 2 * p.times ORDER BY p.end_point) / (m.n - 1)) END AS sd
    FROM mean m, point p WHERE p.log2 IS NOT NULL GROUP BY m.n
  ),
  total AS (
    SELECT coalesce(sum(t.series), 0)::bigint AS series,
      coalesce(sum(t.series) FILTER (WHERE t.end_point = 0), 0)::bigint AS below_first,
      -- A cut-off such as 33.75 of a 1.5-fold series must not be missed for the last digit of a power.
      sum(t.series) FILTER (WHERE t.titre >= s.cut_off * (1 - 1e-9))::double precision AS at_or_above
    FROM scale s LEFT JOIN step t ON true
  )
  SELECT jsonb_build_object(
    'series', t.series,
    'below_first', t.below_first,
    'below_first_as', s.below_first,
    'count', m.n::bigint,
    'mean_log2', m.mean,
    'sd_log2', v.sd,
    'cv_percent', CASE WHEN m.mean > 0 THEN 100 * v.sd / m.mean END,
    'geometric_mean_titre', 2::double precision ^ m.mean,
    'cut_off', s.cut_off,
    'share_at_or_above',
      CASE WHEN s.cut_off IS NOT NULL AND t.series > 0 THEN coalesce(t.at_or_above, 0) / t.series END
  )
  FROM scale s CROSS JOIN mean m CROSS JOIN total t LEFT JOIN spread v ON true;
END;

-- Brings the summaries of these samples up to date. The latest accepted run of each plate number counts, so that a plate
-- scanned again replaces itself. Latest is what the station says of its own runs, and between stations what came last.
CREATE FUNCTION microplates.fn_summarise_samples(p_orgs uuid[], p_samples text[]) RETURNS void
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
BEGIN
  -- Two transactions with plates of one sample take turns; each statement after this one sees what the other has done.
  PERFORM pg_advisory_xact_lock(turn.key) FROM (
    SELECT DISTINCT hashtextextended(wanted.org_id::text || '/' || wanted.sample_no, 0) AS key
    FROM unnest(p_orgs, p_samples) AS wanted (org_id, sample_no)
    WHERE wanted.sample_no <> ''
    ORDER BY 1
  ) turn;

  -- Planned each time: a plan made while a month's tables were empty would go on reading them whole.
  EXECUTE $sql$
  WITH wanted AS (
    SELECT DISTINCT w.org_id, w.sample_no FROM unnest($1, $2) AS w (org_id, sample_no) WHERE w.sample_no <> ''
  ),
  member AS (
    -- Sample by sample and run by run through the indexes; OFFSET 0 keeps it so.
    SELECT w.org_id, w.sample_no, s.plate_no, s.station_id, s.disposition, s.distribution, s.predict_at, r.*
    FROM wanted w
    CROSS JOIN LATERAL (
      SELECT s.* FROM microplates.run_state s
      WHERE s.org_id = w.org_id AND s.sample_no = w.sample_no AND s.status = 'completed' OFFSET 0
    ) s
    CROSS JOIN LATERAL (
      SELECT r.id, r.run_number, r.station_seq, r.titre_scale FROM microplates.prediction_run r
      WHERE r.org_id = s.org_id AND r.id = s.run_id AND r.deleted_at IS NULL OFFSET 0
    ) r
  ),
  latest_of_station AS (
    SELECT DISTINCT ON (org_id, sample_no, plate_no, station_id) *
    FROM member WHERE disposition = 'accepted'
    ORDER BY org_id, sample_no, plate_no, station_id, station_seq DESC, run_number DESC
  ),
  counted AS (
    SELECT DISTINCT ON (org_id, sample_no, plate_no) *
    FROM latest_of_station ORDER BY org_id, sample_no, plate_no, run_number DESC
  ),
  end_point AS (
    SELECT c.org_id, c.sample_no, d.key, sum(d.value::bigint) AS series
    FROM counted c CROSS JOIN LATERAL jsonb_each_text(c.distribution) AS d (key, value)
    GROUP BY c.org_id, c.sample_no, d.key
    HAVING sum(d.value::bigint) > 0
  ),
  distribution AS (
    SELECT org_id, sample_no, jsonb_object_agg(key, series) AS distribution FROM end_point GROUP BY org_id, sample_no
  ),
  scale AS (
    -- Null where a run has no titres or two have different ones.
    SELECT org_id, sample_no, count(*) AS counted_runs,
      CASE WHEN count(*) = count(titre_scale) AND count(DISTINCT titre_scale) = 1 THEN min(titre_scale::text)::jsonb END
        AS titre_scale
    FROM counted GROUP BY org_id, sample_no
  ),
  last_of_station AS (
    SELECT DISTINCT ON (org_id, sample_no, station_id) *
    FROM member ORDER BY org_id, sample_no, station_id, station_seq DESC, run_number DESC
  ),
  last_run AS (
    SELECT DISTINCT ON (org_id, sample_no) * FROM last_of_station ORDER BY org_id, sample_no, run_number DESC
  ),
  total AS (
    SELECT org_id, sample_no, count(*) AS total_runs FROM member GROUP BY org_id, sample_no
  ),
  summary AS (
    SELECT t.org_id, t.sample_no, t.total_runs, coalesce(s.counted_runs, 0) AS counted_runs,
      jsonb_build_object(
        'distribution', coalesce(d.distribution, '{}'),
        'statistics', microplates.fn_titre_statistics(coalesce(d.distribution, '{}'), s.titre_scale)
      ) AS summary,
      l.predict_at AS last_run_at, l.id AS last_run_id, l.run_number AS last_run_number
    FROM total t
    JOIN last_run l USING (org_id, sample_no)
    LEFT JOIN scale s USING (org_id, sample_no)
    LEFT JOIN distribution d USING (org_id, sample_no)
  ),
  gone AS (
    DELETE FROM microplates.sample_summary old USING wanted w
    WHERE old.org_id = w.org_id AND old.sample_no = w.sample_no
      AND NOT EXISTS (SELECT FROM total t WHERE t.org_id = w.org_id AND t.sample_no = w.sample_no)
  )
  INSERT INTO microplates.sample_summary AS old
    (org_id, sample_no, summary, total_runs, counted_runs, last_run_at, last_run_id, last_run_number)
  SELECT org_id, sample_no, summary, total_runs, counted_runs, last_run_at, last_run_id, last_run_number FROM summary
  ON CONFLICT (org_id, sample_no) DO UPDATE SET
    summary = EXCLUDED.summary,
    total_runs = EXCLUDED.total_runs,
    counted_runs = EXCLUDED.counted_runs,
    last_run_at = EXCLUDED.last_run_at,
    last_run_id = EXCLUDED.last_run_id,
    last_run_number = EXCLUDED.last_run_number,
    updated_at = now()
  WHERE (old.summary, old.total_runs, old.counted_runs, old.last_run_at, old.last_run_id, old.last_run_number)
    IS DISTINCT FROM (EXCLUDED.summary, EXCLUDED.total_runs, EXCLUDED.counted_runs, EXCLUDED.last_run_at,
      EXCLUDED.last_run_id, EXCLUDED.last_run_number)
  $sql$ USING p_orgs, p_samples;
END $$;

-- Makes an organization with its counter and the roles that are shipped. `app.org_id` must already name it.
CREATE FUNCTION auth.fn_add_organization(p_org_id uuid, p_slug text, p_name text) RETURNS void
LANGUAGE sql
BEGIN ATOMIC
  INSERT INTO auth.organizations (org_id, slug, name) VALUES (p_org_id, p_slug, p_name);
  INSERT INTO microplates.org_counter (org_id) VALUES (p_org_id);
  INSERT INTO auth.roles (org_id, name, description, permissions) VALUES
    (p_org_id, 'admin', 'Runs the hub, its stations and its accounts', ARRAY[
      'assay:publish', 'audit:read', 'backup:create', 'config:write', 'interface:create', 'model:publish',
      'run:approve', 'run:capture', 'run:correct', 'run:read', 'run:review', 'run:sign', 'station:admin', 'sync:admin',
      'user:admin']),
    (p_org_id, 'supervisor', 'Reviews, signs, approves and corrects', ARRAY[
      'audit:read', 'interface:create', 'run:approve', 'run:capture', 'run:correct', 'run:read', 'run:review',
      'run:sign']),
    (p_org_id, 'operator', 'Captures, reviews and signs', ARRAY[
      'interface:create', 'run:capture', 'run:read', 'run:review', 'run:sign']),
    (p_org_id, 'viewer', 'Looks only', ARRAY['run:read']);
END;

-- The tables that are partitioned by month, a table before those that refer to it.
CREATE FUNCTION microplates.fn_partitioned_tables() RETURNS text[]
LANGUAGE sql IMMUTABLE
AS $$ SELECT ARRAY['prediction_run', 'row_counts', 'interface_results', 'well_prediction', 'image_file', 'run_state',
  'well_review', 'signature'] $$;

-- Keeps the rows of a table to their organization, whoever asks. The owner's own upkeep (moving and dropping months) is
-- let through by a setting that means nothing to anybody else.
CREATE FUNCTION microplates.fn_isolate(p_table regclass) RETURNS void
LANGUAGE plpgsql
AS $$
BEGIN
  EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', p_table);
  EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', p_table);
  EXECUTE format(
    'CREATE POLICY tenancy ON %s USING (org_id = NULLIF(current_setting(''app.org_id'', true), '''')::uuid)
       WITH CHECK (org_id = NULLIF(current_setting(''app.org_id'', true), '''')::uuid)', p_table);
  EXECUTE format(
    'CREATE POLICY upkeep ON %s TO CURRENT_USER USING (current_setting(''app.upkeep'', true) = ''on'')', p_table);
END $$;

-- Makes the partitions of these months where they are missing, and moves into them what waits in the default ones.
-- Returns how many months were made. Works with the owner's rights, for housekeeping by wellread_app.
CREATE FUNCTION microplates.fn_ensure_partitions(p_from timestamptz, p_months integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '10s'
AS $$
DECLARE
  tables CONSTANT text[] := microplates.fn_partitioned_tables();
  made integer := 0;
  month timestamp;
  suffix text;
  low uuid;
  high uuid;
  name text;
BEGIN
  IF p_from IS NULL OR p_months IS NULL OR p_months NOT BETWEEN 1 AND 120
    OR p_from NOT BETWEEN '2000-01-01' AND '2200-01-01' THEN
    RAISE EXCEPTION 'partitions are made for 1 to 120 months from a date between 2000 and 2200'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  -- One at a time, in the whole cluster of hubs.
  PERFORM pg_advisory_xact_lock(hashtextextended('wellread partitions', 0));
  -- Here and not as the function's SET: only a superuser may give a function a setting of our own.
  PERFORM set_config('app.upkeep', 'on', true);
  FOR n IN 0 .. p_months - 1 LOOP
    month := date_trunc('month', p_from AT TIME ZONE 'UTC') + make_interval(months => n);
    suffix := to_char(month, '_YYYY_MM');
    CONTINUE WHEN to_regclass('microplates.prediction_run' || suffix) IS NOT NULL;
    low := microplates.fn_uuid7_floor(month AT TIME ZONE 'UTC');
    high := microplates.fn_uuid7_floor((month + interval '1 month') AT TIME ZONE 'UTC');
    FOREACH name IN ARRAY tables LOOP
      EXECUTE format('CREATE TABLE microplates.%I
        (LIKE microplates.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE)', name || suffix, name);
    END LOOP;
    -- Before a month can be attached, none of its rows may be in the default partition; children leave first.
    FOR i IN REVERSE array_length(tables, 1) .. 1 LOOP
      EXECUTE format('WITH moved AS (DELETE FROM microplates.%1$I WHERE %2$I >= $1 AND %2$I < $2 RETURNING *)
        INSERT INTO microplates.%3$I SELECT * FROM moved',
        tables[i], CASE WHEN i = 1 THEN 'id' ELSE 'run_id' END, tables[i] || suffix) USING low, high;
    END LOOP;
    FOREACH name IN ARRAY tables LOOP
      EXECUTE format('ALTER TABLE microplates.%I ATTACH PARTITION microplates.%I FOR VALUES FROM (%L) TO (%L)',
        name, name || suffix, low, high);
      PERFORM microplates.fn_isolate(format('microplates.%I', name || suffix)::regclass);
    END LOOP;
    made := made + 1;
  END LOOP;
  PERFORM set_config('app.upkeep', '', true);
  RETURN made;
END $$;

-- Ends the retention of what is older: months that ended before are dropped whole, and of the default partitions goes
-- what the hub got before, by its own clock. For the owner only. Returns how many months were dropped.
CREATE FUNCTION microplates.fn_drop_partitions_before(p_before timestamptz) RETURNS integer
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '10s'
AS $$
DECLARE
  tables CONSTANT text[] := microplates.fn_partitioned_tables();
  first_kept CONSTANT text := to_char(date_trunc('month', p_before AT TIME ZONE 'UTC'), '_YYYY_MM');
  dropped integer := 0;
  suffix text;
  orgs uuid[] := '{}';
  samples text[] := '{}';
  more_orgs uuid[];
  more_samples text[];
BEGIN
  IF p_before IS NULL OR p_before > now() THEN
    RAISE EXCEPTION 'retention ends in the past' USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM pg_advisory_xact_lock(hashtextextended('wellread partitions', 0));
  PERFORM set_config('app.upkeep', 'on', true);
  FOR suffix IN
    SELECT right(c.relname, 8) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
    WHERE i.inhparent = 'microplates.prediction_run'::regclass
      AND c.relname ~ '_\d{4}_\d{2}$' AND right(c.relname, 8) < first_kept
    ORDER BY 1
  LOOP
    EXECUTE format('SELECT coalesce(array_agg(org_id), ''{}''), coalesce(array_agg(sample_no), ''{}'') FROM (
      SELECT DISTINCT org_id, sample_no FROM microplates.%I) s', 'run_state' || suffix)
      INTO more_orgs, more_samples;
    orgs := orgs || more_orgs;
    samples := samples || more_samples;
    FOR i IN REVERSE array_length(tables, 1) .. 1 LOOP
      EXECUTE format('ALTER TABLE microplates.%I DETACH PARTITION microplates.%I', tables[i], tables[i] || suffix);
      EXECUTE format('DROP TABLE microplates.%I', tables[i] || suffix);
    END LOOP;
    dropped := dropped + 1;
  END LOOP;

  -- By receipt and not by the run's own time: a clock that shows 1970 must not make today's runs old.
  CREATE TEMPORARY TABLE wellread_ended ON COMMIT DROP AS
    SELECT r.org_id, r.id, s.sample_no
    FROM microplates.prediction_run r
    LEFT JOIN microplates.run_state s ON s.org_id = r.org_id AND s.run_id = r.id
    WHERE r.tableoid = 'microplates.prediction_run_default'::regclass AND r.created_at < p_before;
  FOR i IN REVERSE array_length(tables, 1) .. 1 LOOP
    EXECUTE format('DELETE FROM microplates.%1$I t USING pg_temp.wellread_ended e
      WHERE t.org_id = e.org_id AND t.%2$I = e.id', tables[i], CASE WHEN i = 1 THEN 'id' ELSE 'run_id' END);
  END LOOP;
  SELECT orgs || coalesce(array_agg(org_id), '{}'), samples || coalesce(array_agg(sample_no), '{}')
    INTO orgs, samples FROM (SELECT DISTINCT org_id, sample_no FROM pg_temp.wellread_ended WHERE sample_no IS NOT NULL) e;
  DROP TABLE pg_temp.wellread_ended;
  PERFORM microplates.fn_summarise_samples(orgs, samples);
  PERFORM set_config('app.upkeep', '', true);
  RETURN dropped;
END $$;

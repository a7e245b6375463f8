-- A transaction takes its turn at all samples that it will change before it changes any, in one order. The triggers
-- take them a statement at a time: two transactions with the same samples in different statements would each wait for
-- what the other has. The keys are those of fn_summarise_samples, which then finds them taken.

CREATE FUNCTION microplates.fn_take_turns(p_org uuid, p_samples text[], p_runs uuid[]) RETURNS void
LANGUAGE plpgsql
SET enable_seqscan = off
AS $$
DECLARE
  samples text[] := p_samples;
  left_by_runs text[];
BEGIN
  -- A run that changes its sample changes the one that it leaves, too. Looked up only where there are such runs, because
  -- it is planned each time, as in fn_summarise_samples.
  IF cardinality(p_runs) > 0 THEN
    EXECUTE $sql$
      SELECT array_agg(s.sample_no)
      FROM unnest($2) AS r (id)
      CROSS JOIN LATERAL (
        SELECT s.sample_no FROM microplates.run_state s WHERE s.org_id = $1 AND s.run_id = r.id OFFSET 0
      ) s
    $sql$ INTO left_by_runs USING p_org, p_runs;
    samples := samples || left_by_runs;
  END IF;
  PERFORM pg_advisory_xact_lock(turn.key) FROM (
    SELECT DISTINCT hashtextextended(p_org::text || '/' || wanted.sample_no, 0) AS key
    FROM unnest(samples) AS wanted (sample_no)
    WHERE wanted.sample_no <> ''
    ORDER BY 1
  ) turn;
END $$;

GRANT EXECUTE ON FUNCTION microplates.fn_take_turns(uuid, text[], uuid[]) TO wellread_app;

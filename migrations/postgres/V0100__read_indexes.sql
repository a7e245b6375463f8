-- What headquarters' lists are found by. With row-level security an index serves only operators that cannot give a row
-- away (leakproof); LIKE is none, hence ranges in the order of bytes (text_pattern_ops) for beginnings of numbers.

-- A list of runs filters by what holds now and is ordered by the run's number: both in one table, or an index could
-- serve only one of the two.
ALTER TABLE microplates.run_state ADD COLUMN run_number bigint;
SELECT set_config('app.upkeep', 'on', true);
UPDATE microplates.run_state s SET run_number = r.run_number
  FROM microplates.prediction_run r WHERE r.org_id = s.org_id AND r.id = s.run_id;
SELECT set_config('app.upkeep', '', true);
ALTER TABLE microplates.run_state ALTER COLUMN run_number SET NOT NULL;

-- For whoever does not say it; a look for each row is slower than a join for all.
CREATE FUNCTION microplates.fn_run_state_number() RETURNS trigger
LANGUAGE plpgsql
AS $$
BEGIN
  SELECT r.run_number INTO NEW.run_number
  FROM microplates.prediction_run r WHERE r.org_id = NEW.org_id AND r.id = NEW.run_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the state of run % comes without the run', NEW.run_id USING ERRCODE = 'foreign_key_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER trg_run_state_number BEFORE INSERT ON microplates.run_state
FOR EACH ROW WHEN (NEW.run_number IS NULL) EXECUTE FUNCTION microplates.fn_run_state_number();

CREATE INDEX idx_run_state_number ON microplates.run_state (org_id, run_number);
CREATE INDEX idx_run_state_station ON microplates.run_state (org_id, station_id, run_number);
CREATE INDEX idx_run_state_assay ON microplates.run_state (org_id, assay_id, run_number);
CREATE INDEX idx_run_state_predict_at ON microplates.run_state (org_id, predict_at);
CREATE INDEX idx_run_state_sample_begins ON microplates.run_state (org_id, sample_no text_pattern_ops);
CREATE INDEX idx_run_state_submission ON microplates.run_state (org_id, submission_no text_pattern_ops);
-- What is rare, and looked for because it is.
CREATE INDEX idx_run_state_not_completed ON microplates.run_state (org_id, status, run_number) WHERE status <> 'completed';
CREATE INDEX idx_run_state_needs_review ON microplates.run_state (org_id, run_number) WHERE needs_review;
CREATE INDEX idx_run_state_conflict ON microplates.run_state (org_id, run_number) WHERE conflict;
CREATE INDEX idx_run_state_signed ON microplates.run_state (org_id, signed, run_number) WHERE signed <> '';

CREATE INDEX idx_prediction_run_supersedes ON microplates.prediction_run (org_id, supersedes) WHERE supersedes IS NOT NULL;
CREATE INDEX idx_prediction_run_deleted ON microplates.prediction_run (org_id, id) WHERE deleted_at IS NOT NULL;

CREATE INDEX idx_sample_summary_begins ON microplates.sample_summary (org_id, sample_no text_pattern_ops);
CREATE INDEX idx_interface_file_created_at ON microplates.interface_file (org_id, created_at);

CREATE INDEX idx_intake_rejection_file ON microplates.intake_rejection (org_id, file_id, station_id);
CREATE INDEX idx_intake_rejection_state ON microplates.intake_rejection (org_id, state, file_id);
CREATE INDEX idx_intake_rejection_at ON microplates.intake_rejection (org_id, at);

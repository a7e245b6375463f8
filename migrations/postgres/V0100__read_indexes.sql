-- What headquarters' lists are found by. With row-level security an index serves only operators that cannot give a row
-- away (leakproof); LIKE is none, hence ranges in the order of bytes (text_pattern_ops) for beginnings of numbers.

CREATE INDEX idx_prediction_run_assay ON microplates.prediction_run (org_id, assay_id, run_number);
CREATE INDEX idx_prediction_run_needs_review ON microplates.prediction_run (org_id, run_number) WHERE needs_review;
CREATE INDEX idx_prediction_run_supersedes ON microplates.prediction_run (org_id, supersedes) WHERE supersedes IS NOT NULL;

CREATE INDEX idx_run_state_sample_begins ON microplates.run_state (org_id, sample_no text_pattern_ops);
CREATE INDEX idx_run_state_submission ON microplates.run_state (org_id, submission_no text_pattern_ops);
CREATE INDEX idx_run_state_conflict ON microplates.run_state (org_id) WHERE conflict;
CREATE INDEX idx_run_state_signed ON microplates.run_state (org_id, signed) WHERE signed <> '';

CREATE INDEX idx_sample_summary_begins ON microplates.sample_summary (org_id, sample_no text_pattern_ops);
CREATE INDEX idx_interface_file_created_at ON microplates.interface_file (org_id, created_at);

CREATE INDEX idx_intake_rejection_file ON microplates.intake_rejection (org_id, file_id, station_id);
CREATE INDEX idx_intake_rejection_state ON microplates.intake_rejection (org_id, state, file_id);
CREATE INDEX idx_intake_rejection_at ON microplates.intake_rejection (org_id, at);

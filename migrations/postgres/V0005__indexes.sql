-- The seed's indexes under the seed's names, each beginning with org_id, and ours. Where an index is the primary key's
-- (idx_row_counts_run_id and its like) it is named with the table, so that nothing is indexed twice.

-- People type addresses and names in any case.
CREATE UNIQUE INDEX idx_users_email ON auth.users (org_id, lower(email)) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX idx_users_username ON auth.users (org_id, lower(username)) WHERE deleted_at IS NULL;
CREATE INDEX idx_users_is_active ON auth.users (org_id, is_active);
CREATE INDEX idx_user_roles_role_id ON auth.user_roles (org_id, role_id);
CREATE INDEX idx_refresh_tokens_user_id ON auth.refresh_tokens (org_id, user_id);
CREATE UNIQUE INDEX idx_refresh_tokens_token ON auth.refresh_tokens (org_id, token);
CREATE INDEX idx_refresh_tokens_family ON auth.refresh_tokens (org_id, family);
CREATE INDEX idx_refresh_tokens_replaced_by ON auth.refresh_tokens (org_id, replaced_by) WHERE replaced_by IS NOT NULL;
CREATE INDEX idx_password_reset_tokens_user_id ON auth.password_reset_tokens (org_id, user_id);
CREATE INDEX idx_email_verification_tokens_user_id ON auth.email_verification_tokens (org_id, user_id);
CREATE INDEX idx_audit_logs_user_id ON auth.audit_logs (org_id, user_id);
CREATE INDEX idx_audit_logs_created_at ON auth.audit_logs (org_id, created_at);
CREATE INDEX idx_audit_logs_seq ON auth.audit_logs (org_id, seq);
CREATE INDEX idx_audit_logs_resource ON auth.audit_logs (org_id, resource, resource_id);

CREATE INDEX idx_station_last_contact ON microplates.station (org_id, last_contact_at);
CREATE INDEX idx_sync_quarantine_open ON microplates.sync_quarantine (org_id, station_id, seq) WHERE state = 'open';
-- The newest entry of a key: what a snapshot is made of.
CREATE INDEX idx_org_feed_key ON microplates.org_feed (org_id, kind, key, seq DESC);
CREATE INDEX idx_correction_run_id ON microplates.correction (org_id, run_id);
CREATE INDEX idx_correction_station_open ON microplates.correction (org_id, station_id) WHERE applied_at IS NULL;
CREATE INDEX idx_blob_unverified ON microplates.blob (org_id, updated_at) WHERE state <> 'verified';

CREATE INDEX idx_prediction_run_sample_no ON microplates.prediction_run (org_id, sample_no);
CREATE INDEX idx_prediction_run_predict_at ON microplates.prediction_run (org_id, predict_at);
CREATE INDEX idx_prediction_run_status ON microplates.prediction_run (org_id, status);
CREATE INDEX idx_prediction_run_created_by ON microplates.prediction_run (org_id, created_by);
CREATE INDEX idx_prediction_run_number ON microplates.prediction_run (org_id, run_number);
CREATE INDEX idx_prediction_run_station ON microplates.prediction_run (org_id, station_id, station_seq);

CREATE INDEX idx_well_prediction_well_id ON microplates.well_prediction (org_id, well_id);
CREATE INDEX idx_well_prediction_class ON microplates.well_prediction (org_id, class);

CREATE INDEX idx_image_file_sample_no ON microplates.image_file (org_id, sample_no);
CREATE INDEX idx_image_file_file_type ON microplates.image_file (org_id, file_type);
CREATE INDEX idx_image_file_sha256 ON microplates.image_file (org_id, sha256);

CREATE INDEX idx_run_state_sample ON microplates.run_state (org_id, sample_no, plate_no);
CREATE INDEX idx_run_state_disposition ON microplates.run_state (org_id, disposition);

CREATE INDEX idx_sample_summary_last_run_at ON microplates.sample_summary (org_id, last_run_at);
CREATE INDEX idx_sample_summary_last_run ON microplates.sample_summary (org_id, last_run_number);
CREATE INDEX idx_interface_file_sample_no ON microplates.interface_file (org_id, sample_no);
CREATE INDEX idx_interface_file_status ON microplates.interface_file (org_id, status);
CREATE INDEX idx_interface_file_station ON microplates.interface_file (org_id, station_id, seq);

CREATE INDEX idx_health_checks_service ON public.health_checks (service);
CREATE INDEX idx_health_checks_timestamp ON public.health_checks (timestamp);

CREATE INDEX idx_row_counts_counts_gin ON microplates.row_counts USING gin (counts jsonb_path_ops);
CREATE INDEX idx_interface_results_results_gin ON microplates.interface_results USING gin (results jsonb_path_ops);
-- A backlog brings a million boxes at once. Sorted in by heaps of 64 MB instead of 4, they take half the time;
-- autovacuum empties the heap between backlogs.
CREATE INDEX idx_well_prediction_bbox_gin ON microplates.well_prediction USING gin (bbox jsonb_path_ops)
  WITH (gin_pending_list_limit = 65536);
CREATE INDEX idx_sample_summary_summary_gin ON microplates.sample_summary USING gin (summary jsonb_path_ops);

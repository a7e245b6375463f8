-- A run that is over never changes, nor do its children; what people decide is only appended.

CREATE TRIGGER prediction_run_keep_update BEFORE UPDATE ON prediction_run
WHEN OLD.status IN ('completed', 'failed') OR NEW.seq <> OLD.seq OR NEW.id <> OLD.id
BEGIN SELECT RAISE(ABORT, 'a run that is over cannot be changed'); END;
CREATE TRIGGER prediction_run_keep_delete BEFORE DELETE ON prediction_run
BEGIN SELECT RAISE(ABORT, 'runs are never deleted'); END;

CREATE TRIGGER well_prediction_keep_insert BEFORE INSERT ON well_prediction
WHEN (SELECT status FROM prediction_run WHERE id = NEW.run_id) = 'completed'
BEGIN SELECT RAISE(ABORT, 'the wells of a completed run cannot be changed'); END;
CREATE TRIGGER well_prediction_keep_update BEFORE UPDATE ON well_prediction
BEGIN SELECT RAISE(ABORT, 'the wells of a run cannot be changed'); END;
CREATE TRIGGER well_prediction_keep_delete BEFORE DELETE ON well_prediction
BEGIN SELECT RAISE(ABORT, 'the wells of a run cannot be deleted'); END;

CREATE TRIGGER row_counts_keep_insert BEFORE INSERT ON row_counts
WHEN (SELECT status FROM prediction_run WHERE id = NEW.run_id) = 'completed'
BEGIN SELECT RAISE(ABORT, 'the counts of a completed run cannot be changed'); END;
CREATE TRIGGER row_counts_keep_update BEFORE UPDATE ON row_counts
BEGIN SELECT RAISE(ABORT, 'the counts of a run cannot be changed'); END;
CREATE TRIGGER row_counts_keep_delete BEFORE DELETE ON row_counts
BEGIN SELECT RAISE(ABORT, 'the counts of a run cannot be deleted'); END;

CREATE TRIGGER interface_results_keep_insert BEFORE INSERT ON interface_results
WHEN (SELECT status FROM prediction_run WHERE id = NEW.run_id) = 'completed'
BEGIN SELECT RAISE(ABORT, 'the results of a completed run cannot be changed'); END;
CREATE TRIGGER interface_results_keep_update BEFORE UPDATE ON interface_results
BEGIN SELECT RAISE(ABORT, 'the results of a run cannot be changed'); END;
CREATE TRIGGER interface_results_keep_delete BEFORE DELETE ON interface_results
BEGIN SELECT RAISE(ABORT, 'the results of a run cannot be deleted'); END;

-- The hub's columns (bucket_name, object_key, signed_url, url_expires_at) may be filled in later.
CREATE TRIGGER image_file_keep_insert BEFORE INSERT ON image_file
WHEN (SELECT status FROM prediction_run WHERE id = NEW.run_id) = 'completed'
BEGIN SELECT RAISE(ABORT, 'the pictures of a completed run cannot be changed'); END;
CREATE TRIGGER image_file_keep_update BEFORE UPDATE OF
  run_id, sample_no, file_type, file_name, file_path, file_size, mime_type, width, height, created_at, sha256
ON image_file
BEGIN SELECT RAISE(ABORT, 'the pictures of a run cannot be changed'); END;
CREATE TRIGGER image_file_keep_delete BEFORE DELETE ON image_file
BEGIN SELECT RAISE(ABORT, 'the pictures of a run cannot be deleted'); END;

CREATE TRIGGER well_review_keep_update BEFORE UPDATE ON well_review
BEGIN SELECT RAISE(ABORT, 'reviews are append-only'); END;
CREATE TRIGGER well_review_keep_delete BEFORE DELETE ON well_review
BEGIN SELECT RAISE(ABORT, 'reviews are append-only'); END;
CREATE TRIGGER signature_keep_update BEFORE UPDATE ON signature
BEGIN SELECT RAISE(ABORT, 'signatures are append-only'); END;
CREATE TRIGGER signature_keep_delete BEFORE DELETE ON signature
BEGIN SELECT RAISE(ABORT, 'signatures are append-only'); END;

CREATE TRIGGER interface_file_keep_delivered BEFORE UPDATE ON interface_file WHEN OLD.status = 'delivered'
BEGIN SELECT RAISE(ABORT, 'a delivered interface file cannot be changed: make a new revision'); END;
CREATE TRIGGER interface_file_keep_delete BEFORE DELETE ON interface_file
BEGIN SELECT RAISE(ABORT, 'interface files are never deleted'); END;
CREATE TRIGGER assay_keep_update BEFORE UPDATE ON assay
BEGIN SELECT RAISE(ABORT, 'a version of an assay cannot be changed: add a new version'); END;
CREATE TRIGGER assay_keep_delete BEFORE DELETE ON assay
BEGIN SELECT RAISE(ABORT, 'assays are never deleted'); END;

CREATE VIEW interface_data AS
SELECT sample_no, json_extract(summary, '$.distribution') AS distribution, total_runs, last_run_at, last_run_id
FROM sample_summary;

CREATE VIEW prediction_run_details AS
SELECT
  pr.*,
  raw_img.signed_url AS raw_image_url,
  raw_img.url_expires_at AS raw_image_expires_at,
  ann_img.signed_url AS annotated_image_url,
  ann_img.url_expires_at AS annotated_image_expires_at
FROM prediction_run pr
LEFT JOIN image_file raw_img ON pr.id = raw_img.run_id AND raw_img.file_type = 'raw'
LEFT JOIN image_file ann_img ON pr.id = ann_img.run_id AND ann_img.file_type = 'annotated';

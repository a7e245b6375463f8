//! What is compared: the same columns of the same rows, asked for on both sides.
//!
//! Every question's first column is the key. On the station's side `_json` at the end of a name says that its text is
//! JSON; truth values are 0 and 1, moments milliseconds since 1970.

/// A table on both sides.
pub(super) struct Table {
    pub(super) name: &'static str,
    pub(super) station: &'static str,
    pub(super) hub: &'static str,
    /// Whether it is compared by parts of the runs: from a run on (`?1`, `$2`) to before another (`?2`, `$3`).
    pub(super) is_chunked: bool,
    /// By how much of itself a number may differ, where both sides compute it on their own.
    pub(super) tolerance: f64,
}

impl Table {
    const fn whole(name: &'static str, station: &'static str, hub: &'static str) -> Self {
        Self { name, station, hub, is_chunked: false, tolerance: 0.0 }
    }

    const fn by_run(name: &'static str, station: &'static str, hub: &'static str) -> Self {
        Self { is_chunked: true, ..Self::whole(name, station, hub) }
    }
}

/// All of them.
pub(super) const TABLES: [Table; 17] = [
    Table::whole(
        "station_log",
        "SELECT (SELECT id FROM station) || '/' || seq, hash, kind, schema_version, actor, created_at, offset_min
         FROM outbox",
        // Of a place that two writers had, the later one's is the log's now.
        "SELECT DISTINCT ON (l.station_id, l.seq) l.station_id || '/' || l.seq, l.hash, l.kind, l.schema_version, l.actor,
           (extract(epoch FROM l.made_at) * 1000)::bigint, l.offset_min
         FROM microplates.station_log l JOIN microplates.station s ON s.org_id = l.org_id AND s.id = l.station_id
         WHERE l.station_id = ANY ($1) ORDER BY l.station_id, l.seq, l.incarnation DESC",
    ),
    Table::by_run("prediction_run", RUN, HUB_RUN),
    Table::by_run("well_prediction", WELL, HUB_WELL),
    Table::by_run(
        "row_counts",
        "SELECT run_id, counts AS counts_json FROM row_counts WHERE run_id >= ?1 AND run_id < ?2",
        "SELECT c.run_id::text, c.counts FROM microplates.row_counts c
         JOIN microplates.prediction_run r ON r.org_id = c.org_id AND r.id = c.run_id
         WHERE r.station_id = ANY ($1) AND c.run_id >= $2 AND c.run_id < $3",
    ),
    Table::by_run(
        "interface_results",
        "SELECT run_id, results AS results_json FROM interface_results WHERE run_id >= ?1 AND run_id < ?2",
        "SELECT c.run_id::text, c.results FROM microplates.interface_results c
         JOIN microplates.prediction_run r ON r.org_id = c.org_id AND r.id = c.run_id
         WHERE r.station_id = ANY ($1) AND c.run_id >= $2 AND c.run_id < $3",
    ),
    Table::by_run(
        "image_file",
        "SELECT run_id || '/' || file_type, sample_no, file_name, file_path, file_size, mime_type, width, height, sha256
         FROM image_file WHERE run_id >= ?1 AND run_id < ?2",
        "SELECT i.run_id || '/' || i.file_type, i.sample_no, i.file_name, i.file_path, i.file_size, i.mime_type, i.width,
           i.height, i.sha256
         FROM microplates.image_file i JOIN microplates.prediction_run r ON r.org_id = i.org_id AND r.id = i.run_id
         WHERE r.station_id = ANY ($1) AND i.run_id >= $2 AND i.run_id < $3",
    ),
    Table::by_run(
        "run_state",
        "SELECT run_id, status, disposition, sample_no, submission_no, plate_no, assay_id, predict_at, needs_review,
           conflict, signed, last_event_seq, distribution AS distribution_json
         FROM run_state WHERE run_id >= ?1 AND run_id < ?2 AND status IN ('completed', 'failed')",
        "SELECT run_id::text, status, disposition, sample_no, submission_no, plate_no, assay_id,
           (extract(epoch FROM predict_at) * 1000)::bigint, needs_review::int, conflict::int, signed, last_event_seq,
           distribution
         FROM microplates.run_state WHERE station_id = ANY ($1) AND run_id >= $2 AND run_id < $3",
    ),
    Table::whole("well_review", REVIEW, HUB_REVIEW),
    Table::whole(
        "signature",
        "SELECT id, run_id, user_id, meaning, covers_seq, content_hash, at_ms, offset_min FROM signature",
        "SELECT id::text, run_id, user_id, meaning, covers_seq, content_hash, (extract(epoch FROM at) * 1000)::bigint,
           offset_min FROM microplates.signature WHERE station_id = ANY ($1)",
    ),
    Table::whole("interface_file", INTERFACE, HUB_INTERFACE),
    Table {
        tolerance: 1e-9,
        ..Table::whole(
            "sample_summary",
            "SELECT sample_no, summary AS summary_json, total_runs, counted_runs, last_run_at, last_run_id
             FROM sample_summary",
            "SELECT sample_no, summary, total_runs, counted_runs, (extract(epoch FROM last_run_at) * 1000)::bigint,
               last_run_id
             FROM microplates.sample_summary y
             WHERE EXISTS (SELECT FROM microplates.run_state s WHERE (s.org_id, s.sample_no) = (y.org_id, y.sample_no)
                 AND s.station_id = ANY ($1))
               OR NOT EXISTS (SELECT FROM microplates.run_state s WHERE (s.org_id, s.sample_no) = (y.org_id, y.sample_no))",
        )
    },
    Table::whole(
        "intake_rejection",
        "SELECT id, path_text, revision, size, sha256, state, reason_code, reason, duplicate_of, updated_ms, offset_min
         FROM intake_file WHERE state = 'rejected'",
        "SELECT file_id::text, path, revision, size, sha256, state, reason_code, reason, duplicate_of,
           (extract(epoch FROM at) * 1000)::bigint, offset_min
         FROM microplates.intake_rejection WHERE station_id = ANY ($1)",
    ),
    Table::whole(
        "station_account",
        "SELECT u.id, u.username, u.email, u.first_name, u.last_name, u.is_active,
           (SELECT json_group_array(name ORDER BY name) FROM user_roles ur JOIN roles r ON r.id = ur.role_id
            WHERE ur.user_id = u.id) AS roles_json
         FROM users u WHERE u.origin = 'station'",
        "SELECT id::text, username, email, first_name, last_name, is_active::int,
           ARRAY(SELECT name FROM unnest(roles) AS name ORDER BY name)
         FROM microplates.station_account WHERE station_id = ANY ($1)",
    ),
    Table::whole(
        "station_config",
        "SELECT (SELECT id FROM station) || '/' || key, CASE WHEN is_active THEN value ELSE 'null' END AS value_json
         FROM system_config",
        "SELECT station_id || '/' || key, value FROM microplates.station_config WHERE station_id = ANY ($1)",
    ),
    Table::whole(
        "station_layout",
        "SELECT (SELECT id FROM station) || '/' || id || '/' || version, name, plate_format,
           json_extract(definition, '$.wells') AS wells_json, retired_at FROM plate_layout
         WHERE origin = 'station'",
        "SELECT station_id || '/' || id || '/' || version, name, plate_format, definition -> 'wells',
           (extract(epoch FROM retired_at) * 1000)::bigint
         FROM microplates.station_layout WHERE station_id = ANY ($1)",
    ),
    Table::whole(
        "station_assay",
        // What is shipped with the program, headquarters have as well.
        "SELECT (SELECT id FROM station) || '/' || id || '/' || version, name, toml FROM assay
         WHERE origin = 'station' AND id LIKE 'own-%'",
        "SELECT station_id || '/' || id || '/' || version, name, toml FROM microplates.station_assay
         WHERE station_id = ANY ($1) AND id LIKE 'own-%'",
    ),
    Table::whole(
        "blob",
        "SELECT sha256, size, 'verified' AS state FROM blob WHERE sha256 IN (SELECT sha256 FROM image_file)",
        "SELECT sha256, size, state FROM microplates.blob WHERE station_id = ANY ($1)",
    ),
];

const RUN: &str = "SELECT id, seq, sample_no, submission_no, plate_no, description, predict_at, offset_min,
    annotated_image_path, model_version, model_name, model_sha256, models AS models_json, status, error_code, error_msg,
    CASE WHEN status = 'completed' THEN processing_time_ms END, confidence_threshold, intake_id, image_sha256, assay_id,
    assay_version, app_version, plate_format, grid AS grid_json, titre_scale AS titre_scale_json, needs_review,
    review_reasons AS review_reasons_json, supersedes, content_sha256
  FROM prediction_run WHERE id >= ?1 AND id < ?2 AND status IN ('completed', 'failed')";

const HUB_RUN: &str = "SELECT id::text, station_seq, sample_no, submission_no, plate_no, description,
    (extract(epoch FROM predict_at) * 1000)::bigint, offset_min, annotated_image_path, model_version, model_name,
    model_sha256, models, status, error_code, error_msg, processing_time_ms, confidence_threshold, intake_id,
    image_sha256, assay_id, assay_version, app_version, plate_format, grid, titre_scale, needs_review::int,
    review_reasons, supersedes, content_sha256
  FROM microplates.prediction_run WHERE station_id = ANY ($1) AND id >= $2 AND id < $3";

const WELL: &str = "SELECT run_id || '/' || well_id, label, class, confidence, bbox AS bbox_json, flags AS flags_json
  FROM well_prediction WHERE run_id >= ?1 AND run_id < ?2";

const HUB_WELL: &str = "SELECT w.run_id || '/' || w.well_id, w.label, w.class, w.confidence, w.bbox, w.flags
  FROM microplates.well_prediction w JOIN microplates.prediction_run r ON r.org_id = w.org_id AND r.id = w.run_id
  WHERE r.station_id = ANY ($1) AND w.run_id >= $2 AND w.run_id < $3";

const REVIEW: &str = "SELECT id, run_id, seq, kind, well, class, label,
    CASE kind WHEN 'override' THEN json_object('kind', kind, 'well', well, 'class', class, 'label', label)
      ELSE json_patch(json_object('kind', kind), payload) END AS payload_json,
    reason_code, reason_text, actor, user_id, at_ms, offset_min, based_on_seq, conflict, final AS final_json
  FROM well_review";

const HUB_REVIEW: &str =
    "SELECT id::text, run_id, seq, kind, well, class, label, payload, reason_code, reason_text, actor,
    user_id, (extract(epoch FROM at) * 1000)::bigint, offset_min, based_on_seq, conflict::int, final
  FROM microplates.well_review WHERE station_id = ANY ($1)";

const INTERFACE: &str =
    "SELECT id, seq, sample_no, file_name, file_path, file_size, status, generated_at, delivered_at,
    error_msg, created_at, offset_min, template, revision, test_no, target, sha256, attempts, next_try_ms
  FROM interface_file";

const HUB_INTERFACE: &str = "SELECT id::text, seq, sample_no, file_name, file_path, file_size, status,
    (extract(epoch FROM generated_at) * 1000)::bigint, (extract(epoch FROM delivered_at) * 1000)::bigint, error_msg,
    (extract(epoch FROM created_at) * 1000)::bigint, offset_min, template, revision, test_no, target, sha256, attempts,
    (extract(epoch FROM next_try_at) * 1000)::bigint
  FROM microplates.interface_file WHERE station_id = ANY ($1)";

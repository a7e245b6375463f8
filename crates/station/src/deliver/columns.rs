//! The columns of the tables, by the names under which a template may rename them.

pub(super) const LABWARE: &[&str] = &["SAMPLE_NUMBER", "TEST_NUMBER", "REPORTED_NAME", "ENTRY"];

pub(super) const DETAILED: &[&str] = &[
    "sample_no",
    "submission_no",
    "plate_no",
    "run_id",
    "image_sha256",
    "assay",
    "assay_version",
    "model",
    "read_at",
    "well",
    "role",
    "ai_class",
    "ai_label",
    "confidence",
    "final_class",
    "final_label",
    "flags",
    "reviewed_by",
    "review_reason",
];

pub(super) const SUMMARY: &[&str] = &[
    "sample_no",
    "submission_no",
    "test_no",
    "station",
    "revision",
    "generated_at",
    "plates",
    "series",
    "end_points",
    "below_first",
    "below_first_as",
    "titres",
    "mean_log2",
    "sd_log2",
    "cv_percent",
    "geometric_mean_titre",
    "cut_off",
    "share_at_or_above",
];

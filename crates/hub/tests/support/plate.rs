//! A plate of six wells as a station tells of it.

use serde_json::{Value, json};
use uuid::Uuid;

/// Wells of every plate here.
pub const WELLS: i64 = 6;

/// A plate that was read.
#[derive(Clone, Debug)]
pub struct Plate {
    pub run: Uuid,
    pub seq: i64,
    pub sample_no: String,
    pub number: String,
    pub needs_review: bool,
    pub content: u8,
    pub distribution: Value,
}

impl Plate {
    pub fn new(run: Uuid, seq: i64) -> Self {
        Self {
            run,
            seq,
            sample_no: format!("S-{seq}"),
            number: "1".to_owned(),
            needs_review: false,
            content: 1,
            distribution: json!({ "3": 1, "0": 1 }),
        }
    }

    fn head(&self, status: &str) -> Value {
        json!({
            "run_id": self.run, "seq": self.seq, "status": status,
            "predict_at": { "utc_ms": 1_795_000_000_000_i64 + self.seq, "offset_min": 420 }, "intake_id": null,
            "identity": { "sample_no": self.sample_no, "submission_no": "T-1", "plate_no": self.number },
            "image_sha256": "aa".repeat(32), "assay": { "id": "hi", "version": 1 }, "app_version": "0.1.0",
            "supersedes": null, "content_sha256": format!("{:02x}", self.content).repeat(32),
        })
    }

    fn made(&self) -> Value {
        let model =
            json!({ "kind": "well-classifier", "name": "wells", "version": "0.2.0", "sha256": "cc".repeat(32) });
        json!({
            "description": "a note", "judge": model, "models": [model], "processing_time_ms": 84,
            "confidence_threshold": 0.8,
            "grid": {
                "format": { "rows": 2, "cols": 3 }, "homography": [50.0, 0.0, 100.0, 0.0, 50.0, 80.0, 0.0, 0.0, 1.0],
                "rms_residual_px": 0.4, "orientation": { "known": true, "by": "letters" },
            },
            "titre_scale": null, "needs_review": self.needs_review, "review_reasons": ["low-confidence"],
            "counts": { "positive": 3, "negative": 3, "invalid": 0 }, "results": { "distribution": self.distribution },
            "images": [{
                "kind": "raw", "file_name": "a.jpg", "file_path": "blobs/aa/aa", "size": 1_800_000,
                "mime_type": "image/jpeg", "width_px": 1920, "height_px": 1080, "sha256": "aa".repeat(32),
            }],
        })
    }

    /// By column, as version 2 has it.
    pub fn told(&self) -> Value {
        joined(&[
            self.head("completed"),
            self.made(),
            json!({ "wells": {
            "classes": ["teardrop", "button"], "class": [0, 0, 0, 1, 1, 1], "label": "pppnnn",
            "confidence": [0.9987, 0.99, 0.95, 0.9999, 0.7, 1.0],
            "bbox": { "B3": { "xmin": 1.0, "ymin": 2.0, "xmax": 3.0, "ymax": 4.5 } },
            "flags": { "B2": ["low-confidence", "second"] },
        } }),
        ])
    }

    /// The same well by well, as version 1 had it.
    pub fn told_v1(&self) -> Value {
        let seen = [("A1", 0.9987), ("A2", 0.99), ("A3", 0.95), ("B1", 0.9999), ("B2", 0.7), ("B3", 1.0)];
        let well = |(n, (well_id, confidence)): (usize, (&str, f64))| {
            let (x, y) = (100.0 + 50.0 * (n % 3) as f64, 80.0 + 50.0 * (n / 3) as f64);
            let grid_box = json!({ "xmin": x - 25.0, "ymin": y - 25.0, "xmax": x + 25.0, "ymax": y + 25.0 });
            json!({
                "well_id": well_id, "class": if n < 3 { "teardrop" } else { "button" },
                "label": if n < 3 { "positive" } else { "negative" }, "confidence": confidence,
                "bbox": if n == 5 { json!({ "xmin": 1.0, "ymin": 2.0, "xmax": 3.0, "ymax": 4.5 }) } else { grid_box },
                "flags": if n == 4 { json!(["low-confidence", "second"]) } else { json!([]) },
            })
        };
        let wells: Vec<Value> = seen.into_iter().enumerate().map(well).collect();
        joined(&[self.head("completed"), self.made(), json!({ "wells": wells })])
    }

    /// Without results.
    pub fn failed(&self) -> Value {
        joined(&[self.head("failed"), json!({ "error_code": "no-grid", "error_msg": "no wells seen", "images": [] })])
    }

    /// What holds for it, after somebody has decided.
    pub fn state(&self, disposition: &str) -> Value {
        json!({
            "run_id": self.run, "status": "completed", "disposition": disposition,
            "identity": { "sample_no": self.sample_no, "submission_no": "T-1", "plate_no": self.number },
            "needs_review": self.needs_review, "conflict": false, "signed": "", "last_event_seq": 1,
            "distribution": self.distribution,
        })
    }

    pub fn review(&self, id: Uuid) -> Value {
        json!({
            "run_id": self.run, "results": null, "event": {
                "seq": 1, "id": id, "decision": { "kind": "override", "well": "A1", "label": "negative", "class": null },
                "reason_code": "other", "reason_text": "seen by eye", "actor": "ada", "user": null,
                "at": { "utc_ms": 1_795_000_000_000_i64, "offset_min": 0 }, "based_on_seq": 0, "conflict": false,
            },
        })
    }

    pub fn signature(&self, id: Uuid) -> Value {
        json!({
            "signature_id": id, "run_id": self.run, "user_id": id, "meaning": "performed", "covers_seq": 1,
            "content_hash": "dd".repeat(32), "at": { "utc_ms": 1_795_000_000_000_i64, "offset_min": 0 },
        })
    }
}

fn joined(parts: &[Value]) -> Value {
    Value::Object(parts.iter().flat_map(|part| part.as_object().expect("an object").clone()).collect())
}

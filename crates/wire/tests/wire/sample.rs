//! A plate as stations tell of it.

use serde_json::{Value, json};

pub(crate) const RUN: &str = "018bcfe5-6800-7000-8000-000000000001";

pub(crate) fn head() -> Value {
    json!({
        "run_id": RUN, "seq": 1, "status": "completed",
        "predict_at": { "utc_ms": 1_700_000_000_000_i64, "offset_min": 420 },
        "intake_id": "018bcfe5-6800-7000-8000-000000000002",
        "identity": { "sample_no": "S-1", "submission_no": "T-1", "plate_no": "1" },
        "image_sha256": "aa".repeat(32), "assay": { "id": "hi", "version": 1 }, "app_version": "0.1.0",
        "supersedes": null, "content_sha256": "bb".repeat(32),
    })
}

pub(crate) fn made() -> Value {
    let model = json!({ "kind": "well-classifier", "name": "wells", "version": "0.2.0", "sha256": "cc".repeat(32) });
    json!({
        "description": "", "judge": model, "models": [model], "processing_time_ms": 84, "confidence_threshold": 0.8,
        "grid": {
            "format": { "rows": 2, "cols": 3 }, "homography": [50.0, 0.0, 100.0, 0.0, 50.0, 80.0, 0.0, 0.0, 1.0],
            "rms_residual_px": 0.4, "orientation": { "known": true, "by": "letters" },
        },
        "titre_scale": null, "needs_review": false, "review_reasons": [],
        "counts": { "positive": 3, "negative": 3, "invalid": 0 }, "results": { "distribution": { "3": 1, "0": 1 } },
        "images": [{
            "kind": "raw", "file_name": "a.jpg", "file_path": "blobs/aa/aa", "size": 1_800_000,
            "mime_type": "image/jpeg", "width_px": 1920, "height_px": 1080, "sha256": "aa".repeat(32),
        }],
    })
}

pub(crate) fn joined(parts: &[Value]) -> Value {
    let mut all = serde_json::Map::new();
    for part in parts {
        all.extend(part.as_object().expect("an object").clone());
    }
    Value::Object(all)
}

/// The plate by column, as version 2 has it.
pub(crate) fn columns() -> Value {
    json!({ "wells": {
        "classes": ["teardrop", "button"], "class": [0, 0, 0, 1, 1, 1], "label": "pppnnn",
        "confidence": [0.9987, 0.99, 0.95, 0.9999, 0.7, 1.0],
        "bbox": { "B3": { "xmin": 1.0, "ymin": 2.0, "xmax": 3.0, "ymax": 4.5 } },
        "flags": { "B2": ["low-confidence"] },
    } })
}

/// The same plate well by well, as version 1 had it.
pub(crate) fn listed() -> Value {
    let seen = [("A1", 0.9987), ("A2", 0.99), ("A3", 0.95), ("B1", 0.9999), ("B2", 0.7), ("B3", 1.0)];
    let well = |(n, (well_id, confidence)): (usize, (&str, f64))| {
        let (x, y) = (100.0 + 50.0 * (n % 3) as f64, 80.0 + 50.0 * (n / 3) as f64);
        let grid_box = json!({ "xmin": x - 25.0, "ymin": y - 25.0, "xmax": x + 25.0, "ymax": y + 25.0 });
        json!({
            "well_id": well_id, "class": if n < 3 { "teardrop" } else { "button" },
            "label": if n < 3 { "positive" } else { "negative" }, "confidence": confidence,
            "bbox": if n == 5 { json!({ "xmin": 1.0, "ymin": 2.0, "xmax": 3.0, "ymax": 4.5 }) } else { grid_box },
            "flags": if n == 4 { json!(["low-confidence"]) } else { json!([]) },
        })
    };
    json!({ "wells": seen.into_iter().enumerate().map(well).collect::<Vec<Value>>() })
}

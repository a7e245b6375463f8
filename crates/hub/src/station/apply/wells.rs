//! `well_prediction`: nearly all rows that there are, so those of a whole push go in one statement.

use super::{Source, runs::NewRun};
use crate::db::{DbError, Tx, p};
use uuid::Uuid;
use wellread_wire::event::Run;

/// Between flags, which are words.
const BETWEEN: &str = "\u{1f}";

#[derive(Default)]
struct Columns<'a> {
    run_id: Vec<Uuid>,
    well_id: Vec<&'a str>,
    label: Vec<&'a str>,
    class: Vec<&'a str>,
    confidence: Vec<f64>,
    bbox: Vec<String>,
    flags: Vec<String>,
}

impl<'a> Columns<'a> {
    fn add(&mut self, run: &'a Run) -> Result<(), DbError> {
        for well in &run.wells {
            self.run_id.push(run.head.run_id);
            self.well_id.push(&well.well_id);
            self.label.push(&well.label);
            self.class.push(&well.class);
            self.confidence.push(well.confidence);
            let bbox = serde_json::to_string(&well.bbox);
            self.bbox.push(bbox.map_err(|why| DbError::Passing(format!("a box cannot be written: {why}")))?);
            self.flags.push(well.flags.join(BETWEEN));
        }
        Ok(())
    }
}

/// Inserts every well of these runs.
pub(super) async fn insert(tx: &Tx, source: Source, runs: &[NewRun<'_>]) -> Result<(), DbError> {
    let mut columns = Columns::default();
    for run in runs.iter().filter_map(NewRun::completed) {
        columns.add(run)?;
    }
    if columns.run_id.is_empty() {
        return Ok(());
    }
    tx.execute(
        "INSERT INTO microplates.well_prediction (org_id, run_id, well_id, label, class, confidence, bbox, flags)
         SELECT $1, w.run_id, w.well_id, w.label, w.class, w.confidence, w.bbox::jsonb,
           string_to_array(w.flags, chr(31))
         FROM unnest($2::uuid[], $3::text[], $4::text[], $5::text[], $6::double precision[], $7::text[], $8::text[])
           AS w (run_id, well_id, label, class, confidence, bbox, flags)",
        &[
            p(&source.org),
            p(&columns.run_id),
            p(&columns.well_id),
            p(&columns.label),
            p(&columns.class),
            p(&columns.confidence),
            p(&columns.bbox),
            p(&columns.flags),
        ],
    )
    .await?;
    Ok(())
}

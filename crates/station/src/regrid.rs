//! A grid drawn by a person: where the wells of a run lie, when the program found them elsewhere.

use crate::{
    Problem, Station,
    calibration::corner_wells,
    people::{Permission, Session},
    pipeline::Pipeline,
    review::{Change, Reason},
};
use serde_json::json;
use wellread_plate::{
    format::PlateFormat,
    reading::{Grid, Orientation, OrientationBy},
};
use wellread_store::RunId;
use wellread_vision::locate::homography::homography_from_corners;

/// The centres of the four corner wells in the order in which they go round: A1, A12, H12, H1 on 96 wells; in pixels of
/// the upright picture.
pub type Corners = [[f64; 2]; 4];

impl Station {
    /// The grid through four corners, on the plate of a run's assay.
    pub fn grid_through(&self, run: RunId, corners: Corners) -> anyhow::Result<Grid> {
        let format = self.read(|reading| {
            let key = reading.run(run)?.assay;
            Ok(crate::pipeline::stored_assay(reading, &key)?.format)
        })?;
        Ok(through(format, corners)?)
    }

    /// Reads a run's picture again with the wells where a person put them. The new run replaces the old one once it is
    /// accepted, and the old one's review says why.
    pub fn read_with_grid(
        &self,
        session: &Session,
        run: RunId,
        corners: Corners,
        reason: &Reason,
    ) -> anyhow::Result<RunId> {
        self.ask(session, Permission::RunReview, |_| Ok(()))?;
        let grid = self.grid_through(run, corners)?;
        let eyes = self.eyes(None, 1)?;
        let pipeline = Pipeline::new(self, &eyes, &self.settings()?)?.with_grid(grid.clone());
        let ended = pipeline.reprocess(session, run, None)?;
        if let Some(why) = ended.error {
            return Err(Problem::refused(format!("with this grid the picture cannot be read: {why}")).into());
        }
        self.review(session, run, &Change::Grid(json!(grid)), reason, None)?;
        Ok(ended.run)
    }
}

fn through(format: PlateFormat, corners: Corners) -> Result<Grid, Problem> {
    let homography = homography_from_corners(format, corners).filter(|map| map.iter().all(|v| v.is_finite()));
    let homography = homography.ok_or_else(|| {
        let names: Vec<String> = corner_wells(format).into_iter().flatten().map(|well| well.to_string()).collect();
        Problem::invalid(format!("{} do not go round a plate in this order", names.join(", ")))
    })?;
    let orientation = Orientation { known: true, by: OrientationBy::Calibration };
    Ok(Grid { format, homography, rms_residual_px: 0.0, orientation })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_corners_make_a_grid_or_say_what_is_wrong() {
        let corners = [[10.0, 20.0], [230.0, 20.0], [230.0, 160.0], [10.0, 160.0]];
        let grid = through(PlateFormat::WELLS_96, corners).unwrap();
        let [x, y] = grid.project(11.0, 7.0);
        assert!((x - 230.0).abs() < 1e-6 && (y - 160.0).abs() < 1e-6, "H12 lies where it was put: {x}, {y}");
        let crossed = [[10.0, 20.0], [230.0, 160.0], [230.0, 20.0], [10.0, 160.0]];
        let told = through(PlateFormat::WELLS_96, crossed).unwrap_err().message;
        assert!(told.contains("A1, A12, H12, H1"), "the order is named: {told}");
    }
}

//! The station's calibration: where the plate lies under a camera that never moves.
//!
//! ```toml
//! format = 96              # or "4x12"
//! A1  = [200.0, 190.0]     # centres of the four corner wells, in pixels of the upright picture
//! A12 = [1575.8, 201.4]
//! H1  = [202.5, 1062.0]
//! H12 = [1571.0, 1071.3]
//! ```

use serde::Deserialize;
use std::{collections::BTreeMap, path::Path};
use wellread_plate::{
    format::{PlateFormat, WellId},
    reading::{Grid, Orientation, OrientationBy},
};
use wellread_vision::locate::homography::homography_from_corners;

#[derive(Deserialize)]
struct File {
    format: FormatKey,
    #[serde(flatten)]
    corners: BTreeMap<WellId, [f64; 2]>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum FormatKey {
    Wells(usize),
    Sides(String),
}

/// Reads a calibration file; the error says on one line what is wrong with which file.
pub fn load(path: &Path) -> Result<Grid, String> {
    let wrong = |what: String| format!("{}: {what}", path.display());
    let text = std::fs::read_to_string(path).map_err(|e| wrong(format!("cannot be read ({e}): check the path")))?;
    grid(&text).map_err(wrong)
}

fn grid(text: &str) -> Result<Grid, String> {
    let file: File = toml::from_str(text).map_err(|e| {
        format!("{}: write `format` and the centres of the four corner wells, such as A1 = [200.0, 190.0]", e.message())
    })?;
    let format = match &file.format {
        FormatKey::Wells(wells) => PlateFormat::with_wells(*wells),
        FormatKey::Sides(text) => {
            text.split_once('x').and_then(|(r, c)| PlateFormat::new(r.parse().ok()?, c.parse().ok()?).ok())
        }
    }
    .ok_or("`format` is no plate: write 6, 12, 24, 48, 96, 384, 1536 or a text such as \"4x12\"")?;
    let corners = corner_wells(format);
    let names = corners.map(|well| well.map_or_else(String::new, |w| w.to_string()));
    if let Some(other) = file.corners.keys().find(|well| !corners.contains(&Some(**well))) {
        return Err(format!("{other} is no corner of this plate: write {}", names.join(", ")));
    }
    let mut points = [[0.0; 2]; 4];
    for ((point, well), name) in points.iter_mut().zip(corners).zip(&names) {
        let given = well.and_then(|well| file.corners.get(&well)).filter(|p| p.iter().all(|v| v.is_finite()));
        *point = *given.ok_or_else(|| format!("{name} is missing: write {name} = [x, y], in pixels"))?;
    }
    let homography = homography_from_corners(format, points).ok_or_else(|| {
        format!("{} do not go round a plate in this order: check that none are exchanged", names.join(", "))
    })?;
    Ok(Grid {
        format,
        homography,
        rms_residual_px: 0.0,
        orientation: Orientation { known: true, by: OrientationBy::Calibration },
    })
}

/// The corner wells in the order in which they go round: A1, A12, H12, H1 on 96 wells.
pub fn corner_wells(format: PlateFormat) -> [Option<WellId>; 4] {
    let (last_row, last_col) = (format.rows() - 1, format.cols() - 1);
    [(0, 0), (0, last_col), (last_row, last_col), (last_row, 0)].map(|(row, col)| WellId::new(row, col))
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "format = 96\nA1 = [10, 20]\nA12 = [230.0, 20]\nH1 = [10, 160]\nH12 = [230, 160]\n";

    #[test]
    fn four_corners_give_the_grid() {
        let grid = grid(GOOD).unwrap();
        assert_eq!(grid.orientation.by, OrientationBy::Calibration, "a person drew it, so A1 is known");
        let [x, y] = grid.project(1.0, 1.0);
        assert!((x - 30.0).abs() < 1e-6 && (y - 40.0).abs() < 1e-6, "B2 lies one pitch in: {x}, {y}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, told) in [
            (GOOD.replace("H12", "H11"), "H11 is no corner"),
            (GOOD.replace("A12 = [230.0, 20]\n", ""), "A12 is missing"),
            (GOOD.replace("96", "97"), "`format` is no plate"),
            (GOOD.replace("A12 = [230.0, 20]", "A12 = [10, 160]"), "do not go round"),
            (GOOD.replace("[10, 20]", "\"here\""), "write `format`"),
            (GOOD.replace("[10, 20]", "[nan, 20]"), "A1 is missing"),
            (String::new(), "write `format`"),
        ] {
            let error = grid(&text).unwrap_err();
            assert!(error.contains(told), "expected '{told}' in: {error}");
        }
    }
}

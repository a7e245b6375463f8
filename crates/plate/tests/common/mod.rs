//! Plates drawn as text, for tests.

use wellread_plate::{
    class::WellClass,
    format::PlateFormat,
    reading::{BBox, Grid, Orientation, OrientationBy, Reading, WellReading},
};

/// A reading of rows of letters, one letter a well: `t` tear-drop, `b` button, `r` ring, `m` mat, `e` empty,
/// `g` growth, `n` no growth, `c` coloured, `k` clear. Each class has probability 0.95.
pub(crate) fn reading(rows: &[&str]) -> Reading {
    let cols = rows.first().map_or(0, |row| row.len());
    let format = PlateFormat::new(rows.len(), cols).expect("a drawn plate has a size that exists");
    let letters: String = rows.concat();
    let wells = format.iter().zip(letters.chars()).map(|(well, letter)| {
        let (x, y) = (50.0 + 40.0 * well.col() as f64, 60.0 + 40.0 * well.row() as f64);
        WellReading {
            well,
            center_px: [x, y],
            bbox: BBox { xmin: x - 20.0, ymin: y - 20.0, xmax: x + 20.0, ymax: y + 20.0 },
            probabilities: probabilities(letter),
            flags: Vec::new(),
        }
    });
    Reading {
        wells: wells.collect(),
        grid: Grid {
            format,
            homography: [40.0, 0.0, 50.0, 0.0, 40.0, 60.0, 0.0, 0.0, 1.0],
            rms_residual_px: 0.25,
            orientation: Orientation { known: true, by: OrientationBy::Notches },
        },
    }
}

/// 0.95 for the class of the letter, the rest shared by its family in the model's order.
fn probabilities(letter: char) -> Vec<(WellClass, f64)> {
    let families = [
        vec![
            ('t', WellClass::TEARDROP),
            ('b', WellClass::BUTTON),
            ('r', WellClass::RING),
            ('m', WellClass::MAT),
            ('e', WellClass::EMPTY),
        ],
        vec![('n', WellClass::NO_GROWTH), ('g', WellClass::GROWTH)],
        vec![('k', WellClass::CLEAR), ('c', WellClass::COLOURED)],
    ];
    let family = families.into_iter().find(|family| family.iter().any(|(name, _)| *name == letter));
    let family = family.expect("the letter names a class");
    let rest = 0.05 / (family.len() - 1) as f64;
    family.into_iter().map(|(name, class)| (class, if name == letter { 0.95 } else { rest })).collect()
}

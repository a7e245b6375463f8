//! What the landmark reader learns from: squares beside the wells and at the corners, upright and upside down.

use crate::{
    grid::{Jitter, specimen},
    sink,
};
use std::{ops::Range, path::Path};
use wellread_phantom::{Family, Landmark, Request, Scene, Style};
use wellread_vision::{
    classify::crop::CropSource,
    locate::{
        homography::half_turn,
        landmark::{CLASSES, CORNER_SPAN, LABEL_SPAN, SIDE, label_class, place},
    },
};

pub(crate) fn write(seeds: Range<u64>, out: &Path) -> anyhow::Result<()> {
    sink::write(seeds, out, ["landmark.crops.u8", "landmark.labels.u8"], item)
}

fn item(seed: u64) -> [Vec<u8>; 2] {
    let jitter = &mut Jitter::new(seed);
    let family = if seed.is_multiple_of(2) { Family::HaemTilted } else { Family::Color };
    let width = (420.0 * 2.6f64.powf(jitter.next() * 0.5 + 0.5)) as usize;
    let style = if seed.is_multiple_of(5) { Style::Bench } else { Style::Wild };
    let scene = Scene::draw(&Request { seed, family, style, size: (width, width * 3 / 4), format: None });
    let (mut crops, mut labels) = (Vec::new(), Vec::new());
    let Some(specimen) = specimen(&scene, 0.06, jitter) else { return [crops, labels] };
    let source = CropSource::new(&specimen.raster, &specimen.grid);
    let format = specimen.grid.format;
    let mut turned = specimen.grid.clone();
    turned.homography = half_turn(&turned.homography, format);
    let (last_col, last_row) = (format.cols() as f64 - 1.0, format.rows() as f64 - 1.0);
    for (at, landmark) in scene.landmarks() {
        // The product looks at fixed places, not where the label happens to be.
        let at = place(format, at);
        let inside = |[x, y]: [f64; 2]| x > 0.0 && y > 0.0 && x < scene_side(width).0 && y < scene_side(width).1;
        if !inside(specimen.grid.project(at[0], at[1])) || jitter.next() > 0.3 {
            continue;
        }
        let corner = matches!(landmark, Landmark::Notch | Landmark::Corner);
        let span = if corner { CORNER_SPAN } else { LABEL_SPAN };
        let flip = jitter.next() > 0.2;
        let class = match (&landmark, flip) {
            (Landmark::Notch, _) => CLASSES.iter().position(|c| *c == "notch"),
            (Landmark::Corner, _) => CLASSES.iter().position(|c| *c == "corner"),
            (Landmark::Label(text), false) => label_class(text),
            // Upside down these read as themselves or as another label.
            (Landmark::Label(text), true)
                if ["H", "I", "N", "O", "1", "8", "6", "9", "11"].contains(&text.as_str()) =>
            {
                None
            }
            (Landmark::Nothing, _) | (Landmark::Label(_), true) => Some(0),
            (Landmark::Faint, _) => None,
        };
        let Some(class) = class else { continue };
        let (grid, at) = if flip { (&turned, [last_col - at[0], last_row - at[1]]) } else { (&specimen.grid, at) };
        source.cut(grid, at, span, SIDE, &mut crops);
        labels.extend([class as u8, 1]);
    }
    [crops, labels]
}

fn scene_side(width: usize) -> (f64, f64) {
    (width as f64, (width * 3 / 4) as f64)
}

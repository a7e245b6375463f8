//! Which part of the photograph an annotated picture shows, and how large, so that its text stays legible.

use super::canvas::View;
use wellread_plate::{format::PlateFormat, reading::Grid};
use wellread_vision::raster::Raster;

/// The annotated picture's measures, in its own pixels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub view: View,
    pub width: usize,
    pub height: usize,
    /// Where the photograph ends and the legend begins.
    pub bottom: usize,
    /// Mean distance between wells.
    pub pitch: f32,
    /// Size of the text beside wells.
    pub text_px: f32,
    /// Size of the text above and below the photograph.
    pub head_px: f32,
    /// Whether there is room for a class' name beside each well.
    pub names_classes: bool,
}

/// A photograph is shown whole when the plate fills at least this share of it.
const WHOLE_FROM: f64 = 0.3;
/// How far the picture reaches at least, in pitches: for the names before the first wells, and for the titres after
/// the last.
const MARGIN_PITCHES: (f64, f64) = (1.0, 1.4);
/// The longer side a picture is kept under, as long as its text allows.
const LONG_SIDE: f64 = 2400.0;
/// The longest side there may be: a plate whose wells are a pixel apart must not fill the memory.
const LONGEST_SIDE: f64 = 6000.0;

impl Layout {
    pub(super) fn of(grid: &Grid, raster: &Raster) -> Self {
        let format = grid.format;
        let [left, top, right, bottom] = region(grid, raster);
        let (wide, high) = ((right - left).max(1.0), (bottom - top).max(1.0));
        let pitch = grid.pitch_px((format.cols() - 1) as f64 / 2.0, (format.rows() - 1) as f64 / 2.0).max(0.1);
        let names_classes = format.wells() <= 96;
        let scale = scale(pitch, least_pitch(format), wide.max(high));
        let pitch = (pitch * scale) as f32;
        let text_px = (pitch * 0.145).clamp(9.0, 22.0);
        let head_px = ((wide * scale) as f32 / 75.0).clamp(12.0, 28.0);
        let head = (head_px * 3.1).ceil();
        let body = (high * scale).ceil();
        Self {
            view: View { origin: [left, top], scale, top: f64::from(head) },
            width: (wide * scale).ceil() as usize,
            height: (f64::from(head) + body) as usize + (head_px * 1.7).ceil() as usize,
            bottom: (f64::from(head) + body) as usize,
            pitch,
            text_px,
            head_px,
            names_classes,
        }
    }
}

/// Canvas pixels per pixel of the photograph.
fn scale(pitch: f64, least_pitch: f64, long_side: f64) -> f64 {
    let legible = least_pitch / pitch;
    (LONG_SIDE / long_side).min(1.0).max(legible).min(LONGEST_SIDE / long_side)
}

/// The distance between wells, in pixels, below which their text could not be read.
fn least_pitch(format: PlateFormat) -> f64 {
    match format.wells() {
        0..=96 => 100.0,
        97..=384 => 64.0,
        _ => 48.0,
    }
}

/// Left, top, right and bottom of what is shown, in pixels of the photograph; may reach past its edges.
fn region(grid: &Grid, raster: &Raster) -> [f64; 4] {
    let (rows, cols) = (grid.format.rows() as f64, grid.format.cols() as f64);
    let (width, height) = (raster.width() as f64, raster.height() as f64);
    let corners_at = |(before, after): (f64, f64)| {
        let (low, right, below) = (-before, cols - 1.0 + after, rows - 1.0 + after);
        [(low, low), (right, low), (right, below), (low, below)].map(|(c, r)| grid.project(c, r))
    };
    let around = |corners: [[f64; 2]; 4]| {
        corners.iter().fold([f64::MAX, f64::MAX, f64::MIN, f64::MIN], |[l, t, r, b], [x, y]| {
            [l.min(*x), t.min(*y), r.max(*x), b.max(*y)]
        })
    };
    let [l, t, r, b] = around(corners_at((0.5, 0.5)));
    let share = (r - l) * (b - t) / (width * height);
    let [l, t, r, b] = around(corners_at(MARGIN_PITCHES));
    // Perspective may throw a far corner anywhere: never show more than the photograph and its size again around it.
    let [l, t, r, b] = [l.max(-width), t.max(-height), r.min(2.0 * width), b.min(2.0 * height)];
    if share >= WHOLE_FROM { [l.min(0.0), t.min(0.0), r.max(width), b.max(height)] } else { [l, t, r, b] }
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellread_plate::reading::{Orientation, OrientationBy};

    fn layout(format: PlateFormat, pitch: f64, width: usize, height: usize) -> Layout {
        let homography = [pitch, 0.0, pitch, 0.0, pitch, pitch, 0.0, 0.0, 1.0];
        let orientation = Orientation { known: true, by: OrientationBy::Letters };
        let raster = Raster::new(width, height, vec![0; width * height * 3]).unwrap();
        Layout::of(&Grid { format, homography, rms_residual_px: 0.0, orientation }, &raster)
    }

    #[test]
    fn small_wells_are_enlarged_and_large_pictures_reduced() {
        let small = layout(PlateFormat::WELLS_96, 20.0, 900, 700);
        assert!((small.pitch - 100.0).abs() < 0.5, "wells 20 pixels apart could not be labelled: {}", small.pitch);
        let large = layout(PlateFormat::WELLS_96, 300.0, 4000, 3000);
        assert!(large.width < 2600 && large.pitch >= 100.0, "12 megapixels are reduced: {large:?}");
        let fine = layout(PlateFormat::new(32, 48).unwrap(), 20.0, 1100, 800);
        assert!(fine.pitch >= 47.9 && !fine.names_classes, "1536 wells have room for a shape and a number: {fine:?}");
    }

    #[test]
    fn a_small_plate_is_cut_out_and_a_large_one_shown_whole() {
        let small = layout(PlateFormat::WELLS_96, 20.0, 4000, 3000);
        assert!(small.view.scale * 4000.0 > 5.0 * small.width as f64, "only the plate's surroundings are shown");
        let whole = layout(PlateFormat::WELLS_96, 120.0, 1600, 1200);
        assert!(whole.view.origin[0] <= 0.0 && whole.width as f64 >= 1600.0 * whole.view.scale, "the whole photograph");
    }

    #[test]
    fn no_grid_fills_the_memory() {
        let tiny = layout(PlateFormat::new(32, 48).unwrap(), 1.0, 3000, 2000);
        assert!(tiny.width.max(tiny.height) <= 6200, "{} x {}", tiny.width, tiny.height);
    }
}

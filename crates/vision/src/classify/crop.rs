//! Cuts one upright square out of the picture for each well.

use crate::{raster::Raster, scale::resize};
use wellread_plate::reading::Grid;

/// Side of a crop in pixels.
pub const SIDE: usize = 48;
/// Side of a crop in well pitches.
pub const SPAN: f64 = 1.2;
/// Pixels a pitch takes in the picture that crops are sampled from: a little finer than the crop itself.
const SOURCE_PITCH: f64 = SIDE as f64 / SPAN * 1.35;

/// A picture reduced so that its wells are about as large as the crops, and the factor back to the original.
pub struct CropSource {
    raster: Raster,
    factor: f64,
}

impl CropSource {
    /// Reduces the picture for a grid found in it; never enlarges.
    pub fn new(raster: &Raster, grid: &Grid) -> Self {
        let (col, row) = (grid.format.cols() as f64 / 2.0, grid.format.rows() as f64 / 2.0);
        let factor = (SOURCE_PITCH / grid.pitch_px(col, row)).min(1.0);
        let side = |full: usize| ((full as f64 * factor).round() as usize).max(1);
        Self { raster: resize(raster, side(raster.width()), side(raster.height())), factor }
    }

    /// Appends the square of `span` pitches around a lattice point as `side` x `side` RGB bytes, rows top to bottom.
    pub fn cut(&self, grid: &Grid, center: [f64; 2], span: f64, side: usize, out: &mut Vec<u8>) {
        let step = span / side as f64;
        let first = -span / 2.0 + step / 2.0;
        for y in 0..side {
            for x in 0..side {
                let [px, py] = grid.project(center[0] + first + x as f64 * step, center[1] + first + y as f64 * step);
                out.extend(self.sample(px, py));
            }
        }
    }

    /// Bilinear colour at a pixel position of the original picture.
    fn sample(&self, px: f64, py: f64) -> [u8; 3] {
        let (x, y) = ((px * self.factor - 0.5) as f32, (py * self.factor - 0.5) as f32);
        let (x0, y0) = (x.floor(), y.floor());
        let (tx, ty) = (x - x0, y - y0);
        let (ix, iy) = (x0 as isize, y0 as isize);
        let corners = [
            self.raster.pixel(ix, iy),
            self.raster.pixel(ix + 1, iy),
            self.raster.pixel(ix, iy + 1),
            self.raster.pixel(ix + 1, iy + 1),
        ];
        let weights = [(1.0 - tx) * (1.0 - ty), tx * (1.0 - ty), (1.0 - tx) * ty, tx * ty];
        let mut sum = [0.0f32; 3];
        for (corner, weight) in corners.iter().zip(weights) {
            for (total, value) in sum.iter_mut().zip(corner) {
                *total += weight * f32::from(*value);
            }
        }
        sum.map(|v| (v + 0.5) as u8)
    }
}

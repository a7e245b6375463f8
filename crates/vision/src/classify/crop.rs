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
        let view = self.view(grid, center, span, side);
        let inside = self.holds(&view, side);
        for y in 0..side {
            for x in 0..side {
                let at = view.at(x as f32, y as f32);
                out.extend(if inside { self.within(at) } else { self.anywhere(at) });
            }
        }
    }

    /// The map from a square's pixels to the reduced picture's.
    fn view(&self, grid: &Grid, center: [f64; 2], span: f64, side: usize) -> View {
        let step = span / side as f64;
        let first = center.map(|c| c - span / 2.0 + step / 2.0);
        let [a, b, c, d, e, f, g, h, i] = grid.homography;
        let along = |across: f64, down: f64, rest: f64| {
            [across * step, down * step, across * first[0] + down * first[1] + rest]
        };
        // Pixel centres lie at halves: x' = factor x - 1/2, which on numerators is factor n - w / 2.
        let k = self.factor;
        let (x, y) = (
            along(a * k - g / 2.0, b * k - h / 2.0, c * k - i / 2.0),
            along(d * k - g / 2.0, e * k - h / 2.0, f * k - i / 2.0),
        );
        View { x: x.map(|v| v as f32), y: y.map(|v| v as f32), w: along(g, h, i).map(|v| v as f32) }
    }

    /// Whether every sample of a square has its four neighbours in the picture.
    fn holds(&self, view: &View, side: usize) -> bool {
        let last = side as f32 - 1.0;
        let (width, height) = (self.raster.width() as f32, self.raster.height() as f32);
        // What is straight stays straight, so that the corners speak for all between them.
        [[0.0, 0.0], [last, 0.0], [0.0, last], [last, last]].iter().all(|[x, y]| {
            let [px, py] = view.at(*x, *y);
            px >= 0.01 && py >= 0.01 && px < width - 1.01 && py < height - 1.01
        })
    }

    /// Bilinear colour at a position whose four neighbours are in the picture.
    fn within(&self, [x, y]: [f32; 2]) -> [u8; 3] {
        let (ix, iy) = (x as usize, y as usize);
        let pair = |row: usize| {
            let at = (row * self.raster.width() + ix) * 3;
            self.raster.rgb().get(at..at + 6).and_then(|six| six.first_chunk::<6>())
        };
        let (Some(above), Some(below)) = (pair(iy), pair(iy + 1)) else { return [0; 3] };
        blend(*above, *below, x - ix as f32, y - iy as f32)
    }

    /// Bilinear colour at any position; outside, the picture's edge goes on.
    fn anywhere(&self, [x, y]: [f32; 2]) -> [u8; 3] {
        let (x0, y0) = (x.floor(), y.floor());
        let pair = |row: isize| {
            let ([r, g, b], [s, h, c]) = (self.raster.pixel(x0 as isize, row), self.raster.pixel(x0 as isize + 1, row));
            [r, g, b, s, h, c]
        };
        blend(pair(y0 as isize), pair(y0 as isize + 1), x - x0, y - y0)
    }
}

/// Numerators and denominator of a projective map, each linear in a square's column and row.
struct View {
    x: [f32; 3],
    y: [f32; 3],
    w: [f32; 3],
}

impl View {
    fn at(&self, x: f32, y: f32) -> [f32; 2] {
        let value = |[across, down, rest]: [f32; 3]| across * x + down * y + rest;
        let part = 1.0 / value(self.w);
        [value(self.x) * part, value(self.y) * part]
    }
}

/// Two pixels above and two below, weighed by where between them the sample lies.
fn blend(above: [u8; 6], below: [u8; 6], tx: f32, ty: f32) -> [u8; 3] {
    let [a, b, c, d, e, f] = above.map(f32::from);
    let [u, v, w, x, y, z] = below.map(f32::from);
    let mix = |left: f32, right: f32, left_below: f32, right_below: f32| {
        let (over, under) = (left + (right - left) * tx, left_below + (right_below - left_below) * tx);
        (over + (under - over) * ty + 0.5) as u8
    };
    [mix(a, d, u, x), mix(b, e, v, y), mix(c, f, w, z)]
}

#[cfg(test)]
mod tests {
    use super::*;
    use wellread_plate::{
        format::PlateFormat,
        reading::{Orientation, OrientationBy},
    };

    /// A picture whose red is its column and whose green is its row, and a plate in perspective on it.
    fn scene() -> (Raster, Grid) {
        let (width, height) = (250, 200);
        let rgb = (0..height).flat_map(|y| (0..width).flat_map(move |x| [x as u8, y as u8, 7])).collect();
        let grid = Grid {
            format: PlateFormat::new(2, 3).unwrap(),
            homography: [52.0, 4.0, 60.0, -3.0, 50.0, 55.0, 0.02, 0.03, 1.0],
            rms_residual_px: 0.0,
            orientation: Orientation { known: true, by: OrientationBy::Calibration },
        };
        (Raster::new(width, height, rgb).unwrap(), grid)
    }

    #[test]
    fn a_square_shows_what_lies_where_the_grid_says() {
        let (raster, grid) = scene();
        let source = CropSource::new(&raster, &grid);
        assert!((source.factor - 1.0).abs() < 1e-9, "wells of 50 pixels are not reduced");
        let (side, span, center) = (24, 1.1, [1.0, 1.0]);
        let mut rgb = Vec::new();
        source.cut(&grid, center, span, side, &mut rgb);
        for (i, pixel) in rgb.chunks(3).enumerate() {
            let at = |k: usize| (k as f64 + 0.5) / side as f64 * span - span / 2.0;
            let [x, y] = grid.project(center[0] + at(i % side), center[1] + at(i / side));
            for (value, expected) in pixel.iter().zip([x - 0.5, y - 0.5]) {
                assert!((f64::from(*value) - expected).abs() <= 0.6, "pixel {i}: {value}, not {expected}");
            }
        }
    }

    #[test]
    fn beyond_the_picture_its_edge_goes_on() {
        let (raster, grid) = scene();
        let mut rgb = Vec::new();
        CropSource::new(&raster, &grid).cut(&grid, [-1.3, 0.0], 1.2, 8, &mut rgb);
        assert_eq!(rgb.len(), 8 * 8 * 3, "every pixel of the square");
        assert!(rgb.chunks(3).take(1).all(|p| p[0] == 0), "left of the picture lies its first column: {:?}", &rgb[..3]);
    }
}

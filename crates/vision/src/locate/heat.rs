//! The locator network's view: where well centres are, and how far apart they stand.

use super::lattice::{Evidence, Peak};
use crate::{manifest::ModelError, raster::Raster, runtime::Model, scale::resize, tensor};
use ndarray::Array4;

/// Pixels of the input picture that one cell of the map covers, each way.
const STRIDE: usize = 4;
/// The input's sides are multiples of this, the network's coarsest step.
const STEP: usize = 16;
/// Fainter maxima are not worth a peak.
const FAINTEST: f32 = 0.12;
/// Heat outside every map.
const FLOOR: f32 = 1e-4;

/// Heat and pitch over one picture at one size.
pub(super) struct HeatMap {
    cols: usize,
    rows: usize,
    heat: Vec<f32>,
    log_pitch: Vec<f32>,
    /// Size of the reduced picture, without its padding.
    pub(super) size: (f64, f64),
    /// Pixels of the reduced picture for one of the original, across and down.
    pub(super) factor: [f64; 2],
}

impl HeatMap {
    /// Looks at the picture with its longer side reduced to `longer_side` pixels; never enlarges.
    pub(super) fn look(net: &Model, raster: &Raster, longer_side: usize) -> Result<Self, ModelError> {
        let shrink = (longer_side as f64 / raster.width().max(raster.height()) as f64).min(1.0);
        let side = |full: usize| ((full as f64 * shrink).round() as usize).max(1);
        let small = resize(raster, side(raster.width()), side(raster.height()));
        let (width, height) = (small.width(), small.height());
        let (padded_width, padded_height) = (width.next_multiple_of(STEP), height.next_multiple_of(STEP));
        let mut input = Array4::zeros((1, 3, padded_height, padded_width));
        tensor::fill(&mut input, 0, small.rgb(), width, net.spec().input);
        let output = net.run(input.view().into_dyn())?;
        let (rows, cols) = (padded_height / STRIDE, padded_width / STRIDE);
        let values = output.as_slice().filter(|v| v.len() == 2 * rows * cols);
        let Some((heat, log_pitch)) = values.map(|v| v.split_at(rows * cols)) else {
            return Err(net.failed(format!("its output is {:?} instead of [1, 2, {rows}, {cols}]", output.shape())));
        };
        Ok(Self {
            cols,
            rows,
            heat: heat.to_vec(),
            log_pitch: log_pitch.to_vec(),
            size: (width as f64, height as f64),
            factor: [width as f64 / raster.width() as f64, height as f64 / raster.height() as f64],
        })
    }

    fn at(&self, x: isize, y: isize) -> f32 {
        let inside = x >= 0 && y >= 0 && (x as usize) < self.cols && (y as usize) < self.rows;
        let value = inside.then(|| self.heat.get(y as usize * self.cols + x as usize)).flatten();
        value.copied().unwrap_or(0.0).max(FLOOR)
    }

    /// The maxima of the heat, placed between cells by the parabola through the logarithms of their neighbours.
    pub(super) fn peaks(&self) -> Vec<Peak> {
        let mut peaks = Vec::new();
        for y in 0..self.rows as isize {
            for x in 0..self.cols as isize {
                let here = self.at(x, y);
                if here < FAINTEST || !self.is_maximum(x, y, here) {
                    continue;
                }
                let vertex = |before: f32, after: f32| {
                    let (b, h, a) = (before.ln(), here.ln(), after.ln());
                    let bend = b - 2.0 * h + a;
                    if bend < -1e-3 { f64::from(((b - a) / (2.0 * bend)).clamp(-0.5, 0.5)) } else { 0.0 }
                };
                let (dx, dy) =
                    (vertex(self.at(x - 1, y), self.at(x + 1, y)), vertex(self.at(x, y - 1), self.at(x, y + 1)));
                let (px, py) = ((x as f64 + 0.5 + dx) * STRIDE as f64, (y as f64 + 0.5 + dy) * STRIDE as f64);
                if px < self.size.0 && py < self.size.1 {
                    let log_pitch = self.log_pitch.get(y as usize * self.cols + x as usize).copied().unwrap_or(5.0);
                    peaks.push(Peak {
                        x: px,
                        y: py,
                        score: f64::from(here),
                        pitch: f64::from(log_pitch.clamp(1.0, 9.5)).exp2(),
                    });
                }
            }
        }
        peaks
    }

    /// Of equal neighbours the first counts.
    fn is_maximum(&self, x: isize, y: isize, here: f32) -> bool {
        let before = [(-1, -1), (0, -1), (1, -1), (-1, 0)];
        let after = [(1, 0), (-1, 1), (0, 1), (1, 1)];
        before.iter().all(|(dx, dy)| self.at(x + dx, y + dy) < here)
            && after.iter().all(|(dx, dy)| self.at(x + dx, y + dy) <= here)
    }
}

impl Evidence for HeatMap {
    fn heat(&self, x: f64, y: f64, radius_px: f64) -> Option<f64> {
        if x < 0.0 || y < 0.0 || x >= self.size.0 || y >= self.size.1 {
            return None;
        }
        let stride = STRIDE as f64;
        let (cx, cy, reach) = (x / stride - 0.5, y / stride - 0.5, (radius_px / stride).max(0.71));
        let mut most = FLOOR;
        for my in (cy - reach).ceil() as isize..=(cy + reach).floor() as isize {
            for mx in (cx - reach).ceil() as isize..=(cx + reach).floor() as isize {
                if (mx as f64 - cx).hypot(my as f64 - cy) <= reach {
                    most = most.max(self.at(mx, my));
                }
            }
        }
        Some(f64::from(most))
    }
}

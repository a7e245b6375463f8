//! The picture as a detector takes it: scaled to fit, centred, the rest grey.

use crate::{raster::Raster, scale::resize};
use ndarray::Array4;
use wellread_plate::reading::BBox;

/// The grey that YOLO trainings pad with.
const PADDING: u8 = 114;

/// How a picture lies in the network's input.
#[derive(Clone, Copy, Debug)]
pub(super) struct Letterbox {
    width: usize,
    height: usize,
    scaled: (usize, usize),
    left: usize,
    top: usize,
    picture: (f64, f64),
}

impl Letterbox {
    pub(super) fn new(raster: &Raster, width: usize, height: usize) -> Self {
        let picture = (raster.width() as f64, raster.height() as f64);
        let factor = (width as f64 / picture.0).min(height as f64 / picture.1);
        let side = |full: f64, most: usize| ((full * factor).round() as usize).clamp(1, most.max(1));
        let scaled = (side(picture.0, width), side(picture.1, height));
        let (left, top) = (width.saturating_sub(scaled.0) / 2, height.saturating_sub(scaled.1) / 2);
        Self { width, height, scaled, left, top, picture }
    }

    /// The input: three planes of `(v / 255 - mean) / std`.
    pub(super) fn planes(&self, raster: &Raster, mean: f32, std: f32) -> Array4<f32> {
        let small = resize(raster, self.scaled.0, self.scaled.1);
        let value = |v: u8| (f32::from(v) / 255.0 - mean) / std;
        let mut planes = Array4::from_elem((1, 3, self.height, self.width), value(PADDING));
        let (pixels, _) = small.rgb().as_chunks::<3>();
        for (y, line) in pixels.chunks(self.scaled.0).enumerate() {
            for (x, pixel) in line.iter().enumerate() {
                for (channel, &v) in pixel.iter().enumerate() {
                    if let Some(to) = planes.get_mut((0, channel, self.top + y, self.left + x)) {
                        *to = value(v);
                    }
                }
            }
        }
        planes
    }

    /// A box of the input (centre, width, height) in pixels of the picture, cut to it; `None` when nothing is left.
    pub(super) fn back(&self, [cx, cy, w, h]: [f64; 4]) -> Option<BBox> {
        let across = |v: f64| (v - self.left as f64) * self.picture.0 / self.scaled.0 as f64;
        let down = |v: f64| (v - self.top as f64) * self.picture.1 / self.scaled.1 as f64;
        let bbox = BBox {
            xmin: across(cx - w / 2.0).clamp(0.0, self.picture.0),
            ymin: down(cy - h / 2.0).clamp(0.0, self.picture.1),
            xmax: across(cx + w / 2.0).clamp(0.0, self.picture.0),
            ymax: down(cy + h / 2.0).clamp(0.0, self.picture.1),
        };
        // A NaN fails both comparisons.
        (bbox.xmax > bbox.xmin && bbox.ymax > bbox.ymin).then_some(bbox)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(width: usize, height: usize) -> Raster {
        Raster::new(width, height, vec![255; width * height * 3]).unwrap()
    }

    #[test]
    fn a_wide_picture_is_centred_between_grey() {
        let raster = plain(640, 320);
        let planes = Letterbox::new(&raster, 64, 64).planes(&raster, 0.0, 1.0);
        assert_eq!(planes.shape(), [1, 3, 64, 64], "one picture, planes, rows, columns");
        let at = |y| planes[(0, 1, y, 30)];
        assert!((at(15) - 114.0 / 255.0).abs() < 1e-6 && (at(48) - 114.0 / 255.0).abs() < 1e-6, "grey above and below");
        assert!((at(16) - 1.0).abs() < 1e-6 && (at(47) - 1.0).abs() < 1e-6, "the picture between");
        let shifted = Letterbox::new(&raster, 64, 64).planes(&raster, 0.5, 0.25);
        assert!((shifted[(0, 0, 30, 30)] - 2.0).abs() < 1e-6, "(1 - 0.5) / 0.25");
    }

    #[test]
    fn boxes_come_back_in_pixels_of_the_picture() {
        for (width, height) in [(640, 320), (320, 640), (100, 100), (33, 9)] {
            let letterbox = Letterbox::new(&plain(width, height), 64, 64);
            let whole = letterbox.back([32.0, 32.0, 64.0, 64.0]).unwrap();
            let expected = BBox { xmin: 0.0, ymin: 0.0, xmax: width as f64, ymax: height as f64 };
            assert_eq!(whole, expected, "the whole input, cut to a picture of {width} x {height}");
        }
        let half = Letterbox::new(&plain(640, 320), 64, 64).back([16.0, 32.0, 32.0, 8.0]).unwrap();
        assert_eq!(half, BBox { xmin: 0.0, ymin: 120.0, xmax: 320.0, ymax: 200.0 }, "left half, a band in the middle");
    }

    #[test]
    fn boxes_beside_the_picture_are_none() {
        let letterbox = Letterbox::new(&plain(640, 320), 64, 64);
        assert_eq!(letterbox.back([32.0, 4.0, 4.0, 4.0]), None, "in the grey above");
        assert_eq!(letterbox.back([f64::NAN, 32.0, 4.0, 4.0]), None, "no number");
        assert_eq!(letterbox.back([32.0, 32.0, -4.0, 4.0]), None, "of negative width");
    }
}

//! Smaller copies of a picture.

use crate::raster::Raster;
use fast_image_resize::{
    FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer,
    images::{Image, ImageRef},
};

/// The picture at another size, every source pixel weighed in (a triangle filter as wide as the reduction).
///
/// Never fails: a side of 0 becomes 1.
pub fn resize(raster: &Raster, width: usize, height: usize) -> Raster {
    let (width, height) = (width.max(1), height.max(1));
    if (width, height) == (raster.width(), raster.height()) {
        return raster.clone();
    }
    let whole = [0.0, 0.0, raster.width() as f64, raster.height() as f64];
    part(raster, whole, width, height)
}

/// A part of the picture at another size: left, top, right and bottom in its pixels, which are cut off at its edges.
///
/// Never fails: a side of 0 becomes 1, and of a part without area the whole is taken.
pub fn part(raster: &Raster, [left, top, right, bottom]: [f64; 4], width: usize, height: usize) -> Raster {
    let (width, height) = (width.max(1), height.max(1));
    let (most_x, most_y) = (raster.width() as f64, raster.height() as f64);
    let (left, top) = (left.clamp(0.0, most_x), top.clamp(0.0, most_y));
    let (wide, high) = (right.min(most_x) - left, bottom.min(most_y) - top);
    if (wide, high) == (width as f64, height as f64) && left.fract() == 0.0 && top.fract() == 0.0 {
        return cut(raster, left as usize, top as usize, width, height);
    }
    let mut options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    if wide > 0.0 && high > 0.0 {
        options = options.crop(left, top, wide, high);
    }
    let mut target = Image::new(width as u32, height as u32, PixelType::U8x3);
    // A raster's bytes always match its sides, and the part lies inside it: nothing is left to be refused.
    let source = ImageRef::new(raster.width() as u32, raster.height() as u32, raster.rgb(), PixelType::U8x3);
    let done = source.is_ok_and(|source| Resizer::new().resize(&source, &mut target, &options).is_ok());
    debug_assert!(done, "a raster always resizes");
    Raster::new(width, height, target.into_vec()).unwrap_or_else(|| raster.clone())
}

/// A part that keeps its size.
fn cut(raster: &Raster, left: usize, top: usize, width: usize, height: usize) -> Raster {
    let lines = raster.rgb().chunks_exact(raster.width() * 3).skip(top).take(height);
    let rgb: Vec<u8> = lines.filter_map(|line| line.get(left * 3..(left + width) * 3)).flatten().copied().collect();
    Raster::new(width, height, rgb).unwrap_or_else(|| raster.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_cut_out_and_cut_off_at_the_edges() {
        let rgb = (0..20 * 10).flat_map(|at| [(at % 20) as u8, (at / 20) as u8, 0]).collect();
        let raster = Raster::new(20, 10, rgb).unwrap();
        let inside = part(&raster, [5.0, 2.0, 15.0, 6.0], 10, 4);
        assert_eq!(inside.pixel(0, 0), [5, 2, 0], "the part's first pixel");
        assert_eq!(inside.pixel(9, 3), [14, 5, 0], "and its last");
        let past = part(&raster, [-5.0, -5.0, 40.0, 40.0], 20, 10);
        assert_eq!(past, raster, "there is nothing past the edges");
        assert_eq!(part(&raster, [30.0, 0.0, 40.0, 5.0], 4, 2).width(), 4, "no part is no reason to fail");
    }
}

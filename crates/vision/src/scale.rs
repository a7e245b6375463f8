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
    let mut target = Image::new(width as u32, height as u32, PixelType::U8x3);
    let options = ResizeOptions::new().resize_alg(ResizeAlg::Convolution(FilterType::Bilinear));
    // A raster's bytes always match its sides, the only thing the two calls below could refuse.
    let source = ImageRef::new(raster.width() as u32, raster.height() as u32, raster.rgb(), PixelType::U8x3);
    let done = source.is_ok_and(|source| Resizer::new().resize(&source, &mut target, &options).is_ok());
    debug_assert!(done, "a raster always resizes");
    Raster::new(width, height, target.into_vec()).unwrap_or_else(|| raster.clone())
}

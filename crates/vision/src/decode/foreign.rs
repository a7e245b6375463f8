//! PNG, TIFF, BMP and WebP, through the `image` crate.

use super::{DecodeError, Format, Limits, Probe, Stored, depth, watched::Watched};
use crate::raster::Raster;
use image::{ImageDecoder, ImageError, ImageFormat, ImageReader, ImageResult, error::UnsupportedErrorKind};
use std::cell::Cell;

/// Reads the header.
pub(super) fn probe(bytes: &[u8], format: Format) -> Result<Probe, DecodeError> {
    if let Some((width, height)) = declared_size(bytes, format) {
        return Ok(Probe { format, width, height });
    }
    let ran_out = Cell::new(false);
    let limits = Limits::default();
    let (width, height) = open(bytes, format, &limits, &ran_out)
        .map(|decoder| decoder.dimensions())
        .map_err(|error| named(error, format, &limits, ran_out.get()))?;
    Ok(Probe { format, width, height })
}

/// Decodes within the limits.
pub(super) fn decode(bytes: &[u8], format: Format, limits: &Limits) -> Result<Stored, DecodeError> {
    if let Some((width, height)) = declared_size(bytes, format) {
        limits.admit(width, height)?;
    }
    if format == Format::Webp && is_cut_riff(bytes) {
        return Err(DecodeError::Truncated { format });
    }
    let ran_out = Cell::new(false);
    let named = |error| named(error, format, limits, ran_out.get());
    let mut decoder = open(bytes, format, limits, &ran_out).map_err(named)?;
    let (width, height) = decoder.dimensions();
    limits.admit(width, height)?;
    // An unreadable orientation must not cost the picture: it is then taken as stored.
    let exif_orientation = decoder.orientation().map_or(1, image::metadata::Orientation::to_exif);
    let color = decoder.color_type();
    let total = decoder.total_bytes();
    if total > limits.decoder_bytes {
        return Err(DecodeError::TooMuchMemory { format, limit: limits.decoder_bytes });
    }
    let mut samples = vec![0; total as usize];
    decoder.read_image(&mut samples).map_err(named)?;
    let rgb = depth::to_rgb8(samples, color)?;
    let raster = Raster::new(width as usize, height as usize, rgb)
        .ok_or_else(|| DecodeError::damaged(format, &"its width or height is 0"))?;
    Ok(Stored { raster, exif_orientation })
}

fn open<'a>(
    bytes: &'a [u8],
    format: Format,
    limits: &Limits,
    ran_out: &'a Cell<bool>,
) -> ImageResult<impl ImageDecoder + 'a> {
    let known = match format {
        Format::Jpeg => ImageFormat::Jpeg,
        Format::Png => ImageFormat::Png,
        Format::Tiff => ImageFormat::Tiff,
        Format::Bmp => ImageFormat::Bmp,
        Format::Webp => ImageFormat::WebP,
    };
    let mut reader = ImageReader::with_format(Watched::new(bytes, ran_out), known);
    // The sides are left to our own check, which can name the size it refuses.
    let mut allowed = image::Limits::no_limits();
    allowed.max_alloc = Some(limits.decoder_bytes);
    reader.limits(allowed);
    reader.into_decoder()
}

/// Whether a WebP container is longer than its file. Its EXIF block comes last, and a picture whose orientation was cut
/// off with it would be read lying on its side.
fn is_cut_riff(bytes: &[u8]) -> bool {
    let size = bytes.get(4..).and_then(|rest| rest.first_chunk()).map(|size| u64::from(u32::from_le_bytes(*size)));
    size.is_none_or(|size| size + 8 > bytes.len() as u64)
}

/// The size in the header of the formats whose decoder calls a huge size damage instead of naming it.
fn declared_size(bytes: &[u8], format: Format) -> Option<(u32, u32)> {
    match format {
        Format::Bmp => {
            let side = |at: usize| Some(i32::from_le_bytes(*bytes.get(at..)?.first_chunk()?).unsigned_abs());
            (bytes.get(14) != Some(&12)).then(|| Some((side(18)?, side(22)?)))?
        }
        Format::Webp if bytes.get(12..16) == Some(b"VP8X") => {
            let side = |at: usize| match bytes.get(at..at + 3) {
                Some(&[a, b, c]) => Some(u32::from_le_bytes([a, b, c, 0]) + 1),
                _ => None,
            };
            Some((side(24)?, side(27)?))
        }
        _ => None,
    }
}

/// The decoder's error under our names; `ran_out` says that it wanted more bytes than there are.
fn named(error: ImageError, format: Format, limits: &Limits, ran_out: bool) -> DecodeError {
    match error {
        ImageError::Limits(_) => DecodeError::TooMuchMemory { format, limit: limits.decoder_bytes },
        ImageError::Unsupported(what) => {
            let what = match what.kind() {
                UnsupportedErrorKind::Color(color) => format!("a {format} picture of {color:?} samples"),
                UnsupportedErrorKind::GenericFeature(feature) => format!("this kind of {format} picture ({feature})"),
                _ => format!("this kind of {format} picture"),
            };
            DecodeError::Unsupported { what }
        }
        _ if ran_out => DecodeError::Truncated { format },
        other => DecodeError::damaged(format, &other),
    }
}

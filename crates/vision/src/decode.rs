//! Bytes of an image file to an upright 8-bit RGB picture.
//!
//! The format is told by content, never by the file's name. Limits are checked on the header, before anything is
//! decoded, and every file that is not a whole, readable picture ends in a named error: half a photograph would be
//! read as empty wells, which is worse than no reading.

mod depth;
mod error;
mod foreign;
mod jpeg;
mod orient;
mod sniff;
mod watched;

pub use error::DecodeError;

use crate::raster::Raster;
use serde::{Deserialize, Serialize};
use std::{fmt, panic};

/// The file formats that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// JPEG: baseline and progressive, grey, colour, CMYK.
    Jpeg,
    /// PNG.
    Png,
    /// TIFF and `BigTIFF`; the first page.
    Tiff,
    /// Windows bitmap.
    Bmp,
    /// WebP, lossy and lossless; the first frame.
    Webp,
}

impl Format {
    /// The usual name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Tiff => "TIFF",
            Self::Bmp => "BMP",
            Self::Webp => "WebP",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is read at most. The header is held against these before anything is decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Size of the file.
    pub file_bytes: u64,
    /// Width times height.
    pub pixels: u64,
    /// Width, and height.
    pub side_px: u32,
    /// Memory the decoder may take beside the picture it returns.
    pub decoder_bytes: u64,
}

impl Default for Limits {
    /// 256 MiB, 120 megapixels, 32 768 a side: beyond every plate camera and phone, and still decodable in 1 GiB.
    fn default() -> Self {
        Self { file_bytes: 256 << 20, pixels: 120_000_000, side_px: 32_768, decoder_bytes: 1 << 30 }
    }
}

/// What the header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probe {
    /// The format, by content.
    pub format: Format,
    /// Width as stored, before the EXIF orientation is applied.
    pub width: u32,
    /// Height as stored, before the EXIF orientation is applied.
    pub height: u32,
}

/// A decoded picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decoded {
    /// The upright picture: 8 bits a channel, transparency laid over white, EXIF orientation applied.
    pub raster: Raster,
    /// The format, by content.
    pub format: Format,
    /// The EXIF orientation the file carried, 1 to 8; 1 when it carried none. Already applied.
    pub exif_orientation: u8,
}

/// A picture as a decoder gives it, not yet upright.
struct Stored {
    raster: Raster,
    exif_orientation: u8,
}

/// Reads only the header: format and size.
///
/// The limits are not applied here, so that a refused file can still be described.
pub fn probe(bytes: &[u8]) -> Result<Probe, DecodeError> {
    let format = sniff::format(bytes)?;
    guarded(format, || match format {
        Format::Jpeg => jpeg::probe(bytes),
        _ => foreign::probe(bytes, format),
    })
}

/// Decodes a file.
pub fn decode(bytes: &[u8], limits: &Limits) -> Result<Decoded, DecodeError> {
    if bytes.len() as u64 > limits.file_bytes {
        return Err(DecodeError::FileTooLarge { bytes: bytes.len() as u64, limit: limits.file_bytes });
    }
    let format = sniff::format(bytes)?;
    let stored = guarded(format, || match format {
        Format::Jpeg => jpeg::decode(bytes, limits),
        _ => foreign::decode(bytes, format, limits),
    })?;
    let raster = orient::upright(stored.raster, stored.exif_orientation);
    Ok(Decoded { raster, format, exif_orientation: stored.exif_orientation })
}

/// Runs a decoder and turns its panic into [`DecodeError::Damaged`].
///
/// The decoders are other people's code fed with hostile bytes: one damaged photograph must not end a folder's read.
/// They own all they touch, so nothing half-changed survives the unwinding. (A build with `panic = "abort"` would
/// lose this; the workspace keeps unwinding.)
fn guarded<T>(format: Format, decoder: impl FnOnce() -> Result<T, DecodeError>) -> Result<T, DecodeError> {
    panic::catch_unwind(panic::AssertUnwindSafe(decoder)).unwrap_or_else(|_| {
        Err(DecodeError::Damaged { format, detail: "the decoder gave up on an impossible value".to_owned() })
    })
}

impl Limits {
    /// Holds a header's size against the limits.
    fn admit(&self, width: u32, height: u32) -> Result<(), DecodeError> {
        let pixels = u64::from(width) * u64::from(height);
        if width > self.side_px || height > self.side_px || pixels > self.pixels {
            return Err(DecodeError::TooManyPixels {
                width,
                height,
                limit_pixels: self.pixels,
                limit_side_px: self.side_px,
            });
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_inside_a_decoder_becomes_an_error() {
        let quiet = panic::take_hook();
        panic::set_hook(Box::new(|_| {}));
        let result: Result<(), _> = guarded(Format::Bmp, || panic!("index out of bounds"));
        panic::set_hook(quiet);
        assert_eq!(result.unwrap_err().code(), "damaged", "a folder's read goes on after one impossible file");
    }

    #[test]
    fn limits_name_the_side_and_the_pixels() {
        let limits = Limits { pixels: 100, side_px: 50, ..Limits::default() };
        assert!(limits.admit(10, 10).is_ok(), "the limit itself is allowed");
        assert_eq!(limits.admit(10, 11).unwrap_err().code(), "too-large", "one row too many");
        assert_eq!(limits.admit(51, 1).unwrap_err().code(), "too-large", "few pixels, but a side too long");
        assert!(limits.admit(u32::MAX, u32::MAX).is_err(), "the product must not overflow");
    }
}

//! JPEG, decoded by `zune-jpeg` straight to RGB.
//!
//! `zune-jpeg` goes on where the data ends and paints the rest grey. It does so silently in two cases: when the end
//! marker comes before the last row, and when the file ends inside the last row. So the decoder here is given a stream
//! of our own, [`ScanStream`], whose end marker is hidden behind zeros; a decoder that starts a read among those zeros
//! ran out of picture, and the file is cut off.

use super::{DecodeError, Format, Limits, Probe, Stored};
use crate::raster::Raster;
use image::metadata::Orientation;
use std::cell::Cell;
use stream::ScanStream;
use zune_core::{colorspace::ColorSpace, options::DecoderOptions};
use zune_jpeg::JpegDecoder;

mod outline;
mod stream;

use outline::Outline;

/// Reads the header.
pub(super) fn probe(bytes: &[u8]) -> Result<Probe, DecodeError> {
    let frame = outline::frame(bytes)?;
    Ok(Probe { format: Format::Jpeg, width: frame.width, height: frame.height })
}

/// Decodes within the limits.
pub(super) fn decode(bytes: &[u8], limits: &Limits) -> Result<Stored, DecodeError> {
    let frame = outline::frame(bytes)?;
    limits.admit(frame.width, frame.height)?;
    let outline = outline::outline(bytes);
    if frame.coefficient_bytes(&outline) > limits.decoder_bytes {
        return Err(DecodeError::TooMuchMemory { format: Format::Jpeg, limit: limits.decoder_bytes });
    }
    // Each scan of a progressive file looks like a whole picture, so nothing but the marker tells that all came.
    if (frame.progressive && outline.end.is_none()) || frame.lacks_restarts(&outline) {
        return Err(DecodeError::Truncated { format: Format::Jpeg });
    }
    let starved = Cell::new(false);
    let scans = bytes.get(..outline.end.unwrap_or(bytes.len())).unwrap_or(bytes);
    let stream = ScanStream::new(scans, !frame.progressive || outline.scans > 1, &starved);
    let result = decode_stream(stream);
    if starved.get() {
        return Err(DecodeError::Truncated { format: Format::Jpeg });
    }
    result.map_err(|detail| named(&detail, &frame, &outline))
}

/// Why `zune-jpeg` stopped, or `None` when what it gave is no picture.
type Reason = Option<zune_jpeg::errors::DecodeErrors>;

fn decode_stream(stream: ScanStream<'_>) -> Result<Stored, Reason> {
    // Lenient with the headers, where cameras are sloppy and nothing is lost; strict with the picture.
    let lenient = DecoderOptions::default()
        .set_strict_mode(false)
        .set_max_width(usize::MAX)
        .set_max_height(usize::MAX)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(stream, lenient);
    decoder.decode_headers()?;
    let exif_orientation =
        decoder.exif().and_then(|exif| Orientation::from_exif_chunk(exif)).map_or(1, Orientation::to_exif);
    decoder.set_options(lenient.set_strict_mode(true));
    let (width, height) = decoder.dimensions().ok_or(None)?;
    let mut rgb = vec![0; width * height * 3];
    decoder.decode_into(&mut rgb)?;
    let raster = Raster::new(width, height, rgb).ok_or(None)?;
    Ok(Stored { raster, exif_orientation })
}

/// The decoder's error under our names. A file without its end marker is cut off, whatever the decoder tripped over.
fn named(reason: &Reason, frame: &outline::Frame, outline: &Outline) -> DecodeError {
    use zune_jpeg::errors::DecodeErrors;
    let format = Format::Jpeg;
    match reason {
        Some(DecodeErrors::Unsupported(_)) => DecodeError::Unsupported { what: "this kind of JPEG".to_owned() },
        _ if outline.end.is_none() => DecodeError::Truncated { format },
        _ if frame.components == 2 => DecodeError::Unsupported { what: "a JPEG of two channels".to_owned() },
        Some(error) => DecodeError::damaged(format, error),
        None => DecodeError::damaged(format, &"its width or height is 0"),
    }
}

//! Feeds the decoder whatever the fuzzer thinks of.
//!
//! libFuzzer ends the process at the first panic, also at one inside a third-party decoder that `decode` would turn
//! into an error: such a panic is worth knowing, because it costs a message on the screen and may hide more.

#![no_main]

use libfuzzer_sys::fuzz_target;
use wellread_vision::decode::{Limits, decode, probe};

const LIMITS: Limits = Limits { file_bytes: 1 << 20, pixels: 1 << 20, side_px: 8192, decoder_bytes: 64 << 20 };

fuzz_target!(|bytes: &[u8]| {
    let seen = probe(bytes);
    match decode(bytes, &LIMITS) {
        Ok(decoded) => {
            let (width, height) = (decoded.raster.width() as u64, decoded.raster.height() as u64);
            assert!(width * height <= LIMITS.pixels, "{width} x {height} passed the limit of pixels");
            assert!(width.max(height) <= u64::from(LIMITS.side_px), "{width} x {height} passed the limit of a side");
            let seen = seen.expect("what decodes can be probed");
            assert_eq!(seen.format, decoded.format, "header and picture agree on the format");
            let stored = (u64::from(seen.width), u64::from(seen.height));
            let upright = if decoded.exif_orientation >= 5 { (height, width) } else { (width, height) };
            assert_eq!(stored, upright, "header and picture agree on the size");
        }
        Err(error) => assert!(!error.to_string().contains('\n'), "an error is one line: {error}"),
    }
});

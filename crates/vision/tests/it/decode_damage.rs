//! Files that are cut off, hostile or damaged end in a named error, and never in a panic or half a picture.

use crate::pictures::{ALL, encoded, gradient, grainy, kept, rgb, tiff, turned};
use image::DynamicImage;
use proptest::prelude::*;
use std::sync::LazyLock;
use wellread_vision::decode::{Format, Limits, decode, probe};

fn code(bytes: &[u8]) -> &'static str {
    decode(bytes, &Limits::default()).map_or_else(|e| e.code(), |_| "read")
}

#[test]
fn no_image_at_all() {
    assert_eq!(code(b""), "empty-file", "nothing copied");
    assert_eq!(code(b"plate,well,call\n1,A1,positive\n"), "not-an-image", "a table named .jpg");
    assert_eq!(probe(b"GIF89a\x01\x00\x01\x00").unwrap_err().code(), "unsupported", "an image that is not read");
}

#[test]
fn a_file_cut_anywhere_is_cut_off_or_whole() {
    let mut files: Vec<(String, Vec<u8>)> = ALL.iter().map(|&f| (f.to_string(), rgb(grainy(61, 47), f))).collect();
    for name in
        ["progressive.jpg", "restart.jpg", "subsampled.jpg", "cmyk.jpg", "lzw.tif", "turned.webp", "palette.bmp"]
    {
        files.push((name.to_owned(), kept(name)));
    }
    for (name, bytes) in files {
        let whole = decode(&bytes, &Limits::default()).unwrap().raster;
        for length in 0..bytes.len() {
            match decode(&bytes[..length], &Limits::default()) {
                Ok(part) => {
                    let same = part.raster.rgb().iter().zip(whole.rgb()).take_while(|(a, b)| a == b).count();
                    // The decoder reads a few bytes ahead, so only the last blocks can be in doubt.
                    let sure = (whole.height() - 16) * whole.width() * 3;
                    assert!(same >= sure, "{name} cut at {length} of {}: half a picture was given", bytes.len());
                    assert!(length + 16 > bytes.len(), "{name} cut at {length} of {}: data is missing", bytes.len());
                }
                Err(error) => {
                    let fits = error.code() == "truncated" || length < 20;
                    assert!(fits, "{name} cut at {length} of {}: {} ({error})", bytes.len(), error.code());
                }
            }
        }
    }
}

#[test]
fn a_jpeg_without_its_last_marker_is_whole() {
    let bytes = rgb(grainy(61, 47), Format::Jpeg);
    let whole = decode(&bytes, &Limits::default()).unwrap().raster;
    let without = decode(&bytes[..bytes.len() - 2], &Limits::default()).unwrap().raster;
    assert_eq!(without, whole, "every block is there; some cameras forget the marker");
}

#[test]
fn an_end_marker_too_early_is_noticed() {
    for (name, bytes) in [("plain", rgb(grainy(64, 64), Format::Jpeg)), ("restarts", kept("restart.jpg"))] {
        for part in [3, 4, 6, 8] {
            let mut cut = bytes[..bytes.len() - bytes.len() / part].to_vec();
            cut.extend([0xff, 0xd9]);
            assert_eq!(code(&cut), "truncated", "{name}: a repair tool closed a half-written file");
        }
    }
}

/// Files whose header promises 100 000 x 100 000 pixels (or the most the format can say) and whose body is tiny.
fn huge() -> Vec<(Format, Vec<u8>)> {
    let side = 100_000u32;
    let mut png = rgb(gradient(4, 4), Format::Png);
    png[16..20].copy_from_slice(&side.to_be_bytes());
    png[20..24].copy_from_slice(&side.to_be_bytes());
    let crc = crc32(&png[12..29]);
    png[29..33].copy_from_slice(&crc.to_be_bytes());
    let mut bmp = rgb(gradient(4, 4), Format::Bmp);
    bmp[18..22].copy_from_slice(&side.to_le_bytes());
    bmp[22..26].copy_from_slice(&side.to_le_bytes());
    let mut jpeg = rgb(gradient(4, 4), Format::Jpeg);
    let frame = jpeg.windows(2).position(|w| w == [0xff, 0xc0]).unwrap();
    jpeg[frame + 5..frame + 9].fill(0xff);
    let mut webp = b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0".to_vec();
    webp.extend(&(side - 1).to_le_bytes()[..3]);
    webp.extend(&(side - 1).to_le_bytes()[..3]);
    webp.extend(b"VP8 \0\0\0\0");
    let tiff = tiff(side, side, &[1, 2, 3], &[]);
    vec![(Format::Png, png), (Format::Bmp, bmp), (Format::Jpeg, jpeg), (Format::Webp, webp), (Format::Tiff, tiff)]
}

fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |c, _| if c & 1 == 1 { (c >> 1) ^ 0xedb8_8320 } else { c >> 1 })
    })
}

#[test]
fn a_huge_header_is_refused_before_anything_is_decoded() {
    for (format, bytes) in huge() {
        let error = decode(&bytes, &Limits::default()).unwrap_err();
        assert_eq!(error.code(), "too-large", "{format}: {error}");
        let side = if format == Format::Jpeg { "65535 x 65535" } else { "100000 x 100000" };
        assert!(error.to_string().contains(side), "{format}: the message tells the size: {error}");
        let seen = probe(&bytes).unwrap();
        assert_eq!(format!("{} x {}", seen.width, seen.height), side, "{format}: a refused file can be described");
    }
}

#[test]
fn every_limit_is_held() {
    let bytes = rgb(grainy(40, 30), Format::Png);
    let fits = Limits { file_bytes: bytes.len() as u64, pixels: 1200, side_px: 40, ..Limits::default() };
    assert!(decode(&bytes, &fits).is_ok(), "the limits themselves are allowed");
    for limits in [
        Limits { file_bytes: fits.file_bytes - 1, ..fits },
        Limits { pixels: 1199, ..fits },
        Limits { side_px: 39, ..fits },
        Limits { decoder_bytes: 100, ..fits },
    ] {
        let error = decode(&bytes, &limits).unwrap_err();
        assert_eq!(error.code(), "too-large", "{limits:?}: {error}");
    }
    let tight = Limits { decoder_bytes: 1000, ..fits };
    let progressive = decode(&kept("progressive.jpg"), &Limits { pixels: 4000, side_px: 64, ..tight });
    assert_eq!(progressive.unwrap_err().code(), "too-large", "a progressive JPEG keeps all its coefficients");
}

/// A valid file of every format and of the odder kinds.
static SEEDS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let picture = grainy(33, 21);
    let mut seeds: Vec<Vec<u8>> = ALL.iter().map(|&f| rgb(picture.clone(), f)).collect();
    seeds.extend([Format::Jpeg, Format::Png, Format::Tiff, Format::Webp].map(|f| turned(&picture, f, 5)));
    let deep = DynamicImage::ImageRgb8(picture).to_rgba16();
    seeds.extend([Format::Png, Format::Tiff].map(|f| encoded(&DynamicImage::ImageRgba16(deep.clone()), f)));
    for name in ["progressive.jpg", "restart.jpg", "cmyk.jpg", "palette.png", "palette.bmp", "lzw.tif", "turned.webp"] {
        seeds.push(kept(name));
    }
    seeds.extend(huge().into_iter().map(|(_, bytes)| bytes));
    seeds
});

#[derive(Clone, Debug)]
enum Wound {
    Flip { at: prop::sample::Index, bit: u8 },
    Set { at: prop::sample::Index, to: u8 },
    Cut { at: prop::sample::Index },
    Drop { at: prop::sample::Index, count: usize },
    Splice { at: prop::sample::Index, other: prop::sample::Index, from: prop::sample::Index, count: usize },
}

fn wound() -> impl Strategy<Value = Wound> {
    let at = any::<prop::sample::Index>;
    prop_oneof![
        4 => (at(), 0..8u8).prop_map(|(at, bit)| Wound::Flip { at, bit }),
        4 => (at(), prop::sample::select(vec![0, 1, 0x7f, 0x80, 0xff, 0xd9])).prop_map(|(at, to)| Wound::Set { at, to }),
        1 => at().prop_map(|at| Wound::Cut { at }),
        1 => (at(), 1..40usize).prop_map(|(at, count)| Wound::Drop { at, count }),
        1 => (at(), at(), at(), 1..200usize)
            .prop_map(|(at, other, from, count)| Wound::Splice { at, other, from, count }),
    ]
}

fn inflict(bytes: &mut Vec<u8>, wound: &Wound) {
    let length = bytes.len();
    if length == 0 {
        return;
    }
    match wound {
        Wound::Flip { at, bit } => bytes[at.index(length)] ^= 1 << bit,
        Wound::Set { at, to } => bytes[at.index(length)] = *to,
        Wound::Cut { at } => bytes.truncate(at.index(length)),
        Wound::Drop { at, count } => {
            let at = at.index(length);
            bytes.drain(at..(at + count).min(length));
        }
        Wound::Splice { at, other, from, count } => {
            let other = other.get(SEEDS.as_slice());
            let from = from.index(other.len());
            let piece = other[from..(from + count).min(other.len())].to_vec();
            let at = at.index(length);
            bytes.splice(at..at, piece);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, ..ProptestConfig::default() })]

    #[test]
    fn wounded_files_never_panic_and_never_pass_the_limits(
        seed in any::<prop::sample::Index>(),
        wounds in prop::collection::vec(wound(), 1..6),
    ) {
        let mut bytes = seed.get(SEEDS.as_slice()).clone();
        for wound in &wounds {
            inflict(&mut bytes, wound);
        }
        let limits = Limits { pixels: 5000, side_px: 300, decoder_bytes: 1 << 20, ..Limits::default() };
        // The size is known whenever the picture is, and an error is one line with a code.
        match decode(&bytes, &limits) {
            Ok(decoded) => {
                let (w, h) = (decoded.raster.width(), decoded.raster.height());
                prop_assert!(w * h <= 5000 && w <= 300 && h <= 300, "{w} x {h} is beyond the limits");
                let seen = probe(&bytes);
                prop_assert!(seen.is_ok(), "what decodes can be probed: {seen:?}");
            }
            Err(error) => {
                let text = error.to_string();
                prop_assert!(!text.contains('\n') && text.len() < 400, "one line: {text}");
                prop_assert!(!text.contains("impossible value"), "a decoder panicked and was caught: {text}");
            }
        }
    }
}

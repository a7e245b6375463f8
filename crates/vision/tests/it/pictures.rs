//! Pictures that the tests write for themselves.

use image::{
    DynamicImage, ExtendedColorType, ImageEncoder, ImageFormat, RgbImage,
    codecs::{jpeg::JpegEncoder, png::PngEncoder, webp::WebPEncoder},
};
use std::io::Cursor;
use wellread_vision::decode::Format;

pub(crate) const ALL: [Format; 5] = [Format::Jpeg, Format::Png, Format::Tiff, Format::Bmp, Format::Webp];

/// A file that lies in `tests/data`, made by the script there.
pub(crate) fn kept(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/tests/data/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// A smooth picture without symmetry, so that a turn, a flip or a swapped channel shows.
pub(crate) fn gradient(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([(40 + x * 150 / width) as u8, (60 + y * 170 / height) as u8, (200 - x * 90 / width) as u8])
    })
}

/// The same with a fixed pattern over it: every row of every format then carries data.
pub(crate) fn grainy(width: u32, height: u32) -> RgbImage {
    let mut picture = gradient(width, height);
    for (x, y, pixel) in picture.enumerate_pixels_mut() {
        let grain = ((x * 7 + y * 13 + x * y) % 23) as u8;
        pixel.0 = pixel.0.map(|v| v.saturating_add(grain));
    }
    picture
}

/// Any picture in any format.
pub(crate) fn encoded(picture: &DynamicImage, format: Format) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    match format {
        Format::Jpeg => picture.write_with_encoder(JpegEncoder::new_with_quality(&mut bytes, 92)),
        Format::Png => picture.write_to(&mut bytes, ImageFormat::Png),
        Format::Tiff => picture.write_to(&mut bytes, ImageFormat::Tiff),
        Format::Bmp => picture.write_to(&mut bytes, ImageFormat::Bmp),
        Format::Webp => picture.write_to(&mut bytes, ImageFormat::WebP),
    }
    .unwrap();
    bytes.into_inner()
}

/// An RGB picture in any format.
pub(crate) fn rgb(picture: RgbImage, format: Format) -> Vec<u8> {
    encoded(&DynamicImage::ImageRgb8(picture), format)
}

/// An EXIF block that holds nothing but the orientation.
pub(crate) fn exif(orientation: u8) -> Vec<u8> {
    let mut block = b"II*\0\x08\0\0\0\x01\0".to_vec();
    block.extend([0x12, 0x01, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0]);
    block
}

/// An RGB picture with an EXIF orientation, in the formats that carry one.
pub(crate) fn turned(picture: &RgbImage, format: Format, orientation: u8) -> Vec<u8> {
    let (width, height) = picture.dimensions();
    let mut bytes = Vec::new();
    match format {
        Format::Jpeg => {
            let plain = rgb(picture.clone(), format);
            let block = exif(orientation);
            let length = (block.len() + 8) as u16;
            bytes.extend_from_slice(&plain[..2]);
            bytes.extend([0xff, 0xe1]);
            bytes.extend(length.to_be_bytes());
            bytes.extend(b"Exif\0\0");
            bytes.extend(block);
            bytes.extend_from_slice(&plain[2..]);
        }
        Format::Png => {
            let mut encoder = PngEncoder::new(&mut bytes);
            encoder.set_exif_metadata(exif(orientation)).unwrap();
            encoder.write_image(picture, width, height, ExtendedColorType::Rgb8).unwrap();
        }
        Format::Webp => {
            let mut encoder = WebPEncoder::new_lossless(&mut bytes);
            encoder.set_exif_metadata(exif(orientation)).unwrap();
            encoder.write_image(picture, width, height, ExtendedColorType::Rgb8).unwrap();
        }
        Format::Tiff => bytes = tiff(width, height, picture, &[(274, 3, u32::from(orientation))]),
        Format::Bmp => panic!("a bitmap carries no orientation"),
    }
    bytes
}

/// An uncompressed little-endian RGB TIFF of one strip, with further tags (tag, type, value).
pub(crate) fn tiff(width: u32, height: u32, rgb: &[u8], more: &[(u16, u16, u32)]) -> Vec<u8> {
    const SHORT: u16 = 3;
    const LONG: u16 = 4;
    let mut tags = vec![
        (256, LONG, width),
        (257, LONG, height),
        (259, SHORT, 1),
        (262, SHORT, 2),
        (277, SHORT, 3),
        (278, LONG, height),
        (279, LONG, rgb.len() as u32),
    ];
    tags.extend_from_slice(more);
    // The tags whose values lie behind the directory: bits per sample (three shorts) and the strip.
    let values_at = 8 + 2 + 12 * (tags.len() as u32 + 2) + 4;
    tags.push((273, LONG, values_at + 6));
    tags.push((258, SHORT, values_at));
    tags.sort_unstable_by_key(|tag| tag.0);
    let mut bytes = b"II*\0\x08\0\0\0".to_vec();
    bytes.extend((tags.len() as u16).to_le_bytes());
    for (tag, kind, value) in tags {
        bytes.extend(tag.to_le_bytes());
        bytes.extend(kind.to_le_bytes());
        bytes.extend(if tag == 258 { 3u32 } else { 1 }.to_le_bytes());
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend([0; 4]);
    bytes.extend([8, 0, 8, 0, 8, 0]);
    bytes.extend_from_slice(rgb);
    bytes
}

//! Whole files of every format become the picture they hold.

use crate::pictures::{ALL, encoded, exif, gradient, grainy, kept, rgb, tiff, turned};
use image::{DynamicImage, RgbImage};
use wellread_vision::{
    decode::{Decoded, Format, Limits, decode, probe},
    raster::Raster,
};

fn read(bytes: &[u8]) -> Decoded {
    decode(bytes, &Limits::default()).unwrap()
}

/// The largest difference of any channel of any pixel.
fn difference(raster: &Raster, picture: &RgbImage) -> u8 {
    assert_eq!((raster.width(), raster.height()), (picture.width() as usize, picture.height() as usize), "size");
    raster.rgb().iter().zip(picture.as_raw()).map(|(a, b)| a.abs_diff(*b)).max().unwrap()
}

#[test]
fn colour_comes_back_in_every_format() {
    let picture = gradient(61, 37);
    for format in ALL {
        let bytes = rgb(picture.clone(), format);
        let decoded = read(&bytes);
        assert_eq!((decoded.format, decoded.exif_orientation), (format, 1), "what the file is");
        let allowed = if format == Format::Jpeg { 8 } else { 0 };
        assert!(difference(&decoded.raster, &picture) <= allowed, "{format}: only JPEG may lose something");
        let seen = probe(&bytes).unwrap();
        assert_eq!((seen.format, seen.width, seen.height), (format, 61, 37), "{format}: the header alone");
    }
}

#[test]
fn grey_and_transparency_come_back_in_eight_bits() {
    let picture = DynamicImage::ImageRgb8(gradient(40, 30));
    let grey = picture.to_luma8();
    let as_rgb = DynamicImage::ImageLuma8(grey.clone()).to_rgb8();
    for format in [Format::Jpeg, Format::Png, Format::Tiff, Format::Bmp] {
        let decoded = read(&encoded(&DynamicImage::ImageLuma8(grey.clone()), format));
        let allowed = if format == Format::Jpeg { 4 } else { 0 };
        assert!(difference(&decoded.raster, &as_rgb) <= allowed, "{format}: grey is spread to three channels");
    }
    let half = RgbImage::from_pixel(9, 5, image::Rgb([255, 127, 127]));
    let mut red = image::RgbaImage::from_pixel(9, 5, image::Rgba([255, 0, 0, 128]));
    for format in [Format::Png, Format::Tiff, Format::Webp] {
        let decoded = read(&encoded(&DynamicImage::ImageRgba8(red.clone()), format));
        assert!(difference(&decoded.raster, &half) <= 1, "{format}: half-transparent red over white is pink");
    }
    red.fill(0);
    let decoded = read(&encoded(&DynamicImage::ImageRgba8(red), Format::Png));
    assert_eq!(decoded.raster.pixel(4, 4), [255; 3], "full transparency shows white and not the black beneath");
    let veil = image::GrayAlphaImage::from_pixel(9, 5, image::LumaA([0, 51]));
    let decoded = read(&encoded(&DynamicImage::ImageLumaA8(veil), Format::Png));
    assert_eq!(decoded.raster.pixel(0, 0), [204; 3], "grey with alpha");
}

#[test]
fn sixteen_bits_come_back_as_eight() {
    let picture = gradient(40, 30);
    let deep = DynamicImage::ImageRgb8(picture.clone()).to_rgb16();
    for format in [Format::Png, Format::Tiff] {
        let decoded = read(&encoded(&DynamicImage::ImageRgb16(deep.clone()), format));
        assert_eq!(difference(&decoded.raster, &picture), 0, "{format}: v * 257 is v again");
        let camera = image::ImageBuffer::from_fn(40, 30, |x, y| image::Luma([(x * 100 + y) as u16]));
        let decoded = read(&encoded(&DynamicImage::ImageLuma16(camera), format));
        assert_eq!(decoded.raster.pixel(39, 29)[0], 245, "{format}: 3929 of 4095 in a 12-bit camera's file");
    }
}

#[test]
fn every_orientation_is_applied_in_every_format_that_has_one() {
    let upright = gradient(48, 32);
    let picture = DynamicImage::ImageRgb8(upright.clone());
    for orientation in 1..=8u8 {
        // What the camera stored: the upright picture with the orientation undone.
        let stored = match orientation {
            2 => picture.fliph(),
            3 => picture.rotate180(),
            4 => picture.flipv(),
            5 => picture.rotate90().fliph(),
            6 => picture.rotate270(),
            7 => picture.rotate270().fliph(),
            8 => picture.rotate90(),
            _ => picture.clone(),
        }
        .to_rgb8();
        for format in [Format::Jpeg, Format::Png, Format::Tiff, Format::Webp] {
            let bytes = turned(&stored, format, orientation);
            let decoded = read(&bytes);
            assert_eq!(decoded.exif_orientation, orientation, "{format}: the orientation is told");
            let allowed = if format == Format::Jpeg { 8 } else { 0 };
            assert!(difference(&decoded.raster, &upright) <= allowed, "{format}: upright from {orientation}");
            let seen = probe(&bytes).unwrap();
            assert_eq!((seen.width, seen.height), stored.dimensions(), "{format}: the probe tells the stored size");
        }
    }
}

#[test]
fn a_nonsense_orientation_leaves_the_picture_as_stored() {
    let picture = gradient(20, 10);
    for format in [Format::Jpeg, Format::Png, Format::Tiff, Format::Webp] {
        let decoded = read(&turned(&picture, format, 77));
        assert_eq!((decoded.exif_orientation, decoded.raster.width()), (1, 20), "{format}");
    }
    let mut bytes = turned(&picture, Format::Jpeg, 6);
    let cut = bytes.windows(4).position(|w| w == b"II*\0").unwrap();
    bytes[cut + 8] = 200;
    bytes[cut + 9] = 200;
    bytes[cut + 10] = 0;
    assert_eq!(
        read(&bytes).exif_orientation,
        1,
        "an EXIF block that runs past its end costs the turn, not the picture"
    );
    assert_eq!(exif(6).len(), 26, "the block the tests write is the one meant");
}

#[test]
fn the_kinds_of_jpeg_that_cameras_and_editors_write() {
    for name in ["progressive.jpg", "restart.jpg", "subsampled.jpg", "cmyk.jpg"] {
        let raster = read(&kept(name)).raster;
        assert_eq!((raster.width(), raster.height()), (64, 48), "{name}");
        for (x, y, want) in [(12, 8, [200, 30, 30]), (50, 8, [30, 160, 60]), (12, 40, [30, 60, 200])] {
            let found = raster.pixel(x, y);
            let off = found.iter().zip(want).map(|(a, b)| a.abs_diff(b)).max().unwrap();
            assert!(off <= 24, "{name}: ({x}, {y}) is {found:?} and should be about {want:?}");
        }
    }
}

#[test]
fn palettes_and_compressed_tiffs() {
    for name in ["palette.png", "palette.bmp", "lzw.tif"] {
        let raster = read(&kept(name)).raster;
        let off = raster.pixel(12, 40).iter().zip([30, 60, 200]).map(|(a, b)| a.abs_diff(b)).max().unwrap();
        assert!(off <= 10, "{name}: the blue quadrant is {:?}", raster.pixel(12, 40));
    }
    let raster = read(&kept("bilevel.tif")).raster;
    assert!(raster.rgb().iter().all(|&v| v == 0 || v == 255), "one bit a pixel is black or white");
    let error = decode(&kept("palette.tif"), &Limits::default()).unwrap_err();
    assert_eq!(error.code(), "unsupported", "TIFF with a palette is refused by name: {error}");
    let turned = read(&kept("turned.webp"));
    assert_eq!((turned.exif_orientation, turned.raster.width()), (6, 48), "lossy WebP with EXIF");
}

#[test]
fn floats_are_refused_by_name() {
    let floats = DynamicImage::ImageRgb32F(DynamicImage::ImageRgb8(gradient(8, 8)).to_rgb32f());
    let error = decode(&encoded(&floats, Format::Tiff), &Limits::default()).unwrap_err();
    assert_eq!(error.code(), "unsupported", "{error}");
}

#[test]
fn the_name_of_the_file_plays_no_part() {
    let bitmap = rgb(grainy(30, 20), Format::Bmp);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("plate.png");
    #[expect(clippy::disallowed_methods, reason = "a test's scratch file")]
    std::fs::write(&path, &bitmap).unwrap();
    let decoded = read(&std::fs::read(path).unwrap());
    assert_eq!(decoded.format, Format::Bmp, "a bitmap named .png is a bitmap");
}

#[test]
fn one_pixel_is_a_picture() {
    for format in ALL {
        let decoded = read(&rgb(RgbImage::from_pixel(1, 1, image::Rgb([90, 90, 90])), format));
        assert_eq!((decoded.raster.width(), decoded.raster.height()), (1, 1), "{format}");
    }
}

#[test]
fn what_follows_the_picture_is_ignored() {
    let picture = grainy(60, 44);
    let mut bytes = rgb(picture.clone(), Format::Jpeg);
    let whole = read(&bytes).raster;
    bytes.extend(rgb(gradient(9, 9), Format::Jpeg));
    bytes.extend(b"a maker's trailer");
    assert_eq!(read(&bytes).raster, whole, "phones append a second picture and notes of their own");
    let mut bytes = tiff(60, 44, &picture, &[]);
    bytes.extend([0; 99]);
    assert_eq!(difference(&read(&bytes).raster, &picture), 0, "a padded TIFF");
}

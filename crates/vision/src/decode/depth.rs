//! Every sample layout to 8-bit RGB.

use super::DecodeError;
use image::ColorType;

/// Largest value of 12-bit data kept in 16-bit samples, as scientific cameras write it.
const MAX_12_BIT: u16 = 4095;

/// Converts native-endian samples to 8-bit RGB; transparency is laid over white, as paper would show it.
pub(super) fn to_rgb8(samples: Vec<u8>, color: ColorType) -> Result<Vec<u8>, DecodeError> {
    match color {
        ColorType::Rgb8 => Ok(samples),
        ColorType::L8 => Ok(spread(&samples, |&[v]: &[u8; 1]| [v; 3])),
        ColorType::La8 => Ok(spread(&samples, |&[v, a]| [over_white(v, a); 3])),
        ColorType::Rgba8 => Ok(spread(&samples, |&[r, g, b, a]| [r, g, b].map(|v| over_white(v, a)))),
        ColorType::L16 => {
            let full = range(&samples, 1, 1);
            Ok(spread(&samples, |&[l, h]| [scaled([l, h], full); 3]))
        }
        ColorType::La16 => {
            let full = range(&samples, 2, 1);
            Ok(spread(&samples, |&[l, h, m, n]| [over_white(scaled([l, h], full), scaled([m, n], u16::MAX)); 3]))
        }
        ColorType::Rgb16 => {
            let full = range(&samples, 3, 3);
            Ok(spread(&samples, |&[r, s, g, h, b, c]| [[r, s], [g, h], [b, c]].map(|v| scaled(v, full))))
        }
        ColorType::Rgba16 => {
            let full = range(&samples, 4, 3);
            Ok(spread(&samples, |&[r, s, g, h, b, c, a, z]| {
                let alpha = scaled([a, z], u16::MAX);
                [[r, s], [g, h], [b, c]].map(|v| over_white(scaled(v, full), alpha))
            }))
        }
        other => Err(DecodeError::Unsupported { what: format!("a picture of {other:?} samples") }),
    }
}

/// Maps each pixel of `N` bytes to RGB.
fn spread<const N: usize>(samples: &[u8], pixel: impl Fn(&[u8; N]) -> [u8; 3]) -> Vec<u8> {
    let (pixels, _) = samples.as_chunks::<N>();
    let mut rgb = Vec::with_capacity(pixels.len() * 3);
    rgb.extend(pixels.iter().flat_map(pixel));
    rgb
}

fn over_white(value: u8, alpha: u8) -> u8 {
    let (value, alpha) = (u32::from(value), u32::from(alpha));
    ((value * alpha + 255 * (255 - alpha) + 127) / 255) as u8
}

/// The value that stands for white: 4095 when no colour sample exceeds it, 65 535 otherwise.
///
/// A 12-bit camera's picture in a 16-bit file would be nearly black if it were divided by 65 535. The other reading of
/// such a file, a 16-bit picture that never rises above a sixteenth of the range, is no photograph of a plate.
fn range(samples: &[u8], channels: usize, colours: usize) -> u16 {
    let (values, _) = samples.as_chunks::<2>();
    let is_12_bit =
        values.chunks(channels).all(|p| p.iter().take(colours).all(|&v| u16::from_ne_bytes(v) <= MAX_12_BIT));
    if is_12_bit { MAX_12_BIT } else { u16::MAX }
}

fn scaled(sample: [u8; 2], full: u16) -> u8 {
    let (value, full) = (u32::from(u16::from_ne_bytes(sample)), u32::from(full));
    ((value * 255 + full / 2) / full).min(255) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(values: &[u16]) -> Vec<u8> {
        values.iter().flat_map(|v| v.to_ne_bytes()).collect()
    }

    #[test]
    fn sixteen_bits_scale_to_the_nearest_of_eight() {
        let rgb = to_rgb8(bytes(&[0, 257, 32_896, 65_535]), ColorType::L16).unwrap();
        assert_eq!(rgb, [0, 0, 0, 1, 1, 1, 128, 128, 128, 255, 255, 255], "v * 257 is v in 16 bits");
    }

    #[test]
    fn twelve_bits_in_sixteen_fill_the_range() {
        let rgb = to_rgb8(bytes(&[0, 2048, 4095]), ColorType::Rgb16).unwrap();
        assert_eq!(rgb, [0, 128, 255], "4095 is a 12-bit camera's white");
        let rgb = to_rgb8(bytes(&[0, 2048, 4096]), ColorType::Rgb16).unwrap();
        assert_eq!(rgb, [0, 8, 16], "one sample above 4095 shows that all 16 bits are used");
    }

    #[test]
    fn opaque_alpha_does_not_hide_twelve_bit_colours() {
        let rgb = to_rgb8(bytes(&[4095, 2048, 0, 65_535]), ColorType::Rgba16).unwrap();
        assert_eq!(rgb, [255, 128, 0], "the alpha channel has a range of its own");
    }

    #[test]
    fn transparency_shows_white_paper() {
        assert_eq!(to_rgb8(vec![0, 0, 0, 0], ColorType::Rgba8).unwrap(), [255; 3], "fully transparent");
        assert_eq!(to_rgb8(vec![10, 20, 30, 255], ColorType::Rgba8).unwrap(), [10, 20, 30], "fully opaque");
        assert_eq!(to_rgb8(vec![0, 51], ColorType::La8).unwrap(), [204; 3], "a fifth of black over white");
        assert_eq!(to_rgb8(bytes(&[0, 0]), ColorType::La16).unwrap(), [255; 3], "16-bit grey, transparent");
    }

    #[test]
    fn floats_are_refused_by_name() {
        let error = to_rgb8(vec![0; 12], ColorType::Rgb32F).unwrap_err();
        assert_eq!(error.code(), "unsupported", "a float has no agreed white");
    }
}

//! The barcode in a picture, as a suggestion of the sample number: only of the kinds a laboratory allows, in the part of
//! the picture where its labels are, and of the look its numbers have.

use crate::problem::Problem;
use regex::Regex;
use rxing::{BarcodeFormat, DecodeHints};
use std::{collections::HashSet, panic};
use wellread_vision::raster::Raster;

/// What a barcode said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Barcode {
    /// Its text.
    pub text: String,
    /// Its kind, by the name settings give it.
    pub symbology: &'static str,
}

/// The kinds that can be allowed.
static SYMBOLOGIES: [(&str, BarcodeFormat); 10] = [
    ("code-128", BarcodeFormat::CODE_128),
    ("code-39", BarcodeFormat::CODE_39),
    ("code-93", BarcodeFormat::CODE_93),
    ("codabar", BarcodeFormat::CODABAR),
    ("itf", BarcodeFormat::ITF),
    ("ean-13", BarcodeFormat::EAN_13),
    ("ean-8", BarcodeFormat::EAN_8),
    ("upc-a", BarcodeFormat::UPC_A),
    ("qr", BarcodeFormat::QR_CODE),
    ("data-matrix", BarcodeFormat::DATA_MATRIX),
];

/// What is looked for, and where.
#[derive(Clone, Debug)]
pub struct Barcodes {
    allowed: HashSet<BarcodeFormat>,
    pattern: Regex,
    /// Left, top, right and bottom as shares of the picture.
    region: [f64; 4],
}

impl Barcodes {
    /// Looks for these kinds; `None` when none is allowed.
    pub fn allow(symbologies: &[String], pattern: &str, region: [f64; 4]) -> Result<Option<Self>, Problem> {
        let mut allowed = HashSet::new();
        for name in symbologies {
            let Some((_, format)) = SYMBOLOGIES.iter().find(|(known, _)| known == name) else {
                let known = SYMBOLOGIES.map(|(known, _)| known).join(", ");
                return Err(Problem::invalid(format!("'{name}' is no kind of barcode: use {known}")));
            };
            allowed.insert(*format);
        }
        let [left, top, right, bottom] = region;
        if !(0.0 <= left && left < right && right <= 1.0 && 0.0 <= top && top < bottom && bottom <= 1.0) {
            let told = "a label region is [left, top, right, bottom] as shares of the picture, such as [0, 0, 1, 0.3]";
            return Err(Problem::invalid(told));
        }
        // The whole text must fit, or a part of another number would pass.
        let pattern = Regex::new(&format!("^(?:{pattern})$"))
            .map_err(|why| Problem::invalid(format!("the barcode pattern is no regular expression: {why}")))?;
        Ok((!allowed.is_empty()).then_some(Self { allowed, pattern, region }))
    }

    /// The one barcode that fits. Two different ones suggest nothing: a person must read them.
    pub fn find(&self, raster: &Raster) -> Option<Barcode> {
        let (luma, width, height) = self.label(raster)?;
        let hints = || DecodeHints { PossibleFormats: Some(self.allowed.clone()), ..DecodeHints::default() };
        // The decoder is other people's code over whatever the picture shows: its panic finds nothing.
        let found = panic::catch_unwind(|| {
            rxing::helpers::detect_multiple_in_luma_with_hints(luma, width, height, &mut hints())
        });
        let found = found.ok()?.ok()?;
        let mut fitting: Vec<Barcode> = found
            .iter()
            .filter(|result| self.pattern.is_match(result.getText()))
            .filter_map(|result| {
                let (symbology, _) = *SYMBOLOGIES.iter().find(|(_, format)| format == result.getBarcodeFormat())?;
                self.allowed
                    .contains(result.getBarcodeFormat())
                    .then(|| Barcode { text: result.getText().to_owned(), symbology })
            })
            .collect();
        fitting.dedup();
        let first = fitting.pop()?;
        fitting.iter().all(|other| other.text == first.text).then_some(first)
    }

    /// The region's brightness, row by row.
    fn label(&self, raster: &Raster) -> Option<(Vec<u8>, u32, u32)> {
        let [left, top, right, bottom] = self.region;
        let (w, h) = (raster.width() as f64, raster.height() as f64);
        let (x0, x1) = ((left * w) as usize, ((right * w).ceil() as usize).min(raster.width()));
        let (y0, y1) = ((top * h) as usize, ((bottom * h).ceil() as usize).min(raster.height()));
        let (width, height) = (x1.checked_sub(x0)?, y1.checked_sub(y0)?);
        let mut luma = Vec::with_capacity(width * height);
        for y in y0..y1 {
            let row = raster.rgb().get((y * raster.width() + x0) * 3..(y * raster.width() + x1) * 3)?;
            luma.extend(row.chunks_exact(3).map(|rgb| match rgb {
                [r, g, b] => ((u32::from(*r) * 77 + u32::from(*g) * 151 + u32::from(*b) * 28) >> 8) as u8,
                _ => 0,
            }));
        }
        Some((luma, u32::try_from(width).ok()?, u32::try_from(height).ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rxing::{MultiFormatWriter, Writer};

    const WHOLE: [f64; 4] = [0.0, 0.0, 1.0, 1.0];

    /// A grey picture with a barcode in its upper left corner.
    fn labelled(text: &str) -> Raster {
        let code = MultiFormatWriter.encode(text, &BarcodeFormat::CODE_128, 400, 90).unwrap();
        let (width, height) = (700, 400);
        let mut rgb = vec![235; width * height * 3];
        for y in 0..code.getHeight() {
            for x in 0..code.getWidth() {
                let at = ((y as usize + 20) * width + x as usize + 40) * 3;
                rgb[at..at + 3].fill(if code.get(x, y) { 20 } else { 235 });
            }
        }
        Raster::new(width, height, rgb).unwrap()
    }

    fn code_128(pattern: &str, region: [f64; 4]) -> Barcodes {
        Barcodes::allow(&["code-128".to_owned()], pattern, region).unwrap().unwrap()
    }

    #[test]
    fn an_allowed_barcode_that_fits_is_a_suggestion() {
        let found = code_128("S-[0-9]+", WHOLE).find(&labelled("S-1234"));
        assert_eq!(found, Some(Barcode { text: "S-1234".into(), symbology: "code-128" }), "it is read");
    }

    #[test]
    fn what_is_not_allowed_not_there_or_not_fitting_suggests_nothing() {
        let picture = labelled("S-1234");
        assert_eq!(code_128("S-[0-9]{3}", WHOLE).find(&picture), None, "the whole text must fit");
        assert_eq!(code_128("S-[0-9]+", [0.0, 0.5, 1.0, 1.0]).find(&picture), None, "not where labels are");
        let qr = Barcodes::allow(&["qr".to_owned()], ".*", WHOLE).unwrap().unwrap();
        assert_eq!(qr.find(&picture), None, "of another kind");
        assert!(Barcodes::allow(&[], ".*", WHOLE).unwrap().is_none(), "nothing allowed, nothing looked for");
        assert!(Barcodes::allow(&["runes".to_owned()], ".*", WHOLE).is_err(), "a kind that is not known is told");
    }
}

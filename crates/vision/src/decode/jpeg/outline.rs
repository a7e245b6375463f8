//! The segments of a JPEG file, without its pixels: size, kind and where the picture ends.

use super::{DecodeError, Format};
use memchr::memchr;

/// What the frame header says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) components: u8,
    pub(super) progressive: bool,
    /// Pixels of one coding unit, across and down.
    unit_px: (u32, u32),
}

/// How the picture's data is laid out.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Outline {
    /// Offset of the end marker; `None` when there is none. What follows it (a phone's second picture, a maker's
    /// trailer) is no part of the picture.
    pub(super) end: Option<usize>,
    /// Components in the first scan; fewer than the frame has when each component has a scan of its own.
    pub(super) first_scan_components: u8,
    /// How many scans there are.
    pub(super) scans: usize,
    /// Coding units between two restart markers; 0 without restarts.
    restart_interval: u64,
    /// Restart markers found.
    restarts: u64,
}

const SOI: u8 = 0xd8;
const EOI: u8 = 0xd9;
const SOS: u8 = 0xda;
const DRI: u8 = 0xdd;

/// One marker with its body, which stand-alone markers lack.
struct Segment<'a> {
    marker: u8,
    at: usize,
    body: &'a [u8],
}

/// Walks from marker to marker; entropy-coded data lies between segments and is passed over.
struct Segments<'a> {
    bytes: &'a [u8],
    at: usize,
    restarts: u64,
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        loop {
            let at = self.at + memchr(0xff, self.bytes.get(self.at..)?)?;
            let marker = *self.bytes.get(at + 1)?;
            match marker {
                // A fill byte: the marker is yet to come.
                0xff => self.at = at + 1,
                // A stuffed 0xff of the data, and markers without a body.
                0x00 | 0x01 | SOI => self.at = at + 2,
                0xd0..=0xd7 => {
                    self.restarts += 1;
                    self.at = at + 2;
                }
                EOI => {
                    self.at = self.bytes.len();
                    return Some(Segment { marker, at, body: &[] });
                }
                _ => {
                    let length = usize::from(u16::from_be_bytes(*self.bytes.get(at + 2..)?.first_chunk()?));
                    self.at = at + 2 + length.max(2);
                    let body = self.bytes.get(at + 4..self.at).unwrap_or_default();
                    return Some(Segment { marker, at, body });
                }
            }
        }
    }
}

fn segments(bytes: &[u8]) -> Segments<'_> {
    Segments { bytes, at: 0, restarts: 0 }
}

/// Reads the frame header, and refuses the kinds that the decoder cannot read.
pub(super) fn frame(bytes: &[u8]) -> Result<Frame, DecodeError> {
    let format = Format::Jpeg;
    let unsupported = |what: &str| Err(DecodeError::Unsupported { what: what.to_owned() });
    let is_frame = |m: u8| matches!(m, 0xc0..=0xcf) && !matches!(m, 0xc4 | 0xc8 | 0xcc);
    for segment in segments(bytes).take_while(|s| s.marker != EOI) {
        if !is_frame(segment.marker) {
            continue;
        }
        let &[precision, h1, h0, w1, w0, components, ref sampling @ ..] = segment.body else {
            return Err(DecodeError::Truncated { format });
        };
        return match segment.marker {
            0xc3 | 0xc7 | 0xcb | 0xcf => unsupported("a lossless JPEG"),
            0xc5 | 0xc6 | 0xcd | 0xce => unsupported("a hierarchical JPEG"),
            0xc9 | 0xca => unsupported("an arithmetic-coded JPEG"),
            _ if precision != 8 => unsupported(&format!("a JPEG of {precision} bits a channel")),
            marker => Ok(Frame {
                width: u32::from(u16::from_be_bytes([w1, w0])),
                height: u32::from(u16::from_be_bytes([h1, h0])),
                components,
                progressive: marker == 0xc2,
                unit_px: unit_px(sampling, components),
            }),
        };
    }
    Err(DecodeError::Truncated { format })
}

/// Finds the end of the picture.
pub(super) fn outline(bytes: &[u8]) -> Outline {
    let mut outline = Outline { end: None, first_scan_components: 0, scans: 0, restart_interval: 0, restarts: 0 };
    let mut segments = segments(bytes);
    for segment in segments.by_ref() {
        match (segment.marker, segment.body) {
            (EOI, _) => outline.end = Some(segment.at),
            (DRI, &[high, low, ..]) if outline.scans == 0 => {
                outline.restart_interval = u64::from(u16::from_be_bytes([high, low]));
            }
            (SOS, body) => {
                if outline.scans == 0 {
                    outline.first_scan_components = body.first().copied().unwrap_or(0);
                }
                outline.scans += 1;
            }
            _ => {}
        }
    }
    outline.restarts = segments.restarts;
    outline
}

/// Pixels of one coding unit: eight times the largest sampling factors, or one block when there is one component.
fn unit_px(sampling: &[u8], components: u8) -> (u32, u32) {
    let (parts, _) = sampling.as_chunks::<3>();
    let factors = parts.iter().take(components.into()).map(|&[_, f, _]| (u32::from(f >> 4), u32::from(f & 15)));
    let (across, down) = factors.fold((1, 1), |(a, d), (h, v)| (a.max(h), d.max(v)));
    if components == 1 { (8, 8) } else { (8 * across, 8 * down) }
}

impl Frame {
    /// Whether restart markers are missing, and the data between them with them.
    ///
    /// The decoder looks for the next restart marker as far as the end of the file and then paints the rest, so an end
    /// at a restart goes unnoticed unless the markers are counted.
    pub(super) fn lacks_restarts(&self, outline: &Outline) -> bool {
        if outline.restart_interval == 0 || outline.scans != 1 {
            return false;
        }
        let (across, down) = self.unit_px;
        let units = u64::from(self.width.div_ceil(across)) * u64::from(self.height.div_ceil(down));
        outline.restarts + 1 < units.div_ceil(outline.restart_interval)
    }

    /// Memory for the coefficients of the whole picture, which are kept when it comes in several scans.
    pub(super) fn coefficient_bytes(&self, outline: &Outline) -> u64 {
        if !self.progressive && outline.first_scan_components >= self.components {
            return 0;
        }
        let padded = |side: u32| u64::from(side).next_multiple_of(32);
        padded(self.width) * padded(self.height) * u64::from(self.components) * 2
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// SOI, a frame header of the given kind and precision for 3 x 2 pixels in one component, one scan.
    fn file(kind: u8, precision: u8, data: &[u8]) -> Vec<u8> {
        let mut file = vec![0xff, SOI, 0xff, kind, 0, 11, precision, 0, 2, 0, 3, 1, 1, 0x11, 0];
        file.extend([0xff, SOS, 0, 8, 1, 1, 0, 0, 63, 0]);
        file.extend(data);
        file
    }

    #[test]
    fn the_end_is_found_behind_stuffed_bytes_and_restarts() {
        let bytes = file(0xc0, 8, &[1, 0xff, 0, 0xd9, 0xff, 0xd0, 2, 0xff, 0xff, EOI, 7, 7, 0xff, EOI]);
        assert_eq!(
            outline(&bytes),
            Outline { end: Some(25 + 8), first_scan_components: 1, scans: 1, restart_interval: 0, restarts: 1 },
            "0xff00 and restarts are data, fill bytes may precede a marker, and a second end belongs to a trailer"
        );
        assert_eq!(outline(bytes.get(..30).unwrap()).end, None, "cut off before the end marker");
    }

    #[test]
    fn a_thumbnail_inside_a_segment_does_not_end_the_picture() {
        let mut bytes = vec![0xff, SOI, 0xff, 0xe1, 0, 6, 0xff, SOI, 0xff, EOI];
        bytes.extend(file(0xc0, 8, &[0xff, EOI]).split_off(2));
        assert_eq!(outline(&bytes).end, Some(bytes.len() - 2), "EXIF carries a whole JPEG of its own");
    }

    #[test]
    fn missing_restarts_are_counted() {
        let frame = Frame { width: 33, height: 17, components: 3, progressive: false, unit_px: (16, 16) };
        let with = |restarts| Outline { end: None, first_scan_components: 3, scans: 1, restart_interval: 4, restarts };
        assert!(!frame.lacks_restarts(&with(1)), "3 x 2 units are two intervals of four with one marker between");
        assert!(frame.lacks_restarts(&with(0)), "the second interval never came");
        assert_eq!(unit_px(&[1, 0x21, 0, 2, 0x11, 0, 3, 0x11, 0], 3), (16, 8), "4:2:2");
    }

    #[test]
    fn frames_that_cannot_be_read_are_named() {
        assert_eq!(
            frame(&file(0xc2, 8, &[])).unwrap(),
            Frame { width: 3, height: 2, components: 1, progressive: true, unit_px: (8, 8) },
            "a progressive frame"
        );
        for (kind, precision, word) in [(0xc1, 12, "12 bits"), (0xc3, 8, "lossless"), (0xc9, 8, "arithmetic")] {
            let error = frame(&file(kind, precision, &[])).unwrap_err();
            assert_eq!(error.code(), "unsupported", "{kind:x}");
            assert!(error.to_string().contains(word), "'{error}' should say {word}");
        }
        assert_eq!(frame(&[0xff, SOI, 0xff]).unwrap_err().code(), "truncated", "no frame header came");
    }
}

//! Sizes of a plate in millimetres.
//!
//! Footprint and well positions follow ANSI/SLAS 1-2004 and 4-2004 for 96, 384 and 1536 wells;
//! the coarse formats use the pitch common to their makers. Strip holders keep the 9 mm pitch.

use wellread_plate::format::PlateFormat;

/// Where the wells lie on a plate, in mm from its top left corner (A1's corner, unrotated).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Geometry {
    pub(crate) format: PlateFormat,
    pub(crate) pitch: f32,
    pub(crate) a1: [f32; 2],
    pub(crate) size: [f32; 2],
}

impl Geometry {
    pub(crate) fn of(format: PlateFormat) -> Self {
        let (pitch, size) = match (format.rows(), format.cols()) {
            (2, 3) => (39.12, [127.76, 85.48]),
            (3, 4) => (26.01, [127.76, 85.48]),
            (4, 6) => (19.3, [127.76, 85.48]),
            (6, 8) => (13.08, [127.76, 85.48]),
            (8, 12) => (9.0, [127.76, 85.48]),
            (16, 24) => (4.5, [127.76, 85.48]),
            (32, 48) => (2.25, [127.76, 85.48]),
            (rows, cols) => (9.0, [(cols - 1) as f32 * 9.0 + 22.0, (rows - 1) as f32 * 9.0 + 20.0]),
        };
        let margin = |count: usize, side: f32| (side - (count - 1) as f32 * pitch) / 2.0;
        Self { format, pitch, a1: [margin(format.cols(), size[0]), margin(format.rows(), size[1])], size }
    }

    /// Centre of a lattice point in mm.
    pub(crate) fn well(&self, col: f64, row: f64) -> [f64; 2] {
        [f64::from(self.a1[0]) + col * f64::from(self.pitch), f64::from(self.a1[1]) + row * f64::from(self.pitch)]
    }
}

#[cfg(test)]
mod tests {
    use super::Geometry;
    use wellread_plate::format::PlateFormat;

    #[test]
    fn a_96_well_plate_has_the_standard_offsets() {
        let plate = Geometry::of(PlateFormat::WELLS_96);
        assert!((plate.a1[0] - 14.38).abs() < 0.01 && (plate.a1[1] - 11.24).abs() < 0.01, "ANSI/SLAS 4-2004");
    }
}

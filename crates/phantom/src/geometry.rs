//! Where the wells lie on a plate, in millimetres.

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
        let (pitch, size) = (format.pitch_mm() as f32, format.footprint_mm().map(|side| side as f32));
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

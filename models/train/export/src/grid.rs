//! The grid of a rendered plate, as `locate` would find it: nearly right.

use wellread_phantom::{Scene, truth::Truth};
use wellread_plate::{
    format::{PlateFormat, WellId},
    reading::{Grid, Orientation, OrientationBy},
};
use wellread_vision::{locate::homography::homography_from_corners, raster::Raster};

/// A stream of numbers from -1 to 1 that follows from a seed.
pub(crate) struct Jitter(u64);

impl Jitter {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed ^ 0x9E37_79B9_7F4A_7C15)
    }

    /// The next number from -1 to 1 (splitmix64).
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}

/// A rendered plate: the picture, its truth and its grid.
pub(crate) struct Specimen {
    pub(crate) raster: Raster,
    pub(crate) truth: Truth,
    pub(crate) grid: Grid,
}

/// Renders a scene; corners are off by up to `error` pitches, as a located grid's are.
pub(crate) fn specimen(scene: &Scene, error: f64, jitter: &mut Jitter) -> Option<Specimen> {
    let truth = scene.truth("");
    let format = PlateFormat::new(truth.rows, truth.cols).ok()?;
    let (rows, cols) = (format.rows() - 1, format.cols() - 1);
    let mut corners = [[0.0; 2]; 4];
    for (corner, (row, col)) in corners.iter_mut().zip([(0, 0), (0, cols), (rows, cols), (rows, 0)]) {
        let well = WellId::new(row, col)?;
        let (rim, floor) = (truth.corners.get(&well)?, truth.corners_alt.as_ref()?.get(&well)?);
        let mut off = || jitter.next() * error * truth.pitch_px;
        *corner = [f64::midpoint(rim[0], floor[0]) + off(), f64::midpoint(rim[1], floor[1]) + off()];
    }
    let homography = homography_from_corners(format, corners)?;
    let orientation = Orientation { known: false, by: OrientationBy::Assumed };
    let picture = scene.render();
    let raster = Raster::new(picture.width, picture.height, picture.rgb)?;
    Some(Specimen { raster, truth, grid: Grid { format, homography, rms_residual_px: 0.0, orientation } })
}

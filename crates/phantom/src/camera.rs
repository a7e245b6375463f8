//! Where the camera stands: millimetres on the plate to pixels and back.

use nalgebra::{Matrix3, Vector3};

/// A pinhole view of the plate's top plane with one radial distortion term.
#[derive(Clone, Debug)]
pub(crate) struct Camera {
    to_px: Matrix3<f64>,
    to_mm: Matrix3<f64>,
    middle: [f64; 2],
    reach: f64,
    k1: f64,
    /// The point of the plate that the camera looks straight down on, in mm.
    pub(crate) above: [f64; 2],
    /// Shift of a point `depth` mm below the top plane, as a share of its distance to `above`, per mm.
    pub(crate) parallax_per_mm: f64,
}

/// The pose from which a [`Camera`] is made.
pub(crate) struct Pose {
    pub(crate) width: f64,
    pub(crate) height: f64,
    /// Where the plate's middle comes to lie, in pixels.
    pub(crate) at: [f64; 2],
    pub(crate) px_per_mm: f64,
    pub(crate) rotation: f64,
    /// Tilt out of the picture plane, about x and about y, in radians.
    pub(crate) tilt: [f64; 2],
    /// Height of the camera above the plate in mm.
    pub(crate) distance_mm: f64,
    pub(crate) k1: f64,
    /// Mirrored pictures do not exist; the plate's middle in mm.
    pub(crate) plate_middle: [f64; 2],
}

impl Camera {
    pub(crate) fn new(pose: &Pose) -> Self {
        let (sin, cos) = pose.rotation.sin_cos();
        let (sx, cx) = pose.tilt[0].sin_cos();
        let (sy, cy) = pose.tilt[1].sin_cos();
        let turn = Matrix3::new(cos, -sin, 0.0, sin, cos, 0.0, 0.0, 0.0, 1.0);
        let tilt_x = Matrix3::new(1.0, 0.0, 0.0, 0.0, cx, -sx, 0.0, sx, cx);
        let tilt_y = Matrix3::new(cy, 0.0, sy, 0.0, 1.0, 0.0, -sy, 0.0, cy);
        let r = tilt_x * tilt_y * turn;
        // Columns 1 and 2 of the rotation carry the plane; the third row makes the perspective.
        let d = pose.distance_mm;
        let [mx, my] = pose.plate_middle;
        let plane = Matrix3::new(r.m11, r.m12, 0.0, r.m21, r.m22, 0.0, r.m31 / d, r.m32 / d, 1.0)
            * Matrix3::new(1.0, 0.0, -mx, 0.0, 1.0, -my, 0.0, 0.0, 1.0);
        let s = pose.px_per_mm;
        let to_px = Matrix3::new(s, 0.0, pose.at[0], 0.0, s, pose.at[1], 0.0, 0.0, 1.0) * plane;
        let to_mm = to_px.try_inverse().unwrap_or_else(Matrix3::identity);
        // A tilted plate is looked at from aside: the point under the camera moves by distance x tan(tilt), taken back by the turn.
        let aside = Vector3::new(-d * pose.tilt[1].tan(), d * pose.tilt[0].tan(), 0.0);
        let back = turn.transpose() * aside;
        Self {
            to_px,
            to_mm,
            middle: [pose.width / 2.0, pose.height / 2.0],
            reach: pose.width.hypot(pose.height) / 2.0,
            k1: pose.k1,
            above: [mx + back.x, my + back.y],
            parallax_per_mm: 1.0 / d,
        }
    }

    /// Pixel of a point of the plate in mm.
    pub(crate) fn project(&self, mm: [f64; 2]) -> [f64; 2] {
        let p = self.to_px * Vector3::new(mm[0], mm[1], 1.0);
        let (x, y) = (p.x / p.z, p.y / p.z);
        let (dx, dy) = ((x - self.middle[0]) / self.reach, (y - self.middle[1]) / self.reach);
        let bend = 1.0 + self.k1 * (dx * dx + dy * dy);
        [self.middle[0] + dx * bend * self.reach, self.middle[1] + dy * bend * self.reach]
    }

    /// Point of the plate's plane under a pixel, in mm; far away when the pixel looks past the horizon.
    pub(crate) fn back(&self, px: [f64; 2]) -> [f64; 2] {
        let (dx, dy) = ((px[0] - self.middle[0]) / self.reach, (px[1] - self.middle[1]) / self.reach);
        let mut r2 = dx * dx + dy * dy;
        let bent = r2;
        for _ in 0..3 {
            let bend = 1.0 + self.k1 * r2;
            r2 = bent / (bend * bend);
        }
        let bend = 1.0 + self.k1 * r2;
        let straight = [self.middle[0] + dx / bend * self.reach, self.middle[1] + dy / bend * self.reach];
        let p = self.to_mm * Vector3::new(straight[0], straight[1], 1.0);
        if p.z < 1e-6 { [1e6, 1e6] } else { [p.x / p.z, p.y / p.z] }
    }

    /// Where a point `depth_mm` below the top plane appears on the top plane.
    pub(crate) fn sunk(&self, mm: [f64; 2], depth_mm: f64) -> [f64; 2] {
        let k = depth_mm * self.parallax_per_mm / (1.0 + depth_mm * self.parallax_per_mm);
        [mm[0] + (self.above[0] - mm[0]) * k, mm[1] + (self.above[1] - mm[1]) * k]
    }
}

#[cfg(test)]
mod tests {
    use super::{Camera, Pose};

    #[test]
    fn back_undoes_project() {
        let pose = Pose {
            width: 1000.0,
            height: 800.0,
            at: [480.0, 410.0],
            px_per_mm: 5.0,
            rotation: 0.4,
            tilt: [0.2, -0.15],
            distance_mm: 300.0,
            k1: -0.05,
            plate_middle: [63.9, 42.7],
        };
        let camera = Camera::new(&pose);
        for mm in [[10.0, 10.0], [120.0, 80.0], [63.9, 42.7]] {
            let [x, y] = camera.back(camera.project(mm));
            assert!((x - mm[0]).hypot(y - mm[1]) < 0.05, "{mm:?} came back as {x}, {y}");
        }
        let [x, y] = camera.project([63.9, 42.7]);
        assert!((x - 480.0).hypot(y - 410.0) < 2.0, "the plate's middle lies where the pose puts it");
    }
}

//! Maps from lattice (column, row) to pixels: fitted, inverted, composed.
//!
//! A homography is a row-major 3x3 matrix acting on (column, row, 1); the third component of its result is positive
//! for every point in front of the camera. The matrices made here keep that sign.

use nalgebra::{Matrix3, SMatrix, SVector};
use wellread_plate::format::PlateFormat;

/// A row-major 3x3 homography.
pub type Homography = [f64; 9];

/// One lattice point and where it was seen.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pair {
    /// Column and row.
    pub lattice: [f64; 2],
    /// Pixel.
    pub pixel: [f64; 2],
}

/// The image of a point; `None` on or behind the horizon.
pub fn project(h: &Homography, x: f64, y: f64) -> Option<[f64; 2]> {
    let [a, b, c, d, e, f, g, k, i] = *h;
    let w = g * x + k * y + i;
    (w > f64::EPSILON * i.abs().max(f64::MIN_POSITIVE)).then(|| [(a * x + b * y + c) / w, (d * x + e * y + f) / w])
}

/// The steps in pixels to the next column and to the next row, at a lattice point: the map's derivative there.
pub fn steps(h: &Homography, x: f64, y: f64) -> Option<[[f64; 2]; 2]> {
    let [a, b, _, d, e, _, g, k, i] = *h;
    let [px, py] = project(h, x, y)?;
    let w = g * x + k * y + i;
    Some([[(a - g * px) / w, (d - g * py) / w], [(b - k * px) / w, (e - k * py) / w]])
}

/// Mean length in pixels of the two steps at a lattice point.
pub fn pitch_px(h: &Homography, x: f64, y: f64) -> Option<f64> {
    let [u, v] = steps(h, x, y)?;
    // Pixels need none of `hypot`'s care for overflow, which takes ten times as long.
    let length = |s: [f64; 2]| (s[0] * s[0] + s[1] * s[1]).sqrt();
    Some(f64::midpoint(length(u), length(v)))
}

/// The inverse map, pixels to (column, row); `None` when the matrix is singular.
pub fn inverse(h: &Homography) -> Option<Homography> {
    let m = Matrix3::from_row_slice(h);
    let size = m.abs().max();
    // A relative test, because the entries range from pixels to perspective terms a million times smaller.
    let inverse = (size.is_finite() && size > 0.0).then(|| (m / size).try_inverse()).flatten()?;
    let out = rows_of(&(inverse / size));
    out.iter().all(|x| x.is_finite()).then_some(out)
}

/// `outer` after `inner`.
pub fn compose(outer: &Homography, inner: &Homography) -> Homography {
    rows_of(&(Matrix3::from_row_slice(outer) * Matrix3::from_row_slice(inner)))
}

/// The same lattice in another picture whose pixel is `(x, y) * scale + shift`.
///
/// This brings a fit from the network's input to the original picture: the scale is original / input on each axis,
/// and the shift is 0 where (0, 0) is the corner of the first pixel, `(scale - 1) / 2` where it is its centre.
pub fn scale(h: &Homography, scale: [f64; 2], shift: [f64; 2]) -> Homography {
    compose(&[scale[0], 0.0, shift[0], 0.0, scale[1], shift[1], 0.0, 0.0, 1.0], h)
}

/// The same plate read from the opposite corner: A1 becomes H12.
pub fn half_turn(h: &Homography, format: PlateFormat) -> Homography {
    let (cols, rows) = (format.cols() as f64 - 1.0, format.rows() as f64 - 1.0);
    compose(h, &[-1.0, 0.0, cols, 0.0, -1.0, rows, 0.0, 0.0, 1.0])
}

/// The map through four corner wells drawn by hand, their centres in the order A1, A12, H12, H1 (first row first
/// column, first row last column, last row last column, last row first column).
///
/// `None` when the format has a single row or column, or when the corners do not go round a convex shape in that
/// order (a mirrored plate, two corners exchanged, three in a line).
pub fn homography_from_corners(format: PlateFormat, corners: [[f64; 2]; 4]) -> Option<Homography> {
    let [p, q, r, s] = corners;
    let turn = |a: [f64; 2], b: [f64; 2], c: [f64; 2]| {
        let (u, v) = ([b[0] - a[0], b[1] - a[1]], [c[0] - b[0], c[1] - b[1]]);
        (u[0] * v[1] - u[1] * v[0]) / (u[0].hypot(u[1]) * v[0].hypot(v[1]))
    };
    let convex = [(p, q, r), (q, r, s), (r, s, p), (s, p, q)].iter().all(|&(a, b, c)| turn(a, b, c) > 0.02);
    if format.cols() < 2 || format.rows() < 2 || !convex {
        return None;
    }
    // The unit square onto a quadrilateral, in closed form (Heckbert 1989).
    let (dx1, dy1) = (q[0] - r[0], q[1] - r[1]);
    let (dx2, dy2) = (s[0] - r[0], s[1] - r[1]);
    let (sx, sy) = (p[0] - q[0] + r[0] - s[0], p[1] - q[1] + r[1] - s[1]);
    let det = dx1 * dy2 - dx2 * dy1;
    let (g, k) = ((sx * dy2 - dx2 * sy) / det, (dx1 * sy - sx * dy1) / det);
    let square = [
        q[0] - p[0] + g * q[0],
        s[0] - p[0] + k * s[0],
        p[0],
        q[1] - p[1] + g * q[1],
        s[1] - p[1] + k * s[1],
        p[1],
        g,
        k,
        1.0,
    ];
    let (cols, rows) = (format.cols() as f64 - 1.0, format.rows() as f64 - 1.0);
    Some(compose(&square, &[1.0 / cols, 0.0, 0.0, 0.0, 1.0 / rows, 0.0, 0.0, 0.0, 1.0]))
}

/// How far a point may lie from the lattice, in pitches, before it counts as an outlier of the fit.
const HUBER_PITCH: f64 = 0.12;
/// What noise the fit expects of a point, in pitches; only its ratio to [`PERSPECTIVE_SPREAD`] matters.
const NOISE_PITCH: f64 = 0.05;
/// How much perspective is expected: relative change of scale over the plate's half-extent.
const PERSPECTIVE_SPREAD: f64 = 0.12;

/// Fits a homography by least squares of the distance in pixels, outliers weighed down (Huber).
///
/// Perspective has a weak prior, which decides nothing where points are many, and keeps the far corner in place where
/// a 6-well plate shows only five. `None` when the points do not determine a map.
pub(super) fn fit_pairs(pairs: &[Pair]) -> Option<Homography> {
    let lattice = Frame::of(pairs.iter().map(|p| p.lattice))?;
    let pixel = Frame::of(pairs.iter().map(|p| p.pixel))?;
    let normal: Vec<Pair> =
        pairs.iter().map(|p| Pair { lattice: lattice.apply(p.lattice), pixel: pixel.apply(p.pixel) }).collect();
    // One lattice step is about this long in the normalised picture, whose points have unit spread like the lattice's.
    let pitch = lattice.scale;
    let ridge = (NOISE_PITCH * pitch / PERSPECTIVE_SPREAD).powi(2);
    let mut params = algebraic(&normal, ridge)?;
    for _ in 0..6 {
        let step = reprojection_step(&normal, &params, HUBER_PITCH * pitch, ridge)?;
        params += step;
        if step.amax() < 1e-7 {
            break;
        }
    }
    let h: Vec<f64> = params.iter().copied().collect();
    let [a, b, c, d, e, f, g, k]: [f64; 8] = h.try_into().ok()?;
    let out = compose(&pixel.back(), &compose(&[a, b, c, d, e, f, g, k, 1.0], &lattice.forth()));
    let whole = out.iter().all(|x| x.is_finite());
    (whole && pairs.iter().all(|p| project(&out, p.lattice[0], p.lattice[1]).is_some())).then_some(out)
}

/// Moves points to mean 0 and root mean square distance 1, without which the equations are badly conditioned.
struct Frame {
    mean: [f64; 2],
    scale: f64,
}

impl Frame {
    fn of(points: impl Iterator<Item = [f64; 2]> + Clone) -> Option<Self> {
        let n = points.clone().count() as f64;
        let sum = points.clone().fold([0.0, 0.0], |s, p| [s[0] + p[0], s[1] + p[1]]);
        let mean = [sum[0] / n, sum[1] / n];
        let square = points.map(|p| (p[0] - mean[0]).powi(2) + (p[1] - mean[1]).powi(2)).sum::<f64>() / n;
        (square > 0.0 && square.is_finite()).then(|| Self { mean, scale: 1.0 / square.sqrt() })
    }

    fn apply(&self, p: [f64; 2]) -> [f64; 2] {
        [(p[0] - self.mean[0]) * self.scale, (p[1] - self.mean[1]) * self.scale]
    }

    fn forth(&self) -> Homography {
        let s = self.scale;
        [s, 0.0, -s * self.mean[0], 0.0, s, -s * self.mean[1], 0.0, 0.0, 1.0]
    }

    fn back(&self) -> Homography {
        let s = 1.0 / self.scale;
        [s, 0.0, self.mean[0], 0.0, s, self.mean[1], 0.0, 0.0, 1.0]
    }
}

type Params = SVector<f64, 8>;

/// Normal equations of a linear least-squares problem in the eight parameters.
struct Normal {
    matrix: SMatrix<f64, 8, 8>,
    right: Params,
}

impl Normal {
    fn with_ridge(ridge: f64) -> Self {
        let tiny = 1e-12;
        Self {
            matrix: SMatrix::from_diagonal(&Params::from([tiny, tiny, tiny, tiny, tiny, tiny, ridge, ridge])),
            right: Params::zeros(),
        }
    }

    fn add(&mut self, row: Params, right: f64, weight: f64) {
        self.matrix.ger(weight, &row, &row, 1.0);
        self.right.axpy(weight * right, &row, 1.0);
    }

    fn solve(self) -> Option<Params> {
        let solution = self.matrix.cholesky()?.solve(&self.right);
        solution.iter().all(|x| x.is_finite()).then_some(solution)
    }
}

/// The direct linear solution. Its last entry can be set to 1 because the points' centre lies in front of the camera.
fn algebraic(pairs: &[Pair], ridge: f64) -> Option<Params> {
    let mut normal = Normal::with_ridge(ridge);
    for Pair { lattice: [u, v], pixel: [x, y] } in pairs.iter().copied() {
        normal.add(Params::from([u, v, 1.0, 0.0, 0.0, 0.0, -x * u, -x * v]), x, 1.0);
        normal.add(Params::from([0.0, 0.0, 0.0, u, v, 1.0, -y * u, -y * v]), y, 1.0);
    }
    normal.solve()
}

/// One Gauss-Newton step on the reprojection distance.
fn reprojection_step(pairs: &[Pair], params: &Params, huber: f64, ridge: f64) -> Option<Params> {
    let [a, b, c, d, e, f, g, k]: [f64; 8] = (*params).into();
    let mut normal = Normal::with_ridge(ridge);
    normal.right -= Params::from([0.0, 0.0, 0.0, 0.0, 0.0, 0.0, ridge * g, ridge * k]);
    for Pair { lattice: [u, v], pixel: [x, y] } in pairs.iter().copied() {
        let w = g * u + k * v + 1.0;
        if w < 0.05 {
            return None;
        }
        let (px, py) = ((a * u + b * v + c) / w, (d * u + e * v + f) / w);
        let (rx, ry) = (x - px, y - py);
        let weight = (huber / (rx * rx + ry * ry).sqrt()).min(1.0);
        let (u, v, o) = (u / w, v / w, 1.0 / w);
        normal.add(Params::from([u, v, o, 0.0, 0.0, 0.0, -px * u, -px * v]), rx, weight);
        normal.add(Params::from([0.0, 0.0, 0.0, u, v, o, -py * u, -py * v]), ry, weight);
    }
    normal.solve()
}

fn rows_of(m: &Matrix3<f64>) -> Homography {
    let t = m.transpose();
    let mut out = [0.0; 9];
    out.iter_mut().zip(t.iter()).for_each(|(to, from)| *to = *from);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const CORNERS: [[f64; 2]; 4] = [[100.0, 80.0], [620.0, 130.0], [560.0, 420.0], [90.0, 360.0]];

    fn close(a: [f64; 2], b: [f64; 2]) -> bool {
        (a[0] - b[0]).hypot(a[1] - b[1]) < 1e-6
    }

    #[test]
    fn corners_map_onto_themselves() {
        let h = homography_from_corners(PlateFormat::WELLS_96, CORNERS).unwrap();
        for (at, corner) in [(0.0, 0.0), (11.0, 0.0), (11.0, 7.0), (0.0, 7.0)].into_iter().zip(CORNERS) {
            assert!(close(project(&h, at.0, at.1).unwrap(), corner), "corner {at:?} must stay where it was drawn");
        }
    }

    #[test]
    fn corners_in_the_wrong_order_are_refused() {
        let [a, b, c, d] = CORNERS;
        for wrong in [[b, a, d, c], [a, c, b, d], [a, b, b, d], [a, [360.0, 105.0], b, d]] {
            assert_eq!(homography_from_corners(PlateFormat::WELLS_96, wrong), None, "{wrong:?} is no plate");
        }
        let strip = PlateFormat::new(1, 12).unwrap();
        assert_eq!(homography_from_corners(strip, CORNERS), None, "one row has no four corners");
    }

    #[test]
    fn inverse_scale_and_half_turn_agree_with_their_meaning() {
        let h = homography_from_corners(PlateFormat::WELLS_96, CORNERS).unwrap();
        let back = inverse(&h).unwrap();
        let [x, y] = project(&h, 3.25, 6.5).unwrap();
        assert!(close(project(&back, x, y).unwrap(), [3.25, 6.5]), "the inverse undoes the map");
        let large = scale(&h, [2.0, 3.0], [0.5, 1.0]);
        assert!(close(project(&large, 3.25, 6.5).unwrap(), [2.0 * x + 0.5, 3.0 * y + 1.0]), "pixels are scaled");
        let turned = half_turn(&h, PlateFormat::WELLS_96);
        assert!(close(project(&turned, 11.0, 7.0).unwrap(), CORNERS[0]), "the last well is where the first was");
        assert_eq!(inverse(&[0.0; 9]), None, "nothing undoes a map onto nothing");
    }

    #[test]
    fn steps_are_the_derivative() {
        let h = homography_from_corners(PlateFormat::WELLS_96, CORNERS).unwrap();
        let [u, v] = steps(&h, 5.0, 3.0).unwrap();
        let at = project(&h, 5.0, 3.0).unwrap();
        let [right, below] = [project(&h, 5.0 + 1e-6, 3.0).unwrap(), project(&h, 5.0, 3.0 + 1e-6).unwrap()];
        for (step, next) in [(u, right), (v, below)] {
            let measured = [(next[0] - at[0]) / 1e-6, (next[1] - at[1]) / 1e-6];
            assert!((step[0] - measured[0]).hypot(step[1] - measured[1]) < 1e-3, "{step:?} against {measured:?}");
        }
    }

    #[test]
    fn a_fit_finds_the_map_despite_an_outlier() {
        let h = homography_from_corners(PlateFormat::WELLS_96, CORNERS).unwrap();
        let mut pairs: Vec<Pair> = PlateFormat::WELLS_96
            .iter()
            .map(|w| [w.col() as f64, w.row() as f64])
            .map(|at| Pair { lattice: at, pixel: project(&h, at[0], at[1]).unwrap() })
            .collect();
        pairs[40].pixel[0] += 12.0;
        let fitted = fit_pairs(&pairs).unwrap();
        for corner in [(0.0, 0.0), (11.0, 0.0), (11.0, 7.0), (0.0, 7.0)] {
            let (a, b) = (project(&h, corner.0, corner.1).unwrap(), project(&fitted, corner.0, corner.1).unwrap());
            assert!((a[0] - b[0]).hypot(a[1] - b[1]) < 1.0, "one well 12 px off moves corner {corner:?} by under 1 px");
        }
    }

    #[test]
    fn points_in_a_line_determine_no_map() {
        let pairs: Vec<Pair> =
            (0..12).map(|i| Pair { lattice: [f64::from(i), 0.0], pixel: [f64::from(i) * 40.0, 30.0] }).collect();
        let usable = fit_pairs(&pairs).and_then(|h| steps(&h, 5.0, 0.0)).is_some_and(|[_, v]| v[0].hypot(v[1]) > 1.0);
        assert!(!usable, "a single row says nothing of the distance between rows");
        assert!(fit_pairs(&[]).is_none(), "no points, no map");
    }
}

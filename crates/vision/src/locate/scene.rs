//! Synthetic heat maps and peaks of plates, with the truth, for tests.

use super::homography::{self, Homography};
use super::lattice::{Evidence, Fit, Peak};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use wellread_plate::format::PlateFormat;

/// Size of the network's input in most tests.
pub(super) const SIZE: (f64, f64) = (512.0, 384.0);

/// A spot of heat.
#[derive(Clone, Copy)]
struct Spot {
    at: [f64; 2],
    height: f64,
    sigma: f64,
}

/// What a test asks for.
#[derive(Clone, Copy)]
pub(super) struct Recipe {
    pub(super) rows: usize,
    pub(super) cols: usize,
    pub(super) size: (f64, f64),
    /// Turn in the picture's plane.
    pub(super) rotation_deg: f64,
    /// Tilt away from the camera.
    pub(super) tilt_deg: f64,
    /// How much of the picture the plate's frame takes, in its tighter direction.
    pub(super) fill: f64,
    /// Where the plate's centre lies, as shares of the picture.
    pub(super) center: [f64; 2],
    /// Spread of the peaks around the true centres, in pitches, on each axis.
    pub(super) noise: f64,
    /// Share of wells that show nothing.
    pub(super) missing: f64,
    /// Scattered false peaks, as a share of the wells.
    pub(super) false_peaks: f64,
    /// Radial distortion at the picture's corner.
    pub(super) barrel: f64,
    /// Rows that are faint throughout (the first, and the one after the last), and their greatest heat.
    pub(super) faint_rows: (usize, usize),
    pub(super) faint_heat: f64,
    /// Heat of the wells that are seen, from and to.
    pub(super) heat: (f64, f64),
    /// Whether another regular pattern stands beside the plate.
    pub(super) rack: bool,
    /// Whether letters stand before the rows.
    pub(super) letters: bool,
}

impl Recipe {
    /// A plate seen straight from above, without any trouble.
    pub(super) fn plain(rows: usize, cols: usize) -> Self {
        Self {
            rows,
            cols,
            size: SIZE,
            rotation_deg: 0.0,
            tilt_deg: 0.0,
            fill: 0.8,
            center: [0.5, 0.5],
            noise: 0.03,
            missing: 0.0,
            false_peaks: 0.0,
            barrel: 0.0,
            faint_rows: (0, 0),
            faint_heat: 0.0,
            heat: (0.5, 0.98),
            rack: false,
            letters: false,
        }
    }
}

/// Peaks, heat and truth of one picture.
pub(super) struct Scene {
    pub(super) peaks: Vec<Peak>,
    pub(super) size: (f64, f64),
    pub(super) format: PlateFormat,
    /// True centres, row by row.
    pub(super) centers: Vec<[f64; 2]>,
    spots: Vec<Spot>,
    /// Indices of the spots by tile, so that a lookup stays quick with 1536 wells.
    tiles: Vec<Vec<usize>>,
}

const TILES: usize = 48;
const HAZE: f64 = 0.02;

impl Scene {
    /// Renders a recipe.
    pub(super) fn new(recipe: &Recipe, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let map = camera(recipe, &mut rng);
        let format = PlateFormat::new(recipe.rows, recipe.cols).unwrap();
        let mut scene = Self {
            peaks: Vec::new(),
            size: recipe.size,
            format,
            centers: Vec::new(),
            spots: Vec::new(),
            tiles: Vec::new(),
        };
        scene.add_plate(recipe, &map, &mut rng);
        let false_peaks = (recipe.false_peaks * format.wells() as f64).round() as usize;
        for _ in 0..false_peaks {
            let at = [rng.random::<f64>() * recipe.size.0, rng.random::<f64>() * recipe.size.1];
            let pitch = homography::pitch_px(&map, recipe.cols as f64 / 2.0, recipe.rows as f64 / 2.0).unwrap();
            scene.add(at, rng.random_range(0.3..0.85), pitch, &mut rng);
        }
        if recipe.letters {
            for row in 0..recipe.rows {
                let at = bend(homography::project(&map, -0.8, row as f64).unwrap(), recipe);
                scene.add(at, rng.random_range(0.2..0.6), 0.6 * scene.pitch(&map, 0.0, row as f64), &mut rng);
            }
        }
        if recipe.rack {
            scene.add_rack(recipe, &map, &mut rng);
        }
        scene.index();
        scene
    }

    /// Spots without any plate.
    pub(super) fn of_spots(spots: &[[f64; 2]], pitch: f64, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut scene = Self {
            peaks: Vec::new(),
            size: SIZE,
            format: PlateFormat::WELLS_96,
            centers: Vec::new(),
            spots: Vec::new(),
            tiles: Vec::new(),
        };
        for &at in spots {
            let height = rng.random_range(0.5..0.95);
            scene.add(at, height, pitch, &mut rng);
        }
        scene.index();
        scene
    }

    fn pitch(&self, map: &Homography, col: f64, row: f64) -> f64 {
        homography::pitch_px(map, col, row).unwrap_or(self.size.0 / 10.0)
    }

    fn add_plate(&mut self, recipe: &Recipe, map: &Homography, rng: &mut ChaCha8Rng) {
        for well in self.format.iter() {
            let (col, row) = (well.col() as f64, well.row() as f64);
            let at = bend(homography::project(map, col, row).unwrap(), recipe);
            let pitch = self.pitch(map, col, row);
            self.centers.push(at);
            let faint = (recipe.faint_rows.0..recipe.faint_rows.1).contains(&well.row());
            let height = if faint {
                rng.random_range(0.4..1.0) * recipe.faint_heat
            } else if rng.random::<f64>() < recipe.missing {
                rng.random_range(0.0..0.25)
            } else {
                rng.random_range(recipe.heat.0..recipe.heat.1)
            };
            let seen = [at[0] + recipe.noise * pitch * normal(rng), at[1] + recipe.noise * pitch * normal(rng)];
            self.add(seen, height, pitch, rng);
        }
    }

    /// Six by four bottles beside the plate, at their own pitch and angle.
    fn add_rack(&mut self, recipe: &Recipe, map: &Homography, rng: &mut ChaCha8Rng) {
        let pitch = self.pitch(map, 0.0, 0.0) * rng.random_range(0.8..1.4);
        let (sin, cos) = rng.random_range(0.0..3.0f64).sin_cos();
        let corner = [rng.random_range(0.0..1.0) * recipe.size.0, 0.0];
        for k in 0..24 {
            let (i, j) = (f64::from(k % 6) * pitch, f64::from(k / 6) * pitch);
            let at = [corner[0] + cos * i - sin * j, corner[1] + sin * i + cos * j];
            let clear = self.centers.iter().all(|c| (c[0] - at[0]).hypot(c[1] - at[1]) > 1.2 * pitch);
            if clear {
                self.add(at, rng.random_range(0.4..0.9), pitch, rng);
            }
        }
    }

    /// A spot, and its peak when it is strong enough and inside the picture.
    fn add(&mut self, at: [f64; 2], height: f64, pitch: f64, rng: &mut ChaCha8Rng) {
        let inside = at[0] >= 0.0 && at[0] < self.size.0 && at[1] >= 0.0 && at[1] < self.size.1;
        if !inside {
            return;
        }
        self.spots.push(Spot { at, height, sigma: 0.16 * pitch });
        let wrong = if rng.random::<f64>() < 0.1 { rng.random_range(0.6..1.5) } else { rng.random_range(0.78..1.25) };
        if height >= 0.3 {
            self.peaks.push(Peak { x: at[0], y: at[1], score: height, pitch: pitch * wrong });
        }
    }

    fn index(&mut self) {
        self.tiles = vec![Vec::new(); TILES * TILES];
        for (k, spot) in self.spots.iter().enumerate() {
            let reach = 4.0 * spot.sigma;
            let tile = |v: f64, limit: f64| (v / limit * TILES as f64).clamp(0.0, TILES as f64 - 1.0) as usize;
            for ty in tile(spot.at[1] - reach, self.size.1)..=tile(spot.at[1] + reach, self.size.1) {
                for tx in tile(spot.at[0] - reach, self.size.0)..=tile(spot.at[0] + reach, self.size.0) {
                    self.tiles[ty * TILES + tx].push(k);
                }
            }
        }
    }

    /// Whether all true centres lie in the picture.
    pub(super) fn whole(&self) -> bool {
        self.centers.iter().all(|c| c[0] >= 0.0 && c[0] < self.size.0 && c[1] >= 0.0 && c[1] < self.size.1)
    }

    /// The largest distance between a fitted and a true centre, in pitches; a half-turn is forgiven. Infinite when
    /// the format is another.
    pub(super) fn worst(&self, fit: &Fit) -> f64 {
        if fit.format != self.format {
            return f64::INFINITY;
        }
        let turned = homography::half_turn(&fit.homography, fit.format);
        [fit.homography, turned].iter().map(|h| self.worst_of(h)).fold(f64::INFINITY, f64::min)
    }

    fn worst_of(&self, h: &Homography) -> f64 {
        let off = |(well, c): (wellread_plate::format::WellId, &[f64; 2])| {
            let (col, row) = (well.col() as f64, well.row() as f64);
            let [x, y] = homography::project(h, col, row).unwrap();
            (x - c[0]).hypot(y - c[1]) / homography::pitch_px(h, col, row).unwrap()
        };
        self.format.iter().zip(&self.centers).map(off).fold(0.0, f64::max)
    }
}

impl Evidence for Scene {
    fn heat(&self, x: f64, y: f64, radius_px: f64) -> Option<f64> {
        if !(0.0..self.size.0).contains(&x) || !(0.0..self.size.1).contains(&y) {
            return None;
        }
        let tile = |v: f64, limit: f64| ((v / limit * TILES as f64) as usize).min(TILES - 1);
        let near = &self.tiles[tile(y, self.size.1) * TILES + tile(x, self.size.0)];
        let heat = near.iter().map(|&k| {
            let Spot { at, height, sigma } = self.spots[k];
            let distance = ((at[0] - x).hypot(at[1] - y) - radius_px).max(0.0);
            height * (-0.5 * (distance / sigma).powi(2)).exp()
        });
        Some(heat.fold(HAZE, f64::max))
    }
}

/// A standard normal number (Box and Muller).
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let (a, b) = (1.0 - rng.random::<f64>(), rng.random::<f64>());
    (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos()
}

/// A pinhole camera above a plate: (column, row) to pixels. The tilt's direction is random.
fn camera(recipe: &Recipe, rng: &mut ChaCha8Rng) -> Homography {
    let (cols, rows) = (recipe.cols as f64, recipe.rows as f64);
    let (sin, cos) = recipe.rotation_deg.to_radians().sin_cos();
    let (tilt_sin, tilt_cos) = recipe.tilt_deg.to_radians().sin_cos();
    let (way_sin, way_cos) = rng.random_range(0.0..std::f64::consts::TAU).sin_cos();
    let distance = 1.8 * cols.max(rows);
    let centre = [1.0, 0.0, -(cols - 1.0) / 2.0, 0.0, 1.0, -(rows - 1.0) / 2.0, 0.0, 0.0, 1.0];
    let turn = [cos, -sin, 0.0, sin, cos, 0.0, 0.0, 0.0, 1.0];
    let way = [way_cos, way_sin, 0.0, -way_sin, way_cos, 0.0, 0.0, 0.0, 1.0];
    let back = [way_cos, -way_sin, 0.0, way_sin, way_cos, 0.0, 0.0, 0.0, 1.0];
    let tilt = [1.0, 0.0, 0.0, 0.0, tilt_cos, 0.0, 0.0, tilt_sin / distance, 1.0];
    let posed = [turn, way, tilt, back].iter().fold(centre, |inner, outer| homography::compose(outer, &inner));
    let corner = |c: f64, r: f64| homography::project(&posed, c, r).unwrap();
    // The frame goes half a pitch beyond the wells.
    let corners =
        [corner(-0.5, -0.5), corner(cols - 0.5, -0.5), corner(cols - 0.5, rows - 0.5), corner(-0.5, rows - 0.5)];
    let range = |axis: usize| {
        let all = corners.map(|c| c[axis]);
        (all.iter().copied().fold(f64::INFINITY, f64::min), all.iter().copied().fold(f64::NEG_INFINITY, f64::max))
    };
    let ((x0, x1), (y0, y1)) = (range(0), range(1));
    let zoom = recipe.fill * (recipe.size.0 / (x1 - x0)).min(recipe.size.1 / (y1 - y0));
    let shift = [
        recipe.center[0] * recipe.size.0 - zoom * f64::midpoint(x0, x1),
        recipe.center[1] * recipe.size.1 - zoom * f64::midpoint(y0, y1),
    ];
    homography::scale(&posed, [zoom, zoom], shift)
}

/// Barrel distortion about the picture's centre.
fn bend(at: [f64; 2], recipe: &Recipe) -> [f64; 2] {
    let (cx, cy) = (recipe.size.0 / 2.0, recipe.size.1 / 2.0);
    let (dx, dy) = (at[0] - cx, at[1] - cy);
    let factor = 1.0 - recipe.barrel * (dx * dx + dy * dy) / (cx * cx + cy * cy);
    [cx + dx * factor, cy + dy * factor]
}

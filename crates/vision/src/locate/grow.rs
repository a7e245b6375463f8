//! Grows lattices over scattered points: from a seed and two steps, neighbour by neighbour.
//!
//! Each next point is predicted from the points around it alone, so that perspective and lens distortion, which are
//! small over two or three wells, need no model here.

use super::lattice::Peak;
use nalgebra::{Matrix3, Matrix3x2};

/// A point of a lattice: its integer coordinates and which peak it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Node {
    /// Coordinate along the first step.
    pub(super) i: i32,
    /// Coordinate along the second step.
    pub(super) j: i32,
    /// Index of the peak in its [`Cloud`].
    pub(super) peak: usize,
}

/// Peaks in square buckets, for finding those near a point.
pub(super) struct Cloud {
    peaks: Vec<Peak>,
    cell: f64,
    corner: [f64; 2],
    wide: usize,
    high: usize,
    starts: Vec<usize>,
    order: Vec<usize>,
}

impl Cloud {
    /// Sorts peaks into buckets of about half a pitch.
    pub(super) fn new(peaks: Vec<Peak>) -> Self {
        let mut pitches: Vec<f64> = peaks.iter().map(|p| p.pitch).collect();
        pitches.sort_by(f64::total_cmp);
        let corner = peaks.iter().fold([f64::INFINITY; 2], |c, p| [c[0].min(p.x), c[1].min(p.y)]);
        let far = peaks.iter().fold([f64::NEG_INFINITY; 2], |c, p| [c[0].max(p.x), c[1].max(p.y)]);
        let span = (far[0] - corner[0]).max(far[1] - corner[1]).max(1.0);
        // At most 256 buckets a side, however small the pitches claim to be.
        let cell = (pitches.get(pitches.len() / 2).copied().unwrap_or(1.0) * 0.5).max(span / 256.0);
        let count = |axis: f64| (axis.max(0.0) / cell) as usize + 1;
        let (wide, high) =
            if peaks.is_empty() { (1, 1) } else { (count(far[0] - corner[0]), count(far[1] - corner[1])) };
        let mut keyed: Vec<(usize, usize)> = peaks
            .iter()
            .enumerate()
            .map(|(k, p)| (((p.y - corner[1]) / cell) as usize * wide + ((p.x - corner[0]) / cell) as usize, k))
            .collect();
        keyed.sort_unstable();
        let starts = (0..=wide * high).map(|bucket| keyed.partition_point(|&(key, _)| key < bucket)).collect();
        let order = keyed.into_iter().map(|(_, k)| k).collect();
        Self { peaks, cell, corner, wide, high, starts, order }
    }

    /// All peaks.
    pub(super) fn peaks(&self) -> &[Peak] {
        &self.peaks
    }

    /// One peak's place.
    pub(super) fn at(&self, peak: usize) -> [f64; 2] {
        self.peaks.get(peak).map_or([f64::NAN; 2], |p| [p.x, p.y])
    }

    /// Peaks within `radius` of a point, with their distance, in a fixed order.
    pub(super) fn within(&self, point: [f64; 2], radius: f64) -> impl Iterator<Item = (f64, usize)> {
        let span = |v: f64, low: f64, count: usize| {
            let cell = |x: f64| ((x - low) / self.cell).floor();
            let (a, b) = (cell(v - radius).max(0.0), cell(v + radius).min(count as f64 - 1.0));
            // An empty range where the disc misses the buckets or the point is no number.
            if a <= b { a as usize..b as usize + 1 } else { 0..0 }
        };
        let (columns, rows) = (span(point[0], self.corner[0], self.wide), span(point[1], self.corner[1], self.high));
        rows.flat_map(move |row| self.buckets(row, columns.clone()))
            .map(move |&peak| {
                let [x, y] = self.at(peak);
                ((x - point[0]).powi(2) + (y - point[1]).powi(2), peak)
            })
            .filter(move |&(square, _)| square <= radius * radius)
            .map(|(square, peak)| (square.sqrt(), peak))
    }

    /// The nearest peak within `radius` that `free` allows.
    pub(super) fn nearest(&self, point: [f64; 2], radius: f64, free: impl Fn(usize) -> bool) -> Option<usize> {
        self.within(point, radius)
            .filter(|&(_, peak)| free(peak))
            .min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)))
            .map(|(_, peak)| peak)
    }

    fn buckets(&self, row: usize, columns: std::ops::Range<usize>) -> &[usize] {
        let bound = |column: usize| self.starts.get(row * self.wide + column).copied();
        match (bound(columns.start), bound(columns.end)) {
            (Some(from), Some(to)) => self.order.get(from..to).unwrap_or_default(),
            _ => &[],
        }
    }
}

/// A seed peak with two steps that its neighbourhood supports.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seed {
    pub(super) peak: usize,
    u: [f64; 2],
    v: [f64; 2],
    support: i32,
    reach: f64,
}

/// How many peaks are tried as seeds.
const SEEDS: usize = 32;

/// Seeds at some peaks, the best supported first.
pub(super) fn seeds(cloud: &Cloud, peaks: impl Iterator<Item = usize>) -> Vec<Seed> {
    let mut seeds: Vec<Seed> = peaks.flat_map(|peak| steps_at(cloud, peak)).collect();
    seeds.sort_by(|a, b| b.support.cmp(&a.support).then(a.reach.total_cmp(&b.reach)).then(a.peak.cmp(&b.peak)));
    seeds
}

/// The lattice that grows from a seed.
pub(super) fn grow(cloud: &Cloud, seed: &Seed) -> Vec<Node> {
    Growth::from(cloud, seed).run()
}

/// Strong peaks from all over the picture: the strongest of each tile, then each tile's second, and so on.
pub(super) fn spread(cloud: &Cloud) -> Vec<usize> {
    const TILES: f64 = 4.0;
    let span = [cloud.wide as f64 * cloud.cell / TILES, cloud.high as f64 * cloud.cell / TILES];
    let mut ranked: Vec<(usize, usize)> = Vec::new();
    let mut tiles = vec![0usize; (TILES * TILES) as usize];
    let mut by_score: Vec<usize> = (0..cloud.peaks().len()).collect();
    let score = |k: usize| cloud.peaks().get(k).map_or(0.0, |p| p.score);
    by_score.sort_by(|&a, &b| score(b).total_cmp(&score(a)).then(a.cmp(&b)));
    for (rank, &peak) in by_score.iter().enumerate() {
        let [x, y] = cloud.at(peak);
        let tile = |v: f64, axis: usize| {
            (v - cloud.corner.get(axis).unwrap_or(&0.0)) / span.get(axis).copied().unwrap_or(1.0).max(f64::MIN_POSITIVE)
        };
        let index =
            tile(y, 1).clamp(0.0, TILES - 1.0) as usize * TILES as usize + tile(x, 0).clamp(0.0, TILES - 1.0) as usize;
        if let Some(seen) = tiles.get_mut(index) {
            ranked.push((*seen * by_score.len() + rank, peak));
            *seen += 1;
        }
    }
    ranked.sort_unstable();
    ranked.into_iter().take(SEEDS).map(|(_, peak)| peak).collect()
}

fn length(a: [f64; 2]) -> f64 {
    // Pixels need none of `hypot`'s care for overflow, which takes ten times as long.
    (a[0] * a[0] + a[1] * a[1]).sqrt()
}

fn cross(a: [f64; 2], b: [f64; 2]) -> f64 {
    a[0] * b[1] - a[1] * b[0]
}

fn along(from: [f64; 2], u: [f64; 2], i: f64, v: [f64; 2], j: f64) -> [f64; 2] {
    [from[0] + i * u[0] + j * v[0], from[1] + i * u[1] + j * v[1]]
}

/// The two best supported pairs of steps at a peak, of different cell areas.
fn steps_at(cloud: &Cloud, peak: usize) -> Vec<Seed> {
    let Some(pitch) = cloud.peaks().get(peak).map(|p| p.pitch) else { return Vec::new() };
    let here = cloud.at(peak);
    let mut near: Vec<(f64, usize)> =
        cloud.within(here, 1.8 * pitch).filter(|&(d, k)| k != peak && d > 0.5 * pitch).collect();
    near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    near.truncate(14);
    let arms: Vec<[f64; 2]> =
        near.iter().map(|&(_, k)| cloud.at(k)).map(|p| [p[0] - here[0], p[1] - here[1]]).collect();
    let mut seeds = Vec::new();
    for (k, &a) in arms.iter().enumerate() {
        for &b in arms.iter().skip(k + 1) {
            // The second step lies clockwise of the first on the screen, as rows lie below columns: never a mirror.
            let (u, v) = if cross(a, b) > 0.0 { (a, b) } else { (b, a) };
            let ratio = length(u) / length(v);
            // Square lattices tilted by 40 degrees keep their axes within this; their diagonals do not.
            if cross(u, v) > 0.85 * length(u) * length(v) && (0.55..1.82).contains(&ratio) {
                let support = support(cloud, here, u, v);
                seeds.push(Seed { peak, u, v, support, reach: (length(u) + length(v)) / pitch });
            }
        }
    }
    seeds.sort_by(|a, b| b.support.cmp(&a.support).then(a.reach.total_cmp(&b.reach)));
    let area = seeds.first().map_or(0.0, |s| cross(s.u, s.v));
    let other = seeds.iter().position(|s| !(0.75..1.33).contains(&(cross(s.u, s.v) / area)));
    let second = other.and_then(|k| seeds.get(k)).copied();
    seeds.first().copied().into_iter().chain(second).collect()
}

/// Neighbours where the steps put them, less points in the middle of the cells, which a lattice's diagonals would have.
fn support(cloud: &Cloud, here: [f64; 2], u: [f64; 2], v: [f64; 2]) -> i32 {
    let radius = 0.25 * length(u).min(length(v));
    let hit = |i: f64, j: f64| i32::from(cloud.nearest(along(here, u, i, v, j), radius, |_| true).is_some());
    let ring = [(1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)];
    let far = [(2.0, 0.0), (-2.0, 0.0), (0.0, 2.0), (0.0, -2.0)];
    let middle = [(0.5, 0.5), (-0.5, 0.5), (0.5, -0.5), (-0.5, -0.5)];
    let count = |at: &[(f64, f64)]| at.iter().map(|&(i, j)| hit(i, j)).sum::<i32>();
    2 * count(&ring) + count(&far) - 2 * count(&middle)
}

/// Lattice coordinates reach this far from the seed: enough for the longest plate from its last column.
const REACH: i32 = 52;
const SIDE: i32 = 2 * REACH + 1;
/// A point belongs when it lies this near its predicted place, in pitches. Generous, for the fit that follows judges.
const TOLERANCE: f64 = 0.3;
/// How firmly the steps of the neighbour are believed against the points around.
const STIFFNESS: f64 = 0.6;

#[derive(Clone, Copy)]
struct Grown {
    node: Node,
    u: [f64; 2],
    v: [f64; 2],
}

struct Growth<'a> {
    cloud: &'a Cloud,
    board: Vec<Option<usize>>,
    taken: Vec<bool>,
    grown: Vec<Grown>,
    cell: f64,
}

impl<'a> Growth<'a> {
    fn from(cloud: &'a Cloud, seed: &Seed) -> Self {
        let mut growth = Self {
            cloud,
            board: vec![None; (SIDE * SIDE) as usize],
            taken: vec![false; cloud.peaks().len()],
            grown: Vec::new(),
            cell: cross(seed.u, seed.v),
        };
        growth.accept(Grown { node: Node { i: 0, j: 0, peak: seed.peak }, u: seed.u, v: seed.v });
        growth
    }

    fn run(mut self) -> Vec<Node> {
        const TRIES: [(i32, i32); 12] =
            [(1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1), (2, 0), (-2, 0), (0, 2), (0, -2)];
        let mut next = 0;
        while let Some(&from) = self.grown.get(next) {
            for (di, dj) in TRIES {
                if let Some(grown) = self.found(from, from.node.i + di, from.node.j + dj) {
                    self.accept(grown);
                }
            }
            next += 1;
        }
        self.grown.iter().map(|g| g.node).collect()
    }

    fn slot(i: i32, j: i32) -> Option<usize> {
        (i.abs() <= REACH && j.abs() <= REACH).then(|| ((i + REACH) * SIDE + j + REACH) as usize)
    }

    fn accept(&mut self, grown: Grown) {
        let slot = Self::slot(grown.node.i, grown.node.j).and_then(|s| self.board.get_mut(s));
        if let (Some(slot), Some(taken)) = (slot, self.taken.get_mut(grown.node.peak)) {
            *slot = Some(grown.node.peak);
            *taken = true;
            self.grown.push(grown);
        }
    }

    /// The peak that belongs at (i, j), when that place is still free and the points around agree.
    fn found(&self, from: Grown, i: i32, j: i32) -> Option<Grown> {
        let free = Self::slot(i, j).and_then(|s| self.board.get(s)).is_some_and(Option::is_none);
        let [place, u, v] = free.then(|| self.predict(from, i, j)).flatten()?;
        let (long, short) = (length(u).max(length(v)), length(u).min(length(v)));
        let area = cross(u, v);
        // A lattice's cells change slowly; a tenfold or a folded one means that the growth lost its way.
        let sane = area > 0.6 * long * short && long < 2.2 * short && (0.2..5.0).contains(&(area / self.cell));
        let taken = |peak: usize| self.taken.get(peak).copied().unwrap_or(true);
        let peak = sane.then(|| self.cloud.nearest(place, TOLERANCE * short, |p| !taken(p))).flatten()?;
        Some(Grown { node: Node { i, j, peak }, u, v })
    }

    /// Where (i, j) should be, and the steps there: an affine fit to the points up to two steps away.
    fn predict(&self, from: Grown, i: i32, j: i32) -> Option<[[f64; 2]; 3]> {
        let mut left = Matrix3::from_diagonal(&[0.0, STIFFNESS, STIFFNESS].into());
        let prior = [[0.0, 0.0], from.u, from.v].map(|s| s.map(|x| x * STIFFNESS));
        let mut right =
            Matrix3x2::from_fn(|row, column| prior.get(row).and_then(|s| s.get(column)).copied().unwrap_or(0.0));
        for (di, dj) in (-2..=2).flat_map(|di| (-2..=2).map(move |dj| (di, dj))) {
            let peak = Self::slot(i + di, j + dj).and_then(|s| self.board.get(s)).copied().flatten();
            if let Some(peak) = peak {
                let [x, y] = self.cloud.at(peak);
                let row = nalgebra::Vector3::new(1.0, f64::from(di), f64::from(dj));
                let weight = 1.0 / f64::from(1 + di * di + dj * dj);
                left.ger(weight, &row, &row, 1.0);
                right.ger(weight, &row, &nalgebra::Vector2::new(x, y), 1.0);
            }
        }
        let fit = left.cholesky()?.solve(&right);
        let row = |k: usize| Some([*fit.get((k, 0))?, *fit.get((k, 1))?]);
        Some([row(0)?, row(1)?, row(2)?])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grid(cols: i32, rows: i32, skip: impl Fn(i32, i32) -> bool) -> Cloud {
        let at = |i: i32, j: i32| Peak {
            x: 50.0 + 20.0 * f64::from(i) + 3.0 * f64::from(j),
            y: 40.0 - 3.0 * f64::from(i) + 20.0 * f64::from(j),
            score: 0.9,
            pitch: 21.0,
        };
        let all = (0..cols).flat_map(|i| (0..rows).map(move |j| (i, j)));
        Cloud::new(all.filter(|&(i, j)| !skip(i, j)).map(|(i, j)| at(i, j)).collect())
    }

    #[test]
    fn the_nearest_peak_is_found_across_buckets() {
        let cloud = grid(12, 8, |_, _| false);
        for k in 0..cloud.peaks().len() {
            let [x, y] = cloud.at(k);
            assert_eq!(cloud.nearest([x + 6.0, y - 6.0], 9.0, |_| true), Some(k), "nothing is nearer than peak {k}");
            assert_eq!(cloud.nearest([x + 6.0, y - 6.0], 8.0, |_| true), None, "peak {k} is 8.5 px away");
        }
        assert_eq!(cloud.nearest([f64::NAN, 3.0], 9.0, |_| true), None, "no number, no neighbour");
        assert_eq!(Cloud::new(Vec::new()).nearest([0.0, 0.0], 9.0, |_| true), None, "nothing is near in no peaks");
    }

    #[test]
    fn a_whole_lattice_grows_from_one_seed() {
        let cloud = grid(24, 16, |i, j| (i * 7 + j * 5) % 4 == 0);
        let first = grow(&cloud, seeds(&cloud, 0..9).first().expect("there is a seed"));
        assert_eq!(first.len(), 24 * 16 * 3 / 4, "every point present belongs, across the missing quarter");
        let span = |of: fn(&Node) -> i32| first.iter().map(of).max().unwrap() - first.iter().map(of).min().unwrap();
        let (along, down) = (span(|n| n.i), span(|n| n.j));
        assert_eq!((along.max(down), along.min(down)), (23, 15), "coordinates count wells");
    }
}

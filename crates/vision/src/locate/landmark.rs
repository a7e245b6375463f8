//! Tells A1 from the opposite corner by what stands on the plate: letters, numbers, cut corners.
//!
//! Both ways round are looked at: the places where a label would stand are cut out upright for each, and the network
//! says what it reads there. The way round whose labels are read where they belong wins; where neither does, nobody
//! knows.

use super::homography::half_turn;
use crate::{classify::crop::CropSource, manifest::ModelError, raster::Raster, runtime::Model, tensor};
use ndarray::Array4;
use std::ops::RangeInclusive;
use wellread_plate::{
    format::{PlateFormat, row_letters},
    reading::{Grid, Orientation, OrientationBy},
};

/// Side of a square in pixels.
pub const SIDE: usize = 32;
/// Side of a label's square in pitches.
pub const LABEL_SPAN: f64 = 1.05;
/// Side of a corner's square in pitches of a 96-well plate.
pub const CORNER_SPAN: f64 = 1.6;
/// Distance of a label's square from the outermost wells, in pitches.
const LABEL_AWAY: f64 = 0.85;

/// What the network tells apart, in its order.
pub const CLASSES: [&str; 23] = [
    "nothing", "A", "B", "C", "D", "E", "F", "G", "H", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12",
    "notch", "corner",
];

/// The class of a label; `None` for one the network was not taught (rows past H, columns past 12).
pub fn label_class(text: &str) -> Option<usize> {
    CLASSES.iter().position(|c| *c == text).filter(|i| (1..=20).contains(i))
}

/// The fixed place that is looked at for a landmark near `at` (column, row): labels stand at one distance from the
/// outermost wells, corners where the footprint ends.
pub fn place(format: PlateFormat, at: [f64; 2]) -> [f64; 2] {
    let (last_col, last_row) = (format.cols() as f64 - 1.0, format.rows() as f64 - 1.0);
    let outside = |v: f64, last: f64| v < -0.3 || v > last + 0.3;
    let pull = |v: f64, last: f64| if v < 0.0 { -LABEL_AWAY } else { last + LABEL_AWAY };
    match (outside(at[0], last_col), outside(at[1], last_row)) {
        (true, false) => [pull(at[0], last_col), at[1]],
        (false, true) => [at[0], pull(at[1], last_row)],
        _ => at,
    }
}

/// Labels read where they belong before they count as evidence.
const FEWEST_LABELS: f32 = 2.2;
/// So many labels in place leave no doubt where the plate is.
const CERTAIN_LABELS: f32 = 8.0;
/// How sure of a cut corner one must be.
const SURE_NOTCH: f32 = 0.85;

/// What is read around a grid as given and, second, with the plate taken the other way round.
struct Reads {
    /// How many labels stand where they belong, as a sum of probabilities.
    labels: [f32; 2],
    /// Probability that the corners are cut as makers cut them; 0 where a corner lies outside the picture.
    notches: [f32; 2],
}

impl Reads {
    /// The labels in place, the better way round.
    fn most(&self) -> f32 {
        self.labels[0].max(self.labels[1])
    }
}

/// The grid, or the rival of it around which alone labels stand where they belong, the way round that they say.
pub(super) fn settle(net: &Model, raster: &Raster, grid: Grid, rivals: &[Grid]) -> Result<Grid, ModelError> {
    let reads = look(net, raster, &grid)?;
    if rivals.is_empty() || reads.most() >= CERTAIN_LABELS {
        return Ok(turned_by(&reads, grid));
    }
    let mut seen = look_all(net, raster, rivals)?;
    seen.insert(0, (reads, grid));
    let chosen = standing_out(&seen).unwrap_or(0);
    let (reads, grid) = seen.swap_remove(chosen);
    Ok(turned_by(&reads, grid))
}

/// Of grids that the heat cannot tell apart, the one around which labels stand where they belong.
pub(super) fn decide(net: &Model, raster: &Raster, grids: &[Grid]) -> Result<Option<Grid>, ModelError> {
    let mut seen = look_all(net, raster, grids)?;
    Ok(standing_out(&seen).map(|chosen| {
        let (reads, grid) = seen.swap_remove(chosen);
        turned_by(&reads, grid)
    }))
}

fn look_all(net: &Model, raster: &Raster, grids: &[Grid]) -> Result<Vec<(Reads, Grid)>, ModelError> {
    grids.iter().map(|grid| Ok((look(net, raster, grid)?, grid.clone()))).collect()
}

/// The one grid whose labels speak for it and against all others.
fn standing_out(seen: &[(Reads, Grid)]) -> Option<usize> {
    let mut order: Vec<(usize, f32)> = seen.iter().map(|(reads, _)| reads.most()).enumerate().collect();
    order.sort_by(|a, b| b.1.total_cmp(&a.1));
    let next = order.get(1).map_or(0.0, |(_, most)| *most);
    order.first().filter(|(_, most)| tells([*most, next])).map(|(index, _)| *index)
}

/// The grid the way round that labels, or else cut corners, say; as given where neither tells.
fn turned_by(reads: &Reads, grid: Grid) -> Grid {
    let (evidence, by) = if tells(reads.labels) {
        (reads.labels, OrientationBy::Letters)
    } else if reads.notches[0].max(reads.notches[1]) > SURE_NOTCH {
        (reads.notches, OrientationBy::Notches)
    } else {
        return grid;
    };
    let homography = if evidence[1] > evidence[0] { half_turn(&grid.homography, grid.format) } else { grid.homography };
    Grid { homography, orientation: Orientation { known: true, by }, ..grid }
}

/// Whether one of two sums of labels is evidence against the other.
fn tells([one, other]: [f32; 2]) -> bool {
    let (more, less) = (one.max(other), one.min(other));
    more >= FEWEST_LABELS && more >= 2.0 * less + 1.0
}

fn look(net: &Model, raster: &Raster, grid: &Grid) -> Result<Reads, ModelError> {
    let source = CropSource::new(raster, grid);
    let turned = Grid { homography: half_turn(&grid.homography, grid.format), ..grid.clone() };
    let places = label_places(grid.format);
    let corners = corner_places(grid.format);
    let mut rgb = Vec::new();
    for (at, _) in &places {
        source.cut(grid, *at, LABEL_SPAN, SIDE, &mut rgb);
        source.cut(&turned, *at, LABEL_SPAN, SIDE, &mut rgb);
    }
    for at in corners {
        source.cut(grid, at, CORNER_SPAN, SIDE, &mut rgb);
    }
    let logits = read(net, &rgb)?;
    let (label_logits, corner_logits) = logits.split_at((places.len() * 2).min(logits.len()));
    let mut labels = [0.0; 2];
    for ((_, class), pair) in places.iter().zip(label_logits.chunks_exact(2)) {
        for (sum, logits) in labels.iter_mut().zip(pair) {
            // The label that belongs there, against all labels and nothing.
            *sum += share(logits, *class, 0..=20);
        }
    }
    let visible = corners.iter().all(|at| inside(raster, grid.project(at[0], at[1])));
    let notches = match corner_logits {
        [a1, a12, h12, h1] if visible => {
            let [a1, a12, h12, h1] = [a1, a12, h12, h1].map(|logits| share(logits, 21, 21..=22));
            // Makers cut A1 alone or the two corners of column 1; seen upside down, H12 alone or column 12's.
            [a1 * (1.0 - a12) * (1.0 - h12), h12 * (1.0 - h1) * (1.0 - a1)]
        }
        _ => [0.0; 2],
    };
    Ok(Reads { labels, notches })
}

fn inside(raster: &Raster, [x, y]: [f64; 2]) -> bool {
    x >= 0.0 && y >= 0.0 && x < raster.width() as f64 && y < raster.height() as f64
}

/// Places of labels (column, row) and the class that belongs there.
fn label_places(format: PlateFormat) -> Vec<([f64; 2], usize)> {
    let (last_col, last_row) = (format.cols() as f64 - 1.0, format.rows() as f64 - 1.0);
    let rows = (0..format.rows()).filter_map(|r| Some((r as f64, label_class(&row_letters(r))?)));
    let cols = (0..format.cols()).filter_map(|c| Some((c as f64, label_class(&(c + 1).to_string())?)));
    let beside = rows.flat_map(|(r, class)| [([-LABEL_AWAY, r], class), ([last_col + LABEL_AWAY, r], class)]);
    let above = cols.flat_map(|(c, class)| [([c, -LABEL_AWAY], class), ([c, last_row + LABEL_AWAY], class)]);
    beside.chain(above).collect()
}

/// The footprint's corners in lattice units: A1's, A12's, H12's, H1's.
fn corner_places(format: PlateFormat) -> [[f64; 2]; 4] {
    let (last_col, last_row) = (format.cols() as f64 - 1.0, format.rows() as f64 - 1.0);
    let (pitch, [width, height]) = (format.pitch_mm(), format.footprint_mm());
    let (dx, dy) = ((width / pitch - last_col) / 2.0, (height / pitch - last_row) / 2.0);
    [[-dx, -dy], [last_col + dx, -dy], [last_col + dx, last_row + dy], [-dx, last_row + dy]]
}

fn read(net: &Model, rgb: &[u8]) -> Result<Vec<Vec<f32>>, ModelError> {
    let bytes = SIDE * SIDE * 3;
    let mut input = Array4::zeros((rgb.len() / bytes, 3, SIDE, SIDE));
    for (i, square) in rgb.chunks_exact(bytes).enumerate() {
        tensor::fill(&mut input, i, square, SIDE, net.spec().input);
    }
    let output = net.run(input.view().into_dyn())?;
    let logits: Vec<Vec<f32>> = output.rows().into_iter().map(|row| row.to_vec()).collect();
    if logits.len() != rgb.len() / bytes || logits.iter().any(|l| l.len() != CLASSES.len()) {
        return Err(net.failed(format!("its output is {:?} instead of [n, {}]", output.shape(), CLASSES.len())));
    }
    Ok(logits)
}

/// Softmax share of one class among some.
fn share(logits: &[f32], class: usize, among: RangeInclusive<usize>) -> f32 {
    let some = logits.get(among).unwrap_or_default();
    let most = some.iter().copied().fold(f32::MIN, f32::max);
    let total: f32 = some.iter().map(|l| (l - most).exp()).sum();
    logits.get(class).map_or(0.0, |l| (l - most).exp() / total)
}

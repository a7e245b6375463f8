//! Fits a plate lattice to well centres.
//!
//! Lattices are grown over the peaks neighbour by neighbour (`grow`), each is given a homography, and the part of it
//! that is a plate is chosen by the heat where wells would and would not be (`window`). What is left in doubt is
//! refused by name (`verdict`): a wrong grid is worse than none.
//!
//! The map is flat: barrel distortion survives as residual, which near a corner of a 1536-well plate can pass a quarter
//! pitch at 2 % or more. Whoever needs better takes the sightings, which are where the wells were seen.
//!
//! Nothing here is random, and no result depends on the order of a hash map: the same peaks give the same fit.

use super::{
    grow::{self, Cloud, Node},
    homography::{self, Homography, Pair},
    verdict,
    window::Span,
};
use wellread_plate::format::{PlateFormat, WellId};

/// A place where the network sees a well centre. Pixels of the network's input picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Peak {
    /// Right.
    pub x: f64,
    /// Down.
    pub y: f64,
    /// Heat there, 0..1.
    pub score: f64,
    /// Rough distance to the next well, sometimes wrong.
    pub pitch: f64,
}

/// The heat map that the peaks came from.
pub trait Evidence {
    /// Heat 0..1, the maximum within `radius_px` of a point; `None` outside the picture.
    fn heat(&self, x: f64, y: f64, radius_px: f64) -> Option<f64>;
}

/// A well whose centre was seen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sighting {
    /// Which well.
    pub well: WellId,
    /// The peak's place.
    pub center_px: [f64; 2],
}

/// Where the plate is.
#[derive(Clone, Debug, PartialEq)]
pub struct Fit {
    /// Rows and columns.
    pub format: PlateFormat,
    /// (column, row, 1), both from 0 at A1's centre, to pixels; never a mirror. Of the two half-turns the one whose A1
    /// lies nearest to the picture's top left.
    pub homography: Homography,
    /// Root mean square distance between the wells seen and the fitted lattice.
    pub rms_residual_px: f64,
    /// Wells with heat at their centre.
    pub seen: usize,
    /// Mean heat over all wells.
    pub support: f64,
    /// Mean heat over the ring of lattice points just outside, as far as it lies in the picture; 0 when it does not.
    pub outside: f64,
    /// Log-likelihood gap to the next best format or place, per well.
    pub margin: f64,
    /// The wells whose centres were peaks, row by row.
    pub sightings: Vec<Sighting>,
    /// Places of the plate that are less likely by the heat, but not by so much that labels could not speak for them.
    pub rivals: Vec<Fit>,
}

/// A border of the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Border {
    /// Left.
    Left,
    /// Top.
    Top,
    /// Right.
    Right,
    /// Bottom.
    Bottom,
}

impl std::fmt::Display for Border {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Left => "left",
            Self::Top => "top",
            Self::Right => "right",
            Self::Bottom => "bottom",
        })
    }
}

/// Why there is no grid.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum FitError {
    /// Nothing that is surely a plate.
    #[error(
        "no plate was found: {why}; photograph the whole plate sharp and evenly lit, or calibrate its corners by hand"
    )]
    NoLattice {
        /// What was missing.
        why: String,
    },
    /// The plate goes on beyond the picture.
    #[error("the plate is cut off: {rows} x {cols} wells are in the picture and it goes on at the {}; move the camera back or the plate into view", sides.iter().map(Border::to_string).collect::<Vec<_>>().join(" and "))]
    CutOff {
        /// Lines of wells seen along the shorter side.
        rows: usize,
        /// Lines of wells seen along the longer side.
        cols: usize,
        /// Borders that cut it.
        sides: Vec<Border>,
        /// Plates that would lie whole in the picture, for labels to speak for one of them: a line of letters beside a
        /// plate looks much like one more line of its wells.
        contenders: Vec<Fit>,
    },
    /// Two readings of the picture are about as good.
    #[error(
        "the plate could be of {one} or of {other} wells, or lie in two places; show its border, or calibrate its corners by hand"
    )]
    Ambiguous {
        /// The better one.
        one: PlateFormat,
        /// The next.
        other: PlateFormat,
        /// Those of them that are whole plates, for other evidence than heat to decide between.
        contenders: Vec<Fit>,
    },
}

impl FitError {
    pub(super) fn none(why: impl Into<String>) -> Self {
        Self::NoLattice { why: why.into() }
    }
}

/// Fewest peaks that can be a plate: five wells of six.
const FEWEST: usize = 5;
/// More peaks than any plate has; the strongest are looked at.
const MOST_PEAKS: usize = 4096;
/// How many lattices of one picture are judged.
const JUDGED: usize = 3;

/// Finds the plate among the peaks of a picture of `size` (width, height).
pub fn fit(peaks: &[Peak], evidence: &dyn Evidence, size: (f64, f64)) -> Result<Fit, FitError> {
    let cloud = Cloud::new(usable(peaks, size));
    if cloud.peaks().len() < FEWEST {
        return Err(FitError::none(format!("only {} wells stand out", cloud.peaks().len())));
    }
    let found = lattices(&cloud);
    let largest = found.first().map_or(0.0, |s| s.weight);
    let mut best: Option<verdict::Judged> = None;
    let mut refused: Option<(FitError, Vec<usize>)> = None;
    for settled in found.iter().take(JUDGED).filter(|s| s.weight * 3.0 >= largest) {
        match verdict::judge(&cloud, settled, evidence, size) {
            Ok(judged) => best = Some(better(best, judged)?),
            Err(error) if refused.is_none() => refused = Some((error, settled.nodes.iter().map(|n| n.peak).collect())),
            Err(_) => {}
        }
    }
    match (best, refused) {
        // A smaller lattice over the same peaks does not save a larger one that was refused.
        (Some(judged), Some((error, peaks))) if judged.shares(&peaks) => Err(error),
        (Some(judged), _) => Ok(judged.fit),
        (None, Some((error, _))) => Err(error),
        (None, None) => Err(FitError::none("the wells that stand out lie on no regular grid")),
    }
}

/// The better of two plates; an error when both are good and lie apart, for then nobody knows which is meant.
fn better(best: Option<verdict::Judged>, judged: verdict::Judged) -> Result<verdict::Judged, FitError> {
    let Some(best) = best else { return Ok(judged) };
    let (first, second) = if judged.score > best.score { (judged, best) } else { (best, judged) };
    if !second.shares(&first.peaks) && second.score > 0.5 * first.score {
        let (one, other) = (first.fit.format, second.fit.format);
        // Two plates in one picture: letters on both would not say which is meant.
        return Err(FitError::Ambiguous { one, other, contenders: Vec::new() });
    }
    Ok(first)
}

/// Peaks that can be wells, the strongest first where there are too many.
fn usable(peaks: &[Peak], size: (f64, f64)) -> Vec<Peak> {
    let inside = |v: f64, limit: f64, pitch: f64| v > -pitch && v < limit + pitch;
    let mut usable: Vec<Peak> = peaks
        .iter()
        .filter(|p| [p.x, p.y, p.score, p.pitch].iter().all(|v| v.is_finite()))
        .filter(|p| p.score > 0.0 && p.pitch >= 2.0 && p.pitch <= size.0.max(size.1))
        .filter(|p| inside(p.x, size.0, p.pitch) && inside(p.y, size.1, p.pitch))
        .copied()
        .collect();
    if usable.len() > MOST_PEAKS {
        usable.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.x.total_cmp(&b.x)).then(a.y.total_cmp(&b.y)));
        usable.truncate(MOST_PEAKS);
    }
    usable
}

/// How many peaks are tried as seeds at a time, and how many seeds are grown at most.
const BATCH: usize = 6;
const GROWTHS: usize = 10;
/// A lattice that explains this share of all peaks is the one; no further seed is grown.
const ENOUGH: f64 = 0.6;
/// Peaks of a lattice this large seed no other.
const LARGE: usize = 12;

/// Lattices found, the weightiest first.
fn lattices(cloud: &Cloud) -> Vec<Settled> {
    let mut found: Vec<Settled> = Vec::new();
    let mut explained = vec![false; cloud.peaks().len()];
    let mut growths = 0;
    // A few peaks at a time, for the first mostly suffice.
    for batch in grow::spread(cloud).chunks(BATCH) {
        let unexplained = batch.iter().copied().filter(|&peak| !explained.get(peak).copied().unwrap_or(true));
        for seed in grow::seeds(cloud, unexplained.collect::<Vec<_>>().into_iter()) {
            let largest = found.iter().map(|s| s.weight).fold(0.0, f64::max);
            if growths == GROWTHS || largest >= ENOUGH * cloud.peaks().len() as f64 {
                break;
            }
            if explained.get(seed.peak).copied().unwrap_or(true) {
                continue;
            }
            growths += 1;
            let Some(settled) = Settled::new(cloud, &grow::grow(cloud, &seed)) else { continue };
            settled.explain(&mut explained);
            found.push(settled);
        }
    }
    found.retain(|s| s.nodes.len() >= FEWEST);
    found.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    found
}

/// A grown lattice with its homography and all peaks that lie on it.
pub(super) struct Settled {
    /// (i, j, 1) to pixels.
    pub(super) homography: Homography,
    /// Every lattice point with a peak, at most one peak each, in order of (i, j).
    pub(super) nodes: Vec<Node>,
    /// The lines that are well filled.
    pub(super) core: Span,
    /// Peaks on its points less those between them.
    weight: f64,
}

/// How far a peak may lie from its lattice point, in pitches, in the first rounds and then.
const TOLERANCES: [f64; 10] = [0.35, 0.3, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25, 0.25];
/// How far beyond the known part peaks are taken up at a time: across three unseen rows.
const LEAP: i32 = 4;

impl Settled {
    /// Alternates between fitting the map and taking up the peaks that lie on it, until nothing changes.
    fn new(cloud: &Cloud, nodes: &[Node]) -> Option<Self> {
        let mut nodes = nodes.to_vec();
        let mut map = fit_nodes(cloud, &nodes)?;
        let mut span = core(&nodes)?;
        for tolerance in TOLERANCES {
            // The map through few points is itself off by about as much as they are.
            let tolerance = if nodes.len() < LARGE { TOLERANCES[0] } else { tolerance };
            let next = on_lattice(cloud, &map, span.grown(LEAP), tolerance)?;
            let settled = next == nodes;
            nodes = next;
            span = core(&nodes)?;
            if settled {
                break;
            }
            map = fit_nodes(cloud, &nodes)?;
        }
        nodes.retain(|n| span.grown(2).contains(n.i, n.j));
        let homography = fit_nodes(cloud, &nodes)?;
        let weight = nodes.len() as f64 - strays(cloud, &homography, span, nodes.len())?;
        Some(Self { homography, nodes, core: span, weight })
    }

    /// Marks the peaks that need seed no other lattice.
    fn explain(&self, explained: &mut [bool]) {
        // One that leaves as many peaks between its points as on them is no reason to look no further there.
        if self.nodes.len() >= LARGE && self.weight * 2.0 >= self.nodes.len() as f64 {
            for node in &self.nodes {
                explained.get_mut(node.peak).into_iter().for_each(|e| *e = true);
            }
        }
    }
}

/// Distance in pitches between a node and its peak.
pub(super) fn off(cloud: &Cloud, map: &Homography, node: &Node) -> Option<f64> {
    let (i, j) = (f64::from(node.i), f64::from(node.j));
    let ([x, y], [px, py]) = (homography::project(map, i, j)?, cloud.at(node.peak));
    Some(((x - px).powi(2) + (y - py).powi(2)).sqrt() / homography::pitch_px(map, i, j)?)
}

/// How many peaks lie between a lattice's points.
fn strays(cloud: &Cloud, map: &Homography, span: Span, on_points: usize) -> Option<f64> {
    let back = homography::inverse(map)?;
    let inside = cloud.peaks().iter().filter(|p| {
        homography::project(&back, p.x, p.y).is_some_and(|[i, j]| span.contains(i.round() as i32, j.round() as i32))
    });
    Some(inside.count().saturating_sub(on_points) as f64)
}

/// The map through nodes' peaks.
pub(super) fn fit_nodes(cloud: &Cloud, nodes: &[Node]) -> Option<Homography> {
    let pair = |n: &Node| Pair { lattice: [f64::from(n.i), f64::from(n.j)], pixel: cloud.at(n.peak) };
    (nodes.len() >= 4).then(|| homography::fit_pairs(&nodes.iter().map(pair).collect::<Vec<_>>())).flatten()
}

/// The peaks near points of a lattice within `span`; the nearest where several are.
fn on_lattice(cloud: &Cloud, map: &Homography, span: Span, tolerance: f64) -> Option<Vec<Node>> {
    let back = homography::inverse(map)?;
    let mut near: Vec<(Node, f64)> = Vec::with_capacity(cloud.peaks().len());
    for (peak, p) in cloud.peaks().iter().enumerate() {
        let Some([i, j]) = homography::project(&back, p.x, p.y) else { continue };
        let node = Node { i: i.round() as i32, j: j.round() as i32, peak };
        if let Some(off) = off(cloud, map, &node).filter(|&o| o <= tolerance && span.contains(node.i, node.j)) {
            near.push((node, off));
        }
    }
    near.sort_by(|(a, x), (b, y)| (a.i, a.j).cmp(&(b.i, b.j)).then(x.total_cmp(y)).then(a.peak.cmp(&b.peak)));
    near.dedup_by_key(|(node, _)| (node.i, node.j));
    Some(near.into_iter().map(|(node, _)| node).collect())
}

/// The rectangle of lines that are well filled, without single points strung along their extension.
fn core(nodes: &[Node]) -> Option<Span> {
    let every = (i32::MIN, i32::MAX);
    let mut span = Span { i: every, j: every };
    for _ in 0..2 {
        let inside = || nodes.iter().filter(|n| span.contains(n.i, n.j));
        span = Span { i: filled(inside().map(|n| n.i))?, j: filled(inside().map(|n| n.j))? };
    }
    Some(span)
}

/// The longest run of lines with at least a quarter of the fullest line's points, across gaps of up to three lines.
fn filled(lines: impl Iterator<Item = i32>) -> Option<(i32, i32)> {
    let mut lines: Vec<i32> = lines.collect();
    lines.sort_unstable();
    let counts: Vec<(i32, usize)> =
        lines.chunk_by(|a, b| a == b).filter_map(|run| run.first().map(|&line| (line, run.len()))).collect();
    let fullest = counts.iter().map(|c| c.1).max()?;
    let good: Vec<(i32, usize)> =
        counts.into_iter().filter(|c| c.1 >= 2.min(fullest).max(fullest.div_ceil(4))).collect();
    let runs = good.chunk_by(|a, b| b.0 - a.0 <= LEAP);
    let longest = runs.max_by_key(|run| run.iter().map(|c| c.1).sum::<usize>())?;
    Some((longest.first()?.0, longest.last()?.0))
}

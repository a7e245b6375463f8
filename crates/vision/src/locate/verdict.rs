//! Whether a lattice is a plate, which one, and if not why not.

use super::{
    grow::{Cloud, Node},
    homography::{self, Homography},
    lattice::{Border, Evidence, Fit, FitError, Settled, Sighting, fit_nodes, off},
    window::{Placed, SEEN, Sample, Span, Table},
};
use wellread_plate::format::{PlateFormat, WellId};

/// A plate found, and what speaks for it.
pub(super) struct Judged {
    pub(super) fit: Fit,
    /// Log-likelihood against nothing being there.
    pub(super) score: f64,
    /// Its peaks, in order.
    pub(super) peaks: Vec<usize>,
}

impl Judged {
    /// Whether a good part of its peaks are among these.
    pub(super) fn shares(&self, peaks: &[usize]) -> bool {
        let common = self.peaks.iter().filter(|p| peaks.contains(p)).count();
        common * 10 >= self.peaks.len() * 3
    }
}

/// Log-likelihood by which the best reading must beat the next.
const LEAST_GAP: f64 = 5.0;

/// Chooses the plate on a lattice, or says why there is none.
pub(super) fn judge(
    cloud: &Cloud,
    settled: &Settled,
    evidence: &dyn Evidence,
    size: (f64, f64),
) -> Result<Judged, FitError> {
    let core = settled.core;
    let most = usize::from(PlateFormat::MAX_COLS);
    if core.wide().max(core.high()) > most + 4 {
        return Err(FitError::none(format!("a pattern of {} x {} is larger than any plate", core.high(), core.wide())));
    }
    let table = Table::sample(&settled.homography, looked_at(core), evidence, size);
    let ranked = weighed(cloud, settled, table.ranked(core));
    let Some(best) = ranked.first().copied() else { return Err(no_format(&table, core, size)) };
    let view = View { table: &table, core, size };
    view.enough(&best)?;
    view.ends(&best)?;
    let gap = best.score - ranked.get(1).map_or(0.0, |next| next.score);
    if let Some(next) = ranked.get(1).filter(|_| gap < LEAST_GAP) {
        return Err(FitError::Ambiguous { one: best.format, other: next.format });
    }
    let (homography, nodes) = placed(cloud, settled, &best)?;
    let rms_residual_px = residual(cloud, &homography, best.format, &nodes)?;
    plausible(&homography, best.format)?;
    undisturbed(cloud, &homography, best.format, &nodes)?;
    let inside: Vec<f64> = best.span.nodes().map(|(i, j)| view.heat(i, j).unwrap_or(0.0)).collect();
    let ring: Vec<f64> = view.ring(best.span).iter().filter_map(|s| s.heat).collect();
    let sightings = nodes
        .iter()
        .filter_map(|n| Some(Sighting { well: WellId::new(n.j as usize, n.i as usize)?, center_px: cloud.at(n.peak) }))
        .collect();
    Ok(Judged {
        score: best.score,
        peaks: nodes.iter().map(|n| n.peak).collect(),
        fit: Fit {
            format: best.format,
            homography,
            rms_residual_px,
            seen: inside.iter().filter(|&&h| h >= SEEN).count(),
            support: mean(&inside),
            outside: mean(&ring),
            margin: gap / best.format.wells() as f64,
            sightings,
        },
    })
}

/// Further behind than this, a reading need not be weighed again.
const CONTENDS: f64 = 60.0;
/// The most that one peak beside its place costs; a false peak says nothing of the others.
const MOST_MISFIT: f64 = 5.0;

/// The readings with how well their wells' own map fits, best first.
///
/// Letters beside a plate lie a little off its lattice, yet bend a map that is fitted to them too. So each reading is
/// fitted by itself, and what its peaks are off is compared on one scale.
fn weighed(cloud: &Cloud, settled: &Settled, mut ranked: Vec<Placed>) -> Vec<Placed> {
    let top = ranked.first().map_or(0.0, |p| p.score);
    ranked.retain(|p| p.score > top - CONTENDS);
    if ranked.len() < 2 {
        return ranked;
    }
    let offsets: Vec<Vec<f64>> = ranked
        .iter()
        .map(|placed| {
            let inside: Vec<Node> = settled.nodes.iter().filter(|n| placed.span.contains(n.i, n.j)).copied().collect();
            let map = fit_nodes(cloud, &inside).unwrap_or(settled.homography);
            inside.iter().map(|n| off(cloud, &map, n).unwrap_or(1.0).powi(2)).collect()
        })
        .collect();
    // Per axis, of the reading that fits best; not below what a heat map's cells allow.
    let variance = offsets.iter().map(|o| 0.5 * mean(o)).fold(f64::INFINITY, f64::min).max(0.03f64.powi(2));
    for (placed, squares) in ranked.iter_mut().zip(&offsets) {
        placed.score -= squares.iter().map(|s| (0.5 * s / variance - 1.0).min(MOST_MISFIT)).sum::<f64>();
    }
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
    ranked
}

/// The nodes where a plate could reach that has most of its wells in `core`.
fn looked_at(core: Span) -> Span {
    let reach = |(low, high): (i32, i32)| {
        let by = (((high - low + 1) * 3 + 4) / 5).clamp(2, 16);
        let most = i32::from(PlateFormat::MAX_COLS);
        ((low - by).max((high - most - 1).min(low - 2)), (high + by).min((low + most + 1).max(high + 2)))
    };
    Span { i: reach(core.i), j: reach(core.j) }
}

/// The heat around one lattice.
struct View<'a> {
    table: &'a Table,
    core: Span,
    size: (f64, f64),
}

impl View<'_> {
    fn heat(&self, i: i32, j: i32) -> Option<f64> {
        self.table.get(i, j).and_then(|s| s.heat)
    }

    fn samples(&self, nodes: impl Iterator<Item = (i32, i32)>) -> Vec<Sample> {
        nodes.filter_map(|(i, j)| self.table.get(i, j).copied()).collect()
    }

    /// The four lines just outside: before and after along the first axis, before and after along the second.
    fn sides(&self, span: Span) -> [Vec<Sample>; 4] {
        let Span { i, j } = span;
        [
            Span { i: (i.0 - 1, i.0 - 1), j },
            Span { i: (i.1 + 1, i.1 + 1), j },
            Span { i, j: (j.0 - 1, j.0 - 1) },
            Span { i, j: (j.1 + 1, j.1 + 1) },
        ]
        .map(|line| self.samples(line.nodes()))
    }

    fn ring(&self, span: Span) -> Vec<Sample> {
        self.samples(span.grown(1).nodes().filter(|&(i, j)| !span.contains(i, j)))
    }

    /// Refuses a window with too few of its wells seen.
    fn enough(&self, best: &Placed) -> Result<(), FitError> {
        let heats: Vec<f64> = best.span.nodes().filter_map(|(i, j)| self.heat(i, j)).collect();
        let seen = heats.iter().filter(|&&h| h >= SEEN).count();
        let needed = wells_needed(best.format);
        let unseen = best.format.wells() - heats.len();
        if unseen > 0 && seen + unseen >= needed {
            let cut = self.samples(best.span.nodes());
            let outside: Vec<Sample> = cut.into_iter().filter(|s| s.heat.is_none()).collect();
            return Err(self.cut_off(borders(&outside, self.size)));
        }
        if seen < needed {
            let (format, least) = (best.format, needed);
            return Err(FitError::none(format!("{seen} wells of a {format}-well plate stand out, {least} are needed")));
        }
        Ok(())
    }

    /// Refuses a window beyond which the lattice goes on, in the picture or out of it.
    fn ends(&self, best: &Placed) -> Result<(), FitError> {
        let sides = self.sides(best.span);
        let going_on = sides.iter().filter(|line| goes_on(line)).count();
        let ring = self.ring(best.span);
        let strong = ring.iter().filter(|s| s.heat.is_some_and(|h| h >= SEEN)).count();
        let coarse = best.format.wells() <= 24 || !best.format.is_standard();
        // A fine plate bears a printed line beside it; a coarse one is a piece of something larger.
        if going_on > 1 || (coarse && (going_on > 0 || strong * 6 > ring.len())) {
            return Err(no_format(self.table, self.core, self.size));
        }
        let cut: Vec<Sample> = cut_sides(best, &sides).into_iter().flatten().copied().collect();
        if cut.is_empty() { Ok(()) } else { Err(self.cut_off(borders(&cut, self.size))) }
    }

    fn cut_off(&self, sides: Vec<Border>) -> FitError {
        cut_off(self.core, sides)
    }
}

fn cut_off(core: Span, sides: Vec<Border>) -> FitError {
    let (wide, high) = (core.wide(), core.high());
    FitError::CutOff { rows: wide.min(high), cols: wide.max(high), sides }
}

/// Lines beyond which the plate must go on outside the picture.
fn cut_sides<'a>(best: &Placed, sides: &'a [Vec<Sample>; 4]) -> Vec<&'a [Sample]> {
    let [before, after, above, below] = sides.each_ref().map(Vec::as_slice);
    let (columns, rows) =
        if best.turned { ([above, below], [before, after]) } else { ([before, after], [above, below]) };
    let (n_rows, n_cols, wells) = (best.format.rows(), best.format.cols(), best.format.wells());
    if !best.format.is_standard() {
        // The strip's own length is whole; along the other axis it is a plate that may go on.
        let open = if n_cols == 12 { rows } else { columns };
        return open.into_iter().filter(|line| runs_out(line)).collect();
    }
    // A larger plate's half is a smaller one's whole: 8 x 6 of 8 x 12, 6 x 4 of 6 x 8. Such a half touches one border.
    if n_rows * 2 > n_cols && wells <= 48 {
        return [columns, rows]
            .into_iter()
            .flat_map(|[a, b]| match (leaves(a), leaves(b)) {
                (true, false) if !runs_out(b) => vec![a],
                (false, true) if !runs_out(a) => vec![b],
                _ => Vec::new(),
            })
            .collect();
    }
    Vec::new()
}

/// Whether the next line would lie outside the picture or half a pitch from its border, for a third of its length.
fn runs_out(line: &[Sample]) -> bool {
    line.iter().filter(|s| s.border < 0.5).count() * 3 >= line.len().max(1)
}

/// Whether the next line would lie outside the picture for half of its length.
fn leaves(line: &[Sample]) -> bool {
    line.iter().filter(|s| s.border < 0.0).count() * 2 >= line.len().max(1)
}

/// Whether the next line shows wells like the plate's own.
fn goes_on(line: &[Sample]) -> bool {
    let heats: Vec<f64> = line.iter().filter_map(|s| s.heat).collect();
    heats.len() >= 2 && heats.iter().filter(|&&h| h >= SEEN).count() * 2 > heats.len()
}

/// The borders nearest to points at or beyond them.
fn borders(samples: &[Sample], size: (f64, f64)) -> Vec<Border> {
    let mut sides: Vec<Border> = samples
        .iter()
        .map(|s| {
            let [x, y] = s.pixel;
            let distances =
                [(x, Border::Left), (y, Border::Top), (size.0 - x, Border::Right), (size.1 - y, Border::Bottom)];
            distances.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).map_or(Border::Left, |d| d.1)
        })
        .collect();
    sides.sort_unstable();
    let most = sides.chunk_by(|a, b| a == b).map(<[Border]>::len).max().unwrap_or(0);
    let mut named: Vec<Border> =
        sides.chunk_by(|a, b| a == b).filter(|run| run.len() * 4 >= most).flatten().copied().collect();
    named.dedup();
    named
}

/// A lattice that is no format: cut off where it runs out of the picture, no plate otherwise.
fn no_format(table: &Table, core: Span, size: (f64, f64)) -> FitError {
    let view = View { table, core, size };
    let out: Vec<Sample> = view.sides(core).into_iter().filter(|line| runs_out(line)).flatten().collect();
    let heats: Vec<f64> = core.nodes().filter_map(|(i, j)| view.heat(i, j)).collect();
    let seen = heats.iter().filter(|&&h| h >= SEEN).count();
    if !out.is_empty() && seen >= 8 && seen * 2 >= heats.len() {
        return cut_off(core, borders(&out, size));
    }
    FitError::none(format!("a pattern of {} x {} is no plate's", core.high(), core.wide()))
}

/// Wells that must stand out: the fewer a plate has, the larger a share, for six dots are soon in a row somewhere.
fn wells_needed(format: PlateFormat) -> usize {
    let share = |percent: usize| (format.wells() * percent).div_ceil(100);
    match (format.is_standard(), format.wells()) {
        (true, 0..=6) => 5,
        (true, 7..=12) => 10,
        (true, 13..=24) => share(75),
        (true, 25..=48) => share(62),
        (true, _) => share(42),
        (false, wells) => share(65).max(12.min(wells)),
    }
}

/// The window's homography in (column, row), and its wells as (column, row), row by row.
fn placed(cloud: &Cloud, settled: &Settled, best: &Placed) -> Result<(Homography, Vec<Node>), FitError> {
    let (i, j) = (best.span.i, best.span.j);
    let (cols, rows) = (best.format.cols() as i32, best.format.rows() as i32);
    let upright = |n: &Node| {
        // A turned plate's rows run against the first step: a quarter turn, not a mirror.
        if best.turned { (n.j - j.0, i.1 - n.i) } else { (n.i - i.0, n.j - j.0) }
    };
    let mut nodes: Vec<Node> = settled
        .nodes
        .iter()
        .filter(|n| best.span.contains(n.i, n.j))
        .map(|n| {
            let (col, row) = upright(n);
            Node { i: col, j: row, peak: n.peak }
        })
        .collect();
    let map =
        fit_nodes(cloud, &nodes).ok_or_else(|| FitError::none("the wells that stand out lie on no flat plate"))?;
    let from_corner = |col: i32, row: i32| {
        homography::project(&map, f64::from(col), f64::from(row)).map_or(f64::INFINITY, |[x, y]| x.hypot(y))
    };
    let turn = from_corner(cols - 1, rows - 1) < from_corner(0, 0);
    if turn {
        for n in &mut nodes {
            (n.i, n.j) = (cols - 1 - n.i, rows - 1 - n.j);
        }
    }
    nodes.sort_by_key(|n| (n.j, n.i));
    Ok((if turn { homography::half_turn(&map, best.format) } else { map }, nodes))
}

/// Root mean square residual in pixels; refused when it is large for the pitch.
fn residual(cloud: &Cloud, map: &Homography, format: PlateFormat, nodes: &[Node]) -> Result<f64, FitError> {
    let n = nodes.len() as f64;
    let off = |node: &Node| {
        let [x, y] = cloud.at(node.peak);
        let [px, py] = homography::project(map, f64::from(node.i), f64::from(node.j))?;
        Some((x - px).powi(2) + (y - py).powi(2))
    };
    let rms = (nodes.iter().filter_map(off).sum::<f64>() / n).sqrt();
    let pitch = center(format).and_then(|[x, y]| homography::pitch_px(map, x, y)).unwrap_or(f64::NAN);
    // Eight of the 2n measurements went into the map, which lets a few points look better than they are.
    let limit = 0.15 * (1.0 - 4.0 / n).max(0.0).sqrt();
    if rms / pitch <= limit {
        return Ok(rms);
    }
    Err(FitError::none(format!("the wells lie {:.2} of their distance off a regular grid", rms / pitch)))
}

fn center(format: PlateFormat) -> Option<[f64; 2]> {
    (format.wells() > 0).then(|| [(format.cols() as f64 - 1.0) / 2.0, (format.rows() as f64 - 1.0) / 2.0])
}

/// Refuses a map that no camera makes of a flat plate.
fn plausible(map: &Homography, format: PlateFormat) -> Result<(), FitError> {
    let odd = |what: &str| Err(FitError::none(format!("the pattern's perspective is not a plate's ({what})")));
    let (cols, rows) = (format.cols() as f64 - 1.0, format.rows() as f64 - 1.0);
    let corners = [[0.0, 0.0], [cols, 0.0], [cols, rows], [0.0, rows]];
    let pitches: Vec<f64> = corners.iter().filter_map(|c| homography::pitch_px(map, c[0], c[1])).collect();
    let smallest = pitches.iter().copied().fold(f64::INFINITY, f64::min);
    let largest = pitches.iter().copied().fold(0.0, f64::max);
    if pitches.len() < 4 || largest > 3.0 * smallest {
        return odd("one corner is over three times as near as another");
    }
    let Some([u, v]) = center(format).and_then(|[x, y]| homography::steps(map, x, y)) else {
        return odd("it reaches the horizon");
    };
    let (along, down) = (u[0].hypot(u[1]), v[0].hypot(v[1]));
    if !(0.6..=1.67).contains(&(along / down)) {
        return odd("its cells are not square");
    }
    if u[0] * v[1] - u[1] * v[0] < 0.8 * along * down {
        return odd("its axes are not at right angles");
    }
    Ok(())
}

/// Refuses a grid with many peaks between its points, or peaks that expect another pitch.
fn undisturbed(cloud: &Cloud, map: &Homography, format: PlateFormat, nodes: &[Node]) -> Result<(), FitError> {
    let back = homography::inverse(map).ok_or_else(|| FitError::none("the pattern has no area"))?;
    let within = |v: f64, count: usize, margin: f64| v > -margin && v < count as f64 - 1.0 + margin;
    let spots = |margin: f64| {
        let inside = cloud.peaks().iter().filter(|p| p.score >= SEEN).filter(|p| {
            homography::project(&back, p.x, p.y)
                .is_some_and(|[col, row]| within(col, format.cols(), margin) && within(row, format.rows(), margin))
        });
        inside.count().saturating_sub(nodes.len())
    };
    // Few wells prove a plate only when they stand alone, for scattered spots make small squares now and then.
    let (strays, most) = match format.wells() {
        0..=12 => (spots(1.5), 1),
        13..=24 => (spots(1.0), nodes.len() / 8),
        _ => (spots(0.5), nodes.len() / 4),
    };
    if strays > most {
        return Err(FitError::none(format!("{strays} other spots lie among the wells of a {format}-well grid")));
    }
    let mut ratios: Vec<f64> = nodes
        .iter()
        .filter_map(|n| {
            let pitch = homography::pitch_px(map, f64::from(n.i), f64::from(n.j))?;
            Some(cloud.peaks().get(n.peak)?.pitch / pitch)
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    let median = ratios.get(ratios.len() / 2).copied().unwrap_or(f64::NAN);
    if !(0.6..1.6).contains(&median) {
        return Err(FitError::none(format!("the wells look {median:.1} times as far apart as they are")));
    }
    Ok(())
}

fn mean(values: &[f64]) -> f64 {
    if values.is_empty() { 0.0 } else { values.iter().sum::<f64>() / values.len() as f64 }
}

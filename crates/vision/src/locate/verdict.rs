//! Whether a lattice is a plate, which one, and if not why not.

use super::{
    edge::View,
    grow::{Cloud, Node},
    homography::{self, Homography},
    lattice::{Evidence, Fit, FitError, Settled, Sighting, fit_nodes, off},
    window::{Placed, SEEN, Span, Table},
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
/// A reading that is behind by less than this may still be the right one if labels say so.
const RIVALS: f64 = 40.0;
/// So many of them are looked at.
const MOST_RIVALS: usize = 3;

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
    let view = View { table: &table, core, size };
    let Some(best) = ranked.first().copied() else { return Err(view.no_format()) };
    view.enough(&best)?;
    let near = |count: usize| {
        let close = ranked.iter().take(count).filter(|placed| best.score - placed.score < RIVALS);
        close.filter(|placed| placed.span.nodes().all(|(i, j)| view.heat(i, j).is_some()))
    };
    let fits = |placed: &Placed| conclude(cloud, settled, &view, placed, 0.0).ok().map(|judged| judged.fit);
    match view.ends(&best, &|line| beside(cloud, settled, &best, line)) {
        Err(FitError::CutOff { rows, cols, sides, .. }) => {
            let contenders = near(MOST_RIVALS + 1).filter_map(fits).collect();
            return Err(FitError::CutOff { rows, cols, sides, contenders });
        }
        other => other?,
    }
    let gap = best.score - ranked.get(1).map_or(0.0, |next| next.score);
    let mut whole = conclude(cloud, settled, &view, &best, gap)?;
    whole.fit.rivals = near(MOST_RIVALS + 1).filter(|placed| placed.span != best.span).filter_map(fits).collect();
    if let Some(next) = ranked.get(1).filter(|_| gap < LEAST_GAP) {
        let mut contenders = std::mem::take(&mut whole.fit.rivals);
        contenders.insert(0, whole.fit);
        return Err(FitError::Ambiguous { one: best.format, other: next.format, contenders });
    }
    Ok(whole)
}

/// The plate at one place, fitted by its own wells; refused when its shape is no plate's.
fn conclude(cloud: &Cloud, settled: &Settled, view: &View<'_>, best: &Placed, gap: f64) -> Result<Judged, FitError> {
    let (homography, nodes) = placed(cloud, settled, best)?;
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
            rivals: Vec::new(),
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
    // Per axis, of the reading that fits best; its map took eight of the measurements. Not below what a heat map's cells
    // allow.
    let variance = |squares: &Vec<f64>| squares.iter().sum::<f64>() / (2.0 * squares.len() as f64 - 8.0).max(2.0);
    let variance = offsets.iter().map(variance).fold(f64::INFINITY, f64::min).max(0.03f64.powi(2));
    for (placed, squares) in ranked.iter_mut().zip(&offsets) {
        placed.score -= squares.iter().map(|s| (0.5 * s / variance - 1.0).min(MOST_MISFIT)).sum::<f64>();
    }
    ranked.sort_by(|a, b| b.score.total_cmp(&a.score));
    ranked
}

/// Whether the peaks on a line outside a window stand beside its nodes, by that window's own map.
fn beside(cloud: &Cloud, settled: &Settled, best: &Placed, line: Span) -> bool {
    let within = |span: Span| settled.nodes.iter().filter(move |n| span.contains(n.i, n.j));
    let inside: Vec<Node> = within(best.span).copied().collect();
    let Some(map) = fit_nodes(cloud, &inside) else { return false };
    let square = |n: &Node| off(cloud, &map, n).unwrap_or(1.0).powi(2);
    let usual = mean(&inside.iter().map(square).collect::<Vec<_>>());
    let there: Vec<f64> = within(line).map(square).collect();
    // A line of heat without peaks on the nodes has them further off than any well's.
    there.len() < 3 || mean(&there) > BESIDE * usual
}

/// How many times farther off (squared) than the wells a line must be to be none of theirs.
const BESIDE: f64 = 3.0;

/// The nodes where a plate could reach that has most of its wells in `core`.
fn looked_at(core: Span) -> Span {
    let reach = |(low, high): (i32, i32)| {
        let by = (((high - low + 1) * 3 + 4) / 5).clamp(2, 16);
        let most = i32::from(PlateFormat::MAX_COLS);
        ((low - by).max((high - most - 1).min(low - 2)), (high + by).min((low + most + 1).max(high + 2)))
    };
    Span { i: reach(core.i), j: reach(core.j) }
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
    let most = if format.wells() <= 12 { 0.12 } else { 0.15 };
    let limit = most * (1.0 - 4.0 / n).max(0.0).sqrt();
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
    // A honeycomb's axes meet at 60 degrees, a sine of 0.87; a plate tilted by 45 degrees keeps 0.94.
    if u[0] * v[1] - u[1] * v[0] < 0.9 * along * down {
        return odd("its axes are not at right angles");
    }
    Ok(())
}

/// Refuses a grid with many peaks between its points, or peaks that expect another pitch.
fn undisturbed(cloud: &Cloud, map: &Homography, format: PlateFormat, nodes: &[Node]) -> Result<(), FitError> {
    let back = homography::inverse(map).ok_or_else(|| FitError::none("the pattern has no area"))?;
    let within = |v: f64, count: usize, margin: f64| v > -margin && v < count as f64 - 1.0 + margin;
    let spots = |margin: f64| {
        cloud.peaks().iter().filter(|p| p.score >= SEEN).filter(move |p| {
            homography::project(&back, p.x, p.y)
                .is_some_and(|[col, row]| within(col, format.cols(), margin) && within(row, format.rows(), margin))
        })
    };
    // Few wells prove a plate only when they stand alone, for scattered spots make small squares now and then. Many
    // bear with more, and with the more the fainter those are beside the wells.
    let strays = |margin: f64| spots(margin).count().saturating_sub(nodes.len());
    let strong = |score: f64| if score >= SEEN { score } else { 0.0 };
    let own: f64 = nodes.iter().filter_map(|n| cloud.peaks().get(n.peak)).map(|p| strong(p.score)).sum();
    let disturbed = match format.wells() {
        0..=12 => strays(1.5) > 1,
        13..=24 => strays(1.0) > nodes.len() / 8,
        _ => spots(0.5).map(|p| p.score).sum::<f64>() - own > own / 4.0,
    };
    if disturbed {
        return Err(FitError::none(format!("{} other spots lie among the wells of a {format}-well grid", strays(1.5))));
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

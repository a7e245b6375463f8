//! Which part of a lattice is the plate: every format at every place, scored by the heat where its wells would be.

use super::homography::{self, Homography};
use super::lattice::Evidence;
use wellread_plate::format::PlateFormat;

/// A node counts as inside the picture up to this far out, in pitches: the fit's own error at the edge.
const OUTSIDE_TOLERANCE: f64 = 0.15;
/// How far around a node the heat's maximum is taken, in pitches.
const HEAT_RADIUS: f64 = 0.2;
/// Heat from which a well counts as seen.
pub(super) const SEEN: f64 = 0.35;

/// Heat at one lattice node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sample {
    /// 0..1; `None` outside the picture.
    pub(super) heat: Option<f64>,
    /// Distance to the picture's nearest border in pitches, negative outside.
    pub(super) border: f64,
    /// Where it lies.
    pub(super) pixel: [f64; 2],
}

/// A rectangle of lattice nodes, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Span {
    pub(super) i: (i32, i32),
    pub(super) j: (i32, i32),
}

impl Span {
    pub(super) fn contains(&self, i: i32, j: i32) -> bool {
        (self.i.0..=self.i.1).contains(&i) && (self.j.0..=self.j.1).contains(&j)
    }

    pub(super) fn wide(&self) -> usize {
        (self.i.1 - self.i.0 + 1).max(0) as usize
    }

    pub(super) fn high(&self) -> usize {
        (self.j.1 - self.j.0 + 1).max(0) as usize
    }

    /// Grown by `by` nodes on each side.
    pub(super) fn grown(&self, by: i32) -> Self {
        Self { i: (self.i.0 - by, self.i.1 + by), j: (self.j.0 - by, self.j.1 + by) }
    }

    pub(super) fn nodes(self) -> impl Iterator<Item = (i32, i32)> {
        (self.j.0..=self.j.1).flat_map(move |j| (self.i.0..=self.i.1).map(move |i| (i, j)))
    }
}

/// Heat over a rectangle of nodes.
pub(super) struct Table {
    span: Span,
    samples: Vec<Sample>,
    /// Per axis, for each line across it, running sums along the line of the two scores and of the wells seen.
    by_row: Vec<[f64; 3]>,
    by_column: Vec<[f64; 3]>,
    /// Wells seen left of and above each node, one line and column more than there are nodes.
    seen_before: Vec<f64>,
}

/// A format at a place on the lattice.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) format: PlateFormat,
    /// Whether the format's columns run along the lattice's second step.
    pub(super) turned: bool,
    pub(super) span: Span,
    /// Log-likelihood against "no well anywhere", with the format's prior.
    pub(super) score: f64,
}

impl Table {
    /// Looks up the heat at every node of a rectangle.
    pub(super) fn sample(h: &Homography, span: Span, evidence: &dyn Evidence, size: (f64, f64)) -> Self {
        let samples: Vec<Sample> = span.nodes().map(|(i, j)| sample(h, i, j, evidence, size)).collect();
        let mut table = Self { span, samples, by_row: Vec::new(), by_column: Vec::new(), seen_before: Vec::new() };
        let rows = (span.j.0..=span.j.1).map(|j| (span.i.0..=span.i.1).map(|i| table.value(i, j)).collect());
        let by_row = rows.flat_map(|line: Vec<[f64; 3]>| running(&line)).collect();
        let columns = (span.i.0..=span.i.1).map(|i| (span.j.0..=span.j.1).map(|j| table.value(i, j)).collect());
        let by_column = columns.flat_map(|line: Vec<[f64; 3]>| running(&line)).collect();
        table.by_row = by_row;
        table.by_column = by_column;
        let mut above = vec![0.0; span.wide() + 1];
        table.seen_before.clone_from(&above);
        for line in table.by_row.chunks(span.wide() + 1) {
            above.iter_mut().zip(line).for_each(|(sum, row)| *sum += row[2]);
            table.seen_before.extend_from_slice(&above);
        }
        table
    }

    /// The sample at a node; `None` outside the table.
    pub(super) fn get(&self, i: i32, j: i32) -> Option<&Sample> {
        let at = || (j - self.span.j.0) as usize * self.span.wide() + (i - self.span.i.0) as usize;
        self.span.contains(i, j).then(|| self.samples.get(at())).flatten()
    }

    fn value(&self, i: i32, j: i32) -> [f64; 3] {
        let Some(heat) = self.get(i, j).and_then(|s| s.heat) else { return [UNSEEN, UNSEEN, 0.0] };
        [log_ratio(heat), faint_log_ratio(heat), f64::from(heat >= SEEN)]
    }

    /// Sums over part of row `j`.
    fn row(&self, j: i32, i: (i32, i32)) -> [f64; 3] {
        let start = (j - self.span.j.0) as usize * (self.span.wide() + 1);
        difference(&self.by_row, start, (i.0 - self.span.i.0, i.1 - self.span.i.0 + 1))
    }

    /// Sums over part of column `i`.
    fn column(&self, i: i32, j: (i32, i32)) -> [f64; 3] {
        let start = (i - self.span.i.0) as usize * (self.span.high() + 1);
        difference(&self.by_column, start, (j.0 - self.span.j.0, j.1 - self.span.j.0 + 1))
    }

    /// Wells seen in a rectangle, by the sums over all that lies before its corners.
    fn seen(&self, span: Span) -> f64 {
        let wide = self.span.wide() + 1;
        let at = |i: i32, j: i32| {
            let at = (j - self.span.j.0) as usize * wide + (i - self.span.i.0) as usize;
            self.seen_before.get(at).copied().unwrap_or(0.0)
        };
        let (i, j) = ((span.i.0, span.i.1 + 1), (span.j.0, span.j.1 + 1));
        at(i.1, j.1) - at(i.0, j.1) - at(i.1, j.0) + at(i.0, j.0)
    }

    /// Log-likelihood of wells at all nodes of a rectangle, against none there.
    ///
    /// Wells are missed one by one, or, on a plate of `dilutions`, a row (or column) at a time, too faint to see.
    fn likelihood(&self, span: Span, dilutions: bool) -> f64 {
        let line = |[plain, faint, _]: [f64; 3]| if dilutions { plain.max(FAINT_LINE + faint) } else { plain };
        let rows: f64 = (span.j.0..=span.j.1).map(|j| line(self.row(j, span.i))).sum();
        let columns: f64 = (span.i.0..=span.i.1).map(|i| line(self.column(i, span.j))).sum();
        rows.max(columns)
    }

    /// Formats at all places that keep most of the wells seen in `core`, best first: at most one for each rectangle.
    pub(super) fn ranked(&self, core: Span) -> Vec<Placed> {
        let all = self.seen(core);
        let mut found = Vec::new();
        for (format, prior) in formats() {
            // Coarse plates are not diluted along, and strips are sought where they are seen.
            let dilutions = format.is_standard() && format.wells() >= 96;
            for turned in [false, true] {
                let (wide, high) = if turned { (format.rows(), format.cols()) } else { (format.cols(), format.rows()) };
                let (wide, high) = (wide as i32, high as i32);
                for j in self.span.j.0..=self.span.j.1 - high + 1 {
                    for i in self.span.i.0..=self.span.i.1 - wide + 1 {
                        let span = Span { i: (i, i + wide - 1), j: (j, j + high - 1) };
                        if shares(span, core) && self.seen(span) >= KEPT * all {
                            found.push(Placed {
                                format,
                                turned,
                                span,
                                score: prior + self.likelihood(span, dilutions),
                            });
                        }
                    }
                }
            }
        }
        // A stable sort: standard formats come first among equals, and of two turns of a square the upright one.
        found.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut kept: Vec<Placed> = Vec::new();
        for placed in found {
            if kept.len() == 8 {
                break;
            }
            if kept.iter().all(|k| k.span != placed.span) {
                kept.push(placed);
            }
        }
        kept
    }
}

/// A window must hold this share of the wells seen, or it explains something else.
const KEPT: f64 = 0.7;
/// What a well outside the picture costs: as much as one that shows nothing.
const UNSEEN: f64 = -2.6;
/// What a wholly faint row costs, beside its faint wells.
const FAINT_LINE: f64 = -2.5;
/// What a strip costs against a standard plate: about four wells of evidence.
const STRIP_PRIOR: f64 = -12.0;
/// What a strip of all lines but one costs: as much as a 96-well plate whose last row or column is blank, so that
/// neither is taken for the other.
const ALL_BUT_ONE: [f64; 2] = [-26.0, -18.0];

/// Formats looked for, with the logarithm of how likely each is beforehand.
fn formats() -> Vec<(PlateFormat, f64)> {
    let prior = |f: PlateFormat| match f.wells() {
        96 => 0.0,
        384 => -1.0,
        6 | 12 => -3.0,
        _ => -2.0,
    };
    let standard = PlateFormat::STANDARD.into_iter().map(|f| (f, prior(f)));
    // A single line of wells leaves the other direction open, so strips begin at two lines. Six columns of eight are
    // left out because they are a 48-well plate turned.
    let along = (2..8).filter_map(|rows| PlateFormat::new(rows, 12).ok());
    let across = (2..12).filter(|&cols| cols != 6).filter_map(|cols| PlateFormat::new(8, cols).ok());
    let strip = |f: PlateFormat| match (f.rows(), f.cols()) {
        (7, 12) => ALL_BUT_ONE[0],
        (8, 11) => ALL_BUT_ONE[1],
        _ => STRIP_PRIOR,
    };
    standard.chain(along.chain(across).map(|f| (f, strip(f)))).collect()
}

fn shares(a: Span, b: Span) -> bool {
    a.i.0 <= b.i.1 && b.i.0 <= a.i.1 && a.j.0 <= b.j.1 && b.j.0 <= a.j.1
}

fn running(line: &[[f64; 3]]) -> Vec<[f64; 3]> {
    let mut sum = [0.0; 3];
    let mut out = vec![sum];
    for value in line {
        sum = [sum[0] + value[0], sum[1] + value[1], sum[2] + value[2]];
        out.push(sum);
    }
    out
}

fn difference(sums: &[[f64; 3]], start: usize, (from, to): (i32, i32)) -> [f64; 3] {
    let at = |k: i32| sums.get(start + k as usize).copied().unwrap_or_default();
    let (a, b) = (at(from), at(to));
    [b[0] - a[0], b[1] - a[1], b[2] - a[2]]
}

fn sample(h: &Homography, i: i32, j: i32, evidence: &dyn Evidence, (wide, high): (f64, f64)) -> Sample {
    let (x, y) = (f64::from(i), f64::from(j));
    let (Some([px, py]), Some(pitch)) = (homography::project(h, x, y), homography::pitch_px(h, x, y)) else {
        return Sample { heat: None, border: f64::NEG_INFINITY, pixel: [f64::NAN; 2] };
    };
    let border = px.min(py).min(wide - px).min(high - py) / pitch;
    if border.is_nan() || border < -OUTSIDE_TOLERANCE {
        return Sample { heat: None, border, pixel: [px, py] };
    }
    // Just outside by the fit's error: the heat at the border stands for it.
    let (cx, cy) = (px.clamp(0.0, wide - 1e-6), py.clamp(0.0, high - 1e-6));
    let heat = evidence.heat(cx, cy, HEAT_RADIUS * pitch).map(|h| if h.is_finite() { h.clamp(0.0, 1.0) } else { 0.0 });
    Sample { heat, border, pixel: [px, py] }
}

/// Log of how much likelier this heat is at a well than at a place without.
///
/// Wells: one in five shows little, the rest is strong. Elsewhere: near 0, but for one place in fourteen with
/// anything at all (letters, screws, stains).
fn log_ratio(heat: f64) -> f64 {
    interpolate(&[(0.0, -2.6), (0.1, -1.8), (0.2, -0.7), (0.3, 0.4), (0.5, 2.3), (0.8, 3.2), (1.0, 3.2)], heat)
}

/// The same for the wells of a row that is faint as a whole: mostly below 0.3, yet more than nothing.
fn faint_log_ratio(heat: f64) -> f64 {
    interpolate(&[(0.0, -2.0), (0.05, -0.9), (0.1, 0.0), (0.2, 0.8), (0.4, 1.0), (1.0, 0.5)], heat)
}

fn interpolate(points: &[(f64, f64)], x: f64) -> f64 {
    let after = points.partition_point(|p| p.0 <= x);
    match (after.checked_sub(1).and_then(|k| points.get(k)), points.get(after)) {
        (Some(a), Some(b)) => a.1 + (b.1 - a.1) * (x - a.0) / (b.0 - a.0),
        (Some(end), None) | (None, Some(end)) => end.1,
        (None, None) => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Heat 0.9 at chosen nodes of a lattice of 10 px, 0.02 elsewhere.
    struct Dots<F>(F);
    impl<F: Fn(i32, i32) -> f64> Evidence for Dots<F> {
        fn heat(&self, x: f64, y: f64, _: f64) -> Option<f64> {
            ((0.0..400.0).contains(&x) && (0.0..400.0).contains(&y))
                .then(|| (self.0)((x / 10.0).round() as i32, (y / 10.0).round() as i32))
        }
    }

    const TEN: Homography = [10.0, 0.0, 0.0, 0.0, 10.0, 0.0, 0.0, 0.0, 1.0];

    fn best(core: Span, heat: impl Fn(i32, i32) -> f64) -> Vec<Placed> {
        Table::sample(&TEN, core.grown(6), &Dots(heat), (400.0, 400.0)).ranked(core)
    }

    #[test]
    fn the_plate_is_the_window_of_its_wells() {
        let core = Span { i: (10, 21), j: (10, 17) };
        let ranked = best(core, |i, j| if core.contains(i, j) { 0.9 } else { 0.02 });
        assert_eq!(ranked[0].format, PlateFormat::WELLS_96, "8 x 12 strong nodes are a 96-well plate");
        assert_eq!((ranked[0].span, ranked[0].turned), (core, false), "where they are");
        assert!(ranked[0].score - ranked[1].score > 20.0, "and nothing else comes near");
    }

    #[test]
    fn a_turned_plate_is_known_as_turned() {
        let core = Span { i: (10, 25), j: (8, 31) };
        let ranked = best(core, |i, j| if core.contains(i, j) { 0.9 } else { 0.02 });
        assert_eq!((ranked[0].format.wells(), ranked[0].turned, ranked[0].span), (384, true, core), "24 long, 16 wide");
    }

    #[test]
    fn faint_rows_belong_and_blank_rows_do_not() {
        let core = Span { i: (10, 21), j: (10, 15) };
        let faint = |low: f64| {
            move |i: i32, j: i32| match (core.contains(i, j), (10..22).contains(&i) && (16..18).contains(&j)) {
                (true, _) => 0.9,
                (_, true) => low,
                _ => 0.01,
            }
        };
        assert_eq!(
            best(core, faint(0.12))[0].span,
            Span { i: (10, 21), j: (10, 17) },
            "two faint rows complete 8 x 12"
        );
        let strip = best(core, faint(0.01))[0];
        assert_eq!((strip.format.rows(), strip.format.cols()), (6, 12), "two blank rows are no part of a plate");
    }

    #[test]
    fn log_ratios_rise_with_heat() {
        for k in 0..100 {
            let (a, b) = (f64::from(k) / 100.0, f64::from(k + 1) / 100.0);
            assert!(log_ratio(a) <= log_ratio(b), "more heat never speaks against a well: {a}");
        }
        assert!((log_ratio(0.05) + 2.2).abs() < 1e-9, "half way between two knots");
        assert!((log_ratio(1.0) - 3.2).abs() < 1e-9, "the last knot holds");
    }
}

//! Where a window of the lattice ends, and whether the plate ends there too.

use super::{
    lattice::{Border, FitError},
    window::{Placed, SEEN, Sample, Span, Table},
};
use wellread_plate::format::PlateFormat;

/// Wells of the largest plate.
const LARGEST: usize = PlateFormat::MAX_ROWS as usize * PlateFormat::MAX_COLS as usize;

/// The heat around one lattice.
pub(super) struct View<'a> {
    pub(super) table: &'a Table,
    /// The lattice's well-filled lines.
    pub(super) core: Span,
    /// Of the picture.
    pub(super) size: (f64, f64),
}

impl View<'_> {
    /// Heat at a node; `None` outside the picture.
    pub(super) fn heat(&self, i: i32, j: i32) -> Option<f64> {
        self.table.get(i, j).and_then(|s| s.heat)
    }

    /// The nodes around a rectangle.
    pub(super) fn ring(&self, span: Span) -> Vec<Sample> {
        self.samples(span.grown(1).nodes().filter(|&(i, j)| !span.contains(i, j)))
    }

    fn samples(&self, nodes: impl Iterator<Item = (i32, i32)>) -> Vec<Sample> {
        nodes.filter_map(|(i, j)| self.table.get(i, j).copied()).collect()
    }

    /// Refuses a window with too few of its wells seen.
    pub(super) fn enough(&self, best: &Placed) -> Result<(), FitError> {
        let inside = self.samples(best.span.nodes());
        let outside: Vec<Sample> = inside.iter().filter(|s| s.heat.is_none()).copied().collect();
        let (seen, needed) = (seen_of(&inside), wells_needed(best.format));
        if !outside.is_empty() && seen + outside.len() >= needed {
            return Err(cut_off(self.core, borders(&outside, self.size)));
        }
        if seen < needed {
            let format = best.format;
            return Err(FitError::none(format!(
                "{seen} wells of a {format}-well plate stand out, {needed} are needed"
            )));
        }
        Ok(())
    }

    /// Refuses a window beyond which the lattice goes on, in the picture or out of it. `beside` says whether what
    /// stands on a line of nodes stands beside them rather, as printed letters do.
    pub(super) fn ends(&self, best: &Placed, beside: &dyn Fn(Span) -> bool) -> Result<(), FitError> {
        let lines = sides(best.span);
        let sides = lines.map(|line| self.samples(line.nodes()));
        let share = seen_of(&self.samples(best.span.nodes())) as f64 / best.format.wells() as f64;
        let going_on: Vec<Span> =
            lines.into_iter().zip(&sides).filter(|(_, line)| goes_on(line, share)).map(|(line, _)| line).collect();
        let ring = self.ring(best.span);
        // Only a plate of many wells is known well enough to tell a printed line from one more of its own.
        let fine = best.format.is_standard() && best.format.wells() >= 48;
        // No plate is larger than the largest, whose labels stand as close as its wells: there they may stand on two sides.
        let largest = best.format.wells() == LARGEST;
        let most_printed = if largest { 2 } else { 1 };
        let printed = fine && going_on.len() <= most_printed && going_on.iter().all(|&line| beside(line));
        let most = match (best.format.is_standard(), fine) {
            (true, true) if largest => ring.len() * 5 / 8,
            (true, true) => ring.len() / 4,
            (true, false) => ring.len() / 8,
            (false, _) => ring.len() / 16,
        };
        if !(going_on.is_empty() || printed) || seen_of(&ring) > most {
            return Err(self.no_format());
        }
        let mut cut: Vec<Sample> = cut_sides(best, &sides).into_iter().flatten().copied().collect();
        cut.extend(self.guessed_sides(best, &sides));
        if cut.is_empty() { Ok(()) } else { Err(cut_off(self.core, borders(&cut, self.size))) }
    }

    /// Sides that run out of the picture while nothing is seen at the opposite end: the plate may as well lie further
    /// that way, with the blank lines' places taken by wells that the picture does not show.
    fn guessed_sides(&self, best: &Placed, sides: &[Vec<Sample>; 4]) -> Vec<Sample> {
        let Span { i, j } = best.span;
        let ends = [
            Span { i: (i.1, i.1), j },
            Span { i: (i.0, i.0), j },
            Span { i, j: (j.1, j.1) },
            Span { i, j: (j.0, j.0) },
        ];
        let blank = |end: &Span| {
            let line = self.samples(end.nodes());
            let heat: f64 = line.iter().filter_map(|s| s.heat).sum();
            seen_of(&line) == 0 && heat < BLANK * line.len() as f64
        };
        let guessed = ends.iter().zip(sides).filter(|(end, side)| blank(end) && runs_out(side));
        guessed.flat_map(|(_, side)| side.iter().copied()).collect()
    }

    /// A lattice that is no format: cut off where it runs out of the picture, no plate otherwise.
    pub(super) fn no_format(&self) -> FitError {
        let lines = sides(self.core).map(|line| self.samples(line.nodes()));
        let out: Vec<Sample> = lines.into_iter().filter(|line| runs_out(line)).flatten().collect();
        let inside = self.samples(self.core.nodes());
        let known = self.core.wide().min(self.core.high()) >= 2 && seen_of(&inside) >= 8;
        if known && !out.is_empty() && seen_of(&inside) * 5 >= inside.len() * 3 {
            return cut_off(self.core, borders(&out, self.size));
        }
        FitError::none(format!("a pattern of {} x {} is no plate's", self.core.high(), self.core.wide()))
    }
}

/// Mean heat below which a line shows nothing at all.
const BLANK: f64 = 0.08;

fn seen_of(samples: &[Sample]) -> usize {
    samples.iter().filter(|s| s.heat.is_some_and(|h| h >= SEEN)).count()
}

/// The four lines just outside: before and after along the first axis, before and after along the second.
fn sides(Span { i, j }: Span) -> [Span; 4] {
    [
        Span { i: (i.0 - 1, i.0 - 1), j },
        Span { i: (i.1 + 1, i.1 + 1), j },
        Span { i, j: (j.0 - 1, j.0 - 1) },
        Span { i, j: (j.1 + 1, j.1 + 1) },
    ]
}

fn cut_off(core: Span, sides: Vec<Border>) -> FitError {
    let (wide, high) = (core.wide(), core.high());
    FitError::CutOff { rows: wide.min(high), cols: wide.max(high), sides, contenders: Vec::new() }
}

/// Lines beyond which the plate must go on outside the picture.
fn cut_sides<'a>(best: &Placed, sides: &'a [Vec<Sample>; 4]) -> Vec<&'a [Sample]> {
    let [before, after, above, below] = sides.each_ref().map(Vec::as_slice);
    let (columns, rows) =
        if best.turned { ([above, below], [before, after]) } else { ([before, after], [above, below]) };
    let (n_rows, n_cols, wells) = (best.format.rows(), best.format.cols(), best.format.wells());
    if !best.format.is_standard() {
        // The strip's own length of 8 or 12 is whole; along the other axis it is a plate that may go on.
        let mut open: Vec<&[Sample]> = Vec::new();
        open.extend(if n_cols == 12 { [].as_slice() } else { columns.as_slice() });
        open.extend(if n_rows == 8 && n_cols != 8 { [].as_slice() } else { rows.as_slice() });
        return open.into_iter().filter(|line| runs_out(line)).collect();
    }
    if wells > 48 {
        return Vec::new();
    }
    // A larger plate's half is a smaller one's whole: 8 x 6 of 8 x 12, 6 x 4 of 6 x 8. Such a half touches the border
    // on one side only, where a whole plate in a tight picture touches on both.
    let one_of = |[a, b]: [&'a [Sample]; 2], touches: fn(&[Sample]) -> bool| match (touches(a), touches(b)) {
        (true, false) if !runs_out(b) => Some(a),
        (false, true) if !runs_out(a) => Some(b),
        _ => None,
    };
    // A quarter of a plate lies in the picture's corner, and need not be as near to either border to be suspect.
    if let (Some(a), Some(b)) = (one_of(columns, runs_out), one_of(rows, runs_out)) {
        return vec![a, b];
    }
    [columns, rows].into_iter().filter_map(|pair| one_of(pair, leaves)).collect()
}

/// Whether the next line would lie outside the picture or half a pitch from its border, for a third of its length.
fn runs_out(line: &[Sample]) -> bool {
    line.iter().filter(|s| s.border < 0.5).count() * 3 >= line.len().max(1)
}

/// Whether the next line would lie outside the picture for half of its length.
fn leaves(line: &[Sample]) -> bool {
    line.iter().filter(|s| s.border < 0.0).count() * 2 >= line.len().max(1)
}

/// Whether the next line shows wells at half the plate's own rate.
fn goes_on(line: &[Sample], share: f64) -> bool {
    let visible = line.iter().filter(|s| s.heat.is_some()).count();
    visible >= 2 && seen_of(line) as f64 > 0.5 * share * visible as f64
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

/// Wells that must stand out: the fewer a plate has, the larger a share, for six dots are soon in a row somewhere.
fn wells_needed(format: PlateFormat) -> usize {
    let share = |percent: usize| (format.wells() * percent).div_ceil(100);
    match (format.is_standard(), format.wells()) {
        (true, 0..=6) => 5,
        (true, 7..=12) => 10,
        (true, 13..=24) | (false, _) => share(75),
        (true, 25..=48) => share(62),
        (true, _) => share(42),
    }
}

//! Boxes to wells.

use super::boxes::Detection;
use wellread_plate::{
    class::WellClass,
    format::WellId,
    reading::{BBox, Grid, WellFlag, WellReading},
};

/// Gives every well of the grid what the boxes say of it.
///
/// A box belongs to the well whose centre is nearest to its own, within half a pitch; others belong to none. A well
/// without a box is read as unknown: every class alike, flagged [`WellFlag::NoBox`], so that it fails any review
/// threshold instead of vanishing. Of several boxes the best counts, and the well is flagged
/// [`WellFlag::SeveralBoxes`].
pub fn match_wells(grid: &Grid, size_px: [usize; 2], classes: &[WellClass], found: &[Detection]) -> Vec<WellReading> {
    let wells: Vec<(WellId, BBox)> = grid.format.iter().map(|well| (well, grid.bbox(well))).collect();
    let mut best: Vec<(usize, Option<&Detection>)> = vec![(0, None); wells.len()];
    for one in found {
        let Some((count, kept)) = nearest(&wells, one).and_then(|index| best.get_mut(index)) else { continue };
        *count += 1;
        if kept.is_none_or(|k| one.score > k.score) {
            *kept = Some(one);
        }
    }
    wells
        .into_iter()
        .zip(best)
        .map(|((well, bbox), (count, kept))| {
            let mut flags = Vec::new();
            if bbox.is_cut_by(size_px) {
                flags.push(WellFlag::CutOff);
            }
            match count {
                0 => flags.push(WellFlag::NoBox),
                1 => {}
                _ => flags.push(WellFlag::SeveralBoxes),
            }
            WellReading { well, center_px: bbox.center(), bbox, probabilities: probabilities(classes, kept), flags }
        })
        .collect()
}

/// The well a box belongs to.
fn nearest(wells: &[(WellId, BBox)], one: &Detection) -> Option<usize> {
    let [x, y] = one.bbox.center();
    let distance = |well: &BBox| (x - well.center()[0]).hypot(y - well.center()[1]);
    let (index, (_, bbox)) =
        wells.iter().enumerate().min_by(|(_, a), (_, b)| distance(&a.1).total_cmp(&distance(&b.1)))?;
    (distance(bbox) <= (bbox.xmax - bbox.xmin) / 2.0).then_some(index)
}

/// A score of s as a distribution: s of the belief follows the scores, the rest is spread over all classes.
///
/// So the best class stays the best, a weak box gives a low confidence whatever the other scores, and no box at all
/// gives every class the same.
fn probabilities(classes: &[WellClass], kept: Option<&Detection>) -> Vec<(WellClass, f64)> {
    let even = 1.0 / classes.len() as f64;
    let (belief, scores) = kept.map_or((0.0, &[][..]), |d| (d.score, d.scores.as_slice()));
    let total: f64 = scores.iter().sum();
    let belief = if total > 0.0 { belief } else { 0.0 };
    let scores = scores.iter().copied().chain(std::iter::repeat(0.0));
    let share = |score: f64| if belief > 0.0 { score / total } else { 0.0 };
    classes.iter().cloned().zip(scores.map(|s| belief * share(s) + (1.0 - belief) * even)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use wellread_plate::{
        format::PlateFormat,
        reading::{Orientation, OrientationBy},
    };

    /// 2 x 3 wells, 80 pixels apart, A1 at (100, 60).
    fn grid() -> Grid {
        Grid {
            format: PlateFormat::new(2, 3).unwrap(),
            homography: [80.0, 0.0, 100.0, 0.0, 80.0, 60.0, 0.0, 0.0, 1.0],
            rms_residual_px: 0.0,
            orientation: Orientation { known: true, by: OrientationBy::Calibration },
        }
    }

    fn classes() -> Vec<WellClass> {
        vec![WellClass::TEARDROP, WellClass::BUTTON, WellClass::EMPTY]
    }

    fn at(x: f64, y: f64, scores: [f64; 3]) -> Detection {
        let (class, &score) = scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
        let bbox = BBox { xmin: x - 30.0, ymin: y - 30.0, xmax: x + 30.0, ymax: y + 30.0 };
        Detection { bbox, class, score, scores: scores.to_vec() }
    }

    fn read(found: &[Detection]) -> Vec<WellReading> {
        match_wells(&grid(), [640, 480], &classes(), found)
    }

    #[test]
    fn a_box_goes_to_its_well_and_the_others_stay() {
        let wells = read(&[at(185.0, 55.0, [0.9, 0.05, 0.05])]);
        assert_eq!(wells.len(), 6, "every well of the format is read");
        let a2 = &wells[1];
        assert_eq!((a2.well.to_string().as_str(), a2.flags.as_slice()), ("A2", &[][..]), "5 px off its centre");
        assert!((a2.probabilities[0].1 - (0.9 * 0.9 + 0.1 / 3.0)).abs() < 1e-12, "0.9 follows the scores");
        for well in wells.iter().filter(|w| w.well.to_string() != "A2") {
            assert_eq!(well.flags, [WellFlag::NoBox], "{} was overlooked and says so", well.well);
            assert!(well.probabilities.iter().all(|(_, p)| (p - 1.0 / 3.0).abs() < 1e-12), "nothing is known of it");
        }
    }

    #[test]
    fn a_box_between_wells_belongs_to_none() {
        let far = read(&[at(140.0, 100.0, [0.9, 0.0, 0.0])]);
        assert!(far.iter().all(|w| w.flags == [WellFlag::NoBox]), "57 px from four wells, and 40 is half a pitch");
        let near = read(&[at(139.0, 60.0, [0.9, 0.0, 0.0])]);
        assert!(near[0].flags.is_empty(), "39 px from A1 is within half a pitch");
    }

    #[test]
    fn of_several_boxes_the_best_counts_and_the_well_says_so() {
        for order in [[0, 1], [1, 0]] {
            let two = [at(100.0, 60.0, [0.5, 0.1, 0.1]), at(104.0, 60.0, [0.1, 0.8, 0.1])];
            let a1 = read(&order.map(|i| two[i].clone())).swap_remove(0);
            assert_eq!(a1.flags, [WellFlag::SeveralBoxes], "two boxes on A1");
            let best = a1.probabilities.iter().max_by(|a, b| a.1.total_cmp(&b.1)).unwrap();
            assert_eq!(best.0, WellClass::BUTTON, "0.8 beats 0.5 in either order");
        }
    }

    #[test]
    fn a_well_at_the_edge_of_the_picture_is_cut_off() {
        let wells = match_wells(&grid(), [280, 480], &classes(), &[]);
        let cut: Vec<_> = wells.iter().filter(|w| w.flags.contains(&WellFlag::CutOff)).map(|w| w.well).collect();
        assert_eq!(cut.len(), 2, "A3 and B3 reach to 300, 16 of it rim: {cut:?}");
    }

    proptest! {
        #[test]
        fn probabilities_sum_to_one_and_the_best_score_stays_best(
            boxes in prop::collection::vec((0.0..640.0, 0.0..480.0, prop::array::uniform3(0.0..=1.0)), 0..20),
        ) {
            let found: Vec<_> = boxes.iter().map(|&(x, y, scores)| at(x, y, scores)).collect();
            for well in read(&found) {
                let sum: f64 = well.probabilities.iter().map(|(_, p)| p).sum();
                prop_assert!((sum - 1.0).abs() < 1e-9, "{} sums to {sum}", well.well);
                prop_assert!(well.probabilities.iter().all(|(_, p)| (0.0..=1.0).contains(p)), "{:?}", well.probabilities);
            }
            let strongest = found.iter().max_by(|a, b| a.score.total_cmp(&b.score));
            if let Some(strongest) = strongest.filter(|d| d.score > 0.0) {
                let shares = probabilities(&classes(), Some(strongest));
                let best = shares.iter().enumerate().max_by(|a, b| a.1.1.total_cmp(&b.1.1)).unwrap().0;
                prop_assert_eq!(best, strongest.class, "spreading doubt must not change the class");
            }
        }
    }
}

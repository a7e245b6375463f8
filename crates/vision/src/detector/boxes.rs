//! From a network's anchors to one box for each thing seen.

use super::letterbox::Letterbox;
use ndarray::ArrayView2;
use wellread_plate::reading::BBox;

/// Boxes weighed against each other at most; a plate has 1536 wells, and the comparison is quadratic.
const MOST: usize = 4096;

/// Two boxes of one class that share more than this of their union are one thing.
const SAME_IOU: f64 = 0.45;

/// One box.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// Where, in pixels of the upright picture.
    pub bbox: BBox,
    /// Index of its class.
    pub class: usize,
    /// Score of that class, 0 to 1.
    pub score: f64,
    /// Scores of all classes, in the detector's order.
    pub scores: Vec<f64>,
}

/// The boxes whose best class reaches the threshold, best first.
///
/// Scores are softened by the temperature as logits are: 1 leaves them, more takes confidence away.
pub(super) fn above_threshold(
    anchors: &ArrayView2<'_, f32>,
    letterbox: &Letterbox,
    threshold: f64,
    temperature: f64,
) -> Vec<Detection> {
    let mut found: Vec<Detection> = anchors
        .columns()
        .into_iter()
        .filter_map(|anchor| {
            let mut numbers = anchor.iter().copied().map(f64::from);
            let place = [numbers.next()?, numbers.next()?, numbers.next()?, numbers.next()?];
            let scores: Vec<f64> = numbers.collect();
            // A NaN is no better than any score, so it never becomes the best.
            let (class, &score) = scores.iter().enumerate().filter(|(_, s)| **s >= threshold).max_by(by_score)?;
            let scores: Vec<f64> = scores.iter().map(|&s| softened(s, temperature)).collect();
            Some(Detection { bbox: letterbox.back(place)?, class, score: softened(score, temperature), scores })
        })
        .collect();
    found.sort_by(|a, b| b.score.total_cmp(&a.score));
    found.truncate(MOST);
    found
}

fn by_score(a: &(usize, &f64), b: &(usize, &f64)) -> std::cmp::Ordering {
    a.1.total_cmp(b.1)
}

fn softened(score: f64, temperature: f64) -> f64 {
    let score = if score.is_nan() { 0.0 } else { score.clamp(0.0, 1.0) };
    let odds = (score / (1.0 - score)).powf(1.0 / temperature);
    if odds.is_infinite() { 1.0 } else { odds / (1.0 + odds) }
}

/// Keeps the best of each heap of boxes of one class. Takes them best first.
pub(super) fn best_of_overlapping(found: Vec<Detection>) -> Vec<Detection> {
    let mut kept: Vec<Detection> = Vec::new();
    for one in found {
        if !kept.iter().any(|k| k.class == one.class && iou(&k.bbox, &one.bbox) > SAME_IOU) {
            kept.push(one);
        }
    }
    kept
}

/// Intersection over union.
fn iou(a: &BBox, b: &BBox) -> f64 {
    let area = |b: &BBox| (b.xmax - b.xmin) * (b.ymax - b.ymin);
    let across = a.xmax.min(b.xmax) - a.xmin.max(b.xmin);
    let down = a.ymax.min(b.ymax) - a.ymin.max(b.ymin);
    let shared = across.max(0.0) * down.max(0.0);
    shared / (area(a) + area(b) - shared)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::raster::Raster;
    use ndarray::array;

    fn at(x: f64, class: usize, score: f64) -> Detection {
        let bbox = BBox { xmin: x, ymin: 0.0, xmax: x + 10.0, ymax: 10.0 };
        Detection { bbox, class, score, scores: vec![] }
    }

    #[test]
    fn the_best_of_a_heap_stays_and_other_classes_and_neighbours_too() {
        let kept = best_of_overlapping(vec![at(0.0, 0, 0.9), at(1.0, 0, 0.8), at(1.0, 1, 0.7), at(9.0, 0, 0.6)]);
        let left: Vec<_> = kept.iter().map(|d| d.score).collect();
        assert_eq!(left, [0.9, 0.7, 0.6], "0.8 lies on 0.9 and is of its class");
    }

    #[test]
    fn weak_and_broken_anchors_are_left_out() {
        let raster = Raster::new(64, 64, vec![0; 64 * 64 * 3]).unwrap();
        let letterbox = Letterbox::new(&raster, 64, 64);
        let nan = f32::NAN;
        // One column an anchor: good, weak, NaN score beside a good one, NaN place, all scores NaN.
        let anchors = array![
            [8.0, 8.0, 24.0, nan, 8.0],
            [8.0, 8.0, 8.0, 8.0, 8.0],
            [8.0, 8.0, 8.0, 8.0, 8.0],
            [8.0, 8.0, 8.0, 8.0, 8.0],
            [0.7, 0.2, nan, 0.9, nan],
            [0.9, 0.1, 0.8, 0.9, nan],
        ];
        let found = above_threshold(&anchors.view(), &letterbox, 0.25, 1.0);
        let told: Vec<_> = found.iter().map(|d| (d.class, (d.score * 100.0).round() as i32)).collect();
        assert_eq!(told, [(1, 90), (1, 80)], "best first");
        assert!((found[1].scores[0]).abs() < 1e-12, "a NaN score is no evidence");
    }

    #[test]
    fn temperature_takes_confidence_away_and_keeps_the_order() {
        assert!((softened(0.9, 1.0) - 0.9).abs() < 1e-12, "1 leaves a score");
        assert!((softened(0.9, 2.0) - 0.75).abs() < 1e-12, "odds of 9 become odds of 3");
        assert!((softened(1.0, 2.0) - 1.0).abs() < 1e-12 && softened(0.0, 2.0).abs() < 1e-12, "the ends stay");
    }
}

//! Plates as a camera and the models see them: a grid in perspective, calibrated confidences, end points of sera.

use anyhow::Context as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use wellread_plate::{
    assay::Assay,
    class::WellClass,
    interpret::interpret,
    reading::{Grid, Orientation, OrientationBy, Reading, WellReading},
};
use wellread_station::store::{Completion, FinalResults, Identity, ModelRef, Sha256, TitreScale};

/// The classes that the model of this assay knows, in its order.
const CLASSES: [WellClass; 5] =
    [WellClass::TEARDROP, WellClass::BUTTON, WellClass::RING, WellClass::MAT, WellClass::EMPTY];
/// Plates of one sample.
const PLATES_OF_SAMPLE: u64 = 4;

/// Makes one plate after the other; the same seed makes the same ones.
#[derive(Debug)]
pub struct Plates {
    chance: ChaCha8Rng,
    assay: Assay,
}

impl Plates {
    /// Plates of the shipped assay HI.
    pub fn new(seed: u64) -> anyhow::Result<Self> {
        let assay = Assay::shipped("hi").context("the assay HI is shipped")?;
        Ok(Self { chance: ChaCha8Rng::seed_from_u64(seed), assay })
    }

    /// The assay they are read under.
    pub const fn assay(&self) -> &Assay {
        &self.assay
    }

    /// Where chance comes from, for what goes with a plate.
    pub const fn chance(&mut self) -> &mut ChaCha8Rng {
        &mut self.chance
    }

    /// Bytes without a pattern, as a photograph's are.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.chance.fill(bytes.as_mut_slice());
        bytes
    }

    /// What looking at the next plate comes to; its pictures are not there yet.
    pub fn read(&mut self) -> anyhow::Result<Completion> {
        let grid = self.grid();
        let wells = self.wells(&grid);
        let made = interpret(&Reading { grid: grid.clone(), wells }, &self.assay)?;
        let locator = model("locator", "plates", b"the locator's weights");
        let judge = model("well-classifier", "wells", b"the classifier's weights");
        Ok(Completion {
            judge: judge.clone(),
            models: vec![locator, judge],
            processing_time_ms: self.chance.random_range(70..190),
            confidence_threshold: Some(self.assay.review_threshold),
            grid,
            scale: TitreScale::of(&self.assay),
            needs_review: made.needs_review,
            review_reasons: made.review_reasons.clone(),
            reading_key: None,
            results: FinalResults::of(&made),
            wells: made.wells,
            images: Vec::new(),
        })
    }

    /// A camera above a plate is never quite straight, nor quite in the middle.
    fn grid(&mut self) -> Grid {
        let chance = &mut self.chance;
        let pitch = chance.random_range(96.0..118.0);
        let turn: f64 = chance.random_range(-0.05..0.05);
        let (sin, cos) = turn.sin_cos();
        let stretch = chance.random_range(0.985..1.015);
        let homography = [
            pitch * cos,
            -pitch * sin * stretch,
            chance.random_range(180.0..260.0),
            pitch * sin,
            pitch * cos * stretch,
            chance.random_range(150.0..220.0),
            chance.random_range(-0.0012..0.0012),
            chance.random_range(-0.0012..0.0012),
            1.0,
        ];
        Grid {
            format: self.assay.format,
            homography,
            rms_residual_px: chance.random_range(0.2..1.6),
            orientation: Orientation { known: true, by: OrientationBy::Letters },
        }
    }

    fn wells(&mut self, grid: &Grid) -> Vec<WellReading> {
        let format = grid.format;
        let serum = self.chance.random_range(2.0..9.0);
        let end_points: Vec<f64> = (0..format.rows()).map(|_| serum + self.chance.random_range(-1.3..1.3)).collect();
        let mut wells = Vec::with_capacity(format.wells());
        for well in format.iter() {
            let end_point = end_points.get(well.row()).copied().unwrap_or(serum);
            let distance = end_point - well.col() as f64;
            let class = match (distance > 0.0, self.chance.random_range(0..200)) {
                (_, 0) => 4,
                (true, _) => 0,
                (false, 1..=8) => 2,
                (false, _) => 1,
            };
            // Around the end point even people are of two minds.
            let evidence = 2.2 + distance.abs().min(4.0) * 1.1 + self.chance.random_range(-0.9..2.4);
            let bbox = grid.bbox(well);
            wells.push(WellReading {
                well,
                center_px: bbox.center(),
                bbox,
                probabilities: self.probabilities(class, evidence),
                flags: Vec::new(),
            });
        }
        wells
    }

    /// The share of the class seen, and how the others share what is left.
    fn probabilities(&mut self, class: usize, evidence: f64) -> Vec<(WellClass, f64)> {
        let mut weights: Vec<f64> = CLASSES.iter().map(|_| self.chance.random_range(0.02..0.5)).collect();
        if let Some(seen) = weights.get_mut(class) {
            *seen = evidence.exp();
        }
        let sum: f64 = weights.iter().sum();
        CLASSES.into_iter().zip(weights).map(|(class, weight)| (class, weight / sum)).collect()
    }
}

/// Whose the `n`th plate of a station is: some of one sample, one in fifty of nobody yet.
pub fn identity(station: u64, n: u64) -> Identity {
    if n % 50 == 49 {
        return Identity::default();
    }
    Identity {
        sample_no: format!("S{station}-2026-{:06}", n / PLATES_OF_SAMPLE),
        submission_no: format!("T{:05}", n / 40),
        plate_no: (n % PLATES_OF_SAMPLE + 1).to_string(),
    }
}

fn model(kind: &str, name: &str, weights: &[u8]) -> ModelRef {
    ModelRef { kind: kind.into(), name: name.into(), version: "0.3.0".into(), sha256: Sha256::of(weights) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plates_are_what_a_laboratory_sees_and_the_same_for_a_seed() {
        let (mut one, mut other) = (Plates::new(7).unwrap(), Plates::new(7).unwrap());
        let (mut reviewed, mut wells) = (0, 0);
        for _ in 0..50 {
            let made = one.read().unwrap();
            assert_eq!(made, other.read().unwrap(), "the same seed, the same plate");
            reviewed += u32::from(made.needs_review);
            let distinct: std::collections::BTreeSet<u64> = made.wells.iter().map(|w| w.confidence.to_bits()).collect();
            wells += distinct.len();
        }
        assert!((5..=45).contains(&reviewed), "some plates need a person, some do not: {reviewed} of 50");
        assert!(wells > 50 * 40, "confidences differ from well to well: {wells} in 50 plates");
    }
}

//! Seeded drawing of parameters: every choice of a scene comes from here, so a seed fixes the picture.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// A stream of choices.
pub(crate) struct Draw(ChaCha8Rng);

impl Draw {
    pub(crate) fn new(seed: u64) -> Self {
        Self(ChaCha8Rng::seed_from_u64(seed))
    }

    /// A stream of its own, so that adding a choice to one part of a scene leaves the others as they were.
    pub(crate) fn fork(&mut self) -> Self {
        Self::new(self.0.random())
    }

    pub(crate) fn seed(&mut self) -> u32 {
        self.0.random()
    }

    pub(crate) fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.0.random::<f32>()
    }

    /// Between `low` and `high`, small values as likely as large ones by ratio.
    pub(crate) fn log_range(&mut self, low: f32, high: f32) -> f32 {
        self.range(low.ln(), high.ln()).exp()
    }

    pub(crate) fn chance(&mut self, probability: f32) -> bool {
        self.0.random::<f32>() < probability
    }

    /// A whole number from `low` to `high`, both included.
    pub(crate) fn count(&mut self, low: usize, high: usize) -> usize {
        self.0.random_range(low..=high)
    }

    /// Bell-shaped around 0 (sum of uniforms), about `sd` wide, never beyond 3.5 `sd`.
    pub(crate) fn normal(&mut self, sd: f32) -> f32 {
        let sum: f32 = (0..12).map(|_| self.0.random::<f32>()).sum();
        ((sum - 6.0) * sd).clamp(-3.5 * sd, 3.5 * sd)
    }

    /// One of the options, each as likely as its weight.
    pub(crate) fn weighted<T: Copy>(&mut self, options: &[(f32, T)], otherwise: T) -> T {
        let total: f32 = options.iter().map(|o| o.0).sum();
        let mut at = self.range(0.0, total);
        for &(weight, option) in options {
            if at < weight {
                return option;
            }
            at -= weight;
        }
        otherwise
    }
}

//! The eyes: the models loaded, and one picture turned into a reading.

use crate::{
    classify,
    locate::{self, LocateError},
    manifest::{Manifest, ModelError, ModelKind},
    raster::Raster,
    runtime::{Model, ModelId, Runtime, SessionPlan},
};
use std::{
    path::Path,
    time::{Duration, Instant},
};
use wellread_plate::{
    class::WellClass,
    reading::{Grid, Reading},
};

/// Locator, classifier and landmark reader, ready to look.
pub struct Eyes {
    locator: Model,
    classifier: Model,
    landmarks: Option<Model>,
}

/// What to look for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    /// The classes the assay distinguishes.
    pub classes: &'a [WellClass],
    /// A grid drawn by hand, which then is not looked for.
    pub calibration: Option<&'a Grid>,
}

/// A reading and what it took.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Everything seen.
    pub reading: Reading,
    /// Time to find the plate.
    pub locate: Duration,
    /// Time to classify its wells.
    pub classify: Duration,
}

impl Eyes {
    /// Loads the models of a folder's manifest. A landmark reader may be missing; then A1 is never known.
    pub fn open(runtime: &Runtime, folder: &Path, plan: SessionPlan) -> Result<Self, ModelError> {
        let manifest = Manifest::load(folder)?;
        let load = |kind, name| {
            let path = folder.join("manifest.toml");
            let spec = manifest.first(kind).ok_or(ModelError::Missing { path, kind: name })?;
            runtime.model(folder, spec, plan)
        };
        Ok(Self {
            locator: load(ModelKind::Locator, "locator")?,
            classifier: load(ModelKind::WellClassifier, "well-classifier")?,
            landmarks: manifest.first(ModelKind::Landmark).map(|s| runtime.model(folder, s, plan)).transpose()?,
        })
    }

    /// The models in use.
    pub fn models(&self) -> Vec<&ModelId> {
        [Some(&self.locator), Some(&self.classifier), self.landmarks.as_ref()]
            .into_iter()
            .flatten()
            .map(Model::id)
            .collect()
    }

    /// Finds the plate and classifies its wells.
    pub fn see(&self, raster: &Raster, ask: &Ask<'_>) -> Result<Seen, LocateError> {
        let started = Instant::now();
        let grid = match ask.calibration {
            Some(grid) => grid.clone(),
            None => locate::locate(raster, &self.locator, self.landmarks.as_ref())?,
        };
        let located = Instant::now();
        let wells = classify::classify(&self.classifier, raster, &grid, ask.classes)?;
        Ok(Seen { reading: Reading { grid, wells }, locate: located - started, classify: located.elapsed() })
    }
}

//! The eyes: the models loaded, and one picture turned into a reading.

use crate::{
    classify,
    detector::Detector,
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
    reading::{Grid, Reading, WellReading},
};

/// Locator, classifier and landmark reader, ready to look.
pub struct Eyes {
    locator: Model,
    judge: Judge,
    landmarks: Option<Model>,
}

/// Who says what lies in a well.
enum Judge {
    Classifier(Model),
    Detector(Detector),
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
    /// Loads the models of a folder's manifest. A landmark reader may be missing; then A1 is never known. Where the
    /// manifest names a detector, a laboratory's own, it judges the wells instead of the classifier.
    pub fn open(runtime: &Runtime, folder: &Path, plan: SessionPlan) -> Result<Self, ModelError> {
        let manifest = Manifest::load(folder)?;
        let load = |kind, name| {
            let path = folder.join("manifest.toml");
            let spec = manifest.first(kind).ok_or(ModelError::Missing { path, kind: name })?;
            runtime.model(folder, spec, plan)
        };
        Ok(Self {
            locator: load(ModelKind::Locator, "locator")?,
            judge: match manifest.first(ModelKind::Detector) {
                Some(spec) => Judge::Detector(Detector::new(runtime.model(folder, spec, plan)?)?),
                None => Judge::Classifier(load(ModelKind::WellClassifier, "well-classifier")?),
            },
            landmarks: manifest.first(ModelKind::Landmark).map(|s| runtime.model(folder, s, plan)).transpose()?,
        })
    }

    /// The models in use.
    pub fn models(&self) -> Vec<&ModelId> {
        self.parts().into_iter().map(|(_, id)| id).collect()
    }

    /// The model that judges the wells, and what kind it is of.
    pub fn judge(&self) -> (ModelKind, &ModelId) {
        match &self.judge {
            Judge::Classifier(model) => (ModelKind::WellClassifier, model.id()),
            Judge::Detector(detector) => (ModelKind::Detector, detector.id()),
        }
    }

    /// The models in use, each with what it does.
    pub fn parts(&self) -> Vec<(ModelKind, &ModelId)> {
        let landmarks = self.landmarks.as_ref().map(|model| (ModelKind::Landmark, model.id()));
        [Some((ModelKind::Locator, self.locator.id())), Some(self.judge()), landmarks].into_iter().flatten().collect()
    }

    /// Finds the plate and classifies its wells.
    pub fn see(&self, raster: &Raster, ask: &Ask<'_>) -> Result<Seen, LocateError> {
        let started = Instant::now();
        let grid = match ask.calibration {
            Some(grid) => grid.clone(),
            None => locate::locate(raster, &self.locator, self.landmarks.as_ref())?,
        };
        let located = Instant::now();
        let wells = match &self.judge {
            Judge::Classifier(model) => classify::classify(model, raster, &grid, ask.classes)?,
            Judge::Detector(detector) => {
                covers(detector, ask.classes)?;
                among(detector.read(raster, &grid)?, ask.classes)
            }
        };
        Ok(Seen { reading: Reading { grid, wells }, locate: located - started, classify: located.elapsed() })
    }
}

/// Whether the detector knows every class the assay distinguishes.
fn covers(detector: &Detector, classes: &[WellClass]) -> Result<(), ModelError> {
    match classes.iter().find(|class| !detector.classes().contains(class)) {
        None => Ok(()),
        Some(class) => Err(ModelError::Run {
            name: detector.id().name.clone(),
            why: format!("it does not know the class '{class}' of this assay"),
        }),
    }
}

/// The readings with only the classes asked for, in the assay's order; their shares sum to 1 again.
fn among(mut wells: Vec<WellReading>, classes: &[WellClass]) -> Vec<WellReading> {
    for well in &mut wells {
        let share = |class| well.probabilities.iter().find(|(c, _)| c == class).map_or(0.0, |(_, p)| *p);
        let asked: Vec<f64> = classes.iter().map(share).collect();
        let total: f64 = asked.iter().sum();
        let even = 1.0 / classes.len() as f64;
        let scaled = asked.into_iter().map(|p| if total > 0.0 { p / total } else { even });
        well.probabilities = classes.iter().cloned().zip(scaled).collect();
    }
    wells
}

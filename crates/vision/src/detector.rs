//! A laboratory's own detector: a YOLO export that puts boxes on the picture, matched to the located wells.
//!
//! The network gives `[1, 4 + classes, anchors]`: for each anchor a box (centre, width, height, in pixels of its input)
//! and a score between 0 and 1 for each class. Wells come from the located grid and not from the boxes, so a well that
//! the detector overlooks stays in the reading, marked and without confidence.

mod boxes;
mod letterbox;
mod wells;

pub use boxes::Detection;
pub use wells::match_wells;

use crate::{
    manifest::{ModelError, ModelKind},
    raster::Raster,
    runtime::{Model, ModelId},
};
use letterbox::Letterbox;
use ndarray::{ArrayView2, ArrayViewD, Axis, Ix3};
use wellread_plate::{
    class::WellClass,
    reading::{Grid, WellReading},
};

/// A loaded detector.
pub struct Detector {
    model: Model,
    classes: Vec<WellClass>,
}

impl Detector {
    /// Takes a loaded model of kind `detector`.
    pub fn new(model: Model) -> Result<Self, ModelError> {
        let spec = model.spec();
        if spec.kind != ModelKind::Detector {
            return Err(model.failed("it is no detector; its kind in manifest.toml must be 'detector'"));
        }
        let classes = spec.classes.iter().map(|name| {
            WellClass::new(name).ok_or_else(|| {
                let rule = "lower-case letters, digits and '-', 40 at most";
                model.failed(format!("'{name}' in its classes is no class name; write {rule}"))
            })
        });
        let classes = classes.collect::<Result<Vec<_>, _>>()?;
        Ok(Self { model, classes })
    }

    /// Which model it is.
    pub fn id(&self) -> &ModelId {
        self.model.id()
    }

    /// Its classes, in the order of its scores.
    pub fn classes(&self) -> &[WellClass] {
        &self.classes
    }

    /// The boxes of one picture, best first, none below the manifest's threshold, one for each thing seen.
    pub fn detect(&self, raster: &Raster) -> Result<Vec<Detection>, ModelError> {
        let spec = self.model.spec();
        let letterbox = Letterbox::new(raster, spec.input.width, spec.input.height);
        let input = letterbox.planes(raster, spec.input.mean, spec.input.std);
        let output = self.model.run(input.view().into_dyn())?;
        let anchors = self.anchors(output.view())?;
        let found =
            boxes::above_threshold(&anchors, &letterbox, f64::from(spec.box_threshold), spec.temperature.into());
        Ok(boxes::best_of_overlapping(found))
    }

    /// What the detector sees in every well of a located grid.
    pub fn read(&self, raster: &Raster, grid: &Grid) -> Result<Vec<WellReading>, ModelError> {
        let found = self.detect(raster)?;
        Ok(match_wells(grid, [raster.width(), raster.height()], &self.classes, &found))
    }

    /// The output as one row for each number and one column for each anchor.
    fn anchors<'a>(&self, output: ArrayViewD<'a, f32>) -> Result<ArrayView2<'a, f32>, ModelError> {
        let shape = output.shape().to_vec();
        let rows = 4 + self.classes.len();
        match output.into_dimensionality::<Ix3>() {
            Ok(output) if shape.first() == Some(&1) && shape.get(1) == Some(&rows) => {
                Ok(output.index_axis_move(Axis(0), 0))
            }
            _ => Err(self.model.failed(format!(
                "it gives {shape:?} where [1, {rows}, anchors] is read (a box and {} classes); export it without \
                 built-in suppression and name its classes in manifest.toml",
                self.classes.len()
            ))),
        }
    }
}

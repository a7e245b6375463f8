//! Finds the plate: a heat map of well centres, the lattice they lie on, its size, and which corner is A1.

mod edge;
mod grow;
mod heat;
pub mod homography;
pub mod landmark;
pub mod lattice;
mod verdict;
mod window;

use self::{
    heat::HeatMap,
    lattice::{Fit, FitError},
};
use crate::{manifest::ModelError, raster::Raster, runtime::Model};
use wellread_plate::reading::{Grid, Orientation, OrientationBy};

/// Longer sides of the picture that are tried, in this order: the usual one, a finer one for small or fine plates, a
/// coarser one for plates of few large wells.
const LONGER_SIDES: [usize; 3] = [512, 1024, COARSE];
/// At this size only formats of few wells are believed: what looks like many wells here did not at a finer size.
const COARSE: usize = 224;
/// The finest format that the coarse size is for.
const COARSE_WELLS: usize = 48;

/// Why no grid was returned.
#[derive(Debug, thiserror::Error)]
pub enum LocateError {
    /// The picture holds no plate that can be read.
    #[error(transparent)]
    Fit(#[from] FitError),
    /// A model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
}

impl LocateError {
    /// The stable code of this error.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fit(FitError::NoLattice { .. }) => "no-plate",
            Self::Fit(FitError::CutOff { .. }) => "plate-cut-off",
            Self::Fit(FitError::Ambiguous { .. }) => "plate-ambiguous",
            Self::Model(error) => error.code(),
        }
    }
}

/// Finds the plate in a picture; with a landmark reader also which corner is A1.
pub fn locate(raster: &Raster, net: &Model, landmarks: Option<&Model>) -> Result<Grid, LocateError> {
    let mut failure: Option<FitError> = None;
    let longer = raster.width().max(raster.height());
    for (i, side) in LONGER_SIDES.into_iter().enumerate() {
        // A picture smaller than the finer size has nothing new to show at it.
        if i > 0 && side > 512 && longer <= 512 {
            continue;
        }
        let map = HeatMap::look(net, raster, side)?;
        match lattice::fit(&map.peaks(), &map, map.size) {
            Ok(fit) if side == COARSE && fit.format.wells() > COARSE_WELLS => {}
            Ok(fit) => {
                let grid = grid_of(&fit, &map);
                let Some(landmarks) = landmarks else { return Ok(grid) };
                let grids: Vec<Grid> = fit.rivals.iter().map(|rival| grid_of(rival, &map)).collect();
                return Ok(landmark::settle(landmarks, raster, grid, &grids)?);
            }
            Err(error) => {
                let contenders = match &error {
                    FitError::Ambiguous { contenders, .. } | FitError::CutOff { contenders, .. } => {
                        contenders.as_slice()
                    }
                    FitError::NoLattice { .. } => &[],
                };
                let believed = side != COARSE && !contenders.is_empty();
                if let (Some(landmarks), true) = (landmarks, believed) {
                    let grids: Vec<Grid> = contenders.iter().map(|fit| grid_of(fit, &map)).collect();
                    if let Some(grid) = landmark::decide(landmarks, raster, &grids)? {
                        return Ok(grid);
                    }
                }
                failure = Some(more_telling(failure, error));
            }
        }
    }
    Err(failure.unwrap_or_else(|| FitError::none("the picture is empty")).into())
}

/// The grid in pixels of the original picture.
fn grid_of(fit: &Fit, map: &HeatMap) -> Grid {
    let back = map.factor.map(|f| 1.0 / f);
    Grid {
        format: fit.format,
        homography: homography::scale(&fit.homography, back, [0.0, 0.0]),
        rms_residual_px: fit.rms_residual_px * back.iter().sum::<f64>() / 2.0,
        orientation: Orientation { known: false, by: OrientationBy::Assumed },
    }
}

/// A named reason says more than "nothing found", and one at the usual size more than one at another.
fn more_telling(before: Option<FitError>, now: FitError) -> FitError {
    match before {
        Some(before @ (FitError::CutOff { .. } | FitError::Ambiguous { .. })) => before,
        Some(before) if matches!(now, FitError::NoLattice { .. }) => before,
        _ => now,
    }
}

#[cfg(test)]
mod lattice_tests;
#[cfg(test)]
mod scene;

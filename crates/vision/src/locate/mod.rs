//! Finds the plate: a heat map of well centres, the lattice they lie on, its size, and which corner is A1.

mod edge;
mod grow;
mod heat;
pub mod homography;
pub mod landmark;
pub mod lattice;
mod verdict;
mod window;

use self::{heat::HeatMap, lattice::FitError};
use crate::{manifest::ModelError, raster::Raster, runtime::Model};
use wellread_plate::reading::{Grid, Orientation, OrientationBy};

/// Longer sides of the picture that are tried, in this order: the usual one, a finer one for small or fine plates, a
/// coarser one for plates of few large wells.
const LONGER_SIDES: [usize; 3] = [512, 1024, 224];

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
    let mut grid = lattice_of(raster, net)?;
    if let Some(landmarks) = landmarks {
        let turn = landmark::orient(landmarks, raster, &grid)?;
        if turn.half {
            grid.homography = homography::half_turn(&grid.homography, grid.format);
        }
        grid.orientation = turn.orientation;
    }
    Ok(grid)
}

fn lattice_of(raster: &Raster, net: &Model) -> Result<Grid, LocateError> {
    let longer = raster.width().max(raster.height());
    let mut failure: Option<FitError> = None;
    for (i, side) in LONGER_SIDES.into_iter().enumerate() {
        // A picture smaller than the finer size has nothing new to show at it.
        if i > 0 && side > 512 && longer <= 512 {
            continue;
        }
        let map = HeatMap::look(net, raster, side)?;
        match lattice::fit(&map.peaks(), &map, map.size) {
            Ok(fit) => {
                let back = map.factor.map(|f| 1.0 / f);
                return Ok(Grid {
                    format: fit.format,
                    homography: homography::scale(&fit.homography, back, [0.0, 0.0]),
                    rms_residual_px: fit.rms_residual_px * back.iter().sum::<f64>() / 2.0,
                    orientation: Orientation { known: false, by: OrientationBy::Assumed },
                });
            }
            // A named reason at the usual size says more than "nothing found" at another.
            Err(error) => match (&failure, &error) {
                (None, _)
                | (Some(FitError::NoLattice { .. }), FitError::CutOff { .. } | FitError::Ambiguous { .. }) => {
                    failure = Some(error);
                }
                _ => {}
            },
        }
    }
    Err(failure.unwrap_or_else(|| FitError::none("the picture is empty")).into())
}

#[cfg(test)]
mod lattice_tests;
#[cfg(test)]
mod scene;

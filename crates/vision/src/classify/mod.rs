//! Says what lies in each well: one crop a well, one network that sees all of a plate's crops together, a calibrated
//! distribution over the classes asked for.

pub mod crop;

use self::crop::{CropSource, SIDE, SPAN};
use crate::{manifest::ModelError, raster::Raster, runtime::Model, tensor};
use ndarray::Array4;
use rayon::prelude::*;
use wellread_plate::{
    class::WellClass,
    format::WellId,
    reading::{Grid, WellFlag, WellReading},
};

/// Wells that the network sees together. It judges each against the others, as one does who looks at a whole plate; a
/// 1536-well plate goes through in four parts, so that memory does not grow with the format.
const AT_ONCE: usize = 384;
/// Share of a floor that must be burnt out before the well is flagged.
const GLARE: f64 = 0.6;

/// Classifies every well of the grid among `classes`, which the model must all know.
pub fn classify(
    net: &Model,
    raster: &Raster,
    grid: &Grid,
    classes: &[WellClass],
) -> Result<Vec<WellReading>, ModelError> {
    let columns = columns_of(net, classes)?;
    let source = CropSource::new(raster, grid);
    let wells: Vec<WellId> = grid.format.iter().collect();
    let crops: Vec<Vec<u8>> = wells
        .par_iter()
        .map(|well| {
            let mut rgb = Vec::with_capacity(SIDE * SIDE * 3);
            source.cut(grid, [well.col() as f64, well.row() as f64], SPAN, SIDE, &mut rgb);
            rgb
        })
        .collect();
    let mut readings = Vec::with_capacity(wells.len());
    let size_px = [raster.width(), raster.height()];
    for (wells, crops) in wells.chunks(AT_ONCE).zip(crops.chunks(AT_ONCE)) {
        let logits = logits(net, crops)?;
        for ((well, crop), logits) in wells.iter().zip(crops).zip(logits) {
            let shares = softmax(&logits, &columns, net.spec().temperature);
            let bbox = grid.bbox(*well);
            let mut flags = Vec::new();
            if bbox.is_cut_by(size_px) {
                flags.push(WellFlag::CutOff);
            }
            if burnt_out(crop) {
                flags.push(WellFlag::Glare);
            }
            let probabilities = classes.iter().cloned().zip(shares).collect();
            readings.push(WellReading { well: *well, center_px: bbox.center(), bbox, probabilities, flags });
        }
    }
    Ok(readings)
}

/// The model's output column of each class.
fn columns_of(net: &Model, classes: &[WellClass]) -> Result<Vec<usize>, ModelError> {
    let column = |class: &WellClass| {
        net.spec().classes.iter().position(|name| name == class.as_str()).ok_or_else(|| {
            net.failed(format!("it does not know the class '{class}' (it knows {})", net.spec().classes.join(", ")))
        })
    };
    classes.iter().map(column).collect()
}

fn logits(net: &Model, crops: &[Vec<u8>]) -> Result<Vec<Vec<f32>>, ModelError> {
    let mut input = Array4::zeros((crops.len(), 3, SIDE, SIDE));
    for (i, crop) in crops.iter().enumerate() {
        tensor::fill(&mut input, i, crop, SIDE, net.spec().input);
    }
    let output = net.run(input.view().into_dyn())?;
    let expected = [crops.len(), net.spec().classes.len()];
    if output.shape() != expected {
        return Err(net.failed(format!("its output is {:?} instead of {expected:?}", output.shape())));
    }
    Ok(output.rows().into_iter().map(|row| row.to_vec()).collect())
}

/// Softmax over the columns asked for, at the model's temperature.
fn softmax(logits: &[f32], columns: &[usize], temperature: f32) -> Vec<f64> {
    let asked: Vec<f64> = columns
        .iter()
        .map(|c| f64::from(logits.get(*c).copied().unwrap_or(f32::MIN)) / f64::from(temperature))
        .collect();
    let most = asked.iter().copied().fold(f64::MIN, f64::max);
    let powers: Vec<f64> = asked.iter().map(|l| (l - most).exp()).collect();
    let total: f64 = powers.iter().sum();
    powers.into_iter().map(|p| p / total).collect()
}

/// Whether most of the crop's middle is overexposed in all channels while its surroundings are not.
fn burnt_out(crop: &[u8]) -> bool {
    let (mut floor, mut floor_burnt, mut around, mut around_burnt) = (0.0, 0.0, 0.0, 0.0);
    for (i, pixel) in crop.chunks_exact(3).enumerate() {
        let (dx, dy) = (i % SIDE, i / SIDE);
        let from_middle = (dx as f64 - 23.5).hypot(dy as f64 - 23.5);
        let burnt = f64::from(u8::from(pixel.iter().all(|v| *v >= 252)));
        if from_middle < SIDE as f64 / SPAN * 0.25 {
            floor += 1.0;
            floor_burnt += burnt;
        } else {
            around += 1.0;
            around_burnt += burnt;
        }
    }
    // On a light box everything is near white; glare is a place that is whiter than the rest.
    floor_burnt > GLARE * floor && around_burnt < 0.5 * around
}

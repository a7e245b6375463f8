//! What the well classifier learns from: crops as the product cuts them, with class and certainty.

use crate::{
    grid::{Jitter, specimen},
    sink,
};
use std::{ops::Range, path::Path};
use wellread_phantom::{Family, Request, Scene, Style, truth::Certainty};
use wellread_plate::{class::WellClass, format::PlateFormat};
use wellread_vision::classify::crop::{CropSource, SIDE, SPAN};

/// The classes in the model's order; `models/train` holds the same list.
const CLASSES: [WellClass; 9] = [
    WellClass::TEARDROP,
    WellClass::BUTTON,
    WellClass::RING,
    WellClass::MAT,
    WellClass::EMPTY,
    WellClass::GROWTH,
    WellClass::NO_GROWTH,
    WellClass::COLOURED,
    WellClass::CLEAR,
];
/// Crops taken of each plate, at most.
const PER_PLATE: usize = 96;

pub(crate) fn write(seeds: Range<u64>, out: &Path) -> anyhow::Result<()> {
    sink::write(seeds, out, ["classifier.crops.u8", "classifier.labels.u8", "classifier.plates.u8"], item)
}

/// Crops; for each two bytes, class and certainty (1 sure); and one byte for the plate, how many crops it gave.
fn item(seed: u64) -> [Vec<u8>; 3] {
    let jitter = &mut Jitter::new(seed);
    let family = match seed % 20 {
        0..=8 => Family::HaemTilted,
        9..=12 => Family::HaemFlat,
        13..=16 => Family::Growth,
        _ => Family::Color,
    };
    let style = if seed % 4 == 1 { Style::Bench } else { Style::Wild };
    let rare = PlateFormat::STANDARD.get((seed / 13 % 6) as usize).copied();
    let format = rare.filter(|_| seed % 13 == 2).or(Some(PlateFormat::WELLS_96));
    let width = (420.0 * 2.6f64.powf(jitter.next() * 0.5 + 0.5)) as usize;
    let scene = Scene::draw(&Request { seed, family, style, size: (width, width * 3 / 4), format });
    let (mut crops, mut labels) = (Vec::new(), Vec::new());
    if let Some(specimen) = specimen(&scene, 0.07, jitter) {
        let source = CropSource::new(&specimen.raster, &specimen.grid);
        let share = PER_PLATE as f64 / specimen.grid.format.wells() as f64;
        for (well, truth) in &specimen.truth.classes {
            let class = CLASSES.iter().position(|c| *c == truth.class);
            let taken = labels.len() < 2 * PER_PLATE && f64::midpoint(jitter.next(), 1.0) < share;
            let (Some(class), true) = (class, taken) else { continue };
            source.cut(&specimen.grid, [well.col() as f64, well.row() as f64], SPAN, SIDE, &mut crops);
            labels.extend([class as u8, u8::from(truth.certainty == Certainty::Sure)]);
        }
    }
    let plate = vec![(labels.len() / 2) as u8];
    [crops, labels, plate]
}

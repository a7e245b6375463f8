//! What every picture owes: it follows from its seed, and its truth lies where it was drawn.

use crate::{Family, Picture, Request, Scene, Style, truth::Truth};
use wellread_plate::{class::WellClass, format::PlateFormat};

fn request(seed: u64, family: Family, style: Style) -> Request {
    Request { seed, family, style, size: (400, 300), format: Some(PlateFormat::WELLS_96) }
}

fn mean(picture: &Picture, [x, y]: [f64; 2], radius: f64) -> [f64; 3] {
    let (mut sum, mut count) = ([0.0; 3], 0.0);
    for py in (y - radius) as usize..(y + radius) as usize {
        for px in (x - radius) as usize..(x + radius) as usize {
            let at = (py * picture.width + px) * 3;
            for (total, value) in sum.iter_mut().zip(&picture.rgb[at..at + 3]) {
                *total += f64::from(*value);
            }
            count += 1.0;
        }
    }
    sum.map(|v| v / count)
}

#[test]
fn the_same_seed_gives_the_same_picture_and_another_seed_another() {
    let render = |seed| Scene::draw(&request(seed, Family::HaemTilted, Style::Wild)).render();
    assert_eq!(render(7), render(7), "a seed fixes every pixel");
    assert_ne!(render(7), render(8), "seeds differ");
}

#[test]
fn truth_names_every_well_of_the_plate_and_none_without_one() {
    for seed in 0..20 {
        let scene = Scene::draw(&Request { format: None, ..request(seed, Family::Growth, Style::Wild) });
        let truth = scene.truth("x.png");
        assert_eq!(truth.classes.len(), truth.rows * truth.cols, "each well has a class");
        assert_eq!(truth.corners.len(), 4, "four corners, all different wells");
    }
    let none = Scene::draw(&request(1, Family::Growth, Style::NoPlate)).truth("x.png");
    assert_eq!((none.rows, none.classes.len()), (0, 0), "a picture without a plate says so");
}

#[test]
fn a_coloured_well_is_darker_where_truth_puts_it() {
    // Truth that is off by half a pitch, or mirrored, would put the colour between the wells or into clear ones.
    let (mut colored, mut clear) = (Vec::new(), Vec::new());
    for seed in 0..12 {
        let scene = Scene::draw(&request(seed, Family::Color, Style::Bench));
        let (picture, truth) = (scene.render(), scene.truth(""));
        for ([x, y, _], (_, told)) in scene.wells_px().into_iter().zip(&truth.classes) {
            let darkest = mean(&picture, [x, y], 3.0).into_iter().fold(f64::MAX, f64::min);
            if told.class == WellClass::COLOURED { colored.push(darkest) } else { clear.push(darkest) }
        }
    }
    let average = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    assert!(colored.len() > 100 && clear.len() > 100, "both classes occur");
    assert!(average(&colored) < average(&clear) - 20.0, "{} against {}", average(&colored), average(&clear));
}

#[test]
fn series_of_truth_follow_from_its_classes() {
    let truth = Scene::draw(&request(3, Family::HaemTilted, Style::Bench)).truth("");
    assert_eq!(truth.series.len(), 8, "a serum a row");
    for (row, series) in truth.series.values().enumerate() {
        let drops = truth.classes.iter().filter(|(w, _)| w.row() == row);
        let run = drops.take_while(|(_, c)| c.class == WellClass::TEARDROP).count();
        assert_eq!(series.run_last_col, run, "row {row}");
        assert!(
            series.run_last_col_range[0] <= run && run <= series.run_last_col_range[1],
            "the range holds the truth"
        );
    }
}

#[test]
fn truth_survives_its_file() {
    let truth = Scene::draw(&request(5, Family::HaemFlat, Style::Wild)).truth("plate.jpg");
    let text = serde_json::to_string(&truth).unwrap();
    assert_eq!(serde_json::from_str::<Truth>(&text).unwrap(), truth, "written and read again");
}

//! The lattice fit over hundreds of synthetic pictures.

use super::lattice::{Border, FitError, fit};
use super::scene::{Recipe, SIZE, Scene};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// What came of many pictures.
#[derive(Default, Debug)]
struct Tally {
    right: usize,
    refused: Vec<String>,
    wrong: Vec<String>,
}

impl Tally {
    fn add(&mut self, seed: u64, scene: &Scene) {
        match fit(&scene.peaks, scene, scene.size) {
            Ok(fit) if scene.worst(&fit) <= 0.25 => self.right += 1,
            Ok(fit) => {
                let off = scene.worst(&fit);
                self.wrong.push(format!("{seed}: {} for {} off {off:.2}", fit.format, scene.format));
            }
            Err(error) => self.refused.push(format!("{seed}: {} {error}", scene.format)),
        }
    }

    fn expect(&self, least_right: f64, why: &str) {
        let all = self.right + self.refused.len() + self.wrong.len();
        let share = self.right as f64 / all as f64;
        assert!(self.wrong.is_empty() && share >= least_right, "{why}: {share:.4} of {all} right; {self:#?}");
    }
}

fn over(count: u64, first_seed: u64, recipe: impl Fn(&mut ChaCha8Rng) -> Recipe) -> Tally {
    let mut tally = Tally::default();
    for seed in first_seed..first_seed + count {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let recipe = recipe(&mut rng);
        let scene = Scene::new(&recipe, seed);
        if scene.whole() {
            tally.add(seed, &scene);
        }
    }
    tally
}

fn posed(rng: &mut ChaCha8Rng, rows: usize, cols: usize) -> Recipe {
    Recipe {
        rotation_deg: rng.random_range(0.0..360.0),
        tilt_deg: rng.random_range(0.0..35.0),
        fill: rng.random_range(0.5..0.95),
        center: [rng.random_range(0.45..0.55), rng.random_range(0.45..0.55)],
        noise: rng.random_range(0.0..0.06),
        ..Recipe::plain(rows, cols)
    }
}

#[test]
fn moderate_plates_of_96_are_found() {
    over(300, 1000, |rng| Recipe {
        missing: rng.random_range(0.0..0.25),
        false_peaks: rng.random_range(0.0..0.15),
        barrel: rng.random_range(0.0..0.03),
        letters: rng.random(),
        rack: rng.random_bool(0.3),
        ..posed(rng, 8, 12)
    })
    .expect(0.99, "moderate 96-well plates");
}

fn hard(rng: &mut ChaCha8Rng) -> Recipe {
    Recipe {
        missing: rng.random_range(0.25..0.4),
        false_peaks: rng.random_range(0.1..0.25),
        noise: rng.random_range(0.05..0.08),
        barrel: rng.random_range(0.0..0.03),
        rack: rng.random(),
        ..posed(rng, 8, 12)
    }
}

#[test]
fn hard_plates_of_96_are_found_or_refused() {
    over(300, 2000, hard).expect(0.93, "hard 96-well plates");
}

#[test]
fn hard_plates_beside_letters_are_found_or_refused() {
    // A column of letters less than a pitch from wells that scatter by as much as it is off looks like a column.
    over(200, 2500, |rng| Recipe { letters: true, noise: rng.random_range(0.02..0.05), ..hard(rng) })
        .expect(0.85, "hard 96-well plates with letters");
}

#[test]
fn moderate_plates_of_other_sizes_are_found() {
    for (rows, cols, least) in [(2, 3, 0.9), (3, 4, 0.95), (4, 6, 0.98), (6, 8, 0.98), (16, 24, 0.99)] {
        over(120, 3000, |rng| Recipe {
            missing: if rows > 5 { rng.random_range(0.0..0.2) } else { 0.0 },
            false_peaks: rng.random_range(0.0..0.1),
            barrel: rng.random_range(0.0..0.02),
            fill: rng.random_range(0.5..0.8),
            noise: rng.random_range(0.0..0.05),
            ..posed(rng, rows, cols)
        })
        .expect(least, &format!("moderate plates of {rows} x {cols}"));
    }
}

#[test]
fn plates_of_1536_are_found() {
    over(20, 4000, |rng| Recipe {
        size: (1024.0, 768.0),
        missing: rng.random_range(0.0..0.3),
        false_peaks: rng.random_range(0.0..0.1),
        barrel: rng.random_range(0.0..0.01),
        fill: rng.random_range(0.8..0.95),
        ..posed(rng, 32, 48)
    })
    .expect(0.95, "1536-well plates");
}

#[test]
fn faint_rows_still_belong() {
    over(100, 5000, |rng| Recipe {
        faint_rows: (rng.random_range(6..8), 8),
        faint_heat: 0.25,
        missing: 0.05,
        ..posed(rng, 8, 12)
    })
    .expect(0.97, "plates whose last rows are nearly invisible");
}

#[test]
fn weak_heat_and_blank_rows_inside_still_make_a_plate() {
    over(80, 5500, |rng| Recipe { heat: (0.3, 0.6), missing: 0.1, ..posed(rng, 8, 12) })
        .expect(0.97, "plates that the network is not sure of");
    over(80, 5600, |rng| Recipe { faint_rows: (3, 5), faint_heat: 0.02, ..posed(rng, 8, 12) })
        .expect(0.97, "plates with two blank rows in the middle");
}

#[test]
fn a_blank_last_row_is_not_guessed() {
    for seed in 5700..5740 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let recipe = Recipe { faint_rows: (7, 8), faint_heat: 0.02, fill: 0.6, ..posed(&mut rng, 8, 12) };
        let scene = Scene::new(&recipe, seed);
        let found = fit(&scene.peaks, &scene, scene.size);
        let ambiguous = matches!(found, Err(FitError::Ambiguous { .. }));
        assert!(ambiguous, "seed {seed}: seven rows of twelve are a strip or a plate: {found:?}");
    }
}

#[test]
fn plates_cropped_to_their_wells_are_found() {
    over(100, 6000, |rng| Recipe {
        fill: rng.random_range(1.0..1.06),
        rotation_deg: rng.random_range(-2.0..2.0),
        tilt_deg: rng.random_range(0.0..5.0),
        center: [0.5, 0.5],
        size: (480.0, 325.0),
        ..posed(rng, 8, 12)
    })
    .expect(0.97, "plates whose edge wells are cut by the border");
}

#[test]
fn strips_well_inside_the_picture_are_strips() {
    for (rows, cols) in [(4, 12), (2, 12), (3, 12), (6, 12), (8, 3), (8, 5)] {
        over(40, 7000, |rng| Recipe { fill: rng.random_range(0.5..0.65), ..posed(rng, rows, cols) })
            .expect(0.95, &format!("strips of {rows} x {cols}"));
    }
}

#[test]
fn half_a_plate_is_cut_off() {
    for (seed, turn) in (8000..8060).zip([0.0, 90.0, 180.0, 270.0].into_iter().cycle()) {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let recipe = Recipe {
            rotation_deg: turn + rng.random_range(-6.0..6.0),
            tilt_deg: rng.random_range(0.0..20.0),
            fill: 0.8,
            center: [rng.random_range(0.9..1.1), 0.5],
            ..posed(&mut rng, 8, 12)
        };
        let scene = Scene::new(&recipe, seed);
        let found = fit(&scene.peaks, &scene, scene.size);
        assert!(
            matches!(&found, Err(FitError::CutOff { sides, .. }) if sides.contains(&Border::Right)),
            "seed {seed}: half a plate is cut off at the right, not {found:?}"
        );
    }
}

#[test]
fn cut_plates_are_never_given_a_grid() {
    for (rows, cols) in [(8, 12), (16, 24), (6, 8)] {
        for seed in 8100..8180 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let (far, near) = (rng.random_range(0.65..1.1), rng.random_range(0.3..0.7));
            let recipe = Recipe {
                center: if rng.random() { [far, near] } else { [near, 1.0 - far] },
                fill: rng.random_range(0.6..1.0),
                missing: rng.random_range(0.0..0.1),
                ..posed(&mut rng, rows, cols)
            };
            let scene = Scene::new(&recipe, seed);
            let outside = |by: f64| {
                let out = |v: f64, limit: f64| v < -by || v > limit + by;
                scene.centers.iter().filter(|c| out(c[0], SIZE.0) || out(c[1], SIZE.1)).count()
            };
            // A well or two hardly outside are as good as inside.
            if outside(5.0) >= 3 {
                let found = fit(&scene.peaks, &scene, scene.size);
                assert!(found.is_err(), "seed {seed}: {rows} x {cols}, part of it outside the picture: {found:?}");
            }
        }
    }
}

#[test]
fn honeycombs_are_no_plate() {
    for (wide, high) in [(3, 2), (4, 3), (6, 4), (8, 6), (12, 8), (12, 4), (15, 11)] {
        let at = |i: i32, j: i32| {
            [60.0 + 25.0 * (f64::from(i) + 0.5 * f64::from(j % 2)), 60.0 + 25.0 * 0.866 * f64::from(j)]
        };
        let spots: Vec<[f64; 2]> = (0..high).flat_map(|j| (0..wide).map(move |i| at(i, j))).collect();
        let scene = Scene::of_spots(&spots, 25.0, 3);
        let found = fit(&scene.peaks, &scene, SIZE);
        assert!(found.is_err(), "{wide} x {high} cells of a honeycomb are no plate: {found:?}");
    }
}

#[test]
fn scatter_is_no_plate() {
    for seed in 9000..9300 {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let count = rng.random_range(0..250);
        let spots: Vec<[f64; 2]> =
            (0..count).map(|_| [rng.random::<f64>() * SIZE.0, rng.random::<f64>() * SIZE.1]).collect();
        let scene = Scene::of_spots(&spots, rng.random_range(12.0..60.0), seed);
        let found = fit(&scene.peaks, &scene, SIZE);
        assert!(found.is_err(), "seed {seed}: {count} random spots are no plate: {found:?}");
    }
}

#[test]
fn other_regular_patterns_are_no_plate() {
    for (rows, cols, pitch) in [(5, 9, 30.0), (5, 5, 40.0), (3, 3, 40.0), (9, 11, 25.0), (1, 12, 30.0), (2, 2, 80.0)] {
        let spots: Vec<[f64; 2]> = (0..rows * cols)
            .map(|k| [60.0 + pitch * f64::from(k % cols), 60.0 + pitch * f64::from(k / cols)])
            .collect();
        let scene = Scene::of_spots(&spots, pitch, 1);
        let found = fit(&scene.peaks, &scene, SIZE);
        assert!(found.is_err(), "{rows} x {cols} spots are no plate's: {found:?}");
    }
}

#[test]
fn the_same_peaks_in_another_order_give_the_same_plate() {
    let recipe = Recipe { rotation_deg: 33.0, tilt_deg: 20.0, missing: 0.2, false_peaks: 0.1, ..Recipe::plain(8, 12) };
    let scene = Scene::new(&recipe, 7);
    let first = fit(&scene.peaks, &scene, scene.size).expect("a moderate plate is found");
    let again = fit(&scene.peaks, &scene, scene.size).expect("and found again");
    assert_eq!(first, again, "nothing is random");
    let backwards: Vec<_> = scene.peaks.iter().rev().copied().collect();
    let other = fit(&backwards, &scene, scene.size).expect("order does not matter");
    assert!(scene.worst(&other) < 0.25 && other.sightings == first.sightings, "the same wells are seen");
}

#[test]
fn numbers_that_are_none_are_left_out() {
    let mut scene = Scene::new(&Recipe::plain(8, 12), 1);
    for (k, bad) in [f64::NAN, f64::INFINITY, -1e300, 1e300].into_iter().enumerate() {
        scene.peaks[k].x = bad;
        scene.peaks[k + 10].pitch = bad;
        scene.peaks[k + 20].score = bad;
    }
    let found = fit(&scene.peaks, &scene, scene.size).expect("the other peaks are enough");
    assert!(scene.worst(&found) < 0.25, "and give the right plate");
    assert!(fit(&scene.peaks, &scene, (0.0, 0.0)).is_err(), "a picture without area has no plate");
    assert!(fit(&scene.peaks, &scene, (f64::NAN, 9.0)).is_err(), "nor has one of no size");
}

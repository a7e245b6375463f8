//! The pictures to score and what is true of them.

use crate::{failure::Failure, inputs};
use anyhow::Context;
use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};
use wellread_phantom::truth::Truth;
use wellread_plate::format::{PlateFormat, WellId};
use wellread_station::calibration::corner_wells;
use wellread_vision::locate::homography::{Homography, homography_from_corners, project};

const ENDING: &str = ".truth.json";
const NO_PLATE: &str = "no-plate";

/// A picture and what a reader must say of it.
pub(super) struct Case {
    pub name: String,
    pub picture: PathBuf,
    pub expected: Result<Expected, Failure>,
}

pub(super) enum Expected {
    /// A plate, which must be found.
    Plate(Box<TruePlate>),
    /// No plate, which must be said.
    NoPlate,
}

/// A plate's truth, checked.
pub(super) struct TruePlate {
    pub truth: Truth,
    pub format: PlateFormat,
    grids: Vec<Corners>,
}

/// All cases of a folder: its pictures with truth, then those of the folders `no-plate` in it and beside it.
pub(super) fn cases(folder: &Path) -> anyhow::Result<Vec<Case>> {
    let listing = fs::read_dir(folder).with_context(|| format!("cannot read the folder {}", folder.display()))?;
    let mut truths: Vec<PathBuf> = listing
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(ENDING)))
        .collect();
    truths.sort();
    let mut cases: Vec<Case> = truths.iter().map(|path| case(path)).collect();
    let absolute = folder.canonicalize().with_context(|| format!("cannot find {}", folder.display()))?;
    for empty in [Some(absolute.join(NO_PLATE)), absolute.parent().map(|above| above.join(NO_PLATE))] {
        let pictures =
            empty.filter(|at| at.is_dir() && *at != absolute).map_or(Ok(Vec::new()), |at| inputs::pictures_in(&at));
        for picture in pictures.context("cannot read the folder no-plate")? {
            cases.push(Case { name: name(&picture), picture, expected: Ok(Expected::NoPlate) });
        }
    }
    Ok(cases)
}

fn name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

fn case(path: &Path) -> Case {
    let folder = path.parent().unwrap_or(Path::new("."));
    let read = || -> anyhow::Result<Truth> {
        let text = fs::read_to_string(path)?;
        Ok(serde_json::from_str(&text)?)
    };
    match read() {
        Ok(truth) => Case {
            name: truth.image.clone(),
            picture: folder.join(&truth.image),
            expected: expected(truth).map_err(|why| Failure::new("bad-truth", why)),
        },
        Err(error) => Case {
            name: name(path),
            picture: path.to_owned(),
            expected: Err(Failure::new("bad-truth", format!("{error}: write it as `wellread simulate` does"))),
        },
    }
}

fn expected(truth: Truth) -> Result<Expected, String> {
    if truth.rows == 0 {
        return Ok(Expected::NoPlate);
    }
    let format = PlateFormat::new(truth.rows, truth.cols).map_err(|error| error.to_string())?;
    let grids = [Some(&truth.corners), truth.corners_alt.as_ref()]
        .into_iter()
        .flatten()
        .map(|corners| Corners::of(format, corners))
        .collect::<Result<Vec<_>, _>>()?;
    if truth.pitch_px.is_nan() || truth.pitch_px <= 0.0 {
        return Err("`pitch_px` is not above 0: write the mean distance between wells".to_owned());
    }
    Ok(Expected::Plate(Box::new(TruePlate { truth, format, grids })))
}

/// Where the wells are, by one of their circles.
enum Corners {
    Plane(Homography),
    /// A single row or column: its two ends.
    Line([f64; 2], [f64; 2]),
}

impl Corners {
    fn of(format: PlateFormat, corners: &BTreeMap<WellId, [f64; 2]>) -> Result<Self, String> {
        let mut points = [[0.0; 2]; 4];
        for (point, well) in points.iter_mut().zip(corner_wells(format)) {
            let given = well.and_then(|well| corners.get(&well));
            *point = *given.ok_or("a corner well has no centre: write all four (A1, A12, H12, H1 on 96 wells)")?;
        }
        let [first, _, last, _] = points;
        if format.rows() == 1 || format.cols() == 1 {
            return Ok(Self::Line(first, last));
        }
        let plane = homography_from_corners(format, points);
        Ok(Self::Plane(plane.ok_or("the corner wells do not go round a plate: check that none are exchanged")?))
    }

    fn center(&self, format: PlateFormat, well: WellId) -> Option<[f64; 2]> {
        match self {
            Self::Plane(homography) => project(homography, well.col() as f64, well.row() as f64),
            Self::Line(first, last) => {
                let steps = (format.wells() - 1).max(1) as f64;
                let t = (well.row() + well.col()) as f64 / steps;
                Some([first[0] + (last[0] - first[0]) * t, first[1] + (last[1] - first[1]) * t])
            }
        }
    }
}

impl TruePlate {
    /// How far a point lies from a well, in pitches: from either of its circles, or from the line between them,
    /// because parallax parts a well's rim from its floor and both are right.
    pub(super) fn distance_pitches(&self, well: WellId, at: [f64; 2]) -> Option<f64> {
        let centers: Vec<[f64; 2]> = self.grids.iter().filter_map(|grid| grid.center(self.format, well)).collect();
        let px = match centers.as_slice() {
            [one] => (at[0] - one[0]).hypot(at[1] - one[1]),
            [one, other] => to_segment(at, *one, *other),
            _ => return None,
        };
        Some(px / self.truth.pitch_px)
    }
}

fn to_segment(p: [f64; 2], a: [f64; 2], b: [f64; 2]) -> f64 {
    let (dx, dy) = (b[0] - a[0], b[1] - a[1]);
    let length = (dx * dx + dy * dy).max(f64::MIN_POSITIVE);
    let t = (((p[0] - a[0]) * dx + (p[1] - a[1]) * dy) / length).clamp(0.0, 1.0);
    (p[0] - a[0] - t * dx).hypot(p[1] - a[1] - t * dy)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::put_file::put_file;

    pub(in crate::evaluate) const STAIRCASE: &str = r#"{"image":"p.jpg","width":1400,"height":1000,"rows":8,"cols":12,
        "corners":{"A1":[150,140],"A12":[1250,140],"H1":[150,840],"H12":[1250,840]},
        "a1_orientation_known":true,"visible":"whole","pitch_px":100.0,"assay":"hi"}"#;

    pub(in crate::evaluate) fn plate(json: &str) -> TruePlate {
        match expected(serde_json::from_str(json).unwrap()) {
            Ok(Expected::Plate(plate)) => *plate,
            Ok(Expected::NoPlate) => panic!("a plate is meant"),
            Err(why) => panic!("{why}"),
        }
    }

    #[test]
    fn distances_are_to_the_nearer_circle_or_between_them() {
        let alt = r#""corners_alt":{"A1":[160,140],"A12":[1260,140],"H1":[160,840],"H12":[1260,840]},"pitch_px""#;
        let plate = plate(&STAIRCASE.replace("\"pitch_px\"", alt));
        let b2: WellId = "B2".parse().unwrap();
        let away = |x: f64| plate.distance_pitches(b2, [x, 240.0]).unwrap();
        assert!(away(255.0) < 1e-9, "between rim and floor is right");
        assert!((away(230.0) - 0.2).abs() < 1e-9 && (away(285.0) - 0.25).abs() < 1e-9, "outside, the nearer counts");
    }

    #[test]
    fn a_single_row_is_a_line() {
        let json = r#"{"image":"s.jpg","width":10,"height":10,"rows":1,"cols":12,"pitch_px":10.0,
            "corners":{"A1":[0,0],"A12":[110,0]}}"#;
        let far = plate(json).distance_pitches("A4".parse().unwrap(), [30.0, 5.0]).unwrap();
        assert!((far - 0.5).abs() < 1e-9, "A4 lies three pitches along: {far}");
    }

    #[test]
    fn faulty_truth_says_what_is_wrong() {
        for (json, told) in [
            (STAIRCASE.replace("\"H1\":[150,840],", ""), "corner well"),
            (STAIRCASE.replace("\"H1\":[150,840]", "\"H1\":[1250,140]"), "do not go round"),
            (STAIRCASE.replace("100.0", "0.0"), "pitch_px"),
            (STAIRCASE.replace("\"rows\":8", "\"rows\":99"), "does not exist"),
        ] {
            let why = expected(serde_json::from_str(&json).unwrap()).err().expect("this truth is faulty");
            assert!(why.contains(told), "expected '{told}' in: {why}");
        }
    }

    #[test]
    fn a_folder_brings_its_truths_and_the_folders_without_plates() {
        let root = tempfile::tempdir().unwrap();
        let dev = root.path().join("dev");
        for folder in ["dev", "dev/no-plate", "no-plate"] {
            fs::create_dir(root.path().join(folder)).unwrap();
        }
        for (file, text) in [
            ("dev/p.truth.json", STAIRCASE),
            ("dev/q.truth.json", r#"{"image":"q.jpg","width":9,"height":9,"rows":0,"cols":0}"#),
            ("dev/r.truth.json", "no json"),
            ("dev/stray.jpg", "x"),
            ("dev/no-plate/in.jpg", "x"),
            ("no-plate/beside.png", "x"),
        ] {
            put_file(&root.path().join(file), text.as_bytes()).unwrap();
        }
        let found: Vec<(String, &str)> = cases(&dev)
            .unwrap()
            .into_iter()
            .map(|case| {
                let kind = match case.expected {
                    Ok(Expected::Plate(_)) => "plate",
                    Ok(Expected::NoPlate) => "none",
                    Err(_) => "faulty",
                };
                (case.name, kind)
            })
            .collect();
        let expected = [
            ("p.jpg", "plate"),
            ("q.jpg", "none"),
            ("r.truth.json", "faulty"),
            ("in.jpg", "none"),
            ("beside.png", "none"),
        ];
        assert_eq!(found, expected.map(|(name, kind)| (name.to_owned(), kind)), "a stray picture has no truth");
    }
}

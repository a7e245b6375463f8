//! `wellread read`: pictures to well calls, titres and distributions.

use crate::{
    args::{EXIT_SOME_UNREAD, ReadArgs},
    assay_choice,
    eyes::{self, Eyes, Sight},
    failure::{Failure, Stop},
    inputs::{self, Input},
    line_up::line_up,
    output, progress,
    put_file::{make_folder, put_file},
    record::{ImageRecord, Outcome, PlateRecord, Record, Timing},
    table,
};
use sha2::{Digest, Sha256};
use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Instant,
};
use wellread_plate::{assay::Assay, interpret, reading::Grid};
use wellread_station::{
    annotate::{self, Sheet},
    calibration, pipeline,
};

/// Runs the command.
pub(crate) fn run(args: &ReadArgs) -> Result<ExitCode, Stop> {
    let assay = assay_choice::find(&args.assay)?;
    let calibration = args.calibration.as_deref().map(load_calibration).transpose()?;
    let inputs = inputs::expand(&args.images);
    let jobs = eyes::jobs(&args.eyes, inputs.len());
    let eyes = Eyes::open(&args.eyes, jobs)?;
    if let Some(folder) = &args.annotate {
        make_folder(folder)?;
    }
    let sheets = args.annotate.as_deref().map(|folder| sheet_paths(folder, &inputs));
    let reader = Reader { eyes: &eyes, assay: &assay, calibration: calibration.as_ref(), json: args.json };
    let bar = progress::bar("reading", inputs.len());
    let mut printed = Printed::default();
    line_up(
        &inputs,
        jobs,
        |index, input| {
            let sheet = sheets.as_ref().and_then(|paths| paths.get(index));
            eyes::contained(|| reader.read(input, sheet.map(PathBuf::as_path)))
                .unwrap_or_else(|failure| reader.failed(&Record::failed(&input.path, failure), &input.path))
        },
        |done| {
            bar.inc(1);
            bar.suspend(|| printed.take(done))
        },
    );
    bar.finish_and_clear();
    printed.end(inputs.len())
}

fn load_calibration(path: &Path) -> Result<Grid, Stop> {
    calibration::load(path).map_err(|why| Stop::usage("bad-calibration", why))
}

/// What one picture adds to the output.
struct Done {
    /// For standard output.
    out: String,
    /// For standard error: a picture that could not be read, where standard output is for people too.
    err: String,
    read: bool,
    /// What failed outside the picture.
    broken: Option<anyhow::Error>,
}

/// How the output went so far.
#[derive(Default)]
struct Printed {
    read: usize,
    unread: usize,
    broken: Option<anyhow::Error>,
    /// Whoever read the output has gone.
    gone: bool,
}

impl Printed {
    /// Prints one picture's part; false when there is no use in going on.
    fn take(&mut self, done: Done) -> bool {
        if self.broken.is_some() || self.gone {
            return false;
        }
        self.read += usize::from(done.read);
        self.unread += usize::from(!done.read);
        eprint!("{}", done.err);
        match output::print(&done.out) {
            Ok(kept) => self.gone = !kept,
            Err(error) => self.broken = Some(error),
        }
        self.broken = self.broken.take().or(done.broken);
        self.broken.is_none() && !self.gone
    }

    fn end(self, pictures: usize) -> Result<ExitCode, Stop> {
        if let Some(error) = self.broken {
            return Err(Stop::Broken(error));
        }
        if pictures > 1 && !self.gone {
            eprintln!("{} of {pictures} pictures read", self.read);
        }
        Ok(if self.unread == 0 { ExitCode::SUCCESS } else { ExitCode::from(EXIT_SOME_UNREAD) })
    }
}

/// Reads pictures under one assay.
struct Reader<'a> {
    eyes: &'a Eyes,
    assay: &'a Assay,
    calibration: Option<&'a Grid>,
    json: bool,
}

impl Reader<'_> {
    fn read(&self, input: &Input, sheet: Option<&Path>) -> Done {
        let path = &input.path;
        let loaded = match &input.failure {
            Some(failure) => Err(failure.clone()),
            None => inputs::load(path, self.eyes.most_bytes()),
        };
        let bytes = match loaded {
            Ok(bytes) => bytes,
            Err(failure) => return self.failed(&Record::failed(path, failure), path),
        };
        let mut image = ImageRecord {
            path: path.display().to_string(),
            sha256: Some(format!("{:x}", Sha256::digest(&bytes))),
            width: None,
            height: None,
        };
        let begun = Instant::now();
        let sight = match self.eyes.see(&bytes, &self.assay.classes, self.calibration) {
            Ok(sight) => sight,
            Err(unseen) => {
                (image.width, image.height) = (unseen.size.map(|s| s.0), unseen.size.map(|s| s.1));
                return self.failed(&Record { image, outcome: Outcome::Failed { error: unseen.failure } }, path);
            }
        };
        image.width = Some(sight.raster.width());
        image.height = Some(sight.raster.height());
        self.judge(path, image, &sight, begun, sheet)
    }

    fn judge(&self, path: &Path, image: ImageRecord, sight: &Sight, begun: Instant, sheet: Option<&Path>) -> Done {
        let made = match interpret::interpret(&sight.reading, self.assay) {
            Ok(made) => made,
            Err(error) => {
                let error = Failure::new(pipeline::interpret_code(&error), &error);
                return self.failed(&Record { image, outcome: Outcome::Failed { error } }, path);
            }
        };
        let timing = Timing { total: begun.elapsed().as_secs_f64() * 1e3, ..sight.timing };
        let grid = &sight.reading.grid;
        let name = path.file_name().map_or_else(String::new, |n| n.to_string_lossy().into_owned());
        let drawn = Sheet { name: &name, raster: &sight.raster, grid, assay: self.assay, made: &made };
        let broken = sheet.and_then(|to| annotate::jpeg(&drawn).and_then(|jpeg| put_file(to, &jpeg)).err());
        let out = if self.json {
            let models = self.eyes.models();
            let plate = PlateRecord::new(grid, self.assay, made, models, timing);
            line(&Record { image, outcome: Outcome::Read(Box::new(plate)) })
        } else {
            table::plate(path, grid, self.assay, &made, timing.total)
        };
        Done { out, err: String::new(), read: true, broken }
    }

    fn failed(&self, record: &Record, path: &Path) -> Done {
        let text = match &record.outcome {
            Outcome::Failed { error } if !self.json => table::failure(path, error),
            _ => String::new(),
        };
        let out = if self.json { line(record) } else { String::new() };
        Done { out, err: text, read: false, broken: None }
    }
}

/// A record as one line. Its maps have text keys and its numbers are finite, so that it always serializes.
fn line(record: &Record) -> String {
    serde_json::to_string(record).map_or_else(|error| format!("{error}\n"), |json| json + "\n")
}

/// Where each picture's annotated one goes: by its name, numbered where two pictures share it.
fn sheet_paths(folder: &Path, inputs: &[Input]) -> Vec<PathBuf> {
    let mut taken = BTreeSet::new();
    let path = |input: &Input| {
        let stem = input.path.file_stem().map_or_else(|| "picture".into(), |s| s.to_string_lossy().into_owned());
        let numbered = (2..).map(|n| format!("{stem}-{n}.annotated.jpg"));
        let mut names = std::iter::once(format!("{stem}.annotated.jpg")).chain(numbered);
        // Names that differ in case alone are one file on some disks.
        let free = names.find(|name| taken.insert(name.to_lowercase()));
        folder.join(free.unwrap_or(stem))
    };
    inputs.iter().map(path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_of_one_name_do_not_overwrite_each_other() {
        let inputs: Vec<Input> = ["a/p.jpg", "b/p.png", "p-2.jpg", "P.jpg"]
            .into_iter()
            .map(|path| Input { path: path.into(), failure: None })
            .collect();
        let names: Vec<String> = sheet_paths(Path::new("out"), &inputs)
            .iter()
            .map(|p| p.file_name().unwrap().to_string_lossy().into_owned())
            .collect();
        let expected = ["p.annotated.jpg", "p-2.annotated.jpg", "p-2-2.annotated.jpg", "P-3.annotated.jpg"];
        assert_eq!(names, expected, "each picture keeps a sheet of its own");
    }
}

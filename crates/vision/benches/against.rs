//! Our figures as ratios to two references, each measured in turns with ours in one run, because a machine's speed
//! drifts: locate + classify to a detector of YOLO11-x's size in the same ONNX Runtime, and the whole read to the JPEG
//! decode alone by libjpeg-turbo.
//!
//! Run by `./dev bench`, which makes the picture and the detector. The last line is one JSON object.
#![allow(clippy::expect_used, clippy::print_stdout, reason = "a benchmark prints, and stops where it fails")]

mod bench_setup;

use bench_setup::{PLAN, classes, eyes, image_bytes, made, root, runtime};
use ndarray::{ArrayD, IxDyn};
use std::{
    io::{BufRead, BufReader, Write},
    path::Path,
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
    time::Instant,
};
use wellread_plate::{assay::Assay, interpret::interpret};
use wellread_vision::{
    decode::{Limits, decode},
    eyes::Ask,
    manifest::Manifest,
    runtime::{Model, hex_sha256},
};

/// Turns of ours with the slow detector, and with the quick decode.
const DETECTOR_TURNS: usize = 9;
const DECODE_TURNS: usize = 41;

fn main() {
    let bytes = image_bytes();
    let eyes = eyes();
    let (classes, assay) = (classes(), Assay::shipped("hi").expect("hi is shipped"));
    let ask = Ask { classes: &classes, calibration: None };
    let raster = decode(&bytes, &Limits::default()).expect("the picture is whole").raster;

    let detector = yolo(&made("WELLREAD_BENCH_YOLO", "target/bench/yolo11x-random.onnx"));
    let pixels = ArrayD::from_elem(IxDyn(&[1, 3, 640, 640]), 0.5f32);
    let (mut slow, mut ours) = (Vec::new(), Vec::new());
    for turn in 0..=DETECTOR_TURNS {
        let reference = timed(|| detector.run(pixels.view()).expect("the reference runs"));
        let own = timed(|| eyes.see(&raster, &ask).expect("there is a plate"));
        // The first turn warms both up.
        if turn > 0 {
            slow.push(reference);
            ours.push(own);
        }
    }

    let mut turbo = Turbo::start(&made("WELLREAD_BENCH_IMAGE", "target/bench/plate.jpg"));
    let (mut decodes, mut reads, mut own_decodes) = (Vec::new(), Vec::new(), Vec::new());
    for turn in 0..=DECODE_TURNS {
        let reference = turbo.decode_ms();
        let own_decode = timed(|| decode(&bytes, &Limits::default()).expect("the picture is whole"));
        let whole = timed(|| {
            let raster = decode(&bytes, &Limits::default()).expect("the picture is whole").raster;
            let seen = eyes.see(&raster, &ask).expect("there is a plate");
            interpret(&seen.reading, &assay).expect("the plate is the assay's")
        });
        if turn > 0 {
            decodes.push(reference);
            own_decodes.push(own_decode);
            reads.push(whole);
        }
    }

    let report = serde_json::json!({
        "image_px": [raster.width(), raster.height()],
        "image_bytes": bytes.len(),
        "yolo11x_sized_ms": median(&slow),
        "locate_classify_ms": median(&ours),
        "times_faster_than_yolo11x_sized": paired(&slow, &ours),
        "turbo_decode_ms": median(&decodes),
        "own_decode_ms": median(&own_decodes),
        "whole_read_ms": median(&reads),
        "whole_read_per_turbo_decode": paired(&reads, &decodes),
    });
    println!("{report}");
}

/// The reference detector, with the same session options as our own models.
fn yolo(file: &Path) -> Model {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let bytes = std::fs::read(file).expect("./dev bench makes the reference detector");
    let names: Vec<String> = (0..80).map(|n| format!("\"c{n}\"")).collect();
    let manifest = format!(
        "[[model]]\nname = \"reference\"\nkind = \"detector\"\nversion = \"0\"\nfile = '{}'\nsha256 = \"{}\"\n\
         classes = [{}]\nlicense = \"none\"\ncard = \"none\"\n\
         [model.input]\nwidth = 640\nheight = 640\nmean = 0.0\nstd = 1.0\n",
        file.canonicalize().expect("it exists").display(),
        hex_sha256(&bytes),
        names.join(",")
    );
    let mut sink = std::fs::File::create(folder.path().join("manifest.toml")).expect("a file in it");
    sink.write_all(manifest.as_bytes()).expect("room for it");
    let manifest = Manifest::load(folder.path()).expect("the manifest is right");
    let spec = manifest.models.first().expect("it names one model");
    runtime().model(folder.path(), spec, PLAN).expect("the reference loads")
}

/// libjpeg-turbo in a process of its own, which decodes once for each line it gets.
struct Turbo {
    _process: Child,
    ask: ChildStdin,
    answer: BufReader<ChildStdout>,
}

impl Turbo {
    fn start(image: &Path) -> Self {
        let mut command = Command::new("python3");
        command.arg(root().join("tools/turbo_decode.py")).arg(image).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn().expect("python3 is there");
        let ask = process.stdin.take().expect("it is piped");
        let answer = BufReader::new(process.stdout.take().expect("it is piped"));
        Self { _process: process, ask, answer }
    }

    fn decode_ms(&mut self) -> f64 {
        self.ask.write_all(b"\n").expect("it waits for a line");
        let mut line = String::new();
        self.answer.read_line(&mut line).expect("it answers");
        line.trim().parse::<f64>().expect("it answers with seconds") * 1e3
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> f64 {
    let begun = Instant::now();
    let result = work();
    let ms = begun.elapsed().as_secs_f64() * 1e3;
    // Freed outside the time, because a caller keeps what it asked for.
    drop(result);
    ms
}

fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN)
}

/// Median of the ratios turn by turn: what slows a turn slows both of its parts.
fn paired(of: &[f64], to: &[f64]) -> f64 {
    median(&of.iter().zip(to).map(|(a, b)| a / b).collect::<Vec<_>>())
}

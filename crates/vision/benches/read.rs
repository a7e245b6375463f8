//! Where the time of one reading goes: decode, locate, classify, each alone.
//!
//! Run by `./dev bench`, which makes the picture; or with `WELLREAD_BENCH_IMAGE` naming one.
#![allow(clippy::expect_used, reason = "a benchmark stops where it fails")]

mod bench_setup;

use bench_setup::{classes, eyes, image_bytes};
use divan::Bencher;
use wellread_vision::{
    decode::{Limits, decode},
    eyes::Ask,
};

fn main() {
    divan::main();
}

#[divan::bench]
fn decode_jpeg(bencher: Bencher) {
    let bytes = image_bytes();
    bencher.bench_local(|| decode(&bytes, &Limits::default()).expect("the picture is whole"));
}

#[divan::bench]
fn locate_and_classify(bencher: Bencher) {
    let (eyes, classes) = (eyes(), classes());
    let raster = decode(&image_bytes(), &Limits::default()).expect("the picture is whole").raster;
    let ask = Ask { classes: &classes, calibration: None };
    bencher.bench_local(|| eyes.see(&raster, &ask).expect("there is a plate"));
}

#[divan::bench]
fn classify(bencher: Bencher) {
    let (eyes, classes) = (eyes(), classes());
    let raster = decode(&image_bytes(), &Limits::default()).expect("the picture is whole").raster;
    let grid = eyes.see(&raster, &Ask { classes: &classes, calibration: None }).expect("there is a plate").reading.grid;
    // With the grid given, only the wells are left to do.
    let ask = Ask { classes: &classes, calibration: Some(&grid) };
    bencher.bench_local(|| eyes.see(&raster, &ask).expect("there is a plate"));
}

#[divan::bench]
fn whole_read(bencher: Bencher) {
    let (eyes, classes, bytes) = (eyes(), classes(), image_bytes());
    let ask = Ask { classes: &classes, calibration: None };
    bencher.bench_local(|| {
        let raster = decode(&bytes, &Limits::default()).expect("the picture is whole").raster;
        eyes.see(&raster, &ask).expect("there is a plate")
    });
}

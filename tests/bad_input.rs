//! A folder full of trouble: each picture gets its one-line error, and the good one between them is still read.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use image::{DynamicImage, GenericImageView};
use std::{
    fs::{self, File},
    io::Write,
    path::{Path, PathBuf},
};
use tempfile::TempDir;
use wellread_journeys::{Camera, models_folder, wellread};

fn put(path: &Path, bytes: &[u8]) {
    File::create(path).unwrap().write_all(bytes).unwrap();
}

/// The header of an uncompressed 24-bit bitmap, without its pixels.
fn bmp_header(width: i32, height: i32) -> Vec<u8> {
    let mut bytes = b"BM".to_vec();
    for value in [54 + 3 * 4, 0, 54, 40, width, height] {
        bytes.extend(value.to_le_bytes());
    }
    bytes.extend(1u16.to_le_bytes());
    bytes.extend(24u16.to_le_bytes());
    bytes.resize(54, 0);
    bytes
}

/// Everything to the left of the middle.
fn left_half(picture: &Path) -> DynamicImage {
    let whole = image::open(picture).unwrap();
    whole.view(0, 0, whole.width() / 2, whole.height()).to_image().into()
}

/// One good plate among the bad files of the brief, in order of name.
fn folder_of_trouble() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let camera = Camera::take(&["--plates", "1", "--seed", "5", "--quality", "92"]);
    let good = camera.pictures().remove(0);
    let jpeg = fs::read(&good).unwrap();
    put(&at("a-empty.jpg"), b"");
    put(&at("b-text.jpg"), b"Dear colleague,\nplease find the plate attached.\n");
    put(&at("c-truncated.jpg"), &jpeg[..jpeg.len() / 2]);
    fs::copy(&good, at("d-good.jpg")).unwrap();
    put(&at("e-huge.bmp"), &bmp_header(100_000, 100_000));
    let mut pixel = bmp_header(1, 1);
    pixel.extend([9, 9, 9, 0]);
    put(&at("f-one-pixel.bmp"), &pixel);
    let empty = Camera::take(&["--plates", "1", "--seed", "3", "--style", "no-plate", "--size", "1280x960"]);
    let nothing = empty.pictures().remove(0);
    fs::copy(&nothing, at(&format!("g-no-plate.{}", nothing.extension().unwrap().display()))).unwrap();
    left_half(&good).save(at("h-cut-in-half.png")).unwrap();
    folder
}

#[test]
fn each_bad_picture_gets_its_code_and_the_good_one_is_read() {
    let folder = folder_of_trouble();
    let ran = wellread(["read", "--json", folder.path().to_str().unwrap()]).ended_with(3);
    let lines = ran.lines();
    let codes: Vec<(String, String)> = lines
        .iter()
        .map(|line| {
            let path = PathBuf::from(line["image"]["path"].as_str().unwrap());
            let code = line["error"]["code"].as_str().unwrap_or("read").to_owned();
            (path.file_stem().unwrap().display().to_string(), code)
        })
        .collect();
    let expected = [
        ("a-empty", "empty-file"),
        ("b-text", "not-an-image"),
        ("c-truncated", "truncated"),
        ("d-good", "read"),
        ("e-huge", "too-large"),
        ("f-one-pixel", "no-plate"),
        ("g-no-plate", "no-plate"),
        ("h-cut-in-half", "plate-cut-off"),
    ];
    let expected = expected.map(|(name, code)| (name.to_owned(), code.to_owned()));
    // Half a plate of 12 columns is six whole columns: to say that nothing is there is as right as to say it is cut.
    let half = codes.last().map(|(_, code)| code.as_str());
    assert!(matches!(half, Some("plate-cut-off" | "no-plate" | "plate-ambiguous" | "wrong-format")), "{half:?}");
    assert_eq!(codes[..7], expected[..7], "in the order of their names, each with its own code\n{}", ran.err);
    for line in lines.iter().filter(|line| line["error"].is_object()) {
        let message = line["error"]["message"].as_str().unwrap();
        assert!(message.len() > 20 && !message.contains('\n'), "one line that says what to do: {message}");
    }
}

#[test]
fn people_get_one_line_an_error_and_nothing_panics() {
    let folder = folder_of_trouble();
    let ran = wellread(["read", folder.path().to_str().unwrap()]).ended_with(3);
    assert!(ran.out.contains("d-good.jpg"), "the good plate is printed: {}", ran.out);
    assert!(ran.err.contains("a-empty.jpg: empty-file: "), "file, code, message: {}", ran.err);
    assert_eq!(ran.err.lines().count(), 8, "seven bad files and the sum: {}", ran.err);
    assert!(!ran.err.contains("panicked"), "no panic: {}", ran.err);
}

#[test]
fn an_unknown_assay_is_refused_before_anything_is_read() {
    let ran = wellread(["read", "--assay", "elisa", "no-such.jpg"]).ended_with(2);
    assert!(ran.err.starts_with("unknown-assay: "), "its code first: {}", ran.err);
    assert_eq!((ran.err.lines().count(), ran.out.as_str()), (1, ""), "one line, and no output");
}

#[test]
fn a_missing_file_does_not_stop_the_others() {
    let camera = Camera::take(&["--plates", "1", "--seed", "8"]);
    let good = camera.pictures().remove(0);
    let ran = wellread(["read", "--json", "no-such.jpg", good.to_str().unwrap()]).ended_with(3);
    let lines = ran.lines();
    assert_eq!(lines[0]["error"]["code"], "not-found", "the first cannot be read");
    assert!(lines[1]["wells"].is_array(), "the second is: {}", ran.out);
}

#[test]
fn a_model_with_a_wrong_hash_is_refused() {
    let models = tempfile::tempdir().unwrap();
    for entry in models_folder().read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, models.path().join(path.file_name().unwrap())).unwrap();
        }
    }
    let network = models.path().read_dir().unwrap().map(|e| e.unwrap().path());
    let network = network.filter(|path| path.extension().is_some_and(|e| e == "onnx")).min().unwrap();
    let mut bytes = fs::read(&network).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    put(&network, &bytes);
    let ran = wellread(["read", "--model", models.path().to_str().unwrap(), "any.jpg"]).ended_with(2);
    assert!(ran.err.starts_with("model-hash-mismatch: "), "one bit differs: {}", ran.err);
    assert_eq!(ran.err.lines().count(), 1, "one line: {}", ran.err);
}

#[test]
fn usage_faults_end_with_2_and_help_names_every_code() {
    wellread(["read"]).ended_with(2);
    wellread(["read", "--jobs", "0", "x.jpg"]).ended_with(2);
    wellread(["evaluate", "--truth", "/no/such/folder"]).ended_with(2);
    let help = wellread(["read", "--help"]).ended_with(0);
    for code in ["0 ", "1 ", "2 ", "3 ", "130 "] {
        assert!(help.out.contains(&format!("\n  {code}")), "exit code {code}is documented: {}", help.out);
    }
}

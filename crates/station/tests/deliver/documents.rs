//! The workbook and the page.

use crate::sample::{plate, report, shipped};
use calamine::{Data, Reader, Xlsx};
use std::io::Cursor;
use wellread_plate::titre::Dilution;
use wellread_station::deliver::{
    RenderError, render,
    sample::{Picture, PictureEncoding, SampleReport},
};

fn picture(encoding: PictureEncoding) -> Picture {
    let image = image::RgbImage::from_fn(340, 240, |x, y| image::Rgb([(x / 2) as u8, y as u8, 120]));
    let format = match encoding {
        PictureEncoding::Png => image::ImageFormat::Png,
        PictureEncoding::Jpeg => image::ImageFormat::Jpeg,
    };
    let mut bytes = Vec::new();
    image.write_to(&mut Cursor::new(&mut bytes), format).unwrap();
    Picture { encoding, bytes }
}

/// Pages as the file itself counts them.
fn pages(pdf: &[u8]) -> usize {
    String::from_utf8_lossy(pdf).matches("/Type /Page\n").count()
        + String::from_utf8_lossy(pdf).matches("/Type/Page/").count()
}

#[test]
fn a_workbook_opens_and_says_the_same_as_the_tables() {
    let mut report = report();
    report.submission_no = Some("=HYPERLINK(\"x\")".to_owned());
    let file = render(&report, &shipped("xlsx")).unwrap();
    assert_eq!((file.rows, file.name.as_str()), (96, "report_S-2601_20260131_140509.xlsx"), "a row a well");
    let mut book: Xlsx<_> = calamine::open_workbook_from_rs(Cursor::new(file.bytes.clone())).unwrap();
    assert_eq!(book.sheet_names(), ["Sample", "Series", "Wells", "Signatures"], "one sheet for each question");
    let wells = book.worksheet_range("Wells").unwrap();
    assert_eq!(wells.height(), 97, "a header and every well");
    let column = |name: &str| wells.rows().next().unwrap().iter().position(|cell| *cell == Data::String(name.into()));
    let cell = |row: u32, name: &str| wells.get_value((row, column(name).unwrap() as u32)).cloned();
    assert_eq!(cell(6, "well"), Some(Data::String("A6".into())), "the wells run row by row");
    assert_eq!(cell(6, "ai_label"), Some(Data::String("positive".into())), "what was seen stays visible");
    assert_eq!(cell(6, "final_label"), Some(Data::String("negative".into())), "beside what stands");
    assert_eq!(cell(6, "confidence"), Some(Data::Float(0.5125)), "numbers are numbers");
    assert_eq!(cell(6, "submission_no"), Some(Data::String("'=HYPERLINK(\"x\")".into())), "no formula gets in");
    assert!(book.worksheet_formula("Wells").unwrap().used_cells().next().is_none(), "none at all");
    let series = book.worksheet_range("Series").unwrap();
    let results: Vec<String> = series.rows().skip(1).map(|row| row[4].to_string()).collect();
    assert_eq!(results, ["1:32", "1:32", "1:64", "1:64", "1:64", "<1:2", "1:32", ">=1:4096"], "as people write titres");
    let sample = book.worksheet_range("Sample").unwrap();
    let counts: f64 =
        (1..=13).filter_map(|row| sample.get_value((row, 4))).filter_map(calamine::DataType::as_f64).sum();
    assert!((counts - 8.0).abs() < 1e-9, "the histogram holds every series");
    assert_eq!(render(&report, &shipped("xlsx")).unwrap().bytes, file.bytes, "made again it is the same file");
}

fn full() -> SampleReport {
    let mut report = report();
    report.picture = Some(picture(PictureEncoding::Jpeg));
    report
}

#[test]
fn a_page_is_one_page_and_the_same_every_time() {
    let file = render(&full(), &shipped("pdf")).unwrap();
    assert!(file.bytes.starts_with(b"%PDF-"), "a PDF");
    assert_eq!((file.rows, pages(&file.bytes)), (1, 1), "one page");
    assert_eq!(render(&full(), &shipped("pdf")).unwrap(), file, "no clock and no chance goes in");
    if let Some(folder) = std::env::var_os("WELLREAD_KEEP_REPORTS") {
        keep(std::path::Path::new(&folder));
    }
}

/// For looking at: `WELLREAD_KEEP_REPORTS=FOLDER cargo test`, then `pdftoppm -r 100 -png`.
fn keep(folder: &std::path::Path) {
    let put = |name: &str, report: &SampleReport| {
        let bytes = render(report, &shipped("pdf")).unwrap().bytes;
        let mut file = std::fs::File::create(folder.join(name)).unwrap();
        std::io::Write::write_all(&mut file, &bytes).unwrap();
    };
    put("full.pdf", &full());
    put("crowded.pdf", &crowded());
    let mut bare = report();
    (bare.signatures, bare.audit_head, bare.statistics) = (Vec::new(), None, None);
    bare.plates.clear();
    put("bare.pdf", &bare);
    let mut invalid = report();
    invalid.plates[0].validity_failures = vec!["Well H1 is a positive control, but reads negative.".to_owned()];
    invalid.plates[0].series[7].role = wellread_plate::assay::Role::PositiveControl;
    put("invalid.pdf", &invalid);
    invalid.plates[0].series.clear();
    put("calls.pdf", &invalid);
}

fn crowded() -> SampleReport {
    let mut report = full();
    let dilution = Dilution { start: 2.0, fold: 2.0 };
    report.plates = (1..=9).map(|number| plate(&format!("แผ่นที่ {number}"), &dilution)).collect();
    "ตัวอย่างน้ำเหลืองไก่ที่มีชื่อยาวมาก ๆ-0001/2569 and on and on".clone_into(&mut report.sample_no);
    report.signatures = (0..9).flat_map(|_| report.signatures.clone()).collect();
    report
}

#[test]
fn however_much_there_is_it_stays_one_page() {
    let bytes = render(&crowded(), &shipped("pdf")).unwrap().bytes;
    assert_eq!(pages(&bytes), 1, "what finds no room is counted, not put on a second page");
}

#[test]
fn pictures_of_both_kinds_are_drawn_and_broken_ones_are_named() {
    for encoding in [PictureEncoding::Png, PictureEncoding::Jpeg] {
        let mut report = report();
        let without = render(&report, &shipped("pdf")).unwrap().bytes.len();
        report.picture = Some(picture(encoding));
        let with = render(&report, &shipped("pdf")).unwrap().bytes.len();
        assert!(with > without + 1_000, "{encoding:?}: the picture is in the file");
        for broken in [Vec::new(), b"no picture".to_vec()] {
            report.picture = Some(Picture { encoding, bytes: broken });
            let error = render(&report, &shipped("pdf")).unwrap_err();
            assert!(matches!(error, RenderError::Picture { .. }), "{encoding:?}: {error}");
        }
    }
    let mut cut = picture(PictureEncoding::Png);
    cut.bytes.truncate(cut.bytes.len() / 2);
    let mut report = report();
    report.picture = Some(cut);
    let error = render(&report, &shipped("pdf")).unwrap_err();
    assert!(matches!(error, RenderError::Picture { .. }), "half a picture is noticed when it is decoded: {error}");
}

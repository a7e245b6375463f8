//! Interface files from asked for to delivered, and every way in which they are not.

use crate::bench::{Bench, because, code, put};
use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpListener,
    thread,
};
use wellread_station::{
    Code,
    interface::{Request, Round},
    review::{Change, ReasonCode},
    store::{InterfaceFile, InterfaceStatus, Page},
};

fn request(sample: &str, template: &str) -> Request {
    Request { sample_no: sample.to_owned(), template: Some(template.to_owned()), ..Request::default() }
}

/// The newest file, and the names in the drop folder.
fn newest(bench: &Bench) -> InterfaceFile {
    bench.station.interface_files(None, None, Page::first(1)).unwrap().rows.remove(0)
}

fn dropped(bench: &Bench) -> Vec<String> {
    let mut names: Vec<String> =
        fs::read_dir(bench.path("out")).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn a_sample_is_delivered_with_its_marker() {
    let bench = Bench::new();
    bench.record("S-1", "1", [5, 5, 6, 6, 6, 0, 5, 12], false);
    let asked = bench.station.request_interface_file(&bench.admin, &request("S-1", "labware")).unwrap();
    assert_eq!(asked.status, InterfaceStatus::Pending, "asked for");
    assert_eq!(bench.station.deliver_due().unwrap(), Round { generated: 1, delivered: 1, failed: 0, waiting: 0 });
    let file = newest(&bench);
    assert_eq!(file.status, InterfaceStatus::Delivered, "it is where it belongs");
    assert_eq!(dropped(&bench), [file.file_name.clone(), format!("{}.ok", file.file_name)], "with its marker");
    let text = fs::read_to_string(bench.path("out").join(&file.file_name)).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[..3], ["SAMPLE_NUMBER,TEST_NUMBER,REPORTED_NAME,ENTRY", "S-1,TS-1,No.,8", "S-1,TS-1,0,1"]);
    assert_eq!(bench.station.deliver_due().unwrap(), Round::default(), "and is not brought again");
    bench.assert_sound();
}

#[test]
fn a_correction_of_an_accepted_plate_sends_a_new_revision_by_itself() {
    let bench = Bench::new();
    let run = bench.record("S-1", "1", [5; 8], true);
    let anong = bench.person("anong", "operator");
    let confirmed = because(ReasonCode::Confirmed);
    bench.station.review(&anong, run, &Change::Accept, &confirmed, None).unwrap();
    bench.station.deliver_due().unwrap();
    let change = Change::Well { well: "A5".parse().unwrap(), is: "negative".parse().unwrap() };
    bench.station.review(&anong, run, &change, &because(ReasonCode::Misread), None).unwrap();
    let round = bench.station.deliver_due().unwrap();
    assert_eq!(round.waiting, 1, "the name carries the second, so the second file waits for the next one");
    bench.clock.advance(1_000);
    assert_eq!(bench.station.deliver_due().unwrap().delivered, 1, "then it goes out");
    assert_eq!(newest(&bench).revision, 2, "as a revision of its own");
    assert_eq!(dropped(&bench).len(), 4, "beside the first, which stays as it was");
}

#[test]
fn a_share_that_is_away_is_tried_again_and_says_so() {
    let bench = Bench::new();
    bench.record("S-1", "1", [5; 8], false);
    fs::rename(bench.path("out"), bench.path("away")).unwrap();
    bench.station.request_interface_file(&bench.admin, &request("S-1", "labware")).unwrap();
    assert_eq!(bench.station.deliver_due().unwrap().waiting, 1, "nothing is lost");
    let file = newest(&bench);
    assert!(file.error_msg.unwrap().contains("cannot be reached"), "it shows why");
    assert_eq!(bench.station.deliver_due().unwrap(), Round::default(), "and is not tried without a pause");
    fs::rename(bench.path("away"), bench.path("out")).unwrap();
    bench.clock.advance(2_000);
    assert_eq!(bench.station.deliver_due().unwrap().delivered, 1, "it goes out when the share is back");
}

#[test]
fn the_receiver_has_the_last_word_where_it_is_asked() {
    let bench = Bench::new();
    bench.station.configure(&bench.admin, "deliver.wait_for_ack", Some(&true.into()), "").unwrap();
    for folder in ["ack", "err"] {
        fs::create_dir(bench.path("out").join(folder)).unwrap();
    }
    bench.record("S-1", "1", [5; 8], false);
    bench.station.request_interface_file(&bench.admin, &request("S-1", "labware")).unwrap();
    assert_eq!(bench.station.deliver_due().unwrap().waiting, 1, "dropped, but not delivered yet");
    let name = newest(&bench).file_name;
    put(&bench.path("out").join("ack").join(format!("{name}.ack")), b"");
    bench.clock.advance(60_000);
    assert_eq!(bench.station.deliver_due().unwrap().delivered, 1, "acknowledged");

    bench.station.request_interface_file(&bench.admin, &request("S-1", "labware")).unwrap();
    bench.station.deliver_due().unwrap();
    let name = newest(&bench).file_name;
    put(&bench.path("out").join("err").join(format!("{name}.err")), b"unknown sample");
    bench.clock.advance(60_000);
    assert_eq!(bench.station.deliver_due().unwrap().failed, 1, "refused");
    let file = newest(&bench);
    assert!(file.error_msg.as_ref().unwrap().contains("unknown sample"), "in the receiver's words");
    let again = bench.station.retry_interface_file(&bench.admin, file.id).unwrap();
    assert_eq!(again.status, InterfaceStatus::Generated, "somebody may try again");
}

#[test]
fn hl7_goes_over_mllp_to_a_listener() {
    let bench = Bench::new();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    bench.station.configure(&bench.admin, "deliver.mllp", Some(&address.into()), "").unwrap();
    let lims = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut message = Vec::new();
        while !message.ends_with(&[0x1C, 0x0D]) {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            message.push(byte[0]);
        }
        let text = String::from_utf8(message).unwrap();
        let id = text.split('|').nth(9).unwrap().to_owned();
        let ack = format!("\u{b}MSH|^~\\&|LIMS|LAB|W|S|20260101||ACK^R01|1|P|2.5.1\rMSA|AA|{id}\r\u{1c}\r");
        stream.write_all(ack.as_bytes()).unwrap();
        text
    });
    bench.record("S-1", "1", [5; 8], false);
    bench.station.request_interface_file(&bench.admin, &request("S-1", "hl7")).unwrap();
    let round = bench.station.deliver_due().unwrap();
    let message = lims.join().unwrap();
    assert!(message.contains("S-1"), "the listener has the sample");
    assert_eq!(round.delivered, 1, "and its acknowledgement counts: {:?}", newest(&bench).error_msg);
}

#[test]
fn what_cannot_be_written_safely_fails_and_says_why() {
    let bench = Bench::new();
    bench.record("=cmd()", "1", [5; 8], false);
    bench.station.request_interface_file(&bench.admin, &request("=cmd()", "labware")).unwrap();
    assert_eq!(bench.station.deliver_due().unwrap().failed, 1, "a formula never reaches the LIMS");
    assert_eq!(dropped(&bench), [""; 0], "and nothing of it the folder");
    let nobody = bench.station.request_interface_file(&bench.admin, &request("S-77", "labware"));
    assert_eq!(code(nobody), Some(Code::NotFound), "nor is there a file for a sample that is not there");
}

#[test]
fn a_report_for_people_comes_in_every_format() {
    let bench = Bench::new();
    bench.record("S-1", "1", [5; 8], false);
    for template in ["labware", "detailed", "summary", "hl7", "astm", "xlsx", "pdf"] {
        let made = bench.station.export(&bench.admin, "S-1", template).unwrap();
        assert!(!made.bytes.is_empty() && made.name.contains("S-1"), "{template}: {}", made.name);
    }
}

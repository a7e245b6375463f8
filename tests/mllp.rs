//! HL7 over MLLP: the program against a small listener that answers well, badly, late and not at all.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

use serde_json::Value;
use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread::{self, JoinHandle},
};
use wellread_journeys::station::{Station, plates, put};

/// Later than any pause between two tries of one delivery.
const LATER_S: i64 = 600;

/// A station with an accepted plate of S-1, whose HL7 goes to this listener.
fn station(listener: &TcpListener) -> Station {
    let station = Station::new();
    station.set("deliver.automatic", "false");
    station.set("deliver.mllp", &listener.local_addr().unwrap().to_string());
    station.accepted(&plates(1)[0], "S-1");
    station
}

fn ask(station: &Station) {
    station.run(["interface", "create", "S-1", "--template", "hl7"]).ended_with(0);
}

fn newest(station: &Station) -> Value {
    station.run(["interface", "list", "--limit", "1", "--json"]).ended_with(0).lines().remove(0)
}

/// Takes one connection: reads a message, answers as `answer` makes of its control id, and gives the message back.
fn listen(listener: &TcpListener, answer: impl FnOnce(&mut TcpStream, &str) + Send + 'static) -> JoinHandle<String> {
    let listener = listener.try_clone().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let (mut read, mut byte) = (Vec::new(), [0]);
        while !read.ends_with(&[0x1C, 0x0D]) && stream.read(&mut byte).unwrap() == 1 {
            read.push(byte[0]);
        }
        let text = String::from_utf8(read).unwrap();
        let id = text.split('|').nth(9).unwrap_or_default().to_owned();
        answer(&mut stream, &id);
        text
    })
}

fn ack(code: &'static str, text: &'static str) -> impl FnOnce(&mut TcpStream, &str) + Send + 'static {
    move |stream, id| {
        let message = format!("MSH|^~\\&|LIMS||WELLREAD||20260131||ACK^R01|A1|P|2.5.1\rMSA|{code}|{id}|{text}\r");
        stream.write_all(&[&[0x0B], message.as_bytes(), &[0x1C, 0x0D]].concat()).unwrap();
    }
}

#[test]
fn consent_delivers_and_refusal_waits_for_a_person() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let station = station(&listener);
    ask(&station);
    let lims = listen(&listener, ack("AA", ""));
    station.run(["interface", "deliver"]).ended_with(0);
    let message = lims.join().unwrap();
    assert!(message.starts_with("\u{b}MSH|^~\\&|") && message.contains("|ORU^R01^ORU_R01|"), "in its frame: {message}");
    assert_eq!(newest(&station)["status"], "delivered", "AA");
    for (turn, code, said) in [(1, "AE", "unknown sample"), (2, "AR", "wrong facility")] {
        ask(&station);
        let lims = listen(&listener, ack(code, said));
        station.run_later(turn * LATER_S, ["interface", "deliver"]).ended_with(1);
        lims.join().unwrap();
        let told = newest(&station);
        assert_eq!(told["status"], "failed", "{code}: the same message would be refused again");
        assert!(told["error_msg"].as_str().unwrap().contains(said), "{code} in the receiver's words: {told}");
    }
    let id = newest(&station)["id"].as_str().unwrap().to_owned();
    station.run(["interface", "retry", &id]).ended_with(0);
    let lims = listen(&listener, ack("AA", ""));
    station.run_later(3 * LATER_S, ["interface", "deliver"]).ended_with(0);
    lims.join().unwrap();
    assert_eq!(newest(&station)["status"], "delivered", "once it is put right there, it is sent again");
    station.assert_sound();
}

#[test]
fn what_is_no_answer_fails_and_silence_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let station = station(&listener);
    station.set("deliver.mllp_within_s", "1");
    ask(&station);
    // Holds the line, without a word, until the station hangs up.
    let lims = listen(&listener, |stream, _| drop(stream.read(&mut [0])));
    station.run(["interface", "deliver"]).ended_with(0);
    let first = lims.join().unwrap();
    let told = newest(&station);
    assert_eq!(told["status"], "generated", "silence says nothing about the message");
    assert!(told["error_msg"].as_str().unwrap().contains("did not answer"), "but it shows: {told}");
    let lims = listen(&listener, |stream, _| stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").unwrap());
    station.run_later(LATER_S, ["interface", "deliver"]).ended_with(0);
    assert_eq!(lims.join().unwrap(), first, "the very message, under its control id, so nobody files it twice");
    let lims = listen(&listener, |stream, _| stream.write_all(b"\x0BHTTP/1.1 400 Bad Request\x1C\r").unwrap());
    station.run_later(2 * LATER_S, ["interface", "deliver"]).ended_with(1);
    lims.join().unwrap();
    let told = newest(&station);
    assert!(told["error_msg"].as_str().unwrap().contains("no HL7 acknowledgement"), "somebody must look: {told}");
}

#[test]
fn nobody_listening_is_tried_again_and_keeps_back_no_other_target() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let station = station(&listener);
    let address = listener.local_addr().unwrap();
    drop(listener);
    ask(&station);
    ask(&station);
    station.run(["interface", "create", "S-1", "--template", "labware"]).ended_with(0);
    let round = station.run(["interface", "deliver", "--json"]).ended_with(0).lines();
    // The second message has the first one's name when both are made in one second, and then waits for its own.
    assert_eq!(
        (&round[0]["delivered"], &round[0]["waiting"]),
        (&1.into(), &2.into()),
        "the folder is there: {round:?}"
    );
    let status = station.run(["status", "--json"]).ended_with(0).lines();
    assert_eq!(status[0]["interface_waiting"], 2, "the station says what waits");
    let listener = TcpListener::bind(address).unwrap();
    for turn in 1..=2 {
        let lims = [listen(&listener, ack("AA", "")), listen(&listener, ack("AA", ""))];
        station.run_later(turn * LATER_S, ["interface", "deliver"]).ended_with(0);
        let waiting = station.run(["status", "--json"]).ended_with(0).lines()[0]["interface_waiting"].clone();
        if waiting == 0 {
            break;
        }
        // Those whose turn did not come still listen; they are for the next round.
        drop(lims);
    }
    let files = station.run(["interface", "list", "--status", "delivered", "--json"]).ended_with(0).lines();
    assert_eq!(files.len(), 3, "all are where they belong when it is back");
}

#[test]
fn a_template_of_the_stations_own_goes_by_mllp_too_and_by_itself() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let station = Station::new();
    std::fs::create_dir_all(station.data().join("templates")).unwrap();
    let own =
        b"name = \"lims-bangkok\"\nformat = \"hl7\"\nreceiving_application = \"LABWARE\"\nprocessing_id = \"T\"\n";
    put(&station.data().join("templates/lims-bangkok.toml"), own);
    station.set("deliver.mllp", &listener.local_addr().unwrap().to_string());
    station.set("deliver.templates", "[\"lims-bangkok\"]");
    let refused = station.run(["config", "set", "deliver.templates", "[\"lims-paris\"]"]).ended_with(2);
    assert!(refused.err.contains("lims-bangkok"), "a template that is not there cannot be set: {}", refused.err);
    station.receive(&plates(1)[0], &wellread_journeys::station::capture("S-1", 1));
    let lims = listen(&listener, ack("AA", ""));
    station.drain();
    let run = station.runs().remove(0)["run_id"].as_str().unwrap().to_owned();
    station.run(["review", &run, "--accept"]).ended_with(0);
    station.run_later(LATER_S, ["interface", "deliver"]).ended_with(0);
    let message = lims.join().unwrap();
    assert!(message.contains("|LABWARE|") && message.contains("|T|2.5.1|"), "as the template says: {message}");
    assert_eq!(newest(&station)["target"], "mllp", "not into the folder, where nobody looks for it");
    assert_eq!(newest(&station)["status"], "delivered", "and taken");
}

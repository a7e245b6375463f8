//! MLLP against a listener of our own that behaves well or badly.

use crate::sample::{report, shipped};
use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    thread::{self, JoinHandle},
    time::Duration,
};
use wellread_station::deliver::{
    mllp::{Ack, MllpError, Step, send},
    render,
};

/// Long enough for a loaded machine; only the silent listener waits for a limit, and has its own.
const PATIENCE: Duration = Duration::from_secs(20);

fn message() -> Vec<u8> {
    render(&report(), &shipped("hl7")).unwrap().bytes
}

fn control_id() -> String {
    String::from_utf8(message()).unwrap().split('|').nth(9).unwrap().to_owned()
}

/// Listens once: reads one framed message, then does what `answer` says. Gives back what it read.
fn listen(answer: impl FnOnce(&mut TcpStream) + Send + 'static) -> (String, JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let handle = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut read = Vec::new();
        let mut byte = [0];
        while !read.ends_with(&[0x1C, 0x0D]) && stream.read(&mut byte).unwrap() == 1 {
            read.push(byte[0]);
        }
        answer(&mut stream);
        read
    });
    (address, handle)
}

fn ack(code: &str, id: &str, text: &str) -> Vec<u8> {
    let message = format!("MSH|^~\\&|LIMS||WELLREAD||20260131||ACK^R01|A1|P|2.5.1\rMSA|{code}|{id}|{text}\r");
    [&[0x0B], message.as_bytes(), &[0x1C, 0x0D]].concat()
}

fn send_to(answer: impl FnOnce(&mut TcpStream) + Send + 'static) -> Result<Ack, MllpError> {
    let (address, handle) = listen(answer);
    let result = send(&address, &message(), PATIENCE);
    let read = handle.join().unwrap();
    assert_eq!(
        read,
        [&[0x0B], message().as_slice(), &[0x1C, 0x0D]].concat(),
        "the message travels whole, in its frame"
    );
    result
}

#[test]
fn an_acknowledged_message_is_delivered() {
    let accepted = send_to(|stream| stream.write_all(&ack("AA", &control_id(), "thanks")).unwrap()).unwrap();
    assert_eq!(accepted, Ack { control_id: control_id(), text: "thanks".to_owned() }, "under its own id");
}

#[test]
fn an_acknowledgement_may_come_in_pieces_and_after_noise() {
    let accepted = send_to(|stream| {
        stream.write_all(b"\r\n").unwrap();
        for piece in ack("AA", &control_id(), "").chunks(7) {
            stream.write_all(piece).unwrap();
            stream.flush().unwrap();
        }
    });
    assert!(accepted.is_ok(), "TCP keeps no borders of messages: {accepted:?}");
}

#[test]
fn a_fault_and_a_rejection_are_told_apart() {
    let fault = send_to(|stream| stream.write_all(&ack("AE", &control_id(), "unknown sample")).unwrap()).unwrap_err();
    assert!(matches!(&fault, MllpError::Faulty { text } if text == "unknown sample"), "{fault}");
    let rejection = send_to(|stream| stream.write_all(&ack("AR", &control_id(), "")).unwrap()).unwrap_err();
    assert!(matches!(&rejection, MllpError::Rejected { text } if text.contains("does not say")), "{rejection}");
    assert!(!fault.is_passing() && !rejection.is_passing(), "the same message would be refused again");
}

#[test]
fn an_acknowledgement_of_another_message_counts_for_nothing() {
    let error = send_to(|stream| stream.write_all(&ack("AA", "SOMETHINGELSE", "")).unwrap()).unwrap_err();
    assert!(matches!(&error, MllpError::WrongId { got, .. } if got == "SOMETHINGELSE"), "{error}");
}

#[test]
fn hanging_up_is_noticed_at_once() {
    let error = send_to(|_| ()).unwrap_err();
    assert!(matches!(error, MllpError::CutOff { .. }) && error.is_passing(), "{error}");
    let half = send_to(|stream| stream.write_all(b"\x0BMSH|^~\\&|LIMS").unwrap()).unwrap_err();
    assert!(matches!(half, MllpError::CutOff { .. }), "half an acknowledgement is none: {half}");
}

#[test]
fn silence_ends_at_the_limit() {
    let (release, wait) = std::sync::mpsc::channel::<()>();
    let (address, handle) = listen(move |_| {
        // Ends when the sender has given up and drops its end.
        let _ = wait.recv();
    });
    let error = send(&address, &message(), Duration::from_millis(300)).unwrap_err();
    drop(release);
    handle.join().unwrap();
    assert!(matches!(error, MllpError::Silent { step: Step::Waiting, .. }) && error.is_passing(), "{error}");
}

#[test]
fn what_is_no_acknowledgement_is_named() {
    for answer in [&b"\x0BHTTP/1.1 400 Bad Request\x1C\r"[..], b"\x0BMSH|^~\\&|LIMS\r\x1C\r", b"\x0B\x1C\r"] {
        let error = send_to(move |stream| stream.write_all(answer).unwrap()).unwrap_err();
        assert!(matches!(error, MllpError::NotAnAck { .. }), "{answer:?}: {error}");
    }
    let error = send_to(|stream| stream.write_all(&ack("OK", &control_id(), "")).unwrap()).unwrap_err();
    assert!(matches!(error, MllpError::NotAnAck { .. }), "an unknown code is not taken for consent: {error}");
    let endless = send_to(|stream| while stream.write_all(&[0x0B; 4096]).is_ok() {}).unwrap_err();
    assert!(matches!(endless, MllpError::NotAnAck { problem: "it has no end" }), "memory is bounded: {endless}");
}

#[test]
fn nobody_listening_and_nowhere_to_go_are_named() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    drop(listener);
    let error = send(&address, &message(), PATIENCE).unwrap_err();
    assert!(matches!(error, MllpError::Network { step: Step::Connecting, .. }) && error.is_passing(), "{error}");
    let error = send("no port here", &message(), PATIENCE).unwrap_err();
    assert!(matches!(error, MllpError::Address { .. }), "{error}");
}

#[test]
fn what_cannot_be_acknowledged_is_not_sent() {
    for (message, reason) in [
        (&b"MSH|^~\\&|A\x1CB"[..], "a framing byte would end it early"),
        (b"PID|1", "without a header there is no control id"),
        (b"MSH|^~\\&|A|B|C|D|20260131||ORU^R01||P|2.5.1", "nor with an empty one"),
    ] {
        let error = send("127.0.0.1:9", message, PATIENCE).unwrap_err();
        assert!(matches!(error, MllpError::Message { .. }) && !error.is_passing(), "{reason}: {error}");
    }
}

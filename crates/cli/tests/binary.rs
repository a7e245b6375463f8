//! The binary starts and knows its name. What it does is tested by the journeys in `tests/`; that this test is here
//! makes Cargo build the binary together with all tests, so that the journeys find it fresh.

use std::process::Command;

#[test]
fn the_binary_starts() {
    let output = Command::new(env!("CARGO_BIN_EXE_wellread")).arg("--version").output().expect("it starts");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && text.starts_with("wellread "), "it says which version it is: {text}");
}

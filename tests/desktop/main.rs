//! The journeys of the window: the real program in a real display, used as a person uses it, through its web view's driver.
//!
//! Each asserts on what people see, and on the files and the command line's answers beside it. They run where Xvfb,
//! `WebKitWebDriver` and dbus-run-session are installed, as `./dev test` sees to on Debian, and where CI says so they must.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test stops where it fails")]

mod commands;
mod delivery;
mod driver;
mod first_start;
#[allow(dead_code, reason = "what journeys of the command line need of it, these need not all")]
mod hub;
mod language;
mod lives_on;
mod people;
mod review;
mod sync;
mod tasks;
mod window;

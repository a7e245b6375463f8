//! The use cases of one station: what the people and machines around it ask of it, over plates and data.
//!
//! Never draws a window, reads an argument of a command line or answers a web request, and never decides what a class
//! or a call means: that is `plate`'s.

pub mod annotate;
pub mod assays;
pub mod backup;
pub mod bench;
pub mod blobs;
pub mod calibration;
pub mod clock;
pub mod deliver;
pub mod diagnostics;
pub mod eyes;
pub mod failpoint;
pub mod folder;
pub mod gate;
pub mod intake;
pub mod interface;
pub mod interface_preview;
mod judged;
pub mod keys;
pub mod layouts;
pub mod model_sets;
pub mod open;
pub mod outbox;
pub mod people;
pub mod person;
pub mod pipeline;
pub mod problem;
pub mod recover;
pub mod regrid;
mod report;
pub mod review;
#[cfg(test)]
mod samples;
pub mod settings;
pub mod sign;
pub mod steps;
pub mod sync;
pub mod trial;
pub mod verify;
pub mod views;
pub mod watch;

pub use clock::Clock;
pub use folder::Folder;
pub use open::{NewStation, Station};
pub use problem::{Code, Problem, code_of};
pub use settings::Settings;
pub use steps::Steps;
/// What the database knows: the types that use cases take and give.
pub use wellread_plate::reading::Grid;
pub use wellread_store as store;

//! Renders synthetic plates that look like photographs, with exact truth.
//!
//! For the demo camera, the tests and the training of the models. Everything follows from a seed.
//! Never loads a model, opens a database or reads a real photograph.

mod backdrop;
mod camera;
mod color;
mod content;
mod draw;
mod file;
mod geometry;
pub mod glyph;
mod look;
mod optics;
mod plate;
mod render;
mod scene;
#[cfg(test)]
mod tests;
pub mod truth;

pub use file::{FileKind, encode};
pub use render::Picture;
pub use scene::{Family, Request, Scene, Style};
pub use truth::Landmark;

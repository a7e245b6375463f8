//! Renders synthetic plates that look like photographs, with exact truth.
//!
//! For the demo camera, the tests and the training of the models. Everything follows from a seed.
//! Never loads a model, opens a database or reads a real photograph.

pub mod truth;

//! Finds the plate: a heat map of well centres, the lattice they lie on, its size, and which corner is A1.

mod grow;
pub mod homography;
pub mod lattice;
mod verdict;
mod window;

#[cfg(test)]
mod lattice_tests;
#[cfg(test)]
mod scene;

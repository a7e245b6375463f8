//! Finds the plate: a heat map of well centres, the lattice they lie on, its size, and which corner is A1.

pub mod lattice;

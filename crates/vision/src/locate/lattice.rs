//! Fits a plate lattice to well centres.

//! What operators look at.

pub mod metrics;

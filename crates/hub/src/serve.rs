//! Serves until it is told to stop.

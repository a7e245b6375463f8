//! Decodes.

//! Whole-system tests: many days played in virtual time by the real record, engine and judging code.
//!
//! Nothing here is part of the product. The null cryptography and the map-backed phone live in this crate alone, so that
//! neither a device nor a council can be built with them.

mod sim;

pub use sim::{command, mutants};

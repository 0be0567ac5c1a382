//! The tier-1 simulator.
//!
//! A schedule of steps is drawn from a seed before anything happens, so that a failing one can be cut down step by step and
//! still means the same. The world plays it in virtual time: phones write, lines break, the council fails in the middle of
//! a transaction. Afterwards everything is healed, everybody reads everything, and the laws in [`laws`] are checked
//! against a ledger of what people really wrote.

pub(crate) mod author;
pub(crate) mod clock;
pub mod command;
pub(crate) mod council;
pub(crate) mod crash;
pub(crate) mod files;
pub(crate) mod forms;
pub(crate) mod laws;
pub(crate) mod ledger;
pub(crate) mod line;
pub mod mutants;
pub(crate) mod names;
pub(crate) mod null;
pub(crate) mod oracle;
pub(crate) mod phone;
pub(crate) mod poison;
pub(crate) mod reading;
pub(crate) mod rng;
pub(crate) mod run;
pub(crate) mod schedule;
pub(crate) mod shrink;
pub(crate) mod tally;
pub(crate) mod world;

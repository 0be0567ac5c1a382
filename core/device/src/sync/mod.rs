//! Reconciling with the council when there is a signal.
//!
//! The engine decides, and does nothing: events and time go in, effects come out, so that the simulator runs the very
//! code the phone runs. The driver feeds it from a socket and a clock.

pub mod engine;
pub mod exchange;
pub mod outcome;
mod pace;
pub mod store;

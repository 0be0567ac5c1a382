//! Reconciling with the council when there is a signal.
//!
//! The engine decides, and does nothing: events and time go in, effects come out, so that the simulator runs the very
//! code the phone runs. The driver feeds it from a socket and a clock.

pub(crate) mod answer;
#[cfg(feature = "store")]
pub mod cancel;
#[cfg(feature = "store")]
pub mod driver;
pub mod engine;
#[cfg(feature = "store")]
pub mod enrolling;
pub mod exchange;
#[cfg(feature = "store")]
pub mod http;
#[cfg(feature = "store")]
mod line;
pub mod outcome;
mod pace;
mod run;
pub mod store;
#[cfg(feature = "store")]
mod tls;

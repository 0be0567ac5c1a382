//! The council's server: it takes commits in, judges them, receipts them and gives each device what its holder may read.
//!
//! Without the feature `service` only the judging core and a store in memory are built, so that the simulator runs the very
//! code that the council runs. With it come the embedded encrypted database, HTTP and the command line.

#[cfg(feature = "service")]
mod advice;
pub mod arrivals;
pub mod attachments;
pub mod family;
pub mod ingest;
pub mod kept;
pub mod looks;
mod notice;
pub mod pull;
pub mod redaction;
pub mod rights;
pub mod store;
pub mod suite;
pub mod unfinished;
pub mod writer;

#[cfg(feature = "service")]
pub mod backup;
#[cfg(feature = "service")]
pub mod clock;
#[cfg(feature = "service")]
mod command;
#[cfg(feature = "service")]
mod continuity;
#[cfg(feature = "service")]
pub mod enrol;
#[cfg(feature = "service")]
pub mod exports;
#[cfg(feature = "service")]
mod http;
#[cfg(feature = "service")]
pub mod import;
#[cfg(feature = "service")]
pub mod ingest_key;
#[cfg(feature = "service")]
pub mod keys;
#[cfg(feature = "service")]
mod limiter;
#[cfg(feature = "service")]
mod queue;
#[cfg(feature = "service")]
mod real;
#[cfg(feature = "service")]
pub mod restore;
#[cfg(feature = "service")]
pub mod serve;
#[cfg(feature = "service")]
mod tls;
#[cfg(feature = "service")]
pub mod verify;

#[cfg(feature = "service")]
pub use command::{run, run_at};

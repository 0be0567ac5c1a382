//! Times as evidence.
//!
//! No clock decides anything about a record. A device's wall time is a claim; the council's time of receipt stands beside
//! it. This crate never reads a clock: every time is handed in.

use minicbor::{Decode, Encode};

/// Milliseconds since 1970-01-01T00:00:00Z as some clock showed them. May be years off; may run backwards.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, serde::Serialize,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct WallMillis(#[n(0)] pub i64);

/// Milliseconds on a clock that only goes forward while the device runs, and starts anywhere.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode, serde::Serialize,
)]
#[cbor(transparent)]
#[serde(transparent)]
pub struct MonotonicMillis(#[n(0)] pub u64);

//! The very tests of `judging.rs` again, over the embedded encrypted database: both stores must give every answer alike.
#![cfg(feature = "service")]

#[path = "judging.rs"]
mod judging;

const ON_DISK: bool = true;

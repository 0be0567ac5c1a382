//! The council's exports, by hand-worked cases: every row of the mapping table, what an open question does to it, what is left
//! out, and the files of a small invented council to the letter.
#![cfg(feature = "service")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod counted;
mod files;
mod lists;
mod sandbury;
#[path = "../support/mod.rs"]
mod support;
mod visits;

/// Which store these tests run over; see `support`.
#[allow(dead_code)]
const ON_DISK: bool = false;

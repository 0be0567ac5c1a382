//! The encrypted store: one SQLCipher file, opened with the settings that the threat model asks for, and the log in it.
//!
//! Nothing in this module knows a screen or a rule of recording; it keeps what it is given and gives it back.

pub(crate) mod attached;
pub(crate) mod devices;
mod key;
pub(crate) mod log;
mod memory;
pub(crate) mod moved;
pub(crate) mod open;
pub(crate) mod oversight_view;
pub(crate) mod purge;
pub(crate) mod removed;
pub(crate) mod rows;
pub(crate) mod search;
#[cfg(test)]
mod tests;
pub(crate) mod views;

pub use open::StoreError;
pub(crate) use open::{SCHEMA_VERSION, Store, create};

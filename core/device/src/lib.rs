//! The phone: encrypted store, spool, sessions, sync engine, and the API that apps call.

#[cfg(feature = "store")]
pub mod spool;
pub mod sync;

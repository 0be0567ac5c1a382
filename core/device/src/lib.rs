//! The phone: encrypted store, spool, sessions, sync engine, and the API that apps call.

pub mod sync;

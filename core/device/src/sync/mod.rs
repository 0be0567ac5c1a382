//! Reconciling with the council when there is a signal.

pub mod store;

//! The rules of a visit: what binds when it is finished.

use crate::fact::Fact;

/// What is still missing from these statements for the visit to be finished.
#[must_use]
pub fn missing_at_finish(facts: &[Fact]) -> Vec<&'static str> {
    let _ = facts;
    Vec::new()
}

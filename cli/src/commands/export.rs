//! Records as text for the council's case system.

use serde_json::json;
use visitbook_device::Working;

use super::read::to_json;
use crate::failure::Failure;
use crate::names;
use crate::reply::Reply;

/// Between two children, so that nobody pastes one into the other's file.
const BETWEEN: &str = "\n========================================\n\n";

pub(super) fn case_text(working: &Working, records: &[String]) -> Result<Reply, Failure> {
    let mut all = Vec::new();
    for record in names::records(working, records)? {
        all.push(working.case_text(record)?);
    }
    let texts: Vec<&str> = all.iter().map(|one| one.text.as_str()).collect();
    Ok(Reply::new(
        texts.join(BETWEEN),
        json!({"records": to_json(&all)}),
    ))
}

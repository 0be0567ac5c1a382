//! From what a person types to what the core wants: a child by name, a colleague by name, a record by the beginning of
//! its id.

use visitbook_device::Working;
use visitbook_record::id::{RecordId, WorkerId};

use crate::failure::Failure;

fn same(a: &str, b: &str) -> bool {
    a.trim().to_lowercase() == b.trim().to_lowercase()
}

/// One, or a sentence that says what to type instead.
fn only<T: Copy>(what: &str, typed: &str, found: &[(T, String)]) -> Result<T, Failure> {
    match found {
        [(id, _)] => Ok(*id),
        [] => Err(Failure::new(
            "not_found",
            format!("There is no {what} “{typed}” on this device."),
        )),
        several => {
            let names: Vec<&str> = several.iter().map(|(_, name)| name.as_str()).collect();
            Err(Failure::new(
                "ambiguous",
                format!(
                    "“{typed}” could be {}. Type more of it, or the id.",
                    names.join(" or ")
                ),
            ))
        }
    }
}

/// A child by id, name, full name or the case system's code.
pub(crate) fn child(working: &Working, typed: &str) -> Result<RecordId, Failure> {
    if let Ok(id) = typed.parse() {
        return Ok(id);
    }
    let found: Vec<(RecordId, String)> = working
        .children()?
        .into_iter()
        .filter(|line| {
            same(typed, &line.name)
                || same(typed, &line.full_name)
                || line.code.as_deref().is_some_and(|c| same(typed, c))
        })
        .map(|line| (line.child, line.full_name))
        .collect();
    only("child", typed, &found)
}

/// Several children.
pub(crate) fn children(working: &Working, typed: &[String]) -> Result<Vec<RecordId>, Failure> {
    typed.iter().map(|name| child(working, name)).collect()
}

/// A colleague by id or name.
pub(crate) fn worker(working: &Working, typed: &str) -> Result<WorkerId, Failure> {
    if let Ok(id) = typed.parse() {
        return Ok(id);
    }
    let found: Vec<(WorkerId, String)> = working
        .staff()?
        .into_iter()
        .filter(|person| same(typed, &person.name))
        .map(|person| (person.worker, person.name))
        .collect();
    only("colleague", typed, &found)
}

/// A record by id or by the beginning of it, at least four characters.
pub(crate) fn record(working: &Working, typed: &str) -> Result<RecordId, Failure> {
    if let Ok(id) = typed.parse() {
        return Ok(id);
    }
    if typed.len() < 4 {
        return Err(Failure::new(
            "not_found",
            "Type at least four characters of the record's id.",
        ));
    }
    let found: Vec<(RecordId, String)> = working
        .statuses()?
        .into_iter()
        .filter(|line| line.record.to_string().starts_with(&typed.to_lowercase()))
        .map(|line| {
            (
                line.record,
                format!("{} of {} ({})", line.kind, line.child_name, line.record),
            )
        })
        .collect();
    only("record", typed, &found)
}

/// Several records.
pub(crate) fn records(working: &Working, typed: &[String]) -> Result<Vec<RecordId>, Failure> {
    typed.iter().map(|id| record(working, id)).collect()
}

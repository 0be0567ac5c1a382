//! From what a person types to what the core wants: a child by name, a colleague by name, a record by the end of its id.

use std::collections::BTreeMap;

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

/// One of these children by id, name, or the end of the id.
pub(crate) fn among(
    typed: &str,
    all: impl IntoIterator<Item = (RecordId, [String; 2])>,
) -> Result<RecordId, Failure> {
    if let Ok(id) = typed.parse() {
        return Ok(id);
    }
    let found: Vec<(RecordId, String)> = all
        .into_iter()
        .filter(|(child, names)| {
            names.iter().any(|name| same(typed, name)) || is_end_of(typed, *child)
        })
        .map(|(child, [_, full_name])| (child, full_name))
        .collect();
    only("child", typed, &found)
}

fn is_end_of(typed: &str, id: RecordId) -> bool {
    typed.len() >= 4 && id.to_string().ends_with(&typed.to_lowercase())
}

/// A child by id, name, full name, the case system's code or the end of the id.
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
                || is_end_of(typed, line.child)
        })
        .map(|line| (line.child, line.full_name))
        .collect();
    if found.is_empty() {
        // One that is closed is found all the same, so that the answer can say what to do.
        let closed = working.cover()?.into_iter();
        return among(
            typed,
            closed.map(|one| (one.child, [one.name, one.full_name])),
        );
    }
    only("child", typed, &found)
}

/// Several children, none of them twice.
pub(crate) fn children(working: &Working, typed: &[String]) -> Result<Vec<RecordId>, Failure> {
    let mut children = Vec::with_capacity(typed.len());
    for name in typed {
        let child = child(working, name)?;
        if children.contains(&child) {
            return Err(Failure::new("twice", format!("“{name}” is named twice.")));
        }
        children.push(child);
    }
    Ok(children)
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

/// A record by id, by the last letters of its id as lists show them, or by a child's name for the only visit of today.
pub(crate) fn record(working: &Working, typed: &str) -> Result<RecordId, Failure> {
    if let Ok(id) = typed.parse() {
        return Ok(id);
    }
    let today: Vec<(RecordId, String)> = working
        .today(None)?
        .visits
        .into_iter()
        .filter(|line| same(typed, &line.child_name))
        .map(|line| {
            (
                line.record,
                format!("{} ({})", line.child_name, short(line.record)),
            )
        })
        .collect();
    if !today.is_empty() {
        return only("visit", typed, &today);
    }
    let ending = typed.to_lowercase();
    let mut visits = Vec::new();
    for child in working.children()? {
        visits.extend(working.visits(child.child)?);
    }
    let found: Vec<(RecordId, String)> = working
        .statuses()?
        .into_iter()
        .map(|line| (line.record, format!("{} of {}", line.kind, line.child_name)))
        .chain(
            visits
                .into_iter()
                .map(|v| (v.record, format!("visit of {}", v.child_name))),
        )
        .chain(
            working
                .concern_names()?
                .into_iter()
                .map(|(record, child)| (record, format!("concern about {child}"))),
        )
        .chain(
            working
                .questions()?
                .into_iter()
                .map(|q| (q.record, format!("{} of {}", q.kind, q.child_name))),
        )
        .filter(|(id, _)| ending.len() >= 4 && id.to_string().ends_with(&ending))
        .collect::<BTreeMap<_, _>>()
        .into_iter()
        .map(|(id, name)| (id, format!("{name} ({})", short(id))))
        .collect();
    only("record", typed, &found)
}

/// The end of an id, which is random; its beginning is the time, and the same for everything made together.
pub(crate) fn short(id: RecordId) -> String {
    let id = id.to_string();
    id.get(id.len().saturating_sub(8)..)
        .unwrap_or(&id)
        .to_owned()
}

/// Several records.
pub(crate) fn records(working: &Working, typed: &[String]) -> Result<Vec<RecordId>, Failure> {
    typed.iter().map(|id| record(working, id)).collect()
}

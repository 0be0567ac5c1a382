//! People working side by side: one visit or two, and telling a child of a change of worker.

use std::time::Instant;

use serde_json::{Value as Json, json};
use visitbook_device::Working;
use visitbook_device::model::{SameVisitQuestion, ToTell};
use visitbook_record::id::RecordId;

use super::write::saved;
use crate::failure::Failure;
use crate::names;
use crate::reply::Reply;

/// The end of a visit's id, as lists and questions show it. Of two visits to one child a name says too little.
fn pair(working: &Working, one: &str, other: &str) -> Result<(RecordId, RecordId), Failure> {
    Ok((names::record(working, one)?, names::record(working, other)?))
}

pub(super) fn one_visit(
    working: &mut Working,
    first: &str,
    beside: &str,
) -> Result<Reply, Failure> {
    let (first, beside) = pair(working, first, beside)?;
    let before = Instant::now();
    let done = working.one_visit(first, beside)?;
    let reply = saved(before, &done, json!({"read_first": first}));
    let page = working.visit(beside)?;
    let words: Vec<&str> = page
        .same_visit
        .iter()
        .map(|one| one.words.as_str())
        .collect();
    Ok(Reply::new(words.join("\n"), reply.json))
}

pub(super) fn two_visits(working: &mut Working, one: &str, other: &str) -> Result<Reply, Failure> {
    let (one, other) = pair(working, one, other)?;
    let before = Instant::now();
    let done = working.two_visits(one, other)?;
    let reply = saved(before, &done, Json::Null);
    Ok(Reply::new("Two visits. Both stand.", reply.json))
}

pub(super) fn told(
    working: &mut Working,
    child: &str,
    how: &str,
    on: Option<String>,
    worker: Option<&str>,
) -> Result<Reply, Failure> {
    let child = names::child(working, child)?;
    let worker = worker
        .map(|worker| names::worker(working, worker))
        .transpose()?;
    let on = match on {
        Some(on) => on,
        None => working.today(None)?.date,
    };
    let before = Instant::now();
    let done = working.told_worker(child, worker, &on, how)?;
    Ok(saved(before, &done, Json::Null))
}

/// The questions, each with the lines that answer it.
pub(super) fn same_visit_lines(questions: &[SameVisitQuestion]) -> Vec<String> {
    questions
        .iter()
        .map(|one| {
            let (first, second) = (names::short(one.first), names::short(one.second));
            format!(
                "{}\n{}\n[{}]\n  visitbook two-visits {first} {second}\n  visitbook one-visit {first} {second}\n  visitbook one-visit {second} {first}",
                one.title,
                one.detail,
                one.buttons.join("] [")
            )
        })
        .collect()
}

/// What is to be told, a line for each child.
pub(super) fn to_tell_lines<'a>(all: impl IntoIterator<Item = &'a ToTell>) -> String {
    all.into_iter()
        .map(|one| format!("{}\n", one.words))
        .collect()
}

//! People working side by side: one visit or two, telling a child of a change of worker, duty cover, and children whom somebody met.

use std::time::Instant;

use serde_json::{Value as Json, json};
use visitbook_device::model::{AlsoMet, SameVisitQuestion, ToTell};
use visitbook_device::{Met, Working};
use visitbook_record::id::RecordId;

use super::read::to_json;
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

/// A child for whom the holder stands in, by name or id.
fn covered(working: &Working, typed: &str) -> Result<RecordId, Failure> {
    let all = working
        .cover()?
        .into_iter()
        .map(|one| (one.child, [one.name, one.full_name]));
    names::among(typed, all)
}

pub(super) fn cover(working: &Working) -> Result<Reply, Failure> {
    let all = working.cover()?;
    let lines: Vec<String> = all
        .iter()
        .map(|one| match &one.opened {
            Some(opened) => format!("{}: open. {}", one.full_name, opened.words),
            None => one.full_name.clone(),
        })
        .collect();
    let text = if lines.is_empty() {
        "You stand in for nobody's worker.".to_owned()
    } else {
        lines.join("\n")
    };
    Ok(Reply::new(text, json!({"cover": to_json(&all)})))
}

pub(super) fn open_cover(
    working: &mut Working,
    child: &str,
    reason: &str,
) -> Result<Reply, Failure> {
    let child = covered(working, child)?;
    let before = Instant::now();
    let done = working.open_cover(child, reason)?;
    Ok(saved(before, &done, json!({"child": child})))
}

pub(super) fn met(working: &mut Working, who: &Met) -> Result<Reply, Failure> {
    let before = Instant::now();
    let (child, done) = working.met(who)?;
    let reply = saved(before, &done, json!({"child": child}));
    let text = format!(
        "{} A file for {} is begun: visit, voice and concern take “{}”.",
        reply.text,
        who.description,
        names::short(child)
    );
    Ok(Reply::new(text, reply.json))
}

pub(super) fn met_list(working: &Working) -> Result<Reply, Failure> {
    let all = working.met_children()?;
    let lines: Vec<String> = all
        .iter()
        .map(|one| format!("{}  {}", names::short(one.child), one.words))
        .collect();
    let text = if lines.is_empty() {
        "Nobody met anybody who is on no list.".to_owned()
    } else {
        lines.join("\n")
    };
    Ok(Reply::new(text, json!({"met": to_json(&all)})))
}

pub(super) fn match_met(working: &mut Working, met: &str, child: &str) -> Result<Reply, Failure> {
    let (met, child) = (names::child(working, met)?, names::child(working, child)?);
    let before = Instant::now();
    let done = working.match_met(met, child)?;
    Ok(saved(before, &done, Json::Null))
}

pub(super) fn refer(
    working: &mut Working,
    met: &str,
    to: &str,
    reason: &str,
) -> Result<Reply, Failure> {
    let met = names::child(working, met)?;
    let before = Instant::now();
    let done = working.refer_met(met, to, reason)?;
    Ok(saved(before, &done, Json::Null))
}

/// For a card: what was written before anybody knew who the child was.
pub(super) fn also_met_lines(all: &[AlsoMet]) -> String {
    all.iter()
        .map(|also| {
            let visits: String = also
                .visits
                .iter()
                .map(|visit| {
                    let by = visit.by.as_deref().unwrap_or("somebody");
                    format!(
                        "  visit {} by {by} · {}\n",
                        visit.date,
                        names::short(visit.record)
                    )
                })
                .collect();
            let voices: String = also
                .voices
                .iter()
                .flat_map(|voice| {
                    let given = voice.words.iter().chain(&voice.saw);
                    let given = given.map(|words| format!("“{words}”"));
                    voice.closed.iter().cloned().chain(given)
                })
                .map(|words| format!("  {words}\n"))
                .collect();
            format!("{}\n{visits}{voices}", also.met.words)
        })
        .collect()
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

//! A manager's commands, what anybody may put right, and the words for all of it.

use std::fmt::Write as _;
use std::time::Instant;

use serde_json::{Value as Json, json};
use visitbook_device::Working;
use visitbook_device::clock::Moment;
use visitbook_device::model::{BoardView, DueLine, ReturnedView};

use super::read::to_json;
use super::write::{area_code, saved, target};
use crate::failure::Failure;
use crate::names;
use crate::reply::Reply;

pub(super) fn sign_off(working: &mut Working, visits: &[String]) -> Result<Reply, Failure> {
    let records = names::records(working, visits)?;
    let before = Instant::now();
    let done = working.sign_off(&records)?;
    let reply = saved(before, &done, Json::Null);
    Ok(Reply::new(told(working, &done.records)?, reply.json))
}

pub(super) fn give_back(
    working: &mut Working,
    visit: &str,
    question: &str,
) -> Result<Reply, Failure> {
    let record = names::record(working, visit)?;
    let before = Instant::now();
    let done = working.give_back(record, question)?;
    let reply = saved(before, &done, Json::Null);
    Ok(Reply::new(told(working, &done.records)?, reply.json))
}

pub(super) fn open(working: &mut Working, visit: &str, reason: &str) -> Result<Reply, Failure> {
    let record = names::record(working, visit)?;
    let before = Instant::now();
    let done = working.open_unfinished(record, reason)?;
    let reply = saved(before, &done, Json::Null);
    let text = format!(
        "{}The text can be read here after the next sync.\n",
        told(working, &done.records)?
    );
    Ok(Reply::new(text, reply.json))
}

pub(super) fn correct(
    working: &mut Working,
    visit: &str,
    field: &str,
    value: &str,
    reason: &str,
) -> Result<Reply, Failure> {
    let record = names::record(working, visit)?;
    let before = Instant::now();
    let done = working.correct(record, &target(field), value, reason)?;
    let reply = saved(before, &done, Json::Null);
    Ok(Reply::new(told(working, &done.records)?, reply.json))
}

pub(super) fn void(
    working: &mut Working,
    record: &str,
    reason: &str,
    made_again: Option<&str>,
) -> Result<Reply, Failure> {
    let record = names::record(working, record)?;
    let again = made_again
        .map(|again| names::record(working, again))
        .transpose()?;
    let before = Instant::now();
    let done = working.void(record, reason, again)?;
    let reply = saved(before, &done, Json::Null);
    Ok(Reply::new(told(working, &done.records)?, reply.json))
}

pub(super) fn close_line(
    working: &mut Working,
    child: &str,
    area: &str,
    step: &str,
    reason: &str,
    look_again: &str,
) -> Result<Reply, Failure> {
    let record = names::child(working, child)?;
    let area = area_code(area)?;
    let before = Instant::now();
    let done = working.close_line(record, &area, step, reason, look_again)?;
    let reply = saved(before, &done, Json::Null);
    let page = working.page(record)?;
    let ours = page.oversight.closings.iter();
    let text: String = ours
        .filter(|one| done.ops.contains(&one.op))
        .map(|one| format!("{}: {}\n", page.child_name, one.words))
        .collect();
    Ok(Reply::new(text, reply.json))
}

/// What now stands about these records, in sentences.
fn told(working: &Working, records: &[visitbook_record::id::RecordId]) -> Result<String, Failure> {
    let mut text = String::new();
    for record in records {
        let page = working.page(*record)?;
        for words in page.oversight.words() {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}: {words}", page.child_name);
        }
    }
    Ok(text)
}

/// `17:00` of today, or a day and a time, as `2026-10-27 17:00`.
fn moment(working: &Working, at: &str) -> Result<visitbook_record::time::WallMillis, Failure> {
    let today = working.today(None)?.date;
    let (date, time) = match at.split_once([' ', 'T']) {
        Some((date, time)) => (date.to_owned(), time.trim()),
        None => (today, at),
    };
    Moment::in_london(&date, time).ok_or_else(|| {
        Failure::new(
            "bad_time",
            "Write a time as 17:00, or a day and a time as 2026-10-27 17:00.",
        )
    })
}

pub(super) fn board(working: &Working, at: Option<&str>) -> Result<Reply, Failure> {
    let at = at.map(|at| moment(working, at)).transpose()?;
    let view = working.board(at)?;
    let (mut text, mut json) = (printed(&view), to_json(&view));
    // Where files are now says nothing about what was known at another time.
    if at.is_none() {
        let (lines, rows) = super::files::expected(&working.expected_files()?);
        if !rows.is_empty() {
            let _ = write!(text, "\nNot with the council yet:\n{}", lines.trim_end());
        }
        if let Json::Object(fields) = &mut json {
            fields.insert("expected_files".to_owned(), Json::Array(rows));
        }
    }
    Ok(Reply::new(text, json))
}

fn printed(view: &BoardView) -> String {
    let mut text = view.lines.join("\n");
    if let Some(since) = &view.since {
        let _ = write!(text, "\n{}", since.words);
        for one in &since.additions {
            let received = match &one.received {
                Some(at) => format!("reached the council {}", at.beside(&view.board.date)),
                None => "the council does not have it yet".to_owned(),
            };
            let change = one
                .change
                .as_ref()
                .map_or(String::new(), |change| format!(": {change}"));
            let _ = write!(
                text,
                "\n  {}, {}{change} — {}, written {}, {received}",
                one.name,
                one.what,
                one.by,
                one.written.beside(&view.board.date)
            );
        }
        if !since.lines_now.is_empty() {
            let _ = write!(
                text,
                "\nReads differently now:\n  {}",
                since.lines_now.join("\n  ")
            );
        }
    }
    if let Some(warning) = &view.warning {
        let _ = write!(text, "\n{warning}");
    }
    text
}

/// When children are next to be seen; those of one family with one sum stand in one line.
pub(super) fn due_lines(due: &[DueLine]) -> String {
    let told = |one: &DueLine| {
        let no_access = one.no_access.as_ref().map(|none| none.line.clone());
        let parts: Vec<String> = one.line.clone().into_iter().chain(no_access).collect();
        parts.join("; ")
    };
    let mut groups: Vec<(&Option<String>, Vec<&str>, String)> = Vec::new();
    for one in due {
        let words = told(one);
        match groups.last_mut() {
            Some((family, names, known)) if *family == &one.family && *known == words => {
                names.push(&one.name);
            }
            _ => groups.push((&one.family, vec![&one.name], words)),
        }
    }
    groups
        .iter()
        .filter(|(_, _, words)| !words.is_empty())
        .map(|(_, names, words)| format!("{}: {words}.\n", names.join(", ")))
        .collect()
}

/// Questions that a manager sent back.
pub(super) fn returned_lines(returned: &[ReturnedView]) -> String {
    returned
        .iter()
        .map(|one| {
            format!(
                "{}: {}\n  visitbook visit show {}\n",
                one.child_name, one.words, one.record
            )
        })
        .collect()
}

/// What to say after a visit on which nobody could be got hold of.
pub(super) fn no_answer(
    working: &Working,
    visit: visitbook_record::id::RecordId,
) -> Result<Option<(String, Json)>, Failure> {
    let Some(view) = working.no_answer(visit)? else {
        return Ok(None);
    };
    let tell = view
        .tell
        .as_ref()
        .map_or(String::new(), |tell| format!("\n{tell}"));
    let text = format!("{}\n{}{tell}", view.title, view.detail);
    Ok(Some((text, json!({ "no_answer": view }))))
}

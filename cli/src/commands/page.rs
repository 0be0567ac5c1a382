//! A visit, a voice or a concern laid out for reading.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use visitbook_device::Working;
use visitbook_device::model::{AnswerView, EntryView, LateView, QuestionView, RecordPage};
use visitbook_record::words;

use crate::failure::Failure;
use crate::names;
use crate::reply::Reply;

/// Fields that hold names the core made, which nobody reads.
const NAMES: [&str; 4] = ["outing_id", "joint_workers", "voice", "planned_for"];

pub(super) fn show(working: &Working, record: &str) -> Result<Reply, Failure> {
    let page = working.page(names::record(working, record)?)?;
    let late: Vec<(String, &LateView)> = page
        .late
        .iter()
        .map(|late| (late_words(late), late))
        .collect();
    let late_text = late
        .iter()
        .map(|(words, late)| {
            format!(
                "Added after the visit was finished.\n{words}\n  {}",
                late.text.as_deref().unwrap_or("…")
            )
        })
        .collect::<Vec<_>>()
        .join("\n");
    let late_rows: Vec<Json> =
        late.iter().map(|(words, late)| json!({"text": late.text, "target": late.target, "by": late.by, "words": words})).collect();
    let texts: Vec<&str> = page
        .entries
        .iter()
        .flat_map(|e| &e.versions)
        .filter_map(|v| v.text.as_deref())
        .collect();
    let json = json!({
        "record": page.record,
        "child": page.child_name,
        "closed": page.closed,
        "page": finished_page(&page),
        "questions": page.questions,
        "entries": page.entries,
        "words": page.words,
        "attachments": page.attachments,
        "texts": texts,
        "finished": page.finished,
        "from_previous_worker": page.from_previous_worker,
        "late": late_rows,
        "late_text": late_text,
        "oversight": page.oversight,
        "same_visit": page.same_visit,
        "status": page.status,
    });
    Ok(Reply::new(lay_out(&page, &late_text), json))
}

/// What the finish fixed, and nothing that came later: answers by question, text by entry.
fn finished_page(page: &RecordPage) -> Json {
    if page.finished.is_none() {
        return Json::Null;
    }
    let late: Vec<_> = page.late.iter().map(|late| late.op).collect();
    let answers: Vec<Json> = page
        .questions
        .iter()
        .map(|question| {
            let shown: Vec<&AnswerView> = if question.on_page.is_empty() {
                question.answers.iter().filter(|answer| !late.contains(&answer.op)).collect()
            } else {
                question.on_page.iter().collect()
            };
            json!({"target": question.target, "codes": shown.iter().map(|a| &a.code).collect::<Vec<_>>()})
        })
        .filter(|answer| answer["codes"].as_array().is_some_and(|codes| !codes.is_empty()))
        .collect();
    let texts: Vec<Json> = page
        .entries
        .iter()
        .filter(|entry| !entry.late)
        .map(|entry| json!({"entry": entry.entry, "texts": entry.versions.iter().map(|v| &v.text).collect::<Vec<_>>()}))
        .collect();
    json!({"answers": answers, "texts": texts})
}

/// The last word of what its holder calls it, where that says what it is.
fn sort_of_device(label: &str) -> &str {
    let last = label.rsplit(' ').next().unwrap_or_default();
    let known = ["phone", "tablet", "laptop", "iPad"];
    known
        .into_iter()
        .find(|sort| *sort == last)
        .unwrap_or("device")
}

fn late_words(late: &LateView) -> String {
    let device = match &late.device {
        Some(label) => format!("{label} (the {}'s clock)", sort_of_device(label)),
        None => format!("{}'s device (the device's clock)", late.by),
    };
    let received = late.received.as_ref().map(|at| at.time.clone());
    let written = if late.begun == late.written {
        late.written.time.clone()
    } else {
        format!("{}, gone on with {},", late.begun.time, late.written.time)
    };
    words::late(&written, &device, received.as_deref()).detail
}

fn lay_out(page: &RecordPage, late_text: &str) -> String {
    let mut text = String::new();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{} · {}", page.child_name, page.kind);
    if let Some(closed) = &page.closed {
        let _ = writeln!(text, "{closed}\n  visitbook heard show {}", page.record);
    }
    for one in &page.from_previous_worker {
        let _ = writeln!(
            text,
            "{}: {} — {}, written {} {}",
            words::FROM_PREVIOUS_WORKER,
            one.label,
            one.by,
            one.written.date,
            one.written.time
        );
    }
    for question in page
        .questions
        .iter()
        .filter(|question| !NAMES.contains(&question.field.as_str()))
    {
        let _ = writeln!(text, "{}", question_line(question));
    }
    for entry in &page.entries {
        text.push_str(&entry_lines(entry));
    }
    for words in &page.words {
        let _ = writeln!(text, "“{words}”");
    }
    text.push_str(&super::files::lines(&page.attachments));
    if let Some(finished) = &page.finished {
        let looked_at = if finished.being_looked_at {
            " One statement is being looked at."
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "Finished by {}, {}.{looked_at}",
            finished.by, finished.written.time
        );
    } else if page.kind == "visit" && page.oversight.voided.is_none() {
        let message = words::not_finished();
        let _ = writeln!(text, "{} · {}", message.title, message.detail);
    }
    for words in page.oversight.words() {
        let _ = writeln!(text, "{words}");
    }
    for other in &page.same_visit {
        let _ = writeln!(text, "{} {}", other.words, names::short(other.record));
    }
    if !late_text.is_empty() {
        let _ = writeln!(text, "{late_text}");
    }
    if let Some(status) = &page.status {
        let _ = writeln!(text, "{}", status.title);
    }
    text
}

fn question_line(question: &QuestionView) -> String {
    let said = |answer: &AnswerView| {
        let label = answer
            .label
            .as_deref()
            .or(answer.removed.as_deref())
            .unwrap_or("cannot be read on this device");
        match &answer.note {
            Some(note) => format!("{label} (“{note}”)"),
            None => label.to_owned(),
        }
    };
    let answers = match question
        .standing
        .and_then(|standing| question.answers.get(standing))
    {
        Some(standing) if question.open => words::two_answers_line(&said(standing)),
        Some(standing) => said(standing),
        None => question
            .answers
            .iter()
            .map(said)
            .collect::<Vec<_>>()
            .join(" · "),
    };
    let worse = if question.maybe_worse {
        " (a more worrying answer may exist)"
    } else {
        ""
    };
    format!("{}: {answers}{worse}", question.label)
}

fn entry_lines(entry: &EntryView) -> String {
    let mut text = format!("{}\n", entry.label);
    for version in &entry.versions {
        let words = match (&version.removed, &version.text) {
            (Some(words), _) | (None, Some(words)) => words.clone(),
            (None, None) => format!(
                "{} is still writing.",
                version.by.split(' ').next().unwrap_or(&version.by)
            ),
        };
        let withdrawn = if entry.withdrawn { " (taken back)" } else { "" };
        let _ = writeln!(
            text,
            "  {words}{withdrawn} — {}, {}",
            version.by, version.written.time
        );
    }
    text
}

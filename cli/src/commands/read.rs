//! Commands that read.

use std::fmt::Write as _;

use serde_json::{Value as Json, json};
use visitbook_device::Working;
use visitbook_device::model::{ConcernView, OpenQuestion, VisitLine};
use visitbook_record::catalogue::Catalogue;
use visitbook_record::commit::RecordKind;
use visitbook_record::words::{self, Message, Said};

use super::{oversight, people};
use crate::failure::Failure;
use crate::names;
use crate::reply::Reply;

pub(super) fn to_json<T: serde::Serialize>(value: &T) -> Json {
    // Plain structures with string keys: there is no way for this to fail.
    serde_json::to_value(value).unwrap_or(Json::Null)
}

pub(super) fn today(working: &Working, date: Option<String>) -> Result<Reply, Failure> {
    let today = working.today(date.as_deref())?;
    let mut text = format!("{}\n", today.date);
    let row = |line: &VisitLine| json!({"child": line.child_name, "visit": line.record, "finished": line.finished, "marks": line.marks, "same_visit_as": line.same_visit_as});
    text.push_str(&oversight::due_lines(&today.due));
    for line in &today.visits {
        let state = match (
            line.finished,
            line.marks.iter().any(|mark| mark == "signed_off"),
        ) {
            (true, true) => "signed off",
            (true, false) => "finished",
            (false, _) => "not finished",
        };
        // Writing to a String cannot fail.
        let same = line.same_visit_as.map_or_else(String::new, |first| {
            format!(" · the same visit as {}", names::short(first))
        });
        let _ = writeln!(
            text,
            "  {} · {state} · {}{same}",
            line.child_name,
            names::short(line.record)
        );
    }
    if today.visits.is_empty() {
        text.push_str("  No visits planned or made.\n");
    }
    let names: Vec<String> = today
        .children
        .iter()
        .map(|child| {
            format!(
                "{} ({})",
                child.name,
                child.age.as_deref().unwrap_or("age not known")
            )
        })
        .collect();
    let _ = writeln!(text, "Yours: {}", names.join(", "));
    text.push_str(&super::family::left_lines(&today.left_for_you));
    for one in &today.unopened {
        let _ = writeln!(text, "{}", one.words);
    }
    if today.questions > 0 {
        let _ = writeln!(text, "{} to answer: visitbook questions", today.questions);
    }
    text.push_str(&oversight::returned_lines(&today.returned));
    text.push_str(&people::to_tell_lines(&today.to_tell));
    for concern in &today.concerns {
        let _ = writeln!(text, "{}", concern_line(concern));
    }
    let json = json!({
        "date": today.date,
        "visits": today.visits.iter().map(row).collect::<Vec<_>>(),
        "unfinished": today.unfinished.iter().map(row).collect::<Vec<_>>(),
        "children": to_json(&today.children),
        "due": to_json(&today.due),
        "left_for_you": to_json(&today.left_for_you),
        "unopened": to_json(&today.unopened),
        "questions": today.questions,
        "same_visits": to_json(&today.same_visits),
        "to_tell": to_json(&today.to_tell),
        "returned": to_json(&today.returned),
        "unsent": today.unsent,
        "alarms": today.alarms,
    });
    Ok(Reply::new(text, json))
}

pub(super) fn child(working: &Working, child: &str) -> Result<Reply, Failure> {
    let card = working.child_card(names::child(working, child)?)?;
    let mut text = format!(
        "{}, {}\n",
        card.child.full_name,
        card.child.age.as_deref().unwrap_or("age not known")
    );
    text.push_str(&oversight::due_lines(card.due.as_slice()));
    text.push_str(&people::to_tell_lines(&card.to_tell));
    for (what, last) in [
        ("Last seen", &card.last_seen),
        ("Last spoken to alone", &card.last_alone),
        ("Bedroom last seen", &card.last_bedroom),
    ] {
        let when = last.as_ref().map_or_else(
            || "not recorded".to_owned(),
            |last| match &last.by {
                Some(by) => format!("{} by {by}", last.date),
                None => last.date.clone(),
            },
        );
        let _ = writeln!(text, "{what}: {when}");
    }
    for voice in &card.voices {
        if let Some(closed) = &voice.closed {
            let _ = writeln!(text, "{closed}\n  visitbook heard show {}", voice.record);
            continue;
        }
        let words = if voice.words.is_empty() {
            voice.saw.join(" ")
        } else {
            format!("“{}”", voice.words.join("” “"))
        };
        let _ = writeln!(
            text,
            "{}: {words} ({})",
            voice.how_label.as_deref().unwrap_or("Said"),
            voice.written.date
        );
    }
    for (name, role) in &card.held_by {
        let _ = writeln!(text, "{name}, {}", role.word());
    }
    for concern in &card.concerns {
        let _ = writeln!(text, "{}", concern_line(concern));
    }
    text.push_str(&people::also_met_lines(&card.also_met));
    for fact in card.facts.iter().filter(|fact| fact.answer.is_some()) {
        let _ = writeln!(
            text,
            "{}: {}",
            fact.label,
            fact.answer.as_deref().unwrap_or_default()
        );
    }
    Ok(Reply::new(text, to_json(&card)))
}

fn concern_line(concern: &ConcernView) -> String {
    let mut line = format!(
        "{}: {}, marked {} by {}.\n  {}",
        concern.child_name,
        concern.urgency_label.as_deref().unwrap_or("urgent"),
        concern.written.time,
        concern.by,
        concern.about.join(" ")
    );
    for decision in &concern.decisions {
        let text = decision.text.as_deref().unwrap_or_default();
        line.push_str(&format!(
            "\n  {}, {}: {text}",
            decision.by, decision.written.time
        ));
    }
    line
}

/// The questions of the visit's form, with the answers that each takes.
pub(super) fn fields() -> Reply {
    let mut text = String::new();
    let mut rows = Vec::new();
    for field in Catalogue::newest().fields(RecordKind::Visit.form()) {
        let codes: Vec<&str> = field
            .choices
            .iter()
            .map(|choice| choice.code.as_str())
            .collect();
        let element = if field.elements { "/ELEMENT" } else { "" };
        let parts: Vec<&str> = field.parts.iter().map(|part| part.code.as_str()).collect();
        let _ = writeln!(
            text,
            "{}{element}: {} {}",
            field.code,
            field.label,
            codes.join(" | ")
        );
        if !parts.is_empty() {
            let _ = writeln!(text, "    parts: {}", parts.join(", "));
        }
        rows.push(json!({"field": field.code, "label": field.label, "elements": field.elements, "codes": codes, "parts": parts}));
    }
    Reply::new(text, json!({"fields": rows}))
}

pub(super) fn concerns(working: &Working) -> Result<Reply, Failure> {
    let concerns = working.concerns(None)?;
    let mut text = concerns
        .iter()
        .map(concern_line)
        .collect::<Vec<_>>()
        .join("\n");
    if text.is_empty() {
        text.push_str("Nothing on this device is marked as urgent.");
    }
    let rows: Vec<Json> = concerns
        .iter()
        .map(|concern| json!({"record": concern.record, "child": concern.child_name, "urgency": concern.urgency, "texts": concern.about}))
        .collect();
    Ok(Reply::new(text, json!({"concerns": rows})))
}

pub(super) fn status(working: &Working) -> Result<Reply, Failure> {
    let statuses = working.statuses()?;
    let mut text = String::new();
    let mut rows = Vec::new();
    for status in &statuses {
        let second = if status.status.unfinished {
            " · Not finished"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "{} · {} {}: {}{second}",
            status.child_name,
            status.kind,
            names::short(status.record),
            status.status.title
        );
        rows.push(json!({
            "record": status.record,
            "kind": status.kind,
            "child": status.child_name,
            "code": status.status.code,
            "title": status.status.title,
            "detail": status.status.detail,
            "unfinished": status.status.unfinished,
        }));
    }
    // A colleague's files that have not come stand below; one's own are in the lines above.
    let mut files = working.expected_files()?;
    files.retain(|one| one.file.state == "expected");
    let (lines, expected) = super::files::expected(&files);
    text.push_str(&lines);
    Ok(Reply::new(
        text,
        json!({"records": rows, "expected_files": expected}),
    ))
}

pub(super) fn questions(working: &Working) -> Result<Reply, Failure> {
    let questions = working.questions()?;
    let mut texts = Vec::new();
    let mut rows = Vec::new();
    for question in &questions {
        let message = question_words(question);
        let standing = question.standing.and_then(|i| question.answers.get(i));
        texts.push(format!(
            "{}\n{}\n[{}]",
            message.title,
            message.detail,
            message.buttons.join("] [")
        ));
        rows.push(json!({
            "record": question.record,
            "field": question.target,
            "child": question.child_name,
            "title": message.title,
            "body": message.detail,
            "buttons": message.buttons,
            "standing": standing.and_then(|answer| answer.code.clone()),
            "mine": question.mine,
            "choices": to_json(&question.choices),
        }));
    }
    let same_visits = working.same_visits()?;
    texts.extend(people::same_visit_lines(&same_visits));
    let returned = working.returned()?;
    if !returned.is_empty() {
        texts.push(oversight::returned_lines(&returned));
    }
    if texts.is_empty() {
        texts.push("Nothing needs your answer.".to_owned());
    }
    Ok(Reply::new(
        texts.join("\n\n"),
        json!({
            "questions": rows,
            "same_visits": to_json(&same_visits),
            "returned": to_json(&returned),
        }),
    ))
}

fn question_words(question: &OpenQuestion) -> Message {
    let worse = question.standing.unwrap_or(0);
    let better = (0..question.answers.len())
        .find(|i| *i != worse)
        .unwrap_or(worse);
    let (Some(worse), Some(better)) = (question.answers.get(worse), question.answers.get(better))
    else {
        return Message {
            title: question.question.clone(),
            detail: String::new(),
            buttons: Vec::new(),
        };
    };
    if question.text {
        return words::two_places(&worse.written.time, &better.written.time);
    }
    let said = |answer: &visitbook_device::model::AnswerView| {
        (
            answer
                .label
                .clone()
                .unwrap_or_else(|| "something this device cannot read".to_owned()),
            (!answer.mine).then(|| answer.by.clone()),
            answer.written.time.clone(),
            answer.note.clone(),
        )
    };
    let (worse_said, better_said) = (said(worse), said(better));
    let needs = question
        .choices
        .iter()
        .find(|choice| Some(&choice.code) == better.code.as_ref())
        .and_then(|choice| choice.needs_name.as_deref())
        .and_then(|name| name.split(' ').next());
    words::two_answers(
        &question.question,
        (&as_said(&worse_said), &as_said(&better_said)),
        question.unseen,
        needs,
    )
}

type Spoken = (String, Option<String>, String, Option<String>);

fn as_said((answer, by, time, note): &Spoken) -> Said<'_> {
    Said {
        answer,
        by: by.as_deref(),
        time,
        note: note.as_deref(),
    }
}

pub(super) fn search(working: &mut Working, text: &str) -> Result<Reply, Failure> {
    let found = working.search(text)?;
    let mut lines = String::new();
    let mut rows = Vec::new();
    for hit in &found {
        let _ = writeln!(
            lines,
            "{} · {}: {} — {}, {}",
            hit.child_name, hit.kind, hit.excerpt, hit.by, hit.written.date
        );
        rows.push(json!({"record": hit.record, "child": hit.child_name, "target": hit.target, "text": hit.excerpt, "by": hit.by}));
    }
    if found.is_empty() {
        lines.push_str("Nothing found on this device.\n");
    }
    Ok(Reply::new(lines, json!({"hits": rows})))
}

pub(super) fn history(working: &Working, record: &str) -> Result<Reply, Failure> {
    // A child has a history too: who held it, who opened it, who told the child of a change.
    let record = match names::record(working, record) {
        Err(failure) if failure.code == "not_found" => {
            names::child(working, record).map_err(|_| failure)?
        }
        found => found?,
    };
    let history = working.history(record)?;
    let mut text = String::new();
    let mut rows = Vec::new();
    for version in &history {
        let received = version
            .received
            .as_ref()
            .map_or("not sent yet".to_owned(), |at| {
                format!("reached the council {} {}", at.date, at.time)
            });
        let words = version
            .removed
            .as_deref()
            .or(version.text.as_deref())
            .unwrap_or("(cannot be read here)");
        let note = version
            .note
            .as_ref()
            .map(|note| format!(" “{note}”"))
            .unwrap_or_default();
        let live = match (version.verdict.as_str(), version.live) {
            ("set_aside", _) => "kept safe, not in the file yet",
            ("held", _) => "waits for another device's part",
            (_, true) => "stands",
            (_, false) => "replaced or part of the record's history",
        };
        let _ = writeln!(
            text,
            "{}: {words}{note} — {}, written {} {}, {received}; {live}",
            version.label, version.by, version.written.date, version.written.time
        );
        rows.push(json!({
            "op": version.op,
            "commit": version.commit,
            "kind": version.kind,
            "target": version.target,
            "code": version.code,
            "text": version.text,
            "removed": version.removed,
            "note": version.note,
            "by": version.by,
            "written": version.written,
            "received": version.received,
            "verdict": version.verdict,
            "reason": version.reason,
            "live": version.live,
        }));
    }
    Ok(Reply::new(text, json!({"statements": rows})))
}

pub(super) fn verify(working: &mut Working) -> Result<Reply, Failure> {
    let verified = working.verify()?;
    let mut text = format!(
        "{} own commits, {} of others, {} payloads, {} receipts; {} receipted, {} waiting.\n",
        verified.own_commits,
        verified.other_commits,
        verified.payloads,
        verified.receipts,
        verified.receipted,
        verified.waiting
    );
    for problem in &verified.problems {
        let _ = writeln!(text, "Not as it must be: {problem}");
    }
    if verified.problems.is_empty() {
        text.push_str("Everything is as it was signed.\n");
    }
    let mut problems = verified.problems.clone();
    for alarm in working.alarms()? {
        let _ = writeln!(
            text,
            "Noticed {} {}: {}",
            alarm.at.date, alarm.at.time, alarm.sentence
        );
        problems.push(format!("{} {}", alarm.at.time, alarm.sentence));
    }
    let mut json = to_json(&verified);
    if let Json::Object(fields) = &mut json {
        fields.insert("problems".to_owned(), json!(problems));
    }
    Ok(Reply {
        incomplete: !verified.problems.is_empty(),
        ..Reply::new(text, json)
    })
}

pub(super) fn rebuild(working: &mut Working) -> Result<Reply, Failure> {
    working
        .rebuild_lists()
        .map_err(visitbook_device::ReadError::from)?;
    Ok(Reply::new(
        "Every list is made anew from the log.",
        json!({"rebuilt": true}),
    ))
}

pub(super) fn digests(working: &Working) -> Result<Reply, Failure> {
    let digests = working.digests()?;
    let text = digests
        .iter()
        .map(|line| format!("{} {} {}", line.scope, line.position, line.digest))
        .collect::<Vec<_>>()
        .join("\n");
    Ok(Reply::new(text, json!({"scopes": to_json(&digests)})))
}

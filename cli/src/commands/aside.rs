//! What is set aside: for its author, and for the manager who puts it in its place.

use std::fmt::Write as _;

use serde_json::json;
use visitbook_device::Working;
use visitbook_device::model::SetAside;
use visitbook_record::id::OpId;

use crate::failure::Failure;
use crate::reply::Reply;

fn line(one: &SetAside) -> String {
    let note = one
        .note
        .as_ref()
        .map(|note| format!(" “{note}”"))
        .unwrap_or_default();
    let without = match one.label.as_str() {
        "finish" => "(no words of its own)",
        _ => "(cannot be read here)",
    };
    format!(
        "{}: {}{note}",
        one.label,
        one.text.as_deref().unwrap_or(without)
    )
}

pub(super) fn kept_aside(working: &Working) -> Result<Reply, Failure> {
    let kept = working.kept_aside()?;
    let mut text = String::new();
    let mut said = "";
    for one in &kept.waiting {
        if one.detail != said {
            // Writing to a String cannot fail.
            let _ = writeln!(text, "{}\n{}", one.title, one.detail);
            said = &one.detail;
        }
        let _ = writeln!(text, "  {}", line(one));
    }
    for one in &kept.placed {
        let _ = writeln!(text, "{}\n{}", one.title, one.detail);
    }
    if text.is_empty() {
        text.push_str("Nothing of yours is kept aside.\n");
    }
    Ok(Reply::new(
        text,
        json!({"waiting": kept.waiting, "placed": kept.placed}),
    ))
}

pub(super) fn set_aside(working: &Working) -> Result<Reply, Failure> {
    let all = working.set_aside()?;
    let mut text = String::new();
    for one in &all {
        let since = one
            .since
            .as_ref()
            .map(|at| format!(", since {} {}", at.date, at.time))
            .unwrap_or_default();
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{} · {} of {}, by {}, written {} {}{since}\n  {}\n  {}\n  visitbook place {} --reason …",
            one.child_name,
            one.kind,
            one.record,
            one.by,
            one.written.date,
            one.written.time,
            one.why,
            line(one),
            one.op
        );
    }
    if all.is_empty() {
        text.push_str("Nothing waits for your decision.\n");
    }
    Ok(Reply::new(text, json!({"set_aside": all})))
}

pub(super) fn place(
    working: &mut Working,
    what: &[String],
    reason: &str,
) -> Result<Reply, Failure> {
    let waiting = working.set_aside()?;
    let mut ops: Vec<OpId> = Vec::new();
    for typed in what {
        let typed = typed.to_lowercase();
        let known = |id: String| typed.len() >= 4 && id.starts_with(&typed);
        let before = ops.len();
        ops.extend(
            waiting
                .iter()
                .filter(|one| known(one.op.to_string()) || known(one.record.to_string()))
                .map(|one| one.op),
        );
        if ops.len() == before {
            return Err(Failure::new(
                "not_set_aside",
                format!("Nothing that waits for your decision is called “{typed}”."),
            ));
        }
    }
    ops.sort_unstable();
    ops.dedup();
    let saved = working.place(&ops, reason)?;
    let text = match ops.len() {
        1 => "Placed, under its author's name.".to_owned(),
        many => format!("{many} placed, under their authors' names."),
    };
    Ok(Reply::new(
        text,
        json!({"placed": ops, "records": saved.records, "commits": saved.commits}),
    ))
}

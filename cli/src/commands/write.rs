//! Commands that save something. Each says how long the save took: from the call until it is durable and sealed.

use std::io::Read as _;
use std::time::Instant;

use ring::rand::{SecureRandom as _, SystemRandom};
use serde_json::{Value as Json, json};
use visitbook_device::model::Finishing;
use visitbook_device::{Saved, Working};
use visitbook_record::catalogue::Catalogue;
use visitbook_record::commit::RecordKind;
use visitbook_record::id::RecordId;
use visitbook_record::op::Target;
use visitbook_record::words::{self, Message};

use crate::failure::Failure;
use crate::names;
use crate::reply::Reply;

/// The longest text taken from standard input: what an entry may hold, and a little more so that it is refused, not cut.
const LONGEST_TEXT: u64 = (1 << 20) + 16;

pub(super) fn target(typed: &str) -> Target {
    // Infallible: what is not well formed is refused by the core, with the field's name.
    typed.parse().unwrap_or_else(|never| match never {})
}

/// A text, or standard input for `-`.
pub(super) fn text_of(typed: &str) -> Result<String, Failure> {
    if typed != "-" {
        return Ok(typed.to_owned());
    }
    let mut bytes = Vec::new();
    std::io::stdin()
        .lock()
        .take(LONGEST_TEXT)
        .read_to_end(&mut bytes)?;
    String::from_utf8(bytes).map_err(|_| {
        Failure::new(
            "not_utf8",
            "The text on standard input is not UTF-8. Nothing was saved.",
        )
    })
}

pub(super) fn saved(before: Instant, saved: &Saved, more: Json) -> Reply {
    let micros = u64::try_from(before.elapsed().as_micros()).unwrap_or(u64::MAX);
    let mut json =
        json!({"records": saved.records, "ops": saved.ops, "at": saved.at, "saved_us": micros});
    if let (Json::Object(fields), Json::Object(more)) = (&mut json, more) {
        fields.extend(more);
    }
    let records: Vec<String> = saved
        .records
        .iter()
        .map(|record| names::short(*record))
        .collect();
    Reply::new(
        format!("Saved here, {}. {}", saved.at.time, records.join(" ")),
        json,
    )
}

/// A visit's child, day and outing, for the answer of a plan or a beginning.
struct VisitHead {
    child_name: String,
    date: String,
    outing: Option<String>,
}

fn head(working: &Working, record: RecordId) -> Result<VisitHead, Failure> {
    let page = working.visit(record)?;
    let code = |target: &str| {
        let question = page
            .questions
            .iter()
            .find(|question| question.target == target)?;
        question.answers.first()?.code.clone()
    };
    let date = code("visit_date")
        .or_else(|| code("planned_for"))
        .unwrap_or_default();
    let outing = code("outing_id");
    Ok(VisitHead {
        child_name: page.child_name,
        date,
        outing,
    })
}

fn visits(
    working: &Working,
    records: &[RecordId],
) -> Result<(String, Vec<Json>, Option<String>), Failure> {
    let mut lines = Vec::new();
    let mut rows = Vec::new();
    let mut outing = None;
    for record in records {
        let head = head(working, *record)?;
        lines.push(format!(
            "{}  {}  {}",
            head.child_name,
            head.date,
            names::short(*record)
        ));
        rows.push(json!({"child": head.child_name, "visit": record, "date": head.date}));
        outing = head.outing.or(outing);
    }
    Ok((lines.join("\n"), rows, outing))
}

pub(super) fn plan(
    working: &mut Working,
    children: &[String],
    on: &str,
    with: &[String],
) -> Result<Reply, Failure> {
    let children = names::children(working, children)?;
    let with = with
        .iter()
        .map(|name| names::worker(working, name))
        .collect::<Result<Vec<_>, _>>()?;
    let before = Instant::now();
    let planned = working.plan_visit(&children, on, &with)?;
    let reply = saved(before, &planned, Json::Null);
    planned_or_begun(working, &planned.records, reply)
}

pub(super) fn begin(working: &mut Working, children: &[String]) -> Result<Reply, Failure> {
    let children = names::children(working, children)?;
    let records = working.begin_visit(&children)?;
    planned_or_begun(
        working,
        &records,
        Reply::new("", json!({"records": records})),
    )
}

fn planned_or_begun(
    working: &Working,
    records: &[RecordId],
    reply: Reply,
) -> Result<Reply, Failure> {
    let (text, rows, outing) = visits(working, records)?;
    let mut json = reply.json;
    if let Json::Object(fields) = &mut json {
        fields.insert("visits".to_owned(), Json::Array(rows));
        fields.insert("outing".to_owned(), json!(outing));
    }
    Ok(Reply::new(text, json))
}

pub(super) fn set(
    working: &mut Working,
    visit: &str,
    field: &str,
    value: &str,
    note: Option<&str>,
    all: bool,
) -> Result<Reply, Failure> {
    let record = names::record(working, visit)?;
    let target = target(field);
    let before = Instant::now();
    let done = if all {
        working.set_for_outing(record, &target, value, note)?
    } else {
        working.set(record, &target, value, note)?
    };
    if target.name() == "outcome"
        && let Some((text, view)) = super::oversight::no_answer(working, record)?
    {
        let reply = saved(before, &done, view);
        return Ok(Reply::new(format!("{}\n{text}", reply.text), reply.json));
    }
    Ok(saved(before, &done, Json::Null))
}

pub(super) fn note(
    working: &mut Working,
    visit: &str,
    heading: &str,
    text: &str,
    entry: Option<&str>,
) -> Result<Reply, Failure> {
    let record = names::record(working, visit)?;
    let text = text_of(text)?;
    let finished = working.page(record)?.finished.is_some();
    let before = Instant::now();
    let (entry, done) = match entry {
        Some(entry) if finished => (
            entry.to_owned(),
            working.carry_on(record, heading, entry, &text)?,
        ),
        Some(entry) => (
            entry.to_owned(),
            working.revise(record, heading, entry, &text)?,
        ),
        None => working.note(record, heading, &text)?,
    };
    Ok(saved(before, &done, json!({"entry": entry})))
}

pub(super) fn draft(
    working: &mut Working,
    visit: &str,
    heading: &str,
    text: &str,
    entry: Option<&str>,
) -> Result<Reply, Failure> {
    let record = names::record(working, visit)?;
    let entry = working.draft_update(record, heading, entry, text)?;
    Ok(Reply::new("Kept on this device.", json!({"entry": entry})))
}

pub(super) fn observe(
    working: &mut Working,
    visit: &str,
    area: &str,
    answer: &str,
    line: Option<&str>,
) -> Result<Reply, Failure> {
    let record = names::record(working, visit)?;
    let area = area_code(area)?;
    let before = Instant::now();
    let done = working.observe(record, &area, answer, line)?;
    Ok(saved(before, &done, Json::Null))
}

/// An area as people write it, `food`, as its code.
pub(super) fn area_code(area: &str) -> Result<String, Failure> {
    let areas: Vec<&str> = Catalogue::newest()
        .fields(RecordKind::Visit.form())
        .iter()
        .filter_map(|field| field.code.strip_prefix("area_"))
        .collect();
    let plain = area.strip_prefix("area_").unwrap_or(area);
    if !areas.contains(&plain) {
        let words = format!(
            "There is no area “{plain}”. The areas are: {}.",
            areas.join(", ")
        );
        return Err(Failure::new("unknown_area", words));
    }
    Ok(format!("area_{plain}"))
}

pub(super) fn person(
    working: &mut Working,
    visit: &str,
    name: &str,
    parts: [(&str, Option<String>); 3],
) -> Result<Reply, Failure> {
    let record = names::record(working, visit)?;
    let element = fresh_id()?;
    let before = Instant::now();
    let mut done = working.set_for_outing(
        record,
        &Target::element("people_present", element.as_str()),
        name,
        None,
    )?;
    for (part, value) in parts {
        if let Some(value) = value {
            let target = Target::part("people_present", element.as_str(), part);
            let more = working.set_for_outing(record, &target, &value, None)?;
            done.ops.extend(more.ops);
        }
    }
    Ok(saved(before, &done, json!({"person": element})))
}

/// A name for somebody who is on no list: a random UUID, the same in every sibling's visit.
fn fresh_id() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).map_err(|_| {
        Failure::new(
            "no_randomness",
            "The operating system gave no randomness. Try again.",
        )
    })?;
    Ok(uuid::Builder::from_random_bytes(bytes)
        .into_uuid()
        .to_string())
}

pub(super) fn concern(
    working: &mut Working,
    children: &[String],
    visit: Option<&str>,
    urgency: &str,
    text: &str,
    told: Option<&str>,
) -> Result<Reply, Failure> {
    let children = names::children(working, children)?;
    let visit = visit
        .map(|visit| names::record(working, visit))
        .transpose()?;
    let before = Instant::now();
    let done = working.concern(&children, visit, urgency, &text_of(text)?, told)?;
    let mut concerns = Vec::new();
    for record in &done.records {
        if working.page(*record)?.kind == "concern" {
            concerns.push(*record);
        }
    }
    let reply = saved(before, &done, json!({"concerns": concerns}));
    let message = whom_to_ring(working)?;
    Ok(Reply::new(
        format!("{}\n{}", message.title, message.detail),
        reply.json,
    ))
}

fn whom_to_ring(working: &Working) -> Result<Message, Failure> {
    const NO_NUMBER: &str = "(no number in the council's list)";
    let me = working.who()?;
    let staff = working.staff()?;
    let mine = staff.iter().find(|person| person.worker == me.worker);
    let manager = mine
        .and_then(|person| person.manager.as_deref())
        .and_then(|id| staff.iter().find(|person| person.worker.to_string() == id));
    Ok(words::urgent(
        manager.map_or("your manager", |person| person.name.as_str()),
        manager
            .and_then(|person| person.phone.as_deref())
            .unwrap_or(NO_NUMBER),
        me.out_of_hours.as_deref().unwrap_or(NO_NUMBER),
    ))
}

pub(super) fn decide(
    working: &mut Working,
    concerns: &[String],
    text: &str,
) -> Result<Reply, Failure> {
    let records = names::records(working, concerns)?;
    let before = Instant::now();
    let done = working.decide(&records, &text_of(text)?)?;
    Ok(saved(before, &done, Json::Null))
}

pub(super) fn finish(working: &mut Working, visits: &[String]) -> Result<Reply, Failure> {
    let records = names::records(working, visits)?;
    let asked = working.before_finishing(&records)?;
    let before = Instant::now();
    match working.finish(&records)? {
        Finishing::Finished(done) => {
            let left = &asked.left_for_you;
            let reply = saved(before, &done, json!({"left_for_you": left}));
            let title = asked
                .title
                .replace("Finish for", "Finished for")
                .replace('?', ".");
            let reminder = super::family::left_lines(left);
            Ok(Reply::new(
                format!("{reminder}{title}\n{}", asked.detail),
                reply.json,
            ))
        }
        Finishing::Missing(missing) => {
            let questions: Vec<String> = missing
                .iter()
                .map(|item| format!("- {}", item.question))
                .collect();
            Err(Failure::new(
                "finish_incomplete",
                format!("Not finished yet. Still needed:\n{}", questions.join("\n")),
            ))
        }
    }
}

pub(super) fn add(
    working: &mut Working,
    visit: &str,
    heading: &str,
    text: &str,
) -> Result<Reply, Failure> {
    let record = names::record(working, visit)?;
    let before = Instant::now();
    let done = working.add_late(record, heading, &text_of(text)?)?;
    Ok(saved(before, &done, Json::Null))
}

pub(super) fn answer(
    working: &mut Working,
    record: &str,
    field: &str,
    choice: &str,
    both: bool,
    reason: Option<&str>,
) -> Result<Reply, Failure> {
    let record = names::record(working, record)?;
    let before = Instant::now();
    let done = working.answer(record, &target(field), choice, both, reason)?;
    Ok(saved(before, &done, Json::Null))
}

pub(super) fn ask(
    working: &mut Working,
    record: &str,
    field: &str,
    choice: &str,
    of: &str,
) -> Result<Reply, Failure> {
    let record = names::record(working, record)?;
    let person = names::worker(working, of)?;
    let before = Instant::now();
    let done = working.ask(record, &target(field), choice, person)?;
    Ok(saved(before, &done, Json::Null))
}

//! The afternoon: two answers settled, a phone that dies in mid-sentence, and the manager who signs.

use serde_json::Value as Json;

use super::as_words;
use super::words::*;
use crate::demo::cast::Staged;
use crate::demo::line::Mode;
use crate::demo::stage::{Day, list, text, texts};

/// 11 · 14:30, the plain question.
pub(super) fn two_answers(day: &mut Day) -> Staged<()> {
    day.at("14:30", "Office car park", "Rowan Teasel", "online")?;
    day.phone.tell(&["sync"])?;
    let questions = day.phone.tell(&["questions"])?;
    day.screen(&text(&questions, "text"));
    let asked = list(&questions, "questions");
    let wren = day.visits["Wren"].clone();
    let question = asked
        .iter()
        .find(|q| text(q, "record") == wren && text(q, "field") == "alone")
        .cloned();
    let words = question
        .as_ref()
        .map(|q| format!("{} {}", text(q, "title"), text(q, "body")))
        .unwrap_or_default();
    let standing = question
        .as_ref()
        .map(|q| text(q, "standing"))
        .unwrap_or_default();
    day.checks.expect(
        "The same fact answered differently on two phones becomes one plain question, with the cautious answer standing",
        words.contains("Was Wren seen alone?") && words.contains(DOORWAY) && standing == "not_alone",
        format!("standing meanwhile: {standing}"),
    );
    let lowered = day.phone.ask(&[
        "answer",
        &wren,
        "alone",
        "spoke_alone",
        "--reason",
        "I think so.",
    ])?;
    let refused = lowered.get("ok").and_then(Json::as_bool) == Some(false);
    day.checks.expect(
        "An author cannot settle a risk question to the less worrying answer alone",
        refused,
        text(&lowered, "message"),
    );
    day.time("14:34")?;
    day.phone
        .tell(&["answer", &wren, "alone", "not_alone", "--reason", NO_DOOR])?;
    day.phone.tell(&[
        "visit",
        "set",
        &wren,
        "not_spoken_alone_because",
        "someone_stayed_or_refused",
    ])?;
    for (target, value) in [
        ("actions/see-alone", SEE_WREN),
        ("actions/see-alone/who", "Rowan Teasel"),
        ("actions/see-alone/due", "2026-11-03"),
    ] {
        day.phone.tell(&["visit", "set", &wren, target, value])?;
    }
    day.phone.tell(&["sync"])?;
    for device in day.devices() {
        device.tell(&["sync"])?;
    }
    let mut everywhere = true;
    let mut kept = true;
    for device in day.devices() {
        let history = device.tell(&["history", &wren])?;
        let rows = list(&history, "statements");
        let codes: Vec<String> = rows
            .iter()
            .filter(|row| text(row, "target") == "alone")
            .map(|row| text(row, "code"))
            .collect();
        kept &= codes.iter().any(|c| c == "spoke_alone")
            && codes.iter().filter(|c| *c == "not_alone").count() >= 2;
        let open = device.tell(&["questions"])?;
        everywhere &= list(&open, "questions")
            .iter()
            .all(|q| text(q, "field") != "alone");
    }
    day.checks.expect(
        "The settlement reaches everyone, and both answers are kept",
        everywhere && kept,
        "no open question about it on 4 devices; both answers in each history",
    );
    day.engineer("resolve names both answers; by the rule, only to the more worrying without Bryony's agreement");
    Ok(())
}

/// 12 · 15:05, the phone dies in mid-sentence; 15:40, the tablet.
pub(super) fn battery(day: &mut Day) -> Staged<()> {
    day.at(
        "15:05",
        "Larkspur's street",
        "Rowan Teasel",
        "the phone dies in mid-sentence",
    )?;
    day.phone.line.set(Mode::NoSignal);
    let wren = day.visits["Wren"].clone();
    let typed = |words: &'static str, entry: Option<&str>| -> Vec<String> {
        let mut command = ["visit", "draft", &wren, "said_by_adult", words]
            .map(str::to_owned)
            .to_vec();
        command.extend(
            entry
                .into_iter()
                .flat_map(|entry| ["--entry".to_owned(), entry.to_owned()]),
        );
        command
    };
    let begun = day.phone.tell(&as_words(&typed(&REED_CUT[..20], None)))?;
    let entry = text(&begun, "entry");
    for end in [30, REED_CUT.len()] {
        day.phone
            .tell(&as_words(&typed(&REED_CUT[..end], Some(&entry))))?;
    }
    day.phone.kill()?;
    day.engineer("SIGKILL while typing");

    day.at("15:40", "Hot desk", "Rowan Teasel", "the tablet, online")?;
    day.tablet.tell(&["sync"])?;
    let visits = day.visits.clone();
    let early = day.tablet.ask(&[
        "visit",
        "finish",
        &visits["Wren"],
        &visits["Finch"],
        &visits["Pipit"],
    ])?;
    day.screen(&text(&early, "message"));
    day.checks.expect(
        "A visit is not finished before what binds is there, and the phone says what is missing",
        early.get("ok").and_then(Json::as_bool) == Some(false)
            && !text(&early, "message").is_empty(),
        text(&early, "message").replace('\n', " "),
    );
    for (child, meaning) in [
        ("Wren", MEANING_WREN),
        ("Finch", MEANING_FINCH),
        ("Pipit", MEANING_PIPIT),
    ] {
        day.tablet
            .tell(&["visit", "set", &visits[child], "safe_now", "manager_today"])?;
        day.tablet
            .tell(&["visit", "note", &visits[child], "meaning", meaning])?;
    }
    day.tablet
        .tell(&["visit", "note", &wren, "next_and_told", NEXT_WREN])?;
    day.time("15:52")?;
    let finished = day.tablet.tell(&[
        "visit",
        "finish",
        &visits["Wren"],
        &visits["Finch"],
        &visits["Pipit"],
    ])?;
    day.screen(&text(&finished, "text"));
    day.tablet.tell(&["sync"])?;
    for device in [&mut day.bryony, &mut day.sage] {
        device.tell(&["sync"])?;
    }
    day.time("16:02")?;
    let own = day.bryony_entry.clone();
    day.bryony
        .tell(&["visit", "note", &wren, "saw", BRYONY_SAW, "--entry", &own])?;
    day.bryony.tell(&["sync"])?;
    day.sage.tell(&["sync"])?;
    let page = day.sage.tell(&["visit", "show", &wren])?;
    day.finished_page = page.get("page").cloned().unwrap_or(Json::Null);
    let readable = texts(&page, "texts");
    day.checks.expect(
        "The visit begun on the phone is carried on and finished on the tablet, and the team now reads its text",
        [IVY_SAID, MEANING_WREN, BRYONY_SAW].iter().all(|words| readable.iter().any(|t| t == words)),
        format!("{} pieces of text on Sage's screen", readable.len()),
    );
    Ok(())
}

/// 16:20, Sage reads and signs.
pub(super) fn signed_off(day: &mut Day) -> Staged<()> {
    day.at("16:20", "Office", "Sage Mallow", "the laptop, online")?;
    let visits = day.visits.clone();
    day.sage.tell(&["sync"])?;
    let own = day.tablet.ask(&["sign-off", &visits["Wren"]])?;
    let signed = day.sage.tell(&[
        "sign-off",
        &visits["Wren"],
        &visits["Finch"],
        &visits["Pipit"],
    ])?;
    day.screen(&text(&signed, "text"));
    let asked = day
        .sage
        .tell(&["return", &visits["Wren"], "--question", WHO_IS_REED])?;
    day.screen(&text(&asked, "text"));
    day.sage.tell(&["sync"])?;
    day.tablet.tell(&["sync"])?;
    let page = day.tablet.tell(&["visit", "show", &visits["Wren"]])?;
    day.checks.expect(
        "A manager signs off and asks, nobody their own work, and the question reaches its author",
        own.get("ok").and_then(Json::as_bool) == Some(false)
            && text(&page, "text").contains(WHO_IS_REED),
        text(&own, "message"),
    );
    Ok(())
}

//! The morning: planned in the office, written down on the doorstep, and the concern that leaves first.

use std::time::Duration;

use serde_json::Value as Json;

use super::words::*;
use super::{LARKSPURS, short, todays_visits, visit_of, visits_of};
use crate::demo::cast::Staged;
use crate::demo::line::Mode;
use crate::demo::stage::{Day, list, text, texts};

/// The week before: nobody opens at the Hawthorns' for the first time.
pub(super) fn week_before(day: &mut Day) -> Staged<()> {
    for device in day.devices() {
        device.tell(&["sync"])?;
    }
    super::earlier::signed(day)?;
    day.at(
        "15:10",
        "Hawthorn, eight days before",
        "Rowan Teasel",
        "online",
    )?;
    let begun = day.phone.tell(&["visit", "new", "Merle"])?;
    let merle = visit_of(&begun, "Merle")?;
    let said = nobody_opens(day, &merle, "2026-10-19", "15:10", "2026-10-27")?;
    day.screen(&said);
    day.phone.tell(&["visit", "finish", &merle])?;
    day.phone.tell(&["sync"])?;
    Ok(())
}

/// Two taps and the time; gives what the phone says to that.
fn nobody_opens(
    day: &mut Day,
    visit: &str,
    date: &str,
    arrived: &str,
    next_try: &str,
) -> Staged<String> {
    let mut said = String::new();
    for (field, value) in [
        ("occasion", "visit"),
        ("visit_date", date),
        ("arrived", arrived),
        ("place", "home"),
        ("mode", "in_person"),
        ("outcome", "no_answer"),
        ("tried/knocked", "knocked"),
        ("tried/phoned", "phoned"),
        ("next_try", next_try),
    ] {
        let answer = day
            .phone
            .tell(&["visit", "set", visit, field, value, "--all"])?;
        if field == "outcome" {
            let words = text(&answer, "text");
            // The first line is what every save says.
            said = words
                .split_once('\n')
                .map_or(String::new(), |(_, said)| said.to_owned());
        }
    }
    Ok(said)
}

/// 1 · 08:20, the office.
pub(super) fn office(day: &mut Day) -> Staged<()> {
    day.at("08:20", "Office, Fernmouth", "Rowan Teasel", "online")?;
    for device in day.devices() {
        device.line.set(Mode::Clean);
        device.tell(&["sync"])?;
    }
    super::neglect::before(day)?;
    let today = day.phone.tell(&["today"])?;
    day.screen(&text(&today, "text"));
    let planned = day.phone.tell(&[
        "plan",
        "Wren",
        "Finch",
        "Pipit",
        "--on",
        "2026-10-27",
        "--with",
        "Bryony Sorrel",
    ])?;
    let phone = visits_of(&planned, &LARKSPURS)?;
    day.phone.tell(&["sync"])?;
    day.bryony.tell(&["sync"])?;
    day.tablet.tell(&["sync"])?;
    let hers = todays_visits(&mut day.bryony, &LARKSPURS)?;
    let same = phone == hers;
    day.checks.expect(
        "A planned joint visit is the same record on both workers' phones",
        same && phone.len() == 3,
        format!(
            "{} visits, {}",
            phone.len(),
            if same {
                "same identifiers"
            } else {
                "different identifiers"
            }
        ),
    );
    day.engineer(&format!(
        "one save, a commit for each of 3 children; outing {}",
        short(&text(&planned, "outing"))
    ));
    day.visits = phone;
    Ok(())
}

/// 2 · 09:40, the Larkspurs' doorstep; and Finch's exact words.
pub(super) fn doorstep(day: &mut Day) -> Staged<()> {
    day.at(
        "09:40",
        "Larkspur",
        "Rowan Teasel and Bryony Sorrel",
        "no signal",
    )?;
    day.phone.line.set(Mode::NoSignal);
    day.bryony.line.set(Mode::NoSignal);
    let [wren, finch, pipit] = LARKSPURS.map(|child| day.visits[child].clone());
    for (field, value) in [
        ("occasion", "visit"),
        ("outcome", "went_ahead"),
        ("visit_date", "2026-10-27"),
        ("arrived", "09:40"),
        ("place", "home"),
        ("mode", "in_person"),
        ("notice", "unannounced"),
    ] {
        day.phone
            .tell(&["visit", "set", &wren, field, value, "--all"])?;
    }
    day.phone.tell(&[
        "visit",
        "person",
        &wren,
        "Ivy",
        "--relation",
        "mother",
        "--lives-here",
        "yes",
        "--new-to-us",
        "no",
    ])?;
    let reed = day.phone.tell(&[
        "visit",
        "person",
        &wren,
        "Reed",
        "--relation",
        "unknown",
        "--lives-here",
        "not_sure",
        "--new-to-us",
        "yes",
    ])?;
    day.reed = text(&reed, "person");
    day.time("09:52")?;
    for (visit, answers) in [
        (
            &wren,
            vec![
                ("seen", "yes"),
                ("alone", "spoke_alone"),
                ("bedroom", "seen"),
            ],
        ),
        (
            &finch,
            vec![
                ("seen", "yes"),
                ("alone", "spoke_alone"),
                ("bedroom", "seen"),
                ("sleeps", "mattress_or_floor"),
            ],
        ),
        (
            &pipit,
            vec![
                ("seen", "yes"),
                ("awake", "awake"),
                ("alone", "not_alone"),
                ("not_spoken_alone_because", "not_right_for_age"),
                ("bedroom", "seen"),
                ("sleeps", "cot"),
            ],
        ),
    ] {
        for (field, value) in answers {
            day.phone.tell(&["visit", "set", visit, field, value])?;
        }
    }
    day.time("09:55")?;
    let hers = todays_visits(&mut day.bryony, &LARKSPURS)?;
    let hers = hers.get("Wren").cloned().unwrap_or_default();
    day.bryony.tell(&[
        "visit",
        "set",
        &hers,
        "alone",
        "not_alone",
        "--note",
        DOORWAY,
    ])?;
    day.bryony.tell(&[
        "visit",
        "set",
        &hers,
        "not_spoken_alone_because",
        "someone_stayed_or_refused",
    ])?;
    let own = text(
        &day.bryony
            .tell(&["visit", "note", &hers, "saw", BRYONY_SAW])?,
        "entry",
    );
    day.bryony_entry = own;
    super::neglect::observed(day)?;
    day.time("10:05")?;
    day.phone.tell(&[
        "voice",
        "Finch",
        "--visit",
        &finch,
        "--how",
        "said",
        FINCH_SAID,
        "--with",
        "about/my_day=my_day",
    ])?;
    day.phone.tell(&[
        "voice",
        "Pipit",
        "--visit",
        &pipit,
        "--how",
        "not_sought",
        "--because",
        "other",
    ])?;
    let shown = day.phone.tell(&["visit", "show", &wren])?;
    day.screen(&text(&shown, "text"));
    day.engineer(
        "same field, two devices, neither has seen the other; nothing has left either phone",
    );
    Ok(())
}

/// 4 · 10:50, the car.
pub(super) fn car(day: &mut Day) -> Staged<()> {
    day.at(
        "10:50",
        "Rowan's car, round the corner",
        "Rowan Teasel",
        "no signal",
    )?;
    super::page::read_in_the_car(day)?;
    let wren = day.visits["Wren"].clone();
    let raised = day.phone.tell(&[
        "concern",
        "Wren",
        "Finch",
        "Pipit",
        "--visit",
        &wren,
        "--urgency",
        "manager_today",
        "--text",
        URGENT,
    ])?;
    day.screen(&text(&raised, "text"));
    day.time("10:58")?;
    let finch = day.visits["Finch"].clone();
    day.phone
        .tell(&["visit", "note", &wren, "said_by_adult", IVY_SAID])?;
    day.phone.tell(&["visit", "note", &finch, "saw", KITCHEN])?;
    super::photograph::taken(day, &finch)?;
    day.concerns = texts(&raised, "concerns");
    day.engineer(&format!(
        "{} concern records, at the front of the queue",
        day.concerns.len()
    ));
    Ok(())
}

/// 5 · 11:05, three seconds of signal.
pub(super) fn window(day: &mut Day) -> Staged<()> {
    day.at("11:05", "A-road", "Rowan Teasel", "three seconds of signal")?;
    let statuses = day.phone.tell(&["status"])?;
    let unsent: Vec<String> = list(&statuses, "records")
        .iter()
        .filter(|row| text(row, "title") == "Saved here, not sent")
        .map(|row| text(row, "record"))
        .collect();
    let delay = Duration::from_millis(1050 + day.dice(250));
    day.phone.line.set(Mode::Window {
        open: Duration::from_secs(3),
        delay,
    });
    let before = day.phone.line.traffic();
    let outcome = day.phone.tell(&["sync", "--budget", "3s"])?;
    day.phone.line.set(Mode::NoSignal);
    let sent = day.phone.line.traffic().requests - before.requests;
    let first = outcome.get("first_receipt_ms").and_then(Json::as_u64);
    let statuses = day.phone.tell(&["status"])?;
    let rows = list(&statuses, "records");
    let (concerns, others): (Vec<&Json>, Vec<&Json>) = rows
        .iter()
        .filter(|row| unsent.contains(&text(row, "record")))
        .partition(|row| text(row, "kind") == "concern");
    let gone = concerns
        .iter()
        .all(|row| text(row, "title").starts_with("The council has it"));
    let waiting = others
        .iter()
        .filter(|row| text(row, "title") == "Saved here, not sent")
        .count();
    day.checks.expect(
        "In the three-second window only the concern leaves, and its receipt comes back",
        gone && concerns.len() == 3
            && waiting == others.len()
            && waiting > 0
            && sent == 1
            && first.is_some(),
        format!(
            "{} concerns receipted, {waiting} of {} other records still here, {sent} request",
            concerns.len(),
            others.len()
        ),
    );
    if let Some(first) = first {
        #[allow(clippy::cast_precision_loss)]
        day.checks
            .figure("first receipt in the short window", first as f64, "ms");
    }
    day.time("11:06")?;
    day.sage.tell(&["sync"])?;
    let urgent = day.sage.tell(&["concerns"])?;
    day.screen(&format!("Sage Mallow's laptop:\n{}", text(&urgent, "text")));
    day.checks.expect(
        "The manager reads what is urgent within minutes",
        list(&urgent, "concerns")
            .iter()
            .any(|c| texts(c, "texts").iter().any(|t| t == URGENT)),
        "on Sage's screen at 11:06",
    );
    day.time("11:09")?;
    let mut words: Vec<&str> = vec!["decide"];
    let concerns = day.concerns.clone();
    words.extend(concerns.iter().map(String::as_str));
    words.extend(["--text", MONEY]);
    day.sage.tell(&words)?;
    day.sage.tell(&["sync"])?;
    day.engineer(&format!(
        "{} B up, {} B down, TLS and HTTP included; first request at most 16 KB",
        day.phone.line.traffic().up - before.up,
        day.phone.line.traffic().down - before.down
    ));
    Ok(())
}

/// 6 · 11:40, nobody opens.
pub(super) fn no_answer(day: &mut Day) -> Staged<()> {
    day.at("11:40", "Hawthorn", "Rowan Teasel", "no signal")?;
    let begun = day
        .phone
        .tell(&["visit", "new", "Merle", "Baby Hawthorn"])?;
    let merle = visit_of(&begun, "Merle")?;
    let baby = visit_of(&begun, "Baby Hawthorn")?;
    let said = nobody_opens(day, &merle, "2026-10-27", "11:40", "2026-10-28")?;
    day.phone.tell(&[
        "visit",
        "set",
        &merle,
        "signs_of_someone_in",
        "yes",
        "--all",
    ])?;
    day.screen(&said);
    day.checks.expect(
        "An attempt moves no date: the second in a row says when the child was last seen and whom to tell",
        said.contains("Second time in 8 days") && said.contains("29 Sep") && said.contains("tell Sage today"),
        said.replace('\n', " "),
    );
    let finished = day.phone.tell(&["visit", "finish", &merle, &baby])?;
    day.screen(&text(&finished, "text"));
    let raised = day.phone.tell(&[
        "concern",
        "Merle",
        "--visit",
        &merle,
        "--urgency",
        "manager_today",
        "--text",
        MERLE_URGENT,
    ])?;
    day.merle_concern = texts(&raised, "concerns");
    day.engineer("finished without seen, alone or voice: for no answer only outcome, what was tried and next try bind");
    Ok(())
}

//! Tuesday 27 October 2026 at Fernmouth Council: the day, beat by beat.
//!
//! Half-term, two days after the clocks changed. All families and workers are invented: surnames are plants, children are
//! birds. Every fault has an ordinary cause. What is printed in quotation is what the programs said.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value as Json;

use super::cast::{Device, StageError, Staged};
use super::line::Mode;
use super::stage::{Day, list, text, texts};

/// What people wrote that day. None of it may be readable in any file.
pub(crate) const SENTENCES: [&str; 21] = [
    FINCH_SAID,
    DOORWAY,
    URGENT,
    MONEY,
    KITCHEN,
    IVY_SAID,
    BRYONY_SAW,
    MERLE_URGENT,
    MERLE_DECIDED,
    NO_DOOR,
    MEANING_WREN,
    MEANING_FINCH,
    MEANING_PIPIT,
    NEXT_WREN,
    REED_CUT,
    REED_WHOLE,
    KITE_WROTE,
    KITE_ROOM,
    KITE_MEANS,
    ROBIN_SHOWED,
    WHO_IS_REED,
];

const FINCH_SAID: &str = "I put Pipit's bottle in my bed so it stays warm.";
const DOORWAY: &str = "Reed stood in the doorway";
const URGENT: &str = "No food in the house, no heating, milk for tonight only.";
const MONEY: &str = "Food and fuel money agreed today: three children, a baby, and no heating.";
const KITCHEN: &str =
    "Cold kitchen, empty fridge. Finch's mattress is on the floor beside the cot.";
const IVY_SAID: &str = "Ivy says Reed is a friend who comes round and does not live here.";
const BRYONY_SAW: &str = "From the landing I could see Wren's door; it was not closed at any time.";
const MERLE_URGENT: &str = "Second time nobody opened. Television on, no voices.";
const MERLE_DECIDED: &str = "Nursery saw Merle yesterday. Back on Wednesday 08:30, unannounced; if not seen then, strategy discussion.";
const NO_DOOR: &str = "I could not see the door.";
const MEANING_WREN: &str = "Wren is careful about what she says while Reed can hear her.";
const MEANING_FINCH: &str = "Finch is looking after the baby and thinks nobody else will.";
const MEANING_PIPIT: &str = "Pipit depends on Finch for warmth at night.";
const NEXT_WREN: &str =
    "See Wren alone at school by Tuesday 3 November; told Ivy we will come to the school.";
const REED_CUT: &str = "Ivy at the door: Reed stays most nigh";
const REED_WHOLE: &str = "Ivy at the door: Reed stays most nights";

const KITE_WROTE: &str = "I dont want another new social worker ive had 4";
const KITE_ROOM: &str =
    "Kite drew a bus with five empty seats and put it on the wall above the bed.";
const KITE_MEANS: &str = "Kite counts the people who left, and wants the next one to stay.";
const ROBIN_SHOWED: &str = "Points to pool three times, pushes the picture of the bus away.";
const WHO_IS_REED: &str = "Who is Reed? Check by Thursday.";

const LARKSPURS: [&str; 3] = ["Wren", "Finch", "Pipit"];

/// Plays the day.
pub(crate) fn play(day: &mut Day) -> Staged<()> {
    office(day)?;
    doorstep(day)?;
    car(day)?;
    window(day)?;
    no_answer(day)?;
    bad_lines(day)?;
    holiday_club(day)?;
    moved(day)?;
    two_answers(day)?;
    battery(day)?;
    signed_off(day)?;
    board(day)?;
    evening(day)
}

fn visit_of(planned: &Json, child: &str) -> Staged<String> {
    list(planned, "visits")
        .iter()
        .find(|visit| text(visit, "child") == child)
        .map(|visit| text(visit, "visit"))
        .ok_or_else(|| StageError::Unexpected(format!("no visit for {child}")))
}

fn visits_of(planned: &Json, children: &[&str]) -> Staged<BTreeMap<String, String>> {
    children
        .iter()
        .map(|child| Ok(((*child).to_owned(), visit_of(planned, child)?)))
        .collect()
}

/// Today's visits to these children, as a device shows them, by child.
fn todays_visits(device: &mut Device, children: &[&str]) -> Staged<BTreeMap<String, String>> {
    let today = device.tell(&["today"])?;
    let rows = list(&today, "visits");
    Ok(rows
        .iter()
        .filter(|row| children.contains(&text(row, "child").as_str()))
        .map(|row| (text(row, "child"), text(row, "visit")))
        .collect())
}

/// 1 · 08:20, the office.
fn office(day: &mut Day) -> Staged<()> {
    day.at("08:20", "Office, Fernmouth", "Rowan Teasel", "online")?;
    for device in day.devices() {
        device.line.set(Mode::Clean);
        device.tell(&["sync"])?;
    }
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
fn doorstep(day: &mut Day) -> Staged<()> {
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
    day.phone.tell(&[
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
    day.time("10:05")?;
    day.phone.tell(&[
        "voice", "Finch", "--visit", &finch, "--how", "said", FINCH_SAID,
    ])?;
    day.phone.tell(&[
        "voice",
        "Wren",
        "--visit",
        &wren,
        "--how",
        "chose_not_to_say",
        "--because",
        "not_here",
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
fn car(day: &mut Day) -> Staged<()> {
    day.at(
        "10:50",
        "Rowan's car, round the corner",
        "Rowan Teasel",
        "no signal",
    )?;
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
    day.concerns = texts(&raised, "concerns");
    day.engineer(&format!(
        "{} concern records, at the front of the queue",
        day.concerns.len()
    ));
    Ok(())
}

/// 5 · 11:05, three seconds of signal.
fn window(day: &mut Day) -> Staged<()> {
    day.at("11:05", "A-road", "Rowan Teasel", "three seconds of signal")?;
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
        .filter(|row| ["visit", "voice", "concern"].contains(&text(row, "kind").as_str()))
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
fn no_answer(day: &mut Day) -> Staged<()> {
    day.at("11:40", "Hawthorn", "Rowan Teasel", "no signal")?;
    let begun = day
        .phone
        .tell(&["visit", "new", "Merle", "Baby Hawthorn"])?;
    let merle = visit_of(&begun, "Merle")?;
    let baby = visit_of(&begun, "Baby Hawthorn")?;
    for (field, value) in [
        ("occasion", "visit"),
        ("outcome", "no_answer"),
        ("visit_date", "2026-10-27"),
        ("arrived", "11:40"),
        ("place", "home"),
        ("mode", "in_person"),
        ("tried/knocked", "knocked"),
        ("tried/phoned", "phoned"),
        ("signs_of_someone_in", "yes"),
        ("next_try", "2026-10-28"),
    ] {
        day.phone
            .tell(&["visit", "set", &merle, field, value, "--all"])?;
    }
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

/// 7 · 12:15, three bad lines and a good one.
fn bad_lines(day: &mut Day) -> Staged<()> {
    day.at(
        "12:15",
        "Leisure centre",
        "Rowan Teasel",
        "Wi-Fi with a sign-in page, then mobile data",
    )?;
    let before = day.council_commits()?;
    day.phone.line.set(Mode::SignInPage);
    let sign_in = day.phone.tell(&["sync"])?;
    day.screen(&text(&sign_in, "text"));
    day.phone.line.set(Mode::Unknown520);
    let unknown = day.phone.tell(&["sync"])?;
    day.screen(&text(&unknown, "text"));
    let nothing = day.council_commits()?;
    let honest = [&sign_in, &unknown]
        .iter()
        .all(|o| o.get("receipted").and_then(Json::as_u64) == Some(0));
    day.checks.expect(
        "A sign-in page with status 200 and an unknown status 520 mark nothing as sent and lose nothing",
        honest && nothing == before && text(&sign_in, "trouble") == "sign_in_page" && text(&unknown, "trouble") == "not_answering_properly",
        format!("trouble: {}, {}", text(&sign_in, "trouble"), text(&unknown, "trouble")),
    );

    day.phone.line.set(Mode::LosesNextReply);
    day.phone.tell(&["sync"])?;
    let arrived = day.council_commits()?;
    let unsure = day.phone.tell(&["status"])?;
    let not_claimed = list(&unsure, "records")
        .iter()
        .any(|row| ["Saved here, not sent", "Sending"].contains(&text(row, "title").as_str()));
    day.phone.line.set(Mode::Clean);
    day.phone.tell(&["sync"])?;
    day.phone.tell(&["sync"])?;
    let after = day.council_commits()?;
    let statuses = day.phone.tell(&["status"])?;
    let settled = list(&statuses, "records")
        .iter()
        .all(|row| text(row, "title").starts_with("The council has it"));
    let twice = day.council_duplicates()?;
    day.checks.expect(
        "A reply lost after the council had committed: nothing claimed, then receipted, and stored once",
        arrived > before && not_claimed && settled && twice == 0,
        format!("{} commits arrived unconfirmed, {} after the retry, {twice} stored twice", arrived - before, after - before),
    );
    day.screen(&text(&statuses, "text"));
    day.time("12:31")?;
    day.sage.tell(&["sync"])?;
    let merle = day.merle_concern.clone();
    let mut words: Vec<&str> = vec!["decide"];
    words.extend(merle.iter().map(String::as_str));
    words.extend(["--text", MERLE_DECIDED]);
    day.sage.tell(&words)?;
    day.sage.tell(&["sync"])?;
    day.engineer(&format!(
        "duplicates answered with the stored receipt; {after} commits at the council"
    ));
    Ok(())
}

/// 9 · 13:20, Bryony online: her Larkspur answers go up too.
fn holiday_club(day: &mut Day) -> Staged<()> {
    day.at("13:20", "Holiday club", "Bryony Sorrel", "online")?;
    day.bryony.line.set(Mode::Clean);
    let begun = day.bryony.tell(&["visit", "new", "Robin"])?;
    let robin = visit_of(&begun, "Robin")?;
    for (field, value) in [
        ("occasion", "visit"),
        ("outcome", "went_ahead"),
        ("visit_date", "2026-10-27"),
        ("place", "community"),
        ("mode", "in_person"),
        ("seen", "yes"),
        ("alone", "not_alone"),
        ("not_spoken_alone_because", "needed_helper_to_communicate"),
        ("safe_now", "no_worry_today"),
    ] {
        day.bryony.tell(&["visit", "set", &robin, field, value])?;
    }
    day.bryony.tell(&[
        "voice",
        "Robin",
        "--visit",
        &robin,
        "--how",
        "observed",
        ROBIN_SHOWED,
    ])?;
    let outcome = day.bryony.tell(&["sync"])?;
    day.screen(&text(&outcome, "text"));
    day.engineer(
        "her answer about Wren meets Rowan's at the council; the more worrying one stands, marked",
    );
    Ok(())
}

/// 8 and 10 · 13:05, the foster home, offline; 13:30, Kite moves to Bryony; 14:20, the tablet is online again.
fn moved(day: &mut Day) -> Staged<()> {
    day.tablet.line.set(Mode::Clean);
    day.tablet.tell(&["sync"])?;
    day.at(
        "13:05",
        "Foster home",
        "Rowan Teasel",
        "the tablet, no signal",
    )?;
    day.tablet.line.set(Mode::NoSignal);
    let begun = day.tablet.tell(&["visit", "new", "Kite"])?;
    let kite = visit_of(&begun, "Kite")?;
    for (field, value) in [
        ("occasion", "visit"),
        ("outcome", "went_ahead"),
        ("visit_date", "2026-10-27"),
        ("arrived", "13:05"),
        ("place", "placement"),
        ("mode", "in_person"),
        ("seen", "yes"),
        ("alone", "spoke_alone"),
        ("safe_now", "no_worry_today"),
    ] {
        day.tablet.tell(&["visit", "set", &kite, field, value])?;
    }
    day.tablet.tell(&[
        "voice", "Kite", "--visit", &kite, "--how", "wrote", KITE_WROTE,
    ])?;
    day.tablet
        .tell(&["visit", "note", &kite, "saw", KITE_ROOM])?;
    day.tablet
        .tell(&["visit", "note", &kite, "meaning", KITE_MEANS])?;
    day.time("13:20")?;
    day.tablet.tell(&["visit", "finish", &kite])?;
    day.engineer("nothing of it has left the tablet");

    day.at(
        "13:30",
        "Office",
        "Sage Mallow",
        "Kite moves to Bryony; Rowan cannot know yet",
    )?;
    day.council.run(&[
        "unassign",
        "--worker",
        "W-ROWAN",
        "--child",
        "C-KITE",
        "--by",
        "W-SAGE",
        "--reason",
        "Kite moves to Bryony Sorrel",
    ])?;
    day.council.run(&[
        "assign",
        "--worker",
        "W-BRYONY",
        "--child",
        "C-KITE",
        "--role",
        "allocated",
        "--by",
        "W-SAGE",
    ])?;

    day.at("14:20", "Car park", "Rowan Teasel", "the tablet, online")?;
    day.tablet.line.set(Mode::Clean);
    for _ in 0..3 {
        day.tablet.tell(&["sync"])?;
    }
    day.bryony.tell(&["sync"])?;
    let read = day.bryony.tell(&["search", KITE_WROTE])?;
    let history = day.bryony.tell(&["history", &kite])?;
    let marked = list(&history, "statements")
        .iter()
        .all(|row| text(row, "verdict") == "applied_from_previous_worker");
    day.checks.expect(
        "What was written before a change of worker could be known is in the file, under its author, marked, and the child's words with it",
        marked && list(&read, "hits").iter().any(|hit| text(hit, "text").contains(KITE_WROTE)),
        format!("{} statements from the previous worker on Bryony's phone", list(&history, "statements").len()),
    );
    let gone = day.tablet.tell(&["search", KITE_WROTE])?;
    let gone_words = day.tablet.tell(&["search", KITE_ROOM])?;
    let today = day.tablet.tell(&["today"])?;
    let listed = list(&today, "children")
        .iter()
        .any(|child| text(child, "name") == "Kite");
    day.checks.expect(
        "After every word of it was receipted, the child's record is gone from the previous worker's tablet",
        list(&gone, "hits").is_empty() && list(&gone_words, "hits").is_empty() && !listed,
        "nothing of Kite is listed or found there",
    );
    day.engineer("purged only after verified receipts, and the book moved to a new key");
    Ok(())
}

/// 11 · 14:30, the plain question.
fn two_answers(day: &mut Day) -> Staged<()> {
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
fn battery(day: &mut Day) -> Staged<()> {
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
fn signed_off(day: &mut Day) -> Staged<()> {
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

/// 17:00, Sage's board.
fn board(day: &mut Day) -> Staged<()> {
    day.at("17:00", "Office", "Sage Mallow", "the laptop, online")?;
    day.sage.tell(&["sync"])?;
    let board = day.sage.tell(&["board", "--at", "17:00"])?;
    day.screen(&text(&board, "text"));
    day.board = board.get("lines").cloned().unwrap_or(Json::Null);
    Ok(())
}

/// 14 · 18:40, the phone is charged.
fn evening(day: &mut Day) -> Staged<()> {
    day.at(
        "18:40",
        "Home",
        "Rowan Teasel",
        "the phone is charged; online",
    )?;
    let hello = day.phone.unlock()?;
    day.screen(&text(&hello, "text"));
    let recovered = list(&hello, "recovered")
        .first()
        .cloned()
        .unwrap_or(Json::Null);
    day.checks.expect(
        "A phone killed in mid-sentence kept every letter that had reached its draft, and says so",
        text(&recovered, "text") == REED_CUT,
        format!(
            "“…{}”",
            REED_CUT
                .chars()
                .rev()
                .take(18)
                .collect::<Vec<_>>()
                .into_iter()
                .rev()
                .collect::<String>()
        ),
    );
    day.phone.line.set(Mode::Clean);
    day.phone.tell(&["sync"])?;
    day.time("18:41")?;
    let wren = day.visits["Wren"].clone();
    let entry = text(&recovered, "entry");
    day.phone.tell(&[
        "visit",
        "note",
        &wren,
        "said_by_adult",
        REED_WHOLE,
        "--entry",
        &entry,
    ])?;
    day.time("18:42")?;
    let mut order: Vec<usize> = vec![0, 1, 2, 3];
    for i in (1..order.len()).rev() {
        let j = usize::try_from(day.dice(i as u64 + 1)).unwrap_or(0);
        order.swap(i, j);
    }
    for _ in 0..2 {
        for at in &order {
            if let Some(device) = day.devices().into_iter().nth(*at) {
                device.tell(&["sync"])?;
            }
        }
    }
    let page = day.sage.tell(&["visit", "show", &wren])?;
    day.screen(&text(&page, "late_text"));
    let late = list(&page, "late");
    let both_times = late.iter().any(|row| {
        text(row, "text") == REED_WHOLE
            && ["15:05", "18:42"]
                .iter()
                .all(|time| text(row, "words").contains(time))
    });
    let unchanged = page.get("page") == Some(&day.finished_page) && day.finished_page != Json::Null;
    day.checks.expect(
        "Late words stand beside the finished visit with both times, and the finished page has not changed",
        both_times && unchanged,
        format!("{} late additions; page {}", late.len(), if unchanged { "unchanged" } else { "changed" }),
    );
    day.time("18:50")?;
    let board = day.sage.tell(&["board", "--at", "17:00"])?;
    let same = board.get("lines") == Some(&day.board) && day.board != Json::Null;
    let since = board.get("since").cloned().unwrap_or(Json::Null);
    day.screen(&text(&since, "words"));
    day.checks.expect(
        "The board as known at 17:00 reads the same after more has come, and lists what came",
        same && list(&since, "additions").len() == 1,
        format!(
            "{} lines, {} additions since",
            list(&board, "lines").len(),
            list(&since, "additions").len()
        ),
    );
    day.engineer("late addition: the finish lists exact statements, so nothing slips in");
    Ok(())
}

fn as_words(command: &[String]) -> Vec<&str> {
    command.iter().map(String::as_str).collect()
}

fn short(id: &str) -> String {
    id.chars().take(8).collect()
}

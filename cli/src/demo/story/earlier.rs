//! Before the day: the Larkspurs' visits of 29 September and 13 October, and the phone that Rowan had then.
//!
//! What was written on it in a dead spot on 13 October never left it: a week later Rowan had another phone, and this one lay in
//! a drawer. On the day it is ended and switched on once more before it is wiped. What is on it is not thrown away and does not
//! slip into the file either: the council keeps it aside until the manager has decided.

use super::words::{EARLIER_MEANS, OLD_PHONE};
use super::{LARKSPURS, october, visit_of};
use crate::demo::cast::{Device, StageError, Staged};
use crate::demo::line::Mode;
use crate::demo::stage::{Day, list, text};

const VISITS: [(chrono::NaiveDate, &str); 2] = [
    (super::SEPTEMBER_29, "2026-09-29"),
    (october(13), "2026-10-13"),
];

/// The two visits, each written up, finished and sent on the day; and one sentence that stayed on the phone.
pub(crate) fn visits(day: &mut Day) -> Staged<()> {
    day.date = super::SEPTEMBER_29;
    day.time("08:50")?;
    let name = day.old_phone.name;
    let code = day
        .council
        .run(&["enrol-code", "--worker", "W-ROWAN", "--label", name])?;
    day.old_phone.enrol(&text(&code, "code"))?;
    day.old_phone.unlock()?;
    day.old_phone.tell(&["sync"])?;
    let mut last = String::new();
    for (date, written) in VISITS {
        day.date = date;
        day.at("10:30", "Larkspur, before the day", "Rowan Teasel", written)?;
        last = visited(day, written)?;
    }
    day.time("10:55")?;
    day.old_phone.line.set(Mode::NoSignal);
    day.old_phone
        .tell(&["visit", "add", &last, "said_by_adult", OLD_PHONE])?;
    day.old_phone_visit = last;
    day.old_phone.lock()
}

/// One visit to the three. Gives Finch's.
fn visited(day: &mut Day, date: &str) -> Staged<String> {
    let phone = &mut day.old_phone;
    let mut words = vec!["visit", "new"];
    words.extend(LARKSPURS);
    let begun = phone.tell(&words)?;
    let visits = LARKSPURS
        .iter()
        .map(|child| visit_of(&begun, child))
        .collect::<Staged<Vec<String>>>()?;
    for (field, value) in [
        ("occasion", "visit"),
        ("outcome", "went_ahead"),
        ("visit_date", date),
        ("arrived", "10:30"),
        ("place", "home"),
        ("mode", "in_person"),
    ] {
        phone.tell(&["visit", "set", &visits[0], field, value, "--all"])?;
    }
    for (child, visit) in LARKSPURS.into_iter().zip(&visits) {
        let alone: &[(&str, &str)] = if child == "Pipit" {
            &[
                ("alone", "not_alone"),
                ("not_spoken_alone_because", "not_right_for_age"),
                ("awake", "awake"),
            ]
        } else {
            &[("alone", "spoke_alone")]
        };
        let answers = [("seen", "yes"), ("safe_now", "no_worry_today")];
        for (field, value) in answers.iter().chain(alone) {
            phone.tell(&["visit", "set", visit, field, value])?;
        }
        phone.tell(&["visit", "observe", visit, "food", "not_met"])?;
        if child == "Finch" {
            let sleep = "home_heating_and_sleep";
            phone.tell(&["visit", "observe", visit, sleep, "not_met"])?;
        }
        phone.tell(&["visit", "note", visit, "meaning", EARLIER_MEANS])?;
        let because = ["--how", "not_sought", "--because", "no_time"];
        let mut voice = vec!["voice", child, "--visit", visit];
        voice.extend(because);
        phone.tell(&voice)?;
    }
    let mut finish = vec!["visit", "finish"];
    finish.extend(visits.iter().map(String::as_str));
    let finished = phone.tell(&finish)?;
    phone.tell(&["sync"])?;
    day.screen(text(&finished, "text").lines().next().unwrap_or_default());
    let finch = visits[1].clone();
    day.earlier_visits.extend(visits);
    Ok(finch)
}

/// The manager signs both off when her laptop has them.
pub(super) fn signed(day: &mut Day) -> Staged<()> {
    let mut words = vec!["sign-off"];
    let visits = day.earlier_visits.clone();
    words.extend(visits.iter().map(String::as_str));
    day.sage.tell(&words)?;
    day.sage.tell(&["sync"])?;
    Ok(())
}

/// 14:24, the old phone is ended, and switched on once more; 14:26, Sage places what was on it.
pub(super) fn handed_in(day: &mut Day) -> Staged<()> {
    day.at(
        "14:24",
        "Office, the ICT desk",
        "Rowan Teasel",
        "the phone of before 19 October, ended and switched on once more",
    )?;
    let devices = day.council.run(&["devices"])?;
    let device = list(&devices, "devices")
        .iter()
        .find(|row| text(row, "label") == day.old_phone.name)
        .map(|row| text(row, "device"))
        .ok_or_else(|| StageError::Unexpected("the old phone is not known".into()))?;
    day.council.run(&[
        "revoke",
        "--device",
        &device,
        "--by",
        "W-SAGE",
        "--reason",
        "replaced on 19 October",
    ])?;
    day.old_phone.unlock()?;
    day.old_phone.line.set(Mode::Clean);
    for _ in 0..3 {
        day.old_phone.tell(&["sync"])?;
    }
    let left = day.old_phone.tell(&["search", OLD_PHONE])?;
    let gone = list(&left, "hits").is_empty();
    day.old_phone.lock()?;

    day.phone.tell(&["sync"])?;
    let kept = day.phone.tell(&["kept-aside"])?;
    day.screen(&format!("Rowan's phone:\n{}", text(&kept, "text")));
    let waiting = list(&kept, "waiting");
    let own_words = waiting.iter().any(|one| {
        text(one, "text") == OLD_PHONE && text(one, "title") == "Kept safe, not in the file yet."
    });
    let early = is_found(&mut day.bryony)?;

    day.time("14:26")?;
    day.sage.tell(&["sync"])?;
    let aside = day.sage.tell(&["set-aside"])?;
    let with_sage = list(&aside, "set_aside")
        .iter()
        .any(|one| text(one, "text") == OLD_PHONE && text(one, "owner_name") == "Sage Mallow");
    let visit = day.old_phone_visit.clone();
    let placed = day.sage.tell(&[
        "place",
        &visit,
        "--reason",
        "Rowan's own note of that morning",
    ])?;
    day.screen(&format!("Sage's laptop:\n{}", text(&placed, "text")));
    day.sage.tell(&["sync"])?;
    day.phone.tell(&["sync"])?;
    day.bryony.tell(&["sync"])?;
    let after = day.phone.tell(&["kept-aside"])?;
    day.screen(&format!("Rowan's phone:\n{}", text(&after, "text")));
    let read = is_found(&mut day.bryony)? && is_found(&mut day.phone)?;
    let history = day.bryony.tell(&["history", &visit])?;
    let under = list(&history, "statements")
        .iter()
        .find(|row| text(row, "text") == OLD_PHONE)
        .map(|row| (text(row, "by"), text(row, "verdict")))
        .unwrap_or_default();
    day.checks.expect(
        "What comes from a phone that was ended is kept aside and readable to its author, and one decision puts it in the file under the author's name",
        own_words && gone && !early && with_sage && read && list(&after, "waiting").is_empty() && under.0 == "Rowan Teasel",
        format!(
            "in the file before Sage placed it: {early}, after: {read}; by {} ({}); nothing left on the old phone: {gone}",
            under.0, under.1
        ),
    );
    day.engineer("an ended device is never cut off from sending: its words are taken, receipted and set aside to a named owner");
    Ok(())
}

/// Whether the sentence is found on a device.
fn is_found(device: &mut Device) -> Staged<bool> {
    let hits = device.tell(&["search", OLD_PHONE])?;
    Ok(list(&hits, "hits")
        .iter()
        .any(|hit| text(hit, "text").contains(OLD_PHONE)))
}

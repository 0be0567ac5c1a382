//! Midday: bad lines, a child who shows what she wants, and a child who moves to another worker.

use serde_json::Value as Json;

use super::visit_of;
use super::words::*;
use crate::demo::cast::Staged;
use crate::demo::line::Mode;
use crate::demo::stage::{Day, list, text};

/// 7 · 12:15, three bad lines and a good one.
pub(super) fn bad_lines(day: &mut Day) -> Staged<()> {
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
    let photograph = super::photograph::cut(day)?;
    day.phone.line.set(Mode::Clean);
    let resumed = day.phone.tell(&["sync"])?;
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
    super::photograph::opened(day, &photograph, &resumed)?;
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
pub(super) fn holiday_club(day: &mut Day) -> Staged<()> {
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
        ("bedroom", "not_seen"),
        ("bedroom_because", "visit_elsewhere"),
        ("safe_now", "no_worry_today"),
    ] {
        day.bryony.tell(&["visit", "set", &robin, field, value])?;
    }
    let shown = day.bryony.tell(&[
        "voice",
        "Robin",
        "--visit",
        &robin,
        "--how",
        "observed",
        ROBIN_SHOWED,
        "--with",
        &format!("usual_for_child={ROBIN_USUAL}"),
    ])?;
    let robins = text(&shown, "voice");
    day.bryony
        .tell(&["heard", "reading", &robins, ROBIN_MEANS])?;
    day.bryony
        .tell(&["visit", "note", &robin, "meaning", MEANING_ROBIN])?;
    day.bryony.tell(&["visit", "finish", &robin])?;
    let outcome = day.bryony.tell(&["sync"])?;
    day.screen(&text(&outcome, "text"));
    day.engineer(
        "her answer about Wren meets Rowan's at the council; the more worrying one stands, marked",
    );
    Ok(())
}

/// 8 and 10 · 13:05, the foster home, offline; 13:30, Kite moves to Bryony; 14:20, the tablet is online again.
pub(super) fn moved(day: &mut Day) -> Staged<()> {
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
    day.kite_left = super::page::kite(day, &kite)?;
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

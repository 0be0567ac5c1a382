//! The child's own page: Wren's on the Larkspurs' landing, Kite's in the foster home, one tablet and nothing to read on it.

use std::io::Write as _;

use serde_json::Value as Json;

use super::words::{KITE_DREW, KITE_WROTE, SENTENCES, UNDONE, WREN_ASKED};
use crate::demo::canary::Search;
use crate::demo::cast::{StageError, Staged};
use crate::demo::line::Mode;
use crate::demo::memory;
use crate::demo::stage::{Day, list, text, texts};

/// What somebody who should not have the tablet tries.
const TRIED: [&[&str]; 4] = [
    &["today"],
    &["child", "Wren"],
    &["search", "school"],
    &["family", "unread"],
];
const GUESSES: [&str; 3] = ["000000", "123456", "080312"];

/// The bus, as the tablet's drawing app gives it.
pub(super) fn bus() -> Vec<u8> {
    let seats: String = (0..5)
        .map(|seat| {
            format!(
                r#"<rect x="{}" y="30" width="14" height="18"/>"#,
                12 + seat * 20
            )
        })
        .collect();
    format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 120 80"><title>{KITE_DREW}</title><rect x="4" y="20" width="112" height="44" fill="none" stroke="black"/>{seats}</svg>"#
    )
    .into_bytes()
}

/// 3 · 10:10, Wren has the tablet; then somebody else does.
pub(super) fn wren(day: &mut Day) -> Staged<()> {
    day.at(
        "10:10",
        "Larkspur, the landing",
        "Wren",
        "the tablet in her hands, no signal",
    )?;
    day.tablet.line.set(Mode::NoSignal);
    let wren = day.visits["Wren"].clone();
    let page = day
        .tablet
        .tell(&["family", "enter", "Wren", "--visit", &wren])?;
    day.screen(&text(&page, "text"));

    // The search of the memory is seen to find what stands on the page, before it is believed when it finds nothing.
    day.tablet.tell(&["family", "text", UNDONE])?;
    let on_the_page = in_memory(day)?;
    day.tablet.tell(&["family", "undo"])?;
    day.tablet.tell(&["family", "choice", "not_here"])?;
    day.tablet.tell(&["family", "hand-in"])?;
    day.tablet.tell(&["family", "text", WREN_ASKED])?;
    let after = day.tablet.tell(&["family", "hand-in"])?;
    day.screen(&text(&after, "text"));

    day.at(
        "10:25",
        "Larkspur, the kitchen",
        "Reed",
        "picks up the tablet",
    )?;
    let mut answers = Vec::new();
    for command in TRIED {
        answers.push(day.tablet.ask(command)?);
    }
    for guess in GUESSES {
        answers.push(day.tablet.leave_page(Some(guess))?);
    }
    day.screen(&text(&answers[0], "message"));
    let shut = answers.iter().all(|answer| {
        text(answer, "code") == "nothing_to_read" && !answer.to_string().contains("Wren")
    });
    let left = in_memory(day)?;
    let folder = day.tablet.folder().to_owned();
    let mut search = Search::for_words(SENTENCES.into_iter().chain([UNDONE]));
    let in_files = search.in_folder(&folder)?;
    let (clean, found) = match (&on_the_page, &left) {
        (Some(before), Some(after)) => (
            !before.is_empty() && after.is_empty(),
            format!(
                "{} commands and {} wrong PINs answered alike; memory: {} found while it stood on the page, {} after",
                TRIED.len(),
                GUESSES.len(),
                before.len(),
                after.len()
            ),
        ),
        _ => (
            true,
            "memory not searched: this system shows none to a parent process".to_owned(),
        ),
    };
    day.checks.expect(
        "On the child's page nothing can be read, in no answer, no file and no memory of the program, and wrong PINs open nothing",
        shut && clean && in_files.is_empty(),
        found,
    );
    day.engineer("vault closed, keys wiped; two posts sealed to the council and to Rowan, chained by a ratchet");
    Ok(())
}

fn in_memory(day: &Day) -> Staged<Option<Vec<String>>> {
    let Some(process) = day.tablet.process() else {
        return Err(StageError::Unexpected("the tablet is off".into()));
    };
    let mut search = Search::for_words(SENTENCES.into_iter().chain([UNDONE]));
    let found = memory::search(process, &mut search)?;
    Ok(found.map(|found| found.into_iter().map(|find| find.words).collect()))
}

/// 10:50, Rowan takes the tablet back and reads what Wren left before driving off.
pub(super) fn read_in_the_car(day: &mut Day) -> Staged<()> {
    let back = came_back(day)?;
    day.screen(&text(&back, "text"));
    let records = left_by(&back, "Wren");
    let mut words = Vec::new();
    for record in &records {
        let opened = day.tablet.tell(&["family", "open", record])?;
        day.screen(&text(&opened, "text"));
        words.extend(texts(&opened, "words"));
    }
    day.checks.expect(
        "What a child left is asked to be read before leaving the address, and reads as it was typed",
        records.len() == 2 && words == [WREN_ASKED] && ended_well(&back),
        format!("{} things from Wren, the session's end confirmed", records.len()),
    );
    Ok(())
}

/// 8 · Kite, on the same tablet, offline. Gives what Kite left.
pub(super) fn kite(day: &mut Day, visit: &str) -> Staged<Vec<String>> {
    let mut drawing = tempfile::Builder::new().suffix(".svg").tempfile()?;
    drawing.write_all(&bus())?;
    let file = drawing.path().display().to_string();
    let mut said = Vec::new();
    let commands: [&[&str]; 6] = [
        &["family", "enter", "Kite", "--visit", visit],
        &["family", "draw", &file],
        &["family", "hand-in"],
        &["family", "text", KITE_WROTE],
        &["family", "choice", "not_with/mum"],
        &["family", "hand-in"],
    ];
    for command in commands {
        said.push(day.tablet.tell(command)?);
    }
    day.screen(&text(&said[0], "text"));
    let nothing_of_hers = said
        .iter()
        .all(|answer| !answer.to_string().contains("Wren"));
    let back = came_back(day)?;
    day.screen(&text(&back, "text"));
    let records = left_by(&back, "Kite");
    day.checks.expect(
        "A second child's page shows nothing of the first",
        nothing_of_hers && records.len() == 2 && ended_well(&back),
        format!("{} things from Kite", records.len()),
    );
    for record in &records {
        day.tablet.tell(&["family", "open", record])?;
    }
    Ok(records)
}

fn came_back(day: &mut Day) -> Staged<Json> {
    let answer = day.tablet.leave_page(None)?;
    answer
        .get("result")
        .cloned()
        .ok_or_else(|| StageError::Unexpected(format!("the tablet stays shut: {answer}")))
}

fn left_by(back: &Json, child: &str) -> Vec<String> {
    list(back, "left_for_you")
        .iter()
        .filter(|left| text(left, "title").starts_with(child))
        .flat_map(|left| texts(left, "records"))
        .collect()
}

fn ended_well(back: &Json) -> bool {
    back.get("last_session")
        .is_some_and(|session| text(session, "ended") == "confirmed")
}

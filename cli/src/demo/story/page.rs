//! The child's own page: Wren's on the Larkspurs' landing, Kite's in the foster home, one tablet and nothing to read on it.

use std::io::Write as _;

use serde_json::Value as Json;

use super::words::{FINCH_SAID, KITE_DREW, KITE_ROOM, KITE_WROTE, SENTENCES, UNDONE, WREN_ASKED};
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
            false,
            "the memory was not searched: this system shows none to a parent process".to_owned(),
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
    day.wren_left = records;
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

/// 16:05, Sage answers both children, and Rowan stays with Kite.
pub(super) fn answered(day: &mut Day) -> Staged<()> {
    day.at("16:05", "Office", "Sage Mallow", "the laptop, online")?;
    day.sage.tell(&["sync"])?;
    day.council.run(&[
        "assign",
        "--worker",
        "W-ROWAN",
        "--child",
        "C-KITE",
        "--role",
        "allocated",
        "--by",
        "W-SAGE",
    ])?;
    day.council.run(&[
        "assign", "--worker", "W-BRYONY", "--child", "C-KITE", "--role", "joint", "--by", "W-SAGE",
    ])?;
    let mut promised = 0;
    for (left, by_when) in [
        (&day.wren_left, "2026-11-02"),
        (&day.kite_left, "2026-11-16"),
    ] {
        for voice in left.clone() {
            let shown = day.sage.tell(&["heard", "show", &voice])?;
            if texts(&shown, "words").is_empty() {
                continue;
            }
            let said = day.sage.tell(&[
                "heard",
                "reply",
                &voice,
                "we_will",
                "--who",
                "Rowan Teasel",
                "--by-when",
                by_when,
            ])?;
            promised += usize::from(said.get("reply").is_some());
            let shown = day.sage.tell(&["heard", "show", &voice])?;
            day.screen(&text(&shown, "text"));
        }
    }
    day.sage.tell(&["sync"])?;
    for device in [&mut day.tablet, &mut day.phone, &mut day.bryony] {
        if device.process().is_some() {
            device.tell(&["sync"])?;
        }
    }
    let back = day.tablet.tell(&["search", KITE_ROOM])?;
    day.checks.expect(
        "A child given back is on the worker's tablet again, with every word, and the child's answer promised by name and day",
        promised == 2 && list(&back, "hits").len() == 1,
        format!("{promised} answers promised; the purged visit is back from the council"),
    );
    Ok(())
}

/// Whether what the children gave is the same bytes wherever it can be read.
pub(crate) fn the_same_everywhere(day: &mut Day) -> Staged<()> {
    let mut read = 0;
    let mut wrong = Vec::new();
    let drawn = bus();
    let drawing = day.kite_left.clone();
    for device in day.devices() {
        for (child, words) in [
            ("Finch", FINCH_SAID),
            ("Wren", WREN_ASKED),
            ("Kite", KITE_WROTE),
        ] {
            let given = device.tell(&["heard", "list", child])?;
            let all: Vec<String> = list(&given, "voices")
                .iter()
                .flat_map(|voice| texts(voice, "words"))
                .collect();
            if all == [words] {
                read += 1;
            } else {
                wrong.push(format!("{}: {child}", device.name));
            }
        }
        let folder = tempfile::tempdir()?;
        for (number, voice) in drawing.iter().enumerate() {
            let file = folder.path().join(format!("{number}.svg"));
            let name = file.display().to_string();
            let answer = device.ask(&["heard", "show", voice, "--drawing", &name])?;
            let written = std::fs::read(&file).ok();
            match (answer.get("ok").and_then(Json::as_bool), written) {
                (Some(true), Some(bytes)) if bytes == drawn => read += 1,
                (_, Some(_)) => wrong.push(format!("{}: a drawing", device.name)),
                (_, None) => {}
            }
        }
    }
    let hash = |bytes: &[u8]| -> String {
        let digest = ring::digest::digest(&ring::digest::SHA256, bytes);
        digest.as_ref()[..4]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect()
    };
    day.checks.expect(
        "The children's words and the drawing are the same bytes on every device",
        wrong.is_empty() && read == 16,
        if wrong.is_empty() {
            format!(
                "{read} readings on four devices; SHA-256 {}, {}, {}, drawing {}",
                hash(FINCH_SAID.as_bytes()),
                hash(WREN_ASKED.as_bytes()),
                hash(KITE_WROTE.as_bytes()),
                hash(&drawn)
            )
        } else {
            wrong.join(", ")
        },
    );
    Ok(())
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

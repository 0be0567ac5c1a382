//! The evening: the manager's board, and what still comes.

use serde_json::Value as Json;

use super::words::*;
use crate::demo::cast::Staged;
use crate::demo::line::Mode;
use crate::demo::stage::{Day, list, text};

/// 17:00, Sage's board.
pub(super) fn board(day: &mut Day) -> Staged<()> {
    day.at("17:00", "Office", "Sage Mallow", "the laptop, online")?;
    day.sage.tell(&["sync"])?;
    let board = day.sage.tell(&["board", "--at", "17:00"])?;
    day.screen(&text(&board, "text"));
    day.board = board.get("lines").cloned().unwrap_or(Json::Null);
    Ok(())
}

/// 14 · 18:40, the phone is charged.
pub(super) fn evening(day: &mut Day) -> Staged<()> {
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
    let lives_here = format!("people_present/{}/lives_here", day.reed);
    for visit in day.visits.clone().into_values() {
        day.phone.tell(&[
            "correct",
            &visit,
            &lives_here,
            "yes",
            "--reason",
            REED_LIVES,
        ])?;
    }
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
        same && list(&since, "additions").len() == 4
            && text(&since, "words").contains("Lives here"),
        format!(
            "{} lines, {} additions since",
            list(&board, "lines").len(),
            list(&since, "additions").len()
        ),
    );
    day.engineer("late addition: the finish lists exact statements, so nothing slips in");
    Ok(())
}

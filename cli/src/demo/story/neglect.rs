//! The third visit running on which there was too little to eat: one line for an area and a child on the manager's board.

use serde_json::Value as Json;

use super::LARKSPURS;
use super::words::CORE_GROUP;
use crate::demo::cast::{Device, Staged};
use crate::demo::stage::{Day, list, text, texts};

const SLEEP: &str = "home_heating_and_sleep";

/// What both workers observed on the doorstep, each on their own phone.
pub(super) fn observed(day: &mut Day) -> Staged<()> {
    let visits = LARKSPURS.map(|child| day.visits[child].clone());
    for visit in &visits {
        for device in [&mut day.phone, &mut day.bryony] {
            device.tell(&["visit", "observe", visit, "food", "not_met"])?;
        }
    }
    let finch = &visits[1];
    day.phone
        .tell(&["visit", "observe", finch, SLEEP, "partly"])?;
    day.bryony
        .tell(&["visit", "observe", finch, SLEEP, "not_met"])?;
    Ok(())
}

/// How many lines the manager's board has as the day begins, with two visits behind it.
pub(super) fn before(day: &mut Day) -> Staged<()> {
    day.not_met_before = on_board(&mut day.sage)?.len();
    Ok(())
}

/// 16:04, the visits of both workers are with the council.
pub(super) fn third_time(day: &mut Day) -> Staged<()> {
    day.at("16:04", "Office", "Sage Mallow", "the laptop, online")?;
    day.sage.tell(&["sync"])?;
    let lines = on_board(&mut day.sage)?;
    for line in &lines {
        day.screen(line);
    }
    let running = "third visit running (Tue 29 Sep, Tue 13 Oct, today)";
    let about = |beginning: &str, rated: [&str; 2]| {
        let found: Vec<&String> = lines
            .iter()
            .filter(|line| line.starts_with(beginning))
            .collect();
        matches!(found.as_slice(), [line] if line.contains(running) && rated.iter().all(|one| line.contains(one)))
    };
    let both = ["Rowan Teasel not met", "Bryony Sorrel not met"];
    let food = LARKSPURS
        .iter()
        .all(|child| about(&format!("{child}, food: not met"), both));
    let sleep = about(
        "Finch, home, heating and sleep: not met",
        ["Rowan Teasel partly met", "Bryony Sorrel not met"],
    );
    let before = day.not_met_before;
    day.checks.expect(
        "An area that was not met on three visits running is one line on the manager's board, with the visits it rests on and what each worker put",
        before == 0 && food && sleep && lines.len() == 4,
        format!("{before} lines after two visits, {} after the third", lines.len()),
    );
    day.engineer("computed from the observations of nine visits and stored nowhere; three steps stand beside it, the smallest first");
    Ok(())
}

/// 16:05, the manager brings the core group forward, and says when somebody is to look again.
pub(super) fn closed(day: &mut Day) -> Staged<()> {
    day.time("16:05")?;
    let command = |child, area| {
        [
            "close-line",
            child,
            area,
            "--step",
            "core_group",
            "--reason",
            CORE_GROUP,
            "--look-again",
            "2026-11-10",
        ]
    };
    let by_a_worker = day.tablet.ask(&command("Finch", "food"))?;
    let lines = LARKSPURS.map(|child| (child, "food"));
    let mut finch = String::new();
    for (child, area) in lines.into_iter().chain([("Finch", SLEEP)]) {
        let said = day.sage.tell(&command(child, area))?;
        day.screen(&text(&said, "text"));
        if child == "Finch" {
            finch = texts(&said, "records").concat();
        }
    }
    day.sage.tell(&["sync"])?;
    let open = on_board(&mut day.sage)?.len();
    let closed = of_board(&mut day.sage, "not_met_closed")?;
    let says = |line: &String| {
        ["Sage Mallow, 16:05", "look again Tue 10 Nov", CORE_GROUP]
            .iter()
            .all(|words| line.contains(words))
    };
    day.tablet.tell(&["sync"])?;
    let history = day.tablet.tell(&["history", &finch])?;
    let reasons = list(&history, "statements");
    let reasons = reasons.iter().filter(|row| text(row, "text") == CORE_GROUP);
    let read_by_the_worker = reasons.count();
    day.checks.expect(
        "Only the manager closes such a line, with a step, a reason and a day for looking again, and the worker reads it",
        by_a_worker.get("ok").and_then(Json::as_bool) == Some(false)
            && open == 0
            && closed.len() == 4
            && closed.iter().all(says)
            && read_by_the_worker == 2,
        text(&by_a_worker, "message"),
    );
    day.engineer("four statements on the children's own records, each naming the visits it rests on: a later one that is not met, or the day passed, brings it back");
    Ok(())
}

fn on_board(device: &mut Device) -> Staged<Vec<String>> {
    of_board(device, "not_met")
}

fn of_board(device: &mut Device, which: &str) -> Staged<Vec<String>> {
    let answer = device.tell(&["board"])?;
    let board = answer.get("board").cloned().unwrap_or_default();
    Ok(list(&board, which)
        .iter()
        .map(|line| text(line, "words"))
        .collect())
}

//! With `--caseload`: the council's other children, on the same day.
//!
//! They are on the lists, in the sums and on the manager's board like the story's own, and a few of them are visited.

use serde_json::Value as Json;

use crate::demo::caseload::Loaded;
use crate::demo::cast::{StageError, Staged};
use crate::demo::line::Mode;
use crate::demo::stage::{Day, list, text};

const SAW: &str = "The room has a new desk by the window and the books are unpacked.";
const MEANS: &str = "Settling in, and asks to be told before anybody comes.";

/// How many of them are visited.
const VISITED: usize = 3;

/// 08:25: they are all at the council, and Rowan's are on Rowan's phone.
pub(super) fn listed(day: &mut Day) -> Staged<()> {
    let Some(caseload) = &day.caseload else {
        return Ok(());
    };
    let verified = day.council.run(&["verify"])?;
    let scopes = verified.get("digests").and_then(Json::as_object);
    let held = caseload
        .children
        .iter()
        .filter(|child| {
            let scope = format!("child:{}", child.record);
            scopes.is_some_and(|scopes| scopes.contains_key(&scope))
        })
        .count();
    let all = caseload.children.len();
    let rowans = caseload.rowans.clone();
    day.checks.expect(
        "Every child of the caseload is at the council, beside the story's",
        held == all,
        format!("{held} of {all}"),
    );
    let today = day.phone.tell(&["today"])?;
    let names: Vec<String> = list(&today, "children")
        .iter()
        .map(|child| text(child, "full_name"))
        .collect();
    let listed = rowans
        .iter()
        .filter(|child| names.contains(&child.full_name))
        .count();
    let due = owed(&today, &rowans);
    let sums = due
        .iter()
        .filter(|row| !text(row, "line").is_empty())
        .count();
    for row in due.iter().take(VISITED) {
        day.screen(&format!("{}: {}.", text(row, "name"), text(row, "line")));
    }
    day.checks.expect(
        "A worker's phone holds that worker's share of the caseload and no more, with the sum of every date",
        listed == rowans.len() && names.len() == rowans.len() + 6 && (sums > 0 || due.is_empty()),
        format!("{listed} of {} listed among {}, {sums} with a date and its sum", rowans.len(), names.len()),
    );
    Ok(())
}

/// What is owed to the children of the caseload, of what a device shows of a day.
fn owed(today: &Json, rowans: &[Loaded]) -> Vec<Json> {
    let mut rows = list(today, "due");
    rows.retain(|row| rowans.iter().any(|child| is_about(row, child)));
    rows
}

fn is_about(row: &Json, child: &Loaded) -> bool {
    text(row, "child") == child.record.to_string()
}

/// 12:40: some of them are visited.
pub(super) fn visited(day: &mut Day) -> Staged<()> {
    let Some(caseload) = &day.caseload else {
        return Ok(());
    };
    let rowans = caseload.rowans.clone();
    day.at(
        "12:40",
        "A foster home, a school, a flat",
        "Rowan Teasel",
        "online",
    )?;
    day.phone.line.set(Mode::Clean);
    let today = day.phone.tell(&["today"])?;
    // Those to whom visits are owed come first: a visit must move their dates.
    let due = owed(&today, &rowans);
    let is_due = |child: &Loaded| due.iter().any(|row| is_about(row, child));
    let (first, then): (Vec<Loaded>, Vec<Loaded>) = rowans.into_iter().partition(is_due);
    let chosen: Vec<Loaded> = first.into_iter().chain(then).take(VISITED).collect();
    let mut visits = Vec::new();
    for child in &chosen {
        let begun = day.phone.tell(&["visit", "new", &child.code])?;
        let visit = list(&begun, "visits")
            .first()
            .map(|visit| text(visit, "visit"));
        let visit = visit
            .ok_or_else(|| StageError::Unexpected(format!("no visit for {}", child.full_name)))?;
        for (field, value) in [
            ("occasion", "visit"),
            ("outcome", "went_ahead"),
            ("visit_date", "2026-10-27"),
            ("place", "placement"),
            ("mode", "in_person"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
            ("safe_now", "no_worry_today"),
        ] {
            day.phone.tell(&["visit", "set", &visit, field, value])?;
        }
        day.phone.tell(&["visit", "note", &visit, "saw", SAW])?;
        day.phone
            .tell(&["visit", "note", &visit, "meaning", MEANS])?;
        day.phone.tell(&[
            "voice",
            &child.code,
            "--visit",
            &visit,
            "--how",
            "not_sought",
            "--because",
            "no_time",
        ])?;
        let finished = day.phone.tell(&["visit", "finish", &visit])?;
        day.screen(text(&finished, "text").lines().next().unwrap_or_default());
        visits.push(visit);
    }
    day.phone.tell(&["sync"])?;
    day.sage.tell(&["sync"])?;
    let found = day.sage.tell(&["search", SAW])?;
    let hits = list(&found, "hits")
        .iter()
        .filter(|hit| text(hit, "text").contains(SAW))
        .count();
    let mut words = vec!["export"];
    words.extend(visits.iter().map(String::as_str));
    let exported = day.sage.tell(&words)?;
    let records = list(&exported, "records");
    let copied = chosen
        .iter()
        .filter(|child| {
            records
                .iter()
                .any(|record| text(record, "text").contains(&child.full_name))
        })
        .count();
    let today = day.phone.tell(&["today"])?;
    let seen = list(&today, "due")
        .iter()
        .filter(|row| chosen.iter().any(|child| is_about(row, child)))
        .filter(|row| text(row, "last_seen") == "2026-10-27")
        .count();
    let moved = chosen.iter().filter(|child| is_due(child)).count();
    day.checks.expect(
        "Visits to children of the caseload reach the manager, can be searched and copied for the case system, and move their dates",
        hits == chosen.len() && copied == chosen.len() && seen >= moved,
        format!("{hits} of {} found on Sage's laptop, {copied} copied, {seen} of {moved} dates moved", chosen.len()),
    );
    day.engineer(&format!(
        "{} visits to children whom the story does not know",
        chosen.len()
    ));
    day.visited = chosen;
    Ok(())
}

/// 17:20: the board had them, and the council's ICT runs the import again.
pub(super) fn again(day: &mut Day) -> Staged<()> {
    if day.caseload.is_none() {
        return Ok(());
    }
    day.time("17:20")?;
    let Some(caseload) = &day.caseload else {
        return Ok(());
    };
    let board = day.board.to_string();
    let shown = day
        .visited
        .iter()
        .filter(|child| board.contains(&child.name))
        .count();
    let before = day.council_commits()?;
    let begun = std::time::Instant::now();
    let [facts, commits, holds] = caseload.again(&day.council)?;
    let seconds = begun.elapsed().as_secs_f64();
    let after = day.council_commits()?;
    day.checks.expect(
        "The manager's board counts the children of the caseload who were visited",
        shown == day.visited.len(),
        format!("{shown} of {}", day.visited.len()),
    );
    day.checks.expect(
        "Importing the same caseload again, after the day's work, changes nothing",
        [facts, commits, holds] == [0, 0, 0] && before == after,
        format!("{facts} facts, {commits} commits, {holds} holds; {after} commits at the council before and after"),
    );
    day.checks.figure("caseload, imported again", seconds, "s");
    Ok(())
}

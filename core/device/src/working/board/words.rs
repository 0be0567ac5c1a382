//! The board in lines, as it is printed.

use visitbook_record::calendar::Date;
use visitbook_record::neglect::STEPS;

use super::super::model::{AloneLine, AskedLine, Board, DueChild, WaitingChild};
use crate::clock::Moment;

/// Said where this device may not have everything that the council had by then.
pub(super) fn behind(heard: Option<&Moment>) -> String {
    let last = heard.map_or_else(
        || "This device has heard nothing from the council yet.".to_owned(),
        |at| {
            format!(
                "This device last heard from the council at {} on {}.",
                at.time, at.date
            )
        },
    );
    format!("{last} Sync first: what reached the council later may belong on this page.")
}

/// The lines, the first of which says whose and of when.
pub(super) fn lines(board: &Board, day: Date) -> Vec<String> {
    let first = board.whose.split(' ').next().unwrap_or(&board.whose);
    let when = match &board.at {
        Some(at) => format!("as known at {}", at.time),
        None => "as this device knows it".to_owned(),
    };
    let mut lines = vec![format!("{first}'s board for {}, {when}.", day.words(day))];
    lines.extend(due(&board.due, &board.date));
    if !board.alone.is_empty() {
        lines.push(format!("Spoken to alone: {}.", alone(&board.alone)));
    }
    if !board.also_seen.is_empty() {
        lines.push(format!("Seen and not due: {}.", alone(&board.also_seen)));
    }
    lines.push(format!("Asked for a manager: {}.", board.asked.len()));
    lines.extend(board.asked.iter().map(|one| asked(one, &board.date)));
    let open = board.two_answers.iter().filter(|one| one.open).count();
    lines.push(match (board.two_answers.len(), open) {
        (0, _) => "Two answers: 0.".to_owned(),
        (all, 0) => format!("Two answers: {all}, settled."),
        (all, open) => format!("Two answers: {all}, {open} open."),
    });
    lines.extend(
        board
            .two_answers
            .iter()
            .map(|one| format!("  {}", one.words)),
    );
    if !board.not_met.is_empty() {
        lines.push(format!(
            "Not met, visit after visit: {}. You can {}.",
            board.not_met.len(),
            STEPS.map(|step| step.words).join("; ")
        ));
    }
    lines.extend(board.not_met.iter().map(|one| format!("  {}", one.words)));
    if !board.not_met_closed.is_empty() {
        lines.push(format!(
            "Not met, closed until it is looked at again: {}.",
            board.not_met_closed.len()
        ));
    }
    let closed = board.not_met_closed.iter();
    lines.extend(closed.map(|one| format!("  {}", one.words)));
    lines.push(waiting(&board.waiting));
    lines.extend(board.to_tell.iter().map(|one| one.words.clone()));
    lines.extend(board.opened.iter().map(|one| one.words.clone()));
    if !board.met.is_empty() {
        lines.push(format!("Met, and on nobody's list: {}.", board.met.len()));
    }
    lines.extend(board.met.iter().map(|one| format!("  {}", one.words)));
    lines.extend(board.unopened.iter().map(|one| one.words.clone()));
    lines.push(format!(
        "Written up the same day: {} of {}.",
        board.written_up, board.to_write_up
    ));
    lines.push(format!("Not in the file yet: {}.", board.aside.len()));
    for one in &board.aside {
        let received = one.received.as_ref().map_or_else(String::new, |at| {
            format!(", received {}", at.beside(&board.date))
        });
        lines.push(format!(
            "  {}: a {} by {}{received}",
            one.name, one.kind, one.by
        ));
    }
    if !board.to_sign.is_empty() {
        lines.push(format!("To read and sign: {}.", board.to_sign.len()));
    }
    for one in &board.to_sign {
        lines.push(format!(
            "  {}: {}, finished {}",
            one.name,
            one.by,
            one.finished.beside(&board.date)
        ));
    }
    lines.extend(board.returned.iter().map(|one| one.words.clone()));
    lines
}

/// The last line. It is left out where the lines of two moments are compared: it always differs, and says nothing of a child.
pub(super) fn last_heard(board: &Board) -> Option<String> {
    let heard: Vec<&str> = board.devices.iter().map(|one| one.words.as_str()).collect();
    (!heard.is_empty()).then(|| format!("Last heard: {}.", heard.join("; ")))
}

fn due(all: &[DueChild], day: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for (title, overdue) in [("Overdue", true), ("Due today", false)] {
        let of_these: Vec<&DueChild> = all.iter().filter(|one| one.overdue == overdue).collect();
        if overdue && of_these.is_empty() {
            continue;
        }
        let seen = of_these.iter().filter(|one| one.seen).count();
        let not: Vec<String> = of_these
            .iter()
            .filter_map(|one| not_seen(one, day))
            .collect();
        let mut line = format!(
            "{title} {}: seen {seen}, not seen {}",
            of_these.len(),
            not.len()
        );
        if !not.is_empty() {
            line.push_str(&format!(" ({})", not.join("; ")));
        }
        line.push('.');
        lines.push(line);
    }
    lines
}

fn not_seen(child: &DueChild, day: &str) -> Option<String> {
    let why = child.not_seen.as_ref()?;
    let decided = match &why.decision {
        Some(decision) => format!(
            ": {} decided {}, {}",
            decision.by,
            decision.written.beside(day),
            decision.text.trim_end_matches('.')
        ),
        None if why.state == "no_access" => ": no decision yet".to_owned(),
        None => String::new(),
    };
    Some(format!("{}, {}{decided}", child.name, why.words))
}

fn alone(all: &[AloneLine]) -> String {
    let spoken: Vec<&str> = all
        .iter()
        .filter(|one| one.state == "spoke_alone" && !one.open)
        .map(|one| one.name.as_str())
        .collect();
    let mut parts: Vec<String> = Vec::new();
    if !spoken.is_empty() {
        parts.push(spoken.join(", "));
    }
    for one in all
        .iter()
        .filter(|one| one.state != "spoke_alone" || one.open)
    {
        let state = match one.state.as_str() {
            "spoke_alone" => "alone",
            "too_young" => "too young",
            "alone_not_talking" => "alone and not talking",
            "not_alone" => "not alone",
            _ => "not recorded",
        };
        let mut part = format!("{} {state}", one.name);
        if let Some(because) = &one.because {
            part.push_str(&format!(", {}", lower(because)));
        }
        if one.open {
            part.push_str(" (two answers, not checked yet)");
        }
        if let Some(action) = &one.action {
            part.push_str(&format!(": {}, by {}", action.what, action.by_words));
        }
        parts.push(part);
    }
    parts.join("; ")
}

pub(super) fn lower(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .map(|c| c.to_lowercase().collect())
        .unwrap_or_default();
    first + letters.as_str()
}

fn asked(one: &AskedLine, day: &str) -> String {
    let time = |at: &Moment| at.beside(day);
    let received = one.received.as_ref().map_or_else(
        || "not at the council yet".to_owned(),
        |at| format!("reached the council {}", time(at)),
    );
    let answered = one.decision.as_ref().map_or_else(
        || "not answered yet".to_owned(),
        |decision| format!("answered {} by {}", time(&decision.written), decision.by),
    );
    format!(
        "  {}: marked {} by {}, {received}, {answered}",
        one.who,
        time(&one.marked),
        one.by
    )
}

fn waiting(all: &[WaitingChild]) -> String {
    if all.is_empty() {
        return "Children waiting for an answer: 0.".to_owned();
    }
    let each: Vec<String> = all
        .iter()
        .map(|one| {
            let since = match one.days {
                0 => "today".to_owned(),
                1 => "1 day".to_owned(),
                days => format!("{days} days"),
            };
            let told = if one.answered {
                "; answered, not told yet"
            } else {
                ""
            };
            format!("{} ({since}{told})", one.name)
        })
        .collect();
    format!("Children waiting for an answer: {}.", each.join("; "))
}

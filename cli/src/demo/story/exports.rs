//! Last of all: what the council's returns say of the day, read back from the files that were written.
//!
//! Nothing of this was typed for a return. The ticks of the doorstep, the answer that two people settled, a visit with no
//! answer and the case system's own dates come out as the national tables ask for them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value as Json;

use super::words::SENTENCES;
use crate::demo::cast::{StageError, Staged};
use crate::demo::stage::{Day, list, text};

/// One row of a file, by column.
type Row = BTreeMap<String, String>;

/// The children, as the case system numbers them.
const NAMES: [(&str, &str); 6] = [
    ("C-WREN", "Wren"),
    ("C-FINCH", "Finch"),
    ("C-PIPIT", "Pipit"),
    ("C-MERLE", "Merle"),
    ("C-ROBIN", "Robin"),
    ("C-KITE", "Kite"),
];
const UNBORN: &str = "C-BABY-HAWTHORN";

/// The three tables of visits: file, what its columns begin with, and whose visits of the day it must hold.
const TABLES: [(&str, &str, &str, &[&str], &str); 3] = [
    (
        "cp",
        "ssd_cp_visits.csv",
        "cppv",
        &["C-WREN", "C-FINCH", "C-PIPIT"],
        "Wren Y/N/Y, Finch Y/Y/Y, Pipit Y/N/Y",
    ),
    (
        "cin",
        "ssd_cin_visits.csv",
        "cinv",
        &["C-MERLE", "C-ROBIN"],
        "Merle N/–/–, Robin Y/N/N",
    ),
    ("cla", "ssd_cla_visits.csv", "clav", &["C-KITE"], "Kite Y/Y"),
];
const LIST_6: &str = "annex_a_list_6_children_in_need.csv";
const LIST_7: &str = "annex_a_list_7_child_protection.csv";
const TODAY: &str = "2026-10-27";

/// 19:45, the audit officer asks for the returns.
pub(super) fn checked(day: &mut Day) -> Staged<()> {
    day.at(
        "19:45",
        "County hall",
        "Tansy Burdock",
        "the council's returns",
    )?;
    let folder = day.folder.join("returns");
    let place = folder.display().to_string();
    let made = day.council.run(&["export", &place, "--by", "W-TANSY"])?;
    tables(day, &folder)?;
    statutory_visits(day, &folder)?;
    last_seen(day, &folder)?;
    no_words(day, &folder)?;
    let rows: u64 = list(&made, "files")
        .iter()
        .filter_map(|file| file.get("rows").and_then(Json::as_u64))
        .sum();
    day.engineer(&format!(
        "{} files, {rows} rows, each held to its standard's table; {} lines in exceptions.csv, none of them guessed away",
        list(&made, "files").len(),
        list(&made, "exceptions").len()
    ));
    Ok(())
}

/// Seen, seen alone and bedroom, for every child visited on the day.
fn tables(day: &mut Day, folder: &Path) -> Staged<()> {
    let mut said = Vec::new();
    let mut expected = Vec::new();
    let mut unborn = 0;
    for (kind, file, prefix, children, wanted) in TABLES {
        let rows = rows(folder, file)?;
        let person = format!("{prefix}_person_id");
        unborn += rows
            .iter()
            .filter(|row| cell(row, &person) == UNBORN)
            .count();
        let of_today: Vec<&Row> = rows
            .iter()
            .filter(|row| ends(row, "_visit_date").starts_with(TODAY))
            .collect();
        let mut words: Vec<String> = children
            .iter()
            .flat_map(|child| of_today.iter().filter(|row| cell(row, &person) == *child))
            .map(|row| format!("{} {}", name(&cell(row, &person)), flags(row)))
            .collect();
        // Visits to children of a loaded caseload have rows too; they are checked where they are made.
        let of_the_story = |row: &&&Row| cell(row, &person).starts_with("C-");
        let others = of_today.iter().filter(of_the_story).count();
        let others = others.saturating_sub(words.len());
        if others > 0 {
            words.push(format!("and {others} more"));
        }
        said.push(format!("{kind}: {}", words.join(", ")));
        expected.push(format!("{kind}: {wanted}"));
    }
    let baby = if unborn == 0 {
        "Baby Hawthorn: no row (assessment)".to_owned()
    } else {
        format!("Baby Hawthorn: {unborn} rows")
    };
    said.push(baby);
    expected.push("Baby Hawthorn: no row (assessment)".to_owned());
    day.screen(&said.join("\n"));
    day.checks.expect(
        "The national tables say of each child seen, alone and bedroom what was recorded, cautiously where two answers were open",
        said == expected,
        said.join(" · "),
    );
    Ok(())
}

/// List 7: the last statutory visit, and whether the child was seen alone on it.
fn statutory_visits(day: &mut Day, folder: &Path) -> Staged<()> {
    let rows = rows(folder, LIST_7)?;
    let of = |child: &str, column: &str| {
        let row = rows
            .iter()
            .find(|row| cell(row, "Child Unique ID") == child);
        row.map_or_else(String::new, |row| cell(row, column))
    };
    let children = ["C-WREN", "C-FINCH", "C-PIPIT"];
    let alone = children
        .map(|child| format!("{} {}", name(child), of(child, "Was the Child Seen Alone?")))
        .join(", ");
    let dates: BTreeSet<String> = children
        .map(|child| of(child, "Date of the Last Statutory Visit"))
        .into();
    let dates = dates.into_iter().collect::<Vec<_>>().join(" and ");
    let said = format!("Annex A 7: {alone}, all {dates}");
    day.screen(&said);
    day.checks.expect(
        "Ofsted's list 7 has the day's visit of each of the three, and who was not alone",
        said == "Annex A 7: Wren b) No, Finch a) Yes, Pipit b) No, all 27/10/2026",
        said,
    );
    Ok(())
}

/// List 6: a visit with no answer moves no date. What a script that does not ask whether the child was seen makes of the same
/// rows stands beside it.
fn last_seen(day: &mut Day, folder: &Path) -> Staged<()> {
    let rows_6 = rows(folder, LIST_6)?;
    let merle = rows_6
        .iter()
        .find(|row| cell(row, "Child Unique ID") == "C-MERLE")
        .map(|row| cell(row, "Date Child Was Last Seen"))
        .unwrap_or_default();
    let mut newest = String::new();
    for (_, file, prefix, ..) in TABLES {
        for row in rows(folder, file)? {
            if cell(&row, &format!("{prefix}_person_id")) == "C-MERLE" {
                newest = newest.max(ends(&row, "_visit_date"));
            }
        }
    }
    let parts: Vec<&str> = newest.get(..10).unwrap_or_default().split('-').collect();
    let unasked = match parts.as_slice() {
        [year, month, of_month] => format!("{of_month}/{month}/{year}"),
        _ => String::new(),
    };
    let said = format!(
        "Annex A 6, Merle: {merle} — “the commonly used script would have said {unasked}.”"
    );
    day.screen(&said);
    day.checks.expect(
        "Ofsted's list 6 says when Merle was last seen, and not when somebody last stood at the door",
        merle == "29/09/2026" && unasked == "27/10/2026",
        said,
    );
    Ok(())
}

/// No sentence of the day and no child's name is in any of the files, and the export is noted under the name of who asked.
fn no_words(day: &mut Day, folder: &Path) -> Staged<()> {
    let mut found = Vec::new();
    let mut files = 0;
    for file in std::fs::read_dir(folder)? {
        let text = std::fs::read_to_string(file?.path())?;
        files += 1;
        let names = NAMES.iter().map(|(_, name)| *name);
        let words = SENTENCES
            .into_iter()
            .chain(names)
            .chain(["FM9", "Larkspur"]);
        found.extend(words.filter(|words| text.contains(words)));
    }
    let noted = day.council.run(&["noted"])?;
    let noted = list(&noted, "noted")
        .iter()
        .any(|deed| text(deed, "by") == "W-TANSY" && text(deed, "what").starts_with("exports to"));
    day.checks.expect(
        "No sentence, no name and no restricted address is in the council's returns, and it is noted who made them",
        found.is_empty() && files == 8 && noted,
        format!("{files} files searched; noted: {noted}"),
    );
    Ok(())
}

fn rows(folder: &Path, file: &str) -> Staged<Vec<Row>> {
    let unreadable = |problem: csv::Error| StageError::Unexpected(format!("{file}: {problem}"));
    csv::Reader::from_path(folder.join(file))
        .map_err(unreadable)?
        .deserialize()
        .map(|row| row.map_err(unreadable))
        .collect()
}

fn cell(row: &Row, column: &str) -> String {
    row.get(column).cloned().unwrap_or_default()
}

fn ends(row: &Row, end: &str) -> String {
    let column = row.iter().find(|(column, _)| column.ends_with(end));
    column.map_or_else(String::new, |(_, cell)| cell.clone())
}

/// `Y/N/Y`; what is not recorded, or cannot be, is a dash; a table without bedrooms has none.
fn flags(row: &Row) -> String {
    let ended = |end: &str| row.iter().find(|(column, _)| column.ends_with(end));
    ["_visit_seen", "_seen_alone", "_bedroom"]
        .into_iter()
        .filter_map(ended)
        .map(|(_, cell)| {
            if cell.is_empty() {
                "–"
            } else {
                cell.as_str()
            }
        })
        .collect::<Vec<_>>()
        .join("/")
}

fn name(code: &str) -> &str {
    NAMES
        .iter()
        .find(|(one, _)| *one == code)
        .map_or(code, |(_, name)| *name)
}

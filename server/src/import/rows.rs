//! From files to rows that can be trusted: headers matched tolerantly, every cell checked, every refusal explained.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::NaiveDate;
use visitbook_record::commit::Role;

use super::ImportError;

/// The largest file taken, in bytes: a bomb is refused, a council's whole caseload is far below.
const LARGEST_FILE: u64 = 256 << 20;
/// The longest cell taken, in bytes.
const LONGEST_CELL: usize = 4096;
/// The longest code of a child, worker or period.
const LONGEST_CODE: usize = 48;

/// A row, or a cell of one, that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Rejected {
    /// The file.
    pub file: String,
    /// The row as a spreadsheet numbers it: the header is 1.
    pub row: u64,
    /// The column, by its name in our description; empty for the whole row.
    pub column: String,
    /// What stood there.
    pub value: String,
    /// What to do about it.
    pub reason: String,
}

/// One row: cells by column name, empty ones left out.
pub(super) type Row = BTreeMap<&'static str, String>;

/// Rows with their numbers in the file.
pub(super) type Rows = Vec<(u64, Row)>;

/// The rows of all files.
#[derive(Default)]
pub(super) struct Files {
    pub(super) children: Rows,
    pub(super) periods: Rows,
    pub(super) people: Rows,
    pub(super) alerts: Rows,
    pub(super) workers: Rows,
    pub(super) involvements: Rows,
    pub(super) council: Rows,
}

impl Files {
    pub(super) fn rows(&self) -> usize {
        [
            &self.children,
            &self.periods,
            &self.people,
            &self.alerts,
            &self.workers,
            &self.involvements,
            &self.council,
        ]
        .iter()
        .map(|rows| rows.len())
        .sum()
    }
}

/// What a cell must be.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Check {
    Code,
    Words,
    Date,
    YesNo,
    Role,
}

struct Column {
    name: &'static str,
    needed: bool,
    check: Check,
}

const fn must(name: &'static str, check: Check) -> Column {
    Column {
        name,
        needed: true,
        check,
    }
}

const fn may(name: &'static str, check: Check) -> Column {
    Column {
        name,
        needed: false,
        check,
    }
}

struct Layout {
    file: &'static str,
    columns: &'static [Column],
}

const CHILDREN: Layout = Layout {
    file: "children.csv",
    columns: &[
        must("child_id", Check::Code),
        must("known_as", Check::Words),
        may("family_name", Check::Words),
        may("sex", Check::Words),
        may("gender", Check::Words),
        may("dob", Check::Date),
        may("expected", Check::Date),
        may("ethnicity", Check::Words),
        may("disability", Check::Words),
        may("first_language", Check::Words),
        may("communication", Check::Words),
        may("uasc", Check::YesNo),
        may("family_id", Check::Code),
        may("postcode", Check::Words),
        may("address_restricted", Check::YesNo),
    ],
};

const PERIODS: Layout = Layout {
    file: "periods.csv",
    columns: &[
        must("child_id", Check::Code),
        must("kind", Check::Code),
        may("period_id", Check::Code),
        must("start", Check::Date),
        may("end", Check::Date),
        may("end_reason", Check::Words),
        may("referral_date", Check::Date),
        may("primary_need", Check::Words),
        may("category_initial", Check::Words),
        may("category_latest", Check::Words),
        may("other_la_plan", Check::Words),
        may("previous_plans", Check::Words),
        may("legal_status", Check::Words),
        may("legal_status_start", Check::Date),
        may("placement_id", Check::Words),
        may("placement_start", Check::Date),
        may("placement_type", Check::Words),
        may("placement_provider", Check::Words),
        may("placement_urn", Check::Words),
        may("placement_postcode", Check::Words),
        may("to_18", Check::YesNo),
        may("long_term_foster_agreed", Check::YesNo),
        may("visit_every", Check::Words),
        may("last_seen", Check::Date),
        may("last_alone", Check::Date),
        may("last_bedroom", Check::Date),
        may("last_review", Check::Date),
        may("permanence_plan", Check::Words),
    ],
};

const PEOPLE: Layout = Layout {
    file: "people.csv",
    columns: &[
        must("child_id", Check::Code),
        must("person", Check::Words),
        may("relation", Check::Words),
        may("pr", Check::YesNo),
        may("lives_here", Check::Words),
        may("contact_rule", Check::Words),
        may("note", Check::Words),
    ],
};

const ALERTS: Layout = Layout {
    file: "alerts.csv",
    columns: &[
        must("child_id", Check::Code),
        must("kind", Check::Words),
        must("text", Check::Words),
        may("from", Check::Date),
        may("review_by", Check::Date),
    ],
};

const WORKERS: Layout = Layout {
    file: "workers.csv",
    columns: &[
        must("worker_id", Check::Code),
        must("name", Check::Words),
        may("registration_no", Check::Words),
        may("role", Check::Words),
        may("team_id", Check::Words),
        may("team_name", Check::Words),
        may("manager_id", Check::Code),
        may("phone", Check::Words),
    ],
};

const INVOLVEMENTS: Layout = Layout {
    file: "involvements.csv",
    columns: &[
        must("child_id", Check::Code),
        must("worker_id", Check::Code),
        must("role", Check::Role),
        may("team_id", Check::Words),
        may("start", Check::Date),
        may("end", Check::Date),
        may("change_reason", Check::Words),
    ],
};

const COUNCIL: Layout = Layout {
    file: "council.csv",
    columns: &[
        may("name", Check::Words),
        must("out_of_hours", Check::Words),
    ],
};

/// Reads all files of a folder, and checks that rows name children and workers that are there.
pub(super) fn read(folder: &Path, rejected: &mut Vec<Rejected>) -> Result<Files, ImportError> {
    let layouts = [
        &CHILDREN,
        &PERIODS,
        &PEOPLE,
        &ALERTS,
        &WORKERS,
        &INVOLVEMENTS,
        &COUNCIL,
    ];
    if !layouts
        .iter()
        .any(|layout| folder.join(layout.file).exists())
    {
        return Err(ImportError::NothingThere(folder.display().to_string()));
    }
    Ok(Files {
        children: read_file(folder, &CHILDREN, &["child_id"], rejected)?,
        periods: read_file(
            folder,
            &PERIODS,
            &["child_id", "kind", "period_id", "start"],
            rejected,
        )?,
        people: read_file(folder, &PEOPLE, &["child_id", "person"], rejected)?,
        alerts: read_file(folder, &ALERTS, &["child_id", "kind", "text"], rejected)?,
        workers: read_file(folder, &WORKERS, &["worker_id"], rejected)?,
        involvements: read_file(
            folder,
            &INVOLVEMENTS,
            &["child_id", "worker_id", "start"],
            rejected,
        )?,
        council: read_file(folder, &COUNCIL, &[], rejected)?,
    })
}

fn read_file(
    folder: &Path,
    layout: &Layout,
    key: &[&str],
    rejected: &mut Vec<Rejected>,
) -> Result<Rows, ImportError> {
    let path = folder.join(layout.file);
    if !path.exists() {
        return Ok(Vec::new());
    }
    let file_problem = |problem: &dyn std::fmt::Display| ImportError::File {
        file: layout.file.to_owned(),
        problem: problem.to_string(),
    };
    let size = std::fs::metadata(&path)
        .map_err(|e| file_problem(&e))?
        .len();
    if size > LARGEST_FILE {
        return Err(file_problem(
            &"larger than 256 MiB; a whole caseload is far smaller. Split it, or check what it is",
        ));
    }
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .from_path(&path)
        .map_err(|e| file_problem(&e))?;
    let headers: Vec<String> = reader
        .byte_headers()
        .map_err(|e| file_problem(&e))?
        .iter()
        .map(|header| folded(&String::from_utf8_lossy(header)))
        .collect();
    let place = |name: &str| headers.iter().position(|header| *header == folded(name));
    let columns: Vec<(&Column, usize)> = layout
        .columns
        .iter()
        .filter_map(|column| Some((column, place(column.name)?)))
        .collect();
    if let Some(column) = layout
        .columns
        .iter()
        .find(|column| column.needed && place(column.name).is_none())
    {
        return Err(file_problem(&format!("has no column `{}`", column.name)));
    }
    let mut rows = Vec::new();
    let mut seen: BTreeSet<Vec<String>> = BTreeSet::new();
    for (number, record) in (2..).zip(reader.byte_records()) {
        let reject = |column: &str, value: &str, reason: &str| Rejected {
            file: layout.file.to_owned(),
            row: number,
            column: column.to_owned(),
            value: value.chars().take(80).collect(),
            reason: reason.to_owned(),
        };
        let record = match record {
            Ok(record) => record,
            Err(problem) => {
                rejected.push(reject(
                    "",
                    "",
                    &format!("not a row of this file: {problem}"),
                ));
                continue;
            }
        };
        match read_row(&columns, &record) {
            Ok(row) => {
                let names: Vec<String> = key
                    .iter()
                    .map(|name| row.get(name).cloned().unwrap_or_default())
                    .collect();
                if seen.insert(names) {
                    rows.push((number, row));
                } else {
                    rejected.push(reject(
                        "",
                        "",
                        "the same row stands above; remove one of the two",
                    ));
                }
            }
            Err((column, value, reason)) => rejected.push(reject(column, &value, &reason)),
        }
    }
    Ok(rows)
}

/// Headers are compared without regard to case, spaces, dashes and underscores; a byte order mark is not part of one.
fn folded(header: &str) -> String {
    header
        .trim_start_matches('\u{feff}')
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_lowercase)
        .collect()
}

fn read_row(
    columns: &[(&Column, usize)],
    record: &csv::ByteRecord,
) -> Result<Row, (&'static str, String, String)> {
    let mut row = Row::new();
    for (column, place) in columns {
        let bytes = record.get(*place).unwrap_or_default();
        let lossy = || String::from_utf8_lossy(bytes).into_owned();
        let refuse = |reason: String| (column.name, lossy(), reason);
        let Ok(cell) = std::str::from_utf8(bytes) else {
            return Err(refuse("not UTF-8; save the file as UTF-8".into()));
        };
        if cell.is_empty() {
            if column.needed {
                return Err(refuse("empty, and needed".into()));
            }
            continue;
        }
        row.insert(
            column.name,
            checked(column.check, cell).map_err(|reason| refuse(reason.to_owned()))?,
        );
    }
    Ok(row)
}

fn checked(check: Check, cell: &str) -> Result<String, &'static str> {
    if cell.len() > LONGEST_CELL {
        return Err("longer than 4,096 bytes");
    }
    if cell.chars().any(char::is_control) {
        return Err("holds a control character");
    }
    match check {
        Check::Words => Ok(cell.to_owned()),
        Check::Code => {
            let fits = cell.len() <= LONGEST_CODE
                && cell
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_.:".contains(c));
            if fits {
                Ok(cell.to_owned())
            } else {
                Err("a code has at most 48 letters, digits and - _ . :")
            }
        }
        Check::Date => date(cell).ok_or("not a date; write 2026-10-27 or 27/10/2026"),
        Check::YesNo => match cell.to_ascii_lowercase().as_str() {
            "yes" | "y" | "true" | "1" => Ok("yes".to_owned()),
            "no" | "n" | "false" | "0" => Ok("no".to_owned()),
            _ => Err("write yes or no"),
        },
        Check::Role => {
            let word = cell.to_ascii_lowercase();
            Role::from_word(&word)
                .map(|_| word)
                .ok_or("write allocated, joint, cover or manager")
        }
    }
}

fn date(cell: &str) -> Option<String> {
    let day = cell.split(['T', ' ']).next().unwrap_or(cell);
    let date = NaiveDate::parse_from_str(day, "%Y-%m-%d")
        .or_else(|_| NaiveDate::parse_from_str(day, "%d/%m/%Y"))
        .ok()?;
    let sensible = NaiveDate::from_ymd_opt(1900, 1, 1)?..=NaiveDate::from_ymd_opt(2100, 12, 31)?;
    sensible
        .contains(&date)
        .then(|| date.format("%Y-%m-%d").to_string())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn cells_are_checked() {
        for (check, cell, expected) in [
            (Check::Date, "27/10/2026", Some("2026-10-27")),
            (Check::Date, "2026-10-27T00:00:00", Some("2026-10-27")),
            (Check::Date, "2026-02-30", None),
            (Check::Date, "0026-10-27", None),
            (Check::YesNo, "Y", Some("yes")),
            (Check::YesNo, "perhaps", None),
            (Check::Code, "C-WREN", Some("C-WREN")),
            (Check::Code, "../etc/passwd", None),
            (Check::Role, "Allocated", Some("allocated")),
            (Check::Role, "writer", None),
            (Check::Words, "a\u{0}b", None),
        ] {
            assert_eq!(checked(check, cell).ok().as_deref(), expected, "{cell}");
        }
    }

    #[test]
    fn headers_are_matched_tolerantly() {
        for header in ["child_id", "Child ID", "\u{feff}CHILD-ID", "childId"] {
            assert_eq!(folded(header), "childid");
        }
    }

    #[test]
    fn bad_rows_are_reported_and_good_ones_taken() {
        let folder = tempfile::tempdir().unwrap();
        let text = "Child ID,Known As,DOB\nC-1,Wren,2012-03-08\n,Nobody,\nC-3,Finch,31/02/2012\nC-1,Wren again,\n";
        std::fs::write(folder.path().join("children.csv"), text).unwrap();
        let mut rejected = Vec::new();
        let files = read(folder.path(), &mut rejected).unwrap();
        assert_eq!(
            files
                .children
                .iter()
                .map(|(number, _)| *number)
                .collect::<Vec<_>>(),
            [2]
        );
        let places: Vec<_> = rejected
            .iter()
            .map(|r| (r.row, r.column.as_str()))
            .collect();
        assert_eq!(places, [(3, "child_id"), (4, "dob"), (5, "")]);
    }

    #[test]
    fn a_folder_without_files_is_an_error_that_says_so() {
        let folder = tempfile::tempdir().unwrap();
        assert!(matches!(
            read(folder.path(), &mut Vec::new()),
            Err(ImportError::NothingThere(_))
        ));
    }
}

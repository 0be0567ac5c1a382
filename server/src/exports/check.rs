//! Every row against its table, before anything is written; and the list of what did not fit.
//!
//! The rule: a row that could not be loaded (its key is blank, malformed, taken, or the key of something that is not there) is not
//! written. Any other cell that breaks its column's rule is left blank and the row is written, because a row with a gap
//! that is named is worth more to a council than no row. Nothing is shortened, and no code is guessed. Both kinds are listed.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::layout::{Column, Key, Sort, Table};

/// One thing that somebody has to look at.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Exception {
    /// The file; `visits` for a visit that stands in none.
    pub file: String,
    /// The first cell of the row: the visit's or the child's name. Empty where it is about every row.
    pub row_key: String,
    /// The column of the file, or the question of the visit's form.
    pub column: String,
    /// The code or date concerned. Never a word that somebody wrote.
    pub value: String,
    /// What is the matter, and what to do.
    pub reason: String,
    /// Whether the row is in the file.
    pub written: Written,
}

/// Whether the row that an exception is about is in its file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Written {
    /// It is.
    Yes,
    /// It is not.
    No,
}

/// A row before it is checked: cells by column.
#[derive(Debug, Clone, Default)]
pub(super) struct Row(BTreeMap<&'static str, String>);

impl Row {
    /// Sets a cell. An absent answer leaves it blank.
    pub(super) fn set(&mut self, column: &'static str, cell: Option<impl Into<String>>) {
        if let Some(cell) = cell {
            self.0.insert(column, cell.into());
        }
    }

    fn cell(&self, column: &Column) -> &str {
        self.0.get(column.name).map_or("", String::as_str)
    }

    /// What names the row in the list of exceptions.
    pub(super) fn key(&self, table: &Table) -> String {
        table
            .columns
            .first()
            .map_or("", |first| self.cell(first))
            .to_owned()
    }
}

/// The keys that rows may refer to.
pub(super) type Known = BTreeSet<(Key, String)>;

/// A file ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Checked {
    pub(super) file: &'static str,
    pub(super) header: Vec<&'static str>,
    pub(super) rows: Vec<Vec<String>>,
}

/// Checks all rows of a file and adds what does not fit to the list.
pub(super) fn check(
    table: &'static Table,
    rows: Vec<Row>,
    known: &Known,
    exceptions: &mut Vec<Exception>,
) -> Checked {
    for column in table.columns.iter().filter(|column| column.not_held) {
        let needed = if column.needed {
            "; the standard wants it"
        } else {
            ""
        };
        exceptions.push(Exception {
            file: table.file.to_owned(),
            row_key: String::new(),
            column: column.name.to_owned(),
            value: String::new(),
            reason: format!(
                "not held here, so blank in every row{needed}: fill it in from the case system"
            ),
            written: Written::Yes,
        });
    }
    let said: BTreeSet<(String, String)> = exceptions
        .iter()
        .filter(|one| one.file == table.file)
        .map(|one| (one.row_key.clone(), one.column.clone()))
        .collect();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    let mut kept = Vec::with_capacity(rows.len());
    for row in rows {
        let key = row.key(table);
        let (cells, found) = check_row(table, &row, known, &taken);
        let written = if cells.is_some() {
            Written::Yes
        } else {
            Written::No
        };
        for (column, value, reason) in found {
            // Why it is blank has been said where it was left out.
            if value.is_empty() && said.contains(&(key.clone(), column.name.to_owned())) {
                continue;
            }
            exceptions.push(Exception {
                file: table.file.to_owned(),
                row_key: key.clone(),
                column: column.name.to_owned(),
                value,
                reason,
                written,
            });
        }
        if let Some(cells) = cells {
            taken.insert(key);
            kept.push(cells);
        } else if !taken.contains(&key) {
            // What was said beside the row is now said of a row that is not there.
            let beside = exceptions.iter_mut();
            beside
                .filter(|one| one.file == table.file && one.row_key == key)
                .for_each(|one| one.written = Written::No);
        }
    }
    Checked {
        file: table.file,
        header: table.columns.iter().map(|column| column.name).collect(),
        rows: kept,
    }
}

type Found = Vec<(&'static Column, String, String)>;

fn check_row(
    table: &'static Table,
    row: &Row,
    known: &Known,
    taken: &BTreeSet<String>,
) -> (Option<Vec<String>>, Found) {
    let mut found: Found = Vec::new();
    let mut loadable = true;
    let mut cells = Vec::with_capacity(table.columns.len());
    for column in table.columns {
        let cell = row.cell(column);
        let problem = if cell.is_empty() {
            let gap = column.needed && !column.not_held;
            gap.then(|| "blank, and the standard wants it".to_owned())
        } else {
            misfit(column.sort, cell).or_else(|| match column.key {
                None => None,
                Some(Key::Unique) => taken
                    .contains(cell)
                    .then(|| "a row with this key stands in the file already".to_owned()),
                Some(key) => (!known.contains(&(key, cell.to_owned())))
                    .then(|| format!("there is no such {}", thing(key))),
            })
        };
        let fits = problem.is_none();
        if let Some(reason) = problem {
            loadable &= column.key.is_none();
            found.push((column, cell.chars().take(80).collect(), reason));
        }
        cells.push(if fits { cell.to_owned() } else { String::new() });
    }
    (loadable.then_some(cells), found)
}

const fn thing(key: Key) -> &'static str {
    match key {
        Key::Unique => "row",
        Key::CinChild => "child with a child in need plan",
        Key::CpChild => "child with a child protection plan",
        Key::CpPlan => "child protection plan",
        Key::ClaChild => "child in care",
        Key::ClaPeriod => "period of care",
        Key::Child => "child in the case system",
    }
}

/// Why a cell is not what its column takes.
fn misfit(sort: Sort, cell: &str) -> Option<String> {
    if cell.chars().any(char::is_control) {
        return Some("holds a control character or a new line; left blank".to_owned());
    }
    let length = cell.chars().count();
    match sort {
        Sort::Id if length > 48 => Some("longer than 48 characters".to_owned()),
        Sort::Id if cell.contains(char::is_whitespace) => {
            Some("an identifier holds no spaces".to_owned())
        }
        Sort::Text(most) if length > most => {
            Some(format!("longer than {most} characters; left blank"))
        }
        Sort::DateTime if !is_date_time(cell) => Some("not a date and time; left blank".to_owned()),
        Sort::Day if !is_day(cell) => Some("not a date; left blank".to_owned()),
        Sort::Flag if !["Y", "N"].contains(&cell) => Some("not Y or N; left blank".to_owned()),
        Sort::Number if !cell.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some("not a whole number; left blank".to_owned())
        }
        Sort::Code(codes) if !codes.contains(&cell) => {
            Some("not a code of the standard; left blank".to_owned())
        }
        _ => None,
    }
}

fn is_date_time(cell: &str) -> bool {
    let day = cell.strip_suffix("T00:00:00");
    day.is_some_and(|day| day.parse::<visitbook_record::calendar::Date>().is_ok())
}

fn is_day(cell: &str) -> bool {
    let parts: Vec<&str> = cell.split('/').collect();
    let [day, month, year] = parts.as_slice() else {
        return false;
    };
    format!("{year}-{month}-{day}")
        .parse::<visitbook_record::calendar::Date>()
        .is_ok()
}

#[cfg(test)]
mod tests {
    use super::super::layout::{self, CP_VISITS, LIST_7};
    use super::*;

    fn visit(id: &str) -> Row {
        let mut row = Row::default();
        for (column, cell) in [
            ("cppv_cp_visit_id", id),
            ("cppv_person_id", "C-WREN"),
            ("cppv_cp_plan_id", "CP-101"),
            ("cppv_cp_visit_date", "2026-10-27T00:00:00"),
            ("cppv_cp_visit_seen", "Y"),
        ] {
            row.set(column, Some(cell));
        }
        row
    }

    fn known() -> Known {
        Known::from([
            (Key::CpChild, "C-WREN".to_owned()),
            (Key::CpPlan, "CP-101".to_owned()),
        ])
    }

    #[test]
    fn a_row_that_fits_is_written_as_it_is() {
        let mut exceptions = Vec::new();
        let file = check(&CP_VISITS, vec![visit("v1")], &known(), &mut exceptions);
        let row = ["v1", "C-WREN", "CP-101", "2026-10-27T00:00:00", "Y", "", ""];
        assert_eq!(file.rows, [row]);
        assert_eq!(exceptions, []);
    }

    /// Each breach with whether the row is written and which column is named.
    #[test]
    fn a_broken_key_keeps_a_row_out_and_any_other_cell_is_left_blank() {
        let long = "v".repeat(49);
        let most = "v".repeat(48);
        let accents = "é".repeat(48);
        for (column, cell, written, named) in [
            (
                "cppv_cp_visit_id",
                long.as_str(),
                0,
                Some("cppv_cp_visit_id"),
            ),
            ("cppv_cp_visit_id", most.as_str(), 1, None),
            ("cppv_cp_visit_id", accents.as_str(), 1, None),
            ("cppv_cp_visit_id", "v 1", 0, Some("cppv_cp_visit_id")),
            ("cppv_person_id", "C-NOBODY", 0, Some("cppv_person_id")),
            ("cppv_cp_plan_id", "CP-999", 0, Some("cppv_cp_plan_id")),
            ("cppv_cp_plan_id", "", 0, Some("cppv_cp_plan_id")),
            (
                "cppv_cp_visit_date",
                "27/10/2026",
                1,
                Some("cppv_cp_visit_date"),
            ),
            (
                "cppv_cp_visit_date",
                "2026-02-30T00:00:00",
                1,
                Some("cppv_cp_visit_date"),
            ),
            ("cppv_cp_visit_date", "", 1, Some("cppv_cp_visit_date")),
            ("cppv_cp_visit_seen", "yes", 1, Some("cppv_cp_visit_seen")),
            ("cppv_cp_visit_seen", "", 1, None),
        ] {
            let mut row = visit("v1");
            row.set(column, Some(cell));
            let mut exceptions = Vec::new();
            let file = check(&CP_VISITS, vec![row], &known(), &mut exceptions);
            assert_eq!(file.rows.len(), written, "{column} {cell}");
            let columns: Vec<&str> = exceptions.iter().map(|e| e.column.as_str()).collect();
            assert_eq!(columns, Vec::from_iter(named), "{column} {cell}");
            let expected = if written == 1 {
                Written::Yes
            } else {
                Written::No
            };
            assert!(exceptions.iter().all(|e| e.written == expected));
        }
    }

    #[test]
    fn two_rows_with_one_key_are_one_row_and_one_exception() {
        let mut exceptions = Vec::new();
        let rows = vec![visit("v1"), visit("v1")];
        let file = check(&CP_VISITS, rows, &known(), &mut exceptions);
        assert_eq!((file.rows.len(), exceptions.len()), (1, 1));
    }

    #[test]
    fn a_cell_with_a_new_line_is_left_blank() {
        let mut row = Row::default();
        row.set("Child Unique ID", Some("C-WREN"));
        row.set("Allocated Worker", Some("Rowan\nTeasel"));
        let mut exceptions = Vec::new();
        let file = check(&LIST_7, vec![row], &known(), &mut exceptions);
        assert_eq!(file.rows[0].last().map(String::as_str), Some(""));
        assert!(exceptions.iter().any(|e| e.reason.contains("new line")));
    }

    proptest::proptest! {
        /// Whatever comes in, what goes out fits its table, and what does not fit is named.
        #[test]
        fn no_cell_that_breaks_a_rule_is_written(
            cells in proptest::collection::vec("(|Y|N|v1|C-WREN|CP-101|2026-10-27T00:00:00|\\PC{0,60}|[\\x00-\\x7f]{0,4})", 7),
        ) {
            let mut row = Row::default();
            for (column, cell) in CP_VISITS.columns.iter().zip(&cells) {
                row.set(column.name, Some(cell.as_str()));
            }
            let mut exceptions = Vec::new();
            let file = check(&CP_VISITS, vec![row], &known(), &mut exceptions);
            for written in &file.rows {
                for ((column, given), cell) in CP_VISITS.columns.iter().zip(&cells).zip(written) {
                    let fits = cell.is_empty() || misfit(column.sort, cell).is_none();
                    proptest::prop_assert!(fits, "{} {cell:?}", column.name);
                    let named = exceptions.iter().any(|one| one.column == column.name);
                    proptest::prop_assert!(cell == given || named, "{} {given:?}", column.name);
                    proptest::prop_assert!(column.key.is_none() || !cell.is_empty());
                }
            }
            proptest::prop_assert!(!file.rows.is_empty() || !exceptions.is_empty());
        }
    }

    /// The tables themselves: no header twice, a key first, and every column of the standard there.
    #[test]
    fn the_tables_are_whole() {
        let sizes = layout::ALL.map(|table| table.columns.len());
        assert_eq!(sizes, [6, 7, 6, 12, 14, 17, 34]);
        for table in layout::ALL {
            let names: BTreeSet<&str> = table.columns.iter().map(|column| column.name).collect();
            assert_eq!(names.len(), table.columns.len(), "{}", table.file);
            assert!(table.columns[0].needed && table.columns[0].key.is_some());
            for column in table.columns.iter().filter(|column| column.key.is_some()) {
                assert!(column.needed, "{} {}", table.file, column.name);
            }
            let items = table
                .columns
                .iter()
                .filter(|column| !column.item.is_empty());
            let expected = if table.file.starts_with("ssd_") {
                table.columns.len()
            } else {
                0
            };
            assert_eq!(items.count(), expected, "{}", table.file);
        }
    }
}

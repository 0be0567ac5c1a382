//! From a CSV file to rows that can be trusted: every cell checked, every refusal explained.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use chrono::NaiveDate;

use super::ImportError;
use super::cells::checked;
use super::layouts::{self, Column, Layout, Need};
use super::rejected::{Rejected, Rejects};
use super::scan::{Letters, Shape, scan};

/// One row: cells by column name, empty ones left out.
pub(super) type Row = BTreeMap<&'static str, String>;

/// Rows with their numbers in the file.
pub(super) type Rows = Vec<(u64, Row)>;

/// A cell of a row; empty if it is not there.
pub(super) fn cell<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).map_or("", String::as_str)
}

/// A file whose columns were known.
pub(super) struct Table {
    /// The file's name.
    pub(super) file: String,
    /// What it is.
    pub(super) layout: &'static Layout,
    /// The known columns that it has.
    pub(super) columns: BTreeSet<&'static str>,
    /// The rows taken.
    pub(super) rows: Rows,
    /// Children whose own row was not taken, with its number.
    pub(super) spoilt: BTreeMap<String, u64>,
}

/// Reads a file. `None` if it is none of the known tables.
///
/// # Errors
/// [`ImportError::File`]: the file as a whole is not to be read, and nothing of the import is to be written.
pub(super) fn read(
    path: &Path,
    file: &str,
    today: NaiveDate,
    rejects: &mut Rejects,
) -> Result<Option<Table>, ImportError> {
    let problem = |problem: &dyn std::fmt::Display| ImportError::File {
        file: file.to_owned(),
        problem: problem.to_string(),
    };
    let letters = scan(path, Shape::Csv).map_err(|e| problem(&e))?;
    let mut reader = csv::ReaderBuilder::new()
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(delimiter(path).map_err(|e| problem(&e))?)
        .from_path(path)
        .map_err(|e| problem(&e))?;
    let header: Vec<String> = reader
        .byte_headers()
        .map_err(|e| problem(&e))?
        .iter()
        .map(|head| layouts::folded(&letters.text(head)))
        .collect();
    let Some(layout) = layouts::of(&header, file) else {
        return Ok(None);
    };
    if let Some(column) = layout.lacks(&header) {
        return Err(problem(&format!("has no column `{column}`")));
    }
    let mut reading = Reading {
        file,
        layout,
        letters,
        today,
        cells: header.len(),
        places: layout.places(&header),
        rejects,
        seen: BTreeSet::new(),
        table: Table {
            file: file.to_owned(),
            layout,
            columns: BTreeSet::new(),
            rows: Vec::new(),
            spoilt: BTreeMap::new(),
        },
    };
    reading.table.columns = reading
        .places
        .iter()
        .map(|(column, _)| column.name)
        .collect();
    for (number, record) in (2..).zip(reader.byte_records()) {
        match record {
            Ok(record) => reading.take(number, &record),
            Err(error) => {
                reading.refuse(number, "", "", &format!("not a row of this file: {error}"))
            }
        }
    }
    Ok(Some(reading.table))
}

/// Spreadsheets of some settings write semicolons or tabs.
fn delimiter(path: &Path) -> std::io::Result<u8> {
    use std::io::{BufRead, BufReader, Read};
    let mut first = Vec::new();
    BufReader::new(std::fs::File::open(path)?.take(64 << 10)).read_until(b'\n', &mut first)?;
    let count = |wanted: u8| first.iter().filter(|byte| **byte == wanted).count();
    Ok([b',', b';', b'\t']
        .into_iter()
        .rev()
        .max_by_key(|wanted| count(*wanted))
        .unwrap_or(b','))
}

struct Reading<'a> {
    file: &'a str,
    layout: &'static Layout,
    letters: Letters,
    today: NaiveDate,
    /// How many cells the header has.
    cells: usize,
    places: Vec<(&'static Column, usize)>,
    rejects: &'a mut Rejects,
    /// The keys of the rows taken.
    seen: BTreeSet<Vec<String>>,
    table: Table,
}

impl Reading<'_> {
    fn take(&mut self, number: u64, record: &csv::ByteRecord) {
        if record.iter().all(<[u8]>::is_empty) {
            return;
        }
        if record
            .iter()
            .skip(self.cells)
            .any(|extra| !extra.is_empty())
        {
            let reason = format!(
                "has {} cells and the header {}; put quotation marks around a text with a comma",
                record.len(),
                self.cells
            );
            self.spoil(number, record);
            return self.refuse(number, "", "", &reason);
        }
        let row = match self.row(number, record) {
            Ok(row) => row,
            Err((column, value, reason)) => {
                self.spoil(number, record);
                return self.refuse(number, column, &value, &reason);
            }
        };
        let out_of_order = |(first, second): &&(&str, &str)| match (row.get(first), row.get(second))
        {
            (Some(a), Some(b)) => a > b,
            _ => false,
        };
        if let Some((first, second)) = self.layout.order.iter().find(out_of_order) {
            let reason = format!("earlier than {first}, {}", cell(&row, first));
            self.spoil(number, record);
            return self.refuse(number, second, cell(&row, second), &reason);
        }
        let key: Vec<String> = self
            .layout
            .key
            .iter()
            .map(|name| cell(&row, name).to_owned())
            .collect();
        if !key.is_empty() && !self.seen.insert(key) {
            return self.refuse(
                number,
                "",
                "",
                "the same row stands above; remove one of the two",
            );
        }
        self.table.rows.push((number, row));
    }

    /// The row; or the cell that spoils it, and why.
    fn row(
        &mut self,
        number: u64,
        record: &csv::ByteRecord,
    ) -> Result<Row, (&'static str, String, String)> {
        let mut row = Row::new();
        for (column, place) in &self.places {
            let bytes = record.get(*place).unwrap_or_default();
            let text = self.letters.text(bytes);
            if text.is_empty() {
                if column.need == Need::Must {
                    return Err((column.name, String::new(), "empty, and needed".into()));
                }
                continue;
            }
            match checked(column.check, &text, self.today) {
                Ok(value) => {
                    row.insert(column.name, value);
                }
                Err(reason) if column.need == Need::Loose => {
                    self.rejects
                        .cell(self.file, number, column.name, &text, &reason);
                }
                Err(reason) => return Err((column.name, text.into_owned(), reason)),
            }
        }
        Ok(row)
    }

    fn refuse(&mut self, number: u64, column: &str, value: &str, reason: &str) {
        self.rejects
            .row(Rejected::new(self.file, number, column, value, reason));
    }

    /// What else the files say of this child has nothing to stand on.
    fn spoil(&mut self, number: u64, record: &csv::ByteRecord) {
        let Some(name) = self
            .layout
            .child_column()
            .filter(|_| self.layout.is_the_childs_own())
        else {
            return;
        };
        let place = self.places.iter().find(|(column, _)| column.name == name);
        let id = place
            .and_then(|(_, place)| record.get(*place))
            .unwrap_or_default();
        if !id.is_empty() {
            let id = self.letters.text(id).into_owned();
            self.table.spoilt.entry(id).or_insert(number);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn taken(name: &str, bytes: &[u8]) -> (Table, Vec<Rejected>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let mut rejects = Rejects::default();
        let today = NaiveDate::from_ymd_opt(2026, 10, 27).unwrap();
        let table = read(&path, name, today, &mut rejects).unwrap().unwrap();
        (table, rejects.all)
    }

    fn places(rejected: &[Rejected]) -> Vec<(u64, &str)> {
        rejected
            .iter()
            .map(|r| (r.row, r.column.as_str()))
            .collect()
    }

    #[test]
    fn bad_rows_are_reported_and_good_ones_taken() {
        let text = "Child ID,Known As,DOB,Postcode\nC-1,Wren,2012-03-08,\n,Nobody,,\nC-3,Finch,31/02/2012,\nC-1,Wren again,,\n,,,\nC-4,Robin,,nope\nC-5,Kite,,FM1 1AA,too,many\n";
        let (table, rejected) = taken("any.csv", text.as_bytes());
        let numbers: Vec<u64> = table.rows.iter().map(|(number, _)| *number).collect();
        assert_eq!(numbers, [2, 7]);
        assert_eq!(
            places(&rejected),
            [
                (3, "child_id"),
                (4, "dob"),
                (5, ""),
                (7, "postcode"),
                (8, "")
            ]
        );
        let spoilt: Vec<(&str, u64)> = table
            .spoilt
            .iter()
            .map(|(id, row)| (id.as_str(), *row))
            .collect();
        assert_eq!(spoilt, [("C-3", 4), ("C-5", 8)]);
    }

    #[test]
    fn other_letters_and_other_separators_are_read() {
        let windows = b"child_id;known_as\r\nC-1;Ren\xe9e\r\n";
        let (table, rejected) = taken("x.csv", windows);
        assert_eq!(rejected, []);
        assert_eq!(cell(&table.rows[0].1, "known_as"), "Renée");
        let marked = "\u{feff}child_id\tknown_as\nC-1\tZoë\n";
        assert_eq!(
            cell(&taken("x.csv", marked.as_bytes()).0.rows[0].1, "known_as"),
            "Zoë"
        );
    }

    #[test]
    fn dates_out_of_order_spoil_the_row() {
        let text =
            "CHILD,DECOM,RNE,DEC\nBIRD1,01/02/2026,S,31/01/2026\nBIRD1,01/02/2026,S,01/02/2026\n";
        let (table, rejected) = taken("e.csv", text.as_bytes());
        assert_eq!(table.rows.len(), 1);
        assert_eq!(places(&rejected), [(2, "DEC")]);
    }

    #[test]
    fn a_known_file_without_a_needed_column_says_which() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("children.csv");
        std::fs::write(&path, "child_id,first\nC-1,Wren\n").unwrap();
        let today = NaiveDate::from_ymd_opt(2026, 10, 27).unwrap();
        let problem = read(&path, "children.csv", today, &mut Rejects::default())
            .err()
            .unwrap();
        assert!(problem.to_string().contains("known_as"), "{problem}");
    }
}

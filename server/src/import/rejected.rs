//! What was not taken, and why: for the person who mends the files.

use std::io;
use std::path::Path;

/// A row, or a cell of one, that was not taken.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Rejected {
    /// The file.
    pub file: String,
    /// The row as a spreadsheet numbers it: the header is 1. In an XML file the line.
    pub row: u64,
    /// The column, by its name in the standard; empty for the whole row.
    pub column: String,
    /// What stood there, its first 80 characters.
    pub value: String,
    /// What is wrong, and whether the rest of the row was taken.
    pub reason: String,
}

impl Rejected {
    pub(super) fn new(file: &str, row: u64, column: &str, value: &str, reason: &str) -> Self {
        Self {
            file: file.to_owned(),
            row,
            column: column.to_owned(),
            value: value.chars().take(80).collect(),
            reason: reason.to_owned(),
        }
    }
}

/// All that was not taken, and how many rows of it as a whole.
#[derive(Debug, Default)]
pub(super) struct Rejects {
    pub(super) all: Vec<Rejected>,
    pub(super) rows: usize,
}

impl Rejects {
    /// A row that was not taken.
    pub(super) fn row(&mut self, rejected: Rejected) {
        self.all.push(rejected);
        self.rows += 1;
    }

    /// A cell that was left out of a row that was taken.
    pub(super) fn cell(&mut self, file: &str, row: u64, column: &str, value: &str, reason: &str) {
        let reason = format!("{reason}; the rest of the row was taken");
        self.all
            .push(Rejected::new(file, row, column, value, &reason));
    }
}

/// The first line of a list.
pub(super) const HEADER: &str = "file,row,column,value,reason";

/// Writes the list as CSV, or removes an older list if there is nothing to write: a left-over would be taken for news.
///
/// # Errors
/// The file could not be written or removed, or is there and is no such list.
pub fn write(place: &Path, rejected: &[Rejected]) -> io::Result<()> {
    match std::fs::read(place) {
        Ok(there) if !there.is_empty() && !there.starts_with(HEADER.as_bytes()) => {
            let problem = "is there already and is no list of rejected rows; name another file";
            return Err(io::Error::new(io::ErrorKind::AlreadyExists, problem));
        }
        Ok(_) if rejected.is_empty() => return std::fs::remove_file(place),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(_) | Err(_) => {}
    }
    if rejected.is_empty() {
        return Ok(());
    }
    let mut writer = csv::Writer::from_path(place).map_err(io::Error::other)?;
    for row in rejected {
        let value = harmless(&row.value);
        writer
            .serialize(Rejected {
                value,
                ..row.clone()
            })
            .map_err(io::Error::other)?;
    }
    writer.flush()
}

/// A spreadsheet takes a cell that begins so for a formula and runs it.
fn harmless(value: &str) -> String {
    if value.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{value}")
    } else {
        value.to_owned()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_value_cannot_run_in_a_spreadsheet_and_a_left_over_list_goes() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("rejected.csv");
        let row = Rejected::new(
            "a.csv",
            2,
            "postcode",
            "=HYPERLINK(\"x\")",
            "not a whole postcode",
        );
        write(&place, &[row]).unwrap();
        let text = std::fs::read_to_string(&place).unwrap();
        assert!(text.starts_with(&format!("{HEADER}\n")), "{text}");
        assert!(text.contains("\"'=HYPERLINK"), "{text}");
        write(&place, &[]).unwrap();
        assert!(!place.exists());
        write(&place, &[]).unwrap();
    }

    #[test]
    fn another_file_is_never_written_over_or_removed() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("children.csv");
        std::fs::write(&place, "child_id,known_as\n").unwrap();
        let row = Rejected::new("a.csv", 2, "postcode", "x", "not a whole postcode");
        assert!(write(&place, &[row]).is_err());
        assert!(write(&place, &[]).is_err());
        assert!(place.exists());
    }
}

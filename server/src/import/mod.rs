//! Bringing in what the case system knows: children, periods, people, alerts, staff, and who holds whom.
//!
//! From the council's own CSV files, the SSDA903 return and the children in need census, told apart by what is in them. All files
//! are read and checked before anything is written; good rows are taken, every other row or cell is reported with file, row,
//! column, value and reason. Identifiers follow from the codes in the files, and only what differs from what this import last
//! said is written, so reading the same files twice changes nothing. Imported facts keep their source and date, what a worker
//! wrote is never replaced, and a row that is no longer there takes nothing away.

mod apply;
mod caseload;
mod cells;
mod cin;
mod codes;
mod council;
mod dependants;
mod involvements;
mod layouts;
mod places;
mod rejected;
mod returns;
mod scan;
mod standing;
mod table;
mod xml;

use std::path::Path;

use chrono::NaiveDate;
use visitbook_record::time::WallMillis;

use crate::store::{Storage, StoreError};
use crate::suite::Suite;
use crate::writer::{Writer, WriterError};

use caseload::Caseload;
use places::{Place, Sort};
use rejected::Rejects;

pub(crate) use involvements::give_to_managers;
pub use rejected::{Rejected, write as write_rejected};

/// Why an import stopped. What was written before stays, and the same import may be run again.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// There is nothing of what can be taken.
    #[error(
        "{0} holds none of what can be taken: the council's own files (children.csv, periods.csv, people.csv, workers.csv, \
         involvements.csv, alerts.csv, council.csv), the tables of an SSDA903 return (header, episodes, reviews, …), or a \
         children in need census (XML)"
    )]
    NothingThere(String),
    /// A file as a whole is not to be read. Nothing was written.
    #[error("{file} {problem}. Nothing was taken.")]
    File {
        /// The file.
        file: String,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server could not write.
    #[error(transparent)]
    Writer(#[from] WriterError),
}

/// A file, and what it was taken for.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Detected {
    /// The file.
    pub file: String,
    /// What it is, or why it was not read.
    pub what: String,
    /// Rows of it that were taken; of a census, children.
    pub rows: usize,
}

/// What an import came to.
#[derive(Debug, Default, serde::Serialize)]
pub struct Report {
    /// The files, and what each was taken for.
    pub detected: Vec<Detected>,
    /// Rows taken, new or not.
    pub rows: usize,
    /// Children of whom anything was said.
    pub children: usize,
    /// Their codes, in order.
    pub codes: Vec<String>,
    /// Periods of theirs.
    pub periods: usize,
    /// Times in care whose beginning is not in the files; the earliest day told stands in for it.
    pub care_begun_before: usize,
    /// Facts written because they were new or had changed.
    pub facts_written: usize,
    /// Facts that stood already.
    pub facts_unchanged: usize,
    /// Commits that took.
    pub commits: usize,
    /// Holds of a worker on a child that began.
    pub assignments_begun: usize,
    /// Holds that ended.
    pub assignments_ended: usize,
    /// Rows that were not taken.
    pub rejected_rows: usize,
    /// Cells that were left out of rows that were taken.
    pub cells_left_out: usize,
    /// All of these.
    pub rejected: Vec<Rejected>,
}

/// How far an import has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress<'a> {
    /// What is being done.
    pub doing: &'a str,
    /// How many are done.
    pub done: usize,
    /// Of how many; nought where that is not known.
    pub of: usize,
}

/// Reads a file or folder and writes what is new. Blocks; some children at a time are a transaction.
///
/// # Errors
/// [`ImportError`]. A bad row is no error: it is in the report.
pub fn import(
    store: &dyn Storage,
    suite: &dyn Suite,
    writer: &Writer,
    now: WallMillis,
    path: &Path,
) -> Result<Report, ImportError> {
    import_with(store, suite, writer, now, path, &mut |_| {})
}

/// As [`import`], saying now and then how far it has come.
///
/// # Errors
/// As [`import`].
pub fn import_with(
    store: &dyn Storage,
    suite: &dyn Suite,
    writer: &Writer,
    now: WallMillis,
    path: &Path,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Report, ImportError> {
    let today = today(now);
    let mut report = Report::default();
    let mut rejects = Rejects::default();
    let caseload = read(
        store,
        writer,
        path,
        today,
        &mut report,
        &mut rejects,
        progress,
    )?;
    report.children = caseload.children.len();
    report.codes = caseload.children.keys().cloned().collect();
    report.periods = caseload.count("period");
    let applying = apply::Applying {
        store,
        suite,
        writer,
        now,
        today,
    };
    applying.all(&caseload, &mut report, &mut rejects, progress)?;
    report.rejected_rows = rejects.rows;
    report.cells_left_out = rejects.all.len() - rejects.rows;
    report.rejected = rejects.all;
    Ok(report)
}

/// The day at the council.
fn today(now: WallMillis) -> NaiveDate {
    chrono::DateTime::from_timestamp_millis(now.0).map_or(NaiveDate::MAX, |moment| {
        moment
            .with_timezone(&chrono_tz::Europe::London)
            .date_naive()
    })
}

fn read(
    store: &dyn Storage,
    writer: &Writer,
    path: &Path,
    today: NaiveDate,
    report: &mut Report,
    rejects: &mut Rejects,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Caseload, ImportError> {
    let places = places::of(path)?;
    let mut tables = Vec::new();
    let mut caseload = Caseload::default();
    let detected = |file: &str, what: &str, rows| Detected {
        file: file.to_owned(),
        what: what.to_owned(),
        rows,
    };
    // Of two census files the one that stands last in the alphabet is the newer, and what is said first stands.
    for Place { path, file, sort } in places.iter().rev() {
        progress(Progress {
            doing: &format!("reading {file}"),
            done: 0,
            of: 0,
        });
        match sort {
            Sort::Csv => match table::read(path, file, today, rejects)? {
                Some(table) => tables.push(table),
                None => {
                    report
                        .detected
                        .push(detected(file, "not read: its columns are not known", 0))
                }
            },
            Sort::Census => {
                let census = cin::read(path, file, today, &mut caseload, rejects)?;
                report.rows += census.children + census.parts;
                report
                    .detected
                    .push(detected(file, "children in need census", census.children));
            }
            Sort::Other(why) => report.detected.push(detected(file, why, 0)),
        }
    }
    if tables.is_empty() && !places.iter().any(|place| place.sort == Sort::Census) {
        return Err(ImportError::NothingThere(path.display().to_string()));
    }
    tables.reverse();
    dependants::check(store, writer.council, &mut tables, &caseload, rejects)?;
    for table in &mut tables {
        if table.layout.table == layouts::Table::NotTaken {
            table.rows.clear();
        }
        report.rows += table.rows.len();
        report
            .detected
            .push(detected(&table.file, table.layout.what, table.rows.len()));
    }
    report.detected.sort_by(|a, b| a.file.cmp(&b.file));
    let mut all = Caseload::default();
    council::add(writer.council, &tables, &mut all);
    all.append(caseload);
    report.care_begun_before = returns::add(&tables, &mut all, rejects).begun_before;
    Ok(all)
}

//! Bringing in what the case system knows: children, periods, people, alerts, staff, and who holds whom.
//!
//! CSV files with tolerant headers. Good rows are taken, every other row is reported with file, row, column, value and
//! reason. Identifiers follow from the codes in the files, and only what differs from what stands is written, so reading the
//! same files twice changes nothing. Imported facts keep their source and date and are never edited by anybody.

mod apply;
mod rows;

use std::path::Path;

use visitbook_record::time::WallMillis;

use crate::store::{Storage, StoreError};
use crate::suite::Suite;
use crate::writer::{Writer, WriterError};

pub(crate) use apply::give_to_managers;
pub use rows::Rejected;

/// Why an import stopped. What was written before stays, and the same import may be run again.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The folder holds none of the files.
    #[error(
        "{0} holds none of children.csv, periods.csv, people.csv, workers.csv, involvements.csv, alerts.csv, council.csv"
    )]
    NothingThere(String),
    /// A file could not be read.
    #[error("{file}: {problem}")]
    File {
        /// Which.
        file: String,
        /// What the system said.
        problem: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server could not write.
    #[error(transparent)]
    Writer(#[from] WriterError),
}

/// What an import came to.
#[derive(Debug, Default, serde::Serialize)]
pub struct Report {
    /// Rows taken, new or not.
    pub rows: usize,
    /// Facts written because they were new or had changed.
    pub facts_written: usize,
    /// Facts that stood already.
    pub facts_unchanged: usize,
    /// Holds of a worker on a child that began.
    pub assignments_begun: usize,
    /// Holds that ended.
    pub assignments_ended: usize,
    /// Rows that were not taken.
    pub rejected: Vec<Rejected>,
}

/// Reads the folder and writes what is new. Blocks; each child is a transaction of its own.
///
/// # Errors
/// [`ImportError`]. A bad row is no error: it is in the report.
pub fn import(
    store: &dyn Storage,
    suite: &dyn Suite,
    writer: &Writer,
    now: WallMillis,
    folder: &Path,
) -> Result<Report, ImportError> {
    let mut report = Report::default();
    let files = rows::read(folder, &mut report.rejected)?;
    report.rows = files.rows();
    apply::apply(store, suite, writer, now, &files, &mut report)?;
    Ok(report)
}

//! What support may know of the open book; see [`crate::diagnostics`].

use std::collections::BTreeMap;

use visitbook_record::time::WallMillis;

use super::Working;
use crate::clock::Moment;
use crate::diagnostics::{Book, Diagnostics};
use crate::error::ReadError;
use crate::store::StoreError;

impl Working {
    /// What support may know of an open device. Reads the whole book: seconds for a large one.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn diagnostics(&self) -> Result<Diagnostics, ReadError> {
        let now = self.clock.read().wall;
        Ok(Diagnostics {
            sealed_waiting: Some(self.sealed_waiting()),
            has_pin: Some(self.image.has_pin()),
            book: Some(self.book_diagnostics()?),
            ..Diagnostics::of_folder(self.folder.path(), now, None)
        })
    }

    fn book_diagnostics(&self) -> Result<Book, ReadError> {
        let (unlocked, heard): (i64, Option<i64>) =
            self.store
                .reader
                .query_row("SELECT generation, heard FROM meta", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
        let mut states = BTreeMap::new();
        for record in self.statuses()? {
            *states.entry(record.status.code.to_string()).or_default() += 1;
        }
        let mut alarms: BTreeMap<String, (u32, Moment)> = BTreeMap::new();
        for alarm in self.alarms()? {
            let newest = alarms.entry(alarm.kind).or_insert((0, alarm.at));
            newest.0 += 1;
        }
        let found = self.verify()?;
        Ok(Book {
            layout: self.layout()?,
            rows: self.rows()?,
            unlocked,
            newest: self.me.seq,
            states,
            heard: heard.map(|at| Moment::of(WallMillis(at))),
            alarms,
            checked: found.own_commits + found.other_commits + found.receipts + found.payloads,
            problems: found.problems.len(),
        })
    }

    fn layout(&self) -> Result<i64, StoreError> {
        let reader = &self.store.reader;
        Ok(reader.query_row("PRAGMA user_version", [], |row| row.get(0))?)
    }

    fn rows(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        let reader = &self.store.reader;
        let mut tables = reader.prepare(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE 'found%'",
        )?;
        let mut rows = tables.query([])?;
        let mut counted = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let table: String = row.get(0)?;
            let count = format!("SELECT count(*) FROM {table}");
            counted.insert(table, reader.query_row(&count, [], |row| row.get(0))?);
        }
        Ok(counted)
    }
}

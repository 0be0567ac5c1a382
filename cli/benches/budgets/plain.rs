//! The alternative: the same visits in plain SQLite, without a key, a signature or a log, as a careful programmer would lay
//! them out: a narrow row with a covering index for lists, the text in a table of its own, a search index without content.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};

use super::office::CHILDREN;
use super::words::note;

/// Visits in plain SQLite.
pub(crate) struct Plain {
    path: std::path::PathBuf,
    db: Connection,
    written: usize,
}

fn connect(path: &Path) -> Connection {
    let db = Connection::open(path).unwrap();
    db.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000;",
    )
    .unwrap();
    db
}

impl Plain {
    pub(crate) fn new(folder: &Path) -> Self {
        let path = folder.join("plain.db");
        let db = connect(&path);
        db.execute_batch(
            "CREATE TABLE visit (no INTEGER PRIMARY KEY, child INTEGER, date INTEGER, arrived TEXT, outcome TEXT, place TEXT,
                mode TEXT, seen TEXT, alone TEXT, bedroom TEXT, safe_now TEXT, finished INTEGER, author TEXT) STRICT;
             CREATE INDEX visit_timeline ON visit (child, date DESC, arrived, outcome, seen, alone, bedroom, safe_now, finished, author);
             CREATE INDEX visit_day ON visit (date);
             CREATE TABLE note (no INTEGER PRIMARY KEY, visit INTEGER, words TEXT, text TEXT) STRICT;
             CREATE VIRTUAL TABLE found USING fts5 (text, content = '', contentless_delete = 1, tokenize = 'unicode61 remove_diacritics 2');",
        )
        .unwrap();
        Self {
            path,
            db,
            written: 0,
        }
    }

    /// Goes on to so many visits, five hundred a transaction.
    pub(crate) fn fill(&mut self, to: usize) {
        while self.written < to {
            let end = (self.written + 500).min(to);
            let tx = self.db.transaction().unwrap();
            for number in self.written..end {
                let text = note(number, 1_500);
                let no = number as i64;
                tx.prepare_cached("INSERT INTO visit VALUES (?1, ?2, ?3, '09:40', 'went_ahead', 'home', 'in_person', 'yes', 'spoke_alone', 'seen', 'no_worry_today', 1, 'Rowan Teasel')")
                    .unwrap()
                    .execute(params![no, no % CHILDREN as i64, no / CHILDREN as i64])
                    .unwrap();
                let words = format!("I told you {number} times, I want to stay at my school");
                tx.prepare_cached("INSERT INTO note VALUES (?1, ?1, ?2, ?3)")
                    .unwrap()
                    .execute(params![no, words, text])
                    .unwrap();
                tx.prepare_cached("INSERT INTO found (rowid, text) VALUES (?1, ?2)")
                    .unwrap()
                    .execute(params![no, format!("{words} {text}")])
                    .unwrap();
            }
            tx.commit().unwrap();
            self.written = end;
        }
        self.db
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .unwrap();
    }

    /// Opens the file anew and reads the day's list: what a phone does first.
    pub(crate) fn open(&self) -> Duration {
        let start = Instant::now();
        let db = connect(&self.path);
        self.day(&db);
        start.elapsed()
    }

    /// The visits of the last day.
    pub(crate) fn today(&self) {
        self.day(&self.db);
    }

    fn day(&self, db: &Connection) {
        let last = (self.written.saturating_sub(1) / CHILDREN) as i64;
        let rows = rows(
            db,
            "SELECT no, child, date, arrived, outcome, seen, alone, bedroom, safe_now, finished, author FROM visit WHERE date = ?1",
            last,
        );
        assert!(rows > 0);
    }

    /// Fifty visits to one child, the newest first.
    pub(crate) fn list(&self) {
        let rows = rows(
            &self.db,
            "SELECT no, child, date, arrived, outcome, seen, alone, bedroom, safe_now, finished, author FROM visit WHERE child = ?1
                ORDER BY date DESC LIMIT 50",
            0,
        );
        assert!(rows > 0);
    }

    /// The newest fifty notes with a word.
    pub(crate) fn search(&self, word: &str) {
        let mut found = self
            .db
            .prepare_cached(
                "SELECT note.text, visit.child, visit.author FROM found JOIN note ON note.no = found.rowid
                    JOIN visit ON visit.no = note.visit WHERE found MATCH ?1 ORDER BY found.rowid DESC LIMIT 50",
            )
            .unwrap();
        let mut rows = found.query([format!("\"{word}\"*")]).unwrap();
        let mut count = 0;
        while let Some(row) = rows.next().unwrap() {
            std::hint::black_box(row.get::<_, String>(0).unwrap());
            count += 1;
        }
        assert!(count > 0);
    }
}

fn rows(db: &Connection, query: &str, value: i64) -> usize {
    let mut statement = db.prepare_cached(query).unwrap();
    let mut rows = statement.query([value]).unwrap();
    let mut count = 0;
    while let Some(row) = rows.next().unwrap() {
        std::hint::black_box(row.get::<_, String>(10).unwrap());
        count += 1;
    }
    count
}

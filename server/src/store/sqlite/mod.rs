//! The server's memory in one encrypted file: SQLCipher with a raw key, write-ahead log, every commit synced.
//!
//! One connection writes and one reads; `serve` and the administrator's commands may have the same file open at once, so every
//! write transaction takes the write lock at its beginning and reads its positions inside. Calls block on the disk and are
//! made from worker threads. No error path deletes or truncates anything: a file that does not open stays as it is.

mod attachments;
mod key;
mod newest;
mod payload_keys;
mod read;
mod redactions;
mod rows;
mod write;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use visitbook_seal::secret::Secret32;

use self::newest::{Newest, Note};
use self::payload_keys::PayloadKeys;
use self::rows::failed;
use super::{ReadWork, Storage, StoreError, WriteWork};

/// Steps from each version to the next, in order; the first makes version 1 of nothing.
const STEPS: [&str; SCHEMA_VERSION] = [concat!(
    include_str!("schema.sql"),
    include_str!("attachments.sql"),
    include_str!("redactions.sql")
)];
pub(crate) const SCHEMA_VERSION: usize = 1;

/// How long a transaction waits for another process's.
const PATIENCE: Duration = Duration::from_secs(10);

/// Pages copied at a time by a back-up.
const COPY_PAGES: i32 = 1024;

/// Why a database did not open. The file stays where it is, as it is.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no database at this place.
    #[error("there is no database at {0}")]
    NotThere(PathBuf),
    /// There is one already.
    #[error("there is a database at {0} already")]
    Exists(PathBuf),
    /// The key is not the one this file was made with, or the file's first page is damaged; these cannot be told apart.
    #[error("the database does not open with this key, or its beginning is damaged")]
    WrongKey,
    /// The file is empty, or what it begins with is not what this program writes.
    #[error("the database is empty or damaged")]
    Damaged,
    /// The file was made by another version.
    #[error("the database has schema {0}, and this version reads schema {SCHEMA_VERSION}")]
    OtherSchema(String),
    /// It lacks an entry that was made: its write-ahead log is lost, or an older copy was put in its place.
    #[error("the database is older than what this council has told its devices")]
    WentBack,
    /// The note of the newest entry, beside it, cannot be opened or made.
    #[error("the note beside the database: {0}")]
    Note(std::io::Error),
    /// The engine failed otherwise.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The embedded store.
pub struct SqliteStore {
    writer: Mutex<Side>,
    reader: Mutex<Side>,
    note: Note,
}

/// One connection with the keys it has opened.
pub(super) struct Side {
    db: Connection,
    keys: PayloadKeys,
    /// What the transaction added last to a log.
    added: Option<Newest>,
}

impl SqliteStore {
    /// Makes an empty database at `path`, which must not exist.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn create(path: &Path, key: &Secret32, master: &Secret32) -> Result<Self, OpenError> {
        if path.exists() {
            return Err(OpenError::Exists(path.to_owned()));
        }
        let db = connect(path, key, OpenFlags::SQLITE_OPEN_CREATE).map_err(failed)?;
        settings(&db).map_err(failed)?;
        step_up(&db, 0, &STEPS).map_err(failed)?;
        drop(db);
        Self::open(path, key, master)
    }

    /// Opens the database at `path`.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(path: &Path, key: &Secret32, master: &Secret32) -> Result<Self, OpenError> {
        if !path.exists() {
            return Err(OpenError::NotThere(path.to_owned()));
        }
        let side = || -> Result<Side, OpenError> {
            let db = connect(path, key, OpenFlags::empty()).map_err(failed)?;
            let at = check(&db)?;
            settings(&db).map_err(failed)?;
            if at < SCHEMA_VERSION {
                step_up(&db, at, &STEPS).map_err(failed)?;
            }
            let keys = PayloadKeys::new(master);
            let added = None;
            Ok(Side { db, keys, added })
        };
        let writer = side()?;
        let note = Note::open(path).map_err(OpenError::Note)?;
        if !note.is_in(&writer.db).map_err(failed)? {
            return Err(OpenError::WentBack);
        }
        let reader = side()?;
        reader
            .db
            .pragma_update(None, "query_only", true)
            .map_err(failed)?;
        Ok(Self {
            writer: Mutex::new(writer),
            reader: Mutex::new(reader),
            note,
        })
    }

    /// Copies the database at `from` as it is at one moment to `to`, which must not exist, under another key and salt, through
    /// SQLite's backup interface: others may read and write it meanwhile, and none of that is in the copy.
    ///
    /// # Errors
    /// [`OpenError`]; a half-made copy may be left.
    pub fn copy(
        from: &Path,
        key: &Secret32,
        to: &Path,
        new_key: &Secret32,
    ) -> Result<(), OpenError> {
        if to.exists() {
            return Err(OpenError::Exists(to.to_owned()));
        }
        if !from.exists() {
            return Err(OpenError::NotThere(from.to_owned()));
        }
        let source = connect(from, key, OpenFlags::empty()).map_err(failed)?;
        check(&source)?;
        let mut copy = connect(to, new_key, OpenFlags::SQLITE_OPEN_CREATE).map_err(failed)?;
        // One open read transaction is one moment, however long the copying takes.
        begin(&source, "BEGIN")?;
        let count = "SELECT count(*) FROM meta";
        source.query_row(count, [], |_| Ok(())).map_err(failed)?;
        let mut work = || {
            let backup = rusqlite::backup::Backup::new(&source, &mut copy)?;
            backup.run_to_completion(COPY_PAGES, Duration::ZERO, None)
        };
        work().map_err(failed)?;
        Ok(())
    }

    /// Moves the write-ahead log into the database file, so that a plain copy of the file is complete.
    ///
    /// # Errors
    /// [`StoreError`]; nothing is lost then, the log simply stays.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        let side = lock(&self.writer);
        side.db
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
            .map_err(failed)
    }

    /// What the engine finds wrong with the file: first its pages' authentication, then its structure. Empty if nothing.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn integrity(&self) -> Result<Vec<String>, StoreError> {
        let side = lock(&self.reader);
        let mut found = Vec::new();
        for (pragma, fine) in [
            ("PRAGMA cipher_integrity_check", None),
            ("PRAGMA integrity_check", Some("ok")),
        ] {
            let mut statement = side.db.prepare(pragma).map_err(failed)?;
            let lines = statement
                .query_map([], |row| row.get::<_, String>(0))
                .map_err(failed)?;
            for line in lines {
                let line = line.map_err(failed)?;
                if Some(line.as_str()) != fine {
                    found.push(line);
                }
            }
        }
        Ok(found)
    }
}

impl SqliteStore {
    /// The layout of the file, and how many rows each table has.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn rows(&self) -> Result<BTreeMap<String, i64>, StoreError> {
        let side = lock(&self.reader);
        let mut names = side
            .db
            .prepare(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'",
            )
            .map_err(failed)?;
        let names = names
            .query_map([], |row| row.get::<_, String>(0))
            .map_err(failed)?;
        let mut counted = BTreeMap::new();
        for name in names {
            let name = name.map_err(failed)?;
            let count = format!("SELECT count(*) FROM {name}");
            let rows = side
                .db
                .query_row(&count, [], |row| row.get(0))
                .map_err(failed)?;
            counted.insert(name, rows);
        }
        Ok(counted)
    }
}

impl Storage for SqliteStore {
    fn read(&self, work: ReadWork<'_>) -> Result<(), StoreError> {
        let side = lock(&self.reader);
        let transaction = Transaction::begin(&side, "BEGIN")?;
        work(&*side)?;
        transaction.finish("COMMIT")
    }

    fn write(&self, work: WriteWork<'_>) -> Result<(), StoreError> {
        let mut side = lock(&self.writer);
        begin(&side.db, "BEGIN IMMEDIATE")?;
        side.added = None;
        Writing(Some(&mut side)).run(work)?;
        if let Some(newest) = &side.added
            && let Err(error) = self.note.write(newest)
        {
            tracing::warn!(%error, "the newest entry was not noted");
        }
        Ok(())
    }
}

/// Gives a read transaction up unless it is finished.
struct Transaction<'a>(&'a Side);

impl<'a> Transaction<'a> {
    fn begin(side: &'a Side, how: &str) -> Result<Self, StoreError> {
        begin(&side.db, how)?;
        Ok(Self(side))
    }

    fn finish(self, how: &str) -> Result<(), StoreError> {
        self.0.db.execute_batch(how).map_err(failed)
    }
}

impl Drop for Transaction<'_> {
    fn drop(&mut self) {
        give_up(self.0);
    }
}

/// Gives a write transaction up unless it was committed, also when the work panics.
struct Writing<'a>(Option<&'a mut Side>);

impl Writing<'_> {
    fn run(mut self, work: WriteWork<'_>) -> Result<(), StoreError> {
        let Some(side) = self.0.as_deref_mut() else {
            return Err(StoreError::Abandoned);
        };
        work(side)?;
        side.db.execute_batch("COMMIT").map_err(failed)?;
        self.0 = None;
        Ok(())
    }
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if let Some(side) = self.0.as_deref() {
            give_up(side);
            // Also after a failed COMMIT, which may have ended the transaction by itself.
            side.keys.forget();
        }
    }
}

fn give_up(side: &Side) {
    if !side.db.is_autocommit() {
        // If even this fails, the next BEGIN fails too, and says so.
        let _ = side.db.execute_batch("ROLLBACK");
    }
}

fn begin(db: &Connection, how: &str) -> Result<(), StoreError> {
    db.execute_batch(how).map_err(failed)
}

fn lock(side: &Mutex<Side>) -> MutexGuard<'_, Side> {
    // A thread that panicked inside a transaction has rolled it back on its way out.
    side.lock().unwrap_or_else(PoisonError::into_inner)
}

fn connect(path: &Path, key: &Secret32, create: OpenFlags) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE
        | create;
    // SQLite calls SQLCipher's start after it has let go of its own lock: of two threads which open the first databases of the
    // process at one moment the second may meet a library that cannot encrypt yet. Here everybody waits for the first.
    static STARTED: Once = Once::new();
    STARTED.call_once(|| drop(Connection::open_in_memory()));
    let db = Connection::open_with_flags(path, flags)?;
    key::set(&db, key)?;
    db.busy_timeout(PATIENCE)?;
    db.execute_batch("PRAGMA cipher_log_level = NONE; PRAGMA cipher_memory_security = OFF;")?;
    Ok(db)
}

/// The file's version, which is one that this program reads.
fn check(db: &Connection) -> Result<usize, OpenError> {
    let schema: String = db
        .query_row("SELECT value FROM meta WHERE key = 'schema'", [], |row| {
            row.get(0)
        })
        .map_err(|error| match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => OpenError::WrongKey,
            // No such table: SQLite takes an empty file for an empty database.
            Some(ErrorCode::Unknown | ErrorCode::DatabaseCorrupt) => OpenError::Damaged,
            _ => OpenError::Store(failed(error)),
        })?;
    let at = schema.parse().ok();
    at.filter(|at| (1..=SCHEMA_VERSION).contains(at))
        .ok_or(OpenError::OtherSchema(schema))
}

/// Brings a file from a version to the newest in one transaction. On an error the connection is to be dropped, which leaves the
/// file as it was.
fn step_up(db: &Connection, at: usize, steps: &[&str]) -> Result<(), rusqlite::Error> {
    db.execute_batch("BEGIN IMMEDIATE")?;
    for step in steps.iter().skip(at) {
        db.execute_batch(step)?;
    }
    if at == 0 {
        db.execute("INSERT INTO meta (key, value) VALUES ('epoch', '1')", [])?;
    }
    db.execute(
        "INSERT INTO meta (key, value) VALUES ('schema', ?1)
         ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        [steps.len().to_string()],
    )?;
    db.execute_batch("COMMIT")
}

fn settings(db: &Connection) -> Result<(), rusqlite::Error> {
    db.execute_batch(
        "PRAGMA journal_mode = WAL;
         PRAGMA synchronous = FULL;
         PRAGMA foreign_keys = ON;
         PRAGMA secure_delete = ON;
         PRAGMA cell_size_check = ON;
         PRAGMA mmap_size = 0;
         PRAGMA cache_size = -65536;",
    )?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    db.set_prepared_statement_cache_capacity(64);
    Ok(())
}

#[cfg(test)]
mod tests;

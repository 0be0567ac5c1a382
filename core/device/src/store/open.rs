//! Opening the store: in the order, and with the settings, that keep content out of every other file and never turn a
//! missing or damaged file into a new, empty one.

use std::path::Path;
use std::sync::Once;

use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::limits::Limit;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use visitbook_seal::vault::VaultKeys;

use super::{key, memory};

/// The layout this version writes.
pub(crate) const SCHEMA_VERSION: i64 = 1;

/// Steps from each version to the next, in order; the first makes version 1 of nothing.
pub(super) const MIGRATIONS: [&str; 1] = [include_str!("schema.sql")];

/// Pages of 4096 bytes that make a file larger than nothing.
const SMALLEST: u64 = 4096;

/// Why the store did not do what was asked. Whatever it says, the file is where it was.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no database where one must be.
    #[error("the book is missing from this device")]
    Missing,
    /// The file was written under another key: another device's book, or one put back from before its key was changed.
    #[error("the book belongs to another key")]
    WrongKey,
    /// The file opens under this vault's key and says that it is another vault's.
    #[error("the book belongs to another vault")]
    WrongVault,
    /// The file is cut short, changed or empty.
    #[error("the book is damaged")]
    Damaged,
    /// A newer version of the app wrote it.
    #[error("the book was written by a newer version")]
    NewerVersion,
    /// The storage is full; nothing was changed.
    #[error("the phone's storage is full")]
    Full,
    /// The file system failed; nothing was changed.
    #[error("the book could not be read or written")]
    Io,
    /// A row is not what this program writes.
    #[error("a row of the book cannot be read: {0}")]
    Row(&'static str),
    /// SQLite refused a statement of this program's own.
    #[error("the book refused a statement (code {0})")]
    Sql(i32),
}

impl From<rusqlite::Error> for StoreError {
    /// Keeps the code and drops SQLite's text, which can quote content.
    fn from(error: rusqlite::Error) -> Self {
        let rusqlite::Error::SqliteFailure(inner, _) = error else {
            return Self::Row("a column has another type");
        };
        match inner.code {
            ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt => Self::Damaged,
            ErrorCode::DiskFull => Self::Full,
            ErrorCode::CannotOpen => Self::Missing,
            ErrorCode::SystemIoFailure | ErrorCode::ReadOnly | ErrorCode::PermissionDenied => {
                Self::Io
            }
            _ => Self::Sql(inner.extended_code),
        }
    }
}

/// An open store: one connection that writes, one that only reads.
pub(crate) struct Store {
    pub(crate) writer: Connection,
    pub(crate) reader: Connection,
}

impl Store {
    /// Opens an existing store. `keys` have recognised the database key already; the file is not written to unless its
    /// layout is an older one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(crate) fn open(path: &Path, keys: &VaultKeys) -> Result<Self, StoreError> {
        let length = match std::fs::metadata(path) {
            Ok(file) => file.len(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(StoreError::Missing);
            }
            Err(_) => return Err(StoreError::Io),
        };
        // SQLite takes an empty file for a new database, and would make one.
        if length < SMALLEST {
            return Err(StoreError::Damaged);
        }
        let mut writer = connect(path, keys, OpenFlags::SQLITE_OPEN_READ_WRITE)
            .map_err(|error| explain(error, path, keys))?;
        migrate(&mut writer, &MIGRATIONS)?;
        let mut reader = connect(path, keys, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        reader.pragma_update(None, "query_only", true)?;
        guard(&mut writer)?;
        guard(&mut reader)?;
        Ok(Self { writer, reader })
    }

    /// A store of nothing, to stand in the place of one that has to be closed while its file is replaced.
    pub(crate) fn nothing() -> Result<Self, StoreError> {
        Ok(Self {
            writer: Connection::open_in_memory()?,
            reader: Connection::open_in_memory()?,
        })
    }

    /// Copies everything, page by page, into a new file under other keys, lets `last` change the copy, and closes it: when this
    /// returns the copy is durable and whole.
    ///
    /// # Errors
    /// [`StoreError`]; a half-made file may be left at `path`, and this store is unchanged.
    pub(crate) fn copy_to(
        &self,
        path: &Path,
        keys: &VaultKeys,
        last: impl FnOnce(&Connection) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
        let mut copy = connect(path, keys, flags)?;
        let step = rusqlite::backup::Backup::new(&self.writer, &mut copy)?.step(-1)?;
        if step != rusqlite::backup::StepResult::Done {
            return Err(StoreError::Io);
        }
        last(&copy)?;
        copy.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        copy.close().map_err(|(_, error)| StoreError::from(error))?;
        let synced = std::fs::File::open(path).and_then(|file| file.sync_all());
        synced.map_err(|_| StoreError::Io)
    }

    /// Everything into the main file, then closes. What SQLite frees is wiped; where that could not be arranged before its start,
    /// `cipher_memory_security` makes SQLCipher wipe from here on.
    ///
    /// # Errors
    /// [`StoreError`] if the checkpoint failed; the WAL then stays and is read at the next opening.
    pub(crate) fn close(self) -> Result<(), StoreError> {
        let Self { writer, reader } = self;
        let secured = if memory::is_wiped() {
            Ok(())
        } else {
            reader.pragma_update(None, "cipher_memory_security", true)
        };
        drop(reader);
        let checkpoint = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()));
        drop(writer);
        secured?;
        Ok(checkpoint?)
    }

    /// Copies the WAL into the main file as far as no reader is in the way.
    pub(crate) fn checkpoint(&self) -> Result<(), StoreError> {
        Ok(self
            .writer
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))?)
    }
}

/// Makes a new store at `path`, which must not exist, lets `fill` write its first rows, and closes it again whole, without
/// a WAL beside it, ready to be renamed into place.
///
/// # Errors
/// [`StoreError`]; a half-made file may be left at `path`.
pub(crate) fn create(
    path: &Path,
    keys: &VaultKeys,
    fill: impl FnOnce(&Connection) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE;
    let mut writer = connect(path, keys, flags)?;
    migrate(&mut writer, &MIGRATIONS)?;
    fill(&writer)?;
    writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    writer.close().map_err(|(_, error)| StoreError::from(error))
}

/// Starts SQLite and SQLCipher once for the process. SQLite calls SQLCipher's start after it has let go of its own lock
/// (`sqlite3_initialize`), so that of two threads which open the first databases at one moment the second may meet a library
/// that cannot encrypt yet. Here everybody waits for the first.
fn start() {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        if !memory::wipe_from_the_start() {
            tracing::warn!(
                "SQLite was started by something else: its memory is wiped from the first lock on"
            );
        }
        drop(Connection::open_in_memory());
    });
}

fn connect(path: &Path, keys: &VaultKeys, flags: OpenFlags) -> Result<Connection, StoreError> {
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_PRIVATE_CACHE;
    start();
    let connection = Connection::open_with_flags(path, flags)?;
    key::set(&connection, &keys.raw_key_spec())?;
    connection
        .query_row("PRAGMA cipher_log_level = NONE", [], |_| Ok(()))
        .ok();
    // The first read: a wrong key or a damaged first page shows here.
    connection.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
    settings(&connection)?;
    Ok(connection)
}

/// A connection with all its settings, before the guard that keeps them from being read and changed.
#[cfg(test)]
pub(super) fn connect_for_tests(path: &Path, keys: &VaultKeys) -> Result<Connection, StoreError> {
    connect(path, keys, OpenFlags::SQLITE_OPEN_READ_WRITE)
}

/// A book in clear, so that its pages can be searched.
#[cfg(test)]
pub(super) fn plain_for_tests(path: &Path) -> Result<Connection, StoreError> {
    start();
    let mut connection = Connection::open(path)?;
    settings(&connection)?;
    migrate(&mut connection, &MIGRATIONS)?;
    Ok(connection)
}

/// Recursive triggers are on because without them REPLACE removes a row and fires no trigger, and so would pass the ones
/// that make the log append-only.
fn settings(connection: &Connection) -> Result<(), StoreError> {
    connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    connection.execute_batch(
        "PRAGMA synchronous = FULL;
         PRAGMA fullfsync = ON;
         PRAGMA checkpoint_fullfsync = ON;
         PRAGMA foreign_keys = ON;
         PRAGMA recursive_triggers = ON;
         PRAGMA secure_delete = ON;
         PRAGMA cell_size_check = ON;
         PRAGMA mmap_size = 0;
         PRAGMA cache_size = -16000;
         PRAGMA temp_store = MEMORY;
         PRAGMA wal_autocheckpoint = 8000;
         PRAGMA cipher_memory_security = OFF;
         PRAGMA busy_timeout = 5000;",
    )?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_limit(Limit::SQLITE_LIMIT_SQL_LENGTH, 100_000)?;
    connection.set_limit(Limit::SQLITE_LIMIT_EXPR_DEPTH, 100)?;
    connection.set_limit(Limit::SQLITE_LIMIT_VARIABLE_NUMBER, 1_000)?;
    connection.set_limit(Limit::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1_000)?;
    connection.set_limit(Limit::SQLITE_LIMIT_ATTACHED, 0)?;
    connection.set_prepared_statement_cache_capacity(128);
    Ok(())
}

/// Pragmas that this program, or FTS5 on its behalf, still needs once a store is open.
const ALLOWED_PRAGMAS: [&str; 6] = [
    "wal_checkpoint",
    "cipher_memory_security",
    "integrity_check",
    "cipher_integrity_check",
    "data_version",
    "user_version",
];

fn guard(connection: &mut Connection) -> Result<(), StoreError> {
    connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } => Authorization::Deny,
        AuthAction::Pragma { pragma_name, .. } if !ALLOWED_PRAGMAS.contains(&pragma_name) => {
            Authorization::Deny
        }
        _ => Authorization::Allow,
    }))?;
    Ok(())
}

/// All steps from the file's version on, in one transaction.
pub(super) fn migrate(connection: &mut Connection, steps: &[&str]) -> Result<(), StoreError> {
    let at: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    let at = usize::try_from(at).unwrap_or(0);
    if at > steps.len() {
        return Err(StoreError::NewerVersion);
    }
    let transaction = connection.transaction()?;
    for step in steps.iter().skip(at) {
        transaction.execute_batch(step)?;
    }
    if at == 0 {
        transaction.execute(
            "INSERT INTO found (found, rank) VALUES ('secure-delete', 1)",
            [],
        )?;
    }
    if at < steps.len() {
        let newest = i64::try_from(steps.len()).unwrap_or(i64::MAX);
        transaction.pragma_update(None, "user_version", newest)?;
    }
    Ok(transaction.commit()?)
}

/// SQLite cannot tell a wrong key from a damaged first page. The salt at the head of the file can: it is another one in a
/// file that was written under another key.
fn explain(error: StoreError, path: &Path, keys: &VaultKeys) -> StoreError {
    if !matches!(error, StoreError::Damaged) {
        return error;
    }
    let mut head = [0; 16];
    let read = std::fs::File::open(path)
        .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut head));
    match read {
        Ok(()) if head != *keys.database_salt() => StoreError::WrongKey,
        _ => StoreError::Damaged,
    }
}

//! The newest entry of all logs, noted beside the database, so that a database which went back is not taken for the council's.
//!
//! If the write-ahead log is lost while the file stays, or an older copy is put in the file's place, the database is in perfect
//! order and lacks what devices hold receipts for. Serving it would give the same positions to other commits, and the devices
//! would never send again what they were told is safe. Only a restore brings that back (`docs/backup-and-restore.md`), so such
//! a database does not open.
//!
//! The note is written after each transaction that adds to a log, never before, so it can be older than the database and not
//! newer. It is not flushed: a power cut may leave an older one. One that is missing or does not read is made anew.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, OptionalExtension, params};
use visitbook_record::digest::ScopeDigest;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_seal::sha256;

use super::rows::encode;

/// Of the file: longer than any note, and within one sector of a disk.
const LENGTH: usize = 256;
/// Of the checksum before it.
const SUM: usize = 32;

/// One entry of a log: where it stands, and the digest of its scope after it.
pub(super) struct Newest {
    pub(super) scope: Scope,
    pub(super) at: LogPosition,
    pub(super) digest: ScopeDigest,
}

/// The note's file.
pub(super) struct Note(File);

impl Note {
    /// Opens the note beside the database at `path`, or begins one.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create(true).truncate(false);
        Ok(Self(options.mode(0o600).open(beside(path))?))
    }

    /// Puts a note in the place of the one before.
    pub(super) fn write(&self, newest: &Newest) -> io::Result<()> {
        let mut note = newest.at.epoch.to_be_bytes().to_vec();
        note.extend(newest.at.position.to_be_bytes());
        note.extend(newest.digest.to_bytes());
        let scope = encode(&newest.scope);
        note.extend(u16::try_from(scope.len()).unwrap_or(0).to_be_bytes());
        note.extend(scope);
        note.resize(LENGTH - SUM, 0);
        let sum = sha256(&note);
        self.0.write_all_at(&[&sum[..], &note].concat(), 0)
    }

    /// Whether the database holds the entry that was noted. Also true where there is no note that reads.
    pub(super) fn is_in(&self, db: &Connection) -> Result<bool, rusqlite::Error> {
        let Some((epoch, position, digest, scope)) = self.read() else {
            return Ok(true);
        };
        let found =
            "SELECT 1 FROM log WHERE scope = ?1 AND epoch = ?2 AND position = ?3 AND digest = ?4";
        db.query_row(found, params![scope, epoch, position, digest], |_| Ok(()))
            .optional()
            .map(|found| found.is_some())
    }

    /// Epoch, position, digest and scope as they lie in the table.
    fn read(&self) -> Option<(i64, i64, [u8; 32], Vec<u8>)> {
        let mut whole = [0; LENGTH];
        self.0.read_exact_at(&mut whole, 0).ok()?;
        let (sum, note) = whole.split_at(SUM);
        (sum == sha256(note)).then_some(())?;
        let (epoch, rest) = note.split_first_chunk()?;
        let (position, rest) = rest.split_first_chunk()?;
        let (digest, rest) = rest.split_first_chunk()?;
        let (length, rest) = rest.split_first_chunk()?;
        let scope = rest.get(..usize::from(u16::from_be_bytes(*length)))?;
        let number = |bytes: &[u8; 8]| u64::from_be_bytes(*bytes).cast_signed();
        Some((number(epoch), number(position), *digest, scope.to_vec()))
    }
}

fn beside(path: &Path) -> PathBuf {
    let mut name = OsString::from(path);
    name.push("-newest");
    PathBuf::from(name)
}

//! The directory of one device: what lies where, who may use it, and how a small file is replaced so that a power cut
//! leaves the old one or the new one.
//!
//! ```text
//! vault.a, vault.b   the keys, under PIN and keystore, twice
//! book.db            everything else, encrypted (with book.db-wal and book.db-shm while it is open)
//! spool/             sealed envelopes that wait for their receipt
//! attachments/       encrypted files that belong to records
//! uploads/           upload requests that the system was given to send while the app is not running
//! replies/           answers to uploads that came while the vault was closed, unopened
//! council            the council's address, its root key's fingerprint and its key bundle: public, and checked when used
//! lock               held by the one process that has the device open
//! ```

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The paths of one device.
#[derive(Debug, Clone)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(path: &Path) -> Self {
        Self(path.to_path_buf())
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn vaults(&self) -> [PathBuf; 2] {
        [self.0.join("vault.a"), self.0.join("vault.b")]
    }

    pub(crate) fn book(&self) -> PathBuf {
        self.0.join("book.db")
    }

    pub(crate) fn new_book(&self) -> PathBuf {
        self.0.join("book.new")
    }

    pub(crate) fn spool(&self) -> PathBuf {
        self.0.join("spool")
    }

    pub(crate) fn attachments(&self) -> PathBuf {
        self.0.join("attachments")
    }

    pub(crate) fn replies(&self) -> PathBuf {
        self.0.join("replies")
    }

    pub(crate) fn uploads(&self) -> PathBuf {
        self.0.join("uploads")
    }

    pub(crate) fn council(&self) -> PathBuf {
        self.0.join("council")
    }

    /// Takes the folder for this process. The lock ends with the file handle, also when the process is killed.
    ///
    /// # Errors
    /// `None` inside: another process has it.
    pub(crate) fn lock(&self) -> io::Result<Option<File>> {
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(self.0.join("lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }
}

/// Replaces a file durably: written beside it, flushed, renamed, and the name flushed.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let mut file = File::create(&beside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&beside, path)?;
    sync_parent(path)
}

/// Makes the names in a file's directory durable.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    match path.parent() {
        Some(directory) => File::open(directory)?.sync_all(),
        None => Ok(()),
    }
}

/// Reads a file; `None` if there is none.
pub(crate) fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The unopened answers, oldest first, each with its path.
pub(crate) fn kept_replies(directory: &Path) -> io::Result<Vec<(PathBuf, Vec<u8>)>> {
    let mut paths = Vec::new();
    match fs::read_dir(directory) {
        Ok(entries) => {
            for entry in entries {
                let path = entry?.path();
                if path.extension().is_some_and(|ending| ending == "reply") {
                    paths.push(path);
                }
            }
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    paths.sort();
    let mut replies = Vec::with_capacity(paths.len());
    for path in paths {
        let bytes = fs::read(&path)?;
        replies.push((path, bytes));
    }
    Ok(replies)
}

/// Keeps an answer unopened, durably.
pub(crate) fn keep_reply(directory: &Path, body: &[u8]) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    let number = kept_replies(directory)?
        .last()
        .and_then(|(path, _)| path.file_stem()?.to_str()?.parse::<u64>().ok())
        .map_or(0, |last| last + 1);
    replace(&directory.join(format!("{number:020}.reply")), body)
}

/// Makes a folder that nobody but its owner can look into. One that exists is closed to others.
pub(crate) fn create_private(directory: &Path) -> io::Result<()> {
    fs::create_dir_all(directory)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(directory, fs::Permissions::from_mode(0o700))?;
    }
    Ok(())
}

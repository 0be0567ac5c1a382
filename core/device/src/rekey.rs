//! Moving the book to a new key, so that what a purge removed is out of reach once the old file is gone.
//!
//! The book is copied page by page into a new file under the new key, by SQLite's own back-up, and the new file takes the old
//! one's place. `PRAGMA rekey` would change the only copy in place, and vault and book cannot change in one step; with
//! `sqlcipher_export` the store would have to allow ATTACH and a writable schema, which it forbids.
//!
//! The order, and what a crash leaves:
//!
//! 1. the copy is whole and durable: the vault still has the old key; the copy is removed at the next unlock,
//! 2. the vault has the new key: the copy takes the book's place at the next unlock,
//! 3. the copy has taken it: done.
//!
//! So there is always exactly one book that the vault opens. Between 2 and 3 nothing may be written to the old book; if this
//! fails there, the store is left closed.

use std::path::{Path, PathBuf};

use visitbook_seal::hardware::HardwareKeys;
use visitbook_seal::vault::{self, VaultImage, VaultKeys};

use crate::files::{self, Folder};
use crate::locked::{read_vault, store_vault};
use crate::store::{Store, StoreError, moved};

/// What the book owes after a purge.
pub(crate) const NEW_KEY: &str = "new_key";

/// Why the book keeps its key for now.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RekeyError {
    /// The book is as it was and open; to be tried again.
    #[error("the book keeps its key for now")]
    Later,
    /// The book is closed. The next unlock opens it, under whichever key the vault has.
    #[error("the book was closed while its key was changed")]
    Closed,
}

/// How far a change has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// There is a whole copy under the new key.
    Copied,
    /// The vault has the new key.
    Stored,
    /// The old book is closed.
    Closed,
    /// The copy has taken its place.
    Replaced,
}

/// Moves an open book to a new key and opens it again. `reached` is told each step, for tests.
pub(crate) fn change_key(
    folder: &Folder,
    image: &mut VaultImage,
    hardware: &dyn HardwareKeys,
    keys: &VaultKeys,
    store: &mut Store,
    reached: &mut dyn FnMut(Step),
) -> Result<VaultKeys, RekeyError> {
    let fresh = folder.new_book();
    let mut changed = image.clone();
    let new =
        vault::replace_database_key(&mut changed, hardware, keys).map_err(|_| RekeyError::Later)?;
    remove(&fresh).map_err(|_| RekeyError::Later)?;
    let copied = store.copy_to(&fresh, &new, |copy| moved::settle(copy, NEW_KEY));
    let durable = copied.is_ok() && files::sync_parent(&fresh).is_ok();
    if !durable {
        // If it stays, the next unlock removes it.
        let _ = remove(&fresh);
        return Err(RekeyError::Later);
    }
    reached(Step::Copied);
    if store_vault(folder, &changed).is_err() {
        // One of the two copies of the vault may have been written, and then it counts.
        match read_vault(folder) {
            Ok(found) if found.database_check() == image.database_check() => {
                let _ = remove(&fresh);
                return Err(RekeyError::Later);
            }
            Ok(_) => {}
            Err(_) => {
                close(store)?;
                return Err(RekeyError::Closed);
            }
        }
    }
    reached(Step::Stored);
    *image = changed;
    close(store)?;
    reached(Step::Closed);
    put_in_place(folder, &new).map_err(|_| RekeyError::Closed)?;
    reached(Step::Replaced);
    *store = Store::open(&folder.book(), &new).map_err(|_| RekeyError::Closed)?;
    Ok(new)
}

fn close(store: &mut Store) -> Result<(), RekeyError> {
    let nothing = Store::nothing().map_err(|_| RekeyError::Closed)?;
    // Whether or not its WAL is copied back: this file is not read again.
    let _ = std::mem::replace(store, nothing).close();
    Ok(())
}

/// Before a book is opened: goes on with a change of key that was cut short, or takes back one that had not come to count.
///
/// # Errors
/// [`StoreError::Io`]; both files are where they were.
pub(crate) fn put_in_place(folder: &Folder, keys: &VaultKeys) -> Result<(), StoreError> {
    let (book, fresh) = (folder.book(), folder.new_book());
    if !fresh.exists() {
        return Ok(());
    }
    if is_under(&book, keys) {
        return remove(&fresh).map_err(|_| StoreError::Io);
    }
    if is_under(&fresh, keys) {
        let replace = || -> std::io::Result<()> {
            // What the old book still had in its WAL is in the copy, and would be read into it as its own.
            remove_beside(&book)?;
            std::fs::rename(&fresh, &book)?;
            files::sync_parent(&book)
        };
        replace().map_err(|_| StoreError::Io)?;
    }
    Ok(())
}

/// The salt at the head of a file says under which of two keys it was written.
fn is_under(path: &Path, keys: &VaultKeys) -> bool {
    let mut head = [0; 16];
    std::fs::File::open(path)
        .and_then(|mut file| std::io::Read::read_exact(&mut file, &mut head))
        .is_ok_and(|()| head == *keys.database_salt())
}

fn remove(path: &Path) -> std::io::Result<()> {
    remove_beside(path)?;
    gone(std::fs::remove_file(path))
}

fn remove_beside(path: &Path) -> std::io::Result<()> {
    for suffix in ["-wal", "-shm"] {
        let mut beside = path.as_os_str().to_owned();
        beside.push(suffix);
        gone(std::fs::remove_file(PathBuf::from(beside)))?;
    }
    Ok(())
}

fn gone(removed: std::io::Result<()>) -> std::io::Result<()> {
    match removed {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests;

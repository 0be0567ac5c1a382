//! Handing the raw key to SQLCipher, the one call that has no safe form.
//!
//! The key never becomes SQL text, where statement caches and traces would keep it (`PRAGMA key` would do that), and it is
//! a raw key with its salt, so that SQLCipher derives nothing.
#![allow(unsafe_code)]

use std::ffi::c_int;

use rusqlite::{Connection, ffi};
use zeroize::Zeroizing;

/// Gives a connection, on which nothing has been done yet, its key. Whether it is the right one shows at the first read.
///
/// # Errors
/// SQLite's own code if the key was not taken.
pub(super) fn set(
    connection: &Connection,
    spec: &Zeroizing<Vec<u8>>,
) -> Result<(), rusqlite::Error> {
    let Ok(length) = c_int::try_from(spec.len()) else {
        unreachable!("a key specification is 99 bytes")
    };
    // SAFETY: `handle` is the open database of `connection`, which outlives the call and is used by this thread alone
    // (`Connection` is not `Sync`). The name is a NUL-terminated literal. The key pointer is valid for `length` bytes for
    // the whole call; SQLCipher copies the bytes and keeps no pointer to them.
    let code = unsafe {
        ffi::sqlite3_key_v2(
            connection.handle(),
            c"main".as_ptr(),
            spec.as_ptr().cast(),
            length,
        )
    };
    if code == ffi::SQLITE_OK {
        Ok(())
    } else {
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
    }
}

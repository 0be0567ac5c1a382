//! Handing the raw key to SQLCipher, the one call that has no safe form.
//!
//! The key never becomes SQL text, where statement caches and traces would keep it.
#![allow(unsafe_code)]

use std::ffi::c_int;

use rusqlite::{Connection, ffi};
use visitbook_seal::secret::Secret32;
use zeroize::Zeroizing;

/// Gives a connection, on which nothing has been done yet, its raw key. Whether it is the right one shows at the first read.
pub(super) fn set(connection: &Connection, key: &Secret32) -> Result<(), rusqlite::Error> {
    let mut spec = Zeroizing::new(Vec::with_capacity(67));
    spec.extend_from_slice(b"x'");
    for byte in key.expose() {
        for digit in [byte >> 4, byte & 15] {
            spec.push(b"0123456789abcdef"[usize::from(digit)]);
        }
    }
    spec.push(b'\'');
    let Ok(length) = c_int::try_from(spec.len()) else {
        unreachable!("a key specification is 67 bytes")
    };
    // SAFETY: the handle is that of an open connection which outlives the call and which this thread alone uses
    // (`Connection` is not `Sync`). The name is a NUL-terminated literal. The key pointer is valid for `length` bytes during
    // the call; SQLCipher copies them and keeps no pointer.
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

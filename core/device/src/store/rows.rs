//! How values of the log stand in columns. Everything read back is checked: a row that this program cannot have written
//! is an error, never a guess.

use minicbor::{Decode, Encode};
use rusqlite::Row;
use visitbook_record::cbor::{decode, encode};

use super::StoreError;

/// A name, kept as its raw bytes.
pub(crate) fn name<T: for<'a> TryFrom<&'a [u8]>>(
    row: &Row<'_>,
    column: usize,
) -> Result<T, StoreError> {
    optional_name(row, column)?.ok_or(StoreError::Row("a name is absent"))
}

/// As [`name`], where the column may be null.
pub(crate) fn optional_name<T: for<'a> TryFrom<&'a [u8]>>(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<T>, StoreError> {
    bytes(row, column)?
        .map(|bytes| T::try_from(bytes).map_err(|_| StoreError::Row("a name is too short")))
        .transpose()
}

/// A value in its one encoding.
pub(crate) fn coded<T: for<'b> Decode<'b, ()> + Encode<()>>(
    row: &Row<'_>,
    column: usize,
) -> Result<T, StoreError> {
    optional_coded(row, column)?.ok_or(StoreError::Row("a value is absent"))
}

/// As [`coded`], where the column may be null.
pub(crate) fn optional_coded<T: for<'b> Decode<'b, ()> + Encode<()>>(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<T>, StoreError> {
    bytes(row, column)?
        .map(|bytes| decode(bytes).map_err(|_| StoreError::Row("a value cannot be read")))
        .transpose()
}

fn bytes<'r>(row: &'r Row<'_>, column: usize) -> Result<Option<&'r [u8]>, StoreError> {
    row.get_ref(column)?
        .as_blob_or_null()
        .map_err(|_| StoreError::Row("a column has another type"))
}

/// Enumerations that are written as one small number on the wire stand as that number in columns.
pub(crate) fn number_of<T: Encode<()>>(value: &T) -> i64 {
    encode(value).first().copied().map_or(-1, i64::from)
}

/// Reads [`number_of`].
pub(crate) fn from_number<T: for<'b> Decode<'b, ()> + Encode<()>>(
    number: i64,
) -> Result<T, StoreError> {
    let byte = u8::try_from(number).map_err(|_| StoreError::Row("a number is out of range"))?;
    decode(&[byte]).map_err(|_| StoreError::Row("a number is out of range"))
}

/// SQLite's integers are signed; counters here never come near the edge.
pub(crate) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Reads [`signed`].
pub(crate) fn unsigned(number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| StoreError::Row("a number is negative"))
}

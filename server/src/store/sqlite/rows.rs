//! How values lie in columns.

use rusqlite::types::FromSql;
use rusqlite::{ErrorCode, Row};
use visitbook_record::cbor;
use visitbook_record::id::OpId;
use visitbook_record::scope::LogPosition;

use crate::store::StoreError;

/// The engine's error, without any text of its own: that may quote data.
pub(super) fn failed(error: rusqlite::Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StoreError::Busy,
        Some(_) => StoreError::Engine(error.sqlite_error().map_or(0, |e| e.extended_code)),
        None => StoreError::Unreadable("row"),
    }
}

/// A column of a fixed number of bytes.
pub(super) fn fixed<const N: usize>(row: &Row<'_>, column: usize) -> Result<[u8; N], StoreError> {
    let bytes = row
        .get_ref(column)
        .map_err(failed)?
        .as_blob()
        .map_err(|_| StoreError::Unreadable("name"))?;
    bytes.try_into().map_err(|_| StoreError::Unreadable("name"))
}

/// A column of a fixed number of bytes, or nothing.
pub(super) fn fixed_or_null<const N: usize>(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<[u8; N]>, StoreError> {
    match row.get_ref(column).map_err(failed)? {
        rusqlite::types::ValueRef::Null => Ok(None),
        _ => fixed(row, column).map(Some),
    }
}

/// A column in the record crate's encoding. A macro, because that crate alone knows the traits it is decoded by.
macro_rules! decoded {
    ($row:expr, $column:expr) => {{
        let bytes: Vec<u8> = super::rows::get($row, $column)?;
        visitbook_record::cbor::decode(&bytes)
            .map_err(|_| crate::store::StoreError::Unreadable("value"))?
    }};
}
pub(super) use decoded;

/// A plain column.
pub(super) fn get<T: FromSql>(row: &Row<'_>, column: usize) -> Result<T, StoreError> {
    row.get(column).map_err(failed)
}

/// A number that SQLite keeps signed, bit for bit.
pub(super) fn number(row: &Row<'_>, column: usize) -> Result<u64, StoreError> {
    get::<i64>(row, column).map(i64::cast_unsigned)
}

/// Two columns that are a position.
pub(super) fn position(row: &Row<'_>, column: usize) -> Result<LogPosition, StoreError> {
    Ok(LogPosition {
        epoch: number(row, column)?,
        position: number(row, column + 1)?,
    })
}

/// Two columns that are a position, or nothing.
pub(super) fn position_or_null(
    row: &Row<'_>,
    column: usize,
) -> Result<Option<LogPosition>, StoreError> {
    match get::<Option<i64>>(row, column)? {
        None => Ok(None),
        Some(_) => position(row, column).map(Some),
    }
}

/// A bound for comparing positions: SQLite's numbers are signed, ours are not.
pub(super) fn bound(at: LogPosition) -> (i64, i64) {
    let clamp = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    (clamp(at.epoch), clamp(at.position))
}

/// Operations' names one after the other.
pub(super) fn op_ids(bytes: &[u8]) -> Result<Vec<OpId>, StoreError> {
    let (names, rest) = bytes.as_chunks::<32>();
    if rest.is_empty() {
        Ok(names.iter().copied().map(OpId).collect())
    } else {
        Err(StoreError::Unreadable("list of operations"))
    }
}

/// Writes what [`op_ids`] reads.
pub(super) fn join_op_ids(ids: &[OpId]) -> Vec<u8> {
    ids.iter().flat_map(|id| id.0).collect()
}

/// The record crate's encoding.
pub(super) use cbor::encode;

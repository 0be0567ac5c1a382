//! What was removed, in the database.

use rusqlite::{Row, params};
use visitbook_record::id::{OpId, PayloadHash, RecordId};
use visitbook_record::op::Target;
use visitbook_record::redaction::Removed;

use super::Side;
use super::rows::{decoded, encode, fixed};
use crate::store::StoreError;
use crate::store::redactions::{ReadRedactions, WriteRedactions};

const REMOVED: &str = "SELECT op, by, record, payload, about FROM removed";

fn removed(row: &Row<'_>) -> Result<Removed, StoreError> {
    Ok(Removed {
        op: OpId(fixed(row, 0)?),
        by: OpId(fixed(row, 1)?),
        record: RecordId(fixed(row, 2)?),
        payload: PayloadHash(fixed(row, 3)?),
        about: decoded!(row, 4),
    })
}

impl ReadRedactions for Side {
    fn removal(
        &self,
        op: &OpId,
        payload: &PayloadHash,
        record: &RecordId,
        about: &Target,
    ) -> Result<Option<Removed>, StoreError> {
        let sql = format!("{REMOVED} WHERE op = ?1 OR payload = ?2 OR record = ?3");
        let near = self.rows(&sql, params![op.0, payload.0, record.0], removed)?;
        Ok(near
            .into_iter()
            .find(|one| one.covers(*op, *payload, *record, about)))
    }

    fn removals(&self) -> Result<Vec<Removed>, StoreError> {
        self.rows(&format!("{REMOVED} ORDER BY op"), [], removed)
    }
}

impl WriteRedactions for Side {
    fn put_removal(&mut self, removed: &Removed) -> Result<(), StoreError> {
        self.run(
            "INSERT INTO removed (op, by, record, payload, about) VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (op) DO NOTHING",
            params![
                removed.op.0,
                removed.by.0,
                removed.record.0,
                removed.payload.0,
                encode(&removed.about)
            ],
        )
    }

    fn empty_post(&mut self, record: &RecordId) -> Result<(), StoreError> {
        self.run(
            "UPDATE family_post SET bytes = x'' WHERE record = ?1",
            [&record.0[..]],
        )
    }
}

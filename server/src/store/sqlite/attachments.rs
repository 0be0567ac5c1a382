//! Files in the database.

use rusqlite::params;
use visitbook_record::id::{DeviceId, OpId};
use visitbook_record::wire::Signed;

use super::Side;
use super::rows::{decoded, encode, fixed, get, number};
use crate::store::StoreError;
use crate::store::attachments::{
    AttachmentUse, ReadAttachments, StoredAttachment, WriteAttachments,
};

type Id = [u8; 32];

impl ReadAttachments for Side {
    fn attachment(&self, id: &Id) -> Result<Option<StoredAttachment>, StoreError> {
        self.row(
            "SELECT id, list, receipt, signature FROM attachment WHERE id = ?1",
            [&id[..]],
            |row| {
                let bytes: Option<Vec<u8>> = get(row, 2)?;
                let signature: Option<Vec<u8>> = get(row, 3)?;
                Ok(StoredAttachment {
                    id: fixed(row, 0)?,
                    list: get(row, 1)?,
                    receipt: bytes
                        .zip(signature)
                        .map(|(bytes, signature)| Signed { bytes, signature }),
                })
            },
        )
    }

    fn attachment_uses(&self, id: &Id) -> Result<Vec<AttachmentUse>, StoreError> {
        self.rows(
            "SELECT id, op, scope, device, size FROM attachment_use WHERE id = ?1 ORDER BY op",
            [&id[..]],
            |row| {
                Ok(AttachmentUse {
                    id: fixed(row, 0)?,
                    op: OpId(fixed(row, 1)?),
                    scope: decoded!(row, 2),
                    device: DeviceId(fixed(row, 3)?),
                    size: number(row, 4)?,
                })
            },
        )
    }

    fn attachments_named(&self) -> Result<Vec<Id>, StoreError> {
        self.rows(
            "SELECT DISTINCT id FROM attachment_use ORDER BY id",
            [],
            |row| fixed(row, 0),
        )
    }

    fn chunk(&self, id: &Id, index: u32) -> Result<Option<Vec<u8>>, StoreError> {
        self.row(
            "SELECT sealed FROM chunk WHERE id = ?1 AND place = ?2",
            params![id, index],
            |row| get(row, 0),
        )
    }

    fn chunks_held(&self, id: &Id) -> Result<Vec<u32>, StoreError> {
        self.rows(
            "SELECT place FROM chunk WHERE id = ?1 ORDER BY place",
            [&id[..]],
            |row| get(row, 0),
        )
    }
}

impl WriteAttachments for Side {
    fn put_attachment_use(&mut self, named: &AttachmentUse) -> Result<(), StoreError> {
        let there = self.row("SELECT 1 FROM op WHERE id = ?1", [&named.op.0[..]], |row| {
            get::<i64>(row, 0)
        })?;
        if there.is_none() {
            return Err(StoreError::Missing("operation"));
        }
        self.run(
            "INSERT OR IGNORE INTO attachment_use (id, op, scope, device, size) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![
                named.id,
                named.op.0,
                encode(&named.scope),
                named.device.0,
                named.size.cast_signed()
            ],
        )
    }

    fn put_attachment(&mut self, file: &StoredAttachment) -> Result<(), StoreError> {
        if self.attachment_uses(&file.id)?.is_empty() {
            return Err(StoreError::Missing("statement that names a file"));
        }
        let receipt = file.receipt.as_ref();
        self.run(
            "INSERT INTO attachment (id, list, receipt, signature) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (id) DO UPDATE SET list = excluded.list, receipt = excluded.receipt, signature = excluded.signature",
            params![
                file.id,
                file.list,
                receipt.map(|receipt| &receipt.bytes),
                receipt.map(|receipt| &receipt.signature)
            ],
        )
    }

    fn put_chunk(&mut self, id: &Id, index: u32, sealed: &[u8]) -> Result<(), StoreError> {
        self.run(
            "INSERT OR IGNORE INTO chunk (id, place, sealed) VALUES (?1, ?2, ?3)",
            params![id, index, sealed],
        )
    }
}

impl Side {
    /// A statement has lost its payload: what nothing names any more goes.
    pub(super) fn unname(&self, op: &OpId) -> Result<(), StoreError> {
        let named: Vec<Id> = self.rows(
            "SELECT id FROM attachment_use WHERE op = ?1",
            [&op.0[..]],
            |row| fixed(row, 0),
        )?;
        for id in named {
            self.run(
                "DELETE FROM attachment_use WHERE id = ?1 AND op = ?2",
                params![id, op.0],
            )?;
            if self.attachment_uses(&id)?.is_empty() {
                self.run("DELETE FROM attachment WHERE id = ?1", [&id[..]])?;
                self.run("DELETE FROM chunk WHERE id = ?1", [&id[..]])?;
            }
        }
        Ok(())
    }
}

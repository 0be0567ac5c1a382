//! Files whose bytes have not all come, with the device that has them and the person who is to see to it.

use visitbook_record::id::{DeviceId, RecordId, WorkerId};
use visitbook_record::time::WallMillis;

use super::{ChunkNames, ReadsLists};
use crate::rights;
use crate::store::{ReadTx, StoreError};

/// A file that is expected. No words, and no key.
#[derive(Debug)]
#[cfg_attr(feature = "service", derive(serde::Serialize))]
pub struct Missing {
    /// The file, hexadecimal.
    pub file: String,
    /// The record that it belongs to.
    pub record: RecordId,
    /// The child.
    pub child: Option<RecordId>,
    /// Who attached it.
    pub author: WorkerId,
    /// The device that has it.
    pub device: DeviceId,
    /// What that is called.
    pub label: String,
    /// It was revoked: its words are still taken, and so are its files.
    pub ended: bool,
    /// When it was last heard.
    pub last_heard: Option<WallMillis>,
    /// When the statement that names the file came.
    pub since: WallMillis,
    /// Who is to see to it: the manager of the team that holds the child.
    pub owner: WorkerId,
    /// Chunks that have come.
    pub have: u32,
    /// Of how many; 0 while that is not known.
    pub total: u32,
    /// Bytes of the file, as the statement says.
    pub size: u64,
}

/// Every file that a statement names and that is not whole, in no order that means anything.
///
/// # Errors
/// [`StoreError`].
pub fn missing(view: &dyn ReadTx, lists: &dyn ReadsLists) -> Result<Vec<Missing>, StoreError> {
    let mut all = Vec::new();
    for id in view.attachments_named()? {
        let stored = view.attachment(&id)?;
        if stored
            .as_ref()
            .is_some_and(|stored| stored.receipt.is_some())
        {
            continue;
        }
        let list = stored.and_then(|stored| lists.list(&id, &stored.list));
        let held = view.chunks_held(&id)?.len();
        for named in view.attachment_uses(&id)? {
            let op = view
                .op(&named.op)?
                .ok_or(StoreError::Missing("operation"))?;
            let commit = view
                .commit(&op.commit)?
                .ok_or(StoreError::Missing("commit"))?;
            let device = view
                .device(&named.device)?
                .ok_or(StoreError::Missing("device"))?;
            all.push(Missing {
                file: id.iter().map(|byte| format!("{byte:02x}")).collect(),
                record: op.fact.record,
                child: named.scope.child(),
                author: op.fact.author,
                device: device.id,
                label: device.label,
                ended: device.ended,
                last_heard: device.last_heard,
                since: commit.received,
                owner: rights::owner(view, named.scope, op.fact.author)?,
                have: u32::try_from(held).unwrap_or(u32::MAX),
                total: list.as_deref().map_or(0, ChunkNames::count),
                size: named.size,
            });
        }
    }
    Ok(all)
}

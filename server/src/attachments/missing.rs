//! Files whose bytes have not all come, with the device that has them and the person who is to see to it; and proving those
//! that have.

use serde::Serialize;
use visitbook_record::attachment::wire::AttachmentReceipt;
use visitbook_record::cbor::decode;
use visitbook_record::id::{DeviceId, RecordId, WorkerId};
use visitbook_record::time::WallMillis;
use visitbook_seal::attachment::{AttachmentId, ChunkList};
use visitbook_seal::bundle::KeyBundle;
use visitbook_seal::purpose::Purpose;

use crate::real::verified;
use crate::rights;
use crate::store::{ReadTx, StoreError};
use crate::verify::ASK_AGAIN;

/// A file that is expected. No words, and no key.
#[derive(Debug, Serialize)]
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
pub fn missing(view: &dyn ReadTx) -> Result<Vec<Missing>, StoreError> {
    let mut all = Vec::new();
    for id in view.attachments_named()? {
        let stored = view.attachment(&id)?;
        if stored
            .as_ref()
            .is_some_and(|stored| stored.receipt.is_some())
        {
            continue;
        }
        let list =
            stored.and_then(|stored| ChunkList::decode(&AttachmentId(id), &stored.list).ok());
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
                file: AttachmentId(id).to_string(),
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
                total: list.as_ref().map_or(0, ChunkList::count),
                size: named.size,
            });
        }
    }
    Ok(all)
}

/// How many files are whole and how many are expected; what is wrong goes to `problems`.
pub(crate) fn prove(
    view: &dyn ReadTx,
    bundle: &KeyBundle,
    problems: &mut Vec<String>,
) -> Result<(u64, u64), StoreError> {
    let (mut whole, mut expected) = (0, 0);
    for id in view.attachments_named()? {
        let id = AttachmentId(id);
        let mut problem = |what: &str| problems.push(format!("File {id}: {what}. {ASK_AGAIN}"));
        let Some(stored) = view.attachment(&id.0)? else {
            expected += 1;
            continue;
        };
        let Ok(list) = ChunkList::decode(&id, &stored.list) else {
            problem("its list of chunks is not the one that its name stands for");
            continue;
        };
        for named in view.attachment_uses(&id.0)? {
            if named.size != list.size() {
                problem("a statement says that it is of another length");
            }
        }
        let mut there = 0;
        for index in view.chunks_held(&id.0)? {
            let sealed = view.chunk(&id.0, index)?.unwrap_or_default();
            if list.holds(index, &sealed) {
                there += 1;
            } else {
                problem("a chunk is not the one that was signed for");
            }
        }
        let Some(receipt) = &stored.receipt else {
            expected += 1;
            continue;
        };
        whole += 1;
        if there != list.count() {
            problem("it is receipted and not whole");
        }
        let said = decode::<AttachmentReceipt>(&receipt.bytes).ok();
        let fits = said.is_some_and(|said| {
            let key = bundle.receipt_key(said.epoch);
            said.label == AttachmentReceipt::LABEL
                && *said.id == id.0
                && said.size == list.size()
                && key.is_some_and(|key| {
                    verified(Purpose::Receipt, &key.0, &receipt.bytes, &receipt.signature)
                })
        });
        if !fits {
            problem("its receipt is not one");
        }
    }
    Ok((whole, expected))
}

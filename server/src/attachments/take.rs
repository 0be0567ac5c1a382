//! Taking the bytes of files in.

use std::collections::BTreeMap;

use visitbook_record::attachment::wire::{AttachmentReceipt, FramesTaken, Holding, bitmap};
use visitbook_record::cbor::encode;
use visitbook_record::time::WallMillis;
use visitbook_record::wire::Signed;
use visitbook_seal::attachment::{AttachmentId, ChunkFrame, ChunkList, ListFrame};
use visitbook_seal::envelope::{EnvelopeKind, Header};

use crate::store::attachments::StoredAttachment;
use crate::store::{StoreError, WriteTx};
use crate::suite::Suite;

/// A frame that read.
pub enum Frame {
    /// A file's list of chunks.
    List(ListFrame),
    /// One chunk.
    Chunk {
        /// The file.
        id: AttachmentId,
        /// The chunk's place in it.
        index: u32,
        /// The sealed chunk.
        sealed: Vec<u8>,
    },
}

impl Frame {
    /// Reads one. `None` for bytes that no device of ours sends.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        match Header::read(bytes).ok()?.kind {
            EnvelopeKind::ChunkList => ListFrame::decode(bytes).ok().map(Self::List),
            EnvelopeKind::Chunk => ChunkFrame::decode(bytes).ok().map(|frame| Self::Chunk {
                id: frame.id,
                index: frame.index,
                sealed: frame.bytes.to_vec(),
            }),
            _ => None,
        }
    }

    const fn id(&self) -> AttachmentId {
        match self {
            Self::List(frame) => frame.id,
            Self::Chunk { id, .. } => *id,
        }
    }
}

/// Keeps what belongs to a file that a statement names, and says of each file what is there now. A chunk that its list does
/// not name, or that comes before its list, is not kept, and the answer shows it.
///
/// # Errors
/// [`StoreError`]; the caller's transaction must then be given up.
pub fn take(
    tx: &mut dyn WriteTx,
    suite: &dyn Suite,
    now: WallMillis,
    frames: &[Frame],
) -> Result<FramesTaken, StoreError> {
    let mut lists: BTreeMap<AttachmentId, Option<ChunkList>> = BTreeMap::new();
    for frame in frames {
        let id = frame.id();
        if let std::collections::btree_map::Entry::Vacant(place) = lists.entry(id) {
            place.insert(known_list(tx, &id)?);
        }
        if tx.attachment_uses(&id.0)?.is_empty() {
            continue;
        }
        match frame {
            Frame::List(frame) => {
                if lists.get(&id).is_some_and(Option::is_none) {
                    tx.put_attachment(&StoredAttachment {
                        id: id.0,
                        list: frame.list.encode(),
                        receipt: None,
                    })?;
                    lists.insert(id, Some(frame.list.clone()));
                }
            }
            Frame::Chunk { index, sealed, .. } => {
                let list = lists.get(&id).and_then(Option::as_ref);
                if list.is_some_and(|list| list.holds(*index, sealed)) {
                    tx.put_chunk(&id.0, *index, sealed)?;
                }
            }
        }
    }
    let mut holdings = Vec::with_capacity(lists.len());
    for (id, list) in lists {
        holdings.push(holding(tx, suite, now, id, list)?);
    }
    Ok(FramesTaken {
        holdings,
        time: now,
    })
}

fn known_list(tx: &dyn WriteTx, id: &AttachmentId) -> Result<Option<ChunkList>, StoreError> {
    let Some(stored) = tx.attachment(&id.0)? else {
        return Ok(None);
    };
    ChunkList::decode(id, &stored.list)
        .map(Some)
        .map_err(|_| StoreError::Unreadable("list of chunks"))
}

/// What is there of a file; the receipt is made, and kept, the first time that all of it is.
fn holding(
    tx: &mut dyn WriteTx,
    suite: &dyn Suite,
    now: WallMillis,
    id: AttachmentId,
    list: Option<ChunkList>,
) -> Result<Holding, StoreError> {
    let named = !tx.attachment_uses(&id.0)?.is_empty();
    let (Some(list), true) = (list, named) else {
        return Ok(Holding {
            id: id.0.into(),
            named,
            have: Vec::new().into(),
            receipt: None,
        });
    };
    let held = tx.chunks_held(&id.0)?;
    let have = bitmap(list.count(), |index| held.binary_search(&index).is_ok());
    let complete = held.len() as u64 == u64::from(list.count());
    let stored = tx.attachment(&id.0)?;
    let receipt = match stored.and_then(|stored| stored.receipt) {
        Some(receipt) => Some(receipt),
        None if complete => Some(receipted(tx, suite, now, &id, &list)?),
        None => None,
    };
    Ok(Holding {
        id: id.0.into(),
        named,
        have: have.into(),
        receipt: receipt.filter(|_| complete),
    })
}

fn receipted(
    tx: &mut dyn WriteTx,
    suite: &dyn Suite,
    now: WallMillis,
    id: &AttachmentId,
    list: &ChunkList,
) -> Result<Signed, StoreError> {
    let bytes = encode(&AttachmentReceipt {
        label: AttachmentReceipt::LABEL.to_owned(),
        id: id.0.into(),
        size: list.size(),
        epoch: tx.epoch()?,
        time: now,
    });
    let signature = suite.sign_receipt(&bytes);
    let receipt = Signed { bytes, signature };
    tx.put_attachment(&StoredAttachment {
        id: id.0,
        list: list.encode(),
        receipt: Some(receipt.clone()),
    })?;
    Ok(receipt)
}

//! Taking the bytes of files in.

use std::collections::BTreeMap;

use visitbook_record::attachment::wire::{AttachmentReceipt, FramesTaken, Holding, bitmap};
use visitbook_record::cbor::encode;
use visitbook_record::time::WallMillis;
use visitbook_record::wire::Signed;

use super::{ChunkNames, ReadsLists};
use crate::store::attachments::StoredAttachment;
use crate::store::{StoreError, WriteTx};
use crate::suite::Suite;

/// A frame that read.
pub enum Frame {
    /// A file's list of chunks.
    List {
        /// The file.
        id: [u8; 32],
        /// The encoded list.
        list: Vec<u8>,
    },
    /// One chunk.
    Chunk {
        /// The file.
        id: [u8; 32],
        /// The chunk's place in it.
        index: u32,
        /// The sealed chunk.
        sealed: Vec<u8>,
    },
}

impl Frame {
    const fn id(&self) -> [u8; 32] {
        match self {
            Self::List { id, .. } | Self::Chunk { id, .. } => *id,
        }
    }
}

type Known = Option<Box<dyn ChunkNames>>;

/// Keeps what belongs to a file that a statement names, and says of each file what is there now. A chunk that its list does
/// not name, or that comes before its list, is not kept, and the answer shows it.
///
/// # Errors
/// [`StoreError`]; the caller's transaction must then be given up.
pub fn take(
    tx: &mut dyn WriteTx,
    suite: &dyn Suite,
    reader: &dyn ReadsLists,
    now: WallMillis,
    frames: &[Frame],
) -> Result<FramesTaken, StoreError> {
    let mut lists: BTreeMap<[u8; 32], Known> = BTreeMap::new();
    for frame in frames {
        let id = frame.id();
        if let std::collections::btree_map::Entry::Vacant(place) = lists.entry(id) {
            place.insert(known_list(tx, reader, &id)?);
        }
        if tx.attachment_uses(&id)?.is_empty() {
            continue;
        }
        match frame {
            Frame::List { list: bytes, .. } => {
                if lists.get(&id).is_some_and(Option::is_none)
                    && let Some(list) = reader.list(&id, bytes)
                {
                    tx.put_attachment(&StoredAttachment {
                        id,
                        list: bytes.clone(),
                        receipt: None,
                    })?;
                    lists.insert(id, Some(list));
                }
            }
            Frame::Chunk { index, sealed, .. } => {
                let list = lists.get(&id).and_then(Option::as_ref);
                if list.is_some_and(|list| list.holds(*index, sealed)) {
                    tx.put_chunk(&id, *index, sealed)?;
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

fn known_list(
    tx: &dyn WriteTx,
    reader: &dyn ReadsLists,
    id: &[u8; 32],
) -> Result<Known, StoreError> {
    let Some(stored) = tx.attachment(id)? else {
        return Ok(None);
    };
    let unreadable = || StoreError::Unreadable("list of chunks");
    reader
        .list(id, &stored.list)
        .map(Some)
        .ok_or_else(unreadable)
}

/// What is there of a file; the receipt is made, and kept, the first time that all of it is.
fn holding(
    tx: &mut dyn WriteTx,
    suite: &dyn Suite,
    now: WallMillis,
    id: [u8; 32],
    list: Known,
) -> Result<Holding, StoreError> {
    let named = !tx.attachment_uses(&id)?.is_empty();
    let (Some(list), true) = (list, named) else {
        return Ok(Holding {
            id: id.into(),
            named,
            have: Vec::new().into(),
            receipt: None,
        });
    };
    let held = tx.chunks_held(&id)?;
    let have = bitmap(list.count(), |index| held.binary_search(&index).is_ok());
    let complete = held.len() as u64 == u64::from(list.count());
    let stored = tx.attachment(&id)?;
    let receipt = match stored.and_then(|stored| stored.receipt) {
        Some(receipt) => Some(receipt),
        None if complete => Some(receipted(tx, suite, now, id, list.size())?),
        None => None,
    };
    Ok(Holding {
        id: id.into(),
        named,
        have: have.into(),
        receipt: receipt.filter(|_| complete),
    })
}

fn receipted(
    tx: &mut dyn WriteTx,
    suite: &dyn Suite,
    now: WallMillis,
    id: [u8; 32],
    size: u64,
) -> Result<Signed, StoreError> {
    let bytes = encode(&AttachmentReceipt {
        label: AttachmentReceipt::LABEL.to_owned(),
        id: id.into(),
        size,
        epoch: tx.epoch()?,
        time: now,
    });
    let signature = suite.sign_receipt(&bytes);
    let receipt = Signed { bytes, signature };
    let stored = tx.attachment(&id)?;
    let stored = stored.ok_or(StoreError::Missing("list of chunks"))?;
    tx.put_attachment(&StoredAttachment {
        receipt: Some(receipt.clone()),
        ..stored
    })?;
    Ok(receipt)
}

//! Encrypted files: which statements name them, taking their bytes in and giving them out.
//!
//! The server never holds a key outside a payload, so it can check that bytes are the ones a statement names, and cannot
//! look into them. Words come first: bytes of a file that no received statement names are not taken, which also means that
//! only an enrolled device can make this server keep anything.
//!
//! How a list of chunks is read is the caller's affair ([`ReadsLists`]), so that the simulator runs the same rules over chunks
//! of a few bytes.

pub mod give;
pub mod missing;
#[cfg(feature = "service")]
pub(crate) mod prove;
#[cfg(feature = "service")]
mod sealed;
pub mod take;

use visitbook_record::id::{DeviceId, OpId};
use visitbook_record::op::Kind;
use visitbook_record::payload::Content;
use visitbook_record::scope::Scope;

#[cfg(feature = "service")]
pub use self::sealed::SealedLists;
use crate::store::attachments::AttachmentUse;
use crate::store::{StoreError, WriteTx};

/// The chunks of one file, as its list names them.
pub trait ChunkNames {
    /// How many there are; at least one.
    fn count(&self) -> u32;

    /// Bytes of the file, opened.
    fn size(&self) -> u64;

    /// Whether these bytes are the sealed chunk of this place.
    fn holds(&self, index: u32, sealed: &[u8]) -> bool;
}

/// Reads lists of chunks: as devices seal files or, in the simulator, without any sealing.
pub trait ReadsLists {
    /// The list that a file's name stands for. `None` for any other bytes.
    fn list(&self, id: &[u8; 32], bytes: &[u8]) -> Option<Box<dyn ChunkNames>>;
}

/// Notes the file that a statement names, whatever became of the statement: what is set aside may be placed.
pub(crate) fn named(
    tx: &mut dyn WriteTx,
    (op, kind): (&OpId, Kind),
    scope: Scope,
    device: DeviceId,
    content: Option<&Content>,
) -> Result<(), StoreError> {
    let (Kind::Attach, Some(Content::Attachment(file))) = (kind, content) else {
        return Ok(());
    };
    tx.put_attachment_use(&AttachmentUse {
        id: file.id,
        op: *op,
        scope,
        device,
        size: file.size,
    })
}

//! Encrypted files: which statements name them, taking their bytes in and giving them out.
//!
//! The server never holds a key outside a payload, so it can check that bytes are the ones a statement names, and cannot
//! look into them. Words come first: bytes of a file that no received statement names are not taken, which also means that
//! only an enrolled device can make this server keep anything.

#[cfg(feature = "service")]
pub mod give;
#[cfg(feature = "service")]
pub mod missing;
#[cfg(feature = "service")]
pub mod take;

use visitbook_record::id::{DeviceId, OpId};
use visitbook_record::op::Kind;
use visitbook_record::payload::Content;
use visitbook_record::scope::Scope;

use crate::store::attachments::AttachmentUse;
use crate::store::{StoreError, WriteTx};

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

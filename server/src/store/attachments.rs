//! The encrypted files that statements name: their bytes, and which statements name them.
//!
//! Bytes are kept only for a file that a statement names, and go when the last of these loses its payload, which holds the
//! only key. The traits stand apart, so that a back end keeps files in one place; [`super::ReadTx`] and [`super::WriteTx`]
//! include them.

use visitbook_record::id::{DeviceId, OpId};
use visitbook_record::scope::Scope;
use visitbook_record::wire::Signed;

use super::StoreError;

/// That a statement names a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentUse {
    /// The file.
    pub id: [u8; 32],
    /// The statement.
    pub op: OpId,
    /// Its scope.
    pub scope: Scope,
    /// The device that signed it, and has the bytes.
    pub device: DeviceId,
    /// Bytes of the file, as the statement says.
    pub size: u64,
}

/// What is known of a file beside its chunks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAttachment {
    /// The file.
    pub id: [u8; 32],
    /// The encoded list of its chunks, checked against the id.
    pub list: Vec<u8>,
    /// The signed receipt, once every chunk is there.
    pub receipt: Option<Signed>,
}

/// Reading files.
#[allow(clippy::missing_errors_doc)]
pub trait ReadAttachments {
    /// A file whose list has come.
    fn attachment(&self, id: &[u8; 32]) -> Result<Option<StoredAttachment>, StoreError>;
    /// The statements that name a file, by id.
    fn attachment_uses(&self, id: &[u8; 32]) -> Result<Vec<AttachmentUse>, StoreError>;
    /// Every file that a statement names, in order.
    fn attachments_named(&self) -> Result<Vec<[u8; 32]>, StoreError>;
    /// A sealed chunk.
    fn chunk(&self, id: &[u8; 32], index: u32) -> Result<Option<Vec<u8>>, StoreError>;
    /// Which chunks of a file are there, ascending.
    fn chunks_held(&self, id: &[u8; 32]) -> Result<Vec<u32>, StoreError>;
}

/// Writing files. [`super::WriteTx::remove_payload`] is how they go.
#[allow(clippy::missing_errors_doc)]
pub trait WriteAttachments: ReadAttachments {
    /// Keeps that a statement names a file. The statement must have been put before.
    fn put_attachment_use(&mut self, named: &AttachmentUse) -> Result<(), StoreError>;
    /// Keeps a file's list, or its receipt. A statement must name it.
    fn put_attachment(&mut self, file: &StoredAttachment) -> Result<(), StoreError>;
    /// Keeps a chunk. One that is there stays.
    fn put_chunk(&mut self, id: &[u8; 32], index: u32, sealed: &[u8]) -> Result<(), StoreError>;
}

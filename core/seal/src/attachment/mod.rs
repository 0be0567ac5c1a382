//! Drawings, photographs and other files: encrypted once, in chunks, under a key of their own that travels in the
//! payload of the operation that attaches them. What is stored, sent and fetched is always the same sealed bytes, so
//! either side can go on after a cut from the chunk it had reached, and what was received once is not sent again.
//!
//! ```text
//! list   suite byte, 1 ‖ version, 1 ‖ media type code, 2 bytes ‖ chunk size, 4 bytes ‖ size of the file, 8 bytes
//!        ‖ hash of each sealed chunk, 32 bytes each                                (numbers big-endian)
//! chunk  salt, 16 bytes ‖ ChaCha20-Poly1305 of 64 KiB, or of what is left for the last one, and its 16-byte tag
//!        associated data: the first 16 bytes of the list ‖ index, 4 bytes ‖ 1 if it is the last, else 0
//! salt   the first 16 bytes of HMAC-SHA256(a key from the content key, associated data ‖ chunk)
//! key    HKDF(salt, content key, label ‖ associated data)
//! hash   SHA-256(label ‖ 0 ‖ sealed chunk)
//! id     SHA-256(label ‖ 0 ‖ list)
//! ```
//!
//! The id names the list and the list names every chunk, so whoever knows the id (it is in the signed operation) takes
//! no other byte for the attachment's, and a server can check each chunk as it comes, without the key. An empty file
//! has one empty chunk.
//!
//! The salt depends on the chunk's content: sealing again after a cut gives the same bytes, and if the content has
//! changed in between, no key encrypts two messages.
//!
//! Not guaranteed: that size, media type code and the fact that two attachments are the same file stay hidden from
//! whoever holds the list.

mod chunks;
mod frame;
mod id;
mod list;

pub use chunks::{ChunkOpener, ChunkSealer, SealedChunk, open, seal};
pub use frame::{ChunkFrame, FrameError, ListFrame};
pub use id::{AttachmentId, BadId};
pub use list::{ChunkList, chunk_hash};

/// The largest file, in bytes.
pub const MAX_ATTACHMENT: u64 = 50 * 1024 * 1024;
/// Bytes of a file in each chunk but the last.
pub const CHUNK: usize = 64 * 1024;
/// What sealing adds to each chunk, in bytes: salt and tag.
pub const CHUNK_OVERHEAD: usize = SALT + crate::aead::TAG;

const SALT: usize = 16;

/// Why an attachment was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealAttachmentError {
    /// More than [`MAX_ATTACHMENT`] bytes.
    #[error("the file is too large to attach")]
    TooLarge,
    /// The chunk is not as long as the announced size makes it.
    #[error("a chunk of {expected} bytes was expected")]
    WrongLength {
        /// What the next chunk has to have.
        expected: usize,
    },
    /// All chunks are sealed already, or more were handed over than the file has.
    #[error("the file has no further chunk")]
    NoFurtherChunk,
    /// Chunks are still missing.
    #[error("not all chunks are sealed")]
    Incomplete,
}

/// Why an attachment did not open. Nothing of it was released; the sealed bytes stay where they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttachmentError {
    /// Not the bytes that the id names: changed, cut short, in another order, or another file's. To be fetched again.
    #[error("the attachment is damaged")]
    Damaged,
    /// The very bytes that the id names, and not sealed under this key. Fetching again does not help.
    #[error("the key is not this attachment's")]
    WrongKey,
    /// The list was written by a newer version.
    #[error("the attachment was made with a newer version")]
    NewerVersion,
}

//! An attachment on its way up. Its bytes are encrypted already, so nothing is sealed again: they are only put behind
//! a header like any envelope's, under which they wait in the spool and which the council tells kinds apart by.
//!
//! ```text
//! offset  0  header: class later; ingest key id zeros; `enc` the attachment's id
//! chunk, kind 3, `number` its index            list, kind 4, `number` how many chunks it has
//!        51  how many chunks there are, 4 bytes        51  the list
//!        55  hash of the sealed chunk, 32 bytes
//!        87  the sealed chunk
//! ```
//!
//! The hash finds damage on the way at once. It does not prove that the chunk belongs to the attachment: anybody can
//! make a frame. [`ChunkList::holds`] proves that, and the receiver that has no list yet keeps such a chunk apart.

use super::list::MAX_CHUNKS;
use super::{AttachmentId, CHUNK, CHUNK_OVERHEAD, ChunkList, chunk_hash};
use crate::envelope::{EnvelopeKind, HEADER_LENGTH, Header, HeaderError, SendClass};

const HEAD: usize = HEADER_LENGTH + 4 + 32;

/// Why bytes are not a frame. The sender keeps what was not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The header is not one of ours.
    #[error("unreadable header: {0}")]
    Header(#[from] HeaderError),
    /// A header of another kind.
    #[error("another kind of envelope")]
    OtherKind(EnvelopeKind),
    /// A field has a value that no frame has.
    #[error("not an attachment's frame")]
    Malformed,
    /// The content is not what its hash, or the attachment's id, says.
    #[error("the frame is damaged")]
    Damaged,
}

/// One chunk on its way up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ChunkFrame<'b> {
    /// The attachment.
    pub id: AttachmentId,
    /// The chunk's place in it.
    pub index: u32,
    /// How many chunks it has; not proved before the list is there.
    pub total: u32,
    /// [`chunk_hash`] of `bytes`.
    pub hash: [u8; 32],
    /// The sealed chunk.
    pub bytes: &'b [u8],
}

/// The list of chunks on its way up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListFrame {
    /// The attachment.
    pub id: AttachmentId,
    /// Its list, checked against the id.
    pub list: ChunkList,
}

fn header(kind: EnvelopeKind, id: AttachmentId, number: u32) -> Header {
    Header {
        kind,
        class: SendClass::Later,
        ingest_key: [0; 8],
        enc: id.0,
        number: u64::from(number),
    }
}

/// The id and number of a frame whose header is in every bit as [`header`] makes it.
fn read(kind: EnvelopeKind, frame: &[u8]) -> Result<(AttachmentId, u32, &[u8]), FrameError> {
    let found = Header::read(frame)?;
    if found.kind != kind {
        return Err(FrameError::OtherKind(found.kind));
    }
    let id = AttachmentId(found.enc);
    let number = u32::try_from(found.number).map_err(|_| FrameError::Malformed)?;
    if found != header(kind, id, number) {
        return Err(FrameError::Malformed);
    }
    let rest = frame.get(HEADER_LENGTH..).ok_or(HeaderError::TooShort)?;
    Ok((id, number, rest))
}

impl<'b> ChunkFrame<'b> {
    /// The frame for a sealed chunk of this list; `None` if the bytes are not the list's chunk of that place.
    #[must_use]
    pub fn new(list: &ChunkList, index: u32, sealed: &'b [u8]) -> Option<Self> {
        list.holds(index, sealed).then(|| Self {
            id: list.id(),
            index,
            total: list.count(),
            hash: chunk_hash(sealed),
            bytes: sealed,
        })
    }

    /// The bytes that are spooled and sent.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut frame = Vec::with_capacity(HEAD + self.bytes.len());
        frame.extend_from_slice(&header(EnvelopeKind::Chunk, self.id, self.index).to_bytes());
        frame.extend_from_slice(&self.total.to_be_bytes());
        frame.extend_from_slice(&self.hash);
        frame.extend_from_slice(self.bytes);
        frame
    }

    /// Reads a frame. Needs no key and no list; see the module for what it does not prove.
    ///
    /// # Errors
    /// [`FrameError`].
    pub fn decode(frame: &'b [u8]) -> Result<Self, FrameError> {
        let (id, index, rest) = read(EnvelopeKind::Chunk, frame)?;
        let short = HeaderError::TooShort;
        let (total, rest) = rest.split_first_chunk::<4>().ok_or(short)?;
        let (hash, bytes) = rest.split_first_chunk::<32>().ok_or(short)?;
        let total = u32::from_be_bytes(*total);
        let full = CHUNK + CHUNK_OVERHEAD;
        let fits = match index.checked_add(1) == Some(total) {
            // Only a file of one chunk can be empty.
            true if total > 1 => CHUNK_OVERHEAD + 1..=full,
            true => CHUNK_OVERHEAD..=full,
            false => full..=full,
        };
        if index >= total || total > MAX_CHUNKS || !fits.contains(&bytes.len()) {
            return Err(FrameError::Malformed);
        }
        if chunk_hash(bytes) != *hash {
            return Err(FrameError::Damaged);
        }
        Ok(Self {
            id,
            index,
            total,
            hash: *hash,
            bytes,
        })
    }
}

impl ListFrame {
    /// The frame for a list.
    #[must_use]
    pub fn new(list: ChunkList) -> Self {
        Self {
            id: list.id(),
            list,
        }
    }

    /// The bytes that are spooled and sent.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let header = header(EnvelopeKind::ChunkList, self.id, self.list.count());
        [&header.to_bytes()[..], &self.list.encode()].concat()
    }

    /// Reads a frame and checks the list against the id.
    ///
    /// # Errors
    /// [`FrameError`]; a list of a newer version is [`FrameError::Malformed`].
    pub fn decode(frame: &[u8]) -> Result<Self, FrameError> {
        use super::AttachmentError::Damaged;
        let (id, count, rest) = read(EnvelopeKind::ChunkList, frame)?;
        let list = ChunkList::decode(&id, rest).map_err(|error| match error {
            Damaged => FrameError::Damaged,
            _ => FrameError::Malformed,
        })?;
        if list.count() != count {
            return Err(FrameError::Malformed);
        }
        Ok(Self { id, list })
    }
}

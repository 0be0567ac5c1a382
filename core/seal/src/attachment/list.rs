//! The list of an attachment's chunks: what is left of a file when its content is taken away. The server and a device
//! that has not the key check chunks by it.

use std::ops::Range;

use super::SealAttachmentError;
use super::{AttachmentError, AttachmentId, CHUNK, CHUNK_OVERHEAD, MAX_ATTACHMENT};
use crate::SUITE;
use crate::hash::sha256_parts;
use crate::purpose::Purpose;

const VERSION: u8 = 1;
pub(super) const HEADER: usize = 16;
const HASH: usize = 32;
/// Of a file of [`MAX_ATTACHMENT`] bytes.
pub(super) const MAX_CHUNKS: u32 = (MAX_ATTACHMENT / CHUNK as u64) as u32;

/// The hash by which the list names a sealed chunk.
#[must_use]
pub fn chunk_hash(sealed: &[u8]) -> [u8; 32] {
    sha256_parts(&[
        Purpose::AttachmentChunkHash.label().as_bytes(),
        &[0],
        sealed,
    ])
}

/// What kind of file and how large. The media type code is the caller's and means nothing here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) media: u16,
    pub(super) size: u64,
}

impl Shape {
    pub(super) fn new(media: u16, size: u64) -> Result<Self, SealAttachmentError> {
        if size > MAX_ATTACHMENT {
            return Err(SealAttachmentError::TooLarge);
        }
        Ok(Self { media, size })
    }

    pub(super) fn header(self) -> [u8; HEADER] {
        let mut header = [0; HEADER];
        header[0] = SUITE;
        header[1] = VERSION;
        header[2..4].copy_from_slice(&self.media.to_be_bytes());
        header[4..8].copy_from_slice(&(CHUNK as u32).to_be_bytes());
        header[8..].copy_from_slice(&self.size.to_be_bytes());
        header
    }

    /// An empty file has one chunk, so that it too is authenticated.
    pub(super) fn count(self) -> u32 {
        // At most MAX_CHUNKS.
        self.size.div_ceil(CHUNK as u64).max(1) as u32
    }

    pub(super) fn is_last(self, index: u32) -> bool {
        index + 1 == self.count()
    }

    /// Bytes of the file in chunk `index`.
    pub(super) fn length(self, index: u32) -> usize {
        let before = u64::from(index) * CHUNK as u64;
        self.size.saturating_sub(before).min(CHUNK as u64) as usize
    }
}

/// The list of chunks that an [`AttachmentId`] names; one that was decoded has been checked against the id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkList {
    pub(super) shape: Shape,
    hashes: Vec<[u8; HASH]>,
}

impl ChunkList {
    pub(super) fn new(shape: Shape, hashes: Vec<[u8; HASH]>) -> Self {
        Self { shape, hashes }
    }

    /// The attachment's name.
    #[must_use]
    pub fn id(&self) -> AttachmentId {
        id_of(&self.encode())
    }

    /// The media type code that the attachment was sealed with.
    #[must_use]
    pub fn media(&self) -> u16 {
        self.shape.media
    }

    /// Size of the file, in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.shape.size
    }

    /// How many chunks there are; at least one.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.shape.count()
    }

    /// Size of all sealed chunks together, in bytes.
    #[must_use]
    pub fn sealed_size(&self) -> u64 {
        self.shape.size + u64::from(self.count()) * CHUNK_OVERHEAD as u64
    }

    /// Where a sealed chunk lies when all are written one after the other; `None` if there is no such chunk.
    #[must_use]
    pub fn range(&self, index: u32) -> Option<Range<u64>> {
        if index >= self.count() {
            return None;
        }
        let start = u64::from(index) * (CHUNK + CHUNK_OVERHEAD) as u64;
        let length = self.shape.length(index) + CHUNK_OVERHEAD;
        Some(start..start + length as u64)
    }

    /// Whether these bytes are the sealed chunk of this place. Needs no key.
    #[must_use]
    pub fn holds(&self, index: u32, sealed: &[u8]) -> bool {
        usize::try_from(index)
            .ok()
            .and_then(|index| self.hashes.get(index))
            .is_some_and(|hash| {
                sealed.len() == self.shape.length(index) + CHUNK_OVERHEAD
                    && chunk_hash(sealed) == *hash
            })
    }

    /// The bytes that are stored and sent, and that the id names.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.shape.header().to_vec();
        bytes.extend_from_slice(self.hashes.as_flattened());
        bytes
    }

    /// Reads the list that `id` names.
    ///
    /// # Errors
    /// [`AttachmentError::Damaged`] for any other bytes; [`AttachmentError::NewerVersion`] for the right bytes in a form
    /// that this version does not have.
    pub fn decode(id: &AttachmentId, bytes: &[u8]) -> Result<Self, AttachmentError> {
        // First of all, so that what follows says something about the writer and not about the transport.
        if id_of(bytes) != *id {
            return Err(AttachmentError::Damaged);
        }
        match bytes {
            [SUITE, VERSION, ..] => {}
            [_, _, ..] => return Err(AttachmentError::NewerVersion),
            _ => return Err(AttachmentError::Damaged),
        }
        let (header, rest) = bytes
            .split_first_chunk::<HEADER>()
            .ok_or(AttachmentError::Damaged)?;
        let (mut media, mut size) = ([0; 2], [0; 8]);
        media.copy_from_slice(&header[2..4]);
        size.copy_from_slice(&header[8..]);
        let shape = Shape::new(u16::from_be_bytes(media), u64::from_be_bytes(size))
            .map_err(|_| AttachmentError::Damaged)?;
        let (hashes, left) = rest.as_chunks::<HASH>();
        if shape.header() != *header || !left.is_empty() || hashes.len() != shape.count() as usize {
            return Err(AttachmentError::Damaged);
        }
        Ok(Self::new(shape, hashes.to_vec()))
    }
}

fn id_of(list: &[u8]) -> AttachmentId {
    AttachmentId(sha256_parts(&[
        Purpose::AttachmentId.label().as_bytes(),
        &[0],
        list,
    ]))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn counts_and_lengths_at_the_edges() {
        let chunk = CHUNK as u64;
        let cases = [
            (0, 1, 0),
            (1, 1, 1),
            (chunk - 1, 1, CHUNK - 1),
            (chunk, 1, CHUNK),
            (chunk + 1, 2, 1),
            (MAX_ATTACHMENT, MAX_CHUNKS, CHUNK),
        ];
        for (size, count, last) in cases {
            let shape = Shape::new(1, size).unwrap();
            assert_eq!(shape.count(), count, "{size}");
            assert_eq!(shape.length(count - 1), last, "{size}");
            assert!(shape.is_last(count - 1) && (count == 1 || !shape.is_last(0)));
            let total: usize = (0..count).map(|index| shape.length(index)).sum();
            assert_eq!(total as u64, size);
        }
        assert_eq!(
            Shape::new(1, MAX_ATTACHMENT + 1),
            Err(SealAttachmentError::TooLarge)
        );
    }

    /// A list that is not well formed is refused even under its own id.
    #[test]
    fn a_list_has_one_encoding() {
        let good = ChunkList::new(Shape::new(3, 70_000).unwrap(), vec![[1; 32], [2; 32]]);
        let bytes = good.encode();
        assert_eq!(ChunkList::decode(&good.id(), &bytes).unwrap(), good);
        let read = |bytes: &[u8]| ChunkList::decode(&id_of(bytes), bytes);
        for length in 0..bytes.len() {
            assert!(read(&bytes[..length]).is_err(), "cut to {length}");
        }
        assert!(read(&[&bytes[..], &[0]].concat()).is_err());
        assert!(read(&[&bytes[..], &[0; 32]].concat()).is_err());
        for (at, value, error) in [
            (0, 2, AttachmentError::NewerVersion),
            (1, 2, AttachmentError::NewerVersion),
            (5, 2, AttachmentError::Damaged),  // another chunk size
            (8, 1, AttachmentError::Damaged),  // larger than any
            (13, 0, AttachmentError::Damaged), // fewer chunks than hashes
            (13, 9, AttachmentError::Damaged), // more
        ] {
            let mut changed = bytes.clone();
            changed[at] = value;
            assert_eq!(read(&changed), Err(error), "byte {at}");
            assert_eq!(
                ChunkList::decode(&good.id(), &changed),
                Err(AttachmentError::Damaged)
            );
        }
    }
}

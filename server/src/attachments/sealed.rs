//! Lists and chunks as devices seal them.

use visitbook_seal::attachment::{AttachmentId, ChunkFrame, ChunkList, ListFrame};
use visitbook_seal::envelope::{EnvelopeKind, Header};

use super::take::Frame;
use super::{ChunkNames, ReadsLists};

/// Reads the lists that a file's id, a hash, stands for.
#[derive(Debug, Clone, Copy)]
pub struct SealedLists;

impl ReadsLists for SealedLists {
    fn list(&self, id: &[u8; 32], bytes: &[u8]) -> Option<Box<dyn ChunkNames>> {
        let list = ChunkList::decode(&AttachmentId(*id), bytes).ok()?;
        Some(Box::new(list))
    }
}

impl ChunkNames for ChunkList {
    fn count(&self) -> u32 {
        Self::count(self)
    }

    fn size(&self) -> u64 {
        Self::size(self)
    }

    fn holds(&self, index: u32, sealed: &[u8]) -> bool {
        Self::holds(self, index, sealed)
    }
}

impl Frame {
    /// Reads one. `None` for bytes that no device of ours sends.
    #[must_use]
    pub fn read(bytes: &[u8]) -> Option<Self> {
        match Header::read(bytes).ok()?.kind {
            EnvelopeKind::ChunkList => ListFrame::decode(bytes).ok().map(|frame| Self::List {
                id: frame.id.0,
                list: frame.list.encode(),
            }),
            EnvelopeKind::Chunk => ChunkFrame::decode(bytes).ok().map(|frame| Self::Chunk {
                id: frame.id.0,
                index: frame.index,
                sealed: frame.bytes.to_vec(),
            }),
            _ => None,
        }
    }
}

//! Files in the simulator: chunks of a few bytes behind a list that proves each by a checksum.
//!
//! Nothing is sealed, so two phones that attach the same content attach the same file, and hand it in beside each other.

use visitbook_server::attachments::take::Frame;
use visitbook_server::attachments::{ChunkNames, ReadsLists};

use super::null::tag;

const LIST: u64 = 9;
const CHUNK: u64 = 10;

/// What a frame begins with.
const LIST_FRAME: u8 = 1;
const CHUNK_FRAME: u8 = 2;

/// A file, whole.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Content {
    pub(crate) id: [u8; 32],
    pub(crate) list: Vec<u8>,
    pub(crate) chunks: Vec<Vec<u8>>,
}

impl Content {
    pub(crate) fn of(chunks: Vec<Vec<u8>>) -> Self {
        let size: usize = chunks.iter().map(Vec::len).sum();
        let mut list = (size as u64).to_be_bytes().to_vec();
        for (index, chunk) in (0u32..).zip(&chunks) {
            list.extend(tag(CHUNK, &index.to_be_bytes(), chunk));
        }
        let id = name_of(&list);
        Self { id, list, chunks }
    }

    pub(crate) fn size(&self) -> u64 {
        self.chunks.iter().map(|chunk| chunk.len() as u64).sum()
    }
}

fn name_of(list: &[u8]) -> [u8; 32] {
    let mut name = [0; 32];
    for (part, key) in name.chunks_exact_mut(8).zip(0u8..) {
        part.copy_from_slice(&tag(LIST, &[key], list));
    }
    name
}

struct NullList {
    size: u64,
    tags: Vec<[u8; 8]>,
}

impl ChunkNames for NullList {
    fn count(&self) -> u32 {
        u32::try_from(self.tags.len()).unwrap_or(u32::MAX)
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn holds(&self, index: u32, sealed: &[u8]) -> bool {
        let named = self.tags.get(index as usize);
        named.is_some_and(|named| tag(CHUNK, &index.to_be_bytes(), sealed) == *named)
    }
}

/// Reads the lists made here.
pub(crate) struct NullLists;

impl ReadsLists for NullLists {
    fn list(&self, id: &[u8; 32], bytes: &[u8]) -> Option<Box<dyn ChunkNames>> {
        let (size, tags) = bytes.split_first_chunk::<8>()?;
        let (tags, rest) = tags.as_chunks::<8>();
        (name_of(bytes) == *id && rest.is_empty()).then(|| -> Box<dyn ChunkNames> {
            Box::new(NullList {
                size: u64::from_be_bytes(*size),
                tags: tags.to_vec(),
            })
        })
    }
}

pub(crate) fn list_frame(id: &[u8; 32], list: &[u8]) -> Vec<u8> {
    let mut frame = vec![LIST_FRAME];
    frame.extend(id);
    frame.extend(list);
    frame
}

pub(crate) fn chunk_frame(id: &[u8; 32], index: u32, chunk: &[u8]) -> Vec<u8> {
    let mut frame = vec![CHUNK_FRAME];
    frame.extend(id);
    frame.extend(index.to_be_bytes());
    frame.extend(chunk);
    frame
}

pub(crate) fn read_frame(frame: &[u8]) -> Option<Frame> {
    let (sort, rest) = frame.split_first()?;
    let (id, rest) = rest.split_first_chunk::<32>()?;
    let id = *id;
    match *sort {
        LIST_FRAME => Some(Frame::List {
            id,
            list: rest.to_vec(),
        }),
        CHUNK_FRAME => {
            let (index, sealed) = rest.split_first_chunk::<4>()?;
            Some(Frame::Chunk {
                id,
                index: u32::from_be_bytes(*index),
                sealed: sealed.to_vec(),
            })
        }
        _ => None,
    }
}

//! The part of an envelope that can be read without any key. A locked phone decides by it what to send first.

use crate::SUITE;

/// Length of the header, in bytes.
pub const HEADER_LENGTH: usize = 51;

/// What an envelope holds. Unknown kinds are refused, not skipped: the sender keeps what is not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum EnvelopeKind {
    /// A signed commit with its payloads.
    Commit = 1,
    /// What was handed in in family mode; see [`crate::family`].
    FamilyPost = 2,
    /// One chunk of an attachment, encrypted already; see [`crate::attachment`].
    Chunk = 3,
    /// The list of an attachment's chunks; see [`crate::attachment`].
    ChunkList = 4,
}

/// How urgent an envelope is; all that a locked phone knows about it besides its age.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum SendClass {
    /// Before everything else.
    Now = 1,
    /// Ordinary work.
    Soon = 2,
    /// May wait for a good connection.
    Later = 3,
}

/// The header of an envelope; see the module above for its layout. `enc` and `number` together name an envelope in
/// the spool, whatever its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Header {
    /// What is inside.
    pub kind: EnvelopeKind,
    /// When to send it.
    pub class: SendClass,
    /// Which of the council's keys it is sealed to. Zeros for chunks and their list, which are sealed to none.
    pub ingest_key: [u8; 8],
    /// The encapsulation that all commits of one session share; a family post's own encapsulation; an attachment's id.
    pub enc: [u8; 32],
    /// Its number in that session, from 0; a chunk's index; for the list of chunks, how many they are.
    pub number: u64,
}

/// The bytes do not begin with a header that this version can read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HeaderError {
    /// Fewer bytes than a header and a tag.
    #[error("too short for an envelope")]
    TooShort,
    /// Sealed by a suite that this version does not have.
    #[error("unknown suite {0}")]
    UnknownSuite(u8),
    /// Holds something that this version does not know.
    #[error("unknown kind {0}")]
    UnknownKind(u8),
    /// A send class that this version does not know.
    #[error("unknown send class {0}")]
    UnknownClass(u8),
}

impl Header {
    /// Reads the header of an envelope. Needs no key, and proves nothing: the header is authenticated only when the
    /// envelope is opened.
    ///
    /// # Errors
    /// [`HeaderError`]; the suite is looked at first, since another suite may have another layout.
    pub fn read(envelope: &[u8]) -> Result<Self, HeaderError> {
        match envelope.first() {
            Some(&SUITE) => {}
            Some(&other) => return Err(HeaderError::UnknownSuite(other)),
            None => return Err(HeaderError::TooShort),
        }
        let (head, rest) = envelope
            .split_first_chunk::<HEADER_LENGTH>()
            .ok_or(HeaderError::TooShort)?;
        if rest.len() < crate::aead::TAG {
            return Err(HeaderError::TooShort);
        }
        let kind = match head[1] {
            1 => EnvelopeKind::Commit,
            2 => EnvelopeKind::FamilyPost,
            3 => EnvelopeKind::Chunk,
            4 => EnvelopeKind::ChunkList,
            other => return Err(HeaderError::UnknownKind(other)),
        };
        let class = match head[2] {
            1 => SendClass::Now,
            2 => SendClass::Soon,
            3 => SendClass::Later,
            other => return Err(HeaderError::UnknownClass(other)),
        };
        let mut header = Self {
            kind,
            class,
            ingest_key: [0; 8],
            enc: [0; 32],
            number: 0,
        };
        header.ingest_key.copy_from_slice(&head[3..11]);
        header.enc.copy_from_slice(&head[11..43]);
        let mut number = [0; 8];
        number.copy_from_slice(&head[43..51]);
        header.number = u64::from_be_bytes(number);
        Ok(header)
    }

    pub(crate) fn to_bytes(self) -> [u8; HEADER_LENGTH] {
        let mut bytes = [0; HEADER_LENGTH];
        bytes[0] = SUITE;
        bytes[1] = self.kind as u8;
        bytes[2] = self.class as u8;
        bytes[3..11].copy_from_slice(&self.ingest_key);
        bytes[11..43].copy_from_slice(&self.enc);
        bytes[43..51].copy_from_slice(&self.number.to_be_bytes());
        bytes
    }
}

//! Sealing and opening, chunk by chunk or a whole file at once.

use zeroize::Zeroizing;

use super::list::{HEADER, Shape};
use super::{
    AttachmentError, CHUNK, CHUNK_OVERHEAD, ChunkList, SALT, SealAttachmentError, chunk_hash,
};
use crate::aead;
use crate::hash::{derive, hmac_sha256};
use crate::purpose::Purpose;
use crate::secret::Secret32;

const PLACE: usize = HEADER + 4 + 1;

/// A sealed chunk, to be stored and sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedChunk {
    /// Its place, from 0.
    pub index: u32,
    /// What the list will name it by; to be stored with it, so that sealing can go on after a cut.
    pub hash: [u8; 32],
    /// Salt, ciphertext and tag.
    pub bytes: Vec<u8>,
}

/// The keys of one attachment.
struct Keys {
    content: Secret32,
    salt: Secret32,
    shape: Shape,
}

impl Keys {
    fn new(content_key: &Secret32, shape: Shape) -> Self {
        Self {
            content: content_key.duplicate(),
            salt: derive(Purpose::AttachmentSalt, &[], &[content_key.expose()], &[]),
            shape,
        }
    }

    fn place(&self, index: u32) -> [u8; PLACE] {
        let mut place = [0; PLACE];
        place[..HEADER].copy_from_slice(&self.shape.header());
        place[HEADER..HEADER + 4].copy_from_slice(&index.to_be_bytes());
        place[HEADER + 4] = u8::from(self.shape.is_last(index));
        place
    }

    fn chunk_key(&self, salt: &[u8], place: &[u8; PLACE]) -> Secret32 {
        derive(
            Purpose::AttachmentChunk,
            salt,
            &[self.content.expose()],
            &[place],
        )
    }

    /// `None` only for more than 256 GiB.
    fn seal(&self, index: u32, chunk: &[u8]) -> Option<Vec<u8>> {
        let place = self.place(index);
        let full_salt = hmac_sha256(self.salt.expose(), &[&place, chunk]);
        let salt = &full_salt[..SALT];
        // Room for the tag as well: growing later would leave a copy of the plaintext behind.
        let mut sealed = Vec::with_capacity(chunk.len() + CHUNK_OVERHEAD);
        sealed.extend_from_slice(salt);
        sealed.extend_from_slice(chunk);
        aead::seal(self.chunk_key(salt, &place), &place, &mut sealed, SALT).ok()?;
        Some(sealed)
    }

    fn open(&self, index: u32, sealed: &[u8]) -> Option<Vec<u8>> {
        let (salt, text) = sealed.split_at_checked(SALT)?;
        let place = self.place(index);
        let chunk = aead::open(&self.chunk_key(salt, &place), &place, text).ok()?;
        (chunk.len() == self.shape.length(index)).then_some(chunk)
    }
}

/// Seals a file of known size chunk by chunk. Deterministic: the same key and content give the same bytes, so it may
/// stop anywhere and go on later. Neither copied nor printed:
///
/// ```
/// let key = visitbook_seal::secret::random().unwrap();
/// let sealer = visitbook_seal::attachment::ChunkSealer::start(&key, 1, 10).unwrap();
/// assert_eq!(sealer.next_length(), Some(10));
/// ```
/// ```compile_fail
/// let key = visitbook_seal::secret::random().unwrap();
/// let sealer = visitbook_seal::attachment::ChunkSealer::start(&key, 1, 10).unwrap();
/// let copy = sealer.clone();
/// ```
/// ```compile_fail
/// let key = visitbook_seal::secret::random().unwrap();
/// let sealer = visitbook_seal::attachment::ChunkSealer::start(&key, 1, 10).unwrap();
/// println!("{sealer:?}");
/// ```
pub struct ChunkSealer {
    keys: Keys,
    hashes: Vec<[u8; 32]>,
}

impl ChunkSealer {
    /// Begins a file of `size` bytes. `media` is the caller's code for its type. The content key is random, made for
    /// this content alone.
    ///
    /// # Errors
    /// [`SealAttachmentError::TooLarge`].
    pub fn start(
        content_key: &Secret32,
        media: u16,
        size: u64,
    ) -> Result<Self, SealAttachmentError> {
        Self::resume(content_key, media, size, Vec::new())
    }

    /// Goes on after the chunks with these hashes, with the key, code and size that the file was begun with.
    ///
    /// # Errors
    /// [`SealAttachmentError::TooLarge`]; [`SealAttachmentError::NoFurtherChunk`] if there are more hashes than chunks.
    pub fn resume(
        content_key: &Secret32,
        media: u16,
        size: u64,
        sealed: Vec<[u8; 32]>,
    ) -> Result<Self, SealAttachmentError> {
        let shape = Shape::new(media, size)?;
        if sealed.len() > shape.count() as usize {
            return Err(SealAttachmentError::NoFurtherChunk);
        }
        Ok(Self {
            keys: Keys::new(content_key, shape),
            hashes: sealed,
        })
    }

    /// The place of the next chunk; the chunk begins at this number times [`CHUNK`] in the file.
    #[must_use]
    pub fn next_index(&self) -> u32 {
        // At most the number of chunks, which fits.
        self.hashes.len() as u32
    }

    /// How many bytes the next chunk has; `None` when all are sealed.
    #[must_use]
    pub fn next_length(&self) -> Option<usize> {
        let index = self.next_index();
        (index < self.keys.shape.count()).then(|| self.keys.shape.length(index))
    }

    /// Seals the next chunk.
    ///
    /// # Errors
    /// [`SealAttachmentError::WrongLength`], [`SealAttachmentError::NoFurtherChunk`]; nothing has changed then.
    pub fn seal(&mut self, chunk: &[u8]) -> Result<SealedChunk, SealAttachmentError> {
        let expected = self
            .next_length()
            .ok_or(SealAttachmentError::NoFurtherChunk)?;
        if chunk.len() != expected {
            return Err(SealAttachmentError::WrongLength { expected });
        }
        let index = self.next_index();
        let bytes = self
            .keys
            .seal(index, chunk)
            .ok_or(SealAttachmentError::TooLarge)?;
        let hash = chunk_hash(&bytes);
        self.hashes.push(hash);
        Ok(SealedChunk { index, hash, bytes })
    }

    /// The list, when all chunks are sealed. Its id is the attachment's.
    ///
    /// # Errors
    /// [`SealAttachmentError::Incomplete`].
    pub fn finish(self) -> Result<ChunkList, SealAttachmentError> {
        match self.next_length() {
            Some(_) => Err(SealAttachmentError::Incomplete),
            None => Ok(ChunkList::new(self.keys.shape, self.hashes)),
        }
    }
}

/// Opens the chunks of one attachment, each alone and in any order. Every chunk that it gives out is authentic and in
/// its place; that none is missing is for the caller to see, or for [`open`]. Neither copied nor printed:
///
/// ```
/// use visitbook_seal::attachment::ChunkOpener;
/// fn first(opener: &ChunkOpener<'_>, sealed: &[u8]) -> bool { opener.open(0, sealed).is_ok() }
/// ```
/// ```compile_fail
/// use visitbook_seal::attachment::ChunkOpener;
/// fn print(opener: &ChunkOpener<'_>) { println!("{opener:?}"); }
/// ```
pub struct ChunkOpener<'l> {
    keys: Keys,
    list: &'l ChunkList,
}

impl<'l> ChunkOpener<'l> {
    /// With the key from the operation's payload, and the list that its attachment id names.
    #[must_use]
    pub fn new(content_key: &Secret32, list: &'l ChunkList) -> Self {
        Self {
            keys: Keys::new(content_key, list.shape),
            list,
        }
    }

    /// Opens one chunk.
    ///
    /// # Errors
    /// [`AttachmentError::Damaged`] if these are not the bytes that the list names for this place;
    /// [`AttachmentError::WrongKey`].
    pub fn open(&self, index: u32, sealed: &[u8]) -> Result<Vec<u8>, AttachmentError> {
        if !self.list.holds(index, sealed) {
            return Err(AttachmentError::Damaged);
        }
        self.keys
            .open(index, sealed)
            .ok_or(AttachmentError::WrongKey)
    }
}

/// Seals a whole file: the list, and the sealed chunks one after the other.
///
/// # Errors
/// [`SealAttachmentError::TooLarge`].
pub fn seal(
    content_key: &Secret32,
    media: u16,
    content: &[u8],
) -> Result<(ChunkList, Vec<u8>), SealAttachmentError> {
    let mut sealer = ChunkSealer::start(content_key, media, content.len() as u64)?;
    let mut sealed = Vec::new();
    let mut rest = content;
    while let Some(length) = sealer.next_length() {
        let (chunk, after) = rest
            .split_at_checked(length)
            .ok_or(SealAttachmentError::Incomplete)?;
        sealed.extend_from_slice(&sealer.seal(chunk)?.bytes);
        rest = after;
    }
    Ok((sealer.finish()?, sealed))
}

/// Opens a whole file, or nothing of it.
///
/// # Errors
/// [`AttachmentError::Damaged`], [`AttachmentError::WrongKey`].
pub fn open(
    content_key: &Secret32,
    list: &ChunkList,
    sealed: &[u8],
) -> Result<Vec<u8>, AttachmentError> {
    if sealed.len() as u64 != list.sealed_size() {
        return Err(AttachmentError::Damaged);
    }
    let opener = ChunkOpener::new(content_key, list);
    // Wiped if a later chunk fails.
    let mut content = Zeroizing::new(Vec::with_capacity(sealed.len()));
    for (index, chunk) in (0..).zip(sealed.chunks(CHUNK + CHUNK_OVERHEAD)) {
        let opened = Zeroizing::new(opener.open(index, chunk)?);
        content.extend_from_slice(&opened);
    }
    Ok(std::mem::take(&mut content))
}

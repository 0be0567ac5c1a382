//! The folder in which encrypted files lie, one file each, named by what it holds.
//!
//! ```text
//! making        being encrypted; was never reported as saved, and goes at the next unlock
//! <id>.new      whole and durable; the book says whether it was saved
//! <id>.out      saved here; waits for the council's receipt
//! <id>.receipt  that receipt, taken while the vault was closed
//! <id>.kept     the council has it too: attached here, or fetched
//! <id>.part     being fetched; <id>.list beside it
//!
//! content       every sealed chunk, then the list of them, then the list's length, 4 bytes big-endian
//! ```
//!
//! What is written here is never plain, from the first byte on. A name is made from an [`AttachmentId`] alone.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use visitbook_record::attachment::{media_code, media_type};
use visitbook_record::limits;
use visitbook_seal::attachment::{AttachmentId, CHUNK, CHUNK_OVERHEAD, ChunkList, ChunkSealer};
use visitbook_seal::secret::Secret32;
use zeroize::Zeroizing;

use crate::files;

const SEALED: u64 = (CHUNK + CHUNK_OVERHEAD) as u64;
const TAIL: u64 = 4;
/// No list is longer: 800 chunks and its head.
const LONGEST_LIST: u64 = 64 << 10;

/// Why a file was not taken. Nothing of it stays.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TakeError {
    #[error("the file is empty")]
    Empty,
    #[error("the file is too large")]
    TooLarge,
    #[error("the file is not as long as it was said to be")]
    OtherLength,
    #[error("the file to attach could not be read")]
    Unreadable(#[source] io::Error),
    #[error("the encrypted file could not be written")]
    Io(#[from] io::Error),
}

/// A file that was encrypted and is durable.
pub(crate) struct Taken {
    pub(crate) id: AttachmentId,
    /// SHA-256 of what was encrypted.
    pub(crate) content: [u8; 32],
    pub(crate) media_type: &'static str,
}

/// Where a file is in its life here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Out,
    Kept,
}

impl Place {
    const fn ending(self) -> &'static str {
        match self {
            Self::Out => "out",
            Self::Kept => "kept",
        }
    }
}

/// The folder.
#[derive(Debug, Clone)]
pub(crate) struct Shelf(PathBuf);

impl Shelf {
    pub(crate) fn new(directory: PathBuf) -> Self {
        Self(directory)
    }

    fn path(&self, id: &AttachmentId, ending: &str) -> PathBuf {
        self.0.join(format!("{id}.{ending}"))
    }

    /// Encrypts exactly `size` bytes under this key, made for them alone. When this returns, the file is durable under its
    /// name and waits for [`Self::saved`].
    pub(crate) fn take(
        &self,
        key: &Secret32,
        size: u64,
        from: &mut dyn Read,
    ) -> Result<Taken, TakeError> {
        if size == 0 {
            return Err(TakeError::Empty);
        }
        if size > limits::ATTACHMENT_BYTES {
            return Err(TakeError::TooLarge);
        }
        files::create_private(&self.0)?;
        let making = self.0.join("making");
        let taken = encrypt(&making, key, size, from).and_then(|taken| {
            fs::rename(&making, self.path(&taken.id, "new"))?;
            files::sync_parent(&making)?;
            Ok(taken)
        });
        if taken.is_err() {
            // What was never reported as saved; if it stays, the next unlock removes it.
            let _ = fs::remove_file(&making);
        }
        taken
    }

    /// The book says that it is saved.
    pub(crate) fn saved(&self, id: &AttachmentId) -> io::Result<()> {
        self.rename(id, "new", "out")
    }

    /// The book has the same file already.
    pub(crate) fn not_needed(&self, id: &AttachmentId) -> io::Result<()> {
        gone(fs::remove_file(self.path(id, "new")))
    }

    /// The council has it.
    pub(crate) fn handed_in(&self, id: &AttachmentId) -> io::Result<()> {
        if self.path(id, "out").exists() {
            self.rename(id, "out", "kept")?;
        }
        gone(fs::remove_file(self.path(id, "receipt")))
    }

    /// The council, put back from an older copy, has not got it any more.
    pub(crate) fn hand_in_again(&self, id: &AttachmentId) -> io::Result<()> {
        self.rename(id, "kept", "out")
    }

    fn rename(&self, id: &AttachmentId, from: &str, to: &str) -> io::Result<()> {
        let from = self.path(id, from);
        fs::rename(&from, self.path(id, to))?;
        files::sync_parent(&from)
    }

    /// Every file with this ending, oldest first.
    fn with_ending(&self, ending: &str) -> io::Result<Vec<AttachmentId>> {
        let entries = match fs::read_dir(&self.0) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let mut all = Vec::new();
        for entry in entries {
            let entry = entry?;
            let path = entry.path();
            let name = path.file_stem().and_then(|stem| stem.to_str());
            let id = name.and_then(|name| name.parse::<AttachmentId>().ok());
            if let Some(id) = id
                && path.extension().is_some_and(|found| found == ending)
            {
                let written = entry.metadata()?.modified().ok();
                all.push((written, id));
            }
        }
        all.sort();
        Ok(all.into_iter().map(|(_, id)| id).collect())
    }

    /// What is durable here and not yet known to be saved.
    pub(crate) fn unsettled(&self) -> io::Result<Vec<AttachmentId>> {
        self.with_ending("new")
    }

    /// What waits for the council's receipt, oldest first. Files with a receipt that lies here unread are not among them.
    pub(crate) fn waiting(&self) -> io::Result<Vec<AttachmentId>> {
        let mut all = self.with_ending("out")?;
        all.retain(|id| !self.path(id, "receipt").exists());
        Ok(all)
    }

    /// What the council has too.
    pub(crate) fn kept(&self) -> io::Result<Vec<AttachmentId>> {
        self.with_ending("kept")
    }

    /// Removes what an encryption that was cut short left behind.
    pub(crate) fn sweep(&self) -> io::Result<()> {
        gone(fs::remove_file(self.0.join("making")))
    }

    /// Removes a file that the council has, or that is being fetched. One that waits for its receipt stays.
    pub(crate) fn remove(&self, id: &AttachmentId) -> io::Result<()> {
        for ending in ["kept", "part", "list"] {
            gone(fs::remove_file(self.path(id, ending)))?;
        }
        Ok(())
    }

    /// Removes a file whose key was removed by law, in whatever state it is.
    pub(crate) fn discard(&self, id: &AttachmentId) -> io::Result<()> {
        for ending in ["new", "out", "receipt"] {
            gone(fs::remove_file(self.path(id, ending)))?;
        }
        self.remove(id)
    }

    /// Where a whole file is.
    pub(crate) fn place(&self, id: &AttachmentId) -> Option<Place> {
        [Place::Out, Place::Kept]
            .into_iter()
            .find(|place| self.path(id, place.ending()).exists())
    }

    /// A whole file; `None` if there is none, or if it is not what its name says.
    pub(crate) fn open(&self, id: &AttachmentId) -> io::Result<Option<Stored>> {
        match self.place(id) {
            Some(place) => Stored::open(id, &self.path(id, place.ending())),
            None => Ok(None),
        }
    }

    /// Keeps a receipt that came while the vault was closed.
    pub(crate) fn keep_receipt(&self, id: &AttachmentId, receipt: &[u8]) -> io::Result<()> {
        files::replace(&self.path(id, "receipt"), receipt)
    }

    /// The receipts that came while the vault was closed.
    pub(crate) fn receipts(&self) -> io::Result<Vec<(AttachmentId, Vec<u8>)>> {
        let mut all = Vec::new();
        for id in self.with_ending("receipt")? {
            if let Some(bytes) = files::read(&self.path(&id, "receipt"))? {
                all.push((id, bytes));
            }
        }
        Ok(all)
    }

    /// Forgets one that turned out to be none.
    pub(crate) fn drop_receipt(&self, id: &AttachmentId) -> io::Result<()> {
        gone(fs::remove_file(self.path(id, "receipt")))
    }

    /// The list of a file that is being fetched, and how many chunks of it are here.
    pub(crate) fn fetched(&self, id: &AttachmentId) -> io::Result<Option<(ChunkList, u32)>> {
        let Some(bytes) = files::read(&self.path(id, "list"))? else {
            return Ok(None);
        };
        let Ok(list) = ChunkList::decode(id, &bytes) else {
            gone(fs::remove_file(self.path(id, "list")))?;
            return Ok(None);
        };
        let length = match fs::metadata(self.path(id, "part")) {
            Ok(found) => found.len(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => 0,
            Err(error) => return Err(error),
        };
        // All but the last are of one length.
        let whole = if length >= list.sealed_size() {
            list.count()
        } else {
            u32::try_from(length / SEALED).unwrap_or(0)
        };
        Ok(Some((list, whole)))
    }

    /// Begins to fetch.
    pub(crate) fn begin_fetch(&self, id: &AttachmentId, list: &ChunkList) -> io::Result<()> {
        files::create_private(&self.0)?;
        files::replace(&self.path(id, "list"), &list.encode())
    }

    /// Adds chunks that the caller has checked, from place `from` on. Once the last is there the whole is checked again and
    /// takes its name. Returns whether it has.
    pub(crate) fn add_fetched(
        &self,
        id: &AttachmentId,
        list: &ChunkList,
        from: u32,
        chunks: &[&[u8]],
    ) -> io::Result<bool> {
        let path = self.path(id, "part");
        let part = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)?;
        let mut at = list
            .range(from)
            .map_or(list.sealed_size(), |range| range.start);
        for chunk in chunks {
            part.write_all_at(chunk, at)?;
            at += chunk.len() as u64;
        }
        if at < list.sealed_size() {
            part.sync_data()?;
            return Ok(false);
        }
        part.set_len(at)?;
        part.write_all_at(&tail(list), at)?;
        part.sync_all()?;
        let whole = Stored::open(id, &path)?;
        if whole.is_none_or(|whole| !whole.is_sound().unwrap_or(false)) {
            // A crash may leave a chunk that was never written. All of it can be fetched again.
            fs::remove_file(&path)?;
            return Ok(false);
        }
        fs::rename(&path, self.path(id, "kept"))?;
        gone(fs::remove_file(self.path(id, "list")))?;
        files::sync_parent(&path)?;
        Ok(true)
    }
}

fn tail(list: &ChunkList) -> Vec<u8> {
    let mut bytes = list.encode();
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    bytes.extend_from_slice(&length.to_be_bytes());
    bytes
}

fn encrypt(
    path: &Path,
    key: &Secret32,
    size: u64,
    from: &mut dyn Read,
) -> Result<Taken, TakeError> {
    let mut file = File::create(path)?;
    let mut buffer = Zeroizing::new(vec![0; CHUNK]);
    let mut content = ring::digest::Context::new(&ring::digest::SHA256);
    let mut sealer: Option<ChunkSealer> = None;
    let mut kind = "";
    let mut left = size;
    while left > 0 {
        let length = usize::try_from(left).map_or(CHUNK, |left| left.min(CHUNK));
        let chunk = &mut buffer[..length];
        from.read_exact(chunk).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => TakeError::OtherLength,
            _ => TakeError::Unreadable(error),
        })?;
        content.update(chunk);
        if sealer.is_none() {
            kind = media_type(chunk);
            let begun = ChunkSealer::start(key, media_code(kind), size);
            sealer = Some(begun.map_err(|_| TakeError::TooLarge)?);
        }
        let sealer = sealer.as_mut().ok_or(TakeError::Empty)?;
        let sealed = sealer.seal(chunk).map_err(|_| TakeError::OtherLength)?;
        file.write_all(&sealed.bytes)?;
        left -= length as u64;
    }
    // One byte more than was said is as wrong as one less.
    let mut more = Zeroizing::new([0; 1]);
    if from.read(&mut more[..]).map_err(TakeError::Unreadable)? != 0 {
        return Err(TakeError::OtherLength);
    }
    let list = sealer
        .ok_or(TakeError::Empty)?
        .finish()
        .map_err(|_| TakeError::OtherLength)?;
    file.write_all(&tail(&list))?;
    file.sync_all()?;
    let mut hash = [0; 32];
    hash.copy_from_slice(content.finish().as_ref());
    Ok(Taken {
        id: list.id(),
        content: hash,
        media_type: kind,
    })
}

fn gone(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        other => other,
    }
}

/// A whole encrypted file whose list is the one that its name stands for.
pub(crate) struct Stored {
    file: File,
    pub(crate) list: ChunkList,
}

impl Stored {
    fn open(id: &AttachmentId, path: &Path) -> io::Result<Option<Self>> {
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let length = file.metadata()?.len();
        let Some(before_tail) = length.checked_sub(TAIL) else {
            return Ok(None);
        };
        let mut said = [0; TAIL as usize];
        file.read_exact_at(&mut said, before_tail)?;
        let said = u64::from(u32::from_be_bytes(said));
        let (true, Some(begin)) = (said <= LONGEST_LIST, before_tail.checked_sub(said)) else {
            return Ok(None);
        };
        let mut bytes = vec![0; usize::try_from(said).unwrap_or(0)];
        file.read_exact_at(&mut bytes, begin)?;
        let list = ChunkList::decode(id, &bytes).ok();
        let list = list.filter(|list| list.sealed_size() == begin);
        Ok(list.map(|list| Self { file, list }))
    }

    /// A sealed chunk; `None` if the disk has changed it.
    pub(crate) fn chunk(&self, index: u32) -> io::Result<Option<Vec<u8>>> {
        let Some(range) = self.list.range(index) else {
            return Ok(None);
        };
        let mut bytes = vec![0; usize::try_from(range.end - range.start).unwrap_or(0)];
        self.file.read_exact_at(&mut bytes, range.start)?;
        Ok(self.list.holds(index, &bytes).then_some(bytes))
    }

    /// Whether every chunk is as its list says.
    pub(crate) fn is_sound(&self) -> io::Result<bool> {
        for index in 0..self.list.count() {
            if self.chunk(index)?.is_none() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

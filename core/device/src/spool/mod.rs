//! Sealed envelopes on their way to the council, outside the encrypted database.
//!
//! A saved visit must be able to leave while the phone is locked, and must survive a database whose key is lost. So
//! the exact sealed bytes lie here, in preallocated files, from before the word "saved" until the council's receipt.
//! Nothing here can be read on the device; see [`visitbook_seal::envelope`].
//!
//! - An append is one write and one fdatasync ([`std::fs::File::sync_data`]; `F_FULLFSYNC` on Apple systems). When it
//!   returns, the frame survives loss of power.
//! - Nothing is overwritten or removed before [`Spool::release`] names it. What a crash tore off behind the last good
//!   frame was never acknowledged, and the next append overwrites it.
//! - A scan stops at the first bad frame of a segment. What damage hides behind it is still in the vault, which seals
//!   again, at the next unlock, whatever has neither a receipt nor an envelope here.
//! - That a frame was released is noted in it without a sync of its own: after a crash a released frame may be offered
//!   again. Sending it again is harmless, and the caller, who has the receipt, releases it again.
//!
//! Calls block for one disk flush at most, except when a new segment is written. One process at a time: the caller
//! holds the lock of the store directory.

mod frame;
mod segment;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use crate::sync::store::{ParcelKey, SendClass};
use segment::Segment;

/// Size of a segment, in bytes. One that holds a single larger frame is as large as that frame.
pub const SEGMENT_BYTES: u64 = 4 << 20;

/// A full segment with less waiting in it than this has the rest copied on, so that it can be reused.
const STUCK_BYTES: u64 = SEGMENT_BYTES / 8;

/// Why the spool could not do something. Whatever it says, every earlier frame is still there.
#[derive(Debug, thiserror::Error)]
pub enum SpoolError {
    /// The storage is full; nothing was changed.
    #[error("the phone's storage is full")]
    Full,
    /// The file system failed.
    #[error("the spool could not be read or written")]
    Io(#[source] io::Error),
    /// The bytes of this frame are not what was written.
    #[error("a spool frame is damaged")]
    Damaged,
    /// The frame was released, and its place reused.
    #[error("the spool frame is gone")]
    Gone,
    /// An envelope with this key is waiting already; a number is never used twice in a session.
    #[error("an envelope with this key is in the spool already")]
    KeyTaken,
    /// Empty, or larger than a frame can say.
    #[error("not a possible size for an envelope")]
    TooLarge,
}

impl From<io::Error> for SpoolError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::Io(error),
        }
    }
}

/// The writer's own name for what an envelope holds. It stays the same when the same words are sealed again, so that a
/// receipt for them lets go of every envelope that holds them. To be made so that it says nothing to others.
pub type Tag = [u8; 16];

/// One waiting envelope and where it lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameInfo {
    /// Its name.
    pub key: ParcelKey,
    /// What its writer calls what is inside.
    pub tag: Tag,
    /// How soon it is wanted.
    pub class: SendClass,
    /// The segment's number.
    pub segment: u64,
    /// Where in the segment the frame begins, in bytes.
    pub offset: u64,
    /// Length of the envelope, in bytes, without the frame's head.
    pub len: u32,
    order: u64,
}

/// The spool of one device. Not shared between threads without a lock of the caller's; see the module.
pub struct Spool {
    directory: PathBuf,
    segments: BTreeMap<u64, Segment>,
    /// By order of writing; segment and offset only keep apart what a damaged disk made alike.
    waiting: BTreeMap<(u64, u64, u64), FrameInfo>,
    places: BTreeMap<ParcelKey, (u64, u64, u64)>,
    names: BTreeSet<(Tag, ParcelKey)>,
    next_order: u64,
    bytes: u64,
    appends: u64,
}

impl FrameInfo {
    const fn place(&self) -> (u64, u64, u64) {
        (self.order, self.segment, self.offset)
    }

    const fn frame_len(&self) -> u64 {
        frame::HEAD as u64 + self.len as u64
    }
}

impl Spool {
    /// Opens the spool in this directory, making it if need be, and reads every segment once.
    ///
    /// # Errors
    /// [`SpoolError::Io`], [`SpoolError::Full`]. A file that cannot be read stays where it is.
    pub fn open(directory: &Path) -> Result<Self, SpoolError> {
        std::fs::create_dir_all(directory)?;
        let mut spool = Self {
            directory: directory.to_path_buf(),
            segments: BTreeMap::new(),
            waiting: BTreeMap::new(),
            places: BTreeMap::new(),
            names: BTreeSet::new(),
            next_order: 0,
            bytes: 0,
            appends: 0,
        };
        let numbers = segment::numbers(directory)?;
        // A name given just before the last process died is visible, but not yet sure to survive loss of power.
        segment::sync_directory(directory)?;
        for number in numbers {
            let mut segment = Segment::open(directory, number)?;
            let (found, tail) = frame::scan(number, &segment.content()?);
            segment.tail = tail;
            spool.segments.insert(number, segment);
            for frame in found {
                spool.next_order = spool.next_order.max(frame.head.order.saturating_add(1));
                // A later frame with the same key is the copy of a stuck one; the crash came before the reuse.
                spool.forget(frame.head.key);
                if !frame.released {
                    spool.remember(FrameInfo {
                        key: frame.head.key,
                        tag: frame.head.tag,
                        class: frame.head.class,
                        segment: number,
                        offset: frame.offset,
                        len: frame.head.length,
                        order: frame.head.order,
                    });
                }
            }
        }
        Ok(spool)
    }

    /// Appends an envelope. When this returns `Ok`, the envelope survives loss of power.
    ///
    /// # Errors
    /// [`SpoolError::Full`], [`SpoolError::Io`]: the envelope does not count as saved, though a later
    /// [`open`](Self::open) may find it. [`SpoolError::KeyTaken`], [`SpoolError::TooLarge`]: nothing was written.
    pub fn append(
        &mut self,
        key: ParcelKey,
        tag: Tag,
        class: SendClass,
        bytes: &[u8],
    ) -> Result<FrameInfo, SpoolError> {
        self.appends += 1;
        if self.places.contains_key(&key) {
            return Err(SpoolError::KeyTaken);
        }
        let len = u32::try_from(bytes.len()).map_err(|_| SpoolError::TooLarge)?;
        if len == 0 {
            return Err(SpoolError::TooLarge);
        }
        let need = frame::HEAD as u64 + u64::from(len);
        let number = self.with_room(need)?;
        let order = self.next_order;
        let segment = self.segments.get_mut(&number).ok_or(SpoolError::Gone)?;
        let info = FrameInfo {
            key,
            tag,
            class,
            segment: number,
            offset: segment.tail,
            len,
            order,
        };
        segment.write_durably(&frame::encode(
            number,
            info.offset,
            key,
            tag,
            class,
            order,
            bytes,
        )?)?;
        segment.tail += need;
        self.next_order = order.saturating_add(1);
        self.remember(info);
        Ok(info)
    }

    /// What waits for a receipt, in the order written, across copies and reopenings.
    pub fn frames(&self) -> impl Iterator<Item = FrameInfo> + '_ {
        self.waiting.values().copied()
    }

    /// Whether an envelope with this key waits here.
    #[must_use]
    pub fn contains(&self, key: &ParcelKey) -> bool {
        self.places.contains_key(key)
    }

    /// The waiting envelope with this key, where it lies now.
    #[must_use]
    pub fn frame(&self, key: &ParcelKey) -> Option<FrameInfo> {
        self.waiting.get(self.places.get(key)?).copied()
    }

    /// The waiting envelopes with this tag.
    pub fn tagged(&self, tag: Tag) -> impl Iterator<Item = ParcelKey> + '_ {
        let first = ParcelKey {
            session: [0; 32],
            number: 0,
        };
        self.names
            .range((tag, first)..)
            .take_while(move |(of, _)| *of == tag)
            .map(|(_, key)| *key)
    }

    /// How often something was to be appended since the spool was opened, whether or not the disk took it. While this stays the
    /// same, nothing waits that did not wait before.
    #[must_use]
    pub const fn appends(&self) -> u64 {
        self.appends
    }

    /// The exact envelope.
    ///
    /// # Errors
    /// [`SpoolError::Gone`] if it was released or moved since, [`SpoolError::Damaged`] if the disk changed it,
    /// [`SpoolError::Io`].
    pub fn read(&self, info: &FrameInfo) -> Result<Vec<u8>, SpoolError> {
        if self.waiting.get(&info.place()) != Some(info) {
            return Err(SpoolError::Gone);
        }
        let mut bytes = self.read_frame(info)?;
        bytes.drain(..frame::HEAD);
        Ok(bytes)
    }

    /// Lets go of envelopes whose receipt is durable in the vault; keys that are not here are passed over. Makes room:
    /// segments that hold nothing any more are reused or removed, and the last stuck frames of a full one copied on.
    /// Returns how many were let go.
    ///
    /// # Errors
    /// [`SpoolError::Io`], [`SpoolError::Full`]: some may not be let go yet; no other frame is touched.
    pub fn release(&mut self, receipted: &BTreeSet<ParcelKey>) -> Result<usize, SpoolError> {
        let mut count = 0;
        for key in receipted {
            let Some(info) = self.places.get(key).and_then(|at| self.waiting.get(at)) else {
                continue;
            };
            match self.read_frame(info) {
                Ok(frame) => self.mark_released(info, &frame)?,
                // Damaged, but the council has it: there is nothing left to mark.
                Err(SpoolError::Damaged) => {}
                Err(other) => return Err(other),
            }
            self.forget(*key);
            count += 1;
        }
        if count > 0 {
            self.copy_stuck_on()?;
            self.drop_spares()?;
        }
        Ok(count)
    }

    /// How many envelopes wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    /// Bytes of the envelopes that wait.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    fn remember(&mut self, info: FrameInfo) {
        if let Some(segment) = self.segments.get_mut(&info.segment) {
            segment.waiting += 1;
            segment.waiting_bytes += info.frame_len();
        }
        self.bytes += u64::from(info.len);
        self.names.insert((info.tag, info.key));
        self.places.insert(info.key, info.place());
        self.waiting.insert(info.place(), info);
    }

    fn forget(&mut self, key: ParcelKey) {
        let Some(info) = self
            .places
            .remove(&key)
            .and_then(|at| self.waiting.remove(&at))
        else {
            return;
        };
        self.bytes -= u64::from(info.len);
        self.names.remove(&(info.tag, key));
        if let Some(segment) = self.segments.get_mut(&info.segment) {
            segment.waiting -= 1;
            segment.waiting_bytes -= info.frame_len();
        }
    }

    /// The whole frame, its checksum verified.
    fn read_frame(&self, info: &FrameInfo) -> Result<Vec<u8>, SpoolError> {
        let segment = self.segments.get(&info.segment).ok_or(SpoolError::Gone)?;
        let length = usize::try_from(info.frame_len()).map_err(|_| SpoolError::TooLarge)?;
        let mut frame = vec![0; length];
        match segment.file.read_exact_at(&mut frame, info.offset) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
                return Err(SpoolError::Damaged);
            }
            other => other?,
        }
        frame::release_mark(info.segment, info.offset, &frame).ok_or(SpoolError::Damaged)?;
        Ok(frame)
    }

    /// Not synced: see the module.
    fn mark_released(&self, info: &FrameInfo, frame: &[u8]) -> Result<(), SpoolError> {
        let mark = frame::release_mark(info.segment, info.offset, frame);
        if let (Some(mark), Some(segment)) = (mark, self.segments.get(&info.segment)) {
            segment
                .file
                .write_all_at(&mark, info.offset + frame::MARK_AT)?;
        }
        Ok(())
    }

    /// The last segment if this much fits, else one that nothing waits in, else a new one.
    fn with_room(&mut self, need: u64) -> Result<u64, SpoolError> {
        if let Some((&last, segment)) = self.segments.last_key_value()
            && segment.room() >= need
        {
            return Ok(last);
        }
        let next = self
            .segments
            .last_key_value()
            .map_or(0, |(last, _)| last + 1);
        let spare = self
            .segments
            .iter()
            .find(|(_, segment)| segment.waiting == 0 && segment.size >= need)
            .map(|(&number, _)| number);
        if let Some(old) = spare {
            // The new name makes every old checksum in the file void, so it must be durable before the first frame.
            std::fs::rename(
                segment::path(&self.directory, old),
                segment::path(&self.directory, next),
            )?;
            let reused = self.segments.remove(&old);
            segment::sync_directory(&self.directory)?;
            if let Some(mut segment) = reused {
                segment.tail = 0;
                self.segments.insert(next, segment);
            }
        } else {
            let segment = Segment::create(&self.directory, next, SEGMENT_BYTES.max(need))?;
            self.segments.insert(next, segment);
        }
        Ok(next)
    }

    /// Copies the last waiting frames of full segments into the last one, where they fit, so that one envelope that
    /// never gets its receipt does not hold four megabytes.
    fn copy_stuck_on(&mut self) -> Result<(), SpoolError> {
        let Some((&last, _)) = self.segments.last_key_value() else {
            return Ok(());
        };
        let stuck: Vec<u64> = self
            .segments
            .iter()
            .filter(|&(&number, segment)| {
                number != last && segment.waiting > 0 && segment.waiting_bytes <= STUCK_BYTES
            })
            .map(|(&number, _)| number)
            .collect();
        for number in stuck {
            self.copy_on(number, last)?;
        }
        Ok(())
    }

    fn copy_on(&mut self, from: u64, to: u64) -> Result<(), SpoolError> {
        let Some(target) = self.segments.get(&to) else {
            return Ok(());
        };
        let frames: Vec<FrameInfo> = self
            .waiting
            .values()
            .filter(|info| info.segment == from)
            .copied()
            .collect();
        let need: u64 = frames.iter().map(FrameInfo::frame_len).sum();
        if target.room() < need {
            return Ok(());
        }
        let (mut copies, mut moved) = (Vec::new(), Vec::new());
        for info in frames {
            let frame = match self.read_frame(&info) {
                Ok(frame) => frame,
                // What cannot be copied keeps its segment: somebody may still rescue it.
                Err(SpoolError::Damaged) => return Ok(()),
                Err(other) => return Err(other),
            };
            let offset = target.tail + copies.len() as u64;
            copies.extend(frame::encode(
                to,
                offset,
                info.key,
                info.tag,
                info.class,
                info.order,
                &frame[frame::HEAD..],
            )?);
            moved.push((info, offset, frame));
        }
        target.write_durably(&copies)?;
        if let Some(target) = self.segments.get_mut(&to) {
            target.tail += need;
        }
        for (info, offset, frame) in moved {
            self.mark_released(&info, &frame)?;
            self.forget(info.key);
            self.remember(FrameInfo {
                segment: to,
                offset,
                ..info
            });
        }
        Ok(())
    }

    /// Keeps one empty segment for reuse and gives the others' space back.
    fn drop_spares(&mut self) -> Result<(), SpoolError> {
        let last = self.segments.last_key_value().map(|(&number, _)| number);
        let mut kept = false;
        let mut surplus = Vec::new();
        for (&number, segment) in &self.segments {
            if segment.waiting > 0 || Some(number) == last {
                continue;
            }
            if segment.size == SEGMENT_BYTES && !kept {
                kept = true;
            } else {
                surplus.push(number);
            }
        }
        for number in surplus {
            std::fs::remove_file(segment::path(&self.directory, number))?;
            self.segments.remove(&number);
        }
        Ok(())
    }
}

//! How one sealed envelope lies in a segment, and how a torn or damaged one is told from a good one.
//!
//! ```text
//! offset  0  length of the bytes, little-endian u32; zero means that nothing was ever written here
//!         4  send class: 1 now, 2 soon, 3 later; then three zero bytes
//!         8  order of writing, little-endian u64: kept when a frame is copied, so that copying changes no order
//!        16  session (enc), 32 bytes
//!        48  number in the session, little-endian u64
//!        56  tag, 16 bytes: the writer's own name for what is inside, which two envelopes of the same words share
//!        72  checksum: the first half of SHA-256(label ‖ segment ‖ offset ‖ the 72 bytes above ‖ the bytes)
//!        88  sixteen zero bytes; the second half of the same hash once the frame has its receipt
//!       104  the bytes
//! ```
//!
//! Segment and offset are part of the hash, so what an earlier life of a reused segment left behind never passes for
//! a frame of this life. The mark of a released frame is half of a hash rather than a flag, so that no flipped bit can
//! make an envelope look as if the council had it.

use ring::digest;

use super::{SpoolError, Tag};
use crate::sync::store::{ParcelKey, SendClass};

/// What stands before the bytes.
pub(super) const HEAD: usize = 104;

/// Where in a frame the mark of a released one stands.
pub(super) const MARK_AT: u64 = 88;

const SUMMED: usize = 72;
const LABEL: &[u8] = b"visitbook/1/spool-frame";

/// What a frame says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) key: ParcelKey,
    pub(super) tag: Tag,
    pub(super) class: SendClass,
    pub(super) order: u64,
    pub(super) length: u32,
}

/// A good frame found in a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) head: Head,
    pub(super) offset: u64,
    pub(super) released: bool,
}

impl Head {
    fn to_bytes(self) -> [u8; SUMMED] {
        let mut out = [0; SUMMED];
        out[..4].copy_from_slice(&self.length.to_le_bytes());
        out[4] = match self.class {
            SendClass::Now => 1,
            SendClass::Soon => 2,
            SendClass::Later => 3,
        };
        out[8..16].copy_from_slice(&self.order.to_le_bytes());
        out[16..48].copy_from_slice(&self.key.session);
        out[48..56].copy_from_slice(&self.key.number.to_le_bytes());
        out[56..72].copy_from_slice(&self.tag);
        out
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let class = match bytes.get(4..8)? {
            [1, 0, 0, 0] => SendClass::Now,
            [2, 0, 0, 0] => SendClass::Soon,
            [3, 0, 0, 0] => SendClass::Later,
            _ => return None,
        };
        Some(Self {
            length: u32::from_le_bytes(*bytes.first_chunk()?),
            class,
            order: u64::from_le_bytes(*bytes.get(8..)?.first_chunk()?),
            key: ParcelKey {
                session: *bytes.get(16..)?.first_chunk()?,
                number: u64::from_le_bytes(*bytes.get(48..)?.first_chunk()?),
            },
            tag: *bytes.get(56..)?.first_chunk()?,
        })
    }
}

fn sum(segment: u64, offset: u64, head: &[u8], bytes: &[u8]) -> ([u8; 16], [u8; 16]) {
    let mut context = digest::Context::new(&digest::SHA256);
    context.update(LABEL);
    context.update(&segment.to_le_bytes());
    context.update(&offset.to_le_bytes());
    context.update(head);
    context.update(bytes);
    let hash = context.finish();
    let (mut first, mut second) = ([0; 16], [0; 16]);
    first.copy_from_slice(&hash.as_ref()[..16]);
    second.copy_from_slice(&hash.as_ref()[16..]);
    (first, second)
}

/// The exact bytes of a waiting frame at this place.
///
/// # Errors
/// [`SpoolError::TooLarge`] above 4 GiB, which no limit of the record allows.
pub(super) fn encode(
    segment: u64,
    offset: u64,
    key: ParcelKey,
    tag: Tag,
    class: SendClass,
    order: u64,
    bytes: &[u8],
) -> Result<Vec<u8>, SpoolError> {
    let length = u32::try_from(bytes.len()).map_err(|_| SpoolError::TooLarge)?;
    let head = Head {
        key,
        tag,
        class,
        order,
        length,
    }
    .to_bytes();
    let (check, _) = sum(segment, offset, &head, bytes);
    let mut out = Vec::with_capacity(HEAD + bytes.len());
    out.extend_from_slice(&head);
    out.extend_from_slice(&check);
    out.extend_from_slice(&[0; 16]);
    out.extend_from_slice(bytes);
    Ok(out)
}

/// The mark that says that the frame at this place has its receipt; `None` if no good frame begins there.
pub(super) fn release_mark(segment: u64, offset: u64, frame: &[u8]) -> Option<[u8; 16]> {
    let head = frame.get(..SUMMED)?;
    let (check, mark) = sum(segment, offset, head, frame.get(HEAD..)?);
    (frame.get(SUMMED..88)? == check).then_some(mark)
}

/// Reads the frame that begins at `offset` of a segment's content; `None` where there is no good one.
pub(super) fn read_at(segment: u64, offset: u64, content: &[u8]) -> Option<Found> {
    let start = usize::try_from(offset).ok()?;
    let rest = content.get(start..)?;
    let head = Head::read(rest)?;
    if head.length == 0 {
        return None;
    }
    let end = HEAD.checked_add(usize::try_from(head.length).ok()?)?;
    let mark = release_mark(segment, offset, rest.get(..end)?)?;
    Some(Found {
        head,
        offset,
        released: rest.get(88..HEAD)? == mark,
    })
}

/// Every good frame from the beginning of a segment to the first bad one, and where the next may be written.
pub(super) fn scan(segment: u64, content: &[u8]) -> (Vec<Found>, u64) {
    let (mut found, mut at) = (Vec::new(), 0);
    while let Some(frame) = read_at(segment, at, content) {
        at += HEAD as u64 + u64::from(frame.head.length);
        found.push(frame);
    }
    (found, at)
}

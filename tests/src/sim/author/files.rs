//! Files: attached by whoever holds the child, asked for by colleagues, and meddled with by strangers.

use visitbook_record::attachment::wire::FramesUp;
use visitbook_record::cbor::encode;
use visitbook_record::commit::RecordKind;
use visitbook_record::id::OpId;
use visitbook_record::op::Kind;

use super::super::files::{Content, chunk_frame};
use super::super::names;
use super::super::null;
use super::super::phone::{Died, NO_KEY, Phone};
use super::super::rng::Rng;
use super::{a_child, a_visit};

/// A file of one to five chunks, among few different ones, so that two phones attach the same.
pub(crate) fn content(rng: &mut Rng) -> Content {
    let chunks = 1 + rng.below(5);
    let which = u8::try_from(rng.below(3)).unwrap_or(0);
    let chunk = |index: usize| {
        let length = if index + 1 == chunks { 30 } else { 90 };
        let mut chunk = vec![which; length];
        chunk[0] = u8::try_from(index).unwrap_or(0);
        chunk
    };
    Content::of((0..chunks).map(chunk).collect())
}

/// Attaches a file, mostly to a visit, else to what a child said.
///
/// # Errors
/// [`Died`]: the phone was killed on the way.
pub(crate) fn attach(phone: &mut Phone, rng: &mut Rng) -> Result<bool, Died> {
    let Some(child) = a_child(phone, rng) else {
        return Ok(false);
    };
    let (record, kind) = if rng.chance(30) {
        let voice = names::begun(0x03, phone.number, phone.begin());
        (voice, RecordKind::Voice)
    } else {
        (a_visit(phone, child, rng), RecordKind::Visit)
    };
    phone.attach(record, kind, child, content(rng))?;
    Ok(true)
}

/// Asks for a file that somebody attached. Returns whether there was one.
pub(crate) fn want(phone: &mut Phone, rng: &mut Rng) -> bool {
    let rows = phone.disk.rows.iter();
    let attached = rows.filter(|row| {
        let held = row
            .scope
            .child()
            .is_some_and(|child| phone.role_for(&child).is_some());
        row.fact.kind == Kind::Attach && row.words.is_some() && held
    });
    let attached: Vec<OpId> = attached.map(|row| row.fact.id).collect();
    let Some(op) = rng.pick(&attached) else {
        return false;
    };
    phone.want(op);
    true
}

/// What a stranger sends who knows a file's name: other bytes in a chunk's place.
pub(crate) fn other_bytes(content: &Content, rng: &mut Rng) -> Vec<u8> {
    let index = u32::try_from(rng.below(content.chunks.len())).unwrap_or(0);
    let frame = chunk_frame(&content.id, index, b"something else");
    let up = FramesUp {
        frames: vec![frame.into()],
    };
    null::seal_request(&NO_KEY, rng.next().to_le_bytes(), &encode(&up))
}

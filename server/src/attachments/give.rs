//! Saying where files are, and giving their bytes to those who may see the record.
//!
//! A file that the asker may not see is answered like one that does not exist.

use visitbook_record::attachment::wire::{ByteVec, Fetch, Fetched, Whereabouts};
use visitbook_record::id::WorkerId;
use visitbook_record::limits;
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;
use visitbook_record::wire::Denial;

use super::ReadsLists;
use crate::pull::{awaits_confirmation, may_read};
use crate::rights::role_now;
use crate::store::attachments::AttachmentUse;
use crate::store::{ReadTx, StoreError, WriteTx};

/// Files that one request may ask about.
const MOST_ASKED: usize = 1_000;

/// Answers a request whose signature the caller has checked.
///
/// # Errors
/// [`StoreError`]; the caller's transaction must then be given up.
pub fn give(
    tx: &mut dyn WriteTx,
    lists: &dyn ReadsLists,
    now: WallMillis,
    request: &Fetch,
) -> Result<Fetched, StoreError> {
    let denied = |denial, next_counter| {
        Ok(Fetched::Denied {
            denial,
            next_counter,
        })
    };
    let Some(mut device) = tx.device(&request.device)?.filter(|d| !d.is_writer) else {
        return denied(Denial::NotEnrolled, 0);
    };
    let used = tx.counter(&device.id, &request.incarnation)?;
    if let Some(used) = used.filter(|used| request.counter <= *used) {
        return denied(Denial::Replayed, used.saturating_add(1));
    }
    tx.set_counter(&device.id, &request.incarnation, request.counter)?;
    device.last_heard = Some(now);
    let (holder, ended) = (device.holder, device.ended);
    tx.put_device(device)?;
    if ended {
        return denied(Denial::Ended, request.counter.saturating_add(1));
    }
    if awaits_confirmation(tx, &request.device)? {
        return denied(Denial::NotConfirmed, request.counter.saturating_add(1));
    }
    if request.about.len() > MOST_ASKED {
        return denied(Denial::Malformed, request.counter.saturating_add(1));
    }
    let mut about = Vec::with_capacity(request.about.len());
    for id in &request.about {
        about.push(whereabouts(tx, lists, holder, id)?);
    }
    let (mut list, mut chunks) = (None, Vec::new());
    if let Some((id, from)) = &request.from
        && seen(tx, holder, id)?.is_some()
        && let Some(stored) = tx.attachment(id)?
    {
        chunks = chunks_from(tx, id, *from, request.budget)?;
        list = (*from == 0).then(|| stored.list.into());
    }
    Ok(Fetched::Told {
        about,
        list,
        chunks,
        time: now,
    })
}

fn chunks_from(
    tx: &dyn ReadTx,
    id: &[u8; 32],
    from: u32,
    budget: u32,
) -> Result<Vec<ByteVec>, StoreError> {
    let budget = (budget as usize).min(limits::MESSAGE_BYTES / 2);
    let (mut chunks, mut size) = (Vec::new(), 0);
    for index in from.. {
        let Some(sealed) = tx.chunk(id, index)? else {
            break;
        };
        size += sealed.len();
        if size > budget && !chunks.is_empty() {
            break;
        }
        chunks.push(sealed.into());
    }
    Ok(chunks)
}

/// The first statement naming the file that this reader may read: its child is held now, and its payload is neither withheld
/// nor removed.
fn seen(
    tx: &dyn ReadTx,
    reader: WorkerId,
    id: &[u8; 32],
) -> Result<Option<AttachmentUse>, StoreError> {
    let assignments = tx.assignments_of(&reader)?;
    for named in tx.attachment_uses(id)? {
        // A restricted scope is given apart from the child's open one.
        let Scope::Child(child) = named.scope else {
            continue;
        };
        if role_now(&assignments, child).is_none() {
            continue;
        }
        let readable = match tx.op(&named.op)? {
            Some(op) => may_read(tx, reader, &op)?,
            None => false,
        };
        if readable && tx.payload(&named.op)?.is_some() {
            return Ok(Some(named));
        }
    }
    Ok(None)
}

fn whereabouts(
    tx: &dyn ReadTx,
    lists: &dyn ReadsLists,
    reader: WorkerId,
    id: &[u8; 32],
) -> Result<Whereabouts, StoreError> {
    let Some(named) = seen(tx, reader, id)? else {
        return Ok(Whereabouts::Unknown);
    };
    let stored = tx.attachment(id)?;
    let list = stored
        .as_ref()
        .and_then(|stored| lists.list(id, &stored.list));
    if let Some(receipt) = stored.and_then(|stored| stored.receipt) {
        return Ok(Whereabouts::Here { receipt });
    }
    let device = tx
        .device(&named.device)?
        .ok_or(StoreError::Missing("device"))?;
    Ok(Whereabouts::Expected {
        from: device.label,
        heard: device.last_heard,
        have: u32::try_from(tx.chunks_held(id)?.len()).unwrap_or(u32::MAX),
        total: list.map_or(0, |list| list.count()),
    })
}

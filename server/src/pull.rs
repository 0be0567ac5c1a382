//! Giving a device what is new to it, and nothing that its holder may not read.
//!
//! The scopes are those the holder holds; the entries are those after the token's positions; the payloads are those this
//! reader may have. Facts and verdicts always travel, so that digests agree for everybody who holds a scope; of a commit that
//! the reader says it made and has, its name stands for the facts. Who signed the request is the caller's to check.

use std::collections::BTreeSet;

use visitbook_record::commit::Origin;
use visitbook_record::digest::{ScopeDigest, whole};
use visitbook_record::id::{DeviceId, OpId, Token, WorkerId};
use visitbook_record::limits;
use visitbook_record::op::Kind;
use visitbook_record::payload::Payload;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::{
    CommitEntry, Denial, LogEntry, OwnEntry, Page, PullReply, PullRequest,
};

use crate::rights;
use crate::store::{Device, Entry, LogRow, ReadTx, Served, StoreError, StoredOp, Vector, WriteTx};
use crate::unfinished::is_withheld_from;

/// Rows read from a log at a time.
const BATCH: usize = 64;

/// What one entry costs on the wire beside its commit and payloads, roughly: names, verdicts, framing.
const ENTRY_BYTES: usize = 160;

/// Answers a signed request. `fresh` becomes the page's token if anything moved; it must be random.
///
/// # Errors
/// [`StoreError`]; the caller's transaction must then be given up.
pub fn pull(
    tx: &mut dyn WriteTx,
    now: WallMillis,
    fresh: Token,
    request: &PullRequest,
) -> Result<PullReply, StoreError> {
    let Some(mut device) = tx.device(&request.device)?.filter(|d| !d.is_writer) else {
        return Ok(denied(Denial::NotEnrolled, 0));
    };
    let used = tx.counter(&device.id, &request.incarnation)?;
    let next = used.map_or(0, |used| used.saturating_add(1));
    if used.is_some_and(|used| request.counter <= used) {
        return Ok(denied(Denial::Replayed, next));
    }
    tx.set_counter(&device.id, &request.incarnation, request.counter)?;
    let next = request.counter.saturating_add(1);
    device.last_heard = Some(now);
    if device.ended {
        tx.put_device(device)?;
        return Ok(denied(Denial::Ended, next));
    }
    if awaits_confirmation(tx, &device.id)? {
        tx.put_device(device)?;
        return Ok(denied(Denial::NotConfirmed, next));
    }
    let before = match &request.token {
        None => Vector::new(),
        Some(token) => match tx.token(&device.id, token)? {
            Some(vector) => vector,
            None => {
                tx.put_device(device)?;
                return Ok(denied(Denial::UnknownToken, next));
            }
        },
    };
    acknowledge(tx, &mut device, &before, request.acknowledges)?;
    tx.put_device(device.clone())?;
    let page = make_page(tx, &device, &before, fresh, request)?;
    note_reading(tx, &device, now, &page.entries)?;
    if request.token != Some(page.token) {
        // Written out in full only when something moved.
        tx.put_token(
            &device.id,
            request.token.as_ref(),
            &page.token,
            &page.vector,
        )?;
    }
    Ok(PullReply::Page(page.into_wire(now)))
}

/// Whether a person has yet to confirm the lists of a restored server before this device is given anything.
pub(crate) fn awaits_confirmation(tx: &dyn ReadTx, device: &DeviceId) -> Result<bool, StoreError> {
    let unconfirmed = tx.unconfirmed()?;
    Ok(unconfirmed.contains(&None) || unconfirmed.contains(&Some(*device)))
}

/// Notes whose logs this page is of, before it is sent: nobody sees a child unrecorded.
fn note_reading(
    tx: &mut dyn WriteTx,
    device: &Device,
    at: WallMillis,
    entries: &[LogEntry],
) -> Result<(), StoreError> {
    let scopes: BTreeSet<Scope> = entries
        .iter()
        .map(LogEntry::scope)
        .filter(|scope| scope.child().is_some())
        .collect();
    for scope in scopes {
        tx.put_served(Served {
            at,
            device: device.id,
            worker: device.holder,
            scope,
        })?;
    }
    Ok(())
}

const fn denied(denial: Denial, next_counter: u64) -> PullReply {
    PullReply::Denied {
        denial,
        next_counter,
    }
}

/// Takes as acknowledged what the device says every commit still in its spool was written after, as far as the token it
/// presents shows that it has read it. From then on no commit of this device may claim not to have known.
fn acknowledge(
    tx: &dyn ReadTx,
    device: &mut Device,
    vector: &Vector,
    claimed: Option<LogPosition>,
) -> Result<(), StoreError> {
    let read = vector.get(&Scope::Worker(device.holder)).copied();
    if let Some((read, claimed)) = read.zip(claimed) {
        let assignments = tx.assignments_of(&device.holder)?;
        let newest = rights::newest_entry(&assignments, read.min(claimed));
        device.acknowledged = device.acknowledged.max(newest);
    }
    Ok(())
}

struct Draft {
    entries: Vec<LogEntry>,
    certificates: Vec<Vec<u8>>,
    token: Token,
    vector: Vector,
    more: bool,
    digests: Vec<(Scope, LogPosition, ScopeDigest)>,
}

impl Draft {
    fn into_wire(self, time: WallMillis) -> Page {
        Page {
            entries: self.entries,
            certificates: self.certificates.into_iter().map(Into::into).collect(),
            token: self.token,
            more: self.more,
            digests: self.digests,
            time,
            keys: None,
        }
    }
}

fn make_page(
    tx: &dyn ReadTx,
    device: &Device,
    before: &Vector,
    fresh: Token,
    request: &PullRequest,
) -> Result<Draft, StoreError> {
    let own = Scope::Worker(device.holder);
    let assignments = tx.assignments_of(&device.holder)?;
    let budget = (request.budget as usize).min(limits::MESSAGE_BYTES);
    let origin = Origin {
        device: device.id,
        incarnation: request.incarnation,
    };
    let mut filler = Filler {
        tx,
        reader: device.holder,
        own: request.knows_own.map(|up_to| (origin, up_to)),
        before,
        after: before.clone(),
        left: budget,
        entries: Vec::new(),
        authors: BTreeSet::new(),
        full: false,
    };
    filler.scope(own)?;
    filler.scope(Scope::Council)?;
    // A child whose assignment entry is still to come is left for a later page, and one whose ending is still to come stays
    // in the vector: at each token the device holds exactly what its copy of its own log says.
    let known = rights::children_at(&assignments, filler.after.get(&own).copied());
    let mut unread_grants = false;
    for assignment in assignments.iter().filter(|a| a.until.is_none()) {
        if known.contains(&assignment.child) {
            filler.scope(Scope::Child(assignment.child))?;
        } else {
            unread_grants = true;
        }
    }
    filler
        .after
        .retain(|scope, _| scope.child().is_none_or(|child| known.contains(&child)));

    let token = match request.token {
        Some(token) if filler.after == *before => token,
        _ => fresh,
    };
    let mut certificates = Vec::with_capacity(filler.authors.len());
    for author in &filler.authors {
        let author = tx.device(author)?.ok_or(StoreError::Missing("device"))?;
        certificates.push(author.certificate);
    }
    Ok(Draft {
        digests: differing(tx, before, request)?,
        more: filler.full || unread_grants,
        entries: filler.entries,
        vector: filler.after,
        certificates,
        token,
    })
}

/// The server's digests at the token the device presented, if the one number the device sent for all of them differs.
fn differing(
    tx: &dyn ReadTx,
    at: &Vector,
    request: &PullRequest,
) -> Result<Vec<(Scope, LogPosition, ScopeDigest)>, StoreError> {
    let (Some(theirs), Some(_)) = (request.whole, request.token) else {
        return Ok(Vec::new());
    };
    let mut digests = Vec::with_capacity(at.len());
    for (scope, at) in at {
        digests.push((*scope, *at, tx.digest_at(scope, *at)?));
    }
    let ours = whole(digests.iter().map(|(scope, _, digest)| (*scope, *digest)));
    if ours == theirs {
        digests.clear();
    }
    Ok(digests)
}

/// Fills one page, scope by scope, until the budget is spent.
struct Filler<'a> {
    tx: &'a dyn ReadTx,
    reader: WorkerId,
    /// The life whose commits the reader knows by name, and up to which number.
    own: Option<(Origin, u64)>,
    before: &'a Vector,
    after: Vector,
    left: usize,
    entries: Vec<LogEntry>,
    authors: BTreeSet<DeviceId>,
    full: bool,
}

impl Filler<'_> {
    fn scope(&mut self, scope: Scope) -> Result<(), StoreError> {
        let end = self.tx.last(&scope)?.map(|(at, _)| at);
        while !self.full && self.after.get(&scope).copied() < end {
            let after = self.after.get(&scope).copied();
            let rows = self.tx.log(&scope, after, BATCH)?;
            if rows.is_empty() {
                break;
            }
            for row in rows {
                self.row(scope, row)?;
                if self.full {
                    break;
                }
            }
        }
        Ok(())
    }

    fn row(&mut self, scope: Scope, row: LogRow) -> Result<(), StoreError> {
        let at = row.at;
        let (entry, author, size) = self.entry(scope, row)?;
        let certificate = author.filter(|device| !self.authors.contains(device));
        let cost = size
            + if certificate.is_some() {
                ENTRY_BYTES * 2
            } else {
                0
            };
        // One entry always goes, or a large one would never arrive.
        if cost > self.left && !self.entries.is_empty() {
            self.full = true;
            return Ok(());
        }
        self.left = self.left.saturating_sub(cost);
        self.authors.extend(certificate);
        self.after.insert(scope, at);
        self.entries.push(entry);
        Ok(())
    }

    fn entry(
        &self,
        scope: Scope,
        row: LogRow,
    ) -> Result<(LogEntry, Option<DeviceId>, usize), StoreError> {
        let released = self.released(scope, &row.released)?;
        let mut size = ENTRY_BYTES
            + released
                .iter()
                .map(|(_, p)| p.bytes.len() + 64)
                .sum::<usize>();
        match row.entry {
            Entry::Judged { op, verdict } => {
                let commit = self.tx.op(&op)?.map(|op| op.commit);
                let earlier = match commit {
                    Some(commit) => self.tx.earlier(&commit)?,
                    None => None,
                };
                size += earlier.as_ref().map_or(0, |signed| signed.bytes.len() + 64);
                let entry = LogEntry::Judged {
                    scope,
                    at: row.at,
                    op,
                    verdict,
                    released,
                    earlier,
                };
                Ok((entry, None, size))
            }
            Entry::Commit(hash) => {
                let stored = self
                    .tx
                    .commit(&hash)?
                    .ok_or(StoreError::Missing("commit"))?;
                let earlier = self.tx.earlier(&hash)?;
                size += earlier.as_ref().map_or(0, |signed| signed.bytes.len() + 64);
                let is_known = |(origin, up_to)| stored.origin == origin && stored.seq <= up_to;
                if self.own.is_some_and(is_known) {
                    let entry = OwnEntry {
                        scope,
                        at: row.at,
                        commit: hash,
                        verdicts: stored.verdicts.clone(),
                        received: stored.received,
                        released,
                        earlier,
                    };
                    return Ok((LogEntry::Own(entry), None, size));
                }
                let mut payloads = Vec::with_capacity(stored.ops.len());
                for id in &stored.ops {
                    let payload = self.readable(id)?;
                    size += payload.as_ref().map_or(1, |p| p.bytes.len() + 24);
                    payloads.push(payload);
                }
                size += stored.signed.bytes.len() + stored.signed.signature.len();
                let entry = CommitEntry {
                    scope,
                    at: row.at,
                    commit: stored.signed.clone(),
                    verdicts: stored.verdicts.clone(),
                    received: stored.received,
                    payloads,
                    released,
                    earlier,
                };
                let author = stored.origin.device;
                Ok((LogEntry::Commit(entry), Some(author), size))
            }
        }
    }

    fn readable(&self, id: &OpId) -> Result<Option<Payload>, StoreError> {
        let op = self.tx.op(id)?.ok_or(StoreError::Missing("operation"))?;
        if may_read(self.tx, self.reader, &op)? {
            self.tx.payload(id)
        } else {
            Ok(None)
        }
    }

    /// The payloads that a position makes readable, but for those this reader was given with the commit itself: their own,
    /// and those of commits that this very page carries.
    fn released(&self, scope: Scope, ids: &[OpId]) -> Result<Vec<(OpId, Payload)>, StoreError> {
        let mut released = Vec::new();
        for id in ids {
            let op = self.tx.op(id)?.ok_or(StoreError::Missing("operation"))?;
            if op.fact.author == self.reader || !may_read(self.tx, self.reader, &op)? {
                continue;
            }
            let commit = self
                .tx
                .commit(&op.commit)?
                .ok_or(StoreError::Missing("commit"))?;
            if self.before.get(&scope).copied() < Some(commit.at) {
                continue;
            }
            if let Some(payload) = self.tx.payload(id)? {
                released.push((*id, payload));
            }
        }
        Ok(released)
    }
}

/// Need to know, for one who holds the scope: text that its author has not finished is the author's, and a manager's who
/// opened it; what was set aside is for its author and the person who decides about it. The first key of a child's session on a
/// device is for the council's eyes alone (PROTOCOL §4).
///
/// # Errors
/// [`StoreError`].
pub fn may_read(view: &dyn ReadTx, reader: WorkerId, op: &StoredOp) -> Result<bool, StoreError> {
    if op.fact.kind == Kind::EnterFamily {
        return Ok(false);
    }
    if op.fact.author == reader {
        return Ok(true);
    }
    match &op.fact.verdict {
        Some(Verdict::Quarantined { owner, .. }) => Ok(*owner == reader),
        _ => Ok(!is_withheld_from(view, reader, op)?),
    }
}

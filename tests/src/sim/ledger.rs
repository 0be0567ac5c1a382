//! What people really wrote, kept apart from everything under test.
//!
//! Also the place where bytes that many phones read are decoded once: decoding is deterministic, and a thousand schedules a
//! second leave no time to do it for each reader.

use std::cell::RefCell;
use std::rc::Rc;

use visitbook_record::commit::{Commit, Role};
use visitbook_record::fact::Fact;
use visitbook_record::id::{CommitHash, OpId, PayloadHash, RecordId, WorkerId};
use visitbook_record::payload::{self, Payload};
use visitbook_record::scope::LogPosition;

use super::files::Content;
use super::names::Names;
use super::phone::Twist;
use super::tally::Tally;

/// A commit, decoded, with what follows from it.
pub(crate) struct Volume {
    pub(crate) hash: CommitHash,
    pub(crate) bytes: Vec<u8>,
    pub(crate) commit: Commit,
    pub(crate) ids: Vec<OpId>,
    /// With unreadable answers: what each reader may read differs.
    pub(crate) facts: Vec<Fact>,
}

/// A payload, with what it says.
pub(crate) struct Words {
    pub(crate) hash: PayloadHash,
    pub(crate) payload: Payload,
    pub(crate) content: Option<payload::Content>,
}

/// One commit as its author's phone made it.
pub(crate) struct Written {
    pub(crate) volume: Rc<Volume>,
    /// By operation, as the phone has them; `None` where the author's phone sent none.
    pub(crate) words: Vec<Option<Rc<Words>>>,
    pub(crate) phone: u8,
    /// How the commit is named in traces and across runs with other clocks: the phone's n-th.
    pub(crate) number: u32,
    /// The server must refuse it.
    pub(crate) is_refusable: bool,
    /// How it breaks the rules on purpose.
    pub(crate) twist: super::phone::Twist,
}

/// Where an operation comes from.
#[derive(Clone)]
pub(crate) struct Origin {
    pub(crate) written: Rc<Written>,
    pub(crate) index: usize,
}

/// Who was given or lost which child, by the entry in the worker's own log.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Move {
    pub(crate) worker: WorkerId,
    pub(crate) child: RecordId,
    pub(crate) role: Option<Role>,
    pub(crate) at: LogPosition,
}

fn checksum(bytes: &[u8]) -> [u8; 8] {
    super::null::tag(0, &[], bytes)
}

/// Shared by all phones of one world.
#[derive(Default)]
pub(crate) struct Ledger {
    volumes: RefCell<Names<CommitHash, Rc<Volume>>>,
    volume_of: RefCell<Names<OpId, Rc<Volume>>>,
    by_bytes: RefCell<Names<[u8; 8], Rc<Volume>>>,
    words: RefCell<Names<PayloadHash, Rc<Words>>>,
    /// In the order made.
    pub(crate) written: RefCell<Vec<Rc<Written>>>,
    by_op: RefCell<Names<OpId, Origin>>,
    pub(crate) moves: RefCell<Vec<Move>>,
    /// Those that a restored council has not, or not yet again.
    pub(crate) lost_moves: RefCell<Vec<Move>>,
    /// For a request's nonce: the newest assignment entry that everything its phone had not sent was written after.
    pub(crate) presented: RefCell<Names<[u8; 8], Option<LogPosition>>>,
    /// Files, by the statement that attaches them.
    pub(crate) files: RefCell<Vec<(OpId, Content)>>,
    pub(crate) tally: RefCell<Tally>,
}

impl Ledger {
    /// The commit in these bytes; `None` if they are not one.
    pub(crate) fn volume(&self, bytes: &[u8]) -> Option<Rc<Volume>> {
        // Found by a checksum and proven by the bytes: hashing for every reader would take most of the time there is.
        if let Some(volume) = self.by_bytes.borrow().get(&checksum(bytes))
            && volume.bytes == bytes
        {
            return Some(Rc::clone(volume));
        }
        let commit = Commit::from_bytes(bytes).ok()?;
        Some(self.keep(Commit::hash_of(bytes), bytes.to_vec(), commit))
    }

    /// As [`Ledger::volume`], for a commit that was just made.
    pub(crate) fn keep(&self, hash: CommitHash, bytes: Vec<u8>, commit: Commit) -> Rc<Volume> {
        let facts = Fact::of_commit(&commit, &[]);
        let ids: Vec<OpId> = facts.iter().map(|fact| fact.id).collect();
        let volume = Rc::new(Volume {
            hash,
            bytes,
            commit,
            ids,
            facts,
        });
        let mut by_bytes = self.by_bytes.borrow_mut();
        by_bytes.insert(checksum(&volume.bytes), Rc::clone(&volume));
        let mut volume_of = self.volume_of.borrow_mut();
        for id in &volume.ids {
            volume_of.insert(*id, Rc::clone(&volume));
        }
        self.volumes.borrow_mut().insert(hash, Rc::clone(&volume));
        volume
    }

    /// A commit that was read before.
    pub(crate) fn by_hash(&self, hash: &CommitHash) -> Option<Rc<Volume>> {
        self.volumes.borrow().get(hash).cloned()
    }

    /// The commit that an operation stands in, whoever wrote it, if anybody here has read it.
    pub(crate) fn volume_of(&self, op: &OpId) -> Option<Rc<Volume>> {
        self.volume_of.borrow().get(op).cloned()
    }

    /// The words in a payload.
    pub(crate) fn words(&self, payload: &Payload) -> Rc<Words> {
        let hash = payload.hash();
        Rc::clone(self.words.borrow_mut().entry(hash).or_insert_with(|| {
            Rc::new(Words {
                hash,
                payload: payload.clone(),
                content: payload.content().ok(),
            })
        }))
    }

    /// As [`Ledger::words`], where the name is known by which they were signed: equal words need not be hashed again.
    pub(crate) fn words_signed_as(&self, hash: PayloadHash, payload: &Payload) -> Rc<Words> {
        if let Some(words) = self.words.borrow().get(&hash)
            && words.payload == *payload
        {
            return Rc::clone(words);
        }
        self.words(payload)
    }

    pub(crate) fn record(&self, written: Written) -> Rc<Written> {
        let written = Rc::new(written);
        let mut by_op = self.by_op.borrow_mut();
        for (index, id) in written.volume.ids.iter().enumerate() {
            let origin = Origin {
                written: Rc::clone(&written),
                index,
            };
            // What says a statement a second time may be lost before it is kept; the first is on the disk.
            if written.twist == Twist::Again {
                by_op.entry(*id).or_insert(origin);
            } else {
                by_op.insert(*id, origin);
            }
        }
        self.written.borrow_mut().push(Rc::clone(&written));
        written
    }

    /// Where an operation comes from; `None` for the council's own.
    pub(crate) fn origin(&self, op: &OpId) -> Option<Origin> {
        self.by_op.borrow().get(op).cloned()
    }

    /// A name for an operation that does not depend on any clock: phone, commit, index.
    pub(crate) fn plain_name(&self, op: &OpId) -> Option<(u8, u32, usize)> {
        self.origin(op)
            .map(|origin| (origin.written.phone, origin.written.number, origin.index))
    }

    /// The role a worker had for a child by the state of their own log at a position, from the moves alone.
    pub(crate) fn role_at(
        &self,
        worker: WorkerId,
        child: RecordId,
        at: Option<LogPosition>,
    ) -> Option<Role> {
        let at = at?;
        self.moves
            .borrow()
            .iter()
            .rfind(|m| m.worker == worker && m.child == child && m.at <= at)
            .and_then(|m| m.role)
    }

    /// Whether a worker ever held a child.
    pub(crate) fn ever_held(&self, worker: WorkerId, child: RecordId) -> bool {
        self.ever(worker, child, |role| role.is_some())
    }

    /// Whether a worker ever held a child in this role.
    pub(crate) fn ever_held_as(&self, worker: WorkerId, child: RecordId, role: Role) -> bool {
        self.ever(worker, child, |held| held == Some(role))
    }

    fn ever(&self, worker: WorkerId, child: RecordId, is: impl Fn(Option<Role>) -> bool) -> bool {
        let held = |m: &Move| m.worker == worker && m.child == child && is(m.role);
        self.moves.borrow().iter().any(held) || self.lost_moves.borrow().iter().any(held)
    }
}

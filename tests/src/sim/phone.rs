//! A phone whose disk is a few maps.
//!
//! What would survive a kill stands in [`Disk`]; the rest is lost with it. A save has the three stages of the real one
//! (database, spool, the word "saved"), and a phone can be made to die between any two of them, or on either side of
//! applying a reply. The engine that drives it is the real one.

mod copies;
mod family;
mod files;
mod moving;
mod pages;
mod restores;
mod save;
mod send;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use visitbook_device::sync::store::{ParcelKey, SendClass};
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::digest::ScopeDigest;
use visitbook_record::fact::Fact;
use visitbook_record::fold::live_among;
use visitbook_record::id::{CommitHash, DeviceId, OpId, RecordId, StatementHash, Token, WorkerId};
use visitbook_record::op::{Kind, Target};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::status::{Piece, Standing, Status, status_of};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::{Refusal, Signed};

use super::clock::Clock;
use super::ledger::{Ledger, Words, Written};
use super::names::{self, Names};

pub(crate) use family::HandedIn;
pub(crate) use files::NO_KEY;
use files::{File, Lane};
pub(crate) use moving::{Gone, purged};
use restores::{Back, Earlier, Epoch, Had};
pub(crate) use save::{Draft, Plan, Twist};

/// Where a phone dies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Moment {
    Now,
    BeforeDatabase,
    BeforeSpool,
    BeforeSaved,
    BeforeReply,
    AfterReply,
    /// What a page takes away is closed, and nothing is removed yet.
    BeforePurge,
}

/// The phone died in the middle of what it did.
#[derive(Debug, thiserror::Error)]
#[error("the phone was killed")]
pub(crate) struct Died;

/// What the council said about one of the phone's own commits.
#[derive(Clone)]
pub(crate) struct Receipt {
    pub(crate) scope: Scope,
    pub(crate) at: LogPosition,
    pub(crate) statement: Vec<u8>,
    signature: Vec<u8>,
    pub(crate) verdicts: Vec<Verdict>,
}

/// One of the phone's own commits.
#[derive(Clone)]
pub(crate) struct Own {
    /// Its place among everything that this phone has, in the order in which it came.
    no: u64,
    pub(crate) written: Rc<Written>,
    pub(crate) signed: Signed,
    pub(crate) class: SendClass,
    /// What this phone had read of assignments when it was saved, whatever the commit says.
    assignment_seen: Option<LogPosition>,
    /// In the spool, under this name; `None` between database and spool.
    pub(crate) parcel: Option<(ParcelKey, Vec<u8>)>,
    pub(crate) receipt: Option<Receipt>,
    pub(crate) refused: Option<Refusal>,
    /// The council has it, and not yet what an epoch that was lost had said of it.
    owed: bool,
    /// Its words are removed from this phone; of the commit only its name and its receipt are kept.
    pub(crate) gone: bool,
    /// And then the council lost it.
    pub(crate) lost: bool,
}

impl Own {
    /// It says of a child whom its author never held that they have the phone in their hands.
    pub(crate) fn told_of_anybodys_session(&self) -> bool {
        let mut ops = self.written.volume.commit.ops.iter();
        self.written.twist == Twist::Content && ops.any(|op| op.kind == Kind::EnterFamily)
    }

    const fn waits(&self) -> bool {
        (self.receipt.is_none() || self.owed) && self.refused.is_none()
    }
}

/// One operation as the phone knows it.
#[derive(Clone)]
pub(crate) struct Row {
    pub(crate) fact: Fact,
    pub(crate) scope: Scope,
    pub(crate) words: Option<Rc<Words>>,
    pub(crate) received: Option<WallMillis>,
    pub(crate) counted_at: Option<LogPosition>,
    /// Where in its log the verdict comes from.
    judged_at: Option<LogPosition>,
    /// The verdict that stands in the scope's digest.
    logged: Option<Verdict>,
}

/// What survives a kill.
#[derive(Default, Clone)]
pub(crate) struct Disk {
    /// Which writing life of the device this is: whose number, and its how many-th.
    life: (u8, u8),
    seq: u64,
    head: Option<CommitHash>,
    begun: u16,
    pub(crate) own: Vec<Own>,
    own_by_hash: Names<CommitHash, usize>,
    own_by_parcel: BTreeMap<ParcelKey, usize>,
    next_no: u64,
    /// Commits that the council was seen to have, own ones too.
    had: Names<CommitHash, Had>,
    /// What earlier epochs said of commits that are given back.
    pub(crate) earlier: BTreeMap<CommitHash, Earlier>,
    /// Colleagues' commits that are given back to a restored council.
    pub(crate) back: Vec<Back>,
    /// The council's epoch as this phone knows it.
    pub(crate) epoch: Epoch,
    /// Logs are read again from their beginning, and what is known is passed over.
    reads_again: bool,
    /// What children handed in on this phone.
    pub(crate) posts: Vec<HandedIn>,
    /// Attached here, or asked for.
    pub(crate) files: Vec<File>,
    asked_files: u64,
    pub(crate) rows: Vec<Row>,
    row_of: Names<OpId, usize>,
    by_record: BTreeMap<RecordId, Vec<usize>>,
    pub(crate) vector: BTreeMap<Scope, LogPosition>,
    digests: BTreeMap<Scope, ScopeDigest>,
    pub(crate) holds: BTreeMap<RecordId, Role>,
    pub(crate) assignment_seen: Option<LogPosition>,
    receipt_seen: Option<StatementHash>,
    token: Option<Token>,
    counter: u64,
    history_arriving: bool,
    /// Children that moved away and have not come back.
    pub(crate) moved: BTreeMap<RecordId, Gone>,
    /// The council has ended this phone.
    pub(crate) ended: bool,
    /// Answers to uploads that came while the vault was closed.
    unopened: Vec<Vec<u8>>,
    lives: u64,
}

/// A phone in one worker's hands.
pub(crate) struct Phone {
    pub(crate) number: u8,
    pub(crate) device: DeviceId,
    pub(crate) worker: WorkerId,
    key: [u8; 32],
    pub(crate) clock: Clock,
    ledger: Rc<Ledger>,
    pub(crate) disk: Disk,
    /// Whether the vault is open. Closed after a kill.
    pub(crate) is_open: bool,
    session: [u8; 32],
    next_number: u64,
    asked: Option<[u8; 8]>,
    lane: Lane,
    pub(crate) dies: Option<Moment>,
    pub(crate) now: u64,
    /// There are two of it, and neither need know.
    pub(crate) has_copy: bool,
    /// The council named a commit as this phone's own that is not here as it was made.
    wants_own_whole: bool,
    /// Things that must never be seen from a phone.
    pub(crate) alarms: Vec<(u8, &'static str)>,
    /// Statements whose words came from the council since this was last emptied.
    pub(crate) given: Vec<OpId>,
    /// Own commits whose words were removed since this was last emptied.
    pub(crate) removed: Vec<Rc<Written>>,
}

impl Phone {
    pub(crate) fn new(number: u8, worker: WorkerId, ledger: Rc<Ledger>) -> Self {
        let device = names::device(number);
        let mut phone = Self {
            number,
            device,
            worker,
            key: names::key_of(device),
            clock: Clock::right(),
            ledger,
            disk: Disk {
                life: (number, 0),
                ..Disk::default()
            },
            is_open: false,
            session: [0; 32],
            next_number: 0,
            asked: None,
            lane: Lane::default(),
            dies: None,
            now: 0,
            has_copy: false,
            wants_own_whole: false,
            alarms: Vec::new(),
            given: Vec::new(),
            removed: Vec::new(),
        };
        phone.open();
        phone
    }

    /// Unlocks: a new sealing session; what was saved but not sealed is sealed now; answers kept unopened are opened.
    pub(crate) fn open(&mut self) {
        if self.is_open {
            return;
        }
        self.is_open = true;
        self.disk.lives += 1;
        self.session = [0; 32];
        self.session[..16].copy_from_slice(&self.device.0);
        self.session[16..24].copy_from_slice(&self.disk.lives.to_be_bytes());
        self.session[24] = self.number;
        self.next_number = 0;
        for index in 0..self.disk.own.len() {
            if self.disk.own[index].parcel.is_none() && self.disk.own[index].waits() {
                self.seal(index);
            }
        }
        self.seal_back();
        for answer in std::mem::take(&mut self.disk.unopened) {
            let _ = self.apply_upload_answer(&answer);
        }
        // What was cut short comes before any screen. A death in the middle of that is a death at another moment.
        let dies = self.dies.take();
        let _ = self.take_in_posts();
        let _ = self.settle_moves();
        self.dies = dies;
    }

    pub(crate) fn lock(&mut self) {
        self.is_open = false;
        self.lane = Lane::default();
    }

    /// Everything that was not on the disk is gone.
    pub(crate) fn kill(&mut self) {
        self.lock();
        self.asked = None;
        self.dies = None;
    }

    /// True, once, if this is the moment at which the phone was to die.
    fn dies_at(&mut self, moment: Moment) -> bool {
        let dies = self.dies == Some(moment);
        if dies {
            self.dies = None;
        }
        dies
    }

    pub(crate) fn row(&self, op: &OpId) -> Option<&Row> {
        self.disk
            .row_of
            .get(op)
            .map(|index| &self.disk.rows[*index])
    }

    /// All known statements of a record, in the order in which they came to this phone.
    pub(crate) fn rows_of(&self, record: &RecordId) -> impl Iterator<Item = &Row> {
        self.disk
            .by_record
            .get(record)
            .into_iter()
            .flatten()
            .map(|index| &self.disk.rows[*index])
    }

    /// Where this phone takes a record to live: where it first met it.
    pub(crate) fn home_of(&self, record: &RecordId) -> Option<(Scope, RecordKind)> {
        let row = self.rows_of(record).next()?;
        let volume = self.ledger.volume_of(&row.fact.id)?;
        Some((row.scope, volume.commit.record_kind))
    }

    pub(crate) fn records(&self) -> impl Iterator<Item = &RecordId> {
        self.disk.by_record.keys()
    }

    /// What this phone shows as live: the shared view, and its own statements that have no verdict yet.
    pub(crate) fn live_here(&self, record: &RecordId, target: &Target) -> Vec<&Fact> {
        let facts: Vec<&Fact> = self
            .rows_of(record)
            .map(|row| &row.fact)
            .filter(|fact| fact.target == *target && !is_aside(fact))
            .collect();
        let counts = |fact: &Fact| fact.verdict.as_ref().is_none_or(Verdict::is_applied);
        live_among(&facts, counts, |_, _| true)
            .into_iter()
            .map(|index| facts[index])
            .collect()
    }

    /// The digest of a scope at this phone's position in it.
    pub(crate) fn digest(&self, scope: &Scope) -> ScopeDigest {
        self.disk.digests.get(scope).copied().unwrap_or_default()
    }

    /// Whether the status line of the record says, in whatever words, that the council has all of it.
    pub(crate) fn council_has(&self, record: &RecordId) -> bool {
        let pieces: Vec<Piece> = self
            .disk
            .own
            .iter()
            .filter(|own| own.written.volume.commit.record == *record)
            .map(|own| match &own.receipt {
                Some(receipt) => Piece::Received {
                    at: own.written.volume.commit.clocks.wall,
                    standing: Standing::of(&receipt.verdicts),
                },
                None => Piece::Here {
                    saved: own.written.volume.commit.clocks.wall,
                    being_sent: own.parcel.is_some(),
                },
            })
            .collect();
        let status = status_of(&pieces, self.worker, None);
        !matches!(
            status,
            None | Some(Status::SavedHere { .. } | Status::Sending)
        )
    }

    /// For how many of the phone's own commits, and of what children handed in, the council has answered.
    pub(crate) fn answered(&self) -> usize {
        let posts = self.disk.posts.iter().filter(|post| !post.waits()).count();
        self.disk.own.iter().filter(|own| !own.waits()).count() + posts
    }

    /// How many commits wait for an answer.
    pub(crate) fn waits(&self) -> usize {
        let back = self.disk.back.iter().filter(|back| back.waits()).count();
        let posts = self.disk.posts.iter().filter(|post| post.waits()).count();
        self.disk.own.iter().filter(|own| own.waits()).count() + back + posts
    }

    /// Whether commits or files wait.
    pub(crate) fn is_busy(&self) -> bool {
        self.waits() > 0 || self.files_wait()
    }

    /// The envelope of the oldest commit that waits.
    pub(crate) fn first_waiting(&self) -> Option<Vec<u8>> {
        let first = self.disk.own.iter().find(|own| own.waits())?;
        first.parcel.as_ref().map(|(_, bytes)| bytes.clone())
    }

    /// The size of the largest envelope.
    pub(crate) fn largest_parcel(&self) -> usize {
        let own = self.disk.own.iter().filter_map(|own| own.parcel.as_ref());
        let back = self
            .disk
            .back
            .iter()
            .filter_map(|back| back.parcel.as_ref());
        let commits = own.chain(back).map(|(_, bytes)| bytes.len());
        let posts = self.disk.posts.iter().map(|post| post.bytes.len());
        commits.chain(posts).max().unwrap_or(0)
    }

    /// The records this phone has written in.
    pub(crate) fn own_records(&self) -> BTreeSet<RecordId> {
        self.disk
            .own
            .iter()
            .map(|own| own.written.volume.commit.record)
            .collect()
    }

    /// Whether this phone has that commit as its own.
    pub(crate) fn made(&self, hash: &CommitHash) -> bool {
        self.disk.own_by_hash.contains_key(hash)
    }

    /// Where a commit of one's own stands that has this name.
    fn own_at(&self, hash: &CommitHash) -> Option<usize> {
        self.disk.own_by_hash.get(hash).copied()
    }

    pub(crate) fn role_for(&self, child: &RecordId) -> Option<Role> {
        self.disk.holds.get(child).copied()
    }
}

/// Asking, finishing and overseeing answer no question.
const fn is_aside(fact: &Fact) -> bool {
    fact.kind.is_about_the_record()
}

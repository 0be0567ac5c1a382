//! Commits: the operations of one save, on one record, chained to the device's previous commit and signed.
//!
//! A save that touches three children is three commits in one database transaction. What is common to the operations
//! stands once. The exact bytes are stored, sent, relayed and verified, and never encoded again. Commit bytes hold no
//! payload.

use minicbor::{Decode, Encode};

use crate::cbor::{Malformed, decode, encode};
use crate::id::{
    BootId, CommitHash, CouncilId, DeviceId, Incarnation, OpId, RecordId, StatementHash, WorkerId,
    labelled_hash,
};
use crate::op::Op;
use crate::scope::{LogPosition, Scope};
use crate::time::{MonotonicMillis, WallMillis};

/// What sort of thing a record is. A record has one kind for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// A child, with what the case system told us and who holds the child.
    Child,
    /// A visit to one child, planned or made.
    Visit,
    /// One thing a child gave.
    Voice,
    /// Something urgent about one child, and what was decided.
    Concern,
    /// A worker: what they hold.
    Worker,
    /// The council: its staff and teams.
    Council,
    /// What one worker looked at.
    Audit,
    /// Made by a newer version.
    Unknown(u8),
}

const RECORD_KINDS: [(RecordKind, u8, &str); 7] = [
    (RecordKind::Child, 1, "child"),
    (RecordKind::Visit, 2, "visit"),
    (RecordKind::Voice, 3, "voice"),
    (RecordKind::Concern, 6, "concern"),
    (RecordKind::Worker, 9, "worker"),
    (RecordKind::Council, 10, "council"),
    (RecordKind::Audit, 11, "audit"),
];

impl RecordKind {
    /// The code on the wire.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Unknown(code) => code,
            known => RECORD_KINDS
                .iter()
                .find(|(kind, ..)| *kind == known)
                .map_or(0, |(_, code, _)| *code),
        }
    }

    /// The kind with this code.
    #[must_use]
    pub fn from_code(code: u8) -> Self {
        RECORD_KINDS
            .iter()
            .find(|(_, c, _)| *c == code)
            .map_or(Self::Unknown(code), |(kind, ..)| *kind)
    }

    /// The form in the catalogue that describes records of this kind.
    #[must_use]
    pub fn form(self) -> &'static str {
        RECORD_KINDS
            .iter()
            .find(|(kind, ..)| *kind == self)
            .map_or("", |(.., form)| form)
    }
}

impl<C> Encode<C> for RecordKind {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u8(self.code())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for RecordKind {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        d.u8().map(Self::from_code)
    }
}

/// In what capacity the author acts, stamped that day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Role {
    /// The child's own worker.
    #[n(0)]
    Allocated,
    /// Works with the child beside the allocated worker.
    #[n(1)]
    Joint,
    /// Stands in.
    #[n(2)]
    Cover,
    /// Manages the team that holds the child.
    #[n(3)]
    Manager,
    /// The council's server, for a named person or an import.
    #[n(4)]
    Writer,
}

impl Role {
    /// The word in files, commands and JSON.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Allocated => "allocated",
            Self::Joint => "joint",
            Self::Cover => "cover",
            Self::Manager => "manager",
            Self::Writer => "writer",
        }
    }

    /// The role with this word. `writer` is not among them: nobody is given that role.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Allocated, Self::Joint, Self::Cover, Self::Manager]
            .into_iter()
            .find(|role| role.word() == word)
    }
}

impl serde::Serialize for Role {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.word())
    }
}

/// Which device wrote, in which of its unbroken writing lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(array)]
pub struct Origin {
    /// The signing device.
    #[n(0)]
    pub device: DeviceId,
    /// Its writing life.
    #[n(1)]
    pub incarnation: Incarnation,
}

/// The device's clocks when the commit was made. Evidence only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Encode, Decode)]
#[cbor(array)]
pub struct Clocks {
    /// What the wall clock claimed.
    #[n(0)]
    pub wall: WallMillis,
    /// The monotonic clock.
    #[n(1)]
    pub monotonic: MonotonicMillis,
    /// Which run of the operating system the monotonic reading belongs to.
    #[n(2)]
    pub boot: BootId,
}

/// The operations of one save on one record. Field order is the wire order.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Commit {
    /// The layout of these bytes; [`Commit::FORMAT`].
    #[n(0)]
    pub format: u8,
    /// For which council.
    #[n(1)]
    pub council: CouncilId,
    /// By which device and writing life.
    #[n(2)]
    pub origin: Origin,
    /// Gap-free from 1 within one origin.
    #[n(3)]
    pub seq: u64,
    /// The commit before this one of the same origin; for the first of a new incarnation, the last head the device knows.
    #[n(4)]
    pub previous: Option<CommitHash>,
    /// The record.
    #[n(5)]
    pub record: RecordId,
    /// What sort of record.
    #[n(6)]
    pub record_kind: RecordKind,
    /// Where it belongs.
    #[n(7)]
    pub scope: Scope,
    /// Who says so.
    #[n(8)]
    pub author: WorkerId,
    /// In what capacity.
    #[n(9)]
    pub acting_as: Role,
    /// The form catalogue the author had before them.
    #[n(10)]
    pub catalogue: u32,
    /// The device's clocks.
    #[n(11)]
    pub clocks: Clocks,
    /// The newest receipt statement the device had: these words are not older than that.
    #[n(12)]
    pub receipt_seen: Option<StatementHash>,
    /// The newest assignment entry the device had in its worker's scope: rights are judged by that state.
    #[n(13)]
    pub assignment_seen: Option<LogPosition>,
    /// The build of the app, for support.
    #[n(14)]
    pub app_build: String,
    /// The statements.
    #[n(15)]
    pub ops: Vec<Op>,
}

impl Commit {
    /// The only layout so far.
    pub const FORMAT: u8 = 1;

    /// The exact bytes to sign, store and send.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        encode(self)
    }

    /// Reads exact bytes.
    ///
    /// # Errors
    /// [`Malformed`] if they are not one commit in its only encoding, or of a layout this version does not know.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Malformed> {
        let commit: Self = decode(bytes)?;
        if commit.format == Self::FORMAT {
            Ok(commit)
        } else {
            Err(Malformed::Shape)
        }
    }

    /// The name of a commit with these exact bytes.
    #[must_use]
    pub fn hash_of(bytes: &[u8]) -> CommitHash {
        CommitHash(labelled_hash("visitbook/1/commit-hash", &[bytes]))
    }

    /// The names of its operations, in order.
    #[must_use]
    pub fn op_ids(&self) -> Vec<OpId> {
        (0..)
            .zip(&self.ops)
            .map(|(index, op)| op.id(&self.origin, self.record, self.seq, index))
            .collect()
    }
}

//! What crosses the wire between a device and the council, once it is opened.
//!
//! Sealing, signing and padding are the concern of the crate that protects; these are the messages inside. HTTP status
//! speaks about the connection, never about a record.

use minicbor::{Decode, Encode};

use crate::digest::ScopeDigest;
use crate::id::{CommitHash, DeviceId, Incarnation, OpId, RecordId, StatementHash, Token};
use crate::payload::Payload;
use crate::scope::{LogPosition, Scope};
use crate::time::WallMillis;
use crate::verdict::Verdict;

/// Exact bytes and the signature over them.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Signed {
    /// The exact bytes.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub bytes: Vec<u8>,
    /// Ed25519 (RFC 8032), 64 bytes.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub signature: Vec<u8>,
}

/// What an envelope holds: one commit, its payloads in any order, and the author's certificate where the server may not
/// have it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct EnvelopeBody {
    /// The commit.
    #[n(0)]
    pub commit: Signed,
    /// Every payload that its operations name.
    #[n(1)]
    pub payloads: Vec<Payload>,
    /// The author's certificate, where the server may not have it: a restored server lacks the newest devices.
    #[n(2)]
    pub certificate: Option<minicbor::bytes::ByteVec>,
    /// The receipt statement that an earlier life of the server's log gave for this commit, to be kept to.
    #[n(3)]
    pub receipt: Option<Signed>,
}

/// One commit in a receipt: its name and the judgement of each of its operations.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Received {
    /// The commit.
    #[n(0)]
    pub commit: CommitHash,
    /// By operation, in order.
    #[n(1)]
    pub verdicts: Vec<Verdict>,
}

/// The server's statement that it durably has these commits: one per scope and session in a request. Its commits take
/// contiguous positions from `first`.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ReceiptStatement {
    /// Which log.
    #[n(0)]
    pub scope: Scope,
    /// The position of the first commit.
    #[n(1)]
    pub first: LogPosition,
    /// The commits.
    #[n(2)]
    pub received: Vec<Received>,
    /// The council's clock.
    #[n(3)]
    pub time: WallMillis,
    /// The scope's statement before this one.
    #[n(4)]
    pub previous: Option<StatementHash>,
}

impl ReceiptStatement {
    /// The name of a statement with these exact bytes.
    #[must_use]
    pub fn hash_of(bytes: &[u8]) -> StatementHash {
        StatementHash(crate::id::labelled_hash(
            "visitbook/1/statement-hash",
            &[bytes],
        ))
    }
}

/// Why bytes that opened were not taken at all. The device keeps them and says so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Refusal {
    /// Not a commit in its only encoding.
    #[n(1)]
    Malformed,
    /// No enrolled device signed it.
    #[n(2)]
    NotSigned,
    /// Made for another council.
    #[n(3)]
    OtherCouncil,
    /// The commit numbers its operations or payloads beyond the limits.
    #[n(4)]
    BeyondLimits,
    /// The device is not in the server's list, as after a restore. Sealed again with its certificate it is taken.
    #[n(5)]
    NoCertificate,
}

/// The answer to the envelopes of one session in an upload.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct UploadReply {
    /// Signed [`ReceiptStatement`]s; a duplicate commit brings its stored one again.
    #[n(0)]
    pub statements: Vec<Signed>,
    /// Envelopes of this session, by number, that were not taken.
    #[n(1)]
    pub refused: Vec<(u64, Refusal)>,
    /// The council's clock.
    #[n(2)]
    pub time: WallMillis,
    /// The life of the log that the server which answers is in. A restored server repeats statements of earlier lives for what
    /// it kept, so that they alone do not tell its answer from a late one of the server that was lost.
    #[n(3)]
    pub epoch: u64,
    /// In every epoch but the first: the envelopes of this session that were taken, by number. A statement also names what others
    /// gave back, and the receipt that only this device has for it need not have come with that.
    #[n(4)]
    pub taken: Vec<u64>,
}

/// The council's statement that it durably has one family post, byte for byte. It stands in no scope's log: a post is
/// receipted whether or not anybody has told the council yet whose session it belongs to.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PostStatement {
    /// [`PostStatement::hash_of`] the exact post.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub post: [u8; 32],
    /// The voice record that it is.
    #[n(1)]
    pub record: RecordId,
    /// The life of the server's log, which names the key that signed this.
    #[n(2)]
    pub epoch: u64,
    /// The council's clock, when it came first.
    #[n(3)]
    pub time: WallMillis,
}

impl PostStatement {
    /// The name of a post with these exact bytes.
    #[must_use]
    pub fn hash_of(post: &[u8]) -> [u8; 32] {
        crate::id::labelled_hash("visitbook/1/family-post", &[post])
    }
}

/// The answer to one family post in an upload, sealed under that post's own secret.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PostReply {
    /// A signed [`PostStatement`]; a duplicate brings the stored one again.
    #[n(0)]
    pub statement: Signed,
}

/// Asks for what is new. Signed by the device, sealed to the council.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct PullRequest {
    /// Who asks.
    #[n(0)]
    pub device: DeviceId,
    /// In which writing life.
    #[n(1)]
    pub incarnation: Incarnation,
    /// Grows with every request of this device and life: a copy of an old request is not answered twice.
    #[n(2)]
    pub counter: u64,
    /// How far the device has durably read.
    #[n(3)]
    pub token: Option<Token>,
    /// [`crate::digest::whole`] over what the device holds at that token; absent while history is arriving.
    #[cbor(n(4), with = "minicbor::bytes")]
    pub whole: Option<[u8; 32]>,
    /// How large a page the device takes, in bytes.
    #[n(5)]
    pub budget: u32,
    /// The newest assignment entry that every commit this device still has to send names, and that lies within `token`:
    /// the server takes it as acknowledged. Presenting a token alone acknowledges nothing, because words written
    /// before the device had read that entry may still lie in its spool, and must not be judged as written after it.
    #[n(6)]
    pub acknowledges: Option<LogPosition>,
    /// The random name of the epoch that the device knows: with another one its positions mean nothing here.
    #[cbor(n(7), with = "minicbor::bytes")]
    pub epoch: Option<[u8; 16]>,
    /// The device's certificate, when the server said that it does not know the device: a restored server may lack it.
    #[n(8)]
    pub certificate: Option<minicbor::bytes::ByteVec>,
    /// Of commits of this device and life the names are enough, up to this number: the device made them, and says when one of
    /// them is not in its book. Absent: everything comes whole. A server of before this cannot read a request that says it.
    #[n(9)]
    pub knows_own: Option<u64>,
}

/// One entry of a scope's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogEntry {
    /// A commit arrived.
    Commit(CommitEntry),
    /// A commit arrived that the reader made, and said that it knows: see [`PullRequest::knows_own`].
    Own(OwnEntry),
    /// An operation that was held or set aside was judged again, upwards.
    Judged {
        /// Which log and where.
        scope: Scope,
        /// The entry's own position.
        at: LogPosition,
        /// The operation.
        op: OpId,
        /// What it is now.
        verdict: Verdict,
        /// The payloads that this makes readable, by operation.
        released: Vec<(OpId, Payload)>,
        /// The receipt statement of an earlier epoch that this keeps to; see [`CommitEntry::earlier`].
        earlier: Option<Signed>,
    },
}

/// A commit in a scope's log, as one reader may see it.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct CommitEntry {
    /// Which log.
    #[n(0)]
    pub scope: Scope,
    /// Where in it.
    #[n(1)]
    pub at: LogPosition,
    /// The exact commit.
    #[n(2)]
    pub commit: Signed,
    /// By operation, as judged on arrival.
    #[n(3)]
    pub verdicts: Vec<Verdict>,
    /// When the council received it.
    #[n(4)]
    pub received: WallMillis,
    /// By operation; `None` where there is none or this reader may not have it.
    #[n(5)]
    pub payloads: Vec<Option<Payload>>,
    /// Payloads of earlier operations that this commit makes readable.
    #[n(6)]
    pub released: Vec<(OpId, Payload)>,
    /// The receipt statement of an earlier epoch that the commit was given back with: of two finishes the one with the
    /// earliest receipt stands, whichever came back first.
    #[n(7)]
    pub earlier: Option<Signed>,
}

/// A commit in a scope's log that the reader has, by its name: what is left of a [`CommitEntry`] then.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct OwnEntry {
    /// Which log.
    #[n(0)]
    pub scope: Scope,
    /// Where in it.
    #[n(1)]
    pub at: LogPosition,
    /// The name of the commit, which is the hash of its exact bytes.
    #[n(2)]
    pub commit: CommitHash,
    /// By operation, as judged on arrival.
    #[n(3)]
    pub verdicts: Vec<Verdict>,
    /// When the council received it.
    #[n(4)]
    pub received: WallMillis,
    /// Payloads of earlier operations that this commit makes readable.
    #[n(5)]
    pub released: Vec<(OpId, Payload)>,
    /// As in [`CommitEntry::earlier`].
    #[n(6)]
    pub earlier: Option<Signed>,
}

impl LogEntry {
    /// Which log.
    #[must_use]
    pub const fn scope(&self) -> Scope {
        match self {
            Self::Commit(entry) => entry.scope,
            Self::Own(entry) => entry.scope,
            Self::Judged { scope, .. } => *scope,
        }
    }

    /// Where in it.
    #[must_use]
    pub const fn at(&self) -> LogPosition {
        match self {
            Self::Commit(entry) => entry.at,
            Self::Own(entry) => entry.at,
            Self::Judged { at, .. } => *at,
        }
    }
}

impl<C> Encode<C> for LogEntry {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Commit(entry) => e.array(2)?.u8(1)?.encode_with(entry, ctx)?.ok(),
            Self::Own(entry) => e.array(2)?.u8(3)?.encode_with(entry, ctx)?.ok(),
            Self::Judged {
                scope,
                at,
                op,
                verdict,
                released,
                earlier,
            } => {
                e.array(if earlier.is_some() { 7 } else { 6 })?
                    .u8(2)?
                    .encode_with(scope, ctx)?
                    .encode_with(at, ctx)?
                    .encode_with(op, ctx)?
                    .encode_with(verdict, ctx)?
                    .encode_with(released, ctx)?;
                if let Some(earlier) = earlier {
                    e.encode_with(earlier, ctx)?;
                }
                Ok(())
            }
        }
    }
}

impl<'b, C> Decode<'b, C> for LogEntry {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        let length = d.array()?;
        match (d.u8()?, length) {
            (1, Some(2)) => Ok(Self::Commit(d.decode_with(ctx)?)),
            (3, Some(2)) => Ok(Self::Own(d.decode_with(ctx)?)),
            (2, Some(length @ (6 | 7))) => Ok(Self::Judged {
                scope: d.decode_with(ctx)?,
                at: d.decode_with(ctx)?,
                op: d.decode_with(ctx)?,
                verdict: d.decode_with(ctx)?,
                released: d.decode_with(ctx)?,
                earlier: if length == 7 {
                    Some(d.decode_with(ctx)?)
                } else {
                    None
                },
            }),
            _ => Err(minicbor::decode::Error::message("unknown log entry")),
        }
    }
}

/// The answer to a pull: entries in each scope's order, to be applied in one transaction with the token.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Page {
    /// The entries.
    #[n(0)]
    pub entries: Vec<LogEntry>,
    /// Certificates of the devices that signed them, as the protecting crate encodes them.
    #[n(1)]
    pub certificates: Vec<minicbor::bytes::ByteVec>,
    /// How far this page reaches.
    #[n(2)]
    pub token: Token,
    /// There is more now.
    #[n(3)]
    pub more: bool,
    /// Only when the whole digest the device sent differs from the server's at the same token: the server's, by scope.
    #[n(4)]
    pub digests: Vec<(Scope, LogPosition, ScopeDigest)>,
    /// The council's clock.
    #[n(5)]
    pub time: WallMillis,
    /// The serial of the council's newest key bundle; a device that has an older one fetches it.
    #[n(6)]
    pub keys: Option<u64>,
}

/// Why a signed request was not answered with what it asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Encode, Decode)]
#[cbor(index_only)]
pub enum Denial {
    /// No enrolled device signed it, or the device was ended.
    #[n(1)]
    NotEnrolled,
    /// The counter had been used; the reply says the least one that is free.
    #[n(2)]
    Replayed,
    /// The token is not one the server keeps: begin again without one.
    #[n(3)]
    UnknownToken,
    /// Not a request in its only encoding.
    #[n(4)]
    Malformed,
    /// The device was ended. Its words are still taken; once they are, it removes what it holds.
    #[n(5)]
    Ended,
    /// The server was restored and is in another epoch than the device knows: fetch the key bundle.
    #[n(6)]
    NewEpoch,
    /// The server was restored and nobody has confirmed its lists yet: words are taken, nothing is sent.
    #[n(7)]
    NotConfirmed,
}

impl Denial {
    /// The one form of every answer that says no: 2, why, and the least counter that the server will take next.
    pub(crate) fn encode_answer<W: minicbor::encode::Write>(
        self,
        next_counter: u64,
        e: &mut minicbor::Encoder<W>,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.array(3)?.u8(2)?.encode(self)?.u64(next_counter)?.ok()
    }

    /// What follows after the 2.
    pub(crate) fn decode_answer(
        d: &mut minicbor::Decoder<'_>,
    ) -> Result<(Self, u64), minicbor::decode::Error> {
        Ok((d.decode()?, d.u64()?))
    }
}

/// The answer to a pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PullReply {
    /// A page.
    Page(Page),
    /// No page.
    Denied {
        /// Why.
        denial: Denial,
        /// The least counter the server will take next from this device and life.
        next_counter: u64,
    },
}

impl<C> Encode<C> for PullReply {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        ctx: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        match self {
            Self::Page(page) => e.array(2)?.u8(1)?.encode_with(page, ctx)?.ok(),
            Self::Denied {
                denial,
                next_counter,
            } => denial.encode_answer(*next_counter, e),
        }
    }
}

impl<'b, C> Decode<'b, C> for PullReply {
    fn decode(d: &mut minicbor::Decoder<'b>, ctx: &mut C) -> Result<Self, minicbor::decode::Error> {
        let length = d.array()?;
        match (d.u8()?, length) {
            (1, Some(2)) => Ok(Self::Page(d.decode_with(ctx)?)),
            (2, Some(3)) => {
                let (denial, next_counter) = Denial::decode_answer(d)?;
                Ok(Self::Denied {
                    denial,
                    next_counter,
                })
            }
            _ => Err(minicbor::decode::Error::message("unknown reply")),
        }
    }
}

/// Asks to become a device of the council. Signed by the new device's key, sealed to the council.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct EnrolRequest {
    /// From the enrolment code; spent by the first request that succeeds.
    #[cbor(n(0), with = "minicbor::bytes")]
    pub secret: [u8; 16],
    /// The device's signing key.
    #[cbor(n(1), with = "minicbor::bytes")]
    pub public_key: [u8; 32],
    /// The key that posts made while the vault is closed are sealed to.
    #[cbor(n(2), with = "minicbor::bytes")]
    pub drop_key: [u8; 32],
    /// What its holder calls it: "Rowan's phone".
    #[n(3)]
    pub label: String,
}

/// The answer to an enrolment.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct EnrolReply {
    /// The council-signed certificate; `None` if the code was wrong, spent by another key, or has ended.
    #[n(0)]
    pub certificate: Option<minicbor::bytes::ByteVec>,
}

/// The media type of every message. A reply of any other type came from something between us and the council.
pub const MEDIA_TYPE: &str = "application/vnd.visitbook.v1";

/// Sealed envelopes exactly as they lie in the sender's spool, and nothing more: sending them needs no key.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Upload {
    /// The envelopes.
    #[n(0)]
    pub envelopes: Vec<minicbor::bytes::ByteVec>,
}

/// The answer to an upload, grouped by the sender's sealing sessions, each group sealed apart.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct UploadAnswer {
    /// One sealed [`UploadReply`] for each session that opened.
    #[n(0)]
    pub groups: Vec<SealedGroup>,
    /// Ingest keys that the server does not have: what is sealed to them must be sealed again.
    #[n(1)]
    pub unknown_keys: Vec<minicbor::bytes::ByteArray<8>>,
}

/// The sealed answer to one session's envelopes.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct SealedGroup {
    /// The session: the encapsulated key that its envelopes carry.
    #[n(0)]
    pub session: minicbor::bytes::ByteArray<32>,
    /// A sealed [`UploadReply`].
    #[n(1)]
    pub sealed: minicbor::bytes::ByteVec,
}

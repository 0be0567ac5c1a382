//! Operations: typed, immutable statements about one record.
//!
//! An operation holds facts only: what kind of statement it is, what it is about, which earlier statements its author saw
//! live and replaces. The words themselves lie in a [`crate::payload::Payload`] that the operation names by hash, so that a
//! lawful redaction can remove words and leave the evidence.

use minicbor::{Decode, Encode};

use crate::cbor::encode;
use crate::commit::Origin;
use crate::id::{OpId, PayloadHash, RecordId, labelled_hash};
use crate::time::WallMillis;

/// What kind of statement an operation makes. Codes are for ever; a code this version does not know is kept as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A new piece of somebody's text.
    EntryAdd,
    /// The whole text again, replacing a version its author saw.
    EntryRevise,
    /// The author takes an entry back and says why; its text stays readable.
    EntryWithdraw,
    /// A value for a field.
    Assert,
    /// A member of a set, such as a person present.
    SetAdd,
    /// A member taken out again; lists the additions its author saw.
    SetRemove,
    /// A file that belongs to the record. Added, and never replaced.
    Attach,
    /// Fixes a record: a list of operations.
    Finish,
    /// After a finish: what was, what is, and why. Stands beside the page.
    Correct,
    /// A named person settles two or more answers.
    Resolve,
    /// A manager has read a finished record and agrees that it is sound. Never one's own.
    SignOff,
    /// A manager gives a finished record back with a question. Never one's own.
    Return,
    /// A manager marks the whole record as entered in error: hidden at once, kept as evidence.
    Void,
    /// The named owner puts a statement that was set aside where it was meant to stand.
    Place,
    /// Asks another author to agree to a value; changes nothing by itself.
    Ask,
    /// Somebody looked at a child's card or record. Stands in an audit scope, and its target says at what; `typed_at` is when.
    Read,
    /// Removes one statement's words, by law. Written by the server only; its target names the statement.
    Redact,
    /// Gives a worker a child. Written by the server only.
    Assign,
    /// Ends that. Written by the server only.
    Unassign,
    /// The vault is about to close so that a child can use the device: which session, and the first key of its chain.
    EnterFamily,
    /// The device has removed a child's records and moved to a new key, after its holder stopped holding the child. Stands in the
    /// holder's own scope, and its target names the child.
    Purged,
    /// A manager opens the text of a visit that its author has not finished, and says why. Its author sees that.
    Open,
    /// A manager closes a line about an area of care that was not met visit after visit: the step taken, why, and when to look
    /// again. Stands on the child's own record, and its target names the area.
    Close,
    /// Made by a newer version: kept, relayed and shown as such.
    Unknown(u16),
}

const KINDS: [(Kind, u16); 23] = [
    (Kind::EntryAdd, 1),
    (Kind::EntryRevise, 2),
    (Kind::EntryWithdraw, 3),
    (Kind::Assert, 4),
    (Kind::SetAdd, 5),
    (Kind::SetRemove, 6),
    (Kind::Attach, 7),
    (Kind::Finish, 8),
    (Kind::Correct, 9),
    (Kind::Resolve, 10),
    (Kind::SignOff, 11),
    (Kind::Return, 12),
    (Kind::Void, 13),
    (Kind::Place, 14),
    (Kind::Ask, 15),
    (Kind::Read, 16),
    (Kind::Redact, 17),
    (Kind::Assign, 18),
    (Kind::Unassign, 19),
    (Kind::EnterFamily, 20),
    (Kind::Purged, 21),
    (Kind::Open, 22),
    (Kind::Close, 23),
];

impl Kind {
    /// The code on the wire.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::Unknown(code) => code,
            known => KINDS
                .iter()
                .find(|(kind, _)| *kind == known)
                .map_or(0, |(_, code)| *code),
        }
    }

    /// The kind with this code.
    #[must_use]
    pub fn from_code(code: u16) -> Self {
        KINDS
            .iter()
            .find(|(_, c)| *c == code)
            .map_or(Self::Unknown(code), |(kind, _)| *kind)
    }

    /// True for statements that put a value or text on the page, as against settling, asking or arranging.
    #[must_use]
    pub const fn states_something(self) -> bool {
        matches!(
            self,
            Self::EntryAdd
                | Self::EntryRevise
                | Self::EntryWithdraw
                | Self::Assert
                | Self::SetAdd
                | Self::Attach
                | Self::Correct
                | Self::Resolve
                | Self::Unknown(_)
        )
    }

    /// True for a piece of somebody's text.
    #[must_use]
    pub const fn is_entry(self) -> bool {
        matches!(
            self,
            Self::EntryAdd | Self::EntryRevise | Self::EntryWithdraw
        )
    }

    /// These two change another author's answer on a risk fact, by the rule of who may settle, and what a finish fixed.
    #[must_use]
    pub const fn settles(self) -> bool {
        matches!(self, Self::Resolve | Self::Correct)
    }

    /// True for what only the manager of a child's team may do, and never about their own work.
    #[must_use]
    pub const fn is_oversight(self) -> bool {
        matches!(self, Self::SignOff | Self::Return | Self::Void)
    }

    /// True for what is about the record or its statements as a whole and gives no answer of its own.
    #[must_use]
    pub const fn is_about_the_record(self) -> bool {
        matches!(
            self,
            Self::Finish
                | Self::SignOff
                | Self::Return
                | Self::Void
                | Self::Place
                | Self::Ask
                | Self::EnterFamily
                | Self::Purged
                | Self::Open
                | Self::Close
                | Self::Read
                | Self::Redact
        )
    }

    /// Only these may name more than one statement they replace. A closing names every earlier one of its line: two that crossed
    /// both count until somebody who saw both closes it again.
    #[must_use]
    pub const fn may_replace_several(self) -> bool {
        matches!(self, Self::Resolve | Self::SetRemove | Self::Close)
    }
}

impl<C> Encode<C> for Kind {
    fn encode<W: minicbor::encode::Write>(
        &self,
        e: &mut minicbor::Encoder<W>,
        _: &mut C,
    ) -> Result<(), minicbor::encode::Error<W::Error>> {
        e.u16(self.code())?.ok()
    }
}

impl<'b, C> Decode<'b, C> for Kind {
    fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
        d.u16().map(Self::from_code)
    }
}

/// How two answers to the same question are treated until a person decides. Copied from the form catalogue into each
/// operation and checked by the server, so that live values depend on no catalogue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(index_only)]
pub enum Policy {
    /// Both are shown.
    #[n(0)]
    Ordinary,
    /// The most worrying stands, marked; nobody lowers a colleague's worry by an ordinary edit.
    #[n(1)]
    Risk,
    /// Each answer belongs to its observer; both stand for ever.
    #[n(2)]
    Observer,
    /// Union; an addition wins over a removal that had not seen it.
    #[n(3)]
    Set,
    /// A child's own words: never revised, never withdrawn, only answered.
    #[n(4)]
    Words,
}

/// What an operation is about, inside its record: a field; a field and an element; a field, an element and a part of it.
///
/// An entry's target is its heading and its own id; an observation's is its area and the observer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(transparent)]
pub struct Target(#[n(0)] Vec<String>);

impl Target {
    /// A field of the record.
    pub fn field(field: impl Into<String>) -> Self {
        Self(vec![field.into()])
    }

    /// One element of a field: an entry under a heading, a member of a set, an observer's answer.
    pub fn element(field: impl Into<String>, element: impl Into<String>) -> Self {
        Self(vec![field.into(), element.into()])
    }

    /// One part of an element, with a policy of its own.
    pub fn part(
        field: impl Into<String>,
        element: impl Into<String>,
        part: impl Into<String>,
    ) -> Self {
        Self(vec![field.into(), element.into(), part.into()])
    }

    /// The field's code in the form catalogue.
    #[must_use]
    pub fn name(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// The element's id, if there is one.
    #[must_use]
    pub fn element_id(&self) -> Option<&str> {
        self.0.get(1).map(String::as_str)
    }

    /// The part's code, if there is one.
    #[must_use]
    pub fn part_name(&self) -> Option<&str> {
        self.0.get(2).map(String::as_str)
    }

    /// True if it has one to three parts, none of them empty, longer than 64 bytes or with a slash, which parts them in print.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        let fits = |part: &String| !part.is_empty() && part.len() <= 64 && !part.contains('/');
        (1..=3).contains(&self.0.len()) && self.0.iter().all(fits)
    }
}

impl std::fmt::Display for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0.join("/"))
    }
}

impl std::fmt::Debug for Target {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Target({self})")
    }
}

impl std::str::FromStr for Target {
    type Err = std::convert::Infallible;

    /// Reads what [`Target`]'s `Display` wrote. Whether it is well formed is a separate question.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.split('/').map(str::to_owned).collect()))
    }
}

impl serde::Serialize for Target {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// One statement. Field order is the wire order.
#[derive(Debug, Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Op {
    /// What kind of statement.
    #[n(0)]
    pub kind: Kind,
    /// How two answers are treated.
    #[n(1)]
    pub policy: Policy,
    /// What it is about.
    #[n(2)]
    pub target: Target,
    /// The statements it replaces: only such as its author saw live.
    #[n(3)]
    pub replaces: Vec<OpId>,
    /// Wall time of the last keystroke on the device, where text was typed. Evidence, never a referee.
    #[n(4)]
    pub typed_at: Option<WallMillis>,
    /// Names the payload that holds the value, text or reason.
    #[n(5)]
    pub payload: Option<PayloadHash>,
}

impl Op {
    /// The operation's name. It follows from where the operation stands and what it says, and is never sent.
    #[must_use]
    pub fn id(&self, origin: &Origin, record: RecordId, seq: u64, index: u32) -> OpId {
        OpId(labelled_hash(
            "visitbook/1/op",
            &[
                &record.0,
                &origin.device.0,
                &origin.incarnation.0,
                &seq.to_be_bytes(),
                &index.to_be_bytes(),
                &encode(self),
            ],
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::cbor::decode;

    #[test]
    fn every_kind_has_its_own_code() {
        for (kind, code) in KINDS {
            assert_eq!(Kind::from_code(code), kind);
            assert_eq!(kind.code(), code);
        }
        assert_eq!(Kind::from_code(999).code(), 999);
    }

    #[test]
    fn an_operation_of_an_unknown_kind_reads_back_byte_for_byte() {
        let op = Op {
            kind: Kind::Unknown(77),
            policy: Policy::Risk,
            target: Target::part("people_present", "reed", "lives_here"),
            replaces: vec![OpId([9; 32])],
            typed_at: Some(WallMillis(-5)),
            payload: None,
        };
        let bytes = encode(&op);
        assert_eq!(encode(&decode::<Op>(&bytes).unwrap()), bytes);
    }

    #[test]
    fn the_same_words_in_two_places_are_two_operations() {
        let op = Op {
            kind: Kind::Assert,
            policy: Policy::Ordinary,
            target: Target::field("place"),
            replaces: vec![],
            typed_at: None,
            payload: None,
        };
        let origin = Origin {
            device: crate::id::DeviceId([1; 16]),
            incarnation: crate::id::Incarnation([2; 16]),
        };
        let record = RecordId([3; 16]);
        assert_ne!(op.id(&origin, record, 1, 0), op.id(&origin, record, 1, 1));
        assert_ne!(op.id(&origin, record, 1, 0), op.id(&origin, record, 2, 0));
        assert_ne!(
            op.id(&origin, record, 1, 0),
            op.id(&origin, RecordId([4; 16]), 1, 0)
        );
    }
}

//! Removing words by law, and what stays.
//!
//! A redaction is a statement like any other: who ordered it, why, and of which statement. Its target names that statement, so that
//! it acts even where its own words are gone. The payload and its salt go, everywhere; the statement itself stays, with its
//! author and times, and so do chains, receipts and digests, which cover hashes only. What was removed is never kept again, from
//! whatever device or back-up it comes.

use minicbor::{Decode, Encode};

use crate::family::is_handed_in;
use crate::id::{OpId, PayloadHash, RecordId};
use crate::op::{Kind, Target};

/// The field under which redactions stand.
pub const FIELD: &str = "redact";

/// Why words were removed, and which.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Redaction {
    /// The payload that is to be kept nowhere any more.
    #[n(0)]
    pub payload: PayloadHash,
    /// What its statement is about.
    #[n(1)]
    pub about: Target,
    /// Why, by whom it was decided.
    #[n(2)]
    pub reason: String,
}

/// The target of a redaction of this statement.
#[must_use]
pub fn target(op: OpId) -> Target {
    Target::element(FIELD, op.to_string())
}

/// The statement that a redaction's target names.
#[must_use]
pub fn names(target: &Target) -> Option<OpId> {
    let ours = target.name() == FIELD && target.part_name().is_none();
    target.element_id().filter(|_| ours)?.parse().ok()
}

/// Whether these may lose their words. What others hang on (who holds a child, what a finish fixed, what was placed or voided)
/// has no words of anybody's but a reason, and must stay.
#[must_use]
pub const fn may_be_removed(kind: Kind) -> bool {
    !matches!(
        kind,
        Kind::Finish
            | Kind::SignOff
            | Kind::Void
            | Kind::Place
            | Kind::Assign
            | Kind::Unassign
            | Kind::EnterFamily
            | Kind::Purged
            | Kind::Read
    )
}

/// One statement that lost its words, and all that is remembered of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// The statement.
    pub op: OpId,
    /// The redaction.
    pub by: OpId,
    /// The record of both.
    pub record: RecordId,
    /// What the words were kept under.
    pub payload: PayloadHash,
    /// What the statement is about.
    pub about: Target,
}

impl Removed {
    /// What is remembered for a redaction by `by` that names `op`. `here` is what the named statement is about and what its words are
    /// kept under, with its record, where that statement is here; `said` the redaction's own words, where they are.
    #[must_use]
    pub fn remembered(
        (op, by): (OpId, OpId),
        here: Option<(RecordId, PayloadHash, Target)>,
        record: RecordId,
        said: Option<&Redaction>,
    ) -> Self {
        // Neither is here: the name of the statement is enough to know it by when it comes, and no payload has this hash.
        let nothing = || (record, PayloadHash([0; 32]), target(op));
        let from = |said: &Redaction| (record, said.payload, said.about.clone());
        let (record, payload, about) = here.or_else(|| said.map(from)).unwrap_or_else(nothing);
        Self {
            op,
            by,
            record,
            payload,
            about,
        }
    }

    /// Whether a payload must not be kept either: it is the same one, or belongs to the same statement, or is the same thing that
    /// a child handed in, which the council and the worker's device each make a statement of, with a salt of their own.
    #[must_use]
    pub fn covers(&self, op: OpId, payload: PayloadHash, record: RecordId, about: &Target) -> bool {
        self.op == op
            || self.payload == payload
            || (self.record == record && self.about == *about && is_given(record, about))
    }
}

/// Whether this is what a child wrote or drew on a page of the child's own: there is one of each in such a record, named after it.
#[must_use]
pub fn is_given(record: RecordId, about: &Target) -> bool {
    is_handed_in(record)
        && matches!(about.name(), "words" | "drawing")
        && about.element_id() == Some(record.to_string().as_str())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const ONE: OpId = OpId([0xab; 32]);

    #[test]
    fn the_target_names_the_statement_and_is_well_formed() {
        assert_eq!(names(&target(ONE)), Some(ONE));
        assert!(target(ONE).is_well_formed());
        for other in [
            Target::field(FIELD),
            Target::element(FIELD, "ab"),
            Target::element("return", ONE.to_string()),
            Target::part(FIELD, ONE.to_string(), "x"),
        ] {
            assert_eq!(names(&other), None, "{other}");
        }
    }

    #[test]
    fn it_covers_the_statement_the_payload_and_what_a_child_gave_and_nothing_else() {
        let mut handed_in = RecordId([7; 16]);
        handed_in.0[6] = 0x80;
        let words = Target::element("words", handed_in.to_string());
        let place = Target::field("place");
        let removed = |about: &Target| Removed {
            op: ONE,
            by: OpId([1; 32]),
            record: handed_in,
            payload: PayloadHash([2; 32]),
            about: about.clone(),
        };
        let (other, fresh) = (OpId([9; 32]), PayloadHash([9; 32]));
        for (about, op, payload, record, covered) in [
            (&place, ONE, fresh, handed_in, true),
            (&place, other, PayloadHash([2; 32]), RecordId([3; 16]), true),
            // A later answer to the same question is another statement.
            (&place, other, fresh, handed_in, false),
            (&words, other, fresh, handed_in, true),
            (&words, other, fresh, RecordId([3; 16]), false),
        ] {
            assert_eq!(removed(about).covers(op, payload, record, about), covered);
        }
    }
}

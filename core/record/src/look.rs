//! Who looked at what: what a device says of each look at a child, to a log that no device holds.
//!
//! A look says when it was, by the device's clock, at which child and record, and in which way; it carries no words. One worker's
//! looks, from all their devices, are one record in an audit scope of their own.

use crate::id::{CouncilId, RecordId, WorkerId, derived_uuid};
use crate::op::{Kind, Op, Target};
use crate::time::WallMillis;

/// In which way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Look {
    /// The child's card.
    Card,
    /// One record, as it stands.
    Page,
    /// Every statement about one record.
    History,
    /// A few words of a record, found by a search.
    Search,
    /// A record as text for another system.
    Export,
}

const CODES: [(Look, &str); 5] = [
    (Look::Card, "card"),
    (Look::Page, "page"),
    (Look::History, "history"),
    (Look::Search, "search"),
    (Look::Export, "export"),
];

impl Look {
    /// Its code. Codes are for ever.
    #[must_use]
    pub fn code(self) -> &'static str {
        CODES
            .iter()
            .find(|(look, _)| *look == self)
            .map_or("", |(_, code)| code)
    }

    /// The way with this code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        CODES
            .iter()
            .find(|(_, known)| *known == code)
            .map(|(look, _)| *look)
    }
}

/// One look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Looked {
    /// In which way.
    pub how: Look,
    /// At which child.
    pub child: RecordId,
    /// At which record; the child's own for the card.
    pub record: RecordId,
}

impl Looked {
    /// What a statement that says so is about.
    #[must_use]
    pub fn target(&self) -> Target {
        Target::part(
            self.how.code(),
            self.child.to_string(),
            self.record.to_string(),
        )
    }

    /// Reads a statement back, with the time it names. `None` for any other.
    #[must_use]
    pub fn read(op: &Op) -> Option<(Self, Option<WallMillis>)> {
        if op.kind != Kind::Read {
            return None;
        }
        let looked = Self {
            how: Look::from_code(op.target.name())?,
            child: op.target.element_id()?.parse().ok()?,
            record: op.target.part_name()?.parse().ok()?,
        };
        Some((looked, op.typed_at))
    }
}

/// The record that one worker's looks are statements about.
#[must_use]
pub fn record_of(council: CouncilId, worker: WorkerId) -> RecordId {
    RecordId(derived_uuid(council, "audit", &worker.to_string()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::op::Policy;

    #[test]
    fn every_look_reads_back_and_nothing_else_is_one() {
        for (how, _) in CODES {
            let looked = Looked {
                how,
                child: RecordId([1; 16]),
                record: RecordId([2; 16]),
            };
            let op = Op {
                kind: Kind::Read,
                policy: Policy::Ordinary,
                target: looked.target(),
                replaces: Vec::new(),
                typed_at: Some(WallMillis(7)),
                payload: None,
            };
            assert!(op.target.is_well_formed());
            assert_eq!(Looked::read(&op).unwrap(), (looked, Some(WallMillis(7))));
            let purged = Op {
                kind: Kind::Purged,
                ..op.clone()
            };
            assert_eq!(Looked::read(&purged), None);
            let elsewhere = Op {
                target: Target::element(how.code(), "somebody"),
                ..op
            };
            assert_eq!(Looked::read(&elsewhere), None);
        }
    }
}

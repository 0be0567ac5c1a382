//! What folding and judging need to know of an operation, without its words.

use crate::commit::{Commit, RecordKind, Role};
use crate::id::{OpId, RecordId, WorkerId, labelled_hash};
use crate::op::{Kind, Op, Policy, Target};
use crate::payload::Content;
use crate::scope::Scope;
use crate::verdict::Verdict;

/// The answer an operation gives, reduced to what can be compared.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Answer {
    /// A code of the form, or a date, time, name or number in its plain form.
    Code(String),
    /// A digest of a text with its white space folded: two texts that read alike are one answer. Of a drawing, its bytes.
    Text([u8; 32]),
    /// Withheld, redacted, or of a newer version. Differs from everything, and ranks as most worrying.
    Unreadable,
}

impl Answer {
    /// The answer in a payload; [`Answer::Unreadable`] where there is none to read.
    #[must_use]
    pub fn of(content: Option<&Content>) -> Self {
        match content {
            Some(Content::Value(value)) => Self::Code(value.code.clone()),
            Some(Content::Settlement(settlement)) => Self::Code(settlement.value.code.clone()),
            Some(Content::Correction(correction)) => Self::Code(correction.value.code.clone()),
            Some(Content::Text { text, .. } | Content::Words(text) | Content::Reason(text)) => {
                let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
                Self::Text(labelled_hash("visitbook/1/text", &[folded.as_bytes()]))
            }
            // A label of its own: a drawing never equals a text.
            Some(Content::Drawing(drawing)) => {
                Self::Text(labelled_hash("visitbook/1/drawing", &[&drawing.bytes]))
            }
            Some(_) | None => Self::Unreadable,
        }
    }

    /// The code, if it is one.
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Code(code) => Some(code),
            Self::Text(_) | Self::Unreadable => None,
        }
    }
}

impl std::fmt::Debug for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Code(_) => "Answer::Code",
            Self::Text(_) => "Answer::Text",
            Self::Unreadable => "Answer::Unreadable",
        })
    }
}

/// One operation as the fold and the judge see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// The operation's name.
    pub id: OpId,
    /// The record it is about.
    pub record: RecordId,
    /// Who says so.
    pub author: WorkerId,
    /// In what capacity.
    pub acting_as: Role,
    /// What kind of statement.
    pub kind: Kind,
    /// How two answers are treated.
    pub policy: Policy,
    /// What it is about inside the record.
    pub target: Target,
    /// The statements it names as replaced.
    pub replaces: Vec<OpId>,
    /// The answer it gives.
    pub answer: Answer,
    /// The server's judgement; `None` while it has not reached the server.
    pub verdict: Option<Verdict>,
}

impl Fact {
    /// The fact of one operation of a commit, not yet judged.
    #[must_use]
    pub fn new(commit: &Commit, op: &Op, id: OpId, content: Option<&Content>) -> Self {
        Self {
            id,
            record: commit.record,
            author: commit.author,
            acting_as: commit.acting_as,
            kind: op.kind,
            policy: op.policy,
            target: op.target.clone(),
            replaces: op.replaces.clone(),
            answer: Answer::of(content),
            verdict: None,
        }
    }

    /// The facts of all operations of a commit, in order. `contents` is by operation; a missing one reads as withheld.
    #[must_use]
    pub fn of_commit(commit: &Commit, contents: &[Option<Content>]) -> Vec<Self> {
        commit
            .op_ids()
            .into_iter()
            .zip(&commit.ops)
            .enumerate()
            .map(|(index, (id, op))| {
                Self::new(commit, op, id, contents.get(index).and_then(Option::as_ref))
            })
            .collect()
    }

    /// True if the server applied it.
    #[must_use]
    pub fn is_applied(&self) -> bool {
        self.verdict.as_ref().is_some_and(Verdict::is_applied)
    }
}

/// Whether colleagues must not yet read an operation's payload: the text of entries on a visit, until a finish lists it.
///
/// A note on an answer, a concern, a decision and a child's words are never withheld (PROTOCOL §3).
#[must_use]
pub fn is_withheld_until_finish(record_kind: RecordKind, kind: Kind) -> bool {
    record_kind == RecordKind::Visit && kind.is_entry()
}

/// Where a record lives: fixed by the first commit that reaches the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHome {
    /// Its scope.
    pub scope: Scope,
    /// Its kind.
    pub kind: RecordKind,
}

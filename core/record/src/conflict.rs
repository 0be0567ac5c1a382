//! Two answers to one question: when they are a conflict, which stands meanwhile, and who may settle it.
//!
//! On risk facts the most worrying live answer stands, marked, until a named person decides. Worry order belongs to the
//! form; an answer this version cannot read ranks above every answer it can.

use crate::fact::{Answer, Fact};
use crate::id::WorkerId;
use crate::op::{Kind, Policy};

/// How worrying an answer is: 0 is the most worrying. Made by [`crate::catalogue::Catalogue::worry`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Worry(u16);

impl Worry {
    /// What an answer that cannot be read ranks as.
    pub const MOST: Self = Self(0);

    /// The rank of the answer at this place in the form's order, from 0.
    #[must_use]
    pub const fn at(place: u16) -> Self {
        Self(place.saturating_add(1))
    }

    /// True if `self` is more worrying than `other`.
    #[must_use]
    pub const fn exceeds(self, other: Self) -> bool {
        self.0 < other.0
    }
}

/// True if the live statements about one target give answers that a person must choose between.
///
/// Observations, sets and a child's words never conflict.
#[must_use]
pub fn is_conflict(live: &[&Fact]) -> bool {
    let mut answers = live.iter().filter(|fact| {
        fact.kind.states_something() && matches!(fact.policy, Policy::Ordinary | Policy::Risk)
    });
    let Some(first) = answers.next() else {
        return false;
    };
    answers.any(|other| first.answer == Answer::Unreadable || other.answer != first.answer)
}

/// The live statement that stands while a risk question is open: the most worrying; among equals, the first given.
pub fn most_worrying<'a>(live: &[&'a Fact], worry: impl Fn(&Answer) -> Worry) -> Option<&'a Fact> {
    live.iter()
        .filter(|fact| fact.kind.states_something())
        .min_by_key(|fact| worry(&fact.answer))
        .copied()
}

/// Whether `by` may settle a risk question that has these live answers to an answer of this worry (PROTOCOL §2).
///
/// They may if every listed answer that is more worrying is their own, or if they manage the child's team and wrote none
/// of the listed answers. So any assigned worker may settle to the most worrying answer, and nobody lowers a colleague's
/// worry alone.
pub fn may_settle<'a>(
    listed: impl IntoIterator<Item = &'a Fact> + Clone,
    by: WorkerId,
    is_manager: bool,
    chosen: Worry,
    worry: impl Fn(&Answer) -> Worry,
) -> bool {
    let only_own_lowered = listed
        .clone()
        .into_iter()
        .all(|fact| fact.author == by || !worry(&fact.answer).exceeds(chosen));
    let wrote_none = listed.into_iter().all(|fact| fact.author != by);
    only_own_lowered || (is_manager && wrote_none)
}

/// Whether a statement is an answer that an author may change by an ordinary edit: their own, and only when it is the only
/// live one on the target. Anything else is a settlement.
#[must_use]
pub fn may_edit_plainly(live: &[&Fact], by: WorkerId) -> bool {
    match live {
        [] => true,
        [only] => {
            only.author == by
                || (only.policy == Policy::Ordinary
                    && !only.kind.is_entry()
                    && only.kind != Kind::Resolve)
        }
        _ => false,
    }
}

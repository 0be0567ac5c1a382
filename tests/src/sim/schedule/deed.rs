//! What people record, and how often.

use crate::sim::rng::Rng;

/// Something that a person records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    AnswerRisk,
    AnswerOrdinary,
    /// Answers without having looked at what is there.
    Blind,
    Observe,
    Entry,
    Revise,
    Withdraw,
    SetAdd,
    SetRemove,
    Part,
    Words,
    Concern,
    Decision,
    Settle,
    AskAgreement,
    Finish,
    Outing,
    NewVisit,
    SignOff,
    GiveBack,
    Correct,
    Void,
    Place,
    Open,
}

const DEEDS: [(Deed, usize, &str); 24] = [
    (Deed::AnswerRisk, 20, "answers to risk questions"),
    (Deed::AnswerOrdinary, 10, "other answers"),
    (Deed::Blind, 6, "answers unseen"),
    (Deed::Observe, 4, "observations"),
    (Deed::Entry, 10, "entries"),
    (Deed::Revise, 7, "revisions"),
    (Deed::Withdraw, 3, "withdrawals"),
    (Deed::SetAdd, 4, "people added"),
    (Deed::SetRemove, 3, "people removed"),
    (Deed::Part, 2, "parts of people"),
    (Deed::Words, 4, "children's words"),
    (Deed::Concern, 3, "concerns"),
    (Deed::Decision, 2, "decisions"),
    (Deed::Settle, 10, "settlements"),
    (Deed::AskAgreement, 2, "requests to agree"),
    (Deed::Finish, 5, "finishes"),
    (Deed::Outing, 4, "outings"),
    (Deed::NewVisit, 1, "visits unplanned"),
    (Deed::SignOff, 5, "sign-offs"),
    (Deed::GiveBack, 2, "questions to finished visits"),
    (Deed::Correct, 4, "corrections"),
    (Deed::Void, 2, "records entered in error"),
    (Deed::Place, 6, "placements"),
    (Deed::Open, 3, "openings of unfinished text"),
];

impl Deed {
    pub(crate) fn name(self) -> &'static str {
        DEEDS
            .iter()
            .find(|(deed, ..)| *deed == self)
            .map_or("", |(.., name)| name)
    }

    /// What only a manager does.
    pub(super) const fn is_managers(self) -> bool {
        matches!(
            self,
            Self::SignOff | Self::GiveBack | Self::Void | Self::Place | Self::Open
        )
    }

    pub(super) fn draw(rng: &mut Rng) -> Self {
        let all: usize = DEEDS.iter().map(|(_, weight, _)| weight).sum();
        let mut left = rng.below(all);
        for (deed, weight, _) in DEEDS {
            if left < weight {
                return deed;
            }
            left -= weight;
        }
        Self::Entry
    }
}

//! Where a record is: the one line that tells a worker whether the council has it.
//!
//! "The council has it" is said only when there is a verified receipt for every piece of the record (DESIGN §2, rule 8).
//! Whether a visit is finished is another question and stands in another place on the screen; see
//! [`crate::words::not_finished`].

use crate::id::WorkerId;
use crate::op::Target;
use crate::time::WallMillis;
use crate::verdict::{Reason, Verdict};

/// One piece of a record that must reach the council by itself: a commit, or an attachment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece {
    /// There is no verified receipt for it.
    Here {
        /// When it was saved, by this device's clock.
        saved: WallMillis,
        /// It is being sent at this moment.
        being_sent: bool,
    },
    /// There is a verified receipt for it.
    Received {
        /// When the council received it, by the council's clock.
        at: WallMillis,
        /// What became of it.
        standing: Standing,
    },
}

/// What became of a piece that the council has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// All of it counts.
    Counts,
    /// Some of it waits for a statement that another device has yet to send.
    Waits,
    /// Some of it is kept aside until a named person decides.
    SetAside {
        /// Who decides.
        owner: WorkerId,
        /// Why.
        reason: Reason,
    },
}

impl Standing {
    /// What became of a piece whose statements were judged so: the first that is set aside, else any that waits.
    pub fn of<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> Self {
        let mut standing = Self::Counts;
        for verdict in verdicts {
            match verdict {
                Verdict::Quarantined { reason, owner } => {
                    return Self::SetAside {
                        owner: *owner,
                        reason: *reason,
                    };
                }
                Verdict::Held { .. } => standing = Self::Waits,
                Verdict::Applied | Verdict::AppliedFromPreviousWorker => {}
            }
        }
        standing
    }
}

/// What the reader is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Two answers to this question are open, and one of them is the reader's.
    WhichAnswer(Target),
    /// Something was kept aside for this reason, and the reader decides where it goes.
    WhereItGoes(Reason),
}

/// Where a record is, for one reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Status {
    /// At least one piece is on this device only.
    SavedHere {
        /// Since when, by this device's clock: the earliest such piece.
        since: WallMillis,
    },
    /// Every piece that the council does not have yet is being sent.
    Sending,
    /// The council has every piece, and the reader must answer something.
    NeedsYourAnswer {
        /// What.
        question: Asked,
    },
    /// The council has every piece, and somebody else decides about one of them.
    With {
        /// Who.
        owner: WorkerId,
        /// Since when, by the council's clock: the earliest such piece.
        since: WallMillis,
    },
    /// The council has every piece, and waits for one from another device.
    CouncilHasItWaiting {
        /// When the last piece was received, by the council's clock.
        at: WallMillis,
    },
    /// The council has every piece.
    CouncilHasIt {
        /// When the last piece was received, by the council's clock.
        at: WallMillis,
    },
}

/// Where a record of these pieces is, for this reader. `None` if it has no piece, and so nothing to say.
///
/// `open_question` is the first open question of the record in which one of the answers is the reader's. What is not at
/// the council comes before everything: no question, and nobody's decision, may hide that words are on this device only.
#[must_use]
pub fn status_of(
    pieces: &[Piece],
    reader: WorkerId,
    open_question: Option<&Target>,
) -> Option<Status> {
    let unsent = || {
        pieces.iter().filter_map(|piece| match piece {
            Piece::Here { saved, being_sent } => Some((*saved, *being_sent)),
            Piece::Received { .. } => None,
        })
    };
    if let Some(since) = unsent().map(|(saved, _)| saved).min() {
        let all_on_their_way = unsent().all(|(_, being_sent)| being_sent);
        return Some(if all_on_their_way {
            Status::Sending
        } else {
            Status::SavedHere { since }
        });
    }

    let received = || {
        pieces.iter().filter_map(|piece| match piece {
            Piece::Received { at, standing } => Some((*at, *standing)),
            Piece::Here { .. } => None,
        })
    };
    let at = received().map(|(at, _)| at).max()?;
    let set_aside = || {
        received().filter_map(|(at, standing)| match standing {
            Standing::SetAside { owner, reason } => Some((at, owner, reason)),
            Standing::Counts | Standing::Waits => None,
        })
    };
    if let Some((.., reason)) = set_aside().find(|(_, owner, _)| *owner == reader) {
        let question = Asked::WhereItGoes(reason);
        return Some(Status::NeedsYourAnswer { question });
    }
    if let Some((since, owner, _)) = set_aside().min_by_key(|(at, ..)| *at) {
        return Some(Status::With { owner, since });
    }
    if let Some(target) = open_question {
        let question = Asked::WhichAnswer(target.clone());
        return Some(Status::NeedsYourAnswer { question });
    }
    if received().any(|(_, standing)| standing == Standing::Waits) {
        return Some(Status::CouncilHasItWaiting { at });
    }
    Some(Status::CouncilHasIt { at })
}

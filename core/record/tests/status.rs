//! Where a record is: what comes before what, and that nothing but receipts says that the council has it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{BRYONY, ROWAN, SAGE};
use proptest::prelude::*;
use visitbook_record::id::{OpId, WorkerId};
use visitbook_record::op::Target;
use visitbook_record::status::{Asked, Piece, Standing, Status, status_of};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::{Reason, Verdict};

const fn here(saved: i64) -> Piece {
    Piece::Here {
        saved: WallMillis(saved),
        being_sent: false,
    }
}

const fn going(saved: i64) -> Piece {
    Piece::Here {
        saved: WallMillis(saved),
        being_sent: true,
    }
}

const fn counts(at: i64) -> Piece {
    Piece::Received {
        at: WallMillis(at),
        standing: Standing::Counts,
    }
}

const fn waits(at: i64) -> Piece {
    Piece::Received {
        at: WallMillis(at),
        standing: Standing::Waits,
    }
}

const fn aside(at: i64, owner: WorkerId) -> Piece {
    Piece::Received {
        at: WallMillis(at),
        standing: Standing::SetAside {
            owner,
            reason: Reason::NotHeld,
        },
    }
}

const fn has_it(at: i64) -> Status {
    Status::CouncilHasIt { at: WallMillis(at) }
}

const fn saved(since: i64) -> Status {
    Status::SavedHere {
        since: WallMillis(since),
    }
}

#[test]
fn what_comes_before_what() {
    let alone = Target::field("alone");
    let which = || Status::NeedsYourAnswer {
        question: Asked::WhichAnswer(alone.clone()),
    };
    let place = Status::NeedsYourAnswer {
        question: Asked::WhereItGoes(Reason::NotHeld),
    };
    let with = |owner, since| Status::With {
        owner,
        since: WallMillis(since),
    };
    let table: Vec<(Vec<Piece>, bool, Option<Status>)> = vec![
        (vec![], false, None),
        (vec![], true, None),
        (vec![counts(5)], false, Some(has_it(5))),
        (
            vec![counts(5), counts(9), counts(7)],
            false,
            Some(has_it(9)),
        ),
        (vec![here(3)], false, Some(saved(3))),
        (vec![going(3)], false, Some(Status::Sending)),
        (vec![going(3), counts(5)], false, Some(Status::Sending)),
        // Edits made while the rest is being sent: the council does not have it, and not all of it is on its way.
        (vec![counts(5), going(3), here(8)], false, Some(saved(3))),
        (vec![counts(5), counts(6), here(8)], false, Some(saved(8))),
        (vec![here(8), here(2), counts(1)], false, Some(saved(2))),
        // What is on this phone only comes before every question and every owner.
        (
            vec![here(8), aside(4, ROWAN), waits(3)],
            true,
            Some(saved(8)),
        ),
        (vec![going(8), aside(4, SAGE)], true, Some(Status::Sending)),
        (
            vec![aside(4, SAGE), aside(6, ROWAN), waits(3)],
            true,
            Some(place),
        ),
        (
            vec![aside(6, SAGE), aside(4, BRYONY), waits(3)],
            true,
            Some(with(BRYONY, 4)),
        ),
        (vec![counts(1), aside(4, SAGE)], false, Some(with(SAGE, 4))),
        (vec![counts(1), waits(3)], true, Some(which())),
        (vec![counts(1)], true, Some(which())),
        (
            vec![waits(3), counts(9)],
            false,
            Some(Status::CouncilHasItWaiting { at: WallMillis(9) }),
        ),
    ];
    for (pieces, open, expected) in table {
        let question = open.then_some(&alone);
        assert_eq!(
            status_of(&pieces, ROWAN, question),
            expected,
            "{pieces:?}, open: {open}"
        );
        let mut reversed = pieces.clone();
        reversed.reverse();
        assert_eq!(
            status_of(&reversed, ROWAN, question),
            expected,
            "{pieces:?} turned, open: {open}"
        );
    }
}

#[test]
fn a_commit_stands_as_its_worst_statement_does() {
    let quarantined = |reason, owner| Verdict::Quarantined { reason, owner };
    let held = Verdict::Held {
        missing: vec![OpId([1; 32])],
    };
    let table = [
        (vec![], Standing::Counts),
        (
            vec![Verdict::Applied, Verdict::AppliedFromPreviousWorker],
            Standing::Counts,
        ),
        (vec![Verdict::Applied, held.clone()], Standing::Waits),
        (
            vec![
                held,
                Verdict::Applied,
                quarantined(Reason::NotHeld, SAGE),
                quarantined(Reason::TooLarge, ROWAN),
            ],
            Standing::SetAside {
                owner: SAGE,
                reason: Reason::NotHeld,
            },
        ),
    ];
    for (verdicts, expected) in table {
        assert_eq!(Standing::of(&verdicts), expected);
    }
}

fn any_piece() -> impl Strategy<Value = Piece> {
    let owner = prop_oneof![Just(ROWAN), Just(SAGE)];
    prop_oneof![
        any::<i64>().prop_map(here),
        any::<i64>().prop_map(going),
        any::<i64>().prop_map(counts),
        any::<i64>().prop_map(waits),
        (any::<i64>(), owner).prop_map(|(at, owner)| aside(at, owner)),
    ]
}

proptest! {
    /// One commit without a receipt is enough: the council does not have the record, whatever else is known of it.
    #[test]
    fn no_receipt_no_green_tick(
        mut pieces in prop::collection::vec(any_piece(), 0..8),
        at in 0usize..9,
        being_sent in any::<bool>(),
        open in any::<bool>(),
    ) {
        let target = Target::field("alone");
        let question = open.then_some(&target);
        let all_received = pieces.iter().all(|piece| matches!(piece, Piece::Received { .. }));
        let status = status_of(&pieces, ROWAN, question);
        let unsent = matches!(status, Some(Status::SavedHere { .. } | Status::Sending));
        prop_assert_eq!(unsent, !all_received);
        prop_assert_eq!(status.is_none(), pieces.is_empty());

        let at = at.min(pieces.len());
        pieces.insert(at, Piece::Here { saved: WallMillis(0), being_sent });
        let status = status_of(&pieces, ROWAN, question);
        let unsent = matches!(status, Some(Status::SavedHere { .. } | Status::Sending));
        prop_assert!(unsent);
    }
}

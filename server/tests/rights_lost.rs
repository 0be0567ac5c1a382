//! Work done under an assignment that a restore lost: it counts once that is given back, in whatever order the rest comes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

/// Which store these tests run over; see `support`.
#[allow(dead_code)]
const ON_DISK: bool = false;

use support::*;
use visitbook_record::commit::Role;
use visitbook_record::id::OpId;
use visitbook_record::scope::LogPosition;
use visitbook_record::verdict::{Reason, Verdict};
use visitbook_record::wire::LogEntry;
use visitbook_server::store::StorageExt;

fn verdict(council: &Council, op: OpId) -> Verdict {
    let op = council.store.read_with(|tx| tx.op(&op)).unwrap().unwrap();
    op.fact.verdict.unwrap()
}

fn is_not_held(verdict: &Verdict) -> bool {
    let reason = Reason::NotHeld;
    matches!(verdict, Verdict::Quarantined { reason: said, .. } if *said == reason)
}

/// A council that was restored, and Rowan, who was given Robin in what was lost.
fn restored() -> (Council, Phone) {
    let council = Council::new();
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    rowan.assignment_seen = Some(LogPosition {
        epoch: 1,
        position: 40,
    });
    council.tx(|tx| {
        tx.open_epoch(2)?;
        tx.confirm(None)
    });
    (council, rowan)
}

#[test]
fn a_finish_waits_for_what_it_lists_once_its_authors_rights_are_back() {
    let (council, mut rowan) = restored();
    let listed = rowan.save(ROBIN, 1, vec![called_off()]);
    let finished = rowan.save(ROBIN, 1, vec![finish(ops_of(&listed))]);
    let op = ops_of(&finished)[0];
    council.upload(vec![finished]);
    assert!(is_not_held(&verdict(&council, op)));

    council.assign(ROWAN, ROBIN, Role::Allocated);
    let missing = ops_of(&listed);
    assert_eq!(verdict(&council, op), Verdict::Held { missing });

    council.upload(vec![listed]);
    assert_eq!(
        verdict(&council, op),
        Verdict::Applied,
        "nobody's previous worker"
    );

    // A reader follows it step by step, and has its words.
    let mut sage = council.device(3, SAGE);
    let pages = sage.pull(&council);
    let entries = pages.iter().flat_map(|page| &page.entries);
    let judged: Vec<&Verdict> = entries
        .filter_map(|entry| match entry {
            LogEntry::Judged {
                op: of, verdict, ..
            } if *of == op => Some(verdict),
            _ => None,
        })
        .collect();
    assert!(matches!(
        judged[..],
        [Verdict::Held { .. }, Verdict::Applied]
    ));
}

#[test]
fn what_waited_comes_to_count_though_its_device_has_read_on() {
    let (council, mut rowan) = restored();
    let note = rowan.save(ROBIN, 1, vec![answer("seen", "yes")]);
    let op = ops_of(&note)[0];
    council.upload(vec![note]);
    assert!(is_not_held(&verdict(&council, op)));
    // With this page Rowan's phone says that everything it had to send was written by what it has read since.
    council.assign(ROWAN, WREN, Role::Joint);
    rowan.pull(&council);
    let mut request = rowan.request();
    request.acknowledges = rowan.assignment_seen;
    council.pull(&request);
    council.assign(ROWAN, ROBIN, Role::Allocated);
    assert_eq!(verdict(&council, op), Verdict::Applied);
}

#[test]
fn what_a_second_restore_kept_is_judged_again_too() {
    let (council, mut rowan) = restored();
    let note = rowan.save(ROBIN, 1, vec![answer("seen", "yes")]);
    let op = ops_of(&note)[0];
    council.upload(vec![note]);
    council.tx(|tx| tx.open_epoch(3));
    assert!(is_not_held(&verdict(&council, op)));
    council.assign(ROWAN, ROBIN, Role::Allocated);
    assert_eq!(verdict(&council, op), Verdict::Applied);
}

#[test]
fn a_finish_whose_words_came_late_waits_for_what_it_lists() {
    let council = Council::new();
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    let listed = rowan.save(WREN, 1, vec![called_off()]);
    // Of a form that the council has: what a newer one says without words is not its business.
    let (mut commit, words) = rowan.draft(WREN, 1, vec![finish(ops_of(&listed))]);
    commit.catalogue = visitbook_record::catalogue::NEWEST;
    let finished = rowan.seal((commit, words));
    let op = ops_of(&finished)[0];
    let mut without = finished.clone();
    without.payloads.clear();
    council.upload(vec![without]);
    council.upload(vec![finished]);
    assert!(matches!(verdict(&council, op), Verdict::Held { .. }));
    council.upload(vec![listed]);
    assert_eq!(verdict(&council, op), Verdict::Applied);
}

//! Text that nobody has finished yet: its author's alone, until a manager opens what there is and says why.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

/// Which store these tests run over; see `support`.
#[allow(dead_code)]
const ON_DISK: bool = false;

use support::*;
use visitbook_record::cbor::encode;
use visitbook_record::id::OpId;
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::Content;
use visitbook_record::verdict::{Reason, Verdict};
use visitbook_record::wire::{EnvelopeBody, Page};

fn opening() -> Say {
    let reason = Content::Reason("Rowan is off sick".to_owned());
    Say(
        Kind::Open,
        Policy::Ordinary,
        Target::field("open"),
        vec![],
        reason,
    )
}

fn verdicts(council: &Council, body: EnvelopeBody) -> Vec<Verdict> {
    let reply = council.upload(vec![body]);
    statement(&reply.statements[0]).received[0].verdicts.clone()
}

fn carries(pages: &[Page], words: &str) -> bool {
    pages.iter().any(|page| {
        encode(page)
            .windows(words.len())
            .any(|w| w == words.as_bytes())
    })
}

fn set_aside(reason: Reason) -> Verdict {
    Verdict::Quarantined {
        reason,
        owner: SAGE,
    }
}

struct Team {
    council: Council,
    rowan: Phone,
    bryony: Phone,
    sage: Phone,
    first: OpId,
}

/// Rowan has written half a sentence; everybody has pulled, and nobody else has it.
fn half_written() -> Team {
    let council = Council::new();
    let (mut rowan, mut bryony, mut sage) = (
        council.device(1, ROWAN),
        council.device(2, BRYONY),
        council.device(3, SAGE),
    );
    for device in [&mut rowan, &mut bryony, &mut sage] {
        device.pull(&council);
    }
    let text = rowan.save(WREN, 1, vec![note("n1", "FIRST-HALF")]);
    let first = ops_of(&text)[0];
    assert_eq!(verdicts(&council, text), [Verdict::Applied]);
    for device in [&mut bryony, &mut sage] {
        assert!(!carries(&device.pull(&council), "FIRST-HALF"));
    }
    Team {
        council,
        rowan,
        bryony,
        sage,
        first,
    }
}

#[test]
fn a_manager_opens_what_there_is_and_only_the_manager_reads_it() {
    let mut team = half_written();
    let opened = team.sage.save(WREN, 1, vec![opening()]);
    assert_eq!(verdicts(&team.council, opened), [Verdict::Applied]);
    assert!(carries(&team.sage.pull(&team.council), "FIRST-HALF"));
    let theirs = team.bryony.pull(&team.council);
    assert!(!carries(&theirs, "FIRST-HALF"));
    assert!(carries(&theirs, "Rowan is off sick"), "who opened, and why");
    assert!(carries(
        &team.rowan.pull(&team.council),
        "Rowan is off sick"
    ));

    // What is written after that needs another opening, also on a device that reads everything from the start.
    let more = team.rowan.save(WREN, 1, vec![note("n2", "SECOND-HALF")]);
    verdicts(&team.council, more);
    assert!(!carries(&team.sage.pull(&team.council), "SECOND-HALF"));
    let mut anew = team.council.device(4, SAGE);
    let pages = anew.pull(&team.council);
    assert!(carries(&pages, "FIRST-HALF") && !carries(&pages, "SECOND-HALF"));
    let mut colleague = team.council.device(5, BRYONY);
    assert!(!carries(&colleague.pull(&team.council), "HALF"));
}

#[test]
fn a_manager_may_finish_with_what_they_opened_and_then_the_team_reads_it() {
    let mut team = half_written();
    let mut ends = vec![called_off()];
    let unread = team
        .sage
        .save(WREN, 1, vec![called_off(), finish(vec![team.first])]);
    assert_eq!(
        verdicts(&team.council, unread)[1],
        set_aside(Reason::FinishListsUnread)
    );
    let opened = team.sage.save(WREN, 1, vec![opening()]);
    verdicts(&team.council, opened);
    let answer = team.sage.save(WREN, 1, std::mem::take(&mut ends));
    let answer_id = ops_of(&answer)[0];
    verdicts(&team.council, answer);
    let mut listed = vec![team.first, answer_id];
    listed.sort();
    let done = team.sage.save(WREN, 1, vec![finish(listed)]);
    assert_eq!(verdicts(&team.council, done), [Verdict::Applied]);
    assert!(carries(&team.bryony.pull(&team.council), "FIRST-HALF"));
}

#[test]
fn nobody_but_the_childs_manager_opens_anything() {
    let mut team = half_written();
    let tried = team.bryony.save(WREN, 1, vec![opening()]);
    assert_eq!(
        verdicts(&team.council, tried),
        [set_aside(Reason::NotManager)]
    );
    assert!(!carries(&team.bryony.pull(&team.council), "FIRST-HALF"));
    assert!(!carries(&team.sage.pull(&team.council), "FIRST-HALF"));
    // Opening one visit opens no other.
    let elsewhere = team.sage.save(WREN, 2, vec![opening()]);
    assert_eq!(verdicts(&team.council, elsewhere), [Verdict::Applied]);
    assert!(!carries(&team.sage.pull(&team.council), "FIRST-HALF"));
}

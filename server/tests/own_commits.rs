//! Commits that a device says it knows come back to it by name; everything else comes whole.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

/// Which store these tests run over; see `support`.
#[allow(dead_code)]
const ON_DISK: bool = false;

use support::*;
use visitbook_record::commit::Commit;
use visitbook_record::id::{CommitHash, Incarnation, OpId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::Content;
use visitbook_record::wire::{LogEntry, PullReply};

/// What comes to a device that asks from the beginning.
fn asked(council: &Council, phone: &mut Phone, knows_own: Option<u64>) -> Vec<LogEntry> {
    let mut request = phone.request();
    (request.token, request.knows_own) = (None, knows_own);
    let PullReply::Page(page) = council.pull(&request) else {
        panic!("the pull was denied");
    };
    page.entries
}

fn named(entries: &[LogEntry]) -> Vec<CommitHash> {
    let names = entries.iter().filter_map(|entry| match entry {
        LogEntry::Own(entry) => Some(entry.commit),
        LogEntry::Commit(_) | LogEntry::Judged { .. } => None,
    });
    names.collect()
}

#[test]
fn only_what_this_device_made_in_this_life_and_says_it_knows_comes_by_name() {
    let council = Council::new();
    let (mut phone, mut colleague) = (council.device(1, ROWAN), council.device(2, BRYONY));
    phone.pull(&council);
    colleague.pull(&council);
    let made: Vec<_> = (1..=3)
        .map(|visit| phone.save(WREN, visit, vec![answer("seen", "yes")]))
        .collect();
    let hashes: Vec<_> = made
        .iter()
        .map(|body| Commit::hash_of(&body.commit.bytes))
        .collect();
    council.upload(made);
    council.upload(vec![colleague.save(WREN, 9, vec![answer("seen", "no")])]);
    let all = asked(&council, &mut phone, None);
    assert_eq!(named(&all), []);
    let two = asked(&council, &mut phone, Some(2));
    assert_eq!(named(&two), hashes[..2]);
    assert_eq!(two.len(), all.len());
    for (whole, short) in all.iter().zip(&two) {
        assert_eq!((whole.scope(), whole.at()), (short.scope(), short.at()));
        match (whole, short) {
            (LogEntry::Commit(whole), LogEntry::Own(own)) => {
                assert_eq!(own.commit, Commit::hash_of(&whole.commit.bytes));
                assert_eq!(own.verdicts, whole.verdicts);
                assert_eq!(own.received, whole.received);
            }
            _ => assert_eq!(whole, short),
        }
    }
    // Another life of the same device has none of them, and another device neither.
    phone.life = Incarnation([99; 16]);
    assert_eq!(named(&asked(&council, &mut phone, Some(9))), []);
    let mut tablet = council.device(3, ROWAN);
    assert_eq!(named(&asked(&council, &mut tablet, Some(9))), []);
}

#[test]
fn what_an_own_commit_opened_comes_with_its_name() {
    let council = Council::new();
    let (mut rowan, mut sage) = (council.device(1, ROWAN), council.device(3, SAGE));
    rowan.pull(&council);
    let text = rowan.save(WREN, 1, vec![note("n1", "FIRST-HALF")]);
    let listed = ops_of(&text);
    council.upload(vec![text]);
    sage.pull(&council);
    let reason = Content::Reason("Rowan is off sick".to_owned());
    let target = Target::field("open");
    let opening = Say(Kind::Open, Policy::Ordinary, target, vec![], reason);
    council.upload(vec![sage.save(WREN, 1, vec![opening])]);
    let mut request = sage.request();
    request.knows_own = Some(sage.seq);
    let PullReply::Page(page) = council.pull(&request) else {
        panic!("the pull was denied");
    };
    let [LogEntry::Own(entry)] = &page.entries[..] else {
        panic!("one commit, by its name");
    };
    let released: Vec<OpId> = entry.released.iter().map(|(id, _)| *id).collect();
    assert_eq!(released, listed);
}

//! What is looked at on a device is told to the council at lock, by every way of looking, and nothing else is told by it.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Council, PIN, Phone, ROWAN, WREN, field, larkspurs, pull, push, sync, visit_to_wren};
use std::sync::Mutex;
use visitbook_device::Working;
use visitbook_record::id::RecordId;
use visitbook_record::look::{Look, Looked};
use visitbook_record::scope::Scope;
use visitbook_record::verdict::Verdict;

/// What the council was told, in order; every statement must have been applied.
fn told(council: &Mutex<Council>) -> Vec<(Look, RecordId, RecordId, i64)> {
    let council = council.lock().unwrap();
    let commits = council.commits_of(Scope::Audit(ROWAN));
    let mut all = Vec::new();
    for (commit, verdicts) in &commits {
        assert!(verdicts.iter().all(|verdict| *verdict == Verdict::Applied));
        for op in &commit.ops {
            assert_eq!(op.payload, None, "no words");
            let (looked, at) = Looked::read(op).unwrap();
            all.push((looked.how, looked.child, looked.record, at.unwrap().0));
        }
    }
    all
}

fn ways(council: &Mutex<Council>) -> Vec<(Look, RecordId)> {
    told(council)
        .into_iter()
        .map(|(how, child, record, _)| {
            assert_eq!(child, WREN);
            (how, record)
        })
        .collect()
}

fn relock(council: &Mutex<Council>, working: Working) -> Working {
    let mut locked = working.lock();
    push(council, &mut locked);
    locked.unlock(PIN).unwrap()
}

#[test]
fn every_way_of_looking_is_told_at_lock_and_a_glance_back_is_not_told_twice() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working.note(visit, "saw", "Quillwort at the gate").unwrap();
    sync(&council, &mut working);
    working = relock(&council, working);
    assert_eq!(told(&council), vec![], "writing is no looking");
    working.today(None).unwrap();
    working.child_card(WREN).unwrap();
    working.child_card(WREN).unwrap();
    working.visits(WREN).unwrap();
    working.visit(visit).unwrap();
    working.history(visit).unwrap();
    working.search("Quillwort").unwrap();
    working.search("nothing like it").unwrap();
    push(&council, &mut working);
    assert_eq!(told(&council), vec![], "not before it is locked");
    working = relock(&council, working);
    let first = [
        (Look::Card, WREN),
        (Look::Page, visit),
        (Look::History, visit),
        (Look::Search, visit),
    ];
    assert_eq!(ways(&council), first);
    phone.clock.pass(9 * 60_000);
    working.visit(visit).unwrap();
    phone.clock.pass(9 * 60_000);
    working.visit(visit).unwrap();
    phone.clock.pass(60_000);
    working.visit(visit).unwrap();
    working = relock(&council, working);
    let told = told(&council);
    let times: Vec<i64> = told.iter().skip(first.len()).map(|one| one.3).collect();
    assert_eq!(times.len(), 2);
    assert_eq!(times[1] - times[0], 10 * 60_000);
    assert_eq!(working.verify().unwrap().problems, Vec::<String>::new());
    working.set(visit, &field("seen"), "yes", None).unwrap();
    assert_eq!(working.sealed_waiting(), 1, "looks wait for nobody");
}

#[test]
fn a_device_that_is_killed_hides_no_look() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    sync(&council, &mut working);
    working.visit(visit).unwrap();
    drop(working);
    let mut working = phone.unlock();
    push(&council, &mut working);
    let mut locked = working.lock();
    assert_eq!(
        push(&council, &mut locked).receipted,
        0,
        "it cannot read the answer"
    );
    assert_eq!(ways(&council), [(Look::Page, visit)]);
    drop(locked);
    let working = phone.unlock();
    assert_eq!(working.sealed_waiting(), 0);
    assert_eq!(working.verify().unwrap().problems, Vec::<String>::new());
}

#[test]
fn no_device_holds_what_was_looked_at_not_even_on_the_holders_other_one() {
    let (council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    sync(&council, &mut working);
    working.visit(visit).unwrap();
    working = relock(&council, working);
    pull(&council, &mut working);
    let (_hers, mut tablet) = Phone::enrol(&council, ROWAN, "Rowan's tablet");
    pull(&council, &mut tablet);
    assert_eq!(ways(&council), [(Look::Page, visit)]);
    for device in [&working, &tablet] {
        let scopes: Vec<String> = device
            .digests()
            .unwrap()
            .into_iter()
            .map(|line| line.scope)
            .collect();
        assert!(!scopes.is_empty());
        assert!(scopes.iter().all(|scope| !scope.starts_with("audit")));
        let kinds: Vec<String> = device
            .statuses()
            .unwrap()
            .into_iter()
            .map(|one| one.kind)
            .collect();
        assert!(!kinds.contains(&"audit".to_owned()));
    }
}

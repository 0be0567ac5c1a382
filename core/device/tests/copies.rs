//! A whole device put back from an old copy, keystore and all, and two copies of one device that both write: nobody on the
//! device can tell, the council's log can. Both go on, each in a writing life of its own, and no word of either is lost.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use common::{Phone, TestClock, WREN, field, larkspurs, push, sync, visit_to_wren};
use visitbook_device::Working;
use visitbook_record::scope::Scope;
use visitbook_seal::hardware::SoftwareKeys;

/// Everything of a locked device, as it is at one moment.
fn copy_of(phone: &Phone) -> Phone {
    let copy = Phone {
        folder: tempfile::tempdir().unwrap(),
        hardware: Arc::new(SoftwareKeys::from_bytes(&phone.hardware.to_bytes()).unwrap()),
        clock: TestClock::new(),
    };
    copy_files(phone.path(), copy.path());
    copy
}

fn copy_files(from: &Path, to: &Path) {
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            std::fs::create_dir_all(&place).unwrap();
            copy_files(&entry.path(), &place);
        } else {
            std::fs::copy(entry.path(), place).unwrap();
        }
    }
}

fn alarms(working: &Working) -> Vec<String> {
    let alarms = working.alarms().unwrap();
    alarms.into_iter().map(|alarm| alarm.kind).collect()
}

fn notes(working: &Working, visit: visitbook_record::id::RecordId) -> BTreeSet<String> {
    let page = working.visit(visit).unwrap();
    let texts = page.entries.into_iter().flat_map(|entry| entry.versions);
    texts.filter_map(|version| version.text).collect()
}

fn sound(working: &Working) {
    let report = working.verify().unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    assert_eq!(report.waiting, 0);
    for status in working.statuses().unwrap() {
        assert_eq!(status.status.code, "council_has_it");
    }
}

#[test]
fn two_copies_of_one_device_go_on_as_two_and_lose_no_word() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    sync(&council, &mut working);
    drop(working.lock());
    let twin = copy_of(&phone);
    let (mut one, mut other) = (phone.unlock(), twin.unlock());
    one.note(visit, "saw", "written on the phone").unwrap();
    other.note(visit, "saw", "written on its copy").unwrap();
    sync(&council, &mut one);
    assert_eq!(alarms(&one), Vec::<String>::new(), "it cannot know yet");
    sync(&council, &mut other);
    assert_eq!(alarms(&other), ["two_copies"]);
    sync(&council, &mut one);
    assert_eq!(alarms(&one), ["two_copies"]);
    one.note(visit, "saw", "and on the phone again").unwrap();
    other.note(visit, "saw", "and on its copy again").unwrap();
    for _ in 0..2 {
        sync(&council, &mut one);
        sync(&council, &mut other);
    }
    push(&council, &mut one);
    push(&council, &mut other);
    let all = BTreeSet::from(
        [
            "written on the phone",
            "written on its copy",
            "and on the phone again",
            "and on its copy again",
        ]
        .map(String::from),
    );
    for working in [&one, &other] {
        assert_eq!(notes(working, visit), all);
        sound(working);
        assert_eq!(alarms(working), ["two_copies"], "raised once");
    }
    // Only what both wrote before either could know shares a number.
    let council = council.lock().unwrap();
    let commits = council.commits_of(Scope::Child(WREN));
    let mut places = std::collections::BTreeMap::new();
    for (commit, _) in &commits {
        *places
            .entry((commit.origin.incarnation, commit.seq))
            .or_insert(0) += 1;
    }
    assert_eq!(places.values().filter(|count| **count > 1).count(), 1);
    let lives: BTreeSet<_> = places.keys().map(|(life, _)| *life).collect();
    assert_eq!(lives.len(), 3);
}

#[test]
fn a_whole_device_put_back_learns_from_the_council_and_writes_on_in_a_new_life() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    sync(&council, &mut working);
    drop(working.lock());
    let old = copy_of(&phone);
    let mut working = phone.unlock();
    working.note(visit, "saw", "after the copy").unwrap();
    working.set(visit, &field("seen"), "yes", None).unwrap();
    sync(&council, &mut working);
    drop(working);
    // The phone is lost; a new one is made from the copy, and is not told that it is old.
    let mut working = old.unlock();
    assert_eq!(alarms(&working), Vec::<String>::new());
    working.note(visit, "saw", "on the new phone").unwrap();
    push(&council, &mut working);
    sync(&council, &mut working);
    assert_eq!(alarms(&working), ["two_copies"]);
    sync(&council, &mut working);
    let all = BTreeSet::from(["after the copy", "on the new phone"].map(String::from));
    assert_eq!(notes(&working, visit), all);
    working.set(visit, &field("bedroom"), "seen", None).unwrap();
    sync(&council, &mut working);
    sound(&working);
    assert_eq!(alarms(&working), ["two_copies"]);
    drop(working.lock());
    let working = old.unlock();
    sound(&working);
    assert_eq!(alarms(&working), ["two_copies"]);
}

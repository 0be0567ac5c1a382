//! What this device made comes back to it by name, where it has it, and whole where it does not.
#![cfg(feature = "store")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{larkspurs, pull, push, sync, visit_to_wren};
use visitbook_device::Working;

fn sound(working: &Working) {
    let report = working.verify().unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    assert!(working.alarms().unwrap().is_empty());
    for status in working.statuses().unwrap() {
        assert_eq!(status.status.code, "council_has_it");
    }
}

#[test]
fn what_this_device_made_comes_back_by_name_and_counts_as_if_it_had_come_whole() {
    let (council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working
        .note(visit, "saw", "Warm kitchen, two cats.")
        .unwrap();
    push(&council, &mut working);
    let made = working.verify().unwrap().receipted as u32;
    assert_eq!(pull(&council, &mut working), made);
    assert_eq!(council.lock().unwrap().named, made);
    // The digests over what came by name are the council's, or the next pull would raise an alarm.
    pull(&council, &mut working);
    sound(&working);
}

#[test]
fn everything_comes_whole_when_it_is_asked_for_from_the_beginning() {
    let (council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working
        .note(visit, "saw", "Warm kitchen, two cats.")
        .unwrap();
    sync(&council, &mut working);
    let named = council.lock().unwrap().named;
    council.lock().unwrap().forgets_token = true;
    pull(&council, &mut working);
    assert_eq!(council.lock().unwrap().named, named);
    sound(&working);
}

#[test]
fn a_council_of_before_there_were_names_is_asked_as_before() {
    let (council, _phone, mut working) = larkspurs();
    council.lock().unwrap().cannot_name = true;
    let visit = visit_to_wren(&mut working);
    working
        .note(visit, "saw", "Warm kitchen, two cats.")
        .unwrap();
    sync(&council, &mut working);
    working.note(visit, "saw", "And a dog.").unwrap();
    sync(&council, &mut working);
    assert_eq!(council.lock().unwrap().named, 0);
    sound(&working);
}

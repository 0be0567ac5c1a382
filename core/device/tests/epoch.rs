//! What a device makes of the council's key bundle when it says that the server was restored, or when somebody says so.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{ROWAN, WREN, field, larkspurs, pull, push, sync, visit_to_wren};
use visitbook_device::UnlockError;
use visitbook_seal::bundle::{EpochStatement, KeyBundle};
use visitbook_seal::sign::SigningKey;

fn epoch(number: u64, id: u8) -> EpochStatement {
    EpochStatement {
        number,
        id: [id; 16],
        base: vec![],
    }
}

fn change(bundle: &mut KeyBundle, serial: u64, number: u64, id: u8, key: &SigningKey) {
    bundle.serial = serial;
    bundle.epoch = epoch(number, id).sign(key);
}

#[test]
fn an_epoch_that_the_control_key_did_not_sign_changes_nothing() {
    let (council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working.set(visit, &field("seen"), "yes", None).unwrap();
    sync(&council, &mut working);
    let stranger = SigningKey::generate().unwrap();
    let forged = council
        .lock()
        .unwrap()
        .bundle_with(|bundle, _| change(bundle, 9, 2, 8, &stranger));
    let refused = working.take_bundle(&forged);
    assert!(matches!(refused, Err(UnlockError::Council(_))));
    assert_eq!(working.epoch().unwrap(), 1);
    assert_eq!(working.sealed_waiting(), 0, "nothing is sent again");
}

#[test]
fn the_epoch_only_grows_whatever_the_serial_says_and_two_of_one_number_are_raised() {
    let (council, _phone, mut working) = larkspurs();
    let with = |serial, number, id| {
        let council = council.lock().unwrap();
        council.bundle_with(|bundle, control| change(bundle, serial, number, id, control))
    };
    // A restored server may have forgotten that serials went further.
    let table = [
        (with(5, 1, 9), true, 1),
        (with(4, 1, 9), false, 1),
        (with(2, 3, 7), true, 3),
        (with(9, 2, 6), false, 3),
        (with(9, 3, 5), false, 3),
        (with(3, 3, 7), true, 3),
    ];
    for (number, (bundle, taken, epoch)) in table.into_iter().enumerate() {
        assert_eq!(working.take_bundle(&bundle).unwrap(), taken, "{number}");
        assert_eq!(working.epoch().unwrap(), epoch, "{number}");
    }
    let alarms = working.alarms().unwrap();
    let kinds: Vec<&str> = alarms.iter().map(|alarm| alarm.kind.as_str()).collect();
    assert_eq!(kinds, ["epoch_fork"]);
}

#[test]
fn what_the_council_had_is_on_its_way_again_after_a_restore_and_stays_so_through_a_crash() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working.set(visit, &field("seen"), "yes", None).unwrap();
    push(&council, &mut working);
    assert_eq!(working.sealed_waiting(), 0);
    let bundle = council
        .lock()
        .unwrap()
        .bundle_with(|bundle, control| change(bundle, 2, 2, 8, control));
    assert!(working.take_bundle(&bundle).unwrap());
    let own = working.verify().unwrap().own_commits;
    let waiting = working.sealed_waiting();
    assert!(
        waiting as u64 >= own,
        "own commits, and others' that are here whole"
    );
    drop(working);
    let working = phone.unlock();
    assert_eq!(working.epoch().unwrap(), 2);
    assert_eq!(working.sealed_waiting(), waiting);
    assert_eq!(working.verify().unwrap().problems, Vec::<String>::new());
}

#[test]
fn a_child_that_moved_is_not_purged_before_what_the_council_lost_of_her_is_given_back() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working.set(visit, &field("seen"), "yes", None).unwrap();
    sync(&council, &mut working);
    let bundle = council
        .lock()
        .unwrap()
        .bundle_with(|bundle, control| change(bundle, 2, 2, 8, control));
    assert!(working.take_bundle(&bundle).unwrap());
    council.lock().unwrap().unassign(ROWAN, WREN);
    pull(&council, &mut working);
    let moved = |working: &visitbook_device::Working| {
        let waiting = working.sealed_waiting();
        assert_eq!(working.verify().unwrap().problems, Vec::<String>::new());
        waiting
    };
    assert!(moved(&working) > 0, "it still has what it gives back");
    // The council of this test still has everything, of epoch 1, and says so again.
    push(&council, &mut working);
    assert_eq!(
        moved(&working),
        1,
        "given back, purged, and that to be said"
    );
    push(&council, &mut working);
    assert_eq!(moved(&working), 0);
    drop(working);
    let mut working = phone.unlock();
    let kinds: Vec<String> = working
        .alarms()
        .unwrap()
        .into_iter()
        .map(|alarm| alarm.kind)
        .collect();
    assert_eq!(kinds, Vec::<String>::new());
    assert!(working.visit(visit).is_err(), "the child is gone");
    assert_eq!(working.search("Wren").unwrap().len(), 0);
}

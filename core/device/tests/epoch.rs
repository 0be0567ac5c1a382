//! What a device makes of the council's key bundle when it says that the server was restored, or when somebody says so.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;

use common::{BRYONY, Phone, ROWAN, SAGE, WREN, field, larkspurs, pull, push, sync, visit_to_wren};
use visitbook_device::sync::store::SyncStore as _;
use visitbook_device::{UnlockError, Working};
use visitbook_record::op::Kind;
use visitbook_record::scope::Scope;
use visitbook_record::verdict::{Reason, Verdict};
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
    council.lock().unwrap().epoch = 2;
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

fn envelopes(working: &mut Working) -> Vec<Vec<u8>> {
    let waiting = working.waiting(usize::MAX, &BTreeSet::new()).unwrap();
    waiting.into_iter().map(|parcel| parcel.bytes).collect()
}

/// Somebody on the line kept it, or it was slow.
#[test]
fn an_answer_of_the_server_that_was_lost_says_nothing_about_its_successor() {
    let (council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working.set(visit, &field("seen"), "yes", None).unwrap();
    let sent = envelopes(&mut working);
    let late = council.lock().unwrap().upload(sent.clone());
    let bundle = council
        .lock()
        .unwrap()
        .bundle_with(|bundle, control| change(bundle, 2, 2, 8, control));
    assert!(working.take_bundle(&bundle).unwrap());
    let taken = working.take_upload_answer(&late).unwrap();
    assert_eq!(taken.receipted, 0);
    assert!(
        working.sealed_waiting() >= sent.len(),
        "nothing was let go of"
    );
    // What the successor kept it receipts as before, by the statements of the first life.
    council.lock().unwrap().epoch = 2;
    push(&council, &mut working);
    assert_eq!(working.sealed_waiting(), 0);
}

#[test]
fn nothing_is_removed_on_the_word_of_a_restored_server_before_its_epoch_is_known() {
    let (council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    sync(&council, &mut working);
    working.set(visit, &field("seen"), "yes", None).unwrap();
    council.lock().unwrap().unassign(ROWAN, WREN);
    pull(&council, &mut working);
    let sent = envelopes(&mut working);
    council.lock().unwrap().epoch = 2;
    let answer = council.lock().unwrap().upload(sent);
    let taken = working.take_upload_answer(&answer).unwrap();
    assert!(taken.keys_wanted);
    assert_eq!(taken.receipted, 0);
    assert!(
        working.sealed_waiting() > 0,
        "it may be the only one that has it"
    );
}

/// A colleague gave them back first, in one statement; of each only this device has the receipt it had.
#[test]
fn a_statement_that_names_more_than_was_sent_leaves_the_rest_to_be_sent() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working.set(visit, &field("seen"), "yes", None).unwrap();
    push(&council, &mut working);
    let bundle = council
        .lock()
        .unwrap()
        .bundle_with(|bundle, control| change(bundle, 2, 2, 8, control));
    assert!(working.take_bundle(&bundle).unwrap());
    council.lock().unwrap().epoch = 2;
    let all = envelopes(&mut working);
    let one = all.last().unwrap().clone();
    let answer = council.lock().unwrap().upload(vec![one]);
    let taken = working.take_upload_answer(&answer).unwrap();
    assert_eq!(taken.receipted, 1);
    assert_eq!(envelopes(&mut working).len(), all.len() - 1);
    drop(working);
    let mut working = phone.unlock();
    assert_eq!(envelopes(&mut working).len(), all.len() - 1);
    push(&council, &mut working);
    assert_eq!(working.sealed_waiting(), 0);
    assert_eq!(working.verify().unwrap().problems, Vec::<String>::new());
}

#[test]
fn words_that_have_become_readable_are_taken_though_their_commit_is_known() {
    let (council, _rowans, mut rowan) = larkspurs();
    let visit = visit_to_wren(&mut rowan);
    rowan.set(visit, &field("seen"), "yes", None).unwrap();
    sync(&council, &mut rowan);
    let (_bryonys, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    council.lock().unwrap().withholds_words = true;
    pull(&council, &mut bryony);
    let seen = |working: &Working| {
        let page = working.visit(visit).unwrap();
        let question = page.questions.iter().find(|q| q.field == "seen").unwrap();
        question.answers[0].code.clone()
    };
    assert_ne!(seen(&bryony).as_deref(), Some("yes"));
    council.lock().unwrap().withholds_words = false;
    // Wren's log was kept whole and is not read again from its beginning; others were not, and everything is asked for.
    let bundle = {
        let council = council.lock().unwrap();
        let base = council.keeps(&[8; 16], &Scope::Child(WREN));
        council.bundle_with(|bundle, control| {
            bundle.serial = 2;
            let number = 2;
            let id = [8; 16];
            bundle.epoch = EpochStatement { number, id, base }.sign(control);
        })
    };
    assert!(bryony.take_bundle(&bundle).unwrap());
    pull(&council, &mut bryony);
    assert_eq!(seen(&bryony).as_deref(), Some("yes"));
    assert_eq!(bryony.verify().unwrap().problems, Vec::<String>::new());
}

/// It is no notice of what became of words about a child.
#[test]
fn what_is_judged_later_in_the_workers_own_log_counts_there() {
    let (council, _phone, mut working) = larkspurs();
    visit_to_wren(&mut working);
    sync(&council, &mut working);
    council.lock().unwrap().unassign(ROWAN, WREN);
    pull(&council, &mut working);
    council.lock().unwrap().verdict = Some(Verdict::Quarantined {
        reason: Reason::DeviceEnded,
        owner: SAGE,
    });
    sync(&council, &mut working);
    let said = council.lock().unwrap().op_of(Kind::Purged);
    council.lock().unwrap().judge_again(said, Verdict::Applied);
    pull(&council, &mut working);
    pull(&council, &mut working);
    assert!(
        working.alarms().unwrap().is_empty(),
        "the digests went along"
    );
}

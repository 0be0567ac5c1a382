//! What is said to be saved is there: after a crash, a wrong PIN, a failing keystore, a damaged file. And what is not a
//! word's business is nowhere: no plaintext in any file.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use common::{
    BRYONY, Council, PIN, Phone, ROWAN, WREN, field, larkspurs, no_keys, pull, push, sync,
    visit_to_wren,
};
use visitbook_device::sync::store::{SendClass, SyncStore};
use visitbook_device::{
    Change, Device, EnrolError, Listener, OpenError, SaveError, StoreError, UnlockError,
};
use visitbook_seal::hardware::{FailingKeys, Fault, HwError, SoftwareKeys};
use visitbook_seal::vault::{self, Params};

const HOUR: i64 = 3_600_001;

/// Every file below a folder, with its bytes.
fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.insert(path.clone(), std::fs::read(&path).unwrap());
        }
    }
    all
}

fn book(phone: &Phone) -> PathBuf {
    phone.path().join("book.db")
}

#[test]
fn what_was_saved_survives_lock_and_reopening() {
    let (_council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working.set(visit, &field("seen"), "yes", None).unwrap();
    let history = working.history(visit).unwrap().len();
    let locked = working.lock();
    assert_eq!(
        locked.sealed_waiting(),
        3,
        "two saves, and that the history was looked at"
    );
    assert!(
        !phone.path().join("book.db-wal").exists(),
        "everything is in the main file"
    );
    let working = locked.unlock(PIN).unwrap();
    assert_eq!(working.history(visit).unwrap().len(), history);
    assert!(working.verify().unwrap().problems.is_empty());
    drop(working.lock());
    assert_eq!(phone.unlock().history(visit).unwrap().len(), history);
}

#[test]
fn a_crash_loses_nothing_saved_and_says_what_it_cut_off() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working.note(visit, "saw", "saved before").unwrap();
    let entry = working
        .draft_update(visit, "saw", None, "Ivy at the door: Reed stays")
        .unwrap();
    working
        .draft_update(
            visit,
            "saw",
            Some(&entry),
            "Ivy at the door: Reed stays most nigh",
        )
        .unwrap();
    assert!(
        working.visit(visit).unwrap().entries.len() == 1,
        "a draft is no entry yet"
    );
    drop(working);
    let mut working = phone.unlock();
    let recovered = working.recovered();
    assert_eq!(recovered.len(), 1);
    assert_eq!(
        (recovered[0].record, recovered[0].entry.as_str()),
        (visit, entry.as_str())
    );
    assert_eq!(recovered[0].tail, "Ivy at the door: Reed stays most nigh");
    let page = working.visit(visit).unwrap();
    assert_eq!(page.entries.len(), 2);
    assert!(page.entries[1].versions[0].cut_off);
    working
        .carry_on(
            visit,
            "saw",
            &entry,
            "Ivy at the door: Reed stays most nights",
        )
        .unwrap();
    let page = working.visit(visit).unwrap();
    assert!(!page.entries[1].versions[0].cut_off);
    assert_eq!(page.entries[1].versions.len(), 1);
    let report = working.verify().unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    push(&council, &mut working);
    assert_eq!(working.statuses().unwrap()[0].status.code, "council_has_it");
    drop(working);
    assert!(phone.unlock().recovered().is_empty(), "recovered once");
}

#[test]
fn a_draft_becomes_an_entry_on_leaving_and_after_a_minute_of_typing() {
    let (_council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    let entry = working.draft_update(visit, "saw", None, "one").unwrap();
    phone.clock.pass(59_000);
    working
        .draft_update(visit, "saw", Some(&entry), "one two")
        .unwrap();
    assert!(working.visit(visit).unwrap().entries.is_empty());
    phone.clock.pass(1_000);
    working
        .draft_update(visit, "saw", Some(&entry), "one two three")
        .unwrap();
    assert_eq!(
        working.visit(visit).unwrap().entries[0].versions[0]
            .text
            .as_deref(),
        Some("one two three")
    );
    working
        .draft_update(visit, "saw", Some(&entry), "one two three four")
        .unwrap();
    working.draft_update(visit, "changed", None, "   ").unwrap();
    assert!(working.draft_commit(None).unwrap().is_some());
    assert!(
        working.draft_commit(None).unwrap().is_none(),
        "nothing is left"
    );
    let page = working.visit(visit).unwrap();
    assert_eq!(
        page.entries.len(),
        1,
        "an empty draft is no entry, and a later version no second one"
    );
    assert_eq!(
        page.entries[0].versions[0].text.as_deref(),
        Some("one two three four")
    );
    working
        .draft_update(visit, "saw", Some(&entry), "five")
        .unwrap();
    let working = working.lock().unlock(PIN).unwrap();
    assert!(
        working.recovered().is_empty(),
        "locking saved it; nothing was cut off"
    );
    assert_eq!(
        working.visit(visit).unwrap().entries[0].versions[0]
            .text
            .as_deref(),
        Some("five")
    );
}

#[test]
fn drafts_too_large_for_one_commit_each_become_an_entry() {
    let (_council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    let long = "x".repeat(visitbook_record::limits::ENTRY_BYTES);
    for _ in 0..3 {
        working.draft_update(visit, "saw", None, &long).unwrap();
    }
    drop(working);
    let working = phone.unlock();
    assert_eq!(working.recovered().len(), 3);
    assert!(working.kept_drafts().is_empty());
    assert_eq!(working.visit(visit).unwrap().entries.len(), 3);
    assert!(working.verify().unwrap().problems.is_empty());
}

#[test]
fn a_draft_of_a_colleagues_entry_is_refused_at_once() {
    let (council, _phone, mut rowan) = larkspurs();
    let (_hers, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    let visit = visit_to_wren(&mut rowan);
    let (entry, _) = rowan.note(visit, "saw", "Rowan's").unwrap();
    sync(&council, &mut rowan);
    pull(&council, &mut bryony);
    assert!(matches!(
        bryony.draft_update(visit, "saw", Some(&entry), "mine now"),
        Err(SaveError::NotYours)
    ));
    assert!(bryony.draft_commit(None).unwrap().is_none());
}

#[test]
fn a_draft_that_cannot_become_an_entry_stays_one_and_locks_nobody_out() {
    let (council, _phone, mut rowan) = larkspurs();
    let (hers, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    pull(&council, &mut bryony);
    let visit = visit_to_wren(&mut rowan);
    sync(&council, &mut rowan);
    pull(&council, &mut bryony);
    // Before the colleague's entry of that name is known here, nothing speaks against the draft.
    let entry = "01890a5d-ac96-774b-bcce-b302099a8057";
    bryony
        .draft_update(visit, "saw", Some(entry), "typed by Bryony")
        .unwrap();
    bryony.draft_update(visit, "saw", None, "hers").unwrap();
    let typed = rowan
        .draft_update(visit, "saw", Some(entry), "Rowan's")
        .unwrap();
    rowan.draft_commit(None).unwrap();
    assert_eq!(typed, entry);
    sync(&council, &mut rowan);
    pull(&council, &mut bryony);
    assert!(matches!(
        bryony.draft_commit(None),
        Err(SaveError::NotYours)
    ));
    assert_eq!(
        bryony.visit(visit).unwrap().entries.len(),
        2,
        "the other draft is an entry all the same"
    );
    drop(bryony);
    for _ in 0..2 {
        let bryony = hers.unlock();
        let kept = bryony.kept_drafts();
        assert_eq!(kept.len(), 1);
        assert_eq!(
            (kept[0].text.as_str(), kept[0].reason.as_str()),
            ("typed by Bryony", "this was written by somebody else")
        );
        drop(bryony.lock());
    }
    let mut bryony = hers.unlock();
    bryony.draft_update(visit, "saw", Some(entry), "").unwrap();
    drop(bryony.lock());
    assert!(hers.unlock().kept_drafts().is_empty(), "it was let go");
}

#[test]
fn what_has_no_envelope_is_sealed_again() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working.set(visit, &field("seen"), "yes", None).unwrap();
    drop(working);
    std::fs::remove_dir_all(phone.path().join("spool")).unwrap();
    let mut working = phone.unlock();
    assert_eq!(working.sealed_waiting(), 2);
    assert!(working.verify().unwrap().problems.is_empty());
    assert_eq!(push(&council, &mut working).receipted, 2);
}

#[test]
fn a_spool_that_takes_nothing_locks_nobody_out() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working.set(visit, &field("seen"), "yes", None).unwrap();
    drop(working);
    let spool = phone.path().join("spool");
    std::fs::remove_dir_all(&spool).unwrap();
    let locked = phone.open();
    std::fs::remove_dir_all(&spool).unwrap();
    std::fs::write(&spool, b"not a directory").unwrap();
    let mut working = locked.unlock(PIN).unwrap();
    assert_eq!(working.sealed_waiting(), 0);
    assert!(
        working.waiting(usize::MAX, &no_keys()).unwrap().is_empty(),
        "nor does it end a sync"
    );
    assert_eq!(working.history(visit).unwrap().len(), 3);
    std::fs::remove_file(&spool).unwrap();
    std::fs::create_dir(&spool).unwrap();
    assert_eq!(
        push(&council, &mut working).receipted,
        2,
        "sealed as soon as it could be"
    );
}

#[test]
fn ten_wrong_pins_end_the_pin_and_nothing_else() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working.set(visit, &field("seen"), "yes", None).unwrap();
    let mut locked = working.lock();
    let before = std::fs::read(book(&phone)).unwrap();
    for left in (1..10).rev() {
        phone.clock.pass(HOUR);
        let still = locked.unlock(b"999999").err().unwrap();
        assert!(
            matches!(still.error, UnlockError::Vault(vault::UnlockError::WrongPin { left: l }) if l == left)
        );
        assert!(
            still.to_string().contains("2 sealed items wait to be sent"),
            "{still}"
        );
        locked = still.locked;
    }
    phone.clock.pass(HOUR);
    let still = locked.unlock(b"999999").err().unwrap();
    assert!(matches!(
        still.error,
        UnlockError::Vault(vault::UnlockError::SlotDestroyed)
    ));
    let mut locked = still.locked;
    assert!(!locked.has_pin());
    assert_eq!(
        std::fs::read(book(&phone)).unwrap(),
        before,
        "the book is as it was"
    );
    let parcels = locked.waiting(usize::MAX, &no_keys()).unwrap();
    let answer = council
        .lock()
        .unwrap()
        .upload(parcels.into_iter().map(|p| p.bytes).collect());
    assert_eq!(locked.take_upload_answer(&answer).unwrap().kept_unopened, 1);
    let (_other, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    pull(&council, &mut bryony);
    assert_eq!(
        bryony.visits(WREN).unwrap().len(),
        1,
        "the words are with the council"
    );
}

#[test]
fn wrong_pins_are_counted_across_restarts_and_forgiven_by_the_right_one() {
    let (_council, phone, working) = larkspurs();
    let locked = working.lock();
    let still = locked.unlock(b"999999").err().unwrap();
    drop(still);
    let still = phone.open().unlock(b"999999").err().unwrap();
    assert!(matches!(
        still.error,
        UnlockError::Vault(vault::UnlockError::WrongPin { left: 8 })
    ));
    let locked = still.locked.unlock(PIN).unwrap().lock();
    let still = locked.unlock(b"999999").err().unwrap();
    assert!(matches!(
        still.error,
        UnlockError::Vault(vault::UnlockError::WrongPin { left: 9 })
    ));
}

#[test]
fn a_keystore_that_fails_costs_nothing() {
    let (_council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    drop(working.lock());
    let bytes = phone.hardware.to_bytes();
    let before = files(phone.path());
    type Expected = fn(&vault::UnlockError) -> bool;
    let busy: Expected = |error| matches!(error, vault::UnlockError::KeystoreBusy(_));
    let locked_now: Expected = |error| matches!(error, vault::UnlockError::KeystoreLocked);
    let gone: Expected = |error| matches!(error, vault::UnlockError::KeystoreGone(_));
    let changed: Expected = |error| matches!(error, vault::UnlockError::KeystoreChanged);
    for (fault, expected) in [
        (Fault::Error(HwError::Transient { code: 7 }), busy),
        (Fault::Error(HwError::LockedNow), locked_now),
        (Fault::Error(HwError::Missing), gone),
        (Fault::Error(HwError::Invalidated), gone),
        (Fault::OtherBytes, changed),
    ] {
        let keys = Arc::new(FailingKeys::new(SoftwareKeys::from_bytes(&bytes).unwrap()));
        keys.fail_always(fault);
        let still = phone.open_with(keys.clone()).unlock(PIN).err().unwrap();
        let UnlockError::Vault(error) = &still.error else {
            panic!("{fault:?}: {still}")
        };
        assert!(expected(error), "{fault:?}: {error}");
        assert_eq!(files(phone.path()), before, "{fault:?} changed a file");
        keys.heal();
        let working = still.locked.unlock(PIN).unwrap();
        assert_eq!(working.visits(WREN).unwrap()[0].record, visit);
        drop(working.lock());
        for (path, bytes) in &before {
            std::fs::write(path, bytes).unwrap();
        }
    }
}

#[test]
fn one_device_is_open_in_one_place() {
    let (_council, phone, working) = larkspurs();
    let again = || Device::open(phone.path(), phone.hardware.clone(), phone.clock.clone());
    assert!(matches!(again().err().unwrap(), OpenError::Busy));
    let locked = working.lock();
    assert!(matches!(again().err().unwrap(), OpenError::Busy));
    drop(locked);
    assert!(again().is_ok());
}

#[test]
fn a_damaged_book_is_called_what_it_is_and_left_where_it_lies() {
    let (_council, phone, mut working) = larkspurs();
    visit_to_wren(&mut working);
    drop(working.lock());
    let whole = std::fs::read(book(&phone)).unwrap();
    let (_other_council, other, other_working) = larkspurs();
    drop(other_working.lock());
    let foreign = std::fs::read(book(&other)).unwrap();
    let mut flipped = whole.clone();
    flipped[100] ^= 1;
    type Expected = fn(&StoreError) -> bool;
    let damaged: Expected = |error| matches!(error, StoreError::Damaged);
    let wrong_key: Expected = |error| matches!(error, StoreError::WrongKey);
    let cases: [(&str, Vec<u8>, Expected); 5] = [
        ("empty", vec![], damaged),
        ("cut", whole[..3000].to_vec(), damaged),
        ("flipped", flipped, damaged),
        ("foreign", foreign, wrong_key),
        ("noise", vec![0x5a; whole.len()], wrong_key),
    ];
    for (name, bytes, expected) in cases {
        std::fs::write(book(&phone), &bytes).unwrap();
        let still = phone.open().unlock(PIN).err().unwrap();
        let UnlockError::Store(error) = &still.error else {
            panic!("{name}: {still}")
        };
        assert!(expected(error), "{name}: {error:?}");
        assert!(still.to_string().contains("Your signed work is safe"));
        assert_eq!(
            std::fs::read(book(&phone)).unwrap(),
            bytes,
            "{name}: touched"
        );
    }
    std::fs::remove_file(book(&phone)).unwrap();
    let still = phone.open().unlock(PIN).err().unwrap();
    assert!(matches!(
        still.error,
        UnlockError::Store(StoreError::Missing)
    ));
    assert!(!book(&phone).exists(), "a missing book is never made anew");
    drop(still);
    std::fs::write(book(&phone), &whole).unwrap();
    assert!(phone.open().unlock(PIN).is_ok());
}

#[test]
fn a_damaged_vault_copy_is_replaced_by_the_other() {
    let (_council, phone, working) = larkspurs();
    drop(working.lock());
    std::fs::write(phone.path().join("vault.a"), b"noise").unwrap();
    drop(phone.unlock().lock());
    std::fs::write(phone.path().join("vault.b"), b"").unwrap();
    drop(phone.unlock().lock());
    std::fs::write(phone.path().join("vault.a"), b"x").unwrap();
    std::fs::write(phone.path().join("vault.b"), b"x").unwrap();
    let error = Device::open(phone.path(), phone.hardware.clone(), phone.clock.clone())
        .err()
        .unwrap();
    assert!(matches!(
        error,
        OpenError::Vault(vault::VaultError::Damaged)
    ));
}

#[test]
fn an_old_book_put_back_is_noticed_and_writing_goes_on() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    sync(&council, &mut working);
    let locked = working.lock();
    let old = std::fs::read(book(&phone)).unwrap();
    let mut working = locked.unlock(PIN).unwrap();
    working.set(visit, &field("seen"), "yes", None).unwrap();
    push(&council, &mut working);
    drop(working.lock());
    std::fs::write(book(&phone), &old).unwrap();
    let mut working = phone.unlock();
    assert_eq!(working.alarms().unwrap()[0].kind, "book_went_back");
    working.set(visit, &field("seen"), "no", None).unwrap();
    sync(&council, &mut working);
    let report = working.verify().unwrap();
    assert!(report.problems.is_empty(), "{:?}", report.problems);
    let seen = working.visit(visit).unwrap();
    let seen = seen.questions.iter().find(|q| q.field == "seen").unwrap();
    assert_eq!(
        seen.answers.len(),
        2,
        "what the council had came back, and nothing was overwritten"
    );
}

/// The book as it lies in its folder, with its WAL if there is one.
fn copy_of_book(phone: &Phone) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    ["book.db", "book.db-wal"]
        .map(|name| phone.path().join(name))
        .into_iter()
        .map(|path| (path.clone(), std::fs::read(path).ok()))
        .collect()
}

fn put_back(old: &BTreeMap<PathBuf, Option<Vec<u8>>>) {
    for (path, bytes) in old {
        match bytes {
            Some(bytes) => std::fs::write(path, bytes).unwrap(),
            None => std::fs::remove_file(path).unwrap_or_default(),
        }
    }
}

#[test]
fn words_that_only_the_spool_remembers_come_back_through_the_council() {
    // Copied while the device was locked, and while it was open and went on in the same session.
    for open in [false, true] {
        let (council, phone, mut working) = larkspurs();
        let visit = visit_to_wren(&mut working);
        sync(&council, &mut working);
        let old;
        if open {
            old = copy_of_book(&phone);
        } else {
            let locked = working.lock();
            old = copy_of_book(&phone);
            working = locked.unlock(PIN).unwrap();
        }
        working.note(visit, "saw", "Quillwort at the gate").unwrap();
        working.note(visit, "saw", "Harebell in the hall").unwrap();
        drop(working);
        put_back(&old);
        let count = |working: &visitbook_device::Working, kind: &str| {
            let alarms = working.alarms().unwrap();
            alarms.iter().filter(|alarm| alarm.kind == kind).count()
        };
        for _ in 0..3 {
            let working = phone.unlock();
            assert_eq!(count(&working, "book_went_back"), 1, "noticed once");
            assert_eq!(count(&working, "stranded"), 1);
            assert_eq!(working.sealed_waiting(), 2, "they still wait");
            drop(working.lock());
        }
        let mut working = phone.unlock();
        assert!(working.search("Quillwort").unwrap().is_empty());
        working.note(visit, "saw", "written after").unwrap();
        sync(&council, &mut working);
        let (_hers, mut tablet) = Phone::enrol(&council, ROWAN, "Rowan's tablet");
        pull(&council, &mut tablet);
        assert_eq!(tablet.visit(visit).unwrap().entries.len(), 3);
        for word in ["Quillwort", "Harebell", "written"] {
            assert_eq!(working.search(word).unwrap().len(), 1, "{word}");
        }
        sync(&council, &mut working);
        assert_eq!(working.statuses().unwrap()[0].status.code, "council_has_it");
        assert_eq!(working.sealed_waiting(), 0);
        let report = working.verify().unwrap();
        assert!(report.problems.is_empty(), "{:?}", report.problems);
        drop(working.lock());
        let working = phone.unlock();
        assert_eq!(count(&working, "book_went_back"), 1);
        assert_eq!(working.sealed_waiting(), 0);
    }
}

#[test]
fn a_commit_without_its_words_is_not_sealed() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    sync(&council, &mut working);
    let locked = working.lock();
    let old = copy_of_book(&phone);
    let mut working = locked.unlock(PIN).unwrap();
    working.note(visit, "saw", "Quillwort").unwrap();
    drop(working);
    put_back(&old);
    let mut working = phone.unlock();
    council.lock().unwrap().withholds_words = true;
    sync(&council, &mut working);
    assert_eq!(working.alarms().unwrap()[0].kind, "words_missing");
    assert!(working.waiting(usize::MAX, &no_keys()).unwrap().is_empty());
    assert_eq!(
        working.sealed_waiting(),
        1,
        "the envelope that has them stays"
    );
    drop(working.lock());
    let mut working = phone.unlock();
    assert!(working.waiting(usize::MAX, &no_keys()).unwrap().is_empty());
}

#[test]
fn enrolment_can_be_begun_again_at_every_step() {
    let council = Mutex::new(Council::with_larkspurs());
    let folder = tempfile::tempdir().unwrap();
    let hardware = Arc::new(SoftwareKeys::new());
    let clock = common::TestClock::new();
    let code = council.lock().unwrap().code(ROWAN);
    let enrol = |fail_at: usize, pin: &[u8], label: &str| {
        let mut step_number = 0;
        Device::enrol(
            folder.path(),
            hardware.clone(),
            clock.clone(),
            &code,
            pin,
            Params::fast_for_tests(),
            label,
            |step, body| {
                step_number += 1;
                if step_number == fail_at {
                    Err("no line")
                } else {
                    council.lock().unwrap().exchange(step, body)
                }
            },
        )
    };
    assert!(matches!(
        enrol(9, PIN, "").err().unwrap(),
        EnrolError::BadLabel
    ));
    assert!(matches!(
        enrol(9, b"123456", "x").err().unwrap(),
        EnrolError::Vault(_)
    ));
    assert!(matches!(
        enrol(1, PIN, "Rowan's phone").err().unwrap(),
        EnrolError::Transport("no line")
    ));
    assert!(matches!(
        Device::open(folder.path(), hardware.clone(), clock.clone())
            .err()
            .unwrap(),
        OpenError::NotEnrolled
    ));
    assert!(matches!(
        enrol(2, PIN, "Rowan's phone").err().unwrap(),
        EnrolError::Transport("no line")
    ));
    assert!(matches!(
        enrol(9, b"999999", "Rowan's phone").err().unwrap(),
        EnrolError::EarlierTry(_)
    ));
    let locked = enrol(9, PIN, "Rowan's phone").unwrap();
    assert_eq!(locked.address(), "https://council.invalid");
    drop(locked);
    assert!(matches!(
        enrol(9, PIN, "Rowan's phone").err().unwrap(),
        EnrolError::AlreadyEnrolled
    ));
    let working = Device::open(folder.path(), hardware, clock)
        .unwrap()
        .unlock(PIN)
        .unwrap();
    assert_eq!(working.who().unwrap().label, "Rowan's phone");
}

#[test]
fn another_councils_keys_and_a_used_code_are_refused() {
    let (council, other) = (Mutex::new(Council::new()), Mutex::new(Council::new()));
    let code = council.lock().unwrap().code(ROWAN);
    let try_with = |at: &Mutex<Council>, code: &visitbook_seal::enrol::EnrolmentCode| {
        let folder = tempfile::tempdir().unwrap();
        Device::enrol(
            folder.path(),
            Arc::new(SoftwareKeys::new()),
            common::TestClock::new(),
            code,
            PIN,
            Params::fast_for_tests(),
            "x",
            |step, body| at.lock().unwrap().exchange(step, body),
        )
        .err()
        .unwrap()
    };
    assert!(matches!(try_with(&other, &code), EnrolError::Council(_)));
    let mut forged = code;
    forged.secret = visitbook_seal::secret::Secret::from_slice(&[0; 16]).unwrap();
    assert!(matches!(
        try_with(&council, &forged),
        EnrolError::CodeRefused
    ));
}

#[test]
fn no_plaintext_lies_in_any_file() {
    const CANARIES: [&str; 4] = ["Quetzalcanary", "wishcanary", "draftcanary", "Larkspur"];
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working
        .note(visit, "saw", "Quetzalcanary stood in the door")
        .unwrap();
    let given = visitbook_device::VoiceGiven {
        how: "said".into(),
        words: Some("wishcanary".into()),
        ..Default::default()
    };
    working.voice(WREN, Some(visit), &given).unwrap();
    working
        .draft_update(visit, "changed", None, "draftcanary")
        .unwrap();
    assert_eq!(working.search("Quetzalcanary").unwrap().len(), 1);
    let holds = |bytes: &[u8], canary: &str| {
        let wide: Vec<u8> = canary.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let hex: String = canary.bytes().map(|b| format!("{b:02x}")).collect();
        [canary.as_bytes(), &wide, hex.as_bytes()]
            .iter()
            .any(|needle| bytes.windows(needle.len()).any(|w| w == *needle))
    };
    let look = |when: &str| {
        let all = files(phone.path());
        assert!(all.len() >= 6, "{when}");
        for (path, bytes) in all {
            for canary in CANARIES {
                assert!(
                    !holds(&bytes, canary),
                    "{when}: {canary} in {}",
                    path.display()
                );
            }
        }
    };
    assert!(
        phone.path().join("book.db-wal").metadata().unwrap().len() > 0,
        "the WAL is looked through too"
    );
    look("working");
    push(&council, &mut working);
    let locked = working.lock();
    look("locked");
    drop(locked);
    // The search finds what it looks for, wherever it is planted.
    for canary in CANARIES {
        let planted = phone.path().join("planted");
        std::fs::write(&planted, format!("xx{canary}xx")).unwrap();
        assert!(
            files(phone.path())
                .values()
                .any(|bytes| holds(bytes, canary))
        );
    }
}

#[test]
fn a_locked_phone_sends_by_class_and_an_open_one_keeps_each_record_in_order() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working.set(visit, &field("seen"), "yes", None).unwrap();
    working
        .concern(&[WREN], None, "danger_now", "urgent", None)
        .unwrap();
    let first = working.waiting(1, &no_keys()).unwrap();
    assert_eq!(
        (first.len(), first[0].class),
        (1, SendClass::Now),
        "one goes whatever its size, the concern first"
    );
    working.under_way(&[first[0].key]);
    assert!(
        working
            .statuses()
            .unwrap()
            .iter()
            .any(|s| s.status.code == "sending")
    );
    let mut locked = working.lock();
    let classes: Vec<SendClass> = locked
        .waiting(usize::MAX, &no_keys())
        .unwrap()
        .iter()
        .map(|p| p.class)
        .collect();
    assert_eq!(
        classes,
        [SendClass::Now, SendClass::Later, SendClass::Later]
    );
    let sent = locked
        .waiting(1, &no_keys())
        .unwrap()
        .iter()
        .map(|p| p.key)
        .collect();
    assert_eq!(
        locked.waiting(usize::MAX, &sent).unwrap().len(),
        2,
        "what was sent is not offered again"
    );
    assert!(locked.pull_request(1000).unwrap().is_none());
    push(&council, &mut locked);
    assert_eq!(
        locked.sealed_waiting(),
        3,
        "nothing is let go before its receipt is in the book"
    );
    let working = locked.unlock(PIN).unwrap();
    assert_eq!(
        working.sealed_waiting(),
        0,
        "the answer kept unopened was opened at unlock"
    );
    assert!(
        working
            .statuses()
            .unwrap()
            .iter()
            .all(|s| s.status.code == "council_has_it")
    );
    assert_eq!(
        std::fs::read_dir(phone.path().join("replies"))
            .unwrap()
            .count(),
        0
    );
}

#[test]
fn listeners_hear_after_the_fact_and_once() {
    struct Heard(Arc<Mutex<Vec<Change>>>);
    impl Listener for Heard {
        fn changed(&mut self, change: &Change) {
            self.0.lock().unwrap().push(change.clone());
        }
    }
    let (council, _phone, mut working) = larkspurs();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let subscription = working.subscribe(Box::new(Heard(heard.clone())));
    assert_eq!(
        heard.lock().unwrap().len(),
        1,
        "the first value comes at once"
    );
    let visits = working.begin_visit(&[WREN, common::FINCH]).unwrap();
    working
        .set_for_outing(visits[0], &field("place"), "home", None)
        .unwrap();
    let changes = heard.lock().unwrap().clone();
    assert_eq!(changes.len(), 3, "one for each transaction");
    let mut expected = visits.clone();
    expected.sort();
    assert_eq!(changes[2].records, expected);
    working
        .set(visits[0], &field("seen"), "perhaps", None)
        .unwrap_err();
    assert_eq!(heard.lock().unwrap().len(), 3, "nothing happened");
    push(&council, &mut working);
    assert!(heard.lock().unwrap().len() > 3);
    working.unsubscribe(subscription);
    let before = heard.lock().unwrap().len();
    working.set(visits[0], &field("seen"), "yes", None).unwrap();
    assert_eq!(heard.lock().unwrap().len(), before);
}

#[test]
fn wild_clocks_change_what_is_shown_and_nothing_else() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    for wall in [i64::MIN, -1, 0, i64::MAX, 4_102_444_800_000] {
        phone.clock.set_wall(wall);
        working
            .note(visit, "saw", &format!("written at {wall}"))
            .unwrap();
    }
    phone.clock.set_wall(common::MORNING);
    sync(&council, &mut working);
    assert_eq!(working.visit(visit).unwrap().entries.len(), 5);
    assert!(working.verify().unwrap().problems.is_empty());
    let texts: Vec<_> = working
        .visit(visit)
        .unwrap()
        .entries
        .iter()
        .map(|e| e.versions[0].written.millis)
        .collect();
    assert_eq!(
        texts,
        [i64::MIN, -1, 0, i64::MAX, 4_102_444_800_000],
        "in log order, whatever the clocks said"
    );
}

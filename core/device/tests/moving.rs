//! A child that moves to another worker, and a device that is ended: nothing written is lost, and nothing is left behind.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Mutex;

use common::{
    BRYONY, Council, FINCH, PIN, Phone, ROWAN, SAGE, WREN, field, larkspurs, pull, push, sync,
    visit_to_wren,
};
use visitbook_device::sync::store::{ReplyProblem, SyncStore};
use visitbook_device::{ReadError, SaveError, Working};
use visitbook_record::commit::Role;
use visitbook_record::op::{Kind, Target};
use visitbook_record::scope::Scope;
use visitbook_record::verdict::Reason;
use visitbook_seal::vault;

const SENT: &str = "CANARY-sent-kittiwake";
const ASIDE: &str = "CANARY-aside-whimbrel";
const THEIRS: &str = "CANARY-theirs-dunlin";

/// The whole book as its key shows it, every page, used or not; and what else lies in the folder, as it lies.
fn everything(phone: &Phone) -> Vec<u8> {
    let read = |name: &str| std::fs::read(phone.path().join(name)).unwrap();
    let mut image = vault::choose(Some(&read("vault.a")), Some(&read("vault.b"))).unwrap();
    let attempt = vault::begin_attempt(
        &mut image,
        phone.hardware.as_ref(),
        PIN,
        common::MORNING as u64,
    )
    .ok()
    .unwrap();
    let keys = attempt
        .finish(&mut image, phone.hardware.as_ref())
        .ok()
        .unwrap();
    let mut db = rusqlite::Connection::open(phone.path().join("book.db")).unwrap();
    let spec = String::from_utf8(keys.raw_key_spec().to_vec()).unwrap();
    db.pragma_update(None, "key", &spec).unwrap();
    let mut all = db.serialize("main").unwrap().to_vec();
    drop(db);
    for entry in std::fs::read_dir(phone.path()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    all
}

fn holds(all: &[u8], words: &str) -> bool {
    // The search index keeps words in small letters and parted.
    let last = words.rsplit('-').next().unwrap().as_bytes();
    all.windows(words.len())
        .any(|part| part == words.as_bytes())
        || all.windows(last.len()).any(|part| part == last)
}

/// Locks, looks at everything that is left on the device, and unlocks again.
fn look(phone: &Phone, working: Working) -> (Vec<u8>, Working) {
    drop(working.lock());
    let all = everything(phone);
    (all, phone.unlock())
}

fn salt(phone: &Phone) -> [u8; 16] {
    let head = std::fs::read(phone.path().join("book.db")).unwrap();
    head[..16].try_into().unwrap()
}

fn is_closed(working: &Working, visit: visitbook_record::id::RecordId) {
    assert!(matches!(
        working.visit(visit),
        Err(ReadError::UnknownRecord(_))
    ));
    assert!(working.child_card(WREN).is_err());
    assert!(working.visits(WREN).is_err());
    assert!(
        !working
            .children()
            .unwrap()
            .iter()
            .any(|line| line.child == WREN)
    );
}

fn sound(working: &Working) -> visitbook_device::model::Verification {
    let report = working.verify().unwrap();
    assert_eq!(report.problems, Vec::<String>::new());
    assert!(working.alarms().unwrap().is_empty());
    report
}

/// Rowan's phone, with a visit to Wren that the council has, words of Bryony's in it, and words that were never sent; and
/// Wren has moved to Bryony.
fn wren_moved() -> (
    Mutex<Council>,
    Phone,
    Working,
    visitbook_record::id::RecordId,
) {
    let (council, phone, mut rowan) = larkspurs();
    let (_hers, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    pull(&council, &mut bryony);
    let visit = visit_to_wren(&mut rowan);
    rowan.note(visit, "saw", SENT).unwrap();
    sync(&council, &mut rowan);
    pull(&council, &mut bryony);
    bryony
        .set(visit, &field("alone"), "not_alone", Some(THEIRS))
        .unwrap();
    sync(&council, &mut bryony);
    pull(&council, &mut rowan);
    assert_eq!(rowan.search("kittiwake").unwrap().len(), 1);
    rowan.note(visit, "meaning", ASIDE).unwrap();
    {
        let mut council = council.lock().unwrap();
        council.moved_to = Some(BRYONY);
        council.now += 60_000;
        council.unassign(ROWAN, WREN);
    }
    (council, phone, rowan, visit)
}

#[test]
fn a_child_that_moved_closes_at_once_and_goes_once_everything_has_its_receipt() {
    let (council, phone, mut rowan, visit) = wren_moved();
    let before = salt(&phone);
    pull(&council, &mut rowan);
    is_closed(&rowan, visit);
    assert!(rowan.search("kittiwake").unwrap().is_empty());
    assert_eq!(rowan.sealed_waiting(), 1, "unsent words still go");
    let (all, mut rowan) = look(&phone, rowan);
    for words in [SENT, ASIDE, THEIRS] {
        assert!(
            holds(&all, words),
            "{words}: the search finds what is there"
        );
    }
    assert_eq!(salt(&phone), before, "nothing is purged before its receipt");
    is_closed(&rowan, visit);

    assert_eq!(
        push(&council, &mut rowan).receipted,
        2,
        "the words, and what was looked at before"
    );
    assert_ne!(salt(&phone), before, "the book is under another key");
    is_closed(&rowan, visit);
    let report = sound(&rowan);
    assert_eq!(
        report.own_commits, 5,
        "visit, two notes, the looks, and the report"
    );
    let (all, mut rowan) = look(&phone, rowan);
    assert!(!holds(&all, SENT) && !holds(&all, THEIRS));
    assert!(holds(&all, ASIDE), "their author can still read them");

    assert_eq!(push(&council, &mut rowan).receipted, 1);
    let said = council.lock().unwrap().commits_of(Scope::Worker(ROWAN));
    let [(commit, verdicts)] = said.as_slice() else {
        panic!("one report");
    };
    assert_eq!(commit.ops[0].kind, Kind::Purged);
    assert_eq!(
        commit.ops[0].target,
        Target::element("purged", WREN.to_string())
    );
    assert!(verdicts[0].is_applied());
    pull(&council, &mut rowan);
    sound(&rowan);
    assert_eq!(rowan.search("Wren").unwrap().len(), 0);
    assert!(rowan.visits(FINCH).is_ok(), "other children stay");
    rowan.begin_visit(&[FINCH]).unwrap();
}

/// What a child handed in goes to the council whoever holds the child by then, and is purged only with its receipt.
#[test]
fn what_a_child_handed_in_has_its_receipt_before_the_child_goes() {
    const HANDED_IN: &str = "CANARY-child-turnstone";
    let (council, phone, rowan, visit) = wren_moved();
    let mut family = rowan.enter_family(WREN, Some(visit)).unwrap();
    family.write(HANDED_IN).unwrap();
    family.hand_in().unwrap();
    let mut rowan = family.leave(PIN).unwrap();
    let voice = rowan.left_for_you().unwrap()[0].records[0];
    pull(&council, &mut rowan);
    is_closed(&rowan, visit);
    assert!(rowan.left_for_you().unwrap().is_empty());
    assert!(rowan.family_sessions().unwrap().is_empty());
    assert!(rowan.open_voice(voice).is_err());
    let (all, mut rowan) = look(&phone, rowan);
    assert!(holds(&all, HANDED_IN), "it waits for its receipt");

    sync(&council, &mut rowan);
    // This council sets everything aside that comes after the move; the device keeps it until it is placed.
    for one in rowan.kept_aside().unwrap().waiting {
        council.lock().unwrap().place(one.op);
    }
    sync(&council, &mut rowan);
    let (all, mut rowan) = look(&phone, rowan);
    assert!(!holds(&all, HANDED_IN));
    sync(&council, &mut rowan);
    assert_eq!(rowan.sealed_waiting(), 0);
    sound(&rowan);
    let (_hers, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's tablet");
    sync(&council, &mut bryony);
    assert_eq!(bryony.open_voice(voice).unwrap().words, [HANDED_IN]);
}

#[test]
fn own_words_that_are_kept_aside_can_be_read_until_they_are_placed() {
    let (council, phone, mut rowan, _) = wren_moved();
    sync(&council, &mut rowan);
    let kept = rowan.kept_aside().unwrap();
    assert_eq!(kept.waiting.len(), 1);
    let one = &kept.waiting[0];
    assert_eq!(one.text.as_deref(), Some(ASIDE));
    assert_eq!(one.reason, Reason::NotHeld);
    assert_eq!(one.owner, SAGE);
    assert_eq!(one.title, "Kept safe, not in the file yet.");
    assert_eq!(
        one.detail,
        "Wren moved to Bryony Sorrel at 09:54, before this reached us. Sage Mallow will decide where it goes. \
         You can still read and copy your words."
    );
    let status = &rowan.statuses().unwrap()[0];
    assert_eq!(status.child_name, "Wren");
    assert_eq!(status.status.title, "With Sage Mallow since 09:54");
    let (_, mut rowan) = look(&phone, rowan);
    let again = rowan.kept_aside().unwrap();
    assert_eq!(again.waiting[0].text.as_deref(), Some(ASIDE));

    council.lock().unwrap().place(again.waiting[0].op);
    pull(&council, &mut rowan);
    let kept = rowan.kept_aside().unwrap();
    assert!(kept.waiting.is_empty());
    assert_eq!(kept.placed.len(), 1);
    assert_eq!(kept.placed[0].title, "In the file now, under your name.");
    sound(&rowan);
    let (all, rowan) = look(&phone, rowan);
    assert!(!holds(&all, ASIDE));
    assert!(!holds(&all, "Wren"), "the child's name goes too");
    sound(&rowan);
}

#[test]
fn what_is_being_typed_when_the_page_comes_was_written_before_it() {
    let (council, _phone, mut rowan) = larkspurs();
    let visit = visit_to_wren(&mut rowan);
    sync(&council, &mut rowan);
    let seen = |council: &Mutex<Council>| {
        let commits = council.lock().unwrap().commits_of(Scope::Child(WREN));
        commits.last().unwrap().0.assignment_seen
    };
    let before = seen(&council);
    rowan
        .draft_update(visit, "saw", None, "she was just")
        .unwrap();
    council.lock().unwrap().unassign(ROWAN, WREN);
    pull(&council, &mut rowan);
    assert_eq!(
        rowan.sealed_waiting(),
        1,
        "a draft is saved before its child closes"
    );
    push(&council, &mut rowan);
    assert_eq!(
        seen(&council),
        before,
        "by what its author could have known"
    );
    assert_eq!(
        rowan.kept_aside().unwrap().waiting[0].text.as_deref(),
        Some("she was just")
    );
    sound(&rowan);
}

#[test]
fn a_purge_that_was_cut_short_or_learnt_while_locked_comes_before_any_screen() {
    let (council, phone, mut rowan, visit) = wren_moved();
    pull(&council, &mut rowan);
    // The phone dies; what it had saved goes up while it is locked, and the answer is kept unopened.
    drop(rowan);
    let mut locked = phone.open();
    assert_eq!(push(&council, &mut locked).kept_unopened, 1);
    drop(locked);
    let before = salt(&phone);
    let rowan = phone.unlock();
    assert_ne!(salt(&phone), before);
    is_closed(&rowan, visit);
    sound(&rowan);
    let (all, rowan) = look(&phone, rowan);
    assert!(!holds(&all, SENT) && !holds(&all, THEIRS) && holds(&all, ASIDE));
    assert_eq!(rowan.sealed_waiting(), 1, "the report");
}

#[test]
fn a_child_that_comes_back_comes_whole_and_nothing_is_sent_twice() {
    let (council, phone, mut rowan, visit) = wren_moved();
    sync(&council, &mut rowan);
    push(&council, &mut rowan);
    let aside = rowan.kept_aside().unwrap().waiting[0].op;
    council.lock().unwrap().place(aside);
    pull(&council, &mut rowan);
    push(&council, &mut rowan);
    assert_eq!(rowan.sealed_waiting(), 0);
    council.lock().unwrap().assign(ROWAN, WREN, Role::Allocated);
    pull(&council, &mut rowan);
    assert_eq!(rowan.sealed_waiting(), 0, "its receipts were kept");
    let page = rowan.visit(visit).unwrap();
    let texts: Vec<_> = page
        .entries
        .iter()
        .filter_map(|entry| entry.versions[0].text.clone())
        .collect();
    assert_eq!(texts, [SENT, ASIDE]);
    assert_eq!(page.from_previous_worker.len(), 1, "marked");
    assert_eq!(page.status.unwrap().code, "council_has_it");
    assert_eq!(rowan.search("whimbrel").unwrap().len(), 1);
    sound(&rowan);
    rowan.set(visit, &field("seen"), "yes", None).unwrap();
    sync(&council, &mut rowan);
    let (_, rowan) = look(&phone, rowan);
    sound(&rowan);
}

#[test]
fn an_ended_device_gives_its_words_up_and_keeps_nothing() {
    let (council, phone, mut rowan) = larkspurs();
    let visit = visit_to_wren(&mut rowan);
    rowan.note(visit, "saw", SENT).unwrap();
    sync(&council, &mut rowan);
    rowan.note(visit, "meaning", ASIDE).unwrap();
    let device = rowan.who().unwrap().device;
    council.lock().unwrap().ended.push(device);
    let told = |working: &mut Working| {
        let request = working.pull_request(1 << 20).unwrap().unwrap();
        let reply = council.lock().unwrap().pull(&request.body);
        assert!(matches!(
            working.take_pull_reply(&reply),
            Err(ReplyProblem::NotEnrolled)
        ));
    };
    told(&mut rowan);
    assert!(rowan.is_ended().unwrap());
    assert!(rowan.children().unwrap().is_empty());
    is_closed(&rowan, visit);
    assert!(matches!(
        rowan.begin_visit(&[WREN]),
        Err(SaveError::NotHeld(_) | SaveError::UnknownRecord(_))
    ));
    let (all, mut rowan) = look(&phone, rowan);
    assert!(holds(&all, ASIDE), "not before the council has it");
    push(&council, &mut rowan);
    let (all, mut rowan) = look(&phone, rowan);
    for words in [SENT, ASIDE, "Pipit"] {
        assert!(!holds(&all, words), "{words}");
    }
    push(&council, &mut rowan);
    let said = council.lock().unwrap().commits_of(Scope::Worker(ROWAN));
    assert_eq!(
        said[0].0.ops.len() + said.get(1).map_or(0, |one| one.0.ops.len()),
        3
    );
    assert!(
        said.iter()
            .all(|(_, verdicts)| verdicts.iter().all(|v| v.is_applied()))
    );
    told(&mut rowan);
    sound(&rowan);
}

#[test]
fn only_the_named_owner_places_and_only_with_a_reason() {
    let (council, _phone, mut rowan, visit) = wren_moved();
    sync(&council, &mut rowan);
    let (_laptop, mut sage) = Phone::enrol(&council, SAGE, "Sage's laptop");
    let (_hers, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's tablet");
    pull(&council, &mut sage);
    pull(&council, &mut bryony);
    let waiting = sage.set_aside().unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].text.as_deref(), Some(ASIDE));
    assert_eq!(
        (waiting[0].by.as_str(), waiting[0].record),
        ("Rowan Teasel", visit)
    );
    let op = waiting[0].op;
    assert!(bryony.set_aside().unwrap().is_empty());
    assert!(matches!(
        bryony.place(&[op], "mine"),
        Err(SaveError::NotSetAside)
    ));
    assert!(matches!(
        sage.place(&[op], " "),
        Err(SaveError::ReasonNeeded)
    ));
    let saved = sage.place(&[op], "Rowan's own visit").unwrap();
    assert_eq!(saved.commits.len(), 1);
    assert!(
        sage.set_aside().unwrap().is_empty(),
        "decided, though not sent yet"
    );
    assert!(matches!(
        sage.place(&[op], "again"),
        Err(SaveError::NotSetAside)
    ));
    push(&council, &mut sage);
    let placing = council.lock().unwrap().commits_of(Scope::Child(WREN));
    let (commit, verdicts) = placing.last().unwrap();
    assert_eq!(commit.ops[0].kind, Kind::Place);
    assert!(verdicts[0].is_applied());
    council.lock().unwrap().place(op);
    pull(&council, &mut sage);
    let page = sage.visit(visit).unwrap();
    assert_eq!(page.from_previous_worker[0].by, "Rowan Teasel");
    assert_eq!(
        visitbook_record::words::FROM_PREVIOUS_WORKER,
        "From the previous worker, received later"
    );
    sound(&sage);
}

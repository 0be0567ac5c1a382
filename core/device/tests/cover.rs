//! Duty cover: a child who is kept ready and closed until whoever stands in opens the file with a reason.
#![cfg(feature = "store")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Mutex;

use common::*;
use visitbook_device::{ReadError, SaveError, VoiceGiven, Working};
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::id::{RecordId, WorkerId};
use visitbook_record::scope::Scope;
use visitbook_record::verdict::{Reason, Verdict};

const TANSY: WorkerId = WorkerId([0xa4; 16]);
const WORDS: &str = "wren-said-kittiwake";

/// Rowan's day: a visit to Wren with a note, what Wren said and a concern, all at the council. Tansy stands in for Wren and Finch.
fn covered() -> (Mutex<Council>, [Phone; 2], [Working; 2]) {
    let mut council = Council::with_larkspurs();
    council.staff(&[(TANSY, "Tansy Burdock")]);
    council.assign(TANSY, WREN, Role::Cover);
    council.assign(TANSY, FINCH, Role::Cover);
    let council = Mutex::new(council);
    let (rowans, mut rowan) = Phone::enrol(&council, ROWAN, "Rowan's phone");
    sync(&council, &mut rowan);
    let visit = visit_to_wren(&mut rowan);
    rowan.note(visit, "saw", "A warm kitchen.").unwrap();
    let said = VoiceGiven {
        how: "said".into(),
        words: Some(WORDS.into()),
        ..VoiceGiven::default()
    };
    rowan.voice(WREN, Some(visit), &said).unwrap();
    rowan
        .concern(&[WREN], Some(visit), "manager_today", "No food.", None)
        .unwrap();
    sync(&council, &mut rowan);
    let (tansys, mut tansy) = Phone::enrol(&council, TANSY, "Tansy's phone");
    sync(&council, &mut tansy);
    (council, [rowans, tansys], [rowan, tansy])
}

/// Nothing of the child on any screen but the name on one list.
fn is_closed(working: &mut Working, child: RecordId, visit: RecordId) {
    assert!(matches!(
        working.child_card(child),
        Err(ReadError::NotOpened(id)) if id == child
    ));
    assert!(matches!(
        working.visits(child),
        Err(ReadError::NotOpened(_))
    ));
    assert!(working.visit(visit).is_err());
    assert!(working.history(child).is_err());
    assert!(working.history(visit).is_err());
    let today = working.today(None).unwrap();
    assert!(today.visits.iter().all(|line| line.child != child));
    assert!(today.children.iter().all(|line| line.child != child));
    assert!(today.due.iter().all(|line| line.child != child));
    assert!(today.concerns.iter().all(|line| line.child != child));
    assert!(
        working
            .concerns(None)
            .unwrap()
            .iter()
            .all(|line| line.child != child)
    );
    assert!(
        working
            .questions()
            .unwrap()
            .iter()
            .all(|line| line.child != child)
    );
    assert!(working.search("kittiwake").unwrap().is_empty());
    assert!(working.search("kitchen").unwrap().is_empty());
    assert!(working.search("food").unwrap().is_empty());
    let board = serde_json::to_string(&working.board(None).unwrap()).unwrap();
    assert!(!board.contains("Wren"), "{board}");
    assert!(matches!(
        working.begin_visit(&[child]),
        Err(SaveError::WouldBeSetAside(Reason::NotOpened))
    ));
    assert!(matches!(
        working.set(visit, &field("place"), "home", None),
        Err(SaveError::WouldBeSetAside(Reason::NotOpened))
    ));
}

#[test]
fn a_file_is_closed_until_it_is_opened_offline_with_a_reason() {
    let (council, phones, [mut rowan, mut tansy]) = covered();
    let visit = rowan.visits(WREN).unwrap()[0].record;
    is_closed(&mut tansy, WREN, visit);
    let names: Vec<(String, bool)> = tansy
        .cover()
        .unwrap()
        .into_iter()
        .map(|one| (one.full_name, one.opened.is_some()))
        .collect();
    assert_eq!(
        names,
        [
            ("Finch Larkspur".to_owned(), false),
            ("Wren Larkspur".to_owned(), false)
        ]
    );
    // Neither a lock nor another sync opens it.
    drop(tansy.lock());
    let mut tansy = phones[1].unlock();
    sync(&council, &mut tansy);
    is_closed(&mut tansy, WREN, visit);

    assert!(matches!(
        tansy.open_cover(WREN, "  "),
        Err(SaveError::Empty { .. })
    ));
    assert!(matches!(
        rowan.open_cover(WREN, "mine"),
        Err(SaveError::OtherKind(_))
    ));
    assert!(matches!(
        tansy.open_cover(PIPIT, "not given"),
        Err(SaveError::NotHeld(_))
    ));
    tansy
        .open_cover(WREN, "Neighbour rang: children shouting")
        .unwrap();
    assert_eq!(tansy.child_card(WREN).unwrap().voices[0].words, [WORDS]);
    assert_eq!(tansy.search("kittiwake").unwrap().len(), 1);
    assert!(matches!(
        tansy.child_card(FINCH),
        Err(ReadError::NotOpened(_))
    ));
    let begun = tansy.begin_visit(&[WREN]).unwrap()[0];
    tansy.set(begun, &field("seen"), "yes", None).unwrap();
    // A concern goes before everything else, and must not overtake what opened the file.
    tansy
        .concern(&[WREN], Some(begun), "danger_now", "Nobody there.", None)
        .unwrap();
    drop(tansy.lock());
    let mut tansy = phones[1].unlock();
    assert!(tansy.visit(begun).is_ok(), "it stays open");
    sync(&council, &mut tansy);
    sync(&council, &mut tansy);
    assert!(
        tansy.visit(begun).is_ok(),
        "and after the council has heard of it"
    );
    assert!(council.lock().unwrap().all_applied());

    // Another device of the same person knows; the worker and the manager see who, and why.
    let (_other, mut other) = Phone::enrol(&council, TANSY, "Tansy's tablet");
    sync(&council, &mut other);
    assert!(other.child_card(WREN).is_ok());
    assert!(other.child_card(FINCH).is_err());
    let (_sages, mut sage) = Phone::enrol(&council, SAGE, "Sage's laptop");
    sync(&council, &mut sage);
    let board = sage.board(None).unwrap();
    assert_eq!(board.board.opened.len(), 1);
    assert!(
        board.lines.iter().any(|line| line
            .starts_with("Tansy Burdock opened Wren's file on duty cover, ")
            && line.ends_with(": “Neighbour rang: children shouting”")),
        "{:#?}",
        board.lines
    );
    sync(&council, &mut rowan);
    let history = rowan.history(WREN).unwrap();
    let opening = history
        .iter()
        .find(|one| one.target.starts_with("cover_opened/"))
        .unwrap();
    assert_eq!(opening.by, "Tansy Burdock");
    assert_eq!(
        opening.text.as_deref(),
        Some("Neighbour rang: children shouting")
    );
    assert!(opening.received.is_some());
}

#[test]
fn a_new_time_of_cover_needs_a_new_opening_and_another_role_needs_none() {
    let (council, _phones, [_rowan, mut tansy]) = covered();
    tansy.open_cover(WREN, "Neighbour rang").unwrap();
    sync(&council, &mut tansy);
    council.lock().unwrap().unassign(TANSY, WREN);
    sync(&council, &mut tansy);
    sync(&council, &mut tansy);
    assert!(matches!(
        tansy.child_card(WREN),
        Err(ReadError::UnknownRecord(_))
    ));
    council.lock().unwrap().assign(TANSY, WREN, Role::Cover);
    sync(&council, &mut tansy);
    assert!(matches!(
        tansy.child_card(WREN),
        Err(ReadError::NotOpened(_))
    ));
    assert!(
        tansy
            .cover()
            .unwrap()
            .iter()
            .all(|one| one.opened.is_none())
    );
    council.lock().unwrap().assign(TANSY, WREN, Role::Allocated);
    sync(&council, &mut tansy);
    assert!(tansy.child_card(WREN).is_ok());
    assert!(tansy.cover().unwrap().iter().all(|one| one.child != WREN));
    council.lock().unwrap().assign(TANSY, WREN, Role::Cover);
    sync(&council, &mut tansy);
    assert!(tansy.child_card(WREN).is_err());
    tansy.open_cover(WREN, "again").unwrap();
    assert!(tansy.child_card(WREN).is_ok());
}

#[test]
fn what_is_closed_counts_in_digests_as_what_is_open() {
    let (council, _phones, [_rowan, mut tansy]) = covered();
    for _ in 0..2 {
        sync(&council, &mut tansy);
    }
    assert!(tansy.alarms().unwrap().is_empty());
    let held: Vec<String> = tansy
        .digests()
        .unwrap()
        .into_iter()
        .map(|one| one.scope)
        .collect();
    assert!(held.contains(&Scope::Child(WREN).to_string()));
}

/// An opening that the council did not take opens nothing for good.
#[test]
fn an_opening_that_was_set_aside_closes_the_file_again() {
    let (council, _phones, [_rowan, mut tansy]) = covered();
    tansy.open_cover(WREN, "Neighbour rang").unwrap();
    council.lock().unwrap().verdict = Some(Verdict::Quarantined {
        reason: Reason::OldAssignment,
        owner: SAGE,
    });
    push(&council, &mut tansy);
    council.lock().unwrap().verdict = None;
    pull(&council, &mut tansy);
    assert!(matches!(
        tansy.child_card(WREN),
        Err(ReadError::NotOpened(_))
    ));
    let log = council.lock().unwrap().commits_of(Scope::Child(WREN));
    assert!(
        log.iter()
            .any(|(commit, _)| commit.author == TANSY && commit.record_kind == RecordKind::Child)
    );
}

//! Words removed by law, on a device: they go from every place they were in, stay away whichever way they come, and what stands
//! in their place says by whom and why.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Mutex;

use common::{
    BRYONY, Council, PIN, Phone, ROWAN, WREN, field, larkspurs, pull, push, sync, visit_to_wren,
};
use visitbook_device::{VoiceGiven, Working};
use visitbook_record::commit::RecordKind;
use visitbook_record::id::{OpId, PayloadHash, RecordId};
use visitbook_record::op::{Kind, Target};
use visitbook_record::payload::Content;
use visitbook_record::redaction::{Redaction, target};
use visitbook_record::scope::Scope;

const CANARY: &str = "CANARY-grey-wagtail";

/// The council's writer removes the words of one statement.
fn redact(council: &Mutex<Council>, record: RecordId, kind: RecordKind, op: OpId, about: Target) {
    redact_in(council, (record, kind, Scope::Child(WREN)), op, about);
}

fn redact_in(
    council: &Mutex<Council>,
    (record, kind, scope): (RecordId, RecordKind, Scope),
    op: OpId,
    about: Target,
) {
    let said = Redaction {
        payload: PayloadHash([0xee; 32]),
        about,
        reason: "a court's order".to_owned(),
    };
    council.lock().unwrap().write(
        record,
        kind,
        scope,
        vec![(Kind::Redact, target(op), Content::Redaction(said))],
    );
}

/// Everything that a device says of a child, as text.
fn everything(working: &mut Working, records: &[RecordId]) -> String {
    let mut all = vec![
        json(&working.child_card(WREN).unwrap()),
        json(&working.voices(WREN).unwrap()),
        json(&working.today(None).unwrap()),
        json(&working.board(None).unwrap()),
        json(&working.search("CANARY").unwrap()),
        json(&working.search("wagtail").unwrap()),
        json(&working.questions().unwrap()),
        json(&working.concerns(None).unwrap()),
        json(&working.set_aside().unwrap()),
    ];
    for record in records {
        all.push(json(&working.page(*record).unwrap()));
        all.push(json(&working.history(*record).unwrap()));
        all.push(json(&working.case_text(*record).unwrap()));
    }
    all.concat()
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

fn op_about(working: &Working, record: RecordId, field: &str) -> OpId {
    let history = working.history(record).unwrap();
    let found = history.iter().find(|one| one.target.starts_with(field));
    found.unwrap().op
}

#[test]
fn words_go_from_every_place_and_what_stands_there_says_by_whom_and_why() {
    let (council, phone, mut rowan) = larkspurs();
    let (_hers, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    let visit = visit_to_wren(&mut rowan);
    let given = VoiceGiven {
        how: "said".to_owned(),
        words: Some(format!("{CANARY} in the child's words")),
        ..Default::default()
    };
    let (voice, _) = rowan.voice(WREN, Some(visit), &given).unwrap();
    let urgent = format!("{CANARY} in a concern");
    let marked = rowan.concern(&[WREN], None, "manager_today", &urgent, None);
    let concern = marked.unwrap().records[0];
    let note = format!("{CANARY} on an answer");
    rowan
        .set(visit, &field("safe_now"), "manager_today", Some(&note))
        .unwrap();
    sync(&council, &mut rowan);
    pull(&council, &mut bryony);
    let records = [visit, voice, concern];
    for reader in [&mut rowan, &mut bryony] {
        assert!(everything(reader, &records).contains(CANARY));
    }

    for (record, kind, about) in [
        (visit, RecordKind::Visit, "safe_now"),
        (voice, RecordKind::Voice, "words"),
        (concern, RecordKind::Concern, "about"),
    ] {
        let op = op_about(&rowan, record, about);
        redact(&council, record, kind, op, field(about));
    }
    for reader in [&mut rowan, &mut bryony] {
        pull(&council, reader);
        let said = everything(reader, &records);
        assert!(
            !said.contains("CANARY") && !said.contains("wagtail"),
            "{said}"
        );
        assert!(
            said.matches("Words removed 2026-10-27").count() > 3,
            "{said}"
        );
        assert!(said.contains("a court's order"));
        assert!(reader.verify().unwrap().problems.is_empty());
        // The answer cannot be read and is not gone: it ranks as most worrying.
        let page = reader.page(visit).unwrap();
        let safe = page
            .questions
            .iter()
            .find(|one| one.field == "safe_now")
            .unwrap();
        let answer = &safe.answers[safe.standing.unwrap()];
        assert!(answer.code.is_none() && answer.removed.is_some());
    }

    // Nor after the next unlock, and whatever the council still has to say of the same statements.
    let mut rowan = rowan.lock().unlock(PIN).unwrap();
    sync(&council, &mut rowan);
    assert!(!everything(&mut rowan, &records).contains("CANARY"));
    assert!(rowan.verify().unwrap().problems.is_empty());
    drop(rowan);
    drop(phone);
}

/// The council of these tests goes on sending the words, as one that was restored would; a device that has heard of the redaction
/// does not take them.
#[test]
fn words_that_come_after_their_redaction_are_passed_over() {
    let (council, _phone, mut rowan) = larkspurs();
    let (_hers, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    let given = VoiceGiven {
        how: "said".to_owned(),
        words: Some(CANARY.to_owned()),
        ..Default::default()
    };
    let (voice, _) = rowan.voice(WREN, None, &given).unwrap();
    let op = op_about(&rowan, voice, "words");
    redact(&council, voice, RecordKind::Voice, op, field("words"));
    pull(&council, &mut bryony);
    sync(&council, &mut rowan);
    for reader in [&mut rowan, &mut bryony] {
        pull(&council, reader);
        assert!(!everything(reader, &[voice]).contains("CANARY"));
        assert!(reader.page(voice).unwrap().words.is_empty());
        assert!(reader.verify().unwrap().problems.is_empty());
    }
    // Nothing of it stops the device: it goes on writing and sending.
    bryony.note(voice, "reading", "she was cold").unwrap();
    sync(&council, &mut bryony);
    assert_eq!(bryony.sealed_waiting(), 0);
}

/// Its author may have the words and not hold the child any more.
#[test]
fn an_author_is_told_in_their_own_log() {
    let (council, _phone, mut rowan) = larkspurs();
    let (_hers, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    let visit = visit_to_wren(&mut rowan);
    let note = Some(CANARY);
    rowan
        .set(visit, &field("safe_now"), "manager_today", note)
        .unwrap();
    sync(&council, &mut rowan);
    pull(&council, &mut bryony);
    let op = op_about(&rowan, visit, "safe_now");
    let own = |worker: visitbook_record::id::WorkerId| {
        (
            RecordId(worker.0),
            RecordKind::Worker,
            Scope::Worker(worker),
        )
    };
    // In a log that is not the author's it is set aside, and does nothing.
    redact_in(&council, own(BRYONY), op, field("safe_now"));
    pull(&council, &mut bryony);
    assert!(everything(&mut bryony, &[visit]).contains("CANARY"));
    redact_in(&council, own(ROWAN), op, field("safe_now"));
    pull(&council, &mut rowan);
    assert!(!everything(&mut rowan, &[visit]).contains("CANARY"));
}

/// A file whose key is removed goes from the folder, also before the council has it: it would not take it any more.
#[test]
fn a_file_goes_with_its_key() {
    let (council, phone, mut rowan) = larkspurs();
    let visit = visit_to_wren(&mut rowan);
    rowan
        .attach_bytes(visit, "drawing", &CANARY.as_bytes().repeat(900))
        .unwrap();
    push(&council, &mut rowan);
    let op = op_about(&rowan, visit, "attachment");
    let shelf = phone.path().join("attachments");
    let files = || std::fs::read_dir(&shelf).unwrap().count();
    assert_eq!(files(), 1);
    redact(&council, visit, RecordKind::Visit, op, field("attachment"));
    pull(&council, &mut rowan);
    assert_eq!(files(), 0);
    assert!(rowan.expected_files().unwrap().is_empty());
    assert!(rowan.open_attachment(visit, op, &mut Vec::new()).is_err());
    assert!(rowan.verify().unwrap().problems.is_empty());
}

/// What a child handed in is not made again from the sealed post, by a device that hears of the redaction first.
#[test]
fn what_a_child_handed_in_is_not_opened_again() {
    let (council, _phone, working) = larkspurs();
    let mut family = working.enter_family(WREN, None).unwrap();
    family.write(CANARY).unwrap();
    family.hand_in().unwrap();
    push(&council, &mut family);
    let mut rowan = family.leave(PIN).unwrap();
    let voice = rowan.left_for_you().unwrap()[0].records[0];
    rowan.open_voice(voice).unwrap();
    sync(&council, &mut rowan);
    let words = Target::element("words", voice.to_string());
    // The council names the statement that its writer made; the device has made one of its own.
    let history = rowan.history(voice).unwrap();
    let ops: Vec<OpId> = history
        .iter()
        .filter(|one| one.target.starts_with("words/"))
        .map(|one| one.op)
        .collect();
    redact(&council, voice, RecordKind::Voice, ops[0], words);
    sync(&council, &mut rowan);
    assert!(!everything(&mut rowan, &[voice]).contains("CANARY"));
    let mut rowan = rowan.lock().unlock(PIN).unwrap();
    sync(&council, &mut rowan);
    assert!(!everything(&mut rowan, &[voice]).contains("CANARY"));
    assert!(rowan.page(voice).unwrap().words.is_empty());
    assert!(rowan.verify().unwrap().problems.is_empty());
}

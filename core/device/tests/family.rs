//! The device in a child's hands: what it takes, what it gives away (nothing), and what comes of what was handed in.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::path::Path;

use common::{
    BRYONY, FINCH, PIN, Phone, WREN, larkspurs, no_keys, pull, push, sync, visit_to_wren,
};
use visitbook_device::family::{
    DraftError, HandInError, LONGEST_SESSION_MS, LeaveError, StillFamily,
};
use visitbook_device::spool::Spool;
use visitbook_device::sync::store::SyncStore;
use visitbook_device::{Family, Working};
use visitbook_record::id::RecordId;
use visitbook_seal::family::PostError;
use visitbook_seal::vault::ExitError;

/// Spelling, spaces, a mark that turns the direction and one that joins: all of it is the child's.
const WORDS: &str =
    "I dont want  another new\u{202e}social worker\u{202c} ive had 4 \u{1f468}\u{200d}\u{1f467}\n";
const DRAWING: &[u8] = b"\x89PNG five empty seats";

fn enter(working: Working, child: RecordId, visit: Option<RecordId>) -> Family {
    working.enter_family(child, visit).unwrap()
}

/// Leaves with the right PIN.
fn leave(family: Family) -> Working {
    family.leave(PIN).unwrap()
}

fn files(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    all
}

fn contains(hay: &[u8], needle: &[u8]) -> bool {
    hay.windows(needle.len()).any(|window| window == needle)
}

/// The one voice record about a child.
fn only_voice(working: &mut Working) -> RecordId {
    let left = working.left_for_you().unwrap();
    assert_eq!(left.len(), 1);
    assert_eq!(left[0].records.len(), 1);
    left[0].records[0]
}

#[test]
fn what_is_handed_in_becomes_a_voice_in_exactly_those_bytes() {
    let (_council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    let mut family = enter(working, WREN, Some(visit));
    let page = family.page();
    assert_eq!(page.title, "This page is for you, Wren.");
    assert!(
        page.detail
            .starts_with("Rowan and Rowan's manager will read it.")
    );
    family.write("I changed my mind").unwrap();
    family.write(WORDS).unwrap();
    family.draw("image/png", DRAWING).unwrap();
    family.choose("not_with/mum").unwrap();
    assert_eq!(
        family.hand_in().unwrap().title,
        "Rowan has it, in your words."
    );
    assert_eq!(family.on_the_page(), None, "nothing is left to read");
    assert!(!family.undo(), "and nothing to take back");
    assert!(matches!(family.hand_in(), Err(HandInError::Empty)));
    family.choose("not_today").unwrap();
    family.hand_in().unwrap();
    assert_eq!(family.count(), 2);
    let everything = files(phone.path());
    for secret in [WORDS.as_bytes(), DRAWING, b"Wren", b"another new"] {
        assert!(!contains(&everything, secret));
    }

    let mut working = leave(family);
    let left = working.left_for_you().unwrap();
    assert_eq!(left[0].title, "Wren left you 2 things.");
    let [first, second] = left[0].records[..] else {
        panic!("two things");
    };
    let voice = working.open_voice(first).unwrap();
    assert_eq!(voice.words, [WORDS]);
    assert_eq!(voice.how.as_deref(), Some("drew_or_made"));
    assert_eq!(
        working.drawing(first).unwrap().unwrap(),
        ("image/png".to_owned(), DRAWING.to_vec())
    );
    working.open_voice(second).unwrap();
    let chose = working.page(second).unwrap();
    let answer = |field: &str| {
        let question = chose
            .questions
            .iter()
            .find(|question| question.field == field)?;
        question.answers[0].code.clone()
    };
    assert_eq!(answer("how").as_deref(), Some("chose_not_to_say"));
    assert_eq!(
        answer("chose_not_to_say_because").as_deref(),
        Some("not_today")
    );
    assert_eq!(answer("entered_by").as_deref(), Some("child_themselves"));
    assert_eq!(answer("family_papers").as_deref(), Some("no_until_decided"));
    assert!(working.left_for_you().unwrap().is_empty());
    let on_visit = working.visit(visit).unwrap();
    assert_eq!(
        on_visit
            .questions
            .iter()
            .filter(|question| question.field == "voice")
            .count(),
        2
    );
    let session = &working.family_sessions().unwrap()[0];
    assert_eq!((session.ended.as_str(), session.things), ("confirmed", 2));
    assert!(session.left.is_some());
    assert!(working.verify().unwrap().problems.is_empty());
}

/// Council first, or the worker's device first: one record, the same bytes for every reader, and shown once.
#[test]
fn whichever_opens_a_post_first_there_is_one_record() {
    let mut records = Vec::new();
    for council_first in [true, false] {
        let (council, _phone, working) = larkspurs();
        let (_hers, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
        let mut family = enter(working, WREN, None);
        family.write(WORDS).unwrap();
        family.hand_in().unwrap();
        if council_first {
            assert_eq!(
                push(&council, &mut family).kept_unopened,
                2,
                "the session's commit and the post"
            );
            pull(&council, &mut bryony);
            let seen = bryony.child_card(WREN).unwrap().voices;
            assert!(seen[0].closed.is_some(), "there before the worker is back");
            let opened = bryony.open_voice(seen[0].record).unwrap();
            assert_eq!(opened.words, [WORDS], "and open to a tap");
        }
        let mut rowan = leave(family);
        assert_eq!(rowan.sealed_waiting(), if council_first { 1 } else { 3 });
        sync(&council, &mut rowan);
        sync(&council, &mut rowan);
        pull(&council, &mut bryony);
        assert_eq!(rowan.sealed_waiting(), 0, "receipts for everything");
        let record = only_voice(&mut rowan);
        for reader in [&mut rowan, &mut bryony] {
            let voice = reader.open_voice(record).unwrap();
            assert_eq!(voice.words, [WORDS]);
            let page = reader.page(record).unwrap();
            assert_eq!(page.words, [WORDS], "once, whoever made it");
            assert_eq!(page.entries.len(), 1);
            assert!(page.questions.iter().all(|question| !question.open));
            assert_eq!(page.entries[0].entry, record.to_string());
            assert_eq!(reader.child_card(WREN).unwrap().voices.len(), 1);
            assert!(reader.questions().unwrap().is_empty());
        }
        records.push(record);
    }
    assert_ne!(
        records[0], records[1],
        "two things handed in are two records"
    );
}

#[test]
fn a_receipt_that_was_lost_comes_again_and_one_for_another_post_is_none() {
    let (council, _phone, working) = larkspurs();
    let mut family = enter(working, WREN, None);
    for words in ["one", "two"] {
        family.write(words).unwrap();
        family.hand_in().unwrap();
    }
    let sent = |family: &mut Family| -> Vec<Vec<u8>> {
        let parcels = family.waiting(usize::MAX, &no_keys()).unwrap();
        parcels.into_iter().map(|parcel| parcel.bytes).collect()
    };
    let first = council.lock().unwrap().upload(sent(&mut family));
    let again = council.lock().unwrap().upload(sent(&mut family));
    let mut working = leave(family);
    // The two posts' answers change places: neither opens.
    let mut answer: visitbook_record::wire::UploadAnswer =
        visitbook_record::cbor::decode(&first).unwrap();
    let last = answer.groups.len() - 1;
    let sealed = answer.groups[last].sealed.clone();
    answer.groups[last].sealed = answer.groups[last - 1].sealed.clone();
    answer.groups[last - 1].sealed = sealed;
    let before = working.sealed_waiting();
    working
        .take_upload_answer(&visitbook_record::cbor::encode(&answer))
        .unwrap();
    assert_eq!(
        working.sealed_waiting(),
        before - 1,
        "the commit's receipt alone"
    );
    assert_eq!(working.take_upload_answer(&again).unwrap().receipted, 2);
    assert_eq!(working.take_upload_answer(&first).unwrap().receipted, 0);
}

#[test]
fn killed_inside_it_the_folder_opens_locked_and_the_end_is_not_confirmed() {
    let (council, phone, working) = larkspurs();
    let mut family = enter(working, WREN, None);
    family.write(WORDS).unwrap();
    family.hand_in().unwrap();
    family.write("never handed in").unwrap();
    drop(family);
    let mut locked = phone.open();
    assert_eq!(
        push(&council, &mut locked).kept_unopened,
        2,
        "it goes up all the same"
    );
    let mut working = locked.unlock(PIN).unwrap();
    let session = &working.family_sessions().unwrap()[0];
    assert_eq!(
        (session.ended.as_str(), session.things),
        ("not_confirmed", 1)
    );
    assert!(session.left.is_none());
    assert!(session.title.contains("its end is not confirmed"));
    let voice = only_voice(&mut working);
    assert_eq!(working.open_voice(voice).unwrap().words, [WORDS]);
    sync(&council, &mut working);
    assert_eq!(working.sealed_waiting(), 0);
    assert!(
        working.verify().unwrap().problems.is_empty(),
        "no new writing life for a child's post"
    );
    // It is said again at the next unlock, and nothing is made twice.
    let mut working = working.lock().unlock(PIN).unwrap();
    assert_eq!(working.family_sessions().unwrap()[0].ended, "not_confirmed");
    sync(&council, &mut working);
    assert_eq!(working.child_card(WREN).unwrap().voices.len(), 1);
}

/// SD-03 and SD-05, on the files of a device that was killed.
#[test]
fn what_was_taken_out_or_changed_shows() {
    type Tamper = fn(&mut Spool);
    let edit: Tamper = |spool| {
        let frame = spool.frames().nth(2).unwrap();
        let mut bytes = spool.read(&frame).unwrap();
        let last = bytes.len() - 1;
        bytes[last] ^= 1;
        spool.release(&[frame.key].into()).unwrap();
        spool
            .append(frame.key, frame.tag, frame.class, &bytes)
            .unwrap();
    };
    let drop_middle: Tamper = |spool| {
        let frame = spool.frames().nth(2).unwrap();
        spool.release(&[frame.key].into()).unwrap();
    };
    let drop_last: Tamper = |spool| {
        let frame = spool.frames().last().unwrap();
        spool.release(&[frame.key].into()).unwrap();
    };
    for (tamper, ended, things) in [
        (edit, "touched", 3),
        (drop_middle, "touched", 2),
        (drop_last, "count_mismatch", 2),
    ] {
        let (_council, phone, working) = larkspurs();
        let mut family = enter(working, WREN, None);
        for words in ["one", "two", "three"] {
            family.write(words).unwrap();
            family.hand_in().unwrap();
        }
        drop(family);
        tamper(&mut Spool::open(&phone.path().join("spool")).unwrap());
        let working = phone.unlock();
        let session = &working.family_sessions().unwrap()[0];
        assert_eq!(session.ended, ended);
        assert_eq!(session.things, things);
        assert_eq!(
            working.left_for_you().unwrap()[0].records.len() as u64,
            things,
            "what is there is kept"
        );
    }
}

#[test]
fn wrong_pins_at_the_exit_slow_down_and_destroy_nothing() {
    let (_council, phone, working) = larkspurs();
    let mut family = enter(working, WREN, None);
    family.write(WORDS).unwrap();
    family.hand_in().unwrap();
    let mut waits = 0;
    for _ in 0..40 {
        match family.leave(b"000000") {
            Err(StillFamily::Inside(inside, LeaveError::Exit(ExitError::Wait { .. }))) => {
                waits += 1;
                phone.clock.pass(3_600_000);
                family = *inside;
            }
            Err(StillFamily::Inside(inside, LeaveError::Exit(ExitError::WrongPin { .. }))) => {
                family = *inside
            }
            other => panic!("{:?}", other.err()),
        }
    }
    assert!(waits > 0, "it slowed down");
    phone.clock.pass(3_600_000);
    let working = leave(family);
    assert_eq!(working.left_for_you().unwrap()[0].records.len(), 1);
    let locked = working.lock();
    assert!(locked.has_pin());
    assert!(locked.unlock(PIN).is_ok());
}

#[test]
fn the_page_takes_back_what_is_not_handed_in_and_refuses_what_it_cannot_keep() {
    let (_council, phone, working) = larkspurs();
    let mut family = enter(working, WREN, None);
    assert!(!family.undo());
    family.write("one").unwrap();
    family.write("two").unwrap();
    family.choose("ask_me_first").unwrap();
    assert!(family.undo());
    assert!(family.undo());
    assert_eq!(family.on_the_page(), Some("one"));
    assert!(family.undo());
    assert_eq!(family.on_the_page(), None);
    assert_eq!(family.write("a\0b"), Err(DraftError::Nul));
    assert_eq!(
        family.write(&"x".repeat((256 << 10) + 1)),
        Err(DraftError::TooLong)
    );
    assert_eq!(
        family.draw("image/png", &vec![0; (1 << 20) + 1]),
        Err(DraftError::TooLong)
    );
    assert_eq!(
        family.draw("text/html", b"<p>"),
        Err(DraftError::NotAPicture)
    );
    assert_eq!(family.draw("image/png", b""), Err(DraftError::NotAPicture));
    for code in ["", "said", "not_with/everybody", "not_with/", "not_asked"] {
        assert_eq!(
            family.choose(code),
            Err(DraftError::UnknownChoice),
            "{code}"
        );
    }
    family.write(" \n").unwrap();
    assert!(matches!(family.hand_in(), Err(HandInError::Empty)));
    for n in 0..50 {
        family.write(&format!("{n}")).unwrap();
        family.hand_in().unwrap();
    }
    family.write("one more").unwrap();
    assert!(matches!(
        family.hand_in(),
        Err(HandInError::Post(PostError::TooManyPosts))
    ));
    assert_eq!(family.on_the_page(), Some("one more"));
    let working = leave(family);
    assert_eq!(working.left_for_you().unwrap()[0].records.len(), 50);

    let mut family = enter(working, WREN, None);
    family.write("late").unwrap();
    phone.clock.pass(LONGEST_SESSION_MS as i64);
    assert!(matches!(family.hand_in(), Err(HandInError::Over)));
    let working = leave(family);
    assert_eq!(working.left_for_you().unwrap()[0].records.len(), 50);
}

#[test]
fn the_largest_page_is_kept_and_comes_through() {
    let (council, _phone, working) = larkspurs();
    let mut family = enter(working, WREN, None);
    let words = "w".repeat(256 << 10);
    let drawing: Vec<u8> = (0..1_u32 << 20)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8)
        .collect();
    family.write(&words).unwrap();
    family.draw("image/jpeg", &drawing).unwrap();
    family.hand_in().unwrap();
    let mut working = leave(family);
    sync(&council, &mut working);
    assert_eq!(working.sealed_waiting(), 0);
    let voice = only_voice(&mut working);
    assert_eq!(working.open_voice(voice).unwrap().words, [words]);
    assert_eq!(working.drawing(voice).unwrap().unwrap().1, drawing);
}

#[test]
fn a_second_childs_page_shows_nothing_of_the_first() {
    let (_council, _phone, working) = larkspurs();
    let mut family = enter(working, WREN, None);
    family.write(WORDS).unwrap();
    family.choose("only_my_worker").unwrap();
    family.hand_in().unwrap();
    family.write("not handed in").unwrap();
    let family = enter(leave(family), FINCH, None);
    let page = family.page();
    assert!(page.title.contains("Finch"));
    let all = format!("{}{}{}", page.title, page.detail, page.buttons.concat());
    assert!(!all.contains("Wren"));
    assert_eq!((family.on_the_page(), family.count()), (None, 0));
}

#[test]
fn only_a_child_who_is_held_gets_a_page_and_only_their_visit() {
    let (_council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    let commits = working.verify().unwrap().own_commits;
    for (child, visit) in [
        (RecordId([9; 16]), None),
        (FINCH, Some(visit)),
        (WREN, Some(WREN)),
    ] {
        let still = working.enter_family(child, visit).err().unwrap();
        working = still.working;
    }
    assert_eq!(
        working.verify().unwrap().own_commits,
        commits,
        "nothing was written"
    );
    assert!(working.family_sessions().unwrap().is_empty());
}

#[test]
fn a_full_disk_keeps_the_sealed_post_until_it_can_be_stored() {
    let (_council, phone, working) = larkspurs();
    let mut family = enter(working, WREN, None);
    family.write(WORDS).unwrap();
    let spool = phone.path().join("spool");
    let aside = phone.path().join("aside");
    family.hand_in().unwrap();
    std::fs::rename(&spool, &aside).unwrap();
    let mut failed = 0;
    for n in 0..6 {
        family.write(&format!("{n}")).unwrap();
        let noise: Vec<u8> = (0..1_u32 << 20)
            .map(|i| {
                let mut x = (i + 1).wrapping_mul(2_654_435_761) ^ n;
                for shift in [13, 17, 5] {
                    x ^= x << shift;
                    x = x.wrapping_mul(0x85eb_ca6b) ^ (x >> 15);
                }
                (x >> 11) as u8
            })
            .collect();
        family.draw("image/png", &noise).unwrap();
        if matches!(family.hand_in(), Err(HandInError::NotStored(_))) {
            failed += 1;
            break;
        }
    }
    assert_eq!(failed, 1, "the fourth megabyte needs a new segment");
    assert!(matches!(family.hand_in(), Err(HandInError::NotStored(_))));
    std::fs::rename(&aside, &spool).unwrap();
    let count = family.count();
    assert!(
        family.hand_in().is_ok(),
        "the same sealed bytes, stored now"
    );
    assert_eq!(family.count(), count, "not made again");
    let working = leave(family);
    assert_eq!(working.family_sessions().unwrap()[0].ended, "confirmed");
    assert_eq!(
        working.left_for_you().unwrap()[0].records.len() as u64,
        count
    );
}

/// Everything that this device shows of a record without opening it, as text.
fn shown_by_the_way(working: &mut Working, record: RecordId, visit: RecordId) -> String {
    let found: Vec<_> = ["social", "worker", "another new"]
        .into_iter()
        .flat_map(|text| working.search(text).unwrap())
        .collect();
    let all = (
        working.page(record).unwrap(),
        working.history(record).unwrap(),
        working.voices(WREN).unwrap(),
        working.child_card(WREN).unwrap(),
        found,
    );
    let texts = (
        working.case_text(record).unwrap(),
        working.case_text(visit).unwrap(),
        working.today(None).unwrap(),
        working.board(None).unwrap(),
        working.statuses().unwrap(),
    );
    format!("{}{}", json(&all), json(&texts))
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// Nothing shows a word of what a child handed in before somebody opens it, and opening it is said to everybody.
#[test]
fn what_nobody_has_opened_is_closed_everywhere() {
    let (council, _phone, mut working) = larkspurs();
    let (_hers, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    let visit = visit_to_wren(&mut working);
    let mut family = enter(working, WREN, Some(visit));
    family.write("another new social worker").unwrap();
    family.choose("not_with/mum").unwrap();
    family.draw("image/png", DRAWING).unwrap();
    family.hand_in().unwrap();
    let mut rowan = leave(family);
    sync(&council, &mut rowan);
    sync(&council, &mut rowan);
    pull(&council, &mut bryony);
    let voice = only_voice(&mut rowan);
    for reader in [&mut rowan, &mut bryony] {
        let shown = shown_by_the_way(reader, voice, visit);
        for word in [
            "another",
            "social",
            "mum",
            "drew_or_made",
            "child_themselves",
            "image/png",
        ] {
            assert!(!shown.contains(word), "{word} in {shown}");
        }
        let page = reader.page(voice).unwrap();
        assert_eq!(
            page.closed.as_deref(),
            Some("Wren left you 1 thing, 09:52.")
        );
        assert_eq!(reader.voices(WREN).unwrap()[0].closed, page.closed);
        assert!(reader.drawing(voice).unwrap().is_none());
    }

    // The worker reads it; from then on it is open to the team, and the manager is not told of unread words.
    assert_eq!(
        rowan.open_voice(voice).unwrap().words,
        ["another new social worker"]
    );
    sync(&council, &mut rowan);
    pull(&council, &mut bryony);
    for reader in [&mut rowan, &mut bryony] {
        let page = reader.page(voice).unwrap();
        assert!(page.closed.is_none());
        assert_eq!(page.words, ["another new social worker"]);
        assert_eq!(reader.search("another new").unwrap().len(), 1);
        assert_eq!(reader.drawing(voice).unwrap().unwrap().1, DRAWING);
    }
}

/// A colleague's opening does not open it on the device that it was left on: its holder has not read it.
#[test]
fn where_it_was_left_its_holder_opens_it() {
    let (council, _phone, working) = larkspurs();
    let (_hers, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    let mut family = enter(working, WREN, None);
    family.write(WORDS).unwrap();
    family.hand_in().unwrap();
    let mut rowan = leave(family);
    sync(&council, &mut rowan);
    sync(&council, &mut rowan);
    pull(&council, &mut bryony);
    let voice = only_voice(&mut rowan);
    bryony.open_voice(voice).unwrap();
    sync(&council, &mut bryony);
    sync(&council, &mut rowan);
    assert!(rowan.page(voice).unwrap().closed.is_some());
    assert!(rowan.search("another").unwrap().is_empty());
    assert_eq!(rowan.open_voice(voice).unwrap().opened_by.len(), 2);
    assert!(rowan.page(voice).unwrap().closed.is_none());
}

/// What a worker wrote down of what a child said was read by whoever wrote it: it needs no tap.
#[test]
fn what_a_worker_recorded_is_never_closed() {
    let (council, _phone, mut rowan) = larkspurs();
    let (_hers, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    let given = visitbook_device::VoiceGiven {
        how: "said".to_owned(),
        words: Some("so it stays warm".to_owned()),
        ..Default::default()
    };
    let (voice, _) = rowan.voice(WREN, None, &given).unwrap();
    sync(&council, &mut rowan);
    pull(&council, &mut bryony);
    for reader in [&mut rowan, &mut bryony] {
        assert_eq!(reader.page(voice).unwrap().words, ["so it stays warm"]);
        assert_eq!(reader.search("warm").unwrap().len(), 1);
        assert!(reader.child_card(WREN).unwrap().voices[0].closed.is_none());
    }
}

/// Before finishing the worker is reminded of what a child left, and may finish all the same.
#[test]
fn finishing_reminds_of_what_was_left_and_refuses_nothing() {
    let (_council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    let before = working.before_finishing(&[visit]).unwrap();
    assert!(before.title.starts_with("Finish for Wren ("));
    assert!(before.left_for_you.is_empty());
    let mut family = enter(working, WREN, Some(visit));
    family.write(WORDS).unwrap();
    family.hand_in().unwrap();
    let mut working = leave(family);
    let before = working.before_finishing(&[visit]).unwrap();
    assert_eq!(before.left_for_you[0].title, "Wren left you 1 thing.");
    assert!(!json(&before).contains("another new"));
    let missing = working.finish(&[visit]).unwrap();
    assert!(matches!(
        missing,
        visitbook_device::model::Finishing::Missing(_)
    ));
}

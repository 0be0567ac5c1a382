//! Files that belong to records: encrypted once, never ahead of words, resumed after every cut, and gone with their child.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use common::files::{Cut, Files, Held, Lie, Line};
use common::{BRYONY, Council, FINCH, PIN, Phone, ROWAN, WREN, larkspurs, pull, visit_to_wren};
use visitbook_device::model::AttachmentView;
use visitbook_device::sync::engine::{Config, Effect, Engine, Event};
use visitbook_device::sync::exchange::{HttpReply, Route};
use visitbook_device::sync::outcome::{Budget, Ended, Outcome, Trouble};
use visitbook_device::{FileError, SaveError, VoiceGiven, Working};
use visitbook_record::attachment::Attachment;
use visitbook_record::id::RecordId;
use visitbook_record::limits::ATTACHMENT_BYTES;
use visitbook_record::op::Kind;
use visitbook_record::wire::MEDIA_TYPE;
use visitbook_seal::attachment::CHUNK;
use visitbook_seal::bundle::EpochStatement;

/// Every chunk differs from every other.
fn drawing(length: usize) -> Vec<u8> {
    (0..length)
        .map(|at| (at / 251) as u8 ^ (at % 251) as u8)
        .collect()
}

fn names(phone: &Phone) -> Vec<String> {
    let folder = phone.path().join("attachments");
    let Ok(entries) = std::fs::read_dir(folder) else {
        return Vec::new();
    };
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn with_ending(phone: &Phone, ending: &str) -> Vec<PathBuf> {
    let all = names(phone).into_iter();
    all.filter(|name| name.ends_with(ending))
        .map(|name| phone.path().join("attachments").join(name))
        .collect()
}

fn only(working: &Working, record: RecordId) -> AttachmentView {
    let mut all = working.attachments(record).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

fn opened(working: &Working, record: RecordId) -> Result<Vec<u8>, FileError> {
    working.attachment_bytes(record, only(working, record).op)
}

fn status(working: &Working, record: RecordId) -> (String, String, String) {
    let all = working.statuses().unwrap();
    let status = all
        .into_iter()
        .find(|one| one.record == record)
        .unwrap()
        .status;
    (status.code, status.title, status.detail)
}

/// Everything in a folder and below, as it lies.
fn on_disk(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(on_disk(&path));
        } else {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    all
}

fn went_through(outcome: &Outcome) {
    assert_eq!(outcome.ended, Ended::Complete);
    assert_eq!(outcome.trouble, None);
    assert!(!outcome.more_waiting);
}

fn only_file(files: &Mutex<Files>) -> std::sync::MutexGuard<'_, Files> {
    let files = files.lock().unwrap();
    assert_eq!(files.held.len(), 1);
    files
}

fn times(held: &Held) -> Vec<u32> {
    held.came.values().copied().collect()
}

#[test]
fn what_is_attached_comes_back_whatever_its_size() {
    let (_council, _phone, mut working) = larkspurs();
    for length in [1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 7] {
        let visit = visit_to_wren(&mut working);
        let before = working.attachments(visit).unwrap().len();
        working
            .attach_bytes(visit, "drawing", &drawing(length))
            .unwrap();
        let file = working.attachments(visit).unwrap().remove(before);
        assert_eq!((file.no, file.size), (before + 1, length as u64));
        assert_eq!((file.what.as_str(), file.here), ("drawing", true));
        assert_eq!(file.state, "only_here");
        assert_eq!(file.state_words, "Only on this phone");
        assert!(working.attachment_bytes(visit, file.op).unwrap() == drawing(length));
    }
}

/// Says nothing, and must not be asked.
struct Untouched;

impl Read for Untouched {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        panic!("a file that is too large is not read");
    }
}

/// Fails part of the way.
struct Failing(usize);

impl Read for Failing {
    fn read(&mut self, to: &mut [u8]) -> io::Result<usize> {
        let length = to.len().min(self.0);
        self.0 -= length;
        if length == 0 {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        to[..length].fill(7);
        Ok(length)
    }
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let (_council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    let content = drawing(2 * CHUNK + 5);
    let length = content.len() as u64;
    let mut attach = |what: &str, size: u64, from: &mut dyn Read| {
        working.attach(visit, what, size, from).unwrap_err()
    };
    assert!(matches!(
        attach("drawing", 0, &mut io::empty()),
        SaveError::Empty { .. }
    ));
    for claimed in [length - 1, length + 1, length + CHUNK as u64, 1] {
        assert!(matches!(
            attach("drawing", claimed, &mut &content[..]),
            SaveError::FileLength
        ));
    }
    for claimed in [ATTACHMENT_BYTES + 1, u64::MAX] {
        assert!(matches!(
            attach("drawing", claimed, &mut Untouched),
            SaveError::FileTooLarge
        ));
    }
    assert!(matches!(
        attach("drawing", length, &mut Failing(CHUNK + 9)),
        SaveError::FileUnreadable(_)
    ));
    assert!(matches!(
        attach("recording", length, &mut &content[..]),
        SaveError::UnknownCode { .. }
    ));
    assert!(matches!(
        working.attach_bytes(RecordId([9; 16]), "drawing", &content),
        Err(SaveError::UnknownRecord(_))
    ));
    assert_eq!(names(&phone), Vec::<String>::new());
    assert!(working.attachments(visit).unwrap().is_empty());
}

#[test]
fn the_largest_file_is_taken() {
    let (_council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    let mut from = io::repeat(7).take(ATTACHMENT_BYTES);
    working
        .attach(visit, "other", ATTACHMENT_BYTES, &mut from)
        .unwrap();
    let file = only(&working, visit);
    assert_eq!(file.size, ATTACHMENT_BYTES);
    let mut length = 0u64;
    struct Count<'a>(&'a mut u64);
    impl io::Write for Count<'_> {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            assert!(bytes.iter().all(|byte| *byte == 7));
            *self.0 += bytes.len() as u64;
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    let given = working.open_attachment(visit, file.op, &mut Count(&mut length));
    assert_eq!(
        (given.unwrap(), length),
        (ATTACHMENT_BYTES, ATTACHMENT_BYTES)
    );
    assert_eq!(names(&phone).len(), 1);
}

#[test]
fn a_part_is_that_part_wherever_it_begins_and_a_changed_chunk_spoils_only_its_own_parts() {
    let (_council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    let whole = drawing(2 * CHUNK + 300);
    working.attach_bytes(visit, "drawing", &whole).unwrap();
    let op = only(&working, visit).op;
    let edges = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, whole.len()];
    for from in edges {
        for length in [0, 1, 100, CHUNK, whole.len(), u32::MAX as usize] {
            let part = working
                .attachment_part(visit, op, from as u64, length as u32)
                .unwrap();
            let until = from.saturating_add(length).min(whole.len());
            assert!(part == whole[from..until], "{from} {length}");
        }
    }
    for from in [whole.len() as u64 + 1, u64::MAX] {
        let part = working.attachment_part(visit, op, from, 10).unwrap();
        assert!(part.is_empty());
    }

    let [file] = &with_ending(&phone, "out")[..] else {
        panic!("one file")
    };
    let mut bytes = std::fs::read(file).unwrap();
    bytes[CHUNK + 100] ^= 1;
    std::fs::write(file, bytes).unwrap();
    let part = working.attachment_part(visit, op, 0, 100).unwrap();
    assert!(part == whole[..100]);
    let spoilt = working.attachment_part(visit, op, CHUNK as u64 + 7, 100);
    assert!(matches!(spoilt, Err(FileError::Damaged)));
}

#[test]
fn nothing_of_a_file_lies_readable_on_the_disk() {
    let (_council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    let canary = b"CANARY-drawing-dotterel ".repeat(9_000);
    working.attach_bytes(visit, "drawing", &canary).unwrap();
    assert!(opened(&working, visit).unwrap() == canary);
    let readable = |all: &[u8]| all.windows(6).any(|part| part == b"CANARY");
    assert!(readable(&canary));
    assert!(!readable(&on_disk(phone.path())));
    drop(working.lock());
    assert!(!readable(&on_disk(phone.path())));
}

#[test]
fn the_same_file_is_encrypted_and_sent_once() {
    let (council, phone, mut working) = larkspurs();
    let visits = working.begin_visit(&[WREN, FINCH]).unwrap();
    for (visit, what) in visits.iter().zip(["drawing", "photo"]) {
        working
            .attach_bytes(*visit, what, &drawing(CHUNK + 1))
            .unwrap();
    }
    assert_eq!(with_ending(&phone, ".out").len(), 1);
    let files = Mutex::default();
    went_through(&Line::new(&council, &files).sync(&mut working));
    assert_eq!(
        times(only_file(&files).held.values().next().unwrap()),
        [1, 1]
    );
    // Also after it was handed in.
    working
        .attach_bytes(visits[0], "drawing", &drawing(CHUNK + 1))
        .unwrap();
    let line = Line::new(&council, &files);
    went_through(&line.sync(&mut working));
    assert!(!line.routes().contains(&Route::Attachments));
    assert_eq!(names(&phone).len(), 1);
    let whats: Vec<String> = visits
        .iter()
        .flat_map(|visit| working.attachments(*visit).unwrap())
        .map(|file| {
            assert_eq!(file.state, "council");
            file.what
        })
        .collect();
    assert_eq!(whats, ["drawing", "drawing", "photo"]);
    for visit in visits {
        for file in working.attachments(visit).unwrap() {
            assert!(working.attachment_bytes(visit, file.op).unwrap() == drawing(CHUNK + 1));
        }
    }
    assert!(working.verify().unwrap().problems.is_empty());
}

#[test]
fn words_go_first_and_the_status_says_what_is_only_here() {
    let (council, _phone, mut working) = larkspurs();
    let files = Mutex::new(Files {
        refuses: true,
        ..Files::default()
    });
    let visit = visit_to_wren(&mut working);
    working
        .note(visit, "saw", "She drew the whole time.")
        .unwrap();
    working
        .attach_bytes(visit, "drawing", &drawing(5 * CHUNK))
        .unwrap();
    assert_eq!(status(&working, visit).1, "Saved here, not sent");

    let line = Line::new(&council, &files);
    let outcome = line.sync(&mut working);
    assert_eq!(
        (outcome.ended, outcome.more_waiting),
        (Ended::Complete, true)
    );
    let routes = line.routes();
    let first = routes.iter().position(|route| *route == Route::Attachments);
    assert!(
        routes[first.unwrap()..]
            .iter()
            .all(|route| !matches!(route, Route::Upload | Route::Pull)),
        "{routes:?}"
    );
    let (code, title, detail) = status(&working, visit);
    assert_eq!(code, "files_here");
    assert_eq!(
        title,
        "Words are with the council, 1 drawing only on this phone"
    );
    assert_eq!(
        detail,
        "On this phone since 09:52. It goes by itself when there is enough signal."
    );
    let expected = working.expected_files().unwrap();
    assert_eq!(expected.len(), 1);
    assert_eq!(expected[0].file.state, "only_here");

    working
        .attach_bytes(visit, "photo", &drawing(CHUNK / 2))
        .unwrap();
    assert_eq!(status(&working, visit).1, "Saved here, not sent");
    line.sync(&mut working);
    assert_eq!(
        status(&working, visit).1,
        "Words are with the council, 1 drawing and 1 photo only on this phone"
    );

    files.lock().unwrap().refuses = false;
    let outcome = line.sync(&mut working);
    went_through(&outcome);
    assert_eq!(outcome.progress.files_received, 2);
    assert_eq!(outcome.progress.file_chunks, 6);
    assert_eq!(status(&working, visit).1, "The council has it · 09:53");
    assert!(working.expected_files().unwrap().is_empty());
    let states = working.attachments(visit).unwrap();
    assert!(
        states
            .iter()
            .all(|file| file.state == "council" && file.here)
    );
}

/// What is written while a file is on its way goes before its next part.
#[test]
fn new_words_do_not_wait_for_a_file() {
    let (council, _phone, mut working) = larkspurs();
    let files = Mutex::default();
    let line = Line::new(&council, &files);
    let visit = visit_to_wren(&mut working);
    working
        .attach_bytes(visit, "drawing", &drawing(40 * CHUNK))
        .unwrap();
    let mut engine = Engine::new(Config::default());
    let mut effect = engine
        .step(
            &mut working,
            Event::Begin {
                now: 0,
                budget: Budget::default(),
                random: 0,
                asked: true,
            },
        )
        .unwrap();
    let (mut requests, mut written_after) = (Vec::new(), None);
    for now in 1.. {
        let Effect::Send { route, body, .. } = effect else {
            break;
        };
        requests.push(route);
        // The third request about the file is out: something urgent is written.
        let about_files = requests
            .iter()
            .filter(|route| **route == Route::Attachments);
        if about_files.count() == 3 && written_after.is_none() {
            working
                .concern(&[WREN], Some(visit), "manager_today", "No food.", None)
                .unwrap();
            written_after = Some(requests.len());
        }
        let reply = HttpReply {
            status: 200,
            media_type: Some(MEDIA_TYPE.to_owned()),
            retry_after: None,
            body: line.answer(route, &body),
        };
        effect = engine
            .step(&mut working, Event::Reply { now, reply })
            .unwrap();
    }
    let Effect::Done(outcome) = effect else {
        panic!("the run did not end");
    };
    went_through(&outcome);
    assert_eq!(requests[written_after.unwrap()], Route::Upload);
    assert!(requests.len() > written_after.unwrap() + 2);
    assert!(
        times(only_file(&files).held.values().next().unwrap())
            .iter()
            .all(|n| *n == 1)
    );
}

/// The device is killed, or the line is cut, at every request in turn.
#[test]
fn a_cut_anywhere_costs_one_question_and_no_chunk_is_lost() {
    const CHUNKS: usize = 23;
    for cut in [Cut::Before, Cut::After] {
        for at in 0..6 {
            let (council, phone, mut working) = larkspurs();
            let files = Mutex::default();
            let visit = visit_to_wren(&mut working);
            working
                .attach_bytes(visit, "photo", &drawing(CHUNKS * CHUNK - 3))
                .unwrap();
            let outcome = Line::new(&council, &files)
                .cutting(at, cut)
                .sync(&mut working);
            if outcome.trouble.is_none() {
                assert!(at > 3, "{cut:?} {at}: fewer requests than the test is for");
                continue;
            }
            assert_eq!(outcome.trouble, Some(Trouble::LineLost));
            // Killed: nothing is closed.
            drop(working);
            let mut working = phone.unlock();
            let title = status(&working, visit).1;
            assert_eq!(
                title,
                "Words are with the council, 1 photo only on this phone"
            );
            went_through(&Line::new(&council, &files).sync(&mut working));
            let files = only_file(&files);
            let held = files.held.values().next().unwrap();
            assert_eq!(held.chunks.len(), CHUNKS);
            assert!(times(held).iter().all(|n| *n == 1), "{cut:?} {at}");
            assert_eq!(status(&working, visit).0, "council_has_it");
            assert!(opened(&working, visit).unwrap() == drawing(CHUNKS * CHUNK - 3));
        }
    }
}

/// The council loses what it had not yet made durable.
#[test]
fn chunks_that_the_council_lost_go_again() {
    let (council, _phone, mut working) = larkspurs();
    let files = Mutex::default();
    let visit = visit_to_wren(&mut working);
    working
        .attach_bytes(visit, "photo", &drawing(40 * CHUNK))
        .unwrap();
    let line = Line::new(&council, &files).cutting(3, Cut::Before);
    assert_eq!(line.sync(&mut working).trouble, Some(Trouble::LineLost));
    {
        let mut files = files.lock().unwrap();
        let held = files.held.values_mut().next().unwrap();
        assert!(held.chunks.len() > 1);
        let first = *held.chunks.keys().next().unwrap();
        held.chunks.remove(&first);
    }
    // In the same process, which remembers what the council had said it has.
    let line = Line::new(&council, &files);
    line.sync(&mut working);
    went_through(&line.sync(&mut working));
    assert_eq!(
        only_file(&files).held.values().next().unwrap().chunks.len(),
        40
    );
}

#[test]
fn a_locked_phone_hands_files_in() {
    let (council, phone, mut working) = larkspurs();
    let files = Mutex::default();
    let visit = visit_to_wren(&mut working);
    working
        .attach_bytes(visit, "drawing", &drawing(4 * CHUNK))
        .unwrap();
    let mut locked = working.lock();
    let outcome = Line::new(&council, &files).sync(&mut locked);
    assert_eq!(
        (outcome.ended, outcome.more_waiting),
        (Ended::Complete, false)
    );
    assert_eq!(outcome.progress.files_received, 1);
    assert_eq!(with_ending(&phone, ".receipt").len(), 1);
    // Not again.
    let line = Line::new(&council, &files);
    line.sync(&mut locked);
    assert!(!line.routes().contains(&Route::Attachments));
    let working = locked.unlock(PIN).unwrap();
    assert_eq!(status(&working, visit).0, "council_has_it");
    assert_eq!(with_ending(&phone, ".kept").len(), 1);
    assert_eq!(names(&phone).len(), 1);
    assert!(opened(&working, visit).unwrap() == drawing(4 * CHUNK));
}

#[test]
fn only_the_councils_own_word_for_this_very_file_counts() {
    for lie in [Lie::OtherKey, Lie::OtherFile, Lie::NoReceipt] {
        let (council, phone, mut working) = larkspurs();
        let files = Mutex::new(Files {
            lie: Some(lie),
            ..Files::default()
        });
        let visit = visit_to_wren(&mut working);
        working
            .attach_bytes(visit, "drawing", &drawing(2 * CHUNK))
            .unwrap();
        let line = Line::new(&council, &files);
        assert!(line.sync(&mut working).more_waiting, "{lie:?}");
        // It does not go on trying within one run.
        assert!(line.routes().len() < 8, "{lie:?}");
        assert_eq!(status(&working, visit).0, "files_here", "{lie:?}");
        let mut locked = working.lock();
        assert!(line.sync(&mut locked).more_waiting, "{lie:?}");
        assert_eq!(with_ending(&phone, ".receipt").len(), 0, "{lie:?}");
        files.lock().unwrap().lie = None;
        went_through(&line.sync(&mut locked.unlock(PIN).unwrap()));
    }
}

/// A receipt that somebody put there.
#[test]
fn a_forged_receipt_beside_a_locked_book_is_dropped() {
    let (council, phone, mut working) = larkspurs();
    let files = Mutex::default();
    let visit = visit_to_wren(&mut working);
    working
        .attach_bytes(visit, "drawing", &drawing(10))
        .unwrap();
    common::push(&council, &mut working);
    drop(working.lock());
    let out = with_ending(&phone, ".out").remove(0);
    for forged in [&b""[..], b"\x82\x41\x00\x41\x00", &[0xff; 90]] {
        std::fs::write(out.with_extension("receipt"), forged).unwrap();
        let working = phone.unlock();
        assert_eq!(status(&working, visit).0, "files_here");
        assert_eq!(with_ending(&phone, ".receipt").len(), 0);
        drop(working.lock());
    }
    went_through(&Line::new(&council, &files).sync(&mut phone.unlock()));
}

fn bryony(council: &Mutex<Council>) -> (Phone, Working) {
    let (phone, mut working) = Phone::enrol(council, BRYONY, "Bryony's tablet");
    pull(council, &mut working);
    (phone, working)
}

#[test]
fn a_colleague_sees_that_there_is_one_and_fetches_it_on_demand() {
    let (council, _phone, mut rowan) = larkspurs();
    let (phone, mut working) = bryony(&council);
    let files = Mutex::new(Files {
        refuses: true,
        at_a_time: 3,
        ..Files::default()
    });
    let visit = visit_to_wren(&mut rowan);
    let content = drawing(10 * CHUNK + 1);
    rowan.attach_bytes(visit, "drawing", &content).unwrap();
    let line = Line::new(&council, &files);
    line.sync(&mut rowan);

    // The words are there, the bytes are not.
    line.sync(&mut working);
    let file = only(&working, visit);
    assert_eq!((file.state.as_str(), file.here), ("expected", false));
    assert_eq!(file.expected_from.as_deref(), Some("Rowan's phone"));
    assert_eq!(
        file.state_words,
        "1 drawing still on Rowan's phone. Last heard 09:53."
    );
    assert_eq!(working.expected_files().unwrap().len(), 1);
    assert!(matches!(opened(&working, visit), Err(FileError::NotHere)));
    assert!(!working.want_attachment(visit, file.op).unwrap());
    let outcome = line.sync(&mut working);
    assert_eq!(outcome.ended, Ended::Complete);
    assert!(names(&phone).is_empty());

    files.lock().unwrap().refuses = false;
    went_through(&line.sync(&mut rowan));
    // Cut in the middle of the fetch, on either side of the answer, and killed.
    for cut in [Cut::Before, Cut::After] {
        let cut = Line::new(&council, &files).cutting(1, cut);
        assert_eq!(cut.sync(&mut working).trouble, Some(Trouble::LineLost));
        drop(working);
        working = phone.unlock();
        assert!(matches!(opened(&working, visit), Err(FileError::NotHere)));
    }
    let line = Line::new(&council, &files);
    let outcome = line.sync(&mut working);
    went_through(&outcome);
    assert_eq!(outcome.progress.files_fetched, 1);
    // What had come before the cuts did not come again: 11 chunks, of which at least 6 were here.
    assert!(outcome.progress.file_chunks <= 5);
    let file = only(&working, visit);
    assert_eq!((file.state.as_str(), file.here), ("council", true));
    assert!(opened(&working, visit).unwrap() == content);
    // And nothing more to ask.
    let line = Line::new(&council, &files);
    line.sync(&mut working);
    assert_eq!(line.routes(), [Route::Pull]);
}

#[test]
fn a_file_that_was_touched_on_the_way_is_not_taken() {
    for lie in [Lie::Reordered, Lie::Foreign, Lie::CutShort, Lie::OtherList] {
        let (council, _phone, mut rowan) = larkspurs();
        let (phone, mut working) = bryony(&council);
        let files = Mutex::new(Files {
            at_a_time: 3,
            ..Files::default()
        });
        let visits = rowan.begin_visit(&[WREN, FINCH]).unwrap();
        let contents = [drawing(3 * CHUNK), drawing(3 * CHUNK - 1)];
        for (visit, content) in visits.iter().zip(&contents) {
            rowan.attach_bytes(*visit, "drawing", content).unwrap();
        }
        let line = Line::new(&council, &files);
        went_through(&line.sync(&mut rowan));
        line.sync(&mut working);
        let op = only(&working, visits[0]).op;
        working.want_attachment(visits[0], op).unwrap();
        files.lock().unwrap().lie = Some(lie);
        let outcome = line.sync(&mut working);
        assert_eq!(outcome.progress.files_fetched, 0, "{lie:?}");
        assert_eq!(with_ending(&phone, ".kept").len(), 0, "{lie:?}");
        assert!(
            matches!(opened(&working, visits[0]), Err(FileError::NotHere)),
            "{lie:?}"
        );
        files.lock().unwrap().lie = None;
        went_through(&line.sync(&mut working));
        assert!(
            opened(&working, visits[0]).unwrap() == contents[0],
            "{lie:?}"
        );
    }
}

#[test]
fn what_the_disk_changed_does_not_open_and_says_so() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working
        .attach_bytes(visit, "drawing", &drawing(3 * CHUNK))
        .unwrap();
    let path = with_ending(&phone, ".out").remove(0);
    let whole = std::fs::read(&path).unwrap();
    let mut cases = vec![
        ("empty", Vec::new()),
        ("cut", whole[..whole.len() - 1].to_vec()),
        ("cut to one chunk", whole[..CHUNK].to_vec()),
        ("longer", [&whole[..], &[0]].concat()),
    ];
    for at in [0, CHUNK, 2 * CHUNK + 100, whole.len() - 40, whole.len() - 1] {
        let mut flipped = whole.clone();
        flipped[at] ^= 1;
        cases.push(("flipped", flipped));
    }
    for (name, changed) in cases {
        std::fs::write(&path, changed).unwrap();
        assert!(
            matches!(opened(&working, visit), Err(FileError::Damaged)),
            "{name}"
        );
        let problems = working.verify().unwrap().problems;
        assert_eq!(problems.len(), 1, "{name}: {problems:?}");
    }
    // It cannot go, everything else can, and nobody is told that the council has it.
    let files = Mutex::default();
    assert!(Line::new(&council, &files).sync(&mut working).more_waiting);
    assert_eq!(status(&working, visit).0, "files_here");
    let alarms = working.alarms().unwrap();
    assert!(alarms.iter().any(|alarm| alarm.kind == "file_damaged"));
    // Asking for it does not give up the only copy.
    let op = only(&working, visit).op;
    assert!(working.want_attachment(visit, op).unwrap());
    std::fs::write(&path, &whole).unwrap();
    went_through(&Line::new(&council, &files).sync(&mut working));
    assert!(opened(&working, visit).unwrap() == drawing(3 * CHUNK));

    // Once the council has it, it is fetched again.
    std::fs::write(path.with_extension("kept"), &whole[1..]).unwrap();
    assert!(!working.want_attachment(visit, op).unwrap());
    went_through(&Line::new(&council, &files).sync(&mut working));
    assert!(opened(&working, visit).unwrap() == drawing(3 * CHUNK));
    assert!(working.want_attachment(visit, op).unwrap());
}

#[test]
fn what_a_crash_left_between_book_and_folder_is_put_right() {
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working
        .attach_bytes(visit, "drawing", &drawing(CHUNK))
        .unwrap();
    drop(working);
    let out = with_ending(&phone, ".out").remove(0);
    // It is in the book, and the phone died before its file got its name.
    std::fs::rename(&out, out.with_extension("new")).unwrap();
    // These never came to be in the book.
    let folder = phone.path().join("attachments");
    std::fs::write(folder.join("making"), b"half").unwrap();
    let never = format!("{}.new", "ab".repeat(32));
    std::fs::write(folder.join(&never), b"whole").unwrap();
    let mut working = phone.unlock();
    assert_eq!(with_ending(&phone, ".out"), [out]);
    assert_eq!(names(&phone).len(), 1);
    assert!(opened(&working, visit).unwrap() == drawing(CHUNK));
    went_through(&Line::new(&council, &Mutex::default()).sync(&mut working));
}

#[test]
fn a_file_goes_with_its_child_and_only_once_it_is_handed_in() {
    let (council, phone, mut working) = larkspurs();
    let files = Mutex::new(Files {
        refuses: true,
        ..Files::default()
    });
    let visits = working.begin_visit(&[WREN, FINCH]).unwrap();
    for (visit, length) in visits.iter().zip([3 * CHUNK, 2 * CHUNK]) {
        working
            .attach_bytes(*visit, "drawing", &drawing(length))
            .unwrap();
    }
    let line = Line::new(&council, &files);
    line.sync(&mut working);
    council.lock().unwrap().unassign(ROWAN, WREN);
    line.sync(&mut working);
    // The screen is closed, and the bytes wait for their receipt; they go also from a phone that was killed and locked.
    assert!(working.attachments(visits[0]).is_err());
    assert_eq!(with_ending(&phone, ".out").len(), 2);
    drop(working);
    let mut locked = phone.unlock().lock();
    files.lock().unwrap().refuses = false;
    line.sync(&mut locked);
    assert_eq!(files.lock().unwrap().held.len(), 2);
    let mut working = locked.unlock(PIN).unwrap();
    line.sync(&mut working);
    let left = names(&phone);
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(opened(&working, visits[1]).unwrap() == drawing(2 * CHUNK));
    let purged: BTreeSet<bool> = council
        .lock()
        .unwrap()
        .commits_of(visitbook_record::scope::Scope::Worker(ROWAN))
        .iter()
        .map(|(commit, _)| commit.ops.iter().any(|op| op.kind == Kind::Purged))
        .collect();
    assert!(purged.contains(&true));
    assert!(working.verify().unwrap().problems.is_empty());
}

#[test]
fn a_file_for_two_children_stays_while_one_of_them_does() {
    let (council, phone, mut working) = larkspurs();
    let files = Mutex::default();
    let visits = working.begin_visit(&[WREN, FINCH]).unwrap();
    for visit in &visits {
        working
            .attach_bytes(*visit, "photo", &drawing(2 * CHUNK))
            .unwrap();
    }
    let line = Line::new(&council, &files);
    went_through(&line.sync(&mut working));
    for (child, left) in [(WREN, 1), (FINCH, 0)] {
        council.lock().unwrap().unassign(ROWAN, child);
        line.sync(&mut working);
        line.sync(&mut working);
        assert_eq!(names(&phone).len(), left);
        if left > 0 {
            assert!(opened(&working, visits[1]).unwrap() == drawing(2 * CHUNK));
        }
    }
}

#[test]
fn a_childs_own_file_is_the_childs_words_and_a_late_one_stands_beside_the_page() {
    let (council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    let given = VoiceGiven {
        how: "drew_or_made".to_owned(),
        ..VoiceGiven::default()
    };
    let (voice, _) = working.voice(WREN, Some(visit), &given).unwrap();
    // Not a picture that any decoder knows: taken byte for byte all the same.
    let content = b"\x89PNG\r\n\x1a\n and then no picture at all".to_vec();
    working.attach_bytes(voice, "drawing", &content).unwrap();
    assert_eq!(only(&working, voice).media_type, "image/png");
    assert!(opened(&working, voice).unwrap() == content);

    working
        .attach_bytes(visit, "letter", &drawing(500))
        .unwrap();
    assert!(!only(&working, visit).late);
    let history = working.history(visit).unwrap();
    let attached = history
        .iter()
        .find(|version| version.kind == "attach")
        .unwrap();
    assert_eq!(attached.text.as_deref(), Some("letter"));
    // A child's own file goes up before the letter that was attached first.
    let files = Mutex::default();
    let line = Line::new(&council, &files);
    went_through(&line.sync(&mut working));
    let page = working.page(voice).unwrap();
    assert_eq!(page.attachments.len(), 1);
    assert!(
        page.questions
            .iter()
            .all(|question| question.field != "attachment")
    );
}

/// The key is in the payload: with another one, or another length, nothing comes out.
#[test]
fn a_statement_with_another_key_or_length_opens_nothing() {
    use visitbook_record::commit::RecordKind;
    use visitbook_record::op::Target;
    use visitbook_record::payload::Content;
    let (council, phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working
        .attach_bytes(visit, "drawing", &drawing(2 * CHUNK))
        .unwrap();
    let files = Mutex::default();
    let line = Line::new(&council, &files);
    went_through(&line.sync(&mut working));
    let name = with_ending(&phone, ".kept").remove(0);
    let id: visitbook_seal::attachment::AttachmentId =
        name.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    let lies = [2 * CHUNK as u64, 1].map(|size| Attachment {
        id: id.0,
        key: [7; 32],
        media_type: "image/png".into(),
        size,
        what: "drawing".into(),
    });
    for (number, lie) in lies.into_iter().enumerate() {
        council.lock().unwrap().write(
            visit,
            RecordKind::Visit,
            visitbook_record::scope::Scope::Child(WREN),
            vec![(
                Kind::Attach,
                Target::element("attachment", format!("lie-{number}")),
                Content::Attachment(lie),
            )],
        );
    }
    line.sync(&mut working);
    let files = working.attachments(visit).unwrap();
    assert_eq!(files.len(), 3);
    let open = |at: usize| working.attachment_bytes(visit, files[at].op);
    assert!(open(0).unwrap() == drawing(2 * CHUNK));
    assert!(matches!(open(1), Err(FileError::WrongKey)));
    assert!(matches!(open(2), Err(FileError::OtherSize)));
}

/// A restored council is asked again for every file, and given those that its back-up lacks.
#[test]
fn what_a_restored_council_lost_of_a_file_is_handed_in_again() {
    for lost in [false, true] {
        let (council, phone, mut working) = larkspurs();
        let files = Mutex::default();
        let visit = visit_to_wren(&mut working);
        working
            .attach_bytes(visit, "drawing", &drawing(3 * CHUNK))
            .unwrap();
        let line = Line::new(&council, &files);
        went_through(&line.sync(&mut working));
        assert_eq!(only(&working, visit).state, "council");
        if lost {
            files.lock().unwrap().held.clear();
        }
        let restored = council.lock().unwrap().bundle_with(|bundle, control| {
            bundle.serial = 2;
            bundle.epoch = EpochStatement {
                number: 2,
                id: [8; 16],
                base: vec![],
            }
            .sign(control);
        });
        assert!(working.take_bundle(&restored).unwrap());
        assert_eq!(only(&working, visit).state, "only_here");
        // The screen closes in between.
        drop(working.lock());
        let mut working = phone.unlock();
        line.sync(&mut working);
        line.sync(&mut working);
        assert_eq!(only(&working, visit).state, "council");
        let came = times(only_file(&files).held.values().next().unwrap());
        assert_eq!(came, [1, 1, 1], "sent again only if it was lost: {lost}");
        assert!(opened(&working, visit).unwrap() == drawing(3 * CHUNK));
    }
}

/// Where it is the council tells only those who hold the child; handing in asks for no such right.
#[test]
fn a_file_that_a_restore_lost_is_handed_in_again_though_the_child_has_moved() {
    let (council, _phone, mut working) = larkspurs();
    let files = Mutex::default();
    let visit = visit_to_wren(&mut working);
    working
        .attach_bytes(visit, "drawing", &drawing(3 * CHUNK))
        .unwrap();
    let line = Line::new(&council, &files);
    went_through(&line.sync(&mut working));
    files.lock().unwrap().held.clear();
    let restored = council.lock().unwrap().bundle_with(|bundle, control| {
        bundle.serial = 2;
        bundle.epoch = EpochStatement {
            number: 2,
            id: [8; 16],
            base: vec![],
        }
        .sign(control);
    });
    assert!(working.take_bundle(&restored).unwrap());
    council.lock().unwrap().epoch = 2;
    council.lock().unwrap().unassign(ROWAN, WREN);
    for _ in 0..3 {
        line.sync(&mut working);
    }
    let came = times(only_file(&files).held.values().next().unwrap());
    assert_eq!(came, [1, 1, 1]);
}

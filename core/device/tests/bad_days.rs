//! Bad days: the files of a device are lost, emptied or cut short, one at a time, and so is every page of its book; a code
//! makes a device again of a folder that has words in it. What is lost is what the tables say, what is said is what the tables
//! say, and every word that was reported as saved reaches the council.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use common::{Council, PIN, Phone, ROWAN, TestClock, pull, push, sync, visit_to_wren};
use visitbook_device::sync::store::SyncStore;
use visitbook_device::{Device, EnrolError, Locked, OpenError, Working};
use visitbook_record::id::RecordId;
use visitbook_seal::hardware::SoftwareKeys;
use visitbook_seal::vault::Params;

const AT_THE_GATE: &str = "Quillwort at the gate";
const IN_THE_HALL: &str = "Harebell in the hall";

/// A phone that was locked in the middle of its work: of two notes one has gone out, and its answer lies unopened; the other
/// waits, and so does a drawing.
fn locked_at_work() -> (Mutex<Council>, Phone, RecordId) {
    let (council, phone, mut working) = common::larkspurs();
    let visit = visit_to_wren(&mut working);
    sync(&council, &mut working);
    working.note(visit, "saw", AT_THE_GATE).unwrap();
    working.note(visit, "saw", IN_THE_HALL).unwrap();
    working.attach_bytes(visit, "drawing", &[7; 3_000]).unwrap();
    let mut locked = working.lock();
    let first = locked.waiting(1, &common::no_keys()).unwrap();
    let bytes = first.into_iter().map(|parcel| parcel.bytes).collect();
    let answer = council.lock().unwrap().upload(bytes);
    locked.take_upload_answer(&answer).unwrap();
    (council, phone, visit)
}

/// The same phone, whose battery ran out.
fn killed_at_work() -> (Mutex<Council>, Phone, RecordId) {
    let (council, phone, mut working) = common::larkspurs();
    let visit = visit_to_wren(&mut working);
    sync(&council, &mut working);
    let mut working = working.lock().unlock(PIN).unwrap();
    working.note(visit, "saw", AT_THE_GATE).unwrap();
    working.note(visit, "saw", IN_THE_HALL).unwrap();
    // As it lies while the book is open: closing it would move everything into the main file.
    let killed = Phone {
        folder: tempfile::tempdir().unwrap(),
        hardware: Arc::new(SoftwareKeys::from_bytes(&phone.hardware.to_bytes()).unwrap()),
        clock: TestClock::new(),
    };
    copy_files(phone.path(), killed.path());
    (council, killed, visit)
}

fn notes(working: &Working, visit: RecordId) -> BTreeSet<String> {
    let page = working.visit(visit).unwrap();
    let versions = page.entries.into_iter().flat_map(|entry| entry.versions);
    versions.filter_map(|version| version.text).collect()
}

fn both() -> BTreeSet<String> {
    [AT_THE_GATE, IN_THE_HALL].map(str::to_owned).into()
}

/// What another device shows of the visit: what the council has.
fn with_the_council(council: &Mutex<Council>, visit: RecordId) -> BTreeSet<String> {
    let (_tablet, mut tablet) = Phone::enrol(council, ROWAN, "Rowan's tablet");
    pull(council, &mut tablet);
    notes(&tablet, visit)
}

/// The files of a device, by their names without what differs from one device to the next.
fn files(folder: &Path) -> Vec<(String, PathBuf)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            for (inner, path) in files(&path) {
                let kind = match Path::new(&inner).extension() {
                    Some(ending) => format!("*.{}", ending.to_str().unwrap()),
                    None => format!("{}*", inner.split('-').next().unwrap()),
                };
                all.push((format!("{name}/{kind}"), path));
            }
        } else {
            all.push((name, path));
        }
    }
    all.sort();
    all
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Harm {
    Deleted,
    Emptied,
    Halved,
}

impl Harm {
    const ALL: [Self; 3] = [Self::Deleted, Self::Emptied, Self::Halved];

    fn done_to(self, path: &Path) {
        match self {
            Self::Deleted => std::fs::remove_file(path).unwrap(),
            Self::Emptied => std::fs::write(path, b"").unwrap(),
            Self::Halved => {
                let whole = std::fs::read(path).unwrap();
                std::fs::write(path, &whole[..whole.len() / 2]).unwrap();
            }
        }
    }
}

/// What becomes of a device without one of its files.
#[derive(Debug, Clone, Copy)]
enum Then {
    /// It unlocks and nothing is missing.
    Nothing,
    /// It unlocks, every word is there, and `verify` says this of the file that is not.
    Says(&'static str),
    /// It does not unlock and says this; all that is sealed can be sent, and that is every word.
    StaysLocked(&'static str),
    /// It is no device any more until the council's code is entered again, with the same PIN; then nothing is missing.
    EnrolsAgain,
}

const MISSING: &str = "the book is missing from this device. Your signed work is safe: 3 sealed items wait to be sent. Let \
    it send what waits, which needs no PIN; then make another device with a new code: all that the council has comes back. \
    Keep this folder as it is for the council's ICT.";
const DAMAGED: &str = "the book is damaged. Your signed work is safe: 3 sealed items wait to be sent. Let it send what \
    waits, which needs no PIN; then make another device with a new code: all that the council has comes back. Keep this \
    folder as it is for the council's ICT.";
const NO_DRAWING: &str = "the council does not have it, and it is not on this device. If you still have what was attached, \
    attach it again; its words are not touched by this.";
const BAD_DRAWING: &str = "it is damaged on this device. If you still have what was attached, attach it again; its words \
    are not touched by this.";

#[test]
fn each_file_of_a_device_in_turn() {
    use Then::{EnrolsAgain, Nothing, Says, StaysLocked};
    // By file: deleted, emptied, cut in half.
    let table = [
        (
            "attachments/*.out",
            [Says(NO_DRAWING), Says(BAD_DRAWING), Says(BAD_DRAWING)],
        ),
        (
            "book.db",
            [
                StaysLocked(MISSING),
                StaysLocked(DAMAGED),
                StaysLocked(DAMAGED),
            ],
        ),
        ("council", [EnrolsAgain; 3]),
        ("lock", [Nothing; 3]),
        ("replies/*.reply", [Nothing; 3]),
        ("spool/segment*", [Nothing; 3]),
        ("vault.a", [Nothing; 3]),
        ("vault.b", [Nothing; 3]),
    ];
    let (_council, phone, _visit) = locked_at_work();
    let there: Vec<String> = files(phone.path())
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    assert_eq!(
        there,
        table.map(|(name, _)| name),
        "a file that no row speaks of"
    );
    for (file, then) in table {
        for (harm, then) in Harm::ALL.into_iter().zip(then) {
            let (council, phone, visit) = locked_at_work();
            let paths = files(phone.path());
            harm.done_to(&paths.iter().find(|(name, _)| name == file).unwrap().1);
            let what = format!("{file} {harm:?}");
            match then {
                Nothing => goes_on(&council, phone.unlock(), visit, &what, &[]),
                Says(words) => goes_on(&council, phone.unlock(), visit, &what, &[words]),
                StaysLocked(words) => {
                    let still = phone.open().unlock(PIN).err().unwrap();
                    assert_eq!(still.to_string(), words, "{what}");
                    let mut locked = still.locked;
                    push(&council, &mut locked);
                    assert_eq!(with_the_council(&council, visit), both(), "{what}");
                }
                EnrolsAgain => {
                    let closed = phone_of(&phone).err().unwrap();
                    assert!(matches!(closed, OpenError::NotEnrolled), "{what}");
                    let working = enrol_again(&council, &phone).unwrap().unlock(PIN).unwrap();
                    goes_on(&council, working, visit, &what, &[]);
                }
            }
        }
    }
}

/// Everything is there, all of it goes, and `verify` says these things and no other.
fn goes_on(
    council: &Mutex<Council>,
    mut working: Working,
    visit: RecordId,
    what: &str,
    says: &[&str],
) {
    assert_eq!(notes(&working, visit), both(), "{what}");
    let found = working.verify().unwrap().problems;
    assert_eq!(found.len(), says.len(), "{what}: {found:?}");
    for (found, says) in found.iter().zip(says) {
        assert!(found.ends_with(says), "{what}: {found}");
    }
    sync(council, &mut working);
    assert_eq!(working.sealed_waiting(), 0, "{what}");
    assert_eq!(with_the_council(council, visit), both(), "{what}");
}

fn phone_of(phone: &Phone) -> Result<Locked, OpenError> {
    Device::open(phone.path(), phone.hardware.clone(), phone.clock.clone())
}

fn enrol_again(
    council: &Mutex<Council>,
    phone: &Phone,
) -> Result<Locked, EnrolError<&'static str>> {
    let code = council.lock().unwrap().code(ROWAN);
    Device::enrol(
        phone.path(),
        phone.hardware.clone(),
        phone.clock.clone(),
        &code,
        PIN,
        Params::fast_for_tests(),
        "Rowan's phone",
        |step, body| council.lock().unwrap().exchange(step, body),
    )
}

/// Without its vault a device can never be unlocked again. What it had sealed still goes.
#[test]
fn what_is_sealed_can_be_sent_without_a_vault() {
    let (council, phone, visit) = locked_at_work();
    for name in ["vault.a", "vault.b"] {
        Harm::Deleted.done_to(&phone.path().join(name));
    }
    assert!(matches!(phone_of(&phone), Err(OpenError::Vault(_))));
    let mut sending = Device::open_to_send(phone.path()).unwrap();
    assert_eq!(sending.sealed_waiting(), 3);
    assert!(matches!(
        Device::open_to_send(phone.path()),
        Err(OpenError::Busy)
    ));
    push(&council, &mut sending);
    assert_eq!(with_the_council(&council, visit), both());
}

#[test]
fn a_code_never_makes_a_new_book_over_one_that_is_there() {
    let (council, phone, _visit) = locked_at_work();
    std::fs::remove_file(phone.path().join("council")).unwrap();
    let book = phone.path().join("book.db");
    let whole = std::fs::read(&book).unwrap();
    let mut damaged = whole.clone();
    damaged[100] ^= 1;
    std::fs::write(&book, &damaged).unwrap();
    assert!(matches!(
        enrol_again(&council, &phone),
        Err(EnrolError::Store(_))
    ));
    assert_eq!(std::fs::read(&book).unwrap(), damaged);
    std::fs::write(&book, &whole).unwrap();
    assert!(enrol_again(&council, &phone).is_ok());
    assert_eq!(std::fs::read(&book).unwrap(), whole);
}

/// What was written since the last lock lies in the write-ahead log alone. Without it, or with a part of it, the book is an
/// older one, which the spool remembers.
#[test]
fn the_write_ahead_log_of_a_killed_phone_lost_or_cut_anywhere() {
    let (_council, phone, _visit) = killed_at_work();
    let length = std::fs::metadata(phone.path().join("book.db-wal"))
        .unwrap()
        .len();
    let cuts = (0..8).map(|eighth| Some(length * eighth / 8)).chain([None]);
    for cut in cuts {
        let (council, phone, visit) = killed_at_work();
        let wal = phone.path().join("book.db-wal");
        match cut {
            Some(cut) => {
                let whole = std::fs::read(&wal).unwrap();
                let cut = usize::try_from(cut).unwrap().min(whole.len());
                std::fs::write(&wal, &whole[..cut]).unwrap();
            }
            None => std::fs::remove_file(&wal).unwrap(),
        }
        let mut working = phone.unlock();
        sync(&council, &mut working);
        sync(&council, &mut working);
        assert_eq!(notes(&working, visit), both(), "{cut:?}");
        assert_eq!(
            working.verify().unwrap().problems,
            Vec::<String>::new(),
            "{cut:?}"
        );
        assert_eq!(with_the_council(&council, visit), both(), "{cut:?}");
    }
}

#[test]
fn each_page_of_the_book_in_turn() {
    let (council, phone, visit) = locked_at_work();
    let book = phone.path().join("book.db");
    let keystore = phone.hardware.to_bytes();
    let whole = std::fs::read(&book).unwrap();
    for page in 0..whole.len() / 4096 {
        let mut bytes = whole.clone();
        bytes[page * 4096 + 1_000] ^= 1;
        let folder = tempfile::tempdir().unwrap();
        copy_files(phone.path(), folder.path());
        std::fs::write(folder.path().join("book.db"), &bytes).unwrap();
        let hardware = Arc::new(SoftwareKeys::from_bytes(&keystore).unwrap());
        let open = Device::open(folder.path(), hardware, TestClock::new()).unwrap();
        let mut locked = match open.unlock(PIN) {
            Ok(working) => {
                let found = working.verify().map(|found| found.problems);
                assert!(
                    !found.is_ok_and(|found| found.is_empty()),
                    "page {page} is not noticed"
                );
                working.lock()
            }
            Err(still) => {
                let said = still.to_string();
                assert!(
                    said.contains("the book is damaged. Your signed work is safe"),
                    "{said}"
                );
                still.locked
            }
        };
        push(&council, &mut locked);
    }
    assert_eq!(with_the_council(&council, visit), both());
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

/// On the night when the clocks go back, an hour happens twice; in spring one is left out.
#[test]
fn the_nights_when_the_clocks_change() {
    const MINUTE: i64 = 60_000;
    // 25 October 2026, 00:30 in summer time; by universal time that is the day before.
    const BEFORE_AUTUMN: i64 = 1_792_884_600_000;
    // 28 March 2027, 00:30.
    const BEFORE_SPRING: i64 = 1_806_193_800_000;
    for (start, day, times) in [
        (
            BEFORE_AUTUMN,
            "2026-10-25",
            ["00:30", "01:30", "01:30", "02:30"],
        ),
        (
            BEFORE_SPRING,
            "2027-03-28",
            ["00:30", "02:30", "03:30", "04:30"],
        ),
    ] {
        let (council, phone, mut working) = common::larkspurs();
        phone.clock.set_wall(start);
        council.lock().unwrap().now = start;
        let visit = visit_to_wren(&mut working);
        for hour in 0..4 {
            working.note(visit, "saw", &format!("hour {hour}")).unwrap();
            phone.clock.pass(60 * MINUTE);
        }
        sync(&council, &mut working);
        let page = working.visit(visit).unwrap();
        let shown: Vec<_> = page
            .entries
            .iter()
            .map(|entry| &entry.versions[0])
            .map(|one| {
                (
                    one.text.clone().unwrap(),
                    one.written.date.clone(),
                    one.written.time.clone(),
                )
            })
            .collect();
        let expected: Vec<_> = (0..)
            .zip(times)
            .map(|(hour, time)| (format!("hour {hour}"), day.to_owned(), time.to_owned()))
            .collect();
        assert_eq!(shown, expected);
        let date = page
            .questions
            .iter()
            .find(|one| one.field == "visit_date")
            .unwrap();
        assert_eq!(date.answers[0].code.as_deref(), Some(day));
        assert_eq!(working.today(None).unwrap().date, day);
    }
}

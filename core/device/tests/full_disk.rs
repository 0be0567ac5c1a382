//! A full disk: the device lies on a small file system, which is filled to within a little of its size again and again, in the
//! middle of saving, sealing, spooling, attaching, locking and unlocking. Nothing that was reported as saved is lost.
//!
//! The small file system is a tmpfs of this test's own, in a mount namespace that `unshare` makes; no right but that of making
//! one is needed. Where it cannot be had, the test says so and does nothing.
#![cfg(all(feature = "store", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use common::{Council, PIN, Phone, ROWAN, TestClock, WREN, pull, sync, visit_to_wren};
use visitbook_device::spool::SpoolError;
use visitbook_device::{Device, Locked, SaveError, StoreError, UnlockError, Working};
use visitbook_record::id::RecordId;
use visitbook_seal::hardware::SoftwareKeys;
use visitbook_seal::vault::Params;

const PLACE: &str = "VISITBOOK_SMALL_DISK";
const SIZE: &str = "size=16m";

#[test]
fn nothing_reported_as_saved_is_lost_on_a_full_disk() {
    let place = tempfile::tempdir().unwrap();
    let within = |script: &str| {
        let mut command = Command::new("unshare");
        command
            .args([
                "--user",
                "--map-root-user",
                "--mount",
                "sh",
                "-euc",
                script,
                "sh",
            ])
            .arg(place.path())
            .env(PLACE, place.path());
        command
    };
    let mount = format!("mount -t tmpfs -o {SIZE} none \"$1\"");
    if !within(&mount)
        .output()
        .is_ok_and(|made| made.status.success())
    {
        println!("skipped: a small file system cannot be had here (unshare, mount)");
        return;
    }
    let myself = std::env::current_exe().unwrap();
    let output = within(&format!("{mount}; shift; exec \"$@\""))
        .arg(myself)
        .args(["--exact", "on_the_small_disk", "--ignored", "--nocapture"])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(said.contains("1 passed"), "{said}");
}

/// Takes all but this many bytes of the file system until it is dropped.
struct Filled(PathBuf);

impl Filled {
    fn but(place: &Path, left: usize) -> Self {
        let path = place.join("filled");
        let mut file = std::fs::File::create(&path).unwrap();
        let chunk = [0x5a; 4096];
        let mut written = 0;
        while let Ok(more) = file.write(&chunk) {
            written += more;
        }
        file.set_len(written.saturating_sub(left) as u64).unwrap();
        Self(path)
    }
}

impl Drop for Filled {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).unwrap();
    }
}

/// What is expected to come out: every text that was reported as saved, and none that was reported as not saved.
#[derive(Default)]
struct Told {
    saved: BTreeSet<String>,
    not_saved: BTreeSet<String>,
}

impl Told {
    fn note(&mut self, working: &mut Working, visit: RecordId, text: String) {
        match working.note(visit, "saw", &text) {
            Ok(_) | Err(SaveError::KeptUnsealed(SpoolError::Full)) => self.saved.insert(text),
            Err(SaveError::Store(StoreError::Full)) => self.not_saved.insert(text),
            Err(other) => panic!("a full disk is called something else: {other:?}"),
        };
    }
}

#[test]
#[ignore = "run by the test above, on a file system of its own"]
fn on_the_small_disk() {
    let Some(place) = std::env::var_os(PLACE).map(PathBuf::from) else {
        return;
    };
    let council = Mutex::new(Council::with_larkspurs());
    let folder = place.join("phone");
    let (hardware, clock) = (Arc::new(SoftwareKeys::new()), TestClock::new());
    let code = council.lock().unwrap().code(ROWAN);
    let enrol = || {
        Device::enrol(
            &folder,
            hardware.clone(),
            clock.clone(),
            &code,
            PIN,
            Params::fast_for_tests(),
            "Rowan's phone",
            |step, body| council.lock().unwrap().exchange(step, body),
        )
    };
    // Too full to become a device: the same code and PIN work once there is room.
    for left in [0, 8 << 10, 64 << 10] {
        let filled = Filled::but(&place, left);
        assert!(enrol().is_err(), "{left}");
        drop(filled);
    }
    let mut working = enrol().unwrap().unlock(PIN).unwrap();
    pull(&council, &mut working);
    let visit = visit_to_wren(&mut working);
    sync(&council, &mut working);

    let mut told = Told::default();
    for (round, left) in (0..40).map(|round| (round, (round * 13 % 40) * 8_192)) {
        let filled = Filled::but(&place, left);
        for (no, length) in [10, 5_000, 60_000].into_iter().enumerate() {
            let text = format!("{round} {no} {}", "Quillwort ".repeat(length / 10));
            told.note(&mut working, visit, text);
        }
        let drawing = vec![u8::try_from(round).unwrap(); 300_000];
        let attached = working.attach_bytes(visit, "drawing", &drawing);
        let typed = format!("{round} typed");
        if working.draft_update(visit, "changed", None, &typed).is_ok() {
            told.saved.insert(typed);
        }
        let files = working.attachments(visit).unwrap().len();
        if round % 2 == 0 {
            // An answer that cannot be kept is asked for again.
            let _ = try_to_sync(&council, &mut working);
            working = unlock_somehow(working.lock(), filled);
        } else {
            // The battery runs out.
            drop(working);
            let locked = Device::open(&folder, hardware.clone(), clock.clone()).unwrap();
            working = unlock_somehow(locked, filled);
        }
        let there = working.attachments(visit).unwrap().len();
        assert_eq!(there, files, "round {round}, {attached:?}");
        let found = notes(&working, visit);
        assert!(told.saved.is_subset(&found), "round {round}");
        assert!(told.not_saved.is_disjoint(&found), "round {round}");
        let problems = working.verify().unwrap().problems;
        assert_eq!(problems, Vec::<String>::new(), "round {round}");
        sync(&council, &mut working);
    }
    assert!(!told.not_saved.is_empty(), "the disk was never full");
    assert_eq!(working.sealed_waiting(), 0);
    let (_tablet, mut tablet) = Phone::enrol(&council, ROWAN, "Rowan's tablet");
    pull(&council, &mut tablet);
    assert_eq!(notes(&tablet, visit), notes(&working, visit));
    assert_eq!(working.visits(WREN).unwrap().len(), 1);
}

/// As full as it is, or else once there is room: nobody is locked out for longer than that.
fn unlock_somehow(locked: Locked, filled: Filled) -> Working {
    let still = match locked.unlock(PIN) {
        Ok(working) => return working,
        Err(still) => still,
    };
    assert!(
        matches!(still.error, UnlockError::Store(StoreError::Full)),
        "a full disk is called something else: {still:?}"
    );
    assert!(
        still.to_string().contains("Make room and try again"),
        "{still}"
    );
    drop(filled);
    still.locked.unlock(PIN).unwrap()
}

fn try_to_sync(council: &Mutex<Council>, working: &mut Working) -> Result<(), ()> {
    use visitbook_device::sync::store::SyncStore;
    let parcels = working
        .waiting(usize::MAX, &common::no_keys())
        .map_err(|_| ())?;
    if parcels.is_empty() {
        return Ok(());
    }
    let bytes = parcels.into_iter().map(|parcel| parcel.bytes).collect();
    let answer = council.lock().unwrap().upload(bytes);
    working.take_upload_answer(&answer).map_err(|_| ())?;
    Ok(())
}

fn notes(working: &Working, visit: RecordId) -> BTreeSet<String> {
    let page = working.visit(visit).unwrap();
    let versions = page.entries.into_iter().flat_map(|entry| entry.versions);
    versions.filter_map(|version| version.text).collect()
}

//! What an earlier version left on its disks, opened by this one: a device and a council that were kept when the version was
//! current, as files. The words that were written then are read, what waited is sent, and work goes on.
//!
//! `tests/fixtures/version-1` was made by the ignored test below, with the PIN of all these tests and a keystore in a file. How a
//! layout changes, and when a fixture is made: `docs/upgrades.md`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod desk;

use std::path::{Path, PathBuf};

use desk::{Council, council, works};
use serde_json::Value as Json;

const SENT: &str = "Quillwort at the gate";
const NOT_SENT: &str = "Harebell in the hall";
const DRAWING: [u8; 3_000] = [7; 3_000];
/// A segment of the spool is made full of zeros; the fixture leaves out those behind the last envelope.
const SEGMENT: u64 = 4 << 20;

fn fixtures(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(version)
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let place = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy(&entry.path(), &place);
        } else {
            std::fs::copy(entry.path(), place).unwrap();
        }
    }
}

fn segments(device: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(device.join("spool")).unwrap();
    all.map(|entry| entry.unwrap().path()).collect()
}

fn texts(shown: &Json) -> String {
    shown["text"].to_string() + &shown.to_string()
}

#[test]
fn what_version_1_left_is_opened_read_sent_and_written_on() {
    let within = tempfile::tempdir().unwrap();
    let (phone, folder) = (within.path().join("device"), within.path().join("council"));
    copy(&fixtures("version-1"), within.path());
    for segment in segments(&phone) {
        let file = std::fs::OpenOptions::new()
            .write(true)
            .open(segment)
            .unwrap();
        file.set_len(SEGMENT).unwrap();
    }

    // The device by itself.
    assert_eq!(works(&phone, &["verify"])["problems"], Json::Array(vec![]));
    let found = works(&phone, &["search", "Quillwort"]);
    assert!(found.to_string().contains("gate"), "{found}");
    let status = works(&phone, &["status"]);
    let waiting = status["records"].as_array().unwrap().iter();
    let visit = waiting
        .filter(|row| row["title"] == "Saved here, not sent")
        .map(|row| row["record"].as_str().unwrap().to_owned())
        .next()
        .unwrap();
    let shown = works(&phone, &["visit", "show", &visit]);
    for words in [SENT, NOT_SENT] {
        assert!(texts(&shown).contains(words), "{words}");
    }
    let out = within.path().join("drawing");
    works(
        &phone,
        &["attachment", &visit, "1", "--to", out.to_str().unwrap()],
    );
    assert_eq!(std::fs::read(&out).unwrap(), DRAWING);

    // The council by itself. Its certificate is made anew, so that this test does not end with it.
    let facts = folder.join("council.json");
    let mut json: Json = serde_json::from_slice(&std::fs::read(&facts).unwrap()).unwrap();
    json["tls_ends"] = 0.into();
    std::fs::write(&facts, json.to_string()).unwrap();
    let verified = council(&folder, &["verify"]);
    assert_eq!(verified["problems"], Json::Array(vec![]));
    let before = verified["commits"].as_u64().unwrap();

    // Both together.
    let server = Council::open(within.path());
    let address = std::fs::read_to_string(within.path().join("address")).unwrap();
    let via = address.trim_start_matches("https://").to_owned();
    let sent = works(&phone, &["--via", &via, "sync"]);
    assert_eq!(sent["files_received"], 1, "{sent}");
    works(
        &phone,
        &["visit", "note", &visit, "saw", "Written after the update"],
    );
    works(&phone, &["--via", &via, "sync"]);
    let tablet = within.path().join("tablet");
    works(
        &tablet,
        &["enrol", &server.code("W-ROWAN"), "--label", "tablet"],
    );
    works(&tablet, &["sync"]);
    let shown = works(&tablet, &["visit", "show", &visit]);
    for words in [SENT, NOT_SENT, "Written after the update"] {
        assert!(texts(&shown).contains(words), "{words}");
    }
    assert!(council(&folder, &["verify"])["commits"].as_u64().unwrap() > before);
    assert_eq!(works(&phone, &["verify"])["problems"], Json::Array(vec![]));
}

/// `cargo test -p visitbook --test upgrades -- --ignored --exact make_the_fixture`
#[test]
#[ignore = "makes the fixture of the present version: once, when it is released"]
fn make_the_fixture() {
    let within = tempfile::tempdir().unwrap();
    let mut server = Council::start(within.path());
    let phone = within.path().join("device");
    works(
        &phone,
        &["enrol", &server.code("W-ROWAN"), "--label", "phone"],
    );
    works(&phone, &["sync"]);
    let begun = works(&phone, &["visit", "new", "Wren"]);
    let visit = begun["visits"][0]["visit"].as_str().unwrap().to_owned();
    works(&phone, &["visit", "set", &visit, "seen", "yes"]);
    works(&phone, &["visit", "note", &visit, "saw", SENT]);
    works(&phone, &["sync"]);
    works(&phone, &["visit", "note", &visit, "saw", NOT_SENT]);
    let drawing = within.path().join("drawing");
    std::fs::write(&drawing, DRAWING).unwrap();
    let drawing = drawing.to_str().unwrap();
    works(
        &phone,
        &["visit", "attach", &visit, drawing, "--what", "drawing"],
    );
    server.kill();
    // Moves the write-ahead log into the database.
    council(&server.folder, &["verify"]);
    for segment in segments(&phone) {
        let bytes = std::fs::read(&segment).unwrap();
        let end = bytes
            .iter()
            .rposition(|byte| *byte != 0)
            .map_or(0, |at| at + 1);
        std::fs::write(&segment, &bytes[..end]).unwrap();
    }
    // The root key is offline, and no lock is held.
    for gone in ["council/root.key", "device/lock"] {
        std::fs::remove_file(within.path().join(gone)).unwrap();
    }
    let place = fixtures("version-1");
    assert!(!place.exists(), "what was released does not change");
    for part in ["council", "device"] {
        copy(&within.path().join(part), &place.join(part));
    }
}

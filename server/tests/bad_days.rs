//! Bad days of a council's server: each file of its folder is lost, emptied or cut short, one at a time. What `verify` says, with
//! what to do about it, is what the table says; nothing is made anew in the place of what is gone; and what is sent to support
//! names nobody.
#![cfg(feature = "service")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value as Json;

fn run(dir: &Path, words: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_visitbook-server"))
        .args(words)
        .arg("--dir")
        .arg(dir)
        .output()
        .unwrap()
}

fn works(dir: &Path, words: &[&str]) -> Json {
    let output = run(dir, &[words, &["--json"]].concat());
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {said}");
    serde_json::from_slice(&output.stdout).unwrap()
}

/// A council with a caseload of invented families, closed.
fn council(within: &Path) -> std::path::PathBuf {
    let dir = within.join("council");
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/fernmouth");
    let address = "https://127.0.0.1:8443";
    works(&dir, &["init", "--name", "Fernmouth", "--address", address]);
    works(&dir, &["import", fixtures]);
    dir
}

const GONE: &str = "No such file or directory";
const UNREADABLE: &str = "is not in the form this version writes";

/// What `verify` says of a folder in which a file is deleted, emptied, cut in half. Empty: nothing is wrong with it.
const TABLE: [(&str, [&str; 3]); 14] = [
    ("bundle.bin", [GONE, "bundle.bin:", "bundle.bin:"]),
    ("control.key", [GONE, UNREADABLE, UNREADABLE]),
    (
        "council.db",
        [
            "there is no database at",
            "the database is empty or damaged",
            "the database is empty or damaged",
        ],
    ),
    ("council.json", ["holds no council", UNREADABLE, UNREADABLE]),
    ("database.key", [GONE, UNREADABLE, UNREADABLE]),
    ("ingest-1.key", [UNREADABLE; 3]),
    ("payload-master.key", [GONE, UNREADABLE, UNREADABLE]),
    ("receipt-1.key", [GONE, UNREADABLE, UNREADABLE]),
    // Taken offline, as it should be.
    ("root.key", [""; 3]),
    // Only for serving, and a council may put its own there.
    ("tls-root.crt", [""; 3]),
    ("tls-root.key", [""; 3]),
    ("tls.crt", [""; 3]),
    ("tls.key", [""; 3]),
    ("writer-1.key", [GONE, UNREADABLE, UNREADABLE]),
];

#[test]
fn each_file_of_a_council_in_turn() {
    let within = tempfile::tempdir().unwrap();
    let dir = council(within.path());
    let mut there: Vec<String> = std::fs::read_dir(&dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| !name.starts_with("council.db-"))
        .collect();
    there.sort();
    there.retain(|file| file != "rejected.csv");
    assert_eq!(
        there,
        TABLE.map(|(file, _)| file),
        "a file that no row speaks of"
    );
    for (file, says) in TABLE {
        let path = dir.join(file);
        let whole = std::fs::read(&path).unwrap();
        let harms = [None, Some(&whole[..0]), Some(&whole[..whole.len() / 2])];
        for (harm, says) in harms.into_iter().zip(says) {
            match harm {
                None => std::fs::remove_file(&path).unwrap(),
                Some(left) => std::fs::write(&path, left).unwrap(),
            }
            let output = run(&dir, &["verify"]);
            let said = String::from_utf8(output.stdout).unwrap()
                + &String::from_utf8(output.stderr).unwrap();
            let what = format!("{file}, {:?} left: {said}", harm.map(<[u8]>::len));
            assert_eq!(output.status.success(), says.is_empty(), "{what}");
            assert!(said.contains(says), "{what}");
            let advice = [
                "Stop the service, keep this folder as it is",
                "do not run `init`",
            ];
            let advised = advice.iter().any(|advice| said.contains(advice));
            assert_eq!(advised, !says.is_empty(), "{what}");
            // Nothing is made in its place, by this or by the command that makes councils.
            let address = "https://127.0.0.1:8443";
            let init = run(&dir, &["init", "--name", "x", "--address", address]);
            assert!(!init.status.success(), "{what}");
            assert_eq!(path.exists(), harm.is_some(), "{what}");
            let file = within.path().join("diagnostics.json");
            works(&dir, &["diagnostics", file.to_str().unwrap()]);
            let known = std::fs::read_to_string(&file).unwrap();
            assert_eq!(
                known.contains("\"closed\": null"),
                says.is_empty(),
                "{known}"
            );
            std::fs::remove_file(file).unwrap();
            std::fs::write(&path, &whole).unwrap();
        }
    }
    let found = works(&dir, &["verify"]);
    assert_eq!(found["problems"], Json::Array(vec![]));
}

#[test]
fn an_older_database_put_back_is_not_served_and_can_be_restored() {
    let within = tempfile::tempdir().unwrap();
    let dir = council(within.path());
    let older = std::fs::read(dir.join("council.db")).unwrap();
    let words = [
        "--worker", "W-BRYONY", "--child", "C-MERLE", "--role", "joint",
    ];
    works(&dir, &[&["assign"], &words[..]].concat());
    let newer = std::fs::read(dir.join("council.db")).unwrap();

    std::fs::write(dir.join("council.db"), older).unwrap();
    for words in [
        &["verify"][..],
        &["serve", "--listen", "127.0.0.1:0"],
        &["devices"],
    ] {
        let output = run(&dir, words);
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success(), "{words:?}");
        assert!(
            said.contains("older than what this council has told"),
            "{said}"
        );
        assert!(said.contains("made of it now with `backup`"), "{said}");
    }
    let file = within.path().join("older.vb");
    works(&dir, &["backup", "--to", file.to_str().unwrap()]);
    let root = dir.join("root.key");
    let from = [
        "--from",
        file.to_str().unwrap(),
        "--root",
        root.to_str().unwrap(),
    ];
    let restored = within.path().join("restored");
    works(&restored, &[&["restore"], &from[..]].concat());
    assert_eq!(
        works(&restored, &["verify"])["problems"],
        Json::Array(vec![])
    );

    std::fs::write(dir.join("council.db"), newer).unwrap();
    assert_eq!(works(&dir, &["verify"])["problems"], Json::Array(vec![]));
}

#[test]
fn each_page_of_the_database_in_turn() {
    let within = tempfile::tempdir().unwrap();
    let dir = council(within.path());
    let path = dir.join("council.db");
    let whole = std::fs::read(&path).unwrap();
    let pages = whole.len() / 4096;
    // Every tenth; `verify` reads all of them each time.
    for page in (0..pages).step_by(pages.div_ceil(10)) {
        let mut bytes = whole.clone();
        bytes[page * 4096 + 1_000] ^= 1;
        std::fs::write(&path, &bytes).unwrap();
        let output = run(&dir, &["verify"]);
        assert!(!output.status.success(), "page {page} is not noticed");
        assert_eq!(std::fs::read(&path).unwrap(), bytes, "page {page}: touched");
    }
}

/// Everything that the fixtures say of people: names, codes, dates and words.
fn canaries() -> Vec<String> {
    let mut all = Vec::new();
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/fernmouth");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "csv") {
            let text = std::fs::read_to_string(path).unwrap();
            let cells = text.lines().skip(1).flat_map(|line| line.split(','));
            all.extend(cells.map(|cell| cell.trim_matches('"').to_owned()));
        }
    }
    all.retain(|cell| cell.len() > 5 && !cell.bytes().all(|byte| byte.is_ascii_digit()));
    all
}

#[test]
fn what_goes_to_support_names_nobody() {
    let within = tempfile::tempdir().unwrap();
    let dir = council(within.path());
    let file = within.path().join("diagnostics.json");
    works(&dir, &["diagnostics", file.to_str().unwrap()]);
    let again = run(&dir, &["diagnostics", file.to_str().unwrap()]);
    assert!(!again.status.success(), "no file is written over");
    let text = std::fs::read_to_string(&file).unwrap();
    let known: Json = serde_json::from_str(&text).unwrap();
    assert_eq!(known["council"]["problems"], 0);
    assert!(
        known["council"]["rows"]["commits"].as_i64().unwrap() > 5,
        "{text}"
    );
    assert!(known["files"]["council.db"].as_u64().unwrap() > 4096);
    let canaries = canaries();
    assert!(canaries.len() > 50 && canaries.iter().any(|canary| canary.contains("Larkspur")));
    for canary in canaries
        .iter()
        .map(String::as_str)
        .chain(["Fernmouth", dir.to_str().unwrap()])
    {
        assert!(!text.contains(canary), "{canary}");
    }
    let mut parts = text.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
    assert!(parts.all(|part| part.len() < 30), "there is an id in it");
}

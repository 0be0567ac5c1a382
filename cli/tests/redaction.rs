//! Words removed by law, with the commands that a council's ICT and its workers type: found, looked at, removed here and on every
//! device, and removed again on a server restored from a back-up that still has them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod desk;

use std::path::{Path, PathBuf};

use desk::{Council, command, council, works};
use serde_json::Value as Json;

const CANARY: &str = "CANARY-grey-wagtail";

fn enrol(within: &Path, here: &Council, worker: &str) -> PathBuf {
    let store = within.join(worker);
    works(&store, &["enrol", &here.code(worker), "--label", worker]);
    works(&store, &["sync"]);
    store
}

/// Every file of a folder, also those in folders of it.
fn bytes_of(folder: &Path) -> Vec<u8> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(bytes_of(&path));
        } else {
            all.extend(std::fs::read(path).unwrap());
        }
    }
    all
}

fn refused(folder: &Path, words: &[&str]) -> String {
    let output = command()
        .arg("council")
        .args(words)
        .arg("--dir")
        .arg(folder)
        .output()
        .unwrap();
    assert!(!output.status.success(), "{words:?} should not work");
    String::from_utf8(output.stderr).unwrap()
}

fn said_of(store: &Path, record: &str) -> String {
    let all = [
        works(store, &["visit", "show", record]),
        works(store, &["history", record]),
        works(store, &["export", record]),
        works(store, &["search", "CANARY"]),
        works(store, &["child", "Wren"]),
    ];
    Json::from(all.to_vec()).to_string()
}

#[test]
fn words_are_removed_everywhere_and_stay_removed_after_a_restore() {
    let within = tempfile::tempdir().unwrap();
    let within = within.path();
    let mut here = Council::start(within);
    let root = within.join("root.key");
    std::fs::rename(here.folder.join("root.key"), &root).unwrap();
    let rowan = enrol(within, &here, "W-ROWAN");
    let sage = enrol(within, &here, "W-SAGE");
    let begun = works(&rowan, &["visit", "new", "Wren"]);
    let visit = begun["visits"][0]["visit"].as_str().unwrap();
    works(
        &rowan,
        &["visit", "set", visit, "outcome", "cancelled_by_us"],
    );
    works(&rowan, &["visit", "note", visit, "saw", CANARY]);
    works(&rowan, &["visit", "finish", visit]);
    works(&rowan, &["sync"]);
    works(&sage, &["sync"]);
    assert!(said_of(&rowan, visit).contains(CANARY) && said_of(&sage, visit).contains(CANARY));
    let file = within.join("before.vb");
    council(&here.folder, &["backup", "--to", file.to_str().unwrap()]);

    // Found without a word of it; shown with its words to a named person, which is noted.
    let listed = council(&here.folder, &["redact", "--record", visit]);
    assert!(!listed.to_string().contains(CANARY));
    let rows = listed["statements"].as_array().unwrap();
    let text = rows
        .iter()
        .find(|row| row["about"].as_str().unwrap().starts_with("saw/"))
        .unwrap();
    let name = text["statement"].as_str().unwrap();
    let shown = council(
        &here.folder,
        &["redact", "--record", visit, "--show", "--by", "W-SAGE"],
    );
    assert!(shown.to_string().contains(CANARY));
    let noted = council(&here.folder, &["noted"])["noted"].to_string();
    assert!(noted.contains("W-SAGE") && noted.contains("to remove some"));

    // Nothing goes without --yes, a person and a reason.
    let which = ["redact", "--record", visit, "--statement", &name[..10]];
    let by = ["--by", "W-SAGE", "--reason", "a court's order"];
    let preview = council(&here.folder, &[&which[..], &by[..]].concat());
    assert_eq!(preview["removed"], false);
    assert!(said_of(&sage, visit).contains(CANARY));
    let bare = refused(&here.folder, &[&which[..], &["--yes"]].concat());
    assert!(bare.contains("--by"), "{bare}");
    let finish = rows
        .iter()
        .find(|row| row["kind"] == "Finish")
        .and_then(|row| row["statement"].as_str())
        .unwrap();
    let must_stay = ["redact", "--record", visit, "--statement", finish, "--yes"];
    let no = refused(&here.folder, &[&must_stay[..], &by[..]].concat());
    assert!(no.contains("must stay"), "{no}");

    let done = council(&here.folder, &[&which[..], &by[..], &["--yes"]].concat());
    assert_eq!(done["removed"], true);
    let listed = council(&here.folder, &["redact", "--record", visit]);
    assert!(listed.to_string().contains("a court's order"));
    let verified = council(&here.folder, &["verify"]);
    assert_eq!(verified["removed"], 1);
    assert_eq!(verified["problems"], Json::Array(vec![]));
    for device in [&rowan, &sage] {
        works(device, &["sync"]);
        let said = said_of(device, visit);
        assert!(!said.contains("CANARY"), "{said}");
        assert!(said.contains("Words removed") && said.contains("a court's order"));
        assert_eq!(works(device, &["verify"])["problems"], Json::Array(vec![]));
    }

    // The back-up still has the words. A server restored from it gets their redaction back before anybody is sent a word.
    here.kill();
    let restored = within.join("restored");
    let from = [
        "restore",
        "--from",
        file.to_str().unwrap(),
        "--root",
        root.to_str().unwrap(),
        "--after",
        "1",
    ];
    council(&restored, &from);
    assert_eq!(council(&restored, &["verify"])["removed"], 0);
    std::fs::remove_dir_all(&here.folder).unwrap();
    std::fs::rename(&restored, &here.folder).unwrap();
    here.serve_again();
    for device in [&sage, &rowan] {
        works(device, &["sync"]);
    }
    let verified = council(&here.folder, &["verify"]);
    assert_eq!(verified["removed"], 1, "{verified}");
    assert_eq!(verified["problems"], Json::Array(vec![]));
    council(&here.folder, &["restore-confirm", "--yes"]);
    let bryony = enrol(within, &here, "W-BRYONY");
    council(
        &here.folder,
        &[
            "assign", "--worker", "W-BRYONY", "--child", "C-WREN", "--role", "joint",
        ],
    );
    for device in [&sage, &rowan, &bryony] {
        works(device, &["sync"]);
        works(device, &["sync"]);
        assert!(!said_of(device, visit).contains("CANARY"));
        assert_eq!(works(device, &["verify"])["problems"], Json::Array(vec![]));
    }
    let everywhere = bytes_of(within);
    let found = everywhere
        .windows(CANARY.len())
        .any(|window| window == CANARY.as_bytes());
    assert!(!found, "and nothing was ever written in clear");
}

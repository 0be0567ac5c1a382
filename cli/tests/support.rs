//! What somebody who supports a device sees: what is wrong in a sentence with what to do, exit codes, and a file that names nobody.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod desk;

use std::path::Path;

use desk::{Council, PIN, council, fails, json, run_with, works};

const NOTE: &str = "Quillwortcanary at the gate";

/// A phone with words that wait, and its council.
fn at_work(within: &Path) -> (Council, std::path::PathBuf) {
    let server = Council::start(within);
    let phone = within.join("phone");
    works(
        &phone,
        &["enrol", &server.code("W-ROWAN"), "--label", "Labelcanary"],
    );
    works(&phone, &["sync"]);
    let begun = works(&phone, &["visit", "new", "Wren"]);
    let visit = begun["visits"][0]["visit"].as_str().unwrap().to_owned();
    works(&phone, &["visit", "note", &visit, "saw", NOTE]);
    (server, phone)
}

#[test]
fn every_day_that_is_bad_says_what_to_do_next() {
    let within = tempfile::tempdir().unwrap();
    let (server, phone) = at_work(within.path());
    let path = |name: &str| phone.join(name);

    // The book is damaged: what is said, and that the exit code is not 0.
    let book = std::fs::read(path("book.db")).unwrap();
    let mut damaged = book.clone();
    let last = damaged.len() - 2_000;
    damaged[last] ^= 1;
    std::fs::write(path("book.db"), &damaged).unwrap();
    let output = run_with(&phone, &format!("{PIN}\n"), &["verify"]);
    assert!(!output.status.success());
    let said = json(&output).to_string();
    assert!(
        said.contains("make another") && said.contains("with a new code"),
        "{said}"
    );
    std::fs::write(path("book.db"), b"").unwrap();
    let closed = fails(&phone, &["verify"]);
    let message = closed["message"].as_str().unwrap();
    assert!(
        message.starts_with("The book is damaged. Your signed work is safe:"),
        "{message}"
    );
    assert!(
        message.contains("sealed items wait to be sent. Let it send what waits"),
        "{message}"
    );
    std::fs::write(path("book.db"), &book).unwrap();

    // The file that says whose device it is: the same folder, PIN and worker, with a new code.
    let council_file = std::fs::read(path("council")).unwrap();
    std::fs::write(path("council"), &council_file[..40]).unwrap();
    let message = fails(&phone, &["status"])["message"].to_string();
    assert!(
        message.contains("Enrol it again with the same PIN and a code"),
        "{message}"
    );
    let other = server.code("W-BRYONY");
    fails(&phone, &["enrol", &other, "--label", "x"]);
    works(&phone, &["enrol", &server.code("W-ROWAN"), "--label", "x"]);
    assert!(
        works(&phone, &["search", "Quillwortcanary"])
            .to_string()
            .contains("gate")
    );
    let verified = run_with(&phone, &format!("{PIN}\n"), &["verify"]);
    assert!(verified.status.success(), "{}", json(&verified));
    works(&phone, &["rebuild"]);

    // No vault and no keystore: what is sealed still goes.
    for name in ["vault.a", "vault.b", "keystore"] {
        std::fs::remove_file(path(name)).unwrap();
    }
    let message = fails(&phone, &["verify"])["message"].to_string();
    assert!(
        message.contains("its keys are gone: let it send what waits first"),
        "{message}"
    );
    let before = council(&server.folder, &["verify"])["commits"]
        .as_u64()
        .unwrap();
    let sent = run_with(&phone, "", &["send"]);
    assert!(sent.status.success(), "{}", json(&sent));
    assert!(
        council(&server.folder, &["verify"])["commits"]
            .as_u64()
            .unwrap()
            > before
    );
}

#[test]
fn what_goes_to_support_names_nobody_and_says_what_is_wrong() {
    let within = tempfile::tempdir().unwrap();
    let (_server, phone) = at_work(within.path());
    let file = within.path().join("diagnostics.json");
    let place = file.to_str().unwrap();
    let written = |words: &[&str]| {
        works(&phone, &[&["diagnostics", place], words].concat());
        let text = std::fs::read_to_string(&file).unwrap();
        for canary in [
            "canary",
            "Wren",
            "Larkspur",
            "Rowan",
            "Teasel",
            "Sage",
            "phone",
            "W-ROWAN",
            "C-WREN",
            "Fernmouth",
            "127.0.0.1",
        ] {
            assert!(!text.contains(canary), "{canary}: {text}");
        }
        let mut parts = text.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
        assert!(
            parts.all(|part| part.len() < 30),
            "there is an id in it: {text}"
        );
        let known: serde_json::Value = serde_json::from_str(&text).unwrap();
        std::fs::remove_file(&file).unwrap();
        known
    };
    let known = written(&[]);
    assert_eq!(known["book"]["layout"], known["layout"]);
    assert_eq!(known["book"]["problems"], 0);
    assert_eq!(known["book"]["states"]["saved_here"], 1, "{known}");
    assert!(known["sealed_waiting"].as_u64().unwrap() > 1);
    assert!(known["book"]["rows"]["signed"].as_i64().unwrap() > 5);
    assert!(
        known["files"]["spool/other"]["bytes"].as_u64().unwrap() > 1 << 20,
        "{known}"
    );
    assert!(written(&["--locked"])["book"].is_null());

    std::fs::write(phone.join("book.db"), b"").unwrap();
    assert_eq!(written(&[])["closed"], "the book is damaged");
    std::fs::remove_file(phone.join("vault.a")).unwrap();
    std::fs::remove_file(phone.join("vault.b")).unwrap();
    assert_eq!(written(&[])["closed"], "there is no vault on this device");
    std::fs::write(phone.join("keystore"), b"x").unwrap();
    assert_eq!(written(&[])["closed"], "the keystore's file cannot be read");
    std::fs::write(&file, b"somebody's").unwrap();
    assert_eq!(fails(&phone, &["diagnostics", place])["code"], "file");
}

//! The terminal as a person and a script use it: a real council, real processes, real folders.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod desk;

use std::io::{BufRead, BufReader, Write};
use std::process::Stdio;

use desk::{Council, PIN, command, council, fails, json, run_with, works};
use serde_json::Value as Json;

#[test]
fn a_worker_enrols_records_and_sends_and_every_slip_is_told_in_a_sentence() {
    let within = tempfile::tempdir().unwrap();
    let council = Council::start(within.path());
    let phone = within.path().join("phone");

    assert_eq!(fails(&phone, &["status"])["code"], "not_enrolled");
    assert_eq!(
        fails(&phone, &["enrol", "VB1.nonsense", "--label", "phone"])["code"],
        "bad_code"
    );
    let code = council.code("W-ROWAN");
    assert_eq!(
        works(&phone, &["enrol", &code, "--label", "phone"])["enrolled"],
        "phone"
    );
    let tablet = within.path().join("tablet");
    assert_eq!(
        fails(&tablet, &["enrol", &code, "--label", "tablet"])["code"],
        "not_enrolled",
        "spent by another device"
    );

    works(&phone, &["sync"]);
    let begun = works(&phone, &["visit", "new", "Wren", "Finch"]);
    assert_eq!(begun["visits"].as_array().unwrap().len(), 2);
    works(&phone, &["visit", "set", "Wren", "alone", "spoke_alone"]);
    let kitchen = "Warm kitchen. \u{1F375} \u{5D0}\u{5D1}";
    works(&phone, &["visit", "note", "Wren", "saw", kitchen]);
    works(&phone, &["visit", "observe", "Wren", "food", "not_met"]);
    works(
        &phone,
        &[
            "voice",
            "Finch",
            "--how",
            "said",
            "I put Pipit's bottle in my bed so it stays warm.",
        ],
    );

    for (words, code) in [
        (vec!["visit", "new", "Wren", "wren"], "twice"),
        (vec!["visit", "new", "Nobody"], "not_found"),
        (
            vec!["visit", "set", "Wren", "horoscope", "good"],
            "unknown_field",
        ),
        (
            vec!["visit", "set", "Wren", "alone", "telepathy"],
            "unknown_code",
        ),
        (vec!["visit", "note", "Wren", "saw", ""], "not_saved"),
        (
            vec!["visit", "observe", "Wren", "horoscope", "met"],
            "unknown_area",
        ),
        (vec!["visit", "finish", "Wren"], "finish_incomplete"),
        (
            vec!["answer", "Wren", "alone", "not_alone"],
            "nothing_to_settle",
        ),
        (vec!["history", "ffff"], "not_found"),
        (vec!["sync", "--budget", "soon"], "bad_time"),
    ] {
        assert_eq!(fails(&phone, &words)["code"], code, "{words:?}");
    }

    let here = works(&phone, &["status"]);
    let titles = |answer: &Json| -> Vec<String> {
        let rows = answer["records"].as_array().unwrap();
        rows.iter()
            .map(|row| row["title"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(
        titles(&here)
            .iter()
            .all(|title| title == "Saved here, not sent"),
        "{here}"
    );
    works(&phone, &["sync"]);
    let sent = works(&phone, &["status"]);
    assert!(
        titles(&sent)
            .iter()
            .all(|title| title.starts_with("The council has it")),
        "{sent}"
    );
    assert_eq!(
        works(&phone, &["search", "kitchen"])["hits"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
    assert_eq!(works(&phone, &["verify"])["problems"], Json::Array(vec![]));
}

#[test]
fn a_wrong_pin_costs_a_try_no_pin_costs_none_and_what_is_sealed_goes_without_one() {
    let within = tempfile::tempdir().unwrap();
    let council = Council::start(within.path());
    let phone = within.path().join("phone");
    works(
        &phone,
        &["enrol", &council.code("W-ROWAN"), "--label", "phone"],
    );
    works(&phone, &["sync"]);
    works(&phone, &["visit", "new", "Wren"]);

    let empty = run_with(&phone, "", &["status"]);
    assert_eq!(json(&empty)["code"], "no_pin");
    for left in [9, 8] {
        let wrong = json(&run_with(&phone, "000111\n", &["status"]));
        let message = wrong["message"].as_str().unwrap().to_owned();
        assert!(message.contains(&format!("{left} tries left")), "{message}");
        assert!(
            message.contains("1 sealed item waits to be sent"),
            "{message}"
        );
    }
    let sent = run_with(&phone, "", &["send"]);
    assert!(
        sent.status.success(),
        "{}",
        String::from_utf8_lossy(&sent.stdout)
    );
    let status = works(&phone, &["status"]);
    assert!(
        status["records"][0]["title"]
            .as_str()
            .unwrap()
            .starts_with("The council has it"),
        "{status}"
    );
}

#[test]
fn two_programs_do_not_share_a_device() {
    let within = tempfile::tempdir().unwrap();
    let council = Council::start(within.path());
    let phone = within.path().join("phone");
    works(
        &phone,
        &["enrol", &council.code("W-ROWAN"), "--label", "phone"],
    );
    let mut session = command()
        .arg("--store")
        .arg(&phone)
        .args(["--json", "--pin-fd", "0", "session"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut ask = session.stdin.take().unwrap();
    writeln!(ask, "{PIN}").unwrap();
    let mut hello = String::new();
    let mut tell = BufReader::new(session.stdout.take().unwrap());
    tell.read_line(&mut hello).unwrap();
    assert_eq!(fails(&phone, &["status"])["code"], "busy");

    for (line, ok) in [
        ("status", true),
        ("[\"today\"]", true),
        ("horoscope", false),
        ("[1,2]", false),
        ("[", false),
    ] {
        writeln!(ask, "{line}").unwrap();
        let mut answer = String::new();
        tell.read_line(&mut answer).unwrap();
        let answer: Json = serde_json::from_str(&answer).unwrap();
        assert_eq!(answer["ok"], ok, "{line}: {answer}");
    }
    drop(ask);
    assert!(session.wait().unwrap().success());
    works(&phone, &["status"]);
}

#[test]
fn the_day_plays_to_its_end_with_another_seed() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let output = command()
        .args(["demo", "--seed", "7", "--json"])
        .arg(file.path())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    let checks: Json = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
    assert!(checks["checks"].as_array().unwrap().len() >= 15);
    assert!(checks["figures"].as_array().unwrap().len() >= 4);
}

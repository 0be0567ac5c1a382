//! The terminal as a person and a script use it: a real council, real processes, real folders.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod desk;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
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
            message.contains("2 sealed items wait to be sent"),
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
fn a_manager_opens_unfinished_text_with_a_reason_and_its_author_sees_that() {
    let folder = tempfile::tempdir().unwrap();
    let council = Council::start(folder.path());
    let (rowan, sage) = (folder.path().join("rowan"), folder.path().join("sage"));
    for (store, worker) in [(&rowan, "W-ROWAN"), (&sage, "W-SAGE")] {
        let code = council.code(worker);
        works(store, &["enrol", &code, "--label", "device"]);
        works(store, &["sync"]);
    }
    let begun = works(&rowan, &["visit", "new", "Wren"]);
    let visit = begun["visits"][0]["visit"].as_str().unwrap();
    let half = "Ivy was asleep when";
    works(&rowan, &["visit", "note", visit, "saw", half]);
    works(&rowan, &["sync"]);
    works(&sage, &["sync"]);
    let shown = |store: &Path| works(store, &["visit", "show", visit]).to_string();
    assert!(!shown(&sage).contains(half));
    let why = "Rowan is off sick and Wren is seen tomorrow.";
    assert_eq!(
        fails(&rowan, &["open", visit, "--reason", why])["code"],
        "managers_only"
    );
    works(&sage, &["open", visit, "--reason", why]);
    works(&sage, &["sync"]);
    assert!(shown(&sage).contains(half));
    assert_eq!(
        fails(&sage, &["open", visit, "--reason", why])["code"],
        "nothing_to_open"
    );
    works(&rowan, &["sync"]);
    assert!(shown(&rowan).contains(why));
    let close = |step, day| {
        let words = [
            "close-line",
            "Wren",
            "food",
            "--step",
            step,
            "--reason",
            why,
            "--look-again",
            day,
        ];
        move |store: &Path| fails(store, &words)["code"].clone()
    };
    assert_eq!(close("core_group", "2999-11-10")(&rowan), "managers_only");
    assert_eq!(close("core_group", "2999-11-10")(&sage), "no_line");
    assert_eq!(close("core_group", "1999-11-10")(&sage), "bad_form");
    assert_eq!(close("horoscope", "2999-11-10")(&sage), "unknown_code");
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

/// A device of a worker, enrolled and with everything the council has for it.
fn device(council: &Council, within: &Path, worker: &str) -> PathBuf {
    let folder = within.join(worker);
    works(
        &folder,
        &["enrol", &council.code(worker), "--label", worker],
    );
    works(&folder, &["sync"]);
    folder
}

fn text<'a>(answer: &'a Json, rows: &str, field: &str) -> Vec<&'a str> {
    let rows = answer[rows].as_array().unwrap();
    rows.iter()
        .map(|row| row[field].as_str().unwrap())
        .collect()
}

#[test]
fn people_working_side_by_side_over_a_real_council() {
    let within = tempfile::tempdir().unwrap();
    let council_server = Council::start(within.path());
    let at_council = |words: &[&str]| council(&council_server.folder, words);
    let [rowan, bryony, sage, tansy] = ["W-ROWAN", "W-BRYONY", "W-SAGE", "W-TANSY"]
        .map(|worker| device(&council_server, within.path(), worker));

    // A child on nobody's list: recorded with no line, and the manager has it as soon as there is one.
    let met = works(
        &rowan,
        &[
            "met",
            "the baby's cousin",
            "--age",
            "6",
            "--relation",
            "Pipit's cousin",
        ],
    );
    let cousin = met["child"].as_str().unwrap().to_owned();
    works(&rowan, &["visit", "new", "the baby's cousin"]);
    works(
        &rowan,
        &[
            "concern",
            &cousin,
            "--urgency",
            "manager_today",
            "--text",
            "Nobody knows him.",
        ],
    );
    // One visit to Wren, begun on two phones that had not heard of each other.
    let begun = |phone: &Path| {
        let begun = works(phone, &["visit", "new", "Wren"]);
        begun["visits"][0]["visit"].as_str().unwrap().to_owned()
    };
    let (hers, theirs) = (begun(&rowan), begun(&bryony));
    // Kite has a new worker, and somebody stands in for Merle.
    at_council(&[
        "assign",
        "--worker",
        "W-BRYONY",
        "--child",
        "C-KITE",
        "--role",
        "allocated",
        "--by",
        "W-SAGE",
    ]);
    at_council(&[
        "assign", "--worker", "W-TANSY", "--child", "C-MERLE", "--role", "cover", "--by", "W-SAGE",
    ]);
    for device in [&rowan, &bryony, &sage, &tansy, &rowan] {
        works(device, &["sync"]);
    }

    let status = works(&rowan, &["status"]);
    let codes = text(&status, "records", "code");
    assert!(
        codes.iter().all(|code| *code == "council_has_it"),
        "{status}"
    );
    assert_eq!(text(&works(&sage, &["met-list"]), "met", "state"), ["open"]);
    works(&sage, &["match", "the baby's cousin", "Robin"]);

    let asked = works(&rowan, &["questions"]);
    assert_eq!(text(&asked, "same_visits", "title"), ["One visit or two?"]);
    works(&rowan, &["one-visit", &hers, &theirs]);

    let today = works(&bryony, &["today"]);
    let task = text(&today, "to_tell", "words");
    assert!(
        task[0].starts_with("Tell Kite who his worker is now: you, since "),
        "{task:?}"
    );
    works(
        &bryony,
        &["told", "Kite", "--how", "at home, with the carer there"],
    );

    assert_eq!(text(&works(&tansy, &["cover"]), "cover", "name"), ["Merle"]);
    assert_eq!(fails(&tansy, &["child", "Merle"])["code"], "not_opened");
    assert_eq!(
        fails(&tansy, &["visit", "new", "Merle"])["code"],
        "would_be_set_aside"
    );
    works(
        &tansy,
        &["cover", "open", "Merle", "--reason", "The nursery rang."],
    );
    works(&tansy, &["visit", "new", "Merle"]);

    for device in [&sage, &rowan, &tansy, &bryony, &sage, &bryony] {
        works(device, &["sync"]);
    }
    let card = works(&bryony, &["child", "Robin"]);
    assert_eq!(card["also_met"][0]["met"]["state"], "matched");
    assert_eq!(card["also_met"][0]["visits"].as_array().unwrap().len(), 1);
    let page = works(&bryony, &["visit", "show", &theirs]);
    assert_eq!(page["same_visit"][0]["record"], hers.as_str());
    let board = works(&sage, &["board"]);
    let lines = board["lines"].as_array().unwrap();
    let says = |beginning: &str| {
        lines
            .iter()
            .any(|line| line.as_str().unwrap().starts_with(beginning))
    };
    assert!(
        says("Tansy Burdock opened Merle's file on duty cover, "),
        "{board}"
    );
    assert!(!says("Tell Kite") && !says("Met, and"), "{board}");
    for device in [&rowan, &bryony, &sage, &tansy] {
        assert_eq!(works(device, &["verify"])["problems"], Json::Array(vec![]));
        let set_aside = works(device, &["set-aside"]);
        assert_eq!(set_aside["set_aside"], Json::Array(vec![]));
    }
}

/// Enter, a wrong hand, hand in, leave, read before driving off, answer: as lines of a session, and commands after it.
#[test]
fn a_child_uses_the_device_and_what_they_gave_is_read_and_answered() {
    let folder = tempfile::tempdir().unwrap();
    let council_here = Council::start(folder.path());
    let store = folder.path().join("tablet");
    let code = council_here.code("W-ROWAN");
    works(&store, &["enrol", &code, "--label", "tablet"]);
    works(&store, &["sync"]);
    let lines = [
        r#"["family","enter","Wren"]"#,
        r#"["today"]"#,
        r#"["family","text","come to school pls  dont tell mum i asked"]"#,
        r#"["family","choice","not_with/mum"]"#,
        r#"["family","hand-in"]"#,
        r#"["family","unread"]"#,
        r#"["family","leave"]"#,
        "000000",
        r#"["family","leave"]"#,
        PIN,
        r#"["today"]"#,
    ];
    let input = format!("{PIN}\n{}\n", lines.join("\n"));
    let output = run_with(&store, &input, &["session"]);
    let text = String::from_utf8(output.stdout).unwrap();
    let answers: Vec<Json> = text
        .lines()
        .skip(1)
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let nothing = |answer: &Json| {
        assert_eq!(answer["code"], "nothing_to_read");
        assert!(!answer.to_string().contains("Wren"));
    };
    assert_eq!(answers[0]["result"]["title"], "This page is for you, Wren.");
    nothing(&answers[1]);
    assert_eq!(answers[4]["result"]["handed_in"], 1);
    nothing(&answers[5]);
    nothing(&answers[6]);
    assert_eq!(
        answers[7]["result"]["left_for_you"][0]["title"],
        "Wren left you 1 thing."
    );
    assert_eq!(answers[7]["result"]["last_session"]["ended"], "confirmed");
    let left = &answers[8]["result"]["left_for_you"][0];
    let voice = left["records"][0].as_str().unwrap();
    assert!(!answers[8].to_string().contains("school"));

    works(&store, &["sync"]);
    let sessions = &council(&council_here.folder, &["family"])["sessions"];
    assert_eq!(
        (&sessions[0]["posts"], &sessions[0]["records"]),
        (&1.into(), &1.into())
    );
    let opened = works(&store, &["family", "open", voice]);
    assert_eq!(
        opened["words"][0],
        "come to school pls  dont tell mum i asked"
    );
    assert_eq!(opened["family_papers"], "no_until_decided");
    assert_eq!(opened["opened_by"][0], "Rowan Teasel");
    let reply = ["heard", "reply", voice, "we_will"];
    assert!(
        fails(&store, &reply)["message"]
            .as_str()
            .unwrap()
            .contains("who")
    );
    works(
        &store,
        &[&reply[..], &["--who", "Rowan", "--by-when", "2026-11-02"]].concat(),
    );
    works(
        &store,
        &[
            "heard",
            "reading",
            voice,
            "She wants to be seen away from home.",
        ],
    );
    works(
        &store,
        &[
            "heard",
            "share",
            voice,
            "as_child_asked",
            "--because",
            "she asked",
            "--family-papers",
            "no",
        ],
    );
    works(&store, &["heard", "set", voice, "topic/school", "school"]);
    let shown = works(&store, &["heard", "show", voice]);
    assert_eq!(shown["words"], opened["words"]);
    assert_eq!(shown["replies"][0]["by_when"], "2026-11-02");
    assert_eq!(shown["sharing"]["child_told"], "not_yet");
    assert_eq!(shown["family_papers"], "no");
    assert_eq!(
        shown["readings"][0]["text"],
        "She wants to be seen away from home."
    );
    let list = works(&store, &["heard", "list", "Wren"]);
    assert_eq!(list["voices"].as_array().unwrap().len(), 1);
    assert!(
        works(&store, &["today"])["left_for_you"]
            .as_array()
            .unwrap()
            .is_empty()
    );
}

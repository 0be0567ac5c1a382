//! A child's drawing from one real device through a real council to another, byte for byte.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod desk;

use desk::{Council, council, fails, works};
use serde_json::Value as Json;

fn title(store: &std::path::Path, record: &Json) -> String {
    let status = works(store, &["status"]);
    let rows = status["records"].as_array().unwrap();
    let row = rows.iter().find(|row| row["record"] == *record).unwrap();
    row["title"].as_str().unwrap().to_owned()
}

#[test]
fn a_drawing_goes_from_one_device_to_another_and_words_before_it() {
    let within = tempfile::tempdir().unwrap();
    let server = Council::start(within.path());
    let (phone, tablet) = (within.path().join("phone"), within.path().join("tablet"));
    for (store, worker, label) in [
        (&phone, "W-ROWAN", "Rowan's phone"),
        (&tablet, "W-BRYONY", "Bryony's tablet"),
    ] {
        works(store, &["enrol", &server.code(worker), "--label", label]);
        works(store, &["sync"]);
    }
    let drawing: Vec<u8> = (0..700_001u32)
        .map(|at| (at / 251) as u8 ^ (at % 251) as u8)
        .collect();
    let file = within.path().join("drawing.png");
    std::fs::write(&file, &drawing).unwrap();
    let file = file.to_str().unwrap();

    let begun = works(&phone, &["visit", "new", "Wren"]);
    let visit = begun["visits"][0]["visit"].clone();
    let id = visit.as_str().unwrap();
    let voice = works(
        &phone,
        &["voice", "Wren", "--visit", id, "--how", "drew_or_made"],
    );
    let voice = voice["voice"].as_str().unwrap();
    let attached = works(
        &phone,
        &[
            "visit", "attach", id, file, "--voice", voice, "--what", "drawing",
        ],
    );
    assert_eq!(attached["no"], 1);
    assert_eq!(attached["attachment"]["state"], "only_here");
    assert_eq!(attached["attachment"]["size"], drawing.len());
    for (words, code) in [
        (vec!["visit", "attach", id, "/nowhere"], "file"),
        (vec!["visit", "attach", id, "/dev/null"], "not_saved"),
        (
            vec!["visit", "attach", id, file, "--what", "recording"],
            "unknown_code",
        ),
        (vec!["attachment", id, "1", "--to", "out"], "no_such_file"),
        (
            vec!["attachment", voice, "2", "--to", "out"],
            "no_such_file",
        ),
        (vec!["attachment", voice, "1", "--to", file], "file"),
    ] {
        assert_eq!(fails(&phone, &words)["code"], code, "{words:?}");
    }
    // The words, and the drawing after them.
    let sent = works(&phone, &["sync"]);
    assert_eq!(sent["files_received"], 1);
    assert!(sent["file_chunks"].as_u64().unwrap() >= 11);
    assert!(title(&phone, &Json::from(voice)).starts_with("The council has it"));
    let expected = council(&server.folder, &["attachments"]);
    assert_eq!(expected["expected"], Json::Array(vec![]));

    // The same drawing on the visit itself: only the words go.
    works(&phone, &["visit", "attach", id, file, "--what", "document"]);
    assert_eq!(title(&phone, &visit), "Saved here, not sent");
    assert_eq!(works(&phone, &["sync"])["file_chunks"], 0);
    assert!(title(&phone, &visit).starts_with("The council has it"));

    works(&tablet, &["sync"]);
    let shown = works(&tablet, &["visit", "show", voice]);
    let there = &shown["attachments"][0];
    assert_eq!(
        (&there["state"], &there["here"]),
        (&Json::from("council"), &Json::from(false))
    );
    let out = within.path().join("out.png");
    let written = works(
        &tablet,
        &["attachment", voice, "1", "--to", out.to_str().unwrap()],
    );
    assert_eq!(
        written["attachment"]["media_type"],
        "application/octet-stream"
    );
    assert!(std::fs::read(&out).unwrap() == drawing);
    for store in [&phone, &tablet] {
        assert_eq!(works(store, &["verify"])["problems"], Json::Array(vec![]));
    }
    let proven = council(&server.folder, &["verify"]);
    assert_eq!(proven["problems"], Json::Array(vec![]));
    // Encrypted once: the same drawing on two records is one file.
    assert_eq!(
        (&proven["files"], &proven["files_expected"]),
        (&Json::from(1), &Json::from(0))
    );
    let history = works(&tablet, &["history", voice]);
    assert!(history.to_string().contains("\"attach\""));
}

/// Uploading is killed in the middle, on either side, and goes on.
#[test]
fn a_killed_device_and_a_killed_server_go_on_where_they_were() {
    let within = tempfile::tempdir().unwrap();
    let mut server = Council::start(within.path());
    let phone = within.path().join("phone");
    works(
        &phone,
        &["enrol", &server.code("W-ROWAN"), "--label", "Rowan's phone"],
    );
    works(&phone, &["sync"]);
    let begun = works(&phone, &["visit", "new", "Wren"]);
    let visit = begun["visits"][0]["visit"].clone();
    let id = visit.as_str().unwrap();
    let photo: Vec<u8> = (0..12_000_000u32)
        .map(|at| (at.wrapping_mul(2_654_435_761) >> 11) as u8)
        .collect();
    let file = within.path().join("photo.jpg");
    std::fs::write(&file, &photo).unwrap();
    works(
        &phone,
        &[
            "visit",
            "attach",
            id,
            file.to_str().unwrap(),
            "--what",
            "photo",
        ],
    );
    let missing = |server: &Council| council(&server.folder, &["attachments"])["expected"].clone();
    // As soon as some of it is there, the device is killed, and then the server too.
    let mut sending = desk::start(&phone, &["sync"]);
    loop {
        let expected = missing(&server);
        if expected[0]["have"].as_u64().is_some_and(|have| have > 0)
            || expected == Json::Array(vec![]) && sending.try_wait().unwrap().is_some()
        {
            break;
        }
    }
    let _ = sending.kill();
    let _ = sending.wait();
    server.kill();
    server.serve_again();
    let before = missing(&server);
    if before != Json::Array(vec![]) {
        assert_eq!(before[0]["owner"], "W-SAGE");
        assert_eq!(before[0]["label"], "Rowan's phone");
        assert_eq!(
            title(&phone, &visit),
            "Words are with the council, 1 photo only on this phone"
        );
        let have = before[0]["have"].as_u64().unwrap();
        let total = before[0]["total"].as_u64().unwrap();
        let sent = works(&phone, &["sync"]);
        assert_eq!(sent["file_chunks"].as_u64().unwrap(), total - have);
        assert_eq!(sent["files_received"], 1);
    }
    assert_eq!(missing(&server), Json::Array(vec![]));
    assert!(title(&phone, &visit).starts_with("The council has it"));
    let proven = council(&server.folder, &["verify"]);
    assert_eq!(
        (&proven["files"], &proven["problems"]),
        (&Json::from(1), &Json::Array(vec![]))
    );
}

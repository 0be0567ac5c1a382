//! The council's server is lost on a working day and comes back from this morning's back-up at the same address: real processes,
//! real folders, the commands that a council's ICT and its workers type.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod desk;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use desk::{Council, PIN, council, run_with, works};
use serde_json::Value as Json;

const SAID: &str = "I put Pipit's bottle in my bed so it stays warm.";

/// A worker's device.
struct Device(PathBuf);

impl Device {
    fn enrol(within: &Path, council: &Council, worker: &str) -> Self {
        let device = Self(within.join(worker));
        device.run(&["enrol", &council.code(worker), "--label", worker]);
        device.run(&["sync"]);
        device
    }

    fn run(&self, words: &[&str]) -> Json {
        works(&self.0, words)
    }

    fn digests(&self) -> BTreeMap<String, String> {
        let lines = self.run(&["digests"])["scopes"].clone();
        let lines = lines.as_array().unwrap().iter();
        lines
            .map(|line| {
                let text = |field: &str| line[field].as_str().unwrap().to_owned();
                (text("scope"), text("digest"))
            })
            .collect()
    }

    fn titles(&self) -> Vec<String> {
        let answer = self.run(&["status"]);
        let rows = answer["records"].as_array().unwrap().iter();
        rows.map(|row| row["title"].as_str().unwrap().to_owned())
            .collect()
    }
}

/// The digests of the children's logs: what must be the same before and after.
fn of_children(folder: &Path) -> BTreeMap<String, String> {
    let digests = council(folder, &["verify"])["digests"].clone();
    let all = digests.as_object().unwrap().iter();
    all.filter(|(scope, _)| scope.starts_with("child:"))
        .map(|(scope, digest)| (scope.clone(), digest.as_str().unwrap().to_owned()))
        .collect()
}

/// A council whose root key is kept elsewhere, as it should be, and where Bryony visits Wren, too.
fn fernmouth(within: &Path) -> (Council, PathBuf) {
    let council = Council::start(within);
    let root = within.join("root.key");
    std::fs::rename(council.folder.join("root.key"), &root).unwrap();
    let joint = ["--child", "C-WREN", "--role", "joint"];
    let words = [&["assign", "--worker", "W-BRYONY"], &joint[..]].concat();
    desk::council(&council.folder, &words);
    (council, root)
}

/// Makes the lost council again from a back-up, and serves it at the same address.
fn restore(lost: &mut Council, file: &Path, root: &Path) {
    let restored = lost.folder.with_file_name("restored");
    let from = ["restore", "--from", file.to_str().unwrap()];
    let key = ["--root", root.to_str().unwrap(), "--after", "1"];
    let made = council(&restored, &[&from[..], &key].concat());
    assert_eq!(made["epoch"], 2);
    lost.folder = restored;
}

#[test]
fn a_restored_server_is_healed_from_the_devices_and_nothing_is_missing() {
    let within = tempfile::tempdir().unwrap();
    let within = within.path();
    let (mut serving, root) = fernmouth(within);
    let lost = serving.folder.clone();
    let rowan = Device::enrol(within, &serving, "W-ROWAN");
    let sage = Device::enrol(within, &serving, "W-SAGE");
    rowan.run(&["visit", "new", "Wren"]);
    rowan.run(&["visit", "note", "Wren", "saw", "before the back-up"]);
    rowan.run(&["sync"]);

    let file = within.join("morning.vb");
    let made = council(&lost, &["backup", "--to", file.to_str().unwrap()]);
    assert_eq!(made["epoch"], 1);

    // Everything from here on is in no back-up: a device, an assignment, a visit finished, a child's words, a concern.
    let bryony = Device::enrol(within, &serving, "W-BRYONY");
    let also = [
        "--worker", "W-BRYONY", "--child", "C-MERLE", "--role", "joint",
    ];
    council(&lost, &[&["assign"], &also[..]].concat());
    let begun = rowan.run(&["visit", "new", "Finch"]);
    let visit = begun["visits"][0]["visit"].as_str().unwrap();
    rowan.run(&["visit", "set", visit, "outcome", "cancelled_by_us"]);
    rowan.run(&["visit", "note", visit, "meaning", "after the back-up"]);
    rowan.run(&["voice", "Finch", "--visit", visit, "--how", "said", SAID]);
    rowan.run(&["visit", "finish", visit]);
    rowan.run(&["sync"]);
    bryony.run(&["sync"]);
    let told = "No food in the house";
    let urgent = ["--urgency", "manager_today", "--text", told];
    bryony.run(&[&["concern", "Merle"], &urgent[..]].concat());
    for device in [&bryony, &rowan, &sage] {
        device.run(&["sync"]);
    }
    let whole = of_children(&lost);
    rowan.run(&["visit", "note", "Wren", "saw", "sent to nobody yet"]);

    serving.kill();
    std::fs::remove_dir_all(&lost).unwrap();
    restore(&mut serving, &file, &root);
    let restored = serving.folder.clone();
    assert_ne!(of_children(&restored), whole, "the back-up lacks the day");
    serving.serve_again();

    for device in [&rowan, &bryony] {
        device.run(&["sync"]);
    }
    let lists = council(&restored, &["restore-confirm"]);
    assert_eq!(lists["confirmed"], false);
    let known = lists["devices"].as_array().unwrap().iter();
    let unknown = known
        .filter(|device| device["not_in_backup"] == true)
        .count();
    assert_eq!(unknown, 1, "Bryony's, by its certificate");
    let confirmed = council(&restored, &["restore-confirm", "--yes"]);
    assert_eq!(confirmed["confirmed"], true);
    assert_eq!(confirmed["gaps"], 0);
    for _ in 0..2 {
        for device in [&rowan, &bryony, &sage] {
            device.run(&["sync"]);
        }
    }

    let healed = of_children(&restored);
    let changed = whole
        .iter()
        .filter(|(scope, digest)| healed.get(*scope) != Some(digest));
    assert_eq!(
        changed.count(),
        1,
        "only Wren's log has more: what nobody had been sent"
    );
    let of_council = council(&restored, &["verify"])["digests"].clone();
    for device in [&rowan, &bryony, &sage] {
        for (scope, digest) in device.digests() {
            assert_eq!(of_council[&scope], digest, "{scope}");
        }
        let verified = device.run(&["verify"]);
        assert_eq!(verified["problems"], Json::Array(vec![]));
        assert_eq!(verified["waiting"], 0);
        for title in device.titles() {
            assert!(title.starts_with("The council has it"), "{title}");
        }
    }
    let hits = |device: &Device, words: &str| {
        let found = device.run(&["search", words]);
        found["hits"].as_array().unwrap().len()
    };
    for device in [&rowan, &bryony, &sage] {
        assert_eq!(hits(device, "bottle"), 1);
        assert_eq!(hits(device, "No food"), 1);
        assert_eq!(hits(device, "after the back-up"), 1);
    }
    assert_eq!(hits(&rowan, "nobody yet"), 1);

    // One command, and nothing to type again.
    let export = sage.run(&["export", visit]);
    let text = export["records"][0]["text"].as_str().unwrap();
    for words in [SAID, "after the back-up", "WHAT THIS MEANS FOR"] {
        assert!(text.contains(words), "{words}: {text}");
    }
    sage.run(&["sync"]);
    let log = council(
        &restored,
        &["read-log", "--child", "C-FINCH", "--worker", "W-SAGE"],
    );
    let looked = log["looked"].as_array().unwrap().iter();
    let mut how: Vec<&str> = looked.map(|one| one["how"].as_str().unwrap()).collect();
    how.sort_unstable();
    how.dedup();
    assert_eq!(how, ["export", "search"]);
    assert!(!log["served"].as_array().unwrap().is_empty());
}

/// Two devices write and send without a pause while the server is backed up, written to, lost, restored and confirmed.
#[test]
fn a_server_restored_while_devices_push_lacks_nothing_that_was_saved() {
    let within = tempfile::tempdir().unwrap();
    let within = within.path();
    let (mut serving, root) = fernmouth(within);
    let rowan = Device::enrol(within, &serving, "W-ROWAN");
    let bryony = Device::enrol(within, &serving, "W-BRYONY");
    rowan.run(&["visit", "new", "Wren"]);
    rowan.run(&["sync"]);
    bryony.run(&["sync"]);

    let saved = [AtomicUsize::new(0), AtomicUsize::new(0)];
    let over = AtomicBool::new(false);
    let more = |than: [usize; 2]| {
        let enough = || {
            saved
                .iter()
                .zip(than)
                .all(|(n, than)| n.load(Ordering::SeqCst) > than + 1)
        };
        while !enough() {
            assert!(!over.load(Ordering::SeqCst), "a device stopped writing");
            std::thread::sleep(Duration::from_millis(20));
        }
        [0, 1].map(|device| saved[device].load(Ordering::SeqCst))
    };
    std::thread::scope(|scope| {
        for (device, count) in [&rowan, &bryony].into_iter().zip(&saved) {
            let over = &over;
            scope.spawn(move || {
                // A thread that panics must not leave the others waiting for it.
                let stopped = Stops(over);
                let name = device.0.file_name().unwrap().to_str().unwrap();
                while !over.load(Ordering::SeqCst) {
                    let number = count.load(Ordering::SeqCst);
                    let words = format!("{name} wrote piece{number}");
                    device.run(&["visit", "note", "Wren", "saw", &words]);
                    count.store(number + 1, Ordering::SeqCst);
                    // There may be no server at this moment: the words stay, and go with a later one.
                    run_with(&device.0, &format!("{PIN}\n"), &["sync"]);
                }
                drop(stopped);
            });
        }
        let stopped = Stops(&over);
        let before = more([0, 0]);
        let file = within.join("morning.vb");
        council(&serving.folder, &["backup", "--to", file.to_str().unwrap()]);
        let known = more(before);
        serving.kill();
        let lost = more(known);
        restore(&mut serving, &file, &root);
        serving.serve_again();
        let healing = more(lost);
        let confirmed = council(&serving.folder, &["restore-confirm", "--yes"]);
        assert_eq!(confirmed["confirmed"], true);
        more(healing);
        drop(stopped);
    });

    for device in [&rowan, &bryony, &rowan, &bryony] {
        device.run(&["sync"]);
    }
    let of_council = council(&serving.folder, &["verify"]);
    assert_eq!(of_council["problems"], Json::Array(vec![]));
    for device in [&rowan, &bryony] {
        for (scope, digest) in device.digests() {
            assert_eq!(of_council["digests"][&scope], digest, "{scope}");
        }
        let verified = device.run(&["verify"]);
        assert_eq!(verified["problems"], Json::Array(vec![]));
        assert_eq!(verified["waiting"], 0);
    }
    // Text that is not finished is its author's to read; that the council has it too, its own `verify` and the digests say.
    for (author, count) in [&rowan, &bryony].into_iter().zip(&saved) {
        let name = author.0.file_name().unwrap().to_str().unwrap();
        for number in 0..count.load(Ordering::SeqCst) {
            let words = format!("{name} wrote piece{number}");
            let found = author.run(&["search", &words]);
            assert!(found.to_string().contains(&words), "{words}: {found}");
        }
    }
}

/// Says, when it goes, that it is over.
struct Stops<'a>(&'a AtomicBool);

impl Drop for Stops<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

//! The council's server is lost on a working day and comes back from this morning's back-up at the same address: real processes,
//! real folders, the commands that a council's ICT and its workers type.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod desk;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use desk::{command, council, works};
use serde_json::Value as Json;

const SAID: &str = "I put Pipit's bottle in my bed so it stays warm.";

/// The service, until it is dropped: then it is killed, as a power cut would.
struct Serving(Child);

impl Serving {
    /// Serves at an address, and says which it was.
    fn start(folder: &Path, listen: &str) -> (Self, String) {
        let mut child = command()
            .args(["council", "serve", "--listen", listen, "--dir"])
            .arg(folder)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("listening on https://").unwrap();
        (Self(child), address.to_owned())
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// A worker's device.
struct Device(PathBuf);

impl Device {
    fn enrol(within: &Path, folder: &Path, address: &str, worker: &str) -> Self {
        let address = format!("https://{address}");
        let words = ["enrol-code", "--worker", worker, "--label", "device"];
        let code = council(folder, &[&words[..], &["--address", &address]].concat());
        let device = Self(within.join(worker));
        device.run(&["enrol", code["code"].as_str().unwrap(), "--label", worker]);
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

#[test]
fn a_restored_server_is_healed_from_the_devices_and_nothing_is_missing() {
    let within = tempfile::tempdir().unwrap();
    let within = within.path();
    let lost = within.join("council");
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/fixtures/fernmouth");
    let anywhere = "https://127.0.0.1:0";
    council(
        &lost,
        &["init", "--name", "Fernmouth", "--address", anywhere],
    );
    council(&lost, &["import", fixtures.to_str().unwrap()]);
    let root = within.join("root.key");
    std::fs::rename(lost.join("root.key"), &root).unwrap();
    let joint = [
        "--worker", "W-BRYONY", "--child", "C-WREN", "--role", "joint",
    ];
    council(&lost, &[&["assign"], &joint[..]].concat());
    let (serving, address) = Serving::start(&lost, "127.0.0.1:0");
    let rowan = Device::enrol(within, &lost, &address, "W-ROWAN");
    let sage = Device::enrol(within, &lost, &address, "W-SAGE");
    rowan.run(&["visit", "new", "Wren"]);
    rowan.run(&["visit", "note", "Wren", "saw", "before the back-up"]);
    rowan.run(&["sync"]);

    let file = within.join("morning.vb");
    let made = council(&lost, &["backup", "--to", file.to_str().unwrap()]);
    assert_eq!(made["epoch"], 1);

    // Everything from here on is in no back-up: a device, an assignment, a visit finished, a child's words, a concern.
    let bryony = Device::enrol(within, &lost, &address, "W-BRYONY");
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

    drop(serving);
    std::fs::remove_dir_all(&lost).unwrap();
    let restored = within.join("restored");
    let from = [
        "restore",
        "--from",
        file.to_str().unwrap(),
        "--root",
        root.to_str().unwrap(),
    ];
    let made = council(&restored, &[&from[..], &["--after", "1"]].concat());
    assert_eq!(made["epoch"], 2);
    assert_ne!(of_children(&restored), whole, "the back-up lacks the day");
    let (_serving, again) = Serving::start(&restored, &address);
    assert_eq!(again, address);

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

//! A council's server is lost and comes back from a back-up: real processes, real devices, real keys. What the back-up lacks
//! comes back from the devices, and nothing is missing at the end.
#![cfg(feature = "service")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::Value as Json;
use tempfile::TempDir;
use visitbook_device::clock::Clock;
use visitbook_device::model::Finishing;
use visitbook_device::sync::cancel::CancelHandle;
use visitbook_device::sync::driver::{Ask, Driver, SystemClock};
use visitbook_device::sync::engine::Config;
use visitbook_device::sync::exchange::{Route, TransportProblem};
use visitbook_device::sync::http::{HttpsTransport, Transport as _, fetch_unverified_key_bundle};
use visitbook_device::sync::outcome::{Outcome, Trouble};
use visitbook_device::{Device, EnrolError, EnrolStep, OpenError, Working};
use visitbook_record::commit::Clocks;
use visitbook_record::id::{BootId, RecordId};
use visitbook_record::op::Target;
use visitbook_record::time::{MonotonicMillis, WallMillis};
use visitbook_seal::bundle::SignedBundle;
use visitbook_seal::enrol::EnrolmentCode;
use visitbook_seal::hardware::SoftwareKeys;
use visitbook_seal::vault::Params;

const PIN: &[u8] = b"482917";
const CANARY: &str = "CANARY-amber-heron-17";
const PATIENCE: Duration = Duration::from_secs(30);

/// A council's folders and, while it runs, its process.
struct Server {
    place: PathBuf,
    folder: TempDir,
    running: Option<(Child, SocketAddr)>,
}

fn program(dir: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_visitbook-server"));
    command.args(words).arg("--dir").arg(dir);
    command
}

fn command(dir: &Path, words: &[&str]) -> Result<Json, String> {
    let output = program(dir, words).arg("--json").output().unwrap();
    if output.status.success() {
        Ok(serde_json::from_slice(&output.stdout).unwrap())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

impl Server {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self {
            place: folder.path().join("council"),
            folder,
            running: None,
        };
        server.run(&[
            "init",
            "--name",
            "Fernmouth",
            "--address",
            "https://127.0.0.1:8443",
        ]);
        server.import();
        std::fs::rename(server.place.join("root.key"), server.root()).unwrap();
        server.start();
        server
    }

    fn import(&self) {
        let files = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/fernmouth");
        let copy = self.folder.path().join("files");
        if !copy.exists() {
            std::fs::create_dir(&copy).unwrap();
            for entry in std::fs::read_dir(files).unwrap() {
                let entry = entry.unwrap();
                std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
            }
        }
        self.run(&["import", copy.to_str().unwrap()]);
    }

    /// Offline, as it should be.
    fn root(&self) -> PathBuf {
        self.folder.path().join("root.key")
    }

    fn run(&self, words: &[&str]) -> Json {
        command(&self.place, words).unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }

    fn start(&mut self) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .unwrap();
        let mut child = program(&self.place, &["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("listening on https://").unwrap();
        self.running = Some((child, address.parse().unwrap()));
    }

    fn kill(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    fn restart(&mut self) {
        self.kill();
        self.start();
    }

    fn backup(&self, name: &str) -> PathBuf {
        let file = self.folder.path().join(name);
        self.run(&["backup", "--to", file.to_str().unwrap()]);
        file
    }

    /// The present server is gone; another one rises from the back-up.
    fn restore(&mut self, from: &Path, name: &str, after: u64) -> Json {
        self.kill();
        self.place = self.folder.path().join(name);
        let restored = self.run(&[
            "restore",
            "--from",
            from.to_str().unwrap(),
            "--root",
            self.root().to_str().unwrap(),
            "--after",
            &after.to_string(),
        ]);
        self.start();
        restored
    }

    fn confirm(&self) -> Json {
        let confirmed = self.run(&["restore-confirm", "--yes"]);
        assert_eq!(confirmed["confirmed"], true);
        confirmed
    }

    /// The digests, after proving the whole log.
    fn verify(&self) -> Json {
        self.run(&["verify"])["digests"].clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Moves on by a second whenever it is read.
struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn read(&self) -> Clocks {
        let now = self.0.fetch_add(1_000, Ordering::Relaxed);
        Clocks {
            wall: WallMillis(1_793_094_720_000 + now),
            monotonic: MonotonicMillis(now.unsigned_abs()),
            boot: BootId([7; 16]),
        }
    }
}

struct Phone {
    _folder: TempDir,
    working: Working,
    driver: Driver,
}

impl Phone {
    fn enrol(server: &Server, worker: &str) -> Self {
        let made = server.run(&["enrol-code", "--worker", worker, "--label", "a phone"]);
        let code: EnrolmentCode = made["code"].as_str().unwrap().parse().unwrap();
        let via = server.running.as_ref().map(|(_, address)| *address);
        let folder = tempfile::tempdir().unwrap();
        let cancel = CancelHandle::new();
        let mut roots = Vec::new();
        let exchange = |step: EnrolStep, body: &[u8]| -> Result<Vec<u8>, TransportProblem> {
            if step == EnrolStep::Keys {
                let bundle =
                    fetch_unverified_key_bundle(&code.address, via, PATIENCE, &cancel)?.body;
                let signed = SignedBundle::decode(&bundle).unwrap();
                let verified = signed.verify(&code.root_fingerprint).unwrap();
                roots.clone_from(&verified.tls_roots);
                return Ok(bundle);
            }
            let line = HttpsTransport::new(&code.address, &roots)
                .unwrap()
                .connect_via(via.unwrap());
            let reply = line.exchange(Route::Enrol, body, PATIENCE, &cancel)?;
            Ok(reply.body)
        };
        let hardware = Arc::new(SoftwareKeys::new());
        let clock = Arc::new(Ticking(AtomicI64::new(0)));
        let enrolled = Device::enrol(
            folder.path(),
            hardware.clone(),
            clock.clone(),
            &code,
            PIN,
            Params::fast_for_tests(),
            &format!("{worker}'s phone"),
            exchange,
        );
        let locked = match enrolled {
            // Another test's server that is just being started holds every lock of this process until it is.
            Err(EnrolError::Open(OpenError::Busy)) => loop {
                match Device::open(folder.path(), hardware.clone(), clock.clone()) {
                    Err(OpenError::Busy) => std::thread::yield_now(),
                    opened => break opened.unwrap(),
                }
            },
            enrolled => enrolled.unwrap(),
        };
        let mut phone = Self {
            _folder: folder,
            working: locked.unlock(PIN).unwrap(),
            driver: Driver::new(Config::default()),
        };
        phone.sync(server);
        phone
    }

    /// Locks it and unlocks it again.
    fn relock(self) -> Self {
        let working = self.working.lock().unlock(PIN).unwrap();
        Self { working, ..self }
    }

    fn try_sync(&mut self, server: &Server) -> Outcome {
        let (_, address) = server.running.as_ref().unwrap();
        let line = HttpsTransport::new(self.working.address(), &self.working.tls_roots())
            .unwrap()
            .connect_via(*address);
        let ask = Ask {
            asked: true,
            ..Ask::default()
        };
        self.driver
            .sync(
                &mut self.working,
                &line,
                &SystemClock::default(),
                ask,
                &mut |_| {},
                &CancelHandle::new(),
            )
            .unwrap()
    }

    fn sync(&mut self, server: &Server) -> Outcome {
        let outcome = self.try_sync(server);
        assert_eq!(outcome.trouble, None);
        assert!(!outcome.more_waiting);
        outcome
    }

    fn child(&self, code: &str) -> RecordId {
        self.working.child_by_code(code)
    }

    /// A visit that could not be made, with a note. Saved here, not sent.
    fn visit(&mut self, child: &str, text: &str) -> RecordId {
        let visit = self.working.begin_visit(&[self.child(child)]).unwrap()[0];
        let outcome = Target::field("outcome");
        self.working
            .set(visit, &outcome, "cancelled_by_us", None)
            .unwrap();
        self.working.note(visit, "meaning", text).unwrap();
        visit
    }

    fn finish(&mut self, visit: RecordId) {
        let finishing = self.working.finish(&[visit]).unwrap();
        assert!(matches!(finishing, Finishing::Finished(_)));
    }

    fn status(&self, record: RecordId) -> String {
        let statuses = self.working.statuses().unwrap();
        let one = statuses.into_iter().find(|one| one.record == record);
        one.unwrap().status.code
    }

    /// The text of a visit's note, as anybody who holds the child reads it.
    fn has_text(&self, visit: RecordId, text: &str) -> bool {
        let page = serde_json::to_string(&self.working.visit(visit).unwrap()).unwrap();
        page.contains(text)
    }

    /// What this device holds is what the council says of it, and all of it verifies.
    fn agrees(&self, digests: &Json) {
        let own = self.working.digests().unwrap();
        assert!(!own.is_empty());
        for line in own {
            assert_eq!(digests[&line.scope], line.digest, "{}", line.scope);
        }
        let verification = self.working.verify().unwrap();
        assert_eq!(verification.problems, Vec::<String>::new());
        assert_eq!(verification.waiting, 0);
        let alarms = self.working.alarms().unwrap();
        let kinds: Vec<&str> = alarms.iter().map(|alarm| alarm.kind.as_str()).collect();
        assert_eq!(kinds, Vec::<&str>::new());
    }
}

/// Only the logs of children: what is the same before and after, whatever the server wrote of its own.
fn of_children(digests: &Json) -> Vec<(String, Json)> {
    let all = digests.as_object().unwrap().iter();
    all.filter(|(scope, _)| scope.starts_with("child:"))
        .map(|(scope, digest)| (scope.clone(), digest.clone()))
        .collect()
}

#[test]
fn what_came_after_the_back_up_is_given_back_and_nothing_is_missing() {
    let mut server = Server::new();
    server.run(&[
        "assign", "--worker", "W-BRYONY", "--child", "C-WREN", "--role", "joint",
    ]);
    let mut rowan = Phone::enrol(&server, "W-ROWAN");
    let mut bryony = Phone::enrol(&server, "W-BRYONY");
    let mut sage = Phone::enrol(&server, "W-SAGE");
    let before = rowan.visit("C-WREN", "before the back-up");
    rowan.sync(&server);
    let file = server.backup("monday");

    let finished = rowan.visit("C-WREN", "finished after it");
    rowan.finish(finished);
    let open = rowan.visit("C-FINCH", "still being written");
    rowan.sync(&server);
    bryony.sync(&server);
    let joint = bryony.visit("C-WREN", "seen from the other side");
    bryony.finish(joint);
    bryony.sync(&server);
    rowan.sync(&server);
    sage.sync(&server);
    let whole = server.verify();

    let restored = server.restore(&file, "restored", 0);
    assert_eq!(restored["epoch"], 2);
    assert_ne!(of_children(&server.verify()), of_children(&whole));
    assert_eq!(rowan.status(finished), "council_has_it");
    let outcome = rowan.sync(&server);
    assert_eq!(
        outcome.progress.pulled_entries, 0,
        "nothing is sent before it is confirmed"
    );
    assert_eq!(rowan.working.epoch().unwrap(), 2);
    assert_eq!(rowan.status(finished), "council_has_it", "received again");
    assert_eq!(rowan.status(before), "council_has_it", "never lost");
    bryony.sync(&server);

    let lists = server.confirm();
    assert_eq!(lists["devices"].as_array().unwrap().len(), 3);
    assert_eq!(lists["gaps"], 0);
    for phone in [&mut rowan, &mut bryony, &mut sage] {
        phone.sync(&server);
    }
    let healed = server.verify();
    assert_eq!(
        of_children(&healed),
        of_children(&whole),
        "as if nothing had happened"
    );
    for phone in [&rowan, &bryony, &sage] {
        phone.agrees(&healed);
        assert!(phone.has_text(joint, "seen from the other side"));
        assert!(phone.has_text(finished, "finished after it"));
    }
    assert!(rowan.has_text(open, "still being written"));
    assert!(
        !sage.has_text(open, "still being written"),
        "withheld until finish, as before"
    );
}

#[test]
fn a_colleague_gives_back_what_a_lost_phone_cannot() {
    let mut server = Server::new();
    server.run(&[
        "assign", "--worker", "W-BRYONY", "--child", "C-WREN", "--role", "joint",
    ]);
    let mut rowan = Phone::enrol(&server, "W-ROWAN");
    let mut bryony = Phone::enrol(&server, "W-BRYONY");
    let file = server.backup("monday");
    let visit = rowan.visit("C-WREN", "only in two places");
    rowan.finish(visit);
    rowan.sync(&server);
    bryony.sync(&server);
    let whole = server.verify();
    // Rowan's phone falls into the harbour, and so does the server.
    drop(rowan);
    server.restore(&file, "restored", 0);
    bryony.sync(&server);
    server.confirm();
    bryony.sync(&server);
    let healed = server.verify();
    assert_eq!(of_children(&healed), of_children(&whole));
    bryony.agrees(&healed);
    let mut again = Phone::enrol(&server, "W-ROWAN");
    again.sync(&server);
    again.agrees(&healed);
    assert!(again.has_text(visit, "only in two places"));
}

#[test]
fn a_device_that_the_back_up_does_not_know_is_taken_by_its_certificate_and_served_once_confirmed() {
    let mut server = Server::new();
    let file = server.backup("monday");
    let mut rowan = Phone::enrol(&server, "W-ROWAN");
    let sent = rowan.visit("C-WREN", "sent to the old server");
    rowan.sync(&server);
    let unsent = rowan.visit("C-FINCH", "not sent to any");
    server.restore(&file, "restored", 0);
    let outcome = rowan.sync(&server);
    assert_eq!(outcome.progress.refused, 0);
    for visit in [sent, unsent] {
        assert_eq!(rowan.status(visit), "council_has_it");
    }
    let lists = server.run(&["restore-confirm"]);
    assert_eq!(lists["confirmed"], false);
    assert_eq!(lists["devices"][0]["not_in_backup"], true);
    assert_eq!(rowan.sync(&server).progress.pulled_entries, 0);
    server.confirm();
    assert!(rowan.sync(&server).progress.pulled_entries > 0);
    rowan.agrees(&server.verify());
}

#[test]
fn an_assignment_that_the_back_up_lacks_comes_back_with_the_work_done_under_it() {
    let mut server = Server::new();
    let mut bryony = Phone::enrol(&server, "W-BRYONY");
    let file = server.backup("monday");
    server.run(&[
        "assign", "--worker", "W-BRYONY", "--child", "C-WREN", "--role", "cover",
    ]);
    bryony.sync(&server);
    let wren = bryony.child("C-WREN");
    bryony.working.open_cover(wren, "Rowan is away").unwrap();
    let sent = bryony.visit("C-WREN", "while covering");
    bryony.sync(&server);
    let unsent = bryony.visit("C-WREN", "and once more, unsent");
    server.restore(&file, "restored", 0);
    bryony.sync(&server);
    let lists = server.confirm();
    let held = lists["assignments"].as_array().unwrap();
    assert!(
        held.iter()
            .any(|one| one["worker"] == "W-BRYONY" && one["role"] == "cover")
    );
    bryony.sync(&server);
    for visit in [sent, unsent] {
        assert_eq!(
            bryony.status(visit),
            "council_has_it",
            "applied, not set aside"
        );
    }
    bryony.agrees(&server.verify());
}

#[test]
fn a_revocation_that_the_back_up_lacks_is_made_again_before_anything_is_sent() {
    let mut server = Server::new();
    let mut rowan = Phone::enrol(&server, "W-ROWAN");
    let mut sage = Phone::enrol(&server, "W-SAGE");
    let file = server.backup("monday");
    // The phone was stolen and ended on Tuesday; the back-up of Monday does not know it.
    server.restore(&file, "restored", 0);
    let said = rowan.visit("C-WREN", "what the thief's phone still held");
    rowan.sync(&server);
    assert_eq!(
        rowan.status(said),
        "council_has_it",
        "words are taken before the lists are confirmed"
    );
    let lists = server.run(&["restore-confirm"]);
    let stolen = lists["devices"]
        .as_array()
        .unwrap()
        .iter()
        .find(|device| device["worker"] == "W-ROWAN")
        .unwrap()["device"]
        .as_str()
        .unwrap()
        .to_owned();
    server.run(&["restore-confirm", "--yes", "--end-device", &stolen]);
    let outcome = rowan.try_sync(&server);
    assert_eq!(outcome.trouble, Some(Trouble::NotEnrolled));
    assert_eq!(outcome.progress.pulled_entries, 0);
    let left = rowan.working.statuses().unwrap();
    assert!(left.is_empty(), "it has removed what it held");
    sage.sync(&server);
    assert!(sage.working.visit(said).is_ok(), "and its words are kept");
    sage.agrees(&server.verify());
}

#[test]
fn an_older_back_up_over_a_newer_server_is_healed_too() {
    let mut server = Server::new();
    let mut rowan = Phone::enrol(&server, "W-ROWAN");
    let mut sage = Phone::enrol(&server, "W-SAGE");
    let monday = server.backup("monday");
    let first = rowan.visit("C-WREN", "on Monday");
    rowan.finish(first);
    rowan.sync(&server);
    let tuesday = server.backup("tuesday");
    server.restore(&tuesday, "second", 0);
    rowan.sync(&server);
    server.confirm();
    let second = rowan.visit("C-WREN", "on Tuesday");
    rowan.finish(second);
    rowan.sync(&server);
    sage.sync(&server);
    let whole = server.verify();

    let restored = server.restore(&monday, "third", 2);
    assert_eq!(restored["epoch"], 3);
    rowan.sync(&server);
    server.confirm();
    for phone in [&mut rowan, &mut sage] {
        phone.sync(&server);
        phone.sync(&server);
    }
    let healed = server.verify();
    assert_eq!(of_children(&healed), of_children(&whole));
    for phone in [&rowan, &sage] {
        phone.agrees(&healed);
        assert!(phone.has_text(first, "on Monday"));
        assert!(phone.has_text(second, "on Tuesday"));
    }
}

#[test]
fn two_servers_restored_from_one_back_up_are_not_taken_for_each_other() {
    let mut server = Server::new();
    let mut rowan = Phone::enrol(&server, "W-ROWAN");
    let file = server.backup("monday");
    let visit = rowan.visit("C-WREN", "after the back-up");
    rowan.sync(&server);
    server.restore(&file, "first", 0);
    server.confirm();
    rowan.sync(&server);
    rowan.agrees(&server.verify());

    server.restore(&file, "twin", 0);
    server.confirm();
    let unsent = rowan.visit("C-WREN", "not for the twin");
    let outcome = rowan.try_sync(&server);
    assert_eq!(outcome.progress.pulled_entries, 0);
    assert_eq!(
        outcome.progress.receipted, 0,
        "no receipt of the twin's counts"
    );
    assert_ne!(rowan.status(unsent), "council_has_it");
    let alarms = rowan.working.alarms().unwrap();
    assert!(alarms.iter().any(|alarm| alarm.kind == "epoch_fork"));

    // What to do about it: a number that no server has had.
    server.restore(&file, "settled", 2);
    server.confirm();
    rowan.sync(&server);
    rowan.sync(&server);
    for visit in [visit, unsent] {
        assert_eq!(rowan.status(visit), "council_has_it");
    }
    let healed = server.verify();
    for line in rowan.working.digests().unwrap() {
        assert_eq!(healed[&line.scope], line.digest);
    }
}

#[test]
fn of_two_finishes_the_one_that_was_first_received_stands_whichever_comes_back_first() {
    let mut server = Server::new();
    server.run(&[
        "assign", "--worker", "W-BRYONY", "--child", "C-WREN", "--role", "joint",
    ]);
    let mut rowan = Phone::enrol(&server, "W-ROWAN");
    let mut bryony = Phone::enrol(&server, "W-BRYONY");
    let mut sage = Phone::enrol(&server, "W-SAGE");
    let visit = rowan.working.begin_visit(&[rowan.child("C-WREN")]).unwrap()[0];
    let outcome = Target::field("outcome");
    rowan
        .working
        .set(visit, &outcome, "cancelled_by_us", None)
        .unwrap();
    rowan.sync(&server);
    bryony.sync(&server);
    let file = server.backup("monday");
    rowan.finish(visit);
    bryony.finish(visit);
    rowan.sync(&server);
    bryony.sync(&server);
    rowan.sync(&server);
    let by = |phone: &Phone| phone.working.visit(visit).unwrap().finished.unwrap().by;
    assert_eq!(
        (by(&rowan), by(&bryony)),
        ("Rowan Teasel".into(), "Rowan Teasel".into())
    );

    server.restore(&file, "restored", 0);
    bryony.sync(&server);
    rowan.sync(&server);
    server.confirm();
    for phone in [&mut sage, &mut bryony, &mut rowan] {
        phone.sync(&server);
        assert_eq!(by(phone), "Rowan Teasel");
    }
    let healed = server.verify();
    for phone in [&sage, &bryony, &rowan] {
        phone.agrees(&healed);
    }
}

#[test]
fn a_restore_that_is_killed_leaves_no_council_and_is_simply_made_again() {
    let mut server = Server::new();
    let mut rowan = Phone::enrol(&server, "W-ROWAN");
    rowan.visit("C-WREN", "kept");
    rowan.sync(&server);
    let file = server.backup("monday");
    server.kill();
    let words = |root: &str| {
        let file = file.to_str().unwrap().to_owned();
        [
            "restore".into(),
            "--from".into(),
            file,
            "--root".into(),
            root.to_owned(),
        ]
    };
    let root = server.root();
    let words = words(root.to_str().unwrap());
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    for seen in [
        "control.key",
        "council.db",
        "database.key",
        "receipt-2.key",
        "nothing",
    ] {
        let place = server.folder.path().join(format!("killed-{seen}"));
        let unfinished = server
            .folder
            .path()
            .join(format!("killed-{seen}.restoring"));
        let mut child = program(&place, &words)
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        while !unfinished.join(seen).exists() && child.try_wait().unwrap().is_none() {
            std::thread::yield_now();
        }
        let _ = child.kill();
        child.wait().unwrap();
        if !place.exists() {
            assert!(command(&place, &["verify"]).is_err(), "no council is there");
            command(&place, &words).unwrap();
        }
        assert!(!unfinished.exists());
        let lists = command(&place, &["restore-confirm"]).unwrap();
        assert_eq!(
            (&lists["epoch"], &lists["confirmed"]),
            (&Json::from(2), &Json::from(false))
        );
        assert_eq!(
            command(&place, &["verify"]).unwrap()["problems"],
            Json::Array(vec![])
        );
        assert!(
            command(&place, &words).is_err(),
            "never over another council"
        );
    }
}

#[test]
fn a_back_up_shows_nothing_opens_with_the_root_key_alone_and_no_byte_of_it_can_be_changed() {
    let mut server = Server::new();
    let mut rowan = Phone::enrol(&server, "W-ROWAN");
    rowan.visit("C-WREN", CANARY);
    rowan.sync(&server);
    let file = server.backup("monday");
    let bytes = std::fs::read(&file).unwrap();
    for hidden in [CANARY.as_bytes(), b"Larkspur", b"SQLite format 3"] {
        let there = bytes.windows(hidden.len()).any(|window| window == hidden);
        assert!(!there, "{}", String::from_utf8_lossy(hidden));
    }
    let again = command(&server.place, &["backup", "--to", file.to_str().unwrap()]);
    assert!(again.is_err(), "never over another back-up");
    server.kill();

    let try_with = |name: &str, file: &Path, root: &Path| {
        let place = server.folder.path().join(name);
        let words = [
            "restore",
            "--from",
            file.to_str().unwrap(),
            "--root",
            root.to_str().unwrap(),
        ];
        let outcome = command(&place, &words);
        assert_eq!(outcome.is_ok(), place.exists());
        outcome
    };
    let other = server.folder.path().join("other.key");
    std::fs::write(&other, "07".repeat(32)).unwrap();
    let error = try_with("other-root", &file, &other).unwrap_err();
    assert!(
        error.contains("does not open with this root key"),
        "{error}"
    );
    let changed = server.folder.path().join("changed");
    for place in [3, 30, 2_000, bytes.len() / 2, bytes.len() - 1] {
        let mut bytes = bytes.clone();
        bytes[place] ^= 1;
        std::fs::write(&changed, &bytes).unwrap();
        try_with(&format!("changed-{place}"), &changed, &server.root()).unwrap_err();
    }
    std::fs::write(&changed, &bytes[..bytes.len() - 4096]).unwrap();
    try_with("cut", &changed, &server.root()).unwrap_err();
    try_with("good", &file, &server.root()).unwrap();
}

#[test]
fn a_back_up_made_while_words_arrive_holds_one_moment_and_stops_nobody() {
    let server = Server::new();
    let mut rowan = Phone::enrol(&server, "W-ROWAN");
    let place = server.place.clone();
    let files: Vec<PathBuf> = (0..3)
        .map(|n| server.folder.path().join(format!("back-up-{n}")))
        .collect();
    let making = std::thread::spawn({
        let files = files.clone();
        move || {
            for file in files {
                command(&place, &["backup", "--to", file.to_str().unwrap()]).unwrap();
            }
        }
    });
    for n in 0..12 {
        rowan.visit("C-WREN", &format!("note {n}"));
        rowan.sync(&server);
    }
    making.join().unwrap();
    for (n, file) in files.iter().enumerate() {
        let place = server.folder.path().join(format!("restored-{n}"));
        let root = server.root();
        let words = [
            "restore",
            "--from",
            file.to_str().unwrap(),
            "--root",
            root.to_str().unwrap(),
        ];
        command(&place, &words).unwrap();
        assert_eq!(
            command(&place, &["verify"]).unwrap()["problems"],
            Json::Array(vec![])
        );
    }
}

#[test]
fn a_code_spent_after_the_back_up_cannot_be_spent_again() {
    let mut server = Server::new();
    let made = server.run(&["enrol-code", "--worker", "W-ROWAN", "--label", "a phone"]);
    let code: EnrolmentCode = made["code"].as_str().unwrap().parse().unwrap();
    let file = server.backup("monday");
    server.restore(&file, "restored", 0);
    server.confirm();
    let via = server.running.as_ref().map(|(_, address)| *address);
    let folder = tempfile::tempdir().unwrap();
    let cancel = CancelHandle::new();
    let mut roots = Vec::new();
    let outcome = Device::enrol(
        folder.path(),
        Arc::new(SoftwareKeys::new()),
        Arc::new(Ticking(AtomicI64::new(0))),
        &code,
        PIN,
        Params::fast_for_tests(),
        "a phone",
        |step, body| -> Result<Vec<u8>, TransportProblem> {
            if step == EnrolStep::Keys {
                let bundle =
                    fetch_unverified_key_bundle(&code.address, via, PATIENCE, &cancel)?.body;
                let signed = SignedBundle::decode(&bundle).unwrap();
                roots = signed
                    .verify(&code.root_fingerprint)
                    .unwrap()
                    .tls_roots
                    .clone();
                return Ok(bundle);
            }
            let line = HttpsTransport::new(&code.address, &roots)
                .unwrap()
                .connect_via(via.unwrap());
            Ok(line.exchange(Route::Enrol, body, PATIENCE, &cancel)?.body)
        },
    );
    assert!(matches!(outcome.err(), Some(EnrolError::CodeRefused)));
}

#[test]
fn a_new_ingest_key_is_used_from_the_next_contact_and_the_old_one_still_opens() {
    let mut server = Server::new();
    let mut rowan = Phone::enrol(&server, "W-ROWAN");
    let old = rowan.visit("C-WREN", "sealed to the first key");
    let rotated = server.run(&["rotate-ingest-key"]);
    assert_eq!(
        (&rotated["kept"], &rotated["removed"]),
        (&Json::from(2), &Json::from(0))
    );
    server.restart();
    rowan.sync(&server);
    assert_eq!(rowan.status(old), "council_has_it");
    // From here on the first key is not needed for anything this phone says.
    std::fs::remove_file(server.place.join("ingest-1.key")).unwrap();
    server.restart();
    let new = rowan.visit("C-WREN", "sealed to the second key");
    rowan.sync(&server);
    assert_eq!(rowan.status(new), "council_has_it");
    rowan.agrees(&server.verify());
}

#[test]
fn the_loss_of_the_ingest_key_costs_one_more_round_trip_and_no_word() {
    let mut server = Server::new();
    let mut rowan = Phone::enrol(&server, "W-ROWAN");
    let visit = rowan.visit("C-WREN", "sealed to a key that is lost");
    server.kill();
    std::fs::remove_file(server.place.join("ingest-1.key")).unwrap();
    let rotated = server.run(&["rotate-ingest-key", "--lost"]);
    assert_eq!(rotated["kept"], 1);
    server.start();
    let outcome = rowan.try_sync(&server);
    assert_eq!(outcome.trouble, None);
    assert_eq!(rowan.status(visit), "council_has_it");
    rowan.sync(&server);
    rowan.agrees(&server.verify());
}

#[test]
fn every_look_on_a_device_is_in_the_read_log_once_it_was_locked_and_no_device_reads_it() {
    let server = Server::new();
    let mut rowan = Phone::enrol(&server, "W-ROWAN");
    let mut sage = Phone::enrol(&server, "W-SAGE");
    let visit = rowan.visit("C-WREN", "a note");
    rowan.sync(&server);
    sage.sync(&server);
    let wren = sage.child("C-WREN");
    sage.working.child_card(wren).unwrap();
    sage.working.visit(visit).unwrap();
    sage.working.history(visit).unwrap();
    sage.sync(&server);
    let log = |words: &[&str]| server.run(words)["looked"].as_array().unwrap().clone();
    assert_eq!(log(&["read-log", "--worker", "W-SAGE"]), Vec::<Json>::new());
    sage = sage.relock();
    assert_eq!(sage.working.verify().unwrap().waiting, 0, "no words wait");
    sage.sync(&server);
    let looked = log(&["read-log", "--child", "C-WREN", "--worker", "W-SAGE"]);
    let how: Vec<&str> = looked
        .iter()
        .map(|one| one["how"].as_str().unwrap())
        .collect();
    assert_eq!(how.len(), 3);
    for one in ["card", "page", "history"] {
        assert!(how.contains(&one), "{one}");
    }
    assert!(looked.iter().all(|one| one["worker"] == "W-SAGE"));
    assert_eq!(log(&["read-log", "--child", "C-KITE"]), Vec::<Json>::new());
    let served = server.run(&["read-log", "--worker", "W-SAGE"])["served"].clone();
    assert!(!served.to_string().contains("audit:"));
    let digests = server.verify();
    assert!(
        digests.to_string().contains("audit:"),
        "it is a log like any other"
    );
    sage.sync(&server);
    sage.agrees(&digests);
}

#[test]
fn every_page_that_is_sent_is_logged_by_child_and_by_worker() {
    let server = Server::new();
    let mut rowan = Phone::enrol(&server, "W-ROWAN");
    let log = |words: &[&str]| server.run(words)["served"].as_array().unwrap().clone();
    let wren = log(&["read-log", "--child", "C-WREN"]);
    assert!(!wren.is_empty());
    assert!(wren.iter().all(|one| one["worker"] == "W-ROWAN"));
    assert_eq!(
        log(&["read-log", "--worker", "W-BRYONY"]),
        Vec::<Json>::new()
    );
    rowan.sync(&server);
    assert_eq!(
        log(&["read-log", "--child", "C-WREN"]),
        wren,
        "nothing new was sent"
    );
    let mut sage = Phone::enrol(&server, "W-SAGE");
    let both = log(&["read-log", "--child", "C-WREN"]);
    let sages = log(&["read-log", "--child", "C-WREN", "--worker", "W-SAGE"]);
    assert_eq!(both.len(), wren.len() + sages.len());
    assert!(!sages.is_empty());
    rowan.visit("C-WREN", CANARY);
    rowan.sync(&server);
    sage.sync(&server);
    sage.working.search(CANARY).unwrap();
    sage = sage.relock();
    sage.sync(&server);
    let all = serde_json::to_string(&log(&["read-log", "--worker", "W-SAGE"])).unwrap();
    assert!(!all.contains(CANARY));
    assert!(
        command(&server.place, &["read-log"]).is_err(),
        "nobody reads it without saying about whom"
    );
}

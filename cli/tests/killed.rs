//! SIGKILL at moments nobody chose: a device dies while it saves, while somebody types, while it locks, while it is unlocked,
//! while it sends, while it removes a child who moved; and the council dies while it takes words in. Whatever was said to be
//! saved is there afterwards, on the device or at the council, letter for letter.
//!
//! `tests/killed.sh 500` runs as many rounds as it is told; `cargo test` runs two of each kind. The seed is printed and fixes
//! what is done and when the signal comes; where exactly that finds the program is the machine's affair.
//! SIGKILL leaves the page cache: what a power cut takes besides is another test's matter.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod desk;

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use desk::{Council, PIN, command, council, works};
use serde_json::{Value as Json, json};

/// What is going on when the signal comes.
#[derive(Debug, Clone, Copy)]
enum Doing {
    Saving,
    Typing,
    Locking,
    Unlocking,
    Sending,
    Removing,
    TakingIn,
}

const ALL: [Doing; 7] = [
    Doing::Saving,
    Doing::Typing,
    Doing::Locking,
    Doing::Unlocking,
    Doing::Sending,
    Doing::Removing,
    Doing::TakingIn,
];

struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }
}

/// A device that stays unlocked, one command a line. Answers are read as they come, so that what was said before the signal
/// is known.
struct Session {
    process: Arc<Mutex<Child>>,
    ask: Option<ChildStdin>,
    answers: Receiver<Json>,
}

impl Session {
    fn begin(store: &Path) -> Self {
        let mut process = command()
            .arg("--store")
            .arg(store)
            .args(["--json", "--pin-fd", "0", "session"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut ask = process.stdin.take().unwrap();
        let told = BufReader::new(process.stdout.take().unwrap());
        let (tell, answers) = channel();
        std::thread::spawn(move || {
            for line in told.lines().map_while(Result::ok) {
                // Half a line is an answer that was never given.
                let Ok(answer) = serde_json::from_str(&line) else {
                    return;
                };
                if tell.send(answer).is_err() {
                    return;
                }
            }
        });
        writeln!(ask, "{PIN}").unwrap();
        Self {
            process: Arc::new(Mutex::new(process)),
            ask: Some(ask),
            answers,
        }
    }

    /// Writes a command; whether it is still heard is another matter.
    fn say(&mut self, words: &[&str]) {
        if let Some(ask) = &mut self.ask {
            let _ = writeln!(ask, "{}", json!(words));
        }
    }

    fn next(&self) -> Option<Json> {
        self.answers.recv_timeout(Duration::from_secs(120)).ok()
    }

    /// A command that must succeed.
    fn does(&mut self, words: &[&str]) -> Json {
        self.say(words);
        let answer = self
            .next()
            .unwrap_or_else(|| panic!("no answer to {words:?}"));
        assert_eq!(answer["ok"], true, "{words:?}: {answer}");
        answer["result"].clone()
    }

    /// What it says when it is unlocked.
    fn hello(&self) -> Json {
        let answer = self.next().expect("it unlocks");
        assert_eq!(answer["ok"], true, "{answer}");
        answer["result"].clone()
    }

    fn kill_after(&self, wait: Duration) {
        let process = Arc::clone(&self.process);
        std::thread::spawn(move || {
            std::thread::sleep(wait);
            let _ = process.lock().unwrap().kill();
        });
    }

    /// Everything it still says, and its end.
    fn rest(self) -> Vec<Json> {
        let said = std::iter::from_fn(|| self.next()).collect();
        let mut process = self.process.lock().unwrap();
        let _ = process.kill();
        process.wait().unwrap();
        said
    }

    /// Locks it as a person does.
    fn end(mut self) {
        self.ask = None;
        loop {
            if self.process.lock().unwrap().try_wait().unwrap().is_some() {
                return;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }
}

/// Words that were said to be kept, and the record they were said to be in.
struct Told {
    record: String,
    words: String,
}

struct Day {
    council: Council,
    phone: PathBuf,
    dice: Dice,
    told: Vec<Told>,
    /// Finch is with Bryony for the moment.
    moved: bool,
    cut: usize,
}

impl Day {
    /// Commands that save, and what each will have saved once it is answered.
    fn saves(&mut self, round: usize, visit: &str, count: usize) -> Vec<(Vec<String>, String)> {
        (0..count)
            .map(|number| {
                let words = format!("Round {round}, thing {number}, said at the kitchen table.");
                let line: Vec<&str> = match self.dice.below(4) {
                    0 => vec!["voice", "Wren", "--how", "said", &words],
                    1 => vec![
                        "concern",
                        "Wren",
                        "--urgency",
                        "manager_today",
                        "--text",
                        &words,
                    ],
                    _ => vec!["visit", "note", visit, "saw", &words],
                };
                (line.into_iter().map(str::to_owned).collect(), words)
            })
            .collect()
    }

    fn moment(&mut self, most: u64) -> Duration {
        Duration::from_micros(self.dice.below(most * 1_000))
    }

    /// Remembers what was answered for before the end.
    fn remember(&mut self, saves: &[(Vec<String>, String)], answers: &[Json]) {
        for ((_, words), answer) in saves.iter().zip(answers) {
            assert_eq!(answer["ok"], true, "{answer}");
            let record = answer["result"]["records"][0].as_str().unwrap().to_owned();
            self.told.push(Told {
                record,
                words: words.clone(),
            });
        }
        if answers.len() < saves.len() {
            self.cut += 1;
        }
    }

    fn round(&mut self, round: usize, doing: Doing) {
        let child = match doing {
            Doing::Removing if !self.moved => "Finch",
            _ => "Wren",
        };
        let mut session = Session::begin(&self.phone);
        session.hello();
        if child == "Finch" {
            // The run that brought Finch back may have been cut.
            session.does(&["sync"]);
        }
        let begun = session.does(&["visit", "new", child]);
        let visit = begun["visits"][0]["visit"].as_str().unwrap().to_owned();
        let first = self.told.len();
        match doing {
            Doing::Saving => {
                let saves = self.saves(round, &visit, 60);
                session.kill_after(self.moment(250));
                for (line, _) in &saves {
                    session.say(&line.iter().map(String::as_str).collect::<Vec<_>>());
                }
                let answers = session.rest();
                self.remember(&saves, &answers);
            }
            Doing::Typing => return self.typing(round, session, &visit),
            Doing::Locking => {
                self.write_some(round, &mut session, &visit);
                session.kill_after(self.moment(150));
                session.ask = None;
                session.rest();
            }
            Doing::Unlocking => {
                self.write_some(round, &mut session, &visit);
                session.kill_after(Duration::ZERO);
                session.rest();
                let again = Session::begin(&self.phone);
                again.kill_after(self.moment(800));
                again.rest();
            }
            Doing::Sending => {
                self.write_some(round, &mut session, &visit);
                session.kill_after(self.moment(300));
                session.say(&["sync"]);
                session.rest();
            }
            Doing::TakingIn => {
                self.write_some(round, &mut session, &visit);
                session.say(&["sync"]);
                std::thread::sleep(self.moment(200));
                self.council.kill();
                self.council.serve_again();
                session.next().expect("it says what stood in the way");
                session.end();
            }
            Doing::Removing => self.removing(round, session, &visit),
        }
        if !matches!(doing, Doing::Removing) {
            self.look(first);
        }
    }

    fn write_some(&mut self, round: usize, session: &mut Session, visit: &str) {
        let saves = self.saves(round, visit, 8);
        let answers: Vec<Json> = saves
            .iter()
            .map(|(line, _)| {
                session.say(&line.iter().map(String::as_str).collect::<Vec<_>>());
                session.next().unwrap()
            })
            .collect();
        self.remember(&saves, &answers);
    }

    /// Every letter that was said to be kept on this phone is in the entry that the next unlock makes.
    fn typing(&mut self, round: usize, mut session: Session, visit: &str) {
        let mut text = format!("Round {round}:");
        let drafts: Vec<String> = (0..80)
            .map(|number| {
                text.push_str(&format!(" word{number}"));
                text.clone()
            })
            .collect();
        let first = session.does(&["visit", "draft", visit, "saw", &drafts[0]]);
        let entry = first["entry"].as_str().unwrap();
        session.kill_after(self.moment(200));
        for draft in &drafts[1..] {
            session.say(&["visit", "draft", visit, "saw", draft, "--entry", entry]);
        }
        let answers = session.rest();
        for answer in &answers {
            assert_eq!(answer["ok"], true, "{answer}");
        }
        self.cut += usize::from(answers.len() + 1 < drafts.len());
        let session = Session::begin(&self.phone);
        let hello = session.hello();
        session.end();
        let kept = &drafts[answers.len()];
        let recovered = hello["recovered"].as_array().unwrap();
        let found = recovered
            .iter()
            .find(|draft| draft["record"] == visit)
            .unwrap_or_else(|| panic!("{kept:?} was being typed, and is not in {hello}"));
        let words = found["text"].as_str().unwrap();
        assert!(
            words.starts_with(kept.as_str()),
            "{words:?} against {kept:?}"
        );
        self.told.push(Told {
            record: visit.to_owned(),
            words: words.to_owned(),
        });
    }

    /// Finch moves to Bryony while things about Finch are unsent; the phone learns it, and dies removing Finch's file. Then
    /// Finch comes back.
    fn removing(&mut self, round: usize, mut session: Session, visit: &str) {
        if self.moved {
            session.end();
        } else {
            let words = format!("Round {round}, of Finch, unsent when Finch moved.");
            let saved = session.does(&["visit", "note", visit, "saw", &words]);
            let record = saved["records"][0].as_str().unwrap().to_owned();
            self.told.push(Told { record, words });
            self.council_moves("W-BRYONY", "W-ROWAN");
            session.kill_after(self.moment(400));
            session.say(&["sync"]);
            session.rest();
        }
        self.moved = !self.moved;
        if self.moved {
            return;
        }
        self.council_moves("W-ROWAN", "W-BRYONY");
        let mut session = Session::begin(&self.phone);
        session.hello();
        session.kill_after(self.moment(400));
        session.say(&["sync"]);
        session.rest();
    }

    fn council_moves(&self, to: &str, from: &str) {
        let folder = &self.council.folder;
        let assign = ["assign", "--worker", to, "--child", "C-FINCH", "--role"];
        council(folder, &[&assign[..], &["allocated"]].concat());
        let end = ["unassign", "--worker", from, "--child", "C-FINCH"];
        council(folder, &[&end[..], &["--reason", "moved"]].concat());
    }

    /// What was told in this round is on the phone, and the phone finds nothing wrong with itself.
    fn look(&self, first: usize) {
        let mut session = Session::begin(&self.phone);
        session.hello();
        for told in &self.told[first..] {
            is_there(&mut session, told);
        }
        let verified = session.does(&["verify"]);
        assert_eq!(verified["problems"], json!([]));
        session.end();
    }
}

fn is_there(session: &mut Session, told: &Told) {
    let history = session.does(&["history", &told.record]).to_string();
    let words = serde_json::to_string(&told.words).unwrap();
    assert!(
        history.contains(&words),
        "{} was said to be saved in {}, which holds {history}",
        told.words,
        told.record
    );
}

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name)
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(otherwise)
}

#[test]
fn nothing_that_was_said_to_be_saved_is_lost() {
    let rounds = number("VISITBOOK_KILLS", 14) as usize;
    let seed = number("VISITBOOK_SEED", 1);
    println!("{rounds} kills, seed {seed}");
    let folder = tempfile::tempdir().unwrap();
    let council = Council::start(folder.path());
    let phone = folder.path().join("phone");
    works(
        &phone,
        &["enrol", &council.code("W-ROWAN"), "--label", "phone"],
    );
    works(&phone, &["sync"]);
    let mut day = Day {
        council,
        phone,
        dice: Dice(seed),
        told: Vec::new(),
        moved: false,
        cut: 0,
    };
    for round in 0..rounds {
        day.round(round, ALL[round % ALL.len()]);
        if (round + 1) % 50 == 0 {
            println!("{} kills, {} things told", round + 1, day.told.len());
        }
    }
    if day.moved {
        day.council_moves("W-ROWAN", "W-BRYONY");
    }
    for _ in 0..3 {
        let synced = works(&day.phone, &["sync"]);
        assert_eq!(synced["trouble"], Json::Null, "{synced}");
    }
    // Another device of Rowan's, which has all it knows from the council.
    let tablet = folder.path().join("tablet");
    let code = day.council.code("W-ROWAN");
    works(&tablet, &["enrol", &code, "--label", "tablet"]);
    works(&tablet, &["sync"]);
    let mut session = Session::begin(&tablet);
    session.hello();
    for told in &day.told {
        is_there(&mut session, told);
    }
    session.end();
    let verified = council_verify(&day.council);
    assert_eq!(verified["problems"], json!([]));
    assert_eq!(verified["forks"], 0, "no number was given twice");
    println!(
        "{rounds} kills, {} of saves and typing cut short; {} things told, all of them at the council",
        day.cut,
        day.told.len()
    );
}

fn council_verify(council: &Council) -> Json {
    desk::council(&council.folder, &["verify"])
}

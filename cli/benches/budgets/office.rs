//! The council, as a process of its own, and devices that are enrolled with it.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use tempfile::TempDir;
use visitbook_device::clock::Clock;
use visitbook_device::model::Finishing;
use visitbook_device::sync::cancel::CancelHandle;
use visitbook_device::sync::driver::{Ask, Driver, SystemClock};
use visitbook_device::sync::engine::Config;
use visitbook_device::sync::exchange::{Route, TransportProblem};
use visitbook_device::sync::http::{HttpsTransport, Transport as _, fetch_unverified_key_bundle};
use visitbook_device::sync::outcome::Outcome;
use visitbook_device::{Device, EnrolStep, VoiceGiven, Working};
use visitbook_record::commit::Clocks;
use visitbook_record::id::{BootId, RecordId};
use visitbook_record::op::Target;
use visitbook_record::time::{MonotonicMillis, WallMillis};
use visitbook_seal::bundle::SignedBundle;
use visitbook_seal::enrol::EnrolmentCode;
use visitbook_seal::hardware::SoftwareKeys;
use visitbook_seal::vault::Params;

use super::relay::{self, Passed};
use super::words::note;

pub(crate) const PIN: &[u8] = b"482917";
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Children of the worker who writes; the colleague holds them jointly.
pub(crate) const CHILDREN: usize = 25;
const DAY: i64 = 86_400_000;

/// The council's process.
pub(crate) struct Council {
    folder: TempDir,
    process: Child,
    /// Where it listens.
    pub(crate) address: SocketAddr,
}

impl Council {
    /// A council with two workers, `W-1` and `W-2`, who hold the same children.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        run(
            folder.path(),
            &[
                "init",
                "--name",
                "Fernmouth",
                "--address",
                "https://127.0.0.1:8443",
            ],
        );
        let files = folder.path().join("files");
        fs::create_dir(&files).unwrap();
        write_caseload(&files);
        run(folder.path(), &["import", files.to_str().unwrap()]);
        let mut process = program(folder.path(), &["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(process.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("listening on https://").unwrap();
        Self {
            address: address.parse().unwrap(),
            folder,
            process,
        }
    }

    fn code(&self, worker: &str) -> EnrolmentCode {
        let made = run(
            self.folder.path(),
            &["enrol-code", "--worker", worker, "--label", "a phone"],
        );
        made["code"].as_str().unwrap().parse().unwrap()
    }
}

impl Drop for Council {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn program(folder: &Path, words: &[&str]) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .arg("council")
        .args(words)
        .arg("--dir")
        .arg(folder.join("council"));
    command
}

fn run(folder: &Path, words: &[&str]) -> Json {
    let output = program(folder, words).arg("--json").output().unwrap();
    let problem = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words:?}: {problem}");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn write_caseload(files: &Path) {
    let mut children = "child_id,known_as,family_name,dob\n".to_owned();
    let mut periods = "child_id,kind,period_id,start,visit_every\n".to_owned();
    let mut involvements = "child_id,worker_id,role,team_id,start\n".to_owned();
    for child in 0..CHILDREN {
        children.push_str(&format!(
            "C-{child},Bird {child},Plantain,2015-05-0{}\n",
            child % 9 + 1
        ));
        periods.push_str(&format!(
            "C-{child},cp,CP-{child},2010-01-04,10 working days\n"
        ));
        involvements.push_str(&format!("C-{child},W-1,allocated,T1,2010-01-04\n"));
        involvements.push_str(&format!("C-{child},W-2,joint,T1,2010-01-04\n"));
    }
    let workers = "worker_id,name,registration_no,role,team_id,team_name,manager_id\n\
        W-1,Rowan Teasel,SW1,Social worker,T1,Harbour team,\n\
        W-2,Bryony Sorrel,SW2,Social worker,T1,Harbour team,\n";
    for (name, text) in [
        ("children.csv", children.as_str()),
        ("periods.csv", &periods),
        ("involvements.csv", &involvements),
        ("workers.csv", workers),
    ] {
        fs::write(files.join(name), text).unwrap();
    }
}

/// A calendar that goes on by a day for every visit to each child.
pub(crate) struct Calendar {
    wall: AtomicI64,
    started: Instant,
}

impl Calendar {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            wall: AtomicI64::new(super::now() - 4_100 * DAY),
            started: Instant::now(),
        })
    }

    fn turn(&self) {
        self.wall.fetch_add(DAY, Ordering::Relaxed);
    }
}

impl Clock for Calendar {
    fn read(&self) -> Clocks {
        let passed = i64::try_from(self.started.elapsed().as_millis()).unwrap();
        Clocks {
            wall: WallMillis(self.wall.load(Ordering::Relaxed)),
            monotonic: MonotonicMillis(passed.unsigned_abs()),
            boot: BootId([7; 16]),
        }
    }
}

/// Where the device that fills lies: in memory, if the system has a folder for that.
pub(crate) fn quick_folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm")
        .or_else(|_| tempfile::tempdir())
        .unwrap()
}

/// An unlocked device with its line to the council.
pub(crate) struct Phone {
    pub(crate) folder: TempDir,
    pub(crate) hardware: Arc<SoftwareKeys>,
    pub(crate) calendar: Arc<Calendar>,
    pub(crate) working: Option<Working>,
    pub(crate) passed: Passed,
    line: HttpsTransport,
    driver: Driver,
    written: usize,
}

impl Phone {
    /// Enrols a device in a folder, and gets nothing yet.
    pub(crate) fn enrol(council: &Council, worker: &str, folder: TempDir) -> Self {
        Self::enrol_on(council, worker, folder, Calendar::new())
    }

    /// As [`Self::enrol`], on the days of this calendar.
    pub(crate) fn enrol_on(
        council: &Council,
        worker: &str,
        folder: TempDir,
        calendar: Arc<Calendar>,
    ) -> Self {
        let code = council.code(worker);
        let (via, passed) = relay::start(council.address);
        let cancel = CancelHandle::new();
        let mut roots = Vec::new();
        let hardware = Arc::new(SoftwareKeys::new());
        let enrolled = Device::enrol(
            &folder.path().join("device"),
            hardware.clone(),
            calendar.clone(),
            &code,
            PIN,
            Params::fast_for_tests(),
            "a phone",
            |step: EnrolStep, body: &[u8]| -> Result<Vec<u8>, TransportProblem> {
                if step == EnrolStep::Keys {
                    let bundle =
                        fetch_unverified_key_bundle(&code.address, Some(via), PATIENCE, &cancel)?
                            .body;
                    let signed = SignedBundle::decode(&bundle).unwrap();
                    let verified = signed.verify(&code.root_fingerprint).unwrap();
                    roots.clone_from(&verified.tls_roots);
                    return Ok(bundle);
                }
                let line = HttpsTransport::new(&code.address, &roots)
                    .unwrap()
                    .connect_via(via);
                let reply = line.exchange(Route::Enrol, body, PATIENCE, &cancel)?;
                Ok(reply.body)
            },
        );
        let working = enrolled.unwrap().unlock(PIN).unwrap();
        let line = HttpsTransport::new(working.address(), &working.tls_roots())
            .unwrap()
            .connect_via(via);
        Self {
            folder,
            hardware,
            calendar,
            working: Some(working),
            passed,
            line,
            driver: Driver::new(Config::default()),
            written: 0,
        }
    }

    pub(crate) fn working(&mut self) -> &mut Working {
        self.working.as_mut().unwrap()
    }

    /// A line of its own to the council, past the counting one.
    pub(crate) fn direct_line(&mut self, council: &Council) -> HttpsTransport {
        let working = self.working();
        HttpsTransport::new(working.address(), &working.tls_roots())
            .unwrap()
            .connect_via(council.address)
    }

    /// The folder of the store.
    pub(crate) fn store(&self) -> PathBuf {
        self.folder.path().join("device")
    }

    /// Syncs until there is nothing to do. A connection that stood idle for minutes may be gone: then once more, as a phone does.
    pub(crate) fn sync(&mut self) -> Outcome {
        let first = self.try_sync();
        if first.trouble.is_none() {
            return first;
        }
        eprintln!("a first attempt ended in {:?}", first.trouble);
        let again = self.try_sync();
        assert_eq!(again.trouble, None);
        again
    }

    fn try_sync(&mut self) -> Outcome {
        let ask = Ask {
            asked: true,
            ..Ask::default()
        };
        self.driver
            .sync(
                self.working.as_mut().unwrap(),
                &self.line,
                &SystemClock::default(),
                ask,
                &mut |_| {},
                &CancelHandle::new(),
            )
            .unwrap()
    }

    pub(crate) fn child(&mut self, number: usize) -> RecordId {
        self.working()
            .child_by_code(&format!("C-{}", number % CHILDREN))
    }

    /// One whole visit, finished: eight answers, the child's words, a note of a kilobyte and a half. Four saves.
    pub(crate) fn visit(&mut self) -> RecordId {
        let number = self.written;
        self.written += 1;
        if number.is_multiple_of(CHILDREN) {
            self.calendar.turn();
        }
        let child = self.child(number);
        let working = self.working();
        let visit = working.begin_visit(&[child]).unwrap()[0];
        let answers: Vec<_> = [
            ("outcome", "went_ahead"),
            ("arrived", "09:40"),
            ("place", "home"),
            ("mode", "in_person"),
            ("seen", "yes"),
            ("alone", "spoke_alone"),
            ("bedroom", "seen"),
            ("safe_now", "no_worry_today"),
        ]
        .into_iter()
        .map(|(field, code)| (Target::field(field), code.to_owned(), None))
        .collect();
        working.set_all(visit, &answers).unwrap();
        let given = VoiceGiven {
            how: "said".to_owned(),
            because: None,
            words: Some(format!(
                "I told you {number} times, I want to stay at my school"
            )),
            saw: None,
            usual_for_child: None,
            more: Vec::new(),
        };
        working.voice(child, Some(visit), &given).unwrap();
        working
            .note(visit, "meaning", &note(number, 1_500))
            .unwrap();
        let finishing = working.finish(&[visit]).unwrap();
        assert!(matches!(finishing, Finishing::Finished(_)));
        visit
    }

    /// How many visits it has written.
    pub(crate) fn written(&self) -> usize {
        self.written
    }
}

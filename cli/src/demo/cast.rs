//! The day's programs: a council server and five devices, each an operating-system process of its own.
//!
//! A device is this same program in a `session`, told what to do one command a line, as a script would; so the day uses
//! nothing that a person at a terminal does not have. Killing a device kills its process and nothing else.

use std::fs;
use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::Value as Json;

use super::line::Line;

/// What went wrong with the staging of the day, as against what a check found.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StageError {
    /// A program could not be started or spoken to.
    #[error("{program}: {problem}")]
    Program {
        /// Which.
        program: String,
        /// What happened.
        problem: String,
    },
    /// A device refused a command that the day needs.
    #[error("{device} refused `{command}`: {message}")]
    Refused {
        /// Which device.
        device: String,
        /// The command's words.
        command: String,
        /// What it said.
        message: String,
    },
    /// A file could not be written or read.
    #[error(transparent)]
    File(#[from] io::Error),
    /// A program's answer was not what the day was written for.
    #[error("{0}")]
    Unexpected(String),
}

/// Shorthand for what the staging returns.
pub(crate) type Staged<T> = Result<T, StageError>;

/// The clock on every wall of the day: a file that all programs read instead of their own clocks.
pub(crate) struct DayClock {
    file: PathBuf,
}

impl DayClock {
    /// A clock kept in this file.
    pub(crate) fn in_file(file: PathBuf) -> Self {
        Self { file }
    }

    /// Sets it.
    pub(crate) fn set(&self, millis: i64) -> io::Result<()> {
        // Written beside and moved into place, so that no program ever reads half a number.
        let beside = self.file.with_extension("next");
        fs::write(&beside, millis.to_string())?;
        fs::rename(&beside, &self.file)
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.file
    }
}

/// The council's server.
pub(crate) struct Council {
    folder: PathBuf,
    clock: PathBuf,
    running: Option<Child>,
    /// Where it listens.
    pub(crate) address: Option<SocketAddr>,
}

impl Council {
    /// A council whose files lie in `folder`.
    pub(crate) fn new(folder: PathBuf, clock: &DayClock) -> Self {
        Self {
            folder,
            clock: clock.path().to_owned(),
            running: None,
            address: None,
        }
    }

    /// Where its files lie.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn command(&self, words: &[&str]) -> Staged<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("--clock-file")
            .arg(&self.clock)
            .arg("council")
            .args(words);
        command.arg("--dir").arg(&self.folder).stdin(Stdio::null());
        Ok(command)
    }

    /// Runs one of the server's commands to its end and gives what it printed as JSON.
    pub(crate) fn run(&self, words: &[&str]) -> Staged<Json> {
        self.run_ending(words, &[0])
    }

    /// As [`Self::run`], where any of these exit codes is a good end.
    pub(crate) fn run_ending(&self, words: &[&str], good: &[i32]) -> Staged<Json> {
        let output = self
            .command(words)?
            .arg("--json")
            .stderr(Stdio::piped())
            .output()?;
        if !output
            .status
            .code()
            .is_some_and(|code| good.contains(&code))
        {
            let problem = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return Err(StageError::Program {
                program: format!("council {}", words.join(" ")),
                problem,
            });
        }
        serde_json::from_slice(&output.stdout).map_err(|e| StageError::Program {
            program: format!("council {}", words.join(" ")),
            problem: format!("its answer is not JSON: {e}"),
        })
    }

    /// Starts serving and waits for the address.
    pub(crate) fn serve(&mut self, log: &Path) -> Staged<SocketAddr> {
        let listen = self
            .address
            .map_or_else(|| "127.0.0.1:0".to_owned(), |address| address.to_string());
        let log = fs::OpenOptions::new().create(true).append(true).open(log)?;
        let mut child = self
            .command(&["serve", "--listen", &listen])?
            .stdout(Stdio::piped())
            .stderr(Stdio::from(log))
            .spawn()?;
        let mut first = String::new();
        if let Some(stdout) = child.stdout.take() {
            BufReader::new(stdout).read_line(&mut first)?;
        }
        let address = first.split_whitespace().find_map(|word| {
            word.trim_start_matches("https://")
                .trim_end_matches('/')
                .parse::<SocketAddr>()
                .ok()
        });
        let Some(address) = address else {
            child.kill()?;
            child.wait()?;
            return Err(StageError::Program {
                program: "council serve".into(),
                problem: format!("said: {first:?}"),
            });
        };
        self.running = Some(child);
        self.address = Some(address);
        Ok(address)
    }

    /// Ends it as a power cut would.
    pub(crate) fn kill(&mut self) -> Staged<()> {
        if let Some(mut child) = self.running.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    /// From now on its files lie here. The address stays what it was.
    pub(crate) fn move_to(&mut self, folder: PathBuf) {
        self.folder = folder;
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(&mut self) -> Staged<()> {
        if let Some(mut child) = self.running.take() {
            let pid = child.id().to_string();
            Command::new("kill").args(["-TERM", &pid]).status()?;
            child.wait()?;
        }
        Ok(())
    }
}

impl Drop for Council {
    fn drop(&mut self) {
        if let Some(mut child) = self.running.take() {
            // The day is over one way or another; a process that is already gone is what is wanted.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

struct Running {
    child: Child,
    ask: ChildStdin,
    tell: BufReader<ChildStdout>,
}

/// A device in somebody's hands.
pub(crate) struct Device {
    /// "Rowan's phone".
    pub(crate) name: &'static str,
    /// Its line to the council.
    pub(crate) line: Line,
    folder: PathBuf,
    clock: PathBuf,
    pin: &'static str,
    running: Option<Running>,
    /// Microseconds that each save of the day took.
    pub(crate) saves: Vec<u64>,
}

impl Device {
    /// A device whose folder does not exist yet.
    pub(crate) fn new(
        name: &'static str,
        folder: PathBuf,
        pin: &'static str,
        clock: &DayClock,
        line: Line,
    ) -> Self {
        Self {
            name,
            line,
            folder,
            clock: clock.path().to_owned(),
            pin,
            running: None,
            saves: Vec::new(),
        }
    }

    fn command(&self) -> Staged<Command> {
        let mut command = Command::new(std::env::current_exe()?);
        command
            .arg("--store")
            .arg(&self.folder)
            .arg("--clock-file")
            .arg(&self.clock);
        command
            .arg("--via")
            .arg(self.line.address().to_string())
            .args(["--json", "--pin-fd", "0"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Ok(command)
    }

    fn problem(&self, problem: impl ToString) -> StageError {
        StageError::Program {
            program: self.name.to_owned(),
            problem: problem.to_string(),
        }
    }

    /// Makes the folder a device of the council.
    pub(crate) fn enrol(&self, code: &str) -> Staged<()> {
        let mut child = self
            .command()?
            .args(["enrol", code, "--label", self.name])
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            writeln!(stdin, "{}", self.pin)?;
        }
        let output = child.wait_with_output()?;
        if output.status.success() {
            Ok(())
        } else {
            Err(self.problem(String::from_utf8_lossy(&output.stderr).trim()))
        }
    }

    /// Unlocks it, and gives what it had to say: what a crash left, for one.
    pub(crate) fn unlock(&mut self) -> Staged<Json> {
        let mut child = self.command()?.arg("session").spawn()?;
        let (Some(mut ask), Some(tell)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(self.problem("no pipes"));
        };
        writeln!(ask, "{}", self.pin)?;
        self.running = Some(Running {
            child,
            ask,
            tell: BufReader::new(tell),
        });
        let hello = self.listen()?;
        self.result(&["session"], hello)
    }

    /// Locks it and ends its process, as a person would.
    pub(crate) fn lock(&mut self) -> Staged<()> {
        if let Some(Running { mut child, ask, .. }) = self.running.take() {
            drop(ask);
            child.wait()?;
        }
        Ok(())
    }

    /// SIGKILL: what a flat battery does, as far as a process can tell.
    pub(crate) fn kill(&mut self) -> Staged<()> {
        if let Some(Running { mut child, .. }) = self.running.take() {
            child.kill()?;
            child.wait()?;
        }
        Ok(())
    }

    fn listen(&mut self) -> Staged<Json> {
        let Some(running) = &mut self.running else {
            return Err(self.problem("is locked"));
        };
        let mut answer = String::new();
        running.tell.read_line(&mut answer)?;
        if answer.is_empty() {
            let mut why = String::new();
            if let Some(stderr) = running.child.stderr.take() {
                BufReader::new(stderr).read_line(&mut why)?;
            }
            self.running = None;
            return Err(self.problem(format!("ended without an answer. {}", why.trim())));
        }
        serde_json::from_str(&answer)
            .map_err(|e| self.problem(format!("its answer is not JSON: {e}")))
    }

    /// One command; gives its whole answer, refused or not.
    pub(crate) fn ask(&mut self, words: &[&str]) -> Staged<Json> {
        let line = serde_json::to_string(words).map_err(|e| self.problem(e))?;
        let Some(running) = &mut self.running else {
            return Err(self.problem("is locked"));
        };
        writeln!(running.ask, "{line}")?;
        running.ask.flush()?;
        self.listen()
    }

    /// One command that the day relies on; gives its result.
    pub(crate) fn tell(&mut self, words: &[&str]) -> Staged<Json> {
        let answer = self.ask(words)?;
        let result = self.result(words, answer)?;
        if let Some(micros) = result.get("saved_us").and_then(Json::as_u64) {
            self.saves.push(micros);
        }
        Ok(result)
    }

    /// Tries to come back from the child's page with a PIN; gives the whole answer.
    pub(crate) fn leave_page(&mut self, pin: Option<&str>) -> Staged<Json> {
        let pin = pin.unwrap_or(self.pin).to_owned();
        let Some(running) = &mut self.running else {
            return Err(self.problem("is locked"));
        };
        writeln!(running.ask, "[\"family\",\"leave\"]\n{pin}")?;
        running.ask.flush()?;
        self.listen()
    }

    /// Where its files lie.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Its process, while it runs.
    pub(crate) fn process(&self) -> Option<u32> {
        self.running.as_ref().map(|running| running.child.id())
    }

    fn result(&self, words: &[&str], answer: Json) -> Staged<Json> {
        if answer.get("ok").and_then(Json::as_bool) == Some(true) {
            return Ok(answer.get("result").cloned().unwrap_or(Json::Null));
        }
        let message = answer
            .get("message")
            .and_then(Json::as_str)
            .unwrap_or("no reason given")
            .to_owned();
        Err(StageError::Refused {
            device: self.name.to_owned(),
            command: words.join(" "),
            message,
        })
    }
}

impl Drop for Device {
    fn drop(&mut self) {
        // As for the council: gone is what is wanted.
        let _ = self.kill();
    }
}

//! A real council and real devices: processes with folders of their own.
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value as Json;

pub const PIN: &str = "482917";

/// A council that serves while it is in scope.
pub struct Council {
    pub folder: PathBuf,
    serving: Child,
}

impl Council {
    pub fn start(within: &Path) -> Self {
        let folder = within.join("council");
        let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../server/fixtures/fernmouth");
        council(
            &folder,
            &[
                "init",
                "--name",
                "Fernmouth",
                "--address",
                "https://127.0.0.1:0",
            ],
        );
        council(&folder, &["import", fixtures.to_str().unwrap()]);
        let (serving, address) = serve(&folder, "127.0.0.1:0");
        std::fs::write(within.join("address"), address).unwrap();
        Self { folder, serving }
    }

    /// One that is there already.
    pub fn open(within: &Path) -> Self {
        let folder = within.join("council");
        let (serving, address) = serve(&folder, "127.0.0.1:0");
        std::fs::write(within.join("address"), address).unwrap();
        Self { folder, serving }
    }

    /// Ends it as a crash does.
    pub fn kill(&mut self) {
        let _ = self.serving.kill();
        let _ = self.serving.wait();
    }

    /// At the same address.
    pub fn serve_again(&mut self) {
        let address = std::fs::read_to_string(self.folder.with_file_name("address")).unwrap();
        (self.serving, _) = serve(&self.folder, address.trim_start_matches("https://"));
    }

    pub fn code(&self, worker: &str) -> String {
        let address =
            std::fs::read_to_string(self.folder.parent().unwrap().join("address")).unwrap();
        let words = [
            "enrol-code",
            "--worker",
            worker,
            "--label",
            "phone",
            "--address",
            &address,
        ];
        council(&self.folder, &words)["code"]
            .as_str()
            .unwrap()
            .to_owned()
    }
}

impl Drop for Council {
    fn drop(&mut self) {
        self.kill();
    }
}

fn serve(folder: &Path, listen: &str) -> (Child, String) {
    let mut serving = command()
        .args(["council", "serve", "--listen", listen, "--dir"])
        .arg(folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(serving.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let address = line
        .split_whitespace()
        .find(|word| word.starts_with("https://"))
        .unwrap()
        .trim_end_matches(['.', '/'])
        .to_owned();
    (serving, address)
}

pub fn command() -> Command {
    Command::new(env!("CARGO_BIN_EXE_visitbook"))
}

pub fn council(folder: &Path, words: &[&str]) -> Json {
    let output = command()
        .arg("council")
        .args(words)
        .arg("--json")
        .arg("--dir")
        .arg(folder)
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{words:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// One command with the PIN on standard input.
pub fn run_with(store: &Path, input: &str, words: &[&str]) -> Output {
    let mut child = command()
        .arg("--store")
        .arg(store)
        .args(["--json", "--pin-fd", "0"])
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A program that needs no PIN may have ended before it reads one.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

/// A command that is not waited for.
pub fn start(store: &Path, words: &[&str]) -> Child {
    let mut child = command()
        .arg("--store")
        .arg(store)
        .args(["--json", "--pin-fd", "0"])
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut ask = child.stdin.take().unwrap();
    writeln!(ask, "{PIN}").unwrap();
    child
}

pub fn json(output: &Output) -> Json {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| {
        panic!(
            "not JSON ({e}): {}",
            String::from_utf8_lossy(&output.stdout)
        )
    })
}

pub fn works(store: &Path, words: &[&str]) -> Json {
    let output = run_with(store, &format!("{PIN}\n"), words);
    assert!(
        output.status.success(),
        "{words:?}: {}",
        String::from_utf8_lossy(&output.stdout)
    );
    json(&output)
}

pub fn fails(store: &Path, words: &[&str]) -> Json {
    let output = run_with(store, &format!("{PIN}\n"), words);
    assert!(!output.status.success(), "{words:?} should not work");
    let answer = json(&output);
    let message = answer["message"].as_str().unwrap();
    assert!(
        message.ends_with(['.', ':', '?']) || message.contains('\n') || message.ends_with("NAME"),
        "no sentence: {message}"
    );
    answer
}

//! Planted faults: a simulator that finds nothing proves nothing until it is shown to find what was put there.
//!
//! The faults stand in `mutants.toml`. Each is applied to a copy of the workspace, built in a folder of its own and run;
//! the working tree is never touched.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use serde::Deserialize;

const LIST: &str = include_str!("../../mutants.toml");

/// What a copy must hold for the simulator to build. The workspace names its other members, so their folders come too.
const COPIED: [&str; 8] = [
    "core",
    "server",
    "tests",
    "bindings",
    "cli",
    "Cargo.toml",
    "Cargo.lock",
    ".cargo",
];

/// How many seeds a fault has to show itself in.
const SEEDS: u64 = 40_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    name: String,
    file: String,
    sentence: String,
    find: String,
    replace: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List {
    mutant: Vec<Mutant>,
}

#[derive(Debug, thiserror::Error)]
enum Trouble {
    #[error("the list of faults cannot be read: {0}")]
    List(#[from] toml::de::Error),
    #[error("{0}: {1}")]
    File(PathBuf, std::io::Error),
    #[error("{0}: what is to be replaced stands {1} times in {2}")]
    NotOnce(String, usize, String),
    #[error("{0} does not build:\n{1}")]
    DoesNotBuild(String, String),
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn list() -> Result<Vec<Mutant>, Trouble> {
    Ok(toml::from_str::<List>(LIST)?.mutant)
}

fn read(path: &Path) -> Result<String, Trouble> {
    std::fs::read_to_string(path).map_err(|error| Trouble::File(path.to_owned(), error))
}

impl Mutant {
    fn applied_to(&self, text: &str) -> Result<String, Trouble> {
        let find = self.find.trim_matches('\n');
        match text.matches(find).count() {
            1 => Ok(text.replacen(find, self.replace.trim_matches('\n'), 1)),
            n => Err(Trouble::NotOnce(self.name.clone(), n, self.file.clone())),
        }
    }
}

/// Whether every fault can still be planted: each must fit its file exactly once. `None` if all do, else the reason.
#[must_use]
pub fn misfit() -> Option<String> {
    let check = || -> Result<(), Trouble> {
        for mutant in list()? {
            mutant.applied_to(&read(&root().join(&mutant.file))?)?;
        }
        Ok(())
    };
    check().err().map(|trouble| trouble.to_string())
}

/// Plants each fault whose name contains `only`, prints the table, and fails unless all are found.
pub(crate) fn run(only: Option<&str>, steps: usize) -> ExitCode {
    match run_all(only, steps) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(trouble) => {
            eprintln!("{trouble}");
            ExitCode::FAILURE
        }
    }
}

fn run_all(only: Option<&str>, steps: usize) -> Result<bool, Trouble> {
    let folder = std::env::temp_dir().join(format!("visitbook-mutants-{}", std::process::id()));
    let copy = folder.join("copy");
    for name in COPIED {
        copy_all(&root().join(name), &copy.join(name))?;
    }
    let mutants: Vec<Mutant> = list()?
        .into_iter()
        .filter(|mutant| only.is_none_or(|only| mutant.name.contains(only)))
        .collect();
    let (mut found, began) = (0, Instant::now());
    for mutant in &mutants {
        let path = copy.join(&mutant.file);
        let original = read(&path)?;
        write(&path, &mutant.applied_to(&original)?)?;
        let result = try_one(mutant, &copy, &folder.join("target"), steps);
        write(&path, &original)?;
        let line = result?;
        found += usize::from(line.is_some());
        println!("{}: {}", mutant.name, mutant.sentence);
        println!(
            "    {}",
            line.unwrap_or_else(|| format!("NOT FOUND in {SEEDS} seeds"))
        );
    }
    println!(
        "{found} of {} planted faults found, in {} s with building",
        mutants.len(),
        began.elapsed().as_secs()
    );
    let _ = std::fs::remove_dir_all(&folder);
    Ok(found == mutants.len())
}

fn try_one(
    mutant: &Mutant,
    copy: &Path,
    target: &Path,
    steps: usize,
) -> Result<Option<String>, Trouble> {
    // Most faults show within seconds: compiling again only what a fault changes saves more than the best code would.
    let build = Command::new("cargo")
        .args([
            "build",
            "--release",
            "--quiet",
            "--package",
            "visitbook-tests",
            "--bin",
            "simulate",
        ])
        .current_dir(copy)
        .env("CARGO_TARGET_DIR", target)
        .env("CARGO_PROFILE_RELEASE_LTO", "off")
        .env("CARGO_PROFILE_RELEASE_INCREMENTAL", "true")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "64")
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "2")
        .output()
        .map_err(|error| Trouble::File(PathBuf::from("cargo"), error))?;
    if !build.status.success() {
        let said = String::from_utf8_lossy(&build.stderr).into_owned();
        return Err(Trouble::DoesNotBuild(mutant.name.clone(), said));
    }
    let began = Instant::now();
    let program = target.join("release").join("simulate");
    let output = Command::new(&program)
        .args([
            "--terse",
            "--seeds",
            &SEEDS.to_string(),
            "--steps",
            &steps.to_string(),
        ])
        .output()
        .map_err(|error| Trouble::File(program, error))?;
    if output.status.success() {
        return Ok(None);
    }
    let said = String::from_utf8_lossy(&output.stdout);
    let mut parts = said.trim().splitn(2, '\t');
    let (schedules, law) = (
        parts.next().unwrap_or("?"),
        parts.next().unwrap_or("by a panic"),
    );
    Ok(Some(format!(
        "found after {schedules} schedules, {:.1} s, by {law}",
        began.elapsed().as_secs_f64()
    )))
}

fn write(path: &Path, text: &str) -> Result<(), Trouble> {
    std::fs::write(path, text).map_err(|error| Trouble::File(path.to_owned(), error))
}

fn copy_all(from: &Path, to: &Path) -> Result<(), Trouble> {
    let failed = |error| Trouble::File(from.to_owned(), error);
    if !from.is_dir() {
        std::fs::copy(from, to).map_err(failed)?;
        return Ok(());
    }
    std::fs::create_dir_all(to).map_err(failed)?;
    for entry in std::fs::read_dir(from).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name() != "target" {
            copy_all(&entry.path(), &to.join(entry.file_name()))?;
        }
    }
    Ok(())
}

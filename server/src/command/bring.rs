//! `import`: what was found, how far it is, what came in, and what did not.

use std::io::{IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use serde_json::Value as Json;
use visitbook_record::time::WallMillis;

use super::{Done, Output, Problem, writer};
use crate::import::{Progress, Report, import_with, write_rejected};
use crate::keys::ServerKeys;

/// Some rows or cells were not taken; all others were.
const SOME_NOT_TAKEN: u8 = 3;

/// How many rows that were not taken are named on the screen; all are in the file.
const NAMED: usize = 20;

/// Between two words on how far it is.
const EVERY: Duration = Duration::from_secs(2);

pub(super) fn importing(
    dir: &Path,
    path: &Path,
    rejected: Option<PathBuf>,
    now: WallMillis,
) -> Done {
    let (keys, store) = ServerKeys::load(dir)?;
    let mut teller = Teller::new();
    let report = import_with(
        &store,
        &keys,
        &writer(&keys, None),
        now,
        path,
        &mut |progress| {
            teller.tell(progress);
        },
    );
    teller.end();
    let report = report?;
    let place = rejected.unwrap_or_else(|| beside(path));
    write_rejected(&place, &report.rejected).map_err(|e| Problem::Report(place.clone(), e))?;
    let code = if report.rejected.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(SOME_NOT_TAKEN)
    };
    let text = summary(&report, &place);
    let json = serde_json::to_value(&report).unwrap_or(Json::Null);
    Ok((Output { json, text }, code))
}

/// `rejected.csv` in the folder, or beside the file under its name.
fn beside(path: &Path) -> PathBuf {
    if path.is_dir() {
        path.join("rejected.csv")
    } else {
        path.with_extension("rejected.csv")
    }
}

fn summary(report: &Report, place: &Path) -> String {
    let mut text = String::new();
    for found in &report.detected {
        text += &format!("{}: {}", found.file, found.what);
        if found.rows > 0 {
            text += &format!(", {} taken", found.rows);
        }
        text.push('\n');
    }
    text += &format!(
        "{} rows taken: {} children, {} periods; {} facts written in {} commits, {} known already; {} assignments begun, {} ended.",
        report.rows,
        report.children,
        report.periods,
        report.facts_written,
        report.commits,
        report.facts_unchanged,
        report.assignments_begun,
        report.assignments_ended
    );
    if report.care_begun_before > 0 {
        text += &format!(
            "\n{} times in care began before what the files tell: the earliest day told stands in for their beginning.",
            report.care_begun_before
        );
    }
    if report.rejected.is_empty() {
        return text;
    }
    for row in report.rejected.iter().take(NAMED) {
        text += &format!(
            "\n{} row {}, {}: {}",
            row.file, row.row, row.column, row.reason
        );
    }
    if report.rejected.len() > NAMED {
        text += &format!("\nand {} more.", report.rejected.len() - NAMED);
    }
    text += &format!(
        "\nNot taken: {} rows, and {} cells of rows that were. All are listed in {}.",
        report.rejected_rows,
        report.cells_left_out,
        place.display()
    );
    text
}

/// Says how far it is on standard error: over and over in one line of a terminal, else in lines.
struct Teller {
    terminal: bool,
    last: Instant,
    told: bool,
}

impl Teller {
    fn new() -> Self {
        Self {
            terminal: std::io::stderr().is_terminal(),
            last: Instant::now(),
            told: false,
        }
    }

    fn tell(&mut self, progress: Progress<'_>) {
        if self.last.elapsed() < EVERY {
            return;
        }
        self.last = Instant::now();
        self.told = true;
        let Progress { doing, done, of } = progress;
        let words = if of > 0 {
            format!("{doing}: {done} of {of}")
        } else {
            doing.to_owned()
        };
        // Nobody need be listening.
        let mut err = std::io::stderr().lock();
        let _ = if self.terminal {
            write!(err, "\r\x1b[K{words}")
        } else {
            writeln!(err, "{words}")
        };
        let _ = err.flush();
    }

    fn end(&self) {
        if self.terminal && self.told {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

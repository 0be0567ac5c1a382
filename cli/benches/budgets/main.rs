//! What Visitbook costs: one command that prints every budget's figure beside plain SQLite and beside what this machine can
//! do at best, as ratios, and draws how the figures grow.
//!
//! `cargo bench -p visitbook --bench budgets` measures up to 10,000 visits; `-- --largest 100000` goes on to 100,000, `-- --minutes N`
//! leaves a size out that would not end in N minutes, and `-- --plot FILE.svg` draws the growth. Nothing is asserted, since a loaded machine measures its load: medians and ratios
//! are printed, and a row says whether its budget is met. Everything is real: the council is a process of its own, devices
//! speak to it over TLS, and both write to disk. The device that writes the ten thousands of visits lies in memory where
//! the system has a folder for that, so that the filling does not take hours; nothing that is timed lies there.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod growth;
mod limits;
mod load;
mod memory;
mod office;
mod plain;
mod plot;
mod relay;
mod table;
mod wire;
mod words;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use cap::Cap;
use table::Table;
use visitbook_record::time::WallMillis;

/// Counts what Rust code holds; SQLCipher's own memory is seen in the process's.
#[global_allocator]
static HEAP: Cap<std::alloc::System> = Cap::new(std::alloc::System, usize::MAX);

struct Args {
    largest: usize,
    /// How long the growth may take; a size that would take longer is left out.
    minutes: Option<u64>,
    plot: Option<PathBuf>,
    /// Only that everything still runs: `cargo test` starts this without `--bench`.
    short: bool,
}

fn main() -> ExitCode {
    let mut words: Vec<OsString> = std::env::args_os().skip(1).collect();
    match words.first().and_then(|word| word.to_str()) {
        Some("council") => {
            words.remove(0);
            let words = std::iter::once("visitbook-server".into()).chain(words);
            return visitbook_server::run_at(words, Arc::new(|| WallMillis(now())));
        }
        Some("open-once") => return memory::open_once(&words[1..]),
        _ => {}
    }
    let args = read(&words);
    let mut table = Table::default();
    let limits = limits::measure(&mut table);
    let minutes = args
        .minutes
        .map(|minutes| Duration::from_secs(60 * minutes));
    let until = minutes.map(|minutes| Instant::now() + minutes);
    let growth = growth::measure(&args_sizes(&args), until, &mut table);
    wire::measure(if args.short { 5 } else { 200 }, &mut table);
    load::measure(if args.short { 4 } else { 512 }, &limits, &mut table);
    print!("{table}");
    if let Some(file) = &args.plot {
        std::fs::write(file, plot::draw(&growth)).expect("the plot cannot be written");
        println!("\nThe growth is drawn in {}.", file.display());
    }
    ExitCode::SUCCESS
}

fn read(words: &[OsString]) -> Args {
    let mut args = Args {
        largest: 10_000,
        minutes: None,
        plot: None,
        short: true,
    };
    let mut words = words.iter().map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        match &*word {
            "--bench" => args.short = false,
            "--largest" => {
                let number = words.next().expect("--largest takes a number of visits");
                args.largest = number.parse().expect("--largest takes a number of visits");
            }
            "--minutes" => {
                let number = words.next().expect("--minutes takes a number");
                args.minutes = Some(number.parse().expect("--minutes takes a number"));
            }
            "--plot" => {
                args.plot = Some(words.next().expect("--plot takes a file").as_ref().into())
            }
            other => panic!("unknown word {other}: see the first lines of this file"),
        }
    }
    args
}

fn args_sizes(args: &Args) -> Vec<usize> {
    if args.short {
        return vec![10];
    }
    [100, 1_000, 10_000, 100_000]
        .into_iter()
        .filter(|size| *size <= args.largest)
        .collect()
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    i64::try_from(since.as_millis()).unwrap()
}

//! The command `simulate`, and what tests call.

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use clap::Parser;

use super::laws::{Broken, How, LAWS};
use super::mutants;
use super::run::{has_twin, play};
use super::schedule::{Schedule, Timed};
use super::shrink::shrink;
use super::tally::Tally;
use super::world::World;

#[derive(Parser)]
#[command(
    name = "simulate",
    about = "Plays schedules of trouble and checks the invariants"
)]
struct Arguments {
    /// How many seeds to run.
    #[arg(long, default_value_t = 2_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// Run one seed only.
    #[arg(long)]
    seed: Option<u64>,
    /// Steps in a schedule.
    #[arg(long, default_value_t = 50)]
    steps: usize,
    /// Threads; by default one for each core.
    #[arg(long)]
    threads: Option<usize>,
    /// With --seed: print every step.
    #[arg(long, requires = "seed")]
    trace: bool,
    /// Print the invariants and how each is checked.
    #[arg(long)]
    invariants: bool,
    /// Plant faults in a copy of the code, one by one, and show that each is found.
    #[arg(long)]
    mutants: bool,
    /// With --mutants: only those whose name contains this.
    #[arg(long, requires = "mutants")]
    only: Option<String>,
    /// Print one line that a program can read.
    #[arg(long, hide = true)]
    terse: bool,
}

/// Runs the command with the process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = Arguments::parse();
    if arguments.invariants {
        print_invariants();
        return ExitCode::SUCCESS;
    }
    if arguments.mutants {
        return mutants::run(arguments.only.as_deref(), arguments.steps);
    }
    if let Some(seed) = arguments.seed.filter(|_| arguments.trace) {
        return trace(seed, arguments.steps);
    }
    let (from, seeds) = match arguments.seed {
        Some(seed) => (seed, 1),
        None => (arguments.from, arguments.seeds),
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = arguments.threads.unwrap_or(cores).max(1);
    let report = run_seeds(from, seeds, arguments.steps, threads);
    if arguments.terse {
        return terse(&report);
    }
    println!("{report}");
    if report.failure.is_some() {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn terse(report: &Report) -> ExitCode {
    match &report.failure {
        Some(failure) => {
            let schedules = report.tally.schedules + 1;
            println!(
                "{schedules}\t{}, seed {}",
                failure.broken.name(),
                failure.seed
            );
            ExitCode::FAILURE
        }
        None => ExitCode::SUCCESS,
    }
}

/// A seed that broke a law, with its schedule cut down.
pub struct Failure {
    seed: u64,
    broken: Broken,
    schedule: Schedule,
}

/// What many runs came to.
pub struct Report {
    tally: Tally,
    took: Duration,
    threads: usize,
    failure: Option<Failure>,
}

impl Report {
    /// The failure with its shortened schedule, in lines a person can read; `None` if every law held.
    #[must_use]
    pub fn failure(&self) -> Option<String> {
        self.failure.as_ref().map(ToString::to_string)
    }

    /// How many schedules were played to the end.
    #[must_use]
    pub const fn schedules(&self) -> u64 {
        self.tally.schedules
    }

    /// Whether the runs met conflicts, finishes, set-aside and waiting statements, restores, phones in a child's hands, and
    /// faults of the line at all: what never happened was not tested.
    #[must_use]
    pub fn met_everything(&self) -> bool {
        let tally = &self.tally;
        tally.conflicts > 0
            && tally.finished > 0
            && tally.late > 0
            && tally.given_back > 0
            && tally.handed_in > 0
            && tally.files > 0
            && tally.faults.len() >= 20
            && tally.deeds.len() >= 18
            && tally.verdicts.len() >= 20
    }
}

/// Plays `seeds` schedules from `from` on, over threads, until one fails. Blocks until all threads are done.
#[must_use]
pub fn run_seeds(from: u64, seeds: u64, steps: usize, threads: usize) -> Report {
    let began = Instant::now();
    let next = AtomicU64::new(from);
    let stop = AtomicBool::new(false);
    let total = Mutex::new((Tally::default(), None::<(u64, Broken)>));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let mut mine = Tally::default();
                let mut failed = None;
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from.saturating_add(seeds) {
                        break;
                    }
                    match play(&Schedule::draw(seed, steps), has_twin(seed), None) {
                        Ok(tally) => mine.add(&tally),
                        Err(broken) => {
                            stop.store(true, Ordering::Relaxed);
                            failed = Some((seed, broken));
                        }
                    }
                }
                if let Ok(mut total) = total.lock() {
                    total.0.add(&mine);
                    // The lowest failing seed, whichever thread was first.
                    if let Some(failed) = failed
                        && total.1.as_ref().is_none_or(|(seed, _)| failed.0 < *seed)
                    {
                        total.1 = Some(failed);
                    }
                }
            });
        }
    });
    let took = began.elapsed();
    let (tally, failed) = total.into_inner().unwrap_or_default();
    let failure = failed.map(|(seed, broken)| {
        let schedule = Schedule::draw(seed, steps);
        let (schedule, broken) = shrink(&schedule, &broken, has_twin(seed));
        Failure {
            seed,
            broken,
            schedule,
        }
    });
    Report {
        tally,
        took,
        threads,
        failure,
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "seed {} breaks a law", self.seed)?;
        writeln!(f, "  {}", self.broken.sentence())?;
        writeln!(f, "  seen: {}", self.broken.detail)?;
        let setting = self.schedule.setting;
        writeln!(
            f,
            "the shortest schedule found, {} steps; {} workers and a manager, {} phones, {} children:",
            self.schedule.steps.len(),
            setting.workers,
            setting.phones,
            setting.children
        )?;
        for timed in &self.schedule.steps {
            writeln!(f, "  {timed}")?;
        }
        write!(f, "replay: simulate --seed {} --trace", self.seed)
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let seconds = self.took.as_secs_f64();
        #[allow(clippy::cast_precision_loss)] // far below 2^52
        let rate = self.tally.schedules as f64 / seconds / self.threads as f64;
        writeln!(
            f,
            "{} schedules in {seconds:.1} s on {} threads: {rate:.0} schedules a second per thread",
            self.tally.schedules, self.threads
        )?;
        write!(f, "{}", self.tally)?;
        match &self.failure {
            Some(failure) => write!(f, "\n{failure}"),
            None => write!(f, "every invariant that is checked held"),
        }
    }
}

fn print_invariants() {
    for law in &LAWS {
        let how = match law.how {
            How::AtEnd(_) => "checked over the strong read at the end".to_owned(),
            How::Along => "checked along the way".to_owned(),
            How::NotYet(why) => format!("NOT YET CHECKED: {why}"),
        };
        println!(
            "{:>2} {}\n   {}\n   {how}",
            law.number, law.name, law.sentence
        );
    }
}

fn trace(seed: u64, steps: usize) -> ExitCode {
    let schedule = Schedule::draw(seed, steps);
    let mut print = |timed: &Timed, world: &World| {
        let council = world
            .council
            .lasts()
            .iter()
            .map(|(_, at)| at.position)
            .sum::<u64>();
        let waiting: Vec<usize> = world
            .phones
            .iter()
            .map(super::phone::Phone::waits)
            .collect();
        println!(
            "{timed}\n          council's logs {council} entries; unsent by phone {waiting:?}"
        );
    };
    match play(&schedule, has_twin(seed), Some(&mut print)) {
        Ok(tally) => {
            println!("{tally}every invariant that is checked held");
            ExitCode::SUCCESS
        }
        Err(broken) => {
            println!("broken: {}\n  seen: {}", broken.sentence(), broken.detail);
            ExitCode::FAILURE
        }
    }
}

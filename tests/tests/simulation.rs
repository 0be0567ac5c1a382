//! The simulator in the test suite: some hundreds of new days, and every day that once broke something.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use visitbook_tests::{command, mutants};

const STEPS: usize = 50;

#[test]
fn hundreds_of_days_break_no_law_and_meet_every_trouble() {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let report = command::run_seeds(1, 600, STEPS, threads);
    if let Some(failure) = report.failure() {
        panic!("{failure}");
    }
    assert_eq!(report.schedules(), 600);
    assert!(
        report.met_everything(),
        "what never happened was not tested:\n{report}"
    );
}

#[test]
fn days_that_once_broke_a_law_break_none() {
    for line in include_str!("../seeds.txt").lines() {
        if line.trim().is_empty() || line.starts_with('#') {
            continue;
        }
        let mut words = line.split_whitespace();
        let seed = words.next().unwrap().parse().unwrap();
        let steps = words.next().unwrap().parse().unwrap();
        let report = command::run_seeds(seed, 1, steps, 1);
        if let Some(failure) = report.failure() {
            panic!("{line}\n{failure}");
        }
    }
}

#[test]
fn the_same_seed_is_the_same_day() {
    let tally = |seeds| {
        let text = command::run_seeds(7, seeds, STEPS, 1).to_string();
        text.lines().skip(1).collect::<Vec<_>>().join("\n")
    };
    assert_eq!(tally(20), tally(20));
    assert_ne!(tally(20), tally(21));
}

#[test]
fn every_planted_fault_still_fits_the_code() {
    assert_eq!(mutants::misfit(), None);
}

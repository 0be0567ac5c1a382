//! Makes a failing schedule short enough to read.

use super::laws::Broken;
use super::run::play;
use super::schedule::Schedule;

/// Drops steps, first many at a time, while the schedule still breaks a law: the same one, so that the short schedule
/// explains the long one.
pub(crate) fn shrink(schedule: &Schedule, broken: &Broken, twin: bool) -> (Schedule, Broken) {
    let mut best = schedule.clone();
    let mut reason = broken.clone();
    let mut width = best.steps.len().div_ceil(2).max(1);
    loop {
        let mut from = 0;
        let mut shorter = false;
        while from < best.steps.len() {
            let mut tried = best.clone();
            let to = (from + width).min(tried.steps.len());
            tried.steps.drain(from..to);
            match play(&tried, twin, None) {
                Err(still) if still.law == broken.law => {
                    best = tried;
                    reason = still;
                    shorter = true;
                }
                _ => from = to,
            }
        }
        if width == 1 && !shorter {
            return (best, reason);
        }
        width = (width / 2).max(1);
    }
}

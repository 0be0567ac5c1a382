//! What does not happen every day: the council's server is lost, phones are handed to children, files are attached.
//!
//! Drawn after the ordinary steps and put between them, so that a day without is the same day as before there was any of it.

use super::super::rng::Rng;
use super::{FileAct, Schedule, Step, Timed};

/// On so many days of a hundred the council's server is lost.
const RESTORED: usize = 10;

/// On so many, phones are handed to children.
const WITH_CHILDREN: usize = 8;

/// On so many, files are attached.
const WITH_FILES: usize = 8;

impl Schedule {
    /// Puts a back-up, a restore and its confirmation into the day, in this order; seldom a second restore, of the same back-up or
    /// of one made since. What is not confirmed by the evening is confirmed then.
    pub(super) fn lose_the_server(&mut self, rng: &mut Rng) {
        if !rng.chance(RESTORED) {
            return;
        }
        let mut steps = vec![Step::BackUp, Step::Restore, Step::Confirm];
        if rng.chance(20) {
            steps.extend([Step::Restore, Step::Confirm]);
            if rng.chance(50) {
                steps.insert(3, Step::BackUp);
            }
        }
        if rng.chance(30) {
            steps.pop();
        }
        let mut from = 0;
        for step in steps {
            // The earlier of two places, so that something of the day is left for those that follow.
            let left = self.steps.len() + 1 - from;
            let at = from + rng.below(left).min(rng.below(left));
            let after_ms = 1_000;
            self.steps.insert(at, Timed { after_ms, step });
            from = at + 1;
        }
    }

    /// Hands one or two phones to children.
    #[allow(clippy::cast_possible_truncation)] // fewer than 256 phones
    pub(super) fn hand_phones_over(&mut self, rng: &mut Rng) {
        if !rng.chance(WITH_CHILDREN) {
            return;
        }
        for _ in 0..1 + rng.below(2) {
            let phone = rng.below(usize::from(self.setting.phones)) as u8;
            let chance = rng.next();
            let at = rng.below(self.steps.len() + 1);
            let (after_ms, step) = (1_000, Step::Family { phone, chance });
            self.steps.insert(at, Timed { after_ms, step });
        }
    }

    /// Attaches two to four files, lets somebody ask for some, and a stranger meddle.
    #[allow(clippy::cast_possible_truncation)] // fewer than 256 phones
    pub(super) fn attach_files(&mut self, rng: &mut Rng) {
        if !rng.chance(WITH_FILES) {
            return;
        }
        let mut acts = vec![FileAct::Attach; 2 + rng.below(3)];
        acts.extend([FileAct::Want, FileAct::Want, FileAct::Meddle]);
        let mut from = 0;
        for act in acts {
            let phone = rng.below(usize::from(self.setting.phones)) as u8;
            let chance = rng.next();
            // What is asked for must be there before.
            let at = from + rng.below(self.steps.len() + 1 - from);
            if act == FileAct::Attach {
                from = from.max(at.min(self.steps.len() / 2));
            }
            let step = Step::File { phone, act, chance };
            let after_ms = 1_000;
            self.steps.insert(at, Timed { after_ms, step });
        }
    }
}

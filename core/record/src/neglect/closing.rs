//! How a line is closed, and how it comes back: by a named manager, with a step taken, a reason and a day for looking again.
//!
//! A closing is a statement on the child's own record and changes no observation. It names the visits that the manager had on
//! screen, so that whoever folds it later, in whatever order things came, sees the same: a visit after those that again finds the
//! area not met brings the line back, and so does the day for looking again once it has passed with nothing changed. What came back
//! is one step up: a smaller step than before does not close it.

use minicbor::{Decode, Encode};

use crate::calendar::Date;
use crate::fact::Fact;
use crate::fold::live_among;
use crate::id::{RecordId, WorkerId};
use crate::op::{Kind, Target};
use crate::page::{Statement, View};
use crate::payload::{Content, Value};

use super::{Observed, Rating, Running, STEPS, step};

/// The field under which closings stand: an element for each area.
pub const FIELD: &str = "not_met";

/// The target of a closing about this area.
#[must_use]
pub fn target(area: &str) -> Target {
    Target::element(FIELD, area)
}

/// The area that a closing's target names.
#[must_use]
pub fn area_of(target: &Target) -> Option<&str> {
    let ours = target.name() == FIELD && target.part_name().is_none();
    target.element_id().filter(|_| ours)
}

/// That one worker observed on one visit that the area was not met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Encode, Decode)]
#[cbor(array)]
pub struct Rests {
    /// The visit.
    #[n(0)]
    pub visit: RecordId,
    /// The worker.
    #[n(1)]
    pub worker: WorkerId,
}

/// What a manager says on closing a line.
#[derive(Clone, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Closing {
    /// The step taken, one of [`STEPS`], in the words that were on the screen.
    #[n(0)]
    pub step: Value,
    /// Why, in the manager's own words.
    #[n(1)]
    pub reason: String,
    /// The day for looking again, `2026-11-10`.
    #[n(2)]
    pub look_again: String,
    /// What the line rested on, as the manager saw it; in ascending order, each once.
    #[n(3)]
    pub rests_on: Vec<Rests>,
}

impl Closing {
    /// The day for looking again; `None` if it is none.
    #[must_use]
    pub fn look_again(&self) -> Option<Date> {
        self.look_again.parse().ok()
    }

    /// How far up. A step that this version does not know ranks with the largest.
    fn step(&self) -> usize {
        step(&self.step.code).unwrap_or(STEPS.len() - 1)
    }
}

/// One closing of an area, as far as it matters for where a line stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// Which statement, as an index into those given.
    pub at: usize,
    /// Who closed it.
    pub by: WorkerId,
    /// Which of [`STEPS`].
    pub step: usize,
    /// The day for looking again.
    pub look_again: Date,
    /// What it rests on.
    pub rests_on: Vec<Rests>,
    /// No later closing replaces it.
    pub live: bool,
}

/// The closings of one area among the statements of a child's own record, in log order. One whose words were removed, or that
/// this version cannot read, closes nothing.
#[must_use]
pub fn closings(statements: &[Statement], view: View, area: &str) -> Vec<Closed> {
    let about = target(area);
    let mut known: Vec<(usize, &Statement)> = statements
        .iter()
        .enumerate()
        .filter(|(_, one)| one.fact.kind == Kind::Close && one.fact.target == about)
        .collect();
    known.sort_by_key(|(_, one)| one.order());
    let facts: Vec<&Fact> = known.iter().map(|(_, one)| &one.fact).collect();
    let live = live_among(&facts, |fact| view.counts(fact), |_, _| true);
    let counted = known.iter().enumerate();
    let counted = counted.filter(|(_, (_, one))| view.counts(&one.fact));
    counted
        .filter_map(|(place, (at, one))| {
            let Some(Content::Closing(closing)) = &one.content else {
                return None;
            };
            Some(Closed {
                at: *at,
                by: one.fact.author,
                step: closing.step(),
                look_again: closing.look_again()?,
                rests_on: closing.rests_on.clone(),
                live: live.contains(&place),
            })
        })
        .collect()
}

/// Why a line that was closed has come back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Back {
    /// The first visit since on which the area was not met again.
    NotMetAgain(Date),
    /// The day for looking again has passed and nothing had changed.
    NothingChanged(Date),
}

/// Where a line stands on a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Nobody has closed it.
    Open,
    /// It is closed.
    Closed {
        /// By which closing, as [`Closed::at`]: of two that crossed, the one that looks again sooner.
        by: usize,
        /// The day for looking again.
        look_again: Date,
        /// The step taken, of [`STEPS`]; of several the largest.
        step: usize,
    },
    /// It was closed, and has come back one step up.
    CameBack {
        /// The closing that did not hold, as [`Closed::at`].
        closing: usize,
        /// Why.
        why: Back,
        /// The smallest of [`STEPS`] that closes it now.
        step: usize,
    },
}

impl Standing {
    /// The smallest of [`STEPS`] that closes it, or closes it anew.
    #[must_use]
    pub const fn least_step(&self) -> usize {
        match self {
            Self::Open => 0,
            Self::Closed { step, .. } | Self::CameBack { step, .. } => *step,
        }
    }
}

/// Where a line stands on a day, by the closings of its area in log order.
///
/// A closing that rests on no visit of this run is about an earlier one and closes nothing; nor does one that rests on the closer's
/// own observations alone. Where several hold side by side because they crossed, the line is closed only while all of them hold.
#[must_use]
pub fn standing(run: &Running, closings: &[Closed], day: Date) -> Standing {
    let of_this_run: Vec<(&Closed, Date)> = closings
        .iter()
        .filter_map(|closed| Some((closed, newest(run, closed)?)))
        .collect();
    let live = || of_this_run.iter().filter(|(closed, _)| closed.live);
    let steps = of_this_run.iter().map(|(closed, _)| closed.step);
    let soonest = live().min_by_key(|(closed, _)| closed.look_again);
    // Where none is live, each was replaced by one that cannot be read any more, or that is about another run.
    let (Some(step), Some((soonest, _))) = (steps.max(), soonest) else {
        return Standing::Open;
    };
    let back = |(closed, newest): &(&Closed, Date)| {
        let again = run.visits.iter().map(|visit| visit.on);
        let again = again.filter(|on| on > newest).min();
        let passed = day > closed.look_again;
        let why = match again {
            Some(on) => Back::NotMetAgain(on),
            None if passed => Back::NothingChanged(closed.look_again),
            None => return None,
        };
        Some((why, closed.at))
    };
    match live().filter_map(back).min_by_key(|(why, _)| *why) {
        Some((why, closing)) => Standing::CameBack {
            closing,
            why,
            step: (step + 1).min(STEPS.len() - 1),
        },
        None => Standing::Closed {
            by: soonest.at,
            look_again: soonest.look_again,
            step,
        },
    }
}

/// The newest visit of this run that a closing rests on, if on one of them somebody else saw it too.
fn newest(run: &Running, closed: &Closed) -> Option<Date> {
    let names = |visit: &Observed, one: &Rests| visit.is_in(one.visit);
    let by_another = |visit: &Observed| {
        closed.rests_on.iter().any(|one| {
            names(visit, one)
                && one.worker != closed.by
                && visit.ratings.contains(&(one.worker, Rating::NotMet))
        })
    };
    if !run.visits.iter().any(by_another) {
        return None;
    }
    let named = |visit: &&Observed| closed.rests_on.iter().any(|one| names(visit, one));
    run.visits.iter().filter(named).map(|visit| visit.on).max()
}

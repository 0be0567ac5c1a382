//! An area of care that was not met on three visits running: neglect shows in what repeats, and each visit alone is soon
//! explained.
//!
//! Nothing is stored and nothing is counted up: the line is computed from what stands in the visits, so the same visits give the
//! same line, once, in whatever order they arrive, and a fourth visit makes it longer and no second one. Each worker's rating is
//! kept beside the other's; none is averaged or settled. A visit counts as *not met* if anybody who was there says so. A visit on
//! which nobody looked neither counts nor ends a run: what was not seen is not met by that. Only a visit on which somebody
//! looked and nobody found it *not met* ends it.

use crate::calendar::Date;
use crate::catalogue::{Catalogue, Field};
use crate::commit::RecordKind;
use crate::id::{RecordId, WorkerId};

mod closing;

pub use closing::{
    Back, Closed, Closing, FIELD, Rests, Standing, area_of, closings, standing, target,
};

/// How many visits running.
pub const VISITS: usize = 3;

/// What a manager can do about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// Stored; never changed.
    pub code: &'static str,
    /// For a sentence that says what to do.
    pub words: &'static str,
}

/// From the smallest step to the largest. Practice, not law.
pub const STEPS: [Step; 3] = [
    Step {
        code: "practical_help",
        words: "agree practical help this week",
    },
    Step {
        code: "core_group",
        words: "bring the core group forward",
    },
    Step {
        code: "legal_advice",
        words: "ask for legal advice",
    },
];

/// Which of [`STEPS`] has this code.
#[must_use]
pub fn step(code: &str) -> Option<usize> {
    STEPS.iter().position(|step| step.code == code)
}

/// The areas of care that workers observe, in the order of the form.
pub fn areas(catalogue: &Catalogue) -> impl Iterator<Item = &Field> {
    let fields = catalogue.fields(RecordKind::Visit.form()).iter();
    fields.filter(|field| field.code.starts_with("area_"))
}

/// What one worker observed in one area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rating {
    /// Not met.
    NotMet,
    /// Met in part.
    Partly,
    /// Met.
    Met,
    /// Nobody looked.
    NotSeenToday,
}

impl Rating {
    /// The rating with this code on the form.
    #[must_use]
    pub fn from_code(code: &str) -> Option<Self> {
        match code {
            "not_met" => Some(Self::NotMet),
            "partly" => Some(Self::Partly),
            "met" => Some(Self::Met),
            "not_seen_today" => Some(Self::NotSeenToday),
            _ => None,
        }
    }

    /// For the middle of a sentence.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotMet => "not met",
            Self::Partly => "partly met",
            Self::Met => "met",
            Self::NotSeenToday => "not seen today",
        }
    }
}

/// One visit that went ahead, as far as it says something of one area.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Observed {
    /// The day of the visit.
    pub on: Date,
    /// The visit.
    pub visit: RecordId,
    /// Other records of the same visit, where two people began one each.
    pub beside: Vec<RecordId>,
    /// Who observed what.
    pub ratings: Vec<(WorkerId, Rating)>,
}

impl Observed {
    fn is_in(&self, record: RecordId) -> bool {
        self.visit == record || self.beside.contains(&record)
    }

    fn has(&self, rating: Rating) -> bool {
        self.ratings.iter().any(|(_, one)| *one == rating)
    }

    fn was_looked_at(&self) -> bool {
        self.ratings
            .iter()
            .any(|(_, rating)| *rating != Rating::NotSeenToday)
    }
}

/// An area that was not met on so many visits running.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Running {
    /// The visits it rests on, oldest first; ratings by worker.
    pub visits: Vec<Observed>,
    /// Days of visits since the first of them on which nobody looked.
    pub not_looked: Vec<Date>,
}

/// The run of visits without the area met that is not ended yet, if it is long enough to ask a manager about.
#[must_use]
pub fn running(visits: impl IntoIterator<Item = Observed>) -> Option<Running> {
    let mut all: Vec<Observed> = visits.into_iter().collect();
    for visit in &mut all {
        visit.beside.sort_unstable();
        visit.ratings.sort_unstable();
    }
    all.sort();
    let mut run = Running {
        visits: Vec::new(),
        not_looked: Vec::new(),
    };
    for visit in all {
        if visit.has(Rating::NotMet) {
            run.visits.push(visit);
        } else if visit.was_looked_at() {
            run.visits.clear();
            run.not_looked.clear();
        } else if !run.visits.is_empty() {
            run.not_looked.push(visit.on);
        }
    }
    (run.visits.len() >= VISITS).then_some(run)
}

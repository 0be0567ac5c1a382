//! What comes out: each thing owed, its date, and what is to be told with it.

use super::facts::{Kind, prints_its_name_only};
use super::interval::Interval;
use super::no_access::NoAccess;
use super::rules::RuleId;
use crate::calendar::Date;

/// What a date is counted from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum From {
    /// The last visit that counts.
    LastSeen,
    /// The start of the period, placement, order or accommodation: not seen since.
    Start,
    /// The birth: not seen since.
    Birth,
}

/// Why this date and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ground {
    /// The council's rule, or the law's.
    Rule,
    /// The child's own plan.
    Plan,
    /// A variation in force, with its last day.
    Agreed(Date),
    /// A shorter gap was agreed when more time than that had passed already: due on the day it takes effect.
    AgreementBegins(Date),
    /// A longer gap was agreed, and ends on this day, when the rule's own gap is over.
    AgreementEnds(Date),
    /// A visit must come before this first review.
    BeforeReview(Date),
    /// Nothing sets a date.
    AsAgreed,
}

/// Something to be told along with the date.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Note {
    /// The child's plan sets a longer gap than the law allows. The law's is used.
    PlanLongerThanLaw,
    /// A longer gap was agreed than the law allows. The law's is used.
    AgreedLongerThanLaw,
    /// What was agreed ended on this day; the rule applies again.
    AgreementEnded(Date),
    /// The date rests on bank holidays that are computed and not published yet.
    HolidaysNotPublished,
}

/// Why a visit did not start the clock again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NotCounted {
    /// The child was not seen, or it was not recorded.
    NotSeen,
    /// By video or telephone.
    NotInPerson,
    /// A meeting, or made by somebody whose visits do not count.
    NotStatutory,
    /// It did not serve this.
    ServedOther,
}

/// Where a date stands on the day asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Status {
    /// Due later.
    DueIn {
        /// Days of the calendar, from 1.
        days: u32,
    },
    /// Due by the end of the day.
    DueToday,
    /// The date has passed.
    Overdue {
        /// Working days after the date, the day asked about included. Nought on the weekend or holiday just after it.
        working_days: u32,
    },
    /// No date is set.
    NoDate,
}

/// One thing owed to a child.
#[derive(Clone, PartialEq, Eq)]
pub struct Obligation {
    /// Which of [`super::Child::periods`], from 0.
    pub period: usize,
    /// What is owed.
    pub kind: Kind,
    /// Under which rule.
    pub rule: RuleId,
    /// The last day on which it is kept; `None` if nothing sets a date.
    pub due: Option<Date>,
    /// The day counted from.
    pub basis: Date,
    /// What that day is.
    pub from: From,
    /// The gap counted; `None` if nothing sets one.
    pub interval: Option<Interval>,
    /// Why this gap.
    pub ground: Ground,
    /// Where it stands.
    pub status: Status,
    /// The sum in one line of plain English: `10 working days from Tue 13 Oct`.
    pub sum: String,
    /// What is to be told with it.
    pub notes: Vec<Note>,
    /// Visits after `basis` that did not count, in order, each with the first reason.
    pub not_counted: Vec<(Date, NotCounted)>,
}

/// What is owed to one child on one day.
#[derive(Clone, PartialEq, Eq)]
pub struct ChildDue {
    /// Earliest date first; on one date what the law sets first; without a date last.
    pub obligations: Vec<Obligation>,
    /// When the child was last seen in person, on whatever visit.
    pub last_seen: Option<Date>,
    /// Visits with no access since then; `None` if there were none.
    pub no_access: Option<NoAccess>,
}

impl ChildDue {
    /// What leads: the earliest date. `None` if no date is set.
    #[must_use]
    pub fn leading(&self) -> Option<&Obligation> {
        self.obligations.first().filter(|first| first.due.is_some())
    }

    /// What falls due on the same day as what leads. One visit can serve all of them.
    pub fn same_day(&self) -> impl Iterator<Item = &Obligation> {
        let due = self.leading().and_then(|first| first.due);
        self.obligations
            .iter()
            .skip(1)
            .filter(move |other| due.is_some() && other.due == due)
    }
}

prints_its_name_only!(Obligation, ChildDue);

//! When a child is next to be seen, and the sum.

use serde::Serialize;
use visitbook_record::id::RecordId;

/// One thing owed to a child.
#[derive(Clone, Serialize)]
pub struct Owed {
    /// What for: `cp`, `cin`, `cla`, `pf`, `care_leaver`.
    pub kind: String,
    /// That, in words.
    pub kind_label: String,
    /// The last day on which it is kept, `2026-10-27`; `None` if nothing sets a date.
    pub due: Option<String>,
    /// `overdue`, `due_today`, `due_later`, `no_date`.
    pub state: String,
    /// Where it stands and why: "due today, 10 working days from Tue 13 Oct".
    pub line: String,
    /// What is to be told with it, and which later visits did not count and why.
    pub notes: Vec<String>,
}

/// Visits on which nobody could be got hold of, since the child was last seen.
#[derive(Clone, Serialize)]
pub struct NoAccessLine {
    /// The days, in order.
    pub on: Vec<String>,
    /// The day by which the child was to be seen after the first of them.
    pub see_by: String,
    /// The manager is to be told: twice in a row, or that day has passed.
    pub tell_manager: bool,
    /// In one line: "no answer on Mon 19 Oct; to be seen by Mon 26 Oct".
    pub line: String,
}

/// What is owed to one child on one day.
#[derive(Clone, Serialize)]
pub struct DueLine {
    /// The child.
    pub child: RecordId,
    /// What the child is called.
    pub name: String,
    /// The family.
    pub family: Option<String>,
    /// What leads, with everything that falls on the same day: "due today, 10 working days from Tue 13 Oct". `None` if
    /// nothing sets a date.
    pub line: Option<String>,
    /// Each thing owed, what leads first.
    pub owed: Vec<Owed>,
    /// When the child was last seen in person, on whatever visit.
    pub last_seen: Option<String>,
    /// Visits with no access since.
    pub no_access: Option<NoAccessLine>,
}

impl DueLine {
    /// The leading date, where one is set.
    #[must_use]
    pub fn due(&self) -> Option<&str> {
        self.owed.first().and_then(|owed| owed.due.as_deref())
    }

    /// `overdue`, `due_today`, `due_later` or `no_date`.
    #[must_use]
    pub fn state(&self) -> &str {
        self.owed.first().map_or("no_date", |owed| &owed.state)
    }
}

/// What to show after a visit on which nobody could be got hold of.
#[derive(Clone, Serialize)]
pub struct NoAnswerView {
    /// "No answer, 11:40. Second time in 8 days."
    pub title: String,
    /// "Merle was last seen on …"
    pub detail: String,
    /// Which time in a row this is.
    pub times: u32,
    /// In how many days, from the first of them to this one.
    pub days: u32,
    /// When the child was last seen in person.
    pub last_seen: Option<String>,
    /// The manager is to be told.
    pub tell_manager: bool,
    /// "Merle was to be seen by Mon 26 Oct; tell Sage today." Only if the manager is to be told.
    pub tell: Option<String>,
}

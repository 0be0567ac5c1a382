//! What a manager, or a correction, made of a record, and when children are next to be seen.

use visitbook_device::model as core;

use super::lists::Moment;
use super::mirrors;

mirrors! {
    /// A manager has read the finished visit and agrees that it is sound.
    SignedOffView {
        /// Who.
        by: String,
        /// When, by their device.
        written: Moment,
        /// When the council received it.
        received: Option<Moment>,
        /// In a sentence.
        words: String,
    }

    /// A question that a manager sent back about a finished visit.
    ReturnedView {
        /// The visit.
        record: String,
        /// The child.
        child: String,
        /// The child's name.
        child_name: String,
        /// The question, in the manager's words.
        question: String,
        /// Who asks.
        by: String,
        /// Whom: the author of the finish.
        of: String,
        /// Their name.
        of_name: String,
        /// It is put to the holder of this device.
        mine: bool,
        /// When, by the manager's device.
        written: Moment,
        /// When the council received it.
        received: Option<Moment>,
        /// The author has added to the visit, or corrected it, since.
        answered: bool,
        /// In a sentence.
        words: String,
    }

    /// A fact put right after the finish. The page keeps what was.
    CorrectionView {
        /// The statement.
        op: String,
        /// What it is about, as commands take it.
        target: String,
        /// What stands above that.
        label: String,
        /// What stood on the page.
        was: String,
        /// The code of what is.
        code: String,
        /// What is, in words.
        is: String,
        /// Why.
        reason: String,
        /// Who.
        by: String,
        /// When, by their device.
        written: Moment,
        /// When the council received it.
        received: Option<Moment>,
        /// In a sentence.
        words: String,
    }

    /// The record was entered in error: hidden from the child's file, and kept as evidence.
    VoidedView {
        /// Why.
        reason: String,
        /// The record that stands in its place.
        made_again: Option<String>,
        /// Who.
        by: String,
        /// When, by their device.
        written: Moment,
        /// When the council received it.
        received: Option<Moment>,
        /// In a sentence.
        words: String,
    }

    /// A manager opened text that its author had not finished.
    OpenedView {
        /// Why.
        reason: String,
        /// Who.
        by: String,
        /// When, by their device.
        written: Moment,
        /// When the council received it.
        received: Option<Moment>,
        /// In a sentence.
        words: String,
    }

    /// A manager closed a line about an area of care that was not met visit after visit.
    ClosingView {
        /// The statement.
        op: String,
        /// The area's code.
        area: String,
        /// What stands above it on the form.
        label: String,
        /// The step taken.
        step: String,
        /// That in words: "bring the core group forward".
        step_words: String,
        /// Why, in the manager's words.
        reason: String,
        /// The day for looking again, `2026-11-10`.
        look_again: String,
        /// Who.
        by: String,
        /// When, by their device.
        written: Moment,
        /// When the council received it.
        received: Option<Moment>,
        /// In a sentence.
        words: String,
    }

    /// All of that about one record.
    OversightView {
        /// The sign-off of the finish that stands.
        signed_off: Option<SignedOffView>,
        /// Questions that were sent back, in log order.
        returned: Vec<ReturnedView>,
        /// Corrections, in log order.
        corrections: Vec<CorrectionView>,
        /// Entered in error.
        voided: Option<VoidedView>,
        /// When text that was not finished was opened, in log order.
        opened: Vec<OpenedView>,
        /// On a child's own record: lines that were closed, in log order.
        closings: Vec<ClosingView>,
    }

    /// One thing owed to a child.
    Owed {
        /// What for: `cp`, `cin`, `cla`, `pf`, `care_leaver`.
        kind: String,
        /// That, in words.
        kind_label: String,
        /// The last day on which it is kept, `2026-10-27`; `None` if nothing sets a date.
        due: Option<String>,
        /// `overdue`, `due_today`, `due_later`, `no_date`.
        state: String,
        /// Where it stands and why: "due today, 10 working days from Tue 13 Oct".
        line: String,
        /// What is to be told with it, and which later visits did not count and why.
        notes: Vec<String>,
    }

    /// Visits on which nobody could be got hold of, since the child was last seen.
    NoAccessLine {
        /// The days, in order.
        on: Vec<String>,
        /// The day by which the child was to be seen after the first of them.
        see_by: String,
        /// The manager is to be told: twice in a row, or that day has passed.
        tell_manager: bool,
        /// In one line: "no answer on Mon 19 Oct; to be seen by Mon 26 Oct".
        line: String,
    }

    /// What is owed to one child on one day.
    DueLine {
        /// The child.
        child: String,
        /// What the child is called.
        name: String,
        /// The family.
        family: Option<String>,
        /// What leads, with everything that falls on the same day: "due today, 10 working days from Tue 13 Oct". `None` if
        /// nothing sets a date.
        line: Option<String>,
        /// Each thing owed, what leads first.
        owed: Vec<Owed>,
        /// When the child was last seen in person, on whatever visit.
        last_seen: Option<String>,
        /// Visits with no access since.
        no_access: Option<NoAccessLine>,
    }
    /// What to show after a visit on which nobody could be got hold of.
    NoAnswerView {
        /// "No answer, 11:40. Second time in 8 days."
        title: String,
        /// "Merle was last seen on …"
        detail: String,
        /// Which time in a row this is.
        times: u32,
        /// In how many days, from the first of them to this one.
        days: u32,
        /// When the child was last seen in person.
        last_seen: Option<String>,
        /// The manager is to be told.
        tell_manager: bool,
        /// "Merle was to be seen by Mon 26 Oct; tell Sage today." Only if the manager is to be told.
        tell: Option<String>,
    }
}

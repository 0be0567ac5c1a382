//! Lists: the first screen, a child's card, visits, concerns, staff.

use visitbook_device::model as core;

use super::mirrors;
use super::oversight::{DueLine, ReturnedView};
use super::page::LateView;
use super::people::{AlsoMet, SameVisitQuestion, ToTell};
use super::voice::{LeftForYou, UnopenedLine, VoiceView};

/// A moment as people in England read it. The milliseconds are what a device's clock showed; they are evidence and put
/// nothing in order.
#[derive(Clone, uniffi::Record)]
pub struct Moment {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub millis: i64,
    /// The day in London, `2026-10-27`; empty for a clock so wrong that there is no such day.
    pub date: String,
    /// The time of day in London, `09:52`.
    pub time: String,
}

/// Who holds a child.
#[derive(Clone, uniffi::Record)]
pub struct Holder {
    /// Their name.
    pub name: String,
    /// `allocated`, `joint`, `cover` or `manager`.
    pub role: String,
}

mirrors! {
    /// Whose device this is.
    Identity {
        /// The holder.
        worker: String,
        /// The holder's name; their id until the council's list has been read.
        name: String,
        /// What the holder calls the device.
        label: String,
        /// The device's name in commits.
        device: String,
        /// The council's id.
        council: String,
        /// The council's name.
        council_name: String,
        /// The number to ring out of hours, if the council gave one.
        out_of_hours: Option<String>,
    }

    /// A member of staff.
    Person {
        /// Their id.
        worker: String,
        /// Their name.
        name: String,
        /// What they are: as the council's list says.
        role: Option<String>,
        /// Their telephone number.
        phone: Option<String>,
        /// Who manages them.
        manager: Option<String>,
    }

    /// A child on a list.
    ChildLine {
        /// The child.
        child: String,
        /// What the child is called.
        name: String,
        /// Known as and family name.
        full_name: String,
        /// The case system's code.
        code: Option<String>,
        /// The family.
        family: Option<String>,
        /// Date of birth, or the date the child is expected.
        born: Option<String>,
        /// Age on the day asked for, "14" or "11 months"; "expected" before birth.
        age: Option<String>,
        /// In what role the holder of this device holds the child.
        role: Option<String>,
        /// Somebody met this child, who was on nobody's list: `open`, `matched`, `referred` or `two_answers`.
        met: Option<String>,
    }

    /// A visit on a list.
    VisitLine {
        /// The visit.
        record: String,
        /// The child.
        child: String,
        /// The child's name.
        child_name: String,
        /// The outing it belongs to.
        outing: Option<String>,
        /// The day, `2026-10-27`; empty if none is said.
        date: String,
        /// When the worker arrived.
        arrived: Option<String>,
        /// How it went.
        outcome: Option<String>,
        /// Whether the child was seen.
        seen: Option<String>,
        /// Two answers to that are open.
        seen_open: bool,
        /// Whether the child was seen alone.
        alone: Option<String>,
        /// Two answers to that are open.
        alone_open: bool,
        /// Whether the bedroom was seen.
        bedroom: Option<String>,
        /// Whether the child is safe now.
        safe_now: Option<String>,
        /// It is finished.
        finished: bool,
        /// Who began or planned it.
        by: Option<String>,
        /// What became of it after the finish: `signed_off`, `asked`, `corrected`.
        marks: Vec<String>,
        /// It is one visit with this record, which is read first: counted once.
        same_visit_as: Option<String>,
    }

    /// The first screen.
    Today {
        /// The day asked for.
        date: String,
        /// Visits planned for or made on that day, by child.
        visits: Vec<VisitLine>,
        /// Visits of earlier days that are not finished.
        unfinished: Vec<VisitLine>,
        /// Everybody the holder holds.
        children: Vec<ChildLine>,
        /// When each of them is next to be seen, with the sum, overdue first. Those to whom no visits are owed are left out.
        due: Vec<DueLine>,
        /// Concerns without a written decision.
        concerns: Vec<ConcernView>,
        /// What children left on this device and the holder has not opened: to be read before leaving the address.
        left_for_you: Vec<LeftForYou>,
        /// What children handed in elsewhere and nobody has opened for too long, for their manager.
        unopened: Vec<UnopenedLine>,
        /// How many questions need the holder's answer.
        questions: u64,
        /// Visits that the holder and somebody else began apart: one or two? Counted among the questions.
        same_visits: Vec<SameVisitQuestion>,
        /// Children whose worker the holder has become, and who are to be told.
        to_tell: Vec<ToTell>,
        /// Questions about the holder's finished visits that a manager sent back.
        returned: Vec<ReturnedView>,
        /// How many envelopes wait to be sent.
        unsent: u64,
        /// Alarms that nobody has looked at.
        alarms: u64,
    }

    /// An imported or recorded fact: the question, and the answer as shown.
    FactLine {
        /// The field.
        field: String,
        /// The element, where there are several.
        element: Option<String>,
        /// The part of the element.
        part: Option<String>,
        /// What stands above the answer.
        label: String,
        /// The code.
        code: Option<String>,
        /// The answer in words.
        answer: Option<String>,
        /// Two answers are open.
        open: bool,
    }

    /// When something was last the case, and by whom.
    LastTime {
        /// The day.
        date: String,
        /// By whom, if a visit here says so; `None` for what was imported.
        by: Option<String>,
    }

    /// A concern on a list.
    ConcernView {
        /// The concern.
        record: String,
        /// The child.
        child: String,
        /// The child's name.
        child_name: String,
        /// How urgent, the most worrying answer.
        urgency: Option<String>,
        /// That, in words.
        urgency_label: Option<String>,
        /// What it is about.
        about: Vec<String>,
        /// Who marked it.
        by: String,
        /// When, by their device.
        written: Moment,
        /// When the council received it.
        received: Option<Moment>,
        /// Who was told.
        told: Vec<String>,
        /// What was decided, and by whom, and when.
        decisions: Vec<LateView>,
    }

    /// A child's card.
    ChildCard {
        /// Name, age, family.
        child: ChildLine,
        /// Everything the case system told us, in the form's order.
        facts: Vec<FactLine>,
        /// Last seen in person.
        last_seen: Option<LastTime>,
        /// Last spoken to alone.
        last_alone: Option<LastTime>,
        /// When the bedroom was last seen.
        last_bedroom: Option<LastTime>,
        /// When the child is next to be seen, with the sum; `None` if no visits are owed.
        due: Option<DueLine>,
        /// The last three things the child gave, newest first.
        voices: Vec<VoiceView>,
        /// Who holds the child.
        held_by: Vec<Holder>,
        /// The child is to be told who the worker is now.
        to_tell: Option<ToTell>,
        /// Concerns without a written decision.
        concerns: Vec<ConcernView>,
        /// Visits, newest first, at most ten.
        visits: Vec<VisitLine>,
        /// Further children of the same family that the holder holds.
        family: Vec<ChildLine>,
        /// What was written about the child before anybody knew who it was, in files of its own.
        also_met: Vec<AlsoMet>,
    }
}

//! A team's day on one page.
//!
//! Everything here is plain values in the order they are shown, so that two boards of the same moment are equal byte for
//! byte when printed.

use serde::Serialize;
use visitbook_record::id::RecordId;

use super::{ClosingView, FileOpened, MetChild, ReturnedView, ToTell, UnopenedLine};
use crate::clock::Moment;

/// What was decided, by whom and when.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Decided {
    /// The decision, in its author's words.
    pub text: String,
    /// Who.
    pub by: String,
    /// When, by their device.
    pub written: Moment,
}

/// Why a child who was due is not seen yet.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct NotSeen {
    /// `no_access`, `not_seen` or `no_visit`.
    pub state: String,
    /// In words: "second no answer", "At school", "no visit yet".
    pub words: String,
    /// The sum of visits with no access since the child was last seen.
    pub no_access: Option<String>,
    /// What was decided about it on the day.
    pub decision: Option<Decided>,
}

/// A child who was due, or overdue, as the day began.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct DueChild {
    /// The child.
    pub child: RecordId,
    /// What the child is called.
    pub name: String,
    /// The last day on which it would have been kept.
    pub due: String,
    /// That day was before today.
    pub overdue: bool,
    /// The sum, as it stood as the day began.
    pub line: String,
    /// Seen today, in person.
    pub seen: bool,
    /// If not.
    pub not_seen: Option<NotSeen>,
}

/// An action with a date.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ActionBy {
    /// What is to be done.
    pub what: String,
    /// By when, `2026-11-03`.
    pub by: String,
    /// That, for a sentence: "Tue 3 Nov".
    pub by_words: String,
}

/// Whether a child who was seen was spoken to alone.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct AloneLine {
    /// The child.
    pub child: RecordId,
    /// What the child is called.
    pub name: String,
    /// `spoke_alone`, `alone_not_talking`, `not_alone`, `too_young` or `not_recorded`.
    pub state: String,
    /// Why not, in words.
    pub because: Option<String>,
    /// Two answers are open.
    pub open: bool,
    /// The first action of that visit that has a date, where the child was not spoken to alone.
    pub action: Option<ActionBy>,
}

/// Something for which a manager was asked.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct AskedLine {
    /// The family, or the children's names.
    pub who: String,
    /// The concerns marked together, one for each child.
    pub concerns: Vec<RecordId>,
    /// How urgent, in words.
    pub urgency: String,
    /// Who marked it.
    pub by: String,
    /// When, by their device.
    pub marked: Moment,
    /// When it reached the council.
    pub received: Option<Moment>,
    /// What was decided.
    pub decision: Option<Decided>,
}

/// A question to which two answers were given.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct TwoAnswersLine {
    /// The record.
    pub record: RecordId,
    /// What the child is called.
    pub name: String,
    /// What stands above the answers.
    pub label: String,
    /// It waits for a person.
    pub open: bool,
    /// In words.
    pub words: String,
}

/// What one worker observed.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct RatedView {
    /// Who.
    pub by: String,
    /// "not met", "partly met", "met" or "not seen today".
    pub words: String,
}

/// A visit on which an area of care was not met.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct NotMetVisit {
    /// The visit.
    pub visit: RecordId,
    /// The day of it.
    pub on: String,
    /// What each worker put; never settled between them.
    pub ratings: Vec<RatedView>,
}

/// Something that a manager can do about an area that was not met.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct StepView {
    /// As commands take it.
    pub code: String,
    /// In words: "bring the core group forward".
    pub words: String,
}

/// An area of care that was not met on three or more visits running: one line, not one for each visit.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct NotMetLine {
    /// The child.
    pub child: RecordId,
    /// What the child is called.
    pub name: String,
    /// The area's code.
    pub area: String,
    /// What stands above it on the form.
    pub label: String,
    /// The visits it rests on, oldest first.
    pub visits: Vec<NotMetVisit>,
    /// In words.
    pub words: String,
    /// `open`; `closed`; or `came_back`, after it was closed and nothing had changed.
    pub state: String,
    /// How it was closed, or, of one that came back, how it had been.
    pub closing: Option<ClosingView>,
    /// What closes it now, from the smallest step to the largest.
    pub steps: Vec<StepView>,
}

/// Something a child gave whose answer has not reached the child yet.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct WaitingChild {
    /// The voice.
    pub voice: RecordId,
    /// What the child is called.
    pub name: String,
    /// How it was given, in words.
    pub how: String,
    /// The day it was written down.
    pub since: String,
    /// How many days ago.
    pub days: u32,
    /// There is an answer, and the child has not been told.
    pub answered: bool,
}

/// Something that the council received and that is not in the file yet.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct AsideLine {
    /// The record it was meant for.
    pub record: RecordId,
    /// What the child is called.
    pub name: String,
    /// `visit`, `voice`, …
    pub kind: String,
    /// How many statements.
    pub statements: usize,
    /// Who wrote it.
    pub by: String,
    /// When the council received the first of it.
    pub received: Option<Moment>,
}

/// A finished visit that is not signed off.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ToSign {
    /// The visit.
    pub visit: RecordId,
    /// What the child is called.
    pub name: String,
    /// Who finished it.
    pub by: String,
    /// When, by their device.
    pub finished: Moment,
}

/// When the council last received something from a device.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct DeviceHeard {
    /// What its holder calls it.
    pub label: String,
    /// Whose it is.
    pub of: String,
    /// When, by the council's clock.
    pub last: Moment,
    /// "Rowan's phone 14:41"
    pub words: String,
}

/// The board.
#[derive(Clone, Serialize)]
pub struct Board {
    /// Whose.
    pub whose: String,
    /// The day.
    pub date: String,
    /// As known to the council at this moment; `None` for everything this device knows.
    pub at: Option<Moment>,
    /// Children who were due today or overdue, as the day began.
    pub due: Vec<DueChild>,
    /// Of those of them who were seen, whether alone.
    pub alone: Vec<AloneLine>,
    /// Children who were seen today and were not due.
    pub also_seen: Vec<AloneLine>,
    /// Asked for a manager today, or before and not answered yet.
    pub asked: Vec<AskedLine>,
    /// Two answers: open, or settled today.
    pub two_answers: Vec<TwoAnswersLine>,
    /// Areas of care that were not met on three visits running and that wait for a manager.
    pub not_met: Vec<NotMetLine>,
    /// Those that a manager has closed until a day for looking again.
    pub not_met_closed: Vec<NotMetLine>,
    /// Children who wait for an answer, oldest first.
    pub waiting: Vec<WaitingChild>,
    /// Children who changed worker and are to be told, the longest due first.
    pub to_tell: Vec<ToTell>,
    /// Files that somebody who stands in opened today.
    pub opened: Vec<FileOpened>,
    /// Children whom somebody met, who were on nobody's list, and of whom nobody has said who they are.
    pub met: Vec<MetChild>,
    /// What children handed in and nobody has opened for two hours, or by the close of the day.
    pub unopened: Vec<UnopenedLine>,
    /// Of the visits on which children who were due were seen today: how many are finished today.
    pub written_up: usize,
    /// Of how many.
    pub to_write_up: usize,
    /// Received and not in the file yet.
    pub aside: Vec<AsideLine>,
    /// Finished visits of colleagues that nobody has signed off.
    pub to_sign: Vec<ToSign>,
    /// Questions sent back that wait for an answer.
    pub returned: Vec<ReturnedView>,
    /// Devices whose statements the council has received, with the newest time, by holder.
    pub devices: Vec<DeviceHeard>,
}

/// Something that came after the moment of a board.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct Addition {
    /// The record.
    pub record: RecordId,
    /// Its kind.
    pub kind: String,
    /// What the child is called.
    pub name: String,
    /// What it is about, in words.
    pub what: String,
    /// Who.
    pub by: String,
    /// When its author first wrote about this, by their device.
    pub written: Moment,
    /// When the council received it.
    pub received: Option<Moment>,
    /// What it changes: "was No; is Yes". `None` if it stands beside what was there.
    pub change: Option<String>,
}

/// What came after the moment of a board.
#[derive(Clone, Serialize)]
pub struct Since {
    /// "1 addition since 17:00; it changes “Lives here”."
    pub words: String,
    /// Each of them.
    pub additions: Vec<Addition>,
    /// The lines of the board that read differently now.
    pub lines_now: Vec<String>,
}

/// A board with what came after it.
#[derive(Clone, Serialize)]
pub struct BoardView {
    /// The board.
    pub board: Board,
    /// The board in lines, as it is printed.
    pub lines: Vec<String>,
    /// For a board of an earlier moment: what came after it.
    pub since: Option<Since>,
    /// The newest time of the council's clock that this device has heard of.
    pub heard: Option<Moment>,
    /// Said where this device has not heard from the council since the moment asked for.
    pub warning: Option<String>,
}

//! A manager's board: the team's day on one page.

use visitbook_device::model as core;

use super::lists::Moment;
use super::mirrors;
use super::oversight::{ClosingView, ReturnedView};
use super::people::{FileOpened, MetChild, ToTell};
use super::voice::UnopenedLine;

mirrors! {
    /// What was decided, by whom and when.
    Decided {
        /// The decision, in its author's words.
        text: String,
        /// Who.
        by: String,
        /// When, by their device.
        written: Moment,
    }

    /// Why a child who was due is not seen yet.
    NotSeen {
        /// `no_access`, `not_seen` or `no_visit`.
        state: String,
        /// In words: "second no answer", "At school", "no visit yet".
        words: String,
        /// The sum of visits with no access since the child was last seen.
        no_access: Option<String>,
        /// What was decided about it on the day.
        decision: Option<Decided>,
    }

    /// A child who was due, or overdue, as the day began.
    DueChild {
        /// The child.
        child: String,
        /// What the child is called.
        name: String,
        /// The last day on which it would have been kept.
        due: String,
        /// That day was before today.
        overdue: bool,
        /// The sum, as it stood as the day began.
        line: String,
        /// Seen today, in person.
        seen: bool,
        /// If not.
        not_seen: Option<NotSeen>,
    }

    /// An action with a date.
    ActionBy {
        /// What is to be done.
        what: String,
        /// By when, `2026-11-03`.
        by: String,
        /// That, for a sentence: "Tue 3 Nov".
        by_words: String,
    }

    /// Whether a child who was seen was spoken to alone.
    AloneLine {
        /// The child.
        child: String,
        /// What the child is called.
        name: String,
        /// `spoke_alone`, `alone_not_talking`, `not_alone`, `too_young` or `not_recorded`.
        state: String,
        /// Why not, in words.
        because: Option<String>,
        /// Two answers are open.
        open: bool,
        /// The first action of that visit that has a date, where the child was not spoken to alone.
        action: Option<ActionBy>,
    }

    /// Something for which a manager was asked.
    AskedLine {
        /// The family, or the children's names.
        who: String,
        /// The concerns marked together, one for each child.
        concerns: Vec<String>,
        /// How urgent, in words.
        urgency: String,
        /// Who marked it.
        by: String,
        /// When, by their device.
        marked: Moment,
        /// When it reached the council.
        received: Option<Moment>,
        /// What was decided.
        decision: Option<Decided>,
    }

    /// A question to which two answers were given.
    TwoAnswersLine {
        /// The record.
        record: String,
        /// What the child is called.
        name: String,
        /// What stands above the answers.
        label: String,
        /// It waits for a person.
        open: bool,
        /// In words.
        words: String,
    }

    /// What one worker observed.
    RatedView {
        /// Who.
        by: String,
        /// "not met", "partly met", "met" or "not seen today".
        words: String,
    }

    /// A visit on which an area of care was not met.
    NotMetVisit {
        /// The visit.
        visit: String,
        /// The day of it.
        on: String,
        /// What each worker put; never settled between them.
        ratings: Vec<RatedView>,
    }

    /// Something that a manager can do about an area that was not met.
    StepView {
        /// As `close_line` takes it.
        code: String,
        /// In words: "bring the core group forward".
        words: String,
    }

    /// An area of care that was not met on three or more visits running: one line, not one for each visit.
    NotMetLine {
        /// The child.
        child: String,
        /// What the child is called.
        name: String,
        /// The area's code.
        area: String,
        /// What stands above it on the form.
        label: String,
        /// The visits it rests on, oldest first.
        visits: Vec<NotMetVisit>,
        /// In words.
        words: String,
        /// `open`; `closed`; or `came_back`, after it was closed and nothing had changed.
        state: String,
        /// How it was closed, or, of one that came back, how it had been.
        closing: Option<ClosingView>,
        /// What closes it now, from the smallest step to the largest.
        steps: Vec<StepView>,
    }

    /// Something a child gave whose answer has not reached the child yet.
    WaitingChild {
        /// The voice.
        voice: String,
        /// What the child is called.
        name: String,
        /// How it was given, in words.
        how: String,
        /// The day it was written down.
        since: String,
        /// How many days ago.
        days: u32,
        /// There is an answer, and the child has not been told.
        answered: bool,
    }

    /// Something that the council received and that is not in the file yet.
    AsideLine {
        /// The record it was meant for.
        record: String,
        /// What the child is called.
        name: String,
        /// `visit`, `voice`, …
        kind: String,
        /// How many statements.
        statements: u64,
        /// Who wrote it.
        by: String,
        /// When the council received the first of it.
        received: Option<Moment>,
    }

    /// A finished visit that is not signed off.
    ToSign {
        /// The visit.
        visit: String,
        /// What the child is called.
        name: String,
        /// Who finished it.
        by: String,
        /// When, by their device.
        finished: Moment,
    }

    /// When the council last received something from a device.
    DeviceHeard {
        /// What its holder calls it.
        label: String,
        /// Whose it is.
        of: String,
        /// When, by the council's clock.
        last: Moment,
        /// "Rowan's phone 14:41"
        words: String,
    }

    /// The board.
    Board {
        /// Whose.
        whose: String,
        /// The day.
        date: String,
        /// As known to the council at this moment; `None` for everything this device knows.
        at: Option<Moment>,
        /// Children who were due today or overdue, as the day began.
        due: Vec<DueChild>,
        /// Of those of them who were seen, whether alone.
        alone: Vec<AloneLine>,
        /// Children who were seen today and were not due.
        also_seen: Vec<AloneLine>,
        /// Asked for a manager today, or before and not answered yet.
        asked: Vec<AskedLine>,
        /// Two answers: open, or settled today.
        two_answers: Vec<TwoAnswersLine>,
        /// Areas of care that were not met on three visits running.
        not_met: Vec<NotMetLine>,
        /// Those that a manager has closed until a day for looking again.
        not_met_closed: Vec<NotMetLine>,
        /// Children who wait for an answer, oldest first.
        waiting: Vec<WaitingChild>,
        /// Children who changed worker and are to be told, the longest due first.
        to_tell: Vec<ToTell>,
        /// Files that somebody who stands in opened today.
        opened: Vec<FileOpened>,
        /// Children whom somebody met, who were on nobody's list, and of whom nobody has said who they are.
        met: Vec<MetChild>,
        /// What children handed in and nobody has opened for two hours, or by the close of the day.
        unopened: Vec<UnopenedLine>,
        /// Of the visits on which children who were due were seen today: how many are finished today.
        written_up: u64,
        /// Of how many.
        to_write_up: u64,
        /// Received and not in the file yet.
        aside: Vec<AsideLine>,
        /// Finished visits of colleagues that nobody has signed off.
        to_sign: Vec<ToSign>,
        /// Questions sent back that wait for an answer.
        returned: Vec<ReturnedView>,
        /// Devices whose statements the council has received, with the newest time, by holder.
        devices: Vec<DeviceHeard>,
    }

    /// Something that came after the moment of a board.
    Addition {
        /// The record.
        record: String,
        /// Its kind.
        kind: String,
        /// What the child is called.
        name: String,
        /// What it is about, in words.
        what: String,
        /// Who.
        by: String,
        /// When its author first wrote about this, by their device.
        written: Moment,
        /// When the council received it.
        received: Option<Moment>,
        /// What it changes: "was No; is Yes". `None` if it stands beside what was there.
        change: Option<String>,
    }

    /// What came after the moment of a board.
    Since {
        /// "1 addition since 17:00; it changes “Lives here”."
        words: String,
        /// Each of them.
        additions: Vec<Addition>,
        /// The lines of the board that read differently now.
        lines_now: Vec<String>,
    }

    /// A board with what came after it.
    BoardView {
        /// The board.
        board: Board,
        /// The board in lines, as it is printed.
        lines: Vec<String>,
        /// For a board of an earlier moment: what came after it.
        since: Option<Since>,
        /// The newest time of the council's clock that this device has heard of.
        heard: Option<Moment>,
        /// Said where this device has not heard from the council since the moment asked for.
        warning: Option<String>,
    }
}

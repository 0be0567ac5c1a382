//! What a manager does about finished work and about what was set aside, what anybody may put right, and the board.

use visitbook_record::id::OpId;
use visitbook_record::time::WallMillis;

use crate::across::{Across as _, record, records, statements, target};
use crate::book::Book;
use crate::error::VisitbookError;
use crate::model::aside::{KeptAside, SetAside};
use crate::model::board::BoardView;
use crate::model::oversight::{DueLine, NoAnswerView, ReturnedView};
use crate::model::standing::Saved;

type Result<T> = std::result::Result<T, VisitbookError>;

#[uniffi::export]
impl Book {
    /// The team's day on one page: of today for all that this device knows, or as the council knew it at a moment in
    /// milliseconds since 1970-01-01T00:00:00Z, with what came after it. Takes its time for a large team, and other calls wait
    /// meanwhile: a page to be asked for, not a list to be scrolled.
    #[uniffi::method(default(as_known_at = None))]
    pub fn board(&self, as_known_at: Option<i64>) -> Result<BoardView> {
        Ok(self
            .with(|working| working.board(as_known_at.map(WallMillis)))?
            .across())
    }

    /// When every child whom the holder holds is next to be seen, overdue first, for a day written `2026-10-27`. A child to whom
    /// no visits are owed is left out.
    pub fn due(&self, date: String) -> Result<Vec<DueLine>> {
        Ok(self.with(|working| working.due(&date))?.across())
    }

    /// What to show after a visit on which nobody could be got hold of; nothing for any other visit.
    pub fn no_answer(&self, visit: String) -> Result<Option<NoAnswerView>> {
        let visit = record(&visit)?;
        Ok(self.with(|working| working.no_answer(visit))?.across())
    }

    /// A manager has read these finished visits and agrees that they are sound. One save; nobody signs off their own.
    ///
    /// Errors: `managers_only`, `not_finished`, `signed_off` if one of them is already, `would_be_set_aside` for own work.
    /// Nothing was saved then.
    pub fn sign_off(&self, visits: Vec<String>) -> Result<Saved> {
        let visits = records(&visits)?;
        Ok(self.with(|working| working.sign_off(&visits))?.across())
    }

    /// Gives a finished visit back to the author of the finish with a question. It stays finished; the question is a task of
    /// theirs until they add to the visit or correct it. Errors as for `sign_off`.
    pub fn give_back(&self, visit: String, question: String) -> Result<Saved> {
        let visit = record(&visit)?;
        Ok(self
            .with(|working| working.give_back(visit, &question))?
            .across())
    }

    /// Questions that were sent back and wait for an answer, the holder's own first.
    pub fn returned(&self) -> Result<Vec<ReturnedView>> {
        Ok(self.with(|working| working.returned())?.across())
    }

    /// Puts a fact of a finished visit right. The page keeps what was; lists, dates and exports count with what is.
    ///
    /// Errors: `not_finished`, `nothing_to_correct`, `two_answers`; `needs_agreement` if only somebody else, or a manager, may
    /// lower the worry. Nothing was saved then.
    pub fn correct(
        &self,
        visit: String,
        target: String,
        code: String,
        reason: String,
    ) -> Result<Saved> {
        let (visit, target) = (record(&visit)?, self::target(&target));
        Ok(self
            .with(|working| working.correct(visit, &target, &code, &reason))?
            .across())
    }

    /// Marks a visit, a voice or a concern as entered in error: it leaves every list, and stays in its own history as evidence.
    /// `made_again` is the record that stands in its place, made before on the right child. Managers only.
    #[uniffi::method(default(made_again = None))]
    pub fn void(
        &self,
        record: String,
        reason: String,
        made_again: Option<String>,
    ) -> Result<Saved> {
        let id = crate::across::record(&record)?;
        let again = made_again
            .as_deref()
            .map(crate::across::record)
            .transpose()?;
        Ok(self
            .with(|working| working.void(id, &reason, again))?
            .across())
    }

    /// Asks the council for the text of a visit that its authors have not finished, and tells them so with the reason. It can be
    /// read here after the next sync. Managers only.
    ///
    /// Errors: `managers_only`, `nothing_to_open`. Nothing was saved then.
    pub fn open_unfinished(&self, visit: String, reason: String) -> Result<Saved> {
        let visit = record(&visit)?;
        Ok(self
            .with(|working| working.open_unfinished(visit, &reason))?
            .across())
    }

    /// Closes the line about an area of a child that was not met on three visits running, as the board shows it: with a step by its
    /// code, a reason, and the day for looking again, written `2026-11-10`. The line comes back, one step up, with the next visit on
    /// which the area is not met again, or once that day has passed with nothing changed. Managers only.
    ///
    /// Errors: `managers_only`; `no_line`; `step_too_small` if a step as large changed nothing; `still_closed` where it is closed and
    /// this would look again later; `bad_form` for a day that is past; `would_be_set_aside` where only the holder observed it. Nothing
    /// was saved then.
    pub fn close_line(
        &self,
        child: String,
        area: String,
        step: String,
        reason: String,
        look_again: String,
    ) -> Result<Saved> {
        let child = record(&child)?;
        Ok(self
            .with(|working| working.close_line(child, &area, &step, &reason, &look_again))?
            .across())
    }

    /// The holder's own words that are not in the file yet, to read and copy, also about children they no longer hold; and those
    /// that have come into it since.
    pub fn kept_aside(&self) -> Result<KeptAside> {
        Ok(self.with(|working| working.kept_aside())?.across())
    }

    /// What waits for the holder's decision, with the words, oldest first.
    pub fn set_aside(&self) -> Result<Vec<SetAside>> {
        Ok(self.with(|working| working.set_aside())?.across())
    }

    /// Puts statements that were set aside in their place, under their authors' names.
    ///
    /// Errors: `not_set_aside` if one of them does not wait for the holder's decision, `reason_needed`. Nothing was saved then.
    pub fn place(&self, ops: Vec<String>, reason: String) -> Result<Saved> {
        let ops: Vec<OpId> = statements(&ops)?;
        Ok(self.with(|working| working.place(&ops, &reason))?.across())
    }
}

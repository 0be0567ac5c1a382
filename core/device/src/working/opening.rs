//! Opening what a colleague has not finished: a manager's, with a reason, and seen by the author.
//!
//! The words are not on this device before that: the council sends them with the first sync after it. What is written later
//! needs another opening.

use visitbook_record::commit::RecordKind;
use visitbook_record::id::RecordId;
use visitbook_record::op::{Kind, Target};
use visitbook_record::payload::Content;

use super::Working;
use super::oversight::about;
use super::save::{Refusing, Saved};
use super::visit::check_text;
use crate::error::SaveError;
use crate::store::log;

impl Working {
    /// Asks the council for the text of this visit that its authors have not finished, and tells them so with the reason. The
    /// text can be read here after the next sync.
    ///
    /// # Errors
    /// [`SaveError::ManagersOnly`]; [`SaveError::NothingToOpen`] if no text of a colleague is withheld here; nothing was saved.
    pub fn open_unfinished(&mut self, visit: RecordId, reason: &str) -> Result<Saved, SaveError> {
        check_text("reason", reason)?;
        let (row, child) = self.record_of_kind(visit, RecordKind::Visit, "visit")?;
        self.managers_only(child)?;
        let withheld = log::statements(&self.store.writer, row.no)?
            .iter()
            .any(|row| row.is_withheld() && row.statement.fact.kind.is_entry());
        if !withheld {
            return Err(SaveError::NothingToOpen);
        }
        let reason = Content::Reason(reason.to_owned());
        let plan = about(&row, child, Kind::Open, Target::field("open"), reason);
        self.save(vec![plan], Refusing::Yes)
    }
}

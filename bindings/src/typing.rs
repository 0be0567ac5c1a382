//! Text in an open book: drafts while it is typed, entries once it is left, additions after a finish.

use crate::across::{Across as _, record};
use crate::book::Book;
use crate::error::VisitbookError;
use crate::model::standing::Saved;

use visitbook_record::op::Target;

type Result<T> = std::result::Result<T, VisitbookError>;

/// A piece of text, and what was saved of it.
#[derive(Clone, uniffi::Record)]
pub struct NoteSaved {
    /// The entry's id, for writing it again or taking it back.
    pub entry: String,
    /// What was saved.
    pub saved: Saved,
}

#[uniffi::export]
impl Book {
    /// Keeps what has been typed so far under a heading, durably, on this device alone. Call it at most 2 s after a keystroke.
    /// Give no `entry` the first time, then the one that the first call returned; or the entry that is being changed. Say
    /// "kept on this phone" of it, never "saved".
    #[uniffi::method(default(entry = None))]
    pub fn draft_update(
        &self,
        record: String,
        heading: String,
        text: String,
        entry: Option<String>,
    ) -> Result<String> {
        let record = crate::across::record(&record)?;
        self.with(|working| working.draft_update(record, &heading, entry.as_deref(), &text))
    }

    /// Saves one draft: call it when the person leaves the entry. Returns nothing if there was nothing new in it.
    pub fn draft_commit(
        &self,
        record: String,
        heading: String,
        entry: String,
    ) -> Result<Option<Saved>> {
        let record = crate::across::record(&record)?;
        let target = Target::element(heading, entry);
        Ok(self
            .with(|working| working.draft_commit(Some((record, &target))))?
            .across())
    }

    /// Saves every draft: call it when the app goes to the background or the phone is handed over. Locking and finishing do it
    /// by themselves.
    pub fn draft_commit_all(&self) -> Result<Option<Saved>> {
        Ok(self.with(|working| working.draft_commit(None))?.across())
    }

    /// Writes a piece of text under a heading, at once. Whatever the language, the writing direction or the emoji, it is kept
    /// as typed; at most 1 MiB of UTF-8 (`too_long`).
    pub fn note(&self, record: String, heading: String, text: String) -> Result<NoteSaved> {
        let record = crate::across::record(&record)?;
        let (entry, saved) = self.with(|working| working.note(record, &heading, &text))?;
        Ok(NoteSaved {
            entry,
            saved: saved.across(),
        })
    }

    /// Writes the whole text of an own entry again. The version before stays readable in the history.
    pub fn revise(
        &self,
        record: String,
        heading: String,
        entry: String,
        text: String,
    ) -> Result<Saved> {
        let record = crate::across::record(&record)?;
        Ok(self
            .with(|working| working.revise(record, &heading, &entry, &text))?
            .across())
    }

    /// Takes an own entry back, and says why. Its text stays readable.
    pub fn withdraw(
        &self,
        record: String,
        heading: String,
        entry: String,
        why: String,
    ) -> Result<Saved> {
        let record = crate::across::record(&record)?;
        Ok(self
            .with(|working| working.withdraw(record, &heading, &entry, &why))?
            .across())
    }

    /// Adds a piece of text to a finished visit. It stands beside the page with both times.
    pub fn add_late(&self, visit: String, heading: String, text: String) -> Result<Saved> {
        let visit = record(&visit)?;
        Ok(self
            .with(|working| working.add_late(visit, &heading, &text))?
            .across())
    }

    /// Goes on with an own entry that was cut off by a crash, or keeps it as it is: pass its whole text. Also for any own
    /// entry of a finished visit.
    pub fn carry_on(
        &self,
        record: String,
        heading: String,
        entry: String,
        text: String,
    ) -> Result<Saved> {
        let record = crate::across::record(&record)?;
        Ok(self
            .with(|working| working.carry_on(record, &heading, &entry, &text))?
            .across())
    }
}

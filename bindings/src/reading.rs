//! What an open book shows: one call for each screen.

use visitbook_device::Working;

use crate::across::{Across as _, record};
use crate::book::Book;
use crate::error::VisitbookError;
use crate::model::export::CaseText;
use crate::model::lists::{ChildCard, ChildLine, ConcernView, Person, Today, VisitLine};
use crate::model::page::RecordPage;
use crate::model::standing::{
    AlarmView, DigestLine, Found, KeptDraft, OpenQuestion, RecordStatus, Recovered, Verification,
    Version,
};

type Result<T> = std::result::Result<T, VisitbookError>;

#[uniffi::export]
impl Book {
    /// The first screen: visits of a day, what is unfinished, everybody the holder holds, concerns without a decision, and
    /// how much waits. `date` is written `2026-10-27`; today by this device's clock if none is given.
    #[uniffi::method(default(date = None))]
    pub fn today(&self, date: Option<String>) -> Result<Today> {
        Ok(self
            .with(|working| working.today(date.as_deref()))?
            .across())
    }

    /// Everybody the holder holds, by family and name.
    pub fn children(&self) -> Result<Vec<ChildLine>> {
        Ok(self.with(|working| working.children())?.across())
    }

    /// A child's card: what a worker reads in thirty seconds on the doorstep.
    pub fn child_card(&self, child: String) -> Result<ChildCard> {
        let child = record(&child)?;
        Ok(self.with(|working| working.child_card(child))?.across())
    }

    /// The record of a child by the case system's code. Says nothing about whether this device has it.
    pub fn child_by_code(&self, code: String) -> Result<String> {
        self.look(|working| working.child_by_code(&code).across())
    }

    /// The visits to a child, newest first.
    pub fn visits(&self, child: String) -> Result<Vec<VisitLine>> {
        let child = record(&child)?;
        Ok(self.with(|working| working.visits(child))?.across())
    }

    /// A visit, laid out. Of a record of another kind: `other_kind`.
    pub fn visit(&self, visit: String) -> Result<RecordPage> {
        let visit = record(&visit)?;
        Ok(self.with(|working| working.visit(visit))?.across())
    }

    /// Any record about a child, laid out: a visit, a voice, a concern, the child's own.
    pub fn page(&self, record: String) -> Result<RecordPage> {
        let id = crate::across::record(&record)?;
        Ok(self.with(|working| working.page(id))?.across())
    }

    /// The visits of the outing that this one belongs to, itself included, to children the holder holds.
    pub fn outing_of(&self, visit: String) -> Result<Vec<String>> {
        let visit = record(&visit)?;
        Ok(self.with(|working| working.outing_of(visit))?.across())
    }

    /// Concerns, newest first: of one child, or all this device holds.
    #[uniffi::method(default(child = None))]
    pub fn concerns(&self, child: Option<String>) -> Result<Vec<ConcernView>> {
        let child = child.as_deref().map(record).transpose()?;
        Ok(self.with(|working| working.concerns(child))?.across())
    }

    /// Every question to which two answers are open, the holder's own first.
    pub fn questions(&self) -> Result<Vec<OpenQuestion>> {
        Ok(self.with(|working| working.questions())?.across())
    }

    /// Where every record is that this device has written in, newest first, in the words of the screen.
    pub fn statuses(&self) -> Result<Vec<RecordStatus>> {
        Ok(self.with(|working| working.statuses())?.across())
    }

    /// Every statement about a record in the order of the council's log, own unsent ones last: who, both times, and what
    /// became of it.
    pub fn history(&self, record: String) -> Result<Vec<Version>> {
        let id = crate::across::record(&record)?;
        Ok(self.with(|working| working.history(id))?.across())
    }

    /// A visit, a voice or a concern as text for the council's case system, about one child. Of a child: `other_kind`.
    pub fn case_text(&self, record: String) -> Result<CaseText> {
        let id = crate::across::record(&record)?;
        Ok(self.with(|working| working.case_text(id))?.across())
    }

    /// Finds words in everything this device holds, at most 50 places. Whatever is typed, it is only ever searched for.
    pub fn search(&self, text: String) -> Result<Vec<Found>> {
        Ok(self.with(|working| working.search(&text))?.across())
    }

    /// What a crash cut off and this unlock turned into entries. Show it first: its author goes on with it by `carry_on`.
    pub fn recovered(&self) -> Result<Vec<Recovered>> {
        self.look(|working| working.recovered().to_vec().across())
    }

    /// What a crash left and this unlock could not turn into entries, each with the reason, to be copied from. Nothing of it is
    /// lost.
    pub fn kept_drafts(&self) -> Result<Vec<KeptDraft>> {
        self.look(|working| working.kept_drafts().to_vec().across())
    }

    /// The council's staff, by name.
    pub fn staff(&self) -> Result<Vec<Person>> {
        Ok(self.with(|working| working.staff())?.across())
    }

    /// Checks everything this device holds: file, chain, signatures, payloads, receipts. Takes seconds for a large book, and
    /// other calls wait meanwhile. What it finds is in its result, not an error.
    pub fn verify(&self) -> Result<Verification> {
        Ok(self.with(|working| working.verify())?.across())
    }

    /// Makes every list anew from the log. For support, when `verify` finds one behind; changes no word.
    pub fn rebuild_lists(&self) -> Result<()> {
        self.with(Working::rebuild_lists)
    }

    /// One number for each scope this device holds, to compare with another device or the council.
    pub fn digests(&self) -> Result<Vec<DigestLine>> {
        Ok(self.with(|working| working.digests())?.across())
    }

    /// What should not have been possible, newest first. None of it lost a word; a person should look.
    pub fn alarms(&self) -> Result<Vec<AlarmView>> {
        Ok(self.with(|working| working.alarms())?.across())
    }
}

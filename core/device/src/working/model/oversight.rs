//! What a manager, or a correction, made of a record after it was finished.

use serde::Serialize;
use visitbook_record::id::{OpId, RecordId, WorkerId};

use crate::clock::Moment;

/// A manager has read the finished visit and agrees that it is sound.
#[derive(Clone, Serialize)]
pub struct SignedOffView {
    /// Who.
    pub by: String,
    /// When, by their device.
    pub written: Moment,
    /// When the council received it.
    pub received: Option<Moment>,
    /// In a sentence.
    pub words: String,
}

/// A question that a manager sent back about a finished visit.
#[derive(Clone, Serialize)]
pub struct ReturnedView {
    /// The visit.
    pub record: RecordId,
    /// The child.
    pub child: RecordId,
    /// The child's name.
    pub child_name: String,
    /// The question, in the manager's words.
    pub question: String,
    /// Who asks.
    pub by: String,
    /// Whom: the author of the finish.
    pub of: WorkerId,
    /// Their name.
    pub of_name: String,
    /// It is put to the holder of this device.
    pub mine: bool,
    /// When, by the manager's device.
    pub written: Moment,
    /// When the council received it.
    pub received: Option<Moment>,
    /// The author has added to the visit, or corrected it, since.
    pub answered: bool,
    /// In a sentence.
    pub words: String,
}

/// A fact put right after the finish. The page keeps what was.
#[derive(Clone, Serialize)]
pub struct CorrectionView {
    /// The statement.
    pub op: OpId,
    /// What it is about, as commands take it.
    pub target: String,
    /// What stands above that.
    pub label: String,
    /// What stood on the page.
    pub was: String,
    /// The code of what is.
    pub code: String,
    /// What is, in words.
    pub is: String,
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When, by their device.
    pub written: Moment,
    /// When the council received it.
    pub received: Option<Moment>,
    /// In a sentence.
    pub words: String,
}

/// The record was entered in error: hidden from the child's file, and kept as evidence.
#[derive(Clone, Serialize)]
pub struct VoidedView {
    /// Why.
    pub reason: String,
    /// The record that stands in its place.
    pub made_again: Option<RecordId>,
    /// Who.
    pub by: String,
    /// When, by their device.
    pub written: Moment,
    /// When the council received it.
    pub received: Option<Moment>,
    /// In a sentence.
    pub words: String,
}

/// A manager opened text that its author had not finished.
#[derive(Clone, Serialize)]
pub struct OpenedView {
    /// Why.
    pub reason: String,
    /// Who.
    pub by: String,
    /// When, by their device.
    pub written: Moment,
    /// When the council received it.
    pub received: Option<Moment>,
    /// In a sentence.
    pub words: String,
}

/// A manager closed a line about an area of care that was not met visit after visit.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ClosingView {
    /// The statement.
    pub op: OpId,
    /// The area's code.
    pub area: String,
    /// What stands above it on the form.
    pub label: String,
    /// The step taken.
    pub step: String,
    /// That in words: "bring the core group forward".
    pub step_words: String,
    /// Why, in the manager's words.
    pub reason: String,
    /// The day for looking again, `2026-11-10`.
    pub look_again: String,
    /// Who.
    pub by: String,
    /// When, by their device.
    pub written: Moment,
    /// When the council received it.
    pub received: Option<Moment>,
    /// In a sentence.
    pub words: String,
}

/// All of that about one record.
#[derive(Clone, Default, Serialize)]
pub struct OversightView {
    /// The sign-off of the finish that stands.
    pub signed_off: Option<SignedOffView>,
    /// Questions that were sent back, in log order.
    pub returned: Vec<ReturnedView>,
    /// Corrections, in log order.
    pub corrections: Vec<CorrectionView>,
    /// Entered in error.
    pub voided: Option<VoidedView>,
    /// When text that was not finished was opened, in log order.
    pub opened: Vec<OpenedView>,
    /// On a child's own record: lines that were closed, in log order.
    pub closings: Vec<ClosingView>,
}

impl OversightView {
    /// Everything in sentences, in the order a reader wants it.
    #[must_use]
    pub fn words(&self) -> Vec<&str> {
        let voided = self.voided.iter().map(|voided| voided.words.as_str());
        let signed = self.signed_off.iter().map(|signed| signed.words.as_str());
        let corrected = self.corrections.iter().map(|one| one.words.as_str());
        let asked = self.returned.iter().map(|one| one.words.as_str());
        let opened = self.opened.iter().map(|one| one.words.as_str());
        let closings = self.closings.iter().map(|one| one.words.as_str());
        voided
            .chain(signed)
            .chain(corrected)
            .chain(asked)
            .chain(opened)
            .chain(closings)
            .collect()
    }
}

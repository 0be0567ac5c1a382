//! What is set aside, for its author and for the person who decides about it.

use serde::Serialize;
use visitbook_record::id::{OpId, RecordId, WorkerId};
use visitbook_record::verdict::Reason;

use crate::clock::Moment;

/// A statement that is set aside.
#[derive(Clone, Serialize)]
pub struct SetAside {
    /// The statement.
    pub op: OpId,
    /// The record it is about.
    pub record: RecordId,
    /// That record's kind.
    pub kind: String,
    /// The child.
    pub child: Option<RecordId>,
    /// The child's name.
    pub child_name: String,
    /// The heading or question.
    pub label: String,
    /// The words or the answer; `None` if they cannot be read here.
    pub text: Option<String>,
    /// A few words beside it.
    pub note: Option<String>,
    /// Who wrote it.
    pub author: WorkerId,
    /// Their name.
    pub by: String,
    /// When, by the author's device.
    pub written: Moment,
    /// Since when it is set aside: when the council received it.
    pub since: Option<Moment>,
    /// Who decides.
    pub owner: WorkerId,
    /// Their name.
    pub owner_name: String,
    /// Why.
    pub reason: Reason,
    /// That, as a sentence.
    pub why: String,
    /// What stands in bold on its author's screen.
    pub title: String,
    /// What stands below.
    pub detail: String,
}

/// An own statement that was set aside and is in the file now. Its words are no longer on this device if the child is not.
#[derive(Clone, Serialize)]
pub struct PlacedView {
    /// The statement.
    pub op: OpId,
    /// When it was written.
    pub written: Moment,
    /// When this device learnt that it was placed.
    pub at: Moment,
    /// What stands in bold.
    pub title: String,
    /// What stands below.
    pub detail: String,
}

/// The holder's own words that are not in the file yet, and those that have come into it since.
#[derive(Clone, Serialize)]
pub struct KeptAside {
    /// Set aside now, with the words.
    pub waiting: Vec<SetAside>,
    /// Placed since.
    pub placed: Vec<PlacedView>,
}

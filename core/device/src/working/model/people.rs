//! People working side by side: one visit in two records, a child who is to be told of a change of worker.

use serde::Serialize;
use visitbook_record::id::{RecordId, WorkerId};

/// "One visit or two?": two records of visits to one child, begun apart within a few hours.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct SameVisitQuestion {
    /// The child.
    pub child: RecordId,
    /// The child's name.
    pub child_name: String,
    /// The record begun first, and the other. The buttons are in this order, after "two visits".
    pub first: RecordId,
    /// The other.
    pub second: RecordId,
    /// The line in bold.
    pub title: String,
    /// Who began which, and when.
    pub detail: String,
    /// Two visits; one, the first read first; one, the second read first.
    pub buttons: Vec<String>,
    /// The holder began one of them.
    pub mine: bool,
}

/// Another record of the same visit.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct SameVisitView {
    /// The other record.
    pub record: RecordId,
    /// Who made it.
    pub by: String,
    /// It is the one to read first.
    pub first: bool,
    /// In a sentence.
    pub words: String,
}

/// A child who changed worker, and is to be told.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct ToTell {
    /// The child.
    pub child: RecordId,
    /// The child's name.
    pub child_name: String,
    /// Who the child's worker is now.
    pub worker: WorkerId,
    /// Their name.
    pub worker_name: String,
    /// It is the holder of this device.
    pub mine: bool,
    /// The day of the change, by the council's clock: `2026-10-27`.
    pub since: String,
    /// The last day for telling; `None` beyond the years whose bank holidays are known.
    pub due: Option<String>,
    /// That day has passed.
    pub late: bool,
    /// In a sentence.
    pub words: String,
}

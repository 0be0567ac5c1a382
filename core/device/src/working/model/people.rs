//! People working side by side: one visit in two records, a child who is to be told of a change of worker.

use serde::Serialize;
use visitbook_record::id::{RecordId, WorkerId};

use super::{VisitLine, VoiceView};
use crate::clock::Moment;

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

/// A file that somebody who stands in opened.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct FileOpened {
    /// The child.
    pub child: RecordId,
    /// The child's name.
    pub child_name: String,
    /// Who.
    pub by: String,
    /// Why, in their words.
    pub reason: String,
    /// When, by their device.
    pub written: Moment,
    /// When the council received it.
    pub received: Option<Moment>,
    /// In a sentence.
    pub words: String,
}

/// A child whom the holder holds as one who stands in.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct CoverChild {
    /// The child.
    pub child: RecordId,
    /// What the child is called.
    pub name: String,
    /// Known as and family name.
    pub full_name: String,
    /// When and why the holder last opened the file; `None` while it is closed.
    pub opened: Option<FileOpened>,
}

/// A child whom somebody met and who was on nobody's list.
#[derive(Clone, PartialEq, Eq, Serialize)]
pub struct MetChild {
    /// The child's file.
    pub child: RecordId,
    /// What they are called until somebody knows better: as the worker described them.
    pub name: String,
    /// About how old.
    pub age: Option<String>,
    /// How they are related to whom.
    pub relation: Option<String>,
    /// Who met them.
    pub by: String,
    /// When, by their device.
    pub written: Moment,
    /// When the council received it.
    pub received: Option<Moment>,
    /// `open`, `matched`, `referred` or, where two managers said different things, `two_answers`.
    pub state: String,
    /// The known child.
    pub matched_to: Option<RecordId>,
    /// Their name, if this device knows it.
    pub matched_name: Option<String>,
    /// To whom the child was referred.
    pub referred_to: Option<String>,
    /// Why.
    pub referred_because: Option<String>,
    /// In a sentence.
    pub words: String,
}

/// What was written about a child before anybody knew who it was. It stays in a file of its own.
#[derive(Clone, Serialize)]
pub struct AlsoMet {
    /// The child as somebody met them.
    pub met: MetChild,
    /// Visits, newest first.
    pub visits: Vec<VisitLine>,
    /// What the child gave, newest first.
    pub voices: Vec<VoiceView>,
}

//! People working side by side: one visit in two records, a child who is to be told of a change of worker, duty cover, and
//! children whom somebody met.

use visitbook_device::model as core;

use super::lists::{Moment, VisitLine};
use super::mirrors;
use super::voice::VoiceView;

mirrors! {
    /// "One visit or two?": two records of visits to one child, begun apart within a few hours.
    SameVisitQuestion {
        /// The child.
        child: String,
        /// The child's name.
        child_name: String,
        /// The record begun first. The buttons are in this order, after "two visits".
        first: String,
        /// The other.
        second: String,
        /// The line in bold.
        title: String,
        /// Who began which, and when.
        detail: String,
        /// Two visits; one, the first read first; one, the second read first.
        buttons: Vec<String>,
        /// The holder began one of them.
        mine: bool,
    }

    /// Another record of the same visit.
    SameVisitView {
        /// The other record.
        record: String,
        /// Who made it.
        by: String,
        /// It is the one to read first.
        first: bool,
        /// In a sentence.
        words: String,
    }

    /// A child who changed worker, and is to be told.
    ToTell {
        /// The child.
        child: String,
        /// The child's name.
        child_name: String,
        /// Who the child's worker is now.
        worker: String,
        /// Their name.
        worker_name: String,
        /// It is the holder of this device.
        mine: bool,
        /// The day of the change, by the council's clock: `2026-10-27`.
        since: String,
        /// The last day for telling; `None` beyond the years whose bank holidays are known.
        due: Option<String>,
        /// That day has passed.
        late: bool,
        /// In a sentence.
        words: String,
    }

    /// A file that somebody who stands in opened.
    FileOpened {
        /// The child.
        child: String,
        /// The child's name.
        child_name: String,
        /// Who.
        by: String,
        /// Why, in their words.
        reason: String,
        /// When, by their device.
        written: Moment,
        /// When the council received it.
        received: Option<Moment>,
        /// In a sentence.
        words: String,
    }

    /// A child whom the holder holds as one who stands in.
    CoverChild {
        /// The child.
        child: String,
        /// What the child is called.
        name: String,
        /// Known as and family name.
        full_name: String,
        /// When and why the holder last opened the file; `None` while it is closed.
        opened: Option<FileOpened>,
    }

    /// A child whom somebody met and who was on nobody's list.
    MetChild {
        /// The child's file.
        child: String,
        /// What they are called until somebody knows better: as the worker described them.
        name: String,
        /// About how old.
        age: Option<String>,
        /// How they are related to whom.
        relation: Option<String>,
        /// Who met them.
        by: String,
        /// When, by their device.
        written: Moment,
        /// When the council received it.
        received: Option<Moment>,
        /// `open`, `matched`, `referred` or, where two managers said different things, `two_answers`.
        state: String,
        /// The known child.
        matched_to: Option<String>,
        /// Their name, if this device knows it.
        matched_name: Option<String>,
        /// To whom the child was referred.
        referred_to: Option<String>,
        /// Why.
        referred_because: Option<String>,
        /// In a sentence.
        words: String,
    }

    /// What was written about a child before anybody knew who it was. It stays in a file of its own.
    AlsoMet {
        /// The child as somebody met them.
        met: MetChild,
        /// Visits, newest first.
        visits: Vec<VisitLine>,
        /// What the child gave, newest first.
        voices: Vec<VoiceView>,
    }
}

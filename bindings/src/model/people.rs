//! People working side by side: one visit in two records, a child who is to be told of a change of worker.

use visitbook_device::model as core;

use super::mirrors;

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
}

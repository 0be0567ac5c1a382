//! What is set aside, for its author and for the person who decides about it.

use visitbook_device::model as core;

use super::lists::Moment;
use super::mirrors;

mirrors! {
    /// A statement that is set aside.
    SetAside {
        /// The statement.
        op: String,
        /// The record it is about.
        record: String,
        /// That record's kind.
        kind: String,
        /// The child.
        child: Option<String>,
        /// The child's name.
        child_name: String,
        /// The heading or question.
        label: String,
        /// The words or the answer; `None` if they cannot be read here.
        text: Option<String>,
        /// A few words beside it.
        note: Option<String>,
        /// Who wrote it.
        author: String,
        /// Their name.
        by: String,
        /// When, by the author's device.
        written: Moment,
        /// Since when it is set aside: when the council received it.
        since: Option<Moment>,
        /// Who decides.
        owner: String,
        /// Their name.
        owner_name: String,
        /// Why: `old_assignment`, `not_held`, `unknown_code`, …
        reason: String,
        /// That, as a sentence.
        why: String,
        /// What stands in bold on its author's screen.
        title: String,
        /// What stands below.
        detail: String,
    }

    /// An own statement that was set aside and is in the file now. Its words are no longer on this device if the child is not.
    PlacedView {
        /// The statement.
        op: String,
        /// When it was written.
        written: Moment,
        /// When this device learnt that it was placed.
        at: Moment,
        /// What stands in bold.
        title: String,
        /// What stands below.
        detail: String,
    }

    /// The holder's own words that are not in the file yet, and those that have come into it since.
    KeptAside {
        /// Set aside now, with the words.
        waiting: Vec<SetAside>,
        /// Placed since.
        placed: Vec<PlacedView>,
    }
}

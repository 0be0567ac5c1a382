//! A record as text for the council's case system.

use visitbook_device::model as core;

use super::mirrors;
use super::standing::Version;

mirrors! {
    /// One heading, and what is to stand under it.
    CaseSection {
        /// The heading.
        heading: String,
        /// Line by line; a line can hold line breaks that somebody wrote.
        lines: Vec<String>,
    }

    /// One record, about one child.
    CaseText {
        /// The record.
        record: String,
        /// Its kind: `visit`, `voice`, `concern`.
        kind: String,
        /// The child.
        child: String,
        /// Known as and family name.
        child_name: String,
        /// The case system's number for the child.
        child_code: Option<String>,
        /// The day, as 27/10/2026.
        day: Option<String>,
        /// The visit is finished.
        finished: bool,
        /// It belongs in the child's file: not where it was entered in error, and then nothing of it stands here.
        for_the_file: bool,
        /// Heading by heading.
        sections: Vec<CaseSection>,
        /// All of it, ready to be pasted.
        text: String,
        /// Every statement ever made about the record, in log order.
        history: Vec<Version>,
    }
}

//! A record as text for the council's case system.

use serde::Serialize;
use visitbook_record::id::RecordId;

use super::Version;

/// One heading, and what is to stand under it.
#[derive(Clone, Serialize)]
pub struct CaseSection {
    /// The heading.
    pub heading: String,
    /// Line by line; a line can hold line breaks that somebody wrote.
    pub lines: Vec<String>,
}

/// One record, about one child.
#[derive(Clone, Serialize)]
pub struct CaseText {
    /// The record.
    pub record: RecordId,
    /// Its kind: `visit`, `voice`, `concern`.
    pub kind: String,
    /// The child.
    pub child: RecordId,
    /// Known as and family name.
    pub child_name: String,
    /// The case system's number for the child.
    pub child_code: Option<String>,
    /// The day, as 27/10/2026.
    pub day: Option<String>,
    /// The visit is finished.
    pub finished: bool,
    /// It belongs in the child's file: not where it was entered in error, and then nothing of it stands here.
    pub for_the_file: bool,
    /// Heading by heading.
    pub sections: Vec<CaseSection>,
    /// All of it, ready to be pasted.
    pub text: String,
    /// Every statement ever made about the record, in log order.
    pub history: Vec<Version>,
}

//! Files that belong to records, as screens show them.

use serde::Serialize;
use visitbook_record::commit::RecordKind;
use visitbook_record::id::{OpId, RecordId};

use crate::clock::Moment;

/// A file that belongs to a record.
#[derive(Clone, Serialize)]
pub struct AttachmentView {
    /// Its number on the record's page, from 1.
    pub no: usize,
    /// The statement that attaches it.
    pub op: OpId,
    /// What it is: `drawing`, `photo`, `letter`, `document`, `other`.
    pub what: String,
    /// That, in words.
    pub label: String,
    /// What its first bytes say it is. Nobody has checked the rest: an app decodes it as carefully as anything from outside.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// Who attached it.
    pub by: String,
    /// When, by their device.
    pub written: Moment,
    /// It came after the finish.
    pub late: bool,
    /// Its bytes are on this device and can be opened without a signal.
    pub here: bool,
    /// `only_here`, `sending`, `council`, `expected`, `unknown`.
    pub state: String,
    /// That, in words.
    pub state_words: String,
    /// When the council received all of it.
    pub received: Option<Moment>,
    /// While bytes are missing at the council: the device that has them.
    pub expected_from: Option<String>,
    /// And when the council last heard it.
    pub last_heard: Option<Moment>,
}

/// A file whose bytes have not come to the council.
#[derive(Clone, Serialize)]
pub struct ExpectedFile {
    /// The record it belongs to.
    pub record: RecordId,
    /// The record's kind.
    pub kind: String,
    /// The child.
    pub child: RecordId,
    /// The child's name.
    pub child_name: String,
    /// The file.
    pub file: AttachmentView,
}

impl ExpectedFile {
    pub(crate) fn new(
        record: RecordId,
        kind: RecordKind,
        (child, child_name): (RecordId, String),
        file: AttachmentView,
    ) -> Self {
        Self {
            record,
            kind: kind.form().to_owned(),
            child,
            child_name,
            file,
        }
    }
}

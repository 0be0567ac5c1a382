//! Files that belong to records.

use visitbook_device::model as core;

use super::lists::Moment;
use super::mirrors;

mirrors! {
    /// A file that belongs to a record.
    AttachmentView {
        /// Its number on the record's page, from 1.
        no: u64,
        /// The statement that attaches it.
        op: String,
        /// What it is: `drawing`, `photo`, `letter`, `document`, `other`.
        what: String,
        /// That, in words.
        label: String,
        /// What its first bytes say it is. Nobody has checked the rest: decode it as carefully as anything from outside.
        media_type: String,
        /// Bytes.
        size: u64,
        /// Who attached it.
        by: String,
        /// When, by their device.
        written: Moment,
        /// It came after the finish.
        late: bool,
        /// Its bytes are on this device and can be opened without a signal.
        here: bool,
        /// `only_here`, `sending`, `council`, `expected`, `unknown`.
        state: String,
        /// That, in words.
        state_words: String,
        /// When the council received all of it.
        received: Option<Moment>,
        /// While bytes are missing at the council: the device that has them.
        expected_from: Option<String>,
        /// And when the council last heard it.
        last_heard: Option<Moment>,
    }

    /// A file whose bytes have not come to the council.
    ExpectedFile {
        /// The record it belongs to.
        record: String,
        /// The record's kind.
        kind: String,
        /// The child.
        child: String,
        /// The child's name.
        child_name: String,
        /// The file.
        file: AttachmentView,
    }
}

//! Files that belong to records: attached whole, opened whole. They are encrypted on the device before anything is written.

use std::fs::File;
use std::io;

use visitbook_device::SaveError;

use crate::across::{Across as _, statement};
use crate::book::Book;
use crate::error::VisitbookError;
use crate::model::files::{AttachmentView, ExpectedFile};
use crate::model::standing::Saved;

type Result<T> = std::result::Result<T, VisitbookError>;

#[uniffi::export]
impl Book {
    /// Attaches a file to a record, byte for byte, up to 50 MB. `what` is `drawing`, `photo`, `letter`, `document` or `other`;
    /// attached to a voice it is the child's own. Nothing in it is changed: take out where a photograph was taken before
    /// handing it over. The same file attached before is not encrypted or sent twice. When this returns, it is durable.
    ///
    /// Errors: `empty`, `file_too_large`, `unknown_code`, and those of every record. Nothing was saved then.
    pub fn attach(&self, record: String, what: String, bytes: Vec<u8>) -> Result<Saved> {
        let id = crate::across::record(&record)?;
        Ok(self
            .with(|working| working.attach_bytes(id, &what, &bytes))?
            .across())
    }

    /// As `attach`, for a file of the app's: read part by part and encrypted as it is read, so that it is never whole in memory.
    /// `path` may be `/proc/self/fd/N` on Android. The file itself stays where it is: delete it if it holds what nobody else
    /// should read. Blocks for as long as reading takes; other calls wait meanwhile.
    ///
    /// Errors: as `attach`, and `file_unreadable` for what is no ordinary file.
    pub fn attach_file(&self, record: String, what: String, path: String) -> Result<Saved> {
        let id = crate::across::record(&record)?;
        let (size, mut file) = ordinary(&path).map_err(SaveError::FileUnreadable)?;
        Ok(self
            .with(|working| working.attach(id, &what, size, &mut file))?
            .across())
    }

    /// The files that belong to a record, in the order in which they came.
    pub fn attachments(&self, record: String) -> Result<Vec<AttachmentView>> {
        let id = crate::across::record(&record)?;
        Ok(self.with(|working| working.attachments(id))?.across())
    }

    /// The exact bytes of an attached file, or an error: never a part of it. Keep them in memory; what is written to a disk
    /// lies there readable, and so does a small picture made of it.
    ///
    /// Errors: `not_here` (ask for it with `want_attachment` and sync), `damaged`, `wrong_key`, `no_such_file`.
    pub fn open_attachment(&self, record: String, op: String) -> Result<Vec<u8>> {
        let (record, op) = (crate::across::record(&record)?, statement(&op)?);
        self.with(|working| working.attachment_bytes(record, op))
    }

    /// A part of an attached file, for a player or a viewer that reads a large file as it needs it: at most `at_most` bytes from
    /// byte `from` on, fewer only at its end. Every part is checked before it is given; that the rest is sound too, only
    /// `open_attachment` says. Errors as there.
    pub fn attachment_part(
        &self,
        record: String,
        op: String,
        from: u64,
        at_most: u32,
    ) -> Result<Vec<u8>> {
        let (record, op) = (crate::across::record(&record)?, statement(&op)?);
        self.with(|working| working.attachment_part(record, op, from, at_most))
    }

    /// Asks for a file that is not on this device: the next sync fetches it, if the council has it. Returns whether it is
    /// here already.
    pub fn want_attachment(&self, record: String, op: String) -> Result<bool> {
        let (record, op) = (crate::across::record(&record)?, statement(&op)?);
        self.with(|working| working.want_attachment(record, op))
    }

    /// Files of children the holder holds whose bytes the council does not have: own ones, and those on colleagues' devices.
    pub fn expected_files(&self) -> Result<Vec<ExpectedFile>> {
        Ok(self.with(|working| working.expected_files())?.across())
    }
}

/// A file that can be read to its end without waiting for anybody, and its length.
fn ordinary(path: &str) -> io::Result<(u64, File)> {
    let about = std::fs::metadata(path)?;
    if !about.is_file() {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    Ok((about.len(), File::open(path)?))
}

//! Which words were removed by law. The rows outlive the words, and are asked at every way in.
//!
//! The traits stand apart, so that a back end keeps this in one place; [`super::ReadTx`] and [`super::WriteTx`] include them.

use visitbook_record::id::{OpId, PayloadHash, RecordId};
use visitbook_record::op::Target;
use visitbook_record::redaction::Removed;

use super::StoreError;

/// Reading what was removed.
#[allow(clippy::missing_errors_doc)]
pub trait ReadRedactions {
    /// The removal that covers this payload of this statement, if there is one; see [`Removed::covers`].
    fn removal(
        &self,
        op: &OpId,
        payload: &PayloadHash,
        record: &RecordId,
        about: &Target,
    ) -> Result<Option<Removed>, StoreError>;
    /// Every statement that lost its words, by name.
    fn removals(&self) -> Result<Vec<Removed>, StoreError>;
}

/// Writing what was removed. [`super::WriteTx::remove_payload`] is how the words go.
#[allow(clippy::missing_errors_doc)]
pub trait WriteRedactions: ReadRedactions {
    /// Remembers, for ever, that a statement lost its words. The statement need not be there. The first row stays.
    fn put_removal(&mut self, removed: &Removed) -> Result<(), StoreError>;
    /// Removes the sealed bytes of what a child handed in that became this record. Its receipt stays, so that the same post
    /// is known when it comes again.
    fn empty_post(&mut self, record: &RecordId) -> Result<(), StoreError>;
}

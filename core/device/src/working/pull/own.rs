//! Own commits that come back by name: the council says where in the log they stand and how they were judged, and the facts
//! and words are those in this book. A name is the hash of the exact bytes, so nothing is taken on trust.

use visitbook_record::commit::Commit;
use visitbook_record::digest::ScopeDigest;
use visitbook_record::wire::OwnEntry;

use super::super::{epoch, receipts};
use super::{Applying, Result, stated_before};
use crate::store::{StoreError, log, removed};

/// How own commits come back from the council.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum OwnCommits {
    /// By name: they are in this book.
    #[default]
    ByName,
    /// Whole, until there is nothing more: one was named that is not in this book, whether because it was purged with a child
    /// who was given back, or because a copy of the device made it.
    WholeForNow,
    /// Whole until the next unlock: the council is of a version that cannot be told.
    Whole,
}

impl Applying<'_> {
    /// Judges what is here. Where the commit is not, or some of its words are not, the page is no use: see
    /// [`Applying::lacks_own`].
    pub(super) fn own(&mut self, entry: &OwnEntry, digest: &mut ScopeDigest) -> Result<()> {
        let Some(known) = log::commit(self.db, &entry.commit)? else {
            self.lacks_own = true;
            return Ok(());
        };
        let bytes = &known.signed.bytes;
        let commit = Commit::from_bytes(bytes).map_err(|_| StoreError::Row("a commit"))?;
        let fits = commit.scope == entry.scope && commit.ops.len() == entry.verdicts.len();
        if !fits || !removed::has_all_words(self.db, known.no)? {
            self.lacks_own = true;
            return Ok(());
        }
        let mut ops = log::ops_of(self.db, known.no)?;
        if ops.len() != entry.verdicts.len() {
            ops = stated_before(self.db, bytes)?;
        }
        log::set_received(self.db, known.no, entry.at, entry.received, None)?;
        for ((id, no), verdict) in ops.iter().zip(&entry.verdicts) {
            self.count(id, *no, verdict, entry.at, digest)?;
        }
        if let Some(earlier) = &entry.earlier {
            epoch::keep_earlier(self.db, self.bundle, known.no, &known.hash, earlier)?;
        }
        epoch::count_from_earlier(self.db, self.bundle, known.no, &known.hash)?;
        if let Some(record) = receipts::record_of(self.db, known.no)? {
            self.changed.note(record.id, None);
        }
        self.release(&entry.released)
    }
}

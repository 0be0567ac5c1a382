//! Envelopes in the spool whose words this book does not have: an older book was put back. They are the only copy on the
//! device, and nothing here can open them, so they are sent, and come back from the council.

use std::collections::BTreeSet;

use visitbook_record::id::CommitHash;

use super::Working;
use crate::spool::{FrameInfo, Tag};
use crate::store::StoreError;
use crate::store::rows::{name, unsigned};
use crate::sync::store::ParcelKey;

impl Working {
    /// Envelopes whose words this book does not have.
    pub(crate) fn stranded(&self) -> Result<Vec<FrameInfo>, StoreError> {
        if self.spool.is_empty() {
            return Ok(Vec::new());
        }
        let expected = self.expected_envelopes()?;
        self.stranded_beside(&|key| expected.contains(key))
    }

    /// The envelopes that the book expects receipts for.
    pub(super) fn expected_envelopes(&self) -> Result<BTreeSet<ParcelKey>, StoreError> {
        let mut all = self
            .store
            .writer
            .prepare_cached("SELECT session, number FROM outgoing")?;
        let mut rows = all.query([])?;
        let mut expected = BTreeSet::new();
        while let Some(row) = rows.next()? {
            expected.insert(ParcelKey {
                session: name(row, 0)?,
                number: unsigned(row.get(1)?)?,
            });
        }
        Ok(expected)
    }

    /// As [`Self::stranded`], where it is known which envelopes the book expects receipts for.
    pub(super) fn stranded_beside(
        &self,
        is_expected: &dyn Fn(&ParcelKey) -> bool,
    ) -> Result<Vec<FrameInfo>, StoreError> {
        // What a child handed in is opened by this device itself, whatever the book knows of its session.
        let mut unknown: Vec<FrameInfo> = self
            .spool
            .frames()
            .filter(|frame| !is_expected(&frame.key) && !self.is_post(frame))
            .collect();
        if unknown.is_empty() {
            return Ok(unknown);
        }
        // Others' too: what was given back to a restored council lies there under its author's name.
        let mut all = self
            .store
            .writer
            .prepare_cached("SELECT hash FROM signed UNION ALL SELECT hash FROM kept")?;
        let mut rows = all.query([])?;
        let mut known = BTreeSet::new();
        while let Some(row) = rows.next()? {
            known.insert(self.tag_of(&name(row, 0)?));
        }
        unknown.retain(|frame| !known.contains(&frame.tag));
        Ok(unknown)
    }

    /// What envelopes of this commit are called in the spool: the same under every sealing key, and nothing to anybody who
    /// has not this vault's keys.
    pub(crate) fn tag_of(&self, commit: &CommitHash) -> Tag {
        let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, self.tag_key.expose());
        let mut tag = Tag::default();
        for (to, from) in tag
            .iter_mut()
            .zip(ring::hmac::sign(&key, &commit.0).as_ref())
        {
            *to = *from;
        }
        tag
    }
}

/// Enough of a session's name to tell it from others.
pub(crate) fn short(session: &[u8; 32]) -> String {
    session
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

//! What was removed, in memory.

use visitbook_record::id::{OpId, PayloadHash, RecordId};
use visitbook_record::op::Target;
use visitbook_record::redaction::Removed;

use super::Tx;
use crate::store::redactions::{ReadRedactions, WriteRedactions};
use crate::store::{FamilyPost, StoreError};

impl ReadRedactions for Tx<'_> {
    fn removal(
        &self,
        op: &OpId,
        payload: &PayloadHash,
        record: &RecordId,
        about: &Target,
    ) -> Result<Option<Removed>, StoreError> {
        let mut all = self.0.removed.map.values();
        Ok(all
            .find(|one| one.covers(*op, *payload, *record, about))
            .cloned())
    }

    fn removals(&self) -> Result<Vec<Removed>, StoreError> {
        Ok(self.0.removed.map.values().cloned().collect())
    }
}

impl WriteRedactions for Tx<'_> {
    fn put_removal(&mut self, removed: &Removed) -> Result<(), StoreError> {
        if !self.0.removed.map.contains_key(&removed.op) {
            self.0.removed.insert(removed.op, removed.clone());
        }
        Ok(())
    }

    fn empty_post(&mut self, record: &RecordId) -> Result<(), StoreError> {
        let posts = self.0.family_posts.map.values();
        let ours: Vec<FamilyPost> = posts
            .filter(|post| post.record == *record)
            .cloned()
            .collect();
        for post in ours {
            let key = (post.session, post.index, post.hash);
            let bytes = Vec::new();
            self.0
                .family_posts
                .insert(key, FamilyPost { bytes, ..post });
        }
        Ok(())
    }
}

//! Files in memory.

use visitbook_record::id::OpId;

use super::Tx;
use crate::store::StoreError;
use crate::store::attachments::{
    AttachmentUse, ReadAttachments, StoredAttachment, WriteAttachments,
};

type Id = [u8; 32];

impl ReadAttachments for Tx<'_> {
    fn attachment(&self, id: &Id) -> Result<Option<StoredAttachment>, StoreError> {
        Ok(self.0.attachments.map.get(id).cloned())
    }

    fn attachment_uses(&self, id: &Id) -> Result<Vec<AttachmentUse>, StoreError> {
        let range = (*id, OpId([0; 32]))..=(*id, OpId([0xff; 32]));
        let all = self.0.attachment_uses.map.range(range);
        Ok(all.map(|(_, named)| named.clone()).collect())
    }

    fn attachments_named(&self) -> Result<Vec<Id>, StoreError> {
        let mut all: Vec<Id> = self
            .0
            .attachment_uses
            .map
            .keys()
            .map(|(id, _)| *id)
            .collect();
        all.dedup();
        Ok(all)
    }

    fn chunk(&self, id: &Id, index: u32) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.0.chunks.map.get(&(*id, index)).cloned())
    }

    fn chunks_held(&self, id: &Id) -> Result<Vec<u32>, StoreError> {
        let all = self.0.chunks.map.range((*id, 0)..=(*id, u32::MAX));
        Ok(all.map(|((_, index), _)| *index).collect())
    }
}

impl WriteAttachments for Tx<'_> {
    fn put_attachment_use(&mut self, named: &AttachmentUse) -> Result<(), StoreError> {
        if !self.0.ops.map.contains_key(&named.op) {
            return Err(StoreError::Missing("operation"));
        }
        self.0
            .attachment_uses
            .insert((named.id, named.op), named.clone());
        Ok(())
    }

    fn put_attachment(&mut self, file: &StoredAttachment) -> Result<(), StoreError> {
        if self.attachment_uses(&file.id)?.is_empty() {
            return Err(StoreError::Missing("statement that names a file"));
        }
        self.0.attachments.insert(file.id, file.clone());
        Ok(())
    }

    fn put_chunk(&mut self, id: &Id, index: u32, sealed: &[u8]) -> Result<(), StoreError> {
        if !self.0.chunks.map.contains_key(&(*id, index)) {
            self.0.chunks.insert((*id, index), sealed.to_vec());
        }
        Ok(())
    }
}

impl Tx<'_> {
    /// A statement has lost its payload: what nothing names any more goes.
    pub(super) fn unname(&mut self, op: &OpId) -> Result<(), StoreError> {
        let uses = self.0.attachment_uses.map.keys();
        let named: Vec<Id> = uses.filter(|(_, by)| by == op).map(|(id, _)| *id).collect();
        for id in named {
            self.0.attachment_uses.remove(&(id, *op));
            if !self.attachment_uses(&id)?.is_empty() {
                continue;
            }
            self.0.attachments.remove(&id);
            for index in self.chunks_held(&id)? {
                self.0.chunks.remove(&(id, index));
            }
        }
        Ok(())
    }
}

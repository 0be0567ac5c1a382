//! Bytes of files coming in and going out: the real code, over lists that prove nothing and cost nothing.

use visitbook_device::sync::exchange::HttpReply;
use visitbook_record::attachment::wire::{Fetch, FramesUp};
use visitbook_record::cbor::encode;
use visitbook_server::attachments::give::give;
use visitbook_server::attachments::missing::missing;
use visitbook_server::attachments::take::take;
use visitbook_server::store::{StorageExt, StoreError};

use super::super::crash::Failing;
use super::super::files::{Content, NullLists, read_frame};
use super::super::names;
use super::super::null;
use super::super::phone::NO_KEY;
use super::{Council, ours, plain};

impl Council {
    pub(super) fn take_frames(&mut self, body: &[u8]) -> Option<HttpReply> {
        let (nonce, bytes) = null::open_request(body)?;
        if !null::request_verifies(&NO_KEY, body) {
            return None;
        }
        let up: FramesUp = null::read(bytes)?;
        let frames: Vec<_> = up.frames.iter().filter_map(|f| read_frame(f)).collect();
        let (now, writes_left) = (self.time(), self.fails_after.take());
        let taken = self.store.write_with(|tx| {
            let mut tx = Failing { tx, writes_left };
            take(&mut tx, &self.suite, &NullLists, now, &frames)
        });
        Some(self.said(nonce, taken.map(|taken| encode(&taken))))
    }

    pub(super) fn give_chunks(&mut self, body: &[u8]) -> Option<HttpReply> {
        let (nonce, bytes) = null::open_request(body)?;
        let request: Fetch = null::read(bytes)?;
        if !null::request_verifies(&names::key_of(request.device), body) {
            return None;
        }
        let (now, writes_left) = (self.time(), self.fails_after.take());
        let given = self
            .store
            .write_with(|tx| give(&mut Failing { tx, writes_left }, &NullLists, now, &request));
        let is_told = |told: &visitbook_record::attachment::wire::Fetched| {
            matches!(
                told,
                visitbook_record::attachment::wire::Fetched::Told { .. }
            )
        };
        if given.as_ref().is_ok_and(is_told) {
            self.served_unconfirmed |= self.epoch.0 > 1 && !self.is_confirmed();
        }
        Some(self.said(nonce, given.map(|given| encode(&given))))
    }

    fn said(&mut self, nonce: [u8; 8], reply: Result<Vec<u8>, StoreError>) -> HttpReply {
        let Ok(reply) = reply else {
            self.failures += 1;
            let mut tally = self.ledger.tally.borrow_mut();
            tally.fault("council failed in a transaction");
            return plain(500, None, Vec::new());
        };
        ours(null::seal_page(nonce, &reply))
    }

    /// Whether every byte of a file is here as it was attached, and receipted; and whether it is asked for.
    pub(crate) fn has_file(&self, content: &Content) -> Result<(bool, bool), StoreError> {
        self.store.read_with(|tx| {
            let stored = tx.attachment(&content.id)?;
            let receipted = stored.is_some_and(|stored| stored.receipt.is_some());
            let mut same = tx.chunks_held(&content.id)?.len() == content.chunks.len();
            for (index, chunk) in (0..).zip(&content.chunks) {
                same &= tx.chunk(&content.id, index)?.as_ref() == Some(chunk);
            }
            let name: String = content.id.iter().map(|b| format!("{b:02x}")).collect();
            let asked = missing(tx, &NullLists)?.iter().any(|one| one.file == name);
            Ok((same && receipted, asked))
        })
    }
}

//! Attached files of an unlocked device on their way: up in their own lane, and down when somebody asks.

use std::collections::BTreeSet;

use visitbook_record::attachment::wire::{Fetch, Fetched, Whereabouts};
use visitbook_record::cbor::{decode, encode};
use visitbook_record::id::RecordId;
use visitbook_record::wire::{Denial, Signed};
use visitbook_seal::attachment::{AttachmentId, ChunkList};
use visitbook_seal::purpose::Purpose;
use visitbook_seal::request::{ReplyOpener, seal_request};

use super::receipts::SyncError;
use super::{Working, begin};
use crate::attached::lane::{Damaged, LaneError, Receipt};
use crate::attached::shelf::Place;
use crate::store::attached::{self, Expected};
use crate::store::{StoreError, log, removed};
use crate::sync::exchange::Route;
use crate::sync::store::{AttachmentRequest, AttachmentsTaken, ReplyProblem};

/// The name under which the council knows this exchange; bound into the seal.
const FETCH: &str = "fetch";
/// Files asked about in one request.
const MOST_ASKED: usize = 200;

/// The question that is out.
pub(crate) struct Asked {
    opener: ReplyOpener,
    about: Vec<AttachmentId>,
    from: Option<(AttachmentId, u32)>,
}

impl From<LaneError> for SyncError {
    fn from(error: LaneError) -> Self {
        match error {
            LaneError::Io(error) => Self::Store(super::attaching::of_disk(&error)),
            LaneError::Seal(error) => Self::Seal(error),
        }
    }
}

fn disk(error: std::io::Error) -> SyncError {
    SyncError::Store(super::attaching::of_disk(&error))
}

impl Working {
    /// At unlock: puts right what a crash left between book and folder, and reads receipts that came while the vault was
    /// closed. What cannot be done now is done at the next unlock; nothing waits for it.
    pub(crate) fn settle_files(&mut self) -> Result<(), StoreError> {
        let io = |error: std::io::Error| super::attaching::of_disk(&error);
        self.shelf.sweep().map_err(io)?;
        for id in self.shelf.unsettled().map_err(io)? {
            let known = attached::get(&self.store.writer, &id)?;
            if known.is_some_and(|known| known.own) {
                self.shelf.saved(&id).map_err(io)?;
            } else {
                self.shelf.not_needed(&id).map_err(io)?;
            }
        }
        for (id, bytes) in self.shelf.receipts().map_err(io)? {
            let exact: Option<Signed> = decode(&bytes).ok();
            let receipt = exact.and_then(|exact| Receipt::verified(&self.bundle, &id, &exact));
            match receipt {
                Some(receipt) => {
                    self.take_receipt(&id, &receipt)?;
                }
                None => self.shelf.drop_receipt(&id).map_err(io)?,
            }
        }
        for id in self.shelf.waiting().map_err(io)? {
            let known = attached::get(&self.store.writer, &id)?;
            if known.is_some_and(|known| known.received.is_some()) {
                self.shelf.handed_in(&id).map_err(io)?;
            }
        }
        self.drop_removed_files()?;
        self.drop_purged_files()
    }

    /// Removes the bytes of files whose last key was removed by law, also of one that waits for its receipt: the council takes it
    /// no more.
    pub(crate) fn drop_removed_files(&self) -> Result<(), StoreError> {
        let io = |error: std::io::Error| super::attaching::of_disk(&error);
        for id in removed::files(&self.store.writer)? {
            self.shelf.discard(&id).map_err(io)?;
        }
        Ok(())
    }

    /// Removes the bytes of files that no statement here attaches any more: their child has moved, or they were removed by
    /// law. What waits for its receipt stays.
    pub(crate) fn drop_purged_files(&self) -> Result<(), StoreError> {
        let io = |error: std::io::Error| super::attaching::of_disk(&error);
        for id in self.shelf.kept().map_err(io)? {
            if attached::get(&self.store.writer, &id)?.is_none() {
                self.shelf.remove(&id).map_err(io)?;
            }
        }
        Ok(())
    }

    /// Stores a verified receipt: the book first, then the file's name. Returns the records that read differently now.
    fn take_receipt(
        &mut self,
        id: &AttachmentId,
        receipt: &Receipt,
    ) -> Result<BTreeSet<RecordId>, StoreError> {
        let transaction = begin(&mut self.store.writer)?;
        attached::set_receipt(&transaction, id, &receipt.exact, receipt.epoch, receipt.at)?;
        let mut records = BTreeSet::new();
        for op in attached::ops_of(&transaction, id)? {
            if let Some(row) = log::statement(&transaction, &op)? {
                records.insert(row.statement.fact.record);
            }
        }
        transaction.commit()?;
        if self.shelf.handed_in(id).is_err() {
            tracing::warn!("a file's name is put right at the next unlock");
        }
        Ok(records)
    }

    /// What is to go up, a child's own files first. Files that an older book, now put back, does not know go too: they need no
    /// key, and what names them is in the spool.
    fn handing_in(&self) -> Result<Vec<AttachmentId>, SyncError> {
        for id in attached::not_to_be_asked_for(&self.store.writer)? {
            // A restored council may have lost it. Handing in asks for no right to see, and only what is lacking goes.
            if self.shelf.place(&id) == Some(Place::Kept) {
                self.shelf.hand_in_again(&id).map_err(disk)?;
            }
        }
        let on_disk = self.shelf.waiting().map_err(disk)?;
        if on_disk.is_empty() {
            return Ok(on_disk);
        }
        let mut order = attached::handing_in_order(&self.store.writer)?;
        order.retain(|id| on_disk.contains(id));
        let unknown = on_disk.into_iter().filter(|id| !order.contains(id));
        let unknown: Vec<AttachmentId> = unknown.collect();
        order.extend(unknown);
        Ok(order)
    }

    pub(crate) fn next_file_request(
        &mut self,
        budget: u32,
        over: &BTreeSet<[u8; 32]>,
    ) -> Result<Option<AttachmentRequest>, SyncError> {
        self.asked = None;
        let waiting = self.handing_in()?;
        let mut damaged = Vec::new();
        let body = self.lane.request(
            &self.shelf,
            &self.bundle,
            &waiting,
            over,
            budget as usize,
            &mut damaged,
        )?;
        self.report(&damaged)?;
        if let Some(body) = body {
            self.tell(BTreeSet::new(), true);
            return Ok(Some(AttachmentRequest {
                route: Route::Attachments,
                body,
            }));
        }
        self.fetch_request(budget, over)
    }

    fn report(&mut self, damaged: &[Damaged]) -> Result<(), SyncError> {
        let now = self.now().wall;
        for Damaged(id) in damaged {
            log::raise(&self.store.writer, now, "file_damaged", &id.to_string())?;
        }
        Ok(())
    }

    fn fetch_request(
        &mut self,
        budget: u32,
        over: &BTreeSet<[u8; 32]>,
    ) -> Result<Option<AttachmentRequest>, SyncError> {
        let mut about = Vec::new();
        let mut from = None;
        for file in attached::to_ask_for(&self.store.writer)? {
            let place = self.shelf.place(&file.id);
            if place == Some(Place::Out) || over.contains(&file.id.0) {
                continue;
            }
            if file.wanted && place.is_none() && from.is_none() {
                let here = self.shelf.fetched(&file.id).map_err(disk)?;
                from = Some((file.id, here.map_or(0, |(_, whole)| whole)));
            }
            about.push(file.id);
        }
        about.truncate(MOST_ASKED);
        if about.is_empty() {
            return Ok(None);
        }
        let request = encode(&Fetch {
            device: self.me.device,
            incarnation: self.me.incarnation,
            counter: self.next_counter()?,
            about: about.iter().map(|id| id.0.into()).collect(),
            from: from.map(|(id, at)| (id.0.into(), at)),
            budget,
        });
        let signature = self.keys.signing_key().sign(Purpose::Request, &request);
        let signed = encode(&Signed {
            bytes: request,
            signature: signature.0.to_vec(),
        });
        let ingest = self
            .bundle
            .ingest
            .first()
            .ok_or(visitbook_seal::envelope::SealError::BadKey)?;
        let (body, opener) = seal_request(ingest, FETCH, &signed)?;
        self.asked = Some(Asked {
            opener,
            about,
            from,
        });
        Ok(Some(AttachmentRequest {
            route: Route::Fetch,
            body,
        }))
    }

    pub(crate) fn take_file_reply(
        &mut self,
        body: &[u8],
    ) -> Result<AttachmentsTaken, ReplyProblem<SyncError>> {
        if self.asked.is_some() {
            return self.take_fetched(body);
        }
        let answered = self
            .lane
            .answer(&self.bundle, body)
            .ok_or(ReplyProblem::NotTheCouncil)?;
        let mut taken = AttachmentsTaken {
            chunks_up: answered.chunks,
            ..AttachmentsTaken::default()
        };
        if answered.over {
            taken.over.push(answered.id.0);
        }
        let mut records = BTreeSet::new();
        if let Some(receipt) = &answered.receipt {
            records = self
                .take_receipt(&answered.id, receipt)
                .map_err(SyncError::from)?;
            taken.received = 1;
        }
        self.tell(records, true);
        if answered.receipt.is_some() {
            self.settle_moves().map_err(SyncError::from)?;
        }
        Ok(taken)
    }

    fn take_fetched(&mut self, body: &[u8]) -> Result<AttachmentsTaken, ReplyProblem<SyncError>> {
        let asked = self.asked.as_ref().ok_or(ReplyProblem::NotTheCouncil)?;
        let plain = asked
            .opener
            .open(body)
            .map_err(|_| ReplyProblem::NotTheCouncil)?;
        let reply: Fetched = decode(&plain).map_err(|_| ReplyProblem::NotTheCouncil)?;
        let Some(Asked { about, from, .. }) = self.asked.take() else {
            return Err(ReplyProblem::NotTheCouncil);
        };
        let (told, list, chunks) = match reply {
            Fetched::Told {
                about,
                list,
                chunks,
                ..
            } => (about, list, chunks),
            Fetched::Denied {
                denial,
                next_counter,
            } => {
                let again = denial == Denial::Replayed;
                self.taken_denial(denial, next_counter)?;
                let over = about.iter().filter(|_| !again);
                return Ok(AttachmentsTaken {
                    again,
                    over: over.map(|id| id.0).collect(),
                    ..AttachmentsTaken::default()
                });
            }
        };
        if told.len() != about.len() {
            return Err(ReplyProblem::NotTheCouncil);
        }
        let mut taken = AttachmentsTaken::default();
        let mut records = BTreeSet::new();
        for (id, place) in about.iter().zip(told) {
            records.extend(self.learn(id, place)?);
        }
        let fetching = from.map(|(id, at)| {
            let chunks: Vec<&[u8]> = chunks.iter().map(|chunk| &chunk[..]).collect();
            (
                id,
                self.add_chunks(&id, at, list.as_ref().map(|list| &list[..]), &chunks),
            )
        });
        let mut going_on = None;
        if let Some((id, added)) = fetching {
            let added = added?;
            taken.chunks_down = added.chunks;
            if added.whole {
                taken.fetched = 1;
                let transaction = begin(&mut self.store.writer).map_err(SyncError::from)?;
                attached::set_wanted(&transaction, &id, false).map_err(SyncError::from)?;
                transaction
                    .commit()
                    .map_err(StoreError::from)
                    .map_err(SyncError::from)?;
            } else if added.chunks > 0 {
                going_on = Some(id);
            }
        }
        let over = about.iter().filter(|id| Some(**id) != going_on);
        taken.over = over.map(|id| id.0).collect();
        self.tell(records, true);
        if !taken.over.is_empty() {
            self.settle_moves().map_err(SyncError::from)?;
        }
        Ok(taken)
    }

    /// Takes the council's word for where a file is.
    fn learn(
        &mut self,
        id: &AttachmentId,
        place: Whereabouts,
    ) -> Result<BTreeSet<RecordId>, SyncError> {
        match place {
            // Not told apart from a file that the holder may not see: nothing to say about it.
            Whereabouts::Unknown => Ok(BTreeSet::new()),
            Whereabouts::Here { receipt } => match Receipt::verified(&self.bundle, id, &receipt) {
                Some(receipt) => Ok(self.take_receipt(id, &receipt)?),
                None => {
                    let now = self.now().wall;
                    log::raise(&self.store.writer, now, "bad_receipt", &id.to_string())?;
                    Ok(BTreeSet::new())
                }
            },
            Whereabouts::Expected {
                from,
                heard,
                have,
                total,
            } => {
                let expected = Expected {
                    from,
                    heard,
                    have,
                    total,
                };
                let own = attached::get(&self.store.writer, id)?.is_some_and(|file| file.own);
                if own && self.shelf.place(id) == Some(Place::Kept) {
                    // The council was put back from an older copy, or this book was: it goes up again.
                    self.shelf.hand_in_again(id).map_err(disk)?;
                } else if own && self.shelf.place(id).is_none() {
                    let now = self.now().wall;
                    log::raise(&self.store.writer, now, "file_missing", &id.to_string())?;
                }
                attached::set_expected(&self.store.writer, id, &expected)?;
                Ok(BTreeSet::new())
            }
        }
    }

    /// Keeps chunks that came, each checked against the list that the file's name stands for.
    fn add_chunks(
        &self,
        id: &AttachmentId,
        at: u32,
        list: Option<&[u8]>,
        chunks: &[&[u8]],
    ) -> Result<Added, SyncError> {
        let nothing = Added {
            chunks: 0,
            whole: false,
        };
        let list = match self.shelf.fetched(id).map_err(disk)? {
            Some((list, _)) => list,
            None => {
                let Some(list) = list.and_then(|bytes| ChunkList::decode(id, bytes).ok()) else {
                    return Ok(nothing);
                };
                self.shelf.begin_fetch(id, &list).map_err(disk)?;
                list
            }
        };
        let good = (at..)
            .zip(chunks)
            .take_while(|(index, chunk)| list.holds(*index, chunk))
            .count();
        let done = u64::from(at) + good as u64 >= u64::from(list.count());
        if good == 0 && !done {
            return Ok(nothing);
        }
        let whole = self
            .shelf
            .add_fetched(id, &list, at, &chunks[..good])
            .map_err(disk)?;
        Ok(Added {
            chunks: u32::try_from(good).unwrap_or(u32::MAX),
            whole,
        })
    }

    /// A file waits to go up, or one that the council has was asked for and is not here.
    pub(crate) fn files_wait(&self) -> Result<bool, SyncError> {
        if !self.shelf.waiting().map_err(disk)?.is_empty() {
            return Ok(true);
        }
        Ok(attached::to_ask_for(&self.store.writer)?
            .iter()
            .any(|file| {
                file.wanted && file.received.is_some() && self.shelf.place(&file.id).is_none()
            }))
    }
}

struct Added {
    chunks: u32,
    whole: bool,
}

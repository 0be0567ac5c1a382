//! An unlocked device as the sync engine sees it: envelopes out in the order that people need them, answers and pages in.

use std::collections::BTreeSet;

use rusqlite::{OptionalExtension as _, params};
use visitbook_record::cbor::{decode, encode};
use visitbook_record::id::Token;
use visitbook_record::wire::{Denial, PullReply, PullRequest, Signed};
use visitbook_seal::purpose::Purpose;
use visitbook_seal::request::seal_request;

use super::Working;
use super::pull::OwnCommits;
use super::receipts::SyncError;
use crate::error::UnlockError;
use crate::outbox::pick;
use crate::store::StoreError;
use crate::store::rows::{signed, unsigned};
use crate::sync::store::{
    AttachmentRequest, AttachmentsTaken, Parcel, ParcelKey, PullTaken, ReplyProblem, SealedRequest,
    SyncStore, UploadTaken,
};

/// The name under which the council knows this exchange; bound into the seal.
const PULL: &str = "pull";

impl Working {
    fn own_certificate(&self) -> Result<Vec<u8>, StoreError> {
        let db = &self.store.writer;
        Ok(db.query_row("SELECT certificate FROM meta", [], |row| row.get(0))?)
    }

    pub(crate) fn next_counter(&mut self) -> Result<u64, StoreError> {
        let counter: i64 = self.store.writer.query_row(
            "UPDATE meta SET counter = counter + 1 RETURNING counter - 1",
            [],
            |row| row.get(0),
        )?;
        unsigned(counter)
    }

    pub(crate) fn taken_denial(
        &mut self,
        denial: Denial,
        next: u64,
    ) -> Result<PullTaken, ReplyProblem<SyncError>> {
        match denial {
            Denial::NotEnrolled if !self.introduces_itself => {
                self.introduces_itself = true;
                Ok(PullTaken {
                    again: true,
                    ..PullTaken::default()
                })
            }
            Denial::NotEnrolled => Err(ReplyProblem::NotEnrolled),
            Denial::Ended => {
                self.take_ending().map_err(SyncError::from)?;
                Err(ReplyProblem::NotEnrolled)
            }
            // A council of before own commits could be named.
            Denial::Malformed if self.own_commits != OwnCommits::Whole => {
                self.own_commits = OwnCommits::Whole;
                Ok(PullTaken {
                    again: true,
                    ..PullTaken::default()
                })
            }
            Denial::Malformed => Err(ReplyProblem::NotTheCouncil),
            Denial::Replayed => {
                self.store
                    .writer
                    .execute(
                        "UPDATE meta SET counter = max(counter, ?1)",
                        params![signed(next)],
                    )
                    .map_err(SyncError::from)?;
                Ok(PullTaken {
                    again: true,
                    ..PullTaken::default()
                })
            }
            Denial::NewEpoch => Ok(PullTaken {
                again: true,
                keys_wanted: true,
                ..PullTaken::default()
            }),
            // Words go; what comes, comes once a person at the council has looked through the lists.
            Denial::NotConfirmed => Ok(PullTaken::default()),
            Denial::UnknownToken => {
                self.store
                    .writer
                    .execute("UPDATE meta SET token = NULL, arriving = 1", [])
                    .map_err(SyncError::from)?;
                Ok(PullTaken {
                    again: true,
                    ..PullTaken::default()
                })
            }
        }
    }
}

impl SyncStore for Working {
    type Error = SyncError;

    fn waiting(
        &mut self,
        max_bytes: usize,
        sent: &BTreeSet<ParcelKey>,
    ) -> Result<Vec<Parcel>, SyncError> {
        self.prepare_to_send()?;
        let order = self.sending.as_mut().map(|all| all.frames(&self.spool));
        let order = order.into_iter().flatten();
        Ok(pick(&self.spool, order, max_bytes, sent)?)
    }

    fn under_way(&mut self, keys: &[ParcelKey]) {
        let keys: BTreeSet<ParcelKey> = keys.iter().copied().collect();
        self.lane.rest();
        if keys != self.on_their_way {
            self.on_their_way = keys;
            self.tell(BTreeSet::new(), true);
        }
    }

    fn take_upload_answer(&mut self, body: &[u8]) -> Result<UploadTaken, ReplyProblem<SyncError>> {
        self.take_answer(body)
    }

    fn pull_request(&mut self, budget: u32) -> Result<Option<SealedRequest>, SyncError> {
        let counter = self.next_counter()?;
        let (token, arriving): (Option<Vec<u8>>, bool) =
            self.store
                .writer
                .query_row("SELECT token, arriving FROM meta", [], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })?;
        let token = token
            .map(|bytes| Token::try_from(bytes.as_slice()))
            .transpose()
            .map_err(|_| StoreError::Row("a token"))?;
        let compare = token.is_some() && !arriving;
        // What is asked for from the beginning is asked for whole, so that it can make good whatever is missing here.
        let by_name = self.own_commits == OwnCommits::ByName && token.is_some();
        let request = encode(&PullRequest {
            device: self.me.device,
            incarnation: self.me.incarnation,
            counter,
            token,
            whole: if compare {
                Some(self.whole_digest()?)
            } else {
                None
            },
            budget,
            acknowledges: self.acknowledges()?,
            epoch: Some(
                self.epoch_statement()
                    .map_err(|_| StoreError::Row("an epoch"))?
                    .id,
            ),
            certificate: if self.introduces_itself {
                Some(self.own_certificate()?.into())
            } else {
                None
            },
            knows_own: (by_name && self.me.seq > 0).then_some(self.me.seq),
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
        let (body, opener) = seal_request(ingest, PULL, &signed)?;
        self.awaited = Some(opener);
        Ok(Some(SealedRequest { body }))
    }

    fn take_pull_reply(&mut self, body: &[u8]) -> Result<PullTaken, ReplyProblem<SyncError>> {
        let opener = self.awaited.as_ref().ok_or(ReplyProblem::NotTheCouncil)?;
        let plain = opener.open(body).map_err(|_| ReplyProblem::NotTheCouncil)?;
        let reply: PullReply = decode(&plain).map_err(|_| ReplyProblem::NotTheCouncil)?;
        self.awaited = None;
        match reply {
            PullReply::Page(page) => {
                let applied = self.apply(&page)?;
                Ok(PullTaken {
                    entries: applied.unwrap_or(0),
                    more: page.more,
                    again: applied.is_none(),
                    keys_wanted: page.keys.is_some_and(|serial| serial > self.bundle.serial),
                })
            }
            PullReply::Denied {
                denial,
                next_counter,
            } => self.taken_denial(denial, next_counter),
        }
    }

    fn take_keys(&mut self, body: &[u8]) -> Result<bool, ReplyProblem<SyncError>> {
        let taken = match self.take_bundle(body) {
            Ok(taken) => taken,
            Err(UnlockError::Store(error)) => return Err(SyncError::from(error).into()),
            Err(UnlockError::Save(error)) => return Err(SyncError::from(error).into()),
            Err(UnlockError::Seal(error)) => return Err(SyncError::from(error).into()),
            Err(UnlockError::Spool(error)) => return Err(SyncError::from(error).into()),
            Err(UnlockError::Io(_)) => return Err(SyncError::from(StoreError::Io).into()),
            Err(_) => return Err(ReplyProblem::NotTheCouncil),
        };
        self.seal_under_known_keys()?;
        Ok(taken)
    }

    fn attachment_request(
        &mut self,
        budget: u32,
        over: &BTreeSet<[u8; 32]>,
    ) -> Result<Option<AttachmentRequest>, SyncError> {
        self.next_file_request(budget, over)
    }

    fn take_attachment_reply(
        &mut self,
        body: &[u8],
    ) -> Result<AttachmentsTaken, ReplyProblem<SyncError>> {
        self.take_file_reply(body)
    }

    fn attachments_wait(&mut self) -> Result<bool, SyncError> {
        self.files_wait()
    }
}

impl Working {
    /// How many envelopes with words wait to be sent; such as only say what was looked at are not counted.
    #[must_use]
    pub fn sealed_waiting(&self) -> usize {
        let looks = self.looks_waiting().unwrap_or(0);
        self.spool.len().saturating_sub(looks)
    }

    /// Whether the council has ever answered a pull.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn has_pulled(&self) -> Result<bool, StoreError> {
        let token: Option<Option<Vec<u8>>> = self
            .store
            .reader
            .query_row("SELECT token FROM meta", [], |row| row.get(0))
            .optional()?;
        Ok(token.flatten().is_some())
    }
}

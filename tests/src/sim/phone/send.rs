//! What the engine asks of the phone's store.

use std::collections::{BTreeMap, BTreeSet};

use visitbook_device::sync::store::{
    AttachmentRequest, AttachmentsTaken, Parcel, ParcelKey, PullTaken, ReplyProblem, SealedRequest,
    SendClass, SyncStore, UploadTaken,
};
use visitbook_record::cbor::encode;
use visitbook_record::digest::whole;
use visitbook_record::id::RecordId;
use visitbook_record::scope::LogPosition;
use visitbook_record::wire::{PullRequest, ReceiptStatement, Signed, UploadAnswer, UploadReply};

use super::super::null;
use super::super::rng::mix;
use super::{Died, Moment, Phone, Receipt};

impl SyncStore for Phone {
    type Error = Died;

    fn waiting(
        &mut self,
        max_bytes: usize,
        sent: &BTreeSet<ParcelKey>,
    ) -> Result<Vec<Parcel>, Died> {
        let mut order: Vec<(SendClass, u64, ParcelKey, &[u8])> = Vec::new();
        // Order inside a record comes first: what stands before something urgent of the same record is as urgent. A closed
        // phone knows no records.
        let mut urgent: BTreeMap<RecordId, SendClass> = BTreeMap::new();
        for outgoing in self.outgoing() {
            let mut class = outgoing.class;
            if let Some(record) = outgoing.record.filter(|_| self.is_open) {
                let record = urgent.entry(record).or_insert(class);
                *record = (*record).min(class);
                class = *record;
            }
            if !sent.contains(&outgoing.key) {
                order.push((class, outgoing.no, outgoing.key, outgoing.bytes));
            }
        }
        order.sort_unstable();
        let mut parcels = Vec::new();
        let mut size = 0;
        for (class, _, key, bytes) in order {
            size += bytes.len();
            if size > max_bytes && !parcels.is_empty() {
                break;
            }
            parcels.push(Parcel {
                key,
                class,
                bytes: bytes.to_vec(),
            });
        }
        Ok(parcels)
    }

    fn take_upload_answer(&mut self, body: &[u8]) -> Result<UploadTaken, ReplyProblem<Died>> {
        if self.dies_at(Moment::BeforeReply) {
            return Err(Died.into());
        }
        let taken = if self.is_open {
            let taken = self.apply_upload_answer(body)?;
            if self.dies_at(Moment::BeforePurge) {
                return Err(Died.into());
            }
            // Nothing is removed before it is known what a restored council lacks.
            if !taken.keys_wanted {
                self.settle_moves()?;
            }
            taken
        } else {
            let answer: UploadAnswer = null::read(body).ok_or(ReplyProblem::NotTheCouncil)?;
            self.disk.unopened.push(body.to_vec());
            UploadTaken {
                kept_unopened: u32::try_from(answer.groups.len()).unwrap_or(u32::MAX),
                ..UploadTaken::default()
            }
        };
        if self.dies_at(Moment::AfterReply) {
            return Err(Died.into());
        }
        Ok(taken)
    }

    fn pull_request(&mut self, budget: u32) -> Result<Option<SealedRequest>, Died> {
        if !self.is_open {
            return Ok(None);
        }
        self.disk.counter += 1;
        let digests = self
            .disk
            .vector
            .keys()
            .map(|scope| (*scope, self.digest(scope)));
        let whole = (!self.disk.history_arriving).then(|| whole(digests));
        let acknowledges = self.acknowledges();
        let request = PullRequest {
            device: self.device,
            incarnation: self.origin().incarnation,
            counter: self.disk.counter,
            token: self.disk.token,
            whole,
            budget,
            acknowledges,
            epoch: Some(self.disk.epoch.id),
            certificate: None,
            knows_own: (self.disk.token.is_some() && !self.wants_own_whole)
                .then_some(self.disk.seq),
        };
        let drawn = u64::from(self.number) << 40 | self.disk.counter;
        let nonce = mix(drawn ^ self.disk.lives << 50).to_le_bytes();
        self.asked = Some(nonce);
        if self.disk.token.is_some() {
            self.ledger
                .presented
                .borrow_mut()
                .insert(nonce, acknowledges);
        }
        Ok(Some(SealedRequest {
            body: null::seal_request(&self.key, nonce, &encode(&request)),
        }))
    }

    fn take_keys(&mut self, body: &[u8]) -> Result<bool, ReplyProblem<Died>> {
        let bundle = null::open_keys(body).ok_or(ReplyProblem::NotTheCouncil)?;
        if !self.is_open || bundle.0 <= self.disk.epoch.number {
            return Ok(false);
        }
        self.step_back(&bundle);
        if self.dies_at(Moment::BeforeSpool) {
            return Err(Died.into());
        }
        for index in 0..self.disk.own.len() {
            if self.disk.own[index].parcel.is_none() && self.disk.own[index].waits() {
                self.seal(index);
            }
        }
        self.seal_back();
        Ok(true)
    }

    fn take_pull_reply(&mut self, body: &[u8]) -> Result<PullTaken, ReplyProblem<Died>> {
        if self.dies_at(Moment::BeforeReply) {
            return Err(Died.into());
        }
        let taken = self.apply_pull_reply(body)?;
        if self.dies_at(Moment::AfterReply) {
            return Err(Died.into());
        }
        Ok(taken)
    }

    fn attachment_request(
        &mut self,
        budget: u32,
        over: &BTreeSet<[u8; 32]>,
    ) -> Result<Option<AttachmentRequest>, Died> {
        // Most days nobody attaches anything.
        if self.disk.files.is_empty() {
            return Ok(None);
        }
        Ok(self.next_file_request(budget, over))
    }

    fn take_attachment_reply(
        &mut self,
        body: &[u8],
    ) -> Result<AttachmentsTaken, ReplyProblem<Died>> {
        self.take_file_reply(body)
    }

    fn attachments_wait(&mut self) -> Result<bool, Died> {
        Ok(self.files_wait())
    }
}

impl Phone {
    /// The newest assignment entry that everything still unsent was written after.
    fn acknowledges(&self) -> Option<LogPosition> {
        let unsent = self.disk.own.iter().filter(|own| own.waits());
        unsent
            .map(|own| own.assignment_seen)
            .fold(self.disk.assignment_seen, Ord::min)
    }

    /// Verifies every receipt in the answer, then keeps them all.
    pub(super) fn apply_upload_answer(
        &mut self,
        body: &[u8],
    ) -> Result<UploadTaken, ReplyProblem<Died>> {
        let not_ours = || ReplyProblem::NotTheCouncil;
        let answer: UploadAnswer = null::read(body).ok_or_else(not_ours)?;
        let mut replies = Vec::with_capacity(answer.groups.len());
        let mut posts = Vec::new();
        for group in &answer.groups {
            if let Some(post) = self.read_post_receipt(group).map_err(|_| not_ours())? {
                posts.push(post);
                continue;
            }
            if group.session[..16] != self.device.0 {
                continue;
            }
            let opened = null::open_answer(&group.session, &group.sealed).ok_or_else(not_ours)?;
            let mut reply: UploadReply = null::read(opened).ok_or_else(not_ours)?;
            let mut statements = Vec::with_capacity(reply.statements.len());
            for signed in std::mem::take(&mut reply.statements) {
                let statement: ReceiptStatement = null::read(&signed.bytes).ok_or_else(not_ours)?;
                let epoch = statement.first.epoch;
                if !null::receipt_verifies(epoch, &signed.bytes, &signed.signature) {
                    return Err(not_ours());
                }
                statements.push((statement, signed));
            }
            replies.push((*group.session, statements, reply));
        }
        let mut taken = UploadTaken::default();
        for (index, receipt) in posts {
            let post = &mut self.disk.posts[index];
            taken.receipted += u32::from(post.receipt.is_none());
            post.receipt.get_or_insert(receipt);
        }
        for (session, statements, reply) in replies {
            let (epoch, refused) = (reply.epoch, reply.refused);
            if epoch != self.disk.epoch.number {
                taken.keys_wanted |= epoch > self.disk.epoch.number;
                continue;
            }
            for (statement, signed) in &statements {
                taken.receipted += self.take_statement(statement, signed);
            }
            for number in reply.taken {
                taken.receipted += self.no_longer_owed(ParcelKey { session, number });
            }
            for (number, refusal) in refused {
                let key = ParcelKey { session, number };
                if let Some(index) = self.disk.own_by_parcel.get(&key).copied() {
                    let own = &mut self.disk.own[index];
                    taken.refused += u32::from(own.refused.is_none());
                    own.refused = Some(refusal);
                }
            }
        }
        Ok(taken)
    }

    fn take_statement(&mut self, statement: &ReceiptStatement, signed: &Signed) -> u32 {
        let mut receipted = 0;
        let bytes = &signed.bytes;
        self.disk.receipt_seen = Some(ReceiptStatement::hash_of(bytes));
        for (offset, received) in (0..).zip(&statement.received) {
            let at = LogPosition {
                position: statement.first.position + offset,
                ..statement.first
            };
            receipted += self.take_back_receipt(received, at, signed);
            let Some(index) = self.own_at(&received.commit) else {
                continue;
            };
            let own = &mut self.disk.own[index];
            match &own.receipt {
                Some(receipt) if receipt.statement != *bytes && !own.gone => {
                    self.alarms
                        .push((19, "one commit has two receipts that differ"));
                    continue;
                }
                Some(_) => continue,
                None => {}
            }
            // What an epoch that was lost said of it goes with the envelope, and may be known here alone.
            own.owed = self.disk.earlier.contains_key(&received.commit);
            receipted += u32::from(!own.owed);
            own.receipt = Some(Receipt {
                scope: statement.scope,
                at,
                statement: bytes.clone(),
                signature: signed.signature.clone(),
                verdicts: received.verdicts.clone(),
            });
            let volume = std::rc::Rc::clone(&own.written.volume);
            for (id, verdict) in volume.ids.iter().zip(&received.verdicts) {
                self.judge(id, verdict, at);
            }
            self.count_from_earlier(&received.commit);
        }
        receipted
    }
}

//! What the engine asks of the phone's store.

use std::collections::{BTreeMap, BTreeSet};

use visitbook_device::sync::store::{
    Parcel, ParcelKey, PullTaken, ReplyProblem, SealedRequest, SendClass, SyncStore, UploadTaken,
};
use visitbook_record::cbor::encode;
use visitbook_record::digest::whole;
use visitbook_record::id::RecordId;
use visitbook_record::scope::LogPosition;
use visitbook_record::wire::{PullRequest, ReceiptStatement, UploadAnswer, UploadReply};

use super::super::names;
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
        let mut order: Vec<(SendClass, usize)> = Vec::new();
        // Order inside a record comes first: what stands before something urgent of the same record is as urgent. A closed
        // phone knows no records.
        let mut urgent: BTreeMap<RecordId, SendClass> = BTreeMap::new();
        for (index, own) in self.disk.own.iter().enumerate().rev() {
            let Some((key, _)) = own.parcel.as_ref().filter(|_| own.waits()) else {
                continue;
            };
            let mut class = own.class;
            if self.is_open {
                let record = urgent
                    .entry(own.written.volume.commit.record)
                    .or_insert(class);
                *record = (*record).min(class);
                class = *record;
            }
            if !sent.contains(key) {
                order.push((class, index));
            }
        }
        order.sort_unstable();
        let mut parcels = Vec::new();
        let mut size = 0;
        for (class, index) in order {
            let Some((key, bytes)) = &self.disk.own[index].parcel else {
                continue;
            };
            size += bytes.len();
            if size > max_bytes && !parcels.is_empty() {
                break;
            }
            parcels.push(Parcel {
                key: *key,
                class,
                bytes: bytes.clone(),
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
            self.settle_moves()?;
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
            incarnation: names::incarnation(self.number, 0),
            counter: self.disk.counter,
            token: self.disk.token,
            whole,
            budget,
            acknowledges,
            epoch: None,
            certificate: None,
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
        for group in &answer.groups {
            if group.session[..16] != self.device.0 {
                continue;
            }
            let opened = null::open_answer(&group.session, &group.sealed).ok_or_else(not_ours)?;
            let reply: UploadReply = null::read(opened).ok_or_else(not_ours)?;
            let verified = reply
                .statements
                .iter()
                .all(|s| null::receipt_verifies(&s.bytes, &s.signature));
            if !verified {
                return Err(not_ours());
            }
            replies.push((*group.session, reply));
        }
        let mut taken = UploadTaken::default();
        for (session, reply) in replies {
            for signed in &reply.statements {
                let statement: ReceiptStatement = null::read(&signed.bytes).ok_or_else(not_ours)?;
                taken.receipted += self.take_statement(&statement, &signed.bytes);
            }
            for (number, refusal) in reply.refused {
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

    fn take_statement(&mut self, statement: &ReceiptStatement, bytes: &[u8]) -> u32 {
        let mut receipted = 0;
        self.disk.receipt_seen = Some(ReceiptStatement::hash_of(bytes));
        for (offset, received) in (0..).zip(&statement.received) {
            let Some(index) = self.own_at(&received.commit) else {
                continue;
            };
            let own = &mut self.disk.own[index];
            let at = LogPosition {
                position: statement.first.position + offset,
                ..statement.first
            };
            match &own.receipt {
                Some(receipt) if receipt.statement != bytes => {
                    self.alarms
                        .push((19, "one commit has two receipts that differ"));
                    continue;
                }
                Some(_) => continue,
                None => {}
            }
            receipted += 1;
            own.receipt = Some(Receipt {
                scope: statement.scope,
                at,
                statement: bytes.to_vec(),
                verdicts: received.verdicts.clone(),
            });
            let volume = std::rc::Rc::clone(&own.written.volume);
            for (id, verdict) in volume.ids.iter().zip(&received.verdicts) {
                self.judge(id, verdict, at);
            }
        }
        receipted
    }
}

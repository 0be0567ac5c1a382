//! Changing what is kept.

use std::sync::Arc;

use visitbook_record::digest::ScopeDigest;
use visitbook_record::fact::{Answer, RecordHome};
use visitbook_record::id::{CommitHash, DeviceId, Incarnation, OpId, RecordId, Token, WorkerId};
use visitbook_record::op::Kind;
use visitbook_record::payload::Payload;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::{ReceiptStatement, Signed};

use super::Tx;
use crate::store::{
    Assignment, Deed, Device, Enrolment, Entry, FamilyPost, FamilySession, LogRow, ReadTx, Served,
    StoreError, StoredCommit, StoredOp, Vector, Worker, WriteTx,
};

impl WriteTx for Tx<'_> {
    fn append(
        &mut self,
        scope: &Scope,
        entry: &Entry,
        released: &[OpId],
        digest: &ScopeDigest,
    ) -> Result<LogPosition, StoreError> {
        let epoch = self.epoch()?;
        let before = self.0.last.map.get(scope).map(|(at, _)| at);
        let at = LogPosition {
            epoch,
            position: before
                .filter(|before| before.epoch == epoch)
                .map_or(1, |before| before.position + 1),
        };
        let row = LogRow {
            at,
            entry: entry.clone(),
            released: released.to_vec(),
            digest: *digest,
        };
        self.0.log.insert((*scope, at), row);
        self.0.last.insert(*scope, (at, *digest));
        Ok(at)
    }

    fn put_commit(&mut self, commit: StoredCommit) -> Result<(), StoreError> {
        let highest = self.0.heads.map.get(&commit.origin).map(|(seq, _)| *seq);
        if highest.is_none_or(|seq| commit.seq > seq) {
            self.0
                .heads
                .insert(commit.origin, (commit.seq, commit.hash));
        }
        self.0.commits.insert(commit.hash, Arc::new(commit));
        Ok(())
    }

    fn put_op(&mut self, op: StoredOp) -> Result<(), StoreError> {
        let key = (op.fact.record, op.fact.id);
        if matches!(op.fact.verdict, Some(Verdict::Held { .. })) {
            self.0.held.insert(key, ());
        } else {
            self.0.held.remove(&key);
        }
        if op.fact.kind == Kind::Open && op.fact.is_applied() {
            self.0.openings.insert(key, ());
        }
        self.0.by_record.insert(key, ());
        self.0.ops.insert(op.fact.id, op);
        Ok(())
    }

    fn put_payload(&mut self, _: &Scope, op: &OpId, payload: &Payload) -> Result<(), StoreError> {
        if !self.0.ops.map.contains_key(op) {
            return Err(StoreError::Missing("operation"));
        }
        self.0.payloads.insert(*op, payload.clone());
        Ok(())
    }

    fn remove_payload(&mut self, op: &OpId) -> Result<(), StoreError> {
        self.0.payloads.remove(op);
        if let Some(mut stored) = self.0.ops.map.get(op).cloned() {
            stored.fact.answer = Answer::Unreadable;
            self.0.ops.insert(*op, stored);
        }
        self.unname(op)
    }

    fn set_home(&mut self, record: &RecordId, home: RecordHome) -> Result<(), StoreError> {
        if !self.0.homes.map.contains_key(record) {
            self.0.homes.insert(*record, home);
        }
        Ok(())
    }

    fn put_statement(
        &mut self,
        scope: &Scope,
        first: LogPosition,
        statement: &Signed,
    ) -> Result<(), StoreError> {
        let hash = ReceiptStatement::hash_of(&statement.bytes);
        self.0.last_statements.insert(*scope, hash);
        self.0.statements.insert((*scope, first), statement.clone());
        Ok(())
    }

    fn put_earlier(&mut self, commit: &CommitHash, statement: &Signed) -> Result<(), StoreError> {
        if !self.0.earlier.map.contains_key(commit) {
            self.0.earlier.insert(*commit, statement.clone());
        }
        Ok(())
    }

    fn put_family_post(&mut self, post: FamilyPost) -> Result<(), StoreError> {
        let key = (post.session, post.index, post.hash);
        self.0.family_posts.insert(key, post);
        Ok(())
    }

    fn put_family_session(&mut self, session: FamilySession) -> Result<(), StoreError> {
        if !self.0.family_sessions.map.contains_key(&session.session) {
            self.0.family_sessions.insert(session.session, session);
        }
        Ok(())
    }

    fn open_epoch(&mut self, number: u64) -> Result<(), StoreError> {
        self.0.epoch.insert((), number);
        let unspent: Vec<Enrolment> = self
            .0
            .enrolments
            .map
            .values()
            .filter(|code| code.spent_by.is_none())
            .cloned()
            .collect();
        for mut code in unspent {
            code.ends = WallMillis(0);
            self.0.enrolments.insert(code.secret_hash, code);
        }
        self.0.unconfirmed.insert(None, ());
        Ok(())
    }

    fn put_unconfirmed(&mut self, device: &DeviceId) -> Result<(), StoreError> {
        self.0.unconfirmed.insert(Some(*device), ());
        Ok(())
    }

    fn confirm(&mut self, device: Option<&DeviceId>) -> Result<(), StoreError> {
        self.0.unconfirmed.remove(&device.copied());
        Ok(())
    }

    fn put_served(&mut self, served: Served) -> Result<(), StoreError> {
        let next = self
            .0
            .served
            .map
            .last_key_value()
            .map_or(0, |(no, _)| no + 1);
        self.0.served.insert(next, served);
        Ok(())
    }

    fn put_device(&mut self, device: Device) -> Result<(), StoreError> {
        self.0.devices.insert(device.id, device);
        Ok(())
    }

    fn set_counter(
        &mut self,
        device: &DeviceId,
        incarnation: &Incarnation,
        counter: u64,
    ) -> Result<(), StoreError> {
        self.0.counters.insert((*device, *incarnation), counter);
        Ok(())
    }

    fn put_token(
        &mut self,
        device: &DeviceId,
        presented: Option<&Token>,
        token: &Token,
        vector: &Vector,
    ) -> Result<(), StoreError> {
        let range = (*device, Token([0; 16]))..=(*device, Token([0xff; 16]));
        let others: Vec<_> = self
            .0
            .tokens
            .map
            .range(range)
            .map(|(key, _)| *key)
            .filter(|(_, other)| Some(other) != presented)
            .collect();
        for key in others {
            self.0.tokens.remove(&key);
        }
        self.0.tokens.insert((*device, *token), vector.clone());
        Ok(())
    }

    fn end_assignment(
        &mut self,
        worker: &WorkerId,
        child: &RecordId,
        at: LogPosition,
    ) -> Result<(), StoreError> {
        let open = self
            .assignments_of(worker)?
            .into_iter()
            .find(|a| a.child == *child && a.until.is_none());
        if let Some(mut assignment) = open {
            assignment.until = Some(at);
            self.0
                .assignments
                .insert((*worker, assignment.from, *child), assignment);
        }
        Ok(())
    }

    fn put_assignment(&mut self, assignment: Assignment) -> Result<(), StoreError> {
        let key = (assignment.worker, assignment.from, assignment.child);
        self.0.assignments.insert(key, assignment);
        Ok(())
    }

    fn note(&mut self, deed: &Deed) -> Result<(), StoreError> {
        let next = self.0.deeds.map.len();
        self.0.deeds.insert(next, deed.clone());
        Ok(())
    }

    fn put_worker(&mut self, worker: Worker) -> Result<(), StoreError> {
        self.0.workers.insert(worker.id, worker);
        Ok(())
    }

    fn put_enrolment(&mut self, enrolment: Enrolment) -> Result<(), StoreError> {
        self.0.enrolments.insert(enrolment.secret_hash, enrolment);
        Ok(())
    }
}

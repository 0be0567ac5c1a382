//! Looking things up.

use std::sync::Arc;

use visitbook_record::commit::Origin;
use visitbook_record::digest::ScopeDigest;
use visitbook_record::fact::RecordHome;
use visitbook_record::id::{
    CommitHash, DeviceId, Incarnation, OpId, RecordId, StatementHash, Token, WorkerId,
};
use visitbook_record::payload::Payload;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::Signed;

use super::journalled::Journalled;
use super::{FIRST, LAST, Tx};
use crate::store::{
    Assignment, Deed, Device, Enrolment, FamilyPost, FamilySession, LogRow, ReadTx, Served,
    StoreError, StoredCommit, StoredOp, Vector, Worker,
};

impl Tx<'_> {
    fn ops_listed(
        &self,
        list: &Journalled<(RecordId, OpId), ()>,
        record: &RecordId,
    ) -> Result<Vec<StoredOp>, StoreError> {
        list.map
            .range((*record, OpId([0; 32]))..=(*record, OpId([0xff; 32])))
            .map(|((_, id), ())| {
                self.0
                    .ops
                    .map
                    .get(id)
                    .cloned()
                    .ok_or(StoreError::Missing("operation"))
            })
            .collect()
    }
}

impl ReadTx for Tx<'_> {
    fn epoch(&self) -> Result<u64, StoreError> {
        Ok(self.0.epoch.map.get(&()).copied().unwrap_or(1))
    }

    fn earlier(&self, commit: &CommitHash) -> Result<Option<Signed>, StoreError> {
        Ok(self.0.earlier.map.get(commit).cloned())
    }

    fn unconfirmed(&self) -> Result<Vec<Option<DeviceId>>, StoreError> {
        Ok(self.0.unconfirmed.map.keys().copied().collect())
    }

    fn served(
        &self,
        worker: Option<&WorkerId>,
        scope: Option<&Scope>,
    ) -> Result<Vec<Served>, StoreError> {
        let wanted = |served: &&Served| {
            worker.is_none_or(|worker| *worker == served.worker)
                && scope.is_none_or(|scope| *scope == served.scope)
        };
        Ok(self.0.served.map.values().filter(wanted).copied().collect())
    }

    fn device(&self, id: &DeviceId) -> Result<Option<Device>, StoreError> {
        Ok(self.0.devices.map.get(id).cloned())
    }

    fn devices(&self) -> Result<Vec<Device>, StoreError> {
        Ok(self.0.devices.map.values().cloned().collect())
    }

    fn commit(&self, hash: &CommitHash) -> Result<Option<Arc<StoredCommit>>, StoreError> {
        Ok(self.0.commits.map.get(hash).cloned())
    }

    fn head(&self, origin: &Origin) -> Result<Option<(u64, CommitHash)>, StoreError> {
        Ok(self.0.heads.map.get(origin).copied())
    }

    fn scopes(&self) -> Result<Vec<Scope>, StoreError> {
        Ok(self.0.last.map.keys().copied().collect())
    }

    fn last(&self, scope: &Scope) -> Result<Option<(LogPosition, ScopeDigest)>, StoreError> {
        Ok(self.0.last.map.get(scope).copied())
    }

    fn digest_at(&self, scope: &Scope, at: LogPosition) -> Result<ScopeDigest, StoreError> {
        let mut before = self.0.log.map.range((*scope, FIRST)..=(*scope, at));
        Ok(before
            .next_back()
            .map_or_else(ScopeDigest::default, |(_, row)| row.digest))
    }

    fn log(
        &self,
        scope: &Scope,
        after: Option<LogPosition>,
        limit: usize,
    ) -> Result<Vec<LogRow>, StoreError> {
        use std::ops::Bound::{Excluded, Included};
        let from = Excluded((*scope, after.unwrap_or(FIRST)));
        let rows = self.0.log.map.range((from, Included((*scope, LAST))));
        Ok(rows.take(limit).map(|(_, row)| row.clone()).collect())
    }

    fn op(&self, id: &OpId) -> Result<Option<StoredOp>, StoreError> {
        Ok(self.0.ops.map.get(id).cloned())
    }

    fn ops_of_record(&self, record: &RecordId) -> Result<Vec<StoredOp>, StoreError> {
        self.ops_listed(&self.0.by_record, record)
    }

    fn held(&self, record: &RecordId) -> Result<Vec<StoredOp>, StoreError> {
        self.ops_listed(&self.0.held, record)
    }

    fn openings(&self, record: &RecordId) -> Result<Vec<StoredOp>, StoreError> {
        self.ops_listed(&self.0.openings, record)
    }

    fn payload(&self, op: &OpId) -> Result<Option<Payload>, StoreError> {
        Ok(self.0.payloads.map.get(op).cloned())
    }

    fn home(&self, record: &RecordId) -> Result<Option<RecordHome>, StoreError> {
        Ok(self.0.homes.map.get(record).copied())
    }

    fn statement_at(
        &self,
        scope: &Scope,
        at: LogPosition,
    ) -> Result<Option<(LogPosition, Signed)>, StoreError> {
        let mut before = self.0.statements.map.range((*scope, FIRST)..=(*scope, at));
        Ok(before
            .next_back()
            .map(|((_, first), statement)| (*first, statement.clone())))
    }

    fn last_statement(&self, scope: &Scope) -> Result<Option<StatementHash>, StoreError> {
        Ok(self.0.last_statements.map.get(scope).copied())
    }

    fn statements(&self, scope: &Scope) -> Result<Vec<(LogPosition, Signed)>, StoreError> {
        let all = self
            .0
            .statements
            .map
            .range((*scope, FIRST)..=(*scope, LAST));
        Ok(all
            .map(|((_, first), statement)| (*first, statement.clone()))
            .collect())
    }

    fn counter(
        &self,
        device: &DeviceId,
        incarnation: &Incarnation,
    ) -> Result<Option<u64>, StoreError> {
        Ok(self.0.counters.map.get(&(*device, *incarnation)).copied())
    }

    fn token(&self, device: &DeviceId, token: &Token) -> Result<Option<Vector>, StoreError> {
        Ok(self.0.tokens.map.get(&(*device, *token)).cloned())
    }

    fn assignments_of(&self, worker: &WorkerId) -> Result<Vec<Assignment>, StoreError> {
        let range = (*worker, FIRST, RecordId([0; 16]))..=(*worker, LAST, RecordId([0xff; 16]));
        let all = self.0.assignments.map.range(range);
        Ok(all.map(|(_, assignment)| *assignment).collect())
    }

    fn family_post(&self, hash: &[u8; 32]) -> Result<Option<FamilyPost>, StoreError> {
        let mut all = self.0.family_posts.map.values();
        Ok(all.find(|post| post.hash == *hash).cloned())
    }

    fn family_posts(&self, session: &[u8; 16]) -> Result<Vec<FamilyPost>, StoreError> {
        let range = (*session, 0, [0; 32])..=(*session, u64::MAX, [0xff; 32]);
        let all = self.0.family_posts.map.range(range);
        Ok(all.map(|(_, post)| post.clone()).collect())
    }

    fn family_session(&self, session: &[u8; 16]) -> Result<Option<FamilySession>, StoreError> {
        Ok(self.0.family_sessions.map.get(session).copied())
    }

    fn family_sessions(&self) -> Result<Vec<[u8; 16]>, StoreError> {
        let told = self.0.family_sessions.map.keys().copied();
        let posted = self.0.family_posts.map.keys().map(|(session, ..)| *session);
        let all: std::collections::BTreeSet<_> = told.chain(posted).collect();
        Ok(all.into_iter().collect())
    }

    fn holders_of(&self, child: &RecordId) -> Result<Vec<Assignment>, StoreError> {
        let all = self.0.assignments.map.values();
        Ok(all
            .filter(|a| a.child == *child && a.until.is_none())
            .copied()
            .collect())
    }

    fn worker(&self, id: &WorkerId) -> Result<Option<Worker>, StoreError> {
        Ok(self.0.workers.map.get(id).cloned())
    }

    fn workers(&self) -> Result<Vec<Worker>, StoreError> {
        Ok(self.0.workers.map.values().cloned().collect())
    }

    fn set_aside(&self) -> Result<Vec<StoredOp>, StoreError> {
        let all = self.0.ops.map.values();
        Ok(all
            .filter(|op| matches!(op.fact.verdict, Some(Verdict::Quarantined { .. })))
            .cloned()
            .collect())
    }

    fn deeds(&self) -> Result<Vec<Deed>, StoreError> {
        Ok(self.0.deeds.map.values().cloned().collect())
    }

    fn enrolment(&self, secret_hash: &[u8; 32]) -> Result<Option<Enrolment>, StoreError> {
        Ok(self.0.enrolments.map.get(secret_hash).cloned())
    }
}

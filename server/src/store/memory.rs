//! The server's memory as ordered maps: for the simulator, which needs thousands of servers a second, and as the plain
//! statement of what the database must do.
//!
//! Each map keeps a journal of what the running transaction replaced, so that giving it up costs only what it changed.
//! Nothing is durable.

mod attachments;
mod redactions;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};

use visitbook_record::commit::Origin;
use visitbook_record::digest::ScopeDigest;
use visitbook_record::fact::{Answer, RecordHome};
use visitbook_record::id::{
    CommitHash, DeviceId, Incarnation, OpId, RecordId, StatementHash, Token, WorkerId,
};
use visitbook_record::op::Kind;
use visitbook_record::payload::Payload;
use visitbook_record::redaction::Removed;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::{ReceiptStatement, Signed};

use super::attachments::{AttachmentUse, StoredAttachment};
use super::{
    Assignment, Deed, Device, Enrolment, Entry, FamilyPost, FamilySession, LogRow, ReadTx,
    ReadWork, Served, Storage, StoreError, StoredCommit, StoredOp, Vector, Worker, WriteTx,
    WriteWork,
};

/// A map that can forget what was done to it since the last [`Journalled::keep`].
struct Journalled<K, V> {
    map: BTreeMap<K, V>,
    journal: Vec<(K, Option<V>)>,
}

impl<K, V> Default for Journalled<K, V> {
    fn default() -> Self {
        Self {
            map: BTreeMap::new(),
            journal: Vec::new(),
        }
    }
}

impl<K: Ord + Clone, V: Clone> Journalled<K, V> {
    /// A copy of what is kept.
    fn copy(&self) -> Self {
        Self {
            map: self.map.clone(),
            journal: Vec::new(),
        }
    }

    fn insert(&mut self, key: K, value: V) {
        let old = self.map.insert(key.clone(), value);
        self.journal.push((key, old));
    }

    fn remove(&mut self, key: &K) {
        if let Some(old) = self.map.remove(key) {
            self.journal.push((key.clone(), Some(old)));
        }
    }

    fn keep(&mut self) {
        self.journal.clear();
    }

    fn undo(&mut self) {
        while let Some((key, old)) = self.journal.pop() {
            match old {
                Some(value) => self.map.insert(key, value),
                None => self.map.remove(&key),
            };
        }
    }
}

macro_rules! state {
    ($($(#[$doc:meta])* $field:ident: $key:ty => $value:ty,)*) => {
        #[derive(Default)]
        struct State {
            $($(#[$doc])* $field: Journalled<$key, $value>,)*
        }

        impl State {
            fn keep(&mut self) { $(self.$field.keep();)* }
            fn undo(&mut self) { $(self.$field.undo();)* }
            fn copy(&self) -> Self {
                Self { $($field: self.$field.copy(),)* }
            }
        }
    };
}

state! {
    devices: DeviceId => Device,
    commits: CommitHash => Arc<StoredCommit>,
    heads: Origin => (u64, CommitHash),
    log: (Scope, LogPosition) => LogRow,
    /// The last position and the digest there, so that appending needs no search.
    last: Scope => (LogPosition, ScopeDigest),
    ops: OpId => StoredOp,
    by_record: (RecordId, OpId) => (),
    held: (RecordId, OpId) => (),
    openings: (RecordId, OpId) => (),
    payloads: OpId => Payload,
    homes: RecordId => RecordHome,
    statements: (Scope, LogPosition) => Signed,
    last_statements: Scope => StatementHash,
    family_posts: ([u8; 16], u64, [u8; 32]) => FamilyPost,
    family_sessions: [u8; 16] => FamilySession,
    counters: (DeviceId, Incarnation) => u64,
    tokens: (DeviceId, Token) => Vector,
    assignments: (WorkerId, LogPosition, RecordId) => Assignment,
    workers: WorkerId => Worker,
    deeds: usize => Deed,
    enrolments: [u8; 32] => Enrolment,
    /// Under the only key: the epoch, where it is not 1.
    epoch: () => u64,
    earlier: CommitHash => Signed,
    /// `None` stands for every device.
    unconfirmed: Option<DeviceId> => (),
    served: u64 => Served,
    attachments: [u8; 32] => StoredAttachment,
    attachment_uses: ([u8; 32], OpId) => AttachmentUse,
    chunks: ([u8; 32], u32) => Vec<u8>,
    removed: OpId => Removed,
}

const FIRST: LogPosition = LogPosition {
    epoch: 0,
    position: 0,
};
const LAST: LogPosition = LogPosition {
    epoch: u64::MAX,
    position: u64::MAX,
};

struct Tx<'a>(MutexGuard<'a, State>);

/// A store that lives and dies with the process.
#[derive(Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Another store that holds what this one holds now, as a back-up of this moment would.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self {
            state: Mutex::new(self.lock().0.copy()),
        }
    }

    fn lock(&self) -> Tx<'_> {
        let mut guard = match self.state.lock() {
            Ok(guard) => guard,
            // The thread that panicked was inside a transaction: what it had not finished goes.
            Err(poisoned) => poisoned.into_inner(),
        };
        guard.undo();
        Tx(guard)
    }
}

impl Storage for MemoryStore {
    fn read(&self, work: ReadWork<'_>) -> Result<(), StoreError> {
        work(&self.lock())
    }

    fn write(&self, work: WriteWork<'_>) -> Result<(), StoreError> {
        let mut tx = self.lock();
        let result = work(&mut tx);
        match result {
            Ok(()) => tx.0.keep(),
            Err(_) => tx.0.undo(),
        }
        result
    }
}

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

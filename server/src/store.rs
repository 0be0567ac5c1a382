//! What the council's server must remember, and the one way to reach it.
//!
//! The judging code is written against these traits alone, so that the embedded database, the map in memory that the
//! simulator uses, and any later back end give the same answers; [`conformance`] holds them to it. Everything is
//! synchronous and blocking: the service calls it from worker threads. One write transaction runs at a time, and a read
//! sees the state after some whole number of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use visitbook_record::commit::{Origin, Role};
use visitbook_record::digest::ScopeDigest;
use visitbook_record::fact::{Fact, RecordHome};
use visitbook_record::id::{
    CommitHash, DeviceId, Incarnation, OpId, RecordId, StatementHash, Token, WorkerId,
};
use visitbook_record::payload::Payload;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::Signed;

pub mod attachments;
pub mod conformance;
pub mod memory;
pub mod redactions;
#[cfg(feature = "service")]
pub mod sqlite;

/// Why the store did not do what was asked. A failed write transaction leaves nothing behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The caller gave the transaction up.
    #[error("the transaction was given up")]
    Abandoned,
    /// Another process holds the store for too long; trying again later is safe.
    #[error("the store is busy")]
    Busy,
    /// Something that other stored data refers to is not there.
    #[error("the store lacks a {0} that it refers to")]
    Missing(&'static str),
    /// A stored value cannot be read.
    #[error("a stored {0} cannot be read")]
    Unreadable(&'static str),
    /// The storage engine failed, with its own result code.
    #[error("the storage engine failed with code {0}")]
    Engine(i32),
    /// The operating system gave no randomness for a nonce or key.
    #[error("the operating system gave no randomness")]
    NoRandomness,
}

/// A device, or the server's own writer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Names its signing key.
    pub id: DeviceId,
    /// The signing key (Ed25519).
    pub public_key: [u8; 32],
    /// The council-signed certificate, as sent to other devices.
    pub certificate: Vec<u8>,
    /// Whose it is.
    pub holder: WorkerId,
    /// It is a writer of the council's server.
    pub is_writer: bool,
    /// What people call it.
    pub label: String,
    /// Revoked, or its holder dismissed.
    pub ended: bool,
    /// The newest assignment entry that the device has said all its later commits were written after.
    pub acknowledged: Option<LogPosition>,
    /// When it last asked for anything, by the council's clock.
    pub last_heard: Option<WallMillis>,
}

/// A commit as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCommit {
    /// Its name.
    pub hash: CommitHash,
    /// Who wrote it.
    pub origin: Origin,
    /// Its number within the origin.
    pub seq: u64,
    /// Its log.
    pub scope: Scope,
    /// Its place there.
    pub at: LogPosition,
    /// The exact bytes and their signature.
    pub signed: Signed,
    /// By the council's clock.
    pub received: WallMillis,
    /// The names of its operations, in order: they follow from the bytes, and naming them again for every reader is dear.
    pub ops: Vec<OpId>,
    /// As judged on arrival.
    pub verdicts: Vec<Verdict>,
    /// The author held the scope when it arrived. A statement that was held is judged again by this, so that waiting for a
    /// colleague's part never makes anybody "the previous worker".
    pub author_held: bool,
}

/// One operation and how it is judged now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredOp {
    /// The fact, with its present verdict.
    pub fact: Fact,
    /// The commit it came in.
    pub commit: CommitHash,
    /// Its place in that commit, from 0.
    pub index: u32,
    /// Its payload is kept from everybody but its author.
    pub withheld: bool,
}

/// What one position of a scope's log holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// A commit.
    Commit(CommitHash),
    /// An operation was judged again.
    Judged {
        /// Which.
        op: OpId,
        /// What it is now.
        verdict: Verdict,
    },
}

/// One position of a scope's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// Where.
    pub at: LogPosition,
    /// What.
    pub entry: Entry,
    /// Operations whose payloads this position makes readable for those who hold the scope.
    pub released: Vec<OpId>,
    /// The scope's digest after it.
    pub digest: ScopeDigest,
}

/// A worker's hold on a child, between two positions of the worker's own log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Assignment {
    /// Who.
    pub worker: WorkerId,
    /// Which child.
    pub child: RecordId,
    /// In what role.
    pub role: Role,
    /// The entry in the worker's log that began it.
    pub from: LogPosition,
    /// The entry that ended it.
    pub until: Option<LogPosition>,
}

/// A member of staff, as the server needs to know them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Worker {
    /// Their id.
    pub id: WorkerId,
    /// The code that the council's other systems use.
    pub code: String,
    /// Who manages them.
    pub manager: Option<WorkerId>,
}

/// A code that lets one device enrol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// SHA-256 of the secret; the secret itself is not kept.
    pub secret_hash: [u8; 32],
    /// Whose device it will be.
    pub worker: WorkerId,
    /// What to call it if the device does not say.
    pub label: String,
    /// When the code stops working, by the council's clock.
    pub ends: WallMillis,
    /// The device that used it.
    pub spent_by: Option<DeviceId>,
}

/// Something that was done at the council's server and stands in no scope's log: who was let read what, what was ended. No device
/// receives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    /// When, by the council's clock.
    pub at: WallMillis,
    /// The person named; the council's own id where none is.
    pub by: WorkerId,
    /// What was done, in words, with the reason given.
    pub what: String,
}

/// That a page with entries of a scope was sent to somebody. Says nothing of what was in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Served {
    /// When, by the council's clock.
    pub at: WallMillis,
    /// To which device.
    pub device: DeviceId,
    /// Whose it is.
    pub worker: WorkerId,
    /// Whose log it was.
    pub scope: Scope,
}

/// One thing that a child handed in, as it was received.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyPost {
    /// Its name; see [`visitbook_record::wire::PostStatement::hash_of`].
    pub hash: [u8; 32],
    /// The family session.
    pub session: [u8; 16],
    /// Its place there, from 0. Two different posts in one place are kept both.
    pub index: u64,
    /// The voice record that it is.
    pub record: RecordId,
    /// The exact sealed bytes: the session's chain is checked over them.
    pub bytes: Vec<u8>,
    /// The receipt it got.
    pub statement: Signed,
    /// The record has been made.
    pub placed: bool,
}

/// A session in which a device was in a child's hands, as its worker's commit says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FamilySession {
    /// Its name.
    pub session: [u8; 16],
    /// Whose page it was.
    pub child: RecordId,
    /// Who handed the device over.
    pub worker: WorkerId,
    /// The operation whose payload holds the chain's first key.
    pub op: OpId,
}

/// How far a reader has read, by scope.
pub type Vector = BTreeMap<Scope, LogPosition>;

/// Reading. Every method may block on the disk, and fails with [`StoreError`] only.
#[allow(clippy::missing_errors_doc)]
pub trait ReadTx: attachments::ReadAttachments + redactions::ReadRedactions {
    /// The life of this log between restores.
    fn epoch(&self) -> Result<u64, StoreError>;
    /// A device by the name of its key.
    fn device(&self, id: &DeviceId) -> Result<Option<Device>, StoreError>;
    /// All devices, by id.
    fn devices(&self) -> Result<Vec<Device>, StoreError>;
    /// A commit by its hash.
    fn commit(&self, hash: &CommitHash) -> Result<Option<Arc<StoredCommit>>, StoreError>;
    /// The highest sequence number of an origin, with its commit; with two under one number, the first that came.
    fn head(&self, origin: &Origin) -> Result<Option<(u64, CommitHash)>, StoreError>;
    /// All scopes that have a log, in order.
    fn scopes(&self) -> Result<Vec<Scope>, StoreError>;
    /// The last position of a scope's log, with the digest there.
    fn last(&self, scope: &Scope) -> Result<Option<(LogPosition, ScopeDigest)>, StoreError>;
    /// The digest of a scope at a position, or at the last position before it.
    fn digest_at(&self, scope: &Scope, at: LogPosition) -> Result<ScopeDigest, StoreError>;
    /// At most `limit` positions of a scope's log after `after`, in order.
    fn log(
        &self,
        scope: &Scope,
        after: Option<LogPosition>,
        limit: usize,
    ) -> Result<Vec<LogRow>, StoreError>;
    /// An operation by its name.
    fn op(&self, id: &OpId) -> Result<Option<StoredOp>, StoreError>;
    /// All operations of a record, by id.
    fn ops_of_record(&self, record: &RecordId) -> Result<Vec<StoredOp>, StoreError>;
    /// The operations of a record that are held, by id.
    fn held(&self, record: &RecordId) -> Result<Vec<StoredOp>, StoreError>;
    /// The operations of a record that open what its author has not finished, and were applied, by id.
    fn openings(&self, record: &RecordId) -> Result<Vec<StoredOp>, StoreError>;
    /// An operation's payload.
    fn payload(&self, op: &OpId) -> Result<Option<Payload>, StoreError>;
    /// Where a record lives.
    fn home(&self, record: &RecordId) -> Result<Option<RecordHome>, StoreError>;
    /// The statement whose first position is the last at or before `at`: for a commit's position, the statement that
    /// receipts it.
    fn statement_at(
        &self,
        scope: &Scope,
        at: LogPosition,
    ) -> Result<Option<(LogPosition, Signed)>, StoreError>;
    /// The name of a scope's last statement.
    fn last_statement(&self, scope: &Scope) -> Result<Option<StatementHash>, StoreError>;
    /// A scope's statements, each with its first position, in order.
    fn statements(&self, scope: &Scope) -> Result<Vec<(LogPosition, Signed)>, StoreError>;
    /// The receipt statement of an earlier epoch that a commit was given back with.
    fn earlier(&self, commit: &CommitHash) -> Result<Option<Signed>, StoreError>;
    /// To which devices no content is sent until a person has confirmed them; `None` among them means to none at all.
    fn unconfirmed(&self) -> Result<Vec<Option<DeviceId>>, StoreError>;
    /// What was sent of a scope, or to a worker, oldest first; everything if neither is named.
    fn served(
        &self,
        worker: Option<&WorkerId>,
        scope: Option<&Scope>,
    ) -> Result<Vec<Served>, StoreError>;
    /// The highest request counter a device has used in a writing life.
    fn counter(
        &self,
        device: &DeviceId,
        incarnation: &Incarnation,
    ) -> Result<Option<u64>, StoreError>;
    /// What a token of this device stands for.
    fn token(&self, device: &DeviceId, token: &Token) -> Result<Option<Vector>, StoreError>;
    /// All assignments a worker has or had, in the order they began.
    fn assignments_of(&self, worker: &WorkerId) -> Result<Vec<Assignment>, StoreError>;
    /// A family post by its name.
    fn family_post(&self, hash: &[u8; 32]) -> Result<Option<FamilyPost>, StoreError>;
    /// A session's posts, by index, then name.
    fn family_posts(&self, session: &[u8; 16]) -> Result<Vec<FamilyPost>, StoreError>;
    /// A family session that a commit told of.
    fn family_session(&self, session: &[u8; 16]) -> Result<Option<FamilySession>, StoreError>;
    /// The names of all sessions that a commit told of or that there are posts of, in order.
    fn family_sessions(&self) -> Result<Vec<[u8; 16]>, StoreError>;
    /// Those who hold a child now, by worker.
    fn holders_of(&self, child: &RecordId) -> Result<Vec<Assignment>, StoreError>;
    /// A worker.
    fn worker(&self, id: &WorkerId) -> Result<Option<Worker>, StoreError>;
    /// All workers, by id.
    fn workers(&self) -> Result<Vec<Worker>, StoreError>;
    /// The operations that are set aside, by id.
    fn set_aside(&self) -> Result<Vec<StoredOp>, StoreError>;
    /// Everything noted by [`WriteTx::note`], in order.
    fn deeds(&self) -> Result<Vec<Deed>, StoreError>;
    /// An enrolment code by the hash of its secret.
    fn enrolment(&self, secret_hash: &[u8; 32]) -> Result<Option<Enrolment>, StoreError>;
}

/// Writing, inside the one write transaction. Reads see its own writes.
#[allow(clippy::missing_errors_doc)]
pub trait WriteTx: ReadTx + attachments::WriteAttachments + redactions::WriteRedactions {
    /// Appends to a scope's log and gives the position: the next in the present epoch, from 1.
    fn append(
        &mut self,
        scope: &Scope,
        entry: &Entry,
        released: &[OpId],
        digest: &ScopeDigest,
    ) -> Result<LogPosition, StoreError>;
    /// Keeps a commit. Its position must have been appended before.
    fn put_commit(&mut self, commit: StoredCommit) -> Result<(), StoreError>;
    /// Keeps an operation, or its new verdict and withheld mark.
    fn put_op(&mut self, op: StoredOp) -> Result<(), StoreError>;
    /// Keeps an operation's payload under the scope's data key. The operation must have been put before.
    fn put_payload(
        &mut self,
        scope: &Scope,
        op: &OpId,
        payload: &Payload,
    ) -> Result<(), StoreError>;
    /// Removes an operation's payload for good; its answer then reads as unreadable. The bytes of a file that no other
    /// operation names go with it.
    fn remove_payload(&mut self, op: &OpId) -> Result<(), StoreError>;
    /// Says where a record lives. A record that has a home keeps it.
    fn set_home(&mut self, record: &RecordId, home: RecordHome) -> Result<(), StoreError>;
    /// Keeps a receipt statement whole.
    fn put_statement(
        &mut self,
        scope: &Scope,
        first: LogPosition,
        statement: &Signed,
    ) -> Result<(), StoreError>;
    /// Keeps the receipt statement of an earlier epoch that a commit was given back with. The first one stays.
    fn put_earlier(&mut self, commit: &CommitHash, statement: &Signed) -> Result<(), StoreError>;
    /// Begins another life of the log after a restore: positions count from 1 again, no unspent enrolment code works any more
    /// (a code that was spent after the back-up would look unspent), and no content is sent to any device.
    fn open_epoch(&mut self, number: u64) -> Result<(), StoreError>;
    /// Sends a device nothing until it is confirmed.
    fn put_unconfirmed(&mut self, device: &DeviceId) -> Result<(), StoreError>;
    /// Confirms a device; `None` lifts what [`WriteTx::open_epoch`] began, and leaves single devices as they are.
    fn confirm(&mut self, device: Option<&DeviceId>) -> Result<(), StoreError>;
    /// Notes that a page was sent.
    fn put_served(&mut self, served: Served) -> Result<(), StoreError>;
    /// Keeps a family post, or that its record has been made.
    fn put_family_post(&mut self, post: FamilyPost) -> Result<(), StoreError>;
    /// Keeps a family session. The first commit to tell of it stands.
    fn put_family_session(&mut self, session: FamilySession) -> Result<(), StoreError>;
    /// Keeps a device, or its new state.
    fn put_device(&mut self, device: Device) -> Result<(), StoreError>;
    /// Marks a request counter as used.
    fn set_counter(
        &mut self,
        device: &DeviceId,
        incarnation: &Incarnation,
        counter: u64,
    ) -> Result<(), StoreError>;
    /// Keeps a device's new token beside the one it presented, and forgets all its others: these two are all it can still
    /// present, whichever replies were lost.
    fn put_token(
        &mut self,
        device: &DeviceId,
        presented: Option<&Token>,
        token: &Token,
        vector: &Vector,
    ) -> Result<(), StoreError>;
    /// Ends the worker's open assignment to a child, if there is one.
    fn end_assignment(
        &mut self,
        worker: &WorkerId,
        child: &RecordId,
        at: LogPosition,
    ) -> Result<(), StoreError>;
    /// Begins an assignment.
    fn put_assignment(&mut self, assignment: Assignment) -> Result<(), StoreError>;
    /// Notes what was done at the server, for ever.
    fn note(&mut self, deed: &Deed) -> Result<(), StoreError>;
    /// Keeps a worker.
    fn put_worker(&mut self, worker: Worker) -> Result<(), StoreError>;
    /// Keeps an enrolment code, or who spent it.
    fn put_enrolment(&mut self, enrolment: Enrolment) -> Result<(), StoreError>;
}

/// What a transaction runs.
pub type WriteWork<'a> = &'a mut dyn FnMut(&mut dyn WriteTx) -> Result<(), StoreError>;

/// What a read runs.
pub type ReadWork<'a> = &'a mut dyn FnMut(&dyn ReadTx) -> Result<(), StoreError>;

/// A back end. [`StorageExt`] has the comfortable forms.
pub trait Storage {
    /// Runs `work` once over one unchanging view.
    ///
    /// # Errors
    /// Those of `work`, and [`StoreError`] of the engine.
    fn read(&self, work: ReadWork<'_>) -> Result<(), StoreError>;

    /// Runs `work` once in a write transaction: if it fails nothing stays, if this returns `Ok` all of it is durable (as far as
    /// the back end is durable at all). Blocks while another transaction runs; must not be called from within one.
    ///
    /// # Errors
    /// Those of `work`, and [`StoreError`] of the engine.
    fn write(&self, work: WriteWork<'_>) -> Result<(), StoreError>;
}

impl<S: Storage + ?Sized> Storage for Box<S> {
    fn read(&self, work: ReadWork<'_>) -> Result<(), StoreError> {
        (**self).read(work)
    }

    fn write(&self, work: WriteWork<'_>) -> Result<(), StoreError> {
        (**self).write(work)
    }
}

/// Transactions that give a value, with errors of the caller's own.
pub trait StorageExt: Storage {
    /// As [`Storage::read`].
    ///
    /// # Errors
    /// Those of `work`.
    fn read_with<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&dyn ReadTx) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut work = Some(work);
        let mut result = None;
        let outcome = self.read(&mut |tx| {
            result = work.take().map(|work| work(tx));
            Ok(())
        });
        settle(outcome, result)
    }

    /// As [`Storage::write`].
    ///
    /// # Errors
    /// Those of `work`; nothing of it stays then.
    fn write_with<T, E: From<StoreError>>(
        &self,
        work: impl FnOnce(&mut dyn WriteTx) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut work = Some(work);
        let mut result = None;
        let outcome = self.write(&mut |tx| {
            result = work.take().map(|work| work(tx));
            match result {
                Some(Ok(_)) => Ok(()),
                Some(Err(_)) | None => Err(StoreError::Abandoned),
            }
        });
        settle(outcome, result)
    }
}

fn settle<T, E: From<StoreError>>(
    outcome: Result<(), StoreError>,
    result: Option<Result<T, E>>,
) -> Result<T, E> {
    match (outcome, result) {
        (_, Some(Err(error))) => Err(error),
        (Ok(()), Some(Ok(value))) => Ok(value),
        (Err(error), _) => Err(error.into()),
        (Ok(()), None) => Err(StoreError::Abandoned.into()),
    }
}

impl<S: Storage + ?Sized> StorageExt for S {}

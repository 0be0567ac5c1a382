//! A write transaction that fails part of the way, as when the council's machine dies or its disk is full.

use std::sync::Arc;

use visitbook_record::commit::Origin;
use visitbook_record::digest::ScopeDigest;
use visitbook_record::fact::RecordHome;
use visitbook_record::id::{
    CommitHash, DeviceId, Incarnation, OpId, PayloadHash, RecordId, StatementHash, Token, WorkerId,
};
use visitbook_record::op::Target;
use visitbook_record::payload::Payload;
use visitbook_record::redaction::Removed;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::wire::Signed;
use visitbook_server::store::attachments::{
    AttachmentUse, ReadAttachments, StoredAttachment, WriteAttachments,
};
use visitbook_server::store::redactions::{ReadRedactions, WriteRedactions};
use visitbook_server::store::{
    Assignment, Deed, Device, Enrolment, Entry, FamilyPost, FamilySession, LogRow, ReadTx, Served,
    StoreError, StoredCommit, StoredOp, Vector, Worker, WriteTx,
};

/// Passes everything on to the real transaction until the writes it was given are used up.
pub(crate) struct Failing<'a> {
    pub(crate) tx: &'a mut dyn WriteTx,
    pub(crate) writes_left: Option<u8>,
}

impl Failing<'_> {
    fn spend(&mut self) -> Result<(), StoreError> {
        match &mut self.writes_left {
            Some(0) => Err(StoreError::Engine(10)),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
            None => Ok(()),
        }
    }
}

macro_rules! read {
    ($of:ident; $($name:ident($($arg:ident: $type:ty),*) -> $result:ty;)*) => {
        impl $of for Failing<'_> {
            $(fn $name(&self, $($arg: $type),*) -> Result<$result, StoreError> {
                self.tx.$name($($arg),*)
            })*
        }
    };
}

macro_rules! write {
    ($of:ident; $($name:ident($($arg:ident: $type:ty),*) -> $result:ty;)*) => {
        impl $of for Failing<'_> {
            $(fn $name(&mut self, $($arg: $type),*) -> Result<$result, StoreError> {
                self.spend()?;
                self.tx.$name($($arg),*)
            })*
        }
    };
}

read! {
    ReadAttachments;
    attachment(id: &[u8; 32]) -> Option<StoredAttachment>;
    attachment_uses(id: &[u8; 32]) -> Vec<AttachmentUse>;
    attachments_named() -> Vec<[u8; 32]>;
    chunk(id: &[u8; 32], index: u32) -> Option<Vec<u8>>;
    chunks_held(id: &[u8; 32]) -> Vec<u32>;
}

write! {
    WriteAttachments;
    put_attachment_use(named: &AttachmentUse) -> ();
    put_attachment(file: &StoredAttachment) -> ();
    put_chunk(id: &[u8; 32], index: u32, sealed: &[u8]) -> ();
}

read! {
    ReadRedactions;
    removal(op: &OpId, payload: &PayloadHash, record: &RecordId, about: &Target) -> Option<Removed>;
    removals() -> Vec<Removed>;
}

write! {
    WriteRedactions;
    put_removal(removed: &Removed) -> ();
    empty_post(record: &RecordId) -> ();
}

read! {
    ReadTx;
    epoch() -> u64;
    device(id: &DeviceId) -> Option<Device>;
    devices() -> Vec<Device>;
    commit(hash: &CommitHash) -> Option<Arc<StoredCommit>>;
    head(origin: &Origin) -> Option<(u64, CommitHash)>;
    scopes() -> Vec<Scope>;
    last(scope: &Scope) -> Option<(LogPosition, ScopeDigest)>;
    digest_at(scope: &Scope, at: LogPosition) -> ScopeDigest;
    log(scope: &Scope, after: Option<LogPosition>, limit: usize) -> Vec<LogRow>;
    op(id: &OpId) -> Option<StoredOp>;
    ops_of_record(record: &RecordId) -> Vec<StoredOp>;
    held(record: &RecordId) -> Vec<StoredOp>;
    openings(record: &RecordId) -> Vec<StoredOp>;
    payload(op: &OpId) -> Option<Payload>;
    home(record: &RecordId) -> Option<RecordHome>;
    statement_at(scope: &Scope, at: LogPosition) -> Option<(LogPosition, Signed)>;
    last_statement(scope: &Scope) -> Option<StatementHash>;
    statements(scope: &Scope) -> Vec<(LogPosition, Signed)>;
    counter(device: &DeviceId, incarnation: &Incarnation) -> Option<u64>;
    token(device: &DeviceId, token: &Token) -> Option<Vector>;
    assignments_of(worker: &WorkerId) -> Vec<Assignment>;
    family_post(hash: &[u8; 32]) -> Option<FamilyPost>;
    family_posts(session: &[u8; 16]) -> Vec<FamilyPost>;
    family_session(session: &[u8; 16]) -> Option<FamilySession>;
    family_sessions() -> Vec<[u8; 16]>;
    holders_of(child: &RecordId) -> Vec<Assignment>;
    worker(id: &WorkerId) -> Option<Worker>;
    workers() -> Vec<Worker>;
    set_aside() -> Vec<StoredOp>;
    deeds() -> Vec<Deed>;
    enrolment(secret_hash: &[u8; 32]) -> Option<Enrolment>;
    earlier(commit: &CommitHash) -> Option<Signed>;
    unconfirmed() -> Vec<Option<DeviceId>>;
    served(worker: Option<&WorkerId>, scope: Option<&Scope>) -> Vec<Served>;
}

write! {
    WriteTx;
    append(scope: &Scope, entry: &Entry, released: &[OpId], digest: &ScopeDigest) -> LogPosition;
    put_commit(commit: StoredCommit) -> ();
    put_op(op: StoredOp) -> ();
    put_payload(scope: &Scope, op: &OpId, payload: &Payload) -> ();
    remove_payload(op: &OpId) -> ();
    set_home(record: &RecordId, home: RecordHome) -> ();
    put_statement(scope: &Scope, first: LogPosition, statement: &Signed) -> ();
    put_family_post(post: FamilyPost) -> ();
    put_family_session(session: FamilySession) -> ();
    put_device(device: Device) -> ();
    set_counter(device: &DeviceId, incarnation: &Incarnation, counter: u64) -> ();
    put_token(device: &DeviceId, presented: Option<&Token>, token: &Token, vector: &Vector) -> ();
    end_assignment(worker: &WorkerId, child: &RecordId, at: LogPosition) -> ();
    put_assignment(assignment: Assignment) -> ();
    note(deed: &Deed) -> ();
    put_worker(worker: Worker) -> ();
    put_enrolment(enrolment: Enrolment) -> ();
    put_earlier(commit: &CommitHash, statement: &Signed) -> ();
    open_epoch(number: u64) -> ();
    put_unconfirmed(device: &DeviceId) -> ();
    confirm(device: Option<&DeviceId>) -> ();
    put_served(served: Served) -> ();
}

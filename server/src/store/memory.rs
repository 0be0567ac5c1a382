//! The server's memory as ordered maps: for the simulator, which needs thousands of servers a second, and as the plain
//! statement of what the database must do.
//!
//! Each map keeps a journal of what the running transaction replaced, so that giving it up costs only what it changed.
//! Nothing is durable.

mod attachments;
mod journalled;
mod read;
mod redactions;
mod write;

use std::sync::{Arc, Mutex, MutexGuard};

use visitbook_record::commit::Origin;
use visitbook_record::digest::ScopeDigest;
use visitbook_record::fact::RecordHome;
use visitbook_record::id::{
    CommitHash, DeviceId, Incarnation, OpId, RecordId, StatementHash, Token, WorkerId,
};
use visitbook_record::payload::Payload;
use visitbook_record::redaction::Removed;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::wire::Signed;

use self::journalled::Journalled;
use super::attachments::{AttachmentUse, StoredAttachment};
use super::{
    Assignment, Deed, Device, Enrolment, FamilyPost, FamilySession, LogRow, ReadWork, Served,
    Storage, StoreError, StoredCommit, StoredOp, Vector, Worker, WriteWork,
};

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

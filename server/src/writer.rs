//! The server's own commits: assignments, and what an import brings.
//!
//! They are commits like any other: in the log, signed (by the server's writer key), receipted, served and verified. Each names
//! the person who arranged it.

use visitbook_record::catalogue;
use visitbook_record::cbor::encode;
use visitbook_record::commit::{Clocks, Commit, Origin, RecordKind, Role};
use visitbook_record::fact::Fact;
use visitbook_record::fold::live_shared;
use visitbook_record::id::{BootId, CouncilId, OpId, RecordId, Salt, WorkerId};
use visitbook_record::op::{Kind, Op, Policy, Target};
use visitbook_record::payload::{self, Content, Payload};
use visitbook_record::scope::Scope;
use visitbook_record::time::{MonotonicMillis, WallMillis};
use visitbook_record::wire::{EnvelopeBody, Signed};

use crate::arrivals;
use crate::ingest::{Incoming, prepare, take};
use crate::store::{StoreError, WriteTx};
use crate::suite::Suite;

/// The target in a worker's record that says which child they hold.
pub const HOLDS: &str = "holds";

/// The target in a child's record that says who holds the child.
pub const HELD_BY: &str = "held_by";

/// Why the server did not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WriterError {
    /// The store failed; nothing was written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server's own commit was not accepted: its writer's key is not among the store's devices.
    #[error("the server's own writer is not registered with this store")]
    NotRegistered,
    /// A person cannot be given this role.
    #[error("nobody can be given the role {0:?}")]
    NoSuchRole(Role),
}

/// One statement the server is to make.
#[derive(Clone)]
pub struct Statement {
    /// What kind.
    pub kind: Kind,
    /// How two answers are treated.
    pub policy: Policy,
    /// What about.
    pub target: Target,
    /// What it replaces.
    pub replaces: Vec<OpId>,
    /// What it says.
    pub content: Content,
}

/// Who writes, for which council, in whose name.
#[derive(Debug, Clone, Copy)]
pub struct Writer {
    /// The council.
    pub council: CouncilId,
    /// The writer's key and its writing life, one per server instance and epoch.
    pub origin: Origin,
    /// The person who ran the command or pressed the button; the council's own id where none is named.
    pub author: WorkerId,
}

/// One record's statements, to be written as one commit.
#[derive(Clone)]
pub struct Act {
    /// The record.
    pub record: RecordId,
    /// What sort of record.
    pub kind: RecordKind,
    /// Where it belongs.
    pub scope: Scope,
    /// The statements, at least one.
    pub statements: Vec<Statement>,
}

impl Writer {
    /// Writes each act as one commit, in order, in the caller's transaction.
    ///
    /// # Errors
    /// [`WriterError`]; the caller's transaction must then be given up.
    pub fn write(
        &self,
        tx: &mut dyn WriteTx,
        suite: &dyn Suite,
        now: WallMillis,
        acts: Vec<Act>,
    ) -> Result<(), WriterError> {
        self.write_typed(tx, suite, now, acts, None)
    }

    /// As [`Self::write`]; what is a child's own words is marked as typed at this time by the device that a child held.
    ///
    /// # Errors
    /// [`WriterError`]; the caller's transaction must then be given up.
    pub(crate) fn write_typed(
        &self,
        tx: &mut dyn WriteTx,
        suite: &dyn Suite,
        now: WallMillis,
        acts: Vec<Act>,
        typed: Option<WallMillis>,
    ) -> Result<(), WriterError> {
        let mut head = tx.head(&self.origin)?;
        let mut session: Vec<Incoming> = Vec::with_capacity(acts.len());
        for act in acts {
            let (seq, previous) = match head {
                Some((seq, hash)) => (seq + 1, Some(hash)),
                None => (1, None),
            };
            let body = self.body(suite, (now, typed), act, (seq, previous))?;
            let incoming =
                prepare(tx, suite, self.council, body)?.map_err(|_| WriterError::NotRegistered)?;
            head = Some((seq, incoming.hash()));
            session.push(incoming);
        }
        take(tx, suite, now, session)?;
        Ok(())
    }

    fn body(
        &self,
        suite: &dyn Suite,
        (now, typed): (WallMillis, Option<WallMillis>),
        act: Act,
        (seq, previous): (u64, Option<visitbook_record::id::CommitHash>),
    ) -> Result<EnvelopeBody, WriterError> {
        let mut payloads = Vec::with_capacity(act.statements.len());
        let mut ops = Vec::with_capacity(act.statements.len());
        for statement in act.statements {
            let salt = Salt(suite.random().ok_or(StoreError::NoRandomness)?);
            let payload = Payload::new(salt, &statement.content);
            ops.push(Op {
                kind: statement.kind,
                policy: statement.policy,
                target: statement.target,
                replaces: statement.replaces,
                typed_at: typed.filter(|_| statement.policy == Policy::Words),
                payload: Some(payload.hash()),
            });
            payloads.push(payload);
        }
        let commit = Commit {
            format: Commit::FORMAT,
            council: self.council,
            origin: self.origin,
            seq,
            previous,
            record: act.record,
            record_kind: act.kind,
            scope: act.scope,
            author: self.author,
            acting_as: Role::Writer,
            catalogue: catalogue::NEWEST,
            clocks: Clocks {
                wall: now,
                // A server writes no monotonic readings: its wall clock is the council's own.
                monotonic: MonotonicMillis(0),
                boot: BootId([0; 16]),
            },
            receipt_seen: None,
            assignment_seen: None,
            app_build: concat!("visitbook-server ", env!("CARGO_PKG_VERSION")).to_owned(),
            ops,
        };
        let bytes = encode(&commit);
        let signature = suite.sign_commit(&bytes);
        Ok(EnvelopeBody {
            commit: Signed { bytes, signature },
            payloads,
            certificate: None,
            receipt: None,
        })
    }

    /// Gives a worker a child, or another role for one they hold: an entry in the worker's own scope and one in the child's, in
    /// the caller's transaction. Returns `false`, and writes nothing, if they hold the child in this role already.
    ///
    /// # Errors
    /// [`WriterError`]; the caller's transaction must then be given up.
    pub fn assign(
        &self,
        tx: &mut dyn WriteTx,
        suite: &dyn Suite,
        now: WallMillis,
        assignment: payload::Assignment,
    ) -> Result<bool, WriterError> {
        if assignment.role == Role::Writer {
            return Err(WriterError::NoSuchRole(assignment.role));
        }
        let held = tx.assignments_of(&assignment.worker)?;
        if crate::rights::role_now(&held, assignment.child) == Some(assignment.role) {
            return Ok(false);
        }
        let acts = arrange(tx, Kind::Assign, &assignment)?;
        self.write(tx, suite, now, acts)?;
        // What was written before anybody knew who the child was goes along.
        for file in arrivals::also_met(tx, assignment.child)? {
            let acts = arrange(
                tx,
                Kind::Assign,
                &payload::Assignment {
                    child: file,
                    ..assignment.clone()
                },
            )?;
            self.write(tx, suite, now, acts)?;
        }
        Ok(true)
    }

    /// Ends a worker's hold on a child, and says to them who holds the child instead. The role and that person are filled in here.
    /// Returns `false`, and writes nothing, if they do not hold the child.
    ///
    /// # Errors
    /// [`WriterError`]; the caller's transaction must then be given up.
    pub fn unassign(
        &self,
        tx: &mut dyn WriteTx,
        suite: &dyn Suite,
        now: WallMillis,
        mut assignment: payload::Assignment,
    ) -> Result<bool, WriterError> {
        let held = tx.assignments_of(&assignment.worker)?;
        let Some(role) = crate::rights::role_now(&held, assignment.child) else {
            return Ok(false);
        };
        assignment.role = role;
        assignment.moved_to = holds_instead(tx, &assignment)?;
        let acts = arrange(tx, Kind::Unassign, &assignment)?;
        self.write(tx, suite, now, acts)?;
        for file in arrivals::also_met(tx, assignment.child)? {
            if let Some(role) = crate::rights::role_now(&held, file) {
                let acts = arrange(
                    tx,
                    Kind::Unassign,
                    &payload::Assignment {
                        child: file,
                        role,
                        ..assignment.clone()
                    },
                )?;
                self.write(tx, suite, now, acts)?;
            }
        }
        Ok(true)
    }
}

/// Who has the child once a worker no longer does: whoever is allocated, or else stands in, or works jointly.
fn holds_instead(
    tx: &dyn WriteTx,
    ended: &payload::Assignment,
) -> Result<Option<WorkerId>, StoreError> {
    let mut others = tx.holders_of(&ended.child)?;
    others.retain(|held| held.worker != ended.worker && held.role != Role::Manager);
    let rank = |role: Role| match role {
        Role::Allocated => 0,
        Role::Cover => 1,
        _ => 2,
    };
    Ok(others
        .into_iter()
        .min_by_key(|held| (rank(held.role), held.worker))
        .map(|held| held.worker))
}

/// The record in which a worker's own assignments stand.
#[must_use]
pub const fn worker_record(worker: WorkerId) -> RecordId {
    RecordId(worker.0)
}

fn arrange(
    tx: &dyn WriteTx,
    kind: Kind,
    assignment: &payload::Assignment,
) -> Result<Vec<Act>, StoreError> {
    let sides = [
        (
            worker_record(assignment.worker),
            RecordKind::Worker,
            Scope::Worker(assignment.worker),
            Target::element(HOLDS, assignment.child.to_string()),
        ),
        (
            assignment.child,
            RecordKind::Child,
            Scope::Child(assignment.child),
            Target::element(HELD_BY, assignment.worker.to_string()),
        ),
    ];
    let mut acts = Vec::with_capacity(sides.len());
    for (record, record_kind, scope, target) in sides {
        let facts: Vec<Fact> = tx
            .ops_of_record(&record)?
            .into_iter()
            .map(|op| op.fact)
            .filter(|fact| fact.target == target)
            .collect();
        let replaces = live_shared(&facts)
            .last()
            .map(|index| facts[*index].id)
            .into_iter()
            .collect();
        acts.push(Act {
            record,
            kind: record_kind,
            scope,
            statements: vec![Statement {
                kind,
                policy: Policy::Set,
                target,
                replaces,
                content: Content::Assignment(assignment.clone()),
            }],
        });
    }
    Ok(acts)
}

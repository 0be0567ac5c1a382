//! The strong read: everything the council has, at the end of a healed day.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use visitbook_record::commit::RecordKind;
use visitbook_record::digest::ScopeDigest;
use visitbook_record::fact::Fact;
use visitbook_record::id::{CommitHash, OpId, RecordId, WorkerId};
use visitbook_record::op::{Kind, Target};
use visitbook_record::page::Statement;
use visitbook_record::payload::Content;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::Signed;
use visitbook_server::store::{Entry, LogRow, StorageExt, StoreError};

use super::ledger::{Ledger, Volume};
use super::names::Names;
use super::world::World;

/// One operation at the council.
pub(crate) struct Stated {
    pub(crate) fact: Fact,
    pub(crate) volume: Rc<Volume>,
    pub(crate) index: usize,
    pub(crate) content: Option<Content>,
    pub(crate) payload: Option<Vec<u8>>,
    /// As judged on arrival.
    pub(crate) arrived_as: Verdict,
    pub(crate) counted_at: Option<LogPosition>,
}

/// One scope's log.
pub(crate) struct Log {
    pub(crate) rows: Vec<LogRow>,
    pub(crate) statements: Vec<(LogPosition, Signed)>,
    pub(crate) digest: ScopeDigest,
}

/// Everything at the council.
#[derive(Default)]
pub(crate) struct Reading {
    pub(crate) ops: Vec<Stated>,
    pub(crate) by_id: Names<OpId, usize>,
    pub(crate) by_record: BTreeMap<RecordId, Vec<usize>>,
    pub(crate) logs: BTreeMap<Scope, Log>,
    pub(crate) commits: Names<CommitHash, (Scope, LogPosition, Vec<u8>)>,
    placed: BTreeSet<OpId>,
}

impl Reading {
    pub(crate) fn of(world: &World) -> Result<Self, StoreError> {
        let mut reading = Self::default();
        let earlier = counted_earlier(world);
        world.council.store.read_with(|tx| {
            for scope in tx.scopes()? {
                let rows = tx.log(&scope, None, usize::MAX)?;
                for row in &rows {
                    match &row.entry {
                        Entry::Commit(hash) => {
                            let stored = tx.commit(hash)?.ok_or(StoreError::Missing("commit"))?;
                            let volume = world
                                .ledger
                                .volume(&stored.signed.bytes)
                                .ok_or(StoreError::Unreadable("commit"))?;
                            let bytes = stored.signed.bytes.clone();
                            reading.commits.insert(*hash, (scope, stored.at, bytes));
                            for (index, id) in volume.ids.iter().enumerate() {
                                if reading.by_id.contains_key(id) {
                                    // Two copies of a phone said the same under one number: it is one statement.
                                    continue;
                                }
                                let op = tx.op(id)?.ok_or(StoreError::Missing("operation"))?;
                                let payload = tx.payload(id)?;
                                let arrived_as = stored
                                    .verdicts
                                    .get(index)
                                    .cloned()
                                    .ok_or(StoreError::Missing("verdict"))?;
                                let counts = arrived_as.is_applied();
                                let at = reading.ops.len();
                                reading.by_id.insert(*id, at);
                                reading
                                    .by_record
                                    .entry(op.fact.record)
                                    .or_default()
                                    .push(at);
                                reading.ops.push(Stated {
                                    fact: op.fact,
                                    index,
                                    content: payload
                                        .as_ref()
                                        .and_then(|p| world.ledger.words(p).content.clone()),
                                    payload: payload.map(|p| p.bytes),
                                    arrived_as,
                                    counted_at: earlier
                                        .get(id)
                                        .copied()
                                        .or_else(|| counts.then_some(row.at)),
                                    volume: Rc::clone(&volume),
                                });
                            }
                        }
                        Entry::Judged { op, verdict } => {
                            // In a worker's own log it is a notice, and repeats what the child's log says.
                            if let Some(at) = reading.by_id.get(op).copied()
                                && scope == reading.ops[at].volume.commit.scope
                                && verdict.is_applied()
                            {
                                reading.ops[at].counted_at.get_or_insert(row.at);
                            }
                        }
                    }
                }
                let log = Log {
                    statements: tx.statements(&scope)?,
                    digest: tx
                        .last(&scope)?
                        .map(|(_, digest)| digest)
                        .unwrap_or_default(),
                    rows,
                };
                reading.logs.insert(scope, log);
            }
            Ok::<(), StoreError>(())
        })?;
        for stated in reading.ops.iter_mut().filter(|s| !s.fact.is_applied()) {
            stated.counted_at = None;
        }
        let placements = reading.ops.iter().filter(|stated| stated.fact.is_applied());
        reading.placed = placements
            .filter_map(|stated| match &stated.content {
                Some(Content::Placement { op, .. }) => Some(*op),
                _ => None,
            })
            .collect();
        Ok(reading)
    }

    /// Whether an applied placement names this statement.
    pub(crate) fn was_placed(&self, id: &OpId) -> bool {
        self.placed.contains(id)
    }

    pub(crate) fn op(&self, id: &OpId) -> Option<&Stated> {
        self.by_id.get(id).map(|at| &self.ops[*at])
    }

    /// The facts of each record's targets, without asking, finishing and overseeing, in log order.
    pub(crate) fn groups(&self) -> BTreeMap<(RecordId, &Target), Vec<&Stated>> {
        let mut groups: BTreeMap<(RecordId, &Target), Vec<&Stated>> = BTreeMap::new();
        for stated in &self.ops {
            if !stated.fact.kind.is_about_the_record() {
                groups
                    .entry((stated.fact.record, &stated.fact.target))
                    .or_default()
                    .push(stated);
            }
        }
        groups
    }

    /// A record as the page function takes it.
    pub(crate) fn statements(&self, record: &RecordId) -> Vec<Statement> {
        self.by_record
            .get(record)
            .into_iter()
            .flatten()
            .map(|at| &self.ops[*at])
            .map(|stated| Statement {
                fact: stated.fact.clone(),
                content: stated.content.clone(),
                written: stated.volume.commit.clocks.wall,
                received: None,
                counted_at: stated.counted_at,
            })
            .collect()
    }

    pub(crate) fn kind_of(&self, record: &RecordId) -> RecordKind {
        self.by_record
            .get(record)
            .and_then(|ops| ops.first())
            .map_or(RecordKind::Unknown(0), |at| {
                self.ops[*at].volume.commit.record_kind
            })
    }

    /// The finish that stands: the first that counted.
    pub(crate) fn finish_of(&self, record: &RecordId) -> Option<&Stated> {
        self.by_record
            .get(record)?
            .iter()
            .map(|at| &self.ops[*at])
            .filter(|stated| stated.fact.kind == Kind::Finish && stated.counted_at.is_some())
            .min_by_key(|stated| stated.counted_at)
    }

    /// Whether this person opened the unfinished text of the record after a statement had come.
    pub(crate) fn opened_for(&self, reader: WorkerId, stated: &Stated) -> bool {
        let came = |stated: &Stated| {
            let there = self.commits.get(&stated.volume.hash);
            there.map(|(scope, at, _)| (*scope, *at))
        };
        let ops = self.by_record.get(&stated.fact.record);
        ops.into_iter()
            .flatten()
            .map(|at| &self.ops[*at])
            .filter(|other| other.fact.kind == Kind::Open && other.fact.author == reader)
            .any(|other| other.fact.is_applied() && came(other) > came(stated))
    }

    /// Everything that an applied finish of the record lists.
    pub(crate) fn released(&self, record: &RecordId) -> Vec<OpId> {
        self.by_record
            .get(record)
            .into_iter()
            .flatten()
            .map(|at| &self.ops[*at])
            .filter(|stated| stated.fact.kind == Kind::Finish && stated.fact.is_applied())
            .filter_map(|stated| match &stated.content {
                Some(Content::Finish(ids)) => Some(ids.clone()),
                _ => None,
            })
            .flatten()
            .collect()
    }
}

/// A name for an operation that is the same whatever the clocks were.
pub(crate) fn plain(ledger: &Ledger, stated: &Stated) -> String {
    match ledger.plain_name(&stated.fact.id) {
        Some((phone, number, index)) => format!("{phone}.{number}.{index}"),
        None => {
            let commit = &stated.volume.commit;
            let [.., epoch] = commit.origin.device.0;
            format!("council.{epoch}.{}.{}", commit.seq, stated.index)
        }
    }
}

/// Since when a statement has counted that an epoch before a restore had applied, by the receipts that its author's phone has.
fn counted_earlier(world: &World) -> BTreeMap<OpId, LogPosition> {
    let mut counted = BTreeMap::new();
    for phone in &world.phones {
        for own in phone.disk.own.iter().filter(|own| !own.lost) {
            let volume = &own.written.volume;
            let Some(earlier) = phone.disk.earlier.get(&volume.hash) else {
                continue;
            };
            for (id, verdict) in volume.ids.iter().zip(&earlier.verdicts) {
                if verdict.is_applied() {
                    let at = counted.entry(*id).or_insert(earlier.at);
                    *at = (*at).min(earlier.at);
                }
            }
        }
    }
    counted
}

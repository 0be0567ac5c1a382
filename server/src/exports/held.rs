//! What the council holds about each child at a moment, read out of the log and folded as everywhere else.
//!
//! Only three kinds of record are read: a child's imported facts, a child's visits and the council's own. Of these the texts are
//! left out as they come from the store. So no sentence that anybody wrote, and nothing that a child gave, is ever in the hands
//! of the code that makes the files.
//!
//! A statement counts if the council had received it by the moment asked about. What was judged again later counts from the place in
//! the log at which it was; where that falls between two commits, from the later of them. So the files of a moment come out
//! the same whenever they are made, but for what was redacted since.

use std::collections::{BTreeMap, BTreeSet};

use visitbook_record::commit::{Commit, RecordKind, Role};
use visitbook_record::id::{CommitHash, OpId, RecordId, WorkerId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::page::{Page, Statement, View, lay_out};
use visitbook_record::payload::Content;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::{Reason, Verdict};

use crate::store::{Entry, ReadTx, StoreError, StoredOp};

/// Rows read from a log at a time.
const BATCH: usize = 256;

/// The kinds of record that are read; no other is even opened.
const READ: [RecordKind; 3] = [RecordKind::Child, RecordKind::Visit, RecordKind::Council];

/// One record, folded.
pub(super) struct Record {
    pub(super) id: RecordId,
    pub(super) kind: RecordKind,
    pub(super) statements: Vec<Statement>,
    pub(super) page: Page,
}

impl Record {
    /// The answer of one statement; `None` if it cannot be read.
    pub(super) fn code(&self, at: usize) -> Option<&str> {
        self.statements.get(at)?.fact.answer.code()
    }

    /// What was imported about a target: the only answer, or of several the last.
    pub(super) fn imported(&self, target: &Target) -> Option<&str> {
        let question = self.page.questions.get(target)?;
        self.code(question.standing.or(question.live.last().copied())?)
    }

    /// The elements of a set that stand.
    pub(super) fn elements(&self, field: &str) -> Vec<&str> {
        let is_one = |target: &&Target| target.name() == field && target.part_name().is_none();
        let targets = self.page.questions.keys().filter(is_one);
        targets.filter_map(Target::element_id).collect()
    }
}

/// One child's records.
pub(super) struct HeldChild {
    pub(super) id: RecordId,
    /// The child's own record, if there is one.
    pub(super) own: Option<Record>,
    /// Visits, entered in error or not, by id.
    pub(super) visits: Vec<Record>,
}

/// Everything the files are made of.
pub(super) struct Held {
    pub(super) children: Vec<HeldChild>,
    /// The council's own record: its staff.
    pub(super) council: Option<Record>,
    /// Visits that lie in restricted scopes. They are counted and not read.
    pub(super) restricted: usize,
}

/// Reads what the council had received by `at`. Blocks; reads the children's logs whole.
///
/// # Errors
/// [`StoreError`].
pub(super) fn read(view: &dyn ReadTx, at: WallMillis) -> Result<Held, StoreError> {
    let mut held = Held {
        children: Vec::new(),
        council: None,
        restricted: 0,
    };
    for scope in view.scopes()? {
        match scope {
            Scope::Council => {
                let records = records(view, scope, at)?;
                held.council = records.into_iter().next();
            }
            Scope::Child(child) => {
                let mut child = HeldChild {
                    id: child,
                    own: None,
                    visits: Vec::new(),
                };
                for record in records(view, scope, at)? {
                    if record.kind == RecordKind::Visit {
                        child.visits.push(record);
                    } else {
                        child.own = Some(record);
                    }
                }
                held.children.push(child);
            }
            Scope::Restricted(_) => {
                let visits = Log::read(view, scope, at)?.records;
                held.restricted += visits
                    .values()
                    .filter(|kind| **kind == RecordKind::Visit)
                    .count();
            }
            Scope::Worker(_) | Scope::Audit(_) => {}
        }
    }
    Ok(held)
}

/// One scope's log as far as it bears on what counted when.
struct Log {
    /// Its records of the kinds that are read.
    records: BTreeMap<RecordId, RecordKind>,
    /// Where each commit lies, and when it was received.
    commits: BTreeMap<CommitHash, (LogPosition, WallMillis)>,
    /// The verdicts on arrival that counted.
    on_arrival: BTreeSet<OpId>,
    /// Where a statement came to count later.
    later: BTreeMap<OpId, LogPosition>,
    /// The last commit received by then.
    last: Option<LogPosition>,
}

impl Log {
    fn read(view: &dyn ReadTx, scope: Scope, at: WallMillis) -> Result<Self, StoreError> {
        let mut log = Self {
            records: BTreeMap::new(),
            commits: BTreeMap::new(),
            on_arrival: BTreeSet::new(),
            later: BTreeMap::new(),
            last: None,
        };
        let mut after = None;
        loop {
            let rows = view.log(&scope, after, BATCH)?;
            let Some(last) = rows.last().map(|row| row.at) else {
                return Ok(log);
            };
            after = Some(last);
            for row in rows {
                match row.entry {
                    Entry::Judged { op, verdict } if verdict.is_applied() => {
                        log.later.entry(op).or_insert(row.at);
                    }
                    Entry::Judged { .. } => {}
                    Entry::Commit(hash) => log.note(view, hash, at)?,
                }
            }
        }
    }

    fn note(
        &mut self,
        view: &dyn ReadTx,
        hash: CommitHash,
        at: WallMillis,
    ) -> Result<(), StoreError> {
        let stored = view.commit(&hash)?.ok_or(StoreError::Missing("commit"))?;
        if stored.received > at {
            return Ok(());
        }
        let commit = Commit::from_bytes(&stored.signed.bytes)
            .map_err(|_| StoreError::Unreadable("commit"))?;
        self.last = self.last.max(Some(stored.at));
        self.commits.insert(hash, (stored.at, stored.received));
        let counted = stored.ops.iter().zip(&stored.verdicts);
        let counted = counted.filter(|(_, verdict)| verdict.is_applied());
        self.on_arrival.extend(counted.map(|(op, _)| *op));
        if READ.contains(&commit.record_kind) {
            self.records.insert(commit.record, commit.record_kind);
        }
        Ok(())
    }

    /// Where a statement counts from, if it did by then.
    fn counted_at(&self, op: &StoredOp, at: LogPosition, placed: bool) -> Option<LogPosition> {
        if !op.fact.is_applied() {
            return None;
        }
        if self.on_arrival.contains(&op.fact.id) {
            return Some(at);
        }
        let later = *self.later.get(&op.fact.id)?;
        // In another life of the log everything is there again, at a new place.
        let known = placed || later.epoch != at.epoch || Some(later) <= self.last;
        known.then_some(later)
    }
}

fn records(view: &dyn ReadTx, scope: Scope, at: WallMillis) -> Result<Vec<Record>, StoreError> {
    let log = Log::read(view, scope, at)?;
    let mut all = Vec::with_capacity(log.records.len());
    for (id, kind) in &log.records {
        let statements = statements(view, &log, id)?;
        all.push(Record {
            id: *id,
            kind: *kind,
            page: lay_out(*kind, &statements, View::Shared),
            statements,
        });
    }
    Ok(all)
}

fn statements(
    view: &dyn ReadTx,
    log: &Log,
    record: &RecordId,
) -> Result<Vec<Statement>, StoreError> {
    let mut received = Vec::new();
    let mut placed: BTreeSet<OpId> = BTreeSet::new();
    for op in view.ops_of_record(record)? {
        let Some((position, at)) = log.commits.get(&op.commit).copied() else {
            continue;
        };
        if op.fact.kind.is_entry() || op.fact.policy == Policy::Words {
            continue;
        }
        let content = arranging(view, &op)?;
        if let (true, Some(Content::Placement { op, .. })) = (op.fact.is_applied(), &content) {
            placed.insert(*op);
        }
        received.push((position, at, op, content));
    }
    received.sort_by_key(|(position, _, op, _)| (*position, op.index));
    let statements = received.into_iter().map(|(position, at, op, content)| {
        let counted_at = log.counted_at(&op, position, placed.contains(&op.fact.id));
        let mut fact = op.fact;
        if counted_at.is_none() && fact.is_applied() {
            fact.verdict = Some(not_yet(&fact));
        }
        Statement {
            fact,
            content,
            written: at,
            received: Some(at),
            counted_at,
        }
    });
    Ok(statements.collect())
}

/// The payloads that arrange and do not tell: which statements a finish lists, who was given a child, what was put where.
fn arranging(view: &dyn ReadTx, op: &StoredOp) -> Result<Option<Content>, StoreError> {
    if !matches!(
        op.fact.kind,
        Kind::Finish | Kind::Assign | Kind::Unassign | Kind::Place
    ) {
        return Ok(None);
    }
    let payload = view.payload(&op.fact.id)?;
    Ok(payload.and_then(|payload| payload.content().ok()))
}

/// How a statement stood that came to count only later: set aside where it can be a more worrying answer, else waiting.
fn not_yet(fact: &visitbook_record::fact::Fact) -> Verdict {
    if fact.policy == Policy::Risk && !fact.kind.settles() {
        Verdict::Quarantined {
            reason: Reason::NotHeld,
            owner: fact.author,
        }
    } else {
        Verdict::Held {
            missing: Vec::new(),
        }
    }
}

/// Who holds a child in a role, by the assignments that stand in the child's own record: of each worker the last word. Of several
/// the one who was given the child last.
pub(super) fn holder(record: &Record, role: Role) -> Option<WorkerId> {
    let mut last: BTreeMap<WorkerId, (Option<LogPosition>, Option<Role>)> = BTreeMap::new();
    for statement in &record.statements {
        let (Kind::Assign | Kind::Unassign, Some(Content::Assignment(given))) =
            (statement.fact.kind, &statement.content)
        else {
            continue;
        };
        if statement.counted_at.is_none() {
            continue;
        }
        let held = (statement.fact.kind == Kind::Assign).then_some(given.role);
        let now = last.entry(given.worker).or_default();
        if statement.counted_at >= now.0 {
            *now = (statement.counted_at, held);
        }
    }
    last.into_iter()
        .filter(|(_, (_, held))| *held == Some(role))
        .max_by_key(|(_, (given, _))| *given)
        .map(|(worker, _)| worker)
}

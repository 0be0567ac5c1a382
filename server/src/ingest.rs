//! Taking commits in: exact bytes to verdicts, positions and receipts, in one storage transaction.
//!
//! In two steps, because the first needs no transaction and costs most: [`prepare`] reads the bytes, names everything and
//! checks the signature; [`take`] judges, appends and writes the receipt statement. Nothing that a device signed is ever
//! thrown away here; a verdict may set an operation aside, and a refusal is only for bytes that no enrolled device signed
//! or that no device of ours could have saved.

mod again;
mod earlier;
mod twice;

use std::cell::Cell;
use std::collections::BTreeMap;

use visitbook_record::commit::Commit;
use visitbook_record::digest::ScopeDigest;
use visitbook_record::fact::{Answer, Fact, RecordHome, is_withheld_until_finish};
use visitbook_record::id::{
    CommitHash, CouncilId, OpId, PayloadHash, RecordId, StatementHash, WorkerId,
};
use visitbook_record::judge::{Context, DeviceStanding, KnownOp, judge_facts};
use visitbook_record::limits;
use visitbook_record::op::Kind;
use visitbook_record::payload::{self, Content, Payload};
use visitbook_record::redaction::names as redaction_names;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::{
    EnvelopeBody, ReceiptStatement, Received, Refusal, Signed, UploadReply,
};

use self::twice::Before;
pub use earlier::welcome;

use crate::attachments;
use crate::notice;
use crate::redaction;
use crate::rights;
use crate::store::{
    Assignment, Device, Entry, FamilySession, ReadTx, StoreError, StoredCommit, StoredOp, WriteTx,
};
use crate::suite::Suite;
use crate::unfinished;

/// Beyond the largest commit a device may save: what its own framing may add.
const FRAME_SLACK: usize = 64 << 10;

/// How many bytes of payload one log position may release. A finish that releases more goes on at further positions, so
/// that no single entry outgrows a page.
const RELEASE_BYTES: usize = 1 << 20;

/// A commit whose bytes are proven and whose signature verifies, ready to be judged.
#[derive(Clone)]
pub struct Incoming {
    commit: Commit,
    signed: Signed,
    hash: CommitHash,
    contents: Vec<Option<Content>>,
    payloads: Vec<Option<Payload>>,
    /// The device, where the store lacks it and the council vouched for it once.
    newcomer: Option<Device>,
    /// What an earlier life of this log said of the commit.
    earlier: Option<earlier::Earlier>,
}

/// Reads one envelope's body, and checks that an enrolled device of this council signed it.
///
/// # Errors
/// [`StoreError`]. The inner error says why the bytes are not taken.
pub fn prepare(
    view: &dyn ReadTx,
    suite: &dyn Suite,
    council: CouncilId,
    body: EnvelopeBody,
) -> Result<Result<Incoming, Refusal>, StoreError> {
    let size = body.commit.bytes.len()
        + body
            .payloads
            .iter()
            .map(|p| p.bytes.len() + p.salt.0.len())
            .sum::<usize>();
    if size > limits::COMMIT_BYTES + FRAME_SLACK || body.payloads.len() > limits::COMMIT_OPS {
        return Ok(Err(Refusal::BeyondLimits));
    }
    let Ok(commit) = Commit::from_bytes(&body.commit.bytes) else {
        return Ok(Err(Refusal::Malformed));
    };
    if commit.council != council {
        return Ok(Err(Refusal::OtherCouncil));
    }
    if commit.ops.len() > limits::COMMIT_OPS {
        return Ok(Err(Refusal::BeyondLimits));
    }
    let known = view.device(&commit.origin.device)?;
    let newcomer = match (&known, &body.certificate) {
        (None, None) => return Ok(Err(Refusal::NoCertificate)),
        (None, Some(certificate)) => suite
            .certified(certificate)
            .filter(|device| device.id == commit.origin.device),
        (Some(_), _) => None,
    };
    let Some(device) = known.as_ref().or(newcomer.as_ref()) else {
        return Ok(Err(Refusal::NotSigned));
    };
    if !suite.verify_commit(
        &device.public_key,
        &body.commit.bytes,
        &body.commit.signature,
    ) {
        return Ok(Err(Refusal::NotSigned));
    }
    let mut by_hash: BTreeMap<PayloadHash, Payload> = body
        .payloads
        .into_iter()
        .map(|payload| (payload.hash(), payload))
        .collect();
    // Two operations may name one payload; the last one to ask takes it, earlier ones a copy.
    let mut uses: BTreeMap<PayloadHash, usize> = BTreeMap::new();
    for hash in commit.ops.iter().filter_map(|op| op.payload) {
        *uses.entry(hash).or_default() += 1;
    }
    let payloads: Vec<Option<Payload>> = commit
        .ops
        .iter()
        .map(|op| {
            let hash = op.payload?;
            let left = uses.get_mut(&hash)?;
            *left -= 1;
            if *left == 0 {
                by_hash.remove(&hash)
            } else {
                by_hash.get(&hash).cloned()
            }
        })
        .collect();
    let contents = payloads
        .iter()
        .map(|payload| payload.as_ref().and_then(|p| p.content().ok()))
        .collect();
    let hash = Commit::hash_of(&body.commit.bytes);
    let earlier = match body.receipt {
        Some(statement) => earlier::proven(view, suite, &commit, hash, statement)?,
        None => None,
    };
    Ok(Ok(Incoming {
        commit,
        signed: body.commit,
        hash,
        contents,
        payloads,
        newcomer,
        earlier,
    }))
}

impl Incoming {
    /// The commit's name.
    #[must_use]
    pub fn hash(&self) -> CommitHash {
        self.hash
    }

    /// What it says, but for its words.
    #[must_use]
    pub fn commit(&self) -> &Commit {
        &self.commit
    }

    /// The family sessions that it tells of.
    pub fn family_sessions(&self) -> impl Iterator<Item = [u8; 16]> + '_ {
        self.contents.iter().filter_map(|content| match content {
            Some(Content::FamilySession(session)) => Some(session.session),
            _ => None,
        })
    }
}

/// Judges and appends the commits of one session, in the order given within each scope, and gives the signed statements that
/// cover them: one new statement for each scope, and the stored one for each commit that was there already.
///
/// # Errors
/// [`StoreError`]; the caller's transaction must then be given up.
pub fn take(
    tx: &mut dyn WriteTx,
    suite: &dyn Suite,
    now: WallMillis,
    session: Vec<Incoming>,
) -> Result<Vec<Signed>, StoreError> {
    let mut statements: BTreeMap<StatementHash, Signed> = BTreeMap::new();
    let mut order: Vec<StatementHash> = Vec::new();
    let mut by_scope: Vec<(Scope, Vec<Incoming>)> = Vec::new();
    let mut given: Vec<payload::Assignment> = Vec::new();
    for incoming in session {
        if let Some(newcomer) = &incoming.newcomer {
            welcome(tx, newcomer)?;
        }
        given.extend(earlier::assignments_in(&incoming));
        if let Some(stored) = tx.commit(&incoming.hash)? {
            if let Some(earlier) = &incoming.earlier {
                ScopeWriter::open(tx, stored.scope, now)?.remember(&stored, earlier)?;
            }
            let (_, statement) = tx
                .statement_at(&stored.scope, stored.at)?
                .ok_or(StoreError::Missing("receipt statement"))?;
            remember(&mut statements, &mut order, statement);
            let scope = stored.scope;
            ScopeWriter::open(tx, scope, now)?.complete(&stored, &incoming)?;
            continue;
        }
        let scope = incoming.commit.scope;
        match by_scope.iter_mut().find(|(other, _)| *other == scope) {
            Some((_, group)) => group.push(incoming),
            None => by_scope.push((scope, vec![incoming])),
        }
    }
    for (scope, group) in by_scope {
        let statement = ScopeWriter::open(tx, scope, now)?.take(group, suite)?;
        remember(&mut statements, &mut order, statement);
    }
    for assignment in given {
        let scope = Scope::Child(assignment.child);
        ScopeWriter::open(tx, scope, now)?.judge_lost_rights(assignment.worker)?;
    }
    Ok(order
        .iter()
        .filter_map(|hash| statements.remove(hash))
        .collect())
}

fn remember(
    statements: &mut BTreeMap<StatementHash, Signed>,
    order: &mut Vec<StatementHash>,
    statement: Signed,
) {
    let hash = ReceiptStatement::hash_of(&statement.bytes);
    if statements.insert(hash, statement).is_none() {
        order.push(hash);
    }
}

/// Both steps for one session's opened envelopes, each with its number in the session.
///
/// # Errors
/// [`StoreError`]; the caller's transaction must then be given up.
pub fn ingest(
    tx: &mut dyn WriteTx,
    suite: &dyn Suite,
    council: CouncilId,
    now: WallMillis,
    bodies: Vec<(u64, EnvelopeBody)>,
) -> Result<UploadReply, StoreError> {
    let mut session = Vec::with_capacity(bodies.len());
    let (mut taken, mut refused) = (Vec::new(), Vec::new());
    for (number, body) in bodies {
        match prepare(tx, suite, council, body)? {
            Ok(incoming) => {
                session.push(incoming);
                taken.push(number);
            }
            Err(refusal) => refused.push((number, refusal)),
        }
    }
    let statements = take(tx, suite, now, session)?;
    let epoch = tx.epoch()?;
    Ok(UploadReply {
        statements,
        refused,
        time: now,
        epoch,
        taken: if epoch > 1 { taken } else { Vec::new() },
    })
}

/// Appends to one scope's log, keeping its digest.
struct ScopeWriter<'a> {
    tx: &'a mut dyn WriteTx,
    scope: Scope,
    now: WallMillis,
    digest: ScopeDigest,
}

impl<'a> ScopeWriter<'a> {
    fn open(tx: &'a mut dyn WriteTx, scope: Scope, now: WallMillis) -> Result<Self, StoreError> {
        let digest = tx
            .last(&scope)?
            .map(|(_, digest)| digest)
            .unwrap_or_default();
        Ok(Self {
            tx,
            scope,
            now,
            digest,
        })
    }

    fn take(mut self, group: Vec<Incoming>, suite: &dyn Suite) -> Result<Signed, StoreError> {
        let mut first = None;
        let mut received: Vec<Received> = Vec::with_capacity(group.len());
        let mut touched: Vec<RecordId> = Vec::new();
        let mut overflow = Vec::new();
        let mut placed = Vec::new();
        let mut ended = Vec::new();
        for incoming in group {
            // The same commit twice in one session: once is enough, and this statement covers it.
            if received.iter().any(|r| r.commit == incoming.hash) {
                continue;
            }
            if !touched.contains(&incoming.commit.record) {
                touched.push(incoming.commit.record);
            }
            placed.extend(again::placements(&incoming));
            ended.extend(endings(&incoming, self.scope));
            let (at, one) = self.commit(incoming, &mut overflow)?;
            first.get_or_insert(at);
            received.push(one);
        }
        let first = first.ok_or(StoreError::Missing("commit to receipt"))?;
        for (op, verdict, released) in overflow {
            self.judged(op, verdict, released)?;
        }
        for (placement, op) in placed {
            self.place(&placement, &op)?;
        }
        for record in touched {
            self.judge_held(record)?;
        }
        for child in ended {
            notice::of_what_was_judged(self.tx, self.scope, child)?;
        }
        let statement = ReceiptStatement {
            scope: self.scope,
            first,
            received,
            time: self.now,
            previous: self.tx.last_statement(&self.scope)?,
        };
        let bytes = visitbook_record::cbor::encode(&statement);
        let signature = suite.sign_receipt(&bytes);
        let signed = Signed { bytes, signature };
        self.tx.put_statement(&self.scope, first, &signed)?;
        Ok(signed)
    }

    fn commit(
        &mut self,
        incoming: Incoming,
        overflow: &mut Vec<(OpId, Verdict, Vec<OpId>)>,
    ) -> Result<(LogPosition, Received), StoreError> {
        let Incoming {
            commit,
            signed,
            hash,
            contents,
            payloads,
            earlier,
            ..
        } = incoming;
        let device = self
            .tx
            .device(&commit.origin.device)?
            .ok_or(StoreError::Missing("device"))?;
        let rights = rights::of_commit(self.tx, &device, &commit)?;
        let owner = rights::owner(self.tx, self.scope, commit.author)?;
        let home = self.tx.home(&commit.record)?;
        let facts = Fact::of_commit(&commit, &contents);
        let verdicts = with_known(self.tx, commit.author, |known| {
            let context = Context {
                device: standing(&device),
                rights,
                owner,
                home,
                known,
            };
            judge_facts(&context, &commit, &facts, &contents)
        })?;
        let verdicts = earlier::kept_to(earlier.as_ref(), verdicts);
        if let Some(earlier) = &earlier {
            self.tx.put_earlier(&hash, &earlier.statement)?;
        }
        let before = Before::look(self.tx, &self.scope, &commit, &facts)?;
        let verdicts = before.kept_to(&facts, verdicts);

        let ops = facts.iter().map(|fact| fact.id).collect();
        let mut released = Vec::new();
        let mut redactions = Vec::new();
        for (index, ((mut fact, verdict), payload)) in
            (0..).zip(facts.into_iter().zip(&verdicts).zip(payloads))
        {
            if !before.counts(&fact.id) {
                self.digest.add(&fact.id, verdict);
            }
            if before.has(&fact.id) {
                continue;
            }
            fact.verdict = Some(verdict.clone());
            let (id, kind) = (fact.id, fact.kind);
            let removed = match commit.ops.get(index as usize).and_then(|op| op.payload) {
                Some(hash) => redaction::forbids(self.tx, id, hash, commit.record, &fact.target)?,
                None => false,
            };
            if removed {
                fact.answer = Answer::Unreadable;
            }
            if kind == Kind::Redact
                && verdict.is_applied()
                && let Some(named) = redaction_names(&fact.target)
            {
                redactions.push((id, named, index));
            }
            let is_finish = fact.kind == Kind::Finish && verdict.is_applied();
            let is_opening = fact.kind == Kind::Open && verdict.is_applied();
            let withheld = is_withheld_until_finish(commit.record_kind, fact.kind);
            self.tx.put_op(StoredOp {
                fact,
                commit: hash,
                index,
                withheld,
            })?;
            if let Some(payload) = payload.filter(|_| !removed) {
                self.tx.put_payload(&self.scope, &id, &payload)?;
                let content = contents.get(index as usize).and_then(Option::as_ref);
                attachments::named(self.tx, (&id, kind), self.scope, device.id, content)?;
            }
            if let Some(Some(Content::FamilySession(opened))) = contents.get(index as usize)
                && let Some(child) = self.scope.child().filter(|child| *child == commit.record)
            {
                // Whatever the verdict: what the child handed in never waits for a question about the worker.
                self.tx.put_family_session(FamilySession {
                    session: opened.session,
                    child,
                    worker: commit.author,
                    op: id,
                })?;
            }
            let parts = if is_finish {
                let listed = contents.get(index as usize).and_then(Option::as_ref);
                self.release(listed)?
            } else if is_opening {
                let withheld = unfinished::withheld_in(self.tx, &commit.record)?;
                self.in_parts(withheld)?
            } else {
                Vec::new()
            };
            let mut parts = parts.into_iter();
            released.extend(parts.next().unwrap_or_default());
            overflow.extend(parts.map(|part| (id, verdict.clone(), part)));
        }
        let at = self
            .tx
            .append(&self.scope, &Entry::Commit(hash), &released, &self.digest)?;
        if device.is_writer {
            self.project_assignments(&commit, &verdicts, &contents, at)?;
        }
        if home.is_none() {
            let home = RecordHome {
                scope: self.scope,
                kind: commit.record_kind,
            };
            self.tx.set_home(&commit.record, home)?;
        }
        self.tx.put_commit(StoredCommit {
            hash,
            origin: commit.origin,
            seq: commit.seq,
            scope: self.scope,
            at,
            signed,
            received: earlier.map_or(self.now, |earlier| earlier.time),
            ops,
            verdicts: verdicts.clone(),
            author_held: rights.role_now.is_some(),
        })?;
        for (by, named, index) in redactions {
            let said = match contents.get(index as usize) {
                Some(Some(Content::Redaction(said))) => Some(said),
                _ => None,
            };
            redaction::carry_out(self.tx, by, commit.record, named, said)?;
        }
        let received = Received {
            commit: hash,
            verdicts,
        };
        Ok((at, received))
    }

    /// Takes the withheld mark off what an applied finish lists, and gives those operations in parts that fit a page.
    fn release(&mut self, finish: Option<&Content>) -> Result<Vec<Vec<OpId>>, StoreError> {
        let Some(Content::Finish(ids)) = finish else {
            return Ok(Vec::new());
        };
        let mut freed = Vec::new();
        for id in ids {
            if let Some(mut op) = self.tx.op(id)?.filter(|op| op.withheld) {
                op.withheld = false;
                self.tx.put_op(op)?;
                freed.push(*id);
            }
        }
        self.in_parts(freed)
    }

    /// Operations in parts whose payloads fit a page.
    fn in_parts(&self, ids: Vec<OpId>) -> Result<Vec<Vec<OpId>>, StoreError> {
        let mut parts = Vec::new();
        let mut part = Vec::new();
        let mut bytes = 0;
        for id in ids {
            let size = self.tx.payload(&id)?.map_or(0, |p| p.bytes.len());
            if bytes + size > RELEASE_BYTES && !part.is_empty() {
                parts.push(std::mem::take(&mut part));
                bytes = 0;
            }
            bytes += size;
            part.push(id);
        }
        parts.push(part);
        Ok(parts)
    }

    fn judged(
        &mut self,
        op: OpId,
        verdict: Verdict,
        released: Vec<OpId>,
    ) -> Result<LogPosition, StoreError> {
        let entry = Entry::Judged { op, verdict };
        self.tx.append(&self.scope, &entry, &released, &self.digest)
    }

    /// Keeps the table of who holds whom in step with the writer's entries in the workers' own logs.
    fn project_assignments(
        &mut self,
        commit: &Commit,
        verdicts: &[Verdict],
        contents: &[Option<Content>],
        at: LogPosition,
    ) -> Result<(), StoreError> {
        let Scope::Worker(worker) = self.scope else {
            return Ok(());
        };
        for ((op, verdict), content) in commit.ops.iter().zip(verdicts).zip(contents) {
            let Some(Content::Assignment(assignment)) = content else {
                continue;
            };
            if !verdict.is_applied() || assignment.worker != worker {
                continue;
            }
            self.tx.end_assignment(&worker, &assignment.child, at)?;
            if op.kind == Kind::Assign {
                self.tx.put_assignment(Assignment {
                    worker,
                    child: assignment.child,
                    role: assignment.role,
                    from: at,
                    until: None,
                })?;
            }
        }
        Ok(())
    }
}

/// The children that a commit of the server's writer takes from the worker whose log this is.
fn endings(incoming: &Incoming, scope: Scope) -> Vec<RecordId> {
    let Scope::Worker(worker) = scope else {
        return Vec::new();
    };
    let ops = incoming.commit.ops.iter().zip(&incoming.contents);
    ops.filter_map(|(op, content)| match content {
        Some(Content::Assignment(ended)) if op.kind == Kind::Unassign && ended.worker == worker => {
            Some(ended.child)
        }
        _ => None,
    })
    .collect()
}

fn standing(device: &Device) -> DeviceStanding {
    DeviceStanding {
        holder: device.holder,
        is_writer: device.is_writer,
        ended: device.ended,
    }
}

/// Judging is a pure function and cannot fail; reading can. So the first failure to read is kept, and wins.
fn with_known<T>(
    view: &dyn ReadTx,
    author: WorkerId,
    judge: impl FnOnce(&dyn Fn(&OpId) -> Option<KnownOp>) -> T,
) -> Result<T, StoreError> {
    let failure = Cell::new(None);
    let look_up = |id: &OpId| -> Result<Option<KnownOp>, StoreError> {
        let Some(op) = view.op(id)? else {
            return Ok(None);
        };
        let withheld = unfinished::is_withheld_from(view, author, &op)?;
        let fact = op.fact;
        Ok(Some(KnownOp { fact, withheld }))
    };
    let known = |id: &OpId| {
        look_up(id).unwrap_or_else(|error| {
            failure.set(Some(error));
            None
        })
    };
    let result = judge(&known);
    match failure.get() {
        Some(error) => Err(error),
        None => Ok(result),
    }
}

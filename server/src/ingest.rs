//! Taking commits in: exact bytes to verdicts, positions and receipts, in one storage transaction.
//!
//! In two steps, because the first needs no transaction and costs most: [`prepare`] reads the bytes, names everything and
//! checks the signature; [`take`] judges, appends and writes the receipt statement. Nothing that a device signed is ever
//! thrown away here; a verdict may set an operation aside, and a refusal is only for bytes that no enrolled device signed
//! or that no device of ours could have saved.

use std::cell::Cell;
use std::collections::BTreeMap;

use visitbook_record::commit::Commit;
use visitbook_record::digest::ScopeDigest;
use visitbook_record::fact::{Fact, RecordHome, is_withheld_until_finish};
use visitbook_record::id::{
    CommitHash, CouncilId, OpId, PayloadHash, RecordId, StatementHash, WorkerId,
};
use visitbook_record::judge::{
    Context, DeviceStanding, KnownOp, Rights, judge_again, judge_commit,
};
use visitbook_record::limits;
use visitbook_record::op::Kind;
use visitbook_record::payload::{self, Content, Payload};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::{Reason, Verdict};
use visitbook_record::wire::{
    EnvelopeBody, ReceiptStatement, Received, Refusal, Signed, UploadReply,
};

use crate::rights;
use crate::store::{
    Assignment, Device, Entry, ReadTx, StoreError, StoredCommit, StoredOp, WriteTx,
};
use crate::suite::Suite;

/// Beyond the largest commit a device may save: what its own framing may add.
const FRAME_SLACK: usize = 64 << 10;

/// How many bytes of payload one log position may release. A finish that releases more goes on at further positions, so
/// that no single entry outgrows a page.
const RELEASE_BYTES: usize = 1 << 20;

/// Rows of a log read at a time when rights come back.
const LOST_BATCH: usize = 256;

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
    earlier: Option<Earlier>,
}

/// A receipt statement of an earlier epoch, proven, and what it says of one commit.
#[derive(Clone)]
struct Earlier {
    statement: Signed,
    time: WallMillis,
    verdicts: Vec<Verdict>,
}

/// The statement that a commit was given back with, if it is one of this council's, of an earlier epoch, and names it.
fn earlier(
    view: &dyn ReadTx,
    suite: &dyn Suite,
    commit: &Commit,
    hash: CommitHash,
    statement: Signed,
) -> Result<Option<Earlier>, StoreError> {
    let Ok(read) = visitbook_record::cbor::decode::<ReceiptStatement>(&statement.bytes) else {
        return Ok(None);
    };
    let of_an_earlier_life = read.scope == commit.scope && read.first.epoch < view.epoch()?;
    if !of_an_earlier_life
        || !suite.verify_receipt(read.first.epoch, &statement.bytes, &statement.signature)
    {
        return Ok(None);
    }
    let said = read
        .received
        .into_iter()
        .find(|one| one.commit == hash && one.verdicts.len() == commit.ops.len());
    Ok(said.map(|one| Earlier {
        statement,
        time: read.time,
        verdicts: one.verdicts,
    }))
}

/// The judgement of today, kept to what was said before the restore: what was applied stays applied and what was set aside
/// stays so. What waited is judged anew, and what waits today for words that are still to be given back waits again.
fn kept_to(earlier: Option<&Earlier>, today: Vec<Verdict>) -> Vec<Verdict> {
    let Some(earlier) = earlier else {
        return today;
    };
    today
        .into_iter()
        .zip(&earlier.verdicts)
        .map(|(today, before)| match before {
            Verdict::Held { .. } => today,
            _ if matches!(today, Verdict::Held { .. }) => today,
            _ => before.clone(),
        })
        .collect()
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
        Some(statement) => earlier(view, suite, &commit, hash, statement)?,
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
        given.extend(assignments_in(&incoming));
        if let Some(stored) = tx.commit(&incoming.hash)? {
            if let Some(earlier) = &incoming.earlier {
                ScopeWriter::open(tx, stored.scope, now)?.remember(&stored, earlier)?;
            }
            let (_, statement) = tx
                .statement_at(&stored.scope, stored.at)?
                .ok_or(StoreError::Missing("receipt statement"))?;
            remember(&mut statements, &mut order, statement);
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

/// Takes a device in that the store lacks and the council vouched for once. Its words count from now on; it is sent nothing
/// until a person has confirmed it.
///
/// # Errors
/// [`StoreError`]; the caller's transaction must then be given up.
pub fn welcome(tx: &mut dyn WriteTx, newcomer: &Device) -> Result<(), StoreError> {
    if tx.device(&newcomer.id)?.is_none() {
        tx.put_device(newcomer.clone())?;
        tx.put_unconfirmed(&newcomer.id)?;
    }
    Ok(())
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
    let mut refused = Vec::new();
    for (number, body) in bodies {
        match prepare(tx, suite, council, body)? {
            Ok(incoming) => session.push(incoming),
            Err(refusal) => refused.push((number, refusal)),
        }
    }
    let statements = take(tx, suite, now, session)?;
    Ok(UploadReply {
        statements,
        refused,
        time: now,
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
        for incoming in group {
            // The same commit twice in one session: once is enough, and this statement covers it.
            if received.iter().any(|r| r.commit == incoming.hash) {
                continue;
            }
            if !touched.contains(&incoming.commit.record) {
                touched.push(incoming.commit.record);
            }
            placed.extend(placements(&incoming));
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
        let verdicts = with_known(self.tx, |known| {
            let context = Context {
                device: standing(&device),
                rights,
                owner,
                home,
                known,
            };
            judge_commit(&context, &commit, &contents)
        })?;
        let verdicts = kept_to(earlier.as_ref(), verdicts);
        if let Some(earlier) = &earlier {
            self.tx.put_earlier(&hash, &earlier.statement)?;
        }

        let facts = Fact::of_commit(&commit, &contents);
        let ops = facts.iter().map(|fact| fact.id).collect();
        let mut released = Vec::new();
        for (index, ((mut fact, verdict), payload)) in
            (0..).zip(facts.into_iter().zip(&verdicts).zip(payloads))
        {
            self.digest.add(&fact.id, verdict);
            fact.verdict = Some(verdict.clone());
            let id = fact.id;
            let is_finish = fact.kind == Kind::Finish && verdict.is_applied();
            let withheld = is_withheld_until_finish(commit.record_kind, fact.kind);
            self.tx.put_op(StoredOp {
                fact,
                commit: hash,
                index,
                withheld,
            })?;
            if let Some(payload) = payload {
                self.tx.put_payload(&self.scope, &id, &payload)?;
            }
            if is_finish {
                let listed = contents.get(index as usize).and_then(Option::as_ref);
                let mut parts = self.release(listed)?.into_iter();
                released.extend(parts.next().unwrap_or_default());
                overflow.extend(parts.map(|part| (id, verdict.clone(), part)));
            }
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
        let received = Received {
            commit: hash,
            verdicts,
        };
        Ok((at, received))
    }

    /// A commit that somebody else gave back before now brings what was said of it before the restore: that it counted then
    /// it counts again, and everybody learns how early it was received.
    fn remember(mut self, stored: &StoredCommit, earlier: &Earlier) -> Result<(), StoreError> {
        if self.tx.earlier(&stored.hash)?.is_some() {
            return Ok(());
        }
        self.tx.put_earlier(&stored.hash, &earlier.statement)?;
        for (id, before) in stored.ops.iter().zip(&earlier.verdicts) {
            let mut op = self.tx.op(id)?.ok_or(StoreError::Missing("operation"))?;
            let is_finish = op.fact.kind == Kind::Finish;
            let counts_again = before.is_applied() && !op.fact.is_applied();
            if !counts_again && !is_finish {
                continue;
            }
            let mut parts = vec![Vec::new()];
            if counts_again {
                if let Some(old) = &op.fact.verdict {
                    self.digest.remove(id, old);
                }
                self.digest.add(id, before);
                op.fact.verdict = Some(before.clone());
                if !op.withheld {
                    parts = vec![vec![*id]];
                }
                self.tx.put_op(op.clone())?;
                if is_finish {
                    let listed = self.tx.payload(id)?.and_then(|p| p.content().ok());
                    parts.extend(self.release(listed.as_ref())?);
                }
            }
            let verdict = op.fact.verdict.ok_or(StoreError::Missing("verdict"))?;
            for part in parts {
                self.judged(*id, verdict.clone(), part)?;
            }
        }
        Ok(())
    }

    /// A worker's assignment came back that a restore had lost. What they sent before it, and what was set aside for the lack
    /// of it, is judged again.
    fn judge_lost_rights(mut self, worker: WorkerId) -> Result<(), StoreError> {
        let epoch = self.tx.epoch()?;
        if epoch == 1 {
            return Ok(());
        }
        let mut after = LogPosition { epoch, position: 0 };
        let mut waiting = Vec::new();
        loop {
            let rows = self.tx.log(&self.scope, Some(after), LOST_BATCH)?;
            let Some(last) = rows.last() else { break };
            after = last.at;
            for row in rows {
                let Entry::Commit(hash) = row.entry else {
                    continue;
                };
                let stored = self.tx.commit(&hash)?;
                let stored = stored.ok_or(StoreError::Missing("commit"))?;
                let commit = Commit::from_bytes(&stored.signed.bytes)
                    .map_err(|_| StoreError::Unreadable("commit"))?;
                if commit.author == worker && rights::names_lost_entry(self.tx, &commit)? {
                    waiting.extend(stored.ops.iter().copied());
                }
            }
        }
        for id in waiting {
            let op = self.tx.op(&id)?;
            let op = op.filter(|op| {
                let verdict = op.fact.verdict.as_ref();
                verdict.is_some_and(|verdict| {
                    matches!(
                        verdict,
                        Verdict::Quarantined {
                            reason: Reason::NotHeld,
                            ..
                        }
                    )
                })
            });
            if let Some(op) = op {
                self.judge_one_again(op)?;
            }
        }
        Ok(())
    }

    /// Lets a statement that was set aside count, if the placement that names it was applied.
    fn place(&mut self, placement: &OpId, op: &OpId) -> Result<(), StoreError> {
        let applied = self
            .tx
            .op(placement)?
            .is_some_and(|op| op.fact.is_applied());
        let Some(mut placed) = self
            .tx
            .op(op)?
            .filter(|op| applied && !op.fact.is_applied())
        else {
            return Ok(());
        };
        if let Some(old) = &placed.fact.verdict {
            self.digest.remove(op, old);
        }
        let verdict = Verdict::Applied;
        self.digest.add(op, &verdict);
        placed.fact.verdict = Some(verdict.clone());
        let is_finish = placed.fact.kind == Kind::Finish;
        let readable = if placed.withheld {
            Vec::new()
        } else {
            vec![*op]
        };
        self.tx.put_op(placed)?;
        let mut parts = vec![readable];
        if is_finish {
            let listed = self.tx.payload(op)?.and_then(|p| p.content().ok());
            parts.extend(self.release(listed.as_ref())?);
        }
        for part in parts {
            self.judged(*op, verdict.clone(), part)?;
        }
        Ok(())
    }

    /// Takes the withheld mark off what an applied finish lists, and gives those operations in parts that fit a page.
    fn release(&mut self, finish: Option<&Content>) -> Result<Vec<Vec<OpId>>, StoreError> {
        let Some(Content::Finish(ids)) = finish else {
            return Ok(Vec::new());
        };
        let mut parts = Vec::new();
        let mut part = Vec::new();
        let mut bytes = 0;
        for id in ids {
            let Some(mut op) = self.tx.op(id)?.filter(|op| op.withheld) else {
                continue;
            };
            let size = self.tx.payload(id)?.map_or(0, |p| p.bytes.len());
            if bytes + size > RELEASE_BYTES && !part.is_empty() {
                parts.push(std::mem::take(&mut part));
                bytes = 0;
            }
            bytes += size;
            part.push(*id);
            op.withheld = false;
            self.tx.put_op(op)?;
        }
        parts.push(part);
        Ok(parts)
    }

    /// Judges again what was held in a record and now has everything it waited for.
    fn judge_held(&mut self, record: RecordId) -> Result<(), StoreError> {
        // In the order of arrival, not of names: of two finishes that waited for the same words, the first to come stands.
        let mut waiting = Vec::new();
        for held in self.tx.held(&record)? {
            let at = self.tx.commit(&held.commit)?.map(|commit| commit.at);
            waiting.push((at, held.index, held));
        }
        waiting.sort_by_key(|(at, index, _)| (*at, *index));
        for (_, _, held) in waiting {
            let Some(Verdict::Held { missing }) = held.fact.verdict.clone() else {
                continue;
            };
            let mut still_missing = false;
            for id in &missing {
                still_missing |= self.tx.op(id)?.is_none();
            }
            if !still_missing {
                self.judge_one_again(held)?;
            }
        }
        Ok(())
    }

    fn judge_one_again(&mut self, mut held: StoredOp) -> Result<(), StoreError> {
        let stored = self
            .tx
            .commit(&held.commit)?
            .ok_or(StoreError::Missing("commit"))?;
        if stored.scope != self.scope {
            return Ok(());
        }
        let commit = Commit::from_bytes(&stored.signed.bytes)
            .map_err(|_| StoreError::Unreadable("commit"))?;
        let device = self
            .tx
            .device(&commit.origin.device)?
            .ok_or(StoreError::Missing("device"))?;
        let mut contents: Vec<Option<Content>> = vec![None; commit.ops.len()];
        let content = self
            .tx
            .payload(&held.fact.id)?
            .and_then(|p| p.content().ok());
        if let Some(slot) = contents.get_mut(held.index as usize) {
            slot.clone_from(&content);
        }
        // It was found in order on arrival but for what it waited for, and waiting must not change that: its author's
        // standing is taken as it was then. What was set aside because a restore had lost the author's rights was not.
        let was_held = matches!(held.fact.verdict, Some(Verdict::Held { .. }));
        let mut rights = rights::of_commit(self.tx, &device, &commit)?;
        if was_held {
            rights = Rights {
                stale: false,
                role_now: rights.role_known.filter(|_| stored.author_held),
                ..rights
            };
        }
        let owner = rights::owner(self.tx, self.scope, commit.author)?;
        let home = self.tx.home(&commit.record)?;
        let verdict = with_known(self.tx, |known| {
            let context = Context {
                device: DeviceStanding {
                    ended: false,
                    ..standing(&device)
                },
                rights,
                owner,
                home,
                known,
            };
            judge_again(&context, &commit, held.index as usize, &contents)
        })?
        .ok_or(StoreError::Unreadable("commit"))?;
        if matches!(verdict, Verdict::Held { .. }) {
            return Ok(());
        }
        let before = said_before(self.tx, &stored, held.index)?;
        let verdict = before.filter(Verdict::is_applied).unwrap_or(verdict);
        if held.fact.verdict.as_ref() == Some(&verdict) {
            return Ok(());
        }
        if let Some(old) = &held.fact.verdict {
            self.digest.remove(&held.fact.id, old);
        }
        self.digest.add(&held.fact.id, &verdict);
        let id = held.fact.id;
        let releases = held.fact.kind == Kind::Finish && verdict.is_applied();
        let readable = !was_held && !held.withheld;
        held.fact.verdict = Some(verdict.clone());
        self.tx.put_op(held)?;
        let mut parts = if releases {
            self.release(content.as_ref())?
        } else {
            Vec::new()
        };
        if readable {
            parts.insert(0, vec![id]);
        }
        if parts.is_empty() {
            parts.push(Vec::new());
        }
        for part in parts {
            self.judged(id, verdict.clone(), part)?;
        }
        Ok(())
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

/// The assignments in a commit of the council's own.
fn assignments_in(incoming: &Incoming) -> impl Iterator<Item = payload::Assignment> {
    let of_a_worker = matches!(incoming.commit.scope, Scope::Worker(_));
    incoming
        .contents
        .iter()
        .filter(move |_| of_a_worker)
        .filter_map(|content| match content {
            Some(Content::Assignment(assignment)) => Some(assignment.clone()),
            _ => None,
        })
}

/// The placements in a commit: each with the statement it puts in its place.
fn placements(incoming: &Incoming) -> Vec<(OpId, OpId)> {
    let ids = incoming.commit.op_ids();
    ids.into_iter()
        .zip(&incoming.contents)
        .filter_map(|(id, content)| match content {
            Some(Content::Placement { op, .. }) => Some((id, *op)),
            _ => None,
        })
        .collect()
}

/// What an earlier life of the log said of one operation, by the statement that its commit was given back with.
fn said_before(
    view: &dyn ReadTx,
    stored: &StoredCommit,
    index: u32,
) -> Result<Option<Verdict>, StoreError> {
    let Some(statement) = view.earlier(&stored.hash)? else {
        return Ok(None);
    };
    let read: ReceiptStatement = visitbook_record::cbor::decode(&statement.bytes)
        .map_err(|_| StoreError::Unreadable("statement"))?;
    Ok(read
        .received
        .into_iter()
        .find(|one| one.commit == stored.hash)
        .and_then(|one| one.verdicts.into_iter().nth(index as usize)))
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
    judge: impl FnOnce(&dyn Fn(&OpId) -> Option<KnownOp>) -> T,
) -> Result<T, StoreError> {
    let failure = Cell::new(None);
    let known = |id: &OpId| match view.op(id) {
        Ok(op) => op.map(|op| KnownOp {
            fact: op.fact,
            withheld: op.withheld,
        }),
        Err(error) => {
            failure.set(Some(error));
            None
        }
    };
    let result = judge(&known);
    match failure.get() {
        Some(error) => Err(error),
        None => Ok(result),
    }
}

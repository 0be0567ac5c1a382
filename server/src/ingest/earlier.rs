//! What a restored server is given back: earlier receipts and what they said, devices it lost, and rights that come back late.
//!
//! A verdict that was sent in a receipt is a promise, also of a server that is no more: what had been applied is applied again,
//! whoever gives it back and in whatever order (DESIGN §8, "A restored server is a new epoch").

use visitbook_record::commit::Commit;
use visitbook_record::id::{CommitHash, WorkerId};
use visitbook_record::op::Kind;
use visitbook_record::payload::{self, Content};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::{Reason, Verdict};
use visitbook_record::wire::{ReceiptStatement, Signed};

use super::{Incoming, ScopeWriter};
use crate::store::{Device, Entry, ReadTx, StoreError, StoredCommit, WriteTx};
use crate::suite::Suite;
use crate::{notice, rights};

/// Rows of a log read at a time when rights come back.
const LOST_BATCH: usize = 256;

/// A receipt statement of an earlier epoch, proven, and what it says of one commit.
#[derive(Clone)]
pub(super) struct Earlier {
    pub(super) statement: Signed,
    /// When it was received then.
    pub(super) time: WallMillis,
    verdicts: Vec<Verdict>,
}

/// The statement that a commit was given back with, if it is one of this council's, of an earlier epoch, and names it.
pub(super) fn proven(
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
pub(super) fn kept_to(earlier: Option<&Earlier>, today: Vec<Verdict>) -> Vec<Verdict> {
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

impl ScopeWriter<'_> {
    /// A commit that somebody else gave back before now brings what was said of it before the restore: that it counted then
    /// it counts again, and everybody learns how early it was received.
    pub(super) fn remember(
        mut self,
        stored: &StoredCommit,
        earlier: &Earlier,
    ) -> Result<(), StoreError> {
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
            notice::of_one(self.tx, self.scope, op.fact.author, id, &verdict)?;
        }
        Ok(())
    }

    /// A worker's assignment came back that a restore had lost. What they sent before it, and what was set aside for the lack
    /// of it, is judged again.
    pub(super) fn judge_lost_rights(mut self, worker: WorkerId) -> Result<(), StoreError> {
        if self.tx.epoch()? == 1 {
            return Ok(());
        }
        // Whatever came since the first restore may have named something lost, and later restores may have kept it.
        let mut after = LogPosition {
            epoch: 2,
            position: 0,
        };
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
}

/// The assignments in a commit of the council's own.
pub(super) fn assignments_in(incoming: &Incoming) -> impl Iterator<Item = payload::Assignment> {
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

/// What an earlier life of the log said of one operation, by the statement that its commit was given back with.
pub(super) fn said_before(
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

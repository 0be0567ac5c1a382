//! Judging again, upwards only: what waited, what a named person puts in its place, and what came without its words.
//!
//! Each later judgement is an entry of the scope's log with a position of its own, so that every reader meets it.

use visitbook_record::commit::Commit;
use visitbook_record::fact::Answer;
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::judge::{Context, DeviceStanding, Rights, judge_again};
use visitbook_record::op::Kind;
use visitbook_record::payload::Content;
use visitbook_record::verdict::{Reason, Verdict};

use super::earlier::said_before;
use super::{Incoming, ScopeWriter, standing, with_known};
use crate::store::{StoreError, StoredCommit, StoredOp};
use crate::{attachments, notice, redaction, rights};

impl ScopeWriter<'_> {
    /// Lets a statement that was set aside count, if the placement that names it was applied and stands in the same log: the
    /// readers of another could not follow.
    pub(super) fn place(&mut self, placement: &OpId, op: &OpId) -> Result<(), StoreError> {
        let applied = self
            .tx
            .op(placement)?
            .is_some_and(|op| op.fact.is_applied());
        let is_aside = |op: &StoredOp| matches!(op.fact.verdict, Some(Verdict::Quarantined { .. }));
        let Some(mut placed) = self.tx.op(op)?.filter(|op| applied && is_aside(op)) else {
            return Ok(());
        };
        let stands_here = self
            .tx
            .commit(&placed.commit)?
            .is_some_and(|commit| commit.scope == self.scope);
        if !stands_here {
            return Ok(());
        }
        if let Some(old) = &placed.fact.verdict {
            self.digest.remove(op, old);
        }
        let author = placed.fact.author;
        let verdict = match self.scope.child() {
            Some(child) if !notice::holds(self.tx, author, child)? => {
                Verdict::AppliedFromPreviousWorker
            }
            _ => Verdict::Applied,
        };
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
        notice::of_one(self.tx, self.scope, author, op, &verdict)
    }

    /// A commit that is here already came again: takes the words that were missing the first time, and judges anew what was
    /// set aside for want of them. Words that are gone for another reason stay gone.
    pub(super) fn complete(
        &mut self,
        stored: &StoredCommit,
        again: &Incoming,
    ) -> Result<(), StoreError> {
        let given = again.payloads.iter().zip(&again.contents);
        for ((id, arrived_as), (payload, content)) in
            stored.ops.iter().zip(&stored.verdicts).zip(given)
        {
            if !is_for_want_of_words(arrived_as) {
                continue;
            }
            let (Some(payload), Some(mut op)) = (payload, self.tx.op(id)?) else {
                continue;
            };
            let (record, about) = (op.fact.record, &op.fact.target);
            if redaction::forbids(self.tx, *id, payload.hash(), record, about)? {
                continue;
            }
            if op.fact.verdict.as_ref().is_some_and(is_for_want_of_words) {
                op.fact.answer = Answer::of(content.as_ref());
                self.tx.put_op(op.clone())?;
                self.tx.put_payload(&self.scope, id, payload)?;
                let (named, device) = ((id, op.fact.kind), again.commit.origin.device);
                attachments::named(self.tx, named, self.scope, device, content.as_ref())?;
                self.judge_one_again(op)?;
            }
        }
        Ok(())
    }

    /// Judges again what was held in a record and now has everything it waited for.
    pub(super) fn judge_held(&mut self, record: RecordId) -> Result<(), StoreError> {
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

    /// What is found in order now, and lacks other statements still, waits for them from now on.
    pub(super) fn judge_one_again(&mut self, mut held: StoredOp) -> Result<(), StoreError> {
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
        // standing is taken as it was then. Where a restore had lost what the author had been given, nobody could tell then.
        let rights = rights::of_commit(self.tx, &device, &commit)?;
        let role_now = rights.role_now;
        let mut rights = Rights {
            stale: false,
            role_now: rights.role_known.filter(|_| stored.author_held),
            ..rights
        };
        if !stored.author_held && rights::names_lost_entry(self.tx, &commit)? {
            rights.role_now = role_now;
        }
        let owner = rights::owner(self.tx, self.scope, commit.author)?;
        let home = self.tx.home(&commit.record)?;
        let verdict = with_known(self.tx, commit.author, |known| {
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
        let waits = matches!(verdict, Verdict::Held { .. });
        let was_aside = matches!(held.fact.verdict, Some(Verdict::Quarantined { .. }));
        if waits && !was_aside {
            return Ok(());
        }
        let before = said_before(self.tx, &stored, held.index)?;
        let before = before.filter(|before| before.is_applied() && !waits);
        let verdict = before.unwrap_or(verdict);
        if held.fact.verdict.as_ref() == Some(&verdict) {
            return Ok(());
        }
        if let Some(old) = &held.fact.verdict {
            self.digest.remove(&held.fact.id, old);
        }
        self.digest.add(&held.fact.id, &verdict);
        let (id, author) = (held.fact.id, held.fact.author);
        let releases = held.fact.kind == Kind::Finish && verdict.is_applied();
        // Readers had the statement without its words while it was set aside.
        let readable = was_aside && !held.withheld;
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
        notice::of_one(self.tx, self.scope, author, &id, &verdict)?;
        match content {
            // A placement that came before what it names.
            Some(Content::Placement { op, .. }) => self.place(&id, &op),
            _ => Ok(()),
        }
    }
}

const fn is_for_want_of_words(verdict: &Verdict) -> bool {
    matches!(
        verdict,
        Verdict::Quarantined {
            reason: Reason::PayloadMissing,
            ..
        }
    )
}

/// The placements in a commit: each with the statement it puts in its place.
pub(super) fn placements(incoming: &Incoming) -> Vec<(OpId, OpId)> {
    // Naming every operation is dear, and hardly any commit places something.
    let is_placement =
        |content: &Option<Content>| matches!(content, Some(Content::Placement { .. }));
    if !incoming.contents.iter().any(is_placement) {
        return Vec::new();
    }
    let ids = incoming.commit.op_ids();
    ids.into_iter()
        .zip(&incoming.contents)
        .filter_map(|(id, content)| match content {
            Some(Content::Placement { op, .. }) => Some((id, *op)),
            _ => None,
        })
        .collect()
}

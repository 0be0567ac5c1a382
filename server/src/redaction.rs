//! Removing words by law, here: the payloads go, with what else of them this server has, and are never kept again.
//!
//! A redaction acts when it is received, whether it was just written or is given back to a restored server that had lost it
//! (DESIGN §5, Payloads).

use visitbook_record::commit::{Commit, RecordKind};
use visitbook_record::family::is_handed_in;
use visitbook_record::id::{OpId, PayloadHash, RecordId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::Content;
use visitbook_record::redaction::{self, Redaction, Removed, may_be_removed};
use visitbook_record::scope::Scope;

use crate::notice;
use crate::store::{ReadTx, StoreError, StoredOp, WriteTx};
use crate::writer::{Act, Statement, worker_record};

/// Carries a redaction out: `by` names the statement `named`. Where that is not here yet, it is remembered.
///
/// # Errors
/// [`StoreError`]; the caller's transaction must then be given up.
pub(crate) fn carry_out(
    tx: &mut dyn WriteTx,
    by: OpId,
    record: RecordId,
    named: OpId,
    said: Option<&Redaction>,
) -> Result<(), StoreError> {
    let here = match tx.op(&named)? {
        Some(op) => payload_of(tx, &op)?.map(|payload| (op.fact.record, payload, op.fact.target)),
        None => None,
    };
    let first = Removed::remembered((named, by), here, record, said);
    tx.put_removal(&first)?;
    for op in tx.ops_of_record(&first.record)? {
        let Some(payload) = payload_of(tx, &op)? else {
            continue;
        };
        let (id, about) = (op.fact.id, op.fact.target);
        if first.covers(id, payload, first.record, &about) {
            tx.put_removal(&Removed {
                op: id,
                payload,
                about,
                ..first.clone()
            })?;
            tx.remove_payload(&id)?;
        }
    }
    // Opened, the post says all of it again.
    tx.empty_post(&first.record)
}

/// Whether a payload that comes in was removed by law. A statement that a removal covers without naming it is remembered too.
///
/// # Errors
/// [`StoreError`]; the caller's transaction must then be given up.
pub(crate) fn forbids(
    tx: &mut dyn WriteTx,
    op: OpId,
    payload: PayloadHash,
    record: RecordId,
    about: &Target,
) -> Result<bool, StoreError> {
    let Some(removal) = tx.removal(&op, &payload, &record, about)? else {
        return Ok(false);
    };
    tx.put_removal(&Removed {
        op,
        by: removal.by,
        record,
        payload,
        about: about.clone(),
    })?;
    Ok(true)
}

/// The hash under which a statement's words are or were kept.
///
/// # Errors
/// [`StoreError`].
pub(crate) fn payload_of(
    view: &dyn ReadTx,
    op: &StoredOp,
) -> Result<Option<PayloadHash>, StoreError> {
    let stored = view
        .commit(&op.commit)?
        .ok_or(StoreError::Missing("commit"))?;
    let commit =
        Commit::from_bytes(&stored.signed.bytes).map_err(|_| StoreError::Unreadable("commit"))?;
    Ok(commit
        .ops
        .get(op.index as usize)
        .and_then(|statement| statement.payload))
}

/// Why words cannot be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Something hangs on it that must stay.
    #[error(
        "this statement has no words that could be removed: something hangs on it that must stay"
    )]
    MustStay,
    /// There are none.
    #[error("this statement has no words, or they are removed already")]
    NoWords,
}

/// The statement, with every other that says the same: all versions of the same text, since each repeats the whole, and what the
/// council and a worker's device both made of one thing that a child handed in. In the order they were received.
///
/// # Errors
/// [`StoreError`].
pub fn with_the_same_words(view: &dyn ReadTx, op: &StoredOp) -> Result<Vec<StoredOp>, StoreError> {
    let words = view.payload(&op.fact.id)?.map(|payload| payload.bytes);
    let mut all = Vec::new();
    for other in view.ops_of_record(&op.fact.record)? {
        if other.fact.target != op.fact.target || !may_be_removed(other.fact.kind) {
            continue;
        }
        let Some(payload) = view.payload(&other.fact.id)? else {
            continue;
        };
        let version = op.fact.kind.is_entry() && other.fact.kind.is_entry();
        let twin = is_handed_in(op.fact.record) && Some(payload.bytes) == words;
        if other.fact.id == op.fact.id || version || twin {
            let at = view.commit(&other.commit)?.map(|commit| commit.at);
            all.push((at, other.index, other));
        }
    }
    all.sort_by_key(|(at, index, _)| (*at, *index));
    Ok(all.into_iter().map(|(_, _, op)| op).collect())
}

/// What the council's writer has to say so that these statements of one record lose their words: one commit in the record's own log,
/// and one in the log of each author who does not hold it any more and may still have the words.
///
/// # Errors
/// [`StoreError`]. The inner error says why one of them cannot.
pub fn order(
    view: &dyn ReadTx,
    ops: &[StoredOp],
    reason: &str,
) -> Result<Result<Vec<Act>, Refused>, StoreError> {
    let mut acts: Vec<Act> = Vec::new();
    for op in ops {
        if !may_be_removed(op.fact.kind) {
            return Ok(Err(Refused::MustStay));
        }
        let payload = payload_of(view, op)?;
        let (Some(payload), true) = (payload, view.payload(&op.fact.id)?.is_some()) else {
            return Ok(Err(Refused::NoWords));
        };
        let home = view
            .home(&op.fact.record)?
            .ok_or(StoreError::Missing("record's home"))?;
        let mut places = vec![(op.fact.record, home.kind, home.scope)];
        if let Some(child) = home.scope.child()
            && view.worker(&op.fact.author)?.is_some()
            && !notice::holds(view, op.fact.author, child)?
        {
            let author = op.fact.author;
            let own = (
                worker_record(author),
                RecordKind::Worker,
                Scope::Worker(author),
            );
            places.push(own);
        }
        for (record, kind, scope) in places {
            let statement = Statement {
                kind: Kind::Redact,
                policy: Policy::Ordinary,
                target: redaction::target(op.fact.id),
                replaces: Vec::new(),
                content: Content::Redaction(Redaction {
                    payload,
                    about: op.fact.target.clone(),
                    reason: reason.to_owned(),
                }),
            };
            match acts.iter_mut().find(|act| act.scope == scope) {
                Some(act) => act.statements.push(statement),
                None => acts.push(Act {
                    record,
                    kind,
                    scope,
                    statements: vec![statement],
                }),
            }
        }
    }
    Ok(Ok(acts))
}

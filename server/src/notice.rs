//! Telling an author what became of their statements in a scope that they no longer hold.
//!
//! They do not receive that scope's log any more, so the later verdict is written once again, into their own (PROTOCOL §5).
//! Such an entry, a notice, judges a statement of another log than the one it stands in. It is no judgement of its own: it
//! repeats one, carries no words and leaves the digest of the log it stands in as it was. That tells it from every other
//! entry, so it needs no form of its own on the wire.

use visitbook_record::id::{OpId, RecordId, WorkerId};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::verdict::Verdict;

use crate::rights::role_now;
use crate::store::{Entry, ReadTx, StoreError, WriteTx};

/// Rows read from a log at a time.
const BATCH: usize = 256;

/// Whether a worker holds a child now.
pub(crate) fn holds(
    view: &dyn ReadTx,
    worker: WorkerId,
    child: RecordId,
) -> Result<bool, StoreError> {
    Ok(role_now(&view.assignments_of(&worker)?, child).is_some())
}

/// Repeats one verdict, just given in `scope`, to its author, unless they hold the scope and read it there. The server's own
/// statements have no author to tell.
pub(crate) fn of_one(
    tx: &mut dyn WriteTx,
    scope: Scope,
    author: WorkerId,
    op: &OpId,
    verdict: &Verdict,
) -> Result<(), StoreError> {
    let Some(child) = scope.child() else {
        return Ok(());
    };
    if tx.worker(&author)?.is_none() || holds(tx, author, child)? {
        return Ok(());
    }
    write(tx, author, op, verdict)
}

/// When a child is taken from a worker: repeats every verdict that was given later than on arrival to a statement of theirs
/// about the child. Their devices may not have read that part of the child's log, and will not now.
pub(crate) fn of_what_was_judged(
    tx: &mut dyn WriteTx,
    worker: Scope,
    child: RecordId,
) -> Result<(), StoreError> {
    let Scope::Worker(worker) = worker else {
        return Ok(());
    };
    if holds(tx, worker, child)? {
        return Ok(());
    }
    let scope = Scope::Child(child);
    let mut after: Option<LogPosition> = None;
    loop {
        let rows = tx.log(&scope, after, BATCH)?;
        let Some(last) = rows.last().map(|row| row.at) else {
            return Ok(());
        };
        after = Some(last);
        for row in rows {
            let Entry::Judged { op, verdict } = row.entry else {
                continue;
            };
            let own = tx.op(&op)?.is_some_and(|op| op.fact.author == worker);
            if own {
                write(tx, worker, &op, &verdict)?;
            }
        }
    }
}

fn write(
    tx: &mut dyn WriteTx,
    author: WorkerId,
    op: &OpId,
    verdict: &Verdict,
) -> Result<(), StoreError> {
    let own = Scope::Worker(author);
    let digest = tx.last(&own)?.map(|(_, digest)| digest).unwrap_or_default();
    let entry = Entry::Judged {
        op: *op,
        verdict: verdict.clone(),
    };
    tx.append(&own, &entry, &[], &digest)?;
    Ok(())
}

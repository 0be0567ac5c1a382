//! What the council's server writes itself when certain statements have arrived, in the same transaction.
//!
//! A worker who meets a child who is on nobody's list begins a file for that child, offline. When the first commit of it is
//! accepted, the server gives the file to its author and to the author's manager, who says who the child is. Once the manager has
//! named a known child, those who hold that child are given the file too, and the known child's own record says which file it is.

use std::collections::BTreeSet;

use visitbook_record::commit::{Commit, RecordKind, Role};
use visitbook_record::id::{CommitHash, RecordId, WorkerId};
use visitbook_record::judge::{ALSO_MET, MATCHED_TO, MET, begins_file};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Assignment, Content, Value};
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;
use visitbook_record::wire::Signed;

use crate::ingest::{self, Incoming};
use crate::rights;
use crate::store::{ReadTx, StoreError, WriteTx};
use crate::suite::Suite;
use crate::writer::{Act, Statement, Writer, WriterError};

/// As [`ingest::take`], with what follows from it. A server whose own writer is not registered takes the words all the same.
///
/// # Errors
/// [`StoreError`]; the caller's transaction must then be given up.
pub fn take(
    tx: &mut dyn WriteTx,
    suite: &dyn Suite,
    writer: &Writer,
    now: WallMillis,
    session: Vec<Incoming>,
) -> Result<Vec<Signed>, StoreError> {
    let mut new: Vec<(CommitHash, Commit)> = Vec::new();
    for incoming in &session {
        let commit = incoming.commit();
        if may_matter(commit) && tx.commit(&incoming.hash())?.is_none() {
            new.push((incoming.hash(), commit.clone()));
        }
    }
    let statements = ingest::take(tx, suite, now, session)?;
    for (hash, commit) in new {
        match follow(tx, suite, writer, now, &hash, &commit) {
            Err(WriterError::Store(error)) => return Err(error),
            Err(WriterError::NotRegistered | WriterError::NoSuchRole(_)) | Ok(()) => {}
        }
    }
    Ok(statements)
}

fn may_matter(commit: &Commit) -> bool {
    let mut ops = commit.ops.iter();
    begins_file(commit)
        || (commit.record_kind == RecordKind::Child && ops.any(|op| op.target.name() == MATCHED_TO))
}

fn follow(
    tx: &mut dyn WriteTx,
    suite: &dyn Suite,
    writer: &Writer,
    now: WallMillis,
    hash: &CommitHash,
    commit: &Commit,
) -> Result<(), WriterError> {
    let Some(stored) = tx.commit(hash)? else {
        return Ok(());
    };
    let file = commit.record;
    for id in &stored.ops {
        let Some(op) = tx.op(id)?.filter(|op| op.fact.is_applied()) else {
            continue;
        };
        match op.fact.target.name() {
            MET if begins_file(commit) && tx.holders_of(&file)?.is_empty() => {
                begun(tx, suite, writer, now, file, commit.author)?;
            }
            MATCHED_TO => {
                let child = op.fact.answer.code().and_then(|code| code.parse().ok());
                if let Some(child) = child {
                    matched(tx, suite, writer, now, file, child, commit.author)?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// A file that was begun is its author's, and the manager's who will say who the child is.
fn begun(
    tx: &mut dyn WriteTx,
    suite: &dyn Suite,
    writer: &Writer,
    now: WallMillis,
    file: RecordId,
    author: WorkerId,
) -> Result<(), WriterError> {
    let manager = rights::owner(tx, Scope::Child(file), author)?;
    let mut given = vec![(author, Role::Allocated)];
    if manager != author {
        given.push((manager, Role::Manager));
    }
    for (worker, role) in given {
        let assignment = Assignment {
            worker,
            child: file,
            role,
            reason: "a child whom somebody met and who was on nobody's list".to_owned(),
            moved_to: None,
        };
        writer.assign(tx, suite, now, assignment)?;
    }
    Ok(())
}

/// Whoever holds the known child holds what was written before anybody knew who it was. Only for a child whom the manager who
/// says so manages: nobody is given to others by naming them.
fn matched(
    tx: &mut dyn WriteTx,
    suite: &dyn Suite,
    writer: &Writer,
    now: WallMillis,
    file: RecordId,
    child: RecordId,
    by: WorkerId,
) -> Result<(), WriterError> {
    let held = tx.assignments_of(&by)?;
    let manages = |record| rights::role_now(&held, record) == Some(Role::Manager);
    let known = tx
        .home(&child)?
        .is_some_and(|home| home.scope == Scope::Child(child) && home.kind == RecordKind::Child);
    if child == file || !known || !manages(child) || !manages(file) {
        return Ok(());
    }
    if !also_met(tx, child)?.contains(&file) {
        let name = file.to_string();
        let statement = Statement {
            kind: Kind::SetAdd,
            policy: Policy::Set,
            target: Target::element(ALSO_MET, name.clone()),
            replaces: Vec::new(),
            content: Content::Value(Value::new(name.clone(), name)),
        };
        let act = Act {
            record: child,
            kind: RecordKind::Child,
            scope: Scope::Child(child),
            statements: vec![statement],
        };
        writer.write(tx, suite, now, vec![act])?;
    }
    let already: BTreeSet<WorkerId> = tx
        .holders_of(&file)?
        .iter()
        .map(|held| held.worker)
        .collect();
    for held in tx.holders_of(&child)? {
        if already.contains(&held.worker) {
            continue;
        }
        let assignment = Assignment {
            worker: held.worker,
            child: file,
            role: held.role,
            reason: "the same child was met, before anybody knew who it was".to_owned(),
            moved_to: None,
        };
        writer.assign(tx, suite, now, assignment)?;
    }
    Ok(())
}

/// The files that were begun as somebody met and are this child's.
///
/// # Errors
/// [`StoreError`].
pub fn also_met(tx: &dyn ReadTx, child: RecordId) -> Result<BTreeSet<RecordId>, StoreError> {
    Ok(tx
        .ops_of_record(&child)?
        .into_iter()
        .filter(|op| op.fact.is_applied() && op.fact.target.name() == ALSO_MET)
        .filter_map(|op| op.fact.target.element_id()?.parse().ok())
        .collect())
}

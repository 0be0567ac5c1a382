//! What the book remembers of children that its holder no longer holds, and of own words about them.

use rusqlite::{Connection, OptionalExtension as _, params};
use visitbook_record::commit::Commit;
use visitbook_record::id::{CommitHash, OpId, WorkerId};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Verdict;

use super::StoreError;
use super::rows::{coded, name, optional_name, signed, unsigned};
use super::{log, removed};

type Result<T> = std::result::Result<T, StoreError>;

/// The rows are still there: something waits for its receipt.
pub(crate) const CLOSED: i64 = 0;
/// The rows are gone.
pub(crate) const PURGED: i64 = 1;
/// And the council has been told, or will be with the next envelope.
pub(crate) const TOLD: i64 = 2;

/// A child that moved.
pub(crate) struct MovedRow {
    pub(crate) scope_no: i64,
    pub(crate) scope: Scope,
    pub(crate) at: WallMillis,
    pub(crate) moved_to: Option<WorkerId>,
    pub(crate) child_name: Option<String>,
    pub(crate) state: i64,
}

/// Notes that a child moved; the note of an earlier time is replaced.
pub(crate) fn note(
    db: &Connection,
    scope: i64,
    at: WallMillis,
    moved_to: Option<WorkerId>,
    child_name: Option<&str>,
) -> Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO moved (scope, at, moved_to, child_name, state) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![scope, at.0, moved_to.map(|id| id.0), child_name, CLOSED])?;
    Ok(())
}

/// The child is held again.
pub(crate) fn forget(db: &Connection, scope: i64) -> Result<()> {
    db.prepare_cached("DELETE FROM moved WHERE scope = ?1")?
        .execute([scope])?;
    Ok(())
}

/// Every child that moved and has not come back.
pub(crate) fn all(db: &Connection) -> Result<Vec<MovedRow>> {
    let mut found = db.prepare_cached(
        "SELECT moved.scope, scope.name, moved.at, moved.moved_to, moved.child_name, moved.state
         FROM moved JOIN scope ON scope.no = moved.scope WHERE scope.held = 0 ORDER BY moved.scope",
    )?;
    let mut rows = found.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(MovedRow {
            scope_no: row.get(0)?,
            scope: coded(row, 1)?,
            at: WallMillis(row.get(2)?),
            moved_to: optional_name(row, 3)?,
            child_name: row.get(4)?,
            state: row.get(5)?,
        });
    }
    Ok(all)
}

/// What a child that moved is called, while something of the holder's about the child is kept aside.
pub(crate) fn child_name(
    db: &Connection,
    child: visitbook_record::id::RecordId,
) -> Result<Option<String>> {
    let scope = Scope::Child(child);
    Ok(all(db)?
        .into_iter()
        .find(|row| row.scope == scope)
        .and_then(|row| row.child_name))
}

/// Notes how far a purge has come.
pub(crate) fn set_state(db: &Connection, scope: i64, state: i64) -> Result<()> {
    db.prepare_cached("UPDATE moved SET state = ?2 WHERE scope = ?1")?
        .execute([scope, state])?;
    Ok(())
}

/// Forgets what the child was called.
pub(crate) fn forget_name(db: &Connection, scope: i64) -> Result<()> {
    db.prepare_cached("UPDATE moved SET child_name = NULL WHERE scope = ?1")?
        .execute([scope])?;
    Ok(())
}

/// Notes that the device has something to do.
pub(crate) fn owe(db: &Connection, what: &str) -> Result<()> {
    db.prepare_cached("INSERT OR IGNORE INTO owed (what) VALUES (?1)")?
        .execute([what])?;
    Ok(())
}

/// Whether the device has this to do.
pub(crate) fn owes(db: &Connection, what: &str) -> Result<bool> {
    log::exists(db, "SELECT 1 FROM owed WHERE what = ?1", params![what])
}

/// It is done.
pub(crate) fn settle(db: &Connection, what: &str) -> Result<()> {
    db.prepare_cached("DELETE FROM owed WHERE what = ?1")?
        .execute([what])?;
    Ok(())
}

/// Own commits of a scope with a statement that is set aside now.
pub(crate) fn kept_aside(db: &Connection, scope: i64) -> Result<Vec<i64>> {
    let mut found = db.prepare_cached(
        "SELECT op.signed, verdict.verdict FROM op JOIN verdict ON verdict.op = op.no
            JOIN signed ON signed.no = op.signed JOIN record ON record.no = op.record
         WHERE record.scope = ?1 AND signed.own = 1 ORDER BY op.signed",
    )?;
    let mut rows = found.query([scope])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let commit: i64 = row.get(0)?;
        let verdict: Verdict = coded(row, 1)?;
        if matches!(verdict, Verdict::Quarantined { .. }) && all.last() != Some(&commit) {
            all.push(commit);
        }
    }
    Ok(all)
}

/// Every statement that is set aside as far as this device knows, in the order they came.
pub(crate) fn set_aside(db: &Connection) -> Result<Vec<log::Row>> {
    // The beginning of an encoded verdict says which one it is.
    let mut found = db.prepare_cached(
        "SELECT op FROM verdict WHERE substr(verdict, 1, 2) = x'8303' ORDER BY op",
    )?;
    let numbers: Vec<i64> = found
        .query_map([], |row| row.get(0))?
        .collect::<std::result::Result<_, _>>()?;
    let mut all = Vec::with_capacity(numbers.len());
    for no in numbers {
        all.extend(log::statement_no(db, no)?);
    }
    Ok(all)
}

/// Own statements that have been placed: name, when written, and when this device learnt it.
pub(crate) fn placed(db: &Connection) -> Result<Vec<(OpId, WallMillis, WallMillis)>> {
    let mut found = db.prepare_cached("SELECT op, written, at FROM placed ORDER BY at, op")?;
    let mut rows = found.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push((
            name(row, 0)?,
            WallMillis(row.get(1)?),
            WallMillis(row.get(2)?),
        ));
    }
    Ok(all)
}

/// What became of an own statement in a scope that is not held, as its author's own log repeats it. One that this device does
/// not have was made on another device, or is purged.
pub(crate) fn learn(db: &Connection, now: WallMillis, op: &OpId, verdict: &Verdict) -> Result<()> {
    let Some(known) = log::statement(db, op)? else {
        return Ok(());
    };
    let before = &known.statement.fact.verdict;
    if !verdict.is_applied() || before.as_ref().is_some_and(Verdict::is_applied) {
        return Ok(());
    }
    // Where in its own log the statement stands is not changed: these are positions of another.
    db.prepare_cached(
        "UPDATE verdict SET verdict = ?2 WHERE op = (SELECT no FROM op WHERE id = ?1)",
    )?
    .execute(params![op.0, visitbook_record::cbor::encode(verdict)])?;
    if matches!(before, Some(Verdict::Quarantined { .. })) {
        db.prepare_cached("INSERT OR IGNORE INTO placed (op, written, at) VALUES (?1, ?2, ?3)")?
            .execute(params![op.0, known.statement.written.0, now.0])?;
    }
    Ok(())
}

/// A purged own commit that comes back brings its receipt along: as an earlier one, if a restore lost it in the meantime and it
/// stands at another place now; it goes once more then, unless words of it have not come back. Returns whether it was one.
pub(crate) fn bring_back(
    db: &Connection,
    commit: &CommitHash,
    row: i64,
    at: LogPosition,
    time: WallMillis,
) -> Result<bool> {
    let known: Option<(i64, i64, i64)> = db
        .prepare_cached("SELECT epoch, position, receipt FROM kept WHERE hash = ?1")?
        .query_row(params![commit.0], |found| {
            Ok((found.get(0)?, found.get(1)?, found.get(2)?))
        })
        .optional()?;
    let Some((epoch, position, receipt)) = known else {
        return Ok(false);
    };
    let before = LogPosition {
        epoch: unsigned(epoch)?,
        position: unsigned(position)?,
    };
    let stands = before == at;
    if !stands {
        db.prepare_cached("INSERT OR IGNORE INTO earlier (signed, receipt) VALUES (?1, ?2)")?
            .execute(params![row, receipt])?;
    }
    let goes_again = !stands && removed::has_all_words(db, row)?;
    log::set_received(db, row, at, time, (!goes_again).then_some(receipt))?;
    db.prepare_cached("DELETE FROM kept WHERE hash = ?1")?
        .execute(params![commit.0])?;
    Ok(true)
}

/// Remembers a commit's place in the own chain. The tables refuse one that has no receipt.
pub(crate) fn keep_link(db: &Connection, hash: &CommitHash, commit: &Commit) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO kept (hash, incarnation, seq, previous, epoch, position, at, receipt)
         SELECT signed.hash, ?2, ?3, ?4, received.epoch, received.position, received.at, received.receipt
         FROM signed JOIN received ON received.signed = signed.no WHERE signed.hash = ?1",
    )?
    .execute(params![
        hash.0,
        commit.origin.incarnation.0,
        signed(commit.seq),
        commit.previous.map(|hash| hash.0)
    ])?;
    Ok(())
}

/// A link of the own chain whose commit is purged.
pub(crate) struct Link {
    pub(crate) hash: CommitHash,
    pub(crate) incarnation: visitbook_record::id::Incarnation,
    pub(crate) seq: u64,
    pub(crate) previous: Option<CommitHash>,
}

/// All of them.
pub(crate) fn links(db: &Connection) -> Result<Vec<Link>> {
    let mut found = db.prepare_cached("SELECT hash, incarnation, seq, previous FROM kept")?;
    let mut rows = found.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(Link {
            hash: name(row, 0)?,
            incarnation: name(row, 1)?,
            seq: unsigned(row.get(2)?)?,
            previous: optional_name(row, 3)?,
        });
    }
    Ok(all)
}

//! Removing a scope's rows from the book, once nothing of it waits for a receipt.
//!
//! The log is append-only by trigger; what passes is the scope named in `purging`, inside the caller's transaction, and of own
//! commits only those of which `kept` remembers the link, which it does for commits with a receipt alone. So a mistake here
//! fails, and cannot lose an unsent word.

use std::collections::BTreeSet;

use rusqlite::Connection;
use visitbook_record::commit::Commit;

use super::{StoreError, attached, log, moved, views};

type Result<T> = std::result::Result<T, StoreError>;

/// Whether something of the scope may be on this device only: an own commit or file without a receipt, a commit that is being
/// given back to a restored council, a draft, or what a child handed in.
pub(crate) fn must_wait(db: &Connection, scope: i64) -> Result<bool> {
    let unsent = log::exists(
        db,
        "SELECT 1 FROM signed JOIN record ON record.no = signed.record LEFT JOIN received ON received.signed = signed.no
         WHERE record.scope = ?1 AND signed.own = 1 AND received.receipt IS NULL",
        &[&scope],
    )?;
    let given_back = log::exists(
        db,
        "SELECT 1 FROM signed JOIN record ON record.no = signed.record
            LEFT JOIN outgoing ON outgoing.signed = signed.no LEFT JOIN give_back ON give_back.signed = signed.no
         WHERE record.scope = ?1
            AND (give_back.signed IS NOT NULL OR (outgoing.signed IS NOT NULL AND outgoing.refused IS NULL))",
        &[&scope],
    )?;
    let typed = log::exists(
        db,
        "SELECT 1 FROM draft JOIN record ON record.id = draft.record WHERE record.scope = ?1",
        &[&scope],
    )?;
    let handed_in = log::exists(
        db,
        "SELECT 1 FROM family_post JOIN family_session ON family_session.session = family_post.session
            JOIN record ON record.id = family_session.child
         WHERE record.scope = ?1 AND family_post.statement IS NULL",
        &[&scope],
    )?;
    Ok(unsent || given_back || typed || handed_in || attached::must_wait(db, scope)?)
}

/// Removes everything of a scope but the commits in `stay`, whose words their author can still read. Returns whether there was
/// anything to remove.
pub(crate) fn purge(db: &Connection, scope: i64, stay: &BTreeSet<i64>) -> Result<bool> {
    let mut found = db.prepare(
        "SELECT signed.no FROM signed JOIN record ON record.no = signed.record WHERE record.scope = ?1",
    )?;
    let all: Vec<i64> = found
        .query_map([scope], |row| row.get(0))?
        .collect::<std::result::Result<_, _>>()?;
    let go: Vec<i64> = all.into_iter().filter(|no| !stay.contains(no)).collect();
    if go.is_empty() {
        return Ok(false);
    }
    // Without these each removed row would have the tables searched for what may refer to it.
    db.execute_batch(
        "CREATE INDEX purge_op ON op (signed); CREATE INDEX purge_signed ON signed (record);",
    )?;
    db.execute("INSERT INTO purging (scope) VALUES (?1)", [scope])?;
    views::drop_scope(db, scope)?;
    db.execute(
        "DELETE FROM family_post WHERE session IN
            (SELECT session FROM family_session JOIN record ON record.id = family_session.child WHERE record.scope = ?1)",
        [scope],
    )?;
    db.execute(
        "DELETE FROM family_session WHERE child IN (SELECT id FROM record WHERE scope = ?1)",
        [scope],
    )?;
    for no in go {
        remove_commit(db, no)?;
    }
    attached::forget_unattached(db)?;
    db.execute(
        "DELETE FROM record WHERE scope = ?1 AND NOT EXISTS (SELECT 1 FROM signed WHERE signed.record = record.no)",
        [scope],
    )?;
    db.execute("DELETE FROM purging WHERE scope = ?1", [scope])?;
    db.execute_batch("DROP INDEX purge_op; DROP INDEX purge_signed;")?;
    // Of a row that is deleted the index keeps the words' letters, so it is emptied and made again of what is left.
    db.execute("INSERT INTO found (found) VALUES ('delete-all')", [])?;
    db.execute("UPDATE meta SET searched = 0", [])?;
    Ok(true)
}

fn remove_commit(db: &Connection, no: i64) -> Result<()> {
    let row = log::commit_no(db, no)?.ok_or(StoreError::Row("a commit"))?;
    if log::exists(db, "SELECT 1 FROM signed WHERE no = ?1 AND own = 1", &[&no])? {
        let commit =
            Commit::from_bytes(&row.signed.bytes).map_err(|_| StoreError::Row("a commit"))?;
        moved::keep_link(db, &row.hash, &commit)?;
    }
    for table in ["attached", "to_index", "payload", "verdict"] {
        let sql = format!("DELETE FROM {table} WHERE op IN (SELECT no FROM op WHERE signed = ?1)");
        db.prepare_cached(&sql)?.execute([no])?;
    }
    for table in ["op", "received", "earlier", "outgoing", "give_back"] {
        db.prepare_cached(&format!("DELETE FROM {table} WHERE signed = ?1"))?
            .execute([no])?;
    }
    db.prepare_cached("DELETE FROM signed WHERE no = ?1")?
        .execute([no])?;
    Ok(())
}

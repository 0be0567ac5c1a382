//! Words that were removed by law: gone from the book, and never kept again.
//!
//! A trigger on the payloads passes over whatever a row here covers, so that no way in has to remember to ask. What is kept is
//! the name of the statement and of its payload, and what it is about: no word.

use rusqlite::{Connection, OptionalExtension as _, params};
use visitbook_record::cbor::encode;
use visitbook_record::id::{OpId, PayloadHash, RecordId};
use visitbook_record::op::Target;
use visitbook_record::redaction::{Redaction, Removed};
use visitbook_seal::attachment::AttachmentId;

use super::rows::{coded, name, optional_name};
use super::{StoreError, log};

type Result<T> = std::result::Result<T, StoreError>;

/// Carries a redaction out: `by` names the statement `named`. Where that is not here yet, it is remembered. Returns the record that
/// may read differently now.
pub(crate) fn carry_out(
    db: &Connection,
    by: &OpId,
    record: RecordId,
    named: &OpId,
    said: Option<&Redaction>,
) -> Result<RecordId> {
    let here = log::statement(db, named)?.and_then(|row| {
        let fact = row.statement.fact;
        Some((fact.record, row.payload?, fact.target))
    });
    let first = Removed::remembered((*named, *by), here, record, said);
    put(db, &first, None)?;
    let mut gone = 0;
    for (no, id, payload, about) in with_payloads(db, first.record)? {
        if first.covers(id, payload, first.record, &about) {
            let file = attached(db, no)?;
            let one = Removed {
                op: id,
                payload,
                about,
                ..first.clone()
            };
            put(db, &one, file)?;
            gone += take_out(db, no, file)?;
        }
    }
    if gone > 0 {
        // Of a row that is deleted the index keeps the words' letters, so it is emptied and made again of what is left.
        db.execute("INSERT INTO found (found) VALUES ('delete-all')", [])?;
        db.execute("UPDATE meta SET searched = 0", [])?;
    }
    Ok(first.record)
}

fn put(db: &Connection, removed: &Removed, file: Option<AttachmentId>) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO removed (op, by, record, payload, about, file) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT (op) DO UPDATE SET file = coalesce(file, ?6)",
    )?
    .execute(params![
        removed.op.0,
        removed.by.0,
        removed.record.0,
        removed.payload.0,
        encode(&removed.about),
        file.map(|file| file.0)
    ])?;
    Ok(())
}

/// A record's statements that name words: row, name, hash of the words, target.
fn with_payloads(
    db: &Connection,
    record: RecordId,
) -> Result<Vec<(i64, OpId, PayloadHash, Target)>> {
    let mut found = db.prepare_cached(
        "SELECT op.no, op.id, op.payload, op.target FROM op JOIN record ON record.no = op.record
         WHERE record.id = ?1 AND op.payload IS NOT NULL ORDER BY op.no",
    )?;
    let mut rows = found.query(params![record.0])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push((row.get(0)?, name(row, 1)?, name(row, 2)?, coded(row, 3)?));
    }
    Ok(all)
}

fn attached(db: &Connection, op: i64) -> Result<Option<AttachmentId>> {
    let mut found = db.prepare_cached("SELECT id FROM attached WHERE op = ?1")?;
    let mut rows = found.query([op])?;
    let row = rows.next()?;
    Ok(match row {
        Some(row) => optional_name(row, 0)?.map(AttachmentId),
        None => None,
    })
}

/// The words, and the file that they were the key of if nothing else here attaches it.
fn take_out(db: &Connection, op: i64, file: Option<AttachmentId>) -> Result<usize> {
    db.prepare_cached("DELETE FROM to_index WHERE op = ?1")?
        .execute([op])?;
    db.prepare_cached("DELETE FROM attached WHERE op = ?1")?
        .execute([op])?;
    if let Some(file) = file {
        db.prepare_cached(
            "DELETE FROM attachment WHERE id = ?1 AND NOT EXISTS (SELECT 1 FROM attached WHERE attached.id = ?1)",
        )?
        .execute(params![file.0])?;
    }
    Ok(db
        .prepare_cached("DELETE FROM payload WHERE op = ?1")?
        .execute([op])?)
}

/// Files whose last key was removed: their bytes are to go from the folder.
pub(crate) fn files(db: &Connection) -> Result<Vec<AttachmentId>> {
    let mut found = db.prepare_cached(
        "SELECT DISTINCT file FROM removed WHERE file IS NOT NULL
            AND NOT EXISTS (SELECT 1 FROM attached WHERE attached.id = removed.file)",
    )?;
    let mut rows = found.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(AttachmentId(name(row, 0)?));
    }
    Ok(all)
}

/// Statements whose words were removed and are here all the same, by name.
pub(crate) fn still_here(db: &Connection) -> Result<Vec<OpId>> {
    let mut found = db.prepare_cached(
        "SELECT op.id FROM payload JOIN op ON op.no = payload.op JOIN removed ON removed.op = op.id",
    )?;
    let mut rows = found.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(name(row, 0)?);
    }
    Ok(all)
}

/// The words that a commit names and this book has to have: those that were removed by law are missed by nobody.
pub(crate) fn has_all_words(db: &Connection, signed: i64) -> Result<bool> {
    let missing: Option<i64> = db
        .prepare_cached(
            "SELECT op.no FROM signed JOIN op ON op.no >= signed.first_op AND op.no < signed.first_op + signed.ops
                LEFT JOIN payload ON payload.op = op.no LEFT JOIN removed ON removed.op = op.id
             WHERE signed.no = ?1 AND op.payload IS NOT NULL AND payload.op IS NULL AND removed.op IS NULL LIMIT 1",
        )?
        .query_row([signed], |row| row.get(0))
        .optional()?;
    Ok(missing.is_none())
}

//! The log in tables: putting commits in, and reading a record's statements back for the fold.
//!
//! All functions work on a connection or transaction of the caller's; none begins one.

use rusqlite::{Connection, OptionalExtension as _, params};
use visitbook_record::cbor::encode;
use visitbook_record::commit::{Commit, RecordKind, Role};
use visitbook_record::digest::ScopeDigest;
use visitbook_record::fact::{Answer, Fact, RecordHome};
use visitbook_record::id::{CommitHash, OpId, PayloadHash, RecordId, StatementHash};
use visitbook_record::op::{Kind, Target};
use visitbook_record::page::Statement;
use visitbook_record::payload::{Content, Payload};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::Signed;

use super::StoreError;
use super::rows::{
    coded, from_number, name, number_of, optional_coded, optional_name, signed, unsigned,
};

type Result<T> = std::result::Result<T, StoreError>;

/// A scope as far as it has been read.
#[derive(Debug, Clone)]
pub(crate) struct ScopeRow {
    pub(crate) no: i64,
    pub(crate) scope: Scope,
    pub(crate) held: bool,
    /// Held, and not opened yet by a holder who stands in.
    pub(crate) closed: bool,
    pub(crate) role: Option<Role>,
    pub(crate) at: Option<LogPosition>,
    pub(crate) digest: ScopeDigest,
}

/// A record and where it lives.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RecordRow {
    pub(crate) no: i64,
    pub(crate) id: RecordId,
    pub(crate) home: RecordHome,
    pub(crate) scope_no: i64,
}

/// A commit as stored.
#[derive(Debug, Clone)]
pub(crate) struct SignedRow {
    pub(crate) no: i64,
    pub(crate) hash: CommitHash,
    pub(crate) signed: Signed,
}

/// One statement with what the tables know beside the page's needs.
#[derive(Debug, Clone)]
pub(crate) struct Row {
    pub(crate) signed: i64,
    pub(crate) payload: Option<PayloadHash>,
    /// Its words were removed by law.
    pub(crate) removed: bool,
    pub(crate) statement: Statement,
}

impl Row {
    /// There should be words, and this device does not have them.
    pub(crate) fn is_withheld(&self) -> bool {
        self.lacks_words() && !self.removed
    }

    /// There are or were words, and they cannot be read here.
    pub(crate) fn lacks_words(&self) -> bool {
        self.payload.is_some() && self.statement.content.is_none()
    }
}

fn position(epoch: Option<i64>, position: Option<i64>) -> Result<Option<LogPosition>> {
    match (epoch, position) {
        (Some(epoch), Some(position)) => Ok(Some(LogPosition {
            epoch: unsigned(epoch)?,
            position: unsigned(position)?,
        })),
        _ => Ok(None),
    }
}

const SCOPE_COLUMNS: &str = "no, name, held, role, epoch, position, digest, closed";

fn scope_row(row: &rusqlite::Row<'_>) -> Result<ScopeRow> {
    let digest: Vec<u8> = row.get(6)?;
    let digest = digest
        .try_into()
        .map_err(|_| StoreError::Row("a digest is of another length"))?;
    let role: Option<i64> = row.get(3)?;
    Ok(ScopeRow {
        no: row.get(0)?,
        scope: coded(row, 1)?,
        held: row.get(2)?,
        role: role.map(from_number).transpose()?,
        at: position(row.get(4)?, row.get(5)?)?,
        digest: ScopeDigest::from_bytes(digest),
        closed: row.get(7)?,
    })
}

impl ScopeRow {
    /// Whether screens show it.
    pub(crate) const fn is_open(&self) -> bool {
        self.held && !self.closed
    }
}

/// The scope, if it has ever been met.
pub(crate) fn scope(db: &Connection, scope: Scope) -> Result<Option<ScopeRow>> {
    let mut found = db.prepare_cached(&format!(
        "SELECT {SCOPE_COLUMNS} FROM scope WHERE name = ?1"
    ))?;
    let mut rows = found.query(params![encode(&scope)])?;
    rows.next()?.map(scope_row).transpose()
}

/// All scopes ever met.
pub(crate) fn scopes(db: &Connection) -> Result<Vec<ScopeRow>> {
    let mut found = db.prepare_cached(&format!("SELECT {SCOPE_COLUMNS} FROM scope ORDER BY no"))?;
    let mut rows = found.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(scope_row(row)?);
    }
    Ok(all)
}

/// The scope's row, made if it was never met. A scope begins as one that is not held, unless it is the worker's own or the
/// council's. Nobody holds an audit scope.
pub(crate) fn ensure_scope(db: &Connection, wanted: Scope) -> Result<ScopeRow> {
    if let Some(row) = scope(db, wanted)? {
        return Ok(row);
    }
    db.prepare_cached("INSERT INTO scope (name, held, digest) VALUES (?1, ?2, ?3)")?
        .execute(params![
            encode(&wanted),
            matches!(wanted, Scope::Worker(_) | Scope::Council),
            ScopeDigest::default().to_bytes()
        ])?;
    scope(db, wanted)?.ok_or(StoreError::Row("a scope"))
}

/// Notes how far a scope has been read.
pub(crate) fn set_scope_read(
    db: &Connection,
    no: i64,
    at: Option<LogPosition>,
    digest: ScopeDigest,
) -> Result<()> {
    db.prepare_cached("UPDATE scope SET epoch = ?2, position = ?3, digest = ?4 WHERE no = ?1")?
        .execute(params![
            no,
            at.map(|at| signed(at.epoch)),
            at.map(|at| signed(at.position)),
            digest.to_bytes()
        ])?;
    Ok(())
}

/// Notes that the worker holds a child, in a role, or no longer does.
pub(crate) fn set_scope_held(db: &Connection, no: i64, held: bool, role: Role) -> Result<()> {
    db.prepare_cached("UPDATE scope SET held = ?2, role = ?3 WHERE no = ?1")?
        .execute(params![no, held, number_of(&role)])?;
    Ok(())
}

/// Notes whether a held scope is closed to its holder's eyes.
pub(crate) fn set_scope_closed(db: &Connection, no: i64, closed: bool) -> Result<()> {
    db.prepare_cached("UPDATE scope SET closed = ?2 WHERE no = ?1")?
        .execute(params![no, closed])?;
    Ok(())
}

/// Forgets how far a scope was read: the council will send it from its beginning when it is held again.
pub(crate) fn restart_scope(db: &Connection, no: i64) -> Result<()> {
    set_scope_read(db, no, None, ScopeDigest::default())?;
    db.execute(
        "UPDATE verdict SET counted = NULL WHERE op IN
            (SELECT op.no FROM op JOIN record ON record.no = op.record WHERE record.scope = ?1)",
        [no],
    )?;
    Ok(())
}

/// The record, if it has ever been met.
pub(crate) fn record(db: &Connection, id: RecordId) -> Result<Option<RecordRow>> {
    record_where(db, "record.id = ?1", params![id.0])
}

/// The record with this row number.
pub(crate) fn record_no(db: &Connection, no: i64) -> Result<Option<RecordRow>> {
    record_where(db, "record.no = ?1", params![no])
}

fn record_where(
    db: &Connection,
    clause: &str,
    values: &[&dyn rusqlite::ToSql],
) -> Result<Option<RecordRow>> {
    let mut found = db.prepare_cached(&format!(
        "SELECT record.no, record.id, record.kind, record.scope, scope.name
         FROM record JOIN scope ON scope.no = record.scope WHERE {clause}"
    ))?;
    let mut rows = found.query(values)?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let kind: u8 = row.get(2)?;
    Ok(Some(RecordRow {
        no: row.get(0)?,
        id: name(row, 1)?,
        scope_no: row.get(3)?,
        home: RecordHome {
            scope: coded(row, 4)?,
            kind: RecordKind::from_code(kind),
        },
    }))
}

/// The records of one kind in a scope, oldest first, without those entered in error.
pub(crate) fn records_of(db: &Connection, scope: i64, kind: RecordKind) -> Result<Vec<RecordId>> {
    let mut found = db.prepare_cached(
        "SELECT id FROM record LEFT JOIN oversight_view ON oversight_view.record = record.no
         WHERE scope = ?1 AND kind = ?2 AND voided IS NOT 1 ORDER BY no",
    )?;
    let mut rows = found.query(params![scope, kind.code()])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(name(row, 0)?);
    }
    Ok(all)
}

fn ensure_record(db: &Connection, commit: &Commit) -> Result<RecordRow> {
    if let Some(row) = record(db, commit.record)? {
        return Ok(row);
    }
    let scope = ensure_scope(db, commit.scope)?;
    db.prepare_cached("INSERT INTO record (id, kind, scope, author) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![
            commit.record.0,
            commit.record_kind.code(),
            scope.no,
            commit.author.0
        ])?;
    record(db, commit.record)?.ok_or(StoreError::Row("a record"))
}

/// Where the rows of a commit went.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) record: RecordRow,
    pub(crate) signed: i64,
    pub(crate) ops: Vec<(OpId, i64)>,
}

/// Puts a commit and the payloads at hand into the log. The caller has verified it, and knows that it is not there yet.
pub(crate) fn insert_commit(
    db: &Connection,
    commit: &Commit,
    exact: &Signed,
    hash: CommitHash,
    own: bool,
    payloads: &[Option<Payload>],
) -> Result<Stored> {
    let record = ensure_record(db, commit)?;
    // Two copies of a device may say exactly the same under one number: that is one statement, and stands where it stood.
    let ids = commit.op_ids();
    let mut known = Vec::with_capacity(ids.len());
    for id in &ids {
        known.push(op_row(db, id)?.map(|(no, ..)| no));
    }
    let added = known.iter().filter(|no| no.is_none()).count();
    db.prepare_cached(
        "INSERT INTO signed (hash, record, own, wall, author, bytes, signature, first_op, ops, device)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, (SELECT coalesce(max(no), 0) + 1 FROM op), ?8, ?9)",
    )?
    .execute(params![
        hash.0,
        record.no,
        own,
        commit.clocks.wall.0,
        commit.author.0,
        exact.bytes,
        exact.signature,
        i64::try_from(added).unwrap_or(i64::MAX),
        commit.origin.device.0,
    ])?;
    let signed = db.last_insert_rowid();
    let mut ops = Vec::with_capacity(commit.ops.len());
    for (index, (id, op)) in ids.into_iter().zip(&commit.ops).enumerate() {
        if let Some(Some(no)) = known.get(index) {
            ops.push((id, *no));
            continue;
        }
        db.prepare_cached(
            "INSERT INTO op (id, signed, record, target, kind, policy, author, acting_as, replaces, written, payload)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        )?
        .execute(params![
            id.0,
            signed,
            record.no,
            encode(&op.target),
            op.kind.code(),
            number_of(&op.policy),
            commit.author.0,
            number_of(&commit.acting_as),
            encode(&op.replaces),
            op.typed_at.unwrap_or(commit.clocks.wall).0,
            op.payload.map(|hash| hash.0),
        ])?;
        let no = db.last_insert_rowid();
        if let Some(payload) = payloads.get(index).and_then(Option::as_ref) {
            insert_payload(db, no, payload)?;
        }
        ops.push((id, no));
    }
    Ok(Stored {
        record,
        signed,
        ops,
    })
}

/// Keeps an operation's words. Those that are there stay, and those that were removed by law stay away.
pub(crate) fn insert_payload(db: &Connection, op: i64, payload: &Payload) -> Result<bool> {
    let added = db
        .prepare_cached("INSERT OR IGNORE INTO payload (op, salt, bytes) VALUES (?1, ?2, ?3)")?
        .execute(params![op, payload.salt.0, payload.bytes])?;
    if added == 1 {
        super::attached::note(db, op, payload)?;
    }
    Ok(added == 1)
}

/// The commit with this name.
pub(crate) fn commit(db: &Connection, hash: &CommitHash) -> Result<Option<SignedRow>> {
    let mut found =
        db.prepare_cached("SELECT no, hash, bytes, signature FROM signed WHERE hash = ?1")?;
    let mut rows = found.query(params![hash.0])?;
    rows.next()?.map(signed_row).transpose()
}

/// The commit in this row.
pub(crate) fn commit_no(db: &Connection, no: i64) -> Result<Option<SignedRow>> {
    let mut found =
        db.prepare_cached("SELECT no, hash, bytes, signature FROM signed WHERE no = ?1")?;
    let mut rows = found.query(params![no])?;
    rows.next()?.map(signed_row).transpose()
}

fn signed_row(row: &rusqlite::Row<'_>) -> Result<SignedRow> {
    Ok(SignedRow {
        no: row.get(0)?,
        hash: name(row, 1)?,
        signed: Signed {
            bytes: row.get(2)?,
            signature: row.get(3)?,
        },
    })
}

/// The payloads held of one commit's operations, by operation.
pub(crate) fn payloads_of(db: &Connection, signed: i64) -> Result<Vec<Option<Payload>>> {
    let mut found = db.prepare_cached(
        "SELECT payload.salt, payload.bytes FROM signed
            JOIN op ON op.no >= signed.first_op AND op.no < signed.first_op + signed.ops
            LEFT JOIN payload ON payload.op = op.no
         WHERE signed.no = ?1 ORDER BY op.no",
    )?;
    let mut rows = found.query([signed])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(match optional_name(row, 0)? {
            Some(salt) => Some(Payload {
                salt,
                bytes: row.get(1)?,
            }),
            None => None,
        });
    }
    Ok(all)
}

/// The rows of one commit's operations, in order.
pub(crate) fn ops_of(db: &Connection, signed: i64) -> Result<Vec<(OpId, i64)>> {
    let mut found = db.prepare_cached(
        "SELECT op.id, op.no FROM signed
            JOIN op ON op.no >= signed.first_op AND op.no < signed.first_op + signed.ops
         WHERE signed.no = ?1 ORDER BY op.no",
    )?;
    let mut rows = found.query([signed])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push((name(row, 0)?, row.get(1)?));
    }
    Ok(all)
}

/// Where an operation stands: its row, its record's row and the hash of its payload.
pub(crate) fn op_row(
    db: &Connection,
    id: &OpId,
) -> Result<Option<(i64, i64, Option<PayloadHash>)>> {
    let mut found = db.prepare_cached("SELECT no, record, payload FROM op WHERE id = ?1")?;
    let mut rows = found.query(params![id.0])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    Ok(Some((row.get(0)?, row.get(1)?, optional_name(row, 2)?)))
}

const STATEMENT: &str = "SELECT op.no, op.signed, op.id, op.author, op.acting_as, op.kind, op.policy, op.target,
        op.replaces, op.written, op.payload, payload.bytes, verdict.verdict, verdict.epoch, verdict.position,
        received.at, record.id, removed.op IS NOT NULL
     FROM op JOIN record ON record.no = op.record
        LEFT JOIN removed ON removed.op = op.id
        LEFT JOIN payload ON payload.op = op.no
        LEFT JOIN verdict ON verdict.op = op.no
        LEFT JOIN received ON received.signed = op.signed";

fn statement_row(row: &rusqlite::Row<'_>) -> Result<Row> {
    let content = match row.get_ref(11)?.as_blob_or_null() {
        // Words of a newer version are kept and cannot be shown.
        Ok(Some(bytes)) => visitbook_record::cbor::decode::<Content>(bytes).ok(),
        _ => None,
    };
    let verdict: Option<Verdict> = optional_coded(row, 12)?;
    let at = position(row.get(13)?, row.get(14)?)?;
    let received: Option<i64> = row.get(15)?;
    let kind: u16 = row.get(5)?;
    let fact = Fact {
        id: name(row, 2)?,
        record: name(row, 16)?,
        author: name(row, 3)?,
        acting_as: from_number(row.get(4)?)?,
        kind: Kind::from_code(kind),
        policy: from_number(row.get(6)?)?,
        target: coded(row, 7)?,
        replaces: coded(row, 8)?,
        answer: Answer::of(content.as_ref()),
        verdict,
    };
    Ok(Row {
        signed: row.get(1)?,
        payload: optional_name(row, 10)?,
        removed: row.get(17)?,
        statement: Statement {
            written: WallMillis(row.get(9)?),
            received: received.map(WallMillis),
            counted_at: at.filter(|_| fact.is_applied()),
            fact,
            content,
        },
    })
}

fn statements_where(
    db: &Connection,
    clause: &str,
    values: &[&dyn rusqlite::ToSql],
) -> Result<Vec<Row>> {
    let mut found = db.prepare_cached(&format!("{STATEMENT} WHERE {clause} ORDER BY op.no"))?;
    let mut rows = found.query(values)?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(statement_row(row)?);
    }
    Ok(all)
}

/// Everything known about a record, in the order it came to this device.
pub(crate) fn statements(db: &Connection, record: i64) -> Result<Vec<Row>> {
    statements_where(db, "op.record = ?1", params![record])
}

/// Everything known about one target of a record.
pub(crate) fn statements_about(db: &Connection, record: i64, target: &Target) -> Result<Vec<Row>> {
    statements_where(
        db,
        "op.record = ?1 AND op.target = ?2",
        params![record, encode(target)],
    )
}

/// Who was given a child and from whom it was taken, and everything said by adding to a list: of whom the child was told, who
/// opened the file. Their codes are written out, as those of other statements are in queries.
pub(crate) fn about_holding(db: &Connection, record: i64) -> Result<Vec<Row>> {
    statements_where(
        db,
        "op.record = ?1 AND (op.kind IN (18, 19) OR (op.kind = 5 AND op.acting_as <> 4))",
        params![record],
    )
}

/// The one with this name.
pub(crate) fn statement(db: &Connection, id: &OpId) -> Result<Option<Row>> {
    Ok(statements_where(db, "op.id = ?1", params![id.0])?.pop())
}

/// Notes a judgement. Returns what the scope's digest had for the operation, if anything.
pub(crate) fn set_verdict(
    db: &Connection,
    op: i64,
    verdict: &Verdict,
    at: LogPosition,
    counts: bool,
) -> Result<Option<Verdict>> {
    let mut found =
        db.prepare_cached("SELECT verdict, epoch, position, counted FROM verdict WHERE op = ?1")?;
    let mut rows = found.query([op])?;
    let known = match rows.next()? {
        Some(row) => Some((
            coded::<Verdict>(row, 0)?,
            position(row.get(1)?, row.get(2)?)?,
            optional_coded::<Verdict>(row, 3)?,
        )),
        None => None,
    };
    drop(rows);
    let (before, counted) = match known {
        Some((verdict, at, counted)) => (Some((verdict, at)), counted),
        None => (None, None),
    };
    // A receipt runs ahead of the pull: where the log has spoken it says nothing new, and may be older. And a pull may repeat what
    // a later entry has raised: the later entry stands.
    let known = before.as_ref().and_then(|(_, known)| *known);
    // Nor does it take back what a notice has said since, about a child that is no longer held.
    let lowers = before
        .as_ref()
        .is_some_and(|(before, _)| before.is_applied())
        && !verdict.is_applied()
        && known.is_none_or(|known| known.epoch >= at.epoch);
    let is_late = !counts && (counted.is_some() || lowers);
    let stands = !is_late && known.is_none_or(|known| known <= at);
    // What is said once more counts since it first did, but for what a restored council had lost.
    let at = match (before, known) {
        (Some((before, _)), Some(since))
            if before.is_applied() && verdict.is_applied() && since.epoch == at.epoch =>
        {
            since
        }
        _ => at,
    };
    let coded = encode(verdict);
    let counted_now = if counts { Some(&coded) } else { None };
    if stands {
        db.prepare_cached(
            "INSERT INTO verdict (op, verdict, epoch, position, counted) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (op) DO UPDATE SET verdict = ?2, epoch = ?3, position = ?4, counted = coalesce(?5, counted)",
        )?
        .execute(params![op, coded, signed(at.epoch), signed(at.position), counted_now])?;
    } else if counts {
        db.prepare_cached("UPDATE verdict SET counted = ?2 WHERE op = ?1")?
            .execute(params![op, coded])?;
    }
    Ok(counted)
}

/// Notes that the council has a commit. A receipt, once noted, stays.
pub(crate) fn set_received(
    db: &Connection,
    signed_no: i64,
    at: LogPosition,
    time: WallMillis,
    receipt: Option<i64>,
) -> Result<()> {
    db.prepare_cached(
        "INSERT INTO received (signed, epoch, position, at, receipt) VALUES (?1, ?2, ?3, ?4, ?5)
         ON CONFLICT (signed) DO UPDATE SET receipt = coalesce(receipt, ?5)",
    )?
    .execute(params![
        signed_no,
        signed(at.epoch),
        signed(at.position),
        time.0,
        receipt
    ])?;
    Ok(())
}

/// Keeps a receipt statement whole. Returns its row; one that is there already is not stored twice.
pub(crate) fn insert_receipt(
    db: &Connection,
    hash: StatementHash,
    scope: i64,
    previous: Option<StatementHash>,
    exact: &Signed,
) -> Result<i64> {
    db.prepare_cached(
        "INSERT OR IGNORE INTO receipt (hash, scope, previous, bytes, signature) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        hash.0,
        scope,
        previous.map(|hash| hash.0),
        exact.bytes,
        exact.signature
    ])?;
    Ok(db
        .prepare_cached("SELECT no FROM receipt WHERE hash = ?1")?
        .query_row(params![hash.0], |row| row.get(0))?)
}

/// Raises an alarm, once for each thing it is about.
pub(crate) fn raise(db: &Connection, now: WallMillis, kind: &str, about: &str) -> Result<()> {
    db.prepare_cached("INSERT OR IGNORE INTO alarm (at, kind, about) VALUES (?1, ?2, ?3)")?
        .execute(params![now.0, kind, about])?;
    Ok(())
}

/// Whether there is any row. For the few questions that need no more.
pub(crate) fn exists(db: &Connection, sql: &str, values: &[&dyn rusqlite::ToSql]) -> Result<bool> {
    Ok(db
        .prepare_cached(sql)?
        .query_row(values, |_| Ok(()))
        .optional()?
        .is_some())
}

/// The finishes of a record. Their code is written out, because a partial index is only used where it is.
pub(crate) fn finishes(db: &Connection, record: i64) -> Result<Vec<Row>> {
    statements_where(db, "op.record = ?1 AND op.kind = 8", params![record])
}

/// The one in this row.
pub(crate) fn statement_no(db: &Connection, no: i64) -> Result<Option<Row>> {
    Ok(statements_where(db, "op.no = ?1", params![no])?.pop())
}

//! Which files belong to which statements, and where their bytes are. The keys are in the payloads, and go with them.

use rusqlite::{Connection, OptionalExtension as _, params};
use visitbook_record::attachment::Attachment;
use visitbook_record::id::OpId;
use visitbook_record::op::Kind;
use visitbook_record::payload::{Content, Payload};
use visitbook_record::time::WallMillis;
use visitbook_record::wire::Signed;
use visitbook_seal::attachment::AttachmentId;

use super::StoreError;
use super::rows::{name, signed};

type Result<T> = std::result::Result<T, StoreError>;

/// How an encoded content of this sort begins; the others need not be decoded to know that they name no file.
const BEGINNING: [u8; 2] = [0x82, 13];

/// A file as the book knows it.
pub(crate) struct File {
    pub(crate) id: AttachmentId,
    /// It was attached on this device, which must hand it in.
    pub(crate) own: bool,
    /// When it was attached, for an own one.
    pub(crate) saved: Option<WallMillis>,
    /// When the council said, signed, that it has all of it.
    pub(crate) received: Option<WallMillis>,
    /// Somebody asked for it.
    pub(crate) wanted: bool,
    /// What the council said of one that has not all come.
    pub(crate) expected: Option<Expected>,
}

/// A file that the council waits for.
pub(crate) struct Expected {
    pub(crate) from: String,
    pub(crate) heard: Option<WallMillis>,
    pub(crate) have: u32,
    pub(crate) total: u32,
}

/// Notes which file an operation attaches, if its payload says so. Called for every payload that comes in.
pub(crate) fn note(db: &Connection, op: i64, payload: &Payload) -> Result<()> {
    if !payload.bytes.starts_with(&BEGINNING) {
        return Ok(());
    }
    let Ok(Content::Attachment(file)) = payload.content() else {
        return Ok(());
    };
    let found: Option<(bool, i64)> = db
        .prepare_cached(
            "SELECT signed.own, op.written FROM op JOIN signed ON signed.no = op.signed WHERE op.no = ?1 AND op.kind = ?2",
        )?
        .query_row(params![op, Kind::Attach.code()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    let Some((own, written)) = found else {
        return Ok(());
    };
    db.prepare_cached(
        "INSERT INTO attachment (id, own, saved, wanted) VALUES (?1, ?2, ?3, 0)
         ON CONFLICT (id) DO UPDATE SET own = max(own, ?2), saved = coalesce(saved, ?3)",
    )?
    .execute(params![file.id, own, own.then_some(written)])?;
    db.prepare_cached("INSERT OR IGNORE INTO attached (op, id) VALUES (?1, ?2)")?
        .execute(params![op, file.id])?;
    Ok(())
}

/// Remembers the hash of what was encrypted, so that the same file is not encrypted twice.
pub(crate) fn set_content(db: &Connection, id: &AttachmentId, content: &[u8; 32]) -> Result<()> {
    db.prepare_cached("UPDATE attachment SET content = ?2 WHERE id = ?1")?
        .execute(params![id.0, content])?;
    Ok(())
}

/// An own file with this content, and the key that opens it.
pub(crate) fn same_content(db: &Connection, content: &[u8; 32]) -> Result<Option<Attachment>> {
    let bytes: Option<Vec<u8>> = db
        .prepare_cached(
            "SELECT payload.bytes FROM attachment JOIN attached ON attached.id = attachment.id
                JOIN payload ON payload.op = attached.op
             WHERE attachment.content = ?1 AND attachment.own = 1 ORDER BY attached.op LIMIT 1",
        )?
        .query_row(params![content], |row| row.get(0))
        .optional()?;
    let content = bytes.and_then(|bytes| visitbook_record::cbor::decode::<Content>(&bytes).ok());
    Ok(match content {
        Some(Content::Attachment(file)) => Some(file),
        _ => None,
    })
}

const COLUMNS: &str = "id, own, saved, received, wanted, expected_from, heard, have, total";

fn file(row: &rusqlite::Row<'_>) -> Result<File> {
    let from: Option<String> = row.get(5)?;
    let number = |column: usize| -> Result<u32> {
        let number: Option<i64> = row.get(column)?;
        u32::try_from(number.unwrap_or(0)).map_err(|_| StoreError::Row("a number of chunks"))
    };
    let time = |column: usize| -> Result<Option<WallMillis>> {
        let millis: Option<i64> = row.get(column)?;
        Ok(millis.map(WallMillis))
    };
    Ok(File {
        id: AttachmentId(name(row, 0)?),
        own: row.get(1)?,
        saved: time(2)?,
        received: time(3)?,
        wanted: row.get(4)?,
        expected: match from {
            Some(from) => Some(Expected {
                from,
                heard: time(6)?,
                have: number(7)?,
                total: number(8)?,
            }),
            None => None,
        },
    })
}

/// A file.
pub(crate) fn get(db: &Connection, id: &AttachmentId) -> Result<Option<File>> {
    let mut found =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM attachment WHERE id = ?1"))?;
    let mut rows = found.query(params![id.0])?;
    rows.next()?.map(file).transpose()
}

/// Files whose whereabouts the council is to be asked for: those it has not said it has, and those that somebody wants.
pub(crate) fn to_ask_for(db: &Connection) -> Result<Vec<File>> {
    let mut found = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM attachment WHERE wanted = 1 OR receipt IS NULL ORDER BY wanted DESC, rowid"
    ))?;
    let mut rows = found.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(file(row)?);
    }
    Ok(all)
}

/// The own files of a record without a receipt, by the statement that attaches them: the statement's row and the file.
pub(crate) fn unreceived(db: &Connection, record: i64) -> Result<Vec<(i64, File)>> {
    let mut found = db.prepare_cached(
        "SELECT attachment.id, attachment.own, attachment.saved, attachment.received, attachment.wanted,
            attachment.expected_from, attachment.heard, attachment.have, attachment.total, op.no
         FROM op JOIN signed ON signed.no = op.signed JOIN attached ON attached.op = op.no
            JOIN attachment ON attachment.id = attached.id
         WHERE op.record = ?1 AND signed.own = 1 AND attachment.receipt IS NULL ORDER BY op.no",
    )?;
    let mut rows = found.query([record])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push((row.get(9)?, file(row)?));
    }
    Ok(all)
}

/// Own files without a receipt, a child's own first, then by age. The policy's number is that of a child's words.
pub(crate) fn handing_in_order(db: &Connection) -> Result<Vec<AttachmentId>> {
    let words = super::rows::number_of(&visitbook_record::op::Policy::Words);
    let mut found = db.prepare_cached(
        "SELECT attachment.id FROM attachment JOIN attached ON attached.id = attachment.id JOIN op ON op.no = attached.op
         WHERE attachment.own = 1 AND attachment.receipt IS NULL
         GROUP BY attachment.id ORDER BY max(op.policy = ?1) DESC, min(op.no)",
    )?;
    let mut rows = found.query([words])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(AttachmentId(name(row, 0)?));
    }
    Ok(all)
}

/// Own files without a receipt about children who are not held: the council does not say where these are.
pub(crate) fn not_to_be_asked_for(db: &Connection) -> Result<Vec<AttachmentId>> {
    let mut found = db.prepare_cached(
        "SELECT id FROM attachment WHERE own = 1 AND receipt IS NULL AND NOT EXISTS
            (SELECT 1 FROM attached JOIN op ON op.no = attached.op JOIN record ON record.no = op.record
                JOIN scope ON scope.no = record.scope WHERE attached.id = attachment.id AND scope.held = 1)",
    )?;
    let mut rows = found.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(AttachmentId(name(row, 0)?));
    }
    Ok(all)
}

/// The council has all of it, and says so. Returns whether that is news.
pub(crate) fn set_receipt(
    db: &Connection,
    id: &AttachmentId,
    exact: &Signed,
    epoch: u64,
    at: WallMillis,
) -> Result<bool> {
    let changed = db
        .prepare_cached(
            "UPDATE attachment SET receipt = ?2, receipt_signature = ?3, receipt_epoch = ?4, received = ?5,
                expected_from = NULL, heard = NULL, have = NULL, total = NULL
             WHERE id = ?1 AND receipt IS NULL",
        )?
        .execute(params![
            id.0,
            exact.bytes,
            exact.signature,
            signed(epoch),
            at.0
        ])?;
    Ok(changed > 0)
}

/// Every file, whether it is own, and the receipt for it: to be checked again.
pub(crate) fn all(db: &Connection) -> Result<Vec<(AttachmentId, bool, Option<Signed>)>> {
    let mut found =
        db.prepare_cached("SELECT id, own, receipt, receipt_signature FROM attachment")?;
    let mut rows = found.query([])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let bytes: Option<Vec<u8>> = row.get(2)?;
        let signature: Option<Vec<u8>> = row.get(3)?;
        let exact = bytes
            .zip(signature)
            .map(|(bytes, signature)| Signed { bytes, signature });
        all.push((AttachmentId(name(row, 0)?), row.get(1)?, exact));
    }
    Ok(all)
}

/// The council's server was restored from a back-up, and may have lost any file: it is asked again for each.
pub(crate) fn forget_receipts(db: &Connection) -> Result<()> {
    db.execute(
        "UPDATE attachment SET receipt = NULL, receipt_signature = NULL, receipt_epoch = NULL, received = NULL",
        [],
    )?;
    Ok(())
}

/// What the council said of a file that has not all come.
pub(crate) fn set_expected(db: &Connection, id: &AttachmentId, expected: &Expected) -> Result<()> {
    db.prepare_cached(
        "UPDATE attachment SET expected_from = ?2, heard = ?3, have = ?4, total = ?5 WHERE id = ?1 AND receipt IS NULL",
    )?
    .execute(params![
        id.0,
        expected.from,
        expected.heard.map(|at| at.0),
        expected.have,
        expected.total
    ])?;
    Ok(())
}

/// Somebody asks for a file, or has it now.
pub(crate) fn set_wanted(db: &Connection, id: &AttachmentId, wanted: bool) -> Result<()> {
    db.prepare_cached("UPDATE attachment SET wanted = ?2 WHERE id = ?1")?
        .execute(params![id.0, wanted])?;
    Ok(())
}

/// The statements that attach a file, by name.
pub(crate) fn ops_of(db: &Connection, id: &AttachmentId) -> Result<Vec<OpId>> {
    let mut found = db.prepare_cached(
        "SELECT op.id FROM attached JOIN op ON op.no = attached.op WHERE attached.id = ?1 ORDER BY op.no",
    )?;
    let mut rows = found.query(params![id.0])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        all.push(name(row, 0)?);
    }
    Ok(all)
}

/// The records with a file that the council has not said it has.
pub(crate) fn records_with_missing(db: &Connection) -> Result<Vec<i64>> {
    let mut found = db.prepare_cached(
        "SELECT DISTINCT op.record FROM attachment JOIN attached ON attached.id = attachment.id
            JOIN op ON op.no = attached.op WHERE attachment.receipt IS NULL ORDER BY op.record",
    )?;
    Ok(found
        .query_map([], |row| row.get(0))?
        .collect::<std::result::Result<_, _>>()?)
}

/// Whether a scope has an own file that the council has not said it has.
pub(crate) fn must_wait(db: &Connection, scope: i64) -> Result<bool> {
    super::log::exists(
        db,
        "SELECT 1 FROM attachment JOIN attached ON attached.id = attachment.id JOIN op ON op.no = attached.op
            JOIN record ON record.no = op.record JOIN signed ON signed.no = op.signed
         WHERE record.scope = ?1 AND signed.own = 1 AND attachment.receipt IS NULL",
        &[&scope],
    )
}

/// Forgets files that no statement here attaches any more. Own ones without a receipt stay: the table refuses it.
pub(crate) fn forget_unattached(db: &Connection) -> Result<()> {
    db.execute(
        "DELETE FROM attachment WHERE NOT EXISTS (SELECT 1 FROM attached WHERE attached.id = attachment.id)",
        [],
    )?;
    Ok(())
}

//! Read models: what lists show, kept beside the log so that a list never folds a record. They say nothing that the log
//! does not, and are rebuilt from it, record by record, whenever they are in doubt.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension as _, params};
use visitbook_record::commit::RecordKind;
use visitbook_record::op::{Kind, Target};
use visitbook_record::page::{Page, Question, Statement, View, lay_out};
use visitbook_record::payload::{Content, Value};

use super::StoreError;
use super::log::{self, RecordRow};
use super::oversight_view::{self, Marks};

type Result<T> = std::result::Result<T, StoreError>;

/// Brings the read models of one record up to date. With `changed`, only what was said about these targets is folded
/// again; without, everything. A record that a manager has touched is always folded whole.
pub(crate) fn refresh(
    db: &Connection,
    record: &RecordRow,
    changed: Option<&BTreeSet<Target>>,
) -> Result<()> {
    let touched = oversight_view::marks(db, record.no)?.is_some();
    let rows = match changed.filter(|_| !touched) {
        None => {
            db.prepare_cached("DELETE FROM answer_view WHERE record = ?1")?
                .execute([record.no])?;
            log::statements(db, record.no)?
        }
        Some(targets) => {
            let mut rows = Vec::new();
            for target in targets {
                forget(db, record.no, target)?;
                rows.extend(log::statements_about(db, record.no, target)?);
            }
            if record.home.kind == RecordKind::Visit {
                rows.extend(log::finishes(db, record.no)?);
            }
            rows
        }
    };
    let statements: Vec<Statement> = rows.into_iter().map(|row| row.statement).collect();
    let page = lay_out(record.home.kind, &statements, View::Here);
    for question in page.questions.values() {
        put_question(db, record.no, question, &statements)?;
    }
    for entry in page.entries.iter().filter(|entry| entry.open) {
        put(db, record.no, &entry.target, None, None, true, false)?;
    }
    if record.home.kind == RecordKind::Visit {
        put_visit(db, record, &page)?;
    }
    let marks = Marks::of(&page, &statements);
    if touched || marks != Marks::default() {
        oversight_view::put(db, record.no, marks)?;
    }
    Ok(())
}

/// Which targets a change to these statements can move; `None` for all of them.
pub(crate) fn moved<'a>(
    statements: impl IntoIterator<Item = (Kind, &'a Target)>,
) -> Option<BTreeSet<Target>> {
    let mut targets = BTreeSet::new();
    for (kind, target) in statements {
        // A finish decides for every target what is page and what came later; oversight is about the whole record.
        // What a redaction takes the words of may be about anything.
        if matches!(kind, Kind::Finish | Kind::Correct | Kind::Redact) || kind.is_oversight() {
            return None;
        }
        targets.insert(target.clone());
    }
    Some(targets)
}

/// The read models, each by record.
const TABLES: [&str; 3] = ["answer_view", "visit_view", "oversight_view"];

/// Drops what lists show of a scope's records.
pub(crate) fn drop_scope(db: &Connection, scope: i64) -> Result<()> {
    for table in TABLES {
        let sql =
            format!("DELETE FROM {table} WHERE record IN (SELECT no FROM record WHERE scope = ?1)");
        db.execute(&sql, [scope])?;
    }
    Ok(())
}

/// Drops every read model and rebuilds it from the log.
pub(crate) fn rebuild(db: &Connection) -> Result<()> {
    db.execute_batch(
        "DELETE FROM answer_view; DELETE FROM visit_view; DELETE FROM oversight_view;",
    )?;
    let mut found = db.prepare("SELECT no FROM record ORDER BY no")?;
    let all: Vec<i64> = found
        .query_map([], |row| row.get(0))?
        .collect::<std::result::Result<_, _>>()?;
    for no in all {
        if let Some(record) = log::record_no(db, no)? {
            refresh(db, &record, None)?;
        }
    }
    Ok(())
}

fn forget(db: &Connection, record: i64, target: &Target) -> Result<()> {
    db.prepare_cached(
        "DELETE FROM answer_view WHERE record = ?1 AND field = ?2 AND element = ?3 AND part = ?4",
    )?
    .execute(params![
        record,
        target.name(),
        target.element_id().unwrap_or_default(),
        target.part_name().unwrap_or_default()
    ])?;
    Ok(())
}

fn put_question(
    db: &Connection,
    record: i64,
    question: &Question,
    statements: &[Statement],
) -> Result<()> {
    // Of sets and observations every member stands by itself; of an open ordinary question none does.
    let shown = question
        .standing
        .or_else(|| question.live.first().copied().filter(|_| !question.open));
    let shown = shown.and_then(|at| statements.get(at));
    let value = shown
        .and_then(|statement| statement.content.as_ref())
        .and_then(Content::value);
    let author = shown.map(|statement| statement.fact.author);
    put(
        db,
        record,
        &question.target,
        value,
        author,
        question.open,
        question.maybe_worse,
    )
}

fn put(
    db: &Connection,
    record: i64,
    target: &Target,
    value: Option<&Value>,
    author: Option<visitbook_record::id::WorkerId>,
    open: bool,
    worse: bool,
) -> Result<()> {
    db.prepare_cached(
        "INSERT OR REPLACE INTO answer_view (record, field, element, part, code, label, author, open, worse)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
    )?
    .execute(params![
        record,
        target.name(),
        target.element_id().unwrap_or_default(),
        target.part_name().unwrap_or_default(),
        value.map(|value| &value.code),
        value.map(|value| &value.label),
        author.map(|author| author.0),
        open,
        worse,
    ])?;
    Ok(())
}

/// The code and label of the answer that stands, and whether it is open.
pub(crate) type Standing = (Option<String>, Option<String>, bool);

/// What stands for a plain field of a record.
pub(crate) fn answer(db: &Connection, record: i64, field: &str) -> Result<Option<Standing>> {
    Ok(db
        .prepare_cached(
            "SELECT code, label, open FROM answer_view WHERE record = ?1 AND field = ?2 AND element = '' AND part = ''",
        )?
        .query_row(params![record, field], |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?))
        })
        .optional()?)
}

/// What a child is called, if this device knows.
pub(crate) fn child_name(
    db: &Connection,
    child: visitbook_record::id::RecordId,
) -> Result<Option<String>> {
    let Some(row) = log::record(db, child)? else {
        return Ok(None);
    };
    Ok(answer(db, row.no, "known_as")?.and_then(|(code, ..)| code))
}

fn code(db: &Connection, record: i64, field: &str) -> Result<(Option<String>, bool)> {
    Ok(answer(db, record, field)?.map_or((None, false), |(code, _, open)| (code, open)))
}

fn put_visit(db: &Connection, record: &RecordRow, page: &Page) -> Result<()> {
    let mut columns = Vec::with_capacity(9);
    for field in [
        "visit_date",
        "planned_for",
        "arrived",
        "outing_id",
        "outcome",
        "mode",
        "seen",
        "alone",
        "bedroom",
        "safe_now",
    ] {
        columns.push(code(db, record.no, field)?);
    }
    let column = |at: usize| columns.get(at).cloned().unwrap_or_default();
    let date = column(0).0.or_else(|| column(1).0).unwrap_or_default();
    db.prepare_cached(
        "INSERT INTO visit_view (record, scope, date, arrived, outing, outcome, mode, seen, seen_open, alone, alone_open,
            bedroom, safe_now, finished, author)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14,
            (SELECT author FROM record WHERE no = ?1))
         ON CONFLICT (record) DO UPDATE SET date = ?3, arrived = ?4, outing = ?5, outcome = ?6, mode = ?7, seen = ?8,
            seen_open = ?9, alone = ?10, alone_open = ?11, bedroom = ?12, safe_now = ?13, finished = ?14
         WHERE (date, arrived, outing, outcome, mode, seen, seen_open, alone, alone_open, bedroom, safe_now, finished)
            IS NOT (?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    )?
    .execute(params![
        record.no,
        record.scope_no,
        date,
        column(2).0,
        column(3).0,
        column(4).0,
        column(5).0,
        column(6).0,
        column(6).1,
        column(7).0,
        column(7).1,
        column(8).0,
        column(9).0,
        page.finished.is_some(),
    ])?;
    Ok(())
}

/// The targets of a record to which two answers are open.
pub(crate) fn open_targets(db: &Connection, record: i64) -> Result<Vec<Target>> {
    let mut found = db.prepare_cached(
        "SELECT field, element, part FROM answer_view WHERE record = ?1 AND open = 1 ORDER BY field, element, part",
    )?;
    let mut rows = found.query([record])?;
    let mut all = Vec::new();
    while let Some(row) = rows.next()? {
        let (field, element, part): (String, String, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        all.push(target(field, element, part));
    }
    Ok(all)
}

/// The target that a row of `answer_view` is about.
pub(crate) fn target(field: String, element: String, part: String) -> Target {
    match (element.is_empty(), part.is_empty()) {
        (true, _) => Target::field(field),
        (false, true) => Target::element(field, element),
        (false, false) => Target::part(field, element, part),
    }
}

//! Read model of oversight: what became of a record after it was finished, at hand for lists without folding.
//!
//! A record entered in error keeps its log, as evidence, and loses every other read model, so that no list, card, search or
//! date can show it.

use rusqlite::{Connection, OptionalExtension as _, params};
use visitbook_record::op::Kind;
use visitbook_record::page::{Page, Statement};

use super::StoreError;

type Result<T> = std::result::Result<T, StoreError>;

/// What the row of a record says.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Marks {
    /// The finish that stands is signed off.
    pub(crate) signed_off: bool,
    /// A question that was sent back waits for its author.
    pub(crate) asked: bool,
    /// A fact was put right after the finish.
    pub(crate) corrected: bool,
    /// Entered in error.
    pub(crate) voided: bool,
}

impl Marks {
    /// What a laid-out record comes to.
    pub(crate) fn of(page: &Page, statements: &[Statement]) -> Self {
        Self {
            signed_off: page.signed_off.is_some(),
            asked: page.returned.iter().any(|at| !is_answered(*at, statements)),
            corrected: !page.corrections.is_empty(),
            voided: page.voided.is_some(),
        }
    }
}

/// Whether a question that was sent back has been answered: its author has stated something in the record since. What has
/// no log position yet came after the question if it came to this device after it.
pub(crate) fn is_answered(question: usize, statements: &[Statement]) -> bool {
    let Some(asked) = statements.get(question) else {
        return false;
    };
    let Some(of) = asked_of(asked, statements) else {
        return false;
    };
    statements.iter().enumerate().any(|(at, later)| {
        later.fact.author == of
            && later.fact.kind.states_something()
            && match (later.counted_at, asked.counted_at) {
                (Some(later), Some(asked)) => later > asked,
                (None, _) => later.fact.verdict.is_none() && at > question,
                (Some(_), None) => false,
            }
    })
}

/// Whom a question is put to: the author of the finish that it is about.
pub(crate) fn asked_of(
    question: &Statement,
    statements: &[Statement],
) -> Option<visitbook_record::id::WorkerId> {
    let finish = question.fact.target.element_id()?;
    statements
        .iter()
        .find(|known| known.fact.kind == Kind::Finish && known.fact.id.to_string() == finish)
        .map(|finish| finish.fact.author)
}

/// The marks of a record.
pub(crate) fn marks(db: &Connection, record: i64) -> Result<Option<Marks>> {
    Ok(db
        .prepare_cached(
            "SELECT signed_off, asked, corrected, voided FROM oversight_view WHERE record = ?1",
        )?
        .query_row([record], |row| {
            Ok(Marks {
                signed_off: row.get(0)?,
                asked: row.get(1)?,
                corrected: row.get(2)?,
                voided: row.get(3)?,
            })
        })
        .optional()?)
}

/// Whether a record was entered in error.
pub(crate) fn is_voided(db: &Connection, record: i64) -> Result<bool> {
    Ok(marks(db, record)?.is_some_and(|marks| marks.voided))
}

/// Notes the marks of a record, and hides it if it was entered in error.
pub(crate) fn put(db: &Connection, record: i64, marks: Marks) -> Result<()> {
    if marks == Marks::default() {
        db.prepare_cached("DELETE FROM oversight_view WHERE record = ?1")?
            .execute([record])?;
        return Ok(());
    }
    db.prepare_cached(
        "INSERT OR REPLACE INTO oversight_view (record, signed_off, asked, corrected, voided) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?
    .execute(params![
        record,
        marks.signed_off,
        marks.asked,
        marks.corrected,
        marks.voided
    ])?;
    if marks.voided {
        for view in [
            "DELETE FROM answer_view WHERE record = ?1",
            "DELETE FROM visit_view WHERE record = ?1",
        ] {
            db.prepare_cached(view)?.execute([record])?;
        }
    }
    Ok(())
}

/// The records in which a question that was sent back waits, of children that are held.
pub(crate) fn asked(db: &Connection) -> Result<Vec<i64>> {
    let mut found = db.prepare_cached(
        "SELECT oversight_view.record FROM oversight_view JOIN record ON record.no = oversight_view.record
            JOIN scope ON scope.no = record.scope
         WHERE oversight_view.asked = 1 AND oversight_view.voided = 0 AND scope.held = 1 AND scope.closed = 0 ORDER BY record.no",
    )?;
    let rows = found.query_map([], |row| row.get(0))?;
    Ok(rows.collect::<std::result::Result<_, _>>()?)
}

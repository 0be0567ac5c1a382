//! Duty cover: children who are kept ready on the device of somebody who stands in, and closed until that person opens the file
//! with a reason.
//!
//! Opening needs no line. It is a statement in the child's own log, so it is signed, keeps both times, and whoever holds the child
//! sees who opened the file and why. The council sets aside what is written in a file that was not opened; nothing of it is lost.

use rusqlite::Connection;
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::id::{RecordId, WorkerId};
use visitbook_record::judge::COVER_OPENED;
use visitbook_record::op::{Kind, Target};
use visitbook_record::page::Statement;
use visitbook_record::payload::Content;
use visitbook_record::scope::LogPosition;
use visitbook_record::words;

use super::Working;
use super::model::{CoverChild, FileOpened};
use super::save::{Plan, Refusing, Saved};
use super::visit::check_text;
use crate::clock::Moment;
use crate::error::{ReadError, SaveError};
use crate::store::log;
use crate::store::{StoreError, views};

/// Closes what the holder holds as one who stands in and has not opened since it was last given, and opens everything else.
/// Follows from the log alone.
pub(crate) fn settle(db: &Connection, me: WorkerId) -> Result<(), StoreError> {
    for row in log::scopes(db)? {
        let Some(child) = row.scope.child() else {
            continue;
        };
        let stands_in = row.held && row.role == Some(Role::Cover);
        let closed = stands_in && !is_opened(db, child, me)?;
        if closed != row.closed {
            log::set_scope_closed(db, row.no, closed)?;
        }
    }
    Ok(())
}

fn is_opened(db: &Connection, child: RecordId, me: WorkerId) -> Result<bool, StoreError> {
    let Some(record) = log::record(db, child)? else {
        return Ok(false);
    };
    let mut given: Option<LogPosition> = None;
    let mut opened: Option<Option<LogPosition>> = None;
    for row in log::about_holding(db, record.no)? {
        let statement = row.statement;
        let fact = &statement.fact;
        match (fact.kind, &statement.content) {
            (Kind::Assign, Some(Content::Assignment(to))) if to.worker == me => {
                given = given.max(statement.counted_at);
            }
            // Not judged yet: it was written on this device, in this file.
            (Kind::SetAdd, _)
                if is_opening(&statement) && fact.author == me && fact.verdict.is_none() =>
            {
                return Ok(true);
            }
            (Kind::SetAdd, _) if is_opening(&statement) && fact.author == me => {
                if fact.is_applied() {
                    opened = opened.max(Some(statement.counted_at));
                }
            }
            _ => {}
        }
    }
    Ok(opened.is_some_and(|at| at > given))
}

fn is_opening(statement: &Statement) -> bool {
    statement.fact.target.name() == COVER_OPENED
}

/// The openings among the statements of a child's own record, in the order given.
pub(crate) fn openings<'a>(
    child: RecordId,
    child_name: &'a str,
    today: &'a str,
    statements: &'a [Statement],
    name: impl Fn(WorkerId) -> String + 'a,
) -> impl Iterator<Item = FileOpened> + 'a {
    statements
        .iter()
        .filter(|statement| is_opening(statement) && statement.fact.kind == Kind::SetAdd)
        .filter_map(move |statement| {
            let reason = statement.content.as_ref()?.value()?.code.clone();
            let by = name(statement.fact.author);
            let written = Moment::of(statement.written);
            Some(FileOpened {
                child,
                child_name: child_name.to_owned(),
                words: words::cover_opened(child_name, &by, &written.beside(today), &reason),
                by,
                reason,
                written,
                received: statement.received.map(Moment::of),
            })
        })
}

impl Working {
    /// The children whom the holder holds as one who stands in: of those that are closed the name and nothing else.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn cover(&self) -> Result<Vec<CoverChild>, ReadError> {
        let today = Moment::of(self.now().wall).date;
        let staff = self.staff_names()?;
        let mut all = Vec::new();
        for row in log::scopes(&self.store.reader)? {
            let Some(child) = row.scope.child() else {
                continue;
            };
            if !row.held || row.role != Some(Role::Cover) {
                continue;
            }
            let name = self.child_name(child)?;
            let record = log::record(&self.store.reader, child)?;
            let family_name = match &record {
                Some(record) => views::answer(&self.store.reader, record.no, "family_name")?
                    .and_then(|(code, ..)| code),
                None => None,
            };
            let opened = match &record {
                Some(record) if !row.closed => {
                    let statements: Vec<Statement> =
                        log::about_holding(&self.store.reader, record.no)?
                            .into_iter()
                            .map(|row| row.statement)
                            .filter(|statement| statement.fact.author == self.me.worker)
                            .collect();
                    let named = |worker: WorkerId| {
                        staff
                            .get(&worker)
                            .cloned()
                            .unwrap_or_else(|| worker.to_string())
                    };
                    openings(child, &name, &today, &statements, named).last()
                }
                _ => None,
            };
            all.push(CoverChild {
                child,
                full_name: family_name
                    .map_or_else(|| name.clone(), |family| format!("{name} {family}")),
                name,
                opened,
            });
        }
        all.sort_by(|a, b| a.full_name.cmp(&b.full_name));
        Ok(all)
    }

    /// Opens the file of a child whom the holder holds as one who stands in. Works without a line; from then on the child's card and
    /// recording work as for any other. Everybody who holds the child sees who opened the file, when and why. Opening an open file
    /// again adds another reason.
    ///
    /// # Errors
    /// [`SaveError::NotHeld`] for a child not held, [`SaveError::OtherKind`] for one held in another role; nothing was saved.
    pub fn open_cover(&mut self, child: RecordId, reason: &str) -> Result<Saved, SaveError> {
        check_text("reason", reason)?;
        match self.role_for(child)? {
            Some(Role::Cover) => {}
            Some(_) => return Err(SaveError::OtherKind("child held on duty cover")),
            None => return Err(SaveError::NotHeld(child)),
        }
        let target = Target::element(COVER_OPENED, self.fresh_id()?.to_string());
        let statement = self.answer_statement(RecordKind::Child, &target, reason, None, &[])?;
        let plan = Plan {
            record: child,
            kind: RecordKind::Child,
            child,
            statements: vec![statement],
        };
        let me = self.me.worker;
        self.save_and(vec![plan], Refusing::Yes, |db| settle(db, me))
    }
}

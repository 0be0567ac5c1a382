//! Every look at a child is written down, and goes to the council when the vault closes.
//!
//! The rows are written as the look happens, so that a device that is killed hides none. At lock they become one signed commit in
//! the holder's audit scope, which no device holds. A look that cannot be written down is kept in memory and does not stop
//! anybody from reading: a worker on a doorstep needs the card more than the log needs the line.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use rusqlite::{Connection, params};
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::id::RecordId;
use visitbook_record::limits;
use visitbook_record::look::{Look, Looked, record_of};
use visitbook_record::op::{Kind, Policy};
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;

use super::Working;
use super::save::{NewStatement, Place};
use crate::error::SaveError;
use crate::store::rows::name;
use crate::store::{StoreError, log};

/// Looks at the same thing in the same way within ten minutes are one.
const ONE_LOOK: i64 = 10 * 60 * 1_000;

/// What was looked at since the vault was opened.
#[derive(Default)]
pub(super) struct Looks(Mutex<Noted>);

#[derive(Default)]
struct Noted {
    last: BTreeMap<Looked, WallMillis>,
    /// Not in the book yet.
    unwritten: Vec<(WallMillis, Looked)>,
}

impl Working {
    /// Notes that somebody looked.
    pub(super) fn looked(&self, how: Look, child: RecordId, record: RecordId) {
        self.looked_at_all(how, [(child, record)]);
    }

    /// Notes that somebody looked at several records at once, each with its child. Flushes the disk once.
    pub(super) fn looked_at_all(
        &self,
        how: Look,
        all: impl IntoIterator<Item = (RecordId, RecordId)>,
    ) {
        let now = self.now().wall;
        let mut noted = self.looks.0.lock().unwrap_or_else(PoisonError::into_inner);
        for (child, record) in all {
            let looked = Looked { how, child, record };
            let again = noted
                .last
                .get(&looked)
                .is_some_and(|last| (0..ONE_LOOK).contains(&now.0.saturating_sub(last.0)));
            if !again {
                noted.last.insert(looked, now);
                noted.unwritten.push((now, looked));
            }
        }
        self.write_down(&mut noted);
    }

    fn write_down(&self, noted: &mut Noted) {
        if noted.unwritten.is_empty() {
            return;
        }
        match write(&self.store.writer, &noted.unwritten) {
            Ok(()) => noted.unwritten.clear(),
            Err(_) => tracing::warn!("a look could not be written down yet"),
        }
    }

    /// At lock: one commit that says them all, or as many as one may hold; the rest goes with the next.
    pub(super) fn say_looks(&mut self) -> Result<(), SaveError> {
        let looks = std::mem::take(&mut self.looks);
        let mut noted = looks.0.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.write_down(&mut noted);
        let (statements, last) = self.looks_to_say()?;
        if statements.is_empty() {
            return Ok(());
        }
        let place = Place {
            record: record_of(self.me.council, self.me.worker),
            kind: RecordKind::Audit,
            scope: Scope::Audit(self.me.worker),
            acting_as: Role::Allocated,
        };
        self.save_at(place, statements, |db| {
            db.execute("DELETE FROM look WHERE no <= ?1", [last])?;
            Ok(())
        })?;
        Ok(())
    }

    fn looks_to_say(&self) -> Result<(Vec<NewStatement>, i64), StoreError> {
        let mut all = self
            .store
            .writer
            .prepare_cached("SELECT no, at, how, child, record FROM look ORDER BY no LIMIT ?1")?;
        let mut rows = all.query([i64::try_from(limits::COMMIT_OPS).unwrap_or(i64::MAX)])?;
        let (mut statements, mut last) = (Vec::new(), 0);
        while let Some(row) = rows.next()? {
            last = row.get(0)?;
            let how: String = row.get(2)?;
            let Some(how) = Look::from_code(&how) else {
                continue;
            };
            let looked = Looked {
                how,
                child: name(row, 3)?,
                record: name(row, 4)?,
            };
            statements.push(NewStatement {
                kind: Kind::Read,
                policy: Policy::Ordinary,
                target: looked.target(),
                replaces: Vec::new(),
                content: None,
                typed: Some(WallMillis(row.get(1)?)),
                finishes_own: false,
            });
        }
        Ok((statements, last))
    }

    /// How many envelopes in the spool say only what was looked at.
    pub(super) fn looks_waiting(&self) -> Result<usize, StoreError> {
        let Some(scope) = log::scope(&self.store.reader, Scope::Audit(self.me.worker))? else {
            return Ok(0);
        };
        let count: i64 = self
            .store
            .reader
            .prepare_cached(
                "SELECT count(*) FROM outgoing JOIN signed ON signed.no = outgoing.signed
                    JOIN record ON record.no = signed.record WHERE record.scope = ?1",
            )?
            .query_row([scope.no], |row| row.get(0))?;
        Ok(usize::try_from(count).unwrap_or(0))
    }
}

/// All of them or none, in one transaction.
fn write(db: &Connection, looks: &[(WallMillis, Looked)]) -> rusqlite::Result<()> {
    let transaction = db.unchecked_transaction()?;
    {
        let mut insert = transaction
            .prepare_cached("INSERT INTO look (at, how, child, record) VALUES (?1, ?2, ?3, ?4)")?;
        for (at, looked) in looks {
            insert.execute(params![
                at.0,
                looked.how.code(),
                looked.child.0,
                looked.record.0
            ])?;
        }
    }
    transaction.commit()
}

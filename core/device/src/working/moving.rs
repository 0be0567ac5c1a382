//! What the device does when its holder no longer holds a child, or when the council has ended the device.
//!
//! The child's screens close with the page that says so. What was written stays in the book and the spool until every own
//! commit about the child has a verified receipt; then the rows go, the book moves to a new key, and the device says so to the
//! council in a signed commit in its holder's own scope. Own words that are set aside stay readable to their author until they
//! are placed. Each step is finished at the next unlock, before any screen, if it was cut short.

use std::collections::BTreeSet;

use visitbook_record::id::RecordId;
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::Content;
use visitbook_record::scope::Scope;
use visitbook_record::wire::{LogEntry, Page};

use super::save::NewStatement;
use super::{Working, begin};
use crate::error::SaveError;
use crate::rekey::{self, NEW_KEY, RekeyError};
use crate::store::{StoreError, log, moved, purge};

/// That the council has ended this device.
const ENDED: &str = "ended";

impl Working {
    /// Whether the council has ended this device. What was written on it is taken all the same; it receives nothing more.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn is_ended(&self) -> Result<bool, StoreError> {
        moved::owes(&self.store.reader, ENDED)
    }

    /// Before a page that ends an assignment is applied: what is being typed about that child was typed before this device
    /// could know, and is saved as such.
    pub(crate) fn save_drafts_before(&mut self, page: &Page) {
        let mut ended = BTreeSet::new();
        for entry in &page.entries {
            let LogEntry::Commit(entry) = entry else {
                continue;
            };
            if entry.scope != Scope::Worker(self.me.worker) {
                continue;
            }
            for payload in entry.payloads.iter().flatten() {
                if let Ok(Content::Assignment(assignment)) = payload.content() {
                    ended.insert(assignment.child);
                }
            }
        }
        self.save_drafts_about(&ended);
    }

    fn save_drafts_about(&mut self, children: &BTreeSet<RecordId>) {
        if children.is_empty() {
            return;
        }
        if self.draft_commit_about(children).is_err() {
            tracing::warn!(
                "a draft was left as a draft; its child is not purged before it is saved"
            );
        }
    }

    /// The council has ended this device: every child closes, and is purged as if it had moved.
    pub(crate) fn take_ending(&mut self) -> Result<(), SaveError> {
        let held: Vec<log::ScopeRow> = log::scopes(&self.store.writer)?
            .into_iter()
            .filter(|row| row.held && row.scope.child().is_some())
            .collect();
        let children: BTreeSet<RecordId> =
            held.iter().filter_map(|row| row.scope.child()).collect();
        self.save_drafts_about(&children);
        let now = self.now().wall;
        let transaction = begin(&mut self.store.writer)?;
        moved::owe(&transaction, ENDED)?;
        for row in &held {
            if let Some(role) = row.role {
                log::set_scope_held(&transaction, row.no, false, role)?;
            }
            log::restart_scope(&transaction, row.no)?;
            moved::note(&transaction, row.no, now, None, None)?;
        }
        transaction.commit()?;
        self.tell(children, true);
        self.settle_moves()
    }

    /// Does what is due: saves drafts about children that moved, purges what has its receipts, moves the book to a new key and
    /// says so to the council.
    pub(crate) fn settle_moves(&mut self) -> Result<(), SaveError> {
        let rows = moved::all(&self.store.writer)?;
        if rows.is_empty() {
            return Ok(());
        }
        let children = rows.iter().filter_map(|row| row.scope.child()).collect();
        self.save_drafts_about(&children);
        let ended = moved::owes(&self.store.writer, ENDED)?;
        for row in &rows {
            self.purge(row, ended)?;
        }
        if moved::owes(&self.store.writer, NEW_KEY)? && !self.is_arriving()? {
            self.change_key()?;
        }
        self.say_purged()
    }

    fn purge(&mut self, row: &moved::MovedRow, ended: bool) -> Result<(), SaveError> {
        if purge::must_wait(&self.store.writer, row.scope_no)? {
            return Ok(());
        }
        let stay: BTreeSet<i64> = if ended {
            BTreeSet::new()
        } else {
            moved::kept_aside(&self.store.writer, row.scope_no)?
                .into_iter()
                .collect()
        };
        let transaction = begin(&mut self.store.writer)?;
        if stay.is_empty() {
            moved::forget_name(&transaction, row.scope_no)?;
        }
        let purged = purge::purge(&transaction, row.scope_no, &stay)?;
        if purged {
            moved::set_state(&transaction, row.scope_no, moved::PURGED)?;
            moved::owe(&transaction, NEW_KEY)?;
        }
        transaction.commit()?;
        if purged {
            if self.drop_purged_files().is_err() {
                tracing::warn!("a purged child's encrypted files go at the next unlock");
            }
            self.index()?;
            self.tell(row.scope.child().into_iter().collect(), true);
        }
        Ok(())
    }

    fn is_arriving(&self) -> Result<bool, StoreError> {
        Ok(self
            .store
            .writer
            .query_row("SELECT arriving FROM meta", [], |row| row.get(0))?)
    }

    fn change_key(&mut self) -> Result<(), StoreError> {
        let changed = rekey::change_key(
            &self.folder,
            &mut self.image,
            self.hardware.as_ref(),
            &self.keys,
            &mut self.store,
            &mut |_| {},
        );
        match changed {
            Ok(keys) => {
                self.keys = keys;
                Ok(())
            }
            Err(RekeyError::Later) => {
                tracing::warn!("the book keeps its key for now");
                Ok(())
            }
            Err(RekeyError::Closed) => Err(StoreError::Io),
        }
    }

    /// One signed commit in the holder's own scope, once the purged rows are out of reach.
    fn say_purged(&mut self) -> Result<(), SaveError> {
        if moved::owes(&self.store.writer, NEW_KEY)? {
            return Ok(());
        }
        let purged: Vec<(i64, RecordId)> = moved::all(&self.store.writer)?
            .into_iter()
            .filter(|row| row.state == moved::PURGED)
            .filter_map(|row| Some((row.scope_no, row.scope.child()?)))
            .collect();
        if purged.is_empty() {
            return Ok(());
        }
        let statements = purged
            .iter()
            .map(|(_, child)| NewStatement {
                kind: Kind::Purged,
                policy: Policy::Ordinary,
                target: Target::element("purged", child.to_string()),
                replaces: Vec::new(),
                content: None,
                typed: None,
                finishes_own: false,
            })
            .collect();
        self.save_about_self(statements, |db| {
            for (scope, _) in &purged {
                moved::set_state(db, *scope, moved::TOLD)?;
            }
            Ok(())
        })?;
        Ok(())
    }
}

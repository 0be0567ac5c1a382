//! What a phone does with a child whom its holder no longer holds, and when the council has ended it: words first, then
//! nothing stays.

use std::rc::Rc;

use visitbook_record::commit::RecordKind;
use visitbook_record::id::RecordId;
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::scope::Scope;
use visitbook_record::verdict::Verdict;

use super::save::{Draft, Plan, Twist};
use super::{Died, Phone, Row};

/// How far the removal of a child that moved has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Gone {
    /// Not on the screen any more; everything is still there.
    Closed,
    /// Removed.
    Purged,
    /// And that is said to the council, or lies in the spool to be said.
    Told,
}

/// What a phone says it has removed is about this child.
pub(crate) fn purged(child: RecordId) -> Target {
    Target::element("purged", child.to_string())
}

impl Phone {
    /// The council has ended this phone: every child closes, and is removed as if it had moved.
    pub(super) fn take_ending(&mut self) -> Result<(), Died> {
        self.disk.ended = true;
        for child in std::mem::take(&mut self.disk.holds).into_keys() {
            self.disk.moved.insert(child, Gone::Closed);
        }
        self.close_what_is_not_held();
        self.settle_moves()
    }

    /// Removes what has all its receipts, and says so.
    pub(super) fn settle_moves(&mut self) -> Result<(), Died> {
        let moved: Vec<RecordId> = self.disk.moved.keys().copied().collect();
        for child in moved {
            if !self.must_wait(child) && self.purge(child) {
                self.disk.moved.insert(child, Gone::Purged);
            }
        }
        self.say_purged()
    }

    /// Something about the child is on this phone only.
    fn must_wait(&self, child: RecordId) -> bool {
        let scope = Scope::Child(child);
        let mut posts = self.disk.posts.iter();
        if posts.any(|post| post.waits() && post.child == child) {
            return true;
        }
        if self.file_must_wait(child) {
            return true;
        }
        let mut back = self.disk.back.iter();
        back.any(|back| back.waits() && back.volume.commit.scope == scope)
            || self.disk.own.iter().any(|own| {
                own.waits() && !own.written.is_refusable && own.written.volume.commit.scope == scope
            })
    }

    /// Removes every row about the child but own words that are set aside, which their author can read until they are placed.
    /// Returns whether there was anything to remove.
    fn purge(&mut self, child: RecordId) -> bool {
        let scope = Scope::Child(child);
        let is_aside = |row: &Row| matches!(row.fact.verdict, Some(Verdict::Quarantined { .. }));
        let (mut any, mut removed) = (false, Vec::new());
        let ended = self.disk.ended;
        let mut go = vec![false; self.disk.rows.len()];
        for (index, row) in self.disk.rows.iter().enumerate() {
            go[index] = row.scope == scope;
        }
        for own in &mut self.disk.own {
            let volume = &own.written.volume;
            if volume.commit.scope != scope || own.written.is_refusable {
                continue;
            }
            let rows: Vec<usize> = volume
                .ids
                .iter()
                .filter_map(|id| self.disk.row_of.get(id).copied())
                .collect();
            if !ended && rows.iter().any(|index| is_aside(&self.disk.rows[*index])) {
                for index in rows {
                    go[index] = false;
                }
            } else if !own.gone {
                own.gone = true;
                if let Some((_, bytes)) = &mut own.parcel {
                    bytes.clear();
                }
                removed.push(Rc::clone(&own.written));
            }
        }
        any |= go.contains(&true);
        for post in &mut self.disk.posts {
            post.gone |= post.child == child;
        }
        self.removed.extend(removed);
        if any {
            self.disk.had.retain(|_, had| had.scope != scope);
            let mut go = go.into_iter();
            self.disk.rows.retain(|_| go.next() == Some(false));
            self.disk.row_of.clear();
            self.disk.by_record.clear();
            for (index, row) in self.disk.rows.iter().enumerate() {
                self.disk.row_of.insert(row.fact.id, index);
                let of_record = self.disk.by_record.entry(row.fact.record).or_default();
                of_record.push(index);
            }
            self.drop_purged_files();
        }
        any
    }

    /// One signed commit in the holder's own scope.
    fn say_purged(&mut self) -> Result<(), Died> {
        let purged_now: Vec<RecordId> = self
            .disk
            .moved
            .iter()
            .filter(|(_, gone)| **gone == Gone::Purged)
            .map(|(child, _)| *child)
            .collect();
        if purged_now.is_empty() {
            return Ok(());
        }
        let drafts = purged_now.iter().map(|child| Draft {
            kind: Kind::Purged,
            policy: Policy::Ordinary,
            target: purged(*child),
            replaces: vec![],
            content: None,
        });
        let plan = Plan {
            record: RecordId(self.worker.0),
            kind: RecordKind::Worker,
            scope: Scope::Worker(self.worker),
            drafts: drafts.collect(),
            twist: Twist::None,
        };
        let before = self.disk.own.len();
        let saved = self.save(vec![plan]);
        // In one transaction with the commit.
        if self.disk.own.len() > before {
            for child in purged_now {
                self.disk.moved.insert(child, Gone::Told);
            }
        }
        saved
    }
}

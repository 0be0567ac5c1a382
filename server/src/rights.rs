//! Who holds which child, and who could have known.
//!
//! Assignments are entries of the worker's own log, so "what the author could have known" is a position in that log and
//! needs no clock. The rows here are a projection of those entries.

use std::collections::BTreeSet;

use visitbook_record::commit::{Commit, Role};
use visitbook_record::id::{RecordId, WorkerId};
use visitbook_record::judge::{COVER_OPENED, MET, Opening, Rights, begins_file};
use visitbook_record::op::Kind;
use visitbook_record::scope::{LogPosition, Scope};

use crate::store::{Assignment, Device, ReadTx, StoreError};

impl Assignment {
    /// Whether a worker who has read their log up to `at` holds the child by this.
    #[must_use]
    pub fn holds_at(&self, at: LogPosition) -> bool {
        self.from <= at && self.until.is_none_or(|until| until > at)
    }
}

/// The role for a child by the state of the worker's log at a position; `None` for a worker who had read nothing.
#[must_use]
pub fn role_at(
    assignments: &[Assignment],
    child: RecordId,
    at: Option<LogPosition>,
) -> Option<Role> {
    let at = at?;
    assignments
        .iter()
        .find(|a| a.child == child && a.holds_at(at))
        .map(|a| a.role)
}

/// The role for a child now.
#[must_use]
pub fn role_now(assignments: &[Assignment], child: RecordId) -> Option<Role> {
    assignments
        .iter()
        .find(|a| a.child == child && a.until.is_none())
        .map(|a| a.role)
}

/// The children held by the state of the worker's log at a position.
#[must_use]
pub fn children_at(assignments: &[Assignment], at: Option<LogPosition>) -> BTreeSet<RecordId> {
    let Some(at) = at else {
        return BTreeSet::new();
    };
    assignments
        .iter()
        .filter(|a| a.holds_at(at))
        .map(|a| a.child)
        .collect()
}

/// The newest assignment entry at or before a position of the worker's log.
#[must_use]
pub fn newest_entry(assignments: &[Assignment], up_to: LogPosition) -> Option<LogPosition> {
    assignments
        .iter()
        .flat_map(|a| [Some(a.from), a.until])
        .flatten()
        .filter(|at| *at <= up_to)
        .max()
}

/// What the author of a commit could have known of their right to its scope.
///
/// # Errors
/// [`StoreError`].
pub fn of_commit(
    view: &dyn ReadTx,
    device: &Device,
    commit: &Commit,
) -> Result<Rights, StoreError> {
    let stale = device.acknowledged > commit.assignment_seen;
    // A restricted scope is given apart from the child's open one, and nobody has been given one by these entries.
    let Scope::Child(child) = commit.scope else {
        return Ok(Rights {
            stale,
            role_known: None,
            role_now: None,
            opened: None,
        });
    };
    let assignments = view.assignments_of(&commit.author)?;
    let mut role_known = role_at(&assignments, child, commit.assignment_seen);
    if role_known.is_none()
        && let Some(seen) = commit.assignment_seen
        && is_lost(view, commit.author, seen)?
    {
        role_known = role_given_after(&assignments, child, seen);
    }
    let opened = match role_known {
        Some(Role::Cover) if has_opened(view, child, commit.author)? => Some(Opening::Cover),
        None if has_begun(view, child, commit, &assignments)? => Some(Opening::Scope),
        _ => None,
    };
    Ok(Rights {
        stale,
        role_known,
        role_now: role_now(&assignments, child),
        opened,
    })
}

/// Whether one who stands in has opened the child's file since it was last given to them.
fn has_opened(view: &dyn ReadTx, child: RecordId, author: WorkerId) -> Result<bool, StoreError> {
    let (mut given, mut opened) = (None, None);
    let held_by = author.to_string();
    for op in view.ops_of_record(&child)? {
        let fact = &op.fact;
        let newest = match (fact.kind, fact.target.name()) {
            (Kind::Assign, _) if fact.target.element_id() == Some(&held_by) => &mut given,
            (Kind::SetAdd, COVER_OPENED) if fact.author == author => &mut opened,
            _ => continue,
        };
        if fact.is_applied() {
            let at = view.commit(&op.commit)?.map(|commit| commit.at);
            *newest = at.max(*newest);
        }
    }
    Ok(opened.is_some() && opened > given)
}

/// Whether the author began this file, as somebody met who is on nobody's list, and wrote before they could know that it was
/// given to them: from then on what they were given says what they may do.
fn has_begun(
    view: &dyn ReadTx,
    child: RecordId,
    commit: &Commit,
    assignments: &[Assignment],
) -> Result<bool, StoreError> {
    let mut given = assignments.iter().filter(|a| a.child == child);
    if given.any(|a| Some(a.from) <= commit.assignment_seen) {
        return Ok(false);
    }
    let mut first = None;
    for op in view.ops_of_record(&child)? {
        if op.fact.target.name() == MET && op.fact.is_applied() {
            let at = view.commit(&op.commit)?.map(|commit| commit.at);
            if first.is_none_or(|(known, _)| at < known) {
                first = Some((at, op.fact.author));
            }
        }
    }
    Ok(match first {
        Some((_, author)) => author == commit.author,
        // What was set aside before it came, in whatever order a device sent, is no reason against it.
        None => begins_file(commit) && view.holders_of(&child)?.is_empty(),
    })
}

/// Whether a commit names an assignment entry that a restore lost.
///
/// # Errors
/// [`StoreError`].
pub fn names_lost_entry(view: &dyn ReadTx, commit: &Commit) -> Result<bool, StoreError> {
    match commit.assignment_seen {
        Some(seen) => is_lost(view, commit.author, seen),
        None => Ok(false),
    }
}

/// Whether a restore lost the entry that a commit names: it stood beyond the last that was kept.
fn is_lost(view: &dyn ReadTx, author: WorkerId, seen: LogPosition) -> Result<bool, StoreError> {
    if seen.epoch >= view.epoch()? {
        return Ok(false);
    }
    let just_before = LogPosition {
        position: seen.position.saturating_sub(1),
        ..seen
    };
    let there = view.log(&Scope::Worker(author), Some(just_before), 1)?;
    Ok(there.first().is_none_or(|row| row.at != seen))
}

/// The role that an entry of a later epoch gave: a lost entry that a device has given back since, or the manager's new one.
fn role_given_after(
    assignments: &[Assignment],
    child: RecordId,
    seen: LogPosition,
) -> Option<Role> {
    assignments
        .iter()
        .find(|a| a.child == child && a.from.epoch > seen.epoch)
        .map(|a| a.role)
}

/// Who decides about what is set aside: the manager of the team that holds the child; failing that the author's manager;
/// failing that any manager of the council; failing that the author, so that there is always a named person.
///
/// # Errors
/// [`StoreError`].
pub fn owner(view: &dyn ReadTx, scope: Scope, author: WorkerId) -> Result<WorkerId, StoreError> {
    if let Some(child) = scope.child() {
        let holders = view.holders_of(&child)?;
        if let Some(manager) = holders.iter().find(|a| a.role == Role::Manager) {
            return Ok(manager.worker);
        }
    }
    let about = match scope {
        Scope::Worker(worker) | Scope::Audit(worker) => worker,
        Scope::Child(_) | Scope::Restricted(_) | Scope::Council => author,
    };
    if let Some(manager) = view.worker(&about)?.and_then(|worker| worker.manager) {
        return Ok(manager);
    }
    let any = view
        .workers()?
        .into_iter()
        .find_map(|worker| worker.manager);
    Ok(any.unwrap_or(author))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn at(position: u64) -> LogPosition {
        LogPosition { epoch: 1, position }
    }

    fn held(child: u8, from: u64, until: Option<u64>) -> Assignment {
        Assignment {
            worker: WorkerId([1; 16]),
            child: RecordId([child; 16]),
            role: Role::Allocated,
            from: at(from),
            until: until.map(at),
        }
    }

    #[test]
    fn a_child_is_held_from_the_entry_that_gives_to_just_before_the_entry_that_ends() {
        let all = [held(7, 3, Some(5)), held(7, 9, None)];
        let child = RecordId([7; 16]);
        let expected = [
            (2, false),
            (3, true),
            (4, true),
            (5, false),
            (8, false),
            (9, true),
            (100, true),
        ];
        for (position, holds) in expected {
            let role = role_at(&all, child, Some(at(position)));
            assert_eq!(role.is_some(), holds, "position {position}");
            let children = children_at(&all, Some(at(position)));
            assert_eq!(children.contains(&child), holds, "position {position}");
        }
        assert_eq!(role_at(&all, child, None), None);
        assert_eq!(role_at(&all, RecordId([8; 16]), Some(at(4))), None);
    }

    #[test]
    fn the_newest_entry_counts_endings_too() {
        let all = [held(7, 3, Some(5)), held(8, 4, None)];
        assert_eq!(newest_entry(&all, at(2)), None);
        assert_eq!(newest_entry(&all, at(4)), Some(at(4)));
        assert_eq!(newest_entry(&all, at(50)), Some(at(5)));
    }
}

//! Who may write in a file that had to be opened first, and what only some may answer about a child who is on nobody's list.

use crate::commit::{Commit, RecordKind, Role};
use crate::op::{Kind, Op};
use crate::scope::Scope;
use crate::verdict::Reason;

use super::{Judge, Opening, Ruling};

/// On a child's record: one who stands in opened the file, and why.
pub const COVER_OPENED: &str = "cover_opened";
/// On a child's record: a child whom somebody met and who was on nobody's list, in that person's words.
pub const MET: &str = "met";
/// On such a child's record: which known child it is.
pub const MATCHED_TO: &str = "matched_to";
/// On such a child's record: to whom the child was referred.
pub const REFERRED: &str = "referred";
/// On the known child's record: the records of that child that were begun as somebody met.
pub const ALSO_MET: &str = "also_met";

/// Whether a statement opens a child's file for one who stands in.
#[must_use]
pub fn opens_cover(kind: RecordKind, op: &Op) -> bool {
    kind == RecordKind::Child && op.kind == Kind::SetAdd && op.target.name() == COVER_OPENED
}

/// Whether a commit begins the file of a child who is on nobody's list: its own record, first and by a fresh name.
///
/// The name must be one that a device drew (UUIDv7). The names of children from the case system follow from their code, and
/// nobody may lay hands on the file of a child before the child is imported.
#[must_use]
pub fn begins_file(commit: &Commit) -> bool {
    let says_met = |op: &Op| op.kind == Kind::Assert && op.target.name() == MET;
    commit.record_kind == RecordKind::Child
        && commit.scope == Scope::Child(commit.record)
        && uuid::Uuid::from_bytes(commit.record.0).get_version_num() == 7
        && commit.ops.iter().any(says_met)
}

impl Judge<'_> {
    /// One who stands in has opened the file before anything else is written in it.
    pub(super) fn rule_opened(&self, op: &Op) -> Ruling {
        let rights = self.context.rights;
        let stands_in = rights.role_known == Some(Role::Cover);
        let opened = rights.opened == Some(Opening::Cover);
        let opens = opens_cover(self.commit.record_kind, op);
        self.refuse_if(stands_in && !opened && !opens, Reason::NotOpened)
    }

    /// Which child somebody met is, and to whom that child is referred, is a manager's word; that a known child was also met is
    /// the council's own.
    pub(super) fn rule_whose_answer(&self, op: &Op) -> Ruling {
        if self.commit.record_kind != RecordKind::Child || self.context.device.is_writer {
            return Ok(());
        }
        let is_manager = self.context.rights.role_known == Some(Role::Manager);
        match op.target.name() {
            MATCHED_TO | REFERRED => self.refuse_if(!is_manager, Reason::NotManager),
            ALSO_MET => self.refuse_if(true, Reason::ServerOnly),
            _ => Ok(()),
        }
    }
}

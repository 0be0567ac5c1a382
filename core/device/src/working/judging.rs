//! The council's judgement, made here first: a device does not build what the server would set aside, and asks the very
//! same function.

use visitbook_record::commit::{Commit, Role};
use visitbook_record::fact::is_withheld_until_finish;
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::judge::{
    Context, DeviceStanding, KnownOp, Opening, Rights, begins_file, judge_commit,
};
use visitbook_record::payload::Content;
use visitbook_record::scope::Scope;
use visitbook_record::verdict::Verdict;

use super::Working;
use crate::store::{StoreError, log};

impl Working {
    /// In what role the worker holds a child; `None` if they do not.
    pub(crate) fn role_for(&self, child: RecordId) -> Result<Option<Role>, StoreError> {
        let row = log::scope(&self.store.writer, Scope::Child(child))?;
        Ok(row.filter(|row| row.held).and_then(|row| row.role))
    }

    /// The role to write in: the one held, or the last one held where it has ended. `None` for a child never held.
    pub(crate) fn last_role_for(&self, child: RecordId) -> Result<Option<Role>, StoreError> {
        let row = log::scope(&self.store.writer, Scope::Child(child))?;
        Ok(row.and_then(|row| row.role))
    }

    /// What the council would make of a commit, by what this device knows. A statement that it does not know yet would
    /// make a settlement wait, which is no refusal.
    pub(crate) fn judge(
        &self,
        commit: &Commit,
        contents: &[Option<Content>],
    ) -> Result<Vec<Verdict>, StoreError> {
        let scope = log::scope(&self.store.writer, commit.scope)?.filter(|row| row.held);
        let role = scope
            .as_ref()
            .filter(|row| row.scope.child().is_some())
            .and_then(|row| row.role);
        let opened = match (role, &scope) {
            (Some(Role::Cover), Some(row)) if !row.closed => Some(Opening::Cover),
            (None, None) if begins_file(commit) => Some(Opening::Scope),
            _ => None,
        };
        let home = log::record(&self.store.writer, commit.record)?.map(|row| row.home);
        let failed = std::cell::Cell::new(None);
        let known = |id: &OpId| match log::statement(&self.store.writer, id) {
            Ok(found) => found.map(|row| KnownOp {
                withheld: row.is_withheld()
                    && is_withheld_until_finish(commit.record_kind, row.statement.fact.kind),
                fact: row.statement.fact,
            }),
            Err(error) => {
                failed.set(Some(error));
                None
            }
        };
        let context = Context {
            device: DeviceStanding {
                holder: self.me.worker,
                is_writer: false,
                ended: false,
            },
            rights: Rights {
                stale: false,
                role_known: role,
                role_now: role,
                opened,
            },
            owner: self.me.worker,
            home,
            known: &known,
        };
        let verdicts = judge_commit(&context, commit, contents);
        match failed.take() {
            Some(error) => Err(error),
            None => Ok(verdicts),
        }
    }
}

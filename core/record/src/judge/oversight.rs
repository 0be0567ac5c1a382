//! What only some may do about a whole record or a statement that was set aside.

use crate::commit::{RecordKind, Role};
use crate::id::OpId;
use crate::op::{Kind, Op};
use crate::payload::Content;
use crate::scope::Scope;
use crate::verdict::{Reason, Verdict};

use super::{Judge, Ruling};

impl Judge<'_> {
    /// Sign-off, return and void: by the manager of the child's team, and never about a finish of their own.
    pub(super) fn rule_oversight(&self, op: &Op, content: Option<&Content>) -> Ruling {
        self.refuse_if(!op.replaces.is_empty(), Reason::TooManyReplaced)?;
        let is_manager = self.context.rights.role_known == Some(Role::Manager);
        self.refuse_if(!is_manager, Reason::NotManager)?;
        let finish = match (op.kind, content) {
            (Kind::SignOff, Some(Content::SignOff(finish))) => Some(*finish),
            (Kind::Return, _) => op.target.element_id().and_then(|id| id.parse().ok()),
            _ => return Ok(()),
        };
        let Some(finish) = finish else {
            return Err(self.aside(Reason::BadTarget));
        };
        let known = self.known_or_hold(finish)?;
        let is_finish = known.fact.kind == Kind::Finish && known.fact.record == self.commit.record;
        self.refuse_if(!is_finish, Reason::FinishListsOther)?;
        self.refuse_if(known.fact.author == self.commit.author, Reason::OwnWork)
    }

    /// Placing: by the person whom the verdict named, in the record that the statement is about. What waits for something else
    /// is decided by that alone; and where a statement was set aside so that nobody should decide about their own work, its
    /// author does not let it count.
    pub(super) fn rule_placement(&self, content: Option<&Content>) -> Ruling {
        let Some(Content::Placement { op, .. }) = content else {
            return Err(self.aside(Reason::WrongContent));
        };
        let known = self.known_or_hold(*op)?;
        self.refuse_if(known.fact.record != self.commit.record, Reason::OtherHome)?;
        match &known.fact.verdict {
            Some(Verdict::Quarantined { reason, owner }) => {
                self.refuse_if(*owner != self.commit.author, Reason::NotOwner)?;
                let guards = matches!(reason, Reason::OwnWork | Reason::MayNotSettle);
                let own = known.fact.author == self.commit.author;
                self.refuse_if(guards && own, Reason::OwnWork)
            }
            Some(verdict) => self.refuse_if(!verdict.is_applied(), Reason::NotOwner),
            None => Err(self.aside(Reason::NotOwner)),
        }
    }

    /// Opening what is not finished: by the manager of the child's team, in a visit.
    pub(super) fn rule_opening(&self, op: &Op) -> Ruling {
        self.refuse_if(!op.replaces.is_empty(), Reason::TooManyReplaced)?;
        let is_manager = self.context.rights.role_known == Some(Role::Manager);
        self.refuse_if(!is_manager, Reason::NotManager)?;
        let in_a_visit = self.commit.record_kind == RecordKind::Visit;
        self.refuse_if(!in_a_visit, Reason::OtherHome)
    }

    /// Entering family mode is said about a child, in the child's own scope.
    pub(super) fn rule_family(&self) -> Ruling {
        let about_a_child = self.commit.record_kind == RecordKind::Child
            && self.commit.scope == Scope::Child(self.commit.record);
        self.refuse_if(!about_a_child, Reason::OtherHome)
    }

    /// A device says what it has removed in its holder's own scope.
    pub(super) fn rule_purged(&self) -> Ruling {
        let own = self.commit.record_kind == RecordKind::Worker
            && self.commit.scope == Scope::Worker(self.commit.author);
        self.refuse_if(!own, Reason::OtherHome)
    }

    /// What was looked at is said in the author's own audit scope, and nowhere else.
    pub(super) fn rule_read(&self) -> Ruling {
        let own = self.commit.record_kind == RecordKind::Audit
            && self.commit.scope == Scope::Audit(self.commit.author);
        self.refuse_if(!own, Reason::OtherHome)
    }

    fn known_or_hold(&self, id: OpId) -> Result<super::KnownOp, Verdict> {
        (self.known)(&id).ok_or_else(|| Verdict::Held { missing: vec![id] })
    }
}

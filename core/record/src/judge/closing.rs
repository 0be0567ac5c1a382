//! Who may close a line about an area of care that was not met visit after visit.

use crate::catalogue::Catalogue;
use crate::commit::{RecordKind, Role};
use crate::neglect;
use crate::op::Op;
use crate::payload::Content;
use crate::scope::Scope;
use crate::verdict::Reason;

use super::{Judge, Ruling};

impl Judge<'_> {
    /// By the manager of the child's team, on the child's own record, and never over what nobody but themselves observed.
    ///
    /// What it rests on is not looked up: it stands in other records, which may come later. That it is so is seen wherever the line is
    /// computed, and a closing that rests on nothing of that closes nothing.
    pub(super) fn rule_closing(&self, op: &Op, content: Option<&Content>) -> Ruling {
        let is_manager = self.context.rights.role_known == Some(Role::Manager);
        self.refuse_if(!is_manager, Reason::NotManager)?;
        let childs_own = self.commit.record_kind == RecordKind::Child
            && self.commit.scope == Scope::Child(self.commit.record);
        self.refuse_if(!childs_own, Reason::OtherHome)?;
        let Some(area) = neglect::area_of(&op.target) else {
            return Err(self.aside(Reason::BadTarget));
        };
        let Some(Content::Closing(closing)) = content else {
            return Err(self.aside(Reason::WrongContent));
        };
        if let Some(catalogue) = Catalogue::version(self.commit.catalogue) {
            let known = neglect::areas(catalogue).any(|known| known.code == area);
            self.refuse_if(!known, Reason::UnknownField)?;
            let step = neglect::step(&closing.step.code);
            self.refuse_if(step.is_none(), Reason::UnknownCode)?;
        }
        let rests = !closing.rests_on.is_empty() && closing.rests_on.is_sorted_by(|a, b| a < b);
        let whole = rests && closing.look_again().is_some() && !closing.reason.trim().is_empty();
        self.refuse_if(!whole, Reason::WrongContent)?;
        let own = closing
            .rests_on
            .iter()
            .all(|one| one.worker == self.commit.author);
        self.refuse_if(own, Reason::OwnWork)
    }
}

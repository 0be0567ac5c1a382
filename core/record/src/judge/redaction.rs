//! Removing words by law: the council's own act, about one statement whose words nothing hangs on.

use crate::op::Op;
use crate::redaction::{may_be_removed, names};
use crate::scope::Scope;
use crate::verdict::Reason;

use super::{Judge, Ruling};

impl Judge<'_> {
    /// In the record of the statement, or in the log of its author, who may not hold that record any more. It waits for nothing: a
    /// statement that comes later comes without its words.
    pub(super) fn rule_redaction(&self, op: &Op) -> Ruling {
        self.refuse_if(!op.replaces.is_empty(), Reason::TooManyReplaced)?;
        let Some(named) = names(&op.target) else {
            return Err(self.aside(Reason::BadTarget));
        };
        let Some(known) = (self.known)(&named) else {
            return Ok(());
        };
        self.refuse_if(!may_be_removed(known.fact.kind), Reason::WrongContent)?;
        let here = known.fact.record == self.commit.record;
        let told = self.commit.scope == Scope::Worker(known.fact.author);
        self.refuse_if(!here && !told, Reason::OtherHome)
    }
}

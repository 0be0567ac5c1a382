//! One statement in two commits.
//!
//! Two copies of a device may write under one number (DESIGN §6). Where they say exactly the same about the same record, the
//! two statements have one name: it is one statement, which came before and was judged then. It counts once, keeps its verdict,
//! and everything that hung on its coming has happened.

use std::collections::BTreeMap;

use visitbook_record::commit::Commit;
use visitbook_record::fact::Fact;
use visitbook_record::id::OpId;
use visitbook_record::scope::Scope;
use visitbook_record::verdict::Verdict;

use crate::store::{ReadTx, StoreError};

/// Those of a commit's statements that came before, and the verdict that each of them has in this log.
pub(super) struct Before(BTreeMap<OpId, Option<Verdict>>);

impl Before {
    /// Looks only where the commit's number, or a higher one, has come before: names say the number.
    pub(super) fn look(
        view: &dyn ReadTx,
        scope: &Scope,
        commit: &Commit,
        facts: &[Fact],
    ) -> Result<Self, StoreError> {
        let mut before = BTreeMap::new();
        let highest = view.head(&commit.origin)?.map(|(seq, _)| seq);
        if highest.is_none_or(|highest| commit.seq > highest) {
            return Ok(Self(before));
        }
        for fact in facts {
            if let Some(op) = view.op(&fact.id)? {
                let here = view
                    .commit(&op.commit)?
                    .is_some_and(|stored| stored.scope == *scope);
                before.insert(fact.id, op.fact.verdict.filter(|_| here));
            }
        }
        Ok(Self(before))
    }

    /// The verdicts to be stated for the commit.
    pub(super) fn kept_to(&self, facts: &[Fact], mut verdicts: Vec<Verdict>) -> Vec<Verdict> {
        for (fact, verdict) in facts.iter().zip(&mut verdicts) {
            if let Some(Some(kept)) = self.0.get(&fact.id) {
                verdict.clone_from(kept);
            }
        }
        verdicts
    }

    /// Whether this statement came before, in whatever log.
    pub(super) fn has(&self, id: &OpId) -> bool {
        self.0.contains_key(id)
    }

    /// Whether this log counts it already.
    pub(super) fn counts(&self, id: &OpId) -> bool {
        matches!(self.0.get(id), Some(Some(_)))
    }
}

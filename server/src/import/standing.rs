//! What imports have said of a record so far, and which of its elements a row speaks of.
//!
//! Only the server's own statements count here. A statement of ours that a worker has answered is still what we last said: saying
//! it again would say nothing new, and nothing of the worker's is ever replaced.

use std::collections::{BTreeMap, BTreeSet};

use visitbook_record::commit::Role;
use visitbook_record::fact::Fact;
use visitbook_record::fold::live_shared;
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::op::Target;

use super::caseload::Element;
use crate::store::{StoreError, WriteTx};

/// What we last said of one target.
pub(super) struct Said {
    /// The statement.
    pub(super) op: OpId,
    /// It is live: nobody has replaced it.
    pub(super) live: bool,
    /// The code; `None` where it was taken out of the record.
    pub(super) code: Option<String>,
}

/// What imports have said of one record.
pub(super) struct Standing {
    said: BTreeMap<Target, Said>,
    /// Elements by field: names, and the parts that tell which one is which.
    elements: BTreeMap<String, BTreeMap<String, BTreeMap<String, String>>>,
}

impl Standing {
    /// Reads a record.
    ///
    /// # Errors
    /// [`StoreError`].
    pub(super) fn read(tx: &dyn WriteTx, record: RecordId) -> Result<Self, StoreError> {
        let mut by_target: BTreeMap<Target, Vec<Fact>> = BTreeMap::new();
        for op in tx.ops_of_record(&record)? {
            by_target
                .entry(op.fact.target.clone())
                .or_default()
                .push(op.fact);
        }
        let mut standing = Self {
            said: BTreeMap::new(),
            elements: BTreeMap::new(),
        };
        for (target, facts) in by_target {
            let live: BTreeSet<usize> = live_shared(&facts).into_iter().collect();
            let ours = |fact: &&Fact| fact.acting_as == Role::Writer;
            let replaced: BTreeSet<&OpId> = facts
                .iter()
                .filter(ours)
                .flat_map(|fact| &fact.replaces)
                .collect();
            // The one of ours that none of ours has replaced.
            let last = facts
                .iter()
                .enumerate()
                .filter(|(_, fact)| ours(fact) && !replaced.contains(&fact.id))
                .max_by_key(|(place, fact)| (live.contains(place), fact.id));
            if let Some((place, fact)) = last {
                let code = fact.answer.code().map(str::to_owned);
                standing.note(&target, code.as_deref().unwrap_or_default());
                let said = Said {
                    op: fact.id,
                    live: live.contains(&place),
                    code,
                };
                standing.said.insert(target, said);
            }
        }
        Ok(standing)
    }

    /// What was last said of a target.
    pub(super) fn of(&self, target: &Target) -> Option<&Said> {
        self.said.get(target)
    }

    /// What was last said of a part of an element.
    pub(super) fn part(&self, field: &str, element: &str, part: &str) -> Option<&str> {
        self.elements
            .get(field)?
            .get(element)?
            .get(part)
            .map(String::as_str)
            .filter(|code| !code.is_empty())
    }

    /// Something is about to be said: the rows after it are to see that.
    pub(super) fn note(&mut self, target: &Target, code: &str) {
        let Some(element) = target.element_id() else {
            return;
        };
        let parts = self
            .elements
            .entry(target.name().to_owned())
            .or_default()
            .entry(element.to_owned())
            .or_default();
        if let Some(part) = target.part_name() {
            parts.insert(part.to_owned(), code.to_owned());
        }
    }

    /// The name under which an element stands, if it stands under another than its own. A name that is taken is that of another
    /// element of the same files, so that of two that contradict each other each keeps its own; the case system's own names are
    /// above that.
    pub(super) fn known_as(
        &self,
        element: &Element,
        taken: &BTreeSet<(&'static str, String)>,
    ) -> Option<String> {
        let known = self.elements.get(element.field)?;
        if known.contains_key(&element.id) {
            return None;
        }
        let start = element.part("start");
        let get = |id: &str, part: &str| self.part(element.field, id, part).unwrap_or_default();
        let same = |id: &String| match element.field {
            "period" => {
                if get(id, "kind") != element.part("kind") {
                    return false;
                }
                // Two of the case system's own are two, whatever their dates.
                let theirs = get(id, "period_id");
                if element.given && !theirs.is_empty() {
                    return theirs == element.id;
                }
                let same_day = get(id, "start") == start;
                // A child is in care once at a time, so what overlaps is the same.
                let overlaps = element.part("kind") == "cla"
                    && before(start, get(id, "end"))
                    && before(get(id, "start"), element.part("end"));
                same_day || overlaps
            }
            "placement" | "legal_status" => {
                element.bounds.contains(&"start")
                    && get(id, "start") <= start
                    && before(start, get(id, "end"))
            }
            _ => false,
        };
        known
            .keys()
            .filter(|id| element.given || !taken.contains(&(element.field, (*id).clone())))
            .find(|id| same(id))
            .cloned()
    }
}

/// True if a day lies before a last day, or there is none.
fn before(day: &str, end: &str) -> bool {
    end.is_empty() || day < end
}

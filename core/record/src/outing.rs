//! Outings: several children visited on one occasion, each with a visit record of their own.
//!
//! Permission is per child, so a visit to siblings is one record per child that share an outing id. What is common (when,
//! where, who was there) is typed once and written into each record. What is about one child never is: a record that says
//! *seen alone* because a brother was would be worse than an empty one. Nothing keeps the records in step afterwards: an
//! edit asks whether it is for all, and where they have come to differ, the differences are shown per child.

use std::collections::BTreeSet;

use crate::catalogue::{Catalogue, Sort};
use crate::commit::RecordKind;
use crate::fact::{Answer, Fact};
use crate::id::RecordId;
use crate::op::Target;
use crate::payload::Content;

/// One child on an outing, with that child's own visit record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sibling {
    /// The child.
    pub child: RecordId,
    /// The record of the visit to this child.
    pub visit: RecordId,
}

/// For whom a statement was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AskedFor {
    /// For everybody on the outing. Only what is common to an outing can be.
    Everybody,
    /// For these children, each named by the worker.
    Children(Vec<RecordId>),
}

/// A statement typed once, before it is anybody's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drafted {
    /// What it is about.
    pub target: Target,
    /// What it says.
    pub content: Content,
    /// For whom.
    pub asked_for: AskedFor,
}

/// What is to be written into one child's visit, in the order it was typed: one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForOneChild {
    /// Into whose record.
    pub sibling: Sibling,
    /// Target and content. Which earlier statements each replaces differs by record and is the caller's to find.
    pub statements: Vec<(Target, Content)>,
}

/// Why statements cannot be written out. Nothing has been written when this is returned.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CannotFanOut {
    /// It is about one child, and was asked for several, or for nobody in particular.
    #[error("`{field}` is about one child and must be asked for each child apart")]
    AboutOneChild {
        /// The field's code.
        field: String,
    },
    /// It was asked for a child who is not on the outing.
    #[error("`{field}` was asked for a child who is not on this outing")]
    NotOnOuting {
        /// The field's code.
        field: String,
    },
    /// The form has no such field.
    #[error("the form has no field `{field}`")]
    UnknownField {
        /// The field's code.
        field: String,
    },
}

/// Writes out statements typed once into a list per child. A child for whom there is nothing is left out.
///
/// A piece of text goes to several children only when each of them was named; each gets a copy under the same entry id, in
/// a record of their own.
///
/// # Errors
/// [`CannotFanOut`], for the first statement that may not be written as it was asked. Then nothing is.
pub fn fan_out(
    catalogue: &Catalogue,
    siblings: &[Sibling],
    drafted: &[Drafted],
) -> Result<Vec<ForOneChild>, CannotFanOut> {
    let mut lists: Vec<ForOneChild> = siblings
        .iter()
        .map(|sibling| ForOneChild {
            sibling: *sibling,
            statements: Vec::new(),
        })
        .collect();
    for statement in drafted {
        let named = who(catalogue, siblings, statement)?;
        for list in &mut lists {
            if named.contains(&list.sibling.child) {
                let (target, content) = (&statement.target, &statement.content);
                list.statements.push((target.clone(), content.clone()));
            }
        }
    }
    lists.retain(|list| !list.statements.is_empty());
    Ok(lists)
}

fn who(
    catalogue: &Catalogue,
    siblings: &[Sibling],
    statement: &Drafted,
) -> Result<BTreeSet<RecordId>, CannotFanOut> {
    let form = RecordKind::Visit.form();
    let field = || statement.target.name().to_owned();
    if catalogue.field(form, &statement.target).is_none() {
        return Err(CannotFanOut::UnknownField { field: field() });
    }
    let common = catalogue.is_common_to_outing(form, &statement.target);
    let on_outing: BTreeSet<RecordId> = siblings.iter().map(|sibling| sibling.child).collect();
    let named: BTreeSet<RecordId> = match &statement.asked_for {
        AskedFor::Everybody if common => return Ok(on_outing),
        // An outing of one is no reason to guess: the answer must have been asked for that child.
        AskedFor::Everybody => return Err(CannotFanOut::AboutOneChild { field: field() }),
        AskedFor::Children(children) => children.iter().copied().collect(),
    };
    if !named.is_subset(&on_outing) {
        return Err(CannotFanOut::NotOnOuting { field: field() });
    }
    // A piece of text takes its parts, such as who said it, along.
    let is_text = catalogue
        .fields(form)
        .iter()
        .any(|found| found.code == statement.target.name() && found.sort == Sort::Entry);
    if named.len() > 1 && !common && !is_text {
        return Err(CannotFanOut::AboutOneChild { field: field() });
    }
    Ok(named)
}

/// The common facts on which the siblings' visits differ now, in the order of the form's codes.
///
/// `live` holds, for each child of the outing, the live statements of that child's visit; statements about other things
/// than the outing are passed over. A fact that one child's visit has and another's lacks is a difference.
#[must_use]
pub fn differences(catalogue: &Catalogue, live: &[Vec<&Fact>]) -> Vec<Target> {
    let form = RecordKind::Visit.form();
    let common = |fact: &&&Fact| {
        fact.kind.states_something() && catalogue.is_common_to_outing(form, &fact.target)
    };
    let targets: BTreeSet<&Target> = live
        .iter()
        .flatten()
        .filter(common)
        .map(|fact| &fact.target)
        .collect();
    let answers = |child: &[&Fact], target: &Target| -> BTreeSet<Answer> {
        child
            .iter()
            .filter(common)
            .filter(|fact| fact.target == *target)
            .map(|fact| fact.answer.clone())
            .collect()
    };
    targets
        .into_iter()
        .filter(|target| {
            let mut each = live.iter().map(|child| answers(child, target));
            let first = each.next().unwrap_or_default();
            // What cannot be read cannot be said to be the same.
            each.any(|other| other != first || other.contains(&Answer::Unreadable))
        })
        .cloned()
        .collect()
}

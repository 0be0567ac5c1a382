//! A record as a person reads it: what stands, what is open, what came later.
//!
//! One function lays out the page from everything known about the record, the same on the phone, at the council and in
//! the simulator. A finished record's page is the fold of exactly the statements its finish lists, for ever; whatever else
//! there is, whenever it was typed and whatever it replaces, stands beside it (DESIGN §5).

use std::collections::{BTreeMap, BTreeSet};

use crate::catalogue::Catalogue;
use crate::commit::RecordKind;
use crate::conflict::{is_conflict, most_worrying};
use crate::fact::{Answer, Fact};
use crate::fold::{live_among, replaced_by};
use crate::id::OpId;
use crate::op::{Kind, Policy, Target};
use crate::payload::Content;
use crate::redaction;
use crate::scope::LogPosition;
use crate::time::WallMillis;
use crate::verdict::Verdict;

/// One known statement about the record, with its words where this reader has them.
#[derive(Debug, Clone)]
pub struct Statement {
    /// The fact.
    pub fact: Fact,
    /// The words; `None` where there are none, or where this reader does not have them.
    pub content: Option<Content>,
    /// When its author's device says it was written: the last keystroke where text was typed, else the save.
    pub written: WallMillis,
    /// When the council received it; `None` while it has not.
    pub received: Option<WallMillis>,
    /// The log position at which it came to count; `None` while it does not.
    pub counted_at: Option<LogPosition>,
}

impl Statement {
    /// Log order; what has no position yet comes last, in the order given.
    pub(crate) fn order(&self) -> (bool, Option<LogPosition>) {
        (self.counted_at.is_none(), self.counted_at)
    }
}

/// Whose eyes: what counts as applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    /// What everybody who holds the scope sees.
    Shared,
    /// What its author's device shows: own statements that have no verdict yet lie over the shared view.
    Here,
}

impl View {
    pub(crate) fn counts(self, fact: &Fact) -> bool {
        match (self, &fact.verdict) {
            (_, Some(verdict)) => verdict.is_applied(),
            (Self::Here, None) => true,
            (Self::Shared, None) => false,
        }
    }
}

/// One question of the form with its answers. Numbers are indexes into the statements given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// What it is about.
    pub target: Target,
    /// How two answers are treated.
    pub policy: Policy,
    /// The live answers, in log order, own unsent ones last.
    pub live: Vec<usize>,
    /// The answer that stands: the only one, or on a risk fact the most worrying. `None` while two ordinary answers are
    /// open, and for sets and observations, where all of `live` stand.
    pub standing: Option<usize>,
    /// The answers differ, and a person must decide.
    pub open: bool,
    /// The server set aside an answer to this risk question, so a more worrying answer may exist.
    pub maybe_worse: bool,
    /// On a finished record: the answer on the finished page, where it differs from what stands now.
    pub on_page: Vec<usize>,
}

/// One piece of somebody's text, with its versions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Heading and the entry's own id.
    pub target: Target,
    /// The live versions, in log order. More than one: written in two places, both kept.
    pub live: Vec<usize>,
    /// The version to read first; a settlement between versions names it.
    pub first: Option<usize>,
    /// Its author took it back; the text stays readable.
    pub withdrawn: bool,
    /// Two versions differ, and its author must say which is read first.
    pub open: bool,
    /// It was added, or changed, after the visit was finished.
    pub late: bool,
}

/// The finish that stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// The finish.
    pub by: usize,
    /// What it lists.
    pub listed: BTreeSet<OpId>,
    /// A listed statement is set aside: "one statement is being looked at".
    pub being_looked_at: bool,
    /// Other finishes of the same record, kept and shown.
    pub others: Vec<usize>,
}

/// A record laid out.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Every question with a live answer.
    pub questions: BTreeMap<Target, Question>,
    /// Every piece of text, in log order.
    pub entries: Vec<Entry>,
    /// The finish that stands, if there is one.
    pub finished: Option<Finished>,
    /// Statements that count and are not on the finished page, in log order. What the page's own statements had replaced is
    /// no addition, and of a text only the versions that stand are.
    pub late: Vec<usize>,
    /// Requests to agree that are still open, in log order.
    pub asks: Vec<usize>,
    /// Statements that the server set aside, that wait, or that a newer version made.
    pub unread: Vec<usize>,
    /// The first sign-off of the finish that stands.
    pub signed_off: Option<usize>,
    /// A manager's questions about the finish, in log order.
    pub returned: Vec<usize>,
    /// Entered in error: the record is hidden from the child's file, and kept.
    pub voided: Option<usize>,
    /// Corrections made after the finish, in log order.
    pub corrections: Vec<usize>,
    /// Files that belong to the record, in log order.
    pub attachments: Vec<usize>,
    /// When a manager opened text that was not finished, in log order.
    pub opened: Vec<usize>,
    /// When a manager closed a line about an area that was not met, in log order.
    pub closings: Vec<usize>,
}

/// Lays out one record. `statements` may come in any order; the page does not depend on it but for statements that have
/// no log position, which keep the order given.
#[must_use]
pub fn lay_out(kind: RecordKind, statements: &[Statement], view: View) -> Page {
    let mut order: Vec<usize> = (0..statements.len()).collect();
    order.sort_by_key(|i| statements[*i].order());
    let counts = |i: usize| view.counts(&statements[i].fact);

    let finished = find_finish(statements, &order, view);
    let listed = finished.as_ref().map(|finish| &finish.listed);
    let mut page = Page::default();
    // What the page's own statements had replaced, and earlier versions of a text: history, not additions.
    let mut earlier: BTreeSet<usize> = BTreeSet::new();
    for (target, group) in by_target(statements, &order) {
        let facts: Vec<&Fact> = group.iter().map(|i| &statements[*i].fact).collect();
        // After a finish only a settlement that counts replaces what is on the page; an ordinary edit stands beside it, also
        // one that edits a settlement which was set aside.
        let admits = |from: &Fact, to: &Fact| {
            listed.is_none_or(|listed| {
                (from.kind.settles() && view.counts(from))
                    || listed.contains(&from.id)
                    || !listed.contains(&to.id)
            })
        };
        let live: Vec<usize> = live_among(&facts, |fact| view.counts(fact), admits)
            .into_iter()
            .map(|at| group[at])
            .collect();
        let on_page = listed.map(|listed| page_values(statements, &group, listed, view));
        let is_text = group.iter().any(|i| statements[*i].fact.kind.is_entry());
        if let Some(listed) = listed {
            let applied: Vec<bool> = facts.iter().map(|fact| view.counts(fact)).collect();
            let is_listed = |at: usize| applied[at] && listed.contains(&facts[at].id);
            let replaced = replaced_by(&facts, &applied, is_listed, |_, _| true);
            earlier.extend(
                (0..group.len())
                    .filter(|at| replaced[*at])
                    .map(|at| group[at]),
            );
            if is_text {
                earlier.extend(group.iter().filter(|i| !live.contains(i)));
            }
        }
        if is_text {
            page.entries
                .extend(lay_out_entry(target, &live, statements, listed));
        } else if let Some(question) =
            lay_out_question(kind, target, live, on_page, &group, statements)
        {
            page.questions.insert(question.target.clone(), question);
        }
    }
    let first_seen = |target: &Target| {
        order
            .iter()
            .position(|i| statements[*i].fact.target == *target)
    };
    page.entries.sort_by_key(|entry| first_seen(&entry.target));
    if let Some(listed) = listed {
        page.late = order
            .iter()
            .copied()
            .filter(|i| counts(*i) && !listed.contains(&statements[*i].fact.id))
            .filter(|i| !earlier.contains(i))
            .filter(|i| !statements[*i].fact.kind.is_about_the_record())
            .collect();
    }
    page.asks = open_asks(&page, statements, &order, view);
    page.unread = order
        .iter()
        .copied()
        .filter(|i| {
            let fact = &statements[*i].fact;
            matches!(
                fact.verdict,
                Some(Verdict::Quarantined { .. } | Verdict::Held { .. })
            ) || matches!(fact.kind, Kind::Unknown(_))
        })
        .collect();
    let of_kind = |kind: Kind| {
        order
            .iter()
            .copied()
            .filter(move |i| counts(*i) && statements[*i].fact.kind == kind)
    };
    page.voided = of_kind(Kind::Void).next();
    page.returned = of_kind(Kind::Return).collect();
    page.corrections = of_kind(Kind::Correct).collect();
    page.attachments = of_kind(Kind::Attach).collect();
    page.opened = of_kind(Kind::Open).collect();
    page.closings = of_kind(Kind::Close).collect();
    if let Some(finish) = &finished {
        let stands = statements[finish.by].fact.id;
        page.signed_off = of_kind(Kind::SignOff)
            .find(|i| statements[*i].content == Some(Content::SignOff(stands)));
    }
    page.finished = finished;
    page
}

/// The redaction by which a statement lost its words, if it did: the first that counts. What a child gave may be two statements, of
/// which the redaction names one. Numbers are indexes into the statements given.
#[must_use]
pub fn redaction_of(statements: &[Statement], at: usize) -> Option<usize> {
    let statement = statements.get(at).filter(|one| one.content.is_none())?;
    let covers = |by: &&usize| {
        let Some(redaction) = statements.get(**by) else {
            return false;
        };
        let about = match &redaction.content {
            Some(Content::Redaction(said)) => Some(&said.about),
            _ => None,
        };
        let given = about.filter(|about| redaction::is_given(redaction.fact.record, about));
        redaction::names(&redaction.fact.target) == Some(statement.fact.id)
            || given == Some(&statement.fact.target)
    };
    let counts = |at: &usize| {
        let fact = &statements[*at].fact;
        fact.kind == Kind::Redact && fact.is_applied()
    };
    let mut redactions: Vec<usize> = (0..statements.len()).filter(counts).collect();
    redactions.sort_by_key(|by| statements[*by].order());
    redactions.iter().find(covers).copied()
}

fn by_target(statements: &[Statement], order: &[usize]) -> BTreeMap<Target, Vec<usize>> {
    let mut groups: BTreeMap<Target, Vec<usize>> = BTreeMap::new();
    for i in order {
        let fact = &statements[*i].fact;
        // A file answers nothing and replaces nothing.
        if !fact.kind.is_about_the_record() && fact.kind != Kind::Attach {
            groups.entry(fact.target.clone()).or_default().push(*i);
        }
    }
    groups
}

/// The first accepted finish stands; a finish that has not reached the council stands on its own device only while no
/// other does.
fn find_finish(statements: &[Statement], order: &[usize], view: View) -> Option<Finished> {
    let finishes: Vec<(usize, &Vec<OpId>)> = order
        .iter()
        .filter(|i| view.counts(&statements[**i].fact))
        .filter_map(|i| match &statements[*i].content {
            Some(Content::Finish(listed)) => Some((*i, listed)),
            _ => None,
        })
        .collect();
    let (by, ids) = *finishes.first()?;
    let listed: BTreeSet<OpId> = ids.iter().copied().collect();
    let being_looked_at = statements.iter().any(|statement| {
        listed.contains(&statement.fact.id)
            && matches!(statement.fact.verdict, Some(Verdict::Quarantined { .. }))
    });
    Some(Finished {
        by,
        listed,
        being_looked_at,
        others: finishes.iter().skip(1).map(|(i, _)| *i).collect(),
    })
}

/// The fold of exactly the listed statements of one target.
fn page_values(
    statements: &[Statement],
    group: &[usize],
    listed: &BTreeSet<OpId>,
    view: View,
) -> Vec<usize> {
    let members: Vec<usize> = group
        .iter()
        .copied()
        .filter(|i| listed.contains(&statements[*i].fact.id))
        .collect();
    let facts: Vec<&Fact> = members.iter().map(|i| &statements[*i].fact).collect();
    live_among(&facts, |fact| view.counts(fact), |_, _| true)
        .into_iter()
        .map(|at| members[at])
        .collect()
}

fn lay_out_question(
    kind: RecordKind,
    target: Target,
    live: Vec<usize>,
    on_page: Option<Vec<usize>>,
    group: &[usize],
    statements: &[Statement],
) -> Option<Question> {
    let live: Vec<usize> = live
        .into_iter()
        .filter(|i| statements[*i].fact.kind.states_something())
        .collect();
    let set_aside = group.iter().any(|i| {
        let fact = &statements[*i].fact;
        fact.policy == Policy::Risk && matches!(fact.verdict, Some(Verdict::Quarantined { .. }))
    });
    if live.is_empty() && !set_aside {
        return None;
    }
    let facts: Vec<&Fact> = live.iter().map(|i| &statements[*i].fact).collect();
    // One risk answer on a target makes it a risk question, whatever another device called it.
    let policy = facts
        .iter()
        .map(|fact| fact.policy)
        .find(|policy| *policy == Policy::Risk)
        .or_else(|| facts.first().map(|fact| fact.policy));
    let policy = policy.unwrap_or(Policy::Risk);
    let open = is_conflict(&facts);
    let standing = match policy {
        Policy::Risk => {
            let worry = |answer: &Answer| Catalogue::newest().worry(kind.form(), &target, answer);
            let id = most_worrying(&facts, worry).map(|fact| fact.id);
            live.iter()
                .copied()
                .find(|i| Some(statements[*i].fact.id) == id)
        }
        Policy::Ordinary | Policy::Words => live.first().copied().filter(|_| !open),
        Policy::Observer | Policy::Set => None,
    };
    let on_page = on_page.unwrap_or_default();
    let on_page = if standing.is_some_and(|s| on_page == [s]) {
        Vec::new()
    } else {
        on_page
    };
    Some(Question {
        target,
        policy,
        live,
        standing,
        open,
        maybe_worse: set_aside,
        on_page,
    })
}

fn lay_out_entry(
    target: Target,
    live: &[usize],
    statements: &[Statement],
    listed: Option<&BTreeSet<OpId>>,
) -> Option<Entry> {
    let first = live.first().copied()?;
    let facts: Vec<&Fact> = live.iter().map(|i| &statements[*i].fact).collect();
    let chosen = live.iter().find_map(|i| match &statements[*i].content {
        Some(Content::Settlement(settlement)) => settlement.value.code.parse::<OpId>().ok(),
        _ => None,
    });
    let chosen = chosen.and_then(|id| {
        statements
            .iter()
            .position(|statement| statement.fact.id == id)
    });
    let late = listed.is_some_and(|listed| {
        live.iter()
            .any(|i| !listed.contains(&statements[*i].fact.id))
    });
    Some(Entry {
        withdrawn: facts.iter().all(|fact| fact.kind == Kind::EntryWithdraw),
        open: is_conflict(&facts),
        first: Some(chosen.unwrap_or(first)),
        late,
        live: live.to_vec(),
        target,
    })
}

/// A request to agree is open while its question is, and while what it proposes is not what stands.
fn open_asks(page: &Page, statements: &[Statement], order: &[usize], view: View) -> Vec<usize> {
    order
        .iter()
        .copied()
        .filter(|i| {
            let fact = &statements[*i].fact;
            fact.kind == Kind::Ask
                && view.counts(fact)
                && page
                    .questions
                    .get(&fact.target)
                    .is_some_and(|question| question.open)
        })
        .collect()
}

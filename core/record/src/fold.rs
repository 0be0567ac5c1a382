//! The live-value rule: which statements about one target stand.
//!
//! live(target) = its applied statements that no other applied statement replaces, directly or through a chain of known
//! statements of whatever verdict. The order in which statements arrive is irrelevant, and a link to a statement that has
//! not arrived delays nothing and acts when it comes (PROTOCOL §2).
//!
//! Chains run through statements the server set aside, because an author who replaced their own refused answer meant to
//! replace what that answer replaced. That must not become a way round the rules for risk facts: there, a link to
//! *another author's* answer counts only when an applied settlement or correction makes it. So a refused settlement followed by an
//! ordinary edit never hides a colleague's worry.

use std::collections::HashMap;

use crate::fact::Fact;
use crate::id::OpId;
use crate::op::Policy;

/// Whether `from` may replace `to`, given that it names it.
///
/// `from_applied` is whether the statement that makes the link counts as applied in the view being folded.
#[must_use]
pub fn link_counts(from: &Fact, from_applied: bool, to: &Fact) -> bool {
    if from.record != to.record || from.target != to.target {
        return false;
    }
    if from.replaces.len() > 1 && !from.kind.may_replace_several() {
        return false;
    }
    if to.policy == Policy::Words {
        return false;
    }
    if from.author == to.author {
        return true;
    }
    if to.kind.is_entry() || to.policy == Policy::Observer {
        return false;
    }
    // Either side's policy is enough: a link from an "ordinary" answer must not undo a risk answer.
    if to.policy == Policy::Risk || from.policy == Policy::Risk {
        return from.kind.settles() && from_applied;
    }
    true
}

/// The live statements among all known statements about one target, as indexes into `facts`, in the order given.
///
/// `applied` decides what counts as applied: the server's verdicts for the shared view; those and the device's own
/// statements for the view a worker sees.
pub fn live(facts: &[Fact], applied: impl Fn(&Fact) -> bool) -> Vec<usize> {
    live_among(&facts.iter().collect::<Vec<_>>(), applied, |_, _| true)
}

/// As [`live`], over borrowed facts, where `admits(from, to)` may void further links than the rules of the log do.
pub fn live_among(
    facts: &[&Fact],
    applied: impl Fn(&Fact) -> bool,
    admits: impl Fn(&Fact, &Fact) -> bool,
) -> Vec<usize> {
    if let [only] = facts {
        return if applied(only) { vec![0] } else { Vec::new() };
    }
    let counts: Vec<bool> = facts.iter().map(|fact| applied(fact)).collect();
    let replaced = replaced_by(facts, &counts, |i| counts[i], admits);
    (0..facts.len())
        .filter(|i| counts[*i] && !replaced[*i])
        .collect()
}

/// Which statements the ones that `starts` picks replace, directly or through a chain.
///
/// `counts` says, by statement, whether it counts as applied; see [`link_counts`].
pub fn replaced_by(
    facts: &[&Fact],
    counts: &[bool],
    starts: impl Fn(usize) -> bool,
    admits: impl Fn(&Fact, &Fact) -> bool,
) -> Vec<bool> {
    let index_of: HashMap<OpId, usize> = facts
        .iter()
        .enumerate()
        .map(|(i, fact)| (fact.id, i))
        .collect();
    let links: Vec<Vec<usize>> = facts
        .iter()
        .zip(counts)
        .map(|(from, from_applied)| {
            from.replaces
                .iter()
                .filter_map(|id| index_of.get(id).copied())
                .filter(|to| {
                    link_counts(from, *from_applied, facts[*to]) && admits(from, facts[*to])
                })
                .collect()
        })
        .collect();

    let mut replaced = vec![false; facts.len()];
    for start in (0..facts.len()).filter(|i| starts(*i)) {
        let mut visited = vec![false; facts.len()];
        visited[start] = true;
        let mut open = links[start].clone();
        while let Some(next) = open.pop() {
            // A statement cannot name a later one, so a cycle needs a broken hash; never let one hide its own start.
            if !std::mem::replace(&mut visited[next], true) {
                replaced[next] = true;
                open.extend(&links[next]);
            }
        }
    }
    replaced
}

/// The shared view: what everybody who holds the scope sees as live.
#[must_use]
pub fn live_shared(facts: &[Fact]) -> Vec<usize> {
    live(facts, Fact::is_applied)
}

/// The view on the device that wrote: its own statements that have no verdict yet lie over the shared view.
#[must_use]
pub fn live_here(facts: &[Fact]) -> Vec<usize> {
    live(facts, |fact| {
        fact.verdict
            .as_ref()
            .is_none_or(crate::verdict::Verdict::is_applied)
    })
}

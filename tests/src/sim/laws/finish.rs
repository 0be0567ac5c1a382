//! What a finish fixes, and what stands beside it.

use std::collections::{BTreeMap, BTreeSet};

use visitbook_record::fact::Fact;
use visitbook_record::id::OpId;
use visitbook_record::op::{Kind, Target};
use visitbook_record::page::{Statement, View, lay_out};
use visitbook_record::payload::Content;

use super::super::oracle;
use super::super::reading::Reading;
use super::super::world::World;
use super::{Broken, Checked, must};

/// Law 12: the first accepted finish stands, its page is the fold of what it lists, and all else stands beside
/// it.
pub(super) fn finished_is_finished(world: &World, reading: &Reading) -> Checked {
    for record in reading.by_record.keys() {
        let Some(stands) = reading.finish_of(record) else {
            continue;
        };
        let Some(Content::Finish(listed)) = &stands.content else {
            continue;
        };
        let statements = reading.statements(record);
        let page = lay_out(reading.kind_of(record), &statements, View::Shared);
        let Some(finished) = &page.finished else {
            return Err(Broken::new(12, "an applied finish does not stand"));
        };
        must!(
            statements[finished.by].fact.id == stands.fact.id,
            12,
            "another finish stands than the first that was accepted"
        );
        let listed: BTreeSet<OpId> = listed.iter().copied().collect();
        must!(
            finished.listed == listed,
            12,
            "a finish fixes another list than its own"
        );
        let late: BTreeSet<OpId> = page.late.iter().map(|i| statements[*i].fact.id).collect();
        let facts: Vec<&Fact> = statements.iter().map(|s| &s.fact).collect();
        must!(
            late == additions(&facts, &listed),
            12,
            "what came beside a finish is not shown beside it"
        );
        for question in page.questions.values() {
            let on_the_page: Vec<&Fact> = statements
                .iter()
                .map(|s| &s.fact)
                .filter(|f| f.target == question.target && listed.contains(&f.id))
                .filter(|f| !f.kind.is_about_the_record())
                .collect();
            let fixed = oracle::live(&on_the_page, Fact::is_applied);
            let shown: BTreeSet<OpId> = question
                .on_page
                .iter()
                .map(|i| statements[*i].fact.id)
                .collect();
            let standing: BTreeSet<OpId> = question
                .standing
                .iter()
                .map(|i| statements[*i].fact.id)
                .collect();
            let right = shown == fixed || (shown.is_empty() && standing == fixed);
            must!(
                right,
                12,
                "the finished page shows other answers to {} than were listed",
                question.target
            );
            let live: BTreeSet<OpId> = question
                .live
                .iter()
                .map(|i| statements[*i].fact.id)
                .collect();
            let settled = |id: &OpId| {
                statements.iter().any(|s| {
                    matches!(s.fact.kind, Kind::Resolve | Kind::Correct)
                        && s.fact.is_applied()
                        && s.fact.replaces.contains(id)
                })
            };
            let kept = fixed
                .iter()
                .filter(|id| {
                    reading
                        .op(id)
                        .is_some_and(|s| s.fact.kind.states_something())
                })
                .all(|id| live.contains(id) || settled(id) || settled_by_chain(id, &statements));
            must!(
                kept,
                12,
                "an ordinary late edit took a finished answer to {} away",
                question.target
            );
        }
        let mut tally = world.ledger.tally.borrow_mut();
        tally.finished += 1;
        tally.late += late.len() as u64;
    }
    Ok(())
}

/// What stands beside a finished page: what counts and is not on it, but for what the page itself had replaced, and for
/// versions of a text that do not stand.
fn additions(facts: &[&Fact], listed: &BTreeSet<OpId>) -> BTreeSet<OpId> {
    let mut groups: BTreeMap<&Target, Vec<&Fact>> = BTreeMap::new();
    for fact in facts.iter().filter(|f| !f.kind.is_about_the_record()) {
        groups.entry(&fact.target).or_default().push(fact);
    }
    let mut additions = BTreeSet::new();
    for group in groups.values() {
        let over = oracle::stands_over(group, Fact::is_applied, |_, _| true);
        let by_the_page = (0..group.len())
            .filter(|a| group[*a].is_applied() && listed.contains(&group[*a].id))
            .fold(0, |all, a| all | over[a]);
        let on_the_page_stays = |from: &Fact, to: &Fact| {
            let puts_right = matches!(from.kind, Kind::Resolve | Kind::Correct);
            let settles = puts_right && from.is_applied();
            settles || listed.contains(&from.id) || !listed.contains(&to.id)
        };
        let is_text = group.iter().any(|fact| fact.kind.is_entry());
        let stands = oracle::live_where(group, Fact::is_applied, on_the_page_stays);
        for (b, fact) in group.iter().enumerate() {
            let is_history = by_the_page >> b & 1 == 1 || (is_text && !stands.contains(&fact.id));
            if fact.is_applied() && !listed.contains(&fact.id) && !is_history {
                additions.insert(fact.id);
            }
        }
    }
    additions
}

/// A listed answer may also leave through another listed statement that only counted later.
fn settled_by_chain(id: &OpId, statements: &[Statement]) -> bool {
    statements.iter().any(|s| {
        s.fact.replaces.contains(id)
            && statements.iter().any(|r| {
                matches!(r.fact.kind, Kind::Resolve | Kind::Correct)
                    && r.fact.is_applied()
                    && r.fact.replaces.contains(&s.fact.id)
            })
    })
}

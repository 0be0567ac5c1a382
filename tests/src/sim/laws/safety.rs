//! Laws of safety: worry, conflicts, deletion, receipts.

use std::collections::{BTreeMap, BTreeSet};

use visitbook_record::cbor::decode;
use visitbook_record::commit::RecordKind;
use visitbook_record::fact::{Answer, Fact};
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::page::{View, lay_out};
use visitbook_record::scope::LogPosition;
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::ReceiptStatement;
use visitbook_server::store::Entry;

use super::super::oracle;
use super::super::reading::{Reading, Stated};
use super::super::world::World;
use super::{Broken, Checked, must};

/// Law 5: a version that its withdrawal had not seen stays visible.
pub(super) fn deletion_never_beats_content(_: &World, reading: &Reading) -> Checked {
    for record in reading.by_record.keys() {
        let statements = reading.statements(record);
        if !statements
            .iter()
            .any(|s| s.fact.kind == Kind::EntryWithdraw)
        {
            continue;
        }
        let page = lay_out(reading.kind_of(record), &statements, View::Shared);
        for entry in &page.entries {
            let group: Vec<&Fact> = statements
                .iter()
                .map(|s| &s.fact)
                .filter(|fact| fact.target == entry.target)
                .collect();
            if page.finished.is_some() {
                continue;
            }
            let live = oracle::live(&group, Fact::is_applied);
            let content = group
                .iter()
                .any(|fact| live.contains(&fact.id) && fact.kind != Kind::EntryWithdraw);
            must!(
                entry.withdrawn != content,
                5,
                "a version that a withdrawal had not seen is shown as withdrawn"
            );
        }
    }
    Ok(())
}

/// Law 13: while a risk question is open the most worrying live answer stands, marked.
pub(super) fn worry_wins(world: &World, reading: &Reading) -> Checked {
    let mut conflicts = (0, 0);
    for record in reading.by_record.keys() {
        let kind = reading.kind_of(record);
        if !matches!(kind, RecordKind::Visit | RecordKind::Concern) {
            continue;
        }
        let statements = reading.statements(record);
        let page = lay_out(kind, &statements, View::Shared);
        for question in page.questions.values() {
            let answers: BTreeSet<&Answer> = question
                .live
                .iter()
                .map(|i| &statements[*i].fact.answer)
                .collect();
            let unreadable = answers.contains(&Answer::Unreadable) && question.live.len() > 1;
            let differ = answers.len() > 1 || unreadable;
            let can = matches!(question.policy, Policy::Risk | Policy::Ordinary);
            must!(
                question.open == (differ && can),
                14,
                "{} is open: {}, differs: {differ}",
                question.target,
                question.open
            );
            conflicts.0 += u64::from(question.open);
            conflicts.1 += u64::from(question.open);
            if question.policy != Policy::Risk {
                continue;
            }
            let aside = statements.iter().any(|s| {
                s.fact.target == question.target
                    && s.fact.policy == Policy::Risk
                    && !s.fact.kind.is_about_the_record()
                    && matches!(s.fact.verdict, Some(Verdict::Quarantined { .. }))
            });
            must!(
                question.maybe_worse == aside,
                13,
                "an answer that was set aside leaves no mark"
            );
            let worry =
                |i: &usize| oracle::worry(kind, &question.target, &statements[*i].fact.answer);
            let most = question.live.iter().map(worry).max();
            let standing = question.standing.as_ref().map(worry);
            must!(
                standing == most,
                13,
                "{} shows a less worrying answer than it has",
                question.target
            );
        }
    }
    let mut tally = world.ledger.tally.borrow_mut();
    tally.conflicts_left += conflicts.1;
    Ok(())
}

/// What stood in the log when something came.
#[derive(Default)]
struct Past {
    facts: BTreeMap<(RecordId, Target), Vec<Fact>>,
}

impl Past {
    fn live(&self, about: &(RecordId, Target)) -> BTreeSet<OpId> {
        let facts: Vec<&Fact> = self.facts.get(about).into_iter().flatten().collect();
        oracle::live(&facts, Fact::is_applied)
    }
}

/// Law 14: an answer to a risk question leaves only by its own author, or by an applied settlement of somebody
/// who may.
pub(super) fn conflicts_end_only_by_people(world: &World, reading: &Reading) -> Checked {
    let mut conflicts = 0;
    for (scope, log) in &reading.logs {
        if scope.child().is_none() {
            continue;
        }
        let mut past = Past::default();
        for row in &log.rows {
            let came: Vec<(&Stated, Verdict)> = match &row.entry {
                Entry::Commit(hash) => {
                    let volume = world.ledger.by_hash(hash);
                    let ids = volume.iter().flat_map(|volume| volume.ids.clone());
                    ids.filter_map(|id| reading.op(&id))
                        .map(|stated| (stated, stated.arrived_as.clone()))
                        .collect()
                }
                Entry::Judged { op, verdict } => reading
                    .op(op)
                    .map(|stated| (stated, verdict.clone()))
                    .into_iter()
                    .collect(),
            };
            for (stated, verdict) in came {
                if stated.fact.kind.is_about_the_record() {
                    continue;
                }
                conflicts += one_came(world, reading, &mut past, stated, verdict)?;
            }
        }
    }
    world.ledger.tally.borrow_mut().conflicts += conflicts;
    Ok(())
}

/// One statement comes, or is judged again: what leaves must leave rightly. Returns 1 if a question opened.
fn one_came(
    world: &World,
    reading: &Reading,
    past: &mut Past,
    stated: &Stated,
    verdict: Verdict,
) -> Result<u64, Broken> {
    let about = (stated.fact.record, stated.fact.target.clone());
    let before = past.live(&about);
    let group = past.facts.entry(about.clone()).or_default();
    match group.iter_mut().find(|fact| fact.id == stated.fact.id) {
        Some(fact) => fact.verdict = Some(verdict),
        None => {
            let mut fact = stated.fact.clone();
            fact.verdict = Some(verdict);
            group.push(fact);
        }
    }
    let after = past.live(&about);
    let group = &past.facts[&about];
    let fact_of = |id: &OpId| group.iter().find(|fact| fact.id == *id);
    for left in before.difference(&after).filter_map(fact_of) {
        if left.policy != Policy::Risk {
            continue;
        }
        let rightly = group.iter().any(|by| {
            by.replaces.contains(&left.id)
                && (by.author == left.author
                    || (matches!(by.kind, Kind::Resolve | Kind::Correct)
                        && by.is_applied()
                        && (may(world, by, group) || reading.was_placed(&by.id))))
        });
        must!(
            rightly,
            14,
            "an answer to {} left without its author and without anybody who may settle",
            about.1
        );
    }
    let differing = |ids: &BTreeSet<OpId>| {
        let answers: BTreeSet<&Answer> = ids
            .iter()
            .filter_map(fact_of)
            .map(|fact| &fact.answer)
            .collect();
        answers.len() > 1
            && group
                .iter()
                .all(|f| matches!(f.policy, Policy::Risk | Policy::Ordinary))
    };
    Ok(u64::from(!differing(&before) && differing(&after)))
}

/// Whether the author of a settlement may settle what it lists, by the assignments alone.
fn may(world: &World, by: &Fact, group: &[Fact]) -> bool {
    let Some(origin) = world.ledger.origin(&by.id) else {
        return true;
    };
    let commit = &origin.written.volume.commit;
    let listed: Vec<&Fact> = group
        .iter()
        .filter(|fact| by.replaces.contains(&fact.id))
        .collect();
    let is_manager = commit.scope.child().is_some_and(|child| {
        world
            .ledger
            .role_at(commit.author, child, commit.assignment_seen)
            == Some(visitbook_record::commit::Role::Manager)
    });
    let chosen = oracle::worry(commit.record_kind, &by.target, &by.answer);
    oracle::may_settle(commit.record_kind, &listed, by.author, is_manager, chosen)
}

/// Law 17: each statement names the one before it, positions only grow, and applied is never taken back.
pub(super) fn receipts_chain(world: &World, reading: &Reading) -> Checked {
    for (scope, log) in &reading.logs {
        let mut previous = None;
        let mut last = (0, 0);
        for (first, signed) in &log.statements {
            let statement: ReceiptStatement = decode(&signed.bytes)
                .map_err(|_| Broken::new(17, "a stored receipt cannot be read"))?;
            must!(
                statement.previous == previous,
                17,
                "a receipt does not name the one before it"
            );
            must!(
                statement.scope == *scope && statement.first == *first,
                17,
                "a receipt is for another place"
            );
            let begins = (first.epoch, first.position);
            must!(begins > last, 17, "receipts overlap");
            last = (
                first.epoch,
                first.position + statement.received.len() as u64 - 1,
            );
            previous = Some(ReceiptStatement::hash_of(&signed.bytes));
        }
        let mut verdicts: BTreeMap<OpId, Verdict> = BTreeMap::new();
        let mut before: Option<LogPosition> = None;
        for row in &log.rows {
            let follows = match before {
                Some(before) if before.epoch == row.at.epoch => before.position + 1,
                Some(before) if before.epoch > row.at.epoch => 0,
                _ => 1,
            };
            must!(
                row.at.position == follows,
                17,
                "positions of a log have a gap"
            );
            before = Some(row.at);
            if let Entry::Judged { op, verdict } = &row.entry {
                let before = verdicts
                    .get(op)
                    .cloned()
                    .or_else(|| reading.op(op).map(|stated| stated.arrived_as.clone()));
                let taken_back = before.is_some_and(|v| v.is_applied()) && !verdict.is_applied();
                must!(!taken_back, 17, "something applied was taken back");
                verdicts.insert(*op, verdict.clone());
            }
        }
    }
    super::restores::applied_stays_applied(world, reading)
}

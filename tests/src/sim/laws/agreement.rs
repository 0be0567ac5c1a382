//! Laws about agreement: everybody who holds a scope sees the same, however it came to them.

use std::collections::BTreeSet;

use visitbook_record::digest::ScopeDigest;
use visitbook_record::fact::Fact;
use visitbook_record::fold::live_shared;
use visitbook_record::id::{OpId, WorkerId};
use visitbook_record::op::Kind;
use visitbook_record::page::{View, lay_out};
use visitbook_record::scope::Scope;
use visitbook_record::verdict::{Reason, Verdict};

use super::super::oracle;
use super::super::reading::{Reading, Stated};
use super::super::world::World;
use super::{Checked, must};

/// Law 6: at the same position everybody has the same facts, verdicts, digest and absences as the council.
pub(super) fn all_who_hold_agree(world: &World, reading: &Reading) -> Checked {
    for (scope, log) in &reading.logs {
        digest_tells_verdicts_apart(reading, scope)?;
        for phone in &world.phones {
            let Some(at) = phone.disk.vector.get(scope) else {
                continue;
            };
            if log.rows.last().map(|row| row.at) != Some(*at) {
                continue;
            }
            must!(
                phone.digest(scope) == log.digest,
                6,
                "phone {}'s digest of a scope differs from the council's",
                phone.number
            );
        }
    }
    let mut released = std::collections::BTreeMap::new();
    for stated in &reading.ops {
        let scope = stated.volume.commit.scope;
        let released: &BTreeSet<OpId> = released
            .entry(stated.fact.record)
            .or_insert_with(|| reading.released(&stated.fact.record).into_iter().collect());
        for phone in &world.phones {
            let holds = match scope {
                Scope::Child(child) => phone.disk.holds.contains_key(&child),
                Scope::Worker(worker) => phone.worker == worker,
                Scope::Council => true,
                Scope::Restricted(_) | Scope::Audit(_) => false,
            };
            if !holds || phone.disk.ended {
                continue;
            }
            let row = phone.row(&stated.fact.id);
            must!(
                row.is_some_and(|row| row.fact.verdict == stated.fact.verdict),
                6,
                "phone {} takes {:?} on {} to be {:?}, and the council {:?}",
                phone.number,
                stated.fact.kind,
                stated.fact.target,
                row.map(|row| &row.fact.verdict),
                stated.fact.verdict
            );
            let is_its_own = phone.made(&stated.volume.hash)
                && (stated.fact.kind != Kind::EnterFamily
                    || row.is_some_and(|row| row.words.is_some()));
            // What waited was readable while it waited, and what was set aside by whoever decides; who has it has it.
            let was_due = match &stated.arrived_as {
                Verdict::Held { .. } => true,
                Verdict::Quarantined { owner, .. } => *owner == phone.worker,
                _ => false,
            };
            let released = released.contains(&stated.fact.id);
            let may = is_its_own || may_read(phone.worker, stated, released, reading);
            let has = row.is_some_and(|row| row.words.is_some());
            let there = stated.payload.is_some();
            must!(
                has || !may || !there,
                6,
                "phone {} lacks words that its holder may read",
                phone.number
            );
            must!(
                // What an epoch that was lost had released is on the phones that had it.
                !has || may || was_due || world.council.epoch.0 > 1,
                15,
                "phone {} has words that its holder may not read",
                phone.number
            );
        }
    }
    Ok(())
}

/// Who may read: one's own; what was set aside, the person who decides; a colleague's text on a visit, once it is finished, or
/// once they opened what there was of it.
fn may_read(reader: WorkerId, stated: &Stated, released: bool, reading: &Reading) -> bool {
    let kind = stated.volume.commit.record_kind;
    // For the council's eyes: with it posts could be forged.
    if stated.fact.kind == Kind::EnterFamily {
        return false;
    }
    if stated.fact.author == reader {
        return true;
    }
    if let Some(Verdict::Quarantined { owner, .. }) = &stated.fact.verdict {
        return *owner == reader;
    }
    released
        || !oracle::is_withheld_at_first(kind, &stated.fact)
        || reading.opened_for(reader, stated)
}

/// A digest that does not change with a verdict would find nothing.
fn digest_tells_verdicts_apart(reading: &Reading, scope: &Scope) -> Checked {
    let Some(first) = reading
        .ops
        .iter()
        .find(|stated| stated.volume.commit.scope == *scope)
    else {
        return Ok(());
    };
    let digests: Vec<ScopeDigest> = [
        Verdict::Applied,
        Verdict::AppliedFromPreviousWorker,
        Verdict::Held { missing: vec![] },
        Verdict::Quarantined {
            reason: Reason::NotHeld,
            owner: WorkerId([0; 16]),
        },
        Verdict::Quarantined {
            reason: Reason::OtherHome,
            owner: WorkerId([0; 16]),
        },
    ]
    .iter()
    .map(|verdict| {
        let mut digest = ScopeDigest::default();
        digest.add(&first.fact.id, verdict);
        digest
    })
    .collect();
    for (i, a) in digests.iter().enumerate() {
        let alone = digests.iter().skip(i + 1).all(|b| a != b);
        must!(alone, 6, "the digest does not tell two verdicts apart");
    }
    Ok(())
}

fn facts_of(group: &[&Stated]) -> Vec<Fact> {
    group.iter().map(|stated| stated.fact.clone()).collect()
}

fn live_ids(facts: &[Fact]) -> BTreeSet<OpId> {
    live_shared(facts)
        .into_iter()
        .map(|i| facts[i].id)
        .collect()
}

/// Law 7: live values are those of the written rule, computed another way.
pub(super) fn live_is_the_written_rule(_: &World, reading: &Reading) -> Checked {
    for ((_, target), group) in reading.groups() {
        let facts = facts_of(&group);
        let borrowed: Vec<&Fact> = facts.iter().collect();
        must!(
            group.len() <= oracle::LARGEST,
            7,
            "a question with too many answers to check"
        );
        let expected = oracle::live(&borrowed, Fact::is_applied);
        must!(
            live_ids(&facts) == expected,
            7,
            "live values of {target} differ from the written rule"
        );
    }
    Ok(())
}

/// Law 8: order and batching of delivery do not change live values or pages.
pub(super) fn order_does_not_matter(_: &World, reading: &Reading) -> Checked {
    for ((_, target), group) in reading.groups() {
        if group.len() < 2 {
            continue;
        }
        let mut facts = facts_of(&group);
        let first = live_ids(&facts);
        facts.reverse();
        must!(
            live_ids(&facts) == first,
            8,
            "live values of {target} depend on order"
        );
        let half = facts.len() / 2;
        facts.rotate_left(half);
        must!(
            live_ids(&facts) == first,
            8,
            "live values of {target} depend on order"
        );
    }
    for record in reading.by_record.keys() {
        let mut statements = reading.statements(record);
        if statements.len() < 3 {
            continue;
        }
        let kind = reading.kind_of(record);
        let shown = |statements: &[visitbook_record::page::Statement]| {
            let page = lay_out(kind, statements, View::Shared);
            let id = |i: usize| statements[i].fact.id;
            let questions: Vec<_> = page
                .questions
                .values()
                .map(|q| {
                    let live: Vec<OpId> = q.live.iter().map(|i| id(*i)).collect();
                    (
                        q.target.clone(),
                        live,
                        q.standing.map(id),
                        q.open,
                        q.maybe_worse,
                    )
                })
                .collect();
            let entries: Vec<_> = page
                .entries
                .iter()
                .map(|e| {
                    (
                        e.target.clone(),
                        e.first.map(id),
                        e.open,
                        e.withdrawn,
                        e.late,
                    )
                })
                .collect();
            (
                questions,
                entries,
                page.finished.map(|finish| id(finish.by)),
            )
        };
        let first = shown(&statements);
        statements.reverse();
        must!(
            shown(&statements) == first,
            8,
            "a page depends on the order in which statements came"
        );
    }
    Ok(())
}

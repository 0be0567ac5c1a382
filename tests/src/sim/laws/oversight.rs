//! What a manager's word about a whole record comes to: who may say it, and that everybody sees it.

use visitbook_record::commit::Role;
use visitbook_record::id::OpId;
use visitbook_record::op::Kind;
use visitbook_record::page::{Page, View, lay_out};
use visitbook_record::payload::Content;

use super::super::author::laid_out;
use super::super::reading::{Reading, Stated};
use super::super::world::World;
use super::{Checked, must};

/// Law 15, of oversight: the page shows a sign-off, a question, a correction or that a record was entered in error exactly
/// where one counts, and nobody's own sign-off counts unless somebody else put it in its place; and every phone that holds the
/// child shows the same.
pub(super) fn oversight_is_seen(world: &World, reading: &Reading) -> Checked {
    for (record, ops) in &reading.by_record {
        let stated: Vec<&Stated> = ops.iter().map(|at| &reading.ops[*at]).collect();
        let any = stated
            .iter()
            .any(|s| s.fact.kind.is_oversight() || s.fact.kind == Kind::Correct);
        if !any {
            continue;
        }
        let kind = reading.kind_of(record);
        let statements = reading.statements(record);
        let page = lay_out(kind, &statements, View::Shared);
        let id = |at: usize| statements[at].fact.id;
        let said = Said::on(&page, id);
        let counts = |kind: Kind| {
            let mut found: Vec<&&Stated> = stated
                .iter()
                .filter(|s| s.fact.kind == kind && s.counted_at.is_some())
                .collect();
            found.sort_by_key(|s| s.counted_at);
            found
        };
        let finish = reading.finish_of(record).map(|finish| finish.fact.id);
        let expected = Said {
            signed_off: counts(Kind::SignOff)
                .into_iter()
                .find(|s| matches!(&s.content, Some(Content::SignOff(f)) if Some(*f) == finish))
                .map(|s| s.fact.id),
            returned: ids(counts(Kind::Return)),
            voided: counts(Kind::Void).first().map(|s| s.fact.id),
            corrections: ids(counts(Kind::Correct)),
        };
        must!(
            said == expected,
            15,
            "a page shows other oversight than what counts"
        );
        for one in stated
            .iter()
            .filter(|s| s.fact.kind.is_oversight() && s.fact.is_applied())
        {
            may_oversee(world, reading, one)?;
        }
        for phone in &world.phones {
            // Of the record's home: what was said elsewhere about it counts nowhere.
            let home = stated.iter().find(|s| s.fact.is_applied());
            let holds = home
                .map(|s| s.volume.commit.scope)
                .and_then(|scope| scope.child())
                .is_some_and(|child| phone.disk.holds.contains_key(&child));
            if !holds {
                continue;
            }
            let (here, page) = laid_out(phone, *record, kind, View::Shared);
            must!(
                Said::on(&page, |at| here[at].fact.id) == expected,
                6,
                "phone {} shows other oversight than the council",
                phone.number
            );
            let mut tally = world.ledger.tally.borrow_mut();
            tally.oversight += 1;
        }
    }
    Ok(())
}

/// A manager of the child's team by what they could have known, and never about a finish of their own. Where a restore lost the
/// entry that the commit names, the entry that made them the manager may have come back at a later place.
fn may_oversee(world: &World, reading: &Reading, one: &Stated) -> Checked {
    let commit = &one.volume.commit;
    let role = commit.scope.child().and_then(|child| {
        world
            .ledger
            .role_at(commit.author, child, commit.assignment_seen)
    });
    let is_manager = role == Some(Role::Manager)
        || world.council.epoch.0 > 1
            && commit.scope.child().is_some_and(|child| {
                world
                    .ledger
                    .ever_held_as(commit.author, child, Role::Manager)
            });
    let about = match &one.content {
        Some(Content::SignOff(finish)) => Some(*finish),
        _ => one.fact.target.element_id().and_then(|id| id.parse().ok()),
    };
    let own = about
        .and_then(|finish| reading.op(&finish))
        .is_some_and(|finish| finish.fact.author == commit.author);
    let placed_by_another = reading.ops.iter().any(|s| {
        s.fact.is_applied()
            && s.fact.author != commit.author
            && matches!(&s.content, Some(Content::Placement { op, .. }) if *op == one.fact.id)
    });
    must!(
        placed_by_another || (is_manager && !own),
        15,
        "{:?} counts, by somebody who is not the manager or about their own work",
        one.fact.kind
    );
    Ok(())
}

#[derive(PartialEq, Eq)]
struct Said {
    signed_off: Option<OpId>,
    returned: Vec<OpId>,
    voided: Option<OpId>,
    corrections: Vec<OpId>,
}

impl Said {
    fn on(page: &Page, id: impl Fn(usize) -> OpId) -> Self {
        let all = |them: &[usize]| them.iter().map(|at| id(*at)).collect();
        Self {
            signed_off: page.signed_off.map(&id),
            returned: all(&page.returned),
            voided: page.voided.map(&id),
            corrections: all(&page.corrections),
        }
    }
}

fn ids(found: Vec<&&Stated>) -> Vec<OpId> {
    found.into_iter().map(|s| s.fact.id).collect()
}

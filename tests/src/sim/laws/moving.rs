//! A child that moved: words first, then nothing stays, and the council is told.

use visitbook_record::op::Kind;
use visitbook_record::verdict::Verdict;

use super::super::phone::{Gone, Twist, purged};
use super::super::reading::Reading;
use super::super::world::World;
use super::{Broken, Checked, must};

/// Law 16: words first; and after its removal a phone holds nothing of a child but its holder's own words that are set aside, judged as the
/// council judges them; and the council has heard of every removal.
pub(super) fn nothing_stays_of_what_moved(world: &World, reading: &Reading) -> Checked {
    for phone in &world.phones {
        must!(
            phone.disk.ended == world.council.has_ended(&phone.device),
            15,
            "the council ended phone {}, and it goes on receiving",
            phone.number
        );
        for row in &phone.disk.rows {
            let Some(child) = row.scope.child() else {
                continue;
            };
            // What a hostile phone wrote about a child it never held is the council's business.
            if !phone.disk.moved.contains_key(&child) {
                continue;
            }
            let own = world
                .ledger
                .origin(&row.fact.id)
                .filter(|origin| phone.made(&origin.written.volume.hash));
            let Some(own) = own.filter(|_| !phone.disk.ended) else {
                return Err(Broken::new(
                    15,
                    format!(
                        "phone {} still holds words about a child that moved",
                        phone.number
                    ),
                ));
            };
            if matches!(own.written.twist, Twist::Author(_)) {
                // Written under a colleague's name: the colleague is told.
                continue;
            }
            let verdict_of = |id| {
                reading
                    .op(id)
                    .and_then(|stated| stated.fact.verdict.clone())
            };
            must!(
                verdict_of(&row.fact.id) == row.fact.verdict || world.council.epoch.0 > 1,
                6,
                "phone {} was not told what became of its holder's words about a child that moved",
                phone.number
            );
            let aside = |id| matches!(verdict_of(id), Some(Verdict::Quarantined { .. }));
            must!(
                own.written.volume.ids.iter().any(aside) || world.council.epoch.0 > 1,
                15,
                "phone {} keeps words about a child that moved, and none of them is set aside",
                phone.number
            );
        }
        for (child, gone) in &phone.disk.moved {
            let said = || {
                reading.ops.iter().any(|stated| {
                    stated.fact.kind == Kind::Purged
                        && stated.fact.is_applied()
                        && stated.fact.target == purged(*child)
                        && stated.volume.commit.origin.device == phone.device
                })
            };
            must!(
                *gone != Gone::Purged && (*gone == Gone::Closed || said()),
                16,
                "the council was not told that phone {} removed a child",
                phone.number
            );
        }
    }
    Ok(())
}

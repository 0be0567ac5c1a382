//! What a council that went back to an earlier moment owes to those who saw a later one.

use visitbook_record::commit::RecordKind;
use visitbook_record::id::OpId;
use visitbook_record::page::View;
use visitbook_record::scope::Scope;
use visitbook_record::verdict::{Reason, Verdict};

use super::super::author::laid_out;
use super::super::reading::Reading;
use super::super::world::World;
use super::{Checked, must};

/// Law 17, of restores: whatever a phone has a receipt for from an epoch that was lost, and gave back with it, counts again
/// if it counted.
pub(super) fn applied_stays_applied(world: &World, reading: &Reading) -> Checked {
    for phone in &world.phones {
        for own in phone.disk.own.iter().filter(|own| !own.lost) {
            let volume = &own.written.volume;
            let Some(earlier) = phone.disk.earlier.get(&volume.hash) else {
                continue;
            };
            for (id, before) in volume.ids.iter().zip(&earlier.verdicts) {
                let now = reading.op(id).filter(|s| s.volume.hash == volume.hash);
                must!(
                    !before.is_applied() || now.is_none_or(|now| now.fact.is_applied()),
                    17,
                    "what had been applied before a restore was judged again, and set aside"
                );
            }
            world.ledger.tally.borrow_mut().given_back += 1;
        }
    }
    rights_come_back(world, reading)?;
    nothing_waits_for_what_is_there(world, reading)?;
    the_same_finish_stands(world, reading)
}

/// Law 12, of restores: of several finishes every phone shows the one that was received first, in whatever epoch.
fn the_same_finish_stands(world: &World, reading: &Reading) -> Checked {
    if world.council.epoch.0 == 1 {
        return Ok(());
    }
    for record in reading.by_record.keys() {
        let Some(stands) = reading.finish_of(record) else {
            continue;
        };
        for phone in &world.phones {
            let child = stands.volume.commit.scope.child();
            if child.is_none_or(|child| !phone.disk.holds.contains_key(&child)) {
                continue;
            }
            let (here, page) = laid_out(phone, *record, RecordKind::Visit, View::Shared);
            let shown = page.finished.and_then(|finish| here.get(finish.by));
            must!(
                shown.is_some_and(|shown| shown.fact.id == stands.fact.id),
                12,
                "phone {} shows another finish than the one that was received first",
                phone.number
            );
        }
    }
    Ok(())
}

/// Law 15, of restores: what somebody wrote by an assignment that was lost is not set aside for the lack of it once that, or
/// another, is there again; a finish that lists what is not there yet waits for it.
fn rights_come_back(world: &World, reading: &Reading) -> Checked {
    let epoch = world.council.epoch.0;
    if epoch == 1 {
        return Ok(());
    }
    let moves = world.ledger.moves.borrow();
    for stated in &reading.ops {
        let commit = &stated.volume.commit;
        let for_rights = |verdict: &Verdict| {
            matches!(
                verdict,
                Verdict::Quarantined {
                    reason: Reason::NotHeld | Reason::OldAssignment,
                    ..
                }
            )
        };
        let not_held = matches!(
            stated.arrived_as,
            Verdict::Quarantined {
                reason: Reason::NotHeld,
                ..
            }
        ) && stated.fact.verdict.as_ref().is_some_and(for_rights);
        let (Some(child), Some(seen)) = (commit.scope.child(), commit.assignment_seen) else {
            continue;
        };
        let came = reading.commits.get(&stated.volume.hash);
        let came_since = came.is_some_and(|(_, at, _)| at.epoch > seen.epoch);
        let log = reading.logs.get(&Scope::Worker(commit.author));
        let is_lost =
            seen.epoch < epoch && log.is_none_or(|log| log.rows.iter().all(|row| row.at != seen));
        let mut phones = world.phones.iter();
        let was_judged = phones.any(|p| p.disk.earlier.contains_key(&stated.volume.hash));
        if !not_held || !came_since || !is_lost || was_judged {
            continue;
        }
        let given = moves.iter().any(|given| {
            given.worker == commit.author
                && given.child == child
                && given.role.is_some()
                && given.at.epoch > seen.epoch
        });
        must!(
            !given,
            15,
            "work done under an assignment that a restore had lost is set aside, and the assignment is there again"
        );
    }
    Ok(())
}

/// Law 11, of restores: whatever waits, in whatever way it came to wait, lacks something.
fn nothing_waits_for_what_is_there(world: &World, reading: &Reading) -> Checked {
    if world.council.epoch.0 == 1 {
        return Ok(());
    }
    for stated in &reading.ops {
        let Some(Verdict::Held { missing }) = &stated.fact.verdict else {
            continue;
        };
        let scope = stated.volume.commit.scope;
        let is_there = |id: &OpId| {
            let there = reading
                .op(id)
                .filter(|there| there.fact.record == stated.fact.record);
            there.is_some_and(|there| there.volume.commit.scope == scope)
        };
        must!(
            !missing.iter().all(is_there),
            11,
            "{:?} waits for statements that the council has",
            stated.fact.kind
        );
    }
    Ok(())
}

//! What a council that went back to an earlier moment owes to those who saw a later one.

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
    Ok(())
}

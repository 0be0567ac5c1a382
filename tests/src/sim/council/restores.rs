//! Going back to an earlier moment, as a council does whose server was lost: a new epoch, that sends nothing before somebody
//! has looked through its lists.
//!
//! What the council wrote down for the laws goes back with it: of what came after the back-up only the phones know.

use std::collections::BTreeSet;

use visitbook_record::id::{CommitHash, DeviceId};
use visitbook_record::op::Kind;
use visitbook_record::payload::Content;
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::verdict::Verdict;
use visitbook_server::kept::kept_logs;
use visitbook_server::store::memory::MemoryStore;
use visitbook_server::store::{StorageExt, StoreError};

use super::super::ledger::{Move, Volume};
use super::super::names::{self, Names};
use super::{Arrival, Council, writer_device};

/// The council as it was at one moment.
pub(super) struct Backup {
    store: MemoryStore,
    arrivals: Vec<Arrival>,
    arrived: Names<CommitHash, ()>,
    acknowledged: Names<DeviceId, LogPosition>,
    ended: BTreeSet<DeviceId>,
    moves: Vec<Move>,
}

impl Council {
    /// Makes a back-up; the one before it is thrown away.
    pub(crate) fn back_up(&mut self) {
        self.backup = Some(Backup {
            store: self.store.copy(),
            arrivals: self.arrivals.clone(),
            arrived: self.arrived.clone(),
            acknowledged: self.acknowledged.clone(),
            ended: self.ended.clone(),
            moves: self.ledger.moves.borrow().clone(),
        });
    }

    /// The server is lost, and another is made from the back-up. Returns whether there was one.
    pub(crate) fn restore(&mut self) -> Result<bool, StoreError> {
        let Some(backup) = &self.backup else {
            return Ok(false);
        };
        let store = backup.store.copy();
        let number = self.epoch.0 + 1;
        // From what this world has done so far, so that the same schedule always gives the same name.
        let mut id = [0xE0; 16];
        id[..8].copy_from_slice(&number.to_be_bytes());
        let base = store.read_with(|tx| kept_logs(tx, &id))?;
        store.write_with(|tx| {
            tx.put_device(writer_device(names::writer(number).device))?;
            tx.open_epoch(number)
        })?;
        self.store = store;
        self.arrivals.clone_from(&backup.arrivals);
        self.arrived.clone_from(&backup.arrived);
        self.acknowledged.clone_from(&backup.acknowledged);
        self.to_end.extend(&self.ended);
        self.ended.clone_from(&backup.ended);
        let had = std::mem::replace(&mut *self.ledger.moves.borrow_mut(), backup.moves.clone());
        self.ledger.lost_moves.borrow_mut().extend(had);
        self.epoch = (number, id, base);
        self.suite.epoch = number;
        Ok(true)
    }

    /// Somebody looks through the restored lists, ends again what had been ended, and confirms them.
    pub(crate) fn confirm(&mut self) -> Result<(), StoreError> {
        let to_end = std::mem::take(&mut self.to_end);
        self.store.write_with(|tx| {
            for id in &to_end {
                let mut device = tx.device(id)?.ok_or(StoreError::Missing("device"))?;
                device.ended = true;
                tx.put_device(device)?;
            }
            for device in tx.unconfirmed()? {
                tx.confirm(device.as_ref())?;
            }
            Ok::<_, StoreError>(())
        })?;
        self.ended.extend(to_end);
        Ok(())
    }

    /// Whether somebody has: a device that is taken in later waits alone.
    pub(crate) fn is_confirmed(&self) -> bool {
        let unconfirmed = self.store.read_with(|tx| tx.unconfirmed());
        unconfirmed.is_ok_and(|all| !all.contains(&None))
    }

    /// Who was given or lost a child in an epoch that was lost, and in this one again.
    pub(super) fn note_given_back(&self, volume: &Volume, verdicts: &[Verdict], at: LogPosition) {
        let Scope::Worker(worker) = volume.commit.scope else {
            return;
        };
        let is_writers = names::is_writer(&volume.commit.origin.device);
        for ((op, id), verdict) in volume.commit.ops.iter().zip(&volume.ids).zip(verdicts) {
            let payload = self.store.read_with(|tx| tx.payload(id)).ok().flatten();
            let content = payload.and_then(|payload| payload.content().ok());
            let Some(Content::Assignment(assignment)) = content else {
                continue;
            };
            if is_writers && verdict.is_applied() && assignment.worker == worker {
                let role = (op.kind == Kind::Assign).then_some(assignment.role);
                let child = assignment.child;
                self.ledger.moves.borrow_mut().push(Move {
                    worker,
                    child,
                    role,
                    at,
                });
            }
        }
    }

    /// What a phone has acknowledged, by what it says; in a later epoch as far as this council has it.
    pub(super) fn note_acknowledged(&mut self, phone: DeviceId, seen: LogPosition) {
        let seen = if self.epoch.0 > 1 {
            let device = self.store.read_with(|tx| tx.device(&phone)).ok().flatten();
            device.and_then(|device| device.acknowledged)
        } else {
            Some(seen)
        };
        if let Some(seen) = seen {
            let newest = self.acknowledged.entry(phone).or_insert(seen);
            *newest = (*newest).max(seen);
        }
    }
}

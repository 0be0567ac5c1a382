//! Who looked at a child, as devices say it: what is in the audit scopes, which no device reads.

use visitbook_record::commit::Commit;
use visitbook_record::id::{DeviceId, RecordId, WorkerId};
use visitbook_record::look::Looked;
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;

use crate::store::{Entry, ReadTx, StoreError};

/// Rows read from a log at a time.
const BATCH: usize = 256;

/// One look at a child.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    /// When, by the device's clock.
    pub at: WallMillis,
    /// When the council learnt it, by its own.
    pub received: WallMillis,
    /// Who.
    pub worker: WorkerId,
    /// On which device.
    pub device: DeviceId,
    /// At what.
    pub looked: Looked,
}

/// The looks of one worker, or of all; at one child, or at any. Oldest first by the devices' clocks. Reads the audit logs whole.
///
/// # Errors
/// [`StoreError`].
pub fn of(
    view: &dyn ReadTx,
    worker: Option<WorkerId>,
    child: Option<RecordId>,
) -> Result<Vec<Seen>, StoreError> {
    let mut all = Vec::new();
    for scope in view.scopes()? {
        let Scope::Audit(holder) = scope else {
            continue;
        };
        if worker.is_some_and(|worker| worker != holder) {
            continue;
        }
        let mut after = None;
        loop {
            let rows = view.log(&scope, after, BATCH)?;
            let Some(last) = rows.last().map(|row| row.at) else {
                break;
            };
            after = Some(last);
            for row in rows {
                let Entry::Commit(hash) = row.entry else {
                    continue;
                };
                let stored = view.commit(&hash)?;
                let stored = stored.ok_or(StoreError::Missing("commit"))?;
                let commit = Commit::from_bytes(&stored.signed.bytes)
                    .map_err(|_| StoreError::Unreadable("commit"))?;
                for (looked, at) in commit.ops.iter().filter_map(Looked::read) {
                    all.push(Seen {
                        at: at.unwrap_or(commit.clocks.wall),
                        received: stored.received,
                        worker: holder,
                        device: commit.origin.device,
                        looked,
                    });
                }
            }
        }
    }
    all.retain(|one| child.is_none_or(|child| one.looked.child == child));
    all.sort_by_key(|one| (one.at, one.worker, one.looked));
    Ok(all)
}

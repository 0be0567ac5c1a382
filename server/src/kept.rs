//! What a restored server says that it kept of each log.
//!
//! Apart from the restoring itself, so that the simulated council that goes back to an earlier moment says the same.

use visitbook_record::epoch::kept;
use visitbook_record::scope::{LogPosition, Scope};

use crate::store::{Entry, ReadTx, StoreError};

/// The last position of every log in each epoch, as the statement of the epoch with this random id says it. To be read before
/// that epoch is opened.
///
/// # Errors
/// [`StoreError`].
pub fn kept_logs(
    view: &dyn ReadTx,
    epoch_id: &[u8; 16],
) -> Result<Vec<(Vec<u8>, u64)>, StoreError> {
    let mut base = Vec::new();
    for scope in view.scopes()? {
        let first = view.log(&scope, None, 1)?.into_iter().next();
        if let Some(first) = first
            && let Entry::Commit(hash) = first.entry
        {
            for end in ends(view, &scope, first.at)? {
                base.push(kept(epoch_id, &hash, end));
            }
        }
    }
    base.sort_unstable();
    Ok(base)
}

/// The last position of a log in each epoch that it has entries of.
fn ends(
    view: &dyn ReadTx,
    scope: &Scope,
    first: LogPosition,
) -> Result<Vec<LogPosition>, StoreError> {
    let last = view.last(scope)?.map(|(at, _)| at);
    let mut ends = Vec::new();
    let mut begins = Some(first);
    while let Some(at) = begins {
        let end = match last {
            Some(last) if last.epoch == at.epoch => last,
            _ => end_of(view, scope, at.epoch)?,
        };
        ends.push(end);
        begins = next(view, scope, end)?;
    }
    Ok(ends)
}

fn next(
    view: &dyn ReadTx,
    scope: &Scope,
    after: LogPosition,
) -> Result<Option<LogPosition>, StoreError> {
    let rows = view.log(scope, Some(after), 1)?;
    Ok(rows.first().map(|row| row.at))
}

/// The last position in an earlier epoch that has entries. Positions have no gaps, so it is found by halving.
fn end_of(view: &dyn ReadTx, scope: &Scope, epoch: u64) -> Result<LogPosition, StoreError> {
    let has = |position: u64| {
        let before = LogPosition {
            epoch,
            position: position - 1,
        };
        let wanted = LogPosition { epoch, position };
        Ok::<_, StoreError>(next(view, scope, before)? == Some(wanted))
    };
    let (mut there, mut beyond) = (1, 2);
    while has(beyond)? {
        (there, beyond) = (beyond, beyond.saturating_mul(2));
    }
    while beyond - there > 1 {
        let middle = there + (beyond - there) / 2;
        if has(middle)? {
            there = middle;
        } else {
            beyond = middle;
        }
    }
    Ok(LogPosition {
        epoch,
        position: there,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::store::StorageExt;
    use crate::store::memory::MemoryStore;
    use visitbook_record::digest::ScopeDigest;
    use visitbook_record::id::CommitHash;

    #[test]
    fn every_epoch_of_a_log_is_named_with_its_last_position() {
        let store = MemoryStore::new();
        let first = Entry::Commit(CommitHash([1; 32]));
        let digest = ScopeDigest::default();
        let mut expected = Vec::new();
        for (epoch, entries) in [(1, 5), (2, 0), (3, 1), (4, 8), (5, 7)] {
            store
                .write_with(|tx| {
                    if epoch > 1 {
                        tx.open_epoch(epoch)?;
                    }
                    for _ in 0..entries {
                        tx.append(&Scope::Council, &first, &[], &digest)?;
                    }
                    Ok::<_, StoreError>(())
                })
                .unwrap();
            if entries > 0 {
                let position = entries;
                expected.push(kept(
                    &[9; 16],
                    &CommitHash([1; 32]),
                    LogPosition { epoch, position },
                ));
            }
            expected.sort_unstable();
            let said = store.read_with(|tx| kept_logs(tx, &[9; 16])).unwrap();
            assert_eq!(said, expected, "after epoch {epoch}");
        }
    }
}

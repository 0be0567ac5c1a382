//! How an epoch statement names what a restored server kept.
//!
//! The statement lies in the key bundle, which anybody may fetch, so it must not say which children a council knows. Each
//! log is named by a hash over its first commit, which those who hold the log have and nobody else can guess: the salts of
//! its payloads are in it.

use std::collections::BTreeMap;

use crate::id::{CommitHash, labelled_hash};
use crate::scope::LogPosition;

/// The name of one log in the statement of the epoch with this random id.
#[must_use]
pub fn log_name(epoch_id: &[u8; 16], first: &CommitHash) -> [u8; 32] {
    labelled_hash("visitbook/1/epoch-base", &[epoch_id, &first.0])
}

/// What stands in the statement for a log: its name with the epoch of its last kept entry, and that entry's position.
#[must_use]
pub fn kept(epoch_id: &[u8; 16], first: &CommitHash, last: LogPosition) -> (Vec<u8>, u64) {
    let name = [&log_name(epoch_id, first)[..], &last.epoch.to_be_bytes()].concat();
    (name, last.position)
}

/// Reads a statement's list back: the last kept position by [`log_name`]. What is not of this form is left out.
#[must_use]
pub fn read_kept(base: &[(Vec<u8>, u64)]) -> BTreeMap<[u8; 32], LogPosition> {
    base.iter()
        .filter_map(|(name, position)| {
            let (log, epoch) = name.split_first_chunk::<32>()?;
            let epoch = u64::from_be_bytes(epoch.try_into().ok()?);
            let position = *position;
            Some((*log, LogPosition { epoch, position }))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_kept_reads_back_by_those_who_know_the_first_commit() {
        let (first, other) = (CommitHash([1; 32]), CommitHash([2; 32]));
        let last = LogPosition {
            epoch: 3,
            position: 41,
        };
        let kept = read_kept(&[kept(&[9; 16], &first, last), (vec![7; 12], 5)]);
        assert_eq!(kept.len(), 1);
        assert_eq!(kept.get(&log_name(&[9; 16], &first)), Some(&last));
        assert_eq!(kept.get(&log_name(&[9; 16], &other)), None);
        assert_eq!(kept.get(&log_name(&[8; 16], &first)), None);
    }
}

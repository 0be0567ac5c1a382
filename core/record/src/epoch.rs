//! How an epoch statement names what a restored server kept.
//!
//! The statement lies in the key bundle, which anybody may fetch, so it must not say which children a council knows. Each
//! log is named by a hash over its first commit, which those who hold the log have and nobody else can guess: the salts of
//! its payloads are in it.

use std::collections::BTreeMap;

use crate::id::{CommitHash, labelled_hash};
use crate::scope::{LogPosition, Scope};

/// The name of one log in the statement of the epoch with this random id.
#[must_use]
pub fn log_name(epoch_id: &[u8; 16], first: &CommitHash) -> [u8; 32] {
    labelled_hash("visitbook/1/epoch-base", &[epoch_id, &first.0])
}

/// What stands in the statement for a log: its name with an epoch that it has entries of, and the last kept position in that
/// epoch. There is one for each, because a device may have missed epochs in between, and what they lost.
#[must_use]
pub fn kept(epoch_id: &[u8; 16], first: &CommitHash, last: LogPosition) -> (Vec<u8>, u64) {
    let name = [&log_name(epoch_id, first)[..], &last.epoch.to_be_bytes()].concat();
    (name, last.position)
}

/// The last kept positions of one log, by epoch.
type Ends = BTreeMap<u64, u64>;

/// Reads a statement's list back, by [`log_name`]. What is not of this form is left out.
fn read_kept(base: &[(Vec<u8>, u64)]) -> BTreeMap<[u8; 32], Ends> {
    let mut kept: BTreeMap<[u8; 32], Ends> = BTreeMap::new();
    for (name, position) in base {
        let read = name.split_first_chunk::<32>();
        if let Some((log, epoch)) = read
            && let Ok(epoch) = epoch.try_into()
        {
            let ends = kept.entry(*log).or_default();
            ends.insert(u64::from_be_bytes(epoch), *position);
        }
    }
    kept
}

/// What a restored council kept of the logs that somebody holds. Of a log that they cannot name it kept nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    logs: BTreeMap<Scope, Ends>,
}

impl Kept {
    /// Reads an epoch statement's list by the commits that the reader knows to have been at the council, in any order: the
    /// earliest of each log names it.
    #[must_use]
    pub fn of(
        epoch_id: &[u8; 16],
        base: &[(Vec<u8>, u64)],
        known: impl IntoIterator<Item = (Scope, LogPosition, CommitHash)>,
    ) -> Self {
        let mut firsts: BTreeMap<Scope, (LogPosition, CommitHash)> = BTreeMap::new();
        for (scope, at, hash) in known {
            let first = firsts.entry(scope).or_insert((at, hash));
            *first = (*first).min((at, hash));
        }
        let mut kept = read_kept(base);
        let logs = firsts.into_iter().filter_map(|(scope, (_, first))| {
            let ends = kept.remove(&log_name(epoch_id, &first))?;
            Some((scope, ends))
        });
        Self {
            logs: logs.collect(),
        }
    }

    /// Whether the council still has what stood here. If not, no receipt for it counts, and whoever has read as far as here
    /// must read the log again.
    #[must_use]
    pub fn has(&self, scope: &Scope, at: LogPosition) -> bool {
        let ends = self.logs.get(scope);
        ends.and_then(|ends| ends.get(&at.epoch))
            .is_some_and(|last| at.position <= *last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_steps_back_to_what_was_kept_and_names_each_log_by_its_earliest_commit() {
        let at = |epoch, position| LogPosition { epoch, position };
        let (wren, teal) = (
            Scope::Child(crate::id::RecordId([1; 16])),
            Scope::Child(crate::id::RecordId([2; 16])),
        );
        let first = CommitHash([1; 32]);
        let base = [
            kept(&[9; 16], &first, at(1, 5)),
            kept(&[9; 16], &first, at(3, 2)),
            (vec![7; 12], 5),
        ];
        let known = [
            (wren, at(1, 4), CommitHash([4; 32])),
            (wren, at(1, 1), first),
            (teal, at(1, 2), CommitHash([3; 32])),
        ];
        let kept = Kept::of(&[9; 16], &base, known);
        let expected = [
            (wren, at(1, 5), true),
            // Lost before the third epoch began, by one that this reader never heard of.
            (wren, at(1, 6), false),
            (wren, at(2, 1), false),
            (wren, at(3, 2), true),
            (wren, at(3, 3), false),
            (teal, at(1, 1), false),
        ];
        for (scope, position, has) in expected {
            assert_eq!(kept.has(&scope, position), has, "{scope} {position:?}");
        }
        // Without the commit that begins it, or under another epoch's name, a log cannot be named.
        let without = Kept::of(&[9; 16], &base, [known[0]]);
        let other = Kept::of(&[8; 16], &base, known);
        assert!(!without.has(&wren, at(1, 1)) && !other.has(&wren, at(1, 1)));
    }
}

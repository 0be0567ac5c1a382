//! What one run of the engine remembers, and forgets when it ends.

use std::collections::BTreeSet;

use super::exchange::Route;
use super::outcome::{Budget, Trouble};
use super::store::ParcelKey;

/// One run, from its beginning to its outcome.
pub(super) struct Run {
    pub(super) began: u64,
    pub(super) until: Option<u64>,
    pub(super) bytes: Option<u64>,
    pub(super) random: u64,
    pub(super) first: bool,
    /// Sent and answered, or stepped around.
    pub(super) behind: BTreeSet<ParcelKey>,
    /// Handed to the transport at least once.
    pub(super) tried: BTreeSet<ParcelKey>,
    /// Neither receipted nor refused nor kept: the answer said nothing about them, or none came.
    pub(super) unanswered: bool,
    pub(super) pulling: Pulling,
    pub(super) pulled_a_page: bool,
    /// Attached files may still be sent or asked for.
    pub(super) files: bool,
    /// Those that there is nothing more to do about.
    pub(super) files_over: BTreeSet<[u8; 32]>,
    pub(super) council_has_more: bool,
    pub(super) stepped_around: u32,
    /// Answers came that cannot be opened while the vault is closed.
    pub(super) kept_unopened: bool,
    pub(super) tries_again: u32,
    pub(super) trouble: Option<Trouble>,
    pub(super) asked_to_wait_s: Option<u64>,
    pub(super) first_receipt_after_ms: Option<u64>,
    /// How long the last exchange took.
    pub(super) round_trip_ms: u64,
    pub(super) in_flight: Option<InFlight>,
    pub(super) keys: Keys,
}

/// Whether to fetch the council's key bundle; once in a run is enough.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Keys {
    Known,
    Wanted,
    Fetched,
}

impl Keys {
    /// The council said that there are newer ones.
    pub(super) fn want(&mut self) {
        if *self == Self::Known {
            *self = Self::Wanted;
        }
    }
}

/// Whether to ask for what is new.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pulling {
    Wanted,
    UpToDate,
    /// The vault is closed, or the council does not answer this.
    Off,
}

/// The request under way.
pub(super) struct InFlight {
    pub(super) route: Route,
    /// The envelopes of an upload; `None` otherwise.
    pub(super) keys: Option<Vec<ParcelKey>>,
    pub(super) sent_at: u64,
}

impl Run {
    pub(super) fn new(now: u64, budget: Budget, random: u64) -> Self {
        Self {
            began: now,
            until: budget.time_ms.map(|time| now.saturating_add(time)),
            bytes: budget.bytes,
            random,
            first: true,
            behind: BTreeSet::new(),
            tried: BTreeSet::new(),
            unanswered: false,
            pulling: Pulling::Wanted,
            pulled_a_page: false,
            files: true,
            files_over: BTreeSet::new(),
            council_has_more: false,
            stepped_around: 0,
            kept_unopened: false,
            tries_again: 0,
            trouble: None,
            asked_to_wait_s: None,
            first_receipt_after_ms: None,
            round_trip_ms: 0,
            in_flight: None,
            keys: Keys::Known,
        }
    }

    /// What may be taken as dealt with when the run ends. An answer may be an old one, about other envelopes than those it came
    /// for: only what the store no longer offers is certain, unless answers lie there unopened.
    pub(super) fn answered_for(&self) -> &BTreeSet<ParcelKey> {
        static NOTHING: BTreeSet<ParcelKey> = BTreeSet::new();
        if self.kept_unopened {
            &self.behind
        } else {
            &NOTHING
        }
    }

    /// Keeps the trouble that ends the run, or that a person can do something about.
    pub(super) fn worse(&mut self, trouble: Trouble) {
        if self.trouble != Some(Trouble::NotEnrolled) {
            self.trouble = Some(trouble);
        }
    }
}

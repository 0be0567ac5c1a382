//! How much to send at a time, and how long to wait after a failure.
//!
//! Bad lines come as short windows, so a request starts small and grows while the line keeps up; and a request that
//! something between us and the council will not pass is made smaller until it is one envelope, which can then be
//! stepped around.

use visitbook_record::limits;

use super::engine::Config;

/// Adapts across the runs of one engine.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    window: usize,
    count: usize,
    failures: u32,
    asked_to_wait_until: u64,
    next_allowed_at: u64,
}

/// A `Retry-After` beyond this comes from no council, and would stop a phone for days.
const LONGEST_ASKED_WAIT_MS: u64 = 3_600_000;
/// An answer sooner than this lets the next request be larger.
const QUICK_MS: u64 = 5_000;
/// An answer later than this makes the next request smaller.
const SLOW_MS: u64 = 20_000;

impl Pace {
    pub(super) const fn new(config: &Config) -> Self {
        Self {
            window: config.batch_bytes,
            count: usize::MAX,
            failures: 0,
            asked_to_wait_until: 0,
            next_allowed_at: 0,
        }
    }

    /// Bytes of the next request after the first.
    pub(super) const fn window(&self) -> usize {
        self.window
    }

    /// Envelopes in the next request.
    pub(super) const fn count(&self) -> usize {
        self.count
    }

    pub(super) const fn next_allowed_at(&self) -> u64 {
        self.next_allowed_at
    }

    /// Whether a run may begin. A person who asks need not wait for the back-off, only for what the council asked.
    pub(super) const fn allows(&self, now: u64, asked: bool) -> bool {
        now >= self.asked_to_wait_until && (asked || now >= self.next_allowed_at)
    }

    /// Receipts came. Only then may a request hold more envelopes again: each time that one turns out too large, the
    /// run has brought something, so what cannot pass keeps nothing back for ever.
    pub(super) const fn passed(&mut self) {
        self.count = self.count.saturating_mul(2);
    }

    pub(super) fn answered(&mut self, took_ms: u64) {
        if took_ms < QUICK_MS {
            self.window = (self.window * 2).min(limits::MESSAGE_BYTES);
        } else if took_ms > SLOW_MS {
            self.window = (self.window / 2).max(limits::FIRST_REQUEST_BYTES);
        }
    }

    pub(super) fn line_failed(&mut self) {
        self.window = (self.window / 4).max(limits::FIRST_REQUEST_BYTES);
    }

    /// An upload of this many envelopes met something that does not pass it on.
    pub(super) fn split(&mut self, envelopes: usize) {
        self.count = (envelopes / 2).max(1);
    }

    /// A run achieved something: the next wait is short again.
    pub(super) const fn forgive(&mut self) {
        self.failures = 0;
    }

    /// Ends a run without trouble.
    pub(super) const fn rest(&mut self, now: u64) {
        self.next_allowed_at = now;
    }

    /// Ends a run with trouble: full jitter, the range doubling with every failure in a row, for ever.
    pub(super) fn back_off(
        &mut self,
        now: u64,
        random: u64,
        asked_to_wait_s: Option<u64>,
        config: &Config,
    ) {
        let range = config
            .first_backoff_ms
            .saturating_mul(1 << self.failures.min(32))
            .min(config.longest_backoff_ms);
        self.failures = self.failures.saturating_add(1);
        let scaled = (u128::from(random) * (u128::from(range) + 1)) >> 64;
        let jitter = u64::try_from(scaled).unwrap_or(range);
        self.next_allowed_at = now.saturating_add(jitter);
        if let Some(seconds) = asked_to_wait_s {
            let wait = seconds.saturating_mul(1000).min(LONGEST_ASKED_WAIT_MS);
            self.asked_to_wait_until = now.saturating_add(wait);
            self.next_allowed_at = self.next_allowed_at.max(self.asked_to_wait_until);
        }
    }
}

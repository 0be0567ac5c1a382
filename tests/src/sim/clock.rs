//! Clocks that lie.
//!
//! The world has one true time. Every phone and the council see it through a clock of their own that may be years off, run
//! backwards or stand still. Every time shown lies more than 2^32 ms from 1970, on either side, so that it always takes
//! nine bytes on the wire: two runs of one schedule with other clocks then break in the same places.

use visitbook_record::time::WallMillis;

use super::rng::Rng;

/// 2026-10-27, 09:00 UTC.
pub(crate) const MORNING: i64 = 1_793_091_600_000;

const YEAR: i64 = 31_557_600_000;

/// How a clock misbehaves from now on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Jump {
    Years(i8),
    Backwards,
    Frozen,
    Right,
}

impl Jump {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        match rng.below(5) {
            0 => Self::Years(20),
            1 => Self::Years(-30),
            2 => Self::Backwards,
            3 => Self::Frozen,
            _ => Self::Right,
        }
    }
}

/// One clock on somebody's wall.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    base: i64,
    since: u64,
    rate: i64,
}

impl Clock {
    pub(crate) const fn right() -> Self {
        Self {
            base: MORNING,
            since: 0,
            rate: 1,
        }
    }

    pub(crate) fn show(&self, now: u64) -> WallMillis {
        let passed = i64::try_from(now.saturating_sub(self.since)).unwrap_or(0);
        WallMillis(self.base + self.rate * passed)
    }

    pub(crate) fn jump(&mut self, jump: Jump, now: u64) {
        let shown = self.show(now).0;
        let truth = MORNING + i64::try_from(now).unwrap_or(0);
        (self.base, self.rate) = match jump {
            Jump::Years(years) => (truth + i64::from(years) * YEAR, 1),
            Jump::Backwards => (shown - 90 * 60_000, -1),
            Jump::Frozen => (shown, 0),
            Jump::Right => (truth, 1),
        };
        self.since = now;
    }
}

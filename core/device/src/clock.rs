//! The device's clocks, as a thing that is handed in: tests set them years off, backwards and frozen, and the terminal
//! device of a demonstration reads them from a file. What they show is evidence and never decides anything.

use std::sync::OnceLock;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use chrono::{DateTime, Utc};
use chrono_tz::Europe::London;
use ring::rand::{SecureRandom, SystemRandom};
use visitbook_record::calendar::Date;
use visitbook_record::commit::Clocks;
use visitbook_record::id::BootId;
use visitbook_record::time::{MonotonicMillis, WallMillis};

/// Reads the device's clocks. Called often; must not block.
pub trait Clock: Send + Sync {
    /// Wall clock, monotonic clock and the run of the operating system that the latter belongs to.
    fn read(&self) -> Clocks;
}

/// The clocks of the operating system.
///
/// The monotonic clock starts with the process and the boot id is drawn with it, so that two readings are only ever
/// compared within one process. That claims less than the platform could say, and never too much.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn read(&self) -> Clocks {
        static START: OnceLock<(Instant, BootId)> = OnceLock::new();
        let (start, boot) = START.get_or_init(|| {
            let mut boot = [0; 16];
            // Without randomness the run is named by zeros: comparable with nothing, which is all that is lost.
            let _ = SystemRandom::new().fill(&mut boot);
            (Instant::now(), BootId(boot))
        });
        let wall = match SystemTime::now().duration_since(UNIX_EPOCH) {
            Ok(since) => millis(since),
            Err(before) => -millis(before.duration()),
        };
        Clocks {
            wall: WallMillis(wall),
            monotonic: MonotonicMillis(u64::try_from(millis(start.elapsed())).unwrap_or(u64::MAX)),
            boot: *boot,
        }
    }
}

fn millis(duration: std::time::Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

/// A moment as people in England read it. The milliseconds are what was recorded; the rest is for showing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
pub struct Moment {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub millis: i64,
    /// The day in London, `2026-10-27`; empty for a clock so wrong that there is no such day.
    pub date: String,
    /// The time of day in London, `09:52`.
    pub time: String,
}

impl Moment {
    /// The moment that a clock showed.
    #[must_use]
    pub fn of(wall: WallMillis) -> Self {
        let london =
            DateTime::<Utc>::from_timestamp_millis(wall.0).map(|utc| utc.with_timezone(&London));
        let show = |pattern| {
            london
                .as_ref()
                .map_or_else(String::new, |at| at.format(pattern).to_string())
        };
        Self {
            millis: wall.0,
            date: show("%Y-%m-%d"),
            time: show("%H:%M"),
        }
    }

    /// When a day and a time of day in London were, written `2026-10-27` and `17:00`. Of an hour that happens twice, the
    /// first. `None` for what is no day or time, and in the hour that is left out in spring.
    #[must_use]
    pub fn in_london(date: &str, time: &str) -> Option<WallMillis> {
        let day = chrono::NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?;
        let time = chrono::NaiveTime::parse_from_str(time, "%H:%M").ok()?;
        let london = day.and_time(time).and_local_timezone(London).earliest()?;
        Some(WallMillis(london.timestamp_millis()))
    }

    /// For a sentence read on a day, `2026-10-27`: the time, before it the day if it is another: `Mon 19 Oct 12:00`.
    #[must_use]
    pub fn beside(&self, today: &str) -> String {
        match (self.date.parse::<Date>(), today.parse::<Date>()) {
            _ if self.date == today => self.time.clone(),
            (Ok(date), Ok(today)) => format!("{} {}", date.words(today), self.time),
            _ => format!("{} {}", self.date, self.time),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_as_londoners_read_them() {
        // Two days after the clocks change, and one day before.
        let winter = Moment::of(WallMillis(1_793_094_720_000));
        assert_eq!(
            (winter.date.as_str(), winter.time.as_str()),
            ("2026-10-27", "09:52")
        );
        let summer = Moment::of(WallMillis(1_792_835_520_000));
        assert_eq!(
            (summer.date.as_str(), summer.time.as_str()),
            ("2026-10-24", "10:52")
        );
    }

    #[test]
    fn a_time_in_london_is_found_and_told_again() {
        for (date, time, millis) in [
            ("2026-10-27", "09:52", Some(1_793_094_720_000)),
            ("2026-10-24", "10:52", Some(1_792_835_520_000)),
            // Happens twice; the first is summer time.
            ("2026-10-25", "01:30", Some(1_792_888_200_000)),
            ("2026-03-29", "01:30", None),
            ("2026-02-29", "09:00", None),
            ("2026-10-27", "25:00", None),
        ] {
            let found = Moment::in_london(date, time);
            assert_eq!(found.map(|at| at.0), millis, "{date} {time}");
            if let Some(at) = found {
                assert_eq!(
                    (Moment::of(at).date, Moment::of(at).time),
                    (date.into(), time.into())
                );
            }
        }
        let moment = Moment::of(WallMillis(1_792_835_520_000));
        assert_eq!(moment.beside("2026-10-24"), "10:52");
        assert_eq!(moment.beside("2026-10-27"), "Sat 24 Oct 10:52");
        assert_eq!(moment.beside("2027-01-01"), "Sat 24 Oct 2026 10:52");
    }

    #[test]
    fn a_clock_beyond_all_reason_is_still_kept() {
        for wild in [i64::MIN, i64::MAX] {
            let moment = Moment::of(WallMillis(wild));
            assert_eq!((moment.millis, moment.date.as_str()), (wild, ""));
        }
    }
}

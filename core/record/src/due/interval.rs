//! How long may pass, and how it is counted.
//!
//! Councils disagree on three things, so they are settings: whether the day of the visit is day 0 or day 1, whether bank
//! holidays are working days, and the unit. The law's weeks and months run to the same weekday and the corresponding
//! date, so day 0 or 1 concerns days and working days alone.

use std::fmt;
use std::str::FromStr;

use super::words::number;
use crate::calendar::{Calendar, Date, OutsideCalendar};

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Days, whatever day they are.
    Day,
    /// Days on which work is done.
    WorkingDay,
    /// Weeks: to the same weekday. Holidays do not move it.
    Week,
    /// Months: to the corresponding date, or the last of the month.
    Month,
}

impl Unit {
    const fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::WorkingDay => "working day",
            Self::Week => "week",
            Self::Month => "month",
        }
    }
}

/// Not a length of time that a child may wait for a visit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an interval: expected a number from 1 to 999 and days, working days, weeks or months")]
pub struct BadInterval;

/// A length of time: one to 999 units.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Interval {
    count: u16,
    unit: Unit,
}

impl Interval {
    /// # Errors
    /// [`BadInterval`] if the count is not from 1 to 999.
    pub const fn new(count: u16, unit: Unit) -> Result<Self, BadInterval> {
        if count == 0 || count > 999 {
            return Err(BadInterval);
        }
        Ok(Self { count, unit })
    }

    /// For the tables of this module, whose counts are written out.
    pub(super) const fn of(count: u16, unit: Unit) -> Self {
        Self { count, unit }
    }

    /// How many, from 1.
    #[must_use]
    pub const fn count(self) -> u16 {
        self.count
    }

    /// Of what.
    #[must_use]
    pub const fn unit(self) -> Unit {
        self.unit
    }
}

/// `10 working days`, `six weeks`.
impl fmt::Display for Interval {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plural = if self.count == 1 { "" } else { "s" };
        write!(
            f,
            "{} {}{plural}",
            number(self.count.into()),
            self.unit.word()
        )
    }
}

/// Reads figures and a unit, in full or by its initials: `10 working days`, `6 weeks`, `10wd`, `6w`, `3m`, `7d`.
impl FromStr for Interval {
    type Err = BadInterval;

    fn from_str(text: &str) -> Result<Self, BadInterval> {
        let text = text.trim();
        let split = text
            .find(|letter: char| !letter.is_ascii_digit())
            .ok_or(BadInterval)?;
        let (count, unit) = text.split_at(split);
        let unit = match unit.trim().to_ascii_lowercase().as_str() {
            "d" | "day" | "days" => Unit::Day,
            "wd" | "working day" | "working days" => Unit::WorkingDay,
            "w" | "week" | "weeks" => Unit::Week,
            "m" | "month" | "months" => Unit::Month,
            _ => return Err(BadInterval),
        };
        Self::new(count.parse().map_err(|_| BadInterval)?, unit)
    }
}

/// Which day is the first that is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FirstDay {
    /// The day of the visit is day 0, the next is 1.
    DayAfter,
    /// The day of the visit is day 1. Dates come out a day earlier.
    SameDay,
}

/// How days are counted in one council.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counting {
    /// Which days are working days.
    pub calendar: Calendar,
    /// Day 0 or day 1.
    pub first_day: FirstDay,
}

impl Counting {
    /// The last day on which an interval that starts on `from` is kept.
    ///
    /// # Errors
    /// [`OutsideCalendar`] if working days are counted beyond the years whose bank holidays are known.
    pub fn end(&self, from: Date, interval: Interval) -> Result<Date, OutsideCalendar> {
        let first_counted = match (self.first_day, interval.unit) {
            (FirstDay::SameDay, Unit::Day | Unit::WorkingDay) => {
                from.add_days(-1).ok_or(OutsideCalendar)?
            }
            _ => from,
        };
        let days = i32::from(interval.count);
        match interval.unit {
            Unit::Day => first_counted.add_days(days).ok_or(OutsideCalendar),
            Unit::Week => from.add_days(days * 7).ok_or(OutsideCalendar),
            Unit::Month => from.add_months(interval.count).ok_or(OutsideCalendar),
            Unit::WorkingDay => self
                .calendar
                .add_working_days(first_counted, interval.count),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn an_interval_is_read_in_full_or_by_initials_and_nothing_else() {
        for (text, words) in [
            ("10 working days", "10 working days"),
            ("10wd", "10 working days"),
            ("6 weeks", "six weeks"),
            ("1w", "one week"),
            (" 3 Months ", "three months"),
            ("7d", "seven days"),
        ] {
            assert_eq!(text.parse::<Interval>().unwrap().to_string(), words);
        }
        for bad in [
            "",
            "0w",
            "1000d",
            "70000d",
            "-1w",
            "w",
            "6",
            "6 fortnights",
            "6 w w",
            "six weeks",
        ] {
            assert_eq!(bad.parse::<Interval>(), Err(BadInterval), "{bad}");
        }
    }
}

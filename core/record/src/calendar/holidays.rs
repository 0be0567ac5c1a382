//! Bank holidays and working days in England and Wales.
//!
//! A working day is any day but a Saturday, a Sunday, Christmas Day, Good Friday or a bank holiday under the Banking and
//! Financial Dealings Act 1971 (the words of SI 2011/1010, regulation 2). Bank holidays follow rules that can be computed;
//! holidays given once, and days moved once, are listed. The government publishes them some two years ahead: beyond
//! [`Calendar::PUBLISHED_TO`] the days are those the rules give, and a council adds a new one with
//! [`Calendar::with_holiday`]. Days on which a council closes its offices are not bank holidays.

use std::collections::BTreeSet;

use super::date::{Date, Weekday};

/// A day for which bank holidays are not known. Holds nothing of what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "outside the years whose bank holidays are known ({} to {})",
    Calendar::FIRST,
    Calendar::LAST
)]
pub struct OutsideCalendar;

/// Which days are working days.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calendar {
    holidays: BTreeSet<Date>,
}

/// Year, month, day.
type Parts = (i32, i32, i32);

/// Holidays given once.
const GIVEN_ONCE: [Parts; 6] = [
    (2002, 6, 3),  // Golden Jubilee
    (2011, 4, 29), // royal wedding
    (2012, 6, 5),  // Diamond Jubilee
    (2022, 6, 3),  // Platinum Jubilee
    (2022, 9, 19), // state funeral
    (2023, 5, 8),  // coronation
];

/// Days moved once: from the day the rule gives, to another.
const MOVED_ONCE: [(Parts, Parts); 4] = [
    ((2002, 5, 27), (2002, 6, 4)),
    ((2012, 5, 28), (2012, 6, 4)),
    ((2020, 5, 4), (2020, 5, 8)), // 75 years after the end of the war in Europe
    ((2022, 5, 30), (2022, 6, 2)),
];

impl Calendar {
    /// The first day for which bank holidays are known.
    pub const FIRST: Date = constant(Self::FIRST_YEAR, 1, 1);
    /// The last day for which the rules are taken to hold.
    pub const LAST: Date = constant(Self::LAST_YEAR, 12, 31);
    /// The last day of the government's published list when this was written. Later years are computed by rule.
    pub const PUBLISHED_TO: Date = constant(2027, 12, 31);

    const FIRST_YEAR: i32 = 2000;
    const LAST_YEAR: i32 = 2050;

    /// The bank holidays of England and Wales.
    #[must_use]
    pub fn england_and_wales() -> Self {
        let mut holidays: BTreeSet<Date> = (Self::FIRST_YEAR..=Self::LAST_YEAR)
            .flat_map(by_rule)
            .flatten()
            .collect();
        for (from, to) in MOVED_ONCE {
            if let (Ok(from), Ok(to)) = (day(from), day(to)) {
                holidays.remove(&from);
                holidays.insert(to);
            }
        }
        holidays.extend(GIVEN_ONCE.into_iter().flat_map(day));
        Self { holidays }
    }

    /// For a council that counts bank holidays as working days: only weekends are left out. Dates come out earlier.
    #[must_use]
    pub const fn weekends_only() -> Self {
        Self {
            holidays: BTreeSet::new(),
        }
    }

    /// With a holiday more: one announced since this was written.
    #[must_use]
    pub fn with_holiday(mut self, day: Date) -> Self {
        self.holidays.insert(day);
        self
    }

    /// Without a holiday: one moved to another day.
    #[must_use]
    pub fn without_holiday(mut self, day: Date) -> Self {
        self.holidays.remove(&day);
        self
    }

    /// Good Friday, Christmas Day, bank holidays and their substitute days, in order. Holidays whose own day is at a weekend
    /// are represented by the substitute day.
    pub fn holidays(&self) -> impl Iterator<Item = Date> {
        self.holidays.iter().copied()
    }

    /// Whether work is done on this day.
    ///
    /// # Errors
    /// [`OutsideCalendar`] outside [`Self::FIRST`] to [`Self::LAST`].
    pub fn is_working_day(&self, day: Date) -> Result<bool, OutsideCalendar> {
        if !(Self::FIRST..=Self::LAST).contains(&day) {
            return Err(OutsideCalendar);
        }
        Ok(!day.weekday().is_weekend() && !self.holidays.contains(&day))
    }

    /// The `count`th working day after a day; the day itself where `count` is nought.
    ///
    /// # Errors
    /// [`OutsideCalendar`] if that is not within the known years.
    pub fn add_working_days(&self, from: Date, count: u16) -> Result<Date, OutsideCalendar> {
        let (mut at, mut left) = (from, count);
        while left > 0 {
            at = at.add_days(1).ok_or(OutsideCalendar)?;
            if self.is_working_day(at)? {
                left -= 1;
            }
        }
        Ok(at)
    }

    /// How many working days there are after `from`, up to and including `to`. Nought if `to` is not later.
    ///
    /// # Errors
    /// [`OutsideCalendar`] if one of them is not within the known years.
    pub fn working_days_between(&self, from: Date, to: Date) -> Result<u32, OutsideCalendar> {
        let (mut at, mut count) = (from, 0);
        while at < to {
            at = at.add_days(1).ok_or(OutsideCalendar)?;
            count += u32::from(self.is_working_day(at)?);
        }
        Ok(count)
    }
}

const fn constant(year: i32, month: i32, day: i32) -> Date {
    match Date::new(year, month, day) {
        Ok(date) => date,
        Err(_) => unreachable!(),
    }
}

fn day((year, month, day): Parts) -> Result<Date, super::BadDate> {
    Date::new(year, month, day)
}

/// Easter Sunday, by Gauss's reckoning of the paschal full moon with its two Gregorian exceptions.
fn easter(year: i32) -> Option<Date> {
    let century = year / 100;
    let moon_shift = (15 + century - century / 4 - (8 * century + 13) / 25) % 30;
    let golden = year % 19;
    let mut full_moon = (19 * golden + moon_shift) % 30;
    if full_moon == 29 || (full_moon == 28 && golden > 10) {
        full_moon -= 1;
    }
    let moon = Date::new(year, 3, 21).ok()?.add_days(full_moon)?;
    (1..=7)
        .filter_map(|after| moon.add_days(after))
        .find(|sunday| sunday.weekday() == Weekday::Sunday)
}

/// The days of one year by rule: royal proclamations have named the same ones since 1978.
fn by_rule(year: i32) -> [Option<Date>; 8] {
    let easter = easter(year);
    let christmas = Date::new(year, 12, 25).ok();
    let (first, second) = match christmas.map(Date::weekday) {
        Some(Weekday::Friday) => (25, 28),
        Some(Weekday::Saturday) => (27, 28),
        Some(Weekday::Sunday) => (26, 27),
        _ => (25, 26),
    };
    [
        first_weekday_from(year, 1, 1),
        easter.and_then(|sunday| sunday.add_days(-2)),
        easter.and_then(|sunday| sunday.add_days(1)),
        first_monday_from(year, 5, 1),
        first_monday_from(year, 5, 25),
        first_monday_from(year, 8, 25),
        Date::new(year, 12, first).ok(),
        Date::new(year, 12, second).ok(),
    ]
}

fn first_from(year: i32, month: i32, day: i32, fits: impl Fn(Weekday) -> bool) -> Option<Date> {
    let start = Date::new(year, month, day).ok()?;
    (0..7)
        .filter_map(|after| start.add_days(after))
        .find(|at| fits(at.weekday()))
}

fn first_monday_from(year: i32, month: i32, day: i32) -> Option<Date> {
    first_from(year, month, day, |weekday| weekday == Weekday::Monday)
}

fn first_weekday_from(year: i32, month: i32, day: i32) -> Option<Date> {
    first_from(year, month, day, |weekday| !weekday.is_weekend())
}

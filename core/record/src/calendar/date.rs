//! One day of the Gregorian calendar.
//!
//! Months are added as the law adds them: to the corresponding date or, where a month has none, to its last day.

use std::fmt;
use std::str::FromStr;

/// A text or a number that is not a day between 0001-01-01 and 9999-12-31. Holds nothing of what was given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a date: expected a day that exists, as YYYY-MM-DD")]
pub struct BadDate;

/// A day of the week.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it all")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

impl Weekday {
    const ALL: [Self; 7] = [
        Self::Monday,
        Self::Tuesday,
        Self::Wednesday,
        Self::Thursday,
        Self::Friday,
        Self::Saturday,
        Self::Sunday,
    ];

    /// Three letters, for lists: `Tue`.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Monday => "Mon",
            Self::Tuesday => "Tue",
            Self::Wednesday => "Wed",
            Self::Thursday => "Thu",
            Self::Friday => "Fri",
            Self::Saturday => "Sat",
            Self::Sunday => "Sun",
        }
    }

    /// True on Saturday and Sunday.
    #[must_use]
    pub const fn is_weekend(self) -> bool {
        matches!(self, Self::Saturday | Self::Sunday)
    }
}

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A plain date: proleptic Gregorian, years 1 to 9999. Ordered by time.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date(
    /// Days since 0001-01-01, a Monday.
    i32,
);

const DAYS_IN_400_YEARS: i32 = 146_097;

const fn is_leap(year: i32) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in_month(year: i32, month: i32) -> i32 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

const fn days_before_year(year: i32) -> i32 {
    let whole = year - 1;
    whole * 365 + whole / 4 - whole / 100 + whole / 400
}

impl Date {
    const LAST: i32 = days_before_year(10_000) - 1;

    /// # Errors
    /// [`BadDate`] if there is no such day.
    pub const fn new(year: i32, month: i32, day: i32) -> Result<Self, BadDate> {
        if year < 1 || year > 9999 || month < 1 || month > 12 {
            return Err(BadDate);
        }
        if day < 1 || day > days_in_month(year, month) {
            return Err(BadDate);
        }
        let mut days = days_before_year(year) + day - 1;
        let mut earlier = 1;
        while earlier < month {
            days += days_in_month(year, earlier);
            earlier += 1;
        }
        Ok(Self(days))
    }

    /// Year, month from 1, day from 1.
    #[must_use]
    pub const fn parts(self) -> (i32, i32, i32) {
        // Never before the true year and at most one year after it.
        let guess = (self.0 as i64 * 400 / DAYS_IN_400_YEARS as i64) as i32 + 1;
        let mut year = guess;
        while days_before_year(year) > self.0 {
            year -= 1;
        }
        while days_before_year(year + 1) <= self.0 {
            year += 1;
        }
        let mut left = self.0 - days_before_year(year);
        let mut month = 1;
        while left >= days_in_month(year, month) {
            left -= days_in_month(year, month);
            month += 1;
        }
        (year, month, left + 1)
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> i32 {
        self.parts().0
    }

    /// The day of the week.
    #[must_use]
    pub const fn weekday(self) -> Weekday {
        Weekday::ALL[(self.0 % 7) as usize]
    }

    /// The day so many days later, or earlier if negative. `None` outside the years 1 to 9999.
    #[must_use]
    pub fn add_days(self, days: i32) -> Option<Self> {
        let sum = self.0.checked_add(days)?;
        (0..=Self::LAST).contains(&sum).then_some(Self(sum))
    }

    /// The corresponding date so many months later, or the last day of that month if it has no such date. `None` after the
    /// year 9999.
    #[must_use]
    pub fn add_months(self, months: u16) -> Option<Self> {
        let (year, month, day) = self.parts();
        let count = year * 12 + (month - 1) + i32::from(months);
        let (year, month) = (count / 12, count % 12 + 1);
        Self::new(year, month, day.min(days_in_month(year, month))).ok()
    }

    /// Days from this one to another; negative if the other is earlier.
    #[must_use]
    pub const fn days_to(self, other: Self) -> i32 {
        other.0 - self.0
    }

    /// For a sentence: `Tue 13 Oct`, with the year unless it is that of `beside`.
    #[must_use]
    pub fn words(self, beside: Self) -> String {
        let (year, month, day) = self.parts();
        let name = MONTHS.get((month - 1) as usize).copied().unwrap_or("");
        let weekday = self.weekday().short();
        if year == beside.year() {
            format!("{weekday} {day} {name}")
        } else {
            format!("{weekday} {day} {name} {year}")
        }
    }
}

/// ISO 8601: `2026-10-27`.
impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (year, month, day) = self.parts();
        write!(f, "{year:04}-{month:02}-{day:02}")
    }
}

impl fmt::Debug for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Reads ISO 8601 in its ten-character form and nothing else.
impl FromStr for Date {
    type Err = BadDate;

    fn from_str(text: &str) -> Result<Self, BadDate> {
        let bytes = text.as_bytes();
        if bytes.len() != 10 || bytes.get(4) != Some(&b'-') || bytes.get(7) != Some(&b'-') {
            return Err(BadDate);
        }
        let number = |from: usize, to: usize| -> Result<i32, BadDate> {
            let digits = text.get(from..to).ok_or(BadDate)?;
            if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(BadDate);
            }
            digits.parse().map_err(|_| BadDate)
        };
        Self::new(number(0, 4)?, number(5, 7)?, number(8, 10)?)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn only_days_that_exist_in_the_one_form() {
        for bad in [
            "2026-02-29",
            "2100-02-29",
            "2026-13-01",
            "2026-00-10",
            "2026-01-00",
            "2026-04-31",
            "0000-01-01",
            "2026-1-01",
            "26-01-01",
            "2026/01/01",
            "+026-01-01",
            "2026-01-1 ",
            "2026-01-01 ",
            "",
            "202é-01-01",
        ] {
            assert_eq!(bad.parse::<Date>(), Err(BadDate), "{bad}");
        }
        for good in ["0001-01-01", "9999-12-31", "2000-02-29", "2028-02-29"] {
            assert_eq!(date(good).to_string(), good);
        }
    }

    #[test]
    fn known_weekdays() {
        for (day, weekday) in [
            ("1970-01-01", Weekday::Thursday),
            ("2000-01-01", Weekday::Saturday),
            ("2026-10-27", Weekday::Tuesday),
            ("2028-02-29", Weekday::Tuesday),
        ] {
            assert_eq!(date(day).weekday(), weekday, "{day}");
        }
    }

    #[test]
    fn months_go_to_the_corresponding_date_or_the_last_of_the_month() {
        for (from, months, to) in [
            ("2026-11-30", 3, "2027-02-28"),
            ("2027-11-30", 3, "2028-02-29"),
            ("2026-12-31", 2, "2027-02-28"),
            ("2028-02-29", 12, "2029-02-28"),
            ("2026-10-31", 1, "2026-11-30"),
            ("2026-12-15", 1, "2027-01-15"),
            ("2026-12-15", 0, "2026-12-15"),
        ] {
            assert_eq!(
                date(from).add_months(months),
                Some(date(to)),
                "{from} + {months}"
            );
        }
    }

    #[test]
    fn nothing_beyond_either_end() {
        assert_eq!(date("0001-01-01").add_days(-1), None);
        assert_eq!(date("9999-12-31").add_days(1), None);
        assert_eq!(date("9999-12-31").add_days(i32::MAX), None);
        assert_eq!(date("9999-12-31").add_months(1), None);
    }

    #[test]
    fn a_year_is_named_only_where_it_differs() {
        assert_eq!(date("2026-10-13").words(date("2026-10-27")), "Tue 13 Oct");
        assert_eq!(
            date("2025-10-14").words(date("2026-10-27")),
            "Tue 14 Oct 2025"
        );
    }

    proptest! {
        #[test]
        fn every_day_has_one_name_and_follows_the_last(days in 1..=Date::LAST) {
            let day = Date(days);
            let (y, m, d) = day.parts();
            prop_assert_eq!(Date::new(y, m, d), Ok(day));
            prop_assert_eq!(day.to_string().parse::<Date>(), Ok(day));
            let before = Date(days - 1).parts();
            let follows = before == (y, m, d - 1) || (d == 1 && before.2 >= 28 && Date::new(before.0, before.1, before.2 + 1).is_err());
            prop_assert!(follows);
        }

        #[test]
        fn a_later_day_never_gives_an_earlier_month(days in 0..=700_000i32, more in 0..40i32, months in 0..=60u16) {
            let (early, late) = (Date(days), Date(days + more));
            prop_assert!(early.add_months(months).unwrap() <= late.add_months(months).unwrap());
        }
    }
}

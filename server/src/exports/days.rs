//! Days as Annex A writes and counts them.

use visitbook_record::calendar::Date;

/// As Annex A writes a day: `27/10/2026`.
pub(super) fn day(on: Date) -> String {
    let (year, month, day) = on.parts();
    format!("{day:02}/{month:02}/{year:04}")
}

/// Completed years; `None` before the birth.
pub(super) fn age(born: Date, today: Date) -> Option<i32> {
    let (year, month, day) = born.parts();
    let (now, this_month, this_day) = today.parts();
    let before = (this_month, this_day) < (month, day);
    let years = now - year - i32::from(before);
    (born <= today).then_some(years)
}

/// The corresponding day so many months before, or the last of that month.
pub(super) fn months_before(day: Date, months: u16) -> Date {
    let (year, month, of_month) = day.parts();
    let count = year * 12 + month - 1 - i32::from(months);
    let (year, month) = (count.div_euclid(12), count.rem_euclid(12) + 1);
    (28..=of_month.max(28))
        .rev()
        .map(|last| last.min(of_month))
        .find_map(|of_month| Date::new(year, month, of_month).ok())
        .unwrap_or(day)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn date(text: &str) -> Date {
        text.parse().unwrap()
    }

    #[test]
    fn months_are_counted_back_to_the_corresponding_day() {
        for (from, months, to) in [
            ("2026-10-27", 6, "2026-04-27"),
            ("2026-08-31", 6, "2026-02-28"),
            ("2024-08-30", 6, "2024-02-29"),
            ("2026-03-01", 6, "2025-09-01"),
            ("2026-10-27", 12, "2025-10-27"),
        ] {
            assert_eq!(months_before(date(from), months), date(to), "{from}");
        }
    }

    #[test]
    fn age_is_in_completed_years() {
        for (born, today, years) in [
            ("2012-03-08", "2026-03-07", Some(13)),
            ("2012-03-08", "2026-03-08", Some(14)),
            ("2024-02-29", "2025-02-28", Some(0)),
            ("2024-02-29", "2025-03-01", Some(1)),
            ("2026-10-27", "2026-10-27", Some(0)),
            ("2027-02-02", "2026-10-27", None),
        ] {
            assert_eq!(age(date(born), date(today)), years, "{born} {today}");
        }
    }
}

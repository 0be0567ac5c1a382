//! Dates and working days, held against tables worked out by hand and against the published lists of bank holidays.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use visitbook_record::calendar::{Calendar, Date, OutsideCalendar};
use visitbook_record::due::{Interval, Rules};

fn rows(table: &'static str) -> impl Iterator<Item = Vec<&'static str>> {
    table
        .lines()
        .filter(|line| !line.starts_with('#') && !line.trim().is_empty())
        .map(|line| line.split_whitespace().collect())
}

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

#[test]
fn every_sum_of_the_table() {
    let rules = Rules::england();
    let mut rows_read = 0;
    for row in rows(include_str!("vectors/working-days.txt")) {
        let [from, interval, end] = row[..] else {
            panic!("{row:?}")
        };
        let interval: Interval = interval.parse().unwrap();
        assert_eq!(
            rules.counting().end(date(from), interval),
            Ok(date(end)),
            "{row:?}"
        );
        rows_read += 1;
    }
    assert_eq!(rows_read, 20);
}

#[test]
fn every_bank_holiday_and_no_other_from_2015_to_2035() {
    let calendar = Calendar::england_and_wales();
    let mut years = Vec::new();
    for row in rows(include_str!("vectors/bank-holidays.txt")) {
        let listed: Vec<Date> = row[1..]
            .iter()
            .map(|day| date(&format!("{}-{day}", row[0])))
            .collect();
        let year: i32 = row[0].parse().unwrap();
        let computed: Vec<Date> = calendar
            .holidays()
            .filter(|day| day.year() == year)
            .collect();
        assert_eq!(computed, listed, "{year}");
        years.push(year);
    }
    assert_eq!(years, (2015..=2035).collect::<Vec<_>>());
}

#[test]
fn known_easters() {
    let calendar = Calendar::england_and_wales();
    for sunday in [
        "2000-04-23",
        "2008-03-23",
        "2011-04-24",
        "2015-04-05",
        "2019-04-21",
        "2024-03-31",
        "2025-04-20",
        "2038-04-25",
        "2049-04-18",
        "2050-04-10",
    ] {
        let sunday = date(sunday);
        for days in [-2, 1] {
            let day = sunday.add_days(days).unwrap();
            assert!(calendar.holidays().any(|holiday| holiday == day), "{day}");
        }
    }
}

#[test]
fn outside_the_known_years_it_says_so_instead_of_guessing() {
    let calendar = Calendar::england_and_wales();
    assert_eq!(
        calendar.is_working_day(date("1999-12-31")),
        Err(OutsideCalendar)
    );
    assert_eq!(
        calendar.is_working_day(date("2051-01-02")),
        Err(OutsideCalendar)
    );
    assert_eq!(
        calendar.add_working_days(date("2050-12-30"), 10),
        Err(OutsideCalendar)
    );
    assert_eq!(
        calendar.add_working_days(date("1990-01-01"), 1),
        Err(OutsideCalendar)
    );
    assert_eq!(
        calendar.working_days_between(date("2050-12-20"), date("2051-01-10")),
        Err(OutsideCalendar)
    );
    assert!(calendar.is_working_day(Calendar::FIRST).is_ok());
    assert!(calendar.is_working_day(Calendar::LAST).is_ok());
    assert!(
        OutsideCalendar
            .to_string()
            .contains("2000-01-01 to 2050-12-31")
    );
}

#[test]
fn a_holiday_announced_or_moved_counts_at_once() {
    let calendar = Calendar::england_and_wales();
    let (visit, ten) = (date("2026-10-13"), 10);
    assert_eq!(
        calendar.add_working_days(visit, ten),
        Ok(date("2026-10-27"))
    );
    let announced = calendar.clone().with_holiday(date("2026-10-19"));
    assert_eq!(
        announced.add_working_days(visit, ten),
        Ok(date("2026-10-28"))
    );
    let moved = calendar
        .with_holiday(date("2026-08-28"))
        .without_holiday(date("2026-08-31"));
    assert_eq!(moved.is_working_day(date("2026-08-28")), Ok(false));
    assert_eq!(moved.is_working_day(date("2026-08-31")), Ok(true));
    assert_eq!(
        Calendar::weekends_only().is_working_day(date("2026-12-25")),
        Ok(true)
    );
    assert_eq!(
        Calendar::weekends_only().is_working_day(date("2026-12-26")),
        Ok(false)
    );
}

proptest! {
    #[test]
    fn counting_and_adding_agree(start in 0..15_000i32, count in 0..200u16) {
        let calendar = Calendar::england_and_wales();
        let from = Calendar::FIRST.add_days(start).unwrap();
        let to = calendar.add_working_days(from, count).unwrap();
        prop_assert_eq!(calendar.working_days_between(from, to), Ok(u32::from(count)));
        if count > 0 {
            prop_assert_eq!(calendar.is_working_day(to), Ok(true));
            let eve = to.add_days(-1).unwrap();
            prop_assert_eq!(calendar.working_days_between(from, eve), Ok(u32::from(count) - 1));
        }
        prop_assert_eq!(calendar.working_days_between(to, from), Ok(0));
    }
}

//! Tuesday 27 October 2026 at Fernmouth Council: the day, beat by beat.
//!
//! Half-term, two days after the clocks changed. All families and workers are invented: surnames are plants, children are
//! birds. Every fault has an ordinary cause. What is printed in quotation is what the programs said.

mod afternoon;
mod earlier;
mod evening;
mod exports;
mod loaded;
mod midday;
mod morning;
mod neglect;
mod page;
mod photograph;
mod restored;
mod words;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::Value as Json;

use super::cast::{Device, StageError, Staged};
use super::stage::{Day, list, text};

pub(crate) use earlier::visits as earlier_visits;
pub(crate) use page::the_same_everywhere;
pub(crate) use words::{KITE_DREW, SENTENCES};

const LARKSPURS: [&str; 3] = ["Wren", "Finch", "Pipit"];

const fn october(day: u32) -> NaiveDate {
    match NaiveDate::from_ymd_opt(2026, 10, day) {
        Some(date) => date,
        None => NaiveDate::MIN,
    }
}

/// The first of the visits that the story rests on.
const SEPTEMBER_29: NaiveDate = match NaiveDate::from_ymd_opt(2026, 9, 29) {
    Some(date) => date,
    None => NaiveDate::MIN,
};

/// The Monday of the week before, when the devices are enrolled and nobody opens at the Hawthorns' for the first time.
pub(crate) const MONDAY_BEFORE: NaiveDate = october(19);

/// The day.
pub(crate) const TUESDAY: NaiveDate = october(27);

/// Plays the day.
pub(crate) fn play(day: &mut Day) -> Staged<()> {
    morning::week_before(day)?;
    day.date = TUESDAY;
    morning::office(day)?;
    loaded::listed(day)?;
    morning::doorstep(day)?;
    page::wren(day)?;
    morning::car(day)?;
    morning::window(day)?;
    morning::no_answer(day)?;
    midday::bad_lines(day)?;
    loaded::visited(day)?;
    midday::holiday_club(day)?;
    midday::moved(day)?;
    earlier::handed_in(day)?;
    afternoon::two_answers(day)?;
    afternoon::battery(day)?;
    neglect::third_time(day)?;
    neglect::closed(day)?;
    page::answered(day)?;
    afternoon::signed_off(day)?;
    evening::board(day)?;
    loaded::again(day)?;
    restored::backed_up(day)?;
    evening::evening(day)?;
    restored::restored(day)?;
    exports::checked(day)
}

fn visit_of(planned: &Json, child: &str) -> Staged<String> {
    list(planned, "visits")
        .iter()
        .find(|visit| text(visit, "child") == child)
        .map(|visit| text(visit, "visit"))
        .ok_or_else(|| StageError::Unexpected(format!("no visit for {child}")))
}

fn visits_of(planned: &Json, children: &[&str]) -> Staged<BTreeMap<String, String>> {
    children
        .iter()
        .map(|child| Ok(((*child).to_owned(), visit_of(planned, child)?)))
        .collect()
}

/// Today's visits to these children, as a device shows them, by child.
fn todays_visits(device: &mut Device, children: &[&str]) -> Staged<BTreeMap<String, String>> {
    let today = device.tell(&["today"])?;
    let rows = list(&today, "visits");
    Ok(rows
        .iter()
        .filter(|row| children.contains(&text(row, "child").as_str()))
        .map(|row| (text(row, "child"), text(row, "visit")))
        .collect())
}

fn as_words(command: &[String]) -> Vec<&str> {
    command.iter().map(String::as_str).collect()
}

fn short(id: &str) -> String {
    id.chars().take(8).collect()
}

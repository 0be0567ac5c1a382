//! Plain dates and the working days of England and Wales.
//!
//! A due date is a day, not an instant: it has no time and no zone, so a change of the clocks cannot move it. Which day it
//! is now is handed in; whoever does so works it out for Europe/London.

mod date;
mod holidays;

pub use date::{BadDate, Date, Weekday};
pub use holidays::{Calendar, OutsideCalendar};

//! Visits on which nobody could be got hold of.
//!
//! They never move a due date. The first one since the child was seen starts a short clock of its own, shown beside the due
//! date and never in place of it; the second in a row, whatever lies between, is for the manager.

use super::facts::{Child, prints_its_name_only};
use super::rules::Rules;
use super::words;
use crate::calendar::{Date, OutsideCalendar};

/// The visits with no access since the child was last seen in person.
#[derive(Clone, PartialEq, Eq)]
pub struct NoAccess {
    /// The days, in order; never empty. A day stands twice if it was tried twice.
    pub on: Vec<Date>,
    /// The day by which the child was to be seen after the first of them.
    pub see_by: Date,
    /// Two or more in a row.
    pub twice: bool,
    /// True if the manager is to be told: twice in a row, or `see_by` has passed.
    pub tell_manager: bool,
    /// In one line: `no answer on Mon 19 Oct; to be seen by Mon 26 Oct`.
    pub line: String,
}

prints_its_name_only!(NoAccess);

pub(super) fn since(
    rules: &Rules,
    child: &Child,
    last_met: Option<Date>,
    day: Date,
) -> Result<Option<NoAccess>, OutsideCalendar> {
    let mut on: Vec<Date> = child
        .attempts
        .iter()
        .map(|attempt| attempt.on)
        .filter(|on| *on <= day && last_met.is_none_or(|seen| *on > seen))
        .collect();
    on.sort_unstable();
    let Some(first) = on.first() else {
        return Ok(None);
    };
    let see_by = rules.counting().end(*first, rules.seen_after_no_access())?;
    let twice = on.len() > 1;
    let line = words::no_access(&on, see_by, last_met, day);
    Ok(Some(NoAccess {
        see_by,
        twice,
        tell_manager: twice || see_by < day,
        line,
        on,
    }))
}

//! "Tell Kite who her worker is now": a child who changes worker hears it from a person, within five working days.
//!
//! The task is computed from the child's own log and stored nowhere: the entries that give and end the child, in the order of the
//! log, and the answers that the child was told. The same entries give the same task, once, in whatever order they arrive. The
//! first worker a child has is no change. A child who goes back to the worker they were last told of, before anybody told them
//! otherwise, needs no telling.

use crate::calendar::{Calendar, Date};
use crate::id::WorkerId;
use crate::op::Kind;
use crate::page::{Statement, View};
use crate::payload::Content;
use crate::time::WallMillis;

/// The field on the child's form: an element for each worker of whom the child was told, the day, and how.
pub const FIELD: &str = "told_worker";

/// In how many working days after the change.
pub const WORKING_DAYS: u16 = 5;

/// That a child is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Telling {
    /// Who the child's worker is now.
    pub worker: WorkerId,
    /// The day of the first change that the child has not been told of, by the council's clock.
    pub since: Date,
    /// The last day for telling; `None` beyond the years whose bank holidays are known.
    pub due: Option<Date>,
}

enum Event {
    Given(WorkerId, Option<Date>),
    Ended(WorkerId, Option<Date>),
    Told(WorkerId),
}

/// Whether a child is still to be told who the worker is now, by the statements of the child's own record. `day_of` gives the day
/// in London of a time of the council's clock.
#[must_use]
pub fn to_tell(
    statements: &[Statement],
    view: View,
    calendar: &Calendar,
    day_of: impl Fn(WallMillis) -> Option<Date>,
) -> Option<Telling> {
    let mut order: Vec<&Statement> = statements
        .iter()
        .filter(|statement| view.counts(&statement.fact))
        .collect();
    order.sort_by_key(|statement| statement.order());

    // Who is allocated, the newest last.
    let mut allocated: Vec<WorkerId> = Vec::new();
    let mut told: Option<WorkerId> = None;
    let mut since: Option<Date> = None;
    for event in order.into_iter().filter_map(|one| event(one, &day_of)) {
        let day = match event {
            Event::Given(worker, day) => {
                allocated.retain(|other| *other != worker);
                allocated.push(worker);
                told.get_or_insert(worker);
                day
            }
            Event::Ended(worker, day) => {
                allocated.retain(|other| *other != worker);
                day
            }
            Event::Told(worker) => {
                told = Some(worker);
                if allocated.last() == Some(&worker) {
                    since = None;
                }
                continue;
            }
        };
        match allocated.last() {
            Some(now) if told == Some(*now) => since = None,
            Some(_) => since = since.or(day),
            None => {}
        }
    }
    let (worker, since) = allocated.last().copied().zip(since)?;
    Some(Telling {
        worker,
        since,
        due: calendar.add_working_days(since, WORKING_DAYS).ok(),
    })
}

fn event(statement: &Statement, day_of: &impl Fn(WallMillis) -> Option<Date>) -> Option<Event> {
    let day = || day_of(statement.received.unwrap_or(statement.written));
    match (statement.fact.kind, &statement.content) {
        (Kind::Assign, Some(Content::Assignment(given))) => Some(match given.role {
            crate::commit::Role::Allocated => Event::Given(given.worker, day()),
            // Given in another role, the worker no longer is the child's own.
            _ => Event::Ended(given.worker, day()),
        }),
        (Kind::Unassign, Some(Content::Assignment(ended))) => {
            Some(Event::Ended(ended.worker, day()))
        }
        (Kind::SetAdd, _) if statement.fact.target.name() == FIELD => {
            let worker = statement.fact.target.element_id()?.parse().ok()?;
            Some(Event::Told(worker))
        }
        _ => None,
    }
}

//! One seed from beginning to end.

use std::collections::BTreeMap;

use visitbook_record::fact::Fact;
use visitbook_record::fold::live_shared;
use visitbook_record::verdict::Verdict;

use super::laws::{Broken, Checked, check_all, must};
use super::reading::{Reading, plain};
use super::schedule::Schedule;
use super::tally::Tally;
use super::world::{Clocks, Trace, World};

/// One schedule in so many is played again under other clocks, which doubles its cost.
const TWIN_OF: u64 = 16;

/// Whether this seed is also played under other clocks.
pub(crate) const fn has_twin(seed: u64) -> bool {
    seed.is_multiple_of(TWIN_OF)
}

/// Plays a schedule and checks every law.
///
/// # Errors
/// The first law seen broken.
pub(crate) fn play(schedule: &Schedule, twin: bool, trace: Trace<'_>) -> Result<Tally, Broken> {
    let (world, reading) = once(schedule, Clocks::AsDrawn, trace)?;
    if twin {
        let (other, read) = once(schedule, Clocks::Others, None)?;
        clocks_decide_nothing((&world, &reading), (&other, &read))?;
        world.ledger.tally.borrow_mut().checks += 1;
    }
    let mut tally = world.ledger.tally.borrow().clone();
    tally.schedules = 1;
    tally.commits = world.ledger.written.borrow().len() as u64;
    for stated in &reading.ops {
        if world.ledger.origin(&stated.fact.id).is_some() {
            tally.ops += 1;
        }
        let name = match &stated.fact.verdict {
            Some(Verdict::Applied) | None => "applied",
            Some(Verdict::AppliedFromPreviousWorker) => "applied from the previous worker",
            Some(Verdict::Quarantined { reason, .. }) => reason_name(*reason),
            Some(Verdict::Held { .. }) => "held",
        };
        *tally.verdicts.entry(name).or_default() += 1;
        let was_held = matches!(stated.arrived_as, Verdict::Held { .. });
        if was_held && !matches!(stated.fact.verdict, Some(Verdict::Held { .. })) {
            *tally.verdicts.entry("held, then judged").or_default() += 1;
        }
    }
    Ok(tally)
}

fn once(schedule: &Schedule, clocks: Clocks, trace: Trace<'_>) -> Result<(World, Reading), Broken> {
    let mut world = World::new(schedule.setting, clocks)?;
    world.play(schedule, trace)?;
    let reading = Reading::of(&world)
        .map_err(|error| Broken::new(2, format!("the council's store: {error}")))?;
    check_all(&world, &reading)?;
    Ok((world, reading))
}

/// Law 10: what everybody sees, by names that no clock enters.
fn clocks_decide_nothing(a: (&World, &Reading), b: (&World, &Reading)) -> Checked {
    let (first, second) = (seen(a.0, a.1), seen(b.0, b.1));
    for (name, what) in &first {
        let other = second.get(name);
        must!(
            other == Some(what),
            10,
            "{name} is {what}; under other clocks {other:?}"
        );
    }
    must!(
        first.len() == second.len(),
        10,
        "under other clocks more was written"
    );
    Ok(())
}

fn seen(world: &World, reading: &Reading) -> BTreeMap<String, String> {
    let mut seen = BTreeMap::new();
    for stated in &reading.ops {
        let verdict = match &stated.fact.verdict {
            Some(Verdict::Quarantined { reason, .. }) => format!("{reason:?}"),
            Some(Verdict::Held { .. }) => "held".to_owned(),
            other => format!("{other:?}"),
        };
        seen.insert(plain(&world.ledger, stated), verdict);
    }
    for ((record, target), group) in reading.groups() {
        let facts: Vec<Fact> = group.iter().map(|stated| stated.fact.clone()).collect();
        let live: Vec<String> = live_shared(&facts)
            .into_iter()
            .map(|i| plain(&world.ledger, group[i]))
            .collect();
        seen.insert(format!("{record} {target}"), live.join(" "));
    }
    for record in reading.by_record.keys() {
        if let Some(finish) = reading.finish_of(record) {
            seen.insert(format!("finish of {record}"), plain(&world.ledger, finish));
        }
    }
    seen
}

const fn reason_name(reason: visitbook_record::verdict::Reason) -> &'static str {
    use visitbook_record::verdict::Reason as R;
    match reason {
        R::NotYourName => "not your name",
        R::DeviceEnded => "device ended",
        R::OldAssignment => "old assignment",
        R::NotHeld => "not held",
        R::ServerOnly => "server only",
        R::OtherHome => "other home",
        R::UnknownField => "unknown field",
        R::UnknownCode => "unknown code",
        R::WrongPolicy => "wrong policy",
        R::TooManyReplaced => "too many replaced",
        R::ChildsWords => "child's words",
        R::NotYourObservation => "not your observation",
        R::PayloadMissing => "payload missing",
        R::WrongContent => "wrong content",
        R::FinishListsOther => "finish lists other",
        R::FinishListsUnread => "finish lists unread",
        R::FinishIncomplete => "finish incomplete",
        R::MayNotSettle => "may not settle",
        R::CannotSettle => "cannot settle",
        R::TooLarge => "too large",
        R::BadTarget => "bad target",
        R::NotManager => "not manager",
        R::OwnWork => "own work",
        R::NotOwner => "not owner",
        R::NotOpened => "not opened",
    }
}

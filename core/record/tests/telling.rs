//! Telling a child who the worker is now: by table, and in any order of arrival.
#![allow(clippy::unwrap_used)]

mod common;

use common::{BRYONY, CHILD, Draft, Pen, ROWAN, SAGE};
use proptest::prelude::*;
use visitbook_record::calendar::{Calendar, Date};
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::id::WorkerId;
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::page::{Statement, View};
use visitbook_record::payload::{Assignment, Content};
use visitbook_record::scope::LogPosition;
use visitbook_record::telling::{Telling, to_tell};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::{Reason, Verdict};

const CARLA: WorkerId = WorkerId([0xC4; 16]);

#[derive(Debug, Clone, Copy)]
enum Step {
    Given(WorkerId, Role),
    Ended(WorkerId, Role),
    Told(WorkerId),
}

use Step::{Ended, Given, Told};

/// One step on each day from Monday 26 October 2026, at its position in the log.
fn statements(steps: &[Step]) -> Vec<Statement> {
    let mut pen = Pen::new(SAGE, 1);
    (pen.record, pen.record_kind) = (CHILD, RecordKind::Child);
    let mut all = Vec::new();
    for (position, step) in (1..).zip(steps) {
        let (kind, target, content) = match *step {
            Given(worker, role) | Ended(worker, role) => (
                if matches!(step, Given(..)) {
                    Kind::Assign
                } else {
                    Kind::Unassign
                },
                Target::element("held_by", worker.to_string()),
                Content::Assignment(Assignment {
                    worker,
                    child: CHILD,
                    role,
                    reason: "a new team".into(),
                    moved_to: None,
                }),
            ),
            Told(worker) => (
                Kind::SetAdd,
                Target::element("told_worker", worker.to_string()),
                Draft::assert(Policy::Set, Target::field("x"), "2026-10-28", &[])
                    .content
                    .unwrap(),
            ),
        };
        let written = pen.write(vec![Draft {
            kind,
            policy: Policy::Set,
            target,
            replaces: vec![],
            content: Some(content.clone()),
        }]);
        let day = 26 + position as i64 - 1;
        for fact in written.facts(Some(Verdict::Applied)) {
            all.push(Statement {
                fact,
                content: Some(content.clone()),
                written: WallMillis(0),
                received: Some(WallMillis(day)),
                counted_at: Some(LogPosition {
                    epoch: 1,
                    position: position as u64,
                }),
            });
        }
    }
    all
}

/// In these tests a time is a day counted from the last of September.
fn day_of(at: WallMillis) -> Option<Date> {
    let start: Date = "2026-09-30".parse().unwrap();
    start.add_days(i32::try_from(at.0).unwrap())
}

fn task(statements: &[Statement]) -> Option<Telling> {
    to_tell(
        statements,
        View::Shared,
        &Calendar::england_and_wales(),
        day_of,
    )
}

fn due(worker: WorkerId, since: &str, due: &str) -> Option<Telling> {
    Some(Telling {
        worker,
        since: since.parse().unwrap(),
        due: Some(due.parse().unwrap()),
    })
}

#[test]
fn a_child_who_changes_worker_is_told_within_five_working_days() {
    let allocated = Role::Allocated;
    let (rowan, bryony) = (Given(ROWAN, allocated), Given(BRYONY, allocated));
    let (no_rowan, no_bryony) = (Ended(ROWAN, allocated), Ended(BRYONY, allocated));
    let table = [
        ("the first worker is no change", vec![rowan], None),
        (
            "given, then taken from the other",
            vec![rowan, bryony, no_rowan],
            due(BRYONY, "2026-10-27", "2026-11-03"),
        ),
        (
            "taken, then given",
            vec![rowan, no_rowan, bryony],
            due(BRYONY, "2026-10-28", "2026-11-04"),
        ),
        ("nobody's for now", vec![rowan, no_rowan], None),
        ("told", vec![rowan, bryony, no_rowan, Told(BRYONY)], None),
        (
            "told of somebody else",
            vec![rowan, bryony, Told(ROWAN)],
            due(BRYONY, "2026-10-27", "2026-11-03"),
        ),
        (
            "told beforehand",
            vec![rowan, Told(BRYONY), bryony, no_rowan],
            None,
        ),
        (
            "moved on before anybody told: the child waits since the first change",
            vec![rowan, bryony, Given(CARLA, allocated), no_bryony],
            due(CARLA, "2026-10-27", "2026-11-03"),
        ),
        (
            "back before anybody told",
            vec![rowan, bryony, no_rowan, rowan, no_bryony],
            None,
        ),
        (
            "told, and moved again",
            vec![rowan, bryony, Told(BRYONY), Given(CARLA, allocated)],
            due(CARLA, "2026-10-29", "2026-11-05"),
        ),
        (
            "cover, joint work and a manager are no change",
            vec![
                rowan,
                Given(BRYONY, Role::Cover),
                Given(CARLA, Role::Joint),
                Given(SAGE, Role::Manager),
            ],
            None,
        ),
        (
            "from joint to allocated is one",
            vec![rowan, Given(BRYONY, Role::Joint), bryony],
            due(BRYONY, "2026-10-28", "2026-11-04"),
        ),
        (
            "the other stays allocated, and has the child again",
            vec![rowan, bryony, no_bryony],
            None,
        ),
        (
            "given again what is held already",
            vec![rowan, bryony, Told(BRYONY), bryony],
            None,
        ),
    ];
    for (what, steps, expected) in table {
        assert_eq!(task(&statements(&steps)), expected, "{what}");
    }
}

#[test]
fn bank_holidays_are_no_working_days_and_beyond_the_calendar_there_is_no_date() {
    let mut all = statements(&[
        Given(ROWAN, Role::Allocated),
        Given(BRYONY, Role::Allocated),
    ]);
    // Tuesday 22 December 2026: Christmas Day, and Boxing Day in lieu on the Monday.
    all[1].received = Some(WallMillis(83));
    assert_eq!(task(&all), due(BRYONY, "2026-12-22", "2026-12-31"));
    all[1].received = Some(WallMillis(9_000));
    assert_eq!(task(&all).unwrap().due, None);
}

#[test]
fn only_what_counts_changes_anything() {
    let mut all = statements(&[
        Given(ROWAN, Role::Allocated),
        Given(BRYONY, Role::Allocated),
        Told(BRYONY),
    ]);
    all[2].fact.verdict = Some(Verdict::Quarantined {
        reason: Reason::NotHeld,
        owner: SAGE,
    });
    all[2].counted_at = None;
    assert_eq!(task(&all), due(BRYONY, "2026-10-27", "2026-11-03"));
    // Not sent yet: closed on the device that wrote it, open everywhere else.
    all[2].fact.verdict = None;
    assert!(task(&all).is_some());
    let calendar = Calendar::england_and_wales();
    assert_eq!(to_tell(&all, View::Here, &calendar, day_of), None);
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let worker = prop_oneof![Just(ROWAN), Just(BRYONY), Just(CARLA)];
    let role = prop_oneof![3 => Just(Role::Allocated), 1 => Just(Role::Joint)];
    let step = (worker, role, 0u8..5).prop_map(|(worker, role, kind)| match kind {
        0..=1 => Given(worker, role),
        2..=3 => Ended(worker, role),
        _ => Told(worker),
    });
    proptest::collection::vec(step, 0..12)
}

proptest! {
    #[test]
    fn the_task_is_the_same_in_any_order_of_arrival_and_telling_closes_it(
        (all, shuffled) in steps().prop_map(|steps| statements(&steps)).prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
        steps in steps(),
    ) {
        prop_assert_eq!(task(&all), task(&shuffled));
        let before = task(&statements(&steps));
        if let Some(telling) = before {
            let mut told = steps;
            told.push(Told(telling.worker));
            prop_assert_eq!(task(&statements(&told)), None);
        }
    }
}

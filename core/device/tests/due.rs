//! Dates on the first screen and the card: only a child who was seen in person moves one.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Mutex;

use common::*;
use visitbook_device::Working;
use visitbook_device::model::DueLine;
use visitbook_record::commit::RecordKind;
use visitbook_record::id::RecordId;
use visitbook_record::op::{Kind, Target};
use visitbook_record::payload::{Content, Value};
use visitbook_record::scope::Scope;

/// A period as the importer writes it.
fn period(council: &Mutex<Council>, child: RecordId, id: &str, cells: &[(&str, &str)]) {
    let value = |code: &str| Content::Value(Value::new(code, code));
    let mut said = vec![(Kind::SetAdd, Target::element("period", id), value(id))];
    for (part, code) in cells {
        said.push((Kind::Assert, Target::part("period", id, *part), value(code)));
    }
    council
        .lock()
        .unwrap()
        .write(child, RecordKind::Child, Scope::Child(child), said);
}

const PLAN: [(&str, &str); 4] = [
    ("kind", "cp"),
    ("start", "2026-06-16"),
    ("visit_every", "10 working days"),
    ("last_seen", "2026-10-13"),
];

fn of(working: &Working, child: RecordId, day: &str) -> DueLine {
    working
        .due(day)
        .unwrap()
        .into_iter()
        .find(|line| line.child == child)
        .expect("a child to whom visits are owed")
}

fn line(working: &Working, child: RecordId, day: &str) -> String {
    of(working, child, day).line.unwrap()
}

const DAY: &str = "2026-10-27";

#[test]
fn the_first_screen_and_the_card_show_each_date_with_its_sum_overdue_first() {
    let (council, _phone, mut rowan) = larkspurs();
    period(&council, WREN, "CP-1", &PLAN);
    period(
        &council,
        FINCH,
        "CIN-2",
        &[
            ("kind", "cin"),
            ("start", "2026-08-04"),
            ("last_seen", "2026-09-22"),
        ],
    );
    period(
        &council,
        PIPIT,
        "CLA-3",
        &[
            ("kind", "cla"),
            ("start", "2026-05-04"),
            ("placement_start", "2026-05-04"),
            ("visit_every", "6 weeks"),
            ("last_seen", "2026-09-15"),
        ],
    );
    period(
        &council,
        PIPIT,
        "AS-4",
        &[("kind", "assessment"), ("start", "2026-10-05")],
    );
    pull(&council, &mut rowan);
    let today = rowan.today(None).unwrap();
    let lines: Vec<(&str, &str)> = today
        .due
        .iter()
        .map(|due| (due.name.as_str(), due.line.as_deref().unwrap()))
        .collect();
    assert_eq!(
        lines,
        [
            (
                "Finch",
                "overdue by five working days, 20 working days from Tue 22 Sep"
            ),
            ("Pipit", "due today, six weeks from Tue 15 Sep"),
            ("Wren", "due today, 10 working days from Tue 13 Oct"),
        ]
    );
    assert_eq!(today.due[0].state(), "overdue");
    let card = rowan.child_card(WREN).unwrap();
    assert_eq!(card.due.unwrap().line.unwrap(), lines[2].1);
}

#[test]
fn only_a_visit_in_person_on_which_the_child_was_seen_moves_the_date() {
    let due_today = "due today, 10 working days from Tue 13 Oct";
    let moved = "due in 14 days, 10 working days from Tue 27 Oct";
    for (answers, expected) in [
        (vec![], due_today),
        (vec![("seen", "yes")], due_today),
        (vec![("mode", "in_person"), ("seen", "yes")], moved),
        (vec![("mode", "in_person"), ("seen", "no")], due_today),
        (vec![("mode", "in_person")], due_today),
        (vec![("mode", "video"), ("seen", "yes")], due_today),
        (vec![("mode", "phone"), ("seen", "yes")], due_today),
        (
            vec![
                ("mode", "in_person"),
                ("seen", "yes"),
                ("outcome", "went_ahead"),
            ],
            moved,
        ),
        (
            vec![("mode", "in_person"), ("outcome", "no_answer")],
            due_today,
        ),
        (
            vec![
                ("mode", "in_person"),
                ("seen", "yes"),
                ("outcome", "cancelled_by_us"),
            ],
            due_today,
        ),
        (
            vec![
                ("mode", "in_person"),
                ("seen", "yes"),
                ("occasion", "core_group"),
            ],
            due_today,
        ),
        (
            vec![("mode", "in_person"), ("seen", "yes"), ("statutory", "no")],
            due_today,
        ),
        (
            vec![("mode", "in_person"), ("seen", "yes"), ("serves/s", "cin")],
            due_today,
        ),
        (
            vec![("mode", "in_person"), ("seen", "yes"), ("serves/s", "cp")],
            moved,
        ),
    ] {
        let (council, _phone, mut rowan) = larkspurs();
        period(&council, WREN, "CP-1", &PLAN);
        pull(&council, &mut rowan);
        let visit = visit_to_wren(&mut rowan);
        for (target, code) in &answers {
            rowan
                .set(visit, &target.parse().unwrap(), code, None)
                .unwrap();
        }
        assert_eq!(line(&rowan, WREN, DAY), expected, "{answers:?}");
        let spans = of(&rowan, WREN, "2026-10-20");
        assert_eq!(spans.state(), "due_later", "what lies ahead is passed over");
    }
}

#[test]
fn two_answers_are_taken_the_cautious_way_until_a_person_settles_them() {
    let (council, _phone, mut rowan) = larkspurs();
    period(&council, WREN, "CP-1", &PLAN);
    let (_bryonys, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    sync(&council, &mut rowan);
    sync(&council, &mut bryony);
    let visit = visit_to_wren(&mut rowan);
    rowan.set(visit, &field("mode"), "in_person", None).unwrap();
    sync(&council, &mut rowan);
    sync(&council, &mut bryony);
    rowan.set(visit, &field("seen"), "yes", None).unwrap();
    bryony.set(visit, &field("seen"), "no", None).unwrap();
    bryony
        .set(visit, &field("outcome"), "no_answer", None)
        .unwrap();
    rowan
        .set(visit, &field("outcome"), "went_ahead", None)
        .unwrap();
    assert!(line(&rowan, WREN, DAY).starts_with("due in 14 days"));
    for _ in 0..2 {
        sync(&council, &mut rowan);
        sync(&council, &mut bryony);
    }
    assert!(line(&rowan, WREN, DAY).starts_with("due today"));
    bryony
        .answer(
            visit,
            &field("seen"),
            "yes",
            false,
            Some("I had not looked upstairs."),
        )
        .unwrap();
    assert!(
        line(&bryony, WREN, DAY).starts_with("due today"),
        "how it went is still open"
    );
    bryony
        .answer(visit, &field("outcome"), "went_ahead", false, None)
        .unwrap();
    assert!(line(&bryony, WREN, DAY).starts_with("due in 14 days"));
}

#[test]
fn a_second_visit_with_no_answer_says_which_and_is_for_the_manager() {
    let (council, phone, mut rowan) = larkspurs();
    period(
        &council,
        WREN,
        "CIN-1",
        &[
            ("kind", "cin"),
            ("start", "2026-08-04"),
            ("last_seen", "2026-09-29"),
        ],
    );
    pull(&council, &mut rowan);
    phone.clock.set_wall(MORNING - 8 * 86_400_000);
    let first = visit_to_wren(&mut rowan);
    rowan
        .set(first, &field("outcome"), "no_answer", None)
        .unwrap();
    let message = rowan.no_answer(first).unwrap().unwrap();
    assert_eq!((message.times, message.tell_manager), (1, false));
    phone.clock.set_wall(MORNING);
    let second = visit_to_wren(&mut rowan);
    assert!(
        rowan.no_answer(second).unwrap().is_none(),
        "nothing is said yet"
    );
    rowan
        .set(second, &field("outcome"), "no_answer", None)
        .unwrap();
    rowan.set(second, &field("arrived"), "11:40", None).unwrap();
    let message = rowan.no_answer(second).unwrap().unwrap();
    assert_eq!(message.title, "No answer, 11:40. Second time in 8 days.");
    assert!(
        message
            .detail
            .starts_with("Wren was last seen on Tue 29 Sep.")
    );
    assert_eq!((message.times, message.days), (2, 8));
    assert_eq!(message.last_seen.as_deref(), Some("2026-09-29"));
    assert!(message.tell_manager);
    assert_eq!(
        message.tell.as_deref(),
        Some("Wren was to be seen by Mon 26 Oct; tell your manager today.")
    );
    let due = of(&rowan, WREN, DAY);
    assert_eq!(
        due.line.unwrap(),
        "due today, 20 working days from Tue 29 Sep"
    );
    let none = due.no_access.unwrap();
    assert_eq!(none.on, ["2026-10-19", "2026-10-27"]);
    assert!(none.tell_manager);
}

#[test]
fn a_clock_beyond_the_calendar_hides_the_dates_and_nothing_else() {
    let (council, phone, mut rowan) = larkspurs();
    period(&council, WREN, "CP-1", &PLAN);
    pull(&council, &mut rowan);
    phone.clock.set_wall(i64::MAX);
    let today = rowan.today(None).unwrap();
    assert_eq!(today.children.len(), 3);
    assert!(today.due.is_empty());
    assert!(rowan.due("27/10/2026").is_err());
}

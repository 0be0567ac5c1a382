//! One visit or two: when it is asked, what an answer puts together, and that order of arrival changes nothing.
#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use visitbook_record::calendar::Date;
use visitbook_record::catalogue::Catalogue;
use visitbook_record::id::{DeviceId, RecordId, WorkerId};
use visitbook_record::op::Target;
use visitbook_record::same_visit::{Begun, Pair, Said, Standing, Together, may_be_one, together};

fn visit(id: u8) -> RecordId {
    RecordId([id; 16])
}

fn begun(id: u8, day: &str, arrived: Option<&str>, by: u8, device: u8) -> Begun {
    let minutes = |time: &str| {
        let (hours, minutes) = time.split_once(':').unwrap();
        hours.parse::<u16>().unwrap() * 60 + minutes.parse::<u16>().unwrap()
    };
    Begun {
        visit: visit(id),
        day: day.parse().unwrap(),
        arrived: arrived.map(minutes),
        planned: false,
        by: WorkerId([by; 16]),
        device: DeviceId([device; 16]),
    }
}

#[test]
fn it_is_asked_of_what_two_people_or_two_devices_began_within_three_hours() {
    let mine = begun(1, "2026-10-27", Some("09:40"), 1, 1);
    let table = [
        (
            "a quarter of an hour later",
            begun(2, "2026-10-27", Some("09:55"), 2, 2),
            true,
        ),
        (
            "three hours later",
            begun(2, "2026-10-27", Some("12:40"), 2, 2),
            true,
        ),
        (
            "a minute more",
            begun(2, "2026-10-27", Some("12:41"), 2, 2),
            false,
        ),
        (
            "three hours earlier",
            begun(2, "2026-10-27", Some("06:40"), 2, 2),
            true,
        ),
        ("no time said", begun(2, "2026-10-27", None, 2, 2), true),
        (
            "no time said, the next day",
            begun(2, "2026-10-28", None, 2, 2),
            false,
        ),
        (
            "the same time the next day",
            begun(2, "2026-10-28", Some("09:40"), 2, 2),
            false,
        ),
        (
            "on the own tablet",
            begun(2, "2026-10-27", Some("09:55"), 1, 2),
            true,
        ),
        (
            "on the same phone by the same person",
            begun(2, "2026-10-27", Some("09:55"), 1, 1),
            false,
        ),
        (
            "the same record",
            begun(1, "2026-10-27", Some("09:40"), 2, 2),
            false,
        ),
        (
            "planned",
            Begun {
                planned: true,
                ..begun(2, "2026-10-27", Some("09:55"), 2, 2)
            },
            false,
        ),
    ];
    for (what, other, expected) in table {
        assert_eq!(may_be_one(&mine, &other), expected, "{what}");
        assert_eq!(
            may_be_one(&other, &mine),
            expected,
            "{what}, the other way round"
        );
    }
    let late = begun(1, "2026-10-27", Some("23:30"), 1, 1);
    let past_midnight = begun(2, "2026-10-28", Some("01:15"), 2, 2);
    assert!(may_be_one(&late, &past_midnight));
    let new_year = begun(2, "2027-01-01", Some("00:10"), 2, 2);
    assert!(may_be_one(
        &begun(1, "2026-12-31", Some("22:00"), 1, 1),
        &new_year
    ));
}

#[test]
fn an_answer_reads_back_as_it_was_written_and_stands_on_one_record_only() {
    let pair = Pair::of(visit(9), visit(4)).unwrap();
    assert_eq!(pair, Pair::of(visit(4), visit(9)).unwrap());
    assert_eq!(pair.record(), visit(4));
    assert!(Pair::of(visit(4), visit(4)).is_none());
    for said in [
        Said::Two,
        Said::One { first: visit(4) },
        Said::One { first: visit(9) },
    ] {
        assert_eq!(pair.said(pair.code(said).unwrap()), Some(said));
    }
    assert_eq!(pair.code(Said::One { first: visit(5) }), None);
    assert_eq!(pair.said("telepathy"), None);
    let field = Catalogue::newest().field("visit", &pair.target()).unwrap();
    for said in [
        Said::Two,
        Said::One { first: visit(4) },
        Said::One { first: visit(9) },
    ] {
        assert!(field.choice(pair.code(said).unwrap()).is_some());
    }
    let element = |id: u8| visit(id).to_string();
    assert_eq!(Pair::read(visit(4), &element(9)), Some(pair));
    assert_eq!(Pair::read(visit(9), &element(4)), None, "the other record");
    assert_eq!(Pair::read(visit(4), &element(4)), None);
    assert_eq!(Pair::read(visit(4), "no id"), None);
}

#[test]
fn one_visit_in_three_records_is_asked_about_no_more_often_than_needed() {
    let pair = |a, b| Pair::of(visit(a), visit(b)).unwrap();
    let one = |first| {
        Some(Said::One {
            first: visit(first),
        })
    };
    let all = Together::new(&[(pair(1, 2), one(2)), (pair(2, 3), one(2))]);
    for beside in [1, 3] {
        assert_eq!(all.read_first(visit(beside)), visit(2));
        assert!(all.is_beside(visit(beside)));
    }
    assert!(!all.is_beside(visit(2)));
    assert_eq!(
        all.beside(visit(2)).collect::<Vec<_>>(),
        [visit(1), visit(3)]
    );
    assert!(all.is_answered(pair(1, 3)), "it follows");
    assert!(!all.is_answered(pair(1, 4)));
    let apart = Together::new(&[(pair(1, 2), one(1)), (pair(1, 3), Some(Said::Two))]);
    assert!(apart.is_answered(pair(2, 3)), "2 is 1, and 1 is not 3");
    let differing = Together::new(&[(pair(1, 2), None)]);
    assert!(
        differing.is_answered(pair(1, 2)),
        "a question of its own by then"
    );
    assert!(
        !differing.is_beside(visit(1)) && !differing.is_beside(visit(2)),
        "both stand"
    );
}

fn answers() -> impl Strategy<Value = Vec<(Pair, Option<Said>)>> {
    let one = (0u8..6, 0u8..6, 0u8..4).prop_filter_map("a pair", |(a, b, said)| {
        let pair = Pair::of(visit(a), visit(b))?;
        let said = match said {
            0 => None,
            1 => Some(Said::Two),
            2 => Some(Said::One { first: visit(a) }),
            _ => Some(Said::One { first: visit(b) }),
        };
        Some((pair, said))
    });
    proptest::collection::vec(one, 0..8).prop_map(|all| {
        let by_pair: std::collections::BTreeMap<_, _> = all.into_iter().collect();
        by_pair.into_iter().collect()
    })
}

proptest! {
    #[test]
    fn the_same_answers_give_the_same_groups_in_any_order(
        (answers, shuffled) in answers().prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle()))
    ) {
        let groups = Together::new(&answers);
        prop_assert_eq!(&groups, &Together::new(&shuffled));
        for (pair, said) in &answers {
            prop_assert!(groups.is_answered(*pair));
            let (a, b) = pair.records();
            if let Some(Said::One { .. }) = said {
                prop_assert_eq!(groups.read_first(a), groups.read_first(b), "one visit, one record read first");
            }
        }
        for id in (0..6).map(visit) {
            let first = groups.read_first(id);
            prop_assert_eq!(groups.read_first(first), first, "nothing stands beside what stands beside another");
            prop_assert_eq!(groups.is_beside(id), groups.beside(first).any(|other| other == id));
        }
    }
}

#[test]
fn of_two_records_of_one_visit_the_more_worrying_answer_counts() {
    let standing = |answers: &[(&str, Option<&str>)]| -> Standing {
        answers
            .iter()
            .map(|(field, code)| (Target::field(*field), code.map(str::to_owned)))
            .collect()
    };
    let rowan = standing(&[
        ("visit_date", Some("2026-10-27")),
        ("seen", Some("yes")),
        ("alone", Some("spoke_alone")),
        ("outcome", Some("went_ahead")),
        ("arrived", Some("09:40")),
        ("mode", Some("in_person")),
        ("bedroom", None),
    ]);
    let bryony = standing(&[
        ("visit_date", Some("2026-10-26")),
        ("seen", Some("yes")),
        ("alone", Some("not_alone")),
        ("outcome", Some("no_answer")),
        ("arrived", Some("09:55")),
        ("bedroom", Some("seen")),
        ("safe_now", Some("manager_today")),
    ]);
    let catalogue = Catalogue::newest();
    let expected = [
        ("visit_date", Some("2026-10-26")),
        ("seen", Some("yes")),
        ("alone", Some("not_alone")),
        ("outcome", None),
        ("arrived", Some("09:40")),
        ("mode", Some("in_person")),
        // What cannot be read is not taken for calm.
        ("bedroom", None),
        ("safe_now", Some("manager_today")),
    ];
    assert_eq!(together(catalogue, &rowan, &bryony), standing(&expected));
    let mut other_way = standing(&expected);
    other_way.insert(Target::field("arrived"), Some("09:55".to_owned()));
    assert_eq!(together(catalogue, &bryony, &rowan), other_way);
    assert_eq!(together(catalogue, &rowan, &Standing::new()), rowan);
    assert_eq!(together(catalogue, &Standing::new(), &rowan), rowan);
}

#[test]
fn a_day_is_a_day_of_the_calendar() {
    let day: Date = "2026-10-25".parse().unwrap();
    let before = Begun {
        day,
        ..begun(1, "2026-10-25", Some("00:30"), 1, 1)
    };
    assert!(may_be_one(
        &before,
        &begun(2, "2026-10-24", Some("22:00"), 2, 2)
    ));
}

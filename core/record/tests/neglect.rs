//! An area that was not met on three visits running: by table, and in any order of arrival.
#![allow(clippy::unwrap_used)]

mod common;

use common::{BRYONY, ROWAN};
use proptest::prelude::*;
use visitbook_record::catalogue::Catalogue;
use visitbook_record::id::{RecordId, WorkerId};
use visitbook_record::neglect::{Observed, Rating, Running, areas, running};

use Rating::{Met, NotMet, NotSeenToday, Partly};

/// Visits a week apart from 1 September 2026, each with what Rowan and Bryony put.
fn visits(all: &[&[Rating]]) -> Vec<Observed> {
    let workers: [WorkerId; 2] = [ROWAN, BRYONY];
    (0u8..)
        .zip(all)
        .map(|(week, ratings)| Observed {
            on: "2026-09-01"
                .parse::<visitbook_record::calendar::Date>()
                .unwrap()
                .add_days(i32::from(week) * 7)
                .unwrap(),
            visit: RecordId([week; 16]),
            beside: vec![],
            ratings: workers.into_iter().zip(ratings.iter().copied()).collect(),
        })
        .collect()
}

/// The weeks a line rests on, and how many there were on which nobody looked.
type Weeks = Option<(Vec<u8>, usize)>;
/// A name, what was put on each visit, and the line.
type Case<'a> = (&'a str, &'a [&'a [Rating]], Weeks);

/// Which weeks the line rests on, and on which nobody looked.
fn weeks(found: Option<&Running>) -> Weeks {
    found.map(|run| {
        let on = run.visits.iter().map(|visit| visit.visit.0[0]).collect();
        (on, run.not_looked.len())
    })
}

#[test]
fn three_visits_running_and_no_fewer() {
    let table: [Case<'_>; 11] = [
        ("nothing", &[], None),
        ("twice", &[&[NotMet], &[NotMet]], None),
        (
            "three times",
            &[&[NotMet], &[NotMet], &[NotMet]],
            Some((vec![0, 1, 2], 0)),
        ),
        (
            "a fourth makes it longer",
            &[&[NotMet], &[NotMet], &[NotMet], &[NotMet]],
            Some((vec![0, 1, 2, 3], 0)),
        ),
        (
            "met in between",
            &[&[NotMet], &[NotMet], &[Met], &[NotMet]],
            None,
        ),
        (
            "met since",
            &[&[NotMet], &[NotMet], &[NotMet], &[Met]],
            None,
        ),
        (
            "partly met since",
            &[&[NotMet], &[NotMet], &[NotMet], &[Partly]],
            None,
        ),
        (
            "not seen is not met, and no visit of the three",
            &[
                &[NotMet],
                &[NotSeenToday],
                &[NotMet],
                &[],
                &[NotMet],
                &[NotSeenToday],
            ],
            Some((vec![0, 2, 4], 3)),
        ),
        (
            "not seen counts for nothing",
            &[&[NotMet], &[NotMet], &[NotSeenToday]],
            None,
        ),
        (
            "one of two says so",
            &[&[NotMet, NotMet], &[Met, NotMet], &[NotMet, NotSeenToday]],
            Some((vec![0, 1, 2], 0)),
        ),
        (
            "after it was met, from the start",
            &[&[NotMet], &[Met], &[NotMet], &[NotMet], &[NotMet]],
            Some((vec![2, 3, 4], 0)),
        ),
    ];
    for (name, given, expected) in table {
        let found = running(visits(given));
        assert_eq!(weeks(found.as_ref()), expected, "{name}");
    }
}

#[test]
fn both_ratings_stand() {
    let given = visits(&[&[NotMet], &[NotMet], &[Partly, NotMet]]);
    let found = running(given.clone()).unwrap();
    assert_eq!(found.visits[2].ratings, given[2].ratings);
}

#[test]
fn the_form_has_eight_areas_and_every_answer_is_read() {
    let all: Vec<_> = areas(Catalogue::newest()).collect();
    assert_eq!(all.len(), 8);
    for choice in all.iter().flat_map(|area| &area.choices) {
        assert!(Rating::from_code(&choice.code).is_some(), "{}", choice.code);
    }
    assert_eq!(Rating::from_code("seldom"), None);
}

fn rating() -> impl Strategy<Value = Rating> {
    prop_oneof![Just(NotMet), Just(Partly), Just(Met), Just(NotSeenToday)]
}

proptest! {
    #[test]
    fn any_order_of_arrival_gives_the_same(
        (ordered, shuffled) in prop::collection::vec(prop::collection::vec(rating(), 0..3), 0..8).prop_flat_map(|given| {
            let given: Vec<&[Rating]> = given.iter().map(Vec::as_slice).collect();
            let all = visits(&given);
            (Just(all.clone()), Just(all).prop_shuffle())
        })
    ) {
        let mut shuffled = shuffled;
        for visit in &mut shuffled {
            visit.ratings.reverse();
        }
        prop_assert_eq!(running(ordered), running(shuffled));
    }
}

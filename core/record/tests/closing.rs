//! A line that was closed: what brings it back, how far up, and the same in any order of arrival.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{BRYONY, CHILD, Draft, Pen, ROWAN, SAGE};
use proptest::prelude::*;
use visitbook_record::calendar::Date;
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::id::{OpId, RecordId, WorkerId};
use visitbook_record::neglect::{
    Back, Observed, Rating, Running, STEPS, Standing, closings, running, standing,
};
use visitbook_record::page::{Statement, View};
use visitbook_record::scope::LogPosition;
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::{Reason, Verdict};

const FOOD: &str = "area_food";

/// The day so many days after Tuesday 1 September 2026.
fn day(days: i32) -> Date {
    let first: Date = "2026-09-01".parse().unwrap();
    first.add_days(days).unwrap()
}

fn visit(week: u8) -> RecordId {
    RecordId([week; 16])
}

/// What Rowan put a week apart from 1 September 2026.
fn visits(all: &[Rating]) -> Vec<Observed> {
    (0u8..)
        .zip(all)
        .map(|(week, rating)| Observed {
            on: day(i32::from(week) * 7),
            visit: visit(week),
            beside: vec![],
            ratings: vec![(ROWAN, *rating)],
        })
        .collect()
}

fn not_met(times: usize) -> Vec<Observed> {
    visits(&vec![Rating::NotMet; times])
}

fn line(visits: Vec<Observed>) -> Running {
    running(visits).unwrap()
}

/// Closings as the council has them, one after the other.
struct Book {
    pen: Pen,
    statements: Vec<Statement>,
    ids: Vec<OpId>,
}

impl std::fmt::Debug for Book {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = closings(&self.statements, View::Shared, FOOD);
        f.debug_list().entries(all).finish()
    }
}

impl Book {
    fn of(worker: WorkerId) -> Self {
        let mut pen = Pen::new(worker, 3);
        pen.acting_as = Role::Manager;
        (pen.record, pen.record_kind) = (CHILD, RecordKind::Child);
        Self {
            pen,
            statements: vec![],
            ids: vec![],
        }
    }

    /// Closes by what Rowan put in these weeks; names the earlier closings given.
    fn closes(
        mut self,
        step: &str,
        look_again: Date,
        weeks: impl IntoIterator<Item = u8>,
        replaces: &[usize],
    ) -> Self {
        let rests_on: Vec<_> = weeks.into_iter().map(|week| (visit(week), ROWAN)).collect();
        let replaces: Vec<OpId> = replaces.iter().map(|at| self.ids[*at]).collect();
        let draft = Draft::closing(FOOD, step, &look_again.to_string(), &rests_on, &replaces);
        let content = draft.content.clone();
        let written = self.pen.write(vec![draft]);
        let position = self.statements.len() as u64 + 1;
        self.ids.push(written.id());
        for fact in written.facts(Some(Verdict::Applied)) {
            self.statements.push(Statement {
                fact,
                content: content.clone(),
                written: WallMillis(0),
                received: Some(WallMillis(0)),
                counted_at: Some(LogPosition { epoch: 1, position }),
            });
        }
        self
    }

    fn stands(&self, run: &Running, on: Date) -> Standing {
        standing(run, &closings(&self.statements, View::Shared, FOOD), on)
    }
}

fn sage() -> Book {
    Book::of(SAGE)
}

const HELP: &str = "practical_help";
const GROUP: &str = "core_group";
const LAW: &str = "legal_advice";

#[test]
fn it_stays_closed_until_the_area_is_not_met_again_or_the_day_has_passed() {
    let closed = sage().closes(GROUP, day(28), 0..3, &[]);
    let is_closed =
        |standing: &Standing| matches!(standing, Standing::Closed { by: 0, step: 1, .. });
    let back = |why| Standing::CameBack {
        closing: 0,
        why,
        step: 2,
    };
    let three = line(not_met(3));
    assert!(is_closed(&closed.stands(&three, day(14))));
    assert!(
        is_closed(&closed.stands(&three, day(28))),
        "on the day itself"
    );
    assert_eq!(
        closed.stands(&three, day(29)),
        back(Back::NothingChanged(day(28)))
    );
    let four = line(not_met(4));
    assert_eq!(
        closed.stands(&four, day(21)),
        back(Back::NotMetAgain(day(21)))
    );
    assert_eq!(
        closed.stands(&four, day(40)),
        back(Back::NotMetAgain(day(21))),
        "what was seen says more than a day that has passed"
    );
    let mut looked = not_met(3);
    looked.push(visits(&[Rating::Met, Rating::Met, Rating::Met, Rating::NotSeenToday]).remove(3));
    let looked = line(looked);
    assert!(is_closed(&closed.stands(&looked, day(21))), "nobody looked");
    assert_eq!(
        closed.stands(&looked, day(29)),
        back(Back::NothingChanged(day(28))),
        "nobody looked, so nothing has changed"
    );
}

#[test]
fn nobody_has_closed_it_where_the_closing_is_about_another_run_or_another_area() {
    let open = |book: &Book, run: &Running| book.stands(run, day(30)) == Standing::Open;
    assert!(open(&sage(), &line(not_met(3))));
    let mut again = visits(&[Rating::NotMet, Rating::NotMet, Rating::NotMet, Rating::Met]);
    again.extend(not_met(7).split_off(4));
    let closed = sage().closes(GROUP, day(60), 0..3, &[]);
    assert!(open(&closed, &line(again)), "it was met in between");
    let of_food = closings(&closed.statements, View::Shared, FOOD);
    assert_eq!(of_food.len(), 1);
    assert!(closings(&closed.statements, View::Shared, "area_health").is_empty());
}

#[test]
fn a_visit_that_comes_to_be_known_later_and_lies_before_brings_nothing_back() {
    let mut all = not_met(4);
    let early = all.remove(1);
    let closed = sage().closes(GROUP, day(60), [0, 2, 3], &[]);
    let mut known = closed.stands(&line(all.clone()), day(30));
    assert!(matches!(known, Standing::Closed { .. }));
    all.push(early);
    known = closed.stands(&line(all), day(30));
    assert!(matches!(known, Standing::Closed { .. }));
}

#[test]
fn each_time_it_is_one_step_up_and_never_above_the_largest() {
    let mut book = sage();
    let mut expected = Vec::new();
    for (turn, step) in [HELP, GROUP, LAW, LAW].into_iter().enumerate() {
        let weeks = u8::try_from(turn).unwrap() + 3;
        let before: Vec<usize> = turn.checked_sub(1).into_iter().collect();
        book = book.closes(step, day(200), 0..weeks, &before);
        let now = line(not_met(usize::from(weeks)));
        assert!(matches!(book.stands(&now, day(60)), Standing::Closed { by, .. } if by == turn));
        let again = line(not_met(usize::from(weeks) + 1));
        let standing = book.stands(&again, day(60));
        assert!(matches!(standing, Standing::CameBack { closing, .. } if closing == turn));
        expected.push(standing.least_step());
    }
    assert_eq!(expected, [1, 2, 2, 2]);
    assert_eq!(STEPS.len(), 3);
}

#[test]
fn of_two_that_crossed_the_one_that_looks_again_sooner_counts_until_somebody_saw_both() {
    let run = line(not_met(3));
    let crossed = || {
        sage()
            .closes(GROUP, day(60), 0..3, &[])
            .closes(HELP, day(30), 0..3, &[])
    };
    let book = crossed();
    assert_eq!(
        book.stands(&run, day(20)),
        Standing::Closed {
            by: 1,
            look_again: day(30),
            step: 1
        }
    );
    assert_eq!(
        book.stands(&run, day(31)),
        Standing::CameBack {
            closing: 1,
            why: Back::NothingChanged(day(30)),
            step: 2
        }
    );
    let of_both = crossed().closes(LAW, day(60), 0..3, &[0, 1]);
    assert!(matches!(
        of_both.stands(&run, day(31)),
        Standing::Closed { by: 2, .. }
    ));
    let of_one = crossed().closes(LAW, day(60), 0..3, &[0]);
    assert!(matches!(
        of_one.stands(&run, day(31)),
        Standing::CameBack { closing: 1, .. }
    ));
}

#[test]
fn what_was_set_aside_or_lost_its_words_closes_nothing() {
    let run = line(not_met(3));
    let mut book = sage().closes(GROUP, day(60), 0..3, &[]);
    book.statements[0].fact.verdict = Some(Verdict::Quarantined {
        reason: Reason::NotManager,
        owner: SAGE,
    });
    book.statements[0].counted_at = None;
    assert_eq!(book.stands(&run, day(20)), Standing::Open);
    let mut book = sage().closes(GROUP, day(60), 0..3, &[]);
    book.statements[0].content = None;
    assert_eq!(book.stands(&run, day(20)), Standing::Open);
}

#[test]
fn nobody_closes_a_line_over_their_own_observations_alone() {
    let book = Book::of(ROWAN).closes(GROUP, day(60), 0..3, &[]);
    let mut all = not_met(3);
    assert_eq!(book.stands(&line(all.clone()), day(20)), Standing::Open);
    // Bryony saw it too, and that is not what the closing says that it rests on.
    all[1].ratings.push((BRYONY, Rating::NotMet));
    assert_eq!(book.stands(&line(all), day(20)), Standing::Open);
    // Sage, who did not see it, names somebody who put something else.
    let mut all = not_met(3);
    for visit in &mut all {
        visit.ratings = vec![(BRYONY, Rating::NotMet), (ROWAN, Rating::Partly)];
    }
    let book = sage().closes(GROUP, day(60), 0..3, &[]);
    assert_eq!(book.stands(&line(all), day(20)), Standing::Open);
}

#[test]
fn a_visit_may_be_named_by_any_of_its_records() {
    let mut all = not_met(3);
    all[2].visit = visit(9);
    all[2].beside = vec![visit(2)];
    let book = sage().closes(GROUP, day(60), 0..3, &[]);
    assert!(matches!(
        book.stands(&line(all), day(20)),
        Standing::Closed { .. }
    ));
}

/// Closings of any step, day, weeks and links.
fn books() -> impl Strategy<Value = Book> {
    let one = (0..STEPS.len(), 0i32..80, 1u8..7, any::<bool>());
    prop::collection::vec(one, 0..5).prop_map(|all| {
        let mut book = sage();
        for (step, look_again, weeks, follows) in all {
            let earlier: Vec<usize> = (0..book.ids.len()).filter(|_| follows).collect();
            book = book.closes(STEPS[step].code, day(look_again), 0..weeks, &earlier);
        }
        book
    })
}

/// By the names of the statements, which do not depend on where they stand.
fn named(standing: Standing, statements: &[Statement]) -> (Standing, Option<OpId>) {
    let id = |at: usize| Some(statements[at].fact.id);
    match standing {
        Standing::Open => (Standing::Open, None),
        Standing::Closed {
            by,
            look_again,
            step,
        } => {
            let one = Standing::Closed {
                by: 0,
                look_again,
                step,
            };
            (one, id(by))
        }
        Standing::CameBack { closing, why, step } => {
            let one = Standing::CameBack {
                closing: 0,
                why,
                step,
            };
            (one, id(closing))
        }
    }
}

proptest! {
    #[test]
    fn any_order_of_arrival_gives_the_same(
        (book, shuffled, weeks, on) in books().prop_flat_map(|book| {
            let statements = book.statements.clone();
            (Just(std::rc::Rc::new(book)), Just(statements).prop_shuffle(), 3usize..7, 0i32..90)
        }),
    ) {
        let ordered = line(not_met(weeks));
        let mut arrived = not_met(weeks);
        arrived.reverse();
        let arrived = line(arrived);
        let one = named(book.stands(&ordered, day(on)), &book.statements);
        let other = standing(&arrived, &closings(&shuffled, View::Shared, FOOD), day(on));
        prop_assert_eq!(one, named(other, &shuffled));
    }

    #[test]
    fn a_further_visit_without_the_area_met_leaves_nothing_closed(book in books(), on in 0i32..90) {
        let closed = matches!(book.stands(&line(not_met(7)), day(on)), Standing::Closed { .. });
        prop_assert!(!closed);
    }

    #[test]
    fn nothing_stays_closed_for_ever_and_the_step_never_falls(book in books(), weeks in 3usize..7) {
        let run = line(not_met(weeks));
        let mut least = 0;
        for on in 0..90 {
            let now = book.stands(&run, day(on)).least_step();
            prop_assert!(now >= least, "{now} after {least} on day {on}");
            least = now;
        }
        let closed = matches!(book.stands(&run, day(80)), Standing::Closed { .. });
        prop_assert!(!closed);
    }
}

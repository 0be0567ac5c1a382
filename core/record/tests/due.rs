//! Due dates: cases worked out by hand, and what must hold for every child.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use proptest::prelude::*;
use visitbook_record::calendar::{Calendar, Date, OutsideCalendar};
use visitbook_record::due::{
    Arrangement, Attempt, Child, ChildDue, Counting, Duty, FirstDay, Interval, Kind, Part, Period,
    RuleId, Rules, RulesError, Seen, Terms, Unit, Variation, Visit, due, is_settled,
};

fn date(text: &str) -> Date {
    text.parse().unwrap()
}

fn interval(text: &str) -> Interval {
    text.parse().unwrap()
}

fn terms(first: &str, early: &str, then: &str) -> Terms {
    Terms::of(interval(first), interval(early), interval(then))
}

const KINDS: [Kind; 5] = [
    Kind::LookedAfter,
    Kind::PrivatelyFostered,
    Kind::ChildProtection,
    Kind::ChildInNeed,
    Kind::CareLeaver,
];

const fn placement(to_18: bool, long_term_foster_agreed: bool) -> Duty {
    Duty::LookedAfter(Arrangement::Placement {
        to_18,
        long_term_foster_agreed,
    })
}

const DUTIES: [(&str, Duty); 14] = [
    ("cp", Duty::ChildProtection),
    ("cin", Duty::ChildInNeed),
    ("pf", Duty::PrivatelyFostered),
    ("cl", Duty::CareLeaver),
    ("cl.accommodated", Duty::CareLeaverAccommodated),
    ("cla", placement(false, false)),
    ("cla.to18", placement(true, false)),
    ("cla.longterm", placement(true, true)),
    ("cla.agreed_only", placement(false, true)),
    (
        "cla.reg19",
        Duty::LookedAfter(Arrangement::WithParentUnassessed),
    ),
    (
        "cla.reg24",
        Duty::LookedAfter(Arrangement::TemporaryApprovalOrInterimOrder),
    ),
    (
        "cla.order",
        Duty::LookedAfter(Arrangement::WithParentUnderOrder),
    ),
    (
        "cla.other",
        Duty::LookedAfter(Arrangement::OthersArrangement),
    ),
    ("cla.short", Duty::LookedAfter(Arrangement::ShortBreaks)),
];

fn duty(name: &str) -> Duty {
    DUTIES
        .iter()
        .find(|(known, _)| *known == name)
        .expect("a known duty")
        .1
}

fn period(text: &str) -> Period {
    let mut words = text.split_whitespace();
    let name = words.next().unwrap();
    let mut period = Period::new(duty(name), date(words.next().unwrap()));
    for word in words {
        match word.split_once('=').unwrap() {
            ("to", day) => period.end = Some(date(day)),
            ("since", day) => period.since = Some(date(day)),
            ("review", day) => period.first_review = Some(date(day)),
            ("every", gap) => period.visit_every = Some(interval(gap)),
            ("agreed", all) => {
                let parts: Vec<&str> = all.split(',').collect();
                period.variation = Some(Variation {
                    every: interval(parts[0]),
                    from: date(parts[1]),
                    until: date(parts[2]),
                });
            }
            other => panic!("{other:?}"),
        }
    }
    period
}

fn visit(text: &str) -> Visit {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut visit = Visit {
        on: date(words[0]),
        seen: Seen::Yes,
        in_person: true,
        statutory: true,
        serves: words[1]
            .split(',')
            .map(|code| {
                KINDS
                    .into_iter()
                    .find(|kind| kind.code() == code)
                    .expect("a known kind")
            })
            .collect(),
    };
    match words.get(2) {
        None => {}
        Some(&"video") => visit.in_person = false,
        Some(&"not_seen") => visit.seen = Seen::No,
        Some(&"unrecorded") => visit.seen = Seen::NotRecorded,
        Some(&"unborn") => visit.seen = Seen::Unborn,
        Some(&"extra") => visit.statutory = false,
        other => panic!("{other:?}"),
    }
    visit
}

fn rules(text: &str) -> Rules {
    let mut rules = Rules::england();
    let mut counting = rules.counting().clone();
    for word in text.split_whitespace() {
        match word.split_once('=') {
            None if word == "day1" => counting.first_day = FirstDay::SameDay,
            None if word == "bank_holidays_count" => counting.calendar = Calendar::weekends_only(),
            Some(("holiday", day)) => counting.calendar = counting.calendar.with_holiday(date(day)),
            Some(("no_access", within)) => {
                rules = rules.with_seen_after_no_access(interval(within))
            }
            Some((code, gaps)) => {
                let gaps: Vec<&str> = gaps.split('/').collect();
                let rule = RuleId::with_code(code).expect("a known rule");
                rules = rules
                    .with_terms(rule, terms(gaps[0], gaps[1], gaps[2]))
                    .unwrap();
            }
            None => panic!("{word}"),
        }
    }
    rules.with_counting(counting).unwrap()
}

/// What the table says of one case, line by line, in the words of the table.
fn told(found: &ChildDue, day: Date, with_line: bool) -> Vec<String> {
    let mut told = Vec::new();
    for owed in &found.obligations {
        let due = owed.due.map_or("-".to_owned(), |due| due.to_string());
        let mut line = format!(
            "due {} {due} {} | {}",
            owed.kind.code(),
            owed.status.words(),
            owed.sum
        );
        for note in &owed.notes {
            line.push_str(&format!(" | {}", note.words(day)));
        }
        told.push(line);
        for (on, why) in &owed.not_counted {
            told.push(format!("uncounted {on} {}", why.words()));
        }
    }
    if let Some(no_access) = &found.no_access {
        let manager = if no_access.tell_manager { "* " } else { "" };
        told.push(format!("noaccess {manager}{}", no_access.line));
    }
    if with_line {
        told.push(format!("line {}", found.line().unwrap()));
    }
    told
}

#[test]
fn every_case_of_the_table() {
    let mut cases = 0;
    let mut wrong = Vec::new();
    for case in include_str!("vectors/due.txt").split("\n= ").skip(1) {
        let mut lines = case.lines();
        let name = lines.next().unwrap();
        let mut child = Child {
            born: Some(date("2015-01-01")),
            ..Child::default()
        };
        let (mut day, mut by, mut expected, mut with_line) = (None, rules(""), Vec::new(), false);
        for line in lines.filter(|line| !line.is_empty()) {
            match line.split_once(' ').unwrap() {
                ("day", text) => day = Some(date(text)),
                ("rules", text) => by = rules(text),
                ("born", "-") => child.born = None,
                ("born", text) => child.born = Some(date(text)),
                ("period", text) => child.periods.push(period(text)),
                ("visit", text) => child.visits.push(visit(text)),
                ("attempt", text) => child.attempts.push(Attempt { on: date(text) }),
                (word @ ("due" | "uncounted" | "noaccess" | "line"), _) => {
                    with_line |= word == "line";
                    expected.push(line.to_owned());
                }
                other => panic!("{other:?}"),
            }
        }
        let day = day.expect("a day");
        let found = told(&due(&by, &child, day).unwrap(), day, with_line);
        if found != expected {
            wrong.push(format!(
                "= {name}\nexpected {expected:#?}\nfound {found:#?}"
            ));
        }
        // The order in which facts are known changes nothing.
        child.visits.reverse();
        child.attempts.reverse();
        assert_eq!(
            told(&due(&by, &child, day).unwrap(), day, with_line),
            found,
            "{name}"
        );
        cases += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert_eq!(cases, 111);
}

#[test]
fn a_rule_looser_than_the_law_is_refused_by_name() {
    let loose =
        |rule, first, early, then| Rules::england().with_terms(rule, terms(first, early, then));
    for (rule, gaps, part) in [
        (RuleId::Care, ["8d", "6w", "6w"], Part::First),
        (RuleId::Care, ["1w", "43d", "43d"], Part::Early),
        (RuleId::Care, ["1w", "6w", "2m"], Part::Then),
        (RuleId::CareTo18, ["1w", "6w", "14w"], Part::Then),
        (
            RuleId::CareLongTermFosterAgreed,
            ["1w", "6w", "7m"],
            Part::Then,
        ),
        (
            RuleId::CareWithParentUnassessed,
            ["1w", "8d", "6w"],
            Part::Early,
        ),
        (
            RuleId::CareTemporaryApprovalOrInterimOrder,
            ["1w", "1w", "1m"],
            Part::Then,
        ),
        (RuleId::PrivatelyFostered, ["8wd", "6w", "12w"], Part::First),
        (RuleId::PrivatelyFostered, ["7wd", "6w", "3m"], Part::Then),
        (
            RuleId::CareLeaverAccommodated,
            ["7d", "9w", "9w"],
            Part::Early,
        ),
        // Six weeks in June, more at Christmas.
        (RuleId::Care, ["1w", "30wd", "30wd"], Part::Early),
        // Five working days are a week, and more at Easter.
        (RuleId::Care, ["5wd", "6w", "6w"], Part::First),
    ] {
        match loose(rule, gaps[0], gaps[1], gaps[2]) {
            Err(RulesError::LooserThanLaw {
                rule: named,
                part: which,
                ..
            }) => {
                assert_eq!((named, which), (rule, part), "{gaps:?}");
            }
            other => panic!("{rule:?} {gaps:?}: {:?}", other.map(|_| "taken")),
        }
    }
    let error = loose(RuleId::Care, "1w", "6w", "8w").unwrap_err();
    assert_eq!(
        error.to_string(),
        "rule cla.general, later visits: eight weeks can be longer than the law allows (six weeks), for instance from 2000-01-01"
    );
}

#[test]
fn a_rule_within_the_law_is_taken_in_whatever_unit() {
    for (rule, gaps) in [
        (RuleId::Care, ["3d", "28d", "1m"]),
        (RuleId::Care, ["3wd", "20wd", "20wd"]),
        (RuleId::CareTo18, ["1w", "6w", "12w"]),
        (RuleId::PrivatelyFostered, ["9d", "6w", "12w"]),
        (RuleId::CareLeaverAccommodated, ["1w", "8w", "2m"]),
        (RuleId::ChildProtection, ["3m", "6m", "6m"]),
        (RuleId::ChildInNeed, ["1w", "6w", "12w"]),
        (RuleId::CareLeaver, ["3m", "3m", "3m"]),
    ] {
        let set = terms(gaps[0], gaps[1], gaps[2]);
        let rules = Rules::england().with_terms(rule, set).unwrap();
        assert_eq!(rules.terms(rule), set);
    }
}

#[test]
fn a_gap_of_the_law_cannot_be_left_out_and_gaps_do_not_shrink() {
    let left_out = Terms {
        first: None,
        ..RuleId::Care.default_terms()
    };
    assert_eq!(
        Rules::england()
            .with_terms(RuleId::Care, left_out)
            .unwrap_err(),
        RulesError::LeftOut {
            rule: RuleId::Care,
            part: Part::First,
            law: interval("1w")
        }
    );
    assert_eq!(
        Rules::england()
            .with_terms(RuleId::ChildProtection, terms("10wd", "10wd", "5wd"))
            .unwrap_err(),
        RulesError::OutOfOrder {
            rule: RuleId::ChildProtection
        }
    );
}

#[test]
fn counting_bank_holidays_or_day_one_never_makes_a_rule_looser_and_a_rule_in_other_units_is_checked_again()
 {
    let day1 = Counting {
        calendar: Calendar::weekends_only(),
        first_day: FirstDay::SameDay,
    };
    let rules = Rules::england().with_counting(day1.clone()).unwrap();
    // With day 1, eight working days from a Monday end where seven do; from a Sunday they do not.
    assert!(matches!(
        rules
            .clone()
            .with_terms(RuleId::PrivatelyFostered, terms("8wd", "6w", "12w")),
        Err(RulesError::LooserThanLaw {
            rule: RuleId::PrivatelyFostered,
            part: Part::First,
            ..
        })
    ));
    // Thirty weekdays are six weeks at most only while bank holidays count; going back is refused.
    let thirty = rules
        .with_terms(RuleId::Care, terms("1w", "30wd", "30wd"))
        .unwrap();
    let default = Rules::england().counting().clone();
    assert!(matches!(
        thirty.with_counting(default),
        Err(RulesError::LooserThanLaw {
            rule: RuleId::Care,
            part: Part::Early,
            ..
        })
    ));
}

#[test]
fn no_sum_is_made_with_holidays_that_are_not_known() {
    let child = |start: &str, name: &str| Child {
        born: Some(date("1999-01-01")),
        periods: vec![period(&format!("{name} {start}"))],
        ..Child::default()
    };
    let by = rules("");
    assert_eq!(
        due(&by, &child("2050-12-20", "cp"), date("2050-12-21")),
        Err(OutsideCalendar)
    );
    assert!(due(&by, &child("2050-12-20", "cla"), date("2050-12-21")).is_ok());
    // Late by working days of years not known.
    assert_eq!(
        due(&by, &child("1998-12-01", "cla"), date("2026-10-27")),
        Err(OutsideCalendar)
    );
}

#[test]
fn every_rule_has_its_own_code() {
    for rule in RuleId::ALL {
        assert_eq!(RuleId::with_code(rule.code()), Some(rule));
    }
    assert_eq!(RuleId::with_code("cla"), None);
}

#[test]
fn what_was_seen_last_is_in_person_and_of_any_kind() {
    let mut child = Child {
        born: Some(date("2015-01-01")),
        periods: vec![period("cp 2026-06-01")],
        visits: vec![
            visit("2026-10-13 cp"),
            visit("2026-10-20 cla extra"),
            visit("2026-10-22 cp video"),
        ],
        ..Child::default()
    };
    let last = |child: &Child| {
        due(&rules(""), child, date("2026-10-27"))
            .unwrap()
            .last_seen
    };
    assert_eq!(last(&child), Some(date("2026-10-20")));
    child.visits.clear();
    child.visits.push(visit("2026-10-13 cp unborn"));
    assert_eq!(last(&child), None);
}

fn day_near() -> impl Strategy<Value = Date> {
    // Three years around the turn of 2026, leap day and both Easters among them.
    (0..1100i32).prop_map(|days| date("2025-11-01").add_days(days).unwrap())
}

fn gap() -> impl Strategy<Value = Interval> {
    prop_oneof![
        (1..30u16).prop_map(|count| Interval::new(count, Unit::WorkingDay).unwrap()),
        (1..60u16).prop_map(|count| Interval::new(count, Unit::Day).unwrap()),
        (1..14u16).prop_map(|count| Interval::new(count, Unit::Week).unwrap()),
        (1..7u16).prop_map(|count| Interval::new(count, Unit::Month).unwrap()),
    ]
}

fn any_period() -> impl Strategy<Value = Period> {
    (
        0..DUTIES.len(),
        day_near(),
        prop::option::weighted(0.2, day_near()),
        prop::option::weighted(0.4, day_near()),
        prop::option::of(day_near()),
        prop::option::of(gap()),
        prop::option::of((gap(), day_near(), 0..200i32)),
    )
        .prop_map(
            |(at, start, end, since, first_review, visit_every, variation)| Period {
                duty: DUTIES[at].1,
                start,
                end,
                since,
                first_review,
                visit_every,
                variation: variation.map(|(every, from, days)| Variation {
                    every,
                    from,
                    until: from.add_days(days).unwrap(),
                }),
            },
        )
}

fn any_visit() -> impl Strategy<Value = Visit> {
    (
        day_near(),
        prop_oneof![4 => Just(Seen::Yes), 1 => Just(Seen::No), 1 => Just(Seen::Unborn), 1 => Just(Seen::NotRecorded)],
        prop::bool::weighted(0.8),
        prop::bool::weighted(0.8),
        prop::sample::subsequence(KINDS.to_vec(), 0..=5),
    )
        .prop_map(|(on, seen, in_person, statutory, serves)| Visit {
            on,
            seen,
            in_person,
            statutory,
            serves,
        })
}

fn any_child() -> impl Strategy<Value = Child> {
    (
        prop::option::of(day_near()),
        prop::collection::vec(any_period(), 1..4),
        prop::collection::vec(any_visit(), 0..8),
        prop::collection::vec(day_near().prop_map(|on| Attempt { on }), 0..4),
    )
        .prop_map(|(born, periods, visits, attempts)| Child {
            born,
            periods,
            visits,
            attempts,
        })
}

fn any_rules() -> impl Strategy<Value = Rules> {
    prop_oneof![
        Just(rules("")),
        Just(rules("day1")),
        Just(rules("bank_holidays_count cp=5wd/5wd/4w")),
        Just(rules(
            "cla.general=3d/2w/20wd cla.to18=1w/4w/8w pf=5wd/30d/10w cin=2w/6w/6w"
        )),
    ]
}

/// A child whose property failed, for whoever has to find out why.
fn shown(child: &Child) -> String {
    let mut shown = format!("born {:?}", child.born);
    for p in &child.periods {
        let agreed = p.variation.map(|v| (v.every, v.from, v.until));
        shown.push_str(&format!(
            "\nperiod {:?} {} to {:?} since {:?} review {:?} every {:?} agreed {agreed:?}",
            p.duty, p.start, p.end, p.since, p.first_review, p.visit_every
        ));
    }
    for v in &child.visits {
        shown.push_str(&format!(
            "\nvisit {} {:?} in person {} statutory {} {:?}",
            v.on, v.seen, v.in_person, v.statutory, v.serves
        ));
    }
    shown
}

/// The date of each period in force; a period without a date as the furthest.
fn dates(found: &ChildDue) -> Vec<(usize, Date)> {
    let mut dates: Vec<(usize, Date)> = found
        .obligations
        .iter()
        .map(|owed| (owed.period, owed.due.unwrap_or(date("9999-12-31"))))
        .collect();
    dates.sort_unstable();
    dates
}

fn none_earlier(before: &ChildDue, after: &ChildDue) -> bool {
    let (before, after) = (dates(before), dates(after));
    before.len() == after.len()
        && before
            .iter()
            .zip(&after)
            .all(|((p, was), (q, is))| p == q && is >= was)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1500))]

    #[test]
    fn a_later_seen_visit_never_brings_a_date_forward(
        by in any_rules(), child in any_child(), on in day_near(), day in day_near(),
    ) {
        let before = due(&by, &child, day).unwrap();
        let mut seen = child.clone();
        seen.visits.push(Visit { on, seen: Seen::Yes, in_person: true, statutory: true, serves: KINDS.to_vec() });
        prop_assert!(none_earlier(&before, &due(&by, &seen, day).unwrap()), "{} {}", day, shown(&child));
    }

    #[test]
    fn what_does_not_count_never_moves_a_date(
        by in any_rules(), child in any_child(), on in day_near(), day in day_near(), how in 0..5u8,
    ) {
        let before = due(&by, &child, day).unwrap();
        let mut after = child.clone();
        let seen = Visit { on, seen: Seen::Yes, in_person: true, statutory: true, serves: KINDS.to_vec() };
        match how {
            0 => after.attempts.push(Attempt { on }),
            1 => after.visits.push(Visit { seen: Seen::No, ..seen }),
            2 => after.visits.push(Visit { seen: Seen::NotRecorded, ..seen }),
            3 => after.visits.push(Visit { in_person: false, ..seen }),
            _ => after.visits.push(Visit { statutory: false, ..seen }),
        }
        let after = due(&by, &after, day).unwrap();
        prop_assert_eq!(dates(&before), dates(&after), "{} {}", day, shown(&child));
        for (was, is) in before.obligations.iter().zip(&after.obligations) {
            prop_assert_eq!((&was.sum, was.status, was.basis), (&is.sum, is.status, is.basis));
        }
    }

    #[test]
    fn once_settled_nothing_older_changes_what_is_said(
        by in any_rules(), child in any_child(), old in prop::collection::vec(any_visit(), 0..12), day in day_near(),
        beside in prop::collection::vec(any_visit(), 0..3),
    ) {
        let whole = Child { visits: [child.visits.clone(), old, beside.clone()].concat(), ..child.clone() };
        let all = due(&by, &whole, day).unwrap();
        // What stands apart from the list is told first, as dates that two people put differently are.
        let mut told = Child { visits: beside.clone(), attempts: Vec::new(), ..child };
        let mut listed: Vec<Result<Visit, Attempt>> = whole.visits[..whole.visits.len() - beside.len()].iter().cloned().map(Ok).collect();
        listed.extend(whole.attempts.iter().copied().map(Err));
        let on = |one: &Result<Visit, Attempt>| match one { Ok(visit) => visit.on, Err(attempt) => attempt.on };
        listed.sort_by_key(|one| std::cmp::Reverse(on(one)));
        for one in listed {
            let since = on(&one);
            match one { Ok(visit) => told.visits.push(visit), Err(attempt) => told.attempts.push(attempt) }
            if is_settled(&told, day, since) {
                prop_assert!(due(&by, &told, day).unwrap() == all, "{} since {}: {}", day, since, shown(&whole));
            }
        }
    }

    #[test]
    fn a_tighter_rule_never_makes_a_date_later(
        child in any_child(), day in day_near(), rule in 0..RuleId::ALL.len(), by_how_much in (0..4u16, 0..4u16, 0..4u16),
    ) {
        let rule = RuleId::ALL[rule];
        let default = rule.default_terms();
        let less = |gap: Option<Interval>, by: u16| gap.map(|gap| {
            Interval::new(gap.count().saturating_sub(by).max(1), gap.unit()).unwrap()
        });
        let tighter = Terms {
            first: less(default.first, by_how_much.0),
            early: less(default.early, by_how_much.1),
            then: less(default.then, by_how_much.2),
        };
        let england = Rules::england();
        if let Ok(council) = england.clone().with_terms(rule, tighter) {
            prop_assert!(none_earlier(&due(&council, &child, day).unwrap(), &due(&england, &child, day).unwrap()), "{} {}", day, shown(&child));
        }
    }

    #[test]
    fn a_closer_plan_never_makes_a_date_later(child in any_child(), day in day_near(), less in 1..20u16) {
        let mut closer = child.clone();
        for period in &mut closer.periods {
            period.visit_every = period.visit_every.map(|gap| {
                Interval::new(gap.count().saturating_sub(less).max(1), gap.unit()).unwrap()
            });
        }
        let by = Rules::england();
        prop_assert!(none_earlier(&due(&by, &closer, day).unwrap(), &due(&by, &child, day).unwrap()), "{} {}", day, shown(&child));
    }

    #[test]
    fn nothing_a_plan_or_a_person_agrees_goes_beyond_the_law(
        by in any_rules(), child in any_child(), day in day_near(),
    ) {
        let mut plain = child.clone();
        for period in &mut plain.periods {
            period.visit_every = None;
            period.variation = None;
        }
        let (found, law) = (due(&by, &child, day).unwrap(), due(&Rules::england(), &plain, day).unwrap());
        for owed in found.obligations.iter().filter(|owed| owed.rule.is_law()) {
            let bound = law.obligations.iter().find(|other| other.period == owed.period).unwrap();
            prop_assert!(owed.due <= bound.due, "{} {}", day, shown(&child));
            prop_assert!(owed.due.is_some());
        }
    }

    #[test]
    fn the_earliest_leads_and_the_status_follows_from_the_date(
        by in any_rules(), child in any_child(), day in day_near(),
    ) {
        use visitbook_record::due::Status;
        let found = due(&by, &child, day).unwrap();
        let dated: Vec<Date> = found.obligations.iter().filter_map(|owed| owed.due).collect();
        prop_assert!(dated.is_sorted());
        prop_assert_eq!(found.leading().and_then(|owed| owed.due), dated.iter().min().copied());
        prop_assert!(found.same_day().all(|owed| owed.due == dated.first().copied()));
        for owed in &found.obligations {
            let fits = match (owed.status, owed.due) {
                (Status::NoDate, None) => true,
                (Status::DueToday, Some(due)) => due == day,
                (Status::DueIn { days }, Some(due)) => i64::from(day.days_to(due)) == i64::from(days) && days > 0,
                (Status::Overdue { .. }, Some(due)) => due < day,
                _ => false,
            };
            prop_assert!(fits);
            prop_assert!(owed.basis <= day && owed.due.is_none_or(|due| due >= owed.basis));
            prop_assert!(!owed.sum.contains('\n') && !owed.sum.is_empty());
        }
    }

    #[test]
    fn no_answer_is_in_a_row_until_the_child_is_seen(
        attempts in prop::collection::vec(day_near(), 0..5), seen in prop::option::of(day_near()), day in day_near(),
    ) {
        let child = Child {
            born: Some(date("2015-01-01")),
            visits: seen.map(|on| Visit { on, seen: Seen::Yes, in_person: true, statutory: false, serves: vec![] }).into_iter().collect(),
            attempts: attempts.iter().map(|on| Attempt { on: *on }).collect(),
            ..Child::default()
        };
        let found = due(&Rules::england(), &child, day).unwrap();
        let known = seen.filter(|on| *on <= day);
        let since = attempts.iter().filter(|on| **on <= day && known.is_none_or(|seen| **on > seen)).count();
        prop_assert_eq!(found.no_access.as_ref().map_or(0, |no_access| no_access.on.len()), since);
        prop_assert_eq!(found.no_access.as_ref().is_some_and(|no_access| no_access.twice), since >= 2);
        if let Some(no_access) = found.no_access {
            prop_assert!(no_access.on.is_sorted());
            prop_assert_eq!(no_access.tell_manager, since >= 2 || no_access.see_by < day);
        }
    }
}

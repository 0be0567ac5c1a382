//! What is common to an outing goes to every child; what is about one child never does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{Draft, Pen, ROWAN};
use proptest::prelude::*;
use visitbook_record::catalogue::{Catalogue, Field, Sort};
use visitbook_record::fact::{Answer, Fact};
use visitbook_record::id::RecordId;
use visitbook_record::op::{Policy, Target};
use visitbook_record::outing::{
    AskedFor, CannotFanOut, Drafted, ForOneChild, Sibling, differences, fan_out,
};
use visitbook_record::payload::{Content, Value};

fn siblings(count: u8) -> Vec<Sibling> {
    (0..count)
        .map(|n| Sibling {
            child: child(n),
            visit: RecordId([0x80 + n; 16]),
        })
        .collect()
}

fn child(n: u8) -> RecordId {
    RecordId([n + 1; 16])
}

fn target_of(field: &Field, part: Option<usize>) -> Target {
    match (field.elements, part.and_then(|at| field.parts.get(at))) {
        (true, Some(part)) => Target::part(&field.code, "e1", &part.code),
        (true, None) => Target::element(&field.code, "e1"),
        (false, _) => Target::field(&field.code),
    }
}

fn drafted(target: Target, asked_for: AskedFor) -> Drafted {
    let content = Content::Value(Value::new("x", "x"));
    Drafted {
        target,
        content,
        asked_for,
    }
}

fn out(count: u8, drafted: &[Drafted]) -> Result<Vec<ForOneChild>, CannotFanOut> {
    fan_out(Catalogue::newest(), &siblings(count), drafted)
}

fn refused(result: Result<Vec<ForOneChild>, CannotFanOut>) -> CannotFanOut {
    match result {
        Err(why) => why,
        Ok(_) => panic!("was written"),
    }
}

#[test]
fn the_doorstep_answers_of_three_siblings_become_three_lists() {
    let seen = |n: u8| drafted(Target::field("seen"), AskedFor::Children(vec![child(n)]));
    let lists = out(
        3,
        &[
            drafted(Target::field("arrived"), AskedFor::Everybody),
            seen(0),
            seen(2),
            drafted(
                Target::part("people_present", "reed", "lives_here"),
                AskedFor::Everybody,
            ),
            drafted(
                Target::element("said_by_adult", "e"),
                AskedFor::Children(vec![child(1), child(2)]),
            ),
            drafted(
                Target::part("said_by_adult", "e", "who"),
                AskedFor::Children(vec![child(1), child(2)]),
            ),
        ],
    )
    .unwrap_or_else(|why| panic!("{why}"));
    let written: Vec<(RecordId, Vec<String>)> = lists
        .iter()
        .map(|list| {
            (
                list.sibling.visit,
                list.statements
                    .iter()
                    .map(|(target, _)| target.to_string())
                    .collect(),
            )
        })
        .collect();
    let reed = "people_present/reed/lives_here";
    assert_eq!(written[0].1, ["arrived", "seen", reed]);
    assert_eq!(
        written[1].1,
        ["arrived", reed, "said_by_adult/e", "said_by_adult/e/who"]
    );
    assert_eq!(
        written[2].1,
        [
            "arrived",
            "seen",
            reed,
            "said_by_adult/e",
            "said_by_adult/e/who"
        ]
    );
    assert_eq!(
        written.iter().map(|(visit, _)| *visit).collect::<Vec<_>>(),
        siblings(3).iter().map(|s| s.visit).collect::<Vec<_>>()
    );
}

#[test]
fn seen_and_alone_are_refused_for_several_and_for_everybody() {
    for field in [
        "seen",
        "alone",
        "not_spoken_alone_because",
        "bedroom",
        "injury_or_mark",
        "safe_now",
        "welfare_ok",
    ] {
        let several = AskedFor::Children(vec![child(0), child(1)]);
        for asked in [several, AskedFor::Everybody] {
            let why = refused(out(3, &[drafted(Target::field(field), asked)]));
            assert_eq!(
                why,
                CannotFanOut::AboutOneChild {
                    field: field.into()
                }
            );
        }
        // Nor does an outing of one make it a common fact.
        refused(out(
            1,
            &[drafted(Target::field(field), AskedFor::Everybody)],
        ));
    }
    refused(out(
        3,
        &[drafted(
            Target::element("voice", "v"),
            AskedFor::Children(vec![child(0), child(1)]),
        )],
    ));
    refused(out(
        3,
        &[drafted(
            Target::element("area_food", "w"),
            AskedFor::Everybody,
        )],
    ));
    refused(out(
        3,
        &[drafted(
            Target::element("meaning", "m"),
            AskedFor::Everybody,
        )],
    ));
}

#[test]
fn one_statement_that_may_not_be_written_stops_them_all() {
    let good = || drafted(Target::field("arrived"), AskedFor::Everybody);
    let elsewhere = drafted(Target::field("arrived"), AskedFor::Children(vec![child(9)]));
    assert_eq!(
        refused(out(3, &[good(), elsewhere])),
        CannotFanOut::NotOnOuting {
            field: "arrived".into()
        }
    );
    for strange in [
        Target::field("shoe_size"),
        Target::element("seen", "x"),
        Target::field("people_present"),
    ] {
        let asked = AskedFor::Children(vec![child(0)]);
        let field = strange.name().to_owned();
        assert_eq!(
            refused(out(3, &[good(), drafted(strange, asked)])),
            CannotFanOut::UnknownField { field }
        );
    }
}

/// "Change for all three?" may be answered "only for Finch".
#[test]
fn a_common_fact_may_be_changed_for_some_and_nobody_is_written_twice() {
    let only = drafted(
        Target::field("left"),
        AskedFor::Children(vec![child(1), child(1)]),
    );
    let lists = out(3, &[only]).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(lists.len(), 1);
    assert_eq!(
        (lists[0].sibling.child, lists[0].statements.len()),
        (child(1), 1)
    );
    assert!(out(3, &[]).is_ok_and(|lists| lists.is_empty()));
}

fn any_drafted() -> impl Strategy<Value = Drafted> {
    let fields = Catalogue::newest().fields("visit");
    let asked = prop_oneof![
        Just(AskedFor::Everybody),
        prop::collection::vec((0u8..4).prop_map(child), 0..4).prop_map(AskedFor::Children),
    ];
    (0..fields.len(), prop::option::of(0usize..4), asked)
        .prop_map(move |(at, part, asked)| drafted(target_of(&fields[at], part), asked))
}

proptest! {
    /// For any statements at all: what is not common to the outing reaches only children who were named for it, and reaches
    /// more than one of them only as a copied piece of text.
    #[test]
    fn nothing_about_one_child_ever_fans_out(
        count in 1u8..5,
        statements in prop::collection::vec(any_drafted(), 1..6),
    ) {
        for statement in &statements {
            let Ok(lists) = out(count, std::slice::from_ref(statement)) else { continue };
            let reached: Vec<RecordId> = lists.iter().map(|list| list.sibling.child).collect();
            let field = Catalogue::newest().fields("visit").iter().find(|f| f.code == statement.target.name()).unwrap();
            match &statement.asked_for {
                AskedFor::Everybody => {
                    prop_assert!(field.trip);
                    prop_assert_eq!(reached.len(), usize::from(count));
                }
                AskedFor::Children(named) => {
                    prop_assert!(reached.iter().all(|child| named.contains(child)));
                    prop_assert!(reached.len() <= 1 || field.trip || field.sort == Sort::Entry);
                }
            }
        }
        // Together they give what each gives alone, or nothing at all.
        let alone: Result<Vec<_>, _> = statements.iter().map(|s| out(count, std::slice::from_ref(s))).collect();
        match (out(count, &statements), alone) {
            (Ok(together), Ok(alone)) => {
                let total = |lists: &[ForOneChild]| lists.iter().map(|list| list.statements.len()).sum::<usize>();
                prop_assert_eq!(total(&together), alone.iter().map(|lists| total(lists)).sum::<usize>());
            }
            (Err(together), Err(alone)) => prop_assert_eq!(together, alone),
            _ => prop_assert!(false, "together they fare otherwise than alone"),
        }
    }
}

fn answered(answers: &[(&str, &str)]) -> Vec<Fact> {
    let draft = |(target, code): &(&str, &str)| {
        Draft::assert(Policy::Ordinary, target.parse().unwrap(), code, &[])
    };
    Pen::new(ROWAN, 1)
        .write(answers.iter().map(draft).collect())
        .facts(None)
}

fn differing(children: &[Vec<Fact>]) -> Vec<String> {
    let live: Vec<Vec<&Fact>> = children
        .iter()
        .map(|facts| facts.iter().collect())
        .collect();
    differences(Catalogue::newest(), &live)
        .iter()
        .map(ToString::to_string)
        .collect()
}

#[test]
fn differences_are_those_in_common_facts_only() {
    let wren = answered(&[
        ("arrived", "09:40"),
        ("place", "home"),
        ("seen", "yes"),
        ("people_present/reed", "reed"),
    ]);
    let finch = answered(&[
        ("place", "home"),
        ("arrived", "09:40"),
        ("seen", "no"),
        ("people_present/reed", "reed"),
    ]);
    assert_eq!(differing(&[wren.clone(), finch.clone()]), [""; 0]);
    let pipit = answered(&[("arrived", "09:45"), ("place", "home"), ("left", "10:50")]);
    assert_eq!(
        differing(&[wren.clone(), finch, pipit]),
        ["arrived", "left", "people_present/reed"]
    );
    assert_eq!(differing(&[wren]), [""; 0]);
    assert_eq!(differing(&[]), [""; 0]);
}

#[test]
fn two_open_answers_on_one_childs_visit_differ_from_one_on_anothers() {
    let both = answered(&[("place", "home"), ("place", "office")]);
    let turned = answered(&[("place", "office"), ("place", "home")]);
    assert_eq!(differing(&[both.clone(), turned]), [""; 0]);
    assert_eq!(
        differing(&[both, answered(&[("place", "home")])]),
        ["place"]
    );
    let mut unreadable = answered(&[("place", "home")]);
    unreadable[0].answer = Answer::Unreadable;
    assert_eq!(differing(&[unreadable.clone()]), [""; 0]);
    assert_eq!(differing(&[unreadable.clone(), unreadable]), ["place"]);
}

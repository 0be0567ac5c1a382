//! The live-value rule, by table and by property.
#![allow(clippy::unwrap_used)]

mod common;

use common::{BRYONY, Draft, Pen, ROWAN, SAGE};
use proptest::prelude::*;
use visitbook_record::fact::Fact;
use visitbook_record::fold::{live, live_here, live_shared};
use visitbook_record::id::OpId;
use visitbook_record::op::{Policy, Target};
use visitbook_record::verdict::{Reason, Verdict};

fn aside() -> Verdict {
    Verdict::Quarantined {
        reason: Reason::NotHeld,
        owner: SAGE,
    }
}

fn ids(facts: &[Fact], live: &[usize]) -> Vec<OpId> {
    live.iter().map(|i| facts[*i].id).collect()
}

fn alone() -> Target {
    Target::field("alone")
}

#[test]
fn a_replaced_answer_does_not_come_back_when_the_middle_one_is_set_aside() {
    let mut rowan = Pen::new(ROWAN, 1);
    let first = rowan.write(vec![Draft::assert(Policy::Risk, alone(), "not_alone", &[])]);
    let middle = rowan.write(vec![Draft::assert(
        Policy::Risk,
        alone(),
        "alone_not_talking",
        &[first.id()],
    )]);
    let last = rowan.write(vec![Draft::assert(
        Policy::Risk,
        alone(),
        "spoke_alone",
        &[middle.id()],
    )]);
    let mut facts = first.facts(Some(Verdict::Applied));
    facts.extend(middle.facts(Some(aside())));
    facts.extend(last.facts(Some(Verdict::Applied)));
    assert_eq!(ids(&facts, &live_shared(&facts)), [last.id()]);
}

#[test]
fn an_ordinary_edit_never_lowers_a_colleagues_worry() {
    let mut bryony = Pen::new(BRYONY, 2);
    let no = bryony.write(vec![Draft::assert(Policy::Risk, alone(), "not_alone", &[])]);
    let mut rowan = Pen::new(ROWAN, 1);
    let yes = rowan.write(vec![Draft::assert(
        Policy::Risk,
        alone(),
        "spoke_alone",
        &[no.id()],
    )]);
    let mut facts = no.facts(Some(Verdict::Applied));
    facts.extend(yes.facts(Some(Verdict::Applied)));
    assert_eq!(live_shared(&facts).len(), 2);
}

#[test]
fn a_refused_settlement_and_an_edit_of_it_never_hide_a_colleagues_worry() {
    let mut bryony = Pen::new(BRYONY, 2);
    let no = bryony.write(vec![Draft::assert(Policy::Risk, alone(), "not_alone", &[])]);
    let mut rowan = Pen::new(ROWAN, 1);
    let yes = rowan.write(vec![Draft::assert(
        Policy::Risk,
        alone(),
        "spoke_alone",
        &[],
    )]);
    let settle = rowan.write(vec![Draft::resolve(
        Policy::Risk,
        alone(),
        "spoke_alone",
        &[yes.id(), no.id()],
    )]);
    let again = rowan.write(vec![Draft::assert(
        Policy::Risk,
        alone(),
        "spoke_alone",
        &[settle.id()],
    )]);
    let mut facts = no.facts(Some(Verdict::Applied));
    facts.extend(yes.facts(Some(Verdict::Applied)));
    facts.extend(settle.facts(Some(aside())));
    facts.extend(again.facts(Some(Verdict::Applied)));
    assert_eq!(ids(&facts, &live_shared(&facts)), [no.id(), again.id()]);
}

#[test]
fn an_answer_called_ordinary_does_not_replace_a_risk_answer() {
    let mut bryony = Pen::new(BRYONY, 2);
    let no = bryony.write(vec![Draft::assert(Policy::Risk, alone(), "not_alone", &[])]);
    let mut rowan = Pen::new(ROWAN, 1);
    let yes = rowan.write(vec![Draft::assert(
        Policy::Ordinary,
        alone(),
        "spoke_alone",
        &[no.id()],
    )]);
    let mut facts = no.facts(Some(Verdict::Applied));
    facts.extend(yes.facts(Some(Verdict::Applied)));
    assert_eq!(live_shared(&facts).len(), 2);
}

#[test]
fn several_links_without_a_settlement_replace_nothing() {
    let mut rowan = Pen::new(ROWAN, 1);
    let place = Target::field("place");
    let a = rowan.write(vec![Draft::assert(
        Policy::Ordinary,
        place.clone(),
        "home",
        &[],
    )]);
    let b = rowan.write(vec![Draft::assert(
        Policy::Ordinary,
        place.clone(),
        "school",
        &[],
    )]);
    let c = rowan.write(vec![Draft::assert(
        Policy::Ordinary,
        place,
        "car",
        &[a.id(), b.id()],
    )]);
    let facts: Vec<Fact> = [&a, &b, &c]
        .into_iter()
        .flat_map(|w| w.facts(Some(Verdict::Applied)))
        .collect();
    assert_eq!(live_shared(&facts).len(), 3);
}

#[test]
fn a_link_to_another_question_is_void() {
    let mut rowan = Pen::new(ROWAN, 1);
    let seen = rowan.write(vec![Draft::assert(
        Policy::Risk,
        Target::field("seen"),
        "no",
        &[],
    )]);
    let other = rowan.write(vec![Draft::assert(
        Policy::Risk,
        alone(),
        "spoke_alone",
        &[seen.id()],
    )]);
    let facts: Vec<Fact> = [&seen, &other]
        .into_iter()
        .flat_map(|w| w.facts(Some(Verdict::Applied)))
        .collect();
    assert_eq!(live_shared(&facts).len(), 2);
}

#[test]
fn what_this_device_has_not_sent_lies_over_the_shared_view_only_here() {
    let mut rowan = Pen::new(ROWAN, 1);
    let sent = rowan.write(vec![Draft::assert(Policy::Risk, alone(), "not_alone", &[])]);
    let unsent = rowan.write(vec![Draft::assert(
        Policy::Risk,
        alone(),
        "spoke_alone",
        &[sent.id()],
    )]);
    let mut facts = sent.facts(Some(Verdict::Applied));
    facts.extend(unsent.facts(None));
    assert_eq!(ids(&facts, &live_here(&facts)), [unsent.id()]);
    assert_eq!(ids(&facts, &live_shared(&facts)), [sent.id()]);
}

/// A schedule: by step, which of three authors writes, which earlier statements it names, how it is judged.
fn schedules() -> impl Strategy<Value = Vec<(usize, Vec<prop::sample::Index>, bool, u8)>> {
    prop::collection::vec(
        (
            0..3usize,
            prop::collection::vec(any::<prop::sample::Index>(), 0..4),
            any::<bool>(),
            0..4u8,
        ),
        1..25,
    )
}

fn play(schedule: &[(usize, Vec<prop::sample::Index>, bool, u8)], policy: Policy) -> Vec<Fact> {
    let mut pens = [Pen::new(ROWAN, 1), Pen::new(BRYONY, 2), Pen::new(SAGE, 3)];
    let mut facts: Vec<Fact> = vec![];
    for (who, links, resolve, judged) in schedule {
        let links: Vec<OpId> = if facts.is_empty() {
            vec![]
        } else {
            links
                .iter()
                .map(|index| facts[index.index(facts.len())].id)
                .collect()
        };
        let draft = if *resolve {
            Draft::resolve(policy, alone(), "no", &links)
        } else {
            Draft::assert(policy, alone(), "no", &links)
        };
        let verdict = if *judged == 0 {
            aside()
        } else {
            Verdict::Applied
        };
        facts.extend(pens[*who].write(vec![draft]).facts(Some(verdict)));
    }
    facts
}

proptest! {
    #[test]
    fn order_of_arrival_is_irrelevant(schedule in schedules(), risk in any::<bool>(), seed in any::<u64>()) {
        let facts = play(&schedule, if risk { Policy::Risk } else { Policy::Ordinary });
        let mut expected = ids(&facts, &live_shared(&facts));
        expected.sort_unstable();
        let mut shuffled = facts;
        let mut state = seed | 1;
        for i in (1..shuffled.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            shuffled.swap(i, usize::try_from(state >> 33).unwrap() % (i + 1));
        }
        let mut got = ids(&shuffled, &live_shared(&shuffled));
        got.sort_unstable();
        prop_assert_eq!(got, expected);
    }

    #[test]
    fn something_applied_always_leaves_something_live(schedule in schedules()) {
        let facts = play(&schedule, Policy::Risk);
        prop_assert_eq!(facts.iter().any(Fact::is_applied), !live_shared(&facts).is_empty());
    }

    #[test]
    fn on_a_risk_fact_only_an_applied_settlement_replaces_anothers_answer(schedule in schedules()) {
        let facts = play(&schedule, Policy::Risk);
        let live = live(&facts, Fact::is_applied);
        for (i, fact) in facts.iter().enumerate().filter(|(i, fact)| fact.is_applied() && !live.contains(i)) {
            // Somebody replaced it: its own author, or an applied settlement by somebody else that names a statement
            // from which its own author's edits lead to it.
            let by_author = facts.iter().any(|f| f.is_applied() && f.author == fact.author && f.id != fact.id);
            let by_settlement = facts.iter().any(|f| {
                f.is_applied() && f.kind == visitbook_record::op::Kind::Resolve && f.author != fact.author
            });
            prop_assert!(by_author || by_settlement, "statement {i} vanished");
        }
    }
}

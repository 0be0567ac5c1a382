//! What binds when a visit is finished, case by case.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{BRYONY, Draft, Pen, ROWAN, SAGE};
use visitbook_record::catalogue::Catalogue;
use visitbook_record::fact::Fact;
use visitbook_record::id::OpId;
use visitbook_record::op::{Kind, Target};
use visitbook_record::payload::{Content, Value};
use visitbook_record::verdict::{Reason, Verdict};
use visitbook_record::visit::Missing::{
    self, Alone, Meaning, NextTry, NotSeenBecause, NotSpokenAloneBecause, Outcome, SafeNow, Seen,
    Tried, Voice,
};
use visitbook_record::visit::missing_at_finish;

/// `field=code` for an answer, `+field/element` for an element, `heading:text` for a piece of text.
fn draft(text: &str) -> Draft {
    if let Some((heading, words)) = text.split_once(':') {
        return Draft::entry(Kind::EntryAdd, heading, "e1", words, &[]);
    }
    let (target, code): (Target, &str) = match text.split_once('=') {
        Some((field, code)) => (Target::field(field), code),
        None => {
            let target: Target = text.trim_start_matches('+').parse().unwrap();
            (target, "x")
        }
    };
    let policy = Catalogue::newest()
        .field("visit", &target)
        .expect("on the form")
        .policy();
    let answer = Draft::assert(policy, target, code, &[]);
    if text.starts_with('+') {
        Draft {
            kind: Kind::SetAdd,
            ..answer
        }
    } else {
        answer
    }
}

fn facts(said: &[&str]) -> Vec<Fact> {
    Pen::new(ROWAN, 1)
        .write(said.iter().map(|text| draft(text)).collect())
        .facts(Some(Verdict::Applied))
}

#[test]
fn six_things_bind_and_fewer_where_there_is_less_to_say() {
    let table: &[(&[&str], &[Missing])] = &[
        (&[], &[Outcome, Seen, Alone, Voice, SafeNow, Meaning]),
        (
            &["outcome=went_ahead"],
            &[Seen, Alone, Voice, SafeNow, Meaning],
        ),
        (
            &[
                "outcome=went_ahead",
                "seen=yes",
                "alone=spoke_alone",
                "+voice/v",
                "safe_now=danger_now",
                "meaning:Fine.",
            ],
            &[],
        ),
        // Nothing but these is asked, however much else is on the form.
        (
            &["outcome=went_ahead", "seen=yes", "alone=spoke_alone"],
            &[Voice, SafeNow, Meaning],
        ),
        (
            &["outcome=went_ahead", "seen=yes", "alone=not_alone"],
            &[NotSpokenAloneBecause, Voice, SafeNow, Meaning],
        ),
        (
            &["outcome=went_ahead", "seen=yes", "alone=alone_not_talking"],
            &[NotSpokenAloneBecause, Voice, SafeNow, Meaning],
        ),
        (
            &[
                "outcome=went_ahead",
                "seen=yes",
                "alone=not_alone",
                "not_spoken_alone_because=not_right_for_age",
            ],
            &[Voice, SafeNow, Meaning],
        ),
        // A reason does not answer the question that it is the reason for.
        (
            &[
                "outcome=went_ahead",
                "seen=yes",
                "not_spoken_alone_because=not_right_for_age",
            ],
            &[Alone, Voice, SafeNow, Meaning],
        ),
        (
            &["outcome=went_ahead", "seen=no"],
            &[NotSeenBecause, Voice, SafeNow, Meaning],
        ),
        (
            &[
                "outcome=went_ahead",
                "seen=no",
                "not_seen_because=at_school",
                "+voice/v",
                "safe_now=no_worry_today",
                "meaning:At school.",
            ],
            &[],
        ),
        (&["outcome=went_ahead", "seen=unborn"], &[SafeNow, Meaning]),
        (&["outcome=no_answer"], &[Tried, NextTry]),
        (&["outcome=refused_entry", "+tried/knocked"], &[NextTry]),
        (
            &["outcome=not_safe_to_enter", "next_try=2026-10-28"],
            &[Tried],
        ),
        (
            &[
                "outcome=no_answer",
                "+tried/knocked",
                "+tried/phoned",
                "next_try=2026-10-28",
            ],
            &[],
        ),
        (&["outcome=cancelled_by_family"], &[]),
        (&["outcome=cancelled_by_us"], &[]),
        // Another heading is not the sentence of meaning, and white space is not a sentence.
        (
            &[
                "outcome=went_ahead",
                "seen=unborn",
                "safe_now=no_worry_today",
                "saw:A cot.",
            ],
            &[Meaning],
        ),
        (
            &[
                "outcome=went_ahead",
                "seen=unborn",
                "safe_now=no_worry_today",
                "meaning:  \n",
            ],
            &[Meaning],
        ),
        // An outcome from a newer form is no way round the child.
        (
            &["outcome=met_in_a_dream"],
            &[Seen, Alone, Voice, SafeNow, Meaning],
        ),
    ];
    for (said, expected) in table {
        assert_eq!(missing_at_finish(&facts(said)), *expected, "{said:?}");
        let mut reversed = facts(said);
        reversed.reverse();
        assert_eq!(
            missing_at_finish(&reversed),
            *expected,
            "{said:?}, the other way round"
        );
    }
}

/// Rowan's answers, then more by others that may replace them.
fn with_more(said: &[&str], more: impl FnOnce(&[OpId]) -> Vec<Fact>) -> Vec<Missing> {
    let mut all = facts(said);
    let ids: Vec<OpId> = all.iter().map(|fact| fact.id).collect();
    all.extend(more(&ids));
    missing_at_finish(&all)
}

#[test]
fn what_was_taken_back_no_longer_counts() {
    let said = [
        "outcome=went_ahead",
        "seen=yes",
        "alone=spoke_alone",
        "+voice/v",
        "safe_now=no_worry_today",
        "meaning:Fine.",
    ];
    let complete = with_more(&said, |_| vec![]);
    assert_eq!(complete, []);
    let mut rowan = Pen::new(ROWAN, 8);
    let withdrawn = with_more(&said, |ids| {
        rowan
            .write(vec![Draft::entry(
                Kind::EntryWithdraw,
                "meaning",
                "e1",
                "wrong child",
                &[ids[5]],
            )])
            .facts(None)
    });
    assert_eq!(withdrawn, [Meaning]);
    let revised = with_more(&said, |ids| {
        rowan
            .write(vec![Draft::entry(
                Kind::EntryRevise,
                "meaning",
                "e1",
                "Better.",
                &[ids[5]],
            )])
            .facts(None)
    });
    assert_eq!(revised, []);
    let removed = with_more(&said, |ids| {
        let remove = Draft {
            kind: Kind::SetRemove,
            replaces: vec![ids[3]],
            content: Some(Content::Reason("not hers".into())),
            ..draft("+voice/v")
        };
        rowan.write(vec![remove]).facts(None)
    });
    assert_eq!(removed, [Voice]);
    let changed = with_more(&said, |ids| {
        rowan
            .write(vec![Draft {
                replaces: vec![ids[1]],
                ..draft("seen=no")
            }])
            .facts(None)
    });
    assert_eq!(changed, [NotSeenBecause]);
}

#[test]
fn while_two_answers_are_open_only_what_both_lead_to_binds() {
    let rest = [
        "outcome=went_ahead",
        "+voice/v",
        "safe_now=no_worry_today",
        "meaning:Fine.",
    ];
    let open = |mine: &[&'static str], hers: &[&str]| {
        let said: Vec<&str> = rest.iter().copied().chain(mine.iter().copied()).collect();
        with_more(&said, |_| {
            Pen::new(BRYONY, 2)
                .write(hers.iter().map(|text| draft(text)).collect())
                .facts(Some(Verdict::Applied))
        })
    };
    assert_eq!(
        open(&["seen=yes", "alone=spoke_alone"], &["alone=not_alone"]),
        []
    );
    assert_eq!(
        open(
            &["seen=yes", "alone=alone_not_talking"],
            &["alone=not_alone"]
        ),
        [NotSpokenAloneBecause]
    );
    assert_eq!(open(&["seen=yes"], &["seen=no"]), []);
    assert_eq!(open(&["seen=no"], &["seen=no"]), [NotSeenBecause]);
    assert_eq!(open(&["seen=unborn"], &["seen=yes"]), []);
    assert_eq!(open(&[], &["outcome=no_answer"]), [Seen, Alone]);
}

#[test]
fn a_settled_question_binds_by_what_it_was_settled_to() {
    let said = [
        "outcome=went_ahead",
        "seen=yes",
        "+voice/v",
        "safe_now=no_worry_today",
        "meaning:Fine.",
    ];
    let missing = with_more(&said, |_| {
        let yes = Pen::new(ROWAN, 3).write(vec![draft("alone=spoke_alone")]);
        let no = Pen::new(BRYONY, 2).write(vec![draft("alone=not_alone")]);
        let policy = draft("alone=not_alone").policy;
        let settle = Draft::resolve(
            policy,
            Target::field("alone"),
            "not_alone",
            &[yes.id(), no.id()],
        );
        let settled = Pen::new(ROWAN, 4).write(vec![settle]);
        [yes, no, settled]
            .iter()
            .flat_map(|written| written.facts(Some(Verdict::Applied)))
            .collect()
    });
    assert_eq!(missing, [NotSpokenAloneBecause]);
}

#[test]
fn a_listed_statement_that_the_server_set_aside_still_counts_for_the_finish() {
    let mut said = facts(&["outcome=cancelled_by_us"]);
    said[0].verdict = Some(Verdict::Quarantined {
        reason: Reason::NotHeld,
        owner: SAGE,
    });
    assert_eq!(missing_at_finish(&said), []);
}

#[test]
fn an_answer_that_cannot_be_read_counts_as_given_and_asks_nothing_further() {
    let mut said = facts(&[
        "outcome=went_ahead",
        "seen=yes",
        "alone=not_alone",
        "+voice/v",
        "safe_now=danger_now",
        "meaning:m",
    ]);
    for fact in &mut said {
        fact.answer = visitbook_record::fact::Answer::Unreadable;
    }
    assert_eq!(missing_at_finish(&said), []);
}

#[test]
fn parts_and_plain_fields_of_the_same_name_do_not_stand_in_for_an_element() {
    let said = ["outcome=no_answer", "next_try=2026-10-28"];
    let missing = with_more(&said, |_| {
        let value = || Some(Content::Value(Value::new("knocked", "Knocked")));
        let strange = |target| Draft {
            target,
            content: value(),
            ..draft("+tried/knocked")
        };
        Pen::new(ROWAN, 5)
            .write(vec![
                strange(Target::part("tried", "knocked", "note")),
                strange(Target::field("tried")),
            ])
            .facts(None)
    });
    assert_eq!(missing, [Tried]);
}

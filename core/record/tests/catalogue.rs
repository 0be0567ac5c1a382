//! Version 1 of the forms, held against the list of codes that was agreed and against the worry order.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use visitbook_record::catalogue::{Catalogue, Field, Sort};
use visitbook_record::commit::RecordKind;
use visitbook_record::conflict::Worry;
use visitbook_record::fact::Answer;
use visitbook_record::op::{Policy, Target};
use visitbook_record::visit::Missing;

fn catalogue() -> &'static Catalogue {
    Catalogue::version(1).unwrap()
}

/// Every field and every part of an element, with the form and the path of its code.
fn everything() -> Vec<(String, &'static Field)> {
    let mut all = Vec::new();
    for form in catalogue().forms() {
        for field in catalogue().fields(form) {
            let path = format!("{form} {}", field.code);
            for part in &field.parts {
                all.push((format!("{path}/{}", part.code), part));
            }
            all.push((path, field));
        }
    }
    all
}

#[test]
fn there_is_a_form_for_every_kind_of_record_and_for_nothing_else() {
    let kinds = [
        RecordKind::Child,
        RecordKind::Visit,
        RecordKind::Voice,
        RecordKind::Concern,
        RecordKind::Worker,
        RecordKind::Council,
    ];
    let named: BTreeSet<&str> = kinds.iter().map(|kind| kind.form()).collect();
    assert_eq!(catalogue().forms().collect::<BTreeSet<_>>(), named);
    for form in named {
        assert!(!catalogue().fields(form).is_empty(), "{form}");
    }
    assert!(catalogue().fields("diary").is_empty());
}

#[test]
fn codes_are_unique_short_and_plain_and_everything_has_a_label() {
    let plain = |code: &str| {
        !code.is_empty()
            && code.len() <= 64
            && code
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    let mut paths = BTreeSet::new();
    for (path, field) in everything() {
        assert!(paths.insert(path.clone()), "{path} stands twice");
        assert!(plain(&field.code), "{path}");
        assert!(!field.label.trim().is_empty(), "{path}");
        let mut codes = BTreeSet::new();
        for choice in &field.choices {
            assert!(plain(&choice.code), "{path} = {}", choice.code);
            assert!(
                codes.insert(&choice.code),
                "{path} = {} stands twice",
                choice.code
            );
            assert!(!choice.label.trim().is_empty(), "{path} = {}", choice.code);
        }
        let labels: BTreeSet<&String> = field.choices.iter().map(|choice| &choice.label).collect();
        assert_eq!(
            labels.len(),
            field.choices.len(),
            "{path}: two answers read alike"
        );
    }
}

#[test]
fn the_parts_of_a_field_fit_together() {
    for (path, field) in everything() {
        assert_eq!(
            field.sort == Sort::Choice,
            !field.choices.is_empty(),
            "{path}"
        );
        assert!(
            field.elements || field.parts.is_empty(),
            "{path} has parts of no element"
        );
        if field.sort == Sort::Entry
            || matches!(
                field.policy(),
                Policy::Set | Policy::Observer | Policy::Words
            )
        {
            assert!(field.elements, "{path} needs elements");
        }
        if field.policy() == Policy::Words {
            assert_eq!(field.sort, Sort::Entry, "{path}");
        }
        for part in &field.parts {
            assert!(
                !part.elements && part.parts.is_empty() && !part.trip,
                "{path}/{}",
                part.code
            );
            assert!(
                matches!(part.policy(), Policy::Ordinary | Policy::Risk),
                "{path}/{}",
                part.code
            );
        }
    }
}

#[test]
fn every_risk_field_offers_a_choice_and_has_the_question_to_ask_when_two_answers_differ() {
    let mut found = 0;
    for (path, field) in everything()
        .into_iter()
        .filter(|(_, field)| field.policy() == Policy::Risk)
    {
        found += 1;
        assert_eq!(field.sort, Sort::Choice, "{path}");
        assert!(field.choices.len() >= 2, "{path}");
        assert!(
            field
                .question
                .as_ref()
                .is_some_and(|question| question.ends_with('?')),
            "{path}"
        );
    }
    assert_eq!(found, 10);
    for (path, field) in everything() {
        let text = field
            .question
            .clone()
            .unwrap_or_default()
            .replace("{child}", "");
        assert!(
            !text.contains(['{', '}']),
            "{path}: only the child's name is filled in"
        );
        assert!(
            !field.label.contains(['{', '}']),
            "{path}: labels are shown as they are"
        );
    }
}

/// The worry order as practice states it: what stands further left stands while two answers are open.
#[test]
fn the_worry_order_is_the_one_that_was_agreed() {
    let lives_here = Target::part("people_present", "reed", "lives_here");
    let alone_order = ["someone_stayed_or_refused", "not_safe"];
    let unable = [
        "no_private_place",
        "no_interpreter_or_aid",
        "needed_helper_to_communicate",
        "no_time",
    ];
    let mut table: Vec<(&str, Target, Vec<&str>)> = vec![
        ("visit", Target::field("seen"), vec!["no", "yes"]),
        (
            "visit",
            Target::field("alone"),
            vec!["not_alone", "alone_not_talking", "spoke_alone"],
        ),
        ("visit", Target::field("bedroom"), vec!["not_seen", "seen"]),
        (
            "visit",
            Target::field("injury_or_mark"),
            vec!["seen", "could_not_tell", "none_noticed"],
        ),
        (
            "visit",
            Target::field("safe_now"),
            vec!["danger_now", "manager_today", "no_worry_today"],
        ),
        (
            "voice",
            Target::field("safe_now"),
            vec!["danger_now", "manager_today", "no_worry_today"],
        ),
        (
            "concern",
            Target::field("urgency"),
            vec!["danger_now", "manager_today", "no_worry_today"],
        ),
        (
            "visit",
            Target::field("welfare_ok"),
            vec!["no", "not_sure", "yes"],
        ),
        ("visit", lives_here, vec!["yes", "not_sure", "no"]),
    ];
    for other in unable {
        let order =
            alone_order
                .into_iter()
                .chain([other, "child_did_not_want", "not_right_for_age"]);
        table.push((
            "visit",
            Target::field("not_spoken_alone_because"),
            order.collect(),
        ));
    }
    for (form, target, order) in table {
        let worry = |code: &str| catalogue().worry(form, &target, &Answer::Code(code.into()));
        for pair in order.windows(2) {
            assert!(
                worry(pair[0]).exceeds(worry(pair[1])),
                "{form} {target}: {} over {}",
                pair[0],
                pair[1]
            );
        }
        let most = worry(order[0]);
        assert!(
            catalogue()
                .worry(form, &target, &Answer::Unreadable)
                .exceeds(most),
            "{target}"
        );
        assert_eq!(worry("a_code_of_a_newer_version"), Worry::MOST, "{target}");
    }
}

#[test]
fn a_target_finds_its_field_only_in_the_shape_that_the_field_has() {
    let found = |target: Target| {
        catalogue()
            .field("visit", &target)
            .map(|field| field.code.as_str())
    };
    assert_eq!(found(Target::field("seen")), Some("seen"));
    assert_eq!(found(Target::element("seen", "x")), None);
    assert_eq!(found(Target::part("seen", "x", "y")), None);
    assert_eq!(found(Target::field("people_present")), None);
    assert_eq!(
        found(Target::element("people_present", "reed")),
        Some("people_present")
    );
    assert_eq!(
        found(Target::part("people_present", "reed", "lives_here")),
        Some("lives_here")
    );
    assert_eq!(
        found(Target::part("people_present", "reed", "shoe_size")),
        None
    );
    assert_eq!(found(Target::field("shoe_size")), None);
}

/// What may be written into every sibling's record at once, in full: a new field does not get there unseen.
#[test]
fn what_is_common_to_an_outing_is_this_and_nothing_else() {
    let trip: Vec<&str> = catalogue()
        .fields("visit")
        .iter()
        .filter(|field| field.trip)
        .map(|field| field.code.as_str())
        .collect();
    let agreed = [
        "outing_id",
        "planned_for",
        "joint_workers",
        "occasion",
        "outcome",
        "visit_date",
        "arrived",
        "left",
        "place",
        "mode",
        "notice",
        "visited_by",
        "joined_by",
        "people_present",
        "expected_not_there",
        "interpreter",
        "language",
        "tried",
        "signs_of_someone_in",
        "next_try",
    ];
    assert_eq!(trip, agreed);
    for form in catalogue().forms().filter(|form| *form != "visit") {
        assert!(
            catalogue().fields(form).iter().all(|field| !field.trip),
            "{form}"
        );
    }
}

#[test]
fn what_binds_at_finish_is_on_the_form_and_asked_in_the_same_words() {
    let all = [
        Missing::Outcome,
        Missing::Tried,
        Missing::NextTry,
        Missing::Seen,
        Missing::NotSeenBecause,
        Missing::Alone,
        Missing::NotSpokenAloneBecause,
        Missing::Voice,
        Missing::SafeNow,
        Missing::Meaning,
    ];
    for missing in all {
        let field = catalogue()
            .fields("visit")
            .iter()
            .find(|field| field.code == missing.code())
            .unwrap();
        if let Some(question) = &field.question {
            assert_eq!(
                missing.question("Wren"),
                question.replace("{child}", "Wren")
            );
        }
        assert!(missing.question("Wren").contains('?'));
    }
}

fn listing() -> String {
    let mut lines = Vec::new();
    for (path, field) in everything() {
        let elements = if field.elements { " elements" } else { "" };
        let trip = if field.trip { " trip" } else { "" };
        lines.push(format!(
            "{path} {:?} {:?}{elements}{trip}",
            field.policy(),
            field.sort
        ));
        lines.extend(
            field
                .choices
                .iter()
                .map(|choice| format!("{path} = {}", choice.code)),
        );
    }
    lines.sort();
    lines.join("\n") + "\n"
}

/// Stored records hold these codes for ever, and a server judges by the version that a commit names.
#[test]
fn version_1_never_loses_or_renames_a_code() {
    let now = listing();
    let now: BTreeSet<&str> = now.lines().collect();
    let agreed: BTreeSet<&str> = include_str!("vectors/catalogue-1.txt").lines().collect();
    let lost: Vec<_> = agreed.difference(&now).collect();
    assert!(lost.is_empty(), "lost or changed: {lost:#?}");
    let new: Vec<_> = now.difference(&agreed).collect();
    assert!(
        new.is_empty(),
        "not in tests/vectors/catalogue-1.txt; belongs in a new version once released: {new:#?}"
    );
}

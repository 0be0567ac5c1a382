//! A record as text for the case system: the right headings, the right child, and nobody's words touched.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{BRYONY, FINCH, Phone, SAGE, WREN, field, larkspurs, pull, push, sync};
use visitbook_device::model::CaseText;
use visitbook_device::{ReadError, VoiceGiven};

/// Line breaks, marks and spaces that a tidying hand would lose.
const WORDS: &str =
    " I put Pipit's bottle in my bed   so it stays warm…\n\n\u{201c}promise\u{201d} \u{1F37C} ";

fn heading<'a>(text: &'a CaseText, heading: &str) -> &'a [String] {
    let found = text.sections.iter().find(|one| one.heading == heading);
    found.map_or(&[], |one| &one.lines)
}

#[test]
fn a_visit_to_siblings_is_one_text_for_each_child_with_the_words_as_they_were_given() {
    let (council, _phone, mut working) = larkspurs();
    let visits = working.begin_visit(&[WREN, FINCH]).unwrap();
    let (wren, finch) = (visits[0], visits[1]);
    for (name, value) in [
        ("visit_date", "2026-10-27"),
        ("arrived", "09:40"),
        ("place", "home"),
    ] {
        working.set(wren, &field(name), value, None).unwrap();
    }
    working.set(wren, &field("seen"), "yes", None).unwrap();
    working
        .set(
            wren,
            &field("alone"),
            "not_alone",
            Some("Reed stood in the doorway"),
        )
        .unwrap();
    working
        .set(finch, &field("alone"), "spoke_alone", None)
        .unwrap();
    working
        .note(wren, "saw", "Two lines.\n  The second is set in.")
        .unwrap();
    let given = VoiceGiven {
        how: "said".into(),
        words: Some(WORDS.into()),
        ..VoiceGiven::default()
    };
    working.voice(FINCH, Some(finch), &given).unwrap();
    sync(&council, &mut working);
    let of_wren = working.case_text(wren).unwrap();
    let of_finch = working.case_text(finch).unwrap();
    assert_eq!(of_wren.day.as_deref(), Some("27/10/2026"));
    assert_eq!(of_wren.child_name, "Wren Larkspur");
    assert!(
        of_wren
            .text
            .starts_with("Wren Larkspur · visit · 27/10/2026\n")
    );
    assert_eq!(
        heading(&of_wren, "Child seen")[1],
        "Seen alone: No, not alone (“Reed stood in the doorway”)"
    );
    assert!(heading(&of_wren, "Visit details").contains(&"Date of visit: 27/10/2026".to_owned()));
    assert_eq!(
        heading(&of_wren, "What I saw")[0],
        "Two lines.\n  The second is set in."
    );
    let words = heading(&of_finch, "What the child gave, in the child's own words");
    assert_eq!(words[0], format!("“{WORDS}”"));
    assert!(
        words.contains(&"In papers that the family sees: No, until somebody decides".to_owned())
    );
    assert!(of_finch.text.contains(WORDS));
    for word in ["bottle", "Finch"] {
        assert!(!of_wren.text.contains(word), "nothing of a sibling: {word}");
    }
    assert!(!of_finch.text.contains("doorway"));
    assert!(
        of_wren
            .text
            .contains("Not finished: this may still change.")
    );
    assert!(!of_wren.history.is_empty());
    assert!(matches!(
        working.case_text(WREN),
        Err(ReadError::OtherKind(_))
    ));
}

#[test]
fn two_answers_late_words_and_what_was_entered_in_error_are_marked_as_such() {
    let (council, _phone, mut working) = larkspurs();
    let (_hers, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    let (_laptop, mut sage) = Phone::enrol(&council, SAGE, "Sage's laptop");
    let visit = working.begin_visit(&[WREN]).unwrap()[0];
    working
        .set(visit, &field("outcome"), "cancelled_by_us", None)
        .unwrap();
    sync(&council, &mut working);
    pull(&council, &mut bryony);
    working
        .set(visit, &field("alone"), "spoke_alone", None)
        .unwrap();
    bryony
        .set(visit, &field("alone"), "not_alone", None)
        .unwrap();
    sync(&council, &mut bryony);
    sync(&council, &mut working);
    let text = working.case_text(visit).unwrap();
    let alone = &heading(&text, "Child seen")[0];
    assert!(
        alone.starts_with("Seen alone: No, not alone · two answers, not checked yet"),
        "{alone}"
    );
    assert!(
        alone.contains("Bryony Sorrel") && alone.contains("Rowan Teasel"),
        "{alone}"
    );
    working
        .note(visit, "meaning", "before it was finished")
        .unwrap();
    working.finish(&[visit]).unwrap();
    working
        .add_late(visit, "saw", "after it was finished")
        .unwrap();
    push(&council, &mut working);
    let text = working.case_text(visit).unwrap();
    assert!(text.finished);
    let later = heading(&text, "Added or put right after the visit was finished");
    assert!(
        later
            .iter()
            .any(|line| line.contains("after it was finished")),
        "{later:?}"
    );
    assert!(heading(&text, "What I saw").is_empty());
    pull(&council, &mut sage);
    sage.void(visit, "written about the wrong child", None)
        .unwrap();
    let text = sage.case_text(visit).unwrap();
    assert!(!text.for_the_file);
    assert!(text.text.contains("Entered in error"));
    assert!(!text.text.contains("before it was finished"));
}

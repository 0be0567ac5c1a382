//! What a worker can record, and what is refused with a word for it.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{
    BRYONY, FINCH, PIPIT, Phone, SAGE, WREN, field, larkspurs, pull, push, sync, visit_to_wren,
};
use visitbook_device::model::Finishing;
use visitbook_device::{SaveError, VoiceGiven, Working};
use visitbook_record::id::RecordId;
use visitbook_record::limits;
use visitbook_record::op::Target;

fn answer_all(working: &mut Working, visit: RecordId, child: RecordId) {
    for (name, code) in [
        ("outcome", "went_ahead"),
        ("seen", "yes"),
        ("alone", "spoke_alone"),
        ("safe_now", "no_worry_today"),
    ] {
        working.set(visit, &field(name), code, None).unwrap();
    }
    let words = "I put Pipit's bottle in my bed so it stays warm.";
    let given = VoiceGiven {
        how: "said".into(),
        words: Some(words.into()),
        ..VoiceGiven::default()
    };
    working.voice(child, Some(visit), &given).unwrap();
    working
        .note(visit, "meaning", "She is looking after the baby.")
        .unwrap();
}

#[test]
fn an_answer_is_there_at_once_and_says_who_and_when() {
    let (_council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working
        .set(visit, &field("seen"), "yes", Some("at the door"))
        .unwrap();
    let page = working.visit(visit).unwrap();
    let seen = page.questions.iter().find(|q| q.field == "seen").unwrap();
    assert_eq!(seen.answers.len(), 1);
    assert_eq!(seen.answers[0].code.as_deref(), Some("yes"));
    assert_eq!(seen.answers[0].note.as_deref(), Some("at the door"));
    assert_eq!(seen.answers[0].by, "Rowan Teasel");
    assert_eq!(
        (
            seen.answers[0].written.date.as_str(),
            seen.answers[0].written.time.as_str()
        ),
        ("2026-10-27", "09:52")
    );
    assert!(seen.answers[0].received.is_none());
    working.set(visit, &field("seen"), "no", None).unwrap();
    let page = working.visit(visit).unwrap();
    let seen = page.questions.iter().find(|q| q.field == "seen").unwrap();
    assert_eq!(
        seen.answers.len(),
        1,
        "an own answer is replaced by an own answer"
    );
    assert_eq!(seen.answers[0].code.as_deref(), Some("no"));
    assert!(!seen.open);
}

#[test]
fn a_wrong_answer_is_refused_with_what_the_field_takes() {
    let (_council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    let before = working.history(visit).unwrap().len();
    let Err(SaveError::UnknownCode {
        field: name,
        allowed,
    }) = working.set(visit, &field("seen"), "perhaps", None)
    else {
        panic!("an unknown code")
    };
    assert_eq!(
        (name.as_str(), allowed),
        ("seen", vec!["no".into(), "unborn".into(), "yes".into()])
    );
    type Refusal = fn(&SaveError) -> bool;
    let unknown: Refusal = |error| matches!(error, SaveError::UnknownField { .. });
    let form: Refusal = |error| matches!(error, SaveError::BadForm { .. });
    let table: [(Target, &str, Refusal); 9] = [
        (field("shoe_size"), "9", unknown),
        (Target::element("seen", "x"), "yes", unknown),
        (field("people_present"), "Reed", unknown),
        (Target::part("people_present", "x", "shoe"), "yes", unknown),
        (field("visit_date"), "27/10/2026", form),
        (field("visit_date"), "2026-02-30", form),
        (field("arrived"), "9.52", form),
        (field("arrived"), "24:00", form),
        (Target::element("saw", "x"), "text", form),
    ];
    for (target, code, expected) in table {
        let error = working.set(visit, &target, code, None).unwrap_err();
        assert!(expected(&error), "{target} {code}: {error}");
    }
    assert_eq!(
        working.history(visit).unwrap().len(),
        before,
        "nothing was saved"
    );
}

#[test]
fn text_is_kept_byte_for_byte_and_bad_text_is_refused_in_words() {
    let (_council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    let long = "a".repeat(limits::ENTRY_BYTES);
    let kept = [
        "هي في البيت. \u{202e}abc\u{202c}",
        "👩‍👧‍👦 🦊 e\u{301} é",
        "line\r\nline\n\ttab \u{feff}\u{200b}",
        "'); DROP TABLE op; --",
        long.as_str(),
    ];
    for text in kept {
        working.note(visit, "saw", text).unwrap();
    }
    let page = working.visit(visit).unwrap();
    let texts: Vec<&str> = page
        .entries
        .iter()
        .map(|e| e.versions[0].text.as_deref().unwrap())
        .collect();
    assert_eq!(texts, kept);
    assert!(matches!(
        working.note(visit, "saw", ""),
        Err(SaveError::Empty { .. })
    ));
    assert!(matches!(
        working.note(visit, "saw", " \n\t"),
        Err(SaveError::Empty { .. })
    ));
    assert!(matches!(
        working.note(visit, "saw", "a\0b"),
        Err(SaveError::Nul { .. })
    ));
    let too_long = "a".repeat(limits::ENTRY_BYTES + 1);
    assert!(matches!(
        working.note(visit, "saw", &too_long),
        Err(SaveError::TooLong { .. })
    ));
    assert!(matches!(
        working.note(visit, "heading", "x"),
        Err(SaveError::UnknownField { .. })
    ));
    assert!(matches!(
        working.set(visit, &field("seen"), "yes", Some("a\0b")),
        Err(SaveError::Nul { .. })
    ));
    assert_eq!(working.visit(visit).unwrap().entries.len(), kept.len());
}

#[test]
fn an_outing_is_one_save_with_a_commit_for_each_child_and_copies_nothing_about_one() {
    let (_council, _phone, mut working) = larkspurs();
    let visits = working.begin_visit(&[WREN, FINCH, PIPIT]).unwrap();
    assert_eq!(visits.len(), 3);
    let saved = working
        .set_for_outing(visits[1], &field("place"), "home", None)
        .unwrap();
    assert_eq!((saved.records.len(), saved.commits.len()), (3, 3));
    for visit in &visits {
        let page = working.visit(*visit).unwrap();
        let place = page.questions.iter().find(|q| q.field == "place").unwrap();
        assert_eq!(place.answers[0].code.as_deref(), Some("home"));
    }
    for about_one in ["seen", "alone", "bedroom", "safe_now"] {
        let refused = working.set_for_outing(visits[0], &field(about_one), "yes", None);
        assert!(
            matches!(refused, Err(SaveError::BadForm { .. })),
            "{about_one}"
        );
    }
    let reed = Target::element("people_present", "01890a5d-ac96-774b-bcce-b302099a8057");
    working
        .set_for_outing(visits[0], &reed, "Reed", None)
        .unwrap();
    let Err(SaveError::UnknownCode { .. }) =
        working.set_for_outing(visits[0], &field("place"), "moon", None)
    else {
        panic!("a code no child's visit takes")
    };
    let places: Vec<_> = visits
        .iter()
        .map(|v| working.history(*v).unwrap().len())
        .collect();
    assert_eq!(places, [places[0]; 3], "the same was written into each");
}

#[test]
fn a_child_outside_the_caseload_cannot_be_written_about() {
    let (council, _phone, mut working) = larkspurs();
    let stranger = RecordId([0xdd; 16]);
    assert!(
        matches!(working.begin_visit(&[stranger]), Err(SaveError::NotHeld(child)) if child == stranger)
    );
    assert!(matches!(
        working.begin_visit(&[WREN, stranger]),
        Err(SaveError::NotHeld(_))
    ));
    assert!(
        working.visits(WREN).unwrap().is_empty(),
        "nothing was begun for anybody"
    );
    let visit = visit_to_wren(&mut working);
    working.set(visit, &field("seen"), "yes", None).unwrap();
    sync(&council, &mut working);
    council.lock().unwrap().unassign(common::ROWAN, WREN);
    pull(&council, &mut working);
    assert!(matches!(
        working.set(visit, &field("seen"), "no", None),
        Err(SaveError::UnknownRecord(_))
    ));
    assert!(working.visit(visit).is_err(), "the screen closes");
    assert!(
        working
            .children()
            .unwrap()
            .iter()
            .all(|line| line.child != WREN)
    );
}

#[test]
fn a_childs_words_are_kept_exactly_and_cannot_be_edited() {
    let (_council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    let words = "come to school pls dont tell mum i asked";
    let given = VoiceGiven {
        how: "wrote".into(),
        words: Some(words.into()),
        ..VoiceGiven::default()
    };
    let (voice, saved) = working.voice(WREN, Some(visit), &given).unwrap();
    assert_eq!(
        saved.commits.len(),
        2,
        "a record of its own, and its mark on the visit"
    );
    let page = working.page(voice).unwrap();
    assert_eq!(page.words, [words]);
    let entry = page.entries[0].entry.clone();
    assert!(
        working
            .revise(voice, "words", &entry, "something else")
            .is_err()
    );
    assert!(working.withdraw(voice, "words", &entry, "because").is_err());
    assert!(
        working
            .draft_update(voice, "words", Some(&entry), "x")
            .is_err()
    );
    assert_eq!(working.page(voice).unwrap().words, [words]);
    let card = working.child_card(WREN).unwrap();
    assert_eq!(card.voices[0].words, [words]);
    for (how, because) in [
        ("chose_not_to_say", None),
        ("said", Some("not_here")),
        ("not_sought", Some("not_here")),
    ] {
        let given = VoiceGiven {
            how: how.into(),
            because: because.map(Into::into),
            ..VoiceGiven::default()
        };
        assert!(working.voice(WREN, None, &given).is_err(), "{how}");
    }
}

#[test]
fn a_visit_is_finished_only_whole_and_then_stands() {
    let (council, _phone, mut working) = larkspurs();
    let visits = working.begin_visit(&[WREN, FINCH]).unwrap();
    answer_all(&mut working, visits[0], WREN);
    let Finishing::Missing(missing) = working.finish(&visits).unwrap() else {
        panic!("Finch is not written up")
    };
    assert!(
        missing
            .iter()
            .all(|one| one.record == visits[1] && one.child == FINCH)
    );
    assert!(
        missing
            .iter()
            .any(|one| one.field == "seen" && one.question.contains("Finch"))
    );
    assert!(
        working.visit(visits[0]).unwrap().finished.is_none(),
        "none of them is finished"
    );
    answer_all(&mut working, visits[1], FINCH);
    let Finishing::Finished(saved) = working.finish(&visits).unwrap() else {
        panic!("finished")
    };
    assert_eq!(saved.records, visits);
    let page = working.visit(visits[0]).unwrap();
    assert_eq!(page.finished.unwrap().by, "Rowan Teasel");
    assert!(page.late.is_empty());
    assert!(matches!(working.finish(&visits), Err(SaveError::Finished)));
    assert!(matches!(
        working.note(visits[0], "saw", "more"),
        Err(SaveError::Finished)
    ));
    working
        .add_late(visits[0], "saw", "Ivy at the door: Reed stays most nights")
        .unwrap();
    let page = working.visit(visits[0]).unwrap();
    assert_eq!(page.late.len(), 1);
    assert_eq!(
        page.late[0].text.as_deref(),
        Some("Ivy at the door: Reed stays most nights")
    );
    assert_eq!(page.finished.as_ref().unwrap().rivals, 0);
    push(&council, &mut working);
    let (_sage_phone, mut sage) = Phone::enrol(&council, SAGE, "Sage's laptop");
    pull(&council, &mut sage);
    let page = sage.visit(visits[0]).unwrap();
    let texts: Vec<_> = page
        .entries
        .iter()
        .map(|e| e.versions[0].text.clone())
        .collect();
    assert!(
        texts.iter().all(Option::is_some),
        "a finish releases what it lists, an addition too"
    );
    assert_eq!(page.late.len(), 1);
}

#[test]
fn unfinished_text_is_its_authors_alone() {
    let (council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working
        .set(
            visit,
            &field("alone"),
            "not_alone",
            Some("Reed stood in the doorway"),
        )
        .unwrap();
    working
        .note(visit, "saw", "a thought not yet finished")
        .unwrap();
    sync(&council, &mut working);
    let (_phone, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    pull(&council, &mut bryony);
    let page = bryony.visit(visit).unwrap();
    assert_eq!(page.entries.len(), 1, "she sees that there is one");
    assert_eq!(page.entries[0].versions[0].text, None);
    let alone = page.questions.iter().find(|q| q.field == "alone").unwrap();
    assert_eq!(
        alone.answers[0].note.as_deref(),
        Some("Reed stood in the doorway")
    );
    let entry = page.entries[0].entry.clone();
    assert!(matches!(
        bryony.revise(visit, "saw", &entry, "mine now"),
        Err(SaveError::NotYours)
    ));
    assert!(bryony.search("thought").unwrap().is_empty());
    // What she cannot read she cannot finish: her finish does not list it.
    answer_all(&mut bryony, visit, WREN);
    let Finishing::Finished(_) = bryony.finish(&[visit]).unwrap() else {
        panic!("finished")
    };
    sync(&council, &mut bryony);
    sync(&council, &mut working);
    let page = working.visit(visit).unwrap();
    assert_eq!(page.finished.unwrap().by, "Bryony Sorrel");
    assert!(
        page.entries.iter().any(|e| e.late),
        "his own text stands beside her page"
    );
}

#[test]
fn two_answers_are_settled_by_the_rule_of_who_may() {
    let (council, _phone, mut rowan) = larkspurs();
    let (_her_phone, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    pull(&council, &mut bryony);
    let visit = rowan
        .plan_visit(&[WREN], "2026-10-27", &[BRYONY])
        .unwrap()
        .records[0];
    sync(&council, &mut rowan);
    sync(&council, &mut bryony);
    assert_eq!(
        bryony.begin_visit(&[WREN]).unwrap(),
        [visit],
        "both write the planned visit"
    );
    rowan
        .set(visit, &field("alone"), "spoke_alone", None)
        .unwrap();
    bryony
        .set(
            visit,
            &field("alone"),
            "not_alone",
            Some("Reed stood in the doorway"),
        )
        .unwrap();
    for _ in 0..2 {
        sync(&council, &mut rowan);
        sync(&council, &mut bryony);
    }
    let questions = rowan.questions().unwrap();
    assert_eq!(questions.len(), 1);
    let question = &questions[0];
    assert_eq!(question.question, "Was Wren seen alone?");
    assert!(question.mine && question.unseen);
    assert_eq!(
        question.answers[question.standing.unwrap()].code.as_deref(),
        Some("not_alone")
    );
    let choices: Vec<_> = question
        .choices
        .iter()
        .map(|c| (c.code.as_str(), c.needs_name.as_deref()))
        .collect();
    assert_eq!(
        choices,
        [("not_alone", None), ("spoke_alone", Some("Bryony Sorrel"))]
    );
    assert_eq!(
        rowan.statuses().unwrap()[0].status.title,
        "Needs your answer"
    );

    let line = rowan.visits(WREN).unwrap();
    assert_eq!(
        (line[0].alone.as_deref(), line[0].alone_open),
        (Some("not_alone"), true)
    );
    assert!(matches!(
        rowan.answer(visit, &field("alone"), "not_alone", false, None),
        Err(SaveError::ReasonNeeded)
    ));
    let refused = rowan
        .answer(
            visit,
            &field("alone"),
            "spoke_alone",
            false,
            Some("I was there"),
        )
        .unwrap_err();
    assert!(
        refused.to_string().contains("Bryony Sorrel's agreement"),
        "{refused}"
    );
    assert!(matches!(
        rowan.answer(visit, &field("seen"), "yes", false, Some("x")),
        Err(SaveError::NothingToSettle)
    ));

    rowan
        .ask(visit, &field("alone"), "spoke_alone", BRYONY)
        .unwrap();
    sync(&council, &mut rowan);
    sync(&council, &mut bryony);
    let hers = &bryony.questions().unwrap()[0];
    assert_eq!(
        (hers.asks[0].by.as_str(), hers.asks[0].of),
        ("Rowan Teasel", BRYONY)
    );

    rowan
        .answer(
            visit,
            &field("alone"),
            "not_alone",
            false,
            Some("I could not see the door."),
        )
        .unwrap();
    assert!(rowan.questions().unwrap().is_empty());
    sync(&council, &mut rowan);
    sync(&council, &mut bryony);
    assert!(bryony.questions().unwrap().is_empty());
    let page = bryony.visit(visit).unwrap();
    let alone = page.questions.iter().find(|q| q.field == "alone").unwrap();
    assert!(alone.answers[0].settled);
    assert_eq!(
        alone.answers[0].reason.as_deref(),
        Some("I could not see the door.")
    );
    assert_eq!(
        bryony
            .history(visit)
            .unwrap()
            .iter()
            .filter(|v| v.target == "alone")
            .count(),
        4
    );
}

#[test]
fn a_manager_who_wrote_neither_may_lower_and_decide() {
    let (council, _phone, mut rowan) = larkspurs();
    let (_her_phone, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    let (_laptop, mut sage) = Phone::enrol(&council, SAGE, "Sage's laptop");
    pull(&council, &mut bryony);
    let visit = visit_to_wren(&mut rowan);
    rowan.set(visit, &field("seen"), "yes", None).unwrap();
    sync(&council, &mut rowan);
    pull(&council, &mut bryony);
    // A colleague's answer to a risk question is never replaced by a tap: hers stands beside it.
    bryony.set(visit, &field("seen"), "no", None).unwrap();
    assert_eq!(bryony.questions().unwrap().len(), 1);
    assert!(matches!(
        bryony.set(visit, &field("seen"), "yes", None),
        Err(SaveError::ReasonNeeded)
    ));
    sync(&council, &mut bryony);
    pull(&council, &mut sage);
    sage.answer(
        visit,
        &field("seen"),
        "yes",
        false,
        Some("Nursery saw her too."),
    )
    .unwrap();
    sync(&council, &mut sage);
    sync(&council, &mut rowan);
    assert!(rowan.questions().unwrap().is_empty());

    let saved = rowan
        .concern(
            &[WREN, FINCH],
            Some(visit),
            "manager_today",
            "No food, no heating.",
            None,
        )
        .unwrap();
    assert_eq!(
        saved.commits.len(),
        3,
        "a record for each child, and the mark on Wren's visit"
    );
    let concern = saved.records[0];
    assert!(matches!(
        rowan.decide(&[concern], "x"),
        Err(SaveError::ManagersOnly)
    ));
    sync(&council, &mut rowan);
    pull(&council, &mut sage);
    assert_eq!(sage.today(None).unwrap().concerns.len(), 2);
    sage.decide(&[concern, saved.records[1]], "Food and fuel money agreed.")
        .unwrap();
    assert!(sage.today(None).unwrap().concerns.is_empty());
    sync(&council, &mut sage);
    pull(&council, &mut rowan);
    let seen = rowan.concerns(Some(WREN)).unwrap();
    assert_eq!(seen[0].about, ["No food, no heating."]);
    assert_eq!(seen[0].decisions[0].by, "Sage Mallow");
}

#[test]
fn observations_belong_to_their_observer() {
    let (council, _phone, mut rowan) = larkspurs();
    let (_her_phone, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    pull(&council, &mut bryony);
    let visit = visit_to_wren(&mut rowan);
    rowan
        .observe(visit, "area_food", "not_met", Some("milk for tonight only"))
        .unwrap();
    sync(&council, &mut rowan);
    pull(&council, &mut bryony);
    bryony.observe(visit, "area_food", "partly", None).unwrap();
    sync(&council, &mut bryony);
    pull(&council, &mut rowan);
    let page = rowan.visit(visit).unwrap();
    let food: Vec<_> = page
        .questions
        .iter()
        .filter(|q| q.field == "area_food")
        .collect();
    assert_eq!(food.len(), 2);
    assert!(food.iter().all(|q| !q.open));
    assert!(rowan.questions().unwrap().is_empty());
    assert!(matches!(
        rowan.observe(visit, "seen", "yes", None),
        Err(SaveError::UnknownField { .. })
    ));
}

#[test]
fn members_of_a_set_come_and_go() {
    let (_council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    let reed = Target::element("people_present", "01890a5d-ac96-774b-bcce-b302099a8057");
    let lives_here = Target::part(
        "people_present",
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "lives_here",
    );
    working.set(visit, &reed, "Reed", None).unwrap();
    working.set(visit, &lives_here, "not_sure", None).unwrap();
    let present = |working: &Working| {
        working
            .visit(visit)
            .unwrap()
            .questions
            .iter()
            .filter(|q| q.target == reed.to_string())
            .count()
    };
    assert_eq!(present(&working), 1);
    working
        .set_remove(visit, &reed, Some("wrong house"))
        .unwrap();
    assert_eq!(present(&working), 0);
    assert!(
        working.set_remove(visit, &reed, None).is_err(),
        "nothing left to take out"
    );
    working.set(visit, &reed, "Reed", None).unwrap();
    assert_eq!(present(&working), 1);
    assert!(working.set_remove(visit, &field("seen"), None).is_err());
}

#[test]
fn nothing_typed_can_reach_the_search_index_as_a_query() {
    let (_council, _phone, mut working) = larkspurs();
    let visit = visit_to_wren(&mut working);
    working
        .note(visit, "saw", "The bottle stays warm in her bed.")
        .unwrap();
    working
        .note(visit, "changed", "Reed was new to us; café at the corner.")
        .unwrap();
    for (looked_for, found) in [
        ("bottle", 1),
        ("BOTTLE", 1),
        ("bott", 1),
        ("bottle bed", 1),
        ("bottle Reed", 0),
        ("cafe", 1),
        ("her  bed", 1),
        ("nothing", 0),
    ] {
        assert_eq!(
            working.search(looked_for).unwrap().len(),
            found,
            "{looked_for}"
        );
    }
    let hit = &working.search("bottle").unwrap()[0];
    assert_eq!((hit.record, hit.child_name.as_str()), (visit, "Wren"));
    let long = "bottle ".repeat(2_000);
    let hostile = [
        "\"",
        "\"\"",
        "NEAR(bottle warm)",
        "text:bottle",
        "found:bottle",
        "bottle*",
        "^bottle",
        "-bottle",
        "bottle OR Reed",
        "(bottle",
        "bottle AND",
        "{a b}:c",
        "a\0b",
        "'; DROP TABLE found; --",
        "*",
        "+",
        "\u{202e}",
        "🦊",
        "\" OR 1 \"",
        &long,
    ];
    for text in hostile {
        let found = working.search(text).unwrap();
        assert!(found.len() <= 2, "{text}");
    }
    assert!(
        working.search("bottle OR Reed").unwrap().is_empty(),
        "OR is a word like any other"
    );
    assert_eq!(working.search("bottle").unwrap().len(), 1);
}

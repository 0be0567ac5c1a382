//! What a manager may do about finished work, what anybody may put right in it, and what everybody sees of both.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Mutex;

use common::*;
use visitbook_device::model::Finishing;
use visitbook_device::{ReadError, SaveError, Working};
use visitbook_record::commit::Role;
use visitbook_record::id::RecordId;
use visitbook_record::verdict::Reason;

struct Team {
    council: Mutex<Council>,
    _phones: [Phone; 3],
    rowan: Working,
    bryony: Working,
    sage: Working,
}

impl Team {
    fn new() -> Self {
        let (council, phone, rowan) = larkspurs();
        let (bryonys, bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
        let (sages, sage) = Phone::enrol(&council, SAGE, "Sage's laptop");
        let mut team = Self {
            council,
            _phones: [phone, bryonys, sages],
            rowan,
            bryony,
            sage,
        };
        team.sync();
        team
    }

    fn sync(&mut self) {
        for _ in 0..2 {
            for device in [&mut self.rowan, &mut self.bryony, &mut self.sage] {
                sync(&self.council, device);
            }
        }
    }

    /// A visit to Wren, recorded and finished by Rowan, on every device.
    fn finished(&mut self) -> RecordId {
        let visit = visit_to_wren(&mut self.rowan);
        record_and_finish(&mut self.rowan, visit);
        self.sync();
        visit
    }
}

fn record_and_finish(working: &mut Working, visit: RecordId) {
    for (target, code) in [
        ("outcome", "went_ahead"),
        ("mode", "in_person"),
        ("seen", "yes"),
        ("alone", "spoke_alone"),
        ("safe_now", "no_worry_today"),
        ("voice/v1", "01890a5d-ac96-774b-bcce-b302099a8057"),
    ] {
        working
            .set(visit, &target.parse().unwrap(), code, None)
            .unwrap();
    }
    working.note(visit, "meaning", "Wren is settled.").unwrap();
    assert!(matches!(
        working.finish(&[visit]).unwrap(),
        Finishing::Finished(_)
    ));
}

fn agree(team: &Team) {
    let digests = |working: &Working| {
        let mut all = working.digests().unwrap();
        all.retain(|line| line.scope.contains("child"));
        serde_json::to_string(&all).unwrap()
    };
    assert_eq!(digests(&team.rowan), digests(&team.sage));
    assert_eq!(digests(&team.rowan), digests(&team.bryony));
}

#[test]
fn a_manager_signs_off_what_others_finished_and_everybody_reads_it() {
    let mut team = Team::new();
    let visit = team.finished();
    team.sage.sign_off(&[visit]).unwrap();
    assert!(matches!(
        team.sage.sign_off(&[visit]),
        Err(SaveError::SignedOff)
    ));
    team.sync();
    agree(&team);
    for device in [&team.rowan, &team.bryony, &team.sage] {
        let page = device.visit(visit).unwrap();
        assert_eq!(
            page.oversight.signed_off.unwrap().words,
            "Signed off by Sage Mallow, 09:52."
        );
        assert!(page.finished.is_some());
        assert_eq!(device.visits(WREN).unwrap()[0].marks, ["signed_off"]);
        let kinds: Vec<String> = device
            .history(visit)
            .unwrap()
            .into_iter()
            .map(|version| version.kind)
            .collect();
        assert!(kinds.contains(&"sign_off".to_owned()));
    }
    assert!(team.council.lock().unwrap().all_applied());
}

#[test]
fn oversight_is_refused_where_the_council_would_set_it_aside() {
    let mut team = Team::new();
    let open = visit_to_wren(&mut team.rowan);
    team.sync();
    assert!(matches!(
        team.sage.sign_off(&[open]),
        Err(SaveError::NotFinished)
    ));
    assert!(matches!(
        team.sage.give_back(open, "Who is Reed?"),
        Err(SaveError::NotFinished)
    ));
    assert!(matches!(
        team.sage.correct(open, &field("seen"), "no", "x"),
        Err(SaveError::NotFinished)
    ));
    record_and_finish(&mut team.rowan, open);
    team.sync();
    assert!(matches!(
        team.rowan.sign_off(&[open]),
        Err(SaveError::ManagersOnly)
    ));
    assert!(matches!(
        team.bryony.give_back(open, "Who is Reed?"),
        Err(SaveError::ManagersOnly)
    ));
    assert!(matches!(
        team.bryony.void(open, "wrong child", None),
        Err(SaveError::ManagersOnly)
    ));
    assert!(matches!(
        team.sage.give_back(open, "  "),
        Err(SaveError::Empty { .. })
    ));
    assert!(matches!(
        team.sage.void(WREN, "wrong child", None),
        Err(SaveError::OtherKind(_))
    ));
    let unknown = RecordId([0xee; 16]);
    assert!(matches!(
        team.sage.sign_off(&[unknown]),
        Err(SaveError::UnknownRecord(_))
    ));
    // A manager who made the visit herself has nobody to ask.
    let own = visit_to_wren(&mut team.sage);
    record_and_finish(&mut team.sage, own);
    for refused in [
        team.sage.sign_off(&[own]).err(),
        team.sage.give_back(own, "Is that so?").err(),
        // One of two is refused, so neither is signed off.
        team.sage.sign_off(&[open, own]).err(),
    ] {
        assert!(matches!(
            refused,
            Some(SaveError::WouldBeSetAside(Reason::OwnWork))
        ));
    }
    assert!(
        team.sage
            .visit(open)
            .unwrap()
            .oversight
            .signed_off
            .is_none()
    );
}

#[test]
fn a_question_sent_back_is_a_task_of_the_author_until_they_add_to_the_visit() {
    let mut team = Team::new();
    let visit = team.finished();
    let asked = "Who is Reed? Check by Thursday.";
    team.sage.give_back(visit, asked).unwrap();
    team.sync();
    let task = team.rowan.today(None).unwrap().returned;
    assert_eq!(task.len(), 1);
    assert_eq!((task[0].question.as_str(), task[0].mine), (asked, true));
    assert_eq!(task[0].by, "Sage Mallow");
    assert!(team.bryony.today(None).unwrap().returned.is_empty());
    assert_eq!(team.sage.returned().unwrap().len(), 1);
    assert_eq!(team.bryony.visits(WREN).unwrap()[0].marks, ["asked"]);
    // What a colleague adds answers nothing.
    team.bryony
        .add_late(visit, "saw", "A man's coat in the hall.")
        .unwrap();
    team.sync();
    assert_eq!(team.rowan.returned().unwrap().len(), 1);
    team.rowan
        .add_late(visit, "changed", "Reed is Ivy's cousin.")
        .unwrap();
    assert!(
        team.rowan.returned().unwrap().is_empty(),
        "at once, before it is sent"
    );
    assert_eq!(team.sage.returned().unwrap().len(), 1);
    team.sync();
    for device in [&team.rowan, &team.bryony, &team.sage] {
        assert!(device.returned().unwrap().is_empty());
        let page = device.visit(visit).unwrap();
        assert!(page.oversight.returned[0].answered);
        assert!(
            page.oversight.returned[0]
                .words
                .contains("Rowan Teasel has added to it since.")
        );
    }
    // Asked again, it waits again.
    team.sage.give_back(visit, "Since when?").unwrap();
    team.sync();
    assert_eq!(team.rowan.returned().unwrap().len(), 1);
    agree(&team);
}

#[test]
fn a_correction_stands_beside_the_page_and_counts() {
    let mut team = Team::new();
    let visit = team.finished();
    let date = field("visit_date");
    team.bryony
        .correct(visit, &date, "2026-10-26", "It was Monday evening.")
        .unwrap();
    team.sync();
    agree(&team);
    for device in [&team.rowan, &team.bryony, &team.sage] {
        let page = device.visit(visit).unwrap();
        let correction = &page.oversight.corrections[0];
        assert_eq!(
            (correction.was.as_str(), correction.is.as_str()),
            ("2026-10-27", "2026-10-26")
        );
        assert!(correction.words.contains("Put right by Bryony Sorrel"));
        let question = page
            .questions
            .iter()
            .find(|question| question.target == "visit_date")
            .unwrap();
        assert_eq!(question.on_page[0].code.as_deref(), Some("2026-10-27"));
        assert_eq!(question.answers[0].code.as_deref(), Some("2026-10-26"));
        assert_eq!(
            question.answers[0].reason.as_deref(),
            Some("It was Monday evening.")
        );
        let line = &device.visits(WREN).unwrap()[0];
        assert_eq!((line.date.as_str(), line.finished), ("2026-10-26", true));
        assert_eq!(line.marks, ["corrected"]);
    }
    for (target, code, refused) in [
        ("visit_date", "2026-10-26", "another answer"),
        ("visit_date", "Monday", "a date"),
        ("place", "home", "nothing stands here"),
        ("hat", "red", "no field"),
        (
            "voice/v1",
            "01890a5d-ac96-774b-bcce-b302099a8058",
            "would not take",
        ),
        ("meaning/m", "text", "under its heading"),
    ] {
        let error = team
            .rowan
            .correct(visit, &target.parse().unwrap(), code, "why")
            .unwrap_err();
        assert!(error.to_string().contains(refused), "{target}: {error}");
    }
}

#[test]
fn who_may_correct_a_risk_fact_is_who_may_settle_it() {
    let mut team = Team::new();
    let visit = team.finished();
    let alone = field("alone");
    // Anybody may raise the worry.
    team.bryony
        .correct(visit, &alone, "not_alone", "Reed stood in the doorway.")
        .unwrap();
    team.sync();
    // Rowan may not lower Bryony's.
    match team
        .rowan
        .correct(visit, &alone, "spoke_alone", "He did not.")
    {
        Err(SaveError::NeedsAgreement { person, name }) => {
            assert_eq!((person, name.as_str()), (BRYONY, "Bryony Sorrel"));
        }
        other => panic!("{:?}", other.err()),
    }
    // A manager who wrote neither may.
    team.sage
        .correct(
            visit,
            &alone,
            "spoke_alone",
            "Both workers agree on the telephone.",
        )
        .unwrap();
    team.sync();
    agree(&team);
    let line = team.rowan.visits(WREN).unwrap().remove(0);
    assert_eq!(line.alone.as_deref(), Some("spoke_alone"));
    assert!(!line.alone_open);
    assert_eq!(
        team.rowan.visit(visit).unwrap().oversight.corrections.len(),
        2
    );
    assert!(team.council.lock().unwrap().all_applied());
}

#[test]
fn two_corrections_that_crossed_are_a_question_like_any_other() {
    let mut team = Team::new();
    let visit = team.finished();
    let alone = field("alone");
    team.bryony
        .correct(visit, &alone, "not_alone", "Reed was there.")
        .unwrap();
    team.rowan
        .correct(visit, &alone, "alone_not_talking", "She said nothing.")
        .unwrap();
    team.sync();
    let line = team.sage.visits(WREN).unwrap().remove(0);
    assert_eq!(
        (line.alone.as_deref(), line.alone_open),
        (Some("not_alone"), true)
    );
    assert!(matches!(
        team.sage.correct(visit, &alone, "spoke_alone", "x"),
        Err(SaveError::TwoAnswers)
    ));
}

#[test]
fn a_record_entered_in_error_is_hidden_at_once_everywhere_and_kept_as_evidence() {
    let mut team = Team::new();
    let wrong = team.finished();
    let question = field("bedroom");
    team.rowan.set(wrong, &question, "seen", None).unwrap();
    team.bryony.set(wrong, &question, "not_seen", None).unwrap();
    team.rowan
        .concern(&[WREN], None, "manager_today", "A bruise on the arm.", None)
        .unwrap();
    let voice = team
        .rowan
        .voice(
            WREN,
            None,
            &visitbook_device::VoiceGiven {
                how: "said".into(),
                words: Some("I like the pool.".into()),
                ..Default::default()
            },
        )
        .unwrap()
        .0;
    team.sync();
    let concern = team.sage.concerns(None).unwrap()[0].record;
    let visits = |working: &Working| working.visits(WREN).unwrap().len();
    assert_eq!(team.sage.questions().unwrap().len(), 1);
    let again = team.rowan.begin_visit(&[FINCH]).unwrap()[0];
    team.sync();
    team.sage
        .void(wrong, "This was Finch's visit.", Some(again))
        .unwrap();
    assert_eq!(
        visits(&team.sage),
        0,
        "on the manager's own device before it is sent"
    );
    team.sage.void(concern, "Finch's too.", None).unwrap();
    team.sage.void(voice, "Finch said it.", None).unwrap();
    team.sync();
    agree(&team);
    for device in [&mut team.rowan, &mut team.bryony, &mut team.sage] {
        assert_eq!(visits(device), 0);
        assert!(device.concerns(None).unwrap().is_empty());
        assert!(device.questions().unwrap().is_empty());
        let today = device.today(None).unwrap();
        assert!(today.visits.iter().all(|line| line.record != wrong));
        assert!(today.concerns.is_empty());
        let card = device.child_card(WREN).unwrap();
        assert!(card.last_seen.is_none() && card.visits.is_empty() && card.voices.is_empty());
        for words in ["settled", "bruise", "pool"] {
            assert!(device.search(words).unwrap().is_empty(), "{words}");
        }
        let page = device.page(wrong).unwrap();
        assert!(page.questions.is_empty() && page.entries.is_empty() && page.finished.is_none());
        let voided = page.oversight.voided.unwrap();
        assert_eq!(voided.made_again, Some(again));
        assert!(
            voided
                .words
                .starts_with("Entered in error, says Sage Mallow")
        );
        assert!(device.page(voice).unwrap().words.is_empty());
        let kept = device.history(wrong).unwrap();
        assert!(
            kept.iter()
                .any(|one| one.text.as_deref() == Some("Wren is settled."))
        );
        assert!(kept.iter().any(|one| one.kind == "void"));
        assert_eq!(device.verify().unwrap().problems, Vec::<String>::new());
    }
    for refused in [
        team.rowan.set(wrong, &question, "seen", None).err(),
        team.rowan.add_late(wrong, "saw", "More.").err(),
        team.sage.sign_off(&[wrong]).err(),
        team.sage.void(wrong, "Once more.", None).err(),
    ] {
        assert!(
            matches!(refused, Some(SaveError::EnteredInError)),
            "{refused:?}"
        );
    }
}

#[test]
fn words_written_before_the_voiding_was_known_are_kept_and_stay_hidden() {
    let mut team = Team::new();
    let wrong = team.finished();
    team.sage.void(wrong, "Another child.", None).unwrap();
    // Bryony is offline and does not know.
    team.bryony
        .add_late(wrong, "saw", "Written in the lane.")
        .unwrap();
    team.bryony
        .draft_update(wrong, "changed", None, "half a senten")
        .unwrap();
    team.sync();
    // The draft is committed at lock, whatever has become of the record.
    let Team {
        bryony, council, ..
    } = team;
    let mut bryony = bryony.lock().unlock(PIN).unwrap();
    sync(&council, &mut bryony);
    assert!(bryony.visits(WREN).unwrap().is_empty());
    assert!(bryony.search("lane").unwrap().is_empty());
    let kept = bryony.history(wrong).unwrap();
    for words in ["Written in the lane.", "half a senten"] {
        assert!(
            kept.iter().any(|one| one.text.as_deref() == Some(words)),
            "{words}"
        );
    }
}

#[test]
fn a_voiding_that_the_council_set_aside_hides_nothing() {
    let mut team = Team::new();
    let visit = team.finished();
    team.sage.void(visit, "Another child.", None).unwrap();
    // Before it arrives Sage stops being the manager.
    {
        let mut council = team.council.lock().unwrap();
        council.unassign(SAGE, WREN);
        council.assign(SAGE, WREN, Role::Joint);
    }
    team.sync();
    for device in [&team.rowan, &team.sage] {
        assert_eq!(device.visits(WREN).unwrap().len(), 1);
        assert_eq!(device.visit(visit).unwrap().unread, 1);
    }
    assert!(matches!(
        team.rowan.page(RecordId([0xee; 16])),
        Err(ReadError::UnknownRecord(_))
    ));
}

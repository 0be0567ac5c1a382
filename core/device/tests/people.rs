//! People working side by side: one visit or two, and telling a child of a change of worker.
#![cfg(feature = "store")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Mutex;

use common::*;
use visitbook_device::{SaveError, Working};
use visitbook_record::commit::Role;
use visitbook_record::id::RecordId;
use visitbook_record::op::Target;

struct Team {
    council: Mutex<Council>,
    // Their folders live as long as they do.
    _phones: Vec<Phone>,
    rowan: Working,
    bryony: Working,
    sage: Working,
}

impl Team {
    fn new() -> Self {
        let council = Mutex::new(Council::with_larkspurs());
        let mut phones = Vec::new();
        let mut enrol = |worker, label| {
            let (phone, working) = Phone::enrol(&council, worker, label);
            phones.push(phone);
            working
        };
        let (rowan, bryony, sage) = (
            enrol(ROWAN, "Rowan's phone"),
            enrol(BRYONY, "Bryony's phone"),
            enrol(SAGE, "Sage's laptop"),
        );
        let mut team = Self {
            council,
            _phones: phones,
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

    fn all(&self) -> [&Working; 3] {
        [&self.rowan, &self.bryony, &self.sage]
    }
}

fn set(working: &mut Working, record: RecordId, answers: &[(&str, &str)]) {
    for (target, code) in answers {
        let target: Target = target.parse().unwrap();
        working.set(record, &target, code, None).unwrap();
    }
}

/// Each begins a visit to Wren without having heard of the other's.
fn begun_apart(team: &mut Team) -> (RecordId, RecordId) {
    let hers = team.rowan.begin_visit(&[WREN]).unwrap()[0];
    set(
        &mut team.rowan,
        hers,
        &[("arrived", "09:40"), ("mode", "in_person")],
    );
    let other = team.bryony.begin_visit(&[WREN]).unwrap()[0];
    set(
        &mut team.bryony,
        other,
        &[("arrived", "09:55"), ("mode", "in_person")],
    );
    (hers, other)
}

fn asked(working: &Working) -> Vec<(RecordId, RecordId, bool)> {
    let all = working.same_visits().unwrap();
    all.iter()
        .map(|one| (one.first, one.second, one.mine))
        .collect()
}

#[test]
fn those_who_wrote_are_asked_in_plain_words_and_the_same_everywhere() {
    let mut team = Team::new();
    let (rowans, bryonys) = begun_apart(&mut team);
    assert!(asked(&team.rowan).is_empty(), "nobody can know yet");
    team.sync();
    assert_eq!(asked(&team.rowan), [(rowans, bryonys, true)]);
    assert_eq!(asked(&team.bryony), [(rowans, bryonys, true)]);
    assert_eq!(asked(&team.sage), [(rowans, bryonys, false)]);
    let today = team.bryony.today(None).unwrap();
    assert_eq!((today.questions, today.same_visits.len()), (1, 1));
    assert_eq!(team.sage.today(None).unwrap().same_visits.len(), 0);
    let question = &team.bryony.same_visits().unwrap()[0];
    assert_eq!(question.title, "One visit or two?");
    assert_eq!(
        question.detail,
        "Rowan Teasel began a visit to Wren at 09:40, you at 09:55. Both are kept as they were written, whatever you answer."
    );
    assert_eq!(
        question.buttons,
        [
            "Two visits",
            "One visit – read Rowan's first",
            "One visit – read yours first"
        ]
    );
}

#[test]
fn one_visit_keeps_both_whole_links_them_and_counts_once() {
    let mut team = Team::new();
    let (rowans, bryonys) = begun_apart(&mut team);
    team.sync();
    let before = team.sage.history(bryonys).unwrap().len();
    // The record to read first has the higher id here, so the answer stands on the other.
    let done = team.rowan.one_visit(bryonys, rowans).unwrap();
    assert_eq!(done.records, [rowans.min(bryonys)]);
    assert!(asked(&team.rowan).is_empty());
    team.sync();
    for device in team.all() {
        assert!(asked(device).is_empty());
        assert_eq!(device.today(None).unwrap().questions, 0);
        let lines = device.visits(WREN).unwrap();
        let same = |visit: RecordId| {
            lines
                .iter()
                .find(|line| line.record == visit)
                .unwrap()
                .same_visit_as
        };
        assert_eq!((same(rowans), same(bryonys)), (Some(bryonys), None));
        let (first, beside) = (
            device.visit(bryonys).unwrap(),
            device.visit(rowans).unwrap(),
        );
        assert_eq!(first.same_visit[0].record, rowans);
        assert!(!first.same_visit[0].first && beside.same_visit[0].first);
        assert_eq!(
            beside.same_visit[0].words,
            "The same visit as Bryony Sorrel's of 09:55, which is read first. Counted once."
        );
        let own = |page: &visitbook_device::model::RecordPage| {
            page.questions.iter().any(|one| one.target == "arrived")
        };
        assert!(own(&first) && own(&beside), "both are whole");
        for visit in [rowans, bryonys] {
            let history = device.history(visit).unwrap();
            let said = history
                .iter()
                .find(|one| one.target.starts_with("same_visit/"));
            let said = said.expect("both histories tell who said so");
            assert_eq!((said.by.as_str(), said.live), ("Rowan Teasel", true));
        }
    }
    assert_eq!(team.sage.history(bryonys).unwrap().len(), before + 1);
    assert!(team.council.lock().unwrap().all_applied());
}

#[test]
fn two_visits_are_two_for_ever() {
    let mut team = Team::new();
    let (rowans, bryonys) = begun_apart(&mut team);
    team.sync();
    team.bryony.two_visits(rowans, bryonys).unwrap();
    team.sync();
    for device in team.all() {
        assert!(asked(device).is_empty());
        assert!(device.visit(rowans).unwrap().same_visit.is_empty());
        let lines = device.visits(WREN).unwrap();
        assert!(lines.iter().all(|line| line.same_visit_as.is_none()));
    }
}

#[test]
fn two_people_who_answer_differently_have_a_question_with_two_answers() {
    let mut team = Team::new();
    let (rowans, bryonys) = begun_apart(&mut team);
    team.sync();
    team.rowan.one_visit(rowans, bryonys).unwrap();
    team.bryony.two_visits(rowans, bryonys).unwrap();
    team.sync();
    let low = rowans.min(bryonys);
    for device in team.all() {
        assert!(asked(device).is_empty(), "it is a question of its own now");
        let open = device.questions().unwrap();
        assert_eq!(open.len(), 1);
        assert_eq!(
            (open[0].record, open[0].question.as_str()),
            (low, "One visit or two?")
        );
        // Until a person decides both stand.
        assert!(device.visit(rowans).unwrap().same_visit.is_empty());
    }
    team.bryony.one_visit(bryonys, rowans).unwrap();
    team.sync();
    for device in team.all() {
        assert!(device.questions().unwrap().is_empty());
        assert!(device.visit(rowans).unwrap().same_visit[0].first);
    }
}

#[test]
fn it_is_not_asked_of_planned_visits_of_far_apart_ones_or_of_one_entered_in_error() {
    let mut team = Team::new();
    team.rowan
        .plan_visit(&[FINCH], "2026-10-27", &[BRYONY])
        .unwrap();
    team.sync();
    let one = team.rowan.begin_visit(&[FINCH]).unwrap();
    assert_eq!(team.bryony.begin_visit(&[FINCH]).unwrap(), one);
    let early = team.rowan.begin_visit(&[PIPIT]).unwrap()[0];
    set(&mut team.rowan, early, &[("arrived", "08:00")]);
    let late = team.bryony.begin_visit(&[PIPIT]).unwrap()[0];
    set(&mut team.bryony, late, &[("arrived", "11:01")]);
    // Twice on one phone by one person is what that person meant.
    team.rowan.begin_visit(&[PIPIT]).unwrap();
    let (_, bryonys) = begun_apart(&mut team);
    team.sync();
    let about_wren = |working: &Working| {
        let all = working.same_visits().unwrap();
        all.iter().filter(|one| one.child == WREN).count()
    };
    assert_eq!(about_wren(&team.sage), 1);
    let of_finch = team.sage.same_visits().unwrap();
    assert!(of_finch.iter().all(|one| one.child != FINCH));
    assert!(!asked(&team.sage).contains(&(early, late, false)));
    team.sage.void(bryonys, "wrong child", None).unwrap();
    team.sync();
    for device in team.all() {
        assert_eq!(about_wren(device), 0);
    }
    for (one, other) in [(early, early), (early, one[0]), (early, WREN)] {
        assert!(team.rowan.two_visits(one, other).is_err());
    }
}

/// Two people at one door are one no answer, not the second in a row.
#[test]
fn dates_and_the_board_count_one_visit_once() {
    let mut team = Team::new();
    let (rowans, bryonys) = begun_apart(&mut team);
    set(&mut team.rowan, rowans, &[("outcome", "no_answer")]);
    set(&mut team.bryony, bryonys, &[("outcome", "no_answer")]);
    team.sync();
    let times = |working: &Working| working.no_answer(rowans).unwrap().unwrap().times;
    assert_eq!(times(&team.rowan), 2);
    team.rowan.one_visit(rowans, bryonys).unwrap();
    team.sync();
    assert_eq!((times(&team.rowan), times(&team.sage)), (1, 1));

    let mut team = Team::new();
    let (rowans, bryonys) = begun_apart(&mut team);
    for (device, visit, alone) in [
        (&mut team.rowan, rowans, "spoke_alone"),
        (&mut team.bryony, bryonys, "not_alone"),
    ] {
        set(
            device,
            visit,
            &[("outcome", "went_ahead"), ("seen", "yes"), ("alone", alone)],
        );
    }
    team.sync();
    team.bryony.one_visit(rowans, bryonys).unwrap();
    team.sync();
    let board = team.sage.board(None).unwrap().board;
    let wren: Vec<&str> = board
        .alone
        .iter()
        .chain(&board.also_seen)
        .filter(|line| line.name == "Wren")
        .map(|line| line.state.as_str())
        .collect();
    assert_eq!(wren, ["not_alone"], "once, and the more worrying answer");
}

#[test]
fn a_child_who_changes_worker_is_a_task_until_somebody_has_told_them() {
    let mut team = Team::new();
    let told = |working: &Working| -> Vec<String> {
        let all = working.today(None).unwrap().to_tell;
        all.iter().map(|one| one.words.clone()).collect()
    };
    assert!(matches!(
        team.bryony
            .told_worker(WREN, None, "2026-10-27", "at school"),
        Err(SaveError::NothingToTell)
    ));
    {
        let mut council = team.council.lock().unwrap();
        council.assign(BRYONY, WREN, Role::Allocated);
        council.unassign(ROWAN, WREN);
    }
    team.sync();
    let words = "Tell Wren who their worker is now: you, since Tue 27 Oct. By Tue 3 Nov, 5 working days from Tue 27 Oct.";
    assert_eq!(told(&team.bryony), [words]);
    assert!(told(&team.sage).is_empty(), "it is the worker's to tell");
    assert!(team.rowan.child_card(WREN).is_err());
    let board = team.sage.board(None).unwrap();
    assert!(
        board.lines.iter().any(|line| line
            == "Tell Wren who their worker is now: Bryony Sorrel, since Tue 27 Oct. By Tue 3 Nov, 5 working days from Tue 27 Oct."),
        "{:#?}",
        board.lines
    );
    let card = team.sage.child_card(WREN).unwrap().to_tell.unwrap();
    assert_eq!(
        (card.due.as_deref(), card.late, card.mine),
        (Some("2026-11-03"), false, false)
    );
    let late = team.bryony.today(Some("2026-11-04")).unwrap().to_tell;
    assert!(late[0].late);

    team.bryony
        .told_worker(
            WREN,
            None,
            "2026-10-28",
            "at school, with her teacher there",
        )
        .unwrap();
    assert!(told(&team.bryony).is_empty());
    assert_eq!(team.sage.to_tell("2026-10-28").unwrap().len(), 1);
    team.sync();
    assert!(team.sage.to_tell("2026-10-28").unwrap().is_empty());
    assert!(team.sage.board(None).unwrap().board.to_tell.is_empty());
    let history = team.sage.history(WREN).unwrap();
    let said = history
        .iter()
        .find(|one| one.target == format!("told_worker/{BRYONY}"))
        .unwrap();
    assert_eq!(
        (said.by.as_str(), said.code.as_deref(), said.note.as_deref()),
        (
            "Bryony Sorrel",
            Some("2026-10-28"),
            Some("at school, with her teacher there")
        )
    );
    assert!(team.council.lock().unwrap().all_applied());
}

//! Closing a line about an area that was not met: who may, what is said of it where, and what brings it back.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Mutex;

use common::*;
use visitbook_device::clock::Moment;

use visitbook_device::model::{BoardView, NotMetLine};
use visitbook_device::{SaveError, Saved, Working};
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::id::{PayloadHash, RecordId, WorkerId};
use visitbook_record::op::{Kind, Target};
use visitbook_record::payload::Content;
use visitbook_record::redaction::{self, Redaction};
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Reason;

const MERLE: RecordId = RecordId([0xc4; 16]);
const HAZEL: WorkerId = WorkerId([0xa4; 16]);
const FOOD: &str = "area_food";
const WHY: &str = "Food parcel agreed; the core group meets on Thursday.";
const DAY: i64 = 86_400_000;

/// The time of day in London, so many days after the day of the story.
fn at(days: i64, hour: i64, minute: i64) -> i64 {
    MORNING + days * DAY + ((hour - 9) * 60 + minute - 52) * 60_000
}

struct Team {
    council: Mutex<Council>,
    phones: Vec<Phone>,
    rowan: Working,
    bryony: Working,
    sage: Working,
    hazel: Working,
}

impl Team {
    /// Wren's team, and Hazel, who manages another.
    fn new() -> Self {
        let mut council = Council::with_larkspurs_at(at(-60, 9, 0));
        council.staff(&[(HAZEL, "Hazel Rush")]);
        council.child(MERLE, &[("known_as", "Merle")]);
        council.assign(HAZEL, MERLE, Role::Manager);
        let council = Mutex::new(council);
        let (rowans, rowan) = Phone::enrol(&council, ROWAN, "Rowan's phone");
        let (bryonys, bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
        let (sages, sage) = Phone::enrol(&council, SAGE, "Sage's laptop");
        let (hazels, hazel) = Phone::enrol(&council, HAZEL, "Hazel's laptop");
        let mut team = Self {
            council,
            phones: vec![rowans, bryonys, sages, hazels],
            rowan,
            bryony,
            sage,
            hazel,
        };
        team.sync();
        team
    }

    /// With three visits running, by Rowan, on which there was not enough to eat.
    fn third_time() -> Self {
        let mut team = Self::new();
        for days in [-28, -14, 0] {
            team.time(at(days, 10, 0));
            visit(&mut team.rowan, "not_met");
            team.sync();
        }
        team
    }

    fn time(&mut self, millis: i64) {
        for phone in &self.phones {
            phone.clock.set_wall(millis);
        }
        self.council.lock().unwrap().now = millis;
    }

    fn sync(&mut self) {
        for _ in 0..2 {
            for device in [
                &mut self.rowan,
                &mut self.bryony,
                &mut self.sage,
                &mut self.hazel,
            ] {
                sync(&self.council, device);
            }
        }
    }

    /// Sage closes the line about food.
    fn close(&mut self, step: &str, look_again: &str) -> Result<Saved, SaveError> {
        self.sage.close_line(WREN, FOOD, step, WHY, look_again)
    }

    fn now(&self) -> BoardView {
        self.sage.board(None).unwrap()
    }
}

/// A visit to Wren today, on which one thing was observed.
fn visit(working: &mut Working, food: &str) -> RecordId {
    let visit = working.begin_visit(&[WREN]).unwrap()[0];
    let date = working.today(None).unwrap().date;
    for (target, code) in [("outcome", "went_ahead"), ("visit_date", date.as_str())] {
        working.set(visit, &field(target), code, None).unwrap();
    }
    working.observe(visit, FOOD, food, None).unwrap();
    visit
}

/// The only line, and whether it stands with the closed ones.
fn line(view: &BoardView) -> (&NotMetLine, bool) {
    match (
        view.board.not_met.as_slice(),
        view.board.not_met_closed.as_slice(),
    ) {
        ([line], []) => (line, false),
        ([], [line]) => (line, true),
        _ => panic!("one line"),
    }
}

fn codes(line: &NotMetLine) -> Vec<&str> {
    line.steps.iter().map(|step| step.code.as_str()).collect()
}

#[test]
fn only_the_childs_manager_closes_it_with_a_step_a_reason_and_a_day_to_come() {
    let mut team = Team::third_time();
    let close = |working: &mut Working, step, why, day| {
        working.close_line(WREN, FOOD, step, why, day).err()
    };
    for worker in [&mut team.rowan, &mut team.bryony] {
        let refused = close(worker, "core_group", WHY, "2026-11-10");
        assert!(matches!(refused, Some(SaveError::ManagersOnly)));
    }
    let refused = close(&mut team.hazel, "core_group", WHY, "2026-11-10");
    assert!(matches!(refused, Some(SaveError::UnknownRecord(WREN))));
    let sage = &mut team.sage;
    let refused = close(sage, "wait_and_see", WHY, "2026-11-10");
    assert!(matches!(refused, Some(SaveError::UnknownCode { allowed, .. }) if allowed.len() == 3));
    let refused = close(sage, "core_group", "  ", "2026-11-10");
    assert!(matches!(refused, Some(SaveError::Empty { .. })));
    for day in ["2026-10-26", "10 November", ""] {
        let refused = close(sage, "core_group", WHY, day);
        assert!(matches!(refused, Some(SaveError::BadForm { .. })), "{day}");
    }
    for area in ["area_health", "area_toys"] {
        let refused = sage.close_line(WREN, area, "core_group", WHY, "2026-11-10");
        assert!(matches!(refused, Err(SaveError::NoLine)), "{area}");
    }
    let on_a_visit = sage.visits(WREN).unwrap()[0].record;
    let refused = sage.close_line(on_a_visit, FOOD, "core_group", WHY, "2026-11-10");
    assert!(matches!(refused, Err(SaveError::OtherKind(_))));
    assert!(!line(&team.now()).1, "nothing was saved");
    team.close("core_group", "2026-10-27").unwrap();
    assert!(line(&team.now()).1, "today is not past");
    team.sync();
    assert!(team.council.lock().unwrap().all_applied());
}

#[test]
fn a_manager_does_not_close_what_nobody_else_observed() {
    let mut team = Team::new();
    for days in [-28, -14, 0] {
        team.time(at(days, 10, 0));
        visit(&mut team.sage, "not_met");
        team.sync();
    }
    let refused = team.close("core_group", "2026-11-10");
    assert!(matches!(
        refused,
        Err(SaveError::WouldBeSetAside(Reason::OwnWork))
    ));
    let seen_by_both = team.sage.visits(WREN).unwrap()[0].record;
    team.rowan
        .observe(seen_by_both, FOOD, "not_met", None)
        .unwrap();
    team.sync();
    team.close("core_group", "2026-11-10").unwrap();
    assert!(line(&team.now()).1);
}

#[test]
fn everybody_reads_by_whom_why_and_until_when() {
    let mut team = Team::third_time();
    assert_eq!(
        codes(line(&team.now()).0),
        ["practical_help", "core_group", "legal_advice"]
    );
    team.time(at(0, 16, 6));
    let saved = team.close("core_group", "2026-11-10").unwrap();
    assert_eq!(saved.records, [WREN]);
    team.sync();
    let view = team.now();
    let (closed, is_closed) = line(&view);
    assert!(is_closed && closed.state == "closed");
    let said = format!(
        "Closed by Sage Mallow, 16:06: bring the core group forward, look again Tue 10 Nov. “{WHY}”"
    );
    assert!(closed.words.ends_with(&said), "{}", closed.words);
    let title = "Not met, closed until it is looked at again: 1.";
    assert!(view.lines.iter().any(|line| line == title));
    let open = |line: &String| line.starts_with("Not met, visit after visit");
    assert!(!view.lines.iter().any(open));
    for device in [&team.rowan, &team.bryony, &team.sage] {
        let page = device.page(WREN).unwrap();
        let [closing] = page.oversight.closings.as_slice() else {
            panic!("one closing");
        };
        assert_eq!(closing.by, "Sage Mallow");
        assert_eq!(
            (closing.reason.as_str(), closing.look_again.as_str()),
            (WHY, "2026-11-10")
        );
        let history = device.history(WREN).unwrap();
        let found = history.iter().find(|one| one.kind == "close").unwrap();
        assert_eq!(found.text.as_deref(), Some(WHY));
        assert_eq!(found.label, "Not met, closed: Food");
        assert!(found.note.as_ref().unwrap().contains("2026-11-10"));
        let text = device.case_text(WREN).unwrap().text;
        assert!(
            text.contains("MANAGEMENT OVERSIGHT") && text.contains(WHY),
            "{text}"
        );
        assert!(text.contains("Look again: 10/11/2026"), "{text}");
    }
    assert_eq!(team.rowan.search("parcel").unwrap().len(), 1);
    assert!(team.rowan.case_text(FINCH).is_err());
}

#[test]
fn a_board_of_before_is_the_same_next_week_and_lists_the_closing_as_later() {
    let mut team = Team::third_time();
    team.time(at(0, 17, 0));
    team.sync();
    let five = WallMillis(at(0, 17, 0));
    let before = team.sage.board(Some(five)).unwrap();
    assert!(!line(&before).1);
    team.time(at(0, 18, 30));
    team.close("core_group", "2026-11-10").unwrap();
    team.time(at(0, 18, 42));
    team.sync();
    team.time(at(7, 9, 0));
    team.sync();
    let after = team.sage.board(Some(five)).unwrap();
    assert_eq!(after.lines, before.lines);
    let since = after.since.unwrap();
    let [addition] = since.additions.as_slice() else {
        panic!("one addition: {}", since.words);
    };
    assert_eq!(addition.what, "food, not met: closed");
    assert_eq!(addition.change.as_deref(), Some("look again Tue 10 Nov"));
    assert_eq!(
        (addition.by.as_str(), addition.written.time.as_str()),
        ("Sage Mallow", "18:30")
    );
    assert_eq!(addition.received.as_ref().unwrap().time, "18:42");
    assert!(since.lines_now.iter().any(|line| line.contains(WHY)));
    // And a board of that evening has it closed, whenever it is printed.
    let late = WallMillis(at(0, 19, 0));
    assert!(line(&team.sage.board(Some(late)).unwrap()).1);
    team.time(at(30, 9, 0));
    team.sync();
    assert!(line(&team.sage.board(Some(late)).unwrap()).1);
}

#[test]
fn a_further_visit_brings_it_back_one_step_up() {
    let mut team = Team::third_time();
    team.close("core_group", "2026-11-10").unwrap();
    team.sync();
    team.time(at(7, 10, 0));
    visit(&mut team.rowan, "not_met");
    team.sync();
    let view = team.now();
    let (back, is_closed) = line(&view);
    assert!(!is_closed && back.state == "came_back");
    assert_eq!(codes(back), ["legal_advice"]);
    let said = "But not met again, today: back, one step up: ask for legal advice.";
    assert!(back.words.ends_with(said), "{}", back.words);
    assert!(
        back.words.contains("fourth visit running"),
        "{}",
        back.words
    );
    assert!(
        back.words
            .contains("It was closed by Sage Mallow, Tue 27 Oct")
    );
    for small in ["practical_help", "core_group"] {
        let refused = team.close(small, "2026-11-20");
        assert!(
            matches!(refused, Err(SaveError::StepTooSmall { least }) if least == "ask for legal advice")
        );
    }
    team.close("legal_advice", "2026-11-20").unwrap();
    team.sync();
    let view = team.now();
    assert!(line(&view).1);
    // The largest step is not the last: the line comes back all the same.
    team.time(at(14, 10, 0));
    visit(&mut team.bryony, "not_met");
    team.sync();
    let view = team.now();
    let (back, is_closed) = line(&view);
    assert!(!is_closed);
    let said = "back, and there is no larger step than to ask for legal advice.";
    assert!(back.words.ends_with(said), "{}", back.words);
    // Somebody looked, and it was met: closed or not, there is no line.
    team.time(at(21, 10, 0));
    visit(&mut team.rowan, "met");
    team.sync();
    let view = team.now().board;
    assert!(view.not_met.is_empty() && view.not_met_closed.is_empty());
    assert!(matches!(
        team.close("legal_advice", "2026-12-20"),
        Err(SaveError::NoLine)
    ));
}

#[test]
fn the_day_for_looking_again_brings_it_back_if_nothing_changed() {
    let mut team = Team::third_time();
    team.close("practical_help", "2026-11-10").unwrap();
    team.sync();
    team.time(at(7, 10, 0));
    visit(&mut team.rowan, "not_seen_today");
    team.sync();
    assert!(line(&team.now()).1, "nobody looked");
    team.time(at(14, 23, 0));
    assert!(line(&team.now()).1, "on the day itself");
    team.time(at(15, 9, 0));
    let view = team.now();
    let (back, is_closed) = line(&view);
    assert!(!is_closed);
    assert_eq!(codes(back), ["core_group", "legal_advice"]);
    let said =
        "But nothing had changed by Tue 10 Nov: back, one step up: bring the core group forward.";
    assert!(back.words.ends_with(said), "{}", back.words);
}

#[test]
fn a_closed_line_is_closed_anew_only_to_look_again_sooner() {
    let mut team = Team::third_time();
    team.close("core_group", "2027-11-10").unwrap();
    assert!(matches!(
        team.close("core_group", "2027-11-11"),
        Err(SaveError::StillClosed { until }) if until == "2027-11-10"
    ));
    assert!(matches!(
        team.close("practical_help", "2026-11-10"),
        Err(SaveError::StepTooSmall { .. })
    ));
    team.close("core_group", "2026-11-10").unwrap();
    team.sync();
    let view = team.now();
    let closing = line(&view).0.closing.as_ref().unwrap();
    assert_eq!(closing.look_again, "2026-11-10");
    assert_eq!(team.rowan.page(WREN).unwrap().oversight.closings.len(), 2);
}

/// The visit and the closing reach the council in either order; whoever closed it could not have known of the visit.
#[test]
fn in_either_order_of_arrival_it_is_the_same_line() {
    let boards: Vec<Vec<String>> = [false, true]
        .into_iter()
        .map(|visit_first| {
            let mut team = Team::third_time();
            team.time(at(7, 9, 0));
            visit(&mut team.rowan, "not_met");
            team.close("core_group", "2026-11-10").unwrap();
            if visit_first {
                push(&team.council, &mut team.rowan);
                push(&team.council, &mut team.sage);
            } else {
                push(&team.council, &mut team.sage);
                push(&team.council, &mut team.rowan);
            }
            team.sync();
            let views = [&team.rowan, &team.bryony, &team.sage];
            let mut words = views.map(|device| {
                let view = device.board(None).unwrap();
                let (line, is_closed) = line(&view);
                assert!(!is_closed);
                line.words.clone()
            });
            words.sort();
            words.to_vec()
        })
        .collect();
    assert_eq!(boards[0], boards[1]);
    assert!(
        boards[0][0].contains("not met again, today"),
        "{}",
        boards[0][0]
    );
    assert_eq!(boards[0][0], boards[0][2]);
}

#[test]
fn two_closings_that_crossed_both_count_until_one_who_saw_both_closes_it() {
    let mut team = Team::third_time();
    let (laptop, mut tablet) = Phone::enrol(&team.council, SAGE, "Sage's tablet");
    laptop.clock.set_wall(at(0, 10, 0));
    sync(&team.council, &mut tablet);
    team.close("core_group", "2026-11-20").unwrap();
    tablet
        .close_line(WREN, FOOD, "practical_help", WHY, "2026-11-03")
        .unwrap();
    sync(&team.council, &mut tablet);
    team.sync();
    sync(&team.council, &mut tablet);
    for device in [&team.sage, &tablet] {
        let view = device.board(None).unwrap();
        let (closed, is_closed) = line(&view);
        assert!(is_closed);
        assert_eq!(closed.closing.as_ref().unwrap().look_again, "2026-11-03");
    }
    team.time(at(8, 9, 0));
    let view = team.now();
    let (back, is_closed) = line(&view);
    assert!(!is_closed);
    assert_eq!(codes(back), ["legal_advice"], "above the larger of the two");
    team.close("legal_advice", "2026-12-01").unwrap();
    team.sync();
    assert!(line(&team.now()).1);
    assert!(team.council.lock().unwrap().all_applied());
}

#[test]
fn a_closing_that_lost_its_words_closes_nothing() {
    let mut team = Team::third_time();
    let op = team.close("core_group", "2026-11-10").unwrap().ops[0];
    team.sync();
    let said = Redaction {
        payload: PayloadHash([0xee; 32]),
        about: Target::element("not_met", FOOD),
        reason: "a court's order".to_owned(),
    };
    team.council.lock().unwrap().write(
        WREN,
        RecordKind::Child,
        Scope::Child(WREN),
        vec![(
            Kind::Redact,
            redaction::target(op),
            Content::Redaction(said),
        )],
    );
    team.sync();
    for device in [&mut team.rowan, &mut team.sage] {
        let view = device.board(None).unwrap();
        let (open, is_closed) = line(&view);
        assert!(!is_closed && open.state == "open");
        assert_eq!(codes(open).len(), 3);
        let history = device.history(WREN).unwrap();
        let found = history.iter().find(|one| one.kind == "close").unwrap();
        assert!(found.text.is_none() && found.removed.is_some());
        assert!(device.page(WREN).unwrap().oversight.closings.is_empty());
        assert!(device.search("parcel").unwrap().is_empty());
    }
    team.close("core_group", "2026-11-10").unwrap();
    assert!(line(&team.now()).1);
}

#[test]
fn a_closing_counts_at_once_on_the_device_that_wrote_it_and_says_when() {
    let mut team = Team::third_time();
    team.time(at(0, 16, 6));
    team.close("core_group", "2026-11-10").unwrap();
    let view = team.now();
    let closing = line(&view).0.closing.clone().unwrap();
    assert!(closing.received.is_none());
    assert_eq!(closing.written, Moment::of(WallMillis(at(0, 16, 6))));
    assert!(!line(&team.rowan.board(None).unwrap()).1);
    // The council does not have it, so no board of a moment does.
    let view = team.sage.board(Some(WallMillis(at(0, 17, 0)))).unwrap();
    assert!(!line(&view).1);
}

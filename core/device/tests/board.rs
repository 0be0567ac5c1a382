//! A manager's board: the day on one page, and the same page whenever it is printed.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Mutex;

use common::*;
use visitbook_device::clock::Moment;
use visitbook_device::model::{Board, BoardView, Finishing};
use visitbook_device::{VoiceGiven, Working};
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::op::{Kind, Target};
use visitbook_record::payload::{Content, Value};
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::{Reason, Verdict};

const MERLE: RecordId = RecordId([0xc4; 16]);
const ROBIN: RecordId = RecordId([0xc5; 16]);
const MINUTE: i64 = 60_000;

/// The time of day in London, on the day of the story.
fn at(hour: i64, minute: i64) -> i64 {
    MORNING + ((hour - 9) * 60 + minute - 52) * MINUTE
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap()
}

struct Team {
    council: Mutex<Council>,
    phones: [Phone; 3],
    rowan: Working,
    bryony: Working,
    sage: Working,
}

impl Team {
    /// Three siblings on a plan and Merle are due today; Robin is not.
    fn new() -> Self {
        let mut council = Council::with_larkspurs_at(at(8, 0) - 86_400_000);
        for (child, name, family) in [(MERLE, "Merle", "Hawthorn"), (ROBIN, "Robin", "Quince")] {
            council.child(
                child,
                &[
                    ("known_as", name),
                    ("family_name", family),
                    ("family_id", name),
                ],
            );
            council.assign(ROWAN, child, Role::Allocated);
        }
        council.assign(SAGE, MERLE, Role::Manager);
        for (child, kind, seen) in [
            (WREN, "cp", "2026-10-13"),
            (FINCH, "cp", "2026-10-13"),
            (PIPIT, "cp", "2026-10-13"),
            (MERLE, "cin", "2026-09-29"),
            (ROBIN, "cin", "2026-10-20"),
        ] {
            let value = |code: &str| Content::Value(Value::new(code, code));
            let said = [("kind", kind), ("start", "2026-01-05"), ("last_seen", seen)]
                .into_iter()
                .map(|(part, code)| (Kind::Assert, Target::part("period", "P", part), value(code)));
            let said = std::iter::once((Kind::SetAdd, Target::element("period", "P"), value("P")))
                .chain(said)
                .collect();
            council.write(child, RecordKind::Child, Scope::Child(child), said);
        }
        let council = Mutex::new(council);
        let (rowans, rowan) = Phone::enrol(&council, ROWAN, "Rowan's phone");
        let (bryonys, bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
        let (sages, sage) = Phone::enrol(&council, SAGE, "Sage's laptop");
        let mut team = Self {
            council,
            phones: [rowans, bryonys, sages],
            rowan,
            bryony,
            sage,
        };
        team.time(at(8, 20));
        team.sync();
        team
    }

    /// Sets every clock, the council's too.
    fn time(&mut self, millis: i64) {
        for phone in &self.phones {
            phone.clock.set_wall(millis);
        }
        self.council.lock().unwrap().now = millis;
    }

    fn sync(&mut self) {
        for _ in 0..2 {
            for device in [&mut self.rowan, &mut self.bryony, &mut self.sage] {
                sync(&self.council, device);
            }
        }
    }

    fn board(&self, millis: i64) -> BoardView {
        self.sage.board(Some(WallMillis(millis))).unwrap()
    }
}

fn set(working: &mut Working, record: RecordId, answers: &[(&str, &str)]) {
    for (target, code) in answers {
        working
            .set(record, &target.parse().unwrap(), code, None)
            .unwrap();
    }
}

const VOICE: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

fn finish(working: &mut Working, visits: &[RecordId]) {
    for visit in visits {
        set(
            working,
            *visit,
            &[("safe_now", "manager_today"), ("voice/v", VOICE)],
        );
        working.note(*visit, "meaning", "Hungry and cold.").unwrap();
    }
    assert!(matches!(
        working.finish(visits).unwrap(),
        Finishing::Finished(_)
    ));
}

/// The middle of the story: everything that the board at 17:00 tells. Returns Wren's visit and Merle's.
fn day(team: &mut Team) -> (RecordId, RecordId) {
    // Eight days ago nobody opened at Merle's; the clocks have changed since.
    team.time(at(11, 0) - 8 * 86_400_000);
    let tried = team.rowan.begin_visit(&[MERLE]).unwrap()[0];
    set(
        &mut team.rowan,
        tried,
        &[
            ("outcome", "no_answer"),
            ("tried/k", "knocked"),
            ("next_try", "2026-10-27"),
        ],
    );
    team.rowan.finish(&[tried]).unwrap();
    team.sync();
    team.time(at(9, 40));
    let visits = team.rowan.begin_visit(&[WREN, FINCH, PIPIT]).unwrap();
    team.sync();
    for visit in &visits {
        set(
            &mut team.rowan,
            *visit,
            &[
                ("outcome", "went_ahead"),
                ("mode", "in_person"),
                ("seen", "yes"),
                ("bedroom", "seen"),
            ],
        );
    }
    set(&mut team.rowan, visits[0], &[("alone", "spoke_alone")]);
    set(&mut team.rowan, visits[1], &[("alone", "spoke_alone")]);
    set(
        &mut team.rowan,
        visits[2],
        &[
            ("alone", "not_alone"),
            ("not_spoken_alone_because", "not_right_for_age"),
        ],
    );
    team.bryony
        .set(
            visits[0],
            &field("alone"),
            "not_alone",
            Some("Reed stood in the doorway"),
        )
        .unwrap();
    set(
        &mut team.bryony,
        visits[0],
        &[("not_spoken_alone_because", "someone_stayed_or_refused")],
    );
    team.time(at(10, 50));
    team.rowan
        .concern(
            &[WREN, FINCH, PIPIT],
            None,
            "manager_today",
            "No food, no heating.",
            None,
        )
        .unwrap();
    team.time(at(11, 5));
    sync(&team.council, &mut team.rowan);
    sync(&team.council, &mut team.sage);
    team.time(at(11, 9));
    let asked: Vec<RecordId> = team
        .sage
        .concerns(None)
        .unwrap()
        .iter()
        .map(|one| one.record)
        .collect();
    team.sage
        .decide(&asked, "Food and fuel money agreed.")
        .unwrap();
    team.time(at(11, 40));
    let merle = team.rowan.begin_visit(&[MERLE]).unwrap()[0];
    set(
        &mut team.rowan,
        merle,
        &[
            ("arrived", "11:40"),
            ("outcome", "no_answer"),
            ("tried/k", "knocked"),
            ("next_try", "2026-10-28"),
        ],
    );
    team.rowan.finish(&[merle]).unwrap();
    team.rowan
        .concern(
            &[MERLE],
            Some(merle),
            "manager_today",
            "Nobody opens.",
            None,
        )
        .unwrap();
    team.sync();
    team.time(at(12, 31));
    let about = team.sage.concerns(Some(MERLE)).unwrap()[0].record;
    team.sage.decide(&[about], "Back Wed 08:30.").unwrap();
    team.rowan
        .voice(
            WREN,
            Some(visits[0]),
            &VoiceGiven {
                how: "wrote".into(),
                words: Some("come to school pls".into()),
                ..VoiceGiven::default()
            },
        )
        .unwrap();
    team.sync();
    team.time(at(14, 34));
    team.rowan
        .answer(
            visits[0],
            &field("alone"),
            "not_alone",
            false,
            Some("I could not see the door."),
        )
        .unwrap();
    set(
        &mut team.rowan,
        visits[0],
        &[
            ("actions/a", "See Wren alone at school"),
            ("actions/a/due", "2026-11-03"),
        ],
    );
    team.time(at(15, 52));
    finish(&mut team.rowan, &visits);
    team.sync();
    team.time(at(16, 20));
    team.sage.sign_off(&visits).unwrap();
    team.sage
        .give_back(visits[0], "Who is Reed? Check by Thursday.")
        .unwrap();
    team.sync();
    team.time(at(17, 0));
    (visits[0], merle)
}

fn lines(view: &BoardView) -> String {
    view.lines.join("\n")
}

#[test]
fn the_board_tells_the_day() {
    let mut team = Team::new();
    day(&mut team);
    let view = team.board(at(17, 0));
    assert_eq!(
        lines(&view),
        "Sage's board for Tue 27 Oct, as known at 17:00.\n\
         Due today 4: seen 3, not seen 1 (Merle, second no answer: Sage Mallow decided 12:31, Back Wed 08:30).\n\
         Spoken to alone: Finch; Wren not alone, someone stayed or refused: See Wren alone at school, by Tue 3 Nov; Pipit too young.\n\
         Asked for a manager: 1.\n  \
           Larkspur: marked 10:50 by Rowan Teasel, reached the council 11:05, answered 11:09 by Sage Mallow\n\
         Two answers: 1, settled.\n  \
           Wren, Seen alone: No, not alone · settled by Rowan Teasel 14:34; both answers kept\n\
         Children waiting for an answer: Wren (today).\n\
         Written up the same day: 3 of 3.\n\
         Not in the file yet: 0.\n\
         To read and sign: 2.\n  \
           Merle: Rowan Teasel, finished Mon 19 Oct 12:00\n  \
           Merle: Rowan Teasel, finished 11:40\n\
         Wren: Sage Mallow asked Rowan Teasel, 16:20: “Who is Reed? Check by Thursday.”\n\
         Last heard: Bryony's phone 11:40; Rowan's phone 15:52; Sage's laptop 16:20."
    );
    assert!(view.since.unwrap().additions.is_empty());
    // Nothing else was said in between, so the board of now differs in its title alone.
    let now = team.sage.board(None).unwrap();
    assert_eq!(now.lines[1..], view.lines[1..]);
    assert!(now.since.is_none() && now.warning.is_none());
    // The day as it began.
    let morning = team.board(at(8, 30));
    assert_eq!(
        morning.lines[1],
        "Due today 4: seen 0, not seen 4 (Wren, no visit yet; Finch, no visit yet; Pipit, no visit yet; Merle, no visit yet)."
    );
    let noon = team.board(at(12, 0));
    assert!(noon.lines[1].contains("Merle, second no answer: no decision yet"));
    let open: Vec<bool> = team
        .board(at(14, 0))
        .board
        .two_answers
        .iter()
        .map(|one| one.open)
        .collect();
    assert_eq!(open, [true]);
}

#[test]
fn what_came_later_stands_beside_a_board_that_stays_as_it_was() {
    let mut team = Team::new();
    let (wren, merle) = day(&mut team);
    let before = team.board(at(17, 0));
    team.time(at(18, 42));
    team.rowan
        .add_late(
            wren,
            "said_by_adult",
            "Ivy at the door: Reed stays most nights",
        )
        .unwrap();
    team.sync();
    let later = team.board(at(17, 0));
    assert_eq!(json(&later.board), json(&before.board));
    let since = later.since.unwrap();
    assert_eq!(since.words, "1 addition since 17:00.");
    assert_eq!(since.additions[0].name, "Wren");
    assert_eq!(since.additions[0].received.as_ref().unwrap().time, "18:42");
    // The question that was sent back is answered by it.
    assert!(since.lines_now.is_empty(), "{:?}", since.lines_now);
    team.time(at(18, 50));
    team.sage
        .correct(
            wren,
            &field("bedroom"),
            "not_seen",
            "Rowan rang: only Finch's.",
        )
        .unwrap();
    team.bryony.set(wren, &field("seen"), "no", None).unwrap();
    team.sage.void(merle, "This was next door.", None).unwrap();
    team.sync();
    let later = team.board(at(17, 0));
    assert_eq!(json(&later.board), json(&before.board));
    assert_eq!(later.lines, before.lines);
    let since = later.since.unwrap();
    assert_eq!(since.additions.len(), 4);
    let change = |what: &str| {
        let found = since.additions.iter().find(|one| one.what == what);
        found.unwrap_or_else(|| panic!("no {what}")).change.clone()
    };
    assert_eq!(
        change("Bedroom"),
        Some("was Yes, seen; is No, not seen".into())
    );
    assert_eq!(
        change("Seen"),
        Some("was Yes, seen; is No, not seen; two answers, not checked yet".into())
    );
    assert_eq!(change("entered in error"), Some("hidden".into()));
    assert_eq!(
        since.words,
        "4 additions since 17:00; they change “Bedroom”, “Seen”, “entered in error”."
    );
    assert!(since.lines_now[0].starts_with("Due today 4: seen 2, not seen 2"));
}

#[test]
fn what_was_set_aside_then_is_set_aside_on_that_board_for_ever() {
    let mut team = Team::new();
    let aside = Verdict::Quarantined {
        reason: Reason::NotHeld,
        owner: SAGE,
    };
    team.time(at(10, 0));
    let visit = visit_to_wren(&mut team.rowan);
    set(
        &mut team.rowan,
        visit,
        &[("outcome", "went_ahead"), ("mode", "in_person")],
    );
    team.sync();
    team.time(at(10, 10));
    team.council.lock().unwrap().verdict = Some(aside);
    let seen = team
        .rowan
        .set(visit, &field("seen"), "yes", None)
        .unwrap()
        .ops[0];
    team.sync();
    team.council.lock().unwrap().verdict = None;
    let before = team.board(at(10, 10));
    assert_eq!(before.board.aside.len(), 1);
    assert_eq!(before.board.aside[0].by, "Rowan Teasel");
    // Judged again at 10:20, and nothing else arrives in that scope for now.
    team.time(at(10, 20));
    team.council
        .lock()
        .unwrap()
        .judge_again(seen, Verdict::Applied);
    team.sync();
    let then = team.board(at(10, 20));
    assert!(team.sage.board(None).unwrap().board.aside.is_empty());
    team.time(at(10, 40));
    set(&mut team.rowan, visit, &[("bedroom", "seen")]);
    team.sync();
    assert_eq!(json(&team.board(at(10, 10)).board), json(&before.board));
    assert_eq!(json(&team.board(at(10, 20)).board), json(&then.board));
    let after = team.board(at(10, 40));
    assert!(after.board.aside.is_empty());
    assert!(
        after
            .board
            .due
            .iter()
            .any(|one| one.child == WREN && one.seen)
    );
}

#[test]
fn a_device_that_has_not_heard_since_says_so() {
    let mut team = Team::new();
    day(&mut team);
    team.time(at(17, 30));
    let view = team.board(at(17, 25));
    let warning = view.warning.unwrap();
    assert!(
        warning.starts_with("This device last heard from the council at 16:20"),
        "{warning}"
    );
    assert!(team.board(at(16, 20)).warning.is_none());
}

#[test]
fn a_child_given_later_is_on_no_board_of_before_and_one_taken_away_on_none_at_all() {
    let mut team = Team::new();
    team.time(at(10, 0));
    team.rowan
        .concern(&[ROBIN], None, "danger_now", "Alone at home.", None)
        .unwrap();
    team.sync();
    let before = team.board(at(10, 0));
    assert!(before.board.asked.is_empty());
    team.time(at(11, 0));
    team.council
        .lock()
        .unwrap()
        .assign(SAGE, ROBIN, Role::Manager);
    team.sync();
    assert_eq!(json(&team.board(at(10, 0)).board), json(&before.board));
    assert!(team.board(at(10, 0)).since.unwrap().additions.is_empty());
    assert_eq!(team.board(at(11, 0)).board.asked[0].who, "Quince");
    team.council.lock().unwrap().unassign(SAGE, ROBIN);
    team.sync();
    assert!(team.board(at(11, 0)).board.asked.is_empty());
}

/// A small generator, so that a failing run can be repeated from its seed.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.roll(all.len() as u64) as usize]
    }
}

/// One thing that somebody does. What the core refuses is simply not done.
fn act(team: &mut Team, dice: &mut Dice, visits: &mut Vec<RecordId>, aside: &mut Vec<OpId>) {
    let child = dice.of(&[WREN, FINCH, PIPIT, MERLE]);
    let visit = dice.of(visits);
    let (target, code) = dice.of(&[
        ("seen", "yes"),
        ("seen", "no"),
        ("alone", "spoke_alone"),
        ("alone", "not_alone"),
        ("outcome", "went_ahead"),
        ("outcome", "no_answer"),
        ("mode", "in_person"),
        ("not_spoken_alone_because", "not_right_for_age"),
        ("actions/a/due", "2026-11-03"),
        ("visit_date", "2026-10-27"),
        ("visit_date", "2026-10-26"),
    ]);
    let target: Target = target.parse().unwrap();
    let choice = dice.roll(14);
    let worker = if dice.roll(2) == 0 {
        &mut team.rowan
    } else {
        &mut team.bryony
    };
    match choice {
        0 => visits.extend(worker.begin_visit(&[child]).unwrap_or_default()),
        1..=4 => drop(worker.set(visit, &target, code, None)),
        5 => drop(worker.answer(visit, &target, code, false, Some("why"))),
        6 => {
            let _ = worker.set(visit, &field("safe_now"), "no_worry_today", None);
            let _ = worker.set(visit, &"voice/v".parse().unwrap(), VOICE, None);
            let _ = worker.note(visit, "meaning", "One sentence.");
            drop(worker.finish(&[visit]));
        }
        7 => drop(worker.add_late(visit, "saw", "Late words.")),
        8 => drop(worker.correct(visit, &target, code, "It was so.")),
        9 => drop(worker.concern(&[child], Some(visit), "manager_today", "Worrying.", None)),
        10 => {
            let given = VoiceGiven {
                how: "said".into(),
                words: Some("I want to go home.".into()),
                ..VoiceGiven::default()
            };
            drop(worker.voice(child, None, &given));
        }
        11 => {
            let open = team.sage.concerns(None).unwrap();
            let one = open.get(dice.roll(4) as usize).map(|one| one.record);
            drop(one.map(|one| team.sage.decide(&[one], "Decided.")));
        }
        12 => match dice.roll(4) {
            0 => drop(team.sage.sign_off(&[visit])),
            1 => drop(team.sage.give_back(visit, "Why?")),
            2 => drop(team.sage.correct(visit, &target, code, "I asked.")),
            _ => drop(team.sage.void(visit, "Another child.", None)),
        },
        _ => match aside.pop() {
            Some(op) => team
                .council
                .lock()
                .unwrap()
                .judge_again(op, Verdict::Applied),
            None => {
                team.council.lock().unwrap().verdict = Some(Verdict::Quarantined {
                    reason: Reason::NotHeld,
                    owner: SAGE,
                });
                if let Ok(saved) = worker.set(visit, &target, code, None) {
                    aside.extend(saved.ops);
                }
                push(&team.council, worker);
                team.council.lock().unwrap().verdict = None;
            }
        },
    }
}

/// Whatever arrives after it, a board of a moment is the board that was printed at that moment.
#[test]
fn a_board_of_a_moment_prints_the_same_whatever_arrives_later() {
    let mut different = std::collections::BTreeSet::new();
    for seed in 1..=6 {
        let mut team = Team::new();
        let mut dice = Dice(seed);
        let mut visits = team
            .rowan
            .begin_visit(&[WREN, FINCH, PIPIT, MERLE])
            .unwrap();
        let mut aside = Vec::new();
        team.sync();
        let mut printed: Vec<(i64, String)> = Vec::new();
        for step in 0..45 {
            let now = at(9, 0) + step * 7 * MINUTE;
            team.time(now);
            act(&mut team, &mut dice, &mut visits, &mut aside);
            // Not everybody has a signal at every step: words come in late and out of order.
            if dice.roll(3) > 0 {
                push(&team.council, &mut team.rowan);
            }
            if dice.roll(3) > 0 {
                push(&team.council, &mut team.bryony);
                pull(&team.council, &mut team.bryony);
            }
            if dice.roll(2) > 0 {
                pull(&team.council, &mut team.rowan);
            }
            sync(&team.council, &mut team.sage);
            let view = team.board(now);
            printed.push((now, json(&(&view.board, &view.lines))));
        }
        team.time(at(20, 0));
        team.sync();
        for (millis, before) in &printed {
            let view = team.board(*millis);
            assert_eq!(
                *before,
                json(&(&view.board, &view.lines)),
                "seed {seed}, {millis}"
            );
            different.insert(before.clone());
        }
    }
    assert!(
        different.len() > 100,
        "the boards differ: {}",
        different.len()
    );
}

#[test]
fn a_child_waits_until_the_child_has_been_told() {
    let mut team = Team::new();
    let mut give = |how: &str, about: &[&str]| {
        let given = VoiceGiven {
            how: how.into(),
            because: (how == "not_sought").then(|| "asleep".into()),
            words: (how == "said").then(|| "I want to stay.".into()),
            saw: (how == "observed").then(|| "Smiled.".into()),
            more: about
                .iter()
                .map(|code| (Target::element("about", *code), (*code).to_owned()))
                .collect(),
            ..VoiceGiven::default()
        };
        team.rowan.voice(WREN, None, &given).unwrap().0
    };
    let wish = give("said", &["want_now", "my_day"]);
    give("said", &["my_day"]);
    give("observed", &[]);
    give("not_sought", &[]);
    let unsaid = give("said", &[]);
    let line = |team: &Team| {
        let board = team.rowan.board(None).unwrap();
        let waiting = board
            .board
            .waiting
            .iter()
            .map(|one| one.voice)
            .collect::<Vec<_>>();
        let line = board
            .lines
            .into_iter()
            .find(|line| line.starts_with("Children waiting"));
        (waiting, line.unwrap())
    };
    let (waiting, words) = line(&team);
    assert_eq!(
        (waiting.len(), words.as_str()),
        (
            2,
            "Children waiting for an answer: Wren (today); Wren (today)."
        )
    );
    assert!(waiting.contains(&wish) && waiting.contains(&unsaid));
    set(&mut team.rowan, unsaid, &[("answers/a", "heard")]);
    set(
        &mut team.rowan,
        wish,
        &[
            ("answers/a", "we_will"),
            ("answers/a/by_when", "2026-11-16"),
        ],
    );
    team.time(at(9, 0) + 3 * 86_400_000);
    let (waiting, words) = line(&team);
    assert_eq!(waiting.len(), 2);
    assert!(
        words.contains("Wren (3 days; answered, not told yet)"),
        "{words}"
    );
    set(&mut team.rowan, wish, &[("answers/b", "told_child")]);
    assert_eq!(line(&team).0, [unsaid]);
}

/// Everything the board leaves out of `at` is there under another name: nobody is counted twice.
#[test]
fn the_numbers_of_a_board_add_up() {
    let mut team = Team::new();
    day(&mut team);
    let Board {
        due,
        alone,
        also_seen,
        written_up,
        to_write_up,
        ..
    } = team.board(at(17, 0)).board;
    let seen = due.iter().filter(|one| one.seen).count();
    assert_eq!(seen, alone.len());
    assert_eq!(to_write_up, seen);
    assert!(written_up <= to_write_up && also_seen.is_empty());
    assert_eq!(
        due.iter().filter(|one| one.not_seen.is_some()).count(),
        due.len() - seen
    );
}

/// One line for an area and a child, on a board of the day as on one of next week, and none before the third visit.
#[test]
fn an_area_not_met_on_three_visits_running_is_one_line() {
    let mut team = Team::new();
    let days = [28, 14, 0].map(|before| at(10, 0) - before * 86_400_000);
    let mut last = None;
    for millis in days {
        assert!(team.sage.board(None).unwrap().board.not_met.is_empty());
        team.time(millis);
        let visit = team.rowan.begin_visit(&[WREN]).unwrap()[0];
        let date = Moment::of(WallMillis(millis)).date;
        set(
            &mut team.rowan,
            visit,
            &[("outcome", "went_ahead"), ("visit_date", &date)],
        );
        team.rowan
            .observe(visit, "area_food", "not_met", None)
            .unwrap();
        team.rowan
            .observe(visit, "area_health", "not_seen_today", None)
            .unwrap();
        team.sync();
        last = Some(visit);
    }
    let visit = last.unwrap();
    team.bryony
        .observe(visit, "area_food", "partly", None)
        .unwrap();
    team.sync();
    let view = team.board(at(17, 0));
    let [line] = view.board.not_met.as_slice() else {
        panic!("one line");
    };
    assert_eq!((line.area.as_str(), line.visits.len()), ("area_food", 3));
    assert!(
        line.words
            .contains("third visit running (Tue 29 Sep, Tue 13 Oct, today)"),
        "{}",
        line.words
    );
    for rated in ["Rowan Teasel not met", "Bryony Sorrel partly met"] {
        assert!(line.words.contains(rated), "{}", line.words);
    }
    team.time(at(17, 0) + 7 * 86_400_000);
    team.sync();
    assert_eq!(team.board(at(17, 0)).lines, view.lines);
    // Somebody looked, and it was met: the run is over.
    let visit = team.rowan.begin_visit(&[WREN]).unwrap()[0];
    set(
        &mut team.rowan,
        visit,
        &[("outcome", "went_ahead"), ("visit_date", "2026-11-03")],
    );
    team.rowan.observe(visit, "area_food", "met", None).unwrap();
    team.sync();
    assert!(team.sage.board(None).unwrap().board.not_met.is_empty());
}

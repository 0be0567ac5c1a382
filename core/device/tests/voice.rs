//! What a child gave and what becomes of it: every field and answer of the practice reference, the answers and the decision
//! beside words that never change, and the manager who hears what nobody has read.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Mutex;

use common::{
    BRYONY, Council, MORNING, PIN, Phone, ROWAN, SAGE, WREN, larkspurs, sync, visit_to_wren,
};
use visitbook_device::{Reply, SaveError, Sharing, VoiceGiven, Working};
use visitbook_record::id::RecordId;
use visitbook_record::op::Target;
use visitbook_record::time::WallMillis;

const WORDS: &str = "come to school pls  dont tell mum i asked";
const MINUTE: i64 = 60_000;

fn said(working: &mut Working) -> RecordId {
    let given = VoiceGiven {
        how: "said".to_owned(),
        words: Some(WORDS.to_owned()),
        ..VoiceGiven::default()
    };
    working.voice(WREN, None, &given).unwrap().0
}

fn codes_of(working: &Working, record: RecordId) -> Vec<(String, Vec<String>)> {
    let page = working.page(record).unwrap();
    page.questions
        .iter()
        .map(|one| {
            let codes = one.answers.iter().filter_map(|answer| answer.code.clone());
            (one.target.clone(), codes.collect())
        })
        .collect()
}

/// The table of the practice reference, §1.3: each answer can be given, one after another where only one stands, and is read back.
#[test]
fn every_field_and_answer_is_recorded_and_read_back() {
    let (_council, _phone, mut working) = larkspurs();
    let voice = said(&mut working);
    let other = said(&mut working).to_string();
    let single: [(&str, &[&str]); 18] = [
        (
            "how",
            &[
                "said",
                "wrote",
                "signed",
                "symbols_or_aac",
                "drew_or_made",
                "showed_or_played",
                "observed",
                "told_by_other",
                "chose_not_to_say",
                "not_sought",
            ],
        ),
        (
            "chose_not_to_say_because",
            &[
                "not_here",
                "not_today",
                "not_to_you",
                "not_about_this",
                "no_reason",
            ],
        ),
        (
            "not_sought_because",
            &[
                "asleep",
                "no_private_place",
                "not_safe_to_ask",
                "no_interpreter_or_aid",
                "unwell",
                "police_asked_us_not_to",
                "no_time",
                "other",
            ],
        ),
        ("told_by", &["Ivy Larkspur"]),
        ("told_by_role", &["mother"]),
        ("told_at", &["first_hand", "second_hand"]),
        ("explains", &[&other]),
        ("language", &["Welsh"]),
        ("translated_by", &["Nia Parry, interpreter"]),
        ("asked", &["nothing_asked", "open", "choice", "leading"]),
        ("asked_words", &["What would you change?"]),
        ("entered_by", &["child_themselves", "worker"]),
        ("written_when", &["at_the_time", "same_day", "later"]),
        (
            "child_asks",
            &[
                "fine_to_share",
                "ask_me_first",
                "not_with",
                "only_my_worker",
                "did_not_say",
                "not_asked",
                "cannot_be_asked",
            ],
        ),
        (
            "decision",
            &[
                "as_child_asked",
                "shared_for_safety",
                "shared_by_law_or_court",
                "held_back_for_safety",
            ],
        ),
        ("family_papers", &["yes", "no", "no_until_decided"]),
        ("names_third_party", &["yes", "no"]),
        (
            "safe_now",
            &["no_worry_today", "manager_today", "danger_now"],
        ),
    ];
    for (field, answers) in single {
        for answer in answers {
            working
                .set(voice, &Target::field(field), answer, None)
                .unwrap_or_else(|error| panic!("{field} = {answer}: {error}"));
            let now = codes_of(&working, voice);
            let found = now.iter().find(|(target, _)| target == field).unwrap();
            assert_eq!(found.1, [*answer], "{field}");
        }
    }
    let sets: [(&str, &[&str]); 5] = [
        (
            "about",
            &[
                "want_now",
                "worry",
                "going_well",
                "feeling",
                "hope_for_future",
                "my_day",
                "view_of_plan",
                "complaint",
            ],
        ),
        (
            "topic",
            &[
                "home",
                "people_at_home",
                "brothers_sisters",
                "family_time",
                "school",
                "friends",
                "health",
                "safety",
                "money",
                "my_worker",
                "moving",
                "culture_faith",
                "other",
            ],
        ),
        (
            "who_could_hear",
            &[
                "nobody_else",
                "parent_or_carer",
                "brother_or_sister",
                "other_child",
                "professional",
                "interpreter",
                "not_known",
            ],
        ),
        (
            "not_with",
            &[
                "mum",
                "dad",
                "partner",
                "carer",
                "brother_or_sister",
                "school",
                "meeting",
            ],
        ),
        (
            "helped_by",
            &["interpreter", "advocate", "adult_who_knows_them"],
        ),
    ];
    for (field, members) in sets {
        for member in members {
            working
                .set(voice, &Target::element(field, *member), member, None)
                .unwrap_or_else(|error| panic!("{field}/{member}: {error}"));
        }
        let now = codes_of(&working, voice);
        let prefix = format!("{field}/");
        let found = now.iter().filter(|(target, _)| target.starts_with(&prefix));
        assert_eq!(found.count(), members.len(), "{field}");
    }
    for (target, value) in [
        ("helped_by/advocate/name", "Sorrel Ash"),
        ("helped_by/advocate/role", "advocate"),
        ("understanding/1", "whether to see the school nurse alone"),
        ("understanding/1/age", "under_16"),
        ("understanding/1/age", "16_plus"),
        ("understanding/1/view", "understands it"),
        (
            "understanding/1/basis",
            "said in her own words what it is for",
        ),
        ("understanding/1/by", "Rowan Teasel"),
        ("understanding/1/on", "2026-10-27"),
    ] {
        working
            .set(voice, &target.parse().unwrap(), value, None)
            .unwrap();
        let now = codes_of(&working, voice);
        assert!(
            now.contains(&(target.to_owned(), vec![value.to_owned()])),
            "{target}"
        );
    }
    for heading in ["saw", "usual_for_child", "translation", "reading"] {
        working.note(voice, heading, "as it was").unwrap();
    }
    let view = working.open_voice(voice).unwrap();
    assert_eq!(view.words, [WORDS], "whatever was said about them");
    assert_eq!(view.saw, ["as it was"]);
    assert_eq!(view.readings[0].text.as_deref(), Some("as it was"));
    assert_eq!(view.translations.len(), 1);
    assert!(working.verify().unwrap().problems.is_empty());
}

#[test]
fn answers_and_the_decision_stand_beside_the_words_and_say_who() {
    let (council, _phone, mut working) = larkspurs();
    let voice = said(&mut working);
    let start = working.open_voice(voice).unwrap();
    assert_eq!(start.family_papers.as_deref(), Some("no_until_decided"));
    assert!(start.sharing.is_none() && start.replies.is_empty());

    let reply = |code: &str| Reply {
        code: code.to_owned(),
        ..Reply::default()
    };
    for (code, needs) in [
        ("we_will", "who"),
        ("we_cannot", "because"),
        ("told_child", "on"),
        ("child_replied", "voice"),
    ] {
        let refused = working.reply(voice, &reply(code)).unwrap_err();
        assert!(
            matches!(refused, SaveError::Empty { field } if field == needs),
            "{code}"
        );
    }
    let back = said(&mut working);
    for one in [
        reply("heard"),
        Reply {
            who: Some("Rowan".to_owned()),
            by_when: Some("2026-11-02".to_owned()),
            ..reply("we_will")
        },
        reply("we_did"),
        Reply {
            because: Some("the court decides that".to_owned()),
            ..reply("we_cannot")
        },
        Reply {
            on: Some("2026-11-02".to_owned()),
            how: Some("at school".to_owned()),
            ..reply("told_child")
        },
        Reply {
            voice: Some(back),
            ..reply("child_replied")
        },
    ] {
        working.reply(voice, &one).unwrap();
    }
    let nowhere = Reply {
        voice: Some(RecordId([9; 16])),
        ..reply("child_replied")
    };
    assert!(matches!(
        working.reply(voice, &nowhere),
        Err(SaveError::UnknownRecord(_))
    ));
    assert!(matches!(
        working.reply(voice, &reply("promised")),
        Err(SaveError::UnknownCode { .. })
    ));

    let mut sharing = Sharing {
        decision: "shared_for_safety".to_owned(),
        because: "  ".to_owned(),
        child_told_on: None,
        family_papers: None,
    };
    assert!(matches!(
        working.decide_sharing(voice, &sharing),
        Err(SaveError::Empty { .. })
    ));
    sharing.because = "there is no food".to_owned();
    working.decide_sharing(voice, &sharing).unwrap();
    let view = working.open_voice(voice).unwrap();
    assert_eq!(view.family_papers.as_deref(), Some("no_until_decided"));
    let decided = view.sharing.unwrap();
    assert_eq!(decided.child_told.as_deref(), Some("not_yet"));
    assert_eq!((decided.by.as_str(), decided.open), ("Rowan Teasel", false));
    sharing.child_told_on = Some("2026-10-28".to_owned());
    sharing.family_papers = Some(false);
    working.decide_sharing(voice, &sharing).unwrap();

    sync(&council, &mut working);
    assert!(council.lock().unwrap().all_applied());
    let (_bryonys, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    sync(&council, &mut bryony);
    for reader in [&mut working, &mut bryony] {
        let view = reader.open_voice(voice).unwrap();
        assert_eq!(view.words, [WORDS]);
        let codes: Vec<_> = view
            .replies
            .iter()
            .filter_map(|one| one.code.as_deref())
            .collect();
        let mut sorted = codes.clone();
        sorted.sort_unstable();
        assert_eq!(
            sorted,
            [
                "child_replied",
                "heard",
                "told_child",
                "we_cannot",
                "we_did",
                "we_will"
            ]
        );
        let told = view
            .replies
            .iter()
            .find(|one| one.code.as_deref() == Some("told_child"));
        assert_eq!(told.unwrap().how.as_deref(), Some("at school"));
        let decided = view.sharing.unwrap();
        assert_eq!(decided.code.as_deref(), Some("shared_for_safety"));
        assert_eq!(decided.child_told_on.as_deref(), Some("2026-10-28"));
        assert_eq!(view.family_papers.as_deref(), Some("no"));
    }
}

/// Words lie for two hours, or until the day closes; then the manager is told, until somebody has opened them.
#[test]
fn the_manager_hears_of_words_that_nobody_has_opened() {
    for (handed_in, not_yet, told) in [
        // 10:00, two hours.
        (0, 119, 120),
        // 16:30, the close of the day.
        (390, 419, 420),
    ] {
        let council = Mutex::new(Council::with_larkspurs());
        let (rowans, rowan) = Phone::enrol(&council, ROWAN, "Rowan's tablet");
        let (sages, mut sage) = Phone::enrol(&council, SAGE, "Sage's laptop");
        let time = |minutes: i64| {
            // MORNING is 09:52.
            let now = MORNING + (8 + minutes) * MINUTE;
            for phone in [&rowans, &sages] {
                phone.clock.set_wall(now);
            }
            council.lock().unwrap().now = now;
            WallMillis(now)
        };
        time(handed_in);
        let mut rowan = rowan;
        sync(&council, &mut rowan);
        let visit = visit_to_wren(&mut rowan);
        let mut family = rowan.enter_family(WREN, Some(visit)).unwrap();
        family.write(WORDS).unwrap();
        family.hand_in().unwrap();
        let mut rowan = family.leave(PIN).unwrap();
        let left = rowan.today(None).unwrap().left_for_you;
        assert_eq!(left[0].title, "Wren left you 1 thing.");
        sync(&council, &mut rowan);
        sync(&council, &mut sage);

        let before = time(not_yet);
        assert!(sage.today(None).unwrap().unopened.is_empty());
        assert!(sage.board(Some(before)).unwrap().board.unopened.is_empty());
        let after = time(told);
        let board = sage.board(Some(after)).unwrap();
        let line = &board.board.unopened[0];
        assert!(
            line.words
                .starts_with("Wren handed something in; the council has it since ")
        );
        assert!(!line.words.contains("school"), "not a word of it");
        assert!(board.lines.contains(&line.words));
        assert!(sage.today(None).unwrap().unopened == board.board.unopened);
        assert!(
            rowan.today(None).unwrap().unopened.is_empty(),
            "who holds the device is prompted, not reported"
        );

        rowan.open_voice(left[0].records[0]).unwrap();
        assert!(rowan.today(None).unwrap().left_for_you.is_empty());
        time(told + 1);
        sync(&council, &mut rowan);
        sync(&council, &mut sage);
        assert!(sage.today(None).unwrap().unopened.is_empty());
        assert!(sage.board(None).unwrap().board.unopened.is_empty());
        let again = sage.board(Some(after)).unwrap();
        assert_eq!(again.lines, board.lines, "as known then, for ever");
        assert!(
            again.since.unwrap().additions.is_empty(),
            "nothing was added to the file"
        );
        let seen = sage.open_voice(left[0].records[0]).unwrap();
        assert_eq!(seen.words, [WORDS]);
        assert!(seen.opened_by.contains(&"Rowan Teasel".to_owned()));
    }
}

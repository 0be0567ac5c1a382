//! The words on the screen, against the copy that was agreed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use common::{ROWAN, SAGE};
use visitbook_record::catalogue::Catalogue;
use visitbook_record::id::WorkerId;
use visitbook_record::op::Target;
use visitbook_record::status::{Asked, Status};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Reason;
use visitbook_record::words::{self, Message, Said, Writing};

fn clock(time: WallMillis) -> String {
    format!("{:02}:{:02}", time.0 / 60, time.0 % 60)
}

fn name(worker: WorkerId) -> String {
    if worker == SAGE {
        "Sage Mallow".into()
    } else {
        "Rowan Teasel".into()
    }
}

fn question(target: &Target) -> String {
    let field = Catalogue::newest().field("visit", target).unwrap();
    field.question.as_ref().unwrap().replace("{child}", "Wren")
}

fn shown(status: &Status) -> Message {
    words::status(
        status,
        &Writing {
            this: "phone",
            time: &clock,
            name: &name,
            question: &question,
        },
    )
}

const fn at(hour: i64, minute: i64) -> WallMillis {
    WallMillis(hour * 60 + minute)
}

fn said<'a>(
    by: Option<&'a str>,
    answer: &'a str,
    time: &'a str,
    note: Option<&'a str>,
) -> Said<'a> {
    Said {
        by,
        answer,
        time,
        note,
    }
}

const NOTE: Option<&str> = Some("Reed stood in the doorway");

/// Every message with the copy that was agreed for it: title, detail, buttons.
fn all() -> Vec<(Message, &'static str, &'static str, &'static [&'static str])> {
    let label = |code: &str| {
        let target = Target::field("alone");
        let field = Catalogue::newest().field("visit", &target).unwrap();
        field.choice(code).unwrap().label.as_str()
    };
    let not_alone = label("not_alone");
    let spoke_alone = label("spoke_alone");
    let which = Status::NeedsYourAnswer {
        question: Asked::WhichAnswer(Target::field("alone")),
    };
    let place = Status::NeedsYourAnswer {
        question: Asked::WhereItGoes(Reason::NotHeld),
    };
    let hers = said(Some("Bryony Sorrel"), not_alone, "09:55", NOTE);
    vec![
        (
            shown(&Status::SavedHere { since: at(11, 40) }),
            "Saved here, not sent",
            "Saved on this phone since 11:40. The council doesn't have it yet.",
            &[],
        ),
        (
            shown(&Status::Sending),
            "Sending",
            "You can lock the phone.",
            &[],
        ),
        (
            shown(&Status::CouncilHasIt { at: at(14, 22) }),
            "The council has it · 14:22",
            "",
            &[],
        ),
        (
            shown(&Status::CouncilHasItWaiting { at: at(14, 22) }),
            "The council has it · 14:22",
            "One part is still on another phone or tablet. You don't need to do anything.",
            &[],
        ),
        (
            shown(&which),
            "Needs your answer",
            "Was Wren seen alone?",
            &[],
        ),
        (
            shown(&place),
            "Needs your answer",
            "Where does this go? The child had moved to somebody else before this reached the council.",
            &[],
        ),
        (
            shown(&Status::With {
                owner: SAGE,
                since: at(14, 20),
            }),
            "With Sage Mallow since 14:20",
            "Nothing is lost. You don't need to do anything.",
            &[],
        ),
        (
            words::not_finished(),
            "Not finished",
            "Only you can read your notes. Your team can see the tick answers and anything marked urgent.",
            &[],
        ),
        (
            words::two_answers(
                "Was Wren seen alone?",
                (&hers, &said(None, spoke_alone, "09:52", None)),
                true,
                Some("Bryony"),
            ),
            "Was Wren seen alone?",
            "You said Yes at 09:52. Bryony Sorrel said No at 09:55: \"Reed stood in the doorway.\" Neither of you had seen the other's answer.",
            &[
                "No, not alone",
                "Yes, alone – ask Bryony to agree",
                "Both happened – I'll explain",
                "Leave both for now",
            ],
        ),
        (
            words::two_places("Phone 10:58", "Tablet 15:41"),
            "You wrote this part in two places.",
            "Both are kept. Which should people read first?",
            &[
                "Phone 10:58",
                "Tablet 15:41",
                "Both, one after the other",
                "I'll write it again",
            ],
        ),
        (
            words::kept_aside("Kite", "Bryony Sorrel", "13:30", "Sage Mallow"),
            "Kept safe, not in the file yet.",
            "Kite moved to Bryony Sorrel at 13:30, before this reached us. Sage Mallow will decide where it goes. You can still read and copy your words.",
            &[],
        ),
        (
            words::reopened("phone", "stays most nigh"),
            "You were typing when the phone stopped.",
            "We kept everything up to the last two seconds: \"…stays most nigh\"",
            &["Carry on"],
        ),
        (
            words::wifi_sign_in(),
            "Nothing was sent, nothing is lost.",
            "This Wi-Fi wants you to sign in. We'll keep trying by ourselves.",
            &[],
        ),
        (
            words::not_confirmed(),
            "Safe here, not confirmed yet.",
            "The council's system isn't answering properly. We'll keep trying by ourselves.",
            &[],
        ),
        (
            words::urgent("Sage Mallow", "01632 960101", "01632 960999"),
            "This doesn't ring anyone.",
            "If a child is in danger now, call 999. Otherwise ring Sage Mallow 01632 960101 or out-of-hours 01632 960999 now. Then tell us who you spoke to.",
            &[],
        ),
        (
            words::no_answer(
                "Merle",
                "11:40",
                (2, 8),
                Some("29 September"),
                "Sage Mallow",
            ),
            "No answer, 11:40. Second time in 8 days.",
            "Merle was last seen on 29 September. Sage Mallow will see this when your phone next has signal. Ring if it can't wait.",
            &[],
        ),
        (
            words::finish(&[("Wren", "14"), ("Finch", "9"), ("Pipit", "11 months")]),
            "Finish for Wren (14), Finch (9) and Pipit (11 months)?",
            "After this you can add or correct, and both will show. You can't rub out.",
            &[],
        ),
        (
            words::late("15:05", "Rowan's phone (the phone's clock)", Some("18:42")),
            "Added after the visit was finished.",
            "Written 15:05 on Rowan's phone (the phone's clock). Reached the council 18:42.",
            &[],
        ),
    ]
}

#[test]
fn every_message_says_what_was_agreed() {
    for (message, title, detail, buttons) in all() {
        assert_eq!(message.title, title);
        assert_eq!(message.detail, detail, "{title}");
        assert_eq!(message.buttons, buttons, "{title}");
    }
    assert_eq!(
        words::two_answers_line("Not seen alone"),
        "Not seen alone · two answers, not checked yet"
    );
    assert_eq!(
        words::settled_line("Not seen alone", "Rowan Teasel", "14:34"),
        "Not seen alone · settled by Rowan Teasel 14:34; both answers kept"
    );
}

/// Single sentences about people working side by side.
fn sentences() -> Vec<(String, &'static str)> {
    vec![
        (
            words::same_visit("Bryony Sorrel", "09:55", true),
            "The same visit as Bryony Sorrel's of 09:55, which is read first. Counted once.",
        ),
        (
            words::same_visit("Bryony Sorrel", "09:55", false),
            "Bryony Sorrel wrote about the same visit, 09:55. It stands beside this one. Counted once.",
        ),
        (
            words::tell_child("Kite", "his", None, "Tue 27 Oct", Some("Tue 3 Nov")),
            "Tell Kite who his worker is now: you, since Tue 27 Oct. By Tue 3 Nov, 5 working days from Tue 27 Oct.",
        ),
        (
            words::tell_child("Kite", "his", Some("Bryony Sorrel"), "Tue 27 Oct", None),
            "Tell Kite who his worker is now: Bryony Sorrel, since Tue 27 Oct.",
        ),
        (
            words::cover_opened("Merle", "Tansy Burdock", "14:10", "The nursery rang."),
            "Tansy Burdock opened Merle's file on duty cover, 14:10: “The nursery rang.”",
        ),
        (words::met("a boy", None, None), "a boy"),
        (
            words::met("a boy", Some("about 6"), Some("Pipit's cousin")),
            "a boy (about 6, Pipit's cousin)",
        ),
        (words::met("a boy", Some("6"), None), "a boy (about 6)"),
    ]
}

#[test]
fn two_visits_begun_apart_are_asked_about_by_name_and_time() {
    let message = words::one_visit_or_two("Wren", (Some("Young Teasel"), "09:40"), (None, "09:55"));
    assert_eq!(
        message.detail,
        "Young Teasel began a visit to Wren at 09:40, you at 09:55. Both are kept as they were written, whatever you answer."
    );
    let own = words::one_visit_or_two("Wren", (None, "09:40"), (None, "15:05"));
    assert_eq!(
        own.detail,
        "You began a visit to Wren at 09:40 and one at 15:05, on two phones or tablets. Both are kept as they were written, whatever you answer."
    );
    assert_eq!(own.buttons[1], "One visit – read the one of 09:40 first");
}

/// Nobody at a kitchen table should meet the machinery.
#[test]
fn no_message_speaks_of_the_machinery() {
    let machinery = [
        "sync",
        "upload",
        "server",
        "conflict",
        "merge",
        "record",
        "quarantine",
        "version",
        "device",
        "error",
    ];
    let plain = |text: &str| {
        let text = text.to_lowercase();
        machinery
            .iter()
            .find(|word| {
                text.split(|c: char| !c.is_alphabetic())
                    .any(|w| w.starts_with(*word))
            })
            .copied()
    };
    for (message, ..) in all() {
        for text in [&message.title, &message.detail]
            .into_iter()
            .chain(&message.buttons)
        {
            assert_eq!(plain(text), None, "{text}");
        }
    }
    for (text, expected) in sentences() {
        assert_eq!(text, expected);
        assert_eq!(plain(&text), None, "{text}");
    }
    let own = ((None, "09:40"), (None, "15:05"));
    let others = ((Some("Young Teasel"), "09:40"), (None, "09:55"));
    for (first, second) in [own, others] {
        let message = words::one_visit_or_two("Wren", first, second);
        assert_eq!(plain(&message.detail), None);
        assert_eq!(message.buttons.len(), 3);
        assert!(message.buttons.iter().all(|button| plain(button).is_none()));
    }
    for code in 1..=u8::MAX {
        if let Some(reason) = Reason::from_code(code) {
            assert_eq!(plain(reason.sentence()), None, "{}", reason.sentence());
        }
    }
    for form in Catalogue::newest().forms() {
        for field in Catalogue::newest()
            .fields(form)
            .iter()
            .flat_map(|field| field.parts.iter().chain([field]))
        {
            let texts = field
                .choices
                .iter()
                .map(|choice| &choice.label)
                .chain(&field.question)
                .chain([&field.label]);
            for text in texts {
                assert_eq!(plain(text), None, "{form} {}", field.code);
            }
        }
    }
}

#[test]
fn a_manager_who_wrote_neither_reads_both_names_and_may_settle_either_way() {
    let hers = said(
        Some("Bryony Sorrel"),
        "No, not alone",
        "09:55",
        Some("Reed stood in the doorway. "),
    );
    let his = said(Some("Rowan Teasel"), "Yes, alone", "09:52", None);
    let message = words::two_answers("Was Wren seen alone?", (&hers, &his), true, None);
    assert_eq!(
        message.detail,
        "Bryony Sorrel said No at 09:55: \"Reed stood in the doorway.\" Rowan Teasel said Yes at 09:52. Neither had seen the other's answer."
    );
    assert_eq!(message.buttons[..2], ["No, not alone", "Yes, alone"]);
}

#[test]
fn answers_that_begin_alike_are_given_in_full_and_nothing_is_claimed_that_is_not_known() {
    let his = said(None, "Yes, alone but not talking", "09:52", None);
    let hers = said(Some("Bryony Sorrel"), "Yes, alone", "10:10", None);
    let message = words::two_answers("Was Wren seen alone?", (&his, &hers), false, Some("Bryony"));
    assert_eq!(
        message.detail,
        "You said Yes, alone but not talking at 09:52. Bryony Sorrel said Yes, alone at 10:10."
    );
}

#[test]
fn first_times_never_seen_and_one_child_read_as_a_person_would_write_them() {
    let first = words::no_answer("Merle", "11:40", (1, 0), None, "Sage Mallow");
    assert_eq!(first.title, "No answer, 11:40.");
    assert!(first.detail.starts_with("Merle has not been seen yet."));
    let times = |n| words::no_answer("Merle", "11:40", (n, 1), None, "Sage Mallow").title;
    for (n, word) in [
        (3, "Third"),
        (6, "6th"),
        (11, "11th"),
        (21, "21st"),
        (22, "22nd"),
        (23, "23rd"),
        (113, "113th"),
    ] {
        assert_eq!(times(n), format!("No answer, 11:40. {word} time in 1 day."));
    }
    assert_eq!(
        words::finish(&[("Wren", "14")]).title,
        "Finish for Wren (14)?"
    );
    assert_eq!(
        words::finish(&[("Wren", "14"), ("Finch", "9")]).title,
        "Finish for Wren (14) and Finch (9)?"
    );
    assert!(
        words::late("15:05", "Rowan's phone", None)
            .detail
            .ends_with("The council doesn't have it yet.")
    );
}

#[test]
fn a_message_keeps_its_words_out_of_debug_output() {
    let status = Status::With {
        owner: ROWAN,
        since: at(14, 20),
    };
    let printed = format!("{:?}", shown(&status));
    assert!(printed.starts_with("Message("));
    for word in ["Rowan", "Teasel", "14:20", "lost"] {
        assert!(!printed.contains(word), "{printed}");
    }
}

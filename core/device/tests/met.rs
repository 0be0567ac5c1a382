//! "Someone I met who isn't on my list": a file begun offline, and what a manager makes of it.
#![cfg(feature = "store")]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::sync::Mutex;

use common::*;
use visitbook_device::{Met, SaveError, VoiceGiven, Working};
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::id::RecordId;
use visitbook_record::op::{Kind, Target};
use visitbook_record::payload::{Content, Value};
use visitbook_record::scope::Scope;

fn cousin() -> Met {
    Met {
        description: "the baby's cousin".into(),
        age: Some("6".into()),
        relation: Some("Pipit's cousin".into()),
    }
}

/// Rowan, with no line, meets a cousin and records what there is to record. Returns the child and the visit.
fn met(rowan: &mut Working) -> (RecordId, RecordId) {
    let (child, saved) = rowan.met(&cousin()).unwrap();
    assert_eq!(saved.records, [child]);
    let visit = rowan.begin_visit(&[child]).unwrap()[0];
    rowan.set(visit, &field("seen"), "yes", None).unwrap();
    rowan.note(visit, "saw", "Asleep on the sofa.").unwrap();
    let said = VoiceGiven {
        how: "said".into(),
        words: Some("i live here now".into()),
        ..VoiceGiven::default()
    };
    rowan.voice(child, Some(visit), &said).unwrap();
    rowan
        .concern(
            &[child],
            Some(visit),
            "manager_today",
            "Nobody knows him.",
            None,
        )
        .unwrap();
    (child, visit)
}

struct Both {
    council: Mutex<Council>,
    phones: Vec<Phone>,
    rowan: Working,
    sage: Working,
}

fn both() -> Both {
    let council = Mutex::new(Council::with_larkspurs());
    let (rowans, mut rowan) = Phone::enrol(&council, ROWAN, "Rowan's phone");
    let (sages, mut sage) = Phone::enrol(&council, SAGE, "Sage's laptop");
    sync(&council, &mut rowan);
    sync(&council, &mut sage);
    Both {
        council,
        phones: vec![rowans, sages],
        rowan,
        sage,
    }
}

#[test]
fn a_child_on_nobodys_list_is_recorded_in_full_with_no_line_and_reaches_the_manager() {
    let Both {
        council,
        phones,
        mut rowan,
        mut sage,
    } = both();
    let (child, visit) = met(&mut rowan);
    let line = |working: &Working| {
        let all = working.children().unwrap();
        all.into_iter().find(|line| line.child == child)
    };
    let here = line(&rowan).unwrap();
    assert_eq!(
        (here.name.as_str(), here.age.as_deref(), here.met.as_deref()),
        ("the baby's cousin", Some("about 6"), Some("open"))
    );
    assert_eq!(
        rowan.child_card(child).unwrap().voices[0].words,
        ["i live here now"]
    );
    // All of it is there after a night with a flat battery, and goes once there is a line.
    drop(rowan.lock());
    let mut rowan = phones[0].unlock();
    assert!(rowan.visit(visit).is_ok());
    sync(&council, &mut rowan);
    assert!(council.lock().unwrap().all_applied());
    for _ in 0..2 {
        sync(&council, &mut rowan);
        sync(&council, &mut sage);
    }
    assert!(line(&rowan).is_some());
    assert!(rowan.alarms().unwrap().is_empty() && sage.alarms().unwrap().is_empty());
    assert!(rowan.verify().unwrap().problems.is_empty());
    let card = sage.child_card(child).unwrap();
    assert_eq!(card.voices[0].words, ["i live here now"]);
    assert_eq!(card.concerns.len(), 1);
    assert!(card.to_tell.is_none(), "the first worker is no change");
    let board = sage.board(None).unwrap();
    let lines = &board.lines;
    assert!(
        lines.contains(&"Met, and on nobody's list: 1.".to_owned()),
        "{lines:#?}"
    );
    assert!(
        lines.contains(
            &"  the baby's cousin (about 6, Pipit's cousin): met by Rowan Teasel, 09:52. Nobody has said yet who this is."
                .to_owned()
        ),
        "{lines:#?}"
    );
}

#[test]
fn a_manager_says_who_it_is_and_what_was_written_is_shown_as_what_it_is() {
    let Both {
        council,
        phones: _phones,
        mut rowan,
        mut sage,
    } = both();
    let (child, visit) = met(&mut rowan);
    assert!(matches!(
        rowan.match_met(child, FINCH),
        Err(SaveError::ManagersOnly)
    ));
    for _ in 0..2 {
        sync(&council, &mut rowan);
        sync(&council, &mut sage);
    }
    assert!(matches!(
        sage.match_met(WREN, FINCH),
        Err(SaveError::OtherKind(_))
    ));
    assert!(matches!(
        sage.match_met(child, child),
        Err(SaveError::OtherKind(_))
    ));
    assert!(sage.match_met(child, RecordId([0x55; 16])).is_err());
    sage.match_met(child, FINCH).unwrap();
    sync(&council, &mut sage);
    assert!(council.lock().unwrap().all_applied());
    // What the council's server does then.
    {
        let mut council = council.lock().unwrap();
        council.assign(BRYONY, child, Role::Joint);
        let name = child.to_string();
        council.write(
            FINCH,
            RecordKind::Child,
            Scope::Child(FINCH),
            vec![(
                Kind::SetAdd,
                Target::element("also_met", &name),
                Content::Value(Value::new(&name, &name)),
            )],
        );
    }
    let (_bryonys, mut bryony) = Phone::enrol(&council, BRYONY, "Bryony's phone");
    for device in [&mut sage, &mut rowan, &mut bryony] {
        for _ in 0..2 {
            sync(&council, device);
        }
        let card = device.child_card(FINCH).unwrap();
        assert_eq!(card.also_met.len(), 1);
        let also = &card.also_met[0];
        assert_eq!(also.met.state, "matched");
        assert_eq!(also.met.matched_name.as_deref(), Some("Finch"));
        assert!(also.met.words.ends_with(" Is Finch."), "{}", also.met.words);
        assert_eq!(also.visits[0].record, visit);
        assert_eq!(also.voices[0].words, ["i live here now"]);
        assert!(
            card.voices.is_empty() && card.visits.is_empty(),
            "nothing moved"
        );
    }
    assert!(sage.board(None).unwrap().board.met.is_empty());
    assert_eq!(sage.met_children().unwrap()[0].state, "matched");
}

#[test]
fn a_child_who_is_nobodys_here_is_referred_with_a_reason() {
    let Both {
        council,
        phones: _phones,
        mut rowan,
        mut sage,
    } = both();
    let (child, _) = met(&mut rowan);
    for _ in 0..2 {
        sync(&council, &mut rowan);
        sync(&council, &mut sage);
    }
    assert!(matches!(
        sage.refer_met(child, "Sandbury Council", " "),
        Err(SaveError::Empty { .. })
    ));
    assert!(matches!(
        rowan.refer_met(child, "Sandbury Council", "lives there"),
        Err(SaveError::ManagersOnly)
    ));
    sage.refer_met(
        child,
        "Sandbury Council",
        "lives there, their social worker was rung",
    )
    .unwrap();
    sync(&council, &mut sage);
    sync(&council, &mut rowan);
    let one = &rowan.met_children().unwrap()[0];
    assert_eq!(
        (
            one.state.as_str(),
            one.referred_to.as_deref(),
            one.referred_because.as_deref()
        ),
        (
            "referred",
            Some("Sandbury Council"),
            Some("lives there, their social worker was rung")
        )
    );
    assert!(sage.board(None).unwrap().board.met.is_empty());
    assert!(council.lock().unwrap().all_applied());
}

#[test]
fn nothing_is_begun_without_a_description() {
    let Both { mut rowan, .. } = both();
    let before = rowan.children().unwrap().len();
    assert!(rowan.met(&Met::default()).is_err());
    assert_eq!(rowan.children().unwrap().len(), before);
}

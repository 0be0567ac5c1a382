//! Statements that attach files: what the judge takes, and where they stand on a page.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use common::{BRYONY, CHILD, Draft, Pen, ROWAN, SAGE, Written};
use visitbook_record::attachment::{Attachment, policy, target};
use visitbook_record::cbor::{decode, encode};
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::fact::RecordHome;
use visitbook_record::id::{OpId, WorkerId};
use visitbook_record::judge::{Context, DeviceStanding, Rights, judge_commit};
use visitbook_record::limits::ATTACHMENT_BYTES;
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::page::{Statement, View, lay_out};
use visitbook_record::payload::{Content, Value};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::{Reason, Verdict};

fn file(size: u64) -> Content {
    Content::Attachment(Attachment {
        id: [1; 32],
        key: [2; 32],
        media_type: "image/png".to_owned(),
        size,
        what: "drawing".to_owned(),
    })
}

fn attach(policy: Policy, target: Target, content: Content) -> Draft {
    Draft {
        kind: Kind::Attach,
        policy,
        target,
        replaces: vec![],
        content: Some(content),
    }
}

fn judge(kind: RecordKind, mut draft: Draft, replaces: Vec<OpId>) -> Verdict {
    draft.replaces = replaces;
    let mut written = Pen::new(ROWAN, 1).write(vec![draft]);
    written.commit.record_kind = kind;
    let known = |_: &OpId| None;
    let context = Context {
        device: DeviceStanding {
            holder: ROWAN,
            is_writer: false,
            ended: false,
        },
        rights: Rights {
            stale: false,
            role_known: Some(Role::Allocated),
            role_now: Some(Role::Allocated),
        },
        owner: SAGE,
        home: Some(RecordHome {
            scope: Scope::Child(CHILD),
            kind,
        }),
        known: &known,
    };
    judge_commit(&context, &written.commit, &written.contents).remove(0)
}

#[test]
fn a_file_is_added_in_its_own_place_and_replaces_nothing() {
    let good = || target("a");
    let ordinary = Policy::Ordinary;
    let earlier = vec![OpId([9; 32])];
    let two_parts = Target::part("attachment", "a", "b");
    let text = Content::Text {
        text: "a drawing".to_owned(),
        cut_off: false,
    };
    let cases: [(&str, Draft, Vec<OpId>, Option<Reason>); 10] = [
        ("a file", attach(ordinary, good(), file(1)), vec![], None),
        (
            "the largest",
            attach(ordinary, good(), file(ATTACHMENT_BYTES)),
            vec![],
            None,
        ),
        (
            "larger",
            attach(ordinary, good(), file(ATTACHMENT_BYTES + 1)),
            vec![],
            Some(Reason::TooLarge),
        ),
        (
            "without an id of its own",
            attach(ordinary, Target::field("attachment"), file(1)),
            vec![],
            Some(Reason::BadTarget),
        ),
        (
            "a part",
            attach(ordinary, two_parts, file(1)),
            vec![],
            Some(Reason::BadTarget),
        ),
        (
            "on a question of the form",
            attach(ordinary, Target::element("saw", "a"), file(1)),
            vec![],
            Some(Reason::BadTarget),
        ),
        (
            "as words, on a visit",
            attach(Policy::Words, good(), file(1)),
            vec![],
            Some(Reason::WrongPolicy),
        ),
        (
            "as a risk",
            attach(Policy::Risk, good(), file(1)),
            vec![],
            Some(Reason::WrongPolicy),
        ),
        (
            "in another's place",
            attach(ordinary, good(), file(1)),
            earlier,
            Some(Reason::TooManyReplaced),
        ),
        (
            "with another content",
            attach(ordinary, good(), text),
            vec![],
            Some(Reason::WrongContent),
        ),
    ];
    for (name, draft, replaces, reason) in cases {
        let expected = reason.map_or(Verdict::Applied, |reason| Verdict::Quarantined {
            reason,
            owner: SAGE,
        });
        assert_eq!(
            judge(RecordKind::Visit, draft, replaces),
            expected,
            "{name}"
        );
    }
    // On a voice it is the child's own.
    assert_eq!(policy(RecordKind::Voice), Policy::Words);
    for (policy, fine) in [(Policy::Words, true), (Policy::Ordinary, false)] {
        let verdict = judge(RecordKind::Voice, attach(policy, good(), file(1)), vec![]);
        assert_eq!(verdict.is_applied(), fine);
    }
    // And an answer is no file.
    let mut answer = attach(ordinary, good(), Content::Value(Value::new("yes", "Yes")));
    answer.kind = Kind::Assert;
    let verdict = judge(RecordKind::Visit, answer, vec![]);
    assert!(matches!(
        verdict,
        Verdict::Quarantined {
            reason: Reason::UnknownField,
            ..
        }
    ));
}

#[test]
fn a_key_is_not_printed_and_the_payload_reads_back() {
    let content = file(77);
    assert!(decode::<Content>(&encode(&content)).unwrap() == content);
    assert_eq!(format!("{content:?}"), "Content::Attachment");
}

fn received(written: &[(&Written, Option<Verdict>)]) -> Vec<Statement> {
    let mut all = Vec::new();
    for ((written, verdict), position) in written.iter().zip(1..) {
        for (fact, content) in written
            .facts(verdict.clone())
            .into_iter()
            .zip(&written.contents)
        {
            all.push(Statement {
                fact,
                content: content.clone(),
                written: written.commit.clocks.wall,
                received: Some(WallMillis(0)),
                counted_at: Some(LogPosition { epoch: 1, position }),
            });
        }
    }
    all
}

#[test]
fn files_stand_beside_each_other_and_one_after_the_finish_is_late() {
    let by = |who: WorkerId, device: u8, element: &str| {
        Pen::new(who, device).write(vec![attach(Policy::Ordinary, target(element), file(1))])
    };
    let (first, second) = (by(ROWAN, 1, "a"), by(BRYONY, 2, "b"));
    let (aside, late) = (by(BRYONY, 3, "c"), by(ROWAN, 4, "d"));
    let finish = Pen::new(ROWAN, 5).write(vec![Draft::finish([first.id(), second.id()])]);
    let counts = Some(Verdict::Applied);
    let set_aside = Some(Verdict::Quarantined {
        reason: Reason::NotHeld,
        owner: SAGE,
    });
    let statements = received(&[
        (&first, counts.clone()),
        (&second, counts.clone()),
        (&aside, set_aside),
        (&finish, counts.clone()),
        (&late, counts),
    ]);
    let page = lay_out(RecordKind::Visit, &statements, View::Shared);
    let ids = |places: &[usize]| -> Vec<OpId> {
        places.iter().map(|at| statements[*at].fact.id).collect()
    };
    assert_eq!(ids(&page.attachments), [first.id(), second.id(), late.id()]);
    assert_eq!(ids(&page.late), [late.id()]);
    assert_eq!(ids(&page.unread), [aside.id()]);
    assert!(page.questions.is_empty() && page.entries.is_empty());
}

//! Words removed by law: who may, what stands in their place, and that no worry is lowered by it.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::HashMap;

use common::{BRYONY, CHILD, Draft, Pen, ROWAN, SAGE, Written};
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::fact::{Answer, RecordHome};
use visitbook_record::family::{Post, missing_from, statements_of};
use visitbook_record::id::{OpId, PayloadHash, RecordId};
use visitbook_record::judge::{Context, DeviceStanding, KnownOp, Rights, judge_commit};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::page::{Statement, View, lay_out, redaction_of};
use visitbook_record::payload::Content;
use visitbook_record::redaction::{Redaction, target};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::{Reason, Verdict};

fn redact(op: OpId) -> Draft {
    let said = Redaction {
        payload: PayloadHash([5; 32]),
        about: Target::field("alone"),
        reason: "a court's order".to_owned(),
    };
    Draft {
        kind: Kind::Redact,
        policy: Policy::Ordinary,
        target: target(op),
        replaces: vec![],
        content: Some(Content::Redaction(said)),
    }
}

fn alone(code: &str) -> Draft {
    Draft::assert(Policy::Risk, Target::field("alone"), code, &[])
}

fn judge(written: &Written, is_writer: bool, known: &[&Written]) -> Verdict {
    let facts: HashMap<OpId, KnownOp> = known
        .iter()
        .flat_map(|one| one.facts(Some(Verdict::Applied)))
        .map(|fact| {
            let withheld = false;
            (fact.id, KnownOp { fact, withheld })
        })
        .collect();
    let context = Context {
        device: DeviceStanding {
            holder: ROWAN,
            is_writer,
            ended: false,
        },
        rights: Rights {
            stale: false,
            role_known: Some(Role::Manager),
            role_now: Some(Role::Manager),
            opened: None,
        },
        owner: SAGE,
        home: Some(RecordHome {
            scope: Scope::Child(CHILD),
            kind: RecordKind::Visit,
        }),
        known: &|id| facts.get(id).cloned(),
    };
    judge_commit(&context, &written.commit, &written.contents)
        .pop()
        .unwrap()
}

#[test]
fn only_the_council_removes_words_and_only_where_nothing_hangs_on_them() {
    let mut rowan = Pen::new(ROWAN, 1);
    let answer = rowan.write(vec![alone("not_alone")]);
    let finish = rowan.write(vec![Draft::finish([answer.id()])]);
    let aside = |reason| Verdict::Quarantined {
        reason,
        owner: SAGE,
    };
    let mut writer = Pen::new(ROWAN, 9);
    let nowhere = Draft {
        target: Target::field("redact"),
        ..redact(answer.id())
    };
    let replacing = Draft {
        replaces: vec![answer.id()],
        ..redact(answer.id())
    };
    let table = [
        (redact(answer.id()), true, Verdict::Applied),
        (redact(answer.id()), false, aside(Reason::ServerOnly)),
        (redact(finish.id()), true, aside(Reason::WrongContent)),
        (nowhere, true, aside(Reason::BadTarget)),
        (replacing, true, aside(Reason::TooManyReplaced)),
        // It waits for nothing.
        (redact(OpId([0xee; 32])), true, Verdict::Applied),
    ];
    for (draft, is_writer, expected) in table {
        let written = writer.write(vec![draft]);
        assert_eq!(judge(&written, is_writer, &[&answer, &finish]), expected);
    }
    // Its own words may be gone.
    let mut without = writer.write(vec![redact(answer.id())]);
    without.contents = vec![None];
    assert_eq!(judge(&without, true, &[&answer]), Verdict::Applied);
}

fn statements(written: &[(&Written, bool)]) -> Vec<Statement> {
    let mut all = Vec::new();
    for (position, (one, removed)) in (1..).zip(written) {
        let facts = one.facts(Some(Verdict::Applied));
        for (mut fact, content) in facts.into_iter().zip(&one.contents) {
            let content = content.clone().filter(|_| !removed);
            fact.answer = Answer::of(content.as_ref());
            all.push(Statement {
                fact,
                content,
                written: WallMillis(0),
                received: Some(WallMillis(1)),
                counted_at: Some(LogPosition { epoch: 1, position }),
            });
        }
    }
    all
}

#[test]
fn a_removed_risk_answer_ranks_as_most_worrying_and_says_by_whom() {
    let (mut rowan, mut bryony, mut sage) =
        (Pen::new(ROWAN, 1), Pen::new(BRYONY, 2), Pen::new(SAGE, 9));
    let removed = rowan.write(vec![alone("spoke_alone")]);
    let other = bryony.write(vec![alone("not_alone")]);
    let redaction = sage.write(vec![redact(removed.id())]);
    let all = statements(&[(&removed, true), (&other, false), (&redaction, false)]);
    let page = lay_out(RecordKind::Visit, &all, View::Shared);
    let question = &page.questions[&Target::field("alone")];
    assert!(question.open);
    assert_eq!(question.standing, Some(0), "unknown is worst");
    assert_eq!(redaction_of(&all, 0), Some(2));
    assert_eq!(redaction_of(&all, 1), None);
    assert!(
        !page
            .questions
            .keys()
            .any(|target| target.name() == "redact"),
        "a redaction answers no question"
    );
}

/// The council and the worker's device each make statements of one thing a child handed in. Neither makes again what was removed.
#[test]
fn what_a_child_handed_in_is_not_made_again() {
    let mut record = RecordId([7; 16]);
    record.0[6] = 0x80;
    let post = Post {
        format: Post::FORMAT,
        child: CHILD,
        visit: None,
        words: Some("come to school".to_owned()),
        drawing: None,
        chose_not_to_say: None,
        child_asks: None,
        not_with: vec!["mum".to_owned()],
        typed_at: WallMillis(0),
    };
    let said = statements_of(&post, record);
    let mut pen = Pen {
        record,
        record_kind: RecordKind::Voice,
        ..Pen::new(ROWAN, 1)
    };
    let drafts = said.iter().map(|one| Draft {
        kind: one.kind,
        policy: one.policy,
        target: one.target.clone(),
        replaces: vec![],
        content: Some(one.content.clone()),
    });
    let made = pen.write(drafts.collect());
    let mut facts = made.facts(Some(Verdict::Applied));
    assert!(missing_from(&facts, said.clone()).is_empty());
    for fact in &mut facts {
        if fact.target.name() == "words" {
            fact.answer = Answer::Unreadable;
        }
    }
    assert!(missing_from(&facts, said).is_empty());
}

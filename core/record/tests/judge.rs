//! The verdict: what the server makes of each sort of commit, by table.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::HashMap;

use common::{BRYONY, CHILD, Draft, Pen, ROWAN, SAGE, VISIT, Written};
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::fact::{RecordHome, is_withheld_until_finish};
use visitbook_record::id::{OpId, RecordId, WorkerId};
use visitbook_record::judge::{
    Context, DeviceStanding, KnownOp, Opening, Rights, begins_file, judge_again, judge_commit,
};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Assignment, Content, Value};
use visitbook_record::scope::Scope;
use visitbook_record::verdict::{Reason, Verdict};

/// A server that holds what it was given and judges by one standing.
struct Bench {
    known: HashMap<OpId, KnownOp>,
    device: DeviceStanding,
    rights: Rights,
    home: Option<RecordHome>,
}

impl Bench {
    fn of(holder: WorkerId, role: Role) -> Self {
        Self {
            known: HashMap::new(),
            device: DeviceStanding {
                holder,
                is_writer: false,
                ended: false,
            },
            rights: Rights {
                stale: false,
                role_known: Some(role),
                role_now: Some(role),
                opened: (role == Role::Cover).then_some(Opening::Cover),
            },
            home: Some(RecordHome {
                scope: Scope::Child(CHILD),
                kind: RecordKind::Visit,
            }),
        }
    }

    fn with(mut self, written: &[&Written]) -> Self {
        for w in written {
            for fact in w.facts(Some(Verdict::Applied)) {
                let withheld = is_withheld_until_finish(w.commit.record_kind, fact.kind);
                self.known.insert(fact.id, KnownOp { fact, withheld });
            }
        }
        self
    }

    fn judge(&self, written: &Written) -> Verdict {
        let known = |id: &OpId| self.known.get(id).cloned();
        let context = Context {
            device: self.device,
            rights: self.rights,
            owner: SAGE,
            home: self.home,
            known: &known,
        };
        let verdicts = judge_commit(&context, &written.commit, &written.contents);
        assert_eq!(verdicts.len(), written.commit.ops.len());
        let last = verdicts.last().unwrap().clone();
        let index = written.commit.ops.len() - 1;
        if index == 0 {
            assert_eq!(
                judge_again(&context, &written.commit, index, &written.contents),
                Some(last.clone())
            );
        }
        last
    }
}

fn aside(reason: Reason) -> Verdict {
    Verdict::Quarantined {
        reason,
        owner: SAGE,
    }
}

fn alone(code: &str) -> Draft {
    Draft::assert(Policy::Risk, Target::field("alone"), code, &[])
}

#[test]
fn an_ordinary_answer_by_the_childs_worker_is_applied() {
    let written = Pen::new(ROWAN, 1).write(vec![alone("spoke_alone")]);
    assert_eq!(
        Bench::of(ROWAN, Role::Allocated).judge(&written),
        Verdict::Applied
    );
}

#[test]
fn rights_are_judged_by_what_the_author_could_have_known() {
    let written = Pen::new(ROWAN, 1).write(vec![alone("spoke_alone")]);
    let rights = |stale, role_known, role_now| Rights {
        stale,
        role_known,
        role_now,
        opened: None,
    };
    let table = [
        (
            rights(false, Some(Role::Joint), Some(Role::Joint)),
            Verdict::Applied,
        ),
        (
            rights(false, Some(Role::Allocated), None),
            Verdict::AppliedFromPreviousWorker,
        ),
        (
            rights(true, Some(Role::Allocated), Some(Role::Allocated)),
            aside(Reason::OldAssignment),
        ),
        (rights(false, None, None), aside(Reason::NotHeld)),
        (
            rights(false, None, Some(Role::Allocated)),
            aside(Reason::NotHeld),
        ),
    ];
    for (rights, expected) in table {
        let mut bench = Bench::of(ROWAN, Role::Allocated);
        bench.rights = rights;
        assert_eq!(bench.judge(&written), expected, "{rights:?}");
    }
}

#[test]
fn another_devices_name_and_an_ended_device_are_set_aside() {
    let written = Pen::new(ROWAN, 1).write(vec![alone("spoke_alone")]);
    assert_eq!(
        Bench::of(BRYONY, Role::Joint).judge(&written),
        aside(Reason::NotYourName)
    );
    let mut ended = Bench::of(ROWAN, Role::Allocated);
    ended.device.ended = true;
    assert_eq!(ended.judge(&written), aside(Reason::DeviceEnded));
}

#[test]
fn a_record_stays_where_it_began() {
    let written = Pen::new(ROWAN, 1).write(vec![alone("spoke_alone")]);
    for home in [
        RecordHome {
            scope: Scope::Child(RecordId([9; 16])),
            kind: RecordKind::Visit,
        },
        RecordHome {
            scope: Scope::Child(CHILD),
            kind: RecordKind::Voice,
        },
    ] {
        let mut bench = Bench::of(ROWAN, Role::Allocated);
        bench.home = Some(home);
        assert_eq!(bench.judge(&written), aside(Reason::OtherHome));
    }
}

#[test]
fn only_the_server_assigns_and_only_it_writes_for_the_council() {
    let content = Content::Assignment(Assignment {
        worker: ROWAN,
        child: CHILD,
        role: Role::Allocated,
        reason: "mine".into(),
        moved_to: None,
    });
    let assign = || Draft {
        kind: Kind::Assign,
        policy: Policy::Set,
        target: Target::element("held_by", ROWAN.to_string()),
        replaces: vec![],
        content: Some(content.clone()),
    };
    let mut pen = Pen::new(ROWAN, 1);
    (pen.record, pen.record_kind) = (CHILD, RecordKind::Child);
    let mut bench = Bench::of(ROWAN, Role::Allocated);
    bench.home = None;
    assert_eq!(
        bench.judge(&pen.write(vec![assign()])),
        aside(Reason::ServerOnly)
    );
    bench.device.is_writer = true;
    bench.rights = Rights {
        stale: false,
        role_known: None,
        role_now: None,
        opened: None,
    };
    assert_eq!(bench.judge(&pen.write(vec![assign()])), Verdict::Applied);

    let mut pen = Pen::new(ROWAN, 1);
    (pen.record, pen.record_kind, pen.scope) =
        (RecordId([5; 16]), RecordKind::Council, Scope::Council);
    let mut bench = Bench::of(ROWAN, Role::Manager);
    bench.home = None;
    let name = Draft::assert(Policy::Ordinary, Target::field("name"), "Fernmouth", &[]);
    assert_eq!(
        bench.judge(&pen.write(vec![name])),
        aside(Reason::ServerOnly)
    );
}

#[test]
fn what_the_form_does_not_have_is_set_aside_with_its_reason() {
    let risk = Policy::Risk;
    let table = [
        (
            Draft::assert(risk, Target::field("horoscope"), "yes", &[]),
            Reason::UnknownField,
        ),
        (
            Draft::assert(risk, Target::element("alone", "x"), "spoke_alone", &[]),
            Reason::UnknownField,
        ),
        (
            Draft::assert(risk, Target::field("alone"), "telepathy", &[]),
            Reason::UnknownCode,
        ),
        (
            Draft::assert(Policy::Ordinary, Target::field("alone"), "spoke_alone", &[]),
            Reason::WrongPolicy,
        ),
        (
            Draft::assert(risk, Target::field(""), "spoke_alone", &[]),
            Reason::BadTarget,
        ),
        (
            Draft::assert(risk, Target::field("x".repeat(65)), "spoke_alone", &[]),
            Reason::BadTarget,
        ),
        (
            Draft::assert(Policy::Ordinary, Target::element("saw", "e1"), "text", &[]),
            Reason::WrongContent,
        ),
        (
            Draft::entry(Kind::EntryAdd, "place", "e1", "text", &[]),
            Reason::UnknownField,
        ),
        (
            Draft::assert(
                Policy::Observer,
                Target::element("area_food", BRYONY.to_string()),
                "met",
                &[],
            ),
            Reason::NotYourObservation,
        ),
        (
            Draft {
                content: Some(Content::Words("hello".into())),
                ..alone("spoke_alone")
            },
            Reason::WrongContent,
        ),
        (
            Draft {
                content: None,
                ..alone("spoke_alone")
            },
            Reason::PayloadMissing,
        ),
        (
            Draft::entry(Kind::EntryAdd, "saw", "e1", &"x".repeat((1 << 20) + 1), &[]),
            Reason::TooLarge,
        ),
        (
            Draft::assert(
                risk,
                Target::field("alone"),
                "spoke_alone",
                &[OpId([1; 32]), OpId([2; 32])],
            ),
            Reason::TooManyReplaced,
        ),
    ];
    for (draft, reason) in table {
        let name = format!("{:?} {reason:?}", draft.target);
        let written = Pen::new(ROWAN, 1).write(vec![draft]);
        assert_eq!(
            Bench::of(ROWAN, Role::Allocated).judge(&written),
            aside(reason),
            "{name}"
        );
    }
}

#[test]
fn a_newer_form_and_an_unknown_kind_are_kept_and_applied() {
    let mut written = Pen::new(ROWAN, 1).write(vec![alone("telepathy")]);
    written.commit.catalogue = 99;
    assert_eq!(
        Bench::of(ROWAN, Role::Allocated).judge(&written),
        Verdict::Applied
    );

    let unknown = |links: Vec<OpId>| Draft {
        kind: Kind::Unknown(77),
        replaces: links,
        ..alone("x")
    };
    let one = Pen::new(ROWAN, 1).write(vec![unknown(vec![OpId([1; 32])])]);
    assert_eq!(
        Bench::of(ROWAN, Role::Allocated).judge(&one),
        Verdict::Applied
    );
    let two = Pen::new(ROWAN, 1).write(vec![unknown(vec![OpId([1; 32]), OpId([2; 32])])]);
    assert_eq!(
        Bench::of(ROWAN, Role::Allocated).judge(&two),
        aside(Reason::TooManyReplaced)
    );
}

#[test]
fn a_childs_words_are_never_changed() {
    let words = |kind, content, links: Vec<OpId>| Draft {
        kind,
        policy: Policy::Words,
        target: Target::element("words", "w1"),
        replaces: links,
        content: Some(content),
    };
    let mut pen = Pen::new(ROWAN, 1);
    (pen.record, pen.record_kind) = (RecordId([0x77; 16]), RecordKind::Voice);
    let mut bench = Bench::of(ROWAN, Role::Allocated);
    bench.home = None;
    let said = pen.write(vec![words(
        Kind::EntryAdd,
        Content::Words("I dont want to move".into()),
        vec![],
    )]);
    assert_eq!(bench.judge(&said), Verdict::Applied);
    let text = || Content::Text {
        text: "tidied".into(),
        cut_off: false,
    };
    let revised = pen.write(vec![words(Kind::EntryRevise, text(), vec![said.id()])]);
    assert_eq!(bench.judge(&revised), aside(Reason::ChildsWords));
    let withdrawn = pen.write(vec![words(
        Kind::EntryWithdraw,
        Content::Reason("oops".into()),
        vec![said.id()],
    )]);
    assert_eq!(bench.judge(&withdrawn), aside(Reason::ChildsWords));
    let settled = pen.write(vec![Draft {
        policy: Policy::Words,
        target: Target::element("words", "w1"),
        ..Draft::resolve(Policy::Words, Target::field("x"), "x", &[said.id()])
    }]);
    assert_eq!(bench.judge(&settled), aside(Reason::ChildsWords));
}

/// Rowan said Yes, alone; Bryony said No.
fn two_answers() -> (Written, Written) {
    let yes = Pen::new(ROWAN, 1).write(vec![alone("spoke_alone")]);
    let no = Pen::new(BRYONY, 2).write(vec![alone("not_alone")]);
    (yes, no)
}

#[test]
fn who_may_settle_a_risk_question_to_what() {
    let (yes, no) = two_answers();
    let target = || Target::field("alone");
    let table = [
        (ROWAN, Role::Allocated, "not_alone", None),
        (
            ROWAN,
            Role::Allocated,
            "spoke_alone",
            Some(Reason::MayNotSettle),
        ),
        (BRYONY, Role::Joint, "spoke_alone", None),
        (SAGE, Role::Manager, "spoke_alone", None),
        (
            WorkerId([0x11; 16]),
            Role::Cover,
            "spoke_alone",
            Some(Reason::MayNotSettle),
        ),
        (WorkerId([0x11; 16]), Role::Cover, "not_alone", None),
        // A manager who wrote one of the answers is an author like any other.
        (
            ROWAN,
            Role::Manager,
            "spoke_alone",
            Some(Reason::MayNotSettle),
        ),
        // In between: less worrying than Bryony's, so hers to lower.
        (
            ROWAN,
            Role::Allocated,
            "alone_not_talking",
            Some(Reason::MayNotSettle),
        ),
    ];
    for (who, role, to, refused) in table {
        let settle = Pen::new(who, 9).write(vec![Draft::resolve(
            Policy::Risk,
            target(),
            to,
            &[yes.id(), no.id()],
        )]);
        let expected = refused.map_or(Verdict::Applied, aside);
        assert_eq!(
            Bench::of(who, role).with(&[&yes, &no]).judge(&settle),
            expected,
            "{role:?} to {to}"
        );
    }
}

#[test]
fn a_settlement_waits_for_what_it_names_and_names_only_its_own_question() {
    let (yes, no) = two_answers();
    let target = || Target::field("alone");
    let settle = || Draft::resolve(Policy::Risk, target(), "not_alone", &[yes.id(), no.id()]);
    let written = Pen::new(ROWAN, 1).write(vec![settle()]);
    let held = Bench::of(ROWAN, Role::Allocated)
        .with(&[&yes])
        .judge(&written);
    assert_eq!(
        held,
        Verdict::Held {
            missing: vec![no.id()]
        }
    );

    let nothing = Pen::new(ROWAN, 1).write(vec![Draft {
        replaces: vec![],
        ..settle()
    }]);
    assert_eq!(
        Bench::of(ROWAN, Role::Allocated).judge(&nothing),
        aside(Reason::CannotSettle)
    );

    let seen = Pen::new(BRYONY, 3).write(vec![Draft::assert(
        Policy::Risk,
        Target::field("seen"),
        "no",
        &[],
    )]);
    let elsewhere = Pen::new(ROWAN, 1).write(vec![Draft {
        replaces: vec![seen.id()],
        ..settle()
    }]);
    assert_eq!(
        Bench::of(ROWAN, Role::Allocated)
            .with(&[&seen])
            .judge(&elsewhere),
        aside(Reason::CannotSettle)
    );

    let mut newer = Pen::new(ROWAN, 1).write(vec![settle()]);
    newer.commit.catalogue = 99;
    assert_eq!(
        Bench::of(ROWAN, Role::Allocated)
            .with(&[&yes, &no])
            .judge(&newer),
        aside(Reason::CannotSettle)
    );
}

#[test]
fn an_answer_that_cannot_be_read_ranks_as_most_worrying() {
    let (yes, _) = two_answers();
    let mut strange = Pen::new(BRYONY, 2).write(vec![alone("telepathy")]);
    strange.commit.catalogue = 99;
    let settle = |to| {
        Pen::new(ROWAN, 1).write(vec![Draft::resolve(
            Policy::Risk,
            Target::field("alone"),
            to,
            &[yes.id(), strange.id()],
        )])
    };
    let bench = || Bench::of(ROWAN, Role::Allocated).with(&[&yes, &strange]);
    assert_eq!(
        bench().judge(&settle("not_alone")),
        aside(Reason::MayNotSettle)
    );
}

/// Everything that binds at finish, each in an operation of its own.
fn whole_visit(pen: &mut Pen) -> Written {
    let value =
        |policy, field: &str, code: &str| Draft::assert(policy, Target::field(field), code, &[]);
    pen.write(vec![
        value(Policy::Ordinary, "outcome", "went_ahead"),
        value(Policy::Risk, "seen", "yes"),
        value(Policy::Risk, "alone", "spoke_alone"),
        value(Policy::Risk, "safe_now", "no_worry_today"),
        Draft {
            kind: Kind::SetAdd,
            policy: Policy::Set,
            target: Target::element("voice", VISIT.to_string()),
            replaces: vec![],
            content: Some(Content::Value(Value::new(VISIT.to_string(), "voice"))),
        },
        Draft::entry(
            Kind::EntryAdd,
            "meaning",
            "m1",
            "Wren is keeping an eye on the little ones.",
            &[],
        ),
    ])
}

#[test]
fn a_finish_lists_what_binds_what_is_here_and_nothing_its_author_could_not_read() {
    let mut rowan = Pen::new(ROWAN, 1);
    let visit = whole_visit(&mut rowan);
    let bench = || Bench::of(ROWAN, Role::Allocated).with(&[&visit]);
    let all = visit.ids.clone();

    let complete = rowan.write(vec![Draft::finish(all.iter().copied())]);
    assert_eq!(bench().judge(&complete), Verdict::Applied);

    for left_out in 0..all.len() {
        let ids = all
            .iter()
            .enumerate()
            .filter(|(i, _)| *i != left_out)
            .map(|(_, id)| *id);
        let written = rowan.write(vec![Draft::finish(ids)]);
        assert_eq!(
            bench().judge(&written),
            aside(Reason::FinishIncomplete),
            "without {left_out}"
        );
    }

    let early = Bench::of(ROWAN, Role::Allocated).judge(&complete);
    assert!(matches!(early, Verdict::Held { missing } if missing.len() == all.len()));

    let hers = Pen::new(BRYONY, 2).write(vec![Draft::entry(
        Kind::EntryAdd,
        "saw",
        "s1",
        "half a sent",
        &[],
    )]);
    let unread = rowan.write(vec![Draft::finish(all.iter().copied().chain([hers.id()]))]);
    assert_eq!(
        bench().with(&[&hers]).judge(&unread),
        aside(Reason::FinishListsUnread)
    );

    let mut other = Pen::new(ROWAN, 4);
    other.record = RecordId([0x44; 16]);
    let elsewhere = other.write(vec![alone("not_alone")]);
    let foreign = rowan.write(vec![Draft::finish(
        all.iter().copied().chain([elsewhere.id()]),
    )]);
    assert_eq!(
        bench().with(&[&elsewhere]).judge(&foreign),
        aside(Reason::FinishListsOther)
    );

    let mut unsorted = rowan.write(vec![Draft::finish(all.iter().copied())]);
    let Some(Content::Finish(ids)) = &mut unsorted.contents[0] else {
        panic!("a finish")
    };
    ids.reverse();
    assert_eq!(bench().judge(&unsorted), aside(Reason::WrongContent));
}

#[test]
fn a_finish_may_list_what_stands_before_it_in_the_same_commit() {
    let mut rowan = Pen::new(ROWAN, 1);
    let visit = whole_visit(&mut rowan);
    // Names depend on place in the commit, not on what follows, so a finish can name its own commit's statements.
    let late = || Draft::entry(Kind::EntryAdd, "saw", "s2", "One more thing.", &[]);
    let mut twin = Pen {
        head: rowan.head,
        ..Pen::new(ROWAN, 1)
    };
    twin.seq = rowan.seq;
    let probe = twin.write(vec![late()]);
    let both = rowan.write(vec![
        late(),
        Draft::finish(visit.ids.iter().copied().chain([probe.id()])),
    ]);
    assert_eq!(both.ids[0], probe.id());
    assert_eq!(
        Bench::of(ROWAN, Role::Allocated)
            .with(&[&visit])
            .judge(&both),
        Verdict::Applied
    );
}

/// A whole visit by Rowan, and its finish.
fn finished_visit() -> (Written, Written) {
    let mut rowan = Pen::new(ROWAN, 1);
    let visit = whole_visit(&mut rowan);
    let done = rowan.write(vec![Draft::finish(visit.ids.iter().copied())]);
    (visit, done)
}

fn about_the_record(kind: Kind, target: Target, content: Content) -> Draft {
    Draft {
        kind,
        policy: Policy::Ordinary,
        target,
        replaces: vec![],
        content: Some(content),
    }
}

#[test]
fn a_manager_signs_off_returns_and_voids_and_nobody_their_own_work() {
    let (visit, done) = finished_visit();
    let finish = done.id();
    let drafts = || {
        [
            (
                Kind::SignOff,
                Target::field("sign_off"),
                Content::SignOff(finish),
            ),
            (
                Kind::Return,
                Target::element("returned", finish.to_string()),
                Content::Reason("Who is Reed?".into()),
            ),
            (
                Kind::Void,
                Target::field("void"),
                Content::Void {
                    reason: "another child".into(),
                    made_again: None,
                },
            ),
        ]
    };
    for (kind, target, content) in drafts() {
        let draft = || about_the_record(kind, target.clone(), content.clone());
        let by = |who, role| {
            let written = Pen::new(who, 9).write(vec![draft()]);
            Bench::of(who, role).with(&[&visit, &done]).judge(&written)
        };
        assert_eq!(by(SAGE, Role::Manager), Verdict::Applied, "{kind:?}");
        assert_eq!(
            by(BRYONY, Role::Joint),
            aside(Reason::NotManager),
            "{kind:?}"
        );
        let own = by(ROWAN, Role::Manager);
        if kind != Kind::Void {
            assert_eq!(own, aside(Reason::OwnWork), "{kind:?}");
            let early = Pen::new(SAGE, 9).write(vec![draft()]);
            let early = Bench::of(SAGE, Role::Manager).judge(&early);
            assert_eq!(
                early,
                Verdict::Held {
                    missing: vec![finish]
                },
                "{kind:?}"
            );
        }
    }
}

#[test]
fn a_correction_follows_the_rule_of_who_may_settle() {
    let (yes, no) = two_answers();
    let correct = |to: &str, of: &Written| Draft {
        kind: Kind::Correct,
        policy: Policy::Risk,
        target: Target::field("alone"),
        replaces: vec![of.id()],
        content: Some(Content::Correction(visitbook_record::payload::Correction {
            value: Value::new(to, to),
            was: "as it stood".into(),
            reason: "I looked again".into(),
        })),
    };
    let by_rowan = |to, of| {
        let written = Pen::new(ROWAN, 9).write(vec![correct(to, of)]);
        Bench::of(ROWAN, Role::Allocated)
            .with(&[&yes, &no])
            .judge(&written)
    };
    assert_eq!(by_rowan("not_alone", &yes), Verdict::Applied);
    assert_eq!(by_rowan("spoke_alone", &no), aside(Reason::MayNotSettle));
}

#[test]
fn only_the_named_owner_puts_a_statement_in_its_place() {
    let kept = Pen::new(ROWAN, 1).write(vec![alone("not_alone")]);
    let place = |op| {
        about_the_record(
            Kind::Place,
            Target::element("place", "x"),
            Content::Placement {
                op,
                reason: "seen before the change".into(),
            },
        )
    };
    let bench = |who| {
        let mut bench = Bench::of(who, Role::Manager).with(&[&kept]);
        for known in bench.known.values_mut() {
            known.fact.verdict = Some(aside(Reason::NotHeld));
        }
        bench
    };
    let by = |who| bench(who).judge(&Pen::new(who, 9).write(vec![place(kept.id())]));
    assert_eq!(by(SAGE), Verdict::Applied);
    assert_eq!(by(BRYONY), aside(Reason::NotOwner));
    // Nobody lets what waits for something else count, and nobody their own breach of what guards their own work.
    let judged = |verdict: Verdict, author| {
        let mut bench = bench(SAGE);
        for known in bench.known.values_mut() {
            known.fact.verdict = Some(verdict.clone());
            known.fact.author = author;
        }
        bench.judge(&Pen::new(SAGE, 9).write(vec![place(kept.id())]))
    };
    let waits = Verdict::Held {
        missing: vec![OpId([7; 32])],
    };
    assert_eq!(judged(waits, ROWAN), aside(Reason::NotOwner));
    assert_eq!(judged(Verdict::Applied, ROWAN), Verdict::Applied);
    for guard in [Reason::OwnWork, Reason::MayNotSettle] {
        assert_eq!(judged(aside(guard), SAGE), aside(Reason::OwnWork));
        assert_eq!(judged(aside(guard), ROWAN), Verdict::Applied);
    }
    assert_eq!(judged(aside(Reason::UnknownCode), SAGE), Verdict::Applied);
    let unknown = Pen::new(SAGE, 9).write(vec![place(OpId([7; 32]))]);
    assert_eq!(
        bench(SAGE).judge(&unknown),
        Verdict::Held {
            missing: vec![OpId([7; 32])]
        }
    );
}

fn added(target: Target, code: &str) -> Draft {
    Draft {
        kind: Kind::SetAdd,
        ..Draft::assert(Policy::Set, target, code, &[])
    }
}

/// A file that had to be opened first: what one who stands in writes before opening is kept, with the manager to decide.
#[test]
fn one_who_stands_in_writes_only_in_a_file_that_was_opened_with_a_reason() {
    let mut bench = Bench::of(ROWAN, Role::Cover);
    bench.rights.opened = None;
    let answer = Pen::new(ROWAN, 1).write(vec![alone("spoke_alone")]);
    assert_eq!(bench.judge(&answer), aside(Reason::NotOpened));
    let mut pen = Pen::new(ROWAN, 1);
    (pen.record, pen.record_kind) = (CHILD, RecordKind::Child);
    let opening = || added(Target::element("cover_opened", "1"), "Neighbour rang");
    bench.home = None;
    assert_eq!(bench.judge(&pen.write(vec![opening()])), Verdict::Applied);
    // The same words on a visit open nothing.
    let elsewhere = Pen::new(ROWAN, 1).write(vec![opening()]);
    assert_eq!(bench.judge(&elsewhere), aside(Reason::NotOpened));
    for (role, opened, expected) in [
        (Role::Cover, Some(Opening::Cover), Verdict::Applied),
        (Role::Cover, Some(Opening::Scope), aside(Reason::NotOpened)),
        (Role::Allocated, None, Verdict::Applied),
        (Role::Joint, None, Verdict::Applied),
        (Role::Manager, None, Verdict::Applied),
    ] {
        bench.rights.role_known = Some(role);
        bench.rights.opened = opened;
        assert_eq!(bench.judge(&answer), expected, "{role:?}, {opened:?}");
    }
    // The cover ended before the words arrived: they count, and are marked.
    bench.rights = Rights {
        stale: false,
        role_known: Some(Role::Cover),
        role_now: None,
        opened: Some(Opening::Cover),
    };
    assert_eq!(bench.judge(&answer), Verdict::AppliedFromPreviousWorker);
}

#[test]
fn whoever_began_a_file_writes_in_it_until_they_could_know_better_and_nobody_else_does() {
    let mut bench = Bench::of(ROWAN, Role::Allocated);
    let answer = Pen::new(ROWAN, 1).write(vec![alone("spoke_alone")]);
    for (stale, opened, expected) in [
        (false, Some(Opening::Scope), Verdict::Applied),
        (true, Some(Opening::Scope), aside(Reason::OldAssignment)),
        (false, Some(Opening::Cover), aside(Reason::NotHeld)),
        (false, None, aside(Reason::NotHeld)),
    ] {
        bench.rights = Rights {
            stale,
            role_known: None,
            role_now: None,
            opened,
        };
        assert_eq!(bench.judge(&answer), expected, "{stale} {opened:?}");
    }
}

#[test]
fn a_file_is_begun_by_its_own_record_under_a_name_that_a_device_drew() {
    let v7 = RecordId([0x01, 0x9a, 0, 0, 0, 0, 0x70, 1, 0x80, 1, 2, 3, 4, 5, 6, 7]);
    let imported = RecordId(visitbook_record::id::derived_uuid(
        visitbook_record::id::CouncilId([1; 16]),
        "child",
        "C-1",
    ));
    let met = |field: &str| Draft::assert(Policy::Ordinary, Target::field(field), "a cousin", &[]);
    let table = [
        ("as it should be", v7, v7, RecordKind::Child, "met", true),
        (
            "a child to be imported",
            imported,
            imported,
            RecordKind::Child,
            "met",
            false,
        ),
        (
            "another's file",
            v7,
            imported,
            RecordKind::Child,
            "met",
            false,
        ),
        ("a visit", v7, v7, RecordKind::Visit, "met", false),
        (
            "nothing said of meeting",
            v7,
            v7,
            RecordKind::Child,
            "known_as",
            false,
        ),
    ];
    for (what, record, scope, kind, field, expected) in table {
        let mut pen = Pen::new(ROWAN, 1);
        (pen.record, pen.record_kind, pen.scope) = (record, kind, Scope::Child(scope));
        let written = pen.write(vec![met(field)]);
        assert_eq!(begins_file(&written.commit), expected, "{what}");
    }
}

#[test]
fn who_somebody_is_and_to_whom_they_were_referred_is_a_managers_word() {
    let mut pen = Pen::new(ROWAN, 1);
    (pen.record, pen.record_kind) = (CHILD, RecordKind::Child);
    let other = CHILD.to_string();
    for (role, field, expected) in [
        (Role::Allocated, "met", Verdict::Applied),
        (Role::Allocated, "matched_to", aside(Reason::NotManager)),
        (Role::Allocated, "referred", aside(Reason::NotManager)),
        (Role::Manager, "matched_to", Verdict::Applied),
        (Role::Manager, "referred", Verdict::Applied),
    ] {
        let mut bench = Bench::of(ROWAN, role);
        bench.home = None;
        let said = pen.write(vec![Draft::assert(
            Policy::Ordinary,
            Target::field(field),
            &other,
            &[],
        )]);
        assert_eq!(bench.judge(&said), expected, "{role:?} {field}");
    }
    let also = |pen: &mut Pen| {
        pen.write(vec![added(
            Target::element("also_met", other.clone()),
            &other,
        )])
    };
    let mut bench = Bench::of(ROWAN, Role::Manager);
    bench.home = None;
    assert_eq!(bench.judge(&also(&mut pen)), aside(Reason::ServerOnly));
    bench.device.is_writer = true;
    assert_eq!(bench.judge(&also(&mut pen)), Verdict::Applied);
}

#[test]
fn only_the_childs_manager_opens_what_is_not_finished() {
    let draft = || {
        about_the_record(
            Kind::Open,
            Target::field("open"),
            Content::Reason("Rowan is off sick".into()),
        )
    };
    let by = |who, role| Bench::of(who, role).judge(&Pen::new(who, 9).write(vec![draft()]));
    assert_eq!(by(SAGE, Role::Manager), Verdict::Applied);
    for role in [Role::Allocated, Role::Joint, Role::Cover] {
        assert_eq!(by(BRYONY, role), aside(Reason::NotManager), "{role:?}");
    }
}

#[test]
fn only_the_childs_manager_closes_a_line_and_not_over_their_own_observations_alone() {
    let (first, second) = (VISIT, RecordId([2; 16]));
    let by = |who, role, draft: Draft| {
        let mut pen = Pen::new(who, 9);
        (pen.record, pen.record_kind) = (CHILD, RecordKind::Child);
        let mut bench = Bench::of(who, role);
        bench.home = None;
        bench.judge(&pen.write(vec![draft]))
    };
    let line = |rests_on: &[(RecordId, WorkerId)]| {
        Draft::closing("area_food", "core_group", "2026-11-10", rests_on, &[])
    };
    let both = [(first, ROWAN), (second, SAGE)];
    assert_eq!(by(SAGE, Role::Manager, line(&both)), Verdict::Applied);
    for role in [Role::Allocated, Role::Joint, Role::Cover] {
        let verdict = by(BRYONY, role, line(&both));
        assert_eq!(verdict, aside(Reason::NotManager), "{role:?}");
    }
    let own = line(&[(first, SAGE), (second, SAGE)]);
    assert_eq!(by(SAGE, Role::Manager, own), aside(Reason::OwnWork));
    let stranger = {
        let mut pen = Pen::new(SAGE, 9);
        (pen.record, pen.record_kind) = (CHILD, RecordKind::Child);
        let mut bench = Bench::of(SAGE, Role::Manager);
        (bench.home, bench.rights.role_known) = (None, None);
        bench.judge(&pen.write(vec![line(&both)]))
    };
    assert_eq!(stranger, aside(Reason::NotHeld));
    let on_a_visit =
        Bench::of(SAGE, Role::Manager).judge(&Pen::new(SAGE, 9).write(vec![line(&both)]));
    assert_eq!(on_a_visit, aside(Reason::OtherHome));
}

#[test]
fn a_closing_has_an_area_a_step_a_reason_a_day_and_something_it_rests_on() {
    use visitbook_record::neglect::Closing;

    let judged = |change: &dyn Fn(&mut Draft)| {
        let rests_on = [(VISIT, ROWAN), (RecordId([2; 16]), BRYONY)];
        let mut draft = Draft::closing("area_food", "core_group", "2026-11-10", &rests_on, &[]);
        change(&mut draft);
        let mut pen = Pen::new(SAGE, 9);
        (pen.record, pen.record_kind) = (CHILD, RecordKind::Child);
        let mut bench = Bench::of(SAGE, Role::Manager);
        bench.home = None;
        bench.judge(&pen.write(vec![draft]))
    };
    let closing = |change: &dyn Fn(&mut Closing)| {
        judged(&|draft| {
            if let Some(Content::Closing(closing)) = &mut draft.content {
                change(closing);
            }
        })
    };
    let wrong = aside(Reason::WrongContent);
    assert_eq!(judged(&|_| ()), Verdict::Applied);
    assert_eq!(closing(&|one| one.look_again = "Tuesday".into()), wrong);
    assert_eq!(closing(&|one| one.reason = " ".into()), wrong);
    assert_eq!(closing(&|one| one.rests_on.clear()), wrong);
    assert_eq!(closing(&|one| one.rests_on.reverse()), wrong);
    let twice = |one: &mut Closing| one.rests_on = [one.rests_on[0]; 2].into();
    assert_eq!(closing(&twice), wrong);
    assert_eq!(
        closing(&|one| one.step = Value::new("wait", "wait and see")),
        aside(Reason::UnknownCode)
    );
    assert_eq!(
        closing(&|one| one.reason = "x".repeat(visitbook_record::limits::ENTRY_BYTES + 1)),
        aside(Reason::TooLarge)
    );
    let about = |target: &Target| judged(&|draft| draft.target = target.clone());
    assert_eq!(
        about(&Target::element("not_met", "area_toys")),
        aside(Reason::UnknownField)
    );
    assert_eq!(about(&Target::field("not_met")), aside(Reason::BadTarget));
    let reason = |draft: &mut Draft| draft.content = Some(Content::Reason("because".into()));
    assert_eq!(judged(&reason), wrong);
    // Two that crossed are both replaced.
    let both = |draft: &mut Draft| draft.replaces = vec![OpId([1; 32]), OpId([2; 32])];
    assert_eq!(judged(&both), Verdict::Applied);
}

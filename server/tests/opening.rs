//! Files that are opened: duty cover, and a child who was on nobody's list.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use support::*;
use visitbook_record::commit::{Commit, RecordKind, Role};
use visitbook_record::id::{OpId, RecordId, WorkerId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Content, Payload, Value};
use visitbook_record::scope::Scope;
use visitbook_record::verdict::{Reason, Verdict};
use visitbook_record::wire::EnvelopeBody;
use visitbook_server::arrivals;
use visitbook_server::ingest::prepare;
use visitbook_server::rights::role_now;
use visitbook_server::store::{StorageExt, StoreError};

/// Which store these tests run over; see `support`.
#[allow(dead_code)]
const ON_DISK: bool = true;

/// A child whom Rowan met: a name that a device drew (UUIDv7).
const COUSIN: RecordId = RecordId([0x01, 0x9a, 0, 0, 0, 1, 0x70, 1, 0x80, 1, 2, 3, 4, 5, 6, 7]);

/// As the service takes what one device sends: each list is one session.
fn send(council: &Council, bodies: Vec<EnvelopeBody>) -> Vec<Verdict> {
    let ids: Vec<OpId> = bodies.iter().flat_map(ops_of).collect();
    council.tx(|tx| {
        let mut session = Vec::new();
        for body in bodies {
            session.push(prepare(tx, &council.suite, COUNCIL, body)?.unwrap());
        }
        arrivals::take(tx, &council.suite, &council.writer(), NOW, session)
    });
    ids.iter().map(|id| verdict(council, id)).collect()
}

fn verdict(council: &Council, id: &OpId) -> Verdict {
    let op = council.store.read_with::<_, StoreError>(|tx| tx.op(id));
    op.unwrap().unwrap().fact.verdict.unwrap()
}

fn is_aside(verdict: &Verdict, why: Reason, with: WorkerId) {
    let expected = Verdict::Quarantined {
        reason: why,
        owner: with,
    };
    assert_eq!(*verdict, expected);
}

fn role(council: &Council, worker: WorkerId, child: RecordId) -> Option<Role> {
    council
        .store
        .read_with::<_, StoreError>(|tx| Ok(role_now(&tx.assignments_of(&worker)?, child)))
        .unwrap()
}

/// A commit on a child's own record, by the form that this server has.
fn about(phone: &mut Phone, child: RecordId, says: Vec<Say>) -> EnvelopeBody {
    let (commit, payloads): (Commit, Vec<Payload>) = phone.draft(child, 0, says);
    let commit = Commit {
        record: child,
        record_kind: RecordKind::Child,
        catalogue: 1,
        ..commit
    };
    phone.seal((commit, payloads))
}

fn says(kind: Kind, policy: Policy, target: Target, code: &str) -> Say {
    let value = Content::Value(Value::new(code, code));
    Say(kind, policy, target, vec![], value)
}

fn opening(reason: &str) -> Say {
    let target = Target::element("cover_opened", "1");
    says(Kind::SetAdd, Policy::Set, target, reason)
}

fn met() -> Say {
    says(
        Kind::Assert,
        Policy::Ordinary,
        Target::field("met"),
        "the baby's cousin",
    )
}

fn matched(child: RecordId) -> Say {
    let target = Target::field("matched_to");
    says(Kind::Assert, Policy::Ordinary, target, &child.to_string())
}

#[test]
fn what_is_written_on_duty_cover_counts_once_the_file_was_opened_and_is_kept_if_it_was_not() {
    let council = Council::new();
    council.assign(ROWAN, ROBIN, Role::Cover);
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    let early = rowan.save(ROBIN, 1, vec![note("a", "before opening")]);
    is_aside(
        &send(&council, vec![early.clone()])[0],
        Reason::NotOpened,
        SAGE,
    );
    let opens = about(&mut rowan, ROBIN, vec![opening("the school rang")]);
    let then = rowan.save(ROBIN, 1, vec![note("b", "after opening")]);
    assert_eq!(
        send(&council, vec![opens, then]),
        [Verdict::Applied, Verdict::Applied]
    );
    // What was set aside stays so until its owner places it, and its words are kept.
    let early = ops_of(&early)[0];
    is_aside(&verdict(&council, &early), Reason::NotOpened, SAGE);
    let kept = council
        .store
        .read_with::<_, StoreError>(|tx| tx.payload(&early));
    assert!(kept.unwrap().is_some());
    let mut sage = council.device(3, SAGE);
    sage.pull(&council);
    let content = Content::Placement {
        op: early,
        reason: "She was asked to go at once.".to_owned(),
    };
    let placing = sage.save(
        ROBIN,
        1,
        vec![Say(
            Kind::Place,
            Policy::Ordinary,
            Target::field("place_op"),
            vec![],
            content,
        )],
    );
    assert_eq!(send(&council, vec![placing]), [Verdict::Applied]);
    assert_eq!(verdict(&council, &early), Verdict::Applied);
}

#[test]
fn each_time_of_cover_is_opened_anew_and_what_was_written_before_its_end_could_be_known_counts() {
    let council = Council::new();
    council.assign(ROWAN, ROBIN, Role::Cover);
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    let opens = about(&mut rowan, ROBIN, vec![opening("the school rang")]);
    send(&council, vec![opens]);
    let offline = rowan.save(ROBIN, 1, vec![note("a", "written with no line")]);
    council.unassign(ROWAN, ROBIN);
    assert_eq!(
        send(&council, vec![offline]),
        [Verdict::AppliedFromPreviousWorker]
    );
    council.assign(ROWAN, ROBIN, Role::Cover);
    rowan.pull(&council);
    let unopened = rowan.save(ROBIN, 1, vec![note("b", "a month later")]);
    is_aside(&send(&council, vec![unopened])[0], Reason::NotOpened, SAGE);
    // Somebody else's opening is nobody's but theirs.
    council.assign(BRYONY, ROBIN, Role::Cover);
    let mut bryony = council.device(2, BRYONY);
    bryony.pull(&council);
    let hers = about(&mut bryony, ROBIN, vec![opening("on the rota")]);
    send(&council, vec![hers]);
    let still = rowan.save(ROBIN, 1, vec![note("c", "and again")]);
    is_aside(&send(&council, vec![still])[0], Reason::NotOpened, SAGE);
}

#[test]
fn a_child_on_nobodys_list_is_taken_with_everything_and_given_to_author_and_manager() {
    let council = Council::new();
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    let begun = about(&mut rowan, COUSIN, vec![met()]);
    let visit = rowan.save(COUSIN, 1, vec![answer("seen", "yes"), note("a", "asleep")]);
    let verdicts = send(&council, vec![begun.clone(), visit]);
    assert!(
        verdicts.iter().all(|verdict| *verdict == Verdict::Applied),
        "{verdicts:?}"
    );
    assert_eq!(role(&council, ROWAN, COUSIN), Some(Role::Allocated));
    assert_eq!(role(&council, SAGE, COUSIN), Some(Role::Manager));
    // Written before the phone could read that: by the right of whoever began it.
    let later = rowan.save(COUSIN, 2, vec![note("b", "in the car")]);
    assert_eq!(send(&council, vec![later]), [Verdict::Applied]);
    // The same commit again changes nothing.
    let before = log_length(&council, COUSIN);
    send(&council, vec![begun]);
    assert_eq!(log_length(&council, COUSIN), before);
    // A manager's device has it with the next pull.
    let mut sage = council.device(3, SAGE);
    let pages = sage.pull(&council);
    let read = pages.iter().flat_map(|page| &page.entries);
    assert!(
        read.clone()
            .any(|entry| entry.scope() == Scope::Child(COUSIN))
    );
    // Anybody else is as much a stranger to it as to every other file.
    let mut bryony = council.device(2, BRYONY);
    bryony.pull(&council);
    let theirs = bryony.save(COUSIN, 3, vec![note("c", "heard of him")]);
    is_aside(&send(&council, vec![theirs])[0], Reason::NotHeld, SAGE);
    let again = about(&mut bryony, COUSIN, vec![met()]);
    is_aside(&send(&council, vec![again])[0], Reason::NotHeld, SAGE);
    assert_eq!(role(&council, BRYONY, COUSIN), None);
}

fn log_length(council: &Council, child: RecordId) -> usize {
    council
        .store
        .read_with::<_, StoreError>(|tx| Ok(tx.log(&Scope::Child(child), None, 1000)?.len()))
        .unwrap()
}

#[test]
fn whoever_began_a_file_has_no_more_right_than_they_were_given_once_they_could_know() {
    let council = Council::new();
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    let begun = about(&mut rowan, COUSIN, vec![met()]);
    send(&council, vec![begun]);
    rowan.pull(&council);
    council.unassign(ROWAN, COUSIN);
    let offline = rowan.save(COUSIN, 1, vec![note("a", "before I could know")]);
    assert_eq!(
        send(&council, vec![offline]),
        [Verdict::AppliedFromPreviousWorker]
    );
    rowan.pull(&council);
    let known = rowan.save(COUSIN, 1, vec![note("b", "I went all the same")]);
    is_aside(&send(&council, vec![known])[0], Reason::NotHeld, SAGE);
}

#[test]
fn no_file_is_begun_under_the_name_of_a_child_to_be_imported_or_by_anything_but_saying_so() {
    let council = Council::new();
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    let to_be_imported = RecordId(visitbook_record::id::derived_uuid(
        COUNCIL, "child", "C-NEXT",
    ));
    for (what, body) in [
        (
            "a name that follows from a code",
            about(&mut rowan, to_be_imported, vec![met()]),
        ),
        (
            "a visit first",
            rowan.save(COUSIN, 1, vec![note("a", "no file")]),
        ),
    ] {
        let scope = commit_of(&body).scope;
        is_aside(&send(&council, vec![body])[0], Reason::NotHeld, SAGE);
        assert_eq!(
            role(&council, ROWAN, scope.child().unwrap()),
            None,
            "{what}"
        );
    }
    // The file may come after what was written in it, which then waits for the manager as anything does that is set aside.
    let late = about(&mut rowan, COUSIN, vec![met()]);
    assert_eq!(send(&council, vec![late]), [Verdict::Applied]);
    assert_eq!(role(&council, SAGE, COUSIN), Some(Role::Manager));
    // A device that was ended begins nothing.
    let mut ended = council.device(9, ROWAN);
    council.tx(|tx| {
        let mut device = tx.device(&ended.origin().device)?.unwrap();
        device.ended = true;
        tx.put_device(device)
    });
    let other = RecordId([0x01, 0x9a, 0, 0, 0, 2, 0x70, 1, 0x80, 1, 2, 3, 4, 5, 6, 7]);
    let body = about(&mut ended, other, vec![met()]);
    is_aside(&send(&council, vec![body])[0], Reason::DeviceEnded, SAGE);
    assert_eq!(role(&council, ROWAN, other), None);
}

#[test]
fn a_manager_says_who_it_is_and_those_who_hold_that_child_are_given_what_was_written() {
    let council = Council::new();
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    let begun = about(&mut rowan, COUSIN, vec![met()]);
    send(&council, vec![begun]);
    rowan.pull(&council);
    let not_mine_to_say = about(&mut rowan, COUSIN, vec![matched(ROBIN)]);
    is_aside(
        &send(&council, vec![not_mine_to_say])[0],
        Reason::NotManager,
        SAGE,
    );
    assert_eq!(role(&council, BRYONY, COUSIN), None);

    let mut sage = council.device(3, SAGE);
    sage.pull(&council);
    let says_so = about(&mut sage, COUSIN, vec![matched(ROBIN)]);
    assert_eq!(send(&council, vec![says_so]), [Verdict::Applied]);
    assert_eq!(role(&council, BRYONY, COUSIN), Some(Role::Allocated));
    assert_eq!(
        role(&council, ROWAN, COUSIN),
        Some(Role::Allocated),
        "keeps it"
    );
    assert_eq!(
        role(&council, ROWAN, ROBIN),
        None,
        "and is given nothing for it"
    );
    let linked = council
        .store
        .read_with::<_, StoreError>(|tx| arrivals::also_met(tx, ROBIN))
        .unwrap();
    assert_eq!(linked.into_iter().collect::<Vec<_>>(), [COUSIN]);
    // Whoever is given the child from now on is given it too, and from whom the child is taken it is taken.
    let tansy = WorkerId([0x44; 16]);
    council.tx(|tx| {
        tx.put_worker(visitbook_server::store::Worker {
            id: tansy,
            code: "W-TANSY".to_owned(),
            manager: Some(SAGE),
        })
    });
    council.assign(tansy, ROBIN, Role::Joint);
    assert_eq!(role(&council, tansy, COUSIN), Some(Role::Joint));
    council.unassign(BRYONY, ROBIN);
    assert_eq!(role(&council, BRYONY, COUSIN), None);
    assert_eq!(role(&council, ROWAN, COUSIN), Some(Role::Allocated));
}

#[test]
fn naming_a_child_of_another_team_gives_nobody_anything() {
    let council = Council::new();
    let (other_manager, elsewhere) = (WorkerId([0x55; 16]), RecordId([0x66; 16]));
    council.tx(|tx| {
        tx.put_worker(visitbook_server::store::Worker {
            id: other_manager,
            code: "W-OTHER".to_owned(),
            manager: None,
        })
    });
    council.assign(other_manager, elsewhere, Role::Manager);
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    let begun = about(&mut rowan, COUSIN, vec![met()]);
    send(&council, vec![begun]);
    let mut sage = council.device(3, SAGE);
    sage.pull(&council);
    for named in [elsewhere, COUSIN, RecordId([0x99; 16])] {
        let says_so = about(&mut sage, COUSIN, vec![matched(named)]);
        send(&council, vec![says_so]);
    }
    assert_eq!(role(&council, other_manager, COUSIN), None);
    assert_eq!(role(&council, SAGE, elsewhere), None);
    let linked = council
        .store
        .read_with::<_, StoreError>(|tx| arrivals::also_met(tx, elsewhere));
    assert!(linked.unwrap().is_empty());
}

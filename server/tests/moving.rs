//! A change of worker as the council sees it: what counts, what is set aside, who is told what became of it, and what an ended
//! device may still say.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

/// Which store these tests run over; see `support`.
#[allow(dead_code)]
const ON_DISK: bool = false;

use support::*;
use visitbook_record::cbor::encode;
use visitbook_record::commit::{Commit, RecordKind, Role};
use visitbook_record::digest::{ScopeDigest, whole};
use visitbook_record::id::{OpId, RecordId, Salt, WorkerId};
use visitbook_record::op::{Kind, Op, Policy, Target};
use visitbook_record::payload::{Content, Payload};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::verdict::{Reason, Verdict};
use visitbook_record::wire::{Denial, EnvelopeBody, LogEntry, Page, PullReply, Signed};
use visitbook_server::store::StorageExt;

fn verdicts(council: &Council, body: EnvelopeBody) -> Vec<Verdict> {
    let reply = council.upload(vec![body]);
    assert_eq!(reply.refused, []);
    statement(&reply.statements[0]).received[0].verdicts.clone()
}

fn is_set_aside(verdict: &Verdict, why: Reason) {
    assert_eq!(
        *verdict,
        Verdict::Quarantined {
            reason: why,
            owner: SAGE
        }
    );
}

fn place(op: OpId) -> Say {
    let content = Content::Placement {
        op,
        reason: "her own visit".to_owned(),
    };
    let target = Target::element("placed", op.to_string());
    Say(Kind::Place, Policy::Ordinary, target, vec![], content)
}

/// What pages say of single operations outside commits, with the scope that says it.
fn judged(pages: &[Page]) -> Vec<(Scope, OpId, Verdict)> {
    let entries = pages.iter().flat_map(|page| &page.entries);
    entries
        .filter_map(|entry| match entry {
            LogEntry::Judged {
                scope,
                op,
                verdict,
                released,
                ..
            } => {
                assert!(scope.child().is_some() || released.is_empty(), "no words");
                Some((*scope, *op, verdict.clone()))
            }
            LogEntry::Commit(_) | LogEntry::Own(_) => None,
        })
        .collect()
}

fn last(council: &Council, scope: Scope) -> (LogPosition, ScopeDigest) {
    council
        .store
        .read_with(|tx| tx.last(&scope))
        .unwrap()
        .unwrap()
}

fn acknowledge(council: &Council, phone: &mut Phone) {
    let mut request = phone.request();
    request.acknowledges = phone.assignment_seen;
    assert!(matches!(council.pull(&request), PullReply::Page(_)));
}

#[test]
fn work_done_before_the_move_could_be_known_counts_and_is_marked() {
    let council = Council::new();
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    let offline = rowan.save(WREN, 1, vec![note("n", "before anybody told me")]);
    council.unassign(ROWAN, WREN);
    rowan.pull(&council);
    assert_eq!(
        verdicts(&council, offline),
        [Verdict::AppliedFromPreviousWorker]
    );
}

#[test]
fn work_done_after_it_could_be_known_is_set_aside_and_its_author_is_told_when_it_is_placed() {
    let council = Council::new();
    let (mut rowan, mut sage, mut bryony) = (
        council.device(1, ROWAN),
        council.device(3, SAGE),
        council.device(2, BRYONY),
    );
    rowan.pull(&council);
    sage.pull(&council);
    council.unassign(ROWAN, WREN);
    rowan.pull(&council);
    acknowledge(&council, &mut rowan);
    let late = rowan.save(
        WREN,
        1,
        vec![answer("seen", "yes"), note("n", "I went all the same")],
    );
    let ops = ops_of(&late);
    for verdict in verdicts(&council, late) {
        is_set_aside(&verdict, Reason::NotHeld);
    }
    assert_eq!(
        rowan.pull(&council).iter().flat_map(|p| &p.entries).count(),
        0
    );
    let before = last(&council, Scope::Worker(ROWAN));

    sage.pull(&council);
    let placing = sage.save(WREN, 1, vec![place(ops[0])]);
    assert_eq!(verdicts(&council, placing), [Verdict::Applied]);
    let told = judged(&rowan.pull(&council));
    let placed = Verdict::AppliedFromPreviousWorker;
    assert_eq!(told, [(Scope::Worker(ROWAN), ops[0], placed.clone())]);
    let after = last(&council, Scope::Worker(ROWAN));
    assert_eq!(after.0.position, before.0.position + 1);
    assert_eq!(after.1, before.1, "a notice is in no digest");
    let seen = judged(&bryony.pull(&council));
    assert_eq!(seen, [(Scope::Child(WREN), ops[0], placed)]);
    // Placing it again says nothing new, and the statement beside it still waits.
    let again = sage.save(WREN, 1, vec![place(ops[0])]);
    verdicts(&council, again);
    assert_eq!(judged(&rowan.pull(&council)), []);
    let waiting = council.store.read_with(|tx| tx.set_aside()).unwrap();
    assert_eq!(waiting.len(), 1);
    assert_eq!(waiting[0].fact.id, ops[1]);
}

#[test]
fn what_waits_for_something_else_is_let_count_by_nobody() {
    let council = Council::new();
    let (mut rowan, mut sage) = (council.device(1, ROWAN), council.device(3, SAGE));
    rowan.pull(&council);
    sage.pull(&council);
    let waits = rowan.save(WREN, 1, vec![finish(vec![OpId([7; 32])])]);
    let op = ops_of(&waits)[0];
    council.upload(vec![waits]);
    for phone in [&mut rowan, &mut sage] {
        let placing = phone.save(WREN, 1, vec![place(op)]);
        is_set_aside(&verdicts(&council, placing)[0], Reason::NotOwner);
    }
    let still = council.store.read_with(|tx| tx.op(&op)).unwrap().unwrap();
    assert!(matches!(still.fact.verdict, Some(Verdict::Held { .. })));
}

#[test]
fn a_placement_that_comes_before_what_it_names_acts_when_that_comes() {
    let council = Council::new();
    let (mut rowan, mut sage) = (council.device(1, ROWAN), council.device(3, SAGE));
    rowan.pull(&council);
    sage.pull(&council);
    // Something of the same record is there, so that it has its home.
    council.upload(vec![rowan.save(WREN, 1, vec![called_off()])]);
    rowan.assignment_seen = None;
    let late = rowan.save(WREN, 1, vec![answer("seen", "yes")]);
    let op = ops_of(&late)[0];
    let placing = sage.save(WREN, 1, vec![place(op)]);
    assert_eq!(
        verdicts(&council, placing),
        [Verdict::Held { missing: vec![op] }]
    );
    is_set_aside(&verdicts(&council, late)[0], Reason::NotHeld);
    let now = council.store.read_with(|tx| tx.op(&op)).unwrap().unwrap();
    assert_eq!(now.fact.verdict, Some(Verdict::Applied));
}

#[test]
fn a_placement_in_one_childs_log_touches_no_other() {
    let council = Council::new();
    council.assign(ROWAN, ROBIN, Role::Allocated);
    council.assign(SAGE, ROBIN, Role::Manager);
    let (mut rowan, mut sage) = (council.device(1, ROWAN), council.device(3, SAGE));
    rowan.pull(&council);
    sage.pull(&council);
    council.upload(vec![rowan.save(WREN, 1, vec![called_off()])]);
    // A statement about Wren's visit, said to be Robin's.
    let odd = rowan.save(ROBIN, 1, vec![answer("seen", "yes")]);
    let op = ops_of(&odd)[0];
    is_set_aside(&verdicts(&council, odd)[0], Reason::OtherHome);
    let before = last(&council, Scope::Child(WREN));
    let placing = sage.save(WREN, 1, vec![place(op)]);
    assert_eq!(verdicts(&council, placing), [Verdict::Applied]);
    let after = last(&council, Scope::Child(WREN));
    assert_eq!(after.0.position, before.0.position + 1, "the placement");
    let still = council.store.read_with(|tx| tx.op(&op)).unwrap().unwrap();
    is_set_aside(&still.fact.verdict.unwrap(), Reason::OtherHome);
}

#[test]
fn whoever_holds_the_child_reads_it_there_and_gets_no_notice() {
    let council = Council::new();
    let (mut rowan, mut sage) = (council.device(1, ROWAN), council.device(3, SAGE));
    rowan.pull(&council);
    sage.pull(&council);
    let odd = rowan.save(
        WREN,
        1,
        vec![Say(
            Kind::EntryRevise,
            Policy::Words,
            Target::element("words", "w"),
            vec![],
            Content::Text {
                text: "put right".to_owned(),
                cut_off: false,
            },
        )],
    );
    let op = ops_of(&odd)[0];
    council.upload(vec![odd]);
    let before = last(&council, Scope::Worker(ROWAN)).0;
    let placing = sage.save(WREN, 1, vec![place(op)]);
    council.upload(vec![placing]);
    assert_eq!(last(&council, Scope::Worker(ROWAN)).0, before);
}

#[test]
fn what_was_judged_before_the_move_and_not_read_is_repeated_with_it() {
    let council = Council::new();
    let (mut rowan, mut sage) = (council.device(1, ROWAN), council.device(3, SAGE));
    rowan.pull(&council);
    sage.pull(&council);
    // A phone whose right is doubtful: it names an entry from before it had any.
    rowan.assignment_seen = None;
    let odd = rowan.save(WREN, 1, vec![answer("seen", "yes")]);
    let op = ops_of(&odd)[0];
    is_set_aside(&verdicts(&council, odd)[0], Reason::NotHeld);
    let placing = sage.save(WREN, 1, vec![place(op)]);
    council.upload(vec![placing]);
    council.unassign(ROWAN, WREN);
    let told = judged(&rowan.pull(&council));
    assert_eq!(told, [(Scope::Worker(ROWAN), op, Verdict::Applied)]);
}

#[test]
fn a_notice_keeps_the_digests_of_everybody_equal() {
    let council = Council::new();
    let (mut rowan, mut sage) = (council.device(1, ROWAN), council.device(3, SAGE));
    rowan.pull(&council);
    sage.pull(&council);
    council.unassign(ROWAN, WREN);
    rowan.pull(&council);
    let late = rowan.save(WREN, 1, vec![answer("seen", "yes")]);
    let op = ops_of(&late)[0];
    council.upload(vec![late]);
    let placing = sage.save(WREN, 1, vec![place(op)]);
    council.upload(vec![placing]);
    rowan.pull(&council);
    // Rowan's phone adds up what commits of its own two logs say, and no more.
    let mut digests = Vec::new();
    for scope in [Scope::Worker(ROWAN), Scope::Council] {
        let log = council
            .store
            .read_with(|tx| tx.log(&scope, None, 100))
            .unwrap();
        let mut digest = ScopeDigest::default();
        for row in log {
            let visitbook_server::store::Entry::Commit(hash) = row.entry else {
                continue;
            };
            let commit = council
                .store
                .read_with(|tx| tx.commit(&hash))
                .unwrap()
                .unwrap();
            for (op, verdict) in commit.ops.iter().zip(&commit.verdicts) {
                digest.add(op, verdict);
            }
        }
        digests.push((scope, digest));
    }
    digests.retain(|(scope, _)| *scope != Scope::Council);
    let mut request = rowan.request();
    request.whole = Some(whole(digests));
    let PullReply::Page(page) = council.pull(&request) else {
        panic!("the pull was denied");
    };
    assert_eq!(page.digests, []);
}

#[test]
fn the_ending_says_to_whom_the_child_moved() {
    let council = Council::new();
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    council.assign(BRYONY, WREN, Role::Allocated);
    council.unassign(ROWAN, WREN);
    let pages = rowan.pull(&council);
    let said: Vec<_> = pages
        .iter()
        .flat_map(|page| &page.entries)
        .filter_map(|entry| match entry {
            LogEntry::Commit(entry) => entry.payloads[0].as_ref()?.content().ok(),
            LogEntry::Own(_) | LogEntry::Judged { .. } => None,
        })
        .filter_map(|content| match content {
            Content::Assignment(ended) => Some((ended.role, ended.moved_to)),
            _ => None,
        })
        .collect();
    assert_eq!(
        said,
        [(Role::Allocated, Some(BRYONY))],
        "and not the manager"
    );
}

fn purged(
    phone: &mut Phone,
    author: WorkerId,
    scope: Scope,
    payload: Option<Payload>,
) -> EnvelopeBody {
    let (mut commit, _): (Commit, _) = phone.draft(WREN, 1, vec![]);
    commit.record = RecordId(author.0);
    commit.record_kind = RecordKind::Worker;
    commit.scope = scope;
    commit.author = author;
    commit.ops = vec![Op {
        kind: Kind::Purged,
        policy: Policy::Ordinary,
        target: Target::element("purged", WREN.to_string()),
        replaces: vec![],
        typed_at: None,
        payload: payload.as_ref().map(Payload::hash),
    }];
    let bytes = encode(&commit);
    phone.previous = Some(Commit::hash_of(&bytes));
    let signature = test_signature(&[phone.key; 32], &bytes);
    EnvelopeBody {
        commit: Signed { bytes, signature },
        payloads: payload.into_iter().collect(),
        certificate: None,
        receipt: None,
    }
}

#[test]
fn an_ended_device_is_told_so_and_may_still_say_what_it_removed() {
    let council = Council::new();
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    council.tx(|tx| {
        let id = rowan.origin().device;
        let mut device = tx.device(&id)?.unwrap();
        device.ended = true;
        tx.put_device(device)
    });
    let words = rowan.save(WREN, 1, vec![note("n", "said before it was ended")]);
    is_set_aside(&verdicts(&council, words)[0], Reason::DeviceEnded);
    for _ in 0..2 {
        let request = rowan.request();
        assert!(matches!(
            council.pull(&request),
            PullReply::Denied {
                denial: Denial::Ended,
                ..
            }
        ));
    }
    let report = purged(&mut rowan, ROWAN, Scope::Worker(ROWAN), None);
    assert_eq!(verdicts(&council, report), [Verdict::Applied]);
    // Not for somebody else, not about a child's record, and with no words in it.
    let words = Payload::new(Salt([1; 16]), &Content::Reason("by the way".to_owned()));
    for (author, scope, payload, why) in [
        (BRYONY, Scope::Worker(BRYONY), None, Reason::NotYourName),
        (ROWAN, Scope::Worker(BRYONY), None, Reason::OtherHome),
        (ROWAN, Scope::Child(WREN), None, Reason::OtherHome),
        (
            ROWAN,
            Scope::Worker(ROWAN),
            Some(words),
            Reason::WrongContent,
        ),
    ] {
        let report = purged(&mut rowan, author, scope, payload);
        let reply = council.upload(vec![report]);
        match &statement(&reply.statements[0]).received[0].verdicts[0] {
            Verdict::Quarantined { reason, .. } => assert_eq!(*reason, why),
            other => panic!("{other:?}"),
        }
    }
}

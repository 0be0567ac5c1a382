//! Taking in and giving out, against everything that an honest device, a broken one and a hostile one may send.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

/// Which store these tests run over; see `support`.
#[allow(dead_code)]
const ON_DISK: bool = false;

use support::*;
use visitbook_record::commit::{Commit, RecordKind, Role};
use visitbook_record::digest::whole;
use visitbook_record::id::{CouncilId, Incarnation, OpId, RecordId, Token};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Content, FamilySession, Payload};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::verdict::{Reason, Verdict};
use visitbook_record::wire::{Denial, EnvelopeBody, LogEntry, Page, PullReply, Refusal};
use visitbook_server::store::StorageExt;

fn verdicts(council: &Council, body: EnvelopeBody) -> Vec<Verdict> {
    let reply = council.upload(vec![body]);
    assert_eq!(reply.refused, []);
    statement(&reply.statements[0]).received[0].verdicts.clone()
}

fn reason(verdict: &Verdict) -> Option<Reason> {
    match verdict {
        Verdict::Quarantined { reason, owner } => {
            assert_eq!(*owner, SAGE, "a named manager decides");
            Some(*reason)
        }
        _ => None,
    }
}

/// Every payload in the pages, by operation.
fn words(pages: &[Page]) -> Vec<(OpId, Payload)> {
    let mut all = Vec::new();
    for entry in pages.iter().flat_map(|page| &page.entries) {
        match entry {
            LogEntry::Commit(entry) => {
                let commit = Commit::from_bytes(&entry.commit.bytes).unwrap();
                let own = commit.op_ids().into_iter().zip(&entry.payloads);
                all.extend(own.filter_map(|(id, p)| p.clone().map(|p| (id, p))));
                all.extend(entry.released.clone());
            }
            LogEntry::Own(entry) => all.extend(entry.released.clone()),
            LogEntry::Judged { released, .. } => all.extend(released.clone()),
        }
    }
    all
}

#[test]
fn statements_of_a_scope_are_chained_and_their_positions_contiguous() {
    let council = Council::new();
    let mut phone = council.device(1, ROWAN);
    phone.pull(&council);
    let mut previous = council
        .store
        .read_with(|tx| tx.last_statement(&Scope::Child(WREN)))
        .unwrap();
    let mut next = 3; // two workers and a manager were assigned at 1, 2, 3
    for batch in [1, 3, 2] {
        let bodies: Vec<_> = (0..batch)
            .map(|i| phone.save(WREN, 1, vec![answer(&format!("f{i}"), "yes")]))
            .collect();
        let reply = council.upload(bodies);
        assert_eq!(reply.statements.len(), 1);
        let one = statement(&reply.statements[0]);
        next += if next == 3 { 1 } else { 0 };
        assert_eq!(one.first.position, next);
        assert_eq!(one.received.len(), batch);
        assert_eq!(one.previous, previous);
        next += batch as u64;
        previous = Some(visitbook_record::wire::ReceiptStatement::hash_of(
            &reply.statements[0].bytes,
        ));
    }
}

#[test]
fn an_upload_sent_again_brings_the_same_receipts_and_changes_nothing() {
    let council = Council::new();
    let mut phone = council.device(1, ROWAN);
    phone.pull(&council);
    let bodies = vec![
        phone.save(WREN, 1, vec![answer("seen", "yes")]),
        phone.save(WREN, 1, vec![note("n1", "words")]),
    ];
    let first = council.upload(bodies.clone());
    let last = || {
        council
            .store
            .read_with(|tx| tx.last(&Scope::Child(WREN)))
            .unwrap()
    };
    let before = last();
    assert_eq!(council.upload(bodies.clone()).statements, first.statements);
    let reversed = bodies.iter().rev().cloned().collect();
    assert_eq!(council.upload(reversed).statements, first.statements);
    let doubled = [bodies.clone(), bodies].concat();
    assert_eq!(council.upload(doubled).statements, first.statements);
    assert_eq!(last(), before);
    // Twice in one request, not known before.
    let new = phone.save(WREN, 1, vec![answer("alone", "yes")]);
    let reply = council.upload(vec![new.clone(), new]);
    assert_eq!(statement(&reply.statements[0]).received.len(), 1);
}

#[test]
fn what_no_enrolled_device_signed_is_refused_and_leaves_nothing() {
    let council = Council::new();
    let mut phone = council.device(1, ROWAN);
    phone.pull(&council);
    let good = phone.save(WREN, 1, vec![answer("seen", "yes")]);
    let with = |change: &dyn Fn(&mut EnvelopeBody)| {
        let mut body = good.clone();
        change(&mut body);
        body
    };
    let resigned = |change: &dyn Fn(&mut Commit)| {
        let mut commit = commit_of(&good);
        change(&mut commit);
        let bytes = commit.to_bytes();
        let signature = test_signature(&[1; 32], &bytes);
        let commit = visitbook_record::wire::Signed { bytes, signature };
        EnvelopeBody {
            commit,
            payloads: good.payloads.clone(),
            certificate: None,
            receipt: None,
        }
    };
    let changed_but_not_resigned = |change: &dyn Fn(&mut Commit)| {
        let mut body = resigned(change);
        body.commit.signature = good.commit.signature.clone();
        body
    };
    let cases: Vec<(&str, EnvelopeBody, Refusal)> = vec![
        (
            "no signature",
            with(&|b| b.commit.signature.clear()),
            Refusal::NotSigned,
        ),
        (
            "forged signature",
            with(&|b| b.commit.signature[40] ^= 1),
            Refusal::NotSigned,
        ),
        (
            "signature by another device",
            with(&|b| b.commit.signature = test_signature(&[2; 32], &b.commit.bytes)),
            Refusal::NotSigned,
        ),
        (
            "an unknown device, that shows no certificate",
            resigned(&|c| c.origin.device.0 = [9; 16]),
            Refusal::NoCertificate,
        ),
        (
            "an unknown device, that shows one of nobody's",
            EnvelopeBody {
                certificate: Some(vec![1, 2, 3].into()),
                ..resigned(&|c| c.origin.device.0 = [9; 16])
            },
            Refusal::NotSigned,
        ),
        (
            "author changed",
            changed_but_not_resigned(&|c| c.author = BRYONY),
            Refusal::NotSigned,
        ),
        (
            "child changed",
            changed_but_not_resigned(&|c| c.scope = Scope::Child(ROBIN)),
            Refusal::NotSigned,
        ),
        (
            "number changed",
            changed_but_not_resigned(&|c| c.seq = 9),
            Refusal::NotSigned,
        ),
        (
            "previous changed",
            changed_but_not_resigned(&|c| {
                c.previous = None.or(Some(visitbook_record::id::CommitHash([1; 32])))
            }),
            Refusal::NotSigned,
        ),
        (
            "another council",
            resigned(&|c| c.council = CouncilId([1; 16])),
            Refusal::OtherCouncil,
        ),
        (
            "another layout",
            resigned(&|c| c.format = 2),
            Refusal::Malformed,
        ),
        (
            "a byte behind",
            with(&|b| b.commit.bytes.push(0)),
            Refusal::Malformed,
        ),
        (
            "cut short",
            with(&|b| {
                b.commit.bytes.pop();
            }),
            Refusal::Malformed,
        ),
        (
            "nothing",
            with(&|b| b.commit.bytes.clear()),
            Refusal::Malformed,
        ),
        (
            "a length that lies",
            with(&|b| b.commit.bytes = vec![0x9b, 0x10, 0, 0, 0, 0, 0, 0, 0]),
            Refusal::Malformed,
        ),
        (
            "a hundred thousand nested arrays",
            with(&|b| b.commit.bytes = vec![0x81; 100_000]),
            Refusal::Malformed,
        ),
        (
            "too many operations",
            resigned(&|c| c.ops = vec![c.ops[0].clone(); 2_001]),
            Refusal::BeyondLimits,
        ),
        (
            "payloads beyond the largest save",
            with(&|b| {
                b.payloads = vec![Payload {
                    salt: visitbook_record::id::Salt([0; 16]),
                    bytes: vec![0; 3 << 20],
                }]
            }),
            Refusal::BeyondLimits,
        ),
    ];
    let last = || {
        council
            .store
            .read_with(|tx| tx.last(&Scope::Child(WREN)))
            .unwrap()
    };
    let before = last();
    for (name, body, refusal) in cases {
        let reply = council.upload(vec![body]);
        assert_eq!(reply.refused, [(0, refusal)], "{name}");
        assert_eq!(reply.statements, [], "{name}");
        assert_eq!(last(), before, "{name}");
    }
    // One bad envelope never takes the good ones with it.
    let reply = council.upload(vec![with(&|b| b.commit.signature.clear()), good.clone()]);
    assert_eq!(reply.refused, [(0, Refusal::NotSigned)]);
    assert_eq!(reply.statements.len(), 1);
}

#[test]
fn what_a_device_signed_is_kept_and_judged_whatever_it_says() {
    let council = Council::new();
    let mut phone = council.device(1, ROWAN);
    phone.pull(&council);
    let mut say = |change: &dyn Fn(&mut Commit)| {
        let (mut commit, payloads) = phone.draft(WREN, 1, vec![answer("seen", "yes")]);
        change(&mut commit);
        phone.seal((commit, payloads))
    };
    let cases: Vec<(&str, EnvelopeBody, Option<Reason>)> = vec![
        ("in order", say(&|_| ()), None),
        (
            "another person's name",
            say(&|c| c.author = BRYONY),
            Some(Reason::NotYourName),
        ),
        (
            "a child outside the caseload",
            say(&|c| {
                c.scope = Scope::Child(ROBIN);
                c.record = RecordId([5; 16]);
            }),
            Some(Reason::NotHeld),
        ),
        (
            "a child nobody has",
            say(&|c| {
                c.scope = Scope::Child(RecordId([6; 16]));
                c.record = RecordId([6; 16]);
            }),
            Some(Reason::NotHeld),
        ),
        (
            "the record of another scope",
            say(&|c| c.scope = Scope::Child(ROBIN)),
            Some(Reason::OtherHome),
        ),
        (
            "a colleague's own scope",
            say(&|c| {
                c.scope = Scope::Worker(BRYONY);
                c.record = RecordId([7; 16]);
            }),
            Some(Reason::NotHeld),
        ),
        (
            "the council's scope",
            say(&|c| {
                c.scope = Scope::Council;
                c.record = RecordId([8; 16]);
            }),
            Some(Reason::ServerOnly),
        ),
        (
            "an assignment of its own",
            say(&|c| c.ops[0].kind = Kind::Assign),
            Some(Reason::ServerOnly),
        ),
        (
            "an assignment older than acknowledged",
            say(&|c| c.assignment_seen = None),
            None,
        ),
        (
            "a payload that was not signed",
            say(&|c| c.ops[0].payload = Some(visitbook_record::id::PayloadHash([1; 32]))),
            None,
        ),
        (
            "a kind from the future",
            say(&|c| c.ops[0].kind = Kind::Unknown(4_000)),
            None,
        ),
    ];
    for (name, body, expected) in cases {
        let given = verdicts(&council, body);
        match (name, expected) {
            // Nothing has been acknowledged yet, so this only means that the author knew of no assignment.
            ("an assignment older than acknowledged", _) => {
                assert_eq!(reason(&given[0]), Some(Reason::NotHeld), "{name}");
            }
            _ => assert_eq!(reason(&given[0]), expected, "{name}"),
        }
    }
}

#[test]
fn rights_are_judged_by_what_the_author_could_have_known() {
    let council = Council::new();
    let mut phone = council.device(1, ROWAN);
    phone.pull(&council);
    let before = phone.save(WREN, 1, vec![answer("seen", "yes")]);
    let long_before = {
        let mut draft = phone.draft(WREN, 1, vec![answer("alone", "yes")]);
        draft.0.assignment_seen = None;
        phone.seal(draft)
    };
    council.unassign(ROWAN, WREN);
    assert_eq!(
        verdicts(&council, before),
        [Verdict::AppliedFromPreviousWorker]
    );
    assert_eq!(
        reason(&verdicts(&council, long_before)[0]),
        Some(Reason::NotHeld)
    );
    // The page with the ending was given, but not yet acknowledged: words written on the old state still count.
    let old = phone.assignment_seen;
    phone.pull(&council);
    let given = phone.assignment_seen;
    assert_ne!(given, old);
    phone.assignment_seen = old;
    let unaware = phone.save(WREN, 1, vec![answer("bedroom", "seen")]);
    assert_eq!(
        verdicts(&council, unaware),
        [Verdict::AppliedFromPreviousWorker]
    );
    // Nor does presenting its token alone acknowledge it: words may still lie in the spool.
    phone.pull(&council);
    phone.assignment_seen = old;
    let still_unsent = phone.save(WREN, 1, vec![answer("alone", "not_alone")]);
    assert_eq!(
        verdicts(&council, still_unsent),
        [Verdict::AppliedFromPreviousWorker]
    );
    // Saying so is what counts, as far as the token proves it.
    let mut request = phone.request();
    request.acknowledges = given;
    council.pull(&request);
    let pretending = phone.save(WREN, 1, vec![answer("bedroom", "seen")]);
    assert_eq!(
        reason(&verdicts(&council, pretending)[0]),
        Some(Reason::OldAssignment)
    );
    phone.assignment_seen = given;
    let aware = phone.save(WREN, 1, vec![answer("bedroom", "seen")]);
    assert_eq!(reason(&verdicts(&council, aware)[0]), Some(Reason::NotHeld));
}

#[test]
fn a_device_cannot_acknowledge_more_than_its_token_shows() {
    let council = Council::new();
    let mut phone = council.device(1, ROWAN);
    phone.pull(&council);
    let seen = phone.assignment_seen;
    council.assign(ROWAN, ROBIN, Role::Cover);
    let mut request = phone.request();
    request.acknowledges = Some(LogPosition {
        epoch: 9,
        position: 9,
    });
    council.pull(&request);
    let device = council
        .store
        .read_with(|tx| tx.device(&phone.origin().device))
        .unwrap();
    assert_eq!(device.unwrap().acknowledged, seen);
}

#[test]
fn a_revoked_device_has_its_words_kept_for_its_manager_and_is_given_nothing() {
    let council = Council::new();
    let mut phone = council.device(1, ROWAN);
    phone.pull(&council);
    council.tx(|tx| {
        let mut device = tx.device(&phone.origin().device)?.unwrap();
        device.ended = true;
        tx.put_device(device)
    });
    let body = phone.save(WREN, 1, vec![answer("seen", "yes")]);
    assert_eq!(
        reason(&verdicts(&council, body)[0]),
        Some(Reason::DeviceEnded)
    );
    let request = phone.request();
    assert!(matches!(
        council.pull(&request),
        PullReply::Denied {
            denial: Denial::Ended,
            ..
        }
    ));
}

#[test]
fn a_gap_and_a_fork_delay_nothing_and_both_branches_stay() {
    let council = Council::new();
    let mut phone = council.device(1, ROWAN);
    phone.pull(&council);
    let first = phone.save(WREN, 1, vec![answer("a", "yes")]);
    let missing = phone.save(WREN, 1, vec![answer("b", "yes")]);
    let third = phone.save(WREN, 1, vec![answer("c", "yes")]);
    assert!(verdicts(&council, third)[0].is_applied());
    assert!(verdicts(&council, first)[0].is_applied());
    phone.seq = 1;
    let fork = phone.save(WREN, 1, vec![answer("b", "no")]);
    assert_eq!(commit_of(&fork).seq, commit_of(&missing).seq);
    assert!(verdicts(&council, fork)[0].is_applied());
    assert!(verdicts(&council, missing)[0].is_applied());
}

#[test]
fn an_operation_of_an_unknown_kind_is_kept_and_served_byte_for_byte() {
    let council = Council::new();
    let (mut phone, mut colleague) = (council.device(1, ROWAN), council.device(2, BRYONY));
    phone.pull(&council);
    colleague.pull(&council);
    let mut draft = phone.draft(WREN, 1, vec![answer("seen", "yes")]);
    draft.0.ops[0].kind = Kind::Unknown(4_321);
    let body = phone.seal(draft);
    assert_eq!(verdicts(&council, body.clone()), [Verdict::Applied]);
    let pages = colleague.pull(&council);
    let [LogEntry::Commit(entry)] = &pages[0].entries[..] else {
        panic!("one commit");
    };
    assert_eq!(entry.commit, body.commit);
    assert_eq!(entry.payloads, [Some(body.payloads[0].clone())]);
    assert_eq!(pages[0].certificates.len(), 1);
    assert_eq!(pages[0].certificates[0].to_vec(), vec![1u8; 40]);
}

#[test]
fn unfinished_text_reaches_its_author_only_until_an_applied_finish_lists_it() {
    let council = Council::new();
    let (mut phone, mut tablet) = (council.device(1, ROWAN), council.device(3, ROWAN));
    let (mut colleague, mut manager) = (council.device(2, BRYONY), council.device(4, SAGE));
    for device in [&mut phone, &mut tablet, &mut colleague, &mut manager] {
        device.pull(&council);
    }
    let text = phone.save(WREN, 1, vec![note("n1", "SECRET-DRAFT"), called_off()]);
    let [text_id, answer_id] = ops_of(&text)[..] else {
        panic!("two operations");
    };
    council.upload(vec![text]);
    let has = |pages: &[Page], id: OpId| words(pages).iter().filter(|(op, _)| *op == id).count();
    let own = tablet.pull(&council);
    assert_eq!((has(&own, text_id), has(&own, answer_id)), (1, 1));
    for other in [&mut colleague, &mut manager] {
        let pages = other.pull(&council);
        assert_eq!((has(&pages, text_id), has(&pages, answer_id)), (0, 1));
        let raw = visitbook_record::cbor::encode(&pages[0]);
        assert!(!raw.windows(12).any(|w| w == b"SECRET-DRAFT"));
    }
    // A colleague cannot finish over text that she could not read.
    let theirs = colleague.save(WREN, 1, vec![finish(vec![text_id, answer_id])]);
    assert_eq!(
        reason(&verdicts(&council, theirs)[0]),
        Some(Reason::FinishListsUnread)
    );
    let pages = manager.pull(&council);
    assert_eq!(has(&pages, text_id), 0);

    let done = phone.save(WREN, 1, vec![finish(vec![text_id, answer_id])]);
    assert_eq!(verdicts(&council, done), [Verdict::Applied]);
    for other in [&mut colleague, &mut manager] {
        let pages = other.pull(&council);
        assert_eq!(has(&pages, text_id), 1, "released once, with the finish");
    }
    assert_eq!(
        has(&tablet.pull(&council), text_id),
        0,
        "the author has it already"
    );
    // Somebody new reads it with the commit itself, once.
    let mut later = council.device(5, BRYONY);
    assert_eq!(has(&later.pull(&council), text_id), 1);
}

#[test]
fn a_finish_that_comes_before_what_it_lists_is_held_and_judged_when_that_comes() {
    let council = Council::new();
    let (mut phone, mut tablet) = (council.device(1, ROWAN), council.device(3, ROWAN));
    let mut colleague = council.device(2, BRYONY);
    for device in [&mut phone, &mut tablet, &mut colleague] {
        device.pull(&council);
    }
    let early = phone.save(WREN, 1, vec![note("n1", "first"), called_off()]);
    let late = phone.save(WREN, 1, vec![note("n2", "second")]);
    let mut listed = ops_of(&early);
    listed.extend(ops_of(&late));
    let done = tablet.save(WREN, 1, vec![finish(listed.clone())]);
    let finish_id = ops_of(&done)[0];

    let Verdict::Held { missing } = verdicts(&council, done).remove(0) else {
        panic!("held");
    };
    assert_eq!(missing.len(), 3);
    council.upload(vec![early]);
    let pages = colleague.pull(&council);
    assert!(
        pages[0]
            .entries
            .iter()
            .all(|e| matches!(e, LogEntry::Commit(_)))
    );
    let last = council.upload(vec![late]);
    let position = statement(&last.statements[0]).first.position;

    let pages = colleague.pull(&council);
    let LogEntry::Judged {
        at,
        op,
        verdict,
        released,
        ..
    } = &pages[0].entries[1]
    else {
        panic!("judged again, after the commit that completed it");
    };
    assert_eq!(
        (at.position, *op, verdict),
        (position + 1, finish_id, &Verdict::Applied)
    );
    let readable = words(&pages);
    for id in &listed {
        let count = readable.iter().filter(|(op, _)| op == id).count();
        let answered = *id == listed[1];
        assert_eq!(count, usize::from(!answered), "each text exactly once");
    }
    assert_eq!(
        released.len(),
        1,
        "the second text came with its own commit"
    );
    let held = council
        .store
        .read_with(|tx| tx.held(&RecordId([1; 16])))
        .unwrap();
    assert!(held.is_empty());
}

#[test]
fn waiting_makes_nobody_the_previous_worker() {
    let council = Council::new();
    let mut phone = council.device(1, ROWAN);
    phone.pull(&council);
    let text = phone.save(WREN, 1, vec![note("n1", "words"), called_off()]);
    let done = phone.save(WREN, 1, vec![finish(ops_of(&text))]);
    let id = ops_of(&done)[0];
    assert!(matches!(verdicts(&council, done)[0], Verdict::Held { .. }));
    council.unassign(ROWAN, WREN);
    assert_eq!(
        verdicts(&council, text)[0],
        Verdict::AppliedFromPreviousWorker
    );
    let op = council.store.read_with(|tx| tx.op(&id)).unwrap().unwrap();
    assert_eq!(op.fact.verdict, Some(Verdict::Applied));
}

#[test]
fn a_finish_that_releases_more_than_a_page_goes_on_at_further_positions() {
    let council = Council::new();
    let (mut phone, mut colleague) = (council.device(1, ROWAN), council.device(2, BRYONY));
    phone.pull(&council);
    colleague.pull(&council);
    let mut listed = Vec::new();
    for i in 0..5 {
        let body = phone.save(WREN, 1, vec![note(&format!("n{i}"), &"w".repeat(900_000))]);
        listed.extend(ops_of(&body));
        council.upload(vec![body]);
    }
    let outcome = phone.save(WREN, 1, vec![called_off()]);
    let all = [listed.clone(), ops_of(&outcome)].concat();
    council.upload(vec![outcome]);
    colleague.pull(&council);
    let done = phone.save(WREN, 1, vec![finish(all)]);
    assert_eq!(verdicts(&council, done), [Verdict::Applied]);
    let pages = colleague.pull(&council);
    assert!(pages.len() > 1);
    let mut found: Vec<OpId> = words(&pages).into_iter().map(|(id, _)| id).collect();
    found.retain(|id| listed.contains(id));
    found.sort();
    listed.sort();
    assert_eq!(found, listed);
}

#[test]
fn what_was_set_aside_is_read_by_its_author_and_its_owner_alone() {
    let council = Council::new();
    let (mut phone, mut tablet) = (council.device(1, ROWAN), council.device(3, ROWAN));
    let (mut colleague, mut manager) = (council.device(2, BRYONY), council.device(4, SAGE));
    for device in [&mut phone, &mut tablet, &mut colleague, &mut manager] {
        device.pull(&council);
    }
    let words_of_child = Content::Words("words".to_owned());
    let target = Target::element("words", "w1");
    let linked = vec![OpId([1; 32])];
    let say = Say(
        Kind::EntryAdd,
        Policy::Words,
        target,
        linked,
        words_of_child,
    );
    let body = phone.save(WREN, 1, vec![say]);
    assert_eq!(
        reason(&verdicts(&council, body)[0]),
        Some(Reason::ChildsWords)
    );
    for (device, reads) in [(&mut tablet, 1), (&mut manager, 1), (&mut colleague, 0)] {
        assert_eq!(words(&device.pull(&council)).len(), reads);
    }
}

#[test]
fn words_that_were_missing_the_first_time_are_taken_when_the_commit_comes_again() {
    let council = Council::new();
    let (mut rowan, mut bryony) = (council.device(1, ROWAN), council.device(2, BRYONY));
    rowan.pull(&council);
    bryony.pull(&council);
    let (mut commit, payloads) = rowan.draft(WREN, 9, vec![answer("alone", "not_alone")]);
    commit.catalogue = visitbook_record::catalogue::NEWEST;
    let whole = rowan.seal((commit, payloads));
    let without = EnvelopeBody {
        payloads: vec![],
        ..whole.clone()
    };
    let first = verdicts(&council, without);
    assert_eq!(reason(&first[0]), Some(Reason::PayloadMissing));
    assert_eq!(words(&bryony.pull(&council)), []);

    let op = ops_of(&whole)[0];
    council.upload(vec![whole.clone()]);
    assert_eq!(
        words(&bryony.pull(&council)),
        [(op, whole.payloads[0].clone())]
    );
    let stored = council.store.read_with(|tx| tx.op(&op)).unwrap().unwrap();
    assert_eq!(stored.fact.verdict, Some(Verdict::Applied));
    assert_eq!(stored.fact.answer.code(), Some("not_alone"));

    council.upload(vec![whole]);
    assert_eq!(words(&bryony.pull(&council)), [], "once is enough");
}

#[test]
fn the_first_key_of_a_childs_session_is_served_to_nobody() {
    let council = Council::new();
    let (mut phone, mut tablet) = (council.device(1, ROWAN), council.device(3, ROWAN));
    let mut manager = council.device(4, SAGE);
    for device in [&mut phone, &mut tablet, &mut manager] {
        device.pull(&council);
    }
    let say = Say(
        Kind::EnterFamily,
        Policy::Ordinary,
        Target::element("family", "s1"),
        vec![],
        Content::FamilySession(FamilySession {
            session: [7; 16],
            first_key: [9; 32],
        }),
    );
    let (mut commit, payloads) = phone.draft(WREN, 1, vec![say]);
    (commit.record, commit.record_kind) = (WREN, RecordKind::Child);
    let body = phone.seal((commit, payloads));
    assert_eq!(verdicts(&council, body), [Verdict::Applied]);
    for device in [&mut phone, &mut tablet, &mut manager] {
        assert_eq!(words(&device.pull(&council)), []);
    }
}

#[test]
fn a_pull_gives_the_scopes_held_and_nothing_else() {
    let council = Council::new();
    let mut robin_only = council.device(2, BRYONY);
    robin_only.pull(&council);
    let body = robin_only.save(ROBIN, 9, vec![answer("seen", "yes")]);
    council.upload(vec![body]);
    let mut phone = council.device(1, ROWAN);
    let pages = phone.pull(&council);
    let scopes: Vec<Scope> = pages[0].entries.iter().map(LogEntry::scope).collect();
    assert_eq!(scopes.first(), Some(&Scope::Worker(ROWAN)));
    assert!(scopes.contains(&Scope::Child(WREN)));
    assert!(!scopes.contains(&Scope::Child(ROBIN)));
    assert!(
        scopes
            .iter()
            .all(|s| *s != Scope::Worker(BRYONY) && *s != Scope::Worker(SAGE))
    );
}

#[test]
fn a_caseload_that_ends_between_two_pages_leaves_the_second_empty() {
    let council = Council::new();
    let mut phone = council.device(1, ROWAN);
    phone.pull(&council);
    let mut colleague = council.device(2, BRYONY);
    colleague.pull(&council);
    for i in 0..20 {
        let body = phone.save(WREN, 1, vec![answer(&format!("f{i}"), "yes")]);
        council.upload(vec![body]);
    }
    let mut request = colleague.request();
    request.budget = 2_000;
    let PullReply::Page(page) = council.pull(&request) else {
        panic!("a page");
    };
    assert!(page.more && !page.entries.is_empty());
    colleague.token = Some(page.token);
    council.unassign(BRYONY, WREN);
    for page in colleague.pull(&council) {
        assert!(page.entries.iter().all(|e| e.scope() != Scope::Child(WREN)));
    }
}

#[test]
fn pages_within_any_budget_add_up_to_the_same_log() {
    let council = Council::new();
    let mut phone = council.device(1, ROWAN);
    phone.pull(&council);
    for i in 0..30 {
        let body = phone.save(WREN, 1, vec![answer(&format!("f{i}"), &"x".repeat(i * 40))]);
        council.upload(vec![body]);
    }
    let read = |key: u8, budget: u32| {
        let mut device = council.device(key, BRYONY);
        let mut seen = Vec::new();
        loop {
            let mut request = device.request();
            request.budget = budget;
            let PullReply::Page(page) = council.pull(&request) else {
                panic!("a page");
            };
            device.token = Some(page.token);
            seen.extend(page.entries.iter().map(|e| (e.scope(), e.at())));
            if !page.more {
                return seen;
            }
        }
    };
    let all = read(50, u32::MAX);
    assert_eq!(all.len(), 30 + 3 + 2 + 2);
    assert_eq!(read(51, 0), all);
    assert_eq!(read(52, 1_500), all);
}

#[test]
fn a_replayed_pull_is_denied_and_says_which_counter_is_free() {
    let council = Council::new();
    let mut phone = council.device(1, ROWAN);
    let request = phone.request();
    assert!(matches!(council.pull(&request), PullReply::Page(_)));
    for _ in 0..2 {
        let denied = PullReply::Denied {
            denial: Denial::Replayed,
            next_counter: request.counter + 1,
        };
        assert_eq!(council.pull(&request), denied);
    }
    let mut other_life = request.clone();
    other_life.incarnation = Incarnation([2; 16]);
    assert!(matches!(council.pull(&other_life), PullReply::Page(_)));
}

#[test]
fn a_token_of_another_device_or_never_given_is_unknown() {
    let council = Council::new();
    let (mut phone, mut tablet) = (council.device(1, ROWAN), council.device(3, ROWAN));
    phone.pull(&council);
    for token in [phone.token, Some(Token([0xab; 16]))] {
        let mut request = tablet.request();
        request.token = token;
        assert!(matches!(
            council.pull(&request),
            PullReply::Denied {
                denial: Denial::UnknownToken,
                ..
            }
        ));
    }
    // A reply that was lost, twice: the token the device still holds goes on working.
    let held = phone.token;
    for i in 0..3 {
        let body = phone.save(WREN, 1, vec![answer(&format!("f{i}"), "yes")]);
        council.upload(vec![body]);
        phone.token = held;
        let request = phone.request();
        let PullReply::Page(page) = council.pull(&request) else {
            panic!("a page");
        };
        assert_eq!(page.entries.len(), i + 1);
    }
}

#[test]
fn nothing_new_gives_the_same_token_and_no_entries() {
    let council = Council::new();
    let mut phone = council.device(1, ROWAN);
    phone.pull(&council);
    let token = phone.token;
    let pages = phone.pull(&council);
    assert_eq!((phone.token, pages[0].entries.len()), (token, 0));
}

#[test]
fn digests_cross_only_when_the_whole_differs() {
    let council = Council::new();
    let mut phone = council.device(1, ROWAN);
    phone.pull(&council);
    let scopes = [Scope::Child(WREN), Scope::Worker(ROWAN)];
    let digests = scopes.map(|scope| {
        let last = council.store.read_with(|tx| tx.last(&scope)).unwrap();
        (scope, last.unwrap().1)
    });
    let mut right = phone.request();
    right.whole = Some(whole(digests));
    // What arrives meanwhile must not matter: the comparison is at the token.
    let body = phone.save(WREN, 1, vec![answer("seen", "yes")]);
    council.upload(vec![body]);
    let PullReply::Page(page) = council.pull(&right) else {
        panic!("a page");
    };
    assert_eq!(page.digests, []);
    let mut wrong = phone.request();
    wrong.whole = Some([1; 32]);
    let PullReply::Page(page) = council.pull(&wrong) else {
        panic!("a page");
    };
    let named: Vec<_> = page.digests.iter().map(|(s, _, d)| (*s, *d)).collect();
    assert_eq!(named, digests);
}

#[test]
fn an_assignment_is_written_once_and_ends_where_it_says() {
    let council = Council::new();
    assert!(
        !council.assign(ROWAN, WREN, Role::Allocated),
        "held already"
    );
    assert!(
        council.assign(ROWAN, WREN, Role::Joint),
        "another role is news"
    );
    assert!(council.unassign(ROWAN, WREN));
    assert!(!council.unassign(ROWAN, WREN));
    assert!(council.assign(ROWAN, WREN, Role::Cover));
    let held = council
        .store
        .read_with(|tx| tx.assignments_of(&ROWAN))
        .unwrap();
    let spans: Vec<_> = held
        .iter()
        .map(|a| (a.role, a.from.position, a.until.map(|u| u.position)))
        .collect();
    let expected = [
        (Role::Allocated, 1, Some(2)),
        (Role::Joint, 2, Some(3)),
        (Role::Cover, 4, None),
    ];
    assert_eq!(spans, expected);
    let position = |position| LogPosition { epoch: 1, position };
    let rows = council
        .store
        .read_with(|tx| tx.log(&Scope::Worker(ROWAN), Some(position(0)), 9))
        .unwrap();
    assert_eq!(rows.len(), 4, "each in one commit of the worker's own log");
}

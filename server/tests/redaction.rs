//! Words removed by law: gone here, told to everybody who may have them, and not kept again whichever way they come.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

/// Which store these tests run over; see `support`.
#[allow(dead_code)]
pub const ON_DISK: bool = false;

use support::*;
use visitbook_record::attachment::{self, Attachment};
use visitbook_record::cbor::encode;
use visitbook_record::commit::RecordKind;
use visitbook_record::fact::Answer;
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::Content;
use visitbook_record::redaction::{self, Redaction};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::verdict::{Reason, Verdict};
use visitbook_record::wire::{EnvelopeBody, Page};
use visitbook_server::redaction::{Refused, order, with_the_same_words};
use visitbook_server::store::{Entry, StorageExt, StoreError};
use visitbook_server::writer::WriterError;

const WORDS: &str = "CANARY-grey-wagtail";

/// Beyond every position.
const LAST: LogPosition = LogPosition {
    epoch: 9,
    position: 0,
};

fn carries(pages: &[Page], words: &str) -> bool {
    let has = |page: &Page| {
        encode(page)
            .windows(words.len())
            .any(|w| w == words.as_bytes())
    };
    pages.iter().any(has)
}

fn redact(council: &Council, op: OpId) {
    try_redact(council, op).unwrap();
}

fn try_redact(council: &Council, op: OpId) -> Result<(), Refused> {
    let acts = council.tx(|tx| {
        let op = tx.op(&op)?.unwrap();
        let mut all = with_the_same_words(tx, &op)?;
        if all.is_empty() {
            all.push(op);
        }
        order(tx, &all, "a court's order")
    })?;
    let written = council.store.write_with(|tx| -> Result<(), WriterError> {
        council.writer().write(tx, &council.suite, NOW, acts)
    });
    written.unwrap();
    Ok(())
}

fn has_words(council: &Council, op: OpId) -> bool {
    council.tx(|tx| Ok(tx.payload(&op)?.is_some()))
}

/// The commits of Wren's log that the council's writer made, as another server would be given them.
fn of_the_writer(council: &Council) -> Vec<EnvelopeBody> {
    council.tx(|tx| {
        let mut all = Vec::new();
        for row in tx.log(&Scope::Child(WREN), None, 999)? {
            let Entry::Commit(hash) = row.entry else {
                continue;
            };
            let stored = tx.commit(&hash)?.unwrap();
            if stored.origin != council.writer().origin {
                continue;
            }
            let mut payloads = Vec::new();
            for op in &stored.ops {
                payloads.extend(tx.payload(op)?);
            }
            all.push(EnvelopeBody {
                commit: stored.signed.clone(),
                payloads,
                certificate: None,
                receipt: None,
            });
        }
        Ok(all)
    })
}

/// Rowan's note on a visit to Wren, received, and the device that wrote it.
fn with_a_note() -> (Council, Phone, EnvelopeBody, OpId) {
    let council = Council::new();
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    let body = rowan.save(WREN, 1, vec![answer("place", "home"), note("n1", WORDS)]);
    let op = ops_of(&body)[1];
    council.upload(vec![body.clone()]);
    (council, rowan, body, op)
}

#[test]
fn the_words_go_and_the_evidence_stays() {
    let (council, mut rowan, body, op) = with_a_note();
    let first = council.upload(vec![body.clone()]).statements;
    let before = council.tx(|tx| tx.digest_at(&Scope::Child(WREN), LAST));
    redact(&council, op);
    assert!(!has_words(&council, op));
    let there = council.tx(|tx| Ok(tx.op(&op)?.unwrap()));
    assert_eq!(there.fact.answer, Answer::Unreadable);
    assert_eq!(there.fact.verdict, Some(Verdict::Applied));
    assert!(
        has_words(&council, ops_of(&body)[0]),
        "and nothing else goes"
    );
    // The redaction is a statement more; what was there counts as it did.
    let mut after = council.tx(|tx| tx.digest_at(&Scope::Child(WREN), LAST));
    let redactions: Vec<OpId> = council.tx(|tx| {
        let all = tx.ops_of_record(&RecordId([1; 16]))?;
        let ours = all.into_iter().filter(|op| op.fact.kind == Kind::Redact);
        Ok(ours.map(|op| op.fact.id).collect())
    });
    assert_eq!(redactions.len(), 1);
    after.remove(&redactions[0], &Verdict::Applied);
    assert_eq!(after, before);

    // A duplicate gets the receipt it had, and brings nothing back.
    assert_eq!(council.upload(vec![body]).statements, first);
    assert!(!has_words(&council, op));

    let pages = rowan.pull(&council);
    assert!(
        !carries(&pages, WORDS),
        "also to whoever reads from the start"
    );
    assert!(carries(&pages, "a court's order"));
    let mut anew = council.device(4, BRYONY);
    let pages = anew.pull(&council);
    assert!(!carries(&pages, WORDS) && carries(&pages, "a court's order"));
}

#[test]
fn every_version_of_a_text_goes_with_it() {
    let (council, mut rowan, _, first) = with_a_note();
    let Say(_, policy, target, _, content) = note("n1", "CANARY-grey-wagtail, and more");
    let second = rowan.save(
        WREN,
        1,
        vec![Say(Kind::EntryRevise, policy, target, vec![first], content)],
    );
    let other = rowan.save(WREN, 1, vec![note("n2", WORDS)]);
    council.upload(vec![second.clone(), other.clone()]);
    redact(&council, first);
    assert!(!has_words(&council, first));
    assert!(!has_words(&council, ops_of(&second)[0]));
    assert!(
        has_words(&council, ops_of(&other)[0]),
        "another text is another"
    );
}

/// A colleague who gave the same answer gave it themselves.
#[test]
fn a_colleagues_equal_answer_is_not_the_same_words() {
    let (council, _, body, _) = with_a_note();
    let mut bryony = council.device(2, BRYONY);
    bryony.pull(&council);
    let hers = bryony.save(WREN, 1, vec![answer("place", "home")]);
    council.upload(vec![hers.clone()]);
    redact(&council, ops_of(&body)[0]);
    assert!(!has_words(&council, ops_of(&body)[0]));
    assert!(has_words(&council, ops_of(&hers)[0]));
}

#[test]
fn words_that_come_again_are_not_kept_whichever_way_they_come() {
    let (council, mut rowan, body, op) = with_a_note();
    redact(&council, op);
    let kept = |op: OpId| has_words(&council, op);
    // The same payload in another commit: a copy of the device, or a device that lost its count.
    let (mut commit, _) = rowan.draft(WREN, 1, vec![note("n3", WORDS)]);
    commit.ops = commit_of(&body).ops;
    let again = rowan.seal((commit, body.payloads.clone()));
    let receipts = council.upload(vec![again.clone()]);
    let verdicts = statement(&receipts.statements[0]).received[0]
        .verdicts
        .clone();
    assert_eq!(
        verdicts,
        [Verdict::Applied, Verdict::Applied],
        "it is receipted all the same"
    );
    let [place, words] = ops_of(&again)[..] else {
        panic!("two statements");
    };
    assert!(kept(place) && !kept(words));
    let mut reader = council.device(5, BRYONY);
    assert!(!carries(&reader.pull(&council), WORDS));
    let removed = council.tx(|tx| tx.removals());
    assert_eq!(
        removed.len(),
        2,
        "and is known as removed by its own name too"
    );
}

/// A restored server has the words and has lost their redaction; or has lost both, and is given them back in either order.
#[test]
fn a_redaction_that_a_restore_had_lost_acts_again() {
    let (lost, _, body, op) = with_a_note();
    redact(&lost, op);
    let redactions: Vec<EnvelopeBody> = of_the_writer(&lost)
        .into_iter()
        .filter(|body| commit_of(body).ops.iter().any(|op| op.kind == Kind::Redact))
        .collect();
    assert_eq!(redactions.len(), 1);
    for words_first in [true, false] {
        let restored = Council::new();
        restored.register(1, ROWAN, false);
        let (first, then) = if words_first {
            (vec![body.clone()], redactions.clone())
        } else {
            (redactions.clone(), vec![body.clone()])
        };
        restored.upload(first);
        assert_eq!(has_words(&restored, op), words_first);
        restored.upload(then);
        assert!(!has_words(&restored, op), "words first: {words_first}");
        assert_eq!(judged(&restored, &body), judged(&lost, &body));
    }
}

fn judged(council: &Council, body: &EnvelopeBody) -> Vec<Verdict> {
    let verdicts = |op: &OpId| council.tx(|tx| Ok(tx.op(op)?.unwrap().fact.verdict.unwrap()));
    ops_of(body).iter().map(verdicts).collect()
}

#[test]
fn the_redactions_own_words_may_go_and_it_acts_all_the_same() {
    let (lost, _, body, op) = with_a_note();
    redact(&lost, op);
    let mut given_back: Vec<EnvelopeBody> = of_the_writer(&lost)
        .into_iter()
        .filter(|body| commit_of(body).ops.iter().any(|op| op.kind == Kind::Redact))
        .collect();
    given_back[0].payloads.clear();
    for words_first in [true, false] {
        let restored = Council::new();
        restored.register(1, ROWAN, false);
        let (mut first, mut then) = (vec![body.clone()], given_back.clone());
        if !words_first {
            std::mem::swap(&mut first, &mut then);
        }
        restored.upload(first);
        restored.upload(then);
        assert!(!has_words(&restored, op), "words first: {words_first}");
    }
}

#[test]
fn only_the_council_removes_words() {
    let (council, mut rowan, _, op) = with_a_note();
    let payload = commit_of(&rowan.save(WREN, 1, vec![note("x", "x")])).ops[0].payload;
    let said = Content::Redaction(Redaction {
        payload: payload.unwrap(),
        about: Target::field("place"),
        reason: "because I say so".to_owned(),
    });
    let forged = Say(
        Kind::Redact,
        Policy::Ordinary,
        redaction::target(op),
        vec![],
        said,
    );
    let tried = rowan.save(WREN, 1, vec![forged]);
    let reply = council.upload(vec![tried]);
    assert_eq!(
        statement(&reply.statements[0]).received[0].verdicts,
        [Verdict::Quarantined {
            reason: Reason::ServerOnly,
            owner: SAGE
        }]
    );
    assert!(has_words(&council, op));
}

#[test]
fn what_others_hang_on_stays() {
    let council = Council::new();
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    let answers = rowan.save(WREN, 1, vec![called_off()]);
    let done = rowan.save(WREN, 1, vec![finish(ops_of(&answers))]);
    council.upload(vec![answers, done.clone()]);
    assert_eq!(
        try_redact(&council, ops_of(&done)[0]),
        Err(Refused::MustStay)
    );
}

#[test]
fn nothing_is_removed_twice() {
    let (council, _, _, op) = with_a_note();
    redact(&council, op);
    assert_eq!(try_redact(&council, op), Err(Refused::NoWords));
}

/// An author who no longer holds the child does not read the child's log, and may still have the words.
#[test]
fn an_author_who_no_longer_holds_the_child_is_told_in_their_own_log() {
    let (council, mut rowan, _, op) = with_a_note();
    rowan.pull(&council);
    council.unassign(ROWAN, WREN);
    rowan.pull(&council);
    redact(&council, op);
    let pages = rowan.pull(&council);
    assert!(carries(&pages, "a court's order"));
    assert!(
        pages
            .iter()
            .flat_map(|page| &page.entries)
            .all(|entry| entry.scope() != Scope::Child(WREN))
    );
    assert!(!has_words(&council, op));
}

/// The key of a file goes with the statement that attaches it, and its bytes with the last key.
#[test]
fn a_file_goes_with_its_last_key_and_is_not_taken_again() {
    let council = Council::new();
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    let file = |id: &str| {
        let file = Attachment {
            id: [0xf1; 32],
            key: [7; 32],
            media_type: "image/png".to_owned(),
            size: 3,
            what: "photo".to_owned(),
        };
        Say(
            Kind::Attach,
            attachment::policy(RecordKind::Visit),
            Target::element(attachment::FIELD, id),
            vec![],
            Content::Attachment(file),
        )
    };
    let (one, two) = (
        rowan.save(WREN, 1, vec![file("a")]),
        rowan.save(WREN, 2, vec![file("b")]),
    );
    council.upload(vec![one.clone(), two.clone()]);
    let uses = || council.tx(|tx| Ok(tx.attachment_uses(&[0xf1; 32])?.len()));
    assert_eq!(uses(), 2);
    redact(&council, ops_of(&one)[0]);
    assert_eq!(uses(), 1, "another statement has a key of its own");
    redact(&council, ops_of(&two)[0]);
    assert_eq!(uses(), 0);
    council.upload(vec![one, two]);
    assert_eq!(uses(), 0, "so its bytes are not taken again either");
}

#[test]
fn a_transaction_that_fails_removes_nothing() {
    let (council, _, _, op) = with_a_note();
    let failed = council.store.write_with(|tx| -> Result<(), WriterError> {
        let stored = tx.op(&op)?.unwrap();
        let acts = order(tx, &[stored], "a court's order")?.unwrap();
        council.writer().write(tx, &council.suite, NOW, acts)?;
        assert!(tx.payload(&op)?.is_none());
        Err(StoreError::Abandoned.into())
    });
    assert!(failed.is_err());
    assert!(has_words(&council, op));
}

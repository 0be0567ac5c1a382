//! Two copies of a device that write under one number.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

/// Which store these tests run over; see `support`.
#[allow(dead_code)]
const ON_DISK: bool = false;

use support::*;
use visitbook_record::cbor::encode;
use visitbook_record::commit::{Commit, Role};
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::{EnvelopeBody, Signed};
use visitbook_server::store::StorageExt;

/// The same commit again, saved at another time: another hash, and every statement by the same name.
fn copy_of(phone: &Phone, body: &EnvelopeBody, change: impl FnOnce(&mut Commit)) -> EnvelopeBody {
    let mut commit = commit_of(body);
    commit.clocks.wall = WallMillis(commit.clocks.wall.0 + 60_000);
    change(&mut commit);
    let bytes = encode(&commit);
    let signature = test_signature(&[phone.key; 32], &bytes);
    EnvelopeBody {
        commit: Signed { bytes, signature },
        ..body.clone()
    }
}

#[test]
fn one_statement_in_two_commits_counts_once_and_both_commits_are_kept() {
    let council = Council::new();
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    let first = rowan.save(WREN, 1, vec![answer("seen", "yes")]);
    let second = copy_of(&rowan, &first, |_| {});
    assert_eq!(ops_of(&first), ops_of(&second));
    let scope = Scope::Child(WREN);
    let last = || {
        council
            .store
            .read_with(|tx| tx.last(&scope))
            .unwrap()
            .unwrap()
    };
    council.upload(vec![first]);
    let before = last();
    let reply = council.upload(vec![second]);
    let received = &statement(&reply.statements[0]).received[0];
    assert_eq!(received.verdicts, [Verdict::Applied]);
    let after = last();
    assert_eq!(after.0.position, before.0.position + 1, "kept");
    assert_eq!(after.1, before.1, "and counted once");
}

#[test]
fn saying_it_again_where_it_does_not_belong_takes_nothing_back() {
    let council = Council::new();
    council.assign(ROWAN, ROBIN, Role::Allocated);
    let mut rowan = council.device(1, ROWAN);
    rowan.pull(&council);
    let first = rowan.save(WREN, 1, vec![answer("seen", "yes")]);
    let op = ops_of(&first)[0];
    let elsewhere = copy_of(&rowan, &first, |commit| commit.scope = Scope::Child(ROBIN));
    council.upload(vec![first]);
    council.upload(vec![elsewhere]);
    let stands = council.store.read_with(|tx| tx.op(&op)).unwrap().unwrap();
    assert_eq!(stands.fact.verdict, Some(Verdict::Applied));
}

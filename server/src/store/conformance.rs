//! What every back end must do, as one suite that each of them is run through.
//!
//! Public, so that a back end written elsewhere can be held to the same behaviour. A failed case panics with its name, as
//! a test should; nothing else in this crate calls it.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)]

mod attachments;
mod redactions;
mod registers;

use std::panic::{AssertUnwindSafe, catch_unwind};

use visitbook_record::commit::{Origin, RecordKind, Role};
use visitbook_record::digest::ScopeDigest;
use visitbook_record::fact::{Answer, Fact, RecordHome};
use visitbook_record::id::{
    CommitHash, DeviceId, Incarnation, OpId, RecordId, Salt, Token, WorkerId,
};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Content, Payload, Value};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::{Reason, Verdict};
use visitbook_record::wire::{ReceiptStatement, Signed};

use self::registers::{assignment, device, enrolment, worker};
use super::{
    Entry, ReadTx, Storage, StorageExt, StoreError, StoredCommit, StoredOp, Vector, WriteTx,
};

type Case<S> = (&'static str, fn(&S));

/// Runs every case on a fresh store.
///
/// # Panics
/// If a case fails; the message names all that did.
pub fn check<S: Storage>(make: impl Fn() -> S) {
    let cases: [Case<S>; 19] = [
        (
            "positions follow commit order from 1 in each scope",
            positions,
        ),
        ("a transaction that fails leaves nothing", rollback),
        (
            "a transaction sees its own writes, and later ones see them",
            visibility,
        ),
        ("commits read back byte for byte, with their place", commits),
        (
            "the head of an origin is its highest number, and a fork does not move it",
            heads,
        ),
        (
            "operations keep their newest verdict, and the held ones are found",
            operations,
        ),
        (
            "a payload reads back, and its removal makes the answer unreadable",
            payloads,
        ),
        ("the first home of a record stays", homes),
        ("files read back, with who names them", attachments::files),
        (
            "a file's bytes go with the last payload that holds its key",
            attachments::gone,
        ),
        (
            "what was removed by law is found by statement and payload, and the first row stays",
            redactions::removals,
        ),
        ("a post is emptied and keeps its receipt", redactions::posts),
        ("what opens unfinished text is found once applied", openings),
        (
            "statements are found by the commits they cover, in order",
            statements,
        ),
        (
            "a device keeps the token it presented and the one it was given",
            registers::tokens,
        ),
        (
            "what children handed in reads back in its session's order",
            registers::family,
        ),
        (
            "devices, counters, workers and codes keep their newest state",
            registers::registers,
        ),
        (
            "assignments begin and end at positions",
            registers::assignments,
        ),
        (
            "a new epoch counts from 1 again, keeps what was, and serves nobody until confirmed",
            registers::epochs,
        ),
    ];
    let failed: Vec<&str> = cases
        .iter()
        .filter(|(_, case)| {
            let store = make();
            catch_unwind(AssertUnwindSafe(|| case(&store))).is_err()
        })
        .map(|(name, _)| *name)
        .collect();
    assert!(failed.is_empty(), "the store fails: {}", failed.join("; "));
}

const CHILD: Scope = Scope::Child(RecordId([1; 16]));
const OTHER: Scope = Scope::Child(RecordId([2; 16]));
const RECORD: RecordId = RecordId([3; 16]);

const fn at(position: u64) -> LogPosition {
    LogPosition { epoch: 1, position }
}

fn hash(n: u8) -> CommitHash {
    CommitHash([n; 32])
}

fn op_id(n: u8) -> OpId {
    OpId([n; 32])
}

fn digest(n: u8) -> ScopeDigest {
    ScopeDigest::from_bytes([n; 32])
}

fn origin(n: u8) -> Origin {
    Origin {
        device: DeviceId([n; 16]),
        incarnation: Incarnation([n; 16]),
    }
}

fn signed(n: u8) -> Signed {
    Signed {
        bytes: vec![n, 0, 255, n],
        signature: vec![n; 64],
    }
}

fn commit(n: u8, seq: u64, position: u64) -> StoredCommit {
    StoredCommit {
        hash: hash(n),
        origin: origin(1),
        seq,
        scope: CHILD,
        at: at(position),
        signed: signed(n),
        received: WallMillis(-7),
        ops: vec![op_id(n), op_id(n + 1), op_id(n + 2)],
        verdicts: vec![
            Verdict::Applied,
            Verdict::Quarantined {
                reason: Reason::NotHeld,
                owner: WorkerId([9; 16]),
            },
            Verdict::Held {
                missing: vec![op_id(77)],
            },
        ],
        author_held: n % 2 == 1,
    }
}

fn op(n: u8, verdict: Verdict) -> StoredOp {
    StoredOp {
        fact: Fact {
            id: op_id(n),
            record: RECORD,
            author: WorkerId([4; 16]),
            acting_as: Role::Cover,
            kind: Kind::Unknown(901),
            policy: Policy::Risk,
            target: Target::part("people_present", "reed; '\"", "lives_here"),
            replaces: vec![op_id(200), op_id(201)],
            answer: Answer::Unreadable,
            verdict: Some(verdict),
        },
        commit: hash(1),
        index: u32::from(n),
        withheld: true,
    }
}

fn write(store: &impl Storage, work: impl FnOnce(&mut dyn WriteTx)) {
    store
        .write_with::<(), StoreError>(|tx| {
            work(tx);
            Ok(())
        })
        .unwrap();
}

fn read<T>(store: &impl Storage, work: impl FnOnce(&dyn ReadTx) -> T) -> T {
    store.read_with::<T, StoreError>(|tx| Ok(work(tx))).unwrap()
}

fn append(tx: &mut dyn WriteTx, scope: &Scope, n: u8) -> LogPosition {
    tx.append(scope, &Entry::Commit(hash(n)), &[op_id(n)], &digest(n))
        .unwrap()
}

fn positions<S: Storage>(store: &S) {
    write(store, |tx| {
        assert_eq!(append(tx, &CHILD, 1), at(1));
        assert_eq!(append(tx, &OTHER, 2), at(1));
        assert_eq!(append(tx, &CHILD, 3), at(2));
    });
    write(store, |tx| {
        let judged = Entry::Judged {
            op: op_id(8),
            verdict: Verdict::AppliedFromPreviousWorker,
        };
        assert_eq!(tx.append(&CHILD, &judged, &[], &digest(4)).unwrap(), at(3));
    });
    read(store, |tx| {
        assert_eq!(tx.last(&CHILD).unwrap(), Some((at(3), digest(4))));
        assert_eq!(tx.last(&Scope::Council).unwrap(), None);
        assert_eq!(tx.scopes().unwrap(), [CHILD, OTHER]);
        assert_eq!(tx.digest_at(&CHILD, at(2)).unwrap(), digest(3));
        assert_eq!(tx.digest_at(&CHILD, at(900)).unwrap(), digest(4));
        assert_eq!(tx.digest_at(&OTHER, at(0)).unwrap(), ScopeDigest::default());
        let all = tx.log(&CHILD, None, 10).unwrap();
        assert_eq!(
            all.iter().map(|row| row.at).collect::<Vec<_>>(),
            [at(1), at(2), at(3)]
        );
        assert_eq!(all[0].entry, Entry::Commit(hash(1)));
        assert_eq!(all[0].released, [op_id(1)]);
        assert_eq!(all[2].digest, digest(4));
        assert!(matches!(&all[2].entry, Entry::Judged { op, verdict }
            if *op == op_id(8) && *verdict == Verdict::AppliedFromPreviousWorker));
        assert_eq!(tx.log(&CHILD, Some(at(1)), 1).unwrap(), all[1..2]);
        assert_eq!(tx.log(&CHILD, Some(at(3)), 10).unwrap(), []);
        assert_eq!(tx.epoch().unwrap(), 1);
    });
}

fn fill(tx: &mut dyn WriteTx) {
    append(tx, &CHILD, 1);
    tx.put_commit(commit(1, 5, 1)).unwrap();
    tx.put_op(op(1, Verdict::Held { missing: vec![] })).unwrap();
    tx.put_payload(&CHILD, &op_id(1), &payload("yes")).unwrap();
    tx.set_home(&RECORD, home(CHILD)).unwrap();
    tx.put_statement(&CHILD, at(1), &signed(9)).unwrap();
    tx.put_device(device(1)).unwrap();
    tx.set_counter(&DeviceId([1; 16]), &Incarnation([1; 16]), 3)
        .unwrap();
    tx.put_token(&DeviceId([1; 16]), None, &Token([1; 16]), &Vector::new())
        .unwrap();
    tx.put_assignment(assignment(1)).unwrap();
    tx.put_worker(worker(1)).unwrap();
    tx.put_enrolment(enrolment(1)).unwrap();
}

/// Everything there is to see, as text.
fn picture(store: &impl Storage) -> Vec<String> {
    read(store, |tx| {
        let device = DeviceId([1; 16]);
        vec![
            format!("{:?}", tx.scopes().unwrap()),
            format!("{:?}", tx.last(&CHILD).unwrap()),
            format!("{:?}", tx.log(&CHILD, None, 99).unwrap()),
            format!("{:?}", tx.commit(&hash(1)).unwrap()),
            format!("{:?}", tx.head(&origin(1)).unwrap()),
            format!("{:?}", tx.op(&op_id(1)).unwrap()),
            format!("{:?}", tx.held(&RECORD).unwrap()),
            format!("{:?}", tx.ops_of_record(&RECORD).unwrap()),
            format!("{:?}", tx.payload(&op_id(1)).unwrap()),
            format!("{:?}", tx.home(&RECORD).unwrap()),
            format!("{:?}", tx.statements(&CHILD).unwrap()),
            format!("{:?}", tx.devices().unwrap()),
            format!("{:?}", tx.counter(&device, &Incarnation([1; 16])).unwrap()),
            format!("{:?}", tx.token(&device, &Token([1; 16])).unwrap()),
            format!("{:?}", tx.assignments_of(&WorkerId([4; 16])).unwrap()),
            format!("{:?}", tx.workers().unwrap()),
            format!("{:?}", tx.enrolment(&[1; 32]).unwrap()),
        ]
    })
}

fn rollback<S: Storage>(store: &S) {
    let empty = picture(store);
    let result = store.write_with::<(), StoreError>(|tx| {
        fill(tx);
        Err(StoreError::Busy)
    });
    assert_eq!(result, Err(StoreError::Busy));
    assert_eq!(picture(store), empty);

    write(store, fill);
    let filled = picture(store);
    for (before, after) in empty.iter().zip(&filled) {
        assert_ne!(before, after, "the case must touch everything");
    }
    let result = store.write_with::<(), StoreError>(|tx| {
        append(tx, &CHILD, 2);
        tx.put_commit(commit(2, 6, 2)).unwrap();
        tx.put_op(op(1, Verdict::Applied)).unwrap();
        tx.put_op(op(2, Verdict::Applied)).unwrap();
        tx.remove_payload(&op_id(1)).unwrap();
        tx.put_statement(&CHILD, at(2), &signed(8)).unwrap();
        let mut changed = device(1);
        changed.ended = true;
        tx.put_device(changed).unwrap();
        tx.set_counter(&DeviceId([1; 16]), &Incarnation([1; 16]), 4)
            .unwrap();
        tx.put_token(&DeviceId([1; 16]), None, &Token([2; 16]), &Vector::new())
            .unwrap();
        tx.end_assignment(&WorkerId([4; 16]), &RecordId([1; 16]), at(9))
            .unwrap();
        tx.put_worker(worker(2)).unwrap();
        Err(StoreError::Busy)
    });
    assert_eq!(result, Err(StoreError::Busy));
    assert_eq!(picture(store), filled);
}

fn visibility<S: Storage>(store: &S) {
    write(store, |tx| {
        fill(tx);
        assert_eq!(tx.last(&CHILD).unwrap().map(|(at, _)| at), Some(at(1)));
        assert!(tx.commit(&hash(1)).unwrap().is_some());
        assert!(tx.payload(&op_id(1)).unwrap().is_some());
        assert_eq!(tx.held(&RECORD).unwrap().len(), 1);
    });
    assert!(read(store, |tx| tx.commit(&hash(1)).unwrap().is_some()));
}

fn commits<S: Storage>(store: &S) {
    write(store, |tx| {
        for n in 1..=4 {
            let position = append(tx, &CHILD, n).position;
            tx.put_commit(commit(n, u64::from(n), position)).unwrap();
        }
    });
    read(store, |tx| {
        for n in 1..=4 {
            let stored = tx.commit(&hash(n)).unwrap().unwrap();
            assert_eq!(*stored, commit(n, u64::from(n), u64::from(n)));
        }
        assert!(tx.commit(&hash(5)).unwrap().is_none());
    });
}

fn heads<S: Storage>(store: &S) {
    write(store, |tx| {
        assert_eq!(tx.head(&origin(1)).unwrap(), None);
        for (n, seq) in [(1, 1), (2, 7), (3, 4), (4, 7)] {
            let position = append(tx, &CHILD, n).position;
            tx.put_commit(commit(n, seq, position)).unwrap();
        }
        assert_eq!(tx.head(&origin(1)).unwrap(), Some((7, hash(2))));
        assert_eq!(tx.head(&origin(2)).unwrap(), None);
    });
}

fn operations<S: Storage>(store: &S) {
    let held = Verdict::Held {
        missing: vec![op_id(3)],
    };
    write(store, |tx| {
        append(tx, &CHILD, 1);
        tx.put_commit(commit(1, 1, 1)).unwrap();
        tx.put_op(op(2, held.clone())).unwrap();
        tx.put_op(op(1, Verdict::Applied)).unwrap();
        assert_eq!(tx.held(&RECORD).unwrap(), [op(2, held.clone())]);
        assert_eq!(
            tx.ops_of_record(&RECORD).unwrap(),
            [op(1, Verdict::Applied), op(2, held.clone())]
        );
        assert_eq!(tx.ops_of_record(&RecordId([8; 16])).unwrap(), []);
        let mut now_applied = op(2, Verdict::AppliedFromPreviousWorker);
        now_applied.withheld = false;
        tx.put_op(now_applied.clone()).unwrap();
        assert_eq!(tx.held(&RECORD).unwrap(), []);
        assert_eq!(tx.op(&op_id(2)).unwrap(), Some(now_applied));
        assert_eq!(tx.op(&op_id(3)).unwrap(), None);
    });
}

fn openings<S: Storage>(store: &S) {
    let open = |n: u8, verdict: Verdict| {
        let mut opening = op(n, verdict);
        opening.fact.kind = Kind::Open;
        opening
    };
    let aside = Verdict::Quarantined {
        reason: Reason::NotManager,
        owner: WorkerId([4; 16]),
    };
    let found = || {
        let all = read(store, |tx| tx.openings(&RECORD).unwrap());
        all.into_iter().map(|op| op.fact.id).collect::<Vec<_>>()
    };
    write(store, |tx| {
        tx.put_op(op(1, Verdict::Applied)).unwrap();
        tx.put_op(open(3, Verdict::Applied)).unwrap();
        tx.put_op(open(2, aside)).unwrap();
    });
    assert_eq!(found(), [op_id(3)]);
    write(store, |tx| tx.put_op(open(2, Verdict::Applied)).unwrap());
    assert_eq!(found(), [op_id(2), op_id(3)]);
    let other = RecordId([0xee; 16]);
    assert!(read(store, |tx| tx.openings(&other).unwrap()).is_empty());
}

fn payload(code: &str) -> Payload {
    let value = Value {
        note: Some("x".repeat(300)),
        ..Value::new(code, "As shown \u{1f600} \u{202e}")
    };
    Payload::new(Salt([5; 16]), &Content::Value(value))
}

fn payloads<S: Storage>(store: &S) {
    write(store, |tx| {
        append(tx, &CHILD, 1);
        tx.put_commit(commit(1, 1, 1)).unwrap();
        let missing = tx.put_payload(&CHILD, &op_id(1), &payload("no"));
        assert_eq!(missing, Err(StoreError::Missing("operation")));
        let mut stored = op(1, Verdict::Applied);
        stored.fact.answer = Answer::Code("no".to_owned());
        tx.put_op(stored).unwrap();
        tx.put_payload(&CHILD, &op_id(1), &payload("no")).unwrap();
    });
    let answer = || read(store, |tx| tx.op(&op_id(1)).unwrap().unwrap().fact.answer);
    let words = || read(store, |tx| tx.payload(&op_id(1)).unwrap());
    assert_eq!(answer(), Answer::Code("no".to_owned()));
    assert!(words() == Some(payload("no")));
    write(store, |tx| tx.remove_payload(&op_id(1)).unwrap());
    assert!(words().is_none());
    assert_eq!(answer(), Answer::Unreadable);
}

const fn home(scope: Scope) -> RecordHome {
    RecordHome {
        scope,
        kind: RecordKind::Unknown(200),
    }
}

fn homes<S: Storage>(store: &S) {
    write(store, |tx| {
        assert_eq!(tx.home(&RECORD).unwrap(), None);
        tx.set_home(&RECORD, home(CHILD)).unwrap();
        tx.set_home(&RECORD, home(OTHER)).unwrap();
        assert_eq!(tx.home(&RECORD).unwrap(), Some(home(CHILD)));
    });
}

fn statements<S: Storage>(store: &S) {
    write(store, |tx| {
        assert_eq!(tx.last_statement(&CHILD).unwrap(), None);
        tx.put_statement(&CHILD, at(1), &signed(1)).unwrap();
        tx.put_statement(&OTHER, at(1), &signed(2)).unwrap();
        tx.put_statement(&CHILD, at(4), &signed(3)).unwrap();
    });
    read(store, |tx| {
        let expected = [(1, 1, 1), (3, 1, 1), (4, 4, 3), (90, 4, 3)];
        for (position, first, n) in expected {
            assert_eq!(
                tx.statement_at(&CHILD, at(position)).unwrap(),
                Some((at(first), signed(n)))
            );
        }
        assert_eq!(tx.statement_at(&CHILD, at(0)).unwrap(), None);
        assert_eq!(
            tx.last_statement(&CHILD).unwrap(),
            Some(ReceiptStatement::hash_of(&signed(3).bytes))
        );
        assert_eq!(
            tx.statements(&CHILD).unwrap(),
            [(at(1), signed(1)), (at(4), signed(3))]
        );
    });
}

#[cfg(test)]
mod tests {
    use super::super::memory::MemoryStore;

    #[test]
    fn the_store_in_memory_conforms() {
        super::check(MemoryStore::new);
    }
}

//! What every back end must do, as one suite that each of them is run through.
//!
//! Public, so that a back end written elsewhere can be held to the same behaviour. A failed case panics with its name, as
//! a test should; nothing else in this crate calls it.
#![allow(clippy::panic, clippy::unwrap_used, clippy::expect_used)]

mod attachments;
mod redactions;

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

use super::{
    Assignment, Deed, Device, Enrolment, Entry, FamilyPost, FamilySession, ReadTx, Served, Storage,
    StorageExt, StoreError, StoredCommit, StoredOp, Vector, Worker, WriteTx,
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
            tokens,
        ),
        (
            "what children handed in reads back in its session's order",
            family,
        ),
        (
            "devices, counters, workers and codes keep their newest state",
            registers,
        ),
        ("assignments begin and end at positions", assignments),
        (
            "a new epoch counts from 1 again, keeps what was, and serves nobody until confirmed",
            epochs,
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

fn family<S: Storage>(store: &S) {
    let post = |n: u8, index: u64, placed: bool| FamilyPost {
        hash: [n; 32],
        session: [7; 16],
        index,
        record: RecordId([n; 16]),
        bytes: vec![n; 100],
        statement: signed(n),
        placed,
    };
    let told = |n: u8| FamilySession {
        session: [8; 16],
        child: RecordId([n; 16]),
        worker: WorkerId([n; 16]),
        op: op_id(n),
    };
    write(store, |tx| {
        // Two posts that claim one place are two posts, and come in the order of their names.
        for one in [post(3, 1, false), post(2, 1, false), post(9, 0, false)] {
            tx.put_family_post(one).unwrap();
        }
        tx.put_family_post(post(3, 1, true)).unwrap();
        tx.put_family_session(told(1)).unwrap();
        tx.put_family_session(told(2)).unwrap();
    });
    read(store, |tx| {
        let expected = vec![post(9, 0, false), post(2, 1, false), post(3, 1, true)];
        assert_eq!(tx.family_posts(&[7; 16]).unwrap(), expected);
        assert_eq!(tx.family_posts(&[8; 16]).unwrap(), []);
        assert_eq!(tx.family_post(&[9; 32]).unwrap(), Some(post(9, 0, false)));
        assert_eq!(tx.family_post(&[1; 32]).unwrap(), None);
        let first = Some(told(1));
        assert_eq!(
            tx.family_session(&[8; 16]).unwrap(),
            first,
            "the first commit to tell stands"
        );
        assert_eq!(tx.family_session(&[7; 16]).unwrap(), None);
        assert_eq!(tx.family_sessions().unwrap(), [[7; 16], [8; 16]]);
    });
}

fn tokens<S: Storage>(store: &S) {
    let device = DeviceId([1; 16]);
    let token = |n: u8| Token([n; 16]);
    let vector = |n: u8| Vector::from([(CHILD, at(u64::from(n))), (Scope::Council, at(1))]);
    write(store, |tx| {
        tx.put_token(&device, None, &token(1), &vector(1)).unwrap();
        tx.put_token(&device, Some(&token(1)), &token(2), &vector(2))
            .unwrap();
        // The reply was lost: the device presents the first again, as often as it likes.
        tx.put_token(&device, Some(&token(1)), &token(3), &vector(3))
            .unwrap();
        tx.put_token(&device, Some(&token(1)), &token(4), &vector(4))
            .unwrap();
        let other = DeviceId([2; 16]);
        tx.put_token(&other, None, &token(9), &vector(9)).unwrap();
    });
    read(store, |tx| {
        assert_eq!(tx.token(&device, &token(1)).unwrap(), Some(vector(1)));
        assert_eq!(tx.token(&device, &token(4)).unwrap(), Some(vector(4)));
        for gone in [2, 3, 9] {
            assert_eq!(tx.token(&device, &token(gone)).unwrap(), None);
        }
        assert_eq!(
            tx.token(&DeviceId([2; 16]), &token(9)).unwrap(),
            Some(vector(9))
        );
    });
}

fn device(n: u8) -> Device {
    Device {
        id: DeviceId([n; 16]),
        public_key: [n; 32],
        certificate: vec![n; 70],
        holder: WorkerId([4; 16]),
        is_writer: n == 9,
        label: "Rowan's phone".to_owned(),
        ended: false,
        acknowledged: None,
        last_heard: None,
    }
}

fn worker(n: u8) -> Worker {
    Worker {
        id: WorkerId([n; 16]),
        code: format!("W{n}"),
        manager: None,
    }
}

fn enrolment(n: u8) -> Enrolment {
    Enrolment {
        secret_hash: [n; 32],
        worker: WorkerId([4; 16]),
        label: "tablet".to_owned(),
        ends: WallMillis(5),
        spent_by: None,
    }
}

fn epochs<S: Storage>(store: &S) {
    let scope = Scope::Council;
    let entry = |n| Entry::Commit(CommitHash([n; 32]));
    let digest = ScopeDigest::default();
    let served = |n: u8, worker| Served {
        at: WallMillis(i64::from(n)),
        device: DeviceId([n; 16]),
        worker: WorkerId([worker; 16]),
        scope: Scope::Child(RecordId([n; 16])),
    };
    let statement = |n| Signed {
        bytes: vec![n],
        signature: vec![n; 64],
    };
    let at = |epoch, position| LogPosition { epoch, position };
    write(store, |tx| {
        assert_eq!(tx.epoch().unwrap(), 1);
        tx.append(&scope, &entry(1), &[], &digest).unwrap();
        tx.append(&scope, &entry(2), &[], &digest).unwrap();
        tx.put_enrolment(enrolment(1)).unwrap();
        assert_eq!(tx.unconfirmed().unwrap(), []);
    });
    write(store, |tx| {
        tx.open_epoch(3).unwrap();
        let next = tx.append(&scope, &entry(3), &[], &digest).unwrap();
        assert_eq!(next, at(3, 1));
        tx.put_unconfirmed(&DeviceId([7; 16])).unwrap();
        tx.put_earlier(&CommitHash([3; 32]), &statement(1)).unwrap();
        tx.put_earlier(&CommitHash([3; 32]), &statement(2)).unwrap();
        for one in [served(1, 1), served(2, 2), served(1, 2)] {
            tx.put_served(one).unwrap();
        }
    });
    read(store, |tx| {
        assert_eq!(tx.epoch().unwrap(), 3);
        let rows = tx.log(&scope, Some(at(1, 1)), 9).unwrap();
        let places: Vec<LogPosition> = rows.iter().map(|row| row.at).collect();
        assert_eq!(places, [at(1, 2), at(3, 1)]);
        assert_eq!(tx.last(&scope).unwrap().unwrap().0, at(3, 1));
        let code = tx.enrolment(&[1; 32]).unwrap().unwrap();
        assert_eq!(code.ends, WallMillis(0));
        let everybody_and_one = [None, Some(DeviceId([7; 16]))];
        assert_eq!(tx.unconfirmed().unwrap(), everybody_and_one);
        let earlier = tx.earlier(&CommitHash([3; 32])).unwrap();
        assert_eq!(earlier, Some(statement(1)));
        assert_eq!(tx.earlier(&CommitHash([4; 32])).unwrap(), None);
        let (worker, child) = (WorkerId([2; 16]), Scope::Child(RecordId([1; 16])));
        assert_eq!(tx.served(None, None).unwrap().len(), 3);
        let to_worker = tx.served(Some(&worker), None).unwrap();
        assert_eq!(to_worker, [served(2, 2), served(1, 2)]);
        let both = tx.served(Some(&worker), Some(&child)).unwrap();
        assert_eq!(both, [served(1, 2)]);
    });
    write(store, |tx| tx.confirm(None).unwrap());
    read(store, |tx| {
        assert_eq!(tx.unconfirmed().unwrap(), [Some(DeviceId([7; 16]))]);
    });
    write(store, |tx| tx.confirm(Some(&DeviceId([7; 16]))).unwrap());
    read(store, |tx| assert_eq!(tx.unconfirmed().unwrap(), []));
}

fn registers<S: Storage>(store: &S) {
    let mut changed = device(1);
    changed.ended = true;
    changed.acknowledged = Some(at(4));
    changed.last_heard = Some(WallMillis(i64::MAX));
    let mut managed = worker(1);
    managed.manager = Some(WorkerId([2; 16]));
    let mut spent = enrolment(1);
    spent.spent_by = Some(DeviceId([1; 16]));
    let life = Incarnation([1; 16]);
    let deeds = [9, 2].map(|n| Deed {
        at: WallMillis(n),
        by: WorkerId([1; 16]),
        what: format!("ended device {n}"),
    });
    write(store, |tx| {
        for n in [9, 1] {
            tx.put_device(device(n)).unwrap();
        }
        tx.put_device(changed.clone()).unwrap();
        tx.put_worker(worker(2)).unwrap();
        tx.put_worker(worker(1)).unwrap();
        tx.put_worker(managed.clone()).unwrap();
        tx.put_enrolment(enrolment(1)).unwrap();
        tx.put_enrolment(spent.clone()).unwrap();
        for deed in &deeds {
            tx.note(deed).unwrap();
        }
        tx.set_counter(&changed.id, &life, 1).unwrap();
        tx.set_counter(&changed.id, &life, u64::MAX).unwrap();
    });
    read(store, |tx| {
        assert_eq!(tx.device(&changed.id).unwrap(), Some(changed.clone()));
        assert_eq!(tx.devices().unwrap(), [changed.clone(), device(9)]);
        assert_eq!(tx.worker(&managed.id).unwrap(), Some(managed.clone()));
        assert_eq!(tx.workers().unwrap(), [managed.clone(), worker(2)]);
        assert_eq!(tx.enrolment(&[1; 32]).unwrap(), Some(spent));
        assert_eq!(tx.enrolment(&[2; 32]).unwrap(), None);
        assert_eq!(tx.deeds().unwrap(), deeds);
        assert_eq!(tx.counter(&changed.id, &life).unwrap(), Some(u64::MAX));
        assert_eq!(
            tx.counter(&changed.id, &Incarnation([2; 16])).unwrap(),
            None
        );
    });
}

const fn assignment(from: u64) -> Assignment {
    Assignment {
        worker: WorkerId([4; 16]),
        child: RecordId([1; 16]),
        role: Role::Joint,
        from: at(from),
        until: None,
    }
}

fn assignments<S: Storage>(store: &S) {
    let worker = WorkerId([4; 16]);
    let child = RecordId([1; 16]);
    write(store, |tx| {
        tx.end_assignment(&worker, &child, at(1)).unwrap();
        tx.put_assignment(assignment(2)).unwrap();
        assert_eq!(tx.holders_of(&child).unwrap(), [assignment(2)]);
        tx.end_assignment(&worker, &child, at(5)).unwrap();
        assert_eq!(tx.holders_of(&child).unwrap(), []);
        tx.put_assignment(assignment(9)).unwrap();
        let ended = Assignment {
            until: Some(at(5)),
            ..assignment(2)
        };
        assert_eq!(tx.assignments_of(&worker).unwrap(), [ended, assignment(9)]);
        assert_eq!(tx.holders_of(&child).unwrap(), [assignment(9)]);
        assert_eq!(tx.holders_of(&RecordId([2; 16])).unwrap(), []);
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

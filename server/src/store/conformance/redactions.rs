//! What every back end must do with words that were removed.

use visitbook_record::id::{OpId, PayloadHash, RecordId};
use visitbook_record::op::Target;
use visitbook_record::redaction::Removed;

use super::{RECORD, op_id, read, signed, write};
use crate::store::{FamilyPost, Storage, StorageExt, StoreError};

fn removed(op: OpId, by: u8) -> Removed {
    Removed {
        op,
        by: op_id(by),
        record: RECORD,
        payload: PayloadHash([5; 32]),
        about: Target::field("place"),
    }
}

/// The first row stays, and is found by the statement and by the payload; a transaction that fails leaves none.
pub(super) fn removals<S: Storage>(store: &S) {
    let place = Target::field("place");
    let find = |op: u8, payload: u8| {
        read(store, |tx| {
            tx.removal(&op_id(op), &PayloadHash([payload; 32]), &RECORD, &place)
                .unwrap()
        })
    };
    assert_eq!(find(1, 5), None);
    let failed = store.write_with::<(), StoreError>(|tx| {
        tx.put_removal(&removed(op_id(1), 9))?;
        Err(StoreError::Abandoned)
    });
    assert!(failed.is_err());
    assert_eq!(find(1, 5), None);
    write(store, |tx| {
        tx.put_removal(&removed(op_id(1), 2)).unwrap();
        tx.put_removal(&removed(op_id(1), 3)).unwrap();
    });
    let first = removed(op_id(1), 2);
    assert_eq!(find(1, 7).as_ref(), Some(&first), "by the statement");
    assert_eq!(find(8, 5).as_ref(), Some(&first), "by the payload");
    assert_eq!(find(8, 7), None);
    assert_eq!(read(store, |tx| tx.removals().unwrap()), [first]);
}

fn post(n: u8, index: u64) -> FamilyPost {
    FamilyPost {
        hash: [n; 32],
        session: [7; 16],
        index,
        record: RecordId([n; 16]),
        bytes: vec![n; 100],
        statement: signed(n),
        placed: true,
    }
}

/// What a child handed in is emptied, and its receipt stays.
pub(super) fn posts<S: Storage>(store: &S) {
    let (ours, other) = (post(1, 0), post(2, 1));
    write(store, |tx| {
        tx.put_family_post(ours.clone()).unwrap();
        tx.put_family_post(other.clone()).unwrap();
        tx.empty_post(&ours.record).unwrap();
        tx.empty_post(&RecordId([0xee; 16])).unwrap();
    });
    let known = |hash| read(store, |tx| tx.family_post(hash).unwrap().unwrap());
    let left = known(&ours.hash);
    assert!(left.bytes.is_empty());
    assert_eq!((left.statement, left.placed), (ours.statement, ours.placed));
    assert_eq!(known(&other.hash), other);
}

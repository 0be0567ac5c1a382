//! What every back end must do with files.

use visitbook_record::id::DeviceId;
use visitbook_record::verdict::Verdict;

use super::{CHILD, OTHER, op, op_id, payload, read, signed, write};
use crate::store::attachments::{AttachmentUse, StoredAttachment};
use crate::store::{Storage, StorageExt, StoreError, WriteTx};

const FILE: [u8; 32] = [0xf1; 32];

fn named(by: u8) -> AttachmentUse {
    AttachmentUse {
        id: FILE,
        op: op_id(by),
        scope: if by == 1 { CHILD } else { OTHER },
        device: DeviceId([by; 16]),
        size: u64::from(by) << 40,
    }
}

fn stored(receipt: bool) -> StoredAttachment {
    StoredAttachment {
        id: FILE,
        list: vec![1; 80],
        receipt: receipt.then(|| signed(3)),
    }
}

fn put(tx: &mut dyn WriteTx, by: u8) {
    tx.put_op(op(by, Verdict::Applied)).unwrap();
    let scope = if by == 1 { CHILD } else { OTHER };
    tx.put_payload(&scope, &op_id(by), &payload("file"))
        .unwrap();
    tx.put_attachment_use(&named(by)).unwrap();
}

pub(super) fn files<S: Storage>(store: &S) {
    write(store, |tx| {
        let early = tx.put_attachment_use(&named(1));
        assert_eq!(early, Err(StoreError::Missing("operation")));
        assert_eq!(
            tx.put_attachment(&stored(false)),
            Err(StoreError::Missing("statement that names a file"))
        );
        put(tx, 1);
        put(tx, 1);
        put(tx, 2);
        tx.put_attachment(&stored(false)).unwrap();
        tx.put_chunk(&FILE, 700, b"late").unwrap();
        tx.put_chunk(&FILE, 3, b"early").unwrap();
        tx.put_chunk(&FILE, 3, b"other").unwrap();
        tx.put_chunk(&[0xf2; 32], 0, b"of another").unwrap();
    });
    read(store, |tx| {
        assert_eq!(tx.attachment(&FILE).unwrap(), Some(stored(false)));
        assert_eq!(tx.attachment_uses(&FILE).unwrap(), [named(1), named(2)]);
        assert_eq!(tx.attachments_named().unwrap(), [FILE]);
        assert_eq!(tx.chunks_held(&FILE).unwrap(), [3, 700]);
        assert_eq!(tx.chunk(&FILE, 3).unwrap().as_deref(), Some(&b"early"[..]));
        assert_eq!(tx.chunk(&FILE, 4).unwrap(), None);
    });
    write(store, |tx| tx.put_attachment(&stored(true)).unwrap());
    read(store, |tx| {
        assert_eq!(tx.attachment(&FILE).unwrap(), Some(stored(true)));
    });
}

/// Bytes go with the last payload that holds their key.
pub(super) fn gone<S: Storage>(store: &S) {
    write(store, |tx| {
        put(tx, 1);
        put(tx, 2);
        tx.put_attachment(&stored(true)).unwrap();
        tx.put_chunk(&FILE, 0, b"sealed").unwrap();
    });
    let given_up = store.write_with::<(), StoreError>(|tx| {
        tx.remove_payload(&op_id(1)).unwrap();
        tx.remove_payload(&op_id(2)).unwrap();
        tx.put_chunk(&FILE, 9, b"never").unwrap();
        Err(StoreError::Busy)
    });
    assert_eq!(given_up, Err(StoreError::Busy));
    write(store, |tx| tx.remove_payload(&op_id(1)).unwrap());
    read(store, |tx| {
        assert_eq!(tx.attachment_uses(&FILE).unwrap(), [named(2)]);
        assert_eq!(tx.chunks_held(&FILE).unwrap(), [0]);
    });
    write(store, |tx| tx.remove_payload(&op_id(2)).unwrap());
    read(store, |tx| {
        assert_eq!(tx.attachments_named().unwrap(), Vec::<[u8; 32]>::new());
        assert_eq!(tx.attachment(&FILE).unwrap(), None);
        assert_eq!(tx.chunk(&FILE, 0).unwrap(), None);
    });
}

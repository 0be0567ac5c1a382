//! What every back end must do with devices, staff, codes and assignments, with what children hand in, and when a new epoch begins.

use visitbook_record::commit::Role;
use visitbook_record::digest::ScopeDigest;
use visitbook_record::id::{CommitHash, DeviceId, Incarnation, RecordId, Token, WorkerId};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::wire::Signed;

use super::{CHILD, at, op_id, read, signed, write};
use crate::store::{
    Assignment, Deed, Device, Enrolment, Entry, FamilyPost, FamilySession, Served, Storage, Vector,
    Worker,
};

pub(super) fn family<S: Storage>(store: &S) {
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

pub(super) fn tokens<S: Storage>(store: &S) {
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

pub(super) fn device(n: u8) -> Device {
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

pub(super) fn worker(n: u8) -> Worker {
    Worker {
        id: WorkerId([n; 16]),
        code: format!("W{n}"),
        manager: None,
    }
}

pub(super) fn enrolment(n: u8) -> Enrolment {
    Enrolment {
        secret_hash: [n; 32],
        worker: WorkerId([4; 16]),
        label: "tablet".to_owned(),
        ends: WallMillis(5),
        spent_by: None,
    }
}

pub(super) fn registers<S: Storage>(store: &S) {
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

pub(super) const fn assignment(from: u64) -> Assignment {
    Assignment {
        worker: WorkerId([4; 16]),
        child: RecordId([1; 16]),
        role: Role::Joint,
        from: at(from),
        until: None,
    }
}

pub(super) fn assignments<S: Storage>(store: &S) {
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

pub(super) fn epochs<S: Storage>(store: &S) {
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

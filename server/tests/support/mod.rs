//! A council small enough to hold in the head, and a suite that is only as strong as these tests need.
#![allow(dead_code, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::atomic::{AtomicU64, Ordering};

use visitbook_record::cbor::encode;
use visitbook_record::commit::{Clocks, Commit, Origin, RecordKind, Role};
use visitbook_record::id::{
    BootId, CommitHash, CouncilId, DeviceId, Incarnation, OpId, RecordId, Salt, Token, WorkerId,
};
use visitbook_record::op::{Kind, Op, Policy, Target};
use visitbook_record::payload::{Assignment, Content, Payload, Value};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::{MonotonicMillis, WallMillis};
use visitbook_record::wire::{
    EnvelopeBody, Page, PullReply, PullRequest, ReceiptStatement, Signed, UploadReply,
};
use visitbook_server::store::memory::MemoryStore;
use visitbook_server::store::{Device, Storage, StorageExt, StoreError, Worker};
use visitbook_server::suite::Suite;
use visitbook_server::writer::Writer;
use visitbook_server::{ingest, pull};

pub const COUNCIL: CouncilId = CouncilId([0xcc; 16]);
pub const NOW: WallMillis = WallMillis(1_793_088_000_000);

pub const ROWAN: WorkerId = WorkerId([0x11; 16]);
pub const BRYONY: WorkerId = WorkerId([0x22; 16]);
pub const SAGE: WorkerId = WorkerId([0x33; 16]);
pub const WREN: RecordId = RecordId([0x77; 16]);
pub const ROBIN: RecordId = RecordId([0x88; 16]);

/// A form that this server does not have, so that any field may be written.
pub const NEWER_FORM: u32 = 999;

/// Signs with a digest that names the key: enough to tell a forged signature from a true one.
#[derive(Default)]
pub struct TestSuite(AtomicU64);

pub fn test_signature(key: &[u8; 32], bytes: &[u8]) -> Vec<u8> {
    let joined = [&key[..], bytes].concat();
    [&key[..], &ReceiptStatement::hash_of(&joined).0].concat()
}

impl Suite for TestSuite {
    fn verify_commit(&self, public_key: &[u8; 32], bytes: &[u8], signature: &[u8]) -> bool {
        signature == test_signature(public_key, bytes)
    }

    fn sign_commit(&self, bytes: &[u8]) -> Vec<u8> {
        test_signature(&[WRITER; 32], bytes)
    }

    fn sign_receipt(&self, statement: &[u8]) -> Vec<u8> {
        test_signature(&[0xee; 32], statement)
    }

    fn random(&self) -> Option<[u8; 16]> {
        let n = self.0.fetch_add(1, Ordering::Relaxed);
        Some(u128::from(n).to_be_bytes())
    }
}

pub const WRITER: u8 = 0xdd;

/// The council's server.
pub struct Council {
    pub store: Box<dyn Storage>,
    pub suite: TestSuite,
    /// Goes after the store that lies in it.
    folder: Option<tempfile::TempDir>,
}

fn store_in_memory() -> (Box<dyn Storage>, Option<tempfile::TempDir>) {
    (Box::new(MemoryStore::new()), None)
}

#[cfg(feature = "service")]
fn store_on_disk() -> (Box<dyn Storage>, Option<tempfile::TempDir>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("council.db");
    let key = || visitbook_seal::secret::random().unwrap();
    let store =
        visitbook_server::store::sqlite::SqliteStore::create(&path, &key(), &key()).unwrap();
    (Box::new(store), Some(folder))
}

#[cfg(not(feature = "service"))]
fn store_on_disk() -> (Box<dyn Storage>, Option<tempfile::TempDir>) {
    store_in_memory()
}

impl Council {
    /// Rowan holds Wren, Bryony works jointly on Wren and holds Robin, Sage manages both children's team.
    pub fn new() -> Self {
        let (store, folder) = if crate::ON_DISK {
            store_on_disk()
        } else {
            store_in_memory()
        };
        let council = Self {
            store,
            suite: TestSuite::default(),
            folder,
        };
        council.register(WRITER, WorkerId(COUNCIL.0), true);
        council.tx(|tx| {
            for worker in [ROWAN, BRYONY, SAGE] {
                tx.put_worker(Worker {
                    id: worker,
                    code: worker.to_string(),
                    manager: (worker != SAGE).then_some(SAGE),
                })?;
            }
            Ok(())
        });
        council.assign(ROWAN, WREN, Role::Allocated);
        council.assign(BRYONY, WREN, Role::Joint);
        council.assign(BRYONY, ROBIN, Role::Allocated);
        council.assign(SAGE, WREN, Role::Manager);
        council.assign(SAGE, ROBIN, Role::Manager);
        council
    }

    pub fn tx<T>(
        &self,
        work: impl FnOnce(&mut dyn visitbook_server::store::WriteTx) -> Result<T, StoreError>,
    ) -> T {
        self.store.write_with(work).unwrap()
    }

    pub fn register(&self, key: u8, holder: WorkerId, is_writer: bool) {
        self.tx(|tx| {
            tx.put_device(Device {
                id: DeviceId([key; 16]),
                public_key: [key; 32],
                certificate: vec![key; 40],
                holder,
                is_writer,
                label: String::new(),
                ended: false,
                acknowledged: None,
                last_heard: None,
            })
        });
    }

    pub fn device(&self, key: u8, holder: WorkerId) -> Phone {
        self.register(key, holder, false);
        Phone {
            key,
            holder,
            life: Incarnation([1; 16]),
            seq: 0,
            previous: None,
            assignment_seen: None,
            counter: 0,
            token: None,
        }
    }

    pub fn writer(&self) -> Writer {
        Writer {
            council: COUNCIL,
            origin: Origin {
                device: DeviceId([WRITER; 16]),
                incarnation: Incarnation([1; 16]),
            },
            author: SAGE,
        }
    }

    pub fn assign(&self, worker: WorkerId, child: RecordId, role: Role) -> bool {
        self.store
            .write_with(|tx| {
                self.writer()
                    .assign(tx, &self.suite, NOW, assignment(worker, child, role))
            })
            .unwrap()
    }

    pub fn unassign(&self, worker: WorkerId, child: RecordId) -> bool {
        let ended = assignment(worker, child, Role::Allocated);
        self.store
            .write_with(|tx| self.writer().unassign(tx, &self.suite, NOW, ended))
            .unwrap()
    }

    pub fn upload(&self, bodies: Vec<EnvelopeBody>) -> UploadReply {
        let bodies = (0..).zip(bodies).collect();
        self.tx(|tx| ingest::ingest(tx, &self.suite, COUNCIL, NOW, bodies))
    }

    pub fn pull(&self, request: &PullRequest) -> PullReply {
        let fresh = Token(self.suite.random().unwrap());
        self.tx(|tx| pull::pull(tx, NOW, fresh, request))
    }
}

fn assignment(worker: WorkerId, child: RecordId, role: Role) -> Assignment {
    Assignment {
        worker,
        child,
        role,
        reason: "for the test".to_owned(),
        moved_to: None,
    }
}

/// A device, as far as the server can tell.
pub struct Phone {
    pub key: u8,
    pub holder: WorkerId,
    pub life: Incarnation,
    pub seq: u64,
    pub previous: Option<CommitHash>,
    pub assignment_seen: Option<LogPosition>,
    pub counter: u64,
    pub token: Option<Token>,
}

/// A statement to be.
pub struct Say(pub Kind, pub Policy, pub Target, pub Vec<OpId>, pub Content);

pub fn note(id: &str, text: &str) -> Say {
    let text = Content::Text {
        text: text.to_owned(),
        cut_off: false,
    };
    let target = Target::element("what_i_saw", id);
    Say(Kind::EntryAdd, Policy::Ordinary, target, vec![], text)
}

pub fn answer(field: &str, code: &str) -> Say {
    let value = Content::Value(Value::new(code, code));
    Say(
        Kind::Assert,
        Policy::Risk,
        Target::field(field),
        vec![],
        value,
    )
}

/// The one answer with which a visit may be finished without any other.
pub fn called_off() -> Say {
    answer("outcome", "cancelled_by_us")
}

pub fn finish(mut ids: Vec<OpId>) -> Say {
    ids.sort();
    let content = Content::Finish(ids);
    Say(
        Kind::Finish,
        Policy::Ordinary,
        Target::field("finish"),
        vec![],
        content,
    )
}

impl Phone {
    pub fn origin(&self) -> Origin {
        Origin {
            device: DeviceId([self.key; 16]),
            incarnation: self.life,
        }
    }

    /// The commit of one save on a visit to `child`, not yet encoded.
    pub fn draft(&mut self, child: RecordId, record: u8, says: Vec<Say>) -> (Commit, Vec<Payload>) {
        self.seq += 1;
        let mut payloads = Vec::new();
        let ops = says
            .into_iter()
            .map(|Say(kind, policy, target, replaces, content)| {
                let mut salt = [self.key; 16];
                salt[..8].copy_from_slice(&self.seq.to_be_bytes());
                salt[8] = payloads.len() as u8;
                let payload = Payload::new(Salt(salt), &content);
                let hash = payload.hash();
                payloads.push(payload);
                Op {
                    kind,
                    policy,
                    target,
                    replaces,
                    typed_at: None,
                    payload: Some(hash),
                }
            })
            .collect();
        let commit = Commit {
            format: Commit::FORMAT,
            council: COUNCIL,
            origin: self.origin(),
            seq: self.seq,
            previous: self.previous,
            record: RecordId([record; 16]),
            record_kind: RecordKind::Visit,
            scope: Scope::Child(child),
            author: self.holder,
            acting_as: Role::Allocated,
            catalogue: NEWER_FORM,
            clocks: Clocks {
                wall: WallMillis(0),
                monotonic: MonotonicMillis(0),
                boot: BootId([0; 16]),
            },
            receipt_seen: None,
            assignment_seen: self.assignment_seen,
            app_build: "test".to_owned(),
            ops,
        };
        (commit, payloads)
    }

    pub fn seal(&mut self, (commit, payloads): (Commit, Vec<Payload>)) -> EnvelopeBody {
        let bytes = encode(&commit);
        self.previous = Some(Commit::hash_of(&bytes));
        let signature = test_signature(&[self.key; 32], &bytes);
        EnvelopeBody {
            commit: Signed { bytes, signature },
            payloads,
            certificate: None,
            receipt: None,
        }
    }

    pub fn save(&mut self, child: RecordId, record: u8, says: Vec<Say>) -> EnvelopeBody {
        let draft = self.draft(child, record, says);
        self.seal(draft)
    }

    pub fn request(&mut self) -> PullRequest {
        self.counter += 1;
        PullRequest {
            device: DeviceId([self.key; 16]),
            incarnation: self.life,
            counter: self.counter,
            token: self.token,
            whole: None,
            budget: 1 << 20,
            acknowledges: None,
            epoch: None,
            certificate: None,
            knows_own: None,
        }
    }

    /// Pulls until nothing is left, keeping the newest assignment entry as a device does.
    pub fn pull(&mut self, council: &Council) -> Vec<Page> {
        let mut pages = Vec::new();
        loop {
            let request = self.request();
            let PullReply::Page(page) = council.pull(&request) else {
                panic!("the pull was denied");
            };
            self.token = Some(page.token);
            for entry in &page.entries {
                if entry.scope() == Scope::Worker(self.holder) {
                    self.assignment_seen = Some(entry.at());
                }
            }
            let more = page.more;
            pages.push(page);
            if !more {
                return pages;
            }
        }
    }
}

pub fn commit_of(body: &EnvelopeBody) -> Commit {
    Commit::from_bytes(&body.commit.bytes).unwrap()
}

pub fn ops_of(body: &EnvelopeBody) -> Vec<OpId> {
    commit_of(body).op_ids()
}

pub fn statement(signed: &Signed) -> ReceiptStatement {
    assert_eq!(signed.signature, test_signature(&[0xee; 32], &signed.bytes));
    visitbook_record::cbor::decode(&signed.bytes).unwrap()
}

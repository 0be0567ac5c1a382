//! What becomes of posts at the council, whatever comes first and whoever holds the child.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
use super::*;
use crate::family::Family;
use crate::store::memory::MemoryStore;
use crate::store::{Device, StorageExt, WriteTx};
use crate::suite::Suite;
use crate::writer::{Act, Statement, Writer};
use std::sync::atomic::{AtomicU64, Ordering};
use visitbook_record::cbor::encode;
use visitbook_record::commit::{Origin, RecordKind, Role};
use visitbook_record::family::Post;
use visitbook_record::id::{CouncilId, DeviceId, Incarnation};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Assignment, FamilySession as SessionContent};
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;
use visitbook_record::wire::{LogEntry, PostStatement, PullReply, PullRequest, Signed};
use visitbook_seal::envelope::IngestKey;
use visitbook_seal::family::{DropPublicKey, FamilyPoster, FamilySession as Begun};
use visitbook_seal::secret::random;

const COUNCIL: CouncilId = CouncilId([0xcc; 16]);
const ROWAN: WorkerId = WorkerId([0x11; 16]);
const BRYONY: WorkerId = WorkerId([0x22; 16]);
const WREN: RecordId = RecordId([0x77; 16]);
const NOW: WallMillis = WallMillis(1_793_088_000_000);
const WORDS: &str = "I dont want  another new social worker";

#[derive(Default)]
struct Trusting(AtomicU64);

impl Suite for Trusting {
    fn verify_commit(&self, _: &[u8; 32], _: &[u8], _: &[u8]) -> bool {
        true
    }
    fn sign_commit(&self, _: &[u8]) -> Vec<u8> {
        vec![1; 64]
    }
    fn sign_receipt(&self, statement: &[u8]) -> Vec<u8> {
        // Never the same twice: a receipt that is asked for again must be the stored one.
        let n = self.0.fetch_add(1, Ordering::Relaxed);
        [statement, &n.to_be_bytes()].concat()
    }
    fn random(&self) -> Option<[u8; 16]> {
        visitbook_seal::secret::random_public().ok()
    }
}

struct Town {
    store: MemoryStore,
    keys: IngestKeys,
    suite: Trusting,
    poster: FamilyPoster,
    first: FirstKey,
}

impl Town {
    /// Rowan holds Wren, and a device of Rowan's is in Wren's hands. The council has not heard of that yet.
    fn new() -> Self {
        let ingest = IngestKey::generate().unwrap();
        let drop = DropPublicKey(IngestKey::from_secret(random().unwrap()).public().key);
        let (first, poster) = Begun::begin(&ingest.public(), &drop).unwrap();
        let town = Self {
            store: MemoryStore::new(),
            keys: IngestKeys::from_iter([ingest]),
            suite: Trusting::default(),
            poster,
            first,
        };
        town.device(0xdd, WorkerId(COUNCIL.0), true);
        town.device(0xb0, BRYONY, false);
        town.write(|writer, tx, suite| {
            for worker in [ROWAN, BRYONY] {
                writer.assign(tx, suite, NOW, holding(worker)).unwrap();
            }
            Ok(())
        });
        town
    }

    fn device(&self, key: u8, holder: WorkerId, is_writer: bool) {
        let device = Device {
            id: DeviceId([key; 16]),
            public_key: [key; 32],
            certificate: vec![key; 40],
            holder,
            is_writer,
            label: String::new(),
            ended: false,
            acknowledged: None,
            last_heard: None,
        };
        self.store
            .write_with(|tx| tx.put_device(device.clone()))
            .unwrap();
    }

    fn writer(author: WorkerId) -> Writer {
        Writer {
            council: COUNCIL,
            origin: Origin {
                device: DeviceId([0xdd; 16]),
                incarnation: Incarnation([1; 16]),
            },
            author,
        }
    }

    fn write(
        &self,
        work: impl FnOnce(Writer, &mut dyn WriteTx, &dyn Suite) -> Result<(), StoreError>,
    ) {
        self.store
            .write_with(|tx| work(Self::writer(WorkerId(COUNCIL.0)), tx, &self.suite))
            .unwrap();
    }

    /// The commit that tells of the session, under `worker`'s name.
    fn tell(&self, worker: WorkerId) {
        let secret = self.first.to_secret();
        let mut content = SessionContent {
            session: [0; 16],
            first_key: [0; 32],
        };
        content.session.copy_from_slice(&secret.expose()[..16]);
        content.first_key.copy_from_slice(&secret.expose()[16..]);
        let act = Act {
            record: WREN,
            kind: RecordKind::Child,
            scope: Scope::Child(WREN),
            statements: vec![Statement {
                kind: Kind::EnterFamily,
                policy: Policy::Ordinary,
                target: Target::element("family", "session"),
                replaces: Vec::new(),
                content: Content::FamilySession(content),
            }],
        };
        self.store
            .write_with(|tx| Self::writer(worker).write(tx, &self.suite, NOW, vec![act]))
            .unwrap();
    }

    fn post(&mut self, words: &str) -> Arrived {
        let post = Post {
            format: Post::FORMAT,
            // Whatever the post says, it is the session's child that counts.
            child: RecordId([9; 16]),
            visit: None,
            words: Some(words.to_owned()),
            drawing: None,
            chose_not_to_say: None,
            child_asks: None,
            not_with: vec!["mum".to_owned()],
            typed_at: WallMillis(NOW.0 - 60_000),
        };
        let sealed = self.poster.post(&post.to_bytes()).unwrap();
        Arrived::open(&self.keys, sealed.bytes).unwrap().0
    }

    fn take(&self, posts: &[Arrived]) -> Vec<Signed> {
        let family = Family {
            keys: &self.keys,
            suite: &self.suite,
            writer: Self::writer(WorkerId(COUNCIL.0)),
            now: NOW,
        };
        let told = BTreeSet::from([self.first.session()]);
        self.store
            .write_with(|tx| family.take(tx, posts, &told))
            .unwrap()
    }

    fn words_of(&self, record: RecordId) -> Vec<(String, Option<WallMillis>)> {
        self.store
            .read_with::<_, StoreError>(|tx| {
                let mut all = Vec::new();
                for op in tx.ops_of_record(&record)? {
                    assert!(op.fact.is_applied());
                    let content = tx.payload(&op.fact.id)?.and_then(|p| p.content().ok());
                    if let Some(Content::Words(words)) = content {
                        let commit = tx.commit(&op.commit)?.unwrap();
                        let commit =
                            visitbook_record::commit::Commit::from_bytes(&commit.signed.bytes)
                                .unwrap();
                        all.push((words, commit.ops[op.index as usize].typed_at));
                    }
                }
                Ok(all)
            })
            .unwrap()
    }

    fn report(&self) -> SessionReport {
        self.store
            .read_with(|tx| check(tx, &self.first.session()))
            .unwrap()
    }
}

fn holding(worker: WorkerId) -> Assignment {
    Assignment {
        worker,
        child: WREN,
        role: Role::Allocated,
        reason: "test".to_owned(),
        moved_to: None,
    }
}

#[test]
fn a_post_is_a_record_at_once_and_its_duplicate_gets_the_same_receipt() {
    let mut town = Town::new();
    town.tell(ROWAN);
    let post = town.post(WORDS);
    let record = post.record;
    let receipts = town.take(&[post.clone(), post.clone()]);
    assert_eq!(receipts[0], receipts[1]);
    assert_eq!(town.take(&[post]), receipts[..1]);
    let typed = Some(WallMillis(NOW.0 - 60_000));
    assert_eq!(town.words_of(record), [(WORDS.to_owned(), typed)]);
    let home = town
        .store
        .read_with(|tx| tx.home(&record))
        .unwrap()
        .unwrap();
    assert_eq!(
        home.scope,
        Scope::Child(WREN),
        "the session's child, whatever the post says"
    );
    let statement: PostStatement = visitbook_record::cbor::decode(&receipts[0].bytes).unwrap();
    assert_eq!(statement.record, record);
}

#[test]
fn a_child_who_was_given_to_somebody_else_waits_for_nobody() {
    let mut town = Town::new();
    town.tell(ROWAN);
    town.write(|writer, tx, suite| {
        writer.unassign(tx, suite, NOW, holding(ROWAN)).unwrap();
        Ok(())
    });
    let post = town.post(WORDS);
    town.take(std::slice::from_ref(&post));
    assert_eq!(town.words_of(post.record).len(), 1);
}

#[test]
fn a_post_that_comes_before_its_session_is_kept_and_becomes_a_record_when_that_comes() {
    let mut town = Town::new();
    let post = town.post(WORDS);
    let receipt = town.take(std::slice::from_ref(&post));
    assert!(
        town.words_of(post.record).is_empty(),
        "anybody could have made it"
    );
    assert_eq!((town.report().posts, town.report().placed), (1, 0));
    town.tell(ROWAN);
    assert!(town.take(&[]).is_empty());
    assert_eq!(town.words_of(post.record).len(), 1);
    assert_eq!(town.take(&[post]), receipt);
}

#[test]
fn a_session_told_by_somebody_who_never_held_the_child_places_nothing() {
    let mut town = Town::new();
    town.tell(WorkerId([0x99; 16]));
    let post = town.post(WORDS);
    assert_eq!(
        town.take(std::slice::from_ref(&post)).len(),
        1,
        "kept and receipted"
    );
    assert!(town.words_of(post.record).is_empty());
}

#[test]
fn what_is_missing_from_a_session_shows_and_what_came_is_kept() {
    let mut town = Town::new();
    town.tell(ROWAN);
    let posts: Vec<Arrived> = ["one", "two", "three"].map(|words| town.post(words)).into();
    town.take(&posts[..1]);
    assert_eq!(
        town.report().chain,
        Some(Ok(End::NotConfirmed { found: 1 }))
    );
    town.take(&posts[2..]);
    let report = town.report();
    assert_eq!(report.chain.unwrap().unwrap_err().index, 1);
    assert_eq!((report.posts, report.placed), (2, 2));
    town.take(&posts[1..2]);
    assert_eq!(
        town.report().chain,
        Some(Ok(End::NotConfirmed { found: 3 }))
    );
}

/// With it posts could be forged.
#[test]
fn the_first_key_is_never_served() {
    let town = Town::new();
    town.tell(ROWAN);
    let request = PullRequest {
        device: DeviceId([0xb0; 16]),
        incarnation: Incarnation([0xb0; 16]),
        counter: 1,
        token: None,
        whole: None,
        budget: 1 << 20,
        acknowledges: None,
        certificate: None,
        knows_own: None,
        epoch: None,
    };
    let fresh = visitbook_record::id::Token([3; 16]);
    let reply = town
        .store
        .write_with(|tx| crate::pull::pull(tx, NOW, fresh, &request))
        .unwrap();
    let secret = town.first.to_secret();
    let key = &secret.expose()[16..];
    let bytes = encode(&reply);
    assert!(!bytes.windows(32).any(|window| window == key));
    let PullReply::Page(page) = reply else {
        panic!("a page");
    };
    let told = page.entries.iter().any(|entry| match entry {
        LogEntry::Commit(entry) => {
            entry.scope == Scope::Child(WREN) && entry.payloads.contains(&None)
        }
        LogEntry::Own(_) | LogEntry::Judged { .. } => false,
    });
    assert!(told, "that there was a session is no secret");
}

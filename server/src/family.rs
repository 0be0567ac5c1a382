//! What children handed in while the vault was closed: opened with the ingest key, receipted, and made into voice records by
//! the server's writer at once, so that nothing waits for the worker.
//!
//! A post carries no device's signature. Whose page it was says the commit that entered family mode, which a device signed and
//! saved before the first post; it is that commit's child that the record belongs to. A post of a session that no commit has
//! told of yet is kept and receipted, and becomes a record when the commit comes: until then anybody who knows the council's
//! public key could have made it. The chain of a session's posts is evidence beside the words and no condition for them.

use std::collections::BTreeSet;

use visitbook_record::cbor::encode;
use visitbook_record::commit::RecordKind;
use visitbook_record::family::{Post, missing_from, statements_of};
use visitbook_record::id::{RecordId, WorkerId};
use visitbook_record::payload::Content;
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;
use visitbook_record::wire::{PostStatement, Signed};
use visitbook_seal::envelope::{IngestKeys, OpenError};
use visitbook_seal::family::{Broken, End, FamilyChain, FirstKey, OpenedPost};
use visitbook_seal::secret::Secret;

use crate::store::{FamilyPost, FamilySession, ReadTx, StoreError, WriteTx};
use crate::suite::Suite;
use crate::writer::{Act, Statement, Writer, WriterError};

/// A post that opened.
#[derive(Clone)]
pub(crate) struct Arrived {
    hash: [u8; 32],
    session: [u8; 16],
    index: u64,
    record: RecordId,
    bytes: Vec<u8>,
}

impl Arrived {
    /// Opens a post. What was opened knows the secret under which the answer is sealed.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(crate) fn open(keys: &IngestKeys, bytes: Vec<u8>) -> Result<(Self, OpenedPost), OpenError> {
        let opened = keys.open_family_post(&bytes)?;
        let arrived = Self {
            hash: PostStatement::hash_of(&bytes),
            session: opened.session,
            index: opened.index,
            record: RecordId(opened.record_id),
            bytes,
        };
        Ok((arrived, opened))
    }
}

/// Takes family posts in.
pub(crate) struct Family<'a> {
    /// Opens them again when their session becomes known.
    pub(crate) keys: &'a IngestKeys,
    /// Signs receipts and commits.
    pub(crate) suite: &'a dyn Suite,
    /// Makes the records.
    pub(crate) writer: Writer,
    /// The council's clock.
    pub(crate) now: WallMillis,
}

impl Family<'_> {
    /// Keeps posts and gives a signed receipt for each, in order; the stored one for a post that was there. `told` are the
    /// sessions that commits of the same request told of. What can become a record does.
    ///
    /// # Errors
    /// [`WriterError`]; the caller's transaction must then be given up.
    pub(crate) fn take(
        &self,
        tx: &mut dyn WriteTx,
        posts: &[Arrived],
        told: &BTreeSet<[u8; 16]>,
    ) -> Result<Vec<Signed>, WriterError> {
        let mut receipts = Vec::with_capacity(posts.len());
        let mut touched = told.clone();
        for post in posts {
            let statement = match tx.family_post(&post.hash)? {
                Some(known) => known.statement,
                None => self.keep(tx, post)?,
            };
            receipts.push(statement);
            touched.insert(post.session);
        }
        for session in touched {
            self.place(tx, &session)?;
        }
        Ok(receipts)
    }

    fn keep(&self, tx: &mut dyn WriteTx, post: &Arrived) -> Result<Signed, StoreError> {
        let bytes = encode(&PostStatement {
            post: post.hash,
            record: post.record,
            epoch: tx.epoch()?,
            time: self.now,
        });
        let signature = self.suite.sign_receipt(&bytes);
        let statement = Signed { bytes, signature };
        tx.put_family_post(FamilyPost {
            hash: post.hash,
            session: post.session,
            index: post.index,
            record: post.record,
            bytes: post.bytes.clone(),
            statement: statement.clone(),
            placed: false,
        })?;
        Ok(statement)
    }

    /// Makes the records of a session's posts, if its commit is known.
    fn place(&self, tx: &mut dyn WriteTx, session: &[u8; 16]) -> Result<(), WriterError> {
        let Some(told) = tx.family_session(session)? else {
            return Ok(());
        };
        if !has_ever_held(tx, &told)? {
            return Ok(());
        }
        for mut post in tx.family_posts(session)? {
            if post.placed {
                continue;
            }
            let opened = self.keys.open_family_post(&post.bytes).ok();
            // What a newer version wrote stays as it is until this server can read it.
            let Some(content) = opened.and_then(|one| Post::from_bytes(&one.content).ok()) else {
                continue;
            };
            self.write(tx, told.child, post.record, &content)?;
            post.placed = true;
            tx.put_family_post(post)?;
        }
        if let Some(Err(broken)) = check(tx, session)?.chain {
            tracing::warn!(place = broken.index, "a family session was touched");
        }
        Ok(())
    }

    fn write(
        &self,
        tx: &mut dyn WriteTx,
        child: RecordId,
        record: RecordId,
        post: &Post,
    ) -> Result<(), WriterError> {
        let facts: Vec<_> = tx
            .ops_of_record(&record)?
            .into_iter()
            .map(|op| op.fact)
            .collect();
        let statements: Vec<Statement> = missing_from(&facts, statements_of(post, record))
            .into_iter()
            .map(|said| Statement {
                kind: said.kind,
                policy: said.policy,
                target: said.target,
                replaces: Vec::new(),
                content: said.content,
            })
            .collect();
        if statements.is_empty() {
            return Ok(());
        }
        let act = Act {
            record,
            kind: RecordKind::Voice,
            scope: Scope::Child(child),
            statements,
        };
        self.writer
            .write_typed(tx, self.suite, self.now, vec![act], Some(post.typed_at))
    }
}

/// A device of ours can only hand its page to a child whom its holder held. That this has ended since is no reason to keep a
/// child's words waiting; that it never was is.
fn has_ever_held(tx: &dyn ReadTx, told: &FamilySession) -> Result<bool, StoreError> {
    let all = tx.assignments_of(&told.worker)?;
    Ok(all.iter().any(|assignment| assignment.child == told.child))
}

/// What the council knows of one family session.
pub struct SessionReport {
    /// Its name.
    pub session: [u8; 16],
    /// Whose page it was and who handed the device over; `None` while no commit has told of it.
    pub told: Option<(RecordId, WorkerId)>,
    /// How many posts there are.
    pub posts: usize,
    /// How many are records.
    pub placed: usize,
    /// Whether the posts are as they were made; `None` without the first key. How many there should be is known to the device
    /// alone, so a whole chain reads [`End::NotConfirmed`] here.
    pub chain: Option<Result<End, Broken>>,
}

/// Looks at one session.
///
/// # Errors
/// [`StoreError`].
pub fn check(view: &dyn ReadTx, session: &[u8; 16]) -> Result<SessionReport, StoreError> {
    let told = view.family_session(session)?;
    let posts = view.family_posts(session)?;
    let first = match &told {
        Some(told) => first_key(view, told)?,
        None => None,
    };
    let chain = first
        .map(|first| FamilyChain::verify(&first, posts.iter().map(|post| &post.bytes[..]), None));
    Ok(SessionReport {
        session: *session,
        told: told.map(|told| (told.child, told.worker)),
        posts: posts.len(),
        placed: posts.iter().filter(|post| post.placed).count(),
        chain,
    })
}

fn first_key(view: &dyn ReadTx, told: &FamilySession) -> Result<Option<FirstKey>, StoreError> {
    let content = view
        .payload(&told.op)?
        .and_then(|payload| payload.content().ok());
    let Some(Content::FamilySession(session)) = content else {
        return Ok(None);
    };
    let secret = Secret::filled(|out: &mut [u8; 48]| {
        out[..16].copy_from_slice(&session.session);
        out[16..].copy_from_slice(&session.first_key);
    });
    Ok(Some(FirstKey::from_secret(&secret)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::store::memory::MemoryStore;
    use crate::store::{Device, StorageExt};
    use std::sync::atomic::{AtomicU64, Ordering};
    use visitbook_record::commit::{Origin, Role};
    use visitbook_record::id::{CouncilId, DeviceId, Incarnation};
    use visitbook_record::op::{Kind, Policy, Target};
    use visitbook_record::payload::{Assignment, FamilySession as SessionContent};
    use visitbook_record::wire::{LogEntry, PullReply, PullRequest};
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
            LogEntry::Judged { .. } => false,
        });
        assert!(told, "that there was a session is no secret");
    }
}

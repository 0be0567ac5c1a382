//! What children handed in while the vault was closed: opened with the ingest key, receipted, and made into voice records by
//! the server's writer at once, so that nothing waits for the worker.
//!
//! A post carries no device's signature. Whose page it was says the commit that entered family mode, which a device signed and
//! saved before the first post; it is that commit's child that the record belongs to. A post of a session that no commit has
//! told of yet is kept and receipted, and becomes a record when the commit comes: until then anybody who knows the council's
//! public key could have made it. The chain of a session's posts is evidence beside the words and no condition for them.
//!
//! How a post is opened is the caller's affair ([`OpensPosts`]), so that the simulator runs the same rules without keys.

#[cfg(feature = "service")]
mod chain;

use std::collections::BTreeSet;

use visitbook_record::cbor::encode;
use visitbook_record::commit::RecordKind;
use visitbook_record::family::{Post, missing_from, statements_of};
use visitbook_record::id::RecordId;
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;
use visitbook_record::wire::{PostStatement, Signed};

#[cfg(feature = "service")]
pub(crate) use self::chain::warn_if_touched;
#[cfg(feature = "service")]
pub use self::chain::{SessionReport, check};
use crate::store::{FamilyPost, FamilySession, ReadTx, StoreError, WriteTx};
use crate::suite::Suite;
use crate::writer::{Act, Statement, Writer, WriterError};

/// Opens what a child handed in: with the council's ingest keys, or, in the simulator, without any.
pub trait OpensPosts {
    /// The exact bytes that were on the page, from the exact sealed post. `None` if it does not open, or not yet.
    fn content_of(&self, post: &[u8]) -> Option<Vec<u8>>;
}

/// A post that opened.
#[derive(Clone)]
pub struct Arrived {
    hash: [u8; 32],
    session: [u8; 16],
    index: u64,
    record: RecordId,
    bytes: Vec<u8>,
}

impl Arrived {
    /// A sealed post, with what opening it showed: its session, its place there, and the record that it is.
    #[must_use]
    pub fn new(bytes: Vec<u8>, session: [u8; 16], index: u64, record: RecordId) -> Self {
        Self {
            hash: PostStatement::hash_of(&bytes),
            session,
            index,
            record,
            bytes,
        }
    }

    /// The session in which it was handed in.
    #[must_use]
    pub const fn session(&self) -> [u8; 16] {
        self.session
    }
}

/// Takes family posts in.
pub struct Family<'a> {
    /// Opens them when their session is known.
    pub keys: &'a dyn OpensPosts,
    /// Signs receipts and commits.
    pub suite: &'a dyn Suite,
    /// Makes the records.
    pub writer: Writer,
    /// The council's clock.
    pub now: WallMillis,
}

impl Family<'_> {
    /// Keeps posts and gives a signed receipt for each, in order; the stored one for a post that was there. `told` are the
    /// sessions that commits of the same request told of. What can become a record does.
    ///
    /// # Errors
    /// [`WriterError`]; the caller's transaction must then be given up.
    pub fn take(
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
            let opened = self.keys.content_of(&post.bytes);
            // What a newer version wrote stays as it is until this server can read it.
            let Some(content) = opened.and_then(|bytes| Post::from_bytes(&bytes).ok()) else {
                continue;
            };
            self.write(tx, told.child, post.record, &content)?;
            post.placed = true;
            tx.put_family_post(post)?;
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

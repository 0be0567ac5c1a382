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
    /// Whether the posts are as they were made; `None` without the first key, and where words of one were removed by law. How many there should be is known to the device
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
    // A post whose words were removed by law is not here to be checked, nor what follows it.
    let whole = posts.iter().all(|post| !post.bytes.is_empty());
    let chain = first
        .filter(|_| whole)
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
mod tests;

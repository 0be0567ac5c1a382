//! The posts of a session as they are sealed: opening them, and the chain that shows whether one was taken out or put in.

use std::collections::BTreeSet;

use visitbook_record::id::{RecordId, WorkerId};
use visitbook_record::payload::Content;
use visitbook_seal::envelope::{IngestKeys, OpenError};
use visitbook_seal::family::{Broken, End, FamilyChain, FirstKey, OpenedPost};
use visitbook_seal::secret::Secret;

use super::{Arrived, OpensPosts};
use crate::store::{FamilySession, ReadTx, StoreError};

impl OpensPosts for IngestKeys {
    fn content_of(&self, post: &[u8]) -> Option<Vec<u8>> {
        let opened = self.open_family_post(post).ok()?;
        Some(opened.content)
    }
}

impl Arrived {
    /// Opens a post. What was opened knows the secret under which the answer is sealed.
    ///
    /// # Errors
    /// [`OpenError`].
    pub(crate) fn open(keys: &IngestKeys, bytes: Vec<u8>) -> Result<(Self, OpenedPost), OpenError> {
        let opened = keys.open_family_post(&bytes)?;
        let record = RecordId(opened.record_id);
        let arrived = Self::new(bytes, opened.session, opened.index, record);
        Ok((arrived, opened))
    }
}

/// Notes which of these sessions were touched. The words are taken all the same.
pub(crate) fn warn_if_touched(
    view: &dyn ReadTx,
    sessions: &BTreeSet<[u8; 16]>,
) -> Result<(), StoreError> {
    for session in sessions {
        if let Some(Err(broken)) = check(view, session)?.chain {
            tracing::warn!(place = broken.index, "a family session was touched");
        }
    }
    Ok(())
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
    /// Whether the posts are as they were made; `None` without the first key, and where words of one were removed by law. How many
    /// there should be is known to the device alone, so a whole chain reads [`End::NotConfirmed`] here.
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
#[path = "tests.rs"]
mod tests;

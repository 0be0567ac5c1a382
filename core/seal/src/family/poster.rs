//! The side that is in the child's hands: it can add, and nothing else.

use super::post::Draft;
use super::{FirstKey, MAX_POST, MAX_POSTS, MAX_SESSION, Ratchet};
use crate::envelope::IngestPublicKey;
use crate::kem::{EncapsulateError, encapsulate};
use crate::purpose::Purpose;
use crate::secret::{NoRandomness, Secret32, random, random_public};

/// The public half of the worker's drop key (X25519); see [`crate::vault::VaultKeys::drop_public`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct DropPublicKey(pub [u8; 32]);

/// Why a post was not made. Nothing was used up, earlier posts stand, and there is no fallback to an unsealed form:
/// the content stays with the caller, in memory only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PostError {
    /// The operating system gave no randomness; try again later.
    #[error("the operating system gave no randomness")]
    NoRandomness,
    /// The council's public key is not usable.
    #[error("the ingest key is not usable")]
    BadIngestKey,
    /// The worker's public key is not usable.
    #[error("the drop key is not usable")]
    BadDropKey,
    /// The session holds [`MAX_POSTS`] posts already.
    #[error("no more can be handed in in this session")]
    TooManyPosts,
    /// More than [`MAX_POST`] bytes; something smaller may still be posted.
    #[error("too large to hand in")]
    PostTooLarge,
    /// With it the session would hold more than [`MAX_SESSION`] bytes; something smaller may still be posted.
    #[error("too large to hand in beside what the session holds already")]
    SessionFull,
}

impl From<NoRandomness> for PostError {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

/// A post, ready for the spool. `enc` and `index` name it there as they name any envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FamilyPost {
    /// Its encapsulation to the council, as in its header.
    pub enc: [u8; 32],
    /// Its place in the session, from 0. With it, one more have been made.
    pub index: u64,
    /// The whole post, header included.
    pub bytes: Vec<u8>,
}

/// The beginning of family mode.
pub struct FamilySession;

impl FamilySession {
    /// Begins a session. The caller makes the first key durable in the vault, lets go of it, and closes the vault
    /// before it hands the device over with the poster.
    ///
    /// # Errors
    /// [`PostError::BadIngestKey`], [`PostError::BadDropKey`]: found here, by the worker, and not at the child's first
    /// post. [`PostError::NoRandomness`].
    pub fn begin(
        to: &IngestPublicKey,
        drop: &DropPublicKey,
    ) -> Result<(FirstKey, FamilyPoster), PostError> {
        let first = FirstKey {
            session: random_public()?,
            key: random()?,
        };
        let poster = FamilyPoster::new(&first, to, drop);
        poster.draft(random()?, &[])?;
        Ok((first, poster))
    }
}

/// What is in memory while the device is handed over: two public keys, the present ratchet key and tag, and how much
/// has been posted. It opens nothing, not even what it has just posted. Wiped on drop; never stored. Neither copied
/// nor printed:
///
/// ```
/// fn post(poster: &mut visitbook_seal::family::FamilyPoster) -> bool { poster.post(b"a wish").is_ok() }
/// ```
/// ```compile_fail
/// fn copy(poster: &visitbook_seal::family::FamilyPoster) -> visitbook_seal::family::FamilyPoster { poster.clone() }
/// ```
/// ```compile_fail
/// fn print(poster: &visitbook_seal::family::FamilyPoster) { println!("{poster:?}"); }
/// ```
pub struct FamilyPoster {
    to: IngestPublicKey,
    drop: DropPublicKey,
    pub(super) ratchet: Ratchet,
    posted_bytes: usize,
}

impl FamilyPoster {
    pub(super) fn new(first: &FirstKey, to: &IngestPublicKey, drop: &DropPublicKey) -> Self {
        Self {
            to: *to,
            drop: *drop,
            ratchet: Ratchet::new(first.session, first.key.duplicate()),
            posted_bytes: 0,
        }
    }

    /// The session's name, as it stands in its posts.
    #[must_use]
    pub fn session(&self) -> [u8; 16] {
        self.ratchet.session
    }

    /// How many posts were made.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.ratchet.index
    }

    /// Seals what was handed in. The exact bytes will be read again; nothing is re-encoded.
    ///
    /// A post that was made has its place in the chain for good. If it cannot be stored at once, keep the returned bytes
    /// and store them later: to post the same content again would leave a gap, which reads as a removal.
    ///
    /// # Errors
    /// [`PostError`]; nothing has changed then.
    pub fn post(&mut self, content: &[u8]) -> Result<FamilyPost, PostError> {
        if self.ratchet.index >= MAX_POSTS {
            return Err(PostError::TooManyPosts);
        }
        if content.len() > MAX_POST {
            return Err(PostError::PostTooLarge);
        }
        if content.len() > MAX_SESSION - self.posted_bytes {
            return Err(PostError::SessionFull);
        }
        let draft = self.draft(random()?, content)?;
        self.seal(draft)
    }

    fn draft<'d>(&self, content_key: Secret32, content: &'d [u8]) -> Result<Draft<'d>, PostError> {
        let bad = |error, bad_key| match error {
            EncapsulateError::NoRandomness => PostError::NoRandomness,
            EncapsulateError::BadKey => bad_key,
        };
        Ok(Draft {
            session: self.ratchet.session,
            index: self.ratchet.index,
            ingest_key: self.to.id,
            content,
            content_key,
            council: encapsulate(&self.to.key, Purpose::FamilyCouncil, &self.to.id)
                .map_err(|error| bad(error, PostError::BadIngestKey))?,
            worker: encapsulate(&self.drop.0, Purpose::FamilyWorker, &[])
                .map_err(|error| bad(error, PostError::BadDropKey))?,
        })
    }

    fn seal(&mut self, draft: Draft<'_>) -> Result<FamilyPost, PostError> {
        let (enc, length) = (draft.council.0, draft.content.len());
        let mut bytes = draft.seal().map_err(|_| PostError::PostTooLarge)?;
        let tag = self.ratchet.tag(&bytes);
        bytes.extend_from_slice(&tag);
        let index = self.ratchet.index;
        self.ratchet.advance(tag);
        self.posted_bytes += length;
        Ok(FamilyPost { enc, index, bytes })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::envelope::{IngestKey, IngestKeys, OpenError};
    use crate::family::{End, FamilyChain, open_family_post_with};
    use crate::kem::{encapsulate_with, public_of};

    /// The stored vector, byte for byte, from the same randomness; `tests/golden.rs` opens it from the other side.
    #[test]
    fn the_family_vector() {
        let file = include_str!("../../tests/vectors/family.txt");
        let field = |name: &str| {
            let line = file
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))
                .unwrap();
            let hex = |at| u8::from_str_radix(&line[at..at + 2], 16).unwrap();
            (0..line.len()).step_by(2).map(hex).collect::<Vec<u8>>()
        };
        let secret = |name: &str| Secret32::from_slice(&field(name)).unwrap();
        let to = IngestKey::from_secret(secret("ingest secret")).public();
        let drop = DropPublicKey(public_of(&secret("drop secret")));
        let first =
            FirstKey::from_secret(&crate::secret::Secret::from_slice(&field("first key")).unwrap());
        let mut poster = FamilyPoster::new(&first, &to, &drop);
        for number in ["0", "1"] {
            let content = field(&format!("content {number}"));
            let draw = |what: &str| secret(&format!("{what} randomness {number}"));
            let draft = Draft {
                council: encapsulate_with(draw("council"), &to.key, Purpose::FamilyCouncil, &to.id)
                    .ok()
                    .unwrap(),
                worker: encapsulate_with(draw("worker"), &drop.0, Purpose::FamilyWorker, &[])
                    .ok()
                    .unwrap(),
                ..poster
                    .draft(secret(&format!("content key {number}")), &content)
                    .unwrap()
            };
            let post = poster.seal(draft).unwrap();
            assert_eq!(post.bytes, field(&format!("post {number}")));
        }
    }

    #[test]
    fn what_the_poster_holds_opens_nothing_and_its_old_keys_are_gone() {
        let ingest = IngestKey::generate().unwrap();
        let drop_key = random().unwrap();
        let drop = DropPublicKey(public_of(&drop_key));
        let (first, mut poster) = FamilySession::begin(&ingest.public(), &drop).unwrap();
        assert!(poster.ratchet.key.equals(&first.key));
        let post = poster.post(b"I want to see Gran").unwrap();
        assert!(!poster.ratchet.key.equals(&first.key));
        // Everything that is in memory now, tried as a drop key.
        for held in [
            &poster.ratchet.key.expose()[..],
            &poster.ratchet.previous,
            &poster.drop.0,
            &poster.to.key,
        ] {
            let key = Secret32::from_slice(held).unwrap();
            assert!(open_family_post_with(&key, &post.bytes).is_err());
        }
        assert!(open_family_post_with(&drop_key, &post.bytes).is_ok());
    }

    /// SD-09: a post that cannot be sealed changes nothing, and the next one takes its place.
    #[test]
    fn a_post_that_fails_uses_nothing_up() {
        let ingest = IngestKey::generate().unwrap();
        let drop = DropPublicKey(public_of(&random().unwrap()));
        let (first, _) = FamilySession::begin(&ingest.public(), &drop).unwrap();
        let mut poster = FamilyPoster::new(&first, &ingest.public(), &DropPublicKey([0; 32]));
        assert_eq!(poster.post(b"a wish"), Err(PostError::BadDropKey));
        poster.drop = drop;
        poster.to.key = [0; 32];
        assert_eq!(poster.post(b"a wish"), Err(PostError::BadIngestKey));
        poster.to = ingest.public();
        assert_eq!((poster.count(), poster.posted_bytes), (0, 0));
        let post = poster.post(b"a wish").unwrap().bytes;
        assert_eq!(
            FamilyChain::verify(&first, [&post[..]], Some(1)),
            Ok(End::Confirmed)
        );
    }

    /// A device that does not keep to the limit does not make its readers take more.
    #[test]
    fn readers_hold_the_limit_too() {
        let ingest = IngestKey::generate().unwrap();
        let drop_key = random().unwrap();
        let drop = DropPublicKey(public_of(&drop_key));
        let (_, mut poster) = FamilySession::begin(&ingest.public(), &drop).unwrap();
        let keys = IngestKeys::from_iter([ingest]);
        let content = vec![0; MAX_POST + 1];
        for (content, good) in [(&content[1..], true), (&content[..], false)] {
            let draft = poster.draft(random().unwrap(), content).unwrap();
            let post = poster.seal(draft).unwrap().bytes;
            let council = keys.open_family_post(&post);
            let worker = open_family_post_with(&drop_key, &post);
            for opened in [council, worker] {
                match opened {
                    Ok(opened) => assert!(good && opened.content == content),
                    Err(error) => assert!(!good && error == OpenError::BadContent),
                }
            }
        }
    }
}

//! Family mode: the device is in a child's hands, the vault is closed, and what is handed in must be kept without
//! anything on the device being able to read it, change it or take it away unseen.
//!
//! [`FamilySession::begin`] makes a random first key. It is committed in the vault and, for the council's eyes alone,
//! sent to it ([`FirstKey`]). What stays in memory while the vault is closed ([`FamilyPoster`]) holds two public keys
//! and the *present* ratchet key, from which no earlier one can be computed. Each post gets a key of its own, sealed
//! to the council and to the worker, and a tag that only the key of its place could make:
//!
//! ```text
//! tag(i) = HMAC(K(i), label ‖ tag(i-1) ‖ i ‖ SHA-256(everything before the tag))      tag(-1) is zeros
//! K(i+1) = HKDF(salt session, K(i), label), and K(i) is wiped
//! ```
//!
//! So whoever takes the device, with all its memory, after post *i* can add posts and cannot replace *i* or anything
//! before it. Whoever knows the first key walks the chain ([`FamilyChain::verify`]) and sees where it was touched. That
//! is evidence beside the words, never a condition for keeping them: a post that opens is a record, whatever the
//! chain says.
//!
//! ```text
//! offset  0  header of every envelope (kind 2, class soon); `enc` is the council's encapsulation, `number` the index
//!        51  session, 16 bytes, random
//!        67  the worker's encapsulation, 32 bytes
//!        99  content key sealed to the council, 32 bytes and a 16-byte tag; associated data: offset 0 to 67
//!       147  the same, sealed to the worker
//!       195  ChaCha20-Poly1305 of the compressed, padded content, and its 16-byte tag; associated data: offset 0 to 67
//!       end  ratchet tag, 32 bytes
//! ```
//!
//! The content's associated data leaves the two wraps out, so that damage to one of them does not cost the other
//! reader the words; the ratchet tag covers everything.
//!
//! Not guaranteed: who in the room handed something in. That the *last* posts are all there is known only from a
//! count that the caller keeps elsewhere. How long a session lasts, and that what was handed in is stored before the
//! child is told so, are the caller's. Posts show to whoever holds the bytes which of them belong together.

mod chain;
mod post;
mod poster;

pub use chain::{Broken, End, FamilyChain, Fault};
pub use post::{MAX_FAMILY_POST_BYTES, OpenedPost, open_family_post_with};
pub use poster::{DropPublicKey, FamilyPost, FamilyPoster, FamilySession, PostError};

use crate::hash::{derive, hmac_sha256, sha256};
use crate::purpose::Purpose;
use crate::secret::{Secret, Secret32};

/// Most posts in a session.
pub const MAX_POSTS: u64 = 50;
/// Most bytes in one post.
pub const MAX_POST: usize = 5 * 1024 * 1024;
/// Most bytes in all posts of a session together.
pub const MAX_SESSION: usize = 25 * 1024 * 1024;

/// What opens the chain of a session: its name and its first ratchet key. With it posts can be forged, so it is kept
/// in the vault and at the council only. Neither copied nor printed:
///
/// ```
/// fn store(first: &visitbook_seal::family::FirstKey) -> usize { first.to_secret().expose().len() }
/// ```
/// ```compile_fail
/// fn copy(first: &visitbook_seal::family::FirstKey) -> visitbook_seal::family::FirstKey { first.clone() }
/// ```
/// ```compile_fail
/// fn print(first: &visitbook_seal::family::FirstKey) { println!("{first:?}"); }
/// ```
pub struct FirstKey {
    session: [u8; 16],
    key: Secret32,
}

impl FirstKey {
    /// The session's name, as it stands in its posts.
    #[must_use]
    pub fn session(&self) -> [u8; 16] {
        self.session
    }

    /// Session and key, to be stored in the vault and put into the payload that the council alone reads.
    #[must_use]
    pub fn to_secret(&self) -> Secret<48> {
        Secret::filled(|out| {
            out[..16].copy_from_slice(&self.session);
            out[16..].copy_from_slice(self.key.expose());
        })
    }

    /// What [`FirstKey::to_secret`] gave.
    #[must_use]
    pub fn from_secret(secret: &Secret<48>) -> Self {
        let mut session = [0; 16];
        session.copy_from_slice(&secret.expose()[..16]);
        Self {
            session,
            key: Secret32::filled(|out| out.copy_from_slice(&secret.expose()[16..])),
        }
    }
}

/// The place in the chain that the next post takes: how it is tagged on one side and checked on the other.
struct Ratchet {
    session: [u8; 16],
    key: Secret32,
    previous: [u8; 32],
    index: u64,
}

impl Ratchet {
    fn new(session: [u8; 16], key: Secret32) -> Self {
        Self {
            session,
            key,
            previous: [0; 32],
            index: 0,
        }
    }

    fn tag(&self, message: &[u8]) -> [u8; 32] {
        hmac_sha256(
            self.key.expose(),
            &[
                Purpose::FamilyTag.label().as_bytes(),
                &[0],
                &self.previous,
                &self.index.to_be_bytes(),
                &sha256(message),
            ],
        )
    }

    /// Goes on past the post that got this tag. The key that made it is wiped.
    fn advance(&mut self, tag: [u8; 32]) {
        self.key = derive(
            Purpose::FamilyRatchet,
            &self.session,
            &[self.key.expose()],
            &[],
        );
        self.previous = tag;
        self.index += 1;
    }
}

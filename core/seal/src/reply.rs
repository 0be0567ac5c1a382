//! The council's replies to uploads. An upload may be carried by a colleague's phone and its reply may arrive while
//! the vault is locked, so a reply is sealed under a secret that the session's own device keeps in its vault, and
//! can be stored unopened. Each reply draws its own nonce, since one session's uploads are answered many times and
//! by several server processes that share no counter.
//!
//! Layout: nonce, 32 bytes ‖ ChaCha20-Poly1305 under HKDF(secret, nonce), compressed and padded inside.

use crate::aead;
use crate::hash::derive;
use crate::pack;
use crate::purpose::Purpose;
use crate::secret::{NoRandomness, Secret32, random_public};

const NONCE: usize = 32;

/// Why a reply was not sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealReplyError {
    /// The operating system gave no randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// More than [`crate::MAX_PLAINTEXT`] bytes.
    #[error("too large to seal")]
    TooLarge,
}

/// The reply was changed, cut short, or is for another session. To be treated as a fault of the connection: what it
/// would have acknowledged stays unacknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the reply does not open")]
pub struct ReplyDoesNotOpen;

/// Seals one reply under a session's secret.
///
/// # Errors
/// [`SealReplyError`].
pub fn seal_reply(secret: &Secret32, plaintext: &[u8]) -> Result<Vec<u8>, SealReplyError> {
    let nonce: [u8; NONCE] = random_public()?;
    let mut bytes = nonce.to_vec();
    if !pack::pack(plaintext, &mut bytes) {
        return Err(SealReplyError::TooLarge);
    }
    let key = derive(Purpose::Reply, &nonce, &[secret.expose()], &[]);
    aead::seal(key, &nonce, &mut bytes, NONCE).map_err(|_| SealReplyError::TooLarge)?;
    Ok(bytes)
}

/// Opens a reply sealed by [`seal_reply`] under the same secret.
///
/// # Errors
/// [`ReplyDoesNotOpen`], whatever the cause.
pub fn open_reply(secret: &Secret32, reply: &[u8]) -> Result<Vec<u8>, ReplyDoesNotOpen> {
    let (nonce, sealed) = reply.split_first_chunk::<NONCE>().ok_or(ReplyDoesNotOpen)?;
    let key = derive(Purpose::Reply, nonce, &[secret.expose()], &[]);
    let packed = aead::open(&key, nonce, sealed).map_err(|_| ReplyDoesNotOpen)?;
    pack::unpack(packed).map_err(|_| ReplyDoesNotOpen)
}

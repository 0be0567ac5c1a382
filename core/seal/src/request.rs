//! Every exchange that is not an upload: a fresh encapsulation to the council's ingest key for each request, and the
//! reply sealed under a secret exported from it (the pattern of RFC 9458). A proxy that opens TLS sees the route and
//! rough sizes, nothing else. The route is bound in, so that a request cannot be replayed to another one.
//!
//! Not guaranteed here: who sent it (the caller signs the plaintext with [`crate::purpose::Purpose::Request`]), and
//! that it is not replayed to the same route (the caller's messages are idempotent or carry their own token).
//!
//! Layout: suite byte ‖ ingest key id, 8 bytes ‖ enc, 32 bytes ‖ ChaCha20-Poly1305, compressed and padded inside.

use crate::SUITE;
use crate::aead;
use crate::envelope::{HeaderError, IngestKeys, IngestPublicKey, OpenError, SealError};
use crate::kem::{Context, decapsulate, encapsulate};
use crate::pack;
use crate::purpose::Purpose;
use crate::reply::{ReplyDoesNotOpen, SealReplyError, open_reply, seal_reply};
use crate::secret::Secret32;

const HEAD: usize = 1 + 8 + 32;

/// The device's half of an exchange: opens the reply to the one request it was made with. Wiped on drop.
pub struct ReplyOpener(Secret32);

/// The council's half of an exchange: seals the reply to the one request it was made with. Wiped on drop.
pub struct ReplySealer(Secret32);

impl ReplyOpener {
    /// Opens the reply.
    ///
    /// # Errors
    /// [`ReplyDoesNotOpen`]: to be treated as a fault of the connection.
    pub fn open(&self, reply: &[u8]) -> Result<Vec<u8>, ReplyDoesNotOpen> {
        open_reply(&self.0, reply)
    }
}

impl ReplySealer {
    /// Seals the reply.
    ///
    /// # Errors
    /// [`SealReplyError`].
    pub fn seal(&self, plaintext: &[u8]) -> Result<Vec<u8>, SealReplyError> {
        seal_reply(&self.0, plaintext)
    }
}

/// Seals a request for `route` to the council.
///
/// # Errors
/// [`SealError`].
pub fn seal_request(
    to: &IngestPublicKey,
    route: &str,
    plaintext: &[u8],
) -> Result<(Vec<u8>, ReplyOpener), SealError> {
    let (enc, context) = encapsulate(&to.key, Purpose::SealedRequest, route.as_bytes())?;
    let mut bytes = Vec::with_capacity(HEAD);
    bytes.push(SUITE);
    bytes.extend_from_slice(&to.id);
    bytes.extend_from_slice(&enc);
    let aad = [&bytes, route.as_bytes()].concat();
    if !pack::pack(plaintext, &mut bytes) {
        return Err(SealError::TooLarge);
    }
    aead::seal(request_key(&context), &aad, &mut bytes, HEAD).map_err(|_| SealError::TooLarge)?;
    Ok((bytes, ReplyOpener(reply_secret(&context))))
}

impl IngestKeys {
    /// Opens a request that was sealed for `route`.
    ///
    /// # Errors
    /// [`OpenError`]; a request for another route is [`OpenError::Damaged`].
    pub fn open_request(
        &self,
        route: &str,
        request: &[u8],
    ) -> Result<(Vec<u8>, ReplySealer), OpenError> {
        match request.first() {
            Some(&SUITE) => {}
            Some(&other) => return Err(HeaderError::UnknownSuite(other).into()),
            None => return Err(HeaderError::TooShort.into()),
        }
        let (head, sealed) = request
            .split_first_chunk::<HEAD>()
            .ok_or(HeaderError::TooShort)?;
        let (mut id, mut enc) = ([0; 8], [0; 32]);
        id.copy_from_slice(&head[1..9]);
        enc.copy_from_slice(&head[9..]);
        let private = self.private(&id).ok_or(OpenError::UnknownIngestKey(id))?;
        let context = decapsulate(private, &enc, Purpose::SealedRequest, route.as_bytes())
            .map_err(|_| OpenError::Damaged)?;
        let aad = [head, route.as_bytes()].concat();
        let packed =
            aead::open(&request_key(&context), &aad, sealed).map_err(|_| OpenError::Damaged)?;
        Ok((pack::unpack(packed)?, ReplySealer(reply_secret(&context))))
    }
}

fn request_key(context: &Context) -> Secret32 {
    context.export(Purpose::SealedRequest, &[])
}

fn reply_secret(context: &Context) -> Secret32 {
    context.export(Purpose::RequestReply, &[])
}

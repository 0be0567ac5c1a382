//! Cryptography that proves nothing and costs nothing, for the simulator alone.
//!
//! A signature is a checksum under the signer's name, sealing is a checksum under the session's name. So a flipped bit, a
//! reply to somebody else and a forged signature are noticed, at the price of a few multiplications.

use std::cell::Cell;

use visitbook_device::sync::store::ParcelKey;
use visitbook_server::suite::Suite;

use super::names;
use super::rng::mix;

/// A checksum of `bytes` under `key` and a purpose.
pub(crate) fn tag(purpose: u64, key: &[u8], bytes: &[u8]) -> [u8; 8] {
    let mut state = mix(purpose ^ 0x51ab_1e5e);
    for part in [key, bytes] {
        state = mix(state ^ part.len() as u64);
        let mut chunks = part.chunks_exact(8);
        for chunk in &mut chunks {
            let mut word = [0u8; 8];
            word.copy_from_slice(chunk);
            state = (state ^ u64::from_le_bytes(word)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            state ^= state >> 29;
        }
        let rest = chunks.remainder();
        let mut word = [0u8; 8];
        word[..rest.len()].copy_from_slice(rest);
        state = (state ^ u64::from_le_bytes(word)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        state ^= state >> 31;
    }
    mix(state).to_le_bytes()
}

const COMMIT: u64 = 1;
const RECEIPT: u64 = 2;
const ENVELOPE: u64 = 3;
const ANSWER: u64 = 4;
const REQUEST: u64 = 5;
const PAGE: u64 = 6;

const RECEIPT_KEY: [u8; 32] = [0x5E; 32];

/// A device's signature over a commit.
pub(crate) fn sign_commit(key: &[u8; 32], bytes: &[u8]) -> Vec<u8> {
    tag(COMMIT, key, bytes).to_vec()
}

pub(crate) fn commit_verifies(key: &[u8; 32], bytes: &[u8], signature: &[u8]) -> bool {
    tag(COMMIT, key, bytes) == signature
}

pub(crate) fn receipt_verifies(bytes: &[u8], signature: &[u8]) -> bool {
    tag(RECEIPT, &RECEIPT_KEY, bytes) == signature
}

/// The council's side.
#[derive(Default)]
pub(crate) struct NullSuite {
    drawn: Cell<u64>,
}

impl Suite for NullSuite {
    fn verify_commit(&self, public_key: &[u8; 32], bytes: &[u8], signature: &[u8]) -> bool {
        commit_verifies(public_key, bytes, signature)
    }

    fn sign_commit(&self, bytes: &[u8]) -> Vec<u8> {
        sign_commit(&names::key_of(names::WRITER.device), bytes)
    }

    fn sign_receipt(&self, statement: &[u8]) -> Vec<u8> {
        tag(RECEIPT, &RECEIPT_KEY, statement).to_vec()
    }

    fn random(&self) -> Option<[u8; 16]> {
        let drawn = self.drawn.get() + 1;
        self.drawn.set(drawn);
        let mut bytes = [0u8; 16];
        bytes[..8].copy_from_slice(&mix(drawn).to_le_bytes());
        bytes[8..].copy_from_slice(&drawn.to_le_bytes());
        Some(bytes)
    }
}

/// Reads a message of the simulator's own wire. That it is the only way to write it is proven for what is signed, not here.
pub(crate) fn read<'b, T: minicbor::Decode<'b, ()>>(bytes: &'b [u8]) -> Option<T> {
    minicbor::decode(bytes).ok()
}

fn split<const N: usize>(bytes: &[u8]) -> Option<([u8; N], &[u8])> {
    let (head, rest) = bytes.split_at_checked(N)?;
    Some((head.try_into().ok()?, rest))
}

/// An envelope: session, number, checksum, body.
pub(crate) fn seal_envelope(key: &ParcelKey, body: &[u8]) -> Vec<u8> {
    let number = key.number.to_be_bytes();
    let mut bytes = Vec::with_capacity(48 + body.len());
    bytes.extend(key.session);
    bytes.extend(number);
    bytes.extend(tag(ENVELOPE ^ (key.number << 8), &key.session, body));
    bytes.extend(body);
    bytes
}

pub(crate) fn open_envelope(bytes: &[u8]) -> Option<(ParcelKey, &[u8])> {
    let (session, rest) = split::<32>(bytes)?;
    let (number, rest) = split::<8>(rest)?;
    let (sum, body) = split::<8>(rest)?;
    let key = ParcelKey {
        session,
        number: u64::from_be_bytes(number),
    };
    (tag(ENVELOPE ^ (key.number << 8), &session, body) == sum).then_some((key, body))
}

/// The answer to one session's envelopes: whoever knows the session opens it, whenever it comes.
pub(crate) fn seal_answer(session: &[u8; 32], body: &[u8]) -> Vec<u8> {
    let mut bytes = tag(ANSWER, session, body).to_vec();
    bytes.extend(body);
    bytes
}

pub(crate) fn open_answer<'a>(session: &[u8; 32], bytes: &'a [u8]) -> Option<&'a [u8]> {
    let (sum, body) = split::<8>(bytes)?;
    (tag(ANSWER, session, body) == sum).then_some(body)
}

/// A signed request: signature, a nonce that its reply is bound to, the request.
pub(crate) fn seal_request(key: &[u8; 32], nonce: [u8; 8], body: &[u8]) -> Vec<u8> {
    let mut signed = nonce.to_vec();
    signed.extend(body);
    let mut bytes = tag(REQUEST, key, &signed).to_vec();
    bytes.extend(signed);
    bytes
}

/// Nonce and request. Whose key must have signed it, the request says.
pub(crate) fn open_request(bytes: &[u8]) -> Option<([u8; 8], &[u8])> {
    let (_, rest) = split::<8>(bytes)?;
    split::<8>(rest)
}

/// Whether this key signed a whole request.
pub(crate) fn request_verifies(key: &[u8; 32], request: &[u8]) -> bool {
    split::<8>(request).is_some_and(|(signature, signed)| tag(REQUEST, key, signed) == signature)
}

/// A reply that opens only for the request with this nonce.
pub(crate) fn seal_page(nonce: [u8; 8], body: &[u8]) -> Vec<u8> {
    let mut bytes = tag(PAGE, &nonce, body).to_vec();
    bytes.extend(body);
    bytes
}

pub(crate) fn open_page(nonce: [u8; 8], bytes: &[u8]) -> Option<&[u8]> {
    let (sum, body) = split::<8>(bytes)?;
    (tag(PAGE, &nonce, body) == sum).then_some(body)
}

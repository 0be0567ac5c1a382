//! Cryptography that proves nothing and costs nothing, for the simulator alone.
//!
//! A signature is a checksum under the signer's name, sealing is a checksum under the session's name. So a flipped bit, a
//! reply to somebody else and a forged signature are noticed, at the price of a few multiplications.

use std::cell::Cell;

use visitbook_device::sync::store::ParcelKey;
use visitbook_record::cbor::encode;
use visitbook_record::id::DeviceId;
use visitbook_server::family::OpensPosts;
use visitbook_server::store::Device;
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
const KEYS: u64 = 7;
const POST: u64 = 8;

/// What every sealed post begins with, and no session of a phone does.
const POST_MARK: u8 = 0xFA;

/// The council's receipt key of an epoch.
fn receipt_key(epoch: u64) -> [u8; 32] {
    let mut key = [0x5E; 32];
    key[..8].copy_from_slice(&epoch.to_be_bytes());
    key
}

/// A device's signature over a commit.
pub(crate) fn sign_commit(key: &[u8; 32], bytes: &[u8]) -> Vec<u8> {
    tag(COMMIT, key, bytes).to_vec()
}

pub(crate) fn commit_verifies(key: &[u8; 32], bytes: &[u8], signature: &[u8]) -> bool {
    tag(COMMIT, key, bytes) == signature
}

pub(crate) fn receipt_verifies(epoch: u64, bytes: &[u8], signature: &[u8]) -> bool {
    tag(RECEIPT, &receipt_key(epoch), bytes) == signature
}

/// The council's side.
pub(crate) struct NullSuite {
    drawn: Cell<u64>,
    /// Whose keys sign.
    pub(crate) epoch: u64,
}

impl NullSuite {
    pub(crate) const fn new() -> Self {
        Self {
            drawn: Cell::new(0),
            epoch: 1,
        }
    }
}

impl Suite for NullSuite {
    fn verify_commit(&self, public_key: &[u8; 32], bytes: &[u8], signature: &[u8]) -> bool {
        commit_verifies(public_key, bytes, signature)
    }

    fn sign_commit(&self, bytes: &[u8]) -> Vec<u8> {
        sign_commit(&names::key_of(names::writer(self.epoch).device), bytes)
    }

    fn sign_receipt(&self, statement: &[u8]) -> Vec<u8> {
        tag(RECEIPT, &receipt_key(self.epoch), statement).to_vec()
    }

    fn verify_receipt(&self, epoch: u64, statement: &[u8], signature: &[u8]) -> bool {
        receipt_verifies(epoch, statement, signature)
    }

    /// Here a certificate is the name of its device; those that this server lacks are writers of epochs that were lost.
    fn certified(&self, certificate: &[u8]) -> Option<Device> {
        let id = DeviceId(certificate.try_into().ok()?);
        names::is_writer(&id).then(|| super::council::writer_device(id))
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

/// What the council says of its present epoch: number, random name, and what was kept of each log.
pub(crate) type Bundle = (u64, [u8; 16], Vec<(Vec<u8>, u64)>);

/// The council's key bundle, of which only the epoch matters here.
pub(crate) fn seal_keys(bundle: &Bundle) -> Vec<u8> {
    let (number, id, base) = bundle;
    let body = encode(&(*number, minicbor::bytes::ByteArray::from(*id), base));
    let mut bytes = tag(KEYS, &[], &body).to_vec();
    bytes.extend(body);
    bytes
}

pub(crate) fn open_keys(bytes: &[u8]) -> Option<Bundle> {
    let (sum, body) = split::<8>(bytes)?;
    if tag(KEYS, &[], body) != sum {
        return None;
    }
    let (number, id, base): (u64, minicbor::bytes::ByteArray<16>, Vec<(Vec<u8>, u64)>) =
        read(body)?;
    Some((number, *id, base))
}

/// What a child handed in, sealed.
pub(crate) struct OpenPost<'b> {
    /// The name under which its answer is found.
    pub(crate) enc: [u8; 32],
    pub(crate) session: [u8; 16],
    pub(crate) index: u64,
    pub(crate) record: [u8; 16],
    pub(crate) content: &'b [u8],
}

/// Seals a post, and gives the name under which its answer will be found.
pub(crate) fn seal_post(
    session: &[u8; 16],
    index: u64,
    record: &[u8; 16],
    content: &[u8],
) -> ([u8; 32], Vec<u8>) {
    let mut enc = [POST_MARK; 32];
    enc[1..17].copy_from_slice(session);
    enc[17..25].copy_from_slice(&index.to_be_bytes());
    let mut body = session.to_vec();
    body.extend(index.to_be_bytes());
    body.extend(record);
    body.extend(content);
    let mut bytes = enc.to_vec();
    bytes.extend(tag(POST, &enc, &body));
    bytes.extend(body);
    (enc, bytes)
}

pub(crate) fn open_post(bytes: &[u8]) -> Option<OpenPost<'_>> {
    if bytes.first() != Some(&POST_MARK) {
        return None;
    }
    let (enc, rest) = split::<32>(bytes)?;
    let (sum, body) = split::<8>(rest)?;
    if tag(POST, &enc, body) != sum {
        return None;
    }
    let (session, rest) = split::<16>(body)?;
    let (index, rest) = split::<8>(rest)?;
    let (record, content) = split::<16>(rest)?;
    Some(OpenPost {
        enc,
        session,
        index: u64::from_be_bytes(index),
        record,
        content,
    })
}

/// The council's ingest keys.
pub(crate) struct NullKeys;

impl OpensPosts for NullKeys {
    fn content_of(&self, post: &[u8]) -> Option<Vec<u8>> {
        open_post(post).map(|open| open.content.to_vec())
    }
}

//! Hashes, and key derivation from a secret that is already uniformly random, in one place so that every use names
//! its purpose.

use ring::{digest, hkdf, hmac};

use crate::purpose::Purpose;
use crate::secret::Secret32;

/// SHA-256 of `bytes`.
#[must_use]
pub fn sha256(bytes: &[u8]) -> [u8; 32] {
    sha256_parts(&[bytes])
}

/// The fingerprint of a public key, as it stands in an enrolment code: SHA-256 under its own label, so that it can
/// never be mistaken for the hash of something else.
#[must_use]
pub fn fingerprint(public_key: &[u8]) -> [u8; 32] {
    sha256_parts(&[Purpose::Fingerprint.label().as_bytes(), &[0], public_key])
}

pub(crate) fn sha256_parts(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.finish().as_ref());
    out
}

pub(crate) fn hmac_sha256(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    for part in parts {
        context.update(part);
    }
    let mut out = [0; 32];
    out.copy_from_slice(context.sign().as_ref());
    out
}

/// HKDF-SHA256 (RFC 5869) with the purpose's label, a zero byte and `info` as context.
pub(crate) fn derive(purpose: Purpose, salt: &[u8], ikm: &[&[u8]], info: &[&[u8]]) -> Secret32 {
    let joined = zeroize::Zeroizing::new(ikm.concat());
    let prk = hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(&joined);
    let mut context = vec![purpose.label().as_bytes(), &[0]];
    context.extend_from_slice(info);
    Secret32::filled(|out| {
        // 32 bytes are one block of HKDF-SHA256, far below its limit of 255 blocks, which is all that can fail.
        let filled = prk
            .expand(&context, hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(out));
        debug_assert!(filled.is_ok());
    })
}

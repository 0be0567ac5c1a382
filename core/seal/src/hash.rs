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
        let filled = prk
            .expand(&context, hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(out));
        let Ok(()) = filled else {
            unreachable!("only outputs of more than 255 blocks are refused")
        };
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn sha_256_of_abc_is_as_published() {
        let expected = [
            0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae,
            0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61,
            0xf2, 0x00, 0x15, 0xad,
        ];
        assert_eq!(sha256(b"abc"), expected);
        assert_eq!(sha256_parts(&[b"a", b"", b"bc"]), expected);
        assert_ne!(fingerprint(b"abc"), expected);
    }

    /// RFC 4231, test case 2.
    #[test]
    fn hmac_is_as_published() {
        let mac = hmac_sha256(b"Jefe", &[b"what do ya want ", b"for nothing?"]);
        assert_eq!(mac[..8], [0x5b, 0xdc, 0xc1, 0x46, 0xbf, 0x60, 0x75, 0x4e]);
        assert_eq!(
            mac[24..],
            [0x9d, 0xec, 0x58, 0xb9, 0x64, 0xec, 0x38, 0x43][..]
        );
    }

    #[test]
    fn every_input_of_a_derivation_counts() {
        let base = derive(Purpose::Reply, b"salt", &[b"key"], &[b"info"]);
        assert!(base.equals(&derive(
            Purpose::Reply,
            b"salt",
            &[b"k", b"ey"],
            &[b"in", b"fo"]
        )));
        for other in [
            derive(Purpose::VaultWrap, b"salt", &[b"key"], &[b"info"]),
            derive(Purpose::Reply, b"salT", &[b"key"], &[b"info"]),
            derive(Purpose::Reply, b"salt", &[b"keY"], &[b"info"]),
            derive(Purpose::Reply, b"salt", &[b"key"], &[b"infO"]),
        ] {
            assert!(!base.equals(&other));
        }
    }
}

//! Ed25519 signatures (RFC 8032), each for one named purpose.
//!
//! Signatures here are evidence that may be read years later, so one signature must verify for one key and one
//! message only. *ring* refuses a second spelling of the scalar; keys of small order, under which one signature
//! verifies for many messages, are refused here.

use ring::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};

use crate::hash::sha256_parts;
use crate::purpose::Purpose;
use crate::secret::{NoRandomness, Secret32, random};

/// A public Ed25519 key. Any 32 bytes can stand here; only [`verify`] says whether they are good for anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PublicKey(pub [u8; 32]);

impl PublicKey {
    /// The 16 bytes that name this key wherever a commit or a statement has to say who wrote it.
    #[must_use]
    pub fn key_id(&self) -> [u8; 16] {
        let hash = sha256_parts(&[Purpose::DeviceId.label().as_bytes(), &self.0]);
        let mut id = [0; 16];
        id.copy_from_slice(&hash[..16]);
        id
    }
}

/// A detached signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Signature(pub [u8; 64]);

/// The signature is not by this key, for this purpose, over these bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("signature does not verify")]
pub struct BadSignature;

/// A private Ed25519 key. Wiped as far as *ring* allows: the seed is, the expanded key lies on the heap for a wiping
/// allocator to clear.
pub struct SigningKey {
    seed: Secret32,
    pair: Box<Ed25519KeyPair>,
}

impl SigningKey {
    /// A new key from the operating system's randomness.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub fn generate() -> Result<Self, NoRandomness> {
        Ok(Self::from_seed(&random()?))
    }

    /// The key that this seed (RFC 8032 §5.1.5) stands for.
    #[must_use]
    pub fn from_seed(seed: &Secret32) -> Self {
        let Ok(pair) = Ed25519KeyPair::from_seed_unchecked(seed.expose()) else {
            unreachable!("only a length other than 32 is refused, and the type excludes it")
        };
        Self {
            seed: seed.duplicate(),
            pair: Box::new(pair),
        }
    }

    /// The seed, to be stored under a key of its own.
    #[must_use]
    pub fn seed(&self) -> &Secret32 {
        &self.seed
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let mut key = [0; 32];
        key.copy_from_slice(self.pair.public_key().as_ref());
        PublicKey(key)
    }

    /// Signs the purpose's label, a zero byte and `message`. Deterministic.
    #[must_use]
    pub fn sign(&self, purpose: Purpose, message: &[u8]) -> Signature {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(&labelled(purpose, message)).as_ref());
        Signature(signature)
    }
}

/// Checks a signature made by [`SigningKey::sign`].
///
/// # Errors
/// [`BadSignature`] for another key, purpose or message, a changed signature, or a key of small order.
pub fn verify(
    purpose: Purpose,
    key: &PublicKey,
    message: &[u8],
    signature: &Signature,
) -> Result<(), BadSignature> {
    verify_raw(key, &labelled(purpose, message), signature)
}

fn verify_raw(key: &PublicKey, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
    if is_small_order(key) {
        return Err(BadSignature);
    }
    UnparsedPublicKey::new(&ED25519, key.0)
        .verify(message, &signature.0)
        .map_err(|_| BadSignature)
}

fn labelled(purpose: Purpose, message: &[u8]) -> Vec<u8> {
    [purpose.label().as_bytes(), &[0], message].concat()
}

/// The y-coordinates of all points of order 1, 2, 4 and 8, in every spelling that fits 255 bits, little-endian.
const SMALL_ORDER: [[u8; 32]; 7] = {
    const fn field_prime_plus(offset: u8) -> [u8; 32] {
        let mut y = [0xff; 32];
        y[0] = 0xed + offset;
        y[31] = 0x7f;
        y
    }
    let mut one = [0; 32];
    one[0] = 1;
    let mut minus_one = field_prime_plus(0);
    minus_one[0] = 0xec;
    [
        [0; 32],
        one,
        minus_one,
        field_prime_plus(0),
        field_prime_plus(1),
        [
            0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3, 0xf4, 0x89, 0xf2, 0xef,
            0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05, 0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88,
            0x6d, 0x53, 0xfc, 0x05,
        ],
        [
            0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c, 0x0b, 0x76, 0x0d, 0x10,
            0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa, 0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77,
            0x92, 0xac, 0x03, 0x7a,
        ],
    ]
};

fn is_small_order(key: &PublicKey) -> bool {
    let mut y = key.0;
    y[31] &= 0x7f;
    SMALL_ORDER.contains(&y)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn hex<const N: usize>(text: &str) -> [u8; N] {
        let bytes: Vec<u8> = (0..text.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap())
            .collect();
        bytes.try_into().unwrap()
    }

    /// RFC 8032 §7.1, tests 1 to 3, without our label.
    #[test]
    fn rfc_8032_vectors() {
        let vectors: [(&str, &str, &[u8], &str); 3] = [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                &[],
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                &[0x72],
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
            (
                "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
                &[0xaf, 0x82],
                "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
            ),
        ];
        for (seed, public, message, signature) in vectors {
            let key = SigningKey::from_seed(&Secret32::from_slice(&hex::<32>(seed)).unwrap());
            assert_eq!(key.public(), PublicKey(hex(public)));
            assert_eq!(key.pair.sign(message).as_ref(), hex::<64>(signature));
            verify_raw(&key.public(), message, &Signature(hex(signature))).unwrap();
        }
    }

    #[test]
    fn a_signature_is_good_for_one_purpose_one_key_and_one_message() {
        let key = SigningKey::generate().unwrap();
        let signature = key.sign(Purpose::Commit, b"words");
        verify(Purpose::Commit, &key.public(), b"words", &signature).unwrap();
        for purpose in Purpose::ALL
            .into_iter()
            .filter(|purpose| *purpose != Purpose::Commit)
        {
            assert_eq!(
                verify(purpose, &key.public(), b"words", &signature),
                Err(BadSignature)
            );
        }
        let other = SigningKey::generate().unwrap();
        assert!(verify(Purpose::Commit, &other.public(), b"words", &signature).is_err());
        assert!(verify(Purpose::Commit, &key.public(), b"word", &signature).is_err());
        for at in 0..64 {
            let mut changed = signature;
            changed.0[at] ^= 0x10;
            assert!(
                verify(Purpose::Commit, &key.public(), b"words", &changed).is_err(),
                "byte {at}"
            );
        }
    }

    /// S and S + L are the same scalar; only the canonical one may verify, or a signature would have two spellings.
    #[test]
    fn a_malleated_scalar_is_refused() {
        let order: [u8; 32] =
            hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
        let key = SigningKey::generate().unwrap();
        let mut signature = key.sign(Purpose::Commit, b"words");
        let mut carry = 0u16;
        for (byte, add) in signature.0[32..].iter_mut().zip(order) {
            let sum = u16::from(*byte) + u16::from(add) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
        assert_eq!(carry, 0);
        assert!(verify(Purpose::Commit, &key.public(), b"words", &signature).is_err());
    }

    /// With the neutral element as key, R = sB verifies for every message unless such keys are refused.
    #[test]
    fn keys_of_small_order_are_refused() {
        let mut signature = Signature([0; 64]);
        signature.0[0] = 1; // R is the neutral element, s is 0
        let mut accepted_without_the_check = 0;
        for mut y in SMALL_ORDER {
            for sign in [0, 0x80] {
                y[31] = y[31] & 0x7f | sign;
                for message in 0..32u8 {
                    let raw = UnparsedPublicKey::new(&ED25519, y).verify(&[message], &signature.0);
                    accepted_without_the_check += u32::from(raw.is_ok());
                    assert!(verify_raw(&PublicKey(y), &[message], &signature).is_err());
                }
            }
        }
        assert!(
            accepted_without_the_check > 0,
            "the attack works on the primitive, so the check is needed"
        );
    }

    #[test]
    fn key_ids_differ_and_are_stable() {
        assert_eq!(PublicKey([0; 32]).key_id(), PublicKey([0; 32]).key_id());
        assert_ne!(PublicKey([0; 32]).key_id(), PublicKey([1; 32]).key_id());
    }
}

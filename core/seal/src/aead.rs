//! Authenticated encryption, in the one form used here: a key that encrypts exactly one message, so that the nonce
//! can be zero and can never be repeated. Every caller derives such a key from fresh randomness or from a number
//! that is never given back.

use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, UnboundKey};

use crate::secret::Secret32;

/// Length of the authentication tag, in bytes.
pub(crate) const TAG: usize = 16;

/// The bytes were changed, or were made under another key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAuthentic;

fn cipher(key: &Secret32) -> Result<LessSafeKey, NotAuthentic> {
    UnboundKey::new(&CHACHA20_POLY1305, key.expose())
        .map(LessSafeKey::new)
        .map_err(|_| NotAuthentic)
}

fn nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; 12])
}

/// Encrypts `buffer[from..]` in place and appends the tag. The key is consumed: it may encrypt nothing else.
/// Fails only for more than 256 GiB.
pub(crate) fn seal(
    key: Secret32,
    aad: &[u8],
    buffer: &mut Vec<u8>,
    from: usize,
) -> Result<(), NotAuthentic> {
    let cipher = cipher(&key)?;
    let text = buffer.get_mut(from..).ok_or(NotAuthentic)?;
    let tag = cipher
        .seal_in_place_separate_tag(nonce(), Aad::from(aad), text)
        .map_err(|_| NotAuthentic)?;
    buffer.extend_from_slice(tag.as_ref());
    Ok(())
}

/// Decrypts a copy of `sealed`; the result is cut to the plaintext.
pub(crate) fn open(key: &Secret32, aad: &[u8], sealed: &[u8]) -> Result<Vec<u8>, NotAuthentic> {
    let cipher = cipher(key)?;
    let mut buffer = sealed.to_vec();
    let length = cipher
        .open_in_place(nonce(), Aad::from(aad), &mut buffer)
        .map_err(|_| NotAuthentic)?
        .len();
    buffer.truncate(length);
    Ok(buffer)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn opens_only_what_was_sealed() {
        let key = || Secret32::from_slice(&[7; 32]).unwrap();
        let mut sealed = b"header|words".to_vec();
        seal(key(), b"context", &mut sealed, 7).unwrap();
        assert_eq!(&sealed[..7], b"header|");
        let sealed = &sealed[7..];
        assert_eq!(open(&key(), b"context", sealed).unwrap(), b"words");
        assert!(open(&key(), b"contexT", sealed).is_err());
        assert!(open(&Secret32::from_slice(&[8; 32]).unwrap(), b"context", sealed).is_err());
        for at in 0..sealed.len() {
            let mut flipped = sealed.to_vec();
            flipped[at] ^= 1;
            assert!(open(&key(), b"context", &flipped).is_err(), "byte {at}");
        }
        for length in 0..sealed.len() {
            assert!(
                open(&key(), b"context", &sealed[..length]).is_err(),
                "cut to {length}"
            );
        }
    }
}

//! What happens to a plaintext before it is encrypted: it is compressed if that makes it shorter, then padded, so
//! that a watcher of sizes learns the size only roughly. Compression stands inside the encryption and never on
//! the connection, and its expansion has a hard limit, so that a short message cannot exhaust the reader's memory.
//!
//! Layout: form (0 plain, 1 deflate) ‖ [length before compression, big-endian u32, in form 1] ‖ body ‖ 0x80 ‖ zeros.

use miniz_oxide::{deflate, inflate};
use zeroize::Zeroizing;

/// The most that one sealed message may hold before compression, in bytes: a commit with payloads is at most 2 MiB,
/// and the rest is room for a page of a pull.
pub const MAX_PLAINTEXT: usize = 8 * 1024 * 1024;

const PLAIN: u8 = 0;
const DEFLATE: u8 = 1;
const END: u8 = 0x80;
/// Deflate cannot expand by more than this (RFC 1951: 258 bytes from two bits); a claim beyond it is a lie.
const MAX_RATIO: usize = 1032;
/// Shorter than this, compression never saves a step of padding.
const WORTH_COMPRESSING: usize = 64;
const LEVEL: u8 = 6;

/// Why a decrypted message could not be unpacked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum UnpackError {
    TooLarge,
    Malformed,
}

/// The padded length: a multiple of 64 up to 1 KiB, then of the sixteenth of the power of two below.
pub(crate) fn padded(length: usize) -> usize {
    let step = if length <= 1024 {
        64
    } else {
        1 << (length.ilog2() - 4)
    };
    length.div_ceil(step) * step
}

/// Appends the packed form of `plaintext` to `out`, or returns `false`, with `out` untouched, if it is longer than
/// [`MAX_PLAINTEXT`].
pub(crate) fn pack(plaintext: &[u8], out: &mut Vec<u8>) -> bool {
    if plaintext.len() > MAX_PLAINTEXT {
        return false;
    }
    let plain = padded(plaintext.len() + 2);
    let squeezed = (plaintext.len() >= WORTH_COMPRESSING)
        .then(|| Zeroizing::new(deflate::compress_to_vec(plaintext, LEVEL)))
        .filter(|squeezed| padded(squeezed.len() + 6) < plain);
    let start = out.len();
    match squeezed {
        Some(squeezed) => {
            let total = padded(squeezed.len() + 6);
            // Room for the tag as well: growing later would leave a copy of the plaintext behind.
            out.reserve_exact(total + crate::aead::TAG);
            out.push(DEFLATE);
            // Cannot be cut short: MAX_PLAINTEXT is far below 2^32.
            out.extend_from_slice(&(plaintext.len() as u32).to_be_bytes());
            out.extend_from_slice(&squeezed);
            out.push(END);
            out.resize(start + total, 0);
        }
        None => {
            out.reserve_exact(plain + crate::aead::TAG);
            out.push(PLAIN);
            out.extend_from_slice(plaintext);
            out.push(END);
            out.resize(start + plain, 0);
        }
    }
    true
}

pub(crate) fn unpack(packed: Vec<u8>) -> Result<Vec<u8>, UnpackError> {
    let packed = Zeroizing::new(packed);
    let end = packed
        .iter()
        .rposition(|byte| *byte != 0)
        .ok_or(UnpackError::Malformed)?;
    if packed.get(end) != Some(&END) {
        return Err(UnpackError::Malformed);
    }
    match packed.get(..end).and_then(<[u8]>::split_first) {
        Some((&PLAIN, body)) if body.len() > MAX_PLAINTEXT => Err(UnpackError::TooLarge),
        Some((&PLAIN, body)) => Ok(body.to_vec()),
        Some((&DEFLATE, rest)) => {
            let (length, body) = rest
                .split_first_chunk::<4>()
                .ok_or(UnpackError::Malformed)?;
            expand(body, u32::from_be_bytes(*length) as usize)
        }
        _ => Err(UnpackError::Malformed),
    }
}

/// Expands into exactly the claimed length, which is checked before any memory is taken for it.
fn expand(body: &[u8], length: usize) -> Result<Vec<u8>, UnpackError> {
    if length > MAX_PLAINTEXT {
        return Err(UnpackError::TooLarge);
    }
    if length > body.len().saturating_mul(MAX_RATIO) {
        return Err(UnpackError::Malformed);
    }
    let mut out = vec![0; length];
    match inflate::decompress_slice_iter_to_slice(&mut out, std::iter::once(body), false, true) {
        Ok(written) if written == length => Ok(out),
        Err(inflate::TINFLStatus::HasMoreOutput) => Err(UnpackError::TooLarge),
        _ => Err(UnpackError::Malformed),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn padding_follows_the_written_rule() {
        let cases = [
            (1, 64),
            (64, 64),
            (65, 128),
            (1000, 1024),
            (1024, 1024),
            (1025, 1088),
            (2047, 2048),
            (2049, 2176),
            (1_000_001, 1_015_808),
        ];
        for (length, expected) in cases {
            assert_eq!(padded(length), expected, "{length}");
        }
    }

    #[test]
    fn bombs_and_lies_about_the_length_are_refused() {
        let bomb = deflate::compress_to_vec(&vec![0u8; MAX_PLAINTEXT + 1], 9);
        let packed = |length: u32, body: &[u8]| {
            let mut out = vec![DEFLATE];
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(body);
            out.push(END);
            out
        };
        assert_eq!(
            unpack(packed(MAX_PLAINTEXT as u32 + 1, &bomb)),
            Err(UnpackError::TooLarge)
        );
        assert_eq!(unpack(packed(u32::MAX, &bomb)), Err(UnpackError::TooLarge));
        assert_eq!(unpack(packed(1000, &bomb)), Err(UnpackError::TooLarge));
        assert_eq!(
            unpack(packed(MAX_PLAINTEXT as u32, &bomb[..10])),
            Err(UnpackError::Malformed)
        );
        let honest = deflate::compress_to_vec(&[9u8; 500], 6);
        assert_eq!(unpack(packed(500, &honest)).unwrap(), vec![9u8; 500]);
        assert!(unpack(packed(501, &honest)).is_err());
        assert!(unpack(packed(499, &honest)).is_err());
        for bad in [
            &[][..],
            &[0],
            &[0, 0, 0],
            &[PLAIN, 1, 1],
            &[2, END],
            &[END],
            &[DEFLATE, 0, 0, END],
        ] {
            assert_eq!(unpack(bad.to_vec()), Err(UnpackError::Malformed), "{bad:?}");
        }
    }

    #[test]
    fn the_largest_plaintext_fits_and_one_byte_more_does_not() {
        let mut out = Vec::new();
        assert!(pack(&vec![3; MAX_PLAINTEXT], &mut out));
        assert_eq!(unpack(out).unwrap().len(), MAX_PLAINTEXT);
        let mut out = vec![1];
        assert!(!pack(&vec![3; MAX_PLAINTEXT + 1], &mut out));
        assert_eq!(out, [1]);
    }

    proptest! {
        #[test]
        fn what_is_packed_unpacks(plaintext in proptest::collection::vec(any::<u8>(), 0..5000), repeat in 1usize..4) {
            let plaintext = plaintext.repeat(repeat);
            let mut out = b"head".to_vec();
            prop_assert!(pack(&plaintext, &mut out));
            prop_assert!(out.len() - 4 <= padded(plaintext.len() + 2));
            prop_assert_eq!(padded(out.len() - 4), out.len() - 4);
            prop_assert_eq!(unpack(out.split_off(4)).unwrap(), plaintext);
        }

        #[test]
        fn padding_costs_at_most_a_sixteenth_and_never_shrinks(length in 1usize..20_000_000) {
            let to = padded(length);
            prop_assert!(to >= length);
            prop_assert!(to - length < 64.max(length / 16 + 1));
            prop_assert!(padded(length + 1) >= to);
        }

        #[test]
        fn arbitrary_bytes_never_exceed_the_limit(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Ok(out) = unpack(bytes) {
                prop_assert!(out.len() <= MAX_PLAINTEXT);
            }
        }
    }
}

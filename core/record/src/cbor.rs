//! One way to write every value.
//!
//! Everything signed or hashed is deterministic CBOR (RFC 8949 §4.2): arrays in fixed order, definite lengths, shortest
//! integers. The decoder proves it rather than trusting it: what it read is encoded again and must give the same bytes.
//! That refuses indefinite lengths, long integers, extra elements, duplicate keys and trailing bytes in one stroke, at
//! the cost of one more encoding.

use minicbor::{Decode, Encode};

/// The bytes are not one value in the only form we accept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// Not CBOR, or not of the expected shape.
    #[error("the bytes are not of the expected shape")]
    Shape,
    /// The right value, but not written in the one permitted way, or followed by more bytes.
    #[error("the bytes are not written in the one permitted way")]
    NotCanonical,
}

/// Encodes a value. Cannot fail: every writer is a growing buffer.
pub fn encode<T: Encode<()>>(value: &T) -> Vec<u8> {
    // Most of what is written here is a few hundred bytes: growing to that from nothing costs more than writing it.
    let mut bytes = Vec::with_capacity(256);
    match minicbor::encode(value, &mut bytes) {
        Ok(()) => bytes,
        // Writing to a Vec cannot fail, and no encoder here reports an error of its own.
        Err(_) => unreachable!("encoding into memory"),
    }
}

/// Decodes a value and proves that the bytes are its only encoding.
///
/// # Errors
/// [`Malformed`] says whether the shape or only the form was wrong.
pub fn decode<'b, T: Decode<'b, ()> + Encode<()>>(bytes: &'b [u8]) -> Result<T, Malformed> {
    let value: T = minicbor::decode(bytes).map_err(|_| Malformed::Shape)?;
    let mut again = Expected(bytes);
    match minicbor::encode(&value, &mut again) {
        Ok(()) if again.0.is_empty() => Ok(value),
        _ => Err(Malformed::NotCanonical),
    }
}

/// Takes only what is expected next, and keeps what is expected still.
struct Expected<'a>(&'a [u8]);

impl minicbor::encode::Write for Expected<'_> {
    type Error = Malformed;

    fn write_all(&mut self, written: &[u8]) -> Result<(), Malformed> {
        self.0 = self
            .0
            .strip_prefix(written)
            .ok_or(Malformed::NotCanonical)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_the_shortest_form_is_read() {
        assert_eq!(decode::<u64>(&[0x17]), Ok(23));
        assert_eq!(decode::<u64>(&[0x18, 0x17]), Err(Malformed::NotCanonical));
        assert_eq!(decode::<u64>(&[0x17, 0x00]), Err(Malformed::NotCanonical));
        assert_eq!(
            decode::<Vec<u64>>(&[0x9f, 0x01, 0xff]),
            Err(Malformed::NotCanonical)
        );
    }

    #[test]
    fn a_length_that_lies_allocates_nothing() {
        let huge_array = [0x9b, 0x10, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(decode::<Vec<u64>>(&huge_array), Err(Malformed::Shape));
        let huge_text = [0x7b, 0x10, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(decode::<String>(&huge_text), Err(Malformed::Shape));
    }
}

//! The one encoding of everything structured in this crate: CBOR arrays in a fixed order (RFC 8949 §4.2). A decoder
//! that accepted a second spelling of the same value would let somebody change signed or hashed bytes without
//! changing their meaning, so whatever does not encode back to the very same bytes is refused.

use minicbor::{Decoder, Encoder};

/// The bytes are not the one encoding of the expected structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the expected structure, or not in its one permitted encoding")]
pub struct Malformed;

/// Writes into memory. Minicbor's results are dropped because writing to a `Vec` cannot fail.
pub(crate) struct Writer(Encoder<Vec<u8>>);

impl Writer {
    pub(crate) fn array(length: usize) -> Self {
        let mut writer = Self(Encoder::new(Vec::with_capacity(256)));
        writer.nested(length);
        writer
    }

    pub(crate) fn nested(&mut self, length: usize) -> &mut Self {
        let _ = self.0.array(length as u64);
        self
    }

    pub(crate) fn bytes(&mut self, value: &[u8]) -> &mut Self {
        let _ = self.0.bytes(value);
        self
    }

    pub(crate) fn text(&mut self, value: &str) -> &mut Self {
        let _ = self.0.str(value);
        self
    }

    pub(crate) fn uint(&mut self, value: u64) -> &mut Self {
        let _ = self.0.u64(value);
        self
    }

    pub(crate) fn finish(self) -> Vec<u8> {
        self.0.into_writer()
    }
}

pub(crate) struct Reader<'b>(Decoder<'b>);

impl<'b> Reader<'b> {
    pub(crate) fn array(&mut self, length: usize) -> Result<(), Malformed> {
        if self.array_of(length)? == length {
            Ok(())
        } else {
            Err(Malformed)
        }
    }

    /// An array of any length up to `most`.
    pub(crate) fn array_of(&mut self, most: usize) -> Result<usize, Malformed> {
        let length = self.0.array().map_err(|_| Malformed)?.ok_or(Malformed)?;
        usize::try_from(length)
            .ok()
            .filter(|length| *length <= most)
            .ok_or(Malformed)
    }

    pub(crate) fn list<T>(
        &mut self,
        most: usize,
        mut item: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let length = self.array_of(most)?;
        // Grown as items arrive: a length that lies must not reserve memory.
        let mut items = Vec::new();
        for _ in 0..length {
            items.push(item(self)?);
        }
        Ok(items)
    }

    pub(crate) fn bytes(&mut self) -> Result<&'b [u8], Malformed> {
        self.0.bytes().map_err(|_| Malformed)
    }

    pub(crate) fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.bytes()?.try_into().map_err(|_| Malformed)
    }

    pub(crate) fn text(&mut self) -> Result<&'b str, Malformed> {
        self.0.str().map_err(|_| Malformed)
    }

    pub(crate) fn uint(&mut self) -> Result<u64, Malformed> {
        self.0.u64().map_err(|_| Malformed)
    }

    pub(crate) fn small(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.uint()?).map_err(|_| Malformed)
    }
}

/// Decodes `bytes` and refuses them unless `encode` gives them back exactly.
pub(crate) fn exact<T>(
    bytes: &[u8],
    decode: impl FnOnce(&mut Reader<'_>) -> Result<T, Malformed>,
    encode: impl FnOnce(&T) -> Vec<u8>,
) -> Result<T, Malformed> {
    let value = decode(&mut Reader(Decoder::new(bytes)))?;
    if encode(&value) == bytes {
        Ok(value)
    } else {
        Err(Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(bytes: &[u8]) -> Result<(u64, Vec<u8>), Malformed> {
        exact(
            bytes,
            |r| {
                r.array(2)?;
                Ok((r.uint()?, r.bytes()?.to_vec()))
            },
            |(number, bytes)| {
                let mut w = Writer::array(2);
                w.uint(*number).bytes(bytes);
                w.finish()
            },
        )
    }

    #[test]
    fn only_the_one_encoding_is_accepted() {
        assert_eq!(decode(&[0x82, 0x05, 0x41, 0xaa]), Ok((5, vec![0xaa])));
        let others: [(&str, &[u8]); 7] = [
            (
                "longer integer than needed",
                &[0x82, 0x18, 0x05, 0x41, 0xaa],
            ),
            ("indefinite array", &[0x9f, 0x05, 0x41, 0xaa, 0xff]),
            ("indefinite bytes", &[0x82, 0x05, 0x5f, 0x41, 0xaa, 0xff]),
            ("trailing byte", &[0x82, 0x05, 0x41, 0xaa, 0x00]),
            ("truncated", &[0x82, 0x05, 0x41]),
            ("longer length than needed", &[0x82, 0x05, 0x58, 0x01, 0xaa]),
            ("array too long", &[0x83, 0x05, 0x41, 0xaa, 0x00]),
        ];
        for (name, bytes) in others {
            assert_eq!(decode(bytes), Err(Malformed), "{name}");
        }
    }
}

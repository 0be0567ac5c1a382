//! An attachment's name. It becomes a file name, so it has one spelling, and nothing else is ever made into a path.

use std::fmt;
use std::str::FromStr;

/// The name of an attachment: a hash over all its sealed bytes; see the module above.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AttachmentId(pub [u8; 32]);

/// Not an attachment's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the name of an attachment")]
pub struct BadId;

impl TryFrom<&[u8]> for AttachmentId {
    type Error = BadId;

    /// From exactly 32 bytes, as they stand in an operation.
    fn try_from(bytes: &[u8]) -> Result<Self, BadId> {
        bytes.try_into().map(Self).map_err(|_| BadId)
    }
}

impl FromStr for AttachmentId {
    type Err = BadId;

    /// From exactly 64 digits 0–9 and a–f. Capitals are refused: a file system that does not tell them apart would
    /// have two names for one file.
    fn from_str(text: &str) -> Result<Self, BadId> {
        let digits: &[u8; 64] = text.as_bytes().try_into().map_err(|_| BadId)?;
        let mut id = [0; 32];
        for (byte, [high, low]) in id.iter_mut().zip(digits.as_chunks::<2>().0) {
            *byte = digit(*high)? << 4 | digit(*low)?;
        }
        Ok(Self(id))
    }
}

impl fmt::Display for AttachmentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

fn digit(character: u8) -> Result<u8, BadId> {
    match character {
        b'0'..=b'9' => Ok(character - b'0'),
        b'a'..=b'f' => Ok(character - b'a' + 10),
        _ => Err(BadId),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nothing_but_64_hexadecimal_digits_is_a_name() {
        let good = "0123456789abcdef".repeat(4);
        assert_eq!(good.parse::<AttachmentId>().unwrap().to_string(), good);
        let replaced = |with: &str| format!("{with}{}", &good[with.len()..]);
        let bad = [
            String::new(),
            "../x".into(),
            "..%2f".into(),
            "/etc/passwd".into(),
            "C:\\x".into(),
            good[..63].into(),
            format!("{good}0"),
            good[..32].into(),
            format!("{good}\n"),
            format!(" {}", &good[1..]),
            good.to_uppercase(),
            replaced("../"),
            replaced("..%2f"),
            replaced("/"),
            replaced("\\"),
            replaced("\0"),
            replaced("g"),
            replaced("+1"),
            replaced("0x"),
            // Unicode digits: by bytes and by characters 64 long.
            format!("\u{0661}{}", &good[2..]),
            "\u{0661}".repeat(64),
            "\u{ff11}".repeat(64),
        ];
        for text in bad {
            assert_eq!(text.parse::<AttachmentId>(), Err(BadId), "{text:?}");
        }
        for length in [0, 16, 31, 33, 64] {
            assert_eq!(AttachmentId::try_from(&vec![7; length][..]), Err(BadId));
        }
        assert_eq!(
            AttachmentId::try_from(&[7; 32][..]),
            Ok(AttachmentId([7; 32]))
        );
    }

    proptest! {
        #[test]
        fn every_id_has_one_spelling(bytes in any::<[u8; 32]>()) {
            let id = AttachmentId(bytes);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
        }

        #[test]
        fn what_parses_is_what_is_printed(text in "[0-9a-fA-F/.]{60,68}") {
            if let Ok(id) = text.parse::<AttachmentId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}

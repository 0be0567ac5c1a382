//! The enrolment code: the one thing that is carried to a new device by hand. It says where the council's server is,
//! holds a one-time secret, and names the council's root key, so that nothing met on the network has to be trusted.
//! It is one line of text, for a QR code or for pasting, and carries a checksum, so that a slip in copying is called
//! a slip and not an attack.

use std::fmt;
use std::str::FromStr;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use zeroize::Zeroizing;

use crate::cbor::{Reader, Writer, exact};
use crate::hash::sha256_parts;
use crate::purpose::Purpose;
use crate::secret::Secret;

const PREFIX: &str = "VB1.";
const CHECKSUM: usize = 4;
const MAX_ADDRESS: usize = 300;
/// Longer than any code can be.
const MAX_TEXT: usize = 1000;

/// What a new device is given. [`fmt::Display`] writes the code itself, secret included, for the person who enrols the
/// device; [`fmt::Debug`] hides the secret. Wiped on drop.
pub struct EnrolmentCode {
    /// Where the council's server is.
    pub address: String,
    /// Spent at the first use.
    pub secret: Secret<16>,
    /// [`crate::fingerprint`] of the council's root public key.
    pub root_fingerprint: [u8; 32],
}

/// Why a text is not an enrolment code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EnrolmentCodeError {
    /// It does not begin as one.
    #[error("this is not an enrolment code; one begins with VB1.")]
    NotACode,
    /// It begins as one, and was cut short or changed in copying.
    #[error("the enrolment code was copied incompletely or with a mistake")]
    Miscopied,
    /// It was copied properly, and this version cannot read it.
    #[error("the enrolment code was made for another version")]
    Unreadable,
}

impl EnrolmentCode {
    fn encode(&self) -> Vec<u8> {
        let mut w = Writer::array(3);
        w.text(&self.address)
            .bytes(self.secret.expose())
            .bytes(&self.root_fingerprint);
        w.finish()
    }
}

fn checksum(body: &[u8]) -> [u8; CHECKSUM] {
    let hash = sha256_parts(&[Purpose::EnrolmentChecksum.label().as_bytes(), &[0], body]);
    let mut sum = [0; CHECKSUM];
    sum.copy_from_slice(&hash[..CHECKSUM]);
    sum
}

impl fmt::Display for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bytes = Zeroizing::new(self.encode());
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum);
        write!(
            f,
            "{PREFIX}{}",
            *Zeroizing::new(URL_SAFE_NO_PAD.encode(&bytes))
        )
    }
}

impl fmt::Debug for EnrolmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnrolmentCode")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl FromStr for EnrolmentCode {
    type Err = EnrolmentCodeError;

    /// Reads a code; white space around and inside it (a line broken by an e-mail) is ignored.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let compact: Zeroizing<String> = Zeroizing::new(
            text.chars()
                .filter(|c| !c.is_whitespace())
                .take(MAX_TEXT)
                .collect(),
        );
        let encoded = compact
            .strip_prefix(PREFIX)
            .ok_or(EnrolmentCodeError::NotACode)?;
        let bytes = Zeroizing::new(
            URL_SAFE_NO_PAD
                .decode(encoded)
                .map_err(|_| EnrolmentCodeError::Miscopied)?,
        );
        let (body, sum) = bytes
            .split_last_chunk::<CHECKSUM>()
            .ok_or(EnrolmentCodeError::Miscopied)?;
        if *sum != checksum(body) {
            return Err(EnrolmentCodeError::Miscopied);
        }
        let read = |r: &mut Reader<'_>| {
            r.array(3)?;
            let address = r.text()?;
            if address.is_empty() || address.len() > MAX_ADDRESS {
                return Err(crate::cbor::Malformed);
            }
            let secret = Secret::from_slice(r.bytes()?).ok_or(crate::cbor::Malformed)?;
            Ok(Self {
                address: address.to_owned(),
                secret,
                root_fingerprint: r.fixed()?,
            })
        };
        exact(body, read, Self::encode).map_err(|_| EnrolmentCodeError::Unreadable)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use proptest::prelude::*;

    fn code() -> EnrolmentCode {
        EnrolmentCode {
            address: "https://visitbook.example.gov.uk".into(),
            secret: Secret::from_slice(&[0xa7; 16]).unwrap(),
            root_fingerprint: [3; 32],
        }
    }

    #[test]
    fn a_code_survives_copying_with_line_breaks() {
        let text = code().to_string();
        let broken = format!("  {}\r\n {}\t", &text[..40], &text[40..]);
        let read: EnrolmentCode = broken.parse().unwrap();
        assert_eq!(read.address, code().address);
        assert!(read.secret.equals(&code().secret));
        assert_eq!(read.root_fingerprint, [3; 32]);
    }

    #[test]
    fn debug_shows_no_secret() {
        let shown = format!("{:?}", code());
        assert!(shown.contains("visitbook.example.gov.uk"));
        for secret in ["167", "a7", "A7", &code().to_string()] {
            assert!(!shown.contains(secret), "{secret}");
        }
    }

    #[test]
    fn every_slip_is_called_a_slip() {
        let text = code().to_string();
        for at in PREFIX.len()..text.len() {
            let replacement = if &text[at..=at] == "A" { "B" } else { "A" };
            let slip = format!("{}{replacement}{}", &text[..at], &text[at + 1..]);
            assert_eq!(
                slip.parse::<EnrolmentCode>().unwrap_err(),
                EnrolmentCodeError::Miscopied,
                "{at}"
            );
            let cut = &text[..at];
            assert_eq!(
                cut.parse::<EnrolmentCode>().unwrap_err(),
                EnrolmentCodeError::Miscopied,
                "{at}"
            );
        }
        assert_eq!(
            "hello".parse::<EnrolmentCode>().unwrap_err(),
            EnrolmentCodeError::NotACode
        );
        assert_eq!(
            "".parse::<EnrolmentCode>().unwrap_err(),
            EnrolmentCodeError::NotACode
        );
    }

    #[test]
    fn a_well_copied_code_of_another_shape_is_unreadable() {
        let mut w = Writer::array(2);
        w.text("https://example.org").bytes(&[0; 16]);
        let mut bytes = w.finish();
        let sum = checksum(&bytes);
        bytes.extend_from_slice(&sum);
        let text = format!("{PREFIX}{}", URL_SAFE_NO_PAD.encode(bytes));
        assert_eq!(
            text.parse::<EnrolmentCode>().unwrap_err(),
            EnrolmentCodeError::Unreadable
        );
    }

    proptest! {
        #[test]
        fn what_is_shown_reads_back(address in "[a-z:/.0-9]{1,300}", secret in any::<[u8; 16]>(), root in any::<[u8; 32]>()) {
            let code = EnrolmentCode { address, secret: Secret::from_slice(&secret).unwrap(), root_fingerprint: root };
            let read: EnrolmentCode = code.to_string().parse().unwrap();
            prop_assert_eq!(read.address, code.address);
            prop_assert_eq!(read.secret.expose(), &secret);
            prop_assert_eq!(read.root_fingerprint, root);
        }
    }
}

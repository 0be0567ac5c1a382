//! Names of things.
//!
//! Every name is a fixed-size value of its own type, so that a worker can never be passed where a record is wanted.
//! Sixteen-byte names are UUIDs (RFC 9562) or truncated hashes; thirty-two-byte names are SHA-256 digests.

use minicbor::{Decode, Encode};
use sha2::{Digest as _, Sha256};

/// A name was not written in the form it should have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {what}: expected {expected}")]
pub struct BadName {
    what: &'static str,
    expected: &'static str,
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $len:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub [u8; $len]);

        impl $name {
            /// The raw bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $len] {
                &self.0
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl TryFrom<&[u8]> for $name {
            type Error = BadName;
            fn try_from(bytes: &[u8]) -> Result<Self, BadName> {
                bytes.try_into().map(Self).map_err(|_| BadName {
                    what: stringify!($name),
                    expected: concat!(stringify!($len), " bytes"),
                })
            }
        }

        impl<C> Encode<C> for $name {
            fn encode<W: minicbor::encode::Write>(
                &self,
                e: &mut minicbor::Encoder<W>,
                _: &mut C,
            ) -> Result<(), minicbor::encode::Error<W::Error>> {
                e.bytes(&self.0)?.ok()
            }
        }

        impl<'b, C> Decode<'b, C> for $name {
            fn decode(d: &mut minicbor::Decoder<'b>, _: &mut C) -> Result<Self, minicbor::decode::Error> {
                let bytes = d.bytes()?;
                Self::try_from(bytes).map_err(|_| minicbor::decode::Error::message("name of the wrong length"))
            }
        }

        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                write!(f, "{}({self})", stringify!($name))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }
    };
}

macro_rules! uuid_name {
    ($(#[$doc:meta])* $name:ident) => {
        name_type!($(#[$doc])* $name, 16);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                uuid::Uuid::from_bytes(self.0).fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> {
                uuid::Uuid::parse_str(text).map(|u| Self(*u.as_bytes())).map_err(|_| BadName {
                    what: stringify!($name),
                    expected: "a UUID such as 01890a5d-ac96-774b-bcce-b302099a8057",
                })
            }
        }
    };
}

macro_rules! digest_name {
    ($(#[$doc:meta])* $name:ident) => {
        name_type!($(#[$doc])* $name, 32);
        hex_display!($name, 32);
    };
}

macro_rules! hex_display {
    ($name:ident, $len:literal) => {
        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl std::str::FromStr for $name {
            type Err = BadName;
            fn from_str(text: &str) -> Result<Self, BadName> {
                let bad = || BadName {
                    what: stringify!($name),
                    expected: "lower-case hexadecimal digits of the right number",
                };
                let digits = text.as_bytes();
                if digits.len() != $len * 2 || !digits.iter().all(u8::is_ascii_hexdigit) {
                    return Err(bad());
                }
                let mut bytes = [0u8; $len];
                for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
                    let pair = std::str::from_utf8(pair).map_err(|_| bad())?;
                    *byte = u8::from_str_radix(pair, 16).map_err(|_| bad())?;
                }
                Ok(Self(bytes))
            }
        }
    };
}

uuid_name!(
    /// One thing that is recorded: a child, a visit, a voice, a concern. UUIDv7, made on the device that began it.
    RecordId
);
uuid_name!(
    /// A member of staff, or the server's own writer.
    WorkerId
);
uuid_name!(
    /// A council. Part of every commit, so that a signed commit means nothing to another council's server.
    CouncilId
);
uuid_name!(
    /// Several children visited on one occasion share one of these; see [`crate::outing`].
    OutingId
);

name_type!(
    /// Names a device's signing key: the first 16 bytes of a digest of the public key.
    DeviceId,
    16
);
hex_display!(DeviceId, 16);
name_type!(
    /// 128 random bits that, with the device, name one unbroken writing life. A restored or cloned device takes a new one.
    Incarnation,
    16
);
hex_display!(Incarnation, 16);
name_type!(
    /// Names one run of the device's operating system, so that monotonic readings can be compared within it.
    BootId,
    16
);
hex_display!(BootId, 16);
name_type!(
    /// 128 random bits stored beside a payload, so that the hash of a short answer cannot be guessed.
    Salt,
    16
);
hex_display!(Salt, 16);
name_type!(
    /// The server's name for how far a device has read. Opaque to the device.
    Token,
    16
);
hex_display!(Token, 16);

digest_name!(
    /// Names one operation. Computed from where it stands, never sent; see [`crate::op::Op::id`].
    OpId
);
digest_name!(
    /// Names one commit: a digest of its exact bytes.
    CommitHash
);
digest_name!(
    /// A digest of a payload and its salt.
    PayloadHash
);
digest_name!(
    /// A digest of a receipt statement's exact bytes.
    StatementHash
);

/// SHA-256 over a purpose label and the parts, in order.
///
/// The label keeps a digest made for one purpose from ever being taken for another. Parts must be self-delimiting or of
/// fixed length; every caller in this crate passes at most one part of variable length, the last.
pub(crate) fn labelled_hash(label: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = Sha256::new();
    hasher.update(label.as_bytes());
    for part in parts {
        hasher.update(part);
    }
    hasher.finalize().into()
}

/// A stable name for something that another system already named: the same council and code give the same record for ever.
///
/// RFC 9562 version 8 (custom). Used by imports, so that reading the same file twice changes nothing.
#[must_use]
pub fn derived_uuid(council: CouncilId, kind: &str, code: &str) -> [u8; 16] {
    let digest = labelled_hash(
        "visitbook/1/imported",
        &[&council.0, kind.as_bytes(), &[0], code.as_bytes()],
    );
    let mut bytes = [0u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    uuid::Builder::from_custom_bytes(bytes)
        .into_uuid()
        .into_bytes()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn names_survive_being_written_and_read() {
        let record = RecordId([7; 16]);
        assert_eq!(record.to_string().parse::<RecordId>().unwrap(), record);
        let op = OpId([0xa5; 32]);
        assert_eq!(op.to_string().parse::<OpId>().unwrap(), op);
    }

    #[test]
    fn a_name_of_another_length_is_refused() {
        assert!("abc".parse::<OpId>().is_err());
        assert!("not a uuid".parse::<RecordId>().is_err());
        assert!(RecordId::try_from(&[0u8; 15][..]).is_err());
        assert!("+1".repeat(32).parse::<OpId>().is_err());
    }

    #[test]
    fn imported_names_are_stable_and_apart() {
        let council = CouncilId([1; 16]);
        assert_eq!(
            derived_uuid(council, "child", "7"),
            derived_uuid(council, "child", "7")
        );
        assert_ne!(
            derived_uuid(council, "child", "7"),
            derived_uuid(council, "worker", "7")
        );
        assert_ne!(
            derived_uuid(council, "child", "7"),
            derived_uuid(CouncilId([2; 16]), "child", "7")
        );
    }
}

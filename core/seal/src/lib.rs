//! How a visit record is protected: opaque bytes in, opaque bytes out.
//!
//! This crate exists so that everything that needs cryptographic care stands in one place, small enough to be read
//! in an afternoon. It does not know what a visit, a child or a worker is. It opens no file and no socket and reads
//! no clock (`clippy.toml` beside this crate makes that a build error); callers store what it returns. Randomness
//! comes from the operating system, through *ring*.
//!
//! | Module | What it protects |
//! | --- | --- |
//! | [`vault`] | the keys on the device, under a PIN and the device's secure hardware |
//! | [`hardware`] | what is asked of that hardware |
//! | [`envelope`] | a saved commit on its way to the council, sealed so that the device itself cannot open it again |
//! | [`family`] | what a child hands in while the vault is closed |
//! | [`attachment`] | drawings and other files, in chunks |
//! | [`reply`], [`request`] | the answers to uploads, and every other exchange, from a proxy that opens TLS |
//! | [`sign`], [`purpose`] | who wrote something, and for what purpose it was signed |
//! | [`receipt`] | the council's statement that it durably has what was sent |
//! | [`certificate`], [`bundle`], [`enrol`] | which keys belong to the council and to its devices |
//!
//! Suite 1, the only one, is X25519 and HKDF-SHA256 (HPKE, RFC 9180), ChaCha20-Poly1305 (RFC 8439), Ed25519
//! (RFC 8032), SHA-256 and Argon2id (RFC 9106). Every sealed thing carries its suite byte.
//!
//! All functions are synchronous. Only the PIN functions of [`vault`] take noticeable time (Argon2id: a quarter of
//! a second to a second on a phone), and only calls through [`hardware::HardwareKeys`] can block.
#![deny(clippy::disallowed_methods, clippy::disallowed_types)]

mod aead;
pub mod attachment;
pub mod bundle;
mod cbor;
pub mod certificate;
pub mod enrol;
pub mod envelope;
pub mod family;
pub mod hardware;
mod hash;
mod kem;
mod pack;
pub mod purpose;
pub mod receipt;
pub mod reply;
pub mod request;
pub mod secret;
pub mod sign;
pub mod vault;

pub use hash::{fingerprint, sha256};
pub use pack::MAX_PLAINTEXT;

/// The suite byte of everything sealed or stored by this version; see the crate documentation.
pub const SUITE: u8 = 1;

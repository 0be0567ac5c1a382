//! A saved commit on its way to the council. It is sealed to the council's public ingest key, so the phone that made
//! it cannot open it again, and it is complete: it can be stored, carried by another phone and uploaded by anybody,
//! without any key.
//!
//! One HPKE encapsulation serves one unlock of the device ([`SealingSession`]); each envelope's own key is exported
//! from it by number, so any envelope opens alone, in any order.
//!
//! ```text
//! offset  0  suite byte, 1
//!         1  kind: 1 commit; 2 family post, 3 chunk and 4 list of chunks begin alike and go on differently
//!         2  send class: 1 now, 2 soon, 3 later
//!         3  ingest key id, 8 bytes
//!        11  enc, 32 bytes: the encapsulation of the session
//!        43  number in the session, big-endian, 8 bytes
//!        51  ChaCha20-Poly1305 of the compressed, padded plaintext, and its 16-byte tag
//! ```
//!
//! The first 51 bytes are the associated data. They name no child and no worker. What they do show to whoever holds
//! the bytes: which envelopes come from one unlock, in which order, how urgent, and the rough size.
//!
//! What is handed in in family mode ([`crate::family`]) and the chunks of attachments ([`crate::attachment`]) wait in
//! the same spool and go up by the same route, so they begin with the same header, and the council tells them apart
//! by [`Header::kind`].

mod header;
mod keys;
mod open;
mod session;

pub use header::{EnvelopeKind, HEADER_LENGTH, Header, HeaderError, SendClass};
pub use keys::{IngestKey, IngestKeys, IngestPublicKey};
pub use open::{OpenError, Opened, ReceivingSession};
pub use session::{SealError, Sealed, SealingSession};

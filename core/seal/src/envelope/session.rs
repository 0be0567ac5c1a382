//! The sealing side: one session per unlock of the device.

use std::sync::atomic::{AtomicU64, Ordering};

use super::header::{EnvelopeKind, HEADER_LENGTH, Header, SendClass};
use super::keys::IngestPublicKey;
use crate::aead;
use crate::kem::{Context, EncapsulateError, encapsulate};
use crate::pack;
use crate::purpose::Purpose;
use crate::secret::Secret32;

/// Why nothing was sealed. There is no fallback to an unsealed form.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The operating system gave no randomness; try again later.
    #[error("the operating system gave no randomness")]
    NoRandomness,
    /// The recipient's public key is not usable.
    #[error("the ingest key is not usable")]
    BadKey,
    /// More than [`crate::MAX_PLAINTEXT`] bytes.
    #[error("too large to seal")]
    TooLarge,
    /// All numbers of the session are used; start a new one.
    #[error("the sealing session is used up")]
    Exhausted,
}

impl From<EncapsulateError> for SealError {
    fn from(error: EncapsulateError) -> Self {
        match error {
            EncapsulateError::NoRandomness => Self::NoRandomness,
            EncapsulateError::BadKey => Self::BadKey,
        }
    }
}

/// One encapsulation, from the unlock of the device until it is locked. Dropping it wipes it; it is never stored, so
/// that what was sealed can never be opened from the device, and numbers may begin again in the next session.
///
/// Safe to share between threads: each number is handed out once.
pub struct SealingSession {
    context: Context,
    ingest_key: [u8; 8],
    enc: [u8; 32],
    next: AtomicU64,
}

/// A sealed envelope.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The session's encapsulation: with `number`, the envelope's name in the spool.
    pub enc: [u8; 32],
    /// Its number in the session.
    pub number: u64,
    /// The whole envelope, header included.
    pub bytes: Vec<u8>,
}

impl SealingSession {
    /// Begins a session with a fresh encapsulation to the council's newest ingest key.
    ///
    /// # Errors
    /// [`SealError::NoRandomness`], [`SealError::BadKey`].
    pub fn start(to: &IngestPublicKey) -> Result<Self, SealError> {
        let (enc, context) = encapsulate(&to.key, Purpose::Envelope, &to.id)?;
        Ok(Self {
            context,
            ingest_key: to.id,
            enc,
            next: AtomicU64::new(0),
        })
    }

    /// The session's name, as in [`Header::enc`] and in the replies to its uploads.
    #[must_use]
    pub fn enc(&self) -> [u8; 32] {
        self.enc
    }

    /// The id of the key that this session seals to.
    #[must_use]
    pub fn ingest_key(&self) -> [u8; 8] {
        self.ingest_key
    }

    /// Seals one commit. The number is taken first and not given back if sealing fails, so that no key can ever
    /// encrypt two messages.
    ///
    /// # Errors
    /// [`SealError::TooLarge`], [`SealError::Exhausted`].
    pub fn seal(&self, class: SendClass, plaintext: &[u8]) -> Result<Sealed, SealError> {
        let number = self.take_number()?;
        let header = Header {
            kind: EnvelopeKind::Commit,
            class,
            ingest_key: self.ingest_key,
            enc: self.enc,
            number,
        }
        .to_bytes();
        let mut bytes = header.to_vec();
        if !pack::pack(plaintext, &mut bytes) {
            return Err(SealError::TooLarge);
        }
        let key = self
            .context
            .export(Purpose::Envelope, &number.to_be_bytes());
        aead::seal(key, &header, &mut bytes, HEADER_LENGTH).map_err(|_| SealError::TooLarge)?;
        Ok(Sealed {
            enc: self.enc,
            number,
            bytes,
        })
    }

    /// The secret under which the council seals its replies to uploads of this session's envelopes. Kept in the
    /// vault, since replies may come after the session is gone.
    #[must_use]
    pub fn reply_secret(&self) -> Secret32 {
        self.context.export(Purpose::UploadReply, &[])
    }

    fn take_number(&self) -> Result<u64, SealError> {
        self.next
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |number| {
                number.checked_add(1)
            })
            .map_err(|_| SealError::Exhausted)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::envelope::IngestKey;
    use crate::kem::encapsulate_with;
    use std::collections::BTreeSet;

    /// The stored vector, byte for byte: another implementation must come to the same envelope from the same
    /// randomness. `tests/golden.rs` opens it from the other side.
    #[test]
    fn the_envelope_vector() {
        let file = include_str!("../../tests/vectors/envelope.txt");
        let field = |name: &str| {
            let line = file
                .lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))
                .unwrap();
            let hex = |at| u8::from_str_radix(&line[at..at + 2], 16).unwrap();
            (0..line.len()).step_by(2).map(hex).collect::<Vec<u8>>()
        };
        let secret = |name| Secret32::from_slice(&field(name)).unwrap();
        let to = IngestKey::from_secret(secret("ingest secret")).public();
        assert_eq!(
            (to.id.to_vec(), to.key.to_vec()),
            (field("ingest id"), field("ingest public"))
        );
        let (enc, context) =
            encapsulate_with(secret("randomness"), &to.key, Purpose::Envelope, &to.id)
                .ok()
                .unwrap();
        let session = SealingSession {
            context,
            ingest_key: to.id,
            enc,
            next: AtomicU64::new(258),
        };
        let sealed = session.seal(SendClass::Now, &field("plaintext")).unwrap();
        assert_eq!(sealed.bytes, field("envelope"));
        assert_eq!(sealed.bytes[..HEADER_LENGTH], field("header"));
        assert_eq!(session.reply_secret().expose()[..], field("reply secret"));
    }

    #[test]
    fn a_failed_seal_uses_up_its_number() {
        let session = SealingSession::start(&IngestKey::generate().unwrap().public()).unwrap();
        assert_eq!(session.seal(SendClass::Soon, b"a").unwrap().number, 0);
        let too_large = vec![0; crate::MAX_PLAINTEXT + 1];
        assert_eq!(
            session.seal(SendClass::Soon, &too_large),
            Err(SealError::TooLarge)
        );
        assert_eq!(session.seal(SendClass::Soon, b"b").unwrap().number, 2);
    }

    #[test]
    fn the_last_number_is_not_followed_by_the_first() {
        let session = SealingSession::start(&IngestKey::generate().unwrap().public()).unwrap();
        session.next.store(u64::MAX - 1, Ordering::Relaxed);
        assert_eq!(
            session.seal(SendClass::Soon, b"a").unwrap().number,
            u64::MAX - 1
        );
        for _ in 0..3 {
            assert_eq!(
                session.seal(SendClass::Soon, b"a"),
                Err(SealError::Exhausted)
            );
        }
    }

    #[test]
    fn threads_never_share_a_number() {
        let session = SealingSession::start(&IngestKey::generate().unwrap().public()).unwrap();
        let numbers: Vec<u64> = std::thread::scope(|scope| {
            let handles: Vec<_> = (0..4)
                .map(|_| {
                    scope.spawn(|| {
                        (0..50)
                            .map(|_| session.seal(SendClass::Now, b"x").unwrap().number)
                            .collect::<Vec<_>>()
                    })
                })
                .collect();
            handles
                .into_iter()
                .flat_map(|handle| handle.join().unwrap())
                .collect()
        });
        assert_eq!(numbers.iter().collect::<BTreeSet<_>>().len(), 200);
    }
}

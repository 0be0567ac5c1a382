//! The council's side: envelopes come in, commits come out.

use super::header::{EnvelopeKind, HEADER_LENGTH, Header, HeaderError};
use super::keys::IngestKeys;
use crate::aead;
use crate::kem::{Context, decapsulate};
use crate::pack::{self, UnpackError};
use crate::purpose::Purpose;
use crate::secret::Secret32;

/// Why bytes did not open. Nothing is learnt about the content; the sender keeps what was not acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OpenError {
    /// The header is not one of ours.
    #[error("unreadable header: {0}")]
    Header(#[from] HeaderError),
    /// A header of another kind than this function opens; see [`Header::kind`].
    #[error("another kind of envelope")]
    OtherKind(EnvelopeKind),
    /// Sealed to a key that is not (or no longer) here; the device should fetch the key bundle and seal again.
    #[error("sealed to an unknown ingest key")]
    UnknownIngestKey([u8; 8]),
    /// Changed on the way, cut short, or never sealed to this key; these cannot be told apart.
    #[error("damaged, or not sealed to this key")]
    Damaged,
    /// Sealed properly, but what is inside exceeds the limit or is not packed properly.
    #[error("the content exceeds the limit or is not packed properly")]
    BadContent,
}

impl From<UnpackError> for OpenError {
    fn from(_: UnpackError) -> Self {
        Self::BadContent
    }
}

/// An opened envelope. No `Debug`, since it holds content.
pub struct Opened {
    /// The header, now authenticated.
    pub header: Header,
    /// What was sealed.
    pub plaintext: Vec<u8>,
}

/// One device session as the council sees it: the decapsulation is done once for all its envelopes in a request.
pub struct ReceivingSession {
    context: Context,
    ingest_key: [u8; 8],
    enc: [u8; 32],
}

impl IngestKeys {
    /// Opens a single commit. For a batch, group by [`Header::enc`] and use [`IngestKeys::open_session`].
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open(&self, envelope: &[u8]) -> Result<Opened, OpenError> {
        let header = commit_header(envelope)?;
        self.open_session(header.enc, header.ingest_key)?
            .open(envelope)
    }

    /// Takes up the session that `enc` stands for: the one costly step (two scalar multiplications).
    ///
    /// # Errors
    /// [`OpenError::UnknownIngestKey`]; [`OpenError::Damaged`] if `enc` is no usable key.
    pub fn open_session(
        &self,
        enc: [u8; 32],
        ingest_key: [u8; 8],
    ) -> Result<ReceivingSession, OpenError> {
        let private = self
            .private(&ingest_key)
            .ok_or(OpenError::UnknownIngestKey(ingest_key))?;
        let context = decapsulate(private, &enc, Purpose::Envelope, &ingest_key)
            .map_err(|_| OpenError::Damaged)?;
        Ok(ReceivingSession {
            context,
            ingest_key,
            enc,
        })
    }
}

impl ReceivingSession {
    /// The session's name.
    #[must_use]
    pub fn enc(&self) -> [u8; 32] {
        self.enc
    }

    /// Opens one commit of this session.
    ///
    /// # Errors
    /// [`OpenError`]; an envelope of another session is [`OpenError::Damaged`].
    pub fn open(&self, envelope: &[u8]) -> Result<Opened, OpenError> {
        let header = commit_header(envelope)?;
        if header.enc != self.enc || header.ingest_key != self.ingest_key {
            return Err(OpenError::Damaged);
        }
        let (head, sealed) = envelope
            .split_at_checked(HEADER_LENGTH)
            .ok_or(OpenError::Damaged)?;
        let key = self
            .context
            .export(Purpose::Envelope, &header.number.to_be_bytes());
        let packed = aead::open(&key, head, sealed).map_err(|_| OpenError::Damaged)?;
        Ok(Opened {
            header,
            plaintext: pack::unpack(packed)?,
        })
    }

    /// The secret for [`crate::reply::seal_reply`]; equal to the device's [`super::SealingSession::reply_secret`].
    #[must_use]
    pub fn reply_secret(&self) -> Secret32 {
        self.context.export(Purpose::UploadReply, &[])
    }
}

fn commit_header(envelope: &[u8]) -> Result<Header, OpenError> {
    let header = Header::read(envelope)?;
    match header.kind {
        EnvelopeKind::Commit => Ok(header),
        other => Err(OpenError::OtherKind(other)),
    }
}

//! One post as bytes, and its two readers: the council, and the worker once the vault is open again.

use zeroize::Zeroizing;

use super::MAX_POST;
use crate::aead::{self, TAG};
use crate::envelope::{
    EnvelopeKind, HEADER_LENGTH, Header, HeaderError, IngestKeys, OpenError, SendClass,
};
use crate::hash::{derive, sha256};
use crate::kem::{Context, decapsulate};
use crate::pack;
use crate::purpose::Purpose;
use crate::secret::Secret32;

const SESSION: usize = 16;
const ENC: usize = 32;
const WRAP: usize = 32 + TAG;
const RATCHET_TAG: usize = 32;

/// The associated data of everything sealed in a post.
pub(super) const HEAD: usize = HEADER_LENGTH + SESSION;
/// Where the sealed content begins.
pub(super) const BODY: usize = HEAD + ENC + 2 * WRAP;

/// The most bytes that a post can have, padding included; for whoever has to say how much is accepted.
pub const MAX_FAMILY_POST_BYTES: usize = BODY + MAX_POST + MAX_POST / 16 + 64 + TAG + RATCHET_TAG;

/// An opened post. Both readers get the same. No `Debug`, since it holds a child's words:
///
/// ```
/// fn read(post: &visitbook_seal::family::OpenedPost) -> &[u8] { &post.content }
/// ```
/// ```compile_fail
/// fn print(post: &visitbook_seal::family::OpenedPost) { println!("{post:?}"); }
/// ```
pub struct OpenedPost {
    /// The family session that it was handed in in.
    pub session: [u8; 16],
    /// Its place in that session, from 0.
    pub index: u64,
    /// The exact bytes that were handed in.
    pub content: Vec<u8>,
    /// The id of the record that it is, as the bytes of a UUID of version 8 (RFC 9562 §5.8). It derives from the content
    /// key and the sealed content, so that council and worker make one record, nobody else can know the id before
    /// they do, and two different posts in one place are two records.
    pub record_id: [u8; 16],
    reply_secret: Secret32,
}

impl OpenedPost {
    /// The secret under which the council seals its reply to the upload of this post (see [`crate::reply`]). The device
    /// finds it when the worker opens the post; nothing has to be kept for it while the vault is closed.
    #[must_use]
    pub fn reply_secret(&self) -> &Secret32 {
        &self.reply_secret
    }
}

/// The parts of a post; says nothing about whether they are genuine.
pub(super) struct Parts<'p> {
    pub(super) header: Header,
    pub(super) session: [u8; 16],
    head: &'p [u8],
    worker: [u8; ENC],
    for_council: &'p [u8],
    for_worker: &'p [u8],
    body: &'p [u8],
    /// Everything that the ratchet tag covers.
    pub(super) tagged: &'p [u8],
    pub(super) tag: [u8; RATCHET_TAG],
}

impl<'p> Parts<'p> {
    pub(super) fn read(post: &'p [u8]) -> Result<Self, OpenError> {
        let header = Header::read(post)?;
        if header.kind != EnvelopeKind::FamilyPost {
            return Err(OpenError::OtherKind(header.kind));
        }
        let short = OpenError::Header(HeaderError::TooShort);
        let (tagged, tag) = post.split_last_chunk::<RATCHET_TAG>().ok_or(short)?;
        let (head, rest) = tagged.split_first_chunk::<HEAD>().ok_or(short)?;
        let (worker, rest) = rest.split_first_chunk::<ENC>().ok_or(short)?;
        let (for_council, rest) = rest.split_first_chunk::<WRAP>().ok_or(short)?;
        let (for_worker, body) = rest.split_first_chunk::<WRAP>().ok_or(short)?;
        let mut session = [0; SESSION];
        session.copy_from_slice(&head[HEADER_LENGTH..]);
        Ok(Self {
            header,
            session,
            head,
            worker: *worker,
            for_council,
            for_worker,
            body,
            tagged,
            tag: *tag,
        })
    }

    fn open(
        &self,
        context: &Context,
        purpose: Purpose,
        wrap: &[u8],
    ) -> Result<OpenedPost, OpenError> {
        let key = context.export(purpose, &[]);
        let key = aead::open(&key, self.head, wrap).map_err(|_| OpenError::Damaged)?;
        let key = Zeroizing::new(key);
        let key = Secret32::from_slice(&key).ok_or(OpenError::Damaged)?;
        let packed = aead::open(&key, self.head, self.body).map_err(|_| OpenError::Damaged)?;
        let content = pack::unpack(packed)?;
        if content.len() > MAX_POST {
            return Err(OpenError::BadContent);
        }
        Ok(OpenedPost {
            session: self.session,
            index: self.header.number,
            content,
            record_id: record_id(&self.session, self.header.number, &key, self.body),
            reply_secret: derive(
                Purpose::FamilyReply,
                &self.session,
                &[key.expose()],
                &[&self.header.number.to_be_bytes()],
            ),
        })
    }
}

impl IngestKeys {
    /// Opens a post as the council. Its place in the session's chain is checked apart, by
    /// [`super::FamilyChain::verify`], and is no condition for keeping it.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn open_family_post(&self, post: &[u8]) -> Result<OpenedPost, OpenError> {
        let parts = Parts::read(post)?;
        let id = parts.header.ingest_key;
        let private = self.private(&id).ok_or(OpenError::UnknownIngestKey(id))?;
        let context = decapsulate(private, &parts.header.enc, Purpose::FamilyCouncil, &id)
            .map_err(|_| OpenError::Damaged)?;
        parts.open(&context, Purpose::FamilyCouncil, parts.for_council)
    }
}

/// Opens a post as the worker, with the vault's [drop key](crate::vault::VaultKeys::drop_key). Its place in the
/// session's chain is checked apart, by [`super::FamilyChain::verify`].
///
/// # Errors
/// [`OpenError`], except `UnknownIngestKey`; a post of another worker's is [`OpenError::Damaged`].
pub fn open_family_post_with(drop_key: &Secret32, post: &[u8]) -> Result<OpenedPost, OpenError> {
    let parts = Parts::read(post)?;
    let context = decapsulate(drop_key, &parts.worker, Purpose::FamilyWorker, &[])
        .map_err(|_| OpenError::Damaged)?;
    parts.open(&context, Purpose::FamilyWorker, parts.for_worker)
}

/// What goes into a post, and the randomness that it is made with.
pub(super) struct Draft<'d> {
    pub(super) session: [u8; 16],
    pub(super) index: u64,
    pub(super) ingest_key: [u8; 8],
    pub(super) content: &'d [u8],
    pub(super) content_key: Secret32,
    pub(super) council: ([u8; ENC], Context),
    pub(super) worker: ([u8; ENC], Context),
}

/// Fails only for content that is longer than the caller may pass.
#[derive(Debug)]
pub(super) struct TooLong;

impl Draft<'_> {
    /// The post without its ratchet tag.
    pub(super) fn seal(self) -> Result<Vec<u8>, TooLong> {
        let header = Header {
            kind: EnvelopeKind::FamilyPost,
            class: SendClass::Soon,
            ingest_key: self.ingest_key,
            enc: self.council.0,
            number: self.index,
        };
        let mut bytes = header.to_bytes().to_vec();
        bytes.extend_from_slice(&self.session);
        let head = bytes.clone();
        bytes.extend_from_slice(&self.worker.0);
        for (context, purpose) in [
            (&self.council.1, Purpose::FamilyCouncil),
            (&self.worker.1, Purpose::FamilyWorker),
        ] {
            let at = bytes.len();
            // Room for the tag as well: growing in the middle would leave a copy of the content key behind.
            bytes.reserve(WRAP);
            bytes.extend_from_slice(self.content_key.expose());
            aead::seal(context.export(purpose, &[]), &head, &mut bytes, at).map_err(|_| TooLong)?;
        }
        if !pack::pack(self.content, &mut bytes) {
            return Err(TooLong);
        }
        aead::seal(self.content_key, &head, &mut bytes, BODY).map_err(|_| TooLong)?;
        Ok(bytes)
    }
}

fn record_id(session: &[u8; 16], index: u64, content_key: &Secret32, body: &[u8]) -> [u8; 16] {
    let derived = derive(
        Purpose::FamilyRecord,
        session,
        &[content_key.expose()],
        &[&index.to_be_bytes(), &sha256(body)],
    );
    let mut id = [0; 16];
    id.copy_from_slice(&derived.expose()[..16]);
    id[6] = 0x80 | id[6] & 0x0f;
    id[8] = 0x80 | id[8] & 0x3f;
    id
}

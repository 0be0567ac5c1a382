//! The device in a child's hands: the vault is closed, things can be handed in, and nothing can be read.
//!
//! [`Family`] holds two public keys, the present key of the chain, the names on the page and the spool, and no more. What is
//! handed in is sealed to the council and to the worker before it touches the disk, and then nothing on this device opens it
//! until the worker has left with the PIN. Dropping the value is what a kill is: the folder opens locked, what was handed in is
//! in the spool, and the worker is told that the end of the session is not confirmed.

mod draft;
mod leave;

use std::collections::BTreeSet;

use visitbook_record::commit::Clocks;
use visitbook_record::family::Post;
use visitbook_record::id::RecordId;
use visitbook_record::wire::PostStatement;
use visitbook_record::words::{self, Message};
use visitbook_seal::family::{FamilyPost, FamilyPoster, PostError};
use zeroize::{Zeroize, Zeroizing};

use crate::locked::Locked;
use crate::outbox::CarryError;
use crate::spool::{SpoolError, Tag};
use crate::sync::store::{
    AttachmentRequest, AttachmentsTaken, Parcel, ParcelKey, PullTaken, ReplyProblem, SealedRequest,
    SendClass, SyncStore, UploadTaken,
};

pub use draft::DraftError;
pub use leave::{LeaveError, StillFamily};

use draft::Draft;

/// How long a session lasts, in milliseconds.
pub const LONGEST_SESSION_MS: u64 = 2 * 60 * 60 * 1000;

/// What the page shows beside what the child writes. Only this child's: nothing of a brother or sister, and no ids.
pub(crate) struct Pack {
    pub(crate) child_name: String,
    pub(crate) worker_name: String,
    pub(crate) child: RecordId,
    pub(crate) visit: Option<RecordId>,
}

/// A device in a child's hands.
pub struct Family {
    locked: Locked,
    poster: FamilyPoster,
    pack: Pack,
    entered: Clocks,
    draft: Draft,
    /// Made, and not stored yet because the disk did not take it. Sealed.
    unstored: Option<FamilyPost>,
}

/// Why something was not handed in. What the child wrote stays on the page, or sealed in memory where that is said.
#[derive(Debug, thiserror::Error)]
pub enum HandInError {
    /// There is nothing on the page.
    #[error("there is nothing on the page yet")]
    Empty,
    /// The session has lasted for two hours, or the device was restarted since.
    #[error("this page has been open for long enough; please give the tablet back")]
    Over,
    /// The session is full, or nothing can be sealed.
    #[error(transparent)]
    Post(#[from] PostError),
    /// Sealed, and not stored: the disk is full or failed. It is kept in memory and tried again at the next call.
    #[error("kept for now, and not stored yet")]
    NotStored(#[from] SpoolError),
}

impl Family {
    pub(crate) fn new(locked: Locked, poster: FamilyPoster, pack: Pack) -> Self {
        let entered = locked.clock.read();
        Self {
            locked,
            poster,
            pack,
            entered,
            draft: Draft::default(),
            unstored: None,
        }
    }

    /// What stands on the page before anything is written: whose it is, who will read it, and what may follow.
    #[must_use]
    pub fn page(&self) -> Message {
        words::family_before(&self.pack.child_name, &self.pack.worker_name)
    }

    /// The council's address, as the enrolment code gave it.
    #[must_use]
    pub fn address(&self) -> &str {
        self.locked.address()
    }

    /// The certificates that the council's address is checked by.
    #[must_use]
    pub fn tls_roots(&self) -> Vec<Vec<u8>> {
        self.locked.tls_roots()
    }

    pub(crate) fn locked(&self) -> &Locked {
        &self.locked
    }

    /// How many things were handed in.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.poster.count()
    }

    /// Hands in what is on the page. From then on nobody can read it on this device but the worker, who needs the PIN, and
    /// nobody can change it. Blocks for a disk flush.
    ///
    /// # Errors
    /// [`HandInError`].
    pub fn hand_in(&mut self) -> Result<Message, HandInError> {
        let waited = self.unstored.is_some();
        self.store_what_is_not()?;
        if self.draft.is_empty() {
            return if waited {
                Ok(words::family_after(&self.pack.worker_name))
            } else {
                Err(HandInError::Empty)
            };
        }
        let now = self.locked.clock.read();
        let lasted = now.monotonic.0.saturating_sub(self.entered.monotonic.0);
        if now.boot != self.entered.boot || lasted >= LONGEST_SESSION_MS {
            return Err(HandInError::Over);
        }
        let mut post = self.draft.to_post(&self.pack, now.wall);
        let content = Zeroizing::new(post.to_bytes());
        wipe(&mut post);
        let sealed = self.poster.post(&content)?;
        // Its place in the chain is taken: whatever the disk says, this one goes in and is not made again.
        self.unstored = Some(sealed);
        self.draft = Draft::default();
        self.store_what_is_not()?;
        Ok(words::family_after(&self.pack.worker_name))
    }

    fn store_what_is_not(&mut self) -> Result<(), SpoolError> {
        let Some(post) = &self.unstored else {
            return Ok(());
        };
        let key = ParcelKey {
            session: post.enc,
            number: post.index,
        };
        let tag = tag_of_post(&PostStatement::hash_of(&post.bytes));
        let spool = &mut self.locked.outbox.spool;
        match spool.append(key, tag, SendClass::Soon, &post.bytes) {
            Ok(_) | Err(SpoolError::KeyTaken) => {}
            Err(other) => return Err(other),
        }
        self.unstored = None;
        let count = Counted {
            session: self.poster.session(),
            count: self.poster.count(),
        };
        let name = counted_name(&self.locked.image.ids().vault);
        if self
            .locked
            .hardware
            .put_small(&name, &count.write())
            .is_err()
        {
            tracing::warn!("the keystore did not take the count of a family session");
        }
        Ok(())
    }
}

fn wipe(post: &mut Post) {
    post.words.zeroize();
    if let Some(drawing) = &mut post.drawing {
        drawing.bytes.zeroize();
    }
}

/// What a post is called in the spool: by its sealed bytes, which whoever reads the spool has anyway.
pub(crate) fn tag_of_post(hash: &[u8; 32]) -> Tag {
    let mut tag = Tag::default();
    tag.iter_mut().zip(hash).for_each(|(to, from)| *to = *from);
    tag
}

/// How many things were handed in, kept outside the files: whoever takes the last ones out of the spool cannot take it back.
pub(crate) struct Counted {
    pub(crate) session: [u8; 16],
    pub(crate) count: u64,
}

/// Where the keystore keeps it.
pub(crate) fn counted_name(vault: &[u8; 16]) -> String {
    let vault: String = vault.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("visitbook.family.{vault}")
}

impl Counted {
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut bytes = self.session.to_vec();
        bytes.extend_from_slice(&self.count.to_be_bytes());
        bytes
    }

    pub(crate) fn read(bytes: &[u8]) -> Option<Self> {
        let (session, count) = bytes.split_first_chunk::<16>()?;
        Some(Self {
            session: *session,
            count: u64::from_be_bytes(count.try_into().ok()?),
        })
    }
}

/// Sends as a locked device does.
impl SyncStore for Family {
    type Error = CarryError;

    fn waiting(
        &mut self,
        max_bytes: usize,
        sent: &BTreeSet<ParcelKey>,
    ) -> Result<Vec<Parcel>, CarryError> {
        self.locked.waiting(max_bytes, sent)
    }

    fn take_upload_answer(&mut self, body: &[u8]) -> Result<UploadTaken, ReplyProblem<CarryError>> {
        self.locked.take_upload_answer(body)
    }

    fn pull_request(&mut self, budget: u32) -> Result<Option<SealedRequest>, CarryError> {
        self.locked.pull_request(budget)
    }

    fn take_pull_reply(&mut self, body: &[u8]) -> Result<PullTaken, ReplyProblem<CarryError>> {
        self.locked.take_pull_reply(body)
    }

    fn attachment_request(
        &mut self,
        budget: u32,
        over: &BTreeSet<[u8; 32]>,
    ) -> Result<Option<AttachmentRequest>, CarryError> {
        self.locked.attachment_request(budget, over)
    }

    fn take_attachment_reply(
        &mut self,
        body: &[u8],
    ) -> Result<AttachmentsTaken, ReplyProblem<CarryError>> {
        self.locked.take_attachment_reply(body)
    }

    fn attachments_wait(&mut self) -> Result<bool, CarryError> {
        self.locked.attachments_wait()
    }
}

//! Syncing as an app sees it, and the store as the engine sees it: locked for each call and no longer, so that people save
//! and read while a sync waits for the network.

use std::collections::BTreeSet;
use std::sync::Arc;

use visitbook_device::sync::cancel::CancelHandle;
use visitbook_device::sync::driver::Ask;
use visitbook_device::sync::outcome::{self, Budget, Ended, Trouble};
use visitbook_device::sync::store::{
    AttachmentRequest, AttachmentsTaken, Parcel, ParcelKey, PullTaken, ReplyProblem, SealedRequest,
    SyncStore, UploadTaken,
};

use crate::error::VisitbookError;
use crate::held::{Held, NotHere};
use crate::listen::CallbackError;

/// How far a sync has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct SyncCounts {
    /// Sealed envelopes handed to the network; they may have arrived.
    pub sent: u32,
    /// Envelopes for which the council's receipt was verified and kept.
    pub receipted: u32,
    /// Envelopes that the council did not take. They stay here, and the record's status says why.
    pub refused: u32,
    /// Entries of the council's log that are new on this device.
    pub pulled_entries: u32,
    /// Parts of attached files that went up or came down.
    pub file_chunks: u32,
    /// Attached files of which the council now has everything, with a verified receipt.
    pub files_received: u32,
    /// Attached files that were asked for and are now here.
    pub files_fetched: u32,
    /// Bytes of request bodies.
    pub bytes_up: u64,
    /// Bytes of reply bodies.
    pub bytes_down: u64,
}

impl From<outcome::Progress> for SyncCounts {
    fn from(progress: outcome::Progress) -> Self {
        let outcome::Progress {
            sent,
            receipted,
            refused,
            pulled_entries,
            file_chunks,
            files_received,
            files_fetched,
            bytes_up,
            bytes_down,
        } = progress;
        Self {
            sent,
            receipted,
            refused,
            pulled_entries,
            file_chunks,
            files_received,
            files_fetched,
            bytes_up,
            bytes_down,
        }
    }
}

/// Why a sync ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum SyncEnded {
    /// Nothing was left to do.
    Complete,
    /// The budget was used up.
    Budget,
    /// It was cancelled.
    Cancelled,
    /// Something stood in the way: see `trouble`.
    Trouble,
    /// Nobody asked, and it is too soon after the last try; nothing was tried.
    TooSoon,
}

/// What stood in the way of a sync. None of these means that anything was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum SyncTrouble {
    /// No connection; nothing was sent.
    NoLine,
    /// The line was lost, or no answer came in time: what was sent may have arrived. Never say "not sent".
    LineLost,
    /// Whoever answered could not prove to be the council; nothing was sent.
    NotPrivate,
    /// A network's sign-in page answered: show that the Wi-Fi wants somebody to sign in.
    SignInPage,
    /// An answer that the council's system does not give: what was sent may have arrived.
    NotAnsweringProperly,
    /// The council asked to come back later.
    AskedToWait,
    /// The council no longer knows this device. Words still go; nothing comes.
    NotEnrolled,
}

impl From<Trouble> for SyncTrouble {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::NoLine => Self::NoLine,
            Trouble::LineLost => Self::LineLost,
            Trouble::NotPrivate => Self::NotPrivate,
            Trouble::SignInPage => Self::SignInPage,
            Trouble::NotAnsweringProperly => Self::NotAnsweringProperly,
            Trouble::AskedToWait => Self::AskedToWait,
            Trouble::NotEnrolled => Self::NotEnrolled,
        }
    }
}

/// What a sync came to. That something stood in the way is not an error: try again at `next_allowed_in_ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct SyncOutcome {
    /// What was done.
    pub counts: SyncCounts,
    /// Why it ended.
    pub ended: SyncEnded,
    /// What stood in the way, if anything: the gravest that was met.
    pub trouble: Option<SyncTrouble>,
    /// Something here has no receipt yet, or the council has more for this device.
    pub more_waiting: bool,
    /// In how many milliseconds a sync that nobody asked for may begin.
    pub next_allowed_in_ms: u64,
    /// From the beginning to the first verified receipt, in milliseconds.
    pub first_receipt_after_ms: Option<u64>,
}

impl SyncOutcome {
    pub(crate) fn new(outcome: outcome::Outcome, now: u64) -> Self {
        let outcome::Outcome {
            progress,
            ended,
            trouble,
            more_waiting,
            next_allowed_at,
            first_receipt_after_ms,
        } = outcome;
        Self {
            counts: progress.into(),
            ended: match ended {
                Ended::Complete => SyncEnded::Complete,
                Ended::Budget => SyncEnded::Budget,
                Ended::Cancelled => SyncEnded::Cancelled,
                Ended::Trouble => SyncEnded::Trouble,
                Ended::TooSoon => SyncEnded::TooSoon,
            },
            trouble: trouble.map(SyncTrouble::from),
            more_waiting,
            next_allowed_in_ms: next_allowed_at.saturating_sub(now),
            first_receipt_after_ms,
        }
    }
}

/// Shows a person how a sync goes on.
#[uniffi::export(foreign)]
pub trait SyncProgress: Send + Sync {
    /// Called on the syncing thread between exchanges, while no lock of the book is held. What it throws changes nothing.
    fn progressed(&self, so_far: SyncCounts) -> Result<(), CallbackError>;
}

/// Stops the sync it is given to. It stays cancelled: make a new one for each sync.
#[derive(uniffi::Object)]
pub struct SyncCancel(pub(crate) CancelHandle);

#[uniffi::export]
impl SyncCancel {
    /// Not cancelled yet.
    #[must_use]
    #[uniffi::constructor]
    pub fn new() -> Arc<Self> {
        Arc::new(Self(CancelHandle::new()))
    }

    /// Stops the sync within a quarter of a second, or as soon as it begins. Returns at once; may be called from any thread
    /// and more than once. What was done stays done.
    pub fn cancel(&self) {
        self.0.cancel();
    }

    /// Whether it was cancelled.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.is_cancelled()
    }
}

/// What a sync may use.
pub(crate) fn ask(budget_ms: Option<u64>, asked: bool) -> Ask {
    Ask {
        budget: Budget {
            time_ms: budget_ms,
            bytes: None,
        },
        asked,
    }
}

/// What the core calls between exchanges.
pub(crate) fn show(progress: Option<Arc<dyn SyncProgress>>) -> impl FnMut(outcome::Progress) {
    move |so_far| {
        if let Some(progress) = &progress {
            // A display that fails must not stop the words from leaving.
            let _ = progress.progressed(so_far.into());
        }
    }
}

/// A device behind its lock, as the engine sees it. `after` is called after each call, with the lock free.
pub(crate) struct PerCall<'a, T> {
    pub(crate) held: &'a Held<T>,
    pub(crate) not_here: fn(NotHere) -> VisitbookError,
    pub(crate) after: &'a dyn Fn(),
}

impl<T: SyncStore> PerCall<'_, T>
where
    VisitbookError: From<T::Error>,
{
    fn call<R, E>(
        &self,
        work: impl FnOnce(&mut T) -> Result<R, E>,
        error: impl FnOnce(E) -> ReplyProblem<VisitbookError>,
    ) -> Result<R, ReplyProblem<VisitbookError>> {
        let done = self.held.with(work);
        (self.after)();
        match done {
            Ok(done) => done.map_err(error),
            Err(not_here) => Err(ReplyProblem::Store((self.not_here)(not_here))),
        }
    }

    fn stored<R>(
        &self,
        work: impl FnOnce(&mut T) -> Result<R, T::Error>,
    ) -> Result<R, VisitbookError> {
        let done = self.held.with(work);
        (self.after)();
        Ok(done.map_err(self.not_here)??)
    }
}

fn problem<E>(problem: ReplyProblem<E>) -> ReplyProblem<VisitbookError>
where
    VisitbookError: From<E>,
{
    match problem {
        ReplyProblem::NotTheCouncil => ReplyProblem::NotTheCouncil,
        ReplyProblem::NotEnrolled => ReplyProblem::NotEnrolled,
        ReplyProblem::Store(error) => ReplyProblem::Store(error.into()),
    }
}

impl<T: SyncStore> SyncStore for PerCall<'_, T>
where
    VisitbookError: From<T::Error>,
{
    type Error = VisitbookError;

    fn waiting(
        &mut self,
        max_bytes: usize,
        sent: &BTreeSet<ParcelKey>,
    ) -> Result<Vec<Parcel>, VisitbookError> {
        self.stored(|device| device.waiting(max_bytes, sent))
    }

    fn under_way(&mut self, keys: &[ParcelKey]) {
        // For the words on a screen: a book that was locked meanwhile shows none.
        let _ = self.held.with(|device| device.under_way(keys));
        (self.after)();
    }

    fn take_upload_answer(
        &mut self,
        body: &[u8],
    ) -> Result<UploadTaken, ReplyProblem<VisitbookError>> {
        self.call(|device| device.take_upload_answer(body), problem)
    }

    fn take_keys(&mut self, body: &[u8]) -> Result<bool, ReplyProblem<VisitbookError>> {
        self.call(|device| device.take_keys(body), problem)
    }

    fn pull_request(&mut self, budget: u32) -> Result<Option<SealedRequest>, VisitbookError> {
        self.stored(|device| device.pull_request(budget))
    }

    fn take_pull_reply(&mut self, body: &[u8]) -> Result<PullTaken, ReplyProblem<VisitbookError>> {
        self.call(|device| device.take_pull_reply(body), problem)
    }

    fn attachment_request(
        &mut self,
        budget: u32,
        over: &BTreeSet<[u8; 32]>,
    ) -> Result<Option<AttachmentRequest>, VisitbookError> {
        self.stored(|device| device.attachment_request(budget, over))
    }

    fn take_attachment_reply(
        &mut self,
        body: &[u8],
    ) -> Result<AttachmentsTaken, ReplyProblem<VisitbookError>> {
        self.call(|device| device.take_attachment_reply(body), problem)
    }

    fn attachments_wait(&mut self) -> Result<bool, VisitbookError> {
        self.stored(SyncStore::attachments_wait)
    }
}

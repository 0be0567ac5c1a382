//! What the sync engine needs of whatever keeps the words.
//!
//! Two implementations matter: the encrypted store on a phone, and the map-backed one in the simulator. The engine never
//! sees a key: sealed bytes go out, reply bodies come in, and the store opens and applies them in one transaction.

/// How soon something is wanted, readable without any key. Inside one class, oldest first; inside one record, always in
/// the order written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SendClass {
    /// A concern.
    Now,
    /// A child's words, and finishes.
    Soon,
    /// Everything else.
    Later,
}

/// One sealed envelope waiting for its receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Names the envelope on this device until its receipt is stored.
    pub key: ParcelKey,
    /// How soon it is wanted.
    pub class: SendClass,
    /// The exact sealed bytes.
    pub bytes: Vec<u8>,
}

/// The sealing session and the envelope's number in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ParcelKey {
    /// The session: its encapsulated key.
    pub session: [u8; 32],
    /// The number within the session.
    pub number: u64,
}

/// A request body that the store has sealed and signed, to be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SealedRequest {
    /// The body.
    pub body: Vec<u8>,
}

/// What storing the answer to an upload came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UploadTaken {
    /// Envelopes that now have a verified receipt.
    pub receipted: u32,
    /// Envelopes that the council did not take; they stay, and a person is told.
    pub refused: u32,
    /// Envelopes that were sealed to a key the council no longer has, sealed again now.
    pub sealed_again: u32,
    /// Answers that could not be opened: because the vault is closed, and then kept until it is open; or because an older book
    /// was put back that does not have their secret, and then what they say comes by a pull.
    pub kept_unopened: u32,
    /// The council has newer keys than this device: without them the answer says nothing.
    pub keys_wanted: bool,
}

/// What applying a page came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PullTaken {
    /// Log entries applied.
    pub entries: u32,
    /// The council has more.
    pub more: bool,
    /// The council asked for another try at once: the counter was used, or the token is not one it keeps.
    pub again: bool,
    /// The council has newer keys than this device.
    pub keys_wanted: bool,
}

/// What the answer to a request about attached files came to.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct AttachmentsTaken {
    /// Chunks that the council has now and had not before.
    pub chunks_up: u32,
    /// Files of which the council now has every chunk, with a verified receipt.
    pub received: u32,
    /// Chunks that came from the council.
    pub chunks_down: u32,
    /// Files that are now here as a whole.
    pub fetched: u32,
    /// The council asked for another try at once.
    pub again: bool,
    /// Files about which there is nothing more to do in this run.
    pub over: Vec<[u8; 32]>,
}

/// A request about attached files, to be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttachmentRequest {
    /// Where to.
    pub route: super::exchange::Route,
    /// The body.
    pub body: Vec<u8>,
}

/// Why a reply was not taken.
#[derive(Debug, thiserror::Error)]
pub enum ReplyProblem<E> {
    /// Not from the council, or damaged on the way. A passing fault: nothing was changed.
    #[error("the reply is not one the council sealed for this device")]
    NotTheCouncil,
    /// The council no longer knows this device.
    #[error("the council does not know this device")]
    NotEnrolled,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] E),
}

/// A store that can be synchronised. All calls block, and are short; each that changes something is one transaction.
pub trait SyncStore {
    /// What the store itself fails with.
    type Error: std::error::Error;

    /// Envelopes without a receipt, in sending order, as many as fit in `max_bytes`, at least one if any wait; without
    /// those named in `sent`, which this run has sent already.
    ///
    /// # Errors
    /// The store's own.
    fn waiting(
        &mut self,
        max_bytes: usize,
        sent: &std::collections::BTreeSet<ParcelKey>,
    ) -> Result<Vec<Parcel>, Self::Error>;

    /// Says which envelopes are in the request that is being sent now; none when no upload is under way. For the words on
    /// the screen alone: a store that shows none need not listen.
    fn under_way(&mut self, _keys: &[ParcelKey]) {}

    /// Verifies and stores the answer to an upload.
    ///
    /// # Errors
    /// See [`ReplyProblem`].
    fn take_upload_answer(&mut self, body: &[u8])
    -> Result<UploadTaken, ReplyProblem<Self::Error>>;

    /// A request for what is new; `None` where the vault is closed, because asking needs the device's key.
    ///
    /// # Errors
    /// The store's own.
    fn pull_request(&mut self, budget: u32) -> Result<Option<SealedRequest>, Self::Error>;

    /// Verifies a page and applies it in one transaction with its token.
    ///
    /// # Errors
    /// See [`ReplyProblem`].
    fn take_pull_reply(&mut self, body: &[u8]) -> Result<PullTaken, ReplyProblem<Self::Error>>;

    /// The next request about attached files, of about `budget` bytes and always one chunk: their own lane, asked for only
    /// when nothing else is left to do. `over` are the files that this run has done with. A store without files has none.
    ///
    /// # Errors
    /// The store's own.
    fn attachment_request(
        &mut self,
        _budget: u32,
        _over: &std::collections::BTreeSet<[u8; 32]>,
    ) -> Result<Option<AttachmentRequest>, Self::Error> {
        Ok(None)
    }

    /// Verifies and stores the answer to [`Self::attachment_request`].
    ///
    /// # Errors
    /// See [`ReplyProblem`].
    fn take_attachment_reply(
        &mut self,
        _body: &[u8],
    ) -> Result<AttachmentsTaken, ReplyProblem<Self::Error>> {
        Err(ReplyProblem::NotTheCouncil)
    }

    /// Whether a file here has no receipt of the council yet, or one that was asked for has not come.
    ///
    /// # Errors
    /// The store's own.
    fn attachments_wait(&mut self) -> Result<bool, Self::Error> {
        Ok(false)
    }

    /// Verifies the council's key bundle, which came over a connection that need not be trusted, and takes it if it is newer.
    /// A store that cannot, because its vault is closed, takes none.
    ///
    /// # Errors
    /// See [`ReplyProblem`].
    fn take_keys(&mut self, _body: &[u8]) -> Result<bool, ReplyProblem<Self::Error>> {
        Ok(false)
    }
}

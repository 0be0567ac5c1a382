//! What one run of a sync came to, for the words on the screen and for deciding when to try again.

/// How much a run may use. Without limits it goes on until there is nothing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Budget {
    /// Milliseconds from its beginning.
    pub time_ms: Option<u64>,
    /// Bytes of bodies, both ways together. A guide: one reply may go beyond it.
    pub bytes: Option<u64>,
}

/// Why a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Ended {
    /// Nothing was left to do.
    Complete,
    /// The budget was used up.
    Budget,
    /// The caller cancelled.
    Cancelled,
    /// See [`Outcome::trouble`].
    Trouble,
    /// It is before `next_allowed_at`; nothing was tried.
    TooSoon,
}

/// What stood in the way. None of these means that something was lost, and only [`Trouble::NoLine`] and
/// [`Trouble::NotPrivate`] mean that the request which met it was not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Trouble {
    /// No connection.
    NoLine,
    /// The line was lost, or no answer came in time: what was sent may have arrived.
    LineLost,
    /// Whoever answered could not prove to be the council.
    NotPrivate,
    /// A network's sign-in page answered.
    SignInPage,
    /// An answer that the council's system does not give: what was sent may have arrived.
    NotAnsweringProperly,
    /// The council asked to come back later.
    AskedToWait,
    /// The council no longer knows this device. Words still go; nothing comes.
    NotEnrolled,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Progress {
    /// Envelopes handed to the transport; they may have arrived.
    pub sent: u32,
    /// Envelopes that now have a verified receipt.
    pub receipted: u32,
    /// Envelopes that the council did not take; they stay here, and a person is told.
    pub refused: u32,
    /// Log entries applied.
    pub pulled_entries: u32,
    /// Chunks of attached files that went up or came down.
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

/// What a run came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// What was done.
    pub progress: Progress,
    /// Why it ended.
    pub ended: Ended,
    /// What stood in the way, if anything: the gravest that was met.
    pub trouble: Option<Trouble>,
    /// Something here was not answered for, or the council has more for this device.
    pub more_waiting: bool,
    /// When a run may begin again, on the caller's clock, in milliseconds.
    pub next_allowed_at: u64,
    /// From the beginning of the run to its first verified receipt, in milliseconds.
    pub first_receipt_after_ms: Option<u64>,
}

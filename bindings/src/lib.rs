//! The border between the core and the apps: everything an app needs, as UniFFI exports it to Kotlin, Swift and Python.
//!
//! Nothing is decided here. Values are turned into plain ones, errors into [`VisitbookError`], and what the apps hand in
//! (a keystore, listeners) into what the core asks for. An app holds one of two objects: a [`LockedBook`], which can
//! send what is sealed and reads nothing, or a [`Book`], which reads and writes; the one is spent when it becomes the
//! other. A [`SealedOutbox`] is what is left of a device whose vault is lost.
//!
//! Rules that hold for every function here:
//!
//! - It blocks, mostly for less than a millisecond. Opening, unlocking, locking, verifying and syncing take longer. Call
//!   none of them on an app's main thread. Every function may be called from any thread.
//! - It returns an error or cannot fail; nothing panics across the border.
//! - Foreign code (a [`HardwareKeys`], a [`Transport`], a [`ChangeListener`], a [`SyncProgress`]) is called while no lock of this library
//!   is held, so it may call back into it.
//! - There is no `unsafe` in it. What UniFFI's derives write at the border is UniFFI's, argued there.
//! - Ids are written as text, and so are days (`2026-10-27`) and times of day (`09:52`), both as in London.

mod across;
mod biometric;
mod book;
mod error;
mod family;
mod files;
mod heard;
mod held;
mod keys;
mod line;
mod listen;
mod locked;
mod model;
mod outbox;
mod oversight;
mod people;
mod reading;
mod sync;
mod transport;
mod typing;
mod uploads;
mod writing;

pub use book::Book;
pub use error::VisitbookError;
pub use family::{FamilyPage, PageWords};
pub use heard::{DrawingBytes, ReplyGiven, SharingGiven};
pub use keys::{HardwareKeys, KeyPolicy, KeystoreError};
pub use listen::{CallbackError, Change, ChangeListener, Subscription};
pub use locked::LockedBook;
pub use model::aside::{KeptAside, PlacedView, SetAside};
pub use model::board::{
    ActionBy, Addition, AloneLine, AsideLine, AskedLine, Board, BoardView, Decided, DeviceHeard,
    DueChild, NotMetLine, NotMetVisit, NotSeen, RatedView, Since, StepView, ToSign, TwoAnswersLine,
    WaitingChild,
};
pub use model::export::{CaseSection, CaseText};
pub use model::files::{AttachmentView, ExpectedFile};
pub use model::given::{AnswerGiven, VoiceGiven};
pub use model::lists::{
    ChildCard, ChildLine, ConcernView, FactLine, Holder, Identity, LastTime, Moment, Person, Today,
    VisitLine,
};
pub use model::oversight::{
    ClosingView, CorrectionView, DueLine, NoAccessLine, NoAnswerView, OpenedView, OversightView,
    Owed, ReturnedView, SignedOffView, VoidedView,
};
pub use model::page::{
    AnswerView, EntryView, FinishedView, LateView, QuestionView, RecordPage, VersionView,
};
pub use model::people::{
    AlsoMet, CoverChild, FileOpened, MetChild, SameVisitQuestion, SameVisitView, ToTell,
};
pub use model::standing::{
    AlarmView, AskView, BeforeFinishing, ChoiceView, DigestLine, Finishing, Found, KeptDraft,
    MissingItem, OpenQuestion, RecordStatus, Recovered, Saved, StatusView, Verification, Version,
};
pub use model::voice::{
    DrawingView, FamilySessionView, LeftForYou, ReplyView, SharingView, UnopenedLine, VoiceView,
};
pub use outbox::SealedOutbox;
pub use people::MetSaved;
pub use sync::{SyncCancel, SyncCounts, SyncEnded, SyncOutcome, SyncProgress, SyncTrouble};

pub use transport::{CouncilAnswer, CouncilRequest, Transport, TransportError};
pub use typing::NoteSaved;
pub use uploads::{UploadOrder, UploadOutcome};
pub use writing::VoiceSaved;

/// Words that were on a screen are wiped as their memory is given back, before a child is handed the device.
#[global_allocator]
static WIPING: visitbook_device::wiping::Wiping = visitbook_device::wiping::Wiping;

uniffi::setup_scaffolding!();

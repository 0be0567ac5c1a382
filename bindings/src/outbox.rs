//! What a device has to send, without its vault: for a phone whose vault is lost, and for a background task that needs nothing
//! else. Nothing in it leads to a book.

use std::path::Path;
use std::sync::Arc;

use visitbook_device::{Device, Outbox};

use crate::across::Across as _;
use crate::error::VisitbookError;
use crate::held::{Held, NotHere};
use crate::line::{Line, Place, Way};
use crate::sync::{PerCall, SyncCancel, SyncOutcome, SyncProgress, ask, show};
use crate::transport::Transport;

/// What an enrolled device has to send, and no more of it. It asks no keystore and cannot be unlocked; it opens where
/// `LockedBook.open` says that the vault is missing or damaged. It holds the device's folder for this process until it is
/// freed.
#[derive(uniffi::Object)]
pub struct SealedOutbox {
    held: Held<Outbox>,
    line: Line,
}

#[uniffi::export]
impl SealedOutbox {
    /// Opens what waits in the folder of a device. `connect_via` and `transport` as in `LockedBook.open`.
    ///
    /// Errors: `no_device_here` and `not_enrolled`; `busy`: the device is open elsewhere, and can send from there.
    #[uniffi::constructor(default(connect_via = None, transport = None))]
    pub fn open(
        folder: String,
        connect_via: Option<String>,
        transport: Option<Arc<dyn Transport>>,
    ) -> Result<Arc<Self>, VisitbookError> {
        let line = Line::new(Way::new(connect_via, transport)?);
        let outbox = Device::open_to_send(Path::new(&folder))?;
        Ok(Arc::new(Self {
            held: Held::new(outbox),
            line,
        }))
    }

    /// Sends what is sealed. Answers are kept for the next unlock, if there is one. Otherwise as `LockedBook.sync`.
    #[uniffi::method(default(budget_ms = None, progress = None, asked = true))]
    pub fn sync(
        &self,
        cancel: Arc<SyncCancel>,
        budget_ms: Option<u64>,
        progress: Option<Arc<dyn SyncProgress>>,
        asked: bool,
    ) -> Result<SyncOutcome, VisitbookError> {
        let place = self.with(|outbox| Place {
            address: outbox.address().to_owned(),
            roots: outbox.tls_roots(),
        })?;
        let mut store = PerCall {
            held: &self.held,
            not_here: of_outbox,
            after: &|| {},
        };
        let ask = ask(budget_ms, asked);
        self.line
            .sync(&mut store, place, ask, &mut show(progress), &cancel.0)
    }

    /// The council's address, as the enrolment code gave it.
    pub fn address(&self) -> Result<String, VisitbookError> {
        self.with(|outbox| outbox.address().to_owned())
    }

    /// How many sealed envelopes wait to be sent.
    pub fn sealed_waiting(&self) -> Result<u64, VisitbookError> {
        self.with(|outbox| outbox.sealed_waiting().across())
    }

    /// What to say where the vault is lost: that signed work is safe, and how much of it waits to be sent.
    pub fn safe_words(&self) -> Result<String, VisitbookError> {
        self.with(|outbox| outbox.safe_words())
    }
}

impl SealedOutbox {
    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut Outbox) -> R) -> Result<R, VisitbookError> {
        self.held.with(work).map_err(of_outbox)
    }
}

/// It never changes hands; this is said if that should change.
fn of_outbox(_: NotHere) -> VisitbookError {
    VisitbookError::busy("This is being used just now. Try again in a moment.")
}

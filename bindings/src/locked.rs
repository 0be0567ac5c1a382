//! A locked device: where every app begins, and what a background task is given.

use std::path::Path;
use std::sync::Arc;

use visitbook_device::clock::SystemClock;
use visitbook_device::sync::enrolling::over_https;
use visitbook_device::sync::exchange::TransportProblem;
use visitbook_device::{Device, EnrolStep, Locked};
use visitbook_seal::enrol::EnrolmentCode;
use visitbook_seal::vault::Params;
use zeroize::Zeroizing;

use crate::across::Across as _;
use crate::book::Book;
use crate::error::VisitbookError;
use crate::held::Held;
use crate::keys::{ForeignKeys, HardwareKeys};
use crate::line::{Line, Place, Way};
use crate::sync::{PerCall, SyncCancel, SyncOutcome, SyncProgress, ask, show};
use crate::transport::{Transport, enrolling};

type Exchange<'a> = dyn FnMut(EnrolStep, &[u8]) -> Result<Vec<u8>, TransportProblem> + 'a;

/// A device whose vault is closed. It can send what is sealed already, and there is nothing in it that could read a word.
///
/// It holds the device's folder for this process until it is freed, or the `Book` that it becomes is. Once unlocked it is
/// spent: every call then fails with the code `spent`.
#[derive(uniffi::Object)]
pub struct LockedBook {
    held: Held<Locked>,
    line: Arc<Line>,
}

impl LockedBook {
    pub(crate) fn new(locked: Locked, line: Arc<Line>) -> Arc<Self> {
        Arc::new(Self {
            held: Held::new(locked),
            line,
        })
    }

    pub(crate) fn with<R>(&self, work: impl FnOnce(&mut Locked) -> R) -> Result<R, VisitbookError> {
        self.held.with(work).map_err(VisitbookError::of_locked)
    }
}

#[uniffi::export]
impl LockedBook {
    /// Opens an enrolled device, locked. `folder` is a folder of the app's own that no backup restores.
    ///
    /// `connect_via` (`127.0.0.1:8443`) connects to a relay of bytes instead of the council's address; what is verified
    /// does not change. `transport` carries requests in place of the core's own HTTPS, and `connect_via` is not used then.
    ///
    /// Errors: `no_device_here` and `not_enrolled` mean that the device has to be enrolled; `busy` that it is open elsewhere.
    #[uniffi::constructor(default(connect_via = None, transport = None))]
    pub fn open(
        folder: String,
        keys: Arc<dyn HardwareKeys>,
        connect_via: Option<String>,
        transport: Option<Arc<dyn Transport>>,
    ) -> Result<Arc<Self>, VisitbookError> {
        let line = Arc::new(Line::new(Way::new(connect_via, transport)?));
        let keys = Arc::new(ForeignKeys(keys));
        let locked = Device::open(Path::new(&folder), keys, Arc::new(SystemClock))?;
        Ok(Self::new(locked, line))
    }

    /// Makes `folder` a device of the council in the enrolment code, and opens it, locked. Needs the network; takes seconds.
    ///
    /// `pin` is the UTF-8 of at least 6 characters that are not easy to guess; wipe your copy. `label` is what the holder
    /// calls the device, such as "Rowan's phone". Whatever the error, the same call with the same PIN and code may simply be
    /// made again.
    #[uniffi::constructor(default(connect_via = None, transport = None))]
    pub fn enrol(
        folder: String,
        keys: Arc<dyn HardwareKeys>,
        code: String,
        pin: Vec<u8>,
        label: String,
        connect_via: Option<String>,
        transport: Option<Arc<dyn Transport>>,
    ) -> Result<Arc<Self>, VisitbookError> {
        let pin = Zeroizing::new(pin);
        let code = Zeroizing::new(code);
        let code: EnrolmentCode = code.trim().parse()?;
        let way = Way::new(connect_via, transport)?;
        let exchange: Box<Exchange<'_>> = match &way {
            Way::Https(via) => Box::new(over_https(&code, *via)),
            Way::Foreign(foreign) => Box::new(enrolling(&code, Arc::clone(foreign))),
        };
        let locked = Device::enrol(
            Path::new(&folder),
            Arc::new(ForeignKeys(keys)),
            Arc::new(SystemClock),
            &code,
            &pin,
            Params::default(),
            &label,
            exchange,
        )?;
        Ok(Self::new(locked, Arc::new(Line::new(way))))
    }

    /// Opens the vault with a PIN. Takes as long as a guess is made to cost, up to a second, and calls the keystore. What a
    /// crash left is put in order first: see `Book.recovered`. A sync of this locked book is cancelled.
    ///
    /// Errors: `wrong_pin`, `too_many_wrong_pins`, `pin_destroyed`; those of the keystore begin with `keystore_`. In every
    /// case the book stays locked, no file was changed but for the count of wrong PINs, and sealed work can still be sent.
    pub fn unlock(&self, pin: Vec<u8>) -> Result<Arc<Book>, VisitbookError> {
        let pin = Zeroizing::new(pin);
        self.line.stop();
        let unlocked = self.held.change_hands(|locked| {
            locked.unlock(&pin).map_err(|still| {
                let words = still.locked.safe_words();
                Box::new((still.locked, VisitbookError::from(still.error).and(&words)))
            })
        });
        let working = unlocked.map_err(VisitbookError::of_locked)??;
        Ok(Book::new(working, Arc::clone(&self.line)))
    }

    /// Opens the vault by the fingerprint or face that `Book.add_biometric` set. Shows the phone's prompt, through
    /// `HardwareKeys`, and takes until it was answered. Wrong PINs are neither counted nor forgiven by it. Otherwise as `unlock`.
    ///
    /// Errors: `biometric_gone` if none is set, or the phone has destroyed its key because an enrolled one was added or
    /// removed: use the PIN, which opens as ever, and set it again; nothing is lost. Those of the keystore begin with
    /// `keystore_`: `keystore_cancelled` and `keystore_not_authenticated` mean that the person was not recognised.
    pub fn unlock_with_biometric(&self) -> Result<Arc<Book>, VisitbookError> {
        self.line.stop();
        let unlocked = self.held.change_hands(|locked| {
            locked.unlock_with_biometric().map_err(|still| {
                let words = still.locked.safe_words();
                let error = VisitbookError::of_biometric_unlock(still.error);
                Box::new((still.locked, error.and(&words)))
            })
        });
        let working = unlocked.map_err(VisitbookError::of_locked)??;
        Ok(Book::new(working, Arc::clone(&self.line)))
    }

    /// Sends what is sealed, while the vault stays closed. This is what a background task calls: it asks the keystore for
    /// nothing, and fetches nothing. Otherwise as `Book.sync`.
    #[uniffi::method(default(budget_ms = None, progress = None, asked = true))]
    pub fn sync(
        &self,
        cancel: Arc<SyncCancel>,
        budget_ms: Option<u64>,
        progress: Option<Arc<dyn SyncProgress>>,
        asked: bool,
    ) -> Result<SyncOutcome, VisitbookError> {
        let place = self.with(|locked| Place {
            address: locked.address().to_owned(),
            roots: locked.tls_roots(),
        })?;
        let mut store = PerCall {
            held: &self.held,
            not_here: VisitbookError::of_locked,
            after: &|| {},
        };
        let ask = ask(budget_ms, asked);
        self.line
            .sync(&mut store, place, ask, &mut show(progress), &cancel.0)
    }

    /// The council's address, as the enrolment code gave it.
    pub fn address(&self) -> Result<String, VisitbookError> {
        self.with(|locked| locked.address().to_owned())
    }

    /// How many sealed envelopes wait to be sent.
    pub fn sealed_waiting(&self) -> Result<u64, VisitbookError> {
        self.with(|locked| locked.sealed_waiting().across())
    }

    /// What to say on the lock screen: that signed work is safe, and how much of it waits to be sent.
    pub fn safe_words(&self) -> Result<String, VisitbookError> {
        self.with(|locked| locked.safe_words())
    }

    /// Whether a fingerprint or face is set. That the phone has destroyed the key since is found when it is asked.
    pub fn has_biometric(&self) -> Result<bool, VisitbookError> {
        self.with(|locked| locked.has_biometric())
    }

    /// Whether a PIN can still open the vault. After ten wrong ones none can.
    pub fn has_pin(&self) -> Result<bool, VisitbookError> {
        self.with(|locked| locked.has_pin())
    }
}

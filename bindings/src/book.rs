//! An open device: what it shares among its calls, syncing, listening and locking. What it reads is in `reading`, what it
//! writes in `writing` and `typing`.

use std::convert::Infallible;
use std::sync::Arc;

use visitbook_device::Working;

use crate::across::Across as _;
use crate::error::VisitbookError;
use crate::held::Held;
use crate::line::{Line, Place};
use crate::listen::{ChangeListener, Notices, Noting, Subscription};
use crate::locked::LockedBook;
use crate::model::lists::Identity;
use crate::sync::{PerCall, SyncCancel, SyncOutcome, SyncProgress, ask, show};

/// An unlocked device: the only thing that reads and writes words.
///
/// Calls from several threads take turns, each for the length of one read or save; a sync takes its turn for each of its
/// steps, so people go on reading and saving while it waits for the network. Lock it when the app is left. If it is freed
/// without, nothing is lost: what was being typed becomes an entry at the next unlock.
///
/// Once locked it is spent: every call then fails with the code `locked`.
#[derive(uniffi::Object)]
pub struct Book {
    held: Held<Working>,
    line: Arc<Line>,
    notices: Arc<Notices>,
}

impl Book {
    pub(crate) fn new(mut working: Working, line: Arc<Line>) -> Arc<Self> {
        let notices = Arc::new(Notices::default());
        working.subscribe(Box::new(Noting(Arc::clone(&notices))));
        Arc::new(Self {
            held: Held::new(working),
            line,
            notices,
        })
    }

    /// One call of the core under the lock, and then, with the lock free, what it changed to the listeners.
    pub(crate) fn with<R, E>(
        &self,
        work: impl FnOnce(&mut Working) -> Result<R, E>,
    ) -> Result<R, VisitbookError>
    where
        VisitbookError: From<E>,
    {
        let done = self.held.with(work);
        self.notices.hand_out();
        Ok(done.map_err(VisitbookError::of_open)??)
    }

    /// Closes the book by making something else of it. What fails leaves it open.
    pub(crate) fn hand_over<R>(
        &self,
        work: impl FnOnce(Working, Arc<Line>) -> Result<R, Box<(Working, VisitbookError)>>,
    ) -> Result<R, VisitbookError> {
        self.line.stop();
        let line = Arc::clone(&self.line);
        let done = self.held.change_hands(|working| work(working, line));
        self.notices.hand_out();
        done.map_err(VisitbookError::of_open)?
    }

    /// The same for what cannot fail.
    pub(crate) fn look<R>(&self, look: impl FnOnce(&Working) -> R) -> Result<R, VisitbookError> {
        self.held
            .with(|working| look(working))
            .map_err(VisitbookError::of_open)
    }
}

#[uniffi::export]
impl Book {
    /// Reconciles with the council on this thread: sends what waits in the order people need it, and fetches what is new.
    /// Returns when there is nothing left to do, the budget is used, something is in the way, or it is cancelled, and then
    /// within a quarter of a second. It may be interrupted anywhere and loses nothing.
    ///
    /// `budget_ms` is how long it may take. `asked` says that a person asked, or that the connection has just changed:
    /// without it, a sync too soon after a failed one does nothing. `progress` is called between exchanges.
    ///
    /// Errors: `busy` while another sync of this device runs; `locked` if the book is locked in the middle of it. A network
    /// that does not work is no error: see `SyncOutcome.trouble`.
    #[uniffi::method(default(budget_ms = None, progress = None, asked = true))]
    pub fn sync(
        &self,
        cancel: Arc<SyncCancel>,
        budget_ms: Option<u64>,
        progress: Option<Arc<dyn SyncProgress>>,
        asked: bool,
    ) -> Result<SyncOutcome, VisitbookError> {
        let place = self.look(|working| Place {
            address: working.address().to_owned(),
            roots: working.tls_roots(),
        })?;
        let mut store = PerCall {
            held: &self.held,
            not_here: VisitbookError::of_open,
            after: &|| self.notices.hand_out(),
        };
        let ask = ask(budget_ms, asked);
        self.line
            .sync(&mut store, place, ask, &mut show(progress), &cancel.0)
    }

    /// Calls the listener once now, before this returns unless another thread is telling listeners at this moment, and then
    /// after every change, until the subscription is cancelled or freed or the book is locked. Keep what this returns.
    pub fn subscribe(
        &self,
        listener: Arc<dyn ChangeListener>,
    ) -> Result<Arc<Subscription>, VisitbookError> {
        self.look(|_| ())?;
        Ok(Subscription::begin(&self.notices, listener))
    }

    /// Saves what is being typed, closes the book and forgets every key. Takes a moment and calls the keystore. A sync that
    /// is running is cancelled. The locked book returned goes on holding the folder, and can still send.
    pub fn lock(&self) -> Result<Arc<LockedBook>, VisitbookError> {
        self.line.stop();
        let locked = self
            .held
            .change_hands(|working| Ok::<_, Box<(Working, Infallible)>>(working.lock()));
        self.notices.hand_out();
        let locked = locked.map_err(VisitbookError::of_open)?;
        let locked = locked.unwrap_or_else(|never| match never {});
        Ok(LockedBook::new(locked, Arc::clone(&self.line)))
    }

    /// Work for a quiet moment: prepares search and tidies the files. Interrupting it, or never calling it, loses nothing.
    pub fn idle(&self) -> Result<(), VisitbookError> {
        self.with(Working::idle)
    }

    /// Whose device this is, of which council, and the number to ring out of hours.
    pub fn who(&self) -> Result<Identity, VisitbookError> {
        Ok(self.with(|working| working.who())?.across())
    }

    /// The council's address, as the enrolment code gave it.
    pub fn address(&self) -> Result<String, VisitbookError> {
        self.look(|working| working.address().to_owned())
    }

    /// How many sealed envelopes wait to be sent.
    pub fn sealed_waiting(&self) -> Result<u64, VisitbookError> {
        self.look(|working| working.sealed_waiting().across())
    }

    /// Whether the council has ended this device. What was written on it is taken all the same; it receives nothing more.
    pub fn is_ended(&self) -> Result<bool, VisitbookError> {
        self.with(|working| working.is_ended())
    }

    /// Whether anything was ever fetched from the council. Until then lists are empty because nothing has come yet.
    pub fn has_pulled(&self) -> Result<bool, VisitbookError> {
        self.with(|working| working.has_pulled())
    }
}

//! The line to the council, kept through locking and unlocking: it remembers how well it did, and that one sync runs.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use visitbook_device::sync::cancel::CancelHandle;
use visitbook_device::sync::driver::{Ask, Clock as _, Driver, SyncError, SystemClock};
use visitbook_device::sync::engine::Config;
use visitbook_device::sync::http::{HttpsTransport, Transport as Carrying};
use visitbook_device::sync::outcome::Progress;
use visitbook_device::sync::store::SyncStore;

use crate::error::VisitbookError;
use crate::sync::SyncOutcome;
use crate::transport::{ForeignTransport, Transport};

/// Where the council is, and what its server is verified with.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) address: String,
    pub(crate) roots: Vec<Vec<u8>>,
}

/// How the council is reached.
#[derive(Clone)]
pub(crate) enum Way {
    /// By the core's own HTTPS, directly or through a relay of bytes.
    Https(Option<SocketAddr>),
    /// By the app.
    Foreign(Arc<dyn Transport>),
}

impl Way {
    /// As an app asks for it. A transport of its own wins over a relay.
    pub(crate) fn new(
        connect_via: Option<String>,
        transport: Option<Arc<dyn Transport>>,
    ) -> Result<Self, VisitbookError> {
        let via = relay(connect_via)?;
        Ok(transport.map_or(Self::Https(via), Self::Foreign))
    }

    fn to(&self, place: &Place) -> Result<Arc<dyn Carrying>, VisitbookError> {
        match self {
            Self::Https(via) => Ok(Arc::new(connect(place, *via)?)),
            Self::Foreign(foreign) => Ok(Arc::new(ForeignTransport {
                foreign: Arc::clone(foreign),
                place: place.clone(),
                any_certificate: false,
            })),
        }
    }
}

/// One for each device.
pub(crate) struct Line {
    way: Way,
    driver: Driver,
    clock: SystemClock,
    transport: Mutex<Option<(Place, Arc<dyn Carrying>)>>,
    running: Mutex<Option<CancelHandle>>,
}

/// The address of a relay, as an app gives it.
fn relay(connect_via: Option<String>) -> Result<Option<SocketAddr>, VisitbookError> {
    connect_via
        .map(|text| text.parse())
        .transpose()
        .map_err(|_| {
            VisitbookError::request(
                "bad_address",
                "Write the relay's address such as 127.0.0.1:8443.",
            )
        })
}

fn connect(place: &Place, via: Option<SocketAddr>) -> Result<HttpsTransport, VisitbookError> {
    let transport = HttpsTransport::new(&place.address, &place.roots).map_err(|error| {
        VisitbookError::request(
            "bad_address",
            format!("{error}. Ask the council for a new enrolment code."),
        )
    })?;
    Ok(transport.connecting(via))
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Line {
    pub(crate) fn new(way: Way) -> Self {
        Self {
            way,
            driver: Driver::new(Config::default()),
            clock: SystemClock::default(),
            transport: Mutex::new(None),
            running: Mutex::new(None),
        }
    }

    /// Stops the sync that is running, if one is, and does not wait for it.
    pub(crate) fn stop(&self) {
        if let Some(running) = &*locked(&self.running) {
            running.cancel();
        }
    }

    /// The connection to a place, kept while the place stays the same.
    fn transport(&self, place: Place) -> Result<Arc<dyn Carrying>, VisitbookError> {
        let mut kept = locked(&self.transport);
        if let Some((known, transport)) = &*kept
            && *known == place
        {
            return Ok(Arc::clone(transport));
        }
        let transport = self.way.to(&place)?;
        *kept = Some((place, Arc::clone(&transport)));
        Ok(transport)
    }

    /// Syncs on this thread. `progress` is called while no lock of the book is held.
    pub(crate) fn sync<S: SyncStore>(
        &self,
        store: &mut S,
        place: Place,
        ask: Ask,
        progress: &mut dyn FnMut(Progress),
        cancel: &CancelHandle,
    ) -> Result<SyncOutcome, VisitbookError>
    where
        VisitbookError: From<S::Error>,
    {
        let busy =
            || VisitbookError::busy("A sync is running already. Wait for it to end, or cancel it.");
        let transport = self.transport(place)?;
        let _running = Running::begin(&self.running, cancel).ok_or_else(busy)?;
        let outcome = self
            .driver
            .sync(
                store,
                transport.as_ref(),
                &self.clock,
                ask,
                progress,
                cancel,
            )
            .map_err(|error| match error {
                SyncError::Busy => busy(),
                SyncError::Store(error) => error.into(),
            })?;
        Ok(SyncOutcome::new(outcome, self.clock.now_ms()))
    }
}

/// That a sync is running, until dropped.
struct Running<'a>(&'a Mutex<Option<CancelHandle>>);

impl<'a> Running<'a> {
    fn begin(place: &'a Mutex<Option<CancelHandle>>, cancel: &CancelHandle) -> Option<Self> {
        let mut running = locked(place);
        if running.is_some() {
            return None;
        }
        *running = Some(cancel.clone());
        Some(Self(place))
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        *locked(self.0) = None;
    }
}

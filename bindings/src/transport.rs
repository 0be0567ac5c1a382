//! How requests travel, where an app must carry them itself: a network that only the platform's own client can use (a proxy
//! that wants a sign-in, a managed device's tunnel). Everybody else leaves it out, and the core speaks HTTPS.
//!
//! What travels is sealed to the council end to end, so a transport can lose a request and never read one.

use std::sync::Arc;
use std::time::Duration;

use visitbook_device::EnrolStep;
use visitbook_device::sync::cancel::CancelHandle;
use visitbook_device::sync::exchange::{HttpReply, Route, TransportProblem};
use visitbook_device::sync::http as core;
use visitbook_record::wire;
use visitbook_seal::bundle::SignedBundle;
use visitbook_seal::enrol::EnrolmentCode;

use crate::line::Place;
use crate::sync::SyncCancel;

/// How long one exchange of an enrolment may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// One request. Send it as it is: follow no redirect, compress nothing, keep no cookie.
#[derive(Clone, uniffi::Record)]
pub struct CouncilRequest {
    /// `GET` or `POST`.
    pub method: String,
    /// Where to.
    pub url: String,
    /// `Content-Type` and `Accept`.
    pub media_type: String,
    /// The body; empty for `GET`.
    pub body: Vec<u8>,
    /// Give up after this many milliseconds.
    pub patience_ms: u64,
    /// Certificates (DER) to trust besides the platform's own roots.
    pub tls_roots: Vec<Vec<u8>>,
    /// Take whatever certificate the server shows: what comes is checked against the enrolment code.
    pub any_certificate: bool,
}

/// Whatever answered, council or not, with any status.
#[derive(Clone, uniffi::Record)]
pub struct CouncilAnswer {
    /// The status code.
    pub status: u16,
    /// The whole body. Stop reading at 8 MiB and throw `Unreadable`.
    pub body: Vec<u8>,
    /// `Content-Type`, as received.
    #[uniffi(default = None)]
    pub media_type: Option<String>,
    /// `Retry-After`, where it was given in seconds.
    #[uniffi(default = None)]
    pub retry_after: Option<u64>,
}

/// Why there is no whole answer. Whatever else an implementation throws counts as `LineLost`, since the request may have
/// arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum TransportError {
    /// No connection was made; nothing left the phone.
    #[error("no connection")]
    NoLine,
    /// Whoever answered could not prove to be the council; nothing was sent.
    #[error("the connection is not private")]
    NotPrivate,
    /// The line went after something may have been sent.
    #[error("the line was lost")]
    LineLost,
    /// No whole answer in time; the request may have arrived.
    #[error("no answer in time")]
    TimedOut,
    /// What came is no HTTP, or larger than any answer of the council.
    #[error("the answer could not be read")]
    Unreadable,
    /// It was cancelled.
    #[error("cancelled")]
    Cancelled,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for TransportError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::LineLost
    }
}

impl From<TransportError> for TransportProblem {
    fn from(error: TransportError) -> Self {
        match error {
            TransportError::NoLine => Self::NoLine,
            TransportError::NotPrivate => Self::NotPrivate,
            TransportError::LineLost => Self::Lost,
            TransportError::TimedOut => Self::TimedOut,
            TransportError::Unreadable => Self::Unreadable,
            TransportError::Cancelled => Self::Cancelled,
        }
    }
}

/// Carries requests to the council in place of the core's own HTTPS. Optional.
#[uniffi::export(foreign)]
pub trait Transport: Send + Sync {
    /// Carries one request and brings its answer. Blocks the thread that syncs. Look at `cancel` at least four times a second,
    /// and throw `Cancelled` when it says so: locking waits for nothing else.
    fn exchange(
        &self,
        request: CouncilRequest,
        cancel: Arc<SyncCancel>,
    ) -> Result<CouncilAnswer, TransportError>;
}

/// An app's transport, to one place, as the core asks for it.
pub(crate) struct ForeignTransport {
    pub(crate) foreign: Arc<dyn Transport>,
    pub(crate) place: Place,
    pub(crate) any_certificate: bool,
}

impl core::Transport for ForeignTransport {
    fn exchange(
        &self,
        route: Route,
        body: &[u8],
        patience: Duration,
        cancel: &CancelHandle,
    ) -> Result<HttpReply, TransportProblem> {
        if cancel.is_cancelled() {
            return Err(TransportProblem::Cancelled);
        }
        let address = self.place.address.trim_end_matches('/');
        let request = CouncilRequest {
            method: if route == Route::Keys { "GET" } else { "POST" }.to_owned(),
            url: format!("{address}{}", route.path()),
            media_type: wire::MEDIA_TYPE.to_owned(),
            body: body.to_vec(),
            patience_ms: u64::try_from(patience.as_millis()).unwrap_or(u64::MAX),
            tls_roots: self.place.roots.clone(),
            any_certificate: self.any_certificate,
        };
        let answer = self
            .foreign
            .exchange(request, Arc::new(SyncCancel(cancel.clone())));
        // A body that ends with its connection looks whole when cancelling closed it.
        if cancel.is_cancelled() {
            return Err(TransportProblem::Cancelled);
        }
        let CouncilAnswer {
            status,
            body,
            media_type,
            retry_after,
        } = answer?;
        Ok(HttpReply {
            status,
            media_type,
            retry_after,
            body,
        })
    }
}

/// The two exchanges of an enrolment, carried by the app.
pub(crate) fn enrolling(
    code: &EnrolmentCode,
    foreign: Arc<dyn Transport>,
) -> impl FnMut(EnrolStep, &[u8]) -> Result<Vec<u8>, TransportProblem> {
    let fingerprint = code.root_fingerprint;
    let mut transport = ForeignTransport {
        foreign,
        place: Place {
            address: code.address.clone(),
            roots: Vec::new(),
        },
        any_certificate: true,
    };
    move |step, body| {
        use core::Transport as _;
        let route = match step {
            EnrolStep::Keys => Route::Keys,
            EnrolStep::Enrol => Route::Enrol,
        };
        let answer = transport.exchange(route, body, PATIENCE, &CancelHandle::new())?;
        if step == EnrolStep::Keys {
            let signed = SignedBundle::decode(&answer.body).ok();
            let bundle = signed
                .as_ref()
                .and_then(|signed| signed.verify(&fingerprint).ok());
            transport.place.roots = bundle.map_or_else(Vec::new, |bundle| bundle.tls_roots.clone());
            transport.any_certificate = false;
        }
        Ok(answer.body)
    }
}

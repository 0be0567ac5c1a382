//! One request and its answer over HTTPS, blocking.
//!
//! A body goes out as it is and comes back as it is: no compression, no redirect followed, no cookie kept, no proxy taken
//! from the environment. What the answer means is the engine's to say.

use std::io::ErrorKind;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use ureq::http::{self, HeaderMap, Response};
use ureq::{Agent, Body, Error};
use visitbook_record::{limits, wire};

use super::cancel::CancelHandle;
use super::exchange::{HttpReply, Route, TransportProblem};
use super::line::{Dial, Link, NoLookUp};
use super::tls;

/// A page of the greatest size fits with its seal.
const LARGEST_REPLY: u64 = (limits::MESSAGE_BYTES + (64 << 10)) as u64;
/// A bundle of public keys. A restored council's bundle names every log it kept, some fifty bytes each.
const LARGEST_BUNDLE: u64 = 8 << 20;

/// Carries one request to the council and brings its answer. Apps and tests may supply their own.
pub trait Transport: Send + Sync {
    /// Blocks until there is a whole answer, for `patience` at most, and returns within 250 ms of a cancellation.
    /// Whatever answered is returned as it is, with any status.
    ///
    /// # Errors
    /// [`TransportProblem`]: there is no whole answer.
    fn exchange(
        &self,
        route: Route,
        body: &[u8],
        patience: Duration,
        cancel: &CancelHandle,
    ) -> Result<HttpReply, TransportProblem>;
}

/// Why there can be no transport with these settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HttpsSetupError {
    /// Not of the form `https://host:port`.
    #[error("the council's address is not of the form https://host:port")]
    Address,
    /// A root of the council is not a certificate.
    #[error("a root certificate could not be read")]
    Root,
}

/// HTTPS to the council's address. Keeps its connection for the next exchange. Exchanges wait for each other.
pub struct HttpsTransport {
    base: String,
    tls: Arc<ClientConfig>,
    client: Mutex<Client>,
}

struct Client {
    agent: Agent,
    link: Link,
}

impl HttpsTransport {
    /// For `https://host:port`, trusting these roots (DER) besides the platform's. Opens nothing yet.
    ///
    /// On Android the platform's verifier must have been initialised by the app.
    ///
    /// # Errors
    /// [`HttpsSetupError`].
    pub fn new(address: &str, roots: &[Vec<u8>]) -> Result<Self, HttpsSetupError> {
        let tls = tls::verifying(roots).map_err(|_| HttpsSetupError::Root)?;
        Ok(Self {
            base: base(address)?,
            client: Mutex::new(client(&tls, None)),
            tls,
        })
    }

    /// As [`Self::connect_via`] if there is a relay, and as it is if there is none.
    #[must_use]
    pub fn connecting(self, via: Option<SocketAddr>) -> Self {
        match via {
            Some(relay) => self.connect_via(relay),
            None => self,
        }
    }

    /// Connects here instead; the certificate is still verified for the address given to [`new`](Self::new). For
    /// networks that are reached through a relay of bytes.
    #[must_use]
    pub fn connect_via(self, relay: SocketAddr) -> Self {
        Self {
            client: Mutex::new(client(&self.tls, Some(relay))),
            ..self
        }
    }
}

impl Transport for HttpsTransport {
    fn exchange(
        &self,
        route: Route,
        body: &[u8],
        patience: Duration,
        cancel: &CancelHandle,
    ) -> Result<HttpReply, TransportProblem> {
        let client = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        client.link.begin(Instant::now() + patience, cancel);
        if cancel.is_cancelled() {
            return Err(TransportProblem::Cancelled);
        }
        let address = format!("{}{}", self.base, route.path());
        if route == Route::Keys {
            return client.read(client.agent.get(address).call(), LARGEST_BUNDLE);
        }
        let answer = client
            .agent
            .post(address)
            .content_type(wire::MEDIA_TYPE)
            .send(body);
        client.read(answer, LARGEST_REPLY)
    }
}

/// Fetches the council's key bundle, before there is any root to verify its server with. The body is whatever somebody
/// sent: use nothing of it before its fingerprint was compared with the enrolment code's. Blocks like
/// [`Transport::exchange`].
///
/// # Errors
/// [`TransportProblem`]; [`TransportProblem::NoLine`] also for an address that is none.
pub fn fetch_unverified_key_bundle(
    address: &str,
    via: Option<SocketAddr>,
    patience: Duration,
    cancel: &CancelHandle,
) -> Result<HttpReply, TransportProblem> {
    let base = base(address).map_err(|_| TransportProblem::NoLine)?;
    let tls = tls::accepting_any().map_err(|_| TransportProblem::NotPrivate)?;
    let client = client(&tls, via);
    client.link.begin(Instant::now() + patience, cancel);
    if cancel.is_cancelled() {
        return Err(TransportProblem::Cancelled);
    }
    let answer = client
        .agent
        .get(format!("{base}{}", Route::Keys.path()))
        .call();
    client.read(answer, LARGEST_BUNDLE)
}

impl Client {
    fn read(
        &self,
        answer: Result<Response<Body>, Error>,
        limit: u64,
    ) -> Result<HttpReply, TransportProblem> {
        let (head, mut body) = answer.map_err(|error| self.problem(&error))?.into_parts();
        let body = body
            .with_config()
            .limit(limit)
            .read_to_vec()
            .map_err(|error| self.problem(&error))?;
        // A body that ends with its connection looks whole when cancelling closed it.
        if self.link.problem() == Some(TransportProblem::Cancelled) {
            return Err(TransportProblem::Cancelled);
        }
        let retry_after = text(&head.headers, &http::header::RETRY_AFTER)
            .and_then(|seconds| seconds.trim().parse().ok());
        Ok(HttpReply {
            status: head.status.as_u16(),
            media_type: text(&head.headers, &http::header::CONTENT_TYPE),
            retry_after,
            body,
        })
    }

    fn problem(&self, error: &Error) -> TransportProblem {
        self.link.problem().unwrap_or(match error {
            Error::Io(error) => match error.kind() {
                ErrorKind::WouldBlock | ErrorKind::TimedOut => TransportProblem::TimedOut,
                _ => TransportProblem::Lost,
            },
            _ => TransportProblem::Unreadable,
        })
    }
}

fn text(headers: &HeaderMap, name: &http::HeaderName) -> Option<String> {
    headers.get(name)?.to_str().ok().map(str::to_owned)
}

fn base(address: &str) -> Result<String, HttpsSetupError> {
    let uri: http::Uri = address.parse().map_err(|_| HttpsSetupError::Address)?;
    let plain = uri.path() == "/" && uri.query().is_none();
    match (uri.scheme_str(), uri.authority()) {
        (Some("https"), Some(authority)) if plain && !authority.as_str().contains('@') => {
            Ok(format!("https://{authority}"))
        }
        _ => Err(HttpsSetupError::Address),
    }
}

fn client(tls: &Arc<ClientConfig>, via: Option<SocketAddr>) -> Client {
    let link = Link::default();
    let config = Agent::config_builder()
        .http_status_as_error(false)
        .https_only(true)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .user_agent("visitbook")
        // The council answers in one form only.
        .accept("")
        .max_idle_connections(1)
        .build();
    let dial = Dial {
        link: link.clone(),
        tls: Arc::clone(tls),
        via,
    };
    Client {
        agent: Agent::with_parts(config, dial, NoLookUp),
        link,
    }
}

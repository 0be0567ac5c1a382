//! The routes. Each body is sealed apart from TLS, and so is each answer; a status speaks about the connection, never about
//! a record.
//!
//! The expensive work (opening, verifying, sealing) runs on worker threads beside each other; only judging and storing goes
//! through the one writing thread. Logs say method, route, status, bytes and milliseconds: no path, no person, no content.

mod body;
mod files;
mod posts;
mod upload;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::{get, post};
use visitbook_record::cbor::{decode, encode};
use visitbook_record::id::Token;
use visitbook_record::wire::{
    Denial, EnrolReply, EnrolRequest, MEDIA_TYPE, PullReply, PullRequest, Signed,
};
use visitbook_seal::envelope::OpenError;
use visitbook_seal::purpose::Purpose;
use visitbook_seal::secret::random_public;

use self::body::read_body;
use self::upload::answer_upload;
use crate::clock::Now;
use crate::enrol::enrol;
use crate::ingest::welcome;
use crate::keys::ServerKeys;
use crate::limiter::Limiter;
use crate::pull::pull;
use crate::queue::Queue;
use crate::real::verified;
use crate::store::sqlite::SqliteStore;
use crate::store::{Device, StorageExt, StoreError};
use crate::suite::Suite as _;

/// The name under which a pull is sealed, so that it is good for no other exchange.
pub(crate) const PULL: &str = "pull";

/// The name under which an enrolment is sealed.
pub(crate) const ENROL: &str = "enrol";

/// What the routes share.
pub(crate) struct Service {
    /// The council's keys.
    pub(crate) keys: ServerKeys,
    /// For reading; writing goes through the queue.
    pub(crate) store: Arc<SqliteStore>,
    /// To the writing thread.
    pub(crate) queue: Queue,
    /// The council's clock.
    pub(crate) now: Now,
    /// Who sent what does not open.
    pub(crate) limiter: Limiter,
}

/// Why a request has no answer of its own. The body says nothing.
struct Failure(StatusCode, Option<Duration>);

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        tracing::error!(problem = %error, "store");
        Self(
            StatusCode::SERVICE_UNAVAILABLE,
            Some(Duration::from_secs(5)),
        )
    }
}

impl From<tokio::task::JoinError> for Failure {
    fn from(_: tokio::task::JoinError) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, None)
    }
}

/// The routes over a service.
pub(crate) fn router(service: Arc<Service>) -> Router {
    Router::new()
        .route("/v1/keys", get(keys))
        .route("/v1/enrol", post(enrol_route))
        .route("/v1/upload", post(upload))
        .route("/v1/pull", post(pull_route))
        .route("/v1/attachments", post(attachments_route))
        .route("/v1/fetch", post(fetch_route))
        .route("/v1/health", get(health))
        .fallback(|| async { plain(StatusCode::NOT_FOUND, None) })
        .with_state(service)
}

type Shared = State<Arc<Service>>;

async fn keys(State(service): Shared) -> Response {
    let started = Instant::now();
    finish("GET /v1/keys", started, 0, Ok(service.keys.bundle.clone()))
}

async fn health(State(service): Shared) -> Response {
    let started = Instant::now();
    let store = Arc::clone(&service.store);
    let read = move || store.read_with(|tx| tx.epoch());
    let result = match tokio::task::spawn_blocking(read).await {
        Ok(Ok(_)) => Ok(Vec::new()),
        Ok(Err(error)) => Err(error.into()),
        Err(error) => Err(error.into()),
    };
    finish("GET /v1/health", started, 0, result)
}

async fn upload(
    State(service): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    answer(
        "POST /v1/upload",
        service,
        peer,
        request,
        |service, peer, body| Box::pin(answer_upload(service, peer, body)),
    )
    .await
}

async fn pull_route(
    State(service): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    answer(
        "POST /v1/pull",
        service,
        peer,
        request,
        |service, peer, body| Box::pin(answer_pull(service, peer, body)),
    )
    .await
}

async fn attachments_route(
    State(service): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    answer(
        "POST /v1/attachments",
        service,
        peer,
        request,
        |service, peer, body| Box::pin(files::answer_frames(service, peer, body)),
    )
    .await
}

async fn fetch_route(
    State(service): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    answer(
        "POST /v1/fetch",
        service,
        peer,
        request,
        |service, peer, body| Box::pin(files::answer_fetch(service, peer, body)),
    )
    .await
}

async fn enrol_route(
    State(service): Shared,
    ConnectInfo(peer): ConnectInfo<SocketAddr>,
    request: Request,
) -> Response {
    answer(
        "POST /v1/enrol",
        service,
        peer,
        request,
        |service, peer, body| Box::pin(answer_enrol(service, peer, body)),
    )
    .await
}

type Answering = std::pin::Pin<Box<dyn Future<Output = Result<Vec<u8>, Failure>> + Send>>;

async fn answer(
    route: &'static str,
    service: Arc<Service>,
    peer: SocketAddr,
    request: Request,
    handle: impl FnOnce(Arc<Service>, SocketAddr, Vec<u8>) -> Answering,
) -> Response {
    let started = Instant::now();
    if let Some(wait) = service.limiter.must_wait(peer.ip(), started) {
        let failure = Failure(StatusCode::TOO_MANY_REQUESTS, Some(wait));
        return finish(route, started, 0, Err(failure));
    }
    match read_body(request).await {
        Err(failure) => finish(route, started, 0, Err(failure)),
        Ok(body) => {
            let size = body.len();
            let result = handle(service, peer, body).await;
            finish(route, started, size, result)
        }
    }
}

fn finish(
    route: &'static str,
    started: Instant,
    received: usize,
    result: Result<Vec<u8>, Failure>,
) -> Response {
    let sent = result.as_ref().map_or(0, Vec::len);
    let response = match result {
        Ok(body) => {
            let mut response = Response::new(Body::from(body));
            let headers = response.headers_mut();
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
            // The answer to a POST is not stored unless it says that it may be (RFC 9110 §9.3.3); every byte of a small answer
            // is paid for by somebody's phone.
            if route.starts_with("GET") {
                headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            }
            response
        }
        Err(Failure(status, wait)) => plain(status, wait),
    };
    tracing::info!(
        route,
        status = response.status().as_u16(),
        received,
        sent,
        milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        "answered"
    );
    response
}

fn plain(status: StatusCode, wait: Option<Duration>) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(MEDIA_TYPE));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(wait) = wait {
        headers.insert(
            header::RETRY_AFTER,
            HeaderValue::from(wait.as_secs().max(1)),
        );
    }
    response
}

/// Opens a sealed request. One that was sealed to a key we do not have is told so, and counts as no failure.
async fn open_request(
    service: &Arc<Service>,
    peer: SocketAddr,
    route: &'static str,
    body: Vec<u8>,
) -> Result<(Vec<u8>, visitbook_seal::request::ReplySealer), Failure> {
    let shared = Arc::clone(service);
    let opened = tokio::task::spawn_blocking(move || shared.keys.ingest.open_request(route, &body));
    match opened.await? {
        Ok(opened) => Ok(opened),
        Err(OpenError::UnknownIngestKey(_)) => Err(Failure(StatusCode::MISDIRECTED_REQUEST, None)),
        Err(_) => {
            service.limiter.failed(peer.ip(), 1, Instant::now());
            Err(Failure(StatusCode::BAD_REQUEST, None))
        }
    }
}

async fn answer_pull(
    service: Arc<Service>,
    peer: SocketAddr,
    body: Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    let (plain, sealer) = open_request(&service, peer, PULL, body).await?;
    let shared = Arc::clone(&service);
    let checked = tokio::task::spawn_blocking(move || read_pull(&shared, &plain)).await??;
    let reply = match checked {
        Err(denial) => PullReply::Denied {
            denial,
            next_counter: 0,
        },
        Ok(request) => {
            let fresh = random_public()
                .map(Token)
                .map_err(|_| StoreError::NoRandomness)?;
            let now = (service.now)();
            let mut reply = service
                .queue
                .write(move |tx| {
                    let (request, newcomer) = &request;
                    if let Some(newcomer) = newcomer {
                        welcome(tx, newcomer)?;
                    }
                    pull(tx, now, fresh, request)
                })
                .await?;
            if let PullReply::Page(page) = &mut reply {
                page.keys = Some(service.keys.public.serial);
            }
            reply
        }
    };
    seal(sealer, encode(&reply)).await
}

/// The request, if a device of the council signed it; with the device where the store lacks it.
fn read_pull(
    service: &Service,
    plain: &[u8],
) -> Result<Result<(PullRequest, Option<Device>), Denial>, StoreError> {
    let request = decode::<Signed>(plain).and_then(|signed| {
        let request: PullRequest = decode(&signed.bytes)?;
        Ok((signed, request))
    });
    let Ok((signed, request)) = request else {
        return Ok(Err(Denial::Malformed));
    };
    // Before anything about the device: a restored list may lack it, and it must learn why nothing fits any more.
    if request
        .epoch
        .is_some_and(|epoch| epoch != service.keys.epoch_id)
    {
        return Ok(Err(Denial::NewEpoch));
    }
    let known = service.store.read_with(|tx| tx.device(&request.device))?;
    let newcomer = match (&known, &request.certificate) {
        (None, Some(certificate)) => service
            .keys
            .certified(certificate)
            .filter(|device| device.id == request.device),
        _ => None,
    };
    let genuine = known.as_ref().or(newcomer.as_ref()).is_some_and(|device| {
        verified(
            Purpose::Request,
            &device.public_key,
            &signed.bytes,
            &signed.signature,
        )
    });
    Ok(if genuine {
        Ok((request, newcomer))
    } else {
        Err(Denial::NotEnrolled)
    })
}

async fn answer_enrol(
    service: Arc<Service>,
    peer: SocketAddr,
    body: Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    let (plain, sealer) = open_request(&service, peer, ENROL, body).await?;
    let request = decode::<Signed>(&plain).ok().and_then(|signed| {
        let request: EnrolRequest = decode(&signed.bytes).ok()?;
        verified(
            Purpose::Enrol,
            &request.public_key,
            &signed.bytes,
            &signed.signature,
        )
        .then_some(request)
    });
    let certificate = match request {
        None => None,
        Some(request) => {
            let shared = Arc::clone(&service);
            let now = (service.now)();
            service
                .queue
                .write(move |tx| enrol(tx, &shared.keys, now, &request))
                .await?
        }
    };
    if certificate.is_none() {
        // Codes are 128 random bits; the limit only keeps guessing from being free.
        service.limiter.failed(peer.ip(), 1, Instant::now());
    }
    let reply = EnrolReply {
        certificate: certificate.map(Into::into),
    };
    seal(sealer, encode(&reply)).await
}

async fn seal(
    sealer: visitbook_seal::request::ReplySealer,
    reply: Vec<u8>,
) -> Result<Vec<u8>, Failure> {
    tokio::task::spawn_blocking(move || sealer.seal(&reply))
        .await?
        .map_err(|_| Failure(StatusCode::INTERNAL_SERVER_ERROR, None))
}

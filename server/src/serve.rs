//! Running the service: from an address to listen on until it is asked to stop.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum_server::Handle;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::signal::unix::{SignalKind, signal};

use crate::clock::Now;
use crate::http::{Service, router};
use crate::keys::{KeysError, ServerKeys};
use crate::limiter::Limiter;
use crate::queue::Queue;
use crate::store::StoreError;
use crate::store::sqlite::SqliteStore;

/// How long requests in flight may take to end once the server is asked to stop.
const LAST_REQUESTS: Duration = Duration::from_secs(20);

/// How long a connection may take to say what it wants.
const FIRST_WORDS: Duration = Duration::from_secs(10);

/// Why the service did not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The address cannot be listened on, or the system gave no thread.
    #[error("cannot listen: {0}")]
    Listen(#[from] io::Error),
    /// The council's files could not be used.
    #[error(transparent)]
    Keys(#[from] KeysError),
    /// The TLS files do not read.
    #[error("tls.crt and tls.key are not a certificate chain and its key")]
    Tls,
    /// The database failed at the end; what was acknowledged is durable in its write-ahead log.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Serves until SIGTERM or SIGINT, then finishes requests in flight and moves the write-ahead log into the database. `bound` is
/// told the address once connections are accepted. Blocks.
///
/// # Errors
/// [`ServeError`].
pub fn serve(
    mut keys: ServerKeys,
    store: SqliteStore,
    listen: SocketAddr,
    now: Now,
    bound: impl FnOnce(SocketAddr),
) -> Result<(), ServeError> {
    // Always by the real clock: certificates are checked by real clocks.
    let (chain, key) = keys.tls_identity(crate::clock::system()())?;
    let config = tls_config(&chain, &key)?;
    let store = Arc::new(store);
    let (queue, writer) = Queue::start(Arc::clone(&store))?;
    let service = Arc::new(Service {
        keys,
        store: Arc::clone(&store),
        queue,
        now,
        limiter: Limiter::default(),
    });
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    let listener = TcpListener::bind(listen)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    runtime.block_on(run(service, listener, config, || bound(address)))?;
    // Everything that holds the queue is gone with the runtime's tasks; the writer then ends by itself.
    runtime.shutdown_timeout(LAST_REQUESTS);
    if writer.join().is_err() {
        return Err(StoreError::Abandoned.into());
    }
    store.checkpoint()?;
    tracing::info!("stopped");
    Ok(())
}

async fn run(
    service: Arc<Service>,
    listener: TcpListener,
    config: RustlsConfig,
    ready: impl FnOnce(),
) -> Result<(), ServeError> {
    let handle = Handle::new();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stopping = handle.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        stopping.graceful_shutdown(Some(LAST_REQUESTS));
    });
    let mut server = axum_server::from_tcp(listener)?
        .acceptor(RustlsAcceptor::new(config).handshake_timeout(FIRST_WORDS))
        .handle(handle)
        .first_request_timeout(FIRST_WORDS)
        .http1_only();
    server
        .http_builder()
        .http1()
        .max_headers(64)
        .max_buf_size(64 << 10);
    ready();
    let routes = router(service).into_make_service_with_connect_info::<SocketAddr>();
    server.serve(routes).await?;
    Ok(())
}

fn tls_config(chain: &[u8], key: &[u8]) -> Result<RustlsConfig, ServeError> {
    let chain = CertificateDer::pem_slice_iter(chain)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|_| ServeError::Tls)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| ServeError::Tls)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| ServeError::Tls)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|_| ServeError::Tls)?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(RustlsConfig::from_config(Arc::new(config)))
}

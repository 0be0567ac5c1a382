//! The connection under the HTTP client: one socket with TLS on it, that gives up at a deadline and when cancelled.
//!
//! The client's own connectors know neither: its timeouts are per step, and a connection attempt cannot be interrupted.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use ureq::Error;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};

use super::cancel::CancelHandle;
use super::exchange::TransportProblem;

/// No attempt to connect takes longer.
const CONNECT: Duration = Duration::from_secs(15);
/// How often an attempt to connect, which nothing can interrupt, is looked up from.
const GLANCE: Duration = Duration::from_millis(50);

/// What one record of TLS holds at most (RFC 8446 §5.1): to gather more saves nothing.
const RECORD_BYTES: usize = 16 << 10;

/// What the exchange under way wants of the socket, which may outlive it.
#[derive(Debug, Default)]
struct Current {
    deadline: Option<Instant>,
    cancel: CancelHandle,
    stream: Option<Arc<TcpStream>>,
    problem: Option<TransportProblem>,
}

/// Shared by the connector, its sockets and whoever runs the exchange.
#[derive(Debug, Clone, Default)]
pub(super) struct Link(Arc<Mutex<Current>>);

impl Link {
    fn lock(&self) -> MutexGuard<'_, Current> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins an exchange, which from now on can be cancelled also on a socket kept from the one before.
    pub(super) fn begin(&self, deadline: Instant, cancel: &CancelHandle) {
        let stream = {
            let mut current = self.lock();
            current.deadline = Some(deadline);
            current.cancel = cancel.clone();
            current.problem = None;
            current.stream.clone()
        };
        if let Some(stream) = stream {
            interrupt(cancel, &stream);
        }
    }

    /// Why the exchange failed, where the client's own error does not say it.
    pub(super) fn problem(&self) -> Option<TransportProblem> {
        let current = self.lock();
        if current.cancel.is_cancelled() {
            return Some(TransportProblem::Cancelled);
        }
        let late = current
            .deadline
            .is_some_and(|deadline| Instant::now() >= deadline);
        current
            .problem
            .or_else(|| late.then_some(TransportProblem::TimedOut))
    }

    fn met(&self, problem: TransportProblem) -> Error {
        self.lock().problem = Some(problem);
        Error::ConnectionFailed
    }

    fn left(&self) -> io::Result<Duration> {
        let current = self.lock();
        if current.cancel.is_cancelled() {
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        let left = current
            .deadline
            .map_or(CONNECT, |at| at.saturating_duration_since(Instant::now()));
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        Ok(left)
    }
}

fn interrupt(cancel: &CancelHandle, stream: &Arc<TcpStream>) {
    let stream = Arc::downgrade(stream);
    cancel.interrupt_with(move || {
        if let Some(stream) = stream.upgrade() {
            // Wakes a blocked read or write; an error means that the socket is closed already.
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
}

/// Opens sockets to the council.
pub(super) struct Dial {
    pub(super) link: Link,
    pub(super) tls: Arc<ClientConfig>,
    /// Where to connect instead of to the address that the certificate is verified for.
    pub(super) via: Option<SocketAddr>,
}

impl std::fmt::Debug for Dial {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Dial")
            .field("via", &self.via)
            .finish_non_exhaustive()
    }
}

impl Connector for Dial {
    type Out = Line;

    fn connect(&self, details: &ConnectionDetails, _: Option<()>) -> Result<Option<Line>, Error> {
        let host = details.uri.host().unwrap_or_default();
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(bare.to_owned())
            .map_err(|_| self.link.met(TransportProblem::NotPrivate))?;
        let port = details.uri.port_u16().unwrap_or(443);
        let stream = Arc::new(self.open(bare.to_owned(), port)?);
        // A request is written whole; waiting to fill a packet only adds a round trip.
        let _ = stream.set_nodelay(true);
        let cancel = {
            let mut current = self.link.lock();
            current.stream = Some(Arc::clone(&stream));
            current.cancel.clone()
        };
        interrupt(&cancel, &stream);
        let mut timed = Timed {
            stream,
            link: self.link.clone(),
        };
        let mut connection = ClientConnection::new(Arc::clone(&self.tls), name)
            .map_err(|_| self.link.met(TransportProblem::NotPrivate))?;
        while connection.is_handshaking() {
            connection.complete_io(&mut timed).map_err(|error| {
                let tls = error
                    .get_ref()
                    .is_some_and(|inner| inner.is::<rustls::Error>());
                self.link.met(if tls {
                    TransportProblem::NotPrivate
                } else {
                    // Nothing of the request has left.
                    TransportProblem::NoLine
                })
            })?;
        }
        let config = details.config;
        Ok(Some(Line {
            tls: StreamOwned::new(connection, timed),
            unsent: Vec::new(),
            buffers: LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size()),
        }))
    }
}

impl Dial {
    /// Looks the name up and connects, on a thread of its own: neither can be interrupted. When nobody waits for it any
    /// more it ends by itself, within [`CONNECT`] of the look-up, and closes what it opened.
    fn open(&self, host: String, port: u16) -> Result<TcpStream, Error> {
        let via = self.via;
        let (sender, receiver) = mpsc::sync_channel(1);
        let patience = self
            .link
            .left()
            .map_err(|_| self.link.met(TransportProblem::NoLine))?
            .min(CONNECT);
        thread::Builder::new()
            .name("visitbook-connect".to_owned())
            .spawn(move || {
                let _ = sender.send(dial(via, &host, port, patience));
            })
            .map_err(|_| self.link.met(TransportProblem::NoLine))?;
        let give_up = Instant::now() + patience;
        loop {
            match receiver.recv_timeout(GLANCE) {
                Ok(Ok(stream)) => return Ok(stream),
                Err(RecvTimeoutError::Timeout)
                    if self.link.left().is_ok() && Instant::now() < give_up => {}
                _ => return Err(self.link.met(TransportProblem::NoLine)),
            }
        }
    }
}

fn dial(
    via: Option<SocketAddr>,
    host: &str,
    port: u16,
    patience: Duration,
) -> io::Result<TcpStream> {
    let addresses = match via {
        Some(address) => vec![address],
        None => (host, port).to_socket_addrs()?.collect(),
    };
    let mut failed = io::ErrorKind::NotFound.into();
    for address in addresses {
        match TcpStream::connect_timeout(&address, patience) {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = error,
        }
    }
    Err(failed)
}

/// A socket whose every read and write ends at the deadline of the exchange under way.
struct Timed {
    stream: Arc<TcpStream>,
    link: Link,
}

impl Read for Timed {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.set_read_timeout(Some(self.link.left()?))?;
        (&*self.stream).read(buffer)
    }
}

impl Write for Timed {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.stream.set_write_timeout(Some(self.link.left()?))?;
        (&*self.stream).write(buffer)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An open connection. The client's own timeouts are not used: see [`Timed`].
pub(super) struct Line {
    tls: StreamOwned<ClientConnection, Timed>,
    /// Gathered until an answer is waited for: a request and its head then share a record of TLS and a packet.
    unsent: Vec<u8>,
    buffers: LazyBuffers,
}

impl std::fmt::Debug for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Line").finish_non_exhaustive()
    }
}

impl Line {
    fn send(&mut self) -> io::Result<()> {
        if !self.unsent.is_empty() {
            self.tls.write_all(&self.unsent)?;
            self.tls.flush()?;
            self.unsent.clear();
        }
        Ok(())
    }
}

impl Transport for Line {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, _: NextTimeout) -> Result<(), Error> {
        let output = &self.buffers.output()[..amount];
        self.unsent.extend_from_slice(output);
        if self.unsent.len() >= RECORD_BYTES {
            self.send()?;
        }
        Ok(())
    }

    fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
        self.send()?;
        let input = self.buffers.input_append_buf();
        let amount = self.tls.read(input)?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    /// Open, and silent: anything that arrives between two exchanges, an end of the connection included, makes it
    /// useless for the next.
    fn is_open(&mut self) -> bool {
        let stream = &self.tls.sock.stream;
        if stream.set_nonblocking(true).is_err() {
            return false;
        }
        let silent = matches!(
            stream.peek(&mut [0]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock
        );
        silent && stream.set_nonblocking(false).is_ok()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

/// Leaves looking names up to [`Dial`], where it can be abandoned.
#[derive(Debug)]
pub(super) struct NoLookUp;

impl Resolver for NoLookUp {
    fn resolve(
        &self,
        _: &Uri,
        _: &ureq::config::Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let mut addresses = self.empty();
        addresses.push(SocketAddr::from(([0, 0, 0, 0], 0)));
        Ok(addresses)
    }
}

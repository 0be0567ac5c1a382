//! A line between one phone and the council that can be good, bad or worse.
//!
//! It stands where a network with TLS inspection stands: it ends the phone's TLS with an identity the phone accepts, reads
//! every request, and opens its own connection to the council. So it can answer in the council's place, lose a reply after
//! the council has committed, or fall silent, and everything it could read is kept, to be searched for words afterwards.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, ServerConfig, ServerConnection, StreamOwned};

/// The largest message the line carries.
const LARGEST: usize = 16 << 20;

/// How the line is just now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Nothing gets through; connections close at once.
    NoSignal,
    /// Everything gets through.
    Clean,
    /// A Wi-Fi that wants a sign-in: HTML, status 200, whatever is asked.
    SignInPage,
    /// Something in between answers with status 520.
    Unknown520,
    /// The council gets the next request and its reply is lost; then the line is clean.
    LosesNextReply,
    /// The line breaks when so many bytes from the phone have gone over it, in the middle of whatever is going, and stays broken.
    CutsAfter(u64),
    /// Signal for a little while from the first request on; every message takes `delay` each way.
    Window { open: Duration, delay: Duration },
}

/// What has gone over the line.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Traffic {
    /// Bytes from the phone, TLS and HTTP included.
    pub(crate) up: u64,
    /// Bytes to the phone, likewise.
    pub(crate) down: u64,
    /// Requests that reached the council.
    pub(crate) requests: u64,
    /// Of `up`: bytes of requests that were cut off in the middle.
    pub(crate) cut_off: u64,
}

struct State {
    mode: Mutex<(Mode, Option<Instant>)>,
    up: AtomicU64,
    down: AtomicU64,
    requests: AtomicU64,
    cut_off: AtomicU64,
    /// The count of bytes from the phone at which the line breaks.
    breaks_at: AtomicU64,
    seen: Mutex<Vec<u8>>,
    stop: AtomicBool,
    upstream: SocketAddr,
    host: ServerName<'static>,
    server: Arc<ServerConfig>,
    client: Arc<ClientConfig>,
}

/// A running line. Stops when dropped.
pub(crate) struct Line {
    state: Arc<State>,
    address: SocketAddr,
}

impl Line {
    /// Opens a line to the council at `upstream`, ending TLS by `server` and opening it again by `client`.
    pub(crate) fn open(
        upstream: SocketAddr,
        host: ServerName<'static>,
        server: Arc<ServerConfig>,
        client: Arc<ClientConfig>,
    ) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let state = Arc::new(State {
            mode: Mutex::new((Mode::NoSignal, None)),
            up: AtomicU64::new(0),
            down: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            cut_off: AtomicU64::new(0),
            breaks_at: AtomicU64::new(u64::MAX),
            seen: Mutex::new(Vec::new()),
            stop: AtomicBool::new(false),
            upstream,
            host,
            server,
            client,
        });
        let shared = Arc::clone(&state);
        thread::spawn(move || {
            for phone in listener.incoming().flatten() {
                if shared.stop.load(Ordering::Relaxed) {
                    return;
                }
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    // A broken connection is what a line is for; the phone sees it, and there is nobody else to tell.
                    let _ = shared.carry(phone);
                });
            }
        });
        Ok(Self { state, address })
    }

    /// Where the phone connects.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Changes the line from the next request on.
    pub(crate) fn set(&self, mode: Mode) {
        let breaks_at = match mode {
            Mode::CutsAfter(bytes) => self.traffic().up + bytes,
            _ => u64::MAX,
        };
        self.state.breaks_at.store(breaks_at, Ordering::Relaxed);
        *lock(&self.state.mode) = (mode, None);
    }

    /// What has gone over it so far.
    pub(crate) fn traffic(&self) -> Traffic {
        Traffic {
            up: self.state.up.load(Ordering::Relaxed),
            down: self.state.down.load(Ordering::Relaxed),
            requests: self.state.requests.load(Ordering::Relaxed),
            cut_off: self.state.cut_off.load(Ordering::Relaxed),
        }
    }

    /// Every byte that somebody who opens TLS could have read.
    pub(crate) fn seen(&self) -> Vec<u8> {
        lock(&self.state.seen).clone()
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.state.stop.store(true, Ordering::Relaxed);
        // Wakes the accepting thread so that it sees the flag.
        let _ = TcpStream::connect(self.address);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn carry(&self, phone: TcpStream) -> io::Result<()> {
        if lock(&self.mode).0 == Mode::NoSignal {
            return Ok(());
        }
        phone.set_nodelay(true)?;
        phone.set_read_timeout(Some(Duration::from_secs(60)))?;
        let counted = Counted {
            stream: phone,
            read: &self.up,
            breaks_at: &self.breaks_at,
            written: &self.down,
        };
        let tls = ServerConnection::new(Arc::clone(&self.server)).map_err(io::Error::other)?;
        let mut phone = StreamOwned::new(tls, counted);
        let mut council = None;
        loop {
            let before = self.up.load(Ordering::Relaxed);
            let request = match read_message(&mut phone) {
                Ok(Some(request)) => request,
                Ok(None) => return Ok(()),
                Err(problem) => {
                    let of_it = self.up.load(Ordering::Relaxed) - before;
                    self.cut_off.fetch_add(of_it, Ordering::Relaxed);
                    return Err(problem);
                }
            };
            lock(&self.seen).extend_from_slice(&request);
            if !self.serve(&request, &mut phone, &mut council)? {
                return Ok(());
            }
        }
    }

    /// Deals with one request; false if the connection ends here.
    fn serve(
        &self,
        request: &[u8],
        phone: &mut impl Write,
        council: &mut Option<Upstream>,
    ) -> io::Result<bool> {
        let (mode, since) = {
            let mut mode = lock(&self.mode);
            let since = *mode.1.get_or_insert_with(Instant::now);
            let current = mode.0;
            if current == Mode::LosesNextReply {
                mode.0 = Mode::Clean;
            }
            (current, since)
        };
        match mode {
            Mode::NoSignal => Ok(false),
            Mode::SignInPage => {
                let page = "<!doctype html><title>Leisure centre Wi-Fi</title><h1>Sign in to go online</h1>";
                self.answer(phone, "200 OK", "text/html; charset=utf-8", page)
            }
            Mode::Unknown520 => self.answer(
                phone,
                "520 Web Server Returned an Unknown Error",
                "text/plain",
                "error 520",
            ),
            Mode::Clean | Mode::CutsAfter(_) => self.pass(request, council, |reply| {
                phone.write_all(reply).and_then(|()| phone.flush())
            }),
            Mode::LosesNextReply => {
                self.pass(request, council, |_| Ok(()))?;
                Ok(false)
            }
            Mode::Window { open, delay } => {
                let closes = since + open;
                thread::sleep(delay);
                if Instant::now() >= closes {
                    return Ok(false);
                }
                let mut arrived = false;
                self.pass(request, council, |reply| {
                    thread::sleep(delay);
                    arrived = Instant::now() < closes;
                    if arrived {
                        phone.write_all(reply).and_then(|()| phone.flush())
                    } else {
                        Ok(())
                    }
                })?;
                Ok(arrived)
            }
        }
    }

    fn answer(
        &self,
        phone: &mut impl Write,
        status: &str,
        media_type: &str,
        body: &str,
    ) -> io::Result<bool> {
        let reply = format!(
            "HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        phone.write_all(reply.as_bytes())?;
        phone.flush()?;
        Ok(true)
    }

    fn pass(
        &self,
        request: &[u8],
        council: &mut Option<Upstream>,
        deliver: impl FnOnce(&[u8]) -> io::Result<()>,
    ) -> io::Result<bool> {
        let upstream = match council {
            Some(upstream) => upstream,
            None => council.insert(self.connect()?),
        };
        self.requests.fetch_add(1, Ordering::Relaxed);
        upstream.write_all(request)?;
        upstream.flush()?;
        let reply = read_message(upstream)?.ok_or(io::ErrorKind::UnexpectedEof)?;
        lock(&self.seen).extend_from_slice(&reply);
        deliver(&reply)?;
        Ok(true)
    }

    fn connect(&self) -> io::Result<Upstream> {
        let stream = TcpStream::connect(self.upstream)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        let tls = ClientConnection::new(Arc::clone(&self.client), self.host.clone())
            .map_err(io::Error::other)?;
        Ok(StreamOwned::new(tls, stream))
    }
}

type Upstream = StreamOwned<ClientConnection, TcpStream>;

/// Reads one HTTP/1.1 message with a stated length; `None` if the peer closed before one began.
fn read_message(stream: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut message = Vec::new();
    let mut chunk = [0u8; 16 << 10];
    let mut whole = None;
    loop {
        if whole.is_none() {
            whole = head_length(&message).map(|head| head + stated_length(&message[..head]));
        }
        match whole {
            Some(length) if message.len() >= length => return Ok(Some(message)),
            Some(length) if length > LARGEST => return Err(io::ErrorKind::InvalidData.into()),
            _ if message.len() > LARGEST => return Err(io::ErrorKind::InvalidData.into()),
            _ => {}
        }
        match stream.read(&mut chunk) {
            Ok(0) if message.is_empty() => return Ok(None),
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => message.extend_from_slice(&chunk[..n]),
            Err(problem)
                if message.is_empty() && problem.kind() == io::ErrorKind::UnexpectedEof =>
            {
                return Ok(None);
            }
            Err(problem) => return Err(problem),
        }
    }
}

fn head_length(message: &[u8]) -> Option<usize> {
    message
        .windows(4)
        .position(|window| window == b"\r\n\r\n")
        .map(|at| at + 4)
}

fn stated_length(head: &[u8]) -> usize {
    String::from_utf8_lossy(head)
        .lines()
        .filter_map(|line| line.split_once(':'))
        .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
        .and_then(|(_, value)| value.trim().parse().ok())
        .unwrap_or(0)
}

/// A stream that counts what passes, and breaks where it is told to.
struct Counted<'a> {
    stream: TcpStream,
    read: &'a AtomicU64,
    breaks_at: &'a AtomicU64,
    written: &'a AtomicU64,
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let passed = self.read.load(Ordering::Relaxed);
        let room = self
            .breaks_at
            .load(Ordering::Relaxed)
            .saturating_sub(passed);
        if room == 0 {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        let most = usize::try_from(room).map_or(buffer.len(), |room| room.min(buffer.len()));
        let n = self.stream.read(&mut buffer[..most])?;
        self.read.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

impl Write for Counted<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let n = self.stream.write(buffer)?;
        self.written.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

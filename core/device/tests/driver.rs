//! The blocking driver over loopback TLS, against servers that misbehave in every way a network has shown.
#![cfg(feature = "store")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use visitbook_device::sync::cancel::CancelHandle;
use visitbook_device::sync::driver::{Ask, Clock, Driver, SyncError, SystemClock};
use visitbook_device::sync::engine::Config;
use visitbook_device::sync::exchange::{HttpReply, Route, TransportProblem};
use visitbook_device::sync::http::{
    HttpsSetupError, HttpsTransport, Transport, fetch_unverified_key_bundle,
};
use visitbook_device::sync::outcome::{Budget, Ended, Outcome, Trouble};
use visitbook_device::sync::store::{
    Parcel, ParcelKey, PullTaken, ReplyProblem, SealedRequest, SendClass, SyncStore, UploadTaken,
};
use visitbook_record::{limits, wire};

/// Longer than any test runs: what ends an exchange here is never the clock, unless the test is about that.
const FOR_EVER: Duration = Duration::from_secs(86_400);

/// A root of its own and a server certificate under it.
struct Council {
    root: Vec<u8>,
    tls: Arc<ServerConfig>,
}

impl Council {
    fn named(name: &str) -> Self {
        Self::with(name, |_| {})
    }

    fn with(name: &str, change: impl FnOnce(&mut rcgen::CertificateParams)) -> Self {
        let mut root = rcgen::CertificateParams::new(Vec::new()).unwrap();
        root.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let root_key = rcgen::KeyPair::generate().unwrap();
        let root_der = root.self_signed(&root_key).unwrap().der().to_vec();
        let issuer = rcgen::Issuer::new(root, root_key);
        let mut leaf = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        change(&mut leaf);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate = leaf.signed_by(&key, &issuer).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let tls = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .unwrap();
        Self {
            root: root_der,
            tls: Arc::new(tls),
        }
    }
}

type Tls = StreamOwned<ServerConnection, TcpStream>;

/// What the server has seen.
#[derive(Default)]
struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<String>>,
}

/// Serves every connection on a thread of its own: after each request the script writes what it likes, and says whether
/// the connection goes on.
struct Server {
    address: SocketAddr,
    root: Vec<u8>,
    seen: Arc<Seen>,
}

impl Server {
    fn start(council: Council, script: impl Fn(&mut Tls) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Seen::default());
        let (shared, script) = (Arc::clone(&seen), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming() {
                let (shared, script) = (Arc::clone(&shared), Arc::clone(&script));
                shared.connections.fetch_add(1, Ordering::SeqCst);
                let connection = ServerConnection::new(Arc::clone(&council.tls)).unwrap();
                let mut tls = StreamOwned::new(connection, stream.unwrap());
                thread::spawn(move || {
                    while let Some(head) = read_request(&mut tls) {
                        shared.requests.lock().unwrap().push(head);
                        if !script(&mut tls) {
                            break;
                        }
                    }
                });
            }
        });
        Self {
            address,
            root: council.root,
            seen,
        }
    }

    fn saying(answer: impl Into<Vec<u8>>) -> Self {
        let answer = answer.into();
        Self::start(Council::named("127.0.0.1"), move |tls| {
            let _ = tls.write_all(&answer);
            tls.conn.send_close_notify();
            let _ = tls.flush();
            false
        })
    }

    /// Writes this, says so, and then is silent for ever. The sender must be kept: dropping it lets the thread end.
    fn stalling_after(written: &'static [u8]) -> (Self, Receiver<()>, Sender<()>) {
        let (stalls, stalled) = mpsc::channel();
        let (keep, release) = mpsc::channel::<()>();
        let release = Mutex::new(release);
        let server = Self::start(Council::named("127.0.0.1"), move |tls| {
            tls.write_all(written).unwrap();
            tls.flush().unwrap();
            stalls.send(()).unwrap();
            let _ = release.lock().unwrap().recv();
            false
        });
        (server, stalled, keep)
    }

    fn transport(&self) -> HttpsTransport {
        HttpsTransport::new(&self.url(), std::slice::from_ref(&self.root)).unwrap()
    }

    fn url(&self) -> String {
        format!("https://{}", self.address)
    }

    fn requests(&self) -> Vec<String> {
        self.seen.requests.lock().unwrap().clone()
    }
}

fn read_request(tls: &mut Tls) -> Option<String> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if tls.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap().to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.trim().parse().unwrap());
    let mut body = vec![0; length];
    tls.read_exact(&mut body).ok()?;
    Some(head)
}

fn http(status: &str, media_type: &str, body: &[u8]) -> Vec<u8> {
    let length = body.len();
    let mut answer = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {length}\r\n\r\n"
    )
    .into_bytes();
    answer.extend_from_slice(body);
    answer
}

fn upload(transport: &dyn Transport) -> Result<HttpReply, TransportProblem> {
    transport.exchange(Route::Upload, b"sealed", FOR_EVER, &CancelHandle::new())
}

#[test]
fn whatever_answers_is_returned_as_it_is() {
    let cases = [
        ("200 OK", wire::MEDIA_TYPE, 200, b"sealed reply".as_slice()),
        ("200 OK", "text/html", 200, b"<html>sign in</html>"),
        ("520 Unknown", "text/html", 520, b"a proxy's words"),
        ("404 Not Found", "text/plain", 404, b""),
        ("500 Oops", wire::MEDIA_TYPE, 500, b""),
        ("302 Found", "text/html", 302, b""),
    ];
    for (line, media_type, status, body) in cases {
        let server = Server::saying(http(line, media_type, body));
        let reply = upload(&server.transport()).unwrap();
        assert_eq!(reply.status, status);
        assert_eq!(reply.media_type.as_deref(), Some(media_type));
        assert_eq!(reply.body, body);
    }
}

#[test]
fn no_redirect_is_followed_no_cookie_kept_and_no_compression_offered() {
    let council = Council::named("127.0.0.1");
    let server = Server::start(council, |tls| {
        let answer = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: a=b\r\nRetry-After: 7\r\n\
            Content-Length: 0\r\n\r\n";
        tls.write_all(answer.as_bytes()).unwrap();
        tls.flush().unwrap();
        true
    });
    let transport = server.transport();
    assert_eq!(upload(&transport).unwrap().retry_after, Some(7));
    upload(&transport).unwrap();
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    for request in &requests {
        assert!(request.starts_with("post /v1/upload http/1.1\r\n"));
        assert!(request.contains(&format!("content-type: {}\r\n", wire::MEDIA_TYPE)));
        assert!(!request.contains("cookie"));
        assert!(!request.contains("gzip") && !request.contains("br\r\n"));
    }
    let connections = server.seen.connections.load(Ordering::SeqCst);
    assert_eq!(connections, 1, "the connection is kept between exchanges");
}

#[test]
fn a_kept_connection_that_the_server_closed_is_not_used_again() {
    let server = Server::saying(http("200 OK", wire::MEDIA_TYPE, b"one"));
    let transport = server.transport();
    assert_eq!(upload(&transport).unwrap().body, b"one");
    // The close may not have arrived yet when the second exchange begins; then it is a lost line, and the third is not.
    let again = upload(&transport).or_else(|_| upload(&transport));
    assert_eq!(again.unwrap().body, b"one");
}

#[test]
fn a_body_that_is_cut_or_too_large_is_no_answer() {
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.".to_vec();
    let cut_chunk =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n64\r\nten bytes.".to_vec();
    let large = http(
        "200 OK",
        wire::MEDIA_TYPE,
        &vec![7; limits::MESSAGE_BYTES + (1 << 17)],
    );
    let claims = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\nx", u64::MAX).into_bytes();
    let no_http = b"SSH-2.0-OpenSSH_9.2\r\n\r\n".to_vec();
    let closed = Vec::new();
    for answer in [cut, cut_chunk, large, claims, no_http, closed] {
        let shown = String::from_utf8_lossy(&answer[..answer.len().min(40)]).into_owned();
        let server = Server::saying(answer);
        let problem = upload(&server.transport()).unwrap_err();
        assert!(
            matches!(
                problem,
                TransportProblem::Lost | TransportProblem::Unreadable
            ),
            "{shown}: {problem:?}"
        );
    }
}

#[test]
fn the_largest_page_with_its_seal_is_an_answer() {
    let body = vec![7; limits::MESSAGE_BYTES + 1_000];
    let server = Server::saying(http("200 OK", wire::MEDIA_TYPE, &body));
    assert_eq!(upload(&server.transport()).unwrap().body, body);
}

#[test]
fn only_a_server_that_a_root_vouches_for_hears_anything() {
    let expired = |leaf: &mut rcgen::CertificateParams| {
        leaf.not_before = rcgen::date_time_ymd(2019, 1, 1);
        leaf.not_after = rcgen::date_time_ymd(2020, 1, 1);
    };
    let stranger = Council::named("127.0.0.1").root;
    let cases = [
        ("another root", Council::named("127.0.0.1"), Some(stranger)),
        ("another host", Council::named("other.example"), None),
        ("expired", Council::with("127.0.0.1", expired), None),
    ];
    for (what, council, root) in cases {
        let server = Server::start(council, |_| false);
        let root = root.unwrap_or_else(|| server.root.clone());
        let transport = HttpsTransport::new(&server.url(), &[root]).unwrap();
        assert_eq!(
            upload(&transport),
            Err(TransportProblem::NotPrivate),
            "{what}"
        );
        assert_eq!(server.requests(), Vec::<String>::new(), "{what}");
    }
    let server = Server::start(Council::named("127.0.0.1"), |_| false);
    let transport = HttpsTransport::new(&server.url(), &[]).unwrap();
    assert_eq!(upload(&transport), Err(TransportProblem::NotPrivate));
    assert_eq!(server.requests(), Vec::<String>::new());
}

#[test]
fn a_server_without_tls_hears_nothing_either() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    let transport = HttpsTransport::new(&format!("https://{address}"), &[]).unwrap();
    assert_eq!(upload(&transport), Err(TransportProblem::NotPrivate));
}

#[test]
fn nobody_there_is_no_line() {
    let address = TcpListener::bind(("127.0.0.1", 0))
        .unwrap()
        .local_addr()
        .unwrap();
    let transport = HttpsTransport::new(&format!("https://{address}"), &[]).unwrap();
    assert_eq!(upload(&transport), Err(TransportProblem::NoLine));
}

#[test]
fn a_relay_of_bytes_changes_nothing_about_who_is_verified() {
    let server = Server::start(Council::named("council.example"), |tls| {
        let _ = tls.write_all(&http("200 OK", wire::MEDIA_TYPE, b"through"));
        false
    });
    let roots = [server.root.clone()];
    let through = |address: &str| {
        let transport = HttpsTransport::new(address, &roots).unwrap();
        upload(&transport.connect_via(server.address))
    };
    assert_eq!(
        through("https://council.example:8443").unwrap().body,
        b"through"
    );
    assert_eq!(
        through("https://other.example:8443"),
        Err(TransportProblem::NotPrivate)
    );
}

#[test]
fn an_address_is_https_with_host_and_port_and_nothing_more() {
    for bad in [
        "http://council.example:1",
        "council.example",
        "https://council.example/path",
        "https://me@council.example",
        "https://council.example?x=1",
        "",
    ] {
        let made = HttpsTransport::new(bad, &[]);
        assert_eq!(made.err(), Some(HttpsSetupError::Address), "{bad}");
    }
    assert!(HttpsTransport::new("https://council.example:8443/", &[]).is_ok());
    let made = HttpsTransport::new("https://council.example:1", &[b"no certificate".to_vec()]);
    assert_eq!(made.err(), Some(HttpsSetupError::Root));
}

#[test]
fn the_key_bundle_is_fetched_from_whoever_answers() {
    let server = Server::saying(http("200 OK", wire::MEDIA_TYPE, b"bundle"));
    let fetch = |limit_test: &Server| {
        fetch_unverified_key_bundle(&limit_test.url(), None, FOR_EVER, &CancelHandle::new())
    };
    assert_eq!(fetch(&server).unwrap().body, b"bundle");
    assert!(server.requests()[0].starts_with("get /v1/keys http/1.1\r\n"));
    let endless = Server::saying(http("200 OK", wire::MEDIA_TYPE, &vec![0; 9 << 20]));
    assert_eq!(fetch(&endless), Err(TransportProblem::Unreadable));
}

#[test]
fn silence_ends_at_the_deadline() {
    let (server, _stalled, _keep) = Server::stalling_after(b"HTTP/1.1 200 OK\r\n");
    let answer = server.transport().exchange(
        Route::Pull,
        b"sealed",
        Duration::from_millis(300),
        &CancelHandle::new(),
    );
    assert_eq!(answer, Err(TransportProblem::TimedOut));
}

/// Each of these would wait for a day.
#[test]
fn cancelling_ends_an_exchange_at_every_stage_of_the_answer() {
    for written in [
        b"".as_slice(),
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf of the body",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\n\r\nuntil the connection closes",
    ] {
        let (server, stalled, _keep) = Server::stalling_after(written);
        let cancel = CancelHandle::new();
        let canceller = cancel.clone();
        thread::spawn(move || {
            stalled.recv().unwrap();
            canceller.cancel();
        });
        let answer = server
            .transport()
            .exchange(Route::Upload, b"sealed", FOR_EVER, &cancel);
        assert_eq!(answer, Err(TransportProblem::Cancelled), "{written:?}");
    }
}

#[test]
fn cancelling_ends_a_handshake_that_nobody_answers() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let cancel = CancelHandle::new();
    let canceller = cancel.clone();
    let accepted = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        // The client's first words have arrived, so it is waiting for the server's.
        stream.read_exact(&mut [0]).unwrap();
        canceller.cancel();
        stream
    });
    let transport = HttpsTransport::new(&format!("https://{address}"), &[]).unwrap();
    let answer = transport.exchange(Route::Upload, b"sealed", FOR_EVER, &cancel);
    assert_eq!(answer, Err(TransportProblem::Cancelled));
    drop(accepted.join());
}

#[test]
fn cancelling_ends_a_request_that_the_server_does_not_read() {
    let council = Council::named("127.0.0.1");
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let cancel = CancelHandle::new();
    let canceller = cancel.clone();
    let tls = Arc::clone(&council.tls);
    let accepted = thread::spawn(move || {
        let (stream, _) = listener.accept().unwrap();
        let mut tls = StreamOwned::new(ServerConnection::new(tls).unwrap(), stream);
        // A little of it, so that the client is writing a body that fills every buffer on the way.
        tls.read_exact(&mut [0; 100]).unwrap();
        canceller.cancel();
        tls
    });
    let transport = HttpsTransport::new(&format!("https://{address}"), &[council.root]).unwrap();
    let body = vec![7; 64 << 20];
    let answer = transport.exchange(Route::Upload, &body, FOR_EVER, &cancel);
    assert_eq!(answer, Err(TransportProblem::Cancelled));
    drop(accepted.join());
}

#[test]
fn cancelling_reaches_a_connection_kept_from_an_earlier_exchange() {
    let (stalls, stalled) = mpsc::channel();
    let (_keep, release) = mpsc::channel::<()>();
    let (count, release) = (AtomicUsize::new(0), Mutex::new(release));
    let server = Server::start(Council::named("127.0.0.1"), move |tls| {
        if count.fetch_add(1, Ordering::SeqCst) == 0 {
            tls.write_all(&http("200 OK", wire::MEDIA_TYPE, b"one"))
                .unwrap();
            tls.flush().unwrap();
            return true;
        }
        stalls.send(()).unwrap();
        let _ = release.lock().unwrap().recv();
        false
    });
    let transport = server.transport();
    upload(&transport).unwrap();
    let cancel = CancelHandle::new();
    let canceller = cancel.clone();
    thread::spawn(move || {
        stalled.recv().unwrap();
        canceller.cancel();
    });
    let answer = transport.exchange(Route::Pull, b"sealed", FOR_EVER, &cancel);
    assert_eq!(answer, Err(TransportProblem::Cancelled));
    assert_eq!(server.seen.connections.load(Ordering::SeqCst), 1);
    // And what was cancelled is not what comes next.
    let early = transport.exchange(Route::Pull, b"sealed", FOR_EVER, &cancel);
    assert_eq!(early, Err(TransportProblem::Cancelled));
}

/// A device with one envelope, whose council's answers are `receipt` and `page`.
#[derive(Default)]
struct Device {
    receipted: bool,
    pages: u32,
}

impl SyncStore for Device {
    type Error = Infallible;

    fn waiting(&mut self, _: usize, sent: &BTreeSet<ParcelKey>) -> Result<Vec<Parcel>, Infallible> {
        let key = ParcelKey {
            session: [1; 32],
            number: 1,
        };
        let parcel = Parcel {
            key,
            class: SendClass::Now,
            bytes: b"sealed".to_vec(),
        };
        Ok((!self.receipted && !sent.contains(&key))
            .then_some(parcel)
            .into_iter()
            .collect())
    }

    fn take_upload_answer(&mut self, body: &[u8]) -> Result<UploadTaken, ReplyProblem<Infallible>> {
        if body != b"receipt" {
            return Err(ReplyProblem::NotTheCouncil);
        }
        self.receipted = true;
        Ok(UploadTaken {
            receipted: 1,
            ..UploadTaken::default()
        })
    }

    fn pull_request(&mut self, _: u32) -> Result<Option<SealedRequest>, Infallible> {
        Ok(Some(SealedRequest {
            body: b"sealed request".to_vec(),
        }))
    }

    fn take_pull_reply(&mut self, body: &[u8]) -> Result<PullTaken, ReplyProblem<Infallible>> {
        if body != b"page" {
            return Err(ReplyProblem::NotTheCouncil);
        }
        self.pages += 1;
        Ok(PullTaken {
            entries: 1,
            ..PullTaken::default()
        })
    }
}

fn sync(
    driver: &Driver,
    device: &mut Device,
    transport: &dyn Transport,
    cancel: &CancelHandle,
) -> Result<Outcome, SyncError<Infallible>> {
    let ask = Ask {
        budget: Budget::default(),
        asked: true,
    };
    let clock = SystemClock::default();
    driver.sync(device, transport, &clock, ask, &mut |_| {}, cancel)
}

/// Answers every route properly.
fn council_at_work() -> Server {
    let uploads = AtomicUsize::new(0);
    Server::start(Council::named("127.0.0.1"), move |tls| {
        let body = if uploads.fetch_add(1, Ordering::SeqCst) == 0 {
            b"receipt".as_slice()
        } else {
            b"page"
        };
        tls.write_all(&http("200 OK", wire::MEDIA_TYPE, body))
            .unwrap();
        tls.flush().unwrap();
        true
    })
}

#[test]
fn a_sync_over_a_good_line_sends_and_fetches_on_one_connection() {
    let server = council_at_work();
    let mut device = Device::default();
    let mut seen = Vec::new();
    let outcome = Driver::new(Config::default())
        .sync(
            &mut device,
            &server.transport(),
            &SystemClock::default(),
            Ask::default(),
            &mut |progress| seen.push((progress.sent, progress.receipted, progress.pulled_entries)),
            &CancelHandle::new(),
        )
        .unwrap();
    assert_eq!(outcome.ended, Ended::Complete);
    assert!(device.receipted);
    assert_eq!(device.pages, 1);
    assert_eq!(seen, [(1, 0, 0), (1, 1, 0), (1, 1, 1)]);
    assert_eq!(server.seen.connections.load(Ordering::SeqCst), 1);
}

/// A line on which every answer comes at once, that notes how long it was to be waited for.
#[derive(Default)]
struct Noting(Mutex<Vec<Duration>>);

impl Transport for Noting {
    fn exchange(
        &self,
        _: Route,
        _: &[u8],
        patience: Duration,
        _: &CancelHandle,
    ) -> Result<HttpReply, TransportProblem> {
        let mut noted = self.0.lock().unwrap();
        noted.push(patience);
        let body: &[u8] = if noted.len() == 1 {
            b"receipt"
        } else {
            b"page"
        };
        Ok(HttpReply {
            status: 200,
            media_type: Some(wire::MEDIA_TYPE.to_owned()),
            retry_after: None,
            body: body.to_vec(),
        })
    }
}

/// A clock that goes on by two minutes whenever it is looked at, as it seems to a device that is busy with its book.
#[derive(Default)]
struct Busy(AtomicUsize);

impl Clock for Busy {
    fn now_ms(&self) -> u64 {
        120_000 * self.0.fetch_add(1, Ordering::SeqCst) as u64
    }
}

#[test]
fn what_the_book_takes_is_not_taken_from_the_line() {
    let waits = |budget: Budget| {
        let line = Noting::default();
        let mut device = Device::default();
        let ask = Ask {
            budget,
            asked: true,
        };
        let driver = Driver::new(Config::default());
        let cancel = CancelHandle::new();
        let clock = Busy::default();
        let outcome = driver.sync(&mut device, &line, &clock, ask, &mut |_| {}, &cancel);
        (outcome.unwrap().ended, line.0.into_inner().unwrap())
    };
    let (ended, patience) = waits(Budget::default());
    assert_eq!(ended, Ended::Complete);
    let least = Duration::from_millis(Config::default().answer_ms);
    assert_eq!(patience.len(), 2);
    assert!(patience.iter().all(|patience| *patience >= least));
    // But never beyond what the whole run may take.
    let (_, patience) = waits(Budget {
        time_ms: Some(121_000),
        ..Budget::default()
    });
    assert_eq!(patience, [Duration::from_secs(1)]);
}

#[test]
fn bad_lines_are_named_and_lose_nothing() {
    let html = http("200 OK", "text/html", b"<html>sign in");
    let unknown = http("520 Unknown", "text/html", b"");
    let garbage = http("200 OK", wire::MEDIA_TYPE, b"not from the council");
    let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nten bytes.".to_vec();
    for (answer, troubles) in [
        (html, vec![Trouble::SignInPage]),
        (unknown, vec![Trouble::NotAnsweringProperly]),
        (garbage, vec![Trouble::NotAnsweringProperly]),
        (cut, vec![Trouble::NotAnsweringProperly, Trouble::LineLost]),
    ] {
        let server = Server::saying(answer);
        let mut device = Device::default();
        let driver = Driver::new(Config::default());
        let outcome = sync(
            &driver,
            &mut device,
            &server.transport(),
            &CancelHandle::new(),
        )
        .unwrap();
        assert!(troubles.contains(&outcome.trouble.unwrap()), "{outcome:?}");
        assert!(outcome.more_waiting);
        assert!(!device.receipted);
        let server = council_at_work();
        let outcome = sync(
            &driver,
            &mut device,
            &server.transport(),
            &CancelHandle::new(),
        )
        .unwrap();
        assert_eq!(outcome.ended, Ended::Complete);
        assert!(device.receipted);
    }
}

#[test]
fn a_cancelled_sync_says_so_and_can_be_run_again() {
    let (server, stalled, _keep) = Server::stalling_after(b"HTTP/1.1 200 OK\r\n");
    let cancel = CancelHandle::new();
    let canceller = cancel.clone();
    thread::spawn(move || {
        stalled.recv().unwrap();
        canceller.cancel();
    });
    let driver = Driver::new(Config::default());
    let mut device = Device::default();
    let outcome = sync(&driver, &mut device, &server.transport(), &cancel).unwrap();
    assert_eq!((outcome.ended, outcome.trouble), (Ended::Cancelled, None));
    assert!(outcome.more_waiting);
    let server = council_at_work();
    let outcome = sync(
        &driver,
        &mut device,
        &server.transport(),
        &CancelHandle::new(),
    )
    .unwrap();
    assert_eq!(outcome.ended, Ended::Complete);
}

#[test]
fn a_second_sync_says_busy_and_the_first_goes_on() {
    let (server, stalled, _keep) = Server::stalling_after(b"");
    let driver = Driver::new(Config::default());
    let cancel = CancelHandle::new();
    let transport = server.transport();
    thread::scope(|scope| {
        let first = scope.spawn(|| sync(&driver, &mut Device::default(), &transport, &cancel));
        stalled.recv().unwrap();
        let second = sync(
            &driver,
            &mut Device::default(),
            &transport,
            &CancelHandle::new(),
        );
        assert!(matches!(second, Err(SyncError::Busy)));
        cancel.cancel();
        assert_eq!(first.join().unwrap().unwrap().ended, Ended::Cancelled);
    });
}

#[test]
fn a_callback_that_panics_does_not_end_syncing_for_ever() {
    let server = council_at_work();
    let driver = Driver::new(Config::default());
    let mut device = Device::default();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        driver.sync(
            &mut device,
            &server.transport(),
            &SystemClock::default(),
            Ask::default(),
            &mut |_| panic!("a listener fails"),
            &CancelHandle::new(),
        )
    }));
    assert!(panicked.is_err());
    let outcome = sync(
        &driver,
        &mut device,
        &server.transport(),
        &CancelHandle::new(),
    )
    .unwrap();
    assert_eq!(outcome.ended, Ended::Complete);
}

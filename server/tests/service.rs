//! The service as a process of its own, over real loopback TLS, with real keys: what a phone sees, and what an attacker gets.
#![cfg(feature = "service")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

/// Which store these tests run over; see `support`.
#[allow(dead_code)]
const ON_DISK: bool = false;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use serde_json::Value as Json;
use tempfile::TempDir;
use visitbook_record::cbor::{decode, encode};
use visitbook_record::commit::Commit;
use visitbook_record::id::{CouncilId, DeviceId, RecordId, WorkerId, derived_uuid};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::{
    Denial, EnrolReply, EnrolRequest, EnvelopeBody, LogEntry, MEDIA_TYPE, Page, PullReply,
    PullRequest, ReceiptStatement, Refusal, Signed, Upload, UploadAnswer, UploadReply,
};
use visitbook_seal::bundle::{KeyBundle, SignedBundle};
use visitbook_seal::certificate::SignedCertificate;
use visitbook_seal::enrol::EnrolmentCode;
use visitbook_seal::envelope::{IngestKey, SealingSession, SendClass};
use visitbook_seal::purpose::Purpose;
use visitbook_seal::reply::open_reply;
use visitbook_seal::request::seal_request;
use visitbook_seal::sign::{PublicKey, Signature, SigningKey, verify};

use support::{Phone, Say, answer, note};

const CANARY: &str = "CANARY-ivory-gull-41";

/// A council's folder and, while it runs, its process.
struct Server {
    folder: TempDir,
    running: Option<(Child, SocketAddr)>,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Server {
    fn new() -> Self {
        let mut server = Self {
            folder: tempfile::tempdir().unwrap(),
            running: None,
        };
        server.command(&[
            "init",
            "--name",
            "Fernmouth",
            "--address",
            "https://127.0.0.1:8443",
        ]);
        let files = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/fernmouth");
        let copy = server.folder.path().join("files");
        std::fs::create_dir(&copy).unwrap();
        for entry in std::fs::read_dir(files).unwrap() {
            let entry = entry.unwrap();
            std::fs::copy(entry.path(), copy.join(entry.file_name())).unwrap();
        }
        let report = server.command(&["import", copy.to_str().unwrap()]);
        assert_eq!(report["rejected"], Json::Array(vec![]));
        server.start();
        server
    }

    fn place(&self) -> PathBuf {
        self.folder.path().join("council")
    }

    fn program(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_visitbook-server"));
        command.args(words).arg("--dir").arg(self.place());
        command
    }

    fn command(&self, words: &[&str]) -> Json {
        let output = self.program(words).arg("--json").output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{words:?}: {errors}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn start(&mut self) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .unwrap();
        let mut child = self
            .program(&["serve", "--listen", "127.0.0.1:0"])
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line.trim().strip_prefix("listening on https://").unwrap();
        self.running = Some((child, address.parse().unwrap()));
    }

    /// Without warning, as a power cut does it.
    fn kill(&mut self) {
        let (mut child, _) = self.running.take().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }

    fn stop(&mut self) -> bool {
        let (mut child, _) = self.running.take().unwrap();
        let told = Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status()
            .unwrap();
        told.success() && child.wait().unwrap().success()
    }

    fn connect(&self) -> StreamOwned<ClientConnection, TcpStream> {
        let (_, address) = self.running.as_ref().unwrap();
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from_pem_file(self.place().join("tls-root.crt")).unwrap();
        roots.add(root).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("127.0.0.1").unwrap();
        let tls = ClientConnection::new(Arc::new(config), name).unwrap();
        StreamOwned::new(tls, TcpStream::connect(address).unwrap())
    }

    fn raw(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        // A server that has seen enough may stop reading; its answer is what counts.
        let _ = stream.write_all(request).and_then(|()| stream.flush());
        let mut all = Vec::new();
        let _ = stream.read_to_end(&mut all);
        let end = all
            .windows(4)
            .position(|w| w == b"\r\n\r\n")
            .expect("an answer");
        let head = String::from_utf8(all[..end].to_vec())
            .unwrap()
            .to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer {
            status,
            head,
            body: all[end + 4..].to_vec(),
        }
    }

    fn post(&self, route: &str, body: &[u8]) -> Answer {
        let head = format!(
            "POST {route} HTTP/1.1\r\nhost: council\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.raw(&[head.as_bytes(), body].concat())
    }

    fn get(&self, route: &str) -> Answer {
        self.raw(
            format!("GET {route} HTTP/1.1\r\nhost: council\r\nconnection: close\r\n\r\n")
                .as_bytes(),
        )
    }

    fn code(&self, worker: &str) -> EnrolmentCode {
        let made = self.command(&["enrol-code", "--worker", worker, "--label", "a phone"]);
        made["code"].as_str().unwrap().parse().unwrap()
    }

    fn bundle(&self, code: &EnrolmentCode) -> KeyBundle {
        let answer = self.get("/v1/keys");
        let signed = SignedBundle::decode(&answer.body).unwrap();
        signed.verify(&code.root_fingerprint).unwrap().clone()
    }

    fn device(&self, worker: &str) -> Device {
        let code = self.code(worker);
        let bundle = self.bundle(&code);
        let signing = SigningKey::generate().unwrap();
        let certificate = enrol(self, &bundle, &code, &signing).expect("a certificate");
        let certificate = SignedCertificate::decode(&certificate).unwrap();
        certificate
            .verify(&bundle.control, &bundle.council)
            .unwrap();
        let council = CouncilId(bundle.council);
        let phone = Phone {
            key: 0,
            holder: WorkerId(derived_uuid(council, "worker", worker)),
            life: visitbook_record::id::Incarnation([3; 16]),
            seq: 0,
            previous: None,
            assignment_seen: None,
            counter: 0,
            token: None,
        };
        Device {
            session: SealingSession::start(&bundle.ingest[0]).unwrap(),
            id: DeviceId(signing.public().key_id()),
            signing,
            phone,
            council,
            bundle,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

fn enrol(
    server: &Server,
    bundle: &KeyBundle,
    code: &EnrolmentCode,
    key: &SigningKey,
) -> Option<Vec<u8>> {
    enrol_signed_by(server, bundle, code, key, key)
}

fn enrol_signed_by(
    server: &Server,
    bundle: &KeyBundle,
    code: &EnrolmentCode,
    key: &SigningKey,
    signer: &SigningKey,
) -> Option<Vec<u8>> {
    let bytes = encode(&EnrolRequest {
        secret: *code.secret.expose(),
        public_key: key.public().0,
        drop_key: [1; 32],
        label: "Rowan's phone".to_owned(),
    });
    let signature = signer.sign(Purpose::Enrol, &bytes).0.to_vec();
    let request = encode(&Signed { bytes, signature });
    let (sealed, opener) = seal_request(&bundle.ingest[0], "enrol", &request).unwrap();
    let answer = server.post("/v1/enrol", &sealed);
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains(&format!("content-type: {MEDIA_TYPE}")));
    let reply: EnrolReply = decode(&opener.open(&answer.body).unwrap()).unwrap();
    reply.certificate.map(|bytes| bytes.to_vec())
}

/// A phone with real keys.
struct Device {
    id: DeviceId,
    signing: SigningKey,
    session: SealingSession,
    phone: Phone,
    council: CouncilId,
    bundle: KeyBundle,
}

impl Device {
    fn child(&self, code: &str) -> RecordId {
        RecordId(derived_uuid(self.council, "child", code))
    }

    fn save(&mut self, child: &str, says: Vec<Say>) -> EnvelopeBody {
        let child = self.child(child);
        let (mut commit, payloads) = self.phone.draft(child, 1, says);
        commit.council = self.council;
        commit.origin.device = self.id;
        let bytes = commit.to_bytes();
        self.phone.previous = Some(Commit::hash_of(&bytes));
        let signature = self.signing.sign(Purpose::Commit, &bytes).0.to_vec();
        EnvelopeBody {
            commit: Signed { bytes, signature },
            payloads,
            certificate: None,
            receipt: None,
        }
    }

    fn seal(&self, body: &EnvelopeBody) -> Vec<u8> {
        self.session
            .seal(SendClass::Soon, &encode(body))
            .unwrap()
            .bytes
    }

    fn reply(&self, answer: &UploadAnswer) -> UploadReply {
        let group = answer
            .groups
            .iter()
            .find(|group| *group.session == self.session.enc())
            .expect("an answer to this session");
        decode(&open_reply(&self.session.reply_secret(), &group.sealed).unwrap()).unwrap()
    }

    fn receipts(&self, reply: &UploadReply) -> Vec<ReceiptStatement> {
        let key = self.bundle.receipt_key(1).unwrap();
        reply
            .statements
            .iter()
            .map(|signed| {
                let signature = Signature(signed.signature.clone().try_into().unwrap());
                visitbook_seal::receipt::verify(key, &signed.bytes, &signature).unwrap();
                decode(&signed.bytes).unwrap()
            })
            .collect()
    }

    fn request(&mut self) -> PullRequest {
        let mut request = self.phone.request();
        request.device = self.id;
        request
    }

    fn ask(&self, server: &Server, request: &PullRequest) -> PullReply {
        let bytes = encode(request);
        let signature = self.signing.sign(Purpose::Request, &bytes).0.to_vec();
        self.ask_exactly(server, &encode(&Signed { bytes, signature }))
    }

    fn ask_exactly(&self, server: &Server, plain: &[u8]) -> PullReply {
        let (sealed, opener) = seal_request(&self.bundle.ingest[0], "pull", plain).unwrap();
        let answer = server.post("/v1/pull", &sealed);
        assert_eq!(answer.status, 200);
        decode(&opener.open(&answer.body).unwrap()).unwrap()
    }

    fn pull(&mut self, server: &Server) -> Vec<LogEntry> {
        let mut entries = Vec::new();
        loop {
            let request = self.request();
            let PullReply::Page(page) = self.ask(server, &request) else {
                panic!("the pull was denied");
            };
            self.verify_page(&page);
            self.phone.token = Some(page.token);
            for entry in page.entries {
                if entry.scope() == Scope::Worker(self.phone.holder) {
                    self.phone.assignment_seen = Some(entry.at());
                }
                entries.push(entry);
            }
            if !page.more {
                return entries;
            }
        }
    }

    /// Every commit by its author's certificate, as a device does it.
    fn verify_page(&self, page: &Page) {
        let keys: Vec<PublicKey> = page
            .certificates
            .iter()
            .map(|bytes| {
                let signed = SignedCertificate::decode(bytes).unwrap();
                let council = &self.bundle.council;
                signed
                    .verify(&self.bundle.control, council)
                    .unwrap()
                    .public_key
            })
            .collect();
        for entry in &page.entries {
            if let LogEntry::Commit(entry) = entry {
                let commit = Commit::from_bytes(&entry.commit.bytes).unwrap();
                let author = keys
                    .iter()
                    .find(|key| key.key_id() == commit.origin.device.0);
                let signature = Signature(entry.commit.signature.clone().try_into().unwrap());
                verify(
                    Purpose::Commit,
                    author.unwrap(),
                    &entry.commit.bytes,
                    &signature,
                )
                .unwrap();
            }
        }
    }
}

fn upload(server: &Server, envelopes: Vec<Vec<u8>>) -> UploadAnswer {
    let body = encode(&Upload {
        envelopes: envelopes.into_iter().map(Into::into).collect(),
    });
    let answer = server.post("/v1/upload", &body);
    assert_eq!(answer.status, 200);
    assert!(answer.head.contains(&format!("content-type: {MEDIA_TYPE}")));
    decode(&answer.body).unwrap()
}

fn holds(path: &Path, needle: &[u8]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(path).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holds(&path, needle));
        } else if std::fs::read(&path)
            .unwrap()
            .windows(needle.len())
            .any(|w| w == needle)
        {
            found.push(path);
        }
    }
    found
}

#[test]
fn a_code_enrols_one_key_once_and_that_key_as_often_as_it_asks() {
    let server = Server::new();
    let code = server.code("W-ROWAN");
    let bundle = server.bundle(&code);
    let (key, other) = (
        SigningKey::generate().unwrap(),
        SigningKey::generate().unwrap(),
    );
    assert_eq!(
        enrol_signed_by(&server, &bundle, &code, &key, &other),
        None,
        "not its own signature"
    );
    let first = enrol(&server, &bundle, &code, &key).unwrap();
    assert_eq!(enrol(&server, &bundle, &code, &key), Some(first.clone()));
    assert_eq!(enrol(&server, &bundle, &code, &other), None);
    let another_code = server.code("W-BRYONY");
    assert_eq!(
        enrol(&server, &bundle, &another_code, &key),
        None,
        "one key is one person's"
    );
    let new_code = server.code("W-ROWAN");
    assert_eq!(
        enrol(&server, &bundle, &new_code, &key),
        Some(first.clone()),
        "a device that has lost the council's file"
    );
    assert_eq!(enrol(&server, &bundle, &new_code, &other), None);
    let ended = server.command(&[
        "enrol-code",
        "--worker",
        "W-ROWAN",
        "--label",
        "x",
        "--minutes",
        "0",
    ]);
    let ended: EnrolmentCode = ended["code"].as_str().unwrap().parse().unwrap();
    assert_eq!(enrol(&server, &bundle, &ended, &other), None);
    let certificate = SignedCertificate::decode(&first).unwrap();
    let certificate = certificate
        .verify(&bundle.control, &bundle.council)
        .unwrap();
    assert_eq!(certificate.label, "Rowan's phone");
    let devices = server.command(&["devices"]);
    assert_eq!(devices["devices"][0]["worker"], "W-ROWAN");
    assert_eq!(devices["devices"].as_array().unwrap().len(), 1);
}

#[test]
fn words_go_up_are_receipted_come_down_and_survive_a_kill() {
    let mut server = Server::new();
    let (mut phone, mut colleague) = (server.device("W-ROWAN"), server.device("W-BRYONY"));
    let first = phone.pull(&server);
    assert_eq!(first[0].scope(), Scope::Worker(phone.phone.holder));
    colleague.pull(&server);

    let body = phone.save("C-WREN", vec![answer("seen", "yes"), note("n1", CANARY)]);
    let envelope = phone.seal(&body);
    let reply = phone.reply(&upload(&server, vec![envelope.clone()]));
    let receipts = phone.receipts(&reply);
    assert_eq!(
        receipts[0].received[0].verdicts,
        [Verdict::Applied, Verdict::Applied]
    );

    server.kill();
    server.start();
    let again = phone.reply(&upload(&server, vec![envelope]));
    assert_eq!(
        again.statements, reply.statements,
        "the same receipt, from before the kill"
    );
    let entries = colleague.pull(&server);
    let [LogEntry::Commit(entry)] = &entries[..] else {
        panic!("one commit");
    };
    assert_eq!(entry.commit, body.commit);
    assert_eq!(entry.payloads, [Some(body.payloads[0].clone()), None]);

    // An administrator's command on the running service's database.
    let done = server.command(&[
        "assign", "--worker", "W-BRYONY", "--child", "C-KITE", "--role", "joint", "--by", "W-SAGE",
    ]);
    assert_eq!(done["changed"], true);
    let kite = Scope::Child(colleague.child("C-KITE"));
    assert!(
        colleague
            .pull(&server)
            .iter()
            .any(|entry| entry.scope() == kite)
    );
    let found = server.command(&["verify"]);
    assert_eq!(found["problems"], Json::Array(vec![]));
    assert_eq!(
        (found["forks"].as_u64(), found["gaps"].as_u64()),
        (Some(0), Some(0))
    );

    assert!(server.stop(), "it ends well when asked to");
    assert_eq!(
        holds(server.folder.path(), CANARY.as_bytes()),
        Vec::<PathBuf>::new()
    );
    let planted = server.place().join("planted");
    std::fs::write(&planted, format!("..{CANARY}..")).unwrap();
    assert_eq!(holds(server.folder.path(), CANARY.as_bytes()), [planted]);
}

#[test]
fn a_carrier_learns_nothing_and_one_bad_envelope_harms_no_other() {
    let server = Server::new();
    let (mut phone, mut carrier) = (server.device("W-ROWAN"), server.device("W-BRYONY"));
    phone.pull(&server);
    carrier.pull(&server);
    let hers = phone.save("C-WREN", vec![answer("seen", "yes")]);
    let his = carrier.save("C-ROBIN", vec![answer("seen", "yes")]);
    let mut forged = phone.save("C-WREN", vec![answer("seen", "no")]);
    forged.commit.signature[7] ^= 1;
    let mut damaged = phone.seal(&hers);
    *damaged.last_mut().unwrap() ^= 1;
    let stranger = SealingSession::start(&IngestKey::generate().unwrap().public()).unwrap();
    let unknown = stranger.seal(SendClass::Now, b"x").unwrap().bytes;
    let not_a_body = phone.session.seal(SendClass::Now, &[0xa0; 900]).unwrap();
    let sealed_forgery = phone
        .session
        .seal(SendClass::Now, &encode(&forged))
        .unwrap();

    let answer = upload(
        &server,
        vec![
            damaged,
            b"short".to_vec(),
            unknown,
            not_a_body.bytes,
            sealed_forgery.bytes,
            phone.seal(&hers),
            carrier.seal(&his),
        ],
    );
    assert_eq!(answer.groups.len(), 2);
    let keys: Vec<[u8; 8]> = answer.unknown_keys.iter().map(|key| **key).collect();
    assert_eq!(keys, [stranger.ingest_key()]);
    let reply = phone.reply(&answer);
    assert_eq!(phone.receipts(&reply).len(), 1);
    let refused = [
        (not_a_body.number, Refusal::Malformed),
        (sealed_forgery.number, Refusal::NotSigned),
    ];
    assert_eq!(reply.refused, refused);
    assert_eq!(carrier.receipts(&carrier.reply(&answer)).len(), 1);
    let group = answer
        .groups
        .iter()
        .find(|g| *g.session == phone.session.enc())
        .unwrap();
    assert!(open_reply(&carrier.session.reply_secret(), &group.sealed).is_err());
}

#[test]
fn requests_are_answered_to_the_device_that_signed_them_and_once() {
    let server = Server::new();
    let (mut phone, mut colleague) = (server.device("W-ROWAN"), server.device("W-BRYONY"));
    let request = phone.request();
    let bytes = encode(&request);
    let signature = phone.signing.sign(Purpose::Request, &bytes).0.to_vec();
    let plain = encode(&Signed {
        bytes: bytes.clone(),
        signature: signature.clone(),
    });
    assert!(matches!(
        phone.ask_exactly(&server, &plain),
        PullReply::Page(_)
    ));
    let denial = |reply: PullReply| match reply {
        PullReply::Denied { denial, .. } => Some(denial),
        PullReply::Page(_) => None,
    };
    // The same request again, sealed anew.
    assert_eq!(
        denial(phone.ask_exactly(&server, &plain)),
        Some(Denial::Replayed)
    );
    // Another device's name, honestly signed.
    let mut posing = colleague.request();
    posing.device = phone.id;
    assert_eq!(
        denial(colleague.ask(&server, &posing)),
        Some(Denial::NotEnrolled)
    );
    // A signature made for another purpose.
    let cross = colleague.request();
    let bytes = encode(&cross);
    let signature = colleague.signing.sign(Purpose::Commit, &bytes).0.to_vec();
    let plain = encode(&Signed { bytes, signature });
    assert_eq!(
        denial(colleague.ask_exactly(&server, &plain)),
        Some(Denial::NotEnrolled)
    );
    assert_eq!(
        denial(colleague.ask_exactly(&server, b"nonsense")),
        Some(Denial::Malformed)
    );
    // Sealed for one route, sent to another.
    let (sealed, _) = seal_request(&phone.bundle.ingest[0], "enrol", &encode(&cross)).unwrap();
    assert_eq!(server.post("/v1/pull", &sealed).status, 400);
}

#[test]
fn bodies_that_are_too_long_cut_short_or_nonsense_cost_the_connection_only() {
    let server = Server::new();
    let long = "POST /v1/upload HTTP/1.1\r\nhost: c\r\nconnection: close\r\ncontent-length: 99999999\r\n\r\n";
    assert_eq!(server.raw(long.as_bytes()).status, 413);
    let mut chunked =
        b"POST /v1/upload HTTP/1.1\r\nhost: c\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n".to_vec();
    for _ in 0..6 {
        chunked.extend_from_slice(b"100000\r\n");
        chunked.extend(std::iter::repeat_n(0u8, 1 << 20));
        chunked.extend_from_slice(b"\r\n");
    }
    assert_eq!(server.raw(&chunked).status, 413);
    {
        let mut stream = server.connect();
        stream
            .write_all(b"POST /v1/upload HTTP/1.1\r\nhost: c\r\ncontent-length: 500\r\n\r\nhalf")
            .unwrap();
        stream.conn.send_close_notify();
        let _ = stream.flush();
    }
    for body in [
        &b""[..],
        b"\xff\xff",
        b"<html>sign in</html>",
        &[0x81; 50_000],
    ] {
        assert_eq!(server.post("/v1/upload", body).status, 400);
        assert_eq!(server.post("/v1/pull", body).status, 400);
    }
    assert_eq!(server.get("/v1/upload").status, 405);
    assert_eq!(server.get("/../../etc/passwd").status, 404);
    assert_eq!(server.get("/v1/health").status, 200);
}

#[test]
fn only_what_does_not_open_is_slowed() {
    let server = Server::new();
    let mut phone = server.device("W-ROWAN");
    phone.pull(&server);
    let backlog: Vec<Vec<u8>> = (0..300)
        .map(|i| {
            let body = phone.save("C-WREN", vec![answer(&format!("f{i}"), "yes")]);
            phone.seal(&body)
        })
        .collect();
    for part in backlog.chunks(3) {
        assert_eq!(
            phone
                .receipts(&phone.reply(&upload(&server, part.to_vec())))
                .len(),
            1
        );
    }
    let noise = vec![vec![7u8; 90]; 60];
    upload(&server, noise);
    let slowed = server.post("/v1/upload", b"anything");
    assert_eq!(slowed.status, 429);
    assert!(slowed.head.contains("retry-after: "));
}

#[test]
fn the_log_says_nothing_of_people_or_paths() {
    let mut server = Server::new();
    let mut phone = server.device("W-ROWAN");
    phone.pull(&server);
    let body = phone.save("C-WREN", vec![note("n1", CANARY)]);
    upload(&server, vec![phone.seal(&body)]);
    server.get(&format!("/v1/{CANARY}"));
    server.stop();
    let log = std::fs::read_to_string(server.folder.path().join("log")).unwrap();
    assert!(log.lines().count() >= 4);
    for line in log.lines() {
        let line: Json = serde_json::from_str(line).expect("one JSON object a line");
        assert!(line["level"].is_string());
    }
    assert!(log.contains("POST /v1/upload"));
    let holder = phone.phone.holder.to_string();
    let child = phone.child("C-WREN").to_string();
    let device = phone.id.to_string();
    for word in [
        CANARY,
        "ROWAN",
        "Rowan",
        "WREN",
        "Wren",
        "127.0.0.1",
        &holder,
        &child,
        &device,
    ] {
        assert!(!log.contains(word), "{word}");
    }
}

#[test]
fn a_changed_database_is_seen_by_verify() {
    let mut server = Server::new();
    let mut phone = server.device("W-ROWAN");
    phone.pull(&server);
    let body = phone.save("C-WREN", vec![answer("seen", "yes")]);
    upload(&server, vec![phone.seal(&body)]);
    server.stop();
    // Somebody with the keys writes past the server: an entry that no receipt covers and no commit stands behind.
    {
        use visitbook_server::store::{Entry, StorageExt as _};
        let (_, store) = visitbook_server::keys::ServerKeys::load(&server.place()).unwrap();
        let scope = Scope::Child(phone.child("C-WREN"));
        let at: LogPosition = store
            .write_with::<_, visitbook_server::store::StoreError>(|tx| {
                let digest = tx.last(&scope)?.unwrap().1;
                let hash = visitbook_record::id::CommitHash([9; 32]);
                tx.append(&scope, &Entry::Commit(hash), &[], &digest)
            })
            .unwrap();
        assert!(at.position > 1);
    }
    let output = server.program(&["verify", "--json"]).output().unwrap();
    assert!(!output.status.success());
    let found: Json = serde_json::from_slice(&output.stdout).unwrap();
    assert!(!found["problems"].as_array().unwrap().is_empty());
}

#[test]
fn administrators_move_a_child_read_what_is_set_aside_and_end_a_device() {
    let server = Server::new();
    let mut phone = server.device("W-ROWAN");
    phone.pull(&server);
    let moved = [
        "unassign", "--worker", "W-ROWAN", "--child", "C-WREN", "--reason", "new team",
    ];
    assert_eq!(server.command(&moved)["changed"], true);
    assert_eq!(server.command(&moved)["changed"], false);
    phone.pull(&server);
    let body = phone.save("C-WREN", vec![note("n", CANARY)]);
    upload(&server, vec![phone.seal(&body)]);

    let listed = server.command(&["quarantine"]);
    let aside = &listed["set_aside"][0];
    assert_eq!(aside["author"], "W-ROWAN");
    assert_eq!(aside["reason"], "NotHeld");
    assert!(aside["since"].is_i64());
    assert!(!listed.to_string().contains(CANARY), "no words unasked");
    let owner = aside["owner"].as_str().unwrap().to_owned();
    let refused = server.program(&["quarantine", "--show"]).output().unwrap();
    assert!(!refused.status.success(), "words need a named owner");
    let others = server.command(&["quarantine", "--show", "--as", "W-ROWAN"]);
    assert!(!others.to_string().contains(CANARY), "not to anybody else");
    let shown = server.command(&["quarantine", "--show", "--as", &owner]);
    assert_eq!(shown["set_aside"][0]["words"], CANARY);
    let noted = server.command(&["noted"]);
    let noted = noted["noted"].as_array().unwrap();
    assert_eq!(noted.len(), 2);
    assert_eq!(noted[1]["by"], owner.as_str());
    assert!(!noted[1].to_string().contains(CANARY));

    let id = phone.id.to_string();
    let ended = server.command(&["revoke", "--device", &id, "--reason", "lost on a bus"]);
    assert_eq!(ended["ended"][0], id.as_str());
    let again = server.command(&["revoke", "--worker", "W-ROWAN", "--reason", "left"]);
    assert_eq!(again["ended"], Json::Array(vec![]));
    let unknown = server
        .program(&["revoke", "--device", &"0".repeat(32), "--reason", "x"])
        .output()
        .unwrap();
    assert!(!unknown.status.success());
    let listed = server.command(&["devices"]);
    assert_eq!(listed["devices"][0]["ended"], true);
    assert_eq!(listed["devices"][0]["purged"], Json::Array(vec![]));
    let request = phone.request();
    assert!(matches!(
        phone.ask(&server, &request),
        PullReply::Denied {
            denial: Denial::Ended,
            ..
        }
    ));
    let body = phone.save("C-WREN", vec![note("m", "and this")]);
    let reply = phone.reply(&upload(&server, vec![phone.seal(&body)]));
    let receipts = phone.receipts(&reply);
    assert!(matches!(
        &receipts[0].received[0].verdicts[0],
        Verdict::Quarantined { .. }
    ));
    let back = [
        "assign", "--worker", "W-ROWAN", "--child", "C-WREN", "--role", "joint",
    ];
    assert_eq!(server.command(&back)["changed"], true);
    server.command(&["verify"]);
}

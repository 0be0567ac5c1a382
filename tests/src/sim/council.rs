//! The council: the real judging code over the store in memory, behind null cryptography.
//!
//! It also writes down what only it can know at the time (in which order commits came, and what each device had acknowledged
//! by then), for the laws to be checked against afterwards.

mod arrivals;
mod files;
mod restores;

use std::collections::BTreeSet;
use std::rc::Rc;

use visitbook_device::sync::exchange::{HttpReply, Route};
use visitbook_record::cbor::encode;
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::id::{CommitHash, DeviceId, OpId, RecordId, Token, WorkerId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Assignment, Content, Value};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::wire::{
    Denial, EnvelopeBody, MEDIA_TYPE, PostReply, PullReply, PullRequest, SealedGroup, Upload,
    UploadAnswer,
};
use visitbook_server::family::{Arrived, Family};
use visitbook_server::ingest::ingest;
use visitbook_server::pull::pull;
use visitbook_server::store::memory::MemoryStore;
use visitbook_server::store::{Device, StorageExt, StoreError, Worker};
use visitbook_server::suite::Suite;
use visitbook_server::writer::{Act, Statement, Writer, WriterError};

use super::clock::{Clock, Jump};
use super::crash::Failing;
use super::ledger::{Ledger, Move};
use super::names::{self, Names};
use super::null::{self, Bundle, NullKeys, NullSuite};
use super::schedule::{Meanwhile, Setting};
pub(crate) use arrivals::Arrival;
use restores::Backup;

fn writer(epoch: u64) -> Writer {
    Writer {
        council: names::COUNCIL,
        origin: names::writer(epoch),
        author: WorkerId(names::COUNCIL.0),
    }
}

/// The council's server.
pub(crate) struct Council {
    pub(crate) store: MemoryStore,
    suite: NullSuite,
    clock: Clock,
    now: u64,
    fails_after: Option<u8>,
    ledger: Rc<Ledger>,
    pub(crate) arrivals: Vec<Arrival>,
    /// Transactions that failed.
    pub(crate) failures: u64,
    arrived: Names<CommitHash, ()>,
    statements: usize,
    acknowledged: Names<DeviceId, LogPosition>,
    ended: BTreeSet<DeviceId>,
    /// The present epoch, as the bundle of keys says it.
    pub(crate) epoch: Bundle,
    backup: Option<Backup>,
    /// Phones that had been ended before a restore: whoever confirms the lists ends them again.
    to_end: BTreeSet<DeviceId>,
    /// Something was sent before anybody had looked through the restored lists.
    pub(crate) served_unconfirmed: bool,
}

/// A sealing session's opened envelopes, each with its number.
type Session = ([u8; 32], Vec<(u64, EnvelopeBody)>);

fn plain(status: u16, media_type: Option<&str>, body: Vec<u8>) -> HttpReply {
    HttpReply {
        status,
        media_type: media_type.map(str::to_owned),
        retry_after: None,
        body,
    }
}

fn ours(body: Vec<u8>) -> HttpReply {
    plain(200, Some(MEDIA_TYPE), body)
}

impl Council {
    /// A council with its staff, phones and first assignments: the manager manages every child's team, the others hold
    /// some children each.
    pub(crate) fn new(setting: Setting, ledger: Rc<Ledger>) -> Result<Self, WriterError> {
        let mut council = Self {
            store: MemoryStore::new(),
            suite: NullSuite::new(),
            clock: Clock::right(),
            now: 0,
            fails_after: None,
            ledger,
            arrivals: Vec::new(),
            failures: 0,
            arrived: Names::default(),
            statements: 0,
            acknowledged: Names::default(),
            ended: BTreeSet::new(),
            epoch: (1, names::FIRST_EPOCH, Vec::new()),
            backup: None,
            to_end: BTreeSet::new(),
            served_unconfirmed: false,
        };
        council.store.write_with(|tx| {
            tx.put_device(writer_device(names::WRITER.device))?;
            for n in 0..=setting.workers {
                tx.put_worker(Worker {
                    id: names::worker(n),
                    code: n.to_string(),
                    manager: Some(names::worker(0)),
                })?;
            }
            for n in 0..setting.phones {
                let holder = names::worker(setting.holder(n));
                tx.put_device(device(names::device(n), holder, false))?;
            }
            Ok::<(), StoreError>(())
        })?;
        for child in 0..setting.children {
            council.give(0, child, Role::Manager)?;
            council.plan_visit(child)?;
            for worker in 1..=setting.workers {
                // Everybody meets at the first child; the others have one or two workers.
                if child == 0 || (child + worker) % 2 == 0 {
                    let role = if worker == 1 {
                        Role::Allocated
                    } else {
                        Role::Joint
                    };
                    council.give(worker, child, role)?;
                }
            }
        }
        Ok(council)
    }

    /// One more phone.
    pub(crate) fn enrol(&mut self, phone: u8, holder: WorkerId) -> Result<(), StoreError> {
        self.store
            .write_with(|tx| tx.put_device(device(names::device(phone), holder, false)))
    }

    /// Ends a phone: what it wrote is still taken, and it receives nothing more.
    pub(crate) fn end(&mut self, phone: u8) -> Result<(), StoreError> {
        let id = names::device(phone);
        self.store.write_with(|tx| {
            let mut device = tx.device(&id)?.ok_or(StoreError::Missing("device"))?;
            device.ended = true;
            tx.put_device(device)
        })?;
        self.ended.insert(id);
        Ok(())
    }

    /// Whether a phone has been ended.
    pub(crate) fn has_ended(&self, device: &DeviceId) -> bool {
        self.ended.contains(device)
    }

    /// What happens at the council whatever else goes on.
    pub(crate) fn meanwhile(&mut self, what: Meanwhile) -> Result<(), WriterError> {
        match what {
            Meanwhile::Give {
                worker,
                child,
                role,
            } => {
                let role = match (worker, role) {
                    (0, _) => Role::Manager,
                    (_, 0) => Role::Allocated,
                    (_, 1) => Role::Joint,
                    _ => Role::Cover,
                };
                self.give(worker, child, role)
            }
            Meanwhile::Take { worker, child } => self.take(worker, child),
            Meanwhile::End { phone } => Ok(self.end(phone)?),
        }
    }

    /// The child's next visit, planned before the day, which everybody who holds her meets in.
    fn plan_visit(&mut self, child: u8) -> Result<(), WriterError> {
        let act = Act {
            record: names::planned_visit(child, 0),
            kind: RecordKind::Visit,
            scope: Scope::Child(names::child(child)),
            statements: vec![Statement {
                kind: Kind::Assert,
                policy: Policy::Ordinary,
                target: Target::field("planned_for"),
                replaces: vec![],
                content: Content::Value(Value::new("2026-10-27", "Tuesday 27 October")),
            }],
        };
        let (now, writer) = (self.time(), writer(self.epoch.0));
        self.store
            .write_with(|tx| writer.write(tx, &self.suite, now, vec![act]))
    }

    pub(crate) const fn at(&mut self, now: u64) {
        self.now = now;
    }

    pub(crate) fn jump(&mut self, jump: Jump) {
        self.clock.jump(jump, self.now);
    }

    /// The next transaction fails at its n-th write.
    pub(crate) const fn fail(&mut self, after: u8) {
        self.fails_after = Some(after);
    }

    pub(crate) const fn heal(&mut self) {
        self.fails_after = None;
    }

    fn time(&self) -> WallMillis {
        self.clock.show(self.now)
    }

    fn give(&mut self, worker: u8, child: u8, role: Role) -> Result<(), WriterError> {
        self.arrange(worker, child, Some(role))
    }

    fn take(&mut self, worker: u8, child: u8) -> Result<(), WriterError> {
        self.arrange(worker, child, None)
    }

    fn arrange(&mut self, worker: u8, child: u8, role: Option<Role>) -> Result<(), WriterError> {
        let (worker, child) = (names::worker(worker), names::child(child));
        let assignment = Assignment {
            worker,
            child,
            role: role.unwrap_or(Role::Cover),
            reason: "arranged by the team".to_owned(),
            moved_to: None,
        };
        let (now, writer) = (self.time(), writer(self.epoch.0));
        let moved = self.store.write_with(|tx| {
            if role.is_some() {
                writer.assign(tx, &self.suite, now, assignment)
            } else {
                writer.unassign(tx, &self.suite, now, assignment)
            }
        })?;
        if moved {
            let at = self.last(Scope::Worker(worker));
            self.ledger.moves.borrow_mut().push(Move {
                worker,
                child,
                role,
                at,
            });
        }
        Ok(())
    }

    /// The last position of every log.
    pub(crate) fn lasts(&self) -> Vec<(Scope, LogPosition)> {
        let scopes = self.store.read_with(|tx| tx.scopes()).unwrap_or_default();
        scopes
            .into_iter()
            .map(|scope| (scope, self.last(scope)))
            .collect()
    }

    /// The last position of a scope's log; 0 for an empty one.
    pub(crate) fn last(&self, scope: Scope) -> LogPosition {
        let last = self.store.read_with(|tx| tx.last(&scope));
        last.ok().flatten().map_or(
            LogPosition {
                epoch: 1,
                position: 0,
            },
            |(at, _)| at,
        )
    }

    /// Answers one request as the service would.
    pub(crate) fn answer(&mut self, route: Route, body: &[u8]) -> HttpReply {
        let reply = match route {
            Route::Upload => self.upload(body),
            Route::Pull => self.pull(body),
            Route::Keys => Some(ours(null::seal_keys(&self.epoch))),
            Route::Attachments => self.take_frames(body),
            Route::Fetch => self.give_chunks(body),
            Route::Enrol => None,
        };
        reply.unwrap_or_else(|| plain(400, None, Vec::new()))
    }

    fn upload(&mut self, body: &[u8]) -> Option<HttpReply> {
        let upload: Upload = null::read(body)?;
        let mut sessions: Vec<Session> = Vec::new();
        let (mut posts, mut told) = (Vec::new(), BTreeSet::new());
        for envelope in &upload.envelopes {
            if let Some(post) = null::open_post(envelope) {
                let record = RecordId(post.record);
                let bytes = envelope.to_vec();
                let arrived = Arrived::new(bytes, post.session, post.index, record);
                posts.push((post.enc, arrived));
                continue;
            }
            let Some((key, bytes)) = null::open_envelope(envelope) else {
                continue;
            };
            if !sessions.iter().any(|(session, _)| *session == key.session) {
                sessions.push((key.session, Vec::new()));
            }
            // A body that is not one is signed by nobody; the phones here make none.
            let Some(body) = null::read::<EnvelopeBody>(bytes) else {
                continue;
            };
            self.look_for_family_sessions(&body, &mut told);
            if let Some((_, bodies)) = sessions.iter_mut().find(|(s, _)| *s == key.session) {
                bodies.push((key.number, body));
            }
        }
        let now = self.time();
        let writes_left = self.fails_after.take();
        let (names_of_posts, arrived): (Vec<[u8; 32]>, Vec<Arrived>) = posts.into_iter().unzip();
        let replies = self.store.write_with(|tx| {
            let mut tx = Failing { tx, writes_left };
            let replies = sessions
                .into_iter()
                .map(|(session, bodies)| {
                    let reply = ingest(&mut tx, &self.suite, names::COUNCIL, now, bodies)?;
                    Ok((session, reply))
                })
                .collect::<Result<Vec<_>, StoreError>>()?;
            let family = Family {
                keys: &NullKeys,
                suite: &self.suite,
                writer: writer(self.epoch.0),
                now,
            };
            let receipts = family.take(&mut tx, &arrived, &told)?;
            Ok::<_, WriterError>((replies, receipts))
        });
        let Ok((replies, receipts)) = replies else {
            self.failures += 1;
            self.ledger
                .tally
                .borrow_mut()
                .fault("council failed in a transaction");
            return Some(plain(500, None, Vec::new()));
        };
        let mut groups = Vec::with_capacity(replies.len());
        for (session, reply) in replies {
            self.note(&reply);
            groups.push(SealedGroup {
                session: session.into(),
                sealed: null::seal_answer(&session, &encode(&reply)).into(),
            });
        }
        for (session, statement) in names_of_posts.into_iter().zip(receipts) {
            groups.push(SealedGroup {
                session: session.into(),
                sealed: null::seal_answer(&session, &encode(&PostReply { statement })).into(),
            });
        }
        Some(ours(encode(&UploadAnswer {
            groups,
            unknown_keys: Vec::new(),
        })))
    }

    fn pull(&mut self, body: &[u8]) -> Option<HttpReply> {
        let (nonce, bytes) = null::open_request(body)?;
        let request: PullRequest = null::read(bytes)?;
        if request.epoch.is_some_and(|epoch| epoch != self.epoch.1) {
            let reply = PullReply::Denied {
                denial: Denial::NewEpoch,
                next_counter: 0,
            };
            return Some(ours(null::seal_page(nonce, &encode(&reply))));
        }
        if !null::request_verifies(&names::key_of(request.device), body) {
            return None;
        }
        let fresh = Token(self.suite.random()?);
        let now = self.time();
        let writes_left = self.fails_after.take();
        let reply = self
            .store
            .write_with(|tx| pull(&mut Failing { tx, writes_left }, now, fresh, &request));
        let Ok(reply) = reply else {
            self.failures += 1;
            self.ledger
                .tally
                .borrow_mut()
                .fault("council failed in a transaction");
            return Some(plain(500, None, Vec::new()));
        };
        if matches!(reply, PullReply::Page(_)) {
            self.served_unconfirmed |= self.epoch.0 > 1 && !self.is_confirmed();
            let presented = self.ledger.presented.borrow().get(&nonce).copied();
            if let Some(seen) = presented.flatten() {
                self.note_acknowledged(request.device, seen);
            }
        }
        Some(ours(null::seal_page(nonce, &encode(&reply))))
    }

    /// Whether an applied finish lists this operation of a record, or this reader opened what there was after it had come.
    pub(crate) fn released(&self, record: RecordId, op: &OpId, reader: WorkerId) -> bool {
        let listed = self.store.read_with(|tx| {
            let came = |commit: CommitHash| {
                let stored = tx.commit(&commit)?;
                Ok::<_, StoreError>(stored.map(|stored| stored.at))
            };
            let written = match tx.op(op)? {
                Some(stored) => came(stored.commit)?,
                None => None,
            };
            for stored in tx.ops_of_record(&record)? {
                let opens = stored.fact.kind == Kind::Open && stored.fact.author == reader;
                if opens && stored.fact.is_applied() && came(stored.commit)? > written {
                    return Ok(true);
                }
                if stored.fact.kind == Kind::Finish && stored.fact.is_applied() {
                    let content = tx.payload(&stored.fact.id)?.and_then(|p| p.content().ok());
                    if matches!(content, Some(Content::Finish(ids)) if ids.contains(op)) {
                        return Ok::<bool, StoreError>(true);
                    }
                }
            }
            Ok(false)
        });
        listed.unwrap_or(false)
    }
}

pub(crate) fn writer_device(id: DeviceId) -> Device {
    device(id, WorkerId(names::COUNCIL.0), true)
}

fn device(id: DeviceId, holder: WorkerId, is_writer: bool) -> Device {
    Device {
        id,
        public_key: names::key_of(id),
        certificate: id.0.to_vec(),
        holder,
        is_writer,
        label: String::new(),
        ended: false,
        acknowledged: None,
        last_heard: None,
    }
}

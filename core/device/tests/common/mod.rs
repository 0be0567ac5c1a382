//! A council small enough for tests: real keys, real seals, real signatures, and a log in memory that judges by the real
//! rules. And devices of it, in temporary folders, with clocks that stand where a test puts them.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic
)]

pub mod files;
pub mod finger;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use tempfile::TempDir;
use visitbook_device::clock::Clock;
use visitbook_device::sync::store::{ParcelKey, SyncStore, UploadTaken};
use visitbook_device::{Device, EnrolStep, Locked, Working};
use visitbook_record::catalogue::Catalogue;
use visitbook_record::cbor::{decode, encode};
use visitbook_record::commit::{Clocks, Commit, Origin, RecordKind, Role};
use visitbook_record::digest::{ScopeDigest, whole};
use visitbook_record::epoch::kept;
use visitbook_record::fact::{Fact, RecordHome, is_withheld_until_finish};
use visitbook_record::family::{Post, missing_from, statements_of};
use visitbook_record::id::{
    BootId, CommitHash, CouncilId, DeviceId, Incarnation, OpId, PayloadHash, RecordId, Salt,
    StatementHash, Token, WorkerId,
};
use visitbook_record::judge::{
    COVER_OPENED, Context, DeviceStanding, KnownOp, Opening, Rights, begins_file, judge_commit,
};
use visitbook_record::op::{Kind, Op, Policy, Target};
use visitbook_record::payload::{Assignment, Content, Payload, Value};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::{MonotonicMillis, WallMillis};
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::{
    CommitEntry, Denial, EnrolReply, EnrolRequest, EnvelopeBody, LogEntry, OwnEntry, Page,
    PostReply, PostStatement, PullReply, PullRequest, ReceiptStatement, Received, SealedGroup,
    Signed, Upload, UploadAnswer, UploadReply,
};
use visitbook_seal::bundle::{EpochStatement, KeyBundle, ReceiptKey, certify_control};
use visitbook_seal::certificate::{CertificateRole, DeviceCertificate};
use visitbook_seal::enrol::EnrolmentCode;
use visitbook_seal::envelope::{EnvelopeKind, Header, IngestKey, IngestKeys};
use visitbook_seal::fingerprint;
use visitbook_seal::hardware::{HardwareKeys, SoftwareKeys};
use visitbook_seal::purpose::Purpose;
use visitbook_seal::receipt;
use visitbook_seal::reply::seal_reply;
use visitbook_seal::secret::Secret;
use visitbook_seal::sign::{PublicKey, Signature, SigningKey, verify};
use visitbook_seal::vault::Params;

pub const PIN: &[u8] = b"482917";
/// 27 October 2026, 09:52 in London.
pub const MORNING: i64 = 1_793_094_720_000;

pub const ROWAN: WorkerId = WorkerId([0xa1; 16]);
pub const BRYONY: WorkerId = WorkerId([0xa2; 16]);
pub const SAGE: WorkerId = WorkerId([0xa3; 16]);
pub const WREN: RecordId = RecordId([0xc1; 16]);
pub const FINCH: RecordId = RecordId([0xc2; 16]);
pub const PIPIT: RecordId = RecordId([0xc3; 16]);

/// A clock that stands where it is put.
pub struct TestClock {
    wall: AtomicI64,
    monotonic: AtomicI64,
}

impl TestClock {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            wall: AtomicI64::new(MORNING),
            monotonic: AtomicI64::new(1_000),
        })
    }

    pub fn set_wall(&self, wall: i64) {
        self.wall.store(wall, Ordering::Relaxed);
    }

    pub fn pass(&self, millis: i64) {
        self.wall.fetch_add(millis, Ordering::Relaxed);
        self.monotonic.fetch_add(millis, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn read(&self) -> Clocks {
        Clocks {
            wall: WallMillis(self.wall.load(Ordering::Relaxed)),
            monotonic: MonotonicMillis(self.monotonic.load(Ordering::Relaxed) as u64),
            boot: BootId([7; 16]),
        }
    }
}

struct Stored {
    entry: CommitEntry,
    author: WorkerId,
    payloads: Vec<Option<Payload>>,
    statement: StatementHash,
}

#[derive(Default)]
struct Log {
    entries: Vec<LogEntry>,
    last_statement: Option<StatementHash>,
}

/// The council.
pub struct Council {
    root: SigningKey,
    control: SigningKey,
    receipts: SigningKey,
    writer: SigningKey,
    ingest: IngestKeys,
    pub id: CouncilId,
    pub bundle: Vec<u8>,
    keys: KeyBundle,
    codes: HashMap<[u8; 16], WorkerId>,
    devices: HashMap<[u8; 16], (PublicKey, WorkerId, Vec<u8>)>,
    logs: BTreeMap<Scope, Log>,
    commits: HashMap<CommitHash, Stored>,
    known: HashMap<OpId, KnownOp>,
    homes: HashMap<RecordId, RecordHome>,
    statements: HashMap<StatementHash, Signed>,
    tokens: Vec<BTreeMap<Scope, u64>>,
    roles: BTreeMap<(WorkerId, RecordId), Role>,
    /// Who began which file.
    begun: std::collections::BTreeSet<(WorkerId, RecordId)>,
    posts: HashMap<[u8; 32], Signed>,
    writer_seq: u64,
    writer_head: Option<CommitHash>,
    pub now: i64,
    /// Overrides the judge, for tests of what a device makes of a verdict.
    pub verdict: Option<Verdict>,
    /// Makes every digest of the council's differ.
    pub lies_about_digests: bool,
    pub page_budget: usize,
    /// Devices that were ended.
    pub ended: Vec<DeviceId>,
    /// Who is said to hold a child instead, when somebody no longer does.
    pub moved_to: Option<WorkerId>,
    /// Pages carry no words of devices.
    pub withholds_words: bool,
    /// Pages carry no certificates.
    pub forgets_certificates: bool,
    /// It is of before own commits could be named.
    pub cannot_name: bool,
    /// It does not keep the token that it is shown next.
    pub forgets_token: bool,
    /// How many commits it has named to those who made them.
    pub named: u32,
    /// Makes every receipt name one verdict too few, or another scope.
    pub spoils_receipts: Option<Spoil>,
    /// The life of its log that its answers to uploads name.
    pub epoch: u64,
}

/// How a signed receipt can be no receipt for a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spoil {
    VerdictLeftOut,
    OtherScope,
}

impl Council {
    pub fn new() -> Self {
        let [root, control, receipts, writer] =
            std::array::from_fn(|_| SigningKey::generate().unwrap());
        let ingest = IngestKey::generate().unwrap();
        let id = CouncilId([0xcc; 16]);
        let keys = KeyBundle {
            council: id.0,
            council_name: "Fernmouth Council".into(),
            serial: 1,
            root: root.public(),
            control: control.public(),
            control_signature: certify_control(&root, &id.0, &control.public()),
            ingest: vec![ingest.public()],
            receipts: vec![ReceiptKey {
                epoch: 1,
                key: receipts.public(),
            }],
            writers: vec![Self::certify(
                &control,
                id,
                &writer,
                id.0,
                CertificateRole::Writer,
            )],
            tls_roots: vec![],
            epoch: EpochStatement {
                number: 1,
                id: [9; 16],
                base: vec![],
            }
            .sign(&control),
        };
        let bundle = keys.clone().sign(&control).encode();
        Self {
            root,
            control,
            receipts,
            writer,
            ingest: IngestKeys::from_iter([ingest]),
            id,
            bundle,
            keys,
            codes: HashMap::new(),
            devices: HashMap::new(),
            logs: BTreeMap::new(),
            commits: HashMap::new(),
            known: HashMap::new(),
            homes: HashMap::new(),
            statements: HashMap::new(),
            tokens: vec![BTreeMap::new()],
            begun: std::collections::BTreeSet::new(),
            roles: BTreeMap::new(),
            posts: HashMap::new(),
            writer_seq: 0,
            writer_head: None,
            now: MORNING + 60_000,
            verdict: None,
            lies_about_digests: false,
            page_budget: usize::MAX,
            ended: Vec::new(),
            moved_to: None,
            withholds_words: false,
            forgets_certificates: false,
            cannot_name: false,
            forgets_token: false,
            named: 0,
            spoils_receipts: None,
            epoch: 1,
        }
    }

    /// A council with three siblings, held by Rowan and Bryony, and Sage as their manager.
    pub fn with_larkspurs() -> Self {
        Self::with_larkspurs_at(MORNING + 60_000)
    }

    /// The same, by the council's clock at the moment given.
    pub fn with_larkspurs_at(now: i64) -> Self {
        let mut council = Self::new();
        council.now = now;
        council.staff(&[
            (ROWAN, "Rowan Teasel"),
            (BRYONY, "Bryony Sorrel"),
            (SAGE, "Sage Mallow"),
        ]);
        for (child, name, born) in [
            (WREN, "Wren", "2012-05-01"),
            (FINCH, "Finch", "2017-02-03"),
            (PIPIT, "Pipit", "2025-11-20"),
        ] {
            council.child(
                child,
                &[
                    ("known_as", name),
                    ("family_name", "Larkspur"),
                    ("family_id", "F1"),
                    ("dob", born),
                ],
            );
            council.assign(ROWAN, child, Role::Allocated);
            council.assign(BRYONY, child, Role::Joint);
            council.assign(SAGE, child, Role::Manager);
        }
        council
    }

    fn certify(
        control: &SigningKey,
        id: CouncilId,
        key: &SigningKey,
        holder: [u8; 16],
        role: CertificateRole,
    ) -> visitbook_seal::certificate::SignedCertificate {
        DeviceCertificate {
            council: id.0,
            device: key.public().key_id(),
            public_key: key.public(),
            holder,
            label: "writer".into(),
            serial: 1,
            role,
        }
        .sign(control)
        .unwrap()
    }

    pub fn code(&mut self, worker: WorkerId) -> EnrolmentCode {
        let secret: [u8; 16] = visitbook_seal::secret::random_public().unwrap();
        self.codes.insert(secret, worker);
        EnrolmentCode {
            address: "https://council.invalid".into(),
            secret: Secret::from_slice(&secret).unwrap(),
            root_fingerprint: fingerprint(&self.root.public().0),
        }
    }

    pub fn exchange(&mut self, step: EnrolStep, body: &[u8]) -> Result<Vec<u8>, &'static str> {
        match step {
            EnrolStep::Keys => Ok(self.bundle.clone()),
            EnrolStep::Enrol => {
                let (plain, sealer) = self
                    .ingest
                    .open_request("enrol", body)
                    .map_err(|_| "sealed")?;
                let signed: Signed = decode(&plain).unwrap();
                let request: EnrolRequest = decode(&signed.bytes).unwrap();
                let key = PublicKey(request.public_key);
                let signature = Signature(signed.signature.as_slice().try_into().unwrap());
                verify(Purpose::Enrol, &key, &signed.bytes, &signature).map_err(|_| "signature")?;
                let certificate = self.codes.get(&request.secret).copied().map(|holder| {
                    let bytes = DeviceCertificate {
                        council: self.id.0,
                        device: key.key_id(),
                        public_key: key,
                        holder: holder.0,
                        label: request.label.clone(),
                        serial: 2,
                        role: CertificateRole::Device,
                    }
                    .sign(&self.control)
                    .unwrap()
                    .encode();
                    self.devices
                        .insert(key.key_id(), (key, holder, bytes.clone()));
                    bytes.into()
                });
                Ok(sealer.seal(&encode(&EnrolReply { certificate })).unwrap())
            }
        }
    }

    /// A bundle that says something else, signed all the same.
    pub fn bundle_with(&self, change: impl FnOnce(&mut KeyBundle, &SigningKey)) -> Vec<u8> {
        let mut keys = self.keys.clone();
        change(&mut keys, &self.control);
        keys.sign(&self.control).encode()
    }

    /// The council's own commit about one record.
    pub fn write(
        &mut self,
        record: RecordId,
        kind: RecordKind,
        scope: Scope,
        statements: Vec<(Kind, Target, Content)>,
    ) {
        self.writer_seq += 1;
        let mut payloads = Vec::new();
        let mut ops = Vec::new();
        for (op_kind, target, content) in statements {
            let payload = Payload::new(
                Salt(visitbook_seal::secret::random_public().unwrap()),
                &content,
            );
            let field = Catalogue::newest().field(kind.form(), &target);
            ops.push(Op {
                kind: op_kind,
                policy: field.map_or(Policy::Ordinary, |field| field.policy()),
                target,
                replaces: vec![],
                typed_at: None,
                payload: Some(payload.hash()),
            });
            payloads.push(payload);
        }
        let commit = Commit {
            format: Commit::FORMAT,
            council: self.id,
            origin: Origin {
                device: DeviceId(self.writer.public().key_id()),
                incarnation: Incarnation([1; 16]),
            },
            seq: self.writer_seq,
            previous: self.writer_head,
            record,
            record_kind: kind,
            scope,
            author: WorkerId(self.id.0),
            acting_as: Role::Writer,
            catalogue: 1,
            clocks: Clocks {
                wall: WallMillis(self.now),
                monotonic: MonotonicMillis(0),
                boot: BootId([0; 16]),
            },
            receipt_seen: None,
            assignment_seen: None,
            app_build: "test".into(),
            ops,
        };
        let bytes = commit.to_bytes();
        self.writer_head = Some(Commit::hash_of(&bytes));
        let signature = self.writer.sign(Purpose::Commit, &bytes).0.to_vec();
        self.take(vec![EnvelopeBody {
            commit: Signed { bytes, signature },
            payloads,
            certificate: None,
            receipt: None,
        }]);
    }

    pub fn staff(&mut self, people: &[(WorkerId, &str)]) {
        let said = people
            .iter()
            .flat_map(|(worker, name)| {
                let element = worker.to_string();
                [
                    (
                        Kind::SetAdd,
                        Target::element("staff", &element),
                        Content::Value(Value::new(&element, *name)),
                    ),
                    (
                        Kind::Assert,
                        Target::part("staff", &element, "name"),
                        Content::Value(Value::new(*name, *name)),
                    ),
                ]
            })
            .collect();
        self.write(
            RecordId(self.id.0),
            RecordKind::Council,
            Scope::Council,
            said,
        );
    }

    pub fn child(&mut self, child: RecordId, facts: &[(&str, &str)]) {
        let said = facts
            .iter()
            .map(|(field, value)| {
                (
                    Kind::Assert,
                    Target::field(*field),
                    Content::Value(Value::new(*value, *value)),
                )
            })
            .collect();
        self.write(child, RecordKind::Child, Scope::Child(child), said);
    }

    pub fn assign(&mut self, worker: WorkerId, child: RecordId, role: Role) {
        self.roles.insert((worker, child), role);
        self.arrange(Kind::Assign, worker, child, role);
    }

    pub fn unassign(&mut self, worker: WorkerId, child: RecordId) {
        let role = self.roles.remove(&(worker, child)).unwrap();
        self.arrange(Kind::Unassign, worker, child, role);
    }

    fn arrange(&mut self, kind: Kind, worker: WorkerId, child: RecordId, role: Role) {
        let content = Content::Assignment(Assignment {
            worker,
            child,
            role,
            reason: "test".into(),
            moved_to: self.moved_to.filter(|_| kind == Kind::Unassign),
        });
        let own = (
            kind,
            Target::element("holds", child.to_string()),
            content.clone(),
        );
        self.write(
            RecordId(worker.0),
            RecordKind::Worker,
            Scope::Worker(worker),
            vec![own],
        );
        let hers = (
            kind,
            Target::element("held_by", worker.to_string()),
            content,
        );
        self.write(child, RecordKind::Child, Scope::Child(child), vec![hers]);
    }

    fn holder_of(&self, device: DeviceId) -> Option<(PublicKey, WorkerId)> {
        if device.0 == self.writer.public().key_id() {
            return Some((self.writer.public(), WorkerId(self.id.0)));
        }
        self.devices
            .get(&device.0)
            .map(|(key, holder, _)| (*key, *holder))
    }

    /// Takes the commits of one session, and gives the statements about them.
    fn take(&mut self, bodies: Vec<EnvelopeBody>) -> Vec<Signed> {
        let mut statements: BTreeMap<StatementHash, Signed> = BTreeMap::new();
        let mut fresh: BTreeMap<Scope, Vec<(CommitHash, Received)>> = BTreeMap::new();
        let mut first: BTreeMap<Scope, u64> = BTreeMap::new();
        let mut begun: Vec<(WorkerId, RecordId)> = Vec::new();
        for body in bodies {
            let commit = Commit::from_bytes(&body.commit.bytes).unwrap();
            let hash = Commit::hash_of(&body.commit.bytes);
            if let Some(known) = self.commits.get(&hash) {
                statements.insert(known.statement, self.statements[&known.statement].clone());
                continue;
            }
            let (key, holder) = self.holder_of(commit.origin.device).unwrap();
            let signature = Signature(body.commit.signature.as_slice().try_into().unwrap());
            verify(Purpose::Commit, &key, &body.commit.bytes, &signature).expect("a signed commit");
            let by_hash: HashMap<PayloadHash, Payload> = body
                .payloads
                .into_iter()
                .map(|payload| (payload.hash(), payload))
                .collect();
            let payloads: Vec<Option<Payload>> = commit
                .ops
                .iter()
                .map(|op| op.payload.and_then(|hash| by_hash.get(&hash).cloned()))
                .collect();
            let contents: Vec<Option<Content>> = payloads
                .iter()
                .map(|p| p.as_ref().and_then(|p| p.content().ok()))
                .collect();
            let is_writer = commit.acting_as == Role::Writer;
            let role = commit
                .scope
                .child()
                .and_then(|child| self.roles.get(&(commit.author, child)).copied());
            let opened = match role {
                Some(Role::Cover) if self.has_opened(&commit) => Some(Opening::Cover),
                None if self.has_begun(&commit) => Some(Opening::Scope),
                _ => None,
            };
            if opened == Some(Opening::Scope) && !self.logs.contains_key(&commit.scope) {
                begun.push((commit.author, commit.record));
                self.begun.insert((commit.author, commit.record));
            }
            let known = |id: &OpId| self.known.get(id).cloned();
            let context = Context {
                device: DeviceStanding {
                    holder,
                    is_writer,
                    ended: self.ended.contains(&commit.origin.device),
                },
                rights: Rights {
                    stale: false,
                    role_known: role,
                    role_now: role,
                    opened,
                },
                owner: SAGE,
                home: self.homes.get(&commit.record).copied(),
                known: &known,
            };
            let mut verdicts = judge_commit(&context, &commit, &contents);
            if let (Some(verdict), false) = (&self.verdict, is_writer) {
                verdicts = vec![verdict.clone(); verdicts.len()];
            }
            self.homes.entry(commit.record).or_insert(RecordHome {
                scope: commit.scope,
                kind: commit.record_kind,
            });
            let mut released = Vec::new();
            for ((mut fact, verdict), content) in Fact::of_commit(&commit, &contents)
                .into_iter()
                .zip(&verdicts)
                .zip(&contents)
            {
                fact.verdict = Some(verdict.clone());
                let withheld = is_withheld_until_finish(commit.record_kind, fact.kind);
                if let (Some(Content::Finish(listed)), true) = (content, verdict.is_applied()) {
                    for id in listed {
                        if let Some(op) = self.known.get_mut(id)
                            && std::mem::replace(&mut op.withheld, false)
                        {
                            released.push(*id);
                        }
                    }
                }
                self.known.insert(fact.id, KnownOp { fact, withheld });
            }
            let log = self.logs.entry(commit.scope).or_default();
            let position = log.entries.len() as u64 + 1;
            first.entry(commit.scope).or_insert(position);
            let released = released
                .into_iter()
                .filter_map(|id| Some((id, self.payload_of(&id)?)))
                .collect();
            let entry = CommitEntry {
                scope: commit.scope,
                at: LogPosition { epoch: 1, position },
                commit: body.commit,
                verdicts: verdicts.clone(),
                received: WallMillis(self.now),
                payloads: payloads.clone(),
                released,
                earlier: None,
            };
            self.logs
                .get_mut(&commit.scope)
                .unwrap()
                .entries
                .push(LogEntry::Commit(entry.clone()));
            self.commits.insert(
                hash,
                Stored {
                    entry,
                    author: commit.author,
                    payloads,
                    statement: StatementHash([0; 32]),
                },
            );
            fresh.entry(commit.scope).or_default().push((
                hash,
                Received {
                    commit: hash,
                    verdicts,
                },
            ));
        }
        for (scope, received) in fresh {
            let log = self.logs.get_mut(&scope).unwrap();
            let mut statement = ReceiptStatement {
                scope,
                first: LogPosition {
                    epoch: 1,
                    position: first[&scope],
                },
                received: received.iter().map(|(_, one)| one.clone()).collect(),
                time: WallMillis(self.now),
                previous: log.last_statement,
            };
            match self.spoils_receipts {
                Some(Spoil::VerdictLeftOut) => {
                    statement.received[0].verdicts.pop();
                }
                Some(Spoil::OtherScope) => statement.scope = Scope::Child(PIPIT),
                None => {}
            }
            let bytes = encode(&statement);
            let hash = ReceiptStatement::hash_of(&bytes);
            log.last_statement = Some(hash);
            let signature = receipt::sign(&self.receipts, &bytes).0.to_vec();
            let signed = Signed { bytes, signature };
            for (commit, _) in &received {
                self.commits.get_mut(commit).unwrap().statement = hash;
            }
            self.statements.insert(hash, signed.clone());
            statements.insert(hash, signed);
        }
        for (author, child) in begun {
            self.assign(author, child, Role::Allocated);
            self.assign(SAGE, child, Role::Manager);
        }
        statements.into_values().collect()
    }

    fn has_opened(&self, commit: &Commit) -> bool {
        let child = commit.scope.child();
        self.known.values().any(|op| {
            let fact = &op.fact;
            fact.target.name() == COVER_OPENED
                && fact.author == commit.author
                && Some(fact.record) == child
                && fact.is_applied()
        })
    }

    fn has_begun(&self, commit: &Commit) -> bool {
        let Some(child) = commit.scope.child() else {
            return false;
        };
        let first = !self.logs.contains_key(&commit.scope) && begins_file(commit);
        first || self.begun.contains(&(commit.author, child))
    }

    /// Whether everything that anybody sent was applied.
    pub fn all_applied(&self) -> bool {
        self.known.values().all(|op| op.fact.is_applied())
    }

    fn payload_of(&self, id: &OpId) -> Option<Payload> {
        self.commits.values().find_map(|stored| {
            let commit = Commit::from_bytes(&stored.entry.commit.bytes).unwrap();
            let index = commit.op_ids().iter().position(|known| known == id)?;
            stored.payloads[index].clone()
        })
    }

    /// Some operation of this kind.
    pub fn op_of(&self, kind: Kind) -> OpId {
        let mut known = self.known.iter();
        *known.find(|(_, op)| op.fact.kind == kind).unwrap().0
    }

    /// What an epoch statement says that keeps the whole log of a scope, and no other.
    pub fn keeps(&self, epoch_id: &[u8; 16], scope: &Scope) -> Vec<(Vec<u8>, u64)> {
        let entries = &self.logs[scope].entries;
        let LogEntry::Commit(first) = &entries[0] else {
            panic!("a log begins with a commit");
        };
        let first = Commit::hash_of(&first.commit.bytes);
        vec![kept(epoch_id, &first, entries.last().unwrap().at())]
    }

    /// Judges an operation again.
    pub fn judge_again(&mut self, id: OpId, verdict: Verdict) {
        let record = self.known[&id].fact.record;
        let scope = self.homes[&record].scope;
        let log = self.logs.get_mut(&scope).unwrap();
        let at = LogPosition {
            epoch: 1,
            position: log.entries.len() as u64 + 1,
        };
        log.entries.push(LogEntry::Judged {
            scope,
            at,
            op: id,
            verdict: verdict.clone(),
            released: vec![],
            earlier: None,
        });
        self.known.get_mut(&id).unwrap().fact.verdict = Some(verdict);
    }

    /// Judges an operation again, and repeats it to an author who no longer holds the child.
    pub fn place(&mut self, id: OpId) {
        let verdict = Verdict::AppliedFromPreviousWorker;
        self.judge_again(id, verdict.clone());
        let scope = Scope::Worker(self.known[&id].fact.author);
        let log = self.logs.get_mut(&scope).unwrap();
        let at = LogPosition {
            epoch: 1,
            position: log.entries.len() as u64 + 1,
        };
        log.entries.push(LogEntry::Judged {
            scope,
            at,
            op: id,
            verdict,
            released: vec![],
            earlier: None,
        });
    }

    /// The commits of a log that a device wrote, in order.
    pub fn commits_of(&self, scope: Scope) -> Vec<(Commit, Vec<Verdict>)> {
        let entries = self
            .logs
            .get(&scope)
            .map_or(&[][..], |log| &log.entries[..]);
        entries
            .iter()
            .filter_map(|entry| match entry {
                LogEntry::Commit(entry) => Some((
                    Commit::from_bytes(&entry.commit.bytes).unwrap(),
                    entry.verdicts.clone(),
                )),
                LogEntry::Own(_) | LogEntry::Judged { .. } => None,
            })
            .filter(|(commit, _)| commit.acting_as != Role::Writer)
            .collect()
    }

    /// Answers an upload of exactly these envelopes.
    pub fn upload(&mut self, envelopes: Vec<Vec<u8>>) -> Vec<u8> {
        let body = encode(&Upload {
            envelopes: envelopes.into_iter().map(Into::into).collect(),
        });
        let upload: Upload = decode(&body).unwrap();
        let mut sessions: BTreeMap<[u8; 32], Vec<EnvelopeBody>> = BTreeMap::new();
        let mut keys = BTreeMap::new();
        let mut numbers = BTreeMap::new();
        let mut posts = Vec::new();
        for envelope in &upload.envelopes {
            if Header::read(envelope).unwrap().kind == EnvelopeKind::FamilyPost {
                posts.push(envelope.to_vec());
                continue;
            }
            let opened = self.ingest.open(envelope).unwrap();
            let enc = opened.header.enc;
            let numbers: &mut Vec<u64> = numbers.entry(enc).or_default();
            numbers.push(opened.header.number);
            sessions
                .entry(enc)
                .or_default()
                .push(decode(&opened.plaintext).unwrap());
            keys.insert(enc, opened.header.ingest_key);
        }
        let mut groups = Vec::new();
        for (enc, bodies) in sessions {
            let statements = self.take(bodies);
            let taken = numbers.remove(&enc).unwrap_or_default();
            let reply = encode(&UploadReply {
                statements,
                refused: vec![],
                time: WallMillis(self.now),
                epoch: self.epoch,
                taken: if self.epoch > 1 { taken } else { vec![] },
            });
            let secret = self
                .ingest
                .open_session(enc, keys[&enc])
                .unwrap()
                .reply_secret();
            groups.push(SealedGroup {
                session: enc.into(),
                sealed: seal_reply(&secret, &reply).unwrap().into(),
            });
        }
        for post in posts {
            groups.push(self.take_post(&post));
        }
        encode(&UploadAnswer {
            groups,
            unknown_keys: vec![],
        })
    }

    /// What a child handed in: a voice record by the council's writer, and a receipt.
    fn take_post(&mut self, bytes: &[u8]) -> SealedGroup {
        let opened = self.ingest.open_family_post(bytes).unwrap();
        let record = RecordId(opened.record_id);
        let hash = PostStatement::hash_of(bytes);
        if !self.posts.contains_key(&hash) {
            let post = Post::from_bytes(&opened.content).unwrap();
            let facts: Vec<Fact> = self
                .known
                .values()
                .filter(|known| known.fact.record == record)
                .map(|known| known.fact.clone())
                .collect();
            let said: Vec<_> = missing_from(&facts, statements_of(&post, record))
                .into_iter()
                .map(|said| (said.kind, said.target, said.content))
                .collect();
            if !said.is_empty() {
                self.write(record, RecordKind::Voice, Scope::Child(post.child), said);
            }
            let bytes = encode(&PostStatement {
                post: hash,
                record,
                epoch: 1,
                time: WallMillis(self.now),
            });
            let signature = receipt::sign(&self.receipts, &bytes).0.to_vec();
            self.posts.insert(hash, Signed { bytes, signature });
        }
        let reply = encode(&PostReply {
            statement: self.posts[&hash].clone(),
        });
        SealedGroup {
            session: Header::read(bytes).unwrap().enc.into(),
            sealed: seal_reply(opened.reply_secret(), &reply).unwrap().into(),
        }
    }

    /// Answers a pull.
    pub fn pull(&mut self, body: &[u8]) -> Vec<u8> {
        let (plain, sealer) = self.ingest.open_request("pull", body).unwrap();
        let signed: Signed = decode(&plain).unwrap();
        let request: PullRequest = decode(&signed.bytes).unwrap();
        let (key, reader) = self.holder_of(request.device).unwrap();
        let signature = Signature(signed.signature.as_slice().try_into().unwrap());
        verify(Purpose::Request, &key, &signed.bytes, &signature).unwrap();
        if self.ended.contains(&request.device) {
            let reply = PullReply::Denied {
                denial: Denial::Ended,
                next_counter: 0,
            };
            return sealer.seal(&encode(&reply)).unwrap();
        }
        let denial = if self.cannot_name && request.knows_own.is_some() {
            Some(Denial::Malformed)
        } else {
            std::mem::take(&mut self.forgets_token).then_some(Denial::UnknownToken)
        };
        if let Some(denial) = denial {
            let reply = PullReply::Denied {
                denial,
                next_counter: 0,
            };
            return sealer.seal(&encode(&reply)).unwrap();
        }
        let page = self.page(reader, &request);
        let is_name = |entry: &&LogEntry| matches!(entry, LogEntry::Own(_));
        self.named += page.entries.iter().filter(is_name).count() as u32;
        sealer.seal(&encode(&PullReply::Page(page))).unwrap()
    }

    fn page(&mut self, reader: WorkerId, request: &PullRequest) -> Page {
        let at = request.token.map_or(0, |token| {
            u64::from_be_bytes(token.0[8..].try_into().unwrap())
        });
        let before = self.tokens[at as usize].clone();
        let mut after = before.clone();
        let mut scopes = vec![Scope::Worker(reader), Scope::Council];
        scopes.extend(
            self.roles
                .keys()
                .filter(|(worker, _)| *worker == reader)
                .map(|(_, child)| Scope::Child(*child)),
        );
        let mut entries = Vec::new();
        let mut more = false;
        for scope in &scopes {
            let seen = before.get(scope).copied().unwrap_or(0);
            let Some(log) = self.logs.get(scope) else {
                continue;
            };
            for entry in log.entries.iter().skip(seen as usize) {
                if entries.len() >= self.page_budget {
                    more = true;
                    break;
                }
                after.insert(*scope, entry.at().position);
                entries.push(by_name(request, self.as_seen_by(reader, entry)));
            }
        }
        after.retain(|scope, _| scopes.contains(scope));
        let mut digests = Vec::new();
        if let Some(theirs) = request.whole {
            let all: Vec<(Scope, LogPosition, ScopeDigest)> = before
                .iter()
                .map(|(scope, position)| {
                    (
                        *scope,
                        LogPosition {
                            epoch: 1,
                            position: *position,
                        },
                        self.digest(scope, *position),
                    )
                })
                .collect();
            if whole(all.iter().map(|(scope, _, digest)| (*scope, *digest))) != theirs {
                digests = all;
            }
        }
        let token = if after == before && request.token.is_some() {
            at
        } else {
            self.tokens.push(after);
            self.tokens.len() as u64 - 1
        };
        let mut bytes = [0; 16];
        bytes[8..].copy_from_slice(&token.to_be_bytes());
        Page {
            entries,
            certificates: self
                .devices
                .values()
                .filter(|_| !self.forgets_certificates)
                .map(|(.., bytes)| bytes.clone().into())
                .collect(),
            token: Token(bytes),
            more,
            digests,
            time: WallMillis(self.now),
            keys: None,
        }
    }

    /// The council's digest of a scope at a position.
    pub fn digest(&self, scope: &Scope, position: u64) -> ScopeDigest {
        let mut verdicts: BTreeMap<OpId, Verdict> = BTreeMap::new();
        for entry in self.logs[scope].entries.iter().take(position as usize) {
            match entry {
                LogEntry::Commit(entry) => {
                    let commit = Commit::from_bytes(&entry.commit.bytes).unwrap();
                    verdicts.extend(
                        commit
                            .op_ids()
                            .into_iter()
                            .zip(entry.verdicts.iter().cloned()),
                    );
                }
                LogEntry::Own(_) => panic!("no log names a commit"),
                LogEntry::Judged { op, .. } if !verdicts.contains_key(op) => {}
                LogEntry::Judged { op, verdict, .. } => {
                    verdicts.insert(*op, verdict.clone());
                }
            }
        }
        let mut digest = ScopeDigest::default();
        verdicts
            .iter()
            .for_each(|(op, verdict)| digest.add(op, verdict));
        if self.lies_about_digests {
            digest.add(&OpId([0; 32]), &Verdict::Applied);
        }
        digest
    }

    fn as_seen_by(&self, reader: WorkerId, entry: &LogEntry) -> LogEntry {
        let LogEntry::Commit(entry) = entry else {
            return entry.clone();
        };
        let commit = Commit::from_bytes(&entry.commit.bytes).unwrap();
        let mut seen = entry.clone();
        for (id, payload) in commit.op_ids().iter().zip(&mut seen.payloads) {
            let known = &self.known[id];
            let hidden = match &known.fact.verdict {
                Some(Verdict::Quarantined { owner, .. }) => *owner != reader,
                _ => known.withheld,
            };
            let others = hidden && commit.author != reader;
            if others || (self.withholds_words && commit.acting_as != Role::Writer) {
                *payload = None;
            }
        }
        LogEntry::Commit(seen)
    }
}

/// What a device says it knows of its own commits comes by name.
fn by_name(request: &PullRequest, entry: LogEntry) -> LogEntry {
    let LogEntry::Commit(whole) = entry else {
        return entry;
    };
    let commit = Commit::from_bytes(&whole.commit.bytes).unwrap();
    let origin = Origin {
        device: request.device,
        incarnation: request.incarnation,
    };
    if commit.origin != origin || Some(commit.seq) > request.knows_own {
        return LogEntry::Commit(whole);
    }
    LogEntry::Own(OwnEntry {
        scope: whole.scope,
        at: whole.at,
        commit: Commit::hash_of(&whole.commit.bytes),
        verdicts: whole.verdicts,
        received: whole.received,
        released: whole.released,
        earlier: whole.earlier,
    })
}

/// A device in a folder of its own.
pub struct Phone {
    pub folder: TempDir,
    pub hardware: Arc<SoftwareKeys>,
    pub clock: Arc<TestClock>,
}

impl Phone {
    pub fn enrol(council: &Mutex<Council>, worker: WorkerId, label: &str) -> (Self, Working) {
        let phone = Self {
            folder: tempfile::tempdir().unwrap(),
            hardware: Arc::new(SoftwareKeys::new()),
            clock: TestClock::new(),
        };
        let code = council.lock().unwrap().code(worker);
        let locked = Device::enrol(
            phone.path(),
            phone.hardware.clone(),
            phone.clock.clone(),
            &code,
            PIN,
            Params::fast_for_tests(),
            label,
            |step, body| council.lock().unwrap().exchange(step, body),
        )
        .unwrap();
        let working = locked.unlock(PIN).unwrap();
        (phone, working)
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    pub fn open(&self) -> Locked {
        Device::open(self.path(), self.hardware.clone(), self.clock.clone()).unwrap()
    }

    pub fn open_with(&self, hardware: Arc<dyn HardwareKeys>) -> Locked {
        Device::open(self.path(), hardware, self.clock.clone()).unwrap()
    }

    pub fn unlock(&self) -> Working {
        self.open().unlock(PIN).unwrap()
    }
}

/// Uploads everything that waits.
pub fn push<S: SyncStore>(council: &Mutex<Council>, store: &mut S) -> UploadTaken {
    let parcels = store.waiting(usize::MAX, &Default::default()).unwrap();
    if parcels.is_empty() {
        return UploadTaken::default();
    }
    let answer = council
        .lock()
        .unwrap()
        .upload(parcels.into_iter().map(|parcel| parcel.bytes).collect());
    store.take_upload_answer(&answer).unwrap()
}

/// Pulls until there is no more. Returns how many entries came.
pub fn pull(council: &Mutex<Council>, working: &mut Working) -> u32 {
    let mut entries = 0;
    loop {
        let request = working.pull_request(1 << 20).unwrap().unwrap();
        let reply = council.lock().unwrap().pull(&request.body);
        let taken = working.take_pull_reply(&reply).unwrap();
        entries += taken.entries;
        if !taken.more && !taken.again {
            return entries;
        }
    }
}

/// Both ways.
pub fn sync(council: &Mutex<Council>, working: &mut Working) {
    push(council, working);
    pull(council, working);
}

/// Rowan's phone with the Larkspurs on it, and the council.
pub fn larkspurs() -> (Mutex<Council>, Phone, Working) {
    let council = Mutex::new(Council::with_larkspurs());
    let (phone, mut working) = Phone::enrol(&council, ROWAN, "Rowan's phone");
    pull(&council, &mut working);
    (council, phone, working)
}

/// A visit to Wren, begun.
pub fn visit_to_wren(working: &mut Working) -> RecordId {
    working.begin_visit(&[WREN]).unwrap()[0]
}

pub fn field(name: &str) -> Target {
    Target::field(name)
}

pub fn no_keys() -> std::collections::BTreeSet<ParcelKey> {
    std::collections::BTreeSet::new()
}

//! Devices that write and nothing else: a way to build commits for tests in a line each.
#![allow(clippy::unwrap_used, dead_code, unreachable_pub)]

use visitbook_record::catalogue;
use visitbook_record::commit::{Clocks, Commit, Origin, RecordKind, Role};
use visitbook_record::fact::Fact;
use visitbook_record::id::{
    BootId, CommitHash, CouncilId, DeviceId, Incarnation, OpId, RecordId, Salt, WorkerId,
};
use visitbook_record::neglect::{self, Closing, Rests};
use visitbook_record::op::{Kind, Op, Policy, Target};
use visitbook_record::payload::{Content, Payload, Settlement, Value};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::{MonotonicMillis, WallMillis};
use visitbook_record::verdict::Verdict;

/// A council for tests.
pub const COUNCIL: CouncilId = CouncilId([0xC0; 16]);
/// A child for tests.
pub const CHILD: RecordId = RecordId([0xCC; 16]);
/// A visit for tests.
pub const VISIT: RecordId = RecordId([0x01; 16]);
/// Rowan.
pub const ROWAN: WorkerId = WorkerId([0xA1; 16]);
/// Bryony.
pub const BRYONY: WorkerId = WorkerId([0xB2; 16]);
/// Sage, who manages the team.
pub const SAGE: WorkerId = WorkerId([0x5A; 16]);

/// What a commit says, before it is one.
pub struct Draft {
    pub kind: Kind,
    pub policy: Policy,
    pub target: Target,
    pub replaces: Vec<OpId>,
    pub content: Option<Content>,
}

impl Draft {
    pub fn assert(policy: Policy, target: Target, code: &str, replaces: &[OpId]) -> Self {
        let content = Some(Content::Value(Value::new(code, code)));
        Self {
            kind: Kind::Assert,
            policy,
            target,
            replaces: replaces.to_vec(),
            content,
        }
    }

    pub fn resolve(policy: Policy, target: Target, code: &str, replaces: &[OpId]) -> Self {
        let settlement = Settlement {
            value: Value::new(code, code),
            both_happened: false,
            reason: None,
        };
        Self {
            kind: Kind::Resolve,
            policy,
            target,
            replaces: replaces.to_vec(),
            content: Some(Content::Settlement(settlement)),
        }
    }

    pub fn entry(kind: Kind, heading: &str, id: &str, text: &str, replaces: &[OpId]) -> Self {
        let content = match kind {
            Kind::EntryWithdraw => Content::Reason(text.into()),
            _ => Content::Text {
                text: text.into(),
                cut_off: false,
            },
        };
        Self {
            kind,
            policy: Policy::Ordinary,
            target: Target::element(heading, id),
            replaces: replaces.to_vec(),
            content: Some(content),
        }
    }

    pub fn finish(listed: impl IntoIterator<Item = OpId>) -> Self {
        let mut ids: Vec<OpId> = listed.into_iter().collect();
        ids.sort_unstable();
        Self {
            kind: Kind::Finish,
            policy: Policy::Ordinary,
            target: Target::field("finish"),
            replaces: vec![],
            content: Some(Content::Finish(ids)),
        }
    }

    /// A manager closes a line, with a step and a day for looking again, by what these put on these visits.
    pub fn closing(
        area: &str,
        step: &str,
        look_again: &str,
        rests_on: &[(RecordId, WorkerId)],
        replaces: &[OpId],
    ) -> Self {
        let mut rests_on: Vec<Rests> = rests_on
            .iter()
            .map(|(visit, worker)| Rests {
                visit: *visit,
                worker: *worker,
            })
            .collect();
        rests_on.sort_unstable();
        let closing = Closing {
            step: Value::new(step, step),
            reason: "The core group meets on Thursday.".into(),
            look_again: look_again.into(),
            rests_on,
        };
        Self {
            kind: Kind::Close,
            policy: Policy::Ordinary,
            target: neglect::target(area),
            replaces: replaces.to_vec(),
            content: Some(Content::Closing(closing)),
        }
    }
}

/// A commit with its words.
#[derive(Clone)]
pub struct Written {
    pub commit: Commit,
    pub bytes: Vec<u8>,
    pub payloads: Vec<Payload>,
    pub contents: Vec<Option<Content>>,
    pub ids: Vec<OpId>,
}

impl Written {
    /// The only operation's name.
    pub fn id(&self) -> OpId {
        self.ids[0]
    }

    /// Its facts with one verdict for all.
    pub fn facts(&self, verdict: Option<Verdict>) -> Vec<Fact> {
        let mut facts = Fact::of_commit(&self.commit, &self.contents);
        for fact in &mut facts {
            fact.verdict = verdict.clone();
        }
        facts
    }
}

/// A device in one worker's hands.
pub struct Pen {
    pub author: WorkerId,
    pub acting_as: Role,
    pub origin: Origin,
    pub seq: u64,
    pub head: Option<CommitHash>,
    pub record: RecordId,
    pub record_kind: RecordKind,
    pub scope: Scope,
    pub wall: i64,
    pub assignment_seen: Option<LogPosition>,
}

impl Pen {
    pub fn new(author: WorkerId, device: u8) -> Self {
        Self {
            author,
            acting_as: Role::Allocated,
            origin: Origin {
                device: DeviceId([device; 16]),
                incarnation: Incarnation([device; 16]),
            },
            seq: 0,
            head: None,
            record: VISIT,
            record_kind: RecordKind::Visit,
            scope: Scope::Child(CHILD),
            wall: 1_793_000_000_000,
            assignment_seen: Some(LogPosition {
                epoch: 1,
                position: 1,
            }),
        }
    }

    pub fn write(&mut self, drafts: Vec<Draft>) -> Written {
        self.seq += 1;
        let salt = |index: usize| {
            let mut salt = [0u8; 16];
            salt[..8].copy_from_slice(&self.seq.to_be_bytes());
            salt[8] = self.origin.device.0[0];
            salt[9] = u8::try_from(index % 256).unwrap();
            Salt(salt)
        };
        let (mut ops, mut payloads, mut contents) = (vec![], vec![], vec![]);
        for (index, draft) in drafts.into_iter().enumerate() {
            let payload = draft
                .content
                .as_ref()
                .map(|content| Payload::new(salt(index), content));
            ops.push(Op {
                kind: draft.kind,
                policy: draft.policy,
                target: draft.target,
                replaces: draft.replaces,
                typed_at: None,
                payload: payload.as_ref().map(Payload::hash),
            });
            payloads.extend(payload);
            contents.push(draft.content);
        }
        let commit = Commit {
            format: Commit::FORMAT,
            council: COUNCIL,
            origin: self.origin,
            seq: self.seq,
            previous: self.head,
            record: self.record,
            record_kind: self.record_kind,
            scope: self.scope,
            author: self.author,
            acting_as: self.acting_as,
            catalogue: catalogue::NEWEST,
            clocks: Clocks {
                wall: WallMillis(self.wall),
                monotonic: MonotonicMillis(self.seq * 1000),
                boot: BootId([7; 16]),
            },
            receipt_seen: None,
            assignment_seen: self.assignment_seen,
            app_build: "test".into(),
            ops,
        };
        let bytes = commit.to_bytes();
        self.head = Some(Commit::hash_of(&bytes));
        let ids = commit.op_ids();
        Written {
            commit,
            bytes,
            payloads,
            contents,
            ids,
        }
    }
}

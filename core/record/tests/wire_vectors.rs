//! Every message of the wire as this version writes it, one of each shape, so that a later version is held to what devices and
//! servers that are out there say: the file is read for ever, and what is written today is written so for ever.
//!
//! `tests/vectors/wire-1.txt` holds lines `name = bytes`, in hexadecimal. Set `WRITE_VECTORS=1` to add a new message; a line
//! that is there may not change.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

use std::fmt::Debug;

use minicbor::{Decode, Encode};
use visitbook_record::attachment::wire::{
    AttachmentReceipt, Fetch, Fetched, FramesTaken, FramesUp, Holding, Whereabouts, bitmap,
};
use visitbook_record::cbor::{decode, encode};
use visitbook_record::digest::ScopeDigest;
use visitbook_record::id::{
    CommitHash, DeviceId, Incarnation, OpId, RecordId, Salt, StatementHash, Token, WorkerId,
};
use visitbook_record::payload::{Content, Payload, Value};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::{Reason, Verdict};
use visitbook_record::wire::{
    CommitEntry, Denial, EnrolReply, EnrolRequest, EnvelopeBody, LogEntry, OwnEntry, Page,
    PostReply, PostStatement, PullReply, PullRequest, ReceiptStatement, Received, Refusal,
    SealedGroup, Signed, Upload, UploadAnswer, UploadReply,
};

const NOON: WallMillis = WallMillis(1_793_102_400_000);
const CHILD: RecordId = RecordId([0xc1; 16]);

/// What is written of a message, and what is read of the line under its name.
#[derive(Default)]
struct Vectors {
    stored: String,
    written: String,
}

impl Vectors {
    fn message<T>(&mut self, name: &str, message: &T)
    where
        T: Encode<()> + for<'b> Decode<'b, ()> + PartialEq + Debug,
    {
        let bytes = encode(message);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.written += &format!("{name} = {hex}\n");
        assert_eq!(&decode::<T>(&bytes).unwrap(), message, "{name}");
        for cut in 0..bytes.len() {
            assert!(decode::<T>(&bytes[..cut]).is_err(), "{name} cut at {cut}");
        }
        let Some(line) = self
            .stored
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(" = "))
        else {
            return;
        };
        let stored: Vec<u8> = (0..line.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&line[at..at + 2], 16).unwrap())
            .collect();
        assert_eq!(&decode::<T>(&stored).unwrap(), message, "{name} is read");
    }
}

fn signed(byte: u8) -> Signed {
    Signed {
        bytes: vec![byte; 5],
        signature: vec![byte ^ 0xff; 64],
    }
}

fn at(position: u64) -> LogPosition {
    LogPosition { epoch: 2, position }
}

fn payload() -> Payload {
    let value = Content::Value(Value::new("not_alone", "No, not alone"));
    Payload::new(Salt([6; 16]), &value)
}

fn aside() -> Verdict {
    Verdict::Quarantined {
        reason: Reason::NotHeld,
        owner: WorkerId([0xa3; 16]),
    }
}

fn sending(all: &mut Vectors) {
    all.message(
        "envelope",
        &EnvelopeBody {
            commit: signed(1),
            payloads: vec![payload()],
            certificate: None,
            receipt: None,
        },
    );
    all.message(
        "envelope for a restored council",
        &EnvelopeBody {
            commit: signed(1),
            payloads: vec![],
            certificate: Some(vec![7; 3].into()),
            receipt: Some(signed(2)),
        },
    );
    all.message(
        "upload",
        &Upload {
            envelopes: vec![vec![1, 2, 3].into(), vec![].into()],
        },
    );
    all.message(
        "upload answer",
        &UploadAnswer {
            groups: vec![SealedGroup {
                session: [4; 32].into(),
                sealed: vec![5; 4].into(),
            }],
            unknown_keys: vec![[6; 8].into()],
        },
    );
    let refused = [
        Refusal::Malformed,
        Refusal::NotSigned,
        Refusal::OtherCouncil,
        Refusal::BeyondLimits,
        Refusal::NoCertificate,
    ];
    all.message(
        "upload reply",
        &UploadReply {
            statements: vec![signed(3)],
            refused: (7..).zip(refused).collect(),
            time: NOON,
            epoch: 2,
            taken: vec![1, 2, 300],
        },
    );
    all.message(
        "receipt",
        &ReceiptStatement {
            scope: Scope::Child(CHILD),
            first: at(41),
            received: vec![Received {
                commit: CommitHash([8; 32]),
                verdicts: vec![
                    Verdict::Applied,
                    aside(),
                    Verdict::Held {
                        missing: vec![OpId([8; 32])],
                    },
                    Verdict::AppliedFromPreviousWorker,
                ],
            }],
            time: NOON,
            previous: Some(StatementHash([9; 32])),
        },
    );
    let post = PostStatement {
        post: [3; 32],
        record: RecordId([5; 16]),
        epoch: 2,
        time: NOON,
    };
    all.message("post receipt", &post);
    all.message(
        "post reply",
        &PostReply {
            statement: signed(4),
        },
    );
}

fn fetching(all: &mut Vectors) {
    let first = PullRequest {
        device: DeviceId([2; 16]),
        incarnation: Incarnation([3; 16]),
        counter: 1,
        token: None,
        whole: None,
        budget: 1 << 20,
        acknowledges: None,
        epoch: None,
        certificate: None,
        knows_own: None,
    };
    all.message("first pull", &first);
    all.message(
        "pull that knows own commits",
        &PullRequest {
            token: Some(Token([4; 16])),
            knows_own: Some(12),
            ..first.clone()
        },
    );
    all.message(
        "later pull",
        &PullRequest {
            counter: 300,
            token: Some(Token([4; 16])),
            whole: Some([5; 32]),
            acknowledges: Some(at(17)),
            epoch: Some([6; 16]),
            certificate: Some(vec![7; 3].into()),
            ..first
        },
    );
    let commit = CommitEntry {
        scope: Scope::Child(CHILD),
        at: at(41),
        commit: signed(1),
        verdicts: vec![Verdict::Applied, aside()],
        received: NOON,
        payloads: vec![Some(payload()), None],
        released: vec![(OpId([8; 32]), payload())],
        earlier: Some(signed(2)),
    };
    let judged = |earlier| LogEntry::Judged {
        scope: Scope::Worker(WorkerId([0xa1; 16])),
        at: at(42),
        op: OpId([8; 32]),
        verdict: Verdict::AppliedFromPreviousWorker,
        released: vec![(OpId([9; 32]), payload())],
        earlier,
    };
    let page = Page {
        entries: vec![
            LogEntry::Commit(commit),
            judged(None),
            judged(Some(signed(3))),
        ],
        certificates: vec![vec![1; 3].into()],
        token: Token([4; 16]),
        more: true,
        digests: vec![(Scope::Council, at(9), ScopeDigest::default())],
        time: NOON,
        keys: Some(3),
    };
    let own = |earlier| OwnEntry {
        scope: Scope::Child(CHILD),
        at: at(43),
        commit: CommitHash([10; 32]),
        verdicts: vec![Verdict::Applied, aside()],
        received: NOON,
        released: vec![(OpId([8; 32]), payload())],
        earlier,
    };
    let by_name = Page {
        entries: vec![
            LogEntry::Own(own(None)),
            LogEntry::Own(own(Some(signed(2)))),
        ],
        keys: None,
        ..page.clone()
    };
    all.message("page", &PullReply::Page(page));
    all.message("page of own commits by name", &PullReply::Page(by_name));
    for (name, denial) in [
        ("denied, not enrolled", Denial::NotEnrolled),
        ("denied, replayed", Denial::Replayed),
        ("denied, unknown token", Denial::UnknownToken),
        ("denied, malformed", Denial::Malformed),
        ("denied, ended", Denial::Ended),
        ("denied, new epoch", Denial::NewEpoch),
        ("denied, not confirmed", Denial::NotConfirmed),
    ] {
        let reply = PullReply::Denied {
            denial,
            next_counter: 300,
        };
        all.message(name, &reply);
    }
}

fn enrolling(all: &mut Vectors) {
    all.message(
        "enrol",
        &EnrolRequest {
            secret: [1; 16],
            public_key: [2; 32],
            drop_key: [3; 32],
            label: "Rowan's phone".into(),
        },
    );
    for (name, certificate) in [
        ("enrolled", Some(vec![4; 3].into())),
        ("not enrolled", None),
    ] {
        all.message(name, &EnrolReply { certificate });
    }
}

fn files(all: &mut Vectors) {
    let frames = vec![vec![1; 3].into(), vec![2; 2].into()];
    all.message("frames", &FramesUp { frames });
    let holdings = vec![Holding {
        id: [7; 32].into(),
        named: true,
        have: bitmap(11, |index| index % 3 == 0).into(),
        receipt: Some(signed(5)),
    }];
    all.message(
        "frames taken",
        &FramesTaken {
            holdings,
            time: NOON,
        },
    );
    all.message(
        "file receipt",
        &AttachmentReceipt {
            label: AttachmentReceipt::LABEL.to_owned(),
            id: [7; 32].into(),
            size: 700_001,
            epoch: 2,
            time: NOON,
        },
    );
    all.message(
        "fetch",
        &Fetch {
            device: DeviceId([2; 16]),
            incarnation: Incarnation([3; 16]),
            counter: 300,
            about: vec![[7; 32].into()],
            from: Some(([7; 32].into(), 4)),
            budget: 1 << 20,
        },
    );
    let about = vec![
        Whereabouts::Unknown,
        Whereabouts::Here { receipt: signed(5) },
        Whereabouts::Expected {
            from: "Rowan's phone".into(),
            heard: Some(NOON),
            have: 3,
            total: 11,
        },
    ];
    all.message(
        "fetched",
        &Fetched::Told {
            about,
            list: Some(vec![1; 3].into()),
            chunks: vec![vec![2; 3].into()],
            time: NOON,
        },
    );
    all.message(
        "not fetched",
        &Fetched::Denied {
            denial: Denial::NewEpoch,
            next_counter: 300,
        },
    );
}

#[test]
fn every_message_is_written_and_read_as_the_vectors_say() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/wire-1.txt");
    let mut all = Vectors {
        stored: std::fs::read_to_string(path).unwrap_or_default(),
        written: String::new(),
    };
    sending(&mut all);
    fetching(&mut all);
    enrolling(&mut all);
    files(&mut all);
    if std::env::var_os("WRITE_VECTORS").is_some() {
        std::fs::write(path, &all.written).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), all.written);
}

//! Golden vectors: what two people must code alike, as files.
//!
//! `tests/vectors/log-1.json` holds commit bytes with the names that follow from them, folds, verdicts and a receipt
//! statement. The file is compared with what this version computes, byte for byte. Set `WRITE_VECTORS=1` to write it
//! again after a deliberate change of format; nothing released may change.
#![allow(clippy::unwrap_used, clippy::disallowed_methods)]

mod common;

use std::collections::HashMap;

use common::{BRYONY, CHILD, Draft, Pen, ROWAN, SAGE, VISIT, Written};
use serde_json::{Value as Json, json};
use visitbook_record::cbor::{decode, encode};
use visitbook_record::commit::{Commit, RecordKind, Role};
use visitbook_record::digest::ScopeDigest;
use visitbook_record::fact::{Fact, RecordHome};
use visitbook_record::fold::live_shared;
use visitbook_record::id::{OpId, RecordId, WorkerId};
use visitbook_record::judge::{Context, DeviceStanding, KnownOp, Rights, judge_commit};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::Content;
use visitbook_record::redaction::{self, Redaction};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::{Reason, Verdict};
use visitbook_record::wire::{ReceiptStatement, Received};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn alone(code: &str, replaces: &[OpId]) -> Draft {
    Draft::assert(Policy::Risk, Target::field("alone"), code, replaces)
}

fn redaction(of: &Written) -> Draft {
    let said = Redaction {
        payload: of.payloads[0].hash(),
        about: of.commit.ops[0].target.clone(),
        reason: "a court's order".into(),
    };
    Draft {
        kind: Kind::Redact,
        policy: Policy::Ordinary,
        target: redaction::target(of.id()),
        replaces: vec![],
        content: Some(Content::Redaction(said)),
    }
}

/// A manager's pen, on the child's own record.
fn of_the_childs_own(mut pen: Pen) -> Pen {
    pen.acting_as = Role::Manager;
    pen.record = CHILD;
    pen.record_kind = RecordKind::Child;
    pen
}

fn closing(seen_by: WorkerId) -> Draft {
    let rests_on = [(VISIT, seen_by), (RecordId([2; 16]), ROWAN)];
    Draft::closing("area_food", "core_group", "2026-11-10", &rests_on, &[])
}

fn commit_vector(name: &str, written: &Written) -> Json {
    json!({
        "name": name,
        "commit": hex(&written.bytes),
        "hash": Commit::hash_of(&written.bytes).to_string(),
        "ops": written.ids.iter().map(ToString::to_string).collect::<Vec<_>>(),
        "payloads": written.payloads.iter().map(|p| json!({"bytes": hex(&encode(p)), "hash": p.hash().to_string()})).collect::<Vec<_>>(),
    })
}

fn commits() -> Vec<Json> {
    let mut rowan = Pen::new(ROWAN, 1);
    let answer = rowan.write(vec![alone("spoke_alone", &[])]);
    let note = rowan.write(vec![Draft::entry(
        Kind::EntryAdd,
        "saw",
        "e1",
        "Warm kitchen. \u{1F375} \u{202E}x",
        &[],
    )]);
    let edit = rowan.write(vec![alone("not_alone", &[answer.id()])]);
    let finish = rowan.write(vec![Draft::finish([answer.id(), note.id(), edit.id()])]);
    let unknown = rowan.write(vec![Draft {
        kind: Kind::Unknown(77),
        ..alone("x", &[])
    }]);
    let removed = rowan.write(vec![redaction(&note)]);
    let mut sage = of_the_childs_own(Pen::new(SAGE, 3));
    let closed = sage.write(vec![closing(SAGE)]);
    vec![
        commit_vector("an answer", &answer),
        commit_vector("an entry with an emoji and a right-to-left mark", &note),
        commit_vector("an edit", &edit),
        commit_vector("a finish", &finish),
        commit_vector("a kind of a newer version", &unknown),
        commit_vector("words removed by law", &removed),
        commit_vector("a line about an area that was not met, closed", &closed),
    ]
}

fn fold_vector(name: &str, written: &[(&Written, Verdict)]) -> Json {
    let facts: Vec<Fact> = written
        .iter()
        .flat_map(|(w, verdict)| w.facts(Some(verdict.clone())))
        .collect();
    let mut digest = ScopeDigest::default();
    for fact in &facts {
        if let Some(verdict) = &fact.verdict {
            digest.add(&fact.id, verdict);
        }
    }
    json!({
        "name": name,
        "commits": written.iter().map(|(w, verdict)| json!({"commit": hex(&w.bytes), "verdict": hex(&encode(verdict))})).collect::<Vec<_>>(),
        "live": live_shared(&facts).into_iter().map(|i| facts[i].id.to_string()).collect::<Vec<_>>(),
        "digest": hex(&digest.to_bytes()),
    })
}

fn folds() -> Vec<Json> {
    let applied = || Verdict::Applied;
    let aside = || Verdict::Quarantined {
        reason: Reason::NotHeld,
        owner: SAGE,
    };
    let mut rowan = Pen::new(ROWAN, 1);
    let mut bryony = Pen::new(BRYONY, 2);
    let first = rowan.write(vec![alone("spoke_alone", &[])]);
    let middle = rowan.write(vec![alone("alone_not_talking", &[first.id()])]);
    let last = rowan.write(vec![alone("spoke_alone", &[middle.id()])]);
    let hers = bryony.write(vec![alone("not_alone", &[])]);
    let over = rowan.write(vec![alone("spoke_alone", &[hers.id()])]);
    let settle = rowan.write(vec![Draft::resolve(
        Policy::Risk,
        Target::field("alone"),
        "not_alone",
        &[last.id(), hers.id()],
    )]);
    let edited = rowan.write(vec![alone("spoke_alone", &[settle.id()])]);
    vec![
        fold_vector(
            "a chain through a statement set aside",
            &[(&first, applied()), (&middle, aside()), (&last, applied())],
        ),
        fold_vector(
            "an ordinary edit over a colleague's risk answer",
            &[(&hers, applied()), (&over, applied())],
        ),
        fold_vector(
            "a settlement",
            &[(&last, applied()), (&hers, applied()), (&settle, applied())],
        ),
        fold_vector(
            "a settlement set aside, and an edit of it",
            &[
                (&last, applied()),
                (&hers, applied()),
                (&settle, aside()),
                (&edited, applied()),
            ],
        ),
        fold_vector(
            "a link to a statement that has not arrived",
            &[(&last, applied())],
        ),
    ]
}

fn verdicts() -> Vec<Json> {
    let mut bryony = Pen::new(BRYONY, 2);
    let hers = bryony.write(vec![alone("not_alone", &[])]);
    let mut rowan = Pen::new(ROWAN, 1);
    let mine = rowan.write(vec![alone("spoke_alone", &[])]);
    let both = [mine.id(), hers.id()];
    let settle = |to| Draft::resolve(Policy::Risk, Target::field("alone"), to, &both);
    let cases = [
        (
            "to the more worrying, by an author",
            rowan.write(vec![settle("not_alone")]),
            true,
        ),
        (
            "to the less worrying, by its own author",
            rowan.write(vec![settle("spoke_alone")]),
            true,
        ),
        (
            "before the other answer has arrived",
            rowan.write(vec![settle("not_alone")]),
            false,
        ),
        (
            "words removed by somebody else than the council",
            rowan.write(vec![redaction(&hers)]),
            true,
        ),
        (
            "an answer the form does not have",
            rowan.write(vec![alone("telepathy", &[])]),
            true,
        ),
    ];
    let known: HashMap<OpId, KnownOp> = [&mine, &hers]
        .into_iter()
        .flat_map(|w| w.facts(Some(Verdict::Applied)))
        .map(|fact| {
            (
                fact.id,
                KnownOp {
                    fact,
                    withheld: false,
                },
            )
        })
        .collect();
    cases
        .into_iter()
        .map(|(name, written, all_known)| {
            let look_up = |id: &OpId| {
                known
                    .get(id)
                    .filter(|k| all_known || k.fact.author == ROWAN)
                    .cloned()
            };
            let context = Context {
                device: DeviceStanding {
                    holder: ROWAN,
                    is_writer: false,
                    ended: false,
                },
                rights: Rights {
                    stale: false,
                    role_known: Some(Role::Allocated),
                    role_now: Some(Role::Allocated),
                    opened: None,
                },
                owner: SAGE,
                home: Some(RecordHome {
                    scope: Scope::Child(CHILD),
                    kind: RecordKind::Visit,
                }),
                known: &look_up,
            };
            let verdicts = judge_commit(&context, &written.commit, &written.contents);
            json!({
                "name": name,
                "commit": hex(&written.bytes),
                "payloads": written.payloads.iter().map(|p| hex(&encode(p))).collect::<Vec<_>>(),
                "verdicts": verdicts.iter().map(|v| hex(&encode(v))).collect::<Vec<_>>(),
            })
        })
        .collect()
}

fn receipt() -> Json {
    let written = Pen::new(ROWAN, 1).write(vec![alone("spoke_alone", &[])]);
    let statement = ReceiptStatement {
        scope: Scope::Child(CHILD),
        first: LogPosition {
            epoch: 1,
            position: 42,
        },
        received: vec![Received {
            commit: Commit::hash_of(&written.bytes),
            verdicts: vec![Verdict::Applied],
        }],
        time: WallMillis(1_793_000_000_000),
        previous: None,
    };
    let bytes = encode(&statement);
    assert_eq!(decode::<ReceiptStatement>(&bytes).unwrap(), statement);
    json!({"statement": hex(&bytes), "hash": ReceiptStatement::hash_of(&bytes).to_string()})
}

#[test]
fn the_log_is_written_as_the_vectors_say() {
    let computed = json!({"commits": commits(), "folds": folds(), "verdicts": verdicts(), "receipt": receipt()});
    let text = serde_json::to_string_pretty(&computed).unwrap() + "\n";
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/log-1.json");
    if std::env::var_os("WRITE_VECTORS").is_some() {
        std::fs::write(path, &text).unwrap();
    }
    assert_eq!(std::fs::read_to_string(path).unwrap(), text);
}

#[test]
fn every_commit_in_the_vectors_reads_back_to_its_own_bytes_and_no_flipped_bit_does() {
    for vector in commits() {
        let text = vector["commit"].as_str().unwrap();
        let bytes: Vec<u8> = (0..text.len())
            .step_by(2)
            .map(|i| u8::from_str_radix(&text[i..i + 2], 16).unwrap())
            .collect();
        let commit = Commit::from_bytes(&bytes).unwrap();
        assert_eq!(commit.to_bytes(), bytes);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            if let Ok(other) = Commit::from_bytes(&flipped) {
                assert_eq!(other.to_bytes(), flipped, "what is read is what is written");
                assert_ne!(Commit::hash_of(&flipped), Commit::hash_of(&bytes));
            }
        }
        for cut in 0..bytes.len() {
            assert!(Commit::from_bytes(&bytes[..cut]).is_err());
        }
    }
}

//! What a save costs beside plain SQLite, and what each of its steps costs.
//!
//! `cargo bench -p visitbook-device` prints medians and ratios; nothing is asserted, since a loaded machine measures its
//! load. Both sides run interleaved in rounds on the same disk: the device's own save (build, sign, seal, one FULL
//! transaction in SQLCipher, one spool append; search deferred), and the same library without a key writing the same rows
//! and the search index in one FULL transaction.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::{Connection, params};
use visitbook_device::spool::Spool;
use visitbook_device::sync::store::{ParcelKey, SendClass};
use visitbook_record::cbor::encode;
use visitbook_record::id::Salt;
use visitbook_record::payload::{Content, Payload};
use visitbook_seal::envelope::{IngestKey, SealingSession, SendClass as SealClass};
use visitbook_seal::purpose::Purpose;
use visitbook_seal::sign::SigningKey;

const ROUNDS: usize = 5;
const SAVES: usize = 200;

/// About 2 KB of words drawn from a vocabulary of 4,096, the common ones often, so that the search index has as much to do
/// as with prose: about 250 different words in a note.
fn note(number: usize) -> String {
    const SYLLABLES: [&str; 16] = [
        "ba", "ter", "ki", "lon", "mar", "e", "du", "sti", "wen", "or", "pla", "ci", "ho", "un",
        "gre", "ta",
    ];
    let mut state = number as u64 * 2_654_435_761 + 1;
    let mut draw = move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as f64 / f64::from(1u32 << 31)
    };
    let mut text = format!("Note {number}.");
    while text.len() < 2_000 {
        let mut word = (draw() * draw() * 4_096.0) as usize;
        text.push(' ');
        for _ in 0..3 {
            text.push_str(SYLLABLES[word % 16]);
            word /= 16;
        }
    }
    text
}

/// The store's own layout without a key.
fn plain(path: &Path) -> Connection {
    let db = Connection::open(path).unwrap();
    db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -16000; PRAGMA secure_delete = ON; PRAGMA wal_autocheckpoint = 8000;")
        .unwrap();
    db.execute_batch(include_str!("../src/store/schema.sql"))
        .unwrap();
    db.execute_batch(
        "INSERT INTO meta VALUES (1, x'01', 1, 1, x'00', x'00', x'00', '', x'00', x'00', x'00', x'00', 0, NULL, NULL, NULL, NULL, NULL, 0, 1, 0);
         INSERT INTO scope VALUES (1, x'01', 1, NULL, NULL, NULL, zeroblob(32));
         INSERT INTO record VALUES (1, x'02', 2, 1, x'00');
         INSERT INTO visit_view VALUES (1, 1, '2026-10-27', NULL, NULL, NULL, NULL, NULL, 0, NULL, 0, NULL, NULL, 0, x'00');",
    )
    .unwrap();
    db
}

/// The rows that one note of the device's becomes, and its search index, in one transaction.
fn plain_save(db: &mut Connection, number: usize, text: &str) {
    let hash = |part: u8| {
        let mut bytes = [part; 32];
        bytes[..8].copy_from_slice(
            &(number as u64)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .to_be_bytes(),
        );
        bytes
    };
    let tx = db.transaction().unwrap();
    tx.prepare_cached("INSERT INTO signed (hash, record, own, wall, author, bytes, signature, first_op, ops) VALUES (?1, 1, 1, 0, ?2, ?3, ?4, (SELECT coalesce(max(no), 0) + 1 FROM op), 1)")
        .unwrap()
        .execute(params![hash(1), [0u8; 16], [7u8; 330], [8u8; 64]])
        .unwrap();
    let signed = tx.last_insert_rowid();
    tx.prepare_cached(
        "INSERT INTO op (id, signed, record, target, kind, policy, author, acting_as, replaces, written, payload)
         VALUES (?1, ?2, 1, ?3, 1, 0, ?4, 0, x'80', 0, ?5)",
    )
    .unwrap()
    .execute(params![hash(2), signed, hash(3), [0u8; 16], hash(4)])
    .unwrap();
    let op = tx.last_insert_rowid();
    tx.prepare_cached("INSERT INTO payload (op, salt, bytes) VALUES (?1, ?2, ?3)")
        .unwrap()
        .execute(params![op, [9u8; 16], text.as_bytes()])
        .unwrap();
    tx.prepare_cached(
        "INSERT INTO outgoing (signed, class, session, number) VALUES (?1, 3, ?2, ?3)",
    )
    .unwrap()
    .execute(params![signed, [1u8; 32], number as i64])
    .unwrap();
    tx.prepare_cached("UPDATE meta SET seq = ?1, head = ?2")
        .unwrap()
        .execute(params![number as i64, hash(1)])
        .unwrap();
    tx.prepare_cached("INSERT INTO found (rowid, text) VALUES (?1, ?2)")
        .unwrap()
        .execute(params![op, text])
        .unwrap();
    tx.commit().unwrap();
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn percentile(times: &[Duration], percent: usize) -> Duration {
    times[(times.len() * percent / 100).min(times.len() - 1)]
}

fn timed<T>(times: &mut Vec<Duration>, act: impl FnOnce() -> T) -> T {
    let start = Instant::now();
    let value = act();
    times.push(start.elapsed());
    value
}

fn show(name: &str, times: &mut [Duration], beside: Option<Duration>) {
    let middle = median(times);
    let ratio = beside.map_or_else(String::new, |other| {
        format!(
            "   {:.2}x plain",
            middle.as_secs_f64() / other.as_secs_f64()
        )
    });
    println!(
        "{name:<44} p50 {:>8.0} us   p99 {:>8.0} us{ratio}",
        middle.as_secs_f64() * 1e6,
        percentile(times, 99).as_secs_f64() * 1e6
    );
}

fn main() {
    // `cargo test --benches` passes --test: a short run then only shows that it still works.
    let (rounds, saves) = if std::env::args().any(|arg| arg == "--bench") {
        (ROUNDS, SAVES)
    } else {
        (1, 5)
    };
    let (_council, phone, mut working) = common::larkspurs();
    let visit = common::visit_to_wren(&mut working);
    let folder = tempfile::tempdir().unwrap();
    let mut plain_db = plain(&folder.path().join("plain.db"));
    let (mut own, mut other, mut index) = (Vec::new(), Vec::new(), Vec::new());
    let mut number = 0;
    let wal = |path: &Path| std::fs::metadata(path).map_or(0, |file| file.len() / 4_096);
    let own_wal = phone.path().join("book.db-wal");
    let plain_wal = folder.path().join("plain.db-wal");
    working.idle().unwrap();
    let before = (wal(&own_wal), wal(&plain_wal));
    let mut pages = None;
    for _ in 0..rounds {
        for _ in 0..saves {
            number += 1;
            let text = note(number);
            timed(&mut own, || working.note(visit, "saw", &text).unwrap());
            timed(&mut other, || plain_save(&mut plain_db, number, &text));
        }
        pages.get_or_insert_with(|| (wal(&own_wal) - before.0, wal(&plain_wal) - before.1));
        let start = Instant::now();
        working.idle().unwrap();
        index.push(start.elapsed() / u32::try_from(saves).unwrap());
        plain_db
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(()))
            .unwrap();
    }
    let beside = median(&mut other.clone());
    println!(
        "{} saves of a 2 KB note, interleaved, {} rounds",
        own.len(),
        rounds
    );
    show(
        "plain SQLite: same rows and index, one FULL",
        &mut other,
        None,
    );
    show(
        "device: durable, signed, sealed, spooled",
        &mut own,
        Some(beside),
    );
    show(
        "  later, per note: index and checkpoint",
        &mut index,
        Some(beside),
    );

    if let Some((device, plain)) = pages {
        let each = |pages: u64| pages as f64 / saves as f64;
        println!(
            "pages written by one save in the first round: device {:.1}, plain {:.1}",
            each(device),
            each(plain)
        );
    }

    let (mut build, mut seal, mut append) = (Vec::new(), Vec::new(), Vec::new());
    let key = SigningKey::generate().unwrap();
    let session = SealingSession::start(&IngestKey::generate().unwrap().public()).unwrap();
    let mut spool = Spool::open(&folder.path().join("spool")).unwrap();
    for at in 0..saves {
        let text = note(at);
        let commit = [7u8; 330];
        let payload = timed(&mut build, || {
            let payload = Payload::new(
                Salt([1; 16]),
                &Content::Text {
                    text: text.clone(),
                    cut_off: false,
                },
            );
            std::hint::black_box(payload.hash());
            std::hint::black_box(key.sign(Purpose::Commit, &commit));
            payload
        });
        let sealed = timed(&mut seal, || {
            session.seal(SealClass::Later, &encode(&payload)).unwrap()
        });
        let key = ParcelKey {
            session: sealed.enc,
            number: sealed.number,
        };
        timed(&mut append, || {
            spool
                .append(key, [0; 16], SendClass::Later, &sealed.bytes)
                .unwrap()
        });
    }
    let steps = [&build, &seal, &append].map(|times| median(&mut times.clone()));
    show(
        "  step: payload hash and signature",
        &mut build,
        Some(beside),
    );
    show("  step: compress, pad, seal", &mut seal, Some(beside));
    show(
        "  step: spool append, one fdatasync",
        &mut append,
        Some(beside),
    );
    let rest = median(&mut own).saturating_sub(steps.iter().sum());
    println!(
        "{:<44} p50 {:>8.0} us   {:.2}x plain",
        "  the rest: judge, fold, FULL transaction",
        rest.as_secs_f64() * 1e6,
        rest.as_secs_f64() / beside.as_secs_f64()
    );
    drop(working.lock());
    drop(phone);
}

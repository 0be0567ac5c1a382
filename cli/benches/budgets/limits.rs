//! What this machine can do at best: the flush, the hash, the signature and the seal that everything else is made of.

use std::hint::black_box;
use std::io::Write as _;
use std::time::Duration;

use visitbook_seal::envelope::{IngestKey, SealingSession, SendClass};
use visitbook_seal::purpose::Purpose;
use visitbook_seal::sign::{SigningKey, verify};

use super::table::{Table, median, time};

/// The parts that figures of the whole are held against.
pub(crate) struct Limits {
    /// One signature verified.
    pub(crate) verify: Duration,
}

pub(crate) fn measure(table: &mut Table) -> Limits {
    let mut file = tempfile::tempfile().unwrap();
    let page = [7u8; 4_096];
    let flush = median(300, || {
        file.write_all(&page).unwrap();
        file.sync_data().unwrap();
    });
    table.note("limit: append 4 KiB and flush", time(flush), "");

    let megabyte = vec![7u8; 1 << 20];
    let hash = median(50, || {
        black_box(ring::digest::digest(&ring::digest::SHA256, &megabyte));
    });
    let rate = 1.0 / hash.as_secs_f64();
    table.note("limit: SHA-256", format!("{rate:.0} MiB/s"), "");

    let key = SigningKey::generate().unwrap();
    let commit = [7u8; 330];
    let sign = median(300, || {
        black_box(key.sign(Purpose::Commit, &commit));
    });
    table.note("limit: Ed25519 signature", time(sign), "");
    let signature = key.sign(Purpose::Commit, &commit);
    let check = median(300, || {
        verify(Purpose::Commit, &key.public(), &commit, &signature).unwrap();
    });
    table.note("limit: Ed25519 verification", time(check), "");

    let ingest = IngestKey::generate().unwrap().public();
    let start = median(100, || {
        black_box(SealingSession::start(&ingest).unwrap());
    });
    table.note("limit: HPKE encapsulation, one an unlock", time(start), "");
    let session = SealingSession::start(&ingest).unwrap();
    let letter = [7u8; 2_048];
    let seal = median(300, || {
        black_box(session.seal(SendClass::Later, &letter).unwrap());
    });
    table.note("limit: compress and seal 2 KiB", time(seal), "");
    Limits { verify: check }
}

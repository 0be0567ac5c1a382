//! Names for everything in a simulated council, made from small numbers so that a trace can be read.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use visitbook_record::commit::Origin;
use visitbook_record::id::{CouncilId, DeviceId, Incarnation, OutingId, RecordId, WorkerId};

pub(crate) const COUNCIL: CouncilId = CouncilId([0xC0; 16]);
pub(crate) const OTHER_COUNCIL: CouncilId = CouncilId([0xC1; 16]);
pub(crate) const WRITER: Origin = Origin {
    device: DeviceId([0xEE; 16]),
    incarnation: Incarnation([0xEE; 16]),
};

/// The council's own key in an epoch: a restored server has another.
pub(crate) const fn writer(epoch: u64) -> Origin {
    let mut writer = WRITER;
    let [.., life] = epoch.to_be_bytes();
    writer.device.0[15] = 0xED + life;
    writer
}

pub(crate) fn is_writer(device: &DeviceId) -> bool {
    device.0[..15] == WRITER.device.0[..15]
}

/// The random name of the first epoch.
pub(crate) const FIRST_EPOCH: [u8; 16] = [0xE0; 16];

/// The manager is worker 0; the others follow.
pub(crate) const fn worker(n: u8) -> WorkerId {
    WorkerId([0xA0 + n; 16])
}

pub(crate) const fn device(n: u8) -> DeviceId {
    DeviceId([0xD0 + n; 16])
}

pub(crate) const fn incarnation(n: u8, life: u8) -> Incarnation {
    let mut bytes = [0xD0 + n; 16];
    bytes[15] = life;
    Incarnation(bytes)
}

pub(crate) const fn child(n: u8) -> RecordId {
    RecordId([0x10 + n; 16])
}

const fn record(kind: u8, a: u8, b: u8, c: u16) -> RecordId {
    let mut bytes = [0u8; 16];
    bytes[0] = kind;
    bytes[1] = a;
    bytes[2] = b;
    let number = c.to_be_bytes();
    bytes[3] = number[0];
    bytes[4] = number[1];
    RecordId(bytes)
}

/// A visit planned before the day: everybody who holds the child knows its name.
pub(crate) const fn planned_visit(child: u8, n: u8) -> RecordId {
    record(0x01, child, n, 0)
}

/// A visit, voice or concern that a phone begins.
pub(crate) const fn begun(kind: u8, phone: u8, n: u16) -> RecordId {
    record(kind, 0x80 | phone, 0, n)
}

pub(crate) const fn outing(phone: u8, n: u16) -> OutingId {
    OutingId(record(0x0F, phone, 1, n).0)
}

/// A session in which a phone is in a child's hands.
pub(crate) const fn family_session(phone: u8, n: u16) -> [u8; 16] {
    record(0xFA, phone, 2, n).0
}

/// The key of a device in the null suite: any 32 bytes that differ.
pub(crate) const fn key_of(device: DeviceId) -> [u8; 32] {
    let mut key = [0u8; 32];
    let mut i = 0;
    while i < 16 {
        key[i] = device.0[i];
        key[i + 16] = !device.0[i];
        i += 1;
    }
    key
}

/// Hashes names by their first bytes, which are digests or distinct by construction. The same on every run.
#[derive(Default)]
pub(crate) struct NameHasher(u64);

impl Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.0 = self.0.rotate_left(23).wrapping_mul(0x9e37_79b9_7f4a_7c15)
                ^ u64::from_le_bytes(word);
        }
        self.0 = super::rng::mix(self.0);
    }

    fn write_usize(&mut self, n: usize) {
        self.0 ^= n as u64;
    }
}

/// A map whose order is never looked at.
pub(crate) type Names<K, V> = HashMap<K, V, BuildHasherDefault<NameHasher>>;

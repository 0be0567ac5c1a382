//! SD-02: in family mode the process's own memory holds no key of the vault and no word that was on a screen before.
//!
//! One test in a process of its own, since it reads all of the process's memory. What it looks for is kept masked, so that it
//! does not find itself.
#![cfg(all(feature = "store", target_os = "linux"))]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::fs::File;
use std::os::unix::fs::FileExt;

use common::{FINCH, PIN, Phone, WREN, larkspurs, visit_to_wren};
use visitbook_device::wiping::Wiping;
use visitbook_seal::hardware::SoftwareKeys;
use visitbook_seal::vault;

#[global_allocator]
static WIPING: Wiping = Wiping;

/// A needle, masked.
struct Canary {
    name: &'static str,
    masked: Vec<u8>,
}

impl Canary {
    fn new(name: &'static str, bytes: &[u8]) -> Self {
        let masked = bytes.iter().map(|byte| byte ^ 0x5a).collect();
        Self { name, masked }
    }

    fn is_at(&self, hay: &[u8]) -> bool {
        self.masked
            .iter()
            .zip(hay)
            .all(|(masked, byte)| masked ^ 0x5a == *byte)
    }
}

/// How often each canary is in this process's memory.
fn count(canaries: &[Canary]) -> Vec<usize> {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let memory = File::open("/proc/self/mem").unwrap();
    let mut found = vec![0; canaries.len()];
    for line in maps.lines() {
        let mut parts = line.split_whitespace();
        let (Some(range), Some(rights)) = (parts.next(), parts.next()) else {
            continue;
        };
        if !rights.starts_with("rw") {
            continue;
        }
        let (from, to) = range.split_once('-').unwrap();
        let from = u64::from_str_radix(from, 16).unwrap();
        let to = u64::from_str_radix(to, 16).unwrap();
        let mut page = vec![0; 1 << 16];
        let mut at = from;
        while at < to {
            let here = page.as_ptr() as u64;
            let want = usize::try_from((to - at).min(page.len() as u64)).unwrap();
            if memory.read_exact_at(&mut page[..want], at).is_err() {
                break;
            }
            // The copy that this very loop reads into is memory too.
            let own = |place: u64| (here..here + (1 << 16)).contains(&place);
            for (offset, window) in page[..want].windows(16).enumerate() {
                if own(at + offset as u64) {
                    continue;
                }
                for (canary, hits) in canaries.iter().zip(&mut found) {
                    *hits += usize::from(canary.is_at(window));
                }
            }
            // Overlapping, so that what lies across the edge is seen.
            at += (want as u64).saturating_sub(15).max(1);
            if want < page.len() {
                break;
            }
        }
    }
    found
}

/// The vault's keys, by opening it a second time from the files.
fn keys(phone: &Phone) -> Vec<Canary> {
    let read = |name: &str| std::fs::read(phone.path().join(name)).ok();
    let mut image = vault::choose(read("vault.a").as_deref(), read("vault.b").as_deref()).unwrap();
    let hardware = SoftwareKeys::from_bytes(&phone.hardware.to_bytes()).unwrap();
    let attempt = vault::begin_attempt(&mut image, &hardware, PIN, 0).unwrap();
    let keys = attempt.finish(&mut image, &hardware).unwrap();
    vec![
        Canary::new("database key", &keys.database_key().expose()[..16]),
        Canary::new("drop key", &keys.drop_key().expose()[..16]),
        Canary::new("attachment key", &keys.attachment_key().expose()[..16]),
    ]
}

#[test]
fn nothing_of_the_vault_is_left_in_memory() {
    let (_council, phone, mut working) = larkspurs();
    let mut canaries = vec![
        Canary::new("a note", b"Ivy at the door:"),
        Canary::new("a sibling's words", b"I hid in the bus"),
    ];
    let unmask = |canary: &Canary| -> String {
        let bytes = canary.masked.iter().map(|byte| byte ^ 0x5a).collect();
        String::from_utf8(bytes).unwrap()
    };
    let visit = visit_to_wren(&mut working);
    working.note(visit, "saw", &unmask(&canaries[0])).unwrap();
    let given = visitbook_device::VoiceGiven {
        how: "said".to_owned(),
        words: Some(unmask(&canaries[1])),
        ..Default::default()
    };
    working.voice(FINCH, None, &given).unwrap();
    working.visit(visit).unwrap();
    working.child_card(FINCH).unwrap();
    working.search("door").unwrap();
    drop(given);
    canaries.extend(keys(&phone));

    let before = count(&canaries);
    for (canary, hits) in canaries.iter().zip(&before) {
        assert!(
            *hits > 0,
            "the search finds the {} while the vault is open",
            canary.name
        );
    }
    let family = working.enter_family(WREN, None).unwrap();
    for (canary, hits) in canaries.iter().zip(count(&canaries)) {
        assert_eq!(hits, 0, "the {} is still in memory", canary.name);
    }
    assert!(family.leave(PIN).is_ok());
}

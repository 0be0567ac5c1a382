//! Counting wrong PINs so that the count cannot be set back. Both numbers only ever grow: tries begun, and tries
//! forgiven because a right PIN followed. The count is kept in the vault image and in the phone's keystore, and the
//! higher of each wins, so putting an old file back changes nothing.
//!
//! There are two counts, of the same form. Unlocking counts towards the limit. Leaving family mode with the PIN has a
//! count of its own ([`Counter::Exit`]) that only makes people wait, since the keys are then pressed by a child.
//!
//! The clock is the caller's, and can be set by whoever holds the phone; so waits only slow people down, and the limit
//! is on the number of tries.

use crate::hash::hmac_sha256;
use crate::purpose::Purpose;
use crate::secret::{Secret32, equal};

/// Wrong PINs after which the PIN slot is destroyed.
pub const MAX_WRONG_PINS: u32 = 10;

/// Which tries are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Counter {
    /// At a locked vault; the PIN slot is destroyed after [`MAX_WRONG_PINS`].
    Unlock,
    /// At the exit of family mode; nothing is ever destroyed.
    Exit,
}

impl Counter {
    const fn label(self) -> &'static [u8] {
        match self {
            Self::Unlock => b"\0tries",
            Self::Exit => b"\0exit-tries",
        }
    }
}

const MINUTE_MS: u64 = 60_000;
const RECORD: usize = 3 * 8 + 32;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tries {
    pub(super) begun: u64,
    pub(super) forgiven: u64,
    /// When the last one was begun, in milliseconds of the caller's clock.
    pub(super) last_ms: u64,
}

impl Tries {
    /// Wrong PINs since the last right one.
    pub(super) fn wrong(self) -> u32 {
        u32::try_from(self.begun.saturating_sub(self.forgiven)).unwrap_or(u32::MAX)
    }

    pub(super) fn highest(self, other: Self) -> Self {
        Self {
            begun: self.begun.max(other.begun),
            forgiven: self.forgiven.max(other.forgiven),
            last_ms: self.last_ms.max(other.last_ms),
        }
    }

    /// How long after the last wrong PIN the next may be tried.
    fn wait_ms(self) -> u64 {
        match self.wrong() {
            0..=4 => 0,
            5 => MINUTE_MS / 2,
            6 => MINUTE_MS,
            7 => 5 * MINUTE_MS,
            8 => 15 * MINUTE_MS,
            _ => 60 * MINUTE_MS,
        }
    }

    /// When the next PIN may be tried, if not now. A clock that was set back starts the wait again from its new time,
    /// so that nobody is locked out for years by a clock that was once wrong.
    pub(super) fn wait_until(&mut self, now_ms: u64) -> Option<u64> {
        let wait = self.wait_ms();
        self.last_ms = self.last_ms.min(now_ms);
        let until = self.last_ms.saturating_add(wait);
        (until > now_ms).then_some(until)
    }

    pub(super) fn begin(self, now_ms: u64) -> Self {
        Self {
            begun: self.begun.saturating_add(1),
            last_ms: now_ms,
            ..self
        }
    }

    /// A right PIN forgives all tries.
    pub(super) fn forgive_all(self) -> Self {
        Self {
            forgiven: self.begun,
            ..self
        }
    }

    /// A try that failed through no fault of the person.
    pub(super) fn forgive_one(self) -> Self {
        Self {
            forgiven: self.forgiven.saturating_add(1).min(self.begun),
            ..self
        }
    }

    /// The record for the keystore's small storage, authenticated so that only this vault's own record counts.
    pub(super) fn to_record(
        self,
        counter: Counter,
        mac_key: &Secret32,
        vault: &[u8; 16],
    ) -> Vec<u8> {
        let mut record = Vec::with_capacity(RECORD);
        for number in [self.begun, self.forgiven, self.last_ms] {
            record.extend_from_slice(&number.to_be_bytes());
        }
        let mac = record_mac(counter, mac_key, vault, &record);
        record.extend_from_slice(&mac);
        record
    }

    /// `None` for anything that this vault did not write; the image's own count then stands alone.
    pub(super) fn from_record(
        record: &[u8],
        counter: Counter,
        mac_key: &Secret32,
        vault: &[u8; 16],
    ) -> Option<Self> {
        let (body, mac) = record.split_last_chunk::<32>()?;
        if !equal(mac, &record_mac(counter, mac_key, vault, body)) {
            return None;
        }
        let [begun, forgiven, last_ms]: [[u8; 8]; 3] = body.as_chunks().0.try_into().ok()?;
        Some(Self {
            begun: u64::from_be_bytes(begun),
            forgiven: u64::from_be_bytes(forgiven),
            last_ms: u64::from_be_bytes(last_ms),
        })
    }
}

fn record_mac(counter: Counter, mac_key: &Secret32, vault: &[u8; 16], body: &[u8]) -> [u8; 32] {
    hmac_sha256(
        mac_key.expose(),
        &[
            Purpose::VaultMac.label().as_bytes(),
            counter.label(),
            vault,
            body,
        ],
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn waits_are_as_written() {
        let expected = [0, 0, 0, 0, 0, 30_000, 60_000, 300_000, 900_000, 3_600_000];
        for (wrong, wait) in expected.into_iter().enumerate() {
            let mut tries = Tries {
                begun: 100 + wrong as u64,
                forgiven: 100,
                last_ms: 5_000,
            };
            let until = tries.wait_until(5_000);
            assert_eq!(until, (wait > 0).then_some(5_000 + wait), "{wrong} wrong");
            assert_eq!(tries.wait_until(5_000 + wait), None);
            if wait > 0 {
                assert!(tries.wait_until(5_000 + wait - 1).is_some());
            }
        }
    }

    #[test]
    fn a_clock_set_back_restarts_the_wait_and_does_not_lengthen_it() {
        let mut tries = Tries {
            begun: 5,
            forgiven: 0,
            last_ms: 4_000_000_000_000,
        };
        assert_eq!(tries.wait_until(1_000), Some(31_000));
        assert_eq!(tries.wait_until(20_000), Some(31_000));
        assert_eq!(tries.wait_until(31_000), None);
    }

    #[test]
    fn the_record_is_bound_to_vault_and_key() {
        let key = Secret32::from_slice(&[1; 32]).unwrap();
        let tries = Tries {
            begun: 7,
            forgiven: 3,
            last_ms: 99,
        };
        let record = tries.to_record(Counter::Unlock, &key, &[2; 16]);
        assert_eq!(
            Tries::from_record(&record, Counter::Unlock, &key, &[2; 16]),
            Some(tries)
        );
        assert_eq!(
            Tries::from_record(&record, Counter::Unlock, &key, &[3; 16]),
            None
        );
        assert_eq!(
            Tries::from_record(&record, Counter::Exit, &key, &[2; 16]),
            None,
            "neither count can be put in the other's place"
        );
        assert_eq!(
            Tries::from_record(
                &record,
                Counter::Unlock,
                &Secret32::from_slice(&[9; 32]).unwrap(),
                &[2; 16]
            ),
            None
        );
        for at in 0..record.len() {
            let mut changed = record.clone();
            changed[at] ^= 1;
            assert_eq!(
                Tries::from_record(&changed, Counter::Unlock, &key, &[2; 16]),
                None
            );
            assert_eq!(
                Tries::from_record(&record[..at], Counter::Unlock, &key, &[2; 16]),
                None
            );
        }
    }

    #[test]
    fn forgiving_never_exceeds_what_was_begun() {
        let tries = Tries::default().begin(1).forgive_one().forgive_one();
        assert_eq!((tries.begun, tries.forgiven, tries.wrong()), (1, 1, 0));
        assert_eq!(tries.begin(2).wrong(), 1);
    }
}

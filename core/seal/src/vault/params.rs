//! How hard a PIN is to guess: Argon2id (RFC 9106) and its cost. The cost is stored with the slot, so that it can be
//! raised; it is authenticated there, and a cost below the floor is refused even if it authenticates.

use argon2::{Algorithm, Argon2, Block, Version};
use zeroize::Zeroizing;

use crate::secret::Secret32;

/// The least that is accepted: 19 MiB, 2 passes (OWASP Password Storage Cheat Sheet).
const FLOOR: (u32, u32) = (19 * 1024, 2);
/// The most that is accepted, so that a damaged or hostile image cannot hang the phone: 1 GiB, 64 passes, 16 lanes.
const CEILING: (u32, u32, u32) = (1024 * 1024, 64, 16);

/// Cost of one guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Params {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

/// The cost is outside what is accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ParamsError {
    /// Guessing would be too cheap.
    #[error("the cost is below the floor of 19 MiB and 2 passes")]
    BelowFloor,
    /// Unlocking would take too long or too much memory.
    #[error("the cost is above the ceiling of 1 GiB, 64 passes and 16 lanes")]
    AboveCeiling,
}

/// The phone has not enough memory free for the cost; nothing was tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NoMemory;

impl Default for Params {
    /// 64 MiB, 3 passes, 1 lane: the second recommendation of RFC 9106, with one lane because lanes run in sequence
    /// here.
    fn default() -> Self {
        Self {
            memory_kib: 64 * 1024,
            passes: 3,
            lanes: 1,
        }
    }
}

impl Params {
    /// A cost, in KiB of memory, passes over it, and lanes.
    ///
    /// # Errors
    /// [`ParamsError`].
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Result<Self, ParamsError> {
        if memory_kib < FLOOR.0 || passes < FLOOR.1 || lanes < 1 {
            return Err(ParamsError::BelowFloor);
        }
        if memory_kib > CEILING.0 || passes > CEILING.1 || lanes > CEILING.2 {
            return Err(ParamsError::AboveCeiling);
        }
        Ok(Self {
            memory_kib,
            passes,
            lanes,
        })
    }

    /// The floor, for tests that unlock often. Accepted like any other cost, so tests run the real code.
    #[must_use]
    pub const fn fast_for_tests() -> Self {
        Self {
            memory_kib: FLOOR.0,
            passes: FLOOR.1,
            lanes: 1,
        }
    }

    pub(super) const fn values(self) -> [u32; 3] {
        [self.memory_kib, self.passes, self.lanes]
    }

    /// Argon2id of the PIN. Takes its memory in a way that can fail, and wipes it before giving it back.
    pub(super) fn stretch(self, pin: &[u8], salt: &[u8; 16]) -> Result<Secret32, NoMemory> {
        let params = argon2::Params::new(self.memory_kib, self.passes, self.lanes, Some(32))
            .map_err(|_| NoMemory)?;
        let count = params.block_count();
        let mut blocks = Zeroizing::new(Vec::new());
        blocks.try_reserve_exact(count).map_err(|_| NoMemory)?;
        blocks.resize(count, Block::new());
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut done = Ok(());
        let key = Secret32::filled(|out| {
            done = argon.hash_password_into_with_memory(pin, salt, out, blocks.as_mut_slice());
        });
        done.map(|()| key).map_err(|_| NoMemory)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// RFC 9106 §5.3.
    #[test]
    fn rfc_9106_argon2id_vector() {
        let params = argon2::ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(argon2::AssociatedData::new(&[4; 12]).unwrap())
            .build()
            .unwrap();
        let argon =
            Argon2::new_with_secret(&[3; 8], Algorithm::Argon2id, Version::V0x13, params).unwrap();
        let mut tag = [0; 32];
        argon
            .hash_password_into(&[1; 32], &[2; 16], &mut tag)
            .unwrap();
        let expected = [
            0x0d, 0x64, 0x0d, 0xf5, 0x8d, 0x78, 0x76, 0x6c, 0x08, 0xc0, 0x37, 0xa3, 0x4a, 0x8b,
            0x53, 0xc9, 0xd0, 0x1e, 0xf0, 0x45, 0x2d, 0x75, 0xb6, 0x5e, 0xb5, 0x25, 0x20, 0xe9,
            0x6b, 0x01, 0xe6, 0x59,
        ];
        assert_eq!(tag, expected);
    }

    #[test]
    fn stretching_uses_the_pin_the_salt_and_the_cost() {
        let base = Params::fast_for_tests();
        let key = base.stretch(b"482917", &[1; 16]).unwrap();
        assert!(key.equals(&base.stretch(b"482917", &[1; 16]).unwrap()));
        assert!(!key.equals(&base.stretch(b"482918", &[1; 16]).unwrap()));
        assert!(!key.equals(&base.stretch(b"482917", &[2; 16]).unwrap()));
        let dearer = Params::new(FLOOR.0, FLOOR.1 + 1, 1).unwrap();
        assert!(!key.equals(&dearer.stretch(b"482917", &[1; 16]).unwrap()));
    }

    #[test]
    fn costs_outside_the_limits_are_refused() {
        for (memory, passes, lanes) in [
            (FLOOR.0 - 1, 2, 1),
            (FLOOR.0, 1, 1),
            (FLOOR.0, 2, 0),
            (8, 1, 1),
        ] {
            assert_eq!(
                Params::new(memory, passes, lanes),
                Err(ParamsError::BelowFloor)
            );
        }
        for (memory, passes, lanes) in [(CEILING.0 + 1, 2, 1), (FLOOR.0, 65, 1), (FLOOR.0, 2, 17)] {
            assert_eq!(
                Params::new(memory, passes, lanes),
                Err(ParamsError::AboveCeiling)
            );
        }
        assert_eq!(Params::new(64 * 1024, 3, 1), Ok(Params::default()));
        assert!(Params::new(FLOOR.0, FLOOR.1, 1).is_ok());
    }
}

//! The PIN at the exit of family mode. The device is in a child's hands and the keys may be pressed for fun, so wrong
//! PINs there make the next try wait, up to one an hour, and never destroy anything. They are counted apart from those
//! at a locked vault, and neither count changes the other. Everything else is as in an unlock.
//!
//! **Only for the exit of family mode**: this count has no limit, so a locked vault must never be opened by it. The
//! caller's types see to that; a session that was killed ends in a locked vault and its unlock.

use crate::hardware::HardwareKeys;

use super::image::VaultImage;
use super::keys::VaultKeys;
use super::tries::Counter;
use super::unlock::{Attempt, UnlockError, begin};

/// Why family mode was not left. The device stays in it, and nothing was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExitError {
    /// The PIN is wrong.
    #[error("wrong PIN")]
    WrongPin {
        /// When the next try is possible, in milliseconds of the caller's clock, if not at once.
        wait_until_ms: Option<u64>,
    },
    /// Too many wrong PINs; nothing was tried.
    #[error("too many wrong PINs, wait")]
    Wait {
        /// When the next try is possible, in milliseconds of the caller's clock.
        until_ms: u64,
    },
    /// As at an unlock, and never `WrongPin` or `Wait`. `SlotDestroyed` only if there was no PIN slot to begin with.
    #[error(transparent)]
    Other(UnlockError),
}

/// A counted try to leave, not yet decided. Wiped on drop; dropping it leaves the try counted.
pub struct ExitAttempt {
    attempt: Attempt,
    now_ms: u64,
}

/// Begins a try to leave family mode; the counterpart of [`super::begin_attempt`], with the same cost and the same duty:
/// **the caller stores the image, durably, before calling [`ExitAttempt::finish`]**, and also after
/// [`ExitError::Wait`], which may have changed it.
///
/// # Errors
/// [`ExitError`], except `WrongPin`. The image is unchanged but in the case named.
pub fn begin_exit_attempt(
    image: &mut VaultImage,
    hw: &dyn HardwareKeys,
    pin: &[u8],
    now_ms: u64,
) -> Result<ExitAttempt, ExitError> {
    match begin(image, hw, pin, now_ms, Counter::Exit) {
        Ok(attempt) => Ok(ExitAttempt { attempt, now_ms }),
        Err(UnlockError::Wait { until_ms }) => Err(ExitError::Wait { until_ms }),
        Err(other) => Err(ExitError::Other(other)),
    }
}

impl ExitAttempt {
    /// Decides the try: the keys to open the vault with again, or a wait. The caller stores the image again afterwards,
    /// whatever the result.
    ///
    /// # Errors
    /// [`ExitError::WrongPin`]; [`ExitError::Other`] as [`Attempt::finish`].
    pub fn finish(
        self,
        image: &mut VaultImage,
        hw: &dyn HardwareKeys,
    ) -> Result<VaultKeys, ExitError> {
        match self.attempt.finish(image, hw) {
            Ok(keys) => Ok(keys),
            Err(UnlockError::WrongPin { .. }) => {
                let mut tries = image.exit_tries;
                Err(ExitError::WrongPin {
                    wait_until_ms: tries.wait_until(self.now_ms),
                })
            }
            Err(other) => Err(ExitError::Other(other)),
        }
    }
}

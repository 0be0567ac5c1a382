//! Leaving needs the worker. Wrong PINs here only make the next try wait: a child who presses keys destroys nothing.

use visitbook_seal::vault::{self, ExitError, VaultKeys};

use super::Family;
use crate::locked::{StillLocked, store_vault};
use crate::spool::SpoolError;
use crate::working::Working;

/// Why the device is still in family mode. Nothing was lost.
#[derive(Debug, thiserror::Error)]
pub enum LeaveError {
    /// The PIN, the wait after wrong ones, or the keystore.
    #[error(transparent)]
    Exit(#[from] ExitError),
    /// Something that was handed in could not be stored; it is kept in memory, sealed.
    #[error("something that was handed in is not stored yet")]
    NotStored(#[from] SpoolError),
    /// The file system failed.
    #[error("the device's folder could not be read or written")]
    Io(#[from] std::io::Error),
}

/// A device that did not leave family mode, or that left it and did not open.
pub enum StillFamily {
    /// As it was, and why.
    Inside(Box<Family>, LeaveError),
    /// The PIN was right and the book did not open: family mode is over, and the device is locked.
    Locked(Box<StillLocked>),
}

impl std::fmt::Debug for StillFamily {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Inside(_, error) => error.fmt(f),
            Self::Locked(still) => still.fmt(f),
        }
    }
}

impl Family {
    /// Leaves family mode with the worker's PIN: opens the vault again, opens what was handed in and checks its chain. Blocks for
    /// as long as the PIN is made to cost. What is on the page and was not handed in goes.
    ///
    /// # Errors
    /// [`StillFamily`]. To whoever holds the device say [`visitbook_record::words::nothing_to_read`] and nothing else.
    pub fn leave(mut self, pin: &[u8]) -> Result<Working, StillFamily> {
        let keys = match self.prove(pin) {
            Ok(keys) => keys,
            Err(error) => return Err(StillFamily::Inside(Box::new(self), error)),
        };
        let (session, count) = (self.poster.session(), self.poster.count());
        let Self { locked, .. } = self;
        let mut working = Working::open(locked, keys).map_err(StillFamily::Locked)?;
        if working.left_family(&session, count).is_err() {
            tracing::warn!("a family session could not be marked as left");
        }
        Ok(working)
    }

    fn prove(&mut self, pin: &[u8]) -> Result<VaultKeys, LeaveError> {
        self.store_what_is_not()?;
        let now_ms = u64::try_from(self.locked.clock.read().wall.0).unwrap_or(0);
        let locked = &mut self.locked;
        let hardware = locked.hardware.as_ref();
        let before = locked.image.generation();
        let attempt = vault::begin_exit_attempt(&mut locked.image, hardware, pin, now_ms);
        if locked.image.generation() != before {
            store_vault(&locked.outbox.folder, &locked.image)?;
        }
        let attempt = attempt?;
        let counted = locked.image.generation();
        let outcome = attempt.finish(&mut locked.image, hardware);
        if locked.image.generation() != counted {
            store_vault(&locked.outbox.folder, &locked.image)?;
        }
        Ok(outcome?)
    }
}

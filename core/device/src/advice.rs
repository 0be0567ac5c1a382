//! What to do when a device does not open. An error says what is the matter; this says the next step, in words for whoever
//! stands beside the worker: first how what is on the device reaches the council, then how work goes on.

use visitbook_seal::vault;

use crate::error::{OpenError, UnlockError};
use crate::spool::SpoolError;
use crate::store::StoreError;

/// Of a device that will not be unlocked again.
const SEND_AND_BEGIN_AGAIN: &str = "Let it send what waits, which needs no PIN; then make another device with a new code: \
    all that the council has comes back. Keep this folder as it is for the council's ICT.";
const UPDATE: &str = "Update the app; nothing was changed.";
const MAKE_ROOM: &str = "Make room and try again; nothing was changed.";
const AGAIN: &str =
    "Try again; if it stays so, restart the device and ask the council's ICT. Nothing was changed.";
const ASK: &str = "Keep this folder as it is and ask the council's ICT.";

impl StoreError {
    /// What to do about it.
    #[must_use]
    pub const fn what_to_do(&self) -> &'static str {
        match self {
            Self::Missing | Self::WrongKey | Self::WrongVault | Self::Damaged => {
                SEND_AND_BEGIN_AGAIN
            }
            Self::NewerVersion => UPDATE,
            Self::Full => MAKE_ROOM,
            Self::Io => AGAIN,
            Self::Row(_) | Self::Sql(_) => ASK,
        }
    }
}

impl SpoolError {
    const fn what_to_do(&self) -> &'static str {
        match self {
            Self::Full => MAKE_ROOM,
            _ => AGAIN,
        }
    }
}

impl OpenError {
    /// What to do about it.
    #[must_use]
    pub const fn what_to_do(&self) -> &'static str {
        match self {
            Self::Busy => "Close the other program, then try again.",
            Self::Vault(vault::VaultError::Missing) => {
                "Make it a device with a code from the council. If it was one, its keys are gone: let it send what waits first."
            }
            Self::Vault(vault::VaultError::Damaged) => SEND_AND_BEGIN_AGAIN,
            Self::Vault(vault::VaultError::NewerVersion) => UPDATE,
            Self::NotEnrolled => {
                "Enrol it again with the same PIN and a code from the council; nothing that is here is replaced."
            }
            Self::Spool(error) => error.what_to_do(),
            Self::Io(_) => AGAIN,
        }
    }
}

impl UnlockError {
    /// What to do about it.
    #[must_use]
    pub const fn what_to_do(&self) -> &'static str {
        use vault::UnlockError as E;
        match self {
            Self::Vault(E::WrongPin { .. }) => {
                "Try again, or ask the council's ICT for a new code."
            }
            Self::Vault(E::Wait { .. }) => "Wait a little, then try again.",
            Self::Vault(E::SlotDestroyed | E::Damaged) => SEND_AND_BEGIN_AGAIN,
            Self::Vault(E::BiometricGone) => "Use the PIN.",
            Self::Vault(E::KeystoreBusy(_)) => "Try again; no try was used.",
            Self::Vault(E::KeystoreLocked) => {
                "Unlock the phone itself and try again; no try was used."
            }
            Self::Vault(E::KeystoreGone(_) | E::KeystoreChanged) => {
                "Restart the phone and try once more. If it says so again, let it send what waits, which needs no PIN, and ask the council's ICT for a new code."
            }
            Self::Vault(E::NoMemory) => "Close other apps and try again; no try was used.",
            Self::Store(error) => error.what_to_do(),
            Self::Spool(error) => error.what_to_do(),
            Self::Save(_) | Self::Council(_) => ASK,
            Self::Seal(_) | Self::NoRandomness(_) | Self::Io(_) => AGAIN,
        }
    }
}

//! What goes wrong with the device's own files, its vault and the phone's keystore.

use visitbook_device::spool::SpoolError;
use visitbook_device::{CarryError, OpenError, StoreError, UnlockError};
use visitbook_seal::envelope::SealError;
use visitbook_seal::hardware::HwError;
use visitbook_seal::vault;

use super::{VisitbookError, as_storage, as_unlock, capital, told};

impl From<StoreError> for VisitbookError {
    fn from(error: StoreError) -> Self {
        as_storage(match error {
            StoreError::Missing => told(
                "book_missing",
                "The book's file is not on this device. Nothing was made in its place. What was sent is safe at the council; ask its ICT.",
                false,
            ),
            StoreError::WrongKey | StoreError::WrongVault => told(
                "book_of_another_vault",
                "The book's file belongs to another device or an older copy of this one. It stays where it is; ask the council's ICT.",
                false,
            ),
            StoreError::Damaged => told(
                "book_damaged",
                "The book's file is damaged. It stays where it is; ask the council's ICT.",
                false,
            ),
            StoreError::NewerVersion => told(
                "newer_version",
                "A newer version of the app wrote this. Update the app.",
                false,
            ),
            StoreError::Full => told(
                "storage_full",
                "The device's storage is full and nothing was changed. Make room and try again.",
                true,
            ),
            StoreError::Io => told(
                "storage_failed",
                "The device's storage could not be read or written and nothing was changed. Try again.",
                true,
            ),
            StoreError::Row(_) | StoreError::Sql(_) => told(
                "book_unreadable",
                format!(
                    "{}. It stays where it is; ask the council's ICT.",
                    capital(&error.to_string())
                ),
                false,
            ),
        })
    }
}

pub(super) fn of_files() -> VisitbookError {
    StoreError::Io.into()
}

pub(super) fn no_randomness() -> VisitbookError {
    as_storage(told(
        "no_randomness",
        "The operating system gave no randomness, so nothing was made. Try again.",
        true,
    ))
}

pub(super) fn of_spool(error: &SpoolError) -> VisitbookError {
    match error {
        SpoolError::Full => StoreError::Full.into(),
        SpoolError::Io(_) => of_files(),
        SpoolError::Damaged | SpoolError::Gone | SpoolError::KeyTaken | SpoolError::TooLarge => {
            as_storage(told(
                "spool_damaged",
                "A file with sealed work is damaged. The book is whole, and the work is sealed again at the next unlock.",
                true,
            ))
        }
    }
}

pub(super) fn of_sealing(error: SealError) -> VisitbookError {
    match error {
        SealError::NoRandomness => no_randomness(),
        SealError::BadKey | SealError::TooLarge | SealError::Exhausted => as_storage(told(
            "not_sealed",
            "It could not be sealed for the council. Lock the book, unlock it and try again.",
            true,
        )),
    }
}

pub(super) fn of_keystore(error: HwError) -> VisitbookError {
    as_unlock(match error {
        HwError::LockedNow => told(
            "keystore_locked",
            "The phone itself is locked. Unlock it and try again; no try was used.",
            true,
        ),
        HwError::UserCancelled => told(
            "keystore_cancelled",
            "The prompt was dismissed. Try again; no try was used.",
            true,
        ),
        HwError::NotAuthenticated => told(
            "keystore_not_authenticated",
            "The phone asks for its own unlock first. Unlock it and try again; no try was used.",
            true,
        ),
        HwError::Invalidated | HwError::Missing => told(
            "keystore_gone",
            "The phone's keystore says that the key is gone. Restart the phone and try once more; if it says so again, ask the council's ICT.",
            true,
        ),
        HwError::Transient { code } => told(
            "keystore_transient",
            format!(
                "The phone's keystore did not answer (its code: {code}). Try again; no try was used."
            ),
            true,
        ),
        HwError::Unsupported => told(
            "keystore_unsupported",
            "This phone's keystore cannot do what is needed. Ask the council's ICT for another device.",
            false,
        ),
    })
}

impl From<vault::UnlockError> for VisitbookError {
    fn from(error: vault::UnlockError) -> Self {
        use vault::UnlockError as E;
        as_unlock(match error {
            E::KeystoreBusy(error) | E::KeystoreGone(error) => return of_keystore(error),
            E::KeystoreLocked => return of_keystore(HwError::LockedNow),
            E::WrongPin { left: 1 } => told("wrong_pin", "Wrong PIN. 1 try is left.", false),
            E::WrongPin { left } => told(
                "wrong_pin",
                format!("Wrong PIN. {left} tries are left."),
                false,
            ),
            E::Wait { .. } => told(
                "too_many_wrong_pins",
                "Too many wrong PINs. Wait a little, then try again.",
                true,
            ),
            E::SlotDestroyed => told(
                "pin_destroyed",
                "After ten wrong PINs this PIN no longer opens the book. Nothing was deleted; ask the council's ICT.",
                false,
            ),
            E::BiometricGone => told(
                "biometric_gone",
                "No fingerprint or face opens this book now: none was set, or the phone has changed which ones it knows. Nothing is lost. Use the PIN; after that one can be set again.",
                false,
            ),
            E::KeystoreChanged => told(
                "keystore_changed",
                "The phone's keystore holds another key than this book's. Restart the phone and try once more; if it says so again, ask the council's ICT.",
                true,
            ),
            E::NoMemory => told(
                "no_memory",
                "There is not enough free memory to check the PIN. Close other apps and try again; no try was used.",
                true,
            ),
            E::Damaged => return vault::VaultError::Damaged.into(),
        })
    }
}

impl From<vault::VaultError> for VisitbookError {
    fn from(error: vault::VaultError) -> Self {
        as_storage(match error {
            vault::VaultError::Missing => told(
                "no_device_here",
                "There is no device in this folder. Enrol it with a code from the council.",
                false,
            ),
            vault::VaultError::Damaged => told(
                "vault_damaged",
                "The vault's file is damaged. It stays where it is; ask the council's ICT.",
                false,
            ),
            vault::VaultError::NewerVersion => return StoreError::NewerVersion.into(),
        })
    }
}

impl From<OpenError> for VisitbookError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Busy => {
                Self::busy("This device is open elsewhere. Close that first, then try again.")
            }
            OpenError::Vault(error) => error.into(),
            OpenError::NotEnrolled => as_storage(told(
                "not_enrolled",
                "Enrolling was begun here and not completed. Enrol again with the same PIN and code.",
                false,
            )),
            OpenError::Spool(error) => of_spool(&error),
            OpenError::Io(_) => of_files(),
        }
    }
}

impl From<UnlockError> for VisitbookError {
    fn from(error: UnlockError) -> Self {
        match error {
            UnlockError::Vault(error) => error.into(),
            UnlockError::Store(error) => error.into(),
            UnlockError::Spool(error) => of_spool(&error),
            UnlockError::Council(_) => as_storage(told(
                "council_keys_damaged",
                "The council's keys that this device keeps are not what they were. Ask the council's ICT.",
                false,
            )),
            UnlockError::Seal(error) => of_sealing(error),
            UnlockError::NoRandomness(_) => no_randomness(),
            UnlockError::Io(_) => of_files(),
            UnlockError::Save(error) => (*error).into(),
        }
    }
}

impl From<CarryError> for VisitbookError {
    fn from(error: CarryError) -> Self {
        match error {
            CarryError::Spool(error) => of_spool(&error),
            CarryError::Io(_) => of_files(),
            CarryError::Seal(error) => of_sealing(error),
        }
    }
}

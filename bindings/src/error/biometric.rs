//! What goes wrong when a fingerprint or face is to open a book: as with a PIN, but there is another way, and no tries.

use visitbook_device::{BiometricError, UnlockError};
use visitbook_seal::hardware::HwError;
use visitbook_seal::vault;

use super::opening::of_keystore;
use super::{VisitbookError, as_unlock, told};

/// The codes are those of every call of the keystore; what a person can do is not.
fn of_prompt(error: HwError) -> VisitbookError {
    as_unlock(match error {
        HwError::UserCancelled => told(
            "keystore_cancelled",
            "The prompt was dismissed. Try again, or use the PIN.",
            true,
        ),
        HwError::NotAuthenticated => told(
            "keystore_not_authenticated",
            "The fingerprint or face was not recognised, or too often not. Use the PIN, or try again later.",
            true,
        ),
        HwError::Unsupported => told(
            "keystore_unsupported",
            "This phone does not recognise a fingerprint or face now. Set one up in its settings, or go on with the PIN.",
            false,
        ),
        other => return of_keystore(other),
    })
}

impl VisitbookError {
    /// Why a fingerprint or face did not open a book.
    pub(crate) fn of_biometric_unlock(error: UnlockError) -> Self {
        match error {
            UnlockError::Vault(vault::UnlockError::KeystoreBusy(error)) => of_prompt(error),
            other => other.into(),
        }
    }
}

impl From<BiometricError> for VisitbookError {
    fn from(error: BiometricError) -> Self {
        match error {
            BiometricError::Vault(vault::ChangeError::Keystore(error)) => of_prompt(error),
            BiometricError::Vault(error) => error.into(),
            BiometricError::Store(error) => error.into(),
        }
    }
}

//! The phone's keystore, as the apps implement it and as the core asks for it.

use std::sync::Arc;

use visitbook_seal::hardware::{self as core, HwError};
use zeroize::Zeroizing;

/// When a key in the keystore may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum KeyPolicy {
    /// Without a person, also while the phone is locked (after its first unlock).
    Background,
    /// Only while the phone is unlocked.
    UnlockedDevice,
    /// Only by a biometric that was enrolled when the key was made. The key dies when another one is enrolled.
    BiometricCurrentSet,
}

impl From<core::KeyPolicy> for KeyPolicy {
    fn from(policy: core::KeyPolicy) -> Self {
        match policy {
            core::KeyPolicy::Background => Self::Background,
            core::KeyPolicy::UnlockedDevice => Self::UnlockedDevice,
            core::KeyPolicy::BiometricCurrentSet => Self::BiometricCurrentSet,
        }
    }
}

/// How a keystore fails. Map each of the platform's errors to one of these, and **whatever you do not know to
/// `Transient`, never to `Missing`**: `Missing` makes the app tell a person that a key is lost. Whatever else an
/// implementation throws is taken for `Transient` with code 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum KeystoreError {
    /// The phone is locked, or was started by the system before its first unlock: try later, change nothing.
    #[error("the phone's keystore is locked now")]
    LockedNow,
    /// The person dismissed the prompt.
    #[error("the prompt was dismissed")]
    UserCancelled,
    /// The phone has not been unlocked recently enough, or the person was not recognised: ask again.
    #[error("the phone asks for its own unlock first")]
    NotAuthenticated,
    /// The key is dead for good: a new biometric was enrolled, or the lock screen was removed.
    #[error("the key in the phone's keystore is no longer valid")]
    Invalidated,
    /// The keystore works and says that there is no such key.
    #[error("the key is not in the phone's keystore")]
    Missing,
    /// Everything else: try again later, delete nothing.
    #[error("the phone's keystore did not answer")]
    Transient {
        /// The platform's own code, for support.
        code: i64,
    },
    /// This phone cannot do it, or has no fingerprint or face enrolled.
    #[error("the phone's keystore cannot do this")]
    Unsupported,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for KeystoreError {
    /// The reason is dropped: it is the text of a foreign exception and may hold anything.
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Transient { code: 0 }
    }
}

impl From<KeystoreError> for HwError {
    fn from(error: KeystoreError) -> Self {
        match error {
            KeystoreError::LockedNow => Self::LockedNow,
            KeystoreError::UserCancelled => Self::UserCancelled,
            KeystoreError::NotAuthenticated => Self::NotAuthenticated,
            KeystoreError::Invalidated => Self::Invalidated,
            KeystoreError::Missing => Self::Missing,
            KeystoreError::Transient { code } => Self::Transient { code },
            KeystoreError::Unsupported => Self::Unsupported,
        }
    }
}

/// The phone's secure hardware: keys that never leave it, and a few small values that are not restored when the app's
/// files are. Implement it over the Android Keystore, or the keychain and Secure Enclave.
///
/// It is called from `LockedBook.enrol`, `unlock` and `unlock_with_biometric`, and from `Book.lock`, `add_biometric` and
/// `remove_biometric`, on the thread that called those; and by a sync after a child's file has moved away, which gives the
/// book a new key. A call may block for as long as the platform takes, and `derive` under a key of the policy
/// `BiometricCurrentSet` blocks until the person has answered the platform's prompt, which it shows. No lock of this library
/// is held meanwhile, but in that sync; the device's folder is, so opening the same folder again from within gives the code
/// `busy`.
#[uniffi::export(foreign)]
pub trait HardwareKeys: Send + Sync {
    /// Makes the key if it is not there. Never replaces a key.
    fn ensure(&self, alias: String, policy: KeyPolicy) -> Result<(), KeystoreError>;

    /// A pseudo-random function of `input` under the key, such as HMAC-SHA-256: always the same 32 bytes for the same key
    /// and input. A key that does not exist is `Missing` and is not made.
    fn derive(&self, alias: String, input: Vec<u8>) -> Result<Vec<u8>, KeystoreError>;

    /// Stores up to 256 bytes, durably before it returns, where a restored backup does not bring them back.
    fn put_small(&self, name: String, value: Vec<u8>) -> Result<(), KeystoreError>;

    /// Reads what `put_small` stored; nothing if there is nothing.
    fn get_small(&self, name: String) -> Result<Option<Vec<u8>>, KeystoreError>;

    /// Destroys a key for good. A key that does not exist is no error.
    fn delete(&self, alias: String) -> Result<(), KeystoreError>;

    /// Whether keys other than `Background` can be used now. Must not block. What it throws counts as "yes", except
    /// `LockedNow`: the call that needs the key then says what is the matter.
    fn protected_data_available(&self) -> Result<bool, KeystoreError>;
}

/// An app's keystore as the core asks for it.
pub(crate) struct ForeignKeys(pub(crate) Arc<dyn HardwareKeys>);

impl core::HardwareKeys for ForeignKeys {
    fn ensure(&self, alias: &str, policy: core::KeyPolicy) -> Result<(), HwError> {
        Ok(self.0.ensure(alias.to_owned(), policy.into())?)
    }

    fn derive(&self, alias: &str, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, HwError> {
        Ok(Zeroizing::new(
            self.0.derive(alias.to_owned(), input.to_vec())?,
        ))
    }

    fn put_small(&self, name: &str, value: &[u8]) -> Result<(), HwError> {
        Ok(self.0.put_small(name.to_owned(), value.to_vec())?)
    }

    fn get_small(&self, name: &str) -> Result<Option<Vec<u8>>, HwError> {
        Ok(self.0.get_small(name.to_owned())?)
    }

    fn delete(&self, alias: &str) -> Result<(), HwError> {
        Ok(self.0.delete(alias.to_owned())?)
    }

    fn protected_data_available(&self) -> bool {
        // A platform that cannot say is asked for the key itself, and says then what is the matter.
        match self.0.protected_data_available() {
            Ok(available) => available,
            Err(error) => error != KeystoreError::LockedNow,
        }
    }
}

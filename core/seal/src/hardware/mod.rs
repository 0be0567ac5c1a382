//! What is asked of the phone's secure hardware: keys that never leave it, and a few small values that survive when
//! files are copied back. The apps implement [`HardwareKeys`] over the Android Keystore and the Apple keychain and
//! Secure Enclave; [`SoftwareKeys`] stands in where there is none.
//!
//! Keystores fail in many ways, most of them passing. The one rule that keeps data alive: **an error that is not
//! understood is [`HwError::Transient`], never [`HwError::Missing`]**.

mod failing;
mod software;

pub use failing::{FailingKeys, Fault};
pub use software::{SoftwareKeys, SoftwareKeysError};

use zeroize::Zeroizing;

/// When a hardware key may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum KeyPolicy {
    /// Without a person, also while the phone is locked (after its first unlock).
    Background = 1,
    /// Only while the phone is unlocked.
    UnlockedDevice = 2,
    /// Only by a biometric enrolled when the key was made; dies when another one is enrolled.
    BiometricCurrentSet = 3,
}

/// How a keystore fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum HwError {
    /// The phone is locked, or was started by the system before its first unlock: try later, change nothing.
    #[error("the phone's keystore is locked now")]
    LockedNow,
    /// The person dismissed the prompt.
    #[error("the prompt was dismissed")]
    UserCancelled,
    /// The phone has not been unlocked recently enough: ask again.
    #[error("the phone asks for its own unlock first")]
    NotAuthenticated,
    /// The key is dead for good: a new biometric was enrolled, or the lock screen was removed.
    #[error("the key in the phone's keystore is no longer valid")]
    Invalidated,
    /// The keystore works and says that there is no such key.
    #[error("the key is not in the phone's keystore")]
    Missing,
    /// Everything else: try again later, delete nothing.
    #[error("the phone's keystore did not answer (code {code})")]
    Transient {
        /// The platform's own code, for support.
        code: i64,
    },
    /// This phone cannot do it.
    #[error("the phone's keystore cannot do this")]
    Unsupported,
}

/// The phone's secure hardware. Calls may block for as long as the platform takes, a biometric prompt included; no lock
/// of this crate is held during a call.
pub trait HardwareKeys: Send + Sync {
    /// Makes the key if it is not there. Never replaces a key.
    ///
    /// # Errors
    /// [`HwError`].
    fn ensure(&self, alias: &str, policy: KeyPolicy) -> Result<(), HwError>;

    /// A pseudo-random function of `input` under the key: always the same 32 bytes for the same key and input. The
    /// length is checked by the caller.
    ///
    /// # Errors
    /// [`HwError`]; a key that does not exist is [`HwError::Missing`], and is not made.
    fn derive(&self, alias: &str, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, HwError>;

    /// Stores up to 256 bytes that are not restored when the app's files are. Durable when it returns.
    ///
    /// # Errors
    /// [`HwError`].
    fn put_small(&self, name: &str, value: &[u8]) -> Result<(), HwError>;

    /// Reads what `put_small` stored; `None` if there is nothing.
    ///
    /// # Errors
    /// [`HwError`].
    fn get_small(&self, name: &str) -> Result<Option<Vec<u8>>, HwError>;

    /// Destroys a key for good. A key that does not exist is no error.
    ///
    /// # Errors
    /// [`HwError`].
    fn delete(&self, alias: &str) -> Result<(), HwError>;

    /// Whether keys other than [`KeyPolicy::Background`] can be used now. Never blocks.
    fn protected_data_available(&self) -> bool;
}

impl<K: HardwareKeys + ?Sized> HardwareKeys for &K {
    fn ensure(&self, alias: &str, policy: KeyPolicy) -> Result<(), HwError> {
        (**self).ensure(alias, policy)
    }
    fn derive(&self, alias: &str, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, HwError> {
        (**self).derive(alias, input)
    }
    fn put_small(&self, name: &str, value: &[u8]) -> Result<(), HwError> {
        (**self).put_small(name, value)
    }
    fn get_small(&self, name: &str) -> Result<Option<Vec<u8>>, HwError> {
        (**self).get_small(name)
    }
    fn delete(&self, alias: &str) -> Result<(), HwError> {
        (**self).delete(alias)
    }
    fn protected_data_available(&self) -> bool {
        (**self).protected_data_available()
    }
}

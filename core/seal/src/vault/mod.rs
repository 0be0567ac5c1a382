//! The keys on the device, under a PIN and the phone's secure hardware: bytes in, bytes out. The caller keeps the
//! image in two files and replaces them one after the other.
//!
//! The order of an unlock:
//!
//! 1. [`choose`] between the two copies,
//! 2. [`begin_attempt`]: asks the keystore and counts the try,
//! 3. the caller stores the image durably,
//! 4. [`Attempt::finish`]: the keys, or one try fewer,
//! 5. the caller stores the image again.
//!
//! At the exit of family mode [`begin_exit_attempt`] takes the place of step 2, with a count of its own that makes
//! people wait and destroys nothing.
//!
//! Ten wrong PINs at a locked vault destroy the PIN slot and nothing else: the file stays, a biometric slot still opens
//! it, and what was saved is already sealed to the council.

#[cfg(test)]
mod attacks;
mod biometric;
mod exit;
mod image;
mod keys;
mod params;
mod pin;
mod slots;
mod tries;
mod unlock;

pub use biometric::{
    BiometricChange, BiometricOffer, delete_biometric_key, offer_biometric,
    offer_without_biometric, unlock_biometric,
};
pub use exit::{ExitAttempt, ExitError, begin_exit_attempt};
pub use image::{VaultError, VaultIds, VaultImage, choose};
pub use keys::{OpenedBy, VaultKeys};
pub use params::{Params, ParamsError};
pub use pin::{PinError, check_pin};
pub use slots::CODE_WRONG_LENGTH;
pub use tries::MAX_WRONG_PINS;
pub use unlock::{Attempt, UnlockError, begin_attempt};

use crate::hardware::{HardwareKeys, HwError, KeyPolicy};
use crate::secret::NoRandomness;

use slots::{NewSlotError, PinKeyError};
use tries::{Counter, Tries};

/// Why a vault or slot was not made. What there was before is unchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ChangeError {
    /// The new PIN is not accepted.
    #[error(transparent)]
    Pin(#[from] PinError),
    /// The keystore did not do its part; try again.
    #[error(transparent)]
    Keystore(#[from] HwError),
    /// The operating system gave no randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// Not enough memory free for the PIN's cost.
    #[error("not enough memory to set the PIN")]
    NoMemory,
    /// The keys are not those of this vault.
    #[error("the keys belong to another vault")]
    OtherVault,
    /// A biometric slot is made only in a vault that was opened with its PIN.
    #[error("the PIN has to be entered first")]
    PinNeeded,
    /// The image was not written by this phone, or its keystore's key has changed.
    #[error("the vault file is not genuine")]
    NotGenuine,
}

impl From<NewSlotError> for ChangeError {
    fn from(error: NewSlotError) -> Self {
        match error {
            NewSlotError::NoRandomness => Self::NoRandomness(NoRandomness),
            NewSlotError::Key(PinKeyError::NoMemory) => Self::NoMemory,
            NewSlotError::Key(PinKeyError::Keystore(error)) => Self::Keystore(error),
        }
    }
}

/// Makes a new vault with fresh keys. If it fails half-way, only an unused key may remain in the keystore.
///
/// # Errors
/// [`ChangeError`].
pub fn create(
    hw: &dyn HardwareKeys,
    pin: &[u8],
    params: Params,
    ids: VaultIds,
) -> Result<(VaultImage, VaultKeys), ChangeError> {
    check_pin(pin)?;
    let keys = VaultKeys::generate(ids.vault)?;
    hw.ensure(&slots::vault_alias(&ids), KeyPolicy::UnlockedDevice)?;
    let base = slots::base(hw, &ids)?;
    let mut image = VaultImage {
        ids,
        generation: 0,
        pin: Some(slots::new_pin_slot(hw, &ids, pin, params, keys.root())?),
        biometric: None,
        tries: Tries::default(),
        exit_tries: Tries::default(),
        wrapped: keys.wrap()?,
        database_check: keys.database_check(),
        keystore_check: base.check,
        mac: [0; 32],
    };
    image.changed(&base.mac_key);
    Ok((image, keys))
}

/// Sets a new PIN, in place of the old one or of one destroyed by wrong tries, and forgives the wrong tries. The
/// person who asks has to have been asked for the old PIN just before, unless that is what was lost. The caller
/// stores the image.
///
/// If the keystore has lost the vault's key (and the vault was opened by a biometric), a new one is made.
///
/// # Errors
/// [`ChangeError`]; the image is then unchanged.
pub fn change_pin(
    image: &mut VaultImage,
    hw: &dyn HardwareKeys,
    keys: &VaultKeys,
    pin: &[u8],
    params: Params,
) -> Result<(), ChangeError> {
    check_pin(pin)?;
    if keys.vault() != image.ids.vault {
        return Err(ChangeError::OtherVault);
    }
    let ids = image.ids;
    hw.ensure(&slots::vault_alias(&ids), KeyPolicy::UnlockedDevice)?;
    let base = slots::base(hw, &ids)?;
    let slot = slots::new_pin_slot(hw, &ids, pin, params, keys.root())?;
    // The keystore's counts, where they are higher, must not make the first try of the new PIN a late one.
    let unlock = unlock::counted(image, hw, &base.mac_key, Counter::Unlock)?.forgive_all();
    let exit = unlock::counted(image, hw, &base.mac_key, Counter::Exit)?.forgive_all();
    image.pin = Some(slot);
    image.tries = unlock;
    image.exit_tries = exit;
    image.keystore_check = base.check;
    image.changed(&base.mac_key);
    Ok(())
}

/// Gives the database a new key and salt, so that what was in the old file (a purged case, say) is beyond reach
/// once that file is gone. The caller copies the database into a new file under the returned keys, then stores the
/// image, then removes the old file: whenever that is cut short, the stored image and one of the files match.
///
/// # Errors
/// [`ChangeError`]; the image is then unchanged.
pub fn replace_database_key(
    image: &mut VaultImage,
    hw: &dyn HardwareKeys,
    keys: &VaultKeys,
) -> Result<VaultKeys, ChangeError> {
    if keys.vault() != image.ids.vault {
        return Err(ChangeError::OtherVault);
    }
    let base = genuine(image, hw)?;
    let new = keys.with_new_database_key()?;
    image.wrapped = new.wrap()?;
    image.database_check = new.database_check();
    image.changed(&base.mac_key);
    Ok(new)
}

fn genuine(image: &VaultImage, hw: &dyn HardwareKeys) -> Result<slots::Base, ChangeError> {
    unlock::genuine(image, hw).map_err(|error| match error {
        UnlockError::KeystoreBusy(error) | UnlockError::KeystoreGone(error) => {
            ChangeError::Keystore(error)
        }
        UnlockError::KeystoreLocked => ChangeError::Keystore(HwError::LockedNow),
        _ => ChangeError::NotGenuine,
    })
}

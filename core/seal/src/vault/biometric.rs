//! The biometric slot: a second way to the same root key, for convenience. The phone destroys its key when an enrolled
//! fingerprint or face is added or removed; then the PIN opens, and only whoever has just proved the PIN makes a new slot.
//!
//! The platform's prompt may stand for half a minute, and the caller's vault should not be held up for that long. So
//! making a slot comes in three steps, of which the middle one, with the prompt, needs neither image nor keys:
//! [`offer_biometric`], [`BiometricOffer::make`], [`BiometricChange::put`].
//!
//! Opening by it neither counts nor forgives wrong PINs, and does not wait for them: the prompt has the keystore's own
//! limit on tries.

use crate::hardware::{HardwareKeys, HwError, KeyPolicy};
use crate::secret::Secret32;

use super::image::{BiometricSlot, VaultIds, VaultImage};
use super::keys::{OpenedBy, VaultKeys};
use super::slots::{self, NewSlotError, PinKeyError};
use super::unlock::{self, UnlockError};
use super::{ChangeError, genuine};

/// A biometric slot to be made, or to be taken away. Wiped on drop.
pub struct BiometricOffer {
    image: VaultImage,
    /// None: to be taken away.
    root: Option<Secret32>,
}

/// A vault's new biometric slot, or that it has none any more. Wiped on drop.
pub struct BiometricChange {
    vault: [u8; 16],
    slot: Option<BiometricSlot>,
    mac_key: Secret32,
}

/// Begins to make a biometric slot, or to replace one.
///
/// # Errors
/// [`ChangeError::PinNeeded`] unless the vault was opened with its PIN; [`ChangeError::OtherVault`].
pub fn offer_biometric(
    image: &VaultImage,
    keys: &VaultKeys,
) -> Result<BiometricOffer, ChangeError> {
    if keys.vault() != image.ids.vault {
        return Err(ChangeError::OtherVault);
    }
    if keys.opened_by() != OpenedBy::Pin {
        return Err(ChangeError::PinNeeded);
    }
    Ok(BiometricOffer {
        image: image.clone(),
        root: Some(keys.root().duplicate()),
    })
}

/// Begins to take the biometric slot away. Whoever has the vault open may.
#[must_use]
pub fn offer_without_biometric(image: &VaultImage) -> BiometricOffer {
    BiometricOffer {
        image: image.clone(),
        root: None,
    }
}

impl BiometricOffer {
    /// Asks the keystore, and through it the person. If it fails half-way, only an unused key may remain there.
    ///
    /// # Errors
    /// [`ChangeError`].
    pub fn make(self, hw: &dyn HardwareKeys) -> Result<BiometricChange, ChangeError> {
        let base = genuine(&self.image, hw)?;
        let ids = self.image.ids;
        let slot = self
            .root
            .as_ref()
            .map(|root| make_slot(hw, &ids, root))
            .transpose()?;
        Ok(BiometricChange {
            vault: ids.vault,
            slot,
            mac_key: base.mac_key,
        })
    }
}

fn make_slot(
    hw: &dyn HardwareKeys,
    ids: &VaultIds,
    root: &Secret32,
) -> Result<BiometricSlot, ChangeError> {
    let alias = slots::biometric_alias(ids);
    hw.ensure(&alias, KeyPolicy::BiometricCurrentSet)?;
    Ok(match slots::new_biometric_slot(hw, ids, root) {
        // Dead for good, and nothing but the slot being replaced hung on it.
        Err(NewSlotError::Key(PinKeyError::Keystore(HwError::Invalidated))) => {
            hw.delete(&alias)?;
            hw.ensure(&alias, KeyPolicy::BiometricCurrentSet)?;
            slots::new_biometric_slot(hw, ids, root)
        }
        other => other,
    }?)
}

impl BiometricChange {
    /// Puts it into the vault, as the vault is now. The caller stores the image, and then, if the slot was taken away, calls
    /// [`delete_biometric_key`].
    ///
    /// # Errors
    /// [`ChangeError::OtherVault`]; the image is then unchanged.
    pub fn put(self, image: &mut VaultImage) -> Result<(), ChangeError> {
        if self.vault != image.ids.vault {
            return Err(ChangeError::OtherVault);
        }
        image.biometric = self.slot;
        image.changed(&self.mac_key);
        Ok(())
    }
}

/// Destroys the keystore's key of a slot that was taken away.
///
/// # Errors
/// [`HwError`]; a key without a slot opens nothing.
pub fn delete_biometric_key(ids: &VaultIds, hw: &dyn HardwareKeys) -> Result<(), HwError> {
    hw.delete(&slots::biometric_alias(ids))
}

/// Opens through the biometric slot. The prompt is the keystore's own, and so is its limit on tries.
///
/// A slot whose key the keystore calls dead for good is taken out of the image; the caller stores the image then. That it
/// does not find the key is not believed as easily, and leaves the slot.
///
/// # Errors
/// [`UnlockError::BiometricGone`], the keystore errors, [`UnlockError::Damaged`]. The image is unchanged but in the case
/// named.
pub fn unlock_biometric(
    image: &mut VaultImage,
    hw: &dyn HardwareKeys,
) -> Result<VaultKeys, UnlockError> {
    let slot = image.biometric.as_ref().ok_or(UnlockError::BiometricGone)?;
    let root = match slots::open_biometric_slot(hw, &image.ids, slot) {
        Ok(root) => root,
        Err(HwError::Invalidated) => {
            drop_dead_slot(image, hw);
            return Err(UnlockError::BiometricGone);
        }
        Err(HwError::Missing) => return Err(UnlockError::BiometricGone),
        Err(other) => return Err(unlock::keystore_error(other)),
    };
    // A key that answers, but differently, is one that was made again under the same name.
    let root = root.ok_or(UnlockError::BiometricGone)?;
    VaultKeys::unwrap_from(image, root, OpenedBy::Biometric).map_err(|_| UnlockError::Damaged)
}

/// If the keystore does not give what authenticates the image, the dead slot stays and does no harm.
fn drop_dead_slot(image: &mut VaultImage, hw: &dyn HardwareKeys) {
    if let Ok(base) = unlock::genuine(image, hw) {
        image.biometric = None;
        image.changed(&base.mac_key);
    }
}

//! Opening a vault. The count of tries is made durable before the one step that tells a right PIN from a wrong one, so
//! switching the phone off gains no free guess. Everything that can fail for reasons of the phone's keystore comes
//! before the count, so it costs no try. No failure here changes anything but that count, and a keystore that does
//! not answer is never taken for one that has lost the key.

use crate::hardware::{HardwareKeys, HwError};
use crate::secret::Secret32;

use super::image::VaultImage;
use super::keys::{OpenedBy, VaultKeys};
use super::slots::{Base, PinKey, PinKeyError, base, open_pin_slot, pin_key, tries_name};
use super::tries::{Counter, MAX_WRONG_PINS, Tries};

/// Why a vault did not open. The image and the database stay where they are in every case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UnlockError {
    /// The PIN is wrong.
    #[error("wrong PIN, {left} tries left")]
    WrongPin {
        /// Tries left before the PIN slot is destroyed.
        left: u32,
    },
    /// Too many wrong PINs; nothing was tried.
    #[error("too many wrong PINs, wait")]
    Wait {
        /// When the next try is possible, in milliseconds of the caller's clock.
        until_ms: u64,
    },
    /// Ten wrong PINs: this slot is gone, everything else is still there.
    #[error("the PIN can no longer open this vault")]
    SlotDestroyed,
    /// There is no biometric slot, or its key died because a new biometric was enrolled. The PIN still opens.
    #[error("the biometric can no longer open this vault")]
    BiometricGone,
    /// The keystore did not answer; try again. Nothing was changed and no try was used.
    #[error("{0}")]
    KeystoreBusy(HwError),
    /// The phone itself is locked; try again after its unlock. Nothing was changed and no try was used.
    #[error("the phone's keystore is locked now")]
    KeystoreLocked,
    /// The keystore says that the vault's key is gone. To be believed only if it says so again after a restart.
    #[error("{0}")]
    KeystoreGone(HwError),
    /// The keystore answers with another key than the vault was made under; as [`UnlockError::KeystoreGone`].
    #[error("the phone's keystore holds another key than this vault's")]
    KeystoreChanged,
    /// Not enough memory free for the PIN's cost; close other apps and try again. No try was used.
    #[error("not enough memory to check the PIN")]
    NoMemory,
    /// The image was altered, or belongs to another vault; try the other copy.
    #[error("the vault file is damaged")]
    Damaged,
}

pub(super) fn keystore_error(error: HwError) -> UnlockError {
    match error {
        HwError::LockedNow => UnlockError::KeystoreLocked,
        HwError::Missing | HwError::Invalidated => UnlockError::KeystoreGone(error),
        other => UnlockError::KeystoreBusy(other),
    }
}

/// A counted try, not yet decided. Wiped on drop; dropping it leaves the try counted.
pub struct Attempt {
    counter: Counter,
    vault: [u8; 16],
    generation: u64,
    mac_key: Secret32,
    pin_key: PinKey,
}

/// Begins a try: asks the keystore, computes the PIN's key (Argon2id, a quarter of a second to a second) and counts
/// the try in the keystore and in `image`.
///
/// **The caller stores the image, durably, before calling [`Attempt::finish`].** It stores it also after
/// [`UnlockError::SlotDestroyed`] and [`UnlockError::Wait`], which may have changed it. `now_ms` is wall-clock time in
/// milliseconds; it is used for waits only.
///
/// # Errors
/// [`UnlockError`], except `WrongPin`. The image is unchanged but in the two cases named.
pub fn begin_attempt(
    image: &mut VaultImage,
    hw: &dyn HardwareKeys,
    pin: &[u8],
    now_ms: u64,
) -> Result<Attempt, UnlockError> {
    begin(image, hw, pin, now_ms, Counter::Unlock)
}

pub(super) fn begin(
    image: &mut VaultImage,
    hw: &dyn HardwareKeys,
    pin: &[u8],
    now_ms: u64,
    counter: Counter,
) -> Result<Attempt, UnlockError> {
    let Some(slot) = image.pin.clone() else {
        return Err(UnlockError::SlotDestroyed);
    };
    let Base { mac_key, .. } = genuine(image, hw)?;
    let ids = image.ids;
    let mut tries = counted(image, hw, &mac_key, counter).map_err(keystore_error)?;
    let store = |tries: Tries| {
        let record = tries.to_record(counter, &mac_key, &ids.vault);
        hw.put_small(&tries_name(counter, &ids), &record)
    };
    if counter == Counter::Unlock && tries.wrong() >= MAX_WRONG_PINS {
        destroy_pin_slot(image, tries, &mac_key);
        return Err(UnlockError::SlotDestroyed);
    }
    if let Some(until_ms) = tries.wait_until(now_ms) {
        if tries != image.tries(counter) {
            image.set_tries(counter, tries);
            image.changed(&mac_key);
            // Only so that a clock set back counts from now on there too; the wait holds without it.
            let _ = store(tries);
        }
        return Err(UnlockError::Wait { until_ms });
    }
    let pin_key = pin_key(hw, &ids, pin, &slot.salt, slot.params).map_err(|error| match error {
        PinKeyError::NoMemory => UnlockError::NoMemory,
        PinKeyError::Keystore(error) => keystore_error(error),
    })?;
    let counted = tries.begin(now_ms);
    if let Err(error) = store(counted) {
        // It may have been stored all the same. No try was made, so the old count is put back if possible.
        let _ = store(tries);
        return Err(keystore_error(error));
    }
    image.set_tries(counter, counted);
    image.changed(&mac_key);
    Ok(Attempt {
        counter,
        vault: ids.vault,
        generation: image.generation,
        mac_key,
        pin_key,
    })
}

impl Attempt {
    /// Decides the try. The caller stores the image again afterwards, whatever the result.
    ///
    /// # Errors
    /// [`UnlockError::WrongPin`], [`UnlockError::SlotDestroyed`], [`UnlockError::KeystoreChanged`] if the keystore
    /// contradicted itself (no try is used), [`UnlockError::Damaged`] if the PIN is right and the vault's content
    /// is not, or if `image` is not the one that the try was begun with.
    pub fn finish(
        self,
        image: &mut VaultImage,
        hw: &dyn HardwareKeys,
    ) -> Result<VaultKeys, UnlockError> {
        if image.ids.vault != self.vault || image.generation != self.generation {
            return Err(UnlockError::Damaged);
        }
        let slot = image.pin.as_ref().ok_or(UnlockError::SlotDestroyed)?;
        if let Some(root) = open_pin_slot(slot, &self.pin_key) {
            self.settle(image, hw, image.tries(self.counter).forgive_all());
            return VaultKeys::unwrap_from(image, root, OpenedBy::Pin)
                .map_err(|_| UnlockError::Damaged);
        }
        if self.pin_key.keystore_contradicts_itself(hw, &image.ids) {
            self.settle(image, hw, image.tries(self.counter).forgive_one());
            return Err(UnlockError::KeystoreChanged);
        }
        let left = MAX_WRONG_PINS.saturating_sub(image.tries(self.counter).wrong());
        if left == 0 && self.counter == Counter::Unlock {
            let tries = image.tries;
            destroy_pin_slot(image, tries, &self.mac_key);
            return Err(UnlockError::SlotDestroyed);
        }
        Err(UnlockError::WrongPin { left })
    }

    /// The image carries the forgiveness, so it holds even if the keystore does not take it now.
    fn settle(&self, image: &mut VaultImage, hw: &dyn HardwareKeys, tries: Tries) {
        image.set_tries(self.counter, tries);
        image.changed(&self.mac_key);
        let _ = hw.put_small(
            &tries_name(self.counter, &image.ids),
            &tries.to_record(self.counter, &self.mac_key, &self.vault),
        );
    }
}

/// Checks that the keystore holds this vault's key and that the image was written under it.
pub(super) fn genuine(image: &VaultImage, hw: &dyn HardwareKeys) -> Result<Base, UnlockError> {
    if !hw.protected_data_available() {
        return Err(UnlockError::KeystoreLocked);
    }
    let base = base(hw, &image.ids).map_err(keystore_error)?;
    if base.check != image.keystore_check {
        return Err(UnlockError::KeystoreChanged);
    }
    if !image.is_genuine(&base.mac_key) {
        return Err(UnlockError::Damaged);
    }
    Ok(base)
}

/// The count, from the image or the keystore, whichever is higher.
pub(super) fn counted(
    image: &VaultImage,
    hw: &dyn HardwareKeys,
    mac_key: &Secret32,
    counter: Counter,
) -> Result<Tries, HwError> {
    let stored = hw.get_small(&tries_name(counter, &image.ids))?;
    let stored = stored
        .as_deref()
        .and_then(|record| Tries::from_record(record, counter, mac_key, &image.ids.vault));
    Ok(image.tries(counter).highest(stored.unwrap_or_default()))
}

fn destroy_pin_slot(image: &mut VaultImage, tries: Tries, mac_key: &Secret32) {
    image.pin = None;
    image.tries = tries;
    image.changed(mac_key);
}

//! Opening by a fingerprint or face, set and taken away. Setting shows the platform's prompt, and people go on writing
//! meanwhile: so whoever keeps the book behind a lock takes the offer out, makes it with the lock free, and hands it back.

use std::sync::Arc;

use visitbook_seal::hardware::HardwareKeys;
use visitbook_seal::vault::{self, BiometricChange, VaultIds};

use super::Working;
use super::attaching::of_disk;
use crate::error::BiometricError;
use crate::locked::store_vault;

/// What is asked of the keystore, without the book.
pub struct BiometricOffer {
    offer: vault::BiometricOffer,
    hardware: Arc<dyn HardwareKeys>,
}

impl BiometricOffer {
    /// Asks the keystore, and through it the person. Blocks for as long as the platform's prompt stands.
    ///
    /// # Errors
    /// [`BiometricError::Vault`]; nothing was changed.
    pub fn make(self) -> Result<BiometricChange, BiometricError> {
        Ok(self.offer.make(self.hardware.as_ref())?)
    }
}

/// The keystore's key of a slot, without the book.
pub struct BiometricKey {
    ids: VaultIds,
    hardware: Arc<dyn HardwareKeys>,
}

impl BiometricKey {
    /// Destroys it, if the keystore does so now. Without its slot it opens nothing, and the next slot would use it again.
    pub fn forget(self) {
        if vault::delete_biometric_key(&self.ids, self.hardware.as_ref()).is_err() {
            tracing::warn!("the keystore kept a key that opens nothing any more");
        }
    }
}

impl Working {
    /// Whether a fingerprint or face opens the book. That the phone has destroyed the key since is found at the next unlock.
    #[must_use]
    pub fn has_biometric(&self) -> bool {
        self.image.has_biometric()
    }

    /// Begins to set a fingerprint or face, in place of the one before. To be made and then handed to
    /// [`Self::take_biometric`].
    ///
    /// # Errors
    /// [`BiometricError::Vault`] with `PinNeeded` if the book was not opened with its PIN.
    pub fn offer_biometric(&self) -> Result<BiometricOffer, BiometricError> {
        Ok(BiometricOffer {
            offer: vault::offer_biometric(&self.image, &self.keys)?,
            hardware: Arc::clone(&self.hardware),
        })
    }

    /// Begins to take the fingerprint or face away.
    #[must_use]
    pub fn offer_without_biometric(&self) -> BiometricOffer {
        BiometricOffer {
            offer: vault::offer_without_biometric(&self.image),
            hardware: Arc::clone(&self.hardware),
        }
    }

    /// Keeps what was made, durably. Blocks for two disk flushes.
    ///
    /// # Errors
    /// [`BiometricError`]; the book opens as before.
    pub fn take_biometric(&mut self, made: BiometricChange) -> Result<(), BiometricError> {
        let mut changed = self.image.clone();
        made.put(&mut changed)?;
        store_vault(&self.folder, &changed).map_err(|error| of_disk(&error))?;
        self.image = changed;
        Ok(())
    }

    /// All three steps of setting. Blocks for as long as the platform's prompt stands.
    ///
    /// # Errors
    /// [`BiometricError`]; the book opens as before.
    pub fn add_biometric(&mut self) -> Result<(), BiometricError> {
        let made = self.offer_biometric()?.make()?;
        self.take_biometric(made)
    }

    /// All three steps of taking away; the PIN alone opens the book then.
    ///
    /// # Errors
    /// [`BiometricError`]; the book opens as before.
    pub fn remove_biometric(&mut self) -> Result<(), BiometricError> {
        let made = self.offer_without_biometric().make()?;
        self.take_biometric(made)?;
        self.biometric_key().forget();
        Ok(())
    }

    /// The keystore's key of the slot, to be forgotten once the slot was taken away.
    #[must_use]
    pub fn biometric_key(&self) -> BiometricKey {
        BiometricKey {
            ids: self.image.ids(),
            hardware: Arc::clone(&self.hardware),
        }
    }
}

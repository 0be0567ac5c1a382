//! A device whose vault is closed. It can be unlocked, and it can send what is sealed already; there is nothing in this
//! type that could read a word.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;

use visitbook_seal::hardware::HardwareKeys;
use visitbook_seal::vault::{self, VaultImage, VaultKeys};

use crate::clock::Clock;
use crate::error::{OpenError, UnlockError};
use crate::files::{self, Folder};
use crate::outbox::{CarryError, Outbox};
use crate::sync::store::{
    AttachmentRequest, AttachmentsTaken, Parcel, ParcelKey, PullTaken, ReplyProblem, SealedRequest,
    SyncStore, UploadTaken,
};
use crate::working::Working;

/// Where to begin: opens a device's folder.
pub struct Device;

impl Device {
    /// Opens an enrolled device, locked. Takes the folder for this process until the returned value, or what it is unlocked
    /// into, is dropped.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was changed.
    pub fn open(
        directory: &Path,
        hardware: Arc<dyn HardwareKeys>,
        clock: Arc<dyn Clock>,
    ) -> Result<Locked, OpenError> {
        let outbox = Outbox::open(directory)?;
        let image = read_vault(&outbox.folder)?;
        Ok(Locked {
            outbox,
            hardware,
            clock,
            image,
        })
    }

    /// Opens what an enrolled device has to send, and nothing else of it: for a phone whose vault is lost, and for whoever has no
    /// PIN. Takes the folder as [`Self::open`] does.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was changed.
    pub fn open_to_send(directory: &Path) -> Result<Outbox, OpenError> {
        Outbox::open(directory)
    }
}

/// The vault's image from its two copies.
pub(crate) fn read_vault(folder: &Folder) -> Result<VaultImage, OpenError> {
    let [a, b] = folder.vaults();
    Ok(vault::choose(
        files::read(&a)?.as_deref(),
        files::read(&b)?.as_deref(),
    )?)
}

/// Stores the vault's image in both copies, one after the other, each durably.
pub(crate) fn store_vault(folder: &Folder, image: &VaultImage) -> std::io::Result<()> {
    let bytes = image.encode();
    for path in folder.vaults() {
        files::replace(&path, &bytes)?;
    }
    Ok(())
}

/// A device whose vault is closed.
pub struct Locked {
    pub(crate) outbox: Outbox,
    pub(crate) hardware: Arc<dyn HardwareKeys>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) image: VaultImage,
}

/// A device that did not unlock, and why.
pub struct StillLocked {
    /// The device, as it was.
    pub locked: Locked,
    /// Why.
    pub error: UnlockError,
}

impl std::fmt::Debug for StillLocked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl std::fmt::Display for StillLocked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let safe = self.locked.safe_words();
        write!(f, "{}. {safe} {}", self.error, self.error.what_to_do())
    }
}

impl std::error::Error for StillLocked {}

impl Locked {
    /// The council's address, as the enrolment code gave it.
    #[must_use]
    pub fn address(&self) -> &str {
        self.outbox.address()
    }

    /// TLS roots to trust for the council's own server beside the platform's, DER.
    #[must_use]
    pub fn tls_roots(&self) -> Vec<Vec<u8>> {
        self.outbox.tls_roots()
    }

    /// How many sealed envelopes wait to be sent.
    #[must_use]
    pub fn sealed_waiting(&self) -> usize {
        self.outbox.sealed_waiting()
    }

    /// What to say beside every failure to unlock.
    #[must_use]
    pub fn safe_words(&self) -> String {
        self.outbox.safe_words()
    }

    /// Whether a PIN can still open the vault. After ten wrong ones none can.
    #[must_use]
    pub fn has_pin(&self) -> bool {
        self.image.has_pin()
    }

    /// Opens the vault with a PIN and the book behind it. Blocks for as long as the PIN is made to cost, a quarter of a second
    /// to a second on a phone. What a crash left is put in order before anything is shown: a draft becomes an entry marked as
    /// cut off, and what was saved and not sealed is sealed.
    ///
    /// # Errors
    /// The device again, and [`UnlockError`]. No file was changed but for the count of wrong PINs.
    pub fn unlock(mut self, pin: &[u8]) -> Result<Working, Box<StillLocked>> {
        match self.open_vault(pin) {
            Ok(keys) => Working::open(self, keys),
            Err(error) => Err(Box::new(StillLocked {
                locked: self,
                error,
            })),
        }
    }

    /// Whether a fingerprint or face opens the vault. That the phone has destroyed the key since is found only when it is asked.
    #[must_use]
    pub fn has_biometric(&self) -> bool {
        self.image.has_biometric()
    }

    /// Opens the vault by a fingerprint or face and the book behind it. Blocks for as long as the platform's prompt stands. Wrong
    /// PINs are neither counted nor forgiven by it, and whether they wait does not matter to it. Otherwise as [`Self::unlock`].
    ///
    /// # Errors
    /// The device again, and [`UnlockError`]; with `BiometricGone` the PIN opens, and then a new fingerprint or face can be set.
    /// If the phone said that the key is dead for good, there is none set any more.
    pub fn unlock_with_biometric(mut self) -> Result<Working, Box<StillLocked>> {
        let before = self.image.generation();
        let opened = vault::unlock_biometric(&mut self.image, self.hardware.as_ref());
        let tidied = self.image.generation() == before
            || store_vault(&self.outbox.folder, &self.image).is_ok();
        if !tidied {
            tracing::warn!("a slot whose key is dead is still in the vault");
        }
        match opened {
            Ok(keys) => Working::open(self, keys),
            Err(error) => Err(Box::new(StillLocked {
                locked: self,
                error: error.into(),
            })),
        }
    }

    fn open_vault(&mut self, pin: &[u8]) -> Result<VaultKeys, UnlockError> {
        let now = u64::try_from(self.clock.read().wall.0).unwrap_or(0);
        Ok(open_vault(
            &self.outbox.folder,
            &mut self.image,
            self.hardware.as_ref(),
            pin,
            now,
        )??)
    }
}

/// One try at a PIN, with the image stored wherever its count must be durable. The outer error is the file system's.
pub(crate) fn open_vault(
    folder: &Folder,
    image: &mut VaultImage,
    hardware: &dyn HardwareKeys,
    pin: &[u8],
    now_ms: u64,
) -> std::io::Result<Result<VaultKeys, vault::UnlockError>> {
    let before = image.generation();
    let attempt = vault::begin_attempt(image, hardware, pin, now_ms);
    if image.generation() != before {
        store_vault(folder, image)?;
    }
    let attempt = match attempt {
        Ok(attempt) => attempt,
        Err(error) => return Ok(Err(error)),
    };
    let counted = image.generation();
    let outcome = attempt.finish(image, hardware);
    if image.generation() != counted {
        store_vault(folder, image)?;
    }
    Ok(outcome)
}

impl SyncStore for Locked {
    type Error = CarryError;

    fn waiting(
        &mut self,
        max_bytes: usize,
        sent: &BTreeSet<ParcelKey>,
    ) -> Result<Vec<Parcel>, CarryError> {
        self.outbox.waiting(max_bytes, sent)
    }

    fn take_upload_answer(&mut self, body: &[u8]) -> Result<UploadTaken, ReplyProblem<CarryError>> {
        self.outbox.take_upload_answer(body)
    }

    fn pull_request(&mut self, budget: u32) -> Result<Option<SealedRequest>, CarryError> {
        self.outbox.pull_request(budget)
    }

    fn take_pull_reply(&mut self, body: &[u8]) -> Result<PullTaken, ReplyProblem<CarryError>> {
        self.outbox.take_pull_reply(body)
    }

    fn attachment_request(
        &mut self,
        budget: u32,
        over: &BTreeSet<[u8; 32]>,
    ) -> Result<Option<AttachmentRequest>, CarryError> {
        self.outbox.attachment_request(budget, over)
    }

    fn take_attachment_reply(
        &mut self,
        body: &[u8],
    ) -> Result<AttachmentsTaken, ReplyProblem<CarryError>> {
        self.outbox.take_attachment_reply(body)
    }

    fn attachments_wait(&mut self) -> Result<bool, CarryError> {
        self.outbox.attachments_wait()
    }
}

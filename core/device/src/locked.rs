//! A device whose vault is closed. It can be unlocked, and it can send what is sealed already; there is nothing in this
//! type that could read a word.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use visitbook_seal::hardware::HardwareKeys;
use visitbook_seal::vault::{self, VaultImage, VaultKeys};

use crate::attached::lane::{Lane, LaneError};
use crate::attached::shelf::Shelf;
use crate::clock::Clock;
use crate::council::CouncilFile;
use crate::error::{OpenError, UnlockError};
use crate::files::{self, Folder};
use crate::spool::Spool;
use crate::sync::exchange::Route;
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
        let folder = Folder::new(directory);
        if !directory.is_dir() {
            return Err(vault::VaultError::Missing.into());
        }
        let lock = folder.lock()?.ok_or(OpenError::Busy)?;
        let image = read_vault(&folder)?;
        let council = files::read(&folder.council())?
            .and_then(|bytes| CouncilFile::from_bytes(&bytes))
            .ok_or(OpenError::NotEnrolled)?;
        let spool = Spool::open(&folder.spool())?;
        Ok(Locked {
            folder,
            lock,
            hardware,
            clock,
            image,
            spool,
            council,
            lane: Lane::default(),
        })
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
    pub(crate) folder: Folder,
    pub(crate) lock: File,
    pub(crate) hardware: Arc<dyn HardwareKeys>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) image: VaultImage,
    pub(crate) spool: Spool,
    pub(crate) council: CouncilFile,
    pub(crate) lane: Lane,
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
        write!(f, "{}. {}", self.error, self.locked.safe_words())
    }
}

impl std::error::Error for StillLocked {}

impl Locked {
    /// The council's address, as the enrolment code gave it.
    #[must_use]
    pub fn address(&self) -> &str {
        &self.council.address
    }

    /// TLS roots to trust for the council's own server beside the platform's, DER.
    #[must_use]
    pub fn tls_roots(&self) -> Vec<Vec<u8>> {
        self.council.tls_roots()
    }

    /// How many sealed envelopes wait to be sent.
    #[must_use]
    pub fn sealed_waiting(&self) -> usize {
        self.spool.len()
    }

    /// What to say beside every failure to unlock.
    #[must_use]
    pub fn safe_words(&self) -> String {
        match self.sealed_waiting() {
            0 => "Your signed work is safe: nothing waits to be sent.".to_owned(),
            1 => "Your signed work is safe: 1 sealed item waits to be sent.".to_owned(),
            many => format!("Your signed work is safe: {many} sealed items wait to be sent."),
        }
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

    fn open_vault(&mut self, pin: &[u8]) -> Result<VaultKeys, UnlockError> {
        let now = u64::try_from(self.clock.read().wall.0).unwrap_or(0);
        Ok(open_vault(
            &self.folder,
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

/// Why a locked device could not send or keep something.
#[derive(Debug, thiserror::Error)]
pub enum CarryError {
    /// The spool.
    #[error(transparent)]
    Spool(#[from] crate::spool::SpoolError),
    /// The file system failed.
    #[error("the device's folder could not be read or written")]
    Io(#[from] std::io::Error),
    /// Sealing a request.
    #[error(transparent)]
    Seal(#[from] visitbook_seal::envelope::SealError),
}

impl From<LaneError> for CarryError {
    fn from(error: LaneError) -> Self {
        match error {
            LaneError::Io(error) => Self::Io(error),
            LaneError::Seal(error) => Self::Seal(error),
        }
    }
}

/// Envelopes in sending order out of those in the spool, as many as fit.
pub(crate) fn pick(
    spool: &Spool,
    order: impl IntoIterator<Item = crate::spool::FrameInfo>,
    max_bytes: usize,
    sent: &BTreeSet<ParcelKey>,
) -> Result<Vec<Parcel>, crate::spool::SpoolError> {
    let mut parcels: Vec<Parcel> = Vec::new();
    let mut left = max_bytes;
    for frame in order {
        let length = frame.len as usize;
        if sent.contains(&frame.key) {
            continue;
        }
        if length > left && !parcels.is_empty() {
            break;
        }
        match spool.read(&frame) {
            Ok(bytes) => parcels.push(Parcel {
                key: frame.key,
                class: frame.class,
                bytes,
            }),
            // What the disk changed is sealed again from the book at the next unlock; it must not stop the rest.
            Err(crate::spool::SpoolError::Damaged) => continue,
            Err(other) => return Err(other),
        }
        left = left.saturating_sub(length);
    }
    Ok(parcels)
}

impl SyncStore for Locked {
    type Error = CarryError;

    fn waiting(
        &mut self,
        max_bytes: usize,
        sent: &BTreeSet<ParcelKey>,
    ) -> Result<Vec<Parcel>, CarryError> {
        let mut frames: Vec<_> = self.spool.frames().collect();
        // Stable: inside one class the order of writing stays.
        frames.sort_by_key(|frame| frame.class);
        Ok(pick(&self.spool, frames, max_bytes, sent)?)
    }

    fn take_upload_answer(&mut self, body: &[u8]) -> Result<UploadTaken, ReplyProblem<CarryError>> {
        let answer: visitbook_record::wire::UploadAnswer =
            visitbook_record::cbor::decode(body).map_err(|_| ReplyProblem::NotTheCouncil)?;
        files::keep_reply(&self.folder.replies(), body).map_err(CarryError::from)?;
        Ok(UploadTaken {
            kept_unopened: u32::try_from(answer.groups.len()).unwrap_or(u32::MAX),
            ..UploadTaken::default()
        })
    }

    fn pull_request(&mut self, _: u32) -> Result<Option<SealedRequest>, CarryError> {
        Ok(None)
    }

    fn take_pull_reply(&mut self, _: &[u8]) -> Result<PullTaken, ReplyProblem<CarryError>> {
        Err(ReplyProblem::NotTheCouncil)
    }

    fn attachment_request(
        &mut self,
        budget: u32,
        over: &BTreeSet<[u8; 32]>,
    ) -> Result<Option<AttachmentRequest>, CarryError> {
        let Some(bundle) = self.council.bundle() else {
            return Ok(None);
        };
        let shelf = Shelf::new(self.folder.attachments());
        let waiting = shelf.waiting()?;
        let body = self.lane.request(
            &shelf,
            &bundle,
            &waiting,
            over,
            budget as usize,
            // Said by the book, once it is open.
            &mut Vec::new(),
        )?;
        Ok(body.map(|body| AttachmentRequest {
            route: Route::Attachments,
            body,
        }))
    }

    fn take_attachment_reply(
        &mut self,
        body: &[u8],
    ) -> Result<AttachmentsTaken, ReplyProblem<CarryError>> {
        let bundle = self.council.bundle().ok_or(ReplyProblem::NotTheCouncil)?;
        let answered = self
            .lane
            .answer(&bundle, body)
            .ok_or(ReplyProblem::NotTheCouncil)?;
        let mut taken = AttachmentsTaken {
            chunks_up: answered.chunks,
            ..AttachmentsTaken::default()
        };
        if let Some(receipt) = answered.receipt {
            let shelf = Shelf::new(self.folder.attachments());
            let bytes = visitbook_record::cbor::encode(&receipt.exact);
            shelf
                .keep_receipt(&answered.id, &bytes)
                .map_err(CarryError::from)?;
            taken.received = 1;
        }
        if answered.over {
            taken.over.push(answered.id.0);
        }
        Ok(taken)
    }

    fn attachments_wait(&mut self) -> Result<bool, CarryError> {
        Ok(!Shelf::new(self.folder.attachments()).waiting()?.is_empty())
    }
}

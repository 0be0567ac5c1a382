//! What a device has to send, which needs no vault: sealed envelopes and encrypted files, and what the council answers about them,
//! kept unopened. A locked device is one of these with a closed vault beside it; without its vault it is still one of these, so
//! that the loss of every key on the phone costs no word that was saved on it.

use std::collections::BTreeSet;
use std::fs::File;
use std::path::Path;

use visitbook_seal::vault::VaultError;

use crate::attached::lane::{Lane, LaneError};
use crate::attached::shelf::Shelf;
use crate::council::CouncilFile;
use crate::error::OpenError;
use crate::files::{self, Folder};
use crate::spool::Spool;
use crate::sync::exchange::Route;
use crate::sync::store::{
    AttachmentRequest, AttachmentsTaken, Parcel, ParcelKey, PullTaken, ReplyProblem, SealedRequest,
    SyncStore, UploadTaken,
};

/// What a device has to send, and the folder it lies in, held for this process.
pub struct Outbox {
    pub(crate) folder: Folder,
    pub(crate) lock: File,
    pub(crate) spool: Spool,
    pub(crate) council: CouncilFile,
    pub(crate) lane: Lane,
}

impl Outbox {
    /// Opens what lies in a folder that this process has taken.
    ///
    /// # Errors
    /// [`OpenError`]; nothing was changed.
    pub(crate) fn open(directory: &Path) -> Result<Self, OpenError> {
        if !directory.is_dir() {
            return Err(VaultError::Missing.into());
        }
        let folder = Folder::new(directory);
        let lock = folder.lock()?.ok_or(OpenError::Busy)?;
        let council = CouncilFile::read(&folder)?.ok_or(OpenError::NotEnrolled)?;
        let spool = Spool::open(&folder.spool())?;
        Ok(Self {
            folder,
            lock,
            spool,
            council,
            lane: Lane::default(),
        })
    }

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

impl SyncStore for Outbox {
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

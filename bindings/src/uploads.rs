//! Sending by the system while the app is not running at all: whole requests as files (a background `URLSession` uploads
//! files), and their answers handed back whenever they come. Needs no vault, so every state of a device has it.

use visitbook_device::sync::exchange::{HttpReply, Route};
use visitbook_device::{CutUpload, SystemUploads, UploadEnd};
use visitbook_record::wire;

use crate::book::Book;
use crate::error::VisitbookError;
use crate::family::FamilyPage;
use crate::line::Place;
use crate::locked::LockedBook;
use crate::outbox::SealedOutbox;
use crate::sync::SyncTrouble;
use crate::transport::CouncilAnswer;

type Result<T> = std::result::Result<T, VisitbookError>;

/// One request for the system to send: `POST` the file at `path` to `url` as it is, with `media_type` as `Content-Type` and
/// `Accept`. Sealed end to end: whoever carries it reads nothing.
#[derive(Clone, uniffi::Record)]
pub struct UploadOrder {
    /// Names it, and never another one: it is made of what it holds.
    pub name: String,
    /// The body, a file in the device's folder. Do not change or move it.
    pub path: String,
    /// Where to.
    pub url: String,
    /// `Content-Type` and `Accept`.
    pub media_type: String,
    /// Certificates (DER) to trust besides the platform's own roots.
    pub tls_roots: Vec<Vec<u8>>,
    /// Length of the body.
    pub bytes: u64,
    /// How many envelopes it holds.
    pub envelopes: u32,
}

/// What became of an answer that the system brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Record)]
pub struct UploadOutcome {
    /// Envelopes for which the council's receipt was verified and kept.
    pub receipted: u32,
    /// Envelopes that the council did not take. They stay here, and the record's status says why.
    pub refused: u32,
    /// Answers that were kept for the next unlock, because only an open book can open them.
    pub kept_unopened: u32,
    /// What answered in the council's place, if anything did: the request is given out again then.
    pub trouble: Option<SyncTrouble>,
}

#[uniffi::export]
impl LockedBook {
    /// Every request that the system is to send: those from before that are not answered, and new ones of what waits besides,
    /// the most urgent first. Asking again gives the same ones again, so begin each that the system has not got. `most_bytes`
    /// is the size of one, `most_files` how many there are at most.
    #[uniffi::method(default(most_bytes = 524288, most_files = 8))]
    pub fn cut_uploads(&self, most_bytes: u32, most_files: u32) -> Result<Vec<UploadOrder>> {
        self.with(|locked| {
            let place = place(locked.address(), locked.tls_roots());
            orders(locked, place, most_bytes, most_files)
        })?
    }

    /// Takes the answer to a request that the system sent, with any status, exactly as a sync would. Handing one over twice, or
    /// after the app was started anew, does no harm. A request that got no answer needs no call: ask for the uploads again.
    pub fn take_upload(&self, name: String, answer: CouncilAnswer) -> Result<UploadOutcome> {
        self.with(|locked| take(locked, &name, answer))?
    }
}

#[uniffi::export]
impl FamilyPage {
    /// As `LockedBook.cut_uploads`, while the page stays open.
    #[uniffi::method(default(most_bytes = 524288, most_files = 8))]
    pub fn cut_uploads(&self, most_bytes: u32, most_files: u32) -> Result<Vec<UploadOrder>> {
        self.with(|family| {
            let place = place(family.address(), family.tls_roots());
            orders(family, place, most_bytes, most_files)
        })?
    }

    /// As `LockedBook.take_upload`.
    pub fn take_upload(&self, name: String, answer: CouncilAnswer) -> Result<UploadOutcome> {
        self.with(|family| take(family, &name, answer))?
    }
}

#[uniffi::export]
impl SealedOutbox {
    /// As `LockedBook.cut_uploads`.
    #[uniffi::method(default(most_bytes = 524288, most_files = 8))]
    pub fn cut_uploads(&self, most_bytes: u32, most_files: u32) -> Result<Vec<UploadOrder>> {
        self.with(|outbox| {
            let place = place(outbox.address(), outbox.tls_roots());
            orders(outbox, place, most_bytes, most_files)
        })?
    }

    /// As `LockedBook.take_upload`.
    pub fn take_upload(&self, name: String, answer: CouncilAnswer) -> Result<UploadOutcome> {
        self.with(|outbox| take(outbox, &name, answer))?
    }
}

#[uniffi::export]
impl Book {
    /// As `LockedBook.cut_uploads`: ask for it as the app goes away.
    #[uniffi::method(default(most_bytes = 524288, most_files = 8))]
    pub fn cut_uploads(&self, most_bytes: u32, most_files: u32) -> Result<Vec<UploadOrder>> {
        self.with(|working| {
            let place = place(working.address(), working.tls_roots());
            orders(working, place, most_bytes, most_files)
        })
    }

    /// As `LockedBook.take_upload`; an open book opens the answer at once.
    pub fn take_upload(&self, name: String, answer: CouncilAnswer) -> Result<UploadOutcome> {
        self.with(|working| take(working, &name, answer))
    }
}

fn place(address: &str, roots: Vec<Vec<u8>>) -> Place {
    Place {
        address: address.to_owned(),
        roots,
    }
}

fn orders<T: SystemUploads>(
    device: &mut T,
    place: Place,
    most_bytes: u32,
    most_files: u32,
) -> Result<Vec<UploadOrder>>
where
    VisitbookError: From<T::Error>,
{
    let cut = device.cut_uploads(most_bytes as usize, most_files as usize)?;
    let url = format!(
        "{}{}",
        place.address.trim_end_matches('/'),
        Route::Upload.path()
    );
    let order = |upload: CutUpload| {
        let CutUpload {
            name,
            path,
            bytes,
            envelopes,
        } = upload;
        UploadOrder {
            name,
            path: path.to_string_lossy().into_owned(),
            url: url.clone(),
            media_type: wire::MEDIA_TYPE.to_owned(),
            tls_roots: place.roots.clone(),
            bytes,
            envelopes,
        }
    };
    Ok(cut.into_iter().map(order).collect())
}

fn take<T: SystemUploads>(
    device: &mut T,
    name: &str,
    answer: CouncilAnswer,
) -> Result<UploadOutcome>
where
    VisitbookError: From<T::Error>,
{
    let CouncilAnswer {
        status,
        body,
        media_type,
        retry_after,
    } = answer;
    let reply = HttpReply {
        status,
        media_type,
        retry_after,
        body,
    };
    let UploadEnd { taken, trouble } = device.take_upload(name, &reply)?;
    Ok(UploadOutcome {
        receipted: taken.receipted,
        refused: taken.refused,
        kept_unopened: taken.kept_unopened,
        trouble: trouble.map(SyncTrouble::from),
    })
}

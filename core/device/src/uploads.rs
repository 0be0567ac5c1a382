//! Upload requests written as files, for a system that sends while the app is not running (a background `URLSession`). They
//! hold sealed envelopes as they lie in the spool, so making them, sending them and taking the answer needs no vault.
//!
//! ```text
//! uploads/<name>.body   a whole upload request, as it goes; its name is made of its bytes, so that it never means another one
//! uploads/<name>.keys   which envelopes it holds; written after the body, and without it once the answer lies unopened
//! ```
//!
//! The spool keeps every envelope until its receipt: a file here is a copy, and losing it costs a sending. An envelope that is
//! in a file here is in no other. What the system lost is given out again; that the council gets something twice is no harm.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use minicbor::bytes::ByteArray;
use minicbor::{Decode, Encode};
use visitbook_record::cbor::{decode, encode};
use visitbook_record::wire;

use crate::family::Family;
use crate::files;
use crate::locked::Locked;
use crate::outbox::Outbox;
use crate::spool::SpoolError;
use crate::sync::answer::{Fault, judge};
use crate::sync::engine::{ITEM_BYTES, LIST_BYTES};
use crate::sync::exchange::HttpReply;
use crate::sync::outcome::Trouble;
use crate::sync::store::{Parcel, ParcelKey, ReplyProblem, SyncStore, UploadTaken};
use crate::working::Working;

const BODY: &str = "body";
const KEYS: &str = "keys";

/// One request that the system is to send: `POST` the file as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutUpload {
    /// Names it, and never another one: it is made of what it holds.
    pub name: String,
    /// The body, a file in the device's folder. Not to be changed.
    pub path: PathBuf,
    /// Its length in bytes.
    pub bytes: u64,
    /// How many envelopes it holds.
    pub envelopes: u32,
}

/// What became of an answer that the system brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct UploadEnd {
    /// What the answer came to.
    pub taken: UploadTaken,
    /// Whoever answered was not the council, or could not take it now. The words stay where they are, to be sent again.
    pub trouble: Option<Trouble>,
}

/// A device that gives a system requests to send. Whatever state it is in: none of this needs the vault.
pub trait SystemUploads: SyncStore<Error: From<SpoolError>> {
    /// Where the files lie.
    fn uploads_folder(&self) -> PathBuf;

    /// Whether an envelope still waits for its receipt.
    fn still_waits(&self, key: &ParcelKey) -> bool;

    /// Every request that the system is to send: those from before that are not answered, and new ones of what waits besides,
    /// each of one class, the most urgent first. Asking again gives the same ones again, so that what the system lost, or was
    /// never given, is begun anew. `most_bytes` is the size of one body (an envelope that is larger goes alone), `most_files`
    /// how many there are at most.
    ///
    /// # Errors
    /// The store's own, and [`SpoolError::Full`] or [`SpoolError::Io`] for the folder; what was cut before stays.
    fn cut_uploads(
        &mut self,
        most_bytes: usize,
        most_files: usize,
    ) -> Result<Vec<CutUpload>, Self::Error> {
        let folder = self.uploads_folder();
        let io = |error: io::Error| Self::Error::from(SpoolError::from(error));
        let mut cut = Vec::new();
        let mut held = BTreeSet::new();
        for name in tidied(&folder).map_err(io)? {
            let keys = keys_of(&folder, &name).map_err(io)?;
            if !keys.iter().any(|key| self.still_waits(key)) {
                remove(&folder, &name).map_err(io)?;
                continue;
            }
            if let Some(bytes) = length(&file(&folder, &name, BODY)).map_err(io)? {
                cut.push(upload(&folder, name, bytes, keys.len()));
            }
            held.extend(keys);
        }
        while cut.len() < most_files {
            let batch = one_request(self.waiting(most_bytes, &held)?, most_bytes);
            if batch.is_empty() {
                break;
            }
            held.extend(batch.iter().map(|parcel| parcel.key));
            cut.push(write(&folder, batch).map_err(io)?);
        }
        Ok(cut)
    }

    /// Takes the answer to a request that the system sent: judged, verified and kept exactly as one that a sync brings. One
    /// that was taken before is no error and changes nothing.
    ///
    /// # Errors
    /// The store's own; the answer can be handed over again then.
    fn take_upload(&mut self, name: &str, reply: &HttpReply) -> Result<UploadEnd, Self::Error> {
        let folder = self.uploads_folder();
        let io = |error: io::Error| Self::Error::from(SpoolError::from(error));
        if !is_name(name) || !file(&folder, name, BODY).exists() {
            return Ok(UploadEnd::default());
        }
        let trouble = match judge(reply) {
            None => match self.take_upload_answer(&reply.body) {
                Ok(taken) => {
                    // Unopened, so nobody can say which of them have their receipts: none is sent before the next unlock.
                    if taken.kept_unopened > 0 {
                        remove_file(&file(&folder, name, BODY)).map_err(io)?;
                    } else {
                        remove(&folder, name).map_err(io)?;
                    }
                    return Ok(UploadEnd {
                        taken,
                        trouble: None,
                    });
                }
                Err(ReplyProblem::Store(error)) => return Err(error),
                Err(ReplyProblem::NotEnrolled) => Trouble::NotEnrolled,
                Err(ReplyProblem::NotTheCouncil) => Trouble::NotAnsweringProperly,
            },
            Some(Fault::SignInPage) => Trouble::SignInPage,
            Some(Fault::ComeBack(_)) => Trouble::AskedToWait,
            Some(Fault::Odd(trouble)) => trouble,
            Some(Fault::TooLarge | Fault::OtherKey) => {
                // As it is, it never passes: a sync splits it, or seals what is in it again.
                remove(&folder, name).map_err(io)?;
                Trouble::NotAnsweringProperly
            }
        };
        Ok(UploadEnd {
            taken: UploadTaken::default(),
            trouble: Some(trouble),
        })
    }
}

/// At an unlock, once the answers that were kept are opened: what is still waiting is to be sent again.
///
/// # Errors
/// The file system's; nothing but a sending depends on it.
pub(crate) fn forget_answered(folder: &Path) -> io::Result<()> {
    for name in names(folder, KEYS)? {
        if !file(folder, &name, BODY).exists() {
            remove(folder, &name)?;
        }
    }
    Ok(())
}

/// As much of what waits as goes into one request: of one class, and no more bytes than asked for.
fn one_request(mut batch: Vec<Parcel>, most_bytes: usize) -> Vec<Parcel> {
    let Some(class) = batch.first().map(|parcel| parcel.class) else {
        return batch;
    };
    let mut size = LIST_BYTES;
    let fits = batch
        .iter()
        .take_while(|parcel| {
            size += ITEM_BYTES + parcel.bytes.len();
            parcel.class == class && size <= most_bytes
        })
        .count();
    batch.truncate(fits.max(1));
    batch
}

/// The keys are written last, so that a body without them was never given to anybody.
fn write(folder: &Path, batch: Vec<Parcel>) -> io::Result<CutUpload> {
    let held: Vec<ParcelKey> = batch.iter().map(|parcel| parcel.key).collect();
    let body = encode(&wire::Upload {
        envelopes: batch
            .into_iter()
            .map(|parcel| parcel.bytes.into())
            .collect(),
    });
    let name = named_after(&body);
    files::create_private(folder)?;
    files::replace(&file(folder, &name, BODY), &body)?;
    files::replace(&file(folder, &name, KEYS), &encode(&Keys::of(&held)))?;
    Ok(upload(folder, name, body.len() as u64, held.len()))
}

fn upload(folder: &Path, name: String, bytes: u64, envelopes: usize) -> CutUpload {
    CutUpload {
        path: file(folder, &name, BODY),
        name,
        bytes,
        envelopes: u32::try_from(envelopes).unwrap_or(u32::MAX),
    }
}

fn named_after(body: &[u8]) -> String {
    let digest = ring::digest::digest(&ring::digest::SHA256, body);
    digest
        .as_ref()
        .iter()
        .take(16)
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// What an app hands back may be anything; what was given to it is a name in hexadecimal.
fn is_name(name: &str) -> bool {
    name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit())
}

fn file(folder: &Path, name: &str, ending: &str) -> PathBuf {
    folder.join(format!("{name}.{ending}"))
}

/// The names of all requests, without the bodies that a crash left before their keys were written.
fn tidied(folder: &Path) -> io::Result<Vec<String>> {
    let all = names(folder, KEYS)?;
    for name in names(folder, BODY)? {
        if !all.contains(&name) {
            remove_file(&file(folder, &name, BODY))?;
        }
    }
    Ok(all)
}

fn names(folder: &Path, ending: &str) -> io::Result<Vec<String>> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str());
        if let Some(name) = name
            && is_name(name)
            && path.extension().is_some_and(|found| found == ending)
        {
            names.push(name.to_owned());
        }
    }
    names.sort();
    Ok(names)
}

/// None of them, if the disk has changed the list: then nothing keeps the request, and its envelopes go into another one.
fn keys_of(folder: &Path, name: &str) -> io::Result<BTreeSet<ParcelKey>> {
    let bytes = files::read(&file(folder, name, KEYS))?;
    let keys: Option<Keys> = bytes.and_then(|bytes| decode(&bytes).ok());
    Ok(keys.map_or_else(BTreeSet::new, |keys| keys.set()))
}

fn length(path: &Path) -> io::Result<Option<u64>> {
    match fs::metadata(path) {
        Ok(about) => Ok(Some(about.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// The body first: what is left of a request that a crash cut short is one that was answered, which an unlock forgets.
fn remove(folder: &Path, name: &str) -> io::Result<()> {
    remove_file(&file(folder, name, BODY))?;
    remove_file(&file(folder, name, KEYS))
}

fn remove_file(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// The keys of a request's envelopes, as they are written beside it.
#[derive(Encode, Decode)]
#[cbor(array)]
struct Keys {
    #[n(0)]
    keys: Vec<Key>,
}

#[derive(Encode, Decode)]
#[cbor(array)]
struct Key {
    #[n(0)]
    session: ByteArray<32>,
    #[n(1)]
    number: u64,
}

impl Keys {
    fn of(keys: &[ParcelKey]) -> Self {
        let keys = keys.iter().map(|key| Key {
            session: key.session.into(),
            number: key.number,
        });
        Self {
            keys: keys.collect(),
        }
    }

    fn set(&self) -> BTreeSet<ParcelKey> {
        let keys = self.keys.iter().map(|key| ParcelKey {
            session: *key.session,
            number: key.number,
        });
        keys.collect()
    }
}

impl SystemUploads for Outbox {
    fn uploads_folder(&self) -> PathBuf {
        self.folder.uploads()
    }

    fn still_waits(&self, key: &ParcelKey) -> bool {
        self.spool.contains(key)
    }
}

impl SystemUploads for Locked {
    fn uploads_folder(&self) -> PathBuf {
        self.outbox.uploads_folder()
    }

    fn still_waits(&self, key: &ParcelKey) -> bool {
        self.outbox.still_waits(key)
    }
}

impl SystemUploads for Family {
    fn uploads_folder(&self) -> PathBuf {
        self.locked().uploads_folder()
    }

    fn still_waits(&self, key: &ParcelKey) -> bool {
        self.locked().still_waits(key)
    }
}

impl SystemUploads for Working {
    fn uploads_folder(&self) -> PathBuf {
        self.folder().uploads()
    }

    fn still_waits(&self, key: &ParcelKey) -> bool {
        self.spool().contains(key)
    }
}

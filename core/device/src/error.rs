//! What can go wrong, in types. No message holds content, a key, or a child's name; what a person is told about their
//! words comes first: they are safe, or they were not saved.

use visitbook_record::id::{RecordId, WorkerId};
use visitbook_record::verdict::Reason;
use visitbook_seal::bundle::BundleError;
use visitbook_seal::certificate::CertificateError;
use visitbook_seal::envelope::SealError;
use visitbook_seal::vault;

use crate::random::NoRandomness;
use crate::spool::SpoolError;
use crate::store::StoreError;

/// Why a device's folder could not be opened, locked as it is. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has this device open.
    #[error("this device is open in another program; close that first")]
    Busy,
    /// There is no device in this folder, or its vault cannot be used.
    #[error(transparent)]
    Vault(#[from] vault::VaultError),
    /// Enrolment was begun here and not completed: enrol again, with the same PIN and code.
    #[error("this device is not enrolled yet")]
    NotEnrolled,
    /// The spool could not be read.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The file system failed.
    #[error("the device's folder could not be read or written")]
    Io(#[from] std::io::Error),
}

/// Why a device stayed locked. The folder is as it was, but for the count of wrong PINs; signed work can still be sent.
#[derive(Debug, thiserror::Error)]
pub enum UnlockError {
    /// The PIN, the keystore or the vault.
    #[error(transparent)]
    Vault(#[from] vault::UnlockError),
    /// The vault is open and the book behind it is not.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The spool could not be read or written.
    #[error(transparent)]
    Spool(#[from] SpoolError),
    /// The council's keys that this device keeps are not what they were.
    #[error(transparent)]
    Council(#[from] BundleError),
    /// Nothing could be sealed, so nothing could be saved.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The operating system gave no randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The file system failed.
    #[error("the device's folder could not be read or written")]
    Io(#[source] std::io::Error),
    /// What was found could not be brought in order.
    #[error(transparent)]
    Save(#[from] Box<SaveError>),
}

impl From<std::io::Error> for UnlockError {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::Store(StoreError::Full)
            }
            _ => Self::Io(error),
        }
    }
}

impl From<rusqlite::Error> for UnlockError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Why a fingerprint or face was not set or taken away. The book opens as before.
#[derive(Debug, thiserror::Error)]
pub enum BiometricError {
    /// The PIN is needed first, or the keystore.
    #[error(transparent)]
    Vault(#[from] vault::ChangeError),
    /// The vault's file could not be written.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why nothing was saved, with one exception that says so. Either everything asked for in one call is saved or nothing.
#[derive(Debug, thiserror::Error)]
pub enum SaveError {
    /// This device does not have the record.
    #[error("there is no such record on this device")]
    UnknownRecord(RecordId),
    /// The record is of another kind than the call is for.
    #[error("that is not a {0}")]
    OtherKind(&'static str),
    /// The worker does not hold the child.
    #[error("you do not hold this child")]
    NotHeld(RecordId),
    /// The form has no such field, or the field takes no such part.
    #[error("the form has no field `{field}`")]
    UnknownField {
        /// As asked for.
        field: String,
    },
    /// The field has no such answer.
    #[error("`{field}` does not take this answer; it takes: {}", allowed.join(", "))]
    UnknownCode {
        /// The field.
        field: String,
        /// What it takes.
        allowed: Vec<String>,
    },
    /// The answer is not written as the field needs it.
    #[error("`{field}` needs {expected}")]
    BadForm {
        /// The field.
        field: String,
        /// Such as "a date such as 2026-10-27".
        expected: &'static str,
    },
    /// A character that no screen shows and that other systems cut text at.
    #[error("`{field}` contains a NUL character")]
    Nul {
        /// The field.
        field: String,
    },
    /// There is nothing in it.
    #[error("`{field}` is empty")]
    Empty {
        /// The field.
        field: String,
    },
    /// Longer than anything may be.
    #[error("`{field}` is longer than {most} bytes")]
    TooLong {
        /// The field.
        field: String,
        /// The limit, in bytes of UTF-8.
        most: usize,
    },
    /// The council would set it aside; better said now than later.
    #[error("the council would not take this: {}", .0.sentence())]
    WouldBeSetAside(Reason),
    /// Two answers are open; a person has to settle them, knowing both.
    #[error("two answers are open here; answer the question instead")]
    TwoAnswers,
    /// There is nothing to settle here.
    #[error("there are no two answers to settle here")]
    NothingToSettle,
    /// Settling a risk question needs a reason.
    #[error("say why")]
    ReasonNeeded,
    /// The less worrying answer needs another person.
    #[error("needs {}'s agreement, or a manager's", name)]
    NeedsAgreement {
        /// Whose.
        person: WorkerId,
        /// Their name.
        name: String,
    },
    /// The statement is not set aside, or another person decides about it.
    #[error("this is not waiting for your decision")]
    NotSetAside,
    /// Only a manager of the child's team decides.
    #[error("only the child's manager decides this")]
    ManagersOnly,
    /// Text belongs to its author.
    #[error("this was written by somebody else")]
    NotYours,
    /// A finished visit does not change; add to it.
    #[error("this visit is finished; add to it instead")]
    Finished,
    /// A visit that is not finished is not added to; write into it.
    #[error("this visit is not finished yet; write into it instead")]
    NotFinished,
    /// The visit is signed off already.
    #[error("this visit is signed off already")]
    SignedOff,
    /// No answer stands there, so none can be corrected.
    #[error("nothing stands here to correct; answer the question instead")]
    NothingToCorrect,
    /// The child has not changed worker since they were last told.
    #[error("there is nothing to tell: the child knows who the worker is")]
    NothingToTell,
    /// No text of a colleague is withheld here.
    #[error("no colleague's unfinished text is waiting here")]
    NothingToOpen,
    /// The area was met, or was not met on fewer than three visits running.
    #[error("there is no line to close: this area was not met on fewer than three visits running")]
    NoLine,
    /// The line is closed, and is closed anew only to look again sooner.
    #[error("this line is closed until {until}; close it again only to look again sooner")]
    StillClosed {
        /// The day for looking again, `2026-11-10`.
        until: String,
    },
    /// A line that was closed takes a step at least as large, and a larger one once it has come back.
    #[error("the least that closes this line now is: {least}")]
    StepTooSmall {
        /// The smallest step that does, in words.
        least: &'static str,
    },
    /// The record was entered in error and takes nothing more.
    #[error("this was entered in error and takes nothing more")]
    EnteredInError,
    /// A file is larger than anything may be that is attached.
    #[error("the file is larger than 50 MB")]
    FileTooLarge,
    /// A file is not as long as its caller said.
    #[error("the file is not as long as it was said to be")]
    FileLength,
    /// A file could not be read from where it comes.
    #[error("the file could not be read")]
    FileUnreadable(#[source] std::io::Error),
    /// Everything is saved in the book, and could not be sealed for sending; that is tried again at every sync and unlock.
    #[error("kept in the book on this device, and not ready for sending yet")]
    KeptUnsealed(#[source] SpoolError),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Sealing.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The operating system gave no randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

impl From<rusqlite::Error> for SaveError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

/// Why a device was not enrolled. What was made so far stays and is used by the next try with the same PIN.
#[derive(Debug, thiserror::Error)]
pub enum EnrolError<T> {
    /// The folder.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// This folder is an enrolled device already.
    #[error("this folder is an enrolled device already")]
    AlreadyEnrolled,
    /// The label is empty or longer than 200 bytes.
    #[error("the device's name must have 1 to 200 bytes")]
    BadLabel,
    /// The PIN, or the keystore.
    #[error(transparent)]
    Vault(#[from] vault::ChangeError),
    /// A vault from an earlier try is here, and this PIN does not open it.
    #[error(transparent)]
    EarlierTry(#[from] vault::UnlockError),
    /// The network.
    #[error(transparent)]
    Transport(T),
    /// Whoever answered is not the council in the code.
    #[error(transparent)]
    Council(#[from] BundleError),
    /// The certificate is not one.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
    /// The answer was not one that the council sealed for this device.
    #[error("the answer is not one that the council sealed for this device")]
    NotTheCouncil,
    /// The code was wrong, was used by another device, or has ended.
    #[error("the council does not accept this code: ask for a new one")]
    CodeRefused,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Sealing.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The operating system gave no randomness.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
}

/// Why an attached file was not given. Nothing of it was, and what is here of it stays.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// The record has no such file, it was removed by law, or the holder does not see the record.
    #[error("there is no such file on this record")]
    Unknown,
    /// Its bytes are not on this device: they can be asked for.
    #[error("the file is not on this device yet")]
    NotHere,
    /// The disk has changed it.
    #[error("the file is damaged on this device")]
    Damaged,
    /// The key that came with the statement does not open it.
    #[error("the file does not open with the key that came with it")]
    WrongKey,
    /// It is not as long as the statement says.
    #[error("the file is not as long as its record says")]
    OtherSize,
    /// A newer version made it.
    #[error("the file was made with a newer version")]
    NewerVersion,
    /// What it was to be written to failed. Part of it may have been written.
    #[error("the file could not be written out")]
    Output(#[source] std::io::Error),
    /// The folder.
    #[error("the encrypted file could not be read")]
    Io(#[from] std::io::Error),
    /// The book.
    #[error(transparent)]
    Read(#[from] ReadError),
}

/// Why a reading was not possible.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// This device does not have the record, or its holder no longer holds the child.
    #[error("there is no such record on this device")]
    UnknownRecord(RecordId),
    /// The record is of another kind than the call is for.
    #[error("that is not a {0}")]
    OtherKind(&'static str),
    /// The holder stands in for the child's worker, and has not opened the file.
    #[error("this child's file has not been opened: open it first, with a reason")]
    NotOpened(RecordId),
    /// Not a date.
    #[error("not a date such as 2026-10-27")]
    BadDate,
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<rusqlite::Error> for ReadError {
    fn from(error: rusqlite::Error) -> Self {
        Self::Store(error.into())
    }
}

//! What goes wrong while reading, recording and syncing.

use visitbook_device::{FileError, ReadError, SaveError, SyncError};

use super::opening::{no_randomness, of_files, of_sealing, of_spool};
use super::{VisitbookError, as_request, as_storage, named, told};

impl From<ReadError> for VisitbookError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::UnknownRecord(_) => unknown_record(),
            ReadError::OtherKind(kind) => other_kind(kind),
            ReadError::NotOpened(_) => Self::request(
                "not_opened",
                "This child's file has not been opened. Open it first, with a reason.",
            ),
            ReadError::BadDate => Self::request("bad_date", "Write a day such as 2026-10-27."),
            ReadError::Store(error) => error.into(),
        }
    }
}

fn unknown_record() -> VisitbookError {
    VisitbookError::request(
        "unknown_record",
        "There is no such record on this device, or you no longer hold the child. Read the list again.",
    )
}

fn other_kind(kind: &str) -> VisitbookError {
    VisitbookError::request(
        "other_kind",
        format!("That is not a {kind}. Pass the id of a {kind}."),
    )
}

impl From<SaveError> for VisitbookError {
    #[allow(clippy::too_many_lines)]
    fn from(error: SaveError) -> Self {
        match error {
            SaveError::UnknownRecord(_) => unknown_record(),
            SaveError::OtherKind(kind) => other_kind(kind),
            SaveError::NotHeld(_) => Self::request(
                "not_held",
                "You do not hold this child, so nothing was saved. Ask your manager.",
            ),
            SaveError::UnknownField { field } => Self::request(
                "unknown_field",
                format!(
                    "The form has no field {}. Nothing was saved.",
                    named(&field)
                ),
            ),
            SaveError::UnknownCode { field, allowed } => Self::request(
                "unknown_code",
                format!(
                    "{} does not take this answer. It takes: {}.",
                    named(&field),
                    allowed.join(", ")
                ),
            ),
            SaveError::BadForm { field, expected } => Self::request(
                "bad_form",
                format!("{} needs {expected}. Nothing was saved.", named(&field)),
            ),
            SaveError::Nul { field } => Self::request(
                "nul_character",
                format!(
                    "{} contains a NUL character, which other systems cut text at. Take it out.",
                    named(&field)
                ),
            ),
            SaveError::Empty { field } => Self::request(
                "empty",
                format!("{} is empty. Write something in it.", named(&field)),
            ),
            SaveError::TooLong { field, most } => Self::request(
                "too_long",
                format!(
                    "{} is longer than {most} bytes. Part it in two.",
                    named(&field)
                ),
            ),
            SaveError::WouldBeSetAside(reason) => Self::request(
                "would_be_set_aside",
                format!("The council would not take this. {}", reason.sentence()),
            ),
            SaveError::TwoAnswers => Self::request(
                "two_answers",
                "Two answers are open here. Show both, and settle them with `answer`.",
            ),
            SaveError::NothingToSettle => Self::request(
                "nothing_to_settle",
                "There are no two answers to settle here. Read the record again.",
            ),
            SaveError::ReasonNeeded => Self::request(
                "reason_needed",
                "Settling this question needs a reason. Say why.",
            ),
            SaveError::NeedsAgreement { .. } => Self::request(
                "needs_agreement",
                "The less worrying answer needs the agreement of the colleague who gave the other, or a manager's. Ask them with `ask`.",
            ),
            SaveError::NotSetAside => {
                Self::request("not_set_aside", "This is not waiting for your decision.")
            }
            SaveError::ManagersOnly => {
                Self::request("managers_only", "Only the child's manager decides this.")
            }
            SaveError::NotYours => Self::request(
                "not_yours",
                "Somebody else wrote this. Write your own piece of text beside it.",
            ),
            SaveError::Finished => Self::request(
                "finished",
                "This visit is finished and stays as it is. Add to it instead.",
            ),
            SaveError::NotFinished => Self::request(
                "not_finished",
                "This visit is not finished yet. Write into it instead.",
            ),
            SaveError::SignedOff => {
                Self::request("signed_off", "This visit is signed off already.")
            }
            SaveError::NothingToCorrect => Self::request(
                "nothing_to_correct",
                "Nothing stands here to correct. Answer the question instead.",
            ),
            SaveError::NothingToTell => Self::request(
                "nothing_to_tell",
                "There is nothing to tell: the child knows who the worker is. Name the worker to say it beforehand.",
            ),
            SaveError::NothingToOpen => Self::request(
                "nothing_to_open",
                "There is no unfinished text of a colleague here.",
            ),
            SaveError::NoLine => Self::request(
                "no_line",
                "There is no line to close: the area was not met on fewer than three visits running. Read the board again.",
            ),
            SaveError::StillClosed { until } => Self::request(
                "still_closed",
                format!(
                    "This line is closed until {until}. Close it again only to look again sooner."
                ),
            ),
            SaveError::StepTooSmall { least } => Self::request(
                "step_too_small",
                format!("A smaller step did not change it. The least that closes it now: {least}."),
            ),
            SaveError::EnteredInError => Self::request(
                "entered_in_error",
                "This was entered in error and takes nothing more. Make it again where it belongs.",
            ),
            SaveError::FileTooLarge => Self::request(
                "file_too_large",
                "The file is larger than 50 MB. Nothing was saved.",
            ),
            SaveError::FileLength => Self::request(
                "file_length",
                "The file is not as long as it was said to be. Nothing was saved.",
            ),
            SaveError::FileUnreadable(_) => as_storage(told(
                "file_unreadable",
                "The file could not be read. Nothing was saved.",
                true,
            )),
            SaveError::KeptUnsealed(_) => as_storage(told(
                "kept_unsealed",
                "It is saved in the book on this device and could not be made ready for sending. That is tried again by itself: do not save it again.",
                false,
            )),
            SaveError::Store(error) => error.into(),
            SaveError::Seal(error) => of_sealing(error),
            SaveError::NoRandomness(_) => no_randomness(),
        }
    }
}

impl From<FileError> for VisitbookError {
    fn from(error: FileError) -> Self {
        let request = Self::request;
        match error {
            FileError::Unknown => request(
                "no_such_file",
                "There is no such file on this record, or you no longer hold the child.",
            ),
            FileError::NotHere => as_request(told(
                "not_here",
                "The file is not on this device yet. Ask for it and sync.",
                true,
            )),
            FileError::Damaged => as_storage(told(
                "file_damaged",
                "The file is damaged on this device. If the council has it, it can be fetched again.",
                false,
            )),
            FileError::WrongKey => request(
                "wrong_key",
                "The file does not open with the key that came with it.",
            ),
            FileError::OtherSize => request(
                "other_size",
                "The file is not as long as its record says, so it was not opened.",
            ),
            FileError::NewerVersion => request(
                "newer_version",
                "The file was made with a newer version of this app. Update the app.",
            ),
            FileError::Output(_) | FileError::Io(_) => of_files(),
            FileError::Read(error) => error.into(),
        }
    }
}

impl From<SyncError> for VisitbookError {
    fn from(error: SyncError) -> Self {
        match error {
            SyncError::Store(error) => error.into(),
            SyncError::Spool(error) => of_spool(&error),
            SyncError::Save(error) => (*error).into(),
            SyncError::Seal(error) => of_sealing(error),
        }
    }
}

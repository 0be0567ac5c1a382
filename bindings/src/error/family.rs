//! What goes wrong while a device goes into a child's hands and comes back.

use visitbook_device::family::{DraftError, HandInError};
use visitbook_device::spool::SpoolError;
use visitbook_device::{EnterError, UnlockError};
use visitbook_seal::family::PostError;
use visitbook_seal::vault::ExitError;

use super::opening::{no_randomness, of_spool};
use super::{VisitbookError, as_request, as_state, as_unlock, capital, told};
use crate::held::NotHere;

impl VisitbookError {
    /// A child's page that was left, or is being.
    pub(crate) fn of_page(not_here: NotHere) -> Self {
        match not_here {
            NotHere::ChangingHands => {
                Self::busy("This page is being left just now. Try again in a moment.")
            }
            NotHere::Gone => as_state(told(
                "page_left",
                "This page was left: use the open book that `leave` returned.",
                false,
            )),
        }
    }

    /// The PIN was right and the book did not open.
    pub(crate) fn opened_locked(error: UnlockError) -> Self {
        let why = Self::from(error).to_string();
        as_state(told(
            "opened_locked",
            format!(
                "The page was left, and the book did not open ({why}). Open the locked book again."
            ),
            false,
        ))
    }

    /// Handed in, sealed, and in memory only.
    pub(crate) fn not_stored(error: &SpoolError) -> Self {
        of_spool(error).and("What was handed in is kept, sealed, and stored at the next try.")
    }
}

impl From<DraftError> for VisitbookError {
    fn from(error: DraftError) -> Self {
        let code = match error {
            DraftError::TooLong => "too_long",
            DraftError::Nul => "nul",
            DraftError::NotAPicture => "not_a_picture",
            DraftError::UnknownChoice => "unknown_code",
        };
        as_request(told(
            code,
            format!("{}.", capital(&error.to_string())),
            false,
        ))
    }
}

impl From<PostError> for VisitbookError {
    fn from(error: PostError) -> Self {
        match error {
            PostError::NoRandomness => no_randomness(),
            PostError::BadIngestKey | PostError::BadDropKey => {
                super::opening::of_sealing(visitbook_seal::envelope::SealError::BadKey)
            }
            PostError::TooManyPosts | PostError::PostTooLarge | PostError::SessionFull => {
                as_request(told(
                    "page_full",
                    format!("{}.", capital(&error.to_string())),
                    false,
                ))
            }
        }
    }
}

impl From<HandInError> for VisitbookError {
    fn from(error: HandInError) -> Self {
        match error {
            HandInError::Empty => {
                as_request(told("empty", "There is nothing on the page yet.", false))
            }
            HandInError::Over => as_request(told(
                "page_over",
                "This page has been open for long enough. Please give the tablet back.",
                false,
            )),
            HandInError::Post(error) => error.into(),
            HandInError::NotStored(error) => Self::not_stored(&error),
        }
    }
}

impl From<EnterError> for VisitbookError {
    fn from(error: EnterError) -> Self {
        match error {
            EnterError::Save(error) => error.into(),
            EnterError::Post(error) => error.into(),
        }
    }
}

impl From<ExitError> for VisitbookError {
    fn from(error: ExitError) -> Self {
        as_unlock(match error {
            ExitError::WrongPin { .. } => told(
                "wrong_pin",
                "Wrong PIN. Nothing was destroyed, and nothing will be; the next try may have to wait.",
                false,
            ),
            ExitError::Wait { .. } => told(
                "too_many_wrong_pins",
                "Too many wrong PINs. Wait a little, then try again. Nothing is destroyed.",
                true,
            ),
            ExitError::Other(error) => return error.into(),
        })
    }
}

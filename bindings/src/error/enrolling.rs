//! What goes wrong while a folder becomes a device.

use visitbook_device::EnrolError;
use visitbook_device::sync::exchange::TransportProblem;
use visitbook_seal::bundle::BundleError;
use visitbook_seal::enrol::EnrolmentCodeError;
use visitbook_seal::vault;

use super::opening::{no_randomness, of_keystore, of_sealing};
use super::{VisitbookError, as_council, as_unlock, capital, told};

fn of_bundle(_: BundleError) -> VisitbookError {
    as_council(told(
        "not_the_council",
        "Whoever answered is not the council that the code is for. Try another network, and if that does not help ask for a new code.",
        true,
    ))
}

impl From<EnrolmentCodeError> for VisitbookError {
    fn from(error: EnrolmentCodeError) -> Self {
        Self::request(
            "bad_code",
            format!("{}. Copy it again, whole.", capital(&error.to_string())),
        )
    }
}

impl From<vault::ChangeError> for VisitbookError {
    fn from(error: vault::ChangeError) -> Self {
        use vault::ChangeError as E;
        match error {
            E::Pin(error) => as_unlock(told(
                "bad_pin",
                format!("{}. Choose another.", capital(&error.to_string())),
                false,
            )),
            E::Keystore(error) => of_keystore(error),
            E::NoRandomness(_) => no_randomness(),
            E::NoMemory => vault::UnlockError::NoMemory.into(),
            E::OtherVault | E::NotGenuine => vault::UnlockError::KeystoreChanged.into(),
            E::PinNeeded => as_unlock(told(
                "pin_needed",
                "The PIN has to be entered first: lock the book and open it with the PIN.",
                false,
            )),
        }
    }
}

impl From<TransportProblem> for VisitbookError {
    fn from(problem: TransportProblem) -> Self {
        let (code, explanation) = match problem {
            TransportProblem::NoLine => (
                "no_line",
                "There is no connection to the council. Try again with a signal.",
            ),
            TransportProblem::NotPrivate => (
                "not_private",
                "Somebody on this network is answering in the council's place. Try another network.",
            ),
            TransportProblem::Lost => (
                "line_lost",
                "The line was lost. Try again: the same code still works.",
            ),
            TransportProblem::TimedOut => (
                "timed_out",
                "No answer came in time. Try again: the same code still works.",
            ),
            TransportProblem::Unreadable => (
                "not_answering_properly",
                "What answered is not the council's system. Try again later.",
            ),
            TransportProblem::Cancelled => (
                "cancelled",
                "It was cancelled. Try again: the same code still works.",
            ),
        };
        as_council(told(code, explanation, true))
    }
}

impl From<EnrolError<TransportProblem>> for VisitbookError {
    fn from(error: EnrolError<TransportProblem>) -> Self {
        match error {
            EnrolError::Open(error) => error.into(),
            EnrolError::AlreadyEnrolled => Self::request(
                "already_enrolled",
                "This folder is an enrolled device already. Open it instead.",
            ),
            EnrolError::BadLabel => Self::request(
                "bad_label",
                "The device's name must have 1 to 200 bytes and no NUL.",
            ),
            EnrolError::Vault(error) => error.into(),
            EnrolError::EarlierTry(error) => Self::from(error)
                .and("Enrolling was begun here before: use the PIN that was chosen then."),
            EnrolError::Transport(problem) => problem.into(),
            EnrolError::Council(error) => of_bundle(error),
            EnrolError::Certificate(_) | EnrolError::NotTheCouncil => {
                of_bundle(BundleError::Malformed)
            }
            EnrolError::CodeRefused => as_council(told(
                "code_refused",
                "The council does not accept this code: it was used on another device, or has ended. Ask for a new one.",
                false,
            )),
            EnrolError::Store(error) => error.into(),
            EnrolError::Seal(error) => of_sealing(error),
            EnrolError::NoRandomness(_) => no_randomness(),
        }
    }
}

//! What a command says when it did not do what was asked: a code for scripts, a sentence for people.

use visitbook_device::clock::Moment;
use visitbook_device::{OpenError, ReadError, SaveError, UnlockError};
use visitbook_record::time::WallMillis;

/// Why a command failed. Nothing that was saved before is touched by any of these.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub(crate) struct Failure {
    /// Stable, for scripts.
    pub(crate) code: &'static str,
    /// For people: what happened and what to do.
    pub(crate) message: String,
}

impl Failure {
    /// A failure with a code of its own.
    pub(crate) fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }
}

impl Failure {
    /// The first letter large and a full stop at the end: the core's errors were written to stand inside other sentences.
    pub(crate) fn sentence(text: &str) -> String {
        sentence(text)
    }
}

fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first: String = letters
        .next()
        .map(|c| c.to_uppercase().collect())
        .unwrap_or_default();
    let rest = letters.as_str();
    let stop = if rest.ends_with(['.', '!', '?']) {
        ""
    } else {
        "."
    };
    format!("{first}{rest}{stop}")
}

impl From<SaveError> for Failure {
    fn from(error: SaveError) -> Self {
        let code = match &error {
            SaveError::UnknownRecord(_) => "unknown_record",
            SaveError::OtherKind(_) => "other_kind",
            SaveError::NotHeld(_) => "not_held",
            SaveError::UnknownField { .. } => "unknown_field",
            SaveError::UnknownCode { .. } => "unknown_code",
            SaveError::NeedsAgreement { .. } => "needs_agreement",
            SaveError::TwoAnswers => "two_answers",
            SaveError::NothingToSettle => "nothing_to_settle",
            SaveError::ReasonNeeded => "reason_needed",
            SaveError::NotSetAside => "not_set_aside",
            SaveError::ManagersOnly => "managers_only",
            SaveError::Finished => "finished",
            SaveError::NotFinished => "not_finished",
            SaveError::NotYours => "not_yours",
            SaveError::SignedOff => "signed_off",
            SaveError::NothingToCorrect => "nothing_to_correct",
            SaveError::NothingToTell => "nothing_to_tell",
            SaveError::NothingToOpen => "nothing_to_open",
            SaveError::NoLine => "no_line",
            SaveError::StillClosed { .. } => "still_closed",
            SaveError::StepTooSmall { .. } => "step_too_small",
            SaveError::BadForm { .. } => "bad_form",
            SaveError::EnteredInError => "entered_in_error",
            SaveError::FileTooLarge => "file_too_large",
            SaveError::FileLength => "file_length",
            SaveError::FileUnreadable(_) => "file",
            SaveError::KeptUnsealed(_) => "kept_unsealed",
            SaveError::WouldBeSetAside(_) => "would_be_set_aside",
            _ => "not_saved",
        };
        let hint = match &error {
            SaveError::UnknownField { .. } => {
                " `visitbook fields` lists them all; text under a heading is written with `visit note`."
            }
            SaveError::KeptUnsealed(_) => " Your words are safe in the book.",
            _ => "",
        };
        Self::new(code, format!("{}{hint}", sentence(&error.to_string())))
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let code = match &error {
            ReadError::UnknownRecord(_) => "unknown_record",
            ReadError::OtherKind(_) => "other_kind",
            ReadError::NotOpened(_) => "not_opened",
            ReadError::BadDate => "bad_date",
            _ => "not_read",
        };
        let next = match &error {
            ReadError::Store(error) => format!(" {}", error.what_to_do()),
            _ => String::new(),
        };
        Self::new(code, format!("{}{next}", sentence(&error.to_string())))
    }
}

impl From<OpenError> for Failure {
    fn from(error: OpenError) -> Self {
        let code = match &error {
            OpenError::Busy => "busy",
            OpenError::NotEnrolled => "not_enrolled",
            _ => "not_opened",
        };
        let words = format!("{} {}", sentence(&error.to_string()), error.what_to_do());
        Self::new(code, words)
    }
}

impl From<UnlockError> for Failure {
    fn from(error: UnlockError) -> Self {
        if let UnlockError::Vault(visitbook_seal::vault::UnlockError::Wait { until_ms }) = &error {
            let until = Moment::of(WallMillis(i64::try_from(*until_ms).unwrap_or(i64::MAX)));
            let words = format!(
                "Too many wrong PINs. Try again after {} {}.",
                until.date, until.time
            );
            return Self::new("wait", words);
        }
        Self::new("not_unlocked", sentence(&error.to_string()))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::new("file", sentence(&error.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::sentence;

    #[test]
    fn messages_are_sentences() {
        assert_eq!(sentence("say why"), "Say why.");
        assert_eq!(sentence("Gone!"), "Gone!");
        assert_eq!(sentence(""), ".");
    }
}

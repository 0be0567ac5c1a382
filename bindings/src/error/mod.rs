//! The one error at the border: what kind of thing is in the way, a code that stays the same for ever, what to tell a
//! person, and whether the same call may simply be made again.
//!
//! The core's own errors are rich and made for the core. Their texts are not passed on where they could hold a name or a
//! word of a record: error texts end up in logs and crash reports.

mod biometric;
mod enrolling;
mod family;
mod opening;
mod recording;

use crate::held::NotHere;

/// Why a call did not do what was asked. Nothing that was saved before is touched by any of these.
///
/// Every kind has the same three things. `code` is stable, in `snake_case`, for programs. `explanation` is plain English:
/// what happened and what to do; it holds no word of any record, no key and nobody's name, so it may be logged. With
/// `retryable` the same call may succeed later as it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
pub enum VisitbookError {
    /// It cannot be done as asked: an unknown field, a finished visit, somebody else's text.
    #[error("{code}: {explanation}")]
    Request {
        /// Stable, for programs.
        code: String,
        /// For people: what happened and what to do.
        explanation: String,
        /// The same call may succeed later as it is.
        retryable: bool,
    },
    /// The object cannot do it now, or no more: it is spent, busy, or locked.
    #[error("{code}: {explanation}")]
    State {
        /// Stable, for programs.
        code: String,
        /// For people: what happened and what to do.
        explanation: String,
        /// The same call may succeed later as it is.
        retryable: bool,
    },
    /// The PIN, the vault or the phone's keystore.
    #[error("{code}: {explanation}")]
    Unlock {
        /// Stable, for programs.
        code: String,
        /// For people: what happened and what to do.
        explanation: String,
        /// The same call may succeed later as it is.
        retryable: bool,
    },
    /// The files of this device.
    #[error("{code}: {explanation}")]
    Storage {
        /// Stable, for programs.
        code: String,
        /// For people: what happened and what to do.
        explanation: String,
        /// The same call may succeed later as it is.
        retryable: bool,
    },
    /// The council or the line to it. A sync reports these in its outcome; enrolling has none to report them in.
    #[error("{code}: {explanation}")]
    Council {
        /// Stable, for programs.
        code: String,
        /// For people: what happened and what to do.
        explanation: String,
        /// The same call may succeed later as it is.
        retryable: bool,
    },
}

type Told = (&'static str, String, bool);

fn told(code: &'static str, explanation: impl Into<String>, retryable: bool) -> Told {
    (code, explanation.into(), retryable)
}

macro_rules! kinds {
    ($($make:ident => $kind:ident),*) => {$(
        fn $make((code, explanation, retryable): Told) -> VisitbookError {
            VisitbookError::$kind { code: code.to_owned(), explanation, retryable }
        }
    )*};
}

kinds!(as_request => Request, as_state => State, as_unlock => Unlock, as_storage => Storage, as_council => Council);

impl VisitbookError {
    /// What was asked cannot be done, and trying again does not help.
    pub(crate) fn request(code: &'static str, explanation: impl Into<String>) -> Self {
        as_request(told(code, explanation, false))
    }

    /// The object is busy for now.
    pub(crate) fn busy(explanation: &str) -> Self {
        as_state(told("busy", explanation, true))
    }

    /// A locked book that was unlocked, or is being.
    pub(crate) fn of_locked(not_here: NotHere) -> Self {
        match not_here {
            NotHere::ChangingHands => {
                Self::busy("This book is being unlocked just now. Try again in a moment.")
            }
            NotHere::Gone => as_state(told(
                "spent",
                "This locked book was unlocked: use the open book that `unlock` returned.",
                false,
            )),
        }
    }

    /// An open book that was locked, or is being: locking never fails, so the one is as good as the other.
    pub(crate) fn of_open(_: NotHere) -> Self {
        as_state(told(
            "locked",
            "This book was locked: unlock the locked book that `lock` returned.",
            false,
        ))
    }

    /// The same, with a sentence put after the explanation.
    pub(crate) fn and(mut self, sentence: &str) -> Self {
        let (Self::Request { explanation, .. }
        | Self::State { explanation, .. }
        | Self::Unlock { explanation, .. }
        | Self::Storage { explanation, .. }
        | Self::Council { explanation, .. }) = &mut self;
        explanation.push(' ');
        explanation.push_str(sentence);
        self
    }
}

/// The name of a field, if what was handed in can be one: an app may by mistake have handed in a person's words.
fn named(field: &str) -> &str {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_/-".contains(&byte);
    if field.len() <= 140 && field.bytes().all(plain) {
        field
    } else {
        "(not a field's name)"
    }
}

/// The first letter large: the core's sentences are made to stand inside others.
fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::named;

    #[test]
    fn what_is_no_fields_name_is_not_repeated() {
        for name in [
            "seen",
            "people_present/01890a5d-ac96-774b-bcce-b302099a8057/lives_here",
        ] {
            assert_eq!(named(name), name);
        }
        for words in ["dont tell mum", "Wren", "pool.", "möwe", "a\nb"] {
            assert_eq!(named(words), "(not a field's name)");
        }
    }
}

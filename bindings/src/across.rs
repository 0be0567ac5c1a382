//! Turning the core's values into plain ones that every language has, and names of things back from text.

use visitbook_device::clock;
use visitbook_record::commit::Role;
use visitbook_record::id::{CommitHash, CouncilId, DeviceId, OpId, RecordId, WorkerId};
use visitbook_record::op::Target;
use visitbook_record::verdict::Reason;

use crate::error::VisitbookError;
use crate::model::lists::{Holder, Moment};

/// A value of the core that has a plain form.
pub(crate) trait Across<T> {
    /// The plain form.
    fn across(self) -> T;
}

macro_rules! same {
    ($($plain:ty),*) => {$(
        impl Across<$plain> for $plain {
            fn across(self) -> $plain {
                self
            }
        }
    )*};
}

macro_rules! text {
    ($($name:ty),*) => {$(
        impl Across<String> for $name {
            fn across(self) -> String {
                self.to_string()
            }
        }
    )*};
}

same!(String, bool, u32, u64);
text!(RecordId, WorkerId, CouncilId, DeviceId, OpId, CommitHash);

impl Across<u64> for usize {
    fn across(self) -> u64 {
        u64::try_from(self).unwrap_or(u64::MAX)
    }
}

impl Across<String> for Role {
    fn across(self) -> String {
        self.word().to_owned()
    }
}

impl Across<String> for Reason {
    /// Its name in `snake_case`, as the core's own JSON has it.
    fn across(self) -> String {
        let mut word = String::new();
        for letter in format!("{self:?}").chars() {
            if letter.is_ascii_uppercase() && !word.is_empty() {
                word.push('_');
            }
            word.push(letter.to_ascii_lowercase());
        }
        word
    }
}

impl Across<Holder> for (String, Role) {
    fn across(self) -> Holder {
        Holder {
            name: self.0,
            role: self.1.across(),
        }
    }
}

impl Across<Moment> for clock::Moment {
    fn across(self) -> Moment {
        let clock::Moment { millis, date, time } = self;
        Moment { millis, date, time }
    }
}

impl<T: Across<U>, U> Across<Vec<U>> for Vec<T> {
    fn across(self) -> Vec<U> {
        self.into_iter().map(Across::across).collect()
    }
}

impl<T: Across<U>, U> Across<Option<U>> for Option<T> {
    fn across(self) -> Option<U> {
        self.map(Across::across)
    }
}

/// A record's id from text. What was handed in is not repeated: it may be anything.
pub(crate) fn record(id: &str) -> Result<RecordId, VisitbookError> {
    id.parse().map_err(|_| bad_id("record"))
}

/// Several records' ids.
pub(crate) fn records(ids: &[String]) -> Result<Vec<RecordId>, VisitbookError> {
    ids.iter().map(|id| record(id)).collect()
}

/// A statement's id.
pub(crate) fn statement(id: &str) -> Result<OpId, VisitbookError> {
    id.parse().map_err(|_| {
        VisitbookError::request(
            "bad_id",
            "That is not the id of a statement. Pass `op` as a list or a page gave it.",
        )
    })
}

/// Several statements' ids.
pub(crate) fn statements(ids: &[String]) -> Result<Vec<OpId>, VisitbookError> {
    ids.iter().map(|id| statement(id)).collect()
}

/// The id of a member of staff.
pub(crate) fn worker(id: &str) -> Result<WorkerId, VisitbookError> {
    id.parse().map_err(|_| bad_id("worker"))
}

/// What an answer is about. Whether the form has it is the core's to say.
pub(crate) fn target(text: &str) -> Target {
    text.parse().unwrap_or_else(|never| match never {})
}

fn bad_id(of: &str) -> VisitbookError {
    VisitbookError::request(
        "bad_id",
        format!(
            "That is not the id of a {of}. Pass an id as it was given, such as \
             01890a5d-ac96-774b-bcce-b302099a8057."
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_has_a_word_of_its_own() {
        assert_eq!(Reason::OldAssignment.across(), "old_assignment");
        assert_eq!(Reason::NotYourName.across(), "not_your_name");
        let words: std::collections::BTreeSet<String> = (0..=u8::MAX)
            .filter_map(Reason::from_code)
            .map(Across::across)
            .collect();
        assert_eq!(
            words.len(),
            (0..=u8::MAX).filter_map(Reason::from_code).count()
        );
    }
}

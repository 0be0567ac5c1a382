//! The form catalogue: what can be asked, which answers there are, and how two answers are treated.
//!
//! The forms are data, not code: one file per version, each version adding fields and codes and taking none away. A commit
//! names the version its author had before them and is judged by that one. The labels here are the ones put on screens;
//! the label an author saw travels inside the payload.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use serde::Deserialize;

use crate::conflict::Worry;
use crate::fact::Answer;
use crate::op::{Policy, Target};

/// One answer that a question offers.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Choice {
    /// Stored, exported, never changed.
    pub code: String,
    /// Shown.
    pub label: String,
}

/// What sort of answer a field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Sort {
    /// One of the choices.
    Choice,
    /// A plain date, `2026-10-27`.
    Date,
    /// A time of day, `09:52`.
    Time,
    /// A few words.
    Words,
    /// A name that the core made or was given: a UUID.
    Id,
    /// A piece of the author's text, under a heading; each entry has an id of its own.
    Entry,
}

/// A field of a form, or a part of one of its elements.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Stored; never changed.
    pub code: String,
    /// What stands above the answer.
    pub label: String,
    /// The question when two people answered differently; `{child}` stands for the child's name.
    #[serde(default)]
    pub question: Option<String>,
    /// How two answers are treated.
    pub policy: PolicyWord,
    /// What sort of answer.
    pub sort: Sort,
    /// The answers offered, the most worrying first where the policy is risk.
    #[serde(default)]
    pub choices: Vec<Choice>,
    /// True if each answer is about one of several elements: a person present, an area observed, an entry.
    #[serde(default)]
    pub elements: bool,
    /// The parts of an element, each with a policy of its own.
    #[serde(default)]
    pub parts: Vec<Field>,
    /// True for what is common to an outing and is written into every child's visit.
    #[serde(default)]
    pub trip: bool,
}

/// A policy as written in the catalogue's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PolicyWord {
    /// [`Policy::Ordinary`].
    Ordinary,
    /// [`Policy::Risk`].
    Risk,
    /// [`Policy::Observer`].
    Observer,
    /// [`Policy::Set`].
    Set,
    /// [`Policy::Words`].
    Words,
}

impl From<PolicyWord> for Policy {
    fn from(word: PolicyWord) -> Self {
        match word {
            PolicyWord::Ordinary => Self::Ordinary,
            PolicyWord::Risk => Self::Risk,
            PolicyWord::Observer => Self::Observer,
            PolicyWord::Set => Self::Set,
            PolicyWord::Words => Self::Words,
        }
    }
}

impl Field {
    /// How two answers are treated.
    #[must_use]
    pub fn policy(&self) -> Policy {
        self.policy.into()
    }

    /// The choice with this code.
    #[must_use]
    pub fn choice(&self, code: &str) -> Option<&Choice> {
        self.choices.iter().find(|choice| choice.code == code)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    forms: BTreeMap<String, Form>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    fields: Vec<Field>,
}

/// One version of the forms.
pub struct Catalogue {
    version: u32,
    forms: BTreeMap<String, Vec<Field>>,
}

/// The newest version built in.
pub const NEWEST: u32 = 1;

impl Catalogue {
    /// The version with this number; `None` if this build does not have it.
    #[must_use]
    pub fn version(number: u32) -> Option<&'static Self> {
        (number == NEWEST).then(Self::newest)
    }

    /// The newest version built in.
    #[must_use]
    pub fn newest() -> &'static Self {
        static VERSION_1: OnceLock<Catalogue> = OnceLock::new();
        VERSION_1.get_or_init(|| match Self::parse(include_str!("../catalogue/1.toml")) {
            Ok(catalogue) => catalogue,
            Err(_) => unreachable!("a test of this module reads the built-in file"),
        })
    }

    fn parse(text: &str) -> Result<Self, toml::de::Error> {
        let file = toml::from_str::<File>(text)?;
        Ok(Self {
            version: file.version,
            forms: file
                .forms
                .into_iter()
                .map(|(name, form)| (name, form.fields))
                .collect(),
        })
    }

    /// This version's number.
    #[must_use]
    pub const fn number(&self) -> u32 {
        self.version
    }

    /// The names of the forms, in alphabetical order; [`crate::commit::RecordKind::form`] says which belongs to what.
    pub fn forms(&self) -> impl Iterator<Item = &str> {
        self.forms.keys().map(String::as_str)
    }

    /// The fields of a form, in the order they are asked. Empty for a form this version does not have.
    #[must_use]
    pub fn fields(&self, form: &str) -> &[Field] {
        self.forms.get(form).map_or(&[], Vec::as_slice)
    }

    /// The field, or part of an element, that a target is about. `None` if the form has none, or if the target's shape is
    /// not the field's: a plain field takes no element, a field of elements needs one.
    #[must_use]
    pub fn field(&self, form: &str, target: &Target) -> Option<&Field> {
        let field = self
            .fields(form)
            .iter()
            .find(|field| field.code == target.name())?;
        match (target.element_id(), target.part_name()) {
            (None, None) => (!field.elements).then_some(field),
            (Some(_), None) => field.elements.then_some(field),
            (_, Some(part)) => field
                .elements
                .then(|| field.parts.iter().find(|p| p.code == part))
                .flatten(),
        }
    }

    /// True if a target is about what is common to everybody visited on one outing. Parts follow the field they belong to.
    #[must_use]
    pub fn is_common_to_outing(&self, form: &str, target: &Target) -> bool {
        self.field(form, target).is_some()
            && self
                .fields(form)
                .iter()
                .any(|field| field.code == target.name() && field.trip)
    }

    /// How worrying an answer to this target is, by the order of the choices. An answer that cannot be read, is not among
    /// them, or is to a field this version does not have, ranks as most worrying.
    #[must_use]
    pub fn worry(&self, form: &str, target: &Target, answer: &Answer) -> Worry {
        let place = self
            .field(form, target)
            .zip(answer.code())
            .and_then(|(field, code)| field.choices.iter().position(|choice| choice.code == code))
            .and_then(|place| u16::try_from(place).ok());
        place.map_or(Worry::MOST, Worry::at)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_built_in_file_reads_and_has_the_number_it_is_asked_for_by() {
        let catalogue = Catalogue::parse(include_str!("../catalogue/1.toml")).unwrap();
        assert_eq!(catalogue.number(), NEWEST);
        assert_eq!(Catalogue::newest().number(), NEWEST);
        assert!(Catalogue::version(NEWEST + 1).is_none());
        assert!(Catalogue::version(0).is_none());
    }

    #[test]
    fn a_misspelt_setting_is_refused_instead_of_passed_over() {
        let spelt = |policy: &str| {
            Catalogue::parse(&format!(
                "version = 9\n[[forms.visit.fields]]\ncode = \"a\"\nlabel = \"A\"\nsort = \"words\"\n{policy} = \"risk\"\n"
            ))
        };
        assert!(spelt("policy").is_ok());
        assert!(spelt("polcy").is_err());
    }
}

//! The rules of a visit: what binds when it is finished.
//!
//! Six things bind and no more: outcome, seen, alone (or why not), the child's voice (or why not), safe now, and one
//! sentence of meaning. Where nobody could be visited, or the child is not born yet, fewer do. A seventh compulsory answer
//! would be filled in to get past it, and everything that was typed is saved whether or not the visit can be finished.

use crate::fact::{Answer, Fact};
use crate::fold::live_among;
use crate::op::{Kind, Target};
use crate::payload::Content;

/// Something that must be among the statements of a visit before it can be finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Missing {
    /// Whether the visit went ahead.
    Outcome,
    /// What was tried, where nobody could be visited.
    Tried,
    /// When it will be tried again.
    NextTry,
    /// Whether the child was seen.
    Seen,
    /// Why the child was not seen.
    NotSeenBecause,
    /// Whether the child was seen alone.
    Alone,
    /// Why the child was not spoken to alone.
    NotSpokenAloneBecause,
    /// What the child gave, or that it was not sought and why.
    Voice,
    /// Whether the child is safe now.
    SafeNow,
    /// One sentence of what this means for the child.
    Meaning,
}

impl Missing {
    /// The field of the visit form that is to be filled in.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Outcome => "outcome",
            Self::Tried => "tried",
            Self::NextTry => "next_try",
            Self::Seen => "seen",
            Self::NotSeenBecause => "not_seen_because",
            Self::Alone => "alone",
            Self::NotSpokenAloneBecause => "not_spoken_alone_because",
            Self::Voice => "voice",
            Self::SafeNow => "safe_now",
            Self::Meaning => "meaning",
        }
    }

    /// The question to put on the screen.
    #[must_use]
    pub fn question(self, child: &str) -> String {
        match self {
            Self::Outcome => "Did the visit go ahead?".to_owned(),
            Self::Tried => "What did you try?".to_owned(),
            Self::NextTry => "When will you try again?".to_owned(),
            Self::Seen => format!("Was {child} seen?"),
            Self::NotSeenBecause => format!("Why was {child} not seen?"),
            Self::Alone => format!("Was {child} seen alone?"),
            Self::NotSpokenAloneBecause => format!("Why was {child} not spoken to alone?"),
            Self::Voice => {
                format!("What did {child} say, show or do? Or why was {child} not asked?")
            }
            Self::SafeNow => format!("Is {child} safe now?"),
            Self::Meaning => format!("What does this mean for {child}? One sentence is enough."),
        }
    }
}

/// What is still missing from these statements for the visit to be finished, in the order it is asked.
///
/// `facts` are all statements that a finish lists, of one record, in any order and whatever their verdict. Until outcome
/// and seen are answered, the visit is taken to be an ordinary one, so that the screen shows everything at once. While two
/// answers to a question are open, a further question binds only if each of them leads to it: nobody is made to say why a
/// child was not seen whom they saw. If anybody says that the visit went ahead, it counts as one that did.
#[must_use]
pub fn missing_at_finish(facts: &[Fact]) -> Vec<Missing> {
    let page = Listed(facts);
    let mut missing = Vec::new();
    let mut binds = |thing: Missing, given: bool| {
        if !given {
            missing.push(thing);
        }
    };

    let outcome = page.answers(Missing::Outcome);
    binds(Missing::Outcome, !outcome.is_empty());
    let went_ahead = outcome.is_empty() || outcome.iter().any(|answer| !is_no_visit(answer));
    if !went_ahead {
        if !outcome.iter().any(|answer| is_cancelled(answer)) {
            binds(Missing::Tried, page.has_element(Missing::Tried));
            binds(Missing::NextTry, page.has_answer(Missing::NextTry));
        }
        return missing;
    }

    let seen = page.answers(Missing::Seen);
    let all_say = |answers: &[&Answer], code: &str| {
        !answers.is_empty() && answers.iter().all(|answer| answer.code() == Some(code))
    };
    binds(Missing::Seen, !seen.is_empty());
    if all_say(&seen, "no") {
        let why = page.has_answer(Missing::NotSeenBecause);
        binds(Missing::NotSeenBecause, why);
    }
    if seen.is_empty() || all_say(&seen, "yes") {
        let alone = page.answers(Missing::Alone);
        binds(Missing::Alone, !alone.is_empty());
        let asks_why = |answer: &&Answer| {
            answer
                .code()
                .is_some_and(|code| matches!(code, "not_alone" | "alone_not_talking"))
        };
        if !alone.is_empty() && alone.iter().all(asks_why) {
            let why = page.has_answer(Missing::NotSpokenAloneBecause);
            binds(Missing::NotSpokenAloneBecause, why);
        }
    }
    if seen.iter().all(|answer| answer.code() != Some("unborn")) {
        binds(Missing::Voice, page.has_element(Missing::Voice));
    }
    binds(Missing::SafeNow, page.has_answer(Missing::SafeNow));
    binds(Missing::Meaning, page.has_text(Missing::Meaning));
    missing
}

/// Outcomes after which there is nothing to say of the child. An answer that this version cannot read is not one of them.
fn is_no_visit(outcome: &Answer) -> bool {
    is_cancelled(outcome)
        || outcome
            .code()
            .is_some_and(|code| matches!(code, "no_answer" | "refused_entry" | "not_safe_to_enter"))
}

fn is_cancelled(outcome: &Answer) -> bool {
    outcome
        .code()
        .is_some_and(|code| matches!(code, "cancelled_by_family" | "cancelled_by_us"))
}

/// The statements a finish lists. All count: a listed statement in quarantine leaves the finish as it is.
struct Listed<'a>(&'a [Fact]);

impl<'a> Listed<'a> {
    fn live(&self, about: impl Fn(&Target) -> bool) -> Vec<&'a Fact> {
        let facts: Vec<&Fact> = self.0.iter().filter(|fact| about(&fact.target)).collect();
        live_among(&facts, |_| true, |_, _| true)
            .into_iter()
            .filter_map(|at| facts.get(at).copied())
            .filter(|fact| fact.kind.states_something() && fact.kind != Kind::EntryWithdraw)
            .collect()
    }

    fn answers(&self, field: Missing) -> Vec<&'a Answer> {
        let target = Target::field(field.code());
        self.live(|about| *about == target)
            .into_iter()
            .map(|fact| &fact.answer)
            .collect()
    }

    fn has_answer(&self, field: Missing) -> bool {
        !self.answers(field).is_empty()
    }

    fn elements(&self, field: Missing) -> Vec<&'a Fact> {
        self.live(|about| {
            about.name() == field.code()
                && about.element_id().is_some()
                && about.part_name().is_none()
        })
    }

    fn has_element(&self, field: Missing) -> bool {
        !self.elements(field).is_empty()
    }

    /// White space is not a sentence.
    fn has_text(&self, heading: Missing) -> bool {
        let blank = Answer::of(Some(&Content::Text {
            text: String::new(),
            cut_off: false,
        }));
        self.elements(heading)
            .into_iter()
            .any(|entry| entry.answer != blank)
    }
}

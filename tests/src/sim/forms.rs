//! What can be asked, taken from the newest form catalogue, and kept to a few questions so that answers collide.

use std::sync::OnceLock;

use visitbook_record::catalogue::{Catalogue, Field, Sort};
use visitbook_record::commit::RecordKind;
use visitbook_record::op::Policy;

/// A question that the simulated people answer.
pub(crate) struct Question {
    pub(crate) field: String,
    pub(crate) policy: Policy,
    /// Codes to answer with; for a choice the form's own, the most worrying first where the policy is risk.
    pub(crate) codes: Vec<String>,
    pub(crate) is_choice: bool,
}

/// The questions of one sort of record.
#[derive(Default)]
pub(crate) struct Form {
    pub(crate) risk: Vec<Question>,
    pub(crate) ordinary: Vec<Question>,
    pub(crate) observed: Vec<Question>,
    pub(crate) sets: Vec<Question>,
    /// Parts of a set's elements, with the set's field first.
    pub(crate) parts: Vec<(String, Question)>,
    pub(crate) entries: Vec<Question>,
    pub(crate) words: Vec<Question>,
}

/// The forms used here.
pub(crate) struct Forms {
    pub(crate) visit: Form,
    pub(crate) voice: Form,
    pub(crate) concern: Form,
}

/// Of each sort of question, so many: with fewer questions, more people answer the same one.
const OF_EACH: usize = 3;

pub(crate) fn forms() -> &'static Forms {
    static FORMS: OnceLock<Forms> = OnceLock::new();
    FORMS.get_or_init(|| Forms {
        visit: read(RecordKind::Visit),
        voice: read(RecordKind::Voice),
        concern: read(RecordKind::Concern),
    })
}

fn read(kind: RecordKind) -> Form {
    let mut form = Form::default();
    for field in Catalogue::newest().fields(kind.form()) {
        let question = question(field);
        if field.sort == Sort::Entry {
            if field.policy() == Policy::Words {
                form.words.push(question);
            } else {
                form.entries.push(question);
            }
            continue;
        }
        match (field.policy(), field.elements) {
            (Policy::Risk, false) if field.sort == Sort::Choice => form.risk.push(question),
            (Policy::Ordinary, false) if field.sort == Sort::Choice => form.ordinary.push(question),
            (Policy::Observer, true) => form.observed.push(question),
            (Policy::Set, true) => {
                for part in &field.parts {
                    form.parts.push((field.code.clone(), self::question(part)));
                }
                form.sets.push(question);
            }
            (Policy::Words, _) => form.words.push(question),
            _ => {}
        }
    }
    form.risk.truncate(OF_EACH);
    form.ordinary.truncate(OF_EACH);
    form.observed.truncate(OF_EACH);
    form.sets.truncate(OF_EACH);
    form.parts.truncate(OF_EACH);
    form.entries.truncate(OF_EACH);
    form
}

fn question(field: &Field) -> Question {
    let plain: &[&str] = match field.sort {
        Sort::Date => &["2026-10-27", "2026-10-28"],
        Sort::Time => &["09:52", "10:20", "14:05"],
        Sort::Id => &["01890a5d-ac96-774b-bcce-b302099a8057"],
        Sort::Choice | Sort::Words | Sort::Entry => &["first", "second", "third"],
    };
    let is_choice = field.sort == Sort::Choice;
    Question {
        field: field.code.clone(),
        policy: field.policy(),
        codes: if is_choice {
            field.choices.iter().map(|c| c.code.clone()).collect()
        } else {
            plain.iter().map(|code| (*code).to_owned()).collect()
        },
        is_choice,
    }
}

//! What is recorded in an open book by answering, marking, settling and finishing. Text that is typed is in `typing`.

use crate::across::{Across as _, record, records, target, worker};
use crate::book::Book;
use crate::error::VisitbookError;
use crate::model::given::{AnswerGiven, VoiceGiven};
use crate::model::standing::{BeforeFinishing, Finishing, Saved};

type Result<T> = std::result::Result<T, VisitbookError>;

/// A voice, and what was saved with it.
#[derive(Clone, uniffi::Record)]
pub struct VoiceSaved {
    /// The voice's record.
    pub voice: String,
    /// What was saved.
    pub saved: Saved,
}

#[uniffi::export]
impl Book {
    /// Plans a visit to one child or several on a day written `2026-10-27`, with named colleagues. Everybody who holds the
    /// child sees it. Returns a record for each child, in the order given.
    #[uniffi::method(default(joint_workers = []))]
    pub fn plan_visit(
        &self,
        children: Vec<String>,
        date: String,
        joint_workers: Vec<String>,
    ) -> Result<Saved> {
        let children = records(&children)?;
        let with: Vec<_> = joint_workers
            .iter()
            .map(|id| worker(id))
            .collect::<Result<_>>()?;
        Ok(self
            .with(|working| working.plan_visit(&children, &date, &with))?
            .across())
    }

    /// Begins a visit to one child or several: the one planned for today where there is one, a new one otherwise. All visits
    /// begun together belong to one outing. Returns a record for each child, in the order given.
    pub fn begin_visit(&self, children: Vec<String>) -> Result<Vec<String>> {
        let children = records(&children)?;
        Ok(self
            .with(|working| working.begin_visit(&children))?
            .across())
    }

    /// Answers a question of the form. `target` is a field such as `seen`, an element `people_present/ID` or a part of one
    /// `people_present/ID/lives_here`; `code` a code of the form, a date `2026-10-27`, a time `09:52`, or words. When this
    /// returns, the answer is durable and signed.
    ///
    /// Errors: `unknown_field`, `unknown_code` (which lists what the field takes), `bad_form`, `two_answers`, and the others
    /// of kind `Request`. Nothing was saved then.
    #[uniffi::method(default(note = None))]
    pub fn set(
        &self,
        record: String,
        target: String,
        code: String,
        note: Option<String>,
    ) -> Result<Saved> {
        let (record, target) = at(&record, &target)?;
        Ok(self
            .with(|working| working.set(record, &target, &code, note.as_deref()))?
            .across())
    }

    /// Answers several questions of one record in one save, in order. If one cannot be given, none is saved.
    pub fn set_all(&self, record: String, answers: Vec<AnswerGiven>) -> Result<Saved> {
        let record = crate::across::record(&record)?;
        let answers: Vec<_> = answers
            .into_iter()
            .map(|given| (target(&given.target), given.code, given.note))
            .collect();
        Ok(self
            .with(|working| working.set_all(record, &answers))?
            .across())
    }

    /// Answers a question about the whole outing: written into the visit of every child on it that the holder holds, in one
    /// save. What is about one child (seen, alone, bedroom) cannot be answered so.
    #[uniffi::method(default(note = None))]
    pub fn set_for_outing(
        &self,
        visit: String,
        target: String,
        code: String,
        note: Option<String>,
    ) -> Result<Saved> {
        let (visit, target) = at(&visit, &target)?;
        Ok(self
            .with(|working| working.set_for_outing(visit, &target, &code, note.as_deref()))?
            .across())
    }

    /// Takes a member out of a set again, such as `people_present/ID`. What a colleague adds meanwhile stays.
    #[uniffi::method(default(reason = None))]
    pub fn set_remove(
        &self,
        record: String,
        target: String,
        reason: Option<String>,
    ) -> Result<Saved> {
        let (record, target) = at(&record, &target)?;
        Ok(self
            .with(|working| working.set_remove(record, &target, reason.as_deref()))?
            .across())
    }

    /// Records what the holder observed of one area of the form. A colleague's observation stands beside it and is never
    /// in conflict with it.
    #[uniffi::method(default(line = None))]
    pub fn observe(
        &self,
        visit: String,
        area: String,
        answer: String,
        line: Option<String>,
    ) -> Result<Saved> {
        let visit = record(&visit)?;
        Ok(self
            .with(|working| working.observe(visit, &area, &answer, line.as_deref()))?
            .across())
    }

    /// Records one thing a child gave: a record of its own, and its mark on the visit if one is named. The child's words are
    /// kept byte for byte and never change.
    #[uniffi::method(default(visit = None))]
    pub fn voice(
        &self,
        child: String,
        given: VoiceGiven,
        visit: Option<String>,
    ) -> Result<VoiceSaved> {
        let child = record(&child)?;
        let visit = visit.as_deref().map(record).transpose()?;
        let given = visitbook_device::VoiceGiven {
            how: given.how,
            because: given.because,
            words: given.words,
            saw: given.saw,
            usual_for_child: given.usual_for_child,
            more: given
                .more
                .into_iter()
                .map(|more| (target(&more.target), more.code))
                .collect(),
        };
        let (voice, saved) = self.with(|working| working.voice(child, visit, &given))?;
        Ok(VoiceSaved {
            voice: voice.across(),
            saved: saved.across(),
        })
    }

    /// Marks something urgent about one child or several: `urgency` is `manager_today` or `danger_now`. It goes before
    /// everything else at the next sync. **It rings nobody**: show whom to ring, from `staff` and `who`, and ask who was
    /// told; `told` says so.
    #[uniffi::method(default(visit = None, told = None))]
    pub fn concern(
        &self,
        children: Vec<String>,
        urgency: String,
        text: String,
        visit: Option<String>,
        told: Option<String>,
    ) -> Result<Saved> {
        let children = records(&children)?;
        let visit = visit.as_deref().map(record).transpose()?;
        Ok(self
            .with(|working| working.concern(&children, visit, &urgency, &text, told.as_deref()))?
            .across())
    }

    /// A manager's written decision on concerns; the same text stands on each. Others get `managers_only`.
    pub fn decide(&self, concerns: Vec<String>, text: String) -> Result<Saved> {
        let concerns = records(&concerns)?;
        Ok(self
            .with(|working| working.decide(&concerns, &text))?
            .across())
    }

    /// What to show a person before `finish`: the question, naming every child with their age, and what children left on this device
    /// that has not been opened. Changes nothing, and refuses nothing.
    pub fn before_finishing(&self, visits: Vec<String>) -> Result<BeforeFinishing> {
        let visits = records(&visits)?;
        Ok(self
            .with(|working| working.before_finishing(&visits))?
            .across())
    }

    /// Finishes visits, in one save: fixes for ever what this device shows of each. Ask the person first, with `before_finishing`. What is being typed is saved first. If anything that binds is missing from any of them, none is finished
    /// and everything missing is listed, each as a question to ask.
    pub fn finish(&self, visits: Vec<String>) -> Result<Finishing> {
        let visits = records(&visits)?;
        Ok(self.with(|working| working.finish(&visits))?.across())
    }

    /// Settles a question to which two answers are open. `code` is the answer that is to stand; with `both`, both happened,
    /// the most worrying stands and `reason` tells the story. For a piece of text that its author wrote in two places, `code` is the
    /// id of the version to read first. A risk question needs a reason.
    ///
    /// Error `needs_agreement`: only somebody else may settle it so; `questions` says who. Ask them with `ask`.
    #[uniffi::method(default(both = false, reason = None))]
    pub fn answer(
        &self,
        record: String,
        target: String,
        code: String,
        both: bool,
        reason: Option<String>,
    ) -> Result<Saved> {
        let (record, target) = at(&record, &target)?;
        Ok(self
            .with(|working| working.answer(record, &target, &code, both, reason.as_deref()))?
            .across())
    }

    /// Asks a colleague to agree to an answer. Nothing changes until they settle it.
    pub fn ask(
        &self,
        record: String,
        target: String,
        code: String,
        person: String,
    ) -> Result<Saved> {
        let (record, target) = at(&record, &target)?;
        let person = worker(&person)?;
        Ok(self
            .with(|working| working.ask(record, &target, &code, person))?
            .across())
    }
}

fn at(
    id: &str,
    about: &str,
) -> Result<(visitbook_record::id::RecordId, visitbook_record::op::Target)> {
    Ok((record(id)?, target(about)))
}

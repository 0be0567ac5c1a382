//! What becomes of something a child gave: it is opened, read by a worker, decided about and answered. None of it touches the
//! child's words, which have no operation that edits them.

use visitbook_record::commit::RecordKind;
use visitbook_record::id::RecordId;
use visitbook_record::op::Target;

use super::Working;
use super::model::{QuestionView, RecordPage, ReplyView, SharingView, VersionView, VoiceView};
use super::read::Opening;
use super::save::{Plan, Refusing, Saved};
use super::visit::check_text;
use crate::error::{ReadError, SaveError};
use crate::store::log;

/// An answer to a child. Which parts it needs depends on its code.
#[derive(Clone, Default)]
pub struct Reply {
    /// `heard`, `we_will` (who, by when), `we_did`, `we_cannot` (because), `told_child` (on, how) or `child_replied` (voice).
    pub code: String,
    /// Who will.
    pub who: Option<String>,
    /// By when, `2026-11-02`.
    pub by_when: Option<String>,
    /// Why not.
    pub because: Option<String>,
    /// When, `2026-11-02`.
    pub on: Option<String>,
    /// How.
    pub how: Option<String>,
    /// The voice that is the child's reply.
    pub voice: Option<RecordId>,
}

/// A person's decision about sharing what a child gave.
#[derive(Clone, Default)]
pub struct Sharing {
    /// `as_child_asked`, `shared_for_safety`, `shared_by_law_or_court` or `held_back_for_safety`.
    pub decision: String,
    /// Why.
    pub because: String,
    /// When the child was told of it; `None` if that is still to be done.
    pub child_told_on: Option<String>,
    /// Whether it may stand in papers that the family sees; `None` leaves that undecided.
    pub family_papers: Option<bool>,
}

/// The parts that an answer cannot do without.
fn needed(code: &str) -> &'static [&'static str] {
    match code {
        "we_will" => &["who", "by_when"],
        "we_cannot" => &["because"],
        "told_child" => &["on", "how"],
        "child_replied" => &["voice"],
        _ => &[],
    }
}

impl Working {
    /// Answers a child, beside the child's words. Several answers stand beside each other. Returns the answer's name.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved. [`SaveError::Empty`] names a part that this answer needs.
    pub fn reply(&mut self, voice: RecordId, reply: &Reply) -> Result<(String, Saved), SaveError> {
        self.record_of_kind(voice, RecordKind::Voice, "voice")?;
        if let Some(other) = reply.voice {
            self.record_of_kind(other, RecordKind::Voice, "voice")?;
        }
        let parts = [
            ("who", reply.who.clone()),
            ("by_when", reply.by_when.clone()),
            ("because", reply.because.clone()),
            ("on", reply.on.clone()),
            ("how", reply.how.clone()),
            ("voice", reply.voice.map(|voice| voice.to_string())),
        ];
        for need in needed(&reply.code) {
            if parts
                .iter()
                .any(|(part, given)| part == need && given.is_none())
            {
                return Err(SaveError::Empty {
                    field: (*need).to_owned(),
                });
            }
        }
        let name = self.fresh_id()?.to_string();
        let mut answers = vec![(
            Target::element("answers", name.as_str()),
            reply.code.clone(),
            None,
        )];
        answers.extend(parts.into_iter().filter_map(|(part, given)| {
            Some((Target::part("answers", name.as_str(), part), given?, None))
        }));
        let saved = self.set_all(voice, &answers)?;
        Ok((name, saved))
    }

    /// Decides about sharing what a child gave. What the child asked stays as it is, beside it.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved.
    pub fn decide_sharing(
        &mut self,
        voice: RecordId,
        sharing: &Sharing,
    ) -> Result<Saved, SaveError> {
        self.record_of_kind(voice, RecordKind::Voice, "voice")?;
        check_text("decision_because", &sharing.because)?;
        let told = if sharing.child_told_on.is_some() {
            "yes"
        } else {
            "not_yet"
        };
        let mut answers = vec![
            (Target::field("decision"), sharing.decision.clone(), None),
            (
                Target::field("decision_because"),
                sharing.because.clone(),
                None,
            ),
            (Target::field("child_told"), told.to_owned(), None),
        ];
        if let Some(on) = &sharing.child_told_on {
            answers.push((Target::field("child_told_on"), on.clone(), None));
        }
        if let Some(papers) = sharing.family_papers {
            let code = if papers { "yes" } else { "no" };
            answers.push((Target::field("family_papers"), code.to_owned(), None));
        }
        self.set_all(voice, &answers)
    }

    /// Everything a child gave, newest first. What the child handed in and nobody has opened is `closed` and shows no word;
    /// [`Self::left_for_you`] prompts for what was left on this device.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn voices(&self, child: RecordId) -> Result<Vec<VoiceView>, ReadError> {
        self.voices_of(self.held_scope(child)?, usize::MAX)
    }

    /// Opens one thing a child gave, by a deliberate tap, and no longer prompts for it. That the holder has opened what a child
    /// handed in is said to the team, so that a manager knows what nobody has read.
    ///
    /// # Errors
    /// [`ReadError`]. That it was opened may not be noted if the disk is full: then the prompt comes again.
    pub fn open_voice(&mut self, record: RecordId) -> Result<VoiceView, ReadError> {
        let view = self
            .voice_view(record, Opening::Deliberately)?
            .ok_or(ReadError::OtherKind("voice"))?;
        if self.note_opened(record, &view).is_err() {
            tracing::warn!("that a child's words were opened could not be noted");
            return Ok(view);
        }
        let noted = self.voice_view(record, Opening::Deliberately)?;
        Ok(noted.unwrap_or(view))
    }

    fn note_opened(&mut self, record: RecordId, view: &VoiceView) -> Result<(), SaveError> {
        let target = Target::element("opened", self.me.worker.to_string());
        let (row, child) = self.record(record)?;
        let before = log::statements_about(&self.store.writer, row.no, &target)?;
        let mut plans = Vec::new();
        if view.by_the_child && super::visit::live(&before).is_empty() {
            let code = self.me.worker.to_string();
            let opened = self.answer_statement(row.home.kind, &target, &code, None, &[])?;
            plans.push(Plan {
                record,
                kind: row.home.kind,
                child,
                statements: vec![opened],
            });
        }
        self.save_and(plans, Refusing::Yes, |db| {
            db.execute(
                "UPDATE family_post SET read = 1 WHERE record = ?1",
                rusqlite::params![record.0],
            )?;
            Ok(())
        })?;
        Ok(())
    }
}

fn standing<'a>(page: &'a RecordPage, target: &Target) -> Option<&'a QuestionView> {
    let target = target.to_string();
    page.questions.iter().find(|one| one.target == target)
}

/// The code of the answer that stands, or of the first where several do.
pub(crate) fn code(page: &RecordPage, target: &Target) -> Option<String> {
    let question = standing(page, target)?;
    let answer = question.answers.get(question.standing.unwrap_or(0))?;
    answer.code.clone()
}

fn words(page: &RecordPage, target: &Target) -> Option<String> {
    let question = standing(page, target)?;
    let answer = question.answers.get(question.standing.unwrap_or(0))?;
    answer.label.clone()
}

/// What the child asked about sharing, and whom not to tell.
pub(crate) fn child_asks(page: &RecordPage) -> Vec<String> {
    let asked = words(page, &Target::field("child_asks"));
    let not_with =
        of_field(page, "not_with").filter_map(|(_, one)| one.answers.first()?.label.clone());
    asked.into_iter().chain(not_with).collect()
}

/// The members of a field of elements.
pub(crate) fn of_field<'a>(
    page: &'a RecordPage,
    field: &'a str,
) -> impl Iterator<Item = (Target, &'a QuestionView)> {
    page.questions.iter().filter_map(move |one| {
        let target: Target = one.target.parse().ok()?;
        let is_member = target.name() == field && target.part_name().is_none();
        (is_member && target.element_id().is_some()).then_some((target, one))
    })
}

/// The texts under a heading that stand, as their authors left them.
pub(crate) fn texts(page: &RecordPage, heading: &str) -> Vec<VersionView> {
    page.entries
        .iter()
        .filter(|entry| entry.heading == heading && !entry.withdrawn)
        .filter_map(|entry| entry.versions.get(entry.first).cloned())
        .collect()
}

/// What was answered, oldest first.
pub(crate) fn replies(page: &RecordPage) -> Vec<ReplyView> {
    let mut all: Vec<ReplyView> = of_field(page, "answers")
        .filter_map(|(target, one)| {
            let answer = one.answers.first()?;
            let name = target.element_id()?;
            let part = |part: &str| code(page, &Target::part("answers", name, part));
            Some(ReplyView {
                reply: name.to_owned(),
                code: answer.code.clone(),
                label: answer.label.clone(),
                who: part("who"),
                by_when: part("by_when"),
                because: part("because"),
                on: part("on"),
                how: part("how"),
                voice: part("voice"),
                by: answer.by.clone(),
                written: answer.written.clone(),
            })
        })
        .collect();
    all.sort_by_key(|reply| reply.written.millis);
    all
}

/// What was decided about sharing, if anything was.
pub(crate) fn sharing(page: &RecordPage) -> Option<SharingView> {
    let question = standing(page, &Target::field("decision"))?;
    let answer = question.answers.get(question.standing.unwrap_or(0))?;
    let of = |field: &str| code(page, &Target::field(field));
    Some(SharingView {
        code: answer.code.clone(),
        label: answer.label.clone(),
        because: of("decision_because"),
        child_told: of("child_told"),
        child_told_on: of("child_told_on"),
        by: answer.by.clone(),
        written: answer.written.clone(),
        open: question.open,
    })
}

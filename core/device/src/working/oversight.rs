//! What a manager may do about finished work, and what anybody may put right in it: sign off, send back with a question,
//! correct a fact, take a record out of a child's file that was entered in error.
//!
//! None of it changes a word that was written. Each is refused here when the council would set it aside, by the same
//! function.

use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::fact::{Answer, Fact};
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::page::{Page, Statement, View, lay_out};
use visitbook_record::payload::{Content, Correction};

use super::Working;
use super::answer::whose_agreement;
use super::closing;
use super::model::{
    CorrectionView, OpenedView, OversightView, ReturnedView, SignedOffView, VoidedView,
};
use super::save::{NewStatement, Plan, Refusing, Saved};
use super::show::Show;
use super::visit::{check_text, value};
use crate::clock::Moment;
use crate::error::{ReadError, SaveError};
use crate::store::StoreError;
use crate::store::log::{self, RecordRow};
use crate::store::oversight_view::{self, Marks, asked_of, is_answered};

/// A visit as it is laid out on this device.
struct Finished {
    row: RecordRow,
    child: RecordId,
    statements: Vec<Statement>,
    page: Page,
    finish: OpId,
}

impl Working {
    fn finished_visit(&self, visit: RecordId) -> Result<Finished, SaveError> {
        let (row, child) = self.record_of_kind(visit, RecordKind::Visit, "visit")?;
        let statements: Vec<Statement> = log::statements(&self.store.writer, row.no)?
            .into_iter()
            .map(|row| row.statement)
            .collect();
        let page = lay_out(RecordKind::Visit, &statements, View::Here);
        let finish = page
            .finished
            .as_ref()
            .and_then(|finished| statements.get(finished.by))
            .map(|finish| finish.fact.id)
            .ok_or(SaveError::NotFinished)?;
        Ok(Finished {
            row,
            child,
            statements,
            page,
            finish,
        })
    }

    pub(super) fn managers_only(&self, child: RecordId) -> Result<(), SaveError> {
        match self.role_for(child)? {
            Some(Role::Manager) => Ok(()),
            Some(_) => Err(SaveError::ManagersOnly),
            None => Err(SaveError::NotHeld(child)),
        }
    }

    /// A manager has read these finished visits and agrees that they are sound. One save; nobody signs off their own.
    ///
    /// # Errors
    /// [`SaveError::ManagersOnly`], [`SaveError::NotFinished`], [`SaveError::SignedOff`] if one of them is already, and
    /// [`SaveError::WouldBeSetAside`] with [`visitbook_record::verdict::Reason::OwnWork`]; nothing was saved.
    pub fn sign_off(&mut self, visits: &[RecordId]) -> Result<Saved, SaveError> {
        let mut plans = Vec::with_capacity(visits.len());
        for visit in visits {
            let known = self.finished_visit(*visit)?;
            self.managers_only(known.child)?;
            if known.page.signed_off.is_some() {
                return Err(SaveError::SignedOff);
            }
            plans.push(about(
                &known.row,
                known.child,
                Kind::SignOff,
                Target::field("sign_off"),
                Content::SignOff(known.finish),
            ));
        }
        self.save(plans, Refusing::Yes)
    }

    /// Gives a finished visit back to the author of the finish with a question. It stays finished; the question is a task of
    /// theirs until they add to the visit or correct it. Nobody asks themselves.
    ///
    /// # Errors
    /// As [`Self::sign_off`]; nothing was saved.
    pub fn give_back(&mut self, visit: RecordId, question: &str) -> Result<Saved, SaveError> {
        check_text("question", question)?;
        let known = self.finished_visit(visit)?;
        self.managers_only(known.child)?;
        let plan = about(
            &known.row,
            known.child,
            Kind::Return,
            Target::element("returned", known.finish.to_string()),
            Content::Reason(question.to_owned()),
        );
        self.save(vec![plan], Refusing::Yes)
    }

    /// Puts a fact of a finished visit right. The page keeps what was; lists, dates and exports count with what is. A
    /// correction to a less worrying answer follows the rule of who may settle.
    ///
    /// # Errors
    /// [`SaveError::NotFinished`]; [`SaveError::NothingToCorrect`] where no answer stands; [`SaveError::TwoAnswers`] where two
    /// do; [`SaveError::NeedsAgreement`] if only somebody else, or a manager, may lower the worry. Nothing was saved.
    pub fn correct(
        &mut self,
        visit: RecordId,
        target: &Target,
        code: &str,
        reason: &str,
    ) -> Result<Saved, SaveError> {
        check_text("reason", reason)?;
        let known = self.finished_visit(visit)?;
        let field = Self::field_for(RecordKind::Visit, target)?;
        let is = value(field, code, None)?;
        let live = known
            .page
            .questions
            .get(target)
            .map_or(&[][..], |question| &question.live);
        let [only] = live else {
            return Err(if live.is_empty() {
                SaveError::NothingToCorrect
            } else {
                SaveError::TwoAnswers
            });
        };
        let standing = known
            .statements
            .get(*only)
            .ok_or(SaveError::NothingToCorrect)?;
        if standing.fact.answer.code() == Some(code) {
            return Err(SaveError::BadForm {
                field: target.to_string(),
                expected: "another answer than the one that stands",
            });
        }
        if field.policy() == Policy::Risk {
            self.may_lower(known.child, target, &standing.fact, code)?;
        }
        let was = standing.content.as_ref().and_then(Content::value);
        let correction = Correction {
            value: is,
            was: was.map_or_else(String::new, |value| value.label.clone()),
            reason: reason.to_owned(),
        };
        let statement = NewStatement::new(
            Kind::Correct,
            field.policy(),
            target.clone(),
            Content::Correction(correction),
        )
        .replacing(vec![standing.fact.id]);
        let plan = Plan {
            record: visit,
            kind: RecordKind::Visit,
            child: known.child,
            statements: vec![statement],
        };
        self.save(vec![plan], Refusing::Yes)
    }

    fn may_lower(
        &self,
        child: RecordId,
        target: &Target,
        standing: &Fact,
        code: &str,
    ) -> Result<(), SaveError> {
        let is_manager = self.role_for(child)? == Some(Role::Manager);
        let person = whose_agreement(
            RecordKind::Visit,
            target,
            &[standing],
            self.me.worker,
            is_manager,
            &Answer::Code(code.to_owned()),
        );
        match person {
            Some(person) => Err(SaveError::NeedsAgreement {
                person,
                name: self.staff_name(person)?,
            }),
            None => Ok(()),
        }
    }

    /// Marks a visit, a voice or a concern as entered in error: on every device it leaves lists, card, dates and search as soon
    /// as that device hears of it, and stays in its own history as evidence. `made_again` is the record that stands in its
    /// place, made before on the right child. Managers only.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved.
    pub fn void(
        &mut self,
        record: RecordId,
        reason: &str,
        made_again: Option<RecordId>,
    ) -> Result<Saved, SaveError> {
        check_text("reason", reason)?;
        let (row, child) = self.record(record)?;
        let voidable = matches!(
            row.home.kind,
            RecordKind::Visit | RecordKind::Voice | RecordKind::Concern
        );
        if !voidable {
            return Err(SaveError::OtherKind("visit, voice or concern"));
        }
        self.managers_only(child)?;
        if let Some(again) = made_again {
            let (other, _) = self.record(again)?;
            if again == record || other.home.kind != row.home.kind {
                return Err(SaveError::OtherKind("record made again"));
            }
        }
        let content = Content::Void {
            reason: reason.to_owned(),
            made_again,
        };
        let plan = about(&row, child, Kind::Void, Target::field("void"), content);
        self.save(vec![plan], Refusing::Yes)
    }

    /// Questions that were sent back and wait for an answer, the holder's own first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn returned(&self) -> Result<Vec<ReturnedView>, ReadError> {
        let mut all = Vec::new();
        for no in oversight_view::asked(&self.store.reader)? {
            let Some(row) = log::record_no(&self.store.reader, no)? else {
                continue;
            };
            let Some(child) = row.home.scope.child() else {
                continue;
            };
            let statements: Vec<Statement> = log::statements(&self.store.reader, no)?
                .into_iter()
                .map(|row| row.statement)
                .collect();
            let page = lay_out(row.home.kind, &statements, View::Here);
            all.extend(self.oversight_of(&row, child, &page, &statements)?.returned);
        }
        all.retain(|one| !one.answered);
        all.sort_by_key(|one| !one.mine);
        Ok(all)
    }

    /// Oversight of one laid-out record, in words.
    pub(crate) fn oversight_of(
        &self,
        row: &RecordRow,
        child: RecordId,
        page: &Page,
        statements: &[Statement],
    ) -> Result<OversightView, StoreError> {
        let staff = self.staff_names()?;
        let child_name = self.child_name(child)?;
        let today = Moment::of(self.now().wall).date;
        let telling = Telling {
            row,
            child,
            child_name: &child_name,
            today: &today,
            show: Show {
                kind: row.home.kind,
                me: self.me.worker,
                staff: &staff,
                statements,
            },
        };
        Ok(OversightView {
            signed_off: page.signed_off.and_then(|at| telling.signed_off(at)),
            returned: page
                .returned
                .iter()
                .filter_map(|at| telling.returned(*at))
                .collect(),
            corrections: page
                .corrections
                .iter()
                .filter_map(|at| telling.correction(*at))
                .collect(),
            voided: page.voided.and_then(|at| telling.voided(at)),
            opened: page
                .opened
                .iter()
                .filter_map(|at| telling.opened(*at))
                .collect(),
            closings: page
                .closings
                .iter()
                .filter_map(|at| closing::view(&telling.show, *at, &today))
                .collect(),
        })
    }
}

pub(super) fn about(
    row: &RecordRow,
    child: RecordId,
    kind: Kind,
    target: Target,
    content: Content,
) -> Plan {
    Plan {
        record: row.id,
        kind: row.home.kind,
        child,
        statements: vec![NewStatement::new(kind, Policy::Ordinary, target, content)],
    }
}

/// Puts oversight into words.
struct Telling<'a> {
    row: &'a RecordRow,
    child: RecordId,
    child_name: &'a str,
    today: &'a str,
    show: Show<'a>,
}

impl Telling<'_> {
    fn at(&self, at: usize) -> Option<(&Statement, String, Moment, Option<Moment>)> {
        let statement = self.show.statements.get(at)?;
        Some((
            statement,
            self.show.name(statement.fact.author),
            Moment::of(statement.written),
            statement.received.map(Moment::of),
        ))
    }

    fn signed_off(&self, at: usize) -> Option<SignedOffView> {
        let (_, by, written, received) = self.at(at)?;
        Some(SignedOffView {
            words: format!("Signed off by {by}, {}.", written.beside(self.today)),
            by,
            written,
            received,
        })
    }

    fn returned(&self, at: usize) -> Option<ReturnedView> {
        let (statement, by, written, received) = self.at(at)?;
        let of = asked_of(statement, self.show.statements)?;
        let of_name = self.show.name(of);
        let question = self.show.text(at).unwrap_or_default();
        let answered = is_answered(at, self.show.statements);
        let state = if answered {
            format!("{of_name} has added to it since.")
        } else {
            format!("Waiting for {of_name}.")
        };
        Some(ReturnedView {
            record: self.row.id,
            child: self.child,
            child_name: self.child_name.to_owned(),
            words: format!(
                "{by} asks, {}: “{question}” {state}",
                written.beside(self.today)
            ),
            question,
            by,
            mine: of == self.show.me,
            of,
            of_name,
            written,
            received,
            answered,
        })
    }

    fn correction(&self, at: usize) -> Option<CorrectionView> {
        let (statement, by, written, received) = self.at(at)?;
        let Some(Content::Correction(correction)) = &statement.content else {
            return None;
        };
        let label = self.show.label(&statement.fact.target);
        let Correction { value, was, reason } = correction.clone();
        Some(CorrectionView {
            op: statement.fact.id,
            target: statement.fact.target.to_string(),
            words: format!(
                "{label}: was {was}; is {}. Put right by {by}, {}: “{reason}” The finished page keeps what was.",
                value.label,
                written.beside(self.today)
            ),
            label,
            was,
            code: value.code,
            is: value.label,
            reason,
            by,
            written,
            received,
        })
    }

    fn opened(&self, at: usize) -> Option<OpenedView> {
        let (_, by, written, received) = self.at(at)?;
        let reason = self.show.text(at).unwrap_or_default();
        Some(OpenedView {
            words: format!(
                "{by} opened the text that was not finished, {}: “{reason}”",
                written.beside(self.today)
            ),
            reason,
            by,
            written,
            received,
        })
    }

    fn voided(&self, at: usize) -> Option<VoidedView> {
        let (statement, by, written, received) = self.at(at)?;
        let Some(Content::Void { reason, made_again }) = &statement.content else {
            return None;
        };
        let again = if made_again.is_some() {
            " It was made again where it belongs."
        } else {
            ""
        };
        Some(VoidedView {
            words: format!(
                "Entered in error, says {by}, {}: “{reason}” It is hidden from the child's file and kept as evidence.{again}",
                written.beside(self.today)
            ),
            reason: reason.clone(),
            made_again: *made_again,
            by,
            written,
            received,
        })
    }
}

/// The marks of a visit on a list.
pub(crate) fn mark_words(marks: Marks) -> Vec<String> {
    let named = [
        (marks.signed_off, "signed_off"),
        (marks.asked, "asked"),
        (marks.corrected, "corrected"),
    ];
    named
        .into_iter()
        .filter(|(set, _)| *set)
        .map(|(_, word)| word.to_owned())
        .collect()
}

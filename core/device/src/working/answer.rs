//! Settling: two answers to one question, a named person who decides, and the rule of who may decide what.

use visitbook_record::catalogue::Catalogue;
use visitbook_record::commit::Role;
use visitbook_record::conflict::{Worry, may_settle};
use visitbook_record::fact::{Answer, Fact};
use visitbook_record::id::{OpId, RecordId, WorkerId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Content, Settlement, Value};

use super::Working;
use super::save::{NewStatement, Plan, Refusing, Saved};
use super::visit::{check_text, live};
use crate::error::SaveError;
use crate::store::log::{self, RecordRow, Row};

/// Who has to agree before a risk question may be settled to an answer; the worker whose more worrying answer it lowers.
pub(crate) fn whose_agreement(
    kind: visitbook_record::commit::RecordKind,
    target: &Target,
    live: &[&Fact],
    by: WorkerId,
    is_manager: bool,
    chosen: &Answer,
) -> Option<WorkerId> {
    let worry =
        |answer: &Answer| -> Worry { Catalogue::newest().worry(kind.form(), target, answer) };
    if may_settle(live.iter().copied(), by, is_manager, worry(chosen), worry) {
        return None;
    }
    live.iter()
        .find(|fact| fact.author != by && worry(&fact.answer).exceeds(worry(chosen)))
        .map(|fact| fact.author)
}

impl Working {
    /// Answers a question to which two answers are open. `code` is the answer that is to stand; with `both`, both happened, the
    /// most worrying stands and `reason` tells the story. For a piece of text written in two places, `code` is the id of the
    /// version to read first.
    ///
    /// # Errors
    /// [`SaveError::NeedsAgreement`] if only somebody else may settle it so: ask them with [`Self::ask`]. Otherwise
    /// [`SaveError`]; nothing was saved.
    pub fn answer(
        &mut self,
        record: RecordId,
        target: &Target,
        code: &str,
        both: bool,
        reason: Option<&str>,
    ) -> Result<Saved, SaveError> {
        let (row, child) = self.record(record)?;
        let reason = match reason {
            Some(reason) => {
                check_text("reason", reason)?;
                Some(reason.to_owned())
            }
            None => None,
        };
        let statement = self.settlement(&row, target, code, both, reason, None)?;
        let plan = Plan {
            record,
            kind: row.home.kind,
            child,
            statements: vec![statement],
        };
        self.save(vec![plan], Refusing::Yes)
    }

    /// The statement that settles a target to an answer, if this worker may.
    pub(crate) fn settlement(
        &self,
        row: &RecordRow,
        target: &Target,
        code: &str,
        both: bool,
        reason: Option<String>,
        note: Option<&str>,
    ) -> Result<NewStatement, SaveError> {
        let before = log::statements_about(&self.store.writer, row.no, target)?;
        let standing = live(&before);
        let facts: Vec<&Fact> = standing.iter().map(|row| &row.statement.fact).collect();
        let [first, ..] = facts.as_slice() else {
            return Err(SaveError::NothingToSettle);
        };
        if facts.len() < 2 && first.author == self.me.worker {
            return Err(SaveError::NothingToSettle);
        }
        let is_text = facts.iter().any(|fact| fact.kind.is_entry())
            || before.iter().any(|row| row.statement.fact.kind.is_entry());
        let field = Self::field_for(row.home.kind, target)?;
        let value = if is_text {
            self.version_to_read_first(&standing, code)?
        } else if both {
            let worst = visitbook_record::conflict::most_worrying(&facts, |answer| {
                Catalogue::newest().worry(row.home.kind.form(), target, answer)
            });
            let worst = worst.and_then(|fact| fact.answer.code()).unwrap_or(code);
            field_value(field, worst)?
        } else {
            field_value(field, code)?
        };
        let risk = field.policy() == Policy::Risk;
        if risk && reason.is_none() {
            return Err(SaveError::ReasonNeeded);
        }
        if risk {
            let child = row.home.scope.child().ok_or(SaveError::NothingToSettle)?;
            let is_manager = self.role_for(child)? == Some(Role::Manager);
            let chosen = Answer::Code(value.code.clone());
            let person = whose_agreement(
                row.home.kind,
                target,
                &facts,
                self.me.worker,
                is_manager,
                &chosen,
            );
            if let Some(person) = person {
                return Err(SaveError::NeedsAgreement {
                    person,
                    name: self.staff_name(person)?,
                });
            }
        }
        let replaces: Vec<OpId> = facts.iter().map(|fact| fact.id).collect();
        let value = Value {
            note: note
                .map(str::to_owned)
                .or_else(|| reason.clone().filter(|_| both)),
            ..value
        };
        let content = Content::Settlement(Settlement {
            value,
            both_happened: both,
            reason,
        });
        Ok(
            NewStatement::new(Kind::Resolve, field.policy(), target.clone(), content)
                .replacing(replaces),
        )
    }

    /// Text belongs to its author, who alone says which version is read first.
    fn version_to_read_first(&self, standing: &[&Row], code: &str) -> Result<Value, SaveError> {
        if standing
            .iter()
            .any(|row| row.statement.fact.author != self.me.worker)
        {
            return Err(SaveError::NotYours);
        }
        let chosen = standing
            .iter()
            .find(|row| row.statement.fact.id.to_string() == code);
        match chosen {
            Some(row) => Ok(Value::new(
                row.statement.fact.id.to_string(),
                "read this first",
            )),
            None => Err(SaveError::UnknownCode {
                field: "version".to_owned(),
                allowed: standing
                    .iter()
                    .map(|row| row.statement.fact.id.to_string())
                    .collect(),
            }),
        }
    }

    /// Asks a colleague to agree to an answer. Nothing changes until they settle it.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved.
    pub fn ask(
        &mut self,
        record: RecordId,
        target: &Target,
        code: &str,
        person: WorkerId,
    ) -> Result<Saved, SaveError> {
        let (row, child) = self.record(record)?;
        let field = Self::field_for(row.home.kind, target)?;
        let before = log::statements_about(&self.store.writer, row.no, target)?;
        let standing: Vec<&Row> = live(&before)
            .into_iter()
            .filter(|row| row.statement.fact.kind.states_something())
            .collect();
        if standing.len() < 2 {
            return Err(SaveError::NothingToSettle);
        }
        let content = Content::Ask {
            value: field_value(field, code)?,
            person,
        };
        let plan = Plan {
            record,
            kind: row.home.kind,
            child,
            statements: vec![NewStatement::new(
                Kind::Ask,
                field.policy(),
                target.clone(),
                content,
            )],
        };
        self.save(vec![plan], Refusing::Yes)
    }
}

fn field_value(field: &visitbook_record::catalogue::Field, code: &str) -> Result<Value, SaveError> {
    super::visit::value(field, code, None)
}

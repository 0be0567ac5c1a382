//! Records beside the visit: what a child gave, and what is urgent.

use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::id::RecordId;
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::Content;

use super::Working;
use super::save::{NewStatement, Plan, Refusing, Saved};
use super::visit::check_text;
use crate::error::SaveError;
use crate::store::log;

/// One thing a child gave, as the worker hands it in. Holds a child's words, so it does not print itself.
#[derive(Clone, Default)]
pub struct VoiceGiven {
    /// `said`, `wrote`, `observed`, `chose_not_to_say`, `not_sought`, …
    pub how: String,
    /// The reason, for `chose_not_to_say` and `not_sought`.
    pub because: Option<String>,
    /// The child's exact words, kept byte for byte.
    pub words: Option<String>,
    /// For what was observed: what the worker saw.
    pub saw: Option<String>,
    /// For what was observed: whether it is usual for this child.
    pub usual_for_child: Option<String>,
    /// Further answers of the form: field and code; elements as `field/element`.
    pub more: Vec<(Target, String)>,
}

/// Which further answer a way of giving needs.
fn because_field(how: &str) -> Option<&'static str> {
    match how {
        "chose_not_to_say" => Some("chose_not_to_say_because"),
        "not_sought" => Some("not_sought_because"),
        _ => None,
    }
}

impl Working {
    /// Records one thing a child gave: a record of its own, and its mark on the visit. Returns the voice's record.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved.
    pub fn voice(
        &mut self,
        child: RecordId,
        visit: Option<RecordId>,
        given: &VoiceGiven,
    ) -> Result<(RecordId, Saved), SaveError> {
        let voice = self.fresh_id()?;
        let mut statements = Vec::new();
        let mut answer = |target: Target, code: &str| -> Result<(), SaveError> {
            statements.push(self.answer_statement(RecordKind::Voice, &target, code, None, &[])?);
            Ok(())
        };
        answer(Target::field("how"), &given.how)?;
        match (because_field(&given.how), &given.because) {
            (Some(field), Some(because)) => answer(Target::field(field), because)?,
            (Some(field), None) => {
                return Err(SaveError::Empty {
                    field: field.to_owned(),
                });
            }
            (None, Some(_)) => {
                return Err(SaveError::UnknownField {
                    field: "because".to_owned(),
                });
            }
            (None, None) => {}
        }
        if let Some(visit) = visit {
            answer(Target::field("visit_id"), &visit.to_string())?;
        }
        // Every statement starts as one that is not for papers the family sees, until a person decides.
        answer(Target::field("family_papers"), "no_until_decided")?;
        for (target, code) in &given.more {
            answer(target.clone(), code)?;
        }
        if let Some(words) = &given.words {
            check_text("words", words)?;
            statements.push(NewStatement::new(
                Kind::EntryAdd,
                Policy::Words,
                Target::element("words", self.fresh_id()?.to_string()),
                Content::Words(words.clone()),
            ));
        }
        for (heading, text) in [
            ("saw", &given.saw),
            ("usual_for_child", &given.usual_for_child),
        ] {
            if let Some(text) = text {
                check_text(heading, text)?;
                statements.push(NewStatement::new(
                    Kind::EntryAdd,
                    Policy::Ordinary,
                    Target::element(heading, self.fresh_id()?.to_string()),
                    Content::Text {
                        text: text.clone(),
                        cut_off: false,
                    },
                ));
            }
        }
        let mut plans = vec![Plan {
            record: voice,
            kind: RecordKind::Voice,
            child,
            statements,
        }];
        if let Some(visit) = visit {
            let (row, of) = self.record_of_kind(visit, RecordKind::Visit, "visit")?;
            if of != child {
                return Err(SaveError::UnknownRecord(visit));
            }
            let target = Target::element("voice", voice.to_string());
            let mark =
                self.answer_statement(row.home.kind, &target, &voice.to_string(), None, &[])?;
            plans.push(Plan {
                record: visit,
                kind: RecordKind::Visit,
                child,
                statements: vec![mark],
            });
        }
        Ok((voice, self.save(plans, Refusing::Yes)?))
    }

    /// Marks something urgent about one child or several: a record of its own for each, sent before everything else, and the
    /// mark on the child's visit. It rings nobody. `told` says who was told, if anybody was.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved.
    pub fn concern(
        &mut self,
        children: &[RecordId],
        visit: Option<RecordId>,
        urgency: &str,
        text: &str,
        told: Option<&str>,
    ) -> Result<Saved, SaveError> {
        check_text("about", text)?;
        let visits = match visit {
            Some(visit) => self.outing_of(visit)?,
            None => Vec::new(),
        };
        let mut plans = Vec::with_capacity(children.len());
        let mut marks = Vec::new();
        for child in children {
            let mut statements = Vec::new();
            let mut answer = |target: Target, code: &str| -> Result<(), SaveError> {
                statements.push(self.answer_statement(
                    RecordKind::Concern,
                    &target,
                    code,
                    None,
                    &[],
                )?);
                Ok(())
            };
            answer(Target::field("urgency"), urgency)?;
            match told {
                Some(told) => answer(Target::element("told", self.fresh_id()?.to_string()), told)?,
                None => answer(Target::field("told_nobody_yet"), "not_yet")?,
            }
            for visit in &visits {
                let (row, of) = self.record(*visit)?;
                if of == *child {
                    answer(Target::field("visit_id"), &visit.to_string())?;
                    marks.extend(self.urgent_mark(&row, *child, urgency)?);
                }
            }
            statements.push(NewStatement::new(
                Kind::EntryAdd,
                Policy::Ordinary,
                Target::element("about", self.fresh_id()?.to_string()),
                Content::Text {
                    text: text.to_owned(),
                    cut_off: false,
                },
            ));
            plans.push(Plan {
                record: self.fresh_id()?,
                kind: RecordKind::Concern,
                child: *child,
                statements,
            });
        }
        plans.extend(marks);
        self.save(plans, Refusing::Yes)
    }

    /// The visit's own "safe now", raised with the concern, unless it says so already or is a question of its own.
    fn urgent_mark(
        &self,
        row: &log::RecordRow,
        child: RecordId,
        urgency: &str,
    ) -> Result<Option<Plan>, SaveError> {
        let target = Target::field("safe_now");
        let before = log::statements_about(&self.store.writer, row.no, &target)?;
        let says_so = super::visit::live(&before).iter().any(|known| {
            known.statement.fact.author == self.me.worker
                && known.statement.fact.answer.code() == Some(urgency)
        });
        if says_so {
            return Ok(None);
        }
        match self.answer_statement(row.home.kind, &target, urgency, None, &before) {
            Ok(statement) => Ok(Some(Plan {
                record: row.id,
                kind: row.home.kind,
                child,
                statements: vec![statement],
            })),
            Err(SaveError::TwoAnswers) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// A manager's written decision on concerns; the same text stands on each. One save.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved.
    pub fn decide(&mut self, concerns: &[RecordId], text: &str) -> Result<Saved, SaveError> {
        check_text("decision", text)?;
        let mut plans = Vec::with_capacity(concerns.len());
        for concern in concerns {
            let (_, child) = self.record_of_kind(*concern, RecordKind::Concern, "concern")?;
            if self.role_for(child)? != Some(Role::Manager) {
                return Err(SaveError::ManagersOnly);
            }
            plans.push(Plan {
                record: *concern,
                kind: RecordKind::Concern,
                child,
                statements: vec![NewStatement::new(
                    Kind::EntryAdd,
                    Policy::Ordinary,
                    Target::element("decision", self.fresh_id()?.to_string()),
                    Content::Text {
                        text: text.to_owned(),
                        cut_off: false,
                    },
                )],
            });
        }
        self.save(plans, Refusing::Yes)
    }
}

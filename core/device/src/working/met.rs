//! "Someone I met who isn't on my list": a file for a child whom nobody had a record of, and what a manager makes of it.
//!
//! The file is begun offline and takes everything that a child's file takes: visits, the child's words, concerns. The council gives it
//! to whoever began it and to their manager. The manager says which known child it is, or to whom the child was referred; nothing
//! that was written moves or changes, the known child's card shows it as what it is.

use std::collections::BTreeMap;

use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::id::{RecordId, WorkerId};
use visitbook_record::judge::{ALSO_MET, MATCHED_TO, MET, REFERRED};
use visitbook_record::op::Target;
use visitbook_record::page::Statement;
use visitbook_record::words;

use super::Working;
use super::due::Answers;
use super::model::{AlsoMet, MetChild};
use super::save::Saved;
use super::visit::check_text;
use crate::clock::Moment;
use crate::error::{ReadError, SaveError};
use crate::store::log;
use crate::store::rows::name;
use crate::store::{StoreError, views};

/// Most voices shown of one file on a card.
const VOICES_SHOWN: usize = 20;

/// Who was met, in the worker's words. Holds a description of a child, so it does not print itself.
#[derive(Clone, Default)]
pub struct Met {
    /// A name, or a description: "the baby's cousin".
    pub description: String,
    /// About how old, in words or a number.
    pub age: Option<String>,
    /// How they are related to whom.
    pub relation: Option<String>,
}

/// What has become of a child whom somebody met; `None` for every other child. Two different answers do not stand here.
pub(crate) fn state_of(answers: &BTreeMap<String, String>) -> Option<&'static str> {
    answers.get(MET)?;
    Some(if answers.contains_key(MATCHED_TO) {
        "matched"
    } else if answers.contains_key(REFERRED) {
        "referred"
    } else {
        "open"
    })
}

/// A child whom somebody met, from what stands in the child's file; `None` for every other child.
pub(crate) fn view(
    child: RecordId,
    answers: &Answers,
    statements: &[Statement],
    today: &str,
    named: impl Fn(WorkerId) -> String,
    known: impl Fn(RecordId) -> Option<String>,
) -> Option<MetChild> {
    let plain = |field: &str| answers.get(&Target::field(field)).cloned().flatten();
    let differ = |field: &str| answers.get(&Target::field(field)) == Some(&None);
    let met = statements
        .iter()
        .find(|statement| statement.fact.target == Target::field(MET))?;
    let description =
        plain(MET).or_else(|| met.content.as_ref()?.value().map(|v| v.code.clone()))?;
    let matched_to: Option<RecordId> = plain(MATCHED_TO).and_then(|code| code.parse().ok());
    let referred_to = plain(REFERRED);
    let state = if differ(MATCHED_TO) || differ(REFERRED) {
        "two_answers"
    } else if matched_to.is_some() {
        "matched"
    } else if referred_to.is_some() {
        "referred"
    } else {
        "open"
    };
    let because = statements
        .iter()
        .rfind(|statement| {
            statement.fact.target == Target::field(REFERRED)
                && statement.fact.answer.code() == referred_to.as_deref()
        })
        .and_then(|statement| statement.content.as_ref()?.value()?.note.clone());
    let (age, relation) = (plain("met_age"), plain("met_relation"));
    let (by, written) = (named(met.fact.author), Moment::of(met.written));
    let matched_name = matched_to.and_then(known);
    let who = words::met(&description, age.as_deref(), relation.as_deref());
    let became = match state {
        "matched" => format!(
            " Is {}.",
            matched_name.as_deref().unwrap_or("a child of another team")
        ),
        "referred" => format!(
            " Referred to {}.",
            referred_to.as_deref().unwrap_or_default()
        ),
        "two_answers" => " Two answers to who this is.".to_owned(),
        _ => " Nobody has said yet who this is.".to_owned(),
    };
    Some(MetChild {
        child,
        words: format!("{who}: met by {by}, {}.{became}", written.beside(today)),
        name: plain("known_as").unwrap_or(description),
        age,
        relation,
        by,
        written,
        received: met.received.map(Moment::of),
        state: state.to_owned(),
        matched_to,
        matched_name,
        referred_to,
        referred_because: because,
    })
}

impl Working {
    /// Begins a file for a child whom the holder met and who is on nobody's list. Works without a line, and the file takes everything
    /// at once. Returns the child's record.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved.
    pub fn met(&mut self, met: &Met) -> Result<(RecordId, Saved), SaveError> {
        let child = self.fresh_id()?;
        let mut statements = Vec::new();
        let said = [
            (MET, Some(&met.description)),
            ("known_as", Some(&met.description)),
            ("met_age", met.age.as_ref()),
            ("met_relation", met.relation.as_ref()),
        ];
        for (field, code) in said {
            if let Some(code) = code {
                let target = Target::field(field);
                statements.push(self.answer_statement(
                    RecordKind::Child,
                    &target,
                    code,
                    None,
                    &[],
                )?);
            }
        }
        let saved = self.save_new_file(child, statements)?;
        Ok((child, saved))
    }

    /// Children whom somebody met, of those that the holder holds: those of whom nobody has said who they are first, by when they
    /// were met.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn met_children(&self) -> Result<Vec<MetChild>, ReadError> {
        let mut all = Vec::new();
        for child in self.children()? {
            if child.met.is_some() {
                all.extend(self.met_child(child.child)?);
            }
        }
        all.sort_by_key(|one| {
            (
                one.state != "open" && one.state != "two_answers",
                one.written.millis,
            )
        });
        Ok(all)
    }

    fn met_child(&self, child: RecordId) -> Result<Option<MetChild>, StoreError> {
        let Some(row) = log::record(&self.store.reader, child)? else {
            return Ok(None);
        };
        let statements: Vec<Statement> = log::statements(&self.store.reader, row.no)?
            .into_iter()
            .map(|row| row.statement)
            .collect();
        let staff = self.staff_names()?;
        let today = Moment::of(self.now().wall).date;
        let named = |worker: WorkerId| {
            staff
                .get(&worker)
                .cloned()
                .unwrap_or_else(|| worker.to_string())
        };
        let known = |record| views::child_name(&self.store.reader, record).ok().flatten();
        Ok(view(
            child,
            &self.answers_of(row.no)?,
            &statements,
            &today,
            named,
            known,
        ))
    }

    /// The child whom somebody met is this known child. For the manager of both; the council then gives the file to everybody who holds
    /// the known child. Nothing in it changes.
    ///
    /// # Errors
    /// [`SaveError::ManagersOnly`], [`SaveError::OtherKind`] where the first was not begun as somebody met or the second was;
    /// nothing was saved.
    pub fn match_met(&mut self, met: RecordId, child: RecordId) -> Result<Saved, SaveError> {
        self.of_met(met)?;
        let is_met = self.children_met()?.contains(&child);
        if self.role_for(child)? != Some(Role::Manager) {
            return Err(SaveError::ManagersOnly);
        }
        if is_met || met == child {
            return Err(SaveError::OtherKind("child whom the council knows"));
        }
        self.set(met, &Target::field(MATCHED_TO), &child.to_string(), None)
    }

    /// The child whom somebody met is nobody's here, and was referred. For the child's manager.
    ///
    /// # Errors
    /// As [`Self::match_met`].
    pub fn refer_met(&mut self, met: RecordId, to: &str, reason: &str) -> Result<Saved, SaveError> {
        check_text("reason", reason)?;
        self.of_met(met)?;
        self.set(met, &Target::field(REFERRED), to, Some(reason))
    }

    fn of_met(&self, met: RecordId) -> Result<(), SaveError> {
        if self.role_for(met)? != Some(Role::Manager) {
            return Err(SaveError::ManagersOnly);
        }
        if !self.children_met()?.contains(&met) {
            return Err(SaveError::OtherKind("child whom somebody met"));
        }
        Ok(())
    }

    fn children_met(&self) -> Result<Vec<RecordId>, StoreError> {
        let mut found = self.store.writer.prepare_cached(
            "SELECT record.id FROM scope CROSS JOIN record ON record.scope = scope.no AND record.kind = ?1
                CROSS JOIN answer_view ON answer_view.record = record.no
             WHERE scope.held = 1 AND answer_view.field = 'met' AND answer_view.element = '' AND answer_view.part = ''",
        )?;
        let mut rows = found.query([RecordKind::Child.code()])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            all.push(name(row, 0)?);
        }
        Ok(all)
    }

    /// For a child's card: the files that were begun as somebody met and turned out to be this child's.
    pub(crate) fn also_met(&self, child: RecordId) -> Result<Vec<AlsoMet>, ReadError> {
        let Some(row) = log::record(&self.store.reader, child)? else {
            return Ok(Vec::new());
        };
        let mut files: Vec<RecordId> = self
            .answers_of(row.no)?
            .keys()
            .filter(|target| target.name() == ALSO_MET)
            .filter_map(|target| target.element_id()?.parse().ok())
            .collect();
        files.sort_unstable();
        let mut all = Vec::new();
        for file in files {
            // Given to the holder a moment later than the name of it.
            let (Ok(scope), Some(met)) = (self.held_scope(file), self.met_child(file)?) else {
                continue;
            };
            all.push(AlsoMet {
                met,
                visits: self.visits(file)?,
                voices: self.voices_of(scope, VOICES_SHOWN)?,
            });
        }
        Ok(all)
    }
}

//! Finishing a visit, and what is added afterwards.

use visitbook_record::commit::RecordKind;
use visitbook_record::fact::Fact;
use visitbook_record::fold::live_among;
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::page::{View, lay_out};
use visitbook_record::payload::Content;
use visitbook_record::verdict::Verdict;
use visitbook_record::visit::missing_at_finish;
use visitbook_record::words;

use super::Working;
use super::model::{BeforeFinishing, Finishing, MissingItem};
use super::save::{NewStatement, Plan, Refusing, Saved};
use super::visit::{check_text, live};
use crate::clock::Moment;
use crate::error::{ReadError, SaveError};
use crate::store::log::{self, Row};

impl Working {
    /// What to show a person before [`Self::finish`]: the question, which names every child with their age, and what children left
    /// on this device that has not been opened. Changes nothing, and what is left unread refuses nothing.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn before_finishing(&self, records: &[RecordId]) -> Result<BeforeFinishing, ReadError> {
        let today = Moment::of(self.now().wall).date;
        let mut children = Vec::with_capacity(records.len());
        for record in records {
            let (row, child, _) = self.rows_of(*record)?;
            if row.home.kind != RecordKind::Visit {
                return Err(ReadError::OtherKind("visit"));
            }
            let line = self.child_line(child, &today)?;
            let age = line.age.unwrap_or_else(|| "age not known".to_owned());
            children.push((line.name, age));
        }
        let named: Vec<(&str, &str)> = children
            .iter()
            .map(|(name, age)| (name.as_str(), age.as_str()))
            .collect();
        let message = words::finish(&named);
        Ok(BeforeFinishing {
            title: message.title,
            detail: message.detail,
            left_for_you: self.left_for_you()?,
        })
    }

    /// Finishes visits, in one save: fixes what this device shows of each, for ever. Drafts are saved first. If anything that
    /// binds is missing from any of them, nothing is finished and everything missing is listed.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was finished.
    pub fn finish(&mut self, records: &[RecordId]) -> Result<Finishing, SaveError> {
        self.draft_commit_before_finish(records)?;
        let mut plans = Vec::with_capacity(records.len());
        let mut missing = Vec::new();
        for record in records {
            let (row, child) = self.record_of_kind(*record, RecordKind::Visit, "visit")?;
            if self.is_finished(&row)? {
                return Err(SaveError::Finished);
            }
            let rows = log::statements(&self.store.writer, row.no)?;
            let listed = page_of(&rows);
            let facts: Vec<Fact> = listed
                .iter()
                .map(|row| row.statement.fact.clone())
                .collect();
            let name = self.child_name(child)?;
            missing.extend(
                missing_at_finish(&facts)
                    .into_iter()
                    .map(|one| MissingItem {
                        record: *record,
                        child,
                        field: one.code().to_owned(),
                        question: one.question(&name),
                    }),
            );
            let mut ids: Vec<OpId> = facts.iter().map(|fact| fact.id).collect();
            ids.sort_unstable();
            plans.push(Plan {
                record: *record,
                kind: RecordKind::Visit,
                child,
                statements: vec![finish_statement(ids)],
            });
        }
        if !missing.is_empty() {
            return Ok(Finishing::Missing(missing));
        }
        Ok(Finishing::Finished(self.save(plans, Refusing::Yes)?))
    }

    /// Adds a piece of text to a finished visit. It stands beside the page with both times, and colleagues read it at once: the
    /// same save lists it as finished.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved.
    pub fn add_late(
        &mut self,
        record: RecordId,
        heading: &str,
        text: &str,
    ) -> Result<Saved, SaveError> {
        let target = self.entry_target(record, heading, None)?;
        self.late_version(record, &target, text)
    }

    /// Goes on with, or keeps as it is, an own entry that was cut off, or any own entry of a finished visit: writes its whole
    /// text and lets colleagues read it if the visit is finished.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved.
    pub fn carry_on(
        &mut self,
        record: RecordId,
        heading: &str,
        entry: &str,
        text: &str,
    ) -> Result<Saved, SaveError> {
        let target = self.entry_target(record, heading, Some(entry))?;
        let (row, _) = self.record(record)?;
        if row.home.kind == RecordKind::Visit && self.is_finished(&row)? {
            self.late_version(record, &target, text)
        } else {
            self.write_entry(record, &target, text)
        }
    }

    fn late_version(
        &mut self,
        record: RecordId,
        target: &Target,
        text: &str,
    ) -> Result<Saved, SaveError> {
        check_text(target.name(), text)?;
        let (row, child) = self.record_of_kind(record, RecordKind::Visit, "visit")?;
        let rows = log::statements(&self.store.writer, row.no)?;
        let statements: Vec<_> = rows.iter().map(|row| row.statement.clone()).collect();
        let finished = lay_out(RecordKind::Visit, &statements, View::Here)
            .finished
            .ok_or(SaveError::NotFinished)?;
        let before = log::statements_about(&self.store.writer, row.no, target)?;
        let mut made: Vec<NewStatement> = self
            .entry_version(target, &before, text, false)?
            .into_iter()
            .collect();
        // What the first finish lists binds in the later one too, so it is listed again; the page stays the first one's.
        let mut listed: Vec<OpId> = finished.listed.into_iter().collect();
        if made.is_empty() {
            listed.extend(live(&before).into_iter().map(|row| row.statement.fact.id));
        }
        listed.sort_unstable();
        listed.dedup();
        made.push(NewStatement {
            finishes_own: true,
            ..finish_statement(listed)
        });
        let plan = Plan {
            record,
            kind: RecordKind::Visit,
            child,
            statements: made,
        };
        self.save(vec![plan], Refusing::Yes)
    }
}

fn finish_statement(listed: Vec<OpId>) -> NewStatement {
    NewStatement::new(
        Kind::Finish,
        Policy::Ordinary,
        Target::field("finish"),
        Content::Finish(listed),
    )
}

/// What a finish lists: everything that stands and that its author could read.
fn page_of(rows: &[Row]) -> Vec<&Row> {
    let mut by_target: std::collections::BTreeMap<&Target, Vec<&Row>> =
        std::collections::BTreeMap::new();
    for row in rows {
        by_target
            .entry(&row.statement.fact.target)
            .or_default()
            .push(row);
    }
    let mut listed = Vec::new();
    for group in by_target.into_values() {
        let facts: Vec<&Fact> = group.iter().map(|row| &row.statement.fact).collect();
        let counts = |fact: &Fact| fact.verdict.as_ref().is_none_or(Verdict::is_applied);
        listed.extend(
            live_among(&facts, counts, |_, _| true)
                .into_iter()
                .filter_map(|at| group.get(at).copied())
                .filter(|row| row.statement.fact.kind.states_something())
                .filter(|row| !row.lacks_words()),
        );
    }
    listed
}

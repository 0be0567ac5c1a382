//! Recording a visit: answers, people, observations, text, finishing, and what is added afterwards.

use visitbook_record::catalogue::{Catalogue, Field, Sort};
use visitbook_record::commit::RecordKind;
use visitbook_record::conflict::may_edit_plainly;
use visitbook_record::fact::Fact;
use visitbook_record::fold::live_among;
use visitbook_record::id::{OpId, OutingId, RecordId, WorkerId};
use visitbook_record::limits;
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::{Content, Value};
use visitbook_record::verdict::{Reason, Verdict};

use super::Working;
use super::save::{NewStatement, Plan, Refusing, Saved};
use crate::clock::Moment;
use crate::error::SaveError;
use crate::store::log::{self, RecordRow, Row};
use crate::store::{oversight_view, views};

/// The statements about one target that stand on this device: the server's view with the own unsent ones over it.
pub(crate) fn live(rows: &[Row]) -> Vec<&Row> {
    let facts: Vec<&Fact> = rows.iter().map(|row| &row.statement.fact).collect();
    live_among(
        &facts,
        |fact| fact.verdict.as_ref().is_none_or(Verdict::is_applied),
        |_, _| true,
    )
    .into_iter()
    .filter_map(|at| rows.get(at))
    .collect()
}

/// A fact about the outing or the child, before it is anybody's statement.
pub(crate) fn value(field: &Field, code: &str, note: Option<&str>) -> Result<Value, SaveError> {
    let named = || field.code.clone();
    for text in [Some(code), note].into_iter().flatten() {
        if text.contains('\0') {
            return Err(SaveError::Nul { field: named() });
        }
        if text.len() > limits::ENTRY_BYTES {
            return Err(SaveError::TooLong {
                field: named(),
                most: limits::ENTRY_BYTES,
            });
        }
    }
    let bad = |expected| SaveError::BadForm {
        field: field.code.clone(),
        expected,
    };
    let label = match field.sort {
        Sort::Choice => match field.choice(code) {
            Some(choice) => choice.label.clone(),
            None => {
                return Err(SaveError::UnknownCode {
                    field: named(),
                    allowed: field
                        .choices
                        .iter()
                        .map(|choice| choice.code.clone())
                        .collect(),
                });
            }
        },
        Sort::Date => {
            let date = chrono::NaiveDate::parse_from_str(code, "%Y-%m-%d")
                .map_err(|_| bad("a date such as 2026-10-27"))?;
            if date.format("%Y-%m-%d").to_string() != code {
                return Err(bad("a date such as 2026-10-27"));
            }
            code.to_owned()
        }
        Sort::Time => {
            let time = chrono::NaiveTime::parse_from_str(code, "%H:%M")
                .map_err(|_| bad("a time such as 09:52"))?;
            if time.format("%H:%M").to_string() != code {
                return Err(bad("a time such as 09:52"));
            }
            code.to_owned()
        }
        Sort::Id => {
            uuid::Uuid::parse_str(code)
                .map_err(|_| bad("an id such as 01890a5d-ac96-774b-bcce-b302099a8057"))?;
            code.to_owned()
        }
        Sort::Words => {
            if code.trim().is_empty() {
                return Err(SaveError::Empty { field: named() });
            }
            code.to_owned()
        }
        Sort::Entry => return Err(bad("a piece of text under its heading, not an answer")),
    };
    let note = note.filter(|note| !note.trim().is_empty());
    Ok(Value {
        code: code.to_owned(),
        label,
        note: note.map(str::to_owned),
    })
}

impl Working {
    /// A record that a person is about to write in. One entered in error takes nothing more; what is being typed in it is
    /// kept all the same, as a draft that an unlock or a lock commits.
    pub(crate) fn record(&self, id: RecordId) -> Result<(RecordRow, RecordId), SaveError> {
        let (row, child) = self.record_in_any_state(id)?;
        if oversight_view::is_voided(&self.store.writer, row.no)? {
            return Err(SaveError::EnteredInError);
        }
        Ok((row, child))
    }

    /// A record that words were typed for, whatever has become of it.
    pub(crate) fn record_in_any_state(
        &self,
        id: RecordId,
    ) -> Result<(RecordRow, RecordId), SaveError> {
        let row = log::record(&self.store.writer, id)?.ok_or(SaveError::UnknownRecord(id))?;
        let child = row.home.scope.child().ok_or(SaveError::UnknownRecord(id))?;
        Ok((row, child))
    }

    pub(crate) fn record_of_kind(
        &self,
        id: RecordId,
        kind: RecordKind,
        word: &'static str,
    ) -> Result<(RecordRow, RecordId), SaveError> {
        let (row, child) = self.record(id)?;
        if row.home.kind == kind {
            Ok((row, child))
        } else {
            Err(SaveError::OtherKind(word))
        }
    }

    pub(crate) fn field_for(
        kind: RecordKind,
        target: &Target,
    ) -> Result<&'static Field, SaveError> {
        Catalogue::newest()
            .field(kind.form(), target)
            .filter(|_| target.is_well_formed())
            .ok_or_else(|| SaveError::UnknownField {
                field: target.to_string(),
            })
    }

    /// The statement that gives an answer, as the rules of its field need it. `before` is everything said about the target.
    pub(crate) fn answer_statement(
        &self,
        kind: RecordKind,
        target: &Target,
        code: &str,
        note: Option<&str>,
        before: &[Row],
    ) -> Result<NewStatement, SaveError> {
        let field = Self::field_for(kind, target)?;
        let content = Content::Value(value(field, code, note)?);
        let policy = field.policy();
        let standing = live(before);
        let kind = if policy == Policy::Set {
            Kind::SetAdd
        } else {
            Kind::Assert
        };
        let statement = NewStatement::new(kind, policy, target.clone(), content);
        match policy {
            // A member added twice is the same member: the own earlier addition makes way.
            Policy::Set | Policy::Observer | Policy::Words => {
                let own = standing
                    .iter()
                    .rev()
                    .find(|row| row.statement.fact.author == self.me.worker);
                let own = own.filter(|row| row.statement.fact.kind == kind);
                Ok(statement.replacing(own.map(|row| row.statement.fact.id).into_iter().collect()))
            }
            Policy::Risk | Policy::Ordinary => {
                let facts: Vec<&Fact> = standing.iter().map(|row| &row.statement.fact).collect();
                match facts.as_slice() {
                    [only] if may_edit_plainly(&facts, self.me.worker) => {
                        Ok(statement.replacing(vec![only.id]))
                    }
                    [] => Ok(statement),
                    // A colleague's answer to a risk question stands; this one stands beside it until somebody settles it.
                    [only] if policy == Policy::Risk && only.author != self.me.worker => {
                        Ok(statement)
                    }
                    _ => Err(SaveError::TwoAnswers),
                }
            }
        }
    }

    fn set_plan(
        &self,
        record: RecordId,
        target: &Target,
        code: &str,
        note: Option<&str>,
    ) -> Result<Plan, SaveError> {
        let (row, child) = self.record(record)?;
        let before = log::statements_about(&self.store.writer, row.no, target)?;
        let statement = match self.answer_statement(row.home.kind, target, code, note, &before) {
            // Editing a field that several people answered settles it. Where that takes a reason, the person is asked.
            Err(SaveError::TwoAnswers) => {
                self.settlement(&row, target, code, false, note.map(str::to_owned), note)?
            }
            other => other?,
        };
        Ok(Plan {
            record,
            kind: row.home.kind,
            child,
            statements: vec![statement],
        })
    }

    /// Answers a question of the form. A date is written `2026-10-27`, a time `09:52`.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved.
    pub fn set(
        &mut self,
        record: RecordId,
        target: &Target,
        code: &str,
        note: Option<&str>,
    ) -> Result<Saved, SaveError> {
        let plan = self.set_plan(record, target, code, note)?;
        self.save(vec![plan], Refusing::Yes)
    }

    /// Answers several questions of one record in one save, in order.
    ///
    /// # Errors
    /// [`SaveError`], for the first that cannot be given; nothing was saved.
    pub fn set_all(
        &mut self,
        record: RecordId,
        answers: &[(Target, String, Option<String>)],
    ) -> Result<Saved, SaveError> {
        let mut plans: Vec<Plan> = Vec::new();
        for (target, code, note) in answers {
            let plan = self.set_plan(record, target, code, note.as_deref())?;
            match plans.first_mut() {
                Some(first) => first.statements.extend(plan.statements),
                None => plans.push(plan),
            }
        }
        self.save(plans, Refusing::Yes)
    }

    /// Answers a question about the whole outing: written into the visit of every child on it that the worker holds, in one
    /// save. Nothing that is about one child can be answered so.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved for any child.
    pub fn set_for_outing(
        &mut self,
        record: RecordId,
        target: &Target,
        code: &str,
        note: Option<&str>,
    ) -> Result<Saved, SaveError> {
        let common = Catalogue::newest().is_common_to_outing(RecordKind::Visit.form(), target);
        Self::field_for(RecordKind::Visit, target)?;
        if !common {
            return Err(SaveError::BadForm {
                field: target.name().to_owned(),
                expected: "to be asked for each child apart",
            });
        }
        let mut plans = Vec::new();
        for visit in self.outing_of(record)? {
            plans.push(self.set_plan(visit, target, code, note)?);
        }
        self.save(plans, Refusing::Yes)
    }

    /// The visits of the outing that this one belongs to, itself included, to children the worker holds.
    ///
    /// # Errors
    /// [`SaveError`].
    pub fn outing_of(&self, record: RecordId) -> Result<Vec<RecordId>, SaveError> {
        let (row, _) = self.record_of_kind(record, RecordKind::Visit, "visit")?;
        let outing =
            views::answer(&self.store.writer, row.no, "outing_id")?.and_then(|(code, ..)| code);
        let Some(outing) = outing else {
            return Ok(vec![record]);
        };
        let mut all = self.store.writer.prepare_cached(
            "SELECT record.id FROM visit_view JOIN record ON record.no = visit_view.record
                JOIN scope ON scope.no = visit_view.scope
             WHERE visit_view.outing = ?1 AND scope.held = 1 AND scope.closed = 0 ORDER BY record.no",
        )?;
        let mut rows = all.query([outing])?;
        let mut visits = Vec::new();
        while let Some(row) = rows.next()? {
            visits.push(crate::store::rows::name(row, 0)?);
        }
        if !visits.contains(&record) {
            visits.push(record);
        }
        Ok(visits)
    }

    /// Takes a member out of a set again. What a colleague adds meanwhile stays.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved.
    pub fn set_remove(
        &mut self,
        record: RecordId,
        target: &Target,
        reason: Option<&str>,
    ) -> Result<Saved, SaveError> {
        let (row, child) = self.record(record)?;
        let field = Self::field_for(row.home.kind, target)?;
        if field.policy() != Policy::Set {
            return Err(SaveError::BadForm {
                field: target.name().to_owned(),
                expected: "to be a list that things are taken out of",
            });
        }
        let before = log::statements_about(&self.store.writer, row.no, target)?;
        let seen: Vec<OpId> = live(&before)
            .into_iter()
            .filter(|row| row.statement.fact.kind == Kind::SetAdd)
            .map(|row| row.statement.fact.id)
            .collect();
        if seen.is_empty() {
            return Err(SaveError::UnknownField {
                field: target.to_string(),
            });
        }
        let statement = NewStatement {
            content: reason.map(|reason| Content::Reason(reason.to_owned())),
            ..NewStatement::new(
                Kind::SetRemove,
                Policy::Set,
                target.clone(),
                Content::Reason(String::new()),
            )
        }
        .replacing(seen);
        let plan = Plan {
            record,
            kind: row.home.kind,
            child,
            statements: vec![statement],
        };
        self.save(vec![plan], Refusing::Yes)
    }

    /// Writes a piece of text under a heading. Returns its id with what was saved.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved.
    pub fn note(
        &mut self,
        record: RecordId,
        heading: &str,
        text: &str,
    ) -> Result<(String, Saved), SaveError> {
        let target = self.entry_target(record, heading, None)?;
        let saved = self.write_entry(record, &target, text)?;
        Ok((target.element_id().unwrap_or_default().to_owned(), saved))
    }

    /// Writes the whole text of an own entry again.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved.
    pub fn revise(
        &mut self,
        record: RecordId,
        heading: &str,
        entry: &str,
        text: &str,
    ) -> Result<Saved, SaveError> {
        let target = self.entry_target(record, heading, Some(entry))?;
        self.write_entry(record, &target, text)
    }

    pub(crate) fn write_entry(
        &mut self,
        record: RecordId,
        target: &Target,
        text: &str,
    ) -> Result<Saved, SaveError> {
        check_text(target.name(), text)?;
        let (row, child) = self.record(record)?;
        if row.home.kind == RecordKind::Visit && self.is_finished(&row)? {
            return Err(SaveError::Finished);
        }
        let before = log::statements_about(&self.store.writer, row.no, target)?;
        let statement = self.entry_version(target, &before, text, false)?;
        let plan = Plan {
            record,
            kind: row.home.kind,
            child,
            statements: statement.into_iter().collect(),
        };
        if plan.statements.is_empty() {
            return self.save(Vec::new(), Refusing::Yes);
        }
        self.save(vec![plan], Refusing::Yes)
    }

    /// Takes an own entry back, and says why. Its text stays readable.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved.
    pub fn withdraw(
        &mut self,
        record: RecordId,
        heading: &str,
        entry: &str,
        why: &str,
    ) -> Result<Saved, SaveError> {
        check_text("why", why)?;
        let target = self.entry_target(record, heading, Some(entry))?;
        let (row, child) = self.record(record)?;
        let before = log::statements_about(&self.store.writer, row.no, &target)?;
        let standing = live(&before);
        let newest = standing.last().ok_or(SaveError::UnknownField {
            field: target.to_string(),
        })?;
        if newest.statement.fact.author != self.me.worker {
            return Err(SaveError::NotYours);
        }
        let statement = NewStatement::new(
            Kind::EntryWithdraw,
            Policy::Ordinary,
            target.clone(),
            Content::Reason(why.to_owned()),
        )
        .replacing(vec![newest.statement.fact.id]);
        let plan = Plan {
            record,
            kind: row.home.kind,
            child,
            statements: vec![statement],
        };
        self.save(vec![plan], Refusing::Yes)
    }

    /// Records what the worker observed of one area. It is this worker's observation; a colleague's stands beside it.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved.
    pub fn observe(
        &mut self,
        record: RecordId,
        area: &str,
        answer: &str,
        line: Option<&str>,
    ) -> Result<Saved, SaveError> {
        let target = Target::element(area, self.me.worker.to_string());
        let field = Self::field_for(RecordKind::Visit, &target)?;
        if field.policy() != Policy::Observer {
            return Err(SaveError::UnknownField {
                field: area.to_owned(),
            });
        }
        self.set(record, &target, answer, line)
    }

    /// Plans a visit to one child or several, with named colleagues. Everybody who holds the child sees it.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved.
    pub fn plan_visit(
        &mut self,
        children: &[RecordId],
        date: &str,
        joint_workers: &[WorkerId],
    ) -> Result<Saved, SaveError> {
        let mut facts = vec![(Target::field("planned_for"), date.to_owned())];
        for worker in joint_workers {
            facts.push((
                Target::element("joint_workers", worker.to_string()),
                worker.to_string(),
            ));
        }
        self.new_visits(children, facts)
    }

    /// Begins a visit to one child or several: the one planned for today where there is one, a new one otherwise. All visits
    /// begun together belong to one outing. Returns one record for each child, in the order given.
    ///
    /// # Errors
    /// [`SaveError`]; nothing was saved.
    pub fn begin_visit(&mut self, children: &[RecordId]) -> Result<Vec<RecordId>, SaveError> {
        let today = Moment::of(self.now().wall).date;
        let mut begun = Vec::with_capacity(children.len());
        let mut without_plan = Vec::new();
        for child in children {
            let planned = self.planned(*child, &today)?;
            if planned.is_none() {
                without_plan.push(*child);
            }
            begun.push(planned);
        }
        let mut facts = Vec::new();
        if !today.is_empty() {
            facts.push((Target::field("visit_date"), today));
        }
        let mut made = self.new_visits(&without_plan, facts)?.records.into_iter();
        Ok(begun
            .into_iter()
            .filter_map(|planned| planned.or_else(|| made.next()))
            .collect())
    }

    fn planned(&self, child: RecordId, today: &str) -> Result<Option<RecordId>, SaveError> {
        if self.role_for(child)?.is_none() {
            return Err(SaveError::NotHeld(child));
        }
        let Some(scope) = log::scope(
            &self.store.writer,
            visitbook_record::scope::Scope::Child(child),
        )?
        else {
            return Err(SaveError::NotHeld(child));
        };
        if scope.closed {
            return Err(SaveError::WouldBeSetAside(Reason::NotOpened));
        }
        let mut all = self.store.writer.prepare_cached(
            "SELECT record.id FROM visit_view JOIN record ON record.no = visit_view.record
                JOIN answer_view ON answer_view.record = visit_view.record
             WHERE visit_view.scope = ?1 AND visit_view.date = ?2 AND visit_view.finished = 0
                AND answer_view.field = 'planned_for' AND answer_view.element = '' AND answer_view.part = ''
             ORDER BY record.no LIMIT 1",
        )?;
        let mut rows = all.query(rusqlite::params![scope.no, today])?;
        match rows.next()? {
            Some(row) => Ok(Some(crate::store::rows::name(row, 0)?)),
            None => Ok(None),
        }
    }

    fn new_visits(
        &mut self,
        children: &[RecordId],
        facts: Vec<(Target, String)>,
    ) -> Result<Saved, SaveError> {
        let outing = OutingId(self.fresh_id()?.0).to_string();
        let mut plans = Vec::with_capacity(children.len());
        for child in children {
            let mut statements = Vec::with_capacity(facts.len() + 1);
            let all = std::iter::once((Target::field("outing_id"), outing.clone()));
            for (target, code) in all.chain(facts.iter().cloned()) {
                statements.push(self.answer_statement(
                    RecordKind::Visit,
                    &target,
                    &code,
                    None,
                    &[],
                )?);
            }
            plans.push(Plan {
                record: self.fresh_id()?,
                kind: RecordKind::Visit,
                child: *child,
                statements,
            });
        }
        self.save(plans, Refusing::Yes)
    }

    pub(crate) fn is_finished(&self, row: &RecordRow) -> Result<bool, SaveError> {
        Ok(log::exists(
            &self.store.writer,
            "SELECT 1 FROM visit_view WHERE record = ?1 AND finished = 1",
            &[&row.no],
        )?)
    }
}

/// What a person may write as a piece of text: anything but nothing, too much, and NUL.
pub(crate) fn check_text(field: &str, text: &str) -> Result<(), SaveError> {
    let field = || field.to_owned();
    if text.trim().is_empty() {
        return Err(SaveError::Empty { field: field() });
    }
    if text.len() > limits::ENTRY_BYTES {
        return Err(SaveError::TooLong {
            field: field(),
            most: limits::ENTRY_BYTES,
        });
    }
    if text.contains('\0') {
        return Err(SaveError::Nul { field: field() });
    }
    Ok(())
}

//! What screens show: one call for each screen, from the read models where a list is shown, and from the log where a
//! record is.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike as _, NaiveDate};
use rusqlite::params;
use visitbook_record::catalogue::Catalogue;
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::fact::{Answer, Fact};
use visitbook_record::id::{OpId, RecordId, WorkerId, derived_uuid};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::page::{Page, Statement, View, lay_out};
use visitbook_record::payload::{Content, Settlement};
use visitbook_record::scope::Scope;
use visitbook_record::verdict::Verdict;

use super::Working;
use super::answer::whose_agreement;
use super::model::{
    AnswerView, AskView, ChildCard, ChildLine, ChoiceView, ConcernView, EntryView, FactLine,
    FinishedView, Found, Identity, LastTime, LateView, OpenQuestion, Person, QuestionView,
    RecordPage, Today, Version, VersionView, VisitLine, VoiceView,
};
use super::standing::question_text;
use crate::clock::Moment;
use crate::error::ReadError;
use crate::store::log::{self, RecordRow, Row};
use crate::store::rows::{name, optional_name};
use crate::store::{StoreError, search, views};

const MOST_FOUND: usize = 50;
const VOICES_ON_CARD: usize = 3;
const VISITS_ON_CARD: usize = 10;

type Result<T> = std::result::Result<T, ReadError>;

impl Working {
    /// Whose device this is.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn who(&self) -> Result<Identity> {
        Ok(Identity {
            worker: self.me.worker,
            name: self.staff_name(self.me.worker)?,
            label: self.me.label.clone(),
            device: self.me.device,
            council: self.me.council,
            council_name: self.bundle.council_name.clone(),
            out_of_hours: match log::record(&self.store.reader, self.council_record())? {
                Some(row) => views::answer(&self.store.reader, row.no, "out_of_hours")?
                    .and_then(|(code, ..)| code),
                None => None,
            },
        })
    }

    fn council_record(&self) -> RecordId {
        RecordId(self.me.council.0)
    }

    /// The council's staff, by name.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn staff(&self) -> Result<Vec<Person>> {
        let parts = self.staff_parts()?;
        let of = |worker: &WorkerId, part: &str| {
            parts.get(worker).and_then(|all| all.get(part)).cloned()
        };
        let mut all: Vec<Person> = parts
            .keys()
            .map(|worker| Person {
                worker: *worker,
                name: of(worker, "name").unwrap_or_else(|| worker.to_string()),
                role: of(worker, "role"),
                phone: of(worker, "phone"),
                manager: of(worker, "manager_id"),
            })
            .collect();
        all.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(all)
    }

    fn staff_parts(
        &self,
    ) -> std::result::Result<BTreeMap<WorkerId, BTreeMap<String, String>>, StoreError> {
        let mut found = self.store.reader.prepare_cached(
            "SELECT answer_view.element, answer_view.part, answer_view.code FROM answer_view
                JOIN record ON record.no = answer_view.record
             WHERE record.kind = ?1 AND answer_view.field = 'staff' AND answer_view.code IS NOT NULL",
        )?;
        let mut rows = found.query([RecordKind::Council.code()])?;
        let mut all: BTreeMap<WorkerId, BTreeMap<String, String>> = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let (element, part, code): (String, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            if let Ok(worker) = element.parse::<WorkerId>() {
                all.entry(worker).or_default().insert(part, code);
            }
        }
        Ok(all)
    }

    pub(crate) fn staff_names(
        &self,
    ) -> std::result::Result<BTreeMap<WorkerId, String>, StoreError> {
        Ok(self
            .staff_parts()?
            .into_iter()
            .filter_map(|(worker, mut parts)| Some((worker, parts.remove("name")?)))
            .collect())
    }

    pub(crate) fn staff_name(&self, worker: WorkerId) -> std::result::Result<String, StoreError> {
        Ok(self
            .staff_names()?
            .remove(&worker)
            .unwrap_or_else(|| worker.to_string()))
    }

    /// What a child is called: known as, else the case system's code, else the id.
    pub(crate) fn child_name(&self, child: RecordId) -> std::result::Result<String, StoreError> {
        let answers = self.plain_answers(child)?;
        Ok(answers
            .get("known_as")
            .or_else(|| answers.get("code"))
            .cloned()
            .unwrap_or_else(|| child.to_string()))
    }

    fn plain_answers(
        &self,
        record: RecordId,
    ) -> std::result::Result<BTreeMap<String, String>, StoreError> {
        let mut found = self.store.reader.prepare_cached(
            "SELECT answer_view.field, answer_view.code FROM answer_view JOIN record ON record.no = answer_view.record
             WHERE record.id = ?1 AND element = '' AND part = '' AND code IS NOT NULL",
        )?;
        let rows = found.query_map([record.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<std::result::Result<_, _>>()?)
    }

    fn child_line(&self, child: RecordId, on: &str) -> std::result::Result<ChildLine, StoreError> {
        let mut answers = self.plain_answers(child)?;
        let name = answers
            .get("known_as")
            .or_else(|| answers.get("code"))
            .cloned()
            .unwrap_or_else(|| child.to_string());
        let full_name = match answers.get("family_name") {
            Some(family) => format!("{name} {family}"),
            None => name.clone(),
        };
        let born = answers.remove("dob");
        let expected = answers.remove("expected");
        let age = match (&born, &expected) {
            (Some(born), _) => age(born, on),
            (None, Some(_)) => Some("expected".to_owned()),
            (None, None) => None,
        };
        Ok(ChildLine {
            child,
            name,
            full_name,
            code: answers.remove("code"),
            family: answers.remove("family_id"),
            born: born.or(expected),
            age,
            role: self.role_for(child)?,
        })
    }

    /// Everybody the holder holds, by family and name.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn children(&self) -> Result<Vec<ChildLine>> {
        let today = Moment::of(self.now().wall).date;
        Ok(self.children_on(&today)?)
    }

    fn children_on(&self, date: &str) -> std::result::Result<Vec<ChildLine>, StoreError> {
        let mut all = Vec::new();
        for row in log::scopes(&self.store.reader)? {
            if let (true, Scope::Child(child)) = (row.held, row.scope) {
                all.push(self.child_line(child, date)?);
            }
        }
        all.sort_by(|a, b| (&a.family, &a.full_name).cmp(&(&b.family, &b.full_name)));
        Ok(all)
    }

    /// The first screen, for a day written `2026-10-27`; today by this device's clock if none is given.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn today(&self, date: Option<&str>) -> Result<Today> {
        let today = Moment::of(self.now().wall).date;
        let date = match date {
            Some(date) => {
                parse_date(date).ok_or(ReadError::BadDate)?;
                date.to_owned()
            }
            None => today,
        };
        let visits = self.visit_lines(
            "visit_view.date = ?1",
            "visit_view.arrived, record.no",
            params![date],
        )?;
        let unfinished = self.visit_lines(
            "visit_view.date < ?1 AND visit_view.date <> '' AND visit_view.finished = 0
                AND visit_view.outcome IS NOT NULL",
            "visit_view.date DESC, record.no",
            params![date],
        )?;
        let concerns: Vec<ConcernView> = self
            .concerns(None)?
            .into_iter()
            .filter(|concern| concern.decisions.is_empty())
            .collect();
        let questions = self.questions()?.iter().filter(|one| one.mine).count();
        let alarms: i64 = self
            .store
            .reader
            .query_row("SELECT count(*) FROM alarm", [], |row| row.get(0))?;
        Ok(Today {
            visits,
            unfinished,
            children: self.children_on(&date)?,
            concerns,
            questions,
            unsent: self.spool.len(),
            alarms: usize::try_from(alarms).unwrap_or(usize::MAX),
            date,
        })
    }

    /// The visits to a child, newest first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn visits(&self, child: RecordId) -> Result<Vec<VisitLine>> {
        let scope = self.held_scope(child)?;
        Ok(self.visit_lines(
            "visit_view.scope = ?1",
            "visit_view.date DESC, visit_view.record DESC",
            params![scope],
        )?)
    }

    fn held_scope(&self, child: RecordId) -> Result<i64> {
        log::scope(&self.store.reader, Scope::Child(child))?
            .filter(|row| row.held)
            .map(|row| row.no)
            .ok_or(ReadError::UnknownRecord(child))
    }

    fn visit_lines(
        &self,
        clause: &str,
        order: &str,
        values: &[&dyn rusqlite::ToSql],
    ) -> std::result::Result<Vec<VisitLine>, StoreError> {
        let mut found = self.store.reader.prepare_cached(&format!(
            "SELECT record.id, scope.name, visit_view.outing, visit_view.date, visit_view.arrived, visit_view.outcome,
                visit_view.seen, visit_view.seen_open, visit_view.alone, visit_view.alone_open, visit_view.bedroom,
                visit_view.safe_now, visit_view.finished, visit_view.author
             FROM visit_view JOIN record ON record.no = visit_view.record JOIN scope ON scope.no = visit_view.scope
             WHERE scope.held = 1 AND {clause} ORDER BY {order}"
        ))?;
        let staff = self.staff_names()?;
        let mut names: BTreeMap<RecordId, String> = BTreeMap::new();
        let mut rows = found.query(values)?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next()? {
            let scope: Scope = crate::store::rows::coded(row, 1)?;
            let Some(child) = scope.child() else { continue };
            let child_name = match names.get(&child) {
                Some(name) => name.clone(),
                None => {
                    let name = self.child_name(child)?;
                    names.insert(child, name.clone());
                    name
                }
            };
            let author: Option<WorkerId> = optional_name(row, 13)?;
            lines.push(VisitLine {
                record: name(row, 0)?,
                child,
                child_name,
                outing: row.get(2)?,
                date: row.get(3)?,
                arrived: row.get(4)?,
                outcome: row.get(5)?,
                seen: row.get(6)?,
                seen_open: row.get(7)?,
                alone: row.get(8)?,
                alone_open: row.get(9)?,
                bedroom: row.get(10)?,
                safe_now: row.get(11)?,
                finished: row.get(12)?,
                by: author.map(|author| {
                    staff
                        .get(&author)
                        .cloned()
                        .unwrap_or_else(|| author.to_string())
                }),
            });
        }
        Ok(lines)
    }

    /// A child's card: what a worker reads in thirty seconds on the doorstep.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn child_card(&self, child: RecordId) -> Result<ChildCard> {
        let scope = self.held_scope(child)?;
        let today = Moment::of(self.now().wall).date;
        let line = self.child_line(child, &today)?;
        let visits = self.visits(child)?;
        let last = |matches: &dyn Fn(&VisitLine) -> bool| {
            visits
                .iter()
                .find(|visit| {
                    let outcome = visit.outcome.as_deref();
                    outcome.is_none_or(|code| code == "went_ahead") && matches(visit)
                })
                .map(|visit| LastTime {
                    date: visit.date.clone(),
                    by: visit.by.clone(),
                })
        };
        let seen = last(&|visit| visit.seen.as_deref() == Some("yes"));
        let alone = last(&|visit| visit.alone.as_deref() == Some("spoke_alone"));
        let bedroom = last(&|visit| visit.bedroom.as_deref() == Some("seen"));
        let facts = self.child_facts(child)?;
        let imported = |part: &str| {
            facts
                .iter()
                .filter(|fact| fact.field == "period" && fact.part.as_deref() == Some(part))
                .filter_map(|fact| fact.code.clone())
                .max()
                .map(|date| LastTime { date, by: None })
        };
        let newer = |a: Option<LastTime>, b: Option<LastTime>| match (a, b) {
            (Some(a), Some(b)) => Some(if a.date >= b.date { a } else { b }),
            (a, b) => a.or(b),
        };
        let family = match &line.family {
            Some(family) => self
                .children_on(&today)?
                .into_iter()
                .filter(|other| other.child != child && other.family.as_ref() == Some(family))
                .collect(),
            None => Vec::new(),
        };
        Ok(ChildCard {
            last_seen: newer(seen, imported("last_seen")),
            last_alone: newer(alone, imported("last_alone")),
            last_bedroom: newer(bedroom, imported("last_bedroom")),
            voices: self.voices_of(scope, VOICES_ON_CARD)?,
            held_by: self.held_by(child)?,
            concerns: self
                .concerns(Some(child))?
                .into_iter()
                .filter(|concern| concern.decisions.is_empty())
                .collect(),
            visits: visits.into_iter().take(VISITS_ON_CARD).collect(),
            child: line,
            facts,
            family,
        })
    }

    fn child_facts(&self, child: RecordId) -> std::result::Result<Vec<FactLine>, StoreError> {
        let catalogue = Catalogue::newest();
        let form = RecordKind::Child.form();
        let mut found = self.store.reader.prepare_cached(
            "SELECT field, element, part, code, answer_view.label, open FROM answer_view
                JOIN record ON record.no = answer_view.record WHERE record.id = ?1",
        )?;
        let mut rows = found.query([child.0])?;
        let mut facts = Vec::new();
        while let Some(row) = rows.next()? {
            let (field, element, part): (String, String, String) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            if field == "held_by" {
                continue;
            }
            let target = views::target(field.clone(), element.clone(), part.clone());
            facts.push(FactLine {
                label: catalogue
                    .field(form, &target)
                    .map_or_else(|| field.clone(), |field| field.label.clone()),
                field,
                element: Some(element).filter(|text| !text.is_empty()),
                part: Some(part).filter(|text| !text.is_empty()),
                code: row.get(3)?,
                answer: row.get(4)?,
                open: row.get(5)?,
            });
        }
        let place = |code: &str| {
            catalogue
                .fields(form)
                .iter()
                .position(|field| field.code == code)
        };
        facts.sort_by(|a, b| {
            (place(&a.field), &a.element, &a.part).cmp(&(place(&b.field), &b.element, &b.part))
        });
        Ok(facts)
    }

    fn held_by(&self, child: RecordId) -> std::result::Result<Vec<(String, Role)>, StoreError> {
        let Some(row) = log::record(&self.store.reader, child)? else {
            return Ok(Vec::new());
        };
        let mut by_target: BTreeMap<Target, Vec<Row>> = BTreeMap::new();
        for row in log::statements(&self.store.reader, row.no)? {
            if row.statement.fact.target.name() == "held_by" {
                let target = row.statement.fact.target.clone();
                by_target.entry(target).or_default().push(row);
            }
        }
        let mut holders = Vec::new();
        for rows in by_target.values() {
            for row in super::visit::live(rows) {
                if let (Kind::Assign, Some(Content::Assignment(assignment))) =
                    (row.statement.fact.kind, &row.statement.content)
                {
                    holders.push((self.staff_name(assignment.worker)?, assignment.role));
                }
            }
        }
        holders.sort();
        Ok(holders)
    }

    fn voices_of(&self, scope: i64, most: usize) -> Result<Vec<VoiceView>> {
        let mut voices = Vec::new();
        let all = log::records_of(&self.store.reader, scope, RecordKind::Voice)?;
        for record in all.into_iter().rev().take(most) {
            voices.extend(self.voice_view(record)?);
        }
        Ok(voices)
    }

    fn voice_view(&self, record: RecordId) -> Result<Option<VoiceView>> {
        let (row, child, rows) = self.rows_of(record)?;
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let texts = |wanted: &str| -> Vec<String> {
            rows.iter()
                .filter(|row| row.statement.fact.target.name() == wanted)
                .filter_map(|row| match &row.statement.content {
                    Some(Content::Words(text) | Content::Text { text, .. }) => Some(text.clone()),
                    _ => None,
                })
                .collect()
        };
        let how = views::answer(&self.store.reader, row.no, "how")?;
        let (how, how_label) = how.map_or((None, None), |(code, label, _)| (code, label));
        Ok(Some(VoiceView {
            record,
            child,
            how,
            how_label,
            words: texts("words"),
            saw: texts("saw"),
            by: self.staff_name(first.statement.fact.author)?,
            written: Moment::of(first.statement.written),
        }))
    }

    fn rows_of(&self, record: RecordId) -> Result<(RecordRow, RecordId, Vec<Row>)> {
        let unknown = || ReadError::UnknownRecord(record);
        let row = log::record(&self.store.reader, record)?.ok_or_else(unknown)?;
        let child = row.home.scope.child().ok_or_else(unknown)?;
        self.held_scope(child).map_err(|_| unknown())?;
        let rows = log::statements(&self.store.reader, row.no)?;
        Ok((row, child, rows))
    }

    /// A visit, laid out.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn visit(&self, record: RecordId) -> Result<RecordPage> {
        let page = self.page(record)?;
        if page.kind == RecordKind::Visit.form() {
            Ok(page)
        } else {
            Err(ReadError::OtherKind("visit"))
        }
    }

    /// Any record about a child, laid out.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn page(&self, record: RecordId) -> Result<RecordPage> {
        let (row, child, rows) = self.rows_of(record)?;
        let statements: Vec<Statement> = rows.iter().map(|row| row.statement.clone()).collect();
        let page = lay_out(row.home.kind, &statements, View::Here);
        let staff = self.staff_names()?;
        let show = Show {
            kind: row.home.kind,
            me: self.me.worker,
            staff: &staff,
            statements: &statements,
        };
        let child_name = self.child_name(child)?;
        let words = statements
            .iter()
            .filter_map(|statement| match &statement.content {
                Some(Content::Words(words)) => Some(words.clone()),
                _ => None,
            })
            .collect();
        Ok(RecordPage {
            record,
            kind: row.home.kind.form().to_owned(),
            child,
            child_name,
            questions: show.questions(&page),
            entries: show.entries(&page),
            words,
            finished: show.finished(&page),
            late: page.late.iter().filter_map(|at| show.late(*at)).collect(),
            unread: page.unread.len(),
            status: self.status_of(&row)?,
        })
    }

    /// Concerns, newest first: of one child, or all this device holds.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn concerns(&self, child: Option<RecordId>) -> Result<Vec<ConcernView>> {
        let mut all = Vec::new();
        for scope in log::scopes(&self.store.reader)? {
            let wanted = scope.held && child.is_none_or(|child| scope.scope == Scope::Child(child));
            if !wanted {
                continue;
            }
            for record in log::records_of(&self.store.reader, scope.no, RecordKind::Concern)? {
                all.extend(self.concern_view(record)?);
            }
        }
        all.sort_by(|a, b| b.written.cmp(&a.written));
        Ok(all)
    }

    fn concern_view(&self, record: RecordId) -> Result<Option<ConcernView>> {
        let (row, child, rows) = self.rows_of(record)?;
        let Some(first) = rows.first() else {
            return Ok(None);
        };
        let first = first.statement.clone();
        let statements: Vec<Statement> = rows.into_iter().map(|row| row.statement).collect();
        let page = lay_out(RecordKind::Concern, &statements, View::Here);
        let staff = self.staff_names()?;
        let show = Show {
            kind: RecordKind::Concern,
            me: self.me.worker,
            staff: &staff,
            statements: &statements,
        };
        let entries = |heading: &str| -> Vec<LateView> {
            page.entries
                .iter()
                .filter(|entry| entry.target.name() == heading && !entry.withdrawn)
                .filter_map(|entry| show.late(entry.first?))
                .collect()
        };
        let urgency = views::answer(&self.store.reader, row.no, "urgency")?;
        let (urgency, urgency_label) =
            urgency.map_or((None, None), |(code, label, _)| (code, label));
        let told = page
            .questions
            .values()
            .filter(|question| {
                question.target.name() == "told" && question.target.part_name().is_none()
            })
            .flat_map(|question| &question.live)
            .filter_map(|at| show.text(*at))
            .collect();
        Ok(Some(ConcernView {
            record,
            child,
            child_name: self.child_name(child)?,
            urgency,
            urgency_label,
            about: entries("about")
                .into_iter()
                .filter_map(|entry| entry.text)
                .collect(),
            by: show.name(first.fact.author),
            written: Moment::of(first.written),
            received: first.received.map(Moment::of),
            told,
            decisions: entries("decision"),
        }))
    }

    /// Every question to which two answers are open, the holder's own first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn questions(&self) -> Result<Vec<OpenQuestion>> {
        let mut found = self.store.reader.prepare_cached(
            "SELECT DISTINCT record.id FROM answer_view JOIN record ON record.no = answer_view.record
                JOIN scope ON scope.no = record.scope
             WHERE answer_view.open = 1 AND scope.held = 1 ORDER BY record.no",
        )?;
        let mut rows = found.query([])?;
        let mut records = Vec::new();
        while let Some(row) = rows.next()? {
            records.push(name::<RecordId>(row, 0)?);
        }
        let mut all = Vec::new();
        for record in records {
            let (row, child, rows) = self.rows_of(record)?;
            let statements: Vec<Statement> = rows.into_iter().map(|row| row.statement).collect();
            let page = lay_out(row.home.kind, &statements, View::Here);
            all.extend(self.open_questions(&row, child, &page, &statements)?);
        }
        all.sort_by_key(|question| !question.mine);
        Ok(all)
    }

    fn open_questions(
        &self,
        row: &RecordRow,
        child: RecordId,
        page: &Page,
        statements: &[Statement],
    ) -> Result<Vec<OpenQuestion>> {
        let staff = self.staff_names()?;
        let child_name = self.child_name(child)?;
        let is_manager = self.role_for(child)? == Some(Role::Manager);
        let show = Show {
            kind: row.home.kind,
            me: self.me.worker,
            staff: &staff,
            statements,
        };
        let mut all = Vec::new();
        for question in page.questions.values().filter(|question| question.open) {
            let asks: Vec<AskView> = page
                .asks
                .iter()
                .filter_map(|at| show.ask(*at, &question.target))
                .collect();
            let asked = asks.iter().any(|ask| ask.of == self.me.worker);
            let standing = question
                .standing
                .and_then(|standing| question.live.iter().position(|at| *at == standing));
            all.push(OpenQuestion {
                record: row.id,
                kind: row.home.kind.form().to_owned(),
                child,
                child_name: child_name.clone(),
                target: question.target.to_string(),
                question: question_text(row.home.kind, &question.target, &child_name),
                answers: show.answers(&question.live),
                standing,
                mine: asked || show.any_mine(&question.live),
                text: false,
                unseen: show.unseen(&question.live),
                choices: show.choices(&question.target, &question.live, is_manager),
                asks,
            });
        }
        for entry in page.entries.iter().filter(|entry| entry.open) {
            all.push(OpenQuestion {
                record: row.id,
                kind: row.home.kind.form().to_owned(),
                child,
                child_name: child_name.clone(),
                target: entry.target.to_string(),
                question: question_text(row.home.kind, &entry.target, &child_name),
                answers: show.answers(&entry.live),
                standing: None,
                mine: show.any_mine(&entry.live),
                text: true,
                unseen: show.unseen(&entry.live),
                choices: Vec::new(),
                asks: Vec::new(),
            });
        }
        Ok(all)
    }

    /// Every statement about a record in log order, own unsent ones last: who, both times, what became of it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn history(&self, record: RecordId) -> Result<Vec<Version>> {
        let (row, _, rows) = self.rows_of(record)?;
        let statements: Vec<Statement> = rows.iter().map(|row| row.statement.clone()).collect();
        let page = lay_out(row.home.kind, &statements, View::Here);
        let live: BTreeSet<OpId> = page
            .questions
            .values()
            .flat_map(|question| &question.live)
            .chain(page.entries.iter().flat_map(|entry| &entry.live))
            .filter_map(|at| statements.get(*at))
            .map(|statement| statement.fact.id)
            .collect();
        let staff = self.staff_names()?;
        let show = Show {
            kind: row.home.kind,
            me: self.me.worker,
            staff: &staff,
            statements: &statements,
        };
        let mut order: Vec<usize> = (0..rows.len()).collect();
        order.sort_by_key(|at| {
            let position = rows.get(*at).and_then(|row| row.statement.counted_at);
            (position.is_none(), position)
        });
        let mut all = Vec::with_capacity(rows.len());
        for at in order {
            if let Some(found) = rows.get(at) {
                let commit = log::commit_no(&self.store.reader, found.signed)?
                    .ok_or(StoreError::Row("a commit"))?;
                all.extend(show.version(at, commit.hash, live.contains(&found.statement.fact.id)));
            }
        }
        Ok(all)
    }

    /// Finds words in everything this device holds. Whatever is typed, it is only ever searched for. New words are indexed
    /// first, so this writes to the search index.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn search(&mut self, text: &str) -> Result<Vec<Found>> {
        self.index()?;
        let Some(query) = search::query(text) else {
            return Ok(Vec::new());
        };
        let staff = self.staff_names()?;
        let mut all = Vec::new();
        for no in search::matches(&self.store.reader, &query, MOST_FOUND)? {
            let Some(found) = log::statement_no(&self.store.reader, no)? else {
                continue;
            };
            let Some(words) = found.statement.content.as_ref().and_then(search::words_of) else {
                continue;
            };
            let fact = &found.statement.fact;
            let Some(row) = log::record(&self.store.reader, fact.record)? else {
                continue;
            };
            let child = row.home.scope.child();
            all.push(Found {
                op: fact.id,
                record: fact.record,
                kind: row.home.kind.form().to_owned(),
                child,
                child_name: match child {
                    Some(child) => self.child_name(child)?,
                    None => String::new(),
                },
                target: fact.target.to_string(),
                excerpt: excerpt(&words, text),
                by: staff
                    .get(&fact.author)
                    .cloned()
                    .unwrap_or_else(|| fact.author.to_string()),
                written: Moment::of(found.statement.written),
            });
        }
        Ok(all)
    }

    /// The record of a child by the case system's code.
    #[must_use]
    pub fn child_by_code(&self, code: &str) -> RecordId {
        RecordId(derived_uuid(self.me.council, "child", code))
    }
}

/// Turns statements into what a screen shows.
struct Show<'a> {
    kind: RecordKind,
    me: WorkerId,
    staff: &'a BTreeMap<WorkerId, String>,
    statements: &'a [Statement],
}

impl Show<'_> {
    fn name(&self, worker: WorkerId) -> String {
        self.staff
            .get(&worker)
            .cloned()
            .unwrap_or_else(|| worker.to_string())
    }

    fn label(&self, target: &Target) -> String {
        let catalogue = Catalogue::newest();
        catalogue
            .field(self.kind.form(), target)
            .map_or_else(|| target.name().to_owned(), |field| field.label.clone())
    }

    fn answers(&self, live: &[usize]) -> Vec<AnswerView> {
        live.iter().filter_map(|at| self.answer(*at)).collect()
    }

    fn answer(&self, at: usize) -> Option<AnswerView> {
        let statement = self.statements.get(at)?;
        let fact = &statement.fact;
        let value = statement.content.as_ref().and_then(Content::value);
        let reason = match &statement.content {
            Some(Content::Settlement(Settlement { reason, .. })) => reason.clone(),
            _ => None,
        };
        Some(AnswerView {
            op: fact.id,
            code: value.map(|value| value.code.clone()),
            label: value
                .map(|value| value.label.clone())
                .or_else(|| self.text(at)),
            note: value.and_then(|value| value.note.clone()),
            author: fact.author,
            by: self.name(fact.author),
            mine: fact.author == self.me,
            settled: fact.kind == Kind::Resolve,
            reason,
            written: Moment::of(statement.written),
            received: statement.received.map(Moment::of),
        })
    }

    fn any_mine(&self, live: &[usize]) -> bool {
        live.iter()
            .filter_map(|at| self.statements.get(*at))
            .any(|statement| statement.fact.author == self.me)
    }

    /// No live answer names another as replaced: nobody here had seen what the others said.
    fn unseen(&self, live: &[usize]) -> bool {
        live.iter()
            .filter_map(|at| self.statements.get(*at))
            .all(|statement| statement.fact.replaces.is_empty())
    }

    fn questions(&self, page: &Page) -> Vec<QuestionView> {
        let mut all: Vec<QuestionView> = page
            .questions
            .values()
            .map(|question| QuestionView {
                target: question.target.to_string(),
                field: question.target.name().to_owned(),
                label: self.label(&question.target),
                answers: self.answers(&question.live),
                standing: question
                    .standing
                    .and_then(|standing| question.live.iter().position(|at| *at == standing)),
                open: question.open,
                maybe_worse: question.maybe_worse,
                on_page: self.answers(&question.on_page),
            })
            .collect();
        let fields = Catalogue::newest().fields(self.kind.form());
        all.sort_by_key(|question| {
            fields
                .iter()
                .position(|field| field.code == question.field)
                .unwrap_or(usize::MAX)
        });
        all
    }

    fn entries(&self, page: &Page) -> Vec<EntryView> {
        page.entries
            .iter()
            .map(|entry| EntryView {
                heading: entry.target.name().to_owned(),
                label: self.label(&entry.target),
                entry: entry.target.element_id().unwrap_or_default().to_owned(),
                versions: entry
                    .live
                    .iter()
                    .filter_map(|at| self.entry_text(*at))
                    .collect(),
                first: entry
                    .first
                    .and_then(|first| entry.live.iter().position(|at| *at == first))
                    .unwrap_or(0),
                withdrawn: entry.withdrawn,
                open: entry.open,
                late: entry.late,
            })
            .collect()
    }

    fn entry_text(&self, at: usize) -> Option<VersionView> {
        let statement = self.statements.get(at)?;
        let chosen = match &statement.content {
            // A settlement between versions stands for the one it names.
            Some(Content::Settlement(settlement)) => self
                .statements
                .iter()
                .find(|other| other.fact.id.to_string() == settlement.value.code),
            _ => None,
        };
        let shown = chosen.unwrap_or(statement);
        let (text, cut_off) = match &shown.content {
            Some(Content::Text { text, cut_off }) => (Some(text.clone()), *cut_off),
            Some(Content::Words(text) | Content::Reason(text)) => (Some(text.clone()), false),
            _ => (None, false),
        };
        Some(VersionView {
            op: shown.fact.id,
            text,
            cut_off,
            author: shown.fact.author,
            by: self.name(shown.fact.author),
            written: Moment::of(shown.written),
            received: shown.received.map(Moment::of),
        })
    }

    fn finished(&self, page: &Page) -> Option<FinishedView> {
        let finished = page.finished.as_ref()?;
        let by = self.statements.get(finished.by)?;
        // A later finish that lists all of the first and more is how additions are released; it is no rival.
        let rivals = finished
            .others
            .iter()
            .filter_map(|at| self.statements.get(*at))
            .filter(|other| match &other.content {
                Some(Content::Finish(listed)) => {
                    !finished.listed.iter().all(|id| listed.contains(id))
                }
                _ => true,
            })
            .count();
        Some(FinishedView {
            by: self.name(by.fact.author),
            written: Moment::of(by.written),
            received: by.received.map(Moment::of),
            being_looked_at: finished.being_looked_at,
            rivals,
        })
    }

    /// The words or the answer of a statement.
    fn text(&self, at: usize) -> Option<String> {
        match self.statements.get(at)?.content.as_ref()? {
            Content::Text { text, .. } | Content::Words(text) | Content::Reason(text) => {
                Some(text.clone())
            }
            Content::Value(value) | Content::Settlement(Settlement { value, .. }) => {
                Some(value.label.clone())
            }
            Content::Ask { value, .. } => Some(value.label.clone()),
            Content::Assignment(assignment) => Some(assignment.reason.clone()),
            Content::Finish(_) => None,
        }
    }

    fn late(&self, at: usize) -> Option<LateView> {
        let statement = self.statements.get(at)?;
        Some(LateView {
            op: statement.fact.id,
            target: statement.fact.target.to_string(),
            label: self.label(&statement.fact.target),
            text: self.text(at),
            by: self.name(statement.fact.author),
            written: Moment::of(statement.written),
            received: statement.received.map(Moment::of),
        })
    }

    fn ask(&self, at: usize, about: &Target) -> Option<AskView> {
        let statement = self.statements.get(at)?;
        let Some(Content::Ask { value, person }) = &statement.content else {
            return None;
        };
        (statement.fact.target == *about).then(|| AskView {
            by: self.name(statement.fact.author),
            of: *person,
            of_name: self.name(*person),
            code: value.code.clone(),
            label: value.label.clone(),
        })
    }

    /// The answers given, each with whose agreement it needs.
    fn choices(&self, target: &Target, live: &[usize], is_manager: bool) -> Vec<ChoiceView> {
        let facts: Vec<&Fact> = live
            .iter()
            .filter_map(|at| self.statements.get(*at))
            .map(|statement| &statement.fact)
            .collect();
        let risk = facts.iter().any(|fact| fact.policy == Policy::Risk);
        let mut choices: Vec<ChoiceView> = Vec::new();
        for at in live {
            let Some(value) = self
                .statements
                .get(*at)
                .and_then(|statement| statement.content.as_ref())
                .and_then(Content::value)
            else {
                continue;
            };
            if choices.iter().any(|choice| choice.code == value.code) {
                continue;
            }
            let needs = if risk {
                let chosen = Answer::Code(value.code.clone());
                whose_agreement(self.kind, target, &facts, self.me, is_manager, &chosen)
            } else {
                None
            };
            choices.push(ChoiceView {
                code: value.code.clone(),
                label: value.label.clone(),
                needs,
                needs_name: needs.map(|person| self.name(person)),
            });
        }
        let worry = |choice: &ChoiceView| {
            let answer = Answer::Code(choice.code.clone());
            Catalogue::newest().worry(self.kind.form(), target, &answer)
        };
        choices.sort_by_key(worry);
        choices
    }

    fn version(
        &self,
        at: usize,
        commit: visitbook_record::id::CommitHash,
        live: bool,
    ) -> Option<Version> {
        let statement = self.statements.get(at)?;
        let fact = &statement.fact;
        let note = match &statement.content {
            Some(Content::Value(value)) => value.note.clone(),
            Some(Content::Settlement(settlement)) => settlement
                .reason
                .clone()
                .or_else(|| settlement.value.note.clone()),
            _ => None,
        };
        let (verdict, reason) = match &fact.verdict {
            None => ("not_received", None),
            Some(Verdict::Applied) => ("applied", None),
            Some(Verdict::AppliedFromPreviousWorker) => ("applied_from_previous_worker", None),
            Some(Verdict::Quarantined { reason, .. }) => {
                ("set_aside", Some(reason.sentence().to_owned()))
            }
            Some(Verdict::Held { .. }) => ("held", None),
        };
        Some(Version {
            op: fact.id,
            commit,
            kind: kind_word(fact.kind),
            target: fact.target.to_string(),
            label: self.label(&fact.target),
            code: fact.answer.code().map(str::to_owned),
            text: self.text(at),
            note,
            by: self.name(fact.author),
            written: Moment::of(statement.written),
            received: statement.received.map(Moment::of),
            replaces: fact.replaces.clone(),
            verdict: verdict.to_owned(),
            reason,
            live,
        })
    }
}

fn kind_word(kind: Kind) -> String {
    match kind {
        Kind::EntryAdd => "entry_add",
        Kind::EntryRevise => "entry_revise",
        Kind::EntryWithdraw => "entry_withdraw",
        Kind::Assert => "assert",
        Kind::SetAdd => "set_add",
        Kind::SetRemove => "set_remove",
        Kind::Finish => "finish",
        Kind::Resolve => "resolve",
        Kind::Ask => "ask",
        Kind::Assign => "assign",
        Kind::Unassign => "unassign",
        Kind::Unknown(_) => "newer_version",
    }
    .to_owned()
}

fn parse_date(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// Age on a day: years, or months under two.
fn age(born: &str, on: &str) -> Option<String> {
    let (born, on) = (parse_date(born)?, parse_date(on)?);
    let months = (on.year() - born.year()) * 12 + i32::try_from(on.month()).ok()?
        - i32::try_from(born.month()).ok()?
        - i32::from(on.day() < born.day());
    match months {
        ..0 => None,
        1 => Some("1 month".to_owned()),
        0..24 => Some(format!("{months} months")),
        _ => Some((months / 12).to_string()),
    }
}

/// At most 200 characters around the first word looked for, or the beginning.
fn excerpt(words: &str, looked_for: &str) -> String {
    const LENGTH: usize = 200;
    const BEFORE: usize = 40;
    let lower: Vec<char> = words
        .chars()
        .flat_map(|c| c.to_lowercase().next())
        .collect();
    let first: Vec<char> = looked_for
        .split_whitespace()
        .next()
        .unwrap_or_default()
        .chars()
        .flat_map(|c| c.to_lowercase().next())
        .collect();
    let at = if first.is_empty() {
        0
    } else {
        lower
            .windows(first.len())
            .position(|window| window == first.as_slice())
            .unwrap_or(0)
    };
    words
        .chars()
        .skip(at.saturating_sub(BEFORE))
        .take(LENGTH)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_as_people_say_them() {
        for (born, on, expected) in [
            ("2012-03-01", "2026-10-27", Some("14")),
            ("2025-11-20", "2026-10-27", Some("11 months")),
            ("2026-09-27", "2026-10-27", Some("1 month")),
            ("2026-10-27", "2026-10-27", Some("0 months")),
            ("2024-10-28", "2026-10-27", Some("23 months")),
            ("2024-10-27", "2026-10-27", Some("2")),
            ("2027-02-02", "2026-10-27", None),
            ("never", "2026-10-27", None),
        ] {
            assert_eq!(age(born, on).as_deref(), expected, "{born}");
        }
    }

    #[test]
    fn an_excerpt_is_cut_between_characters() {
        let words = "ä".repeat(500) + " bottle " + &"ß".repeat(500);
        let cut = excerpt(&words, "BOTTLE");
        assert!(cut.contains("bottle"));
        assert_eq!(cut.chars().count(), 200);
        assert_eq!(excerpt("short", "nothing"), "short");
    }
}

//! Lists and cards: who is to be seen, by whom, and what is known of each child, from the read models.

use std::collections::BTreeMap;

use chrono::{Datelike as _, NaiveDate};
use rusqlite::params;
use visitbook_record::catalogue::Catalogue;
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::id::{RecordId, WorkerId, derived_uuid};
use visitbook_record::look::Look;
use visitbook_record::op::{Kind, Target};
use visitbook_record::payload::Content;
use visitbook_record::scope::Scope;
use visitbook_record::words;

use super::model::{
    ChildCard, ChildLine, ConcernView, FactLine, Identity, LastTime, Person, Today, VisitLine,
};
use super::oversight::mark_words;
use super::{Working, met};
use crate::clock::Moment;
use crate::error::ReadError;
use crate::store::log::{self, Row};
use crate::store::oversight_view::Marks;
use crate::store::rows::{name, optional_name};
use crate::store::{StoreError, moved, views};

const VOICES_ON_CARD: usize = 3;
const VISITS_ON_CARD: usize = 10;

/// What stands on a child's record and did not come from the case system.
const NOT_IMPORTED: [&str; 4] = ["held_by", "told_worker", "cover_opened", "also_met"];

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
        // By the scope, for which there is an index: a device holds thousands of records and one of the council's.
        let Some(council) = log::scope(&self.store.reader, Scope::Council)? else {
            return Ok(BTreeMap::new());
        };
        let mut found = self.store.reader.prepare_cached(
            "SELECT answer_view.element, answer_view.part, answer_view.code FROM record
                JOIN answer_view ON answer_view.record = record.no
             WHERE record.scope = ?1 AND record.kind = ?2 AND answer_view.field = 'staff' AND answer_view.code IS NOT NULL",
        )?;
        let mut rows = found.query(params![council.no, RecordKind::Council.code()])?;
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
        let known = answers
            .get("known_as")
            .or_else(|| answers.get("code"))
            .cloned();
        Ok(match known {
            Some(name) => name,
            None => {
                moved::child_name(&self.store.reader, child)?.unwrap_or_else(|| child.to_string())
            }
        })
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

    pub(super) fn child_line(
        &self,
        child: RecordId,
        on: &str,
    ) -> std::result::Result<ChildLine, StoreError> {
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
            (None, None) => answers.get("met_age").map(|age| words::about(age)),
        };
        let met = met::state_of(&answers).map(str::to_owned);
        Ok(ChildLine {
            child,
            name,
            full_name,
            code: answers.remove("code"),
            family: answers.remove("family_id"),
            born: born.or(expected),
            age,
            role: self.role_for(child)?,
            met,
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
            if let (true, Scope::Child(child)) = (row.is_open(), row.scope) {
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
        let same_visits: Vec<_> = self
            .same_visits()?
            .into_iter()
            .filter(|one| one.mine)
            .collect();
        let questions = self.questions()?.iter().filter(|one| one.mine).count() + same_visits.len();
        let alarms: i64 = self
            .store
            .reader
            .query_row("SELECT count(*) FROM alarm", [], |row| row.get(0))?;
        let children = self.children_on(&date)?;
        let due = match date.parse() {
            Ok(day) => self.due_among(&children, day)?,
            Err(_) => Vec::new(),
        };
        Ok(Today {
            visits,
            unfinished,
            children,
            due,
            concerns,
            left_for_you: self.left_for_you()?,
            unopened: self.unopened()?,
            questions,
            same_visits,
            to_tell: self
                .to_tell(&date)?
                .into_iter()
                .filter(|one| one.mine)
                .collect(),
            returned: self
                .returned()?
                .into_iter()
                .filter(|one| one.mine)
                .collect(),
            unsent: self.sealed_waiting(),
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

    pub(crate) fn held_scope(&self, child: RecordId) -> Result<i64> {
        match log::scope(&self.store.reader, Scope::Child(child))? {
            Some(row) if row.is_open() => Ok(row.no),
            Some(row) if row.held => Err(ReadError::NotOpened(child)),
            _ => Err(ReadError::UnknownRecord(child)),
        }
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
                visit_view.safe_now, visit_view.finished, visit_view.author, oversight_view.signed_off,
                oversight_view.asked, oversight_view.corrected
             FROM visit_view JOIN record ON record.no = visit_view.record JOIN scope ON scope.no = visit_view.scope
                LEFT JOIN oversight_view ON oversight_view.record = visit_view.record
             WHERE scope.held = 1 AND scope.closed = 0 AND {clause} ORDER BY {order}"
        ))?;
        let staff = self.staff_names()?;
        let together = self.visits_together()?;
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
            let mark = |column| {
                Ok::<_, rusqlite::Error>(row.get::<_, Option<bool>>(column)? == Some(true))
            };
            let marks = Marks {
                signed_off: mark(14)?,
                asked: mark(15)?,
                corrected: mark(16)?,
                voided: false,
            };
            let record: RecordId = name(row, 0)?;
            let first = together.read_first(record);
            lines.push(VisitLine {
                record,
                same_visit_as: (first != record).then_some(first),
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
                marks: mark_words(marks),
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
        self.looked(Look::Card, child, child);
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
        let due = match today.parse() {
            Ok(day) => self.due_among(std::slice::from_ref(&line), day)?.pop(),
            Err(_) => None,
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
            due,
            voices: self.voices_of(scope, VOICES_ON_CARD)?,
            held_by: self.held_by(child)?,
            to_tell: self.child_to_tell(child, &today)?,
            concerns: self
                .concerns_of(Some(child))?
                .into_iter()
                .filter(|concern| concern.decisions.is_empty())
                .collect(),
            visits: visits.into_iter().take(VISITS_ON_CARD).collect(),
            child: line,
            facts,
            family,
            also_met: self.also_met(child)?,
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
            if NOT_IMPORTED.contains(&field.as_str()) {
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

    /// The record of a child by the case system's code.
    #[must_use]
    pub fn child_by_code(&self, code: &str) -> RecordId {
        RecordId(derived_uuid(self.me.council, "child", code))
    }
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
}

//! Which visits bear on a child's dates, read from the newest back and no further than they matter.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::params;
use visitbook_record::calendar::Date;
use visitbook_record::catalogue::Catalogue;
use visitbook_record::due::{self, Child};
use visitbook_record::id::RecordId;
use visitbook_record::op::Target;
use visitbook_record::same_visit;

use super::Working;
use super::due::{DISPUTED, VisitFacts, child_of, date};
use crate::error::ReadError;
use crate::store::{StoreError, log};

/// The columns of [`Working::listed_facts`].
const LISTED: &str = "SELECT record, date, outcome, mode, seen FROM visit_view";

/// Visits whose day is not that of the narrow list, by child's log and record: two people put it differently, or several records
/// are of one visit, which is counted at the one to read first.
#[derive(Default)]
pub(super) struct Apart(BTreeMap<i64, BTreeMap<i64, Option<VisitFacts>>>);

impl Working {
    /// What is known of a child that bears on dates of a day, by the read models. Visits are read from the newest back, as far
    /// as they can change what is said: a child who was seen for ten years costs no more than one who was seen for two months.
    pub(super) fn due_facts(
        &self,
        child: RecordId,
        day: Date,
        apart: &mut Apart,
    ) -> Result<Child, ReadError> {
        let scope = self.held_scope(child)?;
        let mut known = match log::record(&self.store.reader, child)? {
            Some(row) => child_of(&self.answers_of(row.no)?),
            None => Child::default(),
        };
        let apart = apart.0.remove(&scope).unwrap_or_default();
        let told: BTreeSet<i64> = apart.keys().copied().collect();
        for facts in apart.into_values().flatten() {
            facts.tell(&mut known);
        }
        let sql = format!("{LISTED} WHERE scope = ?1 AND date <= ?2 ORDER BY date DESC, record");
        let mut found = self.store.reader.prepare_cached(&sql)?;
        let mut rows = found.query(params![scope, day.to_string()])?;
        while let Some(row) = rows.next()? {
            let record = row.get(0)?;
            if told.contains(&record) {
                continue;
            }
            let facts = self.listed_facts(row)?;
            // What has no day bears on none.
            let Some(on) = facts.on else { continue };
            facts.tell(&mut known);
            if due::is_settled(&known, day, on) {
                break;
            }
        }
        Ok(known)
    }

    /// A visit by the narrow list; what that leaves out is asked for.
    fn listed_facts(&self, row: &rusqlite::Row<'_>) -> Result<VisitFacts, StoreError> {
        let record: i64 = row.get(0)?;
        let day: String = row.get(1)?;
        let mut facts = VisitFacts {
            on: day.parse().ok(),
            outcome: row.get(2)?,
            mode: row.get(3)?,
            seen: row.get(4)?,
            occasion: None,
            statutory: None,
            serves: Vec::new(),
        };
        let mut found = self.store.reader.prepare_cached(
            "SELECT field, code, open FROM answer_view
             WHERE record = ?1 AND field IN ('serves', 'statutory', 'occasion', 'outcome') AND part = ''",
        )?;
        let mut rows = found.query([record])?;
        while let Some(row) = rows.next()? {
            let (field, code, open): (String, Option<String>, bool) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            match field.as_str() {
                "serves" => facts.serves.extend(code),
                "statutory" => facts.statutory = code,
                "occasion" => facts.occasion = code,
                _ if open => facts.outcome = Some(DISPUTED.to_owned()),
                _ => {}
            }
        }
        Ok(facts)
    }

    /// What the list of visits by day does not say of a visit's day.
    pub(super) fn visits_apart(&self) -> Result<Apart, StoreError> {
        let mut apart = self.joined_visits()?;
        let mut found = self.store.reader.prepare_cached(
            "SELECT visit_view.scope, visit_view.record FROM answer_view
                JOIN visit_view ON visit_view.record = answer_view.record
             WHERE answer_view.open = 1 AND answer_view.field = 'visit_date'",
        )?;
        let mut rows = found.query([])?;
        let sql = format!("{LISTED} WHERE record = ?1");
        let mut listed = self.store.reader.prepare_cached(&sql)?;
        while let Some(row) = rows.next()? {
            let (scope, record): (i64, i64) = (row.get(0)?, row.get(1)?);
            let of_child = apart.0.entry(scope).or_default();
            if of_child.contains_key(&record) {
                continue;
            }
            let mut row = listed.query([record])?;
            if let Some(row) = row.next()? {
                let facts = VisitFacts {
                    on: self.earliest_date(record)?,
                    ..self.listed_facts(row)?
                };
                of_child.insert(record, Some(facts));
            }
        }
        Ok(apart)
    }

    /// Visits of which there are several records: what all of them say, at the one to read first.
    fn joined_visits(&self) -> Result<Apart, StoreError> {
        let together = self.visits_together()?;
        let mut all = Apart::default();
        for first in together.heads() {
            let Some(row) = log::record(&self.store.reader, first)? else {
                continue;
            };
            let of_child = all.0.entry(row.scope_no).or_default();
            let mut answers = self.answers_of(row.no)?;
            let mut on = self.earliest_date(row.no)?;
            for other in together.beside(first) {
                let Some(other) = log::record(&self.store.reader, other)? else {
                    continue;
                };
                let beside = self.answers_of(other.no)?;
                answers = same_visit::together(Catalogue::newest(), &answers, &beside);
                on = on.into_iter().chain(self.earliest_date(other.no)?).min();
                of_child.insert(other.no, None);
            }
            let facts = VisitFacts {
                on,
                ..VisitFacts::of(&answers)
            };
            of_child.insert(row.no, Some(facts));
        }
        Ok(all)
    }

    /// Of two dates for one visit the earlier: it makes the next one due sooner.
    fn earliest_date(&self, record: i64) -> Result<Option<Date>, StoreError> {
        let rows = log::statements_about(&self.store.reader, record, &Target::field("visit_date"))?;
        Ok(super::visit::live(&rows)
            .into_iter()
            .filter_map(|row| date(row.statement.fact.answer.code()))
            .min())
    }
}

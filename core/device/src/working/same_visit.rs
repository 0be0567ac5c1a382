//! "One visit or two?": asking it, answering it, and what the answers put together in lists and dates.
//!
//! The rules are in [`visitbook_record::same_visit`]; here they are given what this device knows, which is the same on every
//! device that has read as far.

use rusqlite::params;
use visitbook_record::calendar::Date;
use visitbook_record::commit::{Commit, RecordKind};
use visitbook_record::id::RecordId;
use visitbook_record::op::Target;
use visitbook_record::same_visit::{Begun, FIELD, Pair, Said, Together, are_near, may_be_one};
use visitbook_record::words;

use super::Working;
use super::model::{SameVisitQuestion, SameVisitView};
use super::save::Saved;
use crate::clock::Moment;
use crate::error::{ReadError, SaveError};
use crate::store::log::{self, RecordRow, Row};
use crate::store::rows::name;
use crate::store::{StoreError, oversight_view, views};

/// A visit older than this is not asked about any more: whoever could say has forgotten, and both stand as two.
const ASKED_FOR_DAYS: i32 = 90;

/// A visit as the narrow list knows it.
struct Listed {
    no: i64,
    scope: i64,
    day: Date,
    arrived: Option<String>,
}

impl Listed {
    fn at(&self) -> (Date, Option<u16>) {
        (self.day, self.arrived.as_deref().and_then(minutes))
    }
}

/// How a visit's record came about, with what to say of it.
struct Made {
    begun: Begun,
    child: RecordId,
    /// When the worker arrived, or else when the record was begun.
    time: String,
}

/// `09:40` in minutes.
fn minutes(time: &str) -> Option<u16> {
    let (hours, minutes) = time.split_once(':')?;
    Some(hours.parse::<u16>().ok()? * 60 + minutes.parse::<u16>().ok()?)
}

impl Working {
    /// What is settled about all visits that this device holds.
    pub(crate) fn visits_together(&self) -> Result<Together, StoreError> {
        let mut found = self.store.reader.prepare_cached(
            "SELECT record.id, answer_view.element, answer_view.code FROM answer_view
                JOIN record ON record.no = answer_view.record
             WHERE answer_view.field = 'same_visit'",
        )?;
        let mut rows = found.query([])?;
        let mut answers = Vec::new();
        while let Some(row) = rows.next()? {
            let (record, element, code): (RecordId, String, Option<String>) =
                (name(row, 0)?, row.get(1)?, row.get(2)?);
            let Some(pair) = Pair::read(record, &element) else {
                continue;
            };
            let (_, other) = pair.records();
            let other = log::record(&self.store.reader, other)?;
            let voided = match other {
                Some(row) => oversight_view::is_voided(&self.store.reader, row.no)?,
                None => false,
            };
            if !voided {
                answers.push((pair, code.and_then(|code| pair.said(&code))));
            }
        }
        Ok(Together::new(&answers))
    }

    /// Visits of which it must be asked whether they are one or two, those that the holder began first in the list.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn same_visits(&self) -> Result<Vec<SameVisitQuestion>, ReadError> {
        let today = Moment::of(self.now().wall).date;
        let from = today
            .parse::<Date>()
            .ok()
            .and_then(|day| day.add_days(-ASKED_FOR_DAYS))
            .map_or_else(String::new, |day| day.to_string());
        let listed = self.visits_since(&from)?;
        let mut near = Vec::new();
        for (at, one) in listed.iter().enumerate() {
            let later = listed.iter().skip(at + 1);
            near.extend(
                later
                    .take_while(|other| other.scope == one.scope && one.day.days_to(other.day) <= 1)
                    .filter(|other| are_near(one.at(), other.at()))
                    .map(|other| (one, other)),
            );
        }
        let mut all = Vec::new();
        if near.is_empty() {
            return Ok(all);
        }
        let mut pairs = Vec::with_capacity(near.len());
        for (one, other) in near {
            let (one, other) = (self.identified(one)?, self.identified(other)?);
            let (Some(one), Some(other)) = (one, other) else {
                continue;
            };
            let key = |(visit, listed): &(RecordId, &Listed)| (listed.day, *visit);
            pairs.push(if key(&one) <= key(&other) {
                (one, other)
            } else {
                (other, one)
            });
        }
        pairs.sort_by_key(|((one, listed), (other, later))| {
            (listed.scope, listed.day, *one, later.day, *other)
        });
        let together = self.visits_together()?;
        for ((one_visit, one), (other_visit, other)) in pairs {
            let open =
                Pair::of(one_visit, other_visit).is_some_and(|pair| !together.is_answered(pair));
            let made = (self.made(one_visit, one)?, self.made(other_visit, other)?);
            let (Some(one), Some(other)) = made else {
                continue;
            };
            if open && may_be_one(&one.begun, &other.begun) {
                all.push(self.same_visit_question(&one, &other)?);
            }
        }
        all.sort_by_key(|question| !question.mine);
        Ok(all)
    }

    /// Visits of a day or later, by child and day. What they are called, whether one was planned, and on which device it was begun
    /// is asked for the few that matter.
    fn visits_since(&self, from: &str) -> Result<Vec<Listed>, StoreError> {
        // CROSS JOIN keeps SQLite to the order written: child by child, from that day on. By itself it goes through all visits
        // there are.
        let mut found = self.store.reader.prepare_cached(
            "SELECT visit_view.record, scope.no, visit_view.date, visit_view.arrived
             FROM scope CROSS JOIN visit_view ON visit_view.scope = scope.no
             WHERE scope.held = 1 AND scope.closed = 0 AND visit_view.date >= ?1 AND visit_view.date <> ''
             ORDER BY scope.no, visit_view.date DESC",
        )?;
        let mut rows = found.query([from])?;
        let mut all = Vec::new();
        while let Some(row) = rows.next()? {
            let Ok(Ok(day)) = row.get_ref(2)?.as_str().map(str::parse) else {
                continue;
            };
            all.push(Listed {
                no: row.get(0)?,
                scope: row.get(1)?,
                day,
                arrived: row.get(3)?,
            });
        }
        all.sort_by_key(|one| (one.scope, one.day));
        Ok(all)
    }

    fn identified<'a>(
        &self,
        listed: &'a Listed,
    ) -> Result<Option<(RecordId, &'a Listed)>, StoreError> {
        let row = log::record_no(&self.store.reader, listed.no)?;
        Ok(row.map(|row| (row.id, listed)))
    }

    fn listed(&self, row: &RecordRow) -> Result<Option<Listed>, StoreError> {
        let mut found = self
            .store
            .reader
            .prepare_cached("SELECT date, arrived FROM visit_view WHERE record = ?1")?;
        let mut rows = found.query([row.no])?;
        let Some(found) = rows.next()? else {
            return Ok(None);
        };
        let day: String = found.get(0)?;
        let Ok(day) = day.parse() else {
            return Ok(None);
        };
        Ok(Some(Listed {
            no: row.no,
            scope: row.scope_no,
            day,
            arrived: found.get(1)?,
        }))
    }

    /// What only the record itself knows. `None` for one of which nothing is here.
    fn made(&self, visit: RecordId, listed: &Listed) -> Result<Option<Made>, StoreError> {
        let first: Option<i64> = self
            .store
            .reader
            .prepare_cached("SELECT min(signed) FROM op WHERE record = ?1")?
            .query_row(params![listed.no], |row| row.get(0))?;
        let Some(first) = first else { return Ok(None) };
        let row = log::commit_no(&self.store.reader, first)?.ok_or(StoreError::Row("a commit"))?;
        let first =
            Commit::from_bytes(&row.signed.bytes).map_err(|_| StoreError::Row("a commit"))?;
        let Some(child) = first.scope.child() else {
            return Ok(None);
        };
        let (day, arrived) = listed.at();
        let written = Moment::of(first.clocks.wall);
        Ok(Some(Made {
            begun: Begun {
                visit,
                day,
                arrived,
                planned: views::answer(&self.store.reader, listed.no, "planned_for")?.is_some(),
                by: first.author,
                device: first.origin.device,
            },
            child,
            time: listed.arrived.clone().unwrap_or(written.time),
        }))
    }

    fn same_visit_question(
        &self,
        one: &Made,
        other: &Made,
    ) -> Result<SameVisitQuestion, StoreError> {
        let key = |made: &Made| (made.begun.day, made.time.clone(), made.begun.visit);
        let (first, second) = if key(one) <= key(other) {
            (one, other)
        } else {
            (other, one)
        };
        let me = self.me.worker;
        let by = |made: &Made| -> Result<Option<String>, StoreError> {
            Ok(match made.begun.by {
                by if by == me => None,
                by => Some(self.staff_name(by)?),
            })
        };
        let (first_by, second_by) = (by(first)?, by(second)?);
        let child_name = self.child_name(first.child)?;
        let message = words::one_visit_or_two(
            &child_name,
            (first_by.as_deref(), &first.time),
            (second_by.as_deref(), &second.time),
        );
        Ok(SameVisitQuestion {
            child: first.child,
            child_name,
            first: first.begun.visit,
            second: second.begun.visit,
            title: message.title,
            detail: message.detail,
            buttons: message.buttons,
            mine: first_by.is_none() || second_by.is_none(),
        })
    }

    /// Says that two records are of one visit, and which of them people should read first. Nothing in either changes: the other
    /// stands whole beside it, and the visit is counted once. Anybody who holds the child may say so.
    ///
    /// # Errors
    /// [`SaveError::OtherKind`] for anything but two visits to one child; nothing was saved.
    pub fn one_visit(&mut self, first: RecordId, beside: RecordId) -> Result<Saved, SaveError> {
        self.say_of_two(first, beside, Said::One { first })
    }

    /// Says that two records are of two visits. It is not asked again.
    ///
    /// # Errors
    /// As [`Self::one_visit`].
    pub fn two_visits(&mut self, one: RecordId, other: RecordId) -> Result<Saved, SaveError> {
        self.say_of_two(one, other, Said::Two)
    }

    fn say_of_two(
        &mut self,
        one: RecordId,
        other: RecordId,
        said: Said,
    ) -> Result<Saved, SaveError> {
        const PAIR: SaveError = SaveError::OtherKind("pair of visits to one child");
        let (_, child) = self.record_of_kind(one, RecordKind::Visit, "visit")?;
        let (_, of) = self.record_of_kind(other, RecordKind::Visit, "visit")?;
        let pair = Pair::of(one, other).filter(|_| child == of).ok_or(PAIR)?;
        let code = pair.code(said).ok_or(PAIR)?;
        self.set(pair.record(), &pair.target(), code, None)
    }

    /// Other records of the same visit, the one to read first before the others.
    pub(crate) fn same_visit_of(&self, visit: RecordId) -> Result<Vec<SameVisitView>, StoreError> {
        let together = self.visits_together()?;
        let first = together.read_first(visit);
        let mut all = Vec::new();
        for record in std::iter::once(first).chain(together.beside(first)) {
            let row = log::record(&self.store.reader, record)?.filter(|row| row.id != visit);
            let Some(row) = row else { continue };
            let Some(listed) = self.listed(&row)? else {
                continue;
            };
            let Some(made) = self.made(row.id, &listed)? else {
                continue;
            };
            let by = self.staff_name(made.begun.by)?;
            all.push(SameVisitView {
                record,
                words: words::same_visit(&by, &made.time, record == first),
                by,
                first: record == first,
            });
        }
        Ok(all)
    }

    /// What was said on other records about this one being the same visit, for its history.
    pub(crate) fn said_elsewhere(&self, row: &RecordRow) -> Result<Vec<Row>, StoreError> {
        let mut found = self.store.reader.prepare_cached(
            "SELECT record FROM answer_view WHERE field = 'same_visit' AND element = ?1 ORDER BY record",
        )?;
        let others: Vec<i64> = found
            .query_map([row.id.to_string()], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        let about = Target::element(FIELD, row.id.to_string());
        let mut all = Vec::new();
        for other in others {
            all.extend(log::statements_about(&self.store.reader, other, &about)?);
        }
        Ok(all)
    }
}

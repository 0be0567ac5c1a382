//! What the council had at a moment, read out of what this device has now.
//!
//! A statement counts if the council had received it by then. Where a statement was set aside at first and came to count
//! later, the moment of that is not written down; the log position is, and positions are given in the order in which things
//! arrive. So it counts if its position is not behind the last commit of its scope received by then, or if the statement
//! that put it in its place was received by then. Both can only ever be answered in one way, whatever arrives later: that is
//! what makes a board print the same next week. It may show such a statement as set aside a little longer than it was.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, params};
use visitbook_record::catalogue::Catalogue;
use visitbook_record::commit::RecordKind;
use visitbook_record::id::{OpId, RecordId, WorkerId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::page::{Page, Statement, View, lay_out};
use visitbook_record::payload::Content;
use visitbook_record::same_visit::{self, Pair, Together};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::{Reason, Verdict};

use super::super::due::Answers;
use crate::store::StoreError;
use crate::store::log::{self, Row, ScopeRow};
use crate::store::rows::unsigned;

type Result<T> = std::result::Result<T, StoreError>;

/// One record as known.
pub(super) struct KnownRecord {
    pub(super) id: RecordId,
    pub(super) kind: RecordKind,
    pub(super) statements: Vec<Statement>,
    pub(super) page: Page,
}

impl KnownRecord {
    /// What stands, by target. Of two dates for one visit the earlier, which makes the next one due sooner.
    pub(super) fn answers(&self) -> Answers {
        let code = |at: usize| {
            let statement = self.statements.get(at)?;
            statement.fact.answer.code().map(str::to_owned)
        };
        let mut all = Answers::new();
        for question in self.page.questions.values() {
            let stands = question
                .standing
                .or_else(|| question.live.first().copied().filter(|_| !question.open));
            let answer = match stands {
                Some(at) => code(at),
                None if question.target.name() == "visit_date" => {
                    question.live.iter().filter_map(|at| code(*at)).min()
                }
                None => None,
            };
            all.insert(question.target.clone(), answer);
        }
        all
    }

    /// The words of the answer that stands.
    pub(super) fn label(&self, field: &str) -> Option<String> {
        let question = self.page.questions.get(&Target::field(field))?;
        let value = self
            .statements
            .get(question.standing?)?
            .content
            .as_ref()?
            .value()?;
        Some(value.label.clone())
    }

    pub(super) fn is_open(&self, field: &str) -> bool {
        self.page
            .questions
            .get(&Target::field(field))
            .is_some_and(|question| question.open)
    }
}

/// One child as known.
pub(super) struct KnownChild {
    pub(super) id: RecordId,
    pub(super) answers: Answers,
    pub(super) records: Vec<KnownRecord>,
}

impl KnownChild {
    pub(super) fn fact(&self, field: &str) -> Option<&str> {
        self.answers.get(&Target::field(field))?.as_deref()
    }

    pub(super) fn name(&self) -> String {
        self.fact("known_as")
            .or_else(|| self.fact("code"))
            .map_or_else(|| self.id.to_string(), str::to_owned)
    }

    /// Which visit records are of one visit.
    pub(super) fn together(&self) -> Together {
        let visits: BTreeSet<RecordId> =
            self.of_kind(RecordKind::Visit).map(|one| one.id).collect();
        let mut answers = Vec::new();
        let asked = |record: &&KnownRecord| {
            let mut targets = record.page.questions.keys();
            targets.any(|target| target.name() == same_visit::FIELD)
        };
        for record in self.of_kind(RecordKind::Visit).filter(asked) {
            for (target, code) in record.answers() {
                let pair = target
                    .element_id()
                    .filter(|_| target.name() == same_visit::FIELD)
                    .and_then(|element| Pair::read(record.id, element))
                    .filter(|pair| visits.contains(&pair.records().1));
                if let Some(pair) = pair {
                    answers.push((pair, code.and_then(|code| pair.said(&code))));
                }
            }
        }
        Together::new(&answers)
    }

    /// What all records of one visit say, at the one to read first.
    pub(super) fn answers_of_visit(&self, first: &KnownRecord, together: &Together) -> Answers {
        let mut answers = first.answers();
        for beside in together.beside(first.id) {
            if let Some(beside) = self.records.iter().find(|one| one.id == beside) {
                answers = same_visit::together(Catalogue::newest(), &answers, &beside.answers());
            }
        }
        answers
    }

    /// Records of a kind that were not entered in error.
    pub(super) fn of_kind(&self, kind: RecordKind) -> impl Iterator<Item = &KnownRecord> {
        self.records
            .iter()
            .filter(move |record| record.kind == kind && record.page.voided.is_none())
    }
}

/// All of it: the children whom the holder holds, and held at that moment.
pub(super) struct Known {
    /// Whether what only this device knows counts.
    pub(super) view: View,
    pub(super) staff: BTreeMap<WorkerId, String>,
    pub(super) children: Vec<KnownChild>,
}

impl Known {
    /// Of one child where one is named: a line about that child needs no other.
    pub(super) fn load(
        db: &Connection,
        me: WorkerId,
        at: Option<WallMillis>,
        only: Option<RecordId>,
    ) -> Result<Self> {
        let mut known = Self {
            view: view_at(at),
            staff: BTreeMap::new(),
            children: Vec::new(),
        };
        let scopes = log::scopes(db)?;
        let mut held: BTreeMap<RecordId, (Option<LogPosition>, bool)> = BTreeMap::new();
        for scope in &scopes {
            match scope.scope {
                Scope::Council => {
                    for record in records(db, scope, at)? {
                        known.staff.extend(staff(&record));
                    }
                }
                Scope::Worker(worker) if worker == me => {
                    for record in records(db, scope, at)? {
                        note_holds(&record, &mut held);
                    }
                }
                _ => {}
            }
        }
        for scope in &scopes {
            let Scope::Child(child) = scope.scope else {
                continue;
            };
            let held_then = at.is_none() || held.get(&child).is_some_and(|(_, held)| *held);
            let wanted = only.is_none_or(|only| only == child);
            if !wanted || !scope.is_open() || !held_then {
                continue;
            }
            let records = records(db, scope, at)?;
            let answers = records
                .iter()
                .find(|record| record.id == child)
                .map(KnownRecord::answers)
                .unwrap_or_default();
            known.children.push(KnownChild {
                id: child,
                answers,
                records,
            });
        }
        known.children.sort_by_key(|child| {
            let family = child.fact("family_id").map(str::to_owned);
            (
                family,
                child.fact("dob").map(str::to_owned),
                child.name(),
                child.id,
            )
        });
        Ok(known)
    }
}

fn staff(record: &KnownRecord) -> Vec<(WorkerId, String)> {
    let name = |(target, code): (&Target, &Option<String>)| {
        let worker = target.element_id()?.parse().ok()?;
        let is_name = target.name() == "staff" && target.part_name() == Some("name");
        Some((worker, code.clone().filter(|_| is_name)?))
    };
    record.answers().iter().filter_map(name).collect()
}

/// Of each child the newest entry that gives or ends it.
fn note_holds(record: &KnownRecord, held: &mut BTreeMap<RecordId, (Option<LogPosition>, bool)>) {
    for statement in &record.statements {
        let (Kind::Assign | Kind::Unassign, Some(Content::Assignment(assignment))) =
            (statement.fact.kind, &statement.content)
        else {
            continue;
        };
        let now = (statement.counted_at, statement.fact.kind == Kind::Assign);
        let newest = held.entry(assignment.child).or_insert(now);
        if now.0 >= newest.0 {
            *newest = now;
        }
    }
}

const fn view_at(at: Option<WallMillis>) -> View {
    match at {
        Some(_) => View::Shared,
        None => View::Here,
    }
}

fn records(db: &Connection, scope: &ScopeRow, at: Option<WallMillis>) -> Result<Vec<KnownRecord>> {
    let received = Received::of_scope(db, scope.no)?;
    let mut found = db.prepare_cached("SELECT no FROM record WHERE scope = ?1 ORDER BY id")?;
    let numbers: Vec<i64> = found
        .query_map([scope.no], |row| row.get(0))?
        .collect::<std::result::Result<_, _>>()?;
    let mut all = Vec::with_capacity(numbers.len());
    for no in numbers {
        let Some(row) = log::record_no(db, no)? else {
            continue;
        };
        let rows = log::statements(db, no)?;
        let view = view_at(at);
        let statements = match at {
            Some(at) => received.known_at(rows, at),
            None => rows.into_iter().map(|row| row.statement).collect(),
        };
        if statements.is_empty() {
            continue;
        }
        all.push(KnownRecord {
            id: row.id,
            kind: row.home.kind,
            page: lay_out(row.home.kind, &statements, view),
            statements,
        });
    }
    Ok(all)
}

/// When and where each commit of a scope was received.
struct Received(BTreeMap<i64, (LogPosition, WallMillis)>);

impl Received {
    fn of_scope(db: &Connection, scope: i64) -> Result<Self> {
        let mut found = db.prepare_cached(
            "SELECT received.signed, received.epoch, received.position, received.at FROM received
                JOIN signed ON signed.no = received.signed JOIN record ON record.no = signed.record
             WHERE record.scope = ?1",
        )?;
        let mut rows = found.query(params![scope])?;
        let mut all = BTreeMap::new();
        while let Some(row) = rows.next()? {
            let at = LogPosition {
                epoch: unsigned(row.get(1)?)?,
                position: unsigned(row.get(2)?)?,
            };
            all.insert(row.get(0)?, (at, WallMillis(row.get(3)?)));
        }
        Ok(Self(all))
    }

    /// The statements of one record that the council had at a moment, with the verdicts it could have had.
    fn known_at(&self, rows: Vec<Row>, at: WallMillis) -> Vec<Statement> {
        let last = self
            .0
            .values()
            .filter(|(_, received)| *received <= at)
            .map(|(position, _)| *position)
            .max();
        let mut rows: Vec<(LogPosition, Statement)> = rows
            .into_iter()
            .filter_map(|row| {
                let (position, received) = self.0.get(&row.signed)?;
                (*received <= at).then_some((*position, row.statement))
            })
            .collect();
        // In the order of the log, whatever the order in which it came to this device.
        rows.sort_by_key(|(position, _)| *position);
        let placed: BTreeSet<OpId> = rows
            .iter()
            .filter(|(_, statement)| statement.fact.is_applied())
            .filter_map(|(_, statement)| match &statement.content {
                Some(Content::Placement { op, .. }) => Some(*op),
                _ => None,
            })
            .collect();
        let counted = |position: LogPosition, statement: &Statement| {
            statement.counted_at.is_some_and(|counted| {
                // In another life of the council's log everything that was received is there again, at a new position.
                counted.epoch != position.epoch
                    || counted <= position
                    || last.is_some_and(|last| counted <= last)
                    || placed.contains(&statement.fact.id)
            })
        };
        rows.iter()
            .map(|(position, statement)| {
                let mut statement = statement.clone();
                if !counted(*position, &statement) {
                    statement.counted_at = None;
                    statement.fact.verdict = Some(not_counted(&statement));
                }
                statement
            })
            .collect()
    }
}

/// Whether a statement was set aside or held then may not be known any more, and makes no difference but this one: only what
/// gives an answer of its own can be a more worrying one.
fn not_counted(statement: &Statement) -> Verdict {
    let fact = &statement.fact;
    if fact.kind.settles() || fact.kind.is_about_the_record() || fact.policy != Policy::Risk {
        Verdict::Held {
            missing: Vec::new(),
        }
    } else {
        Verdict::Quarantined {
            reason: Reason::NotHeld,
            owner: fact.author,
        }
    }
}

//! From rows to statements by the server: only what differs from what stands.

use std::collections::BTreeMap;

use visitbook_record::catalogue::Catalogue;
use visitbook_record::commit::{RecordKind, Role};
use visitbook_record::fact::Fact;
use visitbook_record::fold::live_shared;
use visitbook_record::id::{CouncilId, OpId, RecordId, WorkerId, derived_uuid};
use visitbook_record::op::{Kind, Target};
use visitbook_record::payload::{Assignment, Content, Value};
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;

use super::rows::{Files, Rejected, Row};
use super::{ImportError, Report};
use crate::store::{Storage, StorageExt as _, StoreError, Worker, WriteTx};
use crate::suite::Suite;
use crate::writer::{Act, Statement, Writer, WriterError};

/// Statements in one commit: far below the limit, so that a child with many periods still fits a page.
const PER_COMMIT: usize = 400;

/// What ought to stand in one record.
struct Wanted {
    record: RecordId,
    kind: RecordKind,
    scope: Scope,
    facts: BTreeMap<Target, (Kind, Value)>,
}

impl Wanted {
    fn new(record: RecordId, kind: RecordKind, scope: Scope) -> Self {
        Self {
            record,
            kind,
            scope,
            facts: BTreeMap::new(),
        }
    }

    fn say(&mut self, target: Target, kind: Kind, code: &str, source: &str) {
        let value = Value {
            code: code.to_owned(),
            label: code.to_owned(),
            note: Some(source.to_owned()),
        };
        self.facts.insert(target, (kind, value));
    }

    /// A plain field for each cell of a row.
    fn fields(&mut self, row: &Row, except: &[&str], source: &str) {
        for (column, cell) in row.iter().filter(|(column, _)| !except.contains(column)) {
            self.say(Target::field(*column), Kind::Assert, cell, source);
        }
    }

    /// An element of a set with a part for each cell of a row.
    fn element(&mut self, field: &str, element: &str, row: &Row, except: &[&str], source: &str) {
        self.say(
            Target::element(field, element),
            Kind::SetAdd,
            element,
            source,
        );
        for (column, cell) in row.iter().filter(|(column, _)| !except.contains(column)) {
            self.say(
                Target::part(field, element, *column),
                Kind::Assert,
                cell,
                source,
            );
        }
    }
}

struct Names(CouncilId);

impl Names {
    fn child(&self, code: &str) -> RecordId {
        RecordId(derived_uuid(self.0, "child", code))
    }

    fn worker(&self, code: &str) -> WorkerId {
        WorkerId(derived_uuid(self.0, "worker", code))
    }

    /// A short stable name for an element that has no code of its own.
    fn element(&self, kind: &str, text: &str) -> String {
        WorkerId(derived_uuid(self.0, kind, text)).to_string()
    }
}

pub(super) fn apply(
    store: &dyn Storage,
    suite: &dyn Suite,
    writer: &Writer,
    now: WallMillis,
    files: &Files,
    report: &mut Report,
) -> Result<(), ImportError> {
    let names = Names(writer.council);
    let today = chrono::DateTime::from_timestamp_millis(now.0)
        .map(|moment| {
            moment
                .with_timezone(&chrono_tz::Europe::London)
                .format("%Y-%m-%d")
                .to_string()
        })
        .unwrap_or_default();
    let source = |file: &str| format!("{file}, {today}");

    store.write_with(|tx| -> Result<(), ImportError> {
        for (_, row) in &files.workers {
            let code = cell(row, "worker_id");
            tx.put_worker(Worker {
                id: names.worker(code),
                code: code.to_owned(),
                manager: row.get("manager_id").map(|manager| names.worker(manager)),
            })?;
        }
        Ok(())
    })?;
    let council = council(&names, files, &source, writer.council);
    write(store, suite, writer, now, &council, report)?;
    for wanted in children(&names, files, &source, report, store)? {
        write(store, suite, writer, now, &wanted, report)?;
    }
    assign(store, suite, writer, now, &names, files, report)
}

fn cell<'a>(row: &'a Row, column: &str) -> &'a str {
    row.get(column).map_or("", String::as_str)
}

/// What every device needs to know of the council: its staff, and whom to ring at night.
fn council(
    names: &Names,
    files: &Files,
    source: &dyn Fn(&str) -> String,
    council: CouncilId,
) -> Wanted {
    let mut wanted = Wanted::new(RecordId(council.0), RecordKind::Council, Scope::Council);
    for (_, row) in &files.workers {
        let element = names.worker(cell(row, "worker_id")).to_string();
        let mut row = row.clone();
        if let Some(manager) = row.get_mut("manager_id") {
            *manager = names.worker(manager).to_string();
        }
        wanted.element(
            "staff",
            &element,
            &row,
            &["worker_id"],
            &source("workers.csv"),
        );
    }
    for (_, row) in &files.council {
        wanted.fields(row, &[], &source("council.csv"));
    }
    wanted
}

fn children(
    names: &Names,
    files: &Files,
    source: &dyn Fn(&str) -> String,
    report: &mut Report,
    store: &dyn Storage,
) -> Result<Vec<Wanted>, ImportError> {
    let mut wanted: BTreeMap<String, Wanted> = BTreeMap::new();
    for (_, row) in &files.children {
        let code = cell(row, "child_id");
        let record = names.child(code);
        let mut child = Wanted::new(record, RecordKind::Child, Scope::Child(record));
        child.say(
            Target::field("code"),
            Kind::Assert,
            code,
            &source("children.csv"),
        );
        child.fields(row, &["child_id"], &source("children.csv"));
        wanted.insert(code.to_owned(), child);
    }
    for (file, rows) in [
        ("periods.csv", &files.periods),
        ("people.csv", &files.people),
        ("alerts.csv", &files.alerts),
    ] {
        for (number, row) in rows {
            let code = cell(row, "child_id").to_owned();
            let record = names.child(&code);
            let known =
                wanted.contains_key(&code) || store.read_with(|tx| tx.home(&record))?.is_some();
            if !known {
                report.rejected.push(stranger(
                    file,
                    *number,
                    "child_id",
                    &code,
                    "this child is not in children.csv",
                ));
                continue;
            }
            let child = wanted
                .entry(code)
                .or_insert_with(|| Wanted::new(record, RecordKind::Child, Scope::Child(record)));
            add(names, child, file, row, &source(file));
        }
    }
    Ok(wanted.into_values().collect())
}

fn add(names: &Names, child: &mut Wanted, file: &str, row: &Row, source: &str) {
    match file {
        "periods.csv" => {
            let (kind, start) = (cell(row, "kind"), cell(row, "start"));
            let id = row
                .get("period_id")
                .cloned()
                .unwrap_or_else(|| format!("{kind}:{start}"));
            child.element("period", &id, row, &["child_id"], source);
        }
        "people.csv" => {
            let mut row = row.clone();
            if let Some(person) = row.remove("person") {
                let element = names.element("person", &person);
                row.insert("name", person);
                child.element("person", &element, &row, &["child_id"], source);
            }
        }
        _ => {
            let element = names.element(
                "alert",
                &format!("{} {}", cell(row, "kind"), cell(row, "text")),
            );
            child.element("alert", &element, row, &["child_id"], source);
        }
    }
}

fn stranger(file: &str, row: u64, column: &str, value: &str, reason: &str) -> Rejected {
    Rejected {
        file: file.to_owned(),
        row,
        column: column.to_owned(),
        value: value.to_owned(),
        reason: reason.to_owned(),
    }
}

/// Writes what differs from what stands.
fn write(
    store: &dyn Storage,
    suite: &dyn Suite,
    writer: &Writer,
    now: WallMillis,
    wanted: &Wanted,
    report: &mut Report,
) -> Result<(), ImportError> {
    let (written, unchanged) = store.write_with(|tx| -> Result<(usize, usize), ImportError> {
        let standing = standing(tx, wanted.record)?;
        let mut statements = Vec::new();
        let mut unchanged = 0;
        for (target, (kind, value)) in &wanted.facts {
            let now_live = standing.get(target);
            if now_live.is_some_and(|(_, code)| code.as_deref() == Some(&value.code)) {
                unchanged += 1;
                continue;
            }
            let Some(field) = Catalogue::newest().field(wanted.kind.form(), target) else {
                continue;
            };
            statements.push(Statement {
                kind: *kind,
                policy: field.policy(),
                target: target.clone(),
                replaces: now_live.map(|(id, _)| *id).into_iter().collect(),
                content: Content::Value(value.clone()),
            });
        }
        let written = statements.len();
        let act = |statements: &[Statement]| Act {
            record: wanted.record,
            kind: wanted.kind,
            scope: wanted.scope,
            statements: statements.to_vec(),
        };
        let acts: Vec<Act> = statements.chunks(PER_COMMIT).map(act).collect();
        if !acts.is_empty() {
            writer.write(tx, suite, now, acts)?;
        }
        Ok((written, unchanged))
    })?;
    report.facts_written += written;
    report.facts_unchanged += unchanged;
    Ok(())
}

/// The live statement of each target of a record, with its code. With several, the last.
fn standing(
    tx: &dyn WriteTx,
    record: RecordId,
) -> Result<BTreeMap<Target, (OpId, Option<String>)>, StoreError> {
    let mut by_target: BTreeMap<Target, Vec<Fact>> = BTreeMap::new();
    for op in tx.ops_of_record(&record)? {
        by_target
            .entry(op.fact.target.clone())
            .or_default()
            .push(op.fact);
    }
    Ok(by_target
        .into_iter()
        .filter_map(|(target, facts)| {
            let last = live_shared(&facts).into_iter().next_back()?;
            let fact = &facts[last];
            Some((target, (fact.id, fact.answer.code().map(str::to_owned))))
        })
        .collect())
}

/// Begins and ends holds as the involvements say, and gives each child to the managers of those who hold it.
fn assign(
    store: &dyn Storage,
    suite: &dyn Suite,
    writer: &Writer,
    now: WallMillis,
    names: &Names,
    files: &Files,
    report: &mut Report,
) -> Result<(), ImportError> {
    for (number, row) in &files.involvements {
        let (child, worker) = (
            names.child(cell(row, "child_id")),
            names.worker(cell(row, "worker_id")),
        );
        let Some(role) = Role::from_word(cell(row, "role")) else {
            continue;
        };
        let reason = row
            .get("change_reason")
            .cloned()
            .unwrap_or_else(|| "involvements.csv".to_owned());
        let assignment = Assignment {
            worker,
            child,
            role,
            reason,
            moved_to: None,
        };
        let ended = row.contains_key("end");
        let outcome = store.write_with(|tx| -> Result<Outcome, WriterError> {
            if tx.home(&child)?.is_none() {
                return Ok(Outcome::NoSuchChild);
            }
            if tx.worker(&worker)?.is_none() {
                return Ok(Outcome::NoSuchWorker);
            }
            if ended {
                return Ok(Outcome::Done {
                    begun: 0,
                    ended: usize::from(writer.unassign(tx, suite, now, assignment)?),
                });
            }
            let mut begun = usize::from(writer.assign(tx, suite, now, assignment)?);
            begun += give_to_managers(tx, suite, writer, now, child, worker)?;
            Ok(Outcome::Done { begun, ended: 0 })
        })?;
        match outcome {
            Outcome::Done { begun, ended } => {
                report.assignments_begun += begun;
                report.assignments_ended += ended;
            }
            Outcome::NoSuchChild => {
                let code = cell(row, "child_id");
                report.rejected.push(stranger(
                    "involvements.csv",
                    *number,
                    "child_id",
                    code,
                    "this child is not in children.csv",
                ));
            }
            Outcome::NoSuchWorker => {
                let code = cell(row, "worker_id");
                report.rejected.push(stranger(
                    "involvements.csv",
                    *number,
                    "worker_id",
                    code,
                    "this worker is not in workers.csv",
                ));
            }
        }
    }
    Ok(())
}

enum Outcome {
    Done { begun: usize, ended: usize },
    NoSuchChild,
    NoSuchWorker,
}

/// There is no scope for a team: its manager holds each of its children by an entry of their own.
pub(crate) fn give_to_managers(
    tx: &mut dyn WriteTx,
    suite: &dyn Suite,
    writer: &Writer,
    now: WallMillis,
    child: RecordId,
    worker: WorkerId,
) -> Result<usize, WriterError> {
    // One line up: the manager of the team. Their own manager is another team's affair.
    let Some(manager) = tx.worker(&worker)?.and_then(|worker| worker.manager) else {
        return Ok(0);
    };
    let reason = "manages the team that holds the child".to_owned();
    let assignment = Assignment {
        worker: manager,
        child,
        role: Role::Manager,
        reason,
        moved_to: None,
    };
    Ok(usize::from(writer.assign(tx, suite, now, assignment)?))
}

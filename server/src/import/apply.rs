//! From what the files say to statements by the server: only what differs from what was last said.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use visitbook_record::catalogue::Catalogue;
use visitbook_record::commit::RecordKind;
use visitbook_record::id::{CouncilId, RecordId, WorkerId, derived_uuid};
use visitbook_record::op::{Kind, Target};
use visitbook_record::payload::{Content, Value};
use visitbook_record::scope::Scope;
use visitbook_record::time::WallMillis;

use super::caseload::{Caseload, Child, Element, Whence};
use super::codes;
use super::rejected::Rejects;
use super::standing::Standing;
use super::table::cell;
use super::{ImportError, Progress, Report};
use crate::store::{Storage, StorageExt as _, Worker, WriteTx};
use crate::suite::Suite;
use crate::writer::{Act, Statement, Writer};

/// Statements in one commit: far below the limit, so that a child with many periods still fits a page.
const PER_COMMIT: usize = 400;

/// Statements in one transaction. Each transaction waits for the disk once, and nobody else can write while one is open: a
/// running server is held up for a fraction of a second.
const PER_TRANSACTION: usize = 4_000;

/// Children looked at in one transaction, also where nothing of them has changed.
const CHILDREN_PER_TRANSACTION: usize = 200;

/// Where and when an import is applied.
pub(super) struct Applying<'a> {
    pub(super) store: &'a dyn Storage,
    pub(super) suite: &'a dyn Suite,
    pub(super) writer: &'a Writer,
    pub(super) now: WallMillis,
    pub(super) today: NaiveDate,
}

/// Identifiers follow from the codes of the case system.
pub(super) struct Names(pub(super) CouncilId);

impl Names {
    pub(super) fn child(&self, code: &str) -> RecordId {
        RecordId(derived_uuid(self.0, "child", code))
    }

    pub(super) fn worker(&self, code: &str) -> WorkerId {
        WorkerId(derived_uuid(self.0, "worker", code))
    }
}

/// What is to be said of one record.
struct Saying<'a> {
    today: NaiveDate,
    kind: RecordKind,
    standing: Standing,
    /// Names of elements that these files tell of: none of those goes by another's name.
    taken: BTreeSet<(&'static str, String)>,
    /// What these files have said so far; of two things said of one target the first stands.
    said: BTreeSet<Target>,
    statements: Vec<Statement>,
    report: &'a mut Report,
}

impl Saying<'_> {
    /// Says something of a target, unless it was what was said last.
    fn say(&mut self, target: Target, kind: Kind, code: &str, whence: &Whence) {
        if !self.said.insert(target.clone()) {
            return;
        }
        let said = self.standing.of(&target);
        if said.is_some_and(|said| said.code.as_deref() == Some(code)) {
            self.report.facts_unchanged += 1;
            return;
        }
        // A word of the import's that the forms do not have is one for another version of them.
        let Some(field) = Catalogue::newest().field(self.kind.form(), &target) else {
            return;
        };
        let replaces = said
            .filter(|said| said.live)
            .map(|said| said.op)
            .into_iter()
            .collect();
        self.standing.note(&target, code);
        self.statements.push(Statement {
            kind,
            policy: field.policy(),
            content: Content::Value(Value {
                code: code.to_owned(),
                label: label(&field.code, code),
                note: Some(format!("{}, {}", whence.file, self.today)),
            }),
            target,
            replaces,
        });
    }

    /// Says an element and its parts, under the name it is known by; gives that name.
    fn element(&mut self, element: &Element, periods: &BTreeMap<String, String>) -> String {
        let field = element.field;
        let id = self
            .standing
            .known_as(element, &self.taken)
            .unwrap_or_else(|| element.id.clone());
        if !element.given {
            self.taken.insert((field, id.clone()));
        }
        self.say(
            Target::element(field, &id),
            Kind::SetAdd,
            &id,
            &element.whence,
        );
        for (part, value) in &element.parts {
            let earlier = self.standing.part(field, &id, part);
            if element.bounds.contains(part) && earlier.is_some_and(|day| day <= value.as_str()) {
                continue;
            }
            let value = match *part {
                "period" => periods.get(value).unwrap_or(value),
                _ => value,
            };
            self.say(
                Target::part(field, &id, *part),
                Kind::Assert,
                value,
                &element.whence,
            );
        }
        for part in &element.none {
            // What had ended and has not: said, so that nobody goes on taking it for over.
            if !element.parts.contains_key(part) && self.standing.part(field, &id, part).is_some() {
                self.say(
                    Target::part(field, &id, *part),
                    Kind::Assert,
                    "",
                    &element.whence,
                );
            }
        }
        id
    }
}

fn label(field: &str, code: &str) -> String {
    match field {
        "end" | "end_reason" | "placement_end" if code.is_empty() => "not ended".to_owned(),
        // Several codes in one cell are labelled one by one.
        "disability" => code
            .split(' ')
            .map(|code| codes::label(field, code).unwrap_or(code))
            .collect::<Vec<_>>()
            .join(", "),
        _ => codes::label(field, code).unwrap_or(code).to_owned(),
    }
}

impl Applying<'_> {
    /// Writes everything that is new.
    ///
    /// # Errors
    /// [`ImportError`].
    pub(super) fn all(
        &self,
        caseload: &Caseload,
        report: &mut Report,
        rejects: &mut Rejects,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), ImportError> {
        let names = Names(self.writer.council);
        self.store.write_with(|tx| -> Result<(), ImportError> {
            for (_, row) in &caseload.workers {
                let code = cell(row, "worker_id");
                tx.put_worker(Worker {
                    id: names.worker(code),
                    code: code.to_owned(),
                    manager: row.get("manager_id").map(|manager| names.worker(manager)),
                })?;
            }
            let act = self.council(tx, &names, caseload, report)?;
            self.write(tx, act, report)
        })?;
        let of = caseload.children.len();
        let mut rest = caseload.children.iter().enumerate().peekable();
        while rest.peek().is_some() {
            let done = self.store.write_with(|tx| -> Result<usize, ImportError> {
                let (mut acts, mut statements, mut done) = (Vec::new(), 0, 0);
                for (place, (code, child)) in rest.by_ref().take(CHILDREN_PER_TRANSACTION) {
                    let act = self.child(tx, names.child(code), child, report)?;
                    statements += act.iter().map(|act| act.statements.len()).sum::<usize>();
                    acts.extend(act);
                    done = place + 1;
                    if statements >= PER_TRANSACTION {
                        break;
                    }
                }
                self.write(tx, acts, report)?;
                Ok(done)
            })?;
            progress(Progress {
                doing: "children",
                done,
                of,
            });
        }
        self.involvements(&names, caseload, report, rejects, progress)
    }

    fn write(
        &self,
        tx: &mut dyn WriteTx,
        acts: Vec<Act>,
        report: &mut Report,
    ) -> Result<(), ImportError> {
        report.commits += acts.len();
        report.facts_written += acts.iter().map(|act| act.statements.len()).sum::<usize>();
        if !acts.is_empty() {
            self.writer.write(tx, self.suite, self.now, acts)?;
        }
        Ok(())
    }

    fn saying<'a>(
        &self,
        tx: &dyn WriteTx,
        record: RecordId,
        kind: RecordKind,
        report: &'a mut Report,
    ) -> Result<Saying<'a>, ImportError> {
        Ok(Saying {
            today: self.today,
            kind,
            standing: Standing::read(tx, record)?,
            taken: BTreeSet::new(),
            said: BTreeSet::new(),
            statements: Vec::new(),
            report,
        })
    }

    /// What every device needs to know of the council: its staff, and whom to ring at night.
    fn council(
        &self,
        tx: &dyn WriteTx,
        names: &Names,
        caseload: &Caseload,
        report: &mut Report,
    ) -> Result<Vec<Act>, ImportError> {
        let record = RecordId(self.writer.council.0);
        let mut saying = self.saying(tx, record, RecordKind::Council, report)?;
        for (whence, row) in &caseload.workers {
            let id = names.worker(cell(row, "worker_id")).to_string();
            let mut member = Element::new("staff", id, whence);
            for (column, value) in row.iter().filter(|(column, _)| **column != "worker_id") {
                member = match *column {
                    "manager_id" => member.with(column, &names.worker(value).to_string()),
                    _ => member.with(column, value),
                };
            }
            saying.element(&member, &BTreeMap::new());
        }
        for (whence, row) in &caseload.council {
            for (column, value) in row {
                saying.say(Target::field(*column), Kind::Assert, value, whence);
            }
        }
        Ok(acts(
            record,
            RecordKind::Council,
            Scope::Council,
            &saying.statements,
        ))
    }

    fn child(
        &self,
        tx: &dyn WriteTx,
        record: RecordId,
        child: &Child,
        report: &mut Report,
    ) -> Result<Vec<Act>, ImportError> {
        let mut saying = self.saying(tx, record, RecordKind::Child, report)?;
        for (field, (value, whence)) in &child.fields {
            saying.say(Target::field(*field), Kind::Assert, value, whence);
        }
        let derived = child.elements.iter().filter(|element| !element.given);
        saying.taken = derived
            .map(|element| (element.field, element.id.clone()))
            .collect();
        let mut periods = BTreeMap::new();
        for element in &child.elements {
            let id = saying.element(element, &periods);
            if element.field == "period" {
                periods.insert(element.id.clone(), id);
            }
        }
        Ok(acts(
            record,
            RecordKind::Child,
            Scope::Child(record),
            &saying.statements,
        ))
    }
}

fn acts(record: RecordId, kind: RecordKind, scope: Scope, statements: &[Statement]) -> Vec<Act> {
    statements
        .chunks(PER_COMMIT)
        .map(|statements| Act {
            record,
            kind,
            scope,
            statements: statements.to_vec(),
        })
        .collect()
}

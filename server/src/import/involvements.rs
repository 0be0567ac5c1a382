//! Who holds whom, as the case system has it.

use std::collections::BTreeMap;

use visitbook_record::commit::Role;
use visitbook_record::id::{RecordId, WorkerId};
use visitbook_record::payload::Assignment;
use visitbook_record::time::WallMillis;

use super::apply::{Applying, Names};
use super::caseload::{Caseload, Whence};
use super::rejected::{Rejected, Rejects};
use super::table::{Row, cell};
use super::{ImportError, Progress, Report};
use crate::store::{StorageExt as _, WriteTx};
use crate::suite::Suite;
use crate::writer::{Writer, WriterError};

/// Involvements in one transaction.
const PER_TRANSACTION: usize = 100;

/// What the files come to for one worker and one child. With several rows the one that goes on counts, and of several that go
/// on the one with the most to do: a row that ended beside one that goes on must not end it at every import anew.
struct Hold<'a> {
    whence: &'a Whence,
    row: &'a Row,
    role: Role,
    goes_on: bool,
}

impl Hold<'_> {
    fn rank(&self) -> (bool, u8) {
        let weight = match self.role {
            Role::Allocated => 3,
            Role::Joint => 2,
            Role::Cover => 1,
            _ => 0,
        };
        (self.goes_on, weight)
    }
}

impl Applying<'_> {
    /// Begins and ends holds as the involvements say, and gives each child to the managers of those who hold it.
    ///
    /// # Errors
    /// [`ImportError`].
    pub(super) fn involvements(
        &self,
        names: &Names,
        caseload: &Caseload,
        report: &mut Report,
        rejects: &mut Rejects,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<(), ImportError> {
        let holds = holds(caseload);
        let mut done = 0;
        for some in holds.chunks(PER_TRANSACTION) {
            self.store.write_with(|tx| -> Result<(), ImportError> {
                for hold in some {
                    self.hold(tx, names, hold, report, rejects)?;
                }
                Ok(())
            })?;
            done += some.len();
            progress(Progress {
                doing: "involvements",
                done,
                of: holds.len(),
            });
        }
        Ok(())
    }

    fn hold(
        &self,
        tx: &mut dyn WriteTx,
        names: &Names,
        hold: &Hold<'_>,
        report: &mut Report,
        rejects: &mut Rejects,
    ) -> Result<(), ImportError> {
        let (child, worker) = (cell(hold.row, "child_id"), cell(hold.row, "worker_id"));
        let mut refuse = |column, value, reason| {
            let Whence { file, row } = hold.whence;
            rejects.row(Rejected::new(file, *row, column, value, reason));
        };
        let assignment = Assignment {
            worker: names.worker(worker),
            child: names.child(child),
            role: hold.role,
            reason: hold
                .row
                .get("change_reason")
                .cloned()
                .unwrap_or_else(|| hold.whence.file.to_string()),
            moved_to: None,
        };
        let (holder, held) = (assignment.worker, assignment.child);
        if tx.home(&held)?.is_none() {
            refuse(
                "child_id",
                child,
                "this child is in none of the files, and not known already",
            );
        } else if tx.worker(&holder)?.is_none() {
            refuse(
                "worker_id",
                worker,
                "this worker is in none of the files, and not known already",
            );
        } else if hold.goes_on {
            report.assignments_begun +=
                usize::from(self.writer.assign(tx, self.suite, self.now, assignment)?);
            report.assignments_begun +=
                give_to_managers(tx, self.suite, self.writer, self.now, held, holder)?;
        } else {
            report.assignments_ended +=
                usize::from(self.writer.unassign(tx, self.suite, self.now, assignment)?);
        }
        Ok(())
    }
}

/// One for each worker and child, in the order of the files.
fn holds(caseload: &Caseload) -> Vec<Hold<'_>> {
    let mut order: Vec<(&str, &str)> = Vec::new();
    let mut all: BTreeMap<(&str, &str), Hold<'_>> = BTreeMap::new();
    for (whence, row) in &caseload.involvements {
        let Some(role) = Role::from_word(cell(row, "role")) else {
            continue;
        };
        let hold = Hold {
            whence,
            row,
            role,
            goes_on: !row.contains_key("end"),
        };
        let pair = (cell(row, "child_id"), cell(row, "worker_id"));
        match all.get(&pair) {
            Some(other) if other.rank() >= hold.rank() => {}
            Some(_) => {
                all.insert(pair, hold);
            }
            None => {
                order.push(pair);
                all.insert(pair, hold);
            }
        }
    }
    order.iter().filter_map(|pair| all.remove(pair)).collect()
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

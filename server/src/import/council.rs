//! The council's own files: the columns are the record's own fields, and go in as they are.

use std::rc::Rc;

use visitbook_record::id::{CouncilId, WorkerId, derived_uuid};

use super::caseload::{Caseload, Element, Whence};
use super::layouts;
use super::table::{Row, Table, cell};

/// Adds the rows of the council's own files.
pub(super) fn add(council: CouncilId, tables: &[Table], caseload: &mut Caseload) {
    for table in tables {
        let file: Rc<str> = table.file.as_str().into();
        for (number, row) in &table.rows {
            let whence = Whence::new(&file, *number);
            let code = cell(row, "child_id");
            match table.layout.table {
                layouts::Table::Children => {
                    let child = caseload.child(code);
                    child.say("code", code, &whence);
                    for (column, value) in row.iter().filter(|(column, _)| **column != "child_id") {
                        child.say(column, value, &whence);
                    }
                }
                layouts::Table::Periods => {
                    let mut period = period(row, &whence);
                    if table.columns.contains("end") && !row.contains_key("end") {
                        period.none.extend(["end", "end_reason"]);
                    }
                    caseload.child(code).elements.push(period);
                }
                layouts::Table::People => {
                    let person = cell(row, "person");
                    let id = named(council, "person", person);
                    let person = Element::new("person", id, &whence).with("name", person);
                    let person = with_parts(person, row, &["child_id", "person"]);
                    caseload.child(code).elements.push(person);
                }
                layouts::Table::Alerts => {
                    let text = format!("{} {}", cell(row, "kind"), cell(row, "text"));
                    let alert = Element::new("alert", named(council, "alert", &text), &whence);
                    let alert = with_parts(alert, row, &["child_id"]);
                    caseload.child(code).elements.push(alert);
                }
                layouts::Table::Workers => caseload.workers.push((whence, row.clone())),
                layouts::Table::Involvements => caseload.involvements.push((whence, row.clone())),
                layouts::Table::Council => caseload.council.push((whence, row.clone())),
                _ => {}
            }
        }
    }
}

fn period(row: &Row, whence: &Whence) -> Element {
    let mut period = Element::period(cell(row, "kind"), cell(row, "start"), whence);
    if let Some(id) = row.get("period_id") {
        period.id.clone_from(id);
        period.given = true;
    }
    with_parts(period, row, &["child_id"])
}

fn with_parts(element: Element, row: &Row, except: &[&str]) -> Element {
    row.iter()
        .filter(|(column, _)| !except.contains(column))
        .fold(element, |element, (column, value)| {
            element.with(column, value)
        })
}

/// A short stable name for an element that has no code of its own.
fn named(council: CouncilId, kind: &str, text: &str) -> String {
    WorkerId(derived_uuid(council, kind, text)).to_string()
}

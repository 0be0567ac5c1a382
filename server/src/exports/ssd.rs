//! Rows of the three visit tables of the Standard Safeguarding Dataset: one for each child and purpose of a visit.

use visitbook_record::calendar::Date;

use super::check::{Exception, Row, Written};
use super::child::Child;
use super::counted::{Counted, LeftOut, Purpose};
use super::layout::{CIN_VISITS, CLA_VISITS, CP_VISITS, Table};
use super::visit::Remark;

/// Where a purpose goes, and what its columns are called.
struct Shape {
    purpose: Purpose,
    table: &'static Table,
    visit: &'static str,
    child: &'static str,
    period: Option<&'static str>,
    date: &'static str,
    seen: &'static str,
    alone: &'static str,
    bedroom: Option<&'static str>,
}

const SHAPES: [Shape; 3] = [
    Shape {
        purpose: Purpose::ChildInNeed,
        table: &CIN_VISITS,
        visit: "cinv_cin_visit_id",
        child: "cinv_person_id",
        period: None,
        date: "cinv_cin_visit_date",
        seen: "cinv_cin_visit_seen",
        alone: "cinv_cin_visit_seen_alone",
        bedroom: Some("cinv_cin_visit_bedroom"),
    },
    Shape {
        purpose: Purpose::ChildProtection,
        table: &CP_VISITS,
        visit: "cppv_cp_visit_id",
        child: "cppv_person_id",
        period: Some("cppv_cp_plan_id"),
        date: "cppv_cp_visit_date",
        seen: "cppv_cp_visit_seen",
        alone: "cppv_cp_visit_seen_alone",
        bedroom: Some("cppv_cp_visit_bedroom"),
    },
    Shape {
        purpose: Purpose::LookedAfter,
        table: &CLA_VISITS,
        visit: "clav_cla_visit_id",
        child: "clav_person_id",
        period: Some("clav_cla_id"),
        date: "clav_cla_visit_date",
        seen: "clav_cla_visit_seen",
        alone: "clav_cla_visit_seen_alone",
        bedroom: None,
    },
];

impl Shape {
    /// The column that a question of the visit's form goes into; the question itself where it goes into none.
    fn column(&self, field: &'static str) -> &'static str {
        match field {
            "visit_date" => self.date,
            "seen" => self.seen,
            "alone" => self.alone,
            "bedroom" => self.bedroom.unwrap_or(field),
            _ => field,
        }
    }

    fn exception(&self, visit: &str, remark: &Remark, written: Written) -> Exception {
        Exception {
            file: self.table.file.to_owned(),
            row_key: visit.to_owned(),
            column: self.column(remark.field).to_owned(),
            value: remark.value.clone(),
            reason: remark.reason.clone(),
            written,
        }
    }
}

/// Adds a child's rows, by table in the order of [`tables`].
pub(super) fn rows(
    child: &Child,
    visits: &[Counted<'_>],
    days: (Option<Date>, Option<Date>),
    all: &mut [Vec<Row>; 3],
    exceptions: &mut Vec<Exception>,
) {
    let asked_for =
        |on: Date| days.0.is_none_or(|from| from <= on) && days.1.is_none_or(|to| on <= to);
    for visit in visits.iter().filter(|visit| asked_for(visit.on)) {
        let id = visit.visit.id.to_string();
        for (shape, rows) in SHAPES.iter().zip(all.iter_mut()) {
            let Some(served) = visit.serves(shape.purpose) else {
                continue;
            };
            let mut row = Row::default();
            row.set(shape.visit, Some(id.as_str()));
            row.set(shape.child, child.code.as_deref());
            if let (Some(column), Some(period)) = (shape.period, served.period) {
                row.set(column, Some(child.period_name(period)));
            }
            row.set(shape.date, Some(format!("{}T00:00:00", visit.on)));
            row.set(shape.seen, visit.seen.map(flag));
            row.set(shape.alone, visit.alone.map(flag));
            if let Some(column) = shape.bedroom {
                row.set(column, visit.bedroom.map(flag));
            }
            rows.push(row);
            let concerns = |remark: &&Remark| shape.bedroom.is_some() || remark.field != "bedroom";
            let remarks = visit.remarks.iter().filter(concerns);
            exceptions.extend(remarks.map(|one| shape.exception(&id, one, Written::Yes)));
        }
        if visit.served.is_empty() {
            let remarks = visit.remarks.iter();
            exceptions.extend(remarks.map(|one| in_no_file(&id, one)));
        }
    }
}

/// Names the visits that somebody has to look at before they can be counted.
pub(super) fn left_out(visits: &[LeftOut<'_>], exceptions: &mut Vec<Exception>) {
    for left in visits {
        let id = left.visit.id.to_string();
        let shapes = SHAPES
            .iter()
            .filter(|shape| left.purposes.contains(&shape.purpose));
        let before = exceptions.len();
        exceptions.extend(shapes.map(|shape| shape.exception(&id, &left.remark, Written::No)));
        if exceptions.len() == before {
            exceptions.push(in_no_file(&id, &left.remark));
        }
    }
}

fn in_no_file(visit: &str, remark: &Remark) -> Exception {
    Exception {
        file: "visits".to_owned(),
        row_key: visit.to_owned(),
        column: remark.field.to_owned(),
        value: remark.value.clone(),
        reason: remark.reason.clone(),
        written: Written::No,
    }
}

/// The tables, in the order of [`rows`].
pub(super) fn tables() -> [&'static Table; 3] {
    SHAPES.each_ref().map(|shape| shape.table)
}

const fn flag(yes: bool) -> &'static str {
    if yes { "Y" } else { "N" }
}

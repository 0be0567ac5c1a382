//! Rows of Annex A's lists 4, 6, 7 and 8: who is on each, what was imported about them, and the dates that visits give.
//!
//! A list shows whom it concerns on the day asked about or in the six months before. A visit on which the child was not
//! seen moves no date. The case system's own dates (from before the council used this product, or from elsewhere) count beside the
//! visits recorded here, and the later one is shown.

mod care;

use visitbook_record::calendar::Date;

use super::check::{Exception, Row, Written};
use super::child::{Child, Span};
use super::codes::{self, Codes};
use super::counted::{Counted, Purpose};
use super::days::{age, day, months_before};
use super::episode::Episode;
use super::layout::{LIST_4, LIST_6, LIST_7, Table};
use super::visit::Remark;

/// How far back a list looks, in months.
const BACK: u16 = 6;
const YEAR: u16 = 12;

/// What the lists of one export share.
pub(super) struct Lists {
    /// The day asked about.
    pub(super) today: Date,
    since: Date,
    year_ago: Date,
    pub(super) list_4: Vec<Row>,
    pub(super) list_6: Vec<Row>,
    pub(super) list_7: Vec<Row>,
    pub(super) list_8: Vec<Row>,
    pub(super) exceptions: Vec<Exception>,
}

impl Lists {
    pub(super) fn on(today: Date) -> Self {
        Self {
            today,
            since: months_before(today, BACK),
            year_ago: months_before(today, YEAR),
            list_4: Vec::new(),
            list_6: Vec::new(),
            list_7: Vec::new(),
            list_8: Vec::new(),
            exceptions: Vec::new(),
        }
    }

    /// Adds a child to the lists the child belongs on.
    pub(super) fn add(&mut self, child: &Child, visits: &[Counted<'_>]) {
        for assessment in child.of_kind("assessment") {
            if assessment.touches(self.since, self.today) {
                self.assessment(child, assessment, visits);
            }
        }
        self.in_need(child, visits);
        let plan = child
            .of_kind("cp")
            .filter(|plan| !is_another_councils(plan))
            .rfind(|plan| plan.start <= self.today);
        if let Some(plan) = plan.filter(|plan| plan.touches(self.since, self.today)) {
            self.protected(child, plan, visits);
        }
        let care = child.of_kind("cla").rfind(|care| care.start <= self.today);
        if let Some(care) = care.filter(|care| care.touches(self.since, self.today)) {
            self.in_care(child, care, visits);
        }
    }

    fn assessment(&mut self, child: &Child, assessment: &Span, visits: &[Counted<'_>]) {
        let mut row = self.person(&LIST_4, child);
        row.set(
            "Continuous Assessment Start Date",
            Some(day(assessment.start)),
        );
        row.set(
            "Continuous Assessment Date of Authorisation",
            self.passed(assessment.end),
        );
        let during: Vec<&Counted<'_>> = visits
            .iter()
            .filter(|visit| {
                visit
                    .serves_period(Purpose::Assessment, assessment)
                    .is_some()
            })
            .collect();
        let imported = self.passed(assessment.day("last_seen"));
        let unborn = child.is_unborn_on(assessment.end.unwrap_or(self.today).min(self.today));
        let seen = if imported.is_some() || during.iter().any(|visit| visit.seen == Some(true)) {
            codes::YES
        } else if unborn {
            self.note(
                &LIST_4,
                child,
                SEEN_4,
                "the child is not born yet: nobody could be seen",
            );
            codes::UNKNOWN
        } else if during.iter().any(|visit| visit.seen == Some(false)) {
            codes::NO
        } else {
            self.note(
                &LIST_4,
                child,
                SEEN_4,
                "no visit that says whether the child was seen is recorded",
            );
            codes::UNKNOWN
        };
        row.set(SEEN_4, Some(seen));
        self.list_4.push(row);
    }

    fn in_need(&mut self, child: &Child, visits: &[Counted<'_>]) {
        let Some(episode) = Episode::latest(child, self.today) else {
            return;
        };
        if episode.closed.is_some_and(|end| end < self.since) {
            return;
        }
        let mut row = self.person(&LIST_6, child);
        row.set("CIN Start Date", Some(day(episode.opened)));
        self.coded(
            &LIST_6,
            child,
            &mut row,
            "Primary Need Code",
            (&codes::NEED, episode.need),
        );
        let seen_here = visits
            .iter()
            .filter(|visit| visit.seen == Some(true) && episode.holds_on(visit.on));
        let newest = seen_here.max_by_key(|visit| visit.on);
        let imported = episode.imported_last_seen;
        let last = imported.max(newest.map(|visit| visit.on));
        row.set("Date Child Was Last Seen", last.map(day));
        if let Some(newest) = newest.filter(|visit| Some(visit.on) == last) {
            self.carry(
                &LIST_6,
                child,
                newest,
                &[
                    ("visit_date", "Date Child Was Last Seen"),
                    ("seen", "Date Child Was Last Seen"),
                ],
            );
        }
        row.set("CIN Closure Date", episode.closed.map(day));
        if episode.closed.is_some() {
            self.coded(
                &LIST_6,
                child,
                &mut row,
                "Reason for Closure",
                (&codes::CLOSURE, episode.reason),
            );
        }
        row.set("Case Status", episode.status);
        self.list_6.push(row);
    }

    fn protected(&mut self, child: &Child, plan: &Span, visits: &[Counted<'_>]) {
        let mut row = self.person(&LIST_7, child);
        row.set("Child Protection Plan Start Date", Some(day(plan.start)));
        for (column, cell) in [
            ("Initial Category of Abuse", "category_initial"),
            ("Latest Category of Abuse", "category_latest"),
        ] {
            self.coded(
                &LIST_7,
                child,
                &mut row,
                column,
                (&codes::ABUSE, plan.cell(cell)),
            );
        }
        let statutory = visits.iter().filter(|visit| {
            let served = visit.serves_period(Purpose::ChildProtection, plan);
            visit.seen == Some(true) && served.is_some_and(|served| served.statutory)
        });
        // Of two visits on one day the one on which the child was seen alone: on that day the child was.
        let newest = statutory.max_by_key(|visit| (visit.on, visit.alone == Some(true)));
        let imported = plan.day("last_seen").filter(|seen| *seen <= self.today);
        if let Some(newest) = newest.filter(|visit| Some(visit.on) >= imported) {
            row.set(VISIT_7, Some(day(newest.on)));
            row.set(ALONE_7, Some(yes_no(newest.alone)));
            self.carry(
                &LIST_7,
                child,
                newest,
                &[
                    ("visit_date", VISIT_7),
                    ("seen", VISIT_7),
                    ("alone", ALONE_7),
                ],
            );
        } else if let Some(imported) = imported {
            row.set(VISIT_7, Some(day(imported)));
            // The case system says when the child was last seen alone: on that visit, or before it and so not on it.
            let alone = plan.day("last_alone").map(|alone| alone >= imported);
            row.set(ALONE_7, Some(yes_no(alone)));
        }
        row.set(
            "Date of latest review conference",
            self.last_review(child, "cp", plan),
        );
        row.set("Child Protection Plan End Date", self.passed(plan.end));
        row.set(
            "Number of Previous Child Protection Plans",
            plan.cell("previous_plans"),
        );
        self.list_7.push(row);
    }

    /// The newest review that the case system names, of those that were held within the period.
    fn last_review(&self, child: &Child, kind: &str, period: &Span) -> Option<String> {
        let held = child.reviews.iter().filter(|review| review.kind() == kind);
        let held = held
            .map(|review| review.start)
            .filter(|on| period.holds_on(*on));
        let all = held.chain(period.day("last_review"));
        all.filter(|on| *on <= self.today).max().map(day)
    }

    /// A day that has come.
    fn passed(&self, on: Option<Date>) -> Option<String> {
        on.filter(|on| *on <= self.today).map(day)
    }

    /// What every list says of a child first and last.
    fn person(&mut self, table: &'static Table, child: &Child) -> Row {
        let mut row = Row::default();
        row.set("Child Unique ID", child.code.as_deref());
        self.coded(
            table,
            child,
            &mut row,
            "Gender",
            (&codes::SEXES, child.cell("sex")),
        );
        self.coded(
            table,
            child,
            &mut row,
            "Ethnicity",
            (&codes::ETHNICITY, child.cell("ethnicity")),
        );
        row.set("Date of Birth", child.born.map(day));
        let age = child.born.and_then(|born| age(born, self.today));
        row.set("Age of Child (Years)", age.map(|age| age.to_string()));
        row.set(
            "Does the Child have a Disability",
            disability(child.cell("disability")),
        );
        row.set("Allocated Team", child.team.as_deref());
        row.set("Allocated Worker", child.worker.as_deref());
        row
    }

    /// Sets a cell to Annex A's code for the case system's. One that Annex A does not know is left out and named.
    fn coded(
        &mut self,
        table: &'static Table,
        child: &Child,
        row: &mut Row,
        column: &'static str,
        (codes, code): (&Codes, Option<&str>),
    ) {
        let Some(code) = code else {
            return;
        };
        let found = codes::find(codes, code);
        if found.is_none() {
            self.exceptions.push(Exception {
                value: code.chars().take(80).collect(),
                ..self.exception(table, child, column, "Annex A has no such code; left blank")
            });
        }
        row.set(column, found);
    }

    fn note(&mut self, table: &'static Table, child: &Child, column: &'static str, reason: &str) {
        let one = self.exception(table, child, column, reason);
        self.exceptions.push(one);
    }

    /// What has to be said beside a visit's answers is said here too, where they stand.
    fn carry(
        &mut self,
        table: &'static Table,
        child: &Child,
        visit: &Counted<'_>,
        columns: &[(&'static str, &'static str)],
    ) {
        for Remark {
            field,
            value,
            reason,
        } in &visit.remarks
        {
            if let Some((_, column)) = columns.iter().find(|(asked, _)| asked == field) {
                self.exceptions.push(Exception {
                    value: value.clone(),
                    ..self.exception(table, child, column, reason)
                });
            }
        }
    }

    fn exception(
        &self,
        table: &'static Table,
        child: &Child,
        column: &'static str,
        reason: &str,
    ) -> Exception {
        Exception {
            file: table.file.to_owned(),
            row_key: child.code.clone().unwrap_or_default(),
            column: column.to_owned(),
            value: String::new(),
            reason: reason.to_owned(),
            written: Written::Yes,
        }
    }
}

const SEEN_4: &str = "Child Seen During Continuous Assessment";
const VISIT_7: &str = "Date of the Last Statutory Visit";
const ALONE_7: &str = "Was the Child Seen Alone?";

/// A plan of another council for a child who is here for a time.
fn is_another_councils(plan: &Span) -> bool {
    let cell = plan.cell("other_la_plan").unwrap_or_default();
    ["y", "yes", "true", "1"].contains(&cell.to_lowercase().as_str())
}

fn disability(codes: Option<&str>) -> Option<&'static str> {
    let codes = codes?
        .split([' ', ',', ';'])
        .filter(|code| !code.is_empty());
    let codes: Vec<&str> = codes.collect();
    match codes.as_slice() {
        [] => None,
        [only] if only.eq_ignore_ascii_case("NONE") => Some(codes::NO),
        _ => Some(codes::YES),
    }
}

const fn yes_no(answer: Option<bool>) -> &'static str {
    match answer {
        Some(true) => codes::YES,
        Some(false) => codes::NO,
        None => codes::UNKNOWN,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disability_is_any_code_but_none() {
        for (codes, expected) in [
            (None, None),
            (Some("NONE"), Some(codes::NO)),
            (Some("COMM LD"), Some(codes::YES)),
            (Some("AUT"), Some(codes::YES)),
            (Some(" "), None),
        ] {
            assert_eq!(disability(codes), expected, "{codes:?}");
        }
    }
}

//! List 8: children looked after, with their legal status, their placements and who has visited them there.

use visitbook_record::calendar::Date;

use super::super::check::Row;
use super::super::child::{Child, Span};
use super::super::codes;
use super::super::counted::{Counted, Purpose};
use super::super::days::day;
use super::super::layout::LIST_8;
use super::Lists;

const VISIT_8: &str = "Date of Last Social Work Visit";

impl Lists {
    pub(super) fn in_care(&mut self, child: &Child, care: &Span, visits: &[Counted<'_>]) {
        let (status, since) = self.legal_status(child, care);
        if status
            .as_deref()
            .is_some_and(|status| codes::SHORT_BREAKS.contains(&status))
        {
            return;
        }
        let mut row = self.person(&LIST_8, child);
        let uasc = match child.cell("uasc") {
            Some("yes") => Some(codes::YES),
            Some("no") => Some(codes::NO),
            _ => None,
        };
        row.set(
            "Unaccompanied Asylum Seeking Child (UASC) within the Last 12 Months (Y/N)",
            uasc,
        );
        row.set("Date Started to be Looked After", Some(day(care.start)));
        self.coded(
            &LIST_8,
            child,
            &mut row,
            "Child's Category of Need",
            (&codes::NEED, care.cell("primary_need")),
        );
        let earlier = child.of_kind("cla").any(|other| {
            other
                .end
                .is_some_and(|end| self.year_ago <= end && end <= care.start)
                && other.start < care.start
        });
        // Only what is held can be told: that no earlier period was sent does not say that there was none.
        row.set(
            "Is this a second or subsequent period of being a Looked After Child within the last 12 months (Y/N)",
            earlier.then_some(codes::YES),
        );
        row.set("Start date of current legal status", since.map(day));
        row.set("Child's Legal Status", status);
        row.set(
            "Date of Latest Statutory Review",
            self.last_review(child, "cla", care),
        );
        self.coded(
            &LIST_8,
            child,
            &mut row,
            "What is the permanence plan for this child?",
            (&codes::PERMANENCE, care.cell("permanence_plan")),
        );
        row.set("Date Ceased to be Looked After", self.passed(care.end));
        if self.passed(care.end).is_some() {
            self.coded(
                &LIST_8,
                child,
                &mut row,
                "Reason Ceased to be Looked After",
                (&codes::CEASE, care.cell("end_reason")),
            );
        }
        let placements = child.placements_in(care);
        self.care_visits(child, care, &placements, visits, &mut row);
        self.placements(child, &placements, &mut row);
        self.list_8.push(row);
    }

    fn care_visits(
        &mut self,
        child: &Child,
        care: &Span,
        placements: &[Span],
        visits: &[Counted<'_>],
        row: &mut Row,
    ) {
        let placed = |on: Date| placements.iter().any(|one| one.holds_on(on));
        let during = visits.iter().filter(|visit| {
            visit.seen == Some(true)
                && visit.serves_period(Purpose::LookedAfter, care).is_some()
                && (placements.is_empty() || placed(visit.on))
        });
        let newest = during.max_by_key(|visit| visit.on);
        let imported = care
            .day("last_seen")
            .filter(|seen| *seen <= self.today && (placements.is_empty() || placed(*seen)));
        let last = imported.max(newest.map(|visit| visit.on));
        row.set(VISIT_8, last.map(day));
        if let Some(newest) = newest.filter(|visit| Some(visit.on) == last) {
            self.carry(
                &LIST_8,
                child,
                newest,
                &[("visit_date", VISIT_8), ("seen", VISIT_8)],
            );
        }
        if placements.is_empty() && last.is_some() {
            self.note(
                &LIST_8,
                child,
                VISIT_8,
                "no placement is held: any visit in the period of care counts",
            );
        }
        let reviewing = visits.iter().filter(|visit| {
            visit.seen == Some(true)
                && care.holds_on(visit.on)
                && visit.serves(Purpose::Reviewing).is_some()
        });
        let imported = care
            .day("last_iro_visit")
            .filter(|seen| *seen <= self.today);
        let last = imported.max(reviewing.map(|visit| visit.on).max());
        row.set(
            "Date of Last IRO Visit / Contact to the Child",
            last.map(day),
        );
    }

    fn placements(&mut self, child: &Child, placements: &[Span], row: &mut Row) {
        if !child.placements.is_empty() {
            let within = child
                .placements
                .iter()
                .filter(|one| one.touches(self.year_ago, self.today));
            row.set(
                "Number of Placements in the Last 12 months",
                Some(within.count().to_string()),
            );
        }
        let Some(latest) = placements.iter().rfind(|one| one.start <= self.today) else {
            return;
        };
        row.set(
            "Start Date of Most Recent Placement",
            Some(day(latest.start)),
        );
        self.coded(
            &LIST_8,
            child,
            row,
            "Placement Type",
            (&codes::PLACEMENT, latest.cell("type")),
        );
        self.coded(
            &LIST_8,
            child,
            row,
            "Placement Provider",
            (&codes::PROVIDER, latest.cell("provider")),
        );
        if child.restricted {
            for column in ["Placement postcode", "URN of Placement"] {
                self.note(
                    &LIST_8,
                    child,
                    column,
                    "the address is restricted, so it is not written",
                );
            }
        } else {
            row.set("Placement postcode", latest.cell("postcode"));
            row.set("URN of Placement", latest.cell("urn"));
        }
    }

    /// The latest legal status of a period of care that had begun, with its first day.
    fn legal_status(&self, child: &Child, care: &Span) -> (Option<String>, Option<Date>) {
        let history = child.legal_statuses.iter().rfind(|one| {
            one.start <= self.today
                && one.overlaps(care)
                && one.cell("period").is_none_or(|name| name == care.element)
        });
        match history {
            Some(one) => (one.cell("status").map(str::to_uppercase), Some(one.start)),
            None => (
                care.cell("legal_status").map(str::to_uppercase),
                care.day("legal_status_start"),
            ),
        }
    }
}

//! What the case system told of a child, typed as far as the files need it.
//!
//! Imported facts keep the names that the import gave them. A status lasts from its first day to its last, both included; one
//! that has no first day is left out, since nothing can be placed in it.

use std::collections::BTreeMap;

use visitbook_record::calendar::Date;
use visitbook_record::commit::Role;
use visitbook_record::id::RecordId;
use visitbook_record::op::Target;

use super::held::{HeldChild, Record, holder};

/// One element of a set with its parts: a period, a placement, a legal status.
#[derive(Clone)]
pub(super) struct Span {
    /// The element's name.
    pub(super) element: String,
    /// First day.
    pub(super) start: Date,
    /// Last day, itself included; `None` while it lasts.
    pub(super) end: Option<Date>,
    cells: BTreeMap<String, String>,
}

impl Span {
    /// A part's answer.
    pub(super) fn cell(&self, name: &str) -> Option<&str> {
        self.cells.get(name).map(String::as_str)
    }

    /// A part's answer as a day.
    pub(super) fn day(&self, name: &str) -> Option<Date> {
        self.cell(name)?.parse().ok()
    }

    /// Whether it holds on a day.
    pub(super) fn holds_on(&self, day: Date) -> bool {
        self.start <= day && self.end.is_none_or(|end| day <= end)
    }

    /// Whether it holds on any day from one to another.
    pub(super) fn touches(&self, from: Date, to: Date) -> bool {
        self.start <= to && self.end.is_none_or(|end| from <= end)
    }

    /// Whether both hold on some day.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.end.is_none_or(|end| other.start <= end)
            && other.end.is_none_or(|end| self.start <= end)
    }

    /// Of a period: its kind, in small letters.
    pub(super) fn kind(&self) -> String {
        self.cell("kind").unwrap_or_default().to_lowercase()
    }
}

/// A child as the case system knows them.
pub(super) struct Child {
    pub(super) id: RecordId,
    /// The case system's number; a child met on nobody's list has none.
    pub(super) code: Option<String>,
    pub(super) born: Option<Date>,
    /// Addresses must not be written anywhere.
    pub(super) restricted: bool,
    pub(super) periods: Vec<Span>,
    pub(super) placements: Vec<Span>,
    pub(super) legal_statuses: Vec<Span>,
    pub(super) reviews: Vec<Span>,
    /// Who is allocated, and that person's team.
    pub(super) worker: Option<String>,
    pub(super) team: Option<String>,
    cells: BTreeMap<String, String>,
}

impl Child {
    /// From the child's own record; with nothing in it but an id if there is none.
    pub(super) fn of(held: &HeldChild, council: Option<&Record>) -> Self {
        let mut child = Self {
            id: held.id,
            code: None,
            born: None,
            restricted: false,
            periods: Vec::new(),
            placements: Vec::new(),
            legal_statuses: Vec::new(),
            reviews: Vec::new(),
            worker: None,
            team: None,
            cells: BTreeMap::new(),
        };
        let Some(own) = &held.own else {
            return child;
        };
        for target in own.page.questions.keys() {
            if target.element_id().is_none()
                && let Some(code) = own.imported(target)
            {
                child
                    .cells
                    .insert(target.name().to_owned(), code.to_owned());
            }
        }
        child.code = child.cell("code").map(str::to_owned);
        child.born = child.cell("dob").and_then(|day| day.parse().ok());
        child.restricted = child.cell("address_restricted") == Some("yes");
        child.periods = spans(own, "period", "start");
        child.placements = spans(own, "placement", "start");
        child.legal_statuses = spans(own, "legal_status", "start");
        child.reviews = spans(own, "review", "on");
        (child.worker, child.team) = allocated(own, council);
        child
    }

    /// A plain field's answer.
    pub(super) fn cell(&self, name: &str) -> Option<&str> {
        self.cells.get(name).map(String::as_str)
    }

    /// Not born by that day, as far as is known.
    pub(super) fn is_unborn_on(&self, day: Date) -> bool {
        self.born.is_none_or(|born| day < born)
            && (self.born.is_some() || self.cell("expected").is_some())
    }

    /// The periods of a kind, by first day.
    pub(super) fn of_kind(&self, kind: &str) -> impl DoubleEndedIterator<Item = &Span> {
        self.periods.iter().filter(move |one| one.kind() == kind)
    }

    /// What the council's other systems call a period: its own number there or, if it has none, one that says which it is.
    pub(super) fn period_name(&self, period: &Span) -> String {
        period.cell("period_id").map_or_else(
            || {
                let code = self.code.as_deref().unwrap_or_default();
                format!("{code}:{}:{}", period.kind(), period.start)
            },
            str::to_owned,
        )
    }

    /// The placements of a period of care, by first day. Where the case system sent no history, the one that the period names.
    pub(super) fn placements_in(&self, care: &Span) -> Vec<Span> {
        let during = |one: &&Span| {
            one.cell("period")
                .is_none_or(|name| name == care.element || Some(name) == care.cell("period_id"))
                && one.overlaps(care)
        };
        let history: Vec<Span> = self.placements.iter().filter(during).cloned().collect();
        if !history.is_empty() {
            return history;
        }
        let Some(start) = care.day("placement_start") else {
            return Vec::new();
        };
        let parts = ["id", "type", "provider", "urn", "postcode"];
        let named = |part: &str| Some((part.to_owned(), care.cell(&format!("placement_{part}"))?));
        vec![Span {
            element: care.element.clone(),
            start,
            end: care.day("placement_end").or(care.end),
            cells: parts
                .into_iter()
                .filter_map(named)
                .map(|(part, cell)| (part, cell.to_owned()))
                .collect(),
        }]
    }
}

fn spans(own: &Record, field: &str, start: &str) -> Vec<Span> {
    let mut all = Vec::new();
    for element in own.elements(field) {
        let mut cells = BTreeMap::new();
        for target in own.page.questions.keys() {
            if target.name() == field
                && target.element_id() == Some(element)
                && let (Some(part), Some(code)) = (target.part_name(), own.imported(target))
            {
                cells.insert(part.to_owned(), code.to_owned());
            }
        }
        let day = |name: &str| {
            cells
                .get(name)
                .and_then(|day: &String| day.parse::<Date>().ok())
        };
        let Some(start) = day(start) else {
            continue;
        };
        // An assessment is over when it is authorised; nothing outlasts the case.
        let is_assessment = cells.get("kind").is_some_and(|kind| kind == "assessment");
        let authorised = day("authorisation_date").filter(|_| is_assessment);
        all.push(Span {
            element: element.to_owned(),
            start,
            end: day("end").or(authorised).or_else(|| day("closure_date")),
            cells,
        });
    }
    all.sort_by(|a, b| (a.start, &a.element).cmp(&(b.start, &b.element)));
    all
}

/// The allocated worker, else whoever stands in, with the name and the team that the council's list of staff gives.
fn allocated(own: &Record, council: Option<&Record>) -> (Option<String>, Option<String>) {
    let allocated = holder(own, Role::Allocated).or_else(|| holder(own, Role::Cover));
    let Some(worker) = allocated else {
        return (None, None);
    };
    let staff = |part: &str| {
        council?
            .imported(&Target::part("staff", worker.to_string(), part))
            .map(str::to_owned)
    };
    (staff("name"), staff("team_name"))
}

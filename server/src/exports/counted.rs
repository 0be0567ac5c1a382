//! Which visits count, for what, and with which answers: the rules that all files share.
//!
//! A visit counts if it was made in person, was not cancelled, is no meeting, and is finished. A visit that nobody has finished is
//! not a record yet: leaving it out never claims more than was done, and the list of exceptions names it so that it gets
//! finished. What a visit was for is worked out from the child's status on its day and not picked; the visit may name fewer
//! purposes than the status allows, never more. Whether it was statutory is worked out too, and a worker may only lower it.

use visitbook_record::calendar::Date;

use super::child::{Child, Span};
use super::visit::{Named, Remark, Visit};

/// What a visit can be for, as far as a file asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    ChildInNeed,
    ChildProtection,
    LookedAfter,
    Assessment,
    /// By the reviewing officer. Follows from nobody's status: the visit itself must say so.
    Reviewing,
}

impl Purpose {
    const BY_STATUS: [Self; 4] = [
        Self::ChildInNeed,
        Self::ChildProtection,
        Self::LookedAfter,
        Self::Assessment,
    ];

    /// As in a visit's purposes and in the kind of a period.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::ChildInNeed => "cin",
            Self::ChildProtection => "cp",
            Self::LookedAfter => "cla",
            Self::Assessment => "assessment",
            Self::Reviewing => "iro",
        }
    }

    fn read(code: &str) -> Option<Self> {
        let mut all = Self::BY_STATUS.into_iter().chain([Self::Reviewing]);
        all.find(|purpose| purpose.code() == code)
    }
}

/// One purpose of one visit.
#[derive(Clone)]
pub(super) struct Served<'a> {
    pub(super) purpose: Purpose,
    /// The plan, period of care or assessment; `None` for the reviewing officer.
    pub(super) period: Option<&'a Span>,
    pub(super) statutory: bool,
}

/// A visit that counts.
pub(super) struct Counted<'a> {
    pub(super) visit: &'a Visit,
    pub(super) on: Date,
    /// `None`: not recorded, or the child is not born.
    pub(super) seen: Option<bool>,
    /// `None`: not seen, or not recorded.
    pub(super) alone: Option<bool>,
    pub(super) bedroom: Option<bool>,
    pub(super) served: Vec<Served<'a>>,
    pub(super) remarks: Vec<Remark>,
}

impl Counted<'_> {
    /// The purpose, if the visit served it.
    pub(super) fn serves(&self, purpose: Purpose) -> Option<&Served<'_>> {
        self.served.iter().find(|served| served.purpose == purpose)
    }

    /// Whether it served this very period.
    pub(super) fn serves_period(&self, purpose: Purpose, period: &Span) -> Option<&Served<'_>> {
        self.serves(purpose).filter(|served| {
            let same = |own: &Span| own.element == period.element && own.start == period.start;
            served.period.is_some_and(same)
        })
    }
}

/// A visit that might have counted and does not, for a reason that somebody can do something about.
pub(super) struct LeftOut<'a> {
    pub(super) visit: &'a Visit,
    pub(super) purposes: Vec<Purpose>,
    pub(super) remark: Remark,
}

/// Of a child's visits those that count on a day, by date; and those that somebody has to look at.
pub(super) fn counted<'a>(
    child: &'a Child,
    visits: &'a [Visit],
    today: Date,
) -> (Vec<Counted<'a>>, Vec<LeftOut<'a>>) {
    let mut all = Vec::new();
    let mut left_out = Vec::new();
    for visit in visits {
        match count(child, visit, today) {
            Ok(Some(counted)) => all.push(counted),
            Ok(None) => {}
            Err(one) => left_out.push(one),
        }
    }
    all.sort_by_key(|one| (one.on, one.visit.id));
    (all, left_out)
}

/// `Ok(None)` where it is plain that the visit makes no row: planned, cancelled, by video or telephone, a meeting.
fn count<'a>(
    child: &'a Child,
    visit: &'a Visit,
    today: Date,
) -> Result<Option<Counted<'a>>, LeftOut<'a>> {
    let elsewhere = visit.code("mode").is_some_and(|mode| mode != "in_person");
    if visit.is_only_planned() || visit.is_cancelled() || elsewhere || !visit.is_a_visit() {
        return Ok(None);
    }
    let (served, mut remarks) = visit
        .on
        .map_or_else(Default::default, |on| served(child, visit, on));
    let purposes: Vec<Purpose> = served.iter().map(|served| served.purpose).collect();
    let leave_out = |field, value: String, reason: &str| LeftOut {
        visit,
        purposes: purposes.clone(),
        remark: Remark {
            field,
            value,
            reason: reason.to_owned(),
        },
    };
    let Some(on) = visit.on else {
        return Err(leave_out(
            "visit_date",
            String::new(),
            "the visit has no date",
        ));
    };
    let day = || on.to_string();
    if visit.code("mode").is_none() {
        let reason =
            "it is not recorded that the visit was made in person; only such visits are counted";
        return Err(leave_out("mode", day(), reason));
    }
    if !visit.finished {
        let reason = "the visit is not finished; it is counted once its author finishes it";
        return Err(leave_out("visit_date", day(), reason));
    }
    if today < on {
        return Err(leave_out(
            "visit_date",
            day(),
            "the date is yet to come; correct it",
        ));
    }
    // A referral alone is no status in which a visit is owed; the visit says when the child was seen all the same.
    let in_force = |period: &Span| period.kind() != "referral" && period.holds_on(on);
    if served.is_empty() && !child.periods.iter().any(in_force) {
        remarks.push(Remark {
            field: "visit_date",
            value: on.to_string(),
            reason: "no plan, placement or assessment that was imported was in force on that day; in no file of visits"
                .to_owned(),
        });
    }
    let seen = seen(child, visit, on, &mut remarks);
    let alone = match (seen, visit.code("alone")) {
        (Some(true), Some("spoke_alone" | "alone_not_talking")) => Some(true),
        (Some(true), Some("not_alone")) => Some(false),
        (Some(true), other) => unknown("alone", other, &mut remarks),
        _ => None,
    };
    let unborn = visit.code("seen") == Some("unborn");
    let bedroom = match visit.code("bedroom").filter(|_| !unborn) {
        Some("seen") => Some(true),
        Some("not_seen") => Some(false),
        other => unknown("bedroom", other, &mut remarks),
    };
    remarks.extend(visit.remarks.iter().cloned());
    Ok(Some(Counted {
        visit,
        on,
        seen,
        alone,
        bedroom,
        served,
        remarks,
    }))
}

fn seen(child: &Child, visit: &Visit, on: Date, remarks: &mut Vec<Remark>) -> Option<bool> {
    match visit.code("seen") {
        Some("yes") => {
            if child.born.is_some_and(|born| on < born) {
                remarks.push(Remark {
                    field: "seen",
                    value: on.to_string(),
                    reason: "the child was born after that day; check the child and the date"
                        .to_owned(),
                });
            }
            Some(true)
        }
        Some("no") => Some(false),
        Some("unborn") => None,
        // Nobody could be got hold of, so the child was not seen, and nobody is asked to say so again.
        None if visit.is_no_access() && !child.is_unborn_on(on) => Some(false),
        other => unknown("seen", other, remarks),
    }
}

/// An answer from a newer form is left blank, and named.
fn unknown(field: &'static str, code: Option<&str>, remarks: &mut Vec<Remark>) -> Option<bool> {
    if let Some(code) = code {
        remarks.push(Remark {
            field,
            value: code.to_owned(),
            reason: "this version does not know the answer; left blank".to_owned(),
        });
    }
    None
}

/// What a visit was for, by the child's status on its day.
fn served<'a>(child: &'a Child, visit: &Visit, on: Date) -> (Vec<Served<'a>>, Vec<Remark>) {
    let mut all = Vec::new();
    let mut remarks = Vec::new();
    let named: Vec<Named> = if visit.serves.is_empty() {
        let by_status = Purpose::BY_STATUS.into_iter();
        by_status
            .filter(|purpose| in_force(child, *purpose, on).next().is_some())
            .map(|purpose| Named {
                kind: purpose.code().to_owned(),
                period: None,
            })
            .collect()
    } else {
        visit.serves.clone()
    };
    let mut remark = |field, value: &str, reason: &str| {
        remarks.push(Remark {
            field,
            value: value.to_owned(),
            reason: reason.to_owned(),
        });
    };
    for Named { kind, period } in &named {
        // Private fostering, care leavers, enquiries: no file asks for them.
        let Some(purpose) = Purpose::read(kind) else {
            continue;
        };
        let statutory = visit.is_a_visit() && !visit.is_lowered();
        if purpose == Purpose::Reviewing {
            all.push(Served {
                purpose,
                period: None,
                statutory: false,
            });
            continue;
        }
        let open: Vec<&Span> = in_force(child, purpose, on).collect();
        let is_named = |one: &&&Span| {
            period
                .as_deref()
                .is_some_and(|name| name == one.element || Some(name) == one.cell("period_id"))
        };
        let by_name = open.iter().find(is_named).copied();
        let Some(latest) = open.last().copied() else {
            remark(
                "serves",
                kind,
                "the visit says it served this, and nothing of the kind was in force on that day; not counted for it",
            );
            continue;
        };
        if let (Some(name), None) = (period, by_name) {
            remark(
                "serves",
                name,
                "the visit names a period that was not in force on that day; counted for the one that was",
            );
        } else if by_name.is_none() && open.len() > 1 {
            remark(
                "serves",
                kind,
                "two of the kind were in force on that day; counted for the one that began last",
            );
        }
        all.push(Served {
            purpose,
            period: Some(by_name.unwrap_or(latest)),
            // Child protection stays with registered social workers.
            statutory: statutory && !(purpose == Purpose::ChildProtection && visit.unregistered),
        });
    }
    all.sort_by_key(|served| served.purpose);
    (all, remarks)
}

/// The periods of a purpose that hold on a day, by first day.
fn in_force(child: &Child, purpose: Purpose, on: Date) -> impl Iterator<Item = &Span> {
    let of_kind = child.of_kind(purpose.code());
    of_kind.filter(move |period| period.holds_on(on))
}

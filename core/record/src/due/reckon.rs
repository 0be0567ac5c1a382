//! The sums.
//!
//! For each period in force: the day its clock last started again, the gap that applied on that day, and the date that
//! gives. The gap is the one in force on the day it opened, so a visit in the last week of a placement's first year still
//! asks for the next within six weeks.

use std::cmp::Ordering;

use super::facts::{Child, Kind, Period, Seen, Variation, Visit};
use super::interval::{Interval, Unit};
use super::no_access;
use super::owed::{ChildDue, From, Ground, NotCounted, Note, Obligation, Status};
use super::rules::{EarlyUntil, RuleId, Rules, Terms};
use crate::calendar::{Calendar, Date, OutsideCalendar};

/// What is owed to a child on a day, by these rules. A period's first and last day both belong to it.
///
/// # Errors
/// [`OutsideCalendar`] if a sum needs working days of years whose bank holidays are not known.
pub fn due(rules: &Rules, child: &Child, day: Date) -> Result<ChildDue, OutsideCalendar> {
    let mut obligations = Vec::new();
    for (index, period) in child.periods.iter().enumerate() {
        if period.start <= day && period.end.is_none_or(|end| day <= end) {
            obligations.push(Reckoning::new(rules, child, period, day).obligation(index)?);
        }
    }
    obligations.sort_by_key(|owed| {
        (
            owed.due.is_none(),
            owed.due,
            owed.kind,
            owed.rule,
            owed.period,
        )
    });
    let born = child.born.is_some_and(|born| born <= day);
    let last = |wanted: &dyn Fn(Seen) -> bool| {
        let met = |visit: &&Visit| visit.on <= day && visit.in_person && wanted(visit.seen);
        child.visits.iter().filter(met).map(|visit| visit.on).max()
    };
    let last_seen = last(&|seen| seen == Seen::Yes);
    // Before the birth, visiting the mother is what a knock with no answer failed to do.
    let last_met = last(&|seen| seen == Seen::Yes || (seen == Seen::Unborn && !born));
    Ok(ChildDue {
        obligations,
        last_seen,
        no_access: no_access::since(rules, child, last_met, day)?,
    })
}

/// For a reader who tells of visits and attempts from the newest back, and has told of everything after `since`: whether
/// nothing older, nor more of that day, can change what [`due`] says of `day`.
#[must_use]
pub fn is_settled(child: &Child, day: Date, since: Date) -> bool {
    let born = child.born.filter(|born| *born <= day);
    let told = |visit: &&Visit| visit.on >= since && visit.on <= day;
    let seen = child
        .visits
        .iter()
        .filter(told)
        .any(|visit| visit.in_person && visit.seen == Seen::Yes);
    let in_force =
        |period: &&Period| period.start <= day && period.end.is_none_or(|end| day <= end);
    seen && child.periods.iter().filter(in_force).all(|period| {
        let (_, clock, _) = clock_of(child, period, day);
        let counted = child
            .visits
            .iter()
            .filter(told)
            .filter(|visit| visit.on >= clock && why_not(visit, period.duty.kind(), born).is_none())
            .count();
        // The last one that counts is the basis, and whether it is the only one matters before a review.
        counted > 1 || clock > since
    })
}

/// When the placement, arrangement or period began, the first day on which a visit counts, and what that day is.
fn clock_of(child: &Child, period: &Period, day: Date) -> (Date, Date, From) {
    let since = period.since.filter(|since| *since <= day);
    let began = since.map_or(period.start, |since| since.max(period.start));
    match child.born.filter(|born| *born <= day) {
        Some(born) if born > began => (began, born, From::Birth),
        _ => (began, began, From::Start),
    }
}

/// A date with the sum that gives it.
#[derive(Clone, Copy)]
struct Reckoned {
    due: Date,
    interval: Interval,
    ground: Ground,
}

struct Reckoning<'a> {
    rules: &'a Rules,
    period: &'a Period,
    day: Date,
    /// When the placement, arrangement or period began; the first year is counted from it.
    began: Date,
    /// The first day on which a visit counts: the same, or the birth.
    clock: Date,
    clock_is: From,
    counted: Vec<Date>,
    not_counted: Vec<(Date, NotCounted)>,
    notes: Vec<Note>,
}

impl<'a> Reckoning<'a> {
    fn new(rules: &'a Rules, child: &Child, period: &'a Period, day: Date) -> Self {
        let born = child.born.filter(|born| *born <= day);
        let (began, clock, clock_is) = clock_of(child, period, day);
        let mut counted = Vec::new();
        let mut not_counted = Vec::new();
        for visit in &child.visits {
            if visit.on >= clock && visit.on <= day {
                match why_not(visit, period.duty.kind(), born) {
                    None => counted.push(visit.on),
                    Some(reason) => not_counted.push((visit.on, reason)),
                }
            }
        }
        not_counted.sort_unstable();
        Self {
            rules,
            period,
            day,
            began,
            clock,
            clock_is,
            counted,
            not_counted,
            notes: Vec::new(),
        }
    }

    fn obligation(mut self, index: usize) -> Result<Obligation, OutsideCalendar> {
        let last = self.counted.iter().max().copied();
        let (basis, from) = last.map_or((self.clock, self.clock_is), |last| (last, From::LastSeen));
        let reckoned = self.reckon(basis, last.is_none())?;
        if let Some(reckoned) = reckoned
            && reckoned.interval.unit() == Unit::WorkingDay
            && reckoned.due > Calendar::PUBLISHED_TO
        {
            self.notes.push(Note::HolidaysNotPublished);
        }
        let ground = reckoned.map_or(Ground::AsAgreed, |reckoned| reckoned.ground);
        let interval = reckoned.map(|reckoned| reckoned.interval);
        Ok(Obligation {
            period: index,
            kind: self.period.duty.kind(),
            rule: self.rule(),
            due: reckoned.map(|reckoned| reckoned.due),
            basis,
            from,
            interval,
            ground,
            status: self.status(reckoned.map(|reckoned| reckoned.due))?,
            sum: super::words::sum(interval, basis, from, ground, self.period, self.day),
            notes: self.notes,
            not_counted: self
                .not_counted
                .into_iter()
                .filter(|(on, _)| from != From::LastSeen || *on > basis)
                .collect(),
        })
    }

    const fn rule(&self) -> RuleId {
        self.period.duty.rule()
    }

    fn end(&self, from: Date, interval: Interval) -> Result<Date, OutsideCalendar> {
        self.rules.counting().end(from, interval)
    }

    fn reckon(&mut self, basis: Date, unseen: bool) -> Result<Option<Reckoned>, OutsideCalendar> {
        let by_rule = self.by_rule_and_plan(basis, unseen)?;
        let varied = self.varied(basis, unseen, by_rule)?;
        Ok(self.before_review(basis, unseen, varied.or(by_rule)))
    }

    /// The gap, by these terms of the rule, of what opened on this day.
    fn gap(&self, terms: Terms, basis: Date, unseen: bool) -> Option<Interval> {
        if unseen && terms.first.is_some() {
            return terms.first;
        }
        let early = match self.rule().early_until() {
            EarlyUntil::FirstYear => !is_year_on(self.began, basis),
            EarlyUntil::FirstReview => self.period.first_review.is_none_or(|review| basis < review),
        };
        if early { terms.early } else { terms.then }
    }

    /// The last day the law allows; `None` where it sets none.
    fn by_law(&self, basis: Date, unseen: bool) -> Result<Option<Date>, OutsideCalendar> {
        let rule = self.rule();
        match self.gap(rule.default_terms(), basis, unseen) {
            Some(gap) if rule.is_law() => Ok(Some(self.end(basis, gap)?)),
            _ => Ok(None),
        }
    }

    /// The plan replaces the council's default where no law sets a gap. Where one does, and before the first visit, the
    /// earlier date stands.
    fn by_rule_and_plan(
        &mut self,
        basis: Date,
        unseen: bool,
    ) -> Result<Option<Reckoned>, OutsideCalendar> {
        let by = |gap: Option<Interval>, ground| match gap {
            Some(interval) => self.end(basis, interval).map(|due| {
                Some(Reckoned {
                    due,
                    interval,
                    ground,
                })
            }),
            None => Ok(None),
        };
        let gap = self.gap(self.rules.terms(self.rule()), basis, unseen);
        let rule = by(gap, Ground::Rule)?;
        let plan = by(self.period.visit_every, Ground::Plan)?;
        let (Some(by_rule), Some(by_plan)) = (rule, plan) else {
            return Ok(rule.or(plan));
        };
        if !unseen
            && self
                .by_law(basis, unseen)?
                .is_some_and(|law| by_plan.due > law)
        {
            self.notes.push(Note::PlanLongerThanLaw);
        }
        let plan_may_be_longer = !self.rule().is_law() && !unseen;
        Ok(Some(match by_plan.due.cmp(&by_rule.due) {
            Ordering::Less => by_plan,
            Ordering::Greater if plan_may_be_longer => by_plan,
            Ordering::Equal | Ordering::Greater => by_rule,
        }))
    }

    /// The date by a variation; `None` if there is none, or none that bears on this day.
    ///
    /// A shorter gap cannot have been due before it was agreed, and what fell due while it was in force stays due until the
    /// child is seen. A longer one may reach as far as the law does, and never puts off the first visit. It saves nothing
    /// once it ends: the last day is then that of the rule or, if that has passed, of the agreement.
    fn varied(
        &mut self,
        basis: Date,
        unseen: bool,
        by_rule: Option<Reckoned>,
    ) -> Result<Option<Reckoned>, OutsideCalendar> {
        let Some(agreed) = self
            .period
            .variation
            .filter(|agreed| agreed.from <= self.day)
        else {
            return Ok(None);
        };
        let ended = agreed.until < self.day;
        if ended {
            self.notes.push(Note::AgreementEnded(agreed.until));
        }
        let own = Reckoned {
            due: self.end(basis, agreed.every)?,
            interval: agreed.every,
            ground: Ground::Agreed(agreed.until),
        };
        let Some(by_rule) = by_rule else {
            return Ok((!ended).then_some(own));
        };
        if own.due <= by_rule.due {
            return Ok(shorter(agreed, own, by_rule, ended));
        }
        if self.by_law(basis, unseen)?.is_some_and(|law| own.due > law) {
            if !ended && !unseen {
                self.notes.push(Note::AgreedLongerThanLaw);
            }
            return Ok(None);
        }
        Ok(if ended || unseen {
            None
        } else {
            Some(longer(agreed, own, by_rule))
        })
    }

    /// In accommodation, a care leaver is visited within seven days and once more before the pathway plan is first reviewed.
    fn before_review(
        &self,
        basis: Date,
        unseen: bool,
        reckoned: Option<Reckoned>,
    ) -> Option<Reckoned> {
        let reckoned = reckoned?;
        let Some(review) = self
            .period
            .first_review
            .filter(|_| self.rule() == RuleId::CareLeaverAccommodated)
        else {
            return Some(reckoned);
        };
        let eve = review.add_days(-1)?;
        let binds = if unseen {
            eve >= basis
        } else {
            self.counted.len() == 1 && eve > basis
        };
        Some(if binds && eve < reckoned.due {
            Reckoned {
                due: eve,
                ground: Ground::BeforeReview(review),
                ..reckoned
            }
        } else {
            reckoned
        })
    }

    fn status(&self, due: Option<Date>) -> Result<Status, OutsideCalendar> {
        let Some(due) = due else {
            return Ok(Status::NoDate);
        };
        let days = self.day.days_to(due);
        Ok(match days {
            0 => Status::DueToday,
            1.. => Status::DueIn {
                days: days.unsigned_abs(),
            },
            _ => Status::Overdue {
                working_days: self
                    .rules
                    .counting()
                    .calendar
                    .working_days_between(due, self.day)?,
            },
        })
    }
}

/// By a shorter gap than the rule's.
fn shorter(agreed: Variation, own: Reckoned, by_rule: Reckoned, ended: bool) -> Option<Reckoned> {
    let reckoned = if own.due >= agreed.from {
        own
    } else if by_rule.due <= agreed.from {
        return None;
    } else {
        Reckoned {
            due: agreed.from,
            ground: Ground::AgreementBegins(agreed.from),
            ..own
        }
    };
    (!ended || reckoned.due <= agreed.until).then_some(reckoned)
}

/// By a longer gap than the rule's, while it is in force.
fn longer(agreed: Variation, own: Reckoned, by_rule: Reckoned) -> Reckoned {
    if own.due <= agreed.until {
        own
    } else if by_rule.due >= agreed.until {
        by_rule
    } else {
        Reckoned {
            due: agreed.until,
            interval: by_rule.interval,
            ground: Ground::AgreementEnds(agreed.until),
        }
    }
}

fn why_not(visit: &Visit, kind: Kind, born: Option<Date>) -> Option<NotCounted> {
    let seen = match visit.seen {
        Seen::Yes => true,
        Seen::Unborn => born.is_none(),
        Seen::No | Seen::NotRecorded => false,
    };
    if !seen {
        Some(NotCounted::NotSeen)
    } else if !visit.in_person {
        Some(NotCounted::NotInPerson)
    } else if !visit.serves.contains(&kind) {
        Some(NotCounted::ServedOther)
    } else if !visit.statutory {
        Some(NotCounted::NotStatutory)
    } else {
        None
    }
}

/// Whether the first year from a day is over. Begun on 29 February it ends with 28 February.
fn is_year_on(began: Date, on: Date) -> bool {
    let Some(anniversary) = began.add_months(12) else {
        return false;
    };
    if anniversary.parts().2 == began.parts().2 {
        on >= anniversary
    } else {
        on > anniversary
    }
}

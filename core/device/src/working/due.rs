//! When each child is next to be seen: what the council imported and what visits here say, handed to the rules.
//!
//! Only what is recorded counts. A visit without an answer to "in person" was not in person, a date or an outcome that two
//! people put differently is taken the cautious way, and a visit on which the child was not seen moves nothing. Where a
//! visit does not say what it serves, it serves what the child's status on that day asks for (practice: purpose is worked
//! out, not picked).

use std::collections::BTreeMap;

use visitbook_record::calendar::Date;
use visitbook_record::commit::RecordKind;
use visitbook_record::due::{
    self, Arrangement, Attempt, Child, ChildDue, Duty, Kind, NoAccess, Obligation, Period, Rules,
    Seen, Status, Visit,
};
use visitbook_record::id::RecordId;
use visitbook_record::op::Target;
use visitbook_record::words;

use super::Working;
use super::model::{ChildLine, DueLine, NoAccessLine, NoAnswerView, Owed};
use crate::clock::Moment;
use crate::error::ReadError;
use crate::store::{StoreError, log, views};

/// What stands for each question of a record, by target; a question that two people answered differently and that has no
/// standing answer is there with `None`.
pub(crate) type Answers = BTreeMap<Target, Option<String>>;

fn code<'a>(answers: &'a Answers, field: &str) -> Option<&'a str> {
    answers.get(&Target::field(field))?.as_deref()
}

fn part<'a>(answers: &'a Answers, field: &str, element: &str, part: &str) -> Option<&'a str> {
    answers.get(&Target::part(field, element, part))?.as_deref()
}

pub(super) fn date(text: Option<&str>) -> Option<Date> {
    text.and_then(|text| text.parse().ok())
}

/// Stands for two different answers to an ordinary question: no code of the form, so it counts as none of them.
pub(super) const DISPUTED: &str = "disputed";

/// The codes of visits on which nobody could be got hold of.
pub(crate) fn is_no_access(outcome: &str) -> bool {
    matches!(outcome, "no_answer" | "refused_entry" | "not_safe_to_enter")
}

fn kind_of(code: &str) -> Option<Kind> {
    [
        Kind::LookedAfter,
        Kind::PrivatelyFostered,
        Kind::ChildProtection,
        Kind::ChildInNeed,
        Kind::CareLeaver,
    ]
    .into_iter()
    .find(|kind| kind.code() == code)
}

/// What is known of a child from its own record. Periods in which no visits are owed, such as an assessment, are left out.
pub(crate) fn child_of(answers: &Answers) -> Child {
    let mut child = Child {
        born: date(code(answers, "dob")),
        ..Child::default()
    };
    let elements = answers
        .keys()
        .filter(|target| target.name() == "period" && target.part_name().is_none())
        .filter_map(Target::element_id);
    for element in elements {
        let cell = |name: &str| part(answers, "period", element, name);
        let Some(duty) = cell("kind").and_then(|kind| duty_of(kind, &cell)) else {
            continue;
        };
        let Some(start) = date(cell("start")) else {
            continue;
        };
        let with_parent = matches!(
            duty,
            Duty::LookedAfter(
                Arrangement::WithParentUnderOrder | Arrangement::TemporaryApprovalOrInterimOrder
            )
        );
        let since = if with_parent {
            date(cell("legal_status_start"))
        } else {
            date(cell("placement_start"))
        };
        child.periods.push(Period {
            end: date(cell("end")),
            since,
            first_review: date(cell("first_review")).or_else(|| date(cell("last_review"))),
            visit_every: cell("visit_every").and_then(|text| text.parse().ok()),
            ..Period::new(duty, start)
        });
        if let Some(on) = date(cell("last_seen")) {
            child.visits.push(Visit {
                on,
                seen: Seen::Yes,
                in_person: true,
                statutory: true,
                serves: vec![duty.kind()],
            });
        }
    }
    child
}

fn duty_of<'a>(kind: &str, cell: &impl Fn(&str) -> Option<&'a str>) -> Option<Duty> {
    Some(match kind_of(&kind.to_lowercase())? {
        Kind::ChildProtection => Duty::ChildProtection,
        Kind::ChildInNeed => Duty::ChildInNeed,
        Kind::PrivatelyFostered => Duty::PrivatelyFostered,
        Kind::CareLeaver => Duty::CareLeaver,
        Kind::LookedAfter => Duty::LookedAfter(arrangement_of(cell)),
    })
}

/// By the codes of the national return on looked-after children (SSDA903): placed with parents is P1, an interim care order
/// C1, a full one C2, short breaks V3 and V4. What it does not tell apart is visited by the general rule.
fn arrangement_of<'a>(cell: &impl Fn(&str) -> Option<&'a str>) -> Arrangement {
    let upper = |name: &str| cell(name).unwrap_or_default().to_uppercase();
    let yes = |name: &str| cell(name) == Some("yes");
    match (
        upper("placement_type").as_str(),
        upper("legal_status").as_str(),
    ) {
        (_, "V3" | "V4") => Arrangement::ShortBreaks,
        ("P1", "C2") => Arrangement::WithParentUnderOrder,
        ("P1", "C1") => Arrangement::TemporaryApprovalOrInterimOrder,
        ("P1", _) => Arrangement::WithParentUnassessed,
        _ => Arrangement::Placement {
            to_18: yes("to_18"),
            long_term_foster_agreed: yes("long_term_foster_agreed"),
        },
    }
}

/// What one visit says, as far as it bears on dates.
pub(crate) struct VisitFacts {
    pub(crate) on: Option<Date>,
    pub(crate) outcome: Option<String>,
    pub(crate) mode: Option<String>,
    pub(crate) seen: Option<String>,
    pub(crate) occasion: Option<String>,
    pub(crate) statutory: Option<String>,
    pub(crate) serves: Vec<String>,
}

impl VisitFacts {
    /// From everything that stands in a visit.
    pub(crate) fn of(answers: &Answers) -> Self {
        let own = |field: &str| match answers.get(&Target::field(field)) {
            Some(None) => Some(DISPUTED.to_owned()),
            Some(Some(code)) => Some(code.clone()),
            None => None,
        };
        Self {
            on: date(code(answers, "visit_date")),
            outcome: own("outcome"),
            mode: own("mode"),
            seen: own("seen"),
            occasion: own("occasion"),
            statutory: own("statutory"),
            serves: answers
                .iter()
                .filter(|(target, _)| target.name() == "serves" && target.part_name().is_none())
                .filter_map(|(_, code)| code.clone())
                .collect(),
        }
    }

    /// Adds the visit to what is known of the child.
    pub(crate) fn tell(self, child: &mut Child) {
        let Some(on) = self.on else {
            return;
        };
        let outcome = self.outcome.as_deref();
        if outcome.is_some_and(is_no_access) {
            child.attempts.push(Attempt { on });
            return;
        }
        if outcome.is_some_and(|code| code != "went_ahead") {
            return;
        }
        if outcome.is_none() && self.seen.is_none() {
            // Planned, or only begun.
            return;
        }
        let seen = match self.seen.as_deref() {
            Some("yes") => Seen::Yes,
            Some("unborn") => Seen::Unborn,
            Some(_) => Seen::No,
            None => Seen::NotRecorded,
        };
        let mut serves: Vec<Kind> = self
            .serves
            .iter()
            .filter_map(|code| kind_of(code))
            .collect();
        if self.serves.is_empty() {
            let in_force =
                |period: &&Period| period.start <= on && period.end.is_none_or(|end| on <= end);
            serves = child
                .periods
                .iter()
                .filter(in_force)
                .map(|period| period.duty.kind())
                .collect();
        }
        let a_visit = self.occasion.as_deref().is_none_or(|code| code == "visit");
        child.visits.push(Visit {
            on,
            seen,
            in_person: self.mode.as_deref() == Some("in_person"),
            statutory: a_visit && self.statutory.as_deref() != Some("no"),
            serves,
        });
    }
}

/// The line about one child.
pub(crate) fn line_of(
    child: RecordId,
    name: &str,
    family: Option<&str>,
    owed: &ChildDue,
    day: Date,
) -> DueLine {
    DueLine {
        child,
        name: name.to_owned(),
        family: family.map(str::to_owned),
        line: owed.line(),
        owed: owed.obligations.iter().map(|one| shown(one, day)).collect(),
        last_seen: owed.last_seen.map(|on| on.to_string()),
        no_access: owed.no_access.as_ref().map(no_access),
    }
}

fn shown(owed: &Obligation, day: Date) -> Owed {
    let state = match owed.status {
        Status::Overdue { .. } => "overdue",
        Status::DueToday => "due_today",
        Status::DueIn { .. } => "due_later",
        Status::NoDate => "no_date",
    };
    let not_counted = owed
        .not_counted
        .iter()
        .map(|(on, why)| format!("{} did not count: {}", on.words(day), why.words()));
    Owed {
        kind: owed.kind.code().to_owned(),
        kind_label: owed.kind.label().to_owned(),
        due: owed.due.map(|on| on.to_string()),
        state: state.to_owned(),
        line: owed.line(),
        notes: owed
            .notes
            .iter()
            .map(|note| note.words(day))
            .chain(not_counted)
            .collect(),
    }
}

fn no_access(none: &NoAccess) -> NoAccessLine {
    NoAccessLine {
        on: none.on.iter().map(Date::to_string).collect(),
        see_by: none.see_by.to_string(),
        tell_manager: none.tell_manager,
        line: none.line.clone(),
    }
}

impl Working {
    /// Everything that stands in a record, by the read models.
    pub(crate) fn answers_of(&self, record: i64) -> Result<Answers, StoreError> {
        let mut found = self.store.reader.prepare_cached(
            "SELECT field, element, part, code FROM answer_view WHERE record = ?1",
        )?;
        let mut rows = found.query([record])?;
        let mut all = Answers::new();
        while let Some(row) = rows.next()? {
            let target = views::target(row.get(0)?, row.get(1)?, row.get(2)?);
            all.insert(target, row.get(3)?);
        }
        Ok(all)
    }

    /// When every child whom the holder holds is next to be seen, overdue first, for a day written `2026-10-27`. A child to
    /// whom no visits are owed is left out.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn due(&self, date: &str) -> Result<Vec<DueLine>, ReadError> {
        let day: Date = date.parse().map_err(|_| ReadError::BadDate)?;
        self.due_among(&self.children()?, day)
    }

    /// As [`Self::due`], of these children.
    pub(crate) fn due_among(
        &self,
        children: &[ChildLine],
        day: Date,
    ) -> Result<Vec<DueLine>, ReadError> {
        let rules = Rules::england();
        let mut apart = self.visits_apart()?;
        let mut all = Vec::new();
        for child in children {
            let known = self.due_facts(child.child, day, &mut apart)?;
            // A sum beyond the years whose bank holidays are known has no date: a device's clock may be years off.
            let Ok(owed) = due::due(&rules, &known, day) else {
                continue;
            };
            if owed.obligations.is_empty() && owed.no_access.is_none() {
                continue;
            }
            let family = child.family.as_deref();
            all.push(line_of(child.child, &child.name, family, &owed, day));
        }
        all.sort_by(|a, b| {
            let key = |line: &DueLine| (line.due().is_none(), line.due().map(str::to_owned));
            (key(a), &a.family).cmp(&(key(b), &b.family))
        });
        Ok(all)
    }

    /// What to show after a visit on which nobody could be got hold of; `None` for any other visit, and for one without a
    /// date.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn no_answer(&self, visit: RecordId) -> Result<Option<NoAnswerView>, ReadError> {
        let row = log::record(&self.store.reader, visit)?
            .filter(|row| row.home.kind == RecordKind::Visit)
            .ok_or(ReadError::UnknownRecord(visit))?;
        let child = row
            .home
            .scope
            .child()
            .ok_or(ReadError::UnknownRecord(visit))?;
        let answers = self.answers_of(row.no)?;
        let facts = VisitFacts::of(&answers);
        let (Some(on), Some(true)) = (facts.on, facts.outcome.as_deref().map(is_no_access)) else {
            return Ok(None);
        };
        let known = self.due_facts(child, on, &mut self.visits_apart()?)?;
        let Ok(owed) = due::due(&Rules::england(), &known, on) else {
            return Ok(None);
        };
        let Some(none) = owed.no_access else {
            return Ok(None);
        };
        let times = u32::try_from(none.on.len()).unwrap_or(u32::MAX);
        let days = none
            .on
            .first()
            .map_or(0, |first| first.days_to(on).unsigned_abs());
        let name = self.child_name(child)?;
        let manager = self.manager_name()?;
        let first = manager
            .as_deref()
            .and_then(|name| name.split(' ').next())
            .unwrap_or("your manager")
            .to_owned();
        let manager = manager.unwrap_or_else(|| "Your manager".to_owned());
        let time = match code(&answers, "arrived") {
            Some(time) => time.to_owned(),
            None => Moment::of(self.now().wall).time,
        };
        let last_seen = owed.last_seen.map(|seen| seen.words(on));
        let message = words::no_answer(&name, &time, (times, days), last_seen.as_deref(), &manager);
        let was = if none.see_by < on { "was" } else { "is" };
        let tell = none.tell_manager.then(|| {
            format!(
                "{name} {was} to be seen by {}; tell {first} today.",
                none.see_by.words(on)
            )
        });
        Ok(Some(NoAnswerView {
            title: message.title,
            detail: message.detail,
            times,
            days,
            last_seen: owed.last_seen.map(|seen| seen.to_string()),
            tell_manager: none.tell_manager,
            tell,
        }))
    }

    /// The holder's manager, by the council's list.
    fn manager_name(&self) -> Result<Option<String>, ReadError> {
        let me = self.me.worker;
        let staff = self.staff()?;
        let manager = staff
            .iter()
            .find(|person| person.worker == me)
            .and_then(|person| person.manager.as_ref()?.parse().ok());
        Ok(match manager {
            Some(manager) => Some(self.staff_name(manager)?),
            None => None,
        })
    }
}

//! "Food: not met on the third visit running": one line for an area and a child, however many visits it rests on.
//!
//! The rule is the core's; here the visits are read for it, and the closings that stand on the child's own record. What both
//! workers put stands in the line, and what to do about it is the manager's.

use visitbook_record::calendar::Date;
use visitbook_record::catalogue::{Catalogue, Field};
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::neglect::{self, Back, Observed, Rating, Rests, Running, STEPS, Standing};
use visitbook_record::page::{Statement, View};

use super::super::closing::{self, day_words};
use super::super::model::{ClosingView, NotMetLine, NotMetVisit, RatedView, StepView};
use super::super::show::Show;
use super::known::KnownRecord;

/// A visit that went ahead: its day, and every record of it.
pub(super) struct Went<'a> {
    pub(super) on: Date,
    pub(super) records: Vec<&'a KnownRecord>,
}

/// The line about one area of one child.
pub(crate) struct Line {
    pub(crate) area: &'static Field,
    run: Running,
    /// What may be named as replaced: the closings of the area that count and that no other replaces.
    live: Vec<OpId>,
    pub(crate) standing: Standing,
}

/// The areas of one child that were not met on three visits running, in the order of the form, and where each line stands by the
/// statements of the child's own record.
pub(super) fn of(visits: &[Went<'_>], own: &[Statement], view: View, day: Date) -> Vec<Line> {
    let mut all = Vec::new();
    for area in neglect::areas(Catalogue::newest()) {
        let observed = visits
            .iter()
            .filter_map(|visit| observed(visit, &area.code));
        let Some(run) = neglect::running(observed) else {
            continue;
        };
        let closings = neglect::closings(own, view, &area.code);
        let live = closings.iter().filter(|closed| closed.live);
        let live = live.filter_map(|closed| own.get(closed.at));
        all.push(Line {
            live: live.map(|statement| statement.fact.id).collect(),
            standing: neglect::standing(&run, &closings, day),
            area,
            run,
        });
    }
    all
}

pub(super) fn is_closed(line: &NotMetLine) -> bool {
    line.state == "closed"
}

impl Line {
    /// Who observed on which visit of the run that the area was not met.
    pub(crate) fn rests_on(&self) -> Vec<Rests> {
        let mut all: Vec<Rests> = Vec::new();
        for visit in &self.run.visits {
            let not_met = visit.ratings.iter();
            let not_met = not_met.filter(|(_, rating)| *rating == Rating::NotMet);
            all.extend(not_met.map(|(worker, _)| Rests {
                visit: visit.visit,
                worker: *worker,
            }));
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    pub(crate) fn live_closings(&self) -> Vec<OpId> {
        self.live.clone()
    }

    /// As the board shows it. `show` is over the child's own record.
    pub(super) fn view(
        self,
        child: RecordId,
        child_name: &str,
        show: &Show<'_>,
        day: Date,
    ) -> NotMetLine {
        let visits: Vec<NotMetVisit> = self
            .run
            .visits
            .iter()
            .map(|visit| NotMetVisit {
                visit: visit.visit,
                on: visit.on.to_string(),
                ratings: visit
                    .ratings
                    .iter()
                    .map(|(worker, rating)| RatedView {
                        by: show.name(*worker),
                        words: rating.words().to_owned(),
                    })
                    .collect(),
            })
            .collect();
        let (state, closing) = match self.standing {
            Standing::Open => ("open", None),
            Standing::Closed { by, .. } => ("closed", Some(by)),
            Standing::CameBack { closing, .. } => ("came_back", Some(closing)),
        };
        let today = day.to_string();
        let closing = closing.and_then(|at| closing::view(show, at, &today));
        let mut words = words(child_name, &self.area.label, &self.run, &visits, day);
        if let Some(closing) = &closing {
            words.push_str(&closed_words(closing, &self.standing, day));
        }
        let steps = STEPS.iter().skip(self.standing.least_step());
        NotMetLine {
            child,
            name: child_name.to_owned(),
            area: self.area.code.clone(),
            label: self.area.label.clone(),
            words,
            visits,
            state: state.to_owned(),
            closing,
            steps: steps
                .map(|step| StepView {
                    code: step.code.to_owned(),
                    words: step.words.to_owned(),
                })
                .collect(),
        }
    }
}

/// By whom, why and until when it is closed; or was, and why it is back.
fn closed_words(closing: &ClosingView, standing: &Standing, day: Date) -> String {
    let today = day.to_string();
    let closed = format!(
        "losed by {}, {}: {}, look again {}. “{}”",
        closing.by,
        closing.written.beside(&today),
        closing.step_words,
        day_words(&closing.look_again, &today),
        closing.reason
    );
    let Standing::CameBack { why, step, .. } = standing else {
        return format!(" C{closed}");
    };
    let why = match why {
        Back::NotMetAgain(on) => format!("not met again, {}", spoken(*on, day)),
        Back::NothingChanged(on) => format!("nothing had changed by {}", spoken(*on, day)),
    };
    let up = STEPS.get(*step).map_or("", |step| step.words);
    let was = neglect::step(&closing.step);
    let back = if was.is_some_and(|was| was < *step) {
        format!("back, one step up: {up}")
    } else {
        format!("back, and there is no larger step than to {up}")
    };
    format!(" It was c{closed} But {why}: {back}.")
}

fn spoken(on: Date, day: Date) -> String {
    if on == day {
        "today".to_owned()
    } else {
        on.words(day)
    }
}

/// What stands in a visit about one area, each worker's own. A rating that this version cannot read is passed over.
fn observed(visit: &Went<'_>, area: &str) -> Option<Observed> {
    let first = visit.records.first()?;
    let mut ratings = Vec::new();
    for record in &visit.records {
        let about = record.page.questions.values().filter(|question| {
            question.target.name() == area && question.target.part_name().is_none()
        });
        for statement in about
            .flat_map(|question| &question.live)
            .filter_map(|at| record.statements.get(*at))
        {
            let rating = statement.fact.answer.code().and_then(Rating::from_code);
            ratings.extend(rating.map(|rating| (statement.fact.author, rating)));
        }
    }
    Some(Observed {
        on: visit.on,
        visit: first.id,
        beside: visit.records.iter().skip(1).map(|one| one.id).collect(),
        ratings,
    })
}

fn words(child: &str, area: &str, running: &Running, visits: &[NotMetVisit], day: Date) -> String {
    let days: Vec<String> = running
        .visits
        .iter()
        .map(|visit| spoken(visit.on, day))
        .collect();
    let mut words = format!(
        "{child}, {}: not met, {} visit running ({}).",
        super::words::lower(area),
        ordinal(running.visits.len()),
        days.join(", ")
    );
    if !running.not_looked.is_empty() {
        let days: Vec<String> = running
            .not_looked
            .iter()
            .map(|on| spoken(*on, day))
            .collect();
        words.push_str(&format!(" Nobody looked: {}.", days.join(", ")));
    }
    if let (Some(last), Some(on)) = (visits.last(), days.last()) {
        let each: Vec<String> = last
            .ratings
            .iter()
            .map(|one| format!("{} {}", one.by, one.words))
            .collect();
        let mut letters = on.chars();
        let first: String = letters
            .next()
            .map(|letter| letter.to_uppercase().collect())
            .unwrap_or_default();
        words.push_str(&format!(
            " {first}{}: {}.",
            letters.as_str(),
            each.join(", ")
        ));
    }
    words
}

fn ordinal(number: usize) -> String {
    match number {
        3 => "third".to_owned(),
        4 => "fourth".to_owned(),
        5 => "fifth".to_owned(),
        more => format!("{more}th"),
    }
}

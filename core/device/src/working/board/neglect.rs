//! "Food: not met on the third visit running": one line for an area and a child, however many visits it rests on.
//!
//! The rule is the core's; here the visits are read for it. What both workers put stands in the line, and what to do about it is
//! the manager's.

use std::collections::BTreeMap;

use visitbook_record::calendar::Date;
use visitbook_record::catalogue::Catalogue;
use visitbook_record::id::WorkerId;
use visitbook_record::neglect::{self, Observed, Rating, Running};

use super::super::model::{NotMetLine, NotMetVisit, RatedView};
use super::known::{KnownChild, KnownRecord};

/// A visit that went ahead: its day, and every record of it.
pub(super) struct Went<'a> {
    pub(super) on: Date,
    pub(super) records: Vec<&'a KnownRecord>,
}

/// The areas of one child that were not met on three visits running, in the order of the form.
pub(super) fn of(
    child: &KnownChild,
    child_name: &str,
    visits: &[Went<'_>],
    day: Date,
    staff: &BTreeMap<WorkerId, String>,
) -> Vec<NotMetLine> {
    let mut all = Vec::new();
    for area in neglect::areas(Catalogue::newest()) {
        let observed = visits
            .iter()
            .filter_map(|visit| observed(visit, &area.code));
        let Some(running) = neglect::running(observed) else {
            continue;
        };
        let name = |worker: &WorkerId| {
            let known = staff.get(worker).cloned();
            known.unwrap_or_else(|| worker.to_string())
        };
        let visits: Vec<NotMetVisit> = running
            .visits
            .iter()
            .map(|visit| NotMetVisit {
                visit: visit.visit,
                on: visit.on.to_string(),
                ratings: visit
                    .ratings
                    .iter()
                    .map(|(worker, rating)| RatedView {
                        by: name(worker),
                        words: rating.words().to_owned(),
                    })
                    .collect(),
            })
            .collect();
        all.push(NotMetLine {
            child: child.id,
            name: child_name.to_owned(),
            area: area.code.clone(),
            words: words(child_name, &area.label, &running, &visits, day),
            label: area.label.clone(),
            visits,
            steps: neglect::STEPS.map(str::to_owned).to_vec(),
        });
    }
    all
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
        ratings,
    })
}

fn words(child: &str, area: &str, running: &Running, visits: &[NotMetVisit], day: Date) -> String {
    let spoken = |on: Date| {
        if on == day {
            "today".to_owned()
        } else {
            on.words(day)
        }
    };
    let days: Vec<String> = running
        .visits
        .iter()
        .map(|visit| spoken(visit.on))
        .collect();
    let mut words = format!(
        "{child}, {}: not met, {} visit running ({}).",
        super::words::lower(area),
        ordinal(running.visits.len()),
        days.join(", ")
    );
    if !running.not_looked.is_empty() {
        let days: Vec<String> = running.not_looked.iter().map(|on| spoken(*on)).collect();
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

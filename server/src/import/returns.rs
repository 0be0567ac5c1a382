//! The SSDA903 return on looked-after children: from its tables to what is known of a child.
//!
//! The return counts episodes: each change of placement or legal status is one. The record wants the whole time in care, which
//! begins with the episode whose reason is S and ends with one that ends for another reason than that the next begins; within
//! it, the placements and the legal statuses. A return covers a year, so the first episode told of a child may not be the
//! first there was: then the dates it gives are the latest possible ones, and say so.

use std::collections::BTreeMap;
use std::rc::Rc;

use super::caseload::{Caseload, Element, Whence};
use super::cells::is_reason_for_no_upn;
use super::codes::ANOTHER_EPISODE;
use super::layouts;
use super::rejected::{Rejected, Rejects};
use super::table::{Row, Table, cell};

/// What the reader is to be told besides.
#[derive(Default)]
pub(super) struct Told {
    /// Times in care whose beginning is not in the files.
    pub(super) begun_before: usize,
}

/// Adds the rows of the return. Of two files of one table, the one that stands last in the alphabet is the newer.
pub(super) fn add(tables: &[Table], caseload: &mut Caseload, rejects: &mut Rejects) -> Told {
    let mut episodes: BTreeMap<String, BTreeMap<String, Episode>> = BTreeMap::new();
    let mut reviews: BTreeMap<String, BTreeMap<String, (Whence, String)>> = BTreeMap::new();
    for table in tables
        .iter()
        .rev()
        .filter(|table| table.layout.is_of_the_return())
    {
        let file: Rc<str> = table.file.as_str().into();
        for (number, row) in &table.rows {
            let whence = Whence::new(&file, *number);
            let code = cell(row, "CHILD");
            match table.layout.table {
                layouts::Table::Episodes => {
                    let began = cell(row, "DECOM").to_owned();
                    let episode = Episode {
                        whence,
                        row: row.clone(),
                    };
                    let all = episodes.entry(code.to_owned()).or_default();
                    all.entry(began).or_insert(episode);
                }
                layouts::Table::Reviews => {
                    let held = reviews.entry(code.to_owned()).or_default();
                    held.entry(cell(row, "REVIEW").to_owned())
                        .or_insert_with(|| (whence, cell(row, "REVIEW_CODE").to_owned()));
                }
                table => plain(table, row, &whence, caseload),
            }
        }
    }
    let mut told = Told::default();
    for (code, held) in &reviews {
        for (on, (whence, part)) in held {
            let review = Element::new("review", format!("cla:{on}"), whence)
                .with("kind", "cla")
                .with("on", on)
                .with("participation", part);
            caseload.child(code).elements.push(review);
        }
    }
    for (code, episodes) in &episodes {
        let child = caseload.child(code);
        let born = child.fields.get("dob").map(|(born, _)| born.clone());
        let after_birth = episodes.values().filter(|episode| {
            let before = born
                .as_deref()
                .is_some_and(|born| episode.cell("DECOM") < born);
            if before {
                let Whence { file, row } = &episode.whence;
                let began = episode.cell("DECOM");
                rejects.row(Rejected::new(
                    file,
                    *row,
                    "DECOM",
                    began,
                    "before the child was born",
                ));
            }
            !before
        });
        let held: Vec<&String> = reviews
            .get(code)
            .into_iter()
            .flat_map(BTreeMap::keys)
            .collect();
        for care in times_in_care(after_birth) {
            told.begun_before += usize::from(!care.began_here);
            child.elements.extend(care.elements(&held));
        }
    }
    told
}

/// The tables that say one thing of a child each.
fn plain(table: layouts::Table, row: &Row, whence: &Whence, caseload: &mut Caseload) {
    let child = caseload.child(cell(row, "CHILD"));
    let mut say = |field, column| child.say(field, cell(row, column), whence);
    match table {
        layouts::Table::Header => {
            say("code", "CHILD");
            say("sex", "SEX");
            say("dob", "DOB");
            say("ethnicity", "ETHNIC");
            if is_reason_for_no_upn(cell(row, "UPN")) {
                say("upn_unknown", "UPN");
            } else {
                say("upn", "UPN");
            }
        }
        layouts::Table::Uasc => {
            say("uasc_until", "DUC");
            child.say("uasc", "yes", whence);
        }
        layouts::Table::Oc2 => say("sdq_score", "SDQ_SCORE"),
        layouts::Table::Oc3 => {
            say("care_leaver_in_touch", "IN_TOUCH");
            say("care_leaver_activity", "ACTIV");
            say("care_leaver_accommodation", "ACCOM");
        }
        layouts::Table::Ad1 => {
            say("adoption_decided", "DATE_INT");
            say("adoption_matched", "DATE_MATCH");
        }
        layouts::Table::PlacedForAdoption => {
            say("adoption_decided", "DATE_PLACED");
            say("adoption_ended", "DATE_PLACED_CEASED");
            say("adoption_ended_because", "REASON_PLACED_CEASED");
        }
        layouts::Table::PreviousPermanence => {
            say("previous_permanence", "PREV_PERM");
            say("previous_permanence_date", "DATE_PERM");
        }
        layouts::Table::Missing => {
            let start = cell(row, "MIS_START");
            let away = Element::new("missing", format!("missing:{start}"), whence)
                .with("kind", cell(row, "MISSING"))
                .with("start", start)
                .until(row.get("MIS_END").map(String::as_str));
            child.elements.push(away);
        }
        _ => {}
    }
}

struct Episode {
    whence: Whence,
    row: Row,
}

impl Episode {
    fn cell(&self, column: &str) -> &str {
        cell(&self.row, column)
    }

    fn began_by(&self, reasons: &[&str]) -> bool {
        reasons.contains(&self.cell("RNE"))
    }

    /// The care itself ended with it.
    fn ends_care(&self) -> bool {
        !self.cell("DEC").is_empty() && !["", ANOTHER_EPISODE].contains(&self.cell("REC"))
    }
}

/// A whole time in care.
struct Care<'a> {
    /// In order of their first days; never empty.
    episodes: Vec<&'a Episode>,
    /// Its first episode is the one in which the child came into care.
    began_here: bool,
    /// The day by which it was over, where the child came into care anew and no reason tells of the end between.
    over_by: Option<String>,
}

fn times_in_care<'a>(episodes: impl Iterator<Item = &'a Episode>) -> Vec<Care<'a>> {
    let mut all: Vec<Care<'a>> = Vec::new();
    for episode in episodes {
        let starts = episode.began_by(&["S"]);
        match all.last_mut() {
            Some(care) if !starts && !care.ended() => {
                care.episodes.push(episode);
                continue;
            }
            Some(care) if !care.ended() => {
                let again = episode.cell("DECOM").to_owned();
                let over = care
                    .told_until()
                    .map_or(again.clone(), |told| told.min(again));
                care.over_by = Some(over);
            }
            _ => {}
        }
        all.push(Care {
            episodes: vec![episode],
            began_here: starts,
            over_by: None,
        });
    }
    all
}

/// A stretch of episodes with something in common.
struct Stretch<'a> {
    episodes: Vec<&'a Episode>,
    began_here: bool,
    end: Option<String>,
}

impl Stretch<'_> {
    fn start(&self) -> &str {
        self.episodes
            .first()
            .map_or("", |episode| episode.cell("DECOM"))
    }

    /// What the newest of its episodes says.
    fn newest(&self, column: &str) -> &str {
        let said = self
            .episodes
            .iter()
            .rev()
            .map(|episode| episode.cell(column));
        said.into_iter().find(|cell| !cell.is_empty()).unwrap_or("")
    }
}

impl<'a> Care<'a> {
    fn ended(&self) -> bool {
        self.episodes
            .last()
            .is_some_and(|episode| episode.ends_care())
    }

    /// The last day of what is told; `None` while it lasts.
    fn told_until(&self) -> Option<String> {
        let last = self
            .episodes
            .last()
            .map_or("", |episode| episode.cell("DEC"));
        (!last.is_empty()).then(|| last.to_owned())
    }

    /// Placements begin with every reason but a change of legal status alone; legal statuses with S, L, B and U.
    fn stretches(&self, reasons: &[&str], column: &str) -> Vec<Stretch<'a>> {
        let mut all: Vec<Stretch<'a>> = Vec::new();
        for episode in &self.episodes {
            let begins = episode.began_by(reasons);
            let same = |stretch: &&mut Stretch<'a>| {
                let (before, now) = (stretch.newest(column), episode.cell(column));
                !begins && (before == now || before.is_empty() || now.is_empty())
            };
            if let Some(stretch) = all.last_mut().filter(same) {
                stretch.episodes.push(episode);
                continue;
            }
            let first = all.is_empty();
            if let Some(before) = all.last_mut() {
                before.end = Some(episode.cell("DECOM").to_owned());
            }
            all.push(Stretch {
                episodes: vec![episode],
                began_here: begins || !first,
                end: None,
            });
        }
        if let Some(last) = all.last_mut() {
            last.end = self.over_by.clone().or_else(|| self.told_until());
        }
        all
    }

    fn elements(&self, reviews: &[&String]) -> Vec<Element> {
        let Some((first, last)) = self.episodes.first().zip(self.episodes.last()) else {
            return Vec::new();
        };
        let end = match self.ended() {
            true => Some(last.cell("DEC")),
            false => self.over_by.as_deref(),
        };
        let mut care = Element::period("cla", first.cell("DECOM"), &first.whence).until(end);
        if self.ended() {
            care = care.with("end_reason", last.cell("REC"));
        }
        if !self.began_here {
            care.bounds.push("start");
        }
        let needs = self
            .episodes
            .iter()
            .rev()
            .map(|episode| episode.cell("CIN"));
        let need = needs.into_iter().find(|need| !need.is_empty());
        care = care.with("primary_need", need.unwrap_or_default());
        let mut held = reviews
            .iter()
            .map(|on| on.as_str())
            .filter(|on| *on >= first.cell("DECOM") && end.is_none_or(|end| *on <= end));
        // Only where the beginning is told is the first review told of the first there was.
        let first_review = held.next();
        if self.began_here {
            care = care.with("first_review", first_review.unwrap_or_default());
        }
        care = care.with(
            "last_review",
            held.next_back().or(first_review).unwrap_or_default(),
        );

        let placements = self.stretches(&["S", "P", "T", "B", "U"], "PLACE");
        let statuses = self.stretches(&["S", "L", "B", "U"], "LS");
        if let Some(now) = placements.last() {
            care = care
                .with("placement_start", now.start())
                .with("placement_end", now.end.as_deref().unwrap_or_default())
                .with("placement_type", now.newest("PLACE"))
                .with("placement_provider", now.newest("PLACE_PROVIDER"))
                .with("placement_urn", now.newest("URN"))
                .with("placement_postcode", now.newest("PL_POST"));
            if !now.began_here {
                care.bounds.push("placement_start");
            }
            if now.end.is_none() {
                care.none.push("placement_end");
            }
        }
        if let Some(now) = statuses.last() {
            care = care
                .with("legal_status", now.newest("LS"))
                .with("legal_status_start", now.start());
            if !now.began_here {
                care.bounds.push("legal_status_start");
            }
        }
        let period = care.id.clone();
        let mut elements = vec![care];
        elements.extend(placements.iter().filter_map(|stretch| {
            let placement = history("placement", "placement", stretch, &period)?;
            Some(
                placement
                    .with("type", stretch.newest("PLACE"))
                    .with("provider", stretch.newest("PLACE_PROVIDER"))
                    .with("urn", stretch.newest("URN"))
                    .with("postcode", stretch.newest("PL_POST"))
                    .with("change_reason", stretch.newest("REASON_PLACE_CHANGE")),
            )
        }));
        elements.extend(statuses.iter().filter_map(|stretch| {
            let status = history("legal_status", "legal", stretch, &period)?;
            Some(status.with("status", stretch.newest("LS")))
        }));
        elements
    }
}

fn history(
    field: &'static str,
    prefix: &str,
    stretch: &Stretch<'_>,
    period: &str,
) -> Option<Element> {
    let start = stretch.start();
    let whence = &stretch.episodes.first()?.whence;
    let mut element = Element::new(field, format!("{prefix}:{start}"), whence)
        .with("period", period)
        .with("start", start)
        .until(stretch.end.as_deref());
    if !stretch.began_here {
        element.bounds.push("start");
    }
    Some(element)
}

#[cfg(test)]
mod tests;

//! What came after the moment of a board, and what it changes.

use std::collections::{BTreeMap, BTreeSet};

use visitbook_record::id::{OpId, RecordId};
use visitbook_record::op::Kind;
use visitbook_record::page::{Page, Question, Statement};

use super::super::closing::{self, day_words};
use super::super::model::{Addition, Since};
use super::super::show::Show;
use super::known::{Known, KnownChild, KnownRecord};
use crate::clock::Moment;

pub(super) fn since(then: &Known, now: &Known, at: &Moment, lines_now: Vec<String>) -> Since {
    let before: BTreeMap<RecordId, &KnownChild> = then
        .children
        .iter()
        .map(|child| (child.id, child))
        .collect();
    let mut additions = Vec::new();
    for child in &now.children {
        // A child who was not held then has no place on a board of then, and nothing to add to it.
        if let Some(known) = before.get(&child.id) {
            for record in &child.records {
                let earlier = known.records.iter().find(|one| one.id == record.id);
                additions.extend(Comparing::new(now, &at.date, child, earlier, record).additions());
            }
        }
    }
    additions.sort_by(|a, b| {
        let key = |one: &Addition| {
            (
                one.received.is_none(),
                one.received.clone(),
                one.written.millis,
            )
        };
        key(a).cmp(&key(b))
    });
    let count = additions.len();
    let plural = if count == 1 { "" } else { "s" };
    let changes: BTreeSet<&str> = additions
        .iter()
        .filter(|one| one.change.is_some())
        .map(|one| one.what.as_str())
        .collect();
    let mut words = format!("{count} addition{plural} since {}", at.time);
    if !changes.is_empty() {
        let it = if count == 1 {
            "it changes"
        } else {
            "they change"
        };
        let named: Vec<String> = changes.iter().map(|what| format!("“{what}”")).collect();
        words.push_str(&format!("; {it} {}", named.join(", ")));
    }
    words.push('.');
    Since {
        words,
        additions,
        lines_now,
    }
}

struct Comparing<'a> {
    child: &'a KnownChild,
    earlier: Option<&'a KnownRecord>,
    record: &'a KnownRecord,
    show: Show<'a>,
    known: BTreeSet<OpId>,
    /// The day of the board.
    today: &'a str,
}

impl<'a> Comparing<'a> {
    fn new(
        now: &'a Known,
        today: &'a str,
        child: &'a KnownChild,
        earlier: Option<&'a KnownRecord>,
        record: &'a KnownRecord,
    ) -> Self {
        let counted = |statement: &&Statement| statement.fact.is_applied();
        let known = earlier
            .map(|earlier| {
                earlier
                    .statements
                    .iter()
                    .filter(counted)
                    .map(|one| one.fact.id)
            })
            .into_iter()
            .flatten()
            .collect();
        Self {
            child,
            earlier,
            record,
            show: Show {
                kind: record.kind,
                // Nobody's: what is compared is the same for every reader.
                me: visitbook_record::id::WorkerId([0; 16]),
                staff: &now.staff,
                statements: &record.statements,
            },
            known,
            today,
        }
    }

    fn additions(&self) -> Vec<Addition> {
        if self.earlier.is_none() {
            let whole = format!("a {}", self.record.kind.form());
            return self.addition(0, whole, None).into_iter().collect();
        }
        let page = &self.record.page;
        if page.voided.is_some() {
            return self.whole_record(page);
        }
        let mut all = Vec::new();
        for question in page.questions.values() {
            // Who has opened what a child handed in adds nothing to the file.
            if question.target.name() == "opened" {
                continue;
            }
            let new = self.newest_unknown(&question.live);
            let what = self.show.label(&question.target);
            all.extend(new.and_then(|at| self.addition(at, what, self.change(question))));
        }
        for entry in &page.entries {
            let new = self.newest_unknown(&entry.live);
            let what = self.show.label(&entry.target);
            all.extend(new.and_then(|at| self.addition(at, what, None)));
        }
        all.extend(self.whole_record(page));
        all
    }

    fn newest_unknown(&self, live: &[usize]) -> Option<usize> {
        let unknown = |at: &&usize| {
            let statement = self.record.statements.get(**at);
            statement.is_some_and(|one| !self.known.contains(&one.fact.id))
        };
        live.iter().rev().find(unknown).copied()
    }

    /// How the answer that stands differs from the one that stood.
    fn change(&self, question: &Question) -> Option<String> {
        let earlier = self.earlier?;
        let before = earlier.page.questions.get(&question.target);
        let was = before.and_then(|before| {
            let value = earlier
                .statements
                .get(before.standing?)?
                .content
                .as_ref()?
                .value()?;
            Some(value.label.clone())
        });
        let is = question.standing.and_then(|at| self.show.text(at));
        let newly_open = question.open && !before.is_some_and(|before| before.open);
        if was == is && !newly_open {
            return None;
        }
        let two = if newly_open {
            "; two answers, not checked yet"
        } else {
            ""
        };
        Some(match (was, is) {
            (Some(was), Some(is)) if was != is => format!("was {was}; is {is}{two}"),
            (None, Some(is)) => format!("is {is}{two}"),
            (_, _) => two.trim_start_matches("; ").to_owned(),
        })
        .filter(|words| !words.is_empty())
    }

    /// Finishes and oversight.
    fn whole_record(&self, page: &Page) -> Vec<Addition> {
        let finish = page.finished.as_ref().map(|finished| finished.by);
        let stood_finished = self
            .earlier
            .is_some_and(|earlier| earlier.page.finished.is_some());
        let mut found = Vec::new();
        if !stood_finished {
            found.extend(finish);
        }
        found.extend(page.signed_off);
        found.extend(page.voided);
        found.extend(page.returned.iter().copied());
        found.extend(page.closings.iter().copied());
        found.sort_unstable();
        found
            .into_iter()
            .filter(|at| self.newest_unknown(&[*at]).is_some())
            .filter_map(|at| {
                let statement = self.record.statements.get(at)?;
                if let Some(closing) = closing::view(&self.show, at, self.today) {
                    let what = format!("{}, not met: closed", super::words::lower(&closing.label));
                    let change =
                        format!("look again {}", day_words(&closing.look_again, self.today));
                    return self.addition(at, what, Some(change));
                }
                let what = match statement.fact.kind {
                    Kind::Finish => "finished",
                    Kind::SignOff => "signed off",
                    Kind::Return => "given back with a question",
                    _ => "entered in error",
                };
                let change = (statement.fact.kind == Kind::Void).then(|| "hidden".to_owned());
                self.addition(at, what.to_owned(), change)
            })
            .collect()
    }

    fn addition(&self, at: usize, what: String, change: Option<String>) -> Option<Addition> {
        let late = self.show.late(at)?;
        Some(Addition {
            record: self.record.id,
            kind: self.record.kind.form().to_owned(),
            name: self.child.name(),
            what,
            by: late.by,
            written: late.begun,
            received: late.received,
            change,
        })
    }
}

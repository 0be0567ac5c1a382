//! From statements to what a screen shows of them: names for ids, labels for codes, times in London.

use std::collections::BTreeMap;

use visitbook_record::attachment;
use visitbook_record::catalogue::Catalogue;
use visitbook_record::commit::RecordKind;
use visitbook_record::fact::{Answer, Fact};
use visitbook_record::id::WorkerId;
use visitbook_record::neglect;
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::page::{Entry as PageEntry, Page, Statement, redaction_of};
use visitbook_record::payload::{Content, Drawing, Settlement};
use visitbook_record::redaction;
use visitbook_record::time::WallMillis;
use visitbook_record::verdict::Verdict;
use visitbook_record::words;

use super::answer::whose_agreement;
use super::model::{
    AnswerView, AskView, ChoiceView, EntryView, FinishedView, LateView, QuestionView, Version,
    VersionView,
};
use crate::clock::Moment;

/// Turns statements into what a screen shows.
pub(crate) struct Show<'a> {
    pub(crate) kind: RecordKind,
    pub(crate) me: WorkerId,
    pub(crate) staff: &'a BTreeMap<WorkerId, String>,
    pub(crate) statements: &'a [Statement],
}

impl Show<'_> {
    pub(crate) fn name(&self, worker: WorkerId) -> String {
        self.staff
            .get(&worker)
            .cloned()
            .unwrap_or_else(|| worker.to_string())
    }

    pub(crate) fn label(&self, target: &Target) -> String {
        if target.name() == attachment::FIELD {
            return "Attached".to_owned();
        }
        if target.name() == redaction::FIELD {
            return "Words removed".to_owned();
        }
        let catalogue = Catalogue::newest();
        if let Some(area) = neglect::area_of(target) {
            let known = neglect::areas(catalogue).find(|known| known.code == area);
            let area = known.map_or(area, |known| known.label.as_str());
            return format!("Not met, closed: {area}");
        }
        catalogue
            .field(self.kind.form(), target)
            .map_or_else(|| target.name().to_owned(), |field| field.label.clone())
    }

    pub(crate) fn answers(&self, live: &[usize]) -> Vec<AnswerView> {
        live.iter().filter_map(|at| self.answer(*at)).collect()
    }

    pub(crate) fn answer(&self, at: usize) -> Option<AnswerView> {
        let statement = self.statements.get(at)?;
        let fact = &statement.fact;
        let value = statement.content.as_ref().and_then(Content::value);
        let reason = match &statement.content {
            Some(Content::Settlement(Settlement { reason, .. })) => reason.clone(),
            Some(Content::Correction(correction)) => Some(correction.reason.clone()),
            _ => None,
        };
        Some(AnswerView {
            op: fact.id,
            code: value.map(|value| value.code.clone()),
            label: value
                .map(|value| value.label.clone())
                .or_else(|| self.text(at)),
            note: value.and_then(|value| value.note.clone()),
            author: fact.author,
            by: self.name(fact.author),
            mine: fact.author == self.me,
            settled: fact.kind == Kind::Resolve,
            reason,
            removed: self.removed(at),
            written: Moment::of(statement.written),
            received: statement.received.map(Moment::of),
        })
    }

    /// What is shown in place of words that were removed by law.
    pub(crate) fn removed(&self, at: usize) -> Option<String> {
        let by = self.statements.get(redaction_of(self.statements, at)?)?;
        let reason = match &by.content {
            Some(Content::Redaction(said)) => Some(said.reason.as_str()),
            _ => None,
        };
        let when = Moment::of(by.received.unwrap_or(by.written));
        let when = format!("{} {}", when.date, when.time);
        Some(words::removed(&when, &self.name(by.fact.author), reason))
    }

    pub(crate) fn any_mine(&self, live: &[usize]) -> bool {
        live.iter()
            .filter_map(|at| self.statements.get(*at))
            .any(|statement| statement.fact.author == self.me)
    }

    /// No live answer names another as replaced: nobody here had seen what the others said.
    pub(crate) fn unseen(&self, live: &[usize]) -> bool {
        live.iter()
            .filter_map(|at| self.statements.get(*at))
            .all(|statement| statement.fact.replaces.is_empty())
    }

    pub(crate) fn questions(&self, page: &Page) -> Vec<QuestionView> {
        let mut all: Vec<QuestionView> = page
            .questions
            .values()
            .map(|question| QuestionView {
                target: question.target.to_string(),
                field: question.target.name().to_owned(),
                label: self.label(&question.target),
                answers: self.answers(&question.live),
                standing: question
                    .standing
                    .and_then(|standing| question.live.iter().position(|at| *at == standing)),
                open: question.open,
                maybe_worse: question.maybe_worse,
                on_page: self.answers(&question.on_page),
            })
            .collect();
        let fields = Catalogue::newest().fields(self.kind.form());
        all.sort_by_key(|question| {
            fields
                .iter()
                .position(|field| field.code == question.field)
                .unwrap_or(usize::MAX)
        });
        all
    }

    pub(crate) fn entries(&self, page: &Page) -> Vec<EntryView> {
        page.entries
            .iter()
            .map(|entry| EntryView {
                heading: entry.target.name().to_owned(),
                label: self.label(&entry.target),
                entry: entry.target.element_id().unwrap_or_default().to_owned(),
                versions: self
                    .versions(entry)
                    .filter_map(|at| self.entry_text(at))
                    .collect(),
                first: entry
                    .first
                    .and_then(|first| self.versions(entry).position(|at| at == first))
                    .unwrap_or(0),
                withdrawn: entry.withdrawn,
                open: entry.open,
                late: entry.late,
            })
            .collect()
    }

    /// What the council and the worker's device both made of one thing a child handed in is one version.
    fn versions<'p>(&'p self, entry: &'p PageEntry) -> impl Iterator<Item = usize> + 'p {
        let answer = |at: usize| {
            let fact = &self.statements.get(at)?.fact;
            (fact.policy == Policy::Words).then_some(&fact.answer)
        };
        let live = entry.live.iter().enumerate();
        live.filter(move |(place, at)| {
            let same = |earlier: &usize| answer(*earlier) == answer(**at);
            answer(**at).is_none() || !entry.live.iter().take(*place).any(same)
        })
        .map(|(_, at)| *at)
    }

    pub(crate) fn entry_text(&self, at: usize) -> Option<VersionView> {
        let statement = self.statements.get(at)?;
        let chosen = match &statement.content {
            // A settlement between versions stands for the one it names.
            Some(Content::Settlement(settlement)) => self
                .statements
                .iter()
                .find(|other| other.fact.id.to_string() == settlement.value.code),
            _ => None,
        };
        let shown = chosen.unwrap_or(statement);
        let (text, cut_off) = match &shown.content {
            Some(Content::Text { text, cut_off }) => (Some(text.clone()), *cut_off),
            Some(Content::Words(text) | Content::Reason(text)) => (Some(text.clone()), false),
            Some(Content::Drawing(drawing)) => (Some(drawing_words(drawing)), false),
            _ => (None, false),
        };
        let place = self
            .statements
            .iter()
            .position(|other| other.fact.id == shown.fact.id);
        Some(VersionView {
            op: shown.fact.id,
            text,
            removed: place.and_then(|place| self.removed(place)),
            cut_off,
            author: shown.fact.author,
            by: self.name(shown.fact.author),
            written: Moment::of(shown.written),
            received: shown.received.map(Moment::of),
        })
    }

    pub(crate) fn finished(&self, page: &Page) -> Option<FinishedView> {
        let finished = page.finished.as_ref()?;
        let by = self.statements.get(finished.by)?;
        // A later finish that lists all of the first and more is how additions are released; it is no rival.
        let rivals = finished
            .others
            .iter()
            .filter_map(|at| self.statements.get(*at))
            .filter(|other| match &other.content {
                Some(Content::Finish(listed)) => {
                    !finished.listed.iter().all(|id| listed.contains(id))
                }
                _ => true,
            })
            .count();
        Some(FinishedView {
            by: self.name(by.fact.author),
            written: Moment::of(by.written),
            received: by.received.map(Moment::of),
            being_looked_at: finished.being_looked_at,
            rivals,
        })
    }

    /// The words or the answer of a statement.
    pub(crate) fn text(&self, at: usize) -> Option<String> {
        match self.statements.get(at)?.content.as_ref()? {
            Content::Text { text, .. } | Content::Words(text) | Content::Reason(text) => {
                Some(text.clone())
            }
            Content::Value(value) | Content::Settlement(Settlement { value, .. }) => {
                Some(value.label.clone())
            }
            Content::Ask { value, .. } => Some(value.label.clone()),
            Content::Assignment(assignment) => Some(assignment.reason.clone()),
            Content::Redaction(redaction) => Some(redaction.reason.clone()),
            Content::Correction(correction) => Some(correction.value.label.clone()),
            Content::Void { reason, .. } | Content::Placement { reason, .. } => {
                Some(reason.clone())
            }
            Content::Closing(closing) => Some(closing.reason.clone()),
            Content::Attachment(file) => Some(attachment::sort(&file.what).one.to_owned()),
            Content::Finish(_)
            | Content::SignOff(_)
            | Content::FamilySession(_)
            | Content::Drawing(_) => None,
        }
    }

    pub(crate) fn by_previous_worker(&self) -> Vec<LateView> {
        let later = |at: &usize| {
            let verdict = self.statements.get(*at).map(|one| &one.fact.verdict);
            matches!(verdict, Some(Some(Verdict::AppliedFromPreviousWorker)))
        };
        (0..self.statements.len())
            .filter(later)
            .filter_map(|at| self.late(at))
            .collect()
    }

    pub(crate) fn late(&self, at: usize) -> Option<LateView> {
        let statement = self.statements.get(at)?;
        Some(LateView {
            op: statement.fact.id,
            target: statement.fact.target.to_string(),
            label: self.label(&statement.fact.target),
            text: self.text(at),
            by: self.name(statement.fact.author),
            device: None,
            begun: Moment::of(self.begun(statement)),
            written: Moment::of(statement.written),
            received: statement.received.map(Moment::of),
        })
    }

    /// When its author first wrote about this: of a text, the first version.
    fn begun(&self, statement: &Statement) -> WallMillis {
        let same = |other: &&Statement| {
            statement.fact.kind.is_entry()
                && other.fact.target == statement.fact.target
                && other.fact.author == statement.fact.author
        };
        let first = self
            .statements
            .iter()
            .filter(same)
            .map(|other| other.written)
            .min();
        first.unwrap_or(statement.written)
    }

    pub(crate) fn ask(&self, at: usize, about: &Target) -> Option<AskView> {
        let statement = self.statements.get(at)?;
        let Some(Content::Ask { value, person }) = &statement.content else {
            return None;
        };
        (statement.fact.target == *about).then(|| AskView {
            by: self.name(statement.fact.author),
            of: *person,
            of_name: self.name(*person),
            code: value.code.clone(),
            label: value.label.clone(),
        })
    }

    /// The answers given, each with whose agreement it needs.
    pub(crate) fn choices(
        &self,
        target: &Target,
        live: &[usize],
        is_manager: bool,
    ) -> Vec<ChoiceView> {
        let facts: Vec<&Fact> = live
            .iter()
            .filter_map(|at| self.statements.get(*at))
            .map(|statement| &statement.fact)
            .collect();
        let risk = facts.iter().any(|fact| fact.policy == Policy::Risk);
        let mut choices: Vec<ChoiceView> = Vec::new();
        for at in live {
            let Some(value) = self
                .statements
                .get(*at)
                .and_then(|statement| statement.content.as_ref())
                .and_then(Content::value)
            else {
                continue;
            };
            if choices.iter().any(|choice| choice.code == value.code) {
                continue;
            }
            let needs = if risk {
                let chosen = Answer::Code(value.code.clone());
                whose_agreement(self.kind, target, &facts, self.me, is_manager, &chosen)
            } else {
                None
            };
            choices.push(ChoiceView {
                code: value.code.clone(),
                label: value.label.clone(),
                needs,
                needs_name: needs.map(|person| self.name(person)),
            });
        }
        let worry = |choice: &ChoiceView| {
            let answer = Answer::Code(choice.code.clone());
            Catalogue::newest().worry(self.kind.form(), target, &answer)
        };
        choices.sort_by_key(worry);
        choices
    }

    pub(crate) fn version(
        &self,
        at: usize,
        commit: visitbook_record::id::CommitHash,
        live: bool,
    ) -> Option<Version> {
        let statement = self.statements.get(at)?;
        let fact = &statement.fact;
        let note = match &statement.content {
            Some(Content::Value(value)) => value.note.clone(),
            Some(Content::Settlement(settlement)) => settlement
                .reason
                .clone()
                .or_else(|| settlement.value.note.clone()),
            Some(Content::Correction(correction)) => {
                Some(format!("was: {}; {}", correction.was, correction.reason))
            }
            Some(Content::Closing(closing)) => Some(format!(
                "{}; look again {}",
                closing.step.label, closing.look_again
            )),
            _ => None,
        };
        let (verdict, reason) = match &fact.verdict {
            None => ("not_received", None),
            Some(Verdict::Applied) => ("applied", None),
            Some(Verdict::AppliedFromPreviousWorker) => ("applied_from_previous_worker", None),
            Some(Verdict::Quarantined { reason, .. }) => {
                ("set_aside", Some(reason.sentence().to_owned()))
            }
            Some(Verdict::Held { .. }) => ("held", None),
        };
        Some(Version {
            op: fact.id,
            commit,
            kind: kind_word(fact.kind),
            target: fact.target.to_string(),
            label: self.label(&fact.target),
            code: fact.answer.code().map(str::to_owned),
            text: self.text(at),
            removed: self.removed(at),
            note,
            by: self.name(fact.author),
            written: Moment::of(statement.written),
            received: statement.received.map(Moment::of),
            replaces: fact.replaces.clone(),
            verdict: verdict.to_owned(),
            reason,
            live,
        })
    }
}

fn kind_word(kind: Kind) -> String {
    match kind {
        Kind::EntryAdd => "entry_add",
        Kind::EntryRevise => "entry_revise",
        Kind::EntryWithdraw => "entry_withdraw",
        Kind::Assert => "assert",
        Kind::SetAdd => "set_add",
        Kind::SetRemove => "set_remove",
        Kind::Attach => "attach",
        Kind::Finish => "finish",
        Kind::Resolve => "resolve",
        Kind::Correct => "correct",
        Kind::SignOff => "sign_off",
        Kind::Return => "return",
        Kind::Void => "void",
        Kind::Place => "place",
        Kind::EnterFamily => "enter_family",
        Kind::Ask => "ask",
        Kind::Assign => "assign",
        Kind::Unassign => "unassign",
        Kind::Purged => "purged",
        Kind::Open => "open",
        Kind::Close => "close",
        Kind::Redact => "redact",
        Kind::Read => "read",
        Kind::Unknown(_) => "newer_version",
    }
    .to_owned()
}

/// A drawing where only words can stand.
fn drawing_words(drawing: &Drawing) -> String {
    format!(
        "A drawing ({}, {} bytes)",
        drawing.media,
        drawing.bytes.len()
    )
}

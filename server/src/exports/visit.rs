//! One visit as it goes out: for each question the one answer that counts, and what has to be said beside it.
//!
//! A finished visit goes out as it was finished. After that only three things change it: a correction, a settlement by a person,
//! and on a risk question a more worrying answer, which counts until a person settles it (as it does for due dates). An
//! answer to a question that the finished page left open counts too, and is named; a question that nobody answered cannot be
//! corrected, so this is the way to answer it. Where two answers are open, the cautious one goes out: on risk questions by the
//! form's own order of worry, on others by the order below, the one that claims least.

use std::collections::BTreeSet;

use visitbook_record::calendar::Date;
use visitbook_record::catalogue::Catalogue;
use visitbook_record::id::RecordId;
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::page::Question;
use visitbook_record::same_visit::{self, Pair, Standing, Together};

use super::held::Record;

/// The questions that bear on a file.
const ASKED: [&str; 8] = [
    "visit_date",
    "outcome",
    "mode",
    "occasion",
    "statutory",
    "seen",
    "alone",
    "bedroom",
];

/// Of questions without an order of worry: the answers from the one that claims least. What is not named comes before all.
const CLAIMS_LEAST: [(&str, &[&str]); 4] = [
    (
        "outcome",
        &[
            "cancelled_by_us",
            "cancelled_by_family",
            "not_safe_to_enter",
            "no_answer",
            "refused_entry",
            "went_ahead",
        ],
    ),
    ("mode", &["phone", "video", "in_person"]),
    (
        "occasion",
        &[
            "other_meeting",
            "family_time",
            "review_or_conference",
            "core_group",
            "visit",
        ],
    ),
    ("statutory", &["no", "yes"]),
];

/// Something to be said beside an answer that goes out, or about one that does not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Remark {
    /// The question of the visit's form.
    pub(super) field: &'static str,
    /// The answer: a code or a date.
    pub(super) value: String,
    /// What to know about it, and what to do.
    pub(super) reason: String,
}

/// A purpose that the visit itself names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) kind: String,
    pub(super) period: Option<String>,
}

/// A visit, of however many records.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    /// The record that is read first.
    pub(super) id: RecordId,
    pub(super) finished: bool,
    pub(super) on: Option<Date>,
    pub(super) serves: Vec<Named>,
    /// Somebody who is no registered social worker, and nobody who is, made it.
    pub(super) unregistered: bool,
    pub(super) remarks: Vec<Remark>,
    answers: Standing,
}

impl Visit {
    /// The answer that goes out; `None` where there is none, or none that this version can read.
    pub(super) fn code(&self, field: &str) -> Option<&str> {
        self.answers.get(&Target::field(field))?.as_deref()
    }

    /// Planned, or only begun: nobody has said yet that it was made.
    pub(super) fn is_only_planned(&self) -> bool {
        let answered = |field: &str| self.answers.contains_key(&Target::field(field));
        !answered("outcome") && !answered("seen")
    }

    pub(super) fn is_cancelled(&self) -> bool {
        matches!(
            self.code("outcome"),
            Some("cancelled_by_family" | "cancelled_by_us")
        )
    }

    /// Nobody could be got hold of.
    pub(super) fn is_no_access(&self) -> bool {
        matches!(
            self.code("outcome"),
            Some("no_answer" | "refused_entry" | "not_safe_to_enter")
        )
    }

    /// Not a meeting, nor family time.
    pub(super) fn is_a_visit(&self) -> bool {
        self.code("occasion").is_none_or(|code| code == "visit")
    }

    /// The worker lowered what the council's rules would count.
    pub(super) fn is_lowered(&self) -> bool {
        self.code("statutory") == Some("no")
    }
}

/// The visits of one child, several records of one visit taken together, without what was entered in error.
pub(super) fn visits(records: &[Record]) -> Vec<Visit> {
    let records: Vec<&Record> = records
        .iter()
        .filter(|record| record.page.voided.is_none())
        .collect();
    let together = joined(&records);
    let find = |id: RecordId| records.iter().find(|record| record.id == id).copied();
    let mut all = Vec::new();
    for head in records.iter().filter(|one| !together.is_beside(one.id)) {
        let beside = together.beside(head.id).filter_map(find);
        let several: Vec<&Record> = std::iter::once(*head).chain(beside).collect();
        all.push(visit(head.id, &several));
    }
    all
}

/// Which records are of one visit, as people said.
fn joined(records: &[&Record]) -> Together {
    let ids: BTreeSet<RecordId> = records.iter().map(|record| record.id).collect();
    let mut said = Vec::new();
    for record in records {
        for question in record.page.questions.values() {
            let pair = question
                .target
                .element_id()
                .filter(|_| question.target.name() == same_visit::FIELD)
                .and_then(|element| Pair::read(record.id, element))
                .filter(|pair| ids.contains(&pair.records().1));
            if let Some(pair) = pair {
                let code = question.standing.and_then(|at| record.code(at));
                said.push((pair, code.and_then(|code| pair.said(code))));
            }
        }
    }
    Together::new(&said)
}

/// One visit of one or more records: what is finished of it, or all of it if nothing is.
fn visit(id: RecordId, several: &[&Record]) -> Visit {
    let finished: Vec<&Record> = several
        .iter()
        .filter(|record| record.page.finished.is_some())
        .copied()
        .collect();
    let counting = if finished.is_empty() {
        several
    } else {
        &finished
    };
    let mut answers: Option<Standing> = None;
    let mut remarks = Vec::new();
    for record in counting {
        let (own, beside) = answers_of(record);
        remarks.extend(beside);
        answers = Some(match answers {
            None => own,
            Some(first) => {
                let both = same_visit::together(Catalogue::newest(), &first, &own);
                remarks.extend(differing(&first, &own, &both));
                both
            }
        });
    }
    let answers = answers.unwrap_or_default();
    Visit {
        id,
        finished: !finished.is_empty(),
        on: answers
            .get(&Target::field("visit_date"))
            .and_then(|day| day.as_deref()?.parse().ok()),
        serves: named(&answers),
        unregistered: unregistered(&answers),
        remarks,
        answers,
    }
}

/// Two records of one visit that say different things.
fn differing(first: &Standing, second: &Standing, both: &Standing) -> Vec<Remark> {
    let mut remarks = Vec::new();
    for field in ASKED {
        let target = Target::field(field);
        if let (Some(one), Some(other)) = (first.get(&target), second.get(&target))
            && one != other
        {
            remarks.push(Remark {
                field,
                value: both.get(&target).cloned().flatten().unwrap_or_default(),
                reason: "two records of this visit differ; the more cautious answer goes out"
                    .to_owned(),
            });
        }
    }
    remarks
}

/// What stands for every question of one record, as it goes out.
fn answers_of(record: &Record) -> (Standing, Vec<Remark>) {
    let mut answers = Standing::new();
    let mut remarks = Vec::new();
    for question in record.page.questions.values() {
        let field = ASKED
            .into_iter()
            .find(|field| question.target == Target::field(*field));
        let counting = counting(record, question);
        if let Some(answer) = chosen(record, question, &counting) {
            if let Some(field) = field {
                let found = remarks_on(record, question, &counting, answer.as_deref());
                remarks.extend(found.into_iter().map(|reason| Remark {
                    field,
                    value: answer.clone().unwrap_or_default(),
                    reason,
                }));
            }
            answers.insert(question.target.clone(), answer);
        } else if let (Some(field), true) = (field, question.maybe_worse) {
            remarks.push(Remark {
                field,
                value: String::new(),
                reason: SET_ASIDE.to_owned(),
            });
        }
    }
    (answers, remarks)
}

const SET_ASIDE: &str =
    "an answer to this was set aside and has to be looked at; it may be a more worrying one";

fn is_listed(record: &Record, at: usize) -> bool {
    let finished = record.page.finished.as_ref();
    finished.is_some_and(|finish| finish.listed.contains(&record.statements[at].fact.id))
}

/// The live answers that count: on a finished page what it lists and what settles or corrects, or if there is none of it what was
/// answered later. Members of a set are never late: what was added after the finish stands beside it.
fn counting(record: &Record, question: &Question) -> Vec<usize> {
    if record.page.finished.is_none() || question.policy == Policy::Risk {
        return question.live.clone();
    }
    let settled = |at: &usize| record.statements[*at].fact.kind.settles();
    let fixed: Vec<usize> = question
        .live
        .iter()
        .filter(|at| is_listed(record, **at) || settled(at))
        .copied()
        .collect();
    if fixed.is_empty() && question.policy != Policy::Set {
        question.live.clone()
    } else {
        fixed
    }
}

/// The one answer of those that count. `None` if there is none at all; `Some(None)` if it cannot be read.
fn chosen(record: &Record, question: &Question, counting: &[usize]) -> Option<Option<String>> {
    let first = *counting.first()?;
    let code = |at: usize| record.code(at).map(str::to_owned);
    if question.policy == Policy::Risk {
        return Some(question.standing.and_then(code));
    }
    let codes: Option<BTreeSet<String>> = counting.iter().map(|at| code(*at)).collect();
    let Some(codes) = codes else {
        return Some(None);
    };
    if codes.len() < 2 {
        return Some(code(first));
    }
    let rank = |code: &String| {
        let order = CLAIMS_LEAST
            .iter()
            .find(|(field, _)| question.target == Target::field(*field));
        order.map(|(_, order)| order.iter().position(|one| one == code))
    };
    // Of two days the earlier: the next visit is then due sooner. It is the first in the order of the letters.
    Some(codes.into_iter().min_by_key(rank))
}

fn remarks_on(
    record: &Record,
    question: &Question,
    counting: &[usize],
    answer: Option<&str>,
) -> Vec<String> {
    let mut reasons = Vec::new();
    let codes: BTreeSet<&str> = counting.iter().filter_map(|at| record.code(*at)).collect();
    if codes.len() > 1 {
        let codes: Vec<&str> = codes.into_iter().collect();
        reasons.push(format!(
            "two answers, not settled ({}); the more cautious one goes out",
            codes.join(", ")
        ));
    }
    let is_other = |at: &&usize| record.code(**at) != answer;
    let outside = question.live.iter().filter(|at| !counting.contains(at));
    if outside.filter(is_other).count() > 0 {
        reasons.push(
            "another answer was given after the visit was finished and does not count; if it is right, correct the visit"
                .to_owned(),
        );
    }
    if question.maybe_worse {
        reasons.push(SET_ASIDE.to_owned());
    }
    if answer.is_none() {
        reasons.push("this version cannot read the answer; left blank".to_owned());
    }
    if record.page.finished.is_some() {
        let is_correction = |at: &usize| record.statements[*at].fact.kind == Kind::Correct;
        if counting.iter().any(is_correction) {
            reasons.push(
                "put right after the visit was finished; files made before that have the earlier answer"
                    .to_owned(),
            );
        } else if question.on_page.is_empty() && !counting.iter().any(|at| is_listed(record, *at)) {
            reasons.push("answered after the visit was finished".to_owned());
        }
    }
    reasons
}

fn named(answers: &Standing) -> Vec<Named> {
    let part = |kind: &str, part: &str| {
        let target = Target::part("serves", kind, part);
        answers.get(&target).cloned().flatten()
    };
    answers
        .keys()
        .filter(|target| target.name() == "serves" && target.part_name().is_none())
        .filter_map(Target::element_id)
        .map(|kind| Named {
            kind: kind.to_owned(),
            period: part(kind, "period_id"),
        })
        .collect()
}

fn unregistered(answers: &Standing) -> bool {
    let said: Vec<&str> = answers
        .iter()
        .filter(|(target, _)| {
            target.name() == "visited_by" && target.part_name() == Some("registered")
        })
        .filter_map(|(_, code)| code.as_deref())
        .collect();
    said.contains(&"no") && !said.contains(&"yes")
}

//! "One visit or two?": two people begin a visit to one child within a few hours, and each makes a record of it.
//!
//! A visit that was planned is one record on every phone. Without a plan there are two, and only a person can say whether there
//! were two visits. Until somebody does, both stand as two. *Two* closes the question for ever. *One* names the record to read
//! first; the other stays whole beside it, under its author's name, and lists, dates and boards count both once. Nothing is
//! merged. The answer is an answer like any other, on the record with the lower id, about the other: where two people answer
//! differently, that is a question with two answers.
//!
//! Pure: the same statements give the same groups, in whatever order they arrive.

use std::collections::{BTreeMap, BTreeSet};

use crate::calendar::Date;
use crate::catalogue::{Catalogue, Sort};
use crate::commit::RecordKind;
use crate::fact::Answer;
use crate::id::{DeviceId, RecordId, WorkerId};
use crate::op::{Policy, Target};

/// The field on the visit's form.
pub const FIELD: &str = "same_visit";

/// Two visits that began no further apart than this may be one.
const APART_MINUTES: i64 = 3 * 60;

const MINUTES_A_DAY: i64 = 24 * 60;

/// What is known of how a visit's record came about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// The record.
    pub visit: RecordId,
    /// The day of the visit.
    pub day: Date,
    /// When the worker arrived, in minutes since midnight.
    pub arrived: Option<u16>,
    /// It was planned before the day.
    pub planned: bool,
    /// Who made the record.
    pub by: WorkerId,
    /// On which device.
    pub device: DeviceId,
}

/// Whether it must be asked if two records of visits to one child are one visit: neither was planned, they were made by
/// different people or on different devices, and they began within three hours. Where one of them does not say when the worker
/// arrived, the same day is enough.
///
/// Times are those on the wall in London; across a change of the clocks they may be an hour out, which a question can bear.
#[must_use]
pub fn may_be_one(a: &Begun, b: &Begun) -> bool {
    if a.visit == b.visit || a.planned || b.planned || (a.by, a.device) == (b.by, b.device) {
        return false;
    }
    are_near((a.day, a.arrived), (b.day, b.arrived))
}

/// Whether two visits, each by its day and the minute of arrival, began within three hours, or may have.
#[must_use]
pub fn are_near(a: (Date, Option<u16>), b: (Date, Option<u16>)) -> bool {
    let days = i64::from(a.0.days_to(b.0));
    match (a.1, b.1) {
        (Some(first), Some(second)) => {
            let apart = days * MINUTES_A_DAY + i64::from(second) - i64::from(first);
            apart.abs() <= APART_MINUTES
        }
        _ => days == 0,
    }
}

/// Two records of visits to one child, whichever was named first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pair {
    low: RecordId,
    high: RecordId,
}

/// What somebody answered about a pair.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// Two visits.
    Two,
    /// One, and this record is read first.
    One {
        /// Of the two.
        first: RecordId,
    },
}

impl Pair {
    /// The pair; `None` for one record twice.
    #[must_use]
    pub fn of(a: RecordId, b: RecordId) -> Option<Self> {
        (a != b).then(|| Self {
            low: a.min(b),
            high: a.max(b),
        })
    }

    /// The two records, in the order of their ids.
    #[must_use]
    pub const fn records(&self) -> (RecordId, RecordId) {
        (self.low, self.high)
    }

    /// The record on which the answer stands.
    #[must_use]
    pub const fn record(&self) -> RecordId {
        self.low
    }

    /// What the answer is about.
    #[must_use]
    pub fn target(&self) -> Target {
        Target::element(FIELD, self.high.to_string())
    }

    /// The code of an answer; `None` if it names a record that is not one of the two.
    #[must_use]
    pub fn code(&self, said: Said) -> Option<&'static str> {
        match said {
            Said::Two => Some("two"),
            Said::One { first } if first == self.low => Some("one_this_first"),
            Said::One { first } if first == self.high => Some("one_other_first"),
            Said::One { .. } => None,
        }
    }

    /// The answer with this code.
    #[must_use]
    pub fn said(&self, code: &str) -> Option<Said> {
        match code {
            "two" => Some(Said::Two),
            "one_this_first" => Some(Said::One { first: self.low }),
            "one_other_first" => Some(Said::One { first: self.high }),
            _ => None,
        }
    }

    /// The pair that an answer on a record is about, by the element of its target.
    #[must_use]
    pub fn read(record: RecordId, element: &str) -> Option<Self> {
        let other: RecordId = element.parse().ok()?;
        // On the other record of the two it would be a second place for one question.
        Self::of(record, other).filter(|pair| pair.low == record)
    }
}

/// What is settled about the visits to one child.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Together {
    /// Of each record that stands beside another: the one to read first.
    first: BTreeMap<RecordId, RecordId>,
    /// Pairs about which something was said, by the records that are read first.
    answered: BTreeSet<Pair>,
}

impl Together {
    /// From the answers that stand; `None` for a pair whose answers differ. Answers about records that were entered in error are
    /// the caller's to leave out.
    ///
    /// Of several records that are one visit, the one to read first is the one that nobody put beside another; where answers
    /// leave several, or none, it is the lowest id among them.
    #[must_use]
    pub fn new(answers: &[(Pair, Option<Said>)]) -> Self {
        let mut groups: Vec<BTreeSet<RecordId>> = Vec::new();
        let mut beside: BTreeSet<RecordId> = BTreeSet::new();
        for (pair, said) in answers {
            let Some(Said::One { first }) = said else {
                continue;
            };
            let second = if *first == pair.low {
                pair.high
            } else {
                pair.low
            };
            beside.insert(second);
            let mut joined = BTreeSet::from([pair.low, pair.high]);
            groups.retain(|group| {
                let apart = group.is_disjoint(&joined);
                if !apart {
                    joined.extend(group);
                }
                apart
            });
            groups.push(joined);
        }
        let mut first = BTreeMap::new();
        for group in &groups {
            let mut read_first = group.iter().filter(|visit| !beside.contains(visit));
            let Some(head) = read_first.next().or_else(|| group.first()) else {
                continue;
            };
            for visit in group.iter().filter(|visit| *visit != head) {
                first.insert(*visit, *head);
            }
        }
        let mut all = Self {
            first,
            answered: BTreeSet::new(),
        };
        let heads = answers
            .iter()
            .filter_map(|(pair, _)| Pair::of(all.read_first(pair.low), all.read_first(pair.high)));
        all.answered = heads.collect();
        all
    }

    /// The record to read first of the visit that this record is about; most often itself.
    #[must_use]
    pub fn read_first(&self, visit: RecordId) -> RecordId {
        self.first.get(&visit).copied().unwrap_or(visit)
    }

    /// Whether this record stands beside another.
    #[must_use]
    pub fn is_beside(&self, visit: RecordId) -> bool {
        self.first.contains_key(&visit)
    }

    /// The records to read first of visits of which there are several, by id.
    #[must_use]
    pub fn heads(&self) -> BTreeSet<RecordId> {
        self.first.values().copied().collect()
    }

    /// The records that stand beside this one, by id.
    pub fn beside(&self, first: RecordId) -> impl Iterator<Item = RecordId> {
        self.first
            .iter()
            .filter(move |(_, head)| **head == first)
            .map(|(visit, _)| *visit)
    }

    /// Whether nothing needs to be asked about a pair: somebody answered, or it follows from other answers. Answers that differ
    /// are a question of their own.
    #[must_use]
    pub fn is_answered(&self, pair: Pair) -> bool {
        Pair::of(self.read_first(pair.low), self.read_first(pair.high))
            .is_none_or(|heads| self.answered.contains(&heads))
    }
}

/// What stands for each question of a record, by target; `None` where no answer does.
pub type Standing = BTreeMap<Target, Option<String>>;

/// One visit's answers from two records of it, for dates and boards; no record changes. Where both answer and differ: on a risk
/// fact the more worrying answer counts, of two days the earlier, of two choices none, and anything else is as the first has it.
#[must_use]
pub fn together(catalogue: &Catalogue, first: &Standing, beside: &Standing) -> Standing {
    let form = RecordKind::Visit.form();
    let mut all = beside.clone();
    for (target, ours) in first {
        let Some(theirs) = beside.get(target).filter(|theirs| *theirs != ours) else {
            all.insert(target.clone(), ours.clone());
            continue;
        };
        let field = catalogue.field(form, target);
        let counts = match field.map(|field| (field.policy(), field.sort)) {
            Some((Policy::Risk, _)) => {
                let worry = |code: &Option<String>| {
                    let answer = code.clone().map_or(Answer::Unreadable, Answer::Code);
                    catalogue.worry(form, target, &answer)
                };
                let theirs_is_worse = worry(theirs).exceeds(worry(ours));
                if theirs_is_worse { theirs } else { ours }.clone()
            }
            Some((_, Sort::Date)) => ours.clone().into_iter().chain(theirs.clone()).min(),
            Some((Policy::Ordinary, Sort::Choice)) => None,
            _ => ours.clone().or_else(|| theirs.clone()),
        };
        all.insert(target.clone(), counts);
    }
    all
}

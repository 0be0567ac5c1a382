//! The sums in plain English.

use std::borrow::Cow;

use super::facts::{Duty, Period};
use super::interval::Interval;
use super::owed::{ChildDue, From, Ground, NotCounted, Note, Obligation, Status};
use crate::calendar::Date;

/// Numbers below ten as words, as in print.
pub(super) fn number(number: u32) -> Cow<'static, str> {
    const WORDS: [&str; 10] = [
        "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine",
    ];
    usize::try_from(number)
        .ok()
        .and_then(|at| WORDS.get(at))
        .map_or_else(
            || Cow::Owned(number.to_string()),
            |word| Cow::Borrowed(*word),
        )
}

fn counted(count: u32, what: &str) -> String {
    let plural = if count == 1 { "" } else { "s" };
    format!("{} {what}{plural}", number(count))
}

pub(super) fn sum(
    interval: Option<Interval>,
    basis: Date,
    from: From,
    ground: Ground,
    period: &Period,
    day: Date,
) -> String {
    let Some(interval) = interval else {
        return "as agreed for this child; no gap is recorded".to_owned();
    };
    let basis_words = basis.words(day);
    let since = match from {
        From::LastSeen => String::new(),
        From::Start => format!(", when {}; not seen since", began(period)),
        From::Birth => ", the birth; not seen since".to_owned(),
    };
    let gap = format!("{interval} from {basis_words}");
    match ground {
        Ground::Rule | Ground::AsAgreed => format!("{gap}{since}"),
        Ground::Plan => format!("{interval}, as the plan says, from {basis_words}{since}"),
        Ground::Agreed(until) => {
            let until = until.words(day);
            format!("{interval}, as agreed until {until}, from {basis_words}{since}")
        }
        Ground::AgreementBegins(on) => {
            let on = on.words(day);
            format!("{on}, when the shorter gap agreed began: {gap}{since} had passed")
        }
        Ground::AgreementEnds(on) => {
            let on = on.words(day);
            format!("{on}, the last day of the longer gap agreed: {gap} will have passed")
        }
        Ground::BeforeReview(review) => {
            let review = review.words(day);
            format!("before the review on {review}, last visit {basis_words}{since}")
        }
    }
}

const fn began(period: &Period) -> &'static str {
    match (period.duty, period.since) {
        (Duty::LookedAfter(super::facts::Arrangement::WithParentUnderOrder), _) => {
            "the order was made"
        }
        (Duty::LookedAfter(_), Some(_)) => "the placement began",
        (Duty::LookedAfter(_), None) => "care began",
        (Duty::PrivatelyFostered, _) => "the council was told",
        (Duty::ChildProtection | Duty::ChildInNeed, _) => "the plan began",
        (Duty::CareLeaverAccommodated, _) => "the accommodation began",
        (Duty::CareLeaver, _) => "support began",
    }
}

pub(super) fn no_access(on: &[Date], see_by: Date, last_met: Option<Date>, day: Date) -> String {
    let be = if see_by < day { "was to" } else { "to" };
    let days = on
        .iter()
        .map(|on| on.words(day))
        .collect::<Vec<_>>()
        .join(", ");
    let see_by = see_by.words(day);
    if on.len() < 2 {
        return format!("no answer on {days}; {be} be seen by {see_by}");
    }
    let since = last_met.map_or_else(
        || "not seen on any visit on record".to_owned(),
        |seen| format!("not seen since {}", seen.words(day)),
    );
    let count = u32::try_from(on.len()).unwrap_or(u32::MAX);
    format!(
        "no answer {} in a row: {days}; {since}; {be} be seen by {see_by}",
        if count == 2 {
            "twice".to_owned()
        } else {
            counted(count, "time")
        },
    )
}

impl Status {
    /// `due today`, `due in three days`, `overdue by two working days`.
    #[must_use]
    pub fn words(self) -> String {
        match self {
            Self::DueIn { days } => format!("due in {}", counted(days, "day")),
            Self::DueToday => "due today".to_owned(),
            Self::Overdue { working_days: 0 } => "overdue".to_owned(),
            Self::Overdue { working_days } => {
                format!("overdue by {}", counted(working_days, "working day"))
            }
            Self::NoDate => "no date set".to_owned(),
        }
    }
}

impl Note {
    /// In one line; `day` is the day asked about.
    #[must_use]
    pub fn words(self, day: Date) -> String {
        match self {
            Self::PlanLongerThanLaw => {
                "the plan allows more time than the law; the law's is used".to_owned()
            }
            Self::AgreedLongerThanLaw => {
                "more time was agreed than the law allows; the law's is used".to_owned()
            }
            Self::AgreementEnded(on) => format!("what was agreed ended on {}", on.words(day)),
            Self::HolidaysNotPublished => {
                "bank holidays of that year are worked out and not published yet".to_owned()
            }
        }
    }
}

impl NotCounted {
    /// Why, in a few words.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::NotSeen => "the child was not seen",
            Self::NotInPerson => "it was not in person",
            Self::NotStatutory => "it does not count as statutory",
            Self::ServedOther => "it was for something else",
        }
    }
}

impl Obligation {
    /// Where it stands and why, in one line: `due today, 10 working days from Tue 13 Oct`.
    #[must_use]
    pub fn line(&self) -> String {
        format!("{}, {}", self.status.words(), self.sum)
    }
}

impl ChildDue {
    /// The leading date and, if others fall on it, which. `None` if no date is set.
    #[must_use]
    pub fn line(&self) -> Option<String> {
        let first = self.leading()?;
        let mut line = first.line();
        for other in self.same_day() {
            line.push_str(&format!(
                "; the same day for {}, {}",
                other.kind.label(),
                other.sum
            ));
        }
        Some(line)
    }
}

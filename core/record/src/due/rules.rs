//! How often a child is to be seen: the default rules of England, and a council's own within them.
//!
//! Where the law sets a longest gap, a council may set a shorter one and never a longer: the check is made day by day over
//! every day of the calendar, because 30 working days are six weeks in June and more at Christmas. Child protection and
//! child in need plans have no number in law; there a council's rule is a default that the child's own plan may replace.
//!
//! Sources: SI 2010/959 regulation 28 (looked after), SI 2005/1533 regulations 7 and 8 (privately fostered), SI 2010/2571
//! regulation 8 (care leavers). Six months under regulation 28(3A), the gaps of paragraph (6) and the first seven working
//! days of private fostering are taken from councils' procedures that quote them.

use std::collections::BTreeMap;

use super::interval::{Counting, FirstDay, Interval, Unit};
use crate::calendar::{Calendar, Date};

/// The rules by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(
    missing_docs,
    reason = "each is one paragraph of law or practice, named in `Arrangement` and `Duty`"
)]
pub enum RuleId {
    Care,
    CareTo18,
    CareLongTermFosterAgreed,
    CareWithParentUnassessed,
    CareTemporaryApprovalOrInterimOrder,
    CareWithParentUnderOrder,
    CareOthersArrangement,
    CareShortBreaks,
    PrivatelyFostered,
    ChildProtection,
    ChildInNeed,
    CareLeaverAccommodated,
    CareLeaver,
}

/// Until when the closer visits at the beginning go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EarlyUntil {
    FirstYear,
    FirstReview,
}

impl RuleId {
    /// Every rule.
    pub const ALL: [Self; 13] = [
        Self::Care,
        Self::CareTo18,
        Self::CareLongTermFosterAgreed,
        Self::CareWithParentUnassessed,
        Self::CareTemporaryApprovalOrInterimOrder,
        Self::CareWithParentUnderOrder,
        Self::CareOthersArrangement,
        Self::CareShortBreaks,
        Self::PrivatelyFostered,
        Self::ChildProtection,
        Self::ChildInNeed,
        Self::CareLeaverAccommodated,
        Self::CareLeaver,
    ];

    /// For settings and messages; never changes.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Care => "cla.general",
            Self::CareTo18 => "cla.to18",
            Self::CareLongTermFosterAgreed => "cla.longterm_foster_agreed",
            Self::CareWithParentUnassessed => "cla.reg19",
            Self::CareTemporaryApprovalOrInterimOrder => "cla.reg24_or_ico_parent",
            Self::CareWithParentUnderOrder => "cla.co_parent",
            Self::CareOthersArrangement => "cla.other_arrangement",
            Self::CareShortBreaks => "cla.shortbreak",
            Self::PrivatelyFostered => "pf",
            Self::ChildProtection => "cp",
            Self::ChildInNeed => "cin",
            Self::CareLeaverAccommodated => "cl.accommodated",
            Self::CareLeaver => "cl.other",
        }
    }

    /// The rule with this code.
    #[must_use]
    pub fn with_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|rule| rule.code() == code)
    }

    /// True if the law sets the longest gap.
    #[must_use]
    pub const fn is_law(self) -> bool {
        !matches!(
            self,
            Self::CareShortBreaks | Self::ChildProtection | Self::ChildInNeed | Self::CareLeaver
        )
    }

    pub(super) const fn early_until(self) -> EarlyUntil {
        match self {
            Self::CareWithParentUnassessed | Self::CareTemporaryApprovalOrInterimOrder => {
                EarlyUntil::FirstReview
            }
            _ => EarlyUntil::FirstYear,
        }
    }

    /// The default; where [`Self::is_law`], the longest gaps the law allows.
    #[must_use]
    pub const fn default_terms(self) -> Terms {
        const WEEK: Interval = Interval::of(1, Unit::Week);
        const FOUR_WEEKS: Interval = Interval::of(4, Unit::Week);
        const SIX_WEEKS: Interval = Interval::of(6, Unit::Week);
        const EIGHT_WEEKS: Interval = Interval::of(8, Unit::Week);
        const TWELVE_WEEKS: Interval = Interval::of(12, Unit::Week);
        const TWO_MONTHS: Interval = Interval::of(2, Unit::Month);
        const THREE_MONTHS: Interval = Interval::of(3, Unit::Month);
        const SIX_MONTHS: Interval = Interval::of(6, Unit::Month);
        const SEVEN_DAYS: Interval = Interval::of(7, Unit::Day);
        const SEVEN_WORKING_DAYS: Interval = Interval::of(7, Unit::WorkingDay);
        const TEN_WORKING_DAYS: Interval = Interval::of(10, Unit::WorkingDay);
        const TWENTY_WORKING_DAYS: Interval = Interval::of(20, Unit::WorkingDay);
        match self {
            Self::Care | Self::CareWithParentUnderOrder => Terms::of(WEEK, SIX_WEEKS, SIX_WEEKS),
            Self::CareTo18 | Self::CareOthersArrangement => {
                Terms::of(WEEK, SIX_WEEKS, THREE_MONTHS)
            }
            Self::CareLongTermFosterAgreed => Terms::of(WEEK, SIX_WEEKS, SIX_MONTHS),
            Self::CareWithParentUnassessed => Terms::of(WEEK, WEEK, SIX_WEEKS),
            Self::CareTemporaryApprovalOrInterimOrder => Terms::of(WEEK, WEEK, FOUR_WEEKS),
            Self::CareShortBreaks => Terms {
                first: None,
                early: None,
                then: None,
            },
            Self::PrivatelyFostered => Terms::of(SEVEN_WORKING_DAYS, SIX_WEEKS, TWELVE_WEEKS),
            Self::ChildProtection => {
                Terms::of(TEN_WORKING_DAYS, TEN_WORKING_DAYS, TEN_WORKING_DAYS)
            }
            Self::ChildInNeed => Terms::of(
                TWENTY_WORKING_DAYS,
                TWENTY_WORKING_DAYS,
                TWENTY_WORKING_DAYS,
            ),
            Self::CareLeaverAccommodated => Terms::of(SEVEN_DAYS, TWO_MONTHS, TWO_MONTHS),
            Self::CareLeaver => Terms::of(EIGHT_WEEKS, EIGHT_WEEKS, EIGHT_WEEKS),
        }
    }
}

/// The gaps of one rule. `None`: no gap is set, visits are as agreed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Terms {
    /// From the start to the first visit.
    pub first: Option<Interval>,
    /// From a visit in the first year, or before the first review, to the next.
    pub early: Option<Interval>,
    /// From any later visit to the next.
    pub then: Option<Interval>,
}

impl Terms {
    /// All three gaps.
    #[must_use]
    pub const fn of(first: Interval, early: Interval, then: Interval) -> Self {
        Self {
            first: Some(first),
            early: Some(early),
            then: Some(then),
        }
    }

    /// The gap for one part.
    #[must_use]
    pub const fn part(&self, part: Part) -> Option<Interval> {
        match part {
            Part::First => self.first,
            Part::Early => self.early,
            Part::Then => self.then,
        }
    }
}

/// Which of a rule's gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// [`Terms::first`].
    First,
    /// [`Terms::early`].
    Early,
    /// [`Terms::then`].
    Then,
}

impl Part {
    const ALL: [Self; 3] = [Self::First, Self::Early, Self::Then];

    const fn word(self) -> &'static str {
        match self {
            Self::First => "first visit",
            Self::Early => "visits at the beginning",
            Self::Then => "later visits",
        }
    }
}

/// A council's rules were not taken. Nothing was changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// A gap is longer than the law allows, on at least one day.
    #[error("rule {}, {}: {set} can be longer than the law allows ({law}), for instance from {from}", .rule.code(), .part.word())]
    LooserThanLaw {
        /// The rule.
        rule: RuleId,
        /// Which gap.
        part: Part,
        /// What was to be set.
        set: Interval,
        /// What the law allows.
        law: Interval,
        /// The first day from which it ends later than the law's.
        from: Date,
    },
    /// The law sets a gap and the council's rule leaves it out.
    #[error("rule {}, {}: the law sets {law} and nothing is given", .rule.code(), .part.word())]
    LeftOut {
        /// The rule.
        rule: RuleId,
        /// Which gap.
        part: Part,
        /// What the law allows.
        law: Interval,
    },
    /// Visits would be closer later on than at the beginning: then a visit made could bring the next date forward.
    #[error("rule {}: the gaps must not become shorter after the beginning", .rule.code())]
    OutOfOrder {
        /// The rule.
        rule: RuleId,
    },
}

/// The rules of one council. Whatever is in it, no date comes out later than the law allows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    terms: BTreeMap<RuleId, Terms>,
    counting: Counting,
    seen_after_no_access: Interval,
}

impl Rules {
    /// The default rules of England: the day of the visit is day 0, bank holidays are not working days, and after a visit
    /// with no access the child is to be seen within five working days.
    #[must_use]
    pub fn england() -> Self {
        Self {
            terms: RuleId::ALL
                .into_iter()
                .map(|rule| (rule, rule.default_terms()))
                .collect(),
            counting: Counting {
                calendar: Calendar::england_and_wales(),
                first_day: FirstDay::DayAfter,
            },
            seen_after_no_access: Interval::of(5, Unit::WorkingDay),
        }
    }

    /// With one rule replaced by the council's own.
    ///
    /// # Errors
    /// [`RulesError`], naming the rule, if it is looser than the law or its gaps are out of order. Takes some milliseconds
    /// where the unit is not the law's.
    pub fn with_terms(mut self, rule: RuleId, terms: Terms) -> Result<Self, RulesError> {
        self.terms.insert(rule, terms);
        self.check(rule)?;
        Ok(self)
    }

    /// With days counted in the council's way.
    ///
    /// # Errors
    /// As [`Self::with_terms`], for the first rule that would become looser than the law.
    pub fn with_counting(mut self, counting: Counting) -> Result<Self, RulesError> {
        self.counting = counting;
        RuleId::ALL
            .into_iter()
            .try_for_each(|rule| self.check(rule))?;
        Ok(self)
    }

    /// With another time within which a child is to be seen after a visit with no access. There is no such number in law.
    #[must_use]
    pub const fn with_seen_after_no_access(mut self, within: Interval) -> Self {
        self.seen_after_no_access = within;
        self
    }

    /// The gaps of a rule.
    #[must_use]
    pub fn terms(&self, rule: RuleId) -> Terms {
        self.terms
            .get(&rule)
            .copied()
            .unwrap_or(rule.default_terms())
    }

    /// How days are counted.
    #[must_use]
    pub const fn counting(&self) -> &Counting {
        &self.counting
    }

    /// How soon a child is to be seen after a visit with no access.
    #[must_use]
    pub const fn seen_after_no_access(&self) -> Interval {
        self.seen_after_no_access
    }

    fn check(&self, rule: RuleId) -> Result<(), RulesError> {
        let terms = self.terms(rule);
        let ours = &self.counting;
        // The law's own counting, over the same holidays: one more announced by proclamation loosens nothing.
        let laws = Counting {
            calendar: ours.calendar.clone(),
            first_day: FirstDay::DayAfter,
        };
        if rule.is_law() {
            for part in Part::ALL {
                let Some(law) = rule.default_terms().part(part) else {
                    continue;
                };
                let set = terms
                    .part(part)
                    .ok_or(RulesError::LeftOut { rule, part, law })?;
                if let Some(from) = first_longer(ours, set, &laws, law) {
                    return Err(RulesError::LooserThanLaw {
                        rule,
                        part,
                        set,
                        law,
                        from,
                    });
                }
            }
        }
        let given: Vec<Interval> = Part::ALL
            .into_iter()
            .filter_map(|part| terms.part(part))
            .collect();
        for (earlier, later) in given.iter().zip(given.iter().skip(1)) {
            if first_longer(ours, *earlier, ours, *later).is_some() {
                return Err(RulesError::OutOfOrder { rule });
            }
        }
        Ok(())
    }
}

/// The first day from which one interval ends later than another. `None` if it never does within the calendar.
fn first_longer(
    ours: &Counting,
    set: Interval,
    theirs: &Counting,
    bound: Interval,
) -> Option<Date> {
    let never_counts_later = ours == theirs || theirs.first_day == FirstDay::DayAfter;
    if never_counts_later && set.unit() == bound.unit() && set.count() <= bound.count() {
        return None;
    }
    let mut from = Calendar::FIRST;
    loop {
        // Where the bound runs out of known years there is nothing left to compare; an interval that runs out before it
        // does so because it is the longer.
        let limit = theirs.end(from, bound).ok()?;
        if limit > Calendar::LAST {
            return None;
        }
        if ours.end(from, set).map_or(true, |end| end > limit) {
            return Some(from);
        }
        from = from.add_days(1)?;
    }
}

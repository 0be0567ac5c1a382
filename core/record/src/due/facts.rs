//! What has to be known of a child to say when they are next to be seen.
//!
//! Plain facts, already read out of the record and the import. Names, places and words are not among them.

use super::interval::Interval;
use super::rules::RuleId;
use crate::calendar::Date;

/// When a child was visited is part of the record: a type that holds it prints its name and nothing in it.
macro_rules! prints_its_name_only {
    ($($name:ident),+) => {$(
        impl std::fmt::Debug for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(stringify!($name))
            }
        }
    )+};
}
pub(super) use prints_its_name_only;

prints_its_name_only!(Variation, Period, Attempt, Visit, Child);

/// Why a child is visited. Ordered as ties are shown: what the law sets first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// Looked after by the council.
    LookedAfter,
    /// Privately fostered.
    PrivatelyFostered,
    /// On a child protection plan.
    ChildProtection,
    /// On a child in need plan.
    ChildInNeed,
    /// Has left care.
    CareLeaver,
}

impl Kind {
    /// As stored in a visit's `serves`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::LookedAfter => "cla",
            Self::PrivatelyFostered => "pf",
            Self::ChildProtection => "cp",
            Self::ChildInNeed => "cin",
            Self::CareLeaver => "care_leaver",
        }
    }

    /// On a screen.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::LookedAfter => "looked after",
            Self::PrivatelyFostered => "private fostering",
            Self::ChildProtection => "child protection",
            Self::ChildInNeed => "child in need",
            Self::CareLeaver => "care leaver",
        }
    }
}

/// How a looked-after child lives: which paragraph of regulation 28 of the Care Planning, Placement and Case Review
/// (England) Regulations 2010 applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Arrangement {
    /// A placement: paragraph (2).
    Placement {
        /// The care plan means it to last until the child is 18.
        to_18: bool,
        /// It is a long-term foster placement, and the child, old enough to understand, agreed to fewer visits: paragraph
        /// (3A). Counts only together with `to_18`.
        long_term_foster_agreed: bool,
    },
    /// With a parent, before the assessment is complete: paragraph (3).
    WithParentUnassessed,
    /// With a connected person approved for a time, or with a parent under an interim care order: paragraph (4).
    TemporaryApprovalOrInterimOrder,
    /// With a parent under a care order: paragraph (5).
    WithParentUnderOrder,
    /// Where another person is responsible for the arrangements: paragraph (6).
    OthersArrangement,
    /// Short breaks: regulation 48. Visits as agreed with the reviewing officer and the parents.
    ShortBreaks,
}

/// What the council owes during a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Duty {
    /// A child in need plan.
    ChildInNeed,
    /// A child protection plan.
    ChildProtection,
    /// Care.
    LookedAfter(Arrangement),
    /// Private fostering. The period starts when the council became aware of it.
    PrivatelyFostered,
    /// A care leaver in accommodation that the council provides.
    CareLeaverAccommodated,
    /// Any other care leaver.
    CareLeaver,
}

impl Duty {
    /// What a visit must serve to count.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::ChildInNeed => Kind::ChildInNeed,
            Self::ChildProtection => Kind::ChildProtection,
            Self::LookedAfter(_) => Kind::LookedAfter,
            Self::PrivatelyFostered => Kind::PrivatelyFostered,
            Self::CareLeaverAccommodated | Self::CareLeaver => Kind::CareLeaver,
        }
    }

    /// The rule that applies.
    #[must_use]
    pub const fn rule(self) -> RuleId {
        match self {
            Self::ChildInNeed => RuleId::ChildInNeed,
            Self::ChildProtection => RuleId::ChildProtection,
            Self::PrivatelyFostered => RuleId::PrivatelyFostered,
            Self::CareLeaverAccommodated => RuleId::CareLeaverAccommodated,
            Self::CareLeaver => RuleId::CareLeaver,
            Self::LookedAfter(arrangement) => match arrangement {
                Arrangement::Placement {
                    to_18: true,
                    long_term_foster_agreed: true,
                } => RuleId::CareLongTermFosterAgreed,
                Arrangement::Placement { to_18: true, .. } => RuleId::CareTo18,
                Arrangement::Placement { to_18: false, .. } => RuleId::Care,
                Arrangement::WithParentUnassessed => RuleId::CareWithParentUnassessed,
                Arrangement::TemporaryApprovalOrInterimOrder => {
                    RuleId::CareTemporaryApprovalOrInterimOrder
                }
                Arrangement::WithParentUnderOrder => RuleId::CareWithParentUnderOrder,
                Arrangement::OthersArrangement => RuleId::CareOthersArrangement,
                Arrangement::ShortBreaks => RuleId::CareShortBreaks,
            },
        }
    }
}

/// A gap other than the rule's, agreed for one child for a time by somebody who may.
///
/// After its last day the rule's own gap applies again. A longer gap than the law allows has no effect and is pointed out.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Variation {
    /// The gap agreed.
    pub every: Interval,
    /// Its first day.
    pub from: Date,
    /// Its last day: when it was to be looked at again.
    pub until: Date,
}

/// A time during which visits are owed.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Period {
    /// What is owed.
    pub duty: Duty,
    /// First day.
    pub start: Date,
    /// Last day, itself included; `None` while it lasts.
    pub end: Option<Date>,
    /// For a looked-after child, the start of this placement or arrangement or, with a parent, the making of the order;
    /// for a care leaver, of the accommodation. The clock starts again on it. A day not yet come is passed over.
    pub since: Option<Date>,
    /// The first review of the care plan, or of a care leaver's pathway plan, held or planned.
    pub first_review: Option<Date>,
    /// What the child's own plan says. Where the law sets a longest gap, only a shorter one has an effect.
    pub visit_every: Option<Interval>,
    /// What was agreed for a time.
    pub variation: Option<Variation>,
}

impl Period {
    /// A period of which no more is known than when it started.
    #[must_use]
    pub const fn new(duty: Duty, start: Date) -> Self {
        Self {
            duty,
            start,
            end: None,
            since: None,
            first_review: None,
            visit_every: None,
            variation: None,
        }
    }
}

/// Whether the child was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Seen {
    /// Seen.
    Yes,
    /// Not seen, or two answers not settled yet: the more worrying stands.
    No,
    /// Not born yet; the mother was visited. Counts until the birth and not after.
    Unborn,
    /// Not recorded. Does not count.
    NotRecorded,
}

/// A visit that went ahead.
#[derive(Clone, PartialEq, Eq)]
pub struct Visit {
    /// The day, in Europe/London.
    pub on: Date,
    /// Whether the child was seen.
    pub seen: Seen,
    /// False for video and telephone.
    pub in_person: bool,
    /// Whether it counts as statutory: not a meeting, and made by somebody whose visits count.
    pub statutory: bool,
    /// What it serves.
    pub serves: Vec<Kind>,
}

/// A visit on which nobody could be got hold of: no answer, entry refused, not safe to enter.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Attempt {
    /// The day, in Europe/London.
    pub on: Date,
}

/// What is known of one child. Order does not matter; what lies after the day asked about is passed over.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Child {
    /// Day of birth; `None`, or a day not yet come, if not born.
    pub born: Option<Date>,
    /// Times during which visits are owed. They may overlap.
    pub periods: Vec<Period>,
    /// Visits that went ahead.
    pub visits: Vec<Visit>,
    /// Visits that did not.
    pub attempts: Vec<Attempt>,
}

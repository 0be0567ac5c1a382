//! When a child is next to be seen, and the sum that says so.
//!
//! The clock of every rule starts again only when the child was seen: in person, on a visit that counts. A visit on which
//! the child was not seen, a call by video and a knock with no answer are shown, and move nothing. Where several rules
//! apply the earliest date leads and the others are shown beside it. Nothing here forecasts or forgives: the dates are
//! sums that a worker can do again on paper, and each comes with its sum in one line.
//!
//! Pure: the day, the facts and the council's rules are handed in. Not legal advice.

mod facts;
mod interval;
mod no_access;
mod owed;
mod reckon;
mod rules;
mod words;

pub use facts::{Arrangement, Attempt, Child, Duty, Kind, Period, Seen, Variation, Visit};
pub use interval::{BadInterval, Counting, FirstDay, Interval, Unit};
pub use no_access::NoAccess;
pub use owed::{ChildDue, From, Ground, NotCounted, Note, Obligation, Status};
pub use reckon::{due, is_settled};
pub use rules::{Part, RuleId, Rules, RulesError, Terms};

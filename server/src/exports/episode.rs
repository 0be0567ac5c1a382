//! From referral to closure: what list 6 asks about, put together from the periods that the case system sent.

use visitbook_record::calendar::Date;

use super::child::{Child, Span};
use super::codes;

/// Everything the council did for a child without a break.
pub(super) struct Episode<'a> {
    pub(super) opened: Date,
    pub(super) closed: Option<Date>,
    pub(super) need: Option<&'a str>,
    pub(super) reason: Option<&'a str>,
    pub(super) status: Option<&'static str>,
    pub(super) imported_last_seen: Option<Date>,
}

/// What puts a child on list 6. A referral alone does not, and care leavers have a list of their own.
const IN_NEED: [&str; 4] = ["cin", "cp", "cla", "assessment"];

impl<'a> Episode<'a> {
    /// The latest that had begun by a day. Periods belong to one episode if they overlap, counted from referral, or follow from
    /// the same referral.
    pub(super) fn latest(child: &'a Child, today: Date) -> Option<Self> {
        let opened = |one: &Span| {
            one.day("referral_date")
                .map_or(one.start, |day| day.min(one.start))
        };
        let belongs = |one: &&Span| {
            let kind = one.kind();
            one.start <= today && (IN_NEED.contains(&kind.as_str()) || kind == "referral")
        };
        let mut periods: Vec<&Span> = child.periods.iter().filter(belongs).collect();
        periods.sort_by_key(|one| opened(one));
        let mut episode: Vec<&Span> = Vec::new();
        for period in periods {
            let goes_on = episode.iter().any(|one| {
                one.end.is_none_or(|end| opened(period) <= end) || opened(one) == opened(period)
            });
            if !goes_on {
                episode.clear();
            }
            episode.push(period);
        }
        episode
            .iter()
            .any(|one| IN_NEED.contains(&one.kind().as_str()))
            .then_some(())?;
        let is_open = |one: &&&Span| one.end.is_none_or(|end| today < end);
        let is_over = episode.iter().find(is_open).is_none();
        let last = episode.iter().max_by_key(|one| one.end)?;
        let newest = |cell: &str| episode.iter().rev().find_map(|one| one.cell(cell));
        let reasons = || {
            let cells = |one: &&'a Span| [one.cell("closure_reason"), one.cell("end_reason")];
            episode.iter().rev().flat_map(cells).flatten()
        };
        // A plan or a time in care may end for a reason of its own; why the case was closed is a code of its own.
        let reason = reasons()
            .find(|code| codes::find(&codes::CLOSURE, code).is_some())
            .or_else(|| reasons().next());
        let status = if is_over {
            codes::find(&codes::STATUS, "")
        } else {
            IN_NEED_FIRST.into_iter().find_map(|kind| {
                let open = episode.iter().filter(is_open).any(|one| one.kind() == kind);
                open.then(|| codes::find(&codes::STATUS, kind))?
            })
        };
        Some(Self {
            opened: episode.iter().map(|one| opened(one)).min()?,
            closed: last.end.filter(|_| is_over),
            need: newest("primary_need"),
            reason,
            status,
            imported_last_seen: episode
                .iter()
                .filter_map(|one| one.day("last_seen"))
                .filter(|seen| *seen <= today)
                .max(),
        })
    }

    pub(super) fn holds_on(&self, day: Date) -> bool {
        self.opened <= day && self.closed.is_none_or(|end| day <= end)
    }
}

/// The order in which Annex A asks for the status.
const IN_NEED_FIRST: [&str; 4] = ["cla", "cp", "cin", "assessment"];

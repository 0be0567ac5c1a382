//! People working side by side: one visit in two records, telling a child of a change of worker, duty cover, and children whom
//! somebody met.

use crate::across::{Across as _, record, worker};
use crate::book::Book;
use crate::error::VisitbookError;
use crate::model::people::{CoverChild, MetChild, SameVisitQuestion, ToTell};
use crate::model::standing::Saved;

type Result<T> = std::result::Result<T, VisitbookError>;

/// A file that was begun, and what was saved with it.
#[derive(Clone, uniffi::Record)]
pub struct MetSaved {
    /// The child's record.
    pub child: String,
    /// What was saved.
    pub saved: Saved,
}

#[uniffi::export]
impl Book {
    /// Visits of which it must be asked whether they are one or two, those that the holder began first in the list. The first
    /// screen has the holder's own.
    pub fn same_visits(&self) -> Result<Vec<SameVisitQuestion>> {
        Ok(self.with(|working| working.same_visits())?.across())
    }

    /// Says that two records are of one visit, and that `first` is the one people should read first. Nothing in either changes:
    /// the other stands whole beside it, and the visit is counted once.
    ///
    /// Errors: `other_kind` for anything but two visits to one child. Nothing was saved then.
    pub fn one_visit(&self, first: String, beside: String) -> Result<Saved> {
        let (first, beside) = (record(&first)?, record(&beside)?);
        Ok(self
            .with(|working| working.one_visit(first, beside))?
            .across())
    }

    /// Says that two records are of two visits. It is not asked again. Errors as for `one_visit`.
    pub fn two_visits(&self, one: String, other: String) -> Result<Saved> {
        let (one, other) = (record(&one)?, record(&other)?);
        Ok(self
            .with(|working| working.two_visits(one, other))?
            .across())
    }

    /// Children who changed worker and are to be told, as it stands on a day written `2026-10-27`; the longest due first. The
    /// first screen has those whose worker the holder has become.
    pub fn to_tell(&self, date: String) -> Result<Vec<ToTell>> {
        Ok(self.with(|working| working.to_tell(&date))?.across())
    }

    /// Says that the holder has told a child who the worker is now, on a day written `2026-10-27`, and how. To say it before the
    /// change has reached this device, name the worker.
    ///
    /// Errors: `nothing_to_tell` if no worker is named and the child need not be told. Nothing was saved then.
    #[uniffi::method(default(worker = None))]
    pub fn told_worker(
        &self,
        child: String,
        on: String,
        how: String,
        worker: Option<String>,
    ) -> Result<Saved> {
        let child = record(&child)?;
        let of = worker.as_deref().map(self::worker).transpose()?;
        Ok(self
            .with(|working| working.told_worker(child, of, &on, &how))?
            .across())
    }

    /// The children whom the holder holds as one who stands in: of those that are closed the name and nothing else. A closed child's
    /// card answers `not_opened`.
    pub fn cover(&self) -> Result<Vec<CoverChild>> {
        Ok(self.with(|working| working.cover())?.across())
    }

    /// Opens the file of a child whom the holder holds as one who stands in. Works without a line. Everybody who holds the child sees
    /// who opened the file, when and why.
    ///
    /// Errors: `not_held`, `other_kind` for a child held in another role, `empty` without a reason. Nothing was saved then.
    pub fn open_cover(&self, child: String, reason: String) -> Result<Saved> {
        let child = record(&child)?;
        Ok(self
            .with(|working| working.open_cover(child, &reason))?
            .across())
    }

    /// Begins a file for a child whom the holder met and who is on nobody's list: `description` is a name or "the baby's cousin".
    /// Works without a line, and the file takes visits, voices and concerns at once.
    #[uniffi::method(default(age = None, relation = None))]
    pub fn met(
        &self,
        description: String,
        age: Option<String>,
        relation: Option<String>,
    ) -> Result<MetSaved> {
        let met = visitbook_device::Met {
            description,
            age,
            relation,
        };
        let (child, saved) = self.with(|working| working.met(&met))?;
        Ok(MetSaved {
            child: child.across(),
            saved: saved.across(),
        })
    }

    /// Children whom somebody met, those of whom nobody has said who they are first.
    pub fn met_children(&self) -> Result<Vec<MetChild>> {
        Ok(self.with(|working| working.met_children())?.across())
    }

    /// The child whom somebody met is this known child. For the manager of both.
    ///
    /// Errors: `managers_only`, `other_kind`. Nothing was saved then.
    pub fn match_met(&self, met: String, child: String) -> Result<Saved> {
        let (met, child) = (record(&met)?, record(&child)?);
        Ok(self.with(|working| working.match_met(met, child))?.across())
    }

    /// The child whom somebody met was referred to somebody else. For the child's manager. Errors as for `match_met`, and `empty`
    /// without a reason.
    pub fn refer_met(&self, met: String, to: String, reason: String) -> Result<Saved> {
        let met = record(&met)?;
        Ok(self
            .with(|working| working.refer_met(met, &to, &reason))?
            .across())
    }
}

//! People working side by side: one visit in two records, and telling a child of a change of worker.

use crate::across::{Across as _, record, worker};
use crate::book::Book;
use crate::error::VisitbookError;
use crate::model::people::{SameVisitQuestion, ToTell};
use crate::model::standing::Saved;

type Result<T> = std::result::Result<T, VisitbookError>;

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
}

//! "Tell the child": after a change of worker, a task of the new worker until somebody has told the child.

use std::sync::OnceLock;

use visitbook_record::calendar::{Calendar, Date};
use visitbook_record::commit::RecordKind;
use visitbook_record::id::{RecordId, WorkerId};
use visitbook_record::op::Target;
use visitbook_record::page::{Statement, View};
use visitbook_record::telling::{FIELD, Telling, to_tell};
use visitbook_record::time::WallMillis;
use visitbook_record::words;

use super::Working;
use super::model::ToTell;
use super::save::{NewStatement, Plan, Refusing, Saved};
use super::visit::check_text;
use crate::clock::Moment;
use crate::error::{ReadError, SaveError};
use crate::store::log;
use crate::store::{StoreError, views};

/// Which days are working days. Made once: it holds the holidays of fifty years.
pub(crate) fn calendar() -> &'static Calendar {
    static CALENDAR: OnceLock<Calendar> = OnceLock::new();
    CALENDAR.get_or_init(Calendar::england_and_wales)
}

/// The day in London of a time.
pub(crate) fn day_of(at: WallMillis) -> Option<Date> {
    Moment::of(at).date.parse().ok()
}

/// "her", "his" or "their", by the case system's code for sex.
pub(crate) fn whose(sex: Option<&str>) -> &'static str {
    match sex.map(str::to_lowercase).as_deref() {
        Some("f" | "female") => "her",
        Some("m" | "male") => "his",
        _ => "their",
    }
}

/// Whom a task is about, and for whose eyes.
pub(crate) struct Told<'a> {
    pub(crate) child: RecordId,
    pub(crate) child_name: &'a str,
    pub(crate) sex: Option<&'a str>,
    pub(crate) me: WorkerId,
    pub(crate) today: Date,
}

impl Told<'_> {
    /// The task in words.
    pub(crate) fn view(&self, telling: &Telling, worker_name: String) -> ToTell {
        let mine = telling.worker == self.me;
        let since = telling.since.words(self.today);
        let due = telling.due.map(|due| due.words(self.today));
        ToTell {
            child: self.child,
            child_name: self.child_name.to_owned(),
            worker: telling.worker,
            words: words::tell_child(
                self.child_name,
                whose(self.sex),
                (!mine).then_some(worker_name.as_str()),
                &since,
                due.as_deref(),
            ),
            worker_name,
            mine,
            since: telling.since.to_string(),
            due: telling.due.map(|due| due.to_string()),
            late: telling.due.is_some_and(|due| due < self.today),
        }
    }
}

impl Working {
    /// Children who changed worker and are to be told, as the task stands on a day written `2026-10-27`; the longest due first.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn to_tell(&self, date: &str) -> Result<Vec<ToTell>, ReadError> {
        let mut all = Vec::new();
        for child in self.children()? {
            all.extend(self.child_to_tell(child.child, date)?);
        }
        all.sort_by(|a, b| (&a.due, &a.child_name).cmp(&(&b.due, &b.child_name)));
        Ok(all)
    }

    /// As [`Self::to_tell`], of one child.
    pub(crate) fn child_to_tell(
        &self,
        child: RecordId,
        date: &str,
    ) -> Result<Option<ToTell>, StoreError> {
        let Ok(today) = date.parse() else {
            return Ok(None);
        };
        let Some(row) = log::record(&self.store.reader, child)? else {
            return Ok(None);
        };
        let statements: Vec<Statement> = log::about_holding(&self.store.reader, row.no)?
            .into_iter()
            .map(|row| row.statement)
            .collect();
        let Some(telling) = to_tell(&statements, View::Here, calendar(), day_of) else {
            return Ok(None);
        };
        let sex = views::answer(&self.store.reader, row.no, "sex")?.and_then(|(code, ..)| code);
        let child_name = self.child_name(child)?;
        let told = Told {
            child,
            child_name: &child_name,
            sex: sex.as_deref(),
            me: self.me.worker,
            today,
        };
        Ok(Some(told.view(&telling, self.staff_name(telling.worker)?)))
    }

    /// Says that the holder has told a child who the worker is now, on a day written `2026-10-27`, and how. It may be said before
    /// the change reaches this device: name the worker then.
    ///
    /// # Errors
    /// [`SaveError::NothingToTell`] if no worker is named and the child is not to be told; nothing was saved.
    pub fn told_worker(
        &mut self,
        child: RecordId,
        worker: Option<WorkerId>,
        on: &str,
        how: &str,
    ) -> Result<Saved, SaveError> {
        check_text("how", how)?;
        let today = Moment::of(self.now().wall).date;
        let worker = match worker {
            Some(worker) => worker,
            None => {
                self.child_to_tell(child, &today)?
                    .ok_or(SaveError::NothingToTell)?
                    .worker
            }
        };
        let target = Target::element(FIELD, worker.to_string());
        let before = match log::record(&self.store.writer, child)? {
            Some(row) => log::statements_about(&self.store.writer, row.no, &target)?,
            None => Vec::new(),
        };
        let statement: NewStatement =
            self.answer_statement(RecordKind::Child, &target, on, Some(how), &before)?;
        let plan = Plan {
            record: child,
            kind: RecordKind::Child,
            child,
            statements: vec![statement],
        };
        self.save(vec![plan], Refusing::Yes)
    }
}

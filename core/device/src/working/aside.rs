//! What the council has set aside: for its author to read and copy, and for the person who decides to put in its place.

use visitbook_record::cbor::encode;
use visitbook_record::id::{OpId, RecordId};
use visitbook_record::op::{Kind, Policy, Target};
use visitbook_record::payload::Content;
use visitbook_record::verdict::{Reason, Verdict};
use visitbook_record::words::{self, Message};

use super::Working;
use super::model::{KeptAside, PlacedView, SetAside};
use super::save::{NewStatement, Plan, Refusing, Saved};
use super::show::Show;
use super::visit::check_text;
use crate::clock::Moment;
use crate::error::{ReadError, SaveError};
use crate::store::log::{self, Row};
use crate::store::{StoreError, moved};

impl Working {
    /// The holder's own words that are set aside, to read and copy, also about children they no longer hold; and those that have
    /// been placed since.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn kept_aside(&self) -> Result<KeptAside, ReadError> {
        let mut waiting = Vec::new();
        for row in moved::set_aside(&self.store.reader)? {
            if row.statement.fact.author == self.me.worker {
                waiting.extend(self.aside_view(&row)?);
            }
        }
        let today = Moment::of(self.now().wall).date;
        let placed = moved::placed(&self.store.reader)?
            .into_iter()
            .map(|(op, written, at)| {
                let written = Moment::of(written);
                let message = words::placed(&spoken(&written, &today));
                PlacedView {
                    op,
                    written,
                    at: Moment::of(at),
                    title: message.title,
                    detail: message.detail,
                }
            })
            .collect();
        Ok(KeptAside { waiting, placed })
    }

    /// What waits for the holder's decision, with the words, oldest first. What they have placed already is left out, also before
    /// the council has it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn set_aside(&self) -> Result<Vec<SetAside>, ReadError> {
        let mut all = Vec::new();
        for row in moved::set_aside(&self.store.reader)? {
            if self.decides(&row) && !self.has_placed(&row)? {
                all.extend(self.aside_view(&row)?);
            }
        }
        Ok(all)
    }

    /// Puts statements that were set aside in their place, under their authors' names. One commit for each record.
    ///
    /// # Errors
    /// [`SaveError::NotSetAside`] if one of them does not wait for the holder's decision, [`SaveError::ReasonNeeded`]; nothing was
    /// saved.
    pub fn place(&mut self, ops: &[OpId], reason: &str) -> Result<Saved, SaveError> {
        if reason.trim().is_empty() {
            return Err(SaveError::ReasonNeeded);
        }
        check_text("reason", reason)?;
        let mut plans: Vec<Plan> = Vec::new();
        for op in ops {
            let (record, plan) = self.placement(op, reason)?;
            match plans.iter_mut().find(|plan| plan.record == record) {
                Some(known) => known.statements.extend(plan.statements),
                None => plans.push(plan),
            }
        }
        self.save(plans, Refusing::Yes)
    }

    fn placement(&self, op: &OpId, reason: &str) -> Result<(RecordId, Plan), SaveError> {
        let row = log::statement(&self.store.writer, op)?
            .filter(|row| self.decides(row))
            .ok_or(SaveError::NotSetAside)?;
        if self.has_placed(&row)? {
            return Err(SaveError::NotSetAside);
        }
        let record = row.statement.fact.record;
        let home = log::record(&self.store.writer, record)?
            .ok_or(SaveError::UnknownRecord(record))?
            .home;
        let child = home.scope.child().ok_or(SaveError::NotSetAside)?;
        let content = Content::Placement {
            op: *op,
            reason: reason.to_owned(),
        };
        let statement = NewStatement::new(Kind::Place, Policy::Ordinary, placing(op), content);
        let plan = Plan {
            record,
            kind: home.kind,
            child,
            statements: vec![statement],
        };
        Ok((record, plan))
    }

    fn decides(&self, row: &Row) -> bool {
        matches!(row.statement.fact.verdict, Some(Verdict::Quarantined { owner, .. }) if owner == self.me.worker)
    }

    fn has_placed(&self, row: &Row) -> Result<bool, StoreError> {
        let fact = &row.statement.fact;
        log::exists(
            &self.store.writer,
            "SELECT 1 FROM op JOIN record ON record.no = op.record
             WHERE record.id = ?1 AND op.target = ?2 AND op.author = ?3",
            &[
                &&fact.record.0[..],
                &encode(&placing(&fact.id)),
                &&self.me.worker.0[..],
            ],
        )
    }

    fn aside_view(&self, row: &Row) -> Result<Option<SetAside>, StoreError> {
        let fact = &row.statement.fact;
        let Some(Verdict::Quarantined { reason, owner }) = fact.verdict.clone() else {
            return Ok(None);
        };
        let Some(record) = log::record(&self.store.reader, fact.record)? else {
            return Ok(None);
        };
        let staff = self.staff_names()?;
        let show = Show {
            kind: record.home.kind,
            me: self.me.worker,
            staff: &staff,
            statements: std::slice::from_ref(&row.statement),
        };
        let child = record.home.scope.child();
        let child_name = match child {
            Some(child) => self.child_name(child)?,
            None => String::new(),
        };
        let owner_name = show.name(owner);
        let message = self.aside_message(&record, reason, &child_name, &owner_name)?;
        Ok(Some(SetAside {
            op: fact.id,
            record: fact.record,
            kind: record.home.kind.form().to_owned(),
            child,
            child_name,
            label: show.label(&fact.target),
            text: show.text(0),
            note: show.answer(0).and_then(|answer| answer.note),
            author: fact.author,
            by: show.name(fact.author),
            written: Moment::of(row.statement.written),
            since: row.statement.received.map(Moment::of),
            owner,
            owner_name,
            reason,
            why: reason.sentence().to_owned(),
            title: message.title,
            detail: message.detail,
        }))
    }

    fn aside_message(
        &self,
        record: &log::RecordRow,
        reason: Reason,
        child_name: &str,
        owner_name: &str,
    ) -> Result<Message, StoreError> {
        let gone = moved::all(&self.store.reader)?
            .into_iter()
            .find(|row| row.scope_no == record.scope_no)
            .filter(|_| matches!(reason, Reason::OldAssignment | Reason::NotHeld));
        let Some(gone) = gone else {
            return Ok(words::kept_aside_because(reason.sentence(), owner_name));
        };
        let to = match gone.moved_to {
            Some(worker) => self.staff_name(worker)?,
            None => "a colleague".to_owned(),
        };
        let today = Moment::of(self.now().wall).date;
        let at = spoken(&Moment::of(gone.at), &today);
        Ok(words::kept_aside(child_name, &to, &at, owner_name))
    }
}

/// What a placement is about: the statement that it puts in its place.
fn placing(op: &OpId) -> Target {
    Target::element("placed", op.to_string())
}

fn spoken(at: &Moment, today: &str) -> String {
    if at.date == today {
        at.time.clone()
    } else {
        format!("{} {}", at.date, at.time)
    }
}

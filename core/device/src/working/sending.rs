//! What waits to be sent, in the order in which people need it.
//!
//! The order is worked out once a run and not once a request: a phone that was away for weeks has tens of thousands of
//! envelopes, each request takes only the first few hundred of them, and working the whole order out for every request made a
//! sync of twice as much take four times as long. While nothing is appended to the spool the order only loses what was let
//! go of, so it stays good until then.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use visitbook_record::commit::Commit;
use visitbook_record::scope::LogPosition;

use super::Working;
use super::receipts::SyncError;
use super::save::class_from;
use crate::spool::{FrameInfo, Spool};
use crate::store::rows::{name, unsigned};
use crate::store::{StoreError, log};
use crate::sync::store::{ParcelKey, SendClass};

/// The sending order, as it was when [`Spool::appends`] stood at `appends`.
pub(super) struct Sending {
    appends: u64,
    /// Everything that should be in the spool was. What was not may find room after the next answer.
    whole: bool,
    /// Some of them may have been let go of since.
    order: VecDeque<ParcelKey>,
    /// The sessions of envelopes whose words this book does not have.
    stranded: BTreeSet<[u8; 32]>,
    /// The row of the commit in each envelope that the book expects a receipt for.
    commits: BTreeMap<ParcelKey, i64>,
}

impl Sending {
    /// What is still to be sent, the most urgent first.
    pub(super) fn frames(&mut self, spool: &Spool) -> impl Iterator<Item = FrameInfo> {
        while self.order.front().is_some_and(|key| !spool.contains(key)) {
            self.order.pop_front();
        }
        self.order.iter().filter_map(|key| spool.frame(key))
    }

    /// Whether envelopes of this session hold words that this book does not have.
    pub(super) fn is_stranded(&self, session: &[u8; 32]) -> bool {
        self.stranded.contains(session)
    }

    /// Whether there are envelopes whose words this book does not have.
    pub(super) fn has_stranded(&self) -> bool {
        !self.stranded.is_empty()
    }

    /// The row of the commit in this envelope, if the book expects a receipt for it.
    pub(super) fn commit_in(&self, key: &ParcelKey) -> Option<i64> {
        self.commits.get(key).copied()
    }
}

impl Working {
    /// Before a request: seals what has no envelope, and works the order out, if anything may have changed.
    pub(super) fn prepare_to_send(&mut self) -> Result<(), SyncError> {
        let is_known = |sending: &Sending| sending.whole && sending.appends == self.spool.appends();
        if self.sending.as_ref().is_some_and(is_known) {
            return Ok(());
        }
        // A full disk must not keep what is sealed from being sent: sending is what makes room.
        let sealed = self.seal_missing();
        let whole = sealed.is_ok();
        super::put_off_if_full(sealed.map(|_| ()))?;
        let sending = self.work_out_sending(whole)?;
        self.sending = Some(sending);
        Ok(())
    }

    /// As it was before the last request, or worked out now.
    pub(super) fn know_sending(&mut self) -> Result<(), SyncError> {
        let is_known = |sending: &Sending| sending.appends == self.spool.appends();
        if !self.sending.as_ref().is_some_and(is_known) {
            let sending = self.work_out_sending(false)?;
            self.sending = Some(sending);
        }
        Ok(())
    }

    fn work_out_sending(&self, whole: bool) -> Result<Sending, SyncError> {
        let mut known: Vec<(i64, i64, SendClass, ParcelKey)> = Vec::new();
        let mut commits = BTreeMap::new();
        {
            let mut all = self.store.writer.prepare_cached(
                "SELECT outgoing.signed, signed.record, outgoing.class, outgoing.session, outgoing.number, outgoing.refused
                 FROM outgoing JOIN signed ON signed.no = outgoing.signed ORDER BY outgoing.signed DESC",
            )?;
            let mut rows = all.query([])?;
            while let Some(row) = rows.next()? {
                let key = ParcelKey {
                    session: name(row, 3)?,
                    number: unsigned(row.get(4)?)?,
                };
                let no: i64 = row.get(0)?;
                commits.insert(key, no);
                let refused: Option<i64> = row.get(5)?;
                if refused.is_none() {
                    known.push((no, row.get(1)?, class_from(row.get(2)?)?, key));
                }
            }
        }
        // By class across records, as written inside one. A finish is no use before what it lists, so what was written before
        // an urgent piece of the same record is as urgent.
        let mut most_urgent: BTreeMap<i64, SendClass> = BTreeMap::new();
        for (_, record, class, _) in &mut known {
            let urgent = most_urgent.entry(*record).or_insert(*class);
            *urgent = (*urgent).min(*class);
            *class = *urgent;
        }
        known.sort_by_key(|(signed, _, class, _)| (*class, *signed));
        // Words that only the spool remembers, because an older book was put back, come back from the council once it has
        // them. They are older than what this book has to say.
        let stranded = self.stranded_beside(&|key| commits.contains_key(key))?;
        let mut order: Vec<(SendClass, ParcelKey)> = stranded
            .iter()
            .map(|frame| (frame.class, frame.key))
            .collect();
        order.extend(known.into_iter().map(|(_, _, class, key)| (class, key)));
        // A child's words go with what is soon, after the commits that tell of their session: the sort keeps that order.
        let posts = self.posts_to_send()?;
        order.extend(posts.into_iter().map(|key| (SendClass::Soon, key)));
        order.sort_by_key(|(class, _)| *class);
        Ok(Sending {
            appends: self.spool.appends(),
            whole,
            order: order.into_iter().map(|(_, key)| key).collect(),
            stranded: stranded.iter().map(|frame| frame.key.session).collect(),
            commits,
        })
    }

    /// The newest assignment entry that everything still to be sent names. What was written first names the oldest.
    pub(super) fn acknowledges(&self) -> Result<Option<LogPosition>, StoreError> {
        // CROSS JOIN keeps SQLite to the order written: what waits is looked through from the oldest, and the first one found
        // ends it. By itself it goes through everything that this device ever wrote.
        let mut oldest = self.store.writer.prepare_cached(
            "SELECT signed.no FROM outgoing CROSS JOIN signed ON signed.no = outgoing.signed
             WHERE outgoing.refused IS NULL AND signed.own = 1 ORDER BY outgoing.signed LIMIT 1",
        )?;
        let mut rows = oldest.query([])?;
        let Some(row) = rows.next()? else {
            return Ok(self.me.assignment_seen);
        };
        let row = log::commit_no(&self.store.writer, row.get(0)?)?;
        let commit = row.and_then(|row| Commit::from_bytes(&row.signed.bytes).ok());
        Ok(commit
            .ok_or(StoreError::Row("an outgoing commit"))?
            .assignment_seen)
    }
}

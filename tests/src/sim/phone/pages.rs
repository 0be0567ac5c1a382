//! Applying what the council sends: one page, one transaction, with its token.

use std::rc::Rc;

use visitbook_device::sync::store::{PullTaken, ReplyProblem};
use visitbook_record::fact::Answer;
use visitbook_record::id::OpId;
use visitbook_record::op::Kind;
use visitbook_record::payload::{Content, Payload};
use visitbook_record::scope::{LogPosition, Scope};
use visitbook_record::verdict::Verdict;
use visitbook_record::wire::{CommitEntry, Denial, LogEntry, Page, PullReply};

use super::super::ledger::Volume;
use super::super::names;
use super::super::null;
use super::{Died, Gone, Moment, Phone};

impl Phone {
    pub(super) fn apply_pull_reply(
        &mut self,
        body: &[u8],
    ) -> Result<PullTaken, ReplyProblem<Died>> {
        let not_ours = || ReplyProblem::NotTheCouncil;
        let nonce = self.asked.ok_or_else(not_ours)?;
        let opened = null::open_page(nonce, body).ok_or_else(not_ours)?;
        let reply: PullReply = null::read(opened).ok_or_else(not_ours)?;
        self.asked = None;
        match reply {
            PullReply::Page(page) => self.apply_page(&page),
            PullReply::Denied {
                denial,
                next_counter,
            } => {
                self.disk.counter = self.disk.counter.max(next_counter.saturating_sub(1));
                match denial {
                    Denial::NotEnrolled => return Err(ReplyProblem::NotEnrolled),
                    Denial::Ended => {
                        self.take_ending()?;
                        return Err(ReplyProblem::NotEnrolled);
                    }
                    Denial::UnknownToken if self.has_copy => self.read_from_the_beginning(),
                    Denial::UnknownToken if self.disk.epoch.number > 1 => self.read_again(),
                    Denial::UnknownToken => self.alarms.push((19, "the council forgot a token")),
                    Denial::Malformed => {
                        self.alarms.push((19, "the council cannot read a request"))
                    }
                    Denial::NewEpoch => {
                        return Ok(PullTaken {
                            again: true,
                            keys_wanted: true,
                            ..PullTaken::default()
                        });
                    }
                    Denial::NotConfirmed => return Ok(PullTaken::default()),
                    Denial::Replayed => {}
                }
                Ok(PullTaken {
                    again: true,
                    ..PullTaken::default()
                })
            }
        }
    }

    fn apply_page(&mut self, page: &Page) -> Result<PullTaken, ReplyProblem<Died>> {
        let Some(entries) = self.with_own_whole(page) else {
            self.wants_own_whole = true;
            return Ok(PullTaken {
                again: true,
                ..PullTaken::default()
            });
        };
        let volumes = self.verify(page, &entries)?;
        if !page.digests.is_empty() {
            self.alarms.push((
                6,
                "the council's digest differs from this phone's at the same token",
            ));
        }
        for (entry, volume) in entries.iter().zip(volumes) {
            self.apply_entry(entry, volume);
        }
        self.close_what_is_not_held();
        self.disk.token = Some(page.token);
        self.disk.history_arriving = page.more;
        self.disk.reads_again &= page.more;
        self.wants_own_whole &= page.more;
        if self.dies_at(Moment::BeforePurge) {
            return Err(Died.into());
        }
        self.settle_moves()?;
        Ok(PullTaken {
            entries: u32::try_from(page.entries.len()).unwrap_or(u32::MAX),
            more: page.more,
            ..PullTaken::default()
        })
    }

    /// The entries with what this phone made in the place of its names; `None` if one of them is not here with all its words.
    fn with_own_whole(&self, page: &Page) -> Option<Vec<LogEntry>> {
        let whole = |entry: &LogEntry| {
            let LogEntry::Own(named) = entry else {
                return Some(entry.clone());
            };
            let own = &self.disk.own[self.own_at(&named.commit)?];
            let is_here = !own.gone && self.is_whole(&own.written.volume);
            is_here.then(|| {
                LogEntry::Commit(CommitEntry {
                    scope: named.scope,
                    at: named.at,
                    commit: own.signed.clone(),
                    verdicts: named.verdicts.clone(),
                    received: named.received,
                    payloads: Vec::new(),
                    released: named.released.clone(),
                    earlier: named.earlier.clone(),
                })
            })
        };
        page.entries.iter().map(whole).collect()
    }

    /// Every commit's signature, by a certificate in the page, before anything is applied.
    fn verify(
        &self,
        page: &Page,
        entries: &[LogEntry],
    ) -> Result<Vec<Option<Rc<Volume>>>, ReplyProblem<Died>> {
        let mut volumes = Vec::with_capacity(entries.len());
        for (named, entry) in page.entries.iter().zip(entries) {
            let LogEntry::Commit(entry) = entry else {
                volumes.push(None);
                continue;
            };
            let volume = self
                .ledger
                .volume(&entry.commit.bytes)
                .ok_or(ReplyProblem::NotTheCouncil)?;
            if matches!(named, LogEntry::Own(_)) {
                volumes.push(Some(volume));
                continue;
            }
            let device = volume.commit.origin.device;
            let certified = page
                .certificates
                .iter()
                .any(|certificate| certificate[..] == device.0);
            let key = names::key_of(device);
            if !certified
                || !null::commit_verifies(&key, &entry.commit.bytes, &entry.commit.signature)
            {
                return Err(ReplyProblem::NotTheCouncil);
            }
            volumes.push(Some(volume));
        }
        Ok(volumes)
    }

    fn apply_entry(&mut self, entry: &LogEntry, volume: Option<Rc<Volume>>) {
        let (scope, at) = (entry.scope(), entry.at());
        let read = self.disk.vector.get(&scope).copied();
        if read.is_some_and(|read| at <= read) {
            if self.disk.reads_again {
                self.fill_in(entry, volume.as_deref());
                return;
            }
            self.alarms
                .push((6, "an entry came twice in one reading of a log"));
        }
        let same_epoch = read.filter(|read| read.epoch == at.epoch);
        let follows = same_epoch.map_or(1, |read| read.position + 1);
        if at.position != follows {
            self.alarms.push((6, "an entry of a log was skipped"));
        }
        self.disk.vector.insert(scope, at);
        match (entry, volume) {
            (LogEntry::Commit(entry), Some(volume)) => self.apply_commit(entry, &volume),
            // What became of a statement in a scope that is no longer held. Another phone of the same worker may have made it.
            (LogEntry::Judged { op, verdict, .. }, _)
                if scope.child().is_none() && self.row(op).is_none_or(|row| row.scope != scope) =>
            {
                if let Some(index) = self.disk.row_of.get(op).copied() {
                    self.learn(index, verdict);
                }
            }
            (
                LogEntry::Judged {
                    op,
                    verdict,
                    released,
                    earlier,
                    ..
                },
                _,
            ) => {
                match self.disk.row_of.get(op).copied() {
                    Some(index) => self.log_verdict(index, scope, verdict, at),
                    None => self
                        .alarms
                        .push((6, "a statement was judged that this phone was not sent")),
                }
                if let Some(volume) = self.ledger.volume_of(op) {
                    self.keep_earlier(volume.hash, earlier.as_ref());
                    self.count_from_earlier(&volume.hash);
                }
                self.take_released(released);
            }
            (LogEntry::Commit(_) | LogEntry::Own(_), _) => {}
        }
    }

    /// What is known is passed over when a log is read again, but for words that have become readable since.
    fn fill_in(&mut self, entry: &LogEntry, volume: Option<&Volume>) {
        match (entry, volume) {
            (LogEntry::Commit(entry), Some(volume)) => {
                for (id, payload) in volume.ids.iter().zip(&entry.payloads) {
                    let lacking = self.disk.row_of.get(id).copied();
                    let lacking = lacking.filter(|index| self.disk.rows[*index].words.is_none());
                    if let (Some(index), Some(payload)) = (lacking, payload) {
                        self.take_payload(index, payload, volume);
                    }
                }
                self.take_released(&entry.released);
            }
            (LogEntry::Judged { released, .. }, _) => self.take_released(released),
            (LogEntry::Commit(_) | LogEntry::Own(_), _) => {}
        }
    }

    fn apply_commit(&mut self, entry: &CommitEntry, volume: &Volume) {
        self.look_for_a_copy(volume);
        let given = entry
            .payloads
            .iter()
            .map(Option::as_ref)
            .chain(std::iter::repeat(None));
        for ((fact, verdict), payload) in volume.facts.iter().zip(&entry.verdicts).zip(given) {
            let index = match self.disk.row_of.get(&fact.id) {
                Some(index) => *index,
                None => self.keep_row(volume, fact.clone(), None),
            };
            self.disk.rows[index].received = Some(entry.received);
            if let Some(payload) = payload {
                self.take_payload(index, payload, volume);
            }
            self.log_verdict(index, entry.scope, verdict, entry.at);
        }
        self.bring_back(&volume.hash);
        self.note_had(volume, entry.at);
        self.keep_earlier(volume.hash, entry.earlier.as_ref());
        self.count_from_earlier(&volume.hash);
        self.take_released(&entry.released);
        if entry.scope == Scope::Worker(self.worker) {
            self.take_assignments(entry, volume);
        }
    }

    fn take_assignments(&mut self, entry: &CommitEntry, volume: &Volume) {
        for (op, id) in volume.commit.ops.iter().zip(&volume.ids) {
            let content = self
                .row(id)
                .and_then(|row| row.words.as_ref())
                .and_then(|words| words.content.clone());
            let Some(Content::Assignment(assignment)) = content else {
                continue;
            };
            if !names::is_writer(&volume.commit.origin.device) {
                continue;
            }
            match op.kind {
                Kind::Assign => {
                    self.disk.holds.insert(assignment.child, assignment.role);
                    self.disk.moved.remove(&assignment.child);
                }
                Kind::Unassign => {
                    self.disk.holds.remove(&assignment.child);
                    self.disk.moved.insert(assignment.child, Gone::Closed);
                }
                _ => continue,
            }
            // While a log is read again from its beginning, what was seen last stays the last.
            self.disk.assignment_seen = self.disk.assignment_seen.max(Some(entry.at));
        }
    }

    fn take_released(&mut self, released: &[(OpId, Payload)]) {
        for (op, payload) in released {
            match self.disk.row_of.get(op).copied() {
                Some(index) => {
                    let commit = self.ledger.words(payload);
                    self.take_words(index, commit);
                }
                None => self
                    .alarms
                    .push((6, "words were released that belong to nothing here")),
            }
        }
    }

    fn take_payload(&mut self, index: usize, payload: &Payload, volume: &Volume) {
        let id = self.disk.rows[index].fact.id;
        let place = volume.ids.iter().position(|other| *other == id);
        let signed = place.and_then(|place| volume.commit.ops[place].payload);
        let Some(signed) = signed else { return };
        let words = self.ledger.words_signed_as(signed, payload);
        if signed != words.hash {
            let alarm = "the council sent words that are not those signed";
            self.alarms.push((4, alarm));
            return;
        }
        self.take_words(index, words);
    }

    fn take_words(&mut self, index: usize, words: Rc<super::Words>) {
        let row = &mut self.disk.rows[index];
        row.fact.answer = Answer::of(words.content.as_ref());
        if row.words.is_none() {
            self.given.push(row.fact.id);
        }
        row.words = Some(words);
    }

    /// A verdict from a receipt: where the log has spoken it says nothing new, and may be older.
    pub(super) fn judge(&mut self, op: &OpId, verdict: &Verdict, at: LogPosition) {
        let Some(index) = self.disk.row_of.get(op).copied() else {
            return;
        };
        let row = &self.disk.rows[index];
        // Nor does it take back what a notice has said since, about a child that is no longer held.
        let lowers = row.fact.is_applied()
            && !verdict.is_applied()
            && row.judged_at.is_none_or(|known| known.epoch >= at.epoch);
        if row.logged.is_none() && !lowers {
            self.stand(index, verdict, at);
        }
    }

    /// The verdict that stands is the one from furthest on in the log; what counts has counted since it first did, in one epoch.
    fn stand(&mut self, index: usize, verdict: &Verdict, at: LogPosition) {
        let row = &mut self.disk.rows[index];
        if row.judged_at.is_some_and(|known| known > at) {
            return;
        }
        let counted = row.counted_at.filter(|since| since.epoch == at.epoch);
        row.judged_at = Some(at);
        row.counted_at = verdict.is_applied().then(|| counted.unwrap_or(at));
        row.fact.verdict = Some(verdict.clone());
    }

    /// What became of a statement in a scope that is no longer held, as its author's own log repeats it.
    fn learn(&mut self, index: usize, verdict: &Verdict) {
        let row = &mut self.disk.rows[index];
        if verdict.is_applied() && !row.fact.is_applied() {
            row.counted_at = row.judged_at;
            row.fact.verdict = Some(verdict.clone());
        }
    }

    /// A verdict from the log: it goes into the digest.
    fn log_verdict(&mut self, index: usize, scope: Scope, verdict: &Verdict, at: LogPosition) {
        let digest = self.disk.digests.entry(scope).or_default();
        let row = &mut self.disk.rows[index];
        if let Some(old) = row.logged.replace(verdict.clone()) {
            digest.remove(&row.fact.id, &old);
            if old.is_applied() && !verdict.is_applied() {
                self.alarms.push((17, "something applied was taken back"));
            }
        }
        digest.add(&row.fact.id, verdict);
        self.stand(index, verdict, at);
    }

    /// A child that is no longer held is read from the beginning if it comes back.
    pub(super) fn close_what_is_not_held(&mut self) {
        let holds = &self.disk.holds;
        let closed: Vec<Scope> = self
            .disk
            .vector
            .keys()
            .filter(|scope| {
                scope
                    .child()
                    .is_some_and(|child| !holds.contains_key(&child))
            })
            .copied()
            .collect();
        for scope in closed {
            self.disk.vector.remove(&scope);
            self.disk.digests.remove(&scope);
            for row in self.disk.rows.iter_mut().filter(|row| row.scope == scope) {
                row.logged = None;
            }
        }
    }
}

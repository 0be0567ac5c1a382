//! Decides what to send next and what an answer means. No I/O, no clock, no threads, no randomness of its own.
//!
//! The rules, in the order in which they bite:
//!
//! - The first request of a run is small ([`limits::FIRST_REQUEST_BYTES`], or one envelope that is larger by itself)
//!   and holds one class only, the most urgent: in a window of two seconds a concern leaves, and its receipt comes
//!   back, before anything else is tried.
//! - Then what is urgent or soon; then one page of what is new; then everything else; then all that is new.
//! - Attached files last, a request at a time: what was written in the meantime goes before the next one.
//! - Nothing is sent twice in a run, except in smaller requests after one that was too large.
//! - An answer counts only if it has our media type and opens. No status deletes anything or counts as sent.
//! - An envelope that is refused, ignored or cannot pass stops no other: it is stepped around for this run.
//! - A run may end at any point; the next begins with what has no receipt.

use visitbook_record::{cbor, limits, wire};

use super::answer::{Fault, fault_of, judge};
use super::exchange::{HttpReply, Route, TransportProblem};
use super::outcome::{Budget, Ended, Outcome, Progress, Trouble};
use super::pace::Pace;
use super::run::{Asked, InFlight, Keys, Pulling, Run};
use super::store::{Parcel, ParcelKey, SendClass, SyncStore};

/// What may differ between a phone, a test and the simulator. Times in milliseconds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Config {
    /// Size of the second request; it adapts from there.
    pub batch_bytes: usize,
    /// What an answer may take, apart from its size.
    pub answer_ms: u64,
    /// The range of the first wait after a failure.
    pub first_backoff_ms: u64,
    /// The range that doubling stops at.
    pub longest_backoff_ms: u64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            batch_bytes: 64 << 10,
            answer_ms: 20_000,
            first_backoff_ms: 2_000,
            longest_backoff_ms: 300_000,
        }
    }
}

/// What happened. Times are the caller's monotonic milliseconds, from any beginning, never backwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Begin a run.
    Begin {
        /// The time.
        now: u64,
        /// How much the run may use.
        budget: Budget,
        /// 64 random bits, for the wait after a failure.
        random: u64,
        /// A person asked, or the connection changed: do not wait for the back-off. What the council asked is obeyed.
        asked: bool,
    },
    /// The answer to the last [`Effect::Send`].
    Reply {
        /// The time.
        now: u64,
        /// The answer.
        reply: HttpReply,
    },
    /// There will be no answer to the last [`Effect::Send`].
    TransportFailed {
        /// The time.
        now: u64,
        /// Why.
        problem: TransportProblem,
    },
    /// Stop now. An answer that is under way is not waited for.
    Cancelled {
        /// The time.
        now: u64,
    },
}

/// What to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send this and report its answer, or that none came by the deadline.
    Send {
        /// Where to.
        route: Route,
        /// The exact body.
        body: Vec<u8>,
        /// When to give up, on the caller's clock.
        deadline: u64,
    },
    /// The run is over.
    Done(Outcome),
    /// The event belongs to no run, or a run is under way already.
    Nothing,
}

/// How many times in a row one run steps around something, or tries the same again, before it ends.
const PATIENCE: u32 = 4;
/// The least that a page is asked for with.
const LEAST_PAGE_BYTES: u64 = 2_048;
/// The least that is left when a request about attached files is begun: one chunk, up or down.
const LEAST_FILE_BYTES: u64 = 80 << 10;
/// What a request about attached files holds after one that was too large, at most; halved from there down to one chunk.
const FIRST_SMALLER_FILE_BYTES: usize = 1 << 19;
/// What CBOR puts around a list of envelopes, and around each, at most.
pub(crate) const LIST_BYTES: usize = 6;
pub(crate) const ITEM_BYTES: usize = 5;
/// No deadline is further off than this.
const LONGEST_ANSWER_MS: u64 = 600_000;

/// The engine of one device. Keep it between runs: it remembers how well the line did and how long to wait.
pub struct Engine {
    config: Config,
    pace: Pace,
    run: Option<Run>,
    progress: Progress,
    /// The most that a request about attached files holds, in bytes: smaller after one that something would not pass.
    file_bytes: usize,
}

impl Engine {
    /// An engine that has never run.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Self {
            pace: Pace::new(&config),
            config,
            run: None,
            file_bytes: usize::MAX,
            progress: Progress {
                sent: 0,
                receipted: 0,
                refused: 0,
                pulled_entries: 0,
                file_chunks: 0,
                files_received: 0,
                files_fetched: 0,
                bytes_up: 0,
                bytes_down: 0,
            },
        }
    }

    /// How far the run has come, or the last one came.
    #[must_use]
    pub const fn progress(&self) -> Progress {
        self.progress
    }

    /// When a run may begin that nobody asked for, on the caller's clock.
    #[must_use]
    pub const fn next_sync_allowed_at(&self) -> u64 {
        self.pace.next_allowed_at()
    }

    /// Takes an event, lets the store apply what it brought, and says what to do.
    ///
    /// # Errors
    /// The store's own. The run is over then, and nothing counts as sent that the store did not take.
    pub fn step<S: SyncStore>(&mut self, store: &mut S, event: Event) -> Result<Effect, S::Error> {
        let effect = self.take(store, event);
        if effect.is_err() {
            self.run = None;
        }
        effect
    }

    fn take<S: SyncStore>(&mut self, store: &mut S, event: Event) -> Result<Effect, S::Error> {
        match event {
            Event::Begin {
                now,
                budget,
                random,
                asked,
            } => {
                if self.run.is_some() {
                    return Ok(Effect::Nothing);
                }
                self.progress = Progress::default();
                let run = Run::new(now, budget, random);
                if !self.pace.allows(now, asked) {
                    return self.end(store, run, now, Ended::TooSoon);
                }
                self.go_on(store, run, now)
            }
            Event::Reply { now, reply } => match self.answered_run() {
                Some((run, in_flight)) => self.take_reply(store, run, in_flight, now, &reply),
                None => Ok(Effect::Nothing),
            },
            Event::TransportFailed { now, problem } => match self.answered_run() {
                Some((mut run, in_flight)) => {
                    if matches!(
                        problem,
                        TransportProblem::NoLine | TransportProblem::NotPrivate
                    ) {
                        self.nothing_left(&mut run, in_flight.asked.keys());
                    }
                    self.take_problem(store, run, now, problem)
                }
                None => Ok(Effect::Nothing),
            },
            Event::Cancelled { now } => match self.run.take() {
                Some(run) => self.end(store, run, now, Ended::Cancelled),
                None => Ok(Effect::Nothing),
            },
        }
    }

    fn answered_run(&mut self) -> Option<(Run, InFlight)> {
        let mut run = self.run.take()?;
        let in_flight = run.in_flight.take()?;
        Some((run, in_flight))
    }

    /// The next request, or the end.
    fn go_on<S: SyncStore>(
        &mut self,
        store: &mut S,
        mut run: Run,
        now: u64,
    ) -> Result<Effect, S::Error> {
        // What would still be under way when the time is up is not begun: nobody could say whether it arrived.
        let needs = now.saturating_add(run.round_trip_ms);
        if run.until.is_some_and(|until| now >= until || needs > until) {
            return self.end(store, run, now, Ended::Budget);
        }
        if run.keys == Keys::Wanted {
            run.keys = Keys::Fetched;
            return Ok(self.send(run, now, Route::Keys, Vec::new(), Asked::Keys, 0));
        }
        let left = run.bytes.map(|all| {
            all.saturating_sub(self.progress.bytes_up)
                .saturating_sub(self.progress.bytes_down)
        });
        let batch = self.next_batch(store, &run)?;
        let urgent = batch
            .first()
            .is_some_and(|parcel| parcel.class <= SendClass::Soon);
        let pull_first =
            run.pulling == Pulling::Wanted && !urgent && !run.pulled_a_page && !run.first;
        if !batch.is_empty() && !pull_first {
            return self.upload(store, run, now, batch, left);
        }
        if run.pulling == Pulling::Wanted {
            if left.is_some_and(|left| left < LEAST_PAGE_BYTES) {
                return self.end(store, run, now, Ended::Budget);
            }
            let page = left.map_or(self.pace.window(), |left| {
                usize::try_from(left)
                    .map_or(self.pace.window(), |left| left.min(self.pace.window()))
            });
            if let Some(request) = store.pull_request(u32::try_from(page).unwrap_or(u32::MAX))? {
                return Ok(self.send(run, now, Route::Pull, request.body, Asked::Pull, page));
            }
            run.pulling = Pulling::Off;
            return self.go_on(store, run, now);
        }
        if run.files {
            if left.is_some_and(|left| left < LEAST_FILE_BYTES) && store.attachments_wait()? {
                return self.end(store, run, now, Ended::Budget);
            }
            let most = left.map_or(self.pace.window(), |left| {
                usize::try_from(left / 2)
                    .map_or(self.pace.window(), |left| left.min(self.pace.window()))
            });
            let most = u32::try_from(most.min(self.file_bytes)).unwrap_or(u32::MAX);
            if let Some(request) = store.attachment_request(most, &run.files_over)? {
                let expected = most as usize;
                return Ok(self.send(
                    run,
                    now,
                    request.route,
                    request.body,
                    Asked::Files,
                    expected,
                ));
            }
            run.files = false;
        }
        let ended = match run.trouble {
            Some(_) => Ended::Trouble,
            None => Ended::Complete,
        };
        self.end(store, run, now, ended)
    }

    /// A prefix of what waits: as much as one request may hold, and no more of the less urgent than is its turn.
    fn next_batch<S: SyncStore>(&self, store: &mut S, run: &Run) -> Result<Vec<Parcel>, S::Error> {
        let limit = if run.first {
            limits::FIRST_REQUEST_BYTES
        } else {
            self.pace.window()
        };
        let mut batch = store.waiting(limit, &run.behind)?;
        let Some(first) = batch.first().map(|parcel| parcel.class) else {
            return Ok(batch);
        };
        let least_urgent = if run.first {
            first
        } else if first <= SendClass::Soon && !run.pulled_a_page {
            SendClass::Soon
        } else {
            SendClass::Later
        };
        let mut size = LIST_BYTES;
        let fits = batch
            .iter()
            .take(self.pace.count())
            .take_while(|parcel| {
                size += ITEM_BYTES + parcel.bytes.len();
                parcel.class <= least_urgent && size <= limit
            })
            .count();
        batch.truncate(fits.max(1));
        Ok(batch)
    }

    fn upload<S: SyncStore>(
        &mut self,
        store: &mut S,
        mut run: Run,
        now: u64,
        mut batch: Vec<Parcel>,
        left: Option<u64>,
    ) -> Result<Effect, S::Error> {
        if let Some(left) = left {
            let mut size = LIST_BYTES as u64;
            let fits = batch
                .iter()
                .take_while(|parcel| {
                    size += (ITEM_BYTES + parcel.bytes.len()) as u64;
                    size <= left
                })
                .count();
            if fits == 0 {
                return self.end(store, run, now, Ended::Budget);
            }
            batch.truncate(fits);
        }
        let keys: Vec<ParcelKey> = batch.iter().map(|parcel| parcel.key).collect();
        run.tried.extend(&keys);
        store.under_way(&keys);
        self.progress.sent = count(run.tried.len());
        let body = cbor::encode(&wire::Upload {
            envelopes: batch
                .into_iter()
                .map(|parcel| parcel.bytes.into())
                .collect(),
        });
        Ok(self.send(run, now, Route::Upload, body, Asked::Upload(keys), 0))
    }

    fn send(
        &mut self,
        mut run: Run,
        now: u64,
        route: Route,
        body: Vec<u8>,
        asked: Asked,
        expected: usize,
    ) -> Effect {
        // Besides a fixed part, a second for each KiB: slower than any line worth keeping open.
        let size = (body.len() + expected) as u64;
        let patience = self.config.answer_ms.saturating_add(size / 1024 * 1000);
        let deadline = now.saturating_add(patience.min(LONGEST_ANSWER_MS));
        self.progress.bytes_up += body.len() as u64;
        run.first = false;
        run.in_flight = Some(InFlight {
            asked,
            sent_at: now,
        });
        let deadline = run.until.map_or(deadline, |until| until.min(deadline));
        self.run = Some(run);
        Effect::Send {
            route,
            body,
            deadline,
        }
    }

    fn take_reply<S: SyncStore>(
        &mut self,
        store: &mut S,
        mut run: Run,
        in_flight: InFlight,
        now: u64,
        reply: &HttpReply,
    ) -> Result<Effect, S::Error> {
        self.progress.bytes_down += reply.body.len() as u64;
        let took_ms = now.saturating_sub(in_flight.sent_at);
        let taken = match judge(reply) {
            Some(fault) => Err(fault),
            None => match &in_flight.asked {
                Asked::Upload(keys) => {
                    self.take_upload_answer(store, &mut run, keys, now, &reply.body)?
                }
                Asked::Keys => match store.take_keys(&reply.body) {
                    Ok(taken) => {
                        if taken {
                            // What was answered for in words that this device could not read yet is asked again.
                            run.behind.clear();
                        }
                        Ok(())
                    }
                    Err(problem) => fault_of(problem)?,
                },
                Asked::Pull => self.take_page(store, &mut run, &reply.body)?,
                Asked::Files => self.take_files(store, &mut run, &reply.body)?,
            },
        };
        match taken {
            Ok(()) => {
                self.pace.answered(took_ms);
                run.round_trip_ms = took_ms;
                run.stepped_around = 0;
                if run.tries_again > PATIENCE {
                    run.worse(Trouble::NotAnsweringProperly);
                    return self.end(store, run, now, Ended::Trouble);
                }
                self.go_on(store, run, now)
            }
            Err(fault) => self.take_fault(store, run, in_flight.asked, now, fault),
        }
    }

    fn take_upload_answer<S: SyncStore>(
        &mut self,
        store: &mut S,
        run: &mut Run,
        keys: &[ParcelKey],
        now: u64,
        body: &[u8],
    ) -> Result<Result<(), Fault>, S::Error> {
        let taken = match store.take_upload_answer(body) {
            Ok(taken) => taken,
            Err(problem) => return fault_of(problem),
        };
        run.behind.extend(keys);
        self.progress.receipted += taken.receipted;
        self.progress.refused += taken.refused;
        if taken.receipted > 0 {
            self.pace.passed();
        }
        if taken.receipted > 0 && run.first_receipt_after_ms.is_none() {
            run.first_receipt_after_ms = Some(now.saturating_sub(run.began));
        }
        run.tries_again = if taken.sealed_again > 0 {
            run.tries_again + 1
        } else {
            0
        };
        let answered = taken.receipted + taken.refused + taken.sealed_again;
        if taken.keys_wanted {
            run.keys.want();
        } else if taken.kept_unopened > 0 {
            run.kept_unopened = true;
        } else {
            // An envelope that was damaged on the way is passed over in silence: it has been sent, and still waits.
            run.unanswered |= answered < count(keys.len());
            if answered == 0 {
                run.worse(Trouble::NotAnsweringProperly);
            }
        }
        if run.pulling == Pulling::UpToDate {
            run.pulling = Pulling::Wanted;
        }
        Ok(Ok(()))
    }

    fn take_page<S: SyncStore>(
        &mut self,
        store: &mut S,
        run: &mut Run,
        body: &[u8],
    ) -> Result<Result<(), Fault>, S::Error> {
        let taken = match store.take_pull_reply(body) {
            Ok(taken) => taken,
            Err(problem) => return fault_of(problem),
        };
        self.progress.pulled_entries += taken.entries;
        if taken.keys_wanted {
            run.keys.want();
        }
        let nothing_came = taken.again || (taken.more && taken.entries == 0);
        run.tries_again = if nothing_came { run.tries_again + 1 } else { 0 };
        run.pulled_a_page |= !taken.again;
        run.council_has_more = taken.more || taken.again;
        if !run.council_has_more {
            run.pulling = Pulling::UpToDate;
        }
        Ok(Ok(()))
    }

    fn take_files<S: SyncStore>(
        &mut self,
        store: &mut S,
        run: &mut Run,
        body: &[u8],
    ) -> Result<Result<(), Fault>, S::Error> {
        let taken = match store.take_attachment_reply(body) {
            Ok(taken) => taken,
            Err(problem) => return fault_of(problem),
        };
        self.progress.file_chunks += taken.chunks_up + taken.chunks_down;
        self.progress.files_received += taken.received;
        self.progress.files_fetched += taken.fetched;
        run.files_over.extend(&taken.over);
        run.tries_again = if taken.again { run.tries_again + 1 } else { 0 };
        Ok(Ok(()))
    }

    fn take_fault<S: SyncStore>(
        &mut self,
        store: &mut S,
        mut run: Run,
        asked: Asked,
        now: u64,
        fault: Fault,
    ) -> Result<Effect, S::Error> {
        let (trouble, too_large) = match fault {
            Fault::SignInPage => {
                run.worse(Trouble::SignInPage);
                return self.end(store, run, now, Ended::Trouble);
            }
            Fault::ComeBack(seconds) => {
                run.asked_to_wait_s = seconds;
                run.worse(Trouble::AskedToWait);
                return self.end(store, run, now, Ended::Trouble);
            }
            Fault::Odd(trouble) => (trouble, false),
            Fault::TooLarge => (Trouble::NotAnsweringProperly, true),
            Fault::OtherKey if run.keys == Keys::Known => {
                run.keys.want();
                return self.go_on(store, run, now);
            }
            Fault::OtherKey => (Trouble::NotAnsweringProperly, false),
        };
        match asked {
            Asked::Upload(keys) if keys.len() > 1 => {
                self.pace.split(keys.len());
                if too_large {
                    // It was not taken, and smaller requests may pass: the one case of sending again in a run.
                    return self.go_on(store, run, now);
                }
                run.worse(trouble);
                return self.end(store, run, now, Ended::Trouble);
            }
            Asked::Upload(keys) => {
                run.unanswered = true;
                run.behind.extend(keys);
            }
            Asked::Keys => {}
            Asked::Pull => run.pulling = Pulling::Off,
            Asked::Files if too_large && self.file_bytes > FIRST_SMALLER_FILE_BYTES / 16 => {
                self.file_bytes = self.file_bytes.min(FIRST_SMALLER_FILE_BYTES * 2) / 2;
                return self.go_on(store, run, now);
            }
            Asked::Files => run.files = false,
        }
        run.worse(trouble);
        run.stepped_around += 1;
        if run.stepped_around > PATIENCE {
            return self.end(store, run, now, Ended::Trouble);
        }
        self.go_on(store, run, now)
    }

    /// The request never left the device.
    fn nothing_left(&mut self, run: &mut Run, keys: &[ParcelKey]) {
        for key in keys {
            run.tried.remove(key);
        }
        self.progress.sent = count(run.tried.len());
    }

    fn take_problem<S: SyncStore>(
        &mut self,
        store: &mut S,
        mut run: Run,
        now: u64,
        problem: TransportProblem,
    ) -> Result<Effect, S::Error> {
        run.unanswered = true;
        let trouble = match problem {
            TransportProblem::Cancelled => return self.end(store, run, now, Ended::Cancelled),
            TransportProblem::TimedOut | TransportProblem::NoLine
                if run.until.is_some_and(|until| now >= until) =>
            {
                return self.end(store, run, now, Ended::Budget);
            }
            TransportProblem::NoLine => Trouble::NoLine,
            TransportProblem::NotPrivate => Trouble::NotPrivate,
            TransportProblem::Unreadable => Trouble::NotAnsweringProperly,
            TransportProblem::Lost | TransportProblem::TimedOut => {
                self.pace.line_failed();
                Trouble::LineLost
            }
        };
        run.worse(trouble);
        self.end(store, run, now, Ended::Trouble)
    }

    fn end<S: SyncStore>(
        &mut self,
        store: &mut S,
        run: Run,
        now: u64,
        ended: Ended,
    ) -> Result<Effect, S::Error> {
        store.under_way(&[]);
        match (ended, run.trouble) {
            (Ended::TooSoon, _) => {}
            (_, Some(_)) => {
                let done = self.progress;
                if done.receipted + done.refused + done.pulled_entries + done.file_chunks > 0 {
                    self.pace.forgive();
                }
                self.pace
                    .back_off(now, run.random, run.asked_to_wait_s, &self.config);
            }
            (_, None) => {
                if ended == Ended::Complete {
                    self.pace.forgive();
                }
                self.pace.rest(now);
            }
        }
        let more_waiting = run.unanswered
            || run.trouble.is_some()
            || run.council_has_more
            || !store.waiting(1, run.answered_for())?.is_empty()
            || store.attachments_wait()?;
        Ok(Effect::Done(Outcome {
            progress: self.progress,
            ended,
            trouble: run.trouble,
            more_waiting,
            next_allowed_at: self.pace.next_allowed_at(),
            first_receipt_after_ms: run.first_receipt_after_ms,
        }))
    }
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

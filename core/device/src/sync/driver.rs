//! Runs the engine over a transport and a clock, on the calling thread.

use std::sync::{Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use ring::rand::{SecureRandom, SystemRandom};

use super::cancel::CancelHandle;
use super::engine::{Config, Effect, Engine, Event};
use super::exchange::TransportProblem;
use super::http::Transport;
use super::outcome::{Budget, Outcome, Progress};
use super::store::SyncStore;

/// Monotonic time. It decides when to try again and when to give up, and nothing about any record.
pub trait Clock: Send + Sync {
    /// Milliseconds from any beginning, never backwards.
    fn now_ms(&self) -> u64;
}

/// The system's monotonic clock, from the moment this was made. It may stand still while a phone sleeps.
#[derive(Debug, Clone, Copy)]
pub struct SystemClock(Instant);

impl Default for SystemClock {
    fn default() -> Self {
        Self(Instant::now())
    }
}

impl Clock for SystemClock {
    fn now_ms(&self) -> u64 {
        u64::try_from(self.0.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// What is asked of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Ask {
    /// How much it may use.
    pub budget: Budget,
    /// A person asked, or the connection changed: do not wait for the back-off.
    pub asked: bool,
}

/// Why a sync could not run, or could not go on. What had been done stays done.
#[derive(Debug, thiserror::Error)]
pub enum SyncError<E> {
    /// One is running already.
    #[error("a sync is running already")]
    Busy,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] E),
}

/// One for each device, kept as long as the app runs: it remembers how well the line did. Safe to share.
pub struct Driver {
    engine: Mutex<Engine>,
}

impl Driver {
    /// A driver that has never run.
    #[must_use]
    pub const fn new(config: Config) -> Self {
        Self {
            engine: Mutex::new(Engine::new(config)),
        }
    }

    /// Syncs on this thread until there is nothing to do, the budget is used, something is in the way, or `cancel` says
    /// so, and then within 250 ms. That something was in the way is not an error: see [`Outcome`]. `progress` is called
    /// on this thread between exchanges, outside every lock but the one that makes a second sync busy.
    ///
    /// # Errors
    /// [`SyncError::Busy`] at once while another runs on this driver; the store's own.
    pub fn sync<S: SyncStore>(
        &self,
        store: &mut S,
        transport: &dyn Transport,
        clock: &dyn Clock,
        ask: Ask,
        progress: &mut dyn FnMut(Progress),
        cancel: &CancelHandle,
    ) -> Result<Outcome, SyncError<S::Error>> {
        let mut engine = match self.engine.try_lock() {
            Ok(engine) => engine,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return Err(SyncError::Busy),
        };
        // A run that ended in a panic of somebody's callback is still open.
        engine.step(
            store,
            Event::Cancelled {
                now: clock.now_ms(),
            },
        )?;
        let began = clock.now_ms();
        let until = ask.budget.time_ms.map(|time| began.saturating_add(time));
        let mut at = began;
        let mut event = Event::Begin {
            now: at,
            budget: ask.budget,
            random: random(),
            asked: ask.asked,
        };
        loop {
            if cancel.is_cancelled() && !matches!(event, Event::Begin { .. }) {
                event = Event::Cancelled {
                    now: clock.now_ms(),
                };
            }
            let effect = engine.step(store, event)?;
            progress(engine.progress());
            event = match effect {
                Effect::Done(outcome) => return Ok(outcome),
                // Not met: the engine is in this loop alone, and every event here belongs to its run.
                Effect::Nothing => Event::Cancelled {
                    now: clock.now_ms(),
                },
                Effect::Send {
                    route,
                    body,
                    deadline,
                } => {
                    // The engine counts from the last event. What the store took since is no fault of the line: with weeks of
                    // words it can be longer than any line is waited for.
                    let patience = deadline.saturating_sub(at);
                    let left = until.map_or(u64::MAX, |until| until.saturating_sub(clock.now_ms()));
                    let patience = Duration::from_millis(patience.min(left));
                    let answer = transport.exchange(route, &body, patience, cancel);
                    let now = clock.now_ms();
                    at = now;
                    match answer {
                        Ok(reply) => Event::Reply { now, reply },
                        Err(TransportProblem::Cancelled) => Event::Cancelled { now },
                        Err(problem) => Event::TransportFailed { now, problem },
                    }
                }
            };
        }
    }

    /// When a sync that nobody asked for may run, on the caller's clock. Waits for one that is running.
    #[must_use]
    pub fn next_sync_allowed_at(&self) -> u64 {
        self.engine
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .next_sync_allowed_at()
    }
}

/// Without randomness, the longest wait.
fn random() -> u64 {
    let mut bytes = [0xff; 8];
    match SystemRandom::new().fill(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes),
        Err(_) => u64::MAX,
    }
}

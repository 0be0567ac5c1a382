//! One thread writes. What queues up while it waits for the disk goes into its next transaction together, so that a busy server
//! pays for one sync of the disk for many requests.
//!
//! If a transaction of several fails, each is run again alone: nobody's request fails for somebody else's.

use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::store::sqlite::SqliteStore;
use crate::store::{Storage, StoreError, WriteTx};

/// Most requests in one transaction; beyond this a longer transaction only makes the first one wait.
const TOGETHER: usize = 64;

trait Job: Send {
    fn run(&mut self, tx: &mut dyn WriteTx) -> Result<(), StoreError>;
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct Pending<T, F> {
    work: F,
    value: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F> Job for Pending<T, F>
where
    F: Fn(&mut dyn WriteTx) -> Result<T, StoreError> + Send,
{
    fn run(&mut self, tx: &mut dyn WriteTx) -> Result<(), StoreError> {
        self.value = Some((self.work)(tx)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let Self { value, reply, .. } = *self;
        // Nobody waits any more if the connection went; what was written stays written.
        let _ = reply.send(outcome.and_then(|()| value.ok_or(StoreError::Abandoned)));
    }
}

/// Hands work to the writing thread.
#[derive(Clone)]
pub(crate) struct Queue(Sender<Box<dyn Job>>);

impl Queue {
    /// Starts the writing thread. It ends, after finishing what is queued, when the last [`Queue`] is dropped.
    ///
    /// # Errors
    /// The operating system's, if it gives no thread.
    pub(crate) fn start(store: Arc<SqliteStore>) -> std::io::Result<(Self, JoinHandle<()>)> {
        let (sender, receiver) = channel();
        let thread = std::thread::Builder::new()
            .name("store-writer".to_owned())
            .spawn(move || work_off(&store, &receiver))?;
        Ok((Self(sender), thread))
    }

    /// Runs `work` in a transaction and waits until that is durable. `work` may run more than once; only its last run counts.
    ///
    /// # Errors
    /// Those of `work`, [`StoreError`] of the store, and [`StoreError::Abandoned`] if the thread is gone.
    pub(crate) async fn write<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: Fn(&mut dyn WriteTx) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let job = Pending {
            work,
            value: None,
            reply,
        };
        self.0
            .send(Box::new(job))
            .map_err(|_| StoreError::Abandoned)?;
        answer.await.unwrap_or(Err(StoreError::Abandoned))
    }
}

fn work_off(store: &SqliteStore, queue: &Receiver<Box<dyn Job>>) {
    while let Ok(first) = queue.recv() {
        let mut jobs = vec![first];
        jobs.extend(queue.try_iter().take(TOGETHER - 1));
        let outcome = run(store, &mut jobs);
        if outcome.is_ok() || jobs.len() == 1 {
            jobs.into_iter().for_each(|job| job.answer(outcome));
            continue;
        }
        for job in jobs {
            let mut alone = [job];
            let outcome = run(store, &mut alone);
            let [job] = alone;
            job.answer(outcome);
        }
    }
}

fn run(store: &SqliteStore, jobs: &mut [Box<dyn Job>]) -> Result<(), StoreError> {
    store.write(&mut |tx| jobs.iter_mut().try_for_each(|job| job.run(tx)))
}

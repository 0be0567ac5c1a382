//! Telling an app that something changed: in order, first value at once, and never while a lock is held.
//!
//! The core tells its listeners in the middle of a call, under the lock of the book. Here that only puts a note in a
//! queue; whoever made the change hands the notes out after the lock is free. One thread hands out at a time, so that
//! every listener gets them in the order of the changes; a change made from within a listener, or meanwhile on another
//! thread, is handed out by the thread that is at it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use visitbook_device as core;

/// What changed in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct Change {
    /// The records that read differently now. Empty in the first call after subscribing, which says "read everything".
    pub records: Vec<String>,
    /// Whether any record's status (saved here, the council has it) may have changed.
    pub statuses: bool,
}

/// What an app's listener threw. It changes nothing: the next change is told all the same.
#[derive(Debug, thiserror::Error, uniffi::Error)]
pub enum CallbackError {
    /// Anything at all.
    #[error("the app's listener failed")]
    Failed,
}

impl From<uniffi::UnexpectedUniFFICallbackError> for CallbackError {
    fn from(_: uniffi::UnexpectedUniFFICallbackError) -> Self {
        Self::Failed
    }
}

/// Somebody who wants to know what changed.
#[uniffi::export(foreign)]
pub trait ChangeListener: Send + Sync {
    /// Something changed. Called once for each transaction, after it, on a thread that called this library (a sync's, for
    /// what a sync brought). No lock is held: it may call the book. It should be quick, since that thread waits for it.
    fn changed(&self, change: Change) -> Result<(), CallbackError>;
}

struct Note {
    /// For this listener alone: its first.
    only: Option<u64>,
    /// For the listeners that were there when it happened.
    before: u64,
    change: Change,
}

#[derive(Default)]
struct State {
    next: u64,
    listeners: Vec<(u64, Arc<dyn ChangeListener>)>,
    queue: VecDeque<Note>,
    handing_out: bool,
}

/// The listeners of one open book, and what they have not been told yet.
#[derive(Default)]
pub(crate) struct Notices(Mutex<State>);

impl Notices {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Puts a change in the queue. Calls nobody.
    fn note(&self, change: Change) {
        let mut state = self.state();
        if !state.listeners.is_empty() {
            let before = state.next;
            state.queue.push_back(Note {
                only: None,
                before,
                change,
            });
        }
    }

    /// Adds a listener and puts its first call in the queue.
    fn add(&self, listener: Arc<dyn ChangeListener>) -> u64 {
        let mut state = self.state();
        let id = state.next;
        state.next += 1;
        state.listeners.push((id, listener));
        state.queue.push_back(Note {
            only: Some(id),
            before: id + 1,
            change: Change {
                records: Vec::new(),
                statuses: true,
            },
        });
        id
    }

    fn remove(&self, id: u64) {
        self.state().listeners.retain(|(known, _)| *known != id);
    }

    /// Hands out what is in the queue. To be called while no lock is held.
    pub(crate) fn hand_out(&self) {
        {
            let mut state = self.state();
            if state.handing_out {
                return;
            }
            state.handing_out = true;
        }
        let turn = Turn(self);
        while let Some(note) = turn.next() {
            for id in turn.hearers(&note) {
                // Looked up again for each call: it may have been cancelled by the one before.
                if let Some(listener) = turn.listener(id) {
                    // What a listener throws is its own affair; the book has nobody to tell.
                    let _ = listener.changed(note.change.clone());
                }
            }
        }
    }
}

/// The right to hand out, given back also if a listener panics.
struct Turn<'a>(&'a Notices);

impl Turn<'_> {
    /// The next note. With none left the turn is over in the same step, so that no note is left lying.
    fn next(&self) -> Option<Note> {
        let mut state = self.0.state();
        let note = state.queue.pop_front();
        state.handing_out = note.is_some();
        note
    }

    fn hearers(&self, note: &Note) -> Vec<u64> {
        let state = self.0.state();
        let hears = |id: &u64| note.only.is_none_or(|only| only == *id) && *id < note.before;
        state
            .listeners
            .iter()
            .map(|(id, _)| *id)
            .filter(hears)
            .collect()
    }

    fn listener(&self, id: u64) -> Option<Arc<dyn ChangeListener>> {
        let state = self.0.state();
        let found = state.listeners.iter().find(|(known, _)| *known == id);
        found.map(|(_, listener)| Arc::clone(listener))
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.state().handing_out = false;
        }
    }
}

/// What the core calls, under the lock of the book.
pub(crate) struct Noting(pub(crate) Arc<Notices>);

impl core::Listener for Noting {
    fn changed(&mut self, change: &core::Change) {
        self.0.note(Change {
            records: change.records.iter().map(ToString::to_string).collect(),
            statuses: change.statuses,
        });
    }
}

/// A listener's place. It ends with `cancel`, when this object is freed, or when the book is locked.
#[derive(uniffi::Object)]
pub struct Subscription {
    notices: Arc<Notices>,
    id: u64,
}

impl Subscription {
    /// Adds a listener and calls it for the first time, unless another thread is at it and does so.
    pub(crate) fn begin(notices: &Arc<Notices>, listener: Arc<dyn ChangeListener>) -> Arc<Self> {
        let id = notices.add(listener);
        let subscription = Arc::new(Self {
            notices: Arc::clone(notices),
            id,
        });
        notices.hand_out();
        subscription
    }
}

#[uniffi::export]
impl Subscription {
    /// Ends it. No call begins after this returns; one that is running on another thread may still end. May be called more
    /// than once, and from within the listener.
    pub fn cancel(&self) {
        self.notices.remove(self.id);
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        self.notices.remove(self.id);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::OnceLock;

    use super::*;

    type Then = Box<dyn Fn(&Change) + Send + Sync>;

    #[derive(Default)]
    struct Heard {
        changes: Mutex<Vec<Change>>,
        then: OnceLock<Then>,
    }

    impl ChangeListener for Heard {
        fn changed(&self, change: Change) -> Result<(), CallbackError> {
            self.changes.lock().unwrap().push(change.clone());
            if let Some(then) = self.then.get() {
                then(&change);
            }
            Err(CallbackError::Failed)
        }
    }

    impl Heard {
        fn records(&self) -> Vec<String> {
            let changes = self.changes.lock().unwrap();
            changes
                .iter()
                .map(|change| change.records.concat())
                .collect()
        }
    }

    fn change(record: &str) -> Change {
        Change {
            records: vec![record.to_owned()],
            statuses: false,
        }
    }

    #[test]
    fn the_first_value_comes_at_once_and_only_what_happens_later_follows() {
        let notices = Arc::new(Notices::default());
        notices.note(change("before anybody listened"));
        let (first, second) = (Arc::new(Heard::default()), Arc::new(Heard::default()));
        let one = Subscription::begin(&notices, first.clone());
        assert_eq!(first.records(), [""]);
        notices.note(change("a"));
        let two = Subscription::begin(&notices, second.clone());
        notices.note(change("b"));
        notices.hand_out();
        assert_eq!(first.records(), ["", "a", "b"]);
        assert_eq!(second.records(), ["", "b"]);
        one.cancel();
        drop(two);
        notices.note(change("c"));
        notices.hand_out();
        assert_eq!(first.records().len() + second.records().len(), 5);
    }

    #[test]
    fn a_change_made_by_a_listener_comes_after_the_one_it_hears() {
        let notices = Arc::new(Notices::default());
        let (first, second) = (Arc::new(Heard::default()), Arc::new(Heard::default()));
        let changing = Arc::clone(&notices);
        let again = Box::new(move |heard: &Change| {
            if heard.records == ["a"] {
                changing.note(change("b"));
                changing.hand_out();
            }
        });
        assert!(first.then.set(again).is_ok());
        let _one = Subscription::begin(&notices, first.clone());
        let _two = Subscription::begin(&notices, second.clone());
        notices.note(change("a"));
        notices.hand_out();
        assert_eq!(first.records(), ["", "a", "b"]);
        assert_eq!(second.records(), ["", "a", "b"]);
    }

    #[test]
    fn one_listener_may_cancel_the_other_in_the_middle_of_a_change() {
        let notices = Arc::new(Notices::default());
        let (first, second) = (Arc::new(Heard::default()), Arc::new(Heard::default()));
        let _one = Subscription::begin(&notices, first.clone());
        let two = Subscription::begin(&notices, second.clone());
        assert!(first.then.set(Box::new(move |_| two.cancel())).is_ok());
        notices.note(change("a"));
        notices.hand_out();
        assert_eq!(second.records(), [""]);
    }

    #[test]
    fn a_listener_that_panics_does_not_silence_the_others() {
        let notices = Arc::new(Notices::default());
        let (first, second) = (Arc::new(Heard::default()), Arc::new(Heard::default()));
        let one = Subscription::begin(&notices, first.clone());
        let _two = Subscription::begin(&notices, second.clone());
        assert!(
            first
                .then
                .set(Box::new(|_| std::panic::resume_unwind(Box::new(()))))
                .is_ok()
        );
        notices.note(change("a"));
        let handing = std::panic::AssertUnwindSafe(|| notices.hand_out());
        assert!(std::panic::catch_unwind(handing).is_err());
        one.cancel();
        notices.note(change("b"));
        notices.hand_out();
        assert_eq!(second.records(), ["", "b"]);
    }
}

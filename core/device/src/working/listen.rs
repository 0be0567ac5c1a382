//! Telling screens that something changed: after the transaction, outside every lock, once for each transaction.

use std::collections::BTreeSet;

use visitbook_record::id::RecordId;

/// What changed in one transaction.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Change {
    /// The records that read differently now. Empty in the first call after subscribing, which says "read everything".
    pub records: Vec<RecordId>,
    /// Whether any record's status (saved here, the council has it) may have changed.
    pub statuses: bool,
}

/// Somebody who wants to know. Called on the thread that made the change; must be quick, and must not call the device.
pub trait Listener: Send {
    /// Something changed.
    fn changed(&mut self, change: &Change);
}

/// Names a subscription, to end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subscription(u64);

#[derive(Default)]
pub(crate) struct Listeners {
    next: u64,
    all: Vec<(Subscription, Box<dyn Listener>)>,
}

impl Listeners {
    fn tell(&mut self, change: &Change) {
        for (_, listener) in &mut self.all {
            listener.changed(change);
        }
    }
}

impl super::Working {
    /// Calls `listener` once now and then after every change, until [`Self::unsubscribe`] or lock.
    pub fn subscribe(&mut self, mut listener: Box<dyn Listener>) -> Subscription {
        listener.changed(&Change {
            records: Vec::new(),
            statuses: true,
        });
        let name = Subscription(self.listeners.next);
        self.listeners.next += 1;
        self.listeners.all.push((name, listener));
        name
    }

    /// Ends a subscription. One that has ended already is no error.
    pub fn unsubscribe(&mut self, name: Subscription) {
        self.listeners.all.retain(|(known, _)| *known != name);
    }

    pub(crate) fn tell(&mut self, records: BTreeSet<RecordId>, statuses: bool) {
        if records.is_empty() && !statuses {
            return;
        }
        self.listeners.tell(&Change {
            records: records.into_iter().collect(),
            statuses,
        });
    }
}

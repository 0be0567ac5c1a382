//! A map whose changes can be taken back: a transaction that is given up costs only what it changed.

use std::collections::BTreeMap;

/// A map that can forget what was done to it since the last [`Journalled::keep`].
pub(super) struct Journalled<K, V> {
    pub(super) map: BTreeMap<K, V>,
    journal: Vec<(K, Option<V>)>,
}

impl<K, V> Default for Journalled<K, V> {
    fn default() -> Self {
        Self {
            map: BTreeMap::new(),
            journal: Vec::new(),
        }
    }
}

impl<K: Ord + Clone, V: Clone> Journalled<K, V> {
    /// A copy of what is kept.
    pub(super) fn copy(&self) -> Self {
        Self {
            map: self.map.clone(),
            journal: Vec::new(),
        }
    }

    pub(super) fn insert(&mut self, key: K, value: V) {
        let old = self.map.insert(key.clone(), value);
        self.journal.push((key, old));
    }

    pub(super) fn remove(&mut self, key: &K) {
        if let Some(old) = self.map.remove(key) {
            self.journal.push((key.clone(), Some(old)));
        }
    }

    pub(super) fn keep(&mut self) {
        self.journal.clear();
    }

    pub(super) fn undo(&mut self) {
        while let Some((key, old)) = self.journal.pop() {
            match old {
                Some(value) => self.map.insert(key, value),
                None => self.map.remove(&key),
            };
        }
    }
}

//! A keystore with a finger beside it: what a phone does with a key that waits for a person, in memory.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};

use visitbook_seal::hardware::{HardwareKeys, HwError, KeyPolicy, SoftwareKeys};
use zeroize::Zeroizing;

/// How the person answers the prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Finger {
    Recognised,
    Fails(HwError),
}

#[derive(Default)]
struct State {
    waits: BTreeSet<String>,
    dead: BTreeSet<String>,
    prompts: u32,
    fails: Option<HwError>,
}

/// Keys of the policy `BiometricCurrentSet` ask for the finger, and die when another one is enrolled.
pub struct FingerKeys {
    inner: Arc<SoftwareKeys>,
    state: Mutex<State>,
}

impl FingerKeys {
    pub fn over(inner: &Arc<SoftwareKeys>) -> Arc<Self> {
        Arc::new(Self {
            inner: Arc::clone(inner),
            state: Mutex::default(),
        })
    }

    pub fn answers(&self, finger: Finger) {
        self.state.lock().unwrap().fails = match finger {
            Finger::Recognised => None,
            Finger::Fails(error) => Some(error),
        };
    }

    /// Adds a finger to the phone, or takes one away.
    pub fn enrolled_fingers_change(&self) {
        let mut state = self.state.lock().unwrap();
        let waits = state.waits.clone();
        state.dead.extend(waits);
    }

    pub fn prompts(&self) -> u32 {
        self.state.lock().unwrap().prompts
    }

    /// The keystore's keys that wait for a person.
    pub fn keys(&self) -> usize {
        self.state.lock().unwrap().waits.len()
    }
}

impl HardwareKeys for FingerKeys {
    fn ensure(&self, alias: &str, policy: KeyPolicy) -> Result<(), HwError> {
        if policy == KeyPolicy::BiometricCurrentSet {
            self.state.lock().unwrap().waits.insert(alias.to_owned());
        }
        self.inner.ensure(alias, policy)
    }

    fn derive(&self, alias: &str, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, HwError> {
        let mut state = self.state.lock().unwrap();
        if state.dead.contains(alias) {
            return Err(HwError::Invalidated);
        }
        if state.waits.contains(alias) {
            state.prompts += 1;
            if let Some(error) = state.fails {
                return Err(error);
            }
        }
        drop(state);
        self.inner.derive(alias, input)
    }

    fn put_small(&self, name: &str, value: &[u8]) -> Result<(), HwError> {
        self.inner.put_small(name, value)
    }

    fn get_small(&self, name: &str) -> Result<Option<Vec<u8>>, HwError> {
        self.inner.get_small(name)
    }

    fn delete(&self, alias: &str) -> Result<(), HwError> {
        let mut state = self.state.lock().unwrap();
        state.waits.remove(alias);
        state.dead.remove(alias);
        drop(state);
        self.inner.delete(alias)
    }

    fn protected_data_available(&self) -> bool {
        self.inner.protected_data_available()
    }
}

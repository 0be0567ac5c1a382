//! A test aid, public so that the tests of other crates can use it: wraps any keystore and makes it fail, in a chosen
//! way, at a chosen call. It has no place in a shipped app.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use super::{HardwareKeys, HwError, KeyPolicy};

/// One way in which a call goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is done; the error is returned.
    Error(HwError),
    /// The call takes effect, and the error is returned all the same.
    ErrorAfterActing(HwError),
    /// `derive` answers with 31 bytes; `get_small` with its value cut short. Other calls succeed.
    ShortAnswer,
    /// `derive` and `get_small` answer with other bytes of the right length. Other calls succeed.
    OtherBytes,
}

#[derive(Default)]
struct Plan {
    calls: u64,
    at: BTreeMap<u64, Fault>,
    always: Option<Fault>,
}

/// A keystore that fails on demand. Every call but `protected_data_available` is numbered, from 0.
pub struct FailingKeys<K> {
    inner: K,
    plan: Mutex<Plan>,
}

impl<K: HardwareKeys> FailingKeys<K> {
    /// Wraps a keystore; no call fails yet.
    #[must_use]
    pub fn new(inner: K) -> Self {
        Self {
            inner,
            plan: Mutex::default(),
        }
    }

    /// Makes call number `call` go wrong.
    pub fn fail_at(&self, call: u64, fault: Fault) {
        self.plan().at.insert(call, fault);
    }

    /// Makes every call go wrong from now on.
    pub fn fail_always(&self, fault: Fault) {
        self.plan().always = Some(fault);
    }

    /// Lets every call succeed again and counts from 0.
    pub fn heal(&self) {
        *self.plan() = Plan::default();
    }

    /// How many calls were made since the beginning or since [`FailingKeys::heal`].
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.plan().calls
    }

    /// The wrapped keystore.
    pub fn inner(&self) -> &K {
        &self.inner
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn call<T>(
        &self,
        act: impl FnOnce(&K) -> Result<T, HwError>,
        spoil: impl FnOnce(Fault, T) -> T,
    ) -> Result<T, HwError> {
        let fault = {
            let mut plan = self.plan();
            let fault = plan.at.get(&plan.calls).copied().or(plan.always);
            plan.calls += 1;
            fault
        };
        match fault {
            None => act(&self.inner),
            Some(Fault::Error(error)) => Err(error),
            Some(Fault::ErrorAfterActing(error)) => act(&self.inner).and(Err(error)),
            Some(fault) => act(&self.inner).map(|value| spoil(fault, value)),
        }
    }
}

fn spoil_bytes(fault: Fault, mut bytes: Vec<u8>) -> Vec<u8> {
    match fault {
        Fault::ShortAnswer => {
            bytes.pop();
        }
        _ => bytes.iter_mut().for_each(|byte| *byte ^= 0x5a),
    }
    bytes
}

impl<K: HardwareKeys> HardwareKeys for FailingKeys<K> {
    fn ensure(&self, alias: &str, policy: KeyPolicy) -> Result<(), HwError> {
        self.call(|inner| inner.ensure(alias, policy), |_, ()| ())
    }

    fn derive(&self, alias: &str, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, HwError> {
        self.call(
            |inner| inner.derive(alias, input),
            |fault, value| Zeroizing::new(spoil_bytes(fault, value.to_vec())),
        )
    }

    fn put_small(&self, name: &str, value: &[u8]) -> Result<(), HwError> {
        self.call(|inner| inner.put_small(name, value), |_, ()| ())
    }

    fn get_small(&self, name: &str) -> Result<Option<Vec<u8>>, HwError> {
        self.call(
            |inner| inner.get_small(name),
            |fault, value| value.map(|value| spoil_bytes(fault, value)),
        )
    }

    fn delete(&self, alias: &str) -> Result<(), HwError> {
        self.call(|inner| inner.delete(alias), |_, ()| ())
    }

    fn protected_data_available(&self) -> bool {
        self.inner.protected_data_available()
    }
}

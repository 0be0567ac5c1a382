//! Hardware keys without hardware, for a device on a terminal and for tests. Whoever can read the exported bytes can
//! guess PINs as fast as Argon2id allows; the caller protects them as best the platform can.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zeroize::Zeroizing;

use super::{HardwareKeys, HwError, KeyPolicy};
use crate::cbor::{Malformed, Reader, Writer, exact};
use crate::hash::hmac_sha256;
use crate::secret::{Secret32, random};

const VERSION: u64 = 1;
const MAX_ENTRIES: usize = 10_000;
const MAX_SMALL: usize = 256;

#[derive(Default)]
struct State {
    keys: BTreeMap<String, (KeyPolicy, Secret32)>,
    small: BTreeMap<String, Vec<u8>>,
}

/// Keys held in memory. `put_small` is durable only once the caller has stored [`SoftwareKeys::to_bytes`]; store it
/// whenever the vault image is stored, and before it.
#[derive(Default)]
pub struct SoftwareKeys(Mutex<State>);

/// The bytes are not those of [`SoftwareKeys::to_bytes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a software keystore")]
pub struct SoftwareKeysError;

impl SoftwareKeys {
    /// An empty keystore.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads what [`SoftwareKeys::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`SoftwareKeysError`].
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SoftwareKeysError> {
        let state = exact(bytes, State::decode, State::encode).map_err(|_| SoftwareKeysError)?;
        Ok(Self(Mutex::new(state)))
    }

    /// Everything in it, keys in clear.
    #[must_use]
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.state().encode())
    }

    /// A panic in another thread leaves no half-made change here, since each change is one insertion or removal.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn encode(&self) -> Vec<u8> {
        let mut w = Writer::array(3);
        w.uint(VERSION).nested(self.keys.len());
        for (alias, (policy, secret)) in &self.keys {
            w.nested(3)
                .text(alias)
                .uint(*policy as u64)
                .bytes(secret.expose());
        }
        w.nested(self.small.len());
        for (name, value) in &self.small {
            w.nested(2).text(name).bytes(value);
        }
        w.finish()
    }

    fn decode(r: &mut Reader<'_>) -> Result<Self, Malformed> {
        r.array(3)?;
        if r.uint()? != VERSION {
            return Err(Malformed);
        }
        let keys = r.list(MAX_ENTRIES, |r| {
            r.array(3)?;
            let alias = r.text()?.to_owned();
            let policy = match r.uint()? {
                1 => KeyPolicy::Background,
                2 => KeyPolicy::UnlockedDevice,
                3 => KeyPolicy::BiometricCurrentSet,
                _ => return Err(Malformed),
            };
            Ok((
                alias,
                (policy, Secret32::from_slice(r.bytes()?).ok_or(Malformed)?),
            ))
        })?;
        let small = r.list(MAX_ENTRIES, |r| {
            r.array(2)?;
            Ok((r.text()?.to_owned(), r.bytes()?.to_vec()))
        })?;
        // Unordered or repeated entries do not encode back to the same bytes, and are refused for that.
        Ok(Self {
            keys: keys.into_iter().collect(),
            small: small.into_iter().collect(),
        })
    }
}

impl HardwareKeys for SoftwareKeys {
    fn ensure(&self, alias: &str, policy: KeyPolicy) -> Result<(), HwError> {
        let mut state = self.state();
        if !state.keys.contains_key(alias) {
            let secret = random().map_err(|_| HwError::Transient { code: 0 })?;
            state.keys.insert(alias.to_owned(), (policy, secret));
        }
        Ok(())
    }

    fn derive(&self, alias: &str, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, HwError> {
        let state = self.state();
        let (_, secret) = state.keys.get(alias).ok_or(HwError::Missing)?;
        Ok(Zeroizing::new(
            hmac_sha256(secret.expose(), &[input]).to_vec(),
        ))
    }

    fn put_small(&self, name: &str, value: &[u8]) -> Result<(), HwError> {
        if value.len() > MAX_SMALL {
            return Err(HwError::Unsupported);
        }
        self.state().small.insert(name.to_owned(), value.to_vec());
        Ok(())
    }

    fn get_small(&self, name: &str) -> Result<Option<Vec<u8>>, HwError> {
        Ok(self.state().small.get(name).cloned())
    }

    fn delete(&self, alias: &str) -> Result<(), HwError> {
        self.state().keys.remove(alias);
        Ok(())
    }

    fn protected_data_available(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn state_survives_export_and_keys_are_never_replaced() {
        let keys = SoftwareKeys::new();
        assert_eq!(keys.derive("a", b"x").unwrap_err(), HwError::Missing);
        keys.ensure("a", KeyPolicy::Background).unwrap();
        keys.ensure("b", KeyPolicy::UnlockedDevice).unwrap();
        keys.put_small("n", b"value").unwrap();
        let before = keys.derive("a", b"x").unwrap();
        keys.ensure("a", KeyPolicy::Background).unwrap();
        let again = SoftwareKeys::from_bytes(&keys.to_bytes()).unwrap();
        assert_eq!(*again.derive("a", b"x").unwrap(), *before);
        assert_ne!(*again.derive("b", b"x").unwrap(), *before);
        assert_ne!(*again.derive("a", b"y").unwrap(), *before);
        assert_eq!(again.get_small("n").unwrap().unwrap(), b"value");
        assert_eq!(again.get_small("m").unwrap(), None);
        again.delete("a").unwrap();
        assert_eq!(again.derive("a", b"x").unwrap_err(), HwError::Missing);
        assert_eq!(again.put_small("n", &[0; 257]), Err(HwError::Unsupported));
    }

    #[test]
    fn damaged_state_is_refused() {
        let keys = SoftwareKeys::new();
        keys.ensure("a", KeyPolicy::Background).unwrap();
        let bytes = keys.to_bytes();
        for length in 0..bytes.len() {
            assert!(SoftwareKeys::from_bytes(&bytes[..length]).is_err());
        }
    }
}
